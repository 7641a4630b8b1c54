"""A machine for tests: a throwaway Debian root with snmpd and rsyslogd, in which mailtallyd runs as on a server.

Commands run there as its administrator would type them. There is no systemd in it: daemons are started by init scripts
or by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from snmp_rig import MAILTALLY, MAILTALLYD, TOP, enter, until

R = enter("machine")
LOG = R / "var/log/mail.log"
CONF = R / "etc/snmp/mailtallyd.conf"
STATE = R / "var/lib/mailtally"
SNMPD_CONF = R / "etc/snmp/snmpd.conf"
SNIPPET = R / "etc/snmp/snmpd.conf.d/mailtally.conf"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "ASAN_OPTIONS": "detect_leaks=0", "HOME": "/root"}
DEADLINE_S = 45


def sh(command, check=True, user=None):
    """In the root, as its administrator would. Daemons that it leaves behind do not hold its output."""
    with open(R.parent / "said", "w+", encoding="utf-8", errors="replace") as said:
        words = ["chroot", *([f"--userspec={user}"] if user else []), R, "sh", "-c", command]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=ENVIRONMENT, check=False,
                              timeout=120)
        said.seek(0)
        text = said.read()
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode} {text}")
    return done.returncode, text


def doctor(*more):
    """Findings by id, and all of what it said."""
    done = subprocess.run(["chroot", R, "mailtally", "doctor", "-F", "json", *more], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120)
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"doctor said {done.returncode} {done.stdout} {done.stderr}") from None
    assert done.returncode == (0 if said["findings"] else 1), done
    assert not done.stderr, done.stderr
    return {f["id"]: f for f in reversed(said["findings"])}, said


def pids(name):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == name and "Z" not in (path.parent / "stat").read_text().split(")")[1][:3]:
                found.append(int(path.parent.name))
        except OSError:
            pass
    return sorted(found)


def kill(name, number=signal.SIGKILL):
    for pid in pids(name):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, number)
    return until(lambda: not pids(name), 20)


def end_all():
    for name in ("mailtallyd", "snmpd", "rsyslogd"):
        kill(name)


atexit.register(end_all)


def log_lines(n, tag="x", priority="mail.info"):
    sh(f"for i in $(seq {n}); do echo 'line $i of a program that nobody knows'; done | logger -p {priority} -t {tag}")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# ---- a machine in order

STOCK = SNMPD_CONF.read_text()
RSYSLOG = re.sub(r'^module\(load="imklog"\).*\n', "", (R / "etc/rsyslog.conf").read_text(), flags=re.M)


def install():
    end_all()
    write(R / "etc/hosts", "127.0.0.1 localhost\n")
    for source, place in ((MAILTALLY, "usr/local/bin"), (MAILTALLYD, "usr/local/sbin")):
        shutil.copy(source, R / place)
    sh("useradd --system --user-group --groups adm,Debian-snmp --home-dir /nonexistent --shell /usr/sbin/nologin "
       "mailtally; groupadd -f systemd-journal")
    # The socket of systemd, and what is below it, is what a machine with systemd has: this one has not.
    assert not (R / "run/systemd/system").exists()


def baseline():
    """Everything as it should be; what runs already goes on."""
    end_all()
    write(SNMPD_CONF, STOCK)
    write(SNIPPET, (TOP / "snmpd.conf.d/mailtally.conf").read_text())
    write(R / "etc/rsyslog.conf", RSYSLOG)
    write(CONF, "source file /var/log/mail.log\n")
    for path in (R / "etc/rsyslog.d").glob("*"):
        path.unlink()
    for path in R.glob("var/log/*"):
        if path.is_file():
            path.unlink()
    (R / "etc/localtime").unlink(missing_ok=True)
    os.symlink("/usr/share/zoneinfo/Etc/UTC", R / "etc/localtime")
    shutil.rmtree(STATE, ignore_errors=True)
    shutil.rmtree(R / "var/agentx", ignore_errors=True)
    shutil.rmtree(R / "var/log/journal", ignore_errors=True)
    sh("chmod 644 /etc/snmp/mailtallyd.conf; chmod 755 /var/log /var/lib; "
       "id mailtally >/dev/null 2>&1 || useradd --system --user-group --home-dir /nonexistent "
       "--shell /usr/sbin/nologin mailtally; usermod -G adm,Debian-snmp mailtally; "
       "install -d -m 750 -o mailtally -g mailtally /var/lib/mailtally; install -d -m 755 /var/agentx; "
       "rm -f /run/rsyslogd.pid /run/snmpd.pid /dev/log; rsyslogd")
    until((R / "dev/log").exists, 20)
    sh("logger -p mail.info -t postfix/qmgr '4D00000001: from=<a@example.org>, size=1, nrcpt=1 (queue active)'")
    if not until(LOG.exists, 20):
        raise RuntimeError("rsyslogd does not write")
    sh("service snmpd start && mailtallyd -u mailtally")


def restart_daemon():
    kill("mailtallyd", signal.SIGTERM)
    sh("mailtallyd -u mailtally")


def silent():
    return until(lambda: not doctor()[0], DEADLINE_S, 0.3)


