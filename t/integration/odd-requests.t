#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What is rarely asked: the answers are those of OpenSSH's server, where it
has one."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server
from rawsftp import DATA, HANDLE, NAME, Raw, num, quad, string

srv = Server()
hidden = Server("HiddenStores on")

NO_SUCH_FILE = 2
OPEN, READ, SETSTAT, OPENDIR, READDIR = 3, 5, 9, 11, 12
EMPTY = (("OPEN", OPEN, string(b"") + num(1) + num(0)),
         ("OPEN to make", OPEN, string(b"") + num(0x1a) + num(0)),
         ("LSTAT", 7, string(b"")), ("STAT", 17, string(b"")),
         ("SETSTAT", SETSTAT, string(b"") + num(4) + num(0o755)),
         ("OPENDIR", OPENDIR, string(b"")), ("REMOVE", 13, string(b"")),
         ("MKDIR", 14, string(b"") + num(0)), ("RMDIR", 15, string(b"")),
         ("RENAME from", 18, string(b"") + string(b"/new")),
         ("RENAME to", 18, string(b"/file") + string(b"")),
         ("READLINK", 19, string(b"")),
         ("SYMLINK of", 20, string(b"") + string(b"/link")),
         ("SYMLINK at", 20, string(b"file") + string(b"")),
         ("posix-rename", 200, string(b"posix-rename@openssh.com")
          + string(b"") + string(b"/new")),
         ("hardlink", 200, string(b"hardlink@openssh.com")
          + string(b"/file") + string(b"")),
         ("statvfs", 200, string(b"statvfs@openssh.com") + string(b"")),
         ("copy-file", 200, string(b"copy-file") + string(b"")
          + string(b"/new") + b"\0"),
         ("check-file", 200, string(b"check-file-name") + string(b"")
          + string(b"md5") + quad(0) + quad(0) + num(0)))


@promise("an empty path does not exist, for every request")
def _():
    srv.put("file", b"file")
    with Raw(srv, 3) as raw:
        for name, kind, body in EMPTY:
            expect_same(raw.status(kind, body), NO_SUCH_FILE, name)
        kind, left = raw.ask(16, string(b""))
        expect_same((kind, raw.cut(left[4:])[0]), (NAME, b"/"), "REALPATH")
    expect_same(os.listdir(srv.home()), ["file"], "what is there")


@promise("a link counts as an existing name for OPEN with CREAT and EXCL")
def _():
    srv.put("there", b"there")
    for link, target in (("dangling", "nothing"), ("astray", "no/where"),
                         ("outside", "/etc/none"), ("good", "there")):
        os.symlink(target, srv.home(link))
        for server in (srv, hidden):
            if server is hidden and not os.path.lexists(hidden.home(link)):
                os.symlink(target, hidden.home(link))
            for version, flags, code in ((3, num(0x2a), 4),
                                         (6, num(2) + num(0), 11)):
                with Raw(server, version) as raw:
                    body = string(b"/" + link.encode()) + flags + num(0)
                    body += b"\1" if version == 6 else b""
                    expect_same(raw.status(OPEN, body), code, link)
        expect_same(os.readlink(srv.home(link)), target, "the link")
    expect(not os.path.exists(srv.home("nothing")), "the target was made")
    expect_same(srv.get("there"), b"there", "what was there")


@promise("~ and ~/path are relative to the home directory")
def _():
    srv.put("sub/here")
    with Raw(srv, 3) as raw:
        handle = raw.open_with("~/g", num(0x1a))
        expect_same(raw.status(6, string(handle) + quad(0) + string(b"sent")),
                    0, "WRITE")
        expect_same(raw.status(4, string(handle)), 0, "CLOSE")
        expect_same(raw.status(18, string(b"~/g") + string(b"~/sub/h")), 0,
                    "RENAME")
        expect_same(srv.get("sub/h"), b"sent", "what was put")
        for path, wanted in ((b"~", b"/"), (b"~/sub", b"/sub"),
                             (b"~sub", b"/~sub"), (b"./~", b"/~")):
            kind, left = raw.ask(16, string(path))
            expect_same((kind, raw.cut(left[4:])[0]), (NAME, wanted), path)


@promise("a READ of no bytes returns none, also at the end")
def _():
    srv.put("file", b"file")
    with Raw(srv, 3) as raw:
        handle = raw.open_with("/file", num(1))
        for offset in (0, 4, 1 << 40):
            expect_same(raw.ask(READ, string(handle) + quad(offset) + num(0)),
                        (DATA, string(b"")), "READ at %d" % offset)


@promise("a long name shows the year if the time is half a year away")
def _():
    year = 365 * 86400
    now = int(os.stat(srv.home()).st_atime)
    for name, when, wanted in (
            ("now", now, r"\d\d:\d\d"), ("soon", now + 86400, r"\d\d:\d\d"),
            ("past", now - year, r" \d{4}"), ("far", now + year, r" \d{4}"),
            ("last", 4294967295, " 2106")):
        srv.put("t/" + name)
        os.utime(srv.home("t/" + name), (when, when))
        with Raw(srv, 3) as raw:
            kind, left = raw.ask(OPENDIR, string(b"/t"))
            expect_same(kind, HANDLE, "OPENDIR")
            kind, left = raw.ask(READDIR, string(raw.cut(left)[0]))
            expect(re.search(br"[A-Z][a-z]{2} [ \d]\d " + wanted.encode()
                             + b" " + name.encode(), left), left)
        os.unlink(srv.home("t/" + name))


main(srv, hidden)
