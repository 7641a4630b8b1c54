"""Scenarios, what each must add to the counters, and what was seen to happen. The log is never read.

A scenario is a function that is given a Context and does one thing to the servers; `expect` says what one
time of it adds to the counters, in each of a rig's modes (MODES) the same. Two more names may stand in `expect`, because
what they mean for the counters depends on how the content filter is attached:
  filtered   messages that come back from the filter (default: those received)
  handed     recipient lines that hand a message over to the filter (default: filtered)

SPDX-License-Identifier: GPL-2.0-or-later
"""

import collections
import dataclasses
import email.utils

import wire

COUNTERS = ("received sent delivered forwarded bounced deferred expired rejected rejectedTemporarily greylisted "
            "greylistPassed rejectWarnings held discarded spam virus banned badHeader connections connectionsLost "
            "authFailed authSucceeded reinjected receivedOctets sentOctets deliveredOctets spfFailed dkimFailed "
            "dmarcFailed tlsInbound tlsOutbound").split()
FILTER_WORDS = {"filtered", "handed"}
# How a rig may run its server: with a content filter after the queue, by SMTP or by pipe, or before it, or with none,
# or with none and more lines in the log; in front of another server of the host; or with one of the filters that a rig
# is about.
MODES = ("content-filter", "pipe", "proxy", "plain", "verbose", "front", "rspamd", "spampd", "clamsmtp")
# The modes whose filter brings mail back, and what a hand-over to it looks like. A server in front logs none.
HAND_OVERS = {"content-filter": "sent", "pipe": "delivered", "spampd": "sent", "clamsmtp": "sent", "front": None}
REFUSALS = ("rejected", "rejectedTemporarily", "greylisted")
# Which counters the reasons of a kind must add up to (COUNTING.md section 6).
KINDS = {"permanent": ("rejected",), "temporary": ("rejectedTemporarily", "greylisted"),
         "warned": ("rejectWarnings",), "deferral": ("deferred",)}


@dataclasses.dataclass
class Scenario:
    name: str
    run: callable
    times: dict
    expect: dict
    reasons: dict
    unlike: dict
    phase: int
    through: tuple

    def check_table(self):
        unknown = set(self.expect) - set(COUNTERS) - FILTER_WORDS
        assert not unknown, f"{self.name}: no counter is called {unknown}"
        for kind, counters in KINDS.items():
            reasons = sum(n for key, n in self.reasons.items() if key.split()[0] == kind)
            total = sum(self.expect.get(counter, 0) for counter in counters)
            assert reasons == total, f"{self.name}: reasons of {kind} are {reasons}, the counters say {total}"


SCENARIOS = []


def scenario(phase=1, reasons=None, unlike=None, through=("proxy", *HAND_OVERS), **expect):
    """Registers a scenario. The names of modes tell how often it runs in each; `reasons` is {"kind reason": n}.

    `through` names the modes in which the filter sees the mail of the scenario.

    `unlike` names what the rig sees over SMTP where that differs from what is to be counted: `accepted` messages,
    `refused` commands, and `sent` or `delivered` copies.
    """
    def register(function):
        name = function.__name__.replace("_", "-")
        times = {mode: expect.pop(mode.replace("-", "_"), 0) for mode in MODES}
        SCENARIOS.append(Scenario(name, function, times, expect, reasons or {}, unlike or {}, phase,
                                  through))
        SCENARIOS[-1].check_table()
        return function
    return register


class Context:
    """One scenario at work: it makes sessions and messages, and keeps what was seen."""

    serial = 0
    CLIENT, SERVER = "127.0.1.10", "127.0.0.1"

    def __init__(self, name, servers, world):
        self.name, self.servers, self.world = name, servers, world
        self.connections = 0
        self.refusals = collections.Counter()
        self.messages = []
        self.turn = 0

    # Told by wire.Session.

    def connected(self):
        self.connections += 1

    def refused(self, code, _text):
        self.refusals["permanent" if code >= 500 else "temporary"] += 1

    def accepted(self, message, recipients):
        self.messages.append((len(message), message.count(b"\n"), recipients))

    # For the scenarios.

    def session(self, client=None, server=None, port=25, hello="client.example.net", timeout=30):
        """A session that has said hello; with hello=None, one that has only read the greeting."""
        session = wire.Session(self, client or self.CLIENT, (server or self.SERVER, port), timeout)
        session.greeting()
        if hello:
            session.hello(hello)
        return session

    def bare(self, client, server, port=25):
        """A connection on which nothing has been read or said."""
        return wire.Session(self, client, (server, port))

    def session_that_talks_first(self, client, server):
        session = self.bare(client, server)
        session.raw(b"EHLO early.example.net\r\n")
        session.greeting()
        session.hello()
        return session

    def message(self, subject="hello", body="A line of text.\r\n", header="", message_id=True, encoding="utf-8"):
        Context.serial += 1
        if message_id is True:
            message_id = f"<{Context.serial:05d}.{self.name}@world.example>"
        text = (f"From: sender@world.example\r\nTo: recipient@example.org\r\nSubject: {subject}\r\n"
                f"Date: {email.utils.formatdate()}\r\nX-Rig: {self.name}\r\n")
        if message_id is not None:
            text += f"Message-ID: {message_id}\r\n"
        return (text + header + "\r\n" + body).encode(encoding)

    def deliver(self, recipients, sender="sender@world.example", session=None, expect=250, extra="", **parts):
        """One message in a session of its own, or in `session`; all must be accepted."""
        if isinstance(recipients, str):
            recipients = [recipients]
        own = session or self.session()
        self.expect(own.mail(sender, extra), 250)
        for recipient in recipients:
            self.expect(own.rcpt(recipient), 250)
        reply = self.expect(own.data(self.message(**parts)), expect)
        if session is None:
            own.quit()
        return reply

    def refuse(self, recipient, code, sender="sender@world.example", **where):
        """A session whose only RCPT is refused."""
        session = self.session(**where)
        session.mail(sender)
        reply = self.expect(session.rcpt(recipient), code)
        session.quit()
        return reply

    def submit(self, recipients, sender="alice@example.org", *options, **parts):
        """Local submission: sendmail(1)."""
        message = self.message(**parts).replace(b"\r\n", b"\n")
        self.servers.run("sendmail", "-i", "-f", sender, *options, "--", *recipients, stdin=message)
        self.accepted(message, len(recipients))

    def expect(self, reply, code):
        assert reply[0] == code, f"{self.name}: {code} was expected, the server said {reply}"
        return reply


class Ledger:
    """All scenarios of one run: totals, and the comparison with what was seen."""

    def __init__(self, mode, unlogged=(), sized_reports=True, size_excess=0):
        """unlogged: counters of things that happen and that the server, as it is configured, does not log;
        sized_reports: does the server log the size of the reports that it writes itself?
        size_excess: by how much it may log more for a message than it stores"""
        self.mode, self.unlogged, self.sized_reports = mode, unlogged, sized_reports
        self.size_excess = size_excess
        self.split = 0  # messages that came back in parts, for some of their recipients each: how many more there were
        self.entries = []
        self.faults = []

    def add(self, scenario, context, times):
        self.entries.append((scenario, context, times))

    def through_filter(self, scenario):
        """How many messages come back from the filter each time, and how many recipients are handed to it."""
        if self.mode not in scenario.through:
            return 0, 0
        filtered = scenario.expect.get("filtered", scenario.expect.get("received", 0))
        return filtered, scenario.expect.get("handed", filtered)

    def counters(self, scenario):
        """What one time adds, the filter's part included: with the filter known, and with --content-filter none."""
        known = collections.Counter({key: n for key, n in scenario.expect.items() if key in COUNTERS})
        filtered, handed = self.through_filter(scenario)
        plain = collections.Counter(known)
        if self.mode != "pipe":
            known["connections"] += filtered
            plain["connections"] += filtered
        if self.mode in HAND_OVERS:
            known["reinjected"] += filtered
            plain["received"] += filtered
            if HAND_OVERS[self.mode]:
                plain[HAND_OVERS[self.mode]] += handed
        plain["received"] += plain.pop("reinjected", 0)
        plain["sent"] += known["reinjected"] - filtered if self.mode != "proxy" else known["reinjected"]
        for name in self.unlogged:
            known.pop(name, None)
            plain.pop(name, None)
        return known, plain

    def totals(self):
        known, plain = collections.Counter(), collections.Counter()
        for scenario, _, times in self.entries:
            for total, one in zip((known, plain), self.counters(scenario)):
                for name, n in one.items():
                    total[name] += n * times
        for total, name in ((known, "reinjected"), (known, "connections"), (plain, "received"), (plain, "connections")):
            total[name] += self.split
        return known, plain

    def came_back(self, messages):
        """The filter brought so many messages back: a server may hand one over in parts."""
        self.split = messages - self.totals()[0]["reinjected"]
        if self.split < 0:
            self.faults.append(f"{messages} messages came back from the filter, {-self.split} too few")

    def reasons(self):
        total = collections.Counter()
        for scenario, _, times in self.entries:
            for key, n in scenario.reasons.items():
                total[key] += n * times
        return total

    # The comparison.

    def compare(self, arrivals):
        sent, delivered = collections.Counter(), collections.Counter()
        for arrival in arrivals:
            (delivered if arrival.here else sent)[arrival.scenario] += arrival.recipients
        for scenario, context, times in self.entries:
            seen = {"sent": sent.pop(scenario.name, 0), "delivered": delivered.pop(scenario.name, 0),
                    "connections": context.connections, "accepted": len(context.messages),
                    "refused": sum(context.refusals.values())}
            self._compare_one(scenario, times, seen)
        for where, rest in (("sinks", sent), ("mailboxes", delivered)):
            if rest:
                self.faults.append(f"mail of no known scenario in the {where}: {dict(rest)}")

    def _compare_one(self, scenario, times, seen):
        want = {name: scenario.expect.get(name, 0) for name in ("sent", "delivered", "connections")}
        want["accepted"] = scenario.expect.get("received", 0) + scenario.expect.get("discarded", 0)
        want["refused"] = sum(scenario.expect.get(name, 0) for name in REFUSALS)
        want.update(scenario.unlike)
        for name, n in want.items():
            if n is not None and seen[name] != n * times:
                self.faults.append(f"{scenario.name}: {name} {seen[name]}, expected {n} x {times}")
