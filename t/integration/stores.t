#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""Where the keys of users come from: files, and commands."""

import base64
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawauth import RawAuth, UnknownKey
from tap import expect, expect_same, main, promise
from server import GID, UID, Server, must, said

import paramiko

COMMAND = "@DIR@/bin/keys"
# A user of every Debian that is neither root nor the daemon's.
RUNS_AS = "daemon"

USERS = ("alice", "-oops", "quiet", "fails", "slow", "much", "broken",
         "leaves")

files = Server("SFTPAuthorizedUserKeys file:~/.ssh/authorized_keys "
               "file:@DIR@/keys/%u\n", drop=("SFTPAuthorizedUserKeys",),
               users=("alice", "bob"))
commands = Server(
    'SFTPAuthorizedUserKeys "exec:%s %%u %%h \'two words\' %%t %%k %%f %%U '
    '%%%% %%C" exec:%s2\nSFTPAuthorizedKeysCommandUser %s\n' % (
        COMMAND, COMMAND, RUNS_AS),
    drop=("SFTPAuthorizedUserKeys",), users=USERS)


def script(server, name, text, mode=0o755):
    os.makedirs(server.path("bin"), exist_ok=True)
    path = server.path("bin/" + name)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


def public(server):
    with open(server.key + ".pub") as file:
        return file.read()


os.mkdir(commands.path("seen"))
os.chmod(commands.path("seen"), 0o777)
script(commands, "keys", """#!/bin/sh
echo "$1" >> %(seen)s/calls
case $1 in
  alice)
    printf '%%s\\n' "$#" "$@" > %(seen)s/args
    { id -u; id -g; id -G; } > %(seen)s/id
    { ls -l /proc/self/fd; umask; pwd; env | sort; } > %(seen)s/state
    read line && echo "$line" > %(seen)s/stdin
    echo "# a comment"; echo "no key"; cat %(key)s; echo oops >&2 ;;
  fails) cat %(key)s; exit 3 ;;
  slow) cat %(key)s; sleep 60 & sleep 60 ;;
  leaves) sleep 3600 > /dev/null 2>&1 &
    echo $! > %(seen)s/left; cat %(key)s ;;
  much) cat %(key)s; yes "# padding padding padding padding" ;;
  broken) head -c 300000 /dev/zero ;;
  quiet) : ;;
  *) echo "$1" > %(seen)s/unexpected; cat %(key)s ;;
esac
""" % {"seen": commands.path("seen"), "key": commands.key + ".pub"})
script(commands, "keys2", """#!/bin/sh
echo "$1" >> %s/calls2
[ "$*" = quiet ] && [ $# = 1 ] && cat %s
""" % (commands.path("seen"), commands.key + ".pub"))


def login(server, user):
    server.user = user
    try:
        return server.sftp("pwd")
    finally:
        server.user = "alice"


def seen(name):
    with open(commands.path("seen/" + name)) as file:
        return file.read()


@promise("a file in the home directory, by ~, or one per user, by %u")
def _():
    must(files.sftp("pwd"))
    os.unlink(files.path("keys/alice"))
    expect(files.sftp("pwd").returncode != 0, "logged in without any file")
    files.put(".ssh/authorized_keys", public(files).encode(), 0o600)
    must(files.sftp("pwd"))
    must(login(files, "bob"))


@promise("a path that is not a file, or too large, is refused with the reason")
def _():
    path = files.path("keys/bob")
    with open(path, "rb") as file:
        text = file.read()

    def refused(why):
        expect(login(files, "bob").returncode != 0, why)
        files.wait_log("sftp.log", why)

    os.unlink(path)
    os.mkdir(path)
    refused("'%s': not a regular file" % path)
    os.rmdir(path)
    os.mkfifo(path)
    expect(login(files, "bob").returncode != 0, "a FIFO")
    os.unlink(path)
    with open(path, "wb") as out:
        out.write(text)
        out.truncate(3 << 30)
    refused("'%s': too large" % path)
    os.unlink(path)
    for target, why in (("/dev/zero", "'%s': not a regular file" % path),
                        (path, "'%s': Too many levels of symbolic" % path),
                        (path + "-gone", "'%s': No such file" % path),
                        (path + "-gone/x", "'%s': No such file" % path)):
        os.symlink(target, path)
        refused(why)
        os.unlink(path)
    for content in (b"", b"\0" * 70000, b"\n" * 70000, b"x" * 70000,
                    text.rstrip()[:-9], b"\xff\xfe" + text,
                    b"ssh-ed25519 " + b"A" * 60000 + b"\n"):
        with open(path, "wb") as out:
            out.write(content)
        expect(login(files, "bob").returncode != 0, "%.20r" % content)
    # What its owner may not read: it is read as root, and so it counts.
    with open(path, "wb") as out:
        out.write(text)
    os.chmod(path, 0)
    must(login(files, "bob"))
    os.chmod(path, 0o644)
    must(login(files, "bob"))


@promise("an unreadable file is skipped, and the next store is used")
def _():
    server = Server("SFTPAuthorizedUserKeys file:@DIR@/passwd/%u "
                    "file:@DIR@/keys/%u\n", drop=("SFTPAuthorizedUserKeys",))
    server.start()
    try:
        must(server.sftp("pwd"))
        os.unlink(server.path("keys/alice"))
        expect(server.sftp("pwd").returncode != 0, "logged in")
        server.wait_log("sftp.log", "key file '%s': Not a directory"
                        % server.path("passwd/alice"))
    finally:
        server.stop_clean()


def calls(name="calls"):
    try:
        return len(seen(name).splitlines())
    except FileNotFoundError:
        return 0


@promise("a connection that asks for 200 keys causes few look-ups, and one "
         "for each question")
def _():
    for user in ("quiet", "nobody-here"):
        first, second = calls(), calls("calls2")
        begin = len(commands.log("sftp.log"))
        with RawAuth(commands.connect()) as raw:
            answers = [raw.answer(raw.key(user, UnknownKey(), sign=False))
                       for _ in range(200)]
        expect("pk_ok" not in answers, "a key of nobody would do")
        expect_same(answers.count("gone"), 100, "unanswered requests")
        # The first command is told of the key, the second of the user alone.
        expect_same((calls() - first, calls("calls2") - second), (6, 1),
                    "look-ups of " + user)
        log = commands.log("sftp.log")[begin:]
        expect_same(len(re.findall(r"\]: no more keys are looked up for this "
                                   r"connection \(see MaxLoginAttempts\): "
                                   r"there were 6 look-ups of user '%s'" % user,
                                   log)), 1, "lines in the log")
        expect_same(log.count(": refused"), 100, "outcomes in the log")
    os.unlink(commands.path("seen/unexpected"))


@promise("a probe and the signature after it are one look-up, with others "
         "before them")
def _():
    key = paramiko.Ed25519Key.from_private_key_file(commands.key)
    first = calls()
    with RawAuth(commands.connect()) as raw:
        for _ in range(5):
            raw.answer(raw.key("alice", UnknownKey(), sign=False))
        for _ in range(3):
            expect_same(raw.answer(raw.key("alice", key, sign=False)), "pk_ok",
                        "the probe")
        expect_same(raw.answer(raw.key("alice", key)), "success", "the login")
    expect_same(calls() - first, 6, "look-ups")
    first = calls("calls2")
    with RawAuth(commands.connect()) as raw:
        expect_same(raw.answer(raw.key("quiet", key, sign=False)), "pk_ok",
                    "the probe")
        expect_same(raw.answer(raw.key("quiet", key)), "success", "the login")
    expect_same(calls("calls2") - first, 1, "look-ups of the second command")


@promise("a command prints the keys; tokens in its words are replaced")
def _():
    must(commands.sftp("pwd"))
    kind, body = public(commands).split()[:2]
    print_ = base64.b64encode(hashlib.sha256(
        base64.b64decode(body)).digest()).decode().rstrip("=")
    args = seen("args").splitlines()
    expect_same(args[:9], ["9", "alice", commands.home().rstrip("/"),
                           "two words", kind, body, "SHA256:" + print_,
                           str(UID), "%"], "words")
    expect(args[9].startswith("127.0.0.1 ") and
           args[9].endswith(" 127.0.0.1 %d" % commands.port), args[9])
    commands.wait_log("sftp.log", "bin/keys' said: oops")
    commands.wait_log("sftp.log", "found in '.*bin/keys', line 3")


@promise("it runs as the user of the directive, and inherits nothing")
def _():
    import pwd
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
    expect(not os.path.exists(commands.path("seen/stdin")), "it had an input")


@promise("the next store is used if a command prints nothing; without words "
         "it gets the name")
def _():
    must(login(commands, "quiet"))


@promise("a command that fails, takes too long or prints too much lets "
         "nobody in")
def _():
    for user, why in (("fails", "exit status 3"),
                      ("much", "it printed too much"),
                      ("slow", "it took too long")):
        result = login(commands, user)
        expect(result.returncode != 0, user + " logged in")
        commands.wait_log("sftp.log", "for keys of user '%s' failed: %s" % (
            user, why))
    expect(login(commands, "broken").returncode != 0, "broken logged in")
    commands.no_sessions()


@promise("processes that a command leaves running end with it")
def _():
    must(login(commands, "leaves"))
    stat = "/proc/%s/stat" % seen("left").strip()
    # Whoever inherits it may take its time to wait for it.
    ended = not os.path.exists(stat)
    if not ended:
        with open(stat) as file:
            ended = file.read().rpartition(")")[2].split()[0] == "Z"
    expect(ended, "it still runs")


@promise("a name that looks like an option is given to no command")
def _():
    result = login(commands, "-oops")
    expect(result.returncode != 0, said(result))
    commands.wait_log("sftp.log", "is not run for a user of the name '-oops'")
    expect(not os.path.exists(commands.path("seen/unexpected")), "it ran")


@promise("a command that others could change is refused at the start")
def _():
    def refused(store, *words, user=RUNS_AS):
        server = Server("SFTPAuthorizedUserKeys \"%s\"\n" % store + (
            "SFTPAuthorizedKeysCommandUser %s\n" % user if user else ""),
            drop=("SFTPAuthorizedUserKeys",))
        os.chown(script(server, "theirs", "#!/bin/sh\n"), UID, GID)
        script(server, "open", "#!/bin/sh\n", 0o777)
        script(server, "text", "#!/bin/sh\n", 0o644)
        script(server, "good", "#!/bin/sh\n")
        os.mkdir(server.path("wide"))
        os.symlink(server.path("bin/good"), server.path("wide/link"))
        os.chmod(server.path("wide"), 0o777)
        text = server.refuses_to_start()
        for word in words:
            expect(word in text, "no %r in: %s" % (word, text))

    refused("exec:bin/keys", "absolute path")
    refused("exec:/nonexistent/keys", "No such file")
    refused("exec:@DIR@/bin/theirs", "does not belong to root")
    refused("exec:@DIR@/bin/open", "others than root may write")
    refused("exec:@DIR@/bin/text", "not executable")
    refused("exec:@DIR@/wide/link", "others than root may write")
    refused("exec:@DIR@/bin/good %x", "unknown token '%x'")
    refused("exec:@DIR@/bin/good 'x", "quotes")
    refused("exec:@DIR@/bin/good", "SFTPAuthorizedKeysCommandUser", user=None)
    refused("exec:@DIR@/bin/good", "is root", user="root")
    refused("exec:@DIR@/bin/good", "no such user", user="nobody-here")


main(files, commands)
