"""Text that others choose, and that looks like what a mail server would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"


def out(rig, recipient, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipient, sender, session, **parts)
    session.quit()


@scenario(content_filter=3, plain=2, received=1, delivered=1, connections=1)
def helo_like_a_refusal(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(hello="rejected.RCPT.greylisted.example")))
    session.quit()


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent heloInvalid": 1})
def helo_like_fields(rig):
    session = rig.session("192.0.2.15", hello=None)
    rig.refused(*rig.expect(session.hello("x) [192.0.2.99] F=<a@b> temporarily rejected RCPT <c@d>: Greylisted"), 501))
    session.quit()


@scenario(content_filter=3, plain=2, received=1, delivered=1, connections=1)
def sender_like_a_bounce(rig):
    rig.deliver("alice@example.org", "\"x H=y [1.2.3.4] ** retry timeout exceeded\"@world.example")


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def sender_like_an_own_bounce(rig):
    rig.deliver("alice@example.org", "\"<> R=1abcDE-000123-AB U=mail P=local\"@world.example")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def sender_like_a_refusal(rig):
    rig.refuse("nobody-here@example.org", 550, "\"> temporarily rejected RCPT <x>: Greylisted\"@world.example")


@scenario(content_filter=3, plain=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def recipient_like_greylisting(rig):
    rig.refuse("Greylisted-x@example.org", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent relayDenied": 1})
def recipient_like_a_blocklist(rig):
    rig.refuse("\">: listed at zen.dnsbl.example: Greylisted\"@world.example", 550)


@scenario(content_filter=3, plain=1, received=1, delivered=1, connections=1)
def recipient_with_a_blank(rig):
    rig.deliver("\"bob+ == defer (x): ** y\"@example.org")


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def recipient_like_a_blackhole(rig):
    out(rig, "\"blackhole (RCPT ACL discarded recipients)\"@world.example")


@scenario(content_filter=2, plain=2, received=1, delivered=1, connections=1)
def recipient_like_a_remote_host(rig):
    rig.deliver("\"bob+ <x@y> R=dnslookup T=remote_smtp H=mx.evil.example [192.0.2.66]:25 C=ok \"@example.org")


@scenario(content_filter=2, plain=2, received=1, sent=1, connections=1)
def recipient_like_a_local_transport(rig):
    out(rig, "\"x <y@z> R=localuser T=lmtp \"@world.example")


@scenario(content_filter=2, plain=2, received=1, bounced=1, delivered=1, connections=1)
def recipient_like_an_expiry(rig):
    out(rig, "\"gone: retry timeout exceeded\"@world.example")


@scenario(content_filter=3, plain=2, received=1, delivered=1, connections=1)
def subject_like_a_log(rig):
    rig.deliver("alice@example.org", subject="x\" from <> for root 2026-01-01 00:00:00 1abcDE-000123-AB ** a@b: "
                "retry timeout exceeded \" P=local R=1abcDE-000123-AB")


@scenario(content_filter=3, plain=2, received=1, delivered=1, connections=1)
def message_id_like_fields(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn}_H=h_[1.2.3.4]_P=local_S=1_**_y@x>")


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def message_id_with_blanks(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn} S=99999999 A=plain:root P=esmtpa ** x@y>")


@scenario(content_filter=3, plain=2, received=1, sent=1, connections=1)
def remote_names_our_own_id(rig):
    """The reply names the very id under which we sent, which stands in the Received header."""
    out(rig, "claims-own@liar.example")


@scenario(content_filter=3, plain=2, received=1, sent=1, connections=1)
def remote_names_our_first_id(rig):
    out(rig, "claims-front@liar.example")


@scenario(content_filter=2, plain=1, phase=3, received=1, sent=1, connections=1)
def remote_names_an_open_id(rig):
    """The id of a message that waits in the queue, behind the filter where there is one."""
    rig.world.fixed_id = rig.servers.queued("later0@world.example")[0]
    out(rig, "claims-other@liar.example")


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def remote_says_bounced(rig):
    out(rig, "claims-bounced@liar.example")


@scenario(content_filter=2, plain=1, received=1, bounced=1, delivered=1, connections=1)
def remote_refuses_with_status_sent(rig):
    out(rig, "slander@liar.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def remote_defers_with_status_bounced(rig):
    out(rig, f"tease{rig.turn}@liar.example")


@scenario(content_filter=2, plain=1, authFailed=1, connections=1)
def login_name_like_a_success(rig):
    session = rig.session("192.0.2.35", port=587)
    rig.expect(session.login("x) <= a@b H=[1.2.3.4] P=esmtpa A=plain:alice", "no"), 535)
    session.quit()
