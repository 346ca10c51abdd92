#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: lftp
# sanitizers: alone

"""lftp, which speaks SFTP itself through a pipe to ssh."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise
from server import Server, client, must, said
from trees import make_tree, same_tree

srv = Server()
DATA = os.urandom(3000001)


def lftp(commands):
    home = srv.path("lftp")
    os.makedirs(home, exist_ok=True)
    script = ("set cmd:fail-exit yes\nset net:max-retries 1\n"
              "set net:timeout 30\nset sftp:auto-confirm no\n"
              'set sftp:connect-program "ssh -a -x -F %s"\n'
              "open -u %s, sftp://srv\n%s\n"
              % (srv.ssh_config(), srv.user, commands))
    return client(["lftp", "-f", srv.local("script", script.encode())],
                  env=dict(os.environ, HOME=home, LFTP_HOME=home))


@promise("put and get unharmed")
def _():
    sent, got = srv.local("sent", DATA), srv.local("got")
    must(lftp("put %s -o f\nget f -o %s" % (sent, got)))
    expect(srv.get("f") == DATA, "the upload differs")
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("reput and reget (-c) continue where a transfer stopped")
def _():
    srv.put("part", DATA[:1000000])
    sent = srv.local("part", DATA)
    down = srv.local("rest", DATA[:1000000])
    must(lftp("put -c %s -o part\nget -c part -o %s" % (sent, down)))
    expect(srv.get("part") == DATA, "the upload differs")
    with open(down, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("a READ gets what it asks for: lftp takes less as the file's end")
def _():
    srv.put("whole", DATA)
    for size in (262144, 1000000):
        got = srv.local("whole-%d" % size)
        must(lftp("set sftp:size-read %d\nget whole -o %s" % (size, got)))
        with open(got, "rb") as file:
            expect(file.read() == DATA, "the download differs")


@promise("mirror takes a tree up (-R) and down, several files at a time")
def _():
    tree = srv.local("tree")
    make_tree(tree, names=("a b", "c'd", "\u00e9", "x" * 200))
    must(lftp("mirror -R --parallel=4 %s up" % tree))
    same_tree(tree, srv.home("up"))
    must(lftp("mirror --parallel=4 up %s" % srv.local("down")))
    same_tree(tree, srv.local("down"))


@promise("pget fetches one file in several pieces")
def _():
    srv.put("pieces", DATA)
    got = srv.local("pieces")
    must(lftp("pget -n 4 pieces -o %s" % got))
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("ls, mkdir -p, mv, chmod, ln -s, rm -r, du")
def _():
    srv.put("l/one", b"12345")
    result = must(lftp("ls l\nmkdir -p l/a/b\nmv l/one l/two\n"
                       "chmod 600 l/two\nln -s two l/sym\ndu -b l\n"))
    expect(b" 5 " in result.stdout, said(result))
    expect(os.readlink(srv.home("l/sym")) == "two", "the link's target")
    must(lftp("rm -r l"))
    expect(not os.path.exists(srv.home("l")), "rm -r left something")


main(srv)
