# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A server with SFTPTransferRecord, and what its tests ask of the files."""

import json
import os
import re
import sys

from server import SOURCE, Server, must, run, said, wait_for
from tap import expect

TOOL = os.path.join(SOURCE, "tools/sftp-record")


class Recorded(Server):
    """words: after the path; text: more lines."""

    def __init__(self, words="", text="", **more):
        super().__init__("SFTPTransferRecord @DIR@/rec/log %s\n%s"
                         % (words, text), **more)
        os.mkdir(self.path("rec"), 0o755)
        self.record = self.path("rec/log")
        for name in ("host_ed25519", "host_ecdsa", "host_rsa"):
            with open(self.path(name) + ".pub", "wb") as out:
                out.write(must(run(["ssh-keygen", "-y", "-f",
                                    self.path(name)])).stdout)

    def lines(self, path=None):
        try:
            with open(path or self.record, "rb") as file:
                return file.read().splitlines(True)
        except FileNotFoundError:
            return []

    def records(self, what=None, file=None, **members):
        """Those of this kind with these members; text as the bytes were."""
        found = []
        for line in self.lines(file):
            try:
                one = json.loads(line)
            except ValueError:
                continue
            if what in (None, one["what"]) and all(
                    one.get(name) == value
                    for name, value in members.items()):
                found.append(one)
        return found

    def wait_record(self, what, **members):
        return wait_for(lambda: self.records(what, **members),
                        "a record %s %r in\n%s" % (what, members, b"".join(
                            self.lines()[-3:]).decode()))[-1]

    def recorders(self):
        """Process ids of its recorders: the processes with its file."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if any(os.readlink("/proc/%s/fd/%s" % (pid, fd)).startswith(
                        self.path("rec")) for fd in os.listdir(
                            "/proc/%s/fd" % pid)):
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def recorder(self):
        return wait_for(lambda: len(self.recorders()) == 1 and
                        self.recorders(), "a recorder")[0]

    def helpers(self, name):
        """Process ids of those with this name and its logs."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/comm" % pid) as file:
                    if file.read().strip() == name and any(
                            os.readlink("/proc/%s/fd/%s" % (pid, fd)) ==
                            self.path("system.log")
                            for fd in os.listdir("/proc/%s/fd" % pid)):
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def settled(self):
        """The daemon has ended, and its recorder has written all."""
        self.stop_clean()
        wait_for(lambda: not self.recorders(), "the recorder to end")

    def hostkey(self, name="host_ed25519"):
        return self.path(name + ".pub")


def verify(srv, *paths, key=None, options=None):
    """The exit status of sftp-record verify, and its output."""
    res = run([sys.executable, "-I", TOOL, "verify"]
              + (options or ["-k", key or srv.hostkey()])
              + list(paths or [srv.record]))
    return res.returncode, res.stdout.decode() + res.stderr.decode()


def whole(srv, *paths, **more):
    code, text = verify(srv, *paths, **more)
    expect(code == 0 and text.endswith("\nwhole\n"), text)
    return text


def wrong(srv, pattern, *paths, **more):
    code, text = verify(srv, *paths, **more)
    expect(code == 1 and re.search(pattern, text), "not %r: %d\n%s" % (
        pattern, code, text))
    return text


def usage(*words):
    res = run([sys.executable, "-I", TOOL] + list(words))
    return res.returncode, said(res)
