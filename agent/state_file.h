/* The state file as octets on the disk: one frame around the sections that state.c fills, so that what is read is what
 * was written or is known not to be.
 *
 *     octets
 *     16       "mailtally state\n"
 *      4       version of the form, lowest octet first, as all numbers here
 *      4       number of sections
 *      8       a hash of known octets: another kind of machine has another one
 *      8 each  lengths of the sections
 *      8       checksum of all octets but these
 *              the sections, one behind the other, and nothing behind them
 *
 * Written to a temporary name, synchronised and renamed; so there is always one whole file, the old or the new. A file
 * that cannot be used is set aside under a name of its own and never written over.
 *
 * No state of its own; any thread, but one at a time for each directory. Errors are sentences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATE_FILE_H
#define MAILTALLY_STATE_FILE_H

#include "../parser/store.h"

#define STATE_FILE         "state"
#define STATE_FILE_NEW     "state.new"
#define STATE_VERSION      2
#define STATE_ERROR_OCTETS 512

/* A further section is a new version. Older states are read: the sections that they do not have are empty. */
enum state_section {
    STATE_AGENT,
    STATE_SOURCES,
    STATE_INPUTS,
    STATE_TALLIES,
    STATE_PARSER,
    STATE_RRD, /* since version 2; empty without rrdDirectory */
    STATE_SECTIONS
};

enum state_result {
    STATE_READ,
    STATE_NONE,       /* there is no such file */
    STATE_DAMAGED,    /* it is not what was written */
    STATE_FOREIGN,    /* another version, or another kind of machine, wrote it */
    STATE_UNREADABLE, /* it is there, and may not be read: not a reason to begin anew */
};

/* What was read; sections point into octets. Freed with state_image_free(). */
struct state_image {
    char *octets;
    size_t n;
    struct span sections[STATE_SECTIONS];
};

/* Anything but STATE_READ and STATE_NONE says why in `error` (of STATE_ERROR_OCTETS). */
enum state_result state_file_read(const char *directory, struct state_image *image, char *error);
void state_image_free(struct state_image *image);

/* False, with a sentence in `error` that says what to do, when the new state is not safely on the disk. Then the old
 * one is still there. Run by root, the file is given to whom the directory belongs. */
bool state_file_write(const char *directory, const struct store sections[STATE_SECTIONS], char *error);

/* Renames the state to one that nothing has: state.WHY-20261121T034701.000000Z; `name`, of STATE_NAME_OCTETS, becomes
 * that name. Of all that were set aside the first and the latest ones are kept. False, with a sentence, when it cannot
 * be done; true with an empty name when there was nothing to set aside. */
#define STATE_NAME_OCTETS    64
#define STATE_SET_ASIDE_KEPT 10
bool state_file_set_aside(const char *directory, const char *why, char *name, char *error);

#endif
