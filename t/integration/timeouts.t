#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""The host's timers end sessions with a DISCONNECT and a line in the log.

Nothing here measures time: each promise waits for what must happen, and for
busy sessions that what must not happen does not.
"""

import os
import sys
import time

import paramiko
from paramiko import SSHException

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise
from server import Server, wait_for

# ProFTPD's timers may come up to two seconds early.
stalled = Server("TimeoutStalled 4\nTimeoutNoTransfer 0\nTimeoutIdle 0\n")
quiet = Server("TimeoutNoTransfer 4\nTimeoutIdle 0\n")
idle = Server("TimeoutIdle 4\nTimeoutNoTransfer 0\n")
session = Server("TimeoutSession 2\nTimeoutIdle 0\n")
login = Server("TimeoutLogin 2\n")


class Raw:
    def __init__(self, server):
        self.ssh = paramiko.Transport(("127.0.0.1", server.port))
        self.ssh.connect(username=server.user,
                         pkey=paramiko.Ed25519Key(filename=server.key))
        self.sftp = paramiko.SFTPClient.from_transport(self.ssh)

    def ends(self):
        wait_for(lambda: not self.ssh.is_active(), "the end of the session",
                 30)

    def drop(self):
        self.ssh.close()


def busy(server, work):
    """Works for longer than the limit, and is not thrown out.  On a machine
    that stops this program for long enough, a session is rightly thrown out:
    then it is tried again."""
    for _ in range(10):
        start = last = time.monotonic()
        longest, raw, failed = 0, None, None
        try:
            raw = Raw(server)
            while time.monotonic() < start + 6 and raw.ssh.is_active():
                work(raw)
                time.sleep(0.3)
                longest = max(longest, time.monotonic() - last)
                last = time.monotonic()
        except (OSError, EOFError, SSHException) as err:
            failed = err
        longest = max(longest, time.monotonic() - last)
        active = failed is None and raw.ssh.is_active()
        if raw:
            raw.drop()
        if active or longest < 1:
            break
    expect(active, f"thrown out while busy: {failed}")


@promise("TimeoutStalled ends a session whose open file transfers nothing")
def _():
    raw = Raw(stalled)
    out = raw.sftp.open("/file", "w")
    out.write(b"x" * 100)
    raw.ends()
    stalled.wait_log("sftp.log", r"stalled timeout")
    stalled.wait_log("sftp.log", r"disconnecting .*data stalled")
    stalled.wait_log("transfer.log", r"/file b _ i r alice sftp 0 \* i")


@promise("TimeoutStalled does not end a session that has no file open")
def _():
    busy(stalled, lambda raw: None)


@promise("TimeoutStalled does not end a slow transfer")
def _():
    files = {}

    def write(raw):
        if raw not in files:
            files[raw] = raw.sftp.open("/slow", "w")
        files[raw].write(b"x")

    busy(stalled, write)


@promise("TimeoutNoTransfer ends a session that only looks at files")
def _():
    raw = Raw(quiet)
    raw.sftp.stat("/")
    raw.ends()
    quiet.wait_log("sftp.log", r"disconnecting .*")
    quiet.wait_log("system.log", r"no transfer timeout, disconnected")


@promise("TimeoutNoTransfer does not end listings and transfers")
def _():
    quiet.put("file", b"f" * 10)
    busy(quiet, lambda raw: raw.sftp.listdir("/"))

    def read(raw):
        with raw.sftp.open("/file", "r") as file:
            file.read()

    busy(quiet, read)


@promise("TimeoutIdle ends a silent session, not an active one")
def _():
    busy(idle, lambda raw: raw.sftp.stat("/"))
    raw = Raw(idle)
    raw.ends()
    idle.wait_log("sftp.log", r"disconnecting .*idle timeout")


@promise("TimeoutSession ends a session, busy or not")
def _():
    raw = Raw(session)

    def gone():
        try:
            raw.sftp.stat("/")
        except (OSError, EOFError, SSHException):
            pass                # in the middle of an answer, perhaps
        return not raw.ssh.is_active()

    wait_for(gone, "the end of the session", 30)
    session.wait_log("sftp.log", r"disconnecting .*session timeout")


@promise("TimeoutLogin ends a connection that does not log in")
def _():
    with login.connect() as sock:
        sock.sendall(b"SSH-2.0-slow\r\n")
        sock.settimeout(30)
        while sock.recv(4096):
            pass
    login.no_sessions()


main(stalled, quiet, idle, session, login)
