#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Links that somebody made outside of DefaultRoot: one that names a place
inside by its path outside leads there, for every request, and the rules are
those of where it leads.  One that leads out stays dead.  race.t has what is
swapped meanwhile."""

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from ftphost import FtpServer, ftp_says
from rawsftp import ATTRS, EXTENDED_REPLY, HANDLE, NAME, STATUS, Raw, \
    num, quad, string
from server import GID, UID, Server, must, said

TEXT, SECRET = b"the seventh\n", b"nobody may know this\n" * 3
NO_SUCH_FILE, DENIED, FAILURE = 2, 3, 4

RULES = """
  <Directory ~/denied>
    <Limit ALL>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/keep>
    AllowOverwrite off
  </Directory>
  <Directory ~/hide>
    HideFiles "^file"
    <Limit ALL>
      IgnoreHidden on
    </Limit>
  </Directory>
  <Directory ~/filter>
    PathDenyFilter "evil"
  </Directory>
  <Directory ~/store>
    HiddenStores on
  </Directory>
"""

srv = FtpServer(RULES + "AllowOverride on\nSFTPExtensions +xattr\n", ftp=RULES)
free = Server(drop=("DefaultRoot",))
linkless = Server("ShowSymlinks off\n")
anonymous = Server("""
<Anonymous @DIR@/home/alice>
  User alice
  RequireValidShell off
  <Directory denied>
    <Limit ALL>
      DenyAll
    </Limit>
  </Directory>
</Anonymous>
""", drop=("DefaultRoot",))
outside = srv.path("outside")

# Another file system, in the home.
far = tempfile.mkdtemp(dir="/dev/shm")
atexit.register(shutil.rmtree, far, True)
os.chown(far, UID, GID)
linkless.binds[linkless.mkdir("far")] = far


def link(text, name, where=srv):
    """A link with that text, made by somebody outside."""
    os.symlink(text, where.home(name))
    os.lchown(where.home(name), UID, GID)


def inside(name="", where=srv):
    """How that is called outside."""
    return where.home(name).rstrip("/")


def fill(where=srv):
    for name in set(os.listdir(where.home())) - {"far"}:
        path = where.home(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    where.put("releases/7/file", TEXT)
    where.put("releases/7/sub/leaf", b"leaf\n")
    os.setxattr(where.home("releases/7/file"), "user.text", TEXT)
    where.put("mine", b"mine\n")
    for name in ("denied", "keep", "hide", "filter", "store"):
        where.put(name + "/file", SECRET)
    where.put("closed/file", SECRET)
    where.put("closed/.ftpaccess", b"<Limit ALL>\nDenyAll\n</Limit>\n")
    for name in ("denied", "keep", "hide", "filter", "store", "closed"):
        link(inside(name, where), "to-" + name, where)
    link(inside("releases/7", where), "current", where)
    link(inside("releases/7/file", where), "to-file", where)


def fill_outside():
    os.makedirs(outside, exist_ok=True)
    with open(os.path.join(outside, "file"), "wb") as file:
        file.write(SECRET)
    os.chmod(outside, 0o777)
    os.chmod(os.path.join(outside, "file"), 0o666)


class Client:
    """Requests of one version, for paths; each tells what came of it."""

    def __init__(self, raw):
        self.raw, self.version = raw, raw.version
        self.more = num(1) if raw.version > 3 else b""
        self.plain = num(0) + (b"\1" if raw.version > 3 else b"")

    def ok(self, kind, *body):
        return self.raw.status(kind, b"".join(body)) == 0

    def size(self, name, kind=17):
        """As STAT or LSTAT has it; None when there is none."""
        kind, left = self.raw.ask(kind, string(name.encode()) + self.more)
        at = 5 if self.version > 3 else 4
        return int.from_bytes(left[at:at + 8], "big") if kind == ATTRS else None

    def open(self, name, new=False, writes=False):
        """A handle, or None."""
        if self.version == 3:
            flags = num((2 | 8 | 16) if new else 2 if writes else 1)
        else:
            flags = num(2 if new or writes else 1) + num(1 if new else 2)
        kind, left = self.raw.ask(3, string(name.encode()) + flags
                                  + self.plain)
        return self.raw.cut(left)[0] if kind == HANDLE else None

    def read(self, name):
        handle = self.open(name)
        if handle is None:
            return None
        kind, left = self.raw.ask(5, string(handle) + quad(0) + num(4096))
        self.ok(4, string(handle))
        return b"" if kind == STATUS else self.raw.cut(left)[0]

    def write(self, name, text, new=True):
        handle = self.open(name, new, True)
        if handle is None:
            return False
        good = self.ok(6, string(handle), quad(0), string(text))
        return self.ok(4, string(handle)) and good

    def listing(self, name):
        """The names, or None."""
        kind, _ = answer = self.raw.ask(11, string(name.encode()))
        if kind != HANDLE:
            return None
        self.ok(4, string(self.raw.cut(answer[1])[0]))
        return self.raw.list(name)

    def name(self, kind, path):
        """What REALPATH or READLINK answers; None when they do not."""
        kind, left = self.raw.ask(kind, string(path.encode()))
        return self.raw.cut(left[4:])[0].decode() if kind == NAME else None

    def set(self, path, kind=9, **what):
        body, flags = b"", 0
        if "size" in what:
            flags, body = flags | 1, body + quad(what["size"])
        if "mode" in what:
            flags, body = flags | 4, body + num(what["mode"])
        return self.ok(kind, string(path.encode()), num(flags)
                       + (b"\1" if self.version > 3 else b"") + body)

    def mkdir(self, path):
        return self.ok(14, string(path.encode()), self.plain)

    def on(self, kind, path):
        """REMOVE, RMDIR."""
        return self.ok(kind, string(path.encode()))

    def rename(self, old, new):
        return self.ok(18, string(old.encode()), string(new.encode()),
                       num(0) if self.version > 3 else b"")

    def hard_link(self, old, new):
        old, new = string(old.encode()), string(new.encode())
        return self.ok(200, string(b"hardlink@openssh.com"), old, new) \
            if self.version == 3 else self.ok(21, new, old, b"\0")

    def symlink(self, text, name):
        text, name = string(text.encode()), string(name.encode())
        return self.ok(20, text, name) if self.version == 3 else \
            self.ok(21, name, text, b"\1")

    def extended(self, name, path, rest=b""):
        """What follows the answer's type; None when it is a STATUS."""
        kind, left = self.raw.ask(200, string(name) + string(path.encode())
                                  + rest)
        return left if kind == EXTENDED_REPLY else None

    def copy(self, old, new):
        return self.ok(200, string(b"copy-file"), string(old.encode()),
                       string(new.encode()), b"\1")

    def sum(self, name):
        return self.extended(b"check-file-name", name, string(b"md5")
                             + quad(0) + quad(0) + num(0))


def clients(where=srv):
    """Versions 3 and 6, each with all in its place."""
    for version in (3, 6):
        fill(where)
        with Raw(where, version) as raw:
            yield Client(raw)


def ssh(command, **more):
    return srv.ssh("srv", command, **more)


# ---- Where they lead

@promise("STAT, OPEN, OPENDIR, REALPATH and READLINK follow them to the "
         "intended place")
def _():
    for c in clients():
        expect_same(c.size("/to-file"), len(TEXT), "STAT")
        expect_same(c.read("/to-file"), TEXT, "READ")
        expect(b"leaf" in c.listing("/current/sub"), "OPENDIR below it")
        names = c.listing("/current")
        expect(b"file" in names and b"sub" in names, "OPENDIR: %r" % names)
        expect_same(c.name(16, "/current"), "/releases/7", "REALPATH")
        expect_same(c.name(16, "/current/new"), "/releases/7/new",
                    "REALPATH of nothing")
        expect_same(c.name(19, "/current"), "/releases/7", "READLINK")
        expect_same(c.name(19, "/to-file"), "/releases/7/file", "READLINK")


@promise("in the middle of a path they lead there as well")
def _():
    for c in clients():
        expect_same(c.size("/current/file"), len(TEXT), "STAT")
        expect_same(c.size("/current/file", 7), len(TEXT), "LSTAT")
        expect_same(c.read("/current/file"), TEXT, "READ")
        expect_same(c.read("/current/sub/leaf"), b"leaf\n", "READ deeper")
        expect_same(c.name(16, "/current/sub"), "/releases/7/sub", "REALPATH")
        expect_same(c.read("/current/sub/../file"), TEXT, "..")


@promise("writing, creating, setting, moving and removing act in that place")
def _():
    for c in clients():
        there = "releases/7/"
        expect(c.write("/current/new", b"new"), "a new file")
        expect_same(srv.get(there + "new"), b"new", "the new file")
        expect(c.write("/to-file", b"over"), "a file that is there")
        expect_same(srv.get(there + "file"), b"over", "the file")
        expect(c.write("/current/file", b"w", False), "a part of it")
        expect_same(srv.get(there + "file"), b"wver", "the changed file")
        expect(os.path.islink(srv.home("to-file")), "the link is gone")
        expect(c.set("/to-file", size=2), "a size")
        expect(c.set("/current/file", mode=0o600), "a mode")
        st = os.stat(srv.home(there + "file"))
        expect_same((st.st_size, st.st_mode & 0o777), (2, 0o600), "SETSTAT")
        expect(c.mkdir("/current/made"), "MKDIR")
        expect(os.path.isdir(srv.home(there + "made")), "what MKDIR made")
        expect(c.on(15, "/current/made"), "RMDIR")
        expect(c.rename("/current/new", "/current/moved"), "RENAME inside")
        expect(c.rename("/mine", "/current/mine"), "RENAME into it")
        expect_same(srv.get(there + "mine"), b"mine\n", "what was moved")
        expect(c.hard_link("/current/moved", "/current/twin"), "LINK")
        expect(c.symlink("file", "/current/near"), "SYMLINK")
        expect_same(os.readlink(srv.home(there + "near")), "file", "its text")
        expect(c.on(13, "/current/moved"), "REMOVE")
        expect_same(sorted(os.listdir(srv.home(there))),
                    ["file", "mine", "near", "sub", "twin"], "what is there")


@promise("extensions and commands use that place")
def _():
    digest = hashlib.md5(TEXT)
    for c in clients():
        for name in ("/to-file", "/current/file"):
            expect(digest.digest() in (c.sum(name) or b""), "sum of " + name)
            expect(c.extended(b"statvfs@openssh.com", name), "statvfs")
            expect(c.copy(name, "/copied"), "copy from " + name)
            expect_same(srv.get("copied"), TEXT, "the copy")
        expect(c.copy("/mine", "/current/file"), "copy to it")
        expect_same(srv.get("releases/7/file"), b"mine\n", "the copy there")
        got = c.raw.ask(200, string(b"getxattr@proftpd.org")
                        + string(b"/current/file") + string(b"user.text")
                        + num(4096))[1]
        expect(TEXT in got, "extended attributes: %r" % got)
    fill()
    for name in ("to-file", "current/file"):
        result = must(ssh("md5sum " + name))
        expect(digest.hexdigest().encode() in result.stdout, said(result))
    must(ssh("df current"))
    must(ssh("test -f to-file"))
    must(ssh("test -d current"))
    result = must(ssh("cd current && pwd"))
    expect_same(result.stdout.strip(), b"/releases/7", "cd")


@promise("scp goes there, with both protocols, in both directions")
def _():
    for option in ("-O", "-s"):
        fill()
        for name in ("to-file", "current/file"):
            got = srv.local("got")
            must(srv.scp(option, "srv:/" + name, got))
            with open(got, "rb") as file:
                expect_same(file.read(), TEXT, option + " " + name)
        shutil.rmtree(srv.local("tree"), ignore_errors=True)
        must(srv.scp(option, "-r", "srv:/current", srv.local("tree")))
        with open(srv.local("tree/sub/leaf"), "rb") as file:
            expect_same(file.read(), b"leaf\n", option + " -r")
        shutil.rmtree(srv.local("matched"), ignore_errors=True)
        os.makedirs(srv.local("matched"))
        must(srv.scp(option, "srv:/cur*/fi*", "srv:/current/fi*",
                     srv.local("matched")))
        expect_same(os.listdir(srv.local("matched")), ["file"], "patterns")
        new = srv.local("new", b"new\n")
        must(srv.scp(option, new, "srv:/current"))
        must(srv.scp(option, new, "srv:/current/other"))
        must(srv.scp(option, new, "srv:/to-file"))
        for name in ("new", "other", "file"):
            expect_same(srv.get("releases/7/" + name), b"new\n", name)
        source = os.path.dirname(srv.local("grown/leaf", b"x"))
        must(srv.scp(option, "-r", source, "srv:/current"))
        expect_same(srv.get("releases/7/grown/leaf"), b"x", "a tree")


@promise("relative and absolute links can follow each other")
def _():
    for c in clients():
        link("current", "first")
        link(inside("first"), "second")
        link(inside("second/sub"), "third")
        link("../../current", "releases/7/back")
        link(inside("releases/7/back/back"), "round")
        expect_same(c.read("/second/file"), TEXT, "two links")
        expect_same(c.read("/third/leaf"), b"leaf\n", "three")
        expect_same(c.read("/round/file"), TEXT, "there and back")
        expect_same(c.name(16, "/round/sub"), "/releases/7/sub", "REALPATH")
        expect_same(c.name(19, "/third"), "/second/sub", "READLINK")


@promise("texts with odd spellings lead to the same place")
def _():
    for c in clients():
        up = os.path.basename(inside())
        for number, (text, read) in enumerate((
                (inside() + "/", "/"), (inside(), "/"),
                (inside("releases/7/"), "/releases/7"),
                (inside("releases//./7"), "/releases/7"),
                (inside("releases/../current/../7"), "/releases/7"),
                (inside("releases/7/sub/.."), "/releases/7"),
                ("/" + inside("releases/7"), "/releases/7"),
                (inside("../%s/releases/7" % up), "/releases/7"))):
            link(text, "odd-%d" % number)
            expect_same(c.name(16, "/odd-%d" % number), read, text)
            expect(c.listing("/odd-%d" % number) is not None,
                   "OPENDIR of " + text)


@promise("LSTAT, REMOVE, RENAME and hard links act on the link itself")
def _():
    for c in clients():
        expect_same(c.size("/to-file", 7), len(inside("releases/7/file")),
                    "LSTAT")
        expect(c.hard_link("/to-file", "/linked"), "LINK")
        expect(c.rename("/to-file", "/moved"), "RENAME")
        for name in ("linked", "moved"):
            expect_same(os.readlink(srv.home(name)),
                        inside("releases/7/file"), name)
            expect(c.on(13, "/" + name), "REMOVE of " + name)
        expect(c.on(13, "/current"), "REMOVE of a directory's link")
        expect(not os.path.lexists(srv.home("current")), "the link is left")
        expect(not c.on(15, "/to-keep"), "RMDIR of a link")
        expect(not c.mkdir("/to-keep"), "MKDIR onto a link")
        expect_same(srv.get("releases/7/file"), TEXT, "the file")


@promise("loops end")
def _():
    for c in clients():
        link(inside("loop"), "loop")
        link(inside("two"), "one")
        link("one", "two")
        link(inside("grows/x"), "grows")
        for name in ("loop", "one", "two", "grows"):
            for path in ("/" + name, "/%s/file" % name):
                expect_same(c.size(path), None, "STAT of " + path)
                expect_same(c.read(path), None, "OPEN of " + path)
                expect(not c.write(path, b"x"), "writing to " + path)
                expect_same(c.listing(path), None, "OPENDIR of " + path)
        for number in range(60):
            link(inside("chain-%d" % (number + 1)), "chain-%d" % number)
        srv.put("chain-60", b"end\n")
        expect_same(c.size("/chain-22"), 4, "38 links")
        expect_same(c.size("/chain-5"), None, "55 links")
        expect_same(c.read("/chain-32"), b"end\n", "28 links")
        expect_same(c.read("/mine"), b"mine\n", "the session goes on")


@promise("the text of a link that the client creates is not changed")
def _():
    """Texts of clients are seen from inside."""
    for c in clients():
        expect(c.symlink("/releases/7/file", "/made"), "SYMLINK")
        expect_same(os.readlink(srv.home("made")), "/releases/7/file", "text")
        expect_same(c.read("/made"), TEXT, "READ")
        expect_same(c.name(19, "/made"), "/releases/7/file", "READLINK")
        expect(c.symlink(inside("releases/7/file"), "/long"), "SYMLINK")
        expect_same(c.read("/long"), TEXT, "READ of the long one")


@promise("an inside directory with the same name does not take precedence")
def _():
    """A link means one thing, here and outside."""
    for c in clients():
        shadow = inside("releases/7").lstrip("/")
        srv.put(shadow + "/file", b"shadow\n")
        srv.put(shadow + "/only", b"shadow\n")
        expect_same(c.read("/to-file"), TEXT, "a file")
        expect_same(c.read("/current/file"), TEXT, "through a directory")
        expect_same(c.read("/current/only"), None, "what is there alone")
        expect_same(c.name(16, "/current"), "/releases/7", "REALPATH")
        expect(c.write("/current/new", b"x"), "a new file")
        expect(not os.path.exists(srv.home(shadow + "/new")), "made there")
        expect_same(c.read("/" + shadow + "/file"), b"shadow\n", "by name")


@promise("an upload through a link has its hidden name and its log line there")
def _():
    for c in clients():
        handle = c.open("/to-store/upload", True)
        expect(handle is not None, "no handle")
        names = set(os.listdir(srv.home("store"))) - {"file"}
        expect(len(names) == 1 and "upload" not in names, "%r" % names)
        c.ok(4, string(handle))
        expect(os.path.exists(srv.home("store/upload")), "the upload")
        srv.wait_log("transfer.log", r" %s b _ i r alice "
                     % inside("store/upload"))


# ---- Where they do not lead

def dead(c, name, below):
    """No request follows the link, nor through it."""
    path = "/" + name
    for at in (path, path + "/" + below):
        expect_same(c.size(at), None, "STAT of " + at)
        expect_same(c.read(at), None, "OPEN of " + at)
        expect_same(c.listing(at), None, "OPENDIR of " + at)
        expect(not c.write(at, b"x", False), "writing to " + at)
        expect(not c.set(at, size=0), "SETSTAT of " + at)
        expect_same(c.sum(at), None, "sum of " + at)
        expect_same(c.extended(b"statvfs@openssh.com", at), None, "statvfs")
        expect(not c.copy(at, "/copied"), "copy of " + at)
        expect(not c.copy("/mine", at), "copy to " + at)
        expect(not c.rename("/mine", path + "/mine"), "RENAME to " + at)
        expect(not c.mkdir(path + "/made"), "MKDIR in " + at)
    expect_same(c.raw.status(17, string(path.encode()) + c.more),
                NO_SUCH_FILE, "STAT")


@promise("links that lead outside do not work, as before")
def _():
    fill_outside()
    os.makedirs(inside() + "-beside", exist_ok=True)
    with open(inside() + "-beside/file", "wb") as file:
        file.write(SECRET)
    for c in clients():
        for number, text in enumerate((
                outside, inside() + "-beside", inside("../../outside"),
                inside("releases/../../../outside"), inside("..") + "/none",
                os.path.dirname(inside()))):
            link(text, "out-%d" % number)
            dead(c, "out-%d" % number, "file")
        link(os.path.join(outside, "file"), "out-file")
        dead(c, "out-file", "file")
        link(inside("current/../../../mine"), "out-late")
        dead(c, "out-late", "file")
        expect_same(c.name(19, "/out-0"), outside, "READLINK")
        expect_same(c.name(19, "/out-2"), inside("../../outside"),
                    "READLINK of one that goes up")
    with open(os.path.join(outside, "file"), "rb") as file:
        expect_same(file.read(), SECRET, "the file outside")
    expect_same(os.listdir(outside), ["file"], "outside")
    for option in ("-O", "-s"):
        expect(srv.scp(option, "-r", "srv:/out-0", srv.local("out"))
               .returncode != 0, option)


# ---- The rules are those of where they lead

def told(c, name):
    """What is answered about a file that nobody may know."""
    yield c.size(name)
    yield c.size(name, 7)
    yield c.read(name)
    yield c.sum(name)
    yield c.name(19, name)
    c.copy(name, "/copied")
    c.hard_link(name, "/linked")
    for new in ("copied", "linked"):
        yield srv.get(new) if os.path.exists(srv.home(new)) else None


def seen(name):
    found = {}
    for top, _, files in os.walk(srv.home(name)):
        for path in [top] + [os.path.join(top, file) for file in files]:
            st = os.lstat(path)
            found[path] = (st.st_size, st.st_mode, st.st_nlink, st.st_mtime_ns)
    return found


@promise("<Limit> and .ftpaccess of the place apply to every request")
def _():
    for c in clients():
        for name in ("denied", "closed"):
            before, way = seen(name), "/to-%s" % name
            link(inside(name + "/file"), "file-of-" + name)
            for path in (way + "/file", "/file-of-" + name):
                found = [one for one in told(c, way + "/file")
                         if one is not None]
                expect_same(found, [], path)
                for what, done in (
                        ("writing", c.write(path, b"x", False)),
                        ("emptying", c.write(path, b"x")),
                        ("a size", c.set(path, size=1)),
                        ("a mode", c.set(path, mode=0o600)),
                        ("a copy", c.copy("/mine", path))):
                    expect(not done, "%s: %s" % (path, what))
            expect_same(c.size(way), None, "STAT of the directory")
            expect_same(c.listing(way), None, "OPENDIR")
            for what, done in (
                    ("a new file", c.write(way + "/new", b"x")),
                    ("MKDIR", c.mkdir(way + "/new")),
                    ("REMOVE", c.on(13, way + "/file")),
                    ("RENAME to", c.rename("/mine", way + "/new")),
                    ("RENAME from", c.rename(way + "/file", "/new")),
                    ("LINK to", c.hard_link("/mine", way + "/new")),
                    ("SYMLINK", c.symlink("file", way + "/new"))):
                expect(not done, "%s: %s" % (way, what))
            expect_same(seen(name), before, name)


@promise("a link to a denied place is not created")
def _():
    for c in clients():
        for text in ("/denied/file", inside("denied/file"),
                     inside("to-denied/file"), inside("../alice/denied/file")):
            expect(not c.symlink(text, "/made"), text)
            expect(not os.path.lexists(srv.home("made")), text)
        expect(c.symlink(inside("mine"), "/made"), "one that may be made")


@promise("scp and commands find the rules there, too")
def _():
    fill()
    before = seen("denied")
    new = srv.local("new", b"new\n")
    for option in ("-O", "-s"):
        for name in ("to-denied/file", "to-den*/fi*"):
            got = srv.local("stolen" + option)
            expect(srv.scp(option, "srv:/" + name, got).returncode != 0, name)
            expect(not os.path.exists(got), name)
        tree = srv.local("tree-of" + option)
        expect(srv.scp(option, "-r", "srv:/to-denied", tree).returncode != 0,
               option + " -r")
        expect(not os.path.exists(os.path.join(tree, "file")), option + " -r")
        for name in ("to-denied/file", "to-denied/new", "to-denied"):
            expect(srv.scp(option, new, "srv:/" + name).returncode != 0, name)
    for command in ("md5sum to-denied/file", "test -e to-denied/file",
                    "df to-denied/file"):
        expect(ssh(command).returncode != 0, command)
    expect_same(seen("denied"), before, "denied")


@promise("AllowOverwrite, HideFiles and PathDenyFilter are those of the place")
def _():
    for c in clients():
        expect(not c.write("/to-keep/file", b"x"), "AllowOverwrite off")
        expect(not c.set("/to-keep/file", size=1), "a size")
        expect(not c.rename("/mine", "/to-keep/file"), "RENAME")
        expect(not c.copy("/mine", "/to-keep/file"), "a copy")
        expect_same(srv.get("keep/file"), SECRET, "the file")
        expect(c.write("/to-keep/new", b"x"), "a new file")
        for found in told(c, "/to-hide/file"):
            expect_same(found, None, "what is hidden")
        expect(b"file" not in c.listing("/to-hide"), "it is listed")
        expect(not c.write("/to-filter/evil", b"x"), "PathDenyFilter")
        expect(c.write("/to-filter/good", b"x"), "another name")


# ---- Beside

@promise("FTP returns by the name of the place what SFTP returns through a "
         "link")
def _():
    """FTP follows none of them."""
    for c in clients():
        with contextlib.closing(srv.ftp()) as ftp:
            for name, place in (("to-file", "releases/7/file"),
                                ("current/sub/leaf", "releases/7/sub/leaf"),
                                ("to-denied/file", "denied/file"),
                                ("to-closed/file", "closed/file"),
                                ("to-hide/file", "hide/file")):
                got = []
                refused = ftp_says(ftp.retrbinary, "RETR /" + place,
                                   got.append)
                expect_same(c.read("/" + name), None if refused else
                            b"".join(got), name)


@promise("without a DefaultRoot they lead where the system follows them")
def _():
    for c in clients(free):
        base = free.home()
        expect_same(c.read(base + "current/file"), TEXT, "READ")
        expect_same(c.read(base + "to-file"), TEXT, "READ")
        expect_same(c.name(16, base + "current/new"),
                    inside("releases/7/new", free), "REALPATH")
        expect_same(c.name(19, base + "current"),
                    inside("releases/7", free), "READLINK")
        link("/", "root", free)
        link(inside("current", free) + "/sub/../file", "dots", free)
        link(inside("one", free), "one", free)
        expect_same(c.name(16, base + "root"), "/", "the root")
        expect_same(c.read(base + "dots"), TEXT, "..")
        expect_same(c.read(base + "one"), None, "a loop")
        expect(c.write(base + "current/new", b"new"), "a new file")
        expect_same(free.get("releases/7/new"), b"new", "the new file")


@promise("<Anonymous> is a root like any other")
def _():
    for c in clients(anonymous):
        expect_same(c.name(16, "/current"), "/releases/7", "REALPATH")
        expect_same(c.read("/current/file"), TEXT, "READ")
        expect_same(c.read("/to-denied/file"), None, "what is denied")
        expect(c.write("/current/new", b"new"), "a new file")


@promise("with ShowSymlinks off they are shown as their targets")
def _():
    for c in clients(linkless):
        link(outside, "out", linkless)
        expect_same(c.size("/to-file", 7), len(TEXT), "LSTAT")
        names = c.listing("/")
        expect(b"to-file" in names and b"current" in names, "%r" % names)
        expect(b"out" not in names, "one that leads out is listed")
        expect_same(c.name(19, "/to-file"), None, "READLINK")
        expect_same(c.name(16, "/current"), "/current", "REALPATH")


@promise("a link that is renamed to another file system keeps its text")
def _():
    if os.stat(far).st_dev == os.stat(linkless.home()).st_dev:
        skip("it is the same one")
    for c in clients(linkless):
        name = "moved-%d" % c.version
        expect(c.rename("/current", "/far/" + name), "RENAME")
        expect_same(os.readlink(os.path.join(far, name)),
                    inside("releases/7", linkless), "its text")
        expect_same(c.read("/far/%s/file" % name), TEXT, "READ")
        expect(not os.path.lexists(linkless.home("current")), "it is left")


main(srv, free, linkless, anonymous)
