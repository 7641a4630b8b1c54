"""Text that others choose, and that looks like what a mail server would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario
from scenarios_accepted import out


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def sender_like_fields(rig):
    """OpenSMTPD knows no quoted addresses, and an atom can hold no blank."""
    rig.deliver("alice@example.org", "x=to=result=PermFail@world.example")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent senderInvalid": 1})
def sender_like_a_refusal(rig):
    session = rig.session()
    rig.expect(session.mail("\"x>\" result=\"451 4.7.1 Greylisted\"@world.example"), 553)
    session.quit()


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def recipient_like_greylisting(rig):
    rig.refuse("Greylisted-x@example.org", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent protocol": 1})
def command_like_a_refusal(rig):
    session = rig.session()
    rig.refused(*rig.expect(session.command("X\" result=\"451 4.7.1 Greylisted\" blocked using evil.example"), 500))
    session.quit()


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent protocol": 1})
def option_like_a_reason(rig):
    """The reply quotes it."""
    session = rig.session()
    rig.expect(session.mail("sender@world.example", " MALWARE=listed/at/evil.example"), 503)
    session.quit()


@scenario(content_filter=2, plain=1, rejected=1, tlsInbound=1, connections=1, reasons={"permanent protocol": 1})
def login_method_like_a_reason(rig):
    session = rig.session("192.0.2.35", port=587)
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.refused(*rig.expect(session.command("AUTH MALWARE"), 504))
    session.quit()


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def recipient_like_a_result(rig):
    out(rig, "rcpt=result=TempFail&stat=450@world.example")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent protocol": 1})
def recipient_like_a_refusal(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("\"x\" result=\"550 5.7.1 blocked using zen.dnsbl.example\"@example.org"), 501)
    session.quit()


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons={"permanent heloInvalid": 1})
def helo_like_a_refusal(rig):
    session = rig.session(hello=None)
    rig.refused(*rig.expect(session.hello("x\" result=\"451 4.7.1 Greylisted\""), 501))
    session.quit()


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def helo_like_fields(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(hello="smtp.failed-command.result-550.example")))
    session.quit()


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def subject_like_a_log(rig):
    rig.deliver("alice@example.org", subject="0123456789abcdef smtp failed-command command=\"\" result=\"550 no\"")


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def remote_names_our_own_id(rig):
    out(rig, "claims-own@liar.example")


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def remote_names_our_first_id(rig):
    out(rig, "claims-front@liar.example")


@scenario(content_filter=2, plain=1, phase=2, received=1, sent=1, connections=1)
def remote_names_an_open_id(rig):
    """The id of a message that waits in the queue, behind the filter where there is one."""
    rig.world.fixed_id = rig.servers.queued("later0@world.example")[0][:8]
    out(rig, "claims-other@liar.example")


@scenario(content_filter=2, plain=1, received=1, sent=1, connections=1)
def remote_says_bounced(rig):
    out(rig, "claims-bounced@liar.example")


@scenario(content_filter=2, plain=1, received=1, bounced=1, delivered=1, connections=1, filtered=2)
def remote_refuses_with_status_sent(rig):
    out(rig, "slander@liar.example")


@scenario(content_filter=2, plain=1, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def remote_defers_with_status_bounced(rig):
    out(rig, f"tease{rig.turn}@liar.example")


@scenario(content_filter=2, plain=1, authFailed=1, tlsInbound=1, connections=1)
def login_name_like_a_success(rig):
    session = rig.session("192.0.2.35", port=587)
    rig.expect(session.starttls(anonymous=True), 220)
    session.hello()
    rig.expect(session.login("x result=ok", "no"), 535)
    session.quit()
