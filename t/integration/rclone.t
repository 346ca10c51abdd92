#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: rclone
# sanitizers: alone

"""rclone: copy, check, sums, free space; it asks a shell for the latter."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server, client, must, said
from trees import make_tree, same_tree

srv = Server()

# rclone itself writes other names for these, or none.
NAMES = ("plain", "with space", "'single'", '"double"', "back\\slash",
         "dollar$HOME", "star*", "semi;colon", "amp&", "-dash", "~tilde",
         "\u00fcml\u00e4ut", "percent%s", "hash#", "(paren)")


def config(*lines):
    path = srv.local("rclone.conf", b"")
    with open(path, "w") as out:
        out.write("[srv]\ntype = sftp\nhost = 127.0.0.1\nport = %d\n"
                  "user = %s\nkey_file = %s\n%s\n"
                  % (srv.port, srv.user, srv.key, "\n".join(lines)))
    return path


def rclone(*args, lines=()):
    env = dict(os.environ, HOME=srv.local("home"))
    return client(["rclone", "--config", config(*lines), "--retries", "1",
                   "--checkers", "1"] + list(args), env=env)


def tree(name):
    top = srv.local(name)
    if not os.path.isdir(top):
        make_tree(top, NAMES)
        with open(os.path.join(top, "big"), "wb") as out:
            out.write(os.urandom(3000001))
    return top


@promise("copy transfers a tree with odd names in both directions")
def _():
    top, back = tree("tree"), srv.local("back")
    must(rclone("copy", top, "srv:up", "--create-empty-src-dirs"))
    same_tree(top, srv.home("up"))
    must(rclone("copy", "srv:up", back, "--create-empty-src-dirs"))
    same_tree(top, back)


@promise("check compares checksums of the server, and finds them equal")
def _():
    result = rclone("check", "-v", tree("tree"), "srv:up")
    expect_same(result.returncode, 0, said(result))
    text = said(result)
    expect("md5" in text, "no sums were compared: " + text)
    expect("hash unsupported" not in text, text)


@promise("check sees one changed byte")
def _():
    with open(srv.home("up/big"), "r+b") as file:
        file.seek(2000000)
        byte = file.read(1)
        file.seek(2000000)
        file.write(bytes([byte[0] ^ 1]))
    result = rclone("check", tree("tree"), "srv:up")
    expect_same(result.returncode, 1, said(result))
    expect("big: md5 differ" in said(result), said(result))
    expect("1 differences found" in said(result), said(result))


@promise("hashsum gives md5 and sha1 of files with odd names")
def _():
    for kind in ("md5", "sha1"):
        out = must(rclone("hashsum", kind, "srv:up", lines=(
            "shell_type = unix", "md5sum_command = md5sum",
            "sha1sum_command = sha1sum"))).stdout.decode()
        got = dict(line.split("  ", 1)[::-1] for line in out.splitlines())
        for name in NAMES + ("big",):
            with open(srv.home("up/" + name), "rb") as file:
                want = hashlib.new(kind, file.read()).hexdigest()
            expect_same(got.get(name), want, "%s of %r" % (kind, name))


@promise("sync removes missing files, also by checksums")
def _():
    top = tree("tree2")
    os.unlink(os.path.join(top, "plain"))
    must(rclone("sync", "--checksum", top, "srv:up",
                "--create-empty-src-dirs"))
    same_tree(top, srv.home("up"))


@promise("about reports the free space")
def _():
    for more in ((), ("disable_concurrent_reads = true",)):
        result = must(rclone("about", "--json", "srv:", lines=more))
        expect(b'"total"' in result.stdout and b'"free"' in result.stdout,
               said(result))


@promise("a file that rclone moves on the server keeps its checksum")
def _():
    must(rclone("moveto", "srv:up/big", "srv:moved/big"))
    with open(os.path.join(tree("tree2"), "big"), "rb") as file:
        expect(srv.get("moved/big") == file.read(), "the file differs")


main(srv)
