#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: git

"""What is shipped: the archive of the source, what `make install' installs,
the files of the packages.  t/packages/run builds the packages.
"""

import filecmp
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from tap import Failed, expect, expect_same, main, promise, skip  # noqa: E402

WORK = tempfile.mkdtemp(prefix="mod_sftp-dist-")
MODULES = "/usr/lib/proftpd"
DOCS = "/usr/share/doc/mod_sftp"
SCRIPTS = ("preinst", "postinst", "postrm")


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def names(pattern):
    """The files of the source that match, without directories."""
    return sorted(path for path in glob.glob(os.path.join(SOURCE, pattern))
                  if os.path.isfile(path))


def run(*argv, cwd=WORK, status=0, **environment):
    done = subprocess.run(argv, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **environment})
    if status is not None and done.returncode != status:
        raise Failed("%s: exit %d\n%s" % (" ".join(argv), done.returncode,
                                          done.stdout))
    return done.stdout


def version():
    return re.search(r"AC_INIT\(\[mod_sftp\], \[(.*?)\]",
                     text_of("configure.ac")).group(1)


def released():
    return re.search(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$",
                     text_of("CHANGELOG.md"), re.M).groups()


def archive(source, place):
    os.makedirs(place)
    run(os.path.join(source, "packaging", "dist"), source, "mod_sftp-test",
        cwd=place)
    return os.path.join(place, "mod_sftp-test.tar.gz")


def files_below(top):
    return sorted(os.path.relpath(os.path.join(here, name), top)
                  for here, _, files in os.walk(top) for name in files)


def make(*words, **more):
    """Rules of Makefile.in alone, over a module that nobody has built."""
    place = os.path.join(WORK, "make")
    if not os.path.isdir(place):
        os.makedirs(place)
        values = {"srcdir": SOURCE, "PACKAGE_VERSION": version(),
                  "PACKAGE_TARNAME": "mod_sftp", "prefix": "/usr",
                  "exec_prefix": "/usr", "datarootdir": "/usr/share",
                  "datadir": "/usr/share",
                  "sbindir": "/usr/sbin", "mandir": "/usr/share/man",
                  "docdir": DOCS, "htmldir": DOCS, "module_dir": MODULES,
                  "INSTALL_PROG": shutil.which("install")}
        with open(os.path.join(place, "Makefile"), "w") as file:
            file.write(re.sub(r"@(\w+)@", lambda m: values.get(
                m.group(1), ""), text_of("Makefile.in")))
        for name in ("mod_sftp.so", "sftp-cell", "sftp-check"):
            with open(os.path.join(place, name), "w") as file:
                file.write("ours")
        os.makedirs(os.path.join(place, "doc", "man"))
        os.makedirs(os.path.join(place, "doc", "html"))
        for name in ("man/mod_sftp.5", "man/sftp-x.8", "html/a.html"):
            with open(os.path.join(place, "doc", name), "w") as file:
                file.write(name)
    return run("make", "-s", "-o", "all", "-o", "Makefile", *words,
               cwd=place, **more)


@promise("one version is named everywhere")
def _():
    number, day = released()
    expect_same(version(), number, "configure.ac, and the last release of "
                "CHANGELOG.md")
    expect_same(re.match(r"proftpd-mod-sftp \((\S+)\) unstable;",
                         text_of("debian/changelog")).group(1), number,
                "debian/changelog")
    stamp = re.search(r"^ -- .*>  (.+)$", text_of("debian/changelog"),
                      re.M).group(1)
    expect_same(run("date", "-u", "-d", stamp, "+%F").strip(), day,
                "day in debian/changelog")
    expect_same(re.search(r"^Version: +(\S+)$", text_of(
        "packaging/mod_sftp.spec"), re.M).group(1), number, "mod_sftp.spec")
    expect_same(re.search(r"^pkgver=(\S+)$", text_of("packaging/APKBUILD"),
                          re.M).group(1), number, "APKBUILD")


@promise("make install and make stage install all that is for users")
def _():
    root = os.path.join(WORK, "stage")
    make("stage", "DESTDIR=" + root)
    wanted = [MODULES + "/mod_sftp.so", MODULES + "/sftp-cell",
              MODULES + "/sftp-check",
              "/usr/share/man/man5/mod_sftp.5",
              "/usr/share/man/man8/sftp-x.8", DOCS + "/a.html",
              DOCS + "/README.md", DOCS + "/CHANGELOG.md",
              DOCS + "/SECURITY.md", DOCS + "/examples/mod_sftp.conf"]
    wanted += [DOCS + "/" + os.path.basename(path)
               for path in names("doc/*.md")]
    wanted += [DOCS + "/examples/" + os.path.basename(path)
               for path in names("doc/recipes/*")]
    wanted += ["/usr/sbin/" + os.path.basename(path)
               for path in names("tools/*")]
    wanted += ["/usr/share/mod_sftp/" + os.path.relpath(path, os.path.join(
        SOURCE, "tools")) for path in names("tools/*/*.py")]
    got = ["/" + path for path in files_below(root)]
    expect_same(got, sorted(wanted), "files")
    for name in ("sftp-cell", "sftp-check"):
        expect(os.access(os.path.join(root + MODULES, name), os.X_OK),
               name + " cannot be executed")
    for path in names("tools/*"):
        expect(os.access(os.path.join(root + "/usr/sbin", os.path.basename(
            path)), os.X_OK), path + " cannot be executed")


@promise("a tool has a man page of its own")
def _():
    expect_same([path for path in names("tools/*") if not os.path.exists(
        os.path.join(SOURCE, "doc/man", os.path.basename(path) + ".8.md"))],
        [], "without doc/man/NAME.8.md")


@promise("make install keeps the packaged file, make uninstall restores it")
def _():
    root = os.path.join(WORK, "install")
    module = root + MODULES + "/mod_sftp.so"
    os.makedirs(root + MODULES)
    with open(module, "w") as file:
        file.write("theirs")
    for _ in range(2):
        make("install", "DESTDIR=" + root)
        with open(module) as ours, open(module + ".packaged") as theirs:
            expect_same((ours.read(), theirs.read()), ("ours", "theirs"),
                        "files")
    make("uninstall", "DESTDIR=" + root)
    expect_same(files_below(root), [MODULES[1:] + "/mod_sftp.so"],
                "files left")
    with open(module) as file:
        expect_same(file.read(), "theirs", "module")
    expect("DESTDIR" in make("stage", status=2), "stage without DESTDIR")


@promise("the archive has all that git knows, and makes itself again")
def _():
    if not shutil.which("autoconf"):
        skip("no autoconf")
    if not any(os.path.exists(os.path.join(SOURCE, name))
               for name in (".git", "MANIFEST")):
        skip("a copy of the files, not a clone")
    made = archive(SOURCE, os.path.join(WORK, "dist"))
    run("tar", "-xf", made)
    tree = os.path.join(WORK, "mod_sftp-test")
    there = files_below(tree)
    with open(os.path.join(tree, "MANIFEST")) as file:
        expect_same(file.read().split("\n")[:-1], there, "MANIFEST")
    expect("configure" in there, "no configure")
    listed = run("git", "-c", "safe.directory=*", "-C", SOURCE, "ls-files",
                 status=None).split("\n")[:-1]
    if os.path.exists(os.path.join(SOURCE, ".git")):
        expect_same(sorted(listed + ["MANIFEST", "configure"]), there, "files")
    for name in ("Makefile.in", "debian/rules", "packaging/mod_sftp.spec",
                 "doc/manual.md", "t/run", "LICENSE"):
        expect(name in there, "no " + name)
    again = archive(tree, os.path.join(WORK, "again"))
    expect(filecmp.cmp(made, again, shallow=False),
           "an unpacked archive makes another archive")


@promise("configure --help names what has an effect, and nothing else")
def _():
    if not shutil.which("autoconf"):
        skip("no autoconf")
    configure = os.path.join(WORK, "configure")
    run("autoconf", "-o", configure, os.path.join(SOURCE, "configure.ac"))
    text = run(configure, "--srcdir=" + SOURCE, "--help")
    expect("prxs" not in text, "prxs is never asked")
    directories = set(re.findall(r"--(\w+dir|prefix|exec-prefix)=", text))
    expect_same(directories - {"srcdir"},
                {"prefix", "sbindir", "mandir", "docdir", "htmldir"},
                "directories")
    for name in directories - {"prefix"}:
        expect("@%s@" % name in text_of("Makefile.in"), name + " is unused")
    for kind, name in re.findall(r"AC_ARG_(WITH|ENABLE)\(\[(.+?)\]",
                                 text_of("configure.ac")):
        expect("--%s-%s" % (kind.lower(), name) in text, name)


@promise("the packages' scripts are right, and name the same files")
def _():
    for name in SCRIPTS:
        path = "debian/proftpd-mod-sftp." + name
        run("sh", "-n", os.path.join(SOURCE, path))
        expect("#DEBHELPER#" in text_of(path), path)
        for found in re.findall(r"^so=(.+)$", text_of(path), re.M):
            expect_same(found, MODULES + "/mod_sftp.so", path)
    run("sh", "-n", os.path.join(SOURCE, "packaging", "APKBUILD"))
    run("sh", "-n", os.path.join(SOURCE, "debian", "tests", "transfer"))
    for name in ("debian/proftpd-mod-sftp.preinst", "Makefile.in",
                 "packaging/mod_sftp.spec"):
        expect("mod_sftp.so" in text_of(name) and ".packaged" in text_of(name),
               name + " keeps the packaged file under another name")


@promise("the APKBUILD has the fields and functions that abuild asks for")
def _():
    fields = ("pkgname pkgver pkgrel pkgdesc url arch license depends "
              "makedepends source builddir").split()
    out = run("sh", "-euc", "srcdir=/src CBUILD= CHOST=; . \"$0\"; type build "
              "check package >&2; for f; do eval \"echo $f=\\$$f\"; done",
              os.path.join(SOURCE, "packaging", "APKBUILD"), *fields)
    got = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    expect_same([name for name in fields if not got.get(name)], [], "empty")
    expect_same(got["source"], "mod_sftp-%s.tar.gz" % version(), "source")
    expect_same(out.count("function"), 3, "functions")
    expect(len(got["pkgdesc"]) <= 128, "pkgdesc is too long")


def fakes(place, **programs):
    """A PATH with programs that note how they are called, and end like this."""
    path = os.path.join(WORK, place)
    os.makedirs(path)
    for name, status in programs.items():
        with open(os.path.join(path, name), "w") as file:
            file.write("#!/bin/sh\necho '%s' \"$*\" >> '%s/calls'\n%s\n"
                       % (name, path, status))
        os.chmod(file.name, 0o755)
    return path


def calls(path):
    with open(os.path.join(path, "calls")) as file:
        return file.read()


@promise("every way of installing makes the account of isolated logins")
def _():
    account = re.search(r'define OWN_ACCOUNT "(.+)"', text_of(
        "ftpd/isolate/ftpd-isolate.c")).group(1)
    for there in (False, True):
        path = fakes("root-%s" % there, id="echo 0",
                     getent="exit %d" % (0 if there else 2), useradd="exit 0")
        search = path + ":" + os.environ["PATH"]
        out = make("install-account", PATH=search)
        made = re.findall("^useradd .* (.+)$", calls(path), re.M)
        expect_same(made, [] if there else [account], "make: " + out)
        out = make("install-account", "DESTDIR=/x", PATH=search)
        expect_same(out, "", "for a package")
    for name in ("debian/proftpd-mod-sftp.postinst",
                 "packaging/mod_sftp.spec"):
        found = re.search(r"useradd (?:.|\\\n)* (\S+)$", text_of(name), re.M)
        expect_same(found and found.group(1), account, name)
    for status in (0, 1):
        path = fakes("alpine-%d" % status, addgroup="exit %d" % status,
                     adduser="exit %d" % status)
        packaging = os.path.join(SOURCE, "packaging")
        script = run("sh", "-euc", "srcdir=/ CBUILD= CHOST=; . ./APKBUILD; "
                     "echo $install", cwd=packaging).strip()
        run("sh", os.path.join(packaging, script),
            PATH=path + ":" + os.environ["PATH"])
        expect_same(re.sub(r"^(\w+) -.* (\S+)$", r"\1 \2", calls(path),
                           flags=re.M).split("\n")[:-1],
                    ["addgroup " + account, "adduser " + account], script)


@promise("the file for conf.d has no effect as it is")
def _():
    text = re.sub(r"(?m)^ *#.*\n", "", text_of("packaging/mod_sftp.conf"))
    expect(re.fullmatch(r"\s*<IfDefine MOD_SFTP>\n.*\n</IfDefine>\n", text,
                        re.S), text)
    inner = re.findall(r"^ +<(?:IfDefine|/IfDefine).*>\n", text, re.M)
    expect_same([line.strip() for line in inner], [
        "<IfDefine !MOD_SFTP_USERS>", "</IfDefine>",
        "<IfDefine MOD_SFTP_USERS>", "</IfDefine>"], "conditions")
    expect_same(text.count("IfDefine"), 6, "IfDefine")


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
