"""Whether a report of a rig's log adds up, and is the rig's truth: report_sums.py MAILTALLY DIRECTORY LOG...

Prints what is wrong; nothing when all is right. The truth (truth.tsv, truth-reasons.tsv) is what the rig did.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import pathlib
import subprocess
import sys

COLUMNS = {"received": ("received",), "delivered": ("sent", "delivered"), "deferred": ("deferred",),
           "bounced": ("bounced",), "rejected": ("rejected", "rejectedTemporarily", "greylisted", "rejectWarnings",
                                                 "held", "discarded")}


def options(directory):
    """What mailtally must be told for this log, if anything."""
    path = directory / "options"
    return path.read_text().splitlines()[0].split() if path.exists() else []


def truth(directory):
    found = {}
    for line in (directory / "truth.tsv").read_text().splitlines():
        name, value = line.split("\t")[:2]
        least, _, most = value.partition("..")
        found[name] = (int(least), int(most or least))
    return found


def sums(report):
    """[(what, one number, the number that it must be)]"""
    counters = report["counters"]
    refused = counters["rejected"] + counters["rejectedTemporarily"] + counters["greylisted"]
    delivered = counters["sent"] + counters["delivered"]
    for key, names in COLUMNS.items():
        wanted = sum(counters[name] for name in names)
        yield f"hours' {key}", sum(hour[key] for hour in report["hours"]), wanted
        yield f"days' {key}", sum(day[key] for day in report["days"]), wanted
    yield "accepted", sum(hour["dispositions"]["accepted"] for hour in report["hours"]), counters["received"]
    yield "refused by hour", sum(sum(n for name, n in hour["dispositions"].items() if name != "accepted")
                                 for hour in report["hours"]), refused
    for table, count, octets in (("senders", counters["received"], counters["receivedOctets"]),
                                 ("senderDomains", counters["received"], counters["receivedOctets"]),
                                 ("recipients", delivered, counters["sentOctets"] + counters["deliveredOctets"]),
                                 ("recipientDomains", delivered, counters["sentOctets"] + counters["deliveredOctets"])):
        rows = report[table]["rows"] + [report[table].get("unknown", {"count": 0, "octets": 0})]
        yield f"{table}' count", sum(row["count"] for row in rows), count
        yield f"{table}' octets", sum(row["octets"] for row in rows), octets
        yield f"{table}' distinct names", len(report[table]["rows"]), report[table]["distinct"]
    rows = report["recipientDomains"]["rows"] + [report["recipientDomains"]["unknown"]]
    yield "deferrals", sum(row["deferrals"] for row in rows), counters["deferred"]
    for tree, wanted in (("rejectDetail", refused), ("rejectWarningDetail", counters["rejectWarnings"]),
                         ("holdDetail", counters["held"]), ("discardDetail", counters["discarded"]),
                         ("deferralDetail", counters["deferred"]), ("bounceDetail", counters["bounced"])):
        yield tree, sum(row["count"] for row in report[tree]["rows"]), wanted
    yield "refusals by reason", sum(report["refusalReasons"].values()), refused
    for kind, delays in report["delays"].items():
        yield f"{kind} delays", sum(count for _, count in delays["buckets"]), delays["count"]


def reasons(directory, report):
    """[(reason, one number, the number that it must be)]"""
    wanted = {}
    for line in (directory / "truth-reasons.tsv").read_text().splitlines():
        kind, name, value = line.split("\t")[:3]
        if kind in ("permanent", "temporary"):
            wanted[name] = wanted.get(name, 0) + int(value)
    for name in sorted(set(wanted) | set(report["refusalReasons"])):
        yield f"reason {name}", report["refusalReasons"].get(name, 0), wanted.get(name, 0)


def main():
    mailtally, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    for log in sys.argv[3:]:
        command = [mailtally, "report", "-F", "json", *options(directory), str(directory / log)]
        report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode())
        for what, got, wanted in [*sums(report), *reasons(directory, report)]:
            if got != wanted:
                print(f"{directory.name}/{log}: {what}: {got}, not {wanted}")
        for name, (least, most) in truth(directory).items():
            if log == "mail-5424.log" and name in ("sent", "delivered", "sentOctets", "deliveredOctets"):
                continue  # LMTP over TCP looks like SMTP there (parser/programs/postfix_short.c)
            if not least <= report["counters"][name] <= most:
                print(f"{directory.name}/{log}: {name}: {report['counters'][name]}, not {least} to {most}")


main()
