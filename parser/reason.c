/* From words and codes to reasons.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reason.h"
#include "reason_words.h"

/* What the meanings that depend on whom it is said of come to. */
static const uint8_t by_about[REFUSAL_MEANINGS - REFUSAL_REASONS][ABOUTS] = {
    [ADDRESS_UNKNOWN - REFUSAL_REASONS] = {
        [NOBODY] = REFUSAL_UNKNOWN_USER,
        [SENDER] = REFUSAL_SENDER_INVALID,
        [RECIPIENT] = REFUSAL_UNKNOWN_USER,
        [CLIENT] = REFUSAL_UNKNOWN_USER,
        [HELO] = REFUSAL_HELO_INVALID,
    },
    [DOMAIN_UNKNOWN - REFUSAL_REASONS] = {
        [NOBODY] = REFUSAL_SENDER_DOMAIN,
        [SENDER] = REFUSAL_SENDER_DOMAIN,
        [RECIPIENT] = REFUSAL_RECIPIENT_DOMAIN,
        [CLIENT] = REFUSAL_CLIENT_REVERSE_DNS,
        [HELO] = REFUSAL_HELO_INVALID,
    },
    [NOT_QUALIFIED - REFUSAL_REASONS] = {
        [NOBODY] = REFUSAL_HELO_INVALID,
        [SENDER] = REFUSAL_SENDER_INVALID,
        [RECIPIENT] = REFUSAL_RECIPIENT_DOMAIN,
        [CLIENT] = REFUSAL_CLIENT_REVERSE_DNS,
        [HELO] = REFUSAL_HELO_INVALID,
    },
    [LISTED_HERE - REFUSAL_REASONS] = { /* on a list of the site's own */
        [NOBODY] = REFUSAL_CLIENT_BLOCKED,
        [SENDER] = REFUSAL_SENDER_INVALID,
        [RECIPIENT] = REFUSAL_POLICY_SERVICE,
        [CLIENT] = REFUSAL_CLIENT_BLOCKED,
        [HELO] = REFUSAL_HELO_INVALID,
    },
};

/* Enhanced codes that say why (RFC 3463, RFC 5248 and its registry, RFC 7505, 7372, 8601); the class, 4 or 5, says
 * nothing of it. The others are used for too many things to be a reason. */
static const struct enhanced_code {
    uint8_t subject, detail, reason;
} enhanced_codes[] = {
    { 1, 1, REFUSAL_UNKNOWN_USER },
    { 1, 2, REFUSAL_RECIPIENT_DOMAIN },
    { 1, 3, REFUSAL_PROTOCOL },
    { 1, 6, REFUSAL_UNKNOWN_USER },
    { 1, 7, REFUSAL_SENDER_INVALID },
    { 1, 8, REFUSAL_SENDER_DOMAIN },
    { 1, 10, REFUSAL_RECIPIENT_DOMAIN },
    { 2, 1, REFUSAL_UNKNOWN_USER },
    { 2, 2, REFUSAL_MAILBOX_FULL },
    { 2, 3, REFUSAL_MESSAGE_SIZE },
    { 3, 1, REFUSAL_STORAGE },
    { 3, 4, REFUSAL_MESSAGE_SIZE },
    { 3, 5, REFUSAL_SERVER_CONFIGURATION },
    { 4, 3, REFUSAL_LOOKUP_FAILURE },
    { 5, 1, REFUSAL_PROTOCOL },
    { 5, 2, REFUSAL_PROTOCOL },
    { 5, 3, REFUSAL_RATE_LIMIT },
    { 5, 4, REFUSAL_PROTOCOL },
    { 5, 5, REFUSAL_PROTOCOL },
    { 5, 6, REFUSAL_PROTOCOL },
    { 7, 8, REFUSAL_AUTH_FAILED },
    { 7, 10, REFUSAL_TLS_REQUIRED },
    { 7, 11, REFUSAL_TLS_REQUIRED },
    { 7, 20, REFUSAL_DKIM },
    { 7, 21, REFUSAL_DKIM },
    { 7, 22, REFUSAL_DKIM },
    { 7, 23, REFUSAL_SPF },
    { 7, 24, REFUSAL_SPF },
    { 7, 25, REFUSAL_CLIENT_REVERSE_DNS },
    { 7, 26, REFUSAL_DMARC },
    { 7, 27, REFUSAL_SENDER_DOMAIN },
    { 7, 28, REFUSAL_RATE_LIMIT },
    { 7, 30, REFUSAL_TLS_REQUIRED },
};

/* What the reply code alone says (RFC 5321, RFC 4954, RFC 7504). */
static const struct reply_code {
    uint16_t code;
    uint8_t reason;
} reply_codes[] = {
    { 500, REFUSAL_PROTOCOL },     { 501, REFUSAL_PROTOCOL },    { 502, REFUSAL_PROTOCOL },
    { 503, REFUSAL_PROTOCOL },     { 504, REFUSAL_PROTOCOL },    { 530, REFUSAL_AUTH_REQUIRED },
    { 534, REFUSAL_AUTH_FAILED },  { 535, REFUSAL_AUTH_FAILED }, { 538, REFUSAL_TLS_REQUIRED },
    { 552, REFUSAL_MESSAGE_SIZE }, { 555, REFUSAL_PROTOCOL },    { 556, REFUSAL_RECIPIENT_DOMAIN },
};

/* Sites that policy services and blocklists refer to, where their text has no other word. */
#define SITE(name, reason)                           \
    {                                                \
        { name, sizeof(name) - 1 }, REFUSAL_##reason \
    }
static const struct site {
    struct span name;
    uint8_t reason;
} sites[] = {
    SITE("openspf.", SPF),
    SITE("open-spf.", SPF),
    SITE("spf.pobox.com", SPF),
    SITE("spamhaus.org", DNSBL),
    SITE("spamcop.net", DNSBL),
    SITE("sorbs.net", DNSBL),
    SITE("barracudacentral.org", DNSBL),
};

/* What is known while the text is read. */
struct refusal {
    struct phrase_scan scan;
    bool permanent, temporary; /* both false: unknown */
    uint8_t about;
    uint8_t suggested, fallback; /* REFUSAL_NONE until a phrase says so; the first one counts */
};

static bool is_address(struct span s)
{
    size_t dots = 0, colons = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = to_lower(s.p[i]);

        dots += c == '.';
        colons += c == ':';
        if (c != '.' && c != ':' && !is_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return dots == 3 || colons >= 2;
}

/* Whether one of the words in [p, end) is an IP address. */
static bool names_address(const char *p, const char *end)
{
    while (p < end) {
        const char *word = p;

        while (p < end && *p != ' ')
            p++;
        if (is_address(span_from(word, p)))
            return true;
        if (p < end)
            p++;
    }
    return false;
}

/* Zones that are sold by subscription carry the subscriber's key as their first label: `KEY.zen.dq.spamhaus.net`. It is
 * a secret, and not a part of the list's name. */
static struct span without_key(struct span zone)
{
    static const struct span sold[] = { SPAN(".dq.spamhaus.net"), SPAN(".mail.abusix.zone") };

    for (size_t i = 0; i < sizeof sold / sizeof sold[0]; i++) {
        struct span list = zone, rest = zone, key;

        if (!span_ends(zone, sold[i]))
            continue;
        list.n -= sold[i].n;
        if (span_take_until(&list, '.', &key) && span_take_until(&rest, '.', &key))
            return rest;
    }
    return zone;
}

/* The zone that stands at the cursor, or an empty span. */
static struct span zone_at(const char *p, const char *end)
{
    const char *begin;

    while (p < end && (*p == ' ' || *p == ':'))
        p++;
    for (begin = p; p < end && (is_alnum(*p) || *p == '.' || *p == '-' || *p == '_'); p++)
        ;
    while (p > begin && p[-1] == '.')
        p--;
    return without_key(span_from(begin, p));
}

/* A name with a dot in it whose last label begins with a letter, and which is no mail address. */
static bool looks_like_zone(struct span zone, const char *end)
{
    const char *dot = zone.n ? memrchr(zone.p, '.', zone.n) : NULL;

    return dot && dot > zone.p && is_alnum(dot[1]) && !is_digit(dot[1]) &&
           !(zone.p + zone.n < end && zone.p[zone.n] == '@');
}

/* A list of addresses or of domains? Postfix writes what was listed as `Sender address [name] blocked using zone`;
 * others have it in the sentence. */
static enum refusal_reason list_kind(const struct refusal *refusal)
{
    bool of_domains = refusal->about == SENDER || refusal->about == RECIPIENT || refusal->about == HELO;

    if (refusal->scan.square.p)
        return of_domains || !is_address(refusal->scan.square) ? REFUSAL_RHSBL : REFUSAL_DNSBL;
    if (of_domains && !names_address(refusal->scan.begin, refusal->scan.p))
        return REFUSAL_RHSBL;
    return REFUSAL_DNSBL;
}

/* What the phrase says here: a reason, or REFUSAL_NONE when it does not hold. */
static enum refusal_reason meaning_of(const struct refusal *refusal, const struct phrase *phrase, struct span *zone)
{
    if ((phrase->flags & TEMPORARY && refusal->permanent) || (phrase->flags & PERMANENT && refusal->temporary))
        return REFUSAL_NONE;
    if (phrase->meaning >= REFUSAL_REASONS)
        return (enum refusal_reason)by_about[phrase->meaning - REFUSAL_REASONS][refusal->about];
    if (phrase->flags & (ZONE_FOLLOWS | ZONE_LIKELY)) {
        struct span named = zone_at(refusal->scan.p, refusal->scan.end);
        if (phrase->flags & ZONE_LIKELY && !looks_like_zone(named, refusal->scan.end))
            return REFUSAL_NONE;
        *zone = named;
        return list_kind(refusal);
    }
    return (enum refusal_reason)phrase->meaning;
}

/* Reads the text; the reason that decides, or REFUSAL_NONE. */
static enum refusal_reason read_words(struct refusal *refusal, struct span *zone)
{
    const struct phrase *phrase;

    while ((phrase = phrase_next(&refusal->scan, refusal_words))) {
        enum refusal_reason reason;

        if (refusal->about == NOBODY)
            refusal->about = phrase->about;
        reason = meaning_of(refusal, phrase, zone);
        if (reason == REFUSAL_NONE)
            continue;
        if (phrase->rank == DECIDES)
            return reason;
        if (phrase->rank == SUGGESTS && !refusal->suggested)
            refusal->suggested = (uint8_t)reason;
        if (phrase->rank == FALLBACK && !refusal->fallback)
            refusal->fallback = (uint8_t)reason;
    }
    return REFUSAL_NONE;
}

/* How Postfix goes on behind <address>: in a refusal of its own. */
static const struct own_words {
    char text[33];
    uint8_t octets;
} own_words[] = {
#define OWN_WORDS(words)            \
    {                               \
        "" words, sizeof(words) - 1 \
    }
    OWN_WORDS("Recipient address rejected: "),
    OWN_WORDS("Sender address rejected: "),
    OWN_WORDS("Helo command rejected: "),
    OWN_WORDS("Client host rejected: "),
    OWN_WORDS("Unverified Client host rejected: "),
    OWN_WORDS("Data command rejected: "),
    OWN_WORDS("End-of-data rejected: "),
    OWN_WORDS("Etrn command rejected: "),
    OWN_WORDS("Relay access denied"),
    OWN_WORDS("Temporary lookup failure"),
};

/* The octets of the own words that s begins with, or 0. */
static size_t own_words_octets(struct span s)
{
    for (size_t i = 0; i < sizeof(own_words) / sizeof(own_words[0]); i++)
        if (span_starts(s, (struct span){ own_words[i].text, own_words[i].octets }))
            return own_words[i].octets;
    return 0;
}

/* Postfix (3.9 still) writes the address without the quotes it came in: RCPT TO:<"a> Greylisted "@example.org> becomes
 * `<a> Greylisted @example.org>: Recipient address rejected: ..`. So the address ends before the last `>: ` with own
 * words behind it, except that what follows a failed probe is quoted from a remote server. Elsewhere: all of the text.
 */
static struct span behind_own_address(struct span text)
{
    struct span rest = text, found = text, inside;

    if (!span_has_prefix(text, "<"))
        return text;
    while (span_take_until(&rest, '>', &inside)) {
        struct span words = rest;
        size_t octets;

        if (!span_take_literal(&words, ": "))
            continue;
        while (span_take_char(&words, ' '))
            ;
        octets = own_words_octets(words);
        if (octets == 0)
            continue;
        found = rest;
        rest = span_skip(words, octets);
        if (span_has_prefix(rest, "undeliverable address: ") || span_has_prefix(rest, "unverified address: "))
            break;
    }
    return found;
}

/* In `Service unavailable; Sender address [what] blocked using zone; text` what is without quotes, too: it ends at the
 * last `] blocked using `. Puts the scan behind it. */
static void skip_listed_address(struct refusal *refusal, struct span text)
{
    struct span rest = text, before;
    const char *last = NULL;
    size_t at;

    if (!span_has_prefix(text, "Service unavailable; ") || !span_take_until(&rest, '[', &before))
        return;
    for (struct span s = rest; (at = span_find(s, SPAN("] blocked using "))) < s.n; s = span_skip(s, at + 1))
        last = s.p + at;
    if (!last)
        return;
    refusal->scan = phrase_scan_of(before);
    read_words(refusal, &before);
    refusal->scan = phrase_scan_of(span_from(last + 1, text.p + text.n));
    refusal->scan.square = span_from(rest.p, last);
}

static enum refusal_reason by_site(struct span url)
{
    struct span host = url;

    if (!url.p)
        return REFUSAL_NONE;
    for (host.n = 0; host.n < url.n && (is_alnum(url.p[host.n]) || url.p[host.n] == '.' || url.p[host.n] == '-');)
        host.n++;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++)
        if (span_find_nocase(host, sites[i].name) < host.n)
            return (enum refusal_reason)sites[i].reason;
    return REFUSAL_NONE;
}

/* Takes d.d.d, each of one to three digits. */
static bool take_enhanced(struct span *s, struct span *enhanced)
{
    struct span rest = *s;
    uint64_t part;

    for (int i = 0; i < 3; i++)
        if ((i && !span_take_char(&rest, '.')) || !span_take_number(&rest, &part) || part > 999)
            return false;
    *enhanced = span_from(s->p, rest.p);
    *s = rest;
    return true;
}

/* An enhanced code that the MTA wrote into its text: in front, or (qmail) as (#5.7.1) at the end. */
static struct span enhanced_in(struct span text)
{
    struct span code = { text.p, 0 };
    struct span rest = text;
    const char *hash;

    if (take_enhanced(&rest, &code) && rest.n && rest.p[0] == ' ')
        return code;
    code.n = 0;
    if (text.n < 9 || text.p[text.n - 1] != ')')
        return code;
    hash = memrchr(text.p, '#', text.n);
    if (!hash || hash == text.p || hash[-1] != '(')
        return code;
    rest = span_from(hash + 1, text.p + text.n - 1);
    if (!take_enhanced(&rest, &code) || rest.n)
        code.n = 0;
    return code;
}

/* The second and third number of an enhanced code that says no: 4.x.y or 5.x.y. */
static bool split_enhanced(struct span enhanced, uint64_t *subject, uint64_t *detail)
{
    uint64_t severity;

    return span_take_number(&enhanced, &severity) && (severity == 4 || severity == 5) &&
           span_take_char(&enhanced, '.') && span_take_number(&enhanced, subject) && span_take_char(&enhanced, '.') &&
           span_take_number(&enhanced, detail);
}

static enum refusal_reason by_enhanced(struct span enhanced)
{
    uint64_t subject, detail;

    if (!split_enhanced(enhanced, &subject, &detail))
        return REFUSAL_NONE;
    for (size_t i = 0; i < sizeof(enhanced_codes) / sizeof(enhanced_codes[0]); i++)
        if (enhanced_codes[i].subject == subject && enhanced_codes[i].detail == detail)
            return (enum refusal_reason)enhanced_codes[i].reason;
    return REFUSAL_NONE;
}

static enum refusal_reason by_reply(uint16_t code)
{
    for (size_t i = 0; i < sizeof(reply_codes) / sizeof(reply_codes[0]); i++)
        if (reply_codes[i].code == code)
            return (enum refusal_reason)reply_codes[i].reason;
    return REFUSAL_OTHER;
}

enum refusal_reason refusal_reason_of(uint16_t code, struct span enhanced, struct span text, struct span *zone)
{
    struct refusal refusal = { .scan = phrase_scan_of(behind_own_address(text)) };
    enum refusal_reason reason;
    char severity;

    *zone = (struct span){ text.p, 0 };
    if (enhanced.n == 0)
        enhanced = enhanced_in(text);
    severity = code >= 400 && code < 600 ? (char)('0' + code / 100) : enhanced.n ? enhanced.p[0] : '0';
    refusal.permanent = severity == '5';
    refusal.temporary = severity == '4';
    skip_listed_address(&refusal, text);
    if ((reason = read_words(&refusal, zone)))
        return reason;
    if (refusal.suggested)
        return (enum refusal_reason)refusal.suggested;
    if ((reason = by_site(refusal.scan.url)))
        return reason;
    reason = by_enhanced(enhanced);
    /* 5.5.2 says only that the command was wrong; "Helo command rejected" says more. */
    if (reason != REFUSAL_NONE && (reason != REFUSAL_PROTOCOL || !refusal.fallback))
        return reason;
    if (refusal.fallback)
        return (enum refusal_reason)refusal.fallback;
    return by_reply(code);
}

/* Enhanced codes of deferrals. Those of a remote server are believed only where they speak of the recipient's mailbox
 * or of a limit: 4.4.1 in its reply is its own trouble with the next hop. */
static const struct deferral_code {
    uint8_t subject, detail, reason;
    bool of_remote;
} deferral_codes[] = {
    { 2, 2, DEFERRAL_MAILBOX_FULL, true },     { 3, 1, DEFERRAL_STORAGE, true },
    { 4, 1, DEFERRAL_CONNECT_TIMEOUT, false }, { 4, 2, DEFERRAL_CONNECTION_LOST, false },
    { 4, 3, DEFERRAL_DNS_FAILURE, false },     { 5, 3, DEFERRAL_RATE_LIMIT, true },
    { 7, 4, DEFERRAL_TLS_FAILURE, false },     { 7, 5, DEFERRAL_TLS_FAILURE, false },
    { 7, 8, DEFERRAL_AUTH_FAILURE, true },     { 7, 28, DEFERRAL_RATE_LIMIT, true },
};

struct deferral {
    struct phrase_scan scan;
    bool remote; /* the other server is speaking */
    uint8_t suggested, fallback;
};

static enum deferral_reason deferral_by_words(struct deferral *deferral)
{
    const struct phrase *phrase;

    while ((phrase = phrase_next(&deferral->scan, deferral_words))) {
        if (!(phrase->flags & (deferral->remote ? THEIRS : OURS)))
            continue;
        if (phrase->meaning == REMOTE_SPEAKS) {
            /* "SMTP error from remote mail server" and the like: what came before was only how far it got */
            deferral->remote = true;
            deferral->suggested = deferral->fallback = DEFERRAL_NONE;
        } else if (phrase->rank == DECIDES) {
            return (enum deferral_reason)phrase->meaning;
        } else if (phrase->rank == SUGGESTS && !deferral->suggested) {
            deferral->suggested = phrase->meaning;
        } else if (phrase->rank == FALLBACK && !deferral->fallback) {
            deferral->fallback = phrase->meaning;
        }
    }
    return (enum deferral_reason)deferral->suggested;
}

static enum deferral_reason deferral_by_enhanced(struct span dsn, bool remote)
{
    uint64_t subject, detail;

    if (!split_enhanced(dsn, &subject, &detail))
        return DEFERRAL_NONE;
    for (size_t i = 0; i < sizeof(deferral_codes) / sizeof(deferral_codes[0]); i++)
        if (deferral_codes[i].subject == subject && deferral_codes[i].detail == detail)
            return remote && !deferral_codes[i].of_remote ? DEFERRAL_NONE
                                                          : (enum deferral_reason)deferral_codes[i].reason;
    return DEFERRAL_NONE;
}

/* A text that begins with a reply code is a server's reply: Sendmail and OpenSMTPD write it as it came. */
static bool begins_with_reply(struct span text)
{
    return text.n > 3 && (text.p[0] == '4' || text.p[0] == '5') && is_digit(text.p[1]) && is_digit(text.p[2]) &&
           (text.p[3] == ' ' || text.p[3] == '-' || text.p[3] == '_');
}

enum deferral_reason deferral_reason_of(struct span dsn, struct span text)
{
    struct deferral deferral = { .scan = phrase_scan_of(text), .remote = begins_with_reply(text) };
    struct deferral again = { .scan = phrase_scan_of(text), .remote = true };
    enum deferral_reason reason;

    if ((reason = deferral_by_words(&deferral)))
        return reason;
    /* Nobody was named as speaking: some programs give the reply without its code. */
    if (!deferral.remote && (reason = deferral_by_words(&again)))
        return reason;
    if ((reason = deferral_by_enhanced(dsn, deferral.remote)))
        return reason;
    if (deferral.fallback)
        return (enum deferral_reason)deferral.fallback;
    return deferral.remote ? DEFERRAL_REMOTE_TEMPORARY : DEFERRAL_OTHER;
}
