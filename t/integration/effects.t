#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""A rule on a verb is a rule on its effect.

The tables of the manual (which are those of base/effects.c, t/unit/effects-t.c
says so) are walked: each request, in a directory for each name of <Limit> that
denies it, and in one where ALL is denied and the name allowed.  Where FTP has
the verb, it is asked the same thing.
"""

import ftplib
import io
import os
import re
import stat
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import paramiko_transport
from ftphost import FtpServer, ftp_says
from rawsftp import HANDLE, NAME, STATUS, Raw, num, quad, string
from server import SOURCE, UID, GID, Server, has_module, must, said
from tap import Failed, expect, expect_same, main, promise, skip

# ---- The manual's tables


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(begin):
    """The rows of the table whose head begins like that."""
    with open(os.path.join(SOURCE, "doc/manual.md")) as manual:
        lines = manual.read().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(begin)) + 2
    rows = []
    while lines[at].startswith("|"):
        rows.append(cells(lines[at]))
        at += 1
    return rows


def names_of(cell):
    """Names, and those among them that only deny."""
    found, deny_only = [], []
    for name in filter(None, cell.split(", ")):
        plain = name.replace(" (denies only)", "")
        found.append(plain)
        if plain != name:
            deny_only.append(plain)
    return found, deny_only


class Effect:
    def __init__(self, text, names, groups):
        self.text, self.groups = text, groups.split(" and ")
        self.names, self.deny_only = names_of(names)


EFFECTS = {row[0]: Effect(*row) for row in table("| Effect |")}


# What a second name of a file would permit: no name of the request counts.
APART = {"changes the mode", "changes the owner", "changes times",
         "changes extended attributes", "appends content"}


class Side:
    """What a request does to one path."""

    def __init__(self, effects, names):
        self.names, self.deny_only = names_of(names)
        always, _, maybe = effects.partition("if asked: ")
        always = always.rstrip("; ")
        self.always = [EFFECTS[text] for text in always.split(", ") if text]
        self.maybe = [EFFECTS[text] for text in maybe.split(", ") if text]

    def effects(self, asked):
        return self.always + [one for one in self.maybe if one.text in asked]

    def denies(self, name, asked):
        """Whether <Limit name> DenyAll denies it."""
        for one in self.effects(asked):
            if name == "ALL" or name in self.names or name in one.names \
                    or one.groups == [name]:
                return True
        return False

    def allows(self, name, asked):
        """Whether <Limit name> AllowAll outweighs a denied ALL."""
        can = [one for one in self.names if one not in self.deny_only]
        return all((name in can and one.text not in APART) or
                   name in one.groups or
                   (name in one.names and name not in one.deny_only)
                   for one in self.effects(asked))


class Request:
    def __init__(self, effects, names):
        if effects.startswith("old: "):
            old, new = effects[5:].split("; new: ")
            first, _, second = names.partition("; ")
            self.old = Side(old, first)
            self.new = Side(new, second or first)
        else:
            self.old, self.new = Side(effects, names), None


REQUESTS = {row[0]: Request(row[1], row[2])
            for row in table("| Request | Effects |")}
NAMES = sorted({name for effect in EFFECTS.values()
                for name in effect.names + effect.groups} |
               {name for request in REQUESTS.values()
                for side in (request.old, request.new) if side
                for name in side.names} | {"ALL"})

# ---- The server: a directory for each form of <Limit>

have_copy = has_module("mod_copy.so")
have_misc = has_module("mod_site_misc.so")

FORMS = [("deny-" + name, name, False) for name in NAMES] + \
    [("allow-" + name, name, True) for name in NAMES if name != "ALL"]

RULES = "".join("""
<Directory ~/%s>
  <Limit %s>
    DenyAll
  </Limit>%s
</Directory>
""" % (form, "ALL" if allow else name, """
  <Limit %s>
    AllowAll
  </Limit>""" % name if allow else "") for form, name, allow in FORMS)

RULES += """
<Directory ~/keep>
  AllowOverwrite off
</Directory>
<Directory ~/noread>
  <Limit READ>
    DenyAll
  </Limit>
</Directory>
<Directory ~/nochmod>
  <Limit SITE_CHMOD>
    DenyAll
  </Limit>
</Directory>
<Directory ~/notimes>
  <Limit MFMT>
    DenyAll
  </Limit>
</Directory>
<Directory ~/nosetstat>
  <Limit SETSTAT>
    DenyAll
  </Limit>
</Directory>
<Directory ~/drop>
  <Limit ALL>
    DenyAll
  </Limit>
  <Limit STOR CWD XCWD CDUP PWD>
    AllowAll
  </Limit>
</Directory>
<Directory ~/blind>
  <Limit READ DIRS>
    DenyAll
  </Limit>
</Directory>
<Directory ~/barred>
  DenyAll
</Directory>
<Directory ~/shut>
  <Limit READ WRITE DIRS>
    DenyAll
  </Limit>
</Directory>
<Directory ~/whole>
  AllowStoreRestart off
  AllowRetrieveRestart off
  MaxRetrieveFileSize 1 Kb
</Directory>
<Directory ~/words>
  DenyFilter "forbidden"
</Directory>
<Directory ~/owned>
  GroupOwner staff
</Directory>
<Directory ~/fake>
  DirFakeUser on nobody-here
  DirFakeGroup on no-group-either
</Directory>
<Directory ~/hidden>
  HideFiles "^secret"
  <Limit ALL>
    IgnoreHidden on
  </Limit>
</Directory>
<Directory ~/noaccess>
  HideNoAccess on
  <Limit ALL>
    IgnoreHidden on
  </Limit>
</Directory>
"""

MODULES = (["mod_copy"] if have_copy else []) + \
    (["mod_site_misc"] if have_misc else [])

srv = FtpServer(RULES + "SFTPExtensions +xattr\nSFTPMaxChannels 20\n",
                ftp=RULES + "AllowOverwrite on\nAllowStoreRestart on\n",
                modules=MODULES)
linkless = FtpServer("""
ShowSymlinks off
Protocols sftp date
<Directory ~/locked>
  <Limit ALL>
    DenyAll
  </Limit>
</Directory>
""", ftp="""
ShowSymlinks off
<Directory ~/locked>
  <Limit ALL>
    DenyAll
  </Limit>
</Directory>
""")
dated = Server("Protocols date")
blind = Server("""
Protocols sftp scp
<Directory ~/>
  <Limit READ DIRS>
    DenyAll
  </Limit>
</Directory>
""")
OLD, NEW_BYTES = b"the old content", b"new bytes"


def write(path, data, mode=0o644):
    with open(path, "wb") as out:
        out.write(data)
    os.chown(path, UID, GID)
    os.chmod(path, mode)
    os.utime(path, (1000000000, 1000000000))


LASTING = {"file", "seen", "sub", "link"}


def is_untouched(path):
    """As write() left it; who changes it changes one of these."""
    info = os.stat(path)
    return (info.st_mtime, info.st_size, info.st_mode & 0o7777, info.st_nlink,
            info.st_uid, info.st_gid) == (1000000000, len(OLD), 0o644, 1, UID,
                                          GID)


def fresh(form):
    """The directory as it was."""
    root = srv.home(form)
    if not os.path.isdir(root):
        srv.mkdir(form)
    names = set(os.listdir(root))
    for name in names - LASTING:
        path = os.path.join(root, name)
        (os.rmdir if os.path.isdir(path) and not os.path.islink(path)
         else os.unlink)(path)
    names = names & LASTING
    if "file" not in names or not is_untouched(os.path.join(root, "file")):
        write(os.path.join(root, "file"), OLD)
    if names | {"file"} == LASTING:
        return
    if "seen" not in names:
        write(os.path.join(root, "seen"), OLD)
    if "sub" not in names:
        srv.mkdir(form + "/sub")
    if "link" not in names:
        os.symlink("file", os.path.join(root, "link"))


def is_there(name):
    return os.path.lexists(srv.home(name))


def content(name):
    return srv.get(name)


# ---- What the requests do: each is told whether its effect came about


class Client:
    def __init__(self, raw):
        self.raw, self.version = raw, raw.version

    def path(self, name):
        return string(b"/" + name.encode())

    def none(self):
        return num(0) + (b"\1" if self.version >= 4 else b"")

    def open(self, name, reads=False, writes=False, appends=False,
             creates=False, truncates=False, mode=None):
        if self.version >= 5:
            access = (1 if reads else 0) | (2 if writes else 0)
            flags = (1 if truncates else 3) if creates else \
                4 if truncates else 2
            flags = num(access) + num(flags | (8 if appends else 0))
        else:
            flags = num((1 if reads else 0) | (2 if writes else 0)
                        | (4 if appends else 0) | (8 if creates else 0)
                        | (16 if truncates else 0))
        attrs = self.none() if mode is None else self.perms(mode)
        kind, left = self.raw.ask(3, self.path(name) + flags + attrs)
        return self.raw.cut(left)[0] if kind == HANDLE else None

    def perms(self, mode):
        return num(4) + (b"\1" if self.version >= 4 else b"") + num(mode)

    def size(self, size):
        return num(1) + (b"\1" if self.version >= 4 else b"") + quad(size)

    def times(self, when):
        if self.version < 4:
            return num(8) + num(when) + num(when)
        return num(0x28) + b"\1" + quad(when) + quad(when)

    def read(self, handle):
        kind, left = self.raw.ask(5, string(handle) + quad(0) + num(100))
        return self.raw.cut(left)[0] if kind != STATUS else None

    def write(self, handle, data, offset=0):
        return self.raw.status(6, string(handle) + quad(offset)
                               + string(data)) == 0

    def close(self, handle):
        return self.raw.status(4, string(handle)) == 0

    def ok(self, kind, body):
        return self.raw.status(kind, body) == 0

    def extended(self, name, body):
        return self.raw.ask(200, string(name.encode()) + body)

    def flags(self, value):
        return num(value) if self.version >= 4 else b""


def open_read(c, form, other):
    handle = c.open(form + "/file", reads=True)
    if handle is None:
        return False
    data = c.read(handle)
    c.close(handle)
    return data == OLD


def open_write(c, form, other):
    handle = c.open(form + "/new", writes=True, creates=True, truncates=True)
    if handle is None:
        expect(not is_there(form + "/new"), "a file was made")
        return False
    c.write(handle, NEW_BYTES)
    c.close(handle)
    return content(form + "/new") == NEW_BYTES


def open_over(c, form, other):
    handle = c.open(form + "/file", writes=True, truncates=True)
    if handle is not None:
        c.close(handle)
    return content(form + "/file") == b""


def open_append(c, form, other):
    handle = c.open(form + "/file", writes=True, appends=True)
    if handle is not None:
        c.write(handle, NEW_BYTES)
        c.close(handle)
    return content(form + "/file") == OLD + NEW_BYTES


def open_append_truncate(c, form, other):
    handle = c.open(form + "/file", writes=True, appends=True,
                    truncates=True)
    if handle is not None:
        c.close(handle)
    return content(form + "/file") == b""


def look(kind):
    def run(c, form, other):
        return c.raw.ask(kind, c.path(form + "/seen")
                         + c.flags(1))[0] != STATUS
    return run


def set_mode(c, form, other):
    c.ok(9, c.path(form + "/file") + c.perms(0o600))
    return os.stat(srv.home(form + "/file")).st_mode & 0o777 == 0o600


def set_times(c, form, other):
    c.ok(9, c.path(form + "/file") + c.times(1234567890))
    return os.stat(srv.home(form + "/file")).st_mtime == 1234567890


def set_size(c, form, other):
    c.ok(9, c.path(form + "/file") + c.size(3))
    return os.stat(srv.home(form + "/file")).st_size == 3


def grow(c, form, other):
    c.ok(9, c.path(form + "/file") + c.size(300))
    return os.stat(srv.home(form + "/file")).st_size == 300


def list_names(c, form, other):
    kind, left = c.raw.ask(11, c.path(form))
    if kind != HANDLE:
        return False
    handle = c.raw.cut(left)[0]
    kind, left = c.raw.ask(12, string(handle))
    c.close(handle)
    return kind == NAME and b"file" in left


def remove(c, form, other):
    c.ok(13, c.path(form + "/file"))
    return not is_there(form + "/file")


def mkdir(c, form, other):
    c.ok(14, c.path(form + "/new") + c.none())
    return is_there(form + "/new")


def rmdir(c, form, other):
    c.ok(15, c.path(form + "/sub"))
    return not is_there(form + "/sub")


def realpath(c, form, other):
    """Where nothing may be looked at, the link is not resolved."""
    os.symlink("sub", srv.home(form + "/way"))
    kind, left = c.raw.ask(16, c.path(form + "/way"))
    return kind == NAME and c.raw.cut(left[4:])[0].endswith(b"/sub")


def rename(c, form, other):
    c.ok(18, c.path(form + "/file") + c.path(other + "/new")
         + (num(0) if c.version >= 5 else b""))
    return is_there(other + "/new")


def rename_over(c, form, other):
    if c.version >= 5:
        c.ok(18, c.path(form + "/file") + c.path(other + "/file") + num(1))
    else:
        c.extended("posix-rename@openssh.com", c.path(form + "/file")
                   + c.path(other + "/file"))
    return not is_there(form + "/file")


def readlink(c, form, other):
    return c.raw.ask(19, c.path(form + "/link"))[0] == NAME


def symlink(c, form, other):
    if c.version >= 6:
        c.ok(21, c.path(other + "/new") + c.path(form + "/file") + b"\1")
    else:
        c.ok(20, c.path(form + "/file") + c.path(other + "/new"))
    return is_there(other + "/new")


def link(c, form, other):
    if c.version >= 6:
        c.ok(21, c.path(other + "/new") + c.path(form + "/file") + b"\0")
    else:
        c.extended("hardlink@openssh.com", c.path(form + "/file")
                   + c.path(other + "/new"))
    return is_there(other + "/new")


def copy(c, form, other):
    c.extended("copy-file", c.path(form + "/file") + c.path(other + "/new")
               + b"\0")
    return is_there(other + "/new")


def copy_over(c, form, other):
    write(srv.home(other + "/there"), b"kept")
    c.extended("copy-file", c.path(form + "/file") + c.path(other + "/there")
               + b"\1")
    return content(other + "/there") == OLD


def digest(c, form, other):
    return c.extended("check-file-name", c.path(form + "/file")
                      + string(b"md5") + quad(0) + quad(0)
                      + num(0))[0] != STATUS


def md5_hash(c, form, other):
    return c.extended("md5-hash", c.path(form + "/file") + quad(0) + quad(0)
                      + string(b""))[0] != STATUS


def statvfs(c, form, other):
    return c.extended("statvfs@openssh.com", c.path(form))[0] != STATUS


# Request, what it asks for beyond its name, how, by which names it is known.
OVER = "replaces content"
ROWS = (
    ("OPEN to read", (), open_read),
    ("OPEN to write", (), open_write),
    ("OPEN to write", (OVER,), open_over),
    ("OPEN to append", (), open_append),
    ("OPEN to write", (OVER,), open_append_truncate),
    ("LSTAT", (), look(7)),
    ("STAT", (), look(17)),
    ("SETSTAT", ("changes the mode",), set_mode),
    ("SETSTAT", ("changes times",), set_times),
    ("SETSTAT", (OVER,), set_size),
    ("SETSTAT", (OVER,), grow),
    ("OPENDIR", (), list_names),
    ("REMOVE", (), remove),
    ("MKDIR", (), mkdir),
    ("RMDIR", (), rmdir),
    ("REALPATH", (), realpath),
    ("RENAME", (), rename),
    ("RENAME over a file", (OVER,), rename_over),
    ("READLINK", (), readlink),
    ("SYMLINK", (), symlink),
    ("LINK hard", (), link),
    ("copy-file", (), copy),
    ("copy-file", (OVER,), copy_over),
    ("check-file-name", (), digest),
    ("md5-hash", (), md5_hash),
    ("statvfs@openssh.com", (), statvfs),
)


def expected(request, asked, name, allow, which):
    if which == "old" or request.new is None:
        side = request.old
        if side.always and request.new:
            asked = asked + tuple(one.text for one in side.maybe)
    else:
        side = request.new
    return side.allows(name, asked) if allow else not side.denies(name, asked)


def walk(c, rows, run):
    wrong = []
    for title, asked, how in rows:
        request = REQUESTS[title]
        for form, name, allow in FORMS:
            for which in ("old", "new") if request.new else ("old",):
                fresh(form)
                fresh("plain")
                places = (form, "plain") if which == "old" else \
                    ("plain", form)
                got = run(c, how, places)
                want = expected(request, asked, name, allow, which)
                if got != want:
                    wrong.append("%s%s, %s path in %s: %s" % (
                        title, " (%s)" % how.__name__, which, form,
                        "done" if got else "refused"))
    if wrong:
        raise Failed("\n".join(wrong))


def direct(c, how, places):
    return how(c, *places)


for number in (3, 6):
    @promise("SFTP %d: every request, every name of <Limit>" % number)
    def _(number=number):
        with Raw(srv, number) as raw:
            walk(Client(raw), ROWS, direct)


# ---- SCP and commands


class Session:
    def __init__(self, transport):
        self.transport = transport


class Shell:
    """Commands on one connection."""

    def __init__(self, raw):
        self.transport = raw.transport

    def run(self, command, *records, ahead=b""):
        """What it printed, and its exit status.  Each record waits for the
        answer to the one before; what is sent ahead does not."""
        channel = self.transport.open_session()
        channel.settimeout(30)
        channel.exec_command(command)
        got = b""
        try:
            channel.sendall(ahead)
        except OSError:
            pass                # the server has ended it already
        for record in records:
            answer = channel.recv(1)
            if answer != b"\0":
                got += answer
                break
            channel.sendall(record)
        channel.shutdown_write()
        while True:
            data = channel.recv(65536)
            if not data:
                break
            got += data
        status = channel.recv_exit_status()
        channel.close()
        return got, status


def scp_upload(c, form, other):
    c.run("scp -t /%s/new" % form, b"C0644 9 new\n", NEW_BYTES + b"\0")
    return is_there(form + "/new") and content(form + "/new") == NEW_BYTES


def scp_over(c, form, other):
    c.run("scp -t /%s/file" % form, b"C0644 9 file\n", NEW_BYTES + b"\0")
    return content(form + "/file") == NEW_BYTES


def scp_mode(c, form, other):
    c.run("scp -p -t /%s/new" % form, b"C4755 9 new\n", NEW_BYTES + b"\0")
    return is_there(form + "/new") and stat.S_IMODE(os.stat(
        srv.home(form + "/new")).st_mode) == 0o4755


def scp_times(c, form, other):
    c.run("scp -p -t /%s/new" % form, b"T1234567890 0 1234567890 0\n",
          b"C4755 9 new\n", NEW_BYTES + b"\0")
    return is_there(form + "/new") and os.stat(
        srv.home(form + "/new")).st_mtime == 1234567890


def scp_tree(c, form, other):
    c.run("scp -r -t /%s" % form, b"D0755 0 new\n", b"E\n")
    return is_there(form + "/new")


def scp_download(c, form, other):
    return OLD in c.run("scp -f /%s/seen" % form, ahead=b"\0" * 8)[0]


def scp_list(c, form, other):
    got = c.run("scp -r -f /%s" % form, ahead=b"\0" * 32)[0]
    return b"file" in got and b"D0755 0 " in got


def md5sum(c, form, other):
    return c.run("md5sum /%s/seen" % form)[1] == 0


def df(c, form, other):
    return c.run("df /%s" % form)[1] == 0


def cd(c, form, other):
    return c.run("cd /%s && pwd" % form)[1] == 0


SHELL_ROWS = (
    ("scp -t a file", (), scp_upload),
    ("scp -t a file", (OVER,), scp_over),
    ("scp -t a file", ("changes the mode",), scp_mode),
    ("scp -t a file", ("changes times",), scp_times),
    ("scp -t a directory", (), scp_tree),
    ("scp -f a file", (), scp_download),
    ("md5sum and its kin", (), md5sum),
    ("df", (), df),
    ("cd", (), cd),
)


@promise("SCP and commands: every name of <Limit>")
def _():
    with Raw(srv, 3) as raw:
        walk(Shell(raw), SHELL_ROWS, direct)


# ---- FTP on the same daemon


class Ftp:
    """Absolute paths on one connection."""

    def __init__(self, client):
        self.client = client

    def does(self, *commands):
        try:
            for command in commands:
                self.client.sendcmd(command)
            return True
        except ftplib.Error:
            return False

    def stores(self, command):
        try:
            self.client.storbinary(command, io.BytesIO(NEW_BYTES))
            return True
        except ftplib.Error:
            return False

    def lines(self, command):
        lines = []
        try:
            self.client.retrlines(command, lines.append)
        except ftplib.Error:
            pass
        return any("file" in line for line in lines)

    def reads(self, command):
        try:
            self.client.retrbinary(command, lambda data: None)
            return True
        except ftplib.Error:
            return False


def ftp_rename(c, form, other):
    done = c.does("RNFR /%s/file" % form, "RNTO /%s/new" % other)
    return done


def ftp_looks(c, form, other):
    c.does("TYPE I")
    return any([c.does("%s /%s/seen" % (verb, form))
                for verb in ("SIZE", "MDTM", "MLST")])


def site(module, text):
    """A command of a module that may not be there: nobody knows."""
    def run(c, form, other):
        return c.does(text % (form, other)) if module else None
    return run


# What FTP does that SFTP does, too: FTP, SFTP, and for one path or both.
PAIRS = (
    (lambda c, form, other: c.reads("RETR /%s/file" % form), open_read),
    (lambda c, form, other: c.stores("STOR /%s/new" % form), open_write),
    (lambda c, form, other: c.stores("STOR /%s/file" % form), open_over),
    (lambda c, form, other: c.stores("APPE /%s/file" % form), open_append),
    (lambda c, form, other: c.lines("LIST /%s" % form), list_names),
    (lambda c, form, other: c.lines("NLST /%s" % form), list_names),
    (lambda c, form, other: c.lines("MLSD /%s" % form), list_names),
    (lambda c, form, other: c.does("DELE /%s/file" % form), remove),
    (lambda c, form, other: c.does("MKD /%s/new" % form), mkdir),
    (lambda c, form, other: c.does("RMD /%s/sub" % form), rmdir),
    (ftp_rename, rename),
    (lambda c, form, other: c.does("SITE CHMOD 600 /%s/file" % form),
     set_mode),
    (lambda c, form, other: c.does("MFF UNIX.mode=600; /%s/file" % form),
     set_mode),
    (lambda c, form, other: c.does("MFMT 20090213233130 /%s/file" % form),
     set_times),
    (ftp_looks, look(17)),
    (site(have_copy, "SITE COPY /%s/file /%s/new"), copy),
    (site(have_misc, "SITE SYMLINK /%s/file /%s/new"), symlink),
)

def compare(c, ftp, form, allow, how, places):
    """The line for the report, or None."""
    fresh(form)
    fresh("plain")
    with_ftp = how[0](ftp, *places)
    if with_ftp is None:
        return None
    fresh(form)
    fresh("plain")
    with_sftp = how[1](c, *places)
    what = "%s in %s" % (how[1].__name__, form)
    if allow and with_ftp and not with_sftp:
        return what + ": FTP does it"
    if not allow and with_sftp and not with_ftp:
        return what + ": FTP refuses"
    return None


@promise("FTP on the same daemon: the same is denied, and the same is "
         "allowed in a denied ALL")
def _():
    wrong = []
    with Raw(srv, 3) as raw, srv.ftp() as client:
        for form, name, allow in FORMS:
            for how in PAIRS:
                for places in ((form, "plain"), ("plain", form)) \
                        if how[1] is rename else (("plain", form),) \
                        if how[1] in (copy, symlink) else ((form, form),):
                    wrong.append(compare(Client(raw), Ftp(client), form,
                                         allow, how, places))
    wrong = list(filter(None, wrong))
    if wrong:
        raise Failed("\n".join(wrong))


# ---- What the walk does not see: two rules at once, and what is left behind


def client(number=6):
    return Raw(srv, number)


@promise("reading (5): where READ is denied, no content and no digest is sent")
def _():
    fresh("noread")
    fresh("deny-RETR")
    fresh("plain")
    with client() as raw:
        c = Client(raw)
        for how in (open_read, link, copy, digest, md5_hash):
            for form in ("noread", "deny-RETR"):
                expect(not how(c, form, "plain"),
                       "%s, %s" % (how.__name__, form))
        shell = Shell(raw)
        expect(OLD not in shell.run("scp -f /noread/file",
                                    ahead=b"\0" * 8)[0], "scp")
        expect(shell.run("md5sum /noread/file")[1] != 0, "md5sum")
        expect(not shell.run("sha256sum < /noread/file")[0], "sha256sum")
        # A handle that only writes gives nothing to copy-data.
        into = c.open("plain/copy", writes=True, creates=True)
        handle = c.open("noread/file", writes=True, appends=True)
        expect(c.extended("copy-data", string(handle) + quad(0) + quad(0)
                          + string(into) + quad(0))[1][:4] != num(0),
               "copy-data")


@promise("writing (6): with AllowOverwrite off, no existing content is lost")
def _():
    for number in (3, 6):
        fresh("keep")
        fresh("plain")
        write(srv.home("plain/file"), b"other")
        with client(number) as raw:
            c = Client(raw)
            for how in (open_over, open_append_truncate, set_size, grow):
                expect(not how(c, "keep", "keep"), how.__name__)
            expect(not rename_over(c, "plain", "keep"), "rename over a file")
            expect(not copy_over(c, "plain", "keep"), "copy over a file")
            shell = Shell(raw)
            expect(not scp_over(shell, "keep", None), "scp")
            expect_same(content("keep/file"), OLD, "SFTP %d" % number)
            # A new name where it could be overwritten.
            expect(not link(c, "keep", "plain"), "a hard link out")
            expect(link(c, "keep", "keep"), "a hard link inside")
            # What the handle made is its own.
            handle = c.open("keep/made", writes=True, creates=True)
            c.write(handle, NEW_BYTES)
            expect(c.ok(10, string(handle) + c.size(3)), "FSETSTAT")
            c.close(handle)
            expect_same(content("keep/made"), NEW_BYTES[:3], "made")
            expect(open_append(c, "keep", "keep"), "what FTP's APPE does")


@promise("renaming (7): <Limit WRITE> applies to the old name, <Limit DIRS> "
         "to none")
def _():
    with client() as raw, srv.ftp() as ftp:
        c = Client(raw)
        for form, done in (("deny-WRITE", False), ("deny-DIRS", True),
                           ("deny-RNFR", False), ("deny-MKD", True)):
            for other in ("plain", form):
                fresh(form)
                fresh("plain")
                expect_same(rename(c, form, other), done, "SFTP, " + form)
                fresh(form)
                fresh("plain")
                expect_same(ftp_rename(Ftp(ftp), form, other), done,
                            "FTP, " + form)


def mode_of(name):
    return stat.S_IMODE(os.lstat(srv.home(name)).st_mode)


@promise("modes (8): a mode that is not permitted is the one that FTP would "
         "set")
def _():
    for form in ("nochmod", "nosetstat"):
        fresh(form)
        fresh("plain")
        os.chmod(srv.home("plain/file"), 0o755)
        with client(3) as raw:
            c = Client(raw)
            for mode in (0o4755, 0o777, 0o600):
                name = "%s/mode%o" % (form, mode)
                c.close(c.open(name, writes=True, creates=True, mode=mode))
                expect_same(mode_of(name), 0o644, "OPEN with %o" % mode)
                name = "%s/dir%o" % (form, mode)
                c.ok(14, c.path(name) + c.perms(mode | 0o7000))
                expect_same(mode_of(name), 0o755, "MKDIR with %o" % mode)
            expect(copy(c, "plain", form), "a copy is refused")
            expect_same(mode_of(form + "/new"), 0o644, "of a copy")
            Shell(raw).run("scp -p -t /%s/sent" % form,
                           b"T1234567890 0 1234567890 0\n",
                           b"C4755 9 sent\n", NEW_BYTES + b"\0")
            expect_same((content(form + "/sent"), mode_of(form + "/sent")),
                        (NEW_BYTES, 0o644), "scp -p")


@promise("modes (8): a refused mode does not prevent setting the times")
def _():
    fresh("nochmod")
    with client(3) as raw:
        c = Client(raw)
        code = c.raw.status(9, c.path("nochmod/file") + num(12) + num(0o4711)
                            + num(1234567890) + num(1234567890))
        found = os.stat(srv.home("nochmod/file"))
        expect_same((code, found.st_mtime, found.st_mode & 0o7777),
                    (3, 1234567890, 0o644), "status, time, mode")
        got, code = Shell(raw).run(
            "scp -p -t /nochmod/sent", b"T1234567890 0 1234567890 0\n",
            b"C4755 9 sent\n", NEW_BYTES + b"\0")
        expect(b"SITE_CHMOD" in got and code != 0, "scp -p says %r" % got)
        expect_same(os.stat(srv.home("nochmod/sent")).st_mtime, 1234567890,
                    "scp -p")
        # The other way round.
        fresh("notimes")
        c.raw.status(9, c.path("notimes/file") + num(12) + num(0o600)
                     + num(1234567890) + num(1234567890))
        found = os.stat(srv.home("notimes/file"))
        expect_same((found.st_mtime, found.st_mode & 0o777),
                    (1000000000, 0o600), "time, mode")


class Forced:
    """The user's key forces a command."""

    def __init__(self, command, number=6):
        self.command, self.number = command, number

    def __enter__(self):
        with open(srv.key + ".pub") as pub, \
                open(srv.path("keys/alice"), "w") as keys:
            keys.write('command="internal-sftp %s" %s' % (self.command,
                                                          pub.read()))
        self.raw = Raw(srv, self.number)
        self.raw.__enter__()
        return Client(self.raw)

    def __exit__(self, *why):
        self.raw.__exit__(*why)
        srv.authorize(srv.key)


@promise("forced commands (11): -P and -p restrict effects of requests")
def _():
    def new(how, *places):
        fresh("plain")
        return how(c, "plain", "plain")
    with Forced("-P symlink,hardlink") as c:
        expect(not new(symlink) and not new(link), "-P symlink,hardlink")
        expect(new(rename), "rename")
    with Forced("-P write") as c:
        expect(not new(copy) and not new(copy_over), "-P write")
    with Forced("-P posix-rename") as c:
        expect(not new(rename_over) and new(rename), "-P posix-rename")
    with Forced("-P rename", 3) as c:
        expect(not new(rename_over) and not new(rename), "-P rename")
    with Forced("-P setstat") as c:
        fresh("plain")
        expect(c.extended("setxattr@proftpd.org", c.path("plain/file")
                          + string(b"user.x") + string(b"1")
                          + num(0))[1][:4] == num(3), "setxattr")
        expect(not new(set_mode), "-P setstat")
    with Forced("-p open,close,read,hardlink,realpath") as c:
        expect(new(link) and not new(symlink) and new(open_read)
               and not new(copy), "-p")


# ---- Existence


def bare(answer):
    """Type and status: what tells one answer from another."""
    kind, left = answer
    return kind, left[:4] if kind == STATUS else b""


def every_answer(c, path, number):
    """What each request says of a path that is or is not there."""
    name = c.path(path)
    none = c.none()
    said = {
        "LSTAT": c.raw.ask(7, name + c.flags(1)),
        "STAT": c.raw.ask(17, name + c.flags(1)),
        "OPENDIR": c.raw.ask(11, name),
        "SETSTAT": c.raw.ask(9, name + none),
        "SETSTAT mode": c.raw.ask(9, name + c.perms(0o600)),
        "SETSTAT size": c.raw.ask(9, name + c.size(1)),
        "OPEN": c.raw.ask(3, name + (num(1) + num(2) if number >= 5
                                     else num(1)) + none),
        "OPEN to write": c.raw.ask(3, name + (num(2) + num(2) if number >= 5
                                              else num(2)) + none),
        "REMOVE": c.raw.ask(13, name),
        "RMDIR": c.raw.ask(15, name),
        "RENAME": c.raw.ask(18, name + c.path("plain/moved")
                            + (num(0) if number >= 5 else b"")),
        "READLINK": c.raw.ask(19, name),
        "statvfs": c.extended("statvfs@openssh.com", name),
        "space": c.extended("space-available", name),
        "copy-file": c.extended("copy-file", name + c.path("plain/copied")
                                + b"\0"),
        "check-file": c.extended("check-file-name", name + string(b"md5")
                                 + quad(0) + quad(0) + num(0)),
        "md5-hash": c.extended("md5-hash", name + quad(0) + quad(0)
                               + string(b"")),
        "getxattr": c.extended("getxattr@proftpd.org", name
                               + string(b"user.x") + num(10)),
        "hardlink": c.extended("hardlink@openssh.com", name
                               + c.path("plain/linked")),
    }
    if number >= 6:
        said["REALPATH"] = c.raw.ask(16, name + b"\3")
        said["LINK"] = c.raw.ask(21, c.path("plain/linked") + name + b"\0")
    return {key: bare(value) for key, value in said.items()}


def shell_answers(shell, path):
    """The same of SCP and commands; names out of the texts."""
    name = path.rpartition("/")[2].encode()
    said = {}
    for command, ahead in (
            ("scp -f /%s", b"\0" * 8), ("scp -r -f /%s", b"\0" * 8),
            ("scp -t /%s", b"C0644 3 n\nabc\0"),
            ("scp -d -t /%s", b"C0644 3 n\nabc\0"),
            ("scp -r -t /%s", b"D0755 0 n\nE\n"),
            ("scp -r -p -t /%s/", b"T1 0 1 0\nD0755 0 n\nE\n"),
            ("md5sum /%s", b""), ("df /%s", b""), ("cd /%s", b""),
            ("md5sum /%s*", b"")):
        got, code = shell.run(command % path, ahead=ahead)
        said[command] = got.replace(name, b"NAME"), code
    return said


def alike(form, names, number, but=()):
    """No answer differs between the names; what differs is reported."""
    with client(number) as raw:
        c, shell = Client(raw), Shell(raw)
        got = [every_answer(c, "%s/%s" % (form, name), number)
               for name in names]
        if number == 3:
            for answers, name in zip(got, names):
                answers.update(shell_answers(shell, "%s/%s" % (form, name)))
    wrong = ["%s: %s" % (key, " | ".join("%s %r" % (name, one[key])
                                          for name, one in zip(names, got)))
             for key in got[0] if len({one[key] for one in got}) > 1
             and key not in but]
    if wrong:
        raise Failed("%s, SFTP %d:\n" % (form, number) + "\n".join(wrong))


@promise("existence (9): where all is denied, nothing reveals existing names")
def _():
    for number in (3, 6):
        fresh("deny-ALL")
        fresh("plain")
        alike("deny-ALL", ("file", "sub", "gone7"), number)


@promise("existence (9): nor where looking and reading and writing are denied")
def _():
    for number in (3, 6):
        fresh("shut")
        fresh("plain")
        alike("shut", ("file", "sub", "gone7"), number)


@promise("existence (9): DenyAll of the directory itself applies to all names")
def _():
    # New files may be made there, as by FTP: those who can, tell.
    for number in (3, 6):
        fresh("barred")
        fresh("plain")
        alike("barred", ("file", "sub", "gone7"), number, but=(
            "OPEN to write", "scp -t /%s", "scp -d -t /%s", "scp -r -t /%s",
            "scp -r -p -t /%s/"))


@promise("existence (9): a hidden name does not exist (IgnoreHidden)")
def _():
    for number in (3, 6):
        for form in ("hidden", "noaccess"):
            fresh(form)
            fresh("plain")
            if form == "hidden":
                srv.put(form + "/secret1", b"x")
                srv.mkdir(form + "/secret2")
                alike(form, ("secret1", "secret2", "secret3"), number)
                continue
            # What is hidden by its mode is as what is not there, as far as
            # nothing is made there.
            srv.put(form + "/closed1", b"x", mode=0o000)
            srv.mkdir(form + "/closed2", mode=0o000)
            with client(number) as raw:
                c = Client(raw)
                one, two, three = (every_answer(c, "%s/closed%d" % (form, n),
                                                number) for n in (1, 2, 3))
            expect_same(one, three, "file, SFTP %d" % number)
            expect_same(two, three, "directory, SFTP %d" % number)


# ---- The other names of FTP


def ways_of(what):
    """What OpenSSH's sftp and paramiko's put make of a directory."""
    import paramiko
    fresh(what)
    local = srv.local("up", NEW_BYTES)
    result = srv.sftp("cd /%s\nput %s one" % (what, local))
    by_path = srv.sftp("put %s /%s/two" % (local, what))
    with Raw(srv, 3) as raw:
        sftp = paramiko.SFTPClient.from_transport(raw.transport)
        size = sftp.put(local, "/%s/three" % what).st_size
        # Its own upload, and no other file.
        try:
            sftp.stat("/%s/file" % what)
            others = True
        except OSError:
            others = False
        try:
            sftp.open("/%s/three" % what).read()
            reads = True
        except OSError:
            reads = False
    return result, by_path, size, others, reads


@promise("drop box (10): FTP's configuration works for OpenSSH's sftp and "
         "paramiko")
def _():
    result, by_path, size, others, reads = ways_of("drop")
    expect(result.returncode == 0 and by_path.returncode == 0,
           said(result) + said(by_path))
    expect_same((size, others, reads), (len(NEW_BYTES), False, False),
                "size, looks at others, reads")
    for name in ("one", "two", "three"):
        expect_same(content("drop/" + name), NEW_BYTES, name)
    expect(b"file" not in srv.sftp("ls /drop").stdout, "it is listed")
    must(srv.scp("-O", srv.local("up"), "srv:/drop/"))
    must(srv.scp("-O", srv.local("up"), "srv:/drop/four"))
    with srv.ftp() as ftp:
        ftp.cwd("/drop")
        expect(Ftp(ftp).stores("STOR five") and not Ftp(ftp).reads(
            "RETR five"), "FTP")


@promise("drop box (10): <Limit READ DIRS> DenyAll works for them, too")
def _():
    result, by_path, size, others, reads = ways_of("blind")
    expect_same(by_path.returncode, 0, said(by_path))
    expect_same((size, others, reads), (len(NEW_BYTES), False, False),
                "size, looks at others, reads")
    expect(b"file" not in srv.sftp("ls /blind").stdout, "it is listed")
    must(srv.scp("-O", srv.local("up"), "srv:/blind/four"))
    # With the rule on the directory of the login as well.
    result = blind.sftp("put %s five" % srv.local("up"))
    expect_same(result.returncode, 0, said(result))
    with Raw(blind, 3) as raw:
        import paramiko
        sftp = paramiko.SFTPClient.from_transport(raw.transport)
        expect_same(sftp.normalize("."), "/", "where it is")
        expect_same(sftp.put(srv.local("up"), "six").st_size, len(NEW_BYTES),
                    "put")


@promise("REALPATH (10): it can be denied by name, but not for the first "
         "directory")
def _():
    with client(3) as raw:
        c = Client(raw)
        fresh("deny-CWD")
        kind, left = raw.ask(16, c.path("deny-CWD"))
        expect_same((kind, left[:4]), (STATUS, num(3)), "by CWD")
        kind, left = raw.ask(16, string(b"."))
        expect_same((kind, raw.cut(left[4:])[0]), (NAME, b"/"), "the login")
        fresh("deny-CDUP")
        expect_same(raw.status(16, string(b"/deny-CDUP/sub/..")), 3, "..")
        expect_same(raw.ask(16, string(b"/deny-CDUP/sub"))[0], NAME, "down")


# ---- Locks


BLOCK_READ, BLOCK_WRITE, ADVISORY = 0x40, 0x80, 0x200


def open_blocked(c, path, access, block):
    """The status of an OPEN that keeps others out; None: it is open."""
    kind, left = c.raw.ask(3, c.path(path) + num(access) + num(2 | block)
                           + c.none())
    if kind == HANDLE:
        c.close(c.raw.cut(left)[0])
        return None
    return struct.unpack(">I", left[:4])[0]


def block(c, path, access, mask):
    """The status of BLOCK on a range of a file that is open so."""
    handle = c.open(path, reads=access == 1, writes=access == 2)
    code = c.raw.status(22, string(handle) + quad(0) + quad(5) + num(mask))
    c.close(handle)
    return code


@promise("locks (E25): only users with a right can take it from others")
def _():
    for form in ("plain", "deny-STOR", "deny-RETR", "keep", "deny-ALL"):
        fresh(form)
    write(srv.home("plain/roots"), OLD, 0o644)
    os.chown(srv.home("plain/roots"), 0, 0)
    with client(6) as raw:
        c = Client(raw)
        expect_same([open_blocked(c, "plain/file", 1, BLOCK_WRITE),
                     open_blocked(c, "plain/file", 2, BLOCK_READ),
                     block(c, "plain/file", 1, BLOCK_WRITE)],
                    [None, None, 0], "who may do both")
        expect_same([open_blocked(c, path, access, bits)
                     for path, access, bits in (
                         ("deny-STOR/file", 1, BLOCK_WRITE),
                         ("keep/file", 1, BLOCK_WRITE),
                         ("plain/roots", 1, BLOCK_WRITE),
                         ("deny-RETR/file", 2, BLOCK_READ))],
                    [3] * 4, "on opening")
        expect_same([open_blocked(c, "deny-STOR/file", 1, BLOCK_READ),
                     open_blocked(c, "deny-RETR/file", 2, BLOCK_WRITE)],
                    [None, None], "what they may do themselves")
        for path in ("deny-STOR/file", "keep/file", "plain/roots"):
            expect_same(block(c, path, 1, BLOCK_WRITE), 3, "range of " + path)
        expect_same(block(c, "deny-RETR/file", 2, BLOCK_READ | BLOCK_WRITE),
                    3, "range, reading")


# ---- Restarts, sizes, links, protocols


def at(c, handle, offset):
    """The status of a READ there, or None."""
    return c.raw.status(5, string(handle) + quad(offset) + num(10))


@promise("restarts (12): AllowRetrieveRestart off, AllowStoreRestart off")
def _():
    for number in (3, 6):
        fresh("whole")
        with client(number) as raw, srv.ftp() as ftp:
            c = Client(raw)
            handle = c.open("whole/file", reads=True)
            expect_same(at(c, handle, 5), 3, "a read from 5 on")
            c.close(handle)
            handle = c.open("whole/file", reads=True)
            expect_same([at(c, handle, n) for n in (0, 10, 4, 15)],
                        [None, None, None, 1], "a read from 0 on")
            c.close(handle)
            handle = c.open("whole/file", writes=True)
            expect(not c.write(handle, b"x", 5), "a write from 5 on")
            expect(not c.write(handle, b"x", len(OLD)), "a write at the end")
            c.close(handle)
            expect_same(content("whole/file"), OLD, "the file")
            handle = c.open("whole/file", writes=True)
            expect(c.write(handle, b"abc", 0) and c.write(handle, b"d", 3),
                   "a write from 0 on")
            c.close(handle)
            expect_same(content("whole/file"), b"abcd" + OLD[4:], "the file")
            handle = c.open("whole/new", writes=True, creates=True)
            expect(c.write(handle, b"x", 100), "into a new file")
            c.close(handle)
            expect(not open_append(c, "whole", None), "APPE")
            # copy-data neither.
            source = c.open("plain/file", reads=True)
            into = c.open("whole/file", writes=True)
            expect_same(c.extended("copy-data", string(source) + quad(0)
                                   + quad(3) + string(into)
                                   + quad(5))[1][:4], num(3), "copy-data")
            ftp.sendcmd("TYPE I")
            expect(ftp_says(ftp.retrbinary, "RETR /whole/file", len, 8192, 3),
                   "FTP: RETR")
            expect(ftp_says(ftp.storbinary, "STOR /whole/file",
                            io.BytesIO(b"x"), 8192, None, 3), "FTP: STOR")


@promise("sizes (12): MaxRetrieveFileSize")
def _():
    fresh("whole")
    srv.put("whole/big", b"b" * 1025)
    srv.put("whole/fits", b"f" * 1024)
    with client(3) as raw, srv.ftp() as ftp:
        c = Client(raw)
        expect(c.open("whole/big", reads=True) is None, "OPEN")
        expect(c.open("whole/big", reads=True, writes=True) is None,
               "OPEN for both")
        expect(c.open("whole/fits", reads=True) is not None, "what fits")
        got, code = Shell(raw).run("scp -f /whole/big", ahead=b"\0" * 8)
        expect(b"MaxRetrieveFileSize" in got and b"bb" not in got,
               "scp: %r" % got)
        expect(ftp_says(ftp.retrbinary, "RETR /whole/big", len), "FTP")


@promise("links (12): ShowSymlinks off shows their targets")
def _():
    linkless.put("data/file", OLD)
    linkless.put("locked/file", OLD)
    os.symlink("file", linkless.home("data/link"))
    os.symlink("../data", linkless.home("data/around"))
    os.symlink("nowhere", linkless.home("data/broken"))
    os.symlink("../locked/file", linkless.home("data/away"))
    with linkless.ftp() as ftp:
        lines = []
        ftp.retrlines("LIST /data", lines.append)
        of_ftp = {line.split()[8]: line[0] for line in lines}
        ftp.cwd("/data/around")
        went = ftp.pwd()
    for number in (3, 6):
        with Raw(linkless, number) as raw:
            c = Client(raw)
            entries = {}
            listing = raw.list("/data")
            for name in (b"file", b"link", b"around", b"broken", b"away"):
                if string(name) in listing:
                    kind, left = raw.ask(7, c.path("data/" + name.decode())
                                         + c.flags(5))
                    is_dir = stat.S_ISDIR(struct.unpack(
                        ">I", left[20:24])[0]) if number == 3 \
                        else left[4] == 2
                    entries[name.decode()] = "d" if is_dir else "-"
            expect_same(entries, of_ftp, "SFTP %d and FTP" % number)
            expect(b"-> " not in listing, "a target's name")
            expect(raw.ask(19, c.path("data/link"))[0] == STATUS, "READLINK")
            expect_same(raw.status(7, c.path("data/broken") + c.flags(1)), 2,
                        "LSTAT of a link to nowhere")
            expect_same(raw.status(7, c.path("data/away") + c.flags(1)), 3,
                        "LSTAT of a link to where nobody may look")
            kind, left = raw.ask(16, c.path("data/around"))
            expect_same(raw.cut(left[4:])[0].decode(), went, "REALPATH, PWD")
            c.ok(13, c.path("data/link"))
        expect(not os.path.lexists(linkless.home("data/link"))
               and os.path.exists(linkless.home("data/file")),
               "REMOVE does not take the link")
        os.symlink("file", linkless.home("data/link"))


@promise("protocols (12): Protocols knows date")
def _():
    with Raw(linkless, 3) as raw:
        shell = Shell(raw)
        expect_same(shell.run("date -u +%Y")[1], 0, "sftp date: date")
        expect(shell.run("scp -f /data/file")[1] != 0, "sftp date: scp")
    with Raw(blind, 3) as raw:
        expect(Shell(raw).run("date")[1] != 0, "sftp scp: date")
        expect_same(Shell(raw).run("pwd")[1], 0, "sftp scp: pwd")
    with paramiko_transport(dated) as transport:
        shell = Shell(Session(transport))
        expect_same(shell.run("date -u +%Y")[1], 0, "date: date")
        expect(shell.run("pwd")[1] != 0, "date: pwd")
    expect(dated.sftp("pwd").returncode != 0, "date: sftp")


# ---- The rest of what holds on an OPEN


@promise("words (E27): DenyFilter applies to requests without a PRE_CMD")
def _():
    srv.put("words/forbidden", OLD)
    srv.put("words/other", OLD)
    for number in (3, 6):
        with client(number) as raw:
            c = Client(raw)
            for name, fields in (
                    ("statvfs@openssh.com", b""), ("space-available", b""),
                    ("check-file-name", string(b"md5") + quad(0) + quad(0)
                     + num(0)),
                    ("md5-hash", quad(0) + quad(0) + string(b""))):
                kind, left = c.extended(name, c.path("words/forbidden")
                                        + fields)
                expect_same((kind, left[:4]), (STATUS, num(3)), name)
                expect(b"DenyFilter" in left, "%r" % left)
                expect(c.extended(name, c.path("words/other")
                                  + fields)[0] != STATUS, name)
    with client() as raw:
        shell = Shell(raw)
        expect(shell.run("md5sum /words/forbidden")[1] != 0, "md5sum")
        expect(shell.run("df /words/forbidden")[1] != 0, "df")


@promise("owners (E27): an append changes the owner as in FTP")
def _():
    groups = {}
    for name, append in (
            ("FTP", lambda: Ftp(srv.ftp()).stores("APPE /owned/file")),
            ("SFTP 3", lambda: in_client(3, open_append)),
            ("SFTP 6", lambda: in_client(6, open_append))):
        fresh("owned")
        os.chown(srv.home("owned/file"), UID, GID + 77)
        append()
        groups[name] = os.stat(srv.home("owned/file")).st_gid
    expect_same(groups, dict.fromkeys(groups, GID), "groups")


def in_client(number, how):
    with client(number) as raw:
        return how(Client(raw), "owned", None)


@promise("names (E27): DirFakeUser and DirFakeGroup show names without an "
         "account")
def _():
    fresh("fake")
    with srv.ftp() as ftp:
        lines = []
        ftp.cwd("/fake")
        ftp.retrlines("LIST", lines.append)
        expect("nobody-here" in lines[0] and "no-group-either"[:8]
               in lines[0], "FTP: %r" % lines)
    with client(3) as raw:
        listing = raw.list("/fake")
        expect(b" nobody-here no-group-either " in listing, "%r" % listing)
        c = Client(raw)
        kind, left = raw.ask(7, c.path("fake/file"))
        ids = left[12:20]
        expect(ids != struct.pack(">II", UID, GID), "the owner's own ids")
        kind, left = c.extended("users-groups-by-id@openssh.com",
                                string(ids[:4]) + string(ids[4:]))
        expect(b"nobody-here" in left and b"no-group-either" in left,
               "by id: %r" % left)
        # Sent back, they change nothing.
        expect(c.ok(9, c.path("fake/file") + num(2) + ids), "sent back")
    with client(6) as raw:
        c = Client(raw)
        kind, left = raw.ask(7, c.path("fake/file") + num(0x80))
        expect(string(b"nobody-here") in left
               and string(b"no-group-either") in left, "version 6: %r" % left)


main(srv, blind, linkless, dated)
