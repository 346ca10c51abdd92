#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Each block of each page is run by somebody, or it says why not
(t/pages/blocks.py).  This reads the pages and starts nothing.
"""

import os
import sys

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path[:0] = [os.path.join(SOURCE, "t", "lib"),
                os.path.join(SOURCE, "t", "pages")]
sys.dont_write_bytecode = True

import blocks  # noqa: E402
import follow  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

ALL = [block for page in blocks.pages() for block in blocks.blocks_in(page)]


def rule_keys(block):
    return [key for rules in (blocks.NOT_RUN, blocks.WHO_RUNS)
            for key in [blocks.rule_of(rules, block)] if key]


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


@promise("the pages have blocks")
def _():
    expect(len(ALL) > 100, "only %d" % len(ALL))
    expect(any(block.page == "doc/architecture.md" for block in ALL),
           "no fenced blocks")


@promise("each block is followed by t/pages/run, or a rule names its test or a "
         "reason")
def _():
    nobody = ["%s, under '%s': %s" % (block.page, block.heading,
                                      block.text.split("\n")[0])
              for block in ALL
              if block.page not in blocks.FOLLOWED and not rule_keys(block)]
    expect_same(nobody, [], "blocks that nobody runs; see t/pages/blocks.py")


@promise("no block has two rules, and each rule has a block")
def _():
    used = set()
    for block in ALL:
        keys = rule_keys(block)
        expect(len(keys) < 2, "%s: %s" % (block.text, keys))
        used.update(keys)
    expect_same(set(blocks.NOT_RUN) | set(blocks.WHO_RUNS), used, "rules")


@promise("a rule's test is there, and names the page or the command")
def _():
    for (page, _, first), test in blocks.WHO_RUNS.items():
        names = [os.path.basename(page)] + (first or "").split()[:1]
        expect(any(name.replace("./", "") in read(test) for name in names),
               "%s says nothing of %s" % (test, names))


@promise("a configuration in a page that is followed says where it goes, and "
         "the rest are commands")
def _():
    for page in blocks.FOLLOWED:
        for kind, text, place in blocks.plan(page):
            expect(kind != "write" or place, "%s: where does this go?\n%s"
                   % (page, text))
            expect(kind != "run" or text[0].islower() or text[0] in "./",
                   "%s: no command:\n%s" % (page, text))


@promise("what is done before and after a line has its line")
def _():
    lines = [(page, line) for page in blocks.FOLLOWED
             for kind, text, _ in blocks.plan(page) if kind == "run"
             for line in blocks.commands_of(text)]
    for table in (follow.BEFORE, follow.AFTER):
        for where, begin in table:
            expect(any(where in (None, page) and line.startswith(begin)
                       for page, line in lines), "no line %r in %s"
                   % (begin, where or "any page"))


main()
