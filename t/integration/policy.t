#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: putty-tools python3-paramiko
# sanitizers: alone

"""Policies: traffic that is hidden, fingerprints, sizes of keys, groups of a
file."""

import base64
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, client, keygen, must, run, said
from clients import Psftp, paramiko_sftp

DATA = os.urandom(2500000)


def ignores(directives, *options):
    """How many IGNOREs came with an upload and a download, and with how many
    other messages."""
    srv = Server(directives).start()
    try:
        sent, got = srv.local("sent", DATA), srv.local("got")
        result = must(srv.sftp("put %s f\nget f %s" % (sent, got), "-vvv",
                               *options))
        with open(got, "rb") as file:
            expect(file.read() == DATA, "the file differs")
        return len(re.findall(r"receive packet: type 2$|Received SSH2_MSG_IGN",
                              result.stderr.decode(), re.M))
    finally:
        srv.stop_clean()


@promise("SFTPTrafficPolicy sends IGNOREs between data, also during rekeys")
def _():
    rekeys = "SFTPRekey required 3600 1\n"
    expect(ignores(rekeys + "SFTPTrafficPolicy paranoid") > 30, "paranoid")
    expect_same(ignores(rekeys), 0, "without")


@promise("a CBC cipher implies a policy, unless it is none")
def _():
    cbc = "SFTPCiphers +aes128-cbc\n"
    option = "-oCiphers=aes128-cbc"
    expect(ignores(cbc, option) > 30, "rogaway")
    expect_same(ignores(cbc + "SFTPTrafficPolicy none", option), 0, "none")


@promise("PuTTY and paramiko accept that")
def _():
    srv = Server("SFTPTrafficPolicy paranoid\n"
                 "SFTPRekey required 3600 1").start()
    try:
        sent, got = srv.local("sent", DATA), srv.local("got")
        must(Psftp(srv).run("put %s p\nget p %s" % (sent, got)))
        with open(got, "rb") as file:
            expect(file.read() == DATA, "PuTTY's file differs")
        with paramiko_sftp(srv) as sftp:
            with sftp.open("q", "wb") as file:
                file.set_pipelined(True)
                file.write(DATA)
            with sftp.open("q", "rb") as file:
                file.prefetch(len(DATA))
                expect(file.read() == DATA, "paramiko's file differs")
    finally:
        srv.stop_clean()


def colons(digest):
    return ":".join("%02x" % byte for byte in digest)


@promise("SFTPKeyFingerprints sets the format of fingerprints")
def _():
    for words, name, form in (
            ("", "SHA256", lambda d: colons(d)),
            ("sha256", "SHA256",
             lambda d: base64.b64encode(d).decode().rstrip("=")),
            ("sha1+hex", "SHA1", lambda d: d.hex()),
            ("md5", "MD5", lambda d: colons(d)),
            ("MD5+HEX+COLONS", "MD5", lambda d: colons(d))):
        srv = Server('LogFormat key "%{note:SFTP_USER_PUBLICKEY_FINGERPRINT} '
                     '%{note:SFTP_USER_PUBLICKEY_FINGERPRINT_ALGO}"\n'
                     "ExtendedLog @DIR@/key.log MISC,DIRS,READ key\n"
                     + ("SFTPKeyFingerprints " + words if words else ""))
        srv.start()
        try:
            must(srv.sftp("ls"))
            with open(srv.key + ".pub") as pub:
                blob = base64.b64decode(pub.read().split()[1])
            text = form(hashlib.new(name, blob).digest())
            log = srv.log("sftp.log")
            expect("key %s fingerprint: %s\n" % (name, text) in log,
                   words + "\n" + log)
            expect("%s %s" % (text, name) in srv.log("key.log"),
                   srv.log("key.log"))
        finally:
            srv.stop_clean()


def short_key(lines, good, why, kind, *options):
    """A user with a short key of that kind (words for ssh-keygen) logs in, or
    is refused with that line in the log."""
    srv = Server(lines)
    short = keygen(srv.path("short"), "-t", *kind)
    srv.authorize(short)
    srv.start()
    try:
        result = srv.sftp("pwd", "-oIdentityFile=" + short,
                          "-oPreferredAuthentications=publickey", *options)
        expect((result.returncode == 0) == good, lines + said(result))
        if not good:
            srv.wait_log("sftp.log", why)
    finally:
        srv.stop_clean()


def short_rsa_key(lines, good, why):
    short_key(lines, good, why, ("rsa", "-b", "1024"),
              "-oRequiredRSASize=1024")


@promise("SFTPKeyLimits refuses short keys of users, and accepts allowed ones")
def _():
    for limits, good in (("", False), ("SFTPKeyLimits MinimumRSASize 1024",
                                       True),
                         ("SFTPKeyLimits MinimumRSASize 0", True)):
        short_rsa_key(limits, good, "at least 2048 are required")


@promise("MinimumDSASize applies to the DSA keys of users")
def _():
    if "ssh-dss" not in client(["ssh", "-Q", "key"]).stdout.decode().split():
        skip("this OpenSSH has no ssh-dss")
    for limits, good in (("", True), ("SFTPKeyLimits MinimumRSASize 4096",
                                      True),
                         ("SFTPKeyLimits MinimumDSASize 1025", False)):
        short_key(limits + "\nSFTPAuthPublicKeys ssh-dss", good,
                  "of 1024 bits refused: at least 1025 are required",
                  ("dsa",), "-oPubkeyAcceptedAlgorithms=ssh-dss")


@promise("SFTPAlgorithmProfile legacy accepts the packaged module's short "
         "keys")
def _():
    for lines, good in (
            ("", False),
            ("SFTPAlgorithmProfile legacy", True),
            ("SFTPAlgorithmProfile legacy\n"
             "SFTPKeyLimits MinimumECSize 256", True),
            ("SFTPAlgorithmProfile legacy\n"
             "SFTPKeyLimits MinimumRSASize 2048", False),
            ('SFTPClientMatch "^OpenSSH" sftpAlgorithmProfile legacy', True),
            ('SFTPClientMatch "^OpenSSH" sftpAlgorithmProfile legacy\n'
             "SFTPKeyLimits MinimumRSASize 2048", False)):
        short_rsa_key(lines, good, "of 1024 bits refused: at least 2048 are "
                      r"required \(SFTPKeyLimits MinimumRSASize\)")


@promise("SFTPDHParamFile sets the groups, and the smallest suitable one is "
         "used")
def _():
    # For this cipher OpenSSH asks for 3072 bits or more.
    for names, bits in ((("ffdhe2048", "ffdhe3072", "ffdhe4096"), 3072),
                        (("ffdhe2048", "ffdhe4096"), 4096),
                        (("ffdhe2048",), 3072)):
        srv = Server()
        path = srv.path("groups.pem")
        with open(path, "wb") as out:
            for name in names:
                out.write(must(run(["openssl", "genpkey", "-genparam",
                                    "-algorithm", "DH", "-pkeyopt",
                                    "group:" + name])).stdout)
        srv.directives = ("SFTPDHParamFile %s\nSFTPKeyExchanges "
                          "diffie-hellman-group-exchange-sha256" % path)
        srv.start()
        try:
            result = must(srv.sftp("pwd", "-vvv",
                                   "-oCiphers=aes128-gcm@openssh.com"))
            found = re.search(r"bits set: \d+/(\d+)",
                              result.stderr.decode())
            expect_same(int(found.group(1)), bits, "%r" % (names,))
        finally:
            srv.stop_clean()

    srv = Server("SFTPDHParamFile /no/such/file\nSFTPKeyExchanges "
                 "diffie-hellman-group-exchange-sha256").start()
    try:
        must(srv.sftp("pwd"))
        log = srv.log("start.log") + srv.log("system.log")
        expect("built-in groups are used" in log, log)
    finally:
        srv.stop_clean()


@promise("SFTPCryptoDevice is accepted, with a warning that it has no effect")
def _():
    srv = Server("SFTPCryptoDevice pkcs11").start()
    try:
        must(srv.sftp("pwd"))
        log = srv.log("start.log") + srv.log("system.log")
        expect("SFTPCryptoDevice pkcs11 is ignored" in log, log)
    finally:
        srv.stop_clean()


main()
