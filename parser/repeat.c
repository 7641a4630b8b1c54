/* Repeated lines.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "repeat.h"

#include <stdlib.h>

#define TIMES_MAX    1000000000u
#define PLACES_FIRST 64

struct noted {
    uint64_t count;
    uint16_t code;
    uint8_t counter, reason;
    bool temporary;
    uint8_t zone, zone_octets; /* in the line's zones */
};

/* What a host's last line counted, so many events as its row says. Most have no zone; what finds no room for its zone
 * comes again without it. */
struct last_line {
    struct tally *host;
    struct noted events[REPEAT_EVENTS];
    uint8_t zones_octets;
    char zones[REPEAT_ZONES_OCTETS];
};

/* A host gets its place when it first counts something, and its row knows the place: hosts are capped, so this is. */
struct repeats {
    struct last_line *lines;
    uint32_t n, room;
};

struct repeats *repeats_new(void)
{
    return calloc(1, sizeof(struct repeats));
}

void repeats_free(struct repeats *repeats)
{
    if (repeats)
        free(repeats->lines);
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

/* NULL: it counted nothing yet. The row may know the place that it had with an earlier parser. */
static struct last_line *place_of(const struct repeats *repeats, const struct tally *host)
{
    return host->last_line < repeats->n && repeats->lines[host->last_line].host == host
               ? &repeats->lines[host->last_line]
               : NULL;
}

/* NULL without memory. */
static struct last_line *make_place(struct repeats *repeats, struct tally *host)
{
    if (repeats->n == repeats->room) {
        uint32_t room = repeats->room ? 2 * repeats->room : PLACES_FIRST;
        struct last_line *more = reallocarray(repeats->lines, room, sizeof *more);

        if (!more)
            return NULL;
        repeats->lines = more;
        repeats->room = room;
    }
    host->last_line = repeats->n++;
    repeats->lines[host->last_line].host = host;
    return &repeats->lines[host->last_line];
}

static void note_zone(struct last_line *last, struct noted *noted, struct span zone)
{
    noted->zone = last->zones_octets;
    noted->zone_octets = zone.n <= sizeof last->zones - last->zones_octets ? (uint8_t)zone.n : 0;
    if (noted->zone_octets)
        memcpy(last->zones + noted->zone, zone.p, noted->zone_octets);
    last->zones_octets = (uint8_t)(last->zones_octets + noted->zone_octets);
}

void repeats_note(struct repeats *repeats, const struct event *e)
{
    struct tally *host = e->line->tally;
    struct last_line *last = place_of(repeats, host);
    struct noted *noted;

    if (host->last_events == REPEAT_EVENTS || (!last && !(last = make_place(repeats, host))))
        return;
    if (host->last_events == 0)
        last->zones_octets = 0;
    noted = &last->events[host->last_events++];
    *noted = (struct noted){ e->count, e->code, (uint8_t)e->counter, e->reason, e->temporary, 0, 0 };
    note_zone(last, noted, e->zone);
}

void repeats_again(const struct repeats *repeats, const struct line *line, uint64_t times,
                   void (*counted)(void *context, struct event *event), void *context)
{
    const struct last_line *last = place_of(repeats, line->tally);

    for (uint32_t i = 0; last && i < line->tally->last_events; i++) {
        const struct noted *noted = &last->events[i];
        struct event e = event_of(EVENT_COUNT, line);

        e.counter = (enum counter)noted->counter;
        e.reason = noted->reason;
        e.temporary = noted->temporary;
        e.code = noted->code;
        e.count = noted->count * times;
        e.zone = e.detail = (struct span){ last->zones + noted->zone, noted->zone_octets };
        counted(context, &e);
    }
}

/* ---- the saved state ---- */

void repeats_forget(struct repeats *repeats)
{
    for (uint32_t i = 0; i < repeats->n; i++)
        repeats->lines[i].host->last_events = 0;
    repeats->n = 0;
}

static void save_noted(const struct last_line *last, const struct noted *noted, struct store *store)
{
    store_number(store, noted->counter);
    store_number(store, noted->reason);
    store_number(store, noted->temporary);
    store_number(store, noted->code);
    store_number(store, noted->count);
    store_octets(store, (struct span){ last->zones + noted->zone, noted->zone_octets });
}

/* One of a counter that this version does not have is left out. */
static void load_noted(struct last_line *last, struct load *load)
{
    enum counter counter = counter_of_number(load_number(load));
    struct noted noted = { .reason = reason_of_number(counter, load_number(load)) };
    struct span zone;

    noted.counter = (uint8_t)counter;
    noted.temporary = load_number_to(load, 1) != 0;
    noted.code = (uint16_t)load_number_to(load, UINT16_MAX);
    noted.count = load_number(load);
    zone = load_octets(load, sizeof last->zones);
    if (load->failed || counter == COUNTER_NONE)
        return;
    note_zone(last, &noted, zone);
    last->events[last->host->last_events++] = noted;
}

void repeats_save(const struct repeats *repeats, const struct tallies *tallies, struct store *store)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < repeats->n; i++)
        n += repeats->lines[i].host->last_events != 0;
    store_number(store, n);
    for (uint32_t i = 0; i < repeats->n; i++) {
        const struct last_line *last = &repeats->lines[i];

        if (!last->host->last_events)
            continue;
        tallies_save_row(tallies, store, last->host);
        store_number(store, last->host->last_events);
        for (uint32_t k = 0; k < last->host->last_events; k++)
            save_noted(last, &last->events[k], store);
    }
}

void repeats_load(struct repeats *repeats, struct tallies *tallies, struct load *load)
{
    for (uint64_t n = load_number_to(load, HOSTS_CAP + 1); n && !load->failed; n--) {
        struct tally *host = tallies_load_row(tallies, load);
        struct last_line *last = host && !place_of(repeats, host) ? make_place(repeats, host) : NULL;

        if (!last) {
            load_fails(load);
            return;
        }
        host->last_events = last->zones_octets = 0;
        for (uint64_t k = load_number_to(load, REPEAT_EVENTS); k && !load->failed; k--)
            load_noted(last, load);
    }
}
