# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The parser of sshd_config: lines, Include and Match.

A value in a Match that applies goes before one outside of any, wherever they
stand; among those the first one counts, as for sshd.
"""

import glob
import os
import re
import stat

MAX_BYTES = 1 << 20
MAX_FILES = 1000
MAX_LINES = 100000
MAX_DEPTH = 16
MAX_MATCHES = 500
MAX_WORD = 4096
MAX_WORDS = 10000

CRITERIA = ("user", "group", "host", "address", "localaddress", "localport",
            "rdomain", "invalid-user", "all")


class ConfigError(Exception):
    """What is wrong, with the place of it."""

    def __init__(self, where, reason):
        super().__init__("%s: %s" % (where, reason) if where else reason)


def printable(text, most=200):
    """A text from a file, for a message or a comment of one line."""
    text = "".join(c if c.isprintable() and not 0xd800 <= ord(c) < 0xe000
                   else "?" for c in text)
    text = text if len(text) <= most else text[:most] + "..."
    return text.rstrip("\\ ")


class Line:
    """A keyword with its arguments; match: the Match it is in, or None."""

    def __init__(self, path, number, name, args, match=None):
        self.path = path
        self.number = number
        self.name = name
        self.key = name.lower()
        self.args = args
        self.match = match

    @property
    def where(self):
        return "%s:%d" % (self.path, self.number)

    @property
    def short(self):
        return "%s:%d" % (os.path.basename(self.path), self.number)

    @property
    def text(self):
        return printable(" ".join([self.name] + self.args))

    def fail(self, reason):
        raise ConfigError(printable(self.where), "%s: %s"
                          % (printable(self.name, 60), reason))


class Match:
    """A block: all of its criteria must fit.  Those of the Match around the
    Include that it came from are among them."""

    def __init__(self, line, criteria, index):
        self.line = line
        self.criteria = criteria
        self.index = index
        self.lines = []

    def of(self, *kinds):
        return [args for kind, args in self.criteria if kind in kinds]


class Config:
    def __init__(self):
        self.lines = []         # outside of any Match
        self.matches = []

    def every(self):
        """All lines, in the order of the files."""
        found = list(self.lines)
        for match in self.matches:
            found += match.lines
        return found

    def has(self, key):
        return any(line.key == key for line in self.every())


def split(text):
    """The words of a line; ValueError for quotes that do not end."""
    words, at, size = [], 0, len(text)
    while at < size:
        if text[at] in " \t\r\f":
            at += 1
            continue
        if text[at] == "#":
            break
        word, quote = [], None
        while at < size and (quote or text[at] not in " \t\r\f"):
            c = text[at]
            if c == "\\" and at + 1 < size and text[at + 1] in "\"'\\":
                word.append(text[at + 1])
                at += 1
            elif quote is None and c in "\"'":
                quote = c
            elif c == quote:
                quote = None
            else:
                word.append(c)
            at += 1
        if quote:
            raise ValueError("a quote without its end")
        words.append("".join(word))
    return words


def words_of(text):
    """[keyword, argument ...]: `=' may stand after the keyword."""
    text = text.strip(" \t\r\f")
    if not text or text[0] == "#":
        return []
    quoted = re.match(r'"([^"]*)"', text)
    if quoted:
        name, rest = quoted[1], text[quoted.end():]
    else:
        name = re.match(r"[^ \t\r\f=\"]*", text)[0]
        rest = text[len(name):]
    rest = rest.lstrip(" \t\r\f")
    if rest.startswith("="):
        rest = rest[1:]
    return [name] + split(rest)


class Parser:
    def __init__(self, base="/etc/ssh"):
        self.base = base
        self.config = Config()
        self.files = 0
        self.count = 0

    def parse(self, path):
        self._file(path, None, [], None)
        return self.config

    def _read(self, path, line):
        """Only files: nothing waits for a FIFO, and no device is read."""
        where = printable(line.where) if line else ""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise ConfigError(where, "%s is not a file"
                                      % printable(path))
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as why:
            raise ConfigError(where, "cannot read %s: %s" % (
                printable(path), getattr(why, "strerror", None) or why))
        if len(data) > MAX_BYTES:
            raise ConfigError(where, "%s has more than %d bytes"
                              % (printable(path), MAX_BYTES))
        return data

    def _file(self, path, match, above, line):
        real = os.path.realpath(path)
        if real in above:
            line.fail("%s includes itself" % printable(path))
        if len(above) >= MAX_DEPTH:
            line.fail("more than %d files include each other" % MAX_DEPTH)
        self.files += 1
        if self.files > MAX_FILES:
            line.fail("more than %d files" % MAX_FILES)
        data = self._read(path, line)
        outer, above = match, above + [real]
        for number, raw in enumerate(data.split(b"\n"), 1):
            match = self._line(path, number, raw, match, outer, above)

    def _line(self, path, number, raw, match, outer, above):
        """Returns the Match that the next line is in."""
        where = "%s:%d" % (printable(path), number)
        if b"\0" in raw:
            raise ConfigError(where, "a NUL byte")
        try:
            # Comments may be in any encoding.
            words = words_of(raw.decode("utf-8", "surrogateescape"))
        except ValueError as why:
            raise ConfigError(where, str(why))
        if not words:
            return match
        if re.search("[\udc80-\udcff]", "".join(words)):
            raise ConfigError(where, "not UTF-8")
        self.count += 1
        line = Line(path, number, words[0], words[1:], match)
        if self.count > MAX_LINES:
            line.fail("more than %d lines" % MAX_LINES)
        if not line.name:
            line.fail("no keyword")
        if len(words) > MAX_WORDS:
            line.fail("more than %d words" % MAX_WORDS)
        for word in line.args:
            # A Match may name many users.
            parts = word.split(",") if line.key == "match" else [word]
            if len(parts) > MAX_WORDS:
                line.fail("more than %d names" % MAX_WORDS)
            if max(map(len, parts)) > MAX_WORD:
                line.fail("a word has more than %d characters" % MAX_WORD)
            if not word.isprintable():
                line.fail("a control character")
        if not line.args or line.args == [""]:
            line.fail("needs a value")
        if line.key == "match":
            return self._match(line, outer)
        if line.key == "include":
            self._include(line, match, above)
            return match
        (match.lines if match else self.config.lines).append(line)
        return match

    def _include(self, line, match, above):
        for pattern in line.args:
            if not pattern:
                line.fail("an empty name")
            if pattern[0] == "~":
                line.fail("~ is not possible here")
            path = os.path.join(self.base, pattern)
            if not any(c in pattern for c in "*?["):
                if not os.path.lexists(path):
                    line.fail("there is no file %s" % printable(path))
                self._file(path, match, above, line)
                continue
            for found in sorted(glob.glob(path)):
                # sshd reads nothing from a directory.
                if not os.path.isdir(found):
                    self._file(found, match, above, line)

    def _match(self, line, outer):
        args, criteria = list(line.args), []
        while args:
            kind, equals, value = args.pop(0).partition("=")
            kind = kind.lower()
            # `=' may stand apart, as everywhere.
            if args and not equals and args[0].startswith("="):
                equals, value = "=", args.pop(0)[1:]
            if kind not in CRITERIA:
                line.fail("unknown criterion '%s'" % printable(kind, 60))
            if kind in ("all", "invalid-user"):
                if equals:
                    line.fail("'%s' takes no value" % kind)
                criteria.append((kind, ()))
                continue
            if not value:
                value = args.pop(0) if args else ""
            if not value:
                line.fail("'%s' needs a value" % kind)
            criteria.append((kind, tuple(value.split(","))))
        if any(kind == "all" for kind, _ in criteria) and len(criteria) > 1:
            line.fail("'all' cannot be combined with other criteria")
        if len(self.config.matches) >= MAX_MATCHES:
            line.fail("more than %d blocks" % MAX_MATCHES)
        if outer is not None:
            criteria = outer.criteria + criteria
        match = Match(line, criteria, len(self.config.matches))
        self.config.matches.append(match)
        return match
