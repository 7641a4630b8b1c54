"""A content filter after the queue: takes mail by SMTP on 127.0.0.1:10024 and hands it back on 127.0.0.1:10025.

X-Rig-Filter in the header: drop (accepted and thrown away), refuse, defer, or terse (the answer of the server behind it and
no more; else it is quoted as amavisd-new does).

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import socket
import threading

SERVER = ("127.0.0.1", 10025)
HANDED_BACK = []  # the replies to messages that the server took back


def start(port=10024):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(50)
    threading.Thread(target=_accept, args=(listener,), daemon=True).start()


def _accept(listener):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_converse, args=(sock,), daemon=True).start()


def _converse(sock):
    envelope = []
    with sock, sock.makefile("rwb") as stream:
        _say(stream, "220 filter.example.org ESMTP")
        while line := stream.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return _say(stream, "221 2.0.0 bye")
            if verb in (b"MAIL", b"RSET"):
                envelope = []
            if verb in (b"MAIL", b"RCPT"):
                envelope.append(re.sub(rb"(.*>).*", rb"\1", line.rstrip()))
            if verb == b"DATA":
                _say(stream, "354 go on")
                _say(stream, _filtered(envelope, _read_message(stream)))
            elif verb == b"EHLO":
                _say(stream, "250-filter.example.org\r\n250 8BITMIME")
            else:
                _say(stream, "250 2.1.0 ok")


def _read_message(stream):
    lines = []
    while (line := stream.readline()) and line != b".\r\n":
        lines.append(line)
    return b"".join(lines)


def _say(stream, text):
    stream.write(text.encode() + b"\r\n")
    stream.flush()


def _filtered(envelope, message):
    """What the server is told about a message, which has been handed back unless its sender wished otherwise."""
    found = re.search(rb"^X-Rig-Filter: (\w+)", message.split(b"\r\n\r\n")[0], re.M)  # a report quotes others'
    wish = found.group(1).decode() if found else ""
    if wish == "drop":
        return "250 2.7.0 Ok, discarded, id=00042-01 - spam"
    if wish == "refuse":
        return "554 5.7.0 Reject, id=00042-02 - spam"
    if wish == "defer":
        return "451 4.5.0 Error in processing, id=00042-03"
    reply = _hand_back(envelope, message)
    if wish == "terse" or not reply.startswith("250"):
        return reply
    return f"250 2.0.0 from MTA(smtp:[{SERVER[0]}]:{SERVER[1]}): {reply}"


def _hand_back(envelope, message):
    with socket.create_connection(SERVER, 60) as sock, sock.makefile("rwb") as stream:
        _reply(stream)
        for command in [b"EHLO filter.example.org", *envelope, b"DATA"]:
            stream.write(command + b"\r\n")
            stream.flush()
            reply = _reply(stream)
            if reply[0] not in "23":
                break
        else:
            stream.write(b"X-Filtered: by the rig\r\n" + message + b".\r\n")
            stream.flush()
            reply = _reply(stream)
            if reply.startswith("250"):
                HANDED_BACK.append(reply)
        _say(stream, "QUIT")
        _reply(stream)
    return reply


def _reply(stream):
    while (line := stream.readline()) and line[3:4] == b"-":
        pass
    return line.decode("utf-8", "replace").rstrip() or "451 4.4.2 connection lost"
