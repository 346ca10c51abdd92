#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The blocks of commands in pages, and what t/pages/run does with each."""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

# Blocks that are not run, by their first line, and why.
NOT_RUN = {
    "./quickstart": "t/integration/quickstart.t runs it",
    "sftp -F .quickstart/ssh_config demo":
        "t/integration/quickstart.t runs the command that is printed",
    "t/run": "it runs all tests",
}


def blocks_of(page):
    """[(lines, the text before)] of the indented blocks of a page."""
    with open(os.path.join(TOP, page)) as file:
        lines = file.read().split("\n") + [""]
    found, here, before = [], [], ""
    listed = False
    for line in lines:
        # Below an item of a list, a block has two blanks more.
        if re.match(r"[-*] ", line):
            listed = True
        elif line and not line.startswith(" "):
            listed = False
        margin = "      " if listed else "    "
        if line.startswith(margin):
            here.append(line[len(margin):])
        elif not line and here:
            here.append("")
        elif here:
            found.append(("\n".join(here).rstrip("\n"), before))
            here, before = [], line
        if not here and line.strip():
            before = line
    if here:
        found.append(("\n".join(here).rstrip("\n"), before))
    return found


def is_configuration(text):
    return re.match(r"<|(Include|LoadModule|SFTP|Auth|Port)\w* ?", text) \
        is not None


def place_of(before):
    """The file into which the sentence before says to write."""
    found = re.findall(r"`(/etc/[\w./-]+)`", before)
    return found[-1] if found else None


def plan(page):
    """[(kind, text, place)]: kind is "run", "write" or "leave"."""
    for text, before in blocks_of(page):
        first = text.split("\n")[0]
        if first in NOT_RUN:
            yield "leave", text, NOT_RUN[first]
        elif is_configuration(text):
            yield "write", text, place_of(before)
        else:
            yield "run", text, None


# What a command takes for granted, and how it is seen that it has worked.
BEFORE = {
    "nft ": "quietly apt-get install nftables\n"
            "if nft list ruleset >/dev/null 2>&1; then nft -f "
            "/etc/nftables.conf; else nft() { echo 'no nftables in this "
            "kernel: not run'; }; fi",
    "echo 'Port 2200'": "quietly apt-get install openssh-server\n"
                        "systemctl restart ssh",
}
AFTER = {
    "ssh-keygen -A": "test -s /etc/ssh/ssh_host_rsa_key",
    "sftp -P 2222": "cmp README.md /srv/sftp/alice/files/README.md\n"
                    "first_upload",
    "sed -i 's/^Port": "answers 21",
    "nft ": "case $(command nft list ruleset 2>/dev/null || echo 2222) in "
            "*2222*) ;; *) false ;; esac",
    "sshd -t": "answers 2200\n! answers 22",
    "sed -i 's/Port 2222/Port 22/'": "answers 2222",
}
AT_THE_END = """
! answers 21
! answers 2222
answers 2200
sftp -P 22 -i alice.key alice@localhost
"""


def words_for(table, line):
    return [text for begin, text in table.items() if line.startswith(begin)]


def script(page):
    """A script for bash -e that does what a page says.  Each line is shown,
    and noted with the time in the file $TIMES."""
    for kind, text, place in plan(page):
        if kind == "write":
            assert place, "where does this go?\n" + text
            print("step 'write %s'" % place)
            print("cat > %s <<'END_OF_BLOCK'\n%s\nEND_OF_BLOCK" % (place,
                                                                   text))
        elif kind == "run":
            for line in text.split("\n"):
                print("\n".join(words_for(BEFORE, line)))
                print("step '%s'\n%s" % (line.replace("'", "'\\''"), line))
                print("\n".join(words_for(AFTER, line)))
    print("step end")
    print(AT_THE_END)


if __name__ == "__main__":
    script(sys.argv[1])
