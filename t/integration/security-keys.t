#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# sanitizers: alone

"""Security keys: OpenSSH's client with a device in software, which says of
touching what the test tells it to; and weak keys."""

import base64
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import SOURCE, Server, client, keygen, must, run, wait_for

TOUCHED, VERIFIED = 1, 5

plain = Server("SFTPTrustedUserCAKeys @DIR@/ca.pub\n"
               "SFTPKeyBlacklist @DIR@/weak.dat\n")
strict = Server("SFTPOptions FIDOTouchRequired FIDOVerifyRequired")

device = plain.path("sk_device.so")
must(run(["cc", "-shared", "-fPIC", "-o", device,
          os.path.join(SOURCE, "t/companion/sk_device.c"), "-lcrypto"]))
ca = keygen(plain.path("ca"), "-t", "ed25519")
key = plain.path("sk")
must(client(["ssh-keygen", "-q", "-t", "ecdsa-sk", "-w", device, "-N", "",
             "-C", "sk", "-f", key]))


def public(path):
    with open(path + ".pub") as file:
        return file.read()


def weak_list(path, *fingerprints):
    """A list of weak keys as ProFTPD's package has one."""
    marks = sorted(fingerprints)
    count = len(marks)
    shift = 0x4000
    with open(path, "wb") as out:
        out.write(b"SSH-FP00" + bytes([16, 16, 48])
                  + count.to_bytes(3, "big") + shift.to_bytes(2, "big"))
        for value in range(0x10000):
            first = sum(int.from_bytes(m[:2], "big") < value for m in marks)
            expected = value * count >> 16
            out.write((first - expected + shift).to_bytes(2, "big"))
        for mark in marks:
            out.write(mark[2:6])


def md5_of(path):
    return hashlib.md5(base64.b64decode(public(path).split()[1])).digest()


weak_list(plain.path("weak.dat"), b"\0" * 16, b"\xff" * 16)


def authorize(server, text):
    path = server.path("keys/alice")
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o644)


def sftp(server, path, flags=TOUCHED, cert=False):
    argv = ["sftp", "-q", "-b", "-", "-P", str(server.port), "-F", "none",
            "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
            "-o", "PreferredAuthentications=publickey",
            "-o", "IdentitiesOnly=yes", "-o", "SecurityKeyProvider=" + device,
            "-i", path]
    if cert:
        argv += ["-o", "CertificateFile=%s-cert.pub" % path]
    return client(argv + ["alice@127.0.0.1"], input=b"pwd\n",
                  env=dict(os.environ, SK_FLAGS=str(flags)))


def works(server, path=key, **more):
    got = sftp(server, path, **more)
    expect_same(got.returncode, 0, "exit of sftp (%s)"
                % got.stderr.decode(errors="replace"))
    server.no_sessions()


def refused(server, why, path=key, **more):
    begin = len(server.log("sftp.log"))
    got = sftp(server, path, **more)
    expect(got.returncode != 0, "the login succeeded")
    wait_for(lambda: why in server.log("sftp.log")[begin:],
             "%r in SFTPLog" % why)
    server.no_sessions()


UNTOUCHED = "nobody touched the security key"
UNKNOWN = "the security key did not verify its user"


@promise("a security key logs in when it is touched, and only then")
def _():
    authorize(plain, public(key))
    works(plain)
    works(plain, flags=VERIFIED)
    refused(plain, UNTOUCHED, flags=0)


@promise("so does one of Ed25519, and its certificate")
def _():
    other = plain.path("sk_ed25519")
    must(client(["ssh-keygen", "-q", "-t", "ed25519-sk", "-w", device, "-N",
                 "", "-C", "sk", "-f", other]))
    authorize(plain, public(other))
    works(plain, path=other)
    works(plain, path=other, flags=VERIFIED)
    refused(plain, UNTOUCHED, path=other, flags=0)
    authorize(plain, "verify-required " + public(other))
    refused(plain, UNKNOWN, path=other)
    authorize(plain, "")
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "sk", "-n", "alice",
              other + ".pub"]))
    works(plain, path=other, cert=True)
    refused(plain, UNTOUCHED, path=other, flags=0, cert=True)


@promise("no-touch-required permits a login without a touch")
def _():
    authorize(plain, "no-touch-required " + public(key))
    works(plain, flags=0)
    authorize(strict, "no-touch-required " + public(key))
    refused(strict, UNTOUCHED, flags=4)


@promise("verify-required requires more than a touch")
def _():
    authorize(plain, "verify-required " + public(key))
    refused(plain, UNKNOWN)
    works(plain, flags=VERIFIED)


@promise("the server can require both")
def _():
    authorize(strict, public(key))
    refused(strict, UNKNOWN)
    works(strict, flags=VERIFIED)


@promise("headers of RFC 4716 have the effect of options")
def _():
    text = must(run(["ssh-keygen", "-e", "-f", key + ".pub"])).stdout.decode()
    lines = text.split("\n", 1)
    authorize(plain, lines[0] + "\nX-FIDO-Touch-Required: false\n" + lines[1])
    works(plain, flags=0)
    authorize(plain, lines[0] + "\nX-FIDO-Verify-Required: true\n" + lines[1])
    refused(plain, UNKNOWN)
    authorize(plain, text)
    works(plain)
    refused(plain, UNTOUCHED, flags=0)


@promise("a certificate for a security key can require it, too")
def _():
    authorize(plain, "")
    for options, flags, outcome in (
            ((), TOUCHED, None), ((), 0, UNTOUCHED),
            (("no-touch-required",), 0, None),
            (("verify-required",), TOUCHED, UNKNOWN),
            (("verify-required",), VERIFIED, None)):
        argv = ["ssh-keygen", "-q", "-s", ca, "-I", "sk", "-n", "alice"]
        for option in options:
            argv += ["-O", option]
        must(run(argv + [key + ".pub"]))
        if outcome:
            refused(plain, outcome, flags=flags, cert=True)
        else:
            works(plain, flags=flags, cert=True)


@promise("an authority in a key store must allow it, too")
def _():
    other = keygen(plain.path("other_ca"), "-t", "ed25519")
    must(run(["ssh-keygen", "-q", "-s", other, "-I", "sk", "-n", "alice",
              "-O", "no-touch-required", key + ".pub"]))
    authorize(plain, "cert-authority " + public(other))
    refused(plain, UNTOUCHED, flags=0, cert=True)
    authorize(plain, "cert-authority,no-touch-required " + public(other))
    works(plain, flags=0, cert=True)


@promise("a weak key does not log in")
def _():
    weak = keygen(plain.path("weak"), "-t", "ed25519")
    authorize(plain, public(weak))
    works(plain, path=weak)
    mark = md5_of(weak)
    near = mark[:5] + bytes([mark[5] ^ 1]) + mark[6:]
    weak_list(plain.path("weak.dat"), near, b"\0" * 16)
    works(plain, path=weak)
    weak_list(plain.path("weak.dat"), b"\0" * 16, near, mark, b"\xff" * 16)
    refused(plain, "it is on the list of weak keys", path=weak)


@promise("an unusable list of weak keys that is named refuses all keys")
def _():
    other = keygen(plain.path("other"), "-t", "ed25519")
    authorize(plain, public(other))
    why = "refused: SFTPKeyBlacklist '%s' cannot be used" % plain.path(
        "weak.dat")
    os.unlink(plain.path("weak.dat"))
    refused(plain, why + ": No such file", path=other)
    with open(plain.path("weak.dat"), "wb") as out:
        out.write(b"SSH-FP00")
    refused(plain, why, path=other)
    weak_list(plain.path("weak.dat"), b"\0" * 16)
    works(plain, path=other)


main(plain, strict)
