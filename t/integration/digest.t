#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTPTransferDigest: the SHA-256 of what was transferred is in the records
and in an attribute of the file, which nobody can forge."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from rawsftp import DATA, HANDLE, Raw, num, quad, string
from server import Server, must

READ, WRITE, APPEND, CREAT, TRUNC, EXCL = 1, 2, 4, 8, 16, 32
OK = 0
SIZE = 1
LOG = """
LogFormat digest "%m|%{basename}|%{transfer-status}|%{note:mod_sftp.sha256}"
ExtendedLog @DIR@/ext.log READ,WRITE digest
"""

server = Server(LOG + """
SFTPTransferDigest sha256
<Directory @DIR@/home/alice/read>
  SFTPTransferDigest sha256 read timeout 20
</Directory>
<Directory @DIR@/home/alice/none>
  SFTPTransferDigest none
</Directory>
<Directory @DIR@/home/alice/checked>
  SFTPUploadCheck "exec:/bin/grep -q good"
</Directory>
<Directory @DIR@/home/alice/hidden>
  HiddenStores on
</Directory>
""")
for name in ("read", "none", "checked", "hidden"):
    server.mkdir(name)

BIG = os.urandom(700000)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def digests(srv=server):
    """[(command, name, digest or "-")] since the last call."""
    srv.no_sessions()
    lines = [line.split("|") for line in srv.log("ext.log").splitlines()]
    open(srv.path("ext.log"), "wb").close()
    return [(words[0], words[1], words[3] or "-") for words in lines
            if words[0] in ("STOR", "RETR", "APPE")]


def opened(raw, name, flags=WRITE | CREAT | TRUNC):
    kind, left = raw.ask(3, string(name.encode()) + num(flags) + num(0))
    expect_same(kind, HANDLE, "OPEN: %r" % left)
    return raw.cut(left)[0]


def write(raw, handle, data, at=0):
    expect_same(raw.status(6, string(handle) + quad(at) + string(data)), OK,
                "WRITE")


def read(raw, handle, size, at=0):
    kind, left = raw.ask(5, string(handle) + quad(at) + num(size))
    return raw.cut(left)[0] if kind == DATA else b""


def close(raw, handle):
    return raw.status(4, string(handle))


# ---- Uploads

@promise("an upload in order has the digest of its bytes, by SFTP and by SCP")
def _():
    path = server.local("big", BIG)
    must(server.sftp("put %s one" % path))
    must(server.sftp("put -p %s two" % path))
    must(server.scp("-O", path, "srv:three"))
    must(server.scp("-O", "-p", path, "srv:four"))
    must(server.sftp("put %s empty" % server.local("none", b"")))
    must(server.sftp("put %s one" % server.local("less", b"less")))
    expect_same(digests(), [("STOR", name, sha256(BIG))
                            for name in ("one", "two", "three", "four")] +
                [("STOR", "empty", sha256(b"")),
                 ("STOR", "one", sha256(b"less"))], "digests")


ORDERS = (
    # what, flags, pieces, what the file is before
    ("backwards", WRITE | CREAT | TRUNC, ((4, b"efgh"), (0, b"abcd")), None),
    ("with a gap", WRITE | CREAT | TRUNC, ((0, b"abcd"), (6, b"gh")), None),
    ("twice", WRITE | CREAT | TRUNC, ((0, b"abcd"), (0, b"abcd")), None),
    ("over a part", WRITE, ((0, b"ab"),), b"efgh"),
    ("resumed", WRITE, ((4, b"efgh"),), b"abcd"),
    ("appended", WRITE | APPEND, ((0, b"efgh"),), b"abcd"),
)


@promise("bytes that do not come in order, or not all, have none: resumed, "
         "appended, overwritten")
def _():
    for what, flags, pieces, before in ORDERS:
        for folder in ("", "read/"):
            if before is not None:
                server.put(folder + "x", before)
            with Raw(server, 3) as raw:
                handle = opened(raw, folder + "x", flags)
                for at, data in pieces:
                    write(raw, handle, data, at)
                expect_same(close(raw, handle), OK, "CLOSE")
            wanted = sha256(server.get(folder + "x")) if folder else "-"
            expect_same(digests()[-1][1:], ("x", wanted), what + " " + folder)
            os.unlink(server.home(folder + "x"))


@promise("a handle for both: what is read does not count, what is written does")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "both", READ | WRITE | CREAT | TRUNC)
        write(raw, handle, b"abcd")
        expect_same(read(raw, handle, 2, 1), b"bc", "READ")
        write(raw, handle, b"efgh", 4)
        close(raw, handle)
    expect_same(digests(), [("STOR", "both", sha256(b"abcdefgh")),
                            ("RETR", "both", "-")], "digests")


@promise("appended to a new file, it is in order")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "log", WRITE | APPEND | CREAT)
        write(raw, handle, b"abcd")
        write(raw, handle, b"efgh")
        close(raw, handle)
    expect_same(digests(), [("APPE", "log", sha256(b"abcdefgh"))], "digests")


@promise("two handles for one file, a change of its size, a copy, or another "
         "process that writes: no digest")
def _():
    def second(raw, handle):
        other = opened(raw, "x", WRITE)
        write(raw, other, b"ABCD")
        close(raw, other)

    def resized(raw, handle):
        expect_same(raw.status(9, string(b"x") + num(SIZE) + quad(0)), OK,
                    "SETSTAT")

    def shortened(raw, handle):
        expect_same(raw.status(10, string(handle) + num(SIZE) + quad(1)), OK,
                    "FSETSTAT")

    def copied(raw, handle):
        source = opened(raw, "from", READ)
        expect_same(raw.status(200, string(b"copy-data") + string(source) +
                               quad(0) + quad(4) + string(handle) + quad(0)),
                    OK, "copy-data")

    def others(raw, handle):
        with open(server.home("x"), "r+b") as file:
            file.write(b"ABCD")

    server.put("from", b"ABCD")
    for change in (second, resized, shortened, copied, others):
        with Raw(server, 3) as raw:
            handle = opened(raw, "x")
            write(raw, handle, b"abcd")
            change(raw, handle)
            write(raw, handle, b"efgh", 4)
            expect_same(close(raw, handle), OK, "CLOSE")
        expect_same([digest for _, name, digest in digests()
                     if name == "x" and digest != "-"], [], change.__name__)


@promise("a size that is set before the bytes come, and the times, change "
         "nothing")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "x")
        expect_same(raw.status(10, string(handle) + num(SIZE) + quad(8)), OK,
                    "FSETSTAT")
        write(raw, handle, b"abcd")
        expect_same(raw.status(10, string(handle) + num(8) + num(1000) +
                               num(1000)), OK, "FSETSTAT")
        write(raw, handle, b"efgh", 4)
        expect_same(raw.status(10, string(handle) + num(8) + num(1000) +
                               num(1000)), OK, "FSETSTAT")
        close(raw, handle)
    expect_same(digests(), [("STOR", "x", sha256(b"abcdefgh"))], "digests")


@promise("an aborted upload has none, nor one that a check refused")
def _():
    with Raw(server, 3) as raw:
        write(raw, opened(raw, "gone"), b"abcd")
    with Raw(server, 3) as raw:
        for name, data in (("bad", b"bad\n"), ("fine", b"good\n")):
            handle = opened(raw, "checked/" + name)
            write(raw, handle, data)
            close(raw, handle)
        handle = opened(raw, "hidden/h")
        write(raw, handle, b"hidden")
        close(raw, handle)
    expect_same(digests(), [("STOR", "gone", "-"), ("STOR", "bad", "-"),
                            ("STOR", "fine", sha256(b"good\n")),
                            ("STOR", "h", sha256(b"hidden"))], "digests")


# ---- Downloads

@promise("a download of the whole file has the digest of its bytes, and one of "
         "a part has none")
def _():
    server.put("big", BIG)
    must(server.sftp("get big %s" % server.path("got")))
    must(server.scp("-O", "srv:big", server.path("got")))
    with open(server.path("got"), "r+b") as file:
        file.truncate(1000)
    must(server.sftp("reget big %s" % server.path("got")))
    with Raw(server, 3) as raw:
        handle = opened(raw, "big", READ)
        read(raw, handle, 32768)
        close(raw, handle)
        handle = opened(raw, "big", READ)
    expect_same(digests(), [("RETR", "big", sha256(BIG))] * 2 +
                [("RETR", "big", "-")] * 3, "digests")


@promise("where it is off, there is none")
def _():
    must(server.sftp("put %s none/x\nget none/x %s" % (
        server.local("x", b"x"), server.path("got"))))
    expect_same(digests(), [("STOR", "x", "-"), ("RETR", "x", "-")],
                "digests")


main(server)
