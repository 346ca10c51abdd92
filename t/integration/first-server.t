#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# sanitizers: no

"""doc/first-server.md: its commands, in their order, and its configuration
make a server that does what the page says.  The files are in the directory of
the test instead of /etc, /srv and /root, and the test starts the daemon.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import SOURCE, Server, client, free_port, must, run, said

with open(os.path.join(SOURCE, "doc/first-server.md"),
          encoding="utf-8") as page:
    PAGE = page.read()

# Indented blocks; the configuration begins with its name.
BLOCKS = [re.sub("^    ", "", block, flags=re.M) for block in
          re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.M)]
CONFIG = [block for block in BLOCKS if "conf.d" in block.split("\n")[1]]
COMMANDS = [block for block in BLOCKS if block not in CONFIG
            and "server.example" not in block and "systemctl" not in block]

# The daemon of a test, in which the page's virtual host is a further one.
srv = Server(drop=("SFTPAuthorizedUserKeys",))
page_port = free_port()
os.makedirs(srv.path("page/root"))
os.chmod(srv.path("page"), 0o755)


def as_here(text):
    for there in ("/etc/proftpd", "/srv", "/root", "/var/lib/proftpd"):
        text = re.sub(r"(?<![\w.])%s(?=[/\s])" % there, srv.path("page")
                      + there, text)
    text = text.replace("Port 2222", "Port %d" % page_port)
    return text.replace("<VirtualHost 0.0.0.0>", "<VirtualHost 127.0.0.1>") \
        .replace("/var/log/proftpd/sftp.log", srv.path("page/sftp.log"))


def sftp(user, batch, *options, password=None):
    """What sftp printed, and whether each command succeeded."""
    name = srv.local("batch-" + user, batch.encode() + b"\n")
    argv = ["sftp", "-P", str(page_port), "-o", "UserKnownHostsFile="
            + known_hosts(), "-o", "StrictHostKeyChecking=yes", *options]
    if password is None:
        argv += ["-b", name, user + "@127.0.0.1"]
        return client(argv)
    # A batch file forbids to ask for a password.
    with open(name, "rb") as commands:
        return run(argv + ["-o", "PubkeyAuthentication=no",
                           user + "@127.0.0.1"], input=commands.read(),
                   env=srv.password_env(password))


def known_hosts():
    place = srv.path("page/etc/proftpd/sftp/host_ed25519.pub")
    with open(place, "rb") as pub:
        return srv.local("page_hosts", b"[127.0.0.1]:%d %s" % (page_port,
                                                               pub.read()))


def with_key(batch):
    return sftp("alice", batch, "-i", srv.path("page/root/alice_key"),
                "-o", "IdentitiesOnly=yes")


def in_srv(name):
    return srv.path("page/srv/sftp/" + name)


@promise("the page's commands run, one block after the other")
def _():
    expect_same(len(CONFIG), 1, "configurations")
    expect(len(COMMANDS) >= 4, "only %d blocks" % len(COMMANDS))
    for block in COMMANDS:
        must(run(["sh", "-e", "-c", "umask 022\n" + as_here(block)]))


@promise("the page's configuration passes proftpd -t, and the server starts")
def _():
    srv.directives = as_here(CONFIG[0])
    srv.start()


@promise("alice logs in with her key, and with her password")
def _():
    result = must(with_key("pwd"))
    expect(b"directory: /\n" in result.stdout, said(result))
    result = sftp("alice", "pwd", password="a long pass phrase")
    expect(b"directory: /\n" in result.stdout, said(result))
    result = sftp("alice", "pwd", password="another pass phrase")
    expect(result.returncode != 0, "the password of bob lets alice in")


@promise("she uploads, and the file is hers, for her and the group")
def _():
    must(with_key("put %s report" % srv.local("report", b"x" * 1000)))
    st = os.stat(in_srv("alice/report"))
    expect_same((st.st_uid, st.st_gid, st.st_mode & 0o777),
                (2001, 2000, 0o640), "owner, group, mode")


@promise("her quota of 10 MB ends an upload of 11 MB, and the log says so")
def _():
    result = with_key("put %s big" % srv.local("big", b"x" * 11000000))
    expect(result.returncode != 0, "the upload succeeded")
    with open(srv.path("page/sftp.log"), encoding="utf-8") as log:
        expect("quota" in log.read(), "the log does not name the quota")


@promise("bob reads, and writes nothing")
def _():
    with open(in_srv("bob/news"), "wb") as news:
        news.write(b"news")
    os.chown(in_srv("bob/news"), 2002, 2000)
    got = srv.local("news")
    sftp("bob", "get news %s\nput %s new" % (got, srv.local("report")),
         password="another pass phrase")
    with open(got, "rb") as file:
        expect_same(file.read(), b"news", "what bob read")
    expect(not os.path.exists(in_srv("bob/new")), "bob could write")
    with open(srv.path("page/sftp.log"), encoding="utf-8") as log:
        expect("denied by <Limit WRITE>" in log.read(), "the log has no denial")


@promise("neither sees the other's directory, nor has the system's users in")
def _():
    result = with_key("ls ../bob")
    expect(result.returncode != 0, said(result))
    result = sftp("root", "pwd", password="a long pass phrase")
    expect(result.returncode != 0, "root logs in")


@promise("the commands of the last section work while the server runs")
def _():
    last = PAGE.partition("## Afterwards")[2]
    lines = re.findall(r"`((?:ftpasswd|ftpquota) [^`]+)`", last)
    expect_same(len(lines), 3, "commands")
    for line in lines:
        must(run(["sh", "-e", "-c", as_here(line) + (
            " --stdin" if "change-password" in line else "")],
                 input=b"third pass phrase\n"))
        if "change-password" in line:
            result = sftp("alice", "pwd", password="third pass phrase")
            expect(b"directory: /\n" in result.stdout, said(result))
    result = sftp("alice", "pwd", password="third pass phrase")
    expect(result.returncode != 0, "a locked user logs in by password")


@promise("the server ran without a crash or a sanitizer's report")
def _():
    srv.stop_clean()


main()
