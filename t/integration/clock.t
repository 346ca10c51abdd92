#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""The system's clock is set by two hours while sessions run.  The daemon gets
a clock that the test can set; that of the machine stays as it is."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policydoors import Exec
from tap import expect, main, promise
from rawauth import RawAuth
from rawsftp import Raw, num, quad, string
from server import SOURCE, Server, must, run, wait_for

HOURS = 2 * 3600
RATE_KB = 100

srv = Server("TimeoutLogin 200\nTimeoutIdle 150\nTimeoutNoTransfer 120\n"
             "TimeoutStalled 100\nTimeoutSession 900\n"
             "LogFormat times \"%%{transfer-status} %%f %%T %%R\"\n"
             "ExtendedLog @DIR@/times.log READ,WRITE times\n"
             "TransferLog @DIR@/transfer.log\n"
             "<Directory ~/slow>\n"
             "  TransferRate RETR,STOR %d\n</Directory>\n" % RATE_KB)

# ProFTPD's timers resolve seconds.
LONGEST = 60

must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra", "-Werror",
          "-D_GNU_SOURCE", "-o", srv.path("stepclock.so"),
          os.path.join(SOURCE, "t/companion/stepclock.c")]))
os.chmod(srv.path("stepclock.so"), 0o755)
with open(srv.path("ahead"), "wb") as file:
    file.write(struct.pack("=q", 0))
os.chmod(srv.path("ahead"), 0o644)
srv.env.update(LD_PRELOAD=srv.path("stepclock.so"),
               STEPCLOCK=srv.path("ahead"))
srv.mkdir("slow")


def set_clock(by):
    with open(srv.path("ahead"), "r+b") as out:
        now = struct.unpack("=q", out.read(8))[0]
        out.seek(0)
        out.write(struct.pack("=q", now + by))


def lines_of(log, name):
    return [line for line in srv.log(log).splitlines() if name in line]


def durations(name):
    """Those in the records of a complete transfer of this file."""
    srv.no_sessions()
    line = lines_of("transfer.log", name)[-1].split()
    expect(line[-1] == "c", line)
    other = lines_of("times.log", name)[-1].split()
    expect(other[0] == "success", other)
    return float(line[5]), float(other[2]), float(other[3]) / 1000


def check_durations(name, took):
    for secs in durations(name):
        expect(0 <= secs <= took + 1, "%g of %g s: %s" % (
            secs, took, lines_of("times.log", name)))


def upload(raw, name, step, pieces):
    """In pieces of 20 KB; the clock is set behind the fifth."""
    handle = string(raw.open_with("/" + name, num(0x1a)))
    for number in range(pieces):
        if number == 5:
            set_clock(step)
        expect(raw.status(6, handle + quad(number * 20480)
                          + string(bytes(20480))) == 0, "piece %d" % number)
    expect(raw.status(4, handle) == 0, "CLOSE")


for word, by in (("forward", HOURS), ("back", -HOURS)):
    @promise("an upload goes on when the clock is set " + word)
    def _(word=word, by=by):
        name = "up." + word
        with Raw(srv, 3) as raw:
            begin = time.monotonic()
            upload(raw, name, by, 15)
            # Longer than the daemon leaves its timers alone.
            while time.monotonic() - begin < 1.5:
                expect(raw.ask(17, string(b"/" + name.encode()))[0] == 105,
                       "STAT")
            took = time.monotonic() - begin
        check_durations(name, took)
        expect(lines_of("sftp.log", "the system's clock was set %s by %d "
                        "seconds" % (word, HOURS)), "no line in the log")

    @promise("TransferRate is obeyed when the clock is set " + word)
    def _(word=word, by=by):
        name = "slow/up." + word
        with Raw(srv, 3) as raw:
            begin = time.monotonic()
            upload(raw, name, by, 10)
            took = time.monotonic() - begin
        expect(10 * 20 / RATE_KB - 0.5 < took < LONGEST, "%g s" % took)
        check_durations(os.path.basename(name), took)

    @promise("a login goes on when the clock is set " + word)
    def _(word=word, by=by):
        with RawAuth(srv.connect()) as raw:
            raw.send(raw.message("alice", "none"))
            expect(raw.recv()[0] == 51, "no answer")
            set_clock(by)
            raw.send(raw.message("alice", "none"))
            expect(raw.recv()[0] == 51, "no answer after the step")
            raw.send(raw.password("alice", srv.password))
            expect(raw.recv()[0] == 52, "no login")

    @promise("an idle session stays when the clock is set " + word)
    def _(word=word, by=by):
        with Raw(srv, 3) as raw:
            expect(raw.ask(17, string(b"/slow"))[0] == 105, "STAT")
            pid = srv.session()
            set_clock(by)
            expect(raw.ask(17, string(b"/slow"))[0] == 105, "the session "
                   "ended")
            expect(srv.session() == pid, "another session")


def paced(what, call):
    """It takes as long as TransferRate says."""
    begin = time.monotonic()
    call()
    took = time.monotonic() - begin
    expect(100 / RATE_KB - 0.5 < took < LONGEST, "%s took %g s" % (what, took))


def asked(raw, *fields):
    kind, left = raw.ask(200, b"".join(fields))
    expect(kind == 201 or left[:4] == bytes(4), "%r: %r" % (fields[0], left))


@promise("TransferRate counts for copies and checksums as well")
def _():
    with open(srv.put("slow/long"), "wb") as file:
        file.write(bytes(100 * 1024))
    path = string(b"/slow/long")
    with Raw(srv, 3) as raw:
        paced("copy-file", lambda: asked(
            raw, string(b"copy-file"), path, string(b"/slow/copy"), b"\1"))
        paced("a copy from there", lambda: asked(
            raw, string(b"copy-file"), path, string(b"/copy"), b"\1"))
        paced("check-file", lambda: asked(
            raw, string(b"check-file-name"), path, string(b"md5"), bytes(20)))
        handle = string(raw.open_with("/slow/long", num(1)))
        paced("check-file of a handle", lambda: asked(
            raw, string(b"check-file-handle"), handle, string(b"md5"),
            bytes(20)))
        paced("md5sum", lambda: Exec(raw.transport).do_sum("/slow/long"))
        asked(raw, string(b"copy-file"), path, string(b"/slow/copy"), b"\1")
    for name in ("slow/copy", "copy"):
        expect(srv.get(name) == bytes(100 * 1024), name + " is damaged")


@promise("no session was ended by a timer")
def _():
    srv.no_sessions()
    wait_for(lambda: len(lines_of("sftp.log", "clock was set")) >= 8,
             "a line of each session")
    expect(not lines_of("sftp.log", "timeout"), srv.log("sftp.log"))


main(srv)
