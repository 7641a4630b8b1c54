/* One of the files that a followed name stood for, one after another: where we are in it, and whether it is still the
 * same one.
 *
 * The position is always behind a whole line, or inside one that is above the cap; the beginning of a line is read
 * again when more has come. The fingerprint is of min(offset, FINGERPRINT_OCTETS) octets or, of a file that waits for
 * its turn, of more: of the whole lines among its first FINGERPRINT_OCTETS. A struct generation is its follower's, on
 * its thread; zero-initialise it, end it with generation_forget().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATION_H
#define MAILTALLY_GENERATION_H

#include "content.h"
#include "identities.h"
#include "set.h"

struct generation {
    struct content *content; /* NULL: not open */
    struct fingerprint fingerprint;
    uint64_t offset, partial; /* octets behind the offset that were seen and are no whole line */
    uint64_t size;            /* when it was last looked at */
    struct timespec modified;
    int64_t changed_ms; /* when something last came to it, or its successor appeared */
    bool skipping;
    bool finished; /* its successor is read; it is kept for lines that come late, and for what newer files come after */
    bool unsteady; /* its device and inode number may be another file's by now */
    dev_t device;
    ino_t inode;
    uint32_t identity;
};

enum generation_fit {
    GENERATION_FITS,     /* it is the file, and open */
    GENERATION_FITS_NOT, /* another one, or it cannot be read for ever (errno), or is not there */
    GENERATION_UNKNOWN,  /* errno: it may be readable later */
};

/* Opens `path` as the file that this position is of. relative: it may be compressed. */
enum generation_fit generation_find(struct generation *generation, const char *path, bool relative);

/* Opens `path` as one that is read from its beginning. False with errno. */
bool generation_begin(struct generation *generation, const char *path, bool relative);

/* Whether the open file begins like this. */
bool generation_begins(const struct generation *generation, const struct fingerprint *fingerprint);

/* The same file was opened anew as `new`, which is used up. */
void generation_replace(struct generation *generation, struct generation *new);

/* Who else knows the open file; see identities.h. */
bool generation_is_known(const struct generation *generation, struct identities *identities, const char *owner,
                         struct identity *known);
/* It was read up to there by others. */
void generation_go_on_from(struct generation *generation, const struct identity *known);
/* Tells the identities where it is now. */
void generation_tell(struct generation *generation, struct identities *identities, const char *owner);

void generation_close(struct generation *generation);
/* Closes it, and it is known no more, but for a while as one that was read (left). */
void generation_forget(struct generation *generation, struct identities *identities, bool left);

/* Not read yet, as far as is known. */
uint64_t generation_unread(const struct generation *generation);

/* The open file was looked at: */
enum generation_news {
    GENERATION_AS_BEFORE,
    GENERATION_GREW,
    GENERATION_TRUNCATED, /* it is shorter than the offset, or another content: see generation_restart() */
    GENERATION_UNSURE,    /* something changed, and it is unsteady: it must be found again by its content */
    GENERATION_DEAD,      /* errno: its file system is gone */
};
enum generation_news generation_look(struct generation *generation);

/* The position before the beginning of the file. */
void generation_restart(struct generation *generation);

/* Gives whole lines, about `octets` octets; returns how many. 0: none is there. -1: generation->content says why. What
 * was read is thrown away when the file turns out to be truncated meanwhile; the next look finds out. Of a compressed
 * file, octets that were passed over count too. */
ssize_t generation_read(struct generation *generation, struct source *source, size_t octets,
                        const struct source_lines *lines);

/* The last line without a newline, since no more will come; returns its octets. */
size_t generation_give_rest(struct generation *generation, struct source *source, const struct source_lines *lines);

#endif
