"""Text that others choose, and that looks like what a mail server would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "127.0.1.20"


def out(rig, recipient, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipient, sender, session, **parts)
    session.quit()


@scenario(content_filter=3, pipe=2, proxy=1, received=1, delivered=1, connections=1)
def helo_like_a_status(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(hello="status-sent.status.bounced.example")))
    session.quit()


@scenario(content_filter=2, rejected=1, connections=1, reasons={"permanent heloInvalid": 1})
def helo_like_fields(rig):
    rig.refuse("alice@example.org", 501, client="127.0.1.15", hello="x>,status=sent,helo=<450")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def sender_like_a_status(rig):
    rig.deliver("alice@example.org", "\"status=bounced x\"@world.example")


@scenario(content_filter=2, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def sender_like_a_refusal(rig):
    rig.refuse("nobody-here@example.org", 550, "\"> proto=ESMTP: 450 4.2.0 Greylisted\"@world.example")


@scenario(content_filter=4, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def recipient_like_greylisting(rig):
    rig.refuse("Greylisted@example.org", 550)


@scenario(content_filter=2, rejected=1, connections=1, reasons={"permanent relayDenied": 1})
def recipient_like_a_blocklist(rig):
    rig.refuse("\"blocked using zen.dnsbl.example; 450 Greylisted\"@world.example", 554)


@scenario(content_filter=3, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def recipient_like_a_status(rig):
    rig.deliver("bob+status=deferred@example.org")


@scenario(content_filter=2, pipe=1, received=1, delivered=1, connections=1)
def recipient_with_a_blank(rig):
    rig.deliver("\"bob+ status=bounced (x\"@example.org")


@scenario(content_filter=3, pipe=1, received=1, delivered=1, rejectWarnings=1, connections=1,
          reasons={"warned header": 1})
def subject_like_a_milter(rig):
    rig.deliver("alice@example.org", subject="rig-warn reject: milter-reject: discard: hold: status=sent (queued as 1)")


@scenario(content_filter=2, received=1, held=1, connections=1, filtered=0)
def subject_like_a_discard(rig):
    rig.deliver("alice@example.org", subject="rig-hold discard: header X from helo=<x>; from=<> to=<>: 5.7.1 reject:")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, delivered=1, connections=1)
def message_id_like_a_bounce(rig):
    rig.deliver("alice@example.org", message_id=f"<status=bounced-reject: RCPT@x{rig.turn}>")


@scenario(content_filter=2, received=1, delivered=1, connections=1)
def message_id_with_a_comma(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn}, relay=local, status=sent (queued as 4ABCDEF12)@x>")


@scenario(content_filter=4, pipe=2, proxy=2, received=1, sent=1, connections=1)
def remote_names_our_own_id(rig):
    """The reply names the very id under which we sent, which stands in the Received header."""
    out(rig, "claims-own@liar.example")


@scenario(content_filter=3, pipe=2, proxy=1, received=1, sent=1, connections=1)
def remote_names_our_first_id(rig):
    out(rig, "claims-front@liar.example")


@scenario(content_filter=2, phase=3, received=1, sent=1, connections=1)
def remote_names_an_open_id(rig):
    """The id of a message that the filter brought back and that waits in the deferred queue."""
    rig.world.fixed_id = rig.servers.queued("deferred")[0]
    out(rig, "claims-other@liar.example")


@scenario(content_filter=2, proxy=1, received=1, sent=1, connections=1)
def remote_says_bounced(rig):
    out(rig, "claims-bounced@liar.example")


@scenario(content_filter=2, proxy=1, received=1, sent=1, connections=1)
def remote_says_forwarded(rig):
    out(rig, "claims-forwarded@liar.example")


@scenario(content_filter=3, pipe=1, proxy=1, received=1, bounced=1, delivered=1, connections=1)
def remote_refuses_with_status_sent(rig):
    out(rig, "slander@liar.example")


@scenario(content_filter=2, proxy=1, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def remote_defers_with_status_bounced(rig):
    out(rig, "tease@liar.example")


@scenario(content_filter=2, authFailed=1, connections=1)
def login_name_like_a_success(rig):
    session = rig.session("127.0.1.35", port=587)
    rig.expect(session.login("x, sasl_method=PLAIN, sasl_username=alice", "no"), 535)
    session.quit()
