/* The compressed side of the reader: libarchive, fed from a descriptor.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef MAILTALLY_ARCHIVE
#include "library.h"
#define FILTER(name) offsetof(struct libarchive, archive_read_support_filter_##name)
#else
#define FILTER(name) 0
#endif

#define INPUT_OCTETS (64 * 1024)

static const struct format {
    struct span magic;
    size_t support; /* where struct libarchive has the function that switches its filter on */
} formats[] = {
    { SPAN("\x1f\x8b\x08"), FILTER(gzip) },
    { SPAN("BZh"), FILTER(bzip2) },
    { SPAN("\xfd"
           "7zXZ\0"),
      FILTER(xz) },
    { SPAN("\x28\xb5\x2f\xfd"), FILTER(zstd) },
};

enum unpack_format unpack_format_of(struct span first)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct span magic = formats[i].magic;

        if (span_starts(first, magic))
            return UNPACK_COMPRESSED;
        if (first.n < magic.n && memcmp(first.p, magic.p, first.n) == 0)
            return UNPACK_UNDECIDED;
    }
    return UNPACK_PLAIN;
}

ssize_t read_fully_awake(int fd, char *into, size_t octets)
{
    for (;;) {
        ssize_t n = read(fd, into, octets);
        struct pollfd readable = { .fd = fd, .events = POLLIN };

        if (n >= 0)
            return n;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            poll(&readable, 1, -1);
        else if (errno != EINTR)
            return -1;
    }
}

#ifdef MAILTALLY_ARCHIVE

struct unpack {
    struct libarchive library;
    char why_not[512]; /* it could not be loaded; else empty */
    struct archive *archive;
    int fd;
    struct span first; /* not yet given to libarchive */
    struct span block; /* unpacked, and not yet read */
    bool begun;
    bool empty;
    bool failed;
    char input[INPUT_OCTETS];
};

static la_ssize_t feed(struct archive *archive, void *context, const void **block)
{
    struct unpack *unpack = context;
    ssize_t n;

    if (unpack->first.n) {
        n = (ssize_t)unpack->first.n;
        *block = unpack->first.p;
        unpack->first = SPAN("");
        return n;
    }
    n = read_fully_awake(unpack->fd, unpack->input, sizeof unpack->input);
    if (n < 0)
        unpack->library.archive_set_error(archive, errno, "%s", strerror(errno));
    *block = unpack->input;
    return n;
}

static bool switch_filter_on(struct unpack *unpack)
{
    int (*support)(struct archive *);

    unpack->archive = unpack->library.archive_read_new();
    if (!unpack->archive)
        return false;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (span_starts(unpack->first, formats[i].magic)) {
            memcpy(&support, (const char *)&unpack->library + formats[i].support, sizeof support);
            support(unpack->archive);
        }
    unpack->library.archive_read_support_format_raw(unpack->archive);
    unpack->library.archive_read_support_format_empty(unpack->archive);
    return true;
}

struct unpack *unpack_new(int fd, struct span first)
{
    struct unpack *unpack = malloc(sizeof *unpack);

    if (!unpack)
        return NULL;
    *unpack = (struct unpack){ .fd = fd, .first = first };
    if (!libarchive_load(&unpack->library, unpack->why_not, sizeof unpack->why_not)) /* told where it is read */
        return unpack;
    if (!switch_filter_on(unpack)) {
        free(unpack);
        return NULL;
    }
    return unpack;
}

void unpack_free(struct unpack *unpack)
{
    if (!unpack)
        return;
    if (unpack->archive)
        unpack->library.archive_read_free(unpack->archive);
    free(unpack);
}

/* The magic said that it is compressed; opening finds out whether it really is. */
static bool begin(struct unpack *unpack)
{
    struct archive_entry *entry;
    int result;

    unpack->begun = true;
    if (unpack->library.archive_read_open(unpack->archive, unpack, NULL, feed, NULL) != ARCHIVE_OK)
        return false;
    result = unpack->library.archive_read_next_header(unpack->archive, &entry);
    unpack->empty = result == ARCHIVE_EOF;
    return result == ARCHIVE_OK || result == ARCHIVE_WARN || unpack->empty;
}

/* The next block of libarchive's; not archive_read_data(), which forgets what it has when the block behind that fails.
 */
static void next_block(struct unpack *unpack)
{
    const void *octets = NULL;
    size_t n = 0;
    la_int64_t offset;
    int result;

    do
        result = unpack->library.archive_read_data_block(unpack->archive, &octets, &n, &offset);
    while (result == ARCHIVE_RETRY);
    unpack->empty = result == ARCHIVE_EOF;
    unpack->failed = result < ARCHIVE_WARN;
    unpack->block = (struct span){ octets, unpack->empty || unpack->failed ? 0 : n };
}

ssize_t unpack_read(struct unpack *unpack, char *into, size_t octets)
{
    size_t n;

    if (!unpack->archive || (!unpack->begun && !begin(unpack)))
        unpack->failed = true;
    while (!unpack->failed && !unpack->empty && unpack->block.n == 0)
        next_block(unpack);
    if (unpack->failed)
        return -1;
    n = unpack->block.n < octets ? unpack->block.n : octets;
    if (n)
        memcpy(into, unpack->block.p, n);
    unpack->block = span_skip(unpack->block, n);
    return (ssize_t)n;
}

const char *unpack_error(const struct unpack *unpack)
{
    const char *text = unpack->archive ? unpack->library.archive_error_string(unpack->archive) : unpack->why_not;

    return text ? text : "damaged data";
}

#else /* a build without libarchive (WITH_ARCHIVE=0) */

/* There is always one, or readers would have to know. */
struct unpack {
    bool refused;
};

struct unpack *unpack_new(int fd, struct span first)
{
    (void)fd, (void)first;
    return calloc(1, sizeof(struct unpack));
}

void unpack_free(struct unpack *unpack)
{
    free(unpack);
}

ssize_t unpack_read(struct unpack *unpack, char *into, size_t octets)
{
    (void)into, (void)octets;
    unpack->refused = true;
    return -1;
}

const char *unpack_error(const struct unpack *unpack)
{
    (void)unpack;
    return "it is compressed, and mailtally was built without libarchive: unpack it first (zcat), or install "
           "libarchive-dev and build it again";
}

#endif
