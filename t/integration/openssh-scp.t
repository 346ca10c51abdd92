#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""OpenSSH's scp, in its SFTP mode and with the old protocol (-O)."""

import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server, must, said
from trees import make_tree, same_tree

srv = Server()

MODES = (("", []), (" -O", ["-O"]))


def both(text):
    """Registers one promise for each of scp's two protocols."""
    def register(func):
        for title, options in MODES:
            promise("scp%s: %s" % (title, text))(
                lambda options=options: func(options))
        return func
    return register


def fresh(name):
    """A name that no other promise uses."""
    fresh.number += 1
    return "%s-%d" % (name, fresh.number)


fresh.number = 0


@both("a file goes up and comes back unharmed")
def _(options):
    for size in (0, 1, 32768, 3000001):
        data = os.urandom(size)
        sent, got = srv.local("sent", data), srv.local(fresh("got"))
        name = fresh("file")
        must(srv.scp(*options, sent, "srv:" + name))
        expect(srv.get(name) == data, "upload of %d bytes" % size)
        must(srv.scp(*options, "srv:" + name, got))
        with open(got, "rb") as file:
            expect(file.read() == data, "download of %d bytes" % size)


@both("-r takes a tree into the user's own directory")
def _(options):
    name = fresh("own")
    srv.local(name + "/in/file", b"f")
    srv.local(name + "/last", b"l")
    must(srv.scp("-r", *options, srv.local(name), "srv:."))
    expect(srv.get(name + "/in/file") == b"f" and
           srv.get(name + "/last") == b"l", "other files")


@both("-r takes a tree with odd names up and down")
def _(options):
    tree, up, down = fresh("tree"), fresh("up"), fresh("down")
    make_tree(srv.local(tree))
    must(srv.scp("-r", *options, srv.local(tree), "srv:" + up))
    same_tree(srv.local(tree), srv.home(up))
    must(srv.scp("-r", *options, "srv:" + up, srv.local(down)))
    same_tree(srv.local(tree), srv.local(down))


@both("-r into an existing directory creates one below it")
def _(options):
    tree, into = fresh("tree"), fresh("into")
    make_tree(srv.local(tree), names=("a",))
    srv.mkdir(into)
    must(srv.scp("-r", *options, srv.local(tree), "srv:" + into))
    same_tree(srv.local(tree), srv.home(os.path.join(into, tree)))


@both("-p keeps modes and times of files and directories")
def _(options):
    tree, up, down = fresh("tree"), fresh("up"), fresh("down")
    path = srv.local(tree + "/f", b"x")
    os.chmod(path, 0o604)
    os.utime(path, (1000000000, 1100000000))
    os.chmod(srv.local(tree), 0o751)
    os.utime(srv.local(tree), (1000000000, 1200000000))
    must(srv.scp("-rp", *options, srv.local(tree), "srv:" + up))
    must(srv.scp("-rp", *options, "srv:" + up, srv.local(down)))
    for top in (srv.home(up), srv.local(down)):
        info = os.stat(top)
        expect_same(stat.S_IMODE(info.st_mode), 0o751, "mode of the directory")
        expect_same(int(info.st_mtime), 1200000000, "time of the directory")
        info = os.stat(os.path.join(top, "f"))
        expect_same(stat.S_IMODE(info.st_mode), 0o604, "mode of the file")
        expect_same(int(info.st_mtime), 1100000000, "time of the file")


@both("an upload onto a longer file shortens it")
def _(options):
    name = fresh("long")
    srv.put(name, b"x" * 100000)
    must(srv.scp(*options, srv.local("short", b"short"), "srv:" + name))
    expect_same(srv.get(name), b"short", "content")


@both("several files in one command; the missing one does not stop the rest")
def _(options):
    into = fresh("into")
    srv.mkdir(into)
    one, two = srv.local("one", b"1"), srv.local("two", b"2")
    if options:
        result = srv.scp(*options, one, srv.local("never"), two,
                         "srv:" + into)
        expect(result.returncode != 0, "the missing file was not an error")
    else:
        # In its SFTP mode scp itself stops there.
        must(srv.scp(*options, one, two, "srv:" + into))
    expect_same(sorted(os.listdir(srv.home(into))), ["one", "two"], "there")

    down = fresh("down")
    os.makedirs(srv.local(down))
    result = srv.scp(*options, "srv:%s/one" % into, "srv:%s/never" % into,
                     "srv:%s/two" % into, srv.local(down))
    expect(result.returncode != 0, "the missing file was not an error")
    expect_same(sorted(os.listdir(srv.local(down))), ["one", "two"], "here")


@both("a pattern on the server side is expanded there")
def _(options):
    into, down = fresh("glob"), fresh("down")
    for name in ("a1", "a2", "b1"):
        srv.put(into + "/" + name, name.encode())
    os.makedirs(srv.local(down))
    must(srv.scp(*options, "srv:%s/a*" % into, srv.local(down)))
    expect_same(sorted(os.listdir(srv.local(down))), ["a1", "a2"], "here")


@both("errors are reported: missing file, missing directory, no permission")
def _(options):
    result = srv.scp(*options, "srv:nowhere", srv.local("nowhere"))
    expect(result.returncode != 0, "no error")
    expect(b"No such file" in result.stderr, said(result))
    result = srv.scp(*options, srv.local("x", b"x"), "srv:no/such/dir/x")
    expect(result.returncode != 0, "no error")
    name = fresh("secret")
    os.chown(srv.put(name, b"x", 0o600), 0, 0)
    result = srv.scp(*options, "srv:" + name, srv.local("secret"))
    expect(b"ermission denied" in result.stderr, said(result))


@both("a directory without -r is refused")
def _(options):
    name = fresh("folder")
    srv.mkdir(name)
    result = srv.scp(*options, "srv:" + name, srv.local(fresh("folder")))
    expect(result.returncode != 0, "no error")


@both("a file is not overwritten by a directory, nor a directory by a file")
def _(options):
    name = fresh("file")
    srv.put(name, b"x")
    tree = fresh("tree")
    make_tree(srv.local(tree), names=("a",))
    result = srv.scp("-r", *options, srv.local(tree), "srv:" + name)
    expect(result.returncode != 0, "no error")
    expect_same(srv.get(name), b"x", "content")


@both("names with quotes, spaces and dollars as arguments")
def _(options):
    data = os.urandom(100)
    sent = srv.local("sent", data)
    for name in ("with space", "it's", 'say "hi"', "$HOME", "a;b", "back`t`",
                 "\u00fc"):
        # The old protocol's command line is quoted for a shell.
        remote = name
        if options:
            remote = "'" + name.replace("'", "'\\''") + "'"
        must(srv.scp(*options, sent, "srv:" + remote))
        expect(srv.get(name) == data, "%s differs" % name)
        os.unlink(srv.home(name))


@promise("scp -O: a newline in a name does not break the protocol")
def _():
    srv.put("lines/a", b"a")
    srv.put("lines/z", b"z")
    srv.put("lines/x\nC0644 5 evil\n", b"hello")
    srv.scp("-O", "-r", "srv:lines", srv.local("lines"))
    found = os.listdir(srv.local("lines"))
    expect("evil" not in found, "a file name became a command")
    expect("a" in found and "z" in found, "others are missing: %r" % found)


def sink(directory, data, *flags):
    """Talks the old protocol by hand to `scp -t directory`."""
    return srv.ssh("srv", "scp", *flags, "-t", directory, input=data)


@promise("scp -t: no record leaves the directory that was named")
def _():
    srv.mkdir("sink")
    for record in (b"C0644 1 ../evil\nx\0", b"C0644 1 /evil\nx\0",
                   b"C0644 1 ..\nx\0", b"C0644 1 .\nx\0", b"C0644 1 \nx\0",
                   b"C0644 1 a/evil\nx\0", b"D0755 0 ..\nC0644 1 evil\nx\0E\n",
                   b"D0755 0 ../evil\nE\n", b"E\nE\nC0644 1 evil\nx\0",
                   b"D0755 0 d\nE\nE\nE\nC0644 1 evil\nx\0"):
        sink("sink", record, "-r")
        expect(not os.path.exists(srv.home("evil")),
               "%r made a file outside" % record)


@promise("scp -t: malformed records are errors, and the session survives")
def _():
    for record in (b"C\n", b"Cxyz 1 f\n", b"C0644\n", b"C0644 -1 f\n",
                   b"C0644 99999999999999999999 f\n", b"T1 0\n",
                   b"Tx 0 0 0\n", b"D\n", b"Q\n", b"\n", b"\0\0\0",
                   b"C0644 1 " + b"n" * 100000 + b"\n", b"C" * 300000):
        result = sink("sink", record, "-r")
        expect(result.returncode != 0, "%r was accepted" % record[:40])
    must(srv.scp("-O", srv.local("after", b"x"), "srv:after"))


@promise("scp -t: an interrupted upload keeps the received data and is not a "
         "success")
def _():
    result = sink("cut", b"C0644 100000 cut\n" + b"x" * 50000)
    expect(result.returncode != 0, "exit status 0")


@promise("scp -f: the source side answers step by step")
def _():
    srv.put("src", b"hello")
    result = must(srv.ssh("srv", "scp", "-f", "src", input=b"\0\0\0\0"))
    expect_same(result.stdout, b"C0644 5 src\nhello\0", "what came")
    result = must(srv.ssh("srv", "scp", "-p", "-f", "src",
                          input=b"\0\0\0\0\0"))
    expect(result.stdout.startswith(b"T"), "no times: %r" % result.stdout)


@promise("scp -f: an error of the source is a \\x01 line and exit status 1")
def _():
    result = srv.ssh("srv", "scp", "-f", "nowhere", input=b"\0\0\0")
    expect(result.stdout[:1] == b"\x01", repr(result.stdout))
    expect(b"No such file" in result.stdout, repr(result.stdout))
    expect_same(result.returncode, 1, "exit status")


@promise("scp -3 copies between two places on the server")
def _():
    srv.put("three", b"3" * 100000)
    must(srv.scp("-3", "srv:three", "srv:three-copy"))
    expect(srv.get("three-copy") == b"3" * 100000, "the copy differs")


main(srv)
