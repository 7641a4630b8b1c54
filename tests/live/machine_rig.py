"""A Debian machine for tests of the packages: a scratch copy of the root `package`, with systemd as its first process
where it is booted, and the packages of build/deb. Our packages are built when they are older than their sources.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import atexit
import os
import pathlib
import re
import subprocess
import time

from snmp_rig import TOP, enter, note, skip_all, start, end, until

DEB = TOP / "build/deb"
NAMES = ("mailtally", "mailtally-cacti", "mailtally-checks")
# What packages are made of; tests and documents of the project are not.
SOURCES = ("Makefile", "README.md", "agent", "cacti-templates", "checks", "completions", "config", "debian", "docs", "doctor",
           "man", "mibs", "parser", "report", "rrd", "service", "snmpd.conf.d", "source", "tools/deb", "tools/install-docs")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root", "TERM": "dumb"}


def run(command, **how):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, errors="replace", **how)


def version():
    return run(["dpkg-parsechangelog", "-S", "Version"], cwd=TOP).stdout.strip()


def packages():
    """The .deb files of this tree, built anew where they are old; one at a time."""
    found = sorted(path for name in NAMES for path in DEB.glob(f"{name}_{version()}_*.deb"))
    newest = max(path.stat().st_mtime for source in SOURCES if (TOP / source).exists()
                 for path in [TOP / source, *(TOP / source).rglob("*")])
    if len(found) == len(NAMES) and min(path.stat().st_mtime for path in found) > newest:
        return found
    note("building the packages")
    done = run(["flock", TOP / "build/deb.lock", TOP / "tools/deb"])
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return sorted(path for name in NAMES for path in DEB.glob(f"{name}_{version()}_*.deb"))


def later_build(path, into):
    """The same package with a later version, as when the distribution builds it again."""
    work = into / "later"
    run(["dpkg-deb", "-R", path, work])
    control = work / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", lambda found: f"{found.group()}+1", control.read_text(), flags=re.M))
    made = into / path.name.replace("_all", "+1_all").replace("_amd64", "+1_amd64")
    done = run(["dpkg-deb", "-b", "--root-owner-group", work, made])
    run(["rm", "-rf", work])
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return made


BOOT = r"""
set -eu
root=$1 cgroups=$2
echo $$ >"$cgroups/cgroup.procs"
exec unshare --pid --fork --kill-child --cgroup --mount --propagation private bash -euc '
    root=$1
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 run "$root/run"
    cd "$root"
    mkdir -p mnt
    pivot_root . mnt
    umount -l mnt
    exec env -i container=mailtally-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init --log-target=journal
' boot "$root"
"""


class Machine:
    """enter("package") must have been called: everything here ends with the test's name spaces, but the cgroups."""

    def __init__(self):
        self.root = pathlib.Path(os.environ["RIG_ROOT"])
        self.init = None
        for path in (self.root / "etc/dpkg/dpkg.cfg.d").glob("*"):
            path.unlink()  # the root was made without manuals and documents
        (self.root / "etc/hostname").write_text("mx1\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost mx1\n")
        self.debs = self.root / "srv/debs"

    def take(self, paths):
        """Into the only archive that apt knows there; the paths inside."""
        for path in paths:
            run(["cp", path, self.debs])
        index = run(["dpkg-scanpackages", "--multiversion", "."], cwd=self.debs)
        (self.debs / "Packages").write_text(index.stdout)
        run(["rm", "-rf", self.root / "etc/apt/sources.list", self.root / "etc/apt/sources.list.d"])
        (self.root / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/debs ./\n")
        return [f"/srv/debs/{path.name}" for path in paths]

    # ---- systemd

    def boot(self):
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        self._cgroups = self._make_cgroup()
        output = self.root.parent / "boot.out"
        self._boot = start(["bash", "-c", BOOT, "boot", self.root, self._cgroups], output, user=0)
        if not until(self._find_init, 30):
            skip_all(f"systemd does not start here: {output.read_text()[-300:]}")
        state = until(lambda: self._settled(), 120, 0.5)
        if not state:
            skip_all(f"systemd does not get through its start here: {self.sh('systemctl is-system-running').stdout}")
        note(f"systemd is {state}, process 1 of a name space")

    def _settled(self):
        state = self.sh("systemctl is-system-running").stdout.strip()
        return state if state in ("running", "degraded") else None

    def _make_cgroup(self):
        mounted = self.root.parent / "cgroup"
        mounted.mkdir(exist_ok=True)
        if run(["mount", "-t", "cgroup2", "cgroup2", mounted]).returncode != 0:
            skip_all("there is no cgroup2 here, which systemd needs")
        own = next((line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                    if line.startswith("0::")), "/")
        here = mounted / own.lstrip("/")
        for old in here.glob("mailtally-test.*"):
            remove_cgroups(old)  # of a test that was killed
        made = here / f"mailtally-test.{os.getpid()}.{time.monotonic_ns()}"
        made.mkdir()
        atexit.register(self._end, made)
        return made

    def _end(self, cgroups):
        end(self._boot, seconds=30)
        until(lambda: remove_cgroups(cgroups), 10)

    def _find_init(self):
        for parent in [self._boot.pid, *children(self._boot.pid)]:
            for child in children(parent):
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    self.init = child
                    return child
        return None

    def boot_without_systemd(self):
        """Nothing runs but what the start scripts start."""
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        run(["mount", "-t", "tmpfs", "-o", "mode=755", "run", self.root / "run"])
        self.sh("mkdir -p /run/lock")
        # As sysvinit's says it; the one of systemd-sysv asks systemd, and invoke-rc.d would do nothing.
        runlevel = self.root / "usr/sbin/runlevel"
        runlevel.unlink(missing_ok=True)
        runlevel.write_text("#!/bin/sh\necho N 2\n")
        runlevel.chmod(0o755)

    # ---- commands

    def command(self, script):
        inside = ["nsenter", f"--target={self.init}", "--mount", "--pid", "--cgroup"] if self.init else \
            ["chroot", self.root]
        return [*inside, "env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), "sh", "-c", script]

    def sh(self, script, seconds=300):
        return run(self.command(script), timeout=seconds)

    def says(self, script):
        return self.sh(script).stdout.strip()

    def apt(self, words):
        return self.sh(f"apt-get -q -y --no-install-recommends {words}")

    def walk(self, name, how="-m MAILTALLY-MIB"):
        """As a manager with the stock community."""
        return self.says(f"snmpwalk -v2c -c public -r 0 -t 2 {how} localhost {name} 2>&1")

    def value(self, name):
        done = self.says(f"snmpget -Oqv -v2c -c public -r 0 -t 2 -m MAILTALLY-MIB localhost {name} 2>&1")
        return done.split()[0].strip('"') if done and not done.startswith(("No ", "Timeout", "snmpget")) else None

    def wait_for(self, name, wanted, seconds=60):
        return until(lambda: self.value(name) == str(wanted), seconds, 0.3)

    def files(self):
        """Everything, but for what lives in memory, and what apt, dpkg and the journal keep."""
        skipped = "/proc /sys /dev /run /tmp /var/tmp /srv /var/cache/apt /var/lib/apt /var/lib/dpkg /var/log " \
            "/var/lib/systemd /var/cache/ldconfig /var/cache/fontconfig /etc/ld.so.cache /etc/apt /mnt".split()
        prune = " -o ".join(f"-path {path}" for path in skipped)
        return set(self.says(f"find / \\( {prune} \\) -prune -o -print").splitlines())


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def remove_cgroups(top):
    """True when it is gone: the deepest first, and only those without processes can be."""
    for directory, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            pass
    return not top.exists()


def machine():
    enter("package")
    return Machine()
