"""Deliveries that fail, for ever or for now, and what the sender is told.

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


def run_queue(rig, wanted):
    """One more attempt, some seconds later, for the message that contains that."""
    machine.wait_for(lambda: rig.servers.queued(wanted), 20, "the message in the queue")
    time.sleep(3)
    rig.servers.run("sendmail-mta", "-L", "sm-mta", f"-qI{rig.servers.queued(wanted)[0]}")


# Bounced: alice's report goes to her mailbox, a stranger's goes out to the world.

@scenario(plain=4, verbose=2, received=1, bounced=1, delivered=1, connections=1)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(plain=3, verbose=1, received=1, bounced=1, sent=1, connections=1)
def bounced_to_a_stranger(rig):
    rig.deliver("gone@relay.example.org")


@scenario(plain=3, verbose=1, received=1, bounced=2, sent=1, delivered=1, connections=1)
def bounced_for_two_of_three(rig):
    out(rig, ["gone1@world.example", "unwanted@world.example", "fine@world.example"])


@scenario(plain=2, verbose=1, received=1, bounced=1, delivered=1, connections=1)
def bounced_after_data(rig):
    out(rig, "contentbad@world.example")


@scenario(plain=2, verbose=1, received=1, bounced=1, delivered=1, connections=1, unlike={"connections": 0})
def bounced_by_unknown_domain(rig):
    rig.submit(["x@no-such-domain.example"])


@scenario(plain=2, verbose=1, received=1, bounced=1, sent=1, connections=1)
def bounced_by_command(rig):
    rig.deliver("nopipe@example.org")


@scenario(plain=2, verbose=1, received=1, bounced=1, delivered=1, connections=1)
def bounce_of_a_bounce(rig):
    """An empty sender cannot be told, the postmaster can."""
    out(rig, "gone@world.example", "")


# Deferred: they stay in the queue, once tried.

@scenario(plain=4, verbose=2, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_remote(rig):
    out(rig, "later@world.example")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("mailboxFull"))
def deferred_full(rig):
    out(rig, "full@world.example")


@scenario(plain=3, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("greylist"))
def deferred_greylisted(rig):
    out(rig, "grey@world.example")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("rateLimit"))
def deferred_rate_limit(rig):
    out(rig, "often@world.example")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("storage"))
def deferred_storage(rig):
    out(rig, "disk@world.example")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_after_data(rig):
    out(rig, "contentlater@world.example")


@scenario(plain=2, verbose=1, received=1, deferred=2, sent=1, connections=1,
          reasons={"deferral remoteTemporary": 1, "deferral mailboxFull": 1})
def deferred_for_two_of_three(rig):
    out(rig, ["later@world.example", "full@world.example", "fine@world.example"])


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("connectRefused"))
def deferred_connection_refused(rig):
    out(rig, "x@closed.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("remoteTemporary"))
def deferred_by_greeting(rig):
    out(rig, "x@busy.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup(rig):
    out(rig, "x@hangup.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_hangup_at_rcpt(rig):
    out(rig, "drop@dropper.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("connectTimeout"))
def deferred_connect_timeout(rig):
    out(rig, "x@deaf.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("connectionLost"))
def deferred_silence(rig):
    out(rig, "x@silent.example")


@scenario(plain=1, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("networkUnreachable"))
def deferred_unreachable(rig):
    out(rig, "x@far.example")


@scenario(plain=1, verbose=1, received=1, connections=1)
def queued_for_dns_failure(rig):
    """`stat=queued`: nothing has been tried."""
    out(rig, "x@broken.test")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons=deferral("localTransport"))
def deferred_by_command(rig):
    rig.deliver("latepipe@example.org")


@scenario(plain=2, verbose=1, received=1, deferred=2, expired=1, delivered=1, connections=1,
          reasons=deferral("remoteTemporary", 2))
def expired_at_last(rig):
    """Non-urgent mail is returned after two seconds; before that it is tried once more."""
    wanted = f"expired-{rig.turn}"
    out(rig, "later@world.example", header=f"Priority: non-urgent\r\nX-Turn: {wanted}\r\n")
    run_queue(rig, wanted)
