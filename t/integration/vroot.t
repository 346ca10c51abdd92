#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko

"""mod_vroot's virtual roots: every request sees what FSIO shows, and nothing
beside it."""

import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, said
from clients import paramiko_sftp
from rawsftp import STATUS, Raw, num, quad, string

SECRET = b"the file outside of the virtual root\n"


def vroot(*lines):
    """A server whose user lives in a virtual root; `outside' is beside it."""
    srv = Server("\n".join(("VRootEngine on", "DefaultRoot ~",
                            "SFTPExtensions +xattr") + lines),
                 modules=("mod_vroot",)).start()
    srv.put("in", b"inside\n")
    srv.mkdir("dir")
    srv.put("dir/deep", b"deep\n")
    outside = srv.path("outside")
    os.makedirs(outside, exist_ok=True)
    with open(os.path.join(outside, "secret"), "wb") as file:
        file.write(SECRET)
    os.chmod(outside, 0o755)
    os.makedirs(srv.path("shared"))
    with open(srv.path("shared/both"), "wb") as file:
        file.write(b"shared\n")
    os.chmod(srv.path("shared"), 0o777)
    os.chmod(os.path.join(outside, "secret"), 0o666)
    return srv, outside


shared = "VRootAlias @DIR@/shared ~/common"
srv, outside = vroot(shared)
secret = os.path.join(outside, "secret")


@promise("inside, paths are looked at, listed, read and written")
def _():
    with paramiko_sftp(srv) as sftp:
        expect_same(sftp.normalize("."), "/", "where it begins")
        expect_same(sorted(n for n in sftp.listdir("/")
                           if not n.startswith(".")),
                    ["common", "dir", "in"], "/")
        expect_same(sftp.listdir("dir"), ["deep"], "dir")
        expect_same(sftp.stat("/in").st_size, 7, "STAT")
        expect_same(sftp.lstat("dir/deep").st_size, 5, "LSTAT")
        with sftp.open("/dir/deep", "rb") as file:
            expect_same(file.read(), b"deep\n", "READ")
        with sftp.open("/dir/new", "wb") as file:
            file.write(b"new")
        expect_same(srv.get("dir/new"), b"new", "WRITE")
        sftp.truncate("/dir/new", 1)
        sftp.chmod("/dir/new", 0o600)
        expect_same(srv.get("dir/new"), b"n", "SETSTAT size")
        sftp.mkdir("/made")
        sftp.rename("/dir/new", "/made/moved")
        sftp.remove("/made/moved")
        sftp.rmdir("/made")
        expect(not os.path.exists(srv.home("made")), "RMDIR")


@promise("no request sees a file outside")
def _():
    with paramiko_sftp(srv) as sftp:
        for name in (secret, "/../../.." + secret, "../.." + secret):
            for ask in (sftp.stat, sftp.lstat, sftp.listdir,
                        lambda n: sftp.open(n, "rb"),
                        lambda n: sftp.truncate(n, 0),
                        lambda n: sftp.chmod(n, 0o600), sftp.remove,
                        lambda n: sftp.rename(n, "/mine")):
                try:
                    ask(name)
                except OSError:
                    continue
                expect(False, "%r is served" % name)
    with open(secret, "rb") as file:
        expect_same(file.read(), SECRET, "the file outside")
    expect_same(stat.S_IMODE(os.stat(secret).st_mode), 0o666, "its mode")


@promise("extensions and commands do not see one either")
def _():
    with Raw(srv, 6) as raw:
        for name, rest in ((b"check-file-name", string(b"md5") + quad(0) +
                            quad(0) + num(0)),
                           (b"md5-hash", quad(0) + quad(0) + string(b"")),
                           (b"statvfs@openssh.com", b""),
                           (b"space-available", b"")):
            kind, _ = raw.ask(200, string(name) + string(secret.encode()) +
                                 rest)
            expect_same(kind, STATUS, name.decode())
    for command in ("md5sum", "sha1sum", "df"):
        result = srv.ssh("srv", "%s %s" % (command, secret))
        expect(result.returncode != 0, "%s: %s" % (command, said(result)))


@promise("scp does not see one")
def _():
    got = srv.local("got")
    for option in ("-O", "-s"):
        expect(srv.scp(option, "srv:%s" % secret, got)
               .returncode != 0, option)
        expect(not os.path.exists(got), option)


@promise("a link that leads outside is not followed")
def _():
    os.symlink(secret, srv.home("out"))
    try:
        with paramiko_sftp(srv) as sftp:
            for what, ask in (
                    ("OPEN", lambda: sftp.open("/out", "rb")),
                    ("STAT", lambda: sftp.stat("/out")),
                    ("chmod", lambda: sftp.chmod("/out", 0o600)),
                    ("utimes", lambda: sftp.utime("/out", (1, 1))),
                    ("truncate", lambda: sftp.truncate("/out", 0))):
                try:
                    ask()
                except OSError:
                    continue
                expect(False, "%s follows it" % what)
        with open(secret, "rb") as file:
            expect_same(file.read(), SECRET, "the file outside")
    finally:
        os.unlink(srv.home("out"))


@promise("a directory's link that leads outside is not followed")
def _():
    os.symlink(outside, srv.home("way"))
    try:
        with paramiko_sftp(srv) as sftp:
            for what, ask in (
                    ("STAT", lambda: sftp.stat("/way/secret")),
                    ("LSTAT", lambda: sftp.lstat("/way/secret")),
                    ("OPENDIR", lambda: sftp.listdir("/way")),
                    ("OPEN", lambda: sftp.open("/way/secret", "rb")),
                    ("creation", lambda: sftp.open("/way/mine", "wb")),
                    ("MKDIR", lambda: sftp.mkdir("/way/mine")),
                    ("RENAME", lambda: sftp.rename("/in", "/way/mine")),
                    ("REMOVE", lambda: sftp.remove("/way/secret"))):
                try:
                    ask()
                except OSError:
                    continue
                expect(False, "%s follows it" % what)
        expect_same(os.listdir(outside), ["secret"], "outside")
    finally:
        os.unlink(srv.home("way"))


@promise("a link inside leads to its place inside")
def _():
    os.symlink("/dir/deep", srv.home("inner"))
    try:
        with paramiko_sftp(srv) as sftp:
            with sftp.open("/inner", "rb") as file:
                expect_same(file.read(), b"deep\n", "OPEN")
            expect_same(sftp.stat("/inner").st_size, 5, "STAT")
            expect_same(sftp.readlink("/inner"), "/dir/deep", "READLINK")
    finally:
        os.unlink(srv.home("inner"))


@promise("an alias works, and does not lead outside")
def _():
    with paramiko_sftp(srv) as sftp:
        with sftp.open("/common/both", "rb") as file:
            expect_same(file.read(), b"shared\n", "OPEN")
        expect_same(sftp.listdir("/common"), ["both"], "OPENDIR")
        expect_same(sftp.stat("/common/both").st_size, 7, "STAT")
        try:
            sftp.open("/common/../../outside/secret", "rb")
        except OSError:
            return
    expect(False, "the way up from an alias is served")


@promise("extended attributes are those of the file inside")
def _():
    try:
        os.setxattr(secret, "user.secret", b"1")
        os.setxattr(srv.home("in"), "user.mine", b"1")
    except OSError as why:
        skip("no extended attributes here: %s" % why)
    with Raw(srv, 3) as raw:
        kind, left = raw.ask(200, string(b"listxattr@proftpd.org") +
                             string(b"/in") + num(1000))
        expect(kind != STATUS and b"user.mine" in left, "inside: %r" % left)
        kind, left = raw.ask(200, string(b"listxattr@proftpd.org") +
                             string(secret.encode()) + num(1000))
        expect(kind == STATUS and b"user.secret" not in left, "outside")


@promise("the server ran without a crash")
def _():
    srv.stop_clean()


main()
