#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: acl lftp python3-asyncssh python3-paramiko

"""SFTP versions 1 to 6: asyncssh and lftp, and messages made by hand."""

import asyncio
import io
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from ftphost import FtpServer, ftp_says
from server import (GID, UID, Server, client, must, run,
                    wait_for)
from rawsftp import ATTRS, NAME, STATUS, Raw, num, quad, string

srv = FtpServer()
latin = Server("UseEncoding ISO-8859-1 UTF-8\nSFTPExtensions +vendorID\n"
               "SFTPClientMatch paramiko sftpUTF8ProtocolVersion 4\n")
picky = Server("SFTPClientMatch .* sftpProtocolVersion 4-5\n"
               "SFTPOptions IncludeSFTPTimes IgnoreSFTPSetPerms\n")

DATA = os.urandom(1500001)
VERSIONS = (3, 4, 5, 6)


# ---- asyncssh

def with_asyncssh(version, func, server=srv):
    try:
        import asyncssh
    except ImportError:
        skip("asyncssh is not here")

    async def session():
        async with asyncssh.connect(
                "127.0.0.1", server.port, username=server.user,
                client_keys=[server.key], known_hosts=server.known_hosts(),
                config=None) as conn:
            async with conn.start_sftp_client(sftp_version=version) as sftp:
                expect_same(sftp.version, version, "version")
                await func(asyncssh, sftp)

    asyncio.run(asyncio.wait_for(session(), 60))


def each_version(text, versions=VERSIONS):
    def register(func):
        for version in versions:
            promise("asyncssh, version %d: %s" % (version, text))(
                lambda version=version: with_asyncssh(
                    version, lambda lib, sftp: func(version, lib, sftp)))
    return register


@each_version("files go both ways unharmed")
async def _(version, lib, sftp):
    name = "data%d" % version
    with open(srv.local(name), "wb") as out:
        out.write(DATA)
    await sftp.put(srv.local(name), name)
    expect(srv.get(name) == DATA, "the upload differs")
    await sftp.get(name, srv.local(name + ".back"))
    with open(srv.local(name + ".back"), "rb") as file:
        expect(file.read() == DATA, "the download differs")


@each_version("open modes do what they say")
async def _(version, lib, sftp):
    name = "modes%d" % version
    async with sftp.open(name, "w") as file:
        await file.write("abc")
    async with sftp.open(name, "a") as file:
        await file.write("def")
    expect_same(srv.get(name), b"abcdef", "append")
    async with sftp.open(name, "r+") as file:
        await file.write("X")
        expect_same(await file.read(), "bcdef", "read behind a write")
    expect_same(srv.get(name), b"Xbcdef", "update")
    try:
        async with sftp.open(name, "x"):
            expect(False, "x opened what is there")
    except lib.SFTPError as why:
        expect_same(why.code, 11 if version >= 4 else 4, "code of EEXIST")
    async with sftp.open(name, "w") as file:
        pass
    expect_same(srv.get(name), b"", "truncated")
    try:
        await sftp.open("nowhere%d" % version, "r")
        expect(False, "opened what is not there")
    except lib.SFTPError as why:
        expect_same(why.code, 2, "code of ENOENT")


@each_version("attributes are the file's, and can be set")
async def _(version, lib, sftp):
    name = "attrs%d" % version
    path = srv.put(name, b"12345", 0o640)
    os.utime(path, ns=(1111111111123456000, 1222222222654321000))
    info = await sftp.stat(name)
    expect_same(info.size, 5, "size")
    expect_same(stat.S_IMODE(info.permissions), 0o640, "mode")
    expect_same(int(info.atime), 1111111111, "atime")
    expect_same(int(info.mtime), 1222222222, "mtime")
    if version == 3:
        expect_same((info.uid, info.gid), (UID, GID), "ids")
    else:
        expect_same((info.owner, info.group), ("alice", "staff"), "names")
        expect_same(info.type, 1, "type")
        expect_same((info.atime_ns, info.mtime_ns), (123456000, 654321000),
                    "nanoseconds")
    await sftp.chmod(name, 0o604)
    await sftp.truncate(name, 2)
    await sftp.utime(name, (1000000000, 1100000000))
    now = os.stat(path)
    expect_same(stat.S_IMODE(now.st_mode), 0o604, "chmod")
    expect_same((int(now.st_atime), int(now.st_mtime)),
                (1000000000, 1100000000), "utime")
    expect_same(now.st_size, 2, "truncate")
    expect_same((await sftp.lstat("/")).type, 2, "type of a directory")
    if version == 6:
        info = await sftp.stat(name, 0x8000fffd)
        expect_same(info.nlink, 1, "link count")
        expect_same(info.ctime, int(now.st_ctime), "ctime")
        expect_same(info.alloc_size, now.st_blocks * 512, "allocation size")


@each_version("one time is set without the other, to the microsecond",
              (4, 5, 6))
async def _(version, lib, sftp):
    path = srv.put("times%d" % version)
    os.utime(path, ns=(10 ** 18, 10 ** 18))
    await sftp.setstat("times%d" % version, lib.SFTPAttrs(
        mtime=1234567890, mtime_ns=987654000))
    expect_same(os.stat(path).st_mtime_ns, 1234567890987654000, "mtime")
    expect_same(os.stat(path).st_atime_ns, 10 ** 18, "atime")


@each_version("owners go by name, and nobody is refused", (4, 5, 6))
async def _(version, lib, sftp):
    srv.put("own%d" % version)
    await sftp.setstat("own%d" % version,
                       lib.SFTPAttrs(owner="alice", group="staff"))
    await sftp.setstat("own%d" % version,
                       lib.SFTPAttrs(owner="alice@here.example", group=""))
    await sftp.setstat("own%d" % version,
                       lib.SFTPAttrs(owner=str(UID), group=str(GID)))
    try:
        await sftp.setstat("own%d" % version, lib.SFTPAttrs(
            owner="nobody-of-this-name", group="staff", permissions=0o777))
        expect(False, "an unknown owner was accepted")
    except lib.SFTPError as why:
        expect_same(why.code, 16 if version >= 5 else 4, "code")
    expect_same(stat.S_IMODE(os.stat(srv.home("own%d" % version)).st_mode),
                0o644, "nothing was changed")


@each_version("listings are complete, with attributes")
async def _(version, lib, sftp):
    folder = "list%d" % version
    srv.mkdir(folder)
    for number in range(400):
        srv.put("%s/f%d" % (folder, number), b"x" * number)
    os.symlink("f1", srv.home(folder + "/link"))
    found = {}
    for entry in await sftp.readdir(folder):
        found[entry.filename] = entry.attrs
    expect_same(sorted(found), sorted([".", "..", "link"] + [
        "f%d" % n for n in range(400)]), "names")
    expect_same(found["f399"].size, 399, "size")
    expect_same(found["link"].type, 3, "a link's type")
    expect_same(found["."].type, 2, "a directory's type")
    if version >= 4:
        expect_same(found["f7"].owner, "alice", "owner")
    if version >= 6:
        expect_same(found["f7"].nlink, 1, "link count")


@each_version("rename keeps what is there, or replaces it when told")
async def _(version, lib, sftp):
    srv.put("a%d" % version, b"a")
    srv.put("b%d" % version, b"b")
    try:
        await sftp.rename("a%d" % version, "b%d" % version)
        expect(False, "rename replaced a file")
    except lib.SFTPError as why:
        expect_same(why.code, 11 if version >= 4 else 4, "code")
    await sftp.posix_rename("a%d" % version, "b%d" % version)
    expect_same(srv.get("b%d" % version), b"a", "posix_rename")
    if version >= 5:
        for flags in (1, 2, 4, 7):
            srv.put("a%d" % version, b"%d" % flags)
            await sftp.rename("a%d" % version, "b%d" % version, flags)
            expect_same(srv.get("b%d" % version), b"%d" % flags,
                        "rename with flags %d" % flags)


@each_version("links of both kinds")
async def _(version, lib, sftp):
    srv.put("file%d" % version, b"content")
    await sftp.symlink("file%d" % version, "sym%d" % version)
    expect_same(os.readlink(srv.home("sym%d" % version)),
                "file%d" % version, "text of the link")
    expect_same(await sftp.readlink("sym%d" % version), "file%d" % version,
                "readlink")
    await sftp.link("file%d" % version, "hard%d" % version)
    expect_same(os.stat(srv.home("hard%d" % version)).st_nlink, 2, "links")


@each_version("directories are made and removed, errors have their codes")
async def _(version, lib, sftp):
    name = "dir%d" % version
    await sftp.mkdir(name, lib.SFTPAttrs(permissions=0o750))
    expect_same(stat.S_IMODE(os.stat(srv.home(name)).st_mode), 0o750, "mode")
    srv.put(name + "/inside")
    for call, args, old, new in (
            (sftp.mkdir, (name,), 4, 11),
            (sftp.rmdir, (name,), 4, 18),
            (sftp.rmdir, (name + "/inside",), 4, 19),
            (sftp.remove, (name,), 4, 24)):
        try:
            await call(*args)
            expect(False, "%s%r worked" % (call.__name__, args))
        except lib.SFTPError as why:
            wanted = new if version >= 6 or (new == 11 and version >= 4) \
                else old
            expect_same(why.code, wanted, "%s: %s" % (call.__name__, why))
    await sftp.remove(name + "/inside")
    await sftp.rmdir(name)


@each_version("realpath")
async def _(version, lib, sftp):
    srv.mkdir("real/deep")
    expect_same(await sftp.realpath("real/deep/.."), "/real", "dots")
    expect_same(await sftp.realpath("real/none"), "/real/none", "a new name")
    if version < 6:
        return
    expect_same(await sftp.realpath("real", "deep", "..", "x"), "/real/x",
                "composed")
    expect_same(await sftp.realpath("real", "/", "y"), "/y", "from the root")
    found = await sftp.realpath("real/deep", check=lib.FXRP_STAT_ALWAYS)
    expect_same((found.filename, found.attrs.type), (b"/real/deep", 2),
                "STAT_ALWAYS")
    found = await sftp.realpath("real/no", check=lib.FXRP_STAT_IF_EXISTS)
    expect_same((found.filename, found.attrs.type), (b"/real/no", 5),
                "STAT_IF of nothing")
    try:
        await sftp.realpath("real/no", check=lib.FXRP_STAT_ALWAYS)
        expect(False, "STAT_ALWAYS of nothing worked")
    except lib.SFTPError as why:
        expect_same(why.code, 2, "code")


@each_version("trees are copied, with times and modes")
async def _(version, lib, sftp):
    top = srv.local("tree%d" % version)
    os.makedirs(top + "/in/side", exist_ok=True)
    with open(top + "/in/side/f", "wb") as out:
        out.write(DATA[:70000])
    os.chmod(top + "/in/side/f", 0o600)
    os.utime(top + "/in/side/f", ns=(10 ** 18, 11 * 10 ** 17))
    await sftp.put(top, "up%d" % version, recurse=True, preserve=True)
    info = os.stat(srv.home("up%d/in/side/f" % version))
    expect_same(stat.S_IMODE(info.st_mode), 0o600, "mode")
    expect_same(info.st_mtime, 11 * 10 ** 8, "time")
    await sftp.get("up%d" % version, srv.local("down%d" % version),
                   recurse=True, preserve=True)
    with open(srv.local("down%d/in/side/f" % version), "rb") as file:
        expect(file.read() == DATA[:70000], "the tree came back changed")


# ---- lftp

def lftp(version, commands):
    home = srv.path("lftp")
    os.makedirs(home, exist_ok=True)
    script = ("set cmd:fail-exit yes\nset net:max-retries 1\n"
              "set net:timeout 30\nset sftp:auto-confirm no\n"
              "set sftp:protocol-version %d\n"
              'set sftp:connect-program "ssh -a -x -F %s"\n'
              "open -u %s, sftp://srv\n%s\n"
              % (version, srv.ssh_config(), srv.user, commands))
    return client(["lftp", "-f", srv.local("script", script.encode())],
                  env=dict(os.environ, HOME=home, LFTP_HOME=home))


def each_lftp(version):
    @promise("lftp, version %d: put, get, list, rename, chmod, remove"
             % version)
    def _():
        sent, got = srv.local("sent", DATA), srv.local("lftp%d" % version)
        name = "lftp%d" % version
        # lftp itself refuses mv before version 3.
        new = name + ".new" if version > 2 else name
        move = "mv %s %s\n" % (name, new) if version > 2 else ""
        out = must(lftp(version,
                        "put %s -o %s\nget %s -o %s\n%s"
                        "chmod 600 %s\nmkdir -p d%d/e\ncls -l %s\n"
                        "rm -r d%d\n" % (sent, name, name, got, move, new,
                                         version, new, version)))
        expect(srv.get(new) == DATA, "the upload differs")
        with open(got, "rb") as file:
            expect(file.read() == DATA, "the download differs")
        text = out.stdout.decode()
        expect("-rw-------" in text, "the listing says " + text)
        # lftp shows owners only where it was told names.
        expect("alice" in text or version < 4, "no owner in " + text)
        expect(not os.path.exists(srv.home("d%d" % version)), "rm -r")


for each in (2, 3, 4, 5, 6):
    each_lftp(each)


@promise("lftp, version 6: a mirror in both directions")
def _():
    for number in range(30):
        srv.put("lm/%d/f" % number, b"%d" % number)
    must(lftp(6, "mirror lm %s\nmirror -R %s lm2"
              % (srv.local("lm"), srv.local("lm"))))
    for number in range(30):
        expect_same(srv.get("lm2/%d/f" % number), b"%d" % number, "content")


# ---- Messages made by hand

@promise("versions 1 and 2: replies without texts, and only known ones")
def _():
    srv.put("old", b"old data")
    for version in (1, 2):
        with Raw(srv, version) as raw:
            expect_same(raw.version, version, "version")
            kind, left = raw.ask(17, string(b"/nowhere"))
            expect_same((kind, left), (STATUS, num(2)), "STATUS of %d"
                        % version)
            kind, left = raw.ask(17, string(b"/old"))
            expect_same((kind, left[:12]), (ATTRS, num(15) + quad(8)),
                        "ATTRS")
            expect_same(raw.read_all("/old"), b"old data", "data")
            kind, left = raw.ask(19, string(b"/old"))
            expect_same((kind, left), (STATUS, num(8)), "READLINK")
            kind, left = raw.ask(18, string(b"/old") + string(b"/old%d"
                                                              % version))
            if version == 1:
                expect_same(left, num(8), "RENAME of version 1")
            else:
                expect_same(left, num(0), "RENAME of version 2")
                os.rename(srv.home("old2"), srv.home("old"))


@promise("VERSION: newline, supported, supported2, in the drafts' order")
def _():
    for version in (3, 4, 5, 6):
        with Raw(srv, version) as raw:
            pairs = raw.pairs
            expect_same(pairs[b"versions"], b"2,3,4,5,6", "versions")
            expect_same(pairs.get(b"newline"),
                        b"\n" if version >= 4 else None, "newline")
            expect_same(b"supported" in pairs, version == 5, "supported")
            expect_same(b"supported2" in pairs, version == 6, "supported2")
            expect(b"vendor-id" not in pairs, "vendor-id unasked")
            expect(b"filename-charset" not in pairs, "charset of UTF-8")
    words = [int.from_bytes(raw.pairs[b"supported2"][n:n + 4], "big")
             for n in range(0, 20, 4)]
    expect_same(words[0], 0xfffd, "attributes")
    expect_same(words[2], 0xfff, "open flags come third")
    expect_same(words[3] & 0x187, 0x187, "the access mask comes fourth")
    expect_same(words[3] & 0x18, 0, "named attributes in the access mask")
    expect_same(raw.pairs[b"supported2"][20:24], num(0xff0f0e0f),
                "kinds of locks of OPEN and of BLOCK")
    expect_same(raw.pairs[b"acl-supported"], num(1), "ACLs that allow")
    with Raw(latin, 6) as raw:
        expect(b"mod_sftp" in raw.pairs[b"vendor-id"], "vendor-id")


@promise("version-select: first or not at all")
def _():
    with Raw(srv, 3) as raw:
        expect_same(raw.status(200, string(b"version-select") +
                               string(b"5")), 0, "5 selected")
        raw.version = 5
        srv.put("sel", b"123")
        kind, left = raw.ask(17, string(b"/sel") + num(1))
        expect_same((kind, left), (ATTRS, num(1) + b"\1" + quad(3)),
                    "an answer of version 5")
        expect_same(raw.status(200, string(b"version-select") +
                               string(b"3")), 4, "selected again")
        expect(raw.ended(), "the session goes on")
    for text in (b"7", b"1x", b"", b"0"):
        with Raw(srv, 3) as raw:
            expect_same(raw.status(200, string(b"version-select") +
                                   string(text)), 4, "version %r" % text)
            expect(raw.ended(), "the session goes on")


@promise("text mode: offsets are ignored, text-seek finds lines")
def _():
    srv.put("text", b"one\ntwo\nthree\n")
    for version, flags in ((4, num(0x41)), (6, num(1) + num(0x22))):
        with Raw(srv, version) as raw:
            handle = raw.open_with("/text", flags)
            for part in (b"one\ntw", b"o\nthre", b"e\n"):
                kind, left = raw.ask(5, string(handle) + quad(999) + num(6))
                expect_same((kind, left[4:4 + len(part)]), (103, part), "text")
            expect_same(raw.status(200, string(b"text-seek") +
                                   string(handle) + quad(2)), 0, "text-seek")
            kind, left = raw.ask(5, string(handle) + quad(0) + num(5))
            expect_same(left[4:], b"three", "line 2")
            expect_same(raw.status(200, string(b"text-seek") +
                                   string(handle) + quad(4)), 1, "beyond")


@promise("version 6 marks the end of files and listings")
def _():
    srv.put("end", b"0123456789")
    with Raw(srv, 6) as raw:
        handle = raw.open_with("/end", num(1) + num(2))
        kind, left = raw.ask(5, string(handle) + quad(4) + num(100))
        expect_same(left, string(b"456789") + b"\1", "the last bytes")
        kind, left = raw.ask(5, string(handle) + quad(4) + num(6))
        expect_same(left[:10], string(b"456789"), "just all")
        kind, left = raw.ask(11, string(b"/"))
        handle = left[4:]
        kind, left = raw.ask(12, string(handle))
        expect_same((kind, left[-1]), (NAME, 1), "end of the list")
        expect_same(raw.status(12, string(handle)), 1, "READDIR behind it")


@promise("MIME type, text hint, time of creation, bits: when requested")
def _():
    srv.put("page.html", b"<p>")
    srv.put("x.zip", b"PK")
    with Raw(srv, 6) as raw:
        kind, left = raw.ask(17, string(b"/page.html") + num(0x1800))
        expect_same(left, num(0x1800) + b"\1" + b"\1" + string(b"text/html"),
                    "HTML")
        kind, left = raw.ask(17, string(b"/x.zip") + num(0x800))
        expect_same(left, num(0x800) + b"\1\3", "ZIP")
        kind, left = raw.ask(17, string(b"/x.zip") + num(0x200))
        expect_same(left[:5] + left[9:], num(0x200) + b"\1" + num(0x3e0),
                    "bits")
    with Raw(srv, 5) as raw:
        kind, left = raw.ask(17, string(b"/x.zip") + num(0x200))
        expect_same(len(left), 9, "one word of bits in version 5")


def getfacl(name):
    out = run(["getfacl", "-cn", srv.home(name)])
    return out.stdout.decode().split() if out.returncode == 0 else None


@promise("POSIX ACLs are read and set")
def _():
    path = srv.put("acl", b"x", 0o640)
    if run(["setfacl", "-m", "u:%d:rw" % UID, path]).returncode != 0:
        skip("no ACLs in this file system")

    def ace(mask, who, flags=0):
        return num(0) + num(flags) + num(mask) + string(who)

    for version in (4, 5, 6):
        head = num(2) if version == 6 else b""
        with Raw(srv, version) as raw:
            must(run(["setfacl", "-b", "-m", "u::rw,u:%d:rwx,g::r,m::rw" % UID,
                      path]))
            kind, left = raw.ask(17, string(b"/acl") + num(0x40))
            expect_same(left, num(0x40) + b"\1" + string(
                head + num(4)
                + ace(0x20087, b"OWNER@")
                + ace(0x20087, b"alice")
                + ace(0x20081, b"GROUP@", 0x40)
                + ace(0x20080, b"EVERYONE@")), "as it was set")
            before = getfacl("acl")
            expect_same(raw.status(9, string(b"/acl") + left), 0,
                        "SETSTAT of what was read")
            expect_same(getfacl("acl"), before, "what is left")
            kind, text = raw.ask(9, string(b"/acl") + num(0x40) + b"\1"
                                 + string(head + num(1) + num(1) + num(0)
                                          + num(1) + string(b"OWNER@")))
            expect(text[:4] == num(8) and b"an entry denies" in text, text)
            expect_same(raw.status(9, string(b"/acl") + num(0x40) + b"\1"
                                   + string(head + num(2)
                                            + ace(1, b"staff", 0x40)
                                            + ace(0x23, b"OWNER@"))), 0,
                        "SETSTAT")
            expect_same(getfacl("acl"), [
                "user::rwx", "group::rw-", "group:%d:r--" % GID, "mask::rw-",
                "other::---"], "what it became")
            for wrong in (b"", num(1), num(0xffffffff), num(1) + num(1)
                          + num(0) + num(1) + string(b"OWNER@")):
                expect(raw.status(9, string(b"/acl") + num(0x40) + b"\1"
                                  + string(head + wrong)) in (4, 8, 23),
                       "a wrong ACL was accepted")


# ---- Locks

def block(raw, handle, offset, length, mask=0x80):
    return raw.status(22, string(handle) + quad(offset) + quad(length)
                      + num(mask))


def unblock(raw, handle, offset, length):
    return raw.status(23, string(handle) + quad(offset) + quad(length))


@promise("BLOCK: two sessions cannot lock the same bytes")
def _():
    srv.put("lock", b"x" * 100)
    with Raw(srv, 6) as one, Raw(srv, 6) as two:
        a = one.open_with("/lock", num(3) + num(2))
        b = two.open_with("/lock", num(3) + num(2))
        expect_same(block(one, a, 10, 10), 0, "the first lock")
        expect_same(block(two, b, 15, 10), 25, "an overlapping one")
        expect_same(block(two, b, 20, 10), 0, "one beside it")
        expect_same(block(one, a, 25, 0), 25, "to the end")
        expect_same(block(one, a, 12, 2), 25, "twice by the same")
        expect_same(unblock(one, a, 10, 5), 31, "a part of a lock")
        expect_same(unblock(one, a, 10, 10), 0, "unlocked")
        expect_same(unblock(one, a, 10, 10), 31, "unlocked twice")
        expect_same(block(two, b, 15, 5), 0, "free again")
        expect_same(two.status(4, string(b)), 0, "CLOSE")
        expect_same(block(one, a, 0, 0), 0, "closing lets go")
        expect_same(block(one, a, 2 ** 63, 1), 23, "offset beyond 2^63")
        expect_same(block(one, a, 1, 2 ** 64 - 1), 23, "length over it")
        expect_same(block(one, a, 0, 1, 0x100), 8, "DELETE")
        expect_same(block(one, a, 0, 1, 0), 8, "nothing")
        expect_same(block(one, b"0" * 16, 0, 1), 9, "a forged handle")
        kind, left = one.ask(11, string(b"/"))
        expect_same(block(one, left[4:], 0, 1), 9, "a directory's handle")
        r1 = one.open_with("/lock", num(1) + num(2))
        r2 = two.open_with("/lock", num(1) + num(2))
        expect_same(unblock(one, a, 0, 0), 0, "unlocked")
        expect_same(block(one, r1, 0, 5), 0, "a reader's lock")
        expect_same(block(two, r2, 0, 5), 0, "is shared with readers")
        expect_same(block(one, a, 0, 5), 25, "but not with writers")


@promise("BLOCK locks FTP and SCP out of the file, and the reverse")
def _():
    srv.put("shared", b"y" * 100)
    sink = io.BytesIO()
    with Raw(srv, 6) as raw:
        handle = raw.open_with("/shared", num(3) + num(2))
        ftp = srv.ftp()
        expect_same(ftp_says(ftp.retrbinary, "RETR shared", sink.write),
                    None, "RETR before")
        # The client hears of the end before the server is through with it.
        wait_for(lambda: block(raw, handle, 50, 10) == 0, "BLOCK", 20)
        for call, *args in ((ftp.retrbinary, "RETR shared", sink.write),
                            (ftp.storbinary, "STOR shared",
                             io.BytesIO(b"z")),
                            (ftp.storbinary, "APPE shared",
                             io.BytesIO(b"z"))):
            text = ftp_says(call, *args)
            expect(text is not None and "ocked" in text,
                   "%s: %s" % (args[0], text))
        result = srv.scp("-O", srv.local("z", b"z"), "srv:shared")
        expect(result.returncode != 0, "scp wrote a locked file")
        expect_same(srv.get("shared"), b"y" * 100, "content")
        expect_same(unblock(raw, handle, 50, 10), 0, "UNBLOCK")
        expect_same(ftp_says(ftp.retrbinary, "RETR shared", sink.write),
                    None, "RETR after")
        ftp.voidcmd("TYPE I")
        data = ftp.transfercmd("STOR shared")
        expect_same(block(raw, handle, 0, 10), 25, "BLOCK during a STOR")
        data.sendall(b"new")
        data.close()
        ftp.voidresp()
        expect_same(srv.get("shared"), b"new", "the STOR's")
        wait_for(lambda: block(raw, handle, 0, 10) == 0, "BLOCK after it",
                 20)
        ftp.close()


# ---- Charsets

@promise("names are UTF-8 on the wire and ISO 8859-1 on the disk, as "
         "UseEncoding says")
def _():
    name = "gr\u00fc\u00dfe"
    with open(os.path.join(os.fsencode(latin.home()),
                           name.encode("latin-1")), "wb") as out:
        out.write(b"hello")
    with Raw(latin, 6) as raw:
        expect_same(raw.pairs[b"filename-charset"], b"ISO-8859-1", "charset")
        expect_same(raw.read_all("/" + name), b"hello", "opened by name")
        expect(name.encode() in raw.list("/"), "not in the listing")
        kind, left = raw.ask(16, string(b"/" + name.encode()))
        expect_same(left[4:], string(b"/" + name.encode()) + num(0) + b"\5",
                    "REALPATH")
        expect_same(raw.status(14, string(b"/n\xc3\xa9w") + num(0) + b"\2"),
                    0, "MKDIR")
        expect(os.path.isdir(os.fsencode(latin.home()) + b"n\xe9w"),
               "MKDIR with another name")
        # What has no place in the charset is taken as it is.
        expect_same(raw.status(14, string(b"/\xe2\x82\xac") + num(0)
                               + b"\2"), 0, "MKDIR")
        expect(os.path.isdir(os.fsencode(latin.home()) + b"\xe2\x82\xac"),
               "MKDIR with another name")
        expect_same(raw.status(200, string(b"filename-translation-control")
                               + b"\0"), 0, "no translation")
        expect(name.encode("latin-1") in raw.list("/"), "still translated")
    with Raw(latin, 3) as raw:
        expect(name.encode("latin-1") in raw.list("/"),
               "version 3 is translated")


# ---- Configuration

@promise("sftpProtocolVersion limits the version")
def _():
    with Raw(picky, 6) as raw:
        expect_same(raw.version, 5, "version")
        expect_same(raw.pairs[b"versions"], b"4,5", "versions")
    with Raw(picky, 4) as raw:
        expect_same(raw.version, 4, "version")
    with Raw(picky, 3, must=False) as raw:
        expect(raw.version is None, "version 3 was answered")


@promise("IncludeSFTPTimes adds times, IgnoreSFTPSetPerms drops modes")
def _():
    path = picky.put("opts", b"123", 0o640)
    os.utime(path, (5, 6))
    with Raw(picky, 4) as raw:
        kind, left = raw.ask(17, string(b"/opts") + num(1))
        expect_same(left, num(0x29) + b"\1" + quad(3) + quad(5) + quad(6),
                    "with times")
        expect_same(raw.status(9, string(b"/opts") + num(4) + b"\1"
                               + num(0o777)), 0, "SETSTAT")
    expect_same(stat.S_IMODE(os.stat(path).st_mode), 0o640, "mode")


# ---- What no client should send (more of it: sftp-bad.t)

@promise("wrong flags of OPEN, REALPATH and types of other versions")
def _():
    srv.put("flags", b"f")
    with Raw(srv, 6) as raw:
        tail = num(0) + b"\1"
        for access, flags, status in (
                (1, 5, 23), (1, 7, 23), (1, 0x102, 8), (1, 0x1002, 8),
                (9, 2, 8), (1, 0x80000002, 8), (2, 0, 11)):
            expect_same(raw.status(3, string(b"/flags") + num(access)
                                   + num(flags) + tail), status,
                        "access %x, flags %x" % (access, flags))
        os.symlink("flags", srv.home("flags-link"))
        expect_same(raw.status(3, string(b"/flags-link") + num(1)
                               + num(0x402) + tail), 21, "NOFOLLOW")
        for control in (0, 4, 255):
            expect_same(raw.status(16, string(b"/") + bytes([control])), 23,
                        "control byte %d" % control)
        expect_same(raw.status(9, string(b"/flags") + num(0x120) + b"\1"
                               + quad(1) + num(10 ** 9)), 5,
                    "too many nanoseconds")
    for version in (3, 4, 5):
        with Raw(srv, version) as raw:
            for kind in (21, 22, 23):
                expect_same(raw.status(kind, string(b"/flags")), 8,
                            "type %d in version %d" % (kind, version))
    expect_same(srv.get("flags"), b"f", "the file")


main(srv, latin, picky)
