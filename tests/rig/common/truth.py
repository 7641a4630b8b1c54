"""Writes what the ledger knows: truth.tsv, truth-none.tsv, truth-reasons.tsv, scenarios.tsv.

Octets are given as bounds, MIN..MAX: what a server calls the size of a message depends on how it stores it and on
the header fields that it and the filter add.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from ledger import COUNTERS

# What is added to a message, at most: by the server (Received, with TLS; Return-Path and the like in a mailbox), and by
# a filter.
ADDED_BY_SERVER, ADDED_BY_FILTER = 1200, 4000
# The largest message that the rig does not write itself: a report to the postmaster, a question by sendmail -bv.
OTHER_MESSAGE = 8000


def received_bounds(scenario, context, times):
    """Of the messages that a scenario brought into the queue. A line end counts as one octet to three."""
    low = high = 0
    messages = context.messages if scenario.expect.get("received") else []
    for size, lines, _ in messages:
        low += size - lines
        high += size + 2 * lines + ADDED_BY_SERVER
    unseen = max(0, scenario.expect.get("received", 0) * times - len(messages))
    return low, high + unseen * OTHER_MESSAGE


def arrived_bounds(ledger, arrivals):
    """Of copies that arrived, from what the sinks and mailboxes hold."""
    low = high = 0
    for arrival in arrivals:
        if ledger.sized_reports or not arrival.is_report:
            low += arrival.recipients * max(0, arrival.size - arrival.lines - ADDED_BY_SERVER // 2)
        high += arrival.recipients * (arrival.size + 3 * arrival.lines + ledger.size_excess)
    return low, high


def octets(ledger, arrivals):
    """Bounds of the octet counters, with the filter known and with --content-filter none."""
    received, again, handed = [0, 0], [0, 0], [0, 0]
    for scenario, context, times in ledger.entries:
        low, high = received_bounds(scenario, context, times)
        received[0] += low
        received[1] += high
        known, plain = ledger.counters(scenario)
        hops = plain["received"] - known["received"]
        into_filter = plain["sent"] + plain["delivered"] - known["sent"] - known["delivered"]
        again[1] += hops * (high + ADDED_BY_FILTER * times)
        handed[1] += into_filter * (high + ADDED_BY_FILTER * times)
        again[0] += low if hops and ledger.mode != "front" else 0  # a server in front names no size
        handed[0] += low if into_filter else 0
    known = {"receivedOctets": tuple(received), "sentOctets": arrived_bounds(ledger, [a for a in arrivals if not a.here]),
             "deliveredOctets": arrived_bounds(ledger, [a for a in arrivals if a.here])}
    known.update({name: (0, 0) for name in ledger.unlogged if name in known})
    if "receivedOctets" in ledger.unlogged:
        again = [0, 0]
    plain = dict(known, receivedOctets=tuple(map(sum, zip(known["receivedOctets"], again))))
    filter_is = "deliveredOctets" if ledger.mode == "pipe" else "sentOctets"
    plain[filter_is] = tuple(a + b for a, b in zip(known[filter_is], handed))
    return known, plain


def write(ledger, arrivals, directory):
    for name, totals, bounds in zip(("truth.tsv", "truth-none.tsv"), ledger.totals(), octets(ledger, arrivals)):
        write_counters(directory / name, totals, bounds)
    write_reasons(ledger, directory / "truth-reasons.tsv")
    write_scenarios(ledger, directory / "scenarios.tsv")


def write_counters(path, totals, bounds):
    with open(path, "w") as out:
        for name in COUNTERS:
            value = "{}..{}".format(*bounds[name]) if name in bounds else totals[name]
            out.write(f"{name}\t{value}\n")


def write_reasons(ledger, path):
    order = {"permanent": 0, "temporary": 1, "warned": 2, "deferral": 3, "zone": 4}
    with open(path, "w") as out:
        for key, n in sorted(ledger.reasons().items(), key=lambda item: (order[item[0].split()[0]], item[0])):
            out.write("{}\t{}\t{}\n".format(*key.split(), n))


def write_scenarios(ledger, path):
    with open(path, "w") as out:
        out.write("scenario\ttimes\tadds each time\treasons each time\n")
        for scenario, _, times in ledger.entries:
            known, _ = ledger.counters(scenario)
            adds = " ".join(f"{name}={known[name]}" for name in COUNTERS if known[name])
            reasons = " ".join(f"{key.replace(' ', ':')}={n}" for key, n in scenario.reasons.items())
            out.write(f"{scenario.name}\t{times}\t{adds or '-'}\t{reasons or '-'}\n")
