#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTP extensions against the real daemon and its rules."""

import hashlib
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import GID, UID, Server
from clients import paramiko_sftp, paramiko_transport

srv = Server("""
SFTPExtensions +xattr
<Directory @DIR@/home/alice/closed>
  <Limit SITE_DIGEST SITE_COPY STAT SETSTAT>
    DenyAll
  </Limit>
</Directory>
PathDenyFilter "\\.exe$"
ExtendedLog @DIR@/ext.log ALL exts
LogFormat exts "%m %J %s"
""")
off = Server("SFTPExtensions -checkFile -copyFile -copyData -spaceAvailable\n")
limited = Server("MaxStoreFileSize 10 Kb\n")
strict = Server("AllowOverwrite off\nMaxStoreFileSize 10 Kb\n", drop=("AllowOverwrite",))

DATA = os.urandom(3000001)


def ask(sftp, name, *fields):
    """An extended request: paramiko's Message of the answer."""
    from paramiko.sftp import CMD_EXTENDED, CMD_EXTENDED_REPLY
    kind, msg = sftp._request(CMD_EXTENDED, name, *fields)
    return msg if kind == CMD_EXTENDED_REPLY else None


def refused(sftp, name, *fields):
    """The text of the refusal."""
    try:
        ask(sftp, name, *fields)
    except IOError as why:
        return str(why)
    return None


def raw(data):
    """A field as its bytes; paramiko packs attributes by themselves."""
    import paramiko

    class Raw(paramiko.SFTPAttributes):
        def _pack(self, msg):
            msg.add_bytes(data)
    return Raw()


def int64(n):
    return raw(n.to_bytes(8, "big"))


NO, YES = b"\0", b"\1"


def digest(sftp, path, kind, offset=0, length=0, block=0):
    msg = ask(sftp, "check-file-name", path, kind, int64(offset),
              int64(length), block)
    name = msg.get_text()
    return name, msg.get_remainder()


@promise("check-file-name: every checksum, ranges, blocks")
def _():
    srv.put("f", DATA)
    with paramiko_sftp(srv) as sftp:
        for kind in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            expect_same(digest(sftp, "f", kind),
                        (kind, hashlib.new(kind, DATA).digest()), kind)
        expect_same(digest(sftp, "f", "none,crc32,md5"),
                    ("crc32", zlib.crc32(DATA).to_bytes(4, "big")), "crc32")
        expect_same(digest(sftp, "f", "sha1", 1000001, 999),
                    ("sha1", hashlib.sha1(DATA[1000001:1001000]).digest()),
                    "a range")
        want = b"".join(hashlib.md5(DATA[at:at + 65536]).digest()
                        for at in range(0, len(DATA), 65536))
        expect_same(digest(sftp, "f", "md5", 0, 0, 65536), ("md5", want),
                    "blocks")


@promise("paramiko's check() of an open file")
def _():
    srv.put("f", DATA)
    with paramiko_sftp(srv) as sftp, sftp.open("f") as file:
        expect_same(file.check("sha1"), hashlib.sha1(DATA).digest(), "sha1")
        expect_same(file.check("md5", 0, 4096, 1024), b"".join(
            hashlib.md5(DATA[at:at + 1024]).digest()
            for at in range(0, 4096, 1024)), "md5 of blocks")


@promise("md5-hash by name, and its reply to a wrong beginning")
def _():
    srv.put("f", DATA)
    quick = hashlib.md5(DATA[:2048]).digest()
    with paramiko_sftp(srv) as sftp:
        for given, want in ((b"", hashlib.md5(DATA).digest()),
                            (quick, hashlib.md5(DATA).digest()),
                            (quick[::-1], b"")):
            msg = ask(sftp, "md5-hash", "f", int64(0), int64(0), given)
            expect_same(msg.get_text(), "md5-hash", "name")
            expect_same(msg.get_binary(), want, "sum")


@promise("while one channel computes the checksum of a large file, another "
         "is served")
def _():
    path = srv.put("sparse", b"")
    os.truncate(path, 6 << 30)
    with paramiko_transport(srv) as transport:
        import paramiko
        from paramiko.sftp import CMD_EXTENDED
        slow = paramiko.SFTPClient.from_transport(transport)
        quick = paramiko.SFTPClient.from_transport(transport)
        slow._async_request(type(None), CMD_EXTENDED, "check-file-name",
                            "sparse", "sha512", int64(0), int64(0), 0)
        for _ in range(20):
            expect_same(quick.stat("sparse").st_size, 6 << 30, "size")
        expect(not slow.sock.recv_ready(), "6 GiB took no time at all")


@promise("copy-file: a new file, overwriting, the TransferLog")
def _():
    srv.put("f", DATA, 0o640)
    with paramiko_sftp(srv) as sftp:
        ask(sftp, "copy-file", "f", "made", raw(NO))
        expect(srv.get("made") == DATA, "the copy differs")
        expect_same(os.stat(srv.home("made")).st_mode & 0o777, 0o640, "mode")
        srv.put("small", b"small")
        expect("exists" in refused(sftp, "copy-file", "small", "made",
                                   raw(NO)), "what is there was overwritten")
        ask(sftp, "copy-file", "small", "made", raw(YES))
        expect_same(srv.get("made"), b"small", "the new content")
        expect("made b _ i r alice" in srv.log("transfer.log"),
               srv.log("transfer.log"))
        expect(refused(sftp, "copy-file", "f", "f", raw(YES)), "onto itself")
        expect(srv.get("f") == DATA, "... and it is gone")


@promise("copy-file over an existing file keeps mode, other names and "
         "attributes")
def _():
    srv.put("new", b"new")
    for name in ("plain", "linked"):
        srv.put(name, b"old content")
        os.chmod(srv.home(name), 0o600)
    os.link(srv.home("linked"), srv.home("other"))
    with open(srv.home("plain"), "rb") as reader, paramiko_sftp(srv) as sftp:
        ask(sftp, "copy-file", "new", "plain", raw(YES))
        expect_same(reader.read(), b"old content", "what a reader sees")
        ask(sftp, "copy-file", "new", "linked", raw(YES))
        os.chmod(srv.home("plain"), 0o400)
        expect(refused(sftp, "copy-file", "new", "plain", raw(YES)),
               "what may not be written was replaced")
        os.chmod(srv.home("plain"), 0o600)
        os.chown(srv.home(), 0, 0)
        ask(sftp, "copy-file", "f", "plain", raw(YES))
        os.chown(srv.home(), UID, GID)
    expect(srv.get("plain") == DATA, "in a directory that is not the user's")
    expect_same(srv.get("other"), b"new", "its other name")
    for name in ("plain", "linked"):
        expect_same(os.stat(srv.home(name)).st_mode & 0o777, 0o600, "mode")
    expect(not [name for name in os.listdir(srv.home()) if "copy" in name],
           "something was left")


@promise("copy-data between handles; a source that ends early is EOF")
def _():
    srv.put("f", DATA)
    with paramiko_sftp(srv) as sftp:
        with sftp.open("f") as one, sftp.open("g", "w") as two:
            ask(sftp, "copy-data", one.handle, int64(1), int64(2000000),
                two.handle, int64(0))
            try:
                ask(sftp, "copy-data", one.handle, int64(3000000), int64(100),
                    two.handle, int64(2000000))
            except EOFError:
                pass
            else:
                expect(False, "copy-data beyond the end succeeded")
            srv.wait_log("ext.log", "COPY .*550")
        expect(srv.get("g") == DATA[1:2000001] + DATA[3000000:], "the copy")


@promise("rules apply: <Limit>, filters, AllowOverwrite")
def _():
    srv.put("f", DATA)
    srv.put("old.exe", b"x")
    srv.put("closed/f", b"x")
    with paramiko_sftp(srv) as sftp:
        for why, args in (
                ("SITE_DIGEST", ("check-file-name", "closed/f", "md5",
                                 int64(0), int64(0), 0)),
                ("SITE_DIGEST", ("md5-hash", "closed/f", int64(0), int64(0),
                                 b"")),
                ("SITE_COPY", ("copy-file", "closed/f", "out", raw(NO))),
                ("SITE_COPY", ("copy-file", "f", "closed/in", raw(NO))),
                ("PathDenyFilter", ("copy-file", "f", "f.exe", raw(NO))),
                ("STAT", ("getxattr@proftpd.org", "closed/f", "user.a", 10)),
                ("SETSTAT", ("setxattr@proftpd.org", "closed/f", "user.a",
                             b"1", 0)),
                ("PathDenyFilter", ("setxattr@proftpd.org", "old.exe",
                                    "user.a", b"1", 0)),
                ("PathDenyFilter", ("removexattr@proftpd.org", "old.exe",
                                    "user.a"))):
            text = refused(sftp, *args)
            expect(text and why in text, "%r said %r" % (args, text))
        expect(not os.path.exists(srv.home("out")), "out was made")
    expect_same(os.listdir(srv.home("closed")), ["f"], "the closed directory")
    strict.put("a", b"a")
    strict.put("b", b"b")
    with paramiko_sftp(strict) as sftp:
        text = refused(sftp, "copy-file", "a", "b", raw(YES))
        expect(text and "AllowOverwrite" in text, text)
    expect_same(strict.get("b"), b"b", "b")


@promise("a copy that fails leaves nothing: no source, MaxStoreFileSize")
def _():
    strict.put("large", b"x" * 100000)
    with paramiko_sftp(strict) as sftp:
        expect("No such file" in refused(sftp, "copy-file", "none", "x",
                                         raw(NO)), "a copy of nothing")
        expect(refused(sftp, "copy-file", "large", "x", raw(NO)),
               "a copy beyond MaxStoreFileSize")
    expect(not os.path.exists(strict.home("x")), "x was made")
    limited.put("large", b"x" * 100000)
    limited.put("old", b"old content")
    with paramiko_sftp(limited) as sftp:
        expect(refused(sftp, "copy-file", "large", "old", raw(YES)),
               "a copy beyond MaxStoreFileSize")
    expect_same(limited.get("old"), b"old content", "what was there")
    expect_same(sorted(os.listdir(limited.home())), ["large", "old"], "files")


@promise("space-available agrees with the file system")
def _():
    with paramiko_sftp(srv) as sftp:
        msg = ask(sftp, "space-available", "/")
        stat = os.statvfs(srv.home())
        expect_same(msg.get_int64(), stat.f_blocks * stat.f_frsize, "total")
        msg.get_int64(), msg.get_int64(), msg.get_int64()
        expect_same(msg.get_int(), stat.f_frsize, "unit")


@promise("vendor-id is accepted and logged")
def _():
    with paramiko_sftp(srv) as sftp:
        ask(sftp, "vendor-id", "Some vendor", "Some\x01product", "1.2",
            int64(3))
    expect("'Some\\x01product' of 'Some vendor'" in srv.log("sftp.log"),
           "not in the log")


@promise("extended attributes: set, get, list, remove; with SETSTAT")
def _():
    path = srv.put("x", b"x")
    try:
        os.setxattr(path, "user.probe", b"1")
    except OSError as why:
        skip("no extended attributes here: %s" % why)
    with paramiko_sftp(srv) as sftp:
        ask(sftp, "setxattr@proftpd.org", "x", "user.a", b"\0\1value", 1)
        expect_same(os.getxattr(path, "user.a"), b"\0\1value", "value")
        msg = ask(sftp, "getxattr@proftpd.org", "x", "user.a", 100)
        expect_same(msg.get_binary(), b"\0\1value", "value read")
        msg = ask(sftp, "listxattr@proftpd.org", "x", 1000)
        names = sorted(msg.get_text() for _ in range(msg.get_int()))
        expect_same(names, ["user.a", "user.probe"], "names")
        with sftp.open("x", "r+") as file:
            ask(sftp, "fsetxattr@proftpd.org", file.handle, "user.b", b"2", 0)
            ask(sftp, "fremovexattr@proftpd.org", file.handle, "user.a")
        expect_same(sorted(os.listxattr(path)), ["user.b", "user.probe"],
                    "names in the end")
        expect(refused(sftp, "getxattr@proftpd.org", "x", "user.a", 100),
               "a removed attribute was read")
        import paramiko
        attr = paramiko.SFTPAttributes()
        attr._flags = attr.FLAG_EXTENDED
        attr.attr = {b"user.c": b"3"}
        from paramiko.sftp import CMD_SETSTAT
        sftp._request(CMD_SETSTAT, "x", attr)
        expect_same(os.getxattr(path, "user.c"), b"3", "with SETSTAT")


@promise("SFTPExtensions switches each of them off")
def _():
    off.put("f", b"x")
    with paramiko_sftp(off) as sftp:
        for args in (("check-file-name", "f", "md5", int64(0), int64(0), 0),
                     ("md5-hash", "f", int64(0), int64(0), b""),
                     ("copy-file", "f", "g", raw(NO)), ("space-available", "f"),
                     ("listxattr@proftpd.org", "f", 100),
                     ("nobody@knows.this",)):
            text = refused(sftp, *args)
            expect(text and "nsupported" in text, "%r said %r" % (args, text))


main(srv, off, limited, strict)
