# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""PuTTY's psftp and pscp, which speaks both protocols."""

import os
import re

from base import PATIENCE, UTF8_NAMES, Client, client, run
from clients import fingerprint, putty_home, putty_key


class PuTTY(Client):
    packages = ("putty-tools",)

    def version(self):
        text = run(["psftp", "-V"]).stdout.decode()
        return re.search(r"Release ([\d.]+)", text).group(1)

    def options(self, login):
        server = login.server
        found = ["-batch", "-P", str(server.port), "-l", server.user]
        for name in ("host_ed25519.pub", "host_ecdsa.pub", "host_rsa.pub"):
            found += ["-hostkey", fingerprint(server, name)]
        if login.key:
            found += ["-i", putty_key(server)]
        else:
            found += ["-pw", login.password]
        return found + (["-C"] if login.compress else [])


def quoted(word):
    return '"%s"' % word.replace('"', '""')


class Psftp(PuTTY):
    name = "psftp"
    title = "PuTTY psftp"
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "ls",
           "rename", "mkdir", "rm", "chmod")
    words = {"puttree": "put -r", "gettree": "get -r", "rename": "mv"}
    # Names with * or ? are patterns to it, even where it found them itself.
    names = tuple(name for name in UTF8_NAMES
                  if not set(name) & set('*?[]\\"'))
    always_0 = True

    def do(self, login, *commands, timeout=PATIENCE):
        batch = "".join("%s %s\n" % (self.words.get(name, name),
                                     " ".join(map(quoted, args)))
                        for name, *args in commands) + "quit\n"
        path = login.server.local("psftp-batch-%d" % hash(batch),
                                  batch.encode("utf-8", "surrogateescape"))
        return client(["psftp"] + self.options(login)
                      + ["-b", path, "127.0.0.1"],
                      env=putty_home(login.server), timeout=timeout)

    def answer(self, result):
        names = set()
        for line in result.stdout.decode("utf-8", "replace").splitlines():
            found = re.match(r"[-dl]\S{9,10}\s.*\d\d:?\d\d (.*)$", line)
            if found:
                names.add(found.group(1))
        return names - {".", ".."}


class Pscp(PuTTY):
    name = "pscp-sftp"
    title = "PuTTY pscp -sftp"
    can = ("put", "get", "puttree", "gettree")
    # It takes what is before a colon for a host or a drive.
    names = tuple(name for name in Psftp.names
                  if ":" not in name and not name.startswith(".."))
    mode = "-sftp"

    def do(self, login, *commands, timeout=PATIENCE):
        for name, source, target in commands:
            if name == "puttree":       # into a folder that is there
                target = os.path.dirname(target)
            words = [source, "127.0.0.1:" + target]
            if name.startswith("get"):
                words = ["127.0.0.1:" + source, target]
            flags = ["-r"] if name.endswith("tree") else []
            result = client(["pscp", "-q", self.mode] + flags
                            + self.options(login) + words,
                            env=putty_home(login.server), timeout=timeout)
            if result.returncode != 0:
                break
        return result


class PscpOld(Pscp):
    name = "pscp-scp"
    title = "PuTTY pscp -scp"
    # It skips blanks in front of a name.
    names = tuple(name for name in Pscp.names if not name.startswith(" "))
    mode = "-scp"


CLIENTS = (Psftp, Pscp, PscpOld)
