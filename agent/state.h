/* What the saved state holds: the sources' positions, the tallies, the parser with the messages under way, and the
 * daemon's own facts, all of one instant. state_file.h has it as octets on the disk, saver.h the thread that puts it
 * there, state_text.h the same in words.
 *
 * The ingest thread's own; before it starts, of the thread that starts it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATE_H
#define MAILTALLY_STATE_H

#include "state_file.h"
#include "status.h"

#define STATE_BOOT_OCTETS   40
#define STATE_TICKS_UNKNOWN UINT32_MAX

/* The daemon's own part of it. */
struct state_agent {
    int64_t discontinuity;        /* the counters count since then: seconds since 1970 */
    int64_t discontinuity_cs;     /* and hundredths of a second of the monotonic clock, */
    char boot[STATE_BOOT_OCTETS]; /* which is this boot's */
    uint32_t discontinuity_ticks; /* as SNMP showed it last; it must not tremble */
    uint64_t starts;              /* of the daemon, with this state */
    uint64_t save_failures;
    int64_t saved;               /* when: seconds since 1970 */
    bool clean;                  /* the daemon that wrote it ended as it was told, behind everything that it had read */
    struct parser_counts counts; /* of all lines, when it was saved */
    uint64_t evicted;
    /* That part of them which is of parsers before the one that is saved. */
    struct parser_counts earlier;
    uint64_t earlier_evicted;
};

/* A state in working order. All is the caller's. */
struct state {
    struct state_agent agent;
    struct tallies *tallies;
    struct source_set *set;   /* positions wait in it until the sources are added */
    struct state_image image; /* what was read: for state_load_parser() and state_load_input() */
};

/* Reads the state of a directory, or makes a new one: *state is usable for every result, unless there is no memory;
 * then tallies or set are NULL. Every result but STATE_READ and STATE_NONE has a sentence in `error` (of
 * STATE_ERROR_OCTETS). */
enum state_result state_open(const char *directory, struct state *state, char *error);
void state_close(struct state *state);

/* Takes what a state holds into a parser that was made with its tallies and their seed. False: its messages under way
 * are lost, or there were none. */
bool state_load_parser(const struct state *state, struct parser *parser);

/* Likewise what the parser remembers of a source. */
void state_load_input(const struct state *state, struct parser_source *source);

/* Writes all of it, as it is now, into the sections, which are empty; agent->saved is set. STATE_RRD is the recorder's
 * (recorder.h) and stays empty. */
void state_save(struct state *state, const struct parser *parser, const struct status *status,
                struct store sections[STATE_SECTIONS]);

/* This boot of the machine; "" where that is not known. */
void state_boot(char boot[STATE_BOOT_OCTETS]);

/* When the counters began, on the monotonic clock of this boot: hundredths of a second, negative when it was before,
 * never later than now. */
int64_t state_since_cs(const struct state_agent *agent);

#endif
