# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Signatures of records, which ssh-keygen checks."""

import os
import subprocess
import tempfile

from .keys import Unusable, keys_of

SPACE = "sftp-record"
SIGNER = "sftp-record"


class Signers:
    """The keys that may sign; checks one signature after the other."""

    def __init__(self, paths):
        self.folder = tempfile.TemporaryDirectory(prefix="sftp-record-")
        self.allowed = os.path.join(self.folder.name, "allowed")
        found, revoked = [], []
        for path in paths:
            for all_of, some in zip((found, revoked), keys_of(path)):
                all_of += some
        found = [one for one in found if one.key not in revoked]
        if not found:
            raise Unusable("%s: all keys are revoked" % ", ".join(paths))
        self.dated = any("valid-" in one.options.lower() for one in found)
        with open(self.allowed, "w", encoding="ascii",
                  errors="backslashreplace") as out:
            for one in found:
                out.write("%s %s %s\n" % (
                    SIGNER, one.options or "namespaces=\"%s\"" % SPACE,
                    one.key))

    def accept(self, message, signature, when):
        """Whether one of the keys has signed these bytes; it must have been
        valid then.  when: UTC; None: now."""
        path = os.path.join(self.folder.name, "signature")
        with open(path, "w", encoding="utf-8", errors="replace") as out:
            out.write(signature)
        try:
            done = subprocess.run(
                ["ssh-keygen", "-Y", "verify", "-f", self.allowed, "-I",
                 SIGNER, "-n", SPACE, "-s", path]
                + (["-Overify-time=" + when.strftime("%Y%m%d%H%M%SZ")]
                   if when and self.dated else []), input=message,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                check=False)
        except OSError as why:
            raise Unusable("ssh-keygen: %s" % why.strerror) from why
        return done.returncode == 0
