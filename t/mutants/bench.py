# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A copy of the source, its builds, and its tests, for `make mutants'.

One build is plain: faults go into it.  The other one counts which places of
the code a test reaches, so that a fault meets the tests that can notice it.
"""

import bisect
import collections
import concurrent.futures
import ctypes
import fcntl
import functools
import glob
import hashlib
import json
import multiprocessing
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import faults

HERE = os.path.dirname(os.path.abspath(__file__))
# Tests that look at pages, other programs or the system, not at the code.
ELSEWHERE = {"doc.t", "manual.t", "pages.t", "migrate.t", "quickstart.t",
             "interop-page.t", "recipes.t", "recipes-system.t",
             "troubleshooting.t", "first-server.t", "drop-in.t", "cluster.t",
             "client-traces.t", "fail2ban.t", "sftp-user.t", "clamav.t"}
# What a build in the source itself makes.
MADE = {"Makefile", "mod_sftp.h", "config.status", "configure"}
# Seconds for a test that runs the first time, and bytes of memory.
FIRST_LIMIT, FIRST_LIMIT_UNIT = 600, 240
MEMORY = 8 << 30
# What t/run --san finds outside of arrays ends a test here, too.
TRAPS = "-fsanitize=bounds,object-size -fsanitize-undefined-trap-on-error"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TOLD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(argv, **more):
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, errors="replace", **more)


def must(argv, **more):
    done = run(argv, **more)
    if done.returncode != 0:
        raise SystemExit("mutants: %s failed:\n%s" % (
            " ".join(argv)[:200], done.stdout[-3000:]))
    return done.stdout


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def adopt_orphans():
    """What a test leaves behind becomes a child of this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent():
    """Even one that is killed leaves no worker."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def ends_tidily():
    """A signal ends this process as an exception does: what it has begun is
    ended and removed."""
    def leave(number, _):
        for one in TOLD:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)
    for number in TOLD:
        signal.signal(number, leave)


def end_children(keep):
    """Ends the children of this process that are not in `keep'."""
    for _ in range(50):
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            left = [int(word) for word in file.read().split()
                    if int(word) not in keep]
        if not left:
            return
        for child in left:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except OSError:
                pass


class Bench:
    """DIR/source, DIR/plain and DIR/cover, made of the source at `source'."""

    def __init__(self, source, directory, cc, jobs):
        self.original = os.path.abspath(source)
        self.dir = os.path.abspath(directory)
        self.source = os.path.join(self.dir, "source")
        self.cc, self.jobs = cc, jobs
        self.running, self.stopping = set(), False
        place = "/var/lib" if os.access("/var/lib", os.W_OK) else None
        self.scratch = tempfile.mkdtemp(prefix="mod_sftp-mutants-", dir=place)
        os.chmod(self.scratch, 0o711)
        adopt_orphans()

    def branch(self):
        """In a process of its own, which has its own tests as children."""
        end_with_parent()
        self.scratch = tempfile.mkdtemp(dir=self.scratch)
        os.chmod(self.scratch, 0o711)
        self.running.clear()
        adopt_orphans()

    def in_workers(self, begin, values, work, items):
        """What work() returns for each of the items, in any order."""
        with multiprocessing.get_context("fork").Pool(
                self.jobs, begin, values) as pool:
            yield from pool.imap_unordered(work, items)

    def end_tests(self):
        """Also those that other threads are about to begin."""
        self.stopping = True
        for child in list(self.running):
            self.end(child)

    def close(self):
        self.end_tests()
        end_children(set())
        shutil.rmtree(self.scratch, ignore_errors=True)

    # ---- The copy and the builds

    def prepare(self):
        self.copy()
        self.build("plain", TRAPS + " -O1 -w", "")
        mark = os.path.join(self.dir, "cover.o")
        must(shlex.split(self.cc) + ["-O1", "-fPIC", "-c", "-o", mark,
                                     os.path.join(HERE, "cover.c")])
        self.build("cover", "-O0 -g -w -fsanitize-coverage=trace-pc", mark)
        said = must(["make", "-s", "-C", self.at("plain"), "link-flags"])
        self.link, self.libs, objects = said.splitlines()[-3:]
        self.objects = objects.split()
        names = [one[4:-2] + ".c" for one in self.objects]
        self.sides = {
            "ftpd": [one for one in names
                     if one.startswith("ftpd/") or one == "mod_sftp.c"]}
        self.sides["core"] = [one for one in names
                              if one not in self.sides["ftpd"]]
        self.texts = {name: text_of(self.at("source", name))
                      for name in names}

    def at(self, *names):
        return os.path.join(self.dir, *names)

    def copy(self):
        """Only what differs is written: the builds need not begin anew."""
        seen = set()
        for top, dirs, files in os.walk(self.original):
            dirs[:] = [one for one in dirs if not one.startswith(".") and
                       one not in ("obj", "autom4te.cache") and
                       os.path.join(top, one) != self.dir and not
                       os.path.exists(os.path.join(top, one, "config.log"))]
            for name in files:
                path = os.path.join(top, name)
                if top == self.original and name in MADE:
                    continue
                short = os.path.relpath(path, self.original)
                goal = self.at("source", short)
                seen.add(goal)
                os.makedirs(os.path.dirname(goal), exist_ok=True)
                with open(path, "rb") as file:
                    data = file.read()
                if os.path.exists(goal):
                    with open(goal, "rb") as file:
                        if file.read() == data:
                            continue
                with open(goal, "wb") as file:
                    file.write(data)
                shutil.copymode(path, goal)
        for top, _, files in os.walk(self.source):
            for name in files:
                if os.path.join(top, name) not in seen:
                    os.unlink(os.path.join(top, name))

    def build(self, name, flags, more):
        place = self.at(name)
        if not os.path.exists(os.path.join(place, "Makefile")):
            os.makedirs(place, exist_ok=True)
            must(["autoconf", "-o", "configure",
                  os.path.join(self.source, "configure.ac")], cwd=place)
            must(["./configure", "-q", "--srcdir=" + self.source,
                  "CC=" + self.cc, "CFLAGS=" + flags, "LDFLAGS=" + more],
                 cwd=place)
        must(["make", "-j%d" % self.jobs, "-C", place, "all"] + [
            "t/unit/" + one for one in self.units()])

    def units(self):
        return sorted(name[:-2] for name in os.listdir(
            self.at("source", "t", "unit")) if name.endswith("-t.c"))

    def integration(self):
        return sorted(name for name in os.listdir(
            self.at("source", "t", "integration"))
            if name.endswith(".t") and name not in ELSEWHERE)

    # ---- Running a test

    def runs(self, argv, env, limit, group=True):
        """(whether it passed, seconds, what it printed)."""
        began = time.monotonic()
        place = tempfile.mkdtemp(dir=self.scratch)
        os.chmod(place, 0o711)
        env = dict(os.environ, srcdir=self.source, TMPDIR=place, TZ="UTC",
                   LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1", **env)
        for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "LD_PRELOAD",
                     "MAKEFLAGS", "MFLAGS"):
            env.pop(name, None)
        with open(os.path.join(place, "out"), "w+", errors="replace") as out:
            child = subprocess.Popen(
                argv, cwd=self.source, env=env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_AS, (MEMORY, MEMORY)))
            self.running.add(child)
            try:
                if self.stopping:
                    raise SystemExit(1)
                passed = child.wait(limit) == 0
            except subprocess.TimeoutExpired:
                passed = False
                self.end(child)
            except SystemExit:
                self.end(child)
                end_children(set())
                raise
            finally:
                self.running.discard(child)
            out.seek(0)
            said = out.read()
        if group:
            end_children(set())
        shutil.rmtree(place, ignore_errors=True)
        return passed, time.monotonic() - began, said

    @staticmethod
    def end(child):
        """A test that is told to end stops its servers first."""
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, None)):
            try:
                os.killpg(child.pid, number)
                child.wait(patience)
                return
            except subprocess.TimeoutExpired:
                pass
            except ProcessLookupError:
                child.wait()
                return

    def argv_of(self, test, build):
        if test.endswith(".t"):
            return [self.at("source", "t", "integration", test)], \
                {"MOD_SFTP_SO": os.path.join(build, "mod_sftp.so")}
        return [os.path.join(build, "t", "unit", test)], {}

    # ---- Which test reaches what

    def known(self):
        """What is known of tests, by their names and texts."""
        kept = self.at("reach.json")
        return json.loads(text_of(kept)) if os.path.exists(kept) else {}

    def name_of(self, test):
        path = ("integration/" + test if test.endswith(".t")
                else "unit/" + test + ".c")
        return test + " " + hashlib.sha256(text_of(
            self.at("source", "t", path)).encode()).hexdigest()[:20]

    def measured(self, tests):
        known = self.known()
        return {test for test in tests if self.name_of(test) in known}

    def keep(self, known, test, found):
        known[self.name_of(test)] = found
        print("# %-24s %s" % (test, "%.1f s" % found["seconds"] if found
                              else "fails"), flush=True)
        kept = self.at("reach.json")
        with open(kept + ".new", "w") as file:
            json.dump(known, file)
        os.replace(kept + ".new", kept)

    def measure(self, tests, again):
        """{test: Reach} of those that pass.  What is known of a test is kept
        until the test changes, whatever changes in the sources: it is known
        by function."""
        known = self.known()
        names = {test: self.name_of(test) for test in tests}
        missing = [test for test in tests if names[test] not in known or
                   (again and not known[names[test]])]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            try:
                for test, found in zip(missing, pool.map(self.reach, missing)):
                    self.keep(known, test, found)
            except SystemExit:
                pool.shutdown(wait=False, cancel_futures=True)
                self.end_tests()
                raise
        end_children(set())
        failed = [test for test in tests if not known[names[test]]]
        if failed:
            print("# not used, for they fail without a fault in the build that "
                  "counts: " + " ".join(failed))
        return {test: Reach(test, known[names[test]]) for test in tests
                if known[names[test]]}

    def reach(self, test):
        """{seconds, parts: {promise: [seconds, {source: {function:
        lines}}]}}; a unit test has one part, 0."""
        mark = os.path.join(self.scratch, test + ".map")
        argv, env = self.argv_of(test, self.at("cover"))
        passed, seconds, _ = self.runs(
            argv, dict(env, MUTANTS_COVER=mark),
            FIRST_LIMIT if test.endswith(".t") else FIRST_LIMIT_UNIT, False)
        parts = {}
        if passed and test.endswith(".t"):
            for path in glob.glob(mark + ".*"):
                with open(path) as file:
                    spent, *hit = file.read().split()
                number = path.rpartition(".")[2]
                parts[number] = [float(spent), self.named(
                    self.module_table()[int(one)] for one in hit
                    if int(one) in self.module_table())]
        elif passed and os.path.exists(mark):
            with open(mark, "rb") as file:
                hit = [one.start() - 1 for one in re.finditer(
                    b"\1", file.read())]
            parts["0"] = [seconds, self.named(self.places(argv[0], hit))]
        for path in glob.glob(mark + "*"):
            os.unlink(path)
        return {"seconds": seconds, "parts": parts} if parts else None

    def places(self, binary, addresses):
        """(source, line) of each address; what is no source is left out."""
        said = must(["addr2line", "-e", binary], input="".join(
            "%x\n" % one for one in addresses))
        found = []
        for line in said.splitlines():
            name, _, number = line.partition(" ")[0].rpartition(":")
            name = os.path.relpath(name, self.source)
            found.append((name, int(number)) if name in self.texts and
                         number.isdigit() else None)
        return found

    def named(self, places):
        """{source: {function: its lines}}, lines counted from its head."""
        found = {}
        for place in filter(None, places):
            function = self.function_at(*place)
            if function:
                found.setdefault(place[0], {}).setdefault(
                    function.key, set()).add(place[1] - function.first)
        return {name: {key: sorted(lines) for key, lines in own.items()}
                for name, own in found.items()}

    def function_at(self, name, line):
        for function in self.functions(name):
            if function.first <= line <= function.last:
                return function
        return None

    @functools.lru_cache(maxsize=None)
    def functions(self, name):
        return functions_of(self.texts[name])

    @functools.lru_cache(maxsize=None)
    def module_table(self):
        """{where a block of code is counted: (source, line)} of the module."""
        binary = self.at("cover", "mod_sftp.so")
        said = must(["objdump", "-d", "--no-show-raw-insn", binary])
        calls = [int(one, 16) for one in re.findall(
            r"^ *([0-9a-f]+):\s+call.*<__sanitizer_cov_trace_pc>", said,
            re.M)]
        # The mark is where the call returns to, five bytes on.
        return {call + 5: place for call, place in zip(
            calls, self.places(binary, calls)) if place}

    @functools.lru_cache(maxsize=None)
    def blocks(self):
        """{source: {function: lines where a block begins}}."""
        return self.named(self.module_table().values())

    # ---- A mutant

    def compile_flags(self, name):
        return shlex.split(must(
            ["make", "-s", "-C", self.at("plain"), "layer-flags",
             "FILE=" + name[:-2]]).splitlines()[-1])

    def compile(self, name, text, goal):
        """Compiles the source with this text in its place."""
        path = self.at("source", name)
        lock = open(self.at("compile.lock"), "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(path, "w") as file:
            file.write(text)
        try:
            return run(self.compile_flags(name) + ["-c", "-o", goal, path],
                       cwd=self.at("plain")).returncode == 0
        finally:
            with open(path, "w") as file:
                file.write(self.texts[name])
            stamp = os.stat(self.at("plain", "obj", name[:-2] + ".o")).st_mtime
            os.utime(path, (stamp - 1, stamp - 1))
            lock.close()

    @functools.lru_cache(maxsize=None)
    def tested(self, test):
        """The objects of the daemon's side that a test is linked with."""
        return must(["make", "-s", "-C", self.at("plain"), "tested-objects",
                     "TEST=" + test[:-2]]).split() \
            if test.startswith("ftpd-") else []

    def link_unit(self, test, name, mutant, goal):
        own = [mutant if one == "obj/%s.o" % name[:-2] else one
               for one in self.tested(test)]
        if mutant not in own:
            own = [mutant] + own
        if self.tested(test):
            own.append("libdaemon.a")
        return run(shlex.split(self.link) + ["-rdynamic", "-o", goal,
                                             "obj/t/unit/%s.o" % test]
                   + [one for one in own if one.endswith(".o")]
                   + ["-Wl,--start-group"]
                   + [one for one in own if one.endswith(".a")]
                   + ["libfake.a", "libcore.a", "-Wl,--end-group"]
                   + shlex.split(self.libs) + ["-lpthread"],
                   cwd=self.at("plain"))

    def link_module(self, name, mutant, goal):
        must(shlex.split(self.link) + [
            "-shared", "-Wl,-soname,mod_sftp.so", "-Wl,--version-script," +
            self.at("source", "mod_sftp.map"), "-o", goal] + [
                mutant if one == "obj/%s.o" % name[:-2] else one
                for one in self.objects] + shlex.split(self.libs),
            cwd=self.at("plain"))

    def link_cell(self, name, mutant, goal):
        """The programs that stand beside the module: that of checks as it is,
        and that of isolated logins.  It
        has no source of the daemon's side, and not each one of the core."""
        cells = sorted(glob.glob(self.at("plain", "obj", "cell", "*.o")))
        core = name in self.sides["core"]
        done = core and run(
            shlex.split(self.link) + ["-pie", "-o", goal] + cells +
            [mutant, "libcore.a"] + shlex.split(self.libs),
            cwd=self.at("plain")).returncode == 0
        if not done:
            shutil.copy2(self.at("plain", "sftp-cell"), goal)
        shutil.copy2(self.at("plain", "sftp-check"), os.path.dirname(goal))


def blocks_of(starts, line):
    """Where the blocks begin that may have this line: one that begins in it,
    after an `&&' perhaps, and the one before, which has what is left of it."""
    at = bisect.bisect_left(starts, line)
    return {one for one in starts[max(0, at - 1):at + 1] if one <= line}


def blocks_behind(starts, line):
    """The block that begins next, as a set."""
    return set(starts[bisect.bisect_right(starts, line):][:1])


# `key' is NAME@HASH; the lines are those of the file, from the head on.
Function = collections.namedtuple("Function", "key first last")


def functions_of(text):
    found = []
    for name, head, _, end in faults.functions(faults.code_of(text)):
        mark = hashlib.sha256(text[head:end].encode()).hexdigest()[:12]
        found.append(Function("%s@%s" % (name, mark),
                              text.count("\n", 0, head) + 1,
                              text.count("\n", 0, end) + 2))
    return found


class Reach:
    """What one test reaches, promise by promise."""

    def __init__(self, test, found):
        self.test, self.seconds = test, found["seconds"]
        self.parts = found["parts"]
        self.start = max(0, self.seconds - sum(
            spent for spent, _ in self.parts.values()))
        self.last = max(map(int, self.parts))

    def promises(self, name, key, blocks):
        """The numbers of the promises that reach blocks; 0 is the start.  Of
        a function that has changed since, all that reach it."""
        found, bare = set(), key.partition("@")[0] + "@"
        for number, (_, files) in self.parts.items():
            own = files.get(name, {})
            if key in own:
                hit = bool(blocks.intersection(own[key]))
            else:
                hit = any(one.startswith(bare) for one in own)
            if hit:
                found.add(int(number))
        return found

    def share(self, name, numbers):
        """How many blocks of a source these promises reach."""
        seen = set()
        for number in numbers:
            for key, lines in self.parts[str(number)][1].get(name, {}).items():
                seen.update((key, line) for line in lines)
        return len(seen)

    def cost(self, numbers):
        return self.start + sum(self.parts[str(one)][0] for one in numbers)
