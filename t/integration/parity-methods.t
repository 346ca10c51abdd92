#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""Who may log in by FTP may log in by SFTP, whatever the method is, and who may
not may not: a password by FTP beside each method of SSH."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from companion import add_companion
from pairs import FTP, SFTP, Pairs
from rawauth import INFO_RESPONSE, RawAuth
from server import GID, has_module, keygen
from tap import expect_same, main, promise, skip

import paramiko
from paramiko.message import Message

HERE, THERE, NEAR = "127.0.0.1", "127.0.0.2", "127.0.0.3"
METHODS = ("password", "publickey", "keyboard-interactive", "hostbased")
HOSTS = "SFTPAuthorizedHostKeys file:@DIR@/hosts\n"

TOPICS = {
    "root-off": "",
    "root-on": "RootLogin on\nUseFtpUsers off",
    "root-listed": "RootLogin on\nUseFtpUsers on",
    "shell-on": "RequireValidShell on",
    "ftpusers-on": "UseFtpUsers on",
    "limit": "<Limit LOGIN>\n  DenyUser denied\n  DenyGroup extra\n</Limit>",
    "limit-class": "<Limit LOGIN>\n  DenyClass near\n</Limit>",
    "alias": "UserAlias al alice\nAuthAliasOnly on",
    "clients": "MaxClients 1",
    "per-host": "MaxClientsPerHost 1",
    "per-user": "MaxClientsPerUser 1",
    "per-class": "MaxClientsPerClass near 1",
    "hosts": "MaxHostsPerUser 1",
}

WRAP = """
WrapEngine on
WrapUserTables bob file:@DIR@/allow file:@DIR@/deny-all
"""

modules = []
if has_module("mod_wrap2.so") and has_module("mod_wrap2_file.so"):
    modules += ["mod_wrap2", "mod_wrap2_file"]
    TOPICS["wrap-user"] = WRAP

srv = Pairs({name: HOSTS + lines for name, lines in TOPICS.items()},
            "<Class near>\n  From 127.0.0.3\n</Class>\n", modules=modules,
            users=("alice", "bob", "al", "root", "noshell", "daemon",
                   "denied", "grouped"))
add_companion(srv, "mod_mate")


def change_user(fields):
    if fields[0] == "root":
        fields[2] = fields[3] = "0"
    elif fields[0] == "noshell":
        fields[6] = "/no/such/shell"
    return fields[0] != "al"


srv.edit("passwd", change_user)
HOST = keygen(srv.path("client_host"), "-t", "ed25519")
with open(srv.path("hosts"), "w") as out, open(HOST + ".pub") as pub:
    out.write(pub.read())
with open(srv.path("group"), "a") as out:
    out.write("extra:x:%d:grouped\n" % (GID + 50))
for name, text in (("allow", "none: none\n"), ("deny-all", "proftpd: ALL\n")):
    with open(srv.path(name), "w") as out:
        out.write(text)
KEY = paramiko.Ed25519Key.from_private_key_file(srv.key)
HOST_KEY = paramiko.Ed25519Key.from_private_key_file(HOST)


def request(conn, method, user):
    if method == "password":
        return conn.password(user, srv.password)
    if method == "publickey":
        return conn.key(user, KEY)
    if method == "hostbased":
        return conn.hostbased(user, HOST_KEY, "client.test", user)
    return conn.kbdint(user)


def answers():
    """Those that mod_mate wants."""
    m = Message()
    m.add_byte(bytes([INFO_RESPONSE]))
    m.add_int(2)
    m.add_string("")
    m.add_string("xyzzy")
    return m


def by_ssh(topic, method, user, source):
    """What a Login of pairs says: "in", "refused" or "gone"."""
    sock = socket.create_connection(("127.0.0.1", srv.ports[topic, SFTP]), 60,
                                    (source, 0))
    try:
        with RawAuth(sock) as conn:
            answer = conn.answer(request(conn, method, user))
            if answer == "ask":
                answer = conn.answer(answers())
            if answer == "success":
                # The host may end it in the next moment.
                conn.conn.auth_handler.is_authenticated = lambda: True
                paramiko.SFTPClient.from_transport(conn.conn).normalize(".")
                return "in"
            if answer.startswith("refused"):
                answer = conn.answer(conn.message(user, "none"))
            return answer.split(":")[0]
    except (paramiko.SSHException, EOFError, OSError):
        return "gone"
    finally:
        sock.close()


def alike(topic, *cases, first=None):
    """cases: user, address and outcome, the same by FTP and by each method of
    SSH; `first' is there already, by FTP and by SSH.
    """
    for user, source, wanted in cases:
        for protocol, methods in ((FTP, ("password",)), (SFTP, METHODS)):
            for method in methods:
                what = "%s: %s from %s by %s, %s" % (topic, user, source,
                                                     protocol, method)
                before = None
                if first:
                    before = srv.login(topic, protocol, first[1])
                    expect_same(before.attempt(first[0], srv.password), "in",
                                what + ", the first")
                if protocol == FTP:
                    with srv.login(topic, FTP, source) as login:
                        got = login.attempt(user, srv.password)
                else:
                    got = by_ssh(topic, method, user, source)
                if before:
                    before.__exit__()
                srv.no_sessions()
                expect_same(got, wanted, what)


@promise("RootLogin")
def _():
    alike("root-off", ("root", HERE, "refused"), ("alice", HERE, "in"))
    alike("root-on", ("root", HERE, "in"))


@promise("RequireValidShell and UseFtpUsers")
def _():
    alike("shell-on", ("noshell", HERE, "refused"), ("alice", HERE, "in"))
    try:
        with open("/etc/ftpusers") as file:
            listed = file.read().split("\n")
    except OSError:
        listed = []
    if not {"daemon", "root"} <= set(listed):
        skip("/etc/ftpusers does not name daemon and root")
    alike("ftpusers-on", ("daemon", HERE, "refused"), ("alice", HERE, "in"))
    alike("root-listed", ("root", HERE, "refused"))


@promise("<Limit LOGIN>")
def _():
    alike("limit", ("denied", HERE, "refused"), ("grouped", HERE, "refused"),
          ("alice", HERE, "in"))
    alike("limit-class", ("alice", NEAR, "gone"), ("alice", HERE, "in"))


@promise("UserAlias and AuthAliasOnly")
def _():
    srv.authorize(srv.key)
    alike("alias", ("al", HERE, "in"), ("alice", HERE, "refused"))


@promise("MaxClients and those per host, class and user; MaxHostsPerUser")
def _():
    for topic, first, user, source in (
            ("clients", ("alice", HERE), "bob", THERE),
            ("per-host", ("alice", HERE), "bob", HERE),
            ("per-class", ("alice", NEAR), "bob", NEAR),
            ("per-user", ("alice", HERE), "alice", THERE),
            ("hosts", ("alice", HERE), "alice", THERE)):
        alike(topic, (user, source, "gone"), first=first)
    alike("per-user", ("bob", HERE, "in"), first=("alice", HERE))


@promise("mod_wrap2's tables for one user")
def _():
    if not modules:
        skip("mod_wrap2 is not there")
    alike("wrap-user", ("alice", HERE, "in"), ("bob", HERE, "gone"))


main(srv)
