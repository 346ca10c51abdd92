#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""SFTPClientMatch: each of its keys, for clients known by their name or by
what they do; and the table that it goes before."""

import logging
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import UID, Server, said, wait_for
from clients import paramiko_transport
from rawsftp import DATA, EXTENDED_REPLY, NAME, Raw, num, quad, string

srv = Server("""
SFTPRekey required 3600 1
SFTPClientAlive 3 1
SFTPClientMatch "^Window" channelWindowSize 1MB channelPacketSize 16KB
SFTPClientMatch "^Old" sftpProtocolVersion 2-3
SFTPClientMatch "^Old4" sftpProtocolVersion 4
SFTPClientMatch "^Link" sftpLinkOrder link
SFTPClientMatch "^Small" sftpReaddirSize 8KB sftpDataSize 32KB
SFTPClientMatch "^Tagged" sftpTaggedSums on sftpDataAlone on \\
  sftpOwnerNumbers on
SFTPClientMatch "^NoRekey" rekey off
SFTPClientMatch "^Channel" keepalive channel
SFTPClientMatch "^Global" keepalive global
SFTPClientMatch "^Ignore" keepalive ignore
SFTPClientMatch "^Crypto" sftpCiphers aes256-ctr sftpDigests hmac-sha2-512 \\
  sftpKeyExchanges ecdh-sha2-nistp521 sftpHostKeys rsa-sha2-256
SFTPClientMatch "^Both" sftpReaddirSize 8KB
SFTPClientMatch "does:^asks statvfs@" sftpReaddirSize 16KB
SFTPClientMatch "does:^speaks SFTP 5$" sftpProtocolVersion 4
SFTPClientMatch "does:^is Some Maker" sftpDataSize 4KB
SFTPClientMatch "does:^offers a-cipher-nobody-has$" sftpDataSize 8KB
""")


def names(raw, path):
    """Bytes of each answer to READDIR."""
    kind, left = raw.ask(11, string(path))
    handle, sizes = raw.cut(left)[0], []
    while True:
        kind, left = raw.ask(12, string(handle))
        if kind != NAME:
            return sizes
        sizes.append(len(left))


def read(raw, path, size):
    flags = num(1) + num(2) if raw.version >= 5 else num(1)
    handle = raw.open_with(path, flags)
    kind, left = raw.ask(5, string(handle) + quad(0) + num(size))
    expect_same(kind, DATA, "the answer to READ")
    return raw.cut(left)


def limits(raw):
    kind, left = raw.ask(200, string(b"limits@openssh.com"))
    expect_same(kind, EXTENDED_REPLY, "limits")
    return struct.unpack(">QQQQ", left)


def is_client(software, **more):
    return Raw(srv, more.pop("version", 3), software=software, **more)


@promise("channelWindowSize, channelPacketSize")
def _():
    with is_client("Window_1") as raw:
        # paramiko tells what is left of it.
        expect_same(raw.channel.out_max_packet_size, 16384, "packet")
        expect(1024 * 1024 - 1024 < raw.channel.out_window_size
               <= 1024 * 1024, raw.channel.out_window_size)
    with is_client("Other_1") as raw:
        expect(raw.channel.out_window_size > 1024 * 1024 and
               raw.channel.out_max_packet_size > 16384, "everybody's")


@promise("sftpProtocolVersion limits it, and the last matching line counts")
def _():
    for software, wanted, spoken in (
            ("Old_1", 6, 3), ("Old_1", 3, 3), ("Old_1", 2, 2),
            ("Old4_1", 6, 4), ("Other_1", 6, 6)):
        with is_client(software, version=wanted) as raw:
            expect_same(raw.version, spoken, software)
    for software, wanted in (("Old_1", 1), ("Old4_1", 3)):
        with is_client(software, version=wanted, must=False) as raw:
            expect_same(raw.version, None, "a version below the least")


@promise("sftpLinkOrder")
def _():
    for software, body, text in (
            ("Link_1", string(b"/link-1") + string(b"t1"), "t1"),
            ("Other_1", string(b"t2") + string(b"/link-2"), "t2")):
        with is_client(software) as raw:
            expect_same(raw.status(20, body), 0, "SYMLINK")
            expect_same(os.readlink(srv.home("link-" + text[1])), text,
                        software)


@promise("sftpReaddirSize, sftpDataSize")
def _():
    srv.put("big", bytes(300000))
    for n in range(400):
        srv.put("many/%0100d" % n)
    with is_client("Small_1") as raw:
        sizes = names(raw, b"/many")
        expect(4096 < max(sizes) <= 8192, sizes)
        expect_same(len(read(raw, "/big", 100000)[0]), 32768, "READ")
        expect_same(limits(raw)[1:3], (32768, 32768), "limits")
    with is_client("Other_1") as raw:
        sizes = names(raw, b"/many")
        expect(16384 < max(sizes) <= 32768, sizes)
        expect_same(len(read(raw, "/big", 300000)[0]), 300000, "READ")
    with is_client("OpenSSH_9.9") as raw:
        expect_same(len(read(raw, "/big", 300000)[0]), 261120, "READ")
    with is_client("Other_1") as raw:
        expect_same(limits(raw)[1], 261120, "limits")
        expect_same(len(read(raw, "/big", 300000)[0]), 261120,
                    "READ of a client that asked for limits")


def owner_of(raw, path):
    kind, left = raw.ask(17, string(path) + num(0x80))
    return raw.cut(left[5:])[0]


@promise("sftpTaggedSums, sftpDataAlone, sftpOwnerNumbers")
def _():
    srv.put("sum", b"x" * 10)
    sums = (string(b"check-file-name") + string(b"/sum") + string(b"md5")
            + quad(0) + quad(0) + num(0))
    with is_client("Tagged_1", version=6) as raw:
        kind, left = raw.ask(200, sums)
        expect(left.startswith(string(b"check-file")), left)
        expect_same(read(raw, "/sum", 20), (b"x" * 10, b""), "READ")
        expect_same(owner_of(raw, b"/sum"), b"%d" % UID, "owner")
    with is_client("Other_1", version=6) as raw:
        kind, left = raw.ask(200, sums)
        expect(left.startswith(string(b"md5")), left)
        expect_same(read(raw, "/sum", 20), (b"x" * 10, b"\1"), "READ")
        expect_same(owner_of(raw, b"/sum"), srv.user.encode(), "owner")


def exchanges_of(software):
    mark = srv.log("sftp.log").count(" + Session key exchange:")
    with is_client(software) as raw:
        for _ in range(10):
            expect_same(len(read(raw, "/big", 261120)[0]), 261120, "READ")
    return srv.log("sftp.log").count(" + Session key exchange:") - mark


@promise("rekey off: the server starts none")
def _():
    expect_same(exchanges_of("NoRekey_1"), 1, "exchanges")
    expect(exchanges_of("Other_1") > 1, "nobody rekeys")


class Heard(logging.Handler):
    """What paramiko says that it got."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())

    def has(self, *words):
        return any(all(word in line for word in words)
                   for line in self.lines)


@promise("keepalive: a request of a channel, a global one, or none")
def _():
    logger = logging.getLogger("paramiko")
    logger.setLevel(logging.DEBUG)
    for software, words in (
            ("Channel_1", ("Unhandled channel request", "keepalive@")),
            ("Global_1", ("Received global request", "keepalive@")),
            ("Ignore_1", ())):
        heard = Heard()
        logger.addHandler(heard)
        try:
            with is_client(software) as raw:
                if words:
                    wait_for(lambda: heard.has(*words), software, 20)
                    if software == "Global_1":
                        expect(not heard.has("channel request"), "both")
                    continue
                before = raw.transport.packetizer._Packetizer__received_packets
                wait_for(lambda: raw.transport.packetizer
                         ._Packetizer__received_packets > before,
                         "IGNORE", 20)
                expect(not heard.has("keepalive@"), "it asks all the same")
        finally:
            logger.removeHandler(heard)


@promise("sftpCiphers, sftpDigests, sftpKeyExchanges, sftpHostKeys")
def _():
    with paramiko_transport(srv, software="Crypto_1") as transport:
        expect_same((transport.remote_cipher, transport.remote_mac,
                     transport.host_key_type),
                    ("aes256-ctr", "hmac-sha2-512", "rsa-sha2-256"),
                    "what was agreed on")
    srv.wait_log("sftp.log", r"Session key exchange: ecdh-sha2-nistp521\b")


# ---- Rows for clients that cannot be had: as they come, up to what they need

@promise("a client with the version 1.0 gets SFTP 2, with 1.00 the version "
         "that it requests")
def _():
    for software, spoken in (("1.0", 2), ("1.00", 3)):
        with is_client(software) as raw:
            expect_same(raw.version, spoken, software)
            expect(b"big" in raw.list("/"), "the listing")


@promise("a client with the version 1.30 gets packets of 16 KiB")
def _():
    with is_client("1.30") as raw:
        expect_same(raw.channel.out_max_packet_size, 16384, "packet")


@promise("the server starts no rekey with J2SSH, Sun SSH 1.0 and early "
         "OpenSSH")
def _():
    for software in ("1.7.2_J2SSH_Maverick_1.7.2_", "Sun_SSH_1.0.1",
                     "OpenSSH-2.1", "OpenSSH_2.5.2p2"):
        expect_same(exchanges_of(software), 1, "exchanges of " + software)


@promise("early OpenSSH gets small listings, later ones large ones")
def _():
    for software, least, most in (("OpenSSH_2.3.0p1", 16384, 32768),
                                  ("OpenSSH_3.0", 32768, 65536)):
        with is_client(software) as raw:
            sizes = names(raw, b"/many")
            expect(least < max(sizes) <= most, "%s: %r" % (software, sizes))


@promise("J2SSH, SSH.NET, JSch and other old clients find methods that they "
         "know")
def _():
    for software in ("JSCH-0.1.54", "Renci.SshNet.SshClient.0.0.1",
                     "phpseclib_1.0", "paramiko_1.16.0", "libssh2_1.4.2"):
        with is_client(software) as raw:
            options = raw.transport.get_security_options()
            options.kex = ("diffie-hellman-group14-sha256",)
            options.digests = ("hmac-sha2-256",)
            options.ciphers = ("aes256-ctr",)
            raw.transport.renegotiate_keys()
            expect_same(raw.transport.remote_mac, "hmac-sha2-256", software)


# ---- What clients do

@promise("a client that requests limits gets larger listings, whatever its "
         "name")
def _():
    with is_client("Other_2") as raw:
        expect(max(names(raw, b"/many")) <= 32768, "before")
        limits(raw)
        sizes = names(raw, b"/many")
        expect(32768 < max(sizes) <= 65536, sizes)
    srv.wait_log("sftp.log", r"known as a client that asks for limits "
                 r"\(asks limits@openssh\.com\): sftpReaddirSize 65536")


@promise("OpenSSH is recognized by its offer, also under another name")
def _():
    result = srv.sftp("pwd", "-o", "HostKeyAlgorithms=+sk-ssh-ed25519-cert-"
                      "v01@openssh.com")
    expect("known as a relative of OpenSSH (offers sk-ssh-ed25519-cert-v01"
           "@openssh.com)" in srv.log("sftp.log"), said(result))


@promise("SFTPClientMatch does: takes precedence over the table, also over "
         "earlier matches")
def _():
    with is_client("Other_3") as raw:
        raw.ask(200, string(b"statvfs@openssh.com") + string(b"/"))
        expect(8192 < max(names(raw, b"/many")) <= 16384, "after statvfs")
        limits(raw)
        expect(8192 < max(names(raw, b"/many")) <= 16384, "after limits")
    # By name and by deed: the lines count in their order.
    with is_client("Both_1") as raw:
        limits(raw)
        expect(max(names(raw, b"/many")) <= 8192, "by name")
        raw.ask(200, string(b"statvfs@openssh.com") + string(b"/"))
        expect(8192 < max(names(raw, b"/many")) <= 16384, "by deed")


@promise("does: the requested version, and the data of vendor-id")
def _():
    for wanted, spoken in ((5, 4), (6, 6), (3, 3)):
        with is_client("Other_4", version=wanted) as raw:
            expect_same(raw.version, spoken, "version")
    with is_client("Other_4") as raw:
        expect_same(raw.status(200, string(b"vendor-id") + string(b"Some")
                               + string(b"Maker 2") + string(b"3")
                               + quad(1)), 0, "vendor-id")
        expect_same(limits(raw)[1], 4096, "limits")


@promise("does: the offer in KEXINIT, of the first client and the next")
def _():
    from paramiko import Transport
    before = Transport._preferred_ciphers
    for ciphers, size in ((before + ("a-cipher-nobody-has",), 8192),
                          (before, 261120)):
        Transport._preferred_ciphers = ciphers
        # What is no cipher to paramiko is left out of its offer.
        info = dict(Transport._cipher_info)
        Transport._cipher_info["a-cipher-nobody-has"] = \
            info["aes256-ctr"]
        try:
            with is_client("Other_5") as raw:
                expect_same(limits(raw)[1], size, "limits")
        finally:
            Transport._preferred_ciphers = before
            Transport._cipher_info = info


@promise("does: cannot choose algorithms")
def _():
    log = Server('SFTPClientMatch "does:asks x" sftpCiphers aes256-ctr'
                 ).refuses_to_start()
    expect("'does:asks x' cannot choose algorithms" in log, log)
    log = Server('SFTPClientMatch "does:*(" rekey off').refuses_to_start()
    expect("failed regex compilation" in log, log)


@promise("proftpd -t -d 5 shows rows of both kinds")
def _():
    text = srv.known_clients()
    for row in ("OpenSSH (OpenSSH_): sftpReaddirSize 65536",
                "a client that asks for limits (asks limits@openssh.com): "
                "sftpReaddirSize 65536"):
        expect("known client: " + row in text, text)


main(srv)
