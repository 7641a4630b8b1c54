"""The servers in the root: Postfix, the filter of the mode, and what that needs.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import shutil
import signal
import subprocess

import machine
import postqueue
from machine import listens, wait_for

ADDRESS = "203.0.113.25"
HERE = pathlib.Path(__file__).resolve().parent
# Where the filter takes mail in each mode, and the daemons that run for it.
PORTS = {"rspamd": 11332, "spampd": 10024, "clamsmtp": 10024}


class Servers(postqueue.PostfixQueues, machine.Machine):
    def configure(self):
        self.lay_out_world()
        # Postfix listens only on addresses that are an interface's own.
        subprocess.run(["ip", "addr", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
        etc = self.root / "etc"
        for layer in ("common", self.mode):
            shutil.copytree(HERE / "etc" / layer, etc, dirs_exist_ok=True)
        for name in ("main.cf", "master.cf"):
            for addition in (HERE / "etc" / layer / "postfix" / f"{name}.add" for layer in ("common", self.mode)):
                if addition.exists():
                    with open(etc / "postfix" / name, "a") as whole:
                        whole.write(addition.read_text())
        # No attempt of pickup that nobody asked for: what is submitted while the filter is stopped is refused once.
        self.run("postconf", "-F", "*/*/chroot = n", "pickup/unix/wakeup = 900")
        for table in ("recipient-access", "back-access"):
            self.run("postmap", f"hash:/etc/postfix/{table}")
        self.run("postalias", "hash:/etc/postfix/aliases")
        shutil.copy(HERE.parent / "common/eicar.ndb", self.root / "var/lib/clamav/rig.ndb")
        for path, user in (("run/clamav", "clamav"), ("run/clamsmtp", "clamsmtp")):
            (self.root / path).mkdir(parents=True, exist_ok=True)
            shutil.chown(self.root / path, *self.ids(user))

    def start(self):
        self.start_syslog()
        self.start_dns()
        if self.mode == "rspamd":
            self.spawn("redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp")
            wait_for(lambda: listens(6379), 20, "redis")
        if self.mode != "spampd":
            self.start_scanner()
        if self.mode == "clamsmtp":
            self._clamsmtpd("bounce", 10034)
            self._clamsmtpd("nowhere", 10044)
        if self.mode == "spampd":
            self._spampd(10044, 10099)
        self.start_filter()
        self.run("postfix", "start")
        wait_for(lambda: listens(25), 20, "postfix")

    def stop(self):
        self.run("postfix", "stop", check=False)

    # The filter and the virus scanner behind it: scenarios stop and start them.

    def start_filter(self):
        if self.mode == "rspamd":
            self.filter = self.spawn("rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd")
        elif self.mode == "spampd":
            self.filter = self._spampd(PORTS["spampd"], 10025)
        else:
            self._clamsmtpd("drop", PORTS["clamsmtp"])
        wait_for(lambda: listens(PORTS[self.mode]), 60, self.mode)

    def stop_filter(self):
        if self.mode == "clamsmtp":  # a daemon in the background
            os.kill(int((self.root / "run/clamsmtp/drop.pid").read_text()), signal.SIGTERM)
        else:
            self.filter.terminate()
            self.filter.wait()
        wait_for(lambda: not listens(PORTS[self.mode]), 30, f"the end of {self.mode}")

    def start_scanner(self):
        self.scanner = self.spawn("clamd", "-F", "-c", "/etc/clamav/clamd.conf")
        wait_for(lambda: (self.root / "run/clamav/clamd.ctl").exists(), 60, "clamd")

    def stop_scanner(self):
        self.scanner.terminate()
        self.scanner.wait()

    def _spampd(self, port, back):
        daemon = self.spawn("spampd", "--nodetach", f"--host=127.0.0.1:{port}", f"--relayhost=127.0.0.1:{back}",
                            "--children=3", "--user=spampd", "--group=spampd", "--tagall", "--local-only",
                            f"--pid=/run/spampd-{port}.pid")
        wait_for(lambda: listens(port), 60, "spampd")
        return daemon

    def _clamsmtpd(self, name, port):
        """In the foreground it does not write to syslog."""
        self.run("clamsmtpd", "-f", f"/etc/clamsmtpd-{name}.conf")
        wait_for(lambda: listens(port), 20, "clamsmtpd")
