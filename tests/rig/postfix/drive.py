#!/usr/bin/env python3
"""Runs all scenarios of a mode in the root RIG_ROOT and writes log and truth: drive.py MODE OUTDIR."""

import concurrent.futures
import os
import pathlib
import shutil
import sys
import time
import traceback

import ledger
import milter
import servers
import sink
import truth
import scenarios_accepted  # noqa: F401  (importing a scenario file registers its scenarios)
import scenarios_delivery  # noqa: F401
import scenarios_filters  # noqa: F401
import scenarios_hostile  # noqa: F401
import scenarios_queue  # noqa: F401
import scenarios_refused  # noqa: F401

SINKS = [("127.0.2.1", 25, "accept"), ("127.0.2.3", 25, "busy"), ("127.0.2.4", 25, "hangup"),
         ("127.0.2.6", 25, "silent"), ("127.0.2.7", 25, "deaf"), 
         ("127.0.2.9", 25, "tls"), ("127.0.2.10", 25, "accept"), ("127.0.2.11", 25, "accept"),
         ("127.0.1.10", 25, "accept"), ("127.0.1.11", 25, "accept"), ("127.0.1.12", 25, "accept"),
         ("127.0.2.24", 24, "lmtp")]


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", file=sys.stderr, flush=True)


STARTED = time.monotonic()


def run_one(scenario, context, times):
    for context.turn in range(times):
        scenario.run(context)


def run_phase(book, chosen, server, world):
    """All scenarios of a phase at once, then a wait until the queues have come to rest."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = []
        for scenario in chosen:
            times = scenario.times[book.mode]
            context = ledger.Context(scenario.name, server, world)
            book.add(scenario, context, times)
            jobs.append((scenario, pool.submit(run_one, scenario, context, times)))
        for scenario, job in jobs:
            try:
                job.result()
            except Exception as fault:
                last = traceback.extract_tb(fault.__traceback__)[-1]
                book.faults.append(f"{scenario.name}: {type(fault).__name__} {fault} ({last.name}, line {last.lineno})")
    server.settle()


def run_all(server, world, book):
    mine = [s for s in ledger.SCENARIOS if s.times[book.mode]]
    for phase in sorted({s.phase for s in mine}):
        chosen = [s for s in mine if s.phase == phase]
        say(f"phase {phase}: {len(chosen)} scenarios")
        run_phase(book, chosen, server, world)


def main():
    mode, outdir = sys.argv[1], pathlib.Path(sys.argv[2])
    root = pathlib.Path(os.environ["RIG_ROOT"])
    server = servers.Servers(root, mode)
    server.configure()
    world = sink.World(root / "etc/ssl/certs/ssl-cert-snakeoil.pem", root / "etc/ssl/private/ssl-cert-snakeoil.key")
    for address, port, kind in SINKS:
        world.serve(address, port, kind)
    milter.start()
    book = ledger.Ledger(mode)
    outdir.mkdir(parents=True, exist_ok=True)
    try:
        server.start()
        say("all servers are up")
        run_all(server, world, book)
        server.stop()
    except RuntimeError:
        print((root / "var/log/rig-daemons").read_text(errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        for name in ("mail.log", "mail-iso.log", "mail-5424.log"):
            shutil.copy(root / "var/log" / name, outdir / name)
    arrivals = world.arrivals + list(server.mailboxes())
    book.compare(arrivals)
    known, _ = book.totals()
    if known["tlsOutbound"] != world.handshakes:
        book.faults.append(f"the sinks saw {world.handshakes} TLS handshakes, {known['tlsOutbound']} were expected")
    truth.write(book, arrivals, outdir)
    for fault in book.faults:
        print(f"FAULT {fault}", file=sys.stderr)
    say(f"{len(book.entries)} scenarios, {len(book.faults)} faults")
    return 1 if book.faults else 0


if __name__ == "__main__":
    sys.exit(main())
