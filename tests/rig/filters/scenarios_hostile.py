"""Text that others choose, and that looks like what a filter would write.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario
from samples import EICAR, GTUBE
from scenarios_mail import flush

# A local part that reads like the rest of a line of rspamd's, clamsmtpd's and spampd's, with a bad verdict and a good one.
BAD = ["x>, (default: T (reject): [99.00/15.00] [", "x, status=VIRUS:Rig", "identified spam <x> (99.00/5.00) from"]
GOOD = ["x>, (default: F (no action): [0.00/15.00] [", "x, status=CLEAN", "clean message <x> (0.00/5.00) from"]


def each(rig, texts, make, **parts):
    """A session with a message for each of the texts; make(text) gives what differs."""
    session = rig.session()
    for text in texts:
        rig.deliver(session=session, **{"recipients": "alice@example.org", **parts, **make(text)})
    session.quit()


def sender(text):
    return {"sender": f"\"{text}\"@world.example"}


def recipient(text):
    return {"recipients": f"\"bob+{text}\"@example.org"}


@scenario(rspamd=3, spampd=2, clamsmtp=2, received=3, delivered=3, connections=1)
def sender_like_a_bad_verdict(rig):
    each(rig, BAD, sender)


@scenario(rspamd=1, spampd=1, clamsmtp=1, received=3, delivered=3, connections=1)
def recipient_like_a_bad_verdict(rig):
    each(rig, BAD, recipient)


@scenario(rspamd=1, spampd=1, clamsmtp=1, received=3, delivered=3, connections=1)
def subject_like_a_bad_verdict(rig):
    each(rig, BAD, lambda text: {"subject": text})


@scenario(rspamd=1, spampd=1, clamsmtp=1, received=3, delivered=3, connections=1)
def message_id_like_a_bad_verdict(rig):
    each(rig, BAD, lambda text: {"message_id": f"<{text}@world{rig.turn}.example>"})


@scenario(rspamd=1, spampd=1, clamsmtp=1, received=3, delivered=3, connections=1)
def header_recipient_like_a_bad_verdict(rig):
    each(rig, BAD, lambda text: {"header": f"Cc: \"{text}\"@example.org, <\"{text}\"@example.org>\r\n"})


@scenario(rspamd=1, spampd=1, clamsmtp=1, received=3, delivered=3, connections=1)
def file_name_like_a_bad_verdict(rig):
    each(rig, BAD, lambda text: {"header": "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
                                           f"Content-Disposition: attachment; filename=\"{text}.txt\"\r\n"})


@scenario(spampd=1, clamsmtp=1, received=3, bounced=3, sent=3, rejected=3, connections=4, filtered=0, handed=0,
          reasons={"permanent unknownUser": 3}, unlike={"connections": 1, "refused": 0})
def not_taken_back_from_a_bad_verdict(rig):
    """The filter never sees the message: what it says of it ends with what the sender chose."""
    each(rig, BAD, sender, recipients="notback@example.org")


@scenario(rspamd=1, rejected=3, spam=3, connections=1, reasons={"permanent spam": 3})
def refused_spam_like_a_good_verdict(rig):
    each(rig, GOOD, sender, body=GTUBE, expect=554)


@scenario(rspamd=1, rejected=3, spam=3, connections=1, reasons={"permanent spam": 3})
def refused_spam_to_a_good_verdict(rig):
    each(rig, GOOD, recipient, body=GTUBE, expect=554)


@scenario(spampd=2, received=3, delivered=3, spam=3, connections=1)
def spam_like_a_good_verdict(rig):
    each(rig, GOOD, sender, body=GTUBE)


@scenario(spampd=2, received=3, delivered=3, spam=3, connections=1)
def spam_to_a_good_verdict(rig):
    each(rig, GOOD, recipient, body=GTUBE)


@scenario(spampd=2, received=3, delivered=3, spam=3, connections=1)
def spam_with_message_id_like_a_good_verdict(rig):
    each(rig, GOOD, lambda text: {"message_id": f"<{text}@world{rig.turn}.example>"}, body=GTUBE)


@scenario(clamsmtp=2, received=3, virus=3, connections=4, filtered=0, handed=3, unlike={"connections": 1})
def virus_like_a_good_verdict(rig):
    each(rig, GOOD, sender, body=EICAR)


@scenario(clamsmtp=2, received=3, virus=3, connections=4, filtered=0, handed=3, unlike={"connections": 1})
def virus_to_a_good_verdict(rig):
    each(rig, GOOD, recipient, body=EICAR)


@scenario(clamsmtp=1, phase=4, received=7, deferred=8, delivered=8, connections=10, handed=8,
          reasons={"deferral remoteTemporary": 8}, unlike={"connections": 3})
def scanner_stopped(rig):
    """clamsmtpd answers 451, after it has spoken to the server behind it, and writes a line without a verdict."""
    rig.servers.stop_scanner()
    rig.deliver(["alice@example.org", "bob@example.org"])
    each(rig, BAD, sender)
    each(rig, BAD, recipient)
    rig.servers.settle()
    rig.servers.start_scanner()
    flush(rig)
