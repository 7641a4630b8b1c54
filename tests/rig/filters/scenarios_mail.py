"""Mail that no filter minds, and mail that no filter sees; what happens when a filter does not answer.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import time

from ledger import scenario

OFFICE = "192.0.2.20"  # a client in mynetworks that is not this host


def out(rig, recipients, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, sender, session, **parts)
    session.quit()


@scenario(rspamd=8, spampd=7, clamsmtp=8, received=1, delivered=1, connections=1)
def clean(rig):
    rig.deliver("alice@example.org")


@scenario(rspamd=3, spampd=4, clamsmtp=3, received=1, delivered=3, connections=1, handed=3)
def clean_for_three(rig):
    rig.deliver(["alice@example.org", "bob@example.org", "carol@example.org"])


@scenario(rspamd=2, spampd=3, clamsmtp=2, received=3, delivered=3, connections=1)
def three_messages_in_one_session(rig):
    session = rig.session()
    for user in ("alice", "bob", "carol"):
        rig.deliver(f"{user}@example.org", session=session)
    session.quit()


@scenario(rspamd=2, spampd=2, clamsmtp=2, received=1, delivered=3, connections=1)
def alias_to_three(rig):
    rig.deliver("team@example.org")


@scenario(rspamd=2, spampd=2, clamsmtp=2, received=1, forwarded=1, sent=1, connections=1)
def alias_to_outside(rig):
    rig.deliver("away@example.org")


@scenario(rspamd=4, spampd=5, clamsmtp=4, received=1, sent=2, connections=1, handed=2)
def outbound_to_two(rig):
    out(rig, ["one@world.example", "two@friend.example.net"])


@scenario(rspamd=3, spampd=4, clamsmtp=3, received=1, sent=1)
def local_submission(rig):
    rig.submit(["friend@friend.example.net"])


@scenario(rspamd=2, spampd=3, clamsmtp=2, received=1, delivered=1)
def local_submission_to_here(rig):
    rig.submit(["bob@example.org"], "carol@example.org", message_id=None)


@scenario(rspamd=2, spampd=5, clamsmtp=2, received=1, sent=1, connections=1)
def web_application(rig):
    """A client on this host is not the filter, though it has the filter's address."""
    session = rig.session("127.0.0.1", hello="localhost")
    rig.deliver("customer@world.example", "shop@example.org", session, message_id=None if rig.turn % 2 else True)
    session.quit()


@scenario(rspamd=2, spampd=4, clamsmtp=2, received=1, delivered=1, connections=1)
def no_message_id(rig):
    rig.deliver("dave@example.org", message_id=None)


@scenario(rspamd=2, spampd=2, clamsmtp=2, received=1, delivered=1, connections=1)
def bounce_from_outside(rig):
    rig.deliver("alice@example.org", "", subject="Undelivered Mail Returned to Sender")


@scenario(rspamd=2, spampd=2, clamsmtp=2, received=1, bounced=1, delivered=1, connections=1)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(rspamd=1, spampd=2, clamsmtp=1, received=1, deferred=1, connections=1,
          reasons={"deferral mailboxFull": 1})
def deferred_by_remote(rig):
    out(rig, "full@world.example")


@scenario(spampd=2, clamsmtp=2, phase=2, received=2, sent=1, delivered=1, connections=2)
def same_message_id_from_outside(rig):
    """The answer of a mailing list: another message with the Message-ID of one that has been here."""
    message_id = f"<list{rig.turn}@world.example>"
    out(rig, "list@world.example", message_id=message_id)
    rig.servers.settle()
    rig.deliver("alice@example.org", message_id=message_id)


# Refused before the filter has seen anything.

@scenario(rspamd=4, spampd=2, clamsmtp=2, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(rspamd=2, spampd=2, clamsmtp=2, rejected=1, connections=1, reasons={"permanent relayDenied": 1})
def relay_denied(rig):
    rig.refuse("x@elsewhere.example", 554)


@scenario(rspamd=2, spampd=2, clamsmtp=2, rejected=1, connections=1, reasons={"permanent header": 1})
def header_check(rig):
    rig.deliver("alice@example.org", subject="this is rig-reject", expect=550)


@scenario(rspamd=2, spampd=1, clamsmtp=1, received=1, rejected=1, delivered=1, connections=1,
          reasons={"permanent unknownUser": 1})
def one_of_two_unknown(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody-here@example.org"), 550)
    rig.expect(session.rcpt("bob@example.org"), 250)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(rspamd=2, spampd=1, clamsmtp=1, connections=1, connectionsLost=1)
def lost_in_data(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.command("DATA"), 354)
    session.raw(b"Subject: half of a mess")
    session.drop()


@scenario(rspamd=2, spampd=1, clamsmtp=1, connections=1)
def reset_after_rcpt(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.reset(), 250)
    session.quit()


# A filter that cannot bring mail back, or may not.

@scenario(spampd=3, clamsmtp=3, received=1, bounced=1, sent=1, rejected=1, connections=2, filtered=0, handed=0,
          reasons={"permanent unknownUser": 1}, unlike={"connections": 1, "refused": 0})
def not_taken_back(rig):
    rig.deliver("notback@example.org")


@scenario(spampd=2, clamsmtp=2, received=1, delivered=1, bounced=1, sent=1, rejected=1, connections=1,
          reasons={"permanent unknownUser": 1}, unlike={"refused": 0})
def one_of_two_not_taken_back(rig):
    rig.deliver(["alice@example.org", "notback@example.org"])


@scenario(spampd=2, clamsmtp=2, received=1, deferred=1, connections=1, filtered=0,
          reasons={"deferral connectionLost": 1})
def nobody_to_bring_it_back_to(rig):
    """The filter hangs up: the server behind it does not answer."""
    rig.deliver("nowhere@example.org")


# The filter is stopped for a while. Nothing else may happen meanwhile: each is alone in its phase.

def flush(rig):
    """Another attempt for all that this scenario left in the queue."""
    for queue_id in rig.servers.queued("deferred", f"X-Rig: {rig.name}"):
        rig.servers.run("postqueue", "-i", queue_id)
        rig.servers.leaves("deferred", queue_id)
    rig.servers.settle()


@scenario(spampd=1, clamsmtp=1, phase=3, received=3, deferred=4, delivered=2, sent=2, connections=2, handed=4,
          reasons={"deferral connectRefused": 4})
def filter_stopped(rig):
    rig.servers.stop_filter()
    rig.deliver(["alice@example.org", "bob@example.org"])
    out(rig, "friend@friend.example.net")
    rig.submit(["friend@friend.example.net"])
    rig.servers.settle()
    rig.servers.start_filter()
    flush(rig)


@scenario(rspamd=1, phase=3, received=1, sent=1, rejectedTemporarily=3, connections=1,
          reasons={"temporary milter": 3}, unlike={"refused": 4})
def milter_stopped(rig):
    """The client is refused at each MAIL, and at RCPT without a line; CONNECT and EHLO have lines, but are no refusals.

    What is submitted here is refused too, though nobody hears it, and taken at the next attempt.
    """
    rig.servers.stop_filter()
    session = rig.session()
    for _ in range(2):
        rig.expect(session.mail("sender@world.example"), 451)
        rig.expect(session.rcpt("alice@example.org"), 503)
    session.quit()
    rig.submit(["friend@friend.example.net"])
    time.sleep(1)
    rig.servers.start_filter()
