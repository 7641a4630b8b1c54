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
    session.quit()


def refused_hello(rig, client, name, code):
    session = rig.session(client, hello=None)
    rig.refused(*rig.expect(session.hello(name), code))
    session.quit()


def refused_content(rig, code, **parts):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.data(rig.message(**parts)), code)
    session.quit()


@scenario(content_filter=7, plain=4, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(content_filter=6, plain=3, rejected=1, connections=1, reasons=permanent("relayDenied"))
def relay_denied(rig):
    rig.refuse("someone@world.example", 550)


@scenario(content_filter=3, plain=2, received=1, delivered=1, rejected=2, connections=1,
          reasons=permanent("unknownUser", 2))
def one_recipient_of_three_exists(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody1@example.org"), 550)
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("nobody2@example.org"), 550)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(content_filter=4, plain=2, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_invalid(rig):
    refused_hello(rig, "192.0.2.15", "not_a_name!", 501)


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_is_our_name(rig):
    refused_hello(rig, "192.0.2.15", "mx1.example.org", 550)


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_domain_not_found(rig):
    """The refusal itself says `Sender verify failed` and no more."""
    rig.refuse("alice@example.org", 550, "x@no-such-domain.example")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_does_not_exist(rig):
    rig.refuse("alice@example.org", 550, "nobody-here@example.org")


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("senderInvalid"))
def sender_domain_without_answer(rig):
    rig.refuse("alice@example.org", 451, "x@broken.test")


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked(rig):
    session = rig.session()
    rig.expect(session.mail("blocked@world.example"), 550)
    session.quit()


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("rateLimit"))
def sender_too_often(rig):
    session = rig.session()
    rig.expect(session.mail("toooften@world.example"), 451)
    session.quit()


@scenario(content_filter=5, plain=2, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone zen.dnsbl.example": 1})
def dns_blocklist(rig):
    rig.refuse("alice@example.org", 550, client="192.0.2.40")


@scenario(content_filter=3, plain=2, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone bl.dnsbl.example": 1})
def another_dns_blocklist(rig):
    rig.refuse("alice@example.org", 550, client="192.0.2.46")


@scenario(content_filter=3, plain=2, rejected=1, connections=1,
          reasons={"permanent rhsbl": 1, "zone dbl.dnsbl.example": 1})
def sender_on_a_blocklist(rig):
    rig.refuse("alice@example.org", 550, "offer@spammer.example")


@scenario(content_filter=3, plain=2, received=1, delivered=1, connections=1)
def blocklist_that_only_warns(rig):
    """A warn statement of an ACL refuses nothing and is no refusal that was turned into a warning."""
    rig.deliver("alice@example.org", session=(session := rig.session("192.0.2.42")))
    session.quit()


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def client_blocked(rig):
    turned_away(rig, "192.0.2.60", 550)


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("clientBlocked"))
def client_blocked_for_now(rig):
    turned_away(rig, "192.0.2.61", 451)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def client_dropped(rig):
    turned_away(rig, "192.0.2.63", 550)


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("unknownUser"))
def mailbox_closed(rig):
    """5.2.1: there is nobody who would read it."""
    rig.refuse("refused@example.org", 550)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("spam"))
def trapped(rig):
    """The drop verb closes the connection."""
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("trap@example.org"), 550)
    session.wait_closed()


@scenario(content_filter=4, plain=2, greylisted=1, connections=1, reasons=temporary("greylist"))
def greylisted(rig):
    rig.refuse("greylisted@example.org", 451)


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("mailboxFull"))
def mailbox_full_at_the_door(rig):
    rig.refuse("full@example.org", 451)


@scenario(content_filter=3, plain=2, received=1, discarded=1, connections=1, filtered=0, unlike={"accepted": 1})
def discarded_at_rcpt(rig):
    """The client hears 250 each time; nothing is left to deliver."""
    rig.deliver(["dropped@example.org", "dropped2@example.org"])


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def one_of_two_discarded(rig):
    rig.deliver(["dropped@example.org", "alice@example.org"])


@scenario(content_filter=2, plain=2, received=1, discarded=1, connections=1, filtered=0, unlike={"accepted": 1})
def discarded_after_data(rig):
    rig.deliver("alice@example.org", subject="rig-discard")


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("header"))
def refused_for_a_header(rig):
    refused_content(rig, 550, subject="rig-reject this")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("header"))
def refused_for_header_syntax(rig):
    refused_content(rig, 550, header="Cc: <<<@broken\r\n")


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("spam"))
def refused_for_spam(rig):
    refused_content(rig, 550, subject="rig-spam")


@scenario(content_filter=3, plain=2, rejected=1, connections=1, reasons=permanent("virus"))
def refused_for_a_virus(rig):
    refused_content(rig, 550, subject="rig-virus")


@scenario(content_filter=2, plain=1, rejectedTemporarily=1, connections=1, reasons=temporary("other"))
def deferred_after_data_by_us(rig):
    refused_content(rig, 451, subject="rig-defer")


@scenario(content_filter=3, plain=2, received=1, delivered=1, rejectWarnings=1, connections=1,
          reasons={"warned other": 1}, unlike={"accepted": 0, "refused": 1})
def refused_for_show(rig):
    """Fake reject: the client hears 550, the message is delivered."""
    refused_content(rig, 550, subject="rig-fake")


@scenario(content_filter=2, plain=1, received=1, delivered=1, connections=1)
def warned_for_a_header(rig):
    rig.deliver("alice@example.org", subject="rig-warn rejected RCPT <x@y>: relay not permitted")


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_and_says_so(rig):
    session = rig.session()
    rig.expect(session.mail("sender@world.example", " SIZE=7000000"), 552)
    session.quit()


@scenario(content_filter=3, plain=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_without_a_word(rig):
    refused_content(rig, 552, body="All work and no play.\r\n" * 5000)


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("earlyTalker"))
def talks_before_the_greeting(rig):
    session = rig.bare("192.0.2.16", rig.SERVER)
    session.raw(b"EHLO early.example.net\r\n")
    rig.refused(*rig.expect(session.greeting(), 554))
    session.wait_closed()


@scenario(content_filter=2, plain=1, rejected=1, connections=1, reasons=permanent("pipelining"))
def pipelining_without_asking(rig):
    """DATA's text before its reply, by a client that said HELO and so may not."""
    session = rig.session("192.0.2.18", hello=None)
    session.hello(verb="HELO")
    session.raw(b"MAIL FROM:<sender@world.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n")
    reply = session.reply()
    rig.refused(*rig.expect(reply if reply[0] != 250 else session.reply(), 554))
    session.wait_closed()


@scenario(content_filter=1, plain=1, rejectedTemporarily=1, connections=2, unlike={"connections": 3},
          reasons=temporary("rateLimit"))
def too_many_connections(rig):
    """Of three at once the third is sent away, and its line says nothing else."""
    first, second = rig.session("192.0.2.82"), rig.session("192.0.2.82")
    turned_away(rig, "192.0.2.82", 421)
    first.quit()
    second.quit()


@scenario(content_filter=2, plain=1, rejected=1, delivered=1, reasons=permanent("other"), unlike={"refused": 0})
def local_submission_refused(rig):
    """Exim tells the sender by mail."""
    message = rig.message(subject="rig-no").replace(b"\r\n", b"\n")
    rig.servers.run("exim4", "-i", "-f", "alice@example.org", "bob@example.org", stdin=message, check=False)
