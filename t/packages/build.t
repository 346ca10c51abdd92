#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The packages are built in a clean root, from the archive of the source."""

import filecmp
import glob
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from root import (KEPT, MODULE, PACKAGE, PACKAGES, SCRATCH, SUITE,  # noqa: E402
                  apt, at, debs, diversion, expect, expect_same,
                  expect_unchanged, inside, our_deb, snapshot, sum_of)
from tap import main, promise, skip  # noqa: E402
import tap  # noqa: E402

tap.LIMIT = 5400

CLONE = os.path.join(SCRATCH, "clone")
PLACE = os.path.join(SCRATCH, "build-" + SUITE)
FIRST = os.path.join(PLACE, "one")
SECOND = os.path.join(PLACE, "a", "longer", "directory", "two")
NOCHECK = os.environ.get("MOD_SFTP_NOCHECK", "")
ONCE = os.environ["MOD_SFTP_FIRST"] == SUITE


def version():
    with open(os.path.join(CLONE, "configure.ac")) as file:
        return re.search(r"AC_INIT\(\[mod_sftp\], \[(.*?)\]",
                         file.read()).group(1)


NAME = "mod_sftp-" + version()


def unpack(place, umask="022"):
    os.makedirs(place)
    inside("tar", "-xf", "%s/%s.tar.gz" % (PLACE, NAME), cwd=place,
           umask=umask)
    return os.path.join(place, NAME)


def built(place, pattern):
    return {os.path.basename(path): path
            for path in glob.glob(os.path.join(place, pattern))}


@promise("the archive of the source is made in a clean clone")
def _():
    os.makedirs(PLACE)
    inside("apt-get", "-qq", "update")
    apt("install", "autoconf", "dpkg-dev", "fakeroot", "git", "lintian")
    inside(os.path.join(CLONE, "packaging/dist"), CLONE, NAME, cwd=PLACE)
    unpack(FIRST)


@promise("apt-get build-dep finds what the build needs")
def _():
    apt("build-dep", os.path.join(FIRST, NAME) + "/")


@promise("dpkg-buildpackage builds the package, and its unit tests pass")
def _():
    out = inside("dpkg-buildpackage", "-us", "-uc", cwd=FIRST + "/" + NAME,
                 DEB_BUILD_OPTIONS=NOCHECK)
    expect(NOCHECK or "All tests successful" in out, "no tests ran")
    for name, path in built(FIRST, "*.deb").items():
        shutil.copy(path, os.path.join(PACKAGES, name))
    expect_same(len(debs()), 2, "packages: the module, and what gdb reads")


@promise("another time, place, umask and language make the same bytes")
def _():
    tree = unpack(SECOND, umask="077")
    inside("dpkg-buildpackage", "-us", "-uc", cwd=tree, umask="077",
           DEB_BUILD_OPTIONS="nocheck", TZ="Asia/Kathmandu", LC_ALL="C",
           USER="somebody")
    for pattern in ("*.deb", "*.dsc", "*.tar.xz"):
        one, two = built(FIRST, pattern), built(SECOND, pattern)
        expect(one, "no " + pattern)
        expect_same(sorted(one), sorted(two), pattern)
        differ = [name for name in one
                  if not filecmp.cmp(one[name], two[name], shallow=False)]
        expect_same(differ, [], "files that differ")


@promise("lintian finds no error and no warning")
def _():
    out = inside("lintian", "--allow-root", "--fail-on", "none", "-i",
                 *built(FIRST, "*.changes").values())
    expect_same([line for line in out.splitlines()
                 if re.match("[EW]: ", line)], [], "lintian")


@promise("the package has man pages, HTML, pages, examples and tools")
def _():
    out = inside("dpkg-deb", "-c", our_deb())
    paths = [line.split(None, 5)[5] for line in out.splitlines()]
    docs = "./usr/share/doc/%s/" % PACKAGE
    wanted = ["./usr/share/man/man5/mod_sftp.5.gz",
              docs + "html/mod_sftp.html", docs + "html/index.html",
              docs + "examples/mod_sftp.conf",
              "./etc/proftpd/conf.d/mod_sftp.conf", "." + MODULE]
    for path in glob.glob(os.path.join(CLONE, "doc/*.md")):
        wanted.append(docs + os.path.basename(path))
    for path in glob.glob(os.path.join(CLONE, "doc/recipes/*")):
        if os.path.isfile(path):
            wanted.append(docs + "examples/" + os.path.basename(path))
    for path in glob.glob(os.path.join(CLONE, "tools/sftp-*")):
        name = os.path.basename(path)
        wanted += ["./usr/sbin/" + name,
                   "./usr/share/man/man8/%s.8.gz" % name]
    expect_same([path for path in wanted if path not in paths], [],
                "not in the package")


@promise("make install, make uninstall and the package know each other")
def _():
    apt("install", "proftpd-mod-crypto")
    before = snapshot()
    tree = os.path.join(FIRST, NAME, "obj-package")
    packaged = sum_of(at(MODULE))
    inside("make", "-C", tree, "install")
    expect("local diversion" in diversion(), diversion())
    expect_same(sum_of(at(KEPT)), packaged, "the packaged file")

    # The package takes over from make install ...
    inside("dpkg", "-i", our_deb())
    expect(PACKAGE in diversion() and "local" not in diversion(), diversion())
    expect_same(sum_of(at(KEPT)), packaged, "the packaged file")
    expect(not os.path.exists(at(MODULE + ".installed")), "a stamp is left")

    # ... which now keeps its hands off.
    ours = sum_of(at(MODULE))
    out = inside("make", "-C", tree, "install", status=2)
    expect("belongs to the package " + PACKAGE in out, out)
    expect_same(sum_of(at(MODULE)), ours, "the package's file")
    inside("make", "-C", tree, "uninstall", status=2)
    expect_same(inside("dpkg", "--verify", PACKAGE), "", "dpkg --verify")
    apt("purge", PACKAGE)
    expect_same(sum_of(at(MODULE)), packaged, "the packaged file")

    # make install alone goes as it came.
    inside("make", "-C", tree, "install")
    inside("make", "-C", tree, "uninstall")
    expect_same(sum_of(at(MODULE)), packaged, "the packaged file")
    expect_same(diversion(), "", "diversion")
    left = {path: text for path, text in snapshot().items()
            if not os.path.isdir(at(path))}
    expect_unchanged({path: text for path, text in before.items()
                      if not os.path.isdir(at(path))}, left)


@promise("make distcheck passes in a clean clone")
def _():
    if not ONCE:
        skip("on another release, or not wanted")
    inside("autoconf", cwd=CLONE)
    inside("./configure", "-q", cwd=CLONE)
    # The unit tests of the same archive have run above.
    out = inside("make", "distcheck", "DISTCHECK_TESTS=", cwd=CLONE)
    expect("is complete" in out, out[-2000:])
    inside("git", "-c", "safe.directory=*", "diff", "--exit-code", cwd=CLONE)


RPM = os.path.join(PLACE, "rpm")
THEIRS = "/usr/libexec/proftpd/mod_sftp.so"


@promise("the RPM is built on Debian, and has what the package has")
def _():
    if not ONCE:
        skip("on another release, or not wanted")
    apt("install", "rpm", "rpmlint", "debugedit", "elfutils")
    spec = os.path.join(CLONE, "packaging", "mod_sftp.spec")
    expect("0 errors" in inside("rpmlint", spec), "rpmlint finds errors")
    inside("rpmbuild", "-tb", "--nodeps", "--nocheck",
           "--define", "_topdir " + RPM, "%s/%s.tar.gz" % (PLACE, NAME))
    listed = inside("rpm", "-qpl", rpm()).split()
    tools = ["/usr/sbin/" + os.path.basename(path)
             for path in glob.glob(os.path.join(CLONE, "tools/sftp-*"))]
    wanted = ["/etc/proftpd/conf.d/mod_sftp.conf", "/etc/logrotate.d/mod_sftp",
              "/usr/libexec/proftpd-mod_sftp/mod_sftp.so",
              "/usr/libexec/proftpd-mod_sftp/sftp-cell",
              "/usr/libexec/proftpd-mod_sftp/sftp-check"] + tools
    expect_same([path for path in wanted if path not in listed], [],
                "not in the RPM")
    for name in ("man5/mod_sftp.5", "html/mod_sftp.html", "README.md"):
        expect(any(name in path for path in listed), name)


def rpm():
    found = [path for path in glob.glob(RPM + "/RPMS/*/*.rpm")
             if "debug" not in os.path.basename(path)]
    expect_same(len(found), 1, "RPMs")
    return found[0]


@promise("the RPM takes the packaged file's place, and gives it back")
def _():
    if not os.path.isdir(RPM):
        skip("no RPM was built")
    inside("mkdir", "-p", os.path.dirname(THEIRS))
    inside("sh", "-c", "echo theirs > " + THEIRS)
    # rpm 4.20 has a plugin that needs / to be a mount point, which no root is.
    options = ("--nodeps", "--noplugins", "--dbpath", RPM + "/db")
    if "--force-debian" in inside("rpm", "--help"):
        options += ("--force-debian",)          # Debian 12 asks for it
    inside("rpm", "-i", *options, rpm())
    expect_same(inside("readlink", "-f", THEIRS).strip(),
                "/usr/libexec/proftpd-mod_sftp/mod_sftp.so", "the link")
    expect_same(inside("cat", THEIRS + ".packaged"), "theirs\n", "kept file")
    inside("rpm", "-U", "--force", *options, rpm())
    expect_same(inside("cat", THEIRS + ".packaged"), "theirs\n", "kept file")
    inside("rpm", "-e", *options, PACKAGE.replace("mod-", "mod_"))
    expect_same(inside("cat", THEIRS), "theirs\n", "the packaged file")
    expect(not os.path.exists(at(THEIRS + ".packaged")), "a file is left")


@promise("the APKBUILD puts the same files into its package")
def _():
    out = os.path.join(PLACE, "apk")
    # Its build() is configure and make; that has been done beside the source.
    inside("sh", "-euc", "make() { command make -C obj-package \"$@\"; }; "
           "srcdir=..; . ./packaging/APKBUILD; pkgdir=$1; package", "sh", out,
           cwd=os.path.join(FIRST, NAME))
    for path in ("etc/proftpd/conf.d/mod_sftp.conf",
                 "etc/logrotate.d/mod_sftp", "usr/sbin/sftp-user",
                 "usr/lib/proftpd/mod_sftp.so", "usr/lib/proftpd/sftp-cell",
                 "usr/lib/proftpd/sftp-check",
                 "usr/share/licenses/proftpd-mod_sftp-ng/LICENSE"):
        expect(os.path.exists(os.path.join(out, path)), "no " + path)


main()
