#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko
# sanitizers: alone

"""What was checked is what is used: one session swaps a directory for a link
to a denied one, or for a directory with other rules, as fast as it can, another
sends each kind of request through that name.  Bounded: each kind gets its
seconds and its number of requests."""

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import GID, PATIENCE, UID, Server
from clients import paramiko_transport
from rawsftp import ATTRS, EXTENDED_REPLY, HANDLE, NAME, STATUS, Raw, \
    num, quad, string

SECONDS, BATCH, REQUESTS = 1, 24, 6000
OPEN_TEXT, SECRET = b"all may know\n", b"nobody may know this\n" * 3
RENAMES = 16                    # swaps that are sent at once
NAME_THERE = b"hidden-name"

DENIED = """
  <Directory %s/denied>
    <Limit ALL>
      DenyAll
    </Limit>
  </Directory>
"""
# By both names that it has in turns.
KEPT = """
  <Directory ~/kept>
    AllowOverwrite off
  </Directory>
  <Directory ~/aside>
    AllowOverwrite off
  </Directory>
"""


FTPACCESS = b"<Limit ALL>\nDenyAll\n</Limit>\n"


def link(srv, target, name):
    os.symlink(target, srv.home(name))
    os.lchown(srv.home(name), UID, GID)


def fill(srv):
    """All as it is to be: `denied' has all the names that `libs' has, and one
    of its own.  The daemon guards /lib in a root, not /libs."""
    for name in os.listdir(srv.home()):
        path = srv.home(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    for where, text in (("libs", OPEN_TEXT), ("denied", SECRET)):
        srv.put(where + "/file", text)
        srv.put(where + "/tree/leaf", text)
        srv.mkdir(where + "/empty")
        link(srv, "/" + where, where + "/link")
        os.setxattr(srv.home(where + "/file"), "user.text", text)
    srv.put("denied/" + NAME_THERE.decode(), SECRET)
    srv.put("denied/tree/" + NAME_THERE.decode(), SECRET)
    srv.put("mine", OPEN_TEXT)
    srv.put("kept/file", OPEN_TEXT)
    srv.put("etc/file", OPEN_TEXT)
    link(srv, "denied", "trap")
    if srv is free:
        srv.put("denied/.ftpaccess", FTPACCESS)


# Rules for all requests; and one that requests which only look cannot know
# beforehand, in a session that sees the whole system.
jailed = Server(DENIED % "~" + KEPT + "SFTPExtensions +xattr\n")
free = Server("AllowOverride on\nSFTPExtensions +xattr\n",
              drop=("DefaultRoot",))


mapped = Server("VRootEngine on\nSFTPExtensions +xattr\n" + DENIED % "",
                modules=("mod_vroot",))
aliased = Server("VRootEngine on\nVRootAlias @DIR@/keys ~/common\n"
                 "AllowOverride on\nSFTPExtensions +xattr\n" + DENIED % "",
                 modules=("mod_vroot",))


class Scene:
    """A server, and how its user names what is in the home."""

    def __init__(self, srv, base):
        self.srv, self.base = srv, base

    def at(self, name):
        return string(os.path.join(self.base, name).encode())

    def seen(self, where="denied"):
        """All that must stay as it is."""
        found = {}
        for top, dirs, files in os.walk(self.srv.home(where)):
            for name in [""] + dirs + files:
                path = os.path.join(top, name)
                st = os.lstat(path)
                text = b""
                if stat.S_ISREG(st.st_mode):
                    with open(path, "rb") as file:
                        text = file.read()
                found[path] = (st.st_mode, st.st_uid, st.st_nlink,
                               st.st_mtime_ns, text, os.listxattr(
                                   path, follow_symlinks=False))
        return found


JAILED, FREE = Scene(jailed, "/"), Scene(free, free.home())
MAPPED, ALIASED = Scene(mapped, "/"), Scene(aliased, "/")


# ---- The one who swaps

SWAP = (("libs", "aside"), ("trap", "libs"), ("libs", "trap"), ("aside", "libs"))
LEAVE = (("kept", "aside"), ("aside", "kept"))


def swap(scene, going):
    """By RENAME, many at once."""
    with Raw(scene.srv, 3) as raw:
        while going:
            answers = raw.ask_all([(18, scene.at(old) + scene.at(new))
                                   for old, new in SWAP] * RENAMES)
            if any(left[:4] != num(0) for _, left in answers):
                return 1
    return 0


def swap_beside(scene, going, renames=SWAP):
    """Another program of the user, which is faster."""
    names = [(scene.srv.home(old), scene.srv.home(new))
             for old, new in renames]
    while going:
        for old, new in names:
            os.rename(old, new)
            for _ in range(200):
                pass
    return 0


def come_and_go(scene, going):
    return swap_beside(scene, going, LEAVE)


@contextlib.contextmanager
def swapping(scene, how):
    """Until the end of the block, and then with everything in its place."""
    child = os.fork()
    if child == 0:
        status, going = 1, [True]
        signal.signal(signal.SIGTERM, lambda *_: going.clear())
        try:
            status = how(scene, going)
        finally:
            os._exit(status)
    try:
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    expect_same(status, 0, "the end of the one who swaps")


@contextlib.contextmanager
def guarded(scene, how=swap):
    """Nothing below `denied' is changed meanwhile."""
    fill(scene.srv)
    before = scene.seen()
    with swapping(scene, how):
        yield
    after = scene.seen()
    for path in sorted(set(before) | set(after)):
        expect_same(after.get(path), before.get(path), path)


# ---- Requests

def attrs(raw, **more):
    """Of a SETSTAT, MKDIR or OPEN."""
    flags, body = 0, b""
    if "size" in more:
        flags, body = flags | 1, body + quad(more["size"])
    if "mode" in more:
        flags, body = flags | 4, body + num(more["mode"])
    if "mtime" in more:
        flags |= 0x20 if raw.version > 3 else 8
        body += quad(more["mtime"]) if raw.version > 3 else \
            num(more["mtime"]) * 2
    return num(flags) + (b"\1" if raw.version > 3 else b"") + body


def opens(scene, raw, name, how="read"):
    """OPEN: the flags of version 3, access and flags of version 6."""
    old = {"read": 1, "cut": 2 | 8 | 16, "write": 2, "make": 2 | 8 | 32}
    new = {"read": (1, 2), "cut": (2 | 0x100, 1), "write": (2, 2),
           "make": (2 | 0x100, 0)}
    flags = num(old[how]) if raw.version == 3 else num(new[how][0]) + \
        num(new[how][1])
    return 3, scene.at(name) + flags + attrs(raw)


def extended(scene, name, path, rest=b""):
    return 200, string(name) + scene.at(path) + rest


def hammer(raw, requests):
    """Sends them over and over; yields the answers."""
    end, sent = time.monotonic() + SECONDS, 0
    while time.monotonic() < end and sent < REQUESTS:
        answers = raw.ask_all(requests * (BATCH // len(requests) or 1))
        sent += len(answers)
        yield from answers


def versions(scene):
    for version in (3, 6):
        with Raw(scene.srv, version) as raw:
            yield raw


def both(scene, requests, how=swap):
    """The answers of versions 3 and 6 to requests(raw)."""
    served = 0
    with guarded(scene, how):
        for raw in versions(scene):
            for kind, left in hammer(raw, requests(raw)):
                served += kind != STATUS or left[:4] == num(0)
                yield raw, kind, left
    expect(served > 0, "no request was served at all")


def closes(raw, handles):
    raw.ask_all([(4, string(handle)) for handle in handles])


def act(scene, requests, how=swap):
    for _ in both(scene, requests, how):
        pass


def keeps(left, why):
    expect(SECRET[:8] not in left and NAME_THERE not in left,
           "%s: %r" % (why, left))


def through_handles(scene, requests, ask, how=swap):
    """Opens, and asks the handles: yields those answers."""
    for raw, kind, left in both(scene, requests, how):
        if kind == HANDLE:
            handle = raw.cut(left)[0]
            answer = raw.ask(*ask(handle))
            closes(raw, [handle])
            yield raw, answer


# ---- One promise per kind

@promise("OPEN does not read what is denied")
def _():
    for how in (swap, swap_beside):
        for _, (_, left) in through_handles(
                JAILED, lambda raw: [opens(JAILED, raw, "libs/file")],
                lambda handle: (5, string(handle) + quad(0) + num(100)), how):
            keeps(left, "READ")


@promise("OPEN does not truncate or write what is denied")
def _():
    for raw, kind, left in both(JAILED, lambda raw: [
            opens(JAILED, raw, "libs/file", "cut"),
            opens(JAILED, raw, "libs/file", "write")]):
        if kind == HANDLE:
            handle = raw.cut(left)[0]
            raw.ask(6, string(handle) + quad(0) + string(b"written"))
            closes(raw, [handle])


@promise("nor below a module that maps paths")
def _():
    fill(mapped)
    with Raw(mapped, 3) as raw:
        expect_same(raw.status(*opens(MAPPED, raw, "denied/file")), 3,
                    "what is denied")
    for how in (swap, swap_beside):
        for raw, kind, left in both(MAPPED, lambda raw: [
                opens(MAPPED, raw, "libs/file", "cut"),
                opens(MAPPED, raw, "libs/file")], how):
            if kind == HANDLE:
                handle = raw.cut(left)[0]
                keeps(raw.ask(5, string(handle) + quad(0) + num(100))[1],
                      "READ")
                closes(raw, [handle])


@promise("OPEN creates nothing where that is denied")
def _():
    for raw, kind, left in both(JAILED, lambda raw: [
            opens(JAILED, raw, "libs/made", "make"),
            (13, JAILED.at("libs/made"))]):
        if kind == HANDLE:
            closes(raw, [raw.cut(left)[0]])


@promise("OPEN keeps a file that came back after the rules found nothing")
def _():
    for raw, kind, left in both(JAILED, lambda raw: [
            opens(JAILED, raw, "kept/file", "cut"),
            opens(JAILED, raw, "kept/file", "read")], come_and_go):
        if kind == HANDLE:
            closes(raw, [raw.cut(left)[0]])
    expect_same(jailed.get("kept/file"), OPEN_TEXT, "the file")


def wait():
    """For about as long as a request takes."""
    for _ in range(5000):
        pass


def come_as(scene, going):
    """Puts a file where a rename leads, and takes back what was renamed."""
    own, mine, there = (scene.srv.home(name)
                        for name in ("etc/file", "mine", "kept/new"))
    while going:
        try:
            os.link(own, there)
        except FileExistsError:
            os.rename(there, mine)
            continue
        wait()
        if not os.path.samefile(own, there):
            return 1
        os.unlink(there)
        wait()
    return 0


@promise("a rename does not replace a file that appeared after the check of "
         "AllowOverwrite")
def _():
    def rename(raw):
        names = JAILED.at("mine") + JAILED.at("kept/new")
        return [(18, names + num(1)) if raw.version > 3 else
                (200, string(b"posix-rename@openssh.com") + names)]

    act(JAILED, rename, come_as)


def come_before(scene, going):
    """Puts a file where a copy leads, and takes away what was copied."""
    own, there = (scene.srv.home(name) for name in ("etc/file", "kept/new"))
    before = os.stat(own).st_mtime_ns
    while going:
        try:
            os.link(own, there)
        except FileExistsError:
            os.unlink(there)
            continue
        wait()
        if not os.path.samefile(own, there) or \
                os.stat(own).st_mtime_ns != before:
            return 1
        os.unlink(there)
        wait()
    return 0


@promise("nor does copy-file write over it")
def _():
    act(JAILED, lambda raw: [(200, string(b"copy-file") + JAILED.at("mine")
                              + JAILED.at("kept/new") + b"\1")], come_before)


@promise("OPENDIR lists nothing that is denied")
def _():
    for _, (_, left) in through_handles(
            JAILED, lambda raw: [(11, JAILED.at("libs"))],
            lambda handle: (12, string(handle))):
        keeps(left, "READDIR")


@promise("OPENDIR lists nothing that a .ftpaccess denies")
def _():
    for _, (_, left) in through_handles(
            FREE, lambda raw: [(11, FREE.at("libs"))],
            lambda handle: (12, string(handle)), swap_beside):
        keeps(left, "READDIR")


@promise("STAT, LSTAT and READLINK do not reveal what is denied")
def _():
    looks(JAILED, swap)


@promise("STAT, LSTAT and READLINK do not reveal what a .ftpaccess denies")
def _():
    looks(FREE, swap_beside)


def looks(scene, how):
    size = quad(len(SECRET))

    def requests(raw):
        more = num(1) if raw.version > 3 else b""
        return [(17, scene.at("libs/file") + more),
                (7, scene.at("libs/file") + more),
                (19, scene.at("libs/link"))]

    for _, kind, left in both(scene, requests, how):
        if kind == ATTRS:
            expect(size not in left, "the size is told: %r" % left)
        elif kind == NAME:
            expect(b"denied" not in left, "the link is told: %r" % left)


@promise("REMOVE removes nothing that is denied")
def _():
    act(JAILED, lambda raw: [opens(JAILED, raw, "libs/made", "make"),
                             (13, JAILED.at("libs/file")),
                             (18, JAILED.at("mine") + JAILED.at("libs/file") +
                              (num(0) if raw.version > 3 else b"")),
                             opens(JAILED, raw, "mine", "make"),
                             (13, JAILED.at("libs/made"))])


@promise("RMDIR and MKDIR neither remove nor create what is denied")
def _():
    act(JAILED, lambda raw: [(15, JAILED.at("libs/empty")),
                             (14, JAILED.at("libs/empty") + attrs(raw)),
                             (14, JAILED.at("libs/made") + attrs(raw)),
                             (15, JAILED.at("libs/made"))])


@promise("SETSTAT changes nothing that is denied")
def _():
    for more in ({"size": 3}, {"mode": 0o600}, {"mtime": 77},
                 {"mode": 0o644, "mtime": 78, "size": 4}):
        act(JAILED, lambda raw, more=more: [
            (9, JAILED.at("libs/file") + attrs(raw, **more))])


@promise("RENAME moves nothing out of, into or within what is denied")
def _():
    for old, new in (("libs/file", "moved"), ("mine", "libs/moved"),
                     ("libs/tree", "libs/moved"), ("mine", "libs/file")):
        act(JAILED, lambda raw, old=old, new=new: [
            (18, JAILED.at(a) + JAILED.at(b) +
             (num(1) if raw.version > 3 else b""))
            for a, b in ((old, new), (new, old))])


@promise("a hard link gives nothing that is denied a second name")
def _():
    for old, new in (("libs/file", "linked"), ("mine", "libs/linked")):
        act(JAILED, lambda raw, old=old, new=new: [
            (200, string(b"hardlink@openssh.com") + JAILED.at(old) +
             JAILED.at(new)) if raw.version == 3 else
            (21, JAILED.at(new) + JAILED.at(old) + b"\0"),
            (13, JAILED.at(new))])


@promise("SYMLINK creates nothing where that is denied")
def _():
    act(JAILED, lambda raw: [
        (20, string(b"nowhere") + JAILED.at("libs/linked"))
        if raw.version == 3 else
        (21, JAILED.at("libs/linked") + string(b"nowhere") + b"\1"),
        (13, JAILED.at("libs/linked"))])


@promise("copy-file copies nothing from or to where that is denied")
def _():
    def copy(old, new):
        return 200, string(b"copy-file") + JAILED.at(old) + JAILED.at(new) + \
            b"\1"

    for _ in both(JAILED, lambda raw: [
            copy("libs/file", "moved"), copy("mine", "libs/file"),
            copy("mine", "libs/made"), (13, JAILED.at("libs/made"))]):
        if os.path.exists(jailed.home("moved")):
            keeps(jailed.get("moved"), "the copy")


@promise("checksums reveal nothing that is denied")
def _():
    digest = hashlib.md5(SECRET).digest()

    def requests(raw):
        return [extended(JAILED, b"check-file-name", "libs/file",
                         string(b"md5") + quad(0) + quad(0) + num(0)),
                extended(JAILED, b"md5-hash", "libs/file",
                         quad(0) + quad(0) + string(b""))]

    for _, kind, left in both(JAILED, requests, swap_beside):
        if kind == EXTENDED_REPLY:
            expect(digest not in left, "the sum is told")


@promise("denied extended attributes are neither read nor set")
def _():
    with guarded(JAILED, swap_beside), Raw(jailed, 6) as raw:
        for kind, left in hammer(raw, [
                (200, string(b"getxattr@proftpd.org") + JAILED.at("libs/file")
                 + string(b"user.text") + num(4096)),
                (200, string(b"listxattr@proftpd.org") +
                 JAILED.at("libs/file") + num(4096)),
                (200, string(b"setxattr@proftpd.org") + JAILED.at("libs/file")
                 + string(b"user.text") + string(OPEN_TEXT) + num(0))]):
            keeps(left, "getxattr")


@promise("files that the daemon protects in a chroot remain protected")
def _():
    fill(jailed)
    name = string(b"/etc/new")
    with Raw(jailed, 3) as raw:
        expect_same(raw.read_all("/etc/file"), OPEN_TEXT, "READ")
        for kind, body in ((3, name + num(2 | 8) + num(0)),
                           (14, name + num(0)), (13, string(b"/etc/file")),
                           (9, string(b"/etc/file") + attrs(raw, mode=0)),
                           (18, string(b"/mine") + name),
                           (18, string(b"/etc/file") + string(b"/new")),
                           (20, string(b"/mine") + name),
                           (200, string(b"hardlink@openssh.com") +
                            string(b"/mine") + name)):
            expect_same(raw.status(kind, body), 3, "request %d" % kind)
    expect_same(os.listdir(jailed.home("etc")), ["file"], "/etc")


# ---- Directories for directories

TREES = (("here", "aside"), ("there", "here"), ("aside", "there")) * 2


def swap_trees(scene, going):
    """Two directories that may be moved; what is below one of them has a
    .ftpaccess that denies all."""
    while going:
        for old, new in TREES:
            os.rename(scene.srv.home(old), scene.srv.home(new))
            for _ in range(400):
                pass
    return 0


def in_trees(scene, raw):
    """Each kind of request, for files in "in"."""
    at, more = scene.at, num(0) if raw.version > 3 else b""
    for tree in ("here", "there"):
        name = tree + "/in/"
        yield opens(scene, raw, name + "file")
        yield 11, at(tree + "/in")
        yield 7, at(name + "file") + (num(1) if more else b"")
        yield opens(scene, raw, name + "new", "make")
        yield 9, at(name + "file") + attrs(raw, mtime=77)
        yield 14, at(name + "made") + attrs(raw)
        yield 18, at("mine") + at(name + "mine") + more
        yield 18, at(name + "mine") + at("mine") + more
        yield extended(scene, b"copy-file", name + "file",
                       at("copied") + b"\1")
        yield extended(scene, b"check-file-name", name + "file",
                       string(b"md5") + quad(0) + quad(0) + num(0))
        if not more:
            yield extended(scene, b"hardlink@openssh.com", name + "file",
                           at("linked"))
            yield 13, at("linked")


def is_told(raw, kind, left):
    """Whether an answer tells what is denied."""
    if kind == HANDLE:
        handle = raw.cut(left)[0]
        left = b"".join(raw.ask(*ask)[1] for ask in (
            (5, string(handle) + quad(0) + num(100)), (12, string(handle))))
        closes(raw, [handle])
        return SECRET[:8] in left or NAME_THERE in left
    return kind == ATTRS and quad(len(SECRET)) in left or \
        kind == EXTENDED_REPLY and hashlib.md5(SECRET).digest() in left


def look_into_trees(scene):
    served = 0
    for raw in versions(scene):
        for kind, left in hammer(raw, list(in_trees(scene, raw))):
            served += kind == HANDLE
            expect(not is_told(raw, kind, left), "told: %r" % left)
            if os.path.exists(scene.srv.home("copied")):
                keeps(scene.srv.get("copied"), "the copy")
    expect(served > 0, "nothing was opened at all")


def trees(scene):
    srv = scene.srv
    fill(srv)
    srv.put("mine", OPEN_TEXT)
    srv.put("here/in/file", OPEN_TEXT)
    for name in ("file", NAME_THERE.decode()):
        srv.put("there/in/" + name, SECRET)
    srv.put("there/in/.ftpaccess", FTPACCESS)
    before = scene.seen("there/in")
    with swapping(scene, swap_trees):
        look_into_trees(scene)
    expect_same(scene.seen("there/in"), before, "what is denied")


@promise("a directory put in the place of another keeps its .ftpaccess")
def _():
    trees(FREE)


# ---- SCP and commands

def talk(transport, command, words, patience=0.2):
    """What a command says to all the words there are for it; a command that
    waits for more of them is left alone after a moment."""
    channel, data = transport.open_session(), b""
    channel.settimeout(patience)
    with contextlib.suppress(OSError):
        channel.exec_command(command)
        channel.sendall(words)
        while True:
            part = channel.recv(32768)
            if not part:
                break
            data += part
    channel.close()
    return data


def commands(scene, command, words, how=swap):
    """Runs it over and over; yields what it answers."""
    begin, heard, patience = time.monotonic(), 0, 0.2
    with guarded(scene, how), paramiko_transport(scene.srv) as transport:
        # Where everything takes long, until something was said.
        while time.monotonic() < begin + (3 * SECONDS if heard else PATIENCE):
            said = talk(transport, command, words, patience)
            if not heard and time.monotonic() > begin + 3 * SECONDS:
                patience = 5
            heard += len(said)
            yield said
    expect(heard > 0, "nothing was said at all")


@promise("scp sends nothing that is denied, neither files nor trees")
def _():
    for command in ("scp -f /libs/file", "scp -r -f /libs",
                    "scp -r -f /libs/tree", "scp -r -f /libs/*"):
        for said in commands(JAILED, command, b"\0" * 40):
            keeps(said, command)


@promise("a pattern matches after a link to a directory that may be listed")
def _():
    fill(jailed)
    link(jailed, "libs", "way")
    link(jailed, "denied", "no-way")
    with paramiko_transport(jailed) as transport:
        for way in (b"way", b"wa*"):
            said = talk(transport, b"scp -f /%s/fi*" % way, b"\0" * 40)
            expect(OPEN_TEXT in said, "%r: %r" % (way, said))
        for way in (b"no-way", b"no*"):
            keeps(talk(transport, b"scp -r -f /%s/*" % way, b"\0" * 40),
                  "%r" % way)


@promise("scp writes nothing where that is denied, neither files nor trees")
def _():
    for command, words in (
            ("scp -t /libs/file", b"C0644 3 file\nnew\0"),
            ("scp -t /libs/made", b"C0644 3 made\nnew\0"),
            ("scp -d -t /libs", b"C0644 3 made\nnew\0"),
            ("scp -p -r -d -t /libs", b"T1 0 1 0\nD0700 0 tree\n"
             b"T1 0 1 0\nC0600 3 leaf\nnew\0E\n"),
            ("scp -r -t /libs/made", b"D0755 0 made\nE\n")):
        for said in commands(JAILED, command, words):
            keeps(said, command)


@promise("commands reveal nothing that is denied")
def _():
    digest = hashlib.md5(SECRET).hexdigest().encode()
    for said in commands(JAILED, "md5sum /libs/file", b"", swap_beside):
        expect(digest not in said, "the sum is told")


# ---- Links that name a place inside by its path outside

def fill_outside(scene):
    """Beside the home, and open to everybody."""
    outside = scene.srv.path("outside")
    os.makedirs(outside, exist_ok=True)
    for name in ("file", NAME_THERE.decode()):
        path = os.path.join(outside, name)
        with open(path, "wb") as file:
            file.write(SECRET)
        os.chmod(path, 0o666)
    os.chmod(outside, 0o777)


def seen_outside(scene):
    outside = scene.srv.path("outside")
    return {name: os.stat(os.path.join(outside, name))[:9]
            for name in os.listdir(outside)}


def swap_texts(scene, going):
    """Leads to what is permitted, to what is denied, and out."""
    way, new = scene.srv.home("way"), scene.srv.home("way-new")
    texts = [scene.srv.home("libs"), scene.srv.home("denied"),
             scene.srv.path("outside")]
    while going:
        for text in texts:
            os.symlink(text, new)
            os.rename(new, way)
            for _ in range(200):
                pass
    return 0


def through_way(scene, raw, way="way"):
    """Each kind of request, through that name."""
    more = num(0) if raw.version > 3 else b""

    def at(name):
        return scene.at(name.replace("way", way))

    for how in ("read", "cut", "write"):
        yield opens(scene, raw, way + "/file", how)
    yield opens(scene, raw, way + "/made", "make")
    yield 11, at("way")
    yield 17, at("way/file") + (num(1) if more else b"")
    yield 7, at("way/file") + (num(1) if more else b"")
    yield 19, at("way/link")
    yield 9, at("way/file") + attrs(raw, mtime=77)
    yield 9, at("way/file") + attrs(raw, size=len(OPEN_TEXT))
    yield 14, at("way/fresh") + attrs(raw)
    yield 15, at("way/fresh")
    yield 13, at("way/made")
    yield 18, at("way/file") + at("moved") + more
    yield 18, at("moved") + at("way/file") + more
    yield 20 if not more else 21, (at("file") + at("way/near")) if not more \
        else (at("way/near") + at("file") + b"\1")
    yield 13, at("way/near")
    yield extended(scene, b"copy-file", way + "/file", at("copied") + b"\1")
    yield extended(scene, b"copy-file", "mine", at("way/file") + b"\1")
    yield extended(scene, b"check-file-name", way + "/file",
                   string(b"md5") + quad(0) + quad(0) + num(0))
    if not more:
        yield extended(scene, b"hardlink@openssh.com", way + "/file",
                       at("linked"))
        yield 13, at("linked")


def nothing_else(scene, how, way="way"):
    """Requests through that name neither change nor show what is denied, or
    outside."""
    served = 0
    fill_outside(scene)
    before = seen_outside(scene)
    with guarded(scene, how):
        for raw in versions(scene):
            for kind, left in hammer(raw, list(through_way(scene, raw, way))):
                served += kind == HANDLE
                expect(not is_told(raw, kind, left), "told: %r" % left)
                expect(kind != NAME or b"denied" not in left,
                       "the link is told: %r" % left)
    for name in ("moved", "copied", "linked"):
        if os.path.exists(scene.srv.home(name)):
            keeps(scene.srv.get(name), name)
    expect(served > 0, "nothing was opened at all")
    expect_same(seen_outside(scene), before, "what is outside")


@promise("a link into DefaultRoot by its outside path does not bypass the "
         "rules either")
def _():
    for _ in range(3):
        nothing_else(JAILED, swap_texts)


@promise("nor in scp and commands")
def _():
    digest = hashlib.md5(SECRET).hexdigest().encode()
    for command, words in (
            ("scp -f /way/file", b"\0" * 40), ("scp -r -f /way", b"\0" * 40),
            ("scp -f /way/*", b"\0" * 40), ("md5sum /way/file", b""),
            ("scp -t /way/file", b"C0644 3 file\nnew\0"),
            ("scp -r -d -t /way", b"D0700 0 tree\nC0600 3 leaf\nnew\0E\n")):
        for said in commands(JAILED, command, words, swap_texts):
            keeps(said, command)
            expect(digest not in said, command)


# ---- Below mod_vroot

OUT = (("libs", "aside"), ("hole", "libs"), ("libs", "hole"),
       ("aside", "libs"))


def swap_out(scene, going):
    """Another program of the user, with a link that leads out."""
    if not os.path.lexists(scene.srv.home("hole")):
        link(scene.srv, scene.srv.path("outside"), "hole")
    return swap_beside(scene, going, OUT)


@promise("below mod_vroot no request of any kind reaches a denied directory")
def _():
    for scene in (MAPPED, ALIASED):
        for how in (swap, swap_beside):
            nothing_else(scene, how, "libs")
        nothing_else(scene, swap_texts)


@promise("below mod_vroot no request leaves its root, with aliases or without")
def _():
    for scene in (MAPPED, ALIASED):
        for _ in range(2):
            nothing_else(scene, swap_out, "libs")


@promise("below mod_vroot a directory keeps its .ftpaccess, wherever it is moved")
def _():
    trees(ALIASED)


@promise("below mod_vroot scp and commands reach neither")
def _():
    digest = hashlib.md5(SECRET).hexdigest().encode()
    for scene, how in ((MAPPED, swap_beside), (ALIASED, swap_out)):
        fill_outside(scene)
        before = seen_outside(scene)
        for command, words in (
                ("scp -f /libs/file", b"\0" * 40),
                ("scp -r -f /libs", b"\0" * 40), ("md5sum /libs/file", b""),
                ("scp -t /libs/file", b"C0644 3 file\nnew\0"),
                ("scp -t /libs/made", b"C0644 3 made\nnew\0")):
            for said in commands(scene, command, words, how):
                keeps(said, command)
                expect(digest not in said, command)
        expect_same(seen_outside(scene), before, "what is outside")


main(jailed, free, mapped, aliased)
