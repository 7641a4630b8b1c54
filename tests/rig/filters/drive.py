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
import servers  # noqa: E402
import sink  # noqa: E402
import stage  # noqa: E402
import scenarios_hostile  # noqa: F401  (importing a scenario file registers its scenarios)
import scenarios_mail  # noqa: F401
import scenarios_verdicts  # noqa: F401

SINKS = [("198.51.100.1", 25, "accept"), ("192.0.2.10", 25, "accept")]
LOGS = {name: f"var/log/{name}" for name in ("mail.log", "mail-iso.log", "mail-5424.log")}


def main():
    mode, outdir = sys.argv[1], pathlib.Path(sys.argv[2])
    ledger.Context.CLIENT, ledger.Context.SERVER = "192.0.2.10", servers.ADDRESS
    root = pathlib.Path(os.environ["RIG_ROOT"])
    server = servers.Servers(root, mode)
    server.configure()
    world = sink.World(root / "etc/ssl/certs/ssl-cert-snakeoil.pem", root / "etc/ssl/private/ssl-cert-snakeoil.key")
    for address, port, kind in SINKS:
        world.serve(address, port, kind)
    # Postfix leaves room in its queue file for what a milter may want changed.
    book = ledger.Ledger(mode, size_excess=200 if mode == "rspamd" else 0)
    stage.perform(server, world, book, LOGS, outdir)
    return stage.conclude(server, world, book, outdir)


if __name__ == "__main__":
    sys.exit(main())
