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
import smtpfilter  # noqa: E402
import stage  # noqa: E402
import scenarios_accepted  # noqa: F401  (importing a scenario file registers its scenarios)
import scenarios_delivery  # noqa: F401
import scenarios_hostile  # noqa: F401
import scenarios_refused  # noqa: F401

SINKS = [("198.51.100.1", 25, "accept"), ("198.51.100.3", 25, "busy"), ("198.51.100.4", 25, "hangup"),
         ("198.51.100.17", 25, "busy"),
         ("198.51.100.6", 25, "silent"), ("198.51.100.7", 25, "deaf"), ("198.51.100.9", 25, "tls"),
         ("198.51.100.11", 25, "accept"), ("198.51.100.12", 25, "accept"), ("198.51.100.24", 24, "lmtp"),
         ("192.0.2.10", 25, "accept"), ("192.0.2.11", 25, "accept")]
LOGS = {"mail.log": "var/log/mail.log", "mail-iso.log": "var/log/mail-iso.log"}


def main():
    mode, outdir = sys.argv[1], pathlib.Path(sys.argv[2])
    ledger.Context.CLIENT, ledger.Context.SERVER = "192.0.2.10", "203.0.113.25"
    root = pathlib.Path(os.environ["RIG_ROOT"])
    server = servers.Servers(root, mode)
    server.configure()
    world = sink.World(root / "etc/ssl/certs/ssl-cert-snakeoil.pem", root / "etc/ssl/private/ssl-cert-snakeoil.key")
    for address, port, kind in SINKS:
        world.serve(address, port, kind)
    smtpfilter.start()
    # What a filter sees line by line is counted twice as far as the server wrote it, its Received field.
    book = ledger.Ledger(mode, size_excess=300)
    stage.perform(server, world, book, LOGS, outdir)
    if mode == "content-filter":
        book.came_back(len(smtpfilter.HANDED_BACK))
        (outdir / "options").write_text("--content-filter loopback\n--content-filter 127.0.0.1\n")
    return stage.conclude(server, world, book, outdir)


if __name__ == "__main__":
    sys.exit(main())
