"""A root with servers in it: commands, daemons, ports, mailboxes. Each rig's own Servers adds what it starts.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import re
import shutil
import subprocess
import time

import sink

# Documentation's networks: clients, the world, the servers under test.
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
HERE = pathlib.Path(__file__).resolve().parent


class Machine:
    def __init__(self, root, mode):
        self.root, self.mode = pathlib.Path(root), mode
        self.children = []

    def run(self, *command, stdin=None, check=True):
        """A command in the root; what it prints on stdout."""
        done = subprocess.run(["chroot", self.root, *command], input=stdin, capture_output=True)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "replace")

    def spawn(self, *command):
        """A daemon that stays in the foreground; its process."""
        output = open(self.root / "var/log/rig-daemons", "ab")
        self.children.append(subprocess.Popen(["chroot", self.root, *command], stdout=output, stderr=output,
                                              stdin=subprocess.DEVNULL))
        return self.children[-1]

    def ids(self, user):
        """The user's and the group's number in the root."""
        record = next(line for line in (self.root / "etc/passwd").read_text().splitlines()
                      if line.startswith(f"{user}:"))
        return int(record.split(":")[2]), int(record.split(":")[3])

    def lay_out_world(self):
        """Addresses of clients, servers and the world on the loopback interface, names for them, syslog's files."""
        for network in NETWORKS:
            subprocess.run(["ip", "route", "add", "local", network, "dev", "lo"], check=True)
        shutil.copytree(HERE / "etc", self.root / "etc", dirs_exist_ok=True)
        for path, mode in (("var/mail", 0o1777), ("var/mail/archive", 0o777)):
            (self.root / path).mkdir(parents=True, exist_ok=True)
            (self.root / path).chmod(mode)
        for user, text in (("forwarder", "forwarder@world.example\n"),
                           ("teamlead", "\\teamlead, lead1@world.example, lead2@world.example\n")):
            forward = self.root / "home" / user / ".forward"
            forward.write_text(text)
            shutil.chown(forward, *self.ids(user))

    def install_scripts(self, directory):
        for script in directory.iterdir():
            shutil.copy(script, self.root / "usr/local/bin" / script.name)
            (self.root / "usr/local/bin" / script.name).chmod(0o755)

    def processes(self, name):
        """How many processes of that name there are."""
        count = 0
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                count += comm.read_text().strip() == name
            except OSError:
                pass
        return count

    def queue_files(self, directory, pattern, wanted):
        """Names of the files in a queue that contain that."""
        found = []
        for path in (self.root / directory).glob(pattern):
            try:
                if wanted.encode() in path.read_bytes():
                    found.append(path.name)
            except FileNotFoundError:
                pass
        return found

    def start_syslog(self):
        self.run("rsyslogd", "-f", "/etc/rsyslog.conf", "-i", "/run/rsyslogd.pid")
        wait_for(lambda: (self.root / "dev/log").exists(), 10, "rsyslogd")

    def start_dns(self):
        self.spawn("dnsmasq", "-C", "/etc/dnsmasq.conf", "-x", "/run/dnsmasq-rig.pid")

    def mailboxes(self):
        """Everything that was delivered here, as sink.Arrival: mbox files, and in archive/ a file a message."""
        for path in sorted((self.root / "var/mail").iterdir()):
            if path.is_file():
                for message in re.split(rb"(?:\A|\n)From .*\n", path.read_bytes())[1:]:
                    yield sink.Arrival(message, 1, True)
        for path in sorted((self.root / "var/mail/archive").iterdir()):
            yield sink.Arrival(path.read_bytes(), 1, True)


def wait_for_quiet(busy, timeout):
    """Until busy() has been 0 for a while."""
    deadline = time.monotonic() + timeout
    quiet = 0
    while quiet < 4:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{busy()} processes are still at work")
        time.sleep(0.1)
        quiet = 0 if busy() else quiet + 1


def listens(port):
    """Looked up in the kernel's table: a probing connection would stand in the log."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


def wait_for(condition, timeout, what):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come up in {timeout} s")
        time.sleep(0.1)
