/* Reading a Postfix instance's queues.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define READ_OCTETS   (64 * 1024)
#define RETRY_MS      50 /* while the socket has no room for a connection */
#define LOOKUP_OCTETS 4096
#define NAME_OCTETS   33

struct reading {
    const char *directory;
    const struct queue_limits *limits;
    int stop_fd, fd;
    int64_t begun_ms;
    char *error;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool refuse(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(struct reading *r, const char *format, ...)
{
    va_list arguments;
    int n = snprintf(r->error, QUEUE_ERROR_OCTETS, "the queue in %s cannot be read: ", r->directory);

    va_start(arguments, format);
    if (n > 0 && n < QUEUE_ERROR_OCTETS)
        vsnprintf(r->error + n, (size_t)(QUEUE_ERROR_OCTETS - n), format, arguments);
    va_end(arguments);
    return false;
}

/* ---- permission ---- */

static const char *user_name(char name[NAME_OCTETS])
{
    char room[LOOKUP_OCTETS];
    struct passwd user, *found = NULL;

    if (getpwuid_r(geteuid(), &user, room, sizeof room, &found) == 0 && found)
        snprintf(name, NAME_OCTETS, "%.32s", user.pw_name);
    else
        snprintf(name, NAME_OCTETS, "%lu", (unsigned long)geteuid());
    return name;
}

static const char *group_name(gid_t gid, char name[NAME_OCTETS])
{
    char room[LOOKUP_OCTETS];
    struct group group, *found = NULL;

    if (getgrgid_r(gid, &group, room, sizeof room, &found) == 0 && found)
        snprintf(name, NAME_OCTETS, "%.32s", group.gr_name);
    else
        snprintf(name, NAME_OCTETS, "%lu", (unsigned long)gid);
    return name;
}

/* Whose group would help. */
static bool refuse_denied(struct reading *r, const char *path, mode_t needed)
{
    char user[NAME_OCTETS], group[NAME_OCTETS];
    struct stat status;

    if (stat(path, &status) != 0)
        return refuse(r, "%s: %s", path, strerror(errno));
    user_name(user);
    group_name(status.st_gid, group);
    if (status.st_mode & needed)
        return refuse(r, "user %s may not use %s: usermod -aG %s %s, then restart mailtallyd", user, path, group, user);
    return refuse(r, "user %s may not use %s, nor may its group %s: setfacl -m u:%s:%s %s", user, path, group, user,
                  needed == S_IXGRP ? "x" : "rw", path);
}

/* Finds the first directory on the way that we may not enter. */
static bool refuse_permission(struct reading *r, const char *socket_path)
{
    char path[QUEUE_DIRECTORY_OCTETS + sizeof QUEUE_SOCKET];

    for (const char *slash = strchr(socket_path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%.*s", (int)(slash - socket_path), socket_path);
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0 && errno == EACCES)
            return refuse_denied(r, path, S_IXGRP);
    }
    if (faccessat(AT_FDCWD, socket_path, W_OK, AT_EACCESS) != 0 && errno == EACCES)
        return refuse_denied(r, socket_path, S_IWGRP);
    return refuse(r, "permission is denied, though modes allow it: see AppArmor's or SELinux's log");
}

/* ---- the socket ---- */

static bool refuse_connect(struct reading *r, const char *path, int error)
{
    switch (error) {
    case EACCES:
        return refuse_permission(r, path);
    case ENOENT:
    case ENOTDIR:
        if (access(r->directory, F_OK) != 0)
            return refuse(r, "there is no such directory; `postconf queue_directory` tells where it is");
        return refuse(r, "it has no public/showq: Postfix has never been started, or this is no queue directory");
    case ECONNREFUSED:
        return refuse(r, "nobody listens on public/showq: Postfix does not run; start it");
    case EAGAIN:
        return refuse(r, "public/showq takes no connection for %" PRId64 " s: Postfix's master hangs",
                      r->limits->silence_ms / 1000);
    default:
        return refuse(r, "public/showq: %s", strerror(error));
    }
}

/* Waits for octets, or with fd -1 for the time alone. 1: there are some; 0: the time is over; -1: we are to stop. */
static int wait_for(const struct reading *r, int fd, int64_t wait_ms)
{
    struct pollfd fds[] = { { .fd = r->stop_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
    int64_t until = now_ms() + wait_ms;
    int n;

    do {
        int64_t left = until - now_ms();

        n = poll(fds, 2, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    if (fds[0].revents)
        return -1;
    return fds[1].revents != 0;
}

static bool be_stopped(struct reading *r)
{
    r->error[0] = '\0';
    return false;
}

/* A local socket is connected at once or not at all, so this never waits; while its backlog is full it is tried again.
 */
static bool connect_to(struct reading *r)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int64_t until = now_ms() + r->limits->silence_ms;

    if (strlen(r->directory) > QUEUE_DIRECTORY_OCTETS)
        return refuse(r, "the name of its socket is too long");
    strcat(strcpy(address.sun_path, r->directory), QUEUE_SOCKET);
    r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0)
        return refuse(r, "there is no socket for it: %s", strerror(errno));
    while (connect(r->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;

        if (error == EINTR)
            continue;
        if (error != EAGAIN || now_ms() >= until)
            return refuse_connect(r, address.sun_path, error);
        if (wait_for(r, -1, RETRY_MS) < 0)
            return be_stopped(r);
    }
    return true;
}

static bool read_some(struct reading *r, char *octets, size_t *n)
{
    int64_t left = r->begun_ms + r->limits->whole_ms - now_ms();
    ssize_t got;

    switch (left > 0 ? wait_for(r, r->fd, left < r->limits->silence_ms ? left : r->limits->silence_ms) : 0) {
    case -1:
        return be_stopped(r);
    case 0:
        if (now_ms() - r->begun_ms >= r->limits->whole_ms)
            return refuse(r, "the list did not end within %" PRId64 " s", r->limits->whole_ms / 1000);
        return refuse(r, "showq said nothing for %" PRId64 " s: Postfix or its disk hangs",
                      r->limits->silence_ms / 1000);
    default:
        break;
    }
    got = recv(r->fd, octets, READ_OCTETS, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return refuse(r, "showq: %s", strerror(errno));
    if (got == 0)
        return refuse(r, "showq's list breaks off in the middle; Postfix's log may say why");
    *n = got > 0 ? (size_t)got : 0;
    return true;
}

static bool read_list(struct reading *r, struct showq *showq)
{
    char octets[READ_OCTETS];
    size_t n;

    showq_begin(showq);
    while (!showq->ended) {
        if (!read_some(r, octets, &n))
            return false;
        if (!showq_take(showq, octets, n))
            return refuse(r, "showq's list is not understood: %s", showq->wrong);
    }
    return true;
}

bool queue_read(const char *directory, const struct queue_limits *limits, int stop_fd,
                struct queue_counts counts[QUEUES], char *error)
{
    struct reading r = {
        .directory = directory, .limits = limits, .stop_fd = stop_fd, .fd = -1, .begun_ms = now_ms(), .error = error
    };
    struct showq showq;
    bool good = connect_to(&r) && read_list(&r, &showq);

    if (r.fd >= 0)
        close(r.fd);
    if (good)
        memcpy(counts, showq.counts, sizeof showq.counts);
    return good;
}
