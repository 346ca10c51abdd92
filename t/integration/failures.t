#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Calls of libc that never fail in other tests: each of them fails once in each
request.  The request is refused, or its effect is whole; nothing is left
behind, the record agrees, and the next request is served."""

import collections
import contextlib
import errno
import mmap
import os
import shutil
import stat
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, main, promise
from server import GID, PROFTPD, SOURCE, UID, Server, must, run, said
from rawsftp import HANDLE, STATUS, Raw, num, quad, string

LOG = """
ExtendedLog @DIR@/ext.log ALL all
LogFormat all "%m %s"
"""
# The size of failnth.c's struct control.
CONTROL = 24 + 32 + 8192
# The error of the call that fails; nothing else has it.
ERROR = errno.ENOTRECOVERABLE
# 2020-09-13
LONG_AGO = 1600000000
PATIENCE = 30


class Failing(Server):
    """A server in which a call of a session fails."""

    def __init__(self, directives, drop=()):
        super().__init__(directives + LOG, drop=drop)
        library, place = self.path("failnth.so"), self.path("failnth")
        must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra", "-Werror",
                  "-D_GNU_SOURCE", "-o", library,
                  os.path.join(SOURCE, "t/companion/failnth.c")]))
        os.chmod(library, 0o755)
        with open(place, "wb") as file:
            file.write(bytes(CONTROL))
        self.at = 0
        self.env.update(LD_PRELOAD=library, FAILNTH=place)
        with open(place, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), CONTROL)

    def lines(self):
        """New lines of the ExtendedLog."""
        with open(self.path("ext.log")) as log:
            log.seek(self.at)
            found = log.read().splitlines()
            self.at = log.tell()
        return found

    def arm(self, pid, call, nth):
        self.control[:] = bytes(CONTROL)
        self.control[4:12] = struct.pack("=ii", nth, ERROR)
        self.control[24:24 + len(call)] = call.encode()
        self.control[:4] = struct.pack("=i", pid)

    def disarm(self):
        """Whether the call has failed, and the names of all calls."""
        self.control[:4] = bytes(4)
        return self.control[12] == 1, \
            self.control[56:].rstrip(b"\0").decode().split()


# ---- What there is

FILES = {"w/a": b"A" * 70000, "w/b": b"bbbb", "w/d/c": b"cc"}


def make(server):
    """The tree that each request finds."""
    shutil.rmtree(server.home("w"), ignore_errors=True)
    for name, data in FILES.items():
        server.put(name, data)
    server.mkdir("w/e")
    os.symlink("a", server.home("w/l"))
    for top, folders, files in os.walk(server.home("w")):
        for name in folders + files + ["."]:
            path = os.path.join(top, name)
            os.lchown(path, UID, GID)
            os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def tree(server):
    """{name: what it is}"""
    found = {}
    for top, folders, files in os.walk(server.home("w")):
        for name in folders + files:
            path = os.path.join(top, name)
            st = os.lstat(path)
            data = os.readlink(path) if stat.S_ISLNK(st.st_mode) else \
                open(path, "rb").read() if stat.S_ISREG(st.st_mode) else None
            old = int(st.st_mtime) if st.st_mtime < LONG_AGO + 1000 else "now"
            found[os.path.relpath(path, server.home("w"))] = (
                oct(st.st_mode), st.st_uid, data,
                None if stat.S_ISDIR(st.st_mode) else old,
                st.st_nlink if stat.S_ISREG(st.st_mode) else 0)
    return found


# ---- Requests

def path(name):
    return string(b"w/" + name.encode())


def extended(name, body):
    return 200, string(name.encode()) + body


def attrs(**what):
    """size, mode, times"""
    flags = (1 if "size" in what else 0) | (4 if "mode" in what else 0) | \
        (8 if "times" in what else 0)
    return num(flags) + (quad(what["size"]) if flags & 1 else b"") + (
        num(what["mode"]) if flags & 4 else b"") + (
        num(what["times"]) * 2 if flags & 8 else b"")


def execute(command, data):
    """A command: what it prints, or 4 if it fails."""
    def run_it(raw):
        with raw.transport.open_session() as channel:
            channel.settimeout(PATIENCE)
            channel.exec_command(command)
            channel.sendall(data)
            channel.shutdown_write()
            out = b"".join(iter(lambda: channel.recv(65536), b""))
            return out if channel.recv_exit_status() == 0 else 4
    return run_it


# Name: the requests, in order.  "H" stands for the handle of the first.
H = object()
REQUESTS = {
    "STAT": [(17, path("a"))],
    "LSTAT": [(7, path("l"))],
    "FSTAT": [(3, path("a") + num(1) + num(0)), (8, H), (4, H)],
    "READ": [(3, path("a") + num(1) + num(0)),
             (5, H, quad(0) + num(32768)), (5, H, quad(65536) + num(32768)),
             (5, H, quad(70000) + num(10)), (4, H)],
    "WRITE": [(3, path("new") + num(0x1a) + num(0)),
              (6, H, quad(0) + string(b"n" * 1000)), (4, H)],
    "WRITE to what is there": [
        (3, path("b") + num(0x1a) + num(0)),
        (6, H, quad(0) + string(b"n" * 1000)), (4, H)],
    "append": [(3, path("b") + num(0x6) + num(0)),
               (6, H, quad(4) + string(b"n" * 1000)), (4, H)],
    "READDIR": [(11, path("")), (12, H), (12, H), (4, H)],
    "REALPATH": [(16, path("d/../l"))],
    "SETSTAT of a mode": [(9, path("a") + attrs(mode=0o600))],
    "SETSTAT of times": [(9, path("a") + attrs(times=LONG_AGO + 9))],
    "SETSTAT of a size": [(9, path("a") + attrs(size=10))],
    "FSETSTAT": [(3, path("a") + num(2) + num(0)),
                 (10, H, attrs(size=10, mode=0o600, times=LONG_AGO + 9)),
                 (4, H)],
    "REMOVE": [(13, path("b"))],
    "MKDIR": [(14, path("f") + num(0))],
    "RMDIR": [(15, path("e"))],
    "RENAME": [(18, path("b") + path("new"))],
    "RENAME of a directory": [(18, path("d") + path("new"))],
    "posix-rename": [extended("posix-rename@openssh.com",
                              path("b") + path("a"))],
    "hardlink": [extended("hardlink@openssh.com", path("b") + path("new"))],
    "READLINK": [(19, path("l"))],
    "SYMLINK": [(20, string(b"a") + path("new"))],
    "statvfs": [extended("statvfs@openssh.com", path("a"))],
    "fsync": [(3, path("b") + num(2) + num(0)),
              (200, string(b"fsync@openssh.com"), H), (4, H)],
    "copy-file": [extended("copy-file", path("a") + path("new") + b"\0")],
    "copy-file over another": [extended("copy-file", path("a") + path("b")
                                        + b"\1")],
    "check-file": [extended("check-file-name", path("a") + string(b"md5")
                            + quad(0) + quad(0) + num(0))],
    "lsetstat": [extended("lsetstat@openssh.com",
                          path("l") + attrs(times=LONG_AGO + 9))],
    "SCP upload": execute("scp -t w/new", b"C0644 4 new\nnew!\0"),
    "SCP upload over a file": execute("scp -p -t w/b", b"T1600000005 0 "
                                      b"1600000005 0\nC0600 4 b\nnew!\0"),
    "SCP download": execute("scp -p -f w/a", bytes(4)),
    "sha256sum": execute("sha256sum w/a w/b", b""),
    "expand-path": [extended("expand-path@openssh.com", string(b"~/w/l"))],
}


def ask_all(raw, requests):
    """The answers: codes of STATUS, other things as they are."""
    if callable(requests):
        return [requests(raw)]
    handle, found = None, []
    for kind, *parts in requests:
        if H in parts and handle is None:
            break
        kind, left = raw.ask(kind, b"".join(
            string(handle) if part is H else part for part in parts))
        if kind == HANDLE:
            handle, left = raw.cut(left)[0], b""
        found.append(struct.unpack(">I", left[:4])[0] if kind == STATUS
                     else (kind, left))
    return found


def bad(answers):
    return any(one not in (0, 1) for one in answers if isinstance(one, int))


def says_bad(lines):
    """Whether the records tell of a failure."""
    codes = [int(code) for code in (line.split()[-1] for line in lines)
             if code.isdigit()]
    return any(1 < code < 100 or code >= 400 for code in codes)


class Session:
    """Raw, which logs in when it is needed."""

    def __init__(self, server):
        self.server, self.raw, self.stack = server, None, None

    def ready(self):
        if self.raw is None:
            self.server.no_sessions()
            self.stack = contextlib.ExitStack()
            self.raw = self.stack.enter_context(Raw(self.server, 3))
            self.pid = self.server.session()
        return self.raw

    def close(self):
        if self.stack is not None:
            self.stack.close()
        self.raw = self.stack = None


# Where an error comes after the file was opened, some of it is done: without
# HiddenStores, or always.
PARTLY = {"WRITE", "WRITE to what is there", "SCP upload",
          "SCP upload over a file"}
ALWAYS_PARTLY = {"append", "FSETSTAT"}


def with_failure(session, requests, call="", nth=0):
    """(answers, records, whether the call has failed, the names of all)"""
    server, raw = session.server, session.ready()
    server.lines()
    server.arm(session.pid, call, nth)
    answers = ask_all(raw, requests)
    return (answers, server.lines()) + server.disarm()


def one_by_one(session, name):
    """How many calls of each kind the request cannot do without."""
    server, requests = session.server, REQUESTS[name]
    refused = collections.Counter()
    make(server)
    before = tree(server)
    good, lines, _, calls = with_failure(session, requests)
    after = tree(server)
    expect(not bad(good) and not says_bad(lines),
           "%s is refused: %r, %r" % (name, good, lines))
    for call, number in sorted(collections.Counter(calls).items()):
        for nth in range(1, number + 1):
            if tree(server) != before:
                make(server)
            answers, lines, failed, _ = with_failure(session, requests, call,
                                                     nth)
            if failed:          # otherwise something was cached
                refused[call] += judge(server, name, (call, nth), answers,
                                       lines, before, after)
    make(server)
    again = with_failure(session, requests)[0]
    expect(not bad(again) and tree(server) == after,
           "%s is not served afterwards: %r" % (name, again))
    return refused


def judge(server, name, failed, answers, lines, before, after):
    """Whether the request was refused."""
    now, what = tree(server), "%s, call %d of %s" % (name, failed[1], failed[0])
    if name.startswith("SCP") and contents(now) == contents(after) and \
            (bad(answers), failed[0]) in SCP_WHOLE:
        return bad(answers)
    expect(says_bad(lines) == bad(answers), "%s: answers %.200r, records %r" % (
        what, answers, lines))
    if not bad(answers):
        expect(now == after, "%s fails without a word, and there is %r" % (
            what, differences(now, after)))
    elif not may_remain(server, name, answers):
        expect(now == before, "%s fails and leaves %r" % (
            what, differences(now, before)))
    return bad(answers)


# By SCP, the whole file is there and recorded when its mode and times are set,
# which then fails; and the client has it when the server closes it.
SCP_WHOLE = {(True, call) for call in ("fstat", "fchmod", "futimes")} | {
    (False, "close")}


def contents(tree):
    return {name: what[2] for name, what in tree.items()}


def may_remain(server, name, answers):
    return (name in ALWAYS_PARTLY or name in PARTLY and server is PLAIN) and \
        (len(answers) > 1 or name.startswith("SCP"))


def differences(one, other):
    return {name: (one.get(name), other.get(name))
            for name in set(one) | set(other)
            if one.get(name) != other.get(name)}


# How many calls of each kind a request cannot do without, at least: where one
# of them fails, it is refused.  Not named are stat() and fcntl(), of which there
# are fewer where something is cached, or the scoreboard is left alone.  Other
# versions of ProFTPD make other calls.
VERSION = "ProFTPD Version 1.3.8\n"
NEEDS = {
    "FSTAT": "close fstat*2 lstat*2 open",
    "READ": "close fstat lstat*2 open preadv*3",
    "WRITE": "close fstat open pwritev",
    "WRITE to what is there": "close fstat ftruncate open pwritev",
    "append": "close fstat lstat open",
    "READDIR": "fdopendir open readdir",
    "SETSTAT of a mode": "lstat",
    "SETSTAT of times": "lstat*2 utimensat",
    "SETSTAT of a size": "fstat fstatat ftruncate lstat openat",
    "FSETSTAT": "close fchmod fstat*3 ftruncate futimes lstat open",
    "REMOVE": "chdir getcwd lstat unlink",
    "MKDIR": "chdir getcwd mkdir",
    "RMDIR": "chdir getcwd rmdir",
    "RENAME": "chdir getcwd lstat open renameat2",
    "RENAME of a directory": "chdir getcwd lstat open renameat2",
    "posix-rename": "chdir getcwd lstat open renameat",
    "hardlink": "chdir*2 getcwd*2 linkat open",
    "READLINK": "readlink",
    "SYMLINK": "chdir getcwd symlink",
    "statvfs": "fstatvfs open",
    "fsync": "close fstat fsync lstat open",
    "copy-file": "close copy_file_range fstat*5 lstat*2 open*2",
    "copy-file over another":
        "close copy_file_range fstat*5 lstat*3 open*4 renameat",
    "check-file": "fstat*2 lstat open pread",
    "lsetstat": "chdir getcwd lstat*2 utimensat",
    "SCP upload": "close fstat*2 open pwritev",
    "SCP upload over a file":
        "close fchmod fstat*3 ftruncate futimes open pwritev",
    "SCP download": "fstat*2 lstat*2 open preadv",
    "sha256sum": "fstat*2 lstat*2 open*2 pread*2",
}
# With HiddenStores and owners, where that is something else.
STRICT_NEEDS = {
    "WRITE": "close fstat lstat open*2 pwritev renameat2",
    "WRITE to what is there": "close fstat lstat open*2 pwritev renameat",
    "SCP upload": "close fstat*2 lstat open*2 pwritev renameat2",
    "SCP upload over a file":
        "close fstat*3 futimes lstat open*2 pwritev renameat",
}


def needs(server, name):
    text = STRICT_NEEDS.get(name) if server is STRICT else None
    found = {}
    for word in (text or NEEDS.get(name, "")).split():
        call, _, number = word.partition("*")
        found[call] = int(number or 1)
    return found


PLAIN = Failing("AllowOverwrite on\n")
STRICT = Failing("""
HiddenStores on
DeleteAbortedStores on
AllowOverride on
<Directory @DIR@/home/alice/w>
  UserOwner alice
  GroupOwner team
</Directory>
""", drop=("DefaultRoot",))

# What STRICT changes.
STRICTER = ("WRITE", "WRITE to what is there", "append", "MKDIR", "RMDIR",
            "REMOVE", "RENAME", "copy-file", "copy-file over another",
            "SCP upload", "SCP upload over a file")

for server in (PLAIN, STRICT):
    session = Session(server)
    for name in REQUESTS if server is PLAIN else STRICTER:
        @promise("%s%s is whole or refused, whatever fails" % (
            name, ", with HiddenStores and owners" if server is STRICT else ""))
        def _(name=name, session=session):
            try:
                found = one_by_one(session, name)
            except (EOFError, OSError) as why:
                session.close()
                raise Failed("the session ended: %r" % why)
            if VERSION not in said(run([PROFTPD, "-v"])):
                return
            for call, number in needs(session.server, name).items():
                expect(found[call] >= number, "%d calls of %s could fail "
                       "without a refusal; refused: %r" % (
                           number - found[call], call, dict(found)))

main(PLAIN, STRICT)
