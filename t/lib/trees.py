# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Folders of files with names that break careless programs."""

import os
import random

from tap import Failed

# No newline here: OpenSSH's sftp cannot be told such a name.
ODD_NAMES = (
    "with space", " leading", "trailing ", "two  spaces", "-dash", "--long",
    "'single'", '"double"', "back\\slash", "semi;colon", "dollar$HOME",
    "back`tick`", "star*", "question?", "[bracket]", "{brace}", "tilde~",
    "~tilde", "hash#", "percent%s%n", "amp&", "pipe|", "less<more>", "(paren)",
    "comma,", "colon:", "equals=", "plus+", "at@host", "bang!", "caret^",
    "tab\there", "\u00fcml\u00e4ut", "\u65e5\u672c\u8a9e", "\U0001f40c",
    "e\u0301", "...", "..x", ".dot", "x" * 255,
    "raw\udcff\udcfe",          # bytes that are no UTF-8
)


def make_tree(top, names=ODD_NAMES, seed=1):
    """A few levels, all the names, empty and larger files."""
    rng = random.Random(seed)
    os.makedirs(top, exist_ok=True)
    for name in names:
        with open(os.path.join(top, name), "wb") as out:
            out.write(rng.randbytes(rng.choice((0, 1, 1000, 40000))))
    inner = os.path.join(top, "sub dir", "'deeper'", "deepest")
    os.makedirs(inner)
    os.makedirs(os.path.join(top, "empty"))
    for number in range(20):
        with open(os.path.join(inner, "f%d" % number), "wb") as out:
            out.write(rng.randbytes(number * 1000))


def contents(top):
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, top)] = None
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def same_tree(one, other):
    first, second = contents(one), contents(other)
    lost = sorted(set(first) - set(second))
    extra = sorted(set(second) - set(first))
    changed = sorted(name for name in first
                     if name in second and first[name] != second[name])
    if lost or extra or changed:
        raise Failed("missing %r, too many %r, changed %r"
                     % (lost, extra, changed))
