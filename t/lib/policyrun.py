# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Runs the tables of t/policy.

A table is one daemon, with two virtual hosts for each configuration: one speaks
FTP, the other SSH.  Before each operation the home is made anew; afterwards the
verdict, the answer, the tree of the home, and the lines of TransferLog and
ExtendedLog are compared with those of FTP.
"""

import contextlib
import copy
import hashlib
import logging
import multiprocessing
import os
import re
import shutil
import stat
import struct
import time

from ftphost import OWN
from policydoors import ENDING, UTIME, WAITING, Exec, Ftp, Scp, Sftp, \
    can, content, knock
from policytable import ASPECTS, DOORS, everywhere
from server import GID, PATIENCE, UID, Server, free_port, wait_for
from tap import diag

import socket

# Of refused logins.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

OTHER_UID, EXTRA_GID = UID + 1, GID + 50
OLD = 1000000000

# The home before each operation: path, mode, content or link, owner.
HOME = (
    ("kept", 0o644, b"kept\n", UID),
    ("big", 0o644, b"0123456789" * 200, UID),
    (".dot", 0o644, b"dot\n", UID),
    ("x.hide", 0o644, b"hide\n", UID),
    ("other", 0o644, b"other\n", OTHER_UID),
    ("closed", 0o600, b"closed\n", OTHER_UID),
    ("dir/", 0o755, None, UID),
    ("dir/file", 0o644, b"file\n", UID),
    ("dir/sub/", 0o755, None, UID),
    ("dir/sub/deep", 0o644, b"deep\n", UID),
    ("empty/", 0o755, None, UID),
    ("link", None, "kept", UID),
    ("dirlink", None, "dir", UID),
    ("dangling", None, "nowhere", UID),
)

COMMANDS = ("STOR", "APPE", "RETR", "MKD", "RMD", "DELE", "RNFR", "RNTO")


def connected(wanted):
    """The sockets at the ports that are wanted."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.read().splitlines()[1:]]
    return {"socket:[%s]" % row[9] for row in rows
            if wanted(int(row[1].split(":")[1], 16))}


def has_any(pid, sockets):
    folder = "/proc/%d/fd" % pid
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                if os.readlink(os.path.join(folder, name)) in sockets:
                    return True
    return False


class Host:
    """One of the two virtual hosts of a configuration."""

    def __init__(self, server, one, protocol, port):
        self.server, self.one, self.port = server, one, port
        self.protocol, self.user, self.key = protocol, one.user, server.key
        self.password = server.password
        self.source = "127.0.0.1"
        self.read = {}

    def for_login(self, user, source):
        """The same for another one."""
        other = copy.copy(self)
        other.user, other.source = user, source
        return other

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE,
                                        (self.source, 0))

    def sessions(self):
        """The process ids of those that are connected to it."""
        sockets = connected(lambda port: port == self.port)
        return {pid for pid in self.server.sessions() if has_any(pid, sockets)}

    def wait_for_end(self, own=frozenset()):
        """Waits until all its sessions but these are gone.  The daemon counts
        those, too, that have closed the connection, until it knows that they
        ended (MaxConnectionsPerHost)."""
        wait_for(lambda: self.sessions() <= own, "the session to end")
        sockets = connected(lambda port: True)
        ending = {pid for pid in self.server.children()
                  if not has_any(pid, sockets)}
        wait_for(lambda: not ending & set(self.server.children()),
                 "the daemon to notice the end of a session")

    def home(self):
        return self.server.path("homes/%s/%s" % (self.one.name,
                                                 self.one.user))

    def log(self, kind):
        return self.server.path("%s.%s.%s" % (kind, self.one.name,
                                              self.protocol))

    def new_lines(self, kind):
        """Since the last call."""
        try:
            with open(self.log(kind), errors="replace") as file:
                file.seek(self.read.get(kind, 0))
                text = file.read()
                self.read[kind] = file.tell()
                return text.splitlines()
        except OSError:
            return []

    def records(self):
        done = []
        for line in self.new_lines("transfer"):
            words = line.replace(self.home(), "~").split()
            done.append((words[8], int(words[7]), words[11], words[12],
                         words[13], words[17]))
        logged = []
        for line in self.new_lines("extended"):
            words = line.replace(self.home(), "~").split("|")
            if words[0] == "DELE" and words[2].startswith("5"):
                words[3] = "-"      # 0 in 1.3.8, the size in 1.3.8.c
            if words[0] in COMMANDS:
                logged.append(tuple(words))
        return done, logged


LIMIT_MAGIC, TALLY_MAGIC = 0x07626, 0x07644


def write_quota(server, one):
    """The tables of mod_quotatab: a hard limit of bytes and files of the
    user, and what the home has.  Sessions read them for each command."""
    name = one.user.encode()
    sizes = [len(data) for _, _, data, uid in HOME
             if data is not None and uid == UID]
    for kind, data in (
            ("limit", struct.pack("=I81siBidddIII", LIMIT_MAGIC, name, 20, 0,
                                  1, one.quota[0], 0, 0, one.quota[1], 0, 0)),
            ("tally", struct.pack("=I81sidddIII", TALLY_MAGIC, name, 20,
                                  sum(sizes), 0, 0, len(sizes), 0, 0))):
        path = server.path("%s.%s" % (kind, one.name))
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600),
                  "wb") as out:
            out.write(data)


class PolicyServer(Server):
    def __init__(self, table, only=()):
        self.table = table
        self.configurations = [one for one in table.configurations
                               if not only or one.name in only]
        super().__init__("\n".join(table.server) + "\n", modules=table.modules,
                         users=("alice", "bob"))
        with open(self.path("group"), "a") as file:
            file.write("extra:x:%d:alice\n" % EXTRA_GID)
        self.homes()

    def ftp_crashes(self):
        """The sessions of FTP that crashed: in 1.3.8.c mod_xfer does, when it
        records a transfer at the end of a session."""
        crashed = re.findall(r"proftpd\[(\d+)\].*\(signal 11\)",
                             super().daemon_output())
        ours = re.findall(r"mod_sftp/\S+\[(\d+)\]", self.log("sftp.log"))
        return set(crashed) - set(ours)

    def daemon_output(self):
        theirs = self.ftp_crashes()
        return "\n".join(line for line in super().daemon_output().splitlines()
                         if not any("proftpd[%s]" % pid in line
                                    for pid in theirs))

    def choose_ports(self):
        super().choose_ports()
        self.hosts = {one.name: {
            protocol: Host.__new__(Host) for protocol in ("ftp", "ssh")}
            for one in self.configurations}
        self.ports = {name: {protocol: free_port() for protocol in both}
                      for name, both in self.hosts.items()}

    def host(self, one, protocol):
        return Host(self, one, protocol, self.ports[one.name][protocol])

    def homes(self):
        """An AuthUserFile for each configuration, with homes of its own."""
        with open(self.path("passwd")) as file:
            users = [line.split(":") for line in file.read().splitlines()]
        for one in self.configurations:
            if one.quota:
                write_quota(self, one)
            base = self.path("homes/" + one.name)
            os.makedirs(base)
            path = self.path("passwd." + one.name)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600),
                      "w") as out:
                for number, fields in enumerate(users):
                    home = os.path.join(base, fields[0])
                    os.mkdir(home)
                    os.chown(home, UID + number, GID)
                    out.write(":".join([fields[0], fields[1],
                                        str(UID + number), str(GID), "",
                                        home, "/bin/sh"]) + "\n")
            # A skeleton has to be there when the daemon starts.
            put_files(os.path.join(base, one.user), one, "../")

    def config(self):
        text = super().config() + 'LogFormat policy ' \
            '"%m|%f|%s|%b|%{transfer-status}"\n'
        for one in self.configurations:
            for protocol in ("ftp", "ssh"):
                text += self._virtual_host(one, protocol)
        return text

    def _virtual_host(self, one, protocol):
        host = self.host(one, protocol)
        own = one.directives().replace("@DIR@", self.dir).replace(
            "@HOME@", self.path("homes/%s/%s" % (one.name, one.user)))
        named = set(re.findall(r"^\s*(\w+)", own, re.M))
        lines = ["<VirtualHost 127.0.0.1>", "ServerName " + one.name,
                 "Port %d" % host.port,
                 "TransferLog " + host.log("transfer"),
                 "ExtendedLog %s READ,WRITE,DIRS policy" % host.log(
                     "extended"),
                 "AuthUserFile " + self.path("passwd." + one.name)]
        for name, value in self._default_lines():
            if name not in named and name not in (
                    "TransferLog", "AuthUserFile") and (
                    name in OWN or (protocol == "ssh" and
                                    name.startswith("SFTP"))):
                lines.append("%s %s" % (name, value))
        return "\n".join(lines) + "\n" + own + "</VirtualHost>\n"


# ---- The home

FOLDERS = {name.rstrip("/") for name, _, _, _ in HOME if name.endswith("/")}


def clear(home):
    """All but the directories that stay: a session may be rooted there."""
    for folder, folders, files in os.walk(home, topdown=False):
        for name in folders + files:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
            elif os.path.relpath(path, home) not in FOLDERS:
                os.rmdir(path)


def put(home, name, mode, data, uid):
    path = os.path.join(home, name.rstrip("/"))
    if mode is None:
        os.symlink(data, path)
    elif name.endswith("/"):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)
    os.chown(path, uid, GID, follow_symlinks=False)
    os.utime(path, (OLD, OLD), follow_symlinks=False)


def put_files(home, one, prefix=""):
    for name, mode, text in one.files:
        if name.startswith(prefix):
            put(home, name, mode, content(text[1:]) if text[:1] == "%" else
                text.replace("\\n", "\n").encode(), UID)


def make(home, one):
    os.makedirs(home, exist_ok=True)
    os.chown(home, UID, GID)
    clear(home)
    os.chmod(home, 0o755)
    for name, mode, data, uid in HOME:
        put(home, name, mode, data, uid)
    put_files(home, one)


def when(st):
    return {OLD: "old", UTIME: "set"}.get(int(st.st_mtime),
                                          "now" if abs(time.time() - st.
                                                       st_mtime) < 600
                                          else int(st.st_mtime))


def describe(path):
    st = os.lstat(path)
    words = [stat.filemode(st.st_mode), st.st_uid, st.st_gid]
    if stat.S_ISLNK(st.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(st.st_mode):
        with open(path, "rb") as file:
            words += [st.st_size, hashlib.md5(file.read()).hexdigest()[:8],
                      when(st)]
    elif when(st) == "set":
        words.append("set")
    return tuple(words)


def tree(home):
    if not os.path.exists(home):
        return {}
    found = {"": describe(home)}
    for folder, folders, files in os.walk(home):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, home)] = describe(path)
    return found


def changed(before, after):
    """What an operation did: {path: (before, after)}"""
    return {path: (before.get(path), after.get(path))
            for path in set(before) | set(after)
            if before.get(path) != after.get(path)}


# ---- A configuration

class Logins:
    """The doors of one configuration, as they are needed."""

    def __init__(self, server, one):
        self.hosts = {protocol: server.host(one, protocol)
                      for protocol in ("ftp", "ssh")}
        self.doors = {}

    def __getitem__(self, name):
        if name not in self.doors:
            self.doors[name] = self._open(name)
        return self.doors[name]

    def _open(self, name):
        if name == "ftp":
            host = self.hosts["ftp"]
            return Ftp(host.port, host.user, host.password)
        if name == "sftp3":
            return Sftp(self.hosts["ssh"], 3)
        raw = self["sftp3"].raw
        if name == "sftp6":
            return Sftp(self.hosts["ssh"], 6, beside=raw)
        return {"scp": Scp, "exec": Exec}[name](raw.transport,
                                                self.hosts["ssh"])

    def settle(self, name):
        """What was done is in the logs."""
        self["ftp" if name == "ftp" else "sftp3"].settle()

    def host(self, name):
        return self.hosts["ftp" if name == "ftp" else "ssh"]

    def end(self):
        """Closes them, and waits until their sessions are gone."""
        self.close()
        for host in self.hosts.values():
            host.wait_for_end()

    def close(self):
        # The first SFTP channel has the connection.
        for name in ("exec", "scp", "sftp6", "sftp3", "ftp"):
            if name in self.doors:
                with contextlib.suppress(EOFError, OSError):
                    self.doors[name].close()
        self.doors = {}

    def records(self, name):
        return self.host(name).records()


def attempt(logins, home, one, name, row):
    """{aspect: what happened} by that door; None where it has no such
    operation."""
    if not can(name, row):
        return None
    row = copy.copy(row)
    row.args = [word.replace("@HOME@", home) for word in row.args]
    if row.op == "new-home":
        logins.end()
    make(home, one)
    if one.quota:
        write_quota(logins.host(name).server, one)
    if row.op == "new-home":
        shutil.rmtree(home)
        row.op, row.args = row.args[0], row.args[1:]
    before = tree(home)
    logins.records(name)
    try:
        if row.op != "knock":
            logins[name]
    except Exception as why:    # whatever the client's library raises
        if os.path.exists(home):
            raise
        return {"verdict": "no", "answer": None, "tree": {}, "transfers": [],
                "commands": [], "said": str(why)}
    verdict, answer = around(logins, name, row)
    after = tree(home)
    done, logged = logins.records(name)
    if row.op == "during":
        done, logged = sorted(done), sorted(logged)     # of two sessions
    return {"verdict": verdict, "answer": answer if verdict == "ok" else None,
            "tree": changed(before, after), "transfers": done,
            "commands": logged, "said": answer}


def around(logins, name, row):
    """Does it, and waits until all is in the logs."""
    if row.op not in ENDING:
        verdict, answer = logins[name].run(row)
        logins.settle(name)
        return verdict, answer
    host = logins.host(name)
    own = host.sessions()
    verdict, answer = knock(host, *row.args) if row.op == "knock" else \
        logins[name].run(row)
    if row.op in WAITING:
        logins.close()
        own = set()
    host.wait_for_end(own)
    return verdict, answer


EVERYWHERE = everywhere()


def meant(row, door, aspect, ftp):
    """The reason why it may differ, where it is known."""
    for op, when_said, found in EVERYWHERE:
        if op == row.op and when_said in (None, ftp["verdict"]) and \
                (door, aspect) in found:
            reason = found[door, aspect]
            # Where FTP's client goes on, nothing differs.
            if reason != "one-request" or len(ftp["commands"]) == 1:
                return reason
    return row.meant.get((door, aspect))


class Difference:
    def __init__(self, one, row, door, aspect, ftp, got):
        self.name, self.where, self.row = one.name, row.where, str(row)
        self.door, self.aspect = door, aspect
        self.ftp, self.got = ftp[aspect], got[aspect]
        self.said = (got["said"], ftp["said"]) if aspect == "verdict" else ""
        self.reason = meant(row, door, aspect, ftp)

    def __str__(self):
        return "%s [%s] %s by %s: %s is %r, by FTP %r %s" % (
            self.where, self.name, self.row, self.door, self.aspect, self.got,
            self.ftp, self.said)


def compare(logins, home, one, row):
    """Differences, faults of the table itself, and how much was compared."""
    ftp = attempt(logins, home, one, "ftp", row)
    found, faults, count = [], [], 0
    if row.verdict not in ("?", ftp["verdict"]):
        faults.append("%s [%s] %s: FTP says %s: %s" % (
            row.where, one.name, row, ftp["verdict"], ftp["said"]))
    for door in DOORS:
        got = attempt(logins, home, one, door, row)
        if got is None:
            continue
        count += 1
        for aspect in ASPECTS:
            if aspect == "answer" and "no" in (got["verdict"][:2],
                                               ftp["verdict"][:2]):
                continue
            if got[aspect] != ftp[aspect] and not (
                    door == "exec" and aspect in ("transfers", "commands")):
                found.append(Difference(one, row, door, aspect, ftp, got))
    differ = {(one.door, one.aspect) for one in found}
    return found, faults, count, ftp["verdict"], [
        (row.where, door, aspect) for door, aspect in row.meant
        if (door, aspect) in differ]


def settled(logins, home, one, row):
    """The same; what differs or fails must do so twice.  The daemon itself
    counts sessions that are just ending, and FTP's answers depend on that."""
    first = compare(logins, home, one, row)
    if not first[1] and all(diff.reason for diff in first[0]):
        return first
    logins.end()
    again = compare(logins, home, one, row)
    if not again[1] and all(diff.reason for diff in again[0]):
        for text in [str(diff) for diff in first[0] if not diff.reason] + \
                first[1]:
            diag("only once: " + text)
    return again


def run_configuration(server, number):
    """All rows of a configuration; runs in a process of its own."""
    one = server.configurations[number]
    home = server.path("homes/%s/%s" % (one.name, one.user))
    found, faults, seen, count = [], [], [], 0
    logins, verdicts, begin = Logins(server, one), set(), time.monotonic()
    for row in one.rows:
        try:
            if one.fresh:
                logins.close()
            new = settled(logins, home, one, row)
            found += new[0]
            faults += new[1]
            count += new[2]
            verdicts.add(new[3])
            seen += new[4]
        except Exception as why:        # whatever a client raises
            import traceback
            faults.append("%s [%s] %s: %r %s" % (
                row.where, one.name, row, why, traceback.format_exc()[-600:]))
            logins.close()
    logins.close()
    return found, faults, seen, count, time.monotonic() - begin


def run_tables(tables, only=(), jobs=4):
    """(differences, faults, seen meant ones, comparisons) of these tables."""
    found, faults, seen, count = [], [], set(), 0
    servers = [PolicyServer(table, only) for table in tables
               if not only or any(one.name in only
                                  for one in table.configurations)]
    work = []
    try:
        for server in servers:
            server.start()
            work += [(server, number)
                     for number in range(len(server.configurations))]
        global _work
        _work = work
        # Those that wait for the server come first, each with a process that
        # needs little of the machine.
        waiting = [number for number, (server, at) in enumerate(work)
                   if any(row.op in WAITING + ("atleast",) for row
                          in server.configurations[at].rows)]
        order = waiting + [number for number in range(len(work))
                           if number not in waiting]
        with multiprocessing.get_context("fork").Pool(
                jobs + len(waiting)) as pool:
            for new in pool.imap_unordered(_run, order):
                found += new[0]
                faults += new[1]
                seen.update(new[2])
                count += new[3]
    finally:
        for server in servers:
            server.stop_clean()
    return found, faults, seen, count


def _run(number):
    return run_configuration(*_work[number])
