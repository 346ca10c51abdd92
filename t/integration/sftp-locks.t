#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What OPEN of SFTP 5 and 6 can ask for beside a file: that others keep away
from it, and that it is removed when it is closed."""

import fcntl
import io
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from ftphost import FtpServer, ftp_says
from server import wait_for
from rawsftp import HANDLE, Raw, num, quad, string

srv = FtpServer("""
DeleteAbortedStores off
<Directory ~/keep>
  <Limit DELE>
    DenyAll
  </Limit>
</Directory>
<Directory ~/unlocked>
  <Limit LOCK>
    DenyAll
  </Limit>
</Directory>
<Directory ~/hidden>
  HiddenStores on
</Directory>
LogFormat removal "%m %F %s"
ExtendedLog @DIR@/removal.log WRITE,SFTP removal
""")

# ---- Words of the drafts

READ, WRITE, BOTH = num(1), num(2), num(3)
TRUNCATED, OLD, OLD_OR_NEW = 1, 2, 3
BLOCK_READ, BLOCK_WRITE, BLOCK_DELETE, ADVISORY = 0x40, 0x80, 0x100, 0x200
ON_CLOSE = 0x800
CONFLICT, UNSUPPORTED, DENIED = 17, 8, 3


def try_open(raw, path, access, flags):
    """The handle, or the status and the text of a refusal."""
    kind, left = raw.ask(3, string(path.encode()) + access + num(flags)
                         + num(0) + b"\1")
    if kind == HANDLE:
        return raw.cut(left)[0]
    return struct.unpack(">I", left[:4])[0], raw.cut(left[4:])[0].decode()


def opens(raw, path, access, flags=OLD):
    handle = try_open(raw, path, access, flags)
    expect(isinstance(handle, bytes), "OPEN: %r" % (handle,))
    return handle


def refused(raw, path, access, flags=OLD, status=CONFLICT):
    answer = try_open(raw, path, access, flags)
    expect(not isinstance(answer, bytes), "OPEN was not refused")
    expect_same(answer[0], status, "status (%s)" % answer[1])
    return answer[1]


def closes(raw, handle, status=0):
    expect_same(raw.status(4, string(handle)), status, "CLOSE")


# ---- Locks of OPEN

def locks_are_kept(version):
    path = "/lock%d" % version
    srv.put(path[1:], b"0123456789")
    with Raw(srv, version) as one, Raw(srv, version) as two:
        a = opens(one, path, READ, OLD | BLOCK_WRITE)
        text = refused(two, path, WRITE)
        expect("ocked" in text, text)
        refused(two, path, WRITE, TRUNCATED)
        refused(two, path, BOTH)
        refused(one, path, WRITE)
        expect_same(srv.get(path[1:]), b"0123456789", "content")
        b = opens(two, path, READ)
        refused(two, path, READ, OLD | BLOCK_READ)
        closes(one, a)
        closes(two, opens(two, path, WRITE))
        closes(two, b)

        a = opens(one, path, WRITE, OLD | BLOCK_READ)
        refused(two, path, READ)
        closes(two, opens(two, path, WRITE))
        closes(one, a)

        # Also by who may only read it.
        a = opens(one, path, READ, OLD | BLOCK_READ | BLOCK_WRITE)
        refused(two, path, READ)
        refused(two, path, WRITE)
        closes(one, a)

        # What is in use cannot be kept from others any more.
        b = opens(two, path, BOTH)
        refused(one, path, READ, OLD | BLOCK_READ)
        refused(one, path, READ, OLD | BLOCK_WRITE)
        refused(one, path, WRITE, TRUNCATED | BLOCK_WRITE)
        expect_same(srv.get(path[1:]), b"0123456789", "content")
        closes(two, b)
        closes(one, opens(one, path, READ, OLD | BLOCK_READ | BLOCK_WRITE))


for number in (5, 6):
    promise("version %d: who opens a file can keep others from it"
            % number)(lambda number=number: locks_are_kept(number))


@promise("the end of a session ends its locks")
def _():
    srv.put("ends", b"x")
    with Raw(srv, 6) as two:
        with Raw(srv, 6) as one:
            opens(one, "/ends", READ, OLD | BLOCK_WRITE)
            refused(two, "/ends", WRITE)
        wait_for(lambda: isinstance(try_open(two, "/ends", WRITE, OLD),
                                    bytes), "OPEN after it", 20)


@promise("clients of versions without locks are told of them, too")
def _():
    srv.put("old", b"x")
    with Raw(srv, 6) as one, Raw(srv, 3) as two:
        opens(one, "/old", READ, OLD | BLOCK_READ)
        kind, left = two.ask(3, string(b"/old") + num(1) + num(0))
        expect_same((kind, left[:4]), (101, num(4)), "OPEN in version 3")
        expect(b"Locked by another session" in left, left)


@promise("other ways to read or change a file respect locks")
def _():
    srv.put("other", b"0123456789")
    srv.put("source", b"new")
    with Raw(srv, 6) as one, Raw(srv, 6) as two:
        a = opens(one, "/other", READ, OLD | BLOCK_READ | BLOCK_WRITE)
        for name, fields in (
                (b"check-file-name", string(b"/other") + string(b"md5")
                 + quad(0) + quad(0) + num(0)),
                (b"copy-file", string(b"/other") + string(b"/c") + b"\0"),
                (b"copy-file", string(b"/source") + string(b"/other")
                 + b"\1")):
            expect_same(two.status(200, string(name) + fields), CONFLICT,
                        name.decode())
        expect_same(two.status(9, string(b"/other") + num(1) + b"\1"
                               + quad(1)), CONFLICT, "SETSTAT of the size")
        expect_same(srv.get("other"), b"0123456789", "content")
        closes(one, a)


@promise("FTP and SCP respect locks, and are not restricted otherwise")
def _():
    sink = io.BytesIO()
    srv.put("ftp", b"y" * 10)
    with Raw(srv, 6) as raw:
        ftp = srv.ftp()
        a = opens(raw, "/ftp", READ, OLD | BLOCK_WRITE)
        text = ftp_says(ftp.storbinary, "STOR ftp", io.BytesIO(b"z"))
        expect(text is not None and "ocked" in text, "STOR: %s" % text)
        expect_same(ftp_says(ftp.retrbinary, "RETR ftp", sink.write), None,
                    "RETR, which does no harm")
        result = srv.scp("-O", srv.local("z", b"z"), "srv:ftp")
        expect(result.returncode != 0, "scp wrote a locked file")
        closes(raw, a)

        a = opens(raw, "/ftp", READ, OLD | BLOCK_READ)
        text = ftp_says(ftp.retrbinary, "RETR ftp", sink.write)
        expect(text is not None and "ocked" in text, "RETR: %s" % text)
        result = srv.scp("-O", "srv:ftp", srv.local("back"))
        expect(result.returncode != 0, "scp read a locked file")
        closes(raw, a)
        expect_same(srv.get("ftp"), b"y" * 10, "content")

        ftp.voidcmd("TYPE I")
        data = ftp.transfercmd("STOR ftp")
        refused(raw, "/ftp", READ, OLD | BLOCK_WRITE)
        closes(raw, opens(raw, "/ftp", READ, OLD | BLOCK_READ))
        data.sendall(b"new")
        data.close()
        ftp.voidresp()
        wait_for(lambda: isinstance(
            try_open(raw, "/ftp", READ, OLD | BLOCK_WRITE), bytes),
            "OPEN after the STOR", 20)
        ftp.close()


@promise("a hidden upload does not replace a file that is locked against "
         "writers")
def _():
    srv.put("hidden/file", b"old")
    with Raw(srv, 6) as one, Raw(srv, 6) as two:
        a = opens(one, "/hidden/file", READ, OLD | BLOCK_WRITE)
        refused(two, "/hidden/file", WRITE, TRUNCATED)
        closes(one, a)
        b = opens(two, "/hidden/file", WRITE, TRUNCATED)
        expect_same(two.status(6, string(b) + quad(0) + string(b"new")), 0,
                    "WRITE")
        closes(two, b)
    expect_same(srv.get("hidden/file"), b"new", "content")
    expect_same(os.listdir(srv.home("hidden")), ["file"], "what is left")


@promise("locks of other programs do not prevent opening")
def _():
    srv.put("foreign", b"x" * 10)
    with open(srv.home("foreign"), "rb+") as file, Raw(srv, 6) as raw:
        fcntl.lockf(file, fcntl.LOCK_SH)
        closes(raw, opens(raw, "/foreign", BOTH))
        fcntl.lockf(file, fcntl.LOCK_EX)
        closes(raw, opens(raw, "/foreign", BOTH))
        refused(raw, "/foreign", READ, OLD | BLOCK_WRITE)


@promise("a lock against removal only affects clients that use it or remove "
         "on close")
def _():
    srv.put("del", b"x")
    with Raw(srv, 6) as one, Raw(srv, 6) as two:
        text = refused(one, "/del", READ, OLD | BLOCK_DELETE,
                       status=UNSUPPORTED)
        expect("removal" in text and "advisory" in text, text)
        a = opens(one, "/del", READ, OLD | BLOCK_DELETE | ADVISORY)
        refused(two, "/del", READ, OLD | ON_CLOSE)
        closes(one, a)
        b = opens(two, "/del", READ, OLD | ON_CLOSE)
        refused(one, "/del", READ, OLD | BLOCK_DELETE | ADVISORY)
        closes(two, b)
    with Raw(srv, 5) as raw:
        srv.put("del", b"x")
        text = refused(raw, "/del", READ, OLD | BLOCK_DELETE,
                       status=UNSUPPORTED)
        expect("removal" in text, text)


@promise("users who may not LOCK cannot lock on opening")
def _():
    srv.put("unlocked/file", b"x")
    os.symlink("unlocked/file", srv.home("way-around"))
    with Raw(srv, 6) as raw:
        closes(raw, opens(raw, "/unlocked/file", READ))
        for path in ("/unlocked/file", "/way-around"):
            text = refused(raw, path, READ, OLD | BLOCK_WRITE,
                           status=DENIED)
            expect("Limit LOCK" in text, text)


@promise("named attributes are refused with a message")
def _():
    srv.put("named", b"x")
    with Raw(srv, 6) as raw:
        for access in (8, 0x10):
            text = refused(raw, "/named", num(1 | access),
                           status=UNSUPPORTED)
            expect("Named attributes" in text, text)


# ---- DELETE_ON_CLOSE

@promise("DELETE_ON_CLOSE: the file is gone when it is closed, and logged")
def _():
    with Raw(srv, 6) as raw:
        handle = opens(raw, "/gone", BOTH, OLD_OR_NEW | ON_CLOSE)
        expect_same(raw.status(6, string(handle) + quad(0) + string(b"abc")),
                    0, "WRITE")
        expect_same(srv.get("gone"), b"abc", "content until then")
        closes(raw, handle)
        expect(not os.path.exists(srv.home("gone")), "it is still there")

        srv.put("read", b"x")
        closes(raw, opens(raw, "/read", READ, OLD | ON_CLOSE))
        expect(not os.path.exists(srv.home("read")), "it is still there")
    lines = srv.log("removal.log").splitlines()
    for name in ("/gone", "/read"):
        at = lines.index("DELE %s 250" % name)
        expect_same(lines[at + 1], "REMOVE - 0", "the line behind it")
    expect(any(" d " in line and "/gone" in line
               for line in srv.log("transfer.log").splitlines()),
           srv.log("transfer.log"))


@promise("DELETE_ON_CLOSE: the end of the session closes, too")
def _():
    srv.put("session", b"x")
    with Raw(srv, 6) as raw:
        opens(raw, "/session", READ, OLD | ON_CLOSE)
        handle = opens(raw, "/session2", WRITE, OLD_OR_NEW | ON_CLOSE)
        raw.status(6, string(handle) + quad(0) + string(b"abc"))
        expect(os.path.exists(srv.home("session2")), "it was not made")
    for name in ("session", "session2"):
        wait_for(lambda name=name: not os.path.exists(srv.home(name)),
                 "the end of " + name, 20)


@promise("DELETE_ON_CLOSE: a hidden upload leaves nothing")
def _():
    os.makedirs(srv.home("hidden"), exist_ok=True)
    with Raw(srv, 6) as raw:
        closes(raw, opens(raw, "/hidden/x", WRITE, OLD_OR_NEW | ON_CLOSE))
        expect(not os.path.exists(srv.home("hidden/x")), "it is there")
        opens(raw, "/hidden/y", WRITE, OLD_OR_NEW | ON_CLOSE)
    wait_for(lambda: not [name for name in os.listdir(srv.home("hidden"))
                          if "y" in name], "the end of the temporary name",
             20)


@promise("DELETE_ON_CLOSE: the file that was opened, and no other")
def _():
    srv.put("first", b"first")
    with Raw(srv, 6) as raw:
        # Another one in its place.
        handle = opens(raw, "/first", READ, OLD | ON_CLOSE)
        os.rename(srv.home("first"), srv.home("moved"))
        srv.put("first", b"second")
        closes(raw, handle, 2)
        expect_same((srv.get("first"), srv.get("moved")),
                    (b"second", b"first"), "both")

        # Already gone.
        handle = opens(raw, "/first", READ, OLD | ON_CLOSE)
        expect_same(raw.status(13, string(b"/first")), 0, "REMOVE")
        closes(raw, handle)

        # Where a link leads; the link stays.
        os.symlink("moved", srv.home("to-moved"))
        closes(raw, opens(raw, "/to-moved", READ, OLD | ON_CLOSE))
        expect(os.path.islink(srv.home("to-moved")) and not
               os.path.exists(srv.home("moved")), "the link was removed")


@promise("DELETE_ON_CLOSE: the rules of DELE are checked at OPEN")
def _():
    srv.put("keep/file", b"x")
    os.symlink("keep/file", srv.home("to-keep"))
    with Raw(srv, 6) as raw:
        for path in ("/keep/file", "/to-keep"):
            text = refused(raw, path, READ, OLD | ON_CLOSE, status=DENIED)
            expect("Limit DELE" in text, text)
        refused(raw, "/keep/new", WRITE, OLD_OR_NEW | ON_CLOSE,
                status=DENIED)
        refused(raw, "/keep/file", WRITE, TRUNCATED | ON_CLOSE,
                status=DENIED)
    expect_same(srv.get("keep/file"), b"x", "content")
    expect_same(os.listdir(srv.home("keep")), ["file"], "files")


@promise("DELETE_ON_CLOSE: a directory that keeps its files causes an error "
         "at CLOSE")
def _():
    srv.put("fixed/file", b"x")
    with Raw(srv, 6) as raw:
        handle = opens(raw, "/fixed/file", READ, OLD | ON_CLOSE)
        os.chown(srv.home("fixed"), 0, 0)
        os.chmod(srv.home("fixed"), 0o755)
        closes(raw, handle, DENIED)
        expect(os.path.exists(srv.home("fixed/file")), "it was removed")


main(srv)
