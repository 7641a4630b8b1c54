/* The words in which a delivery is put off, by first letter: those of this host's programs (Postfix' delivery agents,
 * Sendmail, Exim, qmail, OpenSMTPD, Courier) and those of the servers they talk to.
 *
 * What a remote server says can only choose among the reasons that a remote server can have (THEIRS); connecting, DNS
 * and local delivery are this host's own words (OURS).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reason_words.h"

#define OWN(words, reason)            ROW(words, DEFERRAL_##reason, DECIDES, NOBODY, OURS)
#define OWN_HINT(words, reason)       ROW(words, DEFERRAL_##reason, SUGGESTS, NOBODY, OURS)
#define OWN_LAST(words, reason)       ROW(words, DEFERRAL_##reason, FALLBACK, NOBODY, OURS)
#define SAID(words, reason)           ROW(words, DEFERRAL_##reason, DECIDES, NOBODY, THEIRS)
#define SAID_STEM(words, reason)      ROW(words, DEFERRAL_##reason, DECIDES, NOBODY, THEIRS | PHRASE_PREFIX)
#define SAID_HINT(words, reason)      ROW(words, DEFERRAL_##reason, SUGGESTS, NOBODY, THEIRS)
#define SAID_HINT_STEM(words, reason) ROW(words, DEFERRAL_##reason, SUGGESTS, NOBODY, THEIRS | PHRASE_PREFIX)
#define BOTH(words, reason)           ROW(words, DEFERRAL_##reason, DECIDES, NOBODY, OURS | THEIRS)
#define BOTH_HINT(words, reason)      ROW(words, DEFERRAL_##reason, SUGGESTS, NOBODY, OURS | THEIRS)
#define SPEAKS(words)                 ROW(words, REMOTE_SPEAKS, CONTEXT, NOBODY, OURS)

// clang-format off: one row a line
static const struct phrase deferral_a[] = {
    OWN("address family mismatch", NETWORK_UNREACHABLE), OWN("address resolver failure", LOCAL_TRANSPORT),
    OWN("alias database unavailable", LOCAL_TRANSPORT),  OWN("all hosts for", SUSPENDED),
    OWN("all routes to destination blocked", SUSPENDED), BOTH("authentication failed", AUTH_FAILURE),
    BOTH("authentication failure", AUTH_FAILURE),        BOTH("authentication required", AUTH_FAILURE),
    BOTH("authentication unsuccessful", AUTH_FAILURE),
};
static const struct phrase deferral_b[] = {
    SAID_HINT_STEM("blacklist", REPUTATION),
    SAID_HINT_STEM("blocklist", REPUTATION),
    SAID("blocked using", REPUTATION),
    SAID_HINT("blocked", REPUTATION),
};
static const struct phrase deferral_c[] = {
    OWN_HINT("cannot access", LOCAL_TRANSPORT),
    OWN_HINT("cannot append", LOCAL_TRANSPORT),
    BOTH("cannot authenticate", AUTH_FAILURE),
    OWN_HINT("cannot create", LOCAL_TRANSPORT),
    OWN_HINT("cannot open", LOCAL_TRANSPORT),
    OWN("cannot start tls", TLS_FAILURE),
    OWN_HINT("cannot update mailbox", LOCAL_TRANSPORT),
    OWN_HINT("certificate", TLS_FAILURE),
    OWN_HINT("child process of", LOCAL_TRANSPORT),
    BOTH("client was not authenticated", AUTH_FAILURE),
    OWN("cname lookup failed", DNS_FAILURE),
    OWN("command output", LOCAL_TRANSPORT),
    OWN("command time limit exceeded", LOCAL_TRANSPORT),
    SAID("complaints", REPUTATION),
    OWN("connection closed", CONNECTION_LOST),
    OWN("connection died", CONNECTION_LOST),
    SAID("connection frequency limited", RATE_LIMIT),
    SAID("connection limit", RATE_LIMIT),
    OWN("connection refused", CONNECT_REFUSED),
    OWN("connection reset", CONNECTION_LOST),
    OWN("connection timed out", CONNECT_TIMEOUT),
    OWN("connection timeout", CONNECT_TIMEOUT),
    OWN("conversation with", CONNECTION_LOST),
    OWN("could not retrieve credentials", AUTH_FAILURE),
    OWN("couldn't find any host by that name", HOST_NOT_FOUND),
};
static const struct phrase deferral_d[] = {
    OWN_HINT("dane", TLS_FAILURE),
    OWN_HINT("delivery failed to mailbox", LOCAL_TRANSPORT),
    OWN("delivery temporarily suspended", SUSPENDED),
    BOTH("disk full", STORAGE),
    BOTH("disk quota exceeded", MAILBOX_FULL),
    OWN_HINT("dns", DNS_FAILURE),
    SAID_HINT_STEM("dnsbl", REPUTATION),
};
static const struct phrase deferral_e[] = {
    BOTH("encryption required", TLS_FAILURE),
    BOTH("encryption needed", TLS_FAILURE),
    OWN_HINT("error looking up passwd info", LOCAL_TRANSPORT),
    OWN_HINT("error reading forwarding file", LOCAL_TRANSPORT),
    OWN_HINT("error writing", LOCAL_TRANSPORT),
    OWN("establish an smtp connection", CONNECT_TIMEOUT),
    OWN("ex tempfail", LOCAL_TRANSPORT),
    SAID("exceeded storage allocation", MAILBOX_FULL),
    OWN("exceeded the max emails", RATE_LIMIT),
    SAID("exceeded the maximum number of connections", RATE_LIMIT),
    SAID_HINT("excessive", RATE_LIMIT),
};
static const struct phrase deferral_g[] = {
    SAID_STEM("graylist", GREYLIST),
    SAID_STEM("grey list", GREYLIST),
    SAID_STEM("greylist", GREYLIST),
};
static const struct phrase deferral_h[] = {
    OWN("host found but no data record", HOST_NOT_FOUND),
    OWN("host is unreachable", NETWORK_UNREACHABLE),
    OWN("host lookup did not complete", DNS_FAILURE),
    OWN("host name lookup failure", DNS_FAILURE),
    OWN("host not found, try again", DNS_FAILURE),
    OWN("host not found", HOST_NOT_FOUND),
    OWN_LAST("host or domain name not found", HOST_NOT_FOUND),
    OWN("host unreachable", NETWORK_UNREACHABLE),
};
static const struct phrase deferral_i[] = {
    BOTH("insufficient disk space", STORAGE),
    BOTH("insufficient storage", STORAGE),
    BOTH("insufficient system storage", STORAGE),
    OWN_HINT("io error", CONNECTION_LOST),
};
static const struct phrase deferral_l[] = {
    SAID("limits for how many", RATE_LIMIT), SAID_HINT("listed at", REPUTATION),
    SAID_HINT("listed by", REPUTATION),      SAID_HINT("listed in", REPUTATION),
    SAID_HINT("listed on", REPUTATION),      OWN("local data error", LOCAL_TRANSPORT),
    OWN("local mailer", LOCAL_TRANSPORT),    OWN_LAST("lookup error", LOCAL_TRANSPORT),
    OWN_HINT("lookup failed", DNS_FAILURE),  OWN_HINT("lookup failure", DNS_FAILURE),
    OWN("lost connection", CONNECTION_LOST),
};
static const struct phrase deferral_m[] = {
    OWN("mail system configuration error", LOCAL_TRANSPORT),
    OWN("mail transport unavailable", LOCAL_TRANSPORT),
    BOTH("mailbox for user is full", MAILBOX_FULL),
    BOTH("mailbox full", MAILBOX_FULL),
    BOTH("mailbox is full", MAILBOX_FULL),
    OWN_HINT("maildir delivery failed", LOCAL_TRANSPORT),
    OWN("malformed or unexpected name server reply", DNS_FAILURE),
};
static const struct phrase deferral_n[] = {
    OWN_HINT("name server", DNS_FAILURE),
    OWN_HINT("name service error", DNS_FAILURE),
    OWN("network error", NETWORK_UNREACHABLE),
    OWN("network is unreachable", NETWORK_UNREACHABLE),
    OWN("no mx found", HOST_NOT_FOUND),
    OWN("no route to host", NETWORK_UNREACHABLE),
    BOTH("no space left", STORAGE),
    OWN("no such file or directory", LOCAL_TRANSPORT),
    OWN("no valid route", NETWORK_UNREACHABLE),
    OWN("non dnssec destination", TLS_FAILURE),
    SAID_HINT("not authenticated", AUTH_FAILURE),
};
static const struct phrase deferral_o[] = {
    OWN("operation timed out", CONNECT_TIMEOUT), OWN("out of memory", LOCAL_TRANSPORT),
    SAID("out of storage space", MAILBOX_FULL),  BOTH("over quota", MAILBOX_FULL),
    BOTH("over the quota", MAILBOX_FULL),
};
static const struct phrase deferral_p[] = {
    OWN("permission denied", LOCAL_TRANSPORT),
    SAID_HINT("permanently deferred", REPUTATION),
};
static const struct phrase deferral_q[] = {
    OWN("queue file read error", LOCAL_TRANSPORT),
    BOTH("quota exceeded", MAILBOX_FULL),
};
static const struct phrase deferral_r[] = {
    SAID("rate limited due to ip reputation", REPUTATION),
    SAID_STEM("rate limit", RATE_LIMIT),
    SAID_STEM("ratelimit", RATE_LIMIT),
    SAID_HINT("rbl", REPUTATION),
    SAID("receiving mail at a rate", RATE_LIMIT),
    SAID("receiving mail too quickly", RATE_LIMIT),
    SPEAKS("refused to talk to me:"),
    OWN("remote host closed connection", CONNECTION_LOST),
    SAID("reputation", REPUTATION),
    OWN("resource temporarily unavailable", LOCAL_TRANSPORT),
    OWN("retry time not reached", SUSPENDED),
};
static const struct phrase deferral_s[] = {
    SPEAKS("said:"),
    ROW("sasl authentication fail", DEFERRAL_AUTH_FAILURE, DECIDES, NOBODY, OURS | PHRASE_PREFIX),
    OWN_HINT("sasl", AUTH_FAILURE),
    SAID("sending too many", RATE_LIMIT),
    SAID_HINT("server busy", RATE_LIMIT),
    OWN("server certificate", TLS_FAILURE),
    OWN("server configuration error", LOCAL_TRANSPORT),
    OWN("server dropped connection", CONNECTION_LOST),
    SAID("slow down", RATE_LIMIT),
    SPEAKS("smtp error from remote mail server"),
    SPEAKS("smtp error from remote mailer"),
    OWN("smtp timeout", CONNECTION_LOST),
    SAID_HINT("spam", REPUTATION),
    SAID_HINT("spamcop", REPUTATION),
    SAID_HINT("spamhaus", REPUTATION),
    SAID_HINT_STEM("spamm", REPUTATION),
    OWN_HINT("ssl", TLS_FAILURE),
    BOTH_HINT("starttls", TLS_FAILURE),
    SAID_HINT("suspicious", REPUTATION),
};
static const struct phrase deferral_t[] = {
    OWN("temporary error on maildir delivery", LOCAL_TRANSPORT),
    OWN("temporary failure in mx lookup", DNS_FAILURE),
    OWN("temporary failure in name resolution", DNS_FAILURE),
    OWN("temporary failure", LOCAL_TRANSPORT),
    SAID_STEM("throttl", RATE_LIMIT),
    OWN("timed out while", CONNECTION_LOST),
    BOTH_HINT("tls", TLS_FAILURE),
    OWN_HINT("tlsa", TLS_FAILURE),
    SAID_HINT("too many", RATE_LIMIT),
    SAID("too much mail", RATE_LIMIT),
};
static const struct phrase deferral_u[] = {
    OWN("unable to look up host", DNS_FAILURE), OWN_HINT("unable to", LOCAL_TRANSPORT),
    SAID_HINT("unexpected volume", RATE_LIMIT), OWN("unknown mail transport error", LOCAL_TRANSPORT),
    SAID_HINT("unsolicited", REPUTATION),       SAID("unusual rate of", RATE_LIMIT),
    OWN("user lookup error", LOCAL_TRANSPORT),
};
static const struct phrase deferral_v[] = {
    SAID("veuillez ralentir", RATE_LIMIT),
};

const struct phrases deferral_words[PHRASE_LETTERS] = {
    ['a' - 'a'] = PHRASES(deferral_a), ['b' - 'a'] = PHRASES(deferral_b), ['c' - 'a'] = PHRASES(deferral_c),
    ['d' - 'a'] = PHRASES(deferral_d), ['e' - 'a'] = PHRASES(deferral_e), ['g' - 'a'] = PHRASES(deferral_g),
    ['h' - 'a'] = PHRASES(deferral_h), ['i' - 'a'] = PHRASES(deferral_i), ['l' - 'a'] = PHRASES(deferral_l),
    ['m' - 'a'] = PHRASES(deferral_m), ['n' - 'a'] = PHRASES(deferral_n), ['o' - 'a'] = PHRASES(deferral_o),
    ['p' - 'a'] = PHRASES(deferral_p), ['q' - 'a'] = PHRASES(deferral_q), ['r' - 'a'] = PHRASES(deferral_r),
    ['s' - 'a'] = PHRASES(deferral_s), ['t' - 'a'] = PHRASES(deferral_t), ['u' - 'a'] = PHRASES(deferral_u),
    ['v' - 'a'] = PHRASES(deferral_v),
};
// clang-format on
