"""Refusals at the SMTP door, each for its own reason.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import time

from ledger import scenario

OFFICE = "127.0.1.20"


def permanent(reason, n=1):
    return {f"permanent {reason}": n}


def temporary(reason, n=1):
    return {f"temporary {reason}": n}


@scenario(content_filter=11, pipe=4, proxy=5, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user(rig):
    rig.refuse("nobody-here@example.org", 550)


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("unknownUser"))
def unknown_user_of_a_virtual_domain(rig):
    rig.refuse("nobody-here@virtual.example.org", 550)


@scenario(content_filter=8, pipe=3, proxy=4, rejected=1, connections=1, reasons=permanent("relayDenied"))
def relay_denied(rig):
    rig.refuse("someone@world.example", 554)


@scenario(content_filter=4, proxy=1, received=1, delivered=1, rejected=2, connections=1,
          reasons=permanent("unknownUser", 2))
def one_recipient_of_three_exists(rig):
    """The second refusal comes when the message has an id: its line begins with that, not with NOQUEUE."""
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("nobody1@example.org"), 550)
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("nobody2@example.org"), 550)
    rig.expect(session.data(rig.message()), 250)
    session.quit()


@scenario(content_filter=5, proxy=1, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_invalid(rig):
    rig.refuse("alice@example.org", 501, client="127.0.1.15", hello="not_a_name!")


@scenario(content_filter=4, rejected=1, connections=1, reasons=permanent("heloInvalid"))
def helo_not_a_full_name(rig):
    rig.refuse("alice@example.org", 504, client="127.0.1.15", hello="desktop")


@scenario(content_filter=3, rejectedTemporarily=1, connections=1, reasons=temporary("heloInvalid"))
def helo_unknown_host(rig):
    rig.refuse("alice@example.org", 450, client="127.0.1.32", hello="no-such-host.example.net")


@scenario(content_filter=6, proxy=2, rejectedTemporarily=1, connections=1, reasons=temporary("senderDomain"))
def sender_domain_not_found(rig):
    rig.refuse("alice@example.org", 450, "x@no-such-domain.example")


@scenario(content_filter=2, rejected=1, connections=1, reasons=permanent("senderDomain"))
def sender_domain_not_found_for_good(rig):
    session = rig.session("127.0.1.31", port=587)
    rig.expect(session.login("bob@example.org", "battery staple"), 235)
    session.mail("x@no-such-domain.example")
    rig.expect(session.rcpt("reader@world.example"), 550)
    session.quit()


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("senderDomain"))
def sender_domain_without_answer(rig):
    rig.refuse("alice@example.org", 450, "x@broken.test")


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_not_a_full_address(rig):
    rig.refuse("alice@example.org", 504, "root@desktop")


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("recipientDomain"))
def recipient_domain_not_found(rig):
    rig.refuse("x@no-such-domain.example", 450, "alice@example.org", client=OFFICE)


@scenario(content_filter=7, proxy=2, rejected=1, connections=1,
          reasons={"permanent dnsbl": 1, "zone zen.dnsbl.example": 1})
def dns_blocklist(rig):
    rig.refuse("alice@example.org", 554, client="127.0.1.40")


@scenario(content_filter=4, rejected=1, connections=1, reasons={"permanent dnsbl": 1, "zone bl.dnsbl.example": 1})
def another_dns_blocklist(rig):
    rig.refuse("alice@example.org", 554, client="127.0.1.41")


@scenario(content_filter=5, rejected=1, connections=1, reasons={"permanent rhsbl": 1, "zone dbl.dnsbl.example": 1})
def sender_on_a_blocklist(rig):
    rig.refuse("alice@example.org", 554, "offer@spammer.example")


@scenario(content_filter=2, rejected=1, connections=1, reasons={"permanent rhsbl": 1, "zone dbl.dnsbl.example": 1})
def helo_on_a_blocklist(rig):
    rig.refuse("alice@example.org", 554, hello="helo.spammer.example")


@scenario(content_filter=4, pipe=1, proxy=1, received=1, delivered=1, rejectWarnings=1, connections=1,
          reasons={"warned dnsbl": 1, "zone bl.dnsbl.example": 1})
def blocklist_that_only_warns(rig):
    rig.deliver("alice@example.org", session=(session := rig.session("127.0.1.42")))
    session.quit()


@scenario(content_filter=4, proxy=1, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def client_blocked(rig):
    rig.refuse("alice@example.org", 554, client="127.0.1.60")


@scenario(content_filter=3, rejectedTemporarily=1, connections=1, reasons=temporary("clientBlocked"))
def client_blocked_for_now(rig):
    rig.refuse("alice@example.org", 450, client="127.0.1.61")


@scenario(content_filter=3, rejectedTemporarily=1, connections=1, reasons=temporary("clientReverseDns"))
def client_without_reverse_name(rig):
    rig.refuse("alice@example.org", 450, client="127.0.1.62")


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("senderInvalid"))
def sender_blocked(rig):
    rig.refuse("alice@example.org", 554, "blocked@world.example")


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("mailboxFull"))
def mailbox_full_at_the_door(rig):
    rig.refuse("full@example.org", 452)


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("serverConfiguration"))
def policy_server_down(rig):
    rig.refuse("alice@example.org", 451, client="127.0.1.54")


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("serverConfiguration"))
def table_server_down(rig):
    rig.refuse("alice@example.org", 451, client="127.0.1.55")


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("unknownUser"))
def probed_and_unknown(rig):
    """Postfix asks the next hop first: the probe itself counts nothing."""
    rig.refuse(f"gone{rig.turn}@relay.example.org", 550, client="127.0.1.56")


@scenario(content_filter=3, received=1, sent=1, connections=1)
def probed_and_known(rig):
    session = rig.session("127.0.1.56")
    rig.deliver(f"inside{rig.turn}@relay.example.org", session=session)
    session.quit()


@scenario(content_filter=4, rejected=1, connections=1, reasons=permanent("pipelining"))
def pipelining_without_asking(rig):
    """DATA and what follows before its reply, by a client that said HELO and so may not."""
    session = rig.session("127.0.1.16", hello=None)
    session.hello(verb="HELO")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    session.raw(b"DATA\r\nSubject: x\r\n")
    code, text = session.reply()
    assert code == 503, (code, text)
    rig.refused(code, text)
    session.drop()


@scenario(content_filter=3, proxy=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_and_says_so(rig):
    session = rig.session()
    rig.expect(session.mail("sender@world.example", " SIZE=7000000"), 552)
    session.quit()


@scenario(content_filter=4, pipe=1, rejected=1, connections=1, reasons=permanent("messageSize"))
def too_big_without_a_word(rig):
    session = rig.session()
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.data(rig.message(body="x" * 70 + "\r\n" + "All work and no play.\r\n" * 4000)), 552)
    session.quit()


@scenario(content_filter=6, pipe=3, proxy=3, greylisted=1, greylistPassed=1, received=1, delivered=1, connections=2,
          reasons=temporary("greylist"))
def greylisted_then_passed(rig):
    sender = f"first-time{rig.turn}@world.example"
    rig.refuse("alice@example.org", 450, sender, client="127.0.1.50")
    time.sleep(4.1)
    rig.deliver("alice@example.org", sender, session := rig.session("127.0.1.50"))
    session.quit()


@scenario(content_filter=5, pipe=2, proxy=1, greylisted=2, connections=2, reasons=temporary("greylist", 2))
def greylisted_and_impatient(rig):
    for _ in range(2):
        rig.refuse("bob@example.org", 450, f"impatient{rig.turn}@world.example", client="127.0.1.52")


@scenario(content_filter=2, greylisted=3, connections=1, reasons=temporary("greylist", 3))
def greylisted_for_three_recipients(rig):
    session = rig.session("127.0.1.53")
    session.mail(f"three{rig.turn}@world.example")
    for user in ("alice", "bob", "carol"):
        rig.expect(session.rcpt(f"{user}@example.org"), 450)
    session.quit()


@scenario(content_filter=1, received=3, delivered=3, connections=1, unlike={"refused": 2})
def too_many_messages(rig):
    session = rig.session("127.0.1.80", "127.0.0.4")
    for _ in range(3):
        rig.deliver("alice@example.org", session=session)
    for _ in range(2):
        rig.expect(session.mail("sender@world.example"), 450)
    session.quit()


@scenario(content_filter=1, connections=1, unlike={"refused": 1})
def too_many_recipients(rig):
    session = rig.session("127.0.1.81", "127.0.0.4")
    session.mail("sender@world.example")
    for _ in range(5):
        rig.expect(session.rcpt("alice@example.org"), 250)
    rig.expect(session.rcpt("alice@example.org"), 450)
    session.reset()
    session.quit()


@scenario(content_filter=1, connections=9)
def too_many_connections(rig):
    for _ in range(6):
        rig.session("127.0.1.82", "127.0.0.4").quit()
    for _ in range(3):
        session = rig.session("127.0.1.82", "127.0.0.4", hello=None)
        session.wait_closed()


@scenario(content_filter=2, rejected=4, connections=1, reasons=permanent("unknownUser", 4))
def too_many_errors(rig):
    session = rig.session(f"127.0.1.{83 + rig.turn}", "127.0.0.4")
    session.mail("sender@world.example")
    for number in range(4):
        rig.expect(session.rcpt(f"guess{number}@example.org"), 550)
    session.wait_closed()


@scenario(content_filter=2, connections=1, unlike={"refused": 1})
def tls_wanted_but_not_begun(rig):
    """The reply 530 leaves no line in the log, so that there is nothing to count."""
    session = rig.session("127.0.1.17", "127.0.0.5")
    rig.expect(session.mail("sender@world.example"), 530)
    session.quit()


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("clientBlocked"))
def submission_without_login(rig):
    rig.refuse("reader@world.example", 554, client="127.0.1.33", port=587)


# Milters.

@scenario(content_filter=4, rejected=1, connections=1, reasons=permanent("milter"))
def milter_refuses_message(rig):
    rig.deliver("alice@example.org", expect=550, header="X-Rig-Milter: reject\r\n")


@scenario(content_filter=2, rejectedTemporarily=1, connections=1, reasons=temporary("milter"))
def milter_refuses_message_for_now(rig):
    rig.deliver("alice@example.org", expect=451, header="X-Rig-Milter: tempfail\r\n")


@scenario(content_filter=3, rejected=1, connections=1, reasons=permanent("spam"))
def milter_says_spam(rig):
    rig.deliver("alice@example.org", expect=550, header="X-Rig-Milter: spam\r\n")


@scenario(content_filter=2, rejected=1, connections=1, reasons=permanent("virus"))
def milter_says_virus(rig):
    rig.deliver("alice@example.org", expect=550, header="X-Rig-Milter: virus\r\n")


@scenario(content_filter=2, greylisted=1, connections=1, reasons=temporary("greylist"))
def milter_greylists(rig):
    rig.deliver("alice@example.org", expect=451, header="X-Rig-Milter: greylist\r\n")


@scenario(content_filter=3, discarded=1, connections=1)
def milter_discards(rig):
    rig.deliver("alice@example.org", header="X-Rig-Milter: discard\r\n")


@scenario(content_filter=2, received=1, held=1, connections=1, filtered=0)
def milter_quarantines(rig):
    rig.deliver("alice@example.org", header="X-Rig-Milter: quarantine\r\n")


@scenario(content_filter=2, rejected=1, connections=1, reasons=permanent("milter"))
def milter_refuses_recipient(rig):
    rig.refuse("milter-no@example.org", 550)


# postscreen.

@scenario(content_filter=2, rejected=1, connections=1, reasons={"permanent dnsbl": 1, "zone zen.dnsbl.example": 1})
def postscreen_blocklist(rig):
    rig.refuse("alice@example.org", 550, client="127.0.1.43" if rig.turn else "127.0.1.45", server="127.0.0.3")


@scenario(content_filter=2, received=2, delivered=2, rejectedTemporarily=1, connections=3, reasons=temporary("other"))
def postscreen_passes_when_it_comes_again(rig):
    """PASS NEW stands in the log for the first connection too, but smtpd never sees that one."""
    client = ("127.0.1.44", "127.0.1.46")[rig.turn]
    rig.refuse("alice@example.org", 450, client=client, server="127.0.0.3")
    for _ in range(2):
        rig.deliver("alice@example.org", session=(session := rig.session(client, "127.0.0.3")))
        session.quit()


@scenario(content_filter=1, rejected=1, connections=1, reasons=permanent("protocol"))
def postscreen_early_talker(rig):
    session = rig.session_that_talks_first("127.0.1.47", "127.0.0.3")
    session.mail("sender@world.example")
    rig.expect(session.rcpt("alice@example.org"), 550)
    session.quit()


@scenario(content_filter=2, connections=1)
def postscreen_hangup(rig):
    rig.bare("127.0.1.49", "127.0.0.3").drop()


@scenario(content_filter=1, received=1, delivered=1, connections=1)
def postscreen_allow_listed(rig):
    rig.deliver("alice@example.org", session=(session := rig.session(OFFICE, "127.0.0.3")))
    session.quit()


@scenario(content_filter=2, connections=1)
def postscreen_deny_listed(rig):
    """DENYLISTED stands in the log also where the client is only watched: no refusal is logged."""
    session = rig.bare("127.0.1.48", "127.0.0.3")
    code, _ = session.reply()
    assert code == 521, code
    session.drop()
