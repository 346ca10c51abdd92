# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""FileZilla's fzsftp: the program that speaks SFTP for FileZilla.

It takes commands on stdin and answers with events: a character, and as many
lines as belong to it.  What files hold goes through shared memory.
"""

import mmap
import os
import selectors
import subprocess
import time

from base import PATIENCE, Client, must, run
from clients import putty_key

# Lines behind the character of an event, 0 as "0" and so on.
(REPLY, DONE, ERROR, VERBOSE, INFO, STATUS, RECV, SEND, ENTRY, HOSTKEY,
 HOSTKEY_CHANGED, HOSTKEY_BETTER, PASSWORD, TRANSFER, PREAMBLE, INSTRUCTION,
 QUOTA_RECV, QUOTA_SEND) = range(18)
IO_SIZE, IO_OPEN, IO_NEXT, IO_END = range(26, 30)
LINES = {QUOTA_RECV: 0, QUOTA_SEND: 0, IO_SIZE: 0, HOSTKEY: 2,
         HOSTKEY_CHANGED: 2, HOSTKEY_BETTER: 2, ENTRY: 3}
BUFFER = 262144


class Ended(Exception):
    """fzsftp is gone."""


class Session:
    """One fzsftp, and the events that it sends."""

    def __init__(self, login, end):
        self.login = login
        self.end = end
        self.said = []
        self.names = []
        self.file = None
        self.up = False
        self.bytes = b""
        self.shared = os.memfd_create("fzsftp")
        os.ftruncate(self.shared, BUFFER)
        self.memory = mmap.mmap(self.shared, BUFFER)
        self.process = subprocess.Popen(
            ["fzsftp", "-v"] + (["-C"] if login.compress else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, pass_fds=(self.shared,),
            env=dict(os.environ, HOME=login.server.path("filezilla")))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.selector.close()
        self.memory.close()
        os.close(self.shared)

    def send(self, line):
        try:
            self.process.stdin.write(line.encode("utf-8", "surrogateescape")
                                     + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Ended

    def more(self):
        if not self.selector.select(self.end - time.monotonic()):
            raise subprocess.TimeoutExpired("fzsftp", PATIENCE)
        new = os.read(self.process.stdout.fileno(), 65536)
        if not new:
            raise Ended
        self.bytes += new

    def event(self):
        while not self.bytes:
            self.more()
        kind = self.bytes[0] - ord("0")
        self.bytes = self.bytes[1:]
        lines = []
        for _ in range(LINES.get(kind, 1)):
            while b"\n" not in self.bytes:
                self.more()
            line, _, self.bytes = self.bytes.partition(b"\n")
            lines.append(line.decode("utf-8", "surrogateescape"))
        while self.bytes[:1] == b"\n":
            self.bytes = self.bytes[1:]
        return kind, lines

    def next_buffer(self, processed):
        """Upload: the next piece, "-" at the end.  Download: a place for
        one, and what is in it goes to the file."""
        if self.up:
            data = self.file.read(BUFFER)
            self.memory[:len(data)] = data
            self.send("-0 %d" % len(data) if data else "-")
            return
        self.file.write(self.memory[:processed])
        self.send("-0 %d" % BUFFER)

    def open_file(self, offset):
        if offset >= 1 << 63:           # -1: where it ends
            self.file.seek(0, os.SEEK_END)
        else:
            self.file.seek(offset)
        self.send("-%d %d %d" % (self.shared, BUFFER, self.file.tell()))

    def answer(self, kind, lines):
        if kind in (QUOTA_RECV, QUOTA_SEND):
            self.send("-%d-" % (kind - QUOTA_RECV))
        elif kind in (HOSTKEY, HOSTKEY_CHANGED, HOSTKEY_BETTER):
            self.send("y")
        elif kind == PASSWORD:
            if self.asked:
                raise Ended             # that was wrong
            self.asked = True
            self.send(self.login.password or "")
        elif kind == ENTRY:
            self.names.append(lines[2])
        elif kind == IO_SIZE:
            self.send("-%d" % os.fstat(self.file.fileno()).st_size)
        elif kind == IO_OPEN:
            self.open_file(int(lines[0] or 0))
        elif kind == IO_NEXT:
            self.next_buffer(int(lines[0] or 0))
        elif kind == IO_END:
            self.file.write(self.memory[:int(lines[0] or 0)])
            self.file.flush()
            self.send("-1")

    def command(self, line, file=None, up=False):
        """True if it was done."""
        self.file, self.up, self.asked = file, up, False
        self.send(line)
        while True:
            kind, lines = self.event()
            if kind in (ERROR, STATUS, REPLY, VERBOSE):
                self.said.append(lines[0])
            if kind == DONE:
                return lines[0] == "1"
            if kind == REPLY:
                return True
            self.answer(kind, lines)


def quoted(word):
    return '"%s"' % word.replace('"', '""')


class FileZilla(Client):
    name = "filezilla"
    title = "FileZilla (fzsftp)"
    packages = ("filezilla", "putty-tools")
    can = ("put", "get", "reput", "reget", "ls", "rename", "mkdir", "rm",
           "chmod", "utime")
    cannot = {"links": "it cannot create links",
              "channels": "each connection is a separate process"}
    # It takes * and ? for patterns.
    names = tuple(name for name in Client.names
                  if not set(name) & set('*?[]\\"')
                  and not any("\udc80" <= c <= "\udcff" for c in name))

    def version(self):
        text = must(run(["fzsftp", "--version"])).stdout.decode()
        return text.split("psftp: ")[1].split()[0]

    def one(self, session, name, *args):
        words = " ".join(map(quoted, args))
        if name in ("put", "reput"):
            with open(args[0], "rb") as file:
                return session.command("%s %s" % (name, words), file, True)
        if name in ("get", "reget"):
            with open(args[1], "r+b" if name == "reget" else "w+b") as file:
                return session.command(
                    "%s %s %s" % (name, quoted(args[0]), quoted(args[1])),
                    file)
        if name == "ls":
            return session.command("cd " + words) and session.command("ls")
        if name == "chmod":         # which reports a failure all the same
            session.command("chmod %s %s" % (args[0], quoted(args[1])))
            return True
        if name == "utime":
            return session.command("chmtime %s %s" % (args[0],
                                                      quoted(args[1])))
        verb = {"rename": "mv"}.get(name, name)
        return session.command("%s %s" % (verb, words))

    def do(self, login, *commands, timeout=PATIENCE):
        os.makedirs(login.server.path("filezilla"), exist_ok=True)
        session = Session(login, time.monotonic() + timeout)
        good = False
        try:
            kind, _ = session.event()           # it says who it is
            if login.key:
                session.command("keyfile " + quoted(putty_key(login.server)))
            good = session.command("open %s %d" % (
                quoted(login.server.user + "@127.0.0.1"), login.server.port))
            for words in commands:
                good = good and self.one(session, *words)
        except Ended:
            good = False
        finally:
            session.close()
        return subprocess.CompletedProcess(
            commands, 0 if good else 1, "\0".join(session.names).encode(),
            "\n".join(session.said[-12:]).encode())

    def answer(self, result):
        return set(result.stdout.decode().split("\0")) - {".", "..", ""}


CLIENTS = (FileZilla,)
