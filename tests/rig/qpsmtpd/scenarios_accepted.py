"""Mail that is accepted; sessions that come to nothing without a refusal; what the server behind does with the mail.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"  # may relay


def out(rig, recipients, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, sender, session, **parts)
    session.quit()


@scenario(front=2, plain=2, received=1, delivered=1, connections=1)
def inbound_local(rig):
    rig.deliver("alice@example.org")


@scenario(front=2, plain=2, received=1, delivered=3, connections=1)
def inbound_three_recipients(rig):
    rig.deliver(["alice@example.org", "bob@example.org", "carol@example.org"])


@scenario(front=1, plain=1, received=4, delivered=4, connections=1)
def four_messages_in_one_session(rig):
    session = rig.session("192.0.2.11")
    for user in ("alice", "bob", "carol", "dave"):
        rig.deliver(f"{user}@example.org", session=session)
    session.quit()


@scenario(front=2, plain=2, received=1, sent=2, connections=1)
def outbound_two_hosts(rig):
    out(rig, ["one@world.example", "two@friend.example.net"])


@scenario(front=1, plain=1, received=1, sent=4, connections=1)
def outbound_four_at_one_host(rig):
    out(rig, [f"reader{n}@bulk.example" for n in range(4)], "bob@example.org")


@scenario(front=1, plain=1, received=1, sent=1, connections=1)
def relayed_inwards(rig):
    rig.deliver("inside@relay.example.org")


@scenario(front=2, plain=2, received=1, delivered=1, connections=1)
def bounce_from_outside(rig):
    rig.deliver("alice@example.org", "", subject="Undelivered Mail Returned to Sender")


@scenario(front=2, plain=2, received=2, sent=2, authSucceeded=1, connections=1)
def submission_with_login(rig):
    session = rig.session("192.0.2.30")
    rig.expect(session.login("alice@example.org", "correct horse"), 235)
    for number in (1, 2):
        rig.deliver(f"reader{number}@world.example", "alice@example.org", session)
    session.quit()


@scenario(front=1, plain=1, received=1, sent=1, authSucceeded=1, connections=1)
def submission_with_login_in_steps(rig):
    session = rig.session("192.0.2.31")
    rig.expect(session.login_in_steps("bob@example.org", "battery staple"), 235)
    rig.deliver("reader@world.example", "bob@example.org", session)
    session.quit()


@scenario(front=2, plain=2, authFailed=1, rejected=1, connections=1, reasons={"permanent authFailed": 1},
          unlike={"refused": 0})
def submission_with_wrong_password(rig):
    session = rig.session("192.0.2.33")
    rig.expect(session.login("alice@example.org", "guess"), 535)
    session.quit()


@scenario(front=1, plain=1, authFailed=1, connections=1)
def submission_by_a_stranger(rig):
    """No plugin knows the user, and none refuses."""
    session = rig.session("192.0.2.33")
    rig.expect(session.login_in_steps("root@example.org", "toor"), 535)
    session.quit()


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def spam_that_is_only_marked(rig):
    """Not refused: nothing that logterse would tell."""
    rig.deliver("erin@example.org", header="X-Rig-Score: 6.5\r\n")


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def big_but_not_too_big(rig):
    rig.deliver("erin@example.org", body="All work and no play makes a log long.\r\n" * 1000)


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def reset_then_mail(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.reset(), 250)
    rig.deliver("bob@example.org", session=session)
    session.quit()


@scenario(front=1, plain=1, connections=1)
def reset_then_quit(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.reset()
    session.quit()


@scenario(front=1, plain=1, connections=1)
def lost_after_rcpt(rig):
    """No line tells of it."""
    session = rig.session("192.0.2.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.drop()


@scenario(front=1, plain=1, connections=1, connectionsLost=1)
def lost_in_data(rig):
    """`451 Incomplete DATA`, to nobody."""
    session = rig.session("192.0.2.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.command("DATA"), 354)
    session.raw(b"Subject: half of a mess")
    session.drop()


@scenario(front=1, plain=1, connections=1, connectionsLost=1)
def timeout_after_hello(rig):
    session = rig.session("192.0.2.10", port=2525, hello="mail.friend.example.net")
    session.wait_closed()


# The server behind qpsmtpd.

@scenario(front=1, received=1, delivered=3, connections=1)
def alias_to_three_here(rig):
    rig.deliver("team@example.org")


@scenario(front=1, received=1, forwarded=1, sent=1, connections=1)
def alias_to_outside(rig):
    rig.deliver("away@example.org")


@scenario(front=1, received=1, forwarded=1, delivered=1, sent=2, connections=1)
def alias_here_and_outside(rig):
    rig.deliver("mixed@example.org")


@scenario(front=1, received=1, delivered=1, connections=1)
def to_a_command(rig):
    rig.deliver("archive@example.org")


@scenario(front=1, received=1, sent=1, forwarded=1, connections=1)
def dot_forward(rig):
    rig.deliver("forwarder@example.org")


@scenario(front=2, received=1, bounced=1, delivered=1, connections=1)
def bounced_by_remote(rig):
    out(rig, "gone@world.example")


@scenario(front=1, received=1, bounced=1, sent=1, connections=1)
def bounced_to_a_stranger(rig):
    rig.deliver("gone@relay.example.org")


@scenario(front=1, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def deferred_by_remote(rig):
    out(rig, f"later{rig.turn}@world.example")


@scenario(front=1, received=1, sent=1, filtered=0)
def local_submission(rig):
    """Past qpsmtpd."""
    rig.submit(["friend@friend.example.net"])


@scenario(front=1, received=1, rejected=1, connections=2, connectionsLost=1, filtered=0,
          unlike={"accepted": 0, "connections": 1}, reasons={"permanent unknownUser": 1})
def refused_by_the_server_behind(rig):
    """logterse says `queued` before the queue has it; the client hears 451, and Postfix no QUIT."""
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("stranger@example.org"), 250)
    rig.expect(session.data(rig.message()), 451)
    session.quit()
