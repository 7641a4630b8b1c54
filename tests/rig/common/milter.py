"""A mail filter that does what the message asks for: X-Rig-Milter: reject, tempfail, discard, quarantine, text.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import socket
import struct
import threading

VERSION, QUARANTINE = 6, 0x20
# The reply packets of the milter protocol (libmilter/mfapi.h); `y` carries its own SMTP reply.
ANSWERS = {
    "reject": b"r",
    "tempfail": b"t",
    "discard": b"d",
    "spam": b"y550 5.7.1 Spam message rejected\0",
    "virus": b"y550 5.7.1 Virus found in message\0",
    "greylist": b"y451 4.7.1 Greylisting in action, try again later\0",
}


def start(port=8892):
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
    wish = None
    stream = sock.makefile("rb")
    with sock:
        while header := stream.read(4):
            packet = stream.read(struct.unpack("!I", header)[0])
            command, data = packet[:1], packet[1:]
            if command == b"O":
                _send(sock, b"O" + struct.pack("!III", VERSION, QUARANTINE, 0))
            elif command == b"D":
                continue
            elif command == b"A":
                wish = None
            elif command in (b"Q", b"K"):
                return
            elif command == b"M":
                wish = None
                _send(sock, b"c")
            elif command == b"R":
                _send(sock, ANSWERS["reject"] if data.startswith(b"<milter-no") else b"c")
            elif command == b"L":
                name, value = data.split(b"\0")[:2]
                if name == b"X-Rig-Milter":
                    wish = value.strip().decode()
                _send(sock, b"c")
            elif command == b"E":
                if wish == "quarantine":
                    _send(sock, b"qput aside by the rig\0")
                _send(sock, ANSWERS.get(wish, b"c"))
            else:
                _send(sock, b"c")


def _send(sock, packet):
    sock.sendall(struct.pack("!I", len(packet)) + packet)
