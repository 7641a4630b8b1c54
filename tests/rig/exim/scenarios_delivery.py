"""Deliveries that fail, for ever or for now, and what the sender is told; frozen messages.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import time

import machine
from ledger import scenario

OFFICE = "192.0.2.20"


def deferral(reason, n=1):
    return {f"deferral {reason}": n}


def out(rig, recipients, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, sender, session, **parts)
    session.quit()


def queue_id(rig, wanted):
    """The id under which that is in the queue, once it is there and nobody works on it."""
    machine.wait_for(lambda: rig.servers.queued(wanted), 20, f"{rig.name} in the queue")
    time.sleep(1)
    return rig.servers.queued(wanted)[0]


# Bounced: alice's report goes to her mailbox, a stranger's goes out to the world.

@scenario(content_filter=4, plain=3, received=1, bounced=1, delivered=1, connections=1)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(content_filter=3, plain=2, received=1, bounced=1, sent=1, connections=1)
def bounced_to_a_stranger(rig):
    rig.deliver("gone@relay.example.org")


@scenario(content_filter=3, plain=2, received=1, bounced=2, sent=1, delivered=1, connections=1, handed=3)
def bounced_for_two_of_three(rig):
    out(rig, ["gone1@world.example", "unwanted@world.example", "fine@world.example"])


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1, connections=1)
def bounced_after_data(rig):
    out(rig, "contentbad@world.example")


@scenario(content_filter=3, plain=2, received=1, bounced=1, delivered=1)
def bounced_by_unknown_domain(rig):
    rig.submit(["x@no-such-domain.example"])


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1)
def bounced_by_unknown_user(rig):
    rig.submit(["nobody-here@example.org"])


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1)
def bounced_by_fail_alias(rig):
    rig.submit(["gone-away@example.org"])


@scenario(content_filter=2, plain=1, received=1, bounced=1, sent=1, connections=1)
def bounced_by_command(rig):
    rig.deliver("nopipe@example.org")


@scenario(content_filter=2, plain=2, received=1, bounced=1, held=1, connections=1)
def bounce_of_a_bounce(rig):
    """An empty sender cannot be told: the message is frozen."""
    out(rig, "gone@world.example", "")


# Deferred: they stay in the queue, once tried.

@scenario(content_filter=4, plain=3, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_remote(rig):
    out(rig, f"later{rig.turn}@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("mailboxFull"))
def deferred_full(rig):
    out(rig, f"full{rig.turn}@world.example")


@scenario(content_filter=3, plain=1, received=1, deferred=1, connections=1, reasons=deferral("greylist"))
def deferred_greylisted(rig):
    out(rig, f"grey{rig.turn}@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("rateLimit"))
def deferred_rate_limit(rig):
    out(rig, f"often{rig.turn}@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("storage"))
def deferred_storage(rig):
    out(rig, f"disk{rig.turn}@world.example")


@scenario(content_filter=2, plain=2, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_after_data(rig):
    out(rig, "contentlater@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=2, sent=1, connections=1, handed=3,
          reasons={"deferral remoteTemporary": 1, "deferral mailboxFull": 1})
def deferred_for_two_of_three(rig):
    out(rig, [f"later-a{rig.turn}@world.example", f"full-a{rig.turn}@world.example", "fine@world.example"])


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectRefused"))
def deferred_connection_refused(rig):
    out(rig, "x@closed.example")


@scenario(content_filter=2, plain=1, phase=2, received=1, deferred=1, connections=1, reasons=deferral("suspended"))
def deferred_before_the_retry_time(rig):
    """From the first phase Exim knows that nobody answers there."""
    out(rig, "y@closed.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_greeting(rig):
    out(rig, "x@busy.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup(rig):
    out(rig, "x@hangup.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup_at_rcpt(rig):
    out(rig, "drop@dropper.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectTimeout"))
def deferred_connect_timeout(rig):
    out(rig, "x@deaf.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_silence(rig):
    out(rig, "x@silent.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_unreachable(rig):
    out(rig, "x@far.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, reasons=deferral("dnsFailure"))
def deferred_dns_failure(rig):
    rig.submit([f"x@broken{rig.turn}.test"])


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("tlsFailure"))
def deferred_tls_not_offered(rig):
    out(rig, "x@plain.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("localTransport"))
def deferred_by_command(rig):
    rig.deliver("latepipe@example.org")


@scenario(content_filter=2, plain=1, received=1, deferred=1, reasons=deferral("other"))
def deferred_by_alias(rig):
    rig.submit(["not-yet@example.org"])


@scenario(content_filter=1, plain=1, received=1, deferred=2, expired=1, delivered=1, connections=1,
          reasons=deferral("remoteTemporary", 2))
def expired_at_last(rig):
    """Retried when its time is up: it is tried once more, and then returned."""
    out(rig, "later@expired.example")
    message = queue_id(rig, "expired-at-last")
    time.sleep(2)
    rig.servers.run("exim4", "-M", message)


# Frozen.

@scenario(content_filter=3, plain=2, received=1, held=1, connections=1, filtered=0, unlike={"accepted": 1})
def frozen_by_acl(rig):
    rig.deliver("alice@example.org", subject="rig-freeze this")


@scenario(content_filter=1, plain=1, received=1, held=1, deferred=1, connections=1,
          reasons=deferral("remoteTemporary"))
def frozen_by_hand(rig):
    out(rig, "later-frozen@world.example")
    rig.servers.run("exim4", "-Mf", queue_id(rig, "frozen-by-hand"))


@scenario(content_filter=1, plain=1, received=1, held=1, delivered=1, connections=1)
def frozen_then_thawed(rig):
    rig.deliver("alice@example.org", subject="rig-freeze that")
    message = queue_id(rig, "frozen-then-thawed")
    rig.servers.run("exim4", "-Mt", message)
    rig.servers.run("exim4", "-M", message)


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def removed_by_hand(rig):
    out(rig, "later-removed@world.example")
    rig.servers.run("exim4", "-Mrm", queue_id(rig, "removed-by-hand"))


@scenario(content_filter=1, plain=1, received=1, deferred=1, expired=1, delivered=1, connections=1,
          reasons=deferral("remoteTemporary"))
def given_up_by_hand(rig):
    """Returned to its sender by an administrator, like a message that Postfix force-expires."""
    out(rig, "later-given@world.example")
    rig.servers.run("exim4", "-Mg", queue_id(rig, "given-up-by-hand"))
