#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""A module's own file system, for a path or for all: every request goes
through it.  What has its name on the disk is a decoy, which nothing may see or
change."""

import hashlib
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import paramiko_sftp
from companion import add_companion
from rawsftp import EXTENDED_REPLY, Raw, num, quad, string
from server import GID, UID, Server, must, said
from tap import expect, expect_same, main, promise

TRUTH, DECOY = b"what the module shows\n", b"a decoy\n"


def shifting(place):
    """What is asked of "shown" happens in "hidden"."""
    srv = Server("ShiftFS %s @DIR@/shown @DIR@/hidden\n"
                 "SFTPExtensions +xattr\n" % place, drop=("DefaultRoot",))
    add_companion(srv, "mod_shift")
    for top, text in (("shown", DECOY), ("hidden", TRUTH)):
        os.makedirs(srv.path(top + "/dir"))
        for name in ("file", top + "-only", "dir/deep"):
            with open(srv.path(os.path.join(top, name)), "wb") as out:
                out.write(text)
        os.symlink("file" if top == "hidden" else "nowhere",
                   srv.path(top + "/link"))
        for at, dirs, files in os.walk(srv.path(top)):
            for name in ["."] + dirs + files:
                os.lchown(os.path.join(at, name), UID, GID)
    return srv


by_path = shifting("@DIR@/shown/")
by_root = shifting("/")
servers = (by_path, by_root)


def decoys(srv):
    """All that can be seen of them."""
    found = {}
    for at, dirs, files in os.walk(srv.path("shown")):
        for name in dirs + files:
            path = os.path.join(at, name)
            st = os.lstat(path)
            text = None
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as file:
                    text = file.read()
            found[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns,
                           st.st_size, text)
    return found


def each(check):
    for srv in servers:
        before = decoys(srv)
        check(srv, srv.path("shown"))
        expect_same(decoys(srv), before, "the decoys")


@promise("STAT, LSTAT, READLINK, REALPATH and listings are the module's")
def _():
    def check(srv, top):
        with paramiko_sftp(srv) as sftp:
            for name in ("file", "link", "dir/deep", "hidden-only"):
                expect_same(sftp.stat(top + "/" + name).st_size, len(TRUTH),
                            "STAT of " + name)
            expect_same(sftp.lstat(top + "/file").st_size, len(TRUTH), "LSTAT")
            expect(stat.S_ISLNK(sftp.lstat(top + "/link").st_mode), "a link")
            expect_same(sftp.readlink(top + "/link"), "file", "READLINK")
            expect_same(sorted(sftp.listdir(top)),
                        ["dir", "file", "hidden-only", "link"], "a listing")
            sizes = {entry.filename: entry.st_size
                     for entry in sftp.listdir_attr(top)}
            expect_same(sizes["file"], len(TRUTH), "its attributes")
            for ask in (sftp.stat, sftp.lstat, sftp.open):
                try:
                    ask(top + "/shown-only")
                except FileNotFoundError:
                    continue
                expect(False, "a decoy is there")
            expect_same(sftp.normalize(top + "/dir/../file"), top + "/file",
                        "REALPATH")
    each(check)


@promise("reading and writing go to its files, and sizes, modes and times")
def _():
    def check(srv, top):
        with paramiko_sftp(srv) as sftp:
            for name in ("file", "link"):
                with sftp.open(top + "/" + name, "rb") as file:
                    expect_same(file.read(), TRUTH, "READ of " + name)
            with sftp.open(top + "/new", "wb") as file:
                file.write(b"x" * 100)
            new = srv.path("hidden/new")
            expect_same(os.stat(new).st_size, 100, "WRITE")
            sftp.truncate(top + "/new", 30)
            expect_same(os.stat(new).st_size, 30, "SETSTAT size")
            sftp.chmod(top + "/new", 0o600)
            expect_same(stat.S_IMODE(os.stat(new).st_mode), 0o600, "a mode")
            sftp.utime(top + "/new", (1000, 2000))
            expect_same(int(os.stat(new).st_mtime), 2000, "a time")
            with sftp.open(top + "/new", "r+b") as file:
                file.truncate(5)
                expect_same(file.stat().st_size, 5, "FSTAT")
            with sftp.open(top + "/file", "r+b") as file:
                file.write(TRUTH)
    each(check)


@promise("names are created, changed and removed in it")
def _():
    def check(srv, top):
        with paramiko_sftp(srv) as sftp:
            sftp.rename(top + "/new", top + "/dir/moved")
            expect(os.path.exists(srv.path("hidden/dir/moved")), "RENAME")
            sftp.posix_rename(top + "/dir/moved", top + "/dir/again")
            sftp.symlink("again", top + "/dir/soft")
            expect_same(os.readlink(srv.path("hidden/dir/soft")), "again",
                        "SYMLINK")
            sftp.remove(top + "/dir/soft")
            sftp.remove(top + "/dir/again")
            sftp.mkdir(top + "/made")
            expect(os.path.isdir(srv.path("hidden/made")), "MKDIR")
            sftp.rmdir(top + "/made")
            expect_same(sorted(os.listdir(srv.path("hidden"))),
                        ["dir", "file", "hidden-only", "link"], "what is left")
        with Raw(srv, 3) as raw:
            names = string((top + "/file").encode()) + string(
                (top + "/hard").encode())
            expect_same(raw.status(200, string(b"hardlink@openssh.com")
                                   + names), 0, "hardlink")
            expect(os.path.samefile(srv.path("hidden/file"),
                                    srv.path("hidden/hard")), "a hard link")
            expect_same(raw.status(200, string(b"copy-file") + string(
                (top + "/file").encode()) + string((top + "/copy").encode())
                + b"\0"), 0, "copy-file")
        with open(srv.path("hidden/copy"), "rb") as file:
            expect_same(file.read(), TRUTH, "a copy")
        for name in ("hard", "copy"):
            os.unlink(srv.path("hidden/" + name))
    each(check)


@promise("checksums, extensions and commands use its files")
def _():
    md5 = hashlib.md5(TRUTH)

    def check(srv, top):
        path = (top + "/file").encode()
        with Raw(srv, 6) as raw:
            kind, left = raw.ask(200, string(b"check-file-name") + string(path)
                                 + string(b"md5") + quad(0) + quad(0) + num(0))
            expect_same(kind, EXTENDED_REPLY, "check-file-name")
            expect(md5.digest() in left, "its sum")
            kind, left = raw.ask(200, string(b"md5-hash") + string(path)
                                 + quad(0) + quad(0) + string(b""))
            expect_same(kind, EXTENDED_REPLY, "md5-hash")
            expect(md5.digest() in left, "its sum")
            for name in (b"statvfs@openssh.com", b"space-available"):
                expect_same(raw.ask(200, string(name) + string(
                    (top + "/hidden-only").encode()))[0], EXTENDED_REPLY,
                    name.decode())
                expect(raw.status(200, string(name) + string(
                    (top + "/shown-only").encode())) == 2,
                    "%s of a decoy" % name.decode())
        out = must(srv.ssh("srv", "md5sum " + top + "/file")).stdout
        expect(md5.hexdigest().encode() in out, out)
        must(srv.ssh("srv", "df " + top + "/hidden-only"))
        for command in ("md5sum", "df"):
            result = srv.ssh("srv", "%s %s/shown-only" % (command, top))
            expect(result.returncode != 0, said(result))
    each(check)


@promise("scp reads and writes its files")
def _():
    def check(srv, top):
        for option in ("-O", "-s"):
            got = srv.local("got" + option)
            must(srv.scp(option, "srv:%s/file" % top, got))
            with open(got, "rb") as file:
                expect_same(file.read(), TRUTH, option)
            must(srv.scp(option, got, "srv:%s/put" % top))
            with open(srv.path("hidden/put"), "rb") as file:
                expect_same(file.read(), TRUTH, option)
            os.unlink(srv.path("hidden/put"))
            must(srv.scp(option, "-r", "srv:%s/dir" % top, got + ".d"))
            with open(got + ".d/deep", "rb") as file:
                expect_same(file.read(), TRUTH, option)
    each(check)


main(*servers)
