"""The servers in the root: their configuration, start, and the state of Exim's queue."""

import pathlib
import shutil
import time

import machine
from machine import listens, wait_for

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

    def busy(self):
        """How many processes of Exim there are but the daemon."""
        count = 0
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                count += comm.read_text().strip() == "exim4"
            except OSError:
                pass
        return max(0, count - 1)

    def settle(self, timeout=60):
        """Waits until nothing moves any more."""
        wait_for_quiet(self.busy, timeout)

    def queued(self, wanted):
        """Ids of the messages in the queue whose header contains that."""
        found = []
        for path in (self.root / "var/spool/exim4/input").glob("**/*-H"):
            try:
                if wanted.encode() in path.read_bytes():
                    found.append(path.name.removesuffix("-H"))
            except FileNotFoundError:
                pass
        return found


def wait_for_quiet(busy, timeout):
    deadline = time.monotonic() + timeout
    quiet = 0
    while quiet < 4:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{busy()} processes are still at work")
        time.sleep(0.1)
        quiet = 0 if busy() else quiet + 1
