/* Postfix: what its daemons say of themselves, of TLS, of tables and of SASL, and what they say with -v: no line of
 * these is an event. A line that could be one must have been looked at before.
 *
 * Source of the words: Postfix src/global/mail_params.h, src/tls, src/xsasl, src/util; postconf(5), debug_peer_list.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "postfix.h"

/* Functions and parameters, whose names have underscores: `match_hostname: ..`, `xsasl_dovecot_server_connect: ..`. */
static bool begins_with_own_name(struct span message)
{
    bool underscore = false;

    for (size_t i = 0; i < message.n; i++) {
        char c = message.p[i];

        if (c == '_')
            underscore = true;
        else if ((c < 'a' || c > 'z') && !is_digit(c))
            break;
    }
    return underscore;
}

static const struct span prefixes[] = {
    SPAN("warning: "),
    SPAN("fatal: "),
    SPAN("error: "),
    SPAN("panic: "),
    SPAN("statistics: "),
    SPAN("info: "),
    /* TLS */
    SPAN("TLS "),
    SPAN("TLSA "),
    SPAN("SSL_"),
    SPAN("setting up TLS connection"),
    SPAN("initializing the "),
    SPAN("certificate "),
    SPAN("server certificate"),
    SPAN("cannot load "),
    SPAN("verify error:"),
    SPAN("Verified: "),
    SPAN("Unverified: "),
    SPAN("Peer "),
    SPAN("read from "),
    SPAN("write to "),
    SPAN("fingerprint="),
    SPAN("subject="),
    /* tables, caches, SASL */
    SPAN("table "),
    SPAN("cache "),
    SPAN("close database "),
    SPAN("proxymap stream "),
    SPAN("looking for plugins in "),
    SPAN("unable to dlopen "),
    SPAN("sql "),
    SPAN("auxpropfunc "),
    SPAN("nss_ldap: "),
    /* EHLO */
    SPAN("discarding EHLO keywords"),
    SPAN("Host offered STARTTLS"),
    /* -v */
    SPAN("> "),
    SPAN("< "),
    SPAN(">>> "),
    SPAN("idle timeout"),
    SPAN("connection established"),
    SPAN("connection closed"),
    SPAN("connect to subsystem "),
    SPAN("trying... "),
    SPAN("Connection refused"),
    SPAN("send attr "),
    SPAN("input attribute "),
    SPAN("private/"),
    SPAN("report "),
    SPAN("event: "),
    SPAN("reply: "),
    SPAN("skipping "),
    SPAN("before "),
    SPAN("after "),
    SPAN("process generation: "),
    SPAN("chroot "),
    SPAN("fsspace: "),
    SPAN("mynetworks: "),
    SPAN("disposing SASL state "),
    SPAN("starting new SASL client"),
    SPAN("master disconnect"),
    SPAN("rewrite stream disconnect"),
    SPAN("watchdog "),
};

bool postfix_is_talk(struct span message)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (span_starts(message, prefixes[i]))
            return true;
    return begins_with_own_name(message) || span_mentions(message, " TLS ") ||
           span_mentions(message, "re-using session with ") || span_mentions(message, " socket: wanted attribute: ");
}
