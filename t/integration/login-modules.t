#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto proftpd-mod-sqlite python3-paramiko
# sanitizers: alone

"""Logins with the host's companions: keys in SQL, one-time codes, bans."""

import base64
import hashlib
import hmac
import os
import sqlite3
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import logs_in
from radius import Radius
from tap import expect, expect_same, main, promise, skip
from server import Server, has_module, must, run, wait_for

import paramiko

SECRET = "JBSWY3DPEHPK3PXP"

SQL = """
SQLEngine on
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLAuthenticate off
SQLLogFile @DIR@/sql.log
SQLNamedQuery getkey SELECT "key FROM keys WHERE name = '%U'"
SFTPAuthorizedUserKeys sql:/getkey file:@DIR@/keys/%u
"""

OTP = """
SQLNamedQuery getotp SELECT "secret, counter FROM otp WHERE name = '%{0}'"
SQLNamedQuery setotp UPDATE "counter = %{1} WHERE name = '%{0}'" otp
SFTPAuthMethods publickey+keyboard-interactive
AuthOTPEngine on
AuthOTPAlgorithm totp
AuthOTPTable sql:/getotp/setotp
AuthOTPLog @DIR@/otp.log
AuthOrder mod_auth_otp.c mod_auth_file.c
"""

# Without a key: the code alone, or the code and then a password.
ALONE = OTP.replace("publickey+keyboard-interactive",
                    "keyboard-interactive:auth_otp "
                    "keyboard-interactive:auth_otp+password")

BAN = """
MaxLoginAttempts 2
BanEngine on
BanLog @DIR@/ban.log
BanTable @DIR@/ban.tab
BanOnEvent MaxLoginAttempts 2/01:00:00 01:00:00
"""

have_sql = all(map(has_module, ("mod_sql.so", "mod_sql_sqlite.so",
                                "mod_sftp_sql.so")))
have_otp = have_sql and has_module("mod_auth_otp.so")
have_ban = has_module("mod_ban.so")


class Companions(Server):
    """A server whose companions are loaded behind ours."""

    behind = ()

    def config(self):
        ours = "LoadModule mod_sftp.c\n"
        more = "".join("LoadModule %s.c\n" % name for name in self.behind)
        return super().config().replace(ours, ours + more, 1)


class WithSQL(Companions):
    behind = ("mod_sql", "mod_sql_sqlite", "mod_sftp_sql")
    dropped = ("SFTPAuthorizedUserKeys",)

    def __init__(self, *args, **more):
        super().__init__(*args, drop=self.dropped, **more)
        # The library of the database wants to write beside it, and the
        # session is the user's by then.
        os.mkdir(self.path("sql"))
        os.chmod(self.path("sql"), 0o777)
        db = sqlite3.connect(self.path("sql/db"))
        db.execute("CREATE TABLE keys (name TEXT, key TEXT)")
        db.execute("CREATE TABLE otp (name TEXT, secret TEXT, "
                   "counter INTEGER)")
        for user in self.users:
            db.execute("INSERT INTO keys VALUES (?, ?)",
                       (user, "no key at all"))
            db.execute("INSERT INTO keys VALUES (?, ?)", (user, must(run(
                ["ssh-keygen", "-e", "-f", self.key + ".pub"]
            )).stdout.decode()))
            os.unlink(self.path("keys/" + user))
        db.execute("INSERT INTO otp VALUES (?, ?, 0)", ("alice", SECRET))
        db.commit()
        db.close()
        os.chmod(self.path("sql/db"), 0o666)


class WithOTP(WithSQL):
    behind = WithSQL.behind + ("mod_auth_otp",)
    dropped = WithSQL.dropped + ("AuthOrder",)


servers = []
sql = otp = alone = ban = None
if have_sql:
    sql = WithSQL(SQL)
    servers.append(sql)
if have_otp:
    otp = WithOTP(SQL + OTP, users=("alice", "bob"))
    alone = WithOTP(SQL + ALONE, users=("alice", "bob"))
    servers += [otp, alone]
if have_ban:
    ban = Server(BAN, modules=("mod_ban",))
    servers.append(ban)
radius = with_radius = None
if has_module("mod_radius.so"):
    radius = Radius(b"shared secret", {"alice": "word of RADIUS"})
    with_radius = Server("AuthOrder mod_radius.c mod_auth_file.c\n"
                         "RadiusEngine on\nRadiusLog @DIR@/radius.log\n"
                         "RadiusAuthServer 127.0.0.1:%d \"shared secret\" 5\n"
                         % radius.port, drop=("AuthOrder",),
                         modules=("mod_radius",))

    def no_password(fields):
        fields[1] = "*"

    with_radius.edit("passwd", no_password)
    servers.append(with_radius)


def code():
    mac = hmac.new(base64.b32decode(SECRET),
                   struct.pack(">Q", int(time.time()) // 30),
                   hashlib.sha1).digest()
    at = mac[-1] & 15
    value = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
    return "%06d" % (value % 1000000)


def with_key(srv, user="alice"):
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    return conn, conn.auth_publickey(user, key)


def converse(conn, user, answer):
    """Logged in or not, and the prompts that were shown."""
    prompts = []

    def handler(title, instructions, fields):
        prompts.extend(fields)
        return [answer] * len(fields)

    try:
        conn.auth_interactive(user, handler)
    except paramiko.AuthenticationException:
        pass
    return conn.is_authenticated(), prompts


@promise("a key in a table of mod_sql logs in, after one that is broken")
def _():
    if sql is None:
        skip("mod_sftp_sql is not here")
    conn, left = with_key(sql)
    expect_same(left, [], "left")
    conn.close()
    sql.wait_log("sftp.log", "public key of user 'alice' found in "
                             "'sql:/getkey'")


@promise("a key and a one-time code log in, a wrong code does not")
def _():
    if otp is None:
        skip("mod_auth_otp is not here")
    conn, left = with_key(otp)
    expect_same(left, ["keyboard-interactive"], "left after the key")
    done, prompts = converse(conn, "alice", "000000")
    expect(not done and len(prompts) == 1, "a wrong code: %r" % prompts)
    expect(not prompts[0][1], "the code is shown while it is typed")
    done, prompts = converse(conn, "alice", code())
    expect(done, "the right code")
    conn.close()


@promise("a one-time code alone logs in, for those who have one")
def _():
    if alone is None:
        skip("mod_auth_otp is not here")
    conn = paramiko.Transport(alone.connect())
    conn.start_client(timeout=60)
    done, prompts = converse(conn, "alice", "123")
    expect(not done and len(prompts) == 1, "a wrong code: %r" % prompts)
    done, prompts = converse(conn, "alice", code())
    expect(done and len(prompts) == 1, "the right code: %r" % prompts)
    conn.close()
    for user in ("nobody-here", "bob"):
        conn = paramiko.Transport(alone.connect())
        conn.start_client(timeout=60)
        expect(not converse(conn, user, code())[0], user + " logged in")
        conn.close()


@promise("a driver that asks nothing succeeds after a key")
def _():
    if otp is None:
        skip("mod_auth_otp is not here")
    conn, left = with_key(otp, "bob")
    expect_same(left, ["keyboard-interactive"], "left after the key")
    expect_same(converse(conn, "bob", ""), (True, []), "login and prompts")
    conn.close()


@promise("the limit of attempts makes mod_ban ban")
def _():
    if ban is None:
        skip("mod_ban is not here")
    for _ in range(2):
        conn = paramiko.Transport(ban.connect())
        conn.start_client(timeout=60)
        for _ in range(2):
            try:
                conn.auth_password("alice", "wrong")
            except paramiko.SSHException:
                pass
        wait_for(lambda: not conn.is_active(), "the end")
        conn.close()
        ban.no_sessions()
    wait_for(lambda: not ban.greets(), "the ban")
    expect("MaxLoginAttempts" in ban.log("ban.log"), ban.log("ban.log"))


@promise("mod_radius asks its server about passwords, and the answer counts")
def _():
    if radius is None:
        skip("mod_radius is not there")
    for password, good in (("word of RADIUS", True), ("another word", False),
                           (with_radius.password, False)):
        expect_same(logs_in(with_radius, "alice", password), good, password)
        expect(("alice", password) in radius.asked, radius.asked)
        expect(password not in with_radius.log("sftp.log")
               + with_radius.log("system.log"), "the password is in a log")


main(*servers)
