"""What RRD files hold, read with rrdtool; and a daemon whose clock the test sets.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

from snmp_rig import MAILTALLY, TOP, Rig, program, skip_all

PLAIN = os.environ.get("MAILTALLYD_PLAIN", str(TOP / "build/mailtallyd"))
STEP, ROW = 60, 480
ROWS_S = (480, 3360, 16800) # of the first archives
# Data source -> the counters that it is the sum of. The first three files are mailgraph's.
MAILGRAPH = {
    "mailgraph.rrd": {"sent": ["sent"], "recv": ["received"], "bounced": ["bounced", "expired"],
                      "rejected": ["rejected", "rejectedTemporarily", "discarded"]},
    "mailgraph_virus.rrd": {"virus": ["virus", "banned"], "spam": ["spam"]},
    "mailgraph_greylist.rrd": {"greylisted": ["greylisted"], "delayed": ["greylistPassed"]},
}
OWN = {
    "mailtally_delivery.rrd": ["delivered", "forwarded", "deferred", "expired", "held", "discarded", "reinjected"],
    "mailtally_refusal.rrd": ["rejected", "rejectedTemporarily", "rejectWarnings", "banned", "badHeader", "spfFailed",
                              "dkimFailed", "dmarcFailed"],
    "mailtally_volume.rrd": ["receivedOctets", "sentOctets", "deliveredOctets"],
    "mailtally_connection.rrd": ["connections", "connectionsLost", "authFailed", "authSucceeded", "tlsInbound",
                                 "tlsOutbound"],
}
FILES = {**MAILGRAPH, **{name: {counter: [counter] for counter in counters} for name, counters in OWN.items()}}


def need_rrdtool():
    if not shutil.which("rrdtool"):
        skip_all("there is no rrdtool: run make deps")


def rrdtool(*words, check=True):
    done = subprocess.run(["rrdtool", *[str(word) for word in words]], capture_output=True, text=True, check=False,
                          timeout=60)
    if check and done.returncode != 0:
        raise RuntimeError(f"rrdtool {words}: {done.stderr}")
    return done.stdout


def last(path):
    done = subprocess.run(["rrdtool", "last", str(path)], capture_output=True, text=True, check=False, timeout=60)
    return int(done.stdout) if done.returncode == 0 else 0


def rows(path, function="AVERAGE", start=None, row_s=480):
    """{time of the row's end: {data source: rate}} of an archive; None where it is unknown."""
    end = last(path)
    start = end - 195 * row_s if start is None else start
    text = rrdtool("fetch", path, function, "-r", row_s, "-s", start - start % row_s, "-e", end - end % row_s)
    lines = text.splitlines()
    names = lines[0].split()
    table = {}
    for line in lines[2:]:
        at, values = line.split(":")
        values = [None if "nan" in value.lower() else float(value) for value in values.split()]
        if int(at) <= end:
            table[int(at)] = dict(zip(names, values))
    return table


def totals(path, start=None, archive=0):
    """{data source: all that it has, in whole rows of an archive and in the row under way}."""
    sums, row_s = {}, ROWS_S[archive]
    for row in rows(path, start=start, row_s=row_s).values():
        for name, rate in row.items():
            sums[name] = sums.get(name, 0) + (rate or 0) * row_s
    info = rrdtool("info", path)
    places = {int(place): name for name, place in re.findall(r"^ds\[(.+?)\]\.index = (\d+)", info, re.M)}
    for place, value in re.findall(rf"^rra\[{archive}\]\.cdp_prep\[(\d+)\]\.value = (\S+)", info, re.M):
        if "nan" not in value.lower():
            name = places[int(place)]
            sums[name] = sums.get(name, 0) + float(value) * STEP
    return {name: round(value, 3) for name, value in sums.items()}


def counted_by_host(*paths):
    """What `mailtally count` says: (totals, {host: counters})."""
    done = subprocess.run([MAILTALLY, "count", "-F", "json", *[str(path) for path in paths]], capture_output=True,
                          text=True, check=True, timeout=120, env={**os.environ, **Rig.ENVIRONMENT})
    said = json.loads(done.stdout)
    return said["counters"], said["hosts"]


def wanted(counters, name):
    """What a file should have, from the counters."""
    return {source: float(sum(counters[counter] for counter in of)) for source, of in FILES[name].items()}


class ClockRig(Rig):
    """Its daemon's clock is ahead of ours by a shift that the test sets: libfaketime's, so without sanitisers."""

    def __init__(self, *more):
        library = next((path for place in (TOP / "build/tools/libfaketime", pathlib.Path("/"))
                        for path in place.glob("usr/lib/*/faketime/libfaketime.so.1")), None)
        if not library:
            skip_all("there is no libfaketime: run make deps")
        if not pathlib.Path(PLAIN).exists():
            skip_all(f"there is no {PLAIN}: run make")
        super().__init__(embedded=True)
        self.rrd = self.dir / "rrd"
        self.rrd.mkdir()
        self.own(self.rrd)
        self.configure("saveInterval 0.03", f"rrdDirectory {self.rrd}", *more)
        self.program = program(PLAIN)
        self.clock = self.dir / "clock"
        self.shift = 0
        self.set(0)
        self.ENVIRONMENT = {**self.ENVIRONMENT, "LD_PRELOAD": program(str(library)),
                            "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, shift):
        self.shift = shift
        new = self.clock.with_suffix(".new")
        new.write_text(f"{shift:+d}\n")
        new.chmod(0o644)
        new.rename(self.clock)

    def now(self):
        return time.time() + self.shift

    def stamp(self, ahead=0):
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self.now() + ahead))

    def begin_with_a_row(self):
        """The next minutes are the first of a row, so that files that begin now have no row that is half unknown."""
        now = int(time.time())
        self.set(self.shift + (ROW - (now + self.shift) % ROW) + 61)

    def file(self, name, host=None):
        return self.rrd / "hosts" / host / name if host else self.rrd / name
