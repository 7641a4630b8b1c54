"""A manager that asks often: raw SNMPv2c datagrams from a process of its own, so that what it measures is the agent.

Requests are sent on a timetable, a few at the same time, and matched with their answers by their numbers; one that
stays without an answer is sent again each second, as the Net-SNMP tools do. Every answer is looked into: it has to be
of one instant, and no total may go back.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import multiprocessing
import os
import select
import socket
import time

from snmp_rig import ROOT

AT_ONCE = 8        # requests under way
PATIENCE_S = 1.0   # then it is sent again,
TRIES = 6          # at most so often in all
BULK_EVERY = 10    # each tenth request is a GETBULK
BULK_ROWS = 20

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
GET, RESPONSE, GETBULK = 0xA0, 0xA2, 0xA5
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_VIEW = 0x80, 0x81, 0x82
SUBTREE = tuple(int(arc) for arc in ROOT.split("."))


# ---- BER, as far as it is needed

def tlv(kind, octets):
    n = len(octets)
    length = bytes([n]) if n < 128 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([kind]) + length + octets


def integer(n):
    return tlv(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(arcs):
    octets = bytearray([40 * arcs[0] + arcs[1]])
    for arc in arcs[2:]:
        groups = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            groups.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return tlv(OID, bytes(octets))


def request(kind, number, names, repetitions=0):
    """repetitions: of a GETBULK; the same place says "no error" in other requests."""
    varbinds = b"".join(tlv(SEQUENCE, oid(name) + tlv(NULL, b"")) for name in names)
    pdu = tlv(kind, integer(number) + integer(0) + integer(repetitions) + tlv(SEQUENCE, varbinds))
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"public") + pdu)


def parts(octets):
    """(kind, contents) of each element."""
    at, found = 0, []
    while at < len(octets):
        kind, n = octets[at], octets[at + 1]
        at += 2
        if n > 127:
            more = n & 0x7F
            n = int.from_bytes(octets[at:at + more], "big")
            at += more
        found.append((kind, octets[at:at + n]))
        at += n
    return found


def arcs_of(octets):
    arcs, arc = [octets[0] // 40, octets[0] % 40], 0
    for octet in octets[1:]:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    return tuple(arcs)


def response(datagram):
    """(number, error, [(arcs, kind, contents)])."""
    (_, message), = parts(datagram)
    kind, pdu = parts(message)[2]
    number, error, _, varbinds = parts(pdu)
    if kind != RESPONSE:
        raise ValueError(f"a PDU of kind {kind:#x}")
    rows = []
    for _, varbind in parts(varbinds[1]):
        (_, name), (value_kind, value) = parts(varbind)
        rows.append((arcs_of(name), value_kind, value))
    return int.from_bytes(number[1], "big"), int.from_bytes(error[1], "big"), rows


def value_of(octets):
    return int.from_bytes(octets, "big")


# ---- what is asked for

def total(counter):
    return (*SUBTREE, 1, 2, counter, 0)


def host_column(counter, host=None):
    return (*SUBTREE, 1, 3, 1, 10 + counter, *((len(host), *host.encode()) if host else ()))


RECEIVED, RECEIVED_OCTETS = 1, 24


class Questions:
    """The GET: how many messages were received, their octets, and each host's. All of them have `octets` octets."""

    def __init__(self, hosts, octets, others=False):
        self.octets, self.others, self.highest = octets, others, 0
        self.names = [total(RECEIVED), total(RECEIVED_OCTETS), *(host_column(RECEIVED, host) for host in hosts)]
        self.values = set()

    def look(self, error, rows, least):
        """What is wrong; empty when nothing is, None when the counters are not there. least: what an answer had said
        before this was asked. (Of two requests that are under way together snmpd may answer the second one first.)"""
        if error or any(kind in (NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_VIEW) for _, kind, _ in rows):
            return None
        if [name for name, _, _ in rows] != self.names:
            return "other objects than those asked for"
        received, octets, *hosts = (value_of(value) for _, _, value in rows)
        self.highest = max(self.highest, received)
        self.values.add(received)
        if received < least:
            return f"received went back from {least} to {received}"
        if self.others:
            return ""
        if octets != self.octets * received:
            return f"{received} messages, but {octets} octets"
        return "" if sum(hosts) == received else f"{received} received, but {hosts} by the hosts"

    @staticmethod
    def look_at_bulk(error, rows):
        names = [name for name, _, _ in rows]
        if error or not any(name[:len(SUBTREE)] == SUBTREE for name in names):
            return None
        ends = sum(kind == END_OF_VIEW for _, kind, _ in rows)
        return "" if len(set(names)) + max(0, ends - 1) == len(rows) and names == sorted(names) else "not in order"


# ---- the process

class Result(collections.namedtuple("Result", "asked answered wrong missing resent held_up seconds times values")):
    def __str__(self):
        ms = [f"{1000 * self.times[min(len(self.times) - 1, int(len(self.times) * part))]:.2f}"
              for part in (0.5, 0.99, 1)] if self.times else "---"
        return (f"{self.answered} answers, {self.answered / self.seconds:.0f} a second; median {ms[0]} ms, 99 of 100 "
                f"within {ms[1]} ms, worst {ms[2]} ms (this process was held up for {1000 * self.held_up:.0f} ms); "
                f"{self.resent} asked again; {self.values} different values")


class Asker:
    """Asks from start() to stop(); `answered` may be looked at meanwhile. `missing` is when those were sent that got no
    answer, an error, or no counters, with the reason; `wrong` what was wrong with others, `times` the seconds that
    answers took, sorted; `held_up` for how long the machine did not let this process run."""

    def __init__(self, port, rate, hosts, octets, others=False):
        self.port, self.rate = port, rate
        self.questions = Questions(hosts, octets, others)
        context = multiprocessing.get_context("fork")
        self.answered_n = context.Value("Q", 0)
        self.stopping = context.Event()
        self.here, self.there = context.Pipe(duplex=False)
        self.process = context.Process(target=self.live, daemon=True)

    def start(self):
        self.process.start()
        return self

    @property
    def answered(self):
        return self.answered_n.value

    def stop(self):
        self.stopping.set()
        result = self.here.recv()
        self.process.join()
        return result

    # ---- in the process

    def live(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.under_way = {}  # number -> [datagram, first sent, last sent, tries, what total was known]
        self.numbers, self.resent, self.held_up = 0, 0, 0
        self.wrong, self.missing, self.times = collections.Counter(), [], []
        parent, begun = os.getppid(), time.monotonic()
        while not self.stopping.is_set() and os.getppid() == parent:
            self.turn(begun)
        ended = time.monotonic()
        while self.under_way and time.monotonic() < ended + TRIES * PATIENCE_S:
            self.turn(None)
        self.there.send(Result(self.numbers, len(self.times), dict(self.wrong), self.missing, self.resent,
                               self.held_up, ended - begun, sorted(self.times), len(self.questions.values)))

    def turn(self, begun):
        """begun: None sends nothing new."""
        now = time.monotonic()
        wait = 0.05
        if begun is not None:
            while self.numbers < (now - begun) * self.rate and len(self.under_way) < AT_ONCE:
                self.ask(now)
            wait = min(wait, max(0, begun + (self.numbers + 1) / self.rate - now))
            if len(self.under_way) == AT_ONCE:
                wait = 0.05
        news = select.select([self.socket], [], [], wait)[0]
        self.held_up = max(self.held_up, time.monotonic() - now - wait)
        if news:
            self.take()
        self.remind(time.monotonic())

    def ask(self, now):
        self.numbers += 1
        if self.numbers % BULK_EVERY == 0:
            datagram = request(GETBULK, self.numbers, [host_column(RECEIVED)], BULK_ROWS)
        else:
            datagram = request(GET, self.numbers, self.questions.names)
        self.under_way[self.numbers] = [datagram, now, now, 1, self.questions.highest]
        self.socket.sendto(datagram, ("127.0.0.1", self.port))

    def remind(self, now):
        for number, row in list(self.under_way.items()):
            if now - row[2] < PATIENCE_S:
                continue
            if row[3] == TRIES:
                self.missing.append((row[1], "no answer"))
                del self.under_way[number]
                continue
            row[2] = now
            row[3] += 1
            self.resent += 1
            self.socket.sendto(row[0], ("127.0.0.1", self.port))

    def take(self):
        while True:
            try:
                datagram = self.socket.recv(65536)
            except BlockingIOError:
                return
            now = time.monotonic()
            number, error, rows = response(datagram)
            row = self.under_way.pop(number, None)
            if row is None:
                continue  # the answer to a request that was sent twice
            bulk = number % BULK_EVERY == 0
            what = self.questions.look_at_bulk(error, rows) if bulk else self.questions.look(error, rows, row[4])
            if what is None:
                self.missing.append((row[1], f"error {error}" if error else "no such object"))
                continue
            if what:
                self.wrong[what] += 1
            self.times.append(now - row[1])
            self.answered_n.value = len(self.times)
