#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTPAuthMethods per user, group and class: known before the first answer,
which tells nothing of users who do not exist."""

import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import GID, PATIENCE, PRELOAD, Server, wait_for
from rawauth import FAILURE, SUCCESS, RawAuth

RULES = """
SFTPAuthMethods publickey
SFTPAuthMethods user carol,dave password
SFTPAuthMethods group partners publickey password
SFTPAuthMethods group admins publickey+password
SyslogLevel info
"""
USERS = ("alice", "bob", "carol", "dave", "erin")
MEMBERS = {"partners": ("bob",), "admins": ("erin", "dave")}


def with_groups(server):
    with open(server.path("group"), "a", encoding="ascii") as out:
        for number, (name, members) in enumerate(MEMBERS.items()):
            out.write("%s:x:%d:%s\n" % (name, GID + 60 + number,
                                        ",".join(members)))
    return server


# Everybody has a file at home; these lines name others, which only some have.
KEYS = """
SFTPAuthorizedUserKeys file:~/.ssh/authorized_keys
SFTPAuthorizedUserKeys user carol file:@DIR@/own/%u
SFTPAuthorizedUserKeys group partners,admins file:@DIR@/none/%u file:@DIR@/own/%u
SFTPAuthorizedUserKeys class elsewhere file:~/.ssh/authorized_keys
SFTPAuthorizedUserKeys user dave file:~/.ssh/authorized_keys
"""

srv = with_groups(Server(RULES, users=USERS))
bykeys = with_groups(Server("SFTPAuthMethods publickey\n" + KEYS,
                            drop=("SFTPAuthorizedUserKeys",), users=USERS))
byclass = Server("""
<Class here>
  From 127.0.0.0/8
</Class>
SFTPAuthMethods publickey
SFTPAuthMethods class elsewhere hostbased
SFTPAuthMethods class here,there password
SFTPAuthorizedHostKeys file:@DIR@/hosts
""", users=("alice",))


def methods_of(user, server=srv):
    """Those named in the first answer; and whether it comes to `none'."""
    with server.connect() as sock, RawAuth(sock) as auth:
        auth.send(auth.message(user, b"none"))
        number, m = auth.recv()
        expect_same(number, FAILURE, "the answer to none")
        return m.get_text()


def by_password(user, server=srv):
    with server.connect() as sock, RawAuth(sock) as auth:
        m = auth.message(user, b"password")
        m.add_boolean(False)
        m.add_string(server.password)
        auth.send(m)
        number, m = auth.recv()
        return number == SUCCESS, m.get_text() if number == FAILURE else ""


def by_key(user):
    return bykeys.sftp("pwd", "-o", "User=" + user).returncode == 0


@promise("each user has the methods of the first rule that fits")
def _():
    for user, wanted in (("alice", "publickey"), ("bob", "publickey,password"),
                         ("carol", "password"), ("dave", "password"),
                         ("erin", "publickey")):
        expect_same(methods_of(user.encode()), wanted, user)


@promise("they are enforced: another method does not log in")
def _():
    expect_same(by_password(b"alice"), (False, "publickey"), "alice")
    expect_same(by_password(b"bob")[0], True, "bob")
    expect_same(by_password(b"carol")[0], True, "carol")
    expect_same(by_password(b"erin"), (False, "publickey"), "erin")


@promise("by class, of the address")
def _():
    expect_same(methods_of(b"alice", byclass), "password", "alice")
    expect_same(methods_of(b"nobody-here", byclass), "password", "nobody")


@promise("each user has the key files of the first rule that fits, and no "
         "others")
def _():
    os.mkdir(bykeys.path("own"))
    with open(bykeys.key + ".pub", encoding="ascii") as file:
        key = file.read()
    for user in USERS:
        bykeys.put(".ssh/authorized_keys", key.encode(), 0o600, user=user)
    wanted = {"alice": True, "bob": False, "carol": False, "dave": False,
              "erin": False}
    expect_same({u: by_key(u) for u in USERS}, wanted, "without own files")
    for user in USERS:
        with open(bykeys.path("own/" + user), "w", encoding="ascii") as out:
            out.write(key)
        os.unlink(bykeys.home(".ssh/authorized_keys", user))
    expect_same({u: by_key(u) for u in USERS},
                {u: not yes for u, yes in wanted.items()}, "with own files")
    expect_same(by_key("nobody-here"), False, "nobody")


@promise("the methods do not reveal which users exist: each list also "
         "belongs to names without an account, and always to the same ones")
def _():
    names = [b"x%d" % n for n in range(24)]
    first = [methods_of(name) for name in names]
    expect_same(set(first), {"publickey", "publickey,password", "password"},
                "lists of names of nobody's")
    for user in USERS:
        expect_same(methods_of(user.upper().encode()),
                    methods_of(user.encode()), "another spelling of " + user)
    srv.stop()
    srv.start()
    expect_same([methods_of(name) for name in names], first,
                "after a restart")


@promise("the same without a host key whose signatures are always the same, "
         "and over a reload")
def _():
    host = with_groups(Server(RULES + "SFTPHostKey @DIR@/host_ecdsa\n",
                              drop=("SFTPHostKey",), users=USERS)).start()
    try:
        names = [b"x%d" % n for n in range(12)]
        first = [methods_of(name, host) for name in names]
        expect(len(set(first)) > 1, "one list: %r" % first)
        for again in (lambda: None,
                      lambda: os.kill(host.process.pid, signal.SIGHUP)):
            again()
            host.no_sessions()
            wait_for(host.greets, "the daemon to answer")
            expect_same([methods_of(name, host) for name in names], first,
                        "once more")
    finally:
        host.stop_clean()


@promise("the time of the first reply does not reveal which users exist")
def _():
    if PRELOAD:
        skip("under sanitizers the work takes longer than its floor")
    host = with_groups(Server(RULES, users=USERS))
    with open(host.path("group"), "a", encoding="ascii") as out:
        for number in range(6000):
            out.write("g%d:x:%d:a%d,b%d,c%d\n" % ((number, GID + 100 + number)
                                                 + 3 * (number,)))
    host.start()
    took = {b"alice": [], b"x1": []}

    def differ():
        return abs(min(took[b"alice"]) - min(took[b"x1"])) >= 0.001

    # On a busy machine, each may be late many times; the shortest count.
    try:
        for number in range(100):
            if number >= 9 and not differ():
                break
            for user, times in took.items():
                with host.connect() as sock, RawAuth(sock) as auth:
                    begin = time.monotonic()
                    auth.send(auth.message(user, b"none"))
                    auth.inbox.get(timeout=PATIENCE)
                    times.append(time.monotonic() - begin)
    finally:
        host.stop_clean()
    expect(not differ(), "shortest, median: %r" % {
        user: (min(t), statistics.median(t)) for user, t in took.items()})


@promise("an impossible rule prevents the start, and one without effect is "
         "reported")
def _():
    for line, text in (("SFTPAuthMethods user alice", "at least one chain"),
                       ("SFTPAuthMethods group", "at least one chain"),
                       ("SFTPAuthMethods user * publickey", "is no name"),
                       ("SFTPAuthMethods user bob,!al publickey", "is no name"),
                       ("SFTPAuthMethods class a,,b publickey", "empty name"),
                       ("SFTPAuthMethods user alice rot13", "rot13"),
                       ("SFTPAuthorizedUserKeys user alice", "one store"),
                       ("SFTPAuthorizedUserKeys user !al file:/x",
                        "is no name"),
                       ("SFTPAuthorizedUserKeys group a nonsense",
                        "badly formatted"),
                       ("SFTPAuthMethods user alice hostbased",
                        "SFTPAuthorizedHostKeys")):
        expect(text in Server(line).refuses_to_start(), line)
    late = Server("<IfUser alice>\nSFTPAuthMethods password\n</IfUser>",
                  modules=("mod_ifsession",)).start()
    try:
        expect("SFTPAuthMethods in <IfUser> has no effect"
               in late.log("start.log") + late.log("system.log"), "warning")
    finally:
        late.stop_clean()


main(srv, byclass, bykeys)
