#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""SFTPMaxStartups: connections without a login never take all places.  All of
127.0.0.0/8 is this machine: each source is an address of its own."""

import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise
from server import PATIENCE, Server, wait_for

import paramiko

FULL = 20                       # two thirds of MaxInstances
MANY = 300


class Crowded(Server):
    def connect_from(self, source):
        return socket.create_connection(("127.0.0.1", self.port),
                                        timeout=PATIENCE,
                                        source_address=(source, 0))

    def half_open(self, source, n):
        """Clients that send nothing, half a line, or a line and no more."""
        socks = []
        for number in range(n):
            sock = self.connect_from(source(number))
            try:
                sock.sendall((b"", b"SSH-2.0-sl", b"SSH-2.0-x\r\n")
                             [number % 3])
            except OSError:
                pass
            socks.append(sock)
        return socks

    def login(self, source):
        conn = paramiko.Transport(self.connect_from(source))
        try:
            conn.start_client(timeout=PATIENCE)
            conn.auth_password("alice", self.password)
            return conn
        except (paramiko.SSHException, EOFError, OSError):
            conn.close()
            return None

    def settled(self):
        """Most of a crowd were dropped, not all."""
        wait_for(lambda: FULL // 2 <= len(self.sessions()) <= FULL,
                 "fewer sessions")

    def greeted(self, source):
        """A connection that was not dropped; the slot of a process that was
        killed is free when the daemon has waited for it."""
        def connect():
            sock = self.connect_from(source)
            try:
                if sock.recv(4) == b"SSH-":
                    return sock
            except OSError:
                pass
            sock.close()
            return None
        return wait_for(connect, "a greeting")


srv = Crowded("MaxInstances 30\nTimeoutLogin 200\n")
off = Crowded("MaxInstances 4\nTimeoutLogin 200\nSFTPMaxStartups none\n")
few = Crowded("SFTPMaxStartups 2:100:2\nTimeoutLogin 200\n")


def close_all(server, socks):
    for sock in socks:
        sock.close()
    server.no_sessions()


@promise("clients get in beside 300 half-open connections of one source")
def _():
    socks = srv.half_open(lambda number: "127.1.0.1", MANY)
    srv.settled()
    conns = [wait_for(lambda n=number: srv.login("127.2.0.%d" % n), "a login")
             for number in range(1, 6)]
    close_all(srv, socks + conns)


@promise("a client gets in beside those of 100 sources")
def _():
    socks = srv.half_open(lambda number: "127.3.%d.%d" % (
        number // 10, number % 10 + 1), MANY // 3)
    srv.settled()
    conn = wait_for(lambda: srv.login("127.2.0.1"), "a login")
    close_all(srv, socks + [conn])


@promise("the log says so once, and the counter knows the number")
def _():
    lines = [line for line in srv.log("system.log").splitlines()
             if "too many connections without a login" in line]
    expect(1 <= len(lines) <= 10 and "SFTPMaxStartups 10:30:20" in lines[0],
           lines)


@promise("the client whose place is taken is told")
def _():
    first = few.connect_from("127.4.0.1")
    expect(first.recv(4) == b"SSH-", "no greeting")
    others = [few.connect_from("127.4.0.1") for _ in range(4)]
    wait_for(lambda: len(few.sessions()) <= 2, "the end of others")
    conns = [few.login("127.5.0.1")]
    expect(conns[0] is not None, "another source is refused")
    close_all(few, [first] + others + conns)


@promise("who has logged in is not counted")
def _():
    conns = [few.login("127.6.0.1") for _ in range(6)]
    expect(all(conns), "no login: %s" % conns)
    expect(all(conn.is_active() for conn in conns), "one was dropped")
    close_all(few, conns)


@promise("sessions that were killed are not counted")
def _():
    for _ in range(3):
        socks = [few.greeted("127.7.0.1") for _ in range(2)]
        for pid in few.sessions():
            os.kill(pid, signal.SIGKILL)
        close_all(few, socks)


@promise("none turns it off")
def _():
    socks = [off.connect_from("127.1.0.1") for _ in range(4)]
    for sock in socks:
        expect(sock.recv(4) == b"SSH-", "no greeting")
    expect(len(off.sessions()) == 4 and off.login("127.2.0.1") is None,
           "there is a place")
    close_all(off, socks)


main(srv, off, few)
