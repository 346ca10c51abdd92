#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: clang-format git

"""The habits of CONTRIBUTING.md that a program can check: the subjects of
commits, the change log, and that .clang-format describes the style.

The checks of commits run in a clone only.
"""

import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from tap import expect, expect_same, main, promise, skip  # noqa: E402

# The rules hold for what came after this commit.
START = "9cd30b2ac7c891c8ad0d06262e41595fb212c311"
COLUMNS = 72
SUBJECT = re.compile(r"(\w[\w./-]*(?:, \w[\w./-]*)*): \S.*[^.\s]$")

# The house style, but for heads of functions: those are wrapped by four blanks,
# which clang-format cannot tell from calls.
SAMPLE = """/* Adds one. */
static int add_one(const struct sftp_str *text, size_t n, bool again) {
  const unsigned char *at = text->ptr;
  size_t i;

  if (text->len == 0) {
    return -1;
  }

  for (i = 0; i < n; i++) {
    at += again ? 1 : 2;
  }

  switch (n) {
    case 1:
      add_two(text, (unsigned char *) at, n, again ? sizeof(size_t) : 0, NULL,
        again);
      break;

    default:
      return -1;
  }

  return 0;
}
"""


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def git(*args):
    """What git prints, or None where it cannot say."""
    try:
        done = subprocess.run(("git", "-c", "safe.directory=*", "-C", SOURCE)
                              + args, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def wrong(subject):
    """What is wrong with a subject, or None."""
    if len(subject) > COLUMNS:
        return "%d columns" % len(subject)
    return None if SUBJECT.match(subject) else "not 'area: what it does'"


@promise("the check knows a good subject from a bad one")
def _():
    for subject in ("sftp: a row has its word", "sftp, exec: two areas",
                    "t/run: installs less", "doc: " + "x" * 67):
        expect_same(wrong(subject), None, subject)
    for subject in ("no area at all", "sftp:no blank", "sftp: ends in a dot.",
                    ": nothing", "sftp: ", "doc: " + "x" * 68):
        expect(wrong(subject), subject)


@promise("subjects of commits are 'area: what it does', within 72 columns")
def _():
    # A clone may be shallow, and a package has no history at all.
    found = git("log", "--no-merges", "--format=%h %s", START + "..HEAD")
    if not os.path.exists(os.path.join(SOURCE, ".git")) or found is None:
        skip("no history")
    bad = []
    for line in found.splitlines():
        commit, _, subject = line.partition(" ")
        if wrong(subject):
            bad.append("%s %s (%s)" % (commit, subject, wrong(subject)))
    expect_same(bad, [], "commits")


@promise("the change log has a section for each release, the newest first")
def _():
    log = text_of("CHANGELOG.md")
    heads = re.findall(r"^## (.*)$", log, re.M)
    expect_same(heads[:1], ["Unreleased"], "the first section")
    for head in heads[1:]:
        expect(re.match(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$", head), head)
    versions = [tuple(int(n) for n in head.split()[0].split("."))
                for head in heads[1:]]
    expect_same(versions, sorted(versions, reverse=True), "order")
    tags = git("tag", "--list", "v*")
    for tag in (tags or "").split():
        expect(tag[1:] in [head.split()[0] for head in heads],
               tag + " has no section")


@promise("lines of the change log begin with their area")
def _():
    unreleased = text_of("CHANGELOG.md").split("\n## ")[1]
    items = re.findall(r"^- (.*)$", unreleased, re.M)
    expect(items, "nothing")
    expect_same([item for item in items
                 if not re.match(r"[\w., /-]+: \S", item)], [], "lines")


@promise(".clang-format leaves code in the house style as it is")
def _():
    if shutil.which("clang-format") is None:
        skip("no clang-format")
    done = subprocess.run(["clang-format", "--assume-filename=a.c",
                           "--style=file"], cwd=SOURCE, input=SAMPLE,
                          text=True, stdout=subprocess.PIPE)
    expect_same(done.returncode, 0, "clang-format")
    expect_same(done.stdout, SAMPLE, "the sample")


main()
