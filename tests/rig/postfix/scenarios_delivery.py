"""Deliveries that fail, for ever or for now, and what the sender is told.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "127.0.1.20"


def deferral(reason, n=1):
    return {f"deferral {reason}": n}


def out(rig, recipients, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, sender, session, **parts)
    session.quit()


# Bounced: alice's report goes to her mailbox, a stranger's goes out to the world.

@scenario(content_filter=7, pipe=3, proxy=3, received=1, bounced=1, delivered=1, connections=1)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(content_filter=4, pipe=1, proxy=1, received=1, bounced=1, sent=1, connections=1)
def bounced_to_a_stranger(rig):
    rig.deliver("gone@relay.example.org")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, bounced=2, sent=1, delivered=1, connections=1, handed=3)
def bounced_for_two_of_three(rig):
    out(rig, ["gone1@world.example", "unwanted@world.example", "fine@world.example"])


@scenario(content_filter=3, received=1, bounced=1, delivered=1, connections=1)
def bounced_after_data(rig):
    out(rig, "contentbad@world.example")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, bounced=1, delivered=1, through=("content-filter",))
def bounced_by_unknown_domain(rig):
    """By sendmail(1): smtpd would not have taken it."""
    rig.submit(["x@no-such-domain.example"])


@scenario(content_filter=2, pipe=1, proxy=1, received=1, bounced=1, sent=1, connections=1)
def bounced_by_command(rig):
    rig.deliver("nopipe@example.org")


@scenario(content_filter=2, received=1, bounced=1, connections=1)
def bounce_of_a_bounce(rig):
    """An empty sender is told nothing."""
    out(rig, "gone@world.example", "")


@scenario(content_filter=2, received=1, bounced=1, delivered=1, through=("content-filter",))
def bounced_by_error_transport(rig):
    rig.submit(["x@shut.example"])


@scenario(content_filter=1, received=1, bounced=1, sent=1, connections=1)
def smtputf8_not_offered(rig):
    rig.deliver("inside@relay.example.org", "jürgen@world.example", extra=" SMTPUTF8", subject="Grüße")


@scenario(content_filter=3, pipe=1, received=1, discarded=1, connections=1, unlike={"accepted": 1})
def discard_transport(rig):
    out(rig, "x@hole.example")


@scenario(content_filter=2, received=1, discarded=2, connections=1, handed=2, unlike={"accepted": 1})
def discard_transport_for_two(rig):
    out(rig, ["x@hole.example", "y@hole.example"])


# Deferred: they stay in the queue, once tried.

@scenario(content_filter=5, pipe=2, proxy=2, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_remote(rig):
    out(rig, "later@world.example")


@scenario(content_filter=3, received=1, deferred=1, connections=1, reasons=deferral("mailboxFull"))
def deferred_full(rig):
    out(rig, "full@world.example")


@scenario(content_filter=4, proxy=1, received=1, deferred=1, connections=1, reasons=deferral("greylist"))
def deferred_greylisted(rig):
    out(rig, "grey@world.example")


@scenario(content_filter=2, received=1, deferred=1, connections=1, reasons=deferral("rateLimit"))
def deferred_rate_limit(rig):
    out(rig, "often@world.example")


@scenario(content_filter=2, received=1, deferred=1, connections=1, reasons=deferral("storage"))
def deferred_storage(rig):
    out(rig, "disk@world.example")


@scenario(content_filter=3, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_after_data(rig):
    out(rig, "contentlater@world.example")


@scenario(content_filter=2, received=1, deferred=2, sent=1, connections=1, handed=3,
          reasons={"deferral remoteTemporary": 1, "deferral mailboxFull": 1})
def deferred_for_two_of_three(rig):
    out(rig, ["later@world.example", "full@world.example", "fine@world.example"])


@scenario(content_filter=1, pipe=1, proxy=1, received=1, deferred=1, connections=1, reasons=deferral("connectRefused"))
def deferred_connection_refused(rig):
    out(rig, "x@closed.example")


@scenario(content_filter=3, phase=2, received=1, deferred=1, connections=1, reasons=deferral("suspended"))
def deferred_suspended(rig):
    """The queue manager knows from the first phase that nobody answers there."""
    out(rig, "y@closed.example")


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_greeting(rig):
    out(rig, "x@busy.example")


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup(rig):
    out(rig, "x@hangup.example")


@scenario(content_filter=2, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup_at_rcpt(rig):
    out(rig, f"drop@dropper{rig.turn}.example")


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("connectTimeout"))
def deferred_connect_timeout(rig):
    out(rig, "x@deaf.example")


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_silence(rig):
    out(rig, "x@silent.example")


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_unreachable(rig):
    out(rig, "x@far.example")


@scenario(content_filter=2, proxy=1, received=1, deferred=1, reasons=deferral("dnsFailure"),
          through=("content-filter",))
def deferred_dns_failure(rig):
    rig.submit([f"x@broken{rig.turn}.test"])


@scenario(content_filter=1, received=1, deferred=1, connections=1, reasons=deferral("tlsFailure"))
def deferred_tls_not_offered(rig):
    out(rig, "x@plain.example")


@scenario(content_filter=2, received=1, deferred=1, connections=1, reasons=deferral("localTransport"))
def deferred_by_command(rig):
    rig.deliver("latepipe@example.org")


@scenario(content_filter=2, received=1, deferred=1, reasons=deferral("other"), through=("content-filter",))
def deferred_by_retry_transport(rig):
    rig.submit(["x@later.example"])


@scenario(content_filter=3, received=1, sent=1, connections=1)
def second_exchanger_takes_it(rig):
    """The first one's refusal is logged, but it is no delivery status."""
    out(rig, "x@twomx.example")


@scenario(content_filter=2, received=1, sent=1, connections=1)
def second_exchanger_first_closed(rig):
    out(rig, "x@twomx-closed.example")


@scenario(content_filter=2, received=1, sent=1, connections=1)
def second_exchanger_first_hangs_up(rig):
    out(rig, "x@twomx-hangup.example")


@scenario(content_filter=4, received=1, sent=1, connections=2, reinjected=1, unlike={"connections": 1})
def through_the_second_instance(rig):
    """Each hop is a connection and a queue id, but it is one mail."""
    out(rig, "x@out.example")
