# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Dropbear's client below OpenSSH's sftp."""

import os
import shlex

from base import PATIENCE, client, must, run
from openssh import Sftp


class Dropbear(Sftp):
    name = "dropbear"
    title = "Dropbear (dbclient below sftp)"
    packages = ("dropbear-bin", "openssh-client")
    can = tuple(name for name in Sftp.can if name != "channels")
    cannot = {"compress": "dbclient is never asked for it",
              "channels": "dbclient has only one channel"}
    rekeys = False
    mute = "disconnect received"

    def version(self):
        return self.dpkg_version()

    def do(self, login, *commands, timeout=PATIENCE):
        server = login.server
        argv = ["dbclient", "-y", "-y", "-T", "-p", str(server.port)]
        env = dict(os.environ, HOME=server.dir)
        if login.key:
            key = server.path("dropbear_key")
            if not os.path.exists(key):
                must(run(["dropbearconvert", "openssh", "dropbear",
                          login.keyfile, key]))
            argv += ["-i", key]
        else:
            env["DROPBEAR_PASSWORD"] = login.password
        argv += ["-s", server.user + "@127.0.0.1", "sftp"]
        return client(["sftp", "-b", "-", "-D", shlex.join(argv)],
                      env=env, timeout=timeout,
                      input=self.batch(commands))


CLIENTS = (Dropbear,)
