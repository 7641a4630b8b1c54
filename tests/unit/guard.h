/* Lines between two unreadable pages: an octet read before the first or behind the last ends the test program.
 *
 * guard_behind() and guard_before() copy the line to either end of the readable room; the copy lives until the next
 * call. SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TEST_GUARD_H
#define MAILTALLY_TEST_GUARD_H

#include "../../parser/span.h"

#include <assert.h>
#include <sys/mman.h>

#define GUARD_ROOM 16384

/* The readable room of GUARD_ROOM octets, made at the first call. */
static inline char *guard_room(void)
{
    static char *room;

    if (!room) {
        char *p = mmap(NULL, 3 * GUARD_ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert(p != MAP_FAILED);
        assert(mprotect(p + GUARD_ROOM, GUARD_ROOM, PROT_READ | PROT_WRITE) == 0);
        room = p + GUARD_ROOM;
    }
    return room;
}

static inline struct span guard_behind(struct span line)
{
    char *p = guard_room() + GUARD_ROOM - line.n;

    assert(line.n <= GUARD_ROOM);
    memcpy(p, line.p, line.n);
    return (struct span){ p, line.n };
}

static inline struct span guard_before(struct span line)
{
    assert(line.n <= GUARD_ROOM);
    memcpy(guard_room(), line.p, line.n);
    return (struct span){ guard_room(), line.n };
}

#endif
