#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-asyncssh

"""Users' keys and certificates of every type, with every algorithm: which log
in by default, and which when named."""

import asyncio
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import PATIENCE, Server, keygen, must, run, said

warnings.simplefilter("ignore")
import asyncssh

# asyncssh's name of the key type, its parameters, the algorithms.
SOUND = [("ssh-ed25519", {}, ["ssh-ed25519"]),
         ("ssh-ed448", {}, ["ssh-ed448"]),
         ("ecdsa-sha2-nistp256", {}, ["ecdsa-sha2-nistp256"]),
         ("ecdsa-sha2-nistp384", {}, ["ecdsa-sha2-nistp384"]),
         ("ecdsa-sha2-nistp521", {}, ["ecdsa-sha2-nistp521"]),
         ("ssh-rsa", {"key_size": 2048}, ["rsa-sha2-256", "rsa-sha2-512"])]
OLD = [("ssh-rsa", {"key_size": 2048}, ["ssh-rsa"]),
       ("ssh-dss", {}, ["ssh-dss"])]

CA = "SFTPTrustedUserCAKeys @DIR@/ca.pub\n"

usual = Server(CA)
named = Server(CA + "SFTPAuthPublicKeys +ssh-rsa +ssh-dss "
               "+ssh-rsa-cert-v01@openssh.com +ssh-dss-cert-v01@openssh.com")
few = Server(CA + "SFTPAuthPublicKeys ecdsa-sha2-nistp384 rsa-sha2-256 "
             "ecdsa-sha2-nistp384-cert-v01@openssh.com")

ca = asyncssh.generate_private_key("ssh-ed25519")
for srv in (usual, named, few):
    with open(srv.path("ca.pub"), "wb") as out:
        out.write(ca.export_public_key())


async def session(srv, key, algorithm):
    async with asyncssh.connect(
            "127.0.0.1", srv.port, username="alice", known_hosts=None,
            client_keys=[key], signature_algs=[algorithm], agent_path=None,
            config=None, preferred_auth="publickey") as conn:
        async with conn.start_sftp_client() as sftp:
            await sftp.stat(".")


def logs_in(srv, key, algorithm):
    try:
        asyncio.run(asyncio.wait_for(session(srv, key, algorithm), PATIENCE))
        return True
    except asyncssh.PermissionDenied:
        return False


def make(kind, parameters):
    if kind != "ssh-dss":
        return asyncssh.generate_private_key(kind, **parameters)
    # asyncssh makes them with a q that SSH does not have.
    path = usual.path("dsa")
    if not os.path.exists(path):
        must(run(["openssl", "genpkey", "-genparam", "-algorithm", "DSA",
                  "-pkeyopt", "dsa_paramgen_bits:1024", "-pkeyopt",
                  "dsa_paramgen_q_bits:160", "-out", path + "-params"]))
        must(run(["openssl", "genpkey", "-paramfile", path + "-params",
                  "-out", path]))
    return asyncssh.read_private_key(path)


def outcomes(srv, rows, certified=False):
    """What logged in, by the algorithms' names."""
    good = []
    for kind, parameters, algorithms in rows:
        key = make(kind, parameters)
        text = key.export_public_key()
        client = key
        if certified:
            cert = ca.generate_user_certificate(key, "id",
                                                principals=["alice"])
            text, client = b"", (key, cert)
        path = srv.path("keys/alice")
        with open(path, "wb") as out:
            out.write(text)
        os.chmod(path, 0o644)
        for algorithm in algorithms:
            if logs_in(srv, client, algorithm):
                good.append(algorithm)
    return good


def names(rows):
    return [name for _, _, algorithms in rows for name in algorithms]


@promise("keys of every sound type log in, with every algorithm")
def _():
    expect_same(outcomes(usual, SOUND), names(SOUND), "what logs in")
    log = usual.log("sftp.log")
    for kind, _, _ in SOUND:
        expect("by publickey" in log and kind + " key SHA256:" in log,
               "no line on %s\n%s" % (kind, log[-4000:]))


@promise("SHA-1 and DSA do not, unless they are named")
def _():
    expect_same(outcomes(usual, OLD), [], "what logs in by default")
    usual.wait_log("sftp.log", "public key algorithm 'ssh-rsa' is not enabled")
    expect_same(outcomes(named, OLD), names(OLD), "what logs in when named")
    expect_same(outcomes(named, SOUND), names(SOUND), "beside the others")


@promise("certificates for keys of every type that has them")
def _():
    # asyncssh asks for RSA's as if they signed with SHA-1.
    rows = [row for row in SOUND if row[0] not in ("ssh-ed448", "ssh-rsa")]
    expect_same(outcomes(usual, rows, True), names(rows), "what logs in")
    expect_same(outcomes(usual, OLD, True), [], "old ones by default")
    expect_same(outcomes(named, OLD, True), names(OLD), "old ones named")


@promise("certificates for RSA sign with either SHA-2")
def _():
    path = usual.path("rsa")
    keygen(path, "-t", "rsa", "-b", "2048")
    ca.write_private_key(usual.path("ca"))
    os.chmod(usual.path("ca"), 0o600)
    must(run(["ssh-keygen", "-q", "-s", usual.path("ca"), "-I", "x", "-n",
              "alice", path + ".pub"]))
    for name, good in (("rsa-sha2-256", True), ("rsa-sha2-512", True),
                       ("ssh-rsa", False)):
        result = usual.sftp("pwd", "-oIdentityFile=" + path,
                            "-oPreferredAuthentications=publickey",
                            "-oPubkeyAcceptedAlgorithms=%s-cert-v01@"
                            "openssh.com" % name)
        expect_same(result.returncode == 0, good, name + " " + said(result))


@promise("SFTPAuthPublicKeys allows only what it names")
def _():
    expect_same(outcomes(few, SOUND), ["ecdsa-sha2-nistp384", "rsa-sha2-256"],
                "keys")
    expect_same(outcomes(few, SOUND[:5], True), ["ecdsa-sha2-nistp384"],
                "certificates")


main(usual, named, few)
