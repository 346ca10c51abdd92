# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Twisted's cftp."""

import os
import re

from base import PATIENCE, Client, client, must, run


class Cftp(Client):
    name = "twisted"
    title = "Twisted cftp"
    packages = ("python3-twisted", "python3-pyasn1")
    can = ("put", "get", "ls", "rename", "mkdir", "rm", "chmod", "symlink")
    key = "ecdsa"
    own_steps = {"password": None}      # it asks a terminal only
    always_0 = True

    def version(self):
        return self.dpkg_version()

    def do(self, login, *commands, timeout=PATIENCE):
        server = login.server
        home = server.path("twisted")
        os.makedirs(home + "/.ssh", exist_ok=True)
        with open(server.path("known_hosts")) as known:
            text = re.sub(r"^\[(.*?)\]:\d+", r"\1", known.read(), flags=re.M)
        with open(home + "/.ssh/known_hosts", "w") as out:
            out.write(text)             # it knows hosts without their port
        batch = "".join("%s %s\n" % ({"symlink": "ln"}.get(name, name),
                                     " ".join('"%s"' % arg for arg in args))
                        for name, *args in commands)
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
