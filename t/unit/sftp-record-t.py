#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""What sftp-record makes of files that somebody has changed: it finds that,
and says so in words.  t/integration/record.t has the records of a server, and
signatures."""

import hashlib
import json
import os
import random
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path[:0] = [os.path.join(SOURCE, "t", "lib"),
                os.path.join(SOURCE, "tools")]
sys.dont_write_bytecode = True

from sftp_record.lines import record_of  # noqa: E402
from sftp_record.verify import Limits, verify  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

PLAIN = [
    {"what": "begin", "first": True, "why": "a start"},
    {"what": "login", "user": "alice", "port": 40000},
    {"what": "upload", "path": "/f", "bytes": 18446744073709551615},
    {"what": "clock", "seconds": -7200},
    {"what": "lost", "records": 3, "why": "No space left on device"},
    {"what": "foreign", "after": 2, "lines": 1},
    {"what": "missing", "after": 4},
    {"what": "torn", "bytes": 9},
    {"what": "logout", "unsent": 2},
]


def chain(records):
    """Their lines, each with the hash of the one before."""
    lines, before = [], "0" * 64
    for number, record in enumerate(records, 1):
        line = json.dumps(dict(
            {"prev": before, "n": number,
             "time": "2026-01-02T03:04:%02d.000Z" % number}, **record),
            separators=(",", ":")).encode() + b"\n"
        before = hashlib.sha256(line).hexdigest()
        lines.append(line)
    return lines


def problems(lines):
    """How many verify finds, and what it says."""
    said = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(lines))
        file.flush()
        return verify([file.name], None, Limits(100, 5), said.append), said


def with_member(text):
    return b'{"prev":"' + b"0" * 64 + b'","n":1,"what":"x","y":%s}\n' % text


@promise("a chain is whole, and one line less is not")
def _():
    lines = chain(PLAIN[:5] + PLAIN[8:])
    expect_same(problems(lines)[0], 0, "problems")
    for at in range(1, len(lines) - 1):
        expect(problems(lines[:at] + lines[at + 1:])[0] > 0, "line %d" % at)


@promise("numbers are those of the server: 64 bits, and no record has one "
         "below 0")
def _():
    for text in (b"0", b"18446744073709551615", b"-9223372036854775808",
                 b"1.5", b'["%s"]' % (b"9" * 99)):
        expect(record_of(with_member(text)), text)
    for text in (b"9" * 21, b"9" * 4300, b"9" * 5000, b"[[%s]]" % (b"9" * 4300),
                 b"NaN", b"-Infinity", b"1,\"y\":2"):
        expect(record_of(with_member(text)) is None, text[:40])
    for number in (b"-1", b"true", b"1.0", b'"1"', b"null", b"9" * 4300):
        expect(record_of(with_member(b"1").replace(
            b'"n":1', b'"n":' + number)) is None, number[:40])


@promise("what is nested too deeply for one Python, and not for the next, ends "
         "neither")
def _():
    for deep in (5000, 20000, 32000):
        line = with_member(b"[" * deep + b"]" * deep)
        record = record_of(line)
        expect(record is None or record["n"] == 1, "%d: record" % deep)
        expect(problems([line])[0] > 0, "%d: problems" % deep)


def changed(lines, chance):
    """One of the lines, damaged somehow."""
    at = chance.randrange(len(lines))
    line = bytearray(lines[at])
    place = chance.randrange(len(line))
    how = chance.randrange(6)
    if how == 0:
        line[place] ^= 1 << chance.randrange(8)
    elif how == 1:
        del line[place:place + chance.randrange(1, 40)]
    elif how == 2:
        line[place:place] = bytes(chance.randrange(256)
                                  for _ in range(chance.randrange(1, 9)))
    elif how == 3:
        line[place:place] = b"9" * chance.choice((1, 20, 4300, 5000))
    elif how == 4:
        line[place:place] = chance.choice((b"[", b"{\"", b"-", b"e9", b"\\u")) \
            * chance.choice((1, 3000))
    else:
        line[place:place + 1] = chance.choice(
            (b"\0", b"\n", b"\r", b"\xff", b"null", b"true"))
    return lines[:at] + [bytes(line)] + lines[at + 1:]


@promise("damage by chance is found, and told in words")
def _():
    chance = random.Random(1)
    good = chain([one for one in PLAIN
                  if one["what"] not in ("missing", "foreign")])
    expect_same(problems(good)[0], 0, "problems")
    for number in range(4000):
        whole = good if number % 2 else chain(PLAIN)
        lines = changed(whole, chance)
        found, said = problems(lines)
        expect(all(isinstance(one, str) for one in said), said)
        # Nothing follows the last line, and no signature covers it here.
        if whole is good and lines[:-1] != good[:-1]:
            expect(found > 0, "number %d: %r" % (number, lines))


main()
