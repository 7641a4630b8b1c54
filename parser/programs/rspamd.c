/* rspamd.
 *
 *   line                                                                    becomes
 *   .. rspamd_task_write_log: .. (default: T (reject): [15.20/15.00] ..     spam
 *   add header, rewrite subject, quarantine                                 likewise
 *   no action, greylist, soft reject, discard                               nothing: the MTA's line counts a refusal
 *
 * The letter before the action says only whether the message was refused, and is not read. The Message-ID (rspamd
 * writes no blanks in it) and the sender stand before the verdict, the recipients and parts of the text behind it, so
 * the fields are walked from the front and the first bracket that is no field's value should be the verdict. But
 * addresses are written without their quotes: a sender's local part may end its field early and go on with a verdict.
 * So a verdict must have symbols behind it, and where one is harmless, a later one that could be the true one is
 * looked for. Who writes a perfect one gets spam counted for his own message, as with any spam; he hides nothing.
 *
 * rspamd's own log has no tag, but `#PID(worker) ` before the message.
 *
 * Source of the format: rspamd, the default of log_format in src/libserver/cfg_rcl.c and conf/logging.inc;
 * rspamd_task_log_metric_res() in src/libserver/task.c; rspamd_action_to_str().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

/* A line has one, and as many more as its sender and recipients pretend. */
#define MAX_VERDICTS 16

static const struct span spam_actions[] = {
    SPAN("reject"),
    SPAN("add header"),
    SPAN("rewrite subject"),
    SPAN("quarantine"),
};

static bool is_spam(struct span action)
{
    for (size_t i = 0; i < sizeof spam_actions / sizeof spam_actions[0]; i++)
        if (span_eq(action, spam_actions[i]))
            return true;
    return false;
}

/* `#1001(normal) <a1b2c3>; task; rspamd_task_write_log: `; each but the name of the function may be missing. */
static bool take_beginning(struct span *s)
{
    struct span rest = *s, part;

    if (span_take_char(&rest, '#') && !span_take_until(&rest, ' ', &part))
        return false;
    if (rest.n && rest.p[0] == '<' && (!span_take_until(&rest, ';', &part) || !span_take_char(&rest, ' ')))
        return false;
    if (!span_take_until(&rest, ':', &part) || !span_take_char(&rest, ' ') ||
        !span_ends(part, SPAN("rspamd_task_write_log")))
        return false;
    *s = rest;
    return true;
}

static void skip_blanks(struct span *s)
{
    while (s->n && s->p[0] == ' ')
        *s = span_skip(*s, 1);
}

/* `id: <..>, ` or `ip: .., `. */
static bool take_field(struct span *s, struct span *key, struct span *value)
{
    struct span rest = *s;

    if (!span_take_until(&rest, ':', key) || !span_take_char(&rest, ' '))
        return false;
    for (size_t i = 0; i < key->n; i++)
        if (!is_alnum(key->p[i]) && key->p[i] != '_')
            return false;
    if (span_take_char(&rest, '<')) {
        size_t end = span_find(rest, SPAN(">,"));

        if (end == rest.n)
            return false;
        *value = span_first(rest, end);
        rest = span_skip(rest, end + 2);
    } else if (!span_take_until(&rest, ',', value)) {
        return false;
    }
    skip_blanks(&rest);
    *s = rest;
    return true;
}

/* What stands behind a verdict: ` [NAME(1.00){..},..`, ` []`; or no list, in a format that has none. */
static bool symbols_follow(struct span s)
{
    size_t n = 0;

    if (!span_take_literal(&s, " ["))
        return !s.n || s.p[0] == ',' || s.p[0] == ')';
    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '_' || s.p[n] == '-' || s.p[n] == '.' || s.p[n] == ':'))
        n++;
    return n < s.n && (s.p[n] == ']' || (n && (s.p[n] == '(' || s.p[n] == ',')));
}

/* `(default: T (reject): [15.20/15.00] [`, or `(reject): [15.20/15.00] [` of a format without the metric. */
static bool take_verdict(struct span *s, struct span *action, struct span *score)
{
    struct span rest = *s, metric, limit;

    if (!span_take_char(&rest, '('))
        return false;
    if (span_has_prefix(rest, "default: ") && (!span_take_until(&rest, '(', &metric) || metric.n > 12))
        return false;
    if (!span_take_until(&rest, ')', action) || !span_take_literal(&rest, ": [") ||
        !span_take_until(&rest, '/', score) || !span_take_until(&rest, ']', &limit) || !symbols_follow(rest))
        return false;
    *s = rest;
    return true;
}

/* On to the next place where a verdict may stand. */
static bool find_verdict(struct span *s)
{
    static const struct span before = SPAN(">, (");
    size_t at = span_find(*s, before);

    *s = span_skip(*s, at < s->n ? at + before.n - 1 : s->n);
    return s->n > 0;
}

static void walk_fields(struct span *s, struct event *e)
{
    struct span key, value;

    while (s->n && s->p[0] != '(' && take_field(s, &key, &value)) {
        if (span_is(key, "qid") && !e->queue_id.n)
            e->queue_id = value;
        else if (span_is(key, "ip") && !e->client.n)
            e->client = value;
        else if (span_is(key, "from") && !e->from.n)
            e->from = value;
    }
}

static bool task(const struct line *line, struct events *events, struct span rest)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span action;
    bool found = false;

    walk_fields(&rest, &e);
    e.counter = COUNTER_SPAM;
    for (int i = 0; i < MAX_VERDICTS; i++) {
        if (take_verdict(&rest, &action, &e.detail)) {
            found = true;
            if (is_spam(action)) {
                events_put(events, &e);
                break;
            }
        }
        if (!find_verdict(&rest))
            break;
    }
    return found;
}

/* All else that it writes is about itself. */
static bool rspamd(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    return !take_beginning(&rest) || task(line, events, rest);
}

/* `#1001(normal) ` */
static bool rspamd_log(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, worker;
    uint64_t pid;

    if (!span_take_char(&rest, '#') || !span_take_number(&rest, &pid) || !span_take_char(&rest, '(') ||
        !span_take_until(&rest, ')', &worker) || worker.n > 32 || !span_take_char(&rest, ' '))
        return false;
    rspamd(line, events);
    return true;
}

static const struct service services[] = {
    { SPAN("rspamd"), rspamd },
};

const struct recogniser recogniser_rspamd = {
    .name = "rspamd",
    .any_instance = true,
    SERVICES(services),
    .untagged = rspamd_log,
};
