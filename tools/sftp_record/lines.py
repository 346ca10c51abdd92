# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The lines of a file of records."""

import gzip
import hashlib
import json
import zlib

from .keys import Unusable

# The server writes no longer ones.
LONGEST = 65536
NOTHING = "0" * 64


def hash_of(line):
    """The hash that the next line has to name."""
    return hashlib.sha256(line).hexdigest()


def once(pairs):
    """An object whose members have different names."""
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a member is there twice")
    return record


def integer(text):
    """The server writes nothing that needs more than 64 bits."""
    if len(text) > 20:
        raise ValueError("too long a number")
    return int(text)


def no_number(text):
    raise ValueError("%s is none" % text)


def record_of(line):
    """The object of a line; None: it is no record."""
    if not line.endswith(b"}\n") or len(line) > LONGEST:
        return None
    try:
        record = json.loads(line.decode("ascii"), object_pairs_hook=once,
                            parse_int=integer, parse_constant=no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(
            record.get("prev"), str) or not isinstance(
                record.get("what"), str) or type(record.get("n")) is not int:
        return None
    if record["n"] < 0:
        return None
    return record


def lines_of(path):
    """The lines with their line breaks; of very long ones, parts."""
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            while True:
                line = file.readline(16 * LONGEST)
                if not line:
                    return
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as why:
        raise Unusable("%s: %s" % (path, why)) from why
    except OSError as why:
        raise Unusable("%s: %s" % (path, why.strerror)) from why
