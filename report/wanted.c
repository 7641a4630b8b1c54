/* Which messages are asked for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted.h"

#include <string.h>

static bool eq_nocase(struct span a, struct span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (to_lower(a.p[i]) != to_lower(b.p[i]))
            return false;
    return true;
}

static bool eq(struct span a, struct span b, bool ignore_case)
{
    return ignore_case ? eq_nocase(a, b) : span_eq(a, b);
}

/* The last @ parts them. Without one, all is the local part. */
static void split(struct span address, struct span *local, struct span *domain)
{
    const char *at = address.n ? memrchr(address.p, '@', address.n) : NULL;

    *local = at ? span_from(address.p, at) : address;
    *domain = at ? span_from(at + 1, address.p + address.n) : (struct span){ NULL, 0 };
}

/* `asked` may begin with a dot: all that is below it. */
static bool is_domain(struct span domain, struct span asked)
{
    if (asked.n && asked.p[0] == '.')
        return domain.n > asked.n && eq_nocase(span_skip(domain, domain.n - asked.n), asked);
    return eq_nocase(domain, asked);
}

static bool has_domain(struct span address, struct span asked)
{
    struct span local, domain;

    split(address, &local, &domain);
    return domain.n && is_domain(domain, asked);
}

bool wanted_is_address(struct span a, const char *asked, bool ignore_case)
{
    struct span want = span_of(asked), local, domain, want_local, want_domain;

    if (!a.p)
        return false;
    if (want.n == 0 || span_is(want, "<>"))
        return a.n == 0;
    if (want.n > 2 && want.p[0] == '<' && want.p[want.n - 1] == '>')
        want = span_first(span_skip(want, 1), want.n - 2);
    split(a, &local, &domain);
    split(want, &want_local, &want_domain);
    if (want_local.n == 0)
        return has_domain(a, want_domain);
    if (want.p[0] == '.' && !want_domain.p)
        return has_domain(a, want);
    return eq(local, want_local, ignore_case) && eq_nocase(domain, want_domain);
}

static bool is_recipient(const struct message *m, const char *asked, bool ignore_case)
{
    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (wanted_is_address(r->to, asked, ignore_case))
            return true;
    return false;
}

/* The address stands at `at` of the text, and is no part of a longer one. */
static bool stands_at(struct span text, size_t at, struct span asked, size_t local_n, bool ignore_case)
{
    static const char before[] = "<=,:;([\" \t", behind[] = ">,:;)]\" \t";
    struct span here = span_first(span_skip(text, at), asked.n), local = span_first(here, local_n);
    size_t end = at + asked.n;

    return (at == 0 || strchr(before, text.p[at - 1])) && (end == text.n || strchr(behind, text.p[end])) &&
           eq(local, span_first(asked, local_n), ignore_case) &&
           eq_nocase(span_skip(here, local_n), span_skip(asked, local_n));
}

/* In one of its lines, behind these words: what events do not have, as the address that an alias stands for, and the
 * recipients in a filter's line. */
static bool is_in_lines(const struct message *m, const char *address, struct span words, bool ignore_case)
{
    struct span asked = span_of(address), local, domain;

    split(asked, &local, &domain);
    if (!local.n || !domain.n)
        return false;
    for (const struct message_line *line = m->lines; line; line = line->next)
        for (size_t at = 0; at + asked.n <= line->text.n; at++) {
            const char *sign = span_chr(span_skip(line->text, at + local.n), '@');

            if (!sign || (size_t)(sign - line->text.p) - local.n + asked.n > line->text.n)
                break;
            at = (size_t)(sign - line->text.p) - local.n;
            if (stands_at(line->text, at, asked, local.n, ignore_case) && at >= words.n &&
                span_eq(span_first(span_skip(line->text, at - words.n), words.n), words))
                return true;
        }
    return false;
}

static bool is_of_domain(const struct message *m, struct span asked)
{
    if (asked.n && asked.p[0] == '@')
        asked = span_skip(asked, 1);
    if (m->from.p && has_domain(m->from, asked))
        return true;
    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (r->to.p && has_domain(r->to, asked))
            return true;
    return false;
}

/* `name[address]`, `helo (name) [address]`, or the address alone. */
static bool is_client(struct span client, struct span asked)
{
    struct span name = client, address = client;
    const char *open = client.n ? memrchr(client.p, '[', client.n) : NULL;

    if (!client.n)
        return false;
    if (open) {
        name = span_trim(span_from(client.p, open));
        address = span_from(open + 1, client.p + client.n);
        address.n = address.n && address.p[address.n - 1] == ']' ? address.n - 1 : address.n;
        if (span_has_prefix(address, "IPv6:"))
            address = span_skip(address, sizeof "IPv6:" - 1);
    }
    return eq_nocase(address, asked) || is_domain(name, asked);
}

static bool has_id(const struct message *m, struct span asked)
{
    for (const struct message_id *id = m->ids; id; id = id->next)
        if (span_eq(id->id, asked))
            return true;
    return false;
}

static struct span without_brackets(struct span id)
{
    if (id.n >= 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        return span_first(span_skip(id, 1), id.n - 2);
    return id;
}

static size_t find_nocase(struct span s, struct span asked)
{
    for (size_t i = 0; i + asked.n <= s.n; i++)
        if (to_lower(s.p[i]) == to_lower(asked.p[0]) && eq_nocase(span_first(span_skip(s, i), asked.n), asked))
            return i;
    return s.n;
}

static bool has_text(const struct message *m, struct span asked, bool ignore_case)
{
    for (const struct message_line *line = m->lines; line; line = line->next)
        if (asked.n == 0 ||
            (ignore_case ? find_nocase(line->text, asked) : span_find(line->text, asked)) < line->text.n)
            return true;
    return false;
}

static bool has_plugin(const struct message *m, struct span asked)
{
    if (span_find(m->detail, asked) < m->detail.n)
        return true;
    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (span_find(r->detail, asked) < r->detail.n)
            return true;
    return false;
}

static bool is_in_time(const struct search_options *search, int64_t since, int64_t until, const struct message *m)
{
    int64_t first = m->first, last = m->last;

    if (search->event) {
        first = m->first_of[search->event];
        last = m->last_of[search->event];
        if (!first)
            return false;
    }
    if (!since && !until)
        return true;
    return first != TIME_UNKNOWN && last >= since && first < until;
}

bool wanted_message(const struct search_options *search, int64_t since, int64_t until, const struct message *m)
{
    const bool nocase = search->ignore_case;

    if (!is_in_time(search, since, until, m))
        return false;
    if (search->refusal_reason || search->deferral_reason) {
        bool refused = search->refusal_reason && m->refusals >> search->refusal_reason & 1;
        bool deferred = search->deferral_reason && m->deferrals >> search->deferral_reason & 1;

        if (!refused && !deferred)
            return false;
    }
    return (!search->any || (m->from.p && wanted_is_address(m->from, search->any, nocase)) ||
            is_recipient(m, search->any, nocase) || is_in_lines(m, search->any, SPAN(""), nocase) ||
            span_eq(without_brackets(m->message_id), span_of(search->any))) &&
           (!search->address || (m->from.p && wanted_is_address(m->from, search->address, nocase)) ||
            is_recipient(m, search->address, nocase) || is_in_lines(m, search->address, SPAN(""), nocase)) &&
           (!search->from || wanted_is_address(m->from, search->from, nocase)) &&
           (!search->to || is_recipient(m, search->to, nocase) ||
            is_in_lines(m, search->to, SPAN("orig_to=<"), nocase)) &&
           (!search->domain || is_of_domain(m, span_of(search->domain))) &&
           (!search->client || is_client(m->client, span_of(search->client))) &&
           (!search->queue_id || has_id(m, span_of(search->queue_id))) &&
           (!search->message_id ||
            span_eq(without_brackets(m->message_id), without_brackets(span_of(search->message_id)))) &&
           (!search->plugin || has_plugin(m, span_of(search->plugin))) &&
           (!search->text || has_text(m, span_of(search->text), nocase));
}

bool wanted_anything(const struct search_options *search)
{
    return search->any || search->address || search->from || search->to || search->domain || search->client ||
           search->queue_id || search->message_id || search->text || search->event || search->refusal_reason ||
           search->deferral_reason || search->plugin;
}

bool wanted_is_noise(const struct message *m)
{
    static const enum counter noise[] = { COUNTER_CONNECTIONS, COUNTER_TLS_INBOUND, COUNTER_TLS_OUTBOUND,
                                          COUNTER_AUTH_SUCCEEDED, COUNTER_GREYLIST_PASSED };
    size_t moved = 0, of_noise = 0;

    if (!m->is_lone)
        return false;
    for (size_t i = 0; i < COUNTERS; i++)
        moved += m->first_of[i] != 0;
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        of_noise += m->first_of[noise[i]] != 0;
    return moved == of_noise;
}
