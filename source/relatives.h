/* The files that a log's rotation left: those that are named after it, in order of age.
 *
 * For a log /d/mail.log these are, in /d,
 *   mail.log.1 mail.log.2.gz                           an index, .N: the higher, the older
 *   mail.log-20261120 mail.log-20261120-1795132800.xz  a date: digits in groups, eight or more in all
 *   mail-20261120.log mail-20261120.log.gz             a date before the extension
 *   mail.log.old mail.log.bak mail.log~ mail.log.gz    something else: only looked into for a lost position
 * and, where the log is a symbolic link, the same for the file that it leads to, and that file's sisters whose names
 * have another date in the same place.
 *
 * Order: by index, by date where the digits begin with a year, else by modification time.
 * A list is owned by the caller; nothing is opened here. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RELATIVES_H
#define MAILTALLY_RELATIVES_H

#include <sys/stat.h>

#include "listing.h"

#define RELATIVES_CAP    1024 /* of one log */
#define RELATIVE_NUMBERS 8

enum relative_kind { RELATIVE_INDEX, RELATIVE_DATE, RELATIVE_OTHER };

struct relative {
    char *path;
    enum relative_kind kind;
    bool compressed; /* by its name */
    unsigned numbers_n;
    uint64_t numbers[RELATIVE_NUMBERS];
    dev_t device;
    ino_t inode;
    uint64_t size;
    struct timespec modified;
};

struct relatives {
    struct relative *rows; /* the oldest first; those of RELATIVE_OTHER before all */
    size_t n;
    /* Names changed while they were read (logrotate renames one file after the other), so that a file may have been
     * passed over: ask again. */
    bool changing;
};

/* False with errno when a directory cannot be read. The log itself is not among them. */
bool relatives_find(struct relatives *relatives, struct listings *listings, const char *log);
void relatives_free(struct relatives *relatives);

/* What a name is to a log's name, both without directory: false when nothing. For the tests, too. */
bool relative_of(struct span name, struct span log, struct relative *relative);

/* Negative, zero or positive as `a` is older, of the same age as, or newer than `b`. */
int relative_age(const struct relative *a, const struct relative *b);

#endif
