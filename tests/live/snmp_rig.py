"""For tests with a real snmpd: TAP, private daemons in a temporary directory, and the Net-SNMP tools.

Everything listens on free ports of 127.0.0.1 and runs as an ordinary user, also where the tests are run by root.
The daemon is the one built with the sanitisers. Its leak check is off: Net-SNMP's libraries keep blocks until the
process ends.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import atexit
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
# The programs that are tested; the environment may name others.
MAILTALLYD = os.environ.get("MAILTALLYD", str(TOP / "build/san/mailtallyd"))
MAILTALLY = os.environ.get("MAILTALLY", str(TOP / "build/san/mailtally"))
RIG_LOG = TOP / "tests/data/postfix-rig/mail.log"
ROOT = f"1.3.6.1.4.1.{(TOP / 'mibs/base-oid').read_text().strip().removeprefix('1.3.6.1.4.1.')}"
NOBODY = 65534
AS_ROOT = os.geteuid() == 0

# ---- TAP

_n = 0
_failed = 0


def ok(good, sentence, seen=""):
    global _n, _failed
    _n += 1
    _failed += not good
    print(f"{'' if good else 'not '}ok {_n} - {sentence}", flush=True)
    if not good:
        for line in str(seen).splitlines()[-40:]:
            print(f"# {line}", flush=True)
    return good


def same(got, wanted, sentence):
    return ok(got == wanted, sentence, f"wanted: {wanted}\ngot:    {got}")


def note(text):
    print(f"# {text}", flush=True)


def skip(sentence, reason):
    global _n
    _n += 1
    print(f"ok {_n} - {sentence} # SKIP {reason}", flush=True)


def finish():
    print(f"1..{_n}")
    sys.exit(1 if _failed else 0)


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def enter(name):
    """Goes on in name spaces of its own, beside the root tests/rig/NAME; the root that is there then."""
    if not AS_ROOT:
        skip_all(f"only root can enter the root {name}")
    if "RIG_ROOT" not in os.environ:
        os.execv(TOP / "tests/rig/enter", ["enter", name, sys.executable, "-B", os.path.abspath(sys.argv[0]),
                                           *sys.argv[1:]])
    return pathlib.Path(os.environ["RIG_ROOT"])


def share(root, directory):
    """Makes the directory visible in the root, under the same name."""
    inside = root / str(directory).lstrip("/")
    inside.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", directory, inside], check=True)


def until(question, seconds, step=0.05):
    """The first true answer, or the last one when the time is over."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(step)


def with_own_mounts():
    """Goes on in a mount name space of its own, where what is mounted is seen by nobody else and ends with the test."""
    if not AS_ROOT:
        skip_all("only root can mount")
    if "MAILTALLY_UNSHARED" not in os.environ:
        if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
            skip_all("there can be no mount name space here")
        os.environ["MAILTALLY_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, "-B",
                              os.path.abspath(sys.argv[0])])


def mount_dead(path):
    """A mount whose server never answers: FUSE without anybody behind it. Lives as long as what is returned is open."""
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0"
    if ctypes.CDLL(None, use_errno=True).mount(b"dead", os.fsencode(path), b"fuse", 0, options.encode()) != 0:
        number = ctypes.get_errno()
        os.close(fd)
        raise OSError(number, os.strerror(number))
    return fd


# ---- processes

_running = []


def _clean_up():
    for process in _running:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


atexit.register(_clean_up)
for _number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(_number, lambda *_: sys.exit(1))


_programs = {}


def program(path):
    """The program, or, for an ordinary user who may not be able to look into the sources' directory, a copy of it."""
    if not AS_ROOT:
        return path
    if path not in _programs:
        directory = tempfile.mkdtemp(prefix="mailtally-test.")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        os.chmod(directory, 0o755)
        _programs[path] = shutil.copy(path, directory)
    return _programs[path]


def snmpd():
    """Debian's, or the one that tools/deps unpacked."""
    places = f"{os.environ['PATH']}:/usr/sbin:{TOP}/build/tools/snmpd/usr/sbin"
    path = shutil.which("snmpd", path=places)
    if not path:
        skip_all("there is no snmpd: run make deps")
    return path if path.startswith("/usr") else program(path)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, output, environment=None, user=None, groups=()):
    """In the background, with its output in a file; as an ordinary user when run by root, unless `user` is 0."""
    identity = {}
    if AS_ROOT and user != 0:
        identity = {"user": user or NOBODY, "group": user or NOBODY, "extra_groups": list(groups)}
    with open(output, "ab") as out:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   env={**os.environ, **(environment or {})}, **identity)
    _running.append(process)
    return process


def end(process, number=signal.SIGTERM, seconds=5):
    """The exit status; None when it did not end in time."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class Rig:
    """A directory with a log, a configuration, a state directory, and the daemons that use them."""

    def __init__(self, embedded=False):
        self.embedded = embedded
        self.role = "embedded" if embedded else "subagent"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mailtally-test."))
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.dir.chmod(0o755)
        self.port = free_port()
        self.socket = self.dir / "agentx.sock"
        self.log = self.dir / "mail.log"
        self.state = self.dir / "state"
        self.conf = self.dir / "mailtallyd.conf"
        self.output = self.dir / "mailtallyd.out"
        self.program = program(MAILTALLYD)
        self.agent = None  # what answers: snmpd, or the daemon itself
        self.daemon = None
        self.state.mkdir()
        (self.dir / "work").mkdir()
        self.output.touch()
        self.own(self.state, self.dir / "work", self.output)
        self.configure()

    def own(self, *paths):
        if AS_ROOT:
            for path in paths:
                os.chown(path, NOBODY, NOBODY)

    def configure(self, *more, sources=None):
        lines = [f"source file {path}" for path in (sources or [self.log])]
        self.conf.write_text("\n".join([*lines, f"stateDirectory {self.state}", *more]) + "\n")

    def append(self, text, path=None):
        with open(path or self.log, "a", encoding="utf-8") as log:
            log.write(text)

    # ---- daemons

    def start_snmpd(self, *more, wait=True):
        """With these further lines in its configuration."""
        (self.dir / "snmpd.conf").write_text("\n".join([
            f"agentaddress udp:127.0.0.1:{self.port}", "rocommunity public 127.0.0.1", "master agentx",
            f"agentXSocket unix:{self.socket}", "agentXPerms 0660 0755", "agentXRetries 1", *more, ""]))
        self.socket.unlink(missing_ok=True)
        persistent = self.dir / "work/snmpd"
        environment = {"SNMP_PERSISTENT_DIR": str(persistent), "SNMPCONFPATH": str(self.dir), "MIBS": ""}
        # The socket is made in a directory that the user of the test may write in.
        self.own(self.dir)
        self.agent = start([snmpd(), "-f", "-C", "-c", self.dir / "snmpd.conf", "-Lo", "-I", "-smux"],
                           self.dir / "work/snmpd.out", environment)
        if wait and not until(lambda: self.get(".1.3.6.1.2.1.1.3.0"), 5):
            raise RuntimeError((self.dir / "work/snmpd.out").read_text())

    def command(self, *more):
        role = ["-E"] if self.embedded else ["-x", f"unix:{self.socket}"]
        address = [f"udp:127.0.0.1:{self.port}"] if self.embedded else []
        return [self.program, "-f", "-C", "-c", self.conf, "-Le", *role, *more, *address]

    # MALLOC_PERTURB_ and the like have no place here; leaks: see above.
    ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0", "TZ": "UTC"}

    def start_daemon(self, *more, groups=(), ready=True):
        self.daemon = start(self.command(*more), self.output, self.ENVIRONMENT, groups=groups)
        if self.embedded:
            self.agent = self.daemon
        if ready and self.wait_for("mailtallyReceived.0", 20) is None:
            raise RuntimeError(self.said())

    def start_all(self):
        if not self.embedded:
            self.start_snmpd()
        self.start_daemon()

    def said(self):
        return self.output.read_text(errors="replace")

    def run(self, *words):
        """The program to its end: status and what it said."""
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if AS_ROOT else {}
        try:
            done = subprocess.run([str(w) for w in (self.program, *words)], stdin=subprocess.DEVNULL, timeout=20,
                                  capture_output=True, text=True, check=False,
                                  env={**os.environ, **self.ENVIRONMENT}, **identity)
        except subprocess.TimeoutExpired as still:
            return None, f"it was still running after 20 s: {still.stderr}"
        return done.returncode, done.stdout + done.stderr

    # ---- the Net-SNMP tools

    # What they would remember goes nowhere: a directory that is not there they would make, as root, wherever it is.
    TOOLS = {"MIBS": "MAILTALLY-MIB", "MIBDIRS": str(TOP / "mibs"), "SNMPCONFPATH": "/nonexistent",
             "SNMP_PERSISTENT_DIR": "/dev/null"}

    def snmp(self, tool, *words, access=("-v2c", "-c", "public"), timeout=1, retries=0):
        command = [tool, *access, "-t", str(timeout), "-r", str(retries), f"udp:127.0.0.1:{self.port}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, **self.TOOLS})

    def get(self, *names, **how):
        """The values; None for those that are not there; one value when one name is given."""
        done = self.snmp("snmpget", "-Oqv", *names, **how)
        lines = done.stdout.splitlines() if done.returncode == 0 else []
        values = [None if line.startswith(("No Such", "No more")) else line.strip('"') for line in lines]
        values += [None] * (len(names) - len(values))
        return values[0] if len(names) == 1 else values

    def number(self, name):
        value = self.get(name)
        return int(value.split()[0]) if value else None

    def wait_for(self, name, seconds, wanted=None):
        """Until the object is there, and has this value; its value then, else None."""
        def there():
            value = self.number(name)
            return (value,) if value is not None and wanted in (None, value) else None
        answer = until(there, seconds)
        return answer[0] if answer else None

    def walk(self, name, how="-On", tool="snmpbulkwalk", **access):
        """Lines of a walk, and what went wrong (empty: nothing). The tool itself complains of a wrong order."""
        done = self.snmp(tool, "-Oq", how, *(["-Cr50"] if tool == "snmpbulkwalk" else []), name, timeout=10,
                         **access)
        # Where the view ends with the subtree the tool says so in a line of its own.
        return [line for line in done.stdout.splitlines() if "No more variables left" not in line], done.stderr


# ---- the MIB by name

def counters():
    """(number, name) of each counter, from the table that all is generated from."""
    text = (TOP / "parser/counters.def").read_text()
    return [(int(n), name) for n, name in re.findall(r"^COUNTER\((\d+), \w+, (\w+),", text, re.M)]


def object_name(counter, prefix=""):
    return f"mailtally{prefix}{counter[0].upper()}{counter[1:]}"


def counted(path):
    """What `mailtally count` says of a file: name -> value."""
    done = subprocess.run([MAILTALLY, "count", "-F", "tsv", str(path)], capture_output=True,
                          text=True, check=False, timeout=60, env={**os.environ, **Rig.ENVIRONMENT})
    return {name: int(value) for name, value in (line.split("\t") for line in done.stdout.splitlines())}


def as_oid(text):
    return tuple(int(arc) for arc in text.lstrip(".").split("."))


# ---- made-up mail

def delivery(n, host="mx1", stamp=None):
    """The lines of one message to a local mailbox: one received, one delivered, 1000 octets each."""
    at = f"{stamp or time.strftime('%b %e %H:%M:%S', time.gmtime())} {host} postfix"
    queue_id = f"4D{n:08X}"
    return (f"{at}/smtpd[101]: {queue_id}: client=mail.example.net[192.0.2.10]\n"
            f"{at}/cleanup[102]: {queue_id}: message-id=<{n}@example.net>\n"
            f"{at}/qmgr[90]: {queue_id}: from=<ann@example.net>, size=1000, nrcpt=1 (queue active)\n"
            f"{at}/local[103]: {queue_id}: to=<bob@example.org>, relay=local, delay=0.3, delays=0.2/0/0/0.1, "
            f"dsn=2.0.0, status=sent (delivered to mailbox)\n"
            f"{at}/qmgr[90]: {queue_id}: removed\n")


def refusal(n, host="mx1", stamp=None):
    """The line of a client that a blocklist names."""
    return (f"{stamp or time.strftime('%b %e %H:%M:%S', time.gmtime())} {host} postfix/smtpd[101]: NOQUEUE: reject: "
            f"RCPT from unknown[192.0.2.{n % 250}]: 554 5.7.1 Service unavailable; Client host [192.0.2.{n % 250}] "
            f"blocked using zen.example.net; from=<a{n}@example.com> to=<b@example.org> proto=ESMTP helo=<x>\n")


def filtered(n, host="mx1", stamp=None):
    """The lines of a message that passes a content filter: two queue ids, one received, one delivered."""
    at = f"{stamp or time.strftime('%b %e %H:%M:%S', time.gmtime())} {host} postfix"
    a, b = f"4A{n:08X}", f"4B{n:08X}"
    return (f"{at}/smtpd[101]: {a}: client=mx.example.net[192.0.2.1]\n"
            f"{at}/cleanup[102]: {a}: message-id=<f{n}@example.net>\n"
            f"{at}/qmgr[90]: {a}: from=<ann@example.net>, size=1000, nrcpt=1 (queue active)\n"
            f"{at}/smtpd[104]: {b}: client=localhost[127.0.0.1]\n"
            f"{at}/cleanup[105]: {b}: message-id=<f{n}@example.net>\n"
            f"{at}/qmgr[90]: {b}: from=<ann@example.net>, size=1400, nrcpt=1 (queue active)\n"
            f"{at}/smtp[106]: {a}: to=<bob@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.5, "
            f"delays=0.2/0/0/0.3, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: "
            f"queued as {b})\n"
            f"{at}/qmgr[90]: {a}: removed\n"
            f"{at}/local[103]: {b}: to=<bob@example.org>, relay=local, delay=0.3, delays=0.2/0/0/0.1, dsn=2.0.0, "
            f"status=sent (delivered to mailbox)\n"
            f"{at}/qmgr[90]: {b}: removed\n")
