#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: libssh-dev putty-tools python3-asyncssh python3-paramiko
# sanitizers: alone

"""What matrix.t does, with clients that know what OpenSSH does not: asyncssh,
paramiko, libssh and PuTTY.

Of the first three every two names of different axes that client and module
know meet in a session, which rekeys, but for the two largest groups of
asyncssh's: each of them has one.  PuTTY cannot be told names: servers with
one name of each axis leave it no choice, and every name that it offers has its
turn.
"""

import asyncio
import base64
import hashlib
import os
import sys
import tempfile
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
INTEROP = os.path.join(HERE, "../interop")
sys.path[:0] = [os.path.join(HERE, "../lib"), INTEROP,
                os.path.join(INTEROP, "drivers")]
import programs
from agreed import (COMPRESSIONS, all_sessions, is_aead, rows_of,
                    make_server, module_axes, offer_to, shared)
from base import PROGRAMS, Login
from clients import putty_home
from server import client, free_port, must, run
from tap import diag, expect, expect_same, main, promise, skip
import tap

DATA = os.urandom(90001)
OURS = module_axes()
srv = make_server(OURS)
EACH = 65536

# A minute or two where nobody else computes, and each of the many exchanges
# waits for its turn where many do.
tap.LIMIT = 3600
PLAIN = [name for name in OURS[1] if "-cert-" not in name]


def all_pairs_of(axes, session, jobs=4, slow=()):
    # Without isolation alone: psftp below and abi.t have it.
    axes[4] = [name for name in axes[4] if name != "zlib"]
    rows = rows_of(axes, slow)
    all_sessions(srv, rows, session, jobs)
    diag("%d sessions with %s names" % (len(rows), [len(axis)
                                                    for axis in axes]))


def arrived(name, got):
    expect(got == DATA, "the download differs")
    expect(srv.get(name) == DATA, "the upload differs")
    os.unlink(srv.home(name))


# ---- asyncssh

# Its numbers are Python's: each of these takes many seconds of its time.
SLOW = ("diffie-hellman-group14-sha1", "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512")


async def async_session(asyncssh, name, row):
    kex, key, cipher, mac, compression = row
    more = {"mac_algs": [mac]} if mac else {}
    if kex not in SLOW:
        more["rekey_bytes"] = EACH
    async with asyncssh.connect(
            "127.0.0.1", srv.port, username=srv.user, password=srv.password,
            client_keys=None, agent_path=None, known_hosts=None, config=None,
            kex_algs=[kex], server_host_key_algs=[key],
            encryption_algs=[cipher], compression_algs=[compression],
            **more) as connection:
        async with connection.start_sftp_client() as sftp:
            async with sftp.open(name, "wb") as file:
                await file.write(DATA)
            async with sftp.open(name, "rb") as file:
                arrived(name, await file.read())


def names(algs):
    return [name.decode() for name in algs]


@promise("asyncssh: every pair of names that it and the module know")
def _():
    try:
        warnings.simplefilter("ignore")
        import asyncssh
        from asyncssh.compression import get_compression_algs
        from asyncssh.encryption import get_encryption_algs
        from asyncssh.kex import get_kex_algs
        from asyncssh.mac import get_mac_algs
        from asyncssh.public_key import get_public_key_algs
    except ImportError:
        skip("no asyncssh here")
    axes = shared(OURS, names(get_kex_algs()), names(get_public_key_algs()),
                  names(get_encryption_algs()), names(get_mac_algs()),
                  names(get_compression_algs()))
    expect("rsa2048-sha256" in axes[0] and "curve448-sha512" in axes[0]
           and "ssh-ed448" in axes[1], "%r" % (axes,))
    all_pairs_of(axes, lambda name, row: asyncio.run(asyncio.wait_for(
        async_session(asyncssh, name, row), 900)), slow=SLOW[2:])


# ---- paramiko

def paramiko_session(paramiko, name, row):
    transport = paramiko.Transport(srv.connect())
    try:
        transport.banner_timeout = transport.handshake_timeout = 60
        options = transport.get_security_options()
        options.kex, options.key_types = [row[0]], [row[1]]
        options.ciphers, options.compression = [row[2]], [row[4]]
        if row[3]:
            options.digests = [row[3]]
        transport.start_client(timeout=60)
        transport.auth_password(srv.user, srv.password)
        sftp = paramiko.SFTPClient.from_transport(transport)
        with sftp.open(name, "wb") as file:
            file.set_pipelined(True)
            file.write(DATA)
        transport.renegotiate_keys()
        with sftp.open(name, "rb") as file:
            arrived(name, file.read())
    finally:
        transport.close()


@promise("paramiko: every pair of names that it and the module know")
def _():
    import paramiko
    from paramiko import Transport
    keys = [name for name in Transport._key_info if "-cert-" not in name]
    axes = shared(OURS, Transport._kex_info, keys, Transport._cipher_info,
                  Transport._mac_info, Transport._compression_info)
    expect("diffie-hellman-group-exchange-sha256" in axes[0], "%r" % (axes,))
    all_pairs_of(axes, lambda name, row: paramiko_session(paramiko, name,
                                                          row))


# ---- libssh

build = tempfile.mkdtemp(prefix="mod_sftp-t-")
LIBSSH = ("IO_KEX", "IO_HOSTKEYS", "IO_CIPHERS", "IO_MACS", "IO_COMP")


def libssh(row, *commands, port=None):
    login = Login(srv, password=srv.password, rekey=EACH, build=build)
    program = programs.Libssh()
    env = program.environment(login)
    env.update((name, value) for name, value in zip(LIBSSH, row) if value)
    env["IO_PORT"] = str(port or srv.port)
    text = "".join(" ".join(words) + "\n" for words in commands)
    return client(program.command(build), input=text.encode(), env=env)


def libssh_session(name, row):
    sent, got = srv.local(name, DATA), srv.local(name + ".got")
    must(libssh(row, ("put", sent, "/" + name), ("get", "/" + name, got)))
    with open(got, "rb") as file:
        arrived(name, file.read())


@promise("libssh: every pair of names that it and the module know")
def _():
    must(run([os.path.join(PROGRAMS, "build"), build, "libssh"]))
    # What it does not know it leaves out of what it is given.
    offer = offer_to(lambda port: libssh(
        [",".join(names) for names in OURS[:1] + [PLAIN] + OURS[2:]],
        port=port))
    axes = shared(OURS, *offer)
    expect(all(len(axis) >= least for axis, least in
               zip(axes, (8, 5, 7, 4, 2))), "%r" % (axes,))
    all_pairs_of(axes, libssh_session)


# ---- PuTTY

# All that it has, with nothing that it would ask a question about.
SESSION = """Protocol=ssh
HostName=127.0.0.1
PortNumber=%d
Cipher=aesgcm,chacha20,aes,3des,blowfish,des,arcfour,WARN
KEX=ntru-curve25519,mlkem-curve25519,mlkem-nist,ecdh,dh-gex-sha1,dh-group18-sha512,dh-group17-sha512,dh-group16-sha512,dh-group15-sha512,dh-group14-sha1,rsa,dh-group1-sha1,WARN
HostKey=ed448,ed25519,ecdsa,rsa,dsa,WARN
PreferKnownHostKeys=0
RekeyBytes=65536
Compression=%d
"""


def putty_session(port, compression):
    folder = os.path.join(putty_home(srv)["PUTTYDIR"], "sessions")
    os.makedirs(folder, exist_ok=True)
    name = "all-%d" % port
    with open(os.path.join(folder, name), "w") as out:
        out.write(SESSION % (port, compression != "none"))
    return name


def psftp(port, compression, batch, *more):
    return client(["psftp", "-batch", "-v", "-P", str(port), "-l", srv.user,
                   "-pw", srv.password, "-load",
                   putty_session(port, compression)]
                  + list(more) + ["-b", srv.local("psftp-%d" % port,
                                                  batch.encode()),
                                  "127.0.0.1"], env=putty_home(srv))


def walk(axes):
    """One name of each axis per row, until each has had its turn."""
    for turn in range(max(map(len, axes))):
        row = [axis[turn % len(axis)] for axis in axes]
        yield tuple(row[:3] + [None if is_aead(row[2]) else row[3], row[4]])


def ed448_blob():
    """ssh-keygen does not know it; the raw key is the end of its DER form."""
    der = must(run(["openssl", "pkey", "-in", srv.path("ed448.pem"),
                    "-pubout", "-outform", "DER"])).stdout
    return b"".join(len(part).to_bytes(4, "big") + part
                    for part in (b"ssh-ed448", der[-57:]))


def trusted():
    """psftp's options for all host keys."""
    blobs = [ed448_blob()]
    for path in KEYS:
        if os.path.exists(path + ".pub"):
            with open(path + ".pub", "rb") as pub:
                blobs.append(base64.b64decode(pub.read().split()[1]))
    for blob in blobs:
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
        yield from ("-hostkey", "SHA256:" + digest.rstrip("="))


def narrow(row, port):
    """A virtual host that has no choice."""
    lines = ["<VirtualHost 127.0.0.1>", "Port %d" % port,
             "SFTPEngine on", "SFTPLog " + srv.path("sftp.log"),
             "SFTPKeyExchanges " + row[0], "SFTPHostKeys " + row[1],
             "SFTPCiphers " + row[2], "SFTPDigests "
             + (row[3] or "hmac-sha2-256"),
             "SFTPCompression " + {
                 "none": "off", "zlib": "on\nSFTPIsolation off"}.get(
                 row[4], "delayed"),
             "SFTPRekey required 3600 64KB",
             "SFTPOptions AllowWeakDH AllowInsecureLogin"]
    lines += ["SFTPHostKey " + path for path in KEYS]
    lines += ["%s %s" % (name, srv.path(name_of_file)) for name, name_of_file
              in (("AuthUserFile", "passwd"), ("AuthGroupFile", "group"))]
    lines += ["AuthOrder mod_auth_file.c", "RequireValidShell off",
              "DefaultRoot ~", "AllowOverwrite on",
              "ExtendedLog %s WRITE agreed" % srv.path("agreed.log")]
    return "\n".join(lines + ["</VirtualHost>", ""])


KEYS = [srv.path(name) for name in (
    "host_ed25519", "host_ecdsa", "host_rsa", "host_e384", "host_e521",
    "host_dsa", "ed448.pem")]


@promise("psftp: every name that it and the module know")
def _():
    offer = offer_to(lambda port: psftp(port, "zlib", "quit\n"))
    axes = shared(OURS, *offer)
    axes[4] = COMPRESSIONS[:2]
    expect("curve448-sha512" in axes[0] and "rsa2048-sha256" in axes[0]
           and "ssh-ed448" in axes[1] and "blowfish-ctr" in axes[2]
           and "arcfour256" in axes[2], "%r" % (axes,))
    rows = list(walk(axes))
    for axis, known in enumerate(axes):
        expect_same(sorted(set(known) - {row[axis] for row in rows}), [],
                    "names left out")
    ports = []
    while len(ports) < len(rows):
        port = free_port()
        ports += [port] if port not in ports else []
    srv.stop_clean()
    srv.directives += "\n" + "".join(map(narrow, rows, ports))
    srv.start()
    def session(name, row):
        port = ports[rows.index(row)]
        sent, got = srv.local(name, DATA), srv.local(name + ".got")
        must(psftp(port, row[4], "put %s %s\nget %s %s\nquit\n"
                   % (sent, name, name, got), *trusted()))
        with open(got, "rb") as file:
            arrived(name, file.read())

    all_sessions(srv, rows, session, jobs=3)
    diag("%d sessions with %s names" % (len(rows), [len(axis)
                                                    for axis in axes]))


main(srv)
