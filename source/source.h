/* Where the daemon's lines come from: followed files, the journal, multilog directories and pipes, each with a table of
 * operations of its own.
 *
 * A set of sources is owned by one thread (the ingest thread). Nothing here blocks but source_set_wait(): what may hang
 * (files on NFS, sshfs and the like) is read by threads aside.
 * Trouble with one source (missing, unreadable, stale) is its state and last error, never an end of the others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SOURCE_H
#define MAILTALLY_SOURCE_H

#include "../parser/span.h"
#include "../parser/store.h"

/* The numbers stand in the MIB and in saved states. */
enum source_type {
    SOURCE_FILE = 1,
    SOURCE_JOURNAL = 2,
    SOURCE_DIRECTORY = 3,
    SOURCE_STDIN = 4,
    SOURCE_FIFO = 5,
};

enum source_state {
    SOURCE_OK = 1,
    SOURCE_CATCHING_UP, /* has lines that were not read yet */
    SOURCE_MISSING,
    SOURCE_UNREADABLE,
    SOURCE_FAILED,
};

struct source_status {
    const char *name; /* lives as long as the set */
    enum source_type type;
    enum source_state state;
    uint64_t lines, octets; /* read since the start */
    uint64_t behind_octets; /* not read yet, as far as is known */
    int64_t last_read;      /* seconds since 1970 when octets last came; TIME_UNKNOWN before the first */
    uint64_t rotations, errors;
    char last_error[256]; /* a sentence that says what is wrong and what to do; empty when nothing is */
};

struct source_set;

/* Takes each whole line, without its newline; `source` is the index in the set. overlong: the line was above
 * READER_LINE_OCTETS and is not given. */
struct source_lines {
    void (*line)(void *context, size_t source, struct span line);
    void (*overlong)(void *context, size_t source);
    void *context;
};

struct source_set *source_set_new(void);
void source_set_free(struct source_set *set);

/* Adds one file, which need not exist yet. host: the host of lines that name none, or NULL. Both are copied.
 * False without memory. Read from its saved position, or from its beginning. */
bool source_set_add_file(struct source_set *set, const char *path, const char *host);

/* Likewise standard input, until it ends. */
enum source_stdin {
    SOURCE_STDIN_STAYS,    /* its end is trouble, and no more */
    SOURCE_STDIN_EXITS,    /* its end is that of the daemon: rsyslog's omprog has started it */
    SOURCE_STDIN_CONFIRMS, /* likewise, and omprog has confirmMessages="on": it is answered on standard output
                              (confirm.h) */
};
bool source_set_add_stdin(struct source_set *set, const char *host, enum source_stdin how);

/* Likewise a FIFO, which need not exist yet; its writers may come and go. */
bool source_set_add_fifo(struct source_set *set, const char *path, const char *host);

/* Likewise a directory that multilog (or svlogd) writes: `current` and @*.s, @*.u. */
bool source_set_add_directory(struct source_set *set, const char *path, const char *host);

/* Likewise the systemd journal. selection: words separated by blanks (journal.h), NULL for what has the facility mail.
 * Its name is "journal", or "journal:" and the selection. Where this was built without libsystemd the source says so.
 */
bool source_set_add_journal(struct source_set *set, const char *selection);
void source_journal_name(const char *selection, char *name, size_t octets);

/* A file that is not wanted for now is not read: it keeps its position, other names of it are read in its place, and
 * when it is wanted again it goes on from there. Other kinds are read all the same, and their lines are the caller's to
 * drop. */
void source_set_want(struct source_set *set, size_t source, bool wanted);

void source_set_status(const struct source_set *set, size_t source, struct source_status *status);
const char *source_set_host(const struct source_set *set, size_t source); /* NULL: none was given */

/* Reads what is there, at most about max_octets in all, fairly among the sources; returns how many octets were handed
 * over: 0 means that nothing is left for now. The last line waits until its newline comes. */
size_t source_set_read(struct source_set *set, size_t max_octets, const struct source_lines *lines);

/* Waits until a source has news (inotify; a poll once a second where there is none), at most timeout_ms, or until
 * wake_fd becomes readable (-1: none). */
void source_set_wait(struct source_set *set, int timeout_ms, int wake_fd);

/* Calls `each` for the paths that a pattern (glob(7)) stands for. Where it may lead to a file system that hangs (NFS,
 * sshfs) it is expanded by a thread aside, every ten seconds: then these are the paths that were found last, and it
 * returns false as long as it was never done. */
bool source_set_glob(struct source_set *set, const char *pattern, void (*each)(void *context, const char *path),
                     void *context);

/* Whether something that stood there when the sources were added may not have been handed over yet although
 * source_set_read() had nothing: threads aside are reading it. What hangs is not waited for. */
bool source_set_settles(const struct source_set *set);

/* Positions. Between two calls of source_set_read() they are of the same instant as whatever took the lines: each is
 * behind the last whole line that was handed over.
 *
 * Load comes before the sources are added: what was saved waits by type and name, is applied when such a source is
 * added, and is saved again for 90 days when none is. False: the octets make no sense; nothing waits then. A single
 * source's position that makes no sense is that source's trouble, and it is read from its beginning. */
void source_set_save(struct source_set *set, struct store *store);
bool source_set_load(struct source_set *set, struct load *load);

/* Whether a position has moved since the last source_set_save() although no line was handed over. */
bool source_set_moved(const struct source_set *set);

/* What the last source_set_save() wrote is safely on disk (rsyslog's confirmMessages is answered then). */
void source_set_saved(struct source_set *set);
/* A sender waits for that. */
bool source_set_wants_saving(const struct source_set *set);

/* Before the last save: reads what stands in pipes, which nobody could read later. Reads no more than was there when it
 * was called, or little more. Returns how many octets were handed over. */
size_t source_set_drain(struct source_set *set, const struct source_lines *lines);
/* The sender that started the daemon (SOURCE_STDIN_EXITS) has closed its standard input: the daemon is to save and end,
 * or the next one that is started would find the state locked. */
bool source_set_asks_to_end(const struct source_set *set);

#endif
