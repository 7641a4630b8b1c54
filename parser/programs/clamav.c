/* ClamAV.
 *
 *   service         line                                            becomes
 *   clamav-milter   Message .. infected by NAME; Intercepted ..     virus
 *   clamsmtpd       ID: from=.., to=.., status=VIRUS:NAME           virus
 *   clamd           PATH: NAME FOUND                                virus; off by default: behind amavis or a milter it
 *                                                                   says the same thing a second time
 *
 * Source of the formats: clamav-milter/clamfi.c, clamd/scanner.c, clamsmtpd's clamsmtpd.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"

static void put_virus(const struct line *line, struct span name, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.counter = COUNTER_VIRUS;
    e.detail = name;
    events_put(events, &e);
}

/* `QID: NAME Intercepted virus from <..> to <..>`, or without what stands before: releases before 0.95. Addresses and
 * subjects of other lines stand behind a `<` or a quote. */
static bool is_intercepted(struct span s)
{
    size_t end = 0;

    while (end < s.n && s.p[end] != '<' && s.p[end] != '\'' && s.p[end] != '"')
        end++;
    return span_mentions(span_first(s, end), "Intercepted") && !span_has_prefix(s, "Clean message");
}

/* A clean message's line begins with `Clean message`, so a subject in it forges nothing. */
static bool clamav_milter(const struct line *line, struct events *events)
{
    static const struct span infected = { " infected by ", 13 };
    struct span rest = line->header.message;
    size_t at;

    if (span_has_prefix(rest, "Message ")) {
        at = span_find(rest, infected);
        if (at < rest.n)
            put_virus(line, span_skip(rest, at + infected.n), events);
    } else if (is_intercepted(rest)) {
        put_virus(line, (struct span){ rest.p, 0 }, events);
    }
    return true;
}

static bool is_virus_name(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '@' || s.p[i] == ',')
            return false;
    return true;
}

/* status= is the last field; what stands before it was chosen by the client. When clamd does not answer there is none,
 * and what looks like one is part of an address, whose quotes end later. */
static bool clamsmtpd(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, last = { rest.p, 0 };
    size_t at;

    while ((at = span_find(rest, SPAN(", status="))) < rest.n)
        last = rest = span_skip(rest, at + sizeof ", status=" - 1);
    if (span_take_literal(&last, "VIRUS") && (!last.n || span_take_char(&last, ':')) && is_virus_name(last))
        put_virus(line, last, events);
    return true;
}

static bool clamd(const struct line *line, struct events *events)
{
    static const struct span found = { " FOUND", 6 };
    struct span rest = line->header.message;
    size_t at = rest.n;

    if (!span_ends(rest, found))
        return true;
    rest.n -= found.n;
    for (at = rest.n; at && rest.p[at - 1] != ' ';)
        at--;
    if (at > 1 && rest.p[at - 2] == ':')
        put_virus(line, span_skip(rest, at), events);
    return true;
}

static const struct service services[] = {
    { SPAN("clamav-milter"), clamav_milter },
    { SPAN("clamsmtpd"), clamsmtpd },
};
static const struct service clamd_services[] = {
    { SPAN("clamd"), clamd },
};

const struct recogniser recogniser_clamav = { .name = "clamav", SERVICES(services) };
const struct recogniser recogniser_clamd = { .name = "clamd", .off_by_default = true, SERVICES(clamd_services) };
