#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""ftpdctl sftp explain says what a session is told: operations are asked about
and then done.  All operations of the table in the configurations WHOLE, those
of SOME in the others.  MOD_SFTP_EXPLAIN=limit-WRITE,hide-user does all of them
in these configurations of t/policy instead; it takes about 20 seconds each."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from controls import CONTROLS, control
from policydoors import GONE, OK, Scp, Sftp
from policyrun import EXTRA_GID, OTHER_UID, Logins, PolicyServer, make, put
from policytable import Configuration, Row, Table, read_all
from rawsftp import EXTENDED_REPLY, NAME, num, quad, string
from server import GID, UID
from tap import diag, expect, main, promise

# Configurations of t/policy, and some more.
CHOSEN = ("plain", "overwrite-off", "max-retrieve", "hidden-stores",
          "deny-all-directory", "limit-SITE_CHMOD", "hide-files-ignored")
OWN = {
    "checked": "SFTPUploadCheck exec:/bin/true",
    "no-fifos": "SFTPOptions IgnoreFIFOs",
}
WHOLE = ("plain",)
SOME = """
put new|put kept|put other|put secret|put dangling|put dir/new|put x.hide
put fifo|append kept|append secret|get closed|get big|get x.hide|get fifo
sum kept|del kept|mkdir new|rename dir dir|rename kept new|rename kept big
rename kept dir/new|list dir|stat x.hide|chmod kept|chmod dangling|utime kept
truncate kept|hardlink kept new|copy kept big
""".strip().replace("\n", "|").split("|")
NAMED = [name for name in os.environ.get("MOD_SFTP_EXPLAIN", "").split(",")
         if name]

# Beside those of the policy's home: path, mode, owner (None: a FIFO).
MORE = (
    ("blind/", 0o333, UID), ("blind/file", 0o644, UID),
    ("fixed/", 0o555, UID), ("fixed/file", 0o644, UID),
    ("fixed/sub/", 0o755, UID),
    ("shared/", 0o1777, 0), ("shared/theirs", 0o666, OTHER_UID),
    ("shared/own", 0o644, UID), ("dir/fixed/", 0o555, UID),
    ("secret", 0o200, UID), ("open", 0o666, OTHER_UID),
    ("nobody/", 0o777, OTHER_UID), ("fifo", 0o666, None),
)

# The doors' operation, explain's word for it, and for what it is done.
OPERATIONS = (
    ("put", "open-write",
     "new kept other closed open secret dir link dangling dirlink/new dir/new "
     "missing/new x.hide .dot new.exe dir/sub/new kept/x fixed/new fixed/file "
     "shared/new shared/theirs shared/own fifo blind/new ../bob/x"),
    ("append", "open-append",
     "new kept other open secret dir dangling fixed/file fixed/new "
     "shared/theirs x.hide fifo"),
    ("get", "open-read",
     "kept closed secret dir link dangling missing x.hide .dot dirlink/file "
     "fifo dir/sub/deep kept/x big blind/file"),
    ("sum", "digest", "kept closed dir x.hide big fifo missing"),
    ("del", "remove",
     "kept other dir link dangling missing x.hide dir/file fixed/file "
     "shared/theirs shared/own blind/file fifo"),
    ("mkdir", "mkdir",
     "new dir kept link dangling missing/x dir/sub/new fixed/new new.exe"),
    ("rmdir", "rmdir",
     "empty dir kept dirlink missing fixed/sub blind nobody"),
    ("rename", "rename",
     "kept:new kept:big kept:other kept:dir dir:new dir:empty dir:dir/x "
     "dir:dir dir:kept dir/sub:dir empty:dir empty:nobody kept:kept x.hide:y "
     "kept:x.hide kept:dir/new link:new missing:y other:new kept:fixed/new "
     "fixed/file:new shared/theirs:new kept:shared/theirs kept:shared/own "
     "dir/fixed:new dir/fixed:dir/new empty:dir/new kept:missing/new"),
    ("list", "opendir", ". dir dirlink missing kept empty blind"),
    ("stat", "stat",
     "kept .dot x.hide dangling missing closed dir/file blind/file kept/x"),
    ("chmod", "chmod", "kept other dir dangling missing dir/file x.hide fifo"),
    ("utime", "utimes", "kept other dir open dangling missing fixed/file"),
    ("group", "chgrp", "kept other dir open missing"),
    ("truncate", "truncate", "kept other open dir dangling missing fixed/file"),
    ("symlink", "symlink",
     "kept:new kept:link kept:kept kept:dir/new missing:new kept:fixed/new"),
    ("hardlink", "hardlink",
     "kept:new kept:link dir:new other:new open:new closed:new "
     "missing:new kept:dir/new kept:fixed/new link:new kept:missing/new"),
    ("readlink", "readlink", "link dirlink dangling kept dir missing"),
    ("statvfs", "statvfs", "kept dir dangling missing"),
    ("copy", "copy",
     "kept:new kept:big kept:other kept:open dir:new closed:new x.hide:new "
     "kept:dir/new missing:new kept:dir kept:fixed/new kept:link fifo:new"),
)
BY_SCP = ("put", "get", "mkdir")

# Where the name is a directory, SCP takes it as the place for what it gets, and
# another name for the directory that it makes where there is none.
NOT_BY_SCP = {"put dir", "mkdir missing/x"}


class Door(Sftp):
    def do_hardlink(self, old, new):
        self._done(200, string(b"hardlink@openssh.com") +
                   string(old.encode()) + string(new.encode()))

    def do_readlink(self, name):
        kind, left = self.raw.ask(19, string(name.encode()))
        if kind != NAME:
            self._refuse(left)

    def do_statvfs(self, name):
        kind, left = self.raw.ask(200, string(b"statvfs@openssh.com") +
                                  string(name.encode()))
        if kind != EXTENDED_REPLY:
            self._refuse(left)

    def do_chmod(self, name):
        self._set(name, 4, num(0o640))

    def do_group(self, name):
        """The group alone: no owner is named."""
        if self.six:
            self._set(name, 0x80, string(b"") + string(b"extra"))
        else:
            self._set(name, 2, num(0xffffffff) + num(EXTRA_GID))

    def do_truncate(self, name):
        self._set(name, 1, quad(1))


def home_of(one):
    return srv.path("homes/%s/%s" % (one.name, one.user))


def restore(one):
    home = home_of(one)
    for folder, folders, _ in os.walk(home):
        for name in folders:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
    make(home, one)
    for name, mode, uid in MORE:
        path = os.path.join(home, name)
        if uid is None:
            os.mkfifo(path)
            os.chmod(path, mode)
            os.chown(path, UID, GID)
        else:
            put(home, name, mode, b"more\n", uid)


def rows_of(one):
    """With explain's word as the place of the row."""
    rows = [Row("?", [op] + paths.split(":"), {}, word)
            for op, word, cases in OPERATIONS for paths in cases.split()]
    return [row for row in rows if NAMED or one.name in WHOLE or
            str(row) in SOME]


def configurations():
    known = {one.name: one for table in read_all()
             for one in table.configurations}
    for name, line in OWN.items():
        known[name] = Configuration(name)
        known[name].lines = [line]
    chosen = [known[name] for name in NAMED or CHOSEN + tuple(OWN)]
    for one in chosen:
        one.rows = rows_of(one)
    return chosen


def make_server():
    table = Table("explain.rows")
    table.server.append(CONTROLS)
    table.configurations = configurations()
    return PolicyServer(table)


srv = make_server()


# ---- What explain says

def ask(one, row, protocol):
    """The verdict."""
    lines = control(srv.path("ctrls.sock"), "sftp", "explain", one.user,
                    protocol, row.where, *row.args, "server",
                    str(srv.ports[one.name]["ssh"]))
    verdicts = [line for line in lines[1:] if not line.startswith(" ")]
    return (verdicts or ["no verdict in %r" % lines])[0]


def is_by_scp(one, row):
    return (NAMED or one.name in WHOLE) and row.op in BY_SCP and \
        str(row) not in NOT_BY_SCP


def questions():
    return [(one, row, protocol) for one in srv.configurations
            for row in one.rows for protocol in ("sftp", "scp")
            if protocol == "sftp" or is_by_scp(one, row)]


# ---- What is done

def do(doors, one, row):
    """{door: (ok, no or gone, the answer)}"""
    found = {}
    for door in doors:
        if door.name == "scp" and not is_by_scp(one, row):
            continue
        restore(one)
        found[door.name] = door.run(row)
    return found


def do_all(one):
    logins = Logins(srv, one)
    host = logins.hosts["ssh"]
    three = Door(host, 3)
    doors = [three, Door(host, 6, beside=three.raw),
             Scp(three.raw.transport, host)]
    try:
        return [do(doors, one, row) for row in one.rows]
    finally:
        for door in reversed(doors):
            door.close()


# Only somebody else's acts decide: a verdict would be wrong now and then.
UNKNOWN = {"put fifo", "append fifo", "rmdir blind", "rename kept:fifo"}


def compare(said, done, what):
    """Why they differ, or None."""
    verdict, answer = done
    if said.startswith("unknown: "):
        return None if what in UNKNOWN else "it can be known"
    if (said == "allowed") != (verdict == OK):
        return "the contrary"
    if said != "allowed" and ("No such file" in said) != (verdict == GONE):
        return "another reason"
    return None


@promise("explain's verdict is that of SFTP 3 and 6 and of SCP, for every "
         "operation of the table in every configuration")
def _():
    for one in srv.configurations:
        restore(one)
    asked = questions()
    with ThreadPoolExecutor(50) as pool:
        said = dict(zip(((one.name, str(row), protocol)
                         for one, row, protocol in asked),
                        pool.map(lambda each: ask(*each), asked)))
    differ, count = [], 0
    for one in srv.configurations:
        for row, found in zip(one.rows, do_all(one)):
            for door, done in found.items():
                answer = said[one.name, str(row), door.rstrip("36")]
                count += 1
                why = compare(answer, done, str(row))
                if why:
                    differ.append("[%s] %s by %s: %r, really %r: %s" % (
                        one.name, row, door, answer, done, why))
    diag("%d comparisons, %d questions" % (count, len(asked)))
    expect(count > 700 or NAMED, "only %d comparisons" % count)
    expect(not differ, "%d differ\n%s" % (len(differ), "\n".join(differ)))


main(srv)
