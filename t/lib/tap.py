# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""TAP for the integration tests.

A test file registers functions under the promise they check:

    @promise("an uploaded file comes back byte for byte")
    def _():
        expect(got == sent, "the file came back changed")

    main(server)

Each promise is one TAP line: it fails when its function raises, whatever the
exception, and passes otherwise.  Servers given to main() are started before
the first promise and stopped after the last; what they logged is shown when
a promise fails, and a last promise says that they never crashed.
"""

import mmap
import os
import re
import signal
import sys
import time
import traceback

# Seconds for a whole file; a hang ends with a report, and its daemon too.
LIMIT = 900


class Failed(Exception):
    """A promise was not kept; the text says how."""


class Skipped(Exception):
    """The promise cannot be checked here; the text says why."""


_promises = []


def promise(text):
    def register(func):
        _promises.append((text, func))
        return func
    return register


def expect(condition, why):
    if not condition:
        raise Failed(why)


def expect_same(got, wanted, what):
    if got != wanted:
        raise Failed("%s: got %r, wanted %r" % (what, got, wanted))


def skip(why):
    raise Skipped(why)


def diag(text):
    for line in str(text).splitlines():
        print("# " + line)


def _judge(number, text, func):
    text = text.replace("#", "\\#")
    try:
        func()
    except Skipped as why:
        print("ok %d - %s # SKIP %s" % (number, text, why))
        return True
    except Failed as why:
        print("not ok %d - %s" % (number, text))
        diag(why)
        return False
    except Exception:
        print("not ok %d - %s" % (number, text))
        diag(traceback.format_exc())
        return False
    print("ok %d - %s" % (number, text))
    return True


def _out_of_time(_signum, _frame):
    raise TimeoutError("the test file took more than %d seconds" % LIMIT)


class _Watch:
    """What t/mutants asks of a test: TAP_ONLY has the numbers of the promises
    to check, and TAP_FIRST ends the test when one fails.  MUTANTS_COVER is the
    map of t/mutants/cover.c; MUTANTS_COVER.N gets the seconds of a promise and
    the places that it reached, MUTANTS_COVER.0 those of the start."""

    def __init__(self):
        self.only = [int(one) for one in os.environ.get(
            "TAP_ONLY", "").split(",") if one]
        self.first = "TAP_FIRST" in os.environ
        self.path = os.environ.get("MUTANTS_COVER", "")
        self.began = time.monotonic()

    def chooses(self, number):
        return not self.only or number in self.only

    def note(self, number):
        if not self.path:
            return
        found = []
        if os.path.exists(self.path):
            with open(self.path, "r+b") as file, \
                    mmap.mmap(file.fileno(), 0) as seen:
                found = [one.start() for one in re.finditer(b"\1", seen)]
                for at in found:
                    seen[at] = 0
        with open("%s.%d" % (self.path, number), "w") as out:
            out.write(" ".join(map(str, [time.monotonic() - self.began] +
                                   found)))
        self.began = time.monotonic()


def main(*servers):
    watch = _Watch()
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(LIMIT)
    todo = [(number, *one) for number, one in enumerate(_promises, 1)
            if watch.chooses(number)]
    for server in servers:
        todo.append((len(_promises) + 1, "the server ran without a crash or a "
                     "sanitizer's report", server.stop_clean))
    print("1..%d" % len(todo), flush=True)

    good = True
    try:
        for server in servers:
            server.start()
        watch.note(0)
        for number, (own, text, func) in enumerate(todo, 1):
            marks = [server.mark_logs() for server in servers]
            if not _judge(number, text, func):
                good = False
                for server, mark in zip(servers, marks):
                    diag(server.logs_since(mark))
                if watch.first:
                    break
            watch.note(own)
            sys.stdout.flush()
    finally:
        for server in servers:
            server.stop()
    sys.exit(0 if good else 1)
