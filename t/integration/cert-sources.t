#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Principals by a command."""

import base64
import os
import pwd
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawauth import RawAuth
from tap import expect, expect_same, main, promise
from server import GID, UID, Server, keygen, must, run, wait_for

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
    echo 'command="internal-sftp -R" readers'
    echo admins ;;
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


@promise("its words have the tokens of a key and of its certificate filled in")
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


@promise("it runs as the user of the directive, with nothing of ours")
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


@promise("one that fails, takes too long, prints too much or prints NUL lets "
         "nobody in")
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


@promise("what it leaves running ends with it")
def _():
    works(commands, "leaves", Cert("admins"))
    stat = "/proc/%s/stat" % seen("left").strip()
    ended = not os.path.exists(stat)
    if not ended:
        with open(stat) as file:
            ended = file.read().rpartition(")")[2].split()[0] == "Z"
    expect(ended, "it still runs")


@promise("names of users are words and nothing else")
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


@promise("what is wrong with it stops the start, and what would be accepted "
         "is said")
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
    stops("principals", "principals", "exec:/path")
    stops("ldap:", "exec:/path")
    for name in ("SFTPTrustedUserCAKeys", "SFTPRevokedKeys"):
        stops("exec:@DIR@/bin/good", "exec:", "absolute path",
              name=name)


main(commands)
