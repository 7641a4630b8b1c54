"""The servers in the root: their configuration, start, and the state of Exim's queue.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import shutil
import time

import machine
from machine import listens, wait_for, wait_for_quiet

HERE = pathlib.Path(__file__).resolve().parent


class Servers(machine.Machine):
    def configure(self):
        self.lay_out_world()
        etc = self.root / "etc"
        shutil.copytree(HERE / "etc/exim4", etc / "exim4", dirs_exist_ok=True)
        shutil.copy(HERE / f"etc/exim4/mode-{self.mode}.conf", etc / "exim4/mode.conf")
        user = self.ids("Debian-exim")
        for name, source in (("crt", "certs/ssl-cert-snakeoil.pem"), ("key", "private/ssl-cert-snakeoil.key")):
            copy = etc / f"exim4/exim.{name}"
            shutil.copy(etc / "ssl" / source, copy)
            shutil.chown(copy, *user)
            copy.chmod(0o600)
        self.install_scripts(HERE / "etc/rig")

    def start(self):
        self.start_syslog()
        self.start_dns()
        self.spawn("exim4", "-bdf")
        wait_for(lambda: listens(25) and listens(10025), 20, "exim")

    def stop(self):
        self.children[-1].terminate()
        self.children[-1].wait()
        time.sleep(0.5)

    def settle(self, timeout=60):
        """Waits until there is no process of Exim but the daemon."""
        wait_for_quiet(lambda: self.processes("exim4") - 1, timeout)

    def queued(self, wanted):
        """Ids of the messages in the queue whose header contains that."""
        return [name.removesuffix("-H") for name in self.queue_files("var/spool/exim4/input", "**/*-H", wanted)]
