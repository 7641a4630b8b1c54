"""The client's side of SMTP, on a bare socket: it may break the protocol, and it remembers every reply.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import base64
import socket
import ssl


class Dropped(Exception):
    """The server closed the connection or said nothing in time."""


class Session:
    """One connection to the server under test. `ledger` is told of connections, refusals and acceptances."""

    def __init__(self, ledger, client="127.0.1.10", server=("127.0.0.1", 25), timeout=30):
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.bind((client, 0))
        self.sock.connect(server)
        self.ledger = ledger
        self.buffer = b""
        self.recipients = 0
        ledger.connected()

    def greeting(self):
        return self.reply()

    def raw(self, octets):
        self.sock.sendall(octets)

    def reply(self):
        """The next reply as (code, text), continuation lines joined."""
        lines = []
        while True:
            while b"\n" not in self.buffer:
                chunk = self.sock.recv(65536)
                if not chunk:
                    raise Dropped()
                self.buffer += chunk
            line, self.buffer = self.buffer.split(b"\n", 1)
            line = line.rstrip(b"\r").decode("utf-8", "replace")
            lines.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(lines)

    def command(self, text):
        self.raw(text.encode("utf-8") + b"\r\n")
        return self.reply()

    def hello(self, name="client.example.net", verb="EHLO"):
        return self.command(f"{verb} {name}")

    def mail(self, sender, extra=""):
        return self._refusable(f"MAIL FROM:<{sender}>{extra}")

    def rcpt(self, recipient):
        code, text = self._refusable(f"RCPT TO:<{recipient}>")
        self.recipients += code < 300
        return code, text

    def data(self, message):
        """DATA and the message; the reply that decides."""
        code, text = self._refusable("DATA")
        if code != 354:
            return code, text
        wire = b"".join(b"." + line if line.startswith(b".") else line for line in message.splitlines(True))
        self.raw(wire + b".\r\n")
        code, text = self.reply()
        if code < 300:
            self.ledger.accepted(message, self.recipients)
        else:
            self.ledger.refused(code, text)
        self.recipients = 0
        return code, text

    def _refusable(self, line):
        code, text = self.command(line)
        if code >= 400:
            self.ledger.refused(code, text)
        return code, text

    def reset(self):
        self.recipients = 0
        return self.command("RSET")

    def login(self, user, password):
        """AUTH PLAIN in one line."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTH PLAIN {token}")

    def login_in_steps(self, user, password):
        """AUTH LOGIN, as old mail programs do it."""
        code, text = self.command("AUTH LOGIN")
        for answer in (user, password):
            if code != 334:
                break
            code, text = self.command(base64.b64encode(answer.encode()).decode())
        return code, text

    def starttls(self, anonymous=False):
        """anonymous: without the server's certificate, for a server that cannot use its own."""
        code, text = self.command("STARTTLS")
        if code == 220:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if anonymous:
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers("aNULL:@SECLEVEL=0")
            self.sock = context.wrap_socket(self.sock)
        return code, text

    def quit(self):
        try:
            self.command("QUIT")
        except (Dropped, OSError):
            pass
        self.sock.close()

    def drop(self):
        """Leaves without a word."""
        self.sock.close()

    def wait_closed(self):
        """Waits until the server has closed the connection; what it still says is thrown away."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass
        self.sock.close()
