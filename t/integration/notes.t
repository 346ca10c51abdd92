#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Each note of the manual's two tables has the value that they promise, in a
line of ExtendedLog; those of the session are variables of the environment, too.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from server import SOURCE, Server, client, keygen, must, run
from tap import expect, expect_same, main, promise

FINGERPRINT = r"(MD5:)?([0-9a-f]{2}:){15,31}[0-9a-f]{2}|[\w+/]{43}"

# Of the session: {name: what it is in a line about an upload}
SESSION = {
    "SFTP": "1",
    "SSH_CONNECTION": r"127\.0\.0\.1 \d+ 127\.0\.0\.1 @PORT@",
    "SFTP_LIBRARY_VERSION": r"OpenSSL 3\..*",
    "SFTP_CLIENT_BANNER": "OpenSSH_.*",
    "SFTP_KEX_ALGO": r"curve25519-sha256(@libssh\.org)?",
    "SFTP_HOST_KEY_ALGO": "ssh-ed25519",
    "SFTP_CLIENT_CIPHER_ALGO": "aes128-ctr",
    "SFTP_SERVER_CIPHER_ALGO": "aes128-ctr",
    "SFTP_CLIENT_MAC_ALGO": r"hmac-sha2-256-etm@openssh\.com",
    "SFTP_SERVER_MAC_ALGO": r"hmac-sha2-256-etm@openssh\.com",
    "SFTP_CLIENT_COMPRESSION_ALGO": "none",
    "SFTP_SERVER_COMPRESSION_ALGO": "none",
    "SFTP_USER_AUTH_METHOD": "publickey",
    "SFTP_USER_PUBLICKEY_ALGO": r"ssh-ed25519-cert-v01@openssh\.com",
    "SFTP_USER_PUBLICKEY_FINGERPRINT": FINGERPRINT,
    "SFTP_USER_PUBLICKEY_FINGERPRINT_ALGO": "SHA256",
    "SFTP_USER_CERT_ID": "a laptop",
    "SFTP_USER_CERT_SERIAL": "17",
    "SFTP_USER_CERT_CA_FINGERPRINT": FINGERPRINT,
}

# Of a command or the session, for modules: {name: (command, argument, value)}
MODULES = {
    "mod_sftp.bottleneck": ("RETR", "/old", "[a-z]+"),
    "mod_sftp.file-status": ("RETR", "/closed", "failed"),
    "mod_sftp.limits": ("RETR", "/old", r"[a-z]+ \d+%(, [a-z]+ \d+%)*"),
    "mod_sftp.nonfatal-attempt": ("PASS", "(hidden)", "publickey"),
    "mod_sftp.sha256": ("RETR", "/old", "[0-9a-f]{64}"),
    "mod_sftp.transfer-failure": ("RETR", "/closed", "Permission denied"),
    "mod_xfer.file-modified": ("STOR", "/old", "true"),
    "mod_xfer.retr-path": ("RETR", "/old", "/old"),
    "mod_xfer.store-path": ("STOR", "/old", "/old"),
    "sftp.file-handle": ("STOR", "/old", "[0-9a-f]{16}"),
    "mod_core.rnfr-path": ("RNTO", "/new", "/old"),
    "mod_sftp.chroot-path": ("STOR", "/old", "@HOME@"),
    "protocol": ("STOR", "/old", "sftp"),
}
# A pointer; %{file-offset} is its text (records.t).
POINTERS = {"mod_xfer.file-offset"}
# Of a session of <Anonymous>.
ANONYMOUS = {
    "mod_auth.anon-passwd": ("RETR", "/read-me", "someone@example[.]org"),
}


def log_lines():
    """A log for each note: a line may not be too long."""
    for kind, names in (("n", list(SESSION) + list(MODULES)
                         + list(ANONYMOUS)),
                        ("e", SESSION)):
        for i, name in enumerate(names):
            value = "%%{note:%s}" % name if kind == "n" else "%%{%s}e" % name
            yield "LogFormat %s%d \"%%m|%%f|%%J|%s\"" % (kind, i, value)
            yield "ExtendedLog @DIR@/%s%d.log ALL %s%d" % (kind, i, kind, i)


class Noted(Server):
    def values(self, kind, number):
        """[(command, path, value)]"""
        lines = self.log("%s%d.log" % (kind, number)).splitlines()
        for line in lines:
            command, path, words, value = line.split("|", 3)
            yield command, path if path != "-" else words, value


srv = Noted("DefaultRoot ~\nAllowOverwrite on\nSFTPTransferDigest sha256\n"
            "SFTPTrustedUserCAKeys @DIR@/trusted\n"
            "SFTPAuthMethods publickey password\n"
            "<Anonymous @DIR@/pub>\n  User guest\n  UserAlias web guest\n"
            "  RequireValidShell off\n</Anonymous>\n"
            + "\n".join(log_lines()) + "\n", users=("alice", "guest"))
ca = keygen(srv.path("ca"), "-t", "ed25519")
user = keygen(srv.path("user"), "-t", "ed25519")
must(run(["ssh-keygen", "-q", "-s", ca, "-I", "a laptop", "-n", "alice", "-z",
          "17", user + ".pub"]))
with open(ca + ".pub") as pub, open(srv.path("trusted"), "w") as out:
    out.write(pub.read())
srv.put("old", b"before")
srv.put("closed", b"closed", mode=0)
os.mkdir(srv.path("pub"))
with open(srv.path("pub/read-me"), "w") as file:
    file.write("anonymous\n")


def names_of(title):
    """The names in the manual's table of that section."""
    with open(os.path.join(SOURCE, "doc", "manual.md")) as file:
        text = file.read().split("\n%s\n" % title, 1)[1].split("\n### ")[0]
    return {name for row in re.findall(r"^\| (`[^|]*) \|", text, re.M)
            for name in re.findall(r"`([^`]*)`", row)}


@promise("the tables here are the manual's")
def _():
    expect_same(names_of("### Notes"), set(SESSION), "notes of the session")
    expect_same(names_of("### Notes for modules"),
                set(MODULES) | POINTERS | set(ANONYMOUS),
                "notes for modules")


def use_all():
    """A wrong password, then a certificate."""
    data = srv.local("data", b"after, and longer")
    batch = srv.local("batch", ("put %s old\nget old %s.2\n-get closed %s.3\n"
                                "rename old new\n" % (data, data,
                                                      data)).encode())
    options = ("BatchMode=no", "NumberOfPasswordPrompts=1",
               "PreferredAuthentications=password,publickey",
               "IdentityFile=" + user, "CertificateFile=%s-cert.pub" % user,
               "Ciphers=aes128-ctr", "MACs=hmac-sha2-256-etm@openssh.com",
               "KexAlgorithms=curve25519-sha256",
               "HostKeyAlgorithms=ssh-ed25519")
    # The first -o of an option is the one that counts, and -b has its own.
    must(client(["sftp", "-q"] + ["-o" + one for one in options] +
                ["-F", srv.ssh_config(), "-b", batch, "srv"],
                env=srv.password_env("wrong")))
    srv.no_sessions()


def matches(pattern, value):
    pattern = pattern.replace("@PORT@", str(srv.port)).replace(
        "@HOME@", srv.home().rstrip("/"))
    return re.fullmatch(pattern, value) is not None


@promise("notes of the session, and the variables of the same names")
def _():
    use_all()
    for kind, first in (("n", 0), ("e", 0)):
        for i, (name, pattern) in enumerate(SESSION.items()):
            found = [value for command, _, value in srv.values(kind, i)
                     if command == "STOR"]
            expect(len(found) == 1 and matches(pattern, found[0]),
                   "%s %s: %r" % (kind, name, found))


def check_notes(rows, first):
    for i, (name, (command, path, pattern)) in enumerate(rows.items(), first):
        every = list(srv.values("n", i))
        found = [value for its, at, value in every
                 if its == command and (path == "(hidden)" or
                                        at.endswith(path))]
        expect(any(matches(pattern, value) for value in found),
               "%s of %s %s: %r" % (name, command, path, every))


@promise("notes for modules")
def _():
    check_notes(MODULES, len(SESSION))


@promise("the note of an anonymous session")
def _():
    srv.user = "web"
    batch = srv.local("batch", ("get read-me %s\n" % srv.local(
        "copy")).encode())
    options = ("BatchMode=no", "NumberOfPasswordPrompts=1",
               "PreferredAuthentications=password")
    must(client(["sftp", "-q"] + ["-o" + one for one in options] +
                ["-F", srv.ssh_config(), "-b", batch, "srv"],
                env=srv.password_env("someone@example.org")))
    srv.no_sessions()
    check_notes(ANONYMOUS, len(SESSION) + len(MODULES))


main(srv)
