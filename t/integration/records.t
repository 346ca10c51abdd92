#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What became of a transfer is in the records: errors of the disk, where it
began, how much went which way; as FTP on the same daemon records it."""

import ftplib
import io
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from clients import paramiko_transport
from ftphost import FtpServer
from rawsftp import HANDLE, Raw, num, quad, string
from server import SOURCE, Server, must, run

LOG = """
ExtendedLog @DIR@/%s ALL all
UseSendfile off
<Directory ~/small>
  MaxStoreFileSize 100 Kb
</Directory>
<Directory ~/norn>
  <Limit RNTO>
    DenyAll
  </Limit>
</Directory>
<Directory ~/nostor>
  <Limit STOR>
    DenyAll
  </Limit>
</Directory>
"""
FORMAT = """
LogFormat all "%m|%s|%S|%b|%{file-offset}|%{transfer-status}|%{transfer-failure}|%{protocol}|%{basename}|%{note:mod_sftp.transfer-failure}"
"""
FIELDS = ("command", "code", "text", "bytes", "offset", "status", "failure",
          "protocol", "name", "note")

# The paths of descriptors tell which ones fail: no chroot hides them.
srv = FtpServer(FORMAT + LOG % "ext.log", drop=("DefaultRoot",),
                ftp=LOG % "ftp.log" +
                "TransferLog @DIR@/ftp-transfer.log\nDefaultRoot /\n")
srv.env["LD_PRELOAD"] = srv.path("failio.so")
must(run(["cc", "-shared", "-fPIC", "-O", "-Wall", "-Wextra", "-Werror",
          "-D_GNU_SOURCE", "-o", srv.path("failio.so"),
          os.path.join(SOURCE, "t/companion/failio.c")]))
os.chmod(srv.path("failio.so"), 0o755)
for folder in ("small", "norn", "nostor"):
    srv.mkdir(folder)

BIG = os.urandom(150000)
PIECE = 32768


def records(log, *commands):
    """Lines of an ExtendedLog, as dictionaries, since the last call."""
    srv.no_sessions()
    lines = [dict(zip(FIELDS, line.split("|")))
             for line in srv.log(log).splitlines()]
    open(srv.path(log), "wb").close()
    return [line for line in lines if line["command"] in commands]


def transfers(log="transfer.log"):
    """(name, bytes, direction, protocol, c or i) since the last call."""
    srv.no_sessions()
    found = []
    for line in srv.log(log).splitlines():
        words = line.split()
        found.append((os.path.basename(words[8]), int(words[7]), words[11],
                      words[14], words[17]))
    if os.path.exists(srv.path(log)):
        open(srv.path(log), "wb").close()
    return found


def forget():
    for log in ("ext.log", "ftp.log"):
        records(log)
    for log in ("transfer.log", "ftp-transfer.log"):
        transfers(log)
    open(srv.path("sftp.log"), "wb").close()


def by_ftp(call):
    """What FTP records of the same."""
    client = srv.ftp()
    try:
        call(client)
    except (ftplib.Error, OSError):
        pass
    client.close()
    found = records("ftp.log", "STOR", "APPE", "RETR", "RNFR", "RNTO")
    return found, transfers("ftp-transfer.log")


def path(name):
    return os.path.join(srv.home(), name).encode()


def ask_write(raw, handle, offset, data):
    return raw.status(6, string(handle) + quad(offset) + string(data))


def upload(name, data=BIG, flags=0x1a, begin=0):
    """Writes one piece after the other; the codes."""
    with Raw(srv, 3) as raw:
        handle = raw.open_with(path(name).decode(), num(flags))
        codes = [ask_write(raw, handle, begin + at, data[at:at + PIECE])
                 for at in range(0, len(data), PIECE)]
        raw.ask(4, string(handle))
    return codes


def download(name, begin=0, end=len(BIG), again=False):
    with Raw(srv, 3) as raw:
        handle = raw.open_with(path(name).decode(), num(1))
        for at in range(begin, end, PIECE):
            body = string(handle) + quad(at) + num(PIECE)
            kind, _ = raw.ask(5, body)
            if kind == 101 and again:
                raw.ask(5, body)
        raw.ask(4, string(handle))


def same_as_ftp(ours, theirs, *fields):
    for field in fields:
        expect_same(ours[field], theirs[field], "%s of %s, and in FTP" % (
            field, ours))


def check_upload(name, code, why):
    srv.put(name)
    theirs, _ = by_ftp(lambda ftp: ftp.storbinary(
        "STOR " + name, io.BytesIO(BIG)))
    forget()
    codes = upload(name)
    expect(codes[0] == 0 and codes[-1] != 0, "WRITEs: %r" % codes)
    log = srv.log("sftp.log")
    lines = re.findall(r"error writing '\S+' at byte \d+: .*", log)
    expect_same(len(lines), 1, "lines in %s" % log)
    expect(why in lines[0], lines[0])
    every = records("ext.log", "WRITE", "STOR")
    failed = [line for line in every if line["command"] == "WRITE" and
              line["code"] != "0"]
    expect(failed, "no failed WRITE in %r" % every)
    line = [line for line in every if line["command"] == "STOR"]
    expect_same(len(line), 1, "lines of STOR")
    expect_same(line[0]["code"], code, "code of %r" % line[0])
    same_as_ftp(line[0], theirs[0], "code", "status")
    expect(why in line[0]["text"] and why in line[0]["failure"] and
           "Transfer" not in line[0]["failure"], "%r" % line[0])
    done = transfers()
    expect_same([(one[0], one[2:]) for one in done],
                [(os.path.basename(name), ("i", "sftp", "i"))], "TransferLog")


@promise("a full disk is one line in SFTPLog, 452 and the reason")
def _():
    check_upload("fail-enospc", "452", "No space left on device")


@promise("a quota of the disk: 552 and the reason")
def _():
    check_upload("fail-edquot", "552", "Disk quota exceeded")


@promise("an error of the disk while writing: 451 and the reason")
def _():
    check_upload("fail-eio", "451", "Input/output error")


@promise("an upload above MaxStoreFileSize is 552")
def _():
    check_upload("small/new", "552", "MaxStoreFileSize is 102400 bytes")


@promise("the same by SCP: code, text, and an incomplete transfer")
def _():
    for name, code, why in (
            ("fail-enospc", "452", "No space left on device"),
            ("fail-edquot", "552", "Disk quota exceeded"),
            ("fail-eio", "451", "Input/output error"),
            ("small/new", "552", "MaxStoreFileSize is 102400 bytes"),
            ("fail-close", "451", "Input/output error")):
        forget()
        result = srv.scp("-O", srv.local("data", BIG), "srv:" + name)
        expect(result.returncode != 0, name + " went well")
        line, = records("ext.log", "STOR")
        expect_same((line["code"], line["status"], line["protocol"]),
                    (code, "failed", "scp"), "%r" % line)
        expect_same((line["text"], line["note"]), ("Transfer aborted. " + why,
                                                   why), "%r" % line)
        expect_same([one[2:] for one in transfers()], [("i", "scp", "i")],
                    "TransferLog")


@promise("an error of reading is an incomplete download, as in FTP")
def _():
    srv.put("fail-read", BIG)
    theirs, listed = by_ftp(lambda ftp: ftp.retrbinary("RETR fail-read", len))
    forget()
    download("fail-read")
    line, = records("ext.log", "RETR")
    same_as_ftp(line, theirs[0], "code", "text", "status", "failure", "bytes")
    expect_same(transfers(), [("fail-read", 65536, "o", "sftp", "i")],
                "TransferLog")
    expect_same(listed[0][-1], "i", "FTP's")
    expect("error reading" in srv.log("sftp.log"), "nothing in SFTPLog")
    forget()
    result = srv.scp("-O", "srv:fail-read", srv.local("back"))
    expect(result.returncode != 0, "it went well")
    line, = records("ext.log", "RETR")
    expect_same((line["code"], line["text"], line["protocol"]),
                ("451", "Transfer aborted. Input/output error", "scp"), "scp")
    expect_same([one[2:] for one in transfers()], [("o", "scp", "i")],
                "TransferLog")


@promise("an error that was corrected by a second attempt does not count")
def _():
    srv.put("fail-once", BIG)
    forget()
    download("fail-once", again=True)
    line, = records("ext.log", "RETR")
    expect_same((line["code"], line["status"], line["bytes"]),
                ("226", "success", "150000"), "%r" % line)
    expect_same(transfers(), [("fail-once", 150000, "o", "sftp", "c")],
                "TransferLog")


@promise("the end of a connection is the reason for its incomplete transfers")
def _():
    forget()
    with Raw(srv, 3) as raw:
        handle = raw.open_with(path("cut").decode(), num(0x1a))
        ask_write(raw, handle, 0, b"data")
    line, = records("ext.log", "STOR")
    expect_same((line["code"], line["failure"], line["status"]),
                ("426", "The connection ended", "failed"), "%r" % line)


@promise("the reason of a refused transfer, whatever stops are in its name")
def _():
    forget()
    with Raw(srv, 3) as raw:
        raw.ask(3, string(path("nostor/a.b.c")) + num(0x1a) + num(0))
        raw.ask(3, string(path("gone.d/a.b.c")) + num(1) + num(0))
    lines = records("ext.log", "STOR", "RETR")
    expect_same([(line["code"], line["status"]) for line in lines],
                [("550", "failed")] * 2, "%r" % lines)
    expect_same([line["failure"] for line in lines],
                ["denied by <Limit STOR>", "No such file or directory"],
                "reasons")
    expect_same([line["note"] for line in lines],
                [line["failure"] for line in lines], "notes")


@promise("the offset is the start of a resumed transfer, as in FTP")
def _():
    srv.put("plain", BIG)
    theirs, _ = by_ftp(lambda ftp: ftp.retrbinary("RETR plain", len,
                                                  rest=100000))
    forget()
    download("plain", 100000)
    line, = records("ext.log", "RETR")
    same_as_ftp(line, theirs[0], "offset", "bytes", "code")
    expect_same(line["offset"], "100000", "offset")
    for flags, command in ((2, "STOR"), (6, "APPE")):
        srv.put("part", b"y" * 1000)
        theirs, _ = by_ftp(lambda ftp: ftp.storbinary(
            command + " part", io.BytesIO(BIG),
            rest=1000 if command == "STOR" else None))
        srv.put("part", b"y" * 1000)
        forget()
        upload("part", flags=flags, begin=1000)
        line, = records("ext.log", command)
        same_as_ftp(line, theirs[0], "offset", "bytes", "code", "text")
    forget()
    upload("fresh")
    found = records("ext.log", "WRITE", "STOR")
    expect_same([line["offset"] for line in found],
                [str(at) for at in range(0, len(BIG), PIECE)] + ["0"],
                "offsets")


@promise("the record of CLOSE is about the file that was closed")
def _():
    forget()
    with Raw(srv, 3) as raw:
        first = raw.open_with(path("closed-1").decode(), num(0x1a))
        second = raw.open_with(path("closed-2").decode(), num(0x1a))
        ask_write(raw, first, 0, b"data")
        for handle in (second, first):
            expect_same(raw.status(4, string(handle)), 0, "CLOSE")
    expect_same([(line["name"], line["bytes"], line["code"])
                 for line in records("ext.log", "CLOSE")],
                [("closed-2", "0", "0"), ("closed-1", "4", "0")],
                "name, bytes, code")


@promise("a RNTO that is refused, or fails, does not mark its RNFR")
def _():
    for source, target in (("plain", "norn/x"), ("plain", "gone/x"),
                           ("gone", "norn/x")):
        theirs, _ = by_ftp(lambda ftp: ftp.rename(source, target))
        forget()
        with Raw(srv, 3) as raw:
            raw.ask(18, string(path(source)) + string(path(target)))
        ours = records("ext.log", "RNFR", "RNTO")
        for line, other in zip(ours, theirs):
            same_as_ftp(line, other, "command", "code")
        expect_same(ours[-1]["code"], "550", "RNTO of %s" % target)


@promise("a copy on the server is not a download of its source")
def _():
    with Raw(srv, 3) as raw:
        forget_later = raw.open_with(path("plain").decode(), num(1))
        to = raw.open_with(path("copied").decode(), num(0x1a))
        code = raw.status(200, string(b"copy-data") + string(forget_later)
                          + quad(10) + quad(0) + string(to) + quad(0))
        expect_same(code, 0, "copy-data")
        raw.ask(4, string(forget_later))
        raw.ask(4, string(to))
    lines = records("ext.log", "STOR", "RETR")
    expect_same([(line["command"], line["bytes"]) for line in lines
                 if line["name"] in ("plain", "copied")],
                [("STOR", str(len(BIG) - 10))], "records")
    expect_same([one for one in transfers() if one[0] in ("plain", "copied")],
                [("copied", len(BIG) - 10, "i", "sftp", "c")], "TransferLog")
    forget()
    with Raw(srv, 3) as raw:
        handle = raw.open_with(path("plain").decode(), num(1))
        raw.ask(4, string(handle))
    expect_same(transfers(), [("plain", 0, "o", "sftp", "c")], "opened")


def both_ways(*requests):
    forget()
    srv.put("both", BIG)
    with Raw(srv, 3) as raw:
        handle = raw.open_with(path("both").decode(), num(3))
        for kind, rest in requests:
            raw.ask(kind, string(handle) + rest)
        raw.ask(4, string(handle))
    return ([(line["command"], line["bytes"], line["offset"], line["code"])
             for line in records("ext.log", "STOR", "RETR")], transfers())


@promise("a file that was read and written has a record for each direction")
def _():
    read, write = (5, quad(500) + num(1000)), (6, quad(7) + string(b"data"))
    expect_same(both_ways(read, write), (
        [("STOR", "4", "7", "226"), ("RETR", "1000", "500", "226")],
        [("both", 4, "i", "sftp", "c"), ("both", 1000, "o", "sftp", "c")]),
        "both")
    expect_same(both_ways(read, read), (
        [("RETR", "2000", "500", "226")], [("both", 2000, "o", "sftp", "c")]),
        "read alone")
    expect_same(both_ways(write), (
        [("STOR", "4", "7", "226")], [("both", 4, "i", "sftp", "c")]),
        "written alone")


@promise("records name the protocol of their own channel")
def _():
    forget()
    with Raw(srv, 3) as raw:
        first = raw.open_with(path("first").decode(), num(0x1a))
        scp = raw.transport.open_session()
        scp.settimeout(30)
        scp.exec_command(b"scp -t " + path("by-scp"))
        expect_same(scp.recv(1), b"\0", "scp is ready")
        scp.sendall(b"C0644 4 x\n")
        expect_same(scp.recv(1), b"\0", "the record")
        # In the middle of it, and behind it.
        ask_write(raw, first, 0, b"data")
        raw.ask(4, string(first))
        scp.sendall(b"data\0")
        expect_same(scp.recv(1), b"\0", "the file")
        scp.shutdown_write()
        expect_same(scp.recv(1), b"", "the end")
        second = raw.open_with(path("second").decode(), num(0x1a))
        ask_write(raw, second, 0, b"data")
        raw.ask(4, string(second))
        raw.open_with(path("third").decode(), num(0x1a))
    lines = records("ext.log", "STOR")
    wanted = [("first", "sftp"), ("by-scp", "scp"), ("second", "sftp"),
              ("third", "sftp")]
    expect_same([(line["name"], line["protocol"]) for line in lines], wanted,
                "ExtendedLog")
    expect_same([(one[0], one[3]) for one in transfers()], wanted,
                "TransferLog")


@promise("SFTPUploadSync: data and new names are on disk before the client hears "
         "that the upload is done, and a disk that fails fails it")
def _():
    safe = Server("SFTPUploadSync close\n<Directory ~/hidden>\n"
                  "HiddenStores on\n</Directory>\n", drop=("DefaultRoot",))
    log = safe.local("synced", b"")
    os.chmod(log, 0o666)
    safe.env.update(srv.env, FAILIO_SYNCED=log)
    safe.mkdir("hidden")
    safe.mkdir("blind", mode=0o300)
    safe.put("old", b"old")

    def synced():
        with open(log, "r+") as file:
            lines = file.read().splitlines()
            file.truncate(0)
        return [line.replace(safe.home(), "~/").replace(
            safe.home().rstrip("/"), "~") for line in lines]

    safe.start()
    with Raw(safe, 3) as raw:
        for name, flags, wanted in (
                ("new", 0x1a, ["fsync ~/new", "fsync ~"]),
                ("old", 0x1a, ["fsync ~/old", "fsync ~"]),
                ("old", 0x06, ["fsync ~/old"]),
                ("hidden/new", 0x1a, ["fsync ~/hidden/.in.new.",
                                      "fsync ~/hidden"]),
                ("blind/new", 0x1a, ["fsync ~/blind/new",
                                     "syncfs ~/blind/new"]),
                ("old", 1, [])):
            handle = raw.open_with(safe.home(name), num(flags))
            if flags != 1:
                ask_write(raw, handle, 0, b"data")
            raw.ask(4, string(handle))
            expect_same(synced(), wanted, name)
        handle = raw.open_with(safe.home("here"), num(0x1a))
        os.rename(safe.home("here"), safe.home("hidden/there"))
        raw.ask(4, string(handle))
        expect_same(synced(), ["fsync ~/hidden/there",
                               "syncfs ~/hidden/there"], "renamed meanwhile")
        raw.open_with(safe.home("left"), num(0x1a))
    safe.no_sessions()
    expect_same(synced(), [], "an aborted upload")
    local = safe.local("small", b"small")
    must(safe.scp("-O", local, "srv:%sscp" % safe.home()))
    expect_same(synced(), ["fsync ~/scp", "fsync ~"], "by SCP")
    for call in (lambda to: safe.sftp("put %s %s" % (local, to)),
                 lambda to: safe.scp("-O", local, "srv:" + to)):
        expect(call(safe.home("fail-fsync")).returncode != 0, "a broken disk")
    safe.no_sessions()
    text = safe.log("sftp.log")
    expect_same(text.count("SFTPUploadSync: unable to bring '%s' to disk: "
                           "Input/output error" % safe.home("fail-fsync")), 2,
                "lines in\n" + text)
    ends = [line.split()[-1] for line in
            safe.log("transfer.log").splitlines() if "fail-fsync" in line]
    expect_same(ends, ["i", "i"], "TransferLog")
    safe.stop_clean()


@promise("fsync@openssh.com of a disk that fails is told to the client, and "
         "the upload is incomplete")
def _():
    forget()
    with Raw(srv, 3) as raw:
        handle = raw.open_with(srv.home("fail-fsync"), num(0x1a))
        ask_write(raw, handle, 0, b"data")
        expect_same(raw.status(200, string(b"fsync@openssh.com")
                               + string(handle)), 4, "FSYNC")
        # A repeated WRITE changes nothing about it.
        ask_write(raw, handle, 0, b"data")
        raw.ask(4, string(handle))
    srv.no_sessions()
    expect("error bringing '%s' to disk: Input/output error"
           % srv.home("fail-fsync") in srv.log("sftp.log"), "no line")
    expect_same([(line["command"], line["code"], line["status"]) for line in
                 records("ext.log", "STOR")], [("STOR", "451", "failed")],
                "records")
    expect_same([line.split()[-1] for line in
                 srv.log("transfer.log").splitlines()
                 if "fail-fsync" in line], ["i"], "TransferLog")


main(srv)
