"""The servers in the root: their configuration, start, and the state of OpenSMTPD's queue.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import shutil
import subprocess
import time

import machine
from machine import listens, wait_for

HERE = pathlib.Path(__file__).resolve().parent
USERS = {"alice": "correct horse", "bob": "battery staple"}


class Servers(machine.Machine):
    def configure(self):
        self.lay_out_world()
        # OpenSMTPD looks for no addresses of others while it has none itself.
        subprocess.run(["ip", "addr", "add", "203.0.113.25/32", "dev", "lo"], check=True)
        etc = self.root / "etc"
        shutil.copytree(HERE / "etc/mail", etc / "mail", dirs_exist_ok=True)
        shutil.copy(HERE / "etc/smtpd.conf", etc / "smtpd.conf")
        shutil.copy(HERE / f"etc/mail/mode-{self.mode}.conf", etc / "mail/mode.conf")
        self.install_scripts(HERE / "etc/rig")
        key = etc / "ssl/private/rig.key"
        shutil.copy(etc / "ssl/private/ssl-cert-snakeoil.key", key)
        shutil.chown(key, "root", "root")
        key.chmod(0o600)
        passwords = [f"{user}\t{self.run('smtpctl', 'encrypt', word).strip()}\n" for user, word in USERS.items()]
        (etc / "mail/credentials").write_text("".join(passwords))
        (self.root / "var/spool/smtpd").mkdir(mode=0o711, exist_ok=True)

    def start(self):
        self.start_syslog()
        self.start_dns()
        self.spawn("smtpd", "-F")
        wait_for(lambda: listens(25) and listens(587), 20, "smtpd")

    def stop(self):
        self.children[-1].terminate()
        self.children[-1].wait()
        time.sleep(0.5)

    def settle(self, timeout=60):
        """Waits until no delivery is under way, and none is due."""
        machine.wait_for_quiet(self._at_work, timeout)

    def _at_work(self):
        words = dict(line.split("=", 1) for line in self.run("smtpctl", "show", "stats").splitlines() if "=" in line)
        return sum(int(words.get(name, 0)) for name in ("scheduler.envelope.inflight", "smtp.session"))

    def queued(self, wanted, tried=False):
        """Ids of the envelopes in the queue that contain that; tried: and that were tried and put off."""
        found = []
        for directory, _, names in os.walk(self.root / "var/spool/smtpd/queue"):
            for name in set(names) - {"message"}:
                try:
                    envelope = pathlib.Path(directory, name).read_text(errors="replace")
                except FileNotFoundError:
                    continue
                if wanted in envelope and (not tried or "\nerrorline: " in envelope):
                    found.append(name)
        return found
