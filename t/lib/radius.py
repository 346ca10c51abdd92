# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A RADIUS server that knows passwords: RFC 2865."""

import hashlib
import socket
import struct
import threading

REQUEST, ACCEPT, REJECT = 1, 2, 3
USER_NAME, USER_PASSWORD = 1, 2


class Radius:
    """passwords: {name: password}.  asked has (name, password) of each
    question."""

    def __init__(self, secret, passwords):
        self.secret, self.passwords, self.asked = secret, passwords, []
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _clear(self, hidden, nonce):
        text = b""
        for at in range(0, len(hidden), 16):
            pad = hashlib.md5(self.secret + nonce).digest()
            nonce = hidden[at:at + 16]
            text += bytes(a ^ b for a, b in zip(nonce, pad))
        return text.rstrip(b"\0")

    def _serve(self):
        while True:
            data, client = self.sock.recvfrom(4096)
            kind, number, size = struct.unpack(">BBH", data[:4])
            nonce, found, at = data[4:20], {}, 20
            while at < size:
                found[data[at]] = data[at + 2:at + data[at + 1]]
                at += data[at + 1]
            if kind != REQUEST:
                continue
            name = found[USER_NAME].decode()
            password = self._clear(found[USER_PASSWORD], nonce).decode()
            self.asked.append((name, password))
            good = self.passwords.get(name) == password
            head = struct.pack(">BBH", ACCEPT if good else REJECT, number, 20)
            self.sock.sendto(head + hashlib.md5(head + nonce + self.secret)
                             .digest(), client)
