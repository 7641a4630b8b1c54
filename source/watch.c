/* inotify on directories.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

/* IN_ATTRIB: a file that becomes readable, or loses its last name. */
#define NEWS                                                                                                       \
    (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | \
     IN_ONLYDIR)

struct watch {
    int fd;
    _Alignas(struct inotify_event) char events[16 * 1024];
};

struct watch *watch_new(void)
{
    struct watch *watch = malloc(sizeof *watch);

    if (!watch)
        return NULL;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        free(watch);
        return NULL;
    }
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    close(watch->fd);
    free(watch);
}

int watch_descriptor(const struct watch *watch)
{
    return watch->fd;
}

int watch_directory(struct watch *watch, const char *path)
{
    int directory = inotify_add_watch(watch->fd, path, NEWS);

    return directory < 0 ? WATCH_NONE : directory;
}

void watch_news(struct watch *watch, void (*each)(void *context, int directory, const char *name), void *context)
{
    ssize_t n;

    while ((n = read(watch->fd, watch->events, sizeof watch->events)) > 0) {
        for (const char *p = watch->events; p < watch->events + n;) {
            const struct inotify_event *event = (const void *)p;

            if (event->mask & IN_Q_OVERFLOW)
                each(context, WATCH_ALL, "");
            else
                each(context, event->wd, event->len ? event->name : "");
            p += sizeof *event + event->len;
        }
    }
}
