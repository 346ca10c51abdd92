#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto proftpd-mod-sqlite python3-paramiko

"""Logins that the client's host vouches for (RFC 4252, section 9)."""

import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawauth import RawAuth
from server import Server, has_module, keygen, must, run
from tap import expect, expect_same, main, promise, skip

import paramiko

srv = Server("""
SFTPAuthMethods hostbased hostbased+password
SFTPAuthorizedHostKeys file:@DIR@/none file:@DIR@/hosts
""", users=("alice", "root"))

anyone = Server("""
SFTPAuthMethods hostbased
SFTPOptions HostbasedAnyUser
SFTPAuthorizedHostKeys file:@DIR@/hosts
""", users=("alice", "root"))

chain = Server("""
SFTPAuthMethods publickey+hostbased
SFTPAuthorizedHostKeys file:@DIR@/hosts
""")

SQL = """
SQLEngine on
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLAuthenticate off
SQLNamedQuery gethost SELECT "key FROM hosts WHERE name = '%{0}'"
SFTPAuthMethods hostbased
SFTPAuthorizedHostKeys sql:/gethost
"""

have_sql = all(map(has_module, ("mod_sql.so", "mod_sql_sqlite.so",
                                "mod_sftp_sql.so")))


class WithSQL(Server):
    def config(self):
        ours = "LoadModule mod_sftp.c\n"
        more = "".join("LoadModule %s.c\n" % name for name in
                       ("mod_sql", "mod_sql_sqlite", "mod_sftp_sql"))
        return super().config().replace(ours, ours + more, 1)


sql = WithSQL(SQL) if have_sql else None

host_key = keygen(srv.path("client_host"), "-t", "ed25519")
other_key = keygen(srv.path("other_host"), "-t", "ed25519")


def private(path):
    return paramiko.Ed25519Key.from_private_key_file(path)


def public(path, form="openssh"):
    if form == "openssh":
        with open(path + ".pub") as file:
            return file.read()
    return must(run(["ssh-keygen", "-e", "-f", path + ".pub"])).stdout.decode()


def trust(server, text):
    with open(server.path("hosts"), "w") as out:
        out.write(text)


def vouch(server, host, key=host_key, user="alice", as_user=None):
    with RawAuth(server.connect()) as raw:
        return raw.answer(raw.hostbased(user, private(key), host,
                                        as_user or user))


@promise("a host whose key is known vouches for its user, and logs say who")
def _():
    for form in ("openssh", "rfc4716"):
        trust(srv, public(host_key, form))
        expect_same(vouch(srv, "client.example."), "success", form)
    print_ = must(run(["ssh-keygen", "-l", "-f", host_key])).stdout.split()[1]
    srv.wait_log("sftp.log", r"login of 'alice' from 127.0.0.1 by hostbased "
                 r"\(alice of client.example.\), ssh-ed25519 key %s: accepted"
                 % print_.decode().replace("+", r"\+"))


@promise("another key, another user's name, an unknown user: refused in the "
         "same way")
def _():
    trust(srv, public(host_key))
    refused = "refused: hostbased"
    expect_same(vouch(srv, "client.example", other_key), refused, "the key")
    srv.wait_log("sftp.log", "no matching public key found for host "
                 "'client.example'")
    expect_same(vouch(srv, "client.example", as_user="bob"), refused,
                "the name")
    srv.wait_log("sftp.log", "user 'bob' of the client's host may not log in "
                 "as 'alice'")
    expect_same(vouch(srv, "client.example", user="nobody"), refused, "nobody")
    srv.wait_log("system.log", "USER nobody: no such user found from ")


@promise("names in front of a key limit it to hosts of that name")
def _():
    key = public(host_key)
    for names, host, good in (
            ("client.example", "client.example.", True),
            ("client.example", "CLIENT.example", True),
            ("client.example", "other.example", False),
            ("a.example,*.example", "client.example", True),
            ("*.example,!client.example", "client.example", False),
            ("[client.example]:2222", "client.example", True),
            ("127.0.0.*", "anything", True),
            ("192.0.2.1", "anything", False),
            ("|1|abc=|def=", "client.example", False),
            ('from="127.0.0.1"', "client.example", False)):
        trust(srv, names + " " + key)
        expect_same(vouch(srv, host) == "success", good,
                    "%s for %s" % (host, names))


@promise("HostbasedAnyUser lets a host vouch for users of other names")
def _():
    trust(anyone, public(host_key))
    expect_same(vouch(anyone, "client.example", as_user="bob"), "success",
                "bob as alice")
    expect_same(vouch(anyone, "client.example", user="root"),
                "refused: hostbased", "root, which RootLogin denies")


@promise("hostbased may be a step of a chain, and a signature counts once")
def _():
    trust(chain, public(host_key))
    with RawAuth(chain.connect()) as raw:
        expect_same(raw.answer(raw.hostbased("alice", private(host_key),
                                             "client.example", "alice")),
                    "refused: publickey", "out of turn")
        expect_same(raw.answer(raw.key("alice", private(chain.key))),
                    "more: hostbased", "the key")
        m = raw.hostbased("alice", private(host_key), "client.example",
                          "alice")
        expect_same(raw.answer(m), "success", "the host")
    with RawAuth(chain.connect()) as raw:
        raw.answer(raw.key("alice", private(chain.key)))
        expect(raw.answer(m) != "success",
               "a signature of another session counts")


@promise("host keys come from SQL too")
def _():
    if not have_sql:
        skip("mod_sftp_sql or SQLite are not there")
    with sqlite3.connect(sql.path("sql/db")) as db:
        db.execute("INSERT INTO hosts VALUES (?, ?)", (
            "client.example", public(host_key, "rfc4716")))
    expect_same(vouch(sql, "client.example"), "success", "the known host")
    expect_same(vouch(sql, "client.example", other_key),
                "refused: hostbased", "another key")
    expect_same(vouch(sql, "other.example"), "refused: hostbased",
                "another name")


@promise("OpenSSH's ssh-keysign logs in")
def _():
    keysign = "/usr/lib/openssh/ssh-keysign"
    etc = anyone.path("etc_ssh")
    os.makedirs(etc, exist_ok=True)
    for name, text in (
            ("ssh_config", "Host *\n EnableSSHKeysign yes\n"
             " HostbasedAuthentication yes\n"),
            ("ssh_host_ed25519_key", open(host_key).read()),
            ("ssh_host_ed25519_key.pub", public(host_key))):
        with open(os.open(os.path.join(etc, name), os.O_CREAT | os.O_WRONLY
                          | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
    os.chmod(os.path.join(etc, "ssh_config"), 0o644)
    apart = ["unshare", "-m"]
    if run(apart + ["true"]).returncode != 0:
        # In a root that is no mount point the namespace is private as it is.
        apart += ["--propagation", "unchanged"]
    if not os.path.exists(keysign) or run(apart + ["true"]).returncode != 0:
        skip("there is no ssh-keysign, or no mount namespace for it")
    trust(anyone, public(host_key))
    result = run(apart + ["sh", "-c", 'mount --bind "$1" /etc/ssh && '
                  'exec sftp -q -F /etc/ssh/ssh_config -P "$2" '
                  '-o UserKnownHostsFile="$3" -o PreferredAuthentications='
                  'hostbased alice@127.0.0.1', "sh", etc, str(anyone.port),
                  anyone.known_hosts()], input=b"pwd\n")
    must(result)
    anyone.wait_log("sftp.log", r"by hostbased \(root of .*\), ssh-ed25519 key "
                    "SHA256:[^ ]*: accepted")


if sql:
    os.mkdir(sql.path("sql"))
    with sqlite3.connect(sql.path("sql/db")) as db:
        db.execute("CREATE TABLE hosts (name TEXT, key TEXT)")
    os.chmod(sql.path("sql"), 0o777)
    os.chmod(sql.path("sql/db"), 0o666)

main(srv, anyone, chain, *([sql] if sql else []))
