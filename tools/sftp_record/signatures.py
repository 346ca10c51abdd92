# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Signatures of records, which ssh-keygen checks."""

import os
import subprocess
import tempfile

SPACE = "sftp-record"
SIGNER = "sftp-record"
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
         "ecdsa-sha2-nistp521", "ssh-rsa")


class Unusable(Exception):
    """What was asked for cannot be done; the text says why."""


def keys_of(path):
    """The keys of a .pub file, of known_hosts or of allowed_signers, and those
    that known_hosts revokes."""
    found, revoked = [], []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if not words or words[0].startswith("#"):
                    continue
                into = found
                if words[0].startswith("@"):
                    if words[0] != "@revoked":
                        continue
                    into = revoked
                if "cert-authority" in words[:-2]:
                    raise Unusable("%s: certificates do not sign records"
                                   % path)
                for kind, key in zip(words, words[1:]):
                    if kind in KINDS:
                        into.append("%s %s" % (kind, key))
                        break
    except OSError as why:
        raise Unusable("%s: %s" % (path, why.strerror)) from why
    if not found and not revoked:
        raise Unusable("%s: there is no key in it (Ed25519, ECDSA or RSA)"
                       % path)
    return found, revoked


class Signers:
    """The keys that may sign; checks one signature after the other."""

    def __init__(self, paths):
        self.folder = tempfile.TemporaryDirectory(prefix="sftp-record-")
        self.allowed = os.path.join(self.folder.name, "allowed")
        found, revoked = [], []
        for path in paths:
            for all_of, some in zip((found, revoked), keys_of(path)):
                all_of += some
        found = [key for key in found if key not in revoked]
        if not found:
            raise Unusable("%s: all keys are revoked" % ", ".join(paths))
        with open(self.allowed, "w", encoding="ascii",
                  errors="backslashreplace") as out:
            for key in found:
                out.write("%s namespaces=\"%s\" %s\n"
                          % (SIGNER, SPACE, key))

    def accept(self, message, signature):
        """Whether one of the keys has signed these bytes."""
        path = os.path.join(self.folder.name, "signature")
        with open(path, "w", encoding="utf-8", errors="replace") as out:
            out.write(signature)
        try:
            done = subprocess.run(
                ["ssh-keygen", "-Y", "verify", "-f", self.allowed, "-I",
                 SIGNER, "-n", SPACE, "-s", path], input=message,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                check=False)
        except OSError as why:
            raise Unusable("ssh-keygen: %s" % why.strerror) from why
        return done.returncode == 0
