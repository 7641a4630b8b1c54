/* The names of one directory, one behind the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* A directory that changed so shortly before it was read may have changed again within one tick of its clock. */
#define SETTLED_S 2

/* Sources are looked at in the order in which globs give them: those of one directory follow each other. */
struct listings {
    char *directory; /* NULL: none was read yet, or it must be read again */
    dev_t device;
    ino_t inode;
    struct timespec modified;
    char *names; /* each NUL-terminated */
    size_t n, room, names_n;
};

struct listings *listings_new(void)
{
    return calloc(1, sizeof(struct listings));
}

void listings_free(struct listings *listings)
{
    if (!listings)
        return;
    free(listings->directory);
    free(listings->names);
    free(listings);
}

static bool is_current(const struct listings *listings, const char *directory, const struct stat *status)
{
    return listings->directory && strcmp(listings->directory, directory) == 0 && listings->device == status->st_dev &&
           listings->inode == status->st_ino && listings->modified.tv_sec == status->st_mtim.tv_sec &&
           listings->modified.tv_nsec == status->st_mtim.tv_nsec;
}

static bool keep(struct listings *listings, const char *name)
{
    size_t octets = strlen(name) + 1, room = listings->room ? listings->room : 16384;
    char *names;

    while (room - listings->n < octets)
        room *= 2;
    if (room != listings->room) {
        names = realloc(listings->names, room);
        if (!names)
            return false;
        listings->names = names;
        listings->room = room;
    }
    memcpy(listings->names + listings->n, name, octets);
    listings->n += octets;
    listings->names_n++;
    return true;
}

static bool read_names(struct listings *listings, DIR *directory)
{
    const struct dirent *entry;

    listings->n = listings->names_n = 0;
    for (;;) {
        errno = 0;
        entry = readdir(directory);
        if (!entry || listings->names_n == LISTING_NAMES_CAP)
            return errno == 0;
        if (!keep(listings, entry->d_name))
            return false;
    }
}

void listing_forget(struct listings *listings)
{
    free(listings->directory);
    listings->directory = NULL;
}

static bool read_directory(struct listings *listings, const char *path, const struct stat *status)
{
    DIR *directory = opendir(path);
    bool read;
    int why;

    listing_forget(listings);
    if (!directory)
        return false;
    read = read_names(listings, directory);
    why = errno;
    closedir(directory);
    errno = why;
    if (read && time(NULL) - status->st_mtim.tv_sec > SETTLED_S)
        listings->directory = strdup(path);
    listings->device = status->st_dev;
    listings->inode = status->st_ino;
    listings->modified = status->st_mtim;
    return read;
}

bool listing_each(struct listings *listings, const char *directory, struct span prefix,
                  void (*each)(void *context, const char *name), void *context)
{
    struct stat status;

    if (stat(directory, &status) != 0)
        return false;
    if (!is_current(listings, directory, &status) && !read_directory(listings, directory, &status))
        return false;
    for (const char *name = listings->names; name < listings->names + listings->n; name += strlen(name) + 1)
        if (strncmp(name, prefix.p, prefix.n) == 0)
            each(context, name);
    return true;
}
