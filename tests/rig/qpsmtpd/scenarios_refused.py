"""Refusals by plugins, each for its own reason, and by qpsmtpd itself.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import time

from ledger import scenario

STRICT = {"client": "192.0.2.10", "port": 2525, "hello": "mail.friend.example.net"}


def permanent(reason, n=1):
    return {f"permanent {reason}": n}


def temporary(reason, n=1):
    return {f"temporary {reason}": n}


def turned_away(rig, client, code):
    """Refused by the greeting."""
    session = rig.bare(client, rig.SERVER)
    reply = rig.expect(session.greeting(), code)
    rig.refused(*reply)
    session.wait_closed()


def refused_hello(rig, name, code, verb="EHLO"):
    session = rig.session("192.0.2.15", hello=None)
    rig.refused(*rig.expect(session.hello(name, verb), code))
    session.quit()


def refused_sender(rig, sender, code, **where):
    session = rig.session(**where)
    rig.expect(session.mail(sender), code)
    session.quit()


def refused_content(rig, code, message=None, **parts):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.data(message or rig.message(**parts)), code)
    session.quit()


@scenario(front=2, plain=2, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(front=2, plain=2, rejected=1, connections=1, reasons=permanent("relayDenied"))
def relay_denied(rig):
    rig.refuse("someone@world.example", 550)


@scenario(front=1, plain=1, received=1, delivered=1, rejected=2, connections=1, reasons=permanent("unknownUser", 2))
def one_recipient_of_three_exists(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody1@example.org"), 550)
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("nobody2@example.org"), 550)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("unknownUser"))
def mailbox_closed(rig):
    rig.refuse("closed@example.org", 550)


@scenario(front=1, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("mailboxFull"))
def mailbox_full(rig):
    rig.refuse("full@example.org", 450)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("spam"))
def trapped(rig):
    """903: refused and cut off."""
    rig.refuse("trap@example.org", 550)


@scenario(front=1, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("rateLimit"))
def too_often(rig):
    """904: put off and cut off."""
    rig.refuse("often@example.org", 421)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_is_bad(rig):
    refused_hello(rig, "bad.helo.example", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_is_an_address(rig):
    refused_hello(rig, "192.0.2.99", 550, "HELO")


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("senderDomain"))
def sender_domain_not_found(rig):
    refused_sender(rig, "x@no-such-domain.example", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked(rig):
    refused_sender(rig, "blocked@world.example", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked_with_a_text(rig):
    refused_sender(rig, "offers@world.example", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("spf"))
def sender_forged(rig):
    refused_sender(rig, "x@forged.example", 550)


@scenario(front=2, plain=2, rejected=1, connections=1, reasons=permanent("dnsbl"))
def dns_blocklist(rig):
    """The words are the blocklist's: the zone is not known."""
    turned_away(rig, "192.0.2.40", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons={"permanent dnsbl": 1, "zone bl.dnsbl.example": 1})
def another_dns_blocklist(rig):
    """The words are the name that was found."""
    turned_away(rig, "192.0.2.46", 550)


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("rhsbl"))
def sender_on_a_blocklist(rig):
    """The words are the name that was found: where the domain ends and the zone begins is not known."""
    refused_sender(rig, "offer@spammer.example", 550)


@scenario(front=1, plain=1, rejected=1, unlike={"connections": 1}, reasons=permanent("clientBlocked"))
def client_blocked(rig):
    """Before the connection is accepted."""
    turned_away(rig, "192.0.2.60", 550)


@scenario(front=1, plain=1, rejectedTemporarily=1, unlike={"connections": 1}, reasons=temporary("clientBlocked"))
def client_blocked_for_now(rig):
    turned_away(rig, "192.0.2.61", 451)


@scenario(front=1, plain=1, rejectedTemporarily=1, connections=12, unlike={"connections": 13},
          reasons=temporary("rateLimit"))
def too_many_connections(rig):
    sessions = [rig.session("192.0.2.82", hello=None) for _ in range(12)]
    turned_away(rig, "192.0.2.82", 451)
    for session in sessions:
        session.quit()


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("earlyTalker"))
def talks_before_the_greeting(rig):
    session = rig.bare("192.0.2.16", rig.SERVER)
    session.raw(b"EHLO early.example.net\r\n")
    rig.refused(*rig.expect(session.greeting(), 550))
    session.wait_closed()


@scenario(front=2, plain=2, rejected=1, spam=1, connections=1, reasons=permanent("spam"))
def spam_refused(rig):
    refused_content(rig, 552, header="X-Rig-Score: 13.1\r\n")


@scenario(front=2, plain=2, rejected=1, virus=1, connections=1, reasons=permanent("virus"))
def virus_refused(rig):
    refused_content(rig, 552, header="X-Rig-Virus: Eicar-Test-Signature\r\n")


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("header"))
def header_missing(rig):
    refused_content(rig, 552, rig.message().replace(b"From: ", b"X-From: "))


@scenario(front=1, plain=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big(rig):
    """By qpsmtpd itself: no line of logterse."""
    refused_content(rig, 552, body="All work and no play.\r\n" * 5000)


@scenario(front=1, plain=1, connections=1, unlike={"refused": 1})
def unknown_command(rig):
    """By qpsmtpd itself, and told by its reply alone."""
    session = rig.session()
    rig.refused(*rig.expect(session.command("FROBNICATE now"), 500))
    session.quit()


# The second server.

@scenario(front=1, plain=1, phase=2, received=1, delivered=1, greylisted=1, connections=2,
          reasons=temporary("greylist"))
def greylisted_then_accepted(rig):
    sender = f"newcomer{rig.turn}@world.example"
    refused_sender(rig, sender, 450, **STRICT)
    time.sleep(3)
    rig.deliver("alice@example.org", sender, session=(session := rig.session(**STRICT)))
    session.quit()


@scenario(front=1, plain=1, phase=2, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_without_address(rig):
    """Found at HELO, refused at MAIL, by naughty."""
    refused_sender(rig, "sender@world.example", 550, **dict(STRICT, hello="no-such-host.example"))
