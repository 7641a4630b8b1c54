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
import scanners  # noqa: E402
import servers  # noqa: E402
import sink  # noqa: E402
import stage  # noqa: E402
import scenarios_accepted  # noqa: F401  (importing a scenario file registers its scenarios)
import scenarios_hostile  # noqa: F401
import scenarios_refused  # noqa: F401

SINKS = [("198.51.100.1", 25, "accept"), ("192.0.2.10", 25, "accept"), ("192.0.2.11", 25, "accept")]
LOGS = {"front": {"mail.log": "var/log/mail.log", "mail-iso.log": "var/log/mail-iso.log"},
        "plain": {"multilog.log": "var/log/qpsmtpd/main/current"}}
# qpsmtpd itself logs no size, and no delivery.
UNLOGGED = {"front": (), "plain": ("sent", "delivered", "receivedOctets", "sentOctets", "deliveredOctets")}


def main():
    mode, outdir = sys.argv[1], pathlib.Path(sys.argv[2])
    ledger.Context.CLIENT, ledger.Context.SERVER = "192.0.2.10", "203.0.113.25"
    root = pathlib.Path(os.environ["RIG_ROOT"])
    server = servers.Servers(root, mode)
    server.configure()
    world = sink.World(root / "etc/ssl/certs/ssl-cert-snakeoil.pem", root / "etc/ssl/private/ssl-cert-snakeoil.key")
    for address, port, kind in SINKS:
        world.serve(address, port, kind)
    scanners.start_spamd()
    scanners.start_clamd(root)
    book = ledger.Ledger(mode, UNLOGGED[mode])
    stage.perform(server, world, book, LOGS[mode], outdir)
    return stage.conclude(server, world, book, outdir)


if __name__ == "__main__":
    sys.exit(main())
