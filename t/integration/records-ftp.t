#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite proftpd-mod-vroot python3-paramiko

"""A table of transfers, each done by FTP, SFTP and SCP on the same daemon, all
side by side: TransferLog, ExtendedLog, SQLLog and mod_exec have one record of
each, field by field that of FTP."""

import concurrent.futures
import contextlib
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policydoors import Ftp, Session
from policyrun import PolicyServer
from policytable import Configuration, Table
from rawsftp import Raw, num, quad, string
from server import GID, PATIENCE, UID, must, run, wait_for
from tap import Failed, expect, expect_same, main, promise

COMMANDS = ("STOR", "APPE", "RETR")
FIELDS = ("%m", "%s", "%S", "%f", "%F", "%b", "%{file-offset}",
          "%{file-modified}", "%{transfer-status}", "%{transfer-failure}",
          "%{transfer-type}", "%{basename}", "%u", "%J", "%{protocol}",
          "%{note:mod_sftp.transfer-failure}", "%{transfer-millisecs}")
HOOK = ("%m", "%f", "%F", "%u", "%r")
TRANSFER = ("seconds", "bytes", "name", "type", "flag", "direction", "mode",
            "user", "protocol", "method", "id", "end")

COMMON = """
SQLEngine log
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db.@HOST@
SQLNamedQuery record INSERT "{sql}" records
SQLLog {names},{errors} record
ExecEngine on
ExecLog @DIR@/exec.log
ExecOptions logStderr
ExecOnCommand {names} /bin/sh @DIR@/hook @DIR@/exec.@HOST@ done {hook}
ExecOnError {names} /bin/sh @DIR@/hook @DIR@/exec.@HOST@ failed {hook}
ExtendedLog @DIR@/all.@HOST@ READ,WRITE all
""".format(sql=", ".join("'%s'" % name for name in FIELDS),
           names=",".join(COMMANDS),
           errors=",".join("ERR_" + name for name in COMMANDS),
           hook=" ".join(HOOK))

# name: lines.  "broken": in its chroot there is no database.
PLACES = {
    "free": "DefaultRoot /",
    "root": "",
    "vroot": "VRootEngine on",
    "alias": "VRootEngine on\nVRootAlias @HOME@/real ~/alias",
    "stalled": "DefaultRoot /\nTimeoutStalled 3",
    "nothing": "DefaultRoot /\nTimeoutNoTransfer 2\nTimeoutStalled 6",
    "session": "DefaultRoot /\nTimeoutSession 5",
    "hidden": "DefaultRoot /\nHiddenStores on",
    "aborted": "DefaultRoot /\nDeleteAbortedStores on",
    "broken": "SQLLog MLSD record",
}


class Records(PolicyServer):
    def __init__(self):
        table = Table("records.rows")
        table.modules = ["mod_sql", "mod_sql_sqlite", "mod_exec", "mod_vroot"]
        table.server = ['LogFormat all "%s"' % "|".join(FIELDS)]
        for name, lines in PLACES.items():
            one = Configuration(name)
            one.lines = (lines + COMMON).splitlines()
            table.configurations.append(one)
        super().__init__(table)
        os.mkdir(self.path("sql"))
        with open(self.path("hook"), "w") as hook:
            # Sessions write at the same time: a line at once.
            hook.write('log=$1\nshift\nline=$(printf "%s|" "$@")\n'
                       'echo "$line" >>"$log"\n')
        for one in self.configurations:
            # In a chroot, the database has the same name.
            os.makedirs(self.own(one.name, self.path("sql")[1:]))
            os.makedirs(self.own(one.name, "real"))
            for path in ("", "real", self.path("sql")[1:]):
                os.chown(self.own(one.name, path), UID, GID)
            for protocol in ("ftp", "ssh"):
                self.make_logs(one.name + "." + protocol)

    def own(self, place, name):
        return self.path("homes/%s/alice/%s" % (place, name))

    def make_logs(self, host):
        with contextlib.closing(sqlite3.connect(
                self.path("sql/db." + host))) as db:
            db.execute("CREATE TABLE records (%s)" % ", ".join(
                "f%d TEXT" % number for number in range(len(FIELDS))))
        for path in ("sql", "sql/db." + host):
            os.chmod(self.path(path), 0o777)
        place = host.partition(".")[0]
        if place != "broken":
            os.link(self.path("sql/db." + host), self.own(
                place, self.path("sql/db." + host)[1:]))
        with open(self.path("exec." + host), "w"):
            os.chmod(self.path("exec." + host), 0o666)

    def _virtual_host(self, one, protocol):
        return super()._virtual_host(one, protocol).replace(
            "@HOST@", one.name + "." + protocol)

    def lines(self, kind, place, protocol):
        """Records as dictionaries."""
        host = place + "." + protocol
        if kind == "sql":
            with contextlib.closing(sqlite3.connect(
                    self.path("sql/db." + host))) as db:
                return [dict(zip(FIELDS, row))
                        for row in db.execute("SELECT * FROM records")]
        if kind == "transfer":
            return [dict(zip(TRANSFER, [words[5]] + words[7:])) for words in (
                line.split() for line in self.log(
                    "transfer." + host).splitlines())]
        names = FIELDS if kind == "all" else ("how",) + HOOK
        return [dict(zip(names, line.split("|")))
                for line in self.log(kind + "." + host).splitlines()]


srv = Records()


def data_of(size):
    return b"0123456789abcdef" * (size // 16) + b"." * (size % 16)


class Row:
    """op: put, append, resume, get, getfrom.  size: of what is sent, or of
    the file.  end: done, abort (the client gives up), cut (it is gone), term
    (the session is killed), wait (a timeout ends it).  old: size of what is there before."""

    def __init__(self, op, size=50000, place="free", end="done", old=None,
                 offset=0, folder=""):
        self.op, self.size, self.place, self.end = op, size, place, end
        self.offset, self.folder = offset, folder
        self.old = size if old is None and op.startswith("get") else old
        self.name = "-".join([op, place, end, str(size), str(old),
                              folder.strip("/")]).rstrip("-")

    def __str__(self):
        return self.name


def all_rows():
    for place in ("root", "free", "vroot"):
        yield Row("put", place=place)
        yield Row("get", place=place)
        yield Row("put", place=place, end="cut")
    yield Row("put", place="alias", folder="alias/")
    yield Row("get", place="alias", folder="alias/")
    yield Row("put", size=0)
    yield Row("get", size=0)
    yield Row("put", old=10)
    yield Row("append", old=1000)
    yield Row("append")
    yield Row("append", size=0, old=1000)
    yield Row("resume", old=1000, offset=1000)
    yield Row("resume", old=2000, offset=500)
    yield Row("getfrom", offset=20000)
    yield Row("get", size=8000000, end="cut")
    for op in ("put", "append", "get"):
        yield Row(op, size=8000000 if op == "get" else 50000, end="term",
                  old=1000 if op == "append" else None)
    yield Row("put", place="stalled", end="wait")
    yield Row("put", place="nothing", end="wait")
    yield Row("put", place="session", end="wait")
    yield Row("get", size=8000000, place="stalled", end="wait")
    yield Row("put", place="hidden")
    yield Row("put", place="hidden", end="cut")
    yield Row("put", place="hidden", old=10, end="term")
    yield Row("put", place="aborted", end="cut")
    yield Row("put", place="aborted", end="term")
    yield Row("put", end="abort")
    yield Row("get", size=8000000, end="abort")
    yield Row("put", place="hidden", end="abort")
    yield Row("put", place="aborted", end="abort")
    yield Row("pair")
    yield Row("tree")


ROWS = list(all_rows())
SENT = 32000                # of an upload that is ended before its end
DOORS = {"f": "ftp", "s": "sftp", "c": "scp"}


def target(row, door):
    """As the client names it; and the file."""
    name = row.folder + door + "-" + row.name
    path = srv.own(row.place, (row.folder.replace("alias", "real")) + door +
                   "-" + row.name)
    return (path if "DefaultRoot /" in PLACES[row.place] else
            "/" + name), path


def prepare(row, door):
    _, path = target(row, door)
    if row.op in ("pair", "tree"):
        os.mkdir(path)
        os.chown(path, UID, GID)
    if row.old is not None:
        with open(path, "wb") as out:
            out.write(data_of(row.old))
        os.chown(path, UID, GID)


def arrived(path, size):
    """That much is on the disk, in the file or a temporary one."""
    folder, name = os.path.split(path)
    wait_for(lambda: any(
        os.path.getsize(os.path.join(folder, one)) >= size
        for one in os.listdir(folder) if name in one), "data in " + path)


def session_of(sock):
    """The process that has the other end."""
    ends = ["%s:%04X" % ("0100007F", end[1])
            for end in (sock.getpeername(), sock.getsockname())]
    with open("/proc/net/tcp") as table:
        # A line may be there twice while others come and go.
        inode, = {line.split()[9] for line in table
                  if line.split()[1:3] == ends}
    for pid in srv.sessions():
        folder = "/proc/%d/fd/" % pid
        # Other sessions end meanwhile.
        with contextlib.suppress(OSError):
            for fd in os.listdir(folder):
                with contextlib.suppress(OSError):
                    if os.readlink(folder + fd) == "socket:[%s]" % inode:
                        return pid
    raise Failed("no session has it")


def cut(*socks):
    """As when the client is killed and its host gone."""
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        sock.close()


def end_early(row, sock, *more):
    """cut, term or wait, until the server has ended the session."""
    if row.end != "cut":
        # Nothing is read: the client's own threads would see a broken packet.
        pid = session_of(sock)
        if row.end == "term":
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: pid not in srv.sessions(), "the end of a session")
    cut(*more, sock)


# ---- FTP


def by_ftp(row):
    host = srv.host(next(one for one in srv.configurations
                         if one.name == row.place), "ftp")
    name, path = target(row, "f")
    client = Ftp(host.port, host.user, host.password)
    with contextlib.closing(client):
        if row.op.startswith("get"):
            ftp_get(row, client.ftp, name)
            return
        if row.op in ("pair", "tree"):
            ftp_some(row, client, name)
            return
        data = client.ftp.transfercmd(
            ("APPE " if row.op == "append" else "STOR ") + name,
            row.offset if row.op == "resume" else None)
        if row.end == "done":
            with contextlib.suppress(OSError):
                data.sendall(data_of(row.size))
            data.close()
            with contextlib.suppress(Exception):
                client.ftp.voidresp()
            client.settle()
            return
        data.sendall(data_of(SENT))
        arrived(path, SENT)
        if row.end == "abort":
            ftp_abort(client.ftp, data)
        else:
            end_early(row, client.ftp.sock, data)


def ftp_get(row, ftp, name):
    data = ftp.transfercmd("RETR " + name,
                           row.offset if row.op == "getfrom" else None)
    if row.end == "done":
        while data.recv(65536):
            pass
        data.close()
        ftp.voidresp()
    else:
        data.recv(1000, socket.MSG_WAITALL)
        if row.end == "abort":
            ftp_abort(ftp, data)
        else:
            end_early(row, ftp.sock, data)


def ftp_abort(ftp, data):
    ftp.sock.sendall(b"ABOR\r\n")
    cut(data)
    ftp.getmultiline()


def ftp_some(row, client, name):
    """Several files, one after the other."""
    for one in ("one", "two"):
        data = client.ftp.transfercmd("STOR %s/%s" % (name, one))
        data.sendall(data_of(row.size))
        data.close()
        client.ftp.voidresp()


# ---- SSH

def ssh_host(row):
    return srv.host(next(one for one in srv.configurations
                         if one.name == row.place), "ssh")


def by_sftp(row):
    name, _ = target(row, "s")
    raw = Raw(ssh_host(row), 3)
    with raw:
        sock = raw.transport.sock
        if row.op.startswith("get"):
            sftp_get(row, raw, name)
            return
        if row.op == "pair":
            sftp_pair(row, raw, name)
            return
        flags = {"append": 0xe, "resume": 2}.get(row.op, 0x1a)
        handle = raw.open_with(name, num(flags))
        size = row.size if row.end == "done" else SENT
        for at in range(0, size, 16000):
            raw.ask(6, string(handle) + quad(row.offset + at) +
                    string(data_of(size)[at:at + 16000]))
        if row.end == "done":
            raw.ask(4, string(handle))
        elif row.end != "abort":
            end_early(row, sock)


def sftp_pair(row, raw, name):
    """Two at a time."""
    handles = [raw.open_with(name + "/" + one, num(0x1a))
               for one in ("one", "two")]
    for at in range(0, row.size, 16000):
        for handle in handles:
            raw.ask(6, string(handle) + quad(at) +
                    string(data_of(row.size)[at:at + 16000]))
    for handle in handles:
        raw.ask(4, string(handle))


def sftp_get(row, raw, name):
    handle, at = raw.open_with(name, num(1)), row.offset
    while row.end == "done":
        kind, body = raw.ask(5, string(handle) + quad(at) + num(32768))
        if kind == 101:
            raw.ask(4, string(handle))
            return
        at += len(body) - 4
    # More than the window has room for, and nothing is read.
    for at in range(0, row.size, 250000):
        raw.send(raw._begin(5, string(handle) + quad(at) + num(250000)))
    raw.receive()
    if row.end != "abort":
        end_early(row, raw.transport.sock)


def by_scp(row):
    name, _ = target(row, "c")
    with Raw(ssh_host(row), None) as raw:
        sock = raw.transport.sock
        with Session(raw.transport, "scp -%s %s" % (
                {"get": "f", "tree": "r -t"}.get(row.op, "t"), name)) as scp:
            if row.op == "get":
                scp_get(row, scp, sock)
                return
            scp.answered()
            if row.op == "tree":
                scp_tree(row, scp)
                return
            scp.send(b"C0644 %d x\n" % row.size)
            scp.answered()
            if row.end == "done":
                scp.send(data_of(row.size) + b"\0")
                scp.take(1)
                scp.end()
            else:
                scp.send(data_of(SENT))
                arrived(target(row, "c")[1], SENT)
                if row.end != "abort":
                    end_early(row, sock)


def scp_tree(row, scp):
    """Into the directory itself: its name is that of the one there."""
    for name in (b"one", b"two"):
        scp.send(b"C0644 %d %s\n" % (row.size, name))
        scp.answered()
        scp.send(data_of(row.size) + b"\0")
        scp.answered()
    scp.end()


def scp_get(row, scp, sock):
    scp.send(b"\0")
    scp.line()
    scp.send(b"\0")
    if row.end == "done":
        scp.take(row.size + 1)
        scp.send(b"\0")
        scp.end()
    else:
        scp.take(1000)
        if row.end != "abort":
            end_early(row, sock)


# ---- All of them

NOT_BY = {"s": ("tree",), "c": ("append", "resume", "getfrom", "pair")}
faults, took = [], {}


def run_one(door, row):
    prepare(row, door)
    begin = time.monotonic()
    try:
        {"f": by_ftp, "s": by_sftp, "c": by_scp}[door](row)
    except Exception as why:
        # Who is killed has nothing to say.
        if isinstance(why, (Failed, ValueError)) or \
                row.end in ("done", "abort") and row.place != "broken":
            faults.append("%s by %s: %r" % (row, door, why))
    took[door, row] = time.monotonic() - begin


def run_all():
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda work: run_one(*work), [
            (door, row) for row in sorted(
                ROWS, key=lambda row: row.end != "wait")
            for door in DOORS if row.op not in NOT_BY.get(door, ())]))
    srv.no_sessions()
    took["all"] = time.monotonic() - begin


def records(kind, row, door):
    """Those of the transfer, with its name as NAME."""
    own = re.escape(door + "-" + row.name) + r"(?![\w-])"
    home = srv.path("homes/%s/alice" % row.place)
    return sorted((
        {key: re.sub(own, "NAME", value.replace(home, "~"))
         for key, value in line.items()}
        for line in srv.lines(kind, row.place,
                              "ftp" if door == "f" else "ssh")
        if any(re.search(own, value) for value in line.values())),
        key=lambda line: line.get("%J", line.get("name", "")))


# What ends a transfer has a name in SSH; FTP only sees that its data
# connection is closed.
REASONS = {"abort": "The connection ended", "cut": "The connection ended",
           "term": "The server ended the session"}
TIMEOUTS = {"stalled": "TimeoutStalled during data transfer",
            "nothing": "TimeoutStalled during data transfer",
            "session": "TimeoutSession"}


def reason(row):
    return TIMEOUTS[row.place] if row.end == "wait" else REASONS[row.end]


def wanted(row, door, theirs):
    """What FTP's record is by SFTP or SCP."""
    line = dict(theirs)
    for key in ("protocol", "%{protocol}"):
        if key in line:
            line[key] = {"s": "sftp", "c": "scp"}[door]
    if "%S" in line and row.end != "done":
        line["%S"] = "Transfer aborted. " + reason(row)
        # The host finds no reason in sessions of SCP: the note has it.
        line["%{transfer-failure}"] = reason(row) if door == "s" else "-"
    if "%{note:mod_sftp.transfer-failure}" in line:
        line["%{note:mod_sftp.transfer-failure}"] = \
            "" if row.end == "done" else reason(row)
    if "%f" in line:
        line["%f"] = line["%f"].replace("~~", "~")  # mod_vroot, aborted
    return line


MEASURED = ("seconds", "%{transfer-millisecs}")


def check_measured(row, door, line):
    """Duration, and how much of a download was sent before its end."""
    ms = line.get("%{transfer-millisecs}")
    if ms is None and "seconds" in line:
        ms = 1000 * int(line["seconds"])
    # The server may notice the end later than the client.
    least = 1900 if row.end == "wait" else 0
    most = (took[door, row] if row.end == "done" else took["all"]) * 1000
    expect(ms is None or least <= int(ms) <= most + 1000,
           "%s by %s took %.1f s: %r" % (row, door, took[door, row], line))


def is_failed(line):
    """Whether a record says so, and why if it can.  In 1.3.8.c, FTP has none
    or the wrong one when a timeout or SIGTERM ends a transfer."""
    return line.get("end") == "i" or line.get("how") == "failed" or \
        line.get("%{transfer-status}") == "failed"


def compare(kind, row, door):
    theirs, ours = records(kind, row, "f"), records(kind, row, door)
    if kind == "all" and row.place in ("stalled", "nothing"):
        # FTP has one more, of a transfer that goes on.
        theirs = [line for line in theirs if line["%s"] != "150"]
    many = 0 if kind == "exec" and row.place == "root" else \
        2 if row.op in ("pair", "tree") else 1
    if row.end in ("term", "wait") and not any(map(is_failed, theirs)):
        note = "%{note:mod_sftp.transfer-failure}"
        expect_same([(is_failed(line), line.get(note, reason(row)))
                     for line in ours], [(True, reason(row))] * many,
                    "%s records of %s by %s" % (kind, row, door))
        return
    expect_same((len(theirs), len(ours)), (many, many),
                "%s records of %s by FTP and %s" % (kind, row, door))
    for other, line in zip(theirs, ours):
        check_measured(row, door, line)
        line, other = dict(line), wanted(row, door, other)
        size = "bytes" if kind == "transfer" else "%b"
        if row.op == "get" and row.end != "done" and size in line:
            expect(0 < int(line[size]) < row.size, "%r" % line)
            line[size] = other[size]
        for key in MEASURED:
            line.pop(key, None)
            other.pop(key, None)
        expect_same({key: line[key] for key in line
                     if line[key] != other[key]},
                    {key: other[key] for key in line
                     if line[key] != other[key]},
                    "%s of %s by %s" % (kind, row, door))


def compare_all(kind):
    found = []
    for row in ROWS:
        for door in "sc":
            if row.op not in NOT_BY[door] and row.place != "broken":
                try:
                    compare(kind, row, door)
                except Failed as why:
                    found.append(str(why))
    expect(not found, "\n".join(found))


@promise("every transfer of the table is done, or ended as it says")
def _():
    run_all()
    expect(not faults, "\n".join(faults))


@promise("TransferLog: name, bytes, direction, duration and result of each")
def _():
    compare_all("transfer")


@promise("ExtendedLog: also offset, code, reason")
def _():
    compare_all("all")


@promise("SQLLog: the same")
def _():
    compare_all("sql")


@promise("mod_exec: ExecOnCommand and ExecOnError, once for each")
def _():
    compare_all("exec")


@promise("a module that ends the session when it should record a transfer "
         "does so without a crash, and there is one line in TransferLog")
def _():
    for row in ROWS:
        if row.place == "broken":
            for door in "sc":
                expect_same(len(records("transfer", row, door)), 1,
                            "lines of %s by %s" % (row, door))


@promise("a module that ends the session when it should record a listing does "
         "so without a crash")
def _():
    host = srv.host(next(one for one in srv.configurations
                         if one.name == "broken"), "ssh")
    size = len(srv.log("system.log"))
    ended = False
    with Raw(host, 3) as raw:
        try:
            raw.list(".")
        except Failed:
            ended = True        # at its CLOSE
    expect(ended, "the session goes on")
    srv.no_sessions()
    expect("signal" not in srv.log("system.log")[size:],
           srv.log("system.log")[size:])


# ---- ftpwho and ftptop

def started(stack):
    """An upload and a download by each door that do not end."""
    row = Row("get", size=8000000)
    for door in DOORS:
        with open(srv.own("free", door + "-down"), "wb") as out:
            out.write(data_of(row.size))
    ftp, ssh = (srv.host(next(one for one in srv.configurations
                              if one.name == "free"), protocol)
                for protocol in ("ftp", "ssh"))
    for command in ("STOR %s/f-up", "RETR %s/f-down"):
        client = Ftp(ftp.port, ftp.user, ftp.password)
        stack.callback(client.close)
        data = client.ftp.transfercmd(command % srv.own("free", "")[:-1])
        stack.callback(data.close)
        if command.startswith("STOR"):
            data.sendall(data_of(SENT))
        else:
            data.recv(1000)
    up, down = (stack.enter_context(Raw(ssh, 3)) for _ in range(2))
    handle = up.open_with(srv.own("free", "s-up"), num(0x1a))
    up.ask(6, string(handle) + quad(0) + string(data_of(SENT)))
    handle = down.open_with(srv.own("free", "s-down"), num(1))
    down.ask(5, string(handle) + quad(0) + num(SENT))
    for way, name in (("t", "c-up"), ("f", "c-down")):
        raw = stack.enter_context(Raw(ssh, None))
        scp = stack.enter_context(Session(
            raw.transport, "scp -%s %s" % (way, srv.own("free", name))))
        if way == "t":
            scp.answered()
            scp.send(b"C0644 50000 x\n")
            scp.answered()
            scp.send(data_of(SENT))
        else:
            scp.send(b"\0")
            scp.line()
            scp.send(b"\0")
            scp.take(1000)
    arrived(srv.own("free", "c-up"), SENT)


def who():
    """{(protocol, command): (user, progress, path, location)}; the scoreboard
    has the first 79 bytes of a path."""
    text = must(run(["ftpwho", "-v", "-f", srv.path("scoreboard")])).stdout
    found = {}
    for match in re.finditer(
            r"^ *\d+ (\w+) +\[[^]]*\] \(([^)]*)\) (\w+) (\S+)\n"
            r"((?:\t.*\n)*)", text.decode(), re.M):
        fields = dict(re.findall(r"\t([^:]+): (.*)\n", match.group(5)))
        found[fields.get("protocol"), match.group(3)] = (
            match.group(1), match.group(2).strip(), match.group(4),
            fields.get("location", ""))
    return found


def top():
    """A screen of ftptop, in 160 columns."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="vt100", COLUMNS="160", LINES="30")
        os.execvp("ftptop", ["ftptop", "-d", "1", "-f",
                             srv.path("scoreboard")])
    text = b""
    try:
        while text.count(b"COMMAND") < 2:
            if not select.select([fd], [], [], PATIENCE)[0]:
                break
            text += os.read(fd, 4096)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)
    return text.decode("utf-8", "replace")


@promise("ftpwho -v and ftptop show user, protocol, command, path and "
         "progress of transfers, also of slow ones, as FTP's")
def _():
    home = srv.own("free", "")[:-1]
    with contextlib.ExitStack() as stack:
        started(stack)
        wait_for(lambda: len(who()) == 6, "six transfers")
        # Nothing is sent for a while: this had made sessions idle.
        time.sleep(2)
        found = who()
        for door, protocol in (("f", "ftp"), ("s", "sftp"), ("c", "scp")):
            for name, command in (("up", "STOR"), ("down", "RETR")):
                name = door + "-" + name
                path = home + "/" + name
                expect((protocol, command) in found, "%s in %r" % (name,
                                                                   found))
                user, progress, *rest = found[protocol, command]
                expect_same([user] + [len(text) >= 70 or text in (path, home)
                                      for text in rest], ["alice", True, True],
                            "ftpwho of %s: %r" % (name, rest))
                expect(path.startswith(rest[0]) and home.startswith(rest[1]),
                       "ftpwho of %s: %r" % (name, rest))
                expect_same(bool(re.fullmatch(r"\d+%", progress)),
                            command == "RETR", "%r" % progress)
        text = top()
        lines = re.findall(r"([UD]) alice +\S+ +\S+ +\S+ +(STOR|RETR) (\S+)",
                           text)
        for name in (door + "-" + end for door in DOORS
                     for end in ("up", "down")):
            way = ("U", "STOR") if name.endswith("up") else ("D", "RETR")
            expect(any(line[:2] == way and (home + "/" + name).startswith(
                line[2]) for line in lines), "%s in %s" % (name, text))
        expect("3 downloading, 3 uploading, 0 idle" in text, text)


main(srv)
