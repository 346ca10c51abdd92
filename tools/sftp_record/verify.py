# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""sftp-record verify: whether a chain of records is whole."""

from .lines import NOTHING, hash_of, lines_of, record_of


def plural(n, word):
    return "%d %s%s" % (n, word, "" if n == 1 else "s")


def number_in(record, name):
    """A number; 0 if it is none."""
    value = record.get(name)
    return value if type(value) is int else 0


class Chain:
    """Reads the files in their order.  What is wrong is told as a problem;
    what is not, but should be known, as a note."""

    def __init__(self, signers, tell):
        self.signers = signers          # None: signatures are not checked
        self.tell = tell
        self.problems = 0
        self.where = ""
        self.last = None                # hash of the line before
        self.number = None              # of the record before
        self.broken = None              # (where, line): no record so far
        self.records = 0
        self.signatures = 0
        self.unsigned = 0               # since the last good signature
        self.limit = None               # so many are signed at the latest
        self.told_limit = False
        self.signed_time = None

    def problem(self, text, where=None):
        self.problems += 1
        self.tell("%s: %s" % (where or self.where, text))

    def note(self, text):
        self.tell("%s: note: %s" % (self.where, text))

    # ---- Lines

    def read(self, path):
        first = True
        for number, line in enumerate(lines_of(path), 1):
            self.where = "%s:%d" % (path, number)
            self.one(line, first)
            first = False
        if first:
            self.where = path
            self.note("the file is empty")

    def one(self, line, first):
        record = record_of(line)
        if self.broken is not None:
            self.after_broken(record)
        if record is None:
            self.broken = (self.where, line)
        else:
            self.follows(record, first)
            self.counts(record)
            self.means(record)
        self.last = hash_of(line)

    def after_broken(self, record):
        """A line that is no record is explained by the next one."""
        where, line = self.broken
        self.broken = None
        if (record is not None and record["what"] == "torn"
                and record.get("bytes") == len(line) - 1):
            self.tell("%s: note: the line is torn: its writer was ended"
                      % where)
        else:
            self.problem("this is no record: the line was changed or added",
                         where)

    def follows(self, record, first):
        """The hash of the line before."""
        prev = record["prev"]
        if first and (record["what"] != "begin" or not record.get("first")):
            self.problem("the beginning of the file is missing")
        if self.last is None:
            if prev != NOTHING:
                self.note("this continues a file that was not given")
            else:
                self.note("a chain begins here: what was before it cannot be "
                          "known")
        elif prev == self.last:
            pass
        elif prev == NOTHING and record["what"] == "begin":
            self.problem("the file was begun anew: what was before it is "
                         "missing, or this chain is another one")
        elif first:
            self.problem("the file does not continue the one before: lines "
                         "are missing at the end of that or at the beginning "
                         "of this")
        else:
            self.problem("this does not follow the line before: one of them "
                         "was changed, or lines between them were removed, "
                         "added or moved")

    def counts(self, record):
        number = record["n"]
        if self.number is not None and record["what"] != "missing":
            gap = number - self.number - 1
            if gap > 0:
                self.problem("%s missing before this one"
                             % (plural(gap, "record") +
                                (" is" if gap == 1 else " are")))
            elif gap < 0:
                self.problem("the number %d is not above that of the record "
                             "before, %d" % (number, self.number))
        self.number = number
        self.records += 1

    # ---- What some records mean

    def means(self, record):
        if record["what"] == "signature":
            self.signature(record)
            return
        self.unsigned += 1
        if (self.limit is not None and self.unsigned > self.limit
                and not self.told_limit):
            self.told_limit = True
            self.problem("a signature is missing: the server signs after %s "
                         "at the latest" % plural(self.limit, "record"))
        if number_in(record, "unsent") > 0:
            self.note("%s of this session did not reach the recorder"
                      % plural(record["unsent"], "record"))
        if record["what"] == "begin" and type(record.get("records")) is int:
            self.limit = record["records"]
        elif record["what"] == "missing":
            self.problem("the server has found the file without its last "
                         "records: its own last one was number %r"
                         % record.get("after"))
        elif record["what"] == "lost":
            self.note("%s could not be written here: %a"
                      % (plural(number_in(record, "records"), "record"),
                         record.get("why")))
        elif record["what"] == "clock":
            self.note("the clock was set by %a seconds"
                      % record.get("seconds"))

    def signature(self, record):
        if self.signers is None:
            good = True
        else:
            text = record.get("signature")
            good = isinstance(text, str) and self.signers.accept(
                record["prev"].encode("ascii", "replace") + b"\n", text)
        if not good:
            self.problem("the signature is not that of one of the keys")
            return
        self.signatures += 1
        self.unsigned = 0
        self.told_limit = False
        self.signed_time = record.get("time")

    def end(self):
        if self.broken is not None:
            where, line = self.broken
            self.broken = None
            if line.endswith(b"\n"):
                self.problem("this is no record: the line was changed or "
                             "added", where)
            else:
                self.tell("%s: note: the line is torn: its writer was ended, "
                          "or is at work" % where)
        if self.signers is not None and self.signatures == 0:
            self.problem("there is no good signature: nothing shows who has "
                         "written this")


def verify(paths, signers, say):
    """The number of problems; say gets each line of text."""
    chain = Chain(signers, say)
    for path in paths:
        chain.read(path)
    chain.end()
    say("%s, %s%s" % (plural(chain.records, "record"),
                      plural(chain.signatures, "signature"),
                      "" if signers is not None else " (not checked)"))
    if chain.signatures > 0:
        say("last signature: %a; %s after it: these could be changed, and "
            "others removed there, without a trace"
            % (chain.signed_time, plural(chain.unsigned, "record")))
    say("whole" if chain.problems == 0 else plural(chain.problems, "problem"))
    return chain.problems
