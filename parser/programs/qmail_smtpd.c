/* qmail: what listens in front of it.
 *
 *   line                                                      becomes
 *   tcpserver: ok PID name:ip:25 name:ip::port                connections (ports of SMTP only); sslserver: likewise
 *   tcpserver: deny PID ..                                    refusal: clientBlocked (likewise)
 *   rblsmtpd: IP pid PID: 451 text, 553 text                  refusal: dnsbl, by its code
 *   rblsmtpd: ZONE blocked IP name -                          refusal: dnsbl
 *   qmail-smtpd: 421 badiprbl: ip IP rbl: ZONE                refusal
 *   qmail-smtpd: message rejected (text)                      refusal
 *   qmail-smtpd: .. Reject::SNDR::.. (SPAMCONTROL)            refusal; Reject::AUTH: authFailed; Accept::AUTH:
 *                                                             authSucceeded
 *   CHKUSER rejected rcpt: from <> remote <> rcpt <> : text   refusal; mbx overquota, must auth, no auth resource too
 *   simscan:[PID]:VIRUS:, SPAM ..                             simscan.c
 *   spamdyke: DENIED_X from: a to: b origin_ip: IP ..         refusal; DENIED_OTHER by the code in its reason, and
 *                                                             nothing where that is CHKUSER's
 *   spamdyke: TIMEOUT ..; FAILED_AUTH ..                      connectionsLost; authFailed
 *   vpopmail: vchkpw-smtp: .. fail .. user@x:IP               authFailed; login success: authSucceeded; POP and
 *                                                             IMAP nothing
 *
 * Source of the formats: ucspi-tcp's tcpserver.c and rblsmtpd.c, SPAMCONTROL's qmail-smtpd.c and log.c, chkuser.c,
 * spamdyke.h, vpopmail's vchkpw.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmail.h"

#include "../fields.h"
#include "put.h"

static bool put_refused(struct event *e, bool temporary, enum refusal_reason reason, struct events *events)
{
    e->temporary = temporary;
    e->reason = (uint8_t)reason;
    if (!temporary)
        e->counter = COUNTER_REJECTED;
    else
        e->counter = reason == REFUSAL_GREYLIST ? COUNTER_GREYLISTED : COUNTER_REJECTED_TEMPORARILY;
    events_put(events, e);
    return true;
}

/* Consumes up to `literal` and the literal itself. */
static bool take_through(struct span *s, struct span literal, struct span *before)
{
    size_t at = span_find(*s, literal);

    if (at == s->n)
        return false;
    *before = span_first(*s, at);
    *s = span_skip(*s, at + literal.n);
    return true;
}

/* ---- tcpserver ---- */

/* `mail.example.org:192.0.2.1:25`: whether the port is one of SMTP. */
static bool is_smtp_endpoint(struct span local)
{
    return span_ends(local, SPAN(":25")) || span_ends(local, SPAN(":587")) || span_ends(local, SPAN(":465"));
}

static bool tcpserver(const struct line *line, struct span rest, struct events *events)
{
    bool ok = span_take_literal(&rest, "ok ");
    struct event e = event_of(ok ? EVENT_COUNT : EVENT_REFUSAL, line);
    struct span pid, local, remote;

    if (!ok && !span_take_literal(&rest, "deny "))
        return span_has_prefix(rest, "end ") || span_has_prefix(rest, "status: ") || span_has_prefix(rest, "pid ");
    if (!span_take_until(&rest, ' ', &pid) || !span_take_until(&rest, ' ', &local))
        return false;
    if (!is_smtp_endpoint(local))
        return true;
    if (!span_take_until(&rest, ' ', &remote))
        remote = rest;
    e.client = remote;
    if (!ok)
        return put_refused(&e, false, REFUSAL_CLIENT_BLOCKED, events);
    e.counter = COUNTER_CONNECTIONS;
    events_put(events, &e);
    return true;
}

/* ---- blocklists ---- */

static bool rblsmtpd(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span s = rest, word;

    if (take_through(&s, SPAN(" blocked "), &e.zone) && !span_chr(e.zone, ' ')) {
        e.detail = e.zone;
        span_take_until(&s, ' ', &e.client);
        return put_refused(&e, false, REFUSAL_DNSBL, events);
    }
    e.zone = (struct span){ rest.p, 0 };
    if (!take_through(&rest, SPAN(" pid "), &e.client) || !span_take_until(&rest, ':', &word) ||
        !span_take_char(&rest, ' '))
        return false;
    if (span_chr(word, ' ')) { /* a patch names the zone behind the pid */
        span_take_until(&word, ' ', &s);
        e.zone = e.detail = word;
    }
    if (!fields_take_codes(&rest, &e.code, &e.enhanced))
        return false;
    e.text = rest;
    return put_refused(&e, e.code < 500, REFUSAL_DNSBL, events);
}

/* ---- qmail-smtpd and its patches ---- */

struct word_reason {
    struct span word;
    uint8_t reason;
    bool temporary;
};

/* SPAMCONTROL's `Class::Word`, the most telling first. */
static const struct word_reason spamcontrol_words[] = {
    { SPAN("Invalid_Relay"), REFUSAL_RELAY_DENIED, false },
    { SPAN("Failed_Rcptto"), REFUSAL_UNKNOWN_USER, false },
    { SPAN("Toomany_Rcptto"), REFUSAL_RATE_LIMIT, false },
    { SPAN("Grey_Listed"), REFUSAL_GREYLIST, true },
    { SPAN("Invalid_Size"), REFUSAL_MESSAGE_SIZE, false },
    { SPAN("MIME_Attach"), REFUSAL_BANNED, false },
    { SPAN("Bad_Loader"), REFUSAL_BANNED, false },
    { SPAN("Spam_Message"), REFUSAL_SPAM, false },
    { SPAN("Virus_Infected"), REFUSAL_VIRUS, false },
    { SPAN("DNS_MF"), REFUSAL_SENDER_DOMAIN, false },
    { SPAN("DNS_Helo"), REFUSAL_HELO_INVALID, false },
    { SPAN("Bad_Helo"), REFUSAL_HELO_INVALID, false },
    { SPAN("SPF::"), REFUSAL_SPF, false },
    { SPAN("TLS::"), REFUSAL_TLS_REQUIRED, false },
    { SPAN("SMTP::"), REFUSAL_PROTOCOL, false },
    { SPAN("SNDR::"), REFUSAL_SENDER_INVALID, false },
    { SPAN("RCPT::"), REFUSAL_UNKNOWN_USER, false },
    { SPAN("ORIG::"), REFUSAL_CLIENT_BLOCKED, false },
};

/* `pid 123 Reject::SNDR::DNS_MF: P:ESMTP S:..`: the words up to the first blank are its own. */
static bool spamcontrol(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span s = rest, word;

    if (span_take_literal(&s, "pid ") && span_take_until(&s, ' ', &word))
        rest = s;
    if (span_has_prefix(rest, "Accept::AUTH::"))
        return put_count(line, events, COUNTER_AUTH_SUCCEEDED, NO_DETAIL);
    if (span_has_prefix(rest, "Accept::"))
        return true;
    if (!span_take_literal(&rest, "Reject::") && !span_take_literal(&rest, "Deferred::"))
        return false;
    if (!span_take_until(&rest, ' ', &word))
        word = rest;
    if (span_has_prefix(word, "AUTH::"))
        return put_count(line, events, COUNTER_AUTH_FAILED, NO_DETAIL);
    if (word.n && word.p[word.n - 1] == ':')
        word.n--;
    e.detail = word;
    for (size_t i = 0; i < sizeof spamcontrol_words / sizeof spamcontrol_words[0]; i++)
        if (span_contains(word, spamcontrol_words[i].word))
            return put_refused(&e, spamcontrol_words[i].temporary, (enum refusal_reason)spamcontrol_words[i].reason,
                               events);
    return put_refused(&e, false, REFUSAL_OTHER, events);
}

/* What CHKUSER says in front of the addresses, and behind them where that tells more. Of one refusal there is one line;
 * `intrusion threshold` is said besides. */
static const struct {
    struct span title, description;
    uint8_t reason;
    bool temporary;
} chkuser_words[] = {
    { SPAN("rejected "), SPAN("temporary DNS problem"), REFUSAL_LOOKUP_FAILURE, true },
    { SPAN("rejected rcpt: "), SPAN("max number of "), REFUSAL_RATE_LIMIT, false },
    { SPAN("rejected rcpt: "), SPAN("invalid rcpt address format"), REFUSAL_PROTOCOL, false },
    { SPAN("rejected rcpt: "), SPAN("invalid rcpt MX domain"), REFUSAL_RECIPIENT_DOMAIN, false },
    { SPAN("rejected rcpt: "), SPAN(""), REFUSAL_UNKNOWN_USER, false },
    { SPAN("rejected relaying: "), SPAN(""), REFUSAL_RELAY_DENIED, false },
    { SPAN("rejected sender: "), SPAN("invalid sender address format"), REFUSAL_SENDER_INVALID, false },
    { SPAN("rejected sender: "), SPAN(""), REFUSAL_SENDER_DOMAIN, false },
    { SPAN("rejected intrusion: "), SPAN(""), REFUSAL_RATE_LIMIT, false },
    { SPAN("rejected max rcpt: "), SPAN(""), REFUSAL_RATE_LIMIT, false },
    { SPAN("mbx overquota: "), SPAN(""), REFUSAL_MAILBOX_FULL, false },
    { SPAN("must auth: "), SPAN(""), REFUSAL_AUTH_REQUIRED, false },
    { SPAN("no auth resource: "), SPAN(""), REFUSAL_LOOKUP_FAILURE, true },
};

/* `from <a:login:> remote <helo:name:IP> rcpt <b> : text`; later releases have `|` between. Leaves the text. */
static void chkuser_fields(struct span *s, struct event *e)
{
    struct span remote, rest = *s;
    const char *colon;

    if (!span_take_literal(&rest, "from ") || !span_take_bracketed(&rest, &e->from) ||
        !span_take_literal(&rest, " remote ") || !span_take_bracketed(&rest, &remote))
        return;
    colon = memrchr(remote.p, ':', remote.n);
    e->client = colon ? span_from(colon + 1, remote.p + remote.n) : remote;
    if (span_take_literal(&rest, " rcpt "))
        span_take_bracketed(&rest, &e->to);
    for (size_t i = 0; i < e->from.n; i++) /* the login stands behind the address */
        if (e->from.p[i] == ':' || e->from.p[i] == '|')
            e->from.n = i;
    span_take_literal(&rest, " : ");
    *s = rest;
}

/* `rejected rcpt: from <a::> remote <helo:name:IP> rcpt <b> : not existing recipient`. */
static bool chkuser(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span title, text = rest;

    if (!take_through(&text, SPAN(": "), &title))
        return true;
    chkuser_fields(&text, &e);
    for (size_t i = 0; i < sizeof chkuser_words / sizeof chkuser_words[0]; i++)
        if (span_starts(rest, chkuser_words[i].title) && span_starts(text, chkuser_words[i].description)) {
            e.text = text;
            return put_refused(&e, chkuser_words[i].temporary, (enum refusal_reason)chkuser_words[i].reason, events);
        }
    return true;
}

static bool smtpd(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span s = rest, word;

    if (span_take_literal(&rest, "message rejected (")) {
        if (rest.n && rest.p[rest.n - 1] == ')')
            rest.n--;
        fields_classify_refusal(&e, rest, false);
        events_put(events, &e);
        return true;
    }
    if (fields_take_codes(&s, &e.code, &e.enhanced) && e.code >= 400) {
        fields_classify_refusal(&e, s, false);
        if (take_through(&s, SPAN(" ip "), &word) && span_take_until(&s, ' ', &e.client) &&
            span_take_literal(&s, "rbl: "))
            e.zone = e.detail = s;
        events_put(events, &e);
        return true;
    }
    return spamcontrol(line, rest, events);
}

/* ---- spamdyke ---- */

static const struct word_reason spamdyke_words[] = {
    { SPAN("TOO_MANY_RECIPIENTS"), REFUSAL_RATE_LIMIT, true },
    { SPAN("UNQUALIFIED_RECIPIENT"), REFUSAL_RECIPIENT_DOMAIN, false },
    { SPAN("GRAYLISTED"), REFUSAL_GREYLIST, true },
    { SPAN("RDNS_MISSING"), REFUSAL_CLIENT_REVERSE_DNS, true },
    { SPAN("RDNS_RESOLVE"), REFUSAL_CLIENT_REVERSE_DNS, true },
    { SPAN("IP_IN_CC_RDNS"), REFUSAL_CLIENT_REVERSE_DNS, false },
    { SPAN("IP_IN_RDNS"), REFUSAL_CLIENT_REVERSE_DNS, false },
    { SPAN("EARLYTALKER"), REFUSAL_EARLY_TALKER, false },
    { SPAN("BLACKLIST_NAME"), REFUSAL_CLIENT_BLOCKED, false },
    { SPAN("BLACKLIST_IP"), REFUSAL_CLIENT_BLOCKED, false },
    { SPAN("SENDER_BLACKLISTED"), REFUSAL_SENDER_INVALID, false },
    { SPAN("RECIPIENT_BLACKLISTED"), REFUSAL_POLICY_SERVICE, false },
    { SPAN("SENDER_NO_MX"), REFUSAL_SENDER_DOMAIN, true },
    { SPAN("RBL_MATCH"), REFUSAL_DNSBL, false },
    { SPAN("RHSBL_MATCH"), REFUSAL_RHSBL, false },
    { SPAN("RELAYING"), REFUSAL_RELAY_DENIED, false },
    { SPAN("ZERO_RECIPIENTS"), REFUSAL_PROTOCOL, false },
    { SPAN("AUTH_REQUIRED"), REFUSAL_AUTH_REQUIRED, false },
    { SPAN("HEADER_BLACKLISTED"), REFUSAL_HEADER, false },
    { SPAN("INVALID_RECIPIENT"), REFUSAL_UNKNOWN_USER, false },
    { SPAN("UNAVAILABLE_RECIPIENT"), REFUSAL_UNKNOWN_USER, false },
    { SPAN("SENDER_NOT_LOCAL"), REFUSAL_SENDER_INVALID, false },
    { SPAN("SENDER_NOT_AUTH"), REFUSAL_SENDER_INVALID, false },
    { SPAN("OTHER"), REFUSAL_OTHER, true },
};

/* `550_sorry,_no_mailbox_here_by_that_name`: a refusal by qmail-smtpd, which spamdyke hands on. CHKUSER logs its own.
 */
static bool spamdyke_handed_on(struct event *e, struct span reply, struct events *events)
{
    uint64_t code;

    if (!span_take_number(&reply, &code) || code < 400 || code > 599 || !span_take_char(&reply, '_'))
        return put_refused(e, true, REFUSAL_OTHER, events);
    if (span_ends(reply, SPAN("chkuser)")))
        return true;
    e->code = (uint16_t)code;
    fields_classify_refusal(e, reply, false);
    events_put(events, e);
    return true;
}

/* `NAME from: a to: b origin_ip: IP origin_rdns: ..`: the name is the first word. */
static bool spamdyke(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span name, s, before;

    if (!span_take_until(&rest, ' ', &name))
        return false;
    s = rest;
    if (span_take_literal(&s, "from: ") && take_through(&s, SPAN(" to: "), &e.from) &&
        take_through(&s, SPAN(" origin_ip: "), &e.to))
        span_take_until(&s, ' ', &e.client);
    if (span_is(name, "FAILED_AUTH") || span_is(name, "TIMEOUT")) {
        e.kind = EVENT_COUNT;
        e.counter = span_is(name, "TIMEOUT") ? COUNTER_CONNECTIONS_LOST : COUNTER_AUTH_FAILED;
        events_put(events, &e);
        return true;
    }
    if (!span_has_prefix(name, "DENIED_"))
        return true; /* ALLOWED, ERROR, and what it does about TLS */
    e.detail = name;
    if (span_ends(name, SPAN("BL_MATCH")) && take_through(&s, SPAN(" reason: "), &before) && !span_chr(s, ' '))
        e.zone = e.detail = s;
    name = span_skip(name, sizeof "DENIED_" - 1);
    if (span_is(name, "OTHER") && take_through(&s, SPAN(" reason: "), &before))
        return spamdyke_handed_on(&e, s, events);
    for (size_t i = 0; i < sizeof spamdyke_words / sizeof spamdyke_words[0]; i++)
        if (span_eq(name, spamdyke_words[i].word))
            return put_refused(&e, spamdyke_words[i].temporary, (enum refusal_reason)spamdyke_words[i].reason, events);
    return put_refused(&e, false, REFUSAL_OTHER, events);
}

/* ---- vpopmail ---- */

/* `vchkpw-smtp: password fail user@example.org:192.0.2.1`. */
static bool vchkpw(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span service;
    const char *colon = memrchr(rest.p, ':', rest.n);

    if (!span_take_literal(&rest, "vchkpw-") || !span_take_until(&rest, ':', &service))
        return true;
    if (!span_has_prefix(service, "smtp") && !span_is(service, "submission"))
        return true;
    if (colon && colon >= rest.p)
        e.client = span_from(colon + 1, rest.p + rest.n);
    span_take_char(&rest, ' ');
    if (rest.n && rest.p[0] == '(') /* the mechanism, on success */
        span_take_until(&rest, ' ', &service);
    e.counter = span_has_prefix(rest, "login success ") ? COUNTER_AUTH_SUCCEEDED : COUNTER_AUTH_FAILED;
    events_put(events, &e);
    return true;
}

/* ---- all of them ---- */

static const struct {
    struct span name;
    bool (*recognise)(const struct line *line, struct span rest, struct events *events);
} programs[] = {
    { SPAN("tcpserver"), tcpserver }, { SPAN("sslserver"), tcpserver }, { SPAN("rblsmtpd"), rblsmtpd },
    { SPAN("qmail-smtpd"), smtpd },   { SPAN("spamdyke"), spamdyke },   { SPAN("vpopmail"), vchkpw },
};

bool qmail_smtpd(const struct line *line, struct span program, struct span rest, struct events *events)
{
    struct span s = rest;

    if (span_take_literal(&s, "CHKUSER "))
        return chkuser(line, s, events);
    if (span_take_literal(&s, "simscan:["))
        return qmail_simscan(line, s, events);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        s = rest;
        if (span_eq(program, programs[i].name) ||
            (program.n == 0 && span_take(&s, programs[i].name) && span_take_literal(&s, ": ")))
            return programs[i].recognise(line, s, events);
    }
    return false;
}
