#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: geoip-database proftpd-mod-geoip python3-paramiko
# sanitizers: alone

"""What depends on where a client comes from, in a network of the test's own
where that may be anywhere: countries by FTP and by SFTP with the same outcome,
and penalties for sources of IPv6.
"""

import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from netns import own_network
from pairs import BOTH, SFTP, Pairs
from server import PATIENCE, Server, has_module
from tap import expect, expect_same, main, promise, skip

import paramiko

DATABASE = "/usr/share/GeoIP/GeoIP.dat"
HERE, AMERICA, GERMANY = "127.0.0.1", "8.8.8.8", "194.25.0.60"
SIX = ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1", "2001:db8:3::1"]

own = own_network(AMERICA, GERMANY, *SIX)
have_geoip = has_module("mod_geoip.so") and os.path.exists(DATABASE)

COMMON = "GeoIPEngine on\nGeoIPLog @DIR@/geoip.log\nGeoIPTable %s\n" % DATABASE

geoip = Pairs({
    "allow": COMMON + "GeoIPPolicy deny,allow\n"
    "GeoIPAllowFilter CountryCode ^DE$\n",
    "deny": COMMON + "GeoIPPolicy allow,deny\n"
    "GeoIPDenyFilter CountryCode ^US$\n",
    "log": COMMON + "ExtendedLog @DIR@/country.log AUTH country\n",
}, 'LogFormat country "%{note:GEOIP_COUNTRY_CODE} %a %{protocol}"\n',
    modules=("mod_geoip",)) if have_geoip and own else None


class Six(Server):
    """It listens on [::1] as well."""

    def __init__(self, penalties):
        super().__init__("SFTPPerSourcePenalties %s\n"
                         "SFTPPerSourceNetBlockSize 32:48\n" % penalties,
                         drop=("UseIPv6", "DefaultAddress"))

    def config(self):
        return "UseIPv6 on\nDefaultAddress ::1 127.0.0.1\n" + super().config()

    def connect_from(self, source):
        return socket.create_connection(
            ("::1" if ":" in source else "127.0.0.1", self.port), PATIENCE,
            (source, 0))

    def lets_in(self, source):
        greeted = self.greets(lambda: self.connect_from(source))
        self.no_sessions()
        return greeted

    def fail(self, source):
        conn = paramiko.Transport(self.connect_from(source))
        try:
            conn.start_client(timeout=PATIENCE)
            conn.auth_password("alice", "wrong", fallback=False)
        except paramiko.AuthenticationException:
            pass
        finally:
            conn.close()
            self.no_sessions()


six = Six("authfail:1h noauth:0 min:1s max-sources6:2 overflow6:deny-all") \
    if own else None


def outcomes(topic, *sources):
    """What both protocols answer to the right password from there."""
    if not own:
        skip("no network of its own is to be had")
    if geoip is None:
        skip("mod_geoip or its database is not there")
    got = {}
    for protocol in BOTH:
        got[protocol] = []
        for source in sources:
            with geoip.login(topic, protocol, source) as login:
                got[protocol].append(login.attempt("alice", geoip.password))
            geoip.no_sessions()
    expect_same(got[SFTP], got[BOTH[0]], "SFTP and FTP")
    return got[SFTP]


@promise("mod_geoip: only allowed countries can log in")
def _():
    expect_same(outcomes("allow", GERMANY, AMERICA, HERE),
                ["in", "gone", "gone"], "outcomes")


@promise("mod_geoip: denied countries cannot log in")
def _():
    expect_same(outcomes("deny", GERMANY, AMERICA, HERE),
                ["in", "gone", "in"], "outcomes")


@promise("mod_geoip: logs contain the country")
def _():
    expect_same(outcomes("log", GERMANY, AMERICA), ["in", "in"], "outcomes")
    lines = set(geoip.log("country.log").splitlines())
    for line in ("DE %s ftp" % GERMANY, "US %s ftp" % AMERICA,
                 "DE %s sftp" % GERMANY, "US %s sftp" % AMERICA):
        line = line.replace(" sftp", " s(ftp|sh2)")
        expect(any(re.fullmatch(line, found) for found in lines),
               "no %r in %r" % (line, lines))


@promise("penalties: a network of IPv6 is one source, and counted apart from "
         "IPv4")
def _():
    if six is None:
        skip("no network of its own is to be had")
    six.fail(SIX[0])
    expect(not six.lets_in(SIX[1]), "a neighbour is let in")
    six.wait_log("system.log", "connection from %s refused: penalty for failed "
                 "authentication" % SIX[1])
    expect(six.lets_in(SIX[3]), "another network is refused")
    six.fail(SIX[2])
    expect(not six.lets_in(SIX[3]), "let in by an overflow of deny-all")
    six.wait_log("system.log", "connection from %s refused: as many sources as "
                 "max-sources6 allows" % SIX[3])
    expect(six.lets_in(AMERICA), "IPv4 is refused because of IPv6")


main(*[srv for srv in (geoip, six) if srv])
