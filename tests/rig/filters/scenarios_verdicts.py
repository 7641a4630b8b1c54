"""Spam and viruses, and what each filter does about them.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import time

from ledger import scenario
from samples import EICAR, GTUBE
from scenarios_mail import out

ALL_THREE = ["alice@example.org", "bob@example.org", "carol@example.org"]


# spampd passes all mail on, spam with a tag.

@scenario(spampd=9, received=1, delivered=1, spam=1, connections=1)
def spam_tagged(rig):
    rig.deliver("alice@example.org", body=GTUBE)


@scenario(spampd=4, received=1, delivered=3, spam=1, connections=1, handed=3)
def spam_tagged_for_three(rig):
    rig.deliver(ALL_THREE, body=GTUBE)


@scenario(spampd=2, received=1, sent=1, spam=1)
def spam_tagged_of_ours(rig):
    rig.submit(["friend@friend.example.net"], body=GTUBE.replace("\r\n", "\n"))


@scenario(spampd=2, received=1, delivered=1, spam=1, connections=1)
def spam_without_message_id(rig):
    rig.deliver("alice@example.org", body="the rig spammy phrase\r\n", message_id=None)


@scenario(spampd=2, received=1, delivered=1, connections=1)
def spam_too_big_to_look_at(rig):
    rig.deliver("erin@example.org", body="All work and no play makes a log long.\r\n" * 2000 + GTUBE)


@scenario(spampd=2, received=1, delivered=1, connections=1)
def virus_unnoticed(rig):
    rig.deliver("alice@example.org", body=EICAR)


# clamsmtpd throws viruses away, or refuses them, which makes Postfix tell the sender.

@scenario(clamsmtp=8, received=1, virus=1, connections=2, filtered=0, handed=1, unlike={"connections": 1})
def virus_dropped(rig):
    rig.deliver("alice@example.org", body=EICAR)


@scenario(clamsmtp=3, received=1, virus=1, connections=2, filtered=0, handed=3, unlike={"connections": 1})
def virus_dropped_for_three(rig):
    rig.deliver(ALL_THREE, body=EICAR)


@scenario(clamsmtp=2, received=1, virus=1, connections=1, filtered=0, handed=1, unlike={"connections": 0})
def virus_dropped_of_ours(rig):
    rig.submit(["friend@friend.example.net"], body=EICAR.replace("\r\n", "\n"))


@scenario(clamsmtp=4, received=1, bounced=1, sent=1, virus=1, connections=2, filtered=0, handed=0,
          unlike={"connections": 1})
def virus_refused(rig):
    rig.deliver("bounced-virus@example.org", body=EICAR)


@scenario(clamsmtp=2, received=1, delivered=1, connections=1)
def clean_by_the_refusing_one(rig):
    rig.deliver("bounced-virus@example.org")


@scenario(clamsmtp=2, received=1, delivered=1, connections=1)
def spam_unnoticed(rig):
    rig.deliver("alice@example.org", body=GTUBE)


# rspamd refuses spam at the end of DATA, and tags what is not quite as bad.

@scenario(rspamd=6, rejected=1, spam=1, connections=1, reasons={"permanent spam": 1})
def gtube_refused(rig):
    rig.deliver("alice@example.org", body=GTUBE, expect=554)


@scenario(rspamd=6, rejected=1, spam=1, connections=1, reasons={"permanent spam": 1})
def spam_refused(rig):
    rig.deliver("alice@example.org", body="the rig spam phrase\r\n", expect=554)


@scenario(rspamd=3, rejected=1, spam=1, connections=1, reasons={"permanent spam": 1})
def spam_refused_for_three(rig):
    rig.deliver(ALL_THREE, body="the rig spam phrase\r\n", expect=554)


@scenario(rspamd=2, rejected=1, spam=1, bounced=1, delivered=1, reasons={"permanent spam": 1},
          unlike={"accepted": 1, "refused": 0})
def spam_refused_of_ours(rig):
    """Nobody is there to hear the refusal: the message is bounced before it was ever in the queue."""
    rig.submit(["friend@friend.example.net"], body="the rig spam phrase\n")


@scenario(rspamd=5, received=1, delivered=1, spam=1, connections=1)
def header_added(rig):
    rig.deliver("alice@example.org", body="the rig spammy phrase\r\n")


@scenario(rspamd=2, received=1, delivered=3, spam=1, connections=1)
def header_added_for_three(rig):
    rig.deliver(ALL_THREE, body="the rig spammy phrase\r\n")


@scenario(rspamd=3, received=1, delivered=1, spam=1, connections=1)
def subject_rewritten(rig):
    rig.deliver("alice@example.org", body="the rig subject phrase\r\n")


@scenario(rspamd=2, received=1, held=1, spam=1, connections=1)
def quarantined(rig):
    rig.deliver("alice@example.org", body="the rig aside phrase\r\n")


@scenario(rspamd=2, discarded=1, connections=1)
def discarded(rig):
    rig.deliver("alice@example.org", body="the rig away phrase\r\n")


@scenario(rspamd=3, rejectedTemporarily=1, connections=1, reasons={"temporary milter": 1})
def soft_rejected(rig):
    rig.deliver("alice@example.org", body="the rig later phrase\r\n", expect=451)


@scenario(rspamd=3, received=1, rejectedTemporarily=1, delivered=1, connections=2, reasons={"temporary milter": 1})
def greylisted_then_passed(rig):
    """rspamd says `Try again later`: nothing tells that this was greylisting."""
    parts = {"sender": f"grey{rig.turn}@world.example", "body": f"the rig grey phrase, number {rig.turn}\r\n"}
    for expect in (451, 250):
        session = rig.session("192.0.2.50")
        rig.deliver("alice@example.org", session=session, expect=expect, **parts)
        session.quit()
        time.sleep(3)  # longer than greylisting lasts


@scenario(rspamd=3, rejected=1, spam=1, connections=1, reasons={"permanent virus": 1})
def virus_refused_by_rspamd(rig):
    """rspamd's verdict is one of spam, whatever made it."""
    rig.deliver("alice@example.org", body=EICAR, expect=554)
