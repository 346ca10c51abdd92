# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""sftp-record verify: whether a chain of records is whole."""

import collections
import datetime

from .lines import NOTHING, hash_of, lines_of, record_of

# What a line with a signature has.  The next line covers it, nothing else.
SIGNATURE = {"prev", "n", "time", "what", "key", "signature"}
# What the recorder writes on its own, without regard to its limits.
OWN = ("begin", "torn", "foreign", "missing", "changed", "lost", "clock")

# The administrator's own; None: any number.
Limits = collections.namedtuple("Limits", "records minutes")


def plural(n, word):
    return "%d %s%s" % (n, word, "" if n == 1 else "s")


def time_of(record):
    """When it was written; None: its time is none."""
    try:
        return datetime.datetime.strptime(record["time"],
                                          "%Y-%m-%dT%H:%M:%S.%fZ")
    except (KeyError, TypeError, ValueError):
        return None


class Run:
    """Records that follow each other, without a signature between them."""

    def __init__(self):
        self.first = self.last = None   # their numbers
        self.count = 0                  # without the recorder's own
        self.time = None                # of the first

    def add(self, record):
        if self.first is None:
            self.first = record["n"]
            self.time = time_of(record)
        self.last = record["n"]
        self.count += record["what"] not in OWN


def number_in(record, name):
    """A number; 0 if it is none."""
    value = record.get(name)
    return value if type(value) is int else 0


class Chain:
    """Reads the files in their order.  What is wrong is told as a problem;
    what is not, but should be known, as a note."""

    def __init__(self, signers, limits, tell):
        self.signers = signers          # None: signatures are not checked
        self.limits = limits
        self.tell = tell
        self.problems = 0
        self.where = ""
        self.last = None                # hash of the line before
        self.number = None              # of the record before
        self.broken = None              # (where, line): no record so far
        self.records = 0
        self.signatures = 0
        self.unsigned = 0               # since the last good signature
        self.run = Run()                # since that, or the last start
        self.unknown = []               # runs that end with a start
        self.nunknown = 0               # so many records are in them
        self.longest = 0                # run before a signature
        self.told_limit = False
        self.time = None                # of the record before
        self.signed_time = None         # of the last that is signed

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
                self.note("this continues a file that was not given: %s "
                          "before" % (plural(max(record["n"] - 1, 0),
                                             "record") +
                                      (" was" if record["n"] == 2
                                       else " were")))
            else:
                self.note("a chain begins here: what was before it cannot be "
                          "known")
        elif prev == self.last:
            pass
        elif (first and prev == NOTHING and record["what"] == "begin"
              and self.unsigned == 0):
            self.number = None
            self.goes_on(record)
            self.note("a daemon has begun this file without knowing the one "
                      "before, which ends with a signature: whether more was "
                      "behind it cannot be known")
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

    def goes_on(self, record):
        """A chain of its own: nothing but the time shows its place."""
        begin, end = time_of(record), time_of({"time": self.time})
        if begin and end and begin < end:
            self.problem("the file was begun before the last record of the "
                         "one before it: the order is another one, or an old "
                         "file was put there")

    def counts(self, record):
        number = record["n"]
        if self.number is not None and record["what"] not in ("missing",
                                                              "changed"):
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
        else:
            if record["what"] == "begin":
                self.start()
            elif record["what"] == "foreign" or (
                    record["what"] == "torn" and "lines" in record):
                self.foreign(record)
            self.unsigned += 1
            self.run.add(record)
            self.too_many()
            self.notes(record)
        self.time = record.get("time")

    def notes(self, record):
        if number_in(record, "unsent") > 0:
            self.note("%s of this session did not reach the recorder"
                      % plural(record["unsent"], "record"))
        if record["what"] in ("missing", "changed"):
            self.problem("the server has found the file %s: its own last one "
                         "was number %r" % (
                             "without its last records"
                             if record["what"] == "missing" else
                             "with other records", record.get("after")))
        elif record["what"] == "lost":
            number = number_in(record, "records")
            self.note("%s could not be written here: %a"
                      % (plural(number, "record") if number > 0 else
                         "the records of a session", record.get("why")))
        elif record["what"] == "clock":
            self.run.time = None
            self.note("the clock was set by %a seconds"
                      % record.get("seconds"))

    def too_many(self):
        limit = self.limits.records
        if (limit is not None and self.run.count > limit
                and not self.told_limit):
            self.told_limit = True
            self.problem("more than %s without a signature"
                         % plural(limit, "record"))

    def start(self):
        """A daemon knows nothing about what was there when it started."""
        if self.run.first is not None:
            self.note("a daemon has started behind %s that no signature "
                      "covers: of a daemon that was killed, or of somebody "
                      "else" % plural(self.unsigned, "record"))
            self.unknown.append(self.run)
            self.nunknown += self.unsigned
        self.unsigned = 0
        self.run = Run()

    def foreign(self, record):
        """The recorder has found lines that it did not write.  Another one
        would have signed them."""
        after, nobodys = record.get("after"), []
        if type(after) is int:
            nobodys = [run for run in self.unknown + [self.run]
                       if run.first is not None and run.last > after]
        if type(after) is not int or nobodys:
            self.problem("somebody else has written lines up to here that no "
                         "signature covers%s" % "".join(
                             ", from number %d to %d" % (
                                 max(run.first, after + 1), run.last)
                             for run in nobodys))
        else:
            self.note("another recorder has written %s here and signed them"
                      % plural(number_in(record, "lines"), "line"))

    def signature(self, record):
        if self.signers is None:
            good = True
        else:
            text = record.get("signature")
            good = isinstance(text, str) and self.signers.accept(
                record["prev"].encode("ascii", "replace") + b"\n", text,
                time_of({"time": self.time}))
        if not good:
            self.unsigned += 1
            self.run.add(record)
            self.problem("the signature is not that of one of the keys%s" % (
                ", as they were valid then" if self.signers.dated else ""))
            return
        if set(record) != SIGNATURE:
            self.problem("the line of the signature was changed: its members "
                         "are others")
        self.too_late()
        self.signatures += 1
        self.longest = max(self.longest, self.unsigned)
        self.unsigned = 0
        self.run = Run()
        self.told_limit = False
        self.signed_time = self.time

    def too_late(self):
        """The record before is the last whose time the signature covers."""
        begin = self.run.time
        end = time_of({"time": self.time})
        if self.limits.minutes is not None and begin and end and (
                end - begin).total_seconds() > 60 * self.limits.minutes:
            self.problem("more than %s between a record and the signature"
                         % plural(self.limits.minutes, "minute"))

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


def verify(paths, signers, limits, say):
    """The number of problems; say gets each line of text."""
    chain = Chain(signers, limits, say)
    for path in paths:
        chain.read(path)
    chain.end()
    say("%s, %s%s" % (plural(chain.records, "record"),
                      plural(chain.signatures, "signature"),
                      "" if signers is not None else " (not checked)"))
    if chain.signatures > 0:
        say("at most %s between signatures; the last one covers what was "
            "written up to %a" % (plural(chain.longest, "record"),
                                  chain.signed_time))
        say("%s after it: these could be changed, and others removed there, "
            "without a trace" % plural(chain.unsigned, "record"))
        if chain.unsigned == 0:
            say("of its own line, only the key and the signature are sure")
    if chain.nunknown > 0:
        say("%s before the start of a daemon without a signature of their own"
            % plural(chain.nunknown, "record"))
    say("whole" if chain.problems == 0 else plural(chain.problems, "problem"))
    return chain.problems
