#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: libssh-dev libssh2-1-dev python3-asyncssh rclone
# sanitizers: alone

"""The quick clients of the interoperability matrix, step by step; t/interop
has them all, and rekey-clients.t what rekeys do to them."""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INTEROP = os.path.join(HERE, "../interop")
sys.path[:0] = [os.path.join(HERE, "../lib"), INTEROP,
                os.path.join(INTEROP, "drivers")]
import programs
import rclone
from base import PROGRAMS
from server import must, run
from steps import STEPS, Site, Visit
from tap import main, promise

build = tempfile.mkdtemp(prefix="mod_sftp-t-")
site = Site(build)
STEPS_OF = {
    programs.Libssh: ("password", "key", "transfer", "resume", "tree",
                      "times", "links", "listing", "4gib", "errors",
                      "compress", "channels"),
    programs.Libssh2: ("password", "key", "transfer", "resume", "tree",
                       "links", "listing", "4gib", "errors",
                       "compress", "channels"),
    programs.Asyncssh: ("password", "key", "transfer", "tree", "times",
                        "links", "compress", "channels"),
    rclone.Rclone: ("password", "key", "transfer", "tree", "own"),
}


def compiled():
    """The programs in C, once."""
    if not os.path.exists(os.path.join(build, "io-libssh2")):
        must(run([os.path.join(PROGRAMS, "build"), build, "libssh",
                  "libssh2"]))


for kind, names in STEPS_OF.items():
    for name in names:
        client = kind()

        @promise("%s: %s (%s)" % (client.title, STEPS[name].title,
                                  STEPS[name].about))
        def _(client=client, name=name):
            compiled()
            func = client.own_steps.get(name, STEPS[name])
            func(Visit(site, client))


@promise("no server crashed")
def _():
    site.stop()


main()
