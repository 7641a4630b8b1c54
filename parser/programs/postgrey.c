/* postgrey.
 *
 *   line                                                          becomes
 *   action=pass, reason=triplet found, delay=302, client_..       greylistPassed
 *   delayed 302 seconds: client=..  (releases before 1.28)        greylistPassed
 *   action=greylist, ..                                           nothing: the MTA's refusal counts
 *
 * Source of the format: postgrey's smtpd_access_policy().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"
#include "../fields.h"

static void put_passed(const struct line *line, struct span seconds, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.counter = COUNTER_GREYLIST_PASSED;
    e.delay_ms = fields_seconds_ms(seconds);
    events_put(events, &e);
}

static bool postgrey(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, key, value, id;
    bool pass = false;

    if (span_take_literal(&rest, "delayed ")) {
        put_passed(line, rest, events);
        return true;
    }
    if (!span_has_prefix(rest, "action=") && span_take_until(&rest, ':', &id)) /* `QID: action=` since 1.37 */
        span_take_char(&rest, ' ');
    while (fields_next(&rest, ',', &key, &value)) {
        if (span_is(key, "action"))
            pass = span_is(value, "pass");
        else if (span_is(key, "delay") && pass)
            put_passed(line, value, events);
        else if (span_has_prefix(key, "client_")) /* from here on the client chose */
            break;
    }
    return true;
}

static const struct service services[] = {
    { SPAN("postgrey"), postgrey },
};

const struct recogniser recogniser_postgrey = { .name = "postgrey", .any_instance = true, SERVICES(services) };
