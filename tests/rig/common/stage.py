"""The course of a run: all scenarios of a mode, phase by phase, then the comparison and the truth.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import concurrent.futures
import shutil
import sys
import time
import traceback

import ledger
import truth

STARTED = time.monotonic()


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", file=sys.stderr, flush=True)


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


def run_phases(server, world, book):
    mine = [s for s in ledger.SCENARIOS if s.times[book.mode]]
    for phase in sorted({s.phase for s in mine}):
        chosen = [s for s in mine if s.phase == phase]
        say(f"phase {phase}: {len(chosen)} scenarios")
        run_phase(book, chosen, server, world)


def perform(server, world, book, logs, outdir):
    """Starts the servers, runs the scenarios, stops the servers; copies `logs` in any case.

    logs: {name in outdir: path in the root}.
    """
    outdir.mkdir(parents=True, exist_ok=True)
    try:
        server.start()
        say("all servers are up")
        run_phases(server, world, book)
        server.stop()
    except RuntimeError:
        print(*book.faults, sep="\n", file=sys.stderr)
        print((server.root / "var/log/rig-daemons").read_text(errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        for name, path in logs.items():
            if (server.root / path).exists():
                shutil.copyfile(server.root / path, outdir / name)


def conclude(server, world, book, outdir):
    """Compares what was seen with what was expected, and writes the truth; the exit status."""
    arrivals = world.arrivals + list(server.mailboxes())
    book.compare(arrivals)
    truth.write(book, arrivals, outdir)
    for fault in book.faults:
        print(f"FAULT {fault}", file=sys.stderr)
    say(f"{len(book.entries)} scenarios, {len(book.faults)} faults")
    return 1 if book.faults else 0
