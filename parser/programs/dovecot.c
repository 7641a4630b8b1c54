/* Dovecot: deliveries by LMTP and LDA, and logins to its submission service.
 *
 *   line                                                                   becomes
 *   lmtp(user)<pid><session>: msgid=<..>: saved mail to MAILBOX            delivered, where no MTA says so
 *   .. sieve: msgid=<..>: stored mail into mailbox 'MAILBOX'               likewise, once for a message and user
 *   lda(..), deliver(..)                                                   likewise
 *   .. forwarded to, discarded, save failed to ..                          nothing: the MTA's lines tell of it
 *   submission-login: Login: user=<..>, ..                                 authSucceeded
 *   submission-login: .. (auth failed, N attempts in ..): user=<..>, ..    N authFailed
 *   imap-login, pop3-login, managesieve-login, auth, imap(..), ..          nothing
 *
 * auth: and auth-worker: lines do not tell for which service; the MTA that asked says it itself.
 *
 * "Where no MTA says so": on a host that an MTA has written a line of, its own line is the delivery (tally.h). The
 * delivery waits two seconds, as verdicts do, for that line: some MTAs write their first when it is over.
 *
 * The Message-ID is the sender's; the line ends with what was done, so nothing but a mailbox's name may follow it.
 *
 * Source of the formats: Dovecot src/lib-lda/mail-deliver.c (deliver_log_format), Pigeonhole's lda-sieve-log,
 * src/login-common/client-common.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "../tally.h"

#define SESSION_OCTETS_MAX 64
#define ATTEMPTS_MAX       1000

/* The level, in a log that Dovecot writes itself. */
static void skip_level(struct span *s)
{
    span_take_literal(s, "Info: ");
}

/* `msgid=<a@b> (added by x): `: up to the colon behind the brackets. */
static bool take_message_id(struct span *s)
{
    struct span rest = *s, inside;
    size_t end;

    if (!span_take_literal(&rest, "msgid="))
        return false;
    if (rest.n && rest.p[0] == '<')
        span_take_bracketed(&rest, &inside);
    end = span_find(rest, SPAN(": "));
    if (end == rest.n)
        return false;
    *s = span_skip(rest, end + 2);
    return true;
}

/* Dovecot 2.2 writes the session's id before the message. */
static void skip_session(struct span *s)
{
    struct span rest = *s;
    size_t end = span_find(rest, SPAN(": "));

    if (end == rest.n || end > SESSION_OCTETS_MAX || memchr(rest.p, ' ', end) || memchr(rest.p, '=', end))
        return;
    *s = span_skip(rest, end + 2);
}

static bool is_stored(struct span done)
{
    if (span_take_literal(&done, "saved mail to "))
        return !span_mentions(done, ": ");
    return span_take_literal(&done, "stored mail into mailbox '") && span_ends(done, SPAN("'"));
}

/* `s` stands at `(user)<pid><session>: ..`, behind lmtp, lda or deliver. */
static bool delivery(const struct line *line, struct events *events, struct span s)
{
    const char *begin = s.p;
    size_t end = span_find(s, SPAN(": "));
    bool named;

    if (end == s.n || s.p[0] != '(')
        return true;
    named = span_mentions(span_first(s, end), "><");
    s = span_skip(s, end + 2);
    skip_level(&s);
    if (!span_has_prefix(s, "sieve: ")) {
        const char *p = s.p;

        skip_session(&s);
        named |= s.p != p;
    }
    span_take_literal(&s, "sieve: ");
    if (!take_message_id(&s) || !is_stored(s) || tally_has_mta(line->tally))
        return true;
    if (!named) /* equal lines are different messages */
        return put_count(line, events, COUNTER_DELIVERED, NO_DETAIL);
    return put_verdict(line, events, span_from(begin, s.p), COUNTER_DELIVERED, NO_DETAIL, NO_DETAIL);
}

static bool submission_login(const struct line *line, struct events *events, struct span s)
{
    static const struct span failed = SPAN("(auth failed, ");
    uint64_t attempts;
    size_t at, user;

    skip_level(&s);
    if (span_has_prefix(s, "Login: "))
        return put_count(line, events, COUNTER_AUTH_SUCCEEDED, NO_DETAIL);
    at = span_find(s, failed);
    user = span_find(s, SPAN(": user="));
    if (at == s.n || at > user)
        return true;
    s = span_skip(s, at + failed.n);
    if (span_take_number(&s, &attempts) && attempts <= ATTEMPTS_MAX && span_has_prefix(s, " attempts"))
        return put_count_of(line, events, COUNTER_AUTH_FAILED, attempts, NO_DETAIL);
    return true;
}

static bool dovecot(const struct line *line, struct events *events)
{
    struct span s = line->header.message;

    if (span_take_literal(&s, "submission-login: "))
        return submission_login(line, events, s);
    if (span_take_literal(&s, "lmtp") || span_take_literal(&s, "lda") || span_take_literal(&s, "deliver"))
        return delivery(line, events, s);
    return true;
}

/* Of Dovecot 1.0: its tag is followed by the user in brackets. */
static bool deliver(const struct line *line, struct events *events)
{
    return delivery(line, events, line->header.message);
}

static const struct service services[] = {
    { SPAN("dovecot"), dovecot },     { SPAN("dovecot-auth"), dovecot },    { SPAN("deliver"), deliver },
    { SPAN("dovecot-lda"), deliver }, { SPAN("dovecot-deliver"), deliver },
};

const struct recogniser recogniser_dovecot = { .name = "dovecot", SERVICES(services), .asks_host = true };
