#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""sftp-migrate: what is wrong with a file is said with its line, and nothing
is written.  Who gets in is the matter of t/integration/migrate.t."""

import contextlib
import glob
import os
import random
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("srcdir", ".")
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.path.insert(0, os.path.join(SOURCE, "tools"))
sys.dont_write_bytecode = True

import sshdvalues  # noqa: E402
from sftp_migrate import (decide, keywords, patterns, refusals,  # noqa: E402
                          values)
from sftp_migrate.accounts import Account, Accounts, Shadow  # noqa: E402
from sftp_migrate.main import migrate  # noqa: E402
from sftp_migrate.sshd import ConfigError, Parser  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

TOOL = os.path.join(SOURCE, "tools", "sftp-migrate")
BASE = tempfile.TemporaryDirectory(prefix="mod_sftp-migrate-")
ACCOUNTS = Accounts(
    {name: Account(name, uid, gid, "/home/" + name, shell)
     for name, uid, gid, shell in (
         ("root", 0, 0, "/bin/sh"), ("alice", 1001, 1001, "/bin/sh"),
         ("bob", 1002, 1002, "/usr/sbin/nologin"),
         ("web-one", 1003, 1003, "/bin/sh"))},
    {"root": (0, set()), "alice": (1001, set()), "bob": (1002, set()),
     "web-one": (1003, set()), "jailed": (1010, {"bob"})}, {"/bin/sh"})


def path_of(name):
    return os.path.join(BASE.name, name)


def put(text, name="sshd_config"):
    data = text if isinstance(text, bytes) else text.encode()
    with open(path_of(name), "wb") as out:
        out.write(data)
    return path_of(name)


def written(text):
    return migrate(put(text), ACCOUNTS, BASE.name)[0]


def lines_of(text):
    """The directives of the result."""
    return [line.strip() for line in written(text).splitlines()
            if line.strip() and not line.strip().startswith("#")]


def refused(text):
    """The message about a file that must be refused."""
    try:
        migrate(put(text), ACCOUNTS, BASE.name)
    except ConfigError as why:
        return str(why)
    return None


def expect_refused(text, line, words):
    why = refused(text)
    expect(why is not None, "%r: accepted" % text)
    expect(":%d: " % line in why and words in why,
           "%r: %r says neither %d nor %r" % (text, why, line, words))


@promise("a line that is wrong is named, with the reason")
def _():
    for text, line, words in (
            ("\n\nNoSuchKeyword yes\n", 3, "unknown keyword"),
            ("Port\n", 1, "needs a value"),
            ("Port =\n", 1, "needs a value"),
            ("=\n", 1, "no keyword"),
            ("Banner \"/etc/issue\n", 1, "a quote without its end"),
            ("Port 22\nBanner /etc/\x1bissue\n", 2, "control character"),
            ("Port 99999\n", 1, "is no port"),
            ("Port 22x\n", 1, "is no port"),
            ("ListenAddress [::1\x5d:0\n", 1, "is no port"),
            ("ListenAddress a>b\n", 1, "is no address"),
            ("UsePAM maybe\n", 1, "yes or no"),
            ("PermitRootLogin perhaps\n", 1, "prohibit-password"),
            ("LoginGraceTime 5y\n", 1, "is not a time"),
            ("MaxAuthTries many\n", 1, "a number"),
            ("RekeyLimit 1X\n", 1, "is not a size"),
            ("Match User\n", 1, "'user' needs a value"),
            ("Match Planet earth\n", 1, "unknown criterion"),
            ("Match All User alice\n", 1, "'all' cannot be combined"),
            ("Match LocalPort 22,23\n", 1, "one port"),
            ("Match RDomain a\n", 1, "routing domains"),
            ("Match User alice\nPort 23\n", 2, "does not take it in a Match"),
            ("Match Address 10.0.0.0/33\n", 1, "is no address"),
            ("Match Address 10.?.0.1\n", 1, "is no address"),
            ("Match Address 10.0.0.1/8\n", 1, "is no address"),
            ("Match LocalAddress 10.0.0.0/8\n", 1, "is a network"),
            ("Ciphers no-such-cipher\n", 1, "is unknown"),
            ("HostKeyAlgorithms sk-ssh-ed25519@openssh.com\n", 1,
             "none of these"),
            ("PerSourcePenalties crash=1\n", 1, "is not a penalty"),
            ("HostKey key\n", 1, "must be absolute"),
            ("Port 22 23\n", 1, "'23' is too much"),
            ("PermitRootLogin no yes\n", 1, "'yes' is too much"),
            ("Ciphers aes128-ctr aes256-ctr\n", 1, "is too much"),
            ("RekeyLimit 1G 1h 1\n", 1, "'1' is too much"),
            ("Ciphers none\n", 1, "takes no 'none'"),
            ("LoginGraceTime none\n", 1, "is not a time"),
            ("ClientAliveCountMax x\n", 1, "a number"),
            ("LogLevel X\n", 1, "takes QUIET"),
            ("PerSourceNetBlockSize 33\n", 1, "takes bits"),
            ("ListenAddress 127.0.0.1:\n", 1, "has no port"),
            ("Subsystem sftp\n", 1, "a name and a command"),
            ("AuthenticationMethods publickey,nosuch\n", 1, "takes any"),
            ("AuthenticationMethods publickey,\n", 1, "takes any"),
            ("AuthenticationMethods any publickey\n", 1, "takes any"),
            ("Match User =\n", 1, "'user' needs a value"),
            ("Match exec true\n", 1, "unknown criterion"),
            ("DenyUsers bob@evil.example\n", 1, "is no address")):
        expect_refused(text, line, words)


@promise("nothing gets into the result but words")
def _():
    for value in ('/a\\"b', "/a%{env:HOME}", "/a$b", "/a\\\\b"):
        expect_refused("HostKey %s\n" % value, 1, "cannot be written")
    for name in ("a b", "a;b", "<a>", "a'b", "a|b", "a$b", "a(b", "DOM\\a"):
        expect_refused('AllowUsers "%s"\n' % name, 1, "cannot be written")
        expect_refused('Match Group "%s"\n' % name, 1, "cannot be written")
    text = written("Banner /etc/issue.net # <VirtualHost>\\\n"
                   "Match User alice\n SetEnv A=b\\\n")
    expect(not re.search(r"\\\n", text), "a line that continues: " + text)


@promise("an Include that is missing, or a loop of them, is named")
def _():
    expect_refused("Port 22\nInclude %s\n" % path_of("missing"), 2,
                   "there is no file")
    expect_refused("Include sshd_config\n", 1, "includes itself")
    put("\nInclude b.conf\n", "a.conf")
    put("Port 22\n\nInclude a.conf\n", "b.conf")
    why = refused("Include a.conf\n")
    expect("b.conf:3: " in why and "includes itself" in why, why)
    for n in range(20):
        put("Include deep-%d\n" % (n + 1), "deep-%d" % n)
    why = refused("Include deep-0\n")
    expect("include each other" in why, why)
    expect_refused("Include ~/x\n", 1, "~ is not possible")
    expect("Port 23" in lines_of("Include none-*.conf\nPort 23\n"),
           "a pattern without a match")


@promise("what is not a small text file is refused")
def _():
    os.mkfifo(path_of("fifo"))
    for name, words in (("fifo", "is not a file"),
                        ("/dev/zero", "is not a file"),
                        ("", "Is a directory")):
        expect_refused("Include %s\n" % os.path.join(BASE.name, name), 1,
                       words)
    expect_refused(b"Port 22\nBanner /\0\n", 2, "NUL")
    expect_refused(b"Port 22\nBanner /\xff\n", 2, "UTF-8")
    why = refused("#" * (1 << 20) + "\nPort 22\n")
    expect(why is not None and "bytes" in why, "a large file")
    why = refused("Match User alice\n" * 600)
    expect(why is not None and ":501: " in why, "many blocks: %r" % why)
    why = refused("".join("Match Group g%d\nMaxSessions %d\n" % (n, n + 2)
                          for n in range(12)))
    expect(why is not None and "groups" in why, "many groups: %r" % why)


@promise("what sshd takes in an odd form is taken: encodings of comments, "
         "quotes, signs that stand apart, directories, many names")
def _():
    os.makedirs(path_of("parts/old"))
    put("MaxAuthTries 3\n", "parts/a.conf")
    plain = "Port 2200\nMaxAuthTries 3\nMatch User alice\nRekeyLimit 1G\n"
    wanted = lines_of(plain)
    for text in (plain.replace("\n", "\r\n"), plain.replace(" ", "\t"),
                 plain.replace("Port ", '"Port" '),
                 plain.replace("Port ", "Port = "),
                 plain.replace("User ", "user = "),
                 plain.replace("User ", "User ="),
                 plain.replace("User ", "User= "),
                 plain.replace("MaxAuthTries 3", "Include parts/*"),
                 plain.encode("ascii").replace(
                     b"Port 2200", b"# Sch\xf6n\nPort 2200 # \xfcber")):
        put(text)
        got = migrate(path_of("sshd_config"), ACCOUNTS, BASE.name)[0]
        expect_same([line.strip() for line in got.splitlines() if line.strip()
                     and not line.strip().startswith("#")], wanted, text)
    names = ",".join("user%d" % n for n in range(1500))
    expect("Port 23" in lines_of("Port 23\nMatch User %s\nMaxAuthTries 2\n"
                                 % names), "many names")


@promise("it listens where sshd does: the wildcards of both families")
def _():
    both = lines_of("Port 2200\n")
    expect("<VirtualHost 0.0.0.0 ::>" in both, both)
    for text in ("Port 2200\nListenAddress 0.0.0.0\nListenAddress ::\n",
                 "ListenAddress 0.0.0.0:2200\nListenAddress [::]:2200\n"):
        expect_same(lines_of(text), both, text)
    for text in ("AddressFamily inet6\nListenAddress ::\n",
                 "ListenAddress [::]\n"):
        expect("<VirtualHost ::>" in lines_of(text), text)


@promise("random bytes and lines give a message or a configuration")
def _():
    rand = random.Random(14)
    names = sorted(row.name for row in keywords.TABLE.values())
    words = ["yes", "no", "none", "*", "!a", "10.0.0.0/8", "-R", "%u", "%h",
             "internal-sftp", "User", "Group", "Address", "all", "a,b", "1",
             "\"", "'", "\\", "=", "#", "", "/x", "1h", "+aes128-ctr", "::"]
    for _n in range(3000):
        text = "\n".join(
            " ".join([rand.choice(names + ["Match", "Include"])]
                     + [rand.choice(words) for _ in range(rand.randrange(4))])
            for _ in range(rand.randrange(1, 6)))
        if rand.randrange(4) == 0:
            text = "".join(rand.choice(text + "\t\r\0\x7f") for _ in text)
        refused(text)


@promise("what is wrong leaves the old file, and nothing beside it")
def _():
    out = path_of("out.conf")
    for text, status, content in (
            ("Port 2200\n", 0, "Port 2200"), ("Port 0\n", 1, "Port 2200"),
            ("Include gone\n", 1, "Port 2200")):
        result = subprocess.run(
            [sys.executable, TOOL, put(text), "-o", out, "-f"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60)
        expect_same(result.returncode, status, text + result.stderr)
        expect_same(result.stderr.count("\n") >= 1 and
                    "Traceback" not in result.stderr, status == 1
                    or "different" in result.stderr, result.stderr)
        with open(out) as file:
            expect(content in file.read(), "the file after %r" % text)
        expect_same(glob.glob(path_of(".sftp-migrate*")), [], "left")


def tool(*words, out=subprocess.PIPE, **more):
    return subprocess.run([sys.executable, TOOL] + list(words), stdout=out,
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          **more)


def one_line(result, words):
    expect_same(result.returncode, 1, "status: " + result.stderr)
    expect(result.stderr.count("\n") == 1 and words in result.stderr and
           result.stderr.startswith("sftp-migrate: "), result.stderr)


@promise("a place that cannot be written gets one line, and nothing is left "
         "there")
def _():
    good = put("Port 2201\n")
    os.mkdir(path_of("folder"))
    os.mkfifo(path_of("pipe"))
    # A device of the same kind as /dev/full, if this may make one.
    with contextlib.suppress(OSError):
        os.mknod(path_of("full"), stat.S_IFCHR | 0o666, os.makedev(1, 7))
    before = sorted(os.listdir(BASE.name))
    for name, words in (("missing/out.conf", "No such file"),
                        ("folder", "not a file"), ("pipe", "not a file"),
                        ("full", "not a file"), ("n" * 300, "too long")):
        if name != "full" or os.path.exists(path_of(name)):
            one_line(tool(good, "-o", path_of(name)), words)
    one_line(tool(good, "-o", ""), "No such file")
    expect_same(sorted(os.listdir(BASE.name)), before, "files")
    for words in ((good,), ("--check", good)):
        with open("/dev/full", "w") as full:
            one_line(tool(*words, out=full), "standard output: No space left")
    one_line(subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh",
                             sys.executable, TOOL, good], text=True,
                            stderr=subprocess.PIPE, timeout=60),
             "standard output is closed")


@promise("a file system without room leaves the old file")
def _():
    limit = (1000, 1000)
    out = path_of("old.conf")
    with open(out, "w") as file:
        file.write("old")
    one_line(tool(put("Port 2200\n"), "-f", "-o", out, preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        resource.setrlimit(resource.RLIMIT_FSIZE, limit))),
        out + ": File too large")
    with open(out) as file:
        expect_same(file.read(), "old", "the file")
    expect_same(glob.glob(path_of(".sftp-migrate*")), [], "left")


@promise("a file that exists stays, unless --force replaces it; a link stays")
def _():
    good, out, link = put("Port 2201\n"), path_of("there"), path_of("link")
    with open(out, "w") as file:
        file.write("old")
    os.symlink(out, link)
    os.symlink(path_of("dangling-target"), path_of("dangling"))
    os.chmod(out, 0o604)
    with contextlib.suppress(PermissionError):
        os.chown(out, 65534, 65534)
    before = os.stat(out)
    one_line(tool(good, "-o", out), out + ": the file exists; --force")
    for words in (("-o", link), ("-f", "-o", link), ("-o", path_of(
            "dangling")), ("--force", "-o", path_of("dangling"))):
        one_line(tool(good, *words), words[-1] + ": this is a link")
        expect(os.path.islink(words[-1]), "the link is gone")
    with open(out) as file:
        expect_same(file.read(), "old", "the file")
    expect_same(tool(good, "-f", "-o", out).returncode, 0, "--force")
    with open(out) as file:
        expect("Port 2201" in file.read(), "it was not replaced")
    after = os.stat(out)
    expect_same((after.st_mode, after.st_uid, after.st_gid),
                (before.st_mode, before.st_uid, before.st_gid), "mode, owner")
    new = path_of("not-there-yet")
    expect_same(tool(good, "-o", new).returncode, 0, "a new file")
    expect_same(stat.S_IMODE(os.stat(new).st_mode), 0o640, "its mode")
    expect_same(os.stat(new).st_nlink, 1, "its names")
    expect_same(tool(good, "--force").returncode, 2, "--force alone")
    expect_same(glob.glob(path_of(".sftp-migrate*")), [], "left")


# A file comes into being while the result is written.
RACE = """
import os, sys
sys.path.insert(0, sys.argv[1])
from sftp_migrate import main
os.fsync = lambda fd: open(sys.argv[2], "w").write("theirs")
if sys.argv[3] == "no link":
    def link(*names):
        raise PermissionError(1, "Operation not permitted")
    os.link = link
sys.exit(main.main(sys.argv[4:]))
"""


@promise("a file that somebody else makes meanwhile stays")
def _():
    for how in ("link", "no link"):
        out = path_of("race " + how)
        one_line(subprocess.run(
            [sys.executable, "-c", RACE, os.path.dirname(TOOL), out, how,
             put("Port 2200\n"), "-o", out], stderr=subprocess.PIPE,
            text=True, timeout=60), "the file exists")
        with open(out) as file:
            expect_same(file.read(), "theirs", "the file")
    expect_same(glob.glob(path_of(".sftp-migrate*")), [], "left")


# Writes, and gets a signal before the file has its name.
STOPPED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from sftp_migrate import main
os.fsync = lambda fd: os.kill(os.getpid(), int(sys.argv[2]))
sys.exit(main.main(sys.argv[3:]))
"""


@promise("a signal while it writes leaves the old file, and nothing beside it")
def _():
    out = path_of("kept.conf")
    with open(out, "w") as file:
        file.write("old")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        one_line(subprocess.run(
            [sys.executable, "-c", STOPPED, os.path.dirname(TOOL),
             str(int(number)), put("Port 2200\n"), "-f", "-o", out],
            stderr=subprocess.PIPE, text=True, timeout=60), "signal")
        with open(out) as file:
            expect_same(file.read(), "old", "the file")
        expect_same(glob.glob(path_of(".sftp-migrate*")), [], "left")


@promise("a file that is huge, or full of bytes, gets one line within seconds")
def _():
    junk = random.Random(5).randbytes(300000)
    many = " ".join("u%d" % n for n in range(100000))
    groups = ",".join("g%d*" % n for n in range(10001))
    for data, words in (
            (junk, ":1: "), (b"\x7fELF" + junk, ":1: "),
            ("Banner " + "x" * 10000000, "bytes"),
            ("\nBanner " + "x" * 1000000, ":2: Banner: a word has"),
            ("AllowUsers " + many, ":1: AllowUsers: more than 10000 words"),
            ("Match Group " + groups + "\n",
             ":1: Match: more than 10000 names"),
            ("\n" * 1000000 + "Port x", ":1000001: ")):
        one_line(tool(put(data), "-o", path_of("never.conf")), words)
    expect(not os.path.exists(path_of("never.conf")), "a file")
    result = tool(path_of("not\033[31m-there"))
    one_line(result, "No such file")
    expect("\033" not in result.stderr, repr(result.stderr))


@promise("--check explains each line, and writes nothing")
def _():
    result = subprocess.run(
        [sys.executable, TOOL, "--check", "-o", path_of("not.conf"),
         put("Port 2200\nX11Forwarding yes\nPermitTTY no\n")],
        stdout=subprocess.PIPE, text=True, timeout=60)
    for number, words in ((1, "carried over"), (2, "cannot be"),
                          (3, "default anyway")):
        expect(re.search(r":%d: .*: %s" % (number, words), result.stdout),
               result.stdout)
    expect(not os.path.exists(path_of("not.conf")), "it wrote a file")


@promise("each directive of the result has a comment of its own on where it "
         "comes from")
def _():
    text = written("Port 2200\nUsePAM yes\nTrustedUserCAKeys /etc/ssh/ca\n"
                   "AuthorizedPrincipalsFile /etc/ssh/p/%u\n"
                   "RevokedKeys /etc/ssh/revoked\nMaxSessions 3\n"
                   "Match Group jailed\nChrootDirectory %h\n"
                   "ForceCommand internal-sftp -R\n"
                   "Match Address 10.0.0.0/8\nPasswordAuthentication no\n")
    before, sections, seen = "", [], 0
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("</"):
            sections.pop()
        elif line and not line.startswith("#"):
            if not sections or sections[-1] in ("VirtualHost", "IfUser",
                                                "IfGroup", "IfClass"):
                expect(before.startswith("# ") or re.match(
                    "<(VirtualHost|IfClass|IfModule)", line),
                    "no comment above " + line)
                seen += 1
            found = re.match(r"<(\w+)", line)
            sections += [found.group(1)] if found else []
        before = line
    expect(seen > 30, "only %d directives" % seen)
    for number, directive in ((3, "SFTPTrustedUserCAKeys"),
                              (4, "SFTPAuthorizedPrincipals"),
                              (5, "SFTPRevokedKeys"), (6, "SFTPMaxChannels")):
        expect(re.search(r"# carried over: sshd_config:%d\n *%s "
                         % (number, directive), text), text)


def verdicts_of(text):
    """{number of a line: its verdict}, and the notes with a line."""
    _, verdicts, notes = migrate(put(text), ACCOUNTS, BASE.name)
    return ({line.number: (verdict, why) for line, verdict, why in verdicts},
            {line.number: note for line, note in notes if line is not None})


@promise("settings that a virtual host has once: a Match that has others is "
         "named with its line, and loses the login by key")
def _():
    for one, other in (("TrustedUserCAKeys /ca", "TrustedUserCAKeys /cb"),
                       ("RevokedKeys " + os.path.abspath(TOOL), "RevokedKeys none"),
                       ("PubkeyAcceptedAlgorithms ssh-ed25519",
                        "PubkeyAcceptedAlgorithms ssh-rsa"),
                       ("CASignatureAlgorithms ssh-ed25519",
                        "CASignatureAlgorithms rsa-sha2-512"),
                       ("PubkeyAuthOptions none",
                        "PubkeyAuthOptions touch-required"),
                       ("AuthorizedKeysCommandUser root",
                        "AuthorizedKeysCommandUser bob"),
                       ("AuthorizedPrincipalsFile /pa",
                        "AuthorizedPrincipalsFile /pb")):
        for match in ("User alice", "Group jailed", "Address 10.0.0.0/8"):
            text = "UsePAM no\n%s\nMatch %s\n%s\n" % (one, match, other)
            found, notes = verdicts_of(text)
            expect_same(found[4][0], keywords.CANNOT, text)
            expect("no login by key for those to whom it applies: " in
                   notes[4] and "sshd_config:2." in notes[4], notes)
            expect(found[2][0] != keywords.CANNOT and 2 not in notes, text)
            expect(not re.search("(user alice|group jailed|class migrated-1) "
                                 ".*publickey", written(text)), written(text))
            expect("sshd_config:4\n" not in written(text), "a comment that "
                   "names a line that is not carried over: " + written(text))
    # What only some have is missing for the others, who are named.
    found, notes = verdicts_of(
        "AuthorizedKeysFile none\nMatch User alice\nRevokedKeys /dev/null\n"
        "AuthorizedKeysFile /a\nMatch User bob\nAuthorizedKeysFile /b\n")
    expect_same(found[3][0], keywords.CARRIED, "RevokedKeys")
    expect("no login by key for user bob: " in notes[3], notes)
    found, _ = verdicts_of("Match User alice\nPubkeyAuthentication no\n"
                           "TrustedUserCAKeys /ca\n")
    expect_same(found[3], (keywords.DEFAULT, "nobody to whom it applies logs "
                           "in by key"), "an authority without a login")


@promise("those who alone log in by key have their own settings of keys")
def _():
    for match in ("User alice", "Group jailed", "Address 10.0.0.0/8"):
        for before in ("AuthorizedKeysFile none", "PubkeyAuthentication no"):
            found = lines_of(
                before + "\nMatch " + match + "\nAuthorizedKeysFile /keys\n"
                "PubkeyAuthentication yes\nRevokedKeys /dev/null\n"
                "PubkeyAcceptedAlgorithms ssh-ed25519\n"
                "PubkeyAuthOptions touch-required\n")
            for line in ("SFTPRevokedKeys /dev/null",
                         "SFTPAuthPublicKeys ssh-ed25519",
                         "SFTPOptions FIDOTouchRequired"):
                expect(line in found, "%s for %s:\n%s" % (
                    line, match, "\n".join(found)))


@promise("a command of a Match has the user that it runs as")
def _():
    text = "%s\nMatch User alice\nAuthorizedKeysCommand /bin/echo\n"
    found = lines_of(text % "AuthorizedKeysCommandUser bob")
    expect("SFTPAuthorizedKeysCommandUser bob" in found, found)
    for user in ("root", "nobody-there", "none"):
        found = written(text % ("AuthorizedKeysCommandUser " + user))
        expect("exec:" not in found and "must be an account" in found, found)


@promise("every keyword of the issue and of sshd's manual is a row")
def _():
    for name in """AcceptEnv AddressFamily AllowAgentForwarding AllowGroups
        AllowTcpForwarding AllowUsers AuthenticationMethods
        AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedKeysFile
        AuthorizedPrincipalsFile Banner CASignatureAlgorithms ChrootDirectory
        Ciphers ClientAliveCountMax ClientAliveInterval Compression DenyGroups
        DenyUsers ForceCommand GatewayPorts HostCertificate HostKey
        HostKeyAlgorithms KbdInteractiveAuthentication KexAlgorithms
        ListenAddress LoginGraceTime MACs MaxAuthTries MaxSessions MaxStartups
        PasswordAuthentication PerSourcePenalties PermitRootLogin PermitTunnel
        Port PubkeyAcceptedAlgorithms PubkeyAuthentication RekeyLimit
        RevokedKeys StrictModes Subsystem TrustedUserCAKeys UseDNS
        X11Forwarding""".split():
        expect(name.lower() in keywords.TABLE, "no row for " + name)


@promise("coming-from-sshd.md has each keyword, and no other")
def _():
    with open(os.path.join(SOURCE, "doc", "coming-from-sshd.md"),
              encoding="utf-8") as file:
        words = set(re.findall(r"\b[A-Z][A-Za-z0-9]+\b", " ".join(
            re.findall(r"`([^`]*)`", file.read()))))
    expect_same(sorted(row.name for row in keywords.TABLE.values()
                       if row.name not in words), [], "missing")
    # In tables, the first column is sshd's; a few of its words are no rows.
    with open(file.name, encoding="utf-8") as file:
        first = re.findall(r"^\| (.*?) \|", file.read(), re.M)
    for name in re.findall(r"`([A-Z]\w+)", " ".join(first)):
        expect(name in ("Match", "LocalAddress", "Include") or
               name.lower() in keywords.TABLE,
               "sftp-migrate does not know " + name)


@promise("the algorithms are those of the source")
def _():
    for file, known in (("kex.c", keywords.KEX), ("cipher.c",
                        keywords.CIPHERS), ("mac.c", keywords.MACS)):
        with open(os.path.join(SOURCE, file), encoding="utf-8") as text:
            found = re.findall(r'^ +\{ (?:\{ )?"([^"]+)"', text.read(), re.M)
        expect_same(sorted(known), sorted(found), file)


@promise("algorithms: signs stay, unknown names are left out")
def _():
    got = lines_of("Ciphers aes128-ctr,aes256-ctr\nMACs +hmac-sha1\n"
                   "KexAlgorithms -curve*\nHostKeyAlgorithms ssh-ed25519,"
                   "sk-ssh-ed25519@openssh.com\n")
    for line in ("SFTPCiphers aes128-ctr aes256-ctr", "SFTPHostKeys ssh-ed25519",
                 "SFTPDigests +hmac-sha1", "SFTPKeyExchanges -curve*"):
        expect(line in got, "%s: %r" % (line, got))




@promise("each keyword takes the values that sshd takes, and no others")
def _():
    for name, wrong, right in sshdvalues.rows():
        for value in wrong:
            expect_refused("%s %s\n" % (name, value), 1, name + ": ")
        for value in right:
            expect_same(refused("%s %s\n" % (name, value)), None,
                        "%s %s" % (name, value))
    expect_same([key for key in values.OF_KEYWORD
                 if key not in {name.lower() for name, *_ in
                                sshdvalues.rows()}], [],
                "keywords without a value that is wrong")


@promise("lines that contradict each other are named")
def _():
    for text, line, words in (
            ("Subsystem sftp internal-sftp\nSubsystem sftp internal-sftp\n",
             2, "already defined"),
            ("Match User alice\nSubsystem sftp /a\nSubsystem sftp /b\n", 3,
             "already defined"),
            ("AddressFamily inet6\nListenAddress 127.0.0.1\n", 2,
             "no address"),
            ("Match User alice\nAuthorizedKeysCommand /x\n", 2, "needs Auth"),
            ("Port 22\nAuthorizedPrincipalsCommand /x\n", 2, "needs Auth"),
            ("AuthenticationMethods publickey,hostbased\n", 1, "is off"),
            ("AuthenticationMethods publickey password\n"
             "PasswordAuthentication no\n", 1, "password is off")):
        expect_refused(text, line, words)
    for text in ("Subsystem sftp internal-sftp\nMatch User alice\n"
                 "Subsystem sftp /usr/lib/openssh/sftp-server -R\n",
                 "Subsystem a /a\nSubsystem A /b\n"):
        expect_same(refused(text), None, text)


@promise("RekeyLimit: sizes and times beyond what the daemon takes are cut")
def _():
    for value, wanted in (("7E", "3600 1048576GB"), ("1.5G", "3600 1536MB"),
                          ("16", "3600 16KB"), ("1G 30w", "2147483 1GB"),
                          ("default 1h", "3600 2GB"), ("0 1h", "3600 2GB"),
                          ("5000000000", "3600 4882812KB")):
        expect("SFTPRekey required " + wanted in
               lines_of("RekeyLimit %s\n" % value), value)
    expect("SFTPRekey" not in written("RekeyLimit default none\n"), "default")


@promise("other values, too; and nothing is written that the daemon refuses")
def _():
    for text, wanted in (
            ("ClientAliveInterval 2147483647", "SFTPClientAlive 3 2147483"),
            ("PerSourcePenalties crash:60w max-sources4:0 max-sources6:9999999",
             "SFTPPerSourcePenalties crash:365d max-sources4:1 "
             "max-sources6:1048576"),
            ("PerSourcePenalties max:1", "SFTPPerSourcePenalties off"),
            ("PerSourcePenalties min:11m", "SFTPPerSourcePenalties off")):
        expect(wanted in lines_of(text + "\n"), text)
    expect("SFTPMaxChannels" not in written("MaxSessions 0\n"), "no sessions")
    for name in ("Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms",
                 "PubkeyAcceptedAlgorithms"):
        expect_refused(name + " -*\n", 1, "none is left")


@promise("settings that depend on nobody are those of sshd")
def _():
    got = lines_of("""ClientAliveInterval 1m
        ClientAliveCountMax 2
        LoginGraceTime 1m30s
        MaxAuthTries=3
        RekeyLimit 1G 1h
        PerSourcePenalties authfail:10s max:1h
        UsePAM yes
        HostKey /k
        HostCertificate "/k cert.pub"
        RequiredRSASize 3072
        AddressFamily inet
        Compression no
        Subsystem sftp internal-sftp
        MaxSessions 4
        StrictModes no
        MaxStartups 10:30:100
        """)
    for line in ("SFTPMaxStartups 10:30:100", "SFTPClientAlive 2 60", "TimeoutLogin 90",
                 "MaxLoginAttempts 3", "SFTPRekey required 3600 1GB",
                 "SFTPPerSourcePenalties authfail:10s max:1h",
                 "AuthPAMConfig sshd", "SFTPHostKey /k",
                 'SFTPHostCertificate "/k cert.pub"',
                 "SFTPKeyLimits MinimumRSASize 3072", "<VirtualHost 0.0.0.0>",
                 "SFTPCompression off", "SFTPMaxChannels 4",
                 "SFTPAuthMethods publickey password keyboard-interactive",
                 "SFTPOptions InsecureUserKeyPerms", "SFTPEngine on"):
        expect(line in got, "%s: %r" % (line, got))


@promise("a user without an account today is bound by their block as well")
def _():
    got = lines_of("Match User later\nChrootDirectory /srv/%u\n"
                   "Subsystem sftp internal-sftp\n")
    expect("DenyUser regex ^(later)$" in got, "a jail: %r" % got)
    got = lines_of("Subsystem sftp internal-sftp\nMatch User later\n"
                   "ForceCommand internal-sftp -R\n")
    expect("<IfUser later>" in got and "<Limit WRITE>" in got,
           "read-only: %r" % got)
    got = lines_of("Subsystem sftp internal-sftp\nMatch User later\n"
                   "ForceCommand internal-sftp -R\nMatch Group jailed\n"
                   "ForceCommand internal-sftp -u 077\n")
    expect("DenyUser regex ^(later)$" in got, "beside a group: %r" % got)
    got = lines_of("Match User later\nPasswordAuthentication no\n")
    expect("SFTPAuthMethods user later publickey" in got, "%r" % got)


def with_accounts(text, *people):
    """The directives for other accounts, and the notes."""
    users = {"root": Account("root", 0, 0, "/root", "/bin/sh")}
    users.update({p.name: p for p in people})
    for account in people:
        account.uid = account.gid = 1001
    found, _, notes = migrate(put(text), Accounts(
        users, {"root": (0, set()), "users": (1001, set())}, {"/bin/sh"}),
        BASE.name)
    return [line.strip() for line in found.splitlines()
            if not line.strip().startswith("#")], [n for _, n in notes]


@promise("whom sshd refuses by itself is refused by name, with the reason")
def _():
    today = Accounts({}, {}, set()).today

    def made(name, password="x", shell="/bin/sh", **days):
        return Account(name, 0, 0, "/home/x", shell, password,
                       Shadow(**days))

    for pam, account, name in (
            ("no", made("a", "!$6$x"), "a"), ("no", made("a", "!"), "a"),
            ("yes", made("a", "!"), None), ("no", made("a", "*"), None),
            ("no", made("a", shell="/no/such"), "a"),
            ("yes", made("a", shell="/etc"), "a"),
            ("no", made("a", expires=0), "a"),
            ("no", made("a", expires=today), None),
            ("yes", made("a", expires=today), "a"),
            ("no", made("a", expires=today - 1), "a"),
            ("yes", made("a", expires=today + 1), None),
            ("yes", made("a", changed=0), "a"),
            ("yes", made("a", changed=today - 9, most=8), "a"),
            ("yes", made("a", changed=today - 9, most=9), None),
            ("no", made("b c^d\\", "!"), "b?c?d?"),
            ("no", made("j\xf6 \udcff", "!"), "j*?*")):
        lines, notes = with_accounts(
            "UsePAM %s\nSubsystem sftp internal-sftp\n" % pam, account)
        wanted = name and ("DenyUser regex ^(a)$" if name == "a" else
                           "DenyUser regex ^%s$" % patterns.ere(name))
        expect_same([line for line in lines if line.startswith("DenyUser")],
                    [wanted] if wanted else [], "%s %r" % (pam, account.name))
        expect_same(len([n for n in notes if "as sshd does today" in n]),
                    len([n for n in [name] if n]), "notes: %r" % notes)
    for pam, changed in (("no", 0), ("no", today)):
        lines, _ = with_accounts(
            "UsePAM no\nSubsystem sftp internal-sftp\n",
            made("a", "$6$x", changed=changed, most=99999))
        expect_same("SFTPAuthMethods user a publickey" in lines,
                    changed == 0, "a password that must be changed")


@promise("a ChrootDirectory counts with all directories that it is in")
def _():
    modes = {"/": (0, 0o755), "/srv": (0, 0o755), "/srv/a": (0, 0o755),
             "/srv/b": (0, 0o775), "/srv/c": (0, 0o757),
             "/srv/d": (7, 0o755), "/srv/b/x": (0, 0o755)}

    class Found:
        def __init__(self, owner, mode):
            self.st_uid, self.st_mode = owner, stat.S_IFDIR | mode

    def look(path):
        if path not in modes:
            raise FileNotFoundError(path)
        return Found(*modes[path])

    directories = refusals.Directories(look)
    for path, bad in (("/", None), ("/srv/a", None), ("//srv//b/", "/srv/b"),
                      ("/srv/c", "/srv/c"), ("/srv/d", "/srv/d"),
                      ("/srv/b/x", "/srv/b"), ("/srv/none/x", None)):
        expect_same(directories.bad(path), bad, path)
    for text, same in (("/srv/a", "/srv/a"), ("/srv/u%u/x", "/srv"),
                       ("%h", ""), ("/a%%b/%u", "/a%b")):
        expect_same(refusals.literal(text), same, text)
    expect_same(refusals.expanded("%h/%%u/%u", Account(
        "%h", 5, 5, "/home/%u", "")), "/home/%u/%u/%h", "tokens")


@promise("modules of PAM that a login by key does not ask are named")
def _():
    where = path_of("pam.d")
    os.mkdir(where)
    for name, text in (
            ("sshd", "auth required pam_google.so\n@include more\n"
             "account required pam_nologin.so # yes\n"
             "account [success=1 default=ignore] /lib/pam_access.so a=b\n"
             "-account sufficient \\\n pam_sss.so\naccount include sshd\n"),
            ("more", "account substack gone\naccount required pam_unix.so\n"),
            ("gone", "account\n@include\n")):
        with open(os.path.join(where, name), "w") as out:
            out.write(text)
    expect_same(set(refusals.account_modules("sshd", where)),
                {"pam_unix.so", "pam_nologin.so", "pam_access.so",
                 "pam_sss.so"}, "modules")


@promise("a path means what it means to sshd, or is not used")
def _():
    for text, wanted in (
            ("%h/.ssh/a b", '"file:~/.ssh/a b"'), ("k%u", "file:~/k%u"),
            ("a b/%u", '"file:~/a b/%u"'), ("/k/%u", "file:/k/%u"),
            ("%h", "file:~"), ("%hx/y", None), ("~bob/keys", None),
            ("/k/%%u", None), ("/k/%k", None), ("x%h", None)):
        got = [line for line in lines_of('AuthorizedKeysFile "%s"\n' % text)
               if line.startswith("SFTPAuthorizedUserKeys")]
        expect_same(got, ["SFTPAuthorizedUserKeys " + wanted] if wanted
                    else [], text)
    for text in ("%hdata", "~bob", "/a/%%u", "relative", "/a/%U"):
        got = lines_of("ChrootDirectory %s\nSubsystem sftp internal-sftp\n"
                       % text)
        expect("DenyAll" in got and not any(
            line.startswith("DefaultRoot") for line in got), text)


@promise("addresses: each belongs to exactly one class")
def _():
    rand = random.Random(7)
    for _n in range(200):
        sets = [patterns.address_set(["%s10.%d.%d.0/%d" % (
            rand.choice(["", "", "!"]), rand.choice([0, 64, 128]),
            rand.choice([0, 128]), bits) for bits in (24,)] + rand.choice(
                [["10.*"], ["*"], ["10.0.0.0/9"], ["10.64.0.5"]]))
            for _ in range(3)]
        found = patterns.cells(sets, [4])
        for _m in range(20):
            value = (10 << 24) + rand.randrange(1 << 24)
            inside = [bits for bits, cell in found
                      if patterns.contains(cell[4], value)]
            expect_same(inside, [tuple(patterns.contains(s[4], value)
                                       for s in sets)], "classes")


@promise("groups: rows give each combination its value")
def _():
    rand, groups, lists = random.Random(3), ["a", "b", "c"], 0
    for _n in range(500):
        table = decide.table(groups, lambda _g: rand.randrange(2))
        rows = decide.cubes(groups, table)
        for bits, value in table.items():
            fits = [v for literals, v in rows if all(
                bits[groups.index(g)] == yes for g, yes in literals)]
            expect_same(fits, [value], "rows")
            found = decide.peel(groups, table)
            if found is not None:
                first = [v for g, v in found[0] if bits[groups.index(g)]]
                expect_same((first + [found[1]])[0], value, "list")
                lists += 1
    expect(lists > 0, "no lists")


@promise("patterns match as sshd's do, and many stars take no time")
def _():
    rand = random.Random(9)
    for _n in range(3000):
        name = "".join(rand.choice("ab") for _ in range(rand.randrange(7)))
        pattern = "".join(rand.choice("ab*?") for _ in range(
            rand.randrange(7)))
        wanted = re.fullmatch(pattern.replace("*", ".*").replace("?", "."),
                              name) is not None
        expect_same(patterns.glob_matches(name, pattern), wanted,
                    "%r %r" % (name, pattern))
    for pattern in ("*" * 4000 + "x", "*a" * 2000 + "x"):
        expect(not patterns.glob_matches("a" * 32, pattern), pattern[:9])
    expect_same(patterns.ere("a***b"), "a.*b", "an expression")


@promise("a locale without UTF-8 is no hindrance, and the file that is read is "
         "not written")
def _():
    source = put("Banner /etc/\xf6\n", "own_config")
    env = dict(os.environ, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    for words in ((source,), ("--check", source),
                  (source, "-o", path_of("utf8.conf"))):
        result = subprocess.run([sys.executable, TOOL] + list(words), env=env,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60)
        expect_same(result.returncode, 0, repr(result.stderr))
        expect(words[1:2] == ("-o",) or b"\xc3\xb6" in result.stdout,
               repr(result.stdout))
    one_line(tool(source, "-f", "-o", source), "the file that is read")
    with open(source, encoding="utf-8") as file:
        expect_same(file.read(), "Banner /etc/\xf6\n", "the file")


@promise("without UseDNS, Match Host is compared with the text of an address")
def _():
    for pattern, wanted in (
            ("10.0.0.0/8", ""), ("client.example.org", ""), ("192.0.2.1",) * 2,
            ("192.0.2.01", ""), ("2001:db8::1",) * 2, ("2001:DB8::1", ""),
            ("cafe", ""), ("192.0.2.*",) * 2, ("*", "*"), ("?*", None),
            ("192.0.2.1?", None), ("1*", None), ("02.*", None), ("2001:*",
                                                                 None)):
        expect_same(patterns.of_text(pattern), wanted, pattern)
    off = "PasswordAuthentication no\nMatch Host %s\n" \
        "PasswordAuthentication yes\n"
    text = written(off % "10.0.0.0/8")
    expect("<IfClass" not in text and "password" not in
           [word for line in text.splitlines() if line.strip().startswith(
               "SFTPAuthMethods") for word in line.split()], text)
    expect_refused(off % "?*", 2, "without UseDNS")
    expect("From 192.0.2.0/24" in written(off % "!192.0.2.0/24,192.0.2.*"),
           "a network that excludes nobody")


@promise("MaxStartups is carried over, up to what is counted here")
def _():
    for words, wanted in (("10", "10"), ("2:50:9000", "2:50:2000"),
                          ("9000:50:9000", "2000:50:2000")):
        expect("SFTPMaxStartups " + wanted in
               lines_of("MaxStartups %s\n" % words), words)
    for words in ("0", "10:0:20", "10:101:20", "20:30:10", "10:30", "x"):
        expect_refused("MaxStartups %s\n" % words, 1, "start:rate:full")


@promise("digits are those of ASCII")
def _():
    for text, line in (("Port \u00b2\n", 1), ("Port \u0661\n", 1),
                       ("MaxAuthTries \u0663\n", 1),
                       ("Match LocalPort \u00b2\nBanner none\n", 1)):
        expect_refused(text, line, "")


@promise("quotes, signs and blanks are read as sshd does")
def _():
    config = Parser(BASE.name).parse(put(
        '  Banner="/a b"\nAcceptEnv A "B C" # D\n\tport = 22 \r\n'
        "AllowUsers a#b\nSubsystem sftp x -d \\\"y\\\"\n"))
    expect_same([[line.key] + line.args for line in config.lines],
                [["banner", "/a b"], ["acceptenv", "A", "B C"],
                 ["port", "22"], ["allowusers", "a#b"],
                 ["subsystem", "sftp", "x", "-d", '"y"']], "words")


main()
