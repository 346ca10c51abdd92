#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""The .ftpaccess of every directory from the root down is in force, whatever
was asked for before."""

import contextlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server
from clients import paramiko_sftp

ALLOW = "<Limit READ WRITE>\nAllowAll\n</Limit>\n"
DENY = "<Limit READ WRITE>\nDenyAll\n</Limit>\n"
plain = Server("AllowOverride on").start()
jailed = Server("AllowOverride on\nDefaultRoot ~").start()
BOTH = (("without a root", plain), ("below DefaultRoot", jailed))
ages = iter(range(1, 1000))


def rule(srv, name, text):
    """ProFTPD reads a file again when its time is later than it was."""
    srv.put(name, text.encode())
    when = time.time() - 2000 + next(ages)
    os.utime(srv.home(name), (when, when))


@contextlib.contextmanager
def tree(srv, top=None, middle=None):
    for name in ("top", "top/a", "top/a/b"):
        os.makedirs(srv.home(name), exist_ok=True)
        os.chown(srv.home(name), *os.stat(srv.home())[4:6])
    for name in ("top/one", "top/a/b/two"):
        srv.put(name, b"content")
    names = []
    for name, text in (("top/.ftpaccess", top), ("top/a/.ftpaccess", middle)):
        names.append(srv.home(name))
        if text is not None:
            rule(srv, name, text)
    try:
        yield
    finally:
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def read(sftp, name):
    with sftp.open(name, "rb") as file:
        return file.read()


def write(sftp, name):
    with sftp.open(name, "wb") as file:
        file.write(b"content")


WAYS = (("read", lambda s: read(s, "top/a/b/two")),
        ("write", lambda s: write(s, "top/a/b/two")),
        ("make", lambda s: write(s, "top/a/b/new")),
        ("truncate", lambda s: s.truncate("top/a/b/two", 0)),
        ("rename", lambda s: s.rename("top/a/b/two", "top/a/b/three")),
        ("remove", lambda s: s.remove("top/a/b/two")))


def refused(sftp, way):
    try:
        way(sftp)
    except OSError:
        return True
    return False


@promise("a directory between two others is not skipped")
def _():
    for where, srv in BOTH:
        for what, way in WAYS:
            with tree(srv, ALLOW, DENY), paramiko_sftp(srv) as sftp:
                expect_same(read(sftp, "top/one"), b"content", where)
                expect(refused(sftp, way), "%s, %s" % (where, what))
                expect_same(srv.get("top/a/b/two"), b"content", what)
                expect(not os.path.exists(srv.home("top/a/b/new")), what)


@promise("nor where it permits what the one above denies")
def _():
    for where, srv in BOTH:
        for before in (False, True):
            with tree(srv, DENY, ALLOW), paramiko_sftp(srv) as sftp:
                if before:
                    expect(refused(sftp, lambda s: read(s, "top/one")), where)
                expect_same(read(sftp, "top/a/b/two"), b"content", where)
                write(sftp, "top/a/b/two")
                expect(refused(sftp, lambda s: read(s, "top/one")), where)


@promise("one that appears, changes or disappears counts for the next request")
def _():
    for where, srv in BOTH:
        with tree(srv), paramiko_sftp(srv) as sftp:
            name = "top/a/.ftpaccess"
            for text, denied in ((None, False), (DENY, True), (ALLOW, False),
                                 (DENY, True), (None, False), (DENY, True)):
                if text is not None:
                    rule(srv, name, text)
                elif os.path.exists(srv.home(name)):
                    os.unlink(srv.home(name))
                expect_same(refused(sftp, WAYS[0][1]), denied,
                            "%s, read with %r" % (where, text))
                expect_same(refused(sftp, WAYS[1][1]), denied,
                            "%s, write with %r" % (where, text))


@promise("one that is older than the one before, or as old, counts")
def _():
    for where, srv in BOTH:
        with tree(srv, None, ALLOW), paramiko_sftp(srv) as sftp:
            for text, when in ((DENY, 2000), (ALLOW, 2000), (DENY, 1000)):
                srv.put("new", text.encode())
                os.utime(srv.home("new"), (when, when))
                os.rename(srv.home("new"), srv.home("top/a/.ftpaccess"))
                expect_same(refused(sftp, WAYS[0][1]), text == DENY,
                            "%s, of %d" % (where, when))
            aside = srv.home("aside")
            os.rename(srv.home("top/a/.ftpaccess"), aside)
            expect(not refused(sftp, WAYS[0][1]), "%s, gone" % where)
            os.rename(aside, srv.home("top/a/.ftpaccess"))
            expect(refused(sftp, WAYS[0][1]), "%s, back" % where)


@promise("one that comes with a renamed directory counts")
def _():
    for where, srv in BOTH:
        for name, text, age in (("x", DENY, 1000), ("y", ALLOW, 10)):
            srv.put(name + "/in/.ftpaccess", text.encode())
            srv.put(name + "/in/file", b"content")
            when = time.time() - age
            os.utime(srv.home(name + "/in/.ftpaccess"), (when, when))
        with paramiko_sftp(srv) as sftp:
            expect_same(read(sftp, "y/in/file"), b"content", where)
            sftp.rename("y", "z")
            sftp.rename("x", "y")
            expect(refused(sftp, lambda s: read(s, "y/in/file")), where)
            expect_same(read(sftp, "z/in/file"), b"content", where)


@promise("with AllowOverride off none counts")
def _():
    srv = Server("AllowOverride off").start()
    try:
        with tree(srv, DENY, DENY), paramiko_sftp(srv) as sftp:
            expect_same(read(sftp, "top/a/b/two"), b"content", "read")
    finally:
        srv.stop_clean()


@promise("the servers ran without a crash")
def _():
    for _, srv in BOTH:
        srv.stop_clean()


main()
