#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""Who may log in: the same rules by FTP and by SFTP, with the same outcome."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from pairs import BOTH, FTP, SFTP, Pairs, need_ftpuser
from server import GID, PRELOAD, has_module, must, run
from tap import expect, expect_same, main, promise, skip

EXTRA_GID = GID + 50

USERS = ("alice", "bob", "empty", "root", "noshell", "daemon", "denied",
         "grouped", "newhome", "capped")

TOPICS = {
    "attempts": "MaxLoginAttempts 2",
    "attempts-denied": """
MaxLoginAttempts 2
<Limit LOGIN>
  DenyUser denied
</Limit>
""",
    "endless": "MaxLoginAttempts none",
    "empty-off": "AllowEmptyPasswords off",
    "empty-on": "AllowEmptyPasswords on",
    "root-off": "",
    "root-on": "RootLogin on\nUseFtpUsers off",
    "root-listed": "RootLogin on\nUseFtpUsers on",
    "shell-on": "RequireValidShell on",
    "shell-off": "",
    "ftpusers-on": "UseFtpUsers on",
    "ftpusers-off": "UseFtpUsers off",
    "limit": """
<Limit LOGIN>
  DenyUser denied
  DenyGroup extra
</Limit>
""",
    "limit-host": """
<Limit LOGIN>
  Allow from 127.0.0.1
  DenyAll
</Limit>
""",
    "limit-class": """
<Limit LOGIN>
  DenyClass near
</Limit>
""",
    "late": "TimeoutLogin 2",
    "createhome": "CreateHome on 711",
    "privileges": "",
    "kept": "RootRevoke off",
}

IFSESSION = {
    "per-user": """
<IfUser bob>
  <Limit WRITE>
    DenyAll
  </Limit>
  <Directory />
    HideFiles secret
  </Directory>
</IfUser>
""",
    "per-group": """
<IfGroup extra>
  <Limit STOR>
    DenyAll
  </Limit>
</IfGroup>
""",
    "per-class": """
<IfClass near>
  <Limit WRITE>
    DenyAll
  </Limit>
</IfClass>
""",
}

have_ifsession = has_module("mod_ifsession.so")
if have_ifsession:
    TOPICS.update(IFSESSION)

srv = Pairs(TOPICS, """
<Class near>
  From 127.0.0.3
</Class>
""", users=USERS, modules=("mod_ifsession",) if have_ifsession else ())


def change_user(fields):
    if fields[0] == "root":
        fields[2] = fields[3] = "0"
    elif fields[0] == "noshell":
        fields[6] = "/no/such/shell"
    elif fields[0] == "empty":
        # openssl makes no hash of nothing.
        fields[1] = must(run(["perl", "-e", 'print crypt("", q($6$salty$))']
                             )).stdout.decode()


srv.edit("passwd", change_user)
with open(srv.path("group"), "a") as group:
    group.write("extra:x:%d:grouped\n" % EXTRA_GID)
PW = srv.password


class Delayed(Pairs):
    def config(self):
        return super().config().replace("DelayEngine off", "DelayEngine on")


delayed = Delayed({"delay": ""}, "DelayTable @DIR@/delay.tab\n")


def alike(topic, *attempts, source="127.0.0.1", together=False, srv=srv):
    """The outcomes of these attempts, each with a connection of its own or
    all on one; they must be the same by FTP and by SFTP.
    """
    got = {}
    for protocol in BOTH:
        got[protocol] = []
        if together:
            with srv.login(topic, protocol, source) as login:
                got[protocol] = [login.attempt(*words) for words in attempts]
            continue
        for words in attempts:
            with srv.login(topic, protocol, source) as login:
                got[protocol].append(login.attempt(*words))
    expect_same(got[SFTP], got[FTP], "SFTP and FTP")
    srv.no_sessions()
    return got[SFTP]


@promise("MaxLoginAttempts: the last one ends the connection")
def _():
    expect_same(alike("attempts", ("alice", "wrong"), ("alice", PW),
                      together=True), ["refused", "in"], "one wrong")
    expect_same(alike("attempts", ("alice", "wrong"), ("alice", "wrong"),
                      ("alice", PW), together=True),
                ["refused", "gone", "gone"], "two wrong")
    expect_same(alike("attempts-denied", ("denied", PW), ("denied", PW),
                      together=True), ["refused", "gone"], "not admitted")
    expect_same(alike("endless", *[("alice", "wrong")] * 7, ("alice", PW),
                      together=True), ["refused"] * 7 + ["in"], "none")


@promise("AllowEmptyPasswords, for users who have an empty one and others")
def _():
    tries = ("empty", ""), ("alice", ""), ("nobody-here", ""), ("alice", PW)
    expect_same(alike("empty-off", *tries), ["refused"] * 3 + ["in"], "off")
    expect_same(alike("empty-on", *tries),
                ["in", "refused", "refused", "in"], "on")


@promise("RootLogin")
def _():
    expect_same(alike("root-off", ("root", PW), ("root", "wrong")),
                ["refused", "refused"], "off")
    expect_same(alike("root-on", ("root", PW), ("root", "wrong")),
                ["in", "refused"], "on")
    alike("root-listed", ("root", PW))
    srv.wait_log("system.log", "SECURITY VIOLATION: Root login attempted")


@promise("RequireValidShell")
def _():
    tries = ("noshell", PW), ("alice", PW)
    expect_same(alike("shell-on", *tries), ["refused", "in"], "on")
    expect_same(alike("shell-off", *tries), ["in", "in"], "off")


@promise("UseFtpUsers")
def _():
    need_ftpuser("daemon")
    tries = ("daemon", PW), ("alice", PW)
    expect_same(alike("ftpusers-on", *tries), ["refused", "in"], "on")
    expect_same(alike("ftpusers-off", *tries), ["in", "in"], "off")


@promise("<Limit LOGIN> by user, group, address and class")
def _():
    expect_same(alike("limit", ("denied", PW), ("grouped", PW),
                      ("alice", PW)), ["refused", "refused", "in"], "names")
    expect_same(alike("limit-host", ("alice", PW), source="127.0.0.2"),
                ["gone"], "a denied address")
    expect_same(alike("limit-host", ("alice", PW)), ["in"], "another address")
    expect_same(alike("limit-class", ("alice", PW), source="127.0.0.3"),
                ["gone"], "a denied class")
    expect_same(alike("limit-class", ("alice", PW)), ["in"], "no class")


@promise("TimeoutLogin ends a connection that does not log in")
def _():
    for protocol in BOTH:
        with srv.login("late", protocol) as login:
            login.wait_end()
            expect_same(login.attempt("alice", PW), "gone", protocol)
    srv.wait_log("sftp.log", "login timeout reached")
    srv.no_sessions()


@promise("CreateHome makes the same home")
def _():
    made = {}
    home = srv.home(user="newhome").rstrip("/")
    for protocol in BOTH:
        os.rmdir(home)
        with srv.login("createhome", protocol) as login:
            expect_same(login.attempt("newhome", PW), "in", protocol)
            info = os.stat(home)
            made[protocol] = info.st_uid, info.st_gid, info.st_mode
        srv.no_sessions()
    expect_same(made[SFTP], made[FTP], "owner and mode")


def process(topic, protocol, user):
    with srv.login(topic, protocol) as login:
        expect_same(login.attempt(user, PW), "in", protocol)
        pid = srv.session()
        with open("/proc/%d/status" % pid) as file:
            lines = dict(line.split(":", 1) for line in file)
    srv.no_sessions()
    return {name: lines[name].split() for name in
            ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb",
             "CapBnd")}


@promise("ids and groups of the session are the same, and no capabilities are "
         "kept, or to be had")
def _():
    for topic in ("privileges", "kept"):
        for user in ("alice", "grouped"):
            ftp, sftp = (process(topic, protocol, user) for protocol in BOTH)
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"):
                expect_same(sftp[name], ["0" * 16],
                            "%s, %s: %s" % (topic, user, name))
                ftp[name] = sftp[name]
            expect_same(sftp, ftp, "%s, %s" % (topic, user))


@promise("<IfUser>, <IfGroup> and <IfClass> of mod_ifsession apply")
def _():
    if not have_ifsession:
        skip("mod_ifsession is not there")
    for user in ("alice", "bob", "grouped"):
        srv.put("secret", b"x", user=user)
        srv.put("plain", b"x", user=user)
    for topic, user, source, writes, hidden in (
            ("per-user", "alice", "127.0.0.1", True, False),
            ("per-user", "bob", "127.0.0.1", False, True),
            ("per-group", "alice", "127.0.0.1", True, False),
            ("per-group", "grouped", "127.0.0.1", False, False),
            ("per-class", "alice", "127.0.0.1", True, False),
            ("per-class", "alice", "127.0.0.3", False, False)):
        if topic == "per-group" and PRELOAD:
            continue        # mod_ifsession itself reads a freed name then
        for protocol in BOTH:
            what = "%s, %s from %s by %s" % (topic, user, source, protocol)
            with srv.login(topic, protocol, source) as login:
                expect_same(login.attempt(user, PW), "in", what)
                expect_same(login.write("new-" + protocol, b"x"), writes,
                            what + ": write")
                expect_same("secret" not in login.names(), hidden,
                            what + ": hidden")
                expect("plain" in login.names(), what + ": plain")
    srv.no_sessions()


@promise("mod_delay delays, and has a row for each protocol")
def _():
    expect_same(alike("delay", ("alice", "wrong"), ("alice", PW),
                      ("nobody-here", "x"), srv=delayed),
                ["refused", "in", "refused"], "outcomes")
    with open(delayed.path("delay.tab"), "rb") as file:
        table = file.read()
    expect(b"ssh2" in table and b"ftp" in table, "no row for one of them")


main(srv, delayed)
