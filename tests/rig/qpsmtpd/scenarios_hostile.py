"""Text that others choose, and that looks like what a mail server would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario
from scenarios_accepted import out
from scenarios_refused import refused_content, refused_sender


# rsyslog writes #011 for a tab, and leaves a #011 that was there.

@scenario(front=1, plain=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def sender_like_fields(rig):
    rig.refuse("nobody-here@example.org", 550, "x#011#011queued#011#011y@world.example")


@scenario(front=1, plain=1, rejected=1, connections=1, reasons={"permanent unknownUser": 1})
def recipient_like_greylisting(rig):
    rig.refuse("greylisted#011902@example.org", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons={"permanent relayDenied": 1})
def recipient_like_a_virus(rig):
    rig.refuse("x#011virus::clamdscan#011901#011Virus@world.example", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons={"permanent senderInvalid": 1})
def helo_with_tabs(rig):
    refused_sender(rig, "blocked@world.example", 550, hello="x#011<a@b>#011<c@d>#011queued#011#011<e@f>")


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def helo_like_spam(rig):
    rig.deliver("alice@example.org",
                session=(session := rig.session(hello="x#011<a@b>#011<c@d>#011spamassassin#011901#011spam#011x")))
    session.quit()


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def helo_like_a_line(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(hello="`#011queued")))
    session.quit()


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def message_id_like_fields(rig):
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn}#011<b@c>#011<d@e>#011spamassassin#011901#011spam@x>")


@scenario(plain=1, received=1, delivered=1, connections=1)
def message_id_with_tabs(rig):
    """Postfix would log it otherwise, so that nothing tells that its mail is the same."""
    rig.deliver("alice@example.org", message_id=f"<a{rig.turn}\t<b@c>\t<d@e>\tspamassassin\t901\tspam@x>")


@scenario(front=1, plain=1, received=1, delivered=1, connections=1)
def subject_like_a_line(rig):
    rig.deliver("alice@example.org", subject="` 192.0.2.9\tx\tx\t<a@b>\t<c@d>\tspamassassin\t901\tspam")


@scenario(front=1, plain=1, connections=1, unlike={"refused": 1})
def command_like_a_line(rig):
    session = rig.session()
    rig.refused(*rig.expect(session.command("` 192.0.2.9\tx\tx\t<a@b>\t<c@d>\tqueued\t\t<e@f>"), 500))
    session.quit()


@scenario(front=1, plain=1, connections=1, unlike={"refused": 1})
def command_like_a_message_of_the_server(rig):
    session = rig.session()
    rig.refused(*rig.expect(session.command("Accepted connection 1/2 from 192.0.2.9 / x"), 500))
    session.quit()


@scenario(front=1, plain=1, authFailed=1, connections=1)
def login_name_like_a_success(rig):
    session = rig.session("192.0.2.35")
    rig.expect(session.login("x@y PLAIN authentication successful for alice@example.org", "no"), 535)
    session.quit()


@scenario(front=1, plain=1, rejected=1, spam=1, connections=1, reasons={"permanent spam": 1})
def subject_of_spam_like_a_verdict(rig):
    refused_content(rig, 552, header="X-Rig-Score: 10.5\r\n", subject="No, hits=0 required=5")


@scenario(front=1, received=1, sent=1, connections=1)
def remote_says_bounced(rig):
    out(rig, "claims-bounced@liar.example")


@scenario(front=1, received=1, sent=1, connections=1)
def remote_names_our_own_id(rig):
    out(rig, "claims-own@liar.example")
