#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What no client should send, in each version of SFTP: the right STATUS,
nothing leaked, nothing touched outside of the root."""

import os
import select
import stat
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import PRELOAD, UID, Server, wait_for
from rawsftp import HANDLE, STATUS, Raw, num, quad, string

srv = Server("SFTPExtensions +xattr +vendorID\n")
VERSIONS = (1, 2, 3, 4, 5, 6)

OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = range(3, 11)
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT = range(11, 18)
RENAME, READLINK, SYMLINK, LINK, BLOCK, UNBLOCK = range(18, 24)
EXTENDED = 200
SINCE = {RENAME: 2, READLINK: 3, SYMLINK: 3, EXTENDED: 3, LINK: 6, BLOCK: 6,
         UNBLOCK: 6}

BAD_MESSAGE = 5


def since(version, newer, older=4):
    """A status that came with a version; FAILURE before."""
    return lambda spoken: newer if spoken >= version else older


BAD_HANDLE = since(4, 9)
BAD_PARAMETER = since(6, 23)
BAD_NAME = since(6, 20)


def each_version(text):
    def register(func):
        for version in VERSIONS:
            promise("version %d: %s" % (version, text))(
                lambda version=version: func(version))
        return func
    return register


def attrs(version):
    """Modes and nothing else."""
    return num(4) + (b"\1" if version >= 4 else b"") + num(0o644)


def reading(version):
    return num(1) + num(2) if version >= 5 else num(1)


def writing(version):
    return num(2) + num(3) if version >= 5 else num(2 | 8)


def fields(version, kind, path, handle):
    """All that belongs to a request, and places where it may end before."""
    wants = num(1) if version >= 4 else b""
    path, other = string(path), string(b"/no/where")
    body = {
        OPEN: path + reading(version) + attrs(version),
        CLOSE: string(handle),
        READ: string(handle) + quad(0) + num(10),
        WRITE: string(handle) + quad(0) + string(b"data"),
        LSTAT: path + wants, STAT: path + wants,
        FSTAT: string(handle) + wants,
        SETSTAT: path + attrs(version),
        FSETSTAT: string(handle) + attrs(version),
        OPENDIR: path, READDIR: string(handle), REMOVE: path,
        MKDIR: path + attrs(version), RMDIR: path,
        REALPATH: path + (b"\1" + other if version >= 6 else b""),
        RENAME: path + other + (num(0) if version >= 5 else b""),
        READLINK: path, SYMLINK: path + other,
        LINK: other + path + b"\0",
        BLOCK: string(handle) + quad(0) + quad(1) + num(0x80),
        UNBLOCK: string(handle) + quad(0) + quad(1),
        EXTENDED: string(b"posix-rename@openssh.com") + path + other,
    }[kind]
    ends = set()
    if kind in (LSTAT, STAT, FSTAT):
        ends = {len(body) - len(wants)}
    elif kind == REALPATH and version >= 6:
        ends = {len(path), len(path) + 1}
    elif kind == RENAME and version >= 5:
        ends = {len(body) - 4}
    return body, ends


def kinds(version):
    return [kind for kind in list(range(OPEN, UNBLOCK + 1)) + [EXTENDED]
            if version >= SINCE.get(kind, 1)]


def code(answer):
    kind, left = answer
    return struct.unpack(">I", left[:4])[0] if kind == STATUS else None


# ---- Nothing leaked, nothing touched

def descriptors(pid):
    return sorted(os.readlink("/proc/%d/fd/%s" % (pid, fd))
                  for fd in os.listdir("/proc/%d/fd" % pid)
                  if os.path.lexists("/proc/%d/fd/%s" % (pid, fd)))


class Watched(Raw):
    """A session that is to hold the same files in the end as before."""

    def __enter__(self):
        super().__enter__()
        self.status(STAT, string(b"/"))
        self.pid = srv.session()
        self.before = descriptors(self.pid)
        return self

    def __exit__(self, *why):
        if why[0] is None:
            expect_same(descriptors(self.pid), self.before, "descriptors")
        super().__exit__(*why)


def tree(top):
    """All there is, with content and times."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files + ["."]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            text = b""
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as file:
                    text = file.read()
            found[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_nlink,
                           st.st_mtime_ns, text)
    return found


# ---- Truncated, too long, lengths that lie

@each_version("each request, cut at each byte or one too long")
def _(version):
    srv.put("cut", b"0123456789")
    with Watched(srv, version) as raw:
        handle = raw.open_with("/cut", num(3) + num(2) if version >= 5
                               else num(3))
        for kind in kinds(version):
            body, ends = fields(version, kind, b"/no", handle)
            answers = raw.ask_all([(kind, body[:n]) for n in range(len(body))
                                   if n not in ends] + [(kind, body + b"\0")],
                                  timeout=60)
            if kind == WRITE:       # what follows its data is nobody's
                expect_same(code(answers.pop()), 0, "WRITE with a byte more")
            expect_same({code(answer) for answer in answers}, {BAD_MESSAGE},
                        "type %d" % kind)
        expect_same(raw.status(CLOSE, string(handle)), 0, "CLOSE")
    expect_same(srv.get("cut")[4:], b"456789", "content")


@each_version("strings that are longer than the request")
def _(version):
    with Watched(srv, version) as raw:
        for kind in kinds(version):
            for size in (5, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1):
                expect_same(raw.status(kind, num(size) + b"/abc"),
                            BAD_MESSAGE, "type %d, %d bytes" % (kind, size))


@each_version("lengths of requests that cannot be")
def _(version):
    for size in (0, 4, 2 ** 19 + 1, 2 ** 31, 2 ** 32 - 1):
        with Raw(srv, version) as raw:
            raw.channel.sendall(num(size) + bytes([STAT]) + num(1))
            expect(raw.ended(), "a request of %d bytes was read" % size)


# ---- Handles

@each_version("handles: forged, closed, of the wrong kind, of another channel")
def _(version):
    srv.put("h", b"h")
    with Watched(srv, version) as one, Raw(srv, version, beside=one) as two:
        bad = BAD_HANDLE(version)
        handle = one.open_with("/h", num(3) + num(2) if version >= 5
                               else num(3))
        folder = one.ask(OPENDIR, string(b"/"))[1][4:]
        closed = one.open_with("/h", reading(version))
        expect_same(one.status(CLOSE, string(closed)), 0, "CLOSE")
        users = [kind for kind in (CLOSE, READ, WRITE, FSTAT, FSETSTAT,
                                   READDIR, BLOCK, UNBLOCK)
                 if kind in kinds(version)]
        for raw, wrong in ((one, b""), (one, b"x" * 16), (one, b"\0" * 16),
                           (one, handle + b"x"), (one, handle[:-1]),
                           (one, handle[:-4] + b"ffff"), (one, closed),
                           (one, b"h" * 100000), (two, handle),
                           (two, folder)):
            for kind in users:
                body = fields(version, kind, b"", wrong)[0]
                expect_same(raw.status(kind, body), bad,
                            "type %d with %r" % (kind, wrong[:20]))
        expect_same(one.status(READDIR, string(handle)), bad,
                    "READDIR of a file")
        for kind in (READ, WRITE):
            expect(one.status(kind, fields(version, kind, b"", folder)[0])
                   in (3, bad), "type %d of a directory" % kind)
        for handle in (handle, folder):
            expect_same(one.status(CLOSE, string(handle)), 0, "CLOSE")
    expect_same(srv.get("h"), b"h", "content")


@each_version("thousands of handles: none is lost")
def _(version):
    srv.put("many", b"many")
    body = string(b"/many") + reading(version) + attrs(version)
    with Watched(srv, version) as raw:
        answers = raw.ask_all([(OPEN, body), (OPENDIR, string(b"/"))] * 1500,
                              timeout=60)
        handles = [left[4:] for kind, left in answers if kind == HANDLE]
        refused = {code(answer) for answer in answers if answer[0] == STATUS}
        # The soft limit of descriptors, 1024 mostly, is not the end.
        expect_same(len(set(handles)), 3000, "handles; %s" % refused)
        closed = raw.ask_all([(CLOSE, string(handle)) for handle in handles],
                             timeout=60)
        expect_same({code(answer) for answer in closed}, {0}, "CLOSE")
        expect_same(raw.read_all("/many"), b"many", "afterwards")


# ---- Numbers and names

@each_version("offsets and sizes beyond 2^63")
def _(version):
    srv.put("far", b"far")
    with Watched(srv, version) as raw:
        handle = raw.open_with("/far", num(3) + num(2) if version >= 5
                               else num(3))
        wrong = BAD_PARAMETER(version)
        for offset in (2 ** 63 - 1, 2 ** 63, 2 ** 64 - 10, 2 ** 64 - 1):
            expect_same(raw.status(READ, string(handle) + quad(offset)
                                   + num(10)), wrong, "READ at %d" % offset)
            expect(raw.status(WRITE, string(handle) + quad(offset)
                              + string(b"x" * 10)) in
                   (wrong, 14 if version >= 5 else 4), "WRITE at %d" % offset)
        for size in (2 ** 63, 2 ** 64 - 1):
            expect(raw.status(SETSTAT, string(b"/far") + num(1)
                              + (b"\1" if version >= 4 else b"")
                              + quad(size)) in
                   (wrong, 14 if version >= 5 else 4), "a size of %d" % size)
        expect_same(raw.status(READ, string(handle) + quad(3)
                               + num(2 ** 32 - 1)), 1, "READ at the end")
        expect_same(raw.status(CLOSE, string(handle)), 0, "CLOSE")
    expect_same(srv.get("far"), b"far", "content")


PATHS = [kind for kind in range(OPEN, UNBLOCK) if kind not in
         (CLOSE, READ, WRITE, FSTAT, FSETSTAT, READDIR, BLOCK)] + [EXTENDED]


@each_version("names with NUL")
def _(version):
    with Watched(srv, version) as raw:
        for name in (b"/a\0b", b"\0", b"/far\0"):
            for kind in PATHS:
                if kind in kinds(version):
                    body = fields(version, kind, name, b"")[0]
                    expect_same(raw.status(kind, body), BAD_MESSAGE,
                                "type %d" % kind)


@each_version("paths of 100 KiB, of one name and of many")
def _(version):
    long = {b"/" + b"n" * 102400: {BAD_NAME(version)},
            b"/d" * 51200: {BAD_NAME(version)},
            # These are "/x", which is not there.
            b"../" * 34000 + b"x": {2}}
    with Watched(srv, version) as raw:
        for name, wanted in long.items():
            for kind in PATHS:
                if kind not in kinds(version) or kind in (REALPATH, MKDIR,
                                                          SYMLINK):
                    continue
                body = fields(version, kind, name, b"")[0]
                expect(raw.status(kind, body) in wanted | {2}, "type %d: %r"
                       % (kind, raw.status(kind, body)))
            for kind in (MKDIR, SYMLINK):
                if kind in kinds(version) and wanted != {2}:
                    body = fields(version, kind, name, b"")[0]
                    expect(raw.status(kind, body) not in (0, None),
                           "type %d" % kind)
    expect(not os.path.lexists(srv.home("x")), "/x was made")


# ---- The root

@promise("nothing outside of the root is revealed, read, created, changed or "
         "removed")
def _():
    outside = srv.path("outside")
    os.mkdir(outside)
    for name in ("secret", "sub/secret"):
        os.makedirs(os.path.dirname(os.path.join(outside, name)),
                    exist_ok=True)
        with open(os.path.join(outside, name), "w") as out:
            out.write("secret")
    for folder, folders, files in os.walk(outside):
        os.chmod(folder, 0o777)
        os.chown(folder, UID, -1)
        for name in files:
            os.chmod(os.path.join(folder, name), 0o666)
    os.symlink(outside, srv.home("out"))
    os.symlink(outside + "/secret", srv.home("out-file"))
    os.symlink("../" * 20 + outside.lstrip("/") + "/secret",
               srv.home("out-up"))
    os.symlink("/proc/1/root" + outside, srv.home("out-proc"))
    srv.put("inside", b"inside")
    before = tree(outside)
    paths = [b"/out/secret", b"/out/new", b"/out-file", b"/out-up",
             b"/out-proc/secret", b"/../../.." + outside.encode()
             + b"/secret", b"../outside/secret", b"out/../../outside/new",
             outside.encode() + b"/secret", b"/out/sub"]
    for version in VERSIONS:
        with Watched(srv, version) as raw:
            for path in paths:
                link = path.startswith(b"/out-") and b"/s" not in path
                for kind in PATHS:
                    if kind not in kinds(version) or kind in (
                            REALPATH, READLINK, LSTAT):
                        continue
                    # These are about the links themselves.
                    if link and kind in (REMOVE, RENAME, SYMLINK, EXTENDED):
                        continue
                    body = fields(version, kind, path, b"")[0]
                    answer = raw.ask(kind, body)
                    expect(code(answer) not in (0, None),
                           "version %d: type %d of %r" % (version, kind,
                                                          path))
                kind, left = raw.ask(OPEN, string(path) + writing(version)
                                     + attrs(version))
                expect(kind == STATUS, "%r was opened" % path)
                if version >= 2 and not link:
                    expect(raw.status(RENAME, string(b"/inside")
                                      + string(path)
                                      + (num(1) if version >= 5 else b""))
                           not in (0, None), "RENAME onto %r" % path)
                for name, tail in (
                        (b"copy-file", string(b"/copied") + b"\0"),
                        (b"check-file-name", string(b"md5") + quad(0)
                         + quad(0) + num(0)),
                        (b"hardlink@openssh.com", string(b"/hard")),
                        (b"statvfs@openssh.com", b""),
                        (b"listxattr@proftpd.org", num(4096))):
                    if version >= 3 and not (
                            link and name[:4] in (b"hard", b"list")):
                        expect(code(raw.ask(EXTENDED, string(name)
                                            + string(path) + tail))
                               not in (0, None), name)
        expect_same(tree(outside), before, "what is outside")
    for name in ("copied", "hard", "new"):
        expect(not os.path.exists(srv.home(name)), name)


# ---- Many

def private_kib(pid):
    """Of a session that was left alone for a while: it gives its buffers
    back, which grow with what happens to be under way."""
    def look():
        with open("/proc/%d/smaps_rollup" % pid) as rollup:
            return sum(int(line.split()[1]) for line in rollup
                       if line.startswith("Private_"))

    def settled():
        before = look()
        select.select([], [], [], 3)
        return before if look() == before else None

    return wait_for(settled, "a session that sleeps")


def many(raw, top):
    """Some thousand requests that leave all as it was."""
    file, other = string(top + b"/file"), string(top + b"/other")
    for _ in range(50):
        answers = raw.ask_all([
            (RENAME, file + other), (STAT, other), (RENAME, other + file),
            (MKDIR, other + attrs(3)), (SETSTAT, other + attrs(3)),
            (RMDIR, other), (SYMLINK, file + other), (READLINK, other),
            (STAT, other), (REALPATH, other), (REMOVE, other),
            (STAT, other), (CLOSE, other)] * 20, timeout=60)
        refused = [one for one in answers if code(one) not in (None, 0)]
        expect_same(len(refused), 40, "refused of %d" % len(answers))
        handles = [raw.open_with((top + b"/file").decode(), writing(3))
                   for _ in range(20)]
        raw.ask_all([(kind, string(handle) + tail) for handle in handles
                     for kind, tail in ((WRITE, quad(0) + string(b"data")),
                                        (FSTAT, b""), (CLOSE, b""))])


@promise("a session of many requests needs no more memory than one of few")
def _():
    if PRELOAD:
        skip("a sanitizer keeps what was freed")
    # Who forgets to free a path forgets a lot.
    top = "long" * 50
    srv.mkdir(top)
    srv.put(top + "/file", b"x")
    with Raw(srv, 3) as raw:
        pid = srv.session()
        # What every session needs comes first.
        for _ in range(2):
            many(raw, b"/" + top.encode())
        before = private_kib(pid)
        # A buffer of 300 KiB is there or given back when we look: what grows
        # does so each time.
        for _ in range(4):
            many(raw, b"/" + top.encode())
        more = private_kib(pid) - before
    expect(more < 4 * 150, "%d KiB more" % more)


# ---- INIT

@promise("requests before INIT end the session, whatever they are")
def _():
    for kind in list(range(2, 25)) + [0, 100, 101, 105, 200, 201, 255]:
        with Raw(srv, None) as raw:
            raw.send(bytes([kind]) + num(1) + string(b"/") + num(1))
            expect(raw.ended(), "type %d before INIT was answered" % kind)


@promise("INIT twice: open files stay open, the version is the new one")
def _():
    srv.put("again", b"again")
    for first in VERSIONS:
        with Watched(srv, first) as raw:
            handle = raw.open_with("/again", reading(first))
            for second in VERSIONS:
                raw.init(second)
                expect_same(raw.version, second, "VERSION")
                kind, left = raw.ask(READ, string(handle) + quad(0) + num(5))
                expect_same(raw.cut(left)[0], b"again", "READ")
            expect_same(raw.status(CLOSE, string(handle)), 0, "CLOSE")


@promise("INIT of version 0 and of the largest number, and a truncated INIT")
def _():
    with Raw(srv, 0, must=False) as raw:
        expect_same(raw.version, None, "version 0 was answered")
    with Raw(srv, 2 ** 32 - 1) as raw:
        expect_same(raw.version, 6, "version")
    for body in (b"", b"\0", num(3)[:3]):
        with Raw(srv, None) as raw:
            raw.send(b"\1" + body)
            expect(raw.ended(), "INIT of %d bytes was answered" % len(body))


main(srv)
