"""A log under load: whole messages of several mail servers at a steady rate, from a process of its own that also
rotates the log as logrotate does; and what of a daemon must not grow.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

from snmp_rig import MAILTALLYD, TOP

# Time and memory are those of the program as it is shipped, without sanitisers.
SHIPPED = MAILTALLYD.replace("/san/", "/obj/") if "MAILTALLYD" in os.environ else str(TOP / "build/mailtallyd")

HOSTS = ("mx1", "mx2", "mx3", "mx4")
GENERATIONS = 4
TICK_S = 0.02

# What one unit() of lines counts; all other counters stay as they are.
UNIT_LINES = 20
UNIT_COUNTS = {"received": 2, "delivered": 2, "reinjected": 1, "rejected": 1, "connections": 1,
               "receivedOctets": 2000, "deliveredOctets": 2400}
MESSAGE_OCTETS = 1000


def stamp():
    return time.strftime("%b %e %H:%M:%S", time.gmtime())


def unit(n, at, host):
    """A message to a mailbox, one through a content filter, a refusal, and what other programs write meanwhile."""
    p, a, b, c = f"{at} {host} postfix", f"4A{n:08X}", f"4B{n:08X}", f"4C{n:08X}"
    return (
        f"{p}/smtpd[101]: connect from mx.example.net[192.0.2.{n % 250}]\n"
        f"{p}/smtpd[101]: {a}: client=mx.example.net[192.0.2.{n % 250}]\n"
        f"{p}/cleanup[102]: {a}: message-id=<a{n}@example.net>\n"
        f"{p}/qmgr[90]: {a}: from=<ann@example.net>, size=1000, nrcpt=1 (queue active)\n"
        f"{at} {host} dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS\n"
        f"{p}/smtpd[104]: {b}: client=mx.example.org[192.0.2.251]\n"
        f"{p}/local[103]: {a}: to=<bob@example.org>, relay=local, delay=0.3, delays=0.2/0/0/0.1, dsn=2.0.0, "
        f"status=sent (delivered to mailbox)\n"
        f"{p}/qmgr[90]: {a}: removed\n"
        f"{p}/cleanup[102]: {b}: message-id=<b{n}@example.net>\n"
        f"{p}/qmgr[90]: {b}: from=<ann@example.net>, size=1000, nrcpt=1 (queue active)\n"
        f"{p}/smtpd[105]: NOQUEUE: reject: RCPT from unknown[192.0.2.{n % 250}]: 554 5.7.1 Service unavailable; Client "
        f"host [192.0.2.{n % 250}] blocked using zen.example.net; from=<x{n}@example.com> to=<bob@example.org> "
        f"proto=ESMTP helo=<x>\n"
        f"{p}/smtpd[106]: {c}: client=localhost[127.0.0.1]\n"
        f"{p}/cleanup[107]: {c}: message-id=<b{n}@example.net>\n"
        f"{p}/qmgr[90]: {c}: from=<ann@example.net>, size=1400, nrcpt=1 (queue active)\n"
        f"{p}/smtp[108]: {b}: to=<bob@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.5, delays=0.2/0/0/0.3, "
        f"dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {c})\n"
        f"{p}/qmgr[90]: {b}: removed\n"
        f"{at} {host} CRON[109]: (root) CMD (test -x /usr/sbin/anacron)\n"
        f"{p}/local[103]: {c}: to=<bob@example.org>, relay=local, delay=0.3, delays=0.2/0/0/0.1, dsn=2.0.0, "
        f"status=sent (delivered to mailbox)\n"
        f"{p}/qmgr[90]: {c}: removed\n"
        f"{p}/smtpd[101]: disconnect from mx.example.net[192.0.2.{n % 250}] ehlo=1 mail=1 rcpt=1 data=1 quit=1\n")


def wanted(counters, units):
    """name -> value of all counters after so many units."""
    return {name: UNIT_COUNTS.get(name, 0) * units for _, name in counters}


class Writer:
    """Writes `seconds` times `lines_per_s` lines, however long it takes, and rotates each `rotate_s` seconds: by
    renaming, with lines that still come to the old file; each fourth time by copytruncate (with nothing written between
    the copy and the truncation: that would be lost). The second newest old file is compressed, the fifth is removed."""

    def __init__(self, path, lines_per_s, seconds, rotate_s, seed):
        self.path, self.rotate_s, self.dice = path, rotate_s, random.Random(seed)
        self.units_per_s = lines_per_s / UNIT_LINES
        self.units = int(self.units_per_s * seconds)
        context = multiprocessing.get_context("fork")
        self.written_n, self.octets_n, self.rotations_n = (context.Value("Q", 0) for _ in range(3))
        self.took = context.Value("d", 0)
        self.process = context.Process(target=self.live, daemon=True)

    def start(self):
        self.process.start()
        return self

    def is_writing(self):
        return self.process.is_alive()

    def wait(self, seconds):
        """True when all was written."""
        self.process.join(seconds)
        return self.process.exitcode == 0 and self.written_n.value == self.units

    @property
    def octets(self):
        return self.octets_n.value

    @property
    def rotations(self):
        return self.rotations_n.value

    # ---- in the process

    def live(self):
        self.waiting, self.renamed_at, self.packing = "", None, None
        self.file = open(self.path, "ab", buffering=0)
        parent, begun = os.getppid(), time.monotonic()
        while self.written_n.value < self.units and os.getppid() == parent:
            elapsed = time.monotonic() - begun
            self.make(min(self.units, int(elapsed * self.units_per_s)))
            # The beginning of a line often waits for its rest.
            self.put(len(self.waiting) - self.dice.randrange(200))
            if self.renamed_at is not None and elapsed - self.renamed_at > 0.2:
                self.reopen()
            if elapsed >= (self.rotations_n.value + 1) * self.rotate_s:
                self.rotate()
            self.took.value = elapsed
            time.sleep(TICK_S)
        self.put(len(self.waiting))
        if self.packing:
            self.packing.wait()

    def make(self, up_to):
        n, at = self.written_n.value, stamp()
        # As much as 1 s worth at once, when the machine was busy.
        up_to = min(up_to, n + int(self.units_per_s))
        self.waiting += "".join([unit(i, at, HOSTS[i % len(HOSTS)]) for i in range(n, up_to)])
        self.written_n.value = up_to

    def put(self, octets):
        if octets <= 0:
            return
        self.file.write(self.waiting[:octets].encode())
        self.waiting = self.waiting[octets:]
        self.octets_n.value += octets

    def reopen(self):
        self.put(self.waiting.find("\n") + 1)  # no line is in two files
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)
        self.renamed_at = None

    def old(self, n, suffix=""):
        return self.path.with_name(f"{self.path.name}.{n}{suffix}")

    def rotate(self):
        if self.packing:
            self.packing.wait()
        if self.renamed_at is not None:
            self.reopen()
        for n in range(GENERATIONS, 0, -1):
            for suffix in ("", ".gz"):
                if self.old(n, suffix).exists():
                    if n == GENERATIONS:
                        self.old(n, suffix).unlink()
                    else:
                        self.old(n, suffix).rename(self.old(n + 1, suffix))
        self.rotations_n.value += 1
        if self.rotations_n.value % 4 == 0:
            self.put(self.waiting.find("\n") + 1)
            shutil.copy(self.path, self.old(1))
            os.truncate(self.path, 0)
        else:
            self.path.rename(self.old(1))
            self.renamed_at = self.rotations_n.value * self.rotate_s
        if self.old(2).exists():
            self.packing = subprocess.Popen(["gzip", "-1", self.old(2)])


# ---- what must not grow

def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1))


def peak_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+)", status, re.M).group(1))


def descriptors(pid):
    """What is open: one line each."""
    found = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(f"{entry.name} {os.readlink(entry)}")
        except FileNotFoundError:
            continue
    return found


def processor_s(pid, task=None):
    """Seconds that a process, or one of its threads, has had a processor."""
    stat = pathlib.Path(f"/proc/{pid}/task/{task}/stat" if task else f"/proc/{pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reading_s(pid):
    """What the threads that read and save took, without the one that answers."""
    return processor_s(pid) - processor_s(pid, pid)
