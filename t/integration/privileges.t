#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What a session may do: what its user may, whatever the process could.

Each configuration leaves privileges to the process in another way.  In none
of them does a client use one, and UserOwner and GroupOwner work.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import GID, UID, Server, must
from rawsftp import Raw, num, string

OTHER = UID + 1                 # bob's
TEAM, FOREIGN = GID + 10, GID + 11

CHOWN = 1 << 0
with open("/proc/self/status") as own:
    OURS = dict(line.split(":", 1) for line in own)
ALL = int(OURS["CapPrm"], 16) & 0xffffffff      # what root has here

OWNERS = """
<Directory @DIR@/home/alice/given>
  UserOwner bob
  GroupOwner foreign
</Directory>
<Directory @DIR@/home/alice/grouped>
  GroupOwner team
</Directory>
"""

EVERY = "CapabilitiesSet " + " ".join(
    "+CAP_" + name for name in ("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
                                "FOWNER", "FSETID", "SETUID")) + "\n"

# Name: directives, capabilities that stay permitted, whether root does.
TOPICS = {
    "nothing asked for": ("", 0, False),
    "UserOwner of no directory": (
        "<Directory /nowhere>\nUserOwner bob\n</Directory>\n", CHOWN, False),
    "UserOwner": (OWNERS, CHOWN, False),
    "UserOwner, no mod_cap": (OWNERS + "CapabilitiesEngine off\n", CHOWN,
                              False),
    "UserOwner, no CAP_CHOWN": (OWNERS + "CapabilitiesSet -CAP_CHOWN\n", 0,
                                False),
    "UserOwner, RootRevoke on": (OWNERS + "RootRevoke on\n", 0, False),
    "GroupOwner": ("<Directory @DIR@/home/alice/grouped>\nGroupOwner team\n"
                   "</Directory>\n", 0, False),
    "RootRevoke off": ("RootRevoke off\n", 0, False),
    "every capability": (OWNERS + "RootRevoke off\n" + EVERY, CHOWN, False),
    "every capability, real root": (
        OWNERS + "RootRevoke off\nCapabilitiesRootRevoke off\n" + EVERY,
        CHOWN, False),
    "RootRevoke off, no mod_cap": (
        OWNERS + "RootRevoke off\nCapabilitiesEngine off\n", ALL, True),
}


def prepare(lines):
    server = Server(lines, users=("alice", "bob"), drop=("DefaultRoot",))

    def number(fields):
        if fields[0] == "bob":
            fields[2] = str(OTHER)

    server.edit("passwd", number)
    with open(server.path("group"), "a") as group:
        group.write("team:x:%d:alice\nforeign:x:%d:\n" % (TEAM, FOREIGN))
    for name in ("given", "grouped", "sub"):
        server.mkdir(name)
    return server


servers = {name: prepare(topic[0]) for name, topic in TOPICS.items()}


def root_file(server, name, mode=0o600, data=b"of root"):
    path = server.put(name, data, mode)
    os.chown(path, 0, 0)
    os.chmod(path, mode)
    return path


def attrs_owner(uid, gid):
    return num(2) + num(uid) + num(gid)


def owner(path):
    info = os.lstat(path)
    return info.st_uid, info.st_gid


def each(func):
    for name, server in servers.items():
        try:
            func(name, server)
        except Exception as why:
            why.args = ("%s: %s" % (name, why),)
            raise


@promise("no capability is effective, and none is permitted that the "
         "configuration does not need")
def _():
    def check(name, server):
        with Raw(server, 3) as raw:
            raw.list(server.home())
            with open("/proc/%d/status" % server.session()) as file:
                status = dict(line.split(":", 1) for line in file)
        _lines, permitted, root = TOPICS[name]
        for field in ("CapEff", "CapInh", "CapAmb"):
            expect_same(int(status[field], 16), 0, field)
        expect_same(int(status["CapPrm"], 16) & 0xffffffff, permitted, "CapPrm")
        if permitted and not root:
            server.wait_log("sftp.log", r"session confined: .*; open: "
                            r"CAP_CHOWN \(UserOwner, GroupOwner\)")
        uids = [str(UID)] * 4
        expect_same(status["Uid"].split(),
                    ["0", str(UID), "0", str(UID)] if root else uids, "Uid")
        expect_same(status["Gid"].split(), [str(GID)] * 4, "Gid")
        server.no_sessions()
    each(check)


@promise("nobody can take over root's file by chown to read it")
def _():
    def check(name, server):
        path = root_file(server, "secret")
        shared = root_file(server, "shared", 0o666)
        os.symlink("secret", server.home("link"))
        encoded = string(path.encode())
        mine = attrs_owner(UID, GID)
        with Raw(server, 3) as raw:
            expect_same(raw.status(9, encoded + mine), 3, "SETSTAT")
            handle = raw.open_with(shared, num(3))
            expect_same(raw.status(10, string(handle) + mine), 3, "FSETSTAT")
            raw.status(4, string(handle))
            kind, _left = raw.ask(200, string(b"lsetstat@openssh.com")
                                  + encoded + mine)
            expect_same(kind, 101, "lsetstat")
            raw.status(9, string(server.home("link").encode()) + mine)
            expect_same(raw.status(3, encoded + num(1) + num(0)), 3, "OPEN")
        with Raw(server, 6) as raw:
            # Version 4 and newer name owners.
            who = num(0x80) + b"\1" + string(b"alice") + string(b"staff")
            expect_same(raw.status(9, encoded + who), 3, "SETSTAT, version 6")
        expect_same(owner(path), (0, 0), "the file's owner")
        expect_same(owner(shared), (0, 0), "the shared file's owner")
        os.unlink(server.home("link"))
    each(check)


@promise("nobody can give files away, or to a group that is not theirs")
def _():
    def check(name, server):
        path = server.put("mine", b"x")
        encoded = string(path.encode())
        new = server.home("new")
        with Raw(server, 3) as raw:
            for uid, gid in ((OTHER, GID), (0, 0), (UID, FOREIGN), (UID, 0)):
                expect_same(raw.status(9, encoded + attrs_owner(uid, gid)), 3,
                            "chown to %d, %d" % (uid, gid))
                expect_same(owner(path), (UID, GID), "owner")
            expect_same(raw.status(9, encoded + attrs_owner(UID, TEAM)), 0,
                        "chgrp to one's own group")
            expect_same(owner(path), (UID, TEAM), "group")
            # The attributes of OPEN: what may not be set is left out.
            kind, left = raw.ask(3, string(new.encode()) + num(0x1a)
                                 + attrs_owner(0, FOREIGN))
            expect_same(kind, 102, "OPEN")
            raw.status(4, string(raw.cut(left)[0]))
        expect_same(owner(new), (UID, GID), "owner of the new file")
        os.unlink(new)
    each(check)


@promise("nothing else works that the user may not do: modes, times, "
         "reading, listing, sticky directories, set-id bits")
def _():
    def check(name, server):
        path = root_file(server, "secret")
        encoded = string(path.encode())
        closed = server.mkdir("closed", 0o700)
        os.chown(closed, 0, 0)
        sticky = server.mkdir("sticky", 0o1777)
        os.chown(sticky, 0, 0)
        stuck = root_file(server, "sticky/file", 0o644)
        theirs = server.put("theirs", b"x", 0o755)
        os.chown(theirs, UID, FOREIGN)
        with Raw(server, 3) as raw:
            for what, kind, body in (
                    ("chmod", 9, encoded + num(4) + num(0o666)),
                    ("utimes", 9, encoded + num(8) + num(1) + num(1)),
                    ("truncate", 9, encoded + num(1) + num(0) + num(0)),
                    ("read", 3, encoded + num(1) + num(0)),
                    ("write", 3, encoded + num(2) + num(0)),
                    ("list", 11, string(closed.encode())),
                    ("look", 17, string((closed + "/x").encode())),
                    ("remove", 13, string(stuck.encode())),
                    ("rename", 18, string(stuck.encode())
                     + string((sticky + "/other").encode())),
                    ("mkdir", 14, string((closed + "/x").encode())
                     + num(0))):
                expect_same(raw.status(kind, body), 3, what)
            raw.status(9, string(theirs.encode()) + num(4) + num(0o2755))
        info = os.stat(path)
        expect_same((info.st_mode & 0o7777, info.st_size), (0o600, 7), "file")
        expect_same(os.stat(theirs).st_mode & 0o7000, 0, "set-group-id")
        os.chmod(sticky, 0o755)
    each(check)


@promise("UserOwner and GroupOwner own new files and directories, by SFTP "
         "and scp")
def _():
    def check(name, server):
        lines, permitted, root = TOPICS[name]
        if lines.find("GroupOwner") < 0:
            return
        given = (OTHER, FOREIGN) if permitted else (UID, GID)
        source = server.local("up", b"data")
        home = server.home()
        must(server.sftp("put %s %sgiven/a\nmkdir %sgiven/d\n"
                         "put %s %sgrouped/a\nmkdir %sgrouped/d"
                         % (source, home, home, source, home, home)))
        must(server.scp("-O", source, "srv:%sgiven/b" % home))
        for made in ("a", "b", "d"):
            expect_same(owner(server.home("given/" + made)), given,
                        "given/" + made)
        for made in ("a", "d"):
            expect_same(owner(server.home("grouped/" + made)), (UID, TEAM),
                        "grouped/" + made)
        if not permitted and "UserOwner" in lines:
            server.wait_log("sftp.log", "unable to give '.*given/a' to its "
                            "UserOwner or GroupOwner: Operation not permitted")
    each(check)


@promise("a file that is given away has no set-id bits")
def _():
    def check(name, server):
        lines, permitted, _root = TOPICS[name]
        if lines.find("GroupOwner") < 0 or not permitted:
            return
        path = server.home("given/tool")
        with Raw(server, 3) as raw:
            kind, left = raw.ask(3, string(path.encode()) + num(0x1a) + num(4)
                                 + num(0o6755))
            expect_same(kind, 102, "OPEN")
            raw.status(4, string(raw.cut(left)[0]))
        expect_same(owner(path), (OTHER, FOREIGN), "owner")
        expect_same(os.stat(path).st_mode & 0o7000, 0, "set-id bits")
    each(check)


@promise("transfers are logged and counted as always")
def _():
    def check(name, server):
        server.put("down", b"x" * 10)
        must(server.sftp("get %s %s" % (server.home("down"),
                                        server.local("down"))))
        server.no_sessions()
        expect("home/alice/down b _ o r alice" in server.log("transfer.log"),
               "TransferLog")
        for sign in ("ROOT PRIVS: unable", "RELINQUISH PRIVS: unable"):
            expect(sign not in server.log("system.log"), sign)
    each(check)


main(*servers.values())
