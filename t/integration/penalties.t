#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""SFTPPerSourcePenalties: sources that misbehave before the login are not let
in for a while.  All of 127.0.0.0/8 is this machine: each test is a client
from an address of its own."""

import ftplib
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise
from ftphost import FtpServer
from server import PATIENCE, Server, wait_for

import paramiko

LONG = "crash:1h authfail:10m invaliduser:10m noauth:10m grace-exceeded:10m" \
    " budget-exceeded:10m refuseconnection:10m min:15m max:30m"


class Penal(FtpServer):
    def __init__(self, penalties, more=""):
        super().__init__(
            "SFTPPerSourcePenalties %s\nSFTPPerSourcePenaltyExemptList "
            "127.0.0.1,127.9.0.0/16\n%s\n" % (penalties, more))

    def connect_from(self, source, port=None):
        return socket.create_connection(
            ("127.0.0.1", port or self.port), timeout=PATIENCE,
            source_address=(source, 0))

    def lets_in(self, source):
        """Looks at the greeting; leaves a session that counts as noauth."""
        return self.greets(lambda: self.connect_from(source))

    def ftp_lets_in(self, source):
        try:
            with self.connect_from(source, self.ftp_port) as sock:
                return sock.recv(3) == b"220"
        except OSError:
            return False

    def login(self, source, user="alice", passwords=("wrong",)):
        """Tries these and leaves; waits for the end of the session."""
        conn = paramiko.Transport(self.connect_from(source))
        try:
            conn.start_client(timeout=60)
            for password in passwords:
                try:
                    conn.auth_password(user, password, fallback=False)
                except paramiko.AuthenticationException:
                    pass
            return conn.is_authenticated()
        finally:
            conn.close()
            self.no_sessions()

    def ftp_login(self, source, password, user="alice"):
        ftp = ftplib.FTP()
        try:
            ftp.connect("127.0.0.1", self.ftp_port, PATIENCE,
                        source_address=(source, 0))
            ftp.login(user, password)
            return True
        except ftplib.error_perm:
            return False
        finally:
            ftp.close()
            self.no_sessions()


# Two of anything are too much for an hour; the third connection finds out.
srv = Penal(LONG, "MaxLoginAttempts 3\nTimeoutLogin 2\n"
            "SFTPPerSourceNetBlockSize 32:64\n")
nets = Penal("authfail:1h min:1s", "SFTPPerSourceNetBlockSize 24\n")
few = Penal("max-sources4:2 overflow:permissive overflow6:deny-all "
            "authfail:1h invaliduser:2h noauth:0 min:1s max:3h")
closed = Penal("overflow:deny-all max-sources4:2 authfail:20s noauth:0 min:1s")
short = Penal("authfail:6s min:1s max:7s noauth:0")
off = Penal("off")


def refused(server, source, why):
    server.no_sessions()
    expect(not server.lets_in(source), "let in after " + why)
    server.wait_log("system.log", r"connection from %s refused: penalty for "
                    r"%s, \d+ seconds left" % (source, why))


@promise("failed logins add up, and then the source is refused")
def _():
    srv.login("127.1.0.1")
    srv.login("127.1.0.1", passwords=("wrong", "wrong again"))
    refused(srv, "127.1.0.1", "failed authentication")
    expect(srv.lets_in("127.1.0.2"), "another source is refused")


@promise("one failure is not enough, and a login cancels earlier failures of "
         "its session")
def _():
    srv.login("127.1.1.1")
    for _ in range(3):
        expect(srv.login("127.1.1.1",
                         passwords=("wrong", srv.password)), "no login")


@promise("names that do not exist count")
def _():
    for number in range(2):
        srv.login("127.1.2.1", user="nobody-%d" % number)
    refused(srv, "127.1.2.1", "an unknown user")


@promise("a client that leaves without an attempt counts")
def _():
    for _ in range(2):
        expect(srv.lets_in("127.1.3.1"), "refused too early")
        srv.no_sessions()
    refused(srv, "127.1.3.1", "no authentication")


@promise("a client that waits until TimeoutLogin counts")
def _():
    socks = [srv.connect_from("127.1.4.1") for _ in range(2)]
    wait_for(lambda: len(srv.sessions()) == 2, "both sessions")
    srv.no_sessions()
    for sock in socks:
        sock.close()
    refused(srv, "127.1.4.1", "exceeding TimeoutLogin")


@promise("a client that uses too much before the login counts")
def _():
    for _ in range(2):
        conn = paramiko.Transport(srv.connect_from("127.1.9.1"))
        conn.start_client(timeout=60)
        try:
            while conn.is_active():
                conn.send_ignore(8)
        except (EOFError, OSError):
            pass
        conn.close()
        srv.no_sessions()
    refused(srv, "127.1.9.1", "using too much before the login")


@promise("a session that dies counts at once")
def _():
    srv.no_sessions()
    sock = srv.connect_from("127.1.5.1")
    expect(sock.recv(4) == b"SSH-", "no greeting")
    for pid in wait_for(srv.sessions, "the session"):
        os.kill(pid, signal.SIGKILL)
    srv.no_sessions()
    sock.close()
    # Whoever connects next finds that it is gone.
    wait_for(lambda: not srv.lets_in("127.1.5.1"), "the penalty")
    refused(srv, "127.1.5.1", "a crash")


@promise("a session that dies after its login does not count")
def _():
    srv.no_sessions()
    conn = paramiko.Transport(srv.connect_from("127.1.6.1"))
    conn.start_client(timeout=60)
    conn.auth_password("alice", srv.password)
    for pid in srv.sessions():
        os.kill(pid, signal.SIGKILL)
    conn.close()
    srv.no_sessions()
    expect(srv.lets_in("127.1.6.1") and srv.login(
        "127.1.6.1", passwords=(srv.password,)), "refused")


@promise("FTP and SFTP count together, and refuse together")
def _():
    expect(srv.ftp_login("127.1.7.1", srv.password), "no login by FTP")
    expect(not srv.ftp_login("127.1.7.1", "wrong"), "logged in")
    srv.login("127.1.7.1")
    refused(srv, "127.1.7.1", "failed authentication")
    expect(not srv.ftp_lets_in("127.1.7.1"), "FTP lets in")
    expect(srv.ftp_lets_in("127.1.7.2"), "FTP refuses another")


@promise("FTP alone counts in the same way")
def _():
    for _ in range(2):
        srv.ftp_login("127.1.8.1", "x", user="nobody-here")
        expect(srv.ftp_lets_in("127.1.8.2"), "refused at once")
        srv.no_sessions()
    for source, why in (("127.1.8.1", "an unknown user"),
                        ("127.1.8.2", "no authentication")):
        refused(srv, source, why)
        expect(not srv.ftp_lets_in(source), "FTP lets in " + source)


@promise("exempt networks are never blocked")
def _():
    for source in ("127.0.0.1", "127.9.8.7"):
        for _ in range(2):
            srv.login(source)
        srv.ftp_login(source, "wrong")
        expect(srv.lets_in(source), source + " is refused")
        expect(srv.ftp_lets_in(source), source + " is refused by FTP")


@promise("max-sources4: with overflow:permissive, the penalty that ends first "
         "makes room")
def _():
    few.login("127.5.0.1", user="nobody-here")
    few.login("127.5.0.2")
    refused(few, "127.5.0.1", "an unknown user")
    refused(few, "127.5.0.2", "failed authentication")
    few.login("127.5.0.3")
    refused(few, "127.5.0.3", "failed authentication")
    refused(few, "127.5.0.1", "an unknown user")
    expect(few.lets_in("127.5.0.2"), "nobody made room")


@promise("max-sources4: with overflow:deny-all, all sources but the exempt "
         "ones are refused until a penalty has ended")
def _():
    closed.login("127.6.0.1")
    expect(closed.lets_in("127.6.0.3"), "refused too early")
    closed.login("127.6.0.2")
    expect(not closed.lets_in("127.6.0.3"), "let in")
    expect(not closed.ftp_lets_in("127.6.0.3"), "let in by FTP")
    closed.wait_log("system.log", "connection from 127.6.0.3 refused: as many "
                    "sources as max-sources4 allows have a penalty")
    expect(closed.lets_in("127.9.0.1"), "an exempt one is refused")
    wait_for(lambda: closed.lets_in("127.6.0.3"), "the end")


@promise("SFTPPerSourceNetBlockSize makes neighbours one source")
def _():
    nets.login("127.2.0.1")
    refused(nets, "127.2.0.77", "failed authentication")
    expect(nets.lets_in("127.2.1.1"), "the next network is refused")


@promise("a penalty ends, and none is longer than max")
def _():
    for _ in range(2):
        if short.lets_in("127.3.0.1"):
            short.login("127.3.0.1")
    refused(short, "127.3.0.1", "failed authentication")
    wait_for(lambda: short.lets_in("127.3.0.1"), "the end", 30)


@promise("penalties survive a reload of the daemon")
def _():
    refused(srv, "127.1.0.1", "failed authentication")
    srv.process.send_signal(signal.SIGHUP)
    srv.wait_log("system.log", "received SIGHUP")
    wait_for(lambda: srv.lets_in("127.9.0.1"), "the daemon")
    refused(srv, "127.1.0.1", "failed authentication")


@promise("off turns penalties off")
def _():
    for _ in range(4):
        off.login("127.4.0.1")
    off.ftp_login("127.4.0.1", "wrong")
    expect(off.lets_in("127.4.0.1"), "refused")
    expect(off.ftp_lets_in("127.4.0.1"), "refused by FTP")


@promise("wrong values prevent the start")
def _():
    for line, word in (
            ("SFTPPerSourcePenalties authfail", "'authfail' is no penalty"),
            ("SFTPPerSourcePenalties authfail:5x", "5x"),
            ("SFTPPerSourcePenalties authfail:", "'authfail:'"),
            ("SFTPPerSourcePenalties sloth:5", "sloth"),
            ("SFTPPerSourcePenalties crash:99999999h", "99999999h"),
            ("SFTPPerSourcePenalties max-sources4:0", "max-sources4:0"),
            ("SFTPPerSourcePenalties max-sources6:5s", "max-sources6:5s"),
            ("SFTPPerSourcePenalties overflow:maybe", "overflow:maybe"),
            ("SFTPPerSourcePenalties overflow4:deny-all", "overflow4"),
            ("SFTPPerSourceNetBlockSize 33", "33"),
            ("SFTPPerSourceNetBlockSize 32:129", "32:129"),
            ("SFTPPerSourcePenaltyExemptList 10.0.0.0/99", "10.0.0.0/99"),
            ("<Global>\nSFTPPerSourcePenalties on\n</Global>",
             "SFTPPerSourcePenalties")):
        text = Server(line + "\n").refuses_to_start()
        expect(word in text, "%s: no %r in %s" % (line, word, text))


main(srv, nets, few, closed, short, off)
