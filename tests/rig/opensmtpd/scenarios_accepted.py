"""Mail that is accepted and goes where it should; sessions that come to nothing without a refusal.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"  # may relay


def out(rig, recipients, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, sender, session, **parts)
    session.quit()


@scenario(content_filter=4, plain=4, received=1, delivered=1, connections=1)
def inbound_local(rig):
    rig.deliver("alice@example.org")


@scenario(content_filter=2, plain=2, received=1, delivered=3, connections=1, handed=3)
def inbound_three_recipients(rig):
    rig.deliver(["alice@example.org", "bob@example.org", "carol@example.org"])


@scenario(content_filter=2, plain=2, received=4, delivered=4, connections=1)
def four_messages_in_one_session(rig):
    session = rig.session("192.0.2.11")
    for user in ("alice", "bob", "carol", "dave"):
        rig.deliver(f"{user}@example.org", session=session)
    session.quit()


@scenario(content_filter=2, plain=2, received=1, sent=2, connections=1, handed=2)
def outbound_two_hosts(rig):
    out(rig, ["one@world.example", "two@friend.example.net"])


@scenario(content_filter=2, plain=2, received=1, sent=4, connections=1, handed=4)
def outbound_four_at_one_host(rig):
    out(rig, [f"reader{n}@bulk.example" for n in range(4)], "bob@example.org")


@scenario(content_filter=2, plain=2, received=1, sent=1, connections=1)
def relayed_inwards(rig):
    rig.deliver("inside@relay.example.org", header="X-Rig-Filter: terse\r\n")


@scenario(content_filter=2, plain=2, received=1, delivered=2, connections=1, handed=2)
def by_lmtp(rig):
    """mail.lmtp(1) is an MDA."""
    out(rig, ["one@lmtp.example.org", "two@lmtp.example.org"])


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def to_a_command(rig):
    rig.deliver("archive@example.org")


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def to_a_file(rig):
    rig.deliver("filed@example.org")


@scenario(content_filter=2, plain=2, received=1, delivered=3, connections=1)
def alias_to_three_here(rig):
    rig.deliver("team@example.org")


@scenario(content_filter=2, plain=2, received=1, sent=1, connections=1)
def alias_to_outside(rig):
    rig.deliver("away@example.org")


@scenario(content_filter=2, plain=2, received=1, delivered=1, sent=2, connections=1)
def alias_here_and_outside(rig):
    rig.deliver("mixed@example.org")


@scenario(content_filter=2, plain=2, received=1, sent=1, connections=1)
def dot_forward(rig):
    rig.deliver("forwarder@example.org")


@scenario(content_filter=2, plain=2, received=1, delivered=1, sent=2, connections=1)
def dot_forward_and_keep(rig):
    rig.deliver("teamlead@example.org")


@scenario(plain=3, received=1, sent=1, connections=1)
def web_application(rig):
    """With --content-filter loopback it would be taken for what a filter brings back."""
    rig.deliver("customer@world.example", "shop@example.org",
                session := rig.session("127.0.0.1", "127.0.0.1", hello="localhost"))
    session.quit()


@scenario(content_filter=3, plain=3, received=1, sent=1)
def local_submission(rig):
    rig.submit(["friend@friend.example.net"])


@scenario(content_filter=2, plain=2, received=1, sent=1, delivered=1, handed=2)
def local_submission_to_two(rig):
    rig.submit(["reader@world.example", "bob@example.org"])


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def bounce_from_outside(rig):
    rig.deliver("alice@example.org", "", subject="Undelivered Mail Returned to Sender")


@scenario(content_filter=2, plain=2, received=2, sent=2, authSucceeded=1, tlsInbound=1, connections=1)
def submission_with_login(rig):
    session = rig.session("192.0.2.30", port=587)
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.expect(session.login("alice", "correct horse"), 235)
    for number in (1, 2):
        rig.deliver(f"reader{number}@world.example", "alice@example.org", session)
    session.quit()


@scenario(content_filter=2, plain=2, received=1, sent=1, authSucceeded=1, tlsInbound=1, connections=1)
def submission_with_login_in_steps(rig):
    session = rig.session("192.0.2.31", port=587)
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.expect(session.login_in_steps("bob", "battery staple"), 235)
    rig.deliver("reader@world.example", "bob@example.org", session)
    session.quit()


@scenario(content_filter=2, plain=2, authFailed=3, tlsInbound=1, connections=1)
def submission_with_wrong_password(rig):
    session = rig.session("192.0.2.33", port=587)
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.expect(session.login("alice", "guess"), 535)
    rig.expect(session.login_in_steps("alice", "guess"), 535)
    rig.expect(session.login_in_steps("root", "toor"), 535)
    session.quit()


@scenario(content_filter=2, plain=2, received=1, delivered=1, tlsInbound=1, connections=1)
def inbound_tls(rig):
    session = rig.session("192.0.2.12")
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.deliver("bob@example.org", session=session)
    session.quit()


@scenario(content_filter=1, plain=1, received=1, sent=1, tlsOutbound=1, connections=1)
def outbound_tls(rig):
    out(rig, "safe@secure.example", "carol@example.org")


@scenario(content_filter=2, plain=2, phase=2, received=1, delivered=1, connections=1)
def no_message_id(rig):
    rig.deliver("dave@example.org", message_id=None)


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def marked_as_junk(rig):
    """The filter's decision `junk` adds a header field, and no line."""
    rig.deliver("erin@example.org", "junk@world.example")


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def big_but_not_too_big(rig):
    rig.deliver("erin@example.org", body="All work and no play makes a log long.\r\n" * 1000)


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def reset_then_mail(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.reset(), 250)
    rig.deliver("bob@example.org", session=session)
    session.quit()


@scenario(content_filter=2, plain=2, received=1, sent=1, connections=1)
def second_exchanger_takes_it(rig):
    out(rig, "x@twomx.example")


@scenario(content_filter=2, plain=2, connections=1)
def reset_then_quit(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.reset()
    session.quit()


@scenario(content_filter=2, plain=2, connections=1, connectionsLost=1)
def lost_after_connect(rig):
    rig.session("192.0.2.13", hello=None).drop()


@scenario(content_filter=2, plain=2, connections=1, connectionsLost=1)
def lost_after_rcpt(rig):
    session = rig.session("192.0.2.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.drop()


@scenario(content_filter=2, plain=2, connections=1, connectionsLost=1)
def lost_in_data(rig):
    session = rig.session("192.0.2.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.command("DATA"), 354)
    session.raw(b"Subject: half of a mess")
    session.drop()


@scenario(content_filter=2, plain=2, connections=1, connectionsLost=1)
def lost_in_the_handshake(rig):
    session = rig.session("192.0.2.13")
    rig.expect(session.command("STARTTLS"), 220)
    session.raw(b"this is no TLS\r\n\r\n")
    session.wait_closed()


# The filter.

@scenario(content_filter=3, received=1, connections=1, filtered=0, handed=1, unlike={"accepted": 1})
def filter_drops_it(rig):
    rig.deliver("alice@example.org", header="X-Rig-Filter: drop\r\n")


@scenario(content_filter=3, received=1, bounced=1, sent=1, connections=1, filtered=1)
def filter_refuses_it(rig):
    """The report goes through the filter."""
    rig.deliver("alice@example.org", "outsider@world.example", header="X-Rig-Filter: refuse\r\n")


@scenario(content_filter=2, received=1, deferred=1, connections=1, filtered=0, handed=0,
          reasons={"deferral remoteTemporary": 1})
def filter_defers_it(rig):
    rig.deliver("alice@example.org", header="X-Rig-Filter: defer\r\n")


@scenario(content_filter=3, received=1, delivered=2, connections=1, handed=2)
def filter_says_little(rig):
    rig.deliver(["alice@example.org", "bob@example.org"], header="X-Rig-Filter: terse\r\n")
