"""Scanners that a server asks over a socket, as spamd and clamd answer. What they find stands in the message:
X-Rig-Score: SCORE (five is spam), X-Rig-Virus: NAME.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import re
import socket
import threading


def start_spamd(port=783):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    _serve(listener, _spamd)


def start_clamd(root, path="run/clamd.rig"):
    """On a socket in the root; the files that it is told to scan are the root's."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(pathlib.Path(root, path)))
    pathlib.Path(root, path).chmod(0o777)
    _serve(listener, lambda stream: _clamd(stream, pathlib.Path(root)))


def _serve(listener, answer):
    listener.listen(50)

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=converse, args=(sock,), daemon=True).start()

    def converse(sock):
        with sock, sock.makefile("rwb") as stream:
            answer(stream)

    threading.Thread(target=accept, daemon=True).start()


def _found(name, message):
    found = re.search(rb"^X-Rig-%s: (\S+)" % name, message, re.M)
    return found.group(1).decode() if found else None


def _spamd(stream):
    score = float(_found(b"Score", stream.read()) or 0)
    verdict = "Yes" if score >= 5 else "No"
    stream.write(f"SPAMD/1.1 0 EX_OK\r\nSpam: {score >= 5} ; {score} / 5.0\r\n\r\n"
                 f"X-Spam-Status: {verdict}, score={score} required=5.0 autolearn=no\r\n\r\n".encode())


def _clamd(stream, root):
    command, _, path = stream.readline().decode().strip().partition(" ")
    if command == "PING":
        answer = "PONG"
    elif command == "VERSION":
        answer = "ClamAV 1.0/27000/Sat Nov 21 08:00:00 2026"
    else:
        virus = _found(b"Virus", (root / path.lstrip("/")).read_bytes())
        answer = f"{path}: {virus} FOUND" if virus else f"{path}: OK"
    stream.write(answer.encode() + b"\n")
