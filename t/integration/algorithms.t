#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: putty-tools
# sanitizers: alone

"""Every cipher and every MAC by name, with the clients that know it, and
rekeying on the way: what unit tests compare with vectors meets its peers."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, main, promise, skip
from server import Server, client, must, said
from clients import Psftp, putty_home

CIPHERS = """aes128-gcm@openssh.com aes256-gcm@openssh.com
  chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-cbc
  aes192-cbc aes256-cbc 3des-ctr 3des-cbc cast128-cbc blowfish-ctr
  blowfish-cbc arcfour256 arcfour128""".split()
MACS = """hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
  hmac-sha2-256 hmac-sha2-512 umac-128-etm@openssh.com umac-128@openssh.com
  umac-64-etm@openssh.com umac-64@openssh.com hmac-sha1-etm@openssh.com
  hmac-sha1 hmac-sha1-96-etm@openssh.com hmac-sha1-96
  hmac-md5-etm@openssh.com hmac-md5 hmac-md5-96-etm@openssh.com
  hmac-md5-96""".split()

# What OpenSSH never had, or gave up.
NOT_OPENSSH = ("3des-ctr", "cast128-cbc", "blowfish-ctr", "blowfish-cbc",
               "arcfour256", "arcfour128")

# Of odd length, and long enough for the rekeys that the clients ask for.
DATA = os.urandom(400001)

srv = Server("SFTPCompression delayed\nSFTPCiphers %s\nSFTPDigests %s\n"
             % (" ".join(CIPHERS), " ".join(MACS)))


def known_to_openssh(kind):
    return must(client(["ssh", "-Q", kind])).stdout.decode().split()


def transfer(*options):
    """Up and down with OpenSSH, rekeying every 100 KB."""
    sent, got = srv.local("sent", DATA), srv.local("got")
    must(srv.sftp("put %s f\nget f %s\nrm f" % (sent, got),
                  "-oRekeyLimit=100K", *["-o" + o for o in options]))
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the file came back changed")


def openssh_cipher(name):
    if name not in known_to_openssh("cipher"):
        skip("this OpenSSH does not have it")
    transfer("Ciphers=" + name)


def openssh_mac(name):
    if name not in known_to_openssh("mac"):
        skip("this OpenSSH does not have it")
    transfer("Ciphers=aes128-ctr", "MACs=" + name)


def psftp_cipher(family):
    """PuTTY prefers this family of ciphers."""
    home = putty_home(srv)
    sessions = os.path.join(home["PUTTYDIR"], "sessions")
    os.makedirs(sessions, exist_ok=True)
    with open(os.path.join(sessions, family), "w") as out:
        out.write("Protocol=ssh\nHostName=127.0.0.1\nPortNumber=%d\n"
                  "Cipher=%s,WARN\nRekeyBytes=100000\n"
                  % (srv.port, family))
    sent, got = srv.local("sent", DATA), srv.local("got")
    result = must(Psftp(srv).run("put %s f\nget f %s\ndel f" % (sent, got),
                                 "-v", "-load", family))
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the file came back changed")
    return said(result)


for name in CIPHERS:
    if name in NOT_OPENSSH:
        continue
    promise("OpenSSH transfers with " + name)(
        lambda name=name: openssh_cipher(name))

for name in MACS:
    promise("OpenSSH transfers with aes128-ctr and " + name)(
        lambda name=name: openssh_mac(name))


@promise("OpenSSH transfers with CBC over the encrypted packet and without")
def _():
    for mac in ("hmac-sha2-512-etm@openssh.com", "umac-128@openssh.com"):
        transfer("Ciphers=aes256-cbc", "MACs=" + mac)


@promise("OpenSSH transfers compressed, with every kind of cipher")
def _():
    for options in (("Ciphers=aes128-gcm@openssh.com",),
                    ("Ciphers=chacha20-poly1305@openssh.com",),
                    ("Ciphers=aes256-ctr",
                     "MACs=hmac-sha2-256-etm@openssh.com"),
                    ("Ciphers=aes128-cbc", "MACs=hmac-sha2-512")):
        transfer("Compression=yes", *options)


# What OpenSSH gave up lives on in PuTTY, which says what it chose.
for family, text in (("aesgcm", "GCM"), ("chacha20", "ChaCha20"),
                     ("aes", "AES-"), ("3des", "triple-DES SDCTR"),
                     ("blowfish", "Blowfish-256 SDCTR"),
                     ("arcfour", "Arcfour-256")):
    @promise("psftp transfers with %s" % text)
    def _(family=family, text=text):
        log = psftp_cipher(family)
        expect(text.lower() in log.lower(), "not by that cipher:\n" + log)


main(srv)
