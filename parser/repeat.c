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
