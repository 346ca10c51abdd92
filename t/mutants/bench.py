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
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Tests that look at pages, other programs or the system, not at the code.
ELSEWHERE = {"doc.t", "manual.t", "pages.t", "migrate.t", "quickstart.t",
             "interop-page.t", "recipes.t", "recipes-system.t", "fips.t",
             "troubleshooting.t", "first-server.t", "drop-in.t", "cluster.t",
             "client-traces.t", "fail2ban.t", "sftp-user.t", "clamav.t"}
# What a build in the source itself makes.
MADE = {"Makefile", "mod_sftp.h", "config.status", "configure"}
# Seconds for a test that runs the first time, and bytes of memory.
FIRST_LIMIT, FIRST_LIMIT_UNIT = 400, 90
MEMORY = 8 << 30
PR_SET_CHILD_SUBREAPER = 36


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
        self.running = set()
        place = "/var/lib" if os.access("/var/lib", os.W_OK) else None
        self.scratch = tempfile.mkdtemp(prefix="mod_sftp-mutants-", dir=place)
        os.chmod(self.scratch, 0o711)
        adopt_orphans()

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    # ---- The copy and the builds

    def prepare(self):
        self.copy()
        self.build("plain", "-O1 -w", "")
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
            try:
                passed = child.wait(limit) == 0
            except subprocess.TimeoutExpired:
                passed = False
                self.end(child)
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

    def measure(self, tests):
        """{test: (seconds, {source: lines})} of those that pass; what is
        known of the same sources and the same test is not measured again."""
        key = hashlib.sha256()
        for name in sorted(self.texts):
            key.update(self.texts[name].encode())
        known = {}
        kept = self.at("reach.json")
        if os.path.exists(kept):
            known = json.loads(text_of(kept))
        names = {}
        for test in tests:
            path = ("integration/" + test if test.endswith(".t")
                    else "unit/" + test + ".c")
            names[test] = test + " " + hashlib.sha256(
                key.digest() + text_of(self.at("source", "t", path)).encode()) \
                .hexdigest()[:20]
        missing = [test for test in tests if names[test] not in known]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for test, found in zip(missing, pool.map(self.reach, missing)):
                known[names[test]] = found
                print("# %-24s %s" % (test, "%.1f s" % found[0] if found
                                      else "fails without a fault in "
                                      "the build that counts: not used"),
                      flush=True)
                with open(kept + ".new", "w") as file:
                    json.dump(known, file)
                os.replace(kept + ".new", kept)
        end_children(set())
        return {test: known[names[test]] for test in tests
                if known[names[test]]}

    def reach(self, test):
        mark = os.path.join(self.scratch, test + ".map")
        argv, env = self.argv_of(test, self.at("cover"))
        passed, seconds, _ = self.runs(
            argv, dict(env, MUTANTS_COVER=mark),
            FIRST_LIMIT if test.endswith(".t") else FIRST_LIMIT_UNIT, False)
        if not passed or not os.path.exists(mark):
            return None
        with open(mark, "rb") as file:
            hit = [found.start() for found in re.finditer(b"\1", file.read())]
        os.unlink(mark)
        binary = env.get("MOD_SFTP_SO", argv[0])
        return seconds, self.lines(binary, [one - 1 for one in hit])

    def lines(self, binary, places):
        """{source: its lines} of the addresses."""
        said = must(["addr2line", "-e", binary], input="".join(
            "%x\n" % one for one in places))
        found = collections.defaultdict(set)
        for line in said.splitlines():
            name, _, number = line.partition(" ")[0].rpartition(":")
            name = os.path.relpath(name, self.source)
            if name in self.texts and number.isdigit():
                found[name].add(int(number))
        return {name: sorted(lines) for name, lines in found.items()}

    def places(self):
        """{source: lines where a block of code begins} of the module."""
        binary = self.at("cover", "mod_sftp.so")
        said = must(["objdump", "-d", "--no-show-raw-insn", binary])
        return self.lines(binary, [int(one, 16) for one in re.findall(
            r"^ *([0-9a-f]+):\s+call.*<__sanitizer_cov_trace_pc>", said,
            re.M)])

    # ---- A mutant

    def compile_flags(self, name):
        return shlex.split(must(
            ["make", "-s", "-C", self.at("plain"), "layer-flags",
             "FILE=" + name[:-2]]).splitlines()[-1])

    def compile(self, name, text, goal):
        """Compiles the source with this text in its place."""
        path = self.at("source", name)
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

    def link_unit(self, test, name, mutant, goal):
        base = os.path.basename(name)[:-2]
        own = []
        if test.startswith("ftpd-"):
            own = [mutant if base == test[:-2] else one
                   for one in self.objects if one.endswith(
                       "/%s.o" % test[:-2])] + ["libdaemon.a"]
        if not own or base != test[:-2]:
            own = [mutant] + own
        return run(shlex.split(self.link) + ["-o", goal, "obj/t/unit/%s.o"
                                             % test]
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


def block_of(starts, line):
    """Where the block begins that has this line."""
    at = bisect.bisect_right(starts, line)
    return starts[at - 1] if at > 0 else None
