#!/usr/bin/env python3
"""Runs all scenarios of a mode in the root RIG_ROOT and writes log and truth: drive.py MODE OUTDIR.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))

import ledger  # noqa: E402  (what all rigs share)
import milter  # noqa: E402
import servers  # noqa: E402
import sink  # noqa: E402
import stage  # noqa: E402
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


LOGS = {name: f"var/log/{name}" for name in ("mail.log", "mail-iso.log", "mail-5424.log")}


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
    stage.perform(server, world, book, LOGS, outdir)
    known, _ = book.totals()
    if known["tlsOutbound"] != world.handshakes:
        book.faults.append(f"the sinks saw {world.handshakes} TLS handshakes, {known['tlsOutbound']} were expected")
    return stage.conclude(server, world, book, outdir)


if __name__ == "__main__":
    sys.exit(main())
