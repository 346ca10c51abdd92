#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: cmark-gfm man-db mandoc
# sanitizers: no

"""`make doc`: HTML and man pages that programs read without complaint, and the
same bytes each time.
"""

import glob
import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import SOURCE, must, run

GENERATE = os.path.join(SOURCE, "doc/generate.py")
PLACE = tempfile.TemporaryDirectory()
VERSION = "1.2.3"


def generate(name, **more):
    place = os.path.join(PLACE.name, name)
    return run([sys.executable, GENERATE, "--source", SOURCE, "--version",
                VERSION, "--html", place + "/html", "--man", place + "/man"],
               text=True, **more)


def made(name="first"):
    """{path below the directory: its bytes}"""
    place = os.path.join(PLACE.name, name)
    files = {}
    for top, _, names in os.walk(place):
        for file in names:
            with open(os.path.join(top, file), "rb") as data:
                files[os.path.relpath(os.path.join(top, file), place)] = \
                    data.read()
    return files


class Page(html.parser.HTMLParser):
    """The anchors and links of a page; tags must be closed."""

    EMPTY = {"meta", "br", "hr"}

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.open = [], [], []
        self.faults = []
        self.feed(text)
        self.close()
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)
        if "id" in attrs:
            self.anchors.append(attrs["id"])
        if tag == "a":
            self.links.append(attrs["href"])

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append("/" + tag)


must(generate("first"))
PAGES = {name: Page(data.decode()) for name, data in made().items()
         if name.endswith(".html")}


@promise("two runs, in other places and at another time, write the same bytes")
def _():
    must(generate("second", env=dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C",
                                     SOURCE_DATE_EPOCH="1")))
    expect_same(sorted(made("second")), sorted(made()), "files")
    expect_same([name for name, data in made().items()
                 if made("second")[name] != data], [], "files that differ")


@promise("each Markdown page has its HTML, and each tool its man page")
def _():
    sources = glob.glob(os.path.join(SOURCE, "*.md")) + glob.glob(
        os.path.join(SOURCE, "doc/**/*.md"), recursive=True)
    expect_same(len(PAGES), len(sources), "number of pages")
    tools = {os.path.basename(path)[:-len(".md")] for path in
             glob.glob(os.path.join(SOURCE, "doc/man/*.8.md"))}
    expect_same({name for name in made() if name.startswith("man/")},
                {"man/mod_sftp.5"} | {"man/" + name for name in tools},
                "man pages")


@promise("HTML is well-formed, and no two anchors of a page are the same")
def _():
    for name, page in PAGES.items():
        expect_same(page.faults, [], name)
        expect_same(len(set(page.anchors)), len(page.anchors), name)


@promise("each link within the HTML leads to a page that is there, and to an "
         "anchor of it")
def _():
    files = made()
    seen = 0
    for name, page in PAGES.items():
        for link in page.links:
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(name), path)) \
                if path else name
            expect(path in files, "%s: no file for %s" % (name, link))
            expect(not anchor or anchor in PAGES[path].anchors,
                   "%s: no anchor for %s" % (name, link))
            seen += 1
    expect(seen > 100, "only %d links" % seen)


@promise("the module's page begins with a list of its directives, which lead "
         "to their headings")
def _():
    with open(os.path.join(SOURCE, "doc/manual.md"), encoding="utf-8") as page:
        names = re.findall(r"^#### (SFTP\w+)$", page.read(), re.M)
    text = made()["html/mod_sftp.html"].decode()
    head = text.partition('<ul class="directives">')[2].partition("</ul>")[0]
    expect_same(re.findall(r'<a href="#(\w+)">', head),
                [name.lower() for name in sorted(names)], "list")
    expect(text.index('class="directives"') < text.index("<h3"),
           "the list comes after the first directive")


@promise("man(1) and mandoc(1) have no warning about the man pages")
def _():
    for name in made():
        if not name.startswith("man/"):
            continue
        path = os.path.join(PLACE.name, "first", name)
        lint = run(["mandoc", "-T", "lint", "-W", "warning", path],
                   text=True)
        expect_same(lint.stdout + lint.stderr, "", "mandoc, " + name)
        shown = run(["man", "--warnings", "-E", "UTF-8", "-l", path],
                    env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8",
                             MANPAGER="cat"), text=True)
        expect_same(shown.stderr, "", "man, " + name)
        expect(len(shown.stdout) > 500, name + ": man shows nothing")


@promise("mod_sftp(5) has each directive, and no line wider than the terminal")
def _():
    path = os.path.join(PLACE.name, "first/man/mod_sftp.5")
    text = must(run(["man", "-E", "UTF-8", "-l", path], env=dict(
        os.environ, MANWIDTH="80", LC_ALL="C.UTF-8", MANPAGER="cat"),
        text=True)).stdout
    for name in re.findall(r"^#### (SFTP\w+)$", open(os.path.join(
            SOURCE, "doc/manual.md"), encoding="utf-8").read(), re.M):
        expect(re.search(r"^ +%s$" % name, text, re.M), name + " is missing")
    expect("mod_sftp - SSH-2, SFTP and SCP inside ProFTPD" in text,
           "no NAME: whatis(1) does not find the page")
    # Examples and tables are not wrapped.
    wide = [line for line in text.splitlines() if len(line) > 132]
    expect_same(wide, [], "wide lines")


@promise("without cmark-gfm, one line says what to install, and the exit "
         "status is 1")
def _():
    empty = os.path.join(PLACE.name, "bin")
    os.mkdir(empty)
    result = generate("none", env=dict(os.environ, PATH=empty))
    expect_same(result.returncode, 1, "status")
    expect_same(result.stderr, "make doc: cmark-gfm is missing: apt-get install "
                "cmark-gfm\n", "message")
    expect_same(made("none"), {}, "files")


@promise("make installs the pages and removes them, and nothing else")
def _():
    make = shutil.which("make")
    if make is None or shutil.which("autoconf") is None:
        return
    build = os.path.join(PLACE.name, "build")
    root = os.path.join(PLACE.name, "root")
    os.makedirs(os.path.join(build, "doc"))
    makefile = open(os.path.join(SOURCE, "Makefile.in")).read()
    for name, value in (("srcdir", SOURCE), ("PACKAGE_VERSION", VERSION),
                        ("PACKAGE_TARNAME", "mod_sftp"), ("prefix", "/usr"),
                        ("datarootdir", "${prefix}/share"),
                        ("docdir", "${datarootdir}/doc/${PACKAGE_TARNAME}"),
                        ("htmldir", "${docdir}"), ("INSTALL_PROG", "install"),
                        ("mandir", "${datarootdir}/man")):
        makefile = makefile.replace("@%s@" % name, value)
    with open(os.path.join(build, "Makefile"), "w") as out:
        # Nothing renews it.
        out.write(makefile.replace("\nMakefile mod_sftp.h: %:", "\nnone: %:"))
    other = os.path.join(root, "usr/share/doc/mod_sftp/other.html")
    os.makedirs(os.path.dirname(other))
    open(other, "w").close()

    def run_make(target):
        return must(run([make, "-s", "-C", build, target, "DESTDIR=" + root]))

    run_make("doc")
    run_make("install-doc")
    found = {os.path.relpath(os.path.join(top, name), root)
             for top, _, names in os.walk(root) for name in names}
    for name in ("usr/share/man/man5/mod_sftp.5",
                 "usr/share/doc/mod_sftp/mod_sftp.html"):
        expect(name in found, "%s is missing from %r" % (name, found))
    run_make("uninstall-doc")
    found = [name for top, _, names in os.walk(root) for name in names]
    expect_same(found, ["other.html"], "what is left")


main()
