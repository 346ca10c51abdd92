# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Twisted's cftp."""

import os
import re

from base import PATIENCE, UTF8_NAMES, Client, client, must, run


def line(name, *args):
    if name == "get":           # takes names in the current folder only
        return 'cd "%s"\nget "%s" "%s"' % (os.path.split(args[0])
                                          + (args[1],))
    return "%s %s" % (name,
                      " ".join('"%s"' % arg for arg in args))


class Cftp(Client):
    name = "twisted"
    title = "Twisted cftp"
    packages = ("python3-twisted", "python3-pyasn1")
    compresses = False      # -C ends it with a TypeError
    # A batch goes on behind what failed, and may never end then.
    names = tuple(name for name in UTF8_NAMES if not set(name) & set('*?["\\'))
    can = ("put", "get", "mkdir", "rm")
    remarks = "its batches do not stop at errors, nor tell them"
    key = "ecdsa"
    # It asks a terminal for the password, and is silent.
    own_steps = {"password": None, "errors": None}
    always_0 = True

    def version(self):
        return self.dpkg_version()

    def do(self, login, *commands, timeout=PATIENCE):
        server = login.server
        home = server.local("twisted-" + os.urandom(4).hex())
        os.makedirs(home + "/.ssh", exist_ok=True)
        with open(server.path("known_hosts")) as known:
            text = re.sub(r"^\[(.*?)\]:\d+", r"\1", known.read(), flags=re.M)
        with open(home + "/.ssh/known_hosts", "w") as out:
            out.write(text)             # it knows hosts without their port
        batch = "".join(line(*words) + "\n" for words in commands)
        path = server.local("cftp-%x" % hash(batch),
                            batch.encode("utf-8", "surrogateescape"))
        argv = ["cftp3", "-p", str(server.port), "-l", server.user,
                "--noagent", "-b", path]
        if login.key:
            argv += ["-i", login.keyfile]
        if login.compress:
            argv.append("-C")
        return client(argv + ["127.0.0.1"], env=dict(os.environ, HOME=home),
                      timeout=timeout)

    def answer(self, result):
        return set(result.stdout.decode().splitlines()) - {".", ".."}


CLIENTS = (Cftp,)
