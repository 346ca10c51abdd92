#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""From where and until when a key counts: from=, source-address and
expiry-time, for IPv4, IPv6 and names."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import PATIENCE, Server, keygen, must, run

import paramiko

HOSTS = """127.0.0.1 client.example.org
::1 six.example.org
"""

TRUST = "SFTPTrustedUserCAKeys @DIR@/ca.pub\n"


class Both(Server):
    """It listens on every address, of both families."""

    def config(self):
        return "UseIPv6 on\nDefaultAddress ::\n" + super().config()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


plain = Server(TRUST)
both = Both(TRUST, drop=("UseIPv6", "DefaultAddress"))
named = Both("UseReverseDNS on\n" + TRUST,
             drop=("UseIPv6", "DefaultAddress", "UseReverseDNS"),
             binds={"/etc/hosts": None})
named.binds["/etc/hosts"] = named.path("hosts")
with open(named.path("hosts"), "w") as out:
    out.write(HOSTS)
east = Server(env={"TZ": "XYZ-5"})
west = Server(env={"TZ": "XYZ+5"})
servers = [plain, east, west] + ([both, named] if has_ipv6() else [])

ca = keygen(plain.path("ca"), "-t", "ed25519")
for srv in (both, named):
    must(run(["cp", ca + ".pub", srv.path("ca.pub")]))


def public(srv):
    with open(srv.key + ".pub") as pub:
        return pub.read()


def authorized(srv, text):
    path = srv.path("keys/alice")
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o644)


def logs_in(srv, key, host):
    sock = socket.create_connection((host, srv.port), timeout=PATIENCE)
    conn = paramiko.Transport(sock)
    try:
        conn.banner_timeout = conn.auth_timeout = PATIENCE
        conn.start_client(timeout=PATIENCE)
        conn.auth_publickey("alice", key)
        return True
    except paramiko.AuthenticationException:
        return False
    finally:
        conn.close()


def option_holds(srv, option, host, good):
    authorized(srv, option + " " + public(srv))
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    expect_same(logs_in(srv, key, host), good, "%s from %s" % (option, host))


def needs(srv):
    if srv not in servers:
        skip("there is no IPv6 here")
    return srv


@promise('from="": addresses, networks and patterns of IPv4')
def _():
    for value, good in (
            ("127.0.0.1", True), ("127.0.0.2", False),
            ("127.0.0.0/8", True), ("127.0.0.1/32", True),
            ("126.0.0.0/8", False), ("0.0.0.0/0", True),
            ("127.*", True), ("127.0.0.?", True), ("128.*", False),
            ("192.0.2.1,127.0.0.0/30", True),
            ("192.0.2.1, 127.0.0.1", True),
            ("*,!127.0.0.1", False), ("!127.0.0.0/8,*", False),
            ("*,!192.0.2.0/24", True), ("!192.0.2.1", False),
            ("!!192.0.2.1", False), ("127.0.0.1/33", False),
            ("127.0.0.1,127.0.0.0/x", True), ("127.0.0.300", False),
            ("all", False), ("ALL", False), ("none", False),
            ("{127.0.0.1}", False), ("localhost", False), ("", False),
            ("::1", False), ("::/0", False), ("127.0.0.1,::1", True)):
        option_holds(plain, 'from="%s"' % value, "127.0.0.1", good)


@promise('from="": the same of IPv6, and IPv4 through it')
def _():
    needs(both)
    for value, host, good in (
            ("::1", "::1", True), ("0:0:0:0:0:0:0:1", "::1", True),
            ("::2", "::1", False), ("::/64", "::1", True),
            ("2001:db8::/32", "::1", False), ("::*", "::1", True),
            ("*,!::1", "::1", False), ("*,!::/120", "::1", False),
            ("*,!2001:db8::/32", "::1", True),
            ("127.0.0.1", "::1", False), ("::/129", "::1", False),
            ("127.0.0.1", "127.0.0.1", True),
            ("127.0.0.0/8", "127.0.0.1", True),
            ("127.0.0.*", "127.0.0.1", True),
            ("*,!127.0.0.0/8", "127.0.0.1", False),
            ("::1", "127.0.0.1", False),
            ("::1,127.0.0.1", "127.0.0.1", True)):
        option_holds(both, 'from="%s"' % value, host, good)


@promise('from="": names, where UseReverseDNS finds them')
def _():
    needs(named)
    for value, host, good in (
            ("*.example.org", "127.0.0.1", True),
            ("client.example.org", "127.0.0.1", True),
            ("CLIENT.Example.org", "127.0.0.1", True),
            ("client", "127.0.0.1", False),
            ("example.org", "127.0.0.1", False),
            ("*.example.net", "127.0.0.1", False),
            ("six.example.org", "127.0.0.1", False),
            ("six.example.org", "::1", True),
            ("*.example.org,!client.*", "127.0.0.1", False),
            ("*.example.org,!client.*", "::1", True),
            ("*.example.org,!127.0.0.1", "127.0.0.1", False),
            ("127.0.0.1", "127.0.0.1", True)):
        option_holds(named, 'from="%s"' % value, host, good)
    # Nobody asks for names where it is off.
    option_holds(plain, 'from="*.org"', "127.0.0.1", False)
    option_holds(plain, 'from="localhost"', "127.0.0.1", False)


def certified(srv, sources):
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "x", "-n", "alice", "-O",
              "source-address=" + sources, srv.key + ".pub"]))
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    key.load_certificate(srv.key + "-cert.pub")
    return key


@promise("source-address of a certificate, for both families")
def _():
    for sources, host, good in (
            ("127.0.0.1/32", "127.0.0.1", True),
            ("127.0.0.0/8", "127.0.0.1", True),
            ("192.0.2.0/24,127.0.0.1", "127.0.0.1", True),
            ("192.0.2.0/24", "127.0.0.1", False),
            ("::/0", "127.0.0.1", False),
            ("::1", "::1", True), ("::/64", "::1", True),
            ("2001:db8::/32,::1", "::1", True),
            ("2001:db8::/32", "::1", False),
            ("0.0.0.0/0", "::1", False)):
        for srv in servers:
            if srv in (plain, both) and (host != "::1" or srv is both):
                authorized(srv, "")
                expect_same(logs_in(srv, certified(srv, sources), host), good,
                            "%s from %s" % (sources, host))


def stamp(hours, form="%Y%m%d%H%M%S"):
    return time.strftime(form, time.gmtime(time.time() + hours * 3600))


@promise("expiry-time: in local time, with Z in UTC")
def _():
    # XYZ-5 is east of Greenwich: its clocks are 5 hours ahead.
    for srv, value, good in (
            (plain, stamp(1), True), (plain, stamp(-1), False),
            (plain, stamp(1) + "Z", True), (plain, stamp(-1) + "Z", False),
            (plain, stamp(1, "%Y%m%d%H%M") + "Z", True),
            (plain, stamp(-1, "%Y%m%d%H%M"), False),
            (plain, stamp(48, "%Y%m%d"), True),
            (plain, stamp(-48, "%Y%m%d") + "Z", False),
            (east, stamp(2), False), (east, stamp(7), True),
            (east, stamp(2) + "Z", True), (east, stamp(-1) + "Z", False),
            (west, stamp(-2), True), (west, stamp(-7), False),
            (west, stamp(-2) + "Z", False), (west, stamp(1) + "Z", True),
            (plain, "20991301", False), (plain, "2099", False),
            (plain, "20990101Q", False), (plain, "2099010112Z", False),
            (plain, "209901011260", False), (plain, "", False)):
        option_holds(srv, 'expiry-time="%s"' % value, "127.0.0.1", good)


main(*servers)
