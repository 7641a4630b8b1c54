"""The world: SMTP and LMTP servers that accept, refuse, hang up or lie, and that write down what arrived.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import socket
import ssl
import threading

# What a recipient whose local part begins with the key is told at RCPT.
RCPT_REPLIES = {
    "gone": "550 5.1.1 no such user here",
    "unwanted": "554 5.7.1 your mail is not wanted here",
    "full": "452 4.2.2 mailbox is full",
    "grey": "451 4.7.1 Greylisted, come back in five minutes",
    "later": "450 4.3.0 try again later",
    "often": "450 4.7.1 rate limit exceeded, slow down",
    "disk": "452 4.3.1 insufficient system storage",
    "slander": "550 5.1.1 status=sent (250 2.0.0 Ok: queued as 4AB12C34D) Relay access denied",
    "tease": "450 4.3.0 status=bounced (reject: RCPT from helo=<x>) dsn=5.1.1",
}
# What a message whose first recipient's local part begins with the key is told at the end of DATA.
DATA_REPLIES = {
    "contentbad": "554 5.6.0 content refused",
    "contentlater": "451 4.3.0 cannot look at it now",
    "claims-bounced": "250 2.0.0 Ok status=bounced (host said: 550) queued as",
    "claims-forwarded": "250 2.0.0 (forwarded as 9F00D12345) status=deferred",
}
RECEIVED_ID = re.compile(rb"^\s+(?:by .*)?.*\bid ([0-9A-Za-z][0-9A-Za-z-]{5,})\b", re.M)


class World:
    """All sinks together: the arrivals, in order, and counts of connections."""

    def __init__(self, certificate, key):
        self.arrivals = []
        self.lock = threading.Lock()
        self.handshakes = 0
        self.refusals = 0
        self.seen_once = set()
        self.fixed_id = None
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.jam = []

    def serve(self, address, port=25, kind="accept"):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        if kind == "deaf":
            self._make_deaf(listener, address, port)
            return
        listener.listen(50)
        threading.Thread(target=self._accept, args=(listener, address, kind), daemon=True).start()

    def _make_deaf(self, listener, address, port):
        """A full backlog: the kernel leaves further connections unanswered, as a packet filter would."""
        listener.listen(0)
        self.jam.append(listener)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((address, port))
            self.jam.append(filler)

    def _accept(self, listener, address, kind):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self._guarded, args=(sock, address, kind), daemon=True).start()

    def _guarded(self, sock, address, kind):
        try:
            Conversation(self, sock, address, kind).run()
        except (OSError, ssl.SSLError):
            pass
        finally:
            sock.close()


class Conversation:
    """One connection at a sink."""

    def __init__(self, world, sock, address, kind):
        self.world, self.sock, self.address, self.kind = world, sock, address, kind
        self.file = sock.makefile("rb")
        self.sender, self.recipients = None, []

    def say(self, text):
        self.sock.sendall(text.encode("utf-8") + b"\r\n")

    def run(self):
        if self.kind == "hangup":
            return
        if self.kind == "silent":
            self.sock.recv(1)
            return
        if self.kind == "busy":
            self.say("421 4.3.2 too busy now, try later")
            return
        self.say(f"220 {self.address} ESMTP")
        while line := self.file.readline():
            if not self.obey(line.rstrip(b"\r\n")):
                return

    def obey(self, line):
        verb = line[:4].upper()
        if verb in (b"EHLO", b"LHLO"):
            self.hello()
        elif verb == b"STAR":
            self.starttls()
        elif verb == b"MAIL":
            self.sender, self.recipients = line, []
            self.say("250 2.1.0 Ok")
        elif verb == b"RCPT":
            return self.rcpt(line)
        elif verb == b"DATA":
            self.data()
        elif verb == b"QUIT":
            self.say("221 2.0.0 Bye")
            return False
        else:
            self.say("250 2.0.0 Ok")
        return True

    def hello(self):
        features = ["PIPELINING", "8BITMIME", "SIZE 100000", "SMTPUTF8"]
        if self.address == "127.0.2.10":
            features.remove("SMTPUTF8")
        if self.kind == "tls":
            features.append("STARTTLS")
        self.say(f"250-{self.address}\r\n" + "".join(f"250-{f}\r\n" for f in features[:-1]) + f"250 {features[-1]}")

    def starttls(self):
        self.say("220 2.0.0 Ready")
        self.sock = self.world.tls.wrap_socket(self.sock, server_side=True)
        self.file = self.sock.makefile("rb")
        with self.world.lock:
            self.world.handshakes += 1

    def rcpt(self, line):
        recipient = re.sub(rb"^[^<]*<(.*)>.*$", rb"\1", line).decode("utf-8", "replace")
        if recipient.startswith("drop"):
            return False
        answer = next((text for key, text in RCPT_REPLIES.items() if recipient.lstrip("\"").startswith(key)), None)
        if recipient.startswith("once") and recipient not in self.world.seen_once:
            self.world.seen_once.add(recipient)
            answer = "450 4.3.0 the first time never works"
        if answer is None:
            self.recipients.append(recipient)
            answer = "250 2.1.5 Ok"
        else:
            with self.world.lock:
                self.world.refusals += 1
        self.say(answer)
        return True

    def data(self):
        if not self.recipients:
            self.say("554 5.5.1 no valid recipients")
            return
        self.say("354 go on")
        lines = []
        for line in self.file:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        message = b"".join(lines)
        if self.kind == "lmtp":
            for recipient in self.recipients:
                self.arrived(message, [recipient])
                self.say("250 2.0.0 Ok, kept")
            return
        answer = self.verdict(message)
        if answer.startswith("250"):
            self.arrived(message, self.recipients)
        self.say(answer)

    def verdict(self, message):
        first = self.recipients[0]
        ids = RECEIVED_ID.findall(message)
        if first.startswith("claims-own"):
            return f"250 2.0.0 Ok: queued as {ids[0].decode()}"
        if first.startswith("claims-front"):
            return f"250 2.0.0 Ok: queued as {ids[-1].decode()}"
        if first.startswith("claims-other"):
            return f"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {self.world.fixed_id}"
        told = (text for key, text in DATA_REPLIES.items() if first.startswith(key))
        return next(told, "250 2.0.0 Ok: queued as 12345")

    def arrived(self, message, recipients):
        with self.world.lock:
            self.world.arrivals.append(Arrival(message, len(recipients), self.kind == "lmtp"))


class Arrival:
    """A message that came to a sink or a mailbox."""

    def __init__(self, message, recipients, here):
        self.recipients, self.here = recipients, here
        self.size, self.lines = len(message), message.count(b"\n")
        self.scenario = scenario_of(message)
        self.is_report = re.search(rb"^Auto-Submitted: auto-", message, re.M) is not None


def scenario_of(message):
    """The scenario that a message belongs to; a bounce quotes the header of the message that it is about."""
    found = re.search(rb"X-Rig: ([a-z0-9-]+)", message) or re.search(rb"<([a-z-]+)@probe\.example>", message)
    return found.group(1).decode() if found else None
