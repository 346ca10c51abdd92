#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko

"""SFTPTransferRecord: who did what, in a chain that is signed."""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import paramiko

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import fingerprint, logs_in, paramiko_sftp
from ftphost import FtpServer, ftp_says
from rawsftp import Raw, num, quad, string
from recorded import TOOL, Recorded, usage, verify, whole, wrong
from server import ASAN, GID, PATIENCE, PRELOAD, PROFTPD, SOURCE, UID, Server
from server import has_module, keygen, must, run, wait_for

RULES = """
<Directory ~/shut>
  <Limit WRITE DIRS>
    DenyAll
  </Limit>
</Directory>
"""

srv = Recorded("records 25", "SFTPTransferDigest sha256\n" + RULES, users=("alice", "bob"))
with open(srv.path("id_ed25519.pub"), "wb") as file:
    file.write(must(run(["ssh-keygen", "-y", "-f", srv.key])).stdout)


def path_of(one, name="path"):
    """The bytes of a path below the home, as the manual says."""
    data = one[name].encode("utf-8", "surrogateescape")
    home = srv.home().encode()
    expect(data.startswith(home), one)
    return data[len(home):]


def surrogates(line):
    return json.loads(line)


def preload(server, name, variable, path):
    must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra", "-Werror",
              "-D_GNU_SOURCE", "-o", server.path(name + ".so"),
              os.path.join(SOURCE, "t/companion", name + ".c")]))
    os.chmod(server.path(name + ".so"), 0o755)
    server.env.update({"LD_PRELOAD": server.path(name + ".so"),
                       variable: path})


# ---- What is recorded

@promise("each change, transfer, login and refusal has a record, with who, "
         "from where, by which key")
def _():
    srv.put("down", b"d" * 1000)
    srv.put("old", b"12345")
    srv.mkdir("shut")
    must(srv.sftp("get down %s\nput %s up\nchmod 640 up\nrename up new\n"
                  "ln -s new sym\nln new hard\nrm old\nmkdir dir\nrmdir dir\n"
                  "-mkdir shut/no\n-put %s shut/up" % (
                      srv.local("x"), srv.local("u", b"u" * 700),
                      srv.local("u"))))
    srv.no_sessions()
    end = srv.wait_record("logout", end="ok")
    mine = srv.records(session=end["session"])
    expect_same([(one["what"], one["end"]) for one in mine],
                [("login", "ok"), ("download", "ok"), ("upload", "ok"),
                 ("attributes", "ok"), ("rename", "ok"), ("symlink", "ok"),
                 ("link", "ok"), ("remove", "ok"), ("mkdir", "ok"),
                 ("rmdir", "ok"), ("mkdir", "refused"),
                 ("upload", "refused"), ("logout", "ok")], "records")
    for one in mine:
        expect_same((one["from"], one["user"], one["method"], one["key"],
                     one["server"]),
                    ("127.0.0.1", "alice", "publickey",
                     fingerprint(srv, "id_ed25519.pub"),
                     "127.0.0.1:%d" % srv.port), "who")
        expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
                        one["time"]), one)
    down, up, mode, name, sym, hard, gone = mine[1:8]
    expect_same((path_of(down), down["direction"], down["bytes"],
                 down["offset"], down["protocol"]),
                (b"down", "out", 1000, 0, "sftp"), "download")
    expect_same((path_of(up), up["direction"], up["bytes"]),
                (b"up", "in", 700), "upload")
    expect_same(up["sha256"], hashlib.sha256(b"u" * 700).hexdigest(),
                "digest")
    expect_same((path_of(mode), mode["mode"]), (b"up", "0640"), "mode")
    expect_same((path_of(name), path_of(name, "to")), (b"up", b"new"),
                "rename")
    expect_same((path_of(sym), sym["to"]), (b"sym", "new"), "symlink")
    expect_same((path_of(hard), path_of(hard, "to")), (b"new", b"hard"),
                "link")
    expect_same((path_of(gone), gone["bytes"]), (b"old", 5), "remove")
    expect("<Limit" in mine[10]["why"] and path_of(mine[10]) == b"shut/no",
           mine[10])
    whole(srv)


@promise("a login that fails has a record, and which method, and why")
def _():
    expect(not logs_in(srv, "bob", "wrong"), "logged in")
    one = srv.wait_record("login", end="failed")
    expect_same((one["user"], one["method"], one["from"]),
                ("bob", "password", "127.0.0.1"), "who")
    expect(one["why"], one)
    expect(logs_in(srv, "bob", srv.password), "not logged in")
    expect_same(srv.wait_record("login", end="ok", user="bob")["method"],
                "password", "method")


@promise("the key of a login with two methods stays known after a wrong password")
def _():
    two = Recorded(text="SFTPAuthMethods publickey+password\n")
    two.start()
    with open(two.path("id.pub"), "wb") as out:
        out.write(must(run(["ssh-keygen", "-y", "-f", two.key])).stdout)
    key = fingerprint(two, "id.pub")
    client = paramiko.Transport(("127.0.0.1", two.port))
    try:
        client.start_client(timeout=PATIENCE)
        expect_same(client.auth_publickey(
            two.user, paramiko.Ed25519Key.from_private_key_file(two.key)),
            ["password"], "what remains")
        try:
            client.auth_password(two.user, "wrong")
            expect(False, "logged in")
        except paramiko.AuthenticationException:
            pass
        client.auth_password(two.user, two.password)
    finally:
        client.close()
    two.settled()
    expect_same([(one["what"], one["end"], one["method"], one.get("key"))
                 for one in two.records() if one["what"].startswith("log")],
                [("login", "partial", "publickey", key),
                 ("login", "failed", "password", None),
                 ("login", "ok", "publickey+password", key),
                 ("logout", "ok", "publickey+password", key)], "records")


@promise("a certificate is recorded by its key, its authority, serial and name")
def _():
    cert = Recorded(text="SFTPTrustedUserCAKeys @DIR@/ca.pub\n")
    keygen(cert.path("ca"), "-t", "ed25519")
    own = keygen(cert.path("own"), "-t", "ed25519")
    must(run(["ssh-keygen", "-q", "-s", cert.path("ca"), "-I", "key of alice",
              "-n", "alice", "-z", "4711", own + ".pub"]))
    cert.start()
    must(cert.sftp("pwd", "-oIdentityFile=none", "-i", own))
    one = cert.wait_record("login")
    expect_same((one["key"], one["ca"], one["serial"], one["key_id"]),
                (fingerprint(cert, "own.pub"), fingerprint(cert, "ca.pub"),
                 4711, "key of alice"), "certificate")
    cert.settled()
    expect_same(cert.records("logout")[0]["serial"], 4711, "serial")
    whole(cert)


@promise("SCP's transfers, owners, parts of files and broken transfers, too")
def _():
    srv.put("part", b"p" * 5000)
    must(srv.scp("-O", srv.local("s", b"s" * 300), "srv:scp"))
    must(srv.scp("-O", "srv:scp", srv.local("back")))
    up, down = srv.wait_record("upload", protocol="scp"), srv.wait_record(
        "download", protocol="scp")
    expect_same((up["bytes"], down["bytes"]), (300, 300), "bytes")
    with paramiko_sftp(srv) as client:
        for call in (lambda: client.chown("part", 12345, GID),
                     lambda: client.open("none")):
            try:
                call()
            except OSError:
                pass
        with client.open("part", "rb") as file:
            file.seek(4000)
            expect_same(len(file.read(500)), 500, "read")
        broken = client.open("broken", "wb")
        broken.write(b"b" * 100)
        client.stat("part")
        broken.close = lambda *_: None
        client.get_channel().get_transport().close()
    expect_same(srv.wait_record("attributes", owner=12345)["end"], "failed",
                "owner")
    expect_same(srv.wait_record("download", end="failed")["why"],
                "No such file or directory", "why")
    expect_same(srv.wait_record("download", offset=4000)["bytes"], 500,
                "bytes of a part")
    end = srv.wait_record("upload", end="incomplete")
    expect_same((path_of(end), end["bytes"]), (b"broken", 100), "broken")
    expect(end["why"], end)


@promise("the mode that scp -p gives, and sizes, are recorded as attributes")
def _():
    source = srv.local("mode", b"m")
    os.chmod(source, 0o4755)
    srv.put("aged", b"12345", 0o600)
    srv.mkdir("in/tree", 0o700)
    tree = srv.local("tree/f", b"f")
    os.chmod(os.path.dirname(tree), 0o750)
    must(srv.scp("-O", "-p", source, "srv:aged"))
    must(srv.scp("-O", "-pr", os.path.dirname(tree), "srv:in"))
    with Raw(srv, 3) as raw:
        expect_same(raw.status(9, string(b"aged") + num(1) + quad(77)), 0,
                    "SETSTAT")
        handle = raw.open_with("aged", num(2))
        expect_same(raw.status(10, string(handle) + num(1) + quad(3)), 0,
                    "FSETSTAT")
    srv.no_sessions()
    srv.wait_record("attributes", size=3)
    found = [(path_of(one), one["protocol"], one.get("mode"), one.get("size"),
              one["end"]) for one in srv.records("attributes")]
    expect_same([one for one in found
                 if one[0] in (b"aged", b"in/tree")], [(b"aged", "scp", "4755", None, "ok"),
                        (b"in/tree", "scp", "0750", None, "ok"),
                        (b"aged", "sftp", None, 77, "ok"),
                        (b"aged", "sftp", None, 3, "ok")], "attributes")


@promise("each request has one object, however it fails, and the mode of what it "
         "has made")
def _():
    one = Recorded(text="MaxStoreFileSize 100 b\n<Directory ~/judged>\n"
                   "SFTPUploadCheck exec:/bin/false\n</Directory>\n")
    one.mkdir("judged")
    one.mkdir("dir")
    one.put("dir/from", b"from")
    small, big = one.local("small", b"s"), one.local("big", b"b" * 5000)
    tree = os.path.dirname(one.local("dir/from/in", b"in"))
    copied = {}

    def by_scp(*words):
        expect(one.scp("-O", *words).returncode != 0, words)

    def by_raw(number, *parts):
        with Raw(one, 3) as raw:
            return raw.ask(number, b"".join(parts))

    def copy_data():
        with Raw(one, 3) as raw:
            source = raw.open_with("dir/from", num(1))
            to = raw.open_with("to", num(0x1a))
            expect_same(raw.status(200, string(b"copy-data") + string(source)
                                   + quad(0) + quad(0) + string(to)
                                   + quad(0)), 0, "copy-data")
            copied.update(one.wait_record("copy"))

    def put_again():
        with Raw(one, 3) as raw:
            handle = raw.cut(raw.ask(3, string(b"again") + num(0x1a) + num(4)
                                     + num(0o640))[1])[0]
            expect_same(raw.status(10, string(handle) + num(4) + num(0o640)),
                        0, "the mode that it has")

    one.start()
    for call, wanted in (
            (lambda: by_scp(small, "srv:judged/x"), ("upload", "refused",
                                                     "0644")),
            (lambda: by_scp(big, "srv:big"), ("upload", "refused", "0644")),
            (lambda: by_scp("srv:dir", one.path("got")), ("download", "failed",
                                                          None)),
            (lambda: by_scp("-r", tree, "srv:dir"), ("mkdir", "failed", None)),
            (lambda: by_raw(3, string(b"set"), num(0x1a), num(4),
                            num(0o6777)), ("upload", "incomplete", "6755")),
            (lambda: by_raw(14, string(b"made"), num(4), num(0o1777)),
             ("mkdir", "ok", "1755")),
            (put_again, ("upload", "incomplete", "0640"))):
        count = len(one.records())
        call()
        one.no_sessions()
        wait_for(lambda count=count: any(r["what"] == "logout" for r in
                                         one.records()[count:]), "the end")
        expect_same([(r["what"], r["end"], r.get("mode")) for r in
                     one.records()[count:] if r["what"] not in
                     ("login", "logout", "signature")], [wanted], "objects")
    copy_data()
    expect_same((copied["path"], copied["to"]),
                (one.home("dir/from"), one.home("to")), "copy-data")
    whole(one)
    one.stop_clean()


@promise("a transfer's record tells when its path names nothing, or another "
         "file, by then")
def _():
    srv.put("kept", b"k")
    with Raw(srv, 3) as raw:
        for name, kind, body in (
                ("moved", 18, string(b"moved") + string(b"elsewhere")),
                ("gone", 13, string(b"gone")), ("kept", 17, string(b"kept"))):
            handle = raw.open_with(name, num(2 | 8))
            expect_same(raw.status(6, string(handle) + quad(0)
                                   + string(b"x")), 0, "WRITE")
            raw.ask(kind, body)
            if name == "moved":
                srv.put("moved", b"another")
            expect_same(raw.status(4, string(handle)), 0, "CLOSE")
    srv.no_sessions()
    srv.wait_record("upload", path=srv.home("kept"))
    expect_same([one.get("now") for name in ("moved", "gone", "kept")
                 for one in srv.records("upload", path=srv.home(name))[-1:]],
                ["another file", "nothing", None], "paths")


@promise("DeleteAbortedStores: the record of the upload tells that it is gone")
def _():
    one = Recorded(text="DeleteAbortedStores on\n")
    one.start()
    with Raw(one, 3) as raw:
        handle = raw.open_with("part", num(2 | 8 | 16))
        expect_same(raw.status(6, string(handle) + quad(0) + string(b"x")), 0,
                    "WRITE")
    end = one.wait_record("upload")
    expect_same((end["end"], end["now"], os.path.exists(one.home("part"))),
                ("incomplete", "nothing", False), "upload")
    one.settled()


@promise("a login that a limit of users refuses is recorded as refused, by SFTP "
         "and FTP")
def _():
    one = FtpServer("SFTPTransferRecord @DIR@/log\nMaxClientsPerUser 1\n",
                    "SFTPTransferRecord @DIR@/log\nMaxClientsPerUser 1\n")
    one.start()

    def told():
        with open(one.path("log")) as file:
            return [line for line in map(json.loads, file)
                    if line["what"] in ("login", "logout")]

    with paramiko_sftp(one):
        expect(one.sftp("pwd").returncode != 0, "logged in")
    client = one.ftp()
    expect(ftp_says(one.ftp), "logged in by FTP")
    client.quit()
    wait_for(lambda: len(told()) >= 6, "the records")
    one.stop_clean()
    expect_same(sorted((line["method"], line["what"], line["end"])
                       for line in told()),
                [(method, what, end) for method in ("password", "publickey")
                 for what, end in (("login", "ok"), ("login", "refused"),
                                   ("logout", "ok"))], "records")
    for line in told():
        expect(line["end"] == "ok" or line["what"] == "logout" or
               "MaxClientsPerUser" in line["why"] or
               "maximum number of clients" in line["why"], line)
        expect(line["user"] == "alice" and (line["method"] == "password" or
                                            "key" in line), line)


@promise("attempts with names that no user can have are recorded, without their "
         "control characters, and cut")
def _():
    for name in ("al\nice", "\x1b[31m", "a" * 5000):
        expect(not logs_in(srv, name, "x"), "logged in")
        one = srv.wait_record("login", user=name[:256])
        expect_same((one["end"], one.get("cut", False), one["from"]),
                    ("failed", len(name) > 256, "127.0.0.1"), "record")
        expect("control characters" in one["why"], one)


@promise("names of any bytes are told without loss, on one line of ASCII")
def _():
    names = [b"umlaut \xc3\xa4", b"latin \xe4", b"quote\"back\\slash",
             b"line\nbreak", b"\xf0\x9f\x98\x80", b"\xed\xb2\x80 surrogate",
             b"\xc0\xaf\xf5\xff", b"\x1b[31m\x7f\xc2\x9b", b"{\"what\":\"x\"}"]
    with paramiko_sftp(srv) as client:
        for name in names:
            client.mkdir(name)
    srv.no_sessions()
    wait_for(lambda: len(srv.records("mkdir")) >= len(names), "the records")
    found = [path_of(one) for one in srv.records("mkdir", end="ok")]
    expect_same(found[-len(names):], names, "names")
    for line in srv.lines():
        expect(line.endswith(b"\n") and len(line) < 65536 and
               all(32 <= byte < 127 for byte in line[:-1]), line)
    whole(srv)


@promise("a name that is too long for the system is cut, and said to be")
def _():
    with paramiko_sftp(srv) as client:
        try:
            client.remove("n" * 20000)
        except OSError:
            pass
    one = srv.wait_record("remove", end="failed")
    expect(one["cut"] and len(one["path"]) == 512, one)


@promise("of very many requests that fail, some records are left out, and "
         "counted; no record is longer than some KB")
def _():
    bad = string(b"\xff" * 5000) + string(b"\xfe" * 5000)
    with Raw(srv, 3) as raw:
        for _ in range(10):
            raw.ask_all([(18, bad)] * 300)
        expect_same(raw.status(14, string(b"counted") + num(0)), 0, "MKDIR")
    srv.no_sessions()
    last = srv.wait_record("mkdir", path=srv.home("counted"))
    mine = [one for one in srv.records(session=last["session"])
            if one["what"] == "rename"]
    left = sum(one.get("left_out", 0)
               for one in srv.records(session=last["session"]))
    expect_same(len(mine) + left, 3000, "records and those left out")
    expect(left > 0 and len(mine) >= 200, "%d records" % len(mine))
    expect(max(map(len, srv.lines())) < 12000, "a long line")


@promise("what a change that fails has done is recorded, after any number of "
         "failures")
def _():
    some = Recorded()
    for name in ("a", "b"):
        some.put(name, b"12345")
    some.start()
    with Raw(some, 3) as raw:
        for number in range(250):
            expect(raw.status(13, string(b"none%d" % number)) != 0, "removed")
        raw.status(9, string(b"a") + num(1 | 2) + quad(0) + num(0) + num(0))
        raw.status(9, string(b"b") + num(2 | 4) + num(0) + num(0)
                   + num(0o600))
        raw.status(9, string(b"b") + num(2) + num(0) + num(0))
    some.settled()
    expect_same(os.stat(some.home("a")).st_size, 0, "size")
    expect_same([(x["path"], x["end"], x["done"], x.get("size"), x.get("mode"))
                 for x in some.records("attributes")],
                [(some.home("a"), "failed", "size", 0, None),
                 (some.home("b"), "failed", "mode", None, "0600")], "records")


@promise("records of changes have the names of the extended attributes that were "
         "set or removed")
def _():
    one = Recorded(text="SFTPExtensions +xattr\n")
    one.put("f", b"x")
    try:
        os.setxattr(one.home("f"), "user.old", b"1")
    except OSError:
        skip("no extended attributes here")
    one.start()
    path = string(b"f")
    with Raw(one, 3) as raw:
        for name, rest, status in (
                (b"setxattr", string(b"user.\xe4 b") + string(b"v") + num(0), 0),
                (b"setxattr", string(b"user.none") + string(b"v") + num(2), 2),
                (b"removexattr", string(b"user.old"), 0),
                (b"removexattr", string(b"user.never"), 2)):
            expect_same(raw.status(200, string(name + b"@proftpd.org") + path
                                   + rest), status, (name, rest))
        handle = raw.open_with("f", num(2))
        expect_same(raw.status(200, string(b"fsetxattr@proftpd.org") + string(
            handle) + string(b"user.h") + string(b"") + num(0)), 0, "handle")
    one.settled()
    expect_same([(x.get("xattr"), x.get("xattr_removed"), x["end"])
                 for x in one.records("attributes")],
                [("user.\udce4 b", None, "ok"), ("user.none", None, "failed"),
                 (None, "user.old", "ok"), (None, "user.never", "failed"),
                 ("user.h", None, "ok")], "records")
    whole(one)


@promise("a change by the handle of a renamed file says that its path names "
         "another one; a symbolic link by LINK is no hard one")
def _():
    with Raw(srv, 6) as raw:
        handle = raw.open_with("w-old", num(2) + num(1))
        expect_same(raw.status(18, string(b"w-old") + string(b"w-new")
                               + num(0)), 0, "renamed")
        expect_same(raw.status(10, string(handle) + num(4) + b"\1"
                               + num(0o600)), 0, "mode")
        one = srv.wait_record("attributes", path=srv.home("w-old"))
        expect_same(one["now"], "nothing", "now")
        expect_same(raw.status(21, string(b"w-sym") + string(b"w-new")
                               + b"\1"), 0, "linked")
        one = srv.wait_record("symlink", path=srv.home("w-sym"))
    srv.no_sessions()
    end = srv.wait_record("logout", session=one["session"])
    expect(not srv.records("link", session=end["session"]), "a hard link")


@promise("FTP's sessions are recorded as well")
def _():
    ftp = FtpServer("SFTPTransferRecord @DIR@/log\n",
                    "SFTPTransferRecord @DIR@/log\n")
    ftp.record = ftp.path("log")
    ftp.start()
    try:
        client = ftp.ftp()
        with open(ftp.local("u", b"u" * 900), "rb") as file:
            client.storbinary("STOR up", file)
        client.retrbinary("RETR up", lambda data: None)
        client.sendcmd("SITE CHMOD 600 up")
        client.rename("up", "new")
        client.mkd("dir")
        client.rmd("dir")
        client.delete("new")
        expect(ftp_says(client.delete, "none"), "deleted")
        client.quit()
        expect(ftp_says(lambda: setattr(ftp, "password", "wrong") or
                        ftp.ftp()), "logged in")
        ftp.no_sessions()
    finally:
        ftp.stop_clean()
    wait_for(lambda: b"failed" in open(ftp.record, "rb").read(), "records")
    with open(ftp.record) as file:
        ones = [one for one in map(json.loads, file)
                if one.get("protocol") == "ftp"]
    expect_same([(one["what"], one["end"]) for one in ones],
                [("login", "ok"), ("upload", "ok"), ("download", "ok"),
                 ("attributes", "ok"), ("rename", "ok"), ("mkdir", "ok"),
                 ("rmdir", "ok"), ("remove", "ok"), ("remove", "failed"),
                 ("login", "failed")], "records")
    expect_same((ones[1]["bytes"], ones[1]["path"], ones[3]["mode"]),
                (900, ftp.home("up"), "600"), "upload")
    expect_same((ones[4]["path"], ones[4]["to"]),
                (ftp.home("up"), ftp.home("new")), "rename")


def ftp_records(server):
    with open(server.path("log")) as file:
        return [json.loads(line) for line in file]


@promise("FTP: SITE's directories, links and copies; what MFF has done when it "
         "fails; no login is one after the login; a transfer that was killed")
def _():
    ftp = FtpServer("SFTPTransferRecord @DIR@/log\n",
                    "SFTPTransferRecord @DIR@/log\n",
                    modules=("mod_site_misc", "mod_copy"))
    for name in ("lead", " lead", "from", "m"):
        ftp.put(name, b"123")
    ftp.start()
    home = ftp.home
    try:
        client = ftp.ftp()
        for words in ("SITE MKDIR d", "SITE SYMLINK from sym",
                      "SITE COPY from d/c", "SITE CPFR from", "SITE CPTO c p",
                      "SITE RMDIR d", "SITE CHMOD 0611  lead"):
            client.sendcmd(words)
        expect_same([oct(os.stat(home(name)).st_mode & 0o777)
                     for name in ("lead", " lead")], ["0o611", "0o644"],
                    "what CHMOD has changed")
        for number in range(230):
            expect(ftp_says(client.delete, "none%d" % number), "deleted")
        expect(ftp_says(client.sendcmd, "MFF UNIX.mode=0600;UNIX.group=0; m"),
               "set")
        expect(ftp_says(client.sendcmd, "PASS x"), "a second login")
        client.quit()
        ftp.no_sessions()
        wait_for(lambda: [x for x in ftp_records(ftp)
                          if x["what"] == "logout"], "its end")
        client = ftp.ftp()
        data = client.transfercmd("STOR half")
        data.sendall(b"h" * 100)
        wait_for(lambda: os.path.exists(home("half")), "the file")
        os.kill(ftp.session(), signal.SIGKILL)
        wait_for(lambda: ftp_records(ftp)[-1]["what"] == "logout" and
                 ftp_records(ftp)[-1]["end"] == "lost", "the end")
        data.close()
        client.close()
    finally:
        ftp.stop_clean()
    ones = ftp_records(ftp)
    expect_same([(x["what"], x.get("path"), x.get("to"), x.get("mode"),
                  x["end"], x.get("done")) for x in ones if "path" in x and
                 "none" not in x["path"]],
                [("mkdir", home("d"), None, None, "ok", None),
                 ("symlink", home("sym"), "from", None, "ok", None),
                 ("copy", home("from"), home("d/c"), None, "ok", None),
                 ("copy", home("from"), home("c p"), None, "ok", None),
                 ("remove", home("d/c"), None, None, "ok", None),
                 ("rmdir", home("d"), None, None, "ok", None),
                 ("attributes", home("lead"), None, "0611", "ok", None),
                 ("attributes", home("m"), None, "0600", "failed", "mode"),
                 ("upload", home("half"), None, None, "incomplete", None)],
                "records")
    expect_same([x["end"] for x in ones if x["what"].startswith("log")],
                ["ok", "ok", "ok", "lost"], "logins and their ends")


@promise("FTP's records have paths from outside of mod_vroot's root, like SFTP's")
def _():
    if not has_module("mod_vroot.so"):
        skip("there is no mod_vroot")
    lines = "SFTPTransferRecord @DIR@/log\nVRootEngine on\nDefaultRoot ~\n"
    ftp = FtpServer(lines, lines, modules=("mod_vroot",))
    ftp.put("a", b"123")
    ftp.start()
    try:
        client = ftp.ftp()
        client.mkd("d")
        client.cwd("d")
        client.mkd("e")
        client.sendcmd("SITE CHMOD 600 ../a")
        client.rename("../a", "b")
        client.storbinary("STOR c", io.BytesIO(b"c"))
        client.delete("/d/b")
        client.quit()
        must(ftp.sftp("mkdir /f"))
        ftp.no_sessions()
    finally:
        ftp.stop_clean()
    home = ftp.home
    expect_same([(x["what"], x["path"], x.get("to")) for x in
                 ftp_records(ftp) if "path" in x],
                [("mkdir", home("d"), None), ("mkdir", home("d/e"), None),
                 ("attributes", home("a"), None),
                 ("rename", home("a"), home("d/b")),
                 ("upload", home("d/c"), None),
                 ("remove", home("d/b"), None), ("mkdir", home("f"), None)],
                "records")


@promise("FTP's records have the path that was changed, and the offset of REST")
def _():
    ftp = FtpServer("SFTPTransferRecord @DIR@/log\n",
                    "SFTPTransferRecord @DIR@/log\n")
    ftp.record = ftp.path("log")
    ftp.put("6", b"123456789")
    ftp.put("CHMOD", b"")
    ftp.put("a b", b"")
    ftp.mkdir("sub")
    ftp.start()
    try:
        client = ftp.ftp()
        for words in ("SITE CHMOD 666 6", "SITE CHMOD 600 CHMOD",
                      "SITE CHMOD u+rx a b", "SITE CHGRP %d 6" % GID,
                      "MFF UNIX.mode=0600;UNIX.mode=0640; a b",
                      "MFF UNIX.group=%d; 6" % GID,
                      "MFF Modify=20200101000000; 6", "CWD sub", "MKD ../x",
                      "RNFR ../x", "RNTO ./../y", "RMD ../sub/../y"):
            client.sendcmd(words)
        client.retrbinary("RETR ../6", lambda data: None, rest=4)
        with open(ftp.local("u", b"zz"), "rb") as file:
            client.storbinary("STOR ../6", file, rest=5)
        client.quit()
        ftp.no_sessions()
    finally:
        ftp.stop_clean()
    wait_for(lambda: b"logout" in open(ftp.record, "rb").read(), "records")
    with open(ftp.record) as file:
        ones = [one for one in map(json.loads, file)
                if one.get("protocol") == "ftp" and one["what"] != "login"]
    expect_same([(one["request"], os.path.relpath(one["path"], ftp.home()),
                  one.get("mode"), one.get("group")) for one in ones[:6]],
                [("CHMOD", "6", "666", None), ("CHMOD", "CHMOD", "600", None),
                 ("CHMOD", "a b", "u+rx", None),
                 ("CHGRP", "6", None, GID), ("MFF", "a b", "0640", None),
                 ("MFF", "6", None, GID)], "changes")
    expect_same([(one["what"], one["path"], one.get("to"), one.get("offset"),
                  one.get("bytes")) for one in ones[6:]],
                [("mkdir", ftp.home("x"), None, None, None),
                 ("rename", ftp.home("x"), ftp.home("y"), None, None),
                 ("rmdir", ftp.home("y"), None, None, None),
                 ("download", ftp.home("6"), None, 4, 5),
                 ("upload", ftp.home("6"), None, 5, 2)], "paths and offsets")


@promise("a session that the recorder has no descriptor for is said to be lost, "
         "in the record and once in the system log")
def _():
    class Narrow(Recorded):
        def command(self):
            return ["prlimit", "--nofile=40:40"] + super().command()

    one = Narrow()
    one.start()
    with open("/proc/%d/limits" % one.recorder()) as file:
        raised = re.search("Max open files +(\\d+)", file.read()).group(1)
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(one.connect())
        if raised == "40":      # root may raise it, but not in each container
            wait_for(lambda: len(one.records("lost")) > 1, "the records")
    for lost in one.records("lost"):
        expect("descriptor" in lost["why"] and lost["from"] == "127.0.0.1",
               lost)
    expect_same(one.log("system.log").count("no descriptors left"),
                1 if raised == "40" else 0, "lines in the system log")
    one.no_sessions()
    must(one.sftp("mkdir later"))
    one.wait_record("mkdir", path=one.home("later"))
    one.settled()
    expect_same("the records of a session could not" in whole(one),
                raised == "40", "verify tells it")


# ---- The chain and its signatures

@promise("a signature comes after N records; ssh-keygen -Y verify accepts it")
def _():
    with paramiko_sftp(srv) as client:
        for number in range(60):
            client.mkdir("many%d" % number)
    srv.no_sessions()
    text = whole(srv)
    expect(len(srv.records("signature")) >= 3, text)
    run_of = 0
    for one in srv.records():
        run_of = 0 if one["what"] == "signature" else run_of + 1
        expect(run_of <= 25, "no signature before number %d" % one["n"])
    # By hand, as the manual says.
    code, text = usage("extract", "-o", srv.path("one"), srv.record)
    expect(code == 0, text)
    at = int(re.search("line (\\d+) of", text).group(1))
    with open(srv.path("one.msg"), "rb") as file:
        message = file.read()
    expect_same(message, hashlib.sha256(srv.lines()[at - 2]).hexdigest()
                .encode() + b"\n", "what is signed")
    with open(srv.path("allowed"), "w") as out, open(srv.hostkey()) as pub:
        out.write("sftp-record " + pub.read())
    good = ["ssh-keygen", "-Y", "verify", "-f", srv.path("allowed"), "-I",
            "sftp-record", "-n", "sftp-record", "-s", srv.path("one.sig")]
    must(run(good, input=message))
    expect(run(good, input=message.replace(b"\n", b"")).returncode != 0,
           "another message is accepted")


@promise("ECDSA, RSA and an agent's key sign as well; known_hosts has keys")
def _():
    for drop, name in (("host_ed25519", "host_ecdsa"), ("agent", "host_rsa")):
        one = Recorded("minutes 5", "SFTPHostKey %s\n" % (
            "@DIR@/host_ecdsa" if drop != "agent" else "agent:@DIR@/agent"),
            drop=("SFTPHostKey",))
        agent = subprocess.Popen(
            ["ssh-agent", "-D", "-a", one.path("agent")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: run(
                ["ssh-add", "-q", one.path("host_rsa")], env=dict(
                    os.environ, SSH_AUTH_SOCK=one.path("agent"))
                ).returncode == 0, "the agent")
            one.start()
            must(one.sftp("mkdir d"))
            one.settled()
        finally:
            agent.terminate()
            agent.wait(PATIENCE)
        whole(one, key=one.hostkey(name))
        whole(one, key=one.known_hosts())
        wrong(one, "not that of one of the keys", key=srv.hostkey())


@promise("many sessions at once write one chain")
def _():
    def work(number):
        with paramiko_sftp(srv) as client:
            for at in range(20):
                with client.open("p%d-%d" % (number, at), "wb") as out:
                    out.write(b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    srv.no_sessions()
    names = {path_of(one) for one in srv.records("upload", end="ok")}
    expect({b"p%d-%d" % (a, b) for a in range(8) for b in range(20)} <= names,
           "uploads without a record")
    whole(srv)


def reload_daemon(server):
    old = server.recorder()
    os.kill(server.process.pid, signal.SIGHUP)
    wait_for(lambda: server.recorders() not in ([old], []) and
             len(server.recorders()) == 1, "the next recorder")


@promise("sessions go on in the same chain after a reload, and in the new file "
         "after logrotate")
def _():
    with paramiko_sftp(srv) as client:
        client.mkdir("before")
        reload_daemon(srv)
        client.mkdir("between")
        one = srv.wait_record("mkdir", path=srv.home("between"))
        os.rename(srv.record, srv.record + ".1")
        client.mkdir("renamed")
        reload_daemon(srv)
        client.mkdir("after")
        wait_for(lambda: [x for x in srv.records("mkdir")
                          if x["path"].endswith("/after")], "the record")
        last = srv.records("mkdir")[-1]
        expect_same((last["session"], last["user"]),
                    (one["session"], "alice"), "session")
    srv.no_sessions()
    wait_for(lambda: srv.records("logout"), "its end")
    first = srv.records()[0]
    expect_same(first["prev"], hashlib.sha256(
        srv.lines(srv.record + ".1")[-1]).hexdigest(), "prev")
    whole(srv, srv.record + ".1", srv.record)
    expect("continues a file that was not given" in whole(srv), "no note")
    wrong(srv, "begun anew|does not continue", srv.record, srv.record + ".1")


@promise("copytruncate leaves two files that follow each other")
def _():
    shutil.copyfile(srv.record, srv.record + ".2")
    with open(srv.record, "r+b") as file:
        file.truncate(0)
    must(srv.sftp("mkdir truncated"))
    srv.wait_record("logout")
    whole(srv, srv.record + ".1", srv.record + ".2", srv.record)


@promise("gzip'd files are read")
def _():
    must(run(["gzip", "-k", srv.record + ".2"]))
    whole(srv, srv.record + ".2.gz", srv.record)


@promise("a session has neither the file nor its rights; the recorder is "
         "nobody, and traced by nobody")
def _():
    pid = srv.recorder()
    with open("/proc/%d/status" % pid) as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file
                      if ":\t" in line)
    expect("65534" in status["Uid"] and "\t0" not in "\t" + status["Uid"],
           status["Uid"])
    fds = {int(fd): os.readlink("/proc/%d/fd/%s" % (pid, fd))
           for fd in os.listdir("/proc/%d/fd" % pid)}
    with open("/proc/net/tcp") as file:
        listening = {"socket:[%s]" % line.split()[9] for line in file}
    expect(not listening & set(fds.values()), fds)
    # Whatever prints something does not write into it.
    expect(all(fd > 2 for fd in fds if "/rec/" in fds[fd]), fds)
    expect_same((status["CapEff"].strip("0"), status["NoNewPrivs"].strip()),
                ("", "1"), "rights")
    with paramiko_sftp(srv):
        session = srv.session()
        fds = [os.readlink("/proc/%d/fd/%s" % (session, fd))
               for fd in os.listdir("/proc/%d/fd" % session)]
        expect(not [fd for fd in fds if "/rec/" in fd], fds)
    expect_same(os.stat(srv.record).st_mode & 0o777, 0o600, "mode")


# ---- Processes that die, disks that are full

@promise("a session that is killed has a record that says so")
def _():
    with paramiko_sftp(srv) as client:
        client.mkdir("killed")
        pid = srv.session()
        os.kill(pid, signal.SIGKILL)
        one = srv.wait_record("logout", end="lost")
        expect(one["session"].startswith("%d." % pid), one)
        expect_same(one["user"], "alice", "user")
    whole(srv)


@promise("each transfer that a killed session had begun has a record: its path, "
         "its bytes; of more than 64, their number")
def _():
    srv.put("k-long", b"l" * 300000)
    with paramiko_sftp(srv) as client:
        up = client.open("k-begun", "wb")
        up.write(b"x" * 70000)
        up.flush()
        down = client.open("k-long", "rb")
        down.read(1000)
        with client.open("k-done", "wb") as done:
            done.write(b"d")
        many = [client.open("k-many%d" % n, "wb") for n in range(65)]
        os.kill(srv.session(), signal.SIGKILL)
        end = srv.wait_record("logout", session=srv.records(
            "upload", path=srv.home("k-done"))[-1]["session"])
        expect_same(len(many), 65, "open files")
    expect_same((end["end"], end["why"]),
                ("lost", "the session was killed, or crashed; 3 more files "
                 "were open"), "the end")
    mine = srv.records(session=end["session"])
    expect_same(mine[-1], end, "the last record")
    one = srv.records("upload", session=end["session"],
                      path=srv.home("k-begun"))
    expect_same([(x["bytes"], x["offset"], x["direction"], x["protocol"],
                  x["user"], x["end"]) for x in one],
                [(70000, 0, "in", "sftp", "alice", "incomplete")], "upload")
    expect("killed" in one[0]["why"] and one[0]["ms"] >= 0, one)
    one = srv.records("download", session=end["session"])
    expect_same([(x["path"], x["end"]) for x in one],
                [(srv.home("k-long"), "incomplete")], "download")
    expect(one[0]["bytes"] >= 1000, one)
    expect_same([x["end"] for x in srv.records(
        "upload", session=end["session"], path=srv.home("k-done"))], ["ok"],
        "the whole one")
    whole(srv)


@promise("a recorder that is killed: open sessions are recorded by the next one, "
         "nothing that they sent meanwhile is lost, and the chain shows it")
def _():
    for words in ("", "when-full stop"):
        one = Recorded(words)
        one.start()
        with paramiko_sftp(one) as client:
            client.mkdir("before")
            half = client.open("half", "wb")
            half.write(b"h" * 1000)
            half.flush()
            with paramiko_sftp(one) as other:
                other.mkdir("too")
                one.wait_record("mkdir", path=one.home("too"))
                old = one.recorder()
                os.kill(old, signal.SIGKILL)
                client.mkdir("meanwhile")
            wait_for(lambda: one.recorders() not in ([], [old]),
                     "the next recorder")
            client.mkdir("after")
            last = one.wait_record("mkdir", path=one.home("after"))
            expect_same((last["user"], last["method"]),
                        ("alice", "publickey"), "who")
            expect("unsent" not in last, last)
            os.kill(one.recorder(), signal.SIGKILL)
            old = wait_for(lambda: one.recorders() not in ([], [old]) and
                           one.recorders(), "the third one")[0]
            for pid in one.sessions():
                os.kill(pid, signal.SIGKILL)
            one.wait_record("upload", path=one.home("half"), bytes=1000,
                            end="incomplete", session=last["session"])
            one.wait_record("logout", session=last["session"], end="lost")
        one.settled()
        made = [path_of_dir(one, x) for x in one.records("mkdir")]
        expect_same(made, ["before", "too", "meanwhile", "after"],
                    "directories")
        expect_same([x["why"] for x in one.records("begin")][1:],
                    2 * ["the recorder was killed, or crashed"], "begin")
        expect_same(sorted(x["end"] for x in one.records("logout")),
                    ["lost", "ok"], "ends")
        whole(one)


@promise("a keeper that is stopped holds up nobody, and is replaced")
def _():
    one = Recorded()
    one.start()
    keepers = one.helpers("sftp-keeper")
    os.kill(keepers[0], signal.SIGSTOP)
    try:
        # Each session is a message to the keeper, which has room for some.
        for number in range(200):
            with paramiko_sftp(one) as client:
                client.mkdir("d%d" % number)
            if one.helpers("sftp-keeper") != keepers:
                break
        one.wait_log("system.log", "the recorder's keeper does not answer")
        wait_for(lambda: set(one.helpers("sftp-keeper")) - set(keepers),
                 "another keeper")
    finally:
        os.kill(keepers[0], signal.SIGCONT)
    wait_for(lambda: keepers[0] not in one.helpers("sftp-keeper"),
             "the end of the one that was stopped")
    one.settled()
    expect_same([path_of_dir(one, x) for x in one.records("mkdir")],
                ["d%d" % each for each in range(number + 1)], "directories")
    whole(one)


@promise("a keeper that is killed is replaced while the recorder lives, and "
         "keeps the sessions that are open")
def _():
    one = Recorded()
    one.start()
    with paramiko_sftp(one) as client:
        client.mkdir("before")
        one.wait_record("mkdir", path=one.home("before"))
        first = one.recorder()
        keepers = one.helpers("sftp-keeper")
        expect_same(len(keepers), 1, "keepers")
        os.kill(keepers[0], signal.SIGKILL)
        one.wait_log("system.log", "the recorder's keeper has ended: "
                     "starting another")
        wait_for(lambda: one.helpers("sftp-keeper") not in ([], keepers) and
                 one.recorders() not in ([], [first]) and
                 len(one.recorders()) == 1, "another keeper")
        client.mkdir("between")
        last = one.wait_record("mkdir", path=one.home("between"))
        os.kill(one.recorder(), signal.SIGKILL)
        client.mkdir("after")
        one.wait_record("mkdir", path=one.home("after"),
                        session=last["session"], user="alice")
    one.settled()
    expect_same([path_of_dir(one, x) for x in one.records("mkdir")],
                ["before", "between", "after"], "directories")
    whole(one)


@promise("a file that cannot be opened at a reload is tried again, which the "
         "system log says once each way, and what was lost is counted")
def _():
    one = Recorded()
    one.start()
    one.recorder()
    os.rename(one.path("rec"), one.path("away"))
    os.kill(one.process.pid, signal.SIGHUP)
    one.wait_log("system.log", "records cannot be written: No such file")
    must(one.sftp("mkdir lost"))
    one.no_sessions()
    for _ in range(2):
        old = wait_for(lambda: one.helpers("sftp-recorder"), "a recorder")
        wait_for(lambda: one.helpers("sftp-recorder") not in (old, []),
                 "the next recorder")
    os.rename(one.path("away"), one.path("rec"))
    lost = one.wait_record("lost")
    expect_same((lost["records"], lost["why"]),
                (3, "No such file or directory"), "lost")
    must(one.sftp("mkdir found"))
    one.wait_record("mkdir", path=one.home("found"))
    one.settled()
    log = one.log("system.log")
    expect_same([log.count("records " + word) for word in (
        "cannot be written: No such", "are written again")], [1, 1], "lines")
    whole(one)


def path_of_dir(server, one):
    return os.path.relpath(one["path"], server.home())


@promise("a reload that changes the limits or the key writes a line that says "
         "so, and another one does not")
def _():
    one = Recorded("records 5")
    one.start()
    reload_daemon(one)
    text = one.log("proftpd.conf")
    for old, new in (("log records 5", "log records 7 minutes 3"),
                     (".*SFTPHostKey.*host_ed25519\n", "")):
        expect(re.search(old, text), text)
        text = re.sub(old, new, text)
        with open(one.path("proftpd.conf"), "w") as file:
            file.write(text)
        reload_daemon(one)
        must(one.sftp("mkdir a%d" % len(new)))
    one.settled()
    found = one.records("begin")
    expect_same([(x["why"], x["records"], x["minutes"]) for x in found],
                [("a new file", 5, 10),
                 ("the configuration has changed", 7, 3),
                 ("the configuration has changed", 7, 3)], "lines")
    expect_same(len({x["key"] for x in found}), 2, "keys")
    whole(one, options=["-k", one.hostkey(), "-k",
                        one.hostkey("host_ecdsa"), "-k",
                        one.hostkey("host_rsa")])


@promise("a recorder that is killed in the middle of a write leaves a torn "
         "line, which verify tells from a changed one")
def _():
    torn = Recorded()
    os.mkdir(torn.path("flags"))
    os.chmod(torn.path("flags"), 0o777)
    flag = torn.path("flags/tear")
    preload(torn, "tornwrite", "TORNWRITE", flag)
    torn.start()
    must(torn.sftp("mkdir one"))
    torn.wait_record("logout")
    old = torn.recorder()
    with open(flag, "w"):
        os.chown(flag, UID, GID)
    must(torn.sftp("mkdir two"))
    torn.wait_log("system.log", "recorder has ended: starting another")
    wait_for(lambda: torn.recorders() not in ([], [old]), "the next one")
    must(torn.sftp("mkdir three"))
    torn.wait_record("mkdir", path=torn.home("three"))
    torn.settled()
    expect_same([path_of_dir(torn, x) for x in torn.records("mkdir")],
                ["one", "two", "three"], "directories")
    expect_same(len(torn.records("login", end="ok")), 3, "logins")
    expect(len(torn.records("torn")) == 1, torn.lines())
    text = whole(torn)
    expect("the line is torn: its writer was ended" in text, text)
    lines = torn.lines()
    at = next(n for n, line in enumerate(lines) if b'"torn"' in line)
    lines[at - 1] = lines[at - 1].replace(b"prev", b"prew")
    forged = torn.path("forged")
    with open(forged, "wb") as out:
        out.writelines(lines)
    wrong(torn, ":%d: this does not follow" % (at + 1), forged)


@promise("what a recorder was writing when it was killed has one record, with "
         "half a line in the file or a whole one")
def _():
    for words, content in (("", ""), ("", "whole"),
                           ("when-full stop", "whole")):
        one = Recorded(words)
        os.mkdir(one.path("flags"))
        os.chmod(one.path("flags"), 0o777)
        flag = one.path("flags/tear")
        preload(one, "tornwrite", "TORNWRITE", flag)
        one.start()
        with paramiko_sftp(one) as client:
            client.mkdir("before")
            one.wait_record("mkdir", path=one.home("before"))
            old = one.recorder()
            with open(one.path("flag"), "w") as out:
                out.write(content)
                os.chown(out.name, UID, GID)
            os.rename(one.path("flag"), flag)
            client.mkdir("same")
            client.rmdir("same")
            client.mkdir("same")
            wait_for(lambda: one.recorders() not in ([], [old]),
                     "the next one")
            client.mkdir("after")
            one.wait_record("mkdir", path=one.home("after"))
        one.settled()
        mine = [x for x in one.records() if "seq" in x]
        expect_same([x["what"] for x in mine],
                    ["login", "mkdir", "mkdir", "rmdir", "mkdir",
                     "mkdir", "logout"], "records")
        expect_same([x["seq"] for x in mine],
                    list(range(1, len(mine) + 1)), "numbers")
        expect_same((len(one.records("torn")),
                     [x["why"] for x in one.records("begin")][1:]),
                    (0 if content else 1,
                     ["the recorder was killed, or crashed"]), "ends")
        whole(one)


@promise("a recorder that is killed does not take with it how many records were "
         "lost")
def _():
    full = on_small_disk("")
    try:
        must(full.sftp("mkdir a"))
        full.wait_record("logout")
        fill(full)
        must(full.sftp("\n".join("mkdir b%d" % n for n in range(40))))
        full.wait_log("system.log", "records cannot be written: No space")
        full.no_sessions()
        for _ in range(2):
            old = full.recorder()
            os.kill(old, signal.SIGKILL)
            wait_for(lambda: full.recorders() not in ([], [old]), "the next one")
        freed(full)
        must(full.sftp("mkdir c"))
        full.wait_record("mkdir", path=full.home("c"))
        full.settled()
        expect_same(len([one for one in full.records() if "seq" in one]) +
                    sum(one["records"] for one in full.records("lost")),
                    3 + 42 + 3, full.records("lost"))
        whole(full)
        expect_same(full.log("system.log").count(
            "records cannot be written"), 1, "lines")
    finally:
        full.stop()
        run(["umount", full.path("rec")])


@promise("after kill -9 of the daemon, its sessions are recorded to their end, "
         "and the next daemon continues the chain")
def _():
    one = Recorded()
    one.start()
    with paramiko_sftp(one) as client:
        client.mkdir("a")
        one.process.kill()
        one.process.wait()
        client.mkdir("b")
        one.wait_record("mkdir", path=one.home("b"))
        one.choose_ports()
        one.start()
        must(one.sftp("mkdir c"))
        client.mkdir("d")
        one.wait_record("mkdir", path=one.home("d"))
    wait_for(lambda: len(one.records("logout")) >= 2, "the ends")
    one.settled()
    text = whole(one)
    expect("another recorder has written" in text, text)


@promise("two recorders sign each record of theirs, and verify knows what both "
         "have written")
def _():
    one = Recorded("records 6")
    one.start()
    with paramiko_sftp(one) as old:
        one.process.kill()
        one.process.wait()
        one.choose_ports()
        one.start()
        with paramiko_sftp(one) as new:
            for number in range(20):
                old.mkdir("x%d" % number)
                new.mkdir("y%d" % number)
    wait_for(lambda: len(one.records("logout")) >= 2, "the ends")
    one.settled()
    expect_same(len(one.records("mkdir")), 40, "records")
    whole(one, options=["-k", one.hostkey(), "--records", "6"])


@promise("copytruncate with two recorders is no change of the file")
def _():
    one = Recorded()
    one.start()
    with paramiko_sftp(one) as old:
        old.mkdir("a")
        one.wait_record("mkdir", path=one.home("a"))
        one.process.kill()
        one.process.wait()
        one.choose_ports()
        one.start()
        with paramiko_sftp(one) as new:
            new.mkdir("b")
            one.wait_record("mkdir", path=one.home("b"))
            shutil.copyfile(one.record, one.record + ".1")
            os.truncate(one.record, 0)
            for client, name in ((new, "c"), (old, "d"), (new, "e")):
                client.mkdir(name)
                one.wait_record("mkdir", path=one.home(name))
    wait_for(lambda: len(one.records("logout")) >= 2, "the ends")
    one.settled()
    expect(not one.records("changed") and not one.records("missing"),
           one.lines())
    whole(one, one.record + ".1", one.record)


@promise("a recorder that is stopped holds up no session for long; what it had "
         "is written when it goes on, what it did not get is counted")
def _():
    one = Recorded()
    one.start()
    with paramiko_sftp(one) as client:
        client.mkdir("before")
        old = one.recorder()
        os.kill(old, signal.SIGSTOP)
        try:
            for number in range(600):
                client.mkdir("d%d" % number)
            one.wait_log("system.log", "this session is not recorded")
            os.kill(one.process.pid, signal.SIGHUP)
            wait_for(lambda: len(one.recorders()) == 2, "the next recorder")
            must(one.sftp("mkdir other"))
            one.wait_record("mkdir", path=one.home("other"))
        finally:
            os.kill(old, signal.SIGCONT)
        one.wait_record("mkdir", path=one.home("d0"))
        client.mkdir("after")
        last = one.wait_record("mkdir", path=one.home("after"))
    one.settled()
    found = len([x for x in one.records("mkdir")
                 if re.search("/d\\d+$", x["path"])])
    expect_same(found + last["unsent"], 600, "written and counted")
    text = whole(one)
    expect("did not reach the recorder" in text, text)


def on_small_disk(words):
    """Its file is on a file system of 64 KiB, which is full."""
    full = Recorded(words)
    must(run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "none",
              full.path("rec")]))
    full.start()
    return full


def fill(server):
    with open(server.path("rec/filler"), "wb", 0) as out:
        try:
            for size in (4096, 1):
                while True:
                    out.write(b"x" * size)
        except OSError:
            pass


def freed(server):
    os.unlink(server.path("rec/filler"))


@promise("with a full disk transfers go on; the system log and a record say "
         "what was lost")
def _():
    full = on_small_disk("")
    try:
        must(full.sftp("mkdir a"))
        fill(full)
        names = ["b%d" % number for number in range(40)]
        must(full.sftp("\n".join("mkdir " + name for name in names)))
        full.wait_log("system.log", "records cannot be written: No space")
        freed(full)
        must(full.sftp("mkdir c"))
        full.wait_record("mkdir", path=full.home("c"))
        full.wait_log("system.log", "records are written again")
        lost = full.records("lost")
        expect_same(lost[0]["why"], "No space left on device", "why")
        expect(len(full.records("mkdir")) + sum(
            one["records"] for one in lost) >= 40, lost)
        full.settled()
        text = whole(full)
        expect("could not be written here" in text, text)
    finally:
        full.stop()
        run(["umount", full.path("rec")])


@promise("a reload with a full disk does not forget what was lost")
def _():
    full = on_small_disk("")
    try:
        must(full.sftp("mkdir a"))
        full.wait_record("logout")
        fill(full)
        must(full.sftp("\n".join("mkdir b%d" % n for n in range(40))))
        full.wait_log("system.log", "records cannot be written: No space")
        full.no_sessions()
        reload_daemon(full)
        freed(full)
        must(full.sftp("mkdir c"))
        full.wait_record("mkdir", path=full.home("c"))
        expect(len(full.records("mkdir")) + sum(
            one["records"] for one in full.records("lost")) >= 42,
            full.records("lost"))
        full.settled()
        whole(full)
    finally:
        full.stop()
        run(["umount", full.path("rec")])


@promise("with when-full stop, the next operation is refused until there is "
         "room")
def _():
    full = on_small_disk("when-full stop")
    try:
        with paramiko_sftp(full) as client:
            client.mkdir("a")
            fill(full)
            refused = None
            # A record of another length may still fit where this does not.
            name = "b%%d%s" % (200 * "x")
            for number in range(60):
                try:
                    client.mkdir(name % number)
                except OSError as why:
                    refused = number, str(why)
                    break
            expect(refused and "SFTPTransferRecord" in refused[1],
                   "%r" % (refused,))
            expect(not os.path.exists(full.home(name % refused[0])), "made")
            made = len([one for one in full.records("mkdir")
                        if one["end"] == "ok"])
            freed(full)
            client.mkdir("c")
            full.wait_record("mkdir", path=full.home("c"))
            # All but the one that met the full disk.
            expect_same(made, refused[0], "recorded")
        full.settled()
        whole(full)
    finally:
        full.stop()
        run(["umount", full.path("rec")])


@promise("a step of the clock is a record, and the chain goes on")
def _():
    one = Recorded()
    with open(one.path("ahead"), "wb") as file:
        file.write(struct.pack("=q", 0))
    os.chmod(one.path("ahead"), 0o644)
    preload(one, "stepclock", "STEPCLOCK", one.path("ahead"))
    one.start()
    for step in (7200, -7200):
        with open(one.path("ahead"), "r+b") as file:
            now = struct.unpack("=q", file.read(8))[0]
            file.seek(0)
            file.write(struct.pack("=q", now + step))
        must(one.sftp("mkdir d%d" % abs(step + 1)))
        one.wait_record("clock", seconds="%+d" % step)
    one.settled()
    text = whole(one)
    expect("the clock was set by '-7200' seconds" in text, text)


# ---- What verify finds

@promise("verify finds files in the wrong order, also when each has a chain of "
         "its own")
def _():
    one = Recorded()
    for name in ("a", "b"):
        one.start()
        must(one.sftp("mkdir " + name))
        one.settled()
        os.rename(one.record, one.path("rec/" + name))
    whole(one, one.path("rec/a"), one.path("rec/b"))
    wrong(one, "begun before the last record", one.path("rec/b"),
          one.path("rec/a"))


def forged(change):
    """A copy of the file, changed."""
    lines = srv.lines()
    lines = change(lines) or lines
    with open(srv.path("forged"), "wb") as out:
        out.writelines(lines)
    return srv.path("forged")


def middle():
    """A record far from the ends, behind and before a signature."""
    lines = srv.lines()
    return next(n for n, line in enumerate(lines)
                if n > len(lines) // 2 and b'"mkdir"' in line)


def rechained(lines, start):
    """What one who can write to the file can do: new hashes."""
    for n in range(max(start, 1), len(lines)):
        prev = hashlib.sha256(lines[n - 1]).hexdigest().encode()
        lines[n] = re.sub(b'^{"prev":"[0-9a-f]{64}', b'{"prev":"' + prev,
                          lines[n])
    return lines


@promise("verify finds lines that were changed, removed, added or moved")
def _():
    with paramiko_sftp(srv) as client:
        for number in range(60):
            client.mkdir("w%d" % number)
    srv.wait_record("logout", end="ok")
    at = middle()

    def edit(lines):
        lines[at] = lines[at].replace(b"alice", b"alicf")

    def remove(lines):
        del lines[at]

    def add(lines):
        lines.insert(at, lines[at])

    def junk(lines):
        lines.insert(at, b"junk\n")

    def move(lines):
        lines[at], lines[at + 1] = lines[at + 1], lines[at]

    wrong(srv, ":%d: this does not follow the line before" % (at + 2),
          forged(edit))
    wrong(srv, ":%d: this does not follow" % (at + 1), forged(remove))
    wrong(srv, "record is missing", forged(remove))
    wrong(srv, ":%d: this does not follow" % (at + 2), forged(add))
    wrong(srv, ":%d: this is no record" % (at + 1), forged(junk))
    wrong(srv, ":%d: this does not follow" % (at + 1), forged(move))
    wrong(srv, "beginning of the file is missing",
          forged(lambda lines: lines[5:]))


@promise("verify finds changes by one who calculates the chain anew, and "
         "forged, copied or missing signatures")
def _():
    at = middle()

    def edit(lines):
        lines[at] = lines[at].replace(b"alice", b"alicf")
        return rechained(lines, at + 1)

    def unsigned(lines):
        lines = [line for line in lines if b'"what":"signature"' not in line]
        for n, line in enumerate(lines):
            lines[n] = re.sub(b'"n":\\d+', b'"n":%d' % (n + 1), line)
        return rechained(lines, 1)

    def stolen(lines):
        signatures = [n for n, line in enumerate(lines)
                      if b'"what":"signature"' in line]
        sig = re.compile(b'"signature":"-.*')
        lines[signatures[-1]] = sig.sub(
            lambda _: sig.search(lines[signatures[0]]).group(),
            lines[signatures[-1]])

    expect_same(verify(srv, forged(edit), options=["--chain-only"])[0], 0,
                "the chain alone")
    wrong(srv, "signature is not that of one of the keys", forged(edit))
    wrong(srv, "more than 25 records without a signature", forged(unsigned),
          options=["-k", srv.hostkey(), "--records", "25"])
    wrong(srv, "no good signature", forged(unsigned))
    wrong(srv, "signature is not that of one of the keys", forged(stolen))
    wrong(srv, "signature is not that of one of the keys",
          key=srv.hostkey("host_rsa"))


@promise("verify says how many records no signature covers: a tail that is cut "
         "there is not found")
def _():
    # Up to the first record behind a signature.
    cut = forged(lambda lines: lines[:1 + max(
        n for n, line in enumerate(lines[:-1])
        if b'"what":"signature"' in line and
        b'"what":"signature"' not in lines[n + 1]) + 1])
    text = whole(srv, cut)
    expect("1 record after it: these could be changed" in text, text)


def rewrite(server, change):
    """What one who can write to the file does to it."""
    lines = change(server.lines())
    with open(server.record, "r+b") as file:
        file.truncate(0)
        file.write(b"".join(lines))


def numbered(lines):
    """With new numbers and hashes, from the second line on."""
    return rechained([re.sub(b'"n":\\d+', b'"n":%d' % n, line, count=1)
                      for n, line in enumerate(lines, 1)], 1)


@promise("the running server signs no line that somebody else has added or "
         "changed without saying so")
def _():
    for change, text in (
            # One more, with the right hash and number.
            (lambda lines: numbered(lines + lines[-1:]),
             "somebody else has written lines .*, from number (\\d+) to \\1\n"),
            # All of them anew, without signatures, and as many.
            (lambda lines: numbered(
                [line.replace(b"/a", b"/z") for line in lines
                 if b'"what":"signature"' not in line] + lines[-1:] * 9),
             "with other records")):
        one = Recorded()
        one.start()
        with paramiko_sftp(one) as client:
            client.mkdir("a")
            one.wait_record("mkdir")
            rewrite(one, change)
            client.mkdir("b")
            one.wait_record("mkdir", path=one.home("b"))
        one.settled()
        wrong(one, text)


@promise("added lines stay found when another recorder starts behind them, or "
         "this one is reloaded")
def _():
    for starts in (False, True):
        one = Recorded()
        one.start()
        with paramiko_sftp(one) as client:
            client.mkdir("a")
            one.wait_record("mkdir")
            if starts:
                one.process.kill()
                one.process.wait()
            with open(one.record, "ab") as file:
                file.write(numbered(one.lines() + one.lines()[-1:])[-1])
            if starts:
                one.choose_ports()
                one.start()
                wait_for(lambda: len(one.records("signature")) > 1, "its start")
            else:
                reload_daemon(one)
            client.mkdir("b")
            one.wait_record("mkdir", path=one.home("b"))
        wait_for(lambda: one.records("logout"), "the end")
        one.settled()
        wrong(one, "somebody else has written lines")


@promise("verify does not say whole without saying that nobody had signed what "
         "was there when a daemon started")
def _():
    one = Recorded()
    one.start()
    must(one.sftp("mkdir a"))
    one.wait_record("logout")
    one.settled()
    rewrite(one, lambda lines: numbered(
        [line.replace(b"/a", b"/z").replace(b":1000,", b":1000000,")
         for line in lines if b'"what":"signature"' not in line]))
    number = len(one.lines())
    one.choose_ports()
    one.start()
    one.settled()
    text = whole(one)
    expect("%d records before the start of a daemon without a signature"
           % number in text, text)


@promise("verify believes of the last line only its key and signature; a "
         "signature has no other members")
def _():
    one = Recorded()
    one.start()
    must(one.sftp("mkdir a"))
    one.wait_record("logout")
    one.settled()
    lines = one.lines()
    expect(b'"what":"signature"' in lines[-1], lines[-1])
    before = json.loads(lines[-2])["time"]
    rewrite(one, lambda lines: lines[:-1] + [re.sub(
        b'"time":"[^"]*', b'"time":"2099-01-01T00:00:00.000000Z', lines[-1])])
    text = whole(one)
    expect("2099" not in text and before in text and
           "only the key and the signature are sure" in text, text)
    for more in (b'"user":"root",', b'"what":"signature",'):
        rewrite(one, lambda _: lines[:-1] + [
            lines[-1].replace(b'"what"', more + b'"what"', 1)])
        wrong(one, "its members are others|this is no record")


@promise("ssh-keygen refuses an extracted signature if the line before was "
         "changed")
def _():
    def edit(lines):
        at = max(n for n, line in enumerate(lines)
                 if b'"what":"signature"' in line)
        lines[at - 1] = lines[at - 1].replace(b'"what"', b'"whut"')
        return lines

    code, text = usage("extract", "-o", srv.path("two"), forged(edit))
    expect(code == 0, text)
    with open(srv.path("two.msg"), "rb") as file:
        res = run(["ssh-keygen", "-Y", "verify", "-f", srv.path("allowed"),
                   "-I", "sftp-record", "-n", "sftp-record", "-s",
                   srv.path("two.sig")], input=file.read())
    expect(res.returncode != 0, "accepted")


@promise("known_hosts revokes keys, too")
def _():
    known = srv.known_hosts()
    with open(known) as file:
        lines = [line for line in file if "ssh-ed25519" in line]
    with open(srv.path("revoked"), "w") as out:
        out.write("".join(lines) + "".join("@revoked " + line
                                           for line in lines))
    code, text = verify(srv, key=srv.path("revoked"))
    expect(code == 2 and "revoked" in text, text)
    wrong(srv, "not that of one of the keys", options=[
        "-k", srv.path("revoked"), "-k", srv.hostkey("host_rsa"),
        "-k", srv.hostkey()])


@promise("allowed_signers: a key counts from valid-after to valid-before, at the "
         "time of the signature, and for its namespaces")
def _():
    one = Recorded()
    with open(one.path("ahead"), "wb") as file:
        file.write(struct.pack("=q", 7200))
    os.chmod(one.path("ahead"), 0o644)
    preload(one, "stepclock", "STEPCLOCK", one.path("ahead"))
    one.start()
    must(one.sftp("mkdir a"))
    one.wait_record("logout")
    one.settled()
    soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 3600))
    here = time.strftime("%Y%m%d%H%M", time.localtime(time.time() + 3600))

    def given(options):
        path = one.path("signers")
        with open(path, "w") as out, open(one.hostkey()) as pub:
            out.write("# a comment\n\"any body\" %s %s" % (options, pub.read()))
        return path

    for options in ('valid-after="%s"' % soon, 'Valid-After="%s"' % here,
                    'valid-after="20200101",valid-before="20991231Z"',
                    'namespaces="file,sftp-*"',
                    'namespaces="sftp-record",valid-after="%s"' % soon):
        whole(one, key=given(options))
    for options in ('valid-before="%s"' % soon, 'valid-before="%s"' % here,
                    'valid-after="20980101"', 'namespaces="file"',
                    'namespaces="!sftp-record,*"'):
        wrong(one, "not that of one of the keys", key=given(options))
    wrong(one, "as they were valid then",
          key=given('valid-before="%s"' % soon))
    for options, text in (
            ("cert-authority", "certificates do not sign"),
            ('namespaces="a",cert-authority', "certificates do not sign"),
            ("no-touch-required", "unknown option 'no-touch-required'"),
            ('valid-after="2020"', "'2020': expected YYYYMMDD"),
            ('valid-after="20201301"', "'20201301': expected YYYYMMDD"),
            ('valid-after="20200101",valid-before="20200101"', "not later"),
            ('namespaces="a",namespaces="b"', "expected once"),
            ("valid-after=20200101", "unknown option"),
            ('namespaces="a', "one word of options")):
        code, said = verify(one, key=given(options))
        expect(code == 2 and "signers:2: " in said and text in said,
               (options, code, said))


@promise("verify says how many records were in a file that was not given, and "
         "when a daemon did not know the one before")
def _():
    one = Recorded()
    one.start()
    must(one.sftp("mkdir a"))
    one.wait_record("logout")
    last = one.records()[-1]["n"]
    with open(one.record, "r+b") as file:
        file.truncate(0)
    must(one.sftp("mkdir b"))
    one.wait_record("mkdir", path=one.home("b"))
    one.settled()
    text = whole(one)
    expect("not given: %d records were before" % last in text, text)
    os.rename(one.record, one.record + ".1")
    one.choose_ports()
    one.start()
    one.settled()
    text = whole(one, one.record + ".1", one.record)
    expect("without knowing the one before" in text, text)


@promise("verify finds what is signed too late, if it is told what that is")
def _():
    late = srv.path("late")
    with open(late, "wb") as out:
        for line in srv.lines():
            out.write(line)
            if b'"signature"' in line:
                break
    lines = srv.lines(late)
    lines[0] = re.sub(b'"time":"....', b'"time":"2001', lines[0])
    with open(late, "wb") as out:
        out.writelines(rechained(lines, 1))
    wrong(srv, "more than 5 minutes between", late,
          options=["--chain-only", "--minutes", "5"])
    whole(srv, late, options=["--chain-only"])


@promise("the running server finds a file that became shorter or was changed "
         "at its end, and says so in a record")
def _():
    one = Recorded()
    one.start()
    with paramiko_sftp(one) as client:
        for name in "abc":
            client.mkdir(name)
        one.wait_record("mkdir", path=one.home("c"))
        last = one.records()[-1]["n"]
        with open(one.record, "r+b") as file:
            file.truncate(sum(map(len, one.lines()[:-2])))
        client.mkdir("d")
        missing = one.wait_record("missing")
        expect_same(missing["after"], last, "the last number")
    one.settled()
    wrong(one, "found the file without its last records")


@promise("a removed file is said in the system log; the next one follows, and "
         "names the last record")
def _():
    one = Recorded()
    one.start()
    last = wait_for(one.records, "the beginning")[-1]["n"]
    os.unlink(one.record)
    must(one.sftp("mkdir a"))
    one.wait_log("system.log", "the file was removed")
    first = wait_for(one.records, "the new file")[0]
    expect(first["n"] > last and first["prev"] != "0" * 64, first)
    one.settled()
    whole(one)


@promise("the examples of sftp-record(8) work")
def _():
    place = srv.path("examples")
    os.makedirs(place + "/bin")
    os.symlink(TOOL, place + "/bin/sftp-record")
    shutil.copy(srv.record + ".1", place)
    # What copytruncate has left comes between.
    with open(place + "/record.log.1", "wb") as out:
        for name in (".1", ".2"):
            out.write(b"".join(srv.lines(srv.record + name)))
    with open(place + "/record.log", "wb") as out:
        out.write(b"".join(srv.lines()))
    with open(os.path.join(SOURCE, "doc/man/sftp-record.8.md")) as page:
        examples = page.read().split("## EXAMPLES")[1].split("## SEE")[0]
    script = "".join(line[4:] + "\n" for line in examples.splitlines()
                     if line.startswith("    "))
    expect(script.count("ssh_host_ed25519_key.pub") == 2, script)
    script = script.replace("/etc/ssh/ssh_host_ed25519_key.pub",
                            srv.hostkey())
    res = run(["sh", "-ec", script], cwd=place, env=dict(
        os.environ, PATH=place + "/bin:" + os.environ["PATH"]))
    text = res.stdout.decode() + res.stderr.decode()
    expect(res.returncode == 0 and "Good \"sftp-record\" signature" in text,
           text)


@promise("odd files and arguments of sftp-record are no traces but lines")
def _():
    with open(srv.path("odd"), "wb") as out:
        out.write(os.urandom(3000) + b"\n{\"prev\":1}\n" + b"[" * 100000 +
                  b"\n{\"prev\":\"\",\"what\":\"signature\",\"n\":1e3}\n"
                  b"{\"prev\":\"\\ud800\",\"what\":\"signature\",\"n\":1,"
                  b"\"signature\":\"\\ud800\"}\n{\"prev\":\"\",\"what\":"
                  b"\"lost\",\"n\":2,\"records\":\"x\"}\n")
    wrong(srv, "this is no record", srv.path("odd"))
    for words in (["verify"], ["verify", srv.record], ["extract"], [],
                  ["verify", "-k", "/none", srv.record],
                  ["verify", "-k", srv.hostkey(), "/none"],
                  ["verify", "-k", srv.record, srv.record],
                  ["extract", srv.record, "1"]):
        code, text = usage(*words)
        expect(code == 2 and "Traceback" not in text, "%r: %s" % (words, text))
    expect_same(verify(srv, srv.path("rec/log"), "/dev/null")[0], 0, "empty")


# ---- The configuration

@promise("a daemon does not start with a file that others could write, or "
         "without a key to sign it")
def _():
    for name, prepare, text in (
            ("open/log", lambda s: (os.mkdir(s.path("open")),
                                    os.chmod(s.path("open"), 0o777)),
             "others may write to its directory"),
            ("staff/log", lambda s: (os.mkdir(s.path("staff")),
                                     os.chmod(s.path("staff"), 0o775),
                                     os.chown(s.path("staff"), 0, GID)),
             "others may write to its directory"),
            ("user/log", lambda s: (os.mkdir(s.path("user")),
                                    os.chown(s.path("user"), UID, 0)),
             "its directory belongs to another user"),
            ("his/rec/log", lambda s: (
                os.makedirs(s.path("his/rec")), os.chown(s.path("his"), UID, 0)),
             "his above it belongs to another user"),
            ("all/rec/log", lambda s: (
                os.makedirs(s.path("all/rec")), os.chmod(s.path("all"), 0o777)),
             "others may write to .*/all above it"),
            ("way/log", lambda s: (
                os.mkdir(s.path("rec")), os.symlink("rec", s.path("way")),
                os.lchown(s.path("way"), UID, 0)),
             "way above it belongs to another user"),
            ("way/log", lambda s: (
                os.makedirs(s.path("his/rec")), os.mkdir(s.path("rec")),
                os.symlink("his/rec/to", s.path("way")),
                os.symlink("../../rec", s.path("his/rec/to")),
                os.chown(s.path("his"), UID, 0)),
             "his above it belongs to another user"),
            ("link", lambda s: os.symlink("pid", s.path("link")),
             "it is a symbolic link"),
            ("fifo", lambda s: os.mkfifo(s.path("fifo")),
             "it is not a regular file"),
            ("wide", lambda s: (open(s.path("wide"), "w").close(),
                                os.chmod(s.path("wide"), 0o666)),
             "others may write to it"),
            ("other", lambda s: shutil.copy(s.key, s.path("other")),
             "it does not begin with a record"),
            ("none/log", lambda s: None, "No such file or directory")):
        one = Server("SFTPTransferRecord @DIR@/%s\n" % name)
        prepare(one)
        log = one.refuses_to_start()
        expect(re.search(text, log) and "SFTPTransferRecord" in log, log)
    for path, text in (("/proc/log", "a file system of type proc"),
                       ("/sys/kernel/log", "a file system of type sysfs"),
                       ("/dev/null", "it is not a regular file")):
        if not os.path.exists(os.path.dirname(path)):
            continue            # a container without it
        log = Server("SFTPTransferRecord %s\n" % path).refuses_to_start()
        expect("SFTPTransferRecord '%s': " % path in log and text in log and
               "expected one" in log, log)
    log = Server("SFTPTransferRecord @DIR@/log\nSFTPHostKey NoED25519\n"
                 "SFTPHostKey NoECDSA\nSFTPHostKey NoRSA\n"
                 ).refuses_to_start()
    expect("no host key to sign with" in log, log)
    log = Server("SFTPTransferRecord @DIR@/log records 5\n<VirtualHost "
                 "127.0.0.1>\nPort 2\nSFTPTransferRecord @DIR@/log\n"
                 "</VirtualHost>\n").refuses_to_start()
    expect("need the same records" in log, log)
    log = Server("SFTPTransferRecord @DIR@/log records 5\n<VirtualHost "
                 "127.0.0.1>\nPort 2\nSFTPTransferRecord @DIR@//log\n"
                 "</VirtualHost>\n").refuses_to_start()
    expect("the same file by another path" in log, log)
    for words in ("", "log", "@DIR@/", "@DIR@/log records", "none records 5",
                  "@DIR@/log records 0", "@DIR@/log minutes x",
                  "@DIR@/log when-full no", "@DIR@/log often"):
        log = Server("SFTPTransferRecord %s\n" % words).refuses_to_start()
        expect("SFTPTransferRecord: " in log, "%r: %s" % (words, log))


@promise("a virtual host has the file of <Global> or its own, and none without")
def _():
    one = FtpServer("<Global>\nSFTPTransferRecord @DIR@/all\n</Global>\n"
                    "SFTPTransferRecord @DIR@/own\n")
    one.start()
    must(one.sftp("mkdir a"))
    one.ftp().quit()
    one.no_sessions()
    wait_for(lambda: "logout" in one.log("own") and "logout" in one.log("all"),
             "the records")
    expect("password" not in one.log("own") and '"publickey"' not in
           one.log("all"), "records in the wrong file")
    one.stop_clean()
    wait_for(lambda: one.log("all").count("SIGNATURE") and
             '"logout"' in one.log("all").split("SIGNATURE")[-3], "the end")
    whole(one, one.path("all"), key=one.path("host_ed25519.pub"))
    off = FtpServer("<Global>\nSFTPTransferRecord @DIR@/all\n</Global>\n"
                    "SFTPTransferRecord none\n")
    off.start()
    must(off.sftp("mkdir a"))
    off.ftp().quit()
    wait_for(lambda: '"logout"' in off.log("all"), "the records")
    expect("publickey" not in off.log("all"), off.log("all"))
    off.stop_clean()


@promise("behind inetd each session has a recorder of its own, for the same "
         "chain")
def _():
    one = Recorded(text="ServerType inetd\n", drop=("ServerType",))
    one.write_config()
    env = {name: value for name, value in os.environ.items()
           if name not in ("TMPDIR", "MOD_SFTP_PRELOAD")}
    if PRELOAD:
        env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
    with socket.create_server(("127.0.0.1", one.port)) as listener:
        for name in ("a", "b"):
            client = subprocess.Popen(
                ["sftp", "-q", "-F", one.ssh_config(), "-b", one.local(
                    "batch", b"mkdir " + name.encode() + b"\n"), "srv"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            sock, _ = listener.accept()
            with sock:
                subprocess.run(
                    [PROFTPD, "-c", one.path("proftpd.conf")], stdin=sock,
                    stdout=sock, stderr=subprocess.DEVNULL, env=env, cwd="/",
                    timeout=PATIENCE, check=False)
            expect_same(client.wait(PATIENCE), 0, "sftp")
    wait_for(lambda: not one.recorders(), "the recorders to end")
    expect_same(len(one.records("mkdir")), 2, "records")
    whole(one)


main(srv)
