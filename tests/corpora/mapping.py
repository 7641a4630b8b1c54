# What the words of public test data say of a line (expected.tsv), in mailtally's counters.
#
# Each source has a class and words of its own for a line, or a metric for a range of lines (metrics.py). A rule turns
# them into a Want (how many events of which counters, and which must not be there) or into None: no statement. The law
# is COUNTING.md; the sources' words are mapped as the README.md beside the lines says. A rule may look at the line for
# what the source's word leaves open (a permanent or a temporary code, which transport), never for the answer.
# SPDX-License-Identifier: GPL-2.0-or-later
import collections
import json
import re

REFUSED = frozenset({"rejected", "rejectedTemporarily", "greylisted"})
TEMPORARY = frozenset({"rejectedTemporarily", "greylisted"})
PERMANENT = frozenset({"rejected"})
OUT = frozenset({"sent", "delivered", "forwarded"})
VERDICTS = frozenset({"spam", "virus", "banned", "badHeader"})
FAILED = frozenset({"bounced", "expired"})
# What happened to mail. The rest (connections, logins, TLS ..) may stand beside any of these.
MAIL = REFUSED | OUT | VERDICTS | FAILED | {"received", "deferred", "rejectWarnings", "held", "discarded"}

# counters: their events are added up; low and high: the sum's limits; none_of: not one of these; where: only rows that
# pass. `lines` is set by the caller: the numbers of the lines that are looked at.
Want = collections.namedtuple("Want", "counters low high none_of where words")


def want(counters, low=1, high=None, also=frozenset(), none_of=None, where=None):
    """low to high (as low, when not given) events of these counters, and no other mail event but `also`."""
    counters = frozenset(counters)
    high = low if high is None else high
    if none_of is None:
        none_of = MAIL - counters - also
    number = "%d" % low if low == high else "%d or more" % low if high >= MANY else "%d to %d" % (low, high)
    return Want(counters, low, high, none_of - counters, where, "%s of %s" % (number, "|".join(sorted(counters))))


MANY = 1 << 30
NOTHING = Want(MAIL | {"authFailed"}, 0, 0, frozenset(), None, "no mail event, no refused login")
NO_MAIL = Want(MAIL, 0, 0, frozenset(), None, "no mail event")
NO_REFUSAL = Want(REFUSED, 0, 0, frozenset(), None, "no refusal")
NO_OFFENCE = Want(REFUSED | VERDICTS | {"authFailed"}, 0, 0, frozenset(), None, "no refusal, no refused login")
AUTH_FAILED = want({"authFailed"})


def at_least(counters, low=1, none_of=frozenset()):
    return want(counters, low, MANY, none_of=none_of)


def total(counters, number, where=None):
    """As many events of these counters in the whole range; others are free."""
    return want(counters, number, none_of=frozenset(), where=where)


# Where each program writes the reply that it gave.
REPLY = re.compile(r"reject(?:=|: \S+ from \S*\[[^]]*\](?::\d+)?: )([45])\d\d\b|>: ([45])\d\d |"
                   r"rblsmtpd: \S+ pid \d+ \S+: ([45])\d\d |qmail-smtpd: ([45])\d\d |=> ([45])\d\d ")


def refusal(line):
    """One refusal, permanent or temporary as the line's reply code says."""
    reply = REPLY.search(line)
    if not reply:
        return want(REFUSED)
    return want(PERMANENT if reply.group(reply.lastindex) == "5" else TEMPORARY)


# Exim's main log: its own words, first match wins. "reject, probe or dropped connection, per line".
EXIM_LINES = [
    (r"authenticator failed for ", AUTH_FAILED),
    (r"temporarily rejected ", want(TEMPORARY)),
    (r"SA: Action: silently tossed", want({"spam", "discarded"}, 1, 2)),
    (r"SA: Action: ", want({"spam"})),
    # The refusal that comes of it has a line of its own ("rejected RCPT ..: Sender verify failed").
    (r"sender verify fail for ", NO_MAIL),
    (r"dropped by '\w+' ACL", want(REFUSED)),
    (r"closed by DROP in ACL|no MAIL in SMTP connection|no host name found|no IP address found", NO_MAIL),
    # The client is cut off with a last reply: a refusal or a lost connection, once.
    (r"dropped: too many ", want(REFUSED | {"connectionsLost"}, 0, 1)),
    # A login that was not offered: a refused command or a refused login, once, or noise.
    (r'SMTP protocol error in "AUTH', want(REFUSED | {"authFailed"}, 0, 1)),
    (r"SMTP protocol synchronization error .*: rejected ", want(PERMANENT)),
    (r"\brejected (EHLO or HELO|MAIL|RCPT|DATA|connection|VRFY|EXPN|ETRN|after DATA|during MIME|by local_scan)",
     want(PERMANENT, also=VERDICTS)),
    (r"SMTP connection from .* lost$", want({"connectionsLost"})),
    (r"SMTP connection from ", want({"connections"})),
    (r" (?:Start|End) queue run", NOTHING),
    (r" == ", want({"deferred"})),
    (r" \*\* .*retry timeout exceeded", want({"expired"})),
    (r" \*\* ", want(FAILED)),
]
EXIM_OWN_BOUNCE = re.compile(r" <= <> (?!.*\bH=).*\b(?:R=|P=local\b)")


def exim(line):
    for pattern, wanted in EXIM_LINES:
        if re.search(pattern, line):
            return wanted
    return None


def exim_class(word, words, line):
    """The classes that the README's mapping gives to Exim's flags."""
    table = {
        "arrival": NO_MAIL if EXIM_OWN_BOUNCE.search(line) else want({"received"}),
        "delivered": want(OUT | {"discarded"}),
        "delivery-suppressed": NOTHING,
        "deferred": want({"deferred"}),
        "failed": want(FAILED),
        "completed": NOTHING,
        "frozen": want({"held"}),
        "connection": NO_MAIL,
        "reject": want(REFUSED, also=VERDICTS),
        "tempreject": want(TEMPORARY),
        "fakereject": want({"rejectWarnings"}, also={"received"}),
    }
    return table.get(word)


# --- fail2ban: "filter=NAME opts=MODES {json}"; class match or nomatch -------------------------------------------

OPTS = re.compile(r"filter=(\S+) opts=(\[.*?\]|\{.*?\})? ?(\{.*)$")
# Products whose logs are not among those that are read (COUNTING.md section 2), web applications, and log formats
# without a syslog header.
OTHER_PRODUCTS = {"assp", "kerio", "domino-smtp", "directadmin", "horde", "roundcube-auth", "sogo-auth", "squirrelmail"}
# IMAP, POP and ManageSieve logins count nothing (COUNTING.md section 1).
MAILBOX_SERVERS = {"courier-auth", "cyrus-imap", "uwimap-auth", "solid-pop3d", "perdition", "sieve", "dovecot"}
LOGIN_LINE = re.compile(r"\b535\b|[Aa]uthentic|AUTH failure|command=AUTH")


def fail2ban_modes(words):
    found = OPTS.search(words)
    if not found:
        return None, set()
    opts = json.loads(found.group(2)) if found.group(2) else {}
    opts = opts if isinstance(opts, list) else [opts]
    if any("logtype" in one for one in opts):
        return None, set()
    return found.group(1), {one.get("mode", "normal") for one in opts}


def fail2ban_match(name, modes, line):
    if name in MAILBOX_SERVERS:
        return AUTH_FAILED if "submission-login: " in line else NOTHING
    if modes == {"aggressive"}:
        return None
    if name in ("exim", "exim-spam"):
        return exim(line)
    if "auth" in modes:
        return AUTH_FAILED
    if modes & {"ddos", "errors"}:
        return want({"connectionsLost"}) if ": lost connection after " in line else NO_MAIL
    if modes & {"extra", "more"}:
        return want(REFUSED | {"connectionsLost"}, 0, 1)
    if name in ("sendmail-auth", "courier-smtp") and LOGIN_LINE.search(line):
        return AUTH_FAILED
    return refusal(line)


SESSION = re.compile(r"^.*?\]: (\w{14,}): ")
CLIENTLESS_REFUSAL = re.compile(r"\]: \w{14,}: <[^>]*>\.\.\. ")


def same_text(line, lines, rows):
    """The rows whose line has the same text behind its time stamp: fail2ban tries a line in several modes."""
    return [rows[n] for n in rows if lines[n - 1][16:] == line[16:]]


def fail2ban_nomatch(line, lines, rows):
    # Sendmail's `<rcpt>... User unknown` names no client, so the filter keeps it for a later line of the same id: no
    # statement on what it is. Nor is the "no" of one mode to a line that another mode matches.
    if CLIENTLESS_REFUSAL.search(line):
        return None
    if any(word == "match" for word, _ in same_text(line, lines, rows)):
        return None
    return NO_OFFENCE


def fail2ban(word, words, line, lines, number, rows):
    name, modes = fail2ban_modes(words)
    if not name or name in OTHER_PRODUCTS:
        return None
    if word == "nomatch":
        return fail2ban_nomatch(line, lines, rows)
    for word, words in same_text(line, lines, rows):
        if word == "match":
            modes = modes | fail2ban_modes(words)[1]
    wanted = fail2ban_match(name, modes, line)
    if wanted and "nrcpts=0" in line and name == "sendmail-reject":
        # The match rests on the lines before it of this id: the refusals are theirs.
        session = SESSION.search(line).group(1)
        return at_least(REFUSED), {n for n in range(1, number + 1) if session in lines[n - 1]}
    return wanted


# --- crowdsec: class is log_type or sub_type; the words have the parser's name and fields ------------------------

def crowdsec(word, words, line):
    parser = words.split(" ", 1)[0]
    if parser == "crowdsecurity/dovecot-logs":
        return NOTHING
    if parser == "crowdsecurity/exim-logs":
        # exim_failed_auth also stands for attempts at unknown users, which are refusals.
        return exim(line)
    if parser == "crowdsecurity/postfix-logs":
        if '"action": "reject"' in words:
            return refusal(line)
        if word == "non-smtp-command":
            return NO_REFUSAL
        return AUTH_FAILED if "SASL" in line and "authentication failed" in line else None
    if parser == "crowdsecurity/postscreen-logs":
        return NO_MAIL
    if parser == "crowdsecurity/amavis-logs":
        return want(VERDICTS)
    if word.startswith("mailscanner_"):
        return want({"spam"})
    return None  # Exchange, mailcow, Mailu, nginx, Zimbra: other products


# --- wazuh, ossec: class is the rule's description, the words name the file of tests ------------------------------

OSSEC = {
    "exim.ini": {
        "auth failure": AUTH_FAILED,
        "exim connection": want({"connections"}),
        "exim connection lost": want({"connectionsLost"}),
        "exim syntax/protocol error": want(REFUSED | {"connectionsLost"}, 0, 1),
    },
    "opensmtpd.ini": {
        "new session": want({"connections"}, 0, 1),
        "message accepted": want({"received"}),
        "session closed": NOTHING,
        "disconnect": NOTHING,
        "no ssl": NO_MAIL,
        "started tls": NO_MAIL,
    },
    "mailscanner.ini": {"update phishing": NOTHING},
}


def ossec(word, words, line):
    tests = words.split(" ", 1)[0]
    if tests == "dovecot.ini":
        return NOTHING
    if tests == "postfix.ini":
        if "SMTP connection aborted" in word:
            return want({"connectionsLost"}, 0, 1)
        # A rule test whose line is not what Postfix writes ("9999 text ...") says nothing.
        return refusal(line) if re.search(r": [45]\d\d [45]\.", line) else None
    if tests == "opensmtpd.ini" and word == "message failed":
        return refusal(line)
    return OSSEC.get(tests, {}).get(word)


# --- Smaller sources ----------------------------------------------------------------------------------------------

AMAVIS = {"SPAM": "spam", "SPAMMY": "spam", "INFECTED": "virus", "BANNED": "banned", "BAD-HEADER": "badHeader",
          "BLACKLISTED": "spam"}


def amavis(word):
    verdict = word.split()[-1]
    return NOTHING if verdict == "CLEAN" else want({AMAVIS[verdict]}) if verdict in AMAVIS else None


def sendmail_json(word, words, line):
    recipients = len(json.JSONDecoder().raw_decode(words)[0]["to"])
    counters = {"sent": {"sent"}, "sent_local": {"delivered"}, "deferred": {"deferred"}}[word]
    return want(counters, recipients, also={"received"})  # the first to= line is the reception


def postfix_status(word, words, line):
    return {"sent": want(OUT), "expired": want({"expired"}), "bounced": want({"bounced"}),
            "deferred": want({"deferred"})}.get(word)


def rspamd(word, words, line):
    return want({"spam"}) if word in ("reject", "add header", "rewrite subject", "quarantine") else NOTHING


# A heading stands over a run of lines: what these came to, together.
SECTIONS = {
    "**** receiving from remote ****": want({"received"}),
    "**** sending from local, forward to remote ****": want({"received"}),
    "[amavis]": want(OUT),
    "This is a regular mail process:": total({"received", "sent"}, 2),
}


def section(word, words, line, lines, number, rows):
    """The whole run is one statement, on its first line; below other headings each line of Exim's speaks for itself."""
    if words not in SECTIONS:
        return exim(line)
    if rows.get(number - 1) == (word, words):
        return None
    last = number
    while rows.get(last + 1) == (word, words):
        last += 1
    return SECTIONS[words], set(range(number, last + 1))


LOGWATCH = [
    (r"Reject warning", want({"rejectWarnings"})),
    (r"Bounced", want({"bounced"})),
    (r"Deferred", want({"deferred"})),
    (r"Placed on hold", want({"held"})),
    (r"4xx Reject", want(TEMPORARY)),
    (r"5xx Reject|^\W*\d* *Rejected", want(REFUSED)),
    (r"[Ss]pam", want({"spam"})),
    (r"[Mm]alware|[Vv]irus|INFECTED", want({"virus"})),
    (r"[Bb]anned", want({"banned"})),
    (r"[Bb]ad header", want({"badHeader"})),
]


def logwatch(word, words, line):
    if word == "ignored":
        return None if re.search(r"client=|from=", line) else NO_MAIL
    for pattern, wanted in LOGWATCH:
        if re.search(pattern, word):
            return wanted
    return None


# --- expected.tsv --------------------------------------------------------------------------------------------------

BY_CLASS = {
    "crowdsec-hub": crowdsec,
    "wazuh-ruleset": ossec,
    "ossec-hids": ossec,
    "fluent-plugin-sendmail": sendmail_json,
    "fluent-plugin-postfix-parser": postfix_status,
    "postfix_status_line": postfix_status,
    "postfix-parser-msimerson": postfix_status,
    "rspamd-logstats": rspamd,
}
ZENTYAL_RANGE = re.compile(r" lines (\d+)-(\d+) ")


def zentyal_case(word, relay):
    """A case's status, over all its lines: others (the server's own bounce is delivered) may stand beside it."""
    return {"sent": at_least({"delivered"} if relay == "dovecot" else {"sent"}), "bounced": at_least({"bounced"}),
            "deferred": at_least({"deferred"}), "rejected": at_least(REFUSED), "noauth": at_least({"authFailed"})}[word]


def expected(corpus, number, word, words, lines, rows):
    """(Want, numbers of the lines it is about, (first, last) to feed alone or None) or None: no statement."""
    line = lines[number - 1]
    alone = None
    if corpus == "zentyal-mail":
        alone = tuple(int(n) for n in ZENTYAL_RANGE.search(words).groups())
        wanted = zentyal_case(word, "dovecot" if '"relay": "dovecot"' in words else "")
        return wanted, set(range(alone[0], alone[1] + 1)), alone
    if corpus == "zentyal-mailfilter":
        wanted = amavis(word)
    elif corpus == "mailgraph-mschuett-docs":
        wanted = section(word, words, line, lines, number, rows)
    elif corpus.startswith("fail2ban/"):
        wanted = fail2ban(word, words, line, lines, number, rows)
    elif corpus.startswith("logwatch"):
        wanted = logwatch(word, words, line)
    elif corpus.startswith("exim"):
        wanted = exim_class(word, words, line)
    elif corpus in BY_CLASS:
        wanted = BY_CLASS[corpus](word, words, line)
    else:
        wanted = None
    if wanted is None:
        return None
    if not isinstance(wanted, Want):
        return wanted[0], wanted[1], alone
    return wanted, {number}, alone
