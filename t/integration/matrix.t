#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# sanitizers: alone

"""Every key exchange, host key, cipher, MAC and compression that both this
machine's OpenSSH (`ssh -Q`) and the module (which lists what it accepts) know:
a file goes up and down, with rekeys by both sides on the way, and log, session
notes and environment say what was agreed on.

All combinations would be some 100,000 sessions.  The rows are a covering array
of strength two: each pair of names of different axes meets in at least one
session (AEAD ciphers have no MAC), which is also checked.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from agreed import (all_sessions, make_server, module_axes, rows_of,
                    shared)
from server import client, must
from tap import diag, expect, expect_same, main, promise
import tap

DATA = os.urandom(90001)

# A minute where nobody else computes, and each of the many exchanges waits for
# its turn where many do.
tap.LIMIT = 3600
OURS = module_axes()
srv = make_server(OURS)
ABOUT = ("SFTP", "SFTP_LIBRARY_VERSION", "SSH_CONNECTION",
         "SFTP_CLIENT_BANNER", "SFTP_USER_AUTH_METHOD")
srv.directives += ('\nLogFormat about "%s"\nExtendedLog %s WRITE about'
                   % ("|".join("%%{note:%s}|%%{%s}e" % (name, name)
                               for name in ABOUT), srv.path("about.log")))


def knows(kind):
    return must(client(["ssh", "-Q", kind])).stdout.decode().split()


def openssh_axes():
    keys = knows("HostKeyAlgorithms")
    if "ssh-dss" in keys and "ssh-dss" not in knows("key"):
        keys.remove("ssh-dss")
    return shared(OURS, knows("kex"), keys, knows("cipher"), knows("mac"),
                  ["none", "zlib@openssh.com"])


def known_hosts(axes):
    """The keys, and the authority that certified them."""
    with open(srv.path("ca.pub")) as pub, open(srv.known_hosts()) as plain:
        lines = plain.read() + "@cert-authority * " + pub.read()
    if "ssh-dss" not in axes[1]:
        lines = "".join(line for line in lines.splitlines(True)
                        if " ssh-dss " not in line)
    return srv.local("known", lines.encode())


def session(config, known):
    def run_one(name, row):
        kex, key, cipher, mac, compression = row
        sent, got = srv.local(name, DATA), srv.local(name + ".got")
        options = ["KexAlgorithms=" + kex, "HostKeyAlgorithms=" + key,
                   "CASignatureAlgorithms=+ssh-rsa", "Ciphers=" + cipher,
                   "Compression=" + ("no" if compression == "none" else "yes"),
                   "RekeyLimit=64K", "UserKnownHostsFile=" + known]
        options += ["MACs=" + mac] if mac else []
        must(client(["sftp", "-q", "-F", config, "-b", "-"]
                    + ["-o" + option for option in options] + ["srv"],
                    input=b"put %s %s\nget %s %s\n"
                    % (sent.encode(), name.encode(), name.encode(),
                       got.encode())))
        with open(got, "rb") as file:
            expect(file.read() == DATA, "the download differs")
        expect(srv.get(name) == DATA, "the upload differs")
        for path in (sent, got, srv.home(name)):
            os.unlink(path)
    return run_one


@promise("OpenSSH: every pair of names that ssh -Q and the module know")
def _():
    axes = openssh_axes()
    expect(all(len(axis) >= least for axis, least in
               zip(axes, (10, 12, 9, 12, 2))), "%r" % (axes,))
    rows = rows_of(axes)
    config = srv.ssh_config()
    all_sessions(srv, rows, session(config, known_hosts(axes)))
    diag("%d sessions" % len(rows))


@promise("... with rekeys by either side")
def _():
    log = srv.log("sftp.log")
    expect("rekeying done (started by server: volume)" in log, "none by us")
    expect("rekeying done (started by client)" in log, "none by the client")
    expect_same(log.count("rekeying failed"), 0, "rekeys that failed")


@promise("notes and environment contain the client, its address and its "
         "algorithms")
def _():
    words = srv.log("about.log").splitlines()[-1].split("|")
    expect_same(words[0::2], words[1::2], "notes and environment")
    found = dict(zip(ABOUT, words[0::2]))
    for name, pattern in (("SFTP", "1"), ("SFTP_LIBRARY_VERSION", "OpenSSL .*"),
                          ("SSH_CONNECTION", r"127\.0\.0\.1 \d+ 127\.0\.0\.1 "
                           + str(srv.port)),
                          ("SFTP_CLIENT_BANNER", "OpenSSH_.*"),
                          ("SFTP_USER_AUTH_METHOD", "publickey")):
        expect(re.fullmatch(pattern, found[name]), "%r" % found)


main(srv)
