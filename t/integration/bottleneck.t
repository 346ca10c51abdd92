#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""What limited a transfer: each cause is made so strong that it is most of
the time, and is named by the log line, by the notes and by ftpdctl."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import paramiko_transport
from controls import CONTROLS, Controlled
from longline import HERE, LongLine
from netns import own_network
from rawsftp import Raw, num, quad, string
from server import PATIENCE, SOURCE, must, run, wait_for
from tap import expect, expect_same, main, promise, skip

KIB, MIB = 1 << 10, 1 << 20
LOG = """
ExtendedLog @DIR@/ext.log READ,WRITE limits
LogFormat limits "%m|%{note:mod_sftp.bottleneck}|%{note:mod_sftp.limits}|\
%{transfer-millisecs}"
"""
RATE = """
<Directory ~/slow>
  TransferRate RETR,STOR 200
</Directory>
"""

own = own_network()
try:
    line = LongLine() if own else None
except OSError:
    line = None


class Measured(Controlled):
    """Its clients are at the other end of the line, or beside it."""

    def __init__(self, directives="", slow=None, ms=0):
        super().__init__(LOG + RATE + directives)
        self.far = False
        self.mkdir("slow")
        if slow:
            library = self.path("slow.so")
            must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra",
                      "-Werror", "-D_GNU_SOURCE", "-o", library,
                      os.path.join(SOURCE, "t/companion/slow.c")]))
            os.chmod(library, 0o755)
            self.env.update(LD_PRELOAD=library, SLOW=slow, SLOW_MS=str(ms))

    def _default_lines(self):
        for name, value in super()._default_lines():
            yield name, "0.0.0.0" if name == "DefaultAddress" else value

    def connect(self):
        if not self.far:
            return super().connect()
        return line.there(socket.create_connection, (HERE, self.port),
                          PATIENCE)

    def transfer(self, batch, *options):
        """OpenSSH's client; the limits of the last transfer."""
        if self.far:
            must(line.there(self.sftp, batch, *options, *self.from_there()))
        else:
            must(self.sftp(batch, *options))
        return self.limits()

    def from_there(self):
        return ("-o", "HostName=" + HERE,
                "-o", "HostKeyAlias=[127.0.0.1]:%d" % self.port)

    def lines(self):
        return re.findall(r"(upload|download) of '(.*)': (\d+) bytes in "
                          r"([0-9.]+) s, limited by (.*)$",
                          self.log("sftp.log"), re.M)

    def limits(self):
        """Of the last transfer: {cause: percent}, largest first."""
        self.no_sessions()
        found = self.lines()[-1][-1]
        noted = self.log("ext.log").splitlines()[-1].split("|")
        expect_same(noted[2], found, "the note")
        expect_same(noted[1], found.split()[0], "the note of the largest")
        return parse(found)


def parse(text):
    found = dict((one.split()[0], int(one.split()[1][:-1]))
                 for one in text.split(", "))
    expect_same(sorted(found.values(), reverse=True), list(found.values()),
                "their order")
    expect(97 <= sum(found.values()) <= 103, "all of the time: " + text)
    return found


def expect_most(limits, cause):
    expect_same(next(iter(limits)), cause, "the largest of %r" % limits)


def on_line(server, delay=0.0, rate=0):
    """The next client is at the other end."""
    if line is None:
        skip("no network of our own, or no /dev/net/tun")
    line.set(delay, rate)
    server.far = True
    return server


def beside(server):
    server.far = False
    return server


plain = Measured(CONTROLS)
disk = Measured(slow="disk", ms=100)
# The preload has this function of libcrypto.
cipher = Measured("SFTPCiphers aes256-ctr\nSFTPDigests hmac-sha2-256",
                  slow="cipher", ms=30)
for one in (plain, disk, cipher):
    for size in (1, 6, 40):
        one.put("f%d" % size, bytes(size * MIB))
local = plain.local("f1", bytes(MIB))
larger = plain.local("f6", bytes(6 * MIB))


@promise("a transfer of less than 0.1 s has notes, and no line")
def _():
    srv = beside(plain)
    srv.put("tiny", b"x")
    for _ in range(3):
        before = len(srv.lines())
        must(srv.sftp("get /tiny /dev/null"))
        srv.no_sessions()
        noted = srv.log("ext.log").splitlines()[-1].split("|")
        expect_same(noted[1], next(iter(parse(noted[2]))), "the note")
        # On a busy machine, it may have taken longer.
        if int(noted[3]) < 90:
            expect_same(len(srv.lines()), before, "lines")


@promise("a slow disk limits downloads and uploads")
def _():
    expect_most(disk.transfer("get /f1 /dev/null"), "disk")
    # One at a time: else the server would write all of them at once.
    expect_most(disk.transfer("put %s /up" % local, "-R", "1"), "disk")


@promise("a rule for the rate limits downloads and uploads")
def _():
    plain.put("slow/f", bytes(MIB // 2))
    expect_most(plain.transfer("get /slow/f /dev/null"), "rate")
    expect_most(plain.transfer("put %s /slow/up" % local), "rate")


@promise("a slow cipher is the server's CPU")
def _():
    expect_most(cipher.transfer("get /f1 /dev/null"), "cpu")
    expect_most(cipher.transfer("put %s /up" % local), "cpu")


@promise("a shallow pipeline on a long line: the client's requests in flight")
def _():
    srv = on_line(plain, delay=0.05)
    shallow = ("-R", "1", "-B", "8192")
    srv.put("little", bytes(256 * KIB))
    little = srv.local("little", bytes(256 * KIB))
    expect_most(srv.transfer("get /little /dev/null", *shallow), "requests")
    expect_most(srv.transfer("put %s /up" % little, *shallow), "requests")


@promise("a deep pipeline on a long, narrow line: the network")
def _():
    srv = on_line(plain, delay=0.03, rate=2 * MIB)
    expect_most(srv.transfer("get /f6 /dev/null", "-R", "128"), "network")
    expect_most(srv.transfer("put %s /up" % larger, "-R", "128"), "network")


@promise("a long, narrow line limits SCP as well")
def _():
    srv = on_line(plain, delay=0.03, rate=2 * MIB)
    for names in (("srv:f6", "/dev/null"), (larger, "srv:up")):
        must(line.there(srv.scp, "-O", *srv.from_there(), *names))
        expect_most(srv.limits(), "network")


@promise("a small window on a long line: the client's window")
def _():
    srv = on_line(plain, delay=0.05)
    with paramiko_transport(srv) as transport:
        transport.default_window_size = 32 * KIB
        with Raw(srv, 3, beside=SimpleNamespace(transport=transport)) as raw:
            handle = raw.open_with("/f1", num(1))
            raw.ask_all([(5, string(handle) + quad(at * 32 * KIB)
                          + num(32 * KIB)) for at in range(32)])
            raw.status(4, string(handle))
    expect_most(srv.limits(), "window")


@promise("a client that is slow to send")
def _():
    srv = beside(plain)
    with Raw(srv, 3) as raw:
        handle = raw.open_with("/slowly", num(0x1a))
        for at in range(10):
            raw.status(6, string(handle) + quad(at * KIB)
                       + string(bytes(KIB)))
            time.sleep(0.2)     # its disk
        raw.status(4, string(handle))
    expect_most(srv.limits(), "client")


@promise("ftpdctl names what limits a running transfer: a client that stops")
def _():
    srv = beside(plain)

    def shown():
        found = re.search(r" download '/f40', .* limited by (.*)$",
                          "\n".join(srv.ctl("sessions")), re.M)
        return found and next(iter(parse(found.group(1))))

    # Slowly enough to be seen: it has a rate of its own, until it stops.
    batch = srv.local("batch", b"get /f40 /dev/null\n")
    client = subprocess.Popen(
        ["sftp", "-q", "-F", srv.ssh_config(), "-l", "20000", "-b", batch,
         "srv"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        start_new_session=True)
    try:
        wait_for(shown, "the transfer")
        os.killpg(client.pid, signal.SIGSTOP)
        wait_for(lambda: shown() == "client", "the client to be named")
        os.killpg(client.pid, signal.SIGCONT)
    finally:
        os.killpg(client.pid, signal.SIGKILL)
        client.wait()
    expect_most(srv.limits(), "client")


main(plain, disk, cipher)
