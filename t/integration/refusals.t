#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""A refused login is one line in SFTPLog, with the reason that the
administrator needs; the client is not told."""

import base64
import hashlib
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from companion import add_companion
from pairs import SFTP, Pairs, need_ftpuser
from rawauth import INFO_RESPONSE, RawAuth
from server import keygen, must, run
from tap import Failed, expect_same, main, promise

import paramiko
from paramiko.message import Message

RULES = """
MaxLoginAttempts none
RequireValidShell on
UseFtpUsers on
AllowEmptyPasswords off
<Limit LOGIN>
  DenyUser denied
</Limit>
SFTPTrustedUserCAKeys @DIR@/ca.pub
SFTPRevokedKeys @DIR@/revoked
SFTPKeyBlacklist none
SFTPKeyLimits MinimumRSASize 3072
SFTPAuthMethods publickey password keyboard-interactive hostbased
SFTPAuthorizedHostKeys file:@DIR@/hosts
"""

USERS = ("alice", "root", "noshell", "daemon", "denied", "homeless")

srv = Pairs({
    "rules": RULES,
    "keys": "SFTPAuthMethods publickey+publickey\nMaxLoginAttempts none",
    "passwords": "SFTPAuthMethods password\nMaxLoginAttempts none",
    "closed": "SFTPAuthMethods keyboard-interactive:closed password",
    "broken": "SFTPAuthMethods keyboard-interactive:broken password",
    "asking": "SFTPAuthMethods keyboard-interactive:asking\n"
    "MaxLoginAttempts none",
}, users=USERS)
add_companion(srv, "mod_bad")
PW = srv.password


def change_user(fields):
    if fields[0] == "root":
        fields[2] = fields[3] = "0"
    elif fields[0] == "noshell":
        fields[6] = "/no/such/shell"
    elif fields[0] == "homeless":
        fields[5] = ""


srv.edit("passwd", change_user)
KEYS = {name: keygen(srv.path("key_" + name), "-t", "ed25519") for name in
        ("other", "bad", "revoked", "host", "ca2")}
KEYS["ca"] = keygen(srv.path("ca"), "-t", "ed25519")
SMALL = keygen(srv.path("small"), "-t", "rsa", "-b", "2048")
KEY = paramiko.Ed25519Key.from_private_key_file(srv.key)


def load(name):
    return paramiko.Ed25519Key.from_private_key_file(KEYS[name])


def public(path):
    with open(path + ".pub") as file:
        return file.read()


def write(path, text):
    with open(srv.path(path), "w") as out:
        out.write(text)


write("revoked", public(KEYS["revoked"]))
write("hosts", public(KEYS["host"]))
srv.authorize(srv.key, form="openssh")


class Forged:
    """A key that signs something else, or is another blob than what signs."""

    def __init__(self, key, blob=None):
        self.key = key
        self.blob = key.asbytes() if blob is None else blob

    def asbytes(self):
        return self.blob

    def sign_ssh_data(self, data, *more):
        return self.key.sign_ssh_data(b"x" + data, *more)


class Certified(Forged):
    def sign_ssh_data(self, data, *more):
        return self.key.sign_ssh_data(data, *more)


def certificate(ca, name, *args):
    """A request to log in as alice with her key and this certificate."""
    path = srv.path("cert_" + name)
    write("cert_%s.pub" % name, public(srv.key))
    must(run(["ssh-keygen", "-q", "-s", KEYS[ca], "-I", name, "-z", "17",
              *args, path + ".pub"]))
    kind, body = public(path + "-cert").split()[:2]
    key = Certified(KEY, base64.b64decode(body))
    return lambda conn: conn.key("alice", key, alg=kind)


def password(user, word=PW):
    return lambda conn: conn.password(user, word)


def with_key(key=KEY, user="alice", **more):
    return lambda conn: conn.key(user, key, **more)


def asked(user="alice"):
    return lambda conn: conn.kbdint(user)


def answers(*texts):
    m = Message()
    m.add_byte(bytes([INFO_RESPONSE]))
    m.add_int(len(texts))
    for text in texts:
        m.add_string(text)
    return lambda conn: m


def hostbased(user, key, as_user=None):
    return lambda conn: conn.hostbased(user, key, "client.test",
                                       as_user or user)


def print_of(path):
    return must(run(["ssh-keygen", "-l", "-f", path])).stdout.decode() \
        .split()[1]


def outcome(requests, topic="rules"):
    """Makes these requests in one connection; the last line of an outcome."""
    before = len(srv.log("sftp.log"))
    with RawAuth(socket.create_connection(
            ("127.0.0.1", srv.ports[topic, SFTP]), 60)) as conn:
        for one in requests if isinstance(requests, list) else [requests]:
            conn.answer(one(conn))
    srv.no_sessions()
    lines = [line.split("]: ", 1)[1] for line in
             srv.log("sftp.log")[before:].splitlines()
             if "]: login of '" in line]
    return lines[-1]


def reasons(cases, topic="rules"):
    """Each request, or list of them, has this reason in its line."""
    wrong = []
    for requests, wanted in cases:
        line = outcome(requests, topic)
        got = line.partition(": refused: ")[2]
        if got != wanted.replace("@KEYS@", srv.path("keys/alice")):
            wrong.append("%r instead of %r" % (line, wanted))
    if wrong:
        raise Failed("\n".join(wrong))


@promise("passwords, and rules that apply to every method")
def _():
    reasons((
        (password("alice", "wrong"), "Incorrect password"),
        (password("alice", "x" * 2000),
         "password of user 'alice' is too long or has a NUL"),
        (password("alice", ""), "Refusing empty password from user 'alice'"),
        (password("nobody-here"), "no such user found"),
        (password("root"), "SECURITY VIOLATION: Root login attempted"),
        (password("noshell"), "Invalid shell: '/no/such/shell'"),
        (password("denied"), "Limit configuration denies login"),
        (password("homeless"),
         "error: user homeless has no home directory"),
        (with_key(user="nobody-here"), "no such user found"),
        (with_key(user="nobody-here", sign=False), "no such user found"),
        (with_key(user="denied"), "Limit configuration denies login"),
        (with_key(user="root"), "SECURITY VIOLATION: Root login attempted"),
        (hostbased("nobody-here", load("host")), "no such user found"),
        (hostbased("denied", load("host")),
         "Limit configuration denies login")))


@promise("UseFtpUsers")
def _():
    need_ftpuser("daemon")
    reasons(((password("daemon"), "User in /etc/ftpusers"),))


@promise("keys: asked about and signed alike, what is wrong with them")
def _():
    small = paramiko.RSAKey.from_private_key_file(SMALL)
    nothing = "no matching public key found for user 'alice' in '@KEYS@'"
    reasons((
        (with_key(load("other"), sign=False), nothing),
        (with_key(load("other")), nothing),
        (with_key(alg="ssh-foo"),
         "unsupported public key algorithm 'ssh-foo' requested"),
        (with_key(alg="ssh-dss"),
         "unsupported public key algorithm 'ssh-dss' requested"),
        (with_key(alg="rsa-sha2-256"), "public key of type 'ssh-ed25519' does "
         "not match algorithm 'rsa-sha2-256'"),
        (with_key(small, alg="rsa-sha2-256", sign=False),
         "public key of 2048 bits refused: at least 3072 are required "
         "(SFTPKeyLimits MinimumRSASize)"),
        (with_key(Forged(KEY)),
         "signature verification of 'ssh-ed25519' public key failed"),
        (with_key(Forged(KEY, b"\0\0\0\x0bssh-ed25519\0\0\0\1x")),
         "public key of user 'alice' cannot be used: message is malformed")))


@promise("options of a key, and files that do not count")
def _():
    path = srv.path("keys/alice")
    cases = (
        ('from="192.0.2.1"',
         'option "from": it is not for this client\'s address'),
        ('expiry-time="20200101"', 'option "expiry-time": it has expired'),
        ("nonsense", 'option "nonsense": it is not known here'),
        ("cert-authority", "it is that of an authority, not of a user"))
    for option, why in cases:
        write("keys/alice", option + " " + public(srv.key))
        why = "key in '@KEYS@', line 1, does not count: " + why
        reasons(((with_key(sign=False), why), (with_key(), why)))
    write("keys/alice", public(KEYS["revoked"]))
    reasons(((with_key(load("revoked")),
              "public key of user 'alice' refused: the key is revoked by "
              "line 1 (SFTPRevokedKeys '%s')" % srv.path("revoked")),))
    write("keys/alice", public(srv.key))
    os.chmod(path, 0o666)
    reasons(((with_key(), "unable to use key file '@KEYS@': it has mode 0666: "
              "anybody may write to it (accepted: write right for its owner "
              "alone, or SFTPOptions InsecureUserKeyPerms)"),))
    os.unlink(path)
    reasons(((with_key(), "unable to open key file '@KEYS@': No such file or "
              "directory"),))
    write("keys/alice", public(srv.key))


@promise("certificates")
def _():
    mine = "-n", "alice"
    refused = "certificate '%s', serial 17, of user 'alice' refused: "
    reasons((
        (certificate("ca", "bob", "-n", "bob"),
         "certificate 'bob' does not name user 'alice'"),
        (certificate("ca", "none"),
         refused % "none" + "it names no principals"),
        (certificate("ca2", "else", *mine), "certificate 'else', serial 17, "
         "refused: its authority is not trusted to name user 'alice'"),
        (certificate("ca", "away", *mine, "-O", "source-address=192.0.2.1"),
         refused % "away" + "the client is not at its source-address "
         "192.0.2.1"),
        (certificate("ca", "critical", *mine, "-O", "critical:x@y=z"),
         "certificate of user 'alice' refused: its option 'x@y' is critical "
         "and not known here (serial 17, authority %s, certificate "
         "'critical')" % print_of(KEYS["ca"])),
        (certificate("ca", "host", *mine, "-h"),
         refused % "host" + "it is a host's certificate, not a user's")))


@promise("chains and methods")
def _():
    reasons(((with_key(), "userauth method 'publickey' is not offered"),
             (lambda conn: conn.message("alice", "gssapi-with-mic"),
              "userauth method 'gssapi-with-mic' is unknown")), "passwords")
    reasons((([with_key(), with_key()], "public key request reused previously "
              "verified public key (fingerprint %s)" %
              hashlib.sha256(KEY.asbytes()).digest().hex(":")),), "keys")


@promise("keyboard-interactive: drivers that fail, wrong and missing answers")
def _():
    reasons(((asked(), "keyboard-interactive driver 'closed' cannot be used: "
              "No such file or directory"),
             (asked("nobody-here"), "no such user found")), "closed")
    reasons(((asked(), "keyboard-interactive driver 'broken' refused user "
              "'alice': Input/output error"),
             (asked("nobody-here"), "no such user found")), "broken")
    reasons((([asked(), answers("1", "3")], "keyboard-interactive driver "
              "'asking' refused user 'alice': Operation not permitted"),
             ([asked(), answers("1")], "1 answers to 2 prompts"),
             ([asked("nobody-here"), answers("1", "2")],
              "no such user found")), "asking")


@promise("hosts that vouch for their users")
def _():
    reasons((
        (hostbased("alice", load("host"), "bob"), "user 'bob' of the client's "
         "host may not log in as 'alice' (SFTPOptions HostbasedAnyUser would "
         "let them)"),
        (hostbased("alice", KEY), "no matching public key found for host "
         "'client.test' in '%s'" % srv.path("hosts")),
        (hostbased("alice", Forged(load("host"))),
         "signature verification of 'ssh-ed25519' host key failed")))


@promise("the line contains the user, the address and the proof: key, "
         "certificate, host")
def _():
    begin = "login of 'alice' from 127.0.0.1 by "
    mine = "ssh-ed25519 key " + print_of(srv.key)
    certified = begin + "publickey, ssh-ed25519-cert-v01@openssh.com key %s, " \
        "certificate '%%s' serial 17 of CA ssh-ed25519 %s: " % (
            print_of(srv.key), print_of(KEYS["ca"]))
    for requests, wanted in (
            (password("alice"), "password: accepted"),
            (with_key(), "publickey, %s: accepted" % mine),
            (with_key(sign=False),
             "publickey, %s: key would be accepted" % mine),
            (hostbased("alice", load("host")),
             "hostbased (alice of client.test), ssh-ed25519 key %s: accepted"
             % print_of(KEYS["host"]))):
        expect_same(outcome(requests), begin + wanted, "line")
    expect_same(outcome([asked(), answers("1", "2")], "asking"),
                begin + "keyboard-interactive (asking): accepted", "line")
    expect_same(outcome([asked(), asked()], "asking"),
                begin + "keyboard-interactive: abandoned by the client",
                "line")
    expect_same(outcome(certificate("ca", "good", "-n", "alice")),
                certified % "good" + "accepted", "line")
    line = outcome(certificate("ca", "old", "-n", "alice", "-V",
                               "20100101:20110101"))
    expect_same(line.rpartition(", ")[0], certified % "old" + "refused: "
                "certificate 'old', serial 17, of user 'alice' refused: it has "
                "expired", "line")


main(srv)
