# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A server that answers control requests."""

import contextlib
import itertools
import os
import re
import socket
import struct

from server import PATIENCE, Server

CONTROLS = """
ControlsEngine on
ControlsInterval 1
ControlsMaxClients 64
ControlsSocket @DIR@/ctrls.sock
ControlsACLs all allow user *
ControlsSocketACL allow user *
SFTPControlsACLs all allow user root
"""


NUMBERS = itertools.count()
BLOCKED = "blocked connection"


def _request(path, words):
    name = "/tmp/ftp.cl%d-%d" % (os.getpid(), next(NUMBERS))
    words = [os.fsencode(word) for word in words]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(name)
        try:
            os.chmod(name, 0o700)
            sock.connect(path)  # waits while others are in the queue
            sock.settimeout(PATIENCE)
            # It may have refused to wait already.
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(struct.pack("=iI", 0, len(words)) + b"".join(
                    struct.pack("=I", len(word)) + word for word in words))
            with sock.makefile("rb") as answer:
                head = answer.read(8)
                if not head:
                    return [BLOCKED]
                _, count = struct.unpack("=iI", head)
                return [answer.read(*struct.unpack("=I", answer.read(4)))
                        .decode() for _ in range(count)]
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def control(path, *words):
    """The lines of the answer to what ftpdctl would ask.  That program writes
    its words one by one, and the daemon, which does not wait for them, crashes
    if it looks between two of them; here they are sent at once.  ProFTPD looks
    once a second, and refuses to wait for a client that has connected and not
    asked yet."""
    lines = [BLOCKED]
    while lines == [BLOCKED]:
        lines = _request(path, words)
    return lines


class Controlled(Server):
    def ctl(self, *words):
        return control(self.path("ctrls.sock"), "sftp", *words)

    def counters(self, *words):
        """{name and labels: number}"""
        found = (re.fullmatch(r"(.*?) (\d+)(?: of \d+)?", line)
                 for line in self.ctl("counters", *words))
        return {one.group(1): int(one.group(2)) for one in found}
