/* MIMEDefang.
 *
 *   line                                                     becomes
 *   MDLOG,QID,virus,NAME,..                                  virus
 *   MDLOG,QID,bad_filename,NAME,.. (bad_filetype)            banned
 *   MDLOG,QID,spam,SCORE,..                                  spam
 *   MDLOG,QID,suspicious_chars,..                            badHeader
 *   MDLOG,QID,mail_in, mail_out, message/partial ..          nothing
 *   QID: Bouncing, Discarding, Tempfailing because filter .. nothing: the MTA's line counts
 *
 * The filter is a Perl program of the site; these are the events of the one that comes with MIMEDefang. There is a line
 * for each recipient: the worst line of a queue id counts, once. Addresses and subject stand behind the event.
 *
 * Source of the format: mimedefang.pl, md_graphdefang_log(); examples/suggested-minimum-filter-for-windows-clients.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

static const struct {
    struct span word;
    enum counter counter;
} verdicts[] = {
    { SPAN("virus"), COUNTER_VIRUS },
    { SPAN("bad_filename"), COUNTER_BANNED },
    { SPAN("bad_filetype"), COUNTER_BANNED },
    { SPAN("spam"), COUNTER_SPAM },
    { SPAN("suspicious_chars"), COUNTER_BAD_HEADER },
};

static bool mimedefang(const struct line *line, struct events *events)
{
    struct span text = line->header.message, rest = text, id, event, detail = { text.p, 0 };

    if (!span_take_literal(&rest, "MDLOG,") || !span_take_until(&rest, ',', &id))
        return true;
    if (!span_take_until(&rest, ',', &event))
        event = rest;
    else if (!span_take_until(&rest, ',', &detail))
        detail = rest;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (span_eq(event, verdicts[i].word)) {
            struct span verdict_id = span_from(text.p, id.p + id.n);

            if (span_is(id, "NOQUEUE")) /* says nothing of which message it is */
                return put_count(line, events, verdicts[i].counter, detail);
            return put_verdict(line, events, verdict_id, verdicts[i].counter, id, detail);
        }
    return true;
}

static const struct service services[] = {
    { SPAN("mimedefang.pl"), mimedefang },
    { SPAN("mimedefang"), mimedefang },
    { SPAN("mimedefang-multiplexor"), mimedefang },
};

const struct recogniser recogniser_mimedefang = { .name = "mimedefang", SERVICES(services) };
