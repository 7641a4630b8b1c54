/* News of directories through inotify: a hint to look, never the truth (network file systems give none, and the queue
 * may overflow).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WATCH_H
#define MAILTALLY_WATCH_H

#define WATCH_NONE (-1)
#define WATCH_ALL  (-2) /* news were lost: anything may have changed */

struct watch;

struct watch *watch_new(void); /* NULL where the system gives none */
void watch_free(struct watch *watch);
int watch_descriptor(const struct watch *watch);

/* The number of the directory, the same for the same one; WATCH_NONE when it cannot be watched (now). */
int watch_directory(struct watch *watch, const char *path);

/* Calls `each` for what is known by now; does not wait. name "": the directory itself went or changed. */
void watch_news(struct watch *watch, void (*each)(void *context, int directory, const char *name), void *context);

#endif
