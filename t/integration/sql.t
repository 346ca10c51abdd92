#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: postgresql proftpd-mod-crypto proftpd-mod-pgsql proftpd-mod-sqlite
# needs: python3-paramiko
# sanitizers: alone

"""Users, their keys, hosts' keys and a log of transfers in SQL: SQLite, and
a PostgreSQL server of the test's own."""

import glob
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import logs_in, paramiko_sftp
from rawauth import RawAuth, UnknownKey
from server import GID, UID, Server, has_module, keygen, must, run, wait_for

import paramiko

DIRECTIVES = """
LoadModule mod_sql.c
LoadModule @BACKEND_MODULE@.c
LoadModule mod_sftp_sql.c
SQLEngine on
SQLBackend @BACKEND@
SQLConnectInfo @CONNECT@
SQLAuthTypes Crypt
SQLAuthenticate users
SQLUserInfo accounts name passwd uid gid home shell
SQLDefaultGID @GID@
SQLMinID 500
SQLLogFile @DIR@/sql.log
AuthOrder mod_sql.c
SQLNamedQuery userkeys SELECT "body FROM user_keys WHERE name = '%{0}'"
SQLNamedQuery hostkeys SELECT "body FROM host_keys WHERE name = '%{0}'"
SQLNamedQuery transfer INSERT "'%u', '%m', '%F', '%{protocol}'" transfers
SQLLog STOR,RETR transfer
SFTPAuthorizedUserKeys sql:/userkeys
SFTPAuthorizedHostKeys sql:/hostkeys
"""

TABLES = """
CREATE TABLE accounts (name TEXT, passwd TEXT, uid INTEGER, gid INTEGER,
  home TEXT, shell TEXT);
CREATE TABLE user_keys (name TEXT, body TEXT);
CREATE TABLE host_keys (name TEXT, body TEXT);
CREATE TABLE transfers (name TEXT, command TEXT, path TEXT, protocol TEXT);
"""


class Base(Server):
    module = backend = connect_info = None

    def __init__(self):
        more = DIRECTIVES.replace("@BACKEND_MODULE@", self.module) \
            .replace("@BACKEND@", self.backend).replace("@GID@", str(GID)) \
            .replace("@CONNECT@", self.connect_info)
        super().__init__(more, drop=("AuthOrder", "AuthUserFile",
                                     "AuthGroupFile",
                                     "SFTPAuthorizedUserKeys"),
                         users=("alice", "bob"))
        self.second = keygen(self.path("id_second"), "-t", "rsa", "-b", "2048")
        self.host = keygen(self.path("client_host"), "-t", "ed25519")
        rows = []
        with open(self.path("passwd")) as lines:
            for line in lines:
                name, hashed, _, _, _, home, shell = line.strip().split(":")
                rows.append(("accounts", (name, hashed, UID, GID, home,
                                          shell)))
        # Broken ones first, and the key in both of the forms it may have.
        rows += [("user_keys", ("alice", "no key at all")),
                 ("user_keys", ("alice", "AAAA====")),
                 ("user_keys", ("alice", self.rfc4716(self.second))),
                 ("user_keys", ("alice", self.body(self.key))),
                 ("host_keys", ("client.test", self.rfc4716(self.host)))]
        self.rows = rows

    @staticmethod
    def rfc4716(key):
        return must(run(["ssh-keygen", "-e", "-f",
                         key + ".pub"])).stdout.decode()

    @staticmethod
    def body(key):
        with open(key + ".pub") as file:
            return file.read().split()[1]


class SQLite(Base):
    module = "mod_sql_sqlite"
    backend = "sqlite3"
    connect_info = "@DIR@/sql/db"

    def __init__(self):
        super().__init__()
        # The library of the database wants to write beside it, and the
        # session is the user's by then.
        os.mkdir(self.path("sql"))
        os.chmod(self.path("sql"), 0o777)
        db = sqlite3.connect(self.path("sql/db"))
        db.executescript(TABLES)
        for table, row in self.rows:
            db.execute("INSERT INTO %s VALUES (%s)" % (
                table, ", ".join("?" * len(row))), row)
        db.commit()
        db.close()
        os.chmod(self.path("sql/db"), 0o666)

    def query(self, text):
        db = sqlite3.connect(self.path("sql/db"))
        try:
            return db.execute(text).fetchall()
        finally:
            db.close()


class Postgres(Base):
    """Its server listens on a socket in its directory, and nowhere else."""

    module = "mod_sql_postgres"
    backend = "postgres"
    connect_info = "test@@DIR@/pg tester secret"

    def __init__(self):
        super().__init__()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.daemon = None
        user = pwd.getpwnam("postgres")
        self.as_postgres = {"user": user.pw_uid, "group": user.pw_gid,
                            "extra_groups": [], "cwd": "/"}
        os.mkdir(self.path("pg"))
        os.chmod(self.path("pg"), 0o755)
        os.chown(self.path("pg"), user.pw_uid, user.pw_gid)
        must(run([self.bin + "/initdb", "-D", self.path("pg/data"), "-A",
                  "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E",
                  "UTF8"], **self.as_postgres))

    def start(self):
        self.daemon = subprocess.Popen(
            [self.bin + "/postgres", "-D", self.path("pg/data"), "-k",
             self.path("pg"), "-c", "listen_addresses=", "-F"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.as_postgres)
        wait_for(lambda: run([self.bin + "/pg_isready", "-q", "-h",
                              self.path("pg")]).returncode == 0, "PostgreSQL")
        self.sql("CREATE USER tester PASSWORD 'secret'; "
                 "CREATE DATABASE test OWNER tester", "postgres", "postgres")
        text = TABLES
        for table, row in self.rows:
            values = ", ".join("'%s'" % str(v).replace("'", "''") for v in row)
            text += "INSERT INTO %s VALUES (%s);\n" % (table, values)
        self.sql(text)
        return super().start()

    def sql(self, text, user="tester", base="test"):
        lines = "".join(part + ";\n" for part in text.split(";")
                        if part.strip()) if base == "postgres" else text
        return must(run([self.bin + "/psql", "-qAtX", "-v", "ON_ERROR_STOP=1",
                         "-h", self.path("pg"), "-U", user, base],
                        input=lines.encode())).stdout.decode()

    def query(self, text):
        return [tuple(line.split("|")) for line in
                self.sql(text + ";").splitlines()]

    def stop(self):
        super().stop()
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGINT)
            self.daemon.wait()
            self.daemon = None


servers = []
if all(map(has_module, ("mod_sql.so", "mod_sftp_sql.so"))):
    if has_module("mod_sql_sqlite.so"):
        servers.append(SQLite())
    if has_module("mod_sql_postgres.so") and \
            glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        servers.append(Postgres())


def each(check):
    if not servers:
        skip("mod_sql is not here")
    for server in servers:
        check(server)


@promise("both databases are tested")
def _():
    expect_same([server.backend for server in servers],
                ["sqlite3", "postgres"], "databases")


@promise("a user of the database logs in by password, and owns their uploads")
def _():
    def check(server):
        expect(logs_in(server, "alice", server.password), "the right one")
        expect(not logs_in(server, "alice", "wrong"), "a wrong one")
        expect(not logs_in(server, "x' OR 'a'='a", server.password),
               "a name that is SQL")
        must(server.sftp("put /etc/hostname up"))
        stat = os.stat(server.home("up"))
        expect_same((stat.st_uid, stat.st_gid), (UID, GID), "owner")
    each(check)


@promise("a database that knows of no groups leaves the primary one")
def _():
    def check(server):
        with paramiko_sftp(server) as sftp:
            sftp.listdir(".")
            with open("/proc/%d/status" % server.session()) as file:
                status = dict(line.split(":", 1) for line in file)
        expect_same((status["Gid"].split(), status["Groups"].split()),
                    ([str(GID)] * 4, [str(GID)]), "groups")
    each(check)


@promise("keys of users, in both formats, after some that are broken")
def _():
    def check(server):
        first = server.key
        for key, good in ((first, True), (server.second, True),
                          (server.host, False)):
            server.key = key
            result = server.sftp("pwd")
            expect_same(result.returncode == 0, good, key)
        server.key = first
        server.user = "bob"
        expect(server.sftp("pwd").returncode != 0, "bob has no key")
        server.user = "alice"
    each(check)


@promise("a login looks for its key once; 200 questions of a stranger cause "
         "six queries, for known and unknown users")
def _():
    def queries(server):
        return len(re.findall(r"query \"SELECT body FROM user_keys ",
                              server.log("sql.log")))

    def check(server):
        key = paramiko.Ed25519Key.from_private_key_file(server.key)
        begin = queries(server)
        with RawAuth(server.connect()) as raw:
            expect_same([raw.answer(raw.key("alice", key, sign=sign))
                         for sign in (False, False, True)],
                        ["pk_ok", "pk_ok", "success"], "a login")
        server.no_sessions()
        expect_same(queries(server) - begin, 1, "queries of a login")
        answers = []
        for user in ("bob", "nobody-here"):
            begin = queries(server)
            with RawAuth(server.connect()) as raw:
                answers.append([raw.answer(raw.key(user, UnknownKey(),
                                                   sign=False))
                                for _ in range(200)])
            server.no_sessions()
            expect_same(queries(server) - begin, 6, "queries for " + user)
        expect_same(answers[0], answers[1], "answers")
    each(check)


def hostbased(server, key, name):
    with RawAuth(server.connect()) as raw:
        return raw.answer(raw.hostbased(
            "alice", paramiko.Ed25519Key.from_private_key_file(key), name,
            "alice")) == "success"


@promise("keys of hosts, by their name")
def _():
    def check(server):
        expect(hostbased(server, server.host, "client.test"), "the host")
        expect(not hostbased(server, server.host, "other.test"),
               "by another name")
        expect(not hostbased(server, server.key, "client.test"),
               "with another key")
    each(check)


@promise("transfers are logged into the database")
def _():
    def check(server):
        must(server.sftp("put /etc/hostname logged\nget logged %s"
                         % server.local("back")))
        must(server.scp("-O", "srv:logged", server.local("back2")))
        rows = wait_for(lambda: [
            row for row in server.query("SELECT * FROM transfers")
            if row[2].endswith("logged")][2:] and [
            row for row in server.query("SELECT * FROM transfers")
            if row[2].endswith("logged")], "the rows")
        expect_same([(row[0], row[1], row[3]) for row in rows],
                    [("alice", "STOR", "sftp"), ("alice", "RETR", "sftp"),
                     ("alice", "RETR", "scp")], "rows")
    each(check)


main(*servers)
