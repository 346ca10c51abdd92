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


# ---- Rules: they are asked for the path inside, whatever a file is called

RULES = """
AllowOverride on
<Directory /denied>
  <Limit ALL>
    DenyAll
  </Limit>
</Directory>
<Directory /kept>
  AllowOverwrite off
  <Limit REMOVE DELE RMD RNFR SITE_CHMOD>
    DenyAll
  </Limit>
</Directory>
<Directory /hidden>
  HideFiles ^file
  <Limit ALL>
    IgnoreHidden on
  </Limit>
</Directory>
<Directory /small>
  MaxStoreFileSize 4 B
  Umask 077
</Directory>
<Directory /common/denied>
  <Limit ALL>
    DenyAll
  </Limit>
</Directory>
VRootAlias @DIR@/shared ~/common
VRootAlias @DIR@/shared/one ~/one
"""
TEXT = b"what the rules are about\n"


def with_rules():
    ruled = Server("VRootEngine on" + RULES, modules=("mod_vroot",))
    for name in ("denied", "kept", "hidden", "acc"):
        ruled.put(name + "/file", TEXT)
    ruled.put("acc/.ftpaccess", b"<Limit ALL>\nDenyAll\n</Limit>\n")
    ruled.mkdir("small")
    ruled.mkdir("a/b")
    os.makedirs(ruled.path("shared/denied"))
    for name in ("denied/file", "one"):
        with open(ruled.path("shared/" + name), "wb") as file:
            file.write(TEXT)
        os.chmod(ruled.path("shared/" + name), 0o666)
    for name in ("shared", "shared/denied"):
        os.chmod(ruled.path(name), 0o777)
    for name in ("denied", "kept", "hidden", "acc"):
        os.symlink(ruled.home(name), ruled.home("out-" + name))
        os.symlink(name, ruled.home("in-" + name))
    os.symlink(ruled.home(), ruled.home("top"))
    return ruled.start()


ruled = with_rules()
ROOT = ruled.home().rstrip("/")


def called(name):
    """What a directory of the root is called, too."""
    return [form % (ROOT, name) for form in (
        "%s/%s", "/%s/./%s", "%s/a/../%s", "/a/../..%s/%s")] + \
        [ROOT + ROOT + "/" + name, "/out-" + name, "/in-" + name,
         "/top/" + name, "%s/out-%s" % (ROOT, name),
         "../../%s/%s" % (ROOT, name)]


def asked(raw, path):
    """The requests of version 3 that a rule may be about."""
    name = string(path.encode())
    mode = num(4) + num(0o600)
    return {"OPEN to read": (3, name + num(1) + num(0)),
            "OPEN to replace": (3, name + num(2 | 8 | 16) + num(0)),
            "STAT": (17, name), "LSTAT": (7, name),
            "SETSTAT": (9, name + mode),
            "RENAME": (18, name + string(b"/moved")),
            "hardlink": (200, string(b"hardlink@openssh.com") + name +
                         string(b"/linked")),
            "copy-file": (200, string(b"copy-file") + name +
                          string(b"/copied") + b"\1"),
            "md5-hash": (200, string(b"md5-hash") + name + quad(0) + quad(0) +
                         string(b"")),
            "REMOVE": (13, name)}


@promise("a directory has its rules by each name that leads to it")
def _():
    with Raw(ruled, 3) as raw:
        for name, spared in (("denied", ()), ("hidden", ()), ("acc", ()),
                             ("kept", ("OPEN to read", "STAT", "LSTAT",
                                       "hardlink", "copy-file", "md5-hash"))):
            for way in ["/" + name] + called(name):
                for what, ask in asked(raw, way + "/file").items():
                    if what in spared:
                        continue
                    kind, left = raw.ask(*ask)
                    expect(kind == STATUS and left[:4] != num(0),
                           "%s of %s/file is served" % (what, way))
            expect_same(ruled.get(name + "/file"), TEXT, name)
            expect_same(stat.S_IMODE(os.stat(ruled.home(name + "/file"))
                                     .st_mode), 0o644, name)
        for way in called("denied"):
            for what, ask in (("OPENDIR", (11, string(way.encode()))),
                              ("MKDIR", (14, string(way.encode() + b"/new") +
                                         num(0)))):
                kind, left = raw.ask(*ask)
                expect(kind == STATUS and left[:4] != num(0),
                       "%s of %s is served" % (what, way))
    for way in called("denied"):
        expect(ruled.ssh("srv", "md5sum %s/file" % way).returncode != 0,
               "md5sum of %s/file" % way)
    expect_same(os.listdir(ruled.home("denied")), ["file"], "denied")


@promise("what is not denied is served by all of these names")
def _():
    with paramiko_sftp(ruled) as sftp:
        for way in called("kept"):
            with sftp.open(way + "/file", "rb") as file:
                expect_same(file.read(), TEXT, way)
        expect_same(sftp.normalize(ROOT + "/kept/file"), "/kept/file",
                    "REALPATH")
        expect_same(sftp.normalize("/top/a/b"), "/a/b", "REALPATH")


@promise("nobody is told where the root is")
def _():
    with paramiko_sftp(ruled) as sftp:
        for text, shown in (("/", "/"), ("/kept", "/kept"), ("b", "b"),
                            ("../..", "/"), ("../../kept", "/kept"),
                            (ROOT + "/kept", "/kept")):
            sftp.symlink(text, "/a/link")
            try:
                expect_same(sftp.readlink("/a/link"), shown, text)
            finally:
                sftp.remove("/a/link")
        expect_same(sftp.readlink("/out-kept"), "/kept", "a link of others")


@promise("what SYMLINK makes leads to the same place for others, never out")
def _():
    with paramiko_sftp(ruled) as sftp:
        for text, stored in (("/kept", ROOT + "/kept"), ("/", ROOT),
                             ("b", "b"), ("b/c..d", "b/c..d"),
                             ("../../../..", ROOT), ("../kept",
                                                     ROOT + "/kept")):
            sftp.symlink(text, "/a/link")
            expect_same(os.readlink(ruled.home("a/link")), stored, text)
            sftp.remove("/a/link")


def scp_all(ruled, way, got, more):
    """Down, onto the file, and beside it."""
    down = ruled.scp("-O", "srv:%s/file" % way, got)
    onto = ruled.scp("-O", more, "srv:%s/file" % way)
    beside = ruled.scp("-O", more, "srv:%s/more" % way)
    return [result.returncode == 0 for result in (down, onto, beside)]


@promise("scp has the rules of SFTP")
def _():
    got, more = ruled.local("got"), ruled.local("more", b"longer than four")
    for way in ["/denied", "/common/denied", "/acc"] + called("denied")[::4]:
        expect_same(scp_all(ruled, way, got, more), [False] * 3, way)
        expect(not os.path.exists(got), "%s is read" % way)
    expect_same(os.listdir(ruled.home("denied")), ["file"], "denied")
    expect_same(os.listdir(ruled.path("shared/denied")), ["file"], "alias")
    for way in ["/kept"] + called("kept")[::4]:
        expect(ruled.scp("-O", more, "srv:%s/file" % way).returncode != 0,
               "AllowOverwrite off: %s" % way)
    for name in ("kept", "denied"):
        expect_same(ruled.get(name + "/file"), TEXT, name)
    for way in ("/small/new", ROOT + "/small/too"):
        expect(ruled.scp("-O", more, "srv:" + way).returncode != 0,
               "MaxStoreFileSize")
        made = os.stat(ruled.home("small/" + os.path.basename(way)))
        expect(made.st_size <= 4, "size: %d" % made.st_size)
        expect_same(stat.S_IMODE(made.st_mode), 0o600, "Umask")


@promise("an alias is no entry that could be moved or removed")
def _():
    with paramiko_sftp(ruled) as sftp:
        expect("common" in sftp.listdir("/") and "one" in sftp.listdir("/"),
               "the listing")
        with sftp.open("/one", "rb") as file:
            expect_same(file.read(), TEXT, "an alias of a file")
        for what, ask in (
                ("REMOVE", lambda: sftp.remove("/one")),
                ("RENAME", lambda: sftp.rename("/one", "/a/one")),
                ("RENAME", lambda: sftp.rename("/common", "/a/common")),
                ("RMDIR", lambda: sftp.rmdir("/common"))):
            try:
                ask()
            except OSError:
                continue
            expect(False, "%s of an alias" % what)
        sftp.mkdir("/common/made")
        sftp.rename("/common/made", "/common/moved")
        sftp.rmdir("/common/moved")
    expect_same(sorted(os.listdir(ruled.path("shared"))), ["denied", "one"],
                "its source")


@promise("below a VRootServerRoot it is the same")
def _():
    below = Server("VRootEngine on\nVRootServerRoot @DIR@/home\n"
                   "<Directory @DIR@/home/denied>\n<Limit ALL>\nDenyAll\n"
                   "</Limit>\n"
                   "</Directory>\n", modules=("mod_vroot",)).start()
    try:
        below.put("denied/file", TEXT)
        below.put("mine", TEXT)
        with paramiko_sftp(below) as sftp:
            with sftp.open("/mine", "rb") as file:
                expect_same(file.read(), TEXT, "a file")
            for name in ("/denied/file", "/alice/denied/file"):
                try:
                    sftp.open(name, "rb")
                except OSError:
                    continue
                expect(False, "%s is served" % name)
    finally:
        below.stop_clean()


@promise("the servers ran without a crash")
def _():
    srv.stop_clean()
    ruled.stop_clean()


main()
