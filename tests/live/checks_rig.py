"""For tests of checks/: agents in every condition that a check tells, and what each check must say of them.

nagios4, icinga2 and check_snmp are Debian's, in a throwaway root (tests/rig/monitoring); the agents run outside it, in
the same network name space. What the agents are made to say comes from lines that are appended to their logs here, and
so does what the checks must find.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime
import os
import re
import subprocess

from snmp_rig import ROOT, TOP, Rig, ok, start, until

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
USER = "nagios"  # the one that Debian's nagios4 and icinga2 run as

# Check, label, the counter, and the thresholds that are shipped for its last 15 minutes.
RECENT = (("mail-bounced", "bounced", "bounced", 20, 100), ("mail-deferred", "deferred", "deferred", 100, 500),
          ("mail-rejected", "rejected", "rejected", 500, 2000), ("mail-spam", "spam", "spam", 200, 1000),
          ("mail-virus", "virus", "virus", 5, 20), ("mail-logins", "authFailed", "authFailed", 20, 100))
SILENCE = ("mail-silence", "silence", 1800, 7200)
# What a daemon may not have yet: the last 15 minutes of each host, and the queues. The MIB module says whether it must.
MODULE = (TOP / "mibs/MAILTALLY-MIB.txt").read_text()
HOST_COLUMNS, HAS_HOST_COLUMNS = f".{ROOT}.1.3.1.101", "::= { mailtallyHostEntry 101 }" in MODULE
QUEUES, HAS_QUEUES = f".{ROOT}.1.9.1.3", "::= { mailtallyObjects 9 }" in MODULE


def work_directory(root, name):
    """A directory in the root that the monitoring program, an ordinary user, may write in."""
    directory = root / name
    directory.mkdir(parents=True)
    uid, gid = re.search(rf"^{USER}:[^:]*:(\d+):(\d+):", (root / "etc/passwd").read_text(), re.M).groups()
    os.chown(directory, int(uid), int(gid))
    return directory


def start_in_root(root, output, *command):
    return start(["chroot", f"--userspec={USER}:{USER}", root, *command], output, user=0)


def run_in_root(root, *command):
    done = subprocess.run(["chroot", f"--userspec={USER}:{USER}", str(root), *(str(word) for word in command)],
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


# ---- lines of a log, each of which moves one counter by one

def stamped(age_s, host, text):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age_s)
    return f"{at.isoformat(timespec='seconds')} {host} {text}\n"


def attempt(n, status, dsn):
    return (f"postfix/smtp[15]: 4C{n:08X}: to=<a{n}@example.com>, relay=mx.example.com[198.51.100.8]:25, delay=0.5, "
            f"delays=0.1/0/0.2/0.2, dsn={dsn}, status={status} (host mx.example.com[198.51.100.8] said: something)")


TEXTS = {
    "bounced": lambda n: attempt(n, "bounced", "5.1.1"),
    "deferred": lambda n: attempt(n, "deferred", "4.4.1"),
    "rejected": lambda n: ("postfix/smtpd[11]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 Service "
                           "unavailable; Client host [192.0.2.9] blocked using zen.example.net; "
                           f"from=<a{n}@example.com> to=<b@example.org> proto=ESMTP helo=<x>"),
    "spam": lambda n: f"spamd[110]: spamd: identified spam (15.2/5.0) for bob:1001 in 2.3 seconds, {n} bytes.",
    "virus": lambda n: (f"amavis[100]: (00100-{n:02}) Blocked INFECTED (Eicar-Signature) {{DiscardedInbound}}, "
                        "[192.0.2.3]:40000 [192.0.2.3] <v@example.com> -> <bob@example.net>, "
                        f"Message-ID: <v{n}@example.org>, mail_id: v{n}, Hits: -, size: 900, 900 ms"),
    "authFailed": lambda n: ("postfix/smtpd[12]: warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: "
                             f"authentication failure {n}"),
}


def events(counter, how_many, host="mx1.example.org", age_s=0):
    return "".join(stamped(age_s, host, TEXTS[counter](n)) for n in range(how_many))


# ---- agents

class Agent:
    """A mailtallyd that is an agent of its own, and what its log holds of each counter."""

    def __init__(self, counts=None, age_s=0, lines="", sources=None):
        self.rig = Rig(embedded=True)
        self.counts = counts or {}
        self.rig.log.write_text(lines + "".join(events(name, n, age_s=age_s) for name, n in self.counts.items()))
        self.rig.configure(sources=sources)

    @property
    def port(self):
        return self.rig.port


def busy():
    """One that is catching up as long as it runs: its log is a hole of a terabyte."""
    agent = Agent()
    with open(agent.rig.log, "r+b") as log:
        log.truncate(1 << 40)
    return agent


def broken():
    """One whose only log is not there."""
    agent = Agent()
    agent.rig.configure(sources=[agent.rig.dir / "missing.log"])
    return agent


def all_agents():
    """By name. The counts are different for each counter, so that no check can pass for another."""
    old = events("rejected", 1, "quiet.example.org", 3000) + events("rejected", 1, "dead.example.org", 10000)
    old = "".join(reversed(old.splitlines(keepends=True)))
    agents = {
        "fine": Agent({row[2]: n for n, row in enumerate(RECENT, 1)}, lines=old),
        "some": Agent({row[2]: row[3] + n for n, row in enumerate(RECENT, 1)}),
        "many": Agent({row[2]: row[4] + n for n, row in enumerate(RECENT, 1)}),
        "quiet": Agent({"rejected": 1}, age_s=3000),
        "dead": Agent({"rejected": 1}, age_s=10000),
        "busy": busy(),
        "broken": broken(),
    }
    for name, agent in agents.items():
        agent.rig.start_daemon(ready=False)
        if name == "busy":
            os.setpriority(os.PRIO_PROCESS, agent.rig.daemon.pid, 19)
    for name, agent in agents.items():
        ready(agent.rig, "mailtallyAgentLinesRead.0" if name in ("busy", "broken") else "mailtallyReceived.0")
    return agents


def ready(rig, name="mailtallyReceived.0", **access):
    if not until(lambda: rig.get(name, **access), 60):
        raise RuntimeError(rig.said())


class ThroughSnmpd:
    """A subagent of a real snmpd, which shows it to an SNMPv3 user, and hides it from the community."""
    USER, AUTH, PRIV = "mailtally", "a long secret", "another long secret"

    def __init__(self):
        self.rig = Rig()
        self.rig.log.write_text("".join(events(row[2], n) for n, row in enumerate(RECENT, 1)))
        example = (TOP / "snmpd.conf.d/mailtally-v3.conf").read_text()
        rules = [line for line in example.splitlines() if line.startswith(("view ", "rouser "))]
        self.rig.start_snmpd(*rules, f'createUser {self.USER} SHA "{self.AUTH}" AES "{self.PRIV}"',
                             "view systemonly included .1.3.6.1.2.1.1", "rocommunity hidden 127.0.0.1 -V systemonly",
                             wait=False)
        ready(self.rig, ".1.3.6.1.2.1.1.3.0")
        self.rig.start_daemon(ready=False)
        ready(self.rig)

    @property
    def port(self):
        return self.rig.port


MAIN_CF = """
compatibility_level = 3.6
inet_interfaces = loopback-only
mydestination =
default_transport = smtp
defer_transports = smtp
maillog_file = /var/log/postfix.log
"""
QUEUED = 3


def has(rig, column):
    return rig.snmp("snmpgetnext", "-On", column).stdout.startswith(column + ".")


class Queues:
    """A Postfix in the root with three messages in its deferred queue, and a mailtallyd that watches its queues."""

    def __init__(self, root):
        self.rig = Rig(embedded=True)
        self.rig.log.write_text("")
        if not HAS_QUEUES:
            self.rig.start_daemon(ready=False)
            return
        (root / "etc/postfix/main.cf").write_text(MAIN_CF)
        subprocess.run(["chroot", root, "postfix", "start"], check=True, capture_output=True)
        for n in range(QUEUED):
            subprocess.run(["chroot", root, "sendmail", "-f", "ann@example.org", f"bob{n}@example.com"], input=b"x\n",
                           check=True)
        queued = ["chroot", str(root), "postqueue", "-j"]
        if not until(lambda: subprocess.run(queued, capture_output=True, check=False).stdout.count(
                b'"queue_name": "deferred"') == QUEUED, 30):
            raise RuntimeError((root / "var/log/postfix.log").read_text())
        # Under a path that the daemon's user may enter; the instance has the name of the directory.
        spool = self.rig.dir / "postfix"
        spool.mkdir()
        subprocess.run(["mount", "--bind", root / "var/spool/postfix", spool], check=True)
        self.rig.configure(f"queue postfix {spool}")
        self.rig.start_daemon(groups=[(spool / "public").stat().st_gid], ready=False)
        ok(until(lambda: has(self.rig, QUEUES), 60), "the queue table is there where `queue postfix` is configured",
           self.rig.said())

    @property
    def port(self):
        return self.rig.port

    def hosts(self):
        """host -> (thresholds of messages and of ages, check -> Wanted). An age above zero is what waiting gives."""
        not_there = {"mail-queue": NOT_THERE, "mail-queue-age": NOT_THERE}
        if not HAS_QUEUES:
            return {"queue-unknown": ({}, not_there)}

        def of(state, messages, deferred):
            limits = {"queue_warn": messages[0], "queue_crit": messages[1],
                      "queue_age_warn": f"900,900,1800,{deferred[0]}",
                      "queue_age_crit": f"3600,3600,7200,{deferred[1]}"}
            ages = {"maildrop": (0, 0, 900, 3600), "incoming": (0, 0, 900, 3600), "active": (0, 0, 1800, 7200),
                    "deferred": (0, 900, *deferred)}
            return limits, {"mail-queue": Wanted(state, f"messages .?{QUEUED}",
                                                 {"messages": (QUEUED, QUEUED, *messages)}),
                            "mail-queue-age": Wanted(state, "deferred", ages)}

        return {"queue-unknown": ({"queue": "postfix-out"}, not_there),
                "queue-fine": ({}, of(OK, (500, 2000), (86400, 259200))[1]),
                "queue-some": of(WARNING, (QUEUED - 1, 2000), (0, 259200)),
                "queue-many": of(CRITICAL, (1, QUEUED - 1), (0, 0))}


# ---- what each check must say

class Wanted:
    """A state, what stands in the text, and the performance data: label -> (least value, most, warning, critical)."""

    def __init__(self, state, text="", perfdata=None):
        self.state, self.text, self.perfdata = state, text, perfdata or {}

    def __str__(self):
        return f"{WORDS[self.state]}, {self.text!r} in the text, {self.perfdata}"

    def fits(self, state, text, perfdata):
        if state != self.state or not re.search(self.text, text):
            return False
        items = re.findall(r"(\S+)=(\d+)([a-z]*);([^;\s]*);([^;\s]*)", perfdata)
        if sorted(item[0] for item in items) != sorted(self.perfdata) or perfdata.count("=") != len(items):
            return False
        for label, value, _, warning, critical in items:
            least, most, *limits = self.perfdata[label]
            if not least <= int(value) <= most or [warning, critical] != [str(limit) for limit in limits]:
                return False
        return True


NOT_THERE = Wanted(UNKNOWN, "No Such")
NO_ANSWER = Wanted(UNKNOWN, "Timeout: No Response")


def recent(state, counts):
    return {check: Wanted(state, f"{label} .?{counts[name]}", {label: (counts[name], counts[name], warn, crit)})
            for check, label, name, warn, crit in RECENT}


def silence(state, least, most):
    check, label, warn, crit = SILENCE
    return {check: Wanted(state, "SNMP", {label: (least, most, warn, crit)})}


def state_of(check, label, state, value, text):
    return {check: Wanted(state, text, {label: (value, value, "1:1", "1:2")})}


def wanted_of_servers(agents):
    """host -> check -> Wanted, for hosts whose agent is asked for its totals."""
    fine = {**recent(OK, agents["fine"].counts), **silence(OK, 0, 900),
            **state_of("mail-agent", "status", OK, 1, "all sources are read to their ends"),
            **state_of("mail-source-1", "state", OK, 1, f'source "{agents["fine"].rig.log}"')}
    missing = str(agents["broken"].rig.dir / "missing.log")
    busy_log = str(agents["busy"].rig.log)
    return {
        "fine": fine,
        "some": recent(WARNING, agents["some"].counts),
        "many": recent(CRITICAL, agents["many"].counts),
        "quiet": silence(WARNING, 3000, 3900),
        "dead": silence(CRITICAL, 10000, 10900),
        "busy": {**state_of("mail-agent", "status", WARNING, 2, r"octets are left"),
                 **state_of("mail-source-1", "state", WARNING, 2, re.escape(busy_log))},
        "broken": {**state_of("mail-agent", "status", CRITICAL, 3, re.escape(missing)),
                   **state_of("mail-source-1", "state", CRITICAL, 3, re.escape(missing))},
    }


def all_unknown(why):
    checks = [row[0] for row in RECENT] + ["mail-silence", "mail-agent", "mail-source-1"]
    return {check: why for check in checks}


def wanted_on_log_host(agents):
    """host -> (agent, name in the log, check -> Wanted), for mail servers whose logs are read on a log host."""
    ok(has(agents["fine"].rig, HOST_COLUMNS) == HAS_HOST_COLUMNS,
       f"the last 15 minutes of a host are {'' if HAS_HOST_COLUMNS else 'not '}there, as the MIB module has it")
    hosts = {
        "mx1-fine": ("fine", "mx1.example.org", silence(OK, 0, 900)),
        "mx1-some": ("some", "mx1.example.org", {}),
        "mx1-many": ("many", "mx1.example.org", {}),
        "mx-quiet": ("fine", "quiet.example.org", silence(WARNING, 3000, 3900)),
        "mx-dead": ("fine", "dead.example.org", silence(CRITICAL, 10000, 10900)),
        "mx-nowhere": ("fine", "mx1", {check: NOT_THERE for check in [row[0] for row in RECENT] + ["mail-silence"]}),
    }
    for host, state in (("mx1-fine", OK), ("mx1-some", WARNING), ("mx1-many", CRITICAL)):
        agent, _, wanted = hosts[host]
        counts = agents[agent].counts
        wanted.update(recent(state, counts) if HAS_HOST_COLUMNS else {row[0]: NOT_THERE for row in RECENT})
    return hosts


# ---- comparison

def compare(results, wanted, seconds, sentence):
    """Until `results()` ((host, check) -> (state, text, perfdata)) has all that is wanted; one test for each state of
    a check."""
    def wrong():
        got = results()
        return {key: got.get(key) for key in wanted if key not in got or not wanted[key].fits(*got[key])}

    until(lambda: not wrong(), seconds, 0.5)
    left = wrong()
    got = results()
    for (host, check), one in sorted(wanted.items()):
        shown = got.get((host, check), ("", "never looked at", ""))
        ok((host, check) not in left, f"{sentence}: {check} of {host} is {WORDS[one.state]}: {shown[1]} | {shown[2]}",
           f"wanted {one}\ngot {left.get((host, check))}")


def flat(hosts):
    return {(host, check): one for host, checks in hosts.items() for check, one in checks.items()}
