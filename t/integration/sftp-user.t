#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: strace
# sanitizers: no

"""sftp-user: who is added can log in, who is removed cannot, and whatever
happens in between, nothing is half-done."""

import concurrent.futures
import contextlib
import io
import os
import re
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import (ASAN, PRELOAD, SOURCE, Server, keygen, must, run, said,
                    wait_for)

TOOL = os.path.join(SOURCE, "tools", "sftp-user")
sys.path.insert(0, os.path.dirname(TOOL))
sys.dont_write_bytecode = True
from sftp_user.main import main as tool  # noqa: E402


class Site:
    """A directory with files of users, and their homes."""

    def __init__(self, top):
        self.top = top
        os.makedirs(self.path("homes"))

    def path(self, *names):
        return os.path.join(self.top, *names)

    def words(self, *words):
        return [TOOL, "--etc", self.path("etc")] + list(words)

    def inside(self, *words):
        """As call(), in this process: a hundred refusals cost no time."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = tool(self.words(*words)[1:])
        return subprocess.CompletedProcess(words, code, out.getvalue().encode(),
                                           err.getvalue().encode())

    def call(self, *words, **more):
        return run(self.words(*words), **more)

    def adding(self, name, *words):
        return self.words("add", name, "--home", self.path("homes", name),
                          *words)

    def add(self, name, *words, **more):
        return run(self.adding(name, *words), **more)

    def names(self):
        out = must(self.call("list")).stdout.decode()
        return {line.split()[0] for line in out.splitlines()[1:]}

    def state(self):
        """All that is there, but for the lock and the last number."""
        found = {}
        for top, directories, files in os.walk(self.top):
            for name in directories + files:
                path = os.path.join(top, name)
                if name in (".lock", "last-uid"):
                    continue
                st = os.lstat(path)
                text = None
                if stat.S_ISREG(st.st_mode):
                    with open(path, "rb") as file:
                        text = file.read()
                found[os.path.relpath(path, self.top)] = (
                    st.st_mode, st.st_uid, st.st_gid, text)
        return found


class Users(Server):
    def __init__(self):
        super().__init__("SFTPAuthMethods publickey\n"
                         "Include @DIR@/site/etc/conf.d/*.conf\n",
                         drop=("AuthUserFile", "AuthGroupFile",
                               "SFTPAuthorizedUserKeys"))
        self.site = Site(self.path("site"))
        self.drop += ("RequireValidShell",)
        must(self.site.add("alice", "--key", self.key + ".pub"))
        etc = self.site.path("etc")
        self.directives += ("AuthUserFile %s/passwd\nAuthGroupFile %s/group\n"
                            "SFTPAuthorizedUserKeys file:%s/keys/%%u\n"
                            % (etc, etc, etc))

    def site_path(self, *names):
        return self.site.path(*names)

    def reload(self):
        """The tool reloads the daemon after it has checked what it reads."""
        return ["--reload", "--config", self.path("proftpd.conf"),
                "--pid-file", self.path("pid")]

    def batch(self, text, *options, user="alice", **more):
        self.user = user
        return self.sftp(text, *options, **more)


srv = Users()
names = iter("site%d" % number for number in range(1000))


def new_site():
    return Site(srv.path(next(names)))


def one_line(result, pattern):
    expect_same(result.returncode, 1, "exit status\n" + said(result))
    text = result.stderr.decode()
    expect(text.startswith("sftp-user: ") and text.count("\n") == 1
           and re.search(pattern, text), "no line with %r: %r" % (pattern,
                                                                  text))


@promise("a user who was added with a key logs in, and writes in their "
         "directory alone")
def _():
    data = srv.local("data", os.urandom(100000))
    must(srv.batch("put %s files/data" % data))
    path = srv.site_path("homes/alice/files/data")
    with open(path, "rb") as got, open(data, "rb") as sent:
        expect(got.read() == sent.read(), "the file came changed")
    expect_same(os.lstat(path).st_uid, 20000, "owner")
    for line in ("put %s data" % data, "mkdir new", "rename files other",
                 "rmdir files", "put %s ../data" % data):
        expect(srv.batch(line).returncode != 0, "it was allowed: " + line)
    expect_same(must(srv.batch("pwd")).stdout.split(b"\n")[-2],
                b"Remote working directory: /", "pwd")


@promise("the daemon knows a new user at once, with the key made for them")
def _():
    key = srv.path("made")
    out = must(srv.site.add("bob", "--new-key", key, "--dir", "in", "--dir",
                            "out")).stdout.decode()
    expect("bob: added" in out and "reload" in out, out)
    expect_same(os.lstat(key).st_mode & 0o777, 0o600, "mode of the key")
    data = srv.local("data", b"x" * 1000)
    must(srv.batch("put %s in/a\nput %s out/a" % (data, data), "-i", key,
                   user="bob"))
    expect_same(must(srv.site.call("list")).stdout.decode(),
                "%-16s %6s %-8s %4s %-8s %s\n" % (
                    "USER", "UID", "KIND", "KEYS", "PASSWORD", "HOME")
                + "".join("%-16s %6d %-8s %4s %-8s %s\n" % (
                    name, uid, "virtual", 1, "no",
                    srv.site_path("homes", name))
                    for name, uid in (("alice", 20000), ("bob", 20001))),
                "list")


@promise("a password works where it was given, after a reload")
def _():
    # The tool runs proftpd -t, which loads the module.
    env = dict(os.environ, ASAN_OPTIONS=ASAN)
    if PRELOAD:
        env["LD_PRELOAD"] = PRELOAD
    out = must(srv.site.add("carol", "--password", *srv.reload(), env=env,
                            input=srv.password.encode() + b"\n")).stdout
    expect(b"reloaded ProFTPD" in out, out)

    def tries(user):
        srv.user = user
        return run(["sftp", "-q", "-F", srv.ssh_config(), "-o",
                    "PreferredAuthentications=password", "-o",
                    "NumberOfPasswordPrompts=1", "srv"], input=b"pwd\n",
                   env=srv.password_env())

    wait_for(lambda: tries("carol").returncode == 0, "carol's login")
    expect(tries("alice").returncode != 0, "alice logged in by password")


@promise("a user who was removed cannot log in; their files stay")
def _():
    must(srv.site.call("remove", "bob"))
    expect(srv.batch("pwd", "-i", srv.path("made"), user="bob").returncode
           != 0, "bob logs in")
    expect_same(os.listdir(srv.site_path("homes/bob/in")), ["a"], "files")
    expect("bob" not in srv.site.names(), "bob is listed")
    one_line(srv.site.call("remove", "bob"), "no such user")
    one_line(srv.site.add("bob", "--key", srv.key + ".pub"), "there already")
    one_line(srv.site.add("bob", "--key", srv.key + ".pub",
                          "--use-existing", "--dir", "in"), "give --uid")
    must(srv.site.add("bob", "--key", srv.key + ".pub", "--use-existing",
                      "--dir", "in", "--uid", "20001"))
    must(srv.batch("get in/a %s" % srv.local("back"), user="bob"))
    must(srv.site.call("remove", "bob", "--delete-files"))
    expect_same(sorted(os.listdir(srv.site_path("homes"))),
                ["alice", "carol"], "homes")


@promise("a broken configuration is not reloaded")
def _():
    broken = srv.local("broken.conf", b"NoSuchDirective on\n")
    result = must(srv.site.call("remove", "carol", "--reload", "--config",
                                broken, "--pid-file", srv.path("pid")))
    expect(b"not reloaded, the configuration has an error" in result.stderr,
           said(result))
    must(srv.batch("pwd"))


def refused(site, result, pattern, before):
    one_line(result, pattern)
    expect_same(site.state(), before, "what is there")


@promise("odd names are refused, and nothing is made")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    before = site.state()
    for name in ("", ".", "..", "a/b", "../x", "A", "1a", "a b", "a:b",
                 "a\nb", "a'b", 'a"b', "a%u", "a*", "\u00e4", "$(id)", "a\\",
                 "a" * 33, "~", "a;b", "a\tb", ".hidden", "a\x1b[2J"):
        refused(site, site.inside("add", name, "--key", srv.key + ".pub"),
                "is not a name", before)
        refused(site, site.inside("remove", name), "is not a name", before)
    for name in ("-a", "--key"):
        expect_same(site.call("add", name).returncode, 2, "exit status")
    expect_same(site.state(), before, "what is there")


@promise("a last line by hand without its end stays")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    with open(site.path("etc", "passwd"), "a") as passwd:
        passwd.write("hand:*:3000:3000::/srv/hand:/bin/sh")
    must(site.add("bob", "--key", srv.key + ".pub"))
    with open(site.path("etc", "passwd")) as passwd:
        names = [line.split(":")[0] for line in passwd.read().splitlines()]
    expect_same(names, ["alice", "hand", "bob"], "users")


@promise("a file of users that is a link is left alone")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    os.rename(site.path("etc", "passwd"), site.path("etc", "real"))
    os.symlink("real", site.path("etc", "passwd"))
    refused(site, site.add("bob", "--key", srv.key + ".pub"), "is a link",
            site.state())


@promise("a directory in which something is mounted is not deleted")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    os.mkdir(site.path("other"))
    script = "mount --bind '%s' '%s' && exec \"$@\"" % (
        site.path("other"), site.path("homes", "alice", "files"))
    done = run(["unshare", "--mount", "sh", "-c", script, "sh"]
               + site.words("remove", "alice", "--delete-files"))
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        skip("no mounts here")
    one_line(done, "something is mounted there")
    expect_same(set(site.names()), {"alice"}, "users")


@promise("wrong words are refused with one line, and nothing is made")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    os.makedirs(site.path("open/inner"))
    os.chmod(site.path("open"), 0o777)
    os.symlink("/srv", site.path("link"))
    os.mkdir(site.path("homes/full"))
    for name, text in (("empty", b"# no key\n"), ("binary", b"\xff\x00"),
                       ("word", b"ssh-ed25519 AAAA\n"),
                       ("lies", b"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAA\n")):
        with open(site.path(name), "wb") as out:
            out.write(text)
    key = ("--key", srv.key + ".pub")
    before = site.state()
    for words, pattern in (
            (("alice",) + key, "alice: there is such a user"),
            (("root",) + key, "an account of this system"),
            (("bob",), "needs --key"),
            (("bob", "--key", site.path("none")), "No such file"),
            (("bob", "--key", srv.key), "a private key"),
            (("bob", "--key", site.path("empty")), "no key in it"),
            (("bob", "--key", site.path("binary")), "not a (file of )?public"),
            (("bob", "--key", site.path("word")), "key 1 is not a public key"),
            (("bob", "--key", site.path("lies")), "key 1 is not a public key"),
            (("bob", "--new-key", srv.key), "there already"),
            (("bob", "--new-key", site.path("none/key")), "no such dir"),
            (("bob", "--uid", "0") + key, "1000 or more"),
            (("bob", "--uid", "20000") + key, "that of alice"),
            (("bob", "--dir", "a/b") + key, "not the name of a directory"),
            (("bob", "--dir", "..") + key, "not the name of a directory"),
            (("bob", "--dir", ".ssh") + key, "not the name of a directory"),
            (("bob", "--dir", "a", "--dir", "a") + key, "twice"),
            (("bob", "--dir", "a", "--read-only") + key, "no place")):
        refused(site, site.inside("add", words[0], "--home", site.path(
            "homes", words[0]), *words[1:]), pattern, before)
    refused(site, site.add("bob", "--password"), "less than 8", before)
    for home, pattern in (
            ("relative", "absolute path"), ("/", "absolute path"),
            ("/etc/x", "no place"), ("/tmp", "no place"),
            (site.path("homes/../x"), "absolute path"),
            (site.path("homes") + "/", "absolute path"),
            (site.path("a b"), "absolute path"), (site.path("a:b"), "absolute"),
            (site.path("none/bob"), "No such file"),
            (site.path("open/bob"), "others than root"),
            (site.path("open/inner/bob"), "others than root"),
            (site.path("link/bob"), "links are not followed"),
            (site.path("homes/full"), "there already"),
            (site.path("homes/alice"), "overlaps"),
            (site.path("homes/alice/files/x"), "overlaps"),
            (site.path("homes"), "overlaps")):
        refused(site, site.inside("add", "bob", "--home", home, *key),
                pattern, before)
    must(run(["chown", "20005", site.path("homes")]))
    before = site.state()
    refused(site, site.add("bob", *key), "others than root", before)
    refused(site, site.call("add", "bob", *key, user=65534, group=65534,
                            extra_groups=[]), "root is needed", before)


@promise("of runs at the same time, each user is made once, all with their "
         "own number")
def _():
    site = new_site()
    wanted = ["user%d" % (number // 2) for number in range(12)]
    runs = [subprocess.Popen(site.adding(name, "--key", srv.key + ".pub"),
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) for name in wanted]
    codes = [one.wait(120) for one in runs]
    expect_same(codes.count(0), 6, "runs that made a user")
    expect_same(site.names(), set(wanted), "users")
    with open(site.path("etc/passwd")) as file:
        lines = [line.split(":") for line in file]
    expect_same(len({line[2] for line in lines}), 6, "numbers")
    for name in ("passwd", "group"):
        expect_same(os.lstat(site.path("etc", name)).st_mode & 0o777, 0o600,
                    "mode of " + name)
    runs = [subprocess.Popen(site.words("remove", name), stdout=
                             subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in wanted]
    expect_same([one.wait(120) for one in runs].count(0), 6,
                "runs that removed a user")
    expect_same(site.names(), set(), "users")


def killed(site, call, number, words):
    """Ends a run by SIGKILL before the Nth call of this name returns."""
    result = run(["strace", "-qq", "-o", "/dev/null", "-e",
                  "trace=/^%s" % call, "-e",
                  "inject=/^%s:signal=KILL:when=%d" % (call, number)] + words)
    if result.returncode not in (0, -9, 137):
        raise RuntimeError(said(result))
    return result.returncode != 0


def each_kill(call, prepare, words, check):
    """Kills at the first such call, the second ..., each time from what
    prepare() made; the number of calls."""
    site = new_site()
    prepare(site)
    before, saved, number = site.state(), site.top + ".saved", 0
    must(run(["cp", "-a", site.top, saved]))
    while True:
        number += 1
        if not killed(site, call, number, words(site)):
            return number - 1
        check(site, before, site.names(), "killed at %s %d" % (call, number))
        shutil.rmtree(site.top)
        must(run(["cp", "-a", saved, site.top]))


def can_trace():
    return run(["strace", "-qq", "-o", "/dev/null", "true"]).returncode == 0


def together(*jobs):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return [job.result() for job in [pool.submit(*job) for job in jobs]]


@promise("a run that is killed at any step leaves nothing, or the whole user")
def _():
    if not can_trace():
        skip("strace may not trace here")

    def prepare(site):
        must(site.add("first", "--key", srv.key + ".pub"))

    def check(site, before, users, what):
        after = site.state()
        if "second" not in users:
            expect_same(after, before, what)
            return
        new = {name for name in after if name not in before}
        expect_same(new, {"etc/keys/second", "etc/conf.d/second.conf", "key",
                          "key.pub", "homes/second", "homes/second/files"},
                    what)

    counts = together(*((each_kill, call, prepare, lambda site: site.adding(
        "second", "--new-key", site.path("key")), check)
        for call in ("rename", "mkdir", "chown")))
    expect(counts[0] >= 9 and counts[1] >= 2 and counts[2] >= 1,
           "only %r steps" % counts)


@promise("a removal that is killed at any step is none, or is finished")
def _():
    if not can_trace():
        skip("strace may not trace here")

    def prepare(site):
        must(site.add("first", "--key", srv.key + ".pub"))
        site.before_second = site.state()
        must(site.add("second", "--key", srv.key + ".pub"))
        with open(site.path("homes/second/files/data"), "w") as out:
            out.write("data")

    def check(site, before, users, what):
        wanted = before if "second" in users else site.before_second
        expect_same(site.state(), wanted, what)

    counts = together(*((each_kill, call, prepare, lambda site: site.words(
        "remove", "second", "--delete-files"), check)
        for call in ("rename", "unlink")))
    expect(min(counts) >= 4, "only %r steps" % counts)


@promise("what somebody put in the way is never removed")
def _():
    if not can_trace():
        skip("strace may not trace here")
    site = new_site()
    words = site.adding("alice", "--key", srv.key + ".pub")
    must(site.add("first", "--key", srv.key + ".pub"))
    # The number, twice the journal, the home; and it dies before the next.
    expect(killed(site, "rename", 5, words), "it was not killed")
    expect("alice:" not in open(site.path("etc/passwd")).read(), "too late")
    with open(site.path("homes/alice/files/data"), "w") as out:
        out.write("data")
    result = must(site.call("list"))
    expect(b"is not empty, and stays" in result.stderr, said(result))
    expect(os.path.exists(site.path("homes/alice/files/data")), "data is gone")
    expect(not os.path.exists(site.path("etc/keys/alice")), "the key stayed")


@promise("an interrupted run takes back what it began")
def _():
    site = new_site()
    must(site.add("first", "--key", srv.key + ".pub"))
    before = site.state()
    for sign in ("INT", "TERM", "HUP"):
        if not can_trace():
            skip("strace may not trace here")
        # The number, twice the journal, the home, the drop-in file.
        result = run(["strace", "-qq", "-o", "/dev/null", "-e",
                      "trace=/^rename", "-e", "inject=/^rename:signal=%s:"
                      "when=5" % sign] + site.adding("second", "--key",
                                                     srv.key + ".pub"))
        one_line(result, "interrupted")
        expect_same(site.state(), before, "after SIG" + sign)


def private_etc(site, script):
    """A shell script that sees a copy of /etc, and may change that."""
    etc = site.path("system")
    if not os.path.exists(etc):
        os.mkdir(etc)
        for name in ("passwd", "shadow", "group", "gshadow", "login.defs",
                     "nsswitch.conf", "pam.d", "security", "default",
                     "ld.so.cache", "pam.conf", "subuid", "subgid"):
            path = os.path.join("/etc", name)
            if os.path.exists(path):
                must(run(["cp", "-aL", path, etc]))
    how = ["unshare", "--mount"]
    if run(how + ["true"]).returncode != 0:
        how += ["--propagation", "unchanged"]
    return run(how + ["sh", "-c", "mount --bind '%s' /etc && { %s\n}"
                      % (etc, script)])


@promise("a user of the system is made and removed with their account, or not "
         "at all")
def _():
    site = new_site()
    add = " ".join(site.adding("sysuser", "--system", "--key",
                               srv.key + ".pub", "--password"))
    got = must(private_etc(site, "echo 'long enough' | %s && getent passwd "
                           "sysuser && getent shadow sysuser" % add)) \
        .stdout.decode()
    expect(re.search(r"^sysuser:x:20000:20000::%s:/usr/sbin/nologin$"
                     % site.path("homes/sysuser"), got, re.M), got)
    expect(re.search(r"^sysuser:\$6\$", got, re.M), got)
    expect_same(os.lstat(site.path("homes/sysuser/files")).st_uid, 20000,
                "owner")
    got = must(private_etc(site, " ".join(site.words("list")))).stdout
    expect(re.search(rb"^sysuser +20000 system +1 yes ", got, re.M), got)
    before = site.state()
    result = private_etc(site, add.replace("sysuser", "another").replace(
        "--password", "") + " --uid 20000")
    one_line(result, "in use")
    for program in ("useradd", "chpasswd"):
        # One that fails is in front of the real one.
        fake = site.path("system/fake")
        result = private_etc(
            site, "mkdir -p %s && printf '#!/bin/sh\\necho no >&2; exit 1\\n'"
            " > %s/%s && chmod 755 %s/%s && echo 'long enough' |"
            " PATH=%s:$PATH %s; code=$?; rm -r %s; exit $code" % (
                fake, fake, program, fake, program, fake,
                add.replace("sysuser", "another"), fake))
        one_line(result, program + ": no")
        after = site.state()
        expect_same({name for name in after if name not in before
                     and not name.endswith("-")}, set(),
                    "new after %s failed" % program)
        expect_same({name for name in before if name not in after}, set(),
                    "gone after %s failed" % program)
        for name in ("passwd", "group"):
            expect(b"another" not in after["system/" + name][3],
                   "another is in " + name)
    must(private_etc(site, " ".join(site.words("remove", "sysuser",
                                               "--delete-files"))))
    expect(b"sysuser" not in open(site.path("system/passwd"), "rb").read(),
           "the account stayed")
    expect_same(os.listdir(site.path("homes")), [], "homes")


main(srv)
