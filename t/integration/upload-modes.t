#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Modes, times and groups of uploads: the manual's table, row by row."""

import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policydoors import Session
from rawsftp import Raw, num, string
from server import GID, SOURCE, UID, Server, free_port
from tap import expect, expect_same, main, promise

THEN = 1000000000
EXTRA = GID + 50

# A virtual host for each; Umask is 027.
HOSTS = {
    "none": "",
    "IgnoreSCPUploadPerms": "SFTPOptions IgnoreSCPUploadPerms",
    "IgnoreSCPUploadTimes": "SFTPOptions IgnoreSCPUploadTimes",
    "IgnoreSFTPUploadPerms": "SFTPOptions IgnoreSFTPUploadPerms",
    "IgnoreSFTPSetPerms": "SFTPOptions IgnoreSFTPSetPerms",
    "IgnoreSFTPSetTimes": "SFTPOptions IgnoreSFTPSetTimes",
    "IgnoreSFTPSetOwners": "SFTPOptions IgnoreSFTPSetOwners",
    "denied": "<Limit SITE_CHMOD>\n  DenyAll\n</Limit>",
}


class Hosts(Server):
    def choose_ports(self):
        super().choose_ports()
        self.ports = {name: free_port() for name in HOSTS}

    def config(self):
        text = super().config()
        for name, lines in HOSTS.items():
            text += "<VirtualHost 127.0.0.1>\nServerName %s\nPort %d\n" % (
                name, self.ports[name])
            for key, value in self._default_lines():
                if key.startswith(("SFTP", "Auth", "Default", "Allow",
                                   "RequireValid")) and key != \
                        "DefaultAddress":
                    text += "%s %s\n" % (key, value)
            text += "Umask 027\n%s\n</VirtualHost>\n" % lines
        return text


srv = Hosts(users=("alice",))
with open(srv.path("group"), "a") as group:
    group.write("extra:x:%d:alice\n" % EXTRA)


class At:
    """What Raw needs to know of a host."""

    def __init__(self, name):
        self.user, self.key, self.name = srv.user, srv.key, name

    def connect(self):
        port, srv.port = srv.port, srv.ports[self.name]
        try:
            return srv.connect()
        finally:
            srv.port = port


def attrs(mode=None, times=False, group=None):
    flags = (4 if mode is not None else 0) | (8 if times else 0) | \
        (2 if group is not None else 0)
    return num(flags) + (num(UID) + num(group) if group is not None else b"") \
        + (num(mode) if mode is not None else b"") \
        + (num(THEN) + num(THEN) if times else b"")


def sftp_put(raw, path, more):
    kind, left = raw.ask(3, string(path) + num(0x1a) + more)
    expect(kind == 102, "OPEN: %r" % left)
    raw.ask(4, string(raw.cut(left)[0]))


def sftp_mkdir(raw, path, more):
    expect_same(raw.status(14, string(path) + more), 0, "MKDIR")


def sftp_set(raw, path, more):
    raw.ask(9, string(path) + more)


def scp(raw, path, options, *records):
    with Session(raw.transport, b"scp %s -t %s" % (options, path)) as one:
        one.answered()
        for record in records:
            one.send(record)
            first = one.take(1)
            if first in (b"\1", b"\2"):
                one.line()
        one.end()


TIMES = b"T%d 0 %d 0\n" % (THEN, THEN)


def scp_put(raw, path, mode, keep):
    scp(raw, path, b"-p" if keep else b"", *(
        [TIMES] if keep else []) + [b"C0%o 1 x\n" % mode, b"x\0"])


def scp_tree(raw, path, mode, keep):
    scp(raw, b".", b"-rp" if keep else b"-r", *(
        [TIMES] if keep else []) + [b"D0%o 0 %s\n" % (mode, path), b"E\n"])


# What each row of the manual's table does, and to what.
ACTIONS = {
    "OPEN, new file, mode 0666": ("new", lambda raw, path: sftp_put(
        raw, path, attrs(0o666))),
    "OPEN, new file, no mode": ("new", lambda raw, path: sftp_put(
        raw, path, attrs())),
    "OPEN, new file, mode 0600 and times": ("new", lambda raw, path: sftp_put(
        raw, path, attrs(0o600, True))),
    "OPEN, existing file of mode 0604, mode 0666": (
        "kept", lambda raw, path: sftp_put(raw, path, attrs(0o666))),
    "MKDIR, mode 0777": ("new", lambda raw, path: sftp_mkdir(
        raw, path, attrs(0o777))),
    "MKDIR, no mode": ("new", lambda raw, path: sftp_mkdir(
        raw, path, attrs())),
    "SETSTAT, mode 0666 and times": ("kept", lambda raw, path: sftp_set(
        raw, path, attrs(0o666, True))),
    "SETSTAT, group": ("kept", lambda raw, path: sftp_set(
        raw, path, attrs(group=EXTRA))),
    "scp, new file of mode 0666": ("new", lambda raw, path: scp_put(
        raw, path, 0o666, False)),
    "scp, existing file of mode 0604, mode 0666": (
        "kept", lambda raw, path: scp_put(raw, path, 0o666, False)),
    "scp -p, new file of mode 0666": ("new", lambda raw, path: scp_put(
        raw, path, 0o666, True)),
    "scp -p, existing file of mode 0604, mode 0666": (
        "kept", lambda raw, path: scp_put(raw, path, 0o666, True)),
    "scp -r, new directory of mode 0777": ("new", lambda raw, path: scp_tree(
        raw, path, 0o777, False)),
    "scp -rp, new directory of mode 0777": ("new", lambda raw, path: scp_tree(
        raw, path, 0o777, True)),
}


def seen(host, action):
    """Mode, "times" where they are the client's, "group" where it is."""
    name, call = ACTIONS[action]
    path = srv.home(name)
    if os.path.isdir(path):
        os.rmdir(path)
    elif os.path.exists(path):
        os.unlink(path)
    if name == "kept":
        srv.put("kept", b"kept", 0o604)
    with Raw(At(host), 3) as raw:
        call(raw, name.encode())
    st = os.stat(path)
    return "0%o" % stat.S_IMODE(st.st_mode) + (
        ", times" if st.st_mtime == THEN else "") + (
        ", group" if st.st_gid == EXTRA else "")


def table():
    """{action: {host: what the manual says}}"""
    with open(os.path.join(SOURCE, "doc/policy.md")) as page:
        lines = page.read().splitlines()
    at = next(i for i, line in enumerate(lines)
              if line.startswith("| Upload |"))
    heads = [re.sub("[`]", "", cell.strip())
             for cell in lines[at].strip("|").split("|")][1:]
    found = {}
    for line in lines[at + 2:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[cells[0]] = dict(zip(heads, cells[1:]))
    return found


@promise("modes, times and groups are what the table says, with each option")
def _():
    rows, wrong = table(), []
    expect_same(set(rows), set(ACTIONS), "rows")
    for action, cells in rows.items():
        for head, wanted in cells.items():
            host = {"no option": "none", "SITE_CHMOD denied": "denied"}.get(
                head, head)
            got = seen(host, action)
            if got != wanted:
                wrong.append("%s, %s: %s, not %s" % (action, head, got,
                                                     wanted))
    expect(not wrong, "\n".join(wrong))


main(srv)
