/* Fuzzes what Postfix's showq, or whoever listens in its place, may answer: the first octet says in pieces of what size
 * it comes. Whole or in pieces, the answer means the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../source/showq.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool take(struct showq *showq, const uint8_t *octets, size_t n, size_t piece)
{
    bool good = true;

    showq_begin(showq);
    for (size_t at = 0; at < n && good; at += piece) {
        size_t more = n - at < piece ? n - at : piece;
        char *exact = malloc(more); /* a look behind it is seen */

        require(exact != NULL);
        memcpy(exact, octets + at, more);
        good = showq_take(showq, exact, more);
        free(exact);
    }
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct showq whole, pieces;
    uint64_t messages = 0;
    bool good;

    if (size < 2)
        return 0;
    good = take(&whole, data + 1, size - 1, size);
    require(good == !whole.wrong);
    require(take(&pieces, data + 1, size - 1, data[0] + (size_t)1) == good);
    require(pieces.ended == whole.ended && memcmp(pieces.counts, whole.counts, sizeof whole.counts) == 0);
    for (int i = 0; i < QUEUES; i++) {
        messages += whole.counts[i].messages;
        require((whole.counts[i].messages == 0) == (whole.counts[i].oldest == INT64_MAX));
    }
    require(messages <= size / strlen("queue_name..time.0.size.0.."));
    return 0;
}
