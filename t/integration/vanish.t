#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Clients that vanish: no packet comes from their machine any more."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from netns import Machine, own_network
from server import Server, must, run, wait_for
from tap import Failed, main, promise, skip

HERE, THERE = "10.9.1.1", "10.9.1.2"
BIG = 1 << 40                   # of a file without blocks

own = own_network()
if own:
    far = Machine("far", HERE, THERE)
    # What the system itself does: it gives up after three attempts.
    with open("/proc/sys/net/ipv4/tcp_retries2", "w") as attempts:
        attempts.write("3")


class Reachable(Server):
    """By that machine, as well."""

    def __init__(self, alive):
        super().__init__(
            "DefaultAddress %s\nDefaultServer on\n%s\nTimeoutStalled 0\n"
            "TimeoutIdle 0\nTimeoutNoTransfer 0\n" % (HERE, alive),
            drop=("DefaultAddress",))

    def client(self, batch):
        process = subprocess.Popen(
            far.inside(["sftp", "-F", self.ssh_config(), "-q", "-o",
                        "HostName=" + HERE, "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "srv"]),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        process.stdin.write(batch.encode())
        process.stdin.flush()
        return process


asks = Reachable("SFTPClientAlive 2 1")
silent = Reachable("SFTPClientAlive 0 0")


def moved(server):
    """How many bytes the session's transfer has moved."""
    with open("/proc/%d/io" % server.session()) as io:
        fields = dict(line.split(": ") for line in io.read().splitlines())
    return int(fields["wchar"]) + int(fields["rchar"])


def unacknowledged(server):
    """Bytes that the client's system has not acknowledged, and never will."""
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in table.read().splitlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows
               if int(row[1].split(":")[1], 16) == server.port)


def vanishes(server, batch, busy, line, certainly=True):
    """False: not now, as nothing was on its way to the client."""
    if not own:
        skip("the system gives no network of one's own")
    server.mkdir("d")
    with open(server.home("big"), "wb") as file:
        file.truncate(BIG)
    local = server.local("big", b"")
    os.truncate(local, BIG)
    client = server.client(batch.replace("LOCAL", local))
    try:
        wait_for(lambda: server.sessions(), "a session")
        if busy:
            wait_for(lambda: moved(server) > 1 << 25, "a transfer")
        else:
            server.wait_log("sftp.log", "using SFTP protocol")
        must(run(far.inside(["ip", "addr", "flush", "dev", "eth0"])))
        if not certainly and unacknowledged(server) == 0:
            os.kill(server.session(), signal.SIGTERM)
            server.no_sessions()
            return False
        server.no_sessions()
        server.wait_log("sftp.log", line)
        return True
    finally:
        os.killpg(client.pid, signal.SIGKILL)
        client.wait()
        must(run(far.inside(["ip", "addr", "add", THERE + "/24", "dev",
                             "eth0"])))


LINE = "client alive threshold reached"


@promise("SFTPClientAlive: an idle client is missed")
def _():
    vanishes(asks, "pwd\n", False, LINE)


@promise("SFTPClientAlive: a client that uploads, too")
def _():
    vanishes(asks, "put LOCAL up\n", True, LINE)


@promise("SFTPClientAlive: a client that downloads, too")
def _():
    vanishes(asks, "get big /dev/null\n", True, LINE)


@promise("without any timeout, the system misses a client that downloads")
def _():
    for _attempt in range(10):
        if vanishes(silent, "get big /dev/null\n", True, "connection failed: "
                    "(Connection timed out|No route to host)", False):
            return
    raise Failed("nothing was on its way, ten times")


main(asks, silent)
