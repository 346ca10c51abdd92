#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Login: passwords, keys, chains, attempts; who the session is and where."""

import contextlib
import fcntl
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import (GID, SOURCE, UID, Server, client, keygen, must, preload,
                    run, wait_for)

import paramiko

LOG_FORMAT = """
LogFormat auth "%m|%J|%s|%u|%{note:SFTP_USER_AUTH_METHOD}"
ExtendedLog @DIR@/auth.log AUTH auth
"""

EXTRA_GID = GID + 50

# Every promise about a rule has a virtual user of its own.
USERS = ("alice", "bob", "late", "denied", "noshell")

plain = Server(LOG_FORMAT + """
SFTPDisplayBanner @DIR@/banner
SyslogLevel info
MaxLoginAttempts 3
CreateHome on 755
AllowEmptyPasswords off
<Limit LOGIN>
  DenyUser denied
</Limit>
""", users=USERS)

rules = Server("""
SFTPAuthMethods publickey+password
SFTPOptions MatchKeySubject
RequireValidShell on
DefaultChdir sub
SFTPAuthorizedUserKeys file:@DIR@/first/%u file:~/.ssh/authorized_keys
""", drop=("SFTPAuthorizedUserKeys", "RequireValidShell", "DefaultRoot"),
               users=("alice", "noshell"))

root = Server("RootLogin off", users=("root", "alice"))


def on_failing_disk(error):
    """Its scoreboard cannot grow beyond 64 KiB.  No root hides its path."""
    server = Server("ScoreboardFile @DIR@/fail-%s-board\n" % error,
                    drop=("ScoreboardFile", "DefaultRoot"))
    server.board = "fail-%s-board" % error
    with open(os.path.join(SOURCE, "t/companion/failio.c")) as text:
        preload(server, "failio", text.read())
    return server


full, unwritable = on_failing_disk("enospc"), on_failing_disk("eio")


def marks(srv):
    return {name: len(srv.log(name)) for name in ("sftp.log", "system.log")}


def news(srv, begin):
    """All that was logged since, unlike logs_since()."""
    return "".join(srv.log(name)[begin[name]:] for name in begin)


def wait_news(srv, begin, text):
    wait_for(lambda: text in news(srv, begin), "%r in the logs" % text)


def write(path, data, mode=0o644):
    with open(path, "wb") as out:
        out.write(data)
    os.chmod(path, mode)


def to_root(fields):
    if fields[0] == "root":
        fields[2] = fields[3] = "0"


def without_shell(fields):
    if fields[0] == "noshell":
        fields[6] = "/no/such/shell"


write(plain.path("banner"), b"Hello\nsecond line\n")
with open(plain.path("group"), "a") as group:
    group.write("extra:x:%d:bob\n" % EXTRA_GID)
rules.edit("passwd", without_shell)
root.edit("passwd", to_root)
rules.mkdir("sub")


@contextlib.contextmanager
def transport(srv):
    """A connection that has exchanged keys and asked for nothing."""
    conn = paramiko.Transport(srv.connect())
    try:
        conn.start_client(timeout=60)
        yield conn
    finally:
        conn.close()


def refused(attempt):
    try:
        left = attempt()
    except paramiko.BadAuthenticationType as why:
        return why.allowed_types
    except paramiko.AuthenticationException:
        return []
    except (paramiko.SSHException, EOFError) as why:
        return str(why) or "closed"
    expect(left, "the login succeeded")
    return left


def private(path):
    return paramiko.Ed25519Key.from_private_key_file(path)


def status_of(srv):
    with open("/proc/%d/status" % srv.session()) as status:
        lines = dict(line.split(":", 1) for line in status)
    return {name: lines[name].split() for name in lines}


def is_user(srv, gids):
    got = status_of(srv)
    expect_same(got["Uid"], [str(UID)] * 4, "user ids")
    expect_same(got["Gid"], [str(GID)] * 4, "group ids")
    expect_same(sorted(got["Groups"]), sorted(map(str, gids)), "groups")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect_same(int(got[name][0], 16), 0, name)


def authorized(srv, text, user="alice", folder="keys"):
    os.makedirs(srv.path(folder), exist_ok=True)
    write(srv.path(folder + "/" + user), text)


def public(srv, form="openssh", key=None):
    key = (key or srv.key) + ".pub"
    if form == "openssh":
        with open(key, "rb") as file:
            return file.read()
    return must(run(["ssh-keygen", "-e", "-f", key])).stdout


def key_works(srv, user="alice"):
    with transport(srv) as conn:
        try:
            return conn.auth_publickey(user, private(srv.key)) == []
        except paramiko.AuthenticationException:
            return False


# ---- Passwords


@promise("a password logs in, as the user and nobody else")
def _():
    with transport(plain) as conn:
        expect_same(conn.auth_password("alice", plain.password), [], "left")
        sftp = paramiko.SFTPClient.from_transport(conn)
        expect_same(sftp.normalize("."), "/", "folder")
        is_user(plain, [GID])
    plain.no_sessions()


@promise("supplementary groups are those of the user")
def _():
    with transport(plain) as conn:
        conn.auth_password("bob", plain.password)
        paramiko.SFTPClient.from_transport(conn)
        is_user(plain, [GID, EXTRA_GID])
    plain.no_sessions()


@promise("a wrong password is refused, and the right one may follow")
def _():
    begin = marks(plain)
    with transport(plain) as conn:
        refused(lambda: conn.auth_password("alice", "wrong-one"))
        expect(not conn.is_authenticated(), "logged in")
        expect_same(conn.auth_password("alice", plain.password), [], "left")
    wait_news(plain, begin, "USER alice (Login failed): Incorrect password")
    wait_news(plain, begin, "USER alice: Login successful")
    expect("wrong-one" not in news(plain, begin), "the password is in a log")


@promise("an empty password is refused where AllowEmptyPasswords is off")
def _():
    begin = marks(plain)
    with transport(plain) as conn:
        refused(lambda: conn.auth_password("alice", ""))
    wait_news(plain, begin, "Refusing empty password from user 'alice'")


@promise("unknown users get the same replies as known ones")
def _():
    begin = marks(plain)
    answers = []
    for user in ("alice", "nobody-here", "../alice", "x" * 200):
        with transport(plain) as conn:
            answers.append((refused(lambda: conn.auth_none(user)),
                            refused(lambda: conn.auth_publickey(
                                user, private(other_key))),
                            refused(lambda: conn.auth_password(
                                user, "wrong"))))
    expect_same(len({str(a) for a in answers}), 1, "kinds of answers")
    wait_news(plain, begin, "USER nobody-here: no such user found from ")


@promise("the last attempt ends the connection, with a line in the log")
def _():
    begin = marks(plain)
    with transport(plain) as conn:
        for _ in range(2):
            refused(lambda: conn.auth_password("alice", "wrong"))
        refused(lambda: conn.auth_password("alice", "wrong"))
        wait_for(lambda: not conn.is_active(), "the end")
    wait_news(plain, begin, "Maximum login attempts (3) exceeded, connection refused")


@promise("<Limit LOGIN> denies the login like a wrong password")
def _():
    begin = marks(plain)
    with transport(plain) as conn:
        refused(lambda: conn.auth_password("denied", plain.password))
        expect(conn.is_active(), "the connection is gone")
    wait_news(plain, begin, "USER denied (Login failed): Limit configuration denies login")


@promise("CreateHome makes the home, which belongs to the user")
def _():
    os.rmdir(plain.home(user="late"))
    with transport(plain) as conn:
        conn.auth_password("late", plain.password)
        sftp = paramiko.SFTPClient.from_transport(conn)
        with sftp.open("made", "w") as file:
            file.write("x")
    made = os.stat(plain.home("made", user="late"))
    expect_same((made.st_uid, made.st_gid), (UID, GID), "owner")


@promise("the banner comes before the first answer")
def _():
    with transport(plain) as conn:
        refused(lambda: conn.auth_none("alice"))
        banner = conn.get_banner()
    expect(banner is not None, "there was none")
    banner = banner.decode() if isinstance(banner, bytes) else banner
    expect_same(banner, "Hello\r\nsecond line\r\n", "banner")


@promise("logs see USER, PASS and USERAUTH_REQUEST, and no password")
def _():
    begin = len(plain.log("auth.log"))
    with transport(plain) as conn:
        refused(lambda: conn.auth_password("alice", "wrong"))
        conn.auth_password("alice", plain.password)
    plain.no_sessions()
    got = plain.log("auth.log")[begin:].splitlines()
    expect_same([line for line in got if line.startswith("PASS")],
                ["PASS|(hidden)|530|-|password",
                 "PASS|(hidden)|230|alice|password"], "PASS")
    expect("USERAUTH_REQUEST|alice password|-|alice|password" in got, got)
    expect("USER|alice|331|-|password" in got, got)


# ---- Keys

other_key = keygen(plain.path("id_other"), "-t", "ed25519")


@promise("keys count in both formats, mixed, with any line ends")
def _():
    ours, theirs = public(plain), public(plain, "rfc4716", other_key)
    rfc = public(plain, "rfc4716")
    for title, text in (
            ("one line", ours),
            ("RFC 4716", rfc),
            ("behind a block", theirs + ours),
            ("behind a line", public(plain, key=other_key) + rfc),
            ("CR LF", (theirs + ours).replace(b"\n", b"\r\n")),
            ("no last line end", ours.rstrip(b"\n")),
            ("behind rubbish", b"ssh-ed25519 AAAA!\n\n# note\n" + ours)):
        authorized(plain, text)
        expect(key_works(plain), title)
    authorized(plain, theirs)
    expect(not key_works(plain), "a key that is not there")
    expect("line 2" in plain.wait_log(
        "sftp.log", "found in .*line 2").group(0), "no line number")


@promise("options that restrict a key are obeyed, or the key does not count")
def _():
    ours = public(plain)
    for option, good in (
            (b'from="127.0.0.0/8,192.0.2.1"', True),
            (b'from="192.0.2.*"', False),
            (b'from="127.0.0.1,!127.0.0.1"', False),
            (b'from="127.0.0.*",no-pty', True),
            (b'expiry-time="20200101"', False),
            (b'expiry-time="20991231235959Z"', True),
            (b'expiry-time="soon"', False),
            (b'no-port-forwarding,no-pty,restrict', True),
            (b'command="internal-sftp"', True),
            (b'command="/bin/date"', False),
            (b'cert-authority', False),
            (b'not-known-here', False)):
        authorized(plain, option + b" " + ours)
        expect_same(key_works(plain), good, option)
    authorized(plain, ours)


@promise("a key file that anybody may write to does not count")
def _():
    authorized(plain, public(plain))
    os.chmod(plain.path("keys/alice"), 0o666)
    expect(not key_works(plain), "it counts")
    plain.wait_log("sftp.log", "keys/alice': it has mode 0666: anybody may "
                   "write to it")
    os.unlink(plain.path("keys/alice"))
    os.mkfifo(plain.path("keys/alice"))
    expect(not key_works(plain), "a pipe counts")
    plain.wait_log("sftp.log", "keys/alice': not a regular file")
    os.unlink(plain.path("keys/alice"))
    authorized(plain, public(plain))
    expect(key_works(plain), "a good file does not count")


@promise("a user's name cannot lead to a file outside of its directory")
def _():
    os.makedirs(plain.path("elsewhere"), exist_ok=True)
    authorized(plain, public(plain), "alice", "elsewhere")
    with transport(plain) as conn:
        refused(lambda: conn.auth_publickey("../elsewhere/alice",
                                            private(plain.key)))
    expect("found in '%s" % plain.path("keys/../")
           not in plain.log("sftp.log"), "it was read")


@promise("keys of an agent that do not match are not attempts")
def _():
    keys = [keygen(plain.path("agent%d" % n), "-t", "ed25519")
            for n in range(5)]
    options = [word for key in keys + [plain.key]
               for word in ("-o", "IdentityFile=" + key)]
    begin = marks(plain)
    batch = plain.local("pwd", b"pwd\n")
    must(client(["sftp", "-q", "-F", "none", "-P", str(plain.port),
                 "-o", "IdentitiesOnly=yes",
                 "-o", "UserKnownHostsFile=" + plain.known_hosts()]
                + options + ["-b", batch, "alice@127.0.0.1"]))
    expect("(Login failed)" not in news(plain, begin),
           "it looks like an attack")


# ---- Chains and rules


@promise("a chain requires its steps, in their order")
def _():
    authorized(rules, public(rules), folder="first")
    with transport(rules) as conn:
        expect_same(refused(lambda: conn.auth_none("alice")), ["publickey"],
                    "offered")
        refused(lambda: conn.auth_password("alice", rules.password))
        expect_same(conn.auth_publickey("alice", private(rules.key)),
                    ["password"], "left after the key")
        refused(lambda: conn.auth_password("alice", "wrong"))
        expect_same(conn.auth_password("alice", rules.password), [], "left")
        sftp = paramiko.SFTPClient.from_transport(conn)
        expect_same(sftp.normalize("."), rules.home("sub"),
                    "where DefaultChdir leads")
    must(client(["sftp", "-q", "-F", rules.ssh_config(), "srv"],
                input=b"pwd\n", env=rules.password_env()))


@promise("the next store is asked when the first has nothing")
def _():
    os.unlink(rules.path("first/alice"))
    rules.put(".ssh/authorized_keys", public(rules))
    with transport(rules) as conn:
        expect_same(conn.auth_publickey("alice", private(rules.key)),
                    ["password"], "left after the key")


@promise("MatchKeySubject: a key for somebody else does not count")
def _():
    block = public(rules, "rfc4716").split(b"\n", 1)
    for subject, good in ((b"alice", True), (b"alic", False),
                          (b"bob", False)):
        authorized(rules, block[0] + b"\nSubject: " + subject + b"\n"
                   + block[1], folder="first")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(rules.home(".ssh/authorized_keys"))
        with transport(rules) as conn:
            if good:
                expect_same(conn.auth_publickey(
                    "alice", private(rules.key)), ["password"], "left")
            else:
                refused(lambda: conn.auth_publickey(
                    "alice", private(rules.key)))
    authorized(rules, public(rules), folder="first")


@promise("RequireValidShell refuses users without one")
def _():
    begin = marks(rules)
    authorized(rules, public(rules), "noshell", "first")
    with transport(rules) as conn:
        conn.auth_publickey("noshell", private(rules.key))
        refused(lambda: conn.auth_password("noshell", rules.password))
        expect(not conn.is_authenticated(), "logged in")
    wait_news(rules, begin, "USER noshell (Login failed): Invalid shell: '/no/such/shell'")


@promise("root is refused unless RootLogin is on")
def _():
    begin = marks(root)
    with transport(root) as conn:
        refused(lambda: conn.auth_password("root", root.password))
        expect(not conn.is_authenticated(), "logged in")
    wait_news(root, begin, "SECURITY VIOLATION: Root login attempted")


@promise("a session that got no row of the scoreboard has one from its login on")
def _():
    begin = marks(plain)
    with open(plain.path("scoreboard.lck"), "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        sock = plain.connect()
        wait_news(plain, begin, "unable to add scoreboard entry")
    conn = paramiko.Transport(sock)
    try:
        conn.start_client(timeout=60)
        conn.auth_password("alice", plain.password)
        told = must(run(["ftpwho", "-v", "-f",
                         plain.path("scoreboard")])).stdout.decode()
        for words in ("alice", "127.0.0.1", "protocol: ssh2",
                      ":%d" % plain.port):
            expect(words in told, "%s in %r" % (words, told))
    finally:
        conn.close()


# One row of the scoreboard, behind a header of 32 bytes; failio.c refuses what
# is beyond 64 KiB.
ROW, ROWS = 624, 104


def fill(server):
    """Rows of a process that lives, so that there is no room for another."""
    row = struct.pack("=i", os.getpid()).ljust(ROW, b"\0")
    with open(server.path(server.board), "r+b") as board:
        board.truncate(32)
        board.seek(32)
        board.write(ROWS * row)


def shown(server):
    """What ftpwho knows of alice."""
    told = must(run(["ftpwho", "-v", "-f", server.path(server.board)]))
    return re.findall(r"alice +\[.*", told.stdout.decode())


@promise("a scoreboard that is full, or cannot be written, is no end of a "
         "session")
def _():
    for server, why in ((full, "No space left on device"),
                        (unwritable, "Input/output error")):
        server.no_sessions()
        fill(server)
        begin = marks(server)
        with transport(server) as conn:
            conn.auth_password("alice", server.password)
            wait_news(server, begin, "error writing scoreboard entry: " + why)
            with conn.open_sftp_client() as sftp:
                with sftp.open("up", "w") as file:
                    file.write(b"x" * 100000)
                sftp.listdir(".")
            expect_same(shown(server), [], "rows of alice")
            expect("/up b _ i r alice sftp 0 * c" in
                   server.log("transfer.log"), "no record")
        server.no_sessions()
        with open(server.path(server.board), "r+b") as board:
            board.seek(32)
            board.write(ROW * b"\0")
        with transport(server) as conn:
            conn.auth_password("alice", server.password)
            expect_same(len(shown(server)), 1, "rows when there is room")
        server.no_sessions()
        expect_same(shown(server), [], "rows after its end")


main(plain, rules, root, full, unwritable)
