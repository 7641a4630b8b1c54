"""Refusals at the SMTP door, each for its own reason.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"


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


def refused_hello(rig, client, name, code, verb="EHLO"):
    session = rig.session(client, hello=None)
    rig.refused(*rig.expect(session.hello(name, verb), code))
    session.quit()


def refused_sender(rig, sender, code, extra="", **where):
    session = rig.session(**where)
    rig.expect(session.mail(sender, extra), code)
    session.quit()


def refused_command(rig, line, code, **where):
    session = rig.session(**where)
    rig.refused(*rig.expect(session.command(line), code))
    session.quit()


def refused_content(rig, code, **parts):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.data(rig.message(**parts)), code)
    session.quit()


@scenario(content_filter=3, plain=3, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(content_filter=3, plain=3, rejected=1, connections=1, reasons=permanent("unknownUser"))
def relay_denied(rig):
    """The same words as for an unknown user: `Invalid recipient`."""
    rig.refuse("someone@world.example", 550)


@scenario(content_filter=2, plain=2, received=1, delivered=1, rejected=2, connections=1,
          reasons=permanent("unknownUser", 2))
def one_recipient_of_three_exists(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody1@example.org"), 550)
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("nobody2@example.org"), 550)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(content_filter=2, plain=2, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_is_our_name(rig):
    refused_hello(rig, "192.0.2.15", "mx1.example.org", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_is_bad(rig):
    refused_hello(rig, "192.0.2.15", "bad.helo.example", 550, "HELO")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_without_a_name(rig):
    refused_hello(rig, "192.0.2.15", "", 501)


@scenario(content_filter=2, plain=2, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked(rig):
    refused_sender(rig, "blocked@world.example", 550)


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("rateLimit"))
def sender_too_often(rig):
    refused_sender(rig, "toooften@world.example", 451)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("unknownUser"))
def sender_refused_by_a_rule(rig):
    """`match .. reject` speaks of the recipient, too."""
    rig.refuse("alice@example.org", 550, "offers@spammer.example")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_syntax(rig):
    refused_sender(rig, "no domain or so>", 553)


@scenario(content_filter=4, plain=2, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone zen.dnsbl.example": 1})
def dns_blocklist(rig):
    turned_away(rig, "192.0.2.40", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone bl.dnsbl.example": 1})
def another_dns_blocklist(rig):
    turned_away(rig, "192.0.2.46", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def client_blocked(rig):
    turned_away(rig, "192.0.2.60", 550)


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("clientBlocked"))
def client_blocked_for_now(rig):
    turned_away(rig, "192.0.2.61", 421)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("unknownUser"))
def mailbox_closed(rig):
    rig.refuse("closed@example.org", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("spam"))
def trapped(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("trap@example.org"), 550)
    session.wait_closed()


@scenario(content_filter=2, plain=2, greylisted=1, connections=1, reasons=temporary("greylist"))
def greylisted(rig):
    rig.refuse("greylisted@example.org", 451)


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("mailboxFull"))
def mailbox_full_at_the_door(rig):
    rig.refuse("full@example.org", 452)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("other"))
def refused_after_data(rig):
    refused_content(rig, 554, header="X-Rig-Filter-Says: refuse\r\n")


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("other"))
def deferred_after_data_by_us(rig):
    refused_content(rig, 451, header="X-Rig-Filter-Says: defer\r\n")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("spam"))
def refused_for_spam(rig):
    refused_content(rig, 550, header="X-Rig-Filter-Says: spam\r\n")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("virus"))
def refused_for_a_virus(rig):
    refused_content(rig, 550, header="X-Rig-Filter-Says: virus\r\n")


@scenario(content_filter=2, plain=1, greylisted=1, connections=1, reasons=temporary("greylist"))
def greylisted_after_data(rig):
    refused_content(rig, 451, header="X-Rig-Filter-Says: greylist\r\n")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_without_a_word(rig):
    """SIZE= of MAIL is not looked at."""
    refused_content(rig, 554, body="All work and no play.\r\n" * 5000)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("authRequired"))
def login_is_required(rig):
    refused_sender(rig, "alice@example.org", 530, client="192.0.2.34", port=587)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("tlsRequired"))
def tls_is_required(rig):
    refused_sender(rig, "sender@world.example", 530, port=2525)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("protocol"))
def unknown_command(rig):
    refused_command(rig, "FROBNICATE now", 500)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("protocol"))
def recipient_before_sender(rig):
    refused_command(rig, "RCPT TO:<alice@example.org>", 503)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("protocol"))
def line_too_long(rig):
    refused_command(rig, "FROBNICATE " + "x" * 3000, 500)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("pipelining"))
def pipelining_before_the_greeting(rig):
    session = rig.bare("192.0.2.16", rig.SERVER)
    session.raw(b"EHLO early.example.net\r\nMAIL FROM:<sender@world.example>\r\n")
    session.greeting()
    rig.refused(*rig.expect(session.reply(), 500))
    session.wait_closed()


@scenario(plain=1, received=1, delivered=20, rejectedTemporarily=1, connections=1,
          reasons=temporary("rateLimit"))
def too_many_recipients(rig):
    session = rig.session()
    session.mail("sender@world.example")
    for _ in range(20):
        rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("bob@example.org"), 451)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(plain=1, received=10, delivered=10, rejectedTemporarily=1, connections=1,
          reasons=temporary("rateLimit"))
def too_many_messages(rig):
    session = rig.session()
    for _ in range(10):
        rig.deliver("carol@example.org", session=session)
    rig.expect(session.mail("sender@world.example"), 452)
    session.quit()
