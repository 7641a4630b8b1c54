"""For tests with a real rsyslogd and the real logrotate, which run in a throwaway root (tests/rig/logging).

The directory of a test is at the same place inside the root and outside, so nothing need be translated. rsyslogd and
logrotate run as root, as on Debian; the daemon under test as an ordinary user of the group adm, who may read the logs.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import fcntl
import os
import re
import socket
import struct
import termios
import threading
import time

from snmp_rig import delivery, end, filtered, refusal, start, until

ADM = 4  # the group that may read Debian's logs
NAMES = ("mailtallyAgentLinesRead.0", "mailtallyReceived.0", "mailtallyDelivered.0", "mailtallyReinjected.0",
         "mailtallyRejected.0")


def mail(n, dice):
    """The lines of one message, or of one refusal."""
    return dice.choice((delivery, delivery, filtered, refusal))(n)


class Syslog:
    """An rsyslogd of its own that writes below `directory`. Its configuration is Debian's with other paths and without
    the kernel's log, unless it is given: there SOCKET and DIRECTORY stand for the paths."""

    def __init__(self, root, directory, configuration=None):
        self.root, self.directory = root, directory
        self.pid_file = directory / "rsyslogd.pid"
        self.conf = directory / "rsyslog.conf"
        text = configuration or self.debians()
        self.conf.write_text(text.replace("SOCKET", str(directory / "log.sock")).replace("DIRECTORY", str(directory)))
        (directory / "spool").mkdir()
        self.daemon = self.socket = None

    def debians(self):
        text = (self.root / "etc/rsyslog.conf").read_text()
        text = re.sub(r'^module\(load="imklog"\)', "#", text, flags=re.M)
        text = text.replace('module(load="imuxsock")', 'module(load="imuxsock" SysSock.Name="SOCKET")')
        text = text.replace("/var/spool/rsyslog", "DIRECTORY/spool")
        return text.replace("/var/log/", "DIRECTORY/log/")

    def start(self):
        path = self.directory / "log.sock"
        path.unlink(missing_ok=True)
        self.daemon = start(["chroot", self.root, "rsyslogd", "-n", "-f", self.conf, "-i", self.pid_file],
                            self.directory / "rsyslogd.out", user=0)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if not until(lambda: self.socket.connect_ex(str(path)) == 0, 10):
            raise RuntimeError(f"rsyslogd does not listen: {(self.directory / 'rsyslogd.out').read_text()}")

    def send(self, line):
        """As syslog(3) does it. The host is left to rsyslogd."""
        stamp, text = line[:15], line.rstrip("\n")[16:].split(" ", 1)[1]
        self.socket.send(f"<22>{stamp} {text}".encode())

    def has_taken_all(self):
        """Nothing of what was sent stands in the socket."""
        octets = fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4)
        return struct.unpack("i", octets)[0] == 0

    def stop(self):
        """Cleanly: what has been sent is taken; it is rsyslogd that has it to the end."""
        until(self.has_taken_all, 10, 0.001)
        status = end(self.daemon, seconds=20)
        self.socket.close()
        if status != 0:
            raise RuntimeError(f"rsyslogd ended with {status}: {(self.directory / 'rsyslogd.out').read_text()}")


class Sender(threading.Thread):
    """Programs that log, at random moments. `lock` is held while a line is sent: whoever has it may stop the world."""

    def __init__(self, syslog, dice, everything, pauses=(0, 0.001, 0.01, 0.03)):
        super().__init__(daemon=True)
        self.syslog, self.dice, self.pauses = syslog, dice, pauses
        self.everything = everything  # what was ever sent, for the comparison
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.trouble = None
        self.messages = self.lines = 0
        self.waiting, self.last = [], ""

    def one(self):
        if not self.waiting:
            self.messages += 1
            self.waiting = mail(self.messages, self.dice).splitlines(keepends=True)
        self.last = self.waiting.pop(0)
        with open(self.everything, "a", encoding="utf-8") as everything:
            everything.write(self.last)
        self.syslog.send(self.last)
        self.lines += 1

    def some(self, n):
        for _ in range(n):
            self.one()

    def run(self):
        try:
            while not self.stopped.is_set():
                with self.lock:
                    self.some(self.dice.randrange(1, 20))
                time.sleep(self.dice.choice(self.pauses))
        except Exception as trouble:  # a thread's own would be lost
            self.trouble = trouble

    def finish(self):
        self.stopped.set()
        self.join()
        if self.trouble:
            raise RuntimeError(f"the sender: {self.trouble}")

    def settle(self, log):
        """With the lock held: until rsyslogd has written all that was sent, and one line more, which is surely in no
        log that was compressed meanwhile."""
        self.one()
        wanted = self.last.rstrip("\n").split(" ", 4)[-1].encode() + b"\n"

        def there():
            return any(path.name[-3:] != ".gz" and last_line(path).endswith(wanted)
                       for path in log.parent.glob(f"{log.name}*"))
        if not until(there, 10, 0.005):
            raise RuntimeError(f"rsyslogd has not written {wanted}")


def last_line(path):
    try:
        with open(path, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 4096))
            return log.read()
    except FileNotFoundError:  # rotated meanwhile
        return b""


def dumped(rig):
    """The text of the saved state: (kind, name, field) -> value."""
    status, said = rig.run("-C", "-c", rig.conf, "--dump-state")
    rows = (line.split("\t") for line in said.splitlines())
    return {tuple(row[:3]): row[3] for row in rows if status == 0 and len(row) == 4}
