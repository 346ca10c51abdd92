#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""The host's rules hold for SFTP as they hold for FTP.

The same users, directories and rules are served twice, over SFTP and over FTP;
where both can ask the same thing, both are asked.
"""

import io
import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from ftphost import FtpServer, ftp_says
from server import Server, must, said, wait_for, GID
import rawsftp

RULES = """
  <Directory ~/nostor>
    <Limit STOR>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/noread>
    <Limit READ>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/nodirs>
    <Limit DIRS>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/nowrite>
    <Limit WRITE>
      DenyAll
    </Limit>
    <Limit MKD XMKD>
      AllowAll
    </Limit>
  </Directory>
  <Directory ~/nothing>
    <Limit ALL>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/nochmod>
    <Limit SITE_CHMOD>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/nosetstat>
    <Limit SETSTAT>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/nochgrp>
    <Limit SITE_CHGRP>
      DenyAll
    </Limit>
  </Directory>
  <Directory ~/owned>
    GroupOwner staff
  </Directory>
  <Directory ~/filter>
    PathDenyFilter "\\\\.evil$"
  </Directory>
  <Directory ~/keep>
    AllowOverwrite off
  </Directory>
  <Directory ~/masked>
    Umask 027 077
  </Directory>
  <Directory ~/hide>
    HideFiles "^secret"
  </Directory>
  <Directory ~/hidden>
    HideFiles "^secret"
    <Limit ALL>
      IgnoreHidden on
    </Limit>
  </Directory>
  <Directory ~/store>
    HiddenStores on
  </Directory>
  <Directory ~/small>
    MaxStoreFileSize 100 Kb
  </Directory>
  <Directory ~/words>
    DenyFilter "forbidden"
  </Directory>
  <Directory ~/fake>
    DirFakeMode 0444
  </Directory>
"""

LOG = """
LogFormat line "%m|%J|%s|%F|%b|%{file-modified}|%{transfer-status}|%{protocol}"
ExtendedLog @DIR@/ext.log ALL line
"""

FOLDERS = ("nostor", "noread", "nodirs", "nowrite", "nothing", "nochmod",
           "nosetstat", "nochgrp", "owned",
           "filter", "keep", "masked", "hide", "hidden", "store", "small",
           "words", "fake", "plain", "access")

SPARE = GID + 5                 # another group of alice's

srv = FtpServer(RULES + LOG + "SFTPExtensions +xattr\n",
                ftp="TransferLog @DIR@/ftp-transfer.log\n" + RULES)
terse = Server(RULES + "SFTPOptions TerseRefusals\n")


def ftp_refuses(command, *args):
    with srv.ftp() as client:
        return ftp_says(getattr(client, command), *args) or ""


def ftp_put(name, data=b"x"):
    return ftp_refuses("storbinary", "STOR " + name, io.BytesIO(data))


def refused(batch, *words):
    """The batch fails, and the log names the rule (OpenSSH's client shows
    its own words instead of the server's)."""
    before = len(srv.log("sftp.log"))
    result = srv.sftp(batch)
    expect(result.returncode != 0, "not refused: " + said(result))
    text = said(result) + srv.log("sftp.log")[before:]
    for word in words:
        expect(word in text, "no %r in: %s" % (word, text))


def put(name, data=b"x"):
    return "put %s %s" % (srv.local("data", data), name)


def got(name):
    return "get %s %s" % (name, srv.local("got"))


class Raw:
    """A client that keeps a file open: paramiko."""

    def __init__(self, server=None):
        import paramiko
        server = server or srv
        self.ssh = paramiko.Transport(("127.0.0.1", server.port))
        self.ssh.connect(username=server.user,
                         pkey=paramiko.Ed25519Key(filename=server.key))
        self.sftp = paramiko.SFTPClient.from_transport(self.ssh)
        self.kept = []

    def upload(self, name, data):
        """Writes a file and leaves it open."""
        out = self.sftp.open(name, "w")
        self.kept.append(out)
        out.write(data)
        return out

    def drop(self):
        """Ends the connection as a client does that dies."""
        self.ssh.sock.close()
        self.ssh.close()


def setup(server):
    for name in FOLDERS:
        server.mkdir(name)
        server.put(name + "/old", b"old content", 0o644)


for one in (srv, terse):
    setup(one)
with open(srv.path("group"), "a") as groups:
    groups.write("spare:x:%d:alice\n" % SPARE)


@promise("the client reads the rule that refused it")
def _():
    raw = Raw()
    srv.put("plain/gone", b"x")
    for words, call, *args in (
            ("<Limit STOR>", raw.sftp.open, "/nostor/new", "w"),
            ("<Limit READ>", raw.sftp.open, "/noread/old", "r"),
            ("<Limit WRITE>", raw.sftp.remove, "/nowrite/old"),
            ("<Limit SITE_CHMOD>", raw.sftp.chmod, "/nochmod/old", 0o600),
            ("PathDenyFilter", raw.sftp.mkdir, "/filter/a.evil"),
            ("AllowOverwrite", raw.sftp.open, "/keep/old", "w")):
        try:
            call(*args)
            expect(False, "not refused: " + words)
        except OSError as why:
            expect(words in str(why), "no %r in %r" % (words, str(why)))
    raw.drop()


@promise("<Limit STOR> refuses uploads")
def _():
    refused(put("nostor/new"), "Permission denied", "<Limit STOR>")
    expect(not os.path.exists(srv.home("nostor/new")), "the file was made")
    expect(ftp_put("nostor/new") != "", "FTP allows what SFTP must not")
    must(srv.sftp(put("plain/new") + "\n" + got("nostor/old")
                  + "\nmkdir nostor/sub"))


@promise("<Limit STOR> applies to scp, too")
def _():
    result = srv.scp("-O", srv.local("data", b"x"), "srv:nostor/scp")
    expect(result.returncode != 0, "not refused")
    expect(not os.path.exists(srv.home("nostor/scp")), "the file was made")


@promise("<Limit READ> refuses downloads and allows listing directories")
def _():
    refused(got("noread/old"), "<Limit READ>")
    expect(ftp_refuses("retrbinary", "RETR noread/old", len) != "",
           "FTP allows it")
    result = must(srv.sftp("ls noread"))
    expect(b"noread/old" in result.stdout, said(result))


@promise("<Limit READ> applies to a file opened to read and write")
def _():
    raw = Raw()
    try:
        raw.sftp.open("/noread/old", "r+")
        expect(False, "opened")
    except OSError:
        pass
    finally:
        raw.drop()


@promise("<Limit DIRS> hides the entries of a directory")
def _():
    result = srv.sftp("ls -l nodirs")
    expect(b"old" not in result.stdout, said(result))
    text = ftp_refuses("retrlines", "LIST nodirs", lambda line: None)
    lines = []
    if not text:
        srv.ftp().retrlines("LIST nodirs", lines.append)
    expect(not any("old" in line for line in lines), "FTP lists it")
    must(srv.sftp(got("nodirs/old")))


@promise("<Limit WRITE> does not deny what <Limit MKD> allows")
def _():
    must(srv.sftp("mkdir nowrite/sub"))
    refused(put("nowrite/new"), "<Limit WRITE>")
    refused("rm nowrite/old", "<Limit WRITE>")
    refused("rename nowrite/old nowrite/new", "<Limit WRITE>")
    refused("rename plain/old nowrite/new", "<Limit WRITE>")
    refused("ln plain/old nowrite/new", "<Limit WRITE>")
    refused("symlink /plain/old nowrite/new", "<Limit WRITE>")
    refused("chmod 600 nowrite/old", "<Limit WRITE>")
    refused("cp plain/old nowrite/new", "<Limit WRITE>")
    expect(ftp_refuses("mkd", "nowrite/sub2") == "", "FTP refuses MKD")
    expect(ftp_refuses("delete", "nowrite/old") != "", "FTP allows DELE")
    expect_same(srv.get("nowrite/old"), b"old content", "content")
    expect_same(sorted(os.listdir(srv.home("nowrite"))),
                ["old", "sub", "sub2"], "the directory")


@promise("no link bypasses a <Limit>")
def _():
    os.symlink("nothing", srv.home("detour"))
    os.symlink("../nothing/new", srv.home("plain/dangling"))
    os.symlink("../nothing/old", srv.home("plain/straight"))
    for batch in (got("detour/old"), put("detour/new"), "rm detour/old",
                  "mkdir detour/sub", "chmod 600 detour/old",
                  put("plain/dangling"), got("plain/straight"),
                  put("plain/straight"), "chmod 600 plain/straight",
                  "rename detour/old plain/stolen", "ls -l detour/old",
                  "ln detour/old plain/hard", "cp detour/old plain/copy",
                  "ln nothing/old plain/hard", "cp nothing/old plain/copy"):
        result = srv.sftp(batch)
        expect(result.returncode != 0, batch + ": " + said(result))
    expect_same(os.listdir(srv.home("nothing")), ["old"], "the directory")
    expect_same(srv.get("nothing/old"), b"old content", "content")
    expect_same(os.stat(srv.home("nothing/old")).st_mode & 0o777, 0o644,
                "mode")


@promise("<Limit SITE_CHMOD> refuses only chmod")
def _():
    refused("chmod 600 nochmod/old", "<Limit SITE_CHMOD>")
    must(srv.sftp(put("nochmod/new")))


def made_with(folder, mode):
    """What OPEN made of a file that came with a mode, a group and an
    extended attribute: mode, group, names of attributes."""
    name = folder + "/with"
    num, string = rawsftp.num, rawsftp.string
    with rawsftp.Raw(srv, 3) as raw:
        kind, left = raw.ask(3, string(name.encode()) + num(0x1a)
                             + num(0x80000006) + num(os.stat(srv.home()).st_uid)
                             + num(SPARE) + num(mode) + num(1)
                             + string(b"user.with") + string(b"1"))
        expect(kind == rawsftp.HANDLE, "%s: %r" % (name, left))
    found = os.stat(srv.home(name))
    return (found.st_mode & 0o7777, found.st_gid,
            os.listxattr(srv.home(name)))


@promise("the rules of SETSTAT apply to attributes of OPEN")
def _():
    names = ["user.with"]
    try:
        os.setxattr(srv.put("plain/probe", b""), "user.with", b"1")
    except OSError:
        names = []              # nor would OPEN
    expect_same(made_with("plain", 0o755), (0o755, SPARE, names), "no rule")
    expect_same(made_with("nochmod", 0o755), (0o644, SPARE, names),
                "<Limit SITE_CHMOD>")
    expect_same(made_with("nochgrp", 0o755), (0o755, GID, names),
                "<Limit SITE_CHGRP>")
    expect_same(made_with("owned", 0o700), (0o700, GID, names), "GroupOwner")
    expect_same(made_with("nosetstat", 0o755), (0o644, GID, []),
                "<Limit SETSTAT>")


@promise("<Limit SITE_CHMOD> applies to the modes that scp sends")
def _():
    script = srv.local("script", b"#!/bin/sh\n")
    os.chmod(script, 0o755)
    for folder, mode in (("plain", 0o755), ("nochmod", 0o644)):
        must(srv.scp("-O", script, "srv:%s/script" % folder))
        expect_same(os.stat(srv.home(folder + "/script")).st_mode & 0o7777,
                    mode, folder)


@promise("PathDenyFilter applies to every request that creates a name")
def _():
    for batch in (put("filter/a.evil"), "mkdir filter/d.evil",
                  "rename filter/old filter/b.evil",
                  "ln filter/old filter/c.evil",
                  "symlink old filter/e.evil",
                  "cp filter/old filter/f.evil"):
        refused(batch, "PathDenyFilter")
    result = srv.scp("-O", srv.local("data"), "srv:filter/g.evil")
    expect(result.returncode != 0, "scp was not refused")
    expect(ftp_put("filter/h.evil") != "", "FTP allows it")
    expect_same(os.listdir(srv.home("filter")), ["old"], "the directory")
    must(srv.sftp(put("filter/good")))


@promise("AllowOverwrite off keeps existing files")
def _():
    refused(put("keep/old"), "AllowOverwrite")
    refused("rename plain/old keep/old", "AllowOverwrite")
    raw = Raw()
    try:
        raw.sftp.open("/keep/old", "r+")
        expect(False, "opened to change it in place")
    except OSError:
        pass
    raw.drop()
    result = srv.scp("-O", srv.local("data"), "srv:keep/old")
    expect(result.returncode != 0, "scp was not refused")
    expect(ftp_put("keep/old") != "", "FTP allows it")
    expect_same(srv.get("keep/old"), b"old content", "content")
    must(srv.sftp(put("keep/new")))


@promise("Umask of a directory applies to new files and directories in it")
def _():
    must(srv.sftp(put("masked/file") + "\nmkdir masked/sub"))
    ftp_put("masked/ftp")
    expect_same(os.stat(srv.home("masked/ftp")).st_mode & 0o777, 0o640,
                "FTP's file")
    expect_same(os.stat(srv.home("masked/file")).st_mode & 0o777, 0o640,
                "the file")
    expect_same(os.stat(srv.home("masked/sub")).st_mode & 0o777, 0o700,
                "the directory")
    must(srv.sftp(put("plain/file") + "\nmkdir plain/sub"))
    expect_same(os.stat(srv.home("plain/file")).st_mode & 0o777, 0o644,
                "a file elsewhere")
    expect_same(os.stat(srv.home("plain/sub")).st_mode & 0o777, 0o755,
                "a directory elsewhere")


@promise("HideFiles hides in listings; with IgnoreHidden nobody gets in")
def _():
    for folder in ("hide", "hidden"):
        srv.put(folder + "/secret1", b"s")
    result = must(srv.sftp("ls -a hide\nls -a hidden\n" + got("hide/secret1")))
    expect(b"hide/old" in result.stdout and b"hidden/old" in result.stdout,
           said(result))
    shown = [word for word in result.stdout.split()
             if b"secret" in word and b"/" in word and b"local" not in word]
    expect_same(shown, [b"hide/secret1"], "names shown")
    refused(got("hidden/secret1"), "not found")
    refused("ls -l hidden/secret1", "not found")


@promise("a hidden file does not exist, whatever was asked before")
def _():
    string = rawsftp.string
    srv.put("hidden/secret1", b"s")
    for version in (3, 6):
        with rawsftp.Raw(srv, version) as raw:
            more = rawsftp.num(0x1ff) if version >= 4 else b""
            for name, status in (("old", None), ("secret1", 2), ("old", None),
                                 ("secret1", 2)):
                for kind in (7, 17):
                    body = string(b"/hidden/" + name.encode()) + more
                    expect_same(raw.status(kind, body), status,
                                "%d of %s, version %d" % (kind, name, version))


@promise("HiddenStores: opening a file that is not there does not create it")
def _():
    string, num = rawsftp.string, rawsftp.num
    before = sorted(os.listdir(srv.home("store")))
    with rawsftp.Raw(srv, 3) as raw:
        for flags in (2, 3, 6, 2 | 16):
            expect_same(raw.status(3, string(b"/store/none") + num(flags) +
                                   num(0)), 2, "flags %d" % flags)
        expect_same(sorted(os.listdir(srv.home("store"))), before,
                    "the directory")
    expect_same(sorted(os.listdir(srv.home("store"))), before,
                "the directory, later")


@promise("HiddenStores: a temporary name first, the name when complete")
def _():
    raw = Raw()
    out = raw.sftp.open("/store/file", "w")
    out.write(b"x" * 1000)
    names = sorted(os.listdir(srv.home("store")))
    expect("file" not in names and len(names) == 2, repr(names))
    out.close()
    expect_same(sorted(os.listdir(srv.home("store"))), ["file", "old"],
                "after close")
    expect_same(srv.get("store/file"), b"x" * 1000, "content")
    raw.drop()


@promise("HiddenStores: an interrupted upload does not change the old file")
def _():
    raw = Raw()
    raw.upload("/store/old", b"x" * 1000)
    expect_same(srv.get("store/old"), b"old content", "while it runs")
    raw.drop()
    srv.no_sessions()
    expect_same(sorted(os.listdir(srv.home("store"))), ["file", "old"],
                "afterwards")
    expect_same(srv.get("store/old"), b"old content", "content")


@promise("HiddenStores: a resumed upload keeps its beginning")
def _():
    srv.put("store/part", b"0123456789")
    must(srv.sftp("re" + put("store/part", b"0123456789abcdef")))
    expect_same(srv.get("store/part"), b"0123456789abcdef", "content")
    raw = Raw()
    change = raw.sftp.open("/store/part", "r+")
    change.seek(10)
    change.write(b"ABC")
    change.close()
    raw.drop()
    expect_same(srv.get("store/part"), b"0123456789ABCdef", "content")


@promise("MaxStoreFileSize stops an upload, a truncation and scp")
def _():
    big = b"z" * 300000
    refused(put("small/big", big))
    expect(os.path.getsize(srv.home("small/big")) <= 102400, "size")
    raw = Raw()
    try:
        with raw.sftp.open("/small/raw", "wb") as file:
            file.write(big)
        expect(False, "the upload was not refused")
    except OSError as why:
        expect("MaxStoreFileSize is 102400 bytes" in str(why), str(why))
    try:
        raw.sftp.truncate("/small/old", 5000000)
        expect(False, "truncate was not refused")
    except OSError:
        pass
    raw.drop()
    expect_same(srv.get("small/old"), b"old content", "content")
    raw = Raw()
    with raw.sftp.open("/small/log", "ab") as log:
        for size in (50000, 50000, 2400):
            log.write(b"z" * size)
        for size in (1, 50000):
            try:
                log.write(b"z" * size)
                log.flush()
                expect(False, "%d bytes more were appended" % size)
            except OSError as why:
                expect("MaxStoreFileSize" in str(why), str(why))
        expect_same(os.path.getsize(srv.home("small/log")), 102400, "size")
        os.truncate(srv.home("small/log"), 10)
        log.write(b"z" * 50000)
    raw.drop()
    expect_same(os.path.getsize(srv.home("small/log")), 50010, "size")
    result = srv.scp("-O", srv.local("data", big), "srv:small/scp")
    expect(result.returncode != 0, "scp was not refused")
    must(srv.sftp(put("small/ok", b"z" * 102400)))


@promise("DenyFilter applies to names in every request")
def _():
    must(srv.sftp("ls words\n" + put("words/ok")))
    refused("mkdir words/forbidden", "denied by DenyFilter")
    expect(not os.path.exists(srv.home("words/forbidden")), "made")


@promise("DirFakeMode shows in listings and attributes")
def _():
    result = must(srv.sftp("ls -l fake"))
    expect(re.search(rb"^-r--r--r-- .*old$", result.stdout, re.M),
           said(result))


@promise(".ftpaccess counts from the moment it exists")
def _():
    must(srv.sftp(put("access/one")))
    srv.put("access/.ftpaccess", b"<Limit STOR DELE>\nDenyAll\n</Limit>\n")
    refused(put("access/two"), "<Limit STOR>")
    refused("rm access/one", "<Limit DELE>")
    os.unlink(srv.home("access/.ftpaccess"))
    must(srv.sftp(put("access/two")))


@promise("SFTPOptions TerseRefusals does not reveal the rules")
def _():
    result = terse.sftp(put("nostor/new") + "\n")
    expect(result.returncode != 0, "not refused")
    expect(b"Limit" not in result.stderr + result.stdout, said(result))
    expect("<Limit STOR>" in terse.log("sftp.log"), "not in the log either")


@promise("ExtendedLog and TransferLog record a transfer as for FTP")
def _():
    must(srv.sftp(put("plain/logged", b"l" * 5000) + "\n"
                  + got("plain/logged") + "\nrm plain/logged"))
    text = srv.log("ext.log")
    for line in ("OPEN|/plain/logged|0|/plain/logged|0|false|-|sftp",
                 "STOR|/plain/logged|226|/plain/logged|5000|false|success|sftp",
                 "RETR|/plain/logged|226|/plain/logged|5000|false|success|sftp",
                 "DELE|/plain/logged|250|/plain/logged|5000|false|-|sftp",
                 "REMOVE|/plain/logged|0|-|-|false|-|sftp"):
        expect(line in text.splitlines(), "no " + line)
    pattern = r" 127\.0\.0\.1 5000 \S+/plain/logged b _ %s r alice sftp 0 \* c"
    for direction in "iod":
        expect(re.search(pattern % direction, srv.log("transfer.log")),
               "no %s line" % direction)


@promise("a failed upload is logged as failed")
def _():
    refused(put("nostor/again"))
    expect(re.search(r"^STOR\|/nostor/again\|550\|.*\|failed\|sftp$",
                     srv.log("ext.log"), re.M), "no STOR line")
    expect(re.search(r"^OPEN\|/nostor/again\|3\|", srv.log("ext.log"), re.M),
           "no OPEN line")


@promise("a WRITE that failed and was repeated with success is not a failure")
def _():
    raw = Raw()
    for name, repeated in (("lost", False), ("mended", True)):
        out = raw.sftp.open("/small/" + name, "w")
        out.seek(102390)
        for size in (100, 10) if repeated else (100,):
            try:
                out.write(b"r" * size)
                out.flush()
                expect(size == 10, "beyond MaxStoreFileSize")
            except OSError as why:
                expect(size == 100, str(why))
        out.close()
        code, end = (226, "c") if repeated else (552, "i")
        expect(re.search(r"^STOR\|/small/%s\|%d\|" % (name, code),
                         srv.log("ext.log"), re.M), "no STOR line: " + name)
        expect(re.search(r"/small/%s b _ i r alice sftp 0 \* %s$"
                         % (name, end), srv.log("transfer.log"), re.M),
               "no line: " + name)
    raw.drop()


@promise("an interrupted upload is logged as incomplete")
def _():
    raw = Raw()
    raw.upload("/plain/dies", b"d" * 1234)
    raw.drop()
    srv.no_sessions()
    expect(re.search(r" 1234 \S+/plain/dies b _ i r alice sftp 0 \* i",
                     srv.log("transfer.log")), "no line")
    expect(re.search(r"^STOR\|/plain/dies\|426\|/plain/dies\|1234\|",
                     srv.log("ext.log"), re.M), "no STOR line")
    expect_same(srv.get("plain/dies"), b"d" * 1234, "what was acknowledged")


@promise("two transfers at once are each logged with their own numbers")
def _():
    raw = Raw()
    one = raw.sftp.open("/plain/one", "w")
    two = raw.sftp.open("/plain/two", "w")
    one.write(b"1" * 111)
    two.write(b"2" * 222)
    one.write(b"1" * 111)
    two.close()
    one.close()
    raw.drop()
    for name in ("one", "two"):
        expect(re.search(r" 222 \S+/plain/%s b _ i " % name,
                         srv.log("transfer.log")), "no line for " + name)


@promise("ftpwho shows an upload with its file")
def _():
    raw = Raw()
    out = raw.sftp.open("/plain/shown", "w")
    out.write(b"x" * 1000)
    with open(srv.path("scoreboard"), "rb") as board:
        text = board.read()
    expect(b"STOR\0" in text and b"/plain/shown\0" in text, repr(text))
    out.close()
    raw.drop()


@promise("files that stay open are closed and logged when the client leaves")
def _():
    raw = Raw()
    raw.upload("/plain/left", b"x")
    raw.drop()
    srv.no_sessions()
    expect("aborting 1 unclosed file handle" in srv.log("sftp.log")
           or re.search(r"/plain/left b _ i r alice sftp 0 \* i",
                        srv.log("transfer.log")), "nothing said")


main(srv, terse)
