#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-snmp python3-paramiko snmp
# sanitizers: alone

"""Modules of the host that watch: counters of mod_snmp, digests of
mod_digest."""

import hashlib
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect_same, main, promise, skip
from server import Server, free_port, has_module, must, run, wait_for

import paramiko

DIGEST = """
LoadModule mod_digest.c
DigestEngine on
DigestCache on
DigestAlgorithms sha256
DigestDefaultAlgorithm sha256
LogFormat sums "%m %f %{note:mod_digest.digest} %{note:mod_digest.algo}"
ExtendedLog @DIR@/sums.log READ,WRITE sums
Trace digest:20
TraceLog @DIR@/trace.log
"""

SNMP = """
LoadModule mod_snmp.c
SNMPEngine on
SNMPAgent master 127.0.0.1:@PORT@
SNMPCommunity public
SNMPTables @DIR@/snmp
SNMPLog @DIR@/snmp.log
SFTPCompression on
SFTPAuthMethods publickey password
MaxLoginAttempts 2
"""

digest = snmp = None
servers = []
if has_module("mod_digest.so"):
    digest = Server(DIGEST)
    servers.append(digest)
SNMPWALK = shutil.which("snmpwalk")
if has_module("mod_snmp.so") and SNMPWALK:
    port = free_port()
    snmp = Server(SNMP.replace("@PORT@", str(port)))
    os.mkdir(snmp.path("snmp"))
    servers.append(snmp)


# Of the module's MIB: ssh is 6, sftp 7, scp 8.
COUNTERS = {
    "6.1.2": ("compression by the client", 1),
    "6.1.3": ("compression by the server", 1),
    "6.2.5": ("passwords", 1),
    "6.2.6": ("wrong passwords", 1),
    "6.2.7": ("keys", 2),
    "7.1.2": ("SFTP sessions", 1),
    "7.1.3": ("SFTP sessions of version 3", 1),
    "7.2.2": ("listings by SFTP", 1),
    "7.2.5": ("uploads by SFTP", 1),
    "7.2.8": ("downloads by SFTP", 1),
    "8.1.2": ("SCP sessions", 1),
    "8.2.5": ("downloads by SCP", 1),
}


def walk():
    """The counters by their numbers."""
    out = run([SNMPWALK, "-v2c", "-c", "public", "-On", "-t", "5",
               "127.0.0.1:%d" % port, "1.3.6.1.4.1.17852"]).stdout.decode()
    return {name: int(count) for name, count in re.findall(
        r"^\.1\.3\.6\.1\.4\.1\.17852\.2\.2\.([678]\.[\d.]+)\.0 = "
        r"\w+: (\d+)", out, re.M)}


@promise("digests of uploads and downloads are those of the files")
def _():
    if digest is None:
        skip("mod_digest is not here")
    data = os.urandom(300001)
    wanted = hashlib.sha256(data).hexdigest()
    path = digest.local("data", data)
    must(digest.sftp("put %s up\nget up %s" % (path, digest.local("back"))))
    must(digest.scp("-O", path, "srv:scp-up"))
    must(digest.scp("-O", "srv:scp-up", digest.local("back2")))
    digest.no_sessions()
    log = digest.log("sums.log")
    for line in ("STOR", "RETR"):
        found = re.findall(r"^%s \S+ ([0-9a-f]{64}) sha256$" % line, log,
                           re.M | re.I)
        expect_same(found, [wanted] * 2, "digests of %s in %s%s" % (
            line, log, digest.log("trace.log")[-3000:]))


@promise("mod_snmp counts sessions, logins, failures, exchanges, transfers")
def _():
    if snmp is None:
        skip("mod_snmp is not here")
    wait_for(walk, "the agent")
    must(snmp.sftp("put /etc/hostname one\nget one %s\nls" % snmp.local("back"),
                   "-C"))
    must(snmp.scp("-O", "srv:one", snmp.local("back2")))
    conn = paramiko.Transport(snmp.connect())
    conn.start_client(timeout=60)
    try:
        conn.auth_password("alice", "wrong", fallback=False)
    except paramiko.AuthenticationException:
        pass
    conn.auth_password("alice", snmp.password)
    conn.close()
    # The agent is a process of its own.
    wait_for(lambda: len(snmp.sessions()) == 1, "the end of the sessions")
    counted = walk()
    for number, (what, wanted) in COUNTERS.items():
        expect_same(counted.get(number, 0), wanted, what)


main(*servers)
