#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto python3-paramiko ssh-audit
# sanitizers: alone

"""What is offered: SFTPAlgorithmProfile, the lists that change it, and what
a scanner says of the default."""

import logging
import os
import re
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import (PATIENCE, Server, free_port, keygen, module_folder, must,
                    run, said, wait_for)
import paramiko

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

LISTS = ("kex", "host key", "cipher c2s", "cipher s2c", "MAC c2s", "MAC s2c",
         "compression c2s", "compression s2c")


def offer(srv, software="SSH-2.0-Test_1.0"):
    """The name-lists of the server's KEXINIT."""
    with srv.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(software.encode() + b"\r\n")
        stream.readline()
        length, = struct.unpack(">I", stream.read(4))
        packet = stream.read(length)
        payload = packet[1:length - packet[0]]
        expect_same(payload[0], 20, "the first message")
        at, found = 17, []
        for _ in LISTS:
            size, = struct.unpack(">I", payload[at:at + 4])
            found.append(payload[at + 4:at + 4 + size].decode())
            at += 4 + size
    return dict(zip(LISTS, found))


def offer_of(directives="", software="SSH-2.0-Test_1.0", **more):
    srv = Server(directives, **more).start()
    try:
        return offer(srv, software)
    finally:
        srv.stop_clean()


def kex_of(lists):
    """The methods, without the markers."""
    return [name for name in lists["kex"].split(",")
            if not name.startswith(("ext-info", "kex-strict"))]


@promise("ssh-audit finds neither a failure nor a warning in the default")
def _():
    # A key of 2048 bits is the administrator's, and marked.
    srv = Server(drop=("SFTPHostKey",))
    keygen(srv.path("host_rsa3072"), "-t", "rsa", "-b", "3072")
    srv.directives = ("SFTPHostKey %s\nSFTPHostKey %s\n"
                      % (srv.path("host_ed25519"), srv.path("host_rsa3072")))
    srv.start()
    try:
        result = run(["ssh-audit", "-n", "-p", str(srv.port), "127.0.0.1"])
    finally:
        srv.stop_clean()
    text = result.stdout.decode()
    expect("(kex) mlkem768x25519-sha256" in text, said(result))
    # Releases before 3 know nothing of what came after them.
    version = run(["ssh-audit", "-h"]).stdout.decode()
    too_old = re.search(r"v[12]\.", version.split("\n")[0]) is not None
    marked = [line for line in text.splitlines()
              if "[fail]" in line or "[warn]" in line]
    if too_old:
        marked = [line for line in marked
                  if "unknown algorithm" not in line
                  and "using experimental algorithm" not in line]
    expect_same(marked, [], "what it marks\n" + text)


@promise("the default begins with the post-quantum exchanges")
def _():
    lists = offer_of()
    expect_same(kex_of(lists)[:3],
                ["mlkem768x25519-sha256", "sntrup761x25519-sha512",
                 "sntrup761x25519-sha512@openssh.com"], "first of all")
    expect_same(lists["cipher c2s"], lists["cipher s2c"], "both directions")
    with open("/proc/cpuinfo") as cpu:
        aes = re.search(r"^(flags|Features).*\baes\b", cpu.read(), re.M)
    expect(lists["cipher s2c"].startswith(
        "aes128-gcm" if aes else "chacha20"), lists["cipher s2c"])


@promise("legacy is the offer of the packaged module, name by name")
def _():
    packaged = os.path.join(module_folder(), "mod_sftp.so")
    if not os.path.exists(packaged) or b"SFTPEngine" not in open(
            packaged, "rb").read():
        skip("no packaged module here")
    theirs = Server()
    # make install may have put ours into its place.
    for path in (packaged + ".packaged", packaged):
        if os.path.exists(path):
            packaged = path
            break
    link = theirs.path("modules/mod_sftp.so")
    os.unlink(link)
    os.symlink(packaged, link)
    theirs.start()
    try:
        wanted = offer(theirs)
    finally:
        theirs.stop()
    if "mlkem768x25519-sha256" in wanted["kex"]:
        skip("the installed module is not the packaged one")
    expect_same(offer_of("SFTPAlgorithmProfile legacy"), wanted, "the offer")


@promise("modern offers post-quantum exchanges and AEAD ciphers only")
def _():
    lists = offer_of("SFTPAlgorithmProfile modern")
    expect(all("x25519-sha" in name for name in kex_of(lists)), lists["kex"])
    expect(all("gcm" in name or "poly1305" in name
               for name in lists["cipher s2c"].split(",")),
           lists["cipher s2c"])
    expect("ecdsa" not in lists["host key"], lists["host key"])


@promise("+name appends, -name removes, ^name prepends")
def _():
    lists = offer_of("SFTPCiphers +aes128-cbc 3des-cbc ^aes256-ctr "
                     "-*192*,-aes256-gcm@openssh.com\n"
                     "SFTPKeyExchanges -curve448-sha512\n"
                     "SFTPDigests ^hmac-sha2-512,hmac-sha2-256\n"
                     "SFTPHostKeys -ecdsa-*")
    ciphers = lists["cipher s2c"].split(",")
    expect_same(ciphers[0], "aes256-ctr", "in front")
    expect_same(ciphers[-2:], ["aes128-cbc", "3des-cbc"], "behind")
    expect_same(len(ciphers), 6, "in between " + lists["cipher s2c"])
    expect("aes256-gcm@openssh.com" not in ciphers, "taken away")
    expect("curve448-sha512" not in lists["kex"], lists["kex"])
    expect(lists["MAC s2c"].startswith("hmac-sha2-512,hmac-sha2-256,"),
           lists["MAC s2c"])
    expect_same(lists["host key"], "ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
                "host keys")


@promise("a list without signs replaces the profile's")
def _():
    lists = offer_of("SFTPAlgorithmProfile legacy\n"
                     "SFTPCiphers aes256-ctr aes128-ctr\n")
    expect_same(lists["cipher s2c"], "aes256-ctr,aes128-ctr", "ciphers")
    expect("hmac-sha1" in lists["MAC s2c"], "the others are the profile's")


@promise("each virtual host has its own profile, <Global> gives one to all")
def _():
    port = free_port()
    srv = Server()
    srv.directives = ("<Global>\nSFTPAlgorithmProfile modern\n</Global>\n"
                      "<VirtualHost 127.0.0.1>\nPort %d\nSFTPEngine on\n"
                      "SFTPHostKey %s\nSFTPAlgorithmProfile legacy\n"
                      "SFTPCiphers +aes192-cbc -3des-cbc\n</VirtualHost>\n"
                      % (port, srv.path("host_ed25519")))
    srv.start()
    try:
        expect("-ctr" not in offer(srv)["cipher s2c"], "modern")
        srv.port = port
        lists = offer(srv)
        expect("aes128-cbc" in lists["cipher s2c"] and
               "3des-cbc" not in lists["cipher s2c"], lists["cipher s2c"])
    finally:
        srv.stop_clean()


@promise("SFTPClientMatch gives a profile to some, and changes it")
def _():
    srv = Server('SFTPClientMatch "^Old" sftpAlgorithmProfile legacy '
                 'sftpCiphers -*-cbc\n'
                 'SFTPClientMatch "^Odd" sftpDigests +hmac-sha1').start()
    try:
        plain = offer(srv)
        expect("hmac-sha1" not in plain["MAC s2c"], plain["MAC s2c"])
        old = offer(srv, "SSH-2.0-OldThing_0.1")
        expect("diffie-hellman-group14-sha1" in old["kex"] and
               "aes256-gcm@openssh.com" in old["cipher s2c"] and
               "cbc" not in old["cipher s2c"], old)
        odd = offer(srv, "SSH-2.0-Odd_3")
        expect_same(odd["MAC s2c"], plain["MAC s2c"] + ",hmac-sha1", "Odd's")
    finally:
        srv.stop_clean()


@promise("programs that know nothing better get the sound classic algorithms")
def _():
    srv = Server().start()
    try:
        plain = offer(srv)
        for software in ("libssh2_1.10.0", "JSCH-0.1.54", "phpseclib_2.0 x",
                         "Ruby/Net::SSH_7.0.1 x86_64", "Twisted_22.4.0"):
            old = offer(srv, "SSH-2.0-" + software)
            expect("hmac-sha2-256," in old["MAC s2c"] + "," and
                   "ecdh-sha2-nistp256" in old["kex"], software)
            expect("sha1" not in old["kex"] + old["MAC s2c"], software)
        expect_same(offer(srv, "SSH-2.0-libssh2_1.11.1")["kex"],
                    plain["kex"], "a newer libssh2")
    finally:
        srv.stop_clean()
    named = offer_of("SFTPDigests hmac-sha2-512-etm@openssh.com",
                     "SSH-2.0-libssh2_1.10.0")
    expect_same(named["MAC s2c"], "hmac-sha2-512-etm@openssh.com",
                "what the administrator named")


# Sound, old, and all that some programs have.
CLASSICS = {"_preferred_kex": ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
                               "ecdh-sha2-nistp521",
                               "diffie-hellman-group14-sha256",
                               "diffie-hellman-group-exchange-sha256"),
            "_preferred_macs": ("hmac-sha2-256", "hmac-sha2-512")}


def transport_of(srv, **lists):
    """paramiko under another name, with these lists alone."""
    sock = srv.connect()
    conn = paramiko.Transport(sock)
    conn.local_version = "SSH-2.0-Partner_4.2"
    conn._preferred_ciphers = ("aes256-ctr",)
    for name, value in lists.items():
        setattr(conn, name, value)
    return conn


@promise("a program of any name that knows only one sound classic algorithm "
         "can connect")
def _():
    srv = Server().start()
    try:
        for kind, names in CLASSICS.items():
            for name in names:
                conn = transport_of(srv, **{kind: (name,)})
                try:
                    conn.start_client(timeout=PATIENCE)
                    conn.auth_password(srv.user, srv.password)
                    sftp = paramiko.SFTPClient.from_transport(conn)
                    with sftp.open("f", "w") as file:
                        file.write(name)
                    # What was added is there for new keys, too.
                    conn.renegotiate_keys()
                    with sftp.open("f") as file:
                        expect_same(file.read(), name.encode(), name)
                finally:
                    conn.close()
                expect("offering " in srv.log("sftp.log") and name in srv.log("sftp.log"),
                       srv.log("sftp.log"))
        plain = offer(srv)
        expect(not any(name in plain["kex"] + "," + plain["MAC s2c"] + ","
                       for name in ("nistp256", "group14", "sha2-256,")),
               "a client that waits gets what everybody is offered")
    finally:
        srv.stop_clean()


@promise("nothing broken is added, and nothing where lists are set")
def _():
    for directives, lists in (
            ("", {"_preferred_macs": ("hmac-sha1",)}),
            ("", {"_preferred_kex": ("diffie-hellman-group14-sha1",)}),
            ("", {"_preferred_ciphers": ("aes128-cbc",)}),
            ("SFTPAlgorithmProfile modern",
             {"_preferred_ciphers": ("aes128-ctr",)}),
            ("SFTPDigests hmac-sha2-256-etm@openssh.com",
             {"_preferred_macs": ("hmac-sha2-256",)}),
            ("SFTPKeyExchanges curve25519-sha256",
             {"_preferred_kex": ("ecdh-sha2-nistp256",)}),
            ('SFTPClientMatch "^Partner" sftpDigests '
             'hmac-sha2-512-etm@openssh.com',
             {"_preferred_macs": ("hmac-sha2-256",)})):
        srv = Server(directives).start()
        conn = transport_of(srv, **lists)
        try:
            conn.start_client(timeout=PATIENCE)
            expect(False, "%s: %s was served" % (directives, lists))
        except (paramiko.SSHException, EOFError):
            srv.wait_log("sftp.log", "no shared ")
        finally:
            conn.close()
            srv.stop_clean()


@promise("the server does not wait for OpenSSH, which is known")
def _():
    srv = Server().start()
    try:
        with srv.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
            stream.readline()
            began = time.monotonic()
            stream.read(6)
            expect(time.monotonic() - began < 0.9, "it waited")
    finally:
        srv.stop_clean()


@promise("SFTPHostKey NoRSA and similar words remove the keys of a type")
def _():
    names = ["ssh-ed25519", "ssh-ed448", "ecdsa-sha2-nistp256",
             "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-dss"]
    lines = "SFTPHostKeys %s\nSFTPKeyLimits MinimumDSASize 1024\n" \
        "SFTPHostKey @DIR@/ed448\nSFTPHostKey @DIR@/dsa\n" % " ".join(names)
    for word, gone in (("", ()), ("NoRSA", ("rsa",)), ("NoDSA", ("ssh-dss",)),
                       ("noecdsa", ("ecdsa",)), ("NoED25519", ("ed25519",)),
                       ("NoED448", ("ed448",)),
                       ("NoRSA NoECDSA NoED448", ("rsa", "ecdsa", "ed448"))):
        srv = Server(lines + "".join("SFTPHostKey %s\n" % one
                                     for one in word.split()))
        must(run(["openssl", "genpkey", "-algorithm", "ED448", "-out",
                  srv.path("ed448")]))
        must(run(["openssl", "genpkey", "-genparam", "-algorithm", "DSA",
                  "-pkeyopt", "dsa_paramgen_bits:1024", "-pkeyopt",
                  "dsa_paramgen_q_bits:160", "-out", srv.path("params")]))
        must(run(["openssl", "genpkey", "-paramfile", srv.path("params"),
                  "-out", srv.path("dsa")]))
        for name in ("ed448", "dsa"):
            os.chmod(srv.path(name), 0o600)
        srv.start()
        try:
            got = offer(srv)["host key"].split(",")
        finally:
            srv.stop_clean()
        expect_same(got, [name for name in names
                          if not any(part in name for part in gone)],
                    "SFTPHostKey " + word)


@promise("SFTPCompression sets the offer; zlib before the login must be named")
def _():
    for word, wanted in (("", "none"), ("off", "none"),
                         ("delayed", "zlib@openssh.com,none"),
                         ("on", "zlib@openssh.com,none"),
                         ("on\nSFTPIsolation off",
                          "zlib,zlib@openssh.com,none")):
        got = offer_of(word and "SFTPCompression " + word)
        for way in ("c2s", "s2c"):
            expect_same(got["compression " + way], wanted,
                        "%s of '%s'" % (way, word))


@promise("an empty list, mixed signs or an unknown name prevent the start")
def _():
    for line, text in (("SFTPCiphers -*", "SFTPCiphers leaves no cipher"),
                       ("SFTPCiphers aes128-ctr +aes128-cbc", "not both"),
                       ("SFTPDigests +hmac-sha3", "unsupported digest"),
                       ("SFTPKeyExchanges -nothing", "unsupported key exch"),
                       ("SFTPAlgorithmProfile best", "unknown profile"),
                       ("SFTPClientMatch x sftpAlgorithmProfile best",
                        "modern, default or legacy")):
        log = Server(line).refuses_to_start()
        expect(text in log, "%s: %s" % (line, log))


main()
