# What the metrics of public test data say of a range of lines (counts.tsv), in mailtally's counters; the rules that
# mapping.py's head states hold here too.
# SPDX-License-Identifier: GPL-2.0-or-later
import re

from mapping import (AMAVIS, EXIM_OWN_BOUNCE, FAILED, NO_MAIL, OUT, REFUSED, VERDICTS, amavis, at_least, total,
                     zentyal_case)


def label(name, metric):
    found = re.search(name + '="([^"]*)"', metric)
    return found.group(1) if found else None


def by_tag(tag, lines):
    """Numbers of the lines of a program: `postfix/smtpd`."""
    return {n for n, line in enumerate(lines, 1) if " %s[" % tag in line}


def by_service(service, lines):
    return {n for n, line in enumerate(lines, 1) if re.search(r" postfix\S*/%s\[" % service, line)}


def containing(text, lines):
    return {n for n, line in enumerate(lines, 1) if text in line}


def exim_flag(line):
    """The two characters after the message id, where Exim writes them."""
    found = re.match(r"[-\d]+ [:.\d]+ (?:[-+]\d{4} )?(?:\[\d+\] )?[-\w]{16,23} (\S\S) ", line)
    return found.group(1) if found else None


def exim_exporter(metric, value, name, lines):
    # update.metrics came of reading the log twice; tail.metrics of reading it once. Panics and rejects are counted from
    # other files than the main log.
    if "tail.metrics" not in name:
        return None
    flag = label("flag", metric)
    if flag == "arrived":
        own = sum(1 for line in lines if EXIM_OWN_BOUNCE.search(line))
        return total({"received"}, value - own), None
    marks = {"delivered": ("=>", OUT), "additional": ("->", OUT), "deferred": ("==", {"deferred"}),
             "failed": ("**", FAILED)}
    if flag in marks:
        mark, counters = marks[flag]
        return total(counters, value), {n for n, line in enumerate(lines, 1) if exim_flag(line) == mark}
    if "message_errors_total" in metric:
        code, enhanced = label("status", metric), label("enhanced", metric) or "-"
        return total(FAILED | {"deferred"}, value, lambda row: (row["code"], row["enhanced"]) == (code, enhanced)), None
    return None


KUMINA = {
    "saslFailedCount": ({"authFailed"}, None),
    "expiredCount": ({"expired"}, None),
    "outgoingTLS": ({"tlsOutbound"}, None),
    "smtpMessagesProcessed": (OUT | {"bounced", "deferred"}, "smtp"),
    "virtualDelivered": ({"delivered"}, "virtual"),
}


def kumina(metric, value, name, lines):
    # client= is an attempt, `removed` no event: neither smtpdMessagesProcessed nor removedCount is a statement.
    if metric == "bounceNonDelivery":
        return NO_MAIL, by_service("bounce", lines)
    if metric not in KUMINA:
        return None
    counters, service = KUMINA[metric]
    return total(counters, value), by_service(service, lines) if service else None


SERGEYMAKINEN = {
    "postfix_connects_total": {"connections"},
    "postfix_login_failures_total": {"authFailed"},
    "postfix_lost_connections_total": {"connectionsLost"},
    "postfix_milter_actions_total": REFUSED,
    "postfix_qmgr_statuses_total": {"expired"},
}
NOT_REJECTS = {"PASS NEW", "PASS OLD", "WHITELIST VETO", "PREGREET", "DNSBL", "HANGUP", "BARE NEWLINE", "ALLOWLISTED",
               "WHITELISTED", "DENYLISTED", "BLACKLISTED"}


def sergeymakinen(metric, value, name, lines):
    family, service, action = metric.split("{")[0], label("subprogram", metric), label("action", metric)
    if family == "postfix_postscreen_actions_total":
        if action.startswith("NOQUEUE: "):
            return total(REFUSED, value), containing("NOQUEUE: reject: %s from [" % action[9:], lines) & by_service(
                "postscreen", lines)
        return (NO_MAIL, containing("]: " + action, lines)) if action in NOT_REJECTS else None
    if family == "postfix_statuses_total":
        counters = {"sent": OUT, "bounced": {"bounced"}, "deferred": {"deferred"}}[label("status", metric)]
        return total(counters, value), by_service(service, lines)
    if family == "postfix_milter_actions_total":
        return total(REFUSED, value), containing(": milter-reject: ", lines) & by_service(service, lines)
    if family not in SERGEYMAKINEN:
        return None
    return total(SERGEYMAKINEN[family], value), by_service(service, lines) if service else None


STATUS = {"sent": OUT, "bounced": {"bounced"}, "deferred": {"deferred"}, "expired": {"expired"}}
# Counts of literal text, where the text is one to one an event. `status=sent` is not where a content filter is in the
# log: the hand-over to it says it too.
LITERAL = {
    "SASL authentication failed": ("authentication failed:", {"authFailed"}),
    "connect": (" connect from ", {"connections"}),
    "lost connection": (" lost connection after ", {"connectionsLost"}),
    "reject RCPT": (": reject: RCPT from ", REFUSED),
    "milter-reject END-OF-MESSAGE": (": milter-reject: END-OF-MESSAGE ", REFUSED),
    "status=bounced": (" status=bounced ", {"bounced"}),
    "status=deferred": (" status=deferred ", {"deferred"}),
    "status=expired": (" status=expired, ", {"expired"}),
    "status=sent": (" status=sent ", OUT),
}


def literal(metric, value, lines, filters):
    what, _, tag = metric.rpartition(" by ")
    if what in LITERAL and not (filters and what == "status=sent"):
        text, counters = LITERAL[what]
        return total(counters, value), containing(text, lines) & by_tag(tag, lines)
    verdict = re.fullmatch(r"amavis Passed (\S+)", metric)
    if verdict:
        counters = {AMAVIS[verdict.group(1)]} if verdict.group(1) in AMAVIS else VERDICTS
        number = value if verdict.group(1) in AMAVIS else 0
        return total(counters, number), containing("Passed " + verdict.group(1), lines)
    if metric == "bounce notification":
        return NO_MAIL, by_service("bounce", lines)
    return None


ZENTYAL_EVENTS = {"nohost": "deferred", "greylist": "deferred", "norelay": "rejected", "maxmsgsize": "rejected",
                  "maxusrsize": "rejected", "noauth": "noauth"}


def zentyal(metric, value, name, lines):
    relay = "dovecot" if any("relay=dovecot" in line for line in lines) else ""
    if metric == "case:status":
        return zentyal_case(value, relay), None
    if metric == "case:event" and value in ZENTYAL_EVENTS:
        return zentyal_case(ZENTYAL_EVENTS[value], relay), None
    return None


QUEUE_ID_MADE = re.compile(r"\]: (\w+): (?:client=|uid=|message-id=)")
NEXT_QUEUE_ID = re.compile(r"\]: (\w+): to=.* status=sent \(\S+ \S+ from MTA\(.*: queued as (\w+)\)")


def followed(lines):
    """The queue ids that lightmeter follows (tracking/actions.go): those that are made in the range, by smtpd, by
    pickup, or by cleanup for what comes from within. What goes on to an id that was not, is lost to it."""
    made = {found.group(1) for found in map(QUEUE_ID_MADE.search, lines) if found}
    gone = {found.group(1) for found in map(NEXT_QUEUE_ID.search, lines) if found and found.group(2) not in made}
    return made - gone


def lightmeter(metric, value, name, lines):
    low = re.fullmatch(r">=(\d+)", value)
    if name.startswith("Queue is reused"):
        return None  # "unsupported behaviour (to be investigated)": its test asserts nothing, the next one's stand here
    if metric == "delivery_results":
        # One per recipient and attempt that ended somewhere: hand-overs to a filter are followed, not counted.
        ids = followed(lines)
        return total(OUT | FAILED | {"deferred"}, int(value), lambda row: row["queue_id"] in ids), None
    # A test of several cases has several statuses; those that no line of this case's has are another case's.
    if metric.startswith("status:") and low and containing(" status=" + metric[7:].lower(), lines):
        return at_least(STATUS[metric[7:].lower()], int(low.group(1))), None
    return None


def counts(corpus, first, last, metric, value, name, lines):
    """(Want, numbers of lines within the range or None for all) or None: no statement. `lines`: the range's own."""
    metric = metric.strip()
    if name.startswith("basis=grep"):
        return literal(metric, int(value), lines, corpus.startswith("lightmeter"))
    if corpus == "zentyal-mail":
        return zentyal(metric, value, name, lines)
    if corpus == "zentyal-mailfilter":
        wanted = amavis(value) if metric == "case:event" else None
        return (wanted, None) if wanted else None
    if corpus.startswith("lightmeter"):
        return lightmeter(metric, value, name, lines)
    rules = {"exim_exporter": exim_exporter, "postfix_exporter-kumina": kumina,
             "postfix_exporter-sergeymakinen": sergeymakinen}
    if corpus not in rules or not re.fullmatch(r"\d+", value):
        return None
    return rules[corpus](metric, int(value), name, lines)
