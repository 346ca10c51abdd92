#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite proftpd-mod-vroot python3-paramiko

"""mod_quotatab's limits hold for each write when it comes, nothing that was
acknowledged is lost, and its tally is what lies on the disk."""

import os
import random
import re
import sqlite3
import stat
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from ftphost import FtpServer, ftp_says
from server import Server, has_module, must, said, GID, UID
from rawsftp import HANDLE, STATUS, Raw, num, quad, string

HAVE = has_module("mod_quotatab.so") and has_module("mod_quotatab_file.so")
LIMIT = 100000
OK, FAILURE = 0, 4
READ, WRITE, APPEND, CREAT, TRUNC = 1, 2, 4, 8, 16
USER_QUOTA, HARD, SOFT = 20, 1, 2
LIMIT_MAGIC, TALLY_MAGIC = 0x07626, 0x07644

LINES = """
QuotaEngine on
QuotaLog @DIR@/quota.log
QuotaLimitTable file:@DIR@/limit.tab
QuotaTallyTable file:@DIR@/tally.tab
"""

SQL_LINES = """
SQLEngine on
SQLAuthenticate off
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLNamedQuery limit SELECT "* FROM limits WHERE name = '%{0}' AND \\
  kind = '%{1}'"
SQLNamedQuery tally SELECT "* FROM tallies WHERE name = '%{0}' AND \\
  kind = '%{1}'"
SQLNamedQuery change UPDATE "bi = bi + %{0}, bo = bo + %{1}, bx = bx + %{2}, \\
  fi = fi + %{3}, fo = fo + %{4}, fx = fx + %{5} WHERE name = '%{6}' AND \\
  kind = '%{7}'" tallies
SQLNamedQuery new INSERT "%{0}, %{1}, %{2}, %{3}, %{4}, %{5}, %{6}, %{7}" \\
  tallies
QuotaEngine on
QuotaLog @DIR@/quota.log
QuotaLimitTable sql:/limit
QuotaTallyTable sql:/tally/change/new
"""

NAMES = ["q%02d" % number for number in range(40)]
QUOTATAB = ("mod_quotatab", "mod_quotatab_file") if HAVE else ()


def limited(server):
    """Empty tables."""
    for name, magic in (("limit.tab", LIMIT_MAGIC), ("tally.tab",
                                                     TALLY_MAGIC)):
        with open(server.path(name), "wb") as table:
            table.write(struct.pack("=I", magic))
        os.chmod(server.path(name), 0o600)
    server.left = list(NAMES)
    return server


class Late(Server):
    """mod_quotatab is loaded behind mod_sftp."""

    def config(self):
        text = super().config()
        lines = ["LoadModule %s.c\n" % name for name in QUOTATAB]
        for line in lines:
            text = text.replace(line, "", 1)
        return text.replace("LoadModule mod_sftp.c\n",
                            "LoadModule mod_sftp.c\n" + "".join(lines), 1)


plain = limited(Server(LINES if HAVE else "", modules=QUOTATAB, users=NAMES))
hidden = limited(Server(LINES + "HiddenStores on\n" if HAVE else "",
                        modules=QUOTATAB, users=NAMES))
checked = limited(Server(LINES + "SFTPUploadCheck exec:/bin/true\n"
                         if HAVE else "", modules=QUOTATAB, users=NAMES))
late = limited(Late(LINES if HAVE else "", modules=QUOTATAB, users=NAMES))
dirs = limited(Server(LINES + "QuotaDirectoryTally on\n"
                      "QuotaExcludeFilter \\.free$\n" if HAVE else "",
                      modules=QUOTATAB, users=NAMES))
vroot = limited(Server(LINES + "VRootEngine on\n", users=NAMES,
                       modules=QUOTATAB + ("mod_vroot",))) \
    if HAVE and has_module("mod_vroot.so") else None
both = limited(FtpServer(LINES if HAVE else "", LINES if HAVE else "",
                         modules=QUOTATAB, users=NAMES))


class Database(Server):
    """The tables are in a database."""

    modules_wanted = ("mod_sql", "mod_sql_sqlite", "mod_quotatab",
                      "mod_quotatab_sql")

    def __init__(self):
        super().__init__(SQL_LINES, modules=self.modules_wanted, users=NAMES,
                         drop=("DefaultRoot",))
        os.mkdir(self.path("sql"))
        os.chmod(self.path("sql"), 0o777)
        db = self.db()
        db.executescript("""
            CREATE TABLE limits (name, kind, per, hard, bi, bo, bx, fi, fo,
              fx);
            CREATE TABLE tallies (name, kind, bi, bo, bx, fi, fo, fx);""")
        for name in NAMES:
            db.execute("INSERT INTO limits VALUES (?, 'user', 'false', 'hard',"
                       " ?, 0, 0, 1000, 0, 0)", (name, LIMIT))
        db.commit()
        db.close()
        os.chmod(self.path("sql/db"), 0o666)

    def db(self):
        return sqlite3.connect(self.path("sql/db"))

    def tally(self):
        db = self.db()
        rows = db.execute("SELECT bi, fi FROM tallies WHERE name = ?",
                          (self.user,)).fetchall()
        db.close()
        expect_same(len(rows), 1, "rows")
        return int(rows[0][0]), int(rows[0][1])


sql = Database() if HAVE and all(has_module(name + ".so") for name in
                                 Database.modules_wanted) else None


def fresh(server=plain, bytes_in=LIMIT, files_in=1000, kind=HARD, xfer=0,
          per_session=0):
    """A user nobody has used yet, with that limit, is the one who logs in."""
    if not HAVE:
        skip("the host has no mod_quotatab_file")
    server.user = server.left.pop(0)
    with open(server.path("limit.tab"), "ab") as table:
        table.write(struct.pack("=81siBidddIII", server.user.encode(),
                                USER_QUOTA, per_session, kind, bytes_in, 0,
                                xfer, files_in, 0, 0))
    return server


def tally(server):
    """What the table says of the user: bytes and files; bytes moved."""
    with open(server.path("tally.tab"), "rb") as table:
        data = table.read()[4:]
    for at in range(0, len(data), 121):
        record = struct.unpack("=81sidddIII", data[at:at + 121])
        if record[0].rstrip(b"\0").decode() == server.user:
            return int(record[2]), record[5], int(record[4])
    return 0, 0, 0


def on_disk(server, with_dirs=False, but=()):
    """Bytes and names in the user's home."""
    size = count = 0
    seen = set()
    for at, folders, names in os.walk(server.home()):
        for name in names + (folders if with_dirs else []):
            if name in but:
                continue
            info = os.lstat(os.path.join(at, name))
            count += 1
            if info.st_ino not in seen:
                size += info.st_size
            if not stat.S_ISDIR(info.st_mode):
                seen.add(info.st_ino)
    return size, count


def settled(server, files=False, **more):
    """Once the sessions have ended, tally and disk agree."""
    server.no_sessions()
    wanted = on_disk(server, **more)
    got = tally(server)[:2]
    if not files:
        wanted, got = wanted[:1], got[:1]
    expect_same(got, wanted, "tally")
    return wanted[0]


def status_of(raw, request, body):
    """Code and text of the STATUS that answers a request."""
    kind, left = raw.ask(request, body)
    expect_same(kind, STATUS, "type of the answer")
    return struct.unpack(">I", left[:4])[0], raw.cut(left[4:])[0].decode()


def write(raw, handle, offset, data):
    return status_of(raw, 6, string(handle) + quad(offset) + string(data))


def close(raw, *handles):
    for handle in handles:
        expect_same(raw.status(4, string(handle)), OK, "CLOSE")


def open_file(raw, name, flags=WRITE | CREAT | TRUNC):
    return raw.open_with(name, num(flags))


def store(raw, name, size, flags=WRITE | CREAT | TRUNC, at=0):
    handle = open_file(raw, name, flags)
    expect_same(write(raw, handle, at, b"s" * size)[0], OK, "WRITE " + name)
    close(raw, handle)


def refused(answer):
    """The refusal names the limit."""
    expect_same(answer[0], FAILURE, "status")
    expect("quota" in answer[1].lower() and str(LIMIT) in answer[1],
           "the limit is not named: " + answer[1])


@promise("a write that would exceed the limit is refused at once, and the "
         "log names the limit; acknowledged data is kept and counted")
def _():
    srv = fresh()
    mark = srv.mark_logs()
    with Raw(srv, 3) as raw:
        handle = open_file(raw, "big")
        for turn in range(3):
            expect_same(write(raw, handle, turn * 30000, b"x" * 30000)[0], OK,
                        "WRITE %d" % turn)
        refused(write(raw, handle, 90000, b"x" * 30000))
        expect_same(write(raw, handle, 90000, b"x" * 10000)[0], OK,
                    "the last bytes")
        refused(write(raw, handle, 100000, b"x"))
        expect_same(write(raw, handle, 0, b"y" * 50000)[0], OK, "overwriting")
        close(raw, handle)
    expect_same(os.path.getsize(srv.home("big")), LIMIT, "size")
    expect_same(settled(srv), LIMIT, "tally")
    log = srv.logs_since(mark)
    expect(re.search(r"quota.*100000", log), "no line in the log:\n" + log)


@promise("many writes at once: those that fit are kept, and the rest is "
         "refused")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        handle = open_file(raw, "many")
        answers = raw.ask_all([(6, string(handle) + quad(i * 9000)
                                + string(b"m" * 9000)) for i in range(20)])
        good = [struct.unpack(">I", left[:4])[0] for _, left in answers]
        expect_same(good, [OK] * 11 + [FAILURE] * 9, "answers")
        close(raw, handle)
    expect(99000 <= os.path.getsize(srv.home("many")) <= LIMIT, "size")
    settled(srv)


@promise("two parallel handles share the limit, and no file vanishes")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        one, two = open_file(raw, "one"), open_file(raw, "two")
        expect_same(write(raw, one, 0, b"1" * 60000)[0], OK, "one")
        refused(write(raw, two, 0, b"2" * 60000))
        expect_same(write(raw, two, 0, b"2" * 40000)[0], OK, "two")
        refused(write(raw, one, 60000, b"1"))
        close(raw, one, two)
    expect_same(sorted(os.listdir(srv.home())), ["one", "two"], "files")
    expect_same(settled(srv, files=True), LIMIT, "tally")


@promise("two handles of one file: its bytes are counted once")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        one = open_file(raw, "same")
        two = open_file(raw, "same", WRITE)
        for handle in (one, two):
            expect_same(write(raw, handle, 0, b"1" * 60000)[0], OK, "WRITE")
        close(raw, one, two)
    expect_same(settled(srv, files=True), 60000, "tally")


@promise("a positional write beyond the limit is refused, holes count")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        handle = open_file(raw, "hole")
        refused(write(raw, handle, 500000, b"x"))
        expect_same(write(raw, handle, 70000, b"x" * 10)[0], OK, "a hole")
        refused(write(raw, handle, 99999, b"xx"))
        close(raw, handle)
    expect_same(settled(srv), 70010, "tally")


@promise("SETSTAT and FSETSTAT of a size: growing counts, and is refused "
         "beyond the limit; shrinking gives back")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        store(raw, "sized", 10000)

        def size_of(value, handle=None):
            attrs = num(1) + quad(value)
            kind, left = raw.ask(10 if handle else 9,
                                 string(handle or b"sized") + attrs)
            expect_same(kind, STATUS, "type")
            return (struct.unpack(">I", left[:4])[0],
                    raw.cut(left[4:])[0].decode())

        refused(size_of(100001))
        expect_same(size_of(99999)[0], OK, "grown")
        handle = open_file(raw, "more")
        refused(write(raw, handle, 0, b"xx"))
        expect_same(size_of(50000)[0], OK, "shrunk")
        expect_same(write(raw, handle, 0, b"x" * 50000)[0], OK, "room again")
        refused(size_of(50001, handle))
        expect_same(size_of(20000, handle)[0], OK, "FSETSTAT, shrunk")
        expect_same(size_of(30000, handle)[0], OK, "FSETSTAT, grown")
        close(raw, handle)
    expect_same(settled(srv, files=True), 80000, "tally")


@promise("overwriting, appending, removing, renaming, links: the tally is "
         "the disk, in bytes and files")
def _():
    srv = fresh(files_in=8)
    with Raw(srv, 3) as raw:
        store(raw, "a", 30000)
        store(raw, "a", 20000)
        store(raw, "b", 5000)
        store(raw, "b", 5000, WRITE | APPEND)
        store(raw, "new", 100, WRITE | CREAT | APPEND)
        store(raw, "c", 40000)
        expect_same(raw.status(200, string(b"posix-rename@openssh.com")
                               + string(b"a") + string(b"c")), OK, "RENAME")
        expect_same(raw.status(200, string(b"hardlink@openssh.com")
                               + string(b"b") + string(b"b2")), OK, "link")
        expect_same(raw.status(20, string(b"x" * 500) + string(b"s")), OK,
                    "SYMLINK")
        expect_same(raw.status(13, string(b"b")), OK, "REMOVE of one name")
        store(raw, "d", 1000)
        expect_same(raw.status(13, string(b"d")), OK, "REMOVE")
    settled(srv, files=True)
    with Raw(srv, 3) as raw:
        for name in (b"b2", b"s", b"c", b"new"):
            expect_same(raw.status(13, string(name)), OK, "REMOVE %r" % name)
    expect_same(tally(srv)[:2], (0, 0), "nothing is left")


@promise("the number of files limits every request that creates a name")
def _():
    srv = fresh(files_in=2)
    with Raw(srv, 3) as raw:
        store(raw, "a", 10)
        expect_same(raw.status(200, string(b"hardlink@openssh.com")
                               + string(b"a") + string(b"b")), OK, "link")
        for kind, body in ((20, string(b"a") + string(b"c")),
                           (200, string(b"hardlink@openssh.com")
                            + string(b"a") + string(b"c")),
                           (3, string(b"c") + num(WRITE | CREAT) + num(0))):
            expect_same(raw.status(kind, body), FAILURE, "request %d" % kind)
    expect_same(sorted(os.listdir(srv.home())), ["a", "b"], "files")
    settled(srv, files=True)


@promise("an open file that is removed counts until it is closed")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        one = open_file(raw, "gone")
        expect_same(write(raw, one, 0, b"g" * 60000)[0], OK, "WRITE")
        expect_same(raw.status(13, string(b"gone")), OK, "REMOVE")
        two = open_file(raw, "here")
        refused(write(raw, two, 0, b"h" * 60000))
        expect_same(write(raw, one, 60000, b"g" * 20000)[0], OK, "more")
        close(raw, one)
        expect_same(write(raw, two, 0, b"h" * 60000)[0], OK, "room again")
        close(raw, two)
    expect_same(settled(srv, files=True), 60000, "tally")


@promise("copy-file and copy-data are counted, and refused beyond the limit "
         "with the limit named")
def _():
    srv = fresh()
    with Raw(srv, 3) as raw:
        store(raw, "a", 30000)
        store(raw, "b", 10000)

        def copy(source, target):
            return status_of(raw, 200, string(b"copy-file") + string(source)
                             + string(target) + b"\1")

        expect_same(copy(b"a", b"c")[0], OK, "copy-file")
        expect_same(copy(b"a", b"b")[0], OK, "copy-file over a file")
        expect_same(tally(srv)[0], 90000, "tally")
        refused(copy(b"a", b"d"))
        expect(not os.path.exists(srv.home("d")), "a part of it stays")
        source = raw.open_with("a", num(READ))
        target = open_file(raw, "e")
        body = string(b"copy-data") + string(source) + quad(0)
        refused(status_of(raw, 200, body + quad(0) + string(target) + quad(0)))
        expect_same(raw.status(200, body + quad(9000) + string(target)
                               + quad(0)), OK, "copy-data")
        close(raw, source, target)
    expect_same(settled(srv, files=True), 99000, "tally")


@promise("SCP: an upload stops at the limit, says why, and is counted")
def _():
    srv = fresh()
    must(srv.scp("-O", srv.local("one", b"1" * 60000), "srv:one"))
    result = srv.scp("-O", srv.local("two", b"2" * 60000), "srv:two")
    expect(result.returncode != 0, "not refused")
    expect(re.search(r"quota.*100000", said(result)), said(result))
    settled(srv)
    must(srv.scp("-O", srv.local("small", b"s" * 100), "srv:one"))
    settled(srv)


@promise("OpenSSH's put, reput and rm keep the tally")
def _():
    srv = fresh()
    must(srv.sftp("put %s a" % srv.local("a", b"a" * 50000)))
    with open(srv.local("part"), "wb") as out:
        out.write(b"a" * 80000)
    must(srv.sftp("reput %s a" % srv.local("part")))
    expect_same(settled(srv, files=True), 80000, "resumed")
    must(srv.sftp("put %s b\nrm a" % srv.local("b", b"b" * 100)))
    expect_same(settled(srv, files=True), 100, "removed")


@promise("HiddenStores: temporary files count, a replaced file is given "
         "back, and one that does not fit does not change the old one")
def _():
    srv = fresh(hidden)
    with Raw(srv, 3) as raw:
        store(raw, "a", 40000)
        store(raw, "a", 50000)
        expect_same(tally(srv)[0], 50000, "tally after the second")
        handle = open_file(raw, "a")
        refused(write(raw, handle, 0, b"x" * 60000))
        expect_same(write(raw, handle, 0, b"x" * 1000)[0], OK, "less")
        expect_same(tally(srv)[0] >= 51000, True, "both are counted")
        raw.channel.close()
    srv.no_sessions()
    expect_same(srv.get("a"), b"s" * 50000, "the old file")
    expect_same(settled(srv, files=True), 50000, "tally")
    must(srv.scp("-O", srv.local("b", b"b" * 30000), "srv:b"))
    expect_same(settled(srv, files=True), 80000, "SCP")


@promise("SFTPUploadCheck: a changed copy counts beside the file until it "
         "replaces it, and one that does not fit is not made")
def _():
    srv = fresh(checked)
    with Raw(srv, 3) as raw:
        store(raw, "a", 40000)
        handle = open_file(raw, "a", WRITE)
        expect_same(tally(srv)[0], 80000, "tally with the copy")
        expect_same(write(raw, handle, 40000, b"x" * 10000)[0], OK, "WRITE")
        close(raw, handle)
        expect_same(tally(srv)[0], 50000, "tally after CLOSE")
        store(raw, "b", 10000)
        expect(raw.ask(3, string(b"a") + num(WRITE) + num(0))[0] == 101,
               "a copy that does not fit")
        expect_same(tally(srv)[0], 60000, "tally")
        open_file(raw, "b", WRITE)
    srv.no_sessions()
    expect_same(settled(srv, files=True), 60000, "an abandoned copy")


@promise("two sessions at once do not exceed the limit, and both are counted")
def _():
    srv = fresh()
    results = {}
    opened = threading.Barrier(3)

    def fill(name):
        with Raw(srv, 3) as raw:
            handle = open_file(raw, name)
            opened.wait(30)
            at = 0
            while True:
                if write(raw, handle, at, b"f" * 1000)[0] != OK:
                    break
                at += 1000
            close(raw, handle)
        results[name] = at

    threads = [threading.Thread(target=fill, args=("f%d" % number,))
               for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, size in results.items():
        expect_same(os.path.getsize(srv.home(name)), size, name)
    total = settled(srv)
    expect(95000 <= total <= LIMIT, "%d bytes" % total)


@promise("two sessions grow one file: its bytes are counted once")
def _():
    srv = fresh(bytes_in=10000000)
    with Raw(srv, 3) as raw:
        store(raw, "same", 1)

    def fill():
        with Raw(srv, 3) as raw:
            handle = open_file(raw, "same", WRITE)
            for turn in range(200):
                write(raw, handle, turn * 1000, b"f" * 1000)
            close(raw, handle)

    threads = [threading.Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_same(settled(srv, files=True), 200000, "tally")


@promise("a file that another session removed is given back once, whatever "
         "an open handle does")
def _():
    server = fresh()
    with Raw(server, 3) as one, Raw(server, 3) as two:
        store(one, "/kept", 50000)
        store(one, "/gone", 40000)
        handle = open_file(two, "/gone", WRITE)
        expect_same(one.status(13, string(b"/gone")), OK, "REMOVE")
        for size in (0, 40000, 30000, 0, 20000):
            expect_same(two.status(10, string(handle) + num(1) + quad(size)),
                        OK, "FSETSTAT %d" % size)
        expect_same(write(two, handle, 20000, b"w" * 5000)[0], OK, "WRITE")
        close(two, handle)
    settled(server, files=True)
    expect_same(tally(server)[0], 50000, "tally")


def one_step(chance, raw, handles):
    """Some request of a user, whatever becomes of it."""
    def name():
        return string(b"/n%d" % chance.randrange(5))

    size = chance.choice((0, 1, 100, 5000, 30000, 60000, LIMIT, LIMIT + 1))
    handle = string(chance.choice(handles)) if handles else None
    kind, body = chance.choice((
        (3, name() + num(chance.choice((2, 10, 11, 14, 26))) + num(0)),
        (3, name() + num(WRITE | CREAT | TRUNC) + num(0)),
        (9, name() + num(1) + quad(size)), (13, name()),
        (18, name() + name()), (20, string(b"t" * (size % 4000)) + name()),
        *((200, string(b"%s@openssh.com" % what) + name() + name())
          for what in (b"posix-rename", b"hardlink")),
        (200, string(b"copy-file") + name() + name() + b"\1"),
        *(((6, handle + quad(size) + string(b"w" * 5000)),
           (6, handle + quad(0) + string(b"w" * size)),
           (10, handle + num(1) + quad(size)), (4, handle))
          if handle else ())))
    answer, left = raw.ask(kind, body)
    if answer == HANDLE:
        handles.append(raw.cut(left)[0])
    elif kind == 4:
        handles.remove(raw.cut(handle)[0])


@promise("whatever two sessions do, in any order: the limit is kept, and the "
         "tally matches the disk")
def _():
    for seed in range(8):
        server = fresh(plain if seed < 6 else checked)
        chance = random.Random(seed)
        with Raw(server, 3) as one, Raw(server, 3) as two:
            both_of = ((one, []), (two, []))
            for _ in range(100):
                one_step(chance, *chance.choice(both_of))
                expect(on_disk(server)[0] <= LIMIT, "beyond the limit, seed %d"
                       % seed)
        settled(server, files=True)


@promise("hard links of a link are one file in bytes")
def _():
    server = fresh()
    with Raw(server, 3) as raw:
        store(raw, "/kept", 50000)
        expect_same(raw.status(20, string(b"t" * 4000) + string(b"/link")),
                    OK, "SYMLINK")
        for number in range(5):
            expect_same(raw.status(200, string(b"hardlink@openssh.com")
                                   + string(b"/link")
                                   + string(b"/other%d" % number)), OK,
                        "hardlink")
        for number in range(4):
            expect_same(raw.status(13, string(b"/other%d" % number)), OK,
                        "REMOVE")
    settled(server, files=True)
    expect_same(tally(server)[0], 54000, "tally")


@promise("everything from an interrupted or killed session is counted")
def _():
    for srv in (fresh(), fresh(late)):
        with Raw(srv, 3) as raw:
            handle = open_file(raw, "cut")
            write(raw, handle, 0, b"x" * 33000)
            raw.transport.close()
        expect_same(settled(srv, files=True), 33000, "cut off")
        with Raw(srv, 3) as raw:
            handle = open_file(raw, "killed")
            write(raw, handle, 0, b"x" * 20000)
            os.kill(srv.session(), 9)
        srv.no_sessions()
        counted, there = tally(srv)[0], on_disk(srv)[0]
        expect(there <= counted <= LIMIT, "%d counted, %d there"
               % (counted, there))


@promise("a file of another user is given back to that user when it is "
         "removed")
def _():
    srv = fresh()
    owner, uid = srv.user, UID + 1

    def move(fields):
        if fields[0] == owner:
            fields[2] = str(uid)

    srv.edit("passwd", move)
    os.chown(srv.home(), uid, GID)
    with Raw(srv, 3) as raw:
        store(raw, "theirs", 5000)
        store(raw, "left", 300)
    settled(srv, files=True)
    theirs = srv.home("theirs")
    fresh()
    os.rename(theirs, srv.home("theirs"))
    with Raw(srv, 3) as raw:
        store(raw, "mine", 1000)
        expect_same(raw.status(13, string(b"theirs")), OK, "REMOVE")
        store(raw, "more", 1000)
    expect_same(settled(srv, files=True), 2000, "the one who removed it")
    srv.user = owner
    expect_same(settled(srv, files=True), 300, "the owner")


@promise("a soft limit lets the current file end, and refuses the next")
def _():
    srv = fresh(kind=SOFT)
    with Raw(srv, 3) as raw:
        store(raw, "a", 150000)
        expect_same(raw.status(3, string(b"b") + num(WRITE | CREAT)
                               + num(0)), FAILURE, "the next")
    expect_same(settled(srv, files=True), 150000, "tally")


@promise("a limit of transferred bytes counts transfers")
def _():
    srv = fresh(bytes_in=0, xfer=LIMIT)
    with Raw(srv, 3) as raw:
        store(raw, "a", 60000)
        expect_same(raw.status(13, string(b"a")), OK, "REMOVE")
        handle = open_file(raw, "a")
        refused(write(raw, handle, 0, b"x" * 60000))
        expect_same(write(raw, handle, 0, b"x" * 10000)[0], OK, "less")
        close(raw, handle)
    srv.no_sessions()
    expect_same(tally(srv)[2], 70000, "moved")
    with Raw(srv, 3) as raw:
        expect_same(len(raw.read_all("a")), 10000, "READ")
    srv.no_sessions()
    expect_same(tally(srv)[2], 80000, "moved, with what was read")


@promise("a limit per session starts again with each session, and applies "
         "within it")
def _():
    srv = fresh(per_session=1)
    for _ in range(2):
        with Raw(srv, 3) as raw:
            handle = open_file(raw, "a", WRITE | CREAT)
            expect_same(raw.status(10, string(handle) + num(1) + quad(0)), OK,
                        "emptied")
            expect_same(write(raw, handle, 0, b"x" * 90000)[0], OK, "WRITE")
            refused(write(raw, handle, 90000, b"x" * 20000))
            close(raw, handle)
    expect_same(tally(srv)[0], 0, "tally")


@promise("QuotaDirectoryTally counts directories, QuotaExcludeFilter "
         "excludes matching names until they are renamed")
def _():
    srv = fresh(dirs)
    with Raw(srv, 3) as raw:
        expect_same(raw.status(14, string(b"d") + num(0)), OK, "MKDIR")
        store(raw, "d/a", 10000)
        store(raw, "big.free", 300000)
        settled_at = on_disk(srv, with_dirs=True, but=("big.free",))
        expect_same(tally(srv)[:1], settled_at[:1], "tally")
        expect_same(raw.status(18, string(b"big.free") + string(b"big")),
                    FAILURE, "a rename into the limit")
        store(raw, "some.free", 20000)
        expect_same(raw.status(18, string(b"some.free") + string(b"some")),
                    OK, "RENAME")
        expect_same(tally(srv)[0],
                    on_disk(srv, with_dirs=True, but=("big.free",))[0],
                    "after the rename")
        handle = open_file(raw, "rest")
        room = LIMIT - tally(srv)[0]
        expect_same(write(raw, handle, 0, b"x" * room)[0], OK, "the rest")
        close(raw, handle)
        expect_same(raw.status(14, string(b"e") + num(0)), FAILURE,
                    "MKDIR beyond the limit")
        expect(not os.path.exists(srv.home("e")), "it was made")
        raw.status(13, string(b"d/a"))
        expect_same(raw.status(15, string(b"d")), OK, "RMDIR")
    settled(srv, with_dirs=True, but=("big.free",))


@promise("FTP and SFTP count in the same tally")
def _():
    srv = fresh(both)
    ftp = srv.ftp()
    ftp.storbinary("STOR one", open(srv.local("one", b"1" * 30000), "rb"))
    with Raw(srv, 3) as raw:
        store(raw, "two", 40000)
        ftp.storbinary("STOR one", open(srv.local("less", b"1" * 20000),
                                        "rb"))
        handle = open_file(raw, "three")
        refused(write(raw, handle, 0, b"x" * 50000))
        expect_same(write(raw, handle, 0, b"x" * 40000)[0], OK, "WRITE")
        close(raw, handle)
        expect_same(tally(srv)[:2], on_disk(srv), "tally")
        expect("552" in (ftp_says(ftp.storbinary, "STOR four", open(
            srv.local("one"), "rb")) or ""), "FTP does not see what SFTP used")
        kind, left = raw.ask(3, string(b"four") + num(WRITE | CREAT) + num(0))
        refused((struct.unpack(">I", left[:4])[0],
                 raw.cut(left[4:])[0].decode()))
    ftp.quit()
    settled(srv)


@promise("the same in a virtual root of mod_vroot")
def _():
    if vroot is None:
        skip("the host has no mod_vroot")
    srv = fresh(vroot)
    with Raw(srv, 3) as raw:
        one, two = open_file(raw, "one"), open_file(raw, "two")
        expect_same(write(raw, one, 0, b"1" * 60000)[0], OK, "one")
        refused(write(raw, two, 0, b"2" * 60000))
        expect_same(write(raw, two, 0, b"2" * 40000)[0], OK, "two")
        close(raw, one, two)
        expect_same(raw.status(13, string(b"one")), OK, "REMOVE")
        store(raw, "two", 10)
        expect_same(raw.status(9, string(b"two") + num(1) + quad(7)), OK,
                    "SETSTAT")
    expect_same(settled(srv, files=True), 7, "tally")


@promise("the same with tables in a database")
def _():
    if sql is None:
        skip("the host has no mod_quotatab_sql or mod_sql_sqlite")
    with Raw(sql, 3) as raw:
        one, two = open_file(raw, "one"), open_file(raw, "two")
        expect_same(write(raw, one, 0, b"1" * 60000)[0], OK, "one")
        refused(write(raw, two, 0, b"2" * 60000))
        expect_same(write(raw, two, 0, b"2" * 40000)[0], OK, "two")
        close(raw, one, two)
        expect_same(sql.tally(), on_disk(sql), "tally")
        expect_same(raw.status(13, string(b"one")), OK, "REMOVE")
        store(raw, "two", 10)
        expect_same(sql.tally(), (10, 1), "tally in the end")


@promise("without a limit for the user nothing is counted or refused")
def _():
    fresh()
    plain.user = plain.left.pop(0)
    with Raw(plain, 3) as raw:
        store(raw, "a", 200000)
    expect_same(tally(plain), (0, 0, 0), "tally")


main(*([plain, hidden, checked, late, dirs, both] if HAVE else [plain]),
     *[srv for srv in (sql, vroot) if srv is not None])
