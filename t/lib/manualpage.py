# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""What doc/manual.md shows of the daemon's output, compared with the output:
names, numbers, addresses and algorithms differ, the words may not."""

import os
import re

from server import SOURCE
from tap import expect

CAUSE = r"(?:client|cpu|disk|network|rate|requests|window) \d+%"
SHAPES = (
    (r"'[^']*'", "'...'"),
    (r"\b\d+(?:\.\d+){3}(?::\d+)?", "ADDRESS"),
    (r"0x[0-9a-f]+", "HEX"),
    (r"\blimited by %s(?:, %s)*$" % (CAUSE, CAUSE), "limited by CAUSES"),
    (r"\bclient \S+", "client NAME"),
    (r"\bkex \S+, host key \S+", "kex NAME, host key NAME"),
    (r"\bciphers \S+ \S+, MACs \S+ \S+", "ciphers NAMES, MACs NAMES"),
    (r"^[^']*? \(ADDRESS\)$", "SERVER (ADDRESS)"),
    (r"^(  SFTP\w+) .+(  # line)", r"\1 VALUE\2"),
    (r"\bat \S+\+HEX", "at HEX"),
    (r"\b\d+\b", "N"))


def _shape(line):
    for pattern, words in SHAPES:
        line = re.sub(pattern, words, line)
    return line


def page():
    with open(os.path.join(SOURCE, "doc/manual.md")) as text:
        return text.read()


def example(begins):
    """The lines of the indented block that begins so."""
    blocks = [block for block in re.findall(r"(?m)(?:^    .*\n)+", page())
              if re.match(begins, block[4:])]
    expect(len(blocks) == 1, "%d examples of %s" % (len(blocks), begins))
    return [line[4:] for line in blocks[0].splitlines()]


def inline(begins):
    """The text between backquotes that begins so."""
    texts = [" ".join(text.split()) for text in
             re.findall(r"`([^`]+)`", page())]
    found = [text for text in texts if re.match(begins, text)]
    expect(len(found) == 1, "%r" % found)
    return found


def expect_shown(shown, lines):
    """Each line of the manual is one that the daemon says."""
    real = {_shape(line) for line in lines}
    for line in shown:
        expect(_shape(line) in real, "the manual shows %r, not one of %s" % (
            line, "\n".join(sorted(real))))
