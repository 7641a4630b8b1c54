/* Inside the source of the systemd journal: what journal.c, which reads, and its helpers share. Nobody else includes
 * it.
 *
 * A selection is words that are separated by blanks; an entry is wanted when one of them fits:
 *
 *     NAME, NAME.service    the unit (NAME may hold * and ?)
 *     unit=NAME             likewise
 *     identifier=NAME       the program's name in syslog: NAME, or NAME/anything, as Postfix has it
 *     facility=NAME         mail, daemon, local0 ...
 *     directory=PATH        none of these: where the journal files are, of other hosts (systemd-journal-remote)
 *
 * Without a word that selects: facility=mail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_JOURNAL_H
#define MAILTALLY_JOURNAL_H

#include <systemd/sd-journal.h>

#include "set.h"

/* ---- journal_select.c ---- */

#define JOURNAL_WORDS_MAX 32

enum journal_word_kind { JOURNAL_UNIT, JOURNAL_IDENTIFIER, JOURNAL_FACILITY };

struct journal_selection {
    struct {
        enum journal_word_kind kind;
        const char *value; /* into text */
    } words[JOURNAL_WORDS_MAX];
    size_t words_n;
    bool by_hand;    /* the library cannot select it: every entry is looked at */
    char *directory; /* into text; NULL: this host's journal */
    char *text;
};

/* False without memory. Words that make no sense are the configuration's affair, and left out. */
bool journal_select(struct journal_selection *selection, const char *text);
void journal_unselect(struct journal_selection *selection);

/* Tells the library what is wanted. */
int journal_add_matches(const struct journal_selection *selection, sd_journal *journal);

struct journal_entry;
bool journal_wants(const struct journal_selection *selection, const struct journal_entry *entry);
/* Whether entries of this unit are. */
bool journal_wants_unit(const struct journal_selection *selection, struct span unit);

/* ---- journal_entry.c ---- */

#define JOURNAL_FIELD_OCTETS 256
#define JOURNAL_HEAD_OCTETS  512

/* What journald writes when a program logs faster than its rate limit allows (sd-messages.h, JOURNAL_DROPPED). */
#define JOURNAL_DROPPED_ID "a596d6fe7bfa4994828e72309e95d61e"

struct journal_field {
    size_t n;
    char octets[JOURNAL_FIELD_OCTETS]; /* of a longer one the beginning */
};

struct journal_entry {
    struct journal_field identifier, command, syslog_pid, pid, host, source_time, unit, facility, message_id;
    bool has_message, overlong;
    size_t message_n;
    char head[JOURNAL_HEAD_OCTETS]; /* directly before the message, so that the line is one piece */
    char message[READER_LINE_OCTETS + 8];
};

struct span journal_field_span(const struct journal_field *field);

/* Reads the fields of the entry at which the journal stands. Negative errno when it cannot be read. */
int journal_entry_read(struct journal_entry *entry, sd_journal *journal);

/* The entry as a line: `2026-11-21T08:00:00.123456+00:00 mx1 postfix/smtpd[12]: text`. Newlines inside become #012, as
 * rsyslog writes them. time_us: when it was received, for an entry that does not say when it was written. */
struct span journal_entry_line(struct journal_entry *entry, uint64_t time_us);

/* ---- journal_files.c ---- */

#define JOURNAL_NAME_OCTETS 256

/* The files of one writer: system.journal and its older ones, system@*.journal. Their entries are in order; those of
 * different writers are not, for a host may hand in late what it kept. */
struct journal_file {
    char *path;
    char *series; /* into path's allocation: "remote-mx1", "MACHINE/system" */
    uint64_t inode;
    uint64_t order;       /* among the files of a series; the one that is written to is the last */
    char sequence_id[33]; /* of an older one, as its name tells; "" */
    uint64_t head;        /* the sequence number of its first entry */
};

struct journal_listing {
    struct journal_file *files; /* by series, each by age */
    size_t n;
};

/* The files in a directory, or in those of machines in it. Negative errno when it cannot be read. */
int journal_list(struct journal_listing *listing, const char *directory);
void journal_unlist(struct journal_listing *listing);

/* The end of the series that begins with files[from]. */
size_t journal_series_end(const struct journal_listing *listing, size_t from);
/* The file in [from, to) with which to begin behind the entry of this cursor ("": at the first). */
size_t journal_first_needed(const struct journal_listing *listing, size_t from, size_t to, const char *cursor);
/* Changes when a file of [from, to) comes, goes or gets another name. */
uint64_t journal_series_signature(const struct journal_listing *listing, size_t from, size_t to);

/* ---- journal_series.c ---- */

#define JOURNAL_CURSOR_OCTETS 256
#define JOURNAL_SERIES_CAP    2048
#define JOURNAL_UNITS_MAX     8 /* units that entries came from lately */

struct journal_series {
    char name[JOURNAL_NAME_OCTETS];     /* "": this host's journal */
    char cursor[JOURNAL_CURSOR_OCTETS]; /* of the last entry that was handed over or passed; "": none yet */
    uint64_t until_us;                  /* entries up to this time were read */
    uint64_t last_us;                   /* the time of the last entry of all, wanted or not, when the end was reached */
    int64_t seen;                       /* when its files were there, in seconds since 1970 */
    sd_journal *journal;                /* NULL: not open */
    uint64_t signature;                 /* of the files that are open */
    int64_t opened_ms;
    int64_t retry_ms; /* after an error: when to open it again; 0: there was none */
    unsigned pass;    /* of the listing in which its files were as they are open */
    bool unsure;      /* the entry that comes next may be the one of the cursor */
    bool at_end;
};

struct journal {
    struct source source;
    struct journal_selection selection;
    struct journal_series *series;
    size_t series_n, room;
    size_t turn;   /* whose turn it is to be read first */
    size_t likely; /* the series that the listing has next */
    int watch;
    unsigned pass;
    int64_t listed_ms, tried_ms;
    bool more;                                     /* entries are left that were not looked at */
    bool told;                                     /* there was trouble at this look */
    struct journal_field units[JOURNAL_UNITS_MAX]; /* a ring */
    size_t units_next;
    struct journal_entry entry;
};

uint64_t journal_now_us(void); /* since 1970 */

/* As source_trouble(), for this look. */
void journal_trouble(struct journal *journal, enum source_state state, const char *what, int why, const char *advice);

/* NULL without memory or above the cap. Others may have moved. */
struct journal_series *journal_add_series(struct journal *journal, const char *name);
void journal_close_series(struct journal_series *series);
/* Closes it after an error; it is opened again in some seconds. */
void journal_fails(struct journal *journal, struct journal_series *series, const char *what, int why);

/* Opens what is to be read and is not open yet, each at its position; sees what came and went. */
void journal_look_at_local(struct journal *journal);
void journal_look_at_directory(struct journal *journal);

#endif
