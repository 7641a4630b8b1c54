"""The servers in the root: their configuration and start.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import shutil
import subprocess
import time

import machine
import postqueue
from machine import listens, wait_for

# Postfix listens only on addresses that are an interface's own; 127.0.0.0/8 alone does not do.
ADDRESSES = ["127.0.0.2/32", "127.0.0.3/32", "127.0.0.4/32", "127.0.0.5/32", "2001:db8:25::1/128", "2001:db8:25::9/128"]
HERE = pathlib.Path(__file__).resolve().parent


class Servers(postqueue.PostfixQueues, machine.Machine):
    QUEUES = ("postfix", "postfix-out")

    def configure(self):
        for address in ADDRESSES:
            subprocess.run(["ip", "addr", "add", address, "dev", "lo"], check=True)
        etc = self.root / "etc"
        for layer in ("common", self.mode):
            shutil.copytree(HERE / "etc" / layer, etc, dirs_exist_ok=True)
        for name in ("main.cf", "master.cf"):
            addition = etc / "postfix" / f"{name}.add"
            if addition.exists():
                with open(etc / "postfix" / name, "a") as whole:
                    whole.write(addition.read_text())
        shutil.copy(etc / "rig/aliases", etc / "postfix/aliases")
        for script in ("rig-exit", "rig-archive", "rig-pipefilter"):
            shutil.copy(etc / "rig" / script, self.root / "usr/local/bin" / script)
            (self.root / "usr/local/bin" / script).chmod(0o755)
        shutil.copy(HERE.parent / "common/eicar.ndb", self.root / "var/lib/clamav/rig.ndb")
        for table in ("transport", "virtual-alias", "virtual-mailbox", "tls-policy", "sender-access",
                      "recipient-access", "reinject-access"):
            self.run("postmap", f"hash:/etc/postfix/{table}")
        shutil.copy(etc / "postfix/dynamicmaps.cf", etc / "postfix-out/dynamicmaps.cf")
        self.run("postalias", "hash:/etc/postfix/aliases")
        self._directories()

    def _directories(self):
        for path, mode in (("run/clamav", 0o777), ("run/opendkim", 0o777), ("var/mail/archive", 0o777),
                           ("var/mail", 0o1777), ("run/dovecot", 0o755), ("var/spool/postfix-out", 0o755),
                           ("run/postgrey", 0o777), ("run/amavis", 0o777)):
            (self.root / path).mkdir(parents=True, exist_ok=True)
            (self.root / path).chmod(mode)
        out = self.root / "var/lib/postfix-out"
        out.mkdir(exist_ok=True)
        shutil.chown(out, *self._postfix_ids())
        home = self.root / "home/forwarder"
        (home / ".forward").write_text("forwarder@world.example\n")
        (self.root / "home/teamlead/.forward").write_text("\\teamlead, lead1@world.example, lead2@world.example\n")

    def _postfix_ids(self):
        record = next(l for l in (self.root / "etc/passwd").read_text().splitlines() if l.startswith("postfix:"))
        return int(record.split(":")[2]), int(record.split(":")[3])

    def start(self):
        self.start_syslog()
        self.start_dns()
        self.spawn("dovecot", "-F", "-c", "/etc/dovecot/rig.conf")
        # In the foreground postgrey does not write to syslog.
        self.run("postgrey", "--inet=127.0.0.1:10023", "--delay=3", "--user=postgrey", "--auto-whitelist-clients=0",
                 "--daemonize", "--pidfile=/run/postgrey/pid")
        self.spawn("opendkim", "-f", "-x", "/etc/opendkim-rig.conf")
        ports = [10023, 8891]
        if self.mode == "pipe":
            self.spawn("spamd", "--local", "-s", "mail", "--max-children=2")
            ports.append(783)
        else:
            self.spawn("clamd", "-F", "-c", "/etc/clamav/clamd.conf")
            self.spawn("amavisd", "foreground")
            ports.append(10024)
            wait_for(lambda: (self.root / "run/clamav/clamd.ctl").exists(), 60, "clamd")
        wait_for(lambda: (self.root / "var/spool/postfix/private/auth").exists(), 20, "dovecot")
        for port in ports:
            wait_for(lambda port=port: listens(port), 30, f"the server on port {port}")
        self.run("postfix", "start")
        self.run("postfix", "-c", "/etc/postfix-out", "start")
        wait_for(lambda: listens(25) and listens(10030), 20, "postfix")

    def stop(self):
        for config in ("/etc/postfix", "/etc/postfix-out"):
            self.run("postfix", "-c", config, "stop", check=False)
        time.sleep(1)
