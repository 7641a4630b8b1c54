/* When something is worth a notification.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "notify.h"

#include <stdlib.h>

#define SENT_AT_ONCE 16 /* of the rest each waits for another second */

/* Trouble of one thing: since when it is as it is now, and what was told of it. */
struct trouble {
    int64_t since_ms;
    bool is, told;
};

/* When something happened last: here, or on a host. */
struct pulse {
    int64_t event;      /* the time of the last event, by its line */
    int64_t noticed_ms; /* when it was seen that this is it */
    bool told, known;
};

struct notify {
    bool (*send)(void *context, struct mib_view *view, const struct notify_about *about);
    void *context;
    struct config_notify settings;
    struct trouble *sources; /* by the number of the source */
    size_t sources_n;
    struct pulse all, *hosts; /* by the host's place in the tallies */
    size_t hosts_n;
    bool rates_told[NOTIFY_RATES_MAX];
    bool risk_told;
    unsigned sent; /* during this look */
};

struct notify *notify_new(bool (*send)(void *context, struct mib_view *view, const struct notify_about *about),
                          void *context)
{
    struct notify *n = calloc(1, sizeof *n);

    if (!n)
        return NULL;
    n->send = send;
    n->context = context;
    return n;
}

void notify_free(struct notify *n)
{
    if (!n)
        return;
    free(n->sources);
    free(n->hosts);
    free(n);
}

void notify_configure(struct notify *n, const struct config_notify *settings)
{
    n->settings = *settings;
    memset(n->rates_told, 0, sizeof n->rates_told);
}

/* Tells that `*told` becomes `is`; it does when it could be sent. */
static void tell(struct notify *n, struct mib_view *view, bool *told, bool is, struct notify_about about)
{
    if (*told == is || n->sent >= SENT_AT_ONCE || !n->send(n->context, view, &about))
        return;
    *told = is;
    n->sent++;
}

/* At least so many of a growing array, the new ones zero. */
static bool make_room(void **array, size_t *room, size_t wanted, size_t octets)
{
    char *grown;

    if (wanted <= *room)
        return true;
    wanted += wanted / 2;
    grown = realloc(*array, wanted * octets);
    if (!grown)
        return false;
    memset(grown + *room * octets, 0, (wanted - *room) * octets);
    *array = grown;
    *room = wanted;
    return true;
}

/* ---- sources ---- */

static void look_at_source(struct notify *n, struct mib_view *view, size_t row, int64_t now_ms)
{
    const struct snapshot_source *source = &view->snapshot->sources[row];
    bool is = source->status.state >= SOURCE_MISSING;
    struct trouble *trouble;

    if (!make_room((void **)&n->sources, &n->sources_n, source->number + 1, sizeof *n->sources))
        return;
    trouble = &n->sources[source->number];
    if (trouble->is != is || trouble->since_ms == 0) {
        trouble->is = is;
        trouble->since_ms = now_ms;
    }
    if (now_ms - trouble->since_ms >= (int64_t)n->settings.source_s * 1000)
        tell(n, view, &trouble->told, is,
             (struct notify_about){ .what = is ? NOTIFY_SOURCE_DOWN : NOTIFY_SOURCE_UP, .row = row });
}

/* ---- silence ---- */

/* What was silent long before it was first looked at was told by the daemon that ran before. */
static void first_look(struct pulse *pulse, int64_t event, int64_t age_s, uint32_t after_s, int64_t now_ms)
{
    pulse->known = true;
    pulse->event = event;
    pulse->noticed_ms = now_ms - (event == TIME_UNKNOWN || age_s < 0 ? 0 : age_s) * 1000;
    pulse->told = event != TIME_UNKNOWN && age_s >= 2 * (int64_t)after_s;
}

static void look_at_pulse(struct notify *n, struct mib_view *view, struct pulse *pulse, int64_t event, uint32_t after_s,
                          size_t row, int64_t now_ms)
{
    bool is;

    if (after_s == 0)
        return;
    if (!pulse->known)
        first_look(pulse, event, view->now - event, after_s, now_ms);
    if (pulse->event != event) {
        pulse->event = event;
        pulse->noticed_ms = now_ms;
    }
    is = now_ms - pulse->noticed_ms >= (int64_t)after_s * 1000;
    tell(n, view, &pulse->told, is,
         (struct notify_about){ .what = is ? NOTIFY_SILENT : NOTIFY_SILENT_ENDED, .row = row });
}

static void look_at_hosts(struct notify *n, struct mib_view *view, int64_t now_ms)
{
    const struct snapshot *s = view->snapshot;

    if (n->settings.host_silent_s == 0 ||
        !make_room((void **)&n->hosts, &n->hosts_n, tallies_hosts(s->tallies), sizeof *n->hosts))
        return;
    for (size_t row = 0; row < s->hosts_n; row++) {
        const struct tally *host = tallies_host_at(s->tallies, s->hosts[row]);

        if (host->last_event != TIME_UNKNOWN) /* else it never did anything */
            look_at_pulse(n, view, &n->hosts[s->hosts[row]], host->last_event, n->settings.host_silent_s, row, now_ms);
    }
}

/* ---- rates ---- */

static void look_at_rates(struct notify *n, struct mib_view *view)
{
    for (size_t i = 0; i < n->settings.rates_n; i++) {
        const struct config_rate *rate = &n->settings.rates[i];
        uint64_t events = tallies_recent(view->snapshot->tallies, rate->counter, view->now, rate->span_s);

        if (events > rate->high)
            tell(n, view, &n->rates_told[i], true, (struct notify_about){ .what = NOTIFY_RATE_HIGH, .rate = rate });
        else if (events <= rate->normal)
            tell(n, view, &n->rates_told[i], false, (struct notify_about){ .what = NOTIFY_RATE_NORMAL, .rate = rate });
    }
}

void notify_look(struct notify *n, struct mib_view *view, int64_t now_ms)
{
    const struct snapshot *s = view->snapshot;

    n->sent = 0;
    if (s->state_at_risk)
        tell(n, view, &n->risk_told, true, (struct notify_about){ .what = NOTIFY_STATE_AT_RISK });
    else
        n->risk_told = false; /* that it is well again is no notification */
    for (size_t row = 0; n->settings.source_s && row < s->sources_n; row++)
        look_at_source(n, view, row, now_ms);
    if (!s->backlog_read) /* events of the past are no sign of life, nor is their want one of silence */
        return;
    look_at_pulse(n, view, &n->all, s->counts.last_event, n->settings.silent_s, NOTIFY_ALL_HOSTS, now_ms);
    look_at_hosts(n, view, now_ms);
    look_at_rates(n, view);
}
