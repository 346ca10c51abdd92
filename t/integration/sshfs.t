#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: fuse3 sshfs
# sanitizers: alone

"""sshfs: the server's files as a filesystem."""

import os
import shutil
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from mounted import Mounted
from server import Server, must
from trees import make_tree, same_tree

srv = Server()
DATA = os.urandom(3000001)


@promise("a file is written and read back through the mount")
def _():
    with Mounted(srv) as mnt:
        with open(mnt + "/f", "wb") as out:
            out.write(DATA)
        expect(srv.get("f") == DATA, "what the server has differs")
        srv.put("g", DATA)
        with open(mnt + "/g", "rb") as file:
            expect(file.read() == DATA, "what the mount shows differs")


@promise("a tree is copied in both directions")
def _():
    tree = srv.local("tree")
    make_tree(tree)
    with Mounted(srv) as mnt:
        shutil.copytree(tree, mnt + "/tree")
        same_tree(tree, srv.home("tree"))
        shutil.copytree(mnt + "/tree", srv.local("back"))
        same_tree(tree, srv.local("back"))
        shutil.rmtree(mnt + "/tree")
        expect(not os.path.exists(srv.home("tree")), "it is still there")


@promise("random access: pieces written and read here and there")
def _():
    srv.put("random", bytes(1000000))
    want = bytearray(1000000)
    with Mounted(srv) as mnt:
        with open(mnt + "/random", "r+b") as file:
            for number in range(50):
                offset = number * 7919 * 13 % 990000
                piece = DATA[offset:offset + 1 + number * 100]
                file.seek(offset)
                file.write(piece)
                want[offset:offset + len(piece)] = piece
    expect(srv.get("random") == bytes(want), "the file differs")


@promise("rename over a file, truncate, append, chmod, times, links")
def _():
    with Mounted(srv) as mnt:
        for name, text in (("a", "aaaa"), ("b", "bb")):
            with open(mnt + "/" + name, "w") as out:
                out.write(text)
        os.rename(mnt + "/a", mnt + "/b")
        expect_same(srv.get("b"), b"aaaa", "after the rename")
        os.truncate(mnt + "/b", 2)
        with open(mnt + "/b", "a") as out:
            out.write("XY")
        expect_same(srv.get("b"), b"aaXY", "truncated and appended")
        os.chmod(mnt + "/b", 0o640)
        os.utime(mnt + "/b", (1000000000, 1100000000))
        info = os.stat(srv.home("b"))
        expect_same(stat.S_IMODE(info.st_mode), 0o640, "mode")
        expect_same(int(info.st_mtime), 1100000000, "time")
        os.symlink("b", mnt + "/sym")
        expect_same(os.readlink(mnt + "/sym"), "b", "the link's target")
        os.link(mnt + "/b", mnt + "/hard")
        expect(os.path.samefile(srv.home("b"), srv.home("hard")), "no link")


@promise("df shows the server's filesystem")
def _():
    with Mounted(srv) as mnt:
        shown, real = os.statvfs(mnt), os.statvfs(srv.home())
        expect_same(shown.f_blocks * shown.f_frsize,
                    real.f_blocks * real.f_frsize, "size")


@promise("a directory with 2,000 files is listed completely")
def _():
    srv.mkdir("many")
    for number in range(2000):
        open(srv.home("many/%d" % number), "w").close()
    with Mounted(srv) as mnt:
        expect_same(len(os.listdir(mnt + "/many")), 2000, "entries")


main(srv)
