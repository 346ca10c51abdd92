#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Every key exchange, host key, cipher, MAC and compression that a client and
this module both know: a file goes up and down, with rekeys on the way, and log,
session notes and environment say what was agreed on.

The axes are walked together, each at its own pace, so that a session tries
one name of each, every name has its turn, and neighbours change.
"""

import asyncio
import hashlib
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise, skip
from server import Server, client, keygen, must, run, said
from clients import Psftp

DATA = os.urandom(150001)
SUM = hashlib.sha256(DATA).hexdigest()

KEX = """mlkem768x25519-sha256 sntrup761x25519-sha512
  sntrup761x25519-sha512@openssh.com mlkem768nistp256-sha256
  mlkem1024nistp384-sha384 curve25519-sha256 curve25519-sha256@libssh.org
  curve448-sha512 ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521
  diffie-hellman-group16-sha512 diffie-hellman-group18-sha512
  diffie-hellman-group14-sha256 diffie-hellman-group-exchange-sha256
  diffie-hellman-group-exchange-sha1 diffie-hellman-group14-sha1
  rsa2048-sha256 rsa1024-sha1 diffie-hellman-group1-sha1""".split()
PLAIN_KEYS = """ssh-ed25519 ssh-ed448 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384
  ecdsa-sha2-nistp521 rsa-sha2-512 rsa-sha2-256 ssh-rsa ssh-dss""".split()
CERTIFIED = [name + "-cert-v01@openssh.com" for name in PLAIN_KEYS
             if name not in ("ssh-ed448", "ssh-dss")]
CIPHERS = """aes128-gcm@openssh.com aes256-gcm@openssh.com
  chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-cbc
  aes192-cbc aes256-cbc 3des-ctr 3des-cbc cast128-cbc blowfish-ctr
  blowfish-cbc arcfour256 arcfour128 none""".split()
MACS = """hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
  hmac-sha2-256 hmac-sha2-512 umac-128-etm@openssh.com umac-128@openssh.com
  umac-64-etm@openssh.com umac-64@openssh.com hmac-sha1-etm@openssh.com
  hmac-sha1 hmac-sha1-96-etm@openssh.com hmac-sha1-96
  hmac-md5-etm@openssh.com hmac-md5 hmac-md5-96-etm@openssh.com
  hmac-md5-96 hmac-ripemd160""".split()
COMPRESSIONS = ["none", "zlib@openssh.com", "zlib"]
AEAD = ("gcm", "poly1305")

FORMAT = " ".join("%%{note:SFTP_%s}" % name for name in (
    "KEX_ALGO", "CLIENT_CIPHER_ALGO", "SERVER_CIPHER_ALGO",
    "CLIENT_MAC_ALGO", "CLIENT_COMPRESSION_ALGO")) + " %{SFTP_KEX_ALGO}e"


def make_server(kex=KEX, ciphers=CIPHERS, macs=MACS):
    srv = Server()
    lines = ["SFTPKeyExchanges " + " ".join(kex),
             "SFTPHostKeys " + " ".join(PLAIN_KEYS + CERTIFIED),
             "SFTPCiphers " + " ".join(ciphers),
             "SFTPDigests " + " ".join(macs),
             "SFTPCompression on",
             "SFTPOptions AllowWeakDH AllowInsecureLogin",
             "SFTPRekey required 3600 1",
             'LogFormat agreed "%s"' % FORMAT,
             "ExtendedLog %s READ,WRITE agreed" % srv.path("agreed.log")]
    for number, args in enumerate((("-t", "ecdsa", "-b", "384"),
                                   ("-t", "ecdsa", "-b", "521"))):
        path = keygen(srv.path("host_more%d" % number), *args)
        lines.append("SFTPHostKey " + path)
    must(run(["openssl", "genpkey", "-algorithm", "ed448", "-out",
              srv.path("ed448.pem")]))
    lines.append("SFTPHostKey " + srv.path("ed448.pem"))
    ca = keygen(srv.path("ca"), "-t", "ed25519")
    for name in ("host_ed25519", "host_ecdsa", "host_rsa", "host_more0",
                 "host_more1"):
        must(run(["ssh-keygen", "-q", "-s", ca, "-I", name, "-h", "-n",
                  "127.0.0.1", srv.path(name + ".pub")]))
        lines.append("SFTPHostCertificate %s-cert.pub" % srv.path(name))
    srv.directives = "\n".join(lines)
    return srv


srv = make_server()


def known_hosts():
    """The keys, and the authority that certified them."""
    with open(srv.path("ca.pub")) as pub, \
            open(srv.known_hosts()) as plain:
        text = plain.read() + "@cert-authority * " + pub.read()
    return srv.local("known", text.encode())


def walk(*axes, turns=1):
    """One name of each axis per session: so many times through the longest,
    each time with other neighbours."""
    longest = max(len(axis) for axis in axes)
    for turn in range(turns * longest):
        yield tuple(axis[(turn + (turn // longest) * (number + 1))
                         % len(axis)] for number, axis in enumerate(axes))


def openssh_knows(kind, ours):
    theirs = must(client(["ssh", "-Q", kind])).stdout.decode().split()
    return [name for name in ours if name in theirs]


def check_agreed(kex, cipher, mac, compression):
    """Of the last transfer."""
    line = srv.log("agreed.log").strip().split("\n")[-1].split()
    if any(word in cipher for word in AEAD):
        mac = "implicit"
    expect_same(line, [kex, cipher, cipher, mac, compression, kex],
                "notes and environment")
    log = srv.log("sftp.log")
    for text in ("key exchange: " + kex,
                 "client-to-server encryption: " + cipher):
        expect(text in log, text + " is not in SFTPLog")


def openssh(kex, key, cipher, mac, compression):
    sent, got = srv.local("sent", DATA), srv.local("got")
    must(srv.sftp("put %s f\nget f %s\nrm f" % (sent, got),
                  "-oKexAlgorithms=" + kex, "-oHostKeyAlgorithms=" + key,
                  "-oCiphers=" + cipher, "-oMACs=" + mac,
                  "-oCompression=" + ("no" if compression == "none"
                                      else "yes"),
                  "-oRekeyLimit=64K",
                  "-oUserKnownHostsFile=" + known_hosts()))
    with open(got, "rb") as file:
        expect_same(hashlib.sha256(file.read()).hexdigest(), SUM, "the file")
    check_agreed(kex, cipher, mac, compression)
    expect("server hostkey: %s\n" % key in srv.log("sftp.log"), key)


@promise("OpenSSH: all that ssh -Q lists")
def _():
    failed = []
    axes = (openssh_knows("kex", KEX),
            openssh_knows("HostKeyAlgorithms", PLAIN_KEYS[:-1] + CERTIFIED),
            openssh_knows("cipher", CIPHERS), openssh_knows("mac", MACS),
            ["none", "zlib@openssh.com"])
    for names in walk(*axes, turns=2):
        try:
            openssh(*names)
        except (Failed, AssertionError) as why:
            failed.append("%s\n%s" % (" ".join(names), why))
    expect(not failed, "%d failed\n%s" % (len(failed),
                                          "\n".join(failed[:5])))


@promise("OpenSSH before 10: a server whose key is ssh-dss")
def _():
    if "ssh-dss" not in openssh_knows("key", PLAIN_KEYS):
        skip("this OpenSSH has no ssh-dss")
    one = Server("SFTPHostKeys ssh-dss\nSFTPRekey required 3600 1",
                 drop=("SFTPHostKey",))
    one.directives += "\nSFTPHostKey " + keygen(one.path("host_dsa"), "-t",
                                                "dsa")
    one.start()
    try:
        with open(one.path("host_dsa.pub")) as pub:
            known = "[127.0.0.1]:%d %s" % (one.port, pub.read())
        sent, got = one.local("sent", DATA), one.local("got")
        must(one.sftp("put %s f\nget f %s" % (sent, got),
                      "-oHostKeyAlgorithms=ssh-dss", "-oRekeyLimit=64K",
                      "-oUserKnownHostsFile=" + one.local("known_dss",
                                                          known.encode())))
        with open(got, "rb") as file:
            expect(file.read() == DATA, "the file differs")
        log = one.log("sftp.log")
        expect("server hostkey: ssh-dss\n" in log, log)
        expect(log.count("key exchange: ") >= 2, "it was not rekeyed")
    finally:
        one.stop_clean()


# ---- asyncssh

async def async_session(asyncssh, kex, key, cipher, mac, compression):
    connection = await asyncssh.connect(
        "127.0.0.1", srv.port, username=srv.user, password=srv.password,
        client_keys=None, agent_path=None, known_hosts=None, config=None,
        kex_algs=[kex], server_host_key_algs=[key], encryption_algs=[cipher],
        mac_algs=[mac], compression_algs=[compression], rekey_bytes=100000)
    async with connection:
        async with connection.start_sftp_client() as sftp:
            async with sftp.open("a", "wb") as file:
                await file.write(DATA)
            async with sftp.open("a", "rb") as file:
                got = await file.read()
            expect_same(hashlib.sha256(got).hexdigest(), SUM, "the file")


@promise("asyncssh: all that it has, old exchanges, ciphers and MACs too")
def _():
    try:
        warnings.simplefilter("ignore")
        import asyncssh
        from asyncssh.compression import get_compression_algs
        from asyncssh.encryption import get_encryption_algs
        from asyncssh.kex import get_kex_algs
        from asyncssh.mac import get_mac_algs
    except ImportError:
        skip("no asyncssh here")

    def shared(ours, theirs):
        have = [name.decode() for name in theirs]
        return [name for name in ours if name in have]

    axes = (shared(KEX, get_kex_algs()),
            ["ssh-ed25519", "ssh-ed448", "ecdsa-sha2-nistp384",
             "rsa-sha2-256", "ssh-rsa"],
            shared(CIPHERS, get_encryption_algs()),
            shared(MACS, get_mac_algs()),
            shared(COMPRESSIONS, get_compression_algs()))
    expect("rsa2048-sha256" in axes[0] and "curve448-sha512" in axes[0],
           "%r" % (axes[0],))
    failed = []
    for names in walk(*axes):
        try:
            asyncio.run(asyncio.wait_for(async_session(asyncssh, *names), 30))
            check_agreed(names[0], *names[2:])
        except Exception as why:
            failed.append("%s\n%r" % (" ".join(names), why))
    expect(not failed, "%d failed\n%s" % (len(failed),
                                          "\n".join(failed[:5])))


# ---- paramiko

@promise("paramiko: all that it has")
def _():
    import paramiko
    from paramiko import Transport

    def shared(ours, theirs):
        return [name for name in ours if name in theirs]

    axes = (shared(KEX, Transport._kex_info),
            ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"],
            shared(CIPHERS, Transport._cipher_info),
            shared(MACS, Transport._mac_info),
            shared(COMPRESSIONS, Transport._compression_info))
    expect("diffie-hellman-group-exchange-sha256" in axes[0],
           "%r" % (axes[0],))
    failed = []
    for names in walk(*axes):
        transport = Transport(srv.connect())
        try:
            transport.banner_timeout = 30
            options = transport.get_security_options()
            options.kex, options.key_types = [names[0]], [names[1]]
            options.ciphers, options.digests = [names[2]], [names[3]]
            options.compression = [names[4]]
            transport.start_client(timeout=30)
            transport.auth_password(srv.user, srv.password)
            sftp = paramiko.SFTPClient.from_transport(transport)
            with sftp.open("p", "wb") as file:
                file.set_pipelined(True)
                file.write(DATA[:100000])
            transport.renegotiate_keys()
            with sftp.open("p", "rb") as file:
                expect(file.read() == DATA[:100000], "the file differs")
            check_agreed(names[0], *names[2:])
        except Exception as why:
            failed.append("%s\n%r" % (" ".join(names), why))
        finally:
            transport.close()
    expect(not failed, "%d failed\n%s" % (len(failed),
                                          "\n".join(failed[:5])))


# ---- PuTTY, which takes the server's word where it has a choice

PUTTY_KEX = {"rsa2048-sha256": "RSA key exchange with hash SHA-256",
             "rsa1024-sha1": "RSA key exchange with hash SHA-1",
             "curve448-sha512": "Curve448",
             "mlkem768nistp256-sha256": "ML-KEM-768 / NIST P256",
             "mlkem1024nistp384-sha384": "ML-KEM-1024 / NIST P384",
             "diffie-hellman-group-exchange-sha256": "group exchange",
             "diffie-hellman-group18-sha512": "group18"}

for kex, text in PUTTY_KEX.items():
    @promise("psftp: " + kex)
    def _(kex=kex, text=text):
        one = Server("SFTPKeyExchanges %s\nSFTPRekey required 3600 1" % kex)
        one.start()
        try:
            sent = one.local("sent", DATA * 8)
            result = Psftp(one).run("put %s f" % sent, "-v")
            if b"not correspond to any supported" in result.stderr:
                skip("this PuTTY does not have it")
            log = said(must(result))
            expect(text in log, log)
            expect(one.get("f") == DATA * 8, "the file differs")
            expect(one.log("sftp.log").count("key exchange: " + kex) >= 2,
                   "it was not rekeyed")
        finally:
            one.stop_clean()


main(srv)
