#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What users of the packaged module would notice on the day they change:
doc/coming-from-packaged.md says what still differs."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawsftp import Raw, num, string
from server import Server, must
from tap import expect, expect_same, main, promise

srv = Server()


def link(target, name):
    path = srv.home(name)
    if not os.path.lexists(path):
        os.symlink(target, path)
    return path


# ---- Directories over links

@promise("MKDIR onto a link fails and makes nothing, wherever the link leads")
def _():
    srv.mkdir("there")
    link("there", "to-directory")
    link("nowhere", "to-nothing")
    link("there/nowhere", "to-nothing-inside")
    for version in (3, 6):
        with Raw(srv, version) as raw:
            for name in ("to-directory", "to-nothing", "to-nothing-inside"):
                attrs = num(0) + (b"\2" if version == 6 else b"")
                expect_same(raw.status(14, string(b"/" + name.encode())
                                       + attrs), 11 if version == 6 else 4,
                            "MKDIR %s in version %d" % (name, version))
    for name in ("nowhere", "there/nowhere"):
        expect(not os.path.lexists(srv.home(name)), "%s was made" % name)


@promise("scp -r onto a link to nothing fails and makes nothing")
def _():
    link("unmade", "dangling")
    source = os.path.dirname(srv.local("dangling/file", b"x"))
    expect(srv.scp("-O", "-r", source, "srv:/").returncode != 0,
           "scp succeeded")
    expect(not os.path.lexists(srv.home("unmade")), "the target was made")
    expect(os.path.islink(srv.home("dangling")), "the link is gone")


@promise("scp -r into a link to a directory fills that directory")
def _():
    srv.mkdir("real")
    link("real", "tree")
    source = os.path.dirname(srv.local("tree/file", b"x"))
    must(srv.scp("-O", "-r", source, "srv:/"))
    expect_same(srv.get("real/file"), b"x", "the file")


main(srv)
