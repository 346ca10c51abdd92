#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Systems that refuse what isolated logins are made of, and what happens to
transfers on a bad day: a reload, the daemon's end, directories that disappear,
clients that read nothing."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
import bare_system
from isolated import Isolated
from rawsftp import HANDLE, Raw, num, quad, string
from server import PRELOAD, alone, must, run, wait_for
from tap import expect, expect_same, main, promise, skip

from paramiko.message import Message

CREATE = num(0x1a)              # WRITE, CREAT, TRUNC

srv = Isolated("TimeoutLogin 5\n")


class Within(Isolated):
    """The daemon starts within another command."""

    within = ()

    def command(self):
        return list(self.within) + super().command()


def serves(server, line):
    """Its line at the start, if any; a client can log in, and is isolated."""
    with contextlib.closing(server.start()):
        if line:
            server.wait_log("system.log", line)
        server.works()
        with server.stranger():
            server.cell()


# contextlib.closing() calls it.
Isolated.close = Isolated.stop_clean


@promise("a system that refuses filters and no_new_privs: logins are isolated "
         "by the rest, and one line says what is missing")
def _():
    if PRELOAD or not bare_system.known():
        skip("no filters, or an unknown machine")
    bare = Within()
    bare.within = ("/usr/bin/python3", bare_system.__file__)
    serves(bare, r"logins are isolated \(SFTPIsolation\), but this system "
           r"refuses: an empty bounding set \(Operation not permitted\), "
           r"no_new_privs \(Operation not permitted\), a filter of system "
           r"calls \(Operation not permitted\)$")


def without(directives, drop, *words):
    bare = Within(directives, drop=drop)
    bare.within = ("setpriv",) + words
    return bare


# A container without them: what is said to be missing, or None.
CAPABILITIES = (
    ("sys_admin", None), ("kill", None), ("dac_override", None),
    ("sys_chroot", r"an empty root directory \(Operation not permitted\)$"),
    ("setpcap", r"an empty bounding set \(Operation not permitted\)$"))


@promise("a container without a capability: logins are isolated by the rest, and "
         "one line says what is missing")
def _():
    for name, missing in CAPABILITIES:
        bare = without("", ("DefaultRoot",), "--bounding-set=-" + name)
        line = "but this system refuses: "
        serves(bare, missing and line + missing)
        expect_same(line in bare.log("system.log"), missing is not None, name)


@promise("a container whose processes cannot get rights: nothing is missing")
def _():
    bare = without("", (), "--no-new-privs")
    serves(bare, None)
    expect("this system refuses" not in bare.log("system.log"), "missing")


@promise("a container without CAP_SETUID or CAP_SETGID: nobody can log in, and "
         "one line says why")
def _():
    for name in "setuid", "setgid":
        bare = without("User root\nGroup root\n", ("User", "Group"),
                       "--bounding-set=-" + name)
        bare.launch()
        with contextlib.closing(bare):
            bare.wait_log("system.log", r"it cannot give up its ids and "
                          r"capabilities \(Operation not permitted\)")
            expect(not bare.greets(), "a greeting")


@promise("no directory that can be written: the same")
def _():
    bare = Within()
    script = "".join("mount --bind %s %s && mount -o remount,bind,ro %s && "
                     % (path, path, path) for path in ("/run", "/tmp"))
    bare.within = alone() + ["sh", "-c", script + 'exec "$@"', "sh"]
    if run(alone() + ["sh", "-c", script + "true"]).returncode != 0 or \
            bare.dir.startswith("/tmp/"):
        skip("/run and /tmp cannot be made so here")
    serves(bare, r"but this system refuses: an empty root directory "
           r"\(Read-only file system\)$")


@promise("no account of its own: the daemon's User, and a line says so")
def _():
    bare = Isolated()
    with open("/etc/passwd") as file, \
            open(bare.path("accounts"), "w") as out:
        out.writelines(line for line in file
                       if not line.startswith("_sftp-cell:"))
    os.chmod(bare.path("accounts"), 0o644)
    bare.binds["/etc/passwd"] = bare.path("accounts")
    serves(bare, "isolated logins run with the ids of the daemon's User: "
           "there is no account '_sftp-cell'")


# ---- Transfers

@contextlib.contextmanager
def uploading(name):
    """A session with an open file that has some bytes: (session, handle)."""
    with Raw(srv, 3) as raw:
        handle = string(raw.open_with("/" + name, CREATE))
        expect_same(raw.status(6, handle + quad(0) + string(b"x" * 1000)), 0,
                    "WRITE")
        yield raw, handle


def record_of(name, end):
    srv.wait_log("transfer.log", r"/%s b _ i r alice sftp 0 \* %s$" % (name,
                                                                       end))


@promise("a reload during a transfer: it goes on, and its record is whole")
def _():
    with uploading("reloaded") as (raw, handle):
        mark = len(srv.log("system.log"))
        srv.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "received SIGHUP" in srv.log("system.log")[mark:],
                 "the reload")
        wait_for(srv.greets, "the daemon")
        expect_same(raw.status(6, handle + quad(1000) + string(b"y" * 1000)),
                    0, "WRITE")
        expect_same(raw.status(4, handle), 0, "CLOSE")
    expect_same(srv.get("reloaded"), b"x" * 1000 + b"y" * 1000, "file")
    record_of("reloaded", "c")
    srv.no_sessions()


@promise("SIGTERM of a session: its transfer is incomplete, other sessions "
         "notice nothing")
def _():
    with uploading("ended") as (one, _handle):
        pid = srv.session()
        with uploading("other") as (other, handle):
            os.kill(pid, signal.SIGTERM)
            expect(one.ended(), "it goes on")
            expect_same(other.status(4, handle), 0, "CLOSE")
    record_of("ended", "i")
    record_of("other", "c")
    srv.no_sessions()
    said = must(run(["ftpwho", "-f", srv.path("scoreboard")])).stdout
    expect(b"alice" not in said, said)


@promise("SIGTERM of the daemon ends transfers, which are incomplete, and "
         "nothing is left")
def _():
    with uploading("last") as (raw, _handle):
        srv.process.terminate()
        srv.process.wait()
        expect(raw.ended(), "it goes on")
    record_of("last", "i")
    wait_for(lambda: not srv.cells() | srv.nurseries(), "the nursery's end")
    srv.process = None
    srv.start()


@promise("a directory that disappears: its open files are written to the end, "
         "names in it are not there, its listing ends")
def _():
    srv.mkdir("gone/sub")
    for number in range(3):
        srv.put("gone/%d" % number, b"some")
    with uploading("gone/up") as (raw, handle):
        kind, left = raw.ask(11, string(b"/gone"))
        expect_same(kind, HANDLE, "OPENDIR")
        listing = string(raw.cut(left)[0])
        shutil.rmtree(srv.home("gone"))
        expect_same(raw.status(6, handle + quad(1000) + string(b"y")), 0,
                    "WRITE")
        expect_same(raw.status(4, handle), 0, "CLOSE")
        for _ in range(10):
            status = raw.status(12, listing)
            if status is not None:
                break
        expect(status in (1, 2), "READDIR: %s" % status)
        expect_same(raw.status(4, listing), 0, "CLOSE of the listing")
        for what, kind, body in (
                ("OPEN", 3, string(b"/gone/new") + CREATE + num(0)),
                ("STAT", 17, string(b"/gone/up")),
                ("MKDIR", 14, string(b"/gone/sub/d") + num(0)),
                ("OPENDIR", 11, string(b"/gone"))):
            expect_same(raw.status(kind, body), 2, what)
        raw.server.mkdir("gone")
        expect_same(raw.status(14, string(b"/gone/again") + num(0)), 0,
                    "MKDIR when it is there again")
    srv.no_sessions()


@promise("a root directory that disappears ends nothing but its names")
def _():
    users = srv.home().rstrip("/")
    with Raw(srv, 3) as raw:
        os.rename(users, users + "-moved")
        shutil.rmtree(users + "-moved")
        status = raw.status(14, string(b"/d") + num(0))
        expect(status not in (0, None), "MKDIR: %s" % status)
        expect(raw.status(17, string(b"/none")) in (2, 4), "STAT")
        srv.mkdir("")
    srv.works()
    srv.no_sessions()


# ---- Clients

@promise("a client that sends its first line byte by byte for ever is ended by "
         "TimeoutLogin, and others get in")
def _():
    with socket.create_connection(("127.0.0.1", srv.port)) as slow:
        slow.settimeout(0.2)
        ended = False
        logged_in = False
        for _ in range(300):
            try:
                slow.sendall(b"S")
                ended = slow.recv(256) == b""
            except TimeoutError:
                pass
            except OSError:
                ended = True
            if not logged_in:
                srv.works()
                logged_in = True
            if ended:
                break
        expect(ended, "it stays")
    srv.no_sessions()


@promise("a client that reads nothing costs its session a bounded queue, and "
         "others are served")
def _():
    with open(srv.put("big"), "wb") as file:
        file.truncate(1 << 30)
    with Raw(srv, 3) as raw:
        pid = srv.session()
        handle = string(raw.open_with("/big", num(1)))
        widen = Message()
        widen.add_byte(b"\x5d")         # WINDOW_ADJUST
        widen.add_int(raw.channel.remote_chanid)
        widen.add_int(1 << 30)
        raw.transport._send_message(widen)
        end = threading.Event()

        def nothing():
            end.wait()
            raise EOFError

        raw.transport.packetizer.read_message = nothing
        requests = b"".join(string(raw._begin(5, handle + quad(at << 18)
                                              + num(1 << 18)))
                            for at in range(1000))
        raw.channel.sendall(requests)
        srv.works()
        with open("/proc/%d/status" % pid) as file:
            kib = int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))
        end.set()
        expect(PRELOAD or kib < 16384, "%d KiB" % kib)
    srv.no_sessions()


main(srv)
