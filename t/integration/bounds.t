#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""What one client can cost: memory, log lines and work, by messages of every
kind."""

import base64
import contextlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import diag, expect, main, promise, skip
from clients import paramiko_transport
from rawauth import FAILURE, RawAuth
from rawsftp import HANDLE, Raw, num, quad, string
from server import PRELOAD, Server, wait_for

import paramiko
from paramiko.common import MSG_NAMES
from paramiko.message import Message

# An answer that paramiko has no name for: it would end the connection.
MSG_NAMES.setdefault(193, "pong")

# Which names are one character long depends on the locale of the daemon.
os.environ["LC_ALL"] = "C"
srv = Server("SFTPExtensions +xattr +vendorID\n"
             "SFTPAcceptEnv LANG\n"
             "TimeoutLogin 300\n"
             "PathDenyFilter /filtered$\n"
             "<Directory ~/hidden>\n"
             "  HideFiles \\.hid$\n"
             "  <Limit ALL>\n    IgnoreHidden on\n  </Limit>\n"
             "</Directory>\n"
             "<Directory ~/forbidden>\n"
             "  <Limit MKDIR MKD>\n    DenyAll\n  </Limit>\n"
             "</Directory>\n")

FIRST, MANY = 2000, 20000

# The receive buffer may grow to 512 kB meanwhile; 49 bytes a message would be
# about 1000 kB.
GROWTH_KB = 750


def memory_kb(pid):
    """What the process has for itself alone."""
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"RssAnon:\s*(\d+)", status.read()).group(1))


def grows_not(pid, what, send, many=MANY):
    """`send' sends so many messages and returns when they were handled."""
    if PRELOAD:
        skip("sanitizers keep what was freed")
    send(FIRST)
    before = memory_kb(pid)
    send(many)
    growth = memory_kb(pid) - before
    diag("%s: %d kB" % (what, growth))
    expect(growth < GROWTH_KB, "%d times %s: %d kB more" % (many, what,
                                                            growth))


# ---- Messages of SSH

LONG = b"x" * 200


def message(kind, *fields):
    m = Message()
    m.add_bytes(bytes([kind]) + b"".join(fields))
    return m


EVERYWHERE = {
    "IGNORE": [message(2, string(LONG))],
    "DEBUG": [message(4, b"\1", string(LONG), string(b""))],
    "UNIMPLEMENTED": [message(3, num(7))],
    "PING": [message(192, string(b""))],
}


# What a client may use before the login: transport/budget.c.
BUDGET = 1000


def flood(raw, messages, n):
    """Sends so many, or until the connection ends."""
    try:
        for _ in range(n):
            for m in messages:
                raw.conn._send_message(m)
    except (EOFError, OSError):
        pass


@promise("before login: 20,000 messages of each kind end the connection, with "
         "one line in the log")
def _():
    for name, messages in EVERYWHERE.items():
        with RawAuth(srv.connect()) as raw:
            pid = srv.session()
            flood(raw, messages, MANY)
            while raw.recv()[0] is not None:
                pass
        srv.no_sessions()
        lines = [line for line in lines_of(pid) if "before the login" in line]
        expect(len(lines) == 1 and lines[0].endswith(
            "disconnecting 127.0.0.1 (too many messages before the login: "
            "more than %d)" % BUDGET), "%s: %s" % (name, lines))


@promise("before login: a client that pads its messages can log in")
def _():
    with RawAuth(srv.connect()) as raw:
        for kind in ("none", "password"):
            for messages in EVERYWHERE.values():
                flood(raw, messages, BUDGET // 10)
            raw.send(raw.message("alice", "none") if kind == "none"
                     else raw.password("alice", srv.password))
            answer = raw.recv()[0]
            expect(answer == (FAILURE if kind == "none" else 52),
                   "%s: %s" % (kind, answer))


def channel_open(kind=b"session"):
    return message(90, string(kind), num(5), num(1 << 30), num(32768))


def request(kind, *fields):
    return message(98, num(0), string(kind), b"\0", *fields)


AFTER_LOGIN = {
    **EVERYWHERE,
    "SERVICE_REQUEST": [message(5, string(b"ssh-connection"))],
    "USERAUTH_REQUEST": [message(50, string(b"alice"),
                                 string(b"ssh-connection"), string(b"none"))],
    "GLOBAL_REQUEST": [message(80, string(b"no@such.request"), b"\0",
                               string(LONG))],
    "REQUEST_FAILURE": [message(82)],
    "CHANNEL_OPEN of another type": [channel_open(b"direct-tcpip")],
}

ON_A_CHANNEL = {
    "WINDOW_ADJUST": [message(93, num(0), num(1))],
    "CHANNEL_DATA": [message(94, num(0), string(b""))],
    "EXTENDED_DATA": [message(95, num(0), num(1), string(b""))],
    "CHANNEL_FAILURE": [message(100, num(0))],
    "an unknown CHANNEL_REQUEST": [request(b"no@such.request", string(LONG))],
    "pty-req": [request(b"pty-req", string(LONG))],
    "an env that is accepted": [request(b"env", string(b"LANG"),
                                        string(LONG))],
    "an env that is refused": [request(b"env", string(b"PATH"),
                                       string(LONG))],
    "an unknown subsystem": [request(b"subsystem", string(LONG))],
    "a second subsystem": [request(b"subsystem", string(b"sftp"))],
    "a second exec": [request(b"exec", string(LONG))],
    "a signal": [request(b"signal", string(LONG))],
    "shell": [request(b"shell")],
    "CHANNEL_EOF": [message(96, num(0))],
}


class Logged:
    """A connection whose messages are sent one by one."""

    def __init__(self, stack):
        self.transport = stack.__enter__()
        # Answers to channels that paramiko did not open are for nobody.
        self.transport.channels_seen[5] = True
        self.pid = srv.session()
        self.next = 0

    def sync(self):
        self.transport.global_request("sync@example.com", wait=True)

    def send(self, messages):
        for m in messages:
            self.transport._send_message(m)

    def many(self, messages, n):
        for number in range(n):
            self.send(messages)
            if number % 500 == 499:
                self.sync()
        self.sync()

    def channels(self, n, *kind):
        """Opens so many, one after the other, and asks each for a service."""
        for number in range(n):
            self.send([channel_open()])
            if kind:
                self.send([message(98, num(self.next), string(kind[0]),
                                   b"\0", *map(string, kind[1:]))])
            self.send([message(97, num(self.next))])
            self.next += 1
            if number % 100 == 99:
                self.sync()
        self.sync()


def logged_in(func):
    stack = paramiko_transport(srv)
    try:
        func(Logged(stack))
    finally:
        stack.__exit__(None, None, None)


@promise("after login: 20,000 messages of each kind use no more memory")
def _():
    def check(conn):
        for name, messages in AFTER_LOGIN.items():
            grows_not(conn.pid, name, lambda n: conn.many(messages, n))
    logged_in(check)


@promise("on a channel: 20,000 messages of each kind use no more memory")
def _():
    def check(conn):
        conn.send([channel_open(), request(b"subsystem", string(b"sftp"))])
        for name, messages in ON_A_CHANNEL.items():
            grows_not(conn.pid, name, lambda n: conn.many(messages, n))
    logged_in(check)


SERVICES = {
    "no service": (),
    "SFTP": (b"subsystem", b"sftp"),
    "scp -t": (b"exec", b"scp -t /"),
    "scp -f": (b"exec", b"scp -r -f /none"),
    "commands": (b"exec", b"cd /; echo *; md5sum none"),
    "no such command": (b"exec", b"none"),
}


@promise("20,000 channels, one after the other, use no more memory")
def _():
    def check(conn):
        for name, kind in SERVICES.items():
            grows_not(conn.pid, "a channel with " + name,
                      lambda n: conn.channels(n, *kind))
    logged_in(check)


RECORDS = {
    "T": (b"T0 0 0 0\n", 1),
    "C": (b"C0644 0 made\n\0", 2),
    "D and E": (b"D0755 0 made.d\nE\n", 2),
    "an error": (b"\1" + LONG + b"\n", 0),
}


@promise("SCP: 20,000 records of each kind use no more memory")
def _():
    def check(conn):
        for name, (record, answers) in RECORDS.items():
            channel = conn.transport.open_session()
            channel.settimeout(60)
            channel.exec_command("scp -r -t /")
            channel.makefile("rb").read(1)

            def send(n):
                for _ in range(n // 100):
                    channel.sendall(record * 100)
                    if answers:
                        expect(channel.makefile("rb").read(100 * answers)
                               == bytes(100 * answers), "an answer")
                conn.sync()
            grows_not(conn.pid, "SCP " + name, send)
            channel.close()
    logged_in(check)


@promise("key exchanges use no more memory")
def _():
    def check(conn):
        ciphers = ("aes128-ctr", "aes256-ctr")

        def rekey(n):
            for number in range(n // 100):
                conn.transport._preferred_ciphers = (ciphers[number % 2],)
                conn.transport.renegotiate_keys()
            conn.sync()
        grows_not(conn.pid, "a hundredth of a key exchange", rekey)
    logged_in(check)


# ---- Requests of SFTP

def attrs(version):
    return num(4) + (b"\1" if version >= 4 else b"") + num(0o644)


def plain_requests(version, handle, folder):
    """Each kind of request: those of one round."""
    file, none, path = string(b"/file"), string(b"/none"), string(b"/dir/new")
    new = version >= 5
    wants = num(1) if version >= 4 else b""
    rounds = {
        "OPEN, refused": [(3, none + (num(1) + num(2) if new else num(1))
                           + attrs(version))],
        "READ": [(5, string(handle) + quad(0) + num(10))],
        "WRITE": [(6, string(handle) + quad(0) + string(LONG))],
        "STAT": [(17, file + wants)],
        "STAT of nothing": [(17, none + wants)],
        "LSTAT": [(7, file + wants)],
        "FSTAT": [(8, string(handle) + wants)],
        "SETSTAT": [(9, file + attrs(version))],
        "FSETSTAT": [(10, string(handle) + attrs(version))],
        "OPENDIR, refused": [(11, none)],
        "READDIR": [(12, string(folder))],
        "REMOVE": [(13, none)],
        "MKDIR and RMDIR": [(14, path + attrs(version)), (15, path)],
        "REALPATH": [(16, string(b"/dir/../dir"))],
        "RENAME": [(18, none + path + (num(0) if new else b""))],
        "READLINK": [(19, string(b"/link"))],
        "CLOSE of nothing": [(4, string(b"nothing"))],
        "an unknown type": [(99, LONG)],
        "a malformed STAT": [(17, num(1 << 20))],
    }
    if version >= 6:
        rounds["LINK and REMOVE"] = [(21, path + string(b"/file") + b"\1"),
                                     (13, path)]
        rounds["BLOCK and UNBLOCK"] = [
            (22, string(handle) + quad(0) + quad(1) + num(0x40)),
            (23, string(handle) + quad(0) + quad(1))]
    else:
        rounds["SYMLINK and REMOVE"] = [(20, string(b"/file") + path),
                                        (13, path)]
    return rounds


def extended_requests(handle):
    h, file, none = string(handle), string(b"/file"), string(b"/none")
    return {name: [(200, string(name.encode()) + body)] for name, body in {
        "fsync@openssh.com": string(b"nothing"),
        "posix-rename@openssh.com": none + string(b"/other"),
        "statvfs@openssh.com": file,
        "fstatvfs@openssh.com": h,
        "hardlink@openssh.com": none + string(b"/other"),
        "home-directory": string(b""),
        "limits@openssh.com": b"",
        "users-groups-by-id@openssh.com": string(num(0)) + string(num(0)),
        "copy-data": h + quad(0) + quad(0) + h + quad(0),
        "check-file": h + string(b"md5") + quad(0) + quad(0) + num(0),
        "check-file-name": file + string(b"md5") + quad(0) + quad(0) + num(0),
        "check-file-handle": h + string(b"sha1") + quad(0) + quad(0) + num(0),
        "md5-hash": file + quad(0) + quad(0) + string(b""),
        "md5-hash-handle": h + quad(0) + quad(0) + string(b""),
        "copy-file": none + string(b"/other") + b"\0",
        "space-available": file,
        "vendor-id": string(LONG) + string(LONG) + string(LONG) + quad(1),
        "fgetxattr@proftpd.org": h + string(b"user.a") + num(100),
        "flistxattr@proftpd.org": h + num(100),
        "fremovexattr@proftpd.org": h + string(b"user.a"),
        "fsetxattr@proftpd.org": h + string(b"user.b") + string(LONG) + num(0),
        "getxattr@proftpd.org": file + string(b"user.a") + num(100),
        "listxattr@proftpd.org": file + num(100),
        "removexattr@proftpd.org": file + string(b"user.a"),
        "setxattr@proftpd.org": file + string(b"user.b") + string(LONG)
        + num(0),
        "lsetstat@openssh.com": file + attrs(3),
        "expand-path@openssh.com": string(b"~/dir"),
        "filename-translation-control": b"\1",
        "text-seek": h + quad(0),
        "unknown@example.com": string(LONG),
    }.items()}


def in_rounds(raw, requests):
    def send(n):
        left = n // len(requests)
        while left > 0:
            part = min(left, 250)
            raw.ask_all(requests * part, timeout=60)
            left -= part
    return send


def with_files(version):
    srv.put("file", b"0123456789")
    srv.mkdir("dir")
    if not os.path.lexists(srv.home("link")):
        os.symlink("file", srv.home("link"))
    raw = Raw(srv, version)
    raw.__enter__()
    handle = raw.open_with("/file", num(3) + num(2) if version >= 5
                           else num(3))
    folder = raw.cut(raw.ask(11, string(b"/dir"))[1])[0]
    return raw, handle, folder


def sftp_requests(version, requests):
    raw, handle, folder = with_files(version)
    try:
        for name, this in requests(handle, folder).items():
            grows_not(srv.session(), name, in_rounds(raw, this))
    finally:
        raw.__exit__(None, None, None)


for spoken in (3, 6):
    @promise("SFTP %d: 20,000 requests of each kind leave nothing behind"
             % spoken)
    def _(version=spoken):
        sftp_requests(version, lambda handle, folder:
                      plain_requests(version, handle, folder))


@promise("SFTP: 20,000 requests of each extension use no more memory")
def _():
    sftp_requests(3, lambda handle, folder: extended_requests(handle))


@promise("SFTP: 20,000 files and directories opened and closed, too")
def _():
    raw = with_files(3)[0]

    def open_all(kind, body):
        def send(n):
            for _ in range(n // 50):
                answers = raw.ask_all([(kind, body)] * 50)
                expect({answer[0] for answer in answers} == {HANDLE},
                       "not opened")
                raw.ask_all([(4, answer[1]) for answer in answers])
        return send

    try:
        for name, kind, body in (
                ("OPEN and CLOSE", 3, string(b"/file") + num(1) + num(0)),
                ("an upload", 3, string(b"/up") + num(0x1a) + num(0)),
                ("OPENDIR and CLOSE", 11, string(b"/dir"))):
            grows_not(srv.session(), name, open_all(kind, body))
    finally:
        raw.__exit__(None, None, None)


# ---- Lines of the log

def lines_of(pid):
    return [line for line in srv.log("sftp.log").splitlines()
            if "[%d]" % pid in line]


def accounted(pid, pattern):
    """Lines of a kind: how many are there, and how many are told of."""
    there = missing = 0
    for line in lines_of(pid):
        told = re.search(r"(\d+) more lines? like this (?:was|were) left out: ",
                         line)
        if re.search(pattern, line):
            if told:
                missing += int(told.group(1))
            else:
                there += 1
    return there, missing


LOGGED = {
    "an unknown request": (request(b"no@such.request"),
                           "unsupported 'no@such.request'"),
    "a refused env": (request(b"env", string(b"PATH"), string(b"x")),
                      "'PATH' is prohibited"),
    "an unknown subsystem": (request(b"subsystem", string(b"none")),
                             "'none' subsystem"),
    "a second exec": (request(b"exec", string(b"none")), "'exec' channel request"),
    "shell": (request(b"shell"), "unsupported 'shell'"),
    "a channel of another type": (channel_open(b"x11"), "type 'x11'"),
    "hostkeys-prove": (message(80, string(b"hostkeys-prove-00@openssh.com"),
                               b"\0", string(LONG)), "proofs of host keys"),
}


def logs_size():
    return sum(os.path.getsize(srv.path(name)) for name in
               ("sftp.log", "system.log"))


@promise("20,000 logged messages are few lines, and all of them are counted")
def _():
    for name, (this, pattern) in LOGGED.items():
        before = logs_size()
        found = []

        def check(conn):
            conn.send([channel_open(), request(b"subsystem",
                                               string(b"sftp"))])
            conn.many([this], MANY)
            # What somebody does behind all this noise is not hidden by it.
            conn.send([request(b"exec", string(b"the deed"))])
            conn.sync()
            found.append(conn.pid)
        logged_in(check)
        srv.no_sessions()
        there, missing = accounted(found[0], pattern)
        expect(there + missing == MANY + ("'exec'" in pattern),
               "%s: %d lines, %d left out"
               % (name, there, missing))
        expect(there >= 100, "%s: only %d lines" % (name, there))
        expect(logs_size() - before < 250000, "%s: %d bytes of logs"
               % (name, logs_size() - before))
        expect(any("the deed" in line for line in lines_of(found[0])),
               "%s: the line behind them is lost" % name)


@promise("20,000 logged SFTP requests are few lines, too")
def _():
    for name, this, pattern in (
            ("an unknown type", (99, b""), "of unknown type 99"),
            ("malformed", (17, num(1000)), "malformed SFTP STAT"),
            ("denied", (14, string(b"/forbidden") + num(0)),
             "denied by <Limit"),
            ("denied by a filter", (14, string(b"/filtered") + num(0)),
             "denied by PathDenyFilter")):
        before = logs_size()
        with Raw(srv, 3) as raw:
            pid = srv.session()
            in_rounds(raw, [this])(MANY)
        srv.no_sessions()
        there, missing = accounted(pid, pattern)
        expect(there + missing == MANY, "%s: %d lines, %d left out"
               % (name, there, missing))
        expect(logs_size() - before < 250000, "%s: %d bytes of logs"
               % (name, logs_size() - before))


@promise("a summary of omitted lines is logged while the session sleeps")
def _():
    with Raw(srv, 3) as raw:
        pid = srv.session()
        in_rounds(raw, [(99, b"")])(1000)
        wait_for(lambda: sum(accounted(pid, "type 99")) == 1000,
                 "the line on what was left out")


@promise("before login little is logged, however much is sent")
def _():
    before = logs_size()
    with RawAuth(srv.connect()) as raw:
        for kind in ("none", "gssapi-keyex", "hostbased", "x" * 60) * 50:
            raw.send(raw.message("alice", kind))
        while raw.recv()[0] is not None:
            pass
    srv.no_sessions()
    expect(logs_size() - before < 50000, "%d bytes of logs"
           % (logs_size() - before))


# ---- Work

TICKS = os.sysconf("SC_CLK_TCK")

# What one message may cost of a processor, in seconds: generous, for slow
# machines, and more so with sanitizers.  A search that has a budget may use
# ten.
ONE_MESSAGE, A_SEARCH = (20, 60) if PRELOAD else (3, 20)


def cpu(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def sparse(name, size):
    path = srv.put(name)
    os.truncate(path, size)
    return path


def many_dirs():
    for number in range(30):
        srv.mkdir("d%02d" % number)


def finish(channel):
    """What is left of its output, and its exit status."""
    data = b""
    while True:
        part = channel.recv(65536)
        if not part:
            return data, channel.recv_exit_status()
        data += part


def commands():
    """Command lines that cost as much as possible."""
    many_dirs()
    return {
        "braces": "scp -f '{,,,}{,,,}{,,,}{,,,}x'".replace("'", ""),
        "more braces": "scp -f " + "{,,,}" * 12 + "x",
        "open braces": "scp -f " + "{" * 4000,
        "braces of braces": "scp -f " + "{" * 1000 + "a" + ",b}" * 1000,
        "up and down": "scp -f " + "*/../" * 8 + "*",
        "a little up and down": "scp -f " + "*/../" * 3 + "*",
        "up and down in a command": "echo " + "*/../" * 8 + "*",
        "many stars": "scp -f " + "*d" * 2000,
        "many sets": "echo " + "[!a]*" * 800,
        "many patterns": "; ".join(["echo " + " ".join(["*/*"] * 16)] * 64),
        "dots": "scp -f " + ".*/" * 500,
        "many words": "scp -f " + "none " * 12000,
        "variables": "echo " + "$HOME" * 12000,
        "quotes": "echo " + "'\"" * 30000,
        "pieces": "true;" * 63 + "true",
    }


def run_line(raw, line):
    """Its channel; it may have ended before it gets any input."""
    channel = raw.transport.open_session()
    channel.settimeout(120)
    channel.exec_command(line)
    with contextlib.suppress(OSError):
        channel.sendall(bytes(100))
        channel.shutdown_write()
    return channel


@promise("no command line exceeds its budget or delays other channels")
def _():
    for name, line in commands().items():
        with Raw(srv, 3) as raw:
            pid = srv.session()
            before = cpu(pid)
            channel = run_line(raw, line)
            answers = 0
            while not channel.exit_status_ready() and answers < 2000:
                raw.status(17, string(b"/none"))
                answers += 1
                while channel.recv_ready():
                    channel.recv(65536)
            finish(channel)
            used = cpu(pid) - before
            diag("%s: %.2f s, %d other answers" % (name, used, answers))
            expect(used < A_SEARCH, "%s: %.1f s" % (name, used))
            expect(used < 1 or answers > 5,
                   "%s: others waited %.1f s" % (name, used))


@promise("a pattern that matches too much is an error")
def _():
    many_dirs()
    with Raw(srv, 3) as raw:
        for pattern in ("*/../" * 8 + "*", "*/../" * 3 + "*",
                        "{,,,}" * 12 + "x"):
            channel = run_line(raw, "scp -f " + pattern)
            text = channel.recv(65536)
            expect(b"Argument list too long" in text, text)
            channel.close()
        channel = raw.transport.open_session()
        channel.exec_command("echo " + "*/../" * 8 + "*")
        expect(channel.recv_exit_status() == 126, "echo went on")


@promise("patterns match as in a shell")
def _():
    for name in ("p/b", "p/a", "p/.h", "p/[x]", "p/q/c", "p/q/ä", "p/r/c"):
        srv.put(name)
    os.symlink("p", srv.home("to.p"))
    for pattern, wanted in (
            ("p/*", "p/[x] p/a p/b p/q p/r"), ("p/.h*", "p/.h"),
            ("p/*/", "p/q/ p/r/"), ("p/*/c", "p/q/c p/r/c"),
            ("p/q/*", "p/q/c p/q/ä"), ("p/q/?", "p/q/c"),
            ("to.p/q/[c]", "to.p/q/c"), ("to.*/r/c", "to.p/r/c"),
            ("p/[ab]", "p/a p/b"),
            ("p/[!ab]", "p/q p/r"), ("p/\\[x\\]*", "p/[x]"),
            ("p/none*", "p/none*"), ("p/../p/q/../[a]", "p/../p/q/../a"),
            ("/p/*/c", "/p/q/c /p/r/c"), ("p//*/c", "p/q/c p/r/c"),
            ("p/a/*", "p/a/*")):
        with Raw(srv, 3) as raw:
            channel = raw.transport.open_session()
            channel.settimeout(60)
            channel.exec_command("echo " + pattern)
            text, status = finish(channel)
            expect(text.decode() == wanted + "\n" and status == 0,
                   "%s: %r" % (pattern, text.decode()))


TERA = 1 << 40


def endless():
    """Work that would take hours: on a channel, by its own means."""
    sparse("endless", TERA)

    def exec_line(line):
        def begin(raw):
            run_line(raw, line)
        return begin

    def request(*fields):
        def begin(raw):
            other = Raw(srv, 3, beside=raw)
            other.__enter__()
            other.send(b"\xc8" + num(1) + b"".join(fields))
        return begin

    sum_of = string(b"/endless") + string(b"md5") + quad(0) + quad(0)
    return {
        "md5sum": exec_line("md5sum endless endless endless"),
        "a pattern": exec_line("scp -f " + "*/../" * 3 + "*"),
        "check-file-name": request(string(b"check-file-name"), sum_of, num(0)),
        "md5-hash": request(string(b"md5-hash"), string(b"/endless"), quad(0),
                            quad(0), string(b"")),
    }


@promise("other channels are served during long work, which ends with the "
         "client")
def _():
    many_dirs()
    for name, begin in endless().items():
        with Raw(srv, 3) as raw:
            pid = srv.session()
            begin(raw)
            for _ in range(20):
                raw.status(17, string(b"/none"))
            raw.transport.sock.close()
            raw.transport.close()
            wait_for(lambda: pid not in srv.sessions(),
                     "the session to end with its client: " + name, 20)


@promise("other channels are served while a directory of hidden files is "
         "listed")
def _():
    for number in range(20000):
        with open(srv.home("hidden/%d.hid" % number)
                  if number else srv.put("hidden/seen"), "w"):
            pass
    with Raw(srv, 3) as raw, Raw(srv, 3, beside=raw) as other:
        handle = raw.cut(raw.ask(11, string(b"/hidden"))[1])[0]
        answers, names = 0, b""
        while True:
            raw.send(raw._begin(12, string(handle)))
            while not raw.channel.recv_ready():
                other.status(17, string(b"/none"))
                answers += 1
            answer = raw.receive()
            if answer[0] != 104:
                break
            names += answer
        diag("%d other answers" % answers)
        expect(answers > 10, "only %d answers" % answers)
        expect(b"seen" in names and b".hid" not in names, names)


def worst_requests(version, handle):
    """One request of each kind with as much in it as it may have."""
    h, up = string(handle), string(b"../" * 80000)
    deep, names = string(b"/d" * 100000), string(b"/x," * 60000)
    ids = b"".join(num(number) for number in range(1024))
    ace = num(0) + num(0) + num(1)
    acl = num(0) + num(510) + b"".join(
        ace + string(b"user%d" % number) for number in range(510))
    pairs = b"".join(string(b"user.k%d" % number) + string(b"x" * 900)
                     for number in range(100))
    yield "REALPATH up", (16, up)
    yield "REALPATH down", (16, deep)
    yield "STAT up", (17, up + (num(1) if version >= 4 else b""))
    yield "LSTAT down", (7, deep + (num(1) if version >= 4 else b""))
    yield "RENAME", (18, up + deep + (num(0) if version >= 5 else b""))
    yield "READ", (5, h + quad(0) + num(0xffffffff))
    yield "MKDIR", (14, deep + attrs(version))
    if version >= 6:
        yield "REALPATH with many", (16, string(b"/") + b"\1"
                                     + string(b"a/..") * 30000)
        yield "an ACL", (9, string(b"/file") + num(0x40) + b"\1"
                         + string(acl))
    yield "attributes", (9, string(b"/file") + num(0x80000000)
                         + (b"\1" if version >= 4 else b"") + num(100)
                         + pairs)
    for name, body in (
            ("users-groups-by-id@openssh.com", string(ids) + string(ids)),
            ("check-file", h + names + quad(0) + quad(0) + num(256)),
            ("check-file-handle", string(handle) + string(b"sha512") + quad(0)
             + quad(0) + num(256)),
            ("expand-path@openssh.com", string(b"~/" + b"../" * 80000)),
            ("posix-rename@openssh.com", up + deep),
            ("setxattr@proftpd.org", string(b"/file") + string(b"user.x")
             + string(b"x" * 65536) + num(0))):
        yield name, (200, string(name.encode()) + body)


@promise("no request exceeds its budget")
def _():
    sparse("wide", 64 << 20)
    for version in (3, 6):
        raw = with_files(version)[0]
        handle = raw.open_with("/wide", num(1) + num(2) if version >= 5
                               else num(1))
        pid = srv.session()
        for name, this in worst_requests(version, handle):
            before = cpu(pid)
            raw.ask(*this)
            used = cpu(pid) - before
            diag("%d %s: %.2f s" % (version, name, used))
            expect(used < ONE_MESSAGE, "%s: %.1f s" % (name, used))
        raw.__exit__(None, None, None)


DEPTH, CHAIN = 600, 38          # directories, and links: the kernel follows 40
A_LOOK = 5 if PRELOAD else 0.5


def deep_tree():
    """Directories deeper than is accepted, and a chain of links of which each
    leads down there and up again: the kernel follows the chain, and one that
    is short."""
    down = "/".join(["tree"] + ["d"] * DEPTH)
    os.makedirs(srv.home(down))
    os.symlink("file", srv.home("chain0"))
    for number in range(CHAIN):
        os.symlink("%s/%schain%d" % (down, "../" * (DEPTH + 1), number),
                   srv.home("chain%d" % (number + 1)))
    os.symlink(down, srv.home("too.far"))
    expect(os.stat(srv.home("chain%d" % CHAIN)).st_size == 10, "a bad chain")
    return down


@promise("no request is dearer for a deep tree, nor for links through it")
def _():
    srv.put("file", b"0123456789")
    down = deep_tree()
    places = {"tree": "/" + down, "chain": "/chain%d" % CHAIN,
              "link": "/too.far", "through": "/too.far/new"}
    with Raw(srv, 3) as raw:
        pid = srv.session()
        for name, path in places.items():
            path = string(path.encode())
            for kind, body in ((17, path), (7, path), (11, path),
                               (3, path + num(1) + num(0)),
                               (3, path + num(0x2a) + num(0)),
                               (9, path + attrs(3)), (14, path + num(0)),
                               (19, path), (16, path),
                               (18, string(b"/file") + path)):
                before = cpu(pid)
                raw.ask(kind, body)
                used = cpu(pid) - before
                expect(used < A_LOOK, "%d of %s: %.2f s" % (kind, name, used))
        expect(raw.status(13, string(b"/too.far")) == 0,
               "a link that leads too far cannot be removed")
    expect(not os.path.lexists(srv.home("too.far")), "REMOVE left the link")
    expect(os.path.isdir(srv.home(down)), "REMOVE followed the link")


def key_blob(kind, fields):
    return b"".join(map(string, (kind.encode(), *fields)))


@promise("asking for a key costs little, however many keys a user's file has")
def _():
    asked = paramiko.Ed25519Key.from_private_key_file(srv.key)
    other = paramiko.ECDSAKey.generate()
    for key, alg, fields in (
            (asked, "ssh-ed25519", lambda: (os.urandom(32),)),
            (other, "ecdsa-sha2-nistp256", lambda: (
                b"nistp256", b"\4" + os.urandom(64)))):
        line = len(base64.b64encode(key_blob(alg, fields()))) + len(alg) + 2
        with open(srv.path("keys/alice"), "w", encoding="ascii") as out:
            for _ in range((4 << 20) // line - 1):
                blob = base64.b64encode(key_blob(alg, fields()))
                out.write("%s %s\n" % (alg, blob.decode()))
        with RawAuth(srv.connect()) as raw:
            pid = srv.session()
            before = cpu(pid)
            expect(raw.answer(raw.key("alice", key, sign=False, alg=alg))
                   .startswith("refused"), "a key that is not there")
            used = cpu(pid) - before
        diag("%s: %.2f s" % (alg, used))
        expect(used < ONE_MESSAGE, "%s: %.1f s" % (alg, used))
    srv.authorize(srv.key)


main(srv)
