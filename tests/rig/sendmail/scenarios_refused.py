"""Refusals at the SMTP door, each for its own reason; discards and quarantine.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "192.0.2.20"


def permanent(reason, n=1):
    return {f"permanent {reason}": n}


def temporary(reason, n=1):
    return {f"temporary {reason}": n}


def refused_content(rig, code, **parts):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.data(rig.message(**parts)), code)
    session.quit()


def refused_sender(rig, sender, code):
    session = rig.session()
    rig.expect(session.mail(sender), code)
    session.quit()


@scenario(plain=7, verbose=3, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(plain=6, verbose=2, rejected=1, connections=1, reasons=permanent("relayDenied"))
def relay_denied(rig):
    rig.refuse("someone@world.example", 550)


@scenario(plain=3, verbose=1, received=1, delivered=1, rejected=2, connections=1, reasons=permanent("unknownUser", 2))
def one_recipient_of_three_exists(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody1@example.org"), 550)
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("nobody2@example.org"), 550)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(plain=4, verbose=1, rejected=1, connections=1, reasons=permanent("senderDomain"))
def sender_domain_not_found(rig):
    refused_sender(rig, "x@no-such-domain.example", 553)


@scenario(plain=2, verbose=1, rejectedTemporarily=1, connections=1, reasons=temporary("senderDomain"))
def sender_domain_without_answer(rig):
    refused_sender(rig, "x@broken.test", 451)


@scenario(plain=2, verbose=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_without_a_domain(rig):
    """`Domain name required for sender address`."""
    refused_sender(rig, "root", 553)


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked(rig):
    refused_sender(rig, "blocked@world.example", 550)


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked_with_a_text(rig):
    refused_sender(rig, "offers@world.example", 550)


@scenario(plain=2, verbose=1, rejectedTemporarily=1, connections=1, reasons=temporary("rateLimit"))
def sender_too_often(rig):
    refused_sender(rig, "later@friend.example.net", 451)


@scenario(plain=5, verbose=2, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone zen.dnsbl.example": 1})
def dns_blocklist(rig):
    """The client hears of it at MAIL, the log at once."""
    session = rig.session("192.0.2.40")
    rig.expect(session.mail("sender@world.example"), 550)
    session.quit()


@scenario(plain=3, verbose=1, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone bl.dnsbl.example": 1})
def another_dns_blocklist(rig):
    session = rig.session("192.0.2.46")
    rig.expect(session.mail("sender@world.example"), 550)
    session.quit()


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def client_blocked(rig):
    session = rig.session("192.0.2.60")
    rig.expect(session.mail("sender@world.example"), 550)
    session.quit()


@scenario(plain=2, verbose=1, rejectedTemporarily=1, connections=1, reasons=temporary("clientBlocked"))
def client_blocked_for_now(rig):
    session = rig.session("192.0.2.61")
    rig.expect(session.mail("sender@world.example"), 450)
    session.quit()


@scenario(plain=2, verbose=1, discarded=1, connections=1, unlike={"accepted": 1})
def client_discarded(rig):
    """Everything is taken, and nothing kept."""
    session = rig.session("192.0.2.64")
    rig.deliver("alice@example.org", session=session)
    session.quit()


@scenario(plain=3, verbose=1, discarded=1, connections=1, unlike={"accepted": 1})
def sender_discarded(rig):
    rig.deliver("alice@example.org", "thrown@world.example")


@scenario(plain=3, verbose=1, discarded=1, connections=1, unlike={"accepted": 1})
def recipient_discarded(rig):
    rig.deliver("dropped@example.org")


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("unknownUser"))
def mailbox_closed(rig):
    rig.refuse("closed@example.org", 550)


@scenario(plain=2, verbose=1, rejectedTemporarily=1, connections=1, reasons=temporary("mailboxFull"))
def mailbox_full_at_the_door(rig):
    rig.refuse("full@example.org", 452)


@scenario(plain=2, verbose=1, rejected=1, connections=1, reasons=permanent("earlyTalker"))
def talks_before_the_greeting(rig):
    session = rig.bare("192.0.2.16", rig.SERVER)
    session.raw(b"EHLO early.example.net\r\n")
    rig.refused(*rig.expect(session.greeting(), 554))
    session.quit()


@scenario(plain=2, verbose=1, rejected=1, connections=1, reasons=permanent("protocol"))
def lists_are_secret(rig):
    session = rig.session("192.0.2.19")
    rig.refused(*rig.expect(session.command("EXPN team"), 502))
    session.quit()


@scenario(plain=2, verbose=1, connections=1, unlike={"refused": 1})
def too_big_and_says_so(rig):
    """Sendmail has no line for this refusal."""
    session = rig.session()
    rig.expect(session.mail("sender@world.example", " SIZE=7000000"), 552)
    session.quit()


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_without_a_word(rig):
    refused_content(rig, 552, body="All work and no play.\r\n" * 5000)


# The milter.

@scenario(plain=4, verbose=2, rejected=1, connections=1, reasons=permanent("milter"))
def milter_refuses(rig):
    refused_content(rig, 554, header="X-Rig-Milter: reject\r\n")


@scenario(plain=3, verbose=1, rejectedTemporarily=1, connections=1, reasons=temporary("milter"))
def milter_tempfails(rig):
    refused_content(rig, 451, header="X-Rig-Milter: tempfail\r\n")


@scenario(plain=3, verbose=1, discarded=1, connections=1, unlike={"accepted": 1})
def milter_discards(rig):
    rig.deliver("alice@example.org", header="X-Rig-Milter: discard\r\n")


@scenario(plain=3, verbose=1, received=1, held=1, connections=1, unlike={"accepted": 1})
def milter_quarantines(rig):
    rig.deliver("alice@example.org", header="X-Rig-Milter: quarantine\r\n")


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("spam"))
def milter_finds_spam(rig):
    refused_content(rig, 550, header="X-Rig-Milter: spam\r\n")


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("virus"))
def milter_finds_a_virus(rig):
    refused_content(rig, 550, header="X-Rig-Milter: virus\r\n")


@scenario(plain=3, verbose=1, greylisted=1, connections=1, reasons=temporary("greylist"))
def milter_greylists(rig):
    refused_content(rig, 451, header="X-Rig-Milter: greylist\r\n")


@scenario(plain=3, verbose=1, rejected=1, connections=1, reasons=permanent("milter"))
def milter_refuses_a_recipient(rig):
    rig.refuse("milter-no@example.org", 550)
