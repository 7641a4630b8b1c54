"""The servers in the root: their configuration, start, and the state of Sendmail's queue.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import shutil
import time

import machine
from machine import listens, wait_for, wait_for_quiet

HERE = pathlib.Path(__file__).resolve().parent
LOG_LEVELS = {"plain": 9, "verbose": 14}
USERS = {"alice": b"correct horse", "bob": b"battery staple"}


class Servers(machine.Machine):
    def configure(self):
        self.lay_out_world()
        mail = self.root / "etc/mail"
        shutil.copytree(HERE / "etc/mail", mail, dirs_exist_ok=True)
        self.install_scripts(HERE / "etc/rig")
        for name, source in (("crt", "certs/ssl-cert-snakeoil.pem"), ("key", "private/ssl-cert-snakeoil.key")):
            copy = mail / f"tls/rig.{name}"
            shutil.copy(self.root / "etc/ssl" / source, copy)
            shutil.chown(copy, "root", "root")
            copy.chmod(0o600)
        for name in ("sendmail", "submit"):
            made = self.run("m4", f"-DRIG_LOG_LEVEL={LOG_LEVELS[self.mode]}", f"/etc/mail/{name}.mc")
            (mail / f"{name}.cf").write_text(made)
        # Debian's set-up gives the directory to another user, and Sendmail's programs write to none but their own.
        shutil.chown(mail, "root", "root")
        mail.chmod(0o755)
        queue = self.root / "var/spool/mqueue"
        shutil.chown(queue, "root", "root")
        queue.chmod(0o700)
        (self.root / "var/run/sendmail/mta").mkdir(parents=True, exist_ok=True)
        for name in ("sendmail.st", "sm-client.st"):
            (self.root / "var/lib/sendmail" / name).touch()
        for old in mail.glob("*.db"):
            old.unlink()
        for table in ("access", "mailertable"):
            self.run("makemap", "hash", f"/etc/mail/{table}", stdin=(mail / table).read_bytes())
        self.run("newaliases")
        for directory in ("usr/lib/sasl2", "etc/mail/sasl"):
            shutil.copy(mail / "Sendmail.conf", self.root / directory / "Sendmail.conf")
        for user, password in USERS.items():
            self.run("saslpasswd2", "-p", "-c", "-u", "mx1.example.org", user, stdin=password)

    def start(self):
        self.start_syslog()
        self.start_dns()
        self.spawn("/usr/sbin/sendmail-mta", "-bD", "-L", "sm-mta")
        wait_for(lambda: listens(25) and listens(587), 20, "sendmail")

    def stop(self):
        self.children[-1].terminate()
        self.children[-1].wait()
        time.sleep(0.5)

    def settle(self, timeout=60):
        """Waits until there is no process of Sendmail but the daemon."""
        wait_for_quiet(lambda: self.processes("sendmail-mta") - 1, timeout)

    def queued(self, wanted):
        """Ids of the messages in the queue whose header contains that."""
        return [name[2:] for name in self.queue_files("var/spool/mqueue", "**/[qh]f*", wanted)]
