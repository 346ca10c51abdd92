#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: fuse3 proftpd-mod-vroot python3-paramiko sshfs

"""SFTPUploadCheck: a program decides about an upload before it gets its
name, and the client hears of it."""

import contextlib
import io
import os
import re
import shutil
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import paramiko_sftp
from ftphost import FtpServer
from mounted import Mounted
from server import (GID, MODULE, NOBODY, UID, ByNobody, Server, has_module,
                    must, run, said, wait_for)
from rawsftp import ATTRS, HANDLE, Raw, num, quad, string

READ, WRITE, APPEND, CREAT, TRUNC, EXCL = 1, 2, 4, 8, 16, 32
OK, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 2, 3, 4
SIZE = 1

PROGRAM = r"""#!/bin/sh
# The first line of an upload says what to do.
read -r word
case "$word" in
good*) echo; echo "  fine: $word"; echo more ;;
bad*) echo "bad: $word" ; exit 1 ;;
stderr*) echo "on stderr" >&2; exit 2 ;;
quiet*) exit 3 ;;
slow*) sleep 5 ;;
hang*) echo $$ > @DIR@/tmp/hanging; exec sleep 300 ;;
child*) sleep 300 & exit 0 ;;
stray*) setsid sh -c 'echo $$ > @DIR@/tmp/stray; exec sleep 300' \
  < /dev/null > /dev/null 2>&1 &
  while [ ! -s @DIR@/tmp/stray ]; do sleep 0.1; done ;;
stop*) kill -STOP $PPID ;;
crash*) kill -SEGV $$ ;;
flood*) exec yes "much output" ;;
flush*) exec yes "much output" >&2 ;;
tells*) echo "$(id -u) $(id -G) $(pwd) $# $1 $2 $3 $4 $5"
  exit 1 ;;
env*) echo $(env | sort | cut -d= -f1); exit 1 ;;
fds*) echo $(ls /proc/self/fd | wc -l); exit 1 ;;
writes*) echo changed 1>&0 || echo "stdin is for reading"; exit 1 ;;
odd*) printf 'a\033[31m\377b\n'; exit 1 ;;
esac
exit 0
"""


def with_program(srv):
    os.mkdir(srv.path("bin"))
    os.mkdir(srv.path("tmp"))
    os.chmod(srv.path("tmp"), 0o1777)
    for name in ("check", "gone"):
        with open(srv.path("bin/" + name), "w") as out:
            out.write(PROGRAM.replace("@DIR@", srv.dir))
        os.chmod(srv.path("bin/" + name), 0o755)
    return srv


# Another process of the user puts a good file in the place of the upload while
# it is opened for the check, and the upload back afterwards.
SWAP = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[4096], aside[4200], decoy[4200];

int fchmod(int fd, mode_t mode) {
  int (*next)(int, mode_t) = dlsym(RTLD_NEXT, "fchmod");
  char fd_path[64];
  ssize_t n;

  if (*name != '\0') {
    unlink(name);
    rename(aside, name);
    *name = '\0';

  } else if (mode == 0600) {
    snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
    n = readlink(fd_path, name, sizeof(name) - 1);
    name[n > 0 ? n : 0] = '\0';
    if (strstr(name, "/swapped/.unchecked.") == NULL) {
      *name = '\0';

    } else {
      snprintf(aside, sizeof(aside), "%s.aside", name);
      snprintf(decoy, sizeof(decoy), "%.*s/decoy",
        (int) (strrchr(name, '/') - name), name);
      rename(name, aside);
      link(decoy, name);
    }
  }

  return next(fd, mode);
}
"""

# A signal comes between the creation of the upload and its first byte.
ENDED = r"""
#include <dlfcn.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

int fchmod(int fd, mode_t mode) {
  int (*next)(int, mode_t) = dlsym(RTLD_NEXT, "fchmod");
  int res = next(fd, mode);

  if (mode == 0600 && getuid() != 0) {
    kill(getpid(), SIGTERM);
  }

  return res;
}
"""


def preload(srv, name, text):
    source = srv.local(name + ".c", text.encode())
    must(run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o",
              srv.path(name + ".so"), source]))
    return srv.path(name + ".so")

CHECK = 'SFTPUploadCheck "exec:@DIR@/bin/check %u %p %s %% %C"'

server = with_program(Server(
    CHECK + " timeout 3 tell\n"
    'LogFormat up "%m %F %s %S"\nExtendedLog @DIR@/ext.log WRITE up\n'
    "<Directory @DIR@/home/alice/free>\n  SFTPUploadCheck none\n"
    "</Directory>\n"
    "<Directory @DIR@/home/alice/secret>\n"
    '  SFTPUploadCheck "exec:@DIR@/bin/check"\n</Directory>\n'
    "<Directory @DIR@/home/alice/gone>\n"
    '  SFTPUploadCheck "exec:@DIR@/bin/gone" tell\n</Directory>\n'
    "<Directory @DIR@/home/alice/kept>\n  DeleteAbortedStores off\n"
    "</Directory>\n"))
vroot = with_program(Server("VRootEngine on\n" + CHECK + " tell\n",
                            modules=("mod_vroot",))) \
    if has_module("mod_vroot.so") else None
for srv in [server] + ([vroot] if vroot else []):
    for name in ("free", "secret", "gone", "kept"):
        srv.mkdir(name)


def opened(raw, name, flags=WRITE | CREAT | TRUNC):
    kind, left = raw.ask(3, string(name.encode()) + num(flags) + num(0))
    expect_same(kind, HANDLE, "OPEN: %r" % left)
    return raw.cut(left)[0]


def write(raw, handle, data, at=0):
    expect_same(raw.status(6, string(handle) + quad(at) + string(data)), OK,
                "WRITE")


def close(raw, handle):
    """The status of CLOSE, and its text."""
    kind, left = raw.ask(4, string(handle))
    return struct.unpack(">I", left[:4])[0], raw.cut(left[4:])[0].decode()


def upload(raw, name, data, flags=WRITE | CREAT | TRUNC):
    handle = opened(raw, name, flags)
    write(raw, handle, data)
    return close(raw, handle)


def nothing_left(srv, folder=""):
    expect_same([name for name in os.listdir(srv.home(folder))
                 if name.startswith(".")], [], "hidden files")


def refused(srv, name, data, text):
    """CLOSE fails with that text, and nothing has changed."""
    before = srv.get(name) if os.path.exists(srv.home(name)) else None
    with Raw(srv, 3) as raw:
        status, got = upload(raw, name, data)
    expect_same(status, PERMISSION_DENIED, "CLOSE (%s)" % got)
    expect(re.search(text, got), got)
    expect_same(srv.get(name) if os.path.exists(srv.home(name)) else None,
                before, "what was there")
    nothing_left(srv, os.path.dirname(name))


@promise("an accepted upload gets its name at CLOSE and not before; the first "
         "line of the program is in the log")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "new")
        write(raw, handle, b"good one\n")
        expect(not os.path.exists(server.home("new")), "it is there")
        expect_same(close(raw, handle)[0], OK, "CLOSE")
    expect_same(server.get("new"), b"good one\n", "content")
    expect_same(os.stat(server.home("new")).st_mode & 0o777, 0o644, "mode")
    nothing_left(server)
    server.wait_log("sftp.log", "upload to '/new' accepted by SFTPUploadCheck "
                    "'.*/bin/check': fine: good one$")


@promise("a refused upload fails in CLOSE, with the program's line for the "
         "client; a file of that name stays as it was")
def _():
    refused(server, "bad", b"bad one\n", "refused by a check: bad: bad one$")
    expect(not os.path.exists(server.home("bad")), "it is there")
    server.put("bad", b"the old file")
    ino = os.stat(server.home("bad")).st_ino
    refused(server, "bad", b"bad two\n", "bad: bad two")
    expect_same(os.stat(server.home("bad")).st_ino, ino, "the file")
    server.wait_log("sftp.log", "upload to '/bad' refused by SFTPUploadCheck "
                    "'.*/bin/check': bad: bad two$")


@promise("without tell the client hears only that a check refused it")
def _():
    refused(server, "secret/x", b"bad secret\n",
            "refused by a check of the server$")
    server.wait_log("sftp.log", "bad: bad secret$")


@promise("the program's stderr counts if stdout is empty, and its exit status "
         "if both are")
def _():
    refused(server, "x", b"stderr\n", "on stderr$")
    refused(server, "x", b"quiet\n", "exit status 3$")


@promise("odd bytes of the program do not reach the client or the log as they "
         "are")
def _():
    with Raw(server, 3) as raw:
        status, text = upload(raw, "x", b"odd\n")
    expect_same(status, PERMISSION_DENIED, "CLOSE")
    expect_same(text.rpartition(": ")[2], r"a\x1b[31m\xffb", "the line")
    expect("\033" not in server.log("sftp.log"), "an escape in the log")


@promise("a program that hangs, crashes or floods its output is ended, and "
         "refuses")
def _():
    refused(server, "x", b"hang\n", "the check failed: it took too long")
    with open(server.path("tmp/hanging")) as file:
        pid = int(file.read())
    expect(not os.path.exists("/proc/%d" % pid), "it still runs")
    refused(server, "x", b"crash\n", "the check failed: ended by signal 11")
    refused(server, "x", b"flood\n", "the check failed: it printed too much")
    refused(server, "x", b"flush\n", "the check failed: it took too long")


@promise("what a program leaves behind ends with it, also outside of its group")
def _():
    must(server.sftp("put %s child" % server.local("child", b"child\n")))
    must(server.sftp("put %s stray" % server.local("stray", b"stray\n")))
    with open(server.path("tmp/stray")) as file:
        pid = int(file.read())
    expect(not os.path.exists("/proc/%d" % pid), "it still runs")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(one) for one in file.read().split()]


@promise("a program that stops the process that runs it refuses, and both end "
         "with the session")
def _():
    with Raw(server, 3) as raw:
        checker = children(server.session())[0]
        handle = opened(raw, "stopped")
        write(raw, handle, b"stop\n")
        raw.send(bytes([4]) + num(99) + string(handle))
        wait_for(lambda: state_of(checker) == "T", "the stop")
    wait_for(lambda: not os.path.exists("/proc/%d" % checker), "its end")
    expect(not os.path.exists(server.home("stopped")), "it is there")


def state_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rpartition(")")[2].split()[0]


@promise("a program that is missing, or that others may change, refuses")
def _():
    with Raw(server, 3) as raw:
        expect_same(upload(raw, "gone/x", b"good\n")[0], OK, "as it was")
    os.chmod(server.path("bin/gone"), 0o777)
    refused(server, "gone/y", b"good\n", "others than root may write")
    os.unlink(server.path("bin/gone"))
    refused(server, "gone/y", b"good\n", "the check failed: .*No such file")


@promise("it runs as the unprivileged user, in /, with the words of the "
         "directive, and with nothing of the session")
def _():
    refused(server, "free one", b"tells\n", r"%d %d / 5 alice /free one 6 %% "
            r"127\.0\.0\.1" % (NOBODY, NOBODY))
    refused(server, "$(id) 'x", b"tells\n", r"/\$\(id\) 'x 6 %")
    refused(server, "x", b"env\n", "LOGNAME PATH (PWD )?SSH_CONNECTION USER$")
    refused(server, "x", b"fds\n", r"\b4$")
    refused(server, "x", b"writes\n", "stdin is for reading$")
    must(server.sftp("put %s %s" % (server.local("x", b"env\n"), "free/x")))


@promise("SCP: the status of the file is the verdict, and the old file stays")
def _():
    server.put("s", b"old")
    result = server.scp("-O", server.local("s", b"bad scp\n"), "srv:s")
    expect(result.returncode != 0 and "bad: bad scp" in said(result),
           said(result))
    expect_same(server.get("s"), b"old", "content")
    must(server.scp("-O", server.local("s", b"good scp\n"), "srv:s"))
    expect_same(server.get("s"), b"good scp\n", "content")
    nothing_left(server)


@promise("OpenSSH's sftp and paramiko hear of the refusal")
def _():
    result = server.sftp("put %s o" % server.local("o", b"bad o\n"))
    expect(result.returncode != 0 and "Permission denied" in said(result),
           said(result))
    with paramiko_sftp(server) as sftp:
        # Its close() tells nobody, but put looks for the file.
        try:
            sftp.putfo(io.BytesIO(b"bad p\n"), "p")
            raise AssertionError("put succeeded")
        except IOError:
            pass
        with sftp.open("p", "w") as file:
            file.write("good p\n")
        with sftp.open("p", "a") as file:
            file.write("and more")
        expect_same(sftp.stat("p").st_size, 15, "size")
    expect_same(server.get("p"), b"good p\nand more", "content")


@promise("append, resume and random access change a copy, which is checked as "
         "a whole; a refusal leaves the file as it was")
def _():
    server.put("a", b"good start\n", mode=0o640)
    for flags in (WRITE | APPEND, WRITE, READ | WRITE | CREAT):
        server.put("a", b"good start\n", mode=0o640)
        with Raw(server, 3) as raw:
            handle = opened(raw, "a", flags)
            write(raw, handle, b"end", 0 if flags & APPEND else 11)
            expect_same(server.get("a"), b"good start\n", "before CLOSE")
            expect_same(close(raw, handle)[0], OK, "CLOSE")
        expect_same(server.get("a"), b"good start\nend", "content")
        expect_same(os.stat(server.home("a")).st_mode & 0o777, 0o640, "mode")
        with Raw(server, 3) as raw:
            handle = opened(raw, "a", flags & ~APPEND)
            write(raw, handle, b"bad!", 0)
            expect_same(close(raw, handle)[0], PERMISSION_DENIED, "CLOSE")
        expect_same(server.get("a"), b"good start\nend", "content")
    with open(server.local("whole"), "wb") as out:
        out.write(b"good start\nend and more")
    must(server.sftp("reput %s a" % server.local("whole")))
    expect_same(server.get("a"), b"good start\nend and more", "resumed")
    nothing_left(server)


@promise("a file of a group that is not the user's is replaced without rights "
         "for the user's own group")
def _():
    for group, mode in ((GID, 0o660), (54321, 0o600)):
        path = server.put("shared", b"good\n", mode=0o660)
        os.chown(path, -1, group)
        with Raw(server, 3) as raw:
            handle = opened(raw, "shared")
            write(raw, handle, b"good too\n")
            expect_same(close(raw, handle)[0], OK, "CLOSE")
        st = os.stat(path)
        expect_same((st.st_gid, oct(st.st_mode & 0o777)), (GID, oct(mode)),
                    "group and mode")


@promise("an upload without bytes is checked as well")
def _():
    with Raw(server, 3) as raw:
        expect_same(close(raw, opened(raw, "empty")), (OK, close_text(raw)),
                    "CLOSE")
    server.wait_log("sftp.log", "upload to '/empty' accepted")
    expect_same(server.get("empty"), b"", "content")


def close_text(raw):
    return close(raw, opened(raw, "free/empty"))[1]


@promise("the session sees its own upload at its path: STAT, SETSTAT, and "
         "another handle that reads or continues it")
def _():
    with Raw(server, 3) as raw, Raw(server, 3) as other:
        handle = opened(raw, "mine")
        write(raw, handle, b"good mine\n")
        for request in (7, 17):
            expect_same(raw.ask(request, string(b"mine"))[0], ATTRS, "look")
            expect_same(other.status(request, string(b"mine")), NO_SUCH_FILE,
                        "another session")
        expect_same(raw.status(9, string(b"mine") + num(4) + num(0o600)), OK,
                    "SETSTAT")
        reader = opened(raw, "mine", READ)
        expect_same(raw.ask(5, string(reader) + quad(0) + num(100))[1],
                    string(b"good mine\n"), "content")
        expect_same(close(raw, reader)[0], OK, "CLOSE")
        expect_same(other.status(3, string(b"mine") + num(READ) + num(0)),
                    NO_SUCH_FILE, "another session")
        expect(not os.path.exists(server.home("mine")), "it is there")
        more = opened(raw, "mine", WRITE)
        write(raw, more, b"second\n", 10)
        expect_same(close(raw, handle)[0], OK, "CLOSE")
        expect_same(server.get("mine"), b"good mine\n", "the first")
        for one, content in ((raw, b"good mine\nsecond\n"),
                             (other, b"good mine\n")):
            reader = opened(one, "mine", READ)
            expect_same(one.ask(5, string(reader) + quad(0) + num(100))[1],
                        string(content), "content")
        expect_same(close(raw, more)[0], OK, "CLOSE")
    expect_same(server.get("mine"), b"good mine\nsecond\n", "the second")
    expect_same(os.stat(server.home("mine")).st_mode & 0o777, 0o600, "mode")
    nothing_left(server)


@promise("an unchecked file cannot be opened, renamed, linked, copied or "
         "changed, by whomever; it can be removed")
def _():
    server.put("t", b"good\n")
    with Raw(server, 3) as raw, Raw(server, 3) as other:
        handle = opened(raw, "u")
        write(raw, handle, b"bad u\n")
        name = [n for n in os.listdir(server.home()) if
                n.startswith(".unchecked.")][0].encode()
        for one in (raw, other):
            for kind, payload in (
                    (3, string(name) + num(READ) + num(0)),
                    (3, string(name) + num(WRITE) + num(0)),
                    (18, string(name.upper()) + string(b"v")),
                    (18, string(name) + string(b"v")),
                    (18, string(b"t") + string(name)),
                    (9, string(name) + num(4) + num(0o666)),
                    (9, string(name) + num(SIZE) + quad(3)),
                    (20, string(name) + string(b"v")),
                    (20, string(b"/" + name) + string(b"v")),
                    (200, string(b"posix-rename@openssh.com") + string(name)
                     + string(b"v")),
                    (200, string(b"hardlink@openssh.com") + string(name)
                     + string(b"v")),
                    (200, string(b"copy-file") + string(name) + string(b"v")
                     + b"\0")):
                kind_of, left = one.ask(kind, payload)
                expect_same((kind_of, struct.unpack(">I", left[:4])[0]),
                            (101, PERMISSION_DENIED), "%d %r" % (kind,
                                                                 payload))
            expect_same(one.ask(17, string(name))[0], ATTRS, "LSTAT")
        expect(not os.path.lexists(server.home("v")), "v is there")
        expect_same(other.status(13, string(name)), OK, "REMOVE")
        expect(close(raw, handle)[0] != OK, "CLOSE")
    expect(not os.path.exists(server.home("u")), "u is there")
    nothing_left(server)


@promise("the size of a closed file can only become 0; FIFOs are refused")
def _():
    server.put("cut", b"good\n" * 10)
    os.mkfifo(server.home("fifo"))
    os.chown(server.home("fifo"), UID, GID)
    with Raw(server, 3) as raw:
        expect_same(raw.status(9, string(b"cut") + num(SIZE) + quad(4)),
                    PERMISSION_DENIED, "SETSTAT")
        expect_same(server.get("cut"), b"good\n" * 10, "content")
        expect_same(raw.status(9, string(b"cut") + num(SIZE) + quad(0)), OK,
                    "SETSTAT")
        expect_same(raw.status(3, string(b"fifo") + num(WRITE) + num(0)),
                    PERMISSION_DENIED, "FIFO")
    os.unlink(server.home("fifo"))


@promise("a copy made by the server: copy-file of what was checked, and "
         "copy-data into an upload, which is")
def _():
    server.put("c", b"good c\n")
    server.put("free/d", b"bad d\n")
    with Raw(server, 3) as raw:
        expect_same(raw.status(200, string(b"copy-file") + string(b"c")
                               + string(b"c2") + b"\0"), OK, "copy-file")
        source = opened(raw, "free/d", READ)
        target = opened(raw, "c3")
        expect_same(raw.status(200, string(b"copy-data") + string(source)
                               + quad(0) + quad(0) + string(target)
                               + quad(0)), OK, "copy-data")
        expect_same(close(raw, target)[0], PERMISSION_DENIED, "CLOSE")
    expect_same(server.get("c2"), b"good c\n", "content")
    expect(not os.path.exists(server.home("c3")), "c3 is there")


def rename(raw, old, new):
    return raw.status(200, string(b"posix-rename@openssh.com")
                      + string(old.encode()) + string(new.encode()))


@promise("the session can rename and remove what it uploads, before it is "
         "checked")
def _():
    server.put("rold", b"old\n")
    with Raw(server, 3) as raw:
        for word, target, status in (("good", "r1", OK), ("bad", "rold",
                                     PERMISSION_DENIED), ("good", "free/r",
                                                          OK)):
            handle = opened(raw, "r0")
            write(raw, handle, word.encode() + b" r\n")
            expect_same(rename(raw, "r0", target), OK, "RENAME")
            expect_same(raw.status(17, string(b"r0")), NO_SUCH_FILE, "STAT")
            expect_same(raw.ask(17, string(target.encode()))[0], ATTRS, "STAT")
            expect_same(close(raw, handle)[0], status, "CLOSE")
        expect_same(server.get("r1"), b"good r\n", "renamed")
        expect_same(server.get("rold"), b"old\n", "what it would replace")
        expect_same(server.get("free/r"), b"good r\n", "elsewhere")
        handle = opened(raw, "rold", WRITE)
        write(raw, handle, b"good")
        expect_same(rename(raw, "rold", "r2"), OK, "RENAME of what is there")
        expect_same(server.get("r2"), b"old\n", "before CLOSE")
        expect_same(close(raw, handle)[0], OK, "CLOSE")
        expect_same(server.get("r2"), b"good", "afterwards")
        for name in ("r2", "r3"):
            handle = opened(raw, name)
            write(raw, handle, b"bad, but gone\n")
            expect_same(raw.status(13, string(name.encode())), OK, "REMOVE")
            expect_same(raw.status(17, string(name.encode())), NO_SUCH_FILE,
                        "STAT")
            expect_same(close(raw, handle)[0], OK, "CLOSE")
    for name in ("r0", "rold", "r2", "r3"):
        expect(not os.path.exists(server.home(name)), name + " is there")
    nothing_left(server)
    nothing_left(server, "free")


@promise("CLOSE tells of a WRITE that failed, if the upload is lost by that")
def _():
    for hides in (CHECK, "HiddenStores on"):
        srv = with_program(Server(hides + "\nMaxStoreFileSize 8 B\n")).start()
        try:
            srv.put("full", b"old")
            with Raw(srv, 3) as raw:
                handle = opened(raw, "full")
                expect(raw.status(6, string(handle) + quad(0) + string(
                    b"good, but long\n")) != OK, "WRITE is OK")
                expect(close(raw, handle)[0] != OK, "CLOSE is OK")
            expect_same(srv.get("full"), b"old", "content")
            nothing_left(srv)
        finally:
            srv.stop_clean()


@promise("a link at the path is followed, and its target is replaced")
def _():
    server.put("target", b"good old\n")
    os.symlink("target", server.home("link"))
    with Raw(server, 3) as raw:
        expect_same(upload(raw, "link", b"bad\n")[0], PERMISSION_DENIED, "bad")
        expect_same(upload(raw, "link", b"good new\n")[0], OK, "good")
    expect(os.path.islink(server.home("link")), "the link is gone")
    expect_same(server.get("target"), b"good new\n", "content")


@promise("a client that leaves before CLOSE leaves nothing, or the hidden file "
         "with DeleteAbortedStores off; nothing is checked")
def _():
    server.put("left", b"old")
    mark = server.mark_logs()
    with Raw(server, 3) as raw:
        write(raw, opened(raw, "left"), b"good\n")
        write(raw, opened(raw, "kept/k"), b"good\n")
    server.no_sessions()
    expect_same(server.get("left"), b"old", "content")
    nothing_left(server)
    expect(not os.path.exists(server.home("kept/k")), "kept/k is there")
    expect_same(len(os.listdir(server.home("kept"))), 1, "hidden files")
    expect("accepted by SFTPUploadCheck" not in server.logs_since(mark),
           "it was checked")


@promise("the session that is ended meanwhile takes its program along")
def _():
    with contextlib.suppress(FileNotFoundError):
        os.unlink(server.path("tmp/hanging"))
    with Raw(server, 3) as raw:
        pid = server.session()
        handle = opened(raw, "end")
        write(raw, handle, b"hang\n")
        raw.send(bytes([4]) + num(99) + string(handle))
        wait_for(lambda: os.path.exists(server.path("tmp/hanging")) and
                 os.path.getsize(server.path("tmp/hanging")), "the program")
        os.kill(pid, signal.SIGTERM)
        server.no_sessions()
    with open(server.path("tmp/hanging")) as file:
        program = int(file.read())
    wait_for(lambda: not os.path.exists("/proc/%d" % program), "its end")
    expect(not os.path.exists(server.home("end")), "it is there")
    nothing_left(server)


@promise("a check may take longer than an idle client may; TimeoutSession ends "
         "the session, and what it uploaded is incomplete")
def _():
    def upload_with(timers):
        srv = with_program(Server(CHECK + " timeout 20\n" + timers)).start()
        with Raw(srv, 3) as raw:
            handle = opened(raw, "x")
            write(raw, handle, b"slow\n")
            raw.send(bytes([4]) + num(99) + string(handle))
            answer = raw.receive()
        srv.no_sessions()
        return srv, answer

    srv, answer = upload_with("TimeoutIdle 3\nTimeoutNoTransfer 3\n"
                              "TimeoutStalled 3\n")
    try:
        expect(answer is not None and answer[5:9] == num(OK), "%r" % answer)
        expect_same(srv.get("x"), b"slow\n", "content")
    finally:
        srv.stop_clean()

    srv, answer = upload_with("TimeoutSession 2\n")
    try:
        expect(answer is None, "%r" % answer)
        expect_same(os.listdir(srv.home()), [], "files")
        srv.wait_log("transfer.log", r" \S*/x b _ i r alice \S+ \S+ \S+ i$")
    finally:
        srv.stop_clean()


@promise("a checker that is killed refuses what follows, and does not stay as a "
         "zombie")
def _():
    with Raw(server, 3) as raw:
        session = server.session()
        os.kill(children(session)[0], signal.SIGKILL)
        status, text = upload(raw, "unjudged", b"good\n")
        expect_same(status, PERMISSION_DENIED, "CLOSE (%s)" % text)
        expect_same(children(session), [], "processes of the session")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(server.path("tmp/hanging"))
    with Raw(server, 3) as raw:
        session = server.session()
        handle = opened(raw, "unjudged")
        write(raw, handle, b"hang\n")
        raw.send(bytes([4]) + num(99) + string(handle))
        wait_for(lambda: os.path.exists(server.path("tmp/hanging")) and
                 os.path.getsize(server.path("tmp/hanging")), "the program")
        os.kill(children(session)[0], signal.SIGKILL)
        answer = raw.receive()
        expect_same(answer[5:9], num(PERMISSION_DENIED), "CLOSE")
        expect(b"has ended" in answer, answer)
        expect_same(children(session), [], "processes of the session")
        with open(server.path("tmp/hanging")) as file:
            os.kill(int(file.read()), signal.SIGKILL)
    expect(not os.path.exists(server.home("unjudged")), "it is there")
    nothing_left(server)


@promise("a large file is copied piece by piece, and completely")
def _():
    data = b"good\n" + os.urandom(70 << 20)
    server.put("large", data)
    with Raw(server, 3) as raw:
        handle = opened(raw, "large", WRITE)
        write(raw, handle, b"end", len(data))
        expect_same(close(raw, handle)[0], OK, "CLOSE")
    expect(server.get("large") == data + b"end", "other content")
    os.unlink(server.home("large"))
    nothing_left(server)


@promise("a signal while a file is opened leaves nothing")
def _():
    srv = with_program(Server(CHECK + " tell\n"))
    srv.env["LD_PRELOAD"] = preload(srv, "ended", ENDED)
    srv.put("old", b"old\n")
    srv.start()
    try:
        for name, flags in (("new", WRITE | CREAT | TRUNC), ("old", WRITE)):
            with Raw(srv, 3) as raw:
                raw.send(bytes([3]) + num(99) + string(name.encode())
                         + num(flags) + num(0))
                expect_same(raw.receive(), None, "the answer")
            srv.no_sessions()
            expect_same(os.listdir(srv.home()), ["old"], "files")
        expect("unclosed file handle" not in srv.log("sftp.log"),
               "it was opened")
    finally:
        srv.stop_clean()


@promise("the session that is ended while it copies a file does not finish the "
         "copy, and leaves none; others are served meanwhile")
def _():
    server.put("big", b"good\n")
    os.truncate(server.home("big"), 1 << 30)
    try:
        shared = run(["cp", "--reflink=always", server.home("big"),
                      server.path("shared")])
        if shared.returncode == 0:
            skip("the copy shares its blocks")
        before = set(os.listdir(server.home()))
        mark = server.mark_logs()
        with Raw(server, 3) as raw:
            pid = server.session()
            raw.send(bytes([3]) + num(99) + string(b"big") + num(WRITE)
                     + num(0))
            wait_for(lambda: set(os.listdir(server.home())) != before,
                     "the copy")
            with Raw(server, 3, beside=raw) as other:
                expect_same(other.ask(17, string(b"big"))[0], ATTRS, "STAT")
                expect(not raw.channel.recv_ready(), "it waited for the copy")
            os.kill(pid, signal.SIGTERM)
            server.no_sessions()
        expect_same(set(os.listdir(server.home())), before, "files")
        expect("unclosed file handle" not in server.logs_since(mark),
               "it was opened")
    finally:
        os.unlink(server.home("big"))


@promise("the TransferLog says complete or incomplete, the ExtendedLog why")
def _():
    for name, how in (("new", "c"), ("bad", "i"), ("s", "i")):
        server.wait_log("transfer.log", r" \S*/%s b _ i r alice \S+ \S+ \S+ "
                        "%s$" % (name, how))
    for line in (r"STOR /new 226 Transfer complete", r"STOR /bad 550 .*refused "
                 "by a check: bad: bad one", r"STOR /s 550 .*bad: bad scp",
                 r"STOR /secret/x 550 .*refused by a check of the server"):
        server.wait_log("ext.log", "^" + line + "$")


@promise("the session stays confined: no programs, and no root")
def _():
    server.wait_log("sftp.log", "session confined: no new privileges")
    expect("open: programs" not in server.log("sftp.log"), "programs")
    with Raw(server, 3) as raw:
        pid = server.session()
        expect_same(len(children(pid)), 1, "processes of checks")
        checker = "/proc/%d" % children(pid)[0]
        expect_same(upload(raw, "new", b"good\n")[0], OK, "CLOSE")
        with open(checker + "/status") as file:
            ids = re.search(r"^Uid:\t(.*)$", file.read(), re.M).group(1)
        expect_same(set(ids.split()), {str(NOBODY)}, "its user")
    wait_for(lambda: not os.path.exists(checker), "its end")


@promise("the process that runs them is a program of its own: it has nothing "
         "of the session's memory, files and environment")
def _():
    with Raw(server, 3):
        checker = "/proc/%d/" % children(server.session())[0]
        wait_for(lambda: os.readlink(checker + "exe") == os.path.join(
            os.path.dirname(os.path.realpath(server.path(
                "modules/mod_sftp.so"))), "sftp-check"), "the program")
        wait_for(lambda: len(os.listdir(checker + "fd")) == 4, "four files")
        expect_same([os.readlink(checker + "fd/%d" % fd) for fd in range(3)],
                    3 * ["/dev/null"], "standard descriptors")
        with open(checker + "environ") as file:
            expect_same([one.split("=")[0] for one in
                         file.read().split("\0")[:-1]],
                        ["PATH", "USER", "LOGNAME", "SSH_CONNECTION"],
                        "environment")


@promise("in a virtual root of mod_vroot it is the same")
def _():
    if vroot is None:
        skip("the host has no mod_vroot")
    vroot.mkdir("folder")
    vroot.put("v", b"old")
    with Raw(vroot, 3) as raw:
        expect_same(upload(raw, "v", b"bad\n")[0], PERMISSION_DENIED, "bad")
        expect_same(vroot.get("v"), b"old", "content")
        status, text = upload(raw, "v", b"tells\n")
        expect(" alice /v 6 " in text, text)
        expect_same(upload(raw, "v", b"good\n")[0], OK, "good")
        handle = opened(raw, "v", WRITE | APPEND)
        write(raw, handle, b"more")
        expect_same(close(raw, handle)[0], OK, "appended")
        handle = opened(raw, "folder/n")
        write(raw, handle, b"good\n")
        reader = opened(raw, "folder/n", READ)
        expect_same(raw.ask(5, string(reader) + quad(0) + num(100))[1],
                    string(b"good\n"), "read before it has its name")
        expect_same(close(raw, reader)[0], OK, "CLOSE of the reader")
        expect_same(close(raw, handle)[0], OK, "CLOSE")
    expect_same(vroot.get("v"), b"good\nmore", "content")
    expect_same(vroot.get("folder/n"), b"good\n", "content")
    nothing_left(vroot)
    nothing_left(vroot, "folder")


@promise("sshfs: files are made, closed, opened again at once, renamed and "
         "removed; a refused one is not there")
def _():
    with Mounted(server) as mnt:
        for number in range(20):
            path, other = "%s/m%d" % (mnt, number), "%s/n%d" % (mnt, number)
            for how, data in (("wb", b"good "), ("ab", b"more "),
                              ("r+b", b"good!")):
                with open(path, how) as file:
                    file.write(data)
            with open(path, "rb") as file:
                expect_same(file.read(), b"good!more ", "content")
            os.chmod(path, 0o640)
            with open(path, "r+b") as file:
                file.write(b"good!")
                file.flush()
                os.rename(path, other)
                file.write(b"more!")
            # The mount sends CLOSE when it likes.
            wait_for(lambda at="n%d" % number: server.get(at) == b"good!more!",
                     "the new content")
            os.unlink(other)
        with open(mnt + "/refused", "wb") as file:
            file.write(b"bad\n")
        server.wait_log("sftp.log", "upload to '/refused' refused")
    expect(not os.path.exists(server.home("refused")), "it is there")
    nothing_left(server)


class Rootless(ByNobody, FtpServer):
    pass


@promise("a daemon without root runs checks as its own user, and FTP is not "
         "checked")
def _():
    check = ("SFTPUploadCheck exec:/bin/false user daemon tell\n"
             "<Directory @DIR@/home/alice/fine>\n"
             "  SFTPUploadCheck exec:/bin/true user daemon\n</Directory>\n")
    less = Rootless(check, check + "DefaultRoot /\n", drop=("DefaultRoot",))
    less.mkdir("fine")
    less.start()
    try:
        local = less.local("x", b"data")
        expect(less.sftp("put %s %s" % (local, less.home("x"))).returncode
               != 0, "it was accepted")
        must(less.sftp("put %s %s" % (local, less.home("fine/x"))))
        ftp = less.ftp()
        ftp.storbinary("STOR " + less.home("ftp"), io.BytesIO(b"data"))
        ftp.quit()
        expect_same(sorted(os.listdir(less.home())), ["fine", "ftp"], "files")
        expect_same(less.get("fine/x"), b"data", "content")
    finally:
        less.stop_clean()


@promise("mod_exec may run programs in a session, and checks are as they are")
def _():
    if not has_module("mod_exec.so"):
        skip("no mod_exec")
    srv = with_program(Server(
        "ExecEngine on\nExecOnCommand MKD /bin/true\n"
        "ExecOnCommand STOR /bin/false\n" + CHECK + " tell\n",
        modules=("mod_exec",))).start()
    try:
        refused(srv, "x", b"tells\n", "%d %d / 5 alice /x 6 " % (NOBODY,
                                                                 NOBODY))
        srv.wait_log("sftp.log", "open: programs")
        with Raw(srv, 3) as raw:
            expect_same(upload(raw, "x", b"good\n")[0], OK, "STOR's program")
    finally:
        srv.stop_clean()


@promise("a wrong directive stops the start, and says why")
def _():
    def stops(line, *texts):
        srv = with_program(Server(line + "\n"))
        with open(srv.path("bin/text"), "w"):
            pass
        os.symlink("/bin/sh", srv.path("bin/sh"))
        os.chmod(srv.path("bin/gone"), 0o777)
        said_it = srv.refuses_to_start()
        for text in texts:
            expect(text in said_it, "%s: %s" % (line, said_it))

    stops("SFTPUploadCheck", "expected exec:/path")
    stops("SFTPUploadCheck /bin/true", "expected exec:/path")
    stops("SFTPUploadCheck exec:bin/true", "absolute path")
    stops("SFTPUploadCheck exec:/nonexistent/x", "No such file")
    stops("SFTPUploadCheck exec:@DIR@/bin/gone", "others than root")
    stops("SFTPUploadCheck exec:@DIR@/bin/text", "not executable")
    stops('SFTPUploadCheck "exec:/bin/true %f"', "unknown token '%f'", "%p")
    stops("SFTPUploadCheck exec:/bin/true user nosuchuser", "no such user")
    stops("SFTPUploadCheck exec:/bin/true user root", "is root")
    stops("SFTPUploadCheck \"exec:/bin/true \1\"", "control characters")
    stops("SFTPUploadCheck exec:/bin/true timeout 0", "1 to 600")
    stops("SFTPUploadCheck exec:/bin/true timeout 601", "1 to 600")
    stops("SFTPUploadCheck exec:/bin/true timeout", "unexpected word")
    stops("SFTPUploadCheck exec:/bin/true loud", "accepted: user NAME")
    stops("SFTPUploadCheck none tell", "expected exec:/path")
    stops("SFTPUploadCheck exec:/bin/true user daemon\n<Directory /x>\n"
          "SFTPUploadCheck exec:/bin/true\n</Directory>",
          "SFTPUploadCheck with user daemon, line ",
          "SFTPUploadCheck with user nobody, line ", "exclude each other")


@promise("without the program that runs checks the daemon does not start")
def _():
    srv = Server("SFTPIsolation off\nSFTPUploadCheck exec:/bin/true\n")
    os.unlink(srv.path("modules/mod_sftp.so"))
    shutil.copy(MODULE, srv.path("modules/mod_sftp.so"))
    expect("SFTPUploadCheck: unable to run '%s': No such file" % srv.path(
        "modules/sftp-check") in srv.refuses_to_start(), "it does not say so")


@promise("the check reads the file that was opened for the upload, whatever "
         "stands under its name")
def _():
    srv = with_program(Server(CHECK + " tell\nDefaultRoot /\n",
                              drop=("DefaultRoot",)))
    srv.env["LD_PRELOAD"] = preload(srv, "swap", SWAP)
    srv.mkdir("swapped")
    srv.put("swapped/decoy", b"good decoy\n")
    srv.start()
    try:
        with Raw(srv, 3) as raw:
            kind, _ = raw.ask(3, string(srv.home("swapped/new").encode())
                              + num(WRITE | CREAT | TRUNC) + num(0))
            expect_same(kind, 101, "OPEN")
        expect_same(os.listdir(srv.home("swapped")), ["decoy"], "files")
        with Raw(srv, 3) as raw:
            expect_same(upload(raw, srv.home("good"), b"good\n")[0], OK,
                        "another one")
    finally:
        srv.stop_clean()


main(server, *([vroot] if vroot else []))
