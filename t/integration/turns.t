#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Long work of one channel: the others are served meanwhile, and it ends with
the client.  Renames to another file system, and transfers with a rate."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from rawsftp import Raw, string
from server import GID, UID, Server, wait_for

STAT, RENAME = 17, 18
MANY = 256 << 20

srv = Server("", drop=("DefaultRoot",))
far = tempfile.mkdtemp(dir="/dev/shm")
atexit.register(shutil.rmtree, far, True)
os.chown(far, UID, GID)
APART = os.stat(far).st_dev != os.stat(srv.dir).st_dev
# Nothing else may use the memory meanwhile.
ROOM = shutil.disk_usage("/dev/shm").free > MANY + (64 << 20)


def there(name):
    return os.path.join(far, name)


def rename(name):
    return RENAME, string(srv.home(name).encode()) + string(
        there(name).encode())


def begin_rename(raw, name):
    """Sends it, and stops the session when it has begun to copy."""
    [session] = wait_for(lambda: len(srv.sessions()) == 1 and srv.sessions(),
                         "those before to end")
    # The session does not get ahead of who looks for its copy.
    os.setpriority(os.PRIO_PROCESS, session, 19)
    raw.send(raw._begin(*rename(name)))
    wait_for(lambda: os.listdir(far), "the copy to begin", every=0.001)
    os.kill(session, signal.SIGSTOP)
    expect(os.path.exists(srv.home(name)), "it was over at once")
    return session


def go_on(session):
    os.setpriority(os.PRIO_PROCESS, session, 0)
    os.kill(session, signal.SIGCONT)


def note_arrivals(order, **raws):
    """Whose answers come, in the order of the connection."""
    def noting(name, feed):
        def note(data):
            order.append(name)
            feed(data)
        return note
    for name, raw in raws.items():
        pipe = raw.channel.in_buffer
        pipe.feed = noting(name, pipe.feed)


def large(name):
    """A file with bytes everywhere, and no time to make them."""
    path = srv.put(name)
    with open(path, "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, MANY)
        for at in range(0, MANY, 64 << 20):
            file.seek(at)
            file.write(b"%16d" % at)
    return path


@promise("a rename to another file system keeps bytes, holes, mode and times")
def _():
    if not APART:
        skip("/dev/shm is not another file system")
    path = srv.put("holes", mode=0o640)
    with open(path, "r+b") as file:
        file.write(b"first" * 1000)
        file.seek(20 << 20)
        file.write(b"second" * 100000)
        file.truncate(MANY)
    os.utime(path, (1000000000, 1000000001))
    data = {}
    for at in (0, 4990, 10 << 20, 20 << 20, (20 << 20) + 599990, MANY - 9):
        with open(path, "rb") as file:
            file.seek(at)
            data[at] = file.read(16)
    with Raw(srv, 3) as raw:
        begin = time.monotonic()
        expect_same(raw.status(*rename("holes")), 0, "the rename")
        took = time.monotonic() - begin
    st = os.stat(there("holes"))
    expect_same((st.st_size, st.st_mode & 0o7777, int(st.st_mtime), st.st_uid),
                (MANY, 0o640, 1000000001, UID), "the attributes")
    expect(st.st_blocks * 512 < 2 << 20, "%d blocks" % st.st_blocks)
    expect(took < 20, "%.1f s" % took)
    for at, wanted in data.items():
        with open(there("holes"), "rb") as file:
            file.seek(at)
            expect_same(file.read(16), wanted, "bytes from %d on" % at)
    expect(not os.path.lexists(path), "the source is still there")
    os.unlink(there("holes"))


@promise("others are served during it")
def _():
    if not (APART and ROOM):
        skip("/dev/shm is not another file system with room")
    large("large")
    with Raw(srv, 3) as a, Raw(srv, 3, beside=a) as b:
        session, order = begin_rename(a, "large"), []
        note_arrivals(order, a=a, b=b)
        for _ in range(4):
            b.send(b._begin(STAT, string(b"/")))
        go_on(session)
        for raw in (a, b, b, b, b):
            expect(raw.receive(), "a channel ended")
    expect(order.index("a") > order.index("b"), "answers of %s" % order)
    expect_same(os.stat(there("large")).st_size, MANY, "the size")
    expect_same(os.listdir(far), ["large"], "what is there")
    os.unlink(there("large"))


@promise("it ends with the client, and leaves nothing there")
def _():
    if not (APART and ROOM):
        skip("/dev/shm is not another file system with room")
    path = large("left")
    with Raw(srv, 3) as a:
        session = begin_rename(a, "left")
        a.transport.sock.close()
        go_on(session)
    srv.no_sessions()
    expect(os.path.exists(path), "the source has gone")
    expect_same(os.listdir(far), [], "what is there")
    os.unlink(path)


@promise("a source that is written to meanwhile stays, and its copy goes")
def _():
    if not (APART and ROOM):
        skip("/dev/shm is not another file system with room")
    path = large("busy")
    with Raw(srv, 3) as a:
        session = begin_rename(a, "busy")
        with open(path, "r+b") as file:
            file.write(b"changed")
        go_on(session)
        wait_for(lambda: not os.listdir(far), "the copy to go")
    with open(path, "rb") as file:
        expect_same(file.read(7), b"changed", "the source")
    os.unlink(path)


main(srv)
