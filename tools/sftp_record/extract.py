# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""sftp-record extract: a signature, as ssh-keygen wants it."""

from .lines import hash_of, lines_of, record_of
from .keys import Unusable
from .signatures import SIGNER, SPACE


def find(path, wanted):
    """The record of that line, or of the last signature if wanted is None; its
    number, and the hash of the line before it."""
    found, at, signed, before = None, 0, None, None
    for number, line in enumerate(lines_of(path), 1):
        hash_before, before = before, hash_of(line)
        if wanted is not None and number != wanted:
            continue
        record = record_of(line)
        if record is not None and record["what"] == "signature" and isinstance(
                record.get("signature"), str):
            found, at, signed = record, number, hash_before
        if number == wanted:
            break
    if found is None:
        raise Unusable("%s: there is no signature%s" % (
            path, " in line %d" % wanted if wanted is not None else ""))
    if signed is None:
        raise Unusable("%s: the line that it signs is not in this file" % path)
    return found, at, signed


def extract(path, wanted, prefix, say):
    """Writes PREFIX.msg and PREFIX.sig."""
    record, number, signed = find(path, wanted)
    try:
        with open(prefix + ".msg", "w", encoding="ascii",
                  errors="replace") as out:
            out.write(signed + "\n")
        with open(prefix + ".sig", "w", encoding="ascii",
                  errors="replace") as out:
            out.write(record["signature"])
    except OSError as why:
        raise Unusable("%s: %s" % (why.filename, why.strerror)) from why
    say("line %d of %s signs the hash of line %d, and by its prev all lines "
        "before" % (number, path, number - 1))
    say("sed -n %dp %s | sha256sum; cat %s.msg" % (number - 1, path, prefix))
    say("ssh-keygen -Y verify -f allowed_signers -I %s -n %s -s %s.sig <%s.msg"
        % (SIGNER, SPACE, prefix, prefix))
