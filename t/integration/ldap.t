#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-ldap proftpd-mod-sftp-ldap python3-paramiko slapd
# sanitizers: alone

"""Users and their keys in OpenLDAP, by the host's mod_ldap."""

import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import logs_in
from rawauth import RawAuth, UnknownKey
from tap import expect, expect_same, main, promise, skip
from server import (GID, UID, Server, free_port, has_module, keygen, must,
                    run, wait_for)

import paramiko

SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/bin:/sbin")
HERE = has_module("mod_ldap.so") and SLAPD is not None

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top
  AUXILIARY MAY ( sshPublicKey $ uid ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile @DIR@/slapd.pid
database mdb
maxsize 10485760
suffix "dc=test"
rootdn "cn=admin,dc=test"
rootpw secret
directory @DIR@/ldap
"""

DIRECTIVES = """
LoadModule mod_ldap.c
@BESIDE@
LDAPServer ldap://127.0.0.1:@PORT@/??sub
LDAPBindDN cn=admin,dc=test secret
LDAPUsers ou=people,dc=test (uid=%u)
LDAPGroups ou=groups,dc=test
LDAPAuthBinds on
LDAPLog @DIR@/ldap.log
AuthOrder mod_ldap.c
SFTPAuthorizedUserKeys ldap:
"""


class Directory(Server):
    """alice has her keys in the directory, bob has none."""

    def __init__(self, beside=""):
        self.ldap_port = free_port()
        super().__init__(DIRECTIVES.replace("@PORT@", str(self.ldap_port))
                         .replace("@BESIDE@", beside),
                         drop=("AuthOrder", "AuthUserFile", "AuthGroupFile",
                               "SFTPAuthorizedUserKeys"),
                         users=("alice", "bob"))
        self.slapd = None
        self.second = keygen(self.path("id_second"), "-t", "ecdsa")
        os.mkdir(self.path("ldap"))
        with open(self.path("slapd.conf"), "w") as out:
            out.write(CONFIG.replace("@DIR@", self.dir))
        must(run(["slapadd", "-f", self.path("slapd.conf")],
                 input=self.entries().encode()))

    def entries(self):
        text = "dn: dc=test\nobjectClass: dcObject\nobjectClass: " \
            "organization\no: test\n\n"
        for unit in ("people", "groups"):
            text += "dn: ou=%s,dc=test\nobjectClass: organizationalUnit\n\n" \
                % unit
        text += "dn: cn=staff,ou=groups,dc=test\nobjectClass: posixGroup\n" \
            "gidNumber: %d\n\n" % GID
        for name in self.users:
            text += "dn: uid=%s,ou=people,dc=test\nobjectClass: account\n" \
                "objectClass: posixAccount\nobjectClass: ldapPublicKey\n" \
                "cn: %s\nuidNumber: %d\ngidNumber: %d\n" \
                "homeDirectory: %s\nloginShell: /bin/sh\n" \
                "userPassword: %s\n" % (name, name, UID, GID,
                                        self.home(user=name), self.password)
            if name == "alice":
                for key in (self.second, self.key):
                    with open(key + ".pub") as pub:
                        text += "sshPublicKey: %s\n" % pub.read().strip()
            text += "\n"
        return text

    def start(self):
        self.slapd = subprocess.Popen(
            [SLAPD, "-d", "stats", "-f", self.path("slapd.conf"), "-h",
             "ldap://127.0.0.1:%d/" % self.ldap_port],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.path("slapd.log"), "wb"))
        wait_for(self.answers, "slapd")
        return super().start()

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.ldap_port)):
                return os.path.exists(self.path("slapd.pid"))
        except OSError:
            return False

    def stop(self):
        super().stop()
        if self.slapd is not None:
            self.slapd.terminate()
            self.slapd.wait()
            self.slapd = None


srv = Directory() if HERE else None
other = Directory("LoadModule mod_sftp_ldap.c") \
    if HERE and has_module("mod_sftp_ldap.so") else None


@promise("a user of the directory logs in by password, and lands at home")
def _():
    if srv is None:
        skip("mod_ldap or slapd is not here")
    expect(logs_in(srv, "alice", srv.password), "the right one")
    expect(not logs_in(srv, "alice", "wrong"), "a wrong one logged in")
    expect(not logs_in(srv, "nobody-here", srv.password),
           "nobody logged in")


@promise("each of a user's keys in the directory logs in, no other does")
def _():
    if srv is None:
        skip("mod_ldap or slapd is not here")
    must(srv.sftp("put /etc/hostname up"))
    expect(os.stat(srv.home("up")).st_uid == UID, "owner")
    first = srv.key
    try:
        srv.key = srv.second
        must(srv.sftp("pwd"))
        srv.key = keygen(srv.path("id_other"), "-t", "ed25519")
        expect(srv.sftp("pwd").returncode != 0, "another key logged in")
    finally:
        srv.key = first
    for user in ("bob", "nobody-here"):
        srv.user = user
        try:
            expect(srv.sftp("pwd").returncode != 0, user + " logged in")
        finally:
            srv.user = "alice"
    srv.wait_log("sftp.log", "no public keys of user 'bob' in the directory")


@promise("however many keys a connection asks for, LDAP is queried for the "
         "user and for the keys only once")
def _():
    if srv is None:
        skip("mod_ldap or slapd is not here")
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    for user in ("alice", "bob", "nobody-here"):
        srv.no_sessions()
        begin = len(srv.log("slapd.log"))
        with RawAuth(srv.connect()) as raw:
            for _ in range(60):
                raw.answer(raw.key(user, UnknownKey(), sign=False))
            searches = srv.log("slapd.log")[begin:].count(" SRCH base=")
            expect(1 <= searches <= 6, "%d searches for %s" % (searches, user))
            if user == "alice":
                expect_same([raw.answer(raw.key(user, key, sign=False)),
                             raw.answer(raw.key(user, key))],
                            ["pk_ok", "success"], "the right key")


@promise("beside mod_sftp_ldap, keys in the directory log in as well")
def _():
    if other is None:
        skip("mod_sftp_ldap is not here")
    must(other.sftp("put /etc/hostname up"))
    other.key = keygen(other.path("id_other"), "-t", "ed25519")
    expect(other.sftp("pwd").returncode != 0, "another key logged in")


main(*[one for one in (srv, other) if one])
