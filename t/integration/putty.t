#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: putty-tools
# sanitizers: alone

"""PuTTY's psftp and pscp."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise
from server import Server, must, said
from clients import Psftp
from trees import make_tree, same_tree

srv = Server()
DATA = os.urandom(3000001)


def transfer(putty):
    sent, got = srv.local("sent", DATA), srv.local("got")
    must(putty.run("put %s f\nget f %s" % (sent, got)))
    expect(srv.get("f") == DATA, "the upload differs")
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("psftp: login with a key, upload and download")
def _():
    transfer(Psftp(srv))


@promise("psftp: login with the password, upload and download")
def _():
    transfer(Psftp(srv, password=True))


@promise("psftp: a tree up and down")
def _():
    tree = srv.local("tree")
    make_tree(tree, names=("a b", "c'd", "\u00e9"))
    must(Psftp(srv).run("put -r %s up\nget -r up %s"
                        % (tree, srv.local("down"))))
    same_tree(tree, srv.home("up"))
    same_tree(tree, srv.local("down"))


@promise("psftp: reput and reget continue where a transfer stopped")
def _():
    srv.put("part", DATA[:1000000])
    got = srv.local("part", DATA)
    down = srv.local("rest", DATA[:1000000])
    must(Psftp(srv).run("reput %s part\nreget part %s" % (got, down)))
    expect(srv.get("part") == DATA, "the upload differs")
    with open(down, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("psftp: ls, mkdir, mv, chmod, rm, rmdir")
def _():
    srv.put("old", b"x")
    result = must(Psftp(srv).run("mkdir d\nmv old new\nchmod 600 new\nls\n"
                                 "rm new\nrmdir d\npwd"))
    expect(b"drwx" in result.stdout, said(result))
    expect(not os.path.exists(srv.home("new")), "rm did nothing")
    expect(not os.path.exists(srv.home("d")), "rmdir did nothing")


@promise("pscp: by SFTP and by the old protocol, names with spaces")
def _():
    putty = Psftp(srv)
    sent = srv.local("sent", DATA)
    for how in ("-sftp", "-scp"):
        for name in ("plain", "with space"):
            got = srv.local("pscp-got")
            remote = name
            if how == "-scp":
                remote = '"%s"' % name
            must(putty.pscp(how, sent, "127.0.0.1:" + remote))
            expect(srv.get(name) == DATA, "upload of %s, %s" % (name, how))
            must(putty.pscp(how, "127.0.0.1:" + remote, got))
            with open(got, "rb") as file:
                expect(file.read() == DATA,
                       "download of %s, %s" % (name, how))
            os.unlink(got)
            os.unlink(srv.home(name))


@promise("pscp -r: a tree by both protocols")
def _():
    tree = srv.local("tree2")
    make_tree(tree, names=("a b", "c"))
    putty = Psftp(srv)
    for how in ("-sftp", "-scp"):
        # By SFTP, pscp only copies into directories that are there.
        srv.mkdir("into" + how)
        must(putty.pscp(how, "-r", tree, "127.0.0.1:into" + how))
        same_tree(tree, srv.home("into%s/tree2" % how))
        down = srv.local("down" + how)
        os.mkdir(down)
        must(putty.pscp(how, "-r", "127.0.0.1:into%s/tree2" % how, down))
        same_tree(tree, os.path.join(down, "tree2"))


@promise("a wrong password is refused")
def _():
    srv_password, srv.password = srv.password, "wrong"
    try:
        putty = Psftp(srv, password=True)
    finally:
        srv.password = srv_password
    result = putty.run("pwd")
    expect(result.returncode != 0, said(result))


main(srv)
