#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: geoip-database proftpd-mod-geoip python3-paramiko

"""How many may log in, and from where: counts, bans and address tables by FTP
and by SFTP, with the same outcome.
"""

import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from pairs import BOTH, FTP, SFTP, Pairs
from server import has_module
from tap import expect, expect_same, main, promise, skip

HERE, THERE, NEAR = "127.0.0.1", "127.0.0.2", "127.0.0.3"
DATABASE = "/usr/share/GeoIP/GeoIP.dat"

have_wrap = has_module("mod_wrap2.so") and has_module("mod_wrap2_file.so")
have_ban = has_module("mod_ban.so")
have_geoip = has_module("mod_geoip.so") and os.path.exists(DATABASE)

TOPICS = {
    "clients": "MaxClients 1",
    "per-host": "MaxClientsPerHost 1",
    "per-user": "MaxClientsPerUser 1",
    "per-class": "MaxClientsPerClass near 1",
    "connections": "MaxConnectionsPerHost 1",
    "hosts": "MaxHostsPerUser 1",
}

WRAP = {
    "wrap": """
WrapEngine on
WrapLog @DIR@/wrap.log
WrapTables file:@DIR@/allow file:@DIR@/deny
WrapDenyMsg "Not from there, %u"
""",
    "wrap-user": """
WrapEngine on
WrapLog @DIR@/wrap.log
WrapUserTables bob file:@DIR@/allow file:@DIR@/deny-all
""",
}

GEOIP = {
    "geoip": """
GeoIPEngine on
GeoIPLog @DIR@/geoip.log
GeoIPTable %s
""" % DATABASE,
    "geoip-deny": """
GeoIPEngine on
GeoIPLog @DIR@/geoip.log
GeoIPTable %s
GeoIPPolicy deny,allow
GeoIPAllowFilter CountryCode (DE|FR)
""" % DATABASE,
}

BAN = {"ban": "MaxLoginAttempts 2\nBanEngine on"}

modules = []
for have, names, topics in (
        (have_wrap, ("mod_wrap2", "mod_wrap2_file"), WRAP),
        (have_geoip, ("mod_geoip",), GEOIP)):
    if have:
        modules += names
        TOPICS.update(topics)

srv = Pairs(TOPICS, """
<Class near>
  From 127.0.0.3
</Class>
""", users=("alice", "bob"), modules=modules)

banning = Pairs(BAN, """
BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
BanOnEvent MaxLoginAttempts 1/01:00:00 01:00:00
""", users=("alice",), modules=("mod_ban",)) if have_ban else None

rate = Pairs({"rate": ""}, "MaxConnectionRate 8 3600")

for name, text in (("allow", "none: none\n"), ("deny-all", "proftpd: ALL\n"),
                   ("deny", "proftpd: 127.0.0.2\n")):
    with open(srv.path(name), "w") as table:
        table.write(text)
PW = srv.password


def alike(topic, *attempts):
    """Logs in one after the other, with all connections open until the end;
    the outcomes must be the same by FTP and by SFTP.
    """
    got = {}
    for protocol in BOTH:
        got[protocol] = []
        with contextlib.ExitStack() as stack:
            for user, source in attempts:
                login = stack.enter_context(
                    srv.login(topic, protocol, source))
                got[protocol].append(login.attempt(user, PW))
        srv.no_sessions()
    expect_same(got[SFTP], got[FTP], "SFTP and FTP")
    return got[SFTP]


@promise("MaxClients")
def _():
    expect_same(alike("clients", ("alice", HERE), ("bob", THERE)),
                ["in", "gone"], "outcomes")


@promise("MaxClientsPerHost")
def _():
    expect_same(alike("per-host", ("alice", HERE), ("bob", HERE),
                      ("bob", THERE)), ["in", "gone", "in"], "outcomes")


@promise("MaxClientsPerUser")
def _():
    expect_same(alike("per-user", ("alice", HERE), ("alice", THERE),
                      ("bob", HERE)), ["in", "gone", "in"], "outcomes")


@promise("MaxClientsPerClass")
def _():
    expect_same(alike("per-class", ("alice", NEAR), ("bob", NEAR),
                      ("bob", HERE)), ["in", "gone", "in"], "outcomes")


@promise("MaxConnectionsPerHost")
def _():
    expect_same(alike("connections", ("alice", HERE), ("bob", HERE),
                      ("bob", THERE)), ["in", "gone", "in"], "outcomes")


@promise("MaxHostsPerUser")
def _():
    expect_same(alike("hosts", ("alice", HERE), ("alice", HERE),
                      ("alice", THERE), ("bob", THERE)),
                ["in", "in", "gone", "in"], "outcomes")


@promise("one client too many is told so, and gets no channel")
def _():
    with srv.login("clients", SFTP) as first:
        expect_same(first.attempt("alice", PW), "in", "the first")
        with srv.login("clients", SFTP) as second:
            expect_same(second.attempt("bob", PW), "gone", "the second")
            expect(second.sftp is None or not second.conn.is_active(),
                   "it is served")
    srv.wait_log("sftp.log", "Maximum connections for host/user reached")
    srv.no_sessions()


@promise("MaxConnectionRate")
def _():
    # Those that are still open count.
    with contextlib.ExitStack() as stack:
        for protocol in BOTH:
            seen = []
            for _ in range(12):
                login = stack.enter_context(rate.login("rate", protocol))
                seen.append(login.greeted)
            expect(not seen[-1], protocol)
            expect(seen[0] or protocol == SFTP, "the first was refused")


@promise("mod_wrap2: addresses, for all and for one user")
def _():
    if not have_wrap:
        skip("mod_wrap2 is not there")
    expect_same(alike("wrap", ("alice", HERE), ("alice", THERE)),
                ["in", "gone"], "addresses")
    expect_same(alike("wrap-user", ("alice", HERE), ("bob", HERE)),
                ["in", "gone"], "a user")


@promise("mod_geoip: policy")
def _():
    if not have_geoip:
        skip("mod_geoip or its database is not there")
    expect_same(alike("geoip", ("alice", HERE)), ["in"], "default")
    expect_same(alike("geoip-deny", ("alice", HERE)), ["gone"],
                "an address of no country")


@promise("mod_ban: too many attempts ban an address")
def _():
    if not have_ban:
        skip("mod_ban is not there")
    for protocol, source in zip(BOTH, ("127.0.0.6", "127.0.0.7")):
        with banning.login("ban", protocol, source) as login:
            expect_same([login.attempt("alice", "wrong") for _ in range(2)],
                        ["refused", "gone"], protocol)
        banning.no_sessions()
        with banning.login("ban", protocol, source) as login:
            expect_same((login.greeted, login.attempt("alice", PW)),
                        (False, "gone"), "%s, banned" % protocol)
        with banning.login("ban", protocol, "127.0.0.8") as login:
            expect_same(login.attempt("alice", PW), "in",
                        "%s from elsewhere" % protocol)
    banning.no_sessions()


main(srv, rate, *([banning] if banning else []))
