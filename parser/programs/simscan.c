/* simscan, which qmail-smtpd runs in place of qmail-queue: its lines stand among qmail-smtpd's.
 *
 *   line                                                      becomes
 *   simscan:[PID]:VIRUS:TIMEs:NAME:IP:FROM:TO                 virus; VIRUS DROPPED likewise
 *   simscan:[PID]:ATTACH:TIMEs:NAME:IP:FROM:TO                banned
 *   simscan:[PID]:SPAM REJECT (HITS/REQUIRED):TIMEs:SUBJECT:.. spam; SPAM PASSTHRU likewise
 *   simscan:[PID]:CLEAN, REGEX ..; what it says when debugged nothing
 *
 * Source of the format: simscan.c, log_message() and its callers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "qmail.h"

static const struct {
    struct span word;
    enum counter counter;
} states[] = {
    { SPAN("VIRUS:"), COUNTER_VIRUS },
    { SPAN("VIRUS DROPPED:"), COUNTER_VIRUS },
    { SPAN("ATTACH:"), COUNTER_BANNED },
    { SPAN("SPAM "), COUNTER_SPAM },
};

bool qmail_simscan(const struct line *line, struct span rest, struct events *events)
{
    struct span pid, detail;

    if (!span_take_until(&rest, ']', &pid) || !span_take_char(&rest, ':'))
        return false;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (!span_take(&rest, states[i].word))
            continue;
        if (states[i].counter == COUNTER_SPAM) { /* `REJECT (12.20/5.00)` */
            if (!span_take_until(&rest, '(', &detail) || !span_take_until(&rest, ')', &detail))
                detail.n = 0;
        } else if (!span_take_until(&rest, ':', &detail) || !span_take_until(&rest, ':', &detail)) {
            detail.n = 0;
        }
        return put_count(line, events, states[i].counter, detail);
    }
    return true;
}
