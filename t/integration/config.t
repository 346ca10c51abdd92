#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto
# sanitizers: alone

"""A wrong configuration stops the start and says what is wrong.

The message names the directive and the value, and says what is accepted.
"""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise, skip
from server import Server, has_module, keygen, must, run

# directive, its words, texts that the message has besides the directive
WRONG = (
    ("SFTPEngine", "perhaps", ["perhaps", "Boolean"]),
    ("SFTPCiphers", "aes128-ctr rot13", ["rot13", "aes128-gcm@openssh.com"]),
    ("SFTPDigests", "hmac-rot13", ["hmac-rot13", "hmac-sha2-256"]),
    ("SFTPKeyExchanges", "rot13-sha256",
     ["rot13-sha256", "curve25519-sha256"]),
    ("SFTPHostKeys", "ssh-rot13", ["ssh-rot13", "ssh-ed25519"]),
    ("SFTPHostKey", "relative/path", ["relative/path", "absolute"]),
    ("SFTPHostKey", "/no/such/file", ["/no/such/file"]),
    ("SFTPHostKey", "agent:", ["'agent:'", "absolute path behind agent:"]),
    ("SFTPHostKey", "agent:here", ["'agent:here'", "absolute path"]),
    ("SFTPAuthMethods", "rot13", ["rot13", "publickey"]),
    ("SFTPAuthMethods", "pass", ["pass", "password"]),
    ("SFTPAuthMethods", "+password", ["+password"]),
    ("SFTPAuthMethods", "password+", ["password+"]),
    ("SFTPAuthMethods", "publickey++password", ["publickey++password"]),
    ("SFTPAuthMethods", "password+password", ["password+password"]),
    ("SFTPAuthorizedUserKeys", "/no/colon", ["/no/colon", "file:"]),
    ("SFTPAuthorizedUserKeys", "rot13:/x", ["rot13", "file"]),
    ("SFTPQoS", "af14", ["af14", "af43", "none", "255"]),
    ("SFTPQoS", "ef 256", ["256", "255"]),
    ("SFTPQoS", "ef cs0 cs1", ["number of parameters"]),
    ("SFTPPerSourcePenalties", "min:20m", ["min", "1200s", "max", "600s"]),
    ("SFTPRekey", "perhaps", ["perhaps", "none", "required"]),
    ("SFTPRekey", "required 0", ["0", "greater than zero"]),
    ("SFTPRekey", "required x", ["x", "numeric"]),
    ("SFTPRekey", "required 3600 x", ["x", "numeric", "KB"]),
    ("SFTPRekey", "required 3600 0", ["0", "at least 16KB"]),
    ("SFTPRekey", "required 3600 15KB", ["15KB", "at least 16KB"]),
    ("SFTPRekey", "required 3600 1TB", ["1TB", "GB"]),
    ("SFTPRekey", "required 3600 KB", ["KB", "numeric"]),
    ("SFTPRekey", "required 3600 99999999999999GB", ["GB"]),
    ("SFTPRekey", "required 3600 100 0", ["0", "greater than zero"]),
    ("SFTPSandbox", "perhaps", ["perhaps", "on, off or strict"]),
    ("SFTPSandbox", "on off", ["parameters"]),
    ("SFTPTransferDigest", "md5", ["md5", "none, or sha256"]),
    ("SFTPTransferDigest", "sha256 read timeout x", ["x", "1 to 600"]),
    ("SFTPTransferDigest", "sha256 omit read", ["read", "one of omit and read"]),
    ("SFTPUploadSync", "always", ["always", "none or close"]),
    ("SFTPMaxChannels", "0", ["0", "greater than zero"]),
    ("SFTPMaxChannels", "many", ["many", "numeric"]),
    ("SFTPClientAlive", "3", ["parameters"]),
    ("SFTPClientAlive", "-1 30", ["-1"]),
    ("SFTPClientAlive", "3 x", ["x"]),
    ("SFTPOptions", "MakeCoffee", ["MakeCoffee", "IgnoreSFTPSetTimes"]),
    ("SFTPAcceptEnv", "", ["parameters"]),
    ("SFTPTrustedUserCAKeys", "/no/such/ca", ["/no/such/ca"]),
    ("SFTPTrustedUserCAKeys", "ca.pub", ["ca.pub", "absolute"]),
    ("SFTPRevokedKeys", "/tmp", ["/tmp", "not a regular file"]),
    ("SFTPAuthorizedPrincipals", "principals/%u",
     ["principals/%u", "absolute"]),
    ("SFTPCASignatureAlgorithms", "ssh-ed25519-cert-v01@openssh.com",
     ["ssh-ed25519-cert-v01@openssh.com", "authority"]),
    ("SFTPCASignatureAlgorithms", "rot13", ["rot13", "ssh-ed25519"]),
)


# What two directives leave together, each of which is right: their lines, and
# texts of the message besides their names.
TOGETHER = (
    ("SFTPEngine", "Protocols", "Protocols ftp", ["no service"]),
    ("SFTPAuthMethods", "SFTPCiphers",
     "SFTPAuthMethods password\nSFTPCiphers none", ["AllowInsecureLogin"]),
    ("SFTPAuthMethods", "SFTPDigests",
     "SFTPAuthMethods password publickey+password\nSFTPCiphers aes128-ctr\n"
     "SFTPDigests none", ["AllowInsecureLogin"]),
    ("SFTPAuthPublicKeys", "SFTPKeyLimits",
     "SFTPAuthPublicKeys ecdsa-sha2-nistp256 ecdsa-sha2-nistp384\n"
     "SFTPKeyLimits MinimumECSize 521", ["large enough"]),
    ("SFTPTrustedUserCAKeys", "SFTPAuthPublicKeys",
     "SFTPTrustedUserCAKeys %(ca)s\nSFTPAuthMethods publickey\n"
     "SFTPAuthPublicKeys ssh-ed25519", ["only certificates"]),
    ("SFTPTrustedUserCAKeys", "SFTPCASignatureAlgorithms",
     "SFTPTrustedUserCAKeys %(ca)s\nSFTPAuthMethods publickey\n"
     "SFTPCASignatureAlgorithms -*", ["only certificates"]),
)
# The same, but somebody gets in.
ENOUGH = (
    "Protocols ftp sftp",
    "SFTPAuthMethods password publickey\nSFTPCiphers none",
    "SFTPAuthMethods password\nSFTPCiphers none\n"
    "SFTPOptions AllowInsecureLogin",
    "SFTPAuthMethods password\nSFTPAuthMethods user bob publickey\n"
    "SFTPDigests none\nSFTPCiphers aes128-ctr",
    "SFTPAuthMethods password\nSFTPDigests none\n"
    "SFTPCiphers aes128-ctr aes128-gcm@openssh.com",
    "SFTPAuthPublicKeys ecdsa-sha2-nistp256 ecdsa-sha2-nistp521\n"
    "SFTPKeyLimits MinimumECSize 521",
    "SFTPAuthPublicKeys ecdsa-sha2-nistp256 ssh-ed25519\n"
    "SFTPKeyLimits MinimumECSize 521",
    "SFTPTrustedUserCAKeys %(ca)s\nSFTPAuthPublicKeys ssh-ed25519",
    "SFTPMaxChannels 3\n<Global>\nSFTPMaxChannels 4\n</Global>",
)
# The server starts, and warns.
DOUBTS = (
    ("SFTPLog", "SFTPLog /no/such/log", ["/no/such/log", "No such file"]),
    ("SFTPLog", "SFTPLog /tmp/sftp.log", ["/tmp/sftp.log", "world-writable"]),
    ("SFTPLog", "SFTPLog %(dir)s", ["directory"]),
    ("SFTPDisplayBanner", "SFTPDisplayBanner /no/such/banner",
     ["/no/such/banner"]),
    ("SFTPTrustedUserCAKeys", "SFTPTrustedUserCAKeys /etc/passwd",
     ["/etc/passwd", "no public key"]),
    ("SFTPMaxChannels", "SFTPMaxChannels 3\nSFTPMaxChannels 4",
     ["again", "first"]),
)


def refusal(directives, **more):
    srv = Server(directives=directives, **more)
    return srv.refuses_to_start()


def check(directives, texts, **more):
    message = refusal(directives, **more)
    for text in texts:
        expect(text in message, "%r is not in: %s" % (text, message))


for name, words, texts in WRONG:
    @promise("%s %s is refused with words" % (name, words or "without a value"))
    def _(name=name, words=words, texts=texts):
        # A value of the same name stands in the defaults: ours alone counts.
        check("%s %s" % (name, words), [name] + texts, drop=(name,))


class Together(Server):
    """A server whose directives name its own files."""

    def __init__(self, directives, drop):
        super().__init__(drop=drop)
        self.directives = directives % {
            "ca": keygen(self.path("ca"), "-t", "ed25519") + ".pub",
            "dir": self.path("modules")}


def names(text):
    return [line.split()[0] for line in text.splitlines()]


for one, other, lines, texts in TOGETHER:
    @promise("%s and %s that leave nothing are refused, with their lines"
             % (one, other))
    def _(one=one, other=other, lines=lines, texts=texts):
        drop = names(lines)
        if "only certificates" in texts:
            drop.append("SFTPAuthorizedUserKeys")
        srv = Together(lines, drop)
        told = [line for line in srv.refuses_to_start().splitlines()
                if "exclude each other" in line]
        expect(len(told) == 1, "told: %r" % told)
        for name in (one, other):
            place = r"%s(, line \d+ of '%s'| by default)," % (
                name, srv.path("proftpd.conf"))
            expect(re.search(place, told[0]), "no %s in %s" % (name, told[0]))
        for text in texts:
            expect(text in told[0], "%r is not in: %s" % (text, told[0]))


@promise("... but not where somebody gets in")
def _():
    for lines in ENOUGH:
        srv = Together(lines, names(lines))
        srv.start()
        told = [line for line in srv.log("start.log").splitlines()
                if "exclude" in line or "again" in line]
        expect(not told, "told: %r" % told)
        srv.stop()


@promise("files and directives without effect are told at the start")
def _():
    for name, lines, texts in DOUBTS:
        srv = Together(lines, [name])
        srv.start()
        told = [line for line in srv.log("start.log").splitlines()
                if name in line]
        expect(len(told) == 1, "of %s: %r" % (name, told))
        for text in texts:
            expect(text in told[0], "%r is not in: %s" % (text, told[0]))
        srv.stop()


@promise("no directive of this module is accepted within <Directory>")
def _():
    check("<Directory />\n SFTPEngine on\n</Directory>", ["SFTPEngine"])


@promise("a missing host key is reported at the start")
def _():
    check("", ["SFTPHostKey"], drop=("SFTPHostKey",))


@promise("a host key that others may read is refused")
def _():
    srv = Server()
    os.chmod(srv.path("host_rsa"), 0o644)
    message = srv.refuses_to_start()
    expect("host_rsa" in message and "accessible" in message, message)


@promise("... unless SFTPOptions InsecureHostKeyPerms is set")
def _():
    srv = Server()
    srv.directives = ("SFTPOptions InsecureHostKeyPerms\n"
                      "SFTPHostKey %s\n" % srv.path("host_ed25519"))
    srv.drop = ("SFTPHostKey",)
    os.chmod(srv.path("host_ed25519"), 0o640)
    srv.start()
    must(srv.sftp("pwd"))
    srv.stop_clean()


def bad_key(make):
    srv = Server()
    path = srv.path("bad_key")
    make(path, srv)
    os.chmod(path, 0o600)
    srv.directives = "SFTPHostKey " + path
    message = srv.refuses_to_start()
    expect("bad_key" in message, message)
    return message


@promise("a public key as host key is reported at the start")
def _():
    bad_key(lambda path, srv: shutil.copy(srv.path("host_rsa.pub"), path))


@promise("a file that is not a key is reported at the start")
def _():
    def make(path, _srv):
        with open(path, "w") as out:
            out.write("no key\n")
    bad_key(make)


@promise("an empty host key file is reported at the start")
def _():
    bad_key(lambda path, _srv: open(path, "w").close())


@promise("a truncated host key is reported at the start")
def _():
    def make(path, srv):
        with open(srv.path("host_rsa"), "rb") as file:
            data = file.read()
        with open(path, "wb") as out:
            out.write(data[:len(data) // 2])
    bad_key(make)


@promise("SFTPAuthMethods publickey without authorized keys is refused")
def _():
    check("SFTPAuthMethods publickey",
          ["SFTPAuthMethods", "SFTPAuthorizedUserKeys"],
          drop=("SFTPAuthorizedUserKeys",))


@promise("FTPS and SFTP in one server are refused")
def _():
    if not has_module("mod_tls.so"):
        skip("mod_tls is not installed")
    check("TLSEngine on", ["SFTP"], modules=("mod_tls",))


@promise("<Global> settings reach a virtual host")
def _():
    srv = Server(drop=("SFTPEngine",), directives="SFTPEngine on\n"
                 "<Global>\n SFTPCiphers aes256-ctr\n</Global>").start()
    try:
        result = srv.ssh("-o", "Ciphers=aes128-ctr", "srv", "x")
        expect(b"no matching cipher" in result.stderr, result.stderr)
        must(srv.sftp("pwd", "-o", "Ciphers=aes256-ctr"))
    finally:
        srv.stop_clean()


FORMATS = (
    ("RSA in PKCS#1", "rsa", ["-m", "PEM"], None),
    ("RSA in PKCS#8", "rsa", ["-m", "PKCS8"], None),
    ("ECDSA in SEC1", "ecdsa", ["-m", "PEM"], None),
    ("ECDSA in PKCS#8", "ecdsa", ["-m", "PKCS8"], None),
    ("ECDSA P-384", "ecdsa", ["-b", "384"], None),
    ("ECDSA P-521", "ecdsa", ["-b", "521"], None),
    ("RSA in OpenSSH's format", "rsa", [], None),
    ("Ed25519 in OpenSSH's format", "ed25519", [], None),
)

for title, kind, args, _unused in FORMATS:
    @promise("a host key is read: " + title)
    def _(kind=kind, args=args):
        srv = Server(drop=("SFTPHostKey",))
        for old in ("host_rsa", "host_ecdsa", "host_ed25519"):
            os.unlink(srv.path(old))
            os.unlink(srv.path(old + ".pub"))
        path = keygen(srv.path("host_it"), "-t", kind, *args)
        srv.directives = "SFTPHostKey " + path
        srv.start()
        must(srv.sftp("pwd"))
        srv.stop_clean()


@promise("Ed25519 in PKCS#8 (as openssl writes it) is read")
def _():
    srv = Server(drop=("SFTPHostKey",))
    path = srv.path("host_p8")
    must(run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path]))
    os.chmod(path, 0o600)
    srv.directives = "SFTPHostKey " + path
    srv.start()
    must(srv.sftp("pwd", "-o", "StrictHostKeyChecking=no", "-o",
                  "UserKnownHostsFile=/dev/null", "-o",
                  "HostKeyAlgorithms=ssh-ed25519"))
    srv.stop_clean()


main()
