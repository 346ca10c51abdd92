#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: fail2ban python3-paramiko
# sanitizers: alone

"""The filter "proftpd" that fail2ban comes with finds what the daemon logs of
failed logins, and nothing else."""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, must, run
from companion import add_companion

import paramiko

FILTER = "/etc/fail2ban/filter.d/proftpd.conf"
REGEX = shutil.which("fail2ban-regex")

srv = Server("MaxLoginAttempts 3\nSFTPAuthMethods publickey password "
             "keyboard-interactive:mate\n<Limit LOGIN>\n  DenyUser bob\n"
             "</Limit>\n", drop=("RequireValidShell",),
             users=("alice", "bob", "carol", "root-like"))
add_companion(srv, "mod_mate")

with open(srv.path("passwd")) as lines:
    text = lines.read()
text = re.sub(r"^(carol:.*):/bin/sh$", r"\1:/no/shell", text, flags=re.M)
text = re.sub(r"^(root-like:[^:]*):\d+:", r"\1:0:", text, flags=re.M)
with open(srv.path("passwd"), "w") as lines:
    lines.write(text)


def found(log):
    """The lines that the filter takes for failures, with their address."""
    path = srv.local("excerpt", log.encode())
    out = must(run([REGEX, "--print-all-matched", path, FILTER])).stdout
    match = re.search(r"(\d+) matched", out.decode())
    return int(match.group(1)), out.decode()


def during(func):
    begin = len(srv.log("system.log"))
    func()
    srv.no_sessions()
    return srv.log("system.log")[begin:]


def password(user, *words):
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    for word in words:
        try:
            conn.auth_password(user, word, fallback=False)
        except (paramiko.SSHException, EOFError):
            pass
    conn.close()


def answers():
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    try:
        conn.auth_interactive("alice", lambda *_: ["", "wrong"])
    except paramiko.SSHException:
        pass
    conn.close()


def matches(what, count, func):
    log = during(func)
    got, out = found(log)
    expect_same(got, count, "%s: lines found in\n%s%s" % (what, log, out))


@promise("each kind of failed login is found, once per attempt")
def _():
    if REGEX is None or not os.path.exists(FILTER):
        skip("fail2ban is not here")
    matches("a wrong password", 1, lambda: password("alice", "wrong"))
    matches("an unknown user", 1, lambda: password("nobody-here", "x"))
    matches("a wrong answer", 1, answers)
    matches("an invalid shell", 1, lambda: password("carol", srv.password))
    matches("<Limit LOGIN>", 1, lambda: password("bob", srv.password))
    matches("root", 1, lambda: password("root-like", srv.password))
    matches("too many attempts", 4,
            lambda: password("alice", "wrong", "wrong", "wrong"))


@promise("a name cannot forge another address")
def _():
    if REGEX is None or not os.path.exists(FILTER):
        skip("fail2ban is not here")
    log = during(lambda: password(
        "x (y[10.9.8.7]): USER z (Login failed): Incorrect password", "x"))
    path = srv.local("excerpt", log.encode())
    out = must(run([REGEX, "-o", "ip", path, FILTER])).stdout.decode()
    expect_same(set(out.split()), {"127.0.0.1"}, "addresses in\n" + log)


@promise("successful logins are not found")
def _():
    if REGEX is None or not os.path.exists(FILTER):
        skip("fail2ban is not here")

    def good():
        must(srv.sftp("pwd"))
        password("alice", srv.password)

    matches("logins", 0, good)


main(srv)
