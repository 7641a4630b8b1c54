/* MailScanner.
 *
 *   line                                       becomes
 *   Spam Checks: Found N spam messages         N spam
 *   Virus Scanning: Found N viruses            N virus (`infections` in forks)
 *   Bounce to ADDRESS                          bounced
 *   Message ID from .. is spam, ..             nothing: the batch's line counts it
 *   ENGINE: .. found N infections              nothing: each engine says so, and the batch's line again
 *   Other Checks, Content Checks: Found N ..   nothing: parts of messages, for many reasons
 *
 * Source of the formats: MailScanner's MessageBatch.pm (SpamChecks, VirusScan), SweepViruses.pm, Message.pm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

#define BATCH_MAX 100000 /* of messages in a batch; what is above is no number of MailScanner's */

static const struct {
    struct span beginning, end;
    enum counter counter;
} batch_lines[] = {
    { SPAN("Spam Checks: Found "), SPAN(" spam messages"), COUNTER_SPAM },
    { SPAN("Virus Scanning: Found "), SPAN(" viruses"), COUNTER_VIRUS },
    { SPAN("Virus Scanning: Found "), SPAN(" infections"), COUNTER_VIRUS },
};

static bool mailscanner(const struct line *line, struct events *events)
{
    struct span text = line->header.message;
    uint64_t n;

    for (size_t i = 0; i < sizeof batch_lines / sizeof batch_lines[0]; i++) {
        struct span rest = text;

        if (span_take(&rest, batch_lines[i].beginning) && span_take_number(&rest, &n) && n <= BATCH_MAX &&
            span_take(&rest, batch_lines[i].end))
            return put_count_of(line, events, batch_lines[i].counter, n, NO_DETAIL);
    }
    if (span_has_prefix(text, "Bounce to "))
        return put_count(line, events, COUNTER_BOUNCED, NO_DETAIL);
    return true;
}

static const struct service services[] = {
    { SPAN("MailScanner"), mailscanner },
};

const struct recogniser recogniser_mailscanner = { .name = "mailscanner", SERVICES(services) };
