#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""What makes mod_ban ban whoever does it by FTP makes it ban whoever does it by
SFTP.  It bans from one virtual host."""

import contextlib
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from pairs import BOTH, FTP, SFTP, Pairs
from server import PATIENCE, has_module
from tap import expect_same, main, promise, skip

ELSEWHERE = "127.7.0.1"
COMMON = "BanEngine on\n"

TOPICS = {
    "MaxLoginAttempts": "MaxLoginAttempts 2",
    "EmptyPassword": "AllowEmptyPasswords off",
    "RootLogin": "",
    "AnonRejectPasswords": """
<Anonymous @DIR@/home/guest>
  User guest
  AnonRejectPasswords "^nobody@"
</Anonymous>
""",
    "TimeoutLogin": "TimeoutLogin 1",
    "TimeoutIdle": "TimeoutIdle 3",
    "TimeoutNoTransfer": "TimeoutNoTransfer 3",
    "BadProtocol": "",
    "MaxConnectionsPerHost": "MaxConnectionsPerHost 1",
    "MaxClientsPerHost": "MaxClientsPerHost 1",
    "MaxClientsPerUser": "MaxClientsPerUser 1",
    "MaxHostsPerUser": "MaxHostsPerUser 1",
    "MaxCommandRate": "MaxCommandRate 20 60",
}

HERE = has_module("mod_ban.so")
EVENTS = list(TOPICS)
srv = Pairs({name: COMMON + lines for name, lines in TOPICS.items()}, """
BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
""" + "".join("BanOnEvent %s 1/01:00:00 01:00:00\n" % name
              for name in EVENTS), modules=("mod_ban",),
            users=("alice", "root", "guest", "busy-FTP", "busy-SFTP",
                   "roams-FTP", "roams-SFTP")) if HERE else None
rates = Pairs({"rate": COMMON}, """
BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
BanOnEvent ClientConnectRate 3/01:00:00 01:00:00
""", modules=("mod_ban",)) if HERE else None
# The other rule about these attempts bans the host, and the session ends there.
guesses = Pairs({"guesses": COMMON + "MaxLoginAttempts 2"}, """
BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
BanOnEvent MaxLoginAttemptsFromUser 1/01:00:00 01:00:00
""", modules=("mod_ban",), users=("alice", "bob")) if HERE else None


def to_root(fields):
    if fields[0] == "root":
        fields[2] = fields[3] = "0"


if srv:
    srv.edit("passwd", to_root)


def outcome(topic, protocol, source, user="alice", server=None):
    """What the right password brings."""
    server = server or srv
    with server.login(topic, protocol, source) as login:
        return login.attempt(user, server.password)


def sources():
    """An address for each event and protocol."""
    for number, event in enumerate(EVENTS):
        for index, protocol in enumerate(BOTH):
            yield event, protocol, "127.8.%d.%d" % (number + 1, index + 1)


SOURCES = {(event, protocol): source for event, protocol, source in sources()}


def banned(event, act, others=((ELSEWHERE, "in"),)):
    """By each protocol, act(protocol, address) makes its address one that
    nobody is let in from; from others somebody is.
    """
    if not HERE:
        skip("mod_ban is not there")
    for protocol in BOTH:
        source = SOURCES[event, protocol]
        act(protocol, source)
        srv.no_sessions()
        for place, wanted in ((source, "gone"), *others):
            expect_same(outcome(event, protocol, place), wanted,
                        "%s by %s, from %s" % (event, protocol, place))
            srv.no_sessions()


def attempts(event, *words):
    def act(protocol, source):
        with srv.login(event, protocol, source) as login:
            for user, password in words:
                login.attempt(user, password)
    return act


@promise("too many attempts, an empty password, root, a refused address")
def _():
    for event, words in (
            ("MaxLoginAttempts", [("alice", "wrong"), ("alice", "wrong")]),
            ("EmptyPassword", [("alice", "")]),
            ("RootLogin", [("root", srv.password if srv else "")]),
            ("AnonRejectPasswords", [("guest", "nobody@here")])):
        banned(event, attempts(event, *words))


@promise("a client that does not log in, or does nothing")
def _():
    def late(protocol, source):
        with srv.login("TimeoutLogin", protocol, source) as login:
            login.wait_end()

    def lazy(topic):
        def act(protocol, source):
            with srv.login(topic, protocol, source) as login:
                expect_same(login.attempt("alice", srv.password), "in", topic)
                login.wait_end()
        return act

    # A busy machine may take longer for a login than this timeout.
    banned("TimeoutLogin", late, ())
    banned("TimeoutIdle", lazy("TimeoutIdle"))
    banned("TimeoutNoTransfer", lazy("TimeoutNoTransfer"))


@promise("a client that speaks another protocol")
def _():
    def act(protocol, source):
        port = srv.ports["BadProtocol", protocol]
        with socket.create_connection(("127.0.0.1", port), PATIENCE,
                                      (source, 0)) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with contextlib.suppress(OSError):
                while sock.recv(65536):
                    pass
    banned("BadProtocol", act)


@promise("more connections, or clients, than a host is allowed")
def _():
    def two(topic):
        def act(protocol, source):
            with srv.login(topic, protocol, source) as first:
                expect_same(first.attempt("alice", srv.password), "in", topic)
                expect_same(outcome(topic, protocol, source), "gone", topic)
        return act

    for event in ("MaxConnectionsPerHost", "MaxClientsPerHost"):
        banned(event, two(event))


@promise("more commands than allowed")
def _():
    def act(protocol, source):
        with srv.login("MaxCommandRate", protocol, source) as login:
            expect_same(login.attempt("alice", srv.password), "in", protocol)
            with contextlib.suppress(Exception):
                for _ in range(100):
                    login.pwd()
    banned("MaxCommandRate", act)


@promise("a user with more clients, or hosts, than allowed is banned")
def _():
    if not HERE:
        skip("mod_ban is not there")
    for event, name, there in (("MaxClientsPerUser", "busy", "127.7.1.1"),
                               ("MaxHostsPerUser", "roams", "127.7.1.2")):
        for protocol in BOTH:
            user = "%s-%s" % (name, protocol)
            with srv.login(event, protocol, ELSEWHERE) as first:
                expect_same(first.attempt(user, srv.password), "in", event)
                expect_same(outcome(event, protocol, there, user), "gone",
                            event)
            srv.no_sessions()
            for who, wanted in ((user, "refused"), ("alice", "in")):
                expect_same(outcome(event, protocol, ELSEWHERE, who), wanted,
                            "%s by %s, %s" % (event, protocol, who))
                srv.no_sessions()


@promise("who guesses at a user's password is banned as that user from there")
def _():
    if not HERE:
        skip("mod_ban is not there")
    for protocol, there in ((FTP, "127.9.1.1"), (SFTP, "127.9.1.2")):
        with guesses.login("guesses", protocol, there) as login:
            for _ in range(2):
                login.attempt("bob", "wrong")
        guesses.no_sessions()
        for who, place, wanted in (("bob", there, "refused"),
                                   ("bob", ELSEWHERE, "in"),
                                   ("alice", there, "in")):
            expect_same(outcome("guesses", protocol, place, who, guesses),
                        wanted, "%s by %s from %s" % (who, protocol, place))
            guesses.no_sessions()


@promise("a host that connects too often")
def _():
    if not HERE:
        skip("mod_ban is not there")
    for protocol in BOTH:
        seen = []
        for _ in range(4):
            with rates.login("rate", protocol, "127.9.0.1") as login:
                seen.append(login.greeted)
            rates.no_sessions()
        with rates.login("rate", protocol, "127.9.0.2") as login:
            seen.append(login.greeted)
        rates.no_sessions()
        expect_same((seen[0], seen[3], seen[4]), (True, False, True),
                    "let in by " + protocol)


main(*([srv, rates, guesses] if HERE else []))
