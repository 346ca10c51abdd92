# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""SFTP messages made by hand, over paramiko's connections: what no client
would send, and answers as they are."""

import contextlib
import struct

from clients import paramiko_transport
from tap import Failed, expect

STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED_REPLY = 101, 102, 103, 104, 105, 201


def num(value):
    return struct.pack(">I", value)


def quad(value):
    return struct.pack(">Q", value)


def string(data):
    return num(len(data)) + data


class Raw:
    """A session: `with Raw(server, 6) as raw'.  Version None sends no INIT;
    beside: another session, whose connection gets one more channel."""

    def __init__(self, server, version, must=True, beside=None,
                 software=None):
        self.server, self.wanted, self.must = server, version, must
        self.beside, self.software = beside, software
        self.version, self.pairs, self.id = None, {}, 0

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.transport = self.beside.transport if self.beside else \
            self.stack.enter_context(paramiko_transport(
                self.server, software=self.software))
        self.channel = self.transport.open_session()
        self.channel.settimeout(30)
        self.channel.invoke_subsystem("sftp")
        if self.wanted is not None:
            self.init(self.wanted)
        return self

    def __exit__(self, *why):
        # The session may be gone already.
        with contextlib.suppress(EOFError, OSError):
            self.channel.close()
        self.stack.close()

    # ---- Frames

    def send(self, payload):
        self.channel.sendall(string(payload))

    def _take(self, size):
        data = b""
        while len(data) < size:
            part = self.channel.recv(size - len(data))
            if not part:
                return None
            data += part
        return data

    def receive(self):
        """A message; None when the channel has ended."""
        head = self._take(4)
        return self._take(struct.unpack(">I", head)[0]) if head else None

    def ended(self):
        return self.receive() is None

    # ---- Requests

    def init(self, version):
        self.send(b"\1" + num(version))
        answer = self.receive()
        if answer is None:
            expect(not self.must, "no VERSION")
            return
        expect(answer[0] == 2, "no VERSION but type %d" % answer[0])
        self.version = struct.unpack(">I", answer[1:5])[0]
        self.pairs, left = {}, answer[5:]
        while left:
            name, left = self.cut(left)
            self.pairs[name], left = self.cut(left)

    @staticmethod
    def cut(data):
        """The string at the beginning, and what follows."""
        size = struct.unpack(">I", data[:4])[0]
        expect(len(data) >= 4 + size, "a string is cut short")
        return data[4:4 + size], data[4 + size:]

    def _begin(self, kind, body):
        self.id = (self.id + 1) & 0xffffffff
        return bytes([kind]) + num(self.id) + body

    def ask(self, kind, body):
        """Type and fields (behind the id) of the answer."""
        self.send(self._begin(kind, body))
        answer = self.receive()
        if answer is None:
            raise Failed("the channel ended at a request of type %d" % kind)
        expect(answer[1:5] == num(self.id), "an answer to something else")
        return answer[0], answer[5:]

    def ask_all(self, requests, timeout=30):
        """Many at once."""
        self.channel.settimeout(timeout)
        first = self.id + 1
        self.channel.sendall(b"".join(string(self._begin(kind, body))
                                      for kind, body in requests))
        answers = []
        for number in range(len(requests)):
            answer = self.receive()
            if answer is None:
                raise Failed("the channel ended at %r" % (requests[number],))
            expect(answer[1:5] == num(first + number),
                   "answers out of order")
            answers.append((answer[0], answer[5:]))
        return answers

    def status(self, kind, body):
        """The code of the answer; None when it is no STATUS."""
        kind, left = self.ask(kind, body)
        return struct.unpack(">I", left[:4])[0] if kind == STATUS else None

    def open_with(self, path, flags):
        """A handle; flags are the fields between path and attributes."""
        kind, left = self.ask(3, string(path.encode()) + flags + num(0)
                              + (b"\1" if self.version >= 4 else b""))
        expect(kind == HANDLE, "no handle for %s: %r" % (path, left))
        return self.cut(left)[0]

    def read_all(self, path):
        handle = self.open_with(path, num(1) + num(2) if self.version >= 5
                                else num(1))
        data = b""
        while True:
            kind, left = self.ask(5, string(handle) + quad(len(data))
                                  + num(32768))
            if kind == STATUS:
                expect(left[:4] == num(1), "READ: %r" % left)
                break
            data += self.cut(left)[0]
        self.ask(4, string(handle))
        return data

    def list(self, path):
        """Everything that READDIR sends, in one piece."""
        kind, left = self.ask(11, string(path.encode()))
        expect(kind == HANDLE, "no handle for %s: %r" % (path, left))
        handle, data = self.cut(left)[0], b""
        while True:
            kind, left = self.ask(12, string(handle))
            if kind == STATUS:
                break
            data += left
        self.ask(4, string(handle))
        return data
