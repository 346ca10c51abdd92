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
    """The keys of a .pub file, of known_hosts or of allowed_signers."""
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if not words or words[0].startswith(("#", "@")):
                    continue
                if "cert-authority" in words[:-2]:
                    raise Unusable("%s: certificates do not sign records"
                                   % path)
                for kind, key in zip(words, words[1:]):
                    if kind in KINDS:
                        found.append("%s %s" % (kind, key))
                        break
    except OSError as why:
        raise Unusable("%s: %s" % (path, why.strerror)) from why
    if not found:
        raise Unusable("%s: there is no key in it (Ed25519, ECDSA or RSA)"
                       % path)
    return found


class Signers:
    """The keys that may sign; checks one signature after the other."""

    def __init__(self, paths):
        self.folder = tempfile.TemporaryDirectory(prefix="sftp-record-")
        self.allowed = os.path.join(self.folder.name, "allowed")
        with open(self.allowed, "w", encoding="ascii") as out:
            for path in paths:
                for key in keys_of(path):
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
