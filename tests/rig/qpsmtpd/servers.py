"""The servers in the root: their configuration and start.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import shutil
import time

import machine
import postqueue
import sink
from machine import listens, wait_for

HERE = pathlib.Path(__file__).resolve().parent
CONFIGURATIONS = {"qpsmtpd": 25, "qpsmtpd-strict": 2525}
SERVER = "203.0.113.25"


class Servers(postqueue.PostfixQueues, machine.Machine):
    def configure(self):
        self.lay_out_world()
        self.install_scripts(HERE / "etc/rig")
        etc = self.root / "etc"
        shutil.copytree(HERE / "etc/plugins", self.root / "usr/local/share/qpsmtpd/plugins", dirs_exist_ok=True)
        self._mend_greylisting()
        for name in CONFIGURATIONS:
            shutil.copytree(HERE / "etc/qpsmtpd", etc / name, dirs_exist_ok=True)
            shutil.copytree(HERE / "etc" / name, etc / name, dirs_exist_ok=True)
            for part in ("queue", "logging"):
                shutil.copy(etc / name / f"{part}-{self.mode}", etc / name / part)
        for directory in ("var/spool/qpsmtpd", "var/log/qpsmtpd", "var/lib/qpsmtpd/greylisting", "var/mail/kept"):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
            shutil.chown(self.root / directory, *self.ids("qpsmtpd"))
            (self.root / directory).chmod(0o755)
        if self.mode == "front":
            self._configure_postfix(etc / "postfix")

    def _mend_greylisting(self):
        """As it comes with this release, the plugin calls a method that it does not have."""
        plugin = (self.root / "usr/share/qpsmtpd/plugins/greylisting").read_text()
        broken = "return DECLINED if !$self->is_p0f_match();"
        assert broken in plugin
        mended = plugin.replace(broken, "return DECLINED if $self->{_args}{p0f} && !$self->p0f_match();")
        (self.root / "usr/local/share/qpsmtpd/plugins/greylisting").write_text(mended)

    def _configure_postfix(self, postfix):
        shutil.copytree(HERE / "etc/postfix", postfix, dirs_exist_ok=True)
        services = []
        for line in (postfix / "master.cf").read_text().splitlines():
            words = line.split()
            if line[:1].isalpha() and len(words) > 7:
                words[4] = "n"  # no chroot in the root
                if words[:2] == ["smtp", "inet"]:
                    words[0] = "127.0.0.1:10025"
                line = " ".join(words)
            services.append(line)
        (postfix / "master.cf").write_text("\n".join(services) + "\n")
        self.run("postalias", "hash:/etc/postfix/aliases")

    def start(self):
        self.start_dns()
        if self.mode == "front":
            self.start_syslog()
            self.run("postfix", "start")
            wait_for(lambda: listens(10025), 20, "postfix")
        both = " & ".join(f"QPSMTPD_CONFIG=/etc/{name} qpsmtpd-forkserver -u qpsmtpd -l {SERVER} -p {port} -c 60 -m 12 "
                          f"--pid-file /run/{name}.pid" for name, port in CONFIGURATIONS.items()) + "; wait"
        if self.mode == "plain":
            both = f"({both}) 2>&1 | multilog t s16777215 /var/log/qpsmtpd/main"
        self.spawn("sh", "-c", both)
        for name in CONFIGURATIONS:
            pid = self.root / f"run/{name}.pid"
            wait_for(lambda pid=pid: pid.exists() and pid.read_text(), 20, name)

    def stop(self):
        for name in CONFIGURATIONS:
            self.run("sh", "-c", f"kill $(cat /run/{name}.pid)")
        if self.mode == "front":
            self.run("postfix", "stop", check=False)
        for child in self.children[1:]:
            child.wait()
        time.sleep(0.5)

    def mailboxes(self):
        """In plain mode a directory for each recipient: what is not for this host counts as sent on."""
        yield from super().mailboxes()
        for path in sorted((self.root / "var/mail/kept").glob("*/new/*")):
            yield sink.Arrival(path.read_bytes(), 1, path.parent.parent.name.endswith("@example.org"))
