# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The steps of the matrix: promises to every client, in its own words."""

import base64
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from server import Server, UID, must, said      # noqa: E402
from tap import Failed, expect, expect_same, skip    # noqa: E402
from trees import make_tree, same_tree          # noqa: E402
from base import Login                          # noqa: E402

DATA = os.urandom(3000001)
PART = 1000000
TIME = 1234567890
GIB4 = 4 << 30
# Rekeys: the proof, and how often.  What is on its way while keys are
# exchanged has had the old ones, so that there are fewer than bytes by EACH.
FULL = 64 << 20
EACH = 256 << 10
LEAST = 20
# By the quickest exchange of the client: when it happens is what counts.
QUICK = ("SFTPKeyExchanges curve25519-sha256 curve25519-sha256@libssh.org "
         "ecdh-sha2-nistp256 diffie-hellman-group14-sha256 "
         "diffie-hellman-group-exchange-sha256")
MIB96 = 96 << 20
TAIL = os.urandom(1000003)

STEPS = {}


def step(name, title, about, without=""):
    """without: why a client has no way for it, unless it knows better."""
    def register(func):
        func.title = title
        func.about = about
        func.without = without
        STEPS[name] = func
        return func
    return register


class Site:
    """The servers that all clients meet, started when they are needed."""

    lines = {
        "plain": "",
        "rekey": "SFTPRekey required 3600 256KB\n" + QUICK,
        "no-rekey": "SFTPRekey none\n" + QUICK,
        "zlib": "SFTPCompression delayed",
    }

    def __init__(self, build=".", make=Server):
        self.servers = {}
        self.build = build
        self.make = make

    def server(self, kind="plain"):
        if kind not in self.servers:
            server = self.servers[kind] = self.make(self.lines[kind]).start()
            server.ssh_config()
        return self.servers[kind]

    def stop(self):
        for server in self.servers.values():
            server.stop_clean()


class Visit:
    """A client at the site."""

    def __init__(self, site, client):
        self.site = site
        self.client = client
        self.use("plain")

    def use(self, kind, **more):
        """Turns to another server; by key, unless a password is given."""
        self.server = self.site.server(kind)
        if "password" not in more and self.client.key:
            more["key"] = self.client.key
        elif "password" not in more:
            more["password"] = self.server.password
        self.login = Login(self.server, build=self.site.build, **more)

    # ---- Places: a directory for each client on both sides

    def remote(self, name):
        return "/%s/%s" % (self.client.name, name)

    def there(self, name):
        """Where the server has it."""
        return self.server.home("%s/%s" % (self.client.name, name))

    def put_there(self, name, data):
        return self.server.put("%s/%s" % (self.client.name, name), data)

    def here(self, name, data=None):
        return self.server.local("%s/%s" % (self.client.name, name), data)

    # ---- Deeds

    def needs(self, *commands):
        for name in commands:
            if name not in self.client.can:
                skip("")

    def try_to(self, *commands, **more):
        self.server.mkdir(self.client.name)
        try:
            return self.client.do(self.login, *commands, **more)
        except subprocess.TimeoutExpired as late:
            raise Failed("no end after %d s: %r, %r, %r"
                         % (late.timeout, commands, late.stdout, late.stderr))

    def do(self, *commands, **more):
        return must(self.try_to(*commands, **more))

    def ask(self, *command):
        return self.client.answer(self.do(command))

    # ---- Checks

    def there_is(self, name, data):
        try:
            with open(self.there(name), "rb") as file:
                found = file.read()
        except OSError as error:
            raise Failed("upload: %s" % error)
        expect(found == data, "the upload %s differs: %d bytes of %d"
               % (name, len(found), len(data)))

    def here_is(self, name, data):
        try:
            with open(self.here(name), "rb") as file:
                found = file.read()
        except OSError as error:
            raise Failed("download: %s" % error)
        expect(found == data, "the download %s differs: %d bytes of %d"
               % (name, len(found), len(data)))

    def both_ways(self, name, data, **more):
        self.do(("put", self.here(name, data), self.remote(name)),
                ("get", self.remote(name), self.here(name + ".back")),
                **more)
        self.there_is(name, data)
        self.here_is(name + ".back", data)


def clear(path):
    if os.path.lexists(path):
        os.unlink(path)


@step("password", "password",
      "login with a password, a small file in both directions")
def _(visit):
    visit.use("plain", password=visit.server.password)
    visit.both_ways("by-password", DATA[:5000])


@step("key", "key",
      "login with a key (Ed25519, or ECDSA and RSA for clients that know no "
      "other)")
def _(visit):
    visit.both_ways("by-key", DATA[:5000])


@step("transfer", "put, get",
      "files of 0, 1, 32768, 32769 and 3,000,001 bytes in both directions")
def _(visit):
    for size in (0, 1, 32768, 32769, len(DATA)):
        visit.both_ways("file-%d" % size, DATA[:size])


@step("resume", "resume",
      "an upload and a download continue where they stopped",
      "it has no command to resume a transfer")
def _(visit):
    visit.needs("reput", "reget")
    visit.put_there("rest", DATA[:PART])
    visit.put_there("all", DATA)
    visit.here("all", DATA[:PART])
    visit.do(("reput", visit.here("rest", DATA), visit.remote("rest")),
             ("reget", visit.remote("all"), visit.here("all")))
    visit.there_is("rest", DATA)
    visit.here_is("all", DATA)


def tree_by_hand(visit, tree):
    """For clients without a command for it; those that make no directories
    find them there."""
    up, down = [], []
    visit.server.mkdir(visit.client.name)
    make = "mkdir" in visit.client.can
    for folder, folders, files in os.walk(tree):
        inner = os.path.relpath(folder, tree)
        inner = "" if inner == "." else inner + "/"
        for name in folders + ([] if inner else ["."]):
            if make and name != ".":
                up.append(("mkdir", visit.remote("tree/" + inner + name)))
            elif not make:
                visit.server.mkdir("%s/tree/%s%s" % (visit.client.name, inner,
                                                     name))
            os.makedirs(visit.here("back/" + inner + name), exist_ok=True)
        for name in files:
            path = inner + name
            remote = visit.remote("tree/" + path)
            up.append(("put", os.path.join(tree, path), remote))
            down.append(("get", remote, visit.here("back/" + path)))
    if make:
        up.insert(0, ("mkdir", visit.remote("tree")))
    visit.do(*up)
    visit.do(*down)


@step("tree", "trees, odd names",
      "a tree with an empty directory and names with blanks, quotes, patterns, "
      "Unicode, 255 bytes, invalid UTF-8 (if the client accepts such "
      "names)")
def _(visit):
    tree = visit.here("tree")
    make_tree(tree, names=visit.client.names)
    if "puttree" in visit.client.can:
        visit.do(("puttree", tree, visit.remote("tree")))
        visit.do(("gettree", visit.remote("tree"), visit.here("back")))
    else:
        tree_by_hand(visit, tree)
    same_tree(tree, visit.there("tree"))
    same_tree(tree, visit.here("back"))


def is_kept(path, mode=None, time=None):
    info = os.stat(path)
    if time is not None:
        expect_same(int(info.st_mtime), time, "time of " + path)
    if mode is not None:
        expect_same("%o" % stat.S_IMODE(info.st_mode), "%o" % mode,
                    "mode of " + path)


def times_of_copies(visit):
    up = visit.here("dated", b"up")
    os.chmod(up, 0o640)
    os.utime(up, (TIME, TIME))
    down = visit.put_there("aged", b"down")
    os.chmod(down, 0o751)
    os.utime(down, (TIME, TIME))
    visit.do(("putp", up, visit.remote("dated")))
    visit.do(("getp", visit.remote("aged"), visit.here("aged")))
    keeps = visit.client.keeps
    for path, mode in ((visit.there("dated"), 0o640),
                       (visit.here("aged"), 0o751)):
        is_kept(path, mode if "mode" in keeps else None,
                TIME if "time" in keeps else None)


@step("times", "times, modes",
      "modification time and mode are preserved in both directions, or "
      "can be set and read", "it has no command for either")
def _(visit):
    can = visit.client.can
    if "putp" in can and "getp" in can:
        times_of_copies(visit)
        return
    if "chmod" not in can and "utime" not in can:
        skip("")
    path = visit.put_there("aged", b"12345")
    os.chmod(path, 0o600)
    os.utime(path, (TIME, TIME))
    mode, time = 0o600, TIME
    if "chmod" in can:
        mode = 0o751
        visit.do(("chmod", "751", visit.remote("aged")))
        is_kept(path, mode, time)
    if "utime" in can:
        time = TIME - 1000000
        visit.do(("utime", str(time), visit.remote("aged")))
    is_kept(path, mode, time)
    if "stat" in can:
        expect_same(visit.ask("stat", visit.remote("aged")),
                    (5, mode, time), "stat")


@step("links", "symbolic links",
      "a symbolic link is created with the right target, read, and followed",
      "it has no command to create one")
def _(visit):
    visit.needs("symlink")
    visit.put_there("real", DATA[:1000])
    clear(visit.there("link"))
    visit.do(("symlink", "real", visit.remote("link")))
    expect(os.path.islink(visit.there("link")), "no link was made")
    expect_same(os.readlink(visit.there("link")), "real", "the target")
    visit.do(("get", visit.remote("link"), visit.here("link")))
    visit.here_is("link", DATA[:1000])
    if "readlink" in visit.client.can:
        expect_same(visit.ask("readlink", visit.remote("link")), "real",
                    "readlink")


@step("listing", "10,000 entries",
      "a directory with 10,000 files is listed, or downloaded by "
      "clients that do not list",
      "it neither lists directories nor downloads them")
def _(visit):
    can = visit.client.can
    if "ls" not in can and "gettree" not in can:
        skip("")
    folder = visit.server.mkdir(visit.client.name + "/many")
    wanted = {"entry-%05d-%s" % (n, "x" * (n % 100)) for n in range(10000)}
    for name in wanted:
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    if "ls" in can:
        found = visit.ask("ls", visit.remote("many"))
    else:
        visit.do(("gettree", visit.remote("many"), visit.here("many")),
                 timeout=300)
        found = set(os.listdir(visit.here("many")))
    expect(found == wanted, "%d missing, %d too many, like %r"
           % (len(wanted - found), len(found - wanted),
              sorted(found - wanted)[:3]))


def sparse(path, size, tail=b""):
    with open(path, "wb") as out:
        out.truncate(size)
        out.seek(size)
        out.write(tail)
    return path


def ends_with(path, start, tail):
    with open(path, "rb") as file:
        expect_same(os.fstat(file.fileno()).st_size, start + len(tail),
                    "size of " + path)
        file.seek(start)
        expect(file.read() == tail, "the end of %s differs" % path)


@step("4gib", "large files",
      "a file of more than 4 GiB is resumed near its end in both directions, "
      "or copied; where the notes say so, one of 96 MiB")
def _(visit):
    can = visit.client.can
    resumes = "reput" in can and "reget" in can \
        and not visit.client.resumes_anew
    whole = not resumes and not visit.client.whole_4g
    start = MIB96 if whole else GIB4
    visit.put_there("huge-up", b"")
    names = [visit.there("huge-up"), visit.here("huge-up"),
             visit.put_there("huge-down", b""), visit.here("huge-down")]
    have = start if resumes else 0
    verbs = ("reput", "reget") if resumes else ("put", "get")
    try:
        sparse(names[0], have)
        sparse(names[1], start, TAIL)
        sparse(names[2], start, TAIL)
        sparse(names[3], have)
        visit.do((verbs[0], names[1], visit.remote("huge-up")),
                 timeout=300)
        visit.do((verbs[1], visit.remote("huge-down"), names[3]),
                 timeout=300)
        ends_with(names[0], start, TAIL)
        ends_with(names[3], start, TAIL)
    finally:
        for name in names:
            clear(name)
    return "96 MiB, because it always starts from the beginning" \
        if whole else ""


@step("rename", "rename over a file",
      "a file is renamed to the name of another one and replaces it",
      "it has no command to rename")
def _(visit):
    visit.needs("rename")
    visit.put_there("new", b"the new one")
    visit.put_there("old", b"old")
    result = visit.try_to(("rename", visit.remote("new"),
                           visit.remote("old")))
    if result.returncode == 0 and not os.path.exists(visit.there("new")):
        visit.there_is("old", b"the new one")
        return
    # Versions 3 and 4 have no plain RENAME that replaces: it is refused,
    # with words, and nothing is lost.
    visit.there_is("old", b"old")
    visit.there_is("new", b"the new one")
    complains(result, "exist", "fail", "overwrit")
    skip("refused: the client requests a RENAME that must not overwrite")


def complains(result, *words):
    text = said(result)
    expect(any(word in text.lower() for word in words if word),
           "no word of %s: %s" % (" or ".join(filter(None, words)), text))


@step("errors", "errors",
      "a missing file, an inaccessible directory and a wrong "
      "password cause clear error messages")
def _(visit):
    mute = visit.client.mute
    result = visit.try_to(("get", visit.remote("nowhere"),
                           visit.here("nowhere")))
    expect(result.returncode != 0 or visit.client.always_0,
           "a missing file is no error: " + said(result))
    complains(result, "no such file", "not found", "not exist", "no_such",
              "could not find", "couldn't find", mute)
    closed = visit.server.mkdir(visit.client.name + "/closed", mode=0o555)
    expect(os.stat(closed).st_uid == UID, closed)
    result = visit.try_to(("put", visit.here("x", b"x"),
                           visit.remote("closed/x")))
    expect(result.returncode != 0 or visit.client.always_0,
           "a closed directory is no error: " + said(result))
    complains(result, "denied", "permission_denied", "not permitted", mute)
    wrong = base64.b16encode(os.urandom(4)).decode()
    visit.use("plain", password=wrong)
    result = visit.try_to(("get", visit.remote("x"), visit.here("y")))
    expect(result.returncode != 0, "a wrong password worked")
    complains(result, "auth", "denied", "password", "login", "incorrect",
              mute)


def least_of(data):
    return max(2, LEAST * len(data) // FULL)


def rekeyed(visit, data, starter):
    """Both ways while keys are exchanged all the time; how many times, and
    the slowest, in ms."""
    mark = len(visit.server.log("sftp.log"))
    try:
        visit.both_ways("rekeyed", data, timeout=600)
    finally:
        for path in (visit.here("rekeyed"), visit.here("rekeyed.back"),
                     visit.there("rekeyed")):
            clear(path)
    log = visit.server.log("sftp.log")[mark:]
    expect("rekeying failed" not in log, "a rekey failed\n" + log[-2000:])
    found = log.count(" + Session key exchange:")
    expect(found >= least_of(data), "%d key exchanges" % found)
    took = [(who, int(ms)) for who, ms in re.findall(
        r"rekeying done \(started by (\w+)[^)]*\) after (\d+) ms", log)]
    expect_same(sorted({who for who, _ in took} - {starter}), [],
                "others who rekeyed")
    return len(took), max([ms for _, ms in took], default=0)


@step("rekey", "rekey",
      "64 MiB in both directions, with a rekey every 256 KiB, by the server "
      "and by clients that can start one")
def _(visit):
    data = os.urandom(FULL)
    visit.use("rekey")
    rekeyed(visit, data, "server")
    if visit.client.rekeys:
        visit.use("no-rekey", rekey=EACH)
        rekeyed(visit, data, "client")


@step("compress", "compression",
      "both directions are compressed after the login",
      "it has no compression")
def _(visit):
    if not visit.client.compresses:
        skip("")
    visit.use("zlib", compress=True)
    mark = len(visit.server.log("sftp.log"))
    visit.both_ways("zipped", b"all the same " * 100000 + DATA[:100000])
    log = visit.server.log("sftp.log")[mark:]
    expect(re.search(r"zlib", log), "nothing was compressed\n" + log)


@step("ten", "ten at once",
      "ten sessions at the same time")
def _(visit):
    def one(number):
        name = "ten-%d" % number
        visit.both_ways(name, DATA[:PART + number])
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))


@step("channels", "channels",
      "five channels of one connection upload at the same time",
      "it uses one channel per connection")
def _(visit):
    visit.needs("channels")
    visit.do(("channels", "5", visit.here("shared", DATA[:PART]),
              visit.remote("channel-")))
    for number in range(5):
        visit.there_is("channel-%d" % number, DATA[:PART])


@step("own", "its own",
      "further functions of the client: rclone `check`, `hashsum` by MD5 and "
      "SHA-1, `sync`, `copy`, `about`; restic `forget --prune`, `check "
      "--read-data`; MINA `check-file`, `copy-file`")
def _(_visit):
    skip("")
