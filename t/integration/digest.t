#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTPTransferDigest: the SHA-256 of what was transferred is in the records
and in an attribute of the file, which nobody can forge."""

import contextlib
import hashlib
import io
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import paramiko_sftp
from ftphost import FtpServer
from rawsftp import DATA, EXTENDED_REPLY, HANDLE, Raw, num, quad, string
from server import SOURCE, Server, must, run, wait_for

READ, WRITE, APPEND, CREAT, TRUNC, EXCL = 1, 2, 4, 8, 16, 32
OK = 0
SIZE = 1
LOG = """
LogFormat digest "%m|%{basename}|%{transfer-status}|%{note:mod_sftp.sha256}"
ExtendedLog @DIR@/ext.log READ,WRITE digest
"""

server = Server(LOG + """
SFTPTransferDigest sha256
<Directory @DIR@/home/alice/read>
  SFTPTransferDigest sha256 read timeout 20
</Directory>
<Directory @DIR@/home/alice/none>
  SFTPTransferDigest none
</Directory>
<Directory @DIR@/home/alice/checked>
  SFTPUploadCheck "exec:/bin/grep -q good"
</Directory>
<Directory @DIR@/home/alice/hidden>
  HiddenStores on
</Directory>
""")
for name in ("read", "none", "checked", "hidden"):
    server.mkdir(name)

# What reads beyond the first 64 KiB of the files that are called fail-read
# fails: who knows their digest has not read them.  The paths of descriptors
# tell which ones these are: no chroot hides them.  All users are one of the
# system.
receipts = FtpServer(LOG + """
SFTPTransferDigest sha256
SFTPExtensions +xattr
<Directory @DIR@/home/alice/none>
  SFTPTransferDigest none
</Directory>
<Directory @DIR@/home/alice/checked>
  SFTPUploadCheck "exec:/bin/true"
</Directory>
<Directory @DIR@/home/alice/hidden>
  HiddenStores on
</Directory>
""", drop=("DefaultRoot",), ftp="DefaultRoot /\n", users=("alice", "bob"))
receipts.env["LD_PRELOAD"] = receipts.path("failio.so")
must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra", "-Werror",
          "-D_GNU_SOURCE", "-o", receipts.path("failio.so"),
          os.path.join(SOURCE, "t/companion/failio.c")]))
os.chmod(receipts.path("failio.so"), 0o755)
for name in ("none", "checked", "hidden"):
    receipts.mkdir(name)
NAME = "user.mod_sftp.receipt"
# Receipts of small files count only where the kernel has a fine clock.
LARGE = os.urandom(1 << 20) * 16 + b"end"

BIG = os.urandom(700000)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def digests(srv=server):
    """[(command, name, digest or "-")] since the last call."""
    srv.no_sessions()
    lines = [line.split("|") for line in srv.log("ext.log").splitlines()]
    open(srv.path("ext.log"), "wb").close()
    return [(words[0], words[1], words[3] or "-") for words in lines
            if words[0] in ("STOR", "RETR", "APPE")]


def opened(raw, name, flags=WRITE | CREAT | TRUNC):
    kind, left = raw.ask(3, string(name.encode()) + num(flags) + num(0))
    expect_same(kind, HANDLE, "OPEN: %r" % left)
    return raw.cut(left)[0]


def write(raw, handle, data, at=0):
    expect_same(raw.status(6, string(handle) + quad(at) + string(data)), OK,
                "WRITE")


def read(raw, handle, size, at=0):
    kind, left = raw.ask(5, string(handle) + quad(at) + num(size))
    return raw.cut(left)[0] if kind == DATA else b""


def close(raw, handle):
    return raw.status(4, string(handle))


# ---- Uploads

@promise("an upload in order has the digest of its bytes, by SFTP and by SCP")
def _():
    path = server.local("big", BIG)
    must(server.sftp("put %s one" % path))
    must(server.sftp("put -p %s two" % path))
    must(server.scp("-O", path, "srv:three"))
    must(server.scp("-O", "-p", path, "srv:four"))
    must(server.sftp("put %s empty" % server.local("none", b"")))
    must(server.sftp("put %s one" % server.local("less", b"less")))
    expect_same(digests(), [("STOR", name, sha256(BIG))
                            for name in ("one", "two", "three", "four")] +
                [("STOR", "empty", sha256(b"")),
                 ("STOR", "one", sha256(b"less"))], "digests")


ORDERS = (
    # what, flags, pieces, what the file is before
    ("backwards", WRITE | CREAT | TRUNC, ((4, b"efgh"), (0, b"abcd")), None),
    ("with a gap", WRITE | CREAT | TRUNC, ((0, b"abcd"), (6, b"gh")), None),
    ("twice", WRITE | CREAT | TRUNC, ((0, b"abcd"), (0, b"abcd")), None),
    ("over a part", WRITE, ((0, b"ab"),), b"efgh"),
    ("resumed", WRITE, ((4, b"efgh"),), b"abcd"),
    ("appended", WRITE | APPEND, ((0, b"efgh"),), b"abcd"),
)


@promise("bytes that do not come in order, or not all, have none: resumed, "
         "appended, overwritten")
def _():
    for what, flags, pieces, before in ORDERS:
        for folder in ("", "read/"):
            if before is not None:
                server.put(folder + "x", before)
            with Raw(server, 3) as raw:
                handle = opened(raw, folder + "x", flags)
                for at, data in pieces:
                    write(raw, handle, data, at)
                expect_same(close(raw, handle), OK, "CLOSE")
            wanted = sha256(server.get(folder + "x")) if folder else "-"
            expect_same(digests()[-1][1:], ("x", wanted), what + " " + folder)
            os.unlink(server.home(folder + "x"))


@promise("a handle for both: what is read does not count, what is written does")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "both", READ | WRITE | CREAT | TRUNC)
        write(raw, handle, b"abcd")
        expect_same(read(raw, handle, 2, 1), b"bc", "READ")
        write(raw, handle, b"efgh", 4)
        close(raw, handle)
    expect_same(digests(), [("STOR", "both", sha256(b"abcdefgh")),
                            ("RETR", "both", "-")], "digests")


@promise("appended to a new file, it is in order")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "log", WRITE | APPEND | CREAT)
        write(raw, handle, b"abcd")
        write(raw, handle, b"efgh")
        close(raw, handle)
    expect_same(digests(), [("APPE", "log", sha256(b"abcdefgh"))], "digests")


@promise("two handles for one file, a change of its size, a copy, or another "
         "process that writes: no digest")
def _():
    def second(raw, handle):
        other = opened(raw, "x", WRITE)
        write(raw, other, b"ABCD")
        close(raw, other)

    def resized(raw, handle):
        expect_same(raw.status(9, string(b"x") + num(SIZE) + quad(0)), OK,
                    "SETSTAT")

    def shortened(raw, handle):
        expect_same(raw.status(10, string(handle) + num(SIZE) + quad(1)), OK,
                    "FSETSTAT")

    def copied(raw, handle):
        source = opened(raw, "from", READ)
        expect_same(raw.status(200, string(b"copy-data") + string(source) +
                               quad(0) + quad(4) + string(handle) + quad(0)),
                    OK, "copy-data")

    def others(raw, handle):
        with open(server.home("x"), "r+b") as file:
            file.write(b"ABCD")

    server.put("from", b"ABCD")
    for change in (second, resized, shortened, copied, others):
        with Raw(server, 3) as raw:
            handle = opened(raw, "x")
            write(raw, handle, b"abcd")
            change(raw, handle)
            write(raw, handle, b"efgh", 4)
            expect_same(close(raw, handle), OK, "CLOSE")
        expect_same([digest for _, name, digest in digests()
                     if name == "x" and digest != "-"], [], change.__name__)


@promise("a size that is set before the bytes come, and the times and the mode, "
         "of the handle or the path, change nothing")
def _():
    with Raw(server, 3) as raw:
        handle = opened(raw, "x")
        expect_same(raw.status(10, string(handle) + num(SIZE) + quad(8)), OK,
                    "FSETSTAT")
        write(raw, handle, b"abcd")
        expect_same(raw.status(10, string(handle) + num(8) + num(1000) +
                               num(1000)), OK, "FSETSTAT")
        expect_same(raw.status(9, string(b"x") + num(12) + num(0o600) +
                               num(1000) + num(1000)), OK, "SETSTAT")
        write(raw, handle, b"efgh", 4)
        expect_same(raw.status(10, string(handle) + num(8) + num(1000) +
                               num(1000)), OK, "FSETSTAT")
        close(raw, handle)
    expect_same(digests(), [("STOR", "x", sha256(b"abcdefgh"))], "digests")


@promise("an aborted upload has none, nor one that a check refused")
def _():
    with Raw(server, 3) as raw:
        write(raw, opened(raw, "gone"), b"abcd")
    with Raw(server, 3) as raw:
        for name, data in (("bad", b"bad\n"), ("fine", b"good\n")):
            handle = opened(raw, "checked/" + name)
            write(raw, handle, data)
            close(raw, handle)
        handle = opened(raw, "hidden/h")
        write(raw, handle, b"hidden")
        close(raw, handle)
    expect_same(digests(), [("STOR", "gone", "-"), ("STOR", "bad", "-"),
                            ("STOR", "fine", sha256(b"good\n")),
                            ("STOR", "h", sha256(b"hidden"))], "digests")


# ---- Downloads

@promise("a download of the whole file has the digest of its bytes, and one of "
         "a part has none")
def _():
    server.put("big", BIG)
    must(server.sftp("get big %s" % server.path("got")))
    must(server.scp("-O", "srv:big", server.path("got")))
    with open(server.path("got"), "r+b") as file:
        file.truncate(1000)
    must(server.sftp("reget big %s" % server.path("got")))
    with Raw(server, 3) as raw:
        handle = opened(raw, "big", READ)
        read(raw, handle, 32768)
        close(raw, handle)
        handle = opened(raw, "big", READ)
    expect_same(digests(), [("RETR", "big", sha256(BIG))] * 2 +
                [("RETR", "big", "-")] * 3, "digests")


@promise("where it is off, there is none")
def _():
    must(server.sftp("put %s none/x\nget none/x %s" % (
        server.local("x", b"x"), server.path("got"))))
    expect_same(digests(), [("STOR", "x", "-"), ("RETR", "x", "-")],
                "digests")


# ---- Receipts

def has_attributes():
    path = receipts.put("probe")
    try:
        os.setxattr(path, "user.probe", b"1")
    except OSError as why:
        skip("no extended attributes here: %s" % why)


def receipt(name):
    """Its text, or None."""
    try:
        return os.getxattr(receipts.home(name), NAME).decode()
    except OSError:
        return None


def uploaded(name, data=LARGE):
    """An upload whose time is long ago, so that its receipt counts at once."""
    path = receipts.local("old", data)
    os.utime(path, (1000, 1000))
    must(receipts.sftp("put -p %s %s" % (path, receipts.home(name))))
    return receipts.home(name)


def asked(path, user=None, names=b"sha256"):
    """What check-file-name and sha256sum answer: the digest, or None."""
    if user:
        receipts.user = user
    try:
        with Raw(receipts, 3) as raw:
            kind, left = raw.ask(200, string(b"check-file-name") +
                                 string(path.encode()) + string(names) +
                                 quad(0) + quad(0) + num(0))
            by_name = raw.cut(left)[1].hex() if kind == EXTENDED_REPLY \
                else None
            kind, left = raw.ask(3, string(path.encode()) + num(READ) + num(0))
            handle = raw.cut(left)[0]
            kind, left = raw.ask(200, string(b"check-file-handle") +
                                 string(handle) + string(names) +
                                 quad(0) + quad(0) + num(0))
            by_handle = raw.cut(left)[1].hex() if kind == EXTENDED_REPLY \
                else None
        if names != b"sha256":
            return by_name
        out = receipts.ssh("-T", "srv", "sha256sum '%s'"
                           % path).stdout.decode()
        by_command = out.split()[0] if out else None
    finally:
        receipts.user = "alice"
    expect_same((by_handle, by_command), (by_name, by_name), "three ways")
    return by_name


@promise("an upload has a receipt in an attribute, with size and time; "
         "check-file and sha256sum answer from it and do not read the file")
def _():
    has_attributes()
    path = uploaded("fail-read")
    st = os.stat(path)
    expect(re.fullmatch(r"sha256=%s size=16777219 mtime=1000\.000000000 "
                        r"inode=%d stored=\d+\.\d{9} mac=[0-9a-f]{32}"
                        % (sha256(LARGE), st.st_ino),
                        receipt("fail-read")), receipt("fail-read"))
    expect_same(asked(path), sha256(LARGE), "digest")
    with paramiko_sftp(receipts) as sftp:
        with sftp.open(path) as file:
            expect_same(file.check("sha256").hex(), sha256(LARGE),
                        "paramiko's check")
    expect_same(asked(path, names=b"md5"), None, "md5: it is read")
    for part in ((1, 0, 0), (0, len(LARGE) - 1, 0), (0, 0, 1 << 20)):
        with Raw(receipts, 3) as raw:
            expect_same(raw.status(200, string(b"check-file-name") +
                                   string(path.encode()) + string(b"sha256") +
                                   quad(part[0]) + quad(part[1]) +
                                   num(part[2])), 4, "a part is read")


@promise("by SCP, under HiddenStores and SFTPUploadCheck as well: the file that "
         "got its name has it")
def _():
    has_attributes()
    path = receipts.local("old", LARGE)
    os.utime(path, (1000, 1000))
    must(receipts.scp("-O", "-p", path, "srv:" + receipts.home("fail-read")))
    expect_same(asked(receipts.home("fail-read")), sha256(LARGE), "SCP")
    for folder in ("checked", "hidden"):
        path = uploaded(folder + "/fail-read")
        expect_same(asked(path), sha256(LARGE), folder)


@promise("a large upload has one that counts, without setting its time")
def _():
    has_attributes()
    must(receipts.sftp("put %s %s" % (receipts.local("large", LARGE),
                                      receipts.home("fail-read"))))
    expect_same(asked(receipts.home("fail-read")), sha256(LARGE), "digest")


@promise("a small upload has one, too")
def _():
    has_attributes()
    must(receipts.sftp("put %s %s" % (receipts.local("small", b"small"),
                                      receipts.home("small"))))
    expect(receipt("small").startswith("sha256=%s size=5 " % sha256(b"small")),
           receipt("small"))
    expect_same(asked(receipts.home("small")), sha256(b"small"), "digest")


def aged(raw, name, handle=None):
    """Sets the times to the same as always."""
    what = string(handle) if handle else string(name.encode())
    expect_same(raw.status(10 if handle else 9, what + num(8) + num(1000) +
                           num(1000)), OK, "times")


@promise("of a file that two sessions write, or one in two ways, no digest is "
         "wrong, whatever they do to its times")
def _():
    has_attributes()
    path = receipts.home("y")

    def comes_later(raw, handle, other):
        aged(raw, path, handle)
        evil = opened(other, path, WRITE)
        write(other, evil, b"EVIL")
        close(other, evil)
        aged(other, path)

    def stays(raw, handle, other):
        aged(raw, path, handle)
        evil = opened(other, path, WRITE)
        write(other, evil, b"EVIL")
        aged(other, path)

    def sets_sizes(raw, handle, other):
        evil = opened(other, path, WRITE)
        write(other, evil, b"EVIL")
        close(other, evil)
        for size in (9, 8):
            expect_same(raw.status(10, string(handle) + num(SIZE) +
                                   quad(size)), OK, "size")

    def by_another_name(raw, handle, other):
        aged(raw, path, handle)
        os.link(path, path + "2")
        source = opened(raw, receipts.home("evil"), READ)
        target = opened(raw, path + "2", WRITE)
        expect_same(raw.status(200, string(b"copy-data") + string(source) +
                               quad(0) + quad(4) + string(target) + quad(0)),
                    OK, "copy-data")
        close(raw, target)
        aged(raw, path + "2")

    def cuts(raw, handle, other):
        aged(raw, path, handle)
        for size in (0, 8):
            expect_same(other.status(9, string(path.encode()) + num(SIZE) +
                                     quad(size)), OK, "size")
        aged(other, path)

    def copies(raw, handle, other):
        aged(raw, path, handle)
        source = opened(other, receipts.home("evil"), READ)
        target = opened(other, path, WRITE)
        expect_same(other.status(200, string(b"copy-data") + string(source) +
                                 quad(0) + quad(4) + string(target) + quad(0)),
                    OK, "copy-data")
        aged(other, path)

    def opens_anew(raw, handle, other):
        aged(raw, path, handle)
        opened(other, path)
        os.truncate(path, 8)
        aged(other, path)

    def comes_by_ftp(raw, handle, other):
        aged(raw, path, handle)
        client = receipts.ftp()
        client.storbinary("STOR " + path, io.BytesIO(b"EVIL"), rest=4)
        client.quit()
        aged(other, path)

    def is_a_program(raw, handle, other):
        aged(raw, path, handle)
        before = os.stat(path).st_ctime_ns
        wait_for(lambda: written_and_timed(path) or
                 os.stat(path).st_ctime_ns != before, "the clock's next tick")

    receipts.put("evil", b"EVIL")
    digests(receipts)
    for change in (comes_later, stays, sets_sizes, by_another_name, cuts,
                   copies, opens_anew, comes_by_ftp, is_a_program):
        for name in ("y", "y2"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(receipts.home(name))
        with Raw(receipts, 3) as raw, Raw(receipts, 3) as other:
            handle = opened(raw, path)
            write(raw, handle, b"abcdefgh")
            change(raw, handle, other)
            expect_same(close(raw, handle), OK, "CLOSE")
            found = asked(path)
        real = sha256(receipts.get("y"))
        expect_same(found, real, change.__name__)
        expect_same([digest for _, name, digest in digests(receipts)
                     if name.endswith("/y") and digest not in ("-", real)],
                    [], change.__name__)


@promise("a file without room for a mark has no digest: others might write it")
def _():
    path = receipts.put("fail-attr", b"")
    with Raw(receipts, 3) as raw, Raw(receipts, 3) as other:
        handle = opened(raw, path)
        write(raw, handle, b"abcdefgh")
        aged(raw, path, handle)
        evil = opened(other, path, WRITE)
        write(other, evil, b"EVIL")
        close(other, evil)
        aged(other, path)
        expect_same(close(raw, handle), OK, "CLOSE")
    expect_same([digest for _, name, digest in digests(receipts)[-2:]],
                ["-", "-"], "digests")


@promise("who began before another one, and still writes, is noticed, too")
def _():
    has_attributes()
    path = receipts.put("y", b"12345678")
    with Raw(receipts, 3) as raw, Raw(receipts, 3) as other:
        evil = opened(other, path, WRITE)
        write(other, evil, b"....")
        handle = opened(raw, path)
        write(raw, handle, b"abcdefgh")
        aged(raw, path, handle)
        write(other, evil, b"EVIL")
        aged(other, path)
        close(raw, handle)
        expect_same(asked(path), sha256(b"EVILefgh"), "digest")
        close(other, evil)
        expect_same(asked(path), sha256(b"EVILefgh"), "digest")


@promise("renames, modes and times that the client sets keep the receipt")
def _():
    has_attributes()
    path = uploaded("fail-read")
    with Raw(receipts, 3) as raw:
        for kind, body in ((18, string((path + "2").encode())),
                           (9, num(4) + num(0o600)),
                           (9, num(8) + num(2000) + num(2000))):
            expect_same(raw.status(kind, string(path.encode()) + body), OK,
                        "request %d" % kind)
            if kind == 18:
                path += "2"
            expect_same(asked(path), sha256(LARGE), "request %d" % kind)
    expect_same(os.stat(path).st_mtime, 2000, "time")


@promise("a change by others before a rename or a new time is not covered up")
def _():
    has_attributes()
    for body in ((18, string(receipts.home("moved").encode())),
                 (9, num(8) + num(1000) + num(1000))):
        path = uploaded("fail-read")
        written_and_timed(path)
        with Raw(receipts, 3) as raw:
            expect_same(raw.status(body[0], string(path.encode()) + body[1]),
                        OK, "request %d" % body[0])
        if body[0] == 18:
            os.rename(receipts.home("moved"), path)
        expect_same(asked(path), None, "request %d" % body[0])


def written(path):
    with open(path, "r+b") as file:
        file.write(b"X")


def written_and_timed(path):
    written(path)
    os.utime(path, (1000, 1000))


def timed(path):
    os.utime(path, (1001, 1001))


def longer(path):
    os.truncate(path, len(LARGE) + 1)
    os.utime(path, (1000, 1000))


def moved(path):
    data = open(path, "rb").read()
    text = os.getxattr(path, NAME)
    os.unlink(path)
    os.mkdir(path)                      # its inode is not free
    os.rmdir(path)
    with open(path + "2", "wb") as out:
        out.write(data)
    os.rename(path + "2", path)
    os.utime(path, (1000, 1000))
    os.setxattr(path, NAME, text)


def by_ftp(path):
    client = receipts.ftp()
    client.storbinary("STOR " + path, io.BytesIO(LARGE[::-1]))
    client.quit()


def by_sftp(path):
    with Raw(receipts, 3) as raw:
        handle = opened(raw, path, WRITE)
        write(raw, handle, b"X")
        close(raw, handle)
        expect_same(raw.status(9, string(path.encode()) + num(8) + num(1000) +
                               num(1000)), OK, "SETSTAT")


def copied(path):
    receipts.put("source", LARGE[::-1])
    with Raw(receipts, 3) as raw:
        expect_same(raw.status(200, string(b"copy-file") +
                               string(receipts.home("source").encode()) +
                               string(path.encode()) + b"\1"), OK, "copy-file")


@promise("a file that was changed in another way is read: by a program, by FTP, "
         "by SFTP, by a copy; even if its time is restored")
def _():
    has_attributes()
    for change in (written, written_and_timed, timed, longer, moved, by_ftp,
                   by_sftp, copied):
        path = uploaded("fail-read")
        expect(receipt("fail-read"), "no receipt")
        expect_same(asked(path), sha256(LARGE), change.__name__)
        change(path)
        expect_same(asked(path), None, change.__name__)
        os.rename(path, receipts.home("readable"))
        expect_same(asked(receipts.home("readable")),
                    sha256(receipts.get("readable")), change.__name__)


@promise("a receipt that somebody wrote, or another user's, is not believed")
def _():
    has_attributes()
    path = uploaded("fail-read")
    expect_same(asked(path, user="bob"), None, "bob")
    text = receipt("fail-read")
    expect_same(asked(path), sha256(LARGE), "alice")
    os.removexattr(path, NAME)
    os.setxattr(path, NAME, text.encode())
    expect_same(asked(path), None, "the same text, stored again")
    path = uploaded("fail-read")
    text = receipt("fail-read")
    for forged in (text.replace(sha256(LARGE), sha256(b"lie")),
                   re.sub("mac=.*", "mac=" + 32 * "0", text),
                   text[:-1], text + "0", "", "sha256=" + sha256(b"lie"),
                   300 * "x", 5000 * "x"):
        if len(forged) < 4000:
            os.setxattr(path, NAME, forged.encode())
        expect_same(asked(path), None, forged[:40])


@promise("clients neither see receipts nor set or remove them")
def _():
    has_attributes()
    path = uploaded("fail-read").encode()
    os.setxattr(path, "user.mine", b"1")
    before = receipt("fail-read")
    name = string(NAME.encode())
    upper = string(NAME.upper().replace("USER.", "user.").encode())
    with Raw(receipts, 3) as raw:
        handle = opened(raw, path.decode(), READ | WRITE)
        for ext, who in ((b"", path), (b"f", handle)):
            ext, who = string(ext + b"%sxattr@proftpd.org"), string(who)

            def request(what):
                word = (ext[4:] % what)
                return string(word) + who

            expect_same(raw.status(200, request(b"get") + name + num(1000)),
                        2, "get")
            kind, left = raw.ask(200, request(b"list") + num(1000))
            expect_same((kind, left), (EXTENDED_REPLY, num(1) +
                                       string(b"user.mine")), "list")
            for one in (name, upper):
                expect_same(raw.status(200, request(b"set") + one +
                                       string(b"lie") + num(0)), 3, "set")
                expect_same(raw.status(200, request(b"remove") + one), 3,
                            "remove")
    expect_same(receipt("fail-read"), before, "the receipt")


@promise("no attribute fails an upload: no room, no attributes, a file that "
         "may not be written")
def _():
    for name in ("fail-attr", "fail-noattr"):
        uploaded(name)
        expect_same(receipt(name), None, name)
    path = receipts.local("locked", b"x")
    os.chmod(path, 0o444)
    must(receipts.sftp("put -p %s %s" % (path, receipts.home("locked"))))
    expect_same(receipts.get("locked"), b"x", "content")
    expect_same([digest for _, _, digest in digests(receipts)[-3:]],
                ["-", sha256(LARGE), sha256(b"x")], "digests")


@promise("where it is off there is no receipt, and none counts")
def _():
    has_attributes()
    uploaded("none/x")
    expect_same(receipt("none/x"), None, "receipt")
    path = uploaded("fail-read")
    os.link(path, receipts.home("none/fail-read"))
    must(receipts.sftp("get %s %s" % (uploaded("y"), receipts.path("got"))))
    expect_same(asked(receipts.home("none/fail-read")), None, "digest")


@promise("a copy over a file with a receipt replaces it, and leaves it as it was "
         "if it fails")
def _():
    has_attributes()
    path = uploaded("target")
    receipts.put("source", b"source")
    before = os.stat(path).st_ino
    with Raw(receipts, 3) as raw:
        expect_same(raw.status(200, string(b"copy-file") +
                               string(receipts.home("source").encode()) +
                               string(path.encode()) + b"\1"), OK, "copy-file")
    expect(os.stat(path).st_ino != before, "written in place")


main(server, receipts)
