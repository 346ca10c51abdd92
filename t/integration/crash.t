#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""A session that crashes writes a line and ends: nothing else of it runs."""

import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise, skip
from server import PRELOAD, Server, must, preload, wait_for
from manualpage import expect_shown, inline
from rawsftp import Raw, string

# A directory's name says how the process that removes it crashes.
CRASHES = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

static int deeper(volatile char *above) {
  volatile char room[4096];

  room[0] = above[0];
  return above == NULL ? 0 : deeper(room) + room[0];
}

int rmdir(const char *path) {
  volatile char first[1] = { 0 };

  if (strstr(path, "segv") != NULL) {
    *(volatile int *) 8 = 1;
  } else if (strstr(path, "abort") != NULL) {
    abort();
  } else if (strstr(path, "stack") != NULL) {
    return deeper(first);
  }
  return syscall(SYS_rmdir, path);
}
"""

srv = Server("SFTPPerSourcePenalties off\n")
preload(srv, "crashes", CRASHES)
for name in ("segv", "abort", "stack", "whole"):
    srv.mkdir(name)


def must_end(pid, end, line):
    if PRELOAD:
        skip("sanitizers look at the stack of a process that ends")
    log, system = len(srv.log("sftp.log")), len(srv.log("system.log"))
    end()
    wait_for(lambda: not os.path.exists("/proc/%d" % pid), "its end")
    srv.wait_log("sftp.log", r"mod_sftp/\S+\[%d\]: %s" % (pid, line))
    for name, text in (("sftp.log", srv.log("sftp.log")[log:]),
                       ("system.log", srv.log("system.log")[system:])):
        for word in ("STACK TRACE", "session closed", "disconnecting",
                     "proftpd[%d]" % pid):
            expect(word not in text, (name, text))


def remove(raw, name):
    raw.send(raw._begin(15, string(b"/" + name)))


def crash_by(name, line):
    with Raw(srv, 3) as raw:
        must_end(srv.session(), lambda: remove(raw, name), line)
    srv.no_sessions()
    must(srv.sftp("ls"))
    srv.no_sessions()


@promise("a wild pointer")
def _():
    crash_by(b"segv", "crashed: SIGSEGV at 0x[0-9a-f]+, address 0x8\n")
    if not PRELOAD:
        expect_shown(inline("crashed: "), re.findall(
            "crashed: .*", srv.log("sftp.log")))


@promise("a broken heap, as libc sees it")
def _():
    crash_by(b"abort", "crashed: SIGABRT at 0x[0-9a-f]+, address 0x0\n")


@promise("a full stack")
def _():
    crash_by(b"stack", "crashed: SIGSEGV at 0x[0-9a-f]+, address 0x")


@promise("the daemon says whose session it was")
def _():
    if PRELOAD:
        skip("nobody has crashed")
    srv.wait_log("system.log", "session [0-9]+ of 'alice' from 127.0.0.1 was "
                 "killed, or crashed")


@promise("a signal that somebody sends")
def _():
    for signo in (signal.SIGFPE, signal.SIGSEGV, signal.SIGBUS,
                  signal.SIGILL, signal.SIGABRT):
        with Raw(srv, 3):
            pid = srv.session()
            must_end(pid, lambda: os.kill(pid, signo),
                     "ended by %s of process %d\n" % (signo.name, os.getpid()))
        srv.no_sessions()


@promise("others are served meanwhile")
def _():
    with Raw(srv, 3) as other:
        stays = srv.session()
        with Raw(srv, 3) as raw:
            pid = (set(srv.sessions()) - {stays}).pop()
            must_end(pid, lambda: remove(raw, b"segv"), "crashed: SIGSEGV")
        status = other.ask(15, string(b"/whole"))
        expect(not os.path.exists(srv.home("whole")), status)


main(srv)
