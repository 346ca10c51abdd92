#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: haproxy postgresql proftpd-mod-crypto proftpd-mod-pgsql
# needs: proftpd-mod-sqlite
# needs: python3-paramiko sqlite3
# sanitizers: alone

"""Each recipe of doc/recipes starts as it is written, after the commands in its
head, and real clients get what it promises and no more."""

import base64
import concurrent.futures
import glob
import hashlib
import hmac
import os
import re
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from machine import Machine
from server import SOURCE, must, run, said, wait_for
from tap import expect, expect_same, main, promise, skip

RECIPES = os.path.join(SOURCE, "doc", "recipes")
PASSWORD = "correct horse 7"


def text_of(name):
    with open(os.path.join(RECIPES, name)) as file:
        return file.read()


def commands_of(name):
    """The blocks of commands in the head of a recipe."""
    head = text_of(name).split("\n\n")[0].split("\n")
    blocks, here = [], []
    for line in head + [""]:
        if line.startswith("#   "):
            here.append(line[4:])
        elif here:
            blocks.append("\n".join(here) + "\n")
            here = []
    return blocks


class Site(Machine):
    """A machine on which a recipe is followed."""

    def __init__(self, recipe, keys=("alice",), addresses=()):
        super().__init__(addresses)
        self.recipe = recipe
        self.daemon = None
        if not self.up:
            return
        must(run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                  self.path("work/id_ed25519")]))
        for name in keys:
            must(run(["cp", self.path("work/id_ed25519.pub"),
                      self.path("work", name + ".pub")]))
        # Keys of this machine, and none of what else is there.
        self.sh("rm -rf /etc/proftpd/conf.d/* /etc/ssh/ssh_host_*; "
                "ssh-keygen -A")
        self.put("/etc/proftpd/proftpd.conf", text_of(recipe))
        with open(self.path("askpass"), "w") as out:
            out.write("#!/bin/sh\necho '%s'\n" % PASSWORD)
        os.chmod(self.path("askpass"), 0o700)

    def follow(self, *numbers):
        """Does what the recipe's head says."""
        blocks = commands_of(self.recipe)
        for number in numbers or range(len(blocks)):
            self.sh(blocks[number].replace(" --reload", ""),
                    input=PASSWORD.encode() + b"\n")

    def begin_daemon(self, *ports):
        self.daemon = self.proftpd("-q", "-c", "/etc/proftpd/proftpd.conf")
        for port in ports or (2222,):
            self.listens(port, self.daemon)

    def options(self, port, user, *more):
        return ["-P" if port else "-q", str(port), "-q", "-F", "none", "-i",
                self.path("work/id_ed25519"), "-o", "IdentitiesOnly=yes", "-o",
                "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile="
                + self.path("known"), "-o", "NumberOfPasswordPrompts=1"] \
            + list(more) + [user + "@127.0.0.1"]

    def sftp(self, user, batch, *more, port=2222):
        return self.run("sftp", "-b", "-", *self.options(port, user, *more),
                        input=batch.encode() + b"\n")

    def with_password(self, user, batch, *more, port=2222):
        """sftp -b forbids passwords; so the first failure is not the exit."""
        env = dict(self.env(), SSH_ASKPASS=self.path("askpass"),
                   DISPLAY="none", SSH_ASKPASS_REQUIRE="force")
        return self.run("sftp", "-o", "PubkeyAuthentication=no", *self.options(
            port, user, *more), input=batch.encode() + b"\n", env=env)

    def gets_in(self, user, how=None, **more):
        result = (how or self.sftp)(user, "pwd", **more)
        if result.returncode == 0:
            return True
        expect(b"Permission denied" in result.stderr
               or b"Received disconnect" in result.stderr
               or b"Connection closed" in result.stderr, said(result))
        return False

    def is_refused(self, user, *lines):
        for line in lines:
            result = self.sftp(user, line)
            expect(result.returncode != 0 and b"Connected" not in result.stdout,
                   "%s did: %s" % (user, line))
            expect(re.search(rb"denied|not found|No such file|Failure|exists|"
                             rb"Couldn't|refused", result.stderr),
                   "%s: %s" % (line, said(result)))

    def logs(self):
        text = ""
        for name in ("proftpd.log", "sftp.log", "sql.log", "otp.log",
                     "quota.log", "fail2ban.log", "0-proftpd.log",
                     "1-proftpd.log", "0-sftp.log", "1-sftp.log"):
            text += self.read("/var/log/proftpd/" + name)
        return text


def local(site, name, size=1000):
    path = site.path("work", name)
    with open(path, "wb") as out:
        out.write(os.urandom(size))
    return path


sites = {}
PLANS = {}


def plan(recipe, *args, **more):
    """How a site is made ready; all are, at the same time."""
    def register(func):
        PLANS[recipe] = (func, args, more)
        return func
    return register


def make_ready(recipe):
    func, args, more = PLANS[recipe]
    site = Site(recipe, *args, **more)
    sites[recipe] = site
    if site.up:
        func(site)


def recipe_promise(recipe, text):
    def register(func):
        @promise("%s: %s" % (recipe[:-len(".conf")], text))
        def _():
            site = sites[recipe]
            if not site.up:
                skip("no namespaces or no overlay here: " + site.why()[:200])
            try:
                if made[recipe].exception():
                    raise made[recipe].exception()
                func(site)
            except Exception:
                print("".join("# %s\n" % line for line in
                              site.logs().splitlines()[-25:]), end="")
                raise
        return func
    return register


@plan("web-sites.conf", ("shop", "ada"))
def _(site):
    site.follow()
    site.begin_daemon()


@recipe_promise("web-sites.conf", "a site's user writes only below its "
                "document root, and sees no other site")
def _(site):
    data = local(site, "index.html")
    must(site.sftp("shop", "put %s htdocs/index.html\nmkdir htdocs/img\n"
                   "put %s htdocs/img/a" % (data, data)))
    expect_same(site.sh("stat -c %U:%a /srv/www/shop; stat -c %u "
                        "/srv/www/shop/htdocs/index.html").split(),
                ["root:755", "20000"], "owners")
    site.is_refused("shop", "put %s index.html" % data, "mkdir other",
                    "rename htdocs old", "rmdir htdocs", "ls /blog",
                    "ls ../blog", "get /etc/passwd")


@recipe_promise("web-sites.conf", "passwords work for those who are named, "
                "never for administrators or root")
def _(site):
    expect(site.gets_in("blog", site.with_password), "blog is refused")
    for name in ("shop", "ada", "root"):
        expect(not site.gets_in(name, site.with_password), name + " gets in")
    expect(not site.gets_in("root"), "root gets in")


@recipe_promise("web-sites.conf", "an administrator sees all sites, by key")
def _(site):
    out = must(site.sftp("ada", "ls /srv/www")).stdout.decode()
    expect("/srv/www/shop" in out and "/srv/www/blog" in out, out)


@recipe_promise("web-sites.conf", "a user who is removed is out")
def _(site):
    site.sh("sftp-user remove blog")
    expect(not site.gets_in("blog", site.with_password), "blog gets in")


@plan("sftp-only.conf")
def _(site):
    site.follow()
    site.sh("useradd -m -d /srv/carol -G sftp-open -s /usr/sbin/nologin carol;"
            "useradd -m -d /srv/dave dave")
    site.sh("usermod -d /srv/bob bob && mkdir /srv/bob && chown bob /srv/bob")
    for name in ("bob", "carol", "dave"):
        site.sh("echo '%s:%s' | chpasswd; install -d -m 700 -o %s /srv/%s/.ssh;"
                "install -m 600 -o %s alice.pub /srv/%s/.ssh/authorized_keys"
                % (name, PASSWORD, name, name, name, name))
    site.begin_daemon()


@recipe_promise("sftp-only.conf", "members get in by key and password, with "
                "and without a jail; others do not")
def _(site):
    data = local(site, "data")
    must(site.sftp("bob", "put %s data" % data))
    must(site.sftp("carol", "put %s data" % data))
    expect(site.gets_in("bob", site.with_password), "bob's password")
    site.is_refused("bob", "get /etc/hostname")
    must(site.sftp("carol", "get /etc/passwd got"))
    for how in (site.sftp, site.with_password):
        expect(not site.gets_in("dave", how), "dave gets in")
        expect(not site.gets_in("root", how), "root gets in")


@recipe_promise("sftp-only.conf", "SCP works, a shell and commands do not")
def _(site):
    data = local(site, "data")
    must(site.run("scp", "-O", *site.options(2222, "bob")[:-1], data,
                  "bob@127.0.0.1:copy"))
    for command in ("id", "true", "sh"):
        options = site.options(2222, "bob")
        result = site.run("ssh", "-p", *options[1:], command)
        expect(result.returncode != 0, "it ran: " + command)


@plan("drop-box.conf", ("partner",))
def _(site):
    site.follow()
    site.begin_daemon()


@recipe_promise("drop-box.conf", "files can be left, and nothing else")
def _(site):
    data = local(site, "data", 100000)
    must(site.sftp("partner", "put %s incoming/one" % data))
    must(site.sftp("partner", "cd incoming\nput %s two" % data))
    expect_same(site.sh("cd /srv/sftp/partner/incoming && cmp one '%s' && "
                        "cmp two one && ls -A" % data).split(),
                ["one", "two"], "files")
    site.is_refused("partner", "ls incoming", "get incoming/one",
                    "rm incoming/one", "rename incoming/one incoming/new",
                    "mkdir incoming/dir", "put %s incoming/one" % data,
                    "ln incoming/one incoming/link", "put %s here" % data)


@plan("read-only-mirror.conf")
def _(site):
    site.follow()
    site.sh("echo news > /srv/mirror/news")
    site.begin_daemon()


@recipe_promise("read-only-mirror.conf", "everybody reads, nobody writes")
def _(site):
    result = must(site.with_password(
        "anonymous", "get news\nput alice.pub\nmkdir x\nrm news\nls /etc"))
    expect_same(site.sh("cat news; ls -A /srv/mirror").split(),
                ["news", "news"], "files")
    expect(result.stderr.count(b"denied") >= 3, said(result))
    for name in ("nobody", "root", "proftpd"):
        expect(not site.gets_in(name, site.with_password), name + " gets in")


@plan("old-devices.conf", addresses=("192.0.2.1",))
def _(site):
    site.follow()
    site.sh("sftp-user add alice --key alice.pub")
    site.begin_daemon(2222)
    site.listens(2022, site.daemon, "192.0.2.1")


OLD = ("-o", "KexAlgorithms=diffie-hellman-group14-sha1", "-o",
       "Ciphers=aes128-cbc", "-o", "MACs=hmac-sha1", "-o",
       "HostKeyAlgorithms=ssh-rsa")


@recipe_promise("old-devices.conf", "a device uploads with old algorithms, "
                "from its network")
def _(site):
    result = site.with_password("scanner", "put alice.pub in/scan", "-o",
                                "BindAddress=192.0.2.1", *OLD, port=2022)
    must(result)
    expect_same(site.sh("ls /srv/sftp/scanner/in").split(), ["scan"], "files"
                + said(result))
    expect(not site.gets_in("scanner", site.with_password, port=2022),
           "from another network")
    expect(not site.gets_in("scanner", site.with_password), "on port 2222")


@recipe_promise("old-devices.conf", "the other port knows no old algorithms, "
                "and has the other users")
def _(site):
    result = site.sftp("alice", "pwd", *OLD)
    expect(result.returncode != 0 and "no shared key exchange algorithm found"
           in site.logs(), said(result))
    expect(site.gets_in("alice"), "alice is refused")
    expect(site.with_password("alice", "pwd", "-o", "BindAddress=192.0.2.1",
                              *OLD, port=2022).returncode != 0,
           "alice on port 2022")


@plan("key-and-totp.conf")
def _(site):
    site.follow()
    site.begin_daemon()


def code_now(secret):
    mac = hmac.new(base64.b32decode(secret), struct.pack(
        ">Q", int(time.time()) // 30), hashlib.sha1).digest()
    value = struct.unpack(">I", mac[mac[-1] & 15:][:4])[0] & 0x7fffffff
    return "%06d" % (value % 1000000)


@recipe_promise("key-and-totp.conf", "a login takes the key and the code")
def _(site):
    secret = site.sh("sqlite3 /srv/otp/otp.db 'SELECT secret FROM otp'")

    def tries(answer, *more):
        with open(site.path("code"), "w") as out:
            out.write("#!/bin/sh\necho '%s'\n" % answer)
        os.chmod(site.path("code"), 0o700)
        env = dict(site.env(), SSH_ASKPASS=site.path("code"), DISPLAY="none",
                   SSH_ASKPASS_REQUIRE="force")
        return site.run("sftp", *site.options(2222, "alice", *more),
                        input=b"put alice.pub files/data\n", env=env)

    expect(tries("000000").returncode != 0, "a wrong code")
    expect(tries(code_now(secret.strip()), "-o", "PubkeyAuthentication=no")
           .returncode != 0, "the code alone")
    expect(not site.gets_in("alice"), "the key alone")
    must(tries(code_now(secret.strip())))
    expect_same(site.sh("ls /srv/sftp/alice/files").split(), ["data"], "files")


@plan("postgresql.conf")
def _(site):
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    site.put("/srv/work/postgresql.sql", text_of("postgresql.sql"))
    site.sh("mkdir -p /run/postgresql /srv/pg && chown postgres "
            "/run/postgresql /srv/pg && cd /srv && runuser -u postgres -- %s/initdb -D "
            "/srv/pg/data -A scram-sha-256 --auth-local=peer --no-sync "
            "--no-locale -E UTF8" % programs)
    # Its directory must be one that it may enter.
    postgres = site.begin("sh", "-c", 'cd /srv && exec "$@"', "sh", "runuser",
                          "-u", "postgres", "--", programs + "/postgres", "-D", "/srv/pg/data", "-F",
                          "-c", "listen_addresses=127.0.0.1", "-c",
                          "shared_buffers=1MB", "-c",
                          "unix_socket_directories=/run/postgresql")
    wait_for(lambda: site.run(programs + "/pg_isready", "-q").returncode == 0
             or postgres.poll() is not None, "PostgreSQL")
    site.sh("cd /srv/work && " + commands_of("postgresql.conf")[0])
    with open(site.path("work/id_ed25519.pub")) as file:
        key = file.read().split()[1]
    site.query = lambda text: site.sh("cd /srv; runuser -u postgres -- psql "
                                      "-qAtX files", input=text.encode())
    site.query("INSERT INTO keys VALUES ('alice', '%s');" % key)
    site.begin_daemon()


@recipe_promise("postgresql.conf", "a user of the database logs in with their "
                "key, and their quota holds")
def _(site):
    expect_same(site.sh("stat -c %a /etc/proftpd/proftpd.conf").strip(), "600",
                "mode of the file with the database's password")
    small, large = local(site, "small", 6000000), local(site, "large", 6000000)
    result = site.sftp("alice", "put %s one" % small)
    expect(result.returncode == 0, said(result) + site.read(
        "/var/log/proftpd/sftp.log"))
    expect(site.sftp("alice", "put %s two" % large).returncode != 0,
           "12 MB fit into 10")
    wait_for(lambda: float(site.query("SELECT bytes_in FROM quota_tallies;")
                           or 0) >= 6000000, "the tally")
    site.query("DELETE FROM keys;")
    expect(not site.gets_in("alice"), "a key that is gone")


@plan("certificates.conf")
def _(site):
    site.follow(0, 1)
    site.begin_daemon()


@recipe_promise("certificates.conf", "a certificate logs in its user, until "
                "it is revoked; the host has one as well")
def _(site):
    with open(site.path("work/host_ca.pub")) as file:
        authority = " ".join(file.read().split()[:2])
    with open(site.path("known-ca"), "w") as out:
        out.write("@cert-authority files.example.org %s\n" % authority)
    options = ("-o", "UserKnownHostsFile=" + site.path("known-ca"), "-o",
               "StrictHostKeyChecking=yes", "-o",
               "HostKeyAlias=files.example.org")
    words = site.options(2222, "alice", "-o", "CertificateFile="
                         + site.path("work/id_ed25519-cert.pub"))
    words = words[:3] + list(options) + words[3:]
    must(site.run("sftp", "-b", "-", *words,
                  input=b"put alice.pub files/data\n"))
    site.sh("cp id_ed25519 plain; cp id_ed25519.pub plain.pub")
    plain = [word.replace("/id_ed25519", "/plain") for word in site.options(
        2222, "alice")]
    expect(site.run("sftp", "-b", "-", *plain, input=b"pwd\n").returncode
           != 0, "a key without a certificate")
    site.follow(2)
    result = site.run("sftp", "-b", "-", *words, input=b"pwd\n")
    expect(result.returncode != 0, said(result))
    expect("is revoked by its serial number" in site.logs(), "no word in the log")


@plan("ftps-and-sftp.conf")
def _(site):
    site.follow()
    site.begin_daemon(2222, 21)


FTPS = """
import ftplib, io, ssl, sys
context = ssl.create_default_context(cafile="/etc/ssl/certs/proftpd.crt")
context.check_hostname = False

class Client(ftplib.FTP_TLS):
    def ntransfercmd(self, command, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, command, rest)
        return self.context.wrap_socket(conn, session=self.sock.session), size

ftp = Client(context=context)
ftp.connect("127.0.0.1", 21)
try:
    ftplib.FTP.login(ftp, "alice", sys.argv[1])
    sys.exit("a login without TLS")
except ftplib.error_perm:
    pass
ftp = Client(context=context)
ftp.connect("127.0.0.1", 21)
ftp.login("alice", sys.argv[1])
ftp.prot_p()
got = io.BytesIO()
ftp.retrbinary("RETR files/data", got.write)
ftp.storbinary("STOR files/back", io.BytesIO(got.getvalue()))
try:
    ftp.mkd("other")
    sys.exit("a directory outside of files")
except ftplib.error_perm:
    pass
"""


@recipe_promise("ftps-and-sftp.conf", "a file that came by SFTP leaves by "
                "FTPS, under the same rules")
def _(site):
    data = local(site, "data", 100000)
    must(site.with_password("alice", "put %s files/data" % data))
    must(site.run(sys.executable, "-c", FTPS, PASSWORD))
    must(site.with_password("alice", "get files/back back"))
    site.sh("cmp data back")


@plan("behind-haproxy.conf", addresses=("10.0.0.11", "10.0.0.21", "10.0.0.22",
                                        "192.0.2.1", "192.0.2.2"))
def _(site):
    site.follow()
    site.nodes = {}
    for number, address in enumerate(("10.0.0.21", "10.0.0.22")):
        # Two machines on one: files that are not shared have other names.
        text = text_of("behind-haproxy.conf").replace("10.0.0.21", address)
        for name in ("proftpd.pid", "proftpd.scoreboard", "proftpd.log",
                     "sftp.log"):
            text = text.replace("/" + name, "/%d-%s" % (number, name))
        path = "/etc/proftpd/node%d.conf" % number
        site.put(path, text)
        daemon = site.proftpd("-q", "-c", path)
        site.listens(2222, daemon, address)
        site.nodes[number] = daemon
    site.put("/etc/haproxy/haproxy.cfg", text_of("haproxy.cfg"))
    site.sh("/usr/sbin/haproxy -q -c -f /etc/haproxy/haproxy.cfg")
    balancer = site.begin("/usr/sbin/haproxy", "-db", "-f",
                          "/etc/haproxy/haproxy.cfg")
    site.listens(22, balancer, "10.0.0.11")


def through(site, batch, source="192.0.2.1", user="alice", to="10.0.0.11"):
    words = site.options(22 if to == "10.0.0.11" else 2222, user, "-o",
                         "BindAddress=" + source)
    return site.run("sftp", "-b", "-", *words[:-1], "%s@%s" % (user, to),
                    input=batch.encode() + b"\n")


def served(site, source):
    """The node whose log has a login of alice from there."""
    found = [number for number in site.nodes if re.search(
        r"login of 'alice' from %s .*: accepted" % re.escape(source),
        site.read("/var/log/proftpd/%d-sftp.log" % number))]
    expect_same(len(found), 1, "servers with a login from " + source)
    return found[0]


@recipe_promise("behind-haproxy.conf", "logs have the client's address, and "
                "the same client gets the same server")
def _(site):
    data = local(site, "data", 100000)
    for name in ("one", "two"):
        must(through(site, "put %s files/%s" % (data, name)))
    site.sh("cmp data /srv/sftp/alice/files/one; "
            "cmp data /srv/sftp/alice/files/two")
    served(site, "192.0.2.1")


@recipe_promise("behind-haproxy.conf", "a client that fails is penalized, and "
                "no other")
def _(site):
    def fail(_):
        through(site, "pwd", "192.0.2.2", "nobody-here")

    def penalized():
        # Several at once: penalties become less with time.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(fail, range(8)))
        return any("connection from 192.0.2.2 refused: penalty" in site.read(
            "/var/log/proftpd/%d-proftpd.log" % n) for n in site.nodes)
    wait_for(penalized, "the penalty")
    must(through(site, "pwd"))


@recipe_promise("behind-haproxy.conf", "nobody else can tell an address")
def _(site):
    out = site.run("bash", "-c", "exec 3<>/dev/tcp/10.0.0.22/2222 && printf "
                   "'PROXY TCP4 192.0.2.9 10.0.0.22 1 22\\r\\nSSH-2.0-x\\r\\n' "
                   ">&3 && cat <&3", timeout=60).stdout
    expect(b"mismatch" in out, out)
    for number in site.nodes:
        for name in ("sftp.log", "proftpd.log"):
            expect("192.0.2.9" not in site.read(
                "/var/log/proftpd/%d-%s" % (number, name)), name)


@recipe_promise("behind-haproxy.conf", "when a server dies, its clients get the "
                "other one")
def _(site):
    first = served(site, "192.0.2.1")
    daemon = site.nodes.pop(first)
    daemon.kill()
    daemon.wait()
    must(through(site, "put alice.pub files/after"))
    served(site, "192.0.2.1")


METRICS = "/var/lib/prometheus/node-exporter"


@plan("metrics.conf")
def _(site):
    # The directory of node_exporter is this machine's own.
    site.put("/etc/proftpd/proftpd.conf", text_of("metrics.conf").replace(
        METRICS, "/run/metrics"))
    for block in commands_of("metrics.conf"):
        site.sh(block.replace(" --reload", "").replace(METRICS,
                                                       "/run/metrics"))
    site.begin_daemon()


@recipe_promise("metrics.conf", "the file of metrics is there, and ftpdctl "
                "tells the same")
def _(site):
    must(site.sftp("alice", "pwd"))
    counted = wait_for(lambda: re.search(
        r"logins .*outcome=success 1\b", site.sh("ftpdctl sftp counters 2>&1")),
        "the login among the counters")
    expect("method=publickey" in counted.group(0), counted.group(0))
    text = site.sh("cat /run/metrics/mod_sftp.prom")
    expect("# HELP mod_sftp_logins_total " in text and
           text.endswith("# EOF\n"), text)
    expect("no sessions" in site.sh("ftpdctl sftp sessions 2>&1").lower(),
           site.sh("ftpdctl sftp sessions 2>&1"))


@promise("every recipe is followed, and linked from its page")
def _():
    found = {os.path.basename(path) for path in glob.glob(RECIPES + "/*.conf")}
    with open(os.path.join(os.path.dirname(__file__),
                           "recipes-system.t")) as file:
        there = set(re.findall(r'"([\w-]+\.conf)"', file.read()))
    expect_same(found - there - set(PLANS), set(), "recipes without a test")
    page = text_of("README.md")
    expect_same({name for name in os.listdir(RECIPES) if name != "README.md"
                 and "](%s)" % name not in page}, set(), "not linked")


pool = concurrent.futures.ThreadPoolExecutor(4)
made = {name: pool.submit(make_ready, name) for name in PLANS}
try:
    concurrent.futures.wait(made.values())
    main()
finally:
    for one in sites.values():
        one.switch_off()
