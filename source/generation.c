/* A position in a file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generation.h"

#include <errno.h>
#include <sys/vfs.h>

/* linux/magic.h has them all only since 5.18. */
#define MAGIC_FUSE 0x65735546u
#define MAGIC_CIFS 0xff534d42u
#define MAGIC_SMB2 0xfe534d42u

#define READ_AT_LEAST (READER_LINE_OCTETS + 1)

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct span first_octets(struct content *content, char first[FINGERPRINT_OCTETS])
{
    ssize_t n = content_read(content, first, FINGERPRINT_OCTETS, 0);

    return (struct span){ first, n > 0 ? (size_t)n : 0 };
}

static bool begins(struct content *content, const struct fingerprint *fingerprint)
{
    char first[FINGERPRINT_OCTETS];

    return fingerprint_fits(fingerprint, first_octets(content, first));
}

bool generation_begins(const struct generation *generation, const struct fingerprint *fingerprint)
{
    return begins(generation->content, fingerprint);
}

/* Of sshfs and its like an inode number is a name's: of a log that is rotated at the other end, our open file and its
 * successor have the same one, and fstat(2) and the page cache mix the two. */
static bool is_unsteady(const struct content *content)
{
    struct statfs fs;
    uint32_t magic;

    if (fstatfs(content_descriptor(content), &fs) != 0)
        return false;
    magic = (uint32_t)fs.f_type;
    return magic == MAGIC_FUSE || magic == MAGIC_CIFS || magic == MAGIC_SMB2;
}

static void take(struct generation *generation, struct content *content, const struct stat *status)
{
    generation_close(generation);
    generation->content = content;
    generation->unsteady = is_unsteady(content);
    generation->device = status->st_dev;
    generation->inode = status->st_ino;
    generation->size = (uint64_t)status->st_size;
    generation->modified = status->st_mtim;
    generation->partial = 0;
}

/* One that waits for its turn has an identity as soon as it has a whole line. */
static void identify(struct generation *generation)
{
    char first[FINGERPRINT_OCTETS];
    struct span octets;

    if (generation->offset || generation->fingerprint.octets == FINGERPRINT_OCTETS)
        return;
    octets = first_octets(generation->content, first);
    while (octets.n && octets.n < FINGERPRINT_OCTETS && octets.p[octets.n - 1] != '\n')
        octets.n--;
    generation->fingerprint = (struct fingerprint){ 0 };
    fingerprint_extend(&generation->fingerprint, octets);
}

/* What will be so at the next try, too. */
static bool is_for_ever(int why)
{
    return why == ENOENT || why == ENOTDIR || why == EACCES || why == EINVAL || why == ELOOP || why == ENAMETOOLONG;
}

enum generation_fit generation_find(struct generation *generation, const char *path, bool relative)
{
    struct stat status;
    struct content *content = content_open(path, relative, &status);

    if (!content)
        return is_for_ever(errno) ? GENERATION_FITS_NOT : GENERATION_UNKNOWN;
    if ((content_is_compressed(content) || (uint64_t)status.st_size >= generation->offset) &&
        begins(content, &generation->fingerprint)) {
        take(generation, content, &status);
        return GENERATION_FITS;
    }
    content_close(content);
    errno = 0;
    return GENERATION_FITS_NOT;
}

bool generation_begin(struct generation *generation, const char *path, bool relative)
{
    struct stat status;
    struct content *content = content_open(path, relative, &status);

    if (!content)
        return false;
    take(generation, content, &status);
    identify(generation);
    return true;
}

void generation_replace(struct generation *generation, struct generation *new)
{
    generation_close(generation);
    generation->content = new->content;
    generation->unsteady = new->unsteady;
    generation->device = new->device;
    generation->inode = new->inode;
    generation->size = new->size;
    new->content = NULL;
}

bool generation_is_known(const struct generation *generation, struct identities *identities, const char *owner,
                         struct identity *known)
{
    char first[FINGERPRINT_OCTETS];
    struct identity_query query = {
        .first = first_octets(generation->content, first),
        .device = generation->device,
        .inode = generation->inode,
        .owner = owner,
    };

    return identities_find(identities, &query, known);
}

void generation_go_on_from(struct generation *generation, const struct identity *known)
{
    char first[FINGERPRINT_OCTETS];
    struct span octets = first_octets(generation->content, first);

    if (known->offset <= generation->offset ||
        (known->offset > generation->size && !content_is_compressed(generation->content)))
        return;
    generation->offset = known->offset;
    generation->skipping = known->skipping;
    generation->fingerprint = (struct fingerprint){ 0 };
    if (octets.n > known->offset)
        octets.n = (size_t)known->offset;
    fingerprint_extend(&generation->fingerprint, octets);
}

void generation_tell(struct generation *generation, struct identities *identities, const char *owner)
{
    struct identity now = {
        .fingerprint = generation->fingerprint,
        .offset = generation->offset,
        .skipping = generation->skipping,
        .device = generation->device,
        .inode = generation->inode,
        .open = generation->content != NULL,
        .owner = owner,
    };

    if (generation->identity == IDENTITY_NONE)
        generation->identity = identities_add(identities, &now);
    else
        identities_change(identities, generation->identity, &now);
}

void generation_close(struct generation *generation)
{
    content_close(generation->content);
    generation->content = NULL;
}

void generation_forget(struct generation *generation, struct identities *identities, bool left)
{
    generation_close(generation);
    if (left)
        identities_leave(identities, generation->identity);
    else
        identities_remove(identities, generation->identity);
    *generation = (struct generation){ 0 };
}

uint64_t generation_unread(const struct generation *generation)
{
    if (!generation->content)
        return 0;
    return content_left(generation->content, generation->size, generation->offset + generation->partial);
}

enum generation_news generation_look(struct generation *generation)
{
    struct stat status;
    uint64_t size;

    if (fstat(content_descriptor(generation->content), &status) != 0)
        return GENERATION_DEAD;
    size = (uint64_t)status.st_size;
    if (size == generation->size && is_same_time(status.st_mtim, generation->modified))
        return GENERATION_AS_BEFORE;
    if (generation->unsteady)
        return GENERATION_UNSURE;
    generation->modified = status.st_mtim;
    generation->changed_ms = source_clock_ms();
    if (content_is_compressed(generation->content)) {
        generation->size = size;
        return GENERATION_GREW;
    }
    if (size < generation->offset ||
        (generation->fingerprint.octets && !generation_begins(generation, &generation->fingerprint)))
        return GENERATION_TRUNCATED;
    if (size < generation->offset + generation->partial)
        generation->partial = 0;
    generation->size = size;
    identify(generation);
    return GENERATION_GREW;
}

void generation_restart(struct generation *generation)
{
    struct stat status;

    generation->offset = generation->partial = 0;
    generation->skipping = false;
    generation->fingerprint = (struct fingerprint){ 0 };
    if (fstat(content_descriptor(generation->content), &status) == 0)
        generation->size = (uint64_t)status.st_size;
    identify(generation);
}

static void consumed(struct generation *generation, struct span octets)
{
    uint64_t known = generation->fingerprint.octets;

    if (known < FINGERPRINT_OCTETS && known < generation->offset + octets.n)
        fingerprint_extend(&generation->fingerprint, span_skip(octets, (size_t)(known - generation->offset)));
    generation->offset += octets.n;
    generation->partial = 0;
}

/* A writer that does not append goes on at its old offset after a truncation: what it leaves out reads as zeros. */
static size_t leading_zeros(struct span block)
{
    size_t n = 0;

    while (n < block.n && block.p[n] == '\0')
        n++;
    return n;
}

/* Whether the block was read before the file was truncated and filled with something else. */
static bool is_still_the_same(const struct generation *generation)
{
    return !generation->fingerprint.octets || content_is_compressed(generation->content) ||
           generation_begins(generation, &generation->fingerprint);
}

static size_t give(struct generation *generation, struct source *source, const struct source_lines *lines,
                   struct span block)
{
    size_t zeros = generation->skipping ? 0 : leading_zeros(block);
    size_t given;

    if (zeros) {
        source->octets += zeros;
        consumed(generation, span_first(block, zeros));
        block = span_skip(block, zeros);
    }
    given = source_give_lines(source, lines, block, &generation->skipping);
    if (given == 0 && block.n && (generation->skipping || block.n > READER_LINE_OCTETS)) {
        generation->skipping = true;
        given = block.n;
        source->octets += given;
    }
    if (given)
        consumed(generation, span_first(block, given));
    else
        generation->partial = block.n;
    return zeros + given;
}

ssize_t generation_read(struct generation *generation, struct source *source, size_t octets,
                        const struct source_lines *lines)
{
    size_t wanted = octets < READ_AT_LEAST ? READ_AT_LEAST : octets, given;
    char *block = source->set->block;
    ssize_t n = content_read(generation->content, block, wanted < READER_BUFFER_OCTETS ? wanted : READER_BUFFER_OCTETS,
                             generation->offset);

    if (n == CONTENT_UNDERWAY)
        return CONTENT_UNPACK_OCTETS;
    if (n < 0)
        return -1;
    if (!is_still_the_same(generation))
        return 0;
    given = give(generation, source, lines, (struct span){ block, (size_t)n });
    if (!content_is_compressed(generation->content) && generation->size < generation->offset + generation->partial) {
        generation->size = generation->offset + generation->partial;
        generation->changed_ms = source_clock_ms();
    }
    return (ssize_t)given;
}

size_t generation_give_rest(struct generation *generation, struct source *source, const struct source_lines *lines)
{
    char *block = source->set->block;
    ssize_t n =
        generation->content ? content_read(generation->content, block, generation->partial, generation->offset) : 0;
    struct span rest = { block, n > 0 ? (size_t)n : 0 };

    source_give_rest(source, lines, rest, &generation->skipping);
    consumed(generation, rest);
    return rest.n;
}
