/* Reasons, in the trees of a report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "summary.h"
#include "words.h"

/* pflogsumm's widths */
#define DEFERRAL_OCTETS 65
#define BOUNCE_OCTETS   66
#define CONTENT_OCTETS  64
#define OTHER_OCTETS    100

#define NO_LIMIT     SIZE_MAX
#define LIMIT(field) offsetof(struct report_options, field)
const struct tree_form tree_forms[TREES] = {
    [TREE_DEFERRAL] = { "deferralDetail", 2, "Deferrals", LIMIT(deferral_detail) },
    [TREE_BOUNCE] = { "bounceDetail", 2, "Bounces, by relay", LIMIT(bounce_detail) },
    [TREE_REJECT] = { "rejectDetail", 3, "Refusals", LIMIT(reject_detail) },
    [TREE_REJECT_WARNING] = { "rejectWarningDetail", 3, "Warnings instead of refusals", LIMIT(reject_detail) },
    [TREE_HOLD] = { "holdDetail", 3, "Holds", LIMIT(reject_detail) },
    [TREE_DISCARD] = { "discardDetail", 3, "Discards", LIMIT(reject_detail) },
    [TREE_SMTP] = { "smtpFailures", 2, "Hosts that were not reached", LIMIT(smtp_detail) },
    [TREE_WARNING] = { "warnings", 2, "Warnings", LIMIT(warning_detail) },
    [TREE_ERROR] = { "errors", 2, "Errors", LIMIT(warning_detail) },
    [TREE_FATAL] = { "fatalErrors", 2, "Fatal errors", NO_LIMIT },
    [TREE_PANIC] = { "panics", 2, "Panics", NO_LIMIT },
    [TREE_MASTER] = { "masterMessages", 1, "Master daemon", NO_LIMIT },
    [TREE_NO_SIZE] = { "noSizeData", 2, NULL, NO_LIMIT },
    [TREE_DETAIL] = { "messages", 3, NULL, NO_LIMIT },
};

int64_t summary_tree_limit(const struct report_options *options, enum tree tree)
{
    int64_t limit = LIMIT_NONE;

    if ((tree == TREE_NO_SIZE && options->no_no_msg_size) || (tree == TREE_DETAIL && !options->extended))
        return 0;
    if (tree_forms[tree].limit_at != NO_LIMIT)
        memcpy(&limit, (const char *)options + tree_forms[tree].limit_at, sizeof limit);
    return limit;
}

#define LEVEL_OCTETS (NAME_OCTETS_MAX / 3 - 1)

void summary_branch(struct summary *s, enum tree tree, const struct span *levels, unsigned n, uint64_t count)
{
    char key[NAME_OCTETS_MAX];
    size_t octets = 0;

    for (unsigned i = 0; i < n; i++) {
        size_t level = levels[i].n < LEVEL_OCTETS ? levels[i].n : LEVEL_OCTETS;

        if (i)
            key[octets++] = '\0';
        for (size_t o = 0; o < level; o++, octets++)
            key[octets] = levels[i].p[o] ? levels[i].p[o] : '?';
    }
    ((struct name *)names_row(s->trees[tree], (struct span){ key, octets }))->count += count;
}

static struct span or_reason(struct span text, const struct event *e)
{
    if (text.n)
        return text;
    if (e->counter == COUNTER_DEFERRED)
        return span_of(e->reason ? deferral_reason_name((enum deferral_reason)e->reason) : "(no reason)");
    return span_of(e->reason ? refusal_reason_name((enum refusal_reason)e->reason) : "(no reason)");
}

static bool is_postfix(const struct event *e)
{
    return e->line->header.instance.n || span_is(e->line->header.program, "postfix");
}

/* Of other programs than Postfix without the recipient's address, which some servers put in front of what they say. */
static struct span own_text(const struct event *e)
{
    struct span text = e->text;
    size_t end = span_has_prefix(text, "<") && !is_postfix(e) ? span_find(text, SPAN(">: ")) : text.n;

    return end < text.n ? span_skip(text, end + sizeof ">: " - 1) : text;
}

void summary_deferral(struct summary *s, const struct event *e)
{
    struct words words;
    struct span text = own_text(e), reason;
    const char *end = span_chr(text, ')');

    if (s->options->deferral_detail == 0)
        return;
    if (end)
        text = span_from(text.p, end);
    reason = s->options->verbose ? text : words_said(&words, text, DEFERRAL_OCTETS);
    if (!s->options->verbose)
        span_take_literal(&reason, "connect to ");
    summary_branch(s, TREE_DEFERRAL, (struct span[]){ words_program(e->line), or_reason(reason, e) }, 2, e->count);
}

void summary_bounce(struct summary *s, const struct event *e)
{
    struct words words, relay_words;
    struct span relay = e->relay.n ? e->relay : SPAN("none"), reason = own_text(e);

    if (s->options->bounce_detail == 0)
        return;
    if (s->options->ignore_case) {
        relay = words_cut(&relay_words, relay, WORDS_OCTETS);
        for (size_t i = 0; i < relay.n; i++)
            relay_words.text[i] = to_lower(relay_words.text[i]);
    }
    if (!s->options->verbose)
        reason = words_said(&words, reason, BOUNCE_OCTETS);
    summary_branch(s, TREE_BOUNCE, (struct span[]){ relay, or_reason(reason, e) }, 2, e->count);
}

/* Of a reason that is about the sender, or the recipient, it is that which is listed; else the client. With
 * --rej-add-from the sender stands behind the others. */
static struct span whom(const struct summary *s, const struct event *e, struct span reason, struct span client,
                        struct words *words)
{
    bool is_sender = span_has_prefix(reason, "Sender address rejected:"), is_pipelining;
    bool is_recipient = span_has_prefix(reason, "Recipient address rejected:") || span_is(reason, "User unknown") ||
                        span_has_prefix(reason, "User unknown ");
    struct words from_words;
    struct span from = e->from.n ? e->from : SPAN("<>"), who;

    if (e->from.n)
        from = words_refused_sender(&from_words, e->from, s->options);
    if (is_sender)
        return words_cut(words, from, WORDS_OCTETS);
    if (is_recipient)
        who = e->to.n ? words_cut(words, e->to, WORDS_OCTETS / 2) : words_cut(words, SPAN("<>"), WORDS_OCTETS);
    else if (client.n)
        who = words_client(words, client);
    else
        who = words_cut(words, SPAN("(no client)"), WORDS_OCTETS);
    if (is_recipient && s->options->ignore_case)
        for (size_t i = 0; i < who.n; i++)
            words->text[i] = to_lower(words->text[i]);
    is_pipelining = span_has_prefix(reason, "Improper use of SMTP command pipelining");
    if (s->options->rej_add_from && !is_pipelining && who.n + from.n + 4 <= WORDS_OCTETS) {
        memcpy(words->text + who.n, "  (", 3);
        memcpy(words->text + who.n + 3, from.p, from.n);
        words->text[who.n + 3 + from.n] = ')';
        who.n += from.n + 4;
    }
    return who;
}

/* `header Subject: x from mx[192.0.2.1]; from=<a> ..`: up to the client. */
static struct span content_text(const struct summary *s, struct span text, struct words *words)
{
    size_t end = span_find(text, SPAN("; from=<"));
    size_t from;

    if (s->options->verbose)
        return text;
    if (end < text.n) {
        struct span before = span_first(text, end), after;

        text = before;
        while ((from = span_find(before, SPAN(" from "))) < before.n) { /* the last one, if no blank follows it */
            after = span_skip(before, from + sizeof " from " - 1);
            if (!span_chr(after, ' '))
                text = span_from(text.p, before.p + from);
            before = after;
        }
    }
    return words_cut(words, text, CONTENT_OCTETS);
}

static struct span noted_client(const struct summary *s, const struct event *e)
{
    struct span client = e->client, noted, from;

    if (!client.n && e->queue_id.n && notes_find(s->notes, e->line, e->queue_id, &noted, &from))
        client = noted;
    return client;
}

/* Of a refusal that is not in Postfix' form: the list or plugin that decided, or what was said. */
static struct span other_reason(const struct event *e, struct words *words)
{
    const struct refusal refusal = { .text = e->text };
    struct span name = or_reason((struct span){ NULL, 0 }, e), reason;
    int n = 0;

    if (e->counter == COUNTER_HELD && span_is(words_program(e->line), "postsuper"))
        return SPAN("placed on hold");
    if (e->reason == REFUSAL_MESSAGE_SIZE && span_has_prefix(e->text, "queue file size limit"))
        return e->text;
    if (e->zone.n)
        n = snprintf(words->text, sizeof words->text, "blocked using %.*s", (int)e->zone.n, e->zone.p);
    else if (e->detail.n && span_eq(e->detail, name))
        return name;
    else if (e->detail.n && e->detail.n < 200)
        n = snprintf(words->text, sizeof words->text, "%.*s: %.*s", (int)e->detail.n, e->detail.p, (int)name.n, name.p);
    if (n > 0)
        return (struct span){ words->text, (size_t)n < sizeof words->text ? (size_t)n : sizeof words->text - 1 };
    reason = words_refusal(words, &refusal);
    return or_reason(reason.n > OTHER_OCTETS ? words_cut(words, reason, OTHER_OCTETS) : reason, e);
}

/* Lines that are no refusal in Postfix' form: other programs, limits that were exceeded, the discard transport. */
static void other_refusal(struct summary *s, const struct event *e, enum tree tree)
{
    struct words words, reason_words;
    struct span reason = other_reason(e, &reason_words), whose;

    if (e->relay.n && e->to.n) /* a delivery to nowhere */
        whose = words_domain_of(words_address(&words, e->to, s->options, false));
    else
        whose = whom(s, e, reason, noted_client(s, e), &words);
    summary_branch(s, tree, (struct span[]){ words_program(e->line), reason, whose }, 3, e->count);
}

void summary_refusal(struct summary *s, const struct event *e, enum tree tree)
{
    struct words words, reason_words;
    struct refusal refusal;
    struct span reason;

    if (s->options->reject_detail == 0)
        return;
    if (!is_postfix(e) || !words_split_refusal(e->line, &refusal) ||
        span_has_prefix(refusal.text, "queue file size limit")) {
        other_refusal(s, e, tree);
    } else if (refusal.is_content) {
        summary_branch(s, tree,
                       (struct span[]){ words_program(e->line), refusal.stage, content_text(s, refusal.text, &words) },
                       3, e->count);
    } else {
        reason = s->options->verbose ? refusal.text : words_refusal(&reason_words, &refusal);
        if (!refusal.client.n)
            refusal.client = noted_client(s, e);
        summary_branch(s, tree, (struct span[]){ refusal.stage, reason, whom(s, e, reason, refusal.client, &words) }, 3,
                       e->count);
    }
}
