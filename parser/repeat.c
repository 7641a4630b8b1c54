/* Repeated lines.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "repeat.h"

#include <stdlib.h>

#include "tally.h"

#define TIMES_MAX 1000000000u

struct noted {
    enum counter counter;
    uint8_t reason;
    bool temporary;
    uint16_t code;
    uint64_t count;
    uint8_t zone_octets;
    char zone[REPEAT_ZONE_OCTETS];
};

struct last_line {
    const struct tally *host;
    uint32_t n;
    struct noted events[REPEAT_EVENTS];
};

struct repeats {
    struct last_line lines[REPEAT_HOSTS];
};

struct repeats *repeats_new(void)
{
    return calloc(1, sizeof(struct repeats));
}

void repeats_free(struct repeats *repeats)
{
    free(repeats);
}

/* `repeated 3 times`, `repeats 3 times` */
static uint64_t times_of(struct span s, struct span words)
{
    uint64_t times;

    if (!span_take(&s, words) || !span_take_number(&s, &times) || !span_has_prefix(s, " time") || times > TIMES_MAX)
        return 0;
    return times;
}

uint64_t repeat_count(const struct header *header)
{
    struct span s = header->message;
    uint64_t times;

    if (s.n == 0 || (s.p[0] != 'm' && s.p[0] != 'l' && s.p[0] != 'a' && s.p[0] != '-'))
        return 0;
    if (header->service.n) /* rsyslog: the tag is that of the line which came again */
        return times_of(s, SPAN("message repeated "));
    span_take_literal(&s, "--- ");
    times = times_of(s, SPAN("last message repeated "));
    if (!times)
        times = times_of(s, SPAN("above message repeats "));
    return times ? times : times_of(s, SPAN("message repeated "));
}

static struct last_line *place_of(const struct repeats *repeats, const struct tally *host)
{
    return (struct last_line *)&repeats->lines[host->key & (REPEAT_HOSTS - 1)];
}

void repeats_begin(struct repeats *repeats, const struct tally *host)
{
    struct last_line *last = place_of(repeats, host);

    last->host = host;
    last->n = 0;
}

void repeats_note(struct repeats *repeats, const struct event *e)
{
    struct last_line *last = place_of(repeats, e->line->tally);
    struct noted *noted;

    if (last->host != e->line->tally || last->n == REPEAT_EVENTS)
        return;
    noted = &last->events[last->n++];
    noted->counter = e->counter;
    noted->reason = e->reason;
    noted->temporary = e->temporary;
    noted->code = e->code;
    noted->count = e->count;
    noted->zone_octets = e->zone.n <= sizeof noted->zone ? (uint8_t)e->zone.n : 0;
    if (noted->zone_octets)
        memcpy(noted->zone, e->zone.p, noted->zone_octets);
}

void repeats_again(const struct repeats *repeats, const struct line *line, uint64_t times,
                   void (*counted)(void *context, struct event *event), void *context)
{
    const struct last_line *last = place_of(repeats, line->tally);

    for (uint32_t i = 0; last->host == line->tally && i < last->n; i++) {
        const struct noted *noted = &last->events[i];
        struct event e = event_of(EVENT_COUNT, line);

        e.counter = noted->counter;
        e.reason = noted->reason;
        e.temporary = noted->temporary;
        e.code = noted->code;
        e.count = noted->count * times;
        e.zone = e.detail = (struct span){ noted->zone, noted->zone_octets };
        counted(context, &e);
    }
}

/* ---- the saved state ---- */

void repeats_forget(struct repeats *repeats)
{
    memset(repeats, 0, sizeof *repeats);
}

static void save_noted(const struct noted *noted, struct store *store)
{
    store_number(store, noted->counter);
    store_number(store, noted->reason);
    store_number(store, noted->temporary);
    store_number(store, noted->code);
    store_number(store, noted->count);
    store_octets(store, (struct span){ noted->zone, noted->zone_octets });
}

/* One of a counter that this version does not have is left out. */
static void load_noted(struct last_line *last, struct load *load)
{
    struct noted noted = { .counter = counter_of_number(load_number(load)) };
    struct span zone;

    noted.reason = reason_of_number(noted.counter, load_number(load));
    noted.temporary = load_number_to(load, 1) != 0;
    noted.code = (uint16_t)load_number_to(load, UINT16_MAX);
    noted.count = load_number(load);
    zone = load_octets(load, sizeof noted.zone);
    memcpy(noted.zone, zone.p, zone.n);
    noted.zone_octets = (uint8_t)zone.n;
    if (!load->failed && noted.counter != COUNTER_NONE)
        last->events[last->n++] = noted;
}

void repeats_save(const struct repeats *repeats, const struct tallies *tallies, struct store *store)
{
    uint64_t n = 0;

    for (size_t i = 0; i < REPEAT_HOSTS; i++)
        n += repeats->lines[i].n != 0;
    store_number(store, n);
    for (size_t i = 0; i < REPEAT_HOSTS; i++) {
        const struct last_line *last = &repeats->lines[i];

        if (!last->n)
            continue;
        tallies_save_row(tallies, store, last->host);
        store_number(store, last->n);
        for (uint32_t k = 0; k < last->n; k++)
            save_noted(&last->events[k], store);
    }
}

void repeats_load(struct repeats *repeats, struct tallies *tallies, struct load *load)
{
    for (uint64_t n = load_number_to(load, REPEAT_HOSTS); n && !load->failed; n--) {
        const struct tally *host = tallies_load_row(tallies, load);
        struct last_line *last = host ? place_of(repeats, host) : NULL;

        if (!last) {
            load_fails(load);
            return;
        }
        *last = (struct last_line){ .host = host };
        for (uint64_t k = load_number_to(load, REPEAT_EVENTS); k && !load->failed; k--)
            load_noted(last, load);
    }
}
