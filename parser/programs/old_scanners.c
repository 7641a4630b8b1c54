/* Filters of long ago that people still read logs of, and small ones: each says its verdict in a word or two.
 *
 *   service                          line                              becomes
 *   vagatefwd (Vexira)               VIRUS ..                          virus
 *   hook (Vexira)                    ***.. Virus ..                    virus
 *                                    .. contains spam ..               spam
 *   avgatefwd, avmailgate.bin,       Alert! ..                         virus
 *   avmilter (AntiVir)               .. blocked.                       virus
 *   avcheck                          infected ..                       virus
 *   smtp-vilter                      clamd: found ..                   virus
 *   sta_scanner                      QID: virus ..                     virus
 *   filter-module                    .. spam_status=yes, =spam ..      spam
 *   BlackHole                        .. Virus ..                       virus
 *                                    .. RBL, Razor, Spam ..            spam
 *   dspam                            .. spam detected from ..          spam
 *                                    .. infected message from ..       virus
 *   drweb-postfix, drweb-sendmail .. .. infected ..                    virus, unless it says `not infected`
 *   bogofilter                       X-Bogosity: Spam, .. (Yes, ..)    spam
 *
 * The first row that fits decides. A word that may stand anywhere is looked for outside of <..>, "..", '..' and (..)
 * only: what stands in those was chosen by others.
 *
 * Source: mailgraph's list of programs; dspam(1); bogofilter(1), log_header_format; drweb-postfix's documentation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

enum place { PLACE_START, PLACE_END, PLACE_ANYWHERE, PLACE_BEHIND_STARS, PLACE_BEHIND_ID };

static const struct rule {
    struct span service;
    enum place place;
    struct span word;
    enum counter counter;
} rules[] = {
    { SPAN("vagatefwd"), PLACE_START, SPAN("VIRUS"), COUNTER_VIRUS },
    { SPAN("hook"), PLACE_BEHIND_STARS, SPAN(" Virus"), COUNTER_VIRUS },
    { SPAN("hook"), PLACE_ANYWHERE, SPAN("contains spam"), COUNTER_SPAM },
    { SPAN("avgatefwd"), PLACE_START, SPAN("Alert!"), COUNTER_VIRUS },
    { SPAN("avgatefwd"), PLACE_END, SPAN("blocked."), COUNTER_VIRUS },
    { SPAN("avmailgate.bin"), PLACE_START, SPAN("Alert!"), COUNTER_VIRUS },
    { SPAN("avmailgate.bin"), PLACE_END, SPAN("blocked."), COUNTER_VIRUS },
    { SPAN("avmilter"), PLACE_START, SPAN("Alert!"), COUNTER_VIRUS },
    { SPAN("avmilter"), PLACE_END, SPAN("blocked."), COUNTER_VIRUS },
    { SPAN("avcheck"), PLACE_START, SPAN("infected"), COUNTER_VIRUS },
    { SPAN("smtp-vilter"), PLACE_ANYWHERE, SPAN("clamd: found"), COUNTER_VIRUS },
    { SPAN("sta_scanner"), PLACE_BEHIND_ID, SPAN("virus"), COUNTER_VIRUS },
    { SPAN("filter-module"), PLACE_ANYWHERE, SPAN("spam_status=yes"), COUNTER_SPAM },
    { SPAN("filter-module"), PLACE_ANYWHERE, SPAN("spam_status=spam"), COUNTER_SPAM },
    { SPAN("BlackHole"), PLACE_ANYWHERE, SPAN("Virus"), COUNTER_VIRUS },
    { SPAN("BlackHole"), PLACE_ANYWHERE, SPAN("RBL"), COUNTER_SPAM },
    { SPAN("BlackHole"), PLACE_ANYWHERE, SPAN("Razor"), COUNTER_SPAM },
    { SPAN("BlackHole"), PLACE_ANYWHERE, SPAN("Spam"), COUNTER_SPAM },
    { SPAN("dspam"), PLACE_ANYWHERE, SPAN("spam detected from"), COUNTER_SPAM },
    { SPAN("dspam"), PLACE_ANYWHERE, SPAN("infected message from"), COUNTER_VIRUS },
    { SPAN("drweb-postfix"), PLACE_ANYWHERE, SPAN("infected"), COUNTER_VIRUS },
    { SPAN("drweb-sendmail"), PLACE_ANYWHERE, SPAN("infected"), COUNTER_VIRUS },
    { SPAN("drweb-exim"), PLACE_ANYWHERE, SPAN("infected"), COUNTER_VIRUS },
    { SPAN("drweb-qmail"), PLACE_ANYWHERE, SPAN("infected"), COUNTER_VIRUS },
    { SPAN("bogofilter"), PLACE_START, SPAN("X-Bogosity: Spam,"), COUNTER_SPAM },
    { SPAN("bogofilter"), PLACE_START, SPAN("X-Bogosity: Yes,"), COUNTER_SPAM },
};

/* Where what opens at p[i] closes; i itself when it does not, or when an apostrophe is only one in a word. */
static size_t end_of_quoted(struct span s, size_t i)
{
    static const char pairs[] = "<>\"\"''()";
    const char *pair = pairs, *end;

    while (*pair && *pair != s.p[i])
        pair += 2;
    if (!*pair || (*pair == '\'' && i && is_alnum(s.p[i - 1])))
        return i;
    s.n = s.n - i < SPAN_BRACKETED_OCTETS ? s.n : i + SPAN_BRACKETED_OCTETS;
    end = span_chr(span_skip(s, i + 1), pair[1]);
    return end ? (size_t)(end - s.p) : i;
}

/* The word by itself, outside of what was quoted, and not denied. */
static bool says(struct span s, struct span word)
{
    for (size_t i = 0; i + word.n <= s.n; i++) {
        size_t end = end_of_quoted(s, i);

        if (end > i)
            i = end;
        else if (s.p[i] == word.p[0] && span_starts(span_skip(s, i), word) && (i == 0 || !is_alnum(s.p[i - 1])) &&
                 (i + word.n == s.n || !is_alnum(s.p[i + word.n])) && !span_ends(span_first(s, i), SPAN("not ")))
            return true;
    }
    return false;
}

static bool fits(const struct rule *rule, struct span s)
{
    size_t n = 0;

    switch (rule->place) {
    case PLACE_START:
        return span_starts(s, rule->word);
    case PLACE_END:
        return span_ends(s, rule->word);
    case PLACE_ANYWHERE:
        return says(s, rule->word);
    case PLACE_BEHIND_STARS:
        while (n < s.n && s.p[n] == '*')
            n++;
        return n && span_starts(span_skip(s, n), rule->word);
    case PLACE_BEHIND_ID:
        while (n < s.n && is_alnum(s.p[n]))
            n++;
        s = span_skip(s, n);
        return n && span_take_literal(&s, ": ") && span_starts(s, rule->word);
    }
    return false;
}

static bool old_scanner(const struct line *line, struct events *events)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (span_eq(line->header.service, rules[i].service) && fits(&rules[i], line->header.message))
            return put_count(line, events, rules[i].counter, NO_DETAIL);
    return true;
}

static const struct service old_services[] = {
    { SPAN("vagatefwd"), old_scanner },     { SPAN("hook"), old_scanner },
    { SPAN("avgatefwd"), old_scanner },     { SPAN("avmailgate.bin"), old_scanner },
    { SPAN("avmilter"), old_scanner },      { SPAN("avcheck"), old_scanner },
    { SPAN("smtp-vilter"), old_scanner },   { SPAN("sta_scanner"), old_scanner },
    { SPAN("filter-module"), old_scanner }, { SPAN("BlackHole"), old_scanner },
};
static const struct service dspam_services[] = {
    { SPAN("dspam"), old_scanner },
};
static const struct service drweb_services[] = {
    { SPAN("drweb-postfix"), old_scanner },
    { SPAN("drweb-sendmail"), old_scanner },
    { SPAN("drweb-exim"), old_scanner },
    { SPAN("drweb-qmail"), old_scanner },
};
static const struct service bogofilter_services[] = {
    { SPAN("bogofilter"), old_scanner },
};

const struct recogniser recogniser_old_scanners = { .name = "old-scanners", SERVICES(old_services) };
const struct recogniser recogniser_dspam = { .name = "dspam", SERVICES(dspam_services) };
const struct recogniser recogniser_drweb = { .name = "drweb", SERVICES(drweb_services) };
const struct recogniser recogniser_bogofilter = { .name = "bogofilter", SERVICES(bogofilter_services) };
