/* Inside the source of multilog directories: what multilog.c, which reads, and multilog_files.c, which knows what file
 * comes next, share. Nobody else includes it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MULTILOG_H
#define MAILTALLY_MULTILOG_H

#include "content.h"
#include "fingerprint.h"
#include "set.h"

#define TAI_OCTETS           25 /* @ and 24 hexadecimal digits */
#define MULTILOG_PATH_OCTETS 4160

struct tai {
    char text[TAI_OCTETS + 1]; /* "": older than all */
};

struct multilog_file {
    struct content *content; /* NULL: none */
    dev_t device;
    ino_t inode;
    bool named, final;
    bool skipping;
    uint64_t offset;  /* behind the last whole line, or inside one that is skipped */
    uint64_t partial; /* octets behind it that were seen and are no whole line */
    uint64_t size;
    struct fingerprint fingerprint;
};

struct multilog {
    struct source source;
    int watch;
    struct tai anchor;         /* the name of the file that is read, or the newest one that is older than it */
    struct multilog_file now;  /* what is read */
    bool owes;                 /* the name of `last` has not appeared */
    struct multilog_file last; /* was read; its content stays open so that its inode number is not used again */
    bool searching;            /* `now` is a saved position whose file was not found yet */
    bool told;                 /* there was trouble at this look */
    bool failing;              /* `now` cannot be read */
    int64_t gone_ms;           /* since when there is no `current`; 0: there is */
};

static inline struct multilog *multilog_of(struct source *source)
{
    return (struct multilog *)source;
}

/* ---- multilog_files.c ---- */

/* The full name of a file in the directory, in `path` of MULTILOG_PATH_OCTETS. */
const char *multilog_path(const struct multilog *multilog, const char *name, char *path);

bool multilog_is_tai(const char *name);
bool multilog_is_inode_of(const struct multilog_file *file, const struct stat *status);
void multilog_close_file(struct multilog_file *file);

/* `now` has been read to its end. */
void multilog_finish(struct multilog *multilog);

/* Sets `now` to the next file, when there is one and `now` has none. */
void multilog_find_next(struct multilog *multilog);

/* Octets of the files that are newer than `now`. */
uint64_t multilog_octets_behind(struct multilog *multilog);

/* As source_trouble(), for this look. */
void multilog_trouble(struct multilog *multilog, enum source_state state, const char *what, int why,
                      const char *advice);

#endif
