/* The table of recognisers, and the look-up of a program's rules.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "recogniser.h"

/* One row for each: recogniser_NAME of programs/. */
#define RECOGNISERS(ROW) \
    ROW(postfix)         \
    ROW(postfix_short)   \
    ROW(amavis)          \
    ROW(spamassassin)    \
    ROW(clamav)          \
    ROW(clamd)           \
    ROW(postgrey)        \
    ROW(greylisting)     \
    ROW(rspamd)          \
    ROW(mailscanner)     \
    ROW(mimedefang)      \
    ROW(dspam)           \
    ROW(drweb)           \
    ROW(bogofilter)      \
    ROW(old_scanners)    \
    ROW(policyd_spf)     \
    ROW(policyd_weight)  \
    ROW(postfwd)         \
    ROW(opendkim)        \
    ROW(opendmarc)       \
    ROW(silent)          \
    ROW(dovecot)         \
    ROW(cyrus)           \
    ROW(saslauthd)       \
    ROW(exim)            \
    ROW(opensmtpd)       \
    ROW(courier)         \
    ROW(sendmail)        \
    ROW(qmail)           \
    ROW(qpsmtpd)

#define DECLARE(name)  extern const struct recogniser recogniser_##name;
#define POINT_TO(name) &recogniser_##name,
RECOGNISERS(DECLARE)
const struct recogniser *const recognisers[] = { RECOGNISERS(POINT_TO) };
const size_t recognisers_n = sizeof recognisers / sizeof recognisers[0];

const struct recogniser *recogniser_named(struct span name)
{
    for (size_t i = 0; i < recognisers_n; i++)
        if (span_eq(name, span_of(recognisers[i]->name)))
            return recognisers[i];
    return NULL;
}

/* Length, first and last octet tell the names apart well enough. */
static size_t slot_of(struct span name)
{
    unsigned first = name.n ? (uint8_t)name.p[0] : 0, last = name.n ? (uint8_t)name.p[name.n - 1] : 0;

    return (name.n * 61 + first * 31 + last * 7) % DISPATCH_SLOTS;
}

static void dispatch_add(struct dispatch *dispatch, const struct recogniser *recogniser, const struct service *service)
{
    size_t slot = slot_of(service->name);

    while (dispatch->slots[slot].service)
        slot = (slot + 1) % DISPATCH_SLOTS;
    dispatch->slots[slot].recogniser = recogniser;
    dispatch->slots[slot].service = service;
}

void dispatch_build(struct dispatch *dispatch, const bool *enabled)
{
    size_t untagged_n = 0;

    memset(dispatch, 0, sizeof *dispatch);
    for (size_t i = 0; i < recognisers_n; i++) {
        for (size_t s = 0; enabled[i] && s < recognisers[i]->services_n; s++)
            dispatch_add(dispatch, recognisers[i], &recognisers[i]->services[s]);
        if (enabled[i] && recognisers[i]->family.n && dispatch->families_n < DISPATCH_FAMILIES)
            dispatch->families[dispatch->families_n++] = recognisers[i];
        if (enabled[i] && recognisers[i]->untagged && untagged_n < DISPATCH_UNTAGGED)
            dispatch->untagged[untagged_n++] = recognisers[i]->untagged;
    }
}

static const struct service *find_in_families(const struct dispatch *dispatch, const struct header *header)
{
    for (size_t i = 0; i < dispatch->families_n; i++)
        if (span_starts(header->service, dispatch->families[i]->family) &&
            dispatch->families[i]->needs_instance == (header->instance.n > 0))
            return &dispatch->families[i]->services[0];
    return NULL;
}

const struct service *dispatch_find(const struct dispatch *dispatch, const struct header *header)
{
    size_t slot = slot_of(header->service);
    const struct service *service;

    for (; (service = dispatch->slots[slot].service); slot = (slot + 1) % DISPATCH_SLOTS)
        if (span_eq(service->name, header->service) &&
            (dispatch->slots[slot].recogniser->any_instance ||
             dispatch->slots[slot].recogniser->needs_instance == (header->instance.n > 0)))
            return service;
    return find_in_families(dispatch, header);
}
