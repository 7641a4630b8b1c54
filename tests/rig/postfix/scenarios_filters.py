"""Spam, viruses, banned files and bad headers; what the checks of Postfix itself do with a message.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario
from samples import EICAR, GTUBE

PROGRAM = ("Content-Type: application/octet-stream; name=\"invoice.pdf.exe\"\r\n"
           "Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\r\nContent-Transfer-Encoding: base64\r\n")
MIME = "MIME-Version: 1.0\r\n"
AMAVIS = ("content-filter",)


@scenario(content_filter=5, received=1, spam=1, connections=1, filtered=0, handed=1)
def spam_dropped(rig):
    rig.deliver("alice@example.org", body=GTUBE)


@scenario(content_filter=2, received=1, spam=1, connections=1, filtered=0, handed=3)
def spam_dropped_for_three(rig):
    rig.deliver(["alice@example.org", "bob@example.org", "carol@example.org"], body=GTUBE)


@scenario(content_filter=3, proxy=2, received=1, delivered=1, spam=1, connections=1)
def spam_tagged(rig):
    rig.deliver("alice@example.org", body="the rig spammy phrase\r\n")


@scenario(content_filter=2, proxy=1, received=1, delivered=1, spam=1, connections=1)
def spam_for_its_lover(rig):
    rig.deliver("spamlover@example.org", body=GTUBE)


@scenario(pipe=4, received=1, delivered=1, spam=1, connections=1)
def spam_marked_by_spamd(rig):
    rig.deliver("alice@example.org", body=GTUBE)


@scenario(proxy=4, rejected=1, spam=1, connections=1, reasons={"permanent spam": 1})
def spam_refused_by_proxy(rig):
    rig.deliver("alice@example.org", body=GTUBE, expect=554)


@scenario(content_filter=4, received=2, delivered=1, virus=1, connections=2, filtered=0, handed=1,
          unlike={"connections": 1, "accepted": 1})
def virus_dropped(rig):
    """amavis writes to the postmaster: that is a mail of its own, which it submits."""
    rig.deliver("alice@example.org", body=EICAR)


@scenario(proxy=3, rejected=1, virus=1, connections=1, reasons={"permanent virus": 1})
def virus_refused_by_proxy(rig):
    rig.deliver("alice@example.org", body=EICAR, expect=554)


@scenario(content_filter=3, received=2, delivered=1, banned=1, connections=2, filtered=0, handed=1,
          unlike={"connections": 1, "accepted": 1})
def banned_dropped(rig):
    rig.deliver("alice@example.org", header=MIME + PROGRAM, body="aGVsbG8K\r\n")


@scenario(proxy=2, rejected=1, banned=1, connections=1, reasons={"permanent banned": 1})
def banned_refused_by_proxy(rig):
    rig.deliver("alice@example.org", header=MIME + PROGRAM, body="aGVsbG8K\r\n", expect=554)


@scenario(content_filter=6, proxy=1, received=1, delivered=1, badHeader=1, connections=1)
def bad_header_passed(rig):
    rig.deliver("alice@example.org", subject="Gr\xfc\xdfe", encoding="latin-1")


@scenario(content_filter=2, received=1, bounced=1, sent=1, rejected=1, connections=2, filtered=0, handed=0,
          reasons={"permanent unknownUser": 1}, unlike={"connections": 1, "refused": 0})
def filter_may_not_bring_it_back(rig):
    rig.deliver("notback@example.org")


@scenario(content_filter=3, received=1, delivered=1, dkimFailed=1, connections=1)
def signature_that_does_not_verify(rig):
    signature = ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=world.example; s=rig; h=from:subject;\r\n"
                 "\tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\r\n\tb=" + "AbCd" * 42 + "AA==\r\n")
    rig.deliver("alice@example.org", header=signature)


# Header and body checks.

@scenario(content_filter=5, pipe=2, rejected=1, connections=1, reasons={"permanent header": 1})
def header_check_rejects(rig):
    rig.deliver("alice@example.org", subject="this is rig-reject", expect=550)


@scenario(content_filter=3, pipe=1, discarded=1, connections=1)
def header_check_discards(rig):
    rig.deliver("alice@example.org", subject="this is rig-discard")


@scenario(content_filter=2, received=1, held=1, connections=1, filtered=0)
def header_check_holds(rig):
    rig.deliver("alice@example.org", subject="this is rig-hold")


@scenario(content_filter=4, pipe=1, received=1, delivered=1, rejectWarnings=1, connections=1,
          reasons={"warned header": 1})
def header_check_warns(rig):
    rig.deliver("alice@example.org", subject="this is rig-warn")


@scenario(content_filter=2, received=1, delivered=1, connections=1)
def header_check_informs(rig):
    rig.deliver("alice@example.org", subject="this is rig-info")


@scenario(content_filter=3, received=1, sent=1, connections=1, filtered=0)
def header_check_goes_around_the_filter(rig):
    session = rig.session("127.0.1.20")
    rig.deliver("x@world.example", "alice@example.org", session, subject="this is rig-filter")
    session.quit()


@scenario(content_filter=3, rejected=1, connections=1, reasons={"permanent body": 1})
def body_check_rejects(rig):
    rig.deliver("alice@example.org", body="here is rig-body-reject\r\n", expect=550)


@scenario(content_filter=2, received=1, delivered=1, rejectWarnings=1, connections=1, reasons={"warned body": 1})
def body_check_warns(rig):
    rig.deliver("alice@example.org", body="here is rig-body-warn\r\n")


@scenario(content_filter=2, rejected=1, bounced=1, delivered=1, reasons={"permanent header": 1},
          unlike={"accepted": 1, "refused": 0}, through=())
def header_check_rejects_local_submission(rig):
    """Nobody is there to hear the refusal: the message is bounced before it was ever in the queue."""
    rig.submit(["bob@example.org"], subject="this is rig-reject")


# Access tables with other answers than a refusal.

@scenario(content_filter=4, pipe=1, discarded=1, connections=1)
def access_discards(rig):
    rig.deliver("drop@example.org")
