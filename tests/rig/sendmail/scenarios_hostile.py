"""Text that others choose, and that looks like what a mail server would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"


def out(rig, recipient, sender="alice@example.org", **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipient, sender, session, **parts)
    session.quit()


@scenario(plain=3, verbose=1, received=1, delivered=1, connections=1)
def helo_like_a_refusal(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(hello="reject.550.stat-sent.example")))
    session.quit()


@scenario(plain=3, verbose=1, received=1, delivered=1, connections=1)
def sender_like_a_status(rig):
    rig.deliver("alice@example.org", "\"x, size=1, nrcpts=0, stat=Deferred\"@world.example")


@scenario(plain=2, verbose=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def sender_like_a_refusal(rig):
    rig.refuse("nobody-here@example.org", 550, "\"x>, reject=451 4.7.1 Greylisted\"@world.example")


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def recipient_like_greylisting(rig):
    rig.refuse("Greylisted@example.org", 550)


@scenario(plain=2, verbose=1, rejected=1, connections=1, reasons={"permanent relayDenied": 1})
def recipient_like_a_blocklist(rig):
    rig.refuse("\">, relay=x, discard\"@world.example", 550)


@scenario(plain=3, verbose=1, received=1, sent=1, connections=1)
def recipient_like_a_status(rig):
    out(rig, "\"x>,<y, mailer=local, stat=User unknown, dsn=5.1.1\"@world.example")


@scenario(plain=2, verbose=1, received=1, sent=1, connections=1)
def recipient_with_commas(rig):
    out(rig, "\"a,b,c\"@world.example")


@scenario(plain=3, verbose=1, received=1, delivered=1, connections=1)
def subject_like_a_log(rig):
    rig.deliver("alice@example.org", subject="to=<a@b>, mailer=local, stat=Sent; Milter: data, reject=550 5.7.1 no")


@scenario(plain=3, verbose=1, received=1, delivered=1, connections=1)
def message_id_like_fields(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn},nrcpts=0,relay=[1.2.3.4],stat=Sent@x>")


@scenario(plain=2, verbose=1, received=1, delivered=1, connections=1)
def message_id_with_blanks(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn}, nrcpts=0, relay=x, discarded@x>")


@scenario(plain=3, verbose=1, received=1, sent=1, connections=1)
def remote_names_our_own_id(rig):
    """The reply names the very id under which we sent, which stands in the Received header."""
    out(rig, "claims-own@liar.example")


@scenario(plain=2, verbose=1, phase=2, received=1, sent=1, connections=1)
def remote_names_an_open_id(rig):
    """The id of a message that waits in the queue."""
    rig.world.fixed_id = rig.servers.queued("later@world.example")[0]
    out(rig, "claims-other@liar.example")


@scenario(plain=2, verbose=1, received=1, sent=1, connections=1)
def remote_says_bounced(rig):
    out(rig, "claims-bounced@liar.example")


@scenario(plain=2, verbose=1, received=1, bounced=1, delivered=1, connections=1)
def remote_refuses_with_status_sent(rig):
    out(rig, "slander@liar.example")


@scenario(plain=2, verbose=1, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def remote_defers_with_status_bounced(rig):
    out(rig, "tease@liar.example")


@scenario(plain=2, verbose=1, authFailed=1, connections=1)
def login_name_like_a_success(rig):
    session = rig.session("192.0.2.35", port=587)
    rig.expect(session.login("x, AUTH=server, relay=[1.2.3.4], authid=alice", "no"), 535)
    session.quit()
