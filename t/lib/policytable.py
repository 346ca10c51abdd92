# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The tables of t/policy: what they say, and the page about them.

A file of rows is one daemon.  Its lines:

  # ...                  a comment
  %modules NAME ...      modules of the daemon
  %server DIRECTIVE      a line for the whole daemon
  [name]                 a configuration; [stem-{a;b}] stands for two, and $1
                         is a or b in their lines; \\n is a line feed
  %user NAME             who logs in there (alice)
  %fresh                 each row gets logins of its own
  %quota BYTES FILES     the user's limits in mod_quotatab, for the files that
                         are there (the tables are @DIR@/limit.NAME and tally)
  + PATH MODE [TEXT]     one more file of the home; \\n in TEXT is a line feed,
                         and %N stands for N bytes
  + PATH/ MODE           a directory
  ok|no|gone|? OP ARG... a row: what FTP says to it, and what is done;
                         ? is for configurations that stand for several
  anything else          a line of the configuration

Operations around another one: "during FILE OP ..." while FILE is put there,
"beside USER@ADDRESS OP ..." by another login while the first one stands,
"repeat SECONDS OP ..." until the server ends the session, "new-home OP ..."
by a login that finds no home, "atleast SECONDS OP ...", which says "no" if it
took less.  What waits for the server to end a session, at
most that long, says "no" if it did: "idle SECONDS", "knock SECONDS" without a
login, "stall FILE SECONDS" in an upload.

A row may end in differences that are meant:

  ok put x ~ scp:tree=REASON sftp3,sftp6:verdict=REASON

REASON is a word of t/policy/reasons.  t/policy/everywhere has differences of
an operation in all configurations: "OP ~ ...", or "OP VERDICT ~ ..." for those
that FTP answers so.
"""

import glob
import itertools
import os
import re

HERE = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "policy")
DOORS = ("sftp3", "sftp6", "scp", "exec")
ASPECTS = ("verdict", "answer", "tree", "transfers", "commands")


class Row:
    def __init__(self, verdict, words, meant, where):
        self.verdict, self.op, self.args = verdict, words[0], words[1:]
        self.meant, self.where = meant, where

    def __str__(self):
        return " ".join([self.op] + self.args)


class Configuration:
    def __init__(self, name):
        self.name, self.lines, self.rows = name, [], []
        self.files, self.user, self.fresh = [], "alice", False
        self.quota = None
        self.shared = False     # one of several that share their rows

    def directives(self):
        return "\n".join(self.lines) + "\n"


class Table:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)[:-len(".rows")]
        self.modules, self.server, self.configurations = [], [], []


def _meant(text, where):
    """{(door, aspect): reason}"""
    found = {}
    for part in text.split():
        match = re.fullmatch(r"([a-z0-9,]+):([a-z,]+)=([a-z0-9-]+)", part)
        if match is None:
            raise ValueError("%s: %r is no difference" % (where, part))
        doors, aspects, reason = match.groups()
        for door, aspect in itertools.product(doors.split(","),
                                              aspects.split(",")):
            if door not in DOORS or aspect not in ASPECTS:
                raise ValueError("%s: %r" % (where, part))
            found[door, aspect] = reason
    return found


def everywhere():
    """[(operation, verdict or None, {(door, aspect): reason})]"""
    found = []
    with open(os.path.join(HERE, "everywhere")) as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                text, _, meant = line.partition(" ~ ")
                words = text.split() + [None]
                found.append((words[0], words[1], _meant(
                    meant, "everywhere:%d" % number)))
    return found


def _row(line, where):
    text, _, meant = line.partition(" ~ ")
    words = text.split()
    return Row(words[0], words[1:], _meant(meant, where), where)


def _expand(name):
    """[(name, what $1 is)]"""
    match = re.fullmatch(r"(.*)\{(.*)\}(.*)", name)
    if match is None:
        return [(name, None)]
    before, words, after = match.groups()
    return [("%s%d-%s%s" % (before, number, re.sub(
                r"\W+", "-", word.replace("\\n", " ")).strip("-"), after),
             word.replace("\\n", "\n"))
            for number, word in enumerate(words.split(";"), 1)]


def _read_line(table, current, line, where):
    """Into each of the current configurations."""
    for one, word in current:
        text = line if word is None else line.replace("$1", word)
        kind = text.split()[0]
        if kind in ("ok", "no", "gone", "?"):
            one.rows.append(_row(text, where))
        elif kind == "%user":
            one.user = text.split()[1]
        elif kind == "%fresh":
            one.fresh = True
        elif kind == "%quota":
            one.quota = tuple(map(int, text.split()[1:]))
            one.lines += ["QuotaEngine on",
                          "QuotaLimitTable file:@DIR@/limit." + one.name,
                          "QuotaTallyTable file:@DIR@/tally." + one.name]
        elif kind == "+":
            words = text.split(None, 3)
            one.files.append((words[1], int(words[2], 8),
                              words[3] if len(words) > 3 else ""))
        else:
            one.lines.append(text)


def read_table(path):
    table, current = Table(path), []
    with open(path) as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            where = "%s:%d" % (os.path.basename(path), number)
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("%modules "):
                table.modules += line.split()[1:]
            elif line.startswith("%server "):
                table.server.append(line[len("%server "):].replace("\\n",
                                                                   "\n"))
            elif line.startswith("["):
                current = [(Configuration(name), word)
                           for name, word in _expand(line.strip()[1:-1])]
                for one, word in current:
                    one.shared = word is not None
                    table.configurations.append(one)
            else:
                _read_line(table, current, line, where)
    return table


def read_all(names=()):
    """Those of these names, or all."""
    return [table for table in map(read_table, sorted(glob.glob(
        os.path.join(HERE, "*.rows")))) if not names or table.name in names]


def reasons():
    """{word: text}"""
    found = {}
    with open(os.path.join(HERE, "reasons")) as file:
        for line in file.read().splitlines():
            if line.strip() and not line.startswith("#"):
                word, _, text = line.partition(": ")
                found[word] = text
    return found


# ---- The page

def page_rows(tables):
    """(configuration, operations, doors, aspects, reason): what is meant to
    differ.  Configurations that share their rows are one, and so are operations
    that differ in the same way."""
    found = {}
    for op, verdict, meant in everywhere():
        for key in _by_reason(meant):
            found.setdefault(("all", key), []).append(
                op + (": " + verdict if verdict else ""))
    seen = set()
    for table in tables:
        for one in table.configurations:
            for row in one.rows:
                for key in _by_reason(row.meant):
                    if (row.where, key) not in seen:
                        seen.add((row.where, key))
                        found.setdefault((one.name, key), []).append(str(row))
    return [(name, rows) + key for (name, key), rows in found.items()]


def _by_reason(meant):
    """[(doors, aspects, reason)]"""
    found = {}
    for (door, aspect), reason in meant.items():
        doors, aspects = found.setdefault(reason, (set(), set()))
        doors.add(door)
        aspects.add(aspect)
    return [(tuple(door for door in DOORS if door in doors),
             tuple(aspect for aspect in ASPECTS if aspect in aspects), reason)
            for reason, (doors, aspects) in found.items()]


def page_table(tables):
    """The table of doc/policy.md."""
    why = reasons()
    lines = ["| Configuration | Operations | Differs by | In | Why |",
             "| --- | --- | --- | --- | --- |"]
    for name, rows, doors, aspects, reason in page_rows(tables):
        lines.append("| `%s` | %s | %s | %s | %s |" % (
            name, ", ".join("`%s`" % row.replace("|", "\\|") for row in rows),
            ", ".join(doors), ", ".join(aspects), why[reason]))
    return "\n".join(lines) + "\n"
