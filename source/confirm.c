/* Answers to rsyslog's omprog.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "confirm.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWERS_CAP 1024  /* rsyslog waits for each, so there is one; a sender that does not wait loses its answers */
#define SENT_CAP    16384 /* messages of one transaction; rsyslog's default batch is 128 to 1024 */
#define DOT_MS      2000  /* rsyslog's default patience is 10 s */

struct confirm {
    int fd;
    bool in_transaction;
    bool lost_answers;
    /* Answers that were not written yet, in order; the first `free_n` may be. promised: how many the state that is
     * being saved sets free. */
    const char *answers[ANSWERS_CAP];
    size_t answers_n, free_n, promised;
    int64_t spoke_ms;
    /* Hashes of messages of which rsyslog may not know that they were taken. Those from `again` on were in the loaded
     * state and may come again. */
    uint64_t sent[SENT_CAP];
    size_t sent_n, again;
};

static const char ok[] = "OK\n", defer[] = "DEFER_COMMIT\n";

static uint64_t hash_of(struct span line)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < line.n; i++)
        hash = (hash ^ (unsigned char)line.p[i]) * 0x100000001b3;
    return hash;
}

/* saved: not before the state is. */
static void answer(struct confirm *confirm, const char *text, bool saved)
{
    if (confirm->answers_n == ANSWERS_CAP) {
        confirm->lost_answers = true;
        return;
    }
    /* Never past one that waits: answers have no other mark than their order. */
    if (!saved && confirm->free_n == confirm->answers_n)
        confirm->free_n++;
    confirm->answers[confirm->answers_n++] = text;
}

struct confirm *confirm_new(int fd)
{
    struct confirm *confirm = calloc(1, sizeof *confirm);

    if (!confirm)
        return NULL;
    confirm->fd = fd;
    answer(confirm, ok, false);
    return confirm;
}

void confirm_free(struct confirm *confirm)
{
    free(confirm);
}

static bool is_begin(struct span line)
{
    return span_is(line, "BEGIN TRANSACTION");
}

static bool is_commit(struct span line)
{
    return span_is(line, "COMMIT TRANSACTION");
}

bool confirm_is_mark(struct span line)
{
    return is_begin(line) || is_commit(line);
}

/* rsyslog sends again in order, but not always all: what it skips it knows to be taken. */
static bool is_sent_again(struct confirm *confirm, uint64_t hash)
{
    for (size_t i = confirm->again; i < confirm->sent_n; i++)
        if (confirm->sent[i] == hash) {
            confirm->again = i + 1;
            return true;
        }
    return false;
}

static bool takes_message(struct confirm *confirm, struct span line)
{
    uint64_t hash = hash_of(line);
    bool known = is_sent_again(confirm, hash);

    if (!known) {
        /* Outside of transactions a new message says that the one before was answered. */
        confirm->sent_n = confirm->in_transaction ? confirm->again : 0;
        if (confirm->sent_n < SENT_CAP)
            confirm->sent[confirm->sent_n++] = hash;
        confirm->again = confirm->sent_n;
    }
    answer(confirm, confirm->in_transaction ? defer : ok, true);
    return known;
}

bool confirm_takes(struct confirm *confirm, struct span line)
{
    if (is_begin(line)) {
        if (confirm->again == confirm->sent_n)
            confirm->again = confirm->sent_n = 0;
        confirm->in_transaction = true;
        answer(confirm, ok, false);
        return true;
    }
    if (is_commit(line)) {
        confirm->in_transaction = false;
        answer(confirm, ok, false);
        return true;
    }
    return takes_message(confirm, line);
}

void confirm_saving(struct confirm *confirm)
{
    confirm->promised = confirm->answers_n;
}

void confirm_saved(struct confirm *confirm)
{
    if (confirm->free_n < confirm->promised)
        confirm->free_n = confirm->promised;
    confirm->promised = 0;
}

bool confirm_waits(const struct confirm *confirm)
{
    return confirm->free_n < confirm->answers_n;
}

/* A pipe that is writable takes PIPE_BUF octets, which is more than any answer: the write does not block. */
static bool say(struct confirm *confirm, const char *text, int64_t now_ms)
{
    struct pollfd writable = { .fd = confirm->fd, .events = POLLOUT };
    size_t n = strlen(text);

    if (poll(&writable, 1, 0) <= 0 || !(writable.revents & POLLOUT) || write(confirm->fd, text, n) != (ssize_t)n)
        return false;
    confirm->spoke_ms = now_ms;
    return true;
}

bool confirm_write(struct confirm *confirm, int64_t now_ms)
{
    size_t done = 0;
    bool read = true;

    while (read && done < confirm->free_n) {
        read = say(confirm, confirm->answers[done], now_ms);
        done += read;
    }
    if (done) {
        confirm->answers_n -= done;
        confirm->free_n -= done;
        confirm->promised -= confirm->promised < done ? confirm->promised : done;
        memmove(confirm->answers, confirm->answers + done, confirm->answers_n * sizeof confirm->answers[0]);
    }
    if (read && confirm_waits(confirm) && now_ms - confirm->spoke_ms >= DOT_MS)
        read = say(confirm, ".", now_ms);
    return read && !confirm->lost_answers;
}

void confirm_save(const struct confirm *confirm, struct store *store)
{
    store_number(store, confirm->sent_n);
    for (size_t i = 0; i < confirm->sent_n; i++)
        store_number(store, confirm->sent[i]);
}

bool confirm_load(struct confirm *confirm, struct load *load)
{
    size_t n = (size_t)load_number_to(load, SENT_CAP);

    for (size_t i = 0; i < n; i++)
        confirm->sent[i] = load_number(load);
    confirm->sent_n = load->failed ? 0 : n;
    confirm->again = 0;
    return !load->failed;
}
