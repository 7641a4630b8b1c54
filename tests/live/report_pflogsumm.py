"""What pflogsumm's text says, number by number, and what must be different in ours: for tests/live/report_pflogsumm.

A report becomes {section: {key: numbers}}; a key is a name, or the path of a detail tree. Every difference between the
two is computed here from the log by a rule that quotes a fault of pflogsumm's or a rule of how mailtally counts; nothing
is taken from what mailtally prints.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import re

UNITS = {"k": 1024, "m": 1048576}
TREES = ("message deferral detail", "message bounce detail (by relay)", "message reject detail",
         "message reject warning detail", "message hold detail", "message discard detail", "smtp delivery failures",
         "Warnings", "Fatal Errors", "Panics")
USERS = ("Senders by message count", "Recipients by message count", "Senders by message size",
         "Recipients by message size")
DELIVERY, RECEIVED = "Host/Domain Summary: Message Delivery", "Host/Domain Summary: Messages Received"
SESSIONS = "Host/Domain Summary: SMTPD Connections"


# ---- reading a report ----

def sections(text):
    """{title: lines}, without what only mailtally prints, which stands behind all of pflogsumm's."""
    found, title = collections.OrderedDict(), None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line and following and set(following) == {"-"} and len(following) == len(line):
            title = line.strip()
            if title in ("Further totals", "What became of it, by hour"):
                break
            found[title] = []
        elif re.fullmatch(r"[A-Za-z()\- ]+: none", line):
            found[line.partition(":")[0]] = []
            title = None
        elif title and line and set(line) != {"-"}:
            found[title].append(line)
    return found


def totals(lines):
    """{words: number as written, with its unit}, the percentages and deferrals as rows of their own."""
    rows = {}
    for line in lines:
        match = re.fullmatch(r" *(\d+)([km ])  (\D[^(]*?)(?: +\((\d+)(%|[km ] deferrals)\))?", line)
        if match:
            rows[match[3]] = (match[1] + match[2].strip(),)
            if match[4]:
                rows[match[3] + " (more)"] = (match[4],)
        elif line.endswith("total connect time"):
            rows["total connect time"] = (line.split()[0],)
    return rows


def table(lines, words):
    """Rows of so many words, then a name; headings have no digits in front."""
    rows = {}
    for line in lines:
        cells = line.split(None, words)
        if len(cells) >= words and re.match(r" *\d", line):
            name = cells[words] if len(cells) > words else ""
            assert name not in rows, f"two rows of {name!r}"
            rows[name] = tuple(cells[:words])
    return rows


def delivery(lines):
    """sent, bytes, defers, average with unit, maximum with unit."""
    rows = {}
    for line in lines:
        match = re.fullmatch(r" *(\d+[km ]) *(\d+[km ]) *(\d+[km ]) *([\d.]+ [smh]) *([\d.]+ [smh])  (.*)", line)
        if match:
            rows[match[6]] = tuple(cell.strip() for cell in match.groups()[:5])
    return rows


def tree(lines):
    """{(level, level, ..): (count,)} of the leaves."""
    rows, path = collections.Counter(), []
    for line in lines:
        depth = len(line) - len(line.lstrip(" "))
        leaf = re.fullmatch(r" +(\d+)([km ])  (.*)", line)
        group = re.fullmatch(r"( {2,6})(\S.*?)((?: \(top \d+\))?(?: \(total: (\d+)\))?)", line)
        if leaf and (not group or depth > 2 * len(path)):
            rows[(*path, leaf[3])] += int(leaf[1]) * UNITS.get(leaf[2], 1)
        elif group:
            path = path[:depth // 2 - 1] + [group[2]]
    return {key: (str(count),) for key, count in rows.items()}


def hours(lines):
    return {cells[0]: tuple(cells[1:]) for cells in (line.split() for line in lines) if re.match(r"\d", cells[0])}


def days(lines):
    return {" ".join(line.split()[:3]): tuple(line.split()[3:]) for line in lines if re.match(r" *[A-Z][a-z][a-z] ", line)}


def read(text):
    found = {}
    for title, lines in sections(text).items():
        bare = re.sub(r" *\(top \d+\)|^top \d+ ", "", title)
        if title == "Grand Totals":
            found[bare] = totals(lines)
        elif bare in TREES:
            found[bare] = tree(lines)
        elif bare in USERS or title == "Master daemon messages":
            found[bare] = table(lines, 1)
        elif bare == DELIVERY:
            found[bare] = delivery(lines)
        elif bare == RECEIVED:
            found[bare] = table(lines, 2)
        elif bare == SESSIONS:
            found[bare] = table(lines, 4)
        elif title.startswith("Per-Hour"):
            found[bare] = hours(lines)
        elif title.startswith("Per-Day"):
            found[bare] = days(lines)
        elif title == "Messages with no size data":
            found[bare] = {tuple(line.split(None, 1)): () for line in lines}
        elif title == "Message detail":
            found[bare] = messages(lines)
        else:
            raise AssertionError(f"a section that this test does not know: {title!r}")
    return found


def messages(lines):
    """{(id, sender): recipients in order}"""
    rows, key = {}, None
    for line in lines:
        if line.startswith("   "):
            rows[key].append(line.strip())
        elif line.strip():
            key = tuple(line.strip().split("  ", 1))
            rows[key] = []
    return {key: tuple(sorted(value)) for key, value in rows.items()}


# ---- what the log says ----

Line = collections.namedtuple("Line", "hour seconds service pid text")
HEADER = re.compile(r"(?:\w{3} [ \d]\d|\d{4}-\d\d-\d\dT?)[ T]?(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[+-]\d\d:\d\d)? \S+ "
                    r"postfix/(?:smtps/|submission/)?([\w/-]+)\[(\d+)\]: (.*)")
DELIVERED = re.compile(r"(\w+): to=<(.*?)>, (?:orig_to=<.*?>, )?relay=([^,]+), (?:conn_use=[^,]+, )?delay=([^,]+), "
                       r"delays=[^,]+, dsn=[^,]+, status=(\w+) \((.*)\)$")


def postfix_lines(log):
    """Those of the instance `postfix`: pflogsumm sees no other (it has --syslog-name, we give it to mailtally)."""
    for text in log.split("\n"):
        match = HEADER.match(text)
        if match:
            hour, minute, second = (int(part) for part in match.groups()[:3])
            yield Line(hour, hour * 3600 + minute * 60 + second, match[4], match[5], match[6])


def client_domain(client):
    """As both call clients, of names and addresses of any family: what pflogsumm's own patterns mean."""
    name, _, address = client.partition("[")
    address = address.partition("]")[0]
    if name in ("", "unknown"):
        return address
    return re.sub(r"^.*\.([^.]+)\.([^.]{3}|[^.]{2,3}\.[^.]{2})$", r"\1.\2", name)


class Truth:
    """By the rules of counting, where they differ from pflogsumm's."""

    def __init__(self, log):
        self.attempts = collections.Counter()       # client= and pickup that came to nothing, by hour
        self.requeued = []                          # (hour, sender, size) of mail that postsuper -r put back
        self.held_only = collections.Counter()      # senders of mail that was held and never taken by the queue
        self.unknown_held = collections.Counter()   # clients of such mail whose sender stands in no line
        self.discards = []                          # (hour, domain, recipient, size, id) of the discard transport
        self.forwarded_by_others = []               # sendings whose reply holds "forwarded as"
        self.more = collections.Counter()           # (tree, path, hour) of refusals, holds and discards not seen
        self.unreachable = collections.Counter()    # (reason, host)
        self.unqueued = {}                          # ids that were held and never taken by the queue: their sender
        self.deliveries = collections.defaultdict(list)
        self.deferrals = collections.defaultdict(list)
        self.sessions = collections.defaultdict(list)
        self.unnamed_sessions = 0
        self.read(list(postfix_lines(log)))

    def read(self, lines):
        opened, sizes, begun, too_big = {}, {}, {}, set()
        for line in lines:
            self.opening(line, opened)
            self.queue(line, opened, sizes)
            self.delivery(line, sizes)
            self.refusal(line, opened, too_big)
            self.session(line, begun)
            if line.service == "smtp" and line.text.startswith("connect to "):
                match = re.match(r"connect to (.*?)\[.*?\]:\d+: (.*)", line.text)
                self.unreachable[match[2].lower(), match[1]] += 1
        for message in opened.values():
            self.close(message)

    def opening(self, line, opened):
        match = re.match(r"(\w+): (?:client=([^,]+)|uid=\d+ from=<(.*?)>(?: orig_id=(\w+))?)", line.text)
        if not match or line.service not in ("smtpd", "pickup"):
            return
        if match[1] == "NOQUEUE":  # the front of a before-queue proxy; the id behind the proxy is the message
            self.attempts[line.hour] += 1
            return
        if match[1] in opened:
            self.close(opened.pop(match[1]))
        opened[match[1]] = {"hour": line.hour, "client": match[2], "requeued": match[4], "is": None}

    def close(self, message):
        if message["is"] is None or message["requeued"]:
            self.attempts[message["hour"]] += 1

    def queue(self, line, opened, sizes):
        queued = re.match(r"(\w+): from=<(.*?)>, size=(\d+), nrcpt=\d+ \(queue active\)", line.text)
        if line.service == "qmgr" and queued:
            sizes.setdefault(queued[1], int(queued[3]))
            message = opened.get(queued[1])
            if message and message["is"] == "held":
                self.held_only[message["sender"]] -= 1
                self.unqueued.pop(queued[1], None)
            if message and message["requeued"] and message["is"] is None:
                self.requeued.append((queued[2], int(queued[3])))
            if message:
                message["is"] = "queued"
        held = re.match(r"(\w+): (?:milter-)?hold: .*; from=<(.*?)> ", line.text)
        if line.service == "cleanup" and held and opened[held[1]]["is"] is None:
            opened[held[1]].update({"is": "held", "sender": held[2]})
            self.held_only[held[2]] += 1
            self.unqueued[held[1]] = held[2]
        gone = re.fullmatch(r"(\w+): removed", line.text)
        if line.service == "postsuper" and gone and opened.get(gone[1], {"is": "unseen"})["is"] is None:
            opened[gone[1]]["is"] = "removed"
            self.unknown_held[client_domain(opened[gone[1]]["client"])] += 1

    def delivery(self, line, sizes):
        match = DELIVERED.match(line.text)
        if not match:
            return
        ident, to, _, delay, status, text = match.groups()
        to = re.sub(r"@.*$", lambda found: found[0].lower(), to)
        domain, size = re.sub(r"^[^@]+@", "", to), sizes.get(ident, 0)
        if status == "deferred":
            self.deferrals[domain].append(float(delay))
        elif status == "sent" and line.service == "discard":
            self.discards.append((line.hour, domain, to, size, ident))
            self.more["message discard detail", ("discard", "silently", domain), line.hour] += 1
        elif status == "sent" and not (line.service == "local" and text.startswith("forwarded as ")):
            self.deliveries[domain].append((size, float(delay)))
            if "forwarded as " in text:
                self.forwarded_by_others.append((line.hour, domain, to, size, ident))

    def refusal(self, line, opened, too_big):
        size = re.match(r"warning: (\w+): queue file size limit exceeded", line.text)
        if size and line.service in ("smtpd", "cleanup") and size[1] not in too_big:
            too_big.add(size[1])
            path = (line.service, "queue file size limit exceeded", client_domain(opened[size[1]]["client"]))
            self.more["message reject detail", path, line.hour] += 1
        milter = re.match(r"\w+: milter-reject: (\w+) from (\S+): \d+ [\d.]+ (.*?)(?:;|, |$)", line.text)
        if milter and line.service == "smtpd":
            path = (milter[1], milter[3], client_domain(milter[2]))
            self.more["message reject detail", path, line.hour] += 1
        proxy = re.search(r"proxy-reject: ([\w-]+): \d+ [\d.]+ (.*?)[;,]", line.text)
        if proxy and line.service == "smtpd":
            self.more["message reject detail", (proxy[1], proxy[2], "(no client)"), line.hour] += 1
        if line.service == "postsuper" and line.text.endswith(": placed on hold"):
            client = opened.get(line.text.partition(":")[0], {"client": None})["client"]
            path = ("postsuper", "placed on hold", client_domain(client) if client else "(no client)")
            self.more["message hold detail", path, line.hour] += 1

    def session(self, line, begun):
        if line.service != "smtpd":
            return
        if line.text.startswith("connect from "):
            begun[line.pid] = line.seconds
        elif line.text.startswith("disconnect from ") and line.pid in begun:
            client = line.text.split(" ")[2]
            self.sessions[client_domain(client)].append(line.seconds - begun.pop(line.pid))
            self.unnamed_sessions += not re.search(r"\[(\d+\.){3}\d+\]", client)


# ---- what ours must say ----

def number(cell):
    """As an exact number, or None where it was shortened."""
    return int(cell) if cell.isdigit() else None


def short(value):
    if value > 536870912:
        return f"{value // 1048576}m"
    return f"{value // 1024}k" if value > 524288 else str(value)


def clock(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


class Expected:
    """pflogsumm's numbers, and each explained difference applied to them. `why`: the sentences of those that moved."""

    def __init__(self, theirs, truth):
        self.rows = {title: dict(rows) for title, rows in theirs.items()}
        self.truth = truth
        self.why = collections.Counter()
        self.attempts()
        self.senders()
        self.deliveries()
        self.refusals()
        self.renamed()
        self.sessions()
        self.unreachable()
        for ident, sender in self.truth.unqueued.items():
            self.rows.get("Message detail", {})[ident, sender] = ()
        self.sums()

    def add(self, title, key, column, delta, why, width=1):
        """A row that becomes all noughts is gone."""
        if title not in self.rows or not delta:
            return
        cells = list(self.rows[title].get(key, ("0",) * width))
        cells[column] = short(number(cells[column]) + delta)
        self.why[why] += 1
        self.rows[title][key] = tuple(cells)
        if set(cells) == {"0"} and title not in ("Grand Totals", "Per-Hour Traffic Summary"):
            del self.rows[title][key]

    def total(self, key, hour_column, by_hour, why):
        for hour, delta in by_hour.items():
            self.add("Grand Totals", key, 0, delta, why)
            if hour_column is not None:
                self.add("Per-Hour Traffic Summary", f"{hour:02}00-{hour + 1:02}00", hour_column, delta, why)

    def attempts(self):
        self.total("received", 0, collections.Counter({hour: -n for hour, n in self.truth.attempts.items()}),
                   "received: client= is an attempt, and mail that postsuper -r put back was received before")

    def senders(self):
        why = "received: a message on hold is received, though the queue manager has not seen it"
        for sender, count in self.truth.held_only.items():
            self.add("Senders by message count", sender, 0, count, why)
            self.add(RECEIVED, sender.partition("@")[2], 0, count, why, 2)
        for domain, count in self.truth.unknown_held.items():
            self.add(RECEIVED, domain, 0, count, why, 2)
        why = "received: mail that postsuper -r put back was received before"
        for sender, size in self.truth.requeued:
            self.add("Senders by message count", sender, 0, -1, why)
            self.add("Senders by message size", sender, 0, -size, why)
            self.add(RECEIVED, sender.partition("@")[2], 0, -1, why, 2)
            self.add(RECEIVED, sender.partition("@")[2], 1, -size, why, 2)

    def deliveries(self):
        for rows, sign, why in ((self.truth.discards, -1, "what the discard transport took is discarded, not delivered"),
                                (self.truth.forwarded_by_others, 1, "\"forwarded as\" in a remote server's reply is its "
                                 "text, no forwarding")):
            for hour, domain, to, size, ident in rows:
                self.total("delivered", 1, {hour: sign}, why)
                self.add("Recipients by message count", to, 0, sign, why)
                self.add("Recipients by message size", to, 0, sign * size, why)
                if sign > 0:
                    self.total("forwarded", None, {hour: -1}, why)
                self.set_delivery(domain)
                self.set_message(ident, to, sign)

    def set_message(self, ident, to, sign):
        for key, recipients in self.rows.get("Message detail", {}).items():
            if key[0] == ident:
                recipients = list(recipients)
                (recipients.append if sign > 0 else recipients.remove)(to)
                self.rows["Message detail"][key] = tuple(sorted(recipients))

    def set_delivery(self, domain):
        """The whole row, from the log: averages cannot be added to."""
        sent, deferred = self.truth.deliveries[domain], self.truth.deferrals[domain]
        if not sent and not deferred:
            self.rows[DELIVERY].pop(domain, None)
            return
        average = sum(delay for _, delay in sent) / len(sent) if sent else 0
        longest = max([delay for _, delay in sent] + deferred)
        assert longest <= 60, "units other than seconds"
        self.rows[DELIVERY][domain] = (str(len(sent)), str(sum(size for size, _ in sent)), str(len(deferred)),
                                       f"{average:.1f} s", f"{longest:.1f} s")

    def refusals(self):
        reasons = {"message reject detail": ("rejected", "refusals by milters of smtpd and before-queue proxies, and "
                                             "messages too big without SIZE=, are not seen by pflogsumm"),
                   "message hold detail": ("held", "`placed on hold` by postsuper is a hold"),
                   "message discard detail": ("discarded", "the discard transport discards")}
        for (title, path, hour), count in self.truth.more.items():
            key, why = reasons[title]
            self.add(title, path, 0, count, why)
            self.total(key, 4, {hour: count}, why)

    def renamed(self):
        """Reasons of which pflogsumm's patterns take the wrong words."""
        rows = self.rows.get("message reject detail", {})
        for path in list(rows):
            reason = path[1]
            if re.match(r"\d{3} \S+>: ", reason):
                new, why = reason.partition(">: ")[2], "an address with an enhanced code before it is left in the reason"
            elif reason.startswith("from=<"):
                new, why = "Service currently unavailable", "of a reason without a colon it takes what follows it"
            elif re.match(r"Helo command \[.*\] blocked", reason):
                new, why = "blocked" + reason.partition(" blocked")[2], "of blocklists it knows client and sender only"
            else:
                continue
            count = int(rows.pop(path)[0])
            self.add("message reject detail", (path[0], new, path[2]), 0, count, why)

    def sessions(self):
        if not self.truth.unnamed_sessions or SESSIONS not in self.rows:
            return
        rows = self.rows[SESSIONS]
        rows.pop("", None)
        self.why["a client with an IPv6 address has no name in its table of connections"] += 1
        for domain, times in self.truth.sessions.items():
            average = int(sum(times) / len(times) + .5)
            rows[domain] = (str(len(times)), clock(sum(times)), f"{average}s", f"{max(times)}s")
        self.rows["Grand Totals"]["hosts/domains"] = (str(len(rows)),)

    def unreachable(self):
        if self.truth.unreachable:
            self.why["of hosts that are not reached it knows the words of Postfix before 2.5"] += 1
            self.rows["smtp delivery failures"] = {key: (str(n),) for key, n in self.truth.unreachable.items()}

    def sums(self):
        """What follows from the rows; distinct names are those that have a row."""
        rows = self.rows["Grand Totals"]
        delivered, rejected, discarded = (number(rows[key][0]) for key in ("delivered", "rejected", "discarded"))
        for key, part in (("rejected", rejected), ("discarded", discarded)):
            rows[key + " (more)"] = (str(int(part / (delivered + rejected + discarded) * 100)),)
        for key, title, column in (("bytes received", RECEIVED, 1), ("bytes delivered", DELIVERY, 1)):
            cells = [number(cells[column]) for cells in self.rows[title].values()]
            if None not in cells:
                rows[key] = (short(sum(cells)),)
        for key, title in (("senders", USERS[0]), ("recipients", USERS[1]), ("sending hosts/domains", RECEIVED),
                           ("recipient hosts/domains", DELIVERY)):
            rows[key] = (str(sum(cells[0] != "0" for cells in self.rows[title].values())),)


def differences(theirs, ours, truth=None):
    """Sentences; and what was explained."""
    expected = Expected(theirs, truth) if truth else None
    wanted, found = expected.rows if expected else theirs, []
    for title in sorted(set(wanted) | set(ours)):
        for key in sorted(set(wanted.get(title, ())) | set(ours.get(title, ())), key=str):
            want, got = wanted.get(title, {}).get(key), ours.get(title, {}).get(key)
            if want != got:
                found.append(f"{title}: {key}: pflogsumm, corrected: {want}; mailtally: {got}")
    return found, expected.why if expected else {}
