#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot
# sanitizers: no

"""./quickstart, as somebody would use it who sees the project first."""

import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise, skip
from server import (MODULE, PRELOAD, PROFTPD, SOURCE, free_port, must, run,
                    said, wait_for)

COMMAND = os.path.join(SOURCE, "quickstart")
STATE = tempfile.mkdtemp(prefix="mod_sftp-quickstart-")
os.chmod(STATE, 0o711)
PORT = str(free_port())
NOBODY = 65534


def quickstart(*args, state=STATE, port=PORT):
    return [COMMAND, "--state", state, "--port", port, "--module",
            MODULE] + list(args)


def begin(*args):
    """In a session of its own, so that all of it can be killed at once; and
    as a terminal would start it, also where a test run ignores Ctrl-C."""
    out = open(os.path.join(STATE, "out"), "w")
    return subprocess.Popen(quickstart(*args), stdin=subprocess.DEVNULL,
                            stdout=out, stderr=out, start_new_session=True,
                            preexec_fn=lambda: signal.signal(
                                signal.SIGINT, signal.SIG_DFL))


def printed():
    with open(os.path.join(STATE, "out")) as out:
        return out.read()


def daemon(state=STATE):
    """The process id of its ProFTPD, or None.  A zombie has ended."""
    try:
        with open(os.path.join(state, "proftpd.pid")) as file:
            pid = int(file.read())
        with open("/proc/%d/stat" % pid) as stat:
            if stat.read().rpartition(") ")[2][0] in "ZX":
                return None
        return pid
    except (OSError, ValueError):
        return None


def holders(top):
    """Names of the processes that have a file below this directory open."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            files = os.listdir("/proc/%s/fd" % pid)
            if any(os.readlink("/proc/%s/fd/%s" % (pid, fd)).startswith(
                    top + "/") for fd in files):
                with open("/proc/%s/comm" % pid) as comm:
                    found.append(comm.read().strip())
        except OSError:
            pass                # it has ended
    return found


def nobody_left(top):
    """Sessions may outlive their daemon a little."""
    wait_for(lambda: not holders(top), "the end of what holds files of "
             + top)


def check(*before, state=STATE, port=PORT):
    """With the words of a program before it that runs it."""
    result = run(list(before) + quickstart("--check", state=state, port=port),
                 timeout=240)
    if result.returncode != 0:
        raise Failed(said(result))
    out = result.stdout.decode()
    expect_same(out.count("  ok  "), 4, "proofs in\n%s" % out)
    expect(daemon(state) is None, "the daemon still runs")


@promise("--help says what it does, a wrong option is refused")
def _():
    out = must(run([COMMAND, "--help"])).stdout.decode()
    expect("--check" in out and "--port N" in out, out)
    expect_same(run([COMMAND, "--wrong"]).returncode, 2, "exit status")
    expect_same(run([COMMAND, "--port", "70000"]).returncode, 2,
                "exit status")


@promise("--check proves uploads and downloads with sftp and scp")
def _():
    check()


def kill_and_check(state, port, sign):
    process = subprocess.Popen(
        quickstart("--check", state=state, port=port),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: os.path.exists(os.path.join(state, sign))
             or process.poll() is not None, sign)
    os.killpg(process.pid, signal.SIGKILL)
    expect_same(process.wait(), -signal.SIGKILL, "exit status")
    check(state=state, port=port)


@promise("killed when any of its files was made, it works when started again")
def _():
    # Most of the time it waits for ProFTPD's next look at its port.
    signs = ("host_ecdsa", "proftpd.conf", "proftpd.pid", "proof/file")
    with tempfile.TemporaryDirectory() as top, \
            concurrent.futures.ThreadPoolExecutor() as pool:
        os.chmod(top, 0o711)
        jobs = {sign: pool.submit(kill_and_check, os.path.join(
            top, str(number)), str(free_port()), sign)
            for number, sign in enumerate(signs)}
        for sign, job in jobs.items():
            why = job.exception()
            expect(why is None, "when %s was made: %s" % (sign, why))
        nobody_left(top)


def end_twice(process):
    os.killpg(process.pid, signal.SIGINT)
    wait_for(lambda: daemon() is None or process.poll() is not None,
             "the first Ctrl-C")
    os.killpg(process.pid, signal.SIGINT)


@promise("a quickstart ended while its daemon starts leaves none behind")
def _():
    with tempfile.TemporaryDirectory() as place:
        who, early = os.path.join(place, "who"), \
            os.path.join(place, "proftpd")
        with open(early, "w") as file:
            file.write('#!/bin/sh\nuntil [ -s "%s" ]; do sleep 0.1; done\n'
                       'kill -TERM $(cat "%s")\nexec "%s" "$@"\n'
                       % (who, who, PROFTPD))
        os.chmod(early, 0o755)
        process = subprocess.Popen(
            quickstart("--check"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(
                os.environ, PATH=place + ":" + os.environ["PATH"]))
        with open(who, "w") as file:
            file.write("%d\n" % process.pid)
        expect_same(process.wait(60), 128 + signal.SIGTERM, "exit status")
    nobody_left(STATE)


for how, end in (
        ("ended by two Ctrl-C", end_twice),
        ("whose reader has gone", lambda it: it.stdout.close())):
    @promise("a quickstart %s leaves no daemon behind" % how)
    def _(end=end):
        process = subprocess.Popen(
            quickstart("--check"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL))
        for line in process.stdout:
            if line.startswith(b"starting"):
                break
        wait_for(lambda: "proftpd" in holders(STATE)
                 or process.poll() is not None, "the daemon")
        end(process)
        expect(process.wait(60) != 1, "it has failed")
        nobody_left(STATE)


# The first process of a container, which waits for its child and leaves
# orphans as zombies.
NEVER_REAPS = """
import glob, subprocess, sys
status = subprocess.call(sys.argv[1:])
stats = [open(name).read() for name in glob.glob("/proc/[0-9]*/stat")]
if status == 0 and not any("(proftpd) Z" in stat for stat in stats):
    sys.exit("there is no zombie: this proves nothing")
sys.exit(status)
"""


@promise("--check works where nobody reaps the daemon")
def _():
    alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if run(alone + ["true"]).returncode != 0:
        # In a root that is no mount point the namespace is private as it is.
        alone += ["--propagation", "unchanged"]
    if run(alone + ["true"]).returncode != 0:
        skip("no process namespaces here")
    check(*alone, sys.executable, "-c", NEVER_REAPS)


@promise("--rootless does everything as an ordinary user")
def _():
    words = quickstart("--check", "--rootless")
    expect(b"ordinary user" in run(words).stderr, "it works as root")
    with tempfile.TemporaryDirectory() as state:
        os.chmod(state, 0o755)
        module = shutil.copy(MODULE, state)
        os.chmod(module, 0o644)
        ours = [module] + [shutil.copy(os.path.join(os.path.dirname(
            MODULE), program), state) for program in ("sftp-cell",
                                                      "sftp-check")]
        os.chown(state, NOBODY, NOBODY)
        words[words.index("--state") + 1] = os.path.join(state, "state")
        words[words.index("--module") + 1] = module
        result = run(["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                      "--clear-groups"] + words, timeout=240)
        if result.returncode != 0:
            raise Failed(said(result))
        expect_same(result.stdout.decode().count("  ok  "), 4, "proofs")
        nobody_left(state)
        for top, directories, files in os.walk(state):
            for name in directories + files:
                expect_same(os.lstat(os.path.join(top, name)).st_uid,
                            0 if os.path.join(top, name) in ours
                            else NOBODY, "owner of " + name)


@promise("it works with the printed command until Ctrl-C")
def _():
    process = begin()
    wait_for(lambda: "Ctrl-C" in printed() or process.poll() is not None,
             "the invitation")
    command = re.search(r"^  sftp -F '(.+)' demo$", printed(), re.M)
    expect(command is not None, "no command in\n" + printed())
    out = must(run(["sftp", "-q", "-F", command.group(1), "-b", "-", "demo"],
                   input=b"pwd\n")).stdout
    expect(b"/" in out, "pwd said %r" % out)
    again = run(quickstart("--check"))
    expect(again.returncode == 1 and b"another quickstart" in again.stderr,
           said(again))
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    expect(daemon() is None, "the daemon still runs")


@promise("a port in use is reported")
def _():
    import socket
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        words = quickstart("--check")
        words[words.index("--port") + 1] = str(sock.getsockname()[1])
        result = run(words)
    expect(result.returncode == 1 and b"in use" in result.stderr,
           said(result))


try:
    if PRELOAD:
        # The script starts the daemon itself, without what a sanitizer needs.
        print("1..0 # SKIP the module needs a preloaded library")
    else:
        main()
finally:
    left = daemon()
    if left:
        os.kill(left, signal.SIGTERM)
    shutil.rmtree(STATE, ignore_errors=True)
