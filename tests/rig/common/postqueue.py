"""The queues of a Postfix in the root: what is on its way, what waits.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import time

from machine import wait_for


class PostfixQueues:
    """To be mixed into a machine.Machine."""

    QUEUES = ("postfix",)

    def busy(self):
        """How many messages are on their way: not deferred and not on hold."""
        count = 0
        for queue in self.QUEUES:
            for name in ("maildrop", "incoming", "active"):
                count += sum(len(files) for _, _, files in os.walk(self.root / "var/spool" / queue / name))
        return count

    def settle(self, timeout=120):
        """Waits until nothing moves any more."""
        deadline = time.monotonic() + timeout
        quiet = rounds = 0
        while quiet < 3:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.busy()} messages are still on their way: {self.run('postqueue', '-p')}")
            time.sleep(0.15)
            rounds += 1
            if rounds % 10 == 0:
                # The queue manager can miss the request for a scan that comes while it is scanning.
                self.run("postkick", "public", "qmgr", "I", check=False)
                self.run("postkick", "public", "pickup", "W", check=False)
            quiet = 0 if self.busy() else quiet + 1

    def queued(self, queue, wanted=""):
        """Ids in a queue; with `wanted`, of the messages that contain it."""
        found = []
        for directory, _, files in os.walk(self.root / "var/spool/postfix" / queue):
            for name in files:
                if wanted.encode() in (pathlib.Path(directory) / name).read_bytes():
                    found.append(name)
        return found

    def leaves(self, queue, queue_id):
        """Waits until a message is no longer in that queue."""
        wait_for(lambda: queue_id not in self.queued(queue), 60, f"the next attempt for {queue_id}")
