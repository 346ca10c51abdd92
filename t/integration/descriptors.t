#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What a session has open after the login: nothing that another login could be
made with, and still the names of owners and groups."""

import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawsftp import Raw, num, string
from server import GID, Server, must, said
from system import System
from tap import expect, expect_same, main, promise

import paramiko

MANY = 3000
SETSTAT, OWNERGROUP = 9, 0x80
ANONYMOUS = """
<Anonymous @DIR@/home/alice>
  User alice
  Group staff
  AnonRequirePassword off
  UserAlias guest alice
  RequireValidShell off
</Anonymous>
"""

jailed = Server("ExtendedLog @DIR@/ext.log ALL\n", users=("alice", "bob"))
free = Server("", drop=("DefaultRoot",))
guests = Server(ANONYMOUS)
unix = System("AuthOrder mod_auth_unix.c\nAuthPAM off\n")
pam = System("AuthOrder mod_auth_pam.c* mod_auth_unix.c\n"
             "AuthPAMConfig test-plain\n")
servers = (jailed, free, guests, unix, pam)


def fill(server):
    """So many accounts that no buffer of any reader holds the file."""
    with open(server.path("passwd")) as file:
        hashed = file.read().split(":")[1]
    with open(server.path("passwd"), "a") as out:
        out.write("# comment:%s:1:1\n\nbroken\n+::::::\n" % hashed)
        for n in range(MANY):
            out.write("user%d:%s:%d:%d:%s:/nowhere:/bin/sh\n" % (
                n, hashed, 30000 + n, GID, "x" * 40))
    with open(server.path("group"), "a") as out:
        for n in range(MANY):
            out.write("group%d:%s:%d:alice,bob\n" % (n, hashed, 30000 + n))


fill(jailed)
for name in ("last", "own"):
    jailed.put(name, b"x")
os.chown(jailed.home("last"), 30000 + MANY - 1, 30000 + MANY - 1)


class Session:
    """Somebody who has logged in and listed a directory."""

    def __init__(self, server, user="alice", key=False, password=None):
        self.server = server
        self.conn = paramiko.Transport(server.connect())
        if key:
            self.conn.connect(username=user, pkey=paramiko.Ed25519Key.
                              from_private_key_file(server.key))
        else:
            self.conn.connect(username=user,
                              password=password or server.password)
        self.sftp = paramiko.SFTPClient.from_transport(self.conn)
        self.sftp.listdir(".")
        self.pid = server.session()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.conn.close()
        self.server.no_sessions()

    def descriptors(self):
        """{number: (what it is, flags, content if that can be read)}"""
        found = {}
        top = "/proc/%d/" % self.pid
        for number in os.listdir(top + "fd"):
            path = top + "fd/" + number
            with open(top + "fdinfo/" + number) as info:
                flags = int(re.search(r"flags:\s*(\d+)", info.read()).group(1),
                            8)
            text = None
            if (flags & os.O_ACCMODE != os.O_WRONLY
                    and stat.S_ISREG(os.stat(path).st_mode)):
                with open(path, "rb") as file:
                    text = file.read()
            found[int(number)] = (os.readlink(path), flags, text)
        return found


def logins():
    yield "by password", Session(jailed)
    yield "by key", Session(jailed, key=True)
    yield "without a root", Session(free)
    yield "by key, without a root", Session(free, key=True)
    yield "anonymous", Session(guests, "guest", password="me@example.org")
    yield "an account of the system", Session(unix)
    yield "an account of the system, by key", Session(unix, key=True)
    yield "by PAM", Session(pam)


@promise("no descriptor of a session reads a password, however it logged in")
def _():
    for how, session in logins():
        with session:
            for number, (what, _, text) in session.descriptors().items():
                expect(text is None or re.search(rb"\$(y|\d)\$", text) is None,
                       "%s: %d reads hashes: %s" % (how, number, what))
                expect("shadow" not in what or not text,
                       "%s: %d is %s" % (how, number, what))


@promise("the open files of a session are known: sockets, logs, scoreboard, "
         "names")
def _():
    for how, session in logins():
        with session:
            for number, (what, flags, text) in session.descriptors().items():
                if number <= 2 or what.startswith("socket:"):
                    continue
                if text is None:
                    expect(what.endswith(".log"), "%s: %d writes to %s" % (
                        how, number, what))
                elif not re.search(r"/scoreboard(\.lck)?$", what) and \
                        not what.startswith("/memfd:mod_sftp uploads "):
                    expect(what.startswith("/memfd:accounts"),
                           "%s: %d reads %s" % (how, number, what))
                    expect(flags & os.O_CLOEXEC, "%s: %d stays in programs"
                           % (how, number))


@promise("the copies contain only names, and cannot be written")
def _():
    with Session(jailed) as session:
        copies = {number: text for number, (what, _, text)
                  in session.descriptors().items() if "accounts" in what}
        expect_same(len(copies), 2, "copies")
        for number, text in copies.items():
            lines = text.decode().splitlines()
            expect(all(line.split(":")[1] == "*" for line in lines),
                   "a line with a password")
            expect(not any(line.startswith(("#", "broken")) for line in lines),
                   "a line that is no account")
            expect(len(lines) >= MANY, "%d lines" % len(lines))
            try:
                with open("/proc/%d/fd/%d" % (session.pid, number), "r+b",
                          buffering=0) as file:
                    file.write(b"root:*:0:0:")
                raise AssertionError("it can be written")
            except PermissionError:
                pass
        users = [line.split(":") for line in max(
            copies.values(), key=len).decode().splitlines()]
        expect_same(users[-1][0::2], ["user%d" % (MANY - 1),
                                      str(30000 + MANY - 1), "x" * 40,
                                      "/bin/sh"], "the last entry")


@promise("owners and groups have names inside and outside of a chroot")
def _():
    out = must(jailed.sftp("ls -l last\nls -l own")).stdout.decode()
    expect(re.search(r"user%d +group%d .* last" % (MANY - 1, MANY - 1), out)
           and re.search(r"alice +staff .* own", out), out)
    for server in (free, unix, pam):
        server.put("own", b"x")
        server.authorize(server.key)
        shown = must(server.sftp("ls -l %s" % ("own" if server is not free
                                               else server.home("own"))))
        out = shown.stdout.decode()
        expect(re.search(r"alice +(staff|staff-under-test) ", out),
               out + said(shown))


@promise("inside a chroot a group is found by its name")
def _():
    body = (string(b"/own") + num(OWNERGROUP) + bytes([1]) + string(b"alice")
            + string(b"group%d" % (MANY - 1)))
    with Raw(jailed, 4) as raw:
        expect_same(raw.status(SETSTAT, body), 0, "status")
    expect_same(os.stat(jailed.home("own")).st_gid, 30000 + MANY - 1, "group")


@promise("later logins have the passwords")
def _():
    for server, user in ((jailed, "bob"), (jailed, "alice"), (unix, "alice")):
        with Session(server, user):
            pass


main(*servers)
