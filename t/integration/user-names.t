#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite python3-paramiko

"""A database that compares names without case, as MySQL and LDAP do: one
account has many spellings, and every rule about its name holds for all."""

import base64
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect_same, main, promise, skip
from rawauth import RawAuth
from server import GID, UID, Server, has_module, keygen, must, run

import paramiko

LINES = """
LoadModule mod_sql.c
LoadModule mod_sql_sqlite.c
SQLEngine on
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLAuthTypes Crypt
SQLAuthenticate users groups
SQLGroupInfo teams name gid members
SQLUserInfo accounts name passwd uid gid home shell
SQLDefaultGID @GID@
SQLMinID 500
AuthOrder mod_sql.c
UserPassword carol @HASH@
SFTPAuthorizedHostKeys file:@DIR@/hosts
SFTPTrustedUserCAKeys @DIR@/trusted
SFTPAuthMethods password publickey hostbased
SFTPAuthMethods user alice publickey+password
SFTPAuthMethods group strict publickey
"""
STRICT, LOOSE = "publickey", "password,publickey,hostbased"


class Folding(Server):
    def __init__(self):
        super().__init__("", drop=("AuthOrder", "AuthUserFile",
                                   "AuthGroupFile"),
                         users=("alice", "bob", "carol", "dave"))
        with open(self.path("passwd")) as lines:
            users = [line.strip().split(":") for line in lines]
        self.configured = "another horse 8"
        hashed = must(run(["openssl", "passwd", "-6", self.configured]))
        self.directives = LINES.replace("@GID@", str(GID)).replace(
            "@HASH@", hashed.stdout.decode().strip())
        self.other = keygen(self.path("id_other"), "-t", "ed25519")
        self.authorize(self.other, user="DAVE")
        keygen(self.path("client_host"), "-t", "ed25519")
        keygen(self.path("ca"), "-t", "ed25519")
        for name, key in (("hosts", "client_host"), ("trusted", "ca")):
            with open(self.path(key + ".pub")) as pub, \
                    open(self.path(name), "w", encoding="ascii") as out:
                out.write(pub.read())
        # The library of the database wants to write beside it.
        os.mkdir(self.path("sql"))
        os.chmod(self.path("sql"), 0o777)
        db = sqlite3.connect(self.path("sql/db"))
        db.execute("CREATE TABLE accounts (name TEXT COLLATE NOCASE, passwd "
                   "TEXT, uid INTEGER, gid INTEGER, home TEXT, shell TEXT)")
        db.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
                       [(u[0], u[1], UID, GID, u[5], u[6]) for u in users])
        db.execute("CREATE TABLE teams (name TEXT, gid INTEGER, members TEXT)")
        db.execute("INSERT INTO teams VALUES ('strict', ?, 'bob')",
                   (GID + 60,))
        db.commit()
        db.close()
        os.chmod(self.path("sql/db"), 0o666)


srv = Folding() if has_module("mod_sql_sqlite.so") else None


def private(name):
    return paramiko.Ed25519Key.from_private_key_file(srv.path(name))


def answers(user, *messages):
    """Those to messages of one connection, each made from its RawAuth."""
    with RawAuth(srv.connect()) as raw:
        return [raw.answer(make(raw)) for make in messages]


def by_password(user, password=None):
    return answers(user, lambda raw: raw.password(
        user, password or srv.password))[0]


def by_key(user, name="id_ed25519"):
    return answers(user, lambda raw: raw.key(user, private(name)))[0]


def methods_of(user):
    return answers(user, lambda raw: raw.message(user, b"none"))[0]


@promise("SFTPAuthMethods of a user holds for every spelling of the name")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for user in ("alice", "ALICE", "aLice"):
        expect_same(methods_of(user), "refused: " + STRICT, user)
        expect_same(by_password(user), "refused: " + STRICT,
                    "the password alone of " + user)
        expect_same(answers(user,
                            lambda raw: raw.key(user, private("id_ed25519")),
                            lambda raw: raw.password(user, srv.password)),
                    ["more: password", "success"], "both of " + user)


@promise("and so does that of a group")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for user in ("bob", "BOB"):
        expect_same(by_password(user), "refused: " + STRICT, user)
        expect_same(by_key(user), "success", "the key of " + user)


@promise("the files of keys are those of the account")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for user in ("dave", "DAVE"):
        expect_same(by_key(user), "success", user)
        expect_same(by_key(user, "id_other"), "refused: " + LOOSE,
                    "a key of another name's file, as " + user)


@promise("a certificate names the account, not a spelling of it")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for principal, wanted in (("dave", "success"),
                              ("DAVE", "refused: " + LOOSE)):
        key = keygen(srv.path("id_" + principal), "-t", "ed25519")
        must(run(["ssh-keygen", "-q", "-s", srv.path("ca"), "-I", principal,
                  "-n", principal, key + ".pub"]))
        signer = paramiko.Ed25519Key.from_private_key_file(key)
        signer.load_certificate(key + "-cert.pub")
        with open(key + "-cert.pub") as pub:
            blob = paramiko.message.Message(
                base64.b64decode(pub.read().split()[1]))
        signer.asbytes = blob.asbytes
        expect_same(answers("DAVE", lambda raw: raw.key(
            "DAVE", signer, alg="ssh-ed25519-cert-v01@openssh.com"))[0],
            wanted, "for the principal " + principal)


@promise("a host vouches for the account, not for a spelling of it")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for client_user, wanted in (("dave", "success"),
                                ("DAVE", "refused: " + LOOSE)):
        expect_same(answers("DAVE", lambda raw: raw.hostbased(
            "DAVE", private("client_host"), "client.example", client_user))[0],
            wanted, client_user)


@promise("UserPassword replaces the account's password in every spelling")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    for user in ("carol", "CAROL"):
        expect_same(by_password(user), "refused: " + LOOSE,
                    "the database's of " + user)
        expect_same(by_password(user, srv.configured), "success",
                    "the configured one of " + user)


@promise("no spelling tells who exists: names of nobody's have one list in "
         "all of theirs, too")
def _():
    if srv is None:
        skip("mod_sql_sqlite is not here")
    lists = set()
    for number in range(16):
        name = "ghost%d" % number
        found = {methods_of(n) for n in (name, name.upper(), " " + name,
                                         name.capitalize())}
        expect_same(len(found), 1, "lists of %s" % name)
        lists |= found
    expect_same(lists, {"refused: " + STRICT, "refused: " + LOOSE}, "all")


main(*([srv] if srv else []))
