"""Deliveries that fail, for ever or for now, and what the sender is told.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import machine
from ledger import scenario
from scenarios_accepted import out


def deferral(reason, n=1):
    return {f"deferral {reason}": n}


def wait_until_tried(rig, wanted):
    """The envelope's id, once it has been put off."""
    machine.wait_for(lambda: rig.servers.queued(wanted, tried=True), 60, f"the first attempt of {rig.name}")
    return rig.servers.queued(wanted, tried=True)[0]


# Bounced: alice's report goes to her mailbox, a stranger's goes out to the world; both go through the filter first.

@scenario(content_filter=3, plain=3, received=1, bounced=1, delivered=1, connections=1, filtered=2)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(content_filter=2, plain=2, received=1, bounced=1, sent=1, connections=1, filtered=2)
def bounced_to_a_stranger(rig):
    rig.deliver("gone@relay.example.org")


@scenario(content_filter=2, plain=2, received=1, bounced=2, sent=1, delivered=1, connections=1, filtered=2,
          handed=4)
def bounced_for_two_of_three(rig):
    out(rig, ["gone1@world.example", "unwanted@world.example", "fine@world.example"])


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1, connections=1, filtered=2)
def bounced_after_data(rig):
    out(rig, "contentbad@world.example")


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1, filtered=2)
def bounced_by_unknown_domain(rig):
    rig.submit(["x@no-such-domain.example"])


@scenario(content_filter=1, plain=1, received=1, bounced=1, delivered=1, filtered=2)
def bounced_by_refusing_name_server(rig):
    """`Invalid domain name`, for ever."""
    rig.submit(["x@broken.test"])


@scenario(content_filter=2, plain=1, received=1, bounced=1, sent=1, connections=1, filtered=2)
def bounced_by_command(rig):
    rig.deliver("nopipe@example.org")


@scenario(content_filter=2, plain=2, received=1, bounced=1, connections=1)
def bounce_of_a_bounce(rig):
    """An empty sender cannot be told."""
    out(rig, "gone@world.example", "")


# Deferred: they stay in the queue, once tried.

@scenario(content_filter=3, plain=3, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_remote(rig):
    out(rig, f"later{rig.turn}@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("mailboxFull"))
def deferred_full(rig):
    out(rig, f"full{rig.turn}@world.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons=deferral("greylist"))
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


# The log says `Network error on destination MXs` and no more.

@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_connection_refused(rig):
    out(rig, "x@closed.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_by_greeting(rig):
    out(rig, "x@busy.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_hangup(rig):
    out(rig, "x@hangup.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup_at_rcpt(rig):
    out(rig, "drop@dropper.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_unreachable(rig):
    out(rig, "x@far.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_tls_not_offered(rig):
    out(rig, "x@plain.example")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("localTransport"))
def deferred_by_command(rig):
    """It would be tried again soon."""
    rig.deliver("latepipe@example.org")
    rig.servers.run("smtpctl", "remove", wait_until_tried(rig, "latepipe@"))


@scenario(content_filter=1, plain=1, received=1, deferred=1, expired=1, delivered=1, connections=1,
          reasons=deferral("remoteTemporary"), filtered=2)
def expired_at_last(rig):
    """Tried once, then its time is up."""
    out(rig, "later@expired.example")
    wait_until_tried(rig, "later@expired.example")
    machine.wait_for(lambda: not rig.servers.queued("later@expired.example"), 60, "the end of its time")


@scenario(content_filter=1, plain=1, received=1, deferred=1, sent=1, connections=1,
          reasons=deferral("remoteTemporary"))
def tried_again_by_hand(rig):
    out(rig, "once-more@world.example")
    rig.servers.run("smtpctl", "schedule", wait_until_tried(rig, "once-more@"))
    machine.wait_for(lambda: not rig.servers.queued("once-more@"), 60, "the second attempt")


@scenario(content_filter=1, plain=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def removed_by_hand(rig):
    """Removed by an administrator: nothing is counted."""
    out(rig, "later-removed@world.example")
    rig.servers.run("smtpctl", "remove", wait_until_tried(rig, "later-removed@"))
