"""Mail that is accepted and goes where it should; sessions that come to nothing without a refusal.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "127.0.1.20"  # a client in mynetworks that is not this host


@scenario(content_filter=23, pipe=7, proxy=9, received=1, delivered=1, connections=1)
def inbound_local(rig):
    rig.deliver("alice@example.org")


@scenario(content_filter=5, pipe=2, proxy=2, received=1, delivered=3, connections=1, handed=3)
def inbound_three_recipients(rig):
    rig.deliver(["alice@example.org", "bob@example.org", "carol@example.org"])


@scenario(content_filter=3, pipe=1, proxy=2, received=4, delivered=4, connections=1)
def four_messages_in_one_session(rig):
    session = rig.session("127.0.1.11")
    for user in ("alice", "bob", "carol", "dave"):
        rig.deliver(f"{user}@example.org", session=session)
    session.quit()


@scenario(content_filter=9, pipe=3, proxy=4, received=1, sent=2, connections=1, handed=2)
def outbound_two_recipients(rig):
    rig.deliver(["one@world.example", "two@friend.example.net"], "alice@example.org", session := rig.session(OFFICE))
    session.quit()


@scenario(content_filter=2, pipe=1, proxy=1, received=6, sent=6, connections=1)
def outbound_over_one_connection(rig):
    session = rig.session(OFFICE)
    for number in range(6):
        rig.deliver(f"list{number}@bulk.example", "bob@example.org", session)
    session.quit()


@scenario(content_filter=4, pipe=2, proxy=2, received=1, sent=1, connections=1)
def relayed_inwards(rig):
    rig.deliver("inside@relay.example.org")


@scenario(content_filter=6, pipe=2, proxy=2, received=1, delivered=1, connections=1)
def virtual_mailbox(rig):
    rig.deliver("victor@virtual.example.org")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, delivered=2, connections=1, handed=2)
def by_lmtp(rig):
    rig.deliver(["one@lmtp.example.org", "two@lmtp.example.org"])


@scenario(content_filter=4, pipe=3, proxy=1, received=1, delivered=1, connections=1)
def by_pipe_transport(rig):
    rig.deliver("program@pipe.example.org")


@scenario(content_filter=2, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def to_a_command(rig):
    rig.deliver("archive@example.org")


@scenario(content_filter=2, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def to_a_file(rig):
    rig.deliver("filed@example.org")


@scenario(content_filter=3, pipe=2, proxy=1, received=1, delivered=3, connections=1)
def alias_to_three_here(rig):
    rig.deliver("team@example.org")


@scenario(content_filter=3, pipe=2, proxy=1, received=1, forwarded=1, sent=1, connections=1)
def alias_to_outside(rig):
    rig.deliver("away@example.org")


@scenario(content_filter=2, pipe=1, proxy=1, received=1, forwarded=1, delivered=1, sent=2, connections=1)
def alias_here_and_outside(rig):
    rig.deliver("mixed@example.org")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, forwarded=1, sent=1, connections=1)
def dot_forward(rig):
    rig.deliver("forwarder@example.org")


@scenario(content_filter=2, pipe=1, proxy=1, received=1, forwarded=1, delivered=1, sent=2, connections=1)
def dot_forward_and_keep(rig):
    rig.deliver("teamlead@example.org")


@scenario(content_filter=4, pipe=2, proxy=1, received=1, delivered=1, sent=1, connections=1, handed=2)
def virtual_alias_here_and_outside(rig):
    rig.deliver("staff@virtual.example.org")


@scenario(content_filter=7, pipe=3, proxy=3, received=1, sent=1, connections=1)
def web_application(rig):
    rig.deliver("customer@world.example", "shop@example.org", session := rig.session("127.0.0.1", hello="localhost"))
    session.quit()


@scenario(content_filter=2, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def web_application_over_ipv6(rig):
    session = rig.session("::1", "::1", hello="localhost")
    rig.deliver("bob@example.org", "shop@example.org", session)
    session.quit()


@scenario(content_filter=3, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def ipv6_client(rig):
    session = rig.session("2001:db8:25::9", "2001:db8:25::1", hello="six.example.net")
    rig.deliver("carol@example.org", session=session)
    session.quit()


@scenario(content_filter=8, pipe=5, proxy=4, received=1, sent=1, through=("content-filter",))
def local_submission(rig):
    rig.submit(["friend@friend.example.net"])


@scenario(content_filter=4, pipe=2, proxy=2, received=1, delivered=1, connections=1)
def bounce_from_outside(rig):
    rig.deliver("alice@example.org", "", subject="Undelivered Mail Returned to Sender")


@scenario(content_filter=5, pipe=2, proxy=2, received=2, sent=2, authSucceeded=2, tlsInbound=1, connections=1)
def submission_with_login(rig):
    session = rig.session("127.0.1.30", port=587)
    rig.expect(session.starttls(), 220)
    session.hello()
    rig.expect(session.login("alice@example.org", "correct horse"), 235)
    for number in (1, 2):
        rig.deliver(f"reader{number}@world.example", "alice@example.org", session)
    session.quit()


@scenario(content_filter=2, received=1, sent=1, authSucceeded=1, connections=1)
def submission_with_login_in_steps(rig):
    session = rig.session("127.0.1.31", port=587)
    rig.expect(session.login_in_steps("bob@example.org", "battery staple"), 235)
    rig.deliver("reader@world.example", "bob@example.org", session)
    session.quit()


@scenario(content_filter=6, pipe=2, proxy=2, authFailed=3, connections=1)
def submission_with_wrong_password(rig):
    session = rig.session("127.0.1.33", port=587)
    rig.expect(session.login("alice@example.org", "guess"), 535)
    rig.expect(session.login_in_steps("alice@example.org", "guess"), 535)
    rig.expect(session.login_in_steps("root", "toor"), 535)
    session.quit()


@scenario(content_filter=1, proxy=1, connections=1)
def login_without_mail(rig):
    session = rig.session("127.0.1.34", port=587)
    rig.expect(session.login("alice@example.org", "correct horse"), 235)
    session.quit()


@scenario(content_filter=4, proxy=1, received=1, delivered=1, tlsInbound=1, connections=1)
def inbound_tls(rig):
    session = rig.session("127.0.1.12")
    rig.expect(session.starttls(), 220)
    session.hello()
    rig.deliver("bob@example.org", session=session)
    session.quit()


@scenario(content_filter=5, proxy=1, received=1, sent=1, tlsOutbound=1, connections=1)
def outbound_tls(rig):
    rig.deliver("safe@secure.example", "carol@example.org", session := rig.session(OFFICE))
    session.quit()


@scenario(content_filter=2, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def smtputf8_sender(rig):
    rig.deliver("alice@example.org", "jürgen@world.example", extra=" SMTPUTF8", subject="Grüße")


@scenario(content_filter=3, pipe=4, proxy=2, received=1, delivered=1, connections=1)
def no_message_id(rig):
    rig.deliver("dave@example.org", message_id=None)


@scenario(content_filter=2, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def big_but_not_too_big(rig):
    rig.deliver("erin@example.org", body="All work and no play makes a log long.\r\n" * 1000)


@scenario(content_filter=4, pipe=2, proxy=2, received=1, delivered=1, connections=1)
def reset_then_mail(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.reset(), 250)
    rig.deliver("bob@example.org", session=session)
    session.quit()


@scenario(content_filter=3, pipe=1, proxy=1, connections=1)
def reset_then_quit(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.reset()
    session.quit()


@scenario(content_filter=6, pipe=1, proxy=2, connections=1, connectionsLost=1)
def lost_after_connect(rig):
    rig.session("127.0.1.13", hello=None).drop()


@scenario(content_filter=4, pipe=2, proxy=1, connections=1, connectionsLost=1)
def lost_after_rcpt(rig):
    session = rig.session("127.0.1.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.drop()


@scenario(content_filter=3, pipe=1, proxy=1, connections=1, connectionsLost=1)
def lost_in_data(rig):
    session = rig.session("127.0.1.13")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.command("DATA"), 354)
    session.raw(b"Subject: half of a mess")
    session.drop()


@scenario(content_filter=2, proxy=1, connections=1, connectionsLost=1)
def timeout_after_hello(rig):
    rig.session("127.0.1.14", "127.0.0.2").wait_closed()


@scenario(content_filter=3, proxy=1, connections=1, connectionsLost=1)
def timeout_after_rcpt(rig):
    session = rig.session("127.0.1.14", "127.0.0.2")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.wait_closed()


@scenario(content_filter=2, pipe=1, proxy=1, connections=1)
def not_smtp_at_all(rig):
    session = rig.session("127.0.1.15", hello=None)
    session.raw(b"GET / HTTP/1.1\r\nHost: mx1\r\n\r\n")
    session.wait_closed()


@scenario(content_filter=2, connections=1)
def client_with_a_false_name(rig):
    rig.session("127.0.1.19").quit()
