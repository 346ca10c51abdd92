#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto
# sanitizers: alone

"""A server with the example of a directive from doc/manual.md starts, and the
lines of doc/howto.md, and those of doc/coming-from-packaged.md that restore an
old behaviour, are accepted.
t/unit/manual-t.py checks the rest of these pages.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../pages"))
import blocks
from tap import expect, expect_same, main, promise
from server import ASAN, PRELOAD, PROFTPD, SOURCE, Server, free_port, has_module, keygen, must, run, \
    said


def configuration(text):
    """The indented blocks of it that are no output of a program."""
    found = re.findall(r"((?:^    .*\n)+)", text, re.M)
    lines = [re.sub("^    ", "", one, flags=re.M) for one in found]
    return "".join(one for one in lines
                   if not re.search(r"^[a-z]", one, re.M)).strip()


with open(os.path.join(SOURCE, "doc/manual.md"), encoding="utf-8") as page:
    EXAMPLES = {name: configuration(text)
                for name, text in re.findall(
                    r"^#### (SFTP\w+)\n(.*?)(?=^#{1,4} )", page.read(),
                    re.S | re.M)}

# Has a driver of keyboard-interactive, which an example names.
PAM = has_module("mod_sftp_pam.so")
srv = Server()
key = srv.path("host_ed25519")
ca = keygen(srv.path("ca"), "-t", "ed25519")
must(run(["ssh-keygen", "-q", "-h", "-s", ca, "-I", "it", "-n", "host",
          key + ".pub"]))
program = srv.path("program")
with open(os.open(program, os.O_CREAT | os.O_WRONLY, 0o755), "w") as out:
    out.write("#!/bin/sh\n")

# What the files of the examples are here.
FILES = (
    ("/etc/ssh/ssh_host_ed25519_key-cert.pub", key + "-cert.pub"),
    ("/etc/ssh/ssh_host_ed25519_key", key),
    ("/etc/ssh/ssh_host_rsa_key", srv.path("host_rsa")),
    ("/usr/local/sbin/sftp-passphrase", program),
    ("/usr/local/bin/keys-of", "/usr/bin/env"),
    ("/usr/local/bin/check-upload", "/usr/bin/env"),
    ("/usr/bin/clamdscan", "/usr/bin/env"),
    ("user scanner", "user nobody"),
    ("/etc/proftpd/ca.pub", ca + ".pub"),
    ("/etc/proftpd/revoked", ca + ".pub"),
    ("/etc/proftpd/blacklist.dat", ca + ".pub"),
    ("/etc/proftpd/dhparams.pem", ca + ".pub"),
    ("/var/log/proftpd/sftp.log", srv.path("sftp.log")),
    ("/var/log/proftpd/sftp-transfers.log", srv.path("sftp-transfers.log")),
    ("/etc/proftpd/new_ed25519", key),
    ("/etc/proftpd/old_ed25519", key),
    # UseIPv6 is off.
    (" 2001:db8::/64", ""),
    ("Port 2222", "Port %d" % free_port()),
)


def as_here(text):
    for there, here in FILES:
        text = text.replace(there, here)
    # An agent would have to run.
    return re.sub("^SFTPHostKey agent:.*$", "", text, flags=re.M)


@promise("the manual has examples of its directives")
def _():
    expect(len(EXAMPLES) > 30 and all(EXAMPLES.values()),
           "%d examples" % len(EXAMPLES))


for directive, example in sorted(EXAMPLES.items()):
    @promise("%s: a server with the example starts" % directive)
    def _(example=example):
        srv.directives = as_here(example)
        if PAM:
            srv.directives = "LoadModule mod_sftp_pam.c\n" + srv.directives
        else:
            srv.directives = srv.directives.replace("keyboard-interactive",
                                                    "password")
        # An example takes the place of the default lines of its names, but
        # a section has its own.
        srv.drop = () if "<" in example else \
            re.findall(r"^(SFTP\w+)", example, re.M)
        srv.choose_ports()
        srv.start()
        srv.stop()


def check(lines, drop=()):
    """proftpd -t accepts them."""
    env = dict(os.environ)
    if PRELOAD:
        env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
    # Methods are accepted where they can be used.
    if "SFTPAuthorizedUserKeys" not in lines:
        drop = [name for name in drop if name != "SFTPAuthorizedUserKeys"]
    srv.directives, srv.drop = lines, drop
    srv.write_config()
    result = run([PROFTPD, "-t", "-c", srv.path("proftpd.conf")], env=env)
    expect(result.returncode == 0, "%s\n%s" % (lines, said(result)))


@promise("the lines that restore the behaviour of the packaged module pass "
         "proftpd -t")
def _():
    with open(os.path.join(SOURCE, "doc/coming-from-packaged.md"),
              encoding="utf-8") as page:
        cells = [re.split(r"(?<!\\)\|", line)[3] for line in
                 page.read().splitlines() if line.startswith("| ")]
    lines = sorted({line for cell in cells for line in re.findall(
        r"`((?:SFTP|Server|Allow|Capabilities|Root)\w+ [^`]+)`", cell)})
    expect(len(lines) > 15, "only %r" % lines)
    for line in lines:
        check(line)


@promise("the lines of the page with short answers pass proftpd -t")
def _():
    with open(os.path.join(SOURCE, "doc/howto.md"), encoding="utf-8") as page:
        parts = re.split(r"^## .*$", page.read(), flags=re.M)[1:]
    for part in parts:
        lines = re.findall(r"^    (.*)$", part, re.M)
        expect(lines, "no lines in" + part)
        check(as_here("\n".join(lines)), drop=("AllowOverwrite",
              "AllowStoreRestart", "DefaultRoot", "SFTPAuthorizedUserKeys"))


@promise("the manual's other configurations pass proftpd -t")
def _():
    key = "t/integration/manual.t"
    found = [block.text for block in blocks.blocks_in("doc/manual.md")
             if not block.heading.startswith("SFTP")
             and blocks.WHO_RUNS.get(blocks.rule_of(blocks.WHO_RUNS,
                                                    block)) == key]
    expect(len(found) >= 5, "only %r" % found)
    for text in found:
        if "SQLNamedQuery" in text:
            if not has_module("mod_sql.so"):
                continue
            text = "LoadModule mod_sql.c\n" + text
        check(as_here(text).replace(" ldap:", ""), drop=re.findall(
            r"^(SFTP\w+)", text, re.M))


# What a variable is in the line of an upload of 50 bytes to /up.
VALUES = {
    "A": "UNKNOWN", "a": r"127\.0\.0\.1", "h": r"127\.0\.0\.1", "b": "50",
    "c": "-", "D": "", "d": "/", "E": "", "{epoch}": r"\d{10}",
    "{iso8601}": r"\d{4}-\d\d-\d\d \S+", "t": r"\[.*\]", "{env:NAME}": "",
    "{NAME}e": "", "f": ".*/home/alice/up", "F": "/up", "{basename}": "up",
    "{file-modified}": "false", "{file-offset}": "0", "{file-size}": "50",
    "g": "staff", "{gid}": r"\d+", "H": r"127\.0\.0\.1",
    "L": r"127\.0\.0\.1", "V": r"\S+", "I": r"\d+", "O": r"\d+", "J": "/up",
    "l": "UNKNOWN", "m": "STOR", "{note:NAME}": "", "P": r"\d+", "p": r"\d+",
    "{remote-port}": r"\d+", "{protocol}": "sftp", "r": "STOR /up",
    "R": r"\d+", "s": "226", "S": "Transfer complete", "T": r"\d+\.\d+",
    "{transfer-millisecs}": r"\d+", "{transfer-failure}": "-",
    "{transfer-port}": "-", "{transfer-status}": "success",
    "{transfer-type}": "binary", "U": "alice", "u": "alice", "{uid}": r"\d+",
    "v": "under test", "{version}": r"1\.3\.\S+", "w": "-",
}


@promise("each variable of the table has its value in the line of an upload")
def _():
    with open(os.path.join(SOURCE, "doc/manual.md"), encoding="utf-8") as page:
        part = page.read().partition("### Variables of formats")[2]
    cells = re.findall(r"^\| (`%.*?) \|", part.partition("\n### ")[0], re.M)
    names = re.findall(r"`%([^`]+)`", " ".join(cells))
    expect_same(sorted(names), sorted(VALUES), "variables")
    srv.drop = ()
    srv.directives = 'LogFormat all "%s"\nExtendedLog @DIR@/all.log WRITE ' \
        "all" % "\t".join("%" + name for name in names)
    srv.choose_ports()
    srv.start()
    must(srv.sftp("put %s up" % srv.local("up", b"x" * 50)))
    srv.stop()
    lines = [line.split("\t") for line in srv.log("all.log").splitlines()]
    expect_same(len(lines), 1, "lines")
    for name, value in zip(names, lines[0]):
        expect(re.fullmatch(VALUES[name], value), "%%%s is %r" % (name, value))


main()
