#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: geoip-database haproxy proftpd-mod-geoip python3-paramiko
# sanitizers: alone

"""SFTPProxyProtocol: behind a load balancer, the client's address is what
counts everywhere, and nobody else can tell one.  All of 127.0.0.0/8 is this
machine: 127.3.0.0/16 are trusted proxies, HAProxy and imitations of it."""

import contextlib
import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from haproxy import Haproxy
from server import (ASAN, PATIENCE, PRELOAD, PROFTPD, Server, free_port, has_module, must, run,
                    wait_for)
from tap import expect, expect_same, main, promise, skip

import paramiko

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

PROXY = "127.3.0.1"
TRUST = "SFTPProxyProtocol on from 127.3.0.0/16\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version1(source, port=40000):
    family = "TCP6" if ":" in source else "TCP4"
    return ("PROXY %s %s %s %d 22\r\n" % (
        family, source, "::1" if ":" in source else "192.0.2.1", port)
    ).encode()


def version2(command=0x21, family=0x11, body=None, length=None):
    if body is None:
        body = addresses("198.51.100.7")
    return SIGNATURE + bytes([command, family]) + struct.pack(
        ">H", len(body) if length is None else length) + body


def addresses(source, port=40000):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    there = "2001:db8::1" if ":" in source else "192.0.2.1"
    return socket.inet_pton(family, source) + socket.inet_pton(
        family, there) + struct.pack(">HH", port, 22)


class Proxied(Server):
    def __init__(self, more="", trust=TRUST, **rest):
        super().__init__(trust + more, **rest)

    def dial(self, source=PROXY, port=None):
        return socket.create_connection(("127.0.0.1", port or self.port),
                                        PATIENCE, (source, 0))

    def greets(self, connect=None):
        return super().greets(connect or (lambda: self.dial("127.0.0.1")))

    @contextlib.contextmanager
    def login(self, sock, user="alice", password=None, key=None):
        """A connection that is logged in, or None if it is refused."""
        conn = paramiko.Transport(sock)
        try:
            conn.start_client(timeout=PATIENCE)
            if key:
                conn.auth_publickey(
                    user, paramiko.Ed25519Key.from_private_key_file(key))
            else:
                conn.auth_password(user, password or self.password,
                                   fallback=False)
            # MaxClientsPerHost is checked after the success.
            conn.open_session(timeout=PATIENCE)
            yield conn
        except (paramiko.SSHException, EOFError, OSError):
            yield None
        finally:
            conn.close()

    def from_client(self, header):
        """As a trusted proxy."""
        sock = self.dial()
        sock.sendall(header)
        return sock

    def lets_in(self, source, **how):
        header = source if isinstance(source, bytes) else version1(source)
        with self.login(self.from_client(header), **how) as conn:
            result = conn is not None
        self.no_sessions()
        return result

    def lines_with(self, text):
        return [line for name in ("system.log", "sftp.log")
                for line in self.log(name).splitlines() if text in line]


srv = Proxied("""
<Class near>
  From 127.1.2.0/24
</Class>
<Class v6>
  From 2001:db8:7::/48
</Class>
<Limit LOGIN>
  Order deny,allow
  DenyClass near
  Deny from 127.1.3.1
  AllowAll
</Limit>
MaxClientsPerHost 2
LogFormat who "%a %h %m %s"
ExtendedLog @DIR@/extended.log ALL who
""", TRUST.strip() + " 2001:db8:3::/48\n", drop=("UseIPv6",))
bare = Proxied("SFTPIsolation off\n", drop=("UseIPv6",))
penal = Proxied("SFTPPerSourcePenalties authfail:10m min:1s noauth:0\n")
bans = Proxied("""BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
BanOnEvent MaxLoginAttempts 1/01:00:00 01:00:00
MaxLoginAttempts 1
""", modules=("mod_ban",)) if has_module("mod_ban.so") else None
plain = Proxied(trust="")
# Modules that look at the address, and the names of hosts.
named = Proxied("""UseReverseDNS on
LogFormat who "%a %h %m %s"
ExtendedLog @DIR@/extended.log ALL who
<Class named>
  From far.example.org
</Class>
<Limit LOGIN>
  Order deny,allow
  DenyClass named
  AllowAll
</Limit>
<IfModule mod_wrap2.c>
  WrapEngine on
  WrapLog @DIR@/wrap.log
  WrapOptions CheckAllNames
  WrapTables file:@DIR@/allow file:@DIR@/deny
</IfModule>
<IfModule mod_geoip.c>
  GeoIPEngine on
  GeoIPLog @DIR@/geoip.log
  GeoIPTable /usr/share/GeoIP/GeoIP.dat
  GeoIPDenyFilter CountryCode US
</IfModule>
""", drop=("UseReverseDNS",), modules=[
    name for name in ("mod_wrap2", "mod_wrap2_file", "mod_geoip")
    if has_module(name + ".so")])
named.binds = {"/etc/hosts": named.path("hosts")}
for name, text in (("allow", "ALL: 127.1.22.1\n"),
                   ("deny", "ALL: 127.1.22. 127.3. wrapped.example.org\n"),
                   ("hosts", "127.0.0.1 localhost\n"
                    "127.3.0.1 balancer.example.org\n"
                    "127.1.20.1 near.example.org\n"
                    "127.1.20.2 far.example.org\n"
                    "127.1.20.3 wrapped.example.org\n"
                    "2001:db8:7::5 six.example.org\n")):
    with open(named.path(name), "w") as out:
        out.write(text)
    os.chmod(named.path(name), 0o644)
inetd = Proxied("ServerType inetd\nLogFormat who \"%a %h %m %s\"\n"
                "ExtendedLog @DIR@/extended.log ALL who\n",
                drop=("ServerType",))

ports = {name: free_port() for name in ("v1", "v2", "checked")}
balancer = Haproxy("""
listen v1
  bind 127.0.0.1:{v1}
  server one 127.0.0.1:{to} send-proxy source 127.3.0.1
listen v2
  bind 127.0.0.1:{v2}
  server one 127.0.0.1:{to} send-proxy-v2 proxy-v2-options crc32c,unique-id source 127.3.0.2
""".format(to=srv.port, **ports))


@promise("HAProxy sends version 1: logs, ftpwho and records name the client")
def _():
    balancer.start(ports["v1"], ports["v2"])
    told("v1", "127.1.0.1", "127.3.0.1")


@promise("HAProxy sends version 2, with a checksum and more")
def _():
    told("v2", "127.1.0.2", "127.3.0.2")


def told(which, client, proxy):
    sock = srv.dial(client, ports[which])
    mine = sock.getsockname()[1]
    with srv.login(sock) as conn:
        expect(conn, "no login")
        srv.wait_log("sftp.log", r"client \(%s:%d\) connected to server" % (
            client, mine))
        srv.wait_log("sftp.log", r"forwarded by proxy %s:\d+$" % proxy)
        srv.wait_log("extended.log", "^%s %s PASS" % (client, client))
        who = must(run(["ftpwho", "-v", "-f", srv.path("scoreboard")]))
        expect(b"client: " + client.encode() in who.stdout,
               "ftpwho: %r" % who.stdout)
        sftp = conn.open_sftp_client()
        with sftp.open("up", "w") as out:
            out.write("x" * 1000)
        srv.wait_log("transfer.log", r" %s 1000 /\S+ b _ i r " % client)
    srv.no_sessions()
    with srv.login(srv.dial(client, ports[which]), password="wrong"):
        srv.wait_log("system.log", r"\(%s\[%s\]\).* USER alice \(Login "
                     "failed" % (client, client))
    srv.no_sessions()
    expect(proxy not in srv.log("system.log") + srv.log("extended.log"),
           "the proxy's address is in a log")


@promise("IPv6 clients, and IPv4 addresses that are written as IPv6")
def _():
    for header, wanted in (
            (version1("2001:db8:7::5"), "2001:db8:7::5"),
            (version2(0x21, 0x21, addresses("2001:db8:7::6")),
             "2001:db8:7::6"),
            (version1("::ffff:127.1.4.1"), "127.1.4.1"),
            (version2(0x21, 0x21, addresses("::ffff:127.1.4.2")),
             "127.1.4.2")):
        expect(srv.lets_in(header), "%s is not let in" % wanted)
        srv.wait_log("sftp.log", r"client \(%s:40000\) connected"
                     % re.escape(wanted))
        srv.wait_log("extended.log", "^%s %s PASS" % (wanted, wanted))


@promise("classes and <Limit LOGIN> are about the client, however its address "
         "is written")
def _():
    for source, wanted in (
            ("127.1.2.9", False), ("::ffff:127.1.2.9", False),
            ("127.1.3.1", False), ("::ffff:127.1.3.1", False),
            ("127.1.3.2", True)):
        expect_same(srv.lets_in(source), wanted, source)
    srv.wait_log("system.log", r"127\.1\.3\.1.* denied")


@promise("MaxClientsPerHost counts clients, not proxies")
def _():
    with contextlib.ExitStack() as stack:
        def enter(source):
            return stack.enter_context(
                srv.login(srv.from_client(version1(source)))) is not None

        expect(enter("127.1.5.1") and enter("127.1.5.1"), "no login")
        for number in range(4):
            expect(enter("127.1.6.%d" % (number + 1)), "others are counted")
        expect(not enter("127.1.5.1"), "the third login is let in")
    srv.no_sessions()


@promise("from= of keys is about the client")
def _():
    with open(srv.key + ".pub") as pub:
        line = 'from="127.1.7.1" ' + pub.read()
    with open(srv.path("keys/alice"), "w") as out:
        out.write(line)
    for source, wanted in (("127.1.7.1", True), ("127.1.7.2", False),
                           ("::ffff:127.1.7.1", True)):
        expect_same(srv.lets_in(source, key=srv.key), wanted, source)


@promise("penalties are the client's")
def _():
    for _ in range(2):
        penal.lets_in("127.1.8.1", password="wrong")
    expect(not penal.lets_in("127.1.8.1"), "let in")
    expect(penal.lets_in("127.1.8.2"), "another client is refused")
    penal.wait_log("system.log", "connection from 127.1.8.1 refused: penalty")


@promise("mod_ban bans the client")
def _():
    if not bans:
        skip("mod_ban is not there")
    bans.lets_in("127.1.9.1", password="wrong")
    expect(not bans.lets_in("127.1.9.1"), "let in")
    expect(not bans.lets_in("::ffff:127.1.9.1"), "let in, written otherwise")
    expect(bans.lets_in("127.1.9.2"), "another client is refused")


@promise("UseReverseDNS finds the name of the client, not of the proxy")
def _():
    expect(named.lets_in("127.1.20.1"), "no login")
    named.wait_log("extended.log", "^127.1.20.1 near.example.org PASS")
    named.lets_in("127.1.20.1", password="wrong")
    named.wait_log("system.log", r"\(near\.example\.org\[127\.1\.20\.1\]\)")
    expect(named.lets_in("127.1.20.9"), "no login of a client without a name")
    named.wait_log("extended.log", "^127.1.20.9 127.1.20.9 PASS")
    with named.login(named.dial("127.1.20.1")) as conn:
        expect(conn, "no login without a proxy")
    named.no_sessions()
    expect("balancer" not in named.log("system.log")
           + named.log("extended.log"), "the proxy's name is in a log")


@promise("classes of names are about the client")
def _():
    expect(not named.lets_in("127.1.20.2"), "let in")
    named.wait_log("system.log", r"far\.example\.org.* denied")


@promise("mod_wrap2 checks the client's address and name")
def _():
    if not has_module("mod_wrap2_file.so"):
        skip("mod_wrap2 is not there")
    for source, wanted in (("127.1.22.1", True), ("127.1.22.2", False),
                           ("::ffff:127.1.22.1", True),
                           ("127.1.20.3", False), ("127.1.23.1", True)):
        expect_same(named.lets_in(source), wanted, source)
    expect("127.3.0.1" not in named.log("wrap.log"), named.log("wrap.log"))


@promise("mod_geoip looks up the client's country")
def _():
    if not has_module("mod_geoip.so"):
        skip("mod_geoip is not there")
    for source, wanted in (("8.8.8.8", False), ("193.0.6.139", True)):
        expect_same(named.lets_in(source), wanted, source)
    named.wait_log("geoip.log", "8.8.8.8")


@contextlib.contextmanager
def by_inetd():
    """As inetd does: one process for each connection."""
    inetd.write_config()
    env = {name: value for name, value in os.environ.items()
           if name not in ("TMPDIR", "MOD_SFTP_PRELOAD")}
    if PRELOAD:
        env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
    processes = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with sock:
                    processes.append(subprocess.Popen(
                        [PROFTPD, "-c", inetd.path("proftpd.conf")],
                        stdin=sock, stdout=sock, stderr=subprocess.DEVNULL,
                        env=env, cwd="/"))

    with socket.create_server(("127.0.0.1", inetd.port)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield processes
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for process in processes:
                process.wait(PATIENCE)


@promise("behind inetd it is the same")
def _():
    with by_inetd() as processes:
        expect(inetd.lets_in("127.1.24.1"), "no login")
        inetd.wait_log("extended.log", "^127.1.24.1 127.1.24.1 PASS")
        inetd.wait_log("sftp.log", r"forwarded by proxy 127.3.0.1:\d+$")
        with inetd.from_client(b"SSH-2.0-x\r\n") as sock:
            expect(b"SSH-" not in until_end(sock), "let in without a header")
        inetd.wait_log("system.log", "connection from proxy .*: there is none")
        with inetd.dial("127.1.24.2") as sock:
            sock.sendall(version1("127.1.24.3") + b"SSH-2.0-liar\r\n")
            expect(b"mismatch" in until_end(sock), "no refusal")
        inetd.wait_log("sftp.log", "PROXY header from 127.1.24.2, which")
        with inetd.dial() as sock:
            sock.sendall(b"PROXY UNKNOWN\r\n")
            expect(sock.recv(8) == b"SSH-2.0-", "no answer to a check")
        with inetd.dial():
            pass
        wait_for(lambda: len(processes) == 5, "five connections")
    expect_same(inetd.log("system.log").count("PROXY header"), 1, "lines")


@promise("whoever is not trusted connects as before")
def _():
    with srv.login(srv.dial("127.1.10.1")) as conn:
        expect(conn, "no login")
    srv.wait_log("sftp.log", r"client \(127.1.10.1:\d+\) connected")


@promise("whoever is not trusted cannot tell an address, and it is logged once")
def _():
    for number, header in enumerate((
            version1("127.1.2.1"), b"PROXY UNKNOWN\r\n", version2(),
            version2(0x20))):
        source = "127.1.11.%d" % (number + 1)
        for server in (srv, plain):
            with server.login(server.dial(source)) as conn:
                expect(conn, "no login without a header")
            with server.dial(source) as sock:
                sock.sendall(header + b"SSH-2.0-liar\r\n")
                expect(b"mismatch" in until_end(sock), "no refusal")
            server.no_sessions()
            lines = server.lines_with("PROXY header")
            expect_same(len([line for line in lines if "PROXY header from "
                             "%s, which SFTPProxyProtocol does not trust"
                             % source in line]), 1, "lines for " + source)


def until_end(sock):
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            more = sock.recv(65536)
            if not more:
                break
            got += more
    return got


@promise("a second header, which the client sends, is refused")
def _():
    with srv.from_client(version1("127.1.12.1")
                         + version1("127.1.12.2")) as sock:
        expect(b"mismatch" in until_end(sock), "no refusal")
    srv.wait_log("sftp.log", "PROXY header from 127.1.12.1, which")


# What proxies must not send, and the reason that is logged.
BAD = {
    b"SSH-2.0-OpenSSH_9.2\r\n": "there is none",
    b"GET / HTTP/1.0\r\n\r\n": "there is none",
    b"PROXY TCP4 127.1.0.1\r\n": "an address is invalid",
    b"PROXY TCP6 127.1.0.1 127.1.0.1 1 2\r\n": "an address is invalid",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 70000 22\r\n": "a port is invalid",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 1 22\n":
        "the line does not end with CR LF",
    b"PROXY TCP4 0.0.0.0 127.1.0.1 1 22\r\n":
        "the client's address is not that of a host",
    b"PROXY UNIX /a /b\r\n": "the family is not TCP4, TCP6 or UNKNOWN",
    b"PROXY UNKNOWN " + b"x" * 200: "the line is longer than 107 bytes",
    version2(0x31): "the version is not 1 or 2",
    version2(0x22): "the command is not LOCAL or PROXY",
    version2(0x21, 0x12): "the family is not TCP over IPv4 or IPv6",
    version2(0x21, 0x31, b"x" * 216):
        "the family is not TCP over IPv4 or IPv6",
    version2(0x21, 0x21): "the addresses are cut",
    version2(length=3000): "it is longer than 2048 bytes",
    version2(body=addresses("127.1.0.1") + b"\x04"): "a TLV is cut",
    version2(body=addresses("127.1.0.1") + b"\x04\xff\xff"):
        "a TLV is longer than the header",
    version2(body=addresses("127.1.0.1") + b"\x03\0\x04\0\0\0\0"):
        "its checksum is wrong",
}


def refusals(source):
    return re.findall(r"connection from proxy %s#\d+ refused: PROXY header: "
                      r"(.*) \(SFTPProxyProtocol\)"
                      % source.replace(".", r"\."), srv.log("system.log"))


def nothing_else(source):
    lines = [line for line in srv.lines_with(source)
             if re.search(re.escape(source) + r"(?!\d)", line)]
    expect_same(len(lines), 1, "lines with %s: %r" % (source, lines))


@promise("headers that are wrong are refused and logged, once each")
def _():
    for number, (header, why) in enumerate(BAD.items()):
        source = "127.3.1.%d" % (number + 1)
        with srv.dial(source) as sock:
            sock.sendall(header)
            expect(b"SSH-" not in until_end(sock), "let in: %r" % header)
    srv.no_sessions()
    for number, (header, why) in enumerate(BAD.items()):
        source = "127.3.1.%d" % (number + 1)
        expect_same(refusals(source), [why], "for %r" % header)
        nothing_else(source)


@promise("headers that are cut or slow, too; slow ones within seconds")
def _():
    socks = {}
    for number, (header, shut) in enumerate((
            (version1("127.1.0.1")[:-1], True), (version2()[:20], True),
            (b"", False), (b"PROXY TCP4", False), (version2()[:14], False))):
        source = "127.3.2.%d" % (number + 1)
        socks[source] = srv.dial(source)
        socks[source].sendall(header)
        if shut:
            socks[source].shutdown(socket.SHUT_WR)
    threading.Thread(target=drip, args=(srv.dial("127.3.2.6"),),
                     daemon=True).start()
    begin = time.monotonic()
    for source, sock in socks.items():
        expect(b"SSH-" not in until_end(sock), "let in")
    srv.no_sessions()
    expect(4 < time.monotonic() - begin < 20, "not within seconds")
    for number, why in enumerate(
            ["it is cut"] * 2 + ["none has come within 5 seconds"]
            + ["it was not complete within 5 seconds"] * 3):
        source = "127.3.2.%d" % (number + 1)
        expect_same(refusals(source), [why], source)
        nothing_else(source)


def drip(sock):
    with contextlib.suppress(OSError):
        for byte in b"PROXY UNKNOWN" + b"x" * 40:
            sock.sendall(bytes([byte]))
            time.sleep(0.3)


@promise("a header in pieces is as good as one at once")
def _():
    for header in (version1("127.1.13.1"), version2(
            body=addresses("127.1.13.2") + b"\x04\0\x02ab")):
        sock = srv.dial()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(header)):
            sock.sendall(header[at:at + 1])
        with srv.login(sock) as conn:
            expect(conn, "no login")
    srv.wait_log("sftp.log", r"client \(127.1.13.2:40000\) connected")


# Odd, and good: the client's address.
ODD = {
    version1("127.1.13.3") + b"SSH-2.0-at_once\r\n": "127.1.13.3",
    version1("127.1.13.4", 0): "127.1.13.4",
    version1("127.1.13.5", 65535): "127.1.13.5",
    b"PROXY TCP6 ::ffff:127.1.13.6 ::1 1 22\r\n": "127.1.13.6",
    version2(body=addresses("127.1.13.7") + b"\x04\0\0"): "127.1.13.7",
    version2(body=addresses("127.1.13.8") + b"\xee\0\x01x\x04\0\x03abc"):
        "127.1.13.8",
    # As long as a header may be.
    version2(body=addresses("127.1.13.9") + b"\x04\x07\xe1" + b"x" * 2017):
        "127.1.13.9",
    version2(body=addresses("127.1.13.10")) + b"SSH-2.0-at_once\r\n":
        "127.1.13.10",
}
# Odd, and bad.
WORSE = [
    b"PROXY TCP4 127.1.0.1 127.1.0.1 01 22\r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 +1 22\r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 -1 22\r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 0x1 22\r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 1\r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 1 22 \r\n",
    b"PROXY TCP4 127.1.0.1 127.1.0.1 1 22 33\r\n",
    b"PROXY TCP4  127.1.0.1 127.1.0.1 1 22\r\n",
    b"PROXY TCP4\t127.1.0.1\t127.1.0.1\t1\t22\r\n",
    b"PROXY TCP4 127.01.0.1 127.1.0.1 1 22\r\n",
    b"PROXY TCP4 127.1 127.1.0.1 1 22\r\n",
    b"PROXY TCP4 0x7f.1.0.1 127.1.0.1 1 22\r\n",
    b"PROXY TCP4 127.1.0.1/8 127.1.0.1 1 22\r\n",
    b"PROXY TCP4 127.1.0.1\0 127.1.0.1 1 22\r\n",
    b"PROXY TCP4 localhost localhost 1 22\r\n",
    b"PROXY TCP4 ::1 ::1 1 22\r\n",
    b"PROXY TCP4 255.255.255.255 127.1.0.1 1 22\r\n",
    b"PROXY TCP6 fe80::1%lo ::1 1 22\r\n",
    b"PROXY TCP6 [::1] ::1 1 22\r\n",
    b"PROXY TCP6 :: ::1 1 22\r\n",
    b"PROXY TCP6 ff02::1 ::1 1 22\r\n",
    b"PROXY tcp4 127.1.0.1 127.1.0.1 1 22\r\n",
    b"proxy TCP4 127.1.0.1 127.1.0.1 1 22\r\n",
    b" PROXY TCP4 127.1.0.1 127.1.0.1 1 22\r\n",
    b"PROXY \r\n", b"PROXY  UNKNOWN\r\n", b"PROXY\r\n\r\n",
    b"PROXY UNKNOWN\n", b"PROXY UNKNOWN\r\r\n\r",
    SIGNATURE[:-1] + b"\r" + bytes(20), version2(0x01), version2(0x2f),
    version2(0x21, 0x01), version2(0x21, 0x10), version2(0x21, 0x22),
    version2(length=0), version2(body=addresses("127.1.0.1")[:11]),
    version2(body=addresses("0.0.0.0")), version2(length=65535),
    version2(0x20, length=65535),
    version2(0x21, 0x21, addresses("ff02::1")),
    version2(0x21, 0x21, addresses("::ffff:0.0.0.0")),
    version2(body=addresses("127.1.0.1") + b"\x04\0"),
    version2(body=addresses("127.1.0.1") + b"\x03\0\x03abc"),
    version2(body=addresses("127.1.0.1") + b"\x03\0\0"),
    version2(body=addresses("127.1.0.1") + b"\x04\0\x01"),
]


def version_line(sock):
    got = b""
    while b"\n" not in got:
        more = sock.recv(1)
        if not more:
            break
        got += more
    return got


def by_eight(items):
    """ProFTPD takes all connections that wait before it looks again."""
    items = list(items)
    return [items[at:at + 8] for at in range(0, len(items), 8)]


def at_once(server, headers, source=PROXY):
    """[(header, its connection)], which all wait at the same time."""
    socks = [(header, server.dial(source)) for header in headers]
    for header, sock in socks:
        sock.sendall(header)
    return socks


@promise("odd headers are read or refused alike, isolated or not; also in two "
         "pieces, whatever byte is the last of the first")
def _():
    for server in (srv, bare):
        for header, sock in at_once(server, ODD):
            with sock:
                expect(version_line(sock).startswith(b"SSH-2.0-"),
                       "refused: %r" % header)
            server.wait_log("sftp.log", r"client \(%s:\d+\) connected"
                            % ODD[header].replace(".", r"\."))
        for some in by_eight(WORSE):
            for header, sock in at_once(server, some, "127.3.5.1"):
                with sock:
                    got = until_end(sock)
                expect(b"SSH-" not in got, "let in: %r: %r" % (header, got))
        wait_for(lambda: len(re.findall(
            r"connection from proxy 127\.3\.5\.1#", server.log(
                "system.log"))) >= len(WORSE), "a line for each")
        for header in (version1("127.1.13.11"), version2(
                body=addresses("127.1.13.12") + b"\x04\0\x01a")):
            for some in by_eight(range(1, len(header),
                                       1 if server is srv else 4)):
                socks = at_once(server, [header[:at] for at in some])
                for first, sock in socks:
                    sock.sendall(header[len(first):] + b"SSH-2.0-in_pieces\r\n")
                for first, sock in socks:
                    with sock:
                        expect(version_line(sock).startswith(b"SSH-2.0-"),
                               "refused after %r" % first)
        server.no_sessions()


@promise("health checks are answered, end quietly and are not logged")
def _():
    srv.no_sessions()
    before = {name: len(srv.log(name)) for name in ("system.log", "sftp.log")}
    for header, greeted in ((b"PROXY UNKNOWN\r\n", True),
                            (version2(0x20, 0, b""), True),
                            (version2(0x20), True),
                            (version2(0x21, 0, b""), True), (b"", False),
                            ("its own", True)):
        with srv.dial("127.3.3.1") as sock:
            if header == "its own":
                header = version1(*sock.getsockname())
            sock.sendall(header)
            if greeted:
                expect(sock.recv(8) == b"SSH-2.0-", "no version: %r" % header)
        srv.no_sessions()
    check = Haproxy("".join("""
listen {name}
  bind 127.0.0.1:{port}
  timeout check 10s
  option tcp-check
  tcp-check connect{connect}
  {expect}
  server one 127.0.0.1:{to} check inter 1s {how} source 127.3.3.2
""".format(name=name, port=free_port(), to=srv.port, how=how, expect=expected,
           connect=connect)
        for name, how, connect, expected in (
            ("connects", "send-proxy", "", ""),
            ("v1", "check-send-proxy send-proxy", " send-proxy",
             "tcp-check expect string SSH-2.0-"),
            ("v2", "check-send-proxy send-proxy-v2", " send-proxy",
             "tcp-check expect string SSH-2.0-")))
        + "listen up\n  bind 127.0.0.1:%d\n  mode http\n  stats enable\n"
          "  stats uri /\n" % ports["checked"])
    check.start(ports["checked"])
    try:
        wait_for(lambda: checks_passed(ports["checked"]), "the checks")
    finally:
        check.stop()
    srv.no_sessions()
    for name, size in before.items():
        expect_same(srv.log(name)[size:], "", name)


def checks_passed(port):
    """Whether every server passed some, and none failed any."""
    with urllib.request.urlopen("http://127.0.0.1:%d/;csv" % port,
                                timeout=PATIENCE) as page:
        rows = page.read().decode().splitlines()
    names = rows[0].lstrip("# ").split(",")
    seen = [dict(zip(names, row.split(","))) for row in rows[1:]]
    seen = [row for row in seen if row["svname"] == "one"]
    for row in seen:
        expect_same(row["chkfail"], "0", row["pxname"] + " failed: "
                    + row["last_chk"])
    return len(seen) == 3 and all(
        row["status"] == "UP" and row["check_status"] in ("L4OK", "L7OK")
        for row in seen)


@promise("a client whose address the proxy does not know is refused")
def _():
    with srv.dial("127.3.4.1") as sock:
        sock.sendall(b"PROXY UNKNOWN\r\nSSH-2.0-x\r\n")
        until_end(sock)
    srv.no_sessions()
    expect_same(refusals("127.3.4.1"), ["it does not tell the client's "
                                        "address"], "reasons")
    nothing_else("127.3.4.1")


@promise("an IPv6 client is refused clearly if UseIPv6 is off")
def _():
    expect(not penal.lets_in("2001:db8::7"), "let in")
    penal.wait_log("system.log", "PROXY header: the client has an IPv6 "
                   "address, and UseIPv6 is off")


@promise("after a reload it is as before")
def _():
    for _ in range(2):
        srv.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(re.findall("received SIGHUP",
                                    srv.log("system.log"))) >= 1, "a reload")
    wait_for(srv.greets, "the daemon")
    srv.no_sessions()
    expect(srv.lets_in("127.1.14.1"), "no login")
    srv.wait_log("sftp.log", r"client \(127.1.14.1:40000\) connected")
    expect(not srv.lets_in("127.1.3.1"), "let in")


@promise("wrong values prevent the start")
def _():
    for line, word in (
            ("", "expected off, or: on from network"),
            ("yes please", "'on' needs the networks"),
            ("maybe", "expected off, or: on from network"),
            ("on", "'on' needs the networks"),
            ("on from", "'on' needs the networks"),
            ("on 10.0.0.1", "'on' needs the networks"),
            ("off from 10.0.0.1", "expected off"),
            ("on from all", "'all': expected an address"),
            ("on from 0.0.0.0/0", "'0.0.0.0/0': expected an address"),
            ("on from ::/0", "'::/0': expected an address"),
            ("on from 10.0.0.0/33", "10.0.0.0/33"),
            ("on from 10.0.0.0/", "10.0.0.0/"),
            ("on from 10.0.0.0/x", "10.0.0.0/x"),
            ("on from 2001:db8::/129", "2001:db8::/129"),
            ("on from 2001:db8::1", "'2001:db8::1' cannot be used: UseIPv6 is "
             "off"),
            ("on from 10.0.0.*", "10.0.0.*"),
            ("on from balancer.example.org", "balancer.example.org"),
            ("on from 10.0.0.1 !10.0.0.2", "!10.0.0.2")):
        text = Server("SFTPProxyProtocol %s\n" % line).refuses_to_start()
        expect("SFTPProxyProtocol" in text and word in text,
               "%s: no %r in %s" % (line, word, text))


try:
    main(*filter(None, (srv, bare, penal, bans, plain, named)))
finally:
    balancer.stop()
