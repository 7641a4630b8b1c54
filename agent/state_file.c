/* The state file as octets on the disk.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../parser/hash.h"

#define MAGIC        "mailtally state\n"
#define MAGIC_OCTETS 16
#define HEAD_OF(n)   (MAGIC_OCTETS + 4 + 4 + 8 + 8 * (size_t)(n) + 8) /* octets of the head, with n sections */
#define HEAD_OCTETS  HEAD_OF(STATE_SECTIONS)
#define HASH_SEED    0x6d61696c74616c6cu
#define FILE_OCTETS  ((off_t)1 << 30) /* no state is as large */

/* ---- the head ---- */

static void put_number(unsigned char *p, uint64_t number, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        p[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t take_number(const char *p, size_t octets)
{
    uint64_t number = 0;

    for (size_t i = 0; i < octets; i++)
        number |= (uint64_t)(unsigned char)p[i] << 8 * i;
    return number;
}

/* Hashes of names are part of the state, and hash.h loads words as the machine has them. */
static uint64_t machine_hash(void)
{
    return hash_octets(HASH_SEED, SPAN("the quick brown fox jumps over the lazy dog"));
}

static uint64_t checksum(struct span head, const struct span sections[STATE_SECTIONS], uint64_t n)
{
    uint64_t sum = hash_octets(HASH_SEED, head);

    for (uint64_t i = 0; i < n; i++)
        sum = hash_octets(sum, sections[i]);
    return sum;
}

static void make_head(unsigned char head[HEAD_OCTETS], const struct store sections[STATE_SECTIONS])
{
    struct span spans[STATE_SECTIONS];
    unsigned char *p = head;

    memcpy(p, MAGIC, MAGIC_OCTETS);
    put_number(p += MAGIC_OCTETS, STATE_VERSION, 4);
    put_number(p += 4, STATE_SECTIONS, 4);
    put_number(p += 4, machine_hash(), 8);
    p += 8;
    for (int i = 0; i < STATE_SECTIONS; i++, p += 8) {
        spans[i] = (struct span){ (const char *)sections[i].octets, sections[i].n };
        put_number(p, sections[i].n, 8);
    }
    put_number(p, checksum((struct span){ (const char *)head, HEAD_OCTETS - 8 }, spans, STATE_SECTIONS), 8);
}

/* ---- reading ---- */

static bool read_octets(int fd, char *into, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, into, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* shorter than it said: it changes, which a state never does */
        if (got <= 0)
            return false;
        into += got;
        n -= (size_t)got;
    }
    return true;
}

/* The whole file. */
static enum state_result load_file(const char *path, struct state_image *image, char *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good;

    if (fd < 0 && errno == ENOENT)
        return STATE_NONE;
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(error, STATE_ERROR_OCTETS, "cannot read the state %.300s: %s; let the user of mailtallyd read it",
                 path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return STATE_UNREADABLE;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_OCTETS) {
        snprintf(error, STATE_ERROR_OCTETS, "the state %.300s is damaged: it is no plain file, or far too large", path);
        close(fd);
        return STATE_DAMAGED;
    }
    image->n = (size_t)status.st_size;
    image->octets = malloc(image->n + 1);
    good = image->octets && read_octets(fd, image->octets, image->n);
    if (!good)
        snprintf(error, STATE_ERROR_OCTETS, "cannot read the state %.300s: %s", path,
                 image->octets ? strerror(errno) : "there is no memory");
    close(fd);
    if (good)
        return STATE_READ;
    return image->octets && errno == EIO ? STATE_DAMAGED : STATE_UNREADABLE;
}

static enum state_result damaged(const char *path, const char *how, char *error)
{
    snprintf(error, STATE_ERROR_OCTETS, "the state %.300s is damaged: %s", path, how);
    return STATE_DAMAGED;
}

/* How many sections a state of each version has. */
static const uint64_t sections_of[STATE_VERSION + 1] = { 0, 5, 6 };
_Static_assert(STATE_VERSION == 2 && STATE_SECTIONS == 6, "a new version has a row here");

static enum state_result foreign(const char *path, const char *how, char *error)
{
    snprintf(error, STATE_ERROR_OCTETS, "the state %.300s %s", path, how);
    return STATE_FOREIGN;
}

/* Whether the head is one that this version reads. */
static enum state_result check_head(const char *path, const struct state_image *image, char *error)
{
    const char *p = image->octets;
    uint64_t version;
    char how[160];

    if (image->n < HEAD_OF(0))
        return damaged(path, "it was cut off", error);
    if (memcmp(p, MAGIC, MAGIC_OCTETS) != 0)
        return damaged(path, "it does not begin as a state does", error);
    version = take_number(p + MAGIC_OCTETS, 4);
    if (version == 0 || version > STATE_VERSION) {
        snprintf(how, sizeof how,
                 "has form %llu, and this mailtallyd " MAILTALLY_VERSION " reads form %d: a newer mailtallyd wrote it",
                 (unsigned long long)version, STATE_VERSION);
        return foreign(path, how, error);
    }
    if (take_number(p + MAGIC_OCTETS + 8, 8) != machine_hash())
        return foreign(path,
                       "is of another kind of machine: take it over as text, with mailtallyd --dump-state there and "
                       "--import-state here",
                       error);
    if (take_number(p + MAGIC_OCTETS + 4, 4) != sections_of[version])
        return damaged(path, "its head makes no sense", error);
    return image->n < HEAD_OF(sections_of[version]) ? damaged(path, "it was cut off", error) : STATE_READ;
}

static enum state_result check_file(const char *path, struct state_image *image, char *error)
{
    const char *p = image->octets;
    enum state_result result = check_head(path, image, error);
    uint64_t n, left;

    if (result != STATE_READ)
        return result;
    n = sections_of[take_number(p + MAGIC_OCTETS, 4)];
    left = image->n - HEAD_OF(n);
    p += MAGIC_OCTETS + 16;
    for (uint64_t i = 0; i < n; i++, p += 8) {
        uint64_t octets = take_number(p, 8);

        if (octets > left)
            return damaged(path, "it was cut off", error);
        image->sections[i] = (struct span){ image->octets + (image->n - left), (size_t)octets };
        left -= octets;
    }
    if (left > 0)
        return damaged(path, "something stands behind its end", error);
    if (take_number(p, 8) != checksum((struct span){ image->octets, HEAD_OF(n) - 8 }, image->sections, n))
        return damaged(path, "its checksum is wrong", error);
    return STATE_READ;
}

enum state_result state_file_read(const char *directory, struct state_image *image, char *error)
{
    char path[PATH_MAX];
    enum state_result result;

    *image = (struct state_image){ 0 };
    snprintf(path, sizeof path, "%s/" STATE_FILE, directory);
    result = load_file(path, image, error);
    if (result == STATE_READ)
        result = check_file(path, image, error);
    if (result != STATE_READ)
        state_image_free(image);
    return result;
}

void state_image_free(struct state_image *image)
{
    free(image->octets);
    *image = (struct state_image){ 0 };
}

/* ---- writing ---- */

static bool write_octets(int fd, const void *from, size_t n)
{
    const char *p = from;

    while (n > 0) {
        ssize_t put = write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static const char *advice(int why)
{
    switch (why) {
    case ENOSPC:
    case EDQUOT:
        return "make room there";
    case EROFS:
        return "mount it writable again";
    case EACCES:
    case EPERM:
        return "let this user write there (chown, chmod)";
    case ENOENT:
    case ENOTDIR:
        return "make this directory, for this user to write in";
    case EIO:
        return "the disk fails: see the messages of the kernel";
    default:
        return "see stateDirectory in mailtallyd.conf";
    }
}

static bool fail(const char *doing, const char *directory, char *error)
{
    int why = errno;
    char names[1024], user[40];
    struct passwd account, *found = NULL;

    if (getpwuid_r(geteuid(), &account, names, sizeof names, &found) == 0 && found)
        snprintf(user, sizeof user, "%.32s", found->pw_name);
    else
        snprintf(user, sizeof user, "%lu", (unsigned long)geteuid());
    snprintf(error, STATE_ERROR_OCTETS, "user %s cannot %s in %.300s: %s; %s", user, doing, directory, strerror(why),
             advice(why));
    return false;
}

/* What root makes for a directory that is another user's must be that user's. */
static bool give_away(int directory, int fd)
{
    struct stat owner;

    return geteuid() != 0 || (fstat(directory, &owner) == 0 && fchown(fd, owner.st_uid, owner.st_gid) == 0);
}

static bool write_new(int directory, const struct store sections[STATE_SECTIONS])
{
    unsigned char head[HEAD_OCTETS];
    bool good;
    int fd, why;

    if (unlinkat(directory, STATE_FILE_NEW, 0) != 0 && errno != ENOENT)
        return false;
    fd = openat(directory, STATE_FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return false;
    make_head(head, sections);
    good = give_away(directory, fd) && write_octets(fd, head, sizeof head);
    for (int i = 0; good && i < STATE_SECTIONS; i++)
        good = write_octets(fd, sections[i].octets, sections[i].n);
    good = good && fsync(fd) == 0;
    why = errno;
    if (close(fd) != 0 && good) { /* NFS tells it here */
        why = errno;
        good = false;
    }
    errno = why;
    return good;
}

bool state_file_write(const char *directory, const struct store sections[STATE_SECTIONS], char *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return fail("save the state", directory, error);
    good = write_new(fd, sections) && renameat(fd, STATE_FILE_NEW, fd, STATE_FILE) == 0 && fsync(fd) == 0;
    if (!good) {
        fail("save the state", directory, error);
        unlinkat(fd, STATE_FILE_NEW, 0); /* a full disk gets its octets back */
    }
    close(fd);
    return good;
}

/* ---- setting aside ---- */

static const char *const aside[] = { STATE_FILE ".damaged-", STATE_FILE ".foreign-" };

/* The time in the name of a file that was set aside; NULL: it is another file. */
static const char *time_of(const char *name)
{
    for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++)
        if (strncmp(name, aside[i], strlen(aside[i])) == 0)
            return name + strlen(aside[i]);
    return NULL;
}

static int is_aside(const struct dirent *entry)
{
    return time_of(entry->d_name) != NULL;
}

static int by_time(const struct dirent **a, const struct dirent **b)
{
    return strcmp(time_of((*a)->d_name), time_of((*b)->d_name));
}

/* The first one may hold months of counts; those after it only what came since. */
static void limit_kept(int directory)
{
    struct dirent **entries;
    int n = scandirat(directory, ".", &entries, is_aside, by_time);

    for (int i = 0; i < n; i++) {
        if (i > 0 && n - i > STATE_SET_ASIDE_KEPT - 1)
            unlinkat(directory, entries[i]->d_name, 0);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

/* rename(2) that writes over nothing, also where the file system cannot do that by itself: the lock is held. */
static bool rename_to_free(int directory, const char *name)
{
    struct stat status;

    if (renameat2(directory, STATE_FILE, directory, name, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return renameat(directory, STATE_FILE, directory, name) == 0;
}

/* A name that sorts by time and that nothing has yet. */
static void name_aside(const char *why, char *name)
{
    struct timespec now;
    char stamp[20] = "";
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm))
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
    snprintf(name, STATE_NAME_OCTETS, STATE_FILE ".%.16s-%s.%06ldZ", why, stamp, now.tv_nsec / 1000);
}

bool state_file_set_aside(const char *directory, const char *why, char *name, char *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = false;

    *name = '\0';
    if (fd < 0)
        return errno == ENOENT || fail("set the old state aside", directory, error);
    for (int i = 0; i < 100 && !done; i++) {
        name_aside(why, name);
        done = rename_to_free(fd, name);
        if (!done && errno != EEXIST)
            break;
    }
    if (done) {
        limit_kept(fd);
        done = fsync(fd) == 0;
    } else if (errno == ENOENT) {
        *name = '\0';
        done = true;
    }
    if (!done)
        fail("set the old state aside", directory, error);
    close(fd);
    return done;
}
