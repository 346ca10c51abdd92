#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The package beside proftpd-mod-crypto: it comes, is upgraded and goes."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from root import (ACCOUNT, KEPT, MODULE, PACKAGE, SCRATCH, Connection,  # noqa: E402
                  apt, at, banner, diversion, expect, expect_ours, expect_same,
                  expect_unchanged, inside, make_host_key, our_deb,
                  reload_daemon, repack, served, snapshot, start_daemon,
                  stop_daemon, sum_of, wait_for)
from tap import main, promise  # noqa: E402
import tap  # noqa: E402

tap.LIMIT = 5400

CRYPTO = "proftpd-mod-crypto"
CONF = "/etc/proftpd/conf.d/mod_sftp.conf"
OURS = our_deb()
VERSION = os.path.basename(OURS).split("_")[1]
found = {}


def version_of(package):
    return inside("dpkg-query", "-W", "-f", "${Version}", package)


def install(deb):
    return inside("dpkg", "-i", deb)


def damaged():
    """A package whose last bytes are missing."""
    path = os.path.join(SCRATCH, "damaged.deb")
    with open(OURS, "rb") as whole, open(path, "wb") as file:
        file.write(whole.read()[:-100000])
    return path


def expect_theirs():
    expect_same(served(), found["banner"], "banner of the packaged module")
    expect_same(diversion(), "", "diversion")
    expect(not os.path.exists(at(KEPT)), KEPT + " is left")


@promise("the packaged module serves before")
def _():
    inside("apt-get", "-qq", "update")
    apt("install", "proftpd-core", "openssh-client", "openssl", "python3")
    found["without"] = snapshot()
    apt("install", CRYPTO)
    inside("apt-get", "-qq", "download", CRYPTO, cwd=SCRATCH)
    make_host_key()
    found["banner"] = served()
    found["module"] = sum_of(at(MODULE))
    expect("mod_sftp" in found["banner"], found["banner"])
    found["before"] = snapshot()


@promise("ours is installed with apt-get, and a daemon loads it")
def _():
    apt("install", OURS)
    expect_ours(VERSION)
    expect_same(sum_of(at(KEPT)), found["module"], "the packaged file")
    expect_same(inside("dpkg", "--verify", PACKAGE), "", "dpkg --verify")


@promise("the file in conf.d has no effect until it is enabled")
def _():
    expect(not re.search(r"^ *Define", open(at(CONF)).read(), re.M), CONF)
    inside("/usr/sbin/proftpd", "-t")
    expect("mod_sftp" not in inside("/usr/sbin/proftpd", "-t", "-d10"),
           "the module is loaded")


@promise("enabled as it says itself, it is right; what is missing is named")
def _():
    keys, user, enable, check = re.findall(r"^#   (.*)$", open(at(CONF)).read(),
                                           re.M)
    inside("sh", "-c", enable)
    out = inside("/usr/sbin/proftpd", "-t", status=1)
    expect("ssh_host_ed25519_key" in out, out)
    inside("mkdir", "-p", "/etc/ssh")
    inside("sh", "-c", keys)
    out = inside("/usr/sbin/proftpd", "-t", status=1)
    expect("sftp-users/passwd" in out, out)
    inside("sh", "-c", user, cwd="/root")
    inside("sh", "-c", check.partition(" && ")[0])
    expect("mod_sftp" in inside("/usr/sbin/proftpd", "-t", "-d10"),
           "the module is not loaded")


@promise("its first line alone serves the accounts of the system")
def _():
    inside("sed", "-i", "s/^Define MOD_SFTP_USERS/#&/", CONF)
    inside("sftp-user", "remove", "alice", "--delete-files")
    inside("rm", "-r", "/etc/proftpd/sftp-users", "/srv/sftp")
    expect("mod_sftp" in inside("/usr/sbin/proftpd", "-t", "-d10"),
           "the module is not loaded")
    inside("sed", "-i", "s/^Define/#Define/", CONF)
    inside("find", "/etc/ssh", "-name", "ssh_host_*", "-delete")


@promise("a running daemon serves on, and the package says what to do")
def _():
    port = start_daemon()
    inside("touch", "/run/proftpd.pid")
    out = install(OURS)
    inside("rm", "/run/proftpd.pid")
    expect("systemctl restart proftpd" in out, out)
    expect_same(banner(port), "SSH-2.0-mod_sftp/" + VERSION, "banner")
    stop_daemon()


@promise("a reload loads the other module as well; open connections go on")
def _():
    for there, command in (
            (found["banner"], lambda: apt("remove", PACKAGE)),
            ("SSH-2.0-mod_sftp/" + VERSION, lambda: install(OURS))):
        port = start_daemon()
        try:
            with Connection(port) as old:
                expect(old.banner != there, "it has the other module")
                command()
                reload_daemon()
                wait_for(lambda: banner(port) == there, "the other module")
                old.expect_alive()
        finally:
            stop_daemon()
    expect_ours(VERSION)


@promise("it survives that proftpd-mod-crypto is installed again")
def _():
    apt("install", "--reinstall", CRYPTO)
    expect_ours(VERSION)
    expect_same(sum_of(at(KEPT)), found["module"], "the packaged file")


@promise("it survives an upgrade of proftpd-mod-crypto, whose file is kept")
def _():
    deb = [name for name in os.listdir(SCRATCH)
           if name.startswith(CRYPTO + "_")][0]
    version = version_of(CRYPTO)
    ours = sum_of(at(MODULE))
    install(repack(os.path.join(SCRATCH, deb), version + ".1", b"upgraded"))
    expect_same(version_of(CRYPTO), version + ".1", "version")
    expect_same(sum_of(at(MODULE)), ours, "our file")
    with open(at(KEPT), "rb") as file:
        expect(file.read().endswith(b"upgraded"), "the old file is kept")
    expect_ours(VERSION)
    apt("install", "--allow-downgrades", "%s=%s" % (CRYPTO, version))
    os.remove(os.path.join(SCRATCH, deb))
    expect_ours(VERSION)


@promise("it is upgraded itself; what the administrator wrote stays")
def _():
    with open(at(CONF), "a") as file:
        file.write("# ours\n")
    install(repack(OURS, VERSION + "+1", b"upgraded"))
    with open(at(MODULE), "rb") as file:
        expect(file.read().endswith(b"upgraded"), "the old file is there")
    expect_same(sum_of(at(KEPT)), found["module"], "the packaged file")
    expect(open(at(CONF)).read().endswith("# ours\n"), "the file is new")
    expect_ours(VERSION)
    apt("install", "--allow-downgrades", OURS)
    expect_ours(VERSION)


@promise("a package that is damaged changes nothing")
def _():
    ours = sum_of(at(MODULE))
    out = inside("dpkg", "-i", damaged(), status=1)
    expect("error processing archive" in out, out)
    expect_same(sum_of(at(MODULE)), ours, "our file")
    expect_ours(VERSION)
    expect_same(inside("dpkg", "--audit"), "", "dpkg --audit")


@promise("an interrupted installation is finished by dpkg --configure -a")
def _():
    inside("dpkg", "--unpack", OURS)
    expect_ours(VERSION)
    inside("dpkg", "--configure", "-a")
    expect_ours(VERSION)
    expect_same(inside("dpkg", "--audit"), "", "dpkg --audit")


@promise("removed, it gives the packaged file back; its configuration stays")
def _():
    out = apt("remove", PACKAGE)
    expect("packaged module again" in out, out)
    expect_theirs()
    expect_same(sum_of(at(MODULE)), found["module"], "the packaged file")
    expect(os.path.exists(at(CONF)), "no " + CONF)


@promise("it comes back after a removal, and still has that configuration")
def _():
    # As after an interruption: diverted, and nothing unpacked yet.
    inside("dpkg-divert", "--package", PACKAGE, "--rename", "--divert", KEPT,
           "--add", MODULE)
    apt("install", OURS)
    expect_ours(VERSION)
    expect_same(sum_of(at(KEPT)), found["module"], "the packaged file")
    expect(open(at(CONF)).read().endswith("# ours\n"), "the file is new")
    apt("remove", PACKAGE)
    expect_theirs()


@promise("purged, it leaves nothing but the account of isolated logins, which "
         "nobody can use")
def _():
    apt("purge", PACKAGE)
    expect_theirs()
    expect_unchanged(found["before"], snapshot())
    passwd = inside("getent", "passwd", ACCOUNT).strip().split(":")
    expect_same(passwd[5:], ["/nonexistent", "/usr/sbin/nologin"], "account")
    expect(inside("getent", "shadow", ACCOUNT).split(":")[1][0] in "!*",
           "it has a password")


@promise("it serves on when proftpd-mod-crypto is removed first")
def _():
    apt("install", OURS)
    apt("remove", CRYPTO)
    expect_ours(VERSION)
    expect(not os.path.exists(at(KEPT)), KEPT + " is left")
    apt("purge", CRYPTO)
    expect_ours(VERSION)


@promise("removed as the last, it says what is missing, and leaves nothing")
def _():
    out = apt("remove", PACKAGE)
    expect("LoadModule mod_sftp.c" in out, out)
    expect(not os.path.exists(at(MODULE)), MODULE + " is left")
    apt("purge", "--autoremove", PACKAGE)
    expect_unchanged(found["without"], snapshot())


@promise("installed alone it serves, also when proftpd-mod-crypto comes")
def _():
    apt("install", OURS)
    expect_ours(VERSION)
    apt("install", CRYPTO)
    expect_ours(VERSION)
    expect_same(sum_of(at(KEPT)), found["module"], "the packaged file")


@promise("purged at once, it gives the packaged file back; a daemon serves on")
def _():
    port = start_daemon()
    apt("purge", PACKAGE)
    expect_same(banner(port), "SSH-2.0-mod_sftp/" + VERSION, "banner")
    stop_daemon()
    expect_theirs()
    expect_unchanged(found["before"], snapshot())


@promise("a damaged package, and one that finds another's file in its place, "
         "leave the packaged module as it was")
def _():
    inside("dpkg", "-i", damaged(), status=1)
    expect_theirs()
    with open(at(KEPT), "w") as file:
        file.write("somebody's")
    out = inside("dpkg", "-i", OURS, status=1)
    expect(KEPT in out, out)
    with open(at(KEPT)) as file:
        expect_same(file.read(), "somebody's", KEPT)
    os.remove(at(KEPT))
    inside("dpkg", "--purge", PACKAGE)
    expect_theirs()
    expect_unchanged(found["before"], snapshot())


@promise("another's diversion is refused in one line, and nothing is done")
def _():
    inside("dpkg-divert", "--package", "somebody", "--no-rename", "--divert",
           MODULE + ".elsewhere", "--add", MODULE)
    out = inside("dpkg", "-i", OURS, status=1)
    expect("is diverted already (somebody)" in out, out)
    inside("dpkg-divert", "--package", "somebody", "--no-rename", "--remove",
           MODULE)
    inside("dpkg", "--purge", PACKAGE)
    expect_theirs()
    expect_unchanged(found["before"], snapshot())


@promise("purged together with ProFTPD, it leaves nothing of its own")
def _():
    apt("install", OURS)
    apt("purge", PACKAGE, CRYPTO, "proftpd-core")
    ours = inside("dpkg-deb", "-c", OURS).splitlines()
    paths = [line.split(None, 5)[5][1:] for line in ours]
    left = [path for path in paths if not path.endswith("/")
            and os.path.lexists(at(path))]
    expect_same(left, [], "files left")
    expect(not os.path.exists(at("/usr/share/doc/" + PACKAGE)), "doc")
    expect_same(diversion(), "", "diversion")


@promise("its autopkgtest passes")
def _():
    apt("install", "autopkgtest")
    out = inside("autopkgtest", "-B", OURS, os.path.join(SCRATCH, "clone"),
                 "--", "null")
    expect(re.search(r"^transfer +PASS", out, re.M), out[-4000:])


main()
