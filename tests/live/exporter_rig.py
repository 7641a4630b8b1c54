"""For tests with the real programs of monitoring systems, which run in a throwaway root (tests/rig/NAME) beside a
snmpd and a mailtallyd that this machine runs, all on the loopback interface of name spaces of their own.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import pathlib
import subprocess
import time

from snmp_rig import (MAILTALLY, RIG_LOG, ROOT, Rig, counters, delivery, refusal, start)

# The host of the rig's log is mx1: all that real servers logged. What the test makes up itself belongs to other hosts.
ODD = "a_b:c.example.org"  # all that a name may hold
# A log's name as a stranger might choose it, and what the MIB makes of it.
HOSTILE_LOG, SHOWN_LOG = b'mail\xff"\x1b[31m\n<b>|{{x}}\\.log', 'mail?"?[31m?<b>?{{x}}\\.log'


def run(root, *words, seconds=60, environment=None, **how):
    """In the root, to its end: status, standard output, standard error."""
    done = subprocess.run(["chroot", str(root), *[str(word) for word in words]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=seconds,
                          env={**os.environ, **(environment or {})}, **how)
    return done.returncode, done.stdout, done.stderr


def background(root, output, *words, environment=None):
    """In the root, with its output in a file; as root."""
    return start(["chroot", root, *words], output, environment, user=0)


def stamp():
    return time.strftime("%b %e %H:%M:%S", time.gmtime())


def verdicts(host):
    """What the rig's servers have no lines of: one message that failed SPF, one that failed DMARC."""
    return (f"{stamp()} {host} policyd-spf[7]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. "
            "Please see http://www.open-spf.net/Why?s=mfrom;id=a@example.com;ip=192.0.2.1;r=b@example.org\n"
            f"{stamp()} {host} opendmarc[8]: 4D00000001: example.com fail\n")


def all_said(path):
    """All that `mailtally count` says of a file."""
    done = subprocess.run([MAILTALLY, "count", "-F", "json", str(path)], capture_output=True, text=True, check=True,
                          timeout=60, env={**os.environ, **Rig.ENVIRONMENT})
    return json.loads(done.stdout)


def start_counting(rig, *snmpd_lines):
    """snmpd and mailtallyd, with the rig's log read; more lines by two hosts are there, and what they must count as:
    host -> counter -> value."""
    (pathlib.Path(os.fsdecode(os.fsencode(rig.dir) + b"/" + HOSTILE_LOG))).touch()
    rig.configure(sources=[rig.dir / "mail*.log"])
    rig.append(RIG_LOG.read_text())
    rig.append("".join(delivery(n, "mx2") for n in range(7)) + "".join(refusal(n, "mx2") for n in range(5)))
    rig.append(delivery(100, ODD.upper()) + verdicts(ODD))
    rig.start_snmpd(*snmpd_lines)
    rig.start_daemon()
    # A verdict waits for the other lines of its message.
    if rig.wait_for("mailtallyDmarcFailed.0", 60, 1) is None:
        raise RuntimeError(f"not all is counted\n{rig.said()}")
    nothing = {name: 0 for _, name in counters()}
    return {"mx2": {**nothing, "received": 7, "delivered": 7, "receivedOctets": 7000, "deliveredOctets": 7000,
                    "rejected": 5},
            ODD: {**nothing, "received": 1, "delivered": 1, "receivedOctets": 1000, "deliveredOctets": 1000,
                  "spfFailed": 1, "dmarcFailed": 1}}


def served(rig, arc):
    """Whether the daemon has this part of the MIB."""
    return any("No Such" not in line for line in rig.walk(f".{ROOT}.{arc}")[0])
