#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: curl lftp libssh-dev libssh2-1-dev putty-tools python3-asyncssh
# needs: python3-paramiko rclone
# sanitizers: alone

"""The rekey proof: 64 MiB both ways with new keys every 256 KiB, asked for by
the server, and by each client that can be told to.  What arrives is what was
sent, no rekey fails or is waited for in vain, and the log says who started it
and how it ended.

These are the clients of small packages; t/interop does the same with all.
"""

import os
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
INTEROP = os.path.join(HERE, "../interop")
sys.path[:0] = [os.path.join(HERE, "../lib"), INTEROP,
                os.path.join(INTEROP, "drivers")]
import curl
import lftp
import openssh
import programs
import putty
import rclone
from base import PROGRAMS
from server import PRELOAD, must, run
from steps import EACH, FULL, Site, Visit, least_of, rekeyed
from tap import diag, expect, main, promise
import tap

# Slow ones first: some of them are under way at any time.
CLIENTS = (programs.Asyncssh, programs.Paramiko, putty.Psftp, openssh.Sftp,
           putty.PscpOld, putty.Pscp, lftp.Lftp, openssh.ScpOld, openssh.Scp,
           programs.Libssh2, programs.Libssh, rclone.Rclone, curl.Curl,
           curl.CurlScp)

# Half a minute where nobody else computes; each of thousands of rekeys waits for
# its turn where many do.
tap.LIMIT = 3600

build = tempfile.mkdtemp(prefix="mod_sftp-t-")
must(run([os.path.join(PROGRAMS, "build"), build, "libssh", "libssh2"]))
# Sanitizers look at code, and take their time.
data = os.urandom(FULL >> 3 if PRELOAD else FULL)


def visit(kind, starter):
    """A client at a server of its own: (rekeys, the slowest in ms)."""
    site = Site(build)
    try:
        one = Visit(site, kind())
        if starter == "server":
            one.use("rekey")
        else:
            one.use("no-rekey", rekey=EACH)
        found = rekeyed(one, data, starter)
        ends_well(one.server.log("sftp.log"), starter)
        return found
    finally:
        site.stop()


def lines_of(log, text):
    """By process: lines with that text, those left out of the log as well."""
    found = Counter()
    for pid, more in re.findall(r"\[(\d+)\]: (?:(\d+) more lines? like this "
                                   r"(?:was|were) left out: )?" + text, log):
        found[pid] += int(more or 1)
    return found


def ends_well(log, starter):
    """Every rekey has a line for its begin and one for its end, with who and
    why."""
    who = re.escape("server: volume" if starter == "server" else starter)
    begun = lines_of(log, r"rekeying \(started by %s\)" % who)
    done = lines_of(log, r"rekeying done \(started by %s\) after \d+ ms" % who)
    # A client may leave in the middle of its last one.
    for pid, count in begun.items():
        left = count - done[pid]
        expect(left in (0, 1), "%d rekeys did not end" % left)
    expect(begun.total() >= least_of(data), "%d lines say so" % begun.total())


pool = ThreadPoolExecutor(4)
for kind in CLIENTS:
    for starter in ("server", "client"):
        if starter == "client" and not kind.rekeys:
            continue
        future = pool.submit(visit, kind, starter)

        @promise("%s: %d MiB both ways, the %s rekeys every 256 KiB"
                 % (kind.title, len(data) >> 20, starter))
        def _(future=future):
            count, slowest = future.result()
            diag("%d rekeys, the slowest took %d ms" % (count, slowest))


try:
    main()
finally:
    pool.shutdown(wait=False, cancel_futures=True)
