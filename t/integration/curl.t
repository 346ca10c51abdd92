#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: curl
# sanitizers: alone

"""curl (libssh2): sftp:// and scp://."""

import base64
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, client, keygen, must, run, said

srv = Server()
DATA = os.urandom(2000001)


def url(scheme, path):
    return "%s://127.0.0.1:%d/%s" % (scheme, srv.port, path)


def curl(*args, password=True, check=True):
    have = must(client(["curl", "--version"])).stdout
    if b" sftp" not in have:
        skip("this curl has no sftp")
    who = ["-u", "%s:%s" % (srv.user, srv.password)]
    if not password:
        who = ["-u", srv.user + ":", "--key", srv.path("curl_key"),
               "--pubkey", srv.path("curl_key.pub")]
    result = client(["curl", "-sS", "--insecure", "--max-time", "50"] + who
                    + list(args))
    return must(result) if check else result


def both_ways(scheme, **more):
    sent, got = srv.local("sent", DATA), srv.local("got")
    curl("-T", sent, url(scheme, "up"), **more)
    expect(srv.get("up") == DATA, "the upload differs")
    curl("-o", got, url(scheme, "up"), **more)
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the download differs")


@promise("sftp:// upload and download with the password")
def _():
    both_ways("sftp")


@promise("scp:// upload and download with the password")
def _():
    both_ways("scp")


@promise("sftp:// with an ECDSA key")
def _():
    keygen(srv.path("curl_key"), "-t", "ecdsa", "-m", "PEM")
    srv.authorize(srv.key, srv.path("curl_key"))
    both_ways("sftp", password=False)


@promise("the listing of a directory names its entries")
def _():
    srv.put("list/one", b"1")
    srv.put("list/two", b"2")
    out = curl(url("sftp", "list/")).stdout
    expect(b"one" in out and b"two" in out, out)


@promise("a range of a file, and resuming a download")
def _():
    srv.put("range", DATA)
    out = curl("-r", "1000-1999", url("sftp", "range")).stdout
    expect(out == DATA[1000:2000], "the range differs")
    got = srv.local("resume", DATA[:500000])
    curl("-C", "-", "-o", got, url("sftp", "range"))
    with open(got, "rb") as file:
        expect(file.read() == DATA, "the resumed file differs")


@promise("quoted commands: mkdir, rename, chmod, symlink, rm, rmdir")
def _():
    srv.put("q-old", b"x")
    curl("-Q", "mkdir /q-dir", "-Q", "rename /q-old /q-new",
         "-Q", "chmod 600 /q-new", "-Q", "rmdir /q-dir", url("sftp", ""),
         "-o", srv.local("null"))
    # libssh2 1.10 takes any server's OK for a failure here.
    curl("-Q", "symlink q-new /q-sym", url("sftp", ""), "-o",
         srv.local("null"), check=False)
    expect_same(oct(os.stat(srv.home("q-new")).st_mode & 0o777), "0o600",
                "mode")
    expect_same(os.readlink(srv.home("q-sym")), "q-new", "the link")
    curl("-Q", "rm /q-new", url("sftp", ""), "-o", srv.local("null"))
    expect(not os.path.exists(srv.home("q-new")), "rm did nothing")


@promise("missing directories are created on request, names may have spaces")
def _():
    sent = srv.local("sent", DATA)
    curl("--ftp-create-dirs", "-T", sent, url("sftp", "made/of%20late/f"))
    expect(srv.get("made/of late/f") == DATA, "the upload differs")


@promise("a missing file and a wrong password give curl's own errors")
def _():
    result = curl(url("sftp", "nowhere"), "-o", srv.local("null"),
                  check=False)
    expect_same(result.returncode, 78, "exit status: " + said(result))
    good, srv.password = srv.password, "wrong"
    try:
        result = curl(url("sftp", ""), check=False)
    finally:
        srv.password = good
    expect_same(result.returncode, 67, "exit status: " + said(result))


@promise("the fingerprint that curl checks is the host key's")
def _():
    with open(srv.path("host_ed25519.pub")) as file:
        blob = base64.b64decode(file.read().split()[1])
    want = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    version = must(client(["curl", "--help", "all"])).stdout
    if b"--hostpubsha256" not in version:
        skip("this curl cannot check SHA-256 fingerprints")
    # libssh2 chooses the key type by itself: one of ours must match.
    prints = []
    for name in ("host_ed25519", "host_ecdsa", "host_rsa"):
        out = must(run(["ssh-keygen", "-l", "-f", srv.path(name + ".pub")]))
        prints.append(out.stdout.split()[1].decode().partition(":")[2])
    expect(want.rstrip("=") in prints, "ssh-keygen disagrees")
    results = [curl("--hostpubsha256", one, url("sftp", ""), check=False)
               .returncode for one in prints]
    expect_same(sorted(results)[0], 0, "exit statuses %r, best" % results)


main(srv)
