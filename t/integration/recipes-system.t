#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: fail2ban logrotate proftpd-mod-vroot systemd
# sanitizers: no

"""The recipes of doc/recipes for what runs around the daemon: a container
without root, systemd, logrotate, fail2ban, monitoring."""

import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
from machine import Machine
from server import (ASAN, PROFTPD, SOURCE, has_module, must, run, said,
                    wait_for)
from tap import expect, expect_same, main, promise, skip

RECIPES = os.path.join(SOURCE, "doc", "recipes")
FILES = 2222


def text_of(name):
    with open(os.path.join(RECIPES, name)) as file:
        return file.read()


class Host(Machine):
    """With one user, alice, and one configuration."""

    def __init__(self):
        super().__init__(("192.0.2.7", "192.0.2.8"))
        self.daemon = None
        if not self.up:
            return
        must(run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                  self.path("work/id_ed25519")]))
        self.sh("rm -rf /etc/proftpd/conf.d/* /etc/ssh/ssh_host_*; "
                "ssh-keygen -A; sftp-user add alice --key id_ed25519.pub")

    def start(self, recipe):
        self.stop()
        self.put("/etc/proftpd/proftpd.conf", text_of(recipe))
        self.daemon = self.proftpd("-q", "-c", "/etc/proftpd/proftpd.conf")
        self.listens(2222, self.daemon)

    def sftp(self, batch, user="alice", key="id_ed25519", options=(),
             **more):
        return self.run("sftp", *options, "-q", "-b", "-", "-P", "2222", "-F", "none",
                        "-i", self.path("work", key), "-o",
                        "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=" + self.path("known"),
                        user + "@127.0.0.1", input=batch.encode() + b"\n",
                        **more)


host = Host()


def host_promise(text):
    def register(func):
        @promise(text)
        def _():
            if not host.up:
                skip("no namespaces or no overlay here: " + host.why()[:200])
            func()
    return register


@host_promise("logrotate: the log is rotated, and goes on in the new file")
def _():
    host.start("web-sites.conf")
    must(host.sftp("pwd"))
    host.put("/etc/logrotate.d/mod_sftp", text_of("logrotate"))
    log = "/var/log/proftpd/sftp.log"
    before = host.sh("cat " + log)
    # The foreground daemon has its pid file as well.
    wait_for(lambda: host.read("/run/proftpd.pid"), "the pid file")
    must(host.run("logrotate", "-f", "-s", host.path("state"),
                  "/etc/logrotate.d/mod_sftp"))
    # The reload takes a moment.
    def goes_on():
        result = host.sftp("pwd")
        return result.returncode == 0 and "login of 'alice'" in host.read(log)
    wait_for(goes_on, "a login in the new file")
    expect(before in host.sh("cat %s.1" % log), "lines are lost")
    expect_same(host.sh("stat -c %a " + log).strip(), "640", "mode")


@host_promise("monitoring: ftpwho, ftpcount, ssh-keyscan and the logs show "
              "what the page says")
def _():
    if host.daemon is None or host.daemon.poll() is not None:
        host.start("web-sites.conf")
    page = text_of("README.md").split("## Monitoring")[1]
    commands = re.findall(r"^    (.*)$", page, re.M)
    expect(len(commands) == 5, commands)
    with open(host.path("data"), "wb") as out:
        out.write(b"x" * 1000)
    must(host.sftp("put %s files/data" % host.path("data")))
    expect(host.sftp("pwd", user="nobody-here").returncode != 0, "a stranger")
    fifo = host.path("fifo")
    os.mkfifo(fifo)
    sftp = host.begin("sh", "-c", "sftp -q -P 2222 -i '%s' -o "
                      "StrictHostKeyChecking=no alice@127.0.0.1 < '%s'"
                      % (host.path("work/id_ed25519"), fifo))
    with open(fifo, "w") as commands_in:
        commands_in.write("pwd\n")
        commands_in.flush()
        wait_for(lambda: "alice" in host.sh("ftpwho -v"), "alice in ftpwho")
        out = {command: host.sh(command) for command in commands}
        commands_in.write("bye\n")
    sftp.wait(60)
    who, count, keys, refused, accepted = [out[line] for line in commands]
    expect("alice" in who and "sftp" in who, who)
    expect(re.search(r"1 user", count), count)
    # ssh-keyscan's comments are in its output since OpenSSH 9.8.
    expect_same(len(re.findall(r"^[^#\s]", keys, re.M)), host.sh(
        "cat /etc/proftpd/proftpd.conf").count("SFTPHostKey /"), "keys of\n"
        + keys)
    expect("'nobody-here'" in refused and "'alice'" not in refused, refused)
    expect("'alice'" in accepted and "'nobody-here'" not in accepted, accepted)
    line = host.sh("grep files/data /var/log/proftpd/xferlog").split()
    expect_same(line[-1], "c", "the end of %r" % line)


# Stands in for a firewall: the kernel sends nothing to a banned address.
RULE = """[Definition]
actionstart = ip rule add pref 100 lookup local; ip rule del pref 0 lookup local
actionban = ip rule add pref 50 to <ip> prohibit
actionunban = ip rule del pref 50 to <ip> prohibit
actionstop =
actionflush =
"""


@host_promise("fail2ban: who keeps failing is banned, until an administrator "
              "lifts the ban; nobody else is")
def _():
    host.put("/etc/fail2ban/jail.d/mod_sftp.conf", text_of("fail2ban.conf"))
    host.put("/etc/fail2ban/jail.d/here.local",
             "[DEFAULT]\nbanaction = here\nignoreself = false\nignoreip =\n")
    host.put("/etc/fail2ban/action.d/here.conf", RULE)
    host.put("/etc/fail2ban/fail2ban.local", "[Definition]\ndbfile = None\n"
             "logtarget = STDOUT\nsocket = /run/f2b.sock\n"
             "pidfile = /run/f2b.pid\nsyslogsocket = auto\n")
    host.sh("rm -f /etc/fail2ban/jail.d/defaults-debian.conf")
    words = ("-s", "/run/f2b.sock", "-p", "/run/f2b.pid")
    # The recipe's own commands, as far as there is no systemd.
    must(host.run("fail2ban-client", *words, "-t"))
    host.start("drop-box.conf")
    jail = host.begin("fail2ban-server", *words, "-f", "-x", "start")

    def banned():
        out = host.run("fail2ban-client", *words, "status", "proftpd")
        expect(jail.poll() is None, host.output(jail))
        return re.findall(r"Banned IP list:\s*(.*)", out.stdout.decode())

    def tries(source, user):
        return host.sftp("pwd", user, options=(
            "-o", "BindAddress=" + source, "-o", "ConnectTimeout=3"))

    wait_for(lambda: banned() == [""], "the jail")
    must(tries("192.0.2.7", "alice"))
    must(tries("192.0.2.8", "alice"))
    for _ in range(4):
        expect(tries("192.0.2.7", "another").returncode == 255, "let in")
    expect_same(banned(), [""], "banned before the fifth failure")
    tries("192.0.2.7", "another")
    wait_for(lambda: banned() == ["192.0.2.7"], "the ban")
    wait_for(lambda: tries("192.0.2.7", "alice").returncode != 0, "its effect")
    must(tries("192.0.2.8", "alice"))
    must(host.run("fail2ban-client", *words, "set", "proftpd", "unbanip",
                  "192.0.2.7"))
    must(tries("192.0.2.7", "alice"))
    host.stop()


@host_promise("systemd: the units are right, and the hardened one exposes "
              "little")
def _():
    units = host.path("units")
    os.makedirs(units + "/proftpd.service.d")
    for name in ("sftp.socket", "sftp@.service"):
        with open(os.path.join(units, name), "w") as out:
            out.write(text_of(name))
    with open(units + "/proftpd.service.d/hardening.conf", "w") as out:
        out.write(text_of("hardening.conf"))
    found = [path for path in ("/usr/lib/systemd/system/proftpd.service",
                               "/lib/systemd/system/proftpd.service")
             if os.path.exists(path)]
    shutil.copy(found[0], units)
    env = dict(os.environ, SYSTEMD_UNIT_PATH=units + ":")
    for name in ("sftp.socket", "sftp@.service", "proftpd.service"):
        result = must(run(["systemd-analyze", "verify", "--man=no",
                           os.path.join(units, name)], env=env))
        expect(units not in result.stderr.decode(), said(result))

    def exposure():
        out = must(run(["systemd-analyze", "security", "--no-pager",
                        "--offline=yes", units + "/proftpd.service"],
                       env=env)).stdout.decode()
        return float(re.search(r"exposure level for .*: ([\d.]+)",
                               out).group(1))

    hardened = exposure()
    os.rename(units + "/proftpd.service.d", units + "/off")
    expect(hardened < 5 < 9 < exposure(), "exposure %r" % hardened)


# What the log says of isolation and confinement.
REFUSED = r"\S+: .*this system refuses.*|session confined: .*"


def given_up(*before):
    """Logs in, with these words before the daemon's."""
    for name in ("proftpd", "sftp"):
        host.sh("rm -f /var/log/proftpd/%s.log" % name)
    daemon = host.begin(*before, PROFTPD, "-n", "-q", "-c",
                        "/etc/proftpd/proftpd.conf")
    host.listens(2222, daemon)
    must(host.sftp("pwd"))
    with open("/proc/%d/status" % daemon.pid) as file:
        status = dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
    host.stop()
    return status, re.findall(REFUSED, host.read(
        "/var/log/proftpd/proftpd.log") + host.read(
            "/var/log/proftpd/sftp.log"))


@host_promise("systemd: the hardened unit leaves isolation and confinement all "
              "that they need")
def _():
    host.stop()
    host.put("/etc/hardening.conf", text_of("hardening.conf"))
    host.put("/etc/proftpd/proftpd.conf", text_of("web-sites.conf"))
    _, plain = given_up()
    status, hardened = given_up(
        sys.executable, os.path.join(HERE, "../lib/hardened.py"),
        "/etc/hardening.conf")
    expect_same((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"),
                "no_new_privs, seccomp")
    expect(any("session confined" in line for line in plain), plain)
    expect_same(hardened, plain, "log")


@host_promise("systemd: a connection to the socket is a session")
def _():
    host.stop()
    host.put("/etc/proftpd/sftp-inetd.conf", text_of("sftp-inetd.conf"))
    command = re.search(r"^ExecStart=-(.*)$", text_of("sftp@.service"), re.M)
    command = command.group(1).split()
    expect_same(command[0], "/usr/sbin/proftpd", "program")
    command[0] = PROFTPD
    port = re.search(r"ListenStream=(\d+)", text_of("sftp.socket")).group(1)
    # What systemd does for Accept=yes.
    words = ["systemd-socket-activate", "--accept", "--inetd", "-l", port]
    preload = os.environ.get("MOD_SFTP_PRELOAD")
    if preload:
        words += ["-E", "LD_PRELOAD=" + preload, "-E",
                  "ASAN_OPTIONS=" + ASAN]
    socket = host.begin(*words, *command)
    host.listens(int(port), socket)
    with open(host.path("data2"), "wb") as out:
        out.write(os.urandom(100000))
    must(host.sftp("put %s files/inetd" % host.path("data2")))
    host.sh("cmp /srv/sftp/alice/files/inetd '%s'" % host.path("data2"))
    host.stop()


@host_promise("container: everything runs as an ordinary user, and logs to "
              "standard output")
def _():
    if not has_module("mod_vroot.so"):
        skip("mod_vroot is not here")
    # The commands of the Containerfile that make the second image's files.
    text = text_of("Containerfile")
    users = re.search(r"^RUN (groupadd .*)$", text, re.M).group(1)
    host.sh("mkdir /srv/data; mount -t tmpfs tmpfs /tmp; " + users)
    host.put("/etc/proftpd/container.conf", text_of("container.conf"))
    host.put("/srv/container-start", text_of("container-start"))
    hashed = must(run(["openssl", "passwd", "-6", "secret"])).stdout.decode()
    host.put("/srv/data/passwd", "alice:%s:2222:2222::/srv/data/alice:/bin/sh\n"
             % hashed.strip())
    host.sh("cd /srv/data; mkdir alice keys; cp '%s' keys/alice; chmod 600 "
            "passwd; chown -R files:files ." % host.path("work/id_ed25519.pub"))
    env = host.env()
    if os.environ.get("MOD_SFTP_PRELOAD"):
        env.update(LD_PRELOAD=os.environ["MOD_SFTP_PRELOAD"],
                   ASAN_OPTIONS=ASAN)
    daemon = host.begin("setpriv", "--reuid=%d" % FILES, "--regid=%d" % FILES,
                        "--clear-groups", "--no-new-privs",
                        "--bounding-set=-all", "sh", "/srv/container-start",
                        env=env)
    host.listens(2222, daemon)
    os.unlink(host.path("known"))
    must(host.sftp("put %s data" % host.path("work/id_ed25519.pub")))
    expect(host.sftp("get /srv/data/passwd").returncode != 0, "out of the jail")
    expect_same(host.sh("stat -c %U /srv/data/alice/data").strip(), "files",
                "owner")
    wait_for(lambda: "login of 'alice'" in host.output(daemon),
             "the login in the output")
    host.stop()


try:
    main()
finally:
    host.switch_off()
