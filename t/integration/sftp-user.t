#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: acl e2fsprogs strace
# sanitizers: no

"""sftp-user: who is added can log in, who is removed cannot, and whatever
happens in between, nothing is half-done."""

import base64
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
from tap import Failed, expect, expect_same, main, promise, skip
from server import (ASAN, PRELOAD, SOURCE, Server, keygen, must, run, said,
                    wait_for)

TOOL = os.path.join(SOURCE, "tools", "sftp-user")
KEYS = os.path.join(SOURCE, "t", "data", "keys")
sys.path.insert(0, os.path.dirname(TOOL))
sys.dont_write_bytecode = True
from sftp_user.keyblob import TYPES, Bad, Reader, string  # noqa: E402
from sftp_user.keyopts import MOOT, OPTIONS  # noqa: E402
from sftp_user.keys import count_keys, entry_key, read_keys  # noqa: E402
from sftp_user.keys import text_of  # noqa: E402
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
traces = iter(range(1000))


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
    # As a shell completes the name of the directory.
    must(srv.site.add("bob", "--key", srv.key + ".pub", "--use-existing",
                      "--dir", "in", "--uid", "20001", "--home",
                      srv.site_path("homes/bob") + "/"))
    must(srv.batch("get in/a %s" % srv.local("back"), user="bob"))
    must(srv.site.call("remove", "bob", "--delete-files"))
    expect_same(sorted(os.listdir(srv.site_path("homes"))),
                ["alice", "carol"], "homes")


@promise("a broken configuration is not reloaded")
def _():
    broken = srv.local("broken.conf", b"NoSuchDirective on\n")
    # proftpd -t prints the error of this one, and succeeds.
    part = srv.local("part.conf", b"NoSuchDirective on\n")
    with open(srv.path("proftpd.conf")) as file:
        whole = srv.local("whole.conf", (file.read() + "Include %s*\n"
                                         % part).encode())
    for name, config, error in (("carol", broken, "NoSuchDirective"),
                                ("dave", whole, "NoSuchDirective.*part.conf")):
        if name != "carol":
            must(srv.site.add(name, "--key", srv.key + ".pub"))
        result = must(srv.site.call("remove", name, "--reload", "--config",
                                    config, "--pid-file", srv.path("pid")))
        text = result.stderr.decode()
        expect("not reloaded, the configuration has an error" in text
               and re.search("fatal: .*" + error, text), said(result))
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
        passwd.write("h\0:*:1:1::/:/bin/sh\n../x:*:\u00b2:1::/:/bin/sh\n"
                     "hand:*:3000:3000::/srv/hand:/bin/sh")
    must(site.add("bob", "--key", srv.key + ".pub"))
    expect_same(site.names(), {"alice", "hand", "bob"}, "list")
    with open(site.path("etc", "passwd")) as passwd:
        names = [line.split(":")[0] for line in passwd.read().splitlines()]
    expect_same(names, ["alice", "h\0", "../x", "hand", "bob"], "users")


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
    os.mkdir(site.path("theirs"))
    os.chown(site.path("theirs"), 20005, 20005)
    os.mkdir(site.path("homes/full"))
    for name, text in (("empty", b"# no key\n"), ("binary", b"\xff\x00"),
                       ("word", b"# mine\nssh-ed25519 AAAA\n"),
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
            (("bob", "--key", site.path("binary")), "line 1 holds a NUL byte"),
            (("bob", "--key", site.path("word")), "line 2 is not a public key"),
            (("bob", "--key", site.path("lies")), "line 1 is not a public key"),
            (("bob", "--new-key", srv.key), "there already"),
            (("bob", "--new-key", site.path("none/key")), "No such file"),
            (("bob", "--new-key", site.path("open/key")),
             "--new-key: .*/open: others than root may write there"),
            (("bob", "--new-key", site.path("open/inner/key")),
             "--new-key: .*/open: others than root may write there"),
            (("bob", "--new-key", site.path("theirs/key")),
             "--new-key: .*/theirs: others than root may write there"),
            (("bob", "--new-key", "/tmp/bob.key"),
             "--new-key: /tmp: others than root may write there"),
            (("bob", "--new-key", site.path("link/key")),
             "links are not followed"),
            (("bob", "--new-key", site.path("etc/keys/eve")), "no place"),
            (("bob", "--uid", "0") + key, "1000 or more"),
            (("bob", "--uid", "20000") + key, "that of alice"),
            (("bob", "--dir", "a/b") + key, "not the name of a directory"),
            (("bob", "--dir", "..") + key, "not the name of a directory"),
            (("bob", "--dir", ".ssh") + key, "not the name of a directory"),
            (("bob", "--dir", "a", "--dir", "a") + key, "twice"),
            (("bob", "--dir", "a", "--read-only") + key, "no place")):
        refused(site, site.inside("add", words[0], "--home", site.path(
            "homes", words[0]), *words[1:]), pattern, before)
    for text, pattern in ((b"", "less than 8"), (b"short\n", "less than 8"),
                          (b"8 letters \xe4\n", "not UTF-8"),
                          (b"8 letters \0x\n", "control character"),
                          (b"x" * 512, "more than 511 bytes"),
                          (b"x" * 10000, "more than 511 bytes")):
        refused(site, site.add("bob", "--password", input=text), pattern,
                before)
    for home, pattern in (
            ("relative", "absolute path"), ("/", "absolute path"),
            ("//etc", "absolute path"), ("//", "absolute path"),
            ("/etc/x", "no place"), ("/etc/", "no place"), ("/tmp", "no place"),
            ("/var/lib", "no place"), ("/var/log/x", "no place"),
            (site.path("homes/../x"), "absolute path"),
            (site.path("homes") + "/", "overlaps"),
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


def public_blobs():
    """{type: blob} of keys of all types."""
    found = {}
    for name in ("ed25519", "ed448", "rsa", "dsa", "ecdsa256", "ecdsa384",
                 "ecdsa521"):
        with open(os.path.join(KEYS, name + ".pub")) as file:
            kind, text = file.read().split()[:2]
            found[kind] = base64.b64decode(text)
    with open(os.path.join(KEYS, "mldsa44-ed25519")) as file:
        data = base64.b64decode("".join(file.read().split("\n")[1:-2]))
    # PROTOCOL.key: four strings of no length or "none", a number, the key.
    reader = Reader(data.removeprefix(b"openssh-key-v1\0"))
    for _ in range(3):
        reader.string()
    reader.take(4)
    found["ssh-mldsa44-ed25519@openssh.com"] = reader.string()
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        sk = "sk-%s@openssh.com" % kind
        found[sk] = string(sk.encode()) + found[kind][4 + len(kind):] \
            + string(b"ssh:")
    return found


@promise("a key is read to its end: cut, damaged or too long, it is refused")
def _():
    blobs = public_blobs()
    with open(os.path.join(SOURCE, "keys.c")) as file:
        named = set(re.findall(r'{ "([^"]+)", +&sftp_key_', file.read()))
    expect(len(named) >= 9 and named <= set(TYPES), named - set(TYPES))
    expect_same(set(blobs), set(TYPES), "types with a key here")

    def verdict(kind, blob):
        try:
            entry_key(["%s %s me" % (kind, base64.b64encode(blob).decode())])
            return "taken"
        except Bad as why:
            return str(why)

    for kind, blob in blobs.items():
        expect_same(verdict(kind, blob), "taken", kind)
        for size in range(len(blob)):
            expect(verdict(kind, blob[:size]) != "taken",
                   "%s, cut to %d bytes" % (kind, size))
        expect(verdict(kind, blob + b"\0") != "taken", kind + " and a byte")
        if "rsa" not in kind and not kind.startswith("sk-"):
            wrong = bytearray(blob)
            wrong[-2] ^= 0x10
            wrong[-3] ^= 0x21
            expect("numbers" in verdict(kind, bytes(wrong)), kind + " changed")
        line = "%s %s" % (kind, base64.b64encode(blob).decode())
        for cut in (1, 2, 3, 4, 9):
            try:
                entry_key([line.rstrip("=")[:-cut]])
                raise Failed("%s, base64 less %d" % (kind, cut))
            except Bad:
                pass
    small = string(b"ssh-ed25519") + string(bytes(32))
    expect("numbers" in verdict("ssh-ed25519", small), "of small order")


@promise("only files are taken in which the server finds the keys")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    before = site.state()
    with open(srv.key + ".pub") as file:
        plain = file.read().strip()
    block = must(run(["ssh-keygen", "-e", "-f", srv.key + ".pub"])) \
        .stdout.decode()
    ca = keygen(srv.path("user_ca"), "-t", "ed25519")
    shutil.copy(srv.key + ".pub", srv.path("certified.pub"))
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "x", "-n", "ann",
              srv.path("certified.pub")]))
    with open(srv.path("certified-cert.pub")) as file:
        certificate = file.read()
    path = site.path("../given-keys")
    for text, pattern in (
            (block.replace("---- END SSH2 PUBLIC KEY ----", ""), "without its "
             "END line"),
            (block + block.replace("---- END SSH2 PUBLIC KEY ----", ""),
             "without its END line"),
            ("---- BEGIN SSH2 PUBLIC KEY ----\n---- END SSH2 PUBLIC KEY ----\n",
             "not whole"),
            (block.replace("AAAA", "AAA"), "not whole|cut short"),
            (block.replace("Comment", "AAAA\nComment"), "behind the key"),
            (plain + "\0", "NUL byte"), (plain + "\x1b[2J", "control"),
            (plain + "\n" + plain[:50] + "\n", "line 2 is not whole"),
            ("no-such-option " + plain, "option no-such-option that is not "
             "known"),
            ("from=\"1.2.3.4,1.2.3.4/40\" " + plain, "1.2.3.4/40"),
            ('from="1.2.3.4 ' + plain, "not a public key"),
            ("from " + plain, "lacks its value"),
            ('command="/bin/sh" ' + plain, "no others are run"),
            ('command="internal-sftp -x" ' + plain, "not known"),
            ('command="scp -t" ' + plain, "needs -t or -f"),
            ('expiry-time="20200101" ' + plain, "has expired"),
            ('expiry-time="tomorrow" ' + plain, "YYYYMMDD"),
            ("environment=PATH " + plain, "NAME=value"),
            ('principals="a" ' + plain, "without cert-authority"),
            ('principals="a",cert-authority,principals="b" ' + plain, "twice"),
            ("restrict,,pty=x=y,no-touch-required=1 " + plain, "no value"),
            ('restrict,from="a\\" ' + plain, "not a public key|damaged"),
            (certificate, "is a certificate"),
            ("cert-authority " + certificate, "is a certificate"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "it is PEM"),
            ("ssh-new AAAAB3NzaC1uZXcAAAAA\n", "'ssh-new', which the server"),
            ("\ufeff" + "x\n", "not a public key"),
            ("#" * (1 << 20) + plain, "1 MiB")):
        with open(path, "w") as out:
            out.write(text)
        refused(site, site.inside("add", "bob", "--home", site.path(
            "homes/bob"), "--key", path), pattern, before)
    with open(path, "w", encoding="utf-16") as out:
        out.write(plain)
    refused(site, site.inside("add", "bob", "--home", site.path("homes/bob"),
                              "--key", path), "UTF-16", before)
    for text, number in (
            (plain.replace(" ", "\t") + "\r\n\r\n  # x\r" + block, 2),
            ("\ufeff" + block.replace("\n", "\r\n"), 1),
            ('RESTRICT,From="10.0.0.0/8,!10.1.*,::1",environment="A=b c",'
             'expiry-time="29991231Z",command="internal-sftp -Rd /in -u 022" '
             + plain, 1),
            ('from="*",command="/usr/bin/scp -t \\"/a b\\"" ' + plain, 1),
            (plain + " my PRIVATE KEY's other half", 1)):
        with open(path, "w") as out:
            out.write(text)
        keys = read_keys(path)
        expect_same(len(keys), number, text)
        expect_same(count_keys(text_of(keys)), number, text)
    with open(os.path.join(SOURCE, "ftpd/login/ftpd-keyopts.c")) as file:
        source = file.read()
    rows = re.findall(r'  { "([^"]+)", (true|false), take_', source)
    expect_same({name: has == "true" for name, has in rows},
                {name: row[0] for name, row in OPTIONS.items()}, "options")
    moot = re.search(r"moot_options\[\] = {(.*?)}", source, re.S)[1]
    expect_same(set(re.findall('"([^"]+)"', moot.lower())), set(MOOT), "moot")


@promise("the key of an authority lets in its certificates, and says so")
def _():
    ca = srv.path("user_ca")
    with open(ca + ".pub") as file:
        line = 'cert-authority,principals="ann,other" ' + file.read()
    out = must(srv.site.add("dora", "--key", srv.local(
        "authority", line.encode()))).stdout.decode()
    expect("key of an authority" in out, out)
    key = srv.path("certified")
    shutil.copy(srv.key, key)
    must(srv.batch("pwd", "-i", key, "-o", "CertificateFile=%s-cert.pub" % key,
                   user="dora"))
    expect(srv.batch("pwd", user="dora").returncode != 0, "a plain key")
    must(srv.site.call("remove", "dora", "--delete-files"))


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


def injected(call, fault, number, words):
    """A run whose Nth call of this name meets a fault; and whether it had as
    many."""
    trace = srv.path("trace-%d" % next(traces))
    result = run(["strace", "-qq", "-o", trace, "-e", "trace=/^%s" % call,
                  "-e", "inject=/^%s:%s:when=%d" % (call, fault, number)]
                 + words)
    with open(trace) as file:
        return result, sum(line.startswith(call) for line in file) >= number


def killed(call, number, words):
    """Ends a run by SIGKILL before the Nth call of this name returns."""
    result, _ = injected(call, "signal=KILL", number, words)
    if result.returncode not in (0, -9, 137):
        raise RuntimeError(said(result))
    return result.returncode != 0


def each_fault(call, fault, prepare, words, check, step=1):
    """A fault at the first such call, the second ..., each time from what
    prepare() made; the number of calls."""
    site = new_site()
    prepare(site)
    before, saved, number = site.state(), site.top + ".saved", 1
    must(run(["cp", "-a", site.top, saved]))
    while True:
        result, met = injected(call, fault, number, words(site))
        if not met:
            return number - 1
        check(site, before, result, "%s at %s %d" % (fault, call, number))
        shutil.rmtree(site.top)
        must(run(["cp", "-a", saved, site.top]))
        number += step


def each_kill(call, prepare, words, check):
    return each_fault(call, "signal=KILL", prepare, words, lambda site, before,
                      _, what: check(site, before, site.names(), what))


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
    expect(killed("rename", 5, words), "it was not killed")
    expect("alice:" not in open(site.path("etc/passwd")).read(), "too late")
    with open(site.path("homes/alice/files/data"), "w") as out:
        out.write("data")
    result = must(site.call("list"))
    expect(b"is not empty, and stays" in result.stderr, said(result))
    expect(os.path.exists(site.path("homes/alice/files/data")), "data is gone")
    expect(not os.path.exists(site.path("etc/keys/alice")), "the key stayed")


def consistent(there, done):
    """For each_fault(): the run says what became of the user, in one line if
    it failed; and it leaves nothing to do."""
    def check(site, before, result, what):
        expect(not os.path.exists(site.path("etc", ".journal")),
               what + ": a journal is left")
        after = site.state()
        if result.returncode == 0:
            expect(("second" in site.names()) == there, what + ": not done")
            expect(done in result.stdout, what + said(result))
            site.times_done += 1
        elif b"is removed, but some of their files" in result.stderr:
            # The next run goes on.
            expect("second" not in site.names(), what + ": not done")
            expect(os.listdir(site.path("homes")) == ["first"], what)
        else:
            one_line(result, "interrupted|/site.*: Input/output error")
            expect_same(after, before, what)
    return check


@promise("an interrupted run has taken back what it began, or it is done")
def _():
    if not can_trace():
        skip("strace may not trace here")
    sites = []

    def prepare(site):
        must(site.add("first", "--key", srv.key + ".pub"))
        site.times_done = 0
        sites.append(site)

    def prepare_two(site):
        prepare(site)
        must(site.add("second", "--key", srv.key + ".pub"))

    def adding(site):
        return site.adding("second", "--key", srv.key + ".pub")

    def removing(site):
        return site.words("remove", "second", "--delete-files")

    counts = together(
        *((each_fault, call, "signal=" + sign, prepare, adding,
           consistent(True, b"second: added"))
          for sign, call in (("TERM", "rename"), ("INT", "unlink"))),
        *((each_fault, call, "signal=" + sign, prepare_two, removing,
           consistent(False, b"second: removed"))
          for sign, call in (("INT", "rename"), ("HUP", "unlink"))))
    expect(min(counts) >= 3, "only %r steps" % counts)
    expect(all(site.times_done for site in sites), "never done")
    expect(sum(site.times_done for site in sites) < sum(counts) - 2,
           "never taken back")


@promise("a disk that fails at any step is named, and nothing is half-done")
def _():
    if not can_trace():
        skip("strace may not trace here")

    def prepare(site):
        must(site.add("first", "--key", srv.key + ".pub"))
        site.times_done = 0

    expect(each_fault("fsync", "error=EIO", prepare, lambda site: site.adding(
        "second", "--key", srv.key + ".pub"),
        consistent(True, b"second: added"), step=2) >= 8, "too few steps")


@contextlib.contextmanager
def immutable(path):
    if run(["chattr", "+i", path]).returncode != 0:
        skip("no immutable files here")
    try:
        yield
    finally:
        must(run(["chattr", "-i", path]))


@promise("files that cannot be deleted stop nobody, and go when they can")
def _():
    site = new_site()
    for name in ("first", "second"):
        must(site.add(name, "--key", srv.key + ".pub"))
    place = site.path("homes", ".first.removed")
    with open(site.path("homes/first/files/data"), "w") as out:
        out.write("data")
    if not can_trace():
        skip("strace may not trace here")
    result, met = injected("unlinkat", "error=EPERM", 1, site.words(
        "remove", "first", "--delete-files"))
    expect(met and result.returncode == 1, said(result))
    text = result.stderr.decode()
    # Python 3.13 names the directory of what it could not delete.
    expect(re.search(r"%s/files(/data)?: Operation not permitted|cannot be "
                     r"deleted \((data|.*/data): Operation" % place, text)
           and "some of their files are left in " + place in text, text)
    expect(os.path.exists(place + "/files/data"), "it was deleted")
    # Another user of this name, whose files fail as well; others go on.
    with immutable(place + "/files/data"):
        result = must(site.add("third", "--key", srv.key + ".pub"))
        expect(b".first.removed" in result.stderr, said(result))
        must(site.add("first", "--key", srv.key + ".pub"))
        result = must(site.call("remove", "first", "--delete-files"))
        expect_same(sorted(os.listdir(site.path("homes"))),
                    [".first.removed", "second", "third"], "homes")
    expect_same(site.names(), {"second", "third"}, "users")
    expect(not os.path.exists(place), "its files stay")
    expect(".leftovers" not in os.listdir(site.path("etc")), "a list stays")


@promise("what another run began and cannot be ended is named, and can be "
         "listed")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    journal = site.path("etc", ".journal")
    for text in ("{}", "[]", "1", "null", "\0", "{", "[" * 100000,
                 '{"action": "add", "name": "bob"}',
                 '{"action": "add", "name": "../x", "system": false, '
                 '"temporary": [], "made": []}',
                 '{"action": "add", "name": "bob", "system": false, '
                 '"temporary": [1], "made": []}',
                 '{"action": "add", "name": "bob", "system": false, '
                 '"temporary": [], "made": [1]}',
                 '{"action": "remove", "name": "bob", "system": false, '
                 '"temporary": [], "delete": ["/x"]}'):
        with open(journal, "w") as out:
            out.write(text)
        refused(site, site.inside("add", "bob", "--key", srv.key + ".pub"),
                "etc/.journal is damaged", site.state())
        result = must(site.inside("list"))
        expect(b"damaged" in result.stderr and b"alice" in result.stdout,
               said(result))
    os.unlink(journal)
    with immutable(site.path("etc/keys/alice")):
        for words in (("remove", "alice"), ("remove", "other")):
            one_line(site.call(*words), "keys/alice: Operation not permitted: "
                     "the run that began to remove alice cannot be ended .*"
                     "/etc/.journal")
        expect(b"cannot be ended" in must(site.call("list")).stderr, "list")
    must(site.add("bob", "--key", srv.key + ".pub"))
    expect_same(site.names(), {"bob"}, "users")


@promise("the files of users keep their owner, their mode and their lists of "
         "access")
def _():
    site = new_site()
    must(site.add("alice", "--key", srv.key + ".pub"))
    expected = {}
    for name, mode in (("passwd", 0o640), ("group", 0o444)):
        path = site.path("etc", name)
        os.chown(path, 12345, 23456)
        os.chmod(path, mode)
        if run(["setfacl", "-m", "u:33:r", path]).returncode != 0:
            skip("no lists of access here")
        expected[name] = (os.lstat(path).st_mode, os.lstat(path).st_uid,
                          os.lstat(path).st_gid, run(
                              ["getfacl", "-cn", path]).stdout)
    must(site.add("bob", "--key", srv.key + ".pub"))
    must(site.call("remove", "alice"))
    for name, wanted in expected.items():
        path = site.path("etc", name)
        expect_same((os.lstat(path).st_mode, os.lstat(path).st_uid,
                     os.lstat(path).st_gid, run(["getfacl", "-cn", path])
                     .stdout), wanted, name)
    expect_same(site.names(), {"bob"}, "users")


@promise("output that cannot be written is no failure of what was done")
def _():
    site = new_site()
    for command in ("add alice --home %s --key %s.pub" % (
            site.path("homes/alice"), srv.key), "remove alice --delete-files"):
        result = must(run(["sh", "-c", " ".join(site.words()) + " " + command
                           + " > /dev/full"]))
        expect(b"output: No space left" in result.stderr, said(result))
    must(site.add("alice", "--key", srv.key + ".pub"))
    result = run(["sh", "-c", " ".join(site.words()) + " list > /dev/full"])
    expect(result.returncode == 1 and b"Traceback" not in result.stderr,
           said(result))


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
