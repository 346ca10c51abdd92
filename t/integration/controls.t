#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite python3-paramiko

"""No text of a client brings a control character into a log, in none of its
ways in: names, texts, the login."""

import os
import re
import sqlite3
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise, skip
from clients import paramiko_transport
from rawauth import RawAuth
from rawsftp import HANDLE, Raw, num, quad, string
from server import Server, has_module, must, run, wait_for

import paramiko
from paramiko.message import Message

# A line of its own, what terminals obey, and the same in two bytes.
POISON = b"\nFORGED 1\r\x1b[31m\x07\x7f\x9b1m\xc2\x9b\x85\xc2\x85\tz"

VARIABLES = (
    "%m", "%r", "%J", "%f", "%F", "%d", "%D", "%w", "%u", "%U", "%A", "%S",
    "%E", "%{basename}", "%{transfer-failure}", "%{protocol}",
    "%{note:SFTP_CLIENT_BANNER}", "%{LC_POISON}e",
    "%{SFTP_CLIENT_BANNER}e", "%{note:sftp.file-handle}",
    "%{note:mod_xfer.store-path}", "%{note:mod_xfer.retr-path}",
    "%{note:mod_auth.orig-user}")

COMMON = """
LoadModule mod_rewrite.c
LoadModule mod_exec.c
RewriteEngine on
RewriteLog @DIR@/rewrite.log
RewriteCondition %%m !PASS
RewriteRule ^(.*nothing-has-this.*)$ $1
ExecEngine on
ExecLog @DIR@/exec.log
ExecOptions logStdout
ExecOnCommand STOR /bin/echo %%f
TraceLog @DIR@/trace.log
LogFormat all "%s"
ExtendedLog @DIR@/ext.log ALL all
SFTPAcceptEnv *
SFTPExtensions +xattr
<Directory ~/rules>
  PathDenyFilter "denied"
  HiddenStores on
  <Limit DELE>
    DenyAll
  </Limit>
</Directory>
""" % "|".join(VARIABLES)

SQL = """
LoadModule mod_sql.c
LoadModule mod_sql_sqlite.c
SQLEngine log
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLLogFile @DIR@/sql.log
SQLNamedQuery line INSERT "%s" lines
SQLLog * line
SQLLog ERR_* line
""" % ", ".join("'%s'" % name for name in VARIABLES)

ANONYMOUS = """
<Anonymous @DIR@/home/alice>
  User alice
  AnonRequirePassword off
  UserAlias anonymous alice
  RequireValidShell off
</Anonymous>
"""

WITH_SQL = has_module("mod_sql_sqlite.so")
# What administrators have, and what they switch on to find out something.
srv = Server(COMMON + (SQL if WITH_SQL else ""))
loud = Server("DebugLevel 10\nTrace DEFAULT:20 ssh2:20 sftp:20 scp:20\n"
              + COMMON)
anonymous = Server(ANONYMOUS + COMMON, users=("alice",))
SERVERS = (srv, loud, anonymous)

for one in SERVERS:
    os.mkdir(one.path("sql"))
    os.chmod(one.path("sql"), 0o777)
    base = sqlite3.connect(one.path("sql/db"))
    base.execute("CREATE TABLE lines (%s)" % ", ".join(
        "v%d TEXT" % number for number in range(len(VARIABLES))))
    base.commit()
    base.close()
    os.chmod(one.path("sql/db"), 0o666)
    one.mkdir("rules")
    one.mkdir("dir")


def bad_in(data):
    """The first control character, with what stands around it; line feeds
    end lines, and that is all they do."""
    text = data.decode("utf-8", "surrogateescape")
    found = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udc9f]", text)
    if found is None:
        found = re.search("^FORGED", text, re.M)
    return found and text[max(0, found.start() - 120):found.end() + 40] \
        .encode("utf-8", "surrogateescape")


LOGS = ("ext.log", "sftp.log", "system.log", "transfer.log", "trace.log",
        "rewrite.log", "exec.log", "start.log", "sql.log")


def clean(server, what):
    """Waits for the session's end, and looks into everything."""
    server.no_sessions()
    for name in LOGS:
        try:
            with open(server.path(name), "rb") as log:
                data = log.read()
        except OSError:
            continue
        if name == "sql.log":
            data = data.replace(b"\t", b" ")    # mod_sql's own
        bad = bad_in(data)
        # What is one fault is not told again by the next promise.
        open(server.path(name), "wb").close()
        expect(bad is None, "%s: in %s: %r" % (what, name, bad))
    base = sqlite3.connect(server.path("sql/db"))
    try:
        rows = base.execute("SELECT * FROM lines").fetchall()
        base.execute("DELETE FROM lines")
        base.commit()
    finally:
        base.close()
    for row in rows:
        for name, value in zip(VARIABLES, row):
            value = (value or "").encode("utf-8", "surrogateescape") \
                if isinstance(value, str) else bytes(value or b"")
            bad = bad_in(value) or (b"\n" in value and value)
            expect(not bad, "%s: %s in SQL: %r" % (what, name, bad))
    return rows


def mentions(server, name, text):
    with open(server.path(name), "rb") as log:
        data = log.read()
    expect(text in data, "no %r in %s: %r" % (text, name, data[-2000:]))


def clean_with(server, what, *texts):
    """Once the sessions have ended: each of (log, text) is there, and
    everything is clean."""
    server.no_sessions()
    for name, text in texts:
        mentions(server, name, text)
    clean(server, what)


def names(*parts):
    return [string(part.replace(b"@", POISON)) for part in parts]


def requests():
    """Requests of version 3, each with names that are poison."""
    bare, = names(b"@")
    inside, = names(b"/dir/@")
    to, = names(b"/dir/to@")
    denied, gone = names(b"/rules/denied@", b"/no@/such@")
    none = num(0)
    yield 11, bare
    yield 11, gone
    for name in (inside, gone, denied):
        yield 7, name
        yield 17, name
        yield 16, name
        yield 14, name + none
        yield 9, name + num(4) + num(0o755)
        yield 19, name
        yield 20, name + to
        yield 20, to + name
        yield 18, name + to
        yield 18, to + name
        yield 15, name
        yield 13, name
        for extension in (b"posix-rename@openssh.com",
                          b"hardlink@openssh.com"):
            yield 200, string(extension) + name + to
        yield 200, string(b"copy-file") + name + to + b"\1"
        for extension in (b"statvfs@openssh.com", b"lsetstat@openssh.com",
                          b"expand-path@openssh.com", b"home-directory",
                          b"space-available"):
            yield 200, string(extension) + name + none
        yield 200, string(b"users-groups-by-id@openssh.com") + name + name
        yield 200, string(b"check-file-name") + name + string(b"md5,sha1" +
            POISON) + quad(0) + quad(0) + none
    yield 200, bare
    yield 200, string(b"vendor-id") + bare * 3 + quad(1)
    yield 4, bare
    yield 99, bare


def through_sftp(server, version):
    """Every request, and uploads and downloads of files of that name."""
    with Raw(server, version) as raw:
        for kind, body in requests():
            raw.ask(kind, body)
        for name in (b"/dir/up" + POISON, b"/rules/up" + POISON,
                     b"/rules/denied" + POISON, b"/gone/" + POISON):
            if version >= 5:
                opens = (num(2) + num(2), num(1) + num(2),
                         num(6) + num(2 | 8))
            else:
                opens = (num(0x1a), num(1), num(6))
            for flags in opens:
                kind, left = raw.ask(3, string(name) + flags + num(0) +
                                     (b"\1" if version >= 4 else b""))
                if kind != HANDLE:
                    continue
                handle, _ = raw.cut(left)
                raw.ask(6, string(handle) + quad(0) + string(b"data"))
                raw.ask(5, string(handle) + quad(0) + num(9))
                raw.ask(8, string(handle))
                raw.ask(10, string(handle) + num(4) + num(0o600) if version
                        < 4 else string(handle) + num(4) + b"\1" + num(0o600))
                for extension in (b"fsync@openssh.com", b"fstatvfs@openssh.com"):
                    raw.ask(200, string(extension) + string(handle))
                for extension in (b"fgetxattr", b"fsetxattr"):
                    raw.ask(200, string(extension + b"@openssh.com") +
                            string(handle) + string(b"user." + POISON) +
                            string(b"v") + num(0))
                raw.ask(4, string(handle))
        if version >= 4:
            # Owner and group are names, and nobody has these.
            for name in (b"/dir/up" + POISON, b"/dir"):
                raw.ask(9, string(name) + num(0x80) + b"\1" + string(POISON)
                        + string(POISON))
        # One is left open, and one is left on the way.
        raw.ask(3, string(b"/dir/cut" + POISON) + (
            num(2) + num(2) if version >= 5 else num(0x1a)) + num(0) +
            (b"\1" if version >= 4 else b""))
        raw.ask(15, string(b"/dir/renamed" + POISON))


def session_exec(server, command):
    with paramiko_transport(server) as conn:
        channel = conn.open_session()
        channel.settimeout(30)
        try:
            channel.exec_command(command)
        except paramiko.SSHException:
            return b""
        return channel


def talk(channel, *parts):
    for part in parts:
        try:
            channel.sendall(part)
        except OSError:
            return


@promise("names in SFTP, every request, in versions 3, 4 and 6")
def _():
    for version in (3, 4, 6):
        through_sftp(srv, version)
        wait_for(lambda: not srv.sessions(), "the end")
        mentions(srv, "ext.log", b"\\x0aFORGED 1\\x0d\\x1b[31m\\x07\\x7f\\x9b"
                 b"1m\\xc2\\x9b\\x85\\xc2\\x85\\x09z")
        mentions(srv, "transfer.log", b"FORGED_1")
        rows = clean(srv, "SFTP %d" % version)
        expect(not WITH_SQL or any("FORGED" in (value or "") for row in rows
                                   for value in row), "nothing in SQL")


@promise("files get the given names, and rules see them")
def _():
    name = b"up" + POISON
    there = os.listdir(srv.home("dir").encode())
    expect(name in there, "no %r: %r" % (name, there))
    expect(not any(b"\\x0a" in one for one in there), "%r" % there)
    there = os.listdir(srv.home("rules").encode())
    expect(name in there, "%r" % there)
    expect(not any(b"denied" in one for one in there), "%r" % there)


@promise("names in SCP, up and down, directories, times, errors, patterns")
def _():
    for command, parts in (
            (b"scp -t /dir", (b"C0644 4 ../x" + POISON[1:].replace(
                b"\r", b"") + b"\n", b"data\0", b"E\n")),
            (b"scp -r -p -t /dir", (b"T1 0 1 0\n", b"D0755 0 sub\x1b[1m\x7f\n",
                                    b"C0644 4 f\x1b\x9b1m\x85\n", b"data\0",
                                    b"E\n")),
            (b"scp -t /dir/new" + POISON, (b"C0644 4 n\n", b"data\0")),
            (b"scp -t /dir/cut" + POISON, (b"C0644 400 n\n", b"data")),
            (b"scp -t /rules/denied" + POISON, (b"C0644 4 n\n", b"data\0")),
            (b"scp -f '/dir/new" + POISON + b"'", (b"\0", b"\0", b"\0")),
            (b"scp -f /dir/*" + POISON, (b"\0", b"\1" + POISON + b"\n")),
            (b"scp -r -f /dir", (b"\0",) * 30),
            (b"scp -t /dir", (b"\1" + POISON + b"\n",)),
            (b"scp -t /dir", (b"X" + POISON + b"\n",)),
            (b"scp -" + POISON + b" x", ())):
        with paramiko_transport(srv) as conn:
            channel = conn.open_session()
            channel.settimeout(30)
            try:
                channel.exec_command(command)
                talk(channel, *parts)
                channel.shutdown_write()
                while channel.recv(65536):
                    pass
            except (paramiko.SSHException, OSError):
                pass
        clean(srv, "%r" % command)
    expect(b"new" + POISON in os.listdir(srv.home("dir").encode()),
           "no file of that name")


@promise("commands of exec, subsystems, environment and signals")
def _():
    for command in (POISON, b"md5sum '/dir/new" + POISON + b"'",
                    b"md5sum /dir/gone" + POISON, b"df '/" + POISON + b"'",
                    b"ls '" + POISON + b"'", b"cd " + POISON,
                    b"echo " + POISON, b"md5sum -" + POISON):
        with paramiko_transport(srv) as conn:
            channel = conn.open_session()
            channel.settimeout(30)
            channel.update_environment({"LC_POISON": POISON,
                                        b"LC" + POISON: b"x"})
            try:
                channel.exec_command(command)
                while channel.recv(65536):
                    pass
            except (paramiko.SSHException, OSError):
                pass
        clean(srv, "%r" % command)
    with paramiko_transport(srv) as conn:
        channel = conn.open_session()
        channel.update_environment({"LC_POISON": POISON})
        for ask in (lambda: channel.invoke_subsystem(POISON),
                    lambda: conn.open_channel(POISON.decode("latin-1"),
                                              timeout=10),
                    lambda: conn.request_port_forward(
                        POISON.decode("latin-1"), 1),
                    lambda: conn.global_request(POISON.decode("latin-1"))):
            try:
                ask()
            except (paramiko.SSHException, OSError):
                pass
    clean(srv, "channels")


@promise("the environment and the text of a DISCONNECT are in the records")
def _():
    with paramiko_transport(srv) as conn:
        channel = conn.open_session()
        channel.update_environment({"LC_POISON": b"kept" + POISON})
        channel.invoke_subsystem("sftp")
        channel.send(string(b"\1" + num(3)))
        channel.recv(4)
        m = Message()
        m.add_byte(b"\1")
        m.add_int(11)
        m.add_string(b"farewell" + POISON)
        m.add_string(b"")
        conn._send_user_message(m)
        wait_for(lambda: not conn.is_active(), "the end")
    clean_with(srv, "DISCONNECT", ("ext.log", b"kept\\x0aFORGED"),
               ("sftp.log", b"farewell\\x0aFORGED"))


@promise("the client's software version")
def _():
    soft = (POISON[1:].replace(b"\r", b"")).decode("latin-1")
    for software in ("c" + soft, "ok " + soft):
        try:
            with paramiko_transport(srv, software=software) as conn:
                conn.open_session()
        except (paramiko.SSHException, OSError, EOFError):
            pass
        clean(srv, "%r" % software)
    with srv.connect() as sock:
        sock.sendall(b"SSH-2.0-x" + POISON + b"\r\n" + POISON)
        while sock.recv(4096):
            pass
    clean(srv, "a bare line")


def m_of(raw, user, service, method, rest=b""):
    m = Message()
    m.add_byte(b"\x32")
    for text in (user, service, method):
        m.add_string(text)
    m.add_bytes(rest)
    return m


@promise("names of the login: user, service, method, host, and other fields")
def _():
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    c1 = b"\x9b1m\xc2\x9b\x85\xc2\x85"
    wrong = b"\0" + string(b"wrong" + POISON)
    for user, service, method, rest in (
            (b"bob" + POISON, b"ssh-connection", b"password", wrong),
            (b"bob" + c1, b"ssh-connection", b"password", wrong),
            (b"bob" + c1, b"ssh-connection", b"none", b""),
            (b"bob" + c1, b"ssh-connection", b"publickey", b"\0" +
             string(b"ssh-ed25519") + string(key.asbytes())),
            (b"alice", b"x" + POISON, b"password", wrong),
            (b"alice", b"x" + c1, b"password", wrong),
            (b"alice", b"ssh-connection", b"x" + POISON, b""),
            (b"alice", b"ssh-connection", b"x" + c1, b""),
            (b"alice", b"ssh-connection", b"publickey", b"\0" +
             string(b"x" + POISON) + string(POISON)),
            (b"alice", b"ssh-connection", b"hostbased", string(b"ssh-ed25519")
             + string(key.asbytes()) + string(POISON) + string(POISON)
             + string(POISON)),
            (b"alice", b"ssh-connection", b"keyboard-interactive",
             string(POISON) + string(POISON)),
            (b"alice", b"ssh-connection", b"password", wrong)):
        with RawAuth(srv.connect()) as raw:
            raw.answer(m_of(raw, user, service, method, rest))
        clean(srv, "%r %r %r" % (user, service, method))
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=30)
    m = Message()
    m.add_byte(b"\x05")
    m.add_string(b"service" + POISON)
    conn._send_message(m)
    conn.join(10)
    conn.close()
    clean(srv, "SERVICE_REQUEST")


@promise("a password of an anonymous user, which is logged")
def _():
    conn = paramiko.Transport(anonymous.connect())
    conn.start_client(timeout=30)
    conn.auth_password("anonymous", "me@home" + POISON.decode("latin-1"))
    sftp = paramiko.SFTPClient.from_transport(conn)
    with sftp.open("/dir/anon", "w") as file:
        file.write("x")
    conn.close()
    clean_with(anonymous, "the password", ("ext.log", b"me@home\\x0aFORGED"),
               ("transfer.log", b"me@home\\x0aFORGED"))


@promise("ftpwho and process titles show no controls")
def _():
    with Raw(srv, 3) as raw:
        for kind, body in ((3, string(b"/dir/up" + POISON) + num(1) + num(0)),
                           (7, string(b"/dir/stat" + POISON)),
                           (16, string(b"/dir/real" + POISON))):
            raw.ask(kind, body)
            with open(srv.path("scoreboard"), "rb") as board:
                data = board.read()
            for at in re.finditer(b"FORGED", data):
                # Fields are of fixed sizes, filled up with zeros.
                field = data[:at.start()].rpartition(b"\0")[2] + \
                    data[at.start():].partition(b"\0")[0]
                expect(bad_in(field) is None and b"\n" not in field,
                       "scoreboard: %r" % field)
            with open("/proc/%d/cmdline" % srv.session(), "rb") as title:
                text = title.read().rstrip(b"\0")
            expect(bad_in(text.replace(b"\0", b" ")) is None and
                   b"\n" not in text, "title: %r" % text)
        said = must(run(["ftpwho", "-v", "-f", srv.path("scoreboard")]))
        expect(bad_in(said.stdout.replace(b"\t", b" ")) is None,
               "ftpwho: %r" % said.stdout)
    clean(srv, "the scoreboard")


@promise("debugging and tracing do not bring them in, either")
def _():
    for version in (3, 6):
        through_sftp(loud, version)
        clean(loud, "SFTP %d" % version)
    # A file of rules is a text of the client, too.
    loud.put("dir/.ftpaccess", b"No\x1b[31mSuch\x9b1m directive\n")
    with Raw(loud, 3) as raw:
        raw.ask(17, string(b"/dir/x"))
    clean(loud, ".ftpaccess")


main(*SERVERS)
