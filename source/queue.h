/* The queues of a Postfix instance, by its socket public/showq: showq(8) reads them for us, and we need no more
 * permission than postqueue(1). Directories of the queue are never looked into.
 *
 * Each call is on its own. It waits on the socket only, with deadlines; but it looks up paths, users and groups, which
 * may hang where those are on a server that hangs: so it wants a thread of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_QUEUE_H
#define MAILTALLY_QUEUE_H

#include "showq.h"

#define QUEUE_SOCKET "/public/showq"

/* The name of a socket has 108 octets with its NUL. */
#define QUEUE_DIRECTORY_OCTETS (107 - (sizeof QUEUE_SOCKET - 1))

#define QUEUE_ERROR_OCTETS 256

struct queue_limits {
    int64_t silence_ms; /* until the connection is made, and between two octets */
    int64_t whole_ms;
};

/* Reads the queues of the instance whose queue directory this is. False with a sentence that says what is wrong and
 * what to do (of QUEUE_ERROR_OCTETS; empty when stop_fd became readable, which ends the reading at once; -1: there is
 * none). */
bool queue_read(const char *directory, const struct queue_limits *limits, int stop_fd,
                struct queue_counts counts[QUEUES], char *error);

#endif
