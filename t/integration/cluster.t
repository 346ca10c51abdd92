#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: haproxy postgresql proftpd-mod-crypto proftpd-mod-pgsql
# needs: python3-paramiko redis-server
# sanitizers: alone

"""Two nodes behind HAProxy: host keys and files are the same, users, keys and
quotas are in PostgreSQL, bans in Redis.  Each node has a network of its own,
and sees the files where both have mounted them."""

import contextlib
import glob
import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from haproxy import Haproxy
from netns import Machine, own_network
from server import (GID, PATIENCE, SOURCE, UID, Server, has_module, must,
                    run, wait_for)
from tap import expect, expect_same, main, promise, skip

import paramiko

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

HERE = all(map(has_module, (
    "mod_sql_postgres.so", "mod_sftp_sql.so", "mod_quotatab_sql.so",
    "mod_ban.so", "mod_redis.so"))) and own_network()

PORT = 2222
MIB = 1 << 20
BLOCK = 32 * 1024
SIZE = 4 * MIB                  # of an upload
LIMIT = SIZE + MIB // 2         # of a user
USERS = ["load%d" % number for number in range(4)] + ["other"]



def block(first):
    """The configuration in doc/scale.md that begins with these words."""
    with open(os.path.join(SOURCE, "doc/scale.md")) as page:
        text = page.read()
    lines = text[text.index("    " + first):].split("\n")
    end = next(number for number, line in enumerate(lines)
               if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end]) + "\n"


def directives(address, balancer):
    return "DefaultAddress %s\n" % address + \
        block("SFTPProxyProtocol on").replace("10.0.0.11", balancer) \
        .replace("/var/log/proftpd/", "@DIR@/") \
        .replace("/run/proftpd/", "@DIR@/")


TABLES = """
CREATE TABLE accounts (name TEXT, passwd TEXT, uid INTEGER, gid INTEGER,
  home TEXT, shell TEXT);
CREATE TABLE user_keys (name TEXT, body TEXT);
CREATE TABLE limits (name TEXT, kind TEXT, per TEXT, hard TEXT, bi BIGINT,
  bo BIGINT, bx BIGINT, fi BIGINT, fo BIGINT, fx BIGINT);
CREATE TABLE tallies (name TEXT, kind TEXT, bi BIGINT, bo BIGINT, bx BIGINT,
  fi BIGINT, fo BIGINT, fx BIGINT);
"""


class Node(Server):
    def __init__(self, number, shared=None):
        balancer = "10.9.%d.1" % number
        self.machine = Machine("node%d" % number, balancer,
                               "10.9.%d.2" % number)
        super().__init__(
            directives(self.machine.address, balancer),
            drop=("DefaultAddress", "AuthOrder", "AuthUserFile",
                  "AuthGroupFile", "SFTPAuthorizedUserKeys"),
            modules=("mod_sql", "mod_sql_postgres", "mod_quotatab",
                     "mod_quotatab_sql", "mod_redis", "mod_ban"),
            users=USERS)
        self.binds = {"/mnt": os.path.join((shared or self).dir, "home")}
        if shared:
            self.key = shared.key
            for path in glob.glob(shared.path("host_*")):
                shutil.copy2(path, self.path(os.path.basename(path)))

    def choose_ports(self):
        self.port = PORT

    def config(self):
        return super().config().replace(
            "LoadModule mod_sftp.c\n",
            "LoadModule mod_sftp.c\nLoadModule mod_sftp_sql.c\n")

    def command(self):
        return self.machine.inside(super().command())

    def connect(self):
        """As the balancer, but for nobody."""
        return self.forward(b"PROXY UNKNOWN\r\n")

    def forward(self, header):
        sock = socket.create_connection((self.machine.address, PORT),
                                        PATIENCE)
        sock.sendall(header)
        return sock

    def from_client(self, source):
        return self.forward(b"PROXY TCP4 %s 192.0.2.1 40000 22\r\n"
                            % source.encode())

    def die(self):
        """At once, with all of its sessions."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


class Stores:
    """PostgreSQL and Redis, which both nodes reach."""

    def __init__(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.dir = one.path("stores")
        os.mkdir(self.dir)
        user = pwd.getpwnam("postgres")
        os.chown(self.dir, user.pw_uid, user.pw_gid)
        self.who = {"user": user.pw_uid, "group": user.pw_gid,
                    "extra_groups": [], "cwd": "/"}
        self.daemons = []

    def spawn(self, argv, **more):
        self.daemons.append(subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **more))

    def start(self):
        data = os.path.join(self.dir, "data")
        must(run([self.bin + "/initdb", "-D", data, "-A", "trust", "-U",
                  "postgres", "--no-sync", "--no-locale", "-E", "UTF8"],
                 **self.who))
        with open(os.path.join(data, "pg_hba.conf"), "a") as out:
            out.write("host all all 10.9.0.0/16 trust\n")
        self.spawn([self.bin + "/postgres", "-D", data, "-k", self.dir, "-F",
                    "-c", "listen_addresses=10.9.1.1,10.9.2.1"], **self.who)
        self.spawn(["redis-server", "--bind", "10.9.1.1", "10.9.2.1",
                    "--port", "6379", "--save", "", "--protected-mode", "no",
                    "--dir", "/"])
        wait_for(lambda: run([self.bin + "/pg_isready", "-q", "-h",
                              self.dir]).returncode == 0, "PostgreSQL")
        wait_for(lambda: run(["redis-cli", "-h", "10.9.1.1", "ping"])
                 .stdout == b"PONG\n", "Redis")
        for text in ("CREATE USER sftp PASSWORD 'secret'",
                     "CREATE DATABASE sftp OWNER sftp"):
            self.sql(text, "postgres", "postgres")
        self.sql(TABLES + "".join(self.rows()))

    def rows(self):
        with open(one.path("passwd")) as lines:
            hashed = lines.readline().split(":")[1]
        with open(one.key + ".pub") as pub:
            body = pub.read().split()[1]
        for name in USERS:
            yield ("INSERT INTO accounts VALUES ('%s', '%s', %d, %d, "
                   "'/mnt/%s', '/bin/sh');\n" % (name, hashed, UID, GID, name))
            yield "INSERT INTO user_keys VALUES ('%s', '%s');\n" % (name, body)
            yield ("INSERT INTO limits VALUES ('%s', 'user', 'false', 'hard', "
                   "%d, 0, 0, 100, 0, 0);\n" % (name, LIMIT))

    def sql(self, text, user="sftp", base="sftp"):
        return must(run([self.bin + "/psql", "-qAtX", "-v", "ON_ERROR_STOP=1",
                         "-h", self.dir, "-U", user, base],
                        input=text.encode())).stdout.decode().strip()

    def stop(self):
        for daemon in self.daemons:
            daemon.send_signal(signal.SIGINT)
            daemon.wait()


if HERE:
    one = Node(1)
    two = Node(2, one)
    stores = Stores()
    balancer = Haproxy(block("listen sftp").replace("bind :", "bind 127.0.0.1:")
                       .replace("10.0.0.21", one.machine.address)
                       .replace("10.0.0.22", two.machine.address))


def needed():
    if not HERE:
        skip("a module is not there, or no network of the test's own")


def balanced(source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", 22), PATIENCE, (source, 0))


@contextlib.contextmanager
def login(sock, user, password=None):
    conn = paramiko.Transport(sock)
    try:
        conn.start_client(timeout=PATIENCE)
        if password:
            conn.auth_password(user, password, fallback=False)
        else:
            conn.auth_publickey(
                user, paramiko.Ed25519Key.from_private_key_file(one.key))
        yield conn
    finally:
        conn.close()


def lets_in(sock, user="other", password=None):
    try:
        with login(sock, user, password) as conn:
            conn.open_session(timeout=PATIENCE)
            return True
    except (paramiko.SSHException, EOFError, OSError):
        return False


@promise("one address, one host key, two nodes: the same users by key and by "
         "password")
def _():
    needed()
    stores.start()
    one.start()
    two.start()
    balancer.start(22)
    keys = set()
    for number in range(4):
        source = "127.1.0.%d" % (number + 1)
        with login(balanced(source), "other",
                   number % 2 and one.password) as conn:
            keys.add(conn.get_remote_server_key().asbytes())
    expect_same(len(keys), 1, "host keys")
    for node in (one, two):
        node.wait_log("sftp.log", r"client \(127\.1\.0\.[1-4]:\d+\) connected")
        expect("forwarded by proxy" in node.log("sftp.log"), "not forwarded")


@promise("a source that one node bans is banned on both, and nobody else is")
def _():
    needed()
    for first, then, source in ((one, two, "203.0.113.1"),
                                (two, one, "203.0.113.2")):
        conn = paramiko.Transport(first.from_client(source))
        with contextlib.suppress(paramiko.SSHException, EOFError):
            conn.start_client(timeout=PATIENCE)
            for _ in range(2):
                with contextlib.suppress(paramiko.AuthenticationException):
                    conn.auth_password("other", "wrong", fallback=False)
        conn.close()
        first.no_sessions()
        for node in (first, then):
            expect(not lets_in(node.from_client(source)),
                   "let in by node %s" % node.machine.address)
            expect(lets_in(node.from_client("203.0.113.77")),
                   "another source is banned")


class Upload(threading.Thread):
    """Writes and notes what was acknowledged; whenever the connection ends,
    begins another and goes on from there."""

    def __init__(self, user, source):
        super().__init__(daemon=True)
        self.user = user
        self.source = source
        self.data = os.urandom(MIB) * (SIZE // MIB)
        self.acknowledged = 0
        self.connections = 0
        self.lost = None
        self.start()

    def run(self):
        end = time.monotonic() + 2 * PATIENCE
        while self.acknowledged < SIZE and not self.lost and \
                time.monotonic() < end:
            try:
                with login(balanced(self.source), self.user) as conn:
                    self.connections += 1
                    self.write(conn.open_sftp_client())
            except (paramiko.SSHException, EOFError, OSError):
                time.sleep(0.1)

    def write(self, sftp):
        if self.acknowledged == 0:
            sftp.open("up", "wb").close()
        size = sftp.stat("up").st_size
        if size < self.acknowledged:
            self.lost = "%d of %d bytes" % (size, self.acknowledged)
            return
        with sftp.open("up", "r+b") as out:
            out.seek(self.acknowledged)
            while self.acknowledged < SIZE:
                if self.acknowledged >= SIZE // 2:
                    killed.wait(PATIENCE)
                out.write(self.data[self.acknowledged:
                                    self.acknowledged + BLOCK])
                self.acknowledged += BLOCK


killed = threading.Event()


@promise("a node dies under load: clients come back through the balancer and "
         "resume, and nothing acknowledged is lost")
def _():
    needed()
    uploads = [Upload(user, "127.1.1.%d" % number)
               for number, user in enumerate(USERS[:4], 1)]
    wait_for(lambda: all(up.acknowledged >= SIZE // 4 for up in uploads),
             "a quarter of each file")
    hit = ["client (%s:" % up.source in one.log("sftp.log")
           for up in uploads]
    expect(any(hit) and not all(hit), "one node does it all")
    one.die()
    killed.set()
    for up in uploads:
        up.join(2 * PATIENCE)
        expect(not up.lost, "lost: %s" % up.lost)
        expect_same(up.acknowledged, SIZE, up.user)
        with open(one.home("up", up.user), "rb") as file:
            expect(file.read() == up.data, up.user + ": another content")
    expect_same([up.connections > 1 for up in uploads], hit,
                "who connected again")


@promise("the quota is right, and the other node refuses what exceeds it")
def _():
    needed()
    two.no_sessions()
    for user in USERS[:4]:
        expect_same(stores.sql("SELECT bi, fi FROM tallies WHERE name = '%s'"
                               % user), "%d|1" % SIZE, user)
    with login(balanced(), USERS[0]) as conn:
        sftp = conn.open_sftp_client()
        why = ""
        try:
            with sftp.open("more", "wb") as out:
                for _ in range(MIB // BLOCK):
                    out.write(b"x" * BLOCK)
        except OSError as error:
            why = str(error)
    expect("limit" in why.lower() or "quota" in why.lower(), "says %r" % why)


@promise("a node that comes back is used again, and knows the bans")
def _():
    needed()
    mark = len(one.log("sftp.log"))
    one.start()
    sources = ["127.1.2.1", "127.1.2.2"]
    wait_for(lambda: all(lets_in(balanced(source)) for source in sources) and
             "client (127.1.2." in one.log("sftp.log")[mark:],
             "a session on the node")
    expect(not lets_in(one.from_client("203.0.113.2")), "let in")


@promise("neither node crashed")
def _():
    needed()
    balancer.stop()
    for node in (one, two):
        node.stop_clean()
    stores.stop()


main()
