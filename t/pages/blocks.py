#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The blocks of commands and configurations in pages, and who runs each.

t/pages/run follows the pages of FOLLOWED in clean roots.  Any other block is
run by the test that WHO_RUNS names, or NOT_RUN says why nobody runs it;
t/unit/pages-t.py fails for a block of which none of this is true.
"""

import collections
import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

Block = collections.namedtuple("Block", "page heading before text")

# The pages that t/pages/run follows, in this order, in one root.
FOLLOWED = ("README.md", "doc/first-server.md", "doc/manual.md",
            "doc/recipes/README.md", "doc/man/sftp-migrate.8.md",
            "doc/coming-from-packaged.md")

# (page, heading or None for all, first line or None for all) -> the test.
WHO_RUNS = {
    ("README.md", None, "./quickstart"): "t/integration/quickstart.t",
    ("README.md", None, "sftp -F .quickstart/ssh_config demo"):
        "t/integration/quickstart.t",
    ("doc/howto.md", None, None): "t/integration/manual.t",
    ("doc/manual.md", "SFTP*", None): "t/integration/manual.t",
    ("doc/manual.md", None, "SFTP*"): "t/integration/manual.t",
    ("doc/manual.md", None, "SQLNamedQuery*"): "t/integration/manual.t",
    ("doc/manual.md", None, "LogFormat*"): "t/integration/manual.t",
    ("doc/manual.md", None, "<Directory*"): "t/integration/manual.t",
    ("doc/manual.md", None, "openssl_conf = init"): "t/integration/fips.t",
    ("doc/coming-from-packaged.md", None, "USER files"):
        "doc/recipes/Containerfile",
    ("doc/packages.md", None, "apt-get *"): "t/packages/life.t",
    ("doc/packages.md", None, "systemctl *"): "t/packages/life.t",
    ("doc/packages.md", None, "dpkg-divert *"): "t/packages/life.t",
    ("doc/packages.md", None, "apt-get install build-essential"):
        "t/packages/build.t",
    ("doc/packages.md", "Pin a choice", None): "t/integration/pages.t",
    ("doc/scale.md", None, "listen sftp"): "t/integration/cluster.t",
    ("doc/scale.md", None, "SFTPProxyProtocol *"): "t/integration/cluster.t",
    ("doc/man/sftp-record.8.md", "EXAMPLES", None): "t/integration/record.t",
    ("doc/man/sftp-user.8.md", None, "AuthOrder *"): "t/integration/pages.t",
    ("doc/man/sftp-user.8.md", "EXAMPLES", None): "t/integration/pages.t",
}

# Blocks that nobody runs, and why.
NOT_RUN = {
    ("README.md", None, "t/run"): "it runs all tests",
    ("CONTRIBUTING.md", "Build", None): "README's first steps are the same",
    ("CONTRIBUTING.md", "Test", None): "these run all tests",
    ("CONTRIBUTING.md", "Mutants", None): "it tests for many minutes",
    ("doc/architecture.md", None, None): "pictures",
    ("doc/manual.md", "6. Logs", None): "a line of a log",
    ("doc/manual.md", "ftpdctl sftp", None): "what a command prints",
    ("doc/manual.md", "explain", None): "what a command prints",
    ("doc/manual.md", "keys", None): "what a command prints",
    ("doc/manual.md", "whatif", None): "what a command prints",
    ("doc/manual.md", None, "session confined: *"): "a line of a log",
    ("doc/troubleshooting.md", None, "STOR of *"): "a line of a log",
    ("doc/manual.md", "Lines on logins", None): "a line of a log",
    ("doc/manual.md", None, "download of *"): "a line of a log",
    ("doc/scale.md", None, "t/bench *"): "it measures for many minutes",
    ("doc/man/sftp-record.8.md", "SYNOPSIS", None): "a synopsis",
    ("doc/man/sftp-user.8.md", "SYNOPSIS", None): "a synopsis",
    ("doc/man/sftp-migrate.8.md", "SYNOPSIS", None): "a synopsis",
    ("doc/packages.md", None, "./configure && make dist*"):
        "Debian has neither rpmbuild's macros nor abuild; the page says so",
}


def pages():
    """Every page, by its path below the top."""
    found = glob.glob(os.path.join(TOP, "*.md")) + glob.glob(
        os.path.join(TOP, "doc/**/*.md"), recursive=True)
    return sorted(os.path.relpath(path, TOP) for path in found)


def lines_of(page):
    """[(line, or the text of a block with its margin removed, is it code)]"""
    with open(os.path.join(TOP, page), encoding="utf-8") as file:
        lines = file.read().split("\n")
    listed = fenced = False
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
            yield "", False
            continue
        # Below an item of a list, a block has two blanks more.
        if re.match(r"[-*] ", line):
            listed = True
        elif line and not line.startswith(" "):
            listed = False
        margin = "" if fenced else "      " if listed else "    "
        code = fenced or bool(line) and line.startswith(margin)
        yield line[len(margin):] if code else line, code


def blocks_in(page):
    """The indented and fenced blocks of a page."""
    found, here, before, heading = [], [], "", ""
    for line, code in list(lines_of(page)) + [("end", False)]:
        if code:
            here.append(line)
        elif not line and here:
            here.append("")
        elif line:
            if here:
                found.append(Block(page, heading, before,
                                   "\n".join(here).rstrip("\n")))
                here = []
            title = re.match("#+ (.*)", line)
            heading = title.group(1) if title else heading
            before = line
    return found


def blocks_of(page):
    """[(text of a block, the line before)]"""
    return [(block.text, block.before) for block in blocks_in(page)]


def fits(pattern, text):
    return pattern is None or pattern == text or (
        pattern.endswith("*") and text.startswith(pattern[:-1]))


def rule_of(rules, block):
    """The last rule for a block, or None."""
    first = block.text.split("\n")[0]
    found = [key for key in rules if key[0] == block.page
             and fits(key[1], block.heading) and fits(key[2], first)]
    return found[-1] if found else None


def is_configuration(text):
    return re.match(r"<|# /|(Include|LoadModule|SFTP|Auth|Port)\w* ?",
                    text) is not None


def place_of(block):
    """The file into which its first line, or the sentence before, says to
    write."""
    found = re.findall(r"^# (/etc/\S+)", block.text) or \
        re.findall(r"`(/etc/[\w./-]+)`", block.before)
    return found[-1] if found else None


def plan(page):
    """[(kind, text, place or reason)]: kind is "run", "write" or "leave"."""
    for block in blocks_in(page):
        for rules in (NOT_RUN, WHO_RUNS):
            key = rule_of(rules, block)
            if key:
                yield "leave", block.text, rules[key]
                break
        else:
            if is_configuration(block.text):
                yield "write", block.text, place_of(block)
            else:
                yield "run", block.text, None


def commands_of(text):
    """Lines; one that ends with a backslash is joined with the next one."""
    return [line for line in re.split(r"(?<!\\)\n", text) if line]
