#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""<Anonymous> and names that stand for others, by FTP and by SFTP."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from pairs import BOTH, FTP, SFTP, Pairs
from server import GID, UID, Server, client, must
from tap import expect, expect_same, main, promise

OTHER_GID = GID + 60

ANONYMOUS = """
<Anonymous @DIR@/pub>
  User guest
  Group guests
  UserAlias anonymous guest
  RequireValidShell off
  AnonRejectPasswords "^nobody@"
  DisplayLogin welcome.msg
  <Limit WRITE>
    DenyAll
  </Limit>
  <Directory incoming>
    <Limit STOR WRITE>
      AllowAll
    </Limit>
    <Limit READ>
      DenyAll
    </Limit>
  </Directory>
</Anonymous>
"""

srv = Pairs({
    "open": ANONYMOUS + "RequireValidShell on\n",
    "asked": """
<Anonymous @DIR@/pub>
  User guest
  UserAlias web guest
  AnonRequirePassword on
  DefaultChdir incoming
</Anonymous>
""",
    "aliases": """
<Anonymous @DIR@/pub>
  User guest
  UserAlias web guest
  AuthAliasOnly on
</Anonymous>
""",
    "full": """
<Anonymous @DIR@/pub>
  User guest
  MaxClients 1
</Anonymous>
""",
    "closed": """
<Limit LOGIN>
  DenyAll
</Limit>
<Anonymous @DIR@/pub>
  User guest
  <Limit LOGIN>
    AllowAll
  </Limit>
</Anonymous>
""",
    "gone": """
<Anonymous @DIR@/nowhere>
  User guest
</Anonymous>
""",
    "alias": """
UserAlias al alice
AuthAliasOnly on
""",
    "both": """
UserAlias al alice
""",
    "own": """
UserPassword alice @HASH@
""",
    "using": """
<Anonymous @DIR@/pub>
  User guest
  UserAlias bob guest
  AnonRequirePassword on
  AuthUsingAlias on
  UserPassword guest @HASH@
</Anonymous>
""",
    "named": """
<Anonymous @DIR@/dirs>
  User guest
  UserAlias bob guest
  UserAlias nowhere guest
  UserDirRoot on
</Anonymous>
""",
}, users=("guest", "alice", "bob"))

hashed = must(client(["openssl", "passwd", "-6", "configured"]))
for topic, lines in srv.topics.items():
    srv.topics[topic] = lines.replace("@HASH@",
                                      hashed.stdout.decode().strip())


def folder(name, mode):
    os.makedirs(srv.path(name))
    os.chmod(srv.path(name), mode)


folder("pub", 0o755)
folder("pub/incoming", 0o777)
folder("dirs", 0o755)
folder("dirs/bob", 0o755)
for name, text in (("pub/hello.txt", "hello"), ("dirs/bob/his.txt", "his"),
                   ("pub/welcome.msg", "Welcome, %U")):
    with open(srv.path(name), "w") as out:
        out.write(text)
with open(srv.path("group"), "a") as group:
    group.write("guests:x:%d:\n" % OTHER_GID)


def edit_passwd():
    with open(srv.path("passwd")) as file:
        text = file.read()
    with open(srv.path("passwd"), "w") as file:
        file.write(text.replace("/home/guest:/bin/sh",
                                "/home/guest:/no/such/shell"))


edit_passwd()


def outcomes(topic, *attempts):
    """What both protocols answer to the same attempts; must be alike."""
    got = {}
    for protocol in BOTH:
        got[protocol] = []
        for user, password in attempts:
            with srv.login(topic, protocol) as login:
                got[protocol].append(login.attempt(user, password))
    expect_same(got[SFTP], got[FTP], "SFTP and FTP")
    srv.no_sessions()
    return got[SFTP]


def status():
    pid = srv.session()
    with open("/proc/%d/status" % pid) as file:
        return {line.split(":")[0]: line.split()[1:] for line in file}


@promise("any password logs in to <Anonymous>, by its user's name and its "
         "aliases")
def _():
    expect_same(outcomes("open", ("guest", "me@here"), ("anonymous", "x"),
                         ("anonymous", "nobody@here"), ("nobody", "x"),
                         ("alice", "wrong"), ("alice", srv.password)),
                ["in", "in", "refused", "refused", "refused", "in"],
                "outcomes")


@promise("an anonymous session is the same as in FTP: directory, rules, user "
         "and group")
def _():
    seen = {}
    for protocol in BOTH:
        with srv.login("open", protocol) as login:
            expect_same(login.attempt("anonymous", "me@here"), "in", protocol)
            seen[protocol] = (
                login.pwd(), login.names(), login.read("hello.txt"),
                login.write("new.txt", b"x"),
                login.write("incoming/%s" % protocol, b"x"),
                login.read("incoming/%s" % protocol),
                [status()[name] for name in ("Uid", "Gid", "CapEff")])
            made = os.stat(srv.path("pub/incoming/" + protocol))
            seen[protocol] += ((made.st_uid, made.st_gid),)
        srv.no_sessions()
    expect_same(seen[SFTP], seen[FTP], "SFTP and FTP")
    expect_same(seen[SFTP][:6], (
        "/", ["hello.txt", "incoming", "welcome.msg"], b"hello", False, True,
        None), "what it sees")
    expect_same(seen[SFTP][7], (UID, OTHER_GID), "who it is")


@promise("the transfer log distinguishes anonymous files, with the address "
         "given")
def _():
    for protocol in BOTH:
        with srv.login("open", protocol) as login:
            login.attempt("anonymous", "me@here")
            login.read("hello.txt")
        srv.no_sessions()
    lines = [line.split() for line in srv.log("transfer.log").splitlines()
             if "hello.txt" in line][-2:]
    expect_same([line[12:14] for line in lines], [["a", "me@here"]] * 2,
                "access mode and name")


@promise("SCP serves <Anonymous> as well, and shows its DisplayLogin by SFTP")
def _():
    srv.user = "anonymous"
    config = srv.ssh_config()
    with open(config) as file:
        text = file.read().replace("Port %d" % srv.port, "Port %d"
                                   % srv.ports["open", SFTP])
    text = text.replace("StrictHostKeyChecking yes",
                        "StrictHostKeyChecking no")
    with open(config, "w") as file:
        file.write(text)
    local = srv.local("hello.copy")
    must(client(["scp", "-O", "-q", "-F", config, "-o",
                 "PubkeyAuthentication=no", "srv:hello.txt", local],
                env=srv.password_env()))
    with open(local) as file:
        expect_same(file.read(), "hello", "the copy")
    result = client(["scp", "-O", "-q", "-F", config, "-o",
                     "PubkeyAuthentication=no", local, "srv:new.txt"],
                    env=srv.password_env())
    expect(result.returncode != 0, "an upload went past <Limit WRITE>")
    result = client(["sftp", "-q", "-F", config, "-o",
                     "PubkeyAuthentication=no", "srv"], input=b"pwd\n",
                    env=srv.password_env())
    expect(b"Welcome, anonymous" in result.stderr, result.stderr)
    srv.user = "guest"


@promise("AnonRequirePassword requires it; AuthAliasOnly accepts only aliases")
def _():
    expect_same(outcomes("asked", ("web", srv.password), ("web", "x"),
                         ("guest", "x"), ("guest", srv.password)),
                ["in", "refused", "refused", "in"], "asked for")
    expect_same(outcomes("aliases", ("web", "x"), ("guest", "x"),
                         ("guest", srv.password)),
                ["in", "refused", "refused"], "aliases only")
    with srv.login("asked", SFTP) as login:
        expect_same(login.attempt("web", srv.password), "in", "web")
        expect_same(login.pwd(), "/incoming", "where DefaultChdir leads")
    srv.no_sessions()


@promise("MaxClients of <Anonymous> counts both protocols together")
def _():
    got = {}
    for protocol in BOTH:
        with srv.login("full", protocol) as first:
            got[protocol] = [first.attempt("guest", "x")]
            with srv.login("full", protocol) as second:
                got[protocol].append(second.attempt("guest", "x"))
            with srv.login("full", protocol) as other:
                got[protocol].append(other.attempt("alice", srv.password))
        srv.no_sessions()
    expect_same(got[SFTP], got[FTP], "SFTP and FTP")
    expect_same(got[SFTP], ["in", "gone", "in"], "outcomes")


@promise("<Limit LOGIN> of <Anonymous> wins over that of the server")
def _():
    expect_same(outcomes("closed", ("guest", "x"), ("alice", srv.password)),
                ["in", "refused"], "outcomes")


@promise("a missing directory refuses the login")
def _():
    with srv.login("gone", FTP) as login:
        expect(login.attempt("guest", "x") != "in", "FTP")
    with srv.login("gone", SFTP) as login:
        expect(login.attempt("guest", "x") != "in", "SFTP")
        expect(login.sftp is None, "a channel opened")
    srv.no_sessions()


@promise("UserAlias, with AuthAliasOnly and without")
def _():
    pw = srv.password
    expect_same(outcomes("alias", ("al", pw), ("alice", pw), ("al", "no"),
                         ("bob", pw)),
                ["in", "refused", "refused", "refused"], "alias only")
    srv.wait_log("system.log", "USER alice: user is not a UserAlias")
    expect_same(outcomes("both", ("al", pw), ("alice", pw), ("bob", pw)),
                ["in", "in", "in"], "alias too")
    with srv.login("both", SFTP) as login:
        login.attempt("al", pw)
        expect_same(login.write("made", b"x"), True, "write")
    expect(os.path.exists(srv.home("made", user="alice")),
           "it is not alice's home")
    srv.no_sessions()


@promise("an alias has the keys of its user")
def _():
    import paramiko
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    srv.authorize(srv.key, user="alice")
    for name in ("guest", "bob"):
        os.unlink(srv.path("keys/" + name))
    for topic, user, good in (("both", "al", True), ("alias", "alice", False),
                              ("alias", "al", True), ("both", "bob", False)):
        with srv.login(topic, SFTP) as login:
            try:
                login.conn.auth_publickey(user, key)
            except paramiko.AuthenticationException:
                pass
            expect_same(login.conn.is_authenticated(), good,
                        "%s at %s" % (user, topic))
    srv.no_sessions()


@promise("UserPassword replaces the password of that user alone")
def _():
    expect_same(outcomes("own", ("alice", "configured"),
                         ("alice", srv.password), ("bob", srv.password),
                         ("bob", "configured")),
                ["in", "refused", "in", "refused"], "outcomes")


@promise("AuthUsingAlias requires the password of the alias")
def _():
    expect_same(outcomes("using", ("bob", srv.password), ("bob", "x"),
                         ("bob", "configured")),
                ["in", "refused", "refused"], "outcomes")


@promise("UserDirRoot gives each alias its own directory")
def _():
    got = {}
    for protocol in BOTH:
        with srv.login("named", protocol) as login:
            got[protocol] = [login.attempt("bob", "x"), login.names()]
        srv.no_sessions()
    expect_same(got[SFTP], got[FTP], "SFTP and FTP")
    expect_same(got[SFTP], ["in", ["his.txt"]], "outcomes")


@promise("AnonymousGroup and GroupPassword are unknown to the host, by FTP too")
def _():
    # Should a host know them again, they need a comparison here.
    for line in ("AnonymousGroup guests", "GroupPassword guests x"):
        text = Server("SFTPEngine off\n" + line + "\n",
                      drop=("SFTPEngine",)).refuses_to_start()
        expect("unknown configuration directive '%s'" % line.split()[0]
               in text, text)


main(srv)
