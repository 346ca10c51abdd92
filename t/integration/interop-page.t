#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# sanitizers: alone

"""The page of the interoperability matrix: what is not run stays on it."""

import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INTEROP = os.path.join(HERE, "../interop")
sys.path[:0] = [os.path.join(HERE, "../lib"), INTEROP,
                os.path.join(INTEROP, "drivers")]
import matrix
from report import read_doc, write_doc
from tap import expect, expect_same, main, promise

PAGE = os.path.join(HERE, "../../doc/interop.md")
folder = tempfile.TemporaryDirectory(prefix="mod_sftp-t-")


def text_of(path):
    with open(path) as file:
        return file.read()


def row(title, remarks="", **steps):
    return {"title": title, "version": "1.0", "remarks": remarks,
            "steps": steps}


class Page:
    """A page and results, in a directory of their own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(dir=folder.name)
        self.path = os.path.join(self.dir, "page.md")
        self.results = os.path.join(self.dir, "results")
        os.mkdir(self.results)

    def add(self, release="Debian-12", **rows):
        """One run's results, and the page after it."""
        path = os.path.join(self.results, release + ".json")
        with open(path, "w") as out:
            json.dump(rows, out)
        write_doc(self.results, self.path, matrix.STEPS, matrix.TITLES)
        os.unlink(path)
        return text_of(self.path)


@promise("doc/interop.md, written again without a run, is what it was")
def _():
    page = Page()
    before = text_of(PAGE)
    with open(page.path, "w") as out:
        out.write(before)
    write_doc(page.results, page.path, matrix.STEPS, matrix.TITLES)
    expect_same(text_of(page.path), before, "the page")


@promise("every row of doc/interop.md is of a client that is known")
def _():
    for release, rows in read_doc(PAGE, matrix.STEPS).items():
        expect(rows, "no rows of " + release)
        expect_same(sorted(set(rows) - set(matrix.TITLES)), [], release)


@promise("every – of the page has its reason")
def _():
    for release, rows in read_doc(PAGE, matrix.STEPS).items():
        mute = ["%s: %s" % (title, name) for title, row in rows.items()
                for name, (verdict, why) in row["steps"].items()
                if verdict != "yes" and name != "own" and not why]
        expect_same(mute, [], release)


@promise("rows and notes of clients that are not run stay")
def _():
    page = Page()
    page.add(sshfs=row("sshfs", "slow; but here", tree=["no", "a|b: c; d"],
                       key=["yes", ""], links=["-", "FUSE: none"]))
    text = page.add(lftp=row("lftp", key=["yes", ""]))
    for wanted in ("| sshfs | 1.0 |", "| lftp | 1.0 |",
                   "- **sshfs**: slow; but here; trees, odd names: "
                   "a\\|b: c; d; symbolic links: FUSE: none.\n"):
        expect(wanted in text, "no %r in %s" % (wanted, text))
    expect_same(page.add(), text, "after a run of nobody")


@promise("steps that are not run stay, and those that are replace the old")
def _():
    page = Page()
    page.add(sshfs=row("sshfs", tree=["no", "broken"], key=["yes", ""]))
    page.add(sshfs=row("sshfs", tree=["yes", ""]))
    found = read_doc(page.path, matrix.STEPS)["Debian 12"]["sshfs"]
    expect_same(found["steps"], {"tree": ["yes", ""], "key": ["yes", ""]},
                "steps")
    expect("broken" not in text_of(page.path), "the old note stays")


@promise("releases stay beside each other")
def _():
    page = Page()
    page.add(sshfs=row("sshfs", key=["yes", ""]))
    text = page.add("Debian-13", sshfs=row("sshfs", key=["no", "why"]))
    expect_same([line for line in text.splitlines() if line[:3] == "## "],
                ["## Debian 12", "## Debian 13", "## The steps"], "sections")
    found = read_doc(page.path, matrix.STEPS)
    expect_same([found[name]["sshfs"]["steps"]["key"]
                 for name in ("Debian 12", "Debian 13")],
                [["yes", ""], ["no", "why"]], "both")


main()
