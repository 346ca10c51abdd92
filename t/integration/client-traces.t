#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""Clients of clients.c that Debian does not have: their version line, the
lists of their KEXINIT and their requests, replayed by paramiko.  Clients that
it has are in t/interop."""

import contextlib
import hashlib
import os
import re
import struct
import sys
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
from rawsftp import (EXTENDED_REPLY, HANDLE, NAME, STATUS, Raw, num, quad,
                     string)
from server import Server
sys.path[:0] = [os.path.join(HERE, "../interop"),
                os.path.join(HERE, "../interop/drivers")]
from matrix import TITLES
from tap import expect, expect_same, main, promise

DATA = os.urandom(3000001)
REKEY = "SFTPRekey required 3600 1\n"
OLD = "SFTPAlgorithmProfile legacy\n"

# KEXINITs: key exchanges, host keys, ciphers, MACs, as those programs order
# them; what paramiko cannot do itself is left out where it would be chosen.
OPENSSH_2 = ("diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1",
             "ssh-rsa,ssh-dss",
             "aes128-cbc,3des-cbc,blowfish-cbc,cast128-cbc,arcfour,"
             "aes192-cbc,aes256-cbc",
             "hmac-md5,hmac-sha1,hmac-ripemd160,hmac-sha1-96")
OPENSSH_5 = ("ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
             "diffie-hellman-group-exchange-sha256,"
             "diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1",
             "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ssh-rsa,ssh-dss",
             "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,3des-cbc",
             "hmac-md5,hmac-sha1,hmac-sha2-256,hmac-sha2-512")
MAVERICK = ("diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,"
            "diffie-hellman-group1-sha1", "ssh-rsa,ssh-dss",
            "aes128-cbc,3des-cbc,blowfish-cbc", "hmac-sha1,hmac-md5")
MINA_1 = ("ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,"
          "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512",
          "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ssh-rsa",
          "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc",
          "hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-md5")
SSHJ = ("curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256,"
        "ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256",
        "ssh-ed25519,ecdsa-sha2-nistp521,ecdsa-sha2-nistp256,rsa-sha2-512",
        "aes128-cbc,aes128-ctr,aes192-cbc,aes192-ctr,aes256-cbc,aes256-ctr",
        "hmac-sha1,hmac-md5,hmac-sha2-256,hmac-sha2-256-etm@openssh.com")
SSH_NET = ("diffie-hellman-group-exchange-sha256,"
           "diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,"
           "diffie-hellman-group1-sha1",
           "ecdsa-sha2-nistp256,ssh-rsa,ssh-dss",
           "aes256-ctr,3des-cbc,aes128-cbc,aes192-cbc,aes256-cbc",
           "hmac-md5,hmac-sha1,hmac-sha2-256,hmac-sha2-256-96")
PARAMIKO_1 = ("diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,"
              "diffie-hellman-group-exchange-sha1,"
              "diffie-hellman-group-exchange-sha256",
              "ssh-rsa,ssh-dss,ecdsa-sha2-nistp256",
              "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,3des-cbc",
              "hmac-sha2-256,hmac-sha2-512,hmac-md5,hmac-sha1")
PHPSECLIB_1 = ("diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,"
               "diffie-hellman-group-exchange-sha1,"
               "diffie-hellman-group-exchange-sha256",
               "rsa-sha2-256,rsa-sha2-512,ssh-rsa",
               "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,3des-cbc",
               "hmac-sha2-256,hmac-sha1-96,hmac-sha1,hmac-md5")


# Rows of the table whose clients Debian has: their titles in t/interop.
# The others have a trace here.
LIVE = {
    "OpenSSH": "OpenSSH sftp", "sftp of OpenSSH": "OpenSSH sftp",
    "a modern program": "PuTTY psftp", "libssh": "libssh",
    "libssh2 before 1.11": "libssh2", "AsyncSSH": "asyncssh",
    "ssh2 of Node.js": "Node.js ssh2", "Net::SSH of Ruby": "Ruby net-sftp",
    "phpseclib": "PHP phpseclib 3", "ssh_sftp of Erlang": "Erlang ssh_sftp",
    "Apache MINA SSHD": "Apache MINA SSHD", "FileZilla": "FileZilla (fzsftp)",
    "JSch": "JSch", "JSch 0.1": "JSch", "paramiko": "paramiko",
    "Twisted": "Twisted cftp", "Go": "Go pkg/sftp", "rclone": "rclone",
}
TRACED = set()


class Place:
    """A server, and clients that call themselves as they like."""

    def __init__(self, directives=""):
        self.server = Server(directives).start()

    def stop(self):
        self.server.stop_clean()

    @contextlib.contextmanager
    def client(self, software, lists=None):
        import paramiko
        transport = paramiko.Transport(self.server.connect())
        transport.banner_timeout = transport.auth_timeout = 30
        transport.local_version = "SSH-2.0-" + software
        transport.advertise_strict_kex = lists is None
        if lists:
            for name, text in zip(("kex", "keys", "ciphers", "macs"), lists):
                setattr(transport, "_preferred_" + name,
                        tuple(text.split(",")))
        self.mark = len(self.server.log("sftp.log"))
        try:
            transport.start_client(timeout=30)
            transport.auth_password(self.server.user, self.server.password)
            yield SimpleNamespace(transport=transport)
        finally:
            transport.close()

    @contextlib.contextmanager
    def sftp(self, software, lists=None, version=3):
        with self.client(software, lists) as one, \
                Raw(self.server, version, beside=one) as raw:
            yield raw

    def log(self):
        return self.server.log("sftp.log")[self.mark:]

    def known_as(self, name):
        TRACED.add(name)
        expect("client is known as %s (" % name in self.log(), self.log())

    def agreed(self, *names):
        for name in names:
            expect(": %s\n" % name in self.log(), "no %s: %s"
                   % (name, self.log()))


@contextlib.contextmanager
def place(directives=""):
    one = Place(directives)
    try:
        yield one
    finally:
        one.stop()


def write_all(raw, path, data, piece=32768):
    how = num(2 | 8 | 16) if raw.version < 5 else num(2) + num(1)
    handle = raw.open_with(path, how)
    answers = raw.ask_all([(6, string(handle) + quad(at)
                            + string(data[at:at + piece]))
                           for at in range(0, len(data), piece)])
    expect(all(kind == STATUS and left[:4] == num(0)
               for kind, left in answers), "WRITE")
    expect_same(raw.status(4, string(handle)), 0, "CLOSE")


def no_new_keys(where, name):
    found = where.log().count(" + Session key exchange:")
    expect_same(found, 1, "key exchanges of " + name)


def scp_upload(client, path, data):
    """`scp -t', as scp talks to it; the exit status."""
    channel = client.transport.open_session()
    channel.settimeout(30)
    channel.exec_command("scp -t " + path)
    expect_same(channel.recv(1), b"\0", "the first answer")
    channel.sendall(b"C0644 %d file\n" % len(data))
    expect_same(channel.recv(1), b"\0", "the answer to the record")
    channel.sendall(data + b"\0")
    expect_same(channel.recv(1), b"\0", "the last answer")
    channel.shutdown_write()
    return channel.recv_exit_status()


@promise("OpenSSH 2.0 to 2.3: scp, and the server starts no rekey")
def _():
    with place(OLD + REKEY) as where:
        for software, name in (
                ("OpenSSH-2.0-beta-1", "OpenSSH 2.0 and 2.1"),
                ("OpenSSH-2.1", "OpenSSH 2.0 and 2.1"),
                ("OpenSSH_2.1.1", "OpenSSH 2.1 to 2.5"),
                ("OpenSSH_2.3.0p1", "OpenSSH 2.1 to 2.5")):
            with where.client(software, OPENSSH_2) as client:
                where.known_as(name)
                where.agreed("diffie-hellman-group-exchange-sha1", "ssh-rsa",
                             "aes128-cbc")
                expect_same(scp_upload(client, "up", DATA), 0, "exit status")
                expect(where.server.get("up") == DATA, "the upload")
                no_new_keys(where, software)


def many(where):
    for number in range(1000):
        where.server.put("many/%04d-%s" % (number, "x" * 100))


def largest_listing(raw):
    """Bytes of the largest answer to READDIR."""
    kind, left = raw.ask(11, string(b"/many"))
    expect_same(kind, HANDLE, "OPENDIR")
    sizes, handle = [0], raw.cut(left)[0]
    kind, left = raw.ask(12, string(handle))
    while kind == NAME:
        sizes.append(len(left) + 9)
        kind, left = raw.ask(12, string(handle))
    return max(sizes)


@promise("clients that behave like OpenSSH's get listings of 64 KiB")
def _():
    with place() as where:
        many(where)
        with where.sftp("Other_1.0", SSHJ) as raw:
            expect(largest_listing(raw) <= 32768, "others")
            kind, _ = raw.ask(200, string(b"limits@openssh.com"))
            expect_same(kind, EXTENDED_REPLY, "limits")
            where.known_as("a client that asks for limits")
            expect(32768 < largest_listing(raw) <= 65536, "limits")
        lists = list(SSHJ)
        lists[1] = "sk-ssh-ed25519-cert-v01@openssh.com," + lists[1]
        with where.sftp("Other_1.0", lists) as raw:
            where.known_as("a relative of OpenSSH")
            expect(32768 < largest_listing(raw) <= 65536, "a relative")


@promise("OpenSSH 2.5: sftp, listings in pieces of 32 KiB, and no rekey")
def _():
    with place(OLD + REKEY) as where:
        many(where)
        with where.sftp("OpenSSH_2.5.2p2", OPENSSH_2) as raw:
            where.known_as("OpenSSH 2.1 to 2.5")
            size = largest_listing(raw)
            expect(16384 < size <= 32768, "a piece of %d bytes" % size)
            write_all(raw, "/up", DATA)
            expect(raw.read_all("/up") == DATA, "the download")
            no_new_keys(where, "OpenSSH 2.5")


@promise("J2SSH Maverick and Sun_SSH 1.0: the server starts no rekey")
def _():
    with place(OLD + REKEY) as where:
        for software, name, version in (
                ("1.7.2_J2SSH_Maverick_1.7.2", "J2SSH Maverick", 4),
                ("Sun_SSH_1.0.1", "Sun SSH 1.0", 3)):
            with where.sftp(software, MAVERICK, version) as raw:
                where.known_as(name)
                expect_same(raw.version, version, "the version")
                where.agreed("aes128-cbc", "hmac-sha1")
                write_all(raw, "/up", DATA)
                expect(raw.read_all("/up") == DATA, "the download")
                no_new_keys(where, name)


@promise("the server starts a rekey with others at that point")
def _():
    with place(OLD + REKEY) as where:
        with where.sftp("Sun_SSH_1.1", MAVERICK) as raw:
            write_all(raw, "/up", DATA)
            expect(where.log().count(" + Session key exchange:") > 1,
                   where.log())


@promise("a client with the version 1.0 gets SFTP version 2")
def _():
    with place(OLD) as where:
        with where.sftp("1.0", MAVERICK, 3) as raw:
            where.known_as("a client that calls itself 1.0")
            expect_same(raw.version, 2, "the version")
            write_all(raw, "/up", DATA[:100000])
            expect(raw.read_all("/up") == DATA[:100000], "the download")
            # Statuses have no text yet (draft -01).
            kind, left = raw.ask(17, string(b"/nowhere"))
            expect_same((kind, left), (STATUS, num(2)), "STAT")


@promise("a client with the version 1.30 gets packets of 16 KiB")
def _():
    with place(OLD) as where:
        with where.sftp("1.30", MAVERICK) as raw:
            where.known_as("a client that calls itself 1.30")
            expect_same(raw.channel.out_max_packet_size, 16384, "packets")
            write_all(raw, "/up", DATA[:100000], 8192)
            expect(where.server.get("up") == DATA[:100000], "the upload")


@promise("Apache MINA 1: LINK, check-file and names in its form")
def _():
    with place("UseEncoding ISO-8859-1 UTF-8\n") as where:
        with where.sftp("SSHD-CORE-1.7.0", MINA_1, 6) as raw:
            where.known_as("Apache MINA SSHD before 2.3")
            where.agreed("aes128-ctr", "hmac-sha2-256")
            where.server.put("file", DATA[:1000])
            expect_same(raw.status(21, string(b"file") + string(b"/link")
                                   + b"\1"), 0, "LINK")
            expect_same(os.readlink(where.server.home("link")), "file",
                        "the link")
            kind, left = raw.ask(200, string(b"check-file-name")
                                 + string(b"/file") + string(b"sha1,md5")
                                 + quad(0) + quad(0) + num(0))
            expect_same(kind, EXTENDED_REPLY, "check-file-name")
            wanted = string(b"check-file") + string(b"sha1") \
                + string(hashlib.sha1(DATA[:1000]).digest())
            expect_same(left, wanted, "the sums")


def utf8_in_version_3(where, software, lists, name):
    """é is two bytes on the wire, and one in the file system."""
    with where.sftp(software, lists) as raw:
        where.known_as(name)
        write_all(raw, "/\u00e9", DATA[:10000])
    expect(os.path.exists(os.fsencode(where.server.home()) + b"\xe9"),
           os.listdir(os.fsencode(where.server.home())))
    os.unlink(os.fsencode(where.server.home()) + b"\xe9")


@promise("sshj and paramiko 1: names are UTF-8 in version 3, too")
def _():
    with place("UseEncoding ISO-8859-1 UTF-8\n") as where:
        utf8_in_version_3(where, "SSHJ_0.38.0", SSHJ, "sshj")
        where.agreed("aes128-ctr", "ssh-ed25519")
        utf8_in_version_3(where, "paramiko_1.16.0", PARAMIKO_1, "paramiko")
        where.known_as("paramiko 1")


@promise("paramiko 1, phpseclib 1, SSH.NET: by default, without SHA-1 or CBC")
def _():
    with place() as where:
        for software, lists, name in (
                ("paramiko_1.16.0", PARAMIKO_1, "paramiko 1"),
                ("phpseclib_1.0", PHPSECLIB_1, "phpseclib 1 and 2"),
                ("Renci.SshNet.SshClient.0.0.1", SSH_NET,
                 "SSH.NET before 2024")):
            with where.sftp(software, lists) as raw:
                where.known_as(name)
                where.agreed("diffie-hellman-group-exchange-sha256",
                             "hmac-sha2-256")
                write_all(raw, "/up", DATA[:100000])
                expect(raw.read_all("/up") == DATA[:100000], name)


@promise("phpseclib 1: SYMLINK names the link first; of sshj, as for OpenSSH")
def _():
    with place() as where:
        where.server.put("file", b"x")
        for software, lists, names in (
                ("phpseclib_1.0", PHPSECLIB_1, (b"/link", b"file")),
                ("SSHJ_0.38.0", SSHJ, (b"file", b"/link"))):
            with where.sftp(software, lists) as raw:
                expect_same(raw.status(20, string(names[0])
                                       + string(names[1])), 0, "SYMLINK")
                expect_same(os.readlink(where.server.home("link")), "file",
                            "the link")
                os.unlink(where.server.home("link"))


@promise("WinSCP: SYMLINK names the target first, check-file is bare")
def _():
    with place() as where:
        where.server.put("file", DATA[:1000])
        with where.sftp("WinSCP_release_6.3.5", SSHJ, 6) as raw:
            expect_same(raw.status(20, string(b"file") + string(b"/link")), 0,
                        "SYMLINK")
            expect_same(os.readlink(where.server.home("link")), "file",
                        "the link")
            kind, left = raw.ask(200, string(b"check-file-name")
                                 + string(b"/file") + string(b"sha1")
                                 + quad(0) + quad(0) + num(0))
            expect_same((kind, left),
                        (EXTENDED_REPLY, string(b"sha1")
                         + hashlib.sha1(DATA[:1000]).digest()), "the sum")


@promise("Net::SSH::Perl and edtFTPj: no KEXINIT before their version line")
def _():
    with place() as where:
        with where.server.connect() as sock, sock.makefile("rb") as stream:
            expect(stream.readline().startswith(b"SSH-2.0-"), "the version")
            sock.settimeout(0.2)
            try:
                expect_same(sock.recv(1), None, "something more")
            except TimeoutError:
                pass
            sock.settimeout(30)
            sock.sendall(b"SSH-2.0-Net::SSH::Perl_2.14\r\n")
            length, = struct.unpack(">I", sock.recv(4))
            expect_same(sock.recv(2)[1], 20, "a KEXINIT")


@promise("OpenSSH 5 and 6: the classic algorithms, by name")
def _():
    with place() as where:
        for software in ("OpenSSH_5.9p1", "OpenSSH_6.0p1"):
            with where.sftp(software, OPENSSH_5) as raw:
                where.known_as("OpenSSH before 6.5")
                where.agreed("ecdh-sha2-nistp256", "hmac-sha2-256")
                write_all(raw, "/up", DATA[:100000])
                expect(raw.read_all("/up") == DATA[:100000], software)


@promise("CuteFTP, EldoS, WeOnlyDo, SecureBlackbox: SFTP 3")
def _():
    with place() as where:
        for software in ("ClientSftp", "EldoS.SSHBlackbox.3",
                         "WeOnlyDo-wodSFTP", "SecureBlackbox.8"):
            with where.sftp(software, SSHJ, 6) as raw:
                where.known_as("a client that speaks SFTP 3 alone")
                expect_same(raw.version, 3, software)


@promise("every row of clients.c has a trace here or a client in t/interop")
def _():
    with open(os.path.join(HERE, "../../transport/clients.c")) as source:
        rows = re.findall(r'{ \.name = "([^"]*)"', source.read())
    expect(len(rows) > 20, rows)
    expect_same(sorted(set(rows) - set(LIVE) - TRACED), [], "without a test")
    expect_same(sorted(set(LIVE) - set(rows)), [], "no row")
    expect_same(sorted(set(LIVE.values()) - set(TITLES)), [], "no client")


main()
