"""What must hold in both roles, as snmpd's subagent and as an agent of its own.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from snmp_rig import (MAILTALLY, RIG_LOG, ROOT, Rig, as_oid, counted, counters, delivery, end, free_port, note,
                      object_name, ok, refusal, same, until)


def test_names_and_totals(rig):
    shutil.copy(RIG_LOG, rig.log)
    rig.start_all()
    line = rig.snmp("snmpget", "mailtallyReceived.0").stdout.strip()
    ok(line.startswith("MAILTALLY-MIB::mailtallyReceived.0 = Counter64: "),
       f"{rig.role}: objects are found and printed by the names of the MIB file", line)
    wanted = counted(rig.log)
    names = [name for _, name in counters()]
    objects = [f"{object_name(name)}.0" for name in names]

    def totals():
        return dict(zip(names, (int((value or "-1").split()[0]) for value in rig.get(*objects))))

    until(lambda: totals() == wanted, 5)
    same(totals(), wanted, f"{rig.role}: the totals are what `mailtally count` prints for the same file")
    ok(wanted["received"] > 0 and wanted["rejected"] > 0, f"{rig.role}: and they are not all zero", wanted)
    for name in names:
        value = rig.number(f'{object_name(name, "Host")}."mx1"')
        if value != wanted[name]:
            ok(False, f"{rig.role}: the row of the only host equals the totals", f"{name}: {value}, not {wanted[name]}")
            break
    else:
        ok(True, f"{rig.role}: the row of the only host equals the totals")


def column(rig, name):
    return sum(int(line.split()[1]) for line in rig.walk(name)[0])


def test_sums(rig):
    total = {name: rig.number(f"{object_name(name)}.0") for _, name in counters()}
    same(column(rig, "mailtallyRejectPermanent"), total["rejected"],
         f"{rig.role}: permanent refusals over all reasons are the counter rejected")
    same(column(rig, "mailtallyRejectTemporary"), total["rejectedTemporarily"] + total["greylisted"],
         f"{rig.role}: temporary refusals over all reasons are rejectedTemporarily and greylisted")
    same(column(rig, "mailtallyRejectWarned"), total["rejectWarnings"],
         f"{rig.role}: warned refusals over all reasons are rejectWarnings")
    same(column(rig, "mailtallyDeferralAttempts"), total["deferred"],
         f"{rig.role}: deferrals over all reasons are the counter deferred")


def test_delays(rig):
    rows = [int(line.split()[1]) for line in rig.walk("mailtallyDelayRecipients")[0]]
    bounds = [int(line.split()[1]) for line in rig.walk("mailtallyDelayBound")[0]]
    same(bounds, [1, 5, 15, 60, 300, 900, 3600, 14400, 86400, 4294967295], f"{rig.role}: delays have ten bounds")
    # Ground truth: the delay= of all lines that tell a success, but for the hand-overs to the content filter.
    events = subprocess.run([MAILTALLY, "events", "-F", "tsv", str(rig.log)], capture_output=True, text=True,
                            check=False, env={**os.environ, **rig.ENVIRONMENT}).stdout.splitlines()
    names = events[0].split("\t")
    log = rig.log.read_text(errors="replace").splitlines()
    delays = []
    for event in (dict(zip(names, line.split("\t"))) for line in events[1:]):
        if event["event"] in ("sent", "delivered"):
            told = re.search(r", delay=([0-9.]+),", log[int(event["line"]) - 1])
            delays += [float(told.group(1))] * int(event["count"]) if told else []
    same(rows, [sum(delay <= bound for delay in delays) for bound in bounds],
         f"{rig.role}: and the recipients are those whose lines tell such a delay")
    ok(rows[0] > 0 and rows[-1] > rows[0], f"{rig.role}: of which there are short and long ones", rows)


def test_walk(rig):
    lines, complaint = rig.walk(f".{ROOT}")
    oids = [as_oid(line.split()[0]) for line in lines]
    ok(not complaint and oids == sorted(set(oids)),
       f"{rig.role}: a bulk walk of the subtree is in order, each OID once", complaint)
    hosts, zones = len(rig.walk("mailtallyHostLastEventAge")[0]), len(rig.walk("mailtallyZonePermanent")[0])
    wanted = 18 + 31 + 38 * hosts + 5 * 31 + 3 * 34 + 17 + 3 * zones + 10 + 2 * 10
    ok(hosts == 1 and zones > 0 and len(oids) == wanted, f"{rig.role}: and it is complete",
       f"{len(oids)} objects, not {wanted}, with {hosts} hosts and {zones} zones")
    same(rig.walk(f".{ROOT}", tool="snmpwalk")[0][-100:][0].split()[0], lines[-100].split()[0],
         f"{rig.role}: a walk by GETNEXT finds the same objects")
    names = [line.split(" ")[0] for line in rig.walk(f".{ROOT}", how="-OS")[0]]
    for name in ('mailtallyHostReceived."mx1"', "mailtallyRecentLast15Minutes.8", "mailtallyRejectPermanent.dnsbl"):
        ok(f"MAILTALLY-MIB::{name}" in names, f"{rig.role}: the walk shows the name {name}", "\n".join(names[:60]))
    same(rig.snmp("snmpget", "-Oqv", "mailtallyReceived.0", access=("-v1", "-c", "public")).returncode, 2,
         f"{rig.role}: SNMPv1, which has no Counter64, gets an error and not a wrong number")
    done = rig.snmp("snmpset", "mailtallyReceived.0", "u", "0")
    ok(done.returncode != 0, f"{rig.role}: nothing can be set", done.stdout)


def test_appended_lines(rig):
    before = rig.number("mailtallyReceived.0")
    rig.append("".join(delivery(n) for n in range(10)))
    began = time.monotonic()
    got = rig.wait_for("mailtallyReceived.0", 2, before + 10)
    ok(got is not None, f"{rig.role}: lines that are appended are counted within 2 s",
       f"{rig.number('mailtallyReceived.0')}, not {before + 10}")
    note(f"seen after {time.monotonic() - began:.2f} s")
    same(rig.get("mailtallyAgentStatus.0"), "ok", f"{rig.role}: the status is ok")
    age = rig.number("mailtallyAgentLastEventAge.0")
    ok(age is not None and age < 10, f"{rig.role}: the age of the last event is seconds", age)
    rig.append("".join(refusal(n) for n in range(7)))
    until(lambda: rig.number("mailtallyHostRecentRejected.\"mx1\"") == 7, 5)
    same(rig.get('mailtallyHostRecentRejected."mx1"', "mailtallyRecentLast15Minutes.8"), ["7 refusals", "7"],
         f"{rig.role}: refusals of the last minutes are told of the host as of all")
    recent = rig.number("mailtallyRecentLast1Minute.1")
    ok(recent is not None and recent >= 10, f"{rig.role}: and the events are in the table of recent ones", recent)


def test_one_instant(rig):
    """A total and the row of the only host that it sums up: asked for together while they grow, they are equal."""
    stop = threading.Event()

    def write():
        for n in range(100000, 200000):
            if stop.is_set():
                return
            rig.append(delivery(n))
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    pairs = []
    for _ in range(100):
        pairs.append(rig.get("mailtallyReceived.0", 'mailtallyHostReceived."mx1"'))
        time.sleep(0.03)
    stop.set()
    writer.join()
    ok(all(total and total == host for total, host in pairs),
       f"{rig.role}: what one request asks for is of one instant", [pair for pair in pairs if pair[0] != pair[1]])
    ok(len({total for total, _ in pairs}) > 3, f"{rig.role}: although it moves", pairs)
    time.sleep(1)


def test_partial_line(rig):
    before = rig.number("mailtallyReceived.0")
    text = delivery(50)
    rig.append(text[:-20])
    time.sleep(0.5)
    rig.append(text[-20:])
    ok(rig.wait_for("mailtallyReceived.0", 2, before + 1) is not None,
       f"{rig.role}: a line that is written in two pieces is one line")


def test_rotation(rig):
    before = rig.number("mailtallyReceived.0")
    rig.append("".join(delivery(n) for n in range(100, 105)))
    old = rig.log.with_suffix(".log.1")
    rig.log.rename(old)
    rig.append("".join(delivery(n) for n in range(105, 110)), old)  # the writer was not told yet
    rig.append("".join(delivery(n) for n in range(110, 115)))
    ok(rig.wait_for("mailtallyReceived.0", 8, before + 15) is not None,
       f"{rig.role}: a log that is rotated by renaming is counted to its end, and then the new one",
       f"{rig.number('mailtallyReceived.0')}, not {before + 15}\n{rig.said()}")
    time.sleep(1)
    same(rig.number("mailtallyReceived.0"), before + 15, f"{rig.role}: and nothing of it twice")


def test_hang_up(rig):
    other = rig.dir / "other.log"
    other.write_text("".join(delivery(n, "mx2") for n in range(7)))
    before = rig.number("mailtallyReceived.0")
    rig.configure(sources=[rig.log, other])
    rig.daemon.send_signal(signal.SIGHUP)
    ok(rig.wait_for('mailtallyHostReceived."mx2"', 4, 7) is not None,
       f"{rig.role}: a source that is added is read after a HUP", rig.said())
    same(rig.number("mailtallyReceived.0"), before + 7, f"{rig.role}: and the others are not read again")
    rig.configure("enableProgram posfix", sources=[rig.log])
    rig.daemon.send_signal(signal.SIGHUP)
    until(lambda: "the configuration has errors" in rig.said(), 3)
    ok("the configuration has errors" in rig.said() and "is known; there are" in rig.said(),
       f"{rig.role}: what is wrong in a changed configuration is told, and the old one stays", rig.said())
    rig.configure("host ^mx1$")
    rig.daemon.send_signal(signal.SIGHUP)
    time.sleep(1)
    rig.append("".join(delivery(n, "mx2") for n in range(200, 205)))
    rig.append("".join(delivery(n, "mx1") for n in range(300, 302)))
    ok(rig.wait_for("mailtallyReceived.0", 3, before + 9) is not None,
       f"{rig.role}: after a HUP with host ^mx1$ other hosts count no more", rig.said())
    same(rig.number('mailtallyHostReceived."mx2"'), 7, f"{rig.role}: and their rows stay as they were")
    same(len(rig.walk("mailtallySourceName")[0]), 1, f"{rig.role}: a source that is taken away leaves the source table")
    other.write_text(other.read_text() + "".join(delivery(n, "mx1") for n in range(400, 403)))
    time.sleep(1.5)
    same(rig.number("mailtallyReceived.0"), before + 9, f"{rig.role}: and is counted no more")


def test_missing_source(rig):
    """Trouble with one source is told where a manager looks, and does not stop the others."""
    late = rig.dir / "late.log"
    rig.configure(sources=[rig.log, late])
    rig.daemon.send_signal(signal.SIGHUP)
    same(until(lambda: rig.get("mailtallyAgentStatus.0") == "degraded" and "degraded", 4), "degraded",
         f"{rig.role}: with a source that is missing the status is degraded")
    ok(str(late) in (rig.get("mailtallyAgentStatusText.0") or ""), f"{rig.role}: and the text says which one",
       rig.get("mailtallyAgentStatusText.0"))
    ok(any(line.endswith(" missing") for line in rig.walk("mailtallySourceState")[0]),
       f"{rig.role}: as does the source table", "\n".join(rig.walk("mailtallySourceTable")[0]))
    before = rig.number("mailtallyReceived.0")
    rig.append("".join(delivery(n) for n in range(500, 503)))
    ok(rig.wait_for("mailtallyReceived.0", 2, before + 3) is not None, f"{rig.role}: the other one is read meanwhile")
    late.write_text("".join(delivery(n) for n in range(510, 515)))
    ok(rig.wait_for("mailtallyReceived.0", 4, before + 8) is not None,
       f"{rig.role}: the late one is read when it comes")
    same(until(lambda: rig.get("mailtallyAgentStatus.0") == "ok" and "ok", 3), "ok", f"{rig.role}: and all is well")


def test_second_daemon(rig):
    status, said = rig.run("-f", "-C", "-c", rig.conf, "-Le", "-E", f"udp:127.0.0.1:{free_port()}")
    ok(status == 2 and f"process {rig.daemon.pid}," in said,
       f"{rig.role}: a second daemon on the same state ends with status 2 and names the first one's process",
       f"{status}: {said}")


def test_end(rig):
    began = time.monotonic()
    status = end(rig.daemon)
    took = time.monotonic() - began
    ok(status == 0 and took < 2, f"{rig.role}: TERM ends the daemon with status 0 within 2 s",
       f"{status} after {took:.1f} s\n{rig.said()}")
    ok("Sanitizer" not in rig.said() and "runtime error" not in rig.said(),
       f"{rig.role}: the sanitisers have nothing to say", rig.said())


def test_backlog(embedded):
    """The counters appear when the log was read, and with their whole values."""
    rig = Rig(embedded)
    chunk = "".join(delivery(n) for n in range(2000))
    with open(rig.log, "w", encoding="utf-8") as log:
        for _ in range(160):  # 200 MB: a second or more
            log.write(chunk)
    wanted = counted(rig.log)["received"]
    if not rig.embedded:
        rig.start_snmpd()
    rig.start_daemon(ready=False)
    states, first = set(), None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state, backlog, received = rig.get("mailtallyAgentStatus.0", "mailtallyAgentBacklogOctets.0",
                                           "mailtallyReceived.0", timeout=0.1)
        if state:
            states.add((state, received is not None, (backlog or "0").split()[0] != "0"))
        if received is not None:
            first = int(received.split()[0])
            break
    ok(("catchingUp", False, True) in states,
       f"{rig.role}: while a backlog is read, the agent's status is catchingUp and there are no counters yet", states)
    same(first, wanted, f"{rig.role}: their first value is that of the whole log")
    end(rig.daemon)


def test_all(embedded, *more):
    """All of the above on one daemon, with `more` tests before its end."""
    rig = Rig(embedded)
    for test in (test_names_and_totals, test_sums, test_delays, test_walk, test_appended_lines, test_one_instant,
                 test_partial_line, test_rotation,
                 test_hang_up, test_missing_source, test_second_daemon, *more):
        test(rig)
    test_end(rig)
    test_backlog(embedded)
