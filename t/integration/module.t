#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: binutils proftpd-mod-crypto proftpd-mod-sqlite

"""The shared object is a good neighbour of the host and its companions."""

import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import (MODULE, PROFTPD, SOURCE, Server, has_module, must, run,
                    wait_for)


def exported():
    out = must(run(["nm", "-D", "--defined-only", MODULE])).stdout.decode()
    return set(line.split()[-1] for line in out.splitlines())


def interface():
    with open(os.path.join(SOURCE, "mod_sftp.map")) as file:
        return set(re.findall(r"^\s+(sftp_\w+);", file.read(), re.M))


@promise("nothing is exported beyond the binary interface")
def _():
    expect_same(sorted(exported() - interface()), [], "also exported")


@promise("all that companions of the distributions import is exported")
def _():
    needed = set("""sftp_module sftp_logfd sftp_auth_send_banner
        sftp_kbdint_register_driver sftp_kbdint_unregister_driver
        sftp_kbdint_send_challenge sftp_kbdint_recv_response
        sftp_keystore_register_store sftp_keystore_unregister_store
        sftp_keys_compare_keys sftp_crypto_get_errors""".split())
    expect_same(sorted(needed - exported()), [], "missing")


@promise("every symbol that it needs belongs to the host or a library")
def _():
    def names(path, which):
        out = must(run(["nm", "-D", which, path])).stdout.decode()
        return set(line.split()[-1].split("@")[0]
                   for line in out.splitlines())

    have = names(PROFTPD, "--defined-only")
    libraries = must(run(["ldd", MODULE])).stdout.decode()
    for path in re.findall(r"(/\S+) \(0x", libraries):
        have |= names(path, "--defined-only")
    out = must(run(["nm", "-D", "-u", MODULE])).stdout.decode()
    needed = set(line.split()[1].split("@")[0] for line in out.splitlines()
                 if line.split()[0] == "U")
    expect_same(sorted(needed - have), [], "nobody defines")


@promise("the object is hardened: relro, bind now, no executable stack")
def _():
    out = must(run(["readelf", "-W", "-d", "-l", MODULE])).stdout.decode()
    expect(re.search(r"BIND_NOW|FLAGS_1.*NOW", out), "no bind now")
    expect("GNU_RELRO" in out, "no relro")
    expect(re.search(r"GNU_STACK.*RW ", out), "an executable stack")
    expect("TEXTREL" not in out, "text relocations")


@promise("it loads, and with the engine off nothing speaks SSH")
def _():
    srv = Server(drop=("SFTPEngine",))
    srv.launch()
    try:
        # The greeting of FTP shows that the daemon is up.
        def greeting():
            try:
                with srv.connect() as sock:
                    return sock.recv(4)
            except OSError:
                return b""
        expect_same(wait_for(greeting, "a greeting"), b"220 ", "greeting")
        expect_same(srv.log("sftp.log"), "", "SFTPLog")
    finally:
        srv.stop_clean()


@promise("it loads twice in one process: after a restart by SIGHUP the "
         "server works")
def _():
    srv = Server().start()
    try:
        for _ in range(2):
            mark = srv.log("system.log").count("SIGHUP")
            srv.process.send_signal(signal.SIGHUP)
            wait_for(lambda: srv.log("system.log").count("SIGHUP") > mark,
                     "the restart")
            wait_for(srv.greets, "an answer after the restart")
            must(srv.sftp("pwd"))
    finally:
        srv.stop_clean()


def loads(name, *needs, directives=""):
    for one in needs + (name,):
        if not has_module(one + ".so"):
            skip("%s is not installed" % one)
    srv = Server(modules=needs, directives="LoadModule %s.c\n%s"
                 % (name, directives)).start()
    try:
        must(srv.sftp("pwd"))
    finally:
        srv.stop_clean()


@promise("mod_sftp_pam loads beside it, and logins work")
def _():
    loads("mod_sftp_pam")


@promise("mod_sftp_sql loads beside it, and logins work")
def _():
    loads("mod_sftp_sql", "mod_sql", "mod_sql_sqlite",
          directives="SQLEngine off")


@promise("mod_auth_otp loads beside it, and logins work")
def _():
    loads("mod_auth_otp", "mod_sql", "mod_sql_sqlite",
          directives="SQLEngine off")


@promise("mod_ban, mod_snmp and mod_digest load beside it")
def _():
    for name in ("mod_ban", "mod_digest"):
        if has_module(name + ".so"):
            loads(name)


main()
