#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite python3-paramiko
# sanitizers: alone

"""Principals by a command; authorities, principals and revoked keys from SQL
(SQLite)."""

import base64
import os
import pwd
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawauth import RawAuth
from tap import expect, expect_same, main, promise, skip
from server import GID, UID, Server, has_module, keygen, must, run, wait_for

import paramiko

RUNS_AS = "daemon"
COMMAND = "@DIR@/bin/principals"
# Names that a shell, a program or a database might take for something else.
HOSTILE = ("-oops", "x' OR '1'='1", "x'' OR 1=1 --", "\\' OR 1=1 --",
           "' OR 1=1 OR name='", "o'brien", "'", 'y"; DROP TABLE principals',
           "$(id)", "%{0}", "%u%s", "a b", "back\\slash")
COMMAND_USERS = ("alice", "bob", "fails", "slow", "much", "nul", "leaves",
                 "quiet") + HOSTILE
CERT = "ssh-ed25519-cert-v01@openssh.com"

commands = Server(
    'SFTPTrustedUserCAKeys @DIR@/ca.pub\n'
    'SFTPAuthorizedPrincipals "exec:%s %%u %%h \'two words\' %%t %%k %%f %%U '
    '%%%% %%T %%K %%F %%s %%i %%C"\n'
    'SFTPAuthorizedKeysCommandUser %s\n' % (COMMAND, RUNS_AS),
    users=COMMAND_USERS)

ca = keygen(commands.path("ca"), "-t", "ed25519")
other_ca = keygen(commands.path("other_ca"), "-t", "ed25519")


def public(key):
    with open(key + ".pub") as file:
        return file.read()


def fingerprint(key):
    return must(run(["ssh-keygen", "-l", "-f", key + ".pub"])).stdout \
        .decode().split()[1]


serials = [0]


class Cert:
    """A new key with a certificate, as RawAuth.key() takes one."""

    def __init__(self, principals, key_id="the id", signer=ca, options=()):
        serials[0] += 1
        self.serial = serials[0]
        self.key_id = key_id
        self.path = keygen(commands.path("user%d" % self.serial), "-t",
                           "ed25519")
        argv = ["ssh-keygen", "-q", "-s", signer, "-I", key_id, "-n",
                principals, "-z", str(self.serial)]
        for option in options:
            argv += ["-O", option]
        must(run(argv + [self.path + ".pub"]))
        with open(self.path + "-cert.pub") as file:
            self.body = file.read().split()[1]
        self.key = paramiko.Ed25519Key.from_private_key_file(self.path)

    def asbytes(self):
        return base64.b64decode(self.body)

    def sign_ssh_data(self, data):
        return self.key.sign_ssh_data(data)


def offer(server, user, *certs):
    """The answers to a question for each, and to a login with it."""
    answers = []
    with RawAuth(server.connect()) as raw:
        for cert in certs:
            alg = CERT if isinstance(cert, Cert) else "ssh-ed25519"
            answers.append(raw.answer(raw.key(user, cert, sign=False,
                                              alg=alg)))
            answers.append(raw.answer(raw.key(user, cert, alg=alg)))
            if answers[-1] in ("success", "gone"):
                break
    return answers


def works(server, user, cert):
    expect_same(offer(server, user, cert), ["pk_ok", "success"],
                "answers for %r" % user)


def kind(answers):
    """Without the names of methods, which come with every refusal."""
    return [answer.split(":")[0] for answer in answers]


def refused(server, user, cert, why=None):
    begin = len(server.log("sftp.log"))
    expect_same(kind(offer(server, user, cert)), ["refused", "refused"],
                "answers for %r" % user)
    if why:
        wait_for(lambda: why in server.log("sftp.log")[begin:],
                 "%r in SFTPLog:\n%s" % (why, server.log("sftp.log")[begin:]))
    return server.log("sftp.log")[begin:]


# ---- A command


SQL = has_module("mod_sql.so") and has_module("mod_sql_sqlite.so")
os.mkdir(commands.path("seen"))
os.chmod(commands.path("seen"), 0o777)
os.makedirs(commands.path("bin"))
with open(commands.path("bin/principals"), "w") as out:
    out.write("""#!/bin/sh
printf '%%s\\n' "$1" >> %(seen)s/calls
case $1 in
  alice)
    printf '%%s\\n' "$#" "$@" > %(seen)s/args
    { id -u; id -g; id -G; } > %(seen)s/id
    { ls -l /proc/self/fd; umask; pwd; env | sort; } > %(seen)s/state
    echo "# who is alice"
    echo 'from="192.0.2.1" elsewhere'
    echo 'command="internal-sftp -R" readers # "who" looks'
    printf 'admins\\t# who "works\\n' ;;
  fails) echo admins; exit 3 ;;
  slow) echo admins; sleep 60 & sleep 60 ;;
  leaves) sleep 3600 > /dev/null 2>&1 &
    echo $! > %(seen)s/left; echo admins ;;
  much) echo admins; yes "# padding padding padding padding" ;;
  nul) echo admins; head -c 10 /dev/zero ;;
  *"'"*|*'"'*|*'$'*|*%%*|*' '*|*slash) echo admins ;;
  -*) echo admins; echo "$1" > %(seen)s/unexpected ;;
esac
""" % {"seen": commands.path("seen")})
os.chmod(commands.path("bin/principals"), 0o755)


def seen(name):
    with open(commands.path("seen/" + name)) as file:
        return file.read()


def calls():
    try:
        return len(seen("calls").splitlines())
    except FileNotFoundError:
        return 0


@promise("a command prints the principals of a user, with their options")
def _():
    works(commands, "alice", Cert("staff,admins"))
    refused(commands, "alice", Cert("alice"), "no principal of the certificate")
    refused(commands, "alice", Cert("elsewhere"), 'option "from"')
    refused(commands, "bob", Cert("bob,admins"),
            "no principal of the certificate")
    reader = Cert("readers")
    commands.key = reader.path
    must(commands.sftp("-mkdir made\nls", "-oCertificateFile=%s-cert.pub"
                       % reader.path))
    expect(not os.path.exists(commands.home("made")), "it made a directory")


@promise("the tokens of a key and of its certificate are replaced in its "
         "words")
def _():
    cert = Cert("admins", key_id="alice's laptop")
    works(commands, "alice", cert)
    args = seen("args").splitlines()
    expect_same(args[:14],
                ["14", "alice", commands.home().rstrip("/"), "two words", CERT,
                 cert.body, fingerprint(cert.path), str(UID), "%",
                 "ssh-ed25519", public(ca).split()[1], fingerprint(ca),
                 str(cert.serial), "alice's laptop"], "words")
    expect(args[14].startswith("127.0.0.1 ") and
           args[14].endswith(" 127.0.0.1 %d" % commands.port), args[14])


@promise("it runs as the user of the directive, and inherits nothing")
def _():
    user = pwd.getpwnam(RUNS_AS)
    ids = seen("id").splitlines()
    expect_same(ids[:2], [str(user.pw_uid), str(user.pw_gid)], "ids")
    expect("0" not in ids[2].split(), "groups: " + ids[2])
    state = seen("state")
    expect("socket:" not in state, state)
    expect("\n/\n" in state, state)
    names = {line.split("=")[0] for line in state.splitlines() if "=" in line}
    expect_same(names - {"PWD", "SHLVL", "_", "OLDPWD", "LD_PRELOAD"},
                {"PATH", "USER", "LOGNAME", "SSH_CONNECTION"}, "environment")


@promise("a question and the login after it are one run; without a trusted "
         "authority there is none")
def _():
    before = calls()
    works(commands, "alice", Cert("admins"))
    expect_same(calls() - before, 1, "runs")
    refused(commands, "alice", Cert("admins", signer=other_ca),
            "its authority is not trusted")
    expect_same(calls() - before, 1, "runs for another authority")


@promise("a command that fails, takes too long, prints too much or prints "
         "NUL lets nobody in")
def _():
    for user, why in (("fails", "exit status 3"),
                      ("much", "it printed too much"),
                      ("slow", "it took too long")):
        refused(commands, user, Cert("admins"), "certificate 'the id'")
        expect_same(len(re.findall(
            r"\]: command '.*/bin/principals' for principals of user '%s' "
            r"failed: %s$" % (user, why), commands.log("sftp.log"), re.M)), 2,
            "lines that say so")
    refused(commands, "nul", Cert("admins"), "holds a NUL byte")
    commands.no_sessions()


@promise("processes that it leaves running end with it")
def _():
    works(commands, "leaves", Cert("admins"))
    stat = "/proc/%s/stat" % seen("left").strip()
    ended = not os.path.exists(stat)
    if not ended:
        with open(stat) as file:
            ended = file.read().rpartition(")")[2].split()[0] == "Z"
    expect(ended, "it still runs")


@promise("names of users are single words")
def _():
    for name in HOSTILE:
        begin = calls()
        if name == "-oops":
            refused(commands, name, Cert("admins"),
                    "is not run for a user of the name '-oops'")
            expect_same(calls(), begin, "runs for " + name)
        else:
            works(commands, name, Cert("admins"))
            expect_same(seen("calls").splitlines()[-1], name, "its word")
    for name in ("../alice", "a/b", ".."):
        refused(commands, name, Cert("admins"), "is not run for a user")
    expect(not os.path.exists(commands.path("seen/unexpected")), "it ran")


@promise("a key id that looks like an option, or has control characters, is "
         "given to no command")
def _():
    for key_id in ("-o", "--help", "two\nlines", "\x1b[2J", "tab\there"):
        begin = calls()
        refused(commands, "alice", Cert("admins", key_id=key_id),
                "is not run for a certificate of the key id")
        expect_same(calls(), begin, "runs for %r" % key_id)


@promise("unknown users get the same answers after the same work")
def _():
    counts, answers = [], []
    for user in ("quiet", "nobody-here"):
        certs = [Cert("admins"), Cert("admins"), Cert(user)]
        begin = calls()
        answers.append(offer(commands, user, *certs))
        counts.append(calls() - begin)
    expect_same(answers[0], answers[1], "answers")
    expect(set(kind(answers[0])) == {"refused"}, "%r" % answers)
    expect_same(counts, [3, 3], "runs")


@promise("a connection with many certificates starts few commands")
def _():
    certs = [Cert("admins", key_id="n%d" % n) for n in range(9)]
    begin = calls()
    with RawAuth(commands.connect()) as raw:
        for cert in certs * 3:
            expect(raw.answer(raw.key("quiet", cert, sign=False, alg=CERT))
                   .startswith("refused"), "accepted")
    expect_same(calls() - begin, 6, "runs")


@promise("a wrong value prevents the start, and the error says what is "
         "accepted")
def _():
    def stops(form, *words, user=RUNS_AS, name="SFTPAuthorizedPrincipals",
              more=""):
        server = Server("%s%s \"%s\"\n" % (more, name, form) + (
            "SFTPAuthorizedKeysCommandUser %s\n" % user if user else ""))
        os.mkdir(server.path("bin"))
        for file, mode, owner in (("good", 0o755, 0), ("open", 0o777, 0),
                                  ("text", 0o644, 0), ("theirs", 0o755, UID)):
            with open(server.path("bin/" + file), "w") as out:
                out.write("#!/bin/sh\n")
            os.chmod(server.path("bin/" + file), mode)
            os.chown(server.path("bin/" + file), owner, 0)
        text = server.refuses_to_start()
        for word in (name,) + words:
            expect(word in text, "no %r in: %s" % (word, text))

    stops("exec:bin/good", "exec:bin/good", "absolute path")
    stops("exec:/nonexistent/p", "No such file")
    stops("exec:@DIR@/bin/theirs", "does not belong to root")
    stops("exec:@DIR@/bin/open", "others than root may write")
    stops("exec:@DIR@/bin/text", "not executable")
    stops("exec:@DIR@/bin/good %x", "unknown token '%x'", "%F", "%i", "%s")
    stops("exec:@DIR@/bin/good 'x", "quotes")
    stops("exec:", "exec:", "expected")
    stops("exec:@DIR@/bin/good", "SFTPAuthorizedKeysCommandUser", user=None)
    stops("principals", "principals", "exec:/path", "sql:/query")
    stops("ldap:", "exec:/path", "sql:/query")
    for name in ("SFTPTrustedUserCAKeys", "SFTPRevokedKeys"):
        stops("exec:@DIR@/bin/good", "exec:", "absolute path", "sql:/query",
              name=name)
    for name in ("SFTPTrustedUserCAKeys", "SFTPRevokedKeys",
                 "SFTPAuthorizedPrincipals"):
        stops("sql:/x", "sql:/x", "LoadModule mod_sql.c", name=name)
        if not SQL:
            continue
        more = BACKEND + "SQLNamedQuery x SELECT \"1\"\n"
        stops("sql:/y %f", "sql:/y %f", "no SQLNamedQuery y", name=name,
              more=more)
        stops("sql:/x %q", "unknown token '%q'", "%F", name=name, more=more)
        stops("sql:x", "expected sql:/query", name=name, more=more)
        stops("sql:/", "expected sql:/query", name=name, more=more)
        stops("sql:", "expected", name=name, more=more)


# ---- SQL


TABLES = """
CREATE TABLE accounts (name TEXT, passwd TEXT, uid INTEGER, gid INTEGER,
  home TEXT, shell TEXT);
CREATE TABLE authorities (body TEXT);
CREATE TABLE principals (name TEXT, body TEXT);
CREATE TABLE revoked (print TEXT, serial TEXT, ca TEXT, id TEXT, body TEXT);
"""
TABLE_NAMES = ("authorities", "principals", "revoked")

BACKEND = """
LoadModule mod_sql.c
LoadModule mod_sql_sqlite.c
SQLEngine on
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLNamedQuery cas SELECT "body FROM authorities"
SQLNamedQuery principals SELECT "body FROM principals WHERE name = '%{0}'"
SQLNamedQuery revoked SELECT "body FROM revoked WHERE print IN ('', '%{0}') OR (serial = '%{1}' AND ca = '%{2}') OR id = '%{3}'"
SQLLogFile @DIR@/sql.log
"""
ACCOUNTS = """
SQLAuthTypes Crypt
SQLAuthenticate users
SQLUserInfo accounts name passwd uid gid home shell
SQLMinID 500
AuthOrder mod_sql.c
"""
SOURCES = """
SFTPTrustedUserCAKeys sql:/cas
SFTPAuthorizedPrincipals sql:/principals
SFTPRevokedKeys "sql:/revoked %f %s %F %i"
"""


class Database(Server):
    """Its users are nowhere but in the database."""

    def __init__(self, more="", users=("alice", "bob") + HOSTILE,
                 sources=SOURCES):
        super().__init__(BACKEND + ACCOUNTS + sources + more,
                         drop=("AuthOrder", "AuthUserFile", "AuthGroupFile"),
                         users=users)
        os.mkdir(self.path("sql"))
        os.chmod(self.path("sql"), 0o777)
        with sqlite3.connect(self.path("sql/db")) as db:
            db.executescript(TABLES)
            with open(self.path("passwd")) as lines:
                for line in lines:
                    name, hashed, _, _, _, home, shell = \
                        line.rstrip("\n").split(":")
                    db.execute("INSERT INTO accounts VALUES (?,?,?,?,?,?)",
                               (name, hashed, UID, GID, home, shell))
        os.chmod(self.path("sql/db"), 0o666)
        for name in TABLE_NAMES:
            self.fill(name)

    def fill(self, table, *rows):
        """The table has these rows, and what it always has."""
        if table == "authorities":
            rows += ((public(ca),),)
        if table == "principals":
            rows += tuple((name, "admins") for name in ("alice", "o''brien"))
        with sqlite3.connect(self.path("sql/db")) as db:
            db.execute("DELETE FROM " + table)
            for row in rows:
                db.execute("INSERT INTO %s VALUES (%s)" % (
                    table, ", ".join("?" * len(row))), row)

    def sql(self, text):
        with sqlite3.connect(self.path("sql/db")) as db:
            db.execute(text)

    def queries(self, name=None):
        """How often one was made, or all."""
        log = self.log("sql.log")
        if name is None:
            return len(re.findall(r'query "', log))
        return len(re.findall(r">>> process_named_query '%s'" % name, log))


if SQL:
    base = Database()
    soft = Database("SQLOptions NoDisconnectOnError\n")
    by_key = Database("SFTPAuthorizedPrincipals \"sql:/principals %f\"\n"
                      "SFTPTrustedUserCAKeys \"sql:/cas %f\"\n", sources="")
    off = Server(BACKEND.replace("SQLEngine on", "SQLEngine off") + SOURCES)
    servers = [commands, base, soft, by_key]
else:
    servers = [commands]


def sql_promise(text):
    def decorate(check):
        def checked():
            if not SQL:
                skip("mod_sql is not here")
            check()
        return promise(text)(checked)
    return decorate


def lookups(server):
    return {name: server.queries(name)
            for name in ("cas", "principals", "revoked")}


def counted(server, user, *certs):
    """The answers, and how often each query was made for them."""
    before = lookups(server)
    answers = offer(server, user, *certs)
    server.no_sessions()
    after = lookups(server)
    return answers, [after[name] - before[name]
                     for name in ("cas", "principals", "revoked")]


@sql_promise("authorities and principals of a user who is only there come from "
             "queries")
def _():
    works(base, "alice", Cert("staff,admins"))
    base.wait_log("sftp.log", "login of 'alice' .*: accepted")
    refused(base, "alice", Cert("alice"), "no principal of the certificate")
    refused(base, "bob", Cert("admins"), "no principal of the certificate")
    refused(base, "alice", Cert("admins", signer=other_ca),
            "its authority is not trusted")


@sql_promise("authorities: lines, RFC 4716 and bodies in base64, behind some "
             "that are broken")
def _():
    body = public(other_ca).split()[1]
    rfc = must(run(["ssh-keygen", "-e", "-f", other_ca + ".pub"])).stdout
    cert = Cert("admins", signer=other_ca)
    for value in (public(other_ca), rfc.decode(), body,
                  body[:40] + "\n" + body[40:] + "\n"):
        base.fill("authorities", ("no key",), ("AAAA====",), ("",), (None,),
                  (value,))
        works(base, "alice", cert)
    base.fill("authorities", ("cert-authority " + public(other_ca),))
    refused(base, "alice", cert, "options are not possible there")
    base.fill("authorities")
    refused(base, "alice", cert)


@sql_promise("principals have options, and several may stand in one value")
def _():
    base.fill("principals", ("bob", 'from="192.0.2.1" far'),
              ("bob", "# none\nfirst\r\nsecond\n"), ("bob", None))
    works(base, "bob", Cert("second"))
    refused(base, "bob", Cert("far"), 'option "from"')
    base.fill("principals")


@sql_promise("a login makes each query once, and a user's second key makes "
             "what is new of them")
def _():
    answers, n = counted(base, "alice", Cert("admins"))
    expect_same((answers, n), (["pk_ok", "success"], [1, 1, 1]), "a login")
    answers, n = counted(base, "alice", Cert("other"), Cert("admins"))
    expect_same((kind(answers), n), (["refused"] * 2 + ["pk_ok", "success"],
                                     [1, 1, 1]), "with a second key")
    begin = base.queries()
    works(base, "alice", Cert("admins"))
    base.no_sessions()
    # The fourth is that for the account.
    expect_same(base.queries() - begin, 4, "queries of all kinds")


@sql_promise("a stranger's 200 questions make few queries, for users who exist "
             "and others alike")
def _():
    certs = [Cert("admins", signer=other_ca), Cert("admins"), Cert("nobody")]
    seen_ = []
    for user in ("bob", "nobody-here"):
        before = lookups(base)
        with RawAuth(base.connect()) as raw:
            answers = [raw.answer(raw.key(user, certs[n % 3], sign=False,
                                          alg=CERT)) for n in range(60)]
        base.no_sessions()
        after = lookups(base)
        seen_.append((answers, [after[name] - before[name]
                                for name in sorted(after)]))
    expect_same(seen_[0], seen_[1], "answers and queries")
    expect_same(seen_[0][1], [1, 1, 0], "queries")
    many = [Cert("admins") for _ in range(9)]
    with RawAuth(by_key.connect()) as raw:
        before = by_key.queries("cas")
        for cert in many * 2:
            expect(raw.answer(raw.key("nobody-here", cert, sign=False,
                                      alg=CERT)).startswith("refused"), "ok")
    by_key.no_sessions()
    expect_same(by_key.queries("cas") - before, 6, "queries with %f")


@sql_promise("no name finds the rows of another, and names with quotes are in "
             "no query")
def _():
    for name in HOSTILE:
        quoted = "'" in name
        refused(base, name, Cert("admins"), "query '/cas' for authorities of "
                "user '%s' failed: it is not made for the word '%s'" % (
                    name, name) if quoted else
                "no principal of the certificate")
    expect(not re.search(r'query "SELECT body FROM .* OR .*1', base.log(
        "sql.log").replace("OR (serial", "").replace("OR id", "")), "in SQL")
    base.fill("principals", *[(name, "admins") for name in HOSTILE])
    for name in HOSTILE:
        (refused if "'" in name else works)(base, name, Cert("admins"))
        refused(base, name + "x", Cert("admins"))
    base.fill("principals")


@sql_promise("a key id is a word and nothing else; with quotes or control "
             "characters it is in no query")
def _():
    base.fill("revoked", ("-", "", "", "lost", public(ca)),
              ("-", "", "", "x", "not a key"))
    for key_id in ("%{0}", "not lost", 'x" OR 1=1 --', "a\\", "%u"):
        works(base, "alice", Cert("admins", key_id=key_id))
    refused(base, "alice", Cert("admins", key_id="lost"), "is revoked by")
    refused(base, "alice", Cert("admins", key_id="x"), "cannot be used")
    base.fill("revoked")
    for key_id in ("x' OR '1'='1", "') --", "' OR '", "'", "alice's laptop",
                   "two\nlines", "\x1b[2J"):
        refused(base, "alice", Cert("admins", key_id=key_id),
                "cannot be used: it is not made for the word ")
    expect("\x1b" not in base.log("sql.log"), "it is in SQLLogFile")


# ---- Revocation from SQL


def krl(*specs, signer=ca):
    """A revocation list in base64."""
    path = commands.path("krl")
    with open(path + ".spec", "w") as file:
        file.write("".join(spec + "\n" for spec in specs))
    must(run(["ssh-keygen", "-q", "-k", "-s", signer + ".pub", "-f", path,
              path + ".spec"]))
    with open(path, "rb") as file:
        return base64.encodebytes(file.read()).decode()


@sql_promise("revoked: keys by line, RFC 4716 and body, authorities, lists in "
             "base64")
def _():
    cert, good = Cert("admins"), Cert("admins")
    rfc = must(run(["ssh-keygen", "-e", "-f", cert.path + ".pub"])).stdout
    for value in (public(cert.path), rfc.decode(),
                  public(cert.path).split()[1], krl("serial: %d" % cert.serial),
                  krl("sha256: " + public(cert.path).strip())):
        base.fill("revoked", ("", "", "", "", krl("serial: 999999")),
                  ("", "", "", "", public(other_ca)),
                  ("", "", "", "", value))
        refused(base, "alice", cert, "is revoked by")
        works(base, "alice", good)
    base.fill("revoked", ("", "", "", "", public(ca)))
    refused(base, "alice", good, "the authority is revoked by line 1")
    base.fill("revoked", (fingerprint(cert.path), "", "", "",
                          public(cert.path)))
    refused(base, "alice", cert, "the key is revoked by line 1 "
            "(SFTPRevokedKeys 'sql:/revoked %f %s %F %i')")
    works(base, "alice", good)
    base.fill("revoked", ("-", str(cert.serial), fingerprint(ca), "",
                          public(cert.path)))
    refused(base, "alice", cert, "is revoked by line 1")
    base.fill("revoked")
    works(base, "alice", cert)


@sql_promise("a bare key is looked up as well, with nothing for what a "
             "certificate has")
def _():
    key = paramiko.Ed25519Key.from_private_key_file(base.key)
    works(base, "alice", key)
    base.fill("revoked", (fingerprint(base.key), "", "", "",
                          public(base.key)))
    refused(base, "alice", key, "the key is revoked by line 1")
    base.fill("revoked")
    answers, n = counted(base, "alice", key)
    expect_same((answers, n), (["pk_ok", "success"], [0, 0, 1]), "a login")


@sql_promise("revocations that are no keys, or damaged, refuse every key")
def _():
    whole = krl("serial: 5")
    for value in ("1", "NULL", "serial: 5", "ssh-ed25519 AAAA", "SSHKRL\n",
                  whole[:-8], whole[:40] + "!" + whole[41:],
                  base64.b64encode(base64.b64decode(whole)[:-3]).decode()):
        base.fill("revoked", ("", "", "", "", value))
        refused(base, "alice", Cert("admins"), "SFTPRevokedKeys 'sql:/revoked "
                "%f %s %F %i' cannot be used: ")
    base.fill("revoked")
    works(base, "alice", Cert("admins"))


# ---- Queries that fail


@sql_promise("a query that fails lets nobody in, and one line says which")
def _():
    cert = Cert("admins")
    key = paramiko.Ed25519Key.from_private_key_file(soft.key)
    for table, user, line in (
            ("authorities", cert, "query '/cas' for authorities of user "
             "'alice' failed: mod_sql has no answer"),
            ("principals", cert, "query '/principals' for principals of user "
             "'alice' failed: mod_sql has no answer"),
            ("revoked", cert, "public key of user 'alice' refused: "
             "SFTPRevokedKeys 'sql:/revoked %f %s %F %i' cannot be used: "
             "mod_sql has no answer"),
            ("revoked", key, "public key of user 'alice' refused: "
             "SFTPRevokedKeys 'sql:/revoked %f %s %F %i' cannot be used: "
             "mod_sql has no answer")):
        soft.sql("ALTER TABLE %s RENAME TO gone" % table)
        begin = len(soft.log("sftp.log"))
        with RawAuth(soft.connect()) as raw:
            alg = CERT if user is cert else "ssh-ed25519"
            expect(raw.answer(raw.key("alice", user, alg=alg))
                   .startswith("refused"), "without " + table)
            soft.wait_log("sftp.log", "refused: ")
        soft.no_sessions()
        lines = [text for text in soft.log("sftp.log")[begin:].splitlines()
                 if re.search(r"\]: " + re.escape(line), text)]
        expect_same(len(lines), 1, "lines on %s:\n%s" % (
            table, soft.log("sftp.log")[begin:]))
        soft.sql("ALTER TABLE gone RENAME TO " + table)
        works(soft, "alice", user)


@sql_promise("without NoDisconnectOnError, mod_sql ends the session instead, "
             "and nobody is let in")
def _():
    base.sql("ALTER TABLE revoked RENAME TO gone")
    begin = len(base.log("sftp.log"))
    expect_same(set(offer(base, "alice", Cert("admins"))), {"gone"}, "answers")
    base.no_sessions()
    expect_same(len(re.findall(
        r"\]: query '/revoked' for revoked keys of user 'alice' failed, and "
        r"ended the session", base.log("sftp.log")[begin:])), 1, "lines")
    base.sql("ALTER TABLE gone RENAME TO revoked")
    works(base, "alice", Cert("admins"))


@sql_promise("SQLEngine off lets nobody in")
def _():
    must(run(["cp", ca + ".pub", off.path("ca.pub")]))
    off.start()
    try:
        refused(off, "alice", Cert("admins"), "mod_sql has no answer")
    finally:
        off.stop_clean()


@sql_promise("an answer that is too large is none")
def _():
    large = "x" * (5 << 20)
    cert = Cert("admins")
    for table, row, why in (
            ("authorities", ("# " + large,), "query '/cas' for authorities of "
             "user 'alice' failed: its answer is too large"),
            ("principals", ("alice", "# " + large), "its answer is too large"),
            ("revoked", ("", "", "", "", "# " + large),
             "cannot be used: its answer is too large")):
        base.fill(table, row)
        refused(base, "alice", cert, why)
        base.fill(table)
    works(base, "alice", cert)
    # What is allowed is read, in time.
    base.fill("principals", *[("bob", "p%d" % n) for n in range(20000)])
    works(base, "bob", Cert("p19999"))
    base.fill("principals")


main(*servers)
