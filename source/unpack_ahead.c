/* A ring of decompressed blocks.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack_ahead.h"

#include <pthread.h>
#include <stdlib.h>

#define BLOCKS       4
#define BLOCK_OCTETS (256 * 1024)

struct block {
    size_t n, given;
    bool is_last;
    ssize_t end; /* of the last one: what unpack_read() said then */
    char octets[BLOCK_OCTETS];
};

struct unpack_ahead {
    struct unpack *unpack;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t filled, emptied; /* they count on */
    bool is_over;
    struct block blocks[BLOCKS];
};

static void fill(struct unpack *unpack, struct block *block)
{
    block->n = block->given = 0;
    block->is_last = false;
    while (block->n < BLOCK_OCTETS && !block->is_last) {
        ssize_t n = unpack_read(unpack, block->octets + block->n, BLOCK_OCTETS - block->n);

        if (n > 0) {
            block->n += (size_t)n;
        } else {
            block->is_last = true;
            block->end = n;
        }
    }
}

static void *run(void *context)
{
    struct unpack_ahead *ahead = context;
    bool is_last = false;

    pthread_mutex_lock(&ahead->lock);
    while (!ahead->is_over && !is_last) {
        struct block *block = &ahead->blocks[ahead->filled % BLOCKS];

        if (ahead->filled - ahead->emptied == BLOCKS) {
            pthread_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        pthread_mutex_unlock(&ahead->lock);
        fill(ahead->unpack, block);
        is_last = block->is_last;
        pthread_mutex_lock(&ahead->lock);
        ahead->filled++;
        pthread_cond_signal(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

struct unpack_ahead *unpack_ahead_new(struct unpack *unpack)
{
    struct unpack_ahead *ahead = malloc(sizeof *ahead);

    if (!ahead)
        return NULL;
    ahead->unpack = unpack;
    ahead->filled = ahead->emptied = 0;
    ahead->is_over = false;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    if (pthread_create(&ahead->thread, NULL, run, ahead) == 0)
        return ahead;
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->lock);
    free(ahead);
    return NULL;
}

void unpack_ahead_free(struct unpack_ahead *ahead)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->is_over = true;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
    unpack_free(ahead->unpack);
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->lock);
    free(ahead);
}

ssize_t unpack_ahead_read(struct unpack_ahead *ahead, char *into, size_t octets)
{
    struct block *block = &ahead->blocks[ahead->emptied % BLOCKS];
    size_t n;

    pthread_mutex_lock(&ahead->lock);
    while (ahead->filled == ahead->emptied)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
    pthread_mutex_unlock(&ahead->lock);
    n = block->n - block->given < octets ? block->n - block->given : octets;
    memcpy(into, block->octets + block->given, n);
    block->given += n;
    if (block->is_last)
        return n ? (ssize_t)n : block->end;
    if (block->given == block->n) {
        pthread_mutex_lock(&ahead->lock);
        ahead->emptied++;
        pthread_cond_signal(&ahead->changed);
        pthread_mutex_unlock(&ahead->lock);
    }
    return (ssize_t)n;
}

const char *unpack_ahead_error(const struct unpack_ahead *ahead)
{
    return unpack_error(ahead->unpack);
}
