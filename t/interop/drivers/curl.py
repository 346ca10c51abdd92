# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""curl: libssh2 in Debian."""

import os
import re
from email.utils import formatdate
from urllib.parse import quote

from base import PATIENCE, Client, client, run


class Curl(Client):
    name = "curl-sftp"
    title = "curl sftp://"
    packages = ("curl",)
    scheme = "sftp"
    cannot = {"channels": "it transfers one file at a time"}
    key = "ecdsa"
    can = ("put", "get", "reput", "reget", "ls", "symlink", "rename",
           "mkdir", "rm", "chmod", "utime")

    def version(self):
        text = run(["curl", "--version"]).stdout.decode()
        return "%s, %s" % (re.match(r"curl (\S+)", text).group(1),
                           re.search(r"libssh2?/[\d.]+", text).group(0))

    @property
    def remarks(self):
        if "libssh2/1.10" not in self.version():
            return ""
        return "libssh2 1.10 reports a failure although it has created the " \
            "link"

    def do(self, login, *commands, timeout=PATIENCE):
        base = ["curl", "-sS", "--insecure", "--globoff", "--path-as-is",
                "--max-time", str(timeout)]
        if login.key:
            base += ["-u", login.server.user + ":", "--key", login.keyfile,
                     "--pubkey", login.keyfile + ".pub"]
        else:
            base += ["-u", "%s:%s" % (login.server.user, login.password)]
        if login.compress:
            base.append("--compressed-ssh")
        top = "%s://127.0.0.1:%d" % (self.scheme, login.server.port)
        for words in commands:
            result = client(base + self.words(top, *words), timeout=timeout)
            # libssh2 1.10 takes the OK of SYMLINK for a failure.
            if result.returncode != 0 and not (
                    words[0] == "symlink"
                    and b"Unknown error in libssh2" in result.stderr):
                break
            result.returncode = 0
        return result

    def words(self, top, name, *args):
        def url(path):
            return top + quote(os.fsencode(path))

        def word(path):
            return '"%s"' % re.sub(r'(["\\])', r"\\\1", path)

        if name in ("put", "reput"):
            return (["-C", "-"] if name == "reput" else []) \
                + ["-T", args[0], url(args[1])]
        if name in ("get", "reget"):
            return (["-C", "-"] if name == "reget" else []) \
                + ["-o", args[1], url(args[0])]
        if name == "ls":
            return ["--list-only", url(args[0] + "/")]
        if name == "utime":
            command = 'mtime "%s" %s' % (formatdate(int(args[0]),
                                                    usegmt=True),
                                         word(args[1]))
        elif name == "chmod":
            command = "chmod %s %s" % (args[0], word(args[1]))
        else:
            command = " ".join([name] + [word(arg) for arg in args])
        return ["-Q", command, "-o", "/dev/null", url("/")]

    def answer(self, result):
        text = result.stdout.decode("utf-8", "surrogateescape")
        return set(text.splitlines()) - {".", ".."}


class CurlScp(Curl):
    name = "curl-scp"
    title = "curl scp://"
    remarks = ""
    scheme = "scp"
    # libssh2 takes no control character in what SCP says, and 256 bytes of it.
    names = tuple(name for name in Curl.names
                  if "\t" not in name and len(os.fsencode(name)) < 200)
    cannot = dict.fromkeys(
        ("resume", "times", "links", "listing", "rename"),
        "it only copies whole files")
    cannot["channels"] = Curl.cannot["channels"]
    can = ("put", "get")
    mute = "failed to"


CLIENTS = (Curl, CurlScp)
