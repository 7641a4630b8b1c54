/* Whose turn it is among thousands of sources: to be looked at, to be read, to be listened to. Part of a set; turns.c
 * also has source_set_read() and source_set_wait().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TURNS_H
#define MAILTALLY_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNS_BUCKETS  4096
#define TURNS_POLLED   12 /* sources with a descriptor to wait for; more are looked at by time */
#define SOURCES_OF_ALL 32 /* sources that any news may concern; more are looked at by time */

struct source;
struct source_lines;
struct source_set;

struct turns {
    /* One octet for each source, by its index: what is to be done is found without touching the sources. */
    bool *due, *ready, *restless;
    size_t next; /* who is read first */
    int64_t last_sweep_ms, last_news_ms;
    uint32_t buckets[TURNS_BUCKETS]; /* index + 1 of the first source whose last part of the name has this hash */
    uint32_t *chain;                 /* index + 1 of the next one */
    uint32_t of_all[SOURCES_OF_ALL], polled[TURNS_POLLED];
    size_t of_all_n, polled_n;
};

bool turns_make_room(struct turns *turns, size_t sources);
void turns_add(struct source_set *set, struct source *source);
void turns_free(struct turns *turns);

/* At everything, at the next occasion. */
void turns_look_again(struct source_set *set);

/* As source_set_read(), but one block of one source, *index; 0: none has anything. */
size_t turns_read_one(struct source_set *set, size_t octets, const struct source_lines *lines, size_t *index);

#endif
