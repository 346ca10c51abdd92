#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The faults that `make mutants' puts into a source: on a small text, and on
the module's own, of which nothing is compiled here."""

import glob
import os
import re
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("srcdir", ".")
sys.path[:0] = [os.path.join(SOURCE, "t", "lib"),
                os.path.join(SOURCE, "t", "mutants")]
sys.dont_write_bytecode = True

import faults  # noqa: E402
from bench import Reach, blocks_behind, blocks_of, functions_of  # noqa: E402
from near import Nearness  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

SAMPLE = r"""/* if (comment > 3) { return 0; } */
#define LIMIT(x) ((x) > 3 ? 0 : 1)
static const int table[] = { 5, 6, 7 };

static int first(const char *s, size_t n) {
  if (n > 64 || s == NULL) {
    errno = ENOENT;
    return -1;
  }

  if (open_it(s) < 0) {
    sftp_log("'%s' (%d) is not there", s, n < 5);
    return SFTP_ERR_LIMIT;
  }

  while (*s != '(') {
    s += 2;
  }

  if (n == 1) {
    s++;
  }

  return 0;
}
"""


def changed(kind):
    """What a kind of fault changes in the sample: (line, old, new)."""
    return [(one.line, one.old, one.new) for one in faults.faults_of(SAMPLE)
            if one.kind == kind]


@promise("conditions of if and while are negated")
def _():
    expect_same(changed("negated condition"), [
        (6, "n > 64 || s == NULL", "!(n > 64 || s == NULL)"),
        (11, "open_it(s) < 0", "!(open_it(s) < 0)"),
        (16, "*s != '('", "!(*s != '(')"),
        (20, "n == 1", "!(n == 1)")], "conditions")


@promise("a check that leaves is dropped; its calls are still made")
def _():
    expect_same(changed("dropped check"), [
        (6, "n > 64 || s == NULL", "(n > 64 || s == NULL) && 0")], "checks")
    expect_same(changed("ignored error"), [
        (11, "open_it(s) < 0", "(open_it(s) < 0) && 0")], "errors")


@promise("limits are off by one, and operators and constants are swapped")
def _():
    expect_same(changed("off by one"), [
        (6, ">", ">="), (6, "64", "65"), (11, "<", "<="), (17, "2", "3")],
        "limits")
    expect_same(changed("swapped operator"), [(6, "||", "&&")], "operators")
    expect_same(changed("swapped constant"), [
        (7, "ENOENT", "EACCES"), (8, "-1", "0"),
        (13, "SFTP_ERR_LIMIT", "SFTP_OK"), (24, "0", "-1")], "constants")


@promise("one more byte of memory is no fault, a larger limit is one")
def _():
    text = ("static void first(pool *p) {\n  char *s = palloc(p, n + 2);\n"
            "  sftp_wr_init(&w, p, 512, 8192);\n  take(s, 4);\n"
            "  char text[32];\n  unsigned char raw[16];\n}\n")
    expect_same([(one.line, one.old) for one in faults.faults_of(text)],
                [(3, "8192"), (4, "4"), (6, "16")], "numbers")


@promise("a limit that changes no value is no fault")
def _():
    text = ("static void first(int n) {\n  a = n > 0 ? (size_t) n : 0;\n"
            "  a = n > 0 ? m : 0;\n  if (own.fd >= 0 && fd < 0) {\n"
            "  }\n  if (n < 0) {\n  }\n  a = f->n > 0 ?\n    f->n : 0;\n"
            "  a = n < max ? n : max;\n  a = n < m ? m : n;\n"
            "  a = n < m ? n : m - 1;\n  a = f->n < max(f) ? f->n :\n"
            "    max(f);\n  a = n > m ? n - m : 0;\n"
            "  a = n > m ? n - m : 1;\n}\n")
    expect_same([(one.line, one.old) for one in faults.faults_of(text)
                 if one.kind == "off by one"],
                [(3, ">"), (6, "<"), (12, "<"), (16, ">")], "limits")


@promise("a fault changes its own place and no other")
def _():
    for fault in faults.faults_of(SAMPLE):
        new = faults.with_fault(SAMPLE, fault)
        expect_same(new[:fault.at], SAMPLE[:fault.at], "before it")
        expect_same(new[fault.at + len(fault.new):],
                    SAMPLE[fault.at + len(fault.old):], "after it")
        expect(new != SAMPLE and new.count("\n") == SAMPLE.count("\n"),
               "%r changes nothing, or lines" % (fault,))


@promise("the same seed makes the same choice, another one another")
def _():
    sources = {"a.c": SAMPLE, "b.c": SAMPLE.replace("first", "second")}
    one = faults.chosen(sources, 8, "seed")
    expect_same(faults.chosen(sources, 8, "seed"), one, "again")
    expect(faults.chosen(sources, 8, "other") != one, "chance has no effect")
    expect_same(len(set(one)), 8, "none is chosen twice")
    expect_same(len(faults.chosen(sources, 1000, "seed")),
                2 * len(faults.faults_of(SAMPLE)), "all there are")


@promise("every source of the module has faults, in its functions alone")
def _():
    names = [name for name in glob.glob(SOURCE + "/*.c") +
             glob.glob(SOURCE + "/[!.t]*/**/*.c", recursive=True)
             if "/.build" not in name]
    total = 0
    for name in names:
        with open(name) as file:
            text = file.read()
        code = faults.code_of(text)
        expect_same(len(code), len(text), "length of " + name)
        found = faults.faults_of(text)
        total += len(found)
        for fault in found:
            expect_same(text[fault.at:fault.at + len(fault.old)], fault.old,
                        name)
            start = text.rfind("\n", 0, fault.at) + 1
            expect(not re.match(r"\s*(#|/\*)", text[start:fault.at + 1]),
                   "%s:%d: not in code" % (name, fault.line))
    expect(len(names) > 200 and total > 10000, "%d faults in %d files" % (
        total, len(names)))


@promise("a line belongs to the block that begins before it, or in it")
def _():
    expect_same([blocks_of([5, 9, 20], line) for line in (4, 5, 8, 9, 30)],
                [set(), {5}, {5}, {5, 9}, {20}], "blocks")
    expect_same([blocks_behind([5, 9, 20], line) for line in (4, 5, 20)],
                [{5}, {9}, set()], "blocks behind")


@promise("what a test reaches is known by function, wherever it stands")
def _():
    one, = functions_of(SAMPLE)
    again, = functions_of("/* a line */\n" + SAMPLE)
    expect_same(one.key.split("@")[0], "first", "name")
    expect_same((one.first, one.last), (5, 25), "lines")
    expect_same(again, one._replace(first=6, last=26), "a line further down")
    changed, = functions_of(SAMPLE.replace("64", "65"))
    expect(changed.key != one.key, "a change is not seen")
    reach = Reach("x.t", {"seconds": 9.0, "parts": {
        "0": [1.0, {}], "1": [2.0, {"a.c": {one.key: [0, 6]}}],
        "2": [4.0, {"a.c": {one.key: [0, 2, 6]}}]}})
    expect_same(reach.promises("a.c", one.key, {2}), {2}, "a block")
    expect_same(reach.promises("a.c", changed.key, {2}), {1, 2}, "all of a "
                "function that has changed")
    expect_same(reach.promises("b.c", one.key, {2}), set(), "another file")
    expect_same((reach.cost({2}), reach.share("a.c", {1, 2})), (6.0, 3),
                "seconds and blocks")


@promise("the nearest test shares words that are rare in sources and tests")
def _():
    near = Nearness(
        {"quota.t": "test QuotaEngine of alice", "links.t": "test symlink of "
         "alice", "login.t": "test struct pool of alice"},
        {"quota.c": "struct pool *quota_engine", "links.c": "struct pool "
         "*symlink; /* alice */", "other.c": "struct pool *none"})
    expect_same([near.order(one)[0] for one in ("quota.c", "links.c")],
                ["quota.t", "links.t"], "the nearest")
    expect_same(near.order("other.c"), ["links.t", "login.t", "quota.t"],
                "by name, where nothing is shared")


# A bench whose tests sleep, by workers or in threads.
BENCH = """
import contextlib, sys
sys.path.insert(0, sys.argv[1])
from bench import Bench, ends_tidily

class Sleepy(Bench):
    def name_of(self, test):
        return test

    def reach(self, test):
        return self.runs(["sh", "-c", "sleep 900 & echo $! > %s.new; "
                          "mv %s.new %s; wait" % (test, test, test)], {}, 900)

def begin(own):
    global bench
    bench = own
    bench.branch()

def work(test):
    return bench.reach(test)

ends_tidily()
bench = Sleepy(".", sys.argv[2], "gcc", 2)
print(bench.scratch, flush=True)
try:
    if sys.argv[3] == "workers":
        with contextlib.closing(bench.in_workers(
                begin, (bench,), work, sys.argv[4:])) as found:
            list(found)
    else:
        bench.measure(sys.argv[4:], False)
finally:
    bench.close()
"""


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends_by_signal(way, place):
    os.mkdir(os.path.join(place, "source"))
    tests = [os.path.join(place, way + one) for one in "123"]
    child = subprocess.Popen(
        [sys.executable, "-c", BENCH, os.path.join(SOURCE, "t", "mutants"),
         place, way] + tests, stdout=subprocess.PIPE, text=True)
    scratch = child.stdout.readline().strip()
    while not all(os.path.exists(test) for test in tests[:2]):
        expect(child.poll() is None, "it has ended too early")
        time.sleep(0.01)
    child.terminate()
    try:
        expect_same(child.wait(60), 143, "the result")
    finally:
        child.kill()
        child.stdout.close()
    pids = []
    for test in tests[:2]:
        with open(test) as file:
            pids.append(int(file.read()))
    expect(not os.path.exists(scratch), "%s is left" % scratch)
    expect(not os.path.exists(tests[2]), "another test has begun")
    expect_same([pid for pid in pids if is_alive(pid)], [], "left")


@promise("a signal ends all tests that run, and leaves nothing behind")
def _():
    for way in "workers", "threads":
        with tempfile.TemporaryDirectory() as place:
            ends_by_signal(way, place)


@promise("what is said to be harmless is in the source, and says why")
def _():
    with open(os.path.join(SOURCE, "t", "mutants", "harmless")) as file:
        lines = [line for line in file.read().splitlines()
                 if line and not line.startswith("#")]
    for line in lines:
        name, *place, why = [one.strip() for one in line.split(" ;; ")]
        with open(os.path.join(SOURCE, name)) as file:
            text = file.read()
        known = [[" ".join(part.split()) for part in (
            text.split("\n")[one.line - 1], one.old, one.new)]
                 for one in faults.faults_of(text)]
        expect(place in known and len(why) > 10, line)


main()
