/* From a program's name to the rules for its lines.
 *
 * A mail program is one file in programs/ and one row in recogniser.c. Its table names the services it logs as;
 * the line goes to the function of that row, by one look-up whatever the number of programs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RECOGNISER_H
#define MAILTALLY_RECOGNISER_H

#include "event.h"

/* Where recognisers put what they found; parser.c has the function behind it. */
struct events {
    void (*event)(struct events *events, struct event *event);
    bool evidence_wanted; /* a message waits for EVENT_HANDED_OVER: else that event need not be looked for */
};

static inline void events_put(struct events *events, struct event *event)
{
    events->event(events, event);
}

/* True when the line is one of those that this program is known to write, whether or not it is an event. */
typedef bool recognise_fn(const struct line *line, struct events *events);

struct service {
    struct span name;
    recognise_fn *recognise;
};

struct recogniser {
    const char *name;    /* for enableProgram and disableProgram */
    bool needs_instance; /* its tags have a slash: postfix/smtpd, but not OpenSMTPD's smtpd */
    bool any_instance;   /* with a slash or without */
    bool off_by_default;
    const struct service *services;
    size_t services_n;
    recognise_fn *untagged; /* claims lines that have no tag; NULL: none */
    bool asks_host;         /* it calls tally_has_mta(): what a line says depends on those before it (ahead.h) */
    struct span family;     /* programs whose name begins so are its first service, too; empty: none */
};

#define SERVICES(table) .services = (table), .services_n = sizeof(table) / sizeof(table)[0]

/* All of them, in the order in which lines without a tag are offered. */
extern const struct recogniser *const recognisers[];
extern const size_t recognisers_n;

const struct recogniser *recogniser_named(struct span name);

/* A look-up table over the services of the recognisers that are switched on; owned by the caller. */
#define DISPATCH_SLOTS    512 /* a power of two, well above twice the number of services */
#define DISPATCH_FAMILIES 8
#define DISPATCH_UNTAGGED 15
struct dispatch {
    struct {
        const struct recogniser *recogniser;
        const struct service *service;
    } slots[DISPATCH_SLOTS];
    const struct recogniser *families[DISPATCH_FAMILIES];
    size_t families_n;
    recognise_fn *untagged[DISPATCH_UNTAGGED + 1]; /* of those that have it, in their order; ends with NULL */
};

/* `enabled[i]` switches recognisers[i]. */
void dispatch_build(struct dispatch *dispatch, const bool *enabled);

/* The rules for a program's lines; NULL for a program that is not known or switched off. */
const struct service *dispatch_find(const struct dispatch *dispatch, const struct header *header);

#endif
