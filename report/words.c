/* Keys and reasons of a report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <stdio.h>

#include "../parser/fields.h"

static struct span keep(struct words *words, struct span text)
{
    if (text.n > WORDS_OCTETS)
        text.n = WORDS_OCTETS;
    if (text.n)
        memmove(words->text, text.p, text.n);
    return (struct span){ words->text, text.n };
}

static void lower(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = to_lower(p[i]);
}

static const char *last_chr(struct span s, char c)
{
    return s.n ? memrchr(s.p, c, s.n) : NULL;
}

/* ---- addresses ---- */

/* `here.example!user@next` as `next!user@here.example`. */
static struct span unbang(struct words *words, struct span address)
{
    const char *at = last_chr(address, '@'), *bang = at ? last_chr(span_from(address.p, at), '!') : NULL;
    const char *before;
    struct span path, site, user, host;
    char text[WORDS_OCTETS];
    int n;

    if (!bang || bang == address.p || bang + 1 == at || span_chr(span_from(at, address.p + address.n), '.'))
        return address;
    path = span_from(address.p, bang);
    before = last_chr(path, '!');
    site = before ? span_from(before + 1, bang) : path;
    path.n = before ? (size_t)(before + 1 - path.p) : 0;
    user = span_from(bang + 1, at);
    host = span_from(at + 1, address.p + address.n);
    n = snprintf(text, sizeof text, "%.*s!%.*s%.*s@%.*s", (int)host.n, host.p, (int)path.n, path.p, (int)user.n, user.p,
                 (int)site.n, site.p);
    return n > 0 && (size_t)n < sizeof text ? keep(words, (struct span){ text, (size_t)n }) : address;
}

/* The words behind which mailing lists write their numbers; also a number itself. */
static size_t verp_word(struct span s)
{
    static const struct span verp_words[] = { SPAN("bounce"),     SPAN("nolist"), SPAN("noreply"),
                                              SPAN("noresponse"), SPAN("return"), SPAN("sentto") };

    for (size_t i = 0; i < sizeof verp_words / sizeof verp_words[0]; i++)
        if (s.n >= verp_words[i].n && span_eq_nocase(span_first(s, verp_words[i].n), verp_words[i]))
            return verp_words[i].n;
    return s.n && is_digit(s.p[0]) ? 1 : 0;
}

static bool is_verp_mark(char c)
{
    return c == '+' || c == '_' || c == '.' || c == '*' || c == '-';
}

static bool is_word(char c)
{
    return is_alnum(c) || c == '_';
}

/* How many octets of `-12-7` s begins with: marks, each with a whole number behind it. */
static size_t verp_numbers(struct span s)
{
    size_t n = 0;

    for (;;) {
        size_t digits = 0;

        if (n >= s.n || !is_verp_mark(s.p[n]))
            return n;
        while (n + 1 + digits < s.n && is_digit(s.p[n + 1 + digits]))
            digits++;
        if (digits == 0 || (n + 1 + digits < s.n && is_word(s.p[n + 1 + digits])))
            return n;
        n += 1 + digits;
    }
}

/* `list-return-12-user=there.example@lists.example` as `list-return-ID-user=..`. */
static struct span verp_numbers_out(struct words *words, struct span address)
{
    size_t word = 0, at;

    while (word < address.n && !verp_word(span_skip(address, word)))
        word++;
    for (at = word + 1; at < address.n; at++) {
        size_t numbers = verp_numbers(span_skip(address, at));
        char text[WORDS_OCTETS];
        int n;

        if (!numbers)
            continue;
        n = snprintf(text, sizeof text, "%.*s-ID%.*s", (int)at, address.p, (int)(address.n - at - numbers),
                     address.p + at + numbers);
        return n > 0 && (size_t)n < sizeof text ? keep(words, (struct span){ text, (size_t)n }) : address;
    }
    return address;
}

/* `list-return-ID-user=there.example@lists.example` as `list-return-ID@lists.example`, with a number before the user.
 */
static struct span verp_user_out(struct words *words, struct span address)
{
    const char *at = last_chr(address, '@'), *from, *sign, *digits;
    struct span local;

    if (!at)
        return address;
    local = span_from(address.p, at);
    sign = local.n ? span_chr(local, '=') : NULL;
    from = sign ? last_chr(span_from(local.p, sign), '-') : NULL;
    if (!from || from + 1 == sign || sign + 1 == at)
        return address;
    for (digits = from; digits > local.p && is_digit(digits[-1]);)
        digits--;
    if (digits < from && digits > local.p && digits[-1] == '-')
        from = digits - 1;
    keep(words, span_from(address.p, from));
    memmove(words->text + (from - address.p), at, (size_t)(address.p + address.n - at));
    return (struct span){ words->text, address.n - (size_t)(at - from) };
}

static struct span unverp(struct words *words, struct span address, const struct report_options *options)
{
    if (options->verp_mung)
        address = verp_numbers_out(words, address);
    if (options->verp_mung > 1)
        address = verp_user_out(words, address);
    return address;
}

struct span words_address(struct words *words, struct span address, const struct report_options *options,
                          bool is_sender)
{
    const char *at;

    address = keep(words, address);
    if (options->uucp_mung)
        address = unbang(words, address);
    at = memchr(address.p, '@', address.n);
    if (options->ignore_case)
        lower(words->text, address.n);
    else if (at)
        lower(words->text + (at - address.p), address.n - (size_t)(at - address.p));
    return is_sender ? unverp(words, address, options) : address;
}

struct span words_refused_sender(struct words *words, struct span address, const struct report_options *options)
{
    address = unverp(words, keep(words, address), options);
    if (options->ignore_case)
        lower(words->text, address.n);
    return address;
}

struct span words_domain_of(struct span address)
{
    const char *at = last_chr(address, '@');

    return at && at > address.p && at + 1 < address.p + address.n ? span_from(at + 1, address.p + address.n) : address;
}

/* ---- clients ---- */

/* mail.example.org is example.org, and so for other last labels of three letters; mail.example.co.uk is
 * example.co.uk; all else stays. */
static struct span short_domain(struct span name)
{
    const char *last = last_chr(name, '.'), *second = last ? last_chr(span_from(name.p, last), '.') : NULL;
    size_t last_n = last ? (size_t)(name.p + name.n - last - 1) : 0, middle_n;

    if (!second || second + 1 == last)
        return name;
    if (last_n == 3)
        return second > name.p ? span_from(second + 1, name.p + name.n) : name;
    middle_n = (size_t)(last - second - 1);
    if (last_n == 2 && (middle_n == 2 || middle_n == 3)) {
        const char *third = last_chr(span_from(name.p, second), '.');

        if (third && third > name.p && third + 1 < second)
            return span_from(third + 1, name.p + name.n);
    }
    return name;
}

struct span words_client(struct words *words, struct span client)
{
    const char *open = client.n ? span_chr_either(client, '[', '(') : NULL;
    struct span name = client, address = { client.p, 0 }, rest, domain;

    if (open) {
        rest = span_from(open + 1, client.p + client.n);
        if (!span_take_until(&rest, *open == '[' ? ']' : ')', &address))
            address.n = 0;
        name = span_trim(span_from(client.p, open));
    }
    if (name.n == 0 || span_is(name, "unknown"))
        domain = address.n ? address : name;
    else
        domain = short_domain(name);
    domain = keep(words, domain);
    lower(words->text, domain.n);
    return domain;
}

struct span words_program(const struct line *line)
{
    struct span program = line->header.program;

    if (line->header.instance.n && program.n > line->header.instance.n)
        program = span_skip(program, line->header.instance.n + 1);
    if (span_has_prefix(program, "smtps/"))
        program = span_skip(program, sizeof "smtps/" - 1);
    else if (span_has_prefix(program, "submission/"))
        program = span_skip(program, sizeof "submission/" - 1);
    return program.n ? program : SPAN("(no tag)");
}

/* ---- reasons ---- */

struct span words_cut(struct words *words, struct span text, size_t octets)
{
    if (text.n <= octets)
        return keep(words, text);
    octets -= 3;
    keep(words, span_first(text, octets));
    memcpy(words->text + octets, "...", 3);
    return (struct span){ words->text, octets + 3 };
}

static size_t find_last(struct span s, struct span literal)
{
    size_t found = s.n, from = 0, at;

    while ((at = span_find(span_skip(s, from), literal)) < s.n - from) {
        found = from + at;
        from = found + 1;
    }
    return found;
}

/* `450 ` */
static void skip_code(struct span *s)
{
    if (s->n > 4 && is_digit(s->p[0]) && is_digit(s->p[1]) && is_digit(s->p[2]) && s->p[3] == ' ')
        *s = span_skip(*s, 4);
}

struct span words_said(struct words *words, struct span text, size_t octets)
{
    struct span s = text, before;

    while (octets && s.n > octets) {
        size_t said = find_last(s, SPAN(" said: "));

        if (said < s.n) {
            s = span_skip(s, said + sizeof " said: " - 1);
        } else if (span_chr(s, ':')) {
            span_take_until(&s, ':', &before);
            s = span_trim(s);
        } else {
            s = words_cut(words, s, octets);
            skip_code(&s);
            return s;
        }
    }
    skip_code(&s);
    return keep(words, s);
}

/* ---- Postfix' refusals ---- */

bool words_split_refusal(const struct line *line, struct refusal *refusal)
{
    static const struct span actions[] = {
        SPAN("reject: "),  SPAN("reject_warning: "), SPAN("milter-reject: "), SPAN("proxy-reject: "),
        SPAN("hold: "),    SPAN("milter-hold: "),    SPAN("discard: "),       SPAN("milter-discard: "),
        SPAN("warning: "), SPAN("warn: "),
    };
    struct span rest = line->header.message, id;
    bool found = false;

    *refusal = (struct refusal){ .is_content = span_is(line->header.service, "cleanup") };
    for (int i = 0; i < 2 && !found; i++) { /* with an id in front, or without */
        for (size_t a = 0; a < sizeof actions / sizeof actions[0] && !found; a++)
            found = span_take(&rest, actions[a]);
        if (!found && (!span_take_until(&rest, ':', &id) || !span_take_char(&rest, ' ')))
            return false;
    }
    if (!found)
        return false;
    refusal->text = rest;
    if (refusal->is_content)
        return span_take_until(&refusal->text, ' ', &refusal->stage);
    if (!span_take_until(&rest, ' ', &refusal->stage))
        return false;
    if (refusal->stage.n && refusal->stage.p[refusal->stage.n - 1] == ':') { /* proxy-reject: no client */
        refusal->stage.n--;
    } else if (span_take_literal(&rest, "from ")) {
        if (!fields_take_client(&rest, &refusal->client) && !span_take_until(&rest, ':', &refusal->client))
            return false;
        span_take_char(&rest, ':');
        span_take_char(&rest, ' ');
    }
    refusal->text = rest;
    return true;
}

/* The first of these ends the server's own words. */
static struct span without_envelope(struct span text)
{
    static const struct span starts[] = { SPAN("; from=<"), SPAN("; to=<"), SPAN("; proto="), SPAN("; client=") };
    size_t address = span_has_prefix(text, "<") ? span_find(text, SPAN(">: ")) : text.n;
    size_t begin = address < text.n ? address : 0; /* the address may hold anything */
    struct span own = span_skip(text, begin);

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        own.n = span_find(own, starts[i]);
    return span_first(text, begin + own.n);
}

/* Up to the first of these. */
static struct span up_to(struct span text, char a, char b)
{
    const char *end = text.n ? span_chr_either(text, a, b) : NULL;

    return end ? span_from(text.p, end) : text;
}

static bool take_through(struct span *text, struct span words)
{
    size_t at = span_find(*text, words);

    if (at == text->n)
        return false;
    *text = span_skip(*text, at + words.n);
    return true;
}

/* `Client host [192.0.2.1] blocked using zone` */
static struct span without_blocked(struct span text)
{
    size_t at = span_find(text, SPAN(" blocked"));

    if (at < text.n && (span_has_prefix(text, "Client host ") || span_has_prefix(text, "client ") ||
                        span_has_prefix(text, "Sender address ") || span_has_prefix(text, "Helo command ")))
        return span_skip(text, at + 1);
    return text;
}

static struct span command_reason(struct span stage, struct span text)
{
    struct span clause;
    size_t at;

    if (span_has_prefix(text, "<"))
        take_through(&text, SPAN(">: "));
    else if (span_has_prefix(text, "Service unavailable; "))
        text = span_skip(text, sizeof "Service unavailable; " - 1);
    else if (!span_is(stage, "END-OF-MESSAGE") && !span_has_prefix(text, "Protocol error"))
        take_through(&text, SPAN(": "));
    if (text.n && text.p[0] == '[')
        take_through(&text, SPAN("] "));
    clause = up_to(text, ';', ',');
    if (span_has_prefix(clause, "Sender address rejected: ") ||
        span_has_prefix(clause, "Recipient address rejected: ")) {
        at = span_find(clause, SPAN(": ")) + 2;
        at += span_find(span_skip(clause, at), SPAN(":"));
        clause.n = at < clause.n ? at : clause.n;
    }
    return without_blocked(clause);
}

struct span words_refusal(struct words *words, const struct refusal *refusal)
{
    struct span text = without_envelope(refusal->text), enhanced;
    uint16_t code;
    bool has_address;

    if (span_is(refusal->stage, "MAIL")) { /* keeps the enhanced code where no address is named */
        skip_code(&text);
        has_address = span_mentions(text, ">: ");
        if (has_address)
            take_through(&text, SPAN(">: "));
        return keep(words, up_to(text, ';', ':'));
    }
    fields_take_codes(&text, &code, &enhanced);
    return keep(words, command_reason(refusal->stage, text));
}
