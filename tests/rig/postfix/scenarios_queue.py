"""What happens to mail in the queue: held, released, deleted, retried, expired; probes.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import scenario

OFFICE = "127.0.1.20"


def office(rig, recipients, **parts):
    session = rig.session(OFFICE)
    rig.deliver(recipients, "alice@example.org", session, **parts)
    session.quit()


def only(rig, queue):
    """The one message of the scenario in that queue."""
    rig.servers.settle()
    ids = rig.servers.queued(queue, f"X-Rig: {rig.name}")
    assert len(ids) == 1, f"{rig.name}: {len(ids)} messages in {queue}"
    return ids[0]


def retry(rig, queue_id):
    """Another attempt, and its end: postqueue only asks for it."""
    rig.servers.run("postqueue", "-i", queue_id)
    rig.servers.leaves("deferred", queue_id)
    rig.servers.settle()


@scenario(content_filter=3, pipe=1, phase=2, received=1, held=1, delivered=1, connections=1)
def held_then_released(rig):
    rig.deliver("alice@example.org", subject="rig-hold for a while")
    queue_id = only(rig, "hold")
    rig.servers.run("postsuper", "-H", queue_id)
    retry(rig, queue_id)


@scenario(content_filter=2, phase=2, received=1, held=1, connections=1, filtered=0)
def held_then_deleted(rig):
    rig.deliver("alice@example.org", subject="rig-hold for ever")
    rig.servers.run("postsuper", "-d", only(rig, "hold"))


@scenario(content_filter=2, pipe=1, phase=2, received=1, held=1, delivered=1, connections=1)
def held_by_access_then_released(rig):
    rig.deliver("hold@example.org")
    queue_id = only(rig, "hold")
    rig.servers.run("postsuper", "-H", queue_id)
    retry(rig, queue_id)


@scenario(content_filter=2, phase=2, received=1, held=1, connections=1, filtered=0)
def held_by_access_then_deleted(rig):
    rig.deliver("hold@example.org")
    rig.servers.run("postsuper", "-d", only(rig, "hold"))


@scenario(content_filter=1, phase=2, received=0, held=1, connections=1, unlike={"accepted": 1})
def held_by_access_and_left(rig):
    rig.deliver("hold@example.org")


@scenario(content_filter=2, pipe=1, proxy=1, phase=2, received=1, deferred=1, held=1, connections=1,
          reasons={"deferral remoteTemporary": 1})
def deferred_then_held(rig):
    office(rig, f"later-held{rig.turn}@world.example")
    rig.servers.run("postsuper", "-h", only(rig, "deferred"))


@scenario(content_filter=4, pipe=2, proxy=2, phase=2, received=1, deferred=1, sent=1, connections=1,
          reasons={"deferral remoteTemporary": 1})
def deferred_then_sent(rig):
    office(rig, f"once{rig.turn}-{rig.serial}@world.example")
    retry(rig, only(rig, "deferred"))


@scenario(content_filter=2, phase=2, received=1, deferred=1, connections=1, reasons={"deferral remoteTemporary": 1})
def deferred_then_deleted(rig):
    office(rig, f"later-deleted{rig.turn}@world.example")
    rig.servers.run("postsuper", "-d", only(rig, "deferred"))


@scenario(content_filter=2, phase=2, received=1, deferred=1, sent=1, connections=1, filtered=2,
          reasons={"deferral remoteTemporary": 1})
def requeued(rig):
    """postsuper -r brings the message back through pickup, with another id, and through the filter once more.

    It is not received again: pickup's line names the former id (orig_id=).
    """
    office(rig, f"once-requeued{rig.turn}-{rig.serial}@world.example")
    queue_id = only(rig, "deferred")
    rig.servers.run("postsuper", "-r", queue_id)
    rig.servers.leaves("deferred", queue_id)
    rig.servers.settle()


@scenario(content_filter=3, pipe=1, phase=3, received=2, deferred=2, delivered=0, connections=2,
          reasons={"deferral remoteTemporary": 2})
def two_messages_with_one_message_id(rig):
    """Different mail, both in the queue at once."""
    for part in ("one", "two"):
        rig.deliver(f"later-{part}@relay.example.org", message_id=f"<same{rig.turn}@world.example>", subject=part)
        rig.servers.settle()


@scenario(content_filter=2, phase=3, received=1, delivered=1, connections=0, filtered=0,
          unlike={"accepted": 0})
def probe_by_hand(rig):
    """sendmail -bv: the question counts nothing but its own submission, the report is a mail to the one who asked."""
    rig.servers.run("sendmail", "-bv", "-f", "alice@example.org", f"probe-by-hand@probe.example")


@scenario(content_filter=2, phase=4, received=1, deferred=1, expired=1, delivered=1, connections=1,
          reasons={"deferral remoteTemporary": 1})
def expired_by_command(rig):
    office(rig, f"later-expired{rig.turn}@world.example")
    queue_id = only(rig, "deferred")
    rig.servers.run("postsuper", "-f", queue_id)
    retry(rig, queue_id)


@scenario(content_filter=3, pipe=1, proxy=1, phase=5, received=1, deferred=2, expired=1, delivered=1, connections=1,
          reasons={"deferral remoteTemporary": 2})
def expired_after_its_time(rig):
    office(rig, f"later-old{rig.turn}@world.example")
    queue_id = only(rig, "deferred")
    rig.servers.run("postconf", "-e", "maximal_queue_lifetime = 1s")
    rig.servers.run("postfix", "reload")
    retry(rig, queue_id)
    rig.servers.run("postconf", "-e", "maximal_queue_lifetime = 5d")
    rig.servers.run("postfix", "reload")
