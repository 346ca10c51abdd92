# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""What the configuration is made of."""

import re

from .sshd import printable


class Block:
    """Directives that belong together, below a comment on where they come
    from."""

    def __init__(self, comment, lines):
        self.comment = comment
        self.lines = tuple(lines)

    def __eq__(self, other):
        return other is not None and \
            (self.comment, self.lines) == (other.comment, other.lines)

    def reversed(self):
        return Block(self.comment, reversed(self.lines))

    def without_class(self):
        return Block(self.comment, [re.sub(r"^(\w+) class \S+", r"\1", line)
                                    for line in self.lines])



class Cell:
    """A class of addresses; has(patterns) says whether they match it."""

    def __init__(self, name, bits, sets, lines):
        self.name = name
        self.bits = dict(zip(sets, bits))
        self.lines = lines

    def has(self, names):
        return self.bits.get(names, False)



def note_text(line, text):
    return "%s: %s" % (printable(line.where), printable(text, 600)) \
        if line is not None else printable(text, 600)
