#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: putty-tools python3-paramiko

"""Rekeying never breaks a transfer, whoever starts it, with any client.

The server rekeys after every MiB here, which is the least that SFTPRekey can
say; OpenSSH's clients after every 64 KiB.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server, must, said
from clients import Psftp, paramiko_sftp

srv = Server("SFTPRekey required 3600 1\nSFTPKeyExchanges "
             "+ecdh-sha2-nistp521 diffie-hellman-group14-sha256")
quiet = Server("SFTPRekey none")

SIZE = 4 * 1024 * 1024
DATA = os.urandom(SIZE)
# The quickest exchange: what is tested is when it happens, not which.
BY_CLIENT = ["-o", "RekeyLimit=64K", "-o", "KexAlgorithms=curve25519-sha256"]


def exchanges(server):
    return server.log("sftp.log").count(" + Session key exchange:")


def rekeyed(server, before, least):
    # One of them is the first exchange of the session.
    found = exchanges(server) - before - 1
    expect(found >= least, "%d rekeys, at least %d expected" % (found, least))


def sftp_both_ways(server, least, *options):
    before = exchanges(server)
    sent, got = server.local("sent", DATA), server.local("got")
    must(server.sftp("put %s f\nget f %s" % (sent, got), *options,
                     timeout=240))
    expect(server.get("f") == DATA, "the upload differs")
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")
    rekeyed(server, before, least)


@promise("sftp: the server rekeys every MiB, data in flight")
def _():
    # Data goes on while keys are exchanged: on a slow machine, longer.
    sftp_both_ways(srv, 3)


@promise("sftp: the client rekeys every 64 KiB, the server never")
def _():
    sftp_both_ways(quiet, 30, *BY_CLIENT)


@promise("sftp: both rekey, at the same time")
def _():
    sftp_both_ways(srv, 30, *BY_CLIENT)


@promise("sftp: hundreds of requests in flight while both rekey")
def _():
    sftp_both_ways(srv, 30, *BY_CLIENT, "-R", "256", "-B", "32768")


for cipher in ("chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com",
               "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"):
    @promise("sftp: both rekey with " + cipher)
    def _(cipher=cipher):
        sftp_both_ways(srv, 30, *BY_CLIENT, "-o", "Ciphers=" + cipher)


@promise("sftp: rekeying with each host key and key exchange")
def _():
    for option in ("HostKeyAlgorithms=ecdsa-sha2-nistp256",
                   "HostKeyAlgorithms=rsa-sha2-512",
                   "KexAlgorithms=ecdh-sha2-nistp521",
                   "KexAlgorithms=diffie-hellman-group14-sha256"):
        before = exchanges(srv)
        got = srv.local("got")
        srv.put("part", DATA[:2000000])
        must(srv.sftp("get part %s" % got, "-o", "RekeyLimit=256K",
                      "-o", option))
        with open(got, "rb") as file:
            expect(file.read() == DATA[:2000000], option)
        rekeyed(srv, before, 2)


@promise("scp -O: both rekey")
def _():
    before = exchanges(srv)
    sent, got = srv.local("sent", DATA), srv.local("scp-got")
    must(srv.scp("-O", *BY_CLIENT, sent, "srv:scp", timeout=240))
    must(srv.scp("-O", *BY_CLIENT, "srv:scp", got, timeout=240))
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the file differs")
    rekeyed(srv, before, 30)


@promise("psftp: the server rekeys every MiB")
def _():
    before = exchanges(srv)
    sent, got = srv.local("sent", DATA), srv.local("putty-got")
    must(Psftp(srv).run("put %s putty\nget putty %s" % (sent, got)))
    expect(srv.get("putty") == DATA, "the upload differs")
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")
    rekeyed(srv, before, 5)


@promise("paramiko: the server rekeys every MiB")
def _():
    before = exchanges(srv)
    with paramiko_sftp(srv) as sftp:
        with sftp.open("para", "wb") as file:
            file.set_pipelined(True)
            file.write(DATA)
        with sftp.open("para", "rb") as file:
            file.prefetch(SIZE)
            expect(file.read() == DATA, "the download differs")
    expect(srv.get("para") == DATA, "the upload differs")
    rekeyed(srv, before, 5)


@promise("paramiko: the client asks for a rekey in the middle of transfers")
def _():
    with paramiko_sftp(quiet) as sftp:
        transport = sftp.get_channel().get_transport()
        for number in range(5):
            with sftp.open("renew", "wb") as file:
                file.set_pipelined(True)
                file.write(DATA[:500000])
                transport.renegotiate_keys()
                file.write(DATA[500000:1000000])
            expect(quiet.get("renew") == DATA[:1000000],
                   "the upload of round %d differs" % number)


@promise("two channels of one connection transfer while the server rekeys")
def _():
    import threading
    with paramiko_sftp(srv) as one:
        two = one.from_transport(one.get_channel().get_transport())
        errors = []

        def work(sftp, name):
            try:
                with sftp.open(name, "wb") as file:
                    file.set_pipelined(True)
                    file.write(DATA[:2000000])
                with sftp.open(name, "rb") as file:
                    file.prefetch(2000000)
                    if file.read() != DATA[:2000000]:
                        errors.append(name + " differs")
            except Exception as error:
                errors.append("%s: %r" % (name, error))

        threads = [threading.Thread(target=work, args=args)
                   for args in ((one, "ch1"), (two, "ch2"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect_same(errors, [], "errors")


@promise("an idle session is rekeyed after the interval")
def _():
    timed = Server("SFTPRekey required 1 1024").start()
    try:
        with paramiko_sftp(timed) as sftp:
            timed.wait_log("sftp.log", r"(?s)(Session key exchange:.*){2}")
            sftp.listdir(".")
    finally:
        timed.stop_clean()


main(srv, quiet)
