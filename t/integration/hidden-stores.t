#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko

"""HiddenStores: what a session that was killed leaves behind does not keep
the next upload away; what a session that runs is writing is not touched."""

import os
import re
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import paramiko_transport
from ftphost import FtpServer, ftp_says
from server import Server, has_module, must, said, wait_for, GID, UID
from rawsftp import HANDLE, STATUS, Raw, num, quad, string

WRITE, CREAT, TRUNC = 2, 8, 16
OK, FAILURE, LOCK_CONFLICT = 0, 4, 17
STALE = r"'/[^']*\.in\.%s\.'.*session.*ended.*replaced"

server = FtpServer("HiddenStores on\nAllowOverwrite on\n", "HiddenStores on\n")
vroot = Server("VRootEngine on\nHiddenStores on\n", modules=("mod_vroot",)) \
    if has_module("mod_vroot.so") else None


def begin(raw, name, flags=WRITE | CREAT | TRUNC, data=b"old" * 1000):
    """A handle with some bytes behind it, or status and text."""
    kind, left = raw.ask(3, string(name.encode()) + num(flags) + num(0))
    if kind != HANDLE:
        return struct.unpack(">I", left[:4])[0], \
            raw.cut(left[4:])[0].decode()
    handle = raw.cut(left)[0]
    expect_same(raw.status(6, string(handle) + quad(0) + string(data)), OK,
                "WRITE")
    return handle


def finish(raw, handle):
    expect_same(raw.status(4, string(handle)), OK, "CLOSE")


def new_session(srv, before):
    return wait_for(lambda: [pid for pid in srv.sessions()
                             if pid not in before], "the session")[0]


def killed(srv, name, **more):
    """A session that is killed while it writes the file."""
    with Raw(srv, 3) as raw:
        pid = srv.session()
        begin(raw, name, **more)
        os.kill(pid, signal.SIGKILL)
    srv.no_sessions()
    expect(os.path.exists(srv.home(".in.%s." % name)), "nothing is left")


def no_hidden(srv, *but):
    expect_same([name for name in os.listdir(srv.home())
                 if name.startswith(".in.") and name not in but], [],
                "hidden files")


@promise("SFTP: after a session was killed the next upload replaces what it "
         "left, and the log says so")
def _():
    killed(server, "up")
    must(server.sftp("put %s up" % server.local("up", b"new")))
    expect_same(server.get("up"), b"new", "content")
    server.wait_log("sftp.log", STALE % "up")
    killed(server, "up")
    expect_same(server.get("up"), b"new", "content after the second")
    with Raw(server, 6) as raw:
        kind, left = raw.ask(3, string(b"up") + num(2) + num(1) + num(0)
                             + b"\1")
        expect_same(kind, HANDLE, "OPEN of version 6: %r" % left)
        finish(raw, raw.cut(left)[0])
    expect_same(server.get("up"), b"", "emptied")
    no_hidden(server)


@promise("SCP: the same, for a session killed in the middle of a file")
def _():
    with paramiko_transport(server) as transport:
        pid = server.session()
        channel = transport.open_session()
        channel.exec_command("scp -t copy")
        expect_same(channel.recv(1), b"\0", "ready")
        channel.sendall(b"C0644 100000 copy\n")
        expect_same(channel.recv(1), b"\0", "agreed")
        channel.sendall(b"x" * 50000)
        wait_for(lambda: os.path.exists(server.home(".in.copy.")),
                 "the hidden file")
        os.kill(pid, signal.SIGKILL)
    server.no_sessions()
    must(server.scp("-O", server.local("c", b"copied"), "srv:copy"))
    expect_same(server.get("copy"), b"copied", "content")
    server.wait_log("sftp.log", STALE % "copy")
    no_hidden(server)


@promise("a file that appears during an upload is replaced only if "
         "AllowOverwrite is on")
def _():
    once = Server("HiddenStores on\n<Directory />\nAllowOverwrite off\n"
                  "</Directory>\n").start()
    try:
        for srv, kept in ((once, True), (server, False)):
            with Raw(srv, 3) as raw:
                handle = begin(raw, "late", data=b"by the session")
                srv.put("late", b"by another")
                expect_same(raw.status(4, string(handle)) != OK, kept,
                            "CLOSE fails")
            expect_same(srv.get("late"), b"by another" if kept else
                        b"by the session", "content")
            no_hidden(srv)
        once.wait_log("sftp.log", "error renaming '.*' to '.*late': File exists")
    finally:
        once.stop_clean()


def gives_away(srv, name):
    """The name of what is uploaded to /x goes to a victim, which stays."""
    srv.put("victim", b"precious")
    with Raw(srv, 3) as raw:
        handle = begin(raw, "x")
        for old, new in ((name, "away"), ("victim", name)):
            expect_same(raw.status(18, string(old.encode())
                                   + string(new.encode())), OK, "RENAME")
        yield raw, handle
    srv.no_sessions()
    expect_same(srv.get(name), b"precious", "the victim")
    for path in (name, "away"):
        os.unlink(srv.home(path))


@promise("the end of an upload removes and moves only what was uploaded")
def _():
    deletes = Server("DeleteAbortedStores on\n").start()
    try:
        for srv, name in ((server, ".in.x."), (deletes, "x")):
            for _ in gives_away(srv, name):
                pass
            srv.wait_log("sftp.log", "/%s' is left alone: it is not the file "
                         "that was uploaded" % re.escape(name))
        for raw, handle in gives_away(server, ".in.x."):
            expect(raw.status(4, string(handle)) != OK, "CLOSE")
        expect(not os.path.exists(server.home("x")), "x was made")
    finally:
        deletes.stop_clean()


@promise("an upload that is resumed in place is not blocked either")
def _():
    server.put("resumed", b"first")
    killed(server, "resumed")
    with open(server.local("whole"), "wb") as out:
        out.write(b"first and second")
    must(server.sftp("reput %s resumed" % server.local("whole")))
    expect_same(server.get("resumed"), b"first and second", "content")
    with Raw(server, 3) as raw:
        finish(raw, begin(raw, "resumed", WRITE, b"third"))
    expect_same(server.get("resumed"), b"third and second", "in place")
    no_hidden(server)


@promise("of two sessions at once the second is refused with the reason, and "
         "the first continues")
def _():
    with Raw(server, 3) as one, Raw(server, 5) as two:
        handle = begin(one, "both")
        mark = server.mark_logs()
        kind, left = two.ask(3, string(b"both") + num(2) + num(1) + num(0)
                             + b"\1")
        expect_same(kind, STATUS, "type")
        expect_same(struct.unpack(">I", left[:4])[0], LOCK_CONFLICT, "status")
        text = two.cut(left[4:])[0].decode()
        expect("session" in text and "uploading" in text, text)
        expect("uploading" in server.logs_since(mark), "no line in the log")
        result = server.scp("-O", server.local("c", b"copied"), "srv:both")
        expect(result.returncode != 0 and "uploading" in said(result),
               said(result))
        result = begin(one, "both")
        expect_same(result[0], FAILURE, "the same session")
        expect("uploading" in result[1], result[1])
        finish(one, handle)
    expect_same(server.get("both"), b"old" * 1000, "content")
    no_hidden(server)


@promise("an SFTP session does not touch an upload of FTP, until that "
         "session is killed")
def _():
    before = server.sessions()
    ftp = server.ftp()
    pid = new_session(server, before)
    data = ftp.transfercmd("STOR slow")
    data.sendall(b"ftp" * 1000)
    wait_for(lambda: os.path.exists(server.home(".in.slow.")), "the file")
    with Raw(server, 3) as raw:
        result = begin(raw, "slow")
        expect_same(result[0], FAILURE, "status")
        expect("uploading" in result[1], result[1])
    data.close()
    ftp.voidresp()
    expect_same(server.get("slow"), b"ftp" * 1000, "what FTP sent")
    data = ftp.transfercmd("STOR slow")
    data.sendall(b"ftp" * 10)
    wait_for(lambda: os.path.exists(server.home(".in.slow.")), "the file")
    os.kill(pid, signal.SIGKILL)
    data.close()
    ftp.close()
    server.no_sessions()
    must(server.sftp("put %s slow" % server.local("s", b"sftp")))
    expect_same(server.get("slow"), b"sftp", "content")
    no_hidden(server)


@promise("FTP in turn does not touch an upload of SFTP")
def _():
    with Raw(server, 3) as raw:
        handle = begin(raw, "turn")
        ftp = server.ftp()
        with open(server.local("s", b"ftp"), "rb") as file:
            expect("550" in (ftp_says(ftp.storbinary, "STOR turn", file)
                             or ""), "FTP took it")
        finish(raw, handle)
        with open(server.local("s"), "rb") as file:
            ftp.storbinary("STOR turn", file)
        ftp.quit()
    expect_same(server.get("turn"), b"ftp", "content")
    no_hidden(server)


@promise("files that no session left are not touched: links, files with "
         "another name, of another user, FIFOs; and the refusal says why")
def _():
    kept = server.put("kept", b"kept")
    names = {}

    def there(name):
        path = server.home(".in.%s." % name)
        names[name] = path
        return path

    os.symlink("kept", there("symbolic"))
    os.link(kept, there("hard"))
    os.mkfifo(there("fifo"))
    os.chown(names["fifo"], UID, GID)
    os.mkdir(there("directory"))
    server.put(".in.other.", b"another user's")
    os.chown(there("other"), UID + 1, GID)
    ids = {name: os.lstat(path).st_ino for name, path in names.items()}
    with Raw(server, 3) as raw:
        for name in names:
            result = begin(raw, name)
            expect_same(result[0], FAILURE, name)
            expect(".in.%s." % name in result[1], "%s: %s" % (name,
                                                              result[1]))
    expect_same({name: os.lstat(path).st_ino for name, path in names.items()},
                ids, "what was there")
    expect_same(server.get("kept"), b"kept", "content")


@promise("a file that another session has open under that name is not touched")
def _():
    server.put(".in.used.", b"in use")
    with Raw(server, 3) as one, Raw(server, 3) as two:
        handle = begin(one, ".in.used.", WRITE, b"changed")
        result = begin(two, "used")
        expect_same(result[0], FAILURE, "status")
        expect("use" in result[1], result[1])
        finish(one, handle)
    expect_same(server.get(".in.used."), b"changed", "content")
    must(server.sftp("put %s used" % server.local("s", b"sftp")))
    expect_same(server.get("used"), b"sftp", "content")


@promise("a restart of the daemon does not make files of running sessions "
         "stale")
def _():
    with Raw(server, 3) as one:
        handle = begin(one, "restart")
        os.kill(server.process.pid, signal.SIGHUP)
        wait_for(server.greets, "the daemon")
        with Raw(server, 3) as two:
            result = begin(two, "restart")
            expect_same(result[0], FAILURE, "status")
            expect("uploading" in result[1], result[1])
        finish(one, handle)
    expect_same(server.get("restart"), b"old" * 1000, "content")
    killed(server, "restart")
    must(server.sftp("put %s restart" % server.local("s", b"sftp")))
    no_hidden(server, *[".in.%s." % name for name in
                        ("symbolic", "hard", "fifo", "directory", "other")])


@promise("in a virtual root of mod_vroot it is the same")
def _():
    if vroot is None:
        skip("the host has no mod_vroot")
    killed(vroot, "up")
    with Raw(vroot, 3) as one, Raw(vroot, 3) as two:
        handle = begin(one, "up")
        expect_same(begin(two, "up")[0], FAILURE, "the second")
        finish(one, handle)
    expect_same(vroot.get("up"), b"old" * 1000, "content")
    vroot.wait_log("sftp.log", STALE % "up")
    no_hidden(vroot)


main(server, *([vroot] if vroot else []))
