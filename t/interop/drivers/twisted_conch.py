# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Twisted's cftp."""

import os
import re

from base import PATIENCE, UTF8_NAMES, Client, client
from steps import DATA, clear
from tap import expect, expect_same


def line(name, *args):
    if name == "get":           # takes names in the current directory only
        return 'cd "%s"\nget "%s" "%s"' % (os.path.split(args[0])
                                          + (args[1],))
    if name == "chmod":
        return 'chmod %s "%s"' % args
    name = {"symlink": "ln"}.get(name, name)
    return "%s %s" % (name,
                      " ".join('"%s"' % arg for arg in args))


class Cftp(Client):
    name = "twisted"
    title = "Twisted cftp"
    packages = ("python3-twisted", "python3-pyasn1")
    compresses = False      # -C ends it with a TypeError
    # A batch goes on behind what failed, and may never end then.
    names = tuple(name for name in UTF8_NAMES if not set(name) & set('*?["\\'))
    can = ("put", "get", "mkdir", "rm", "chmod")
    key = "ecdsa"
    cannot = {"password": "it reads passwords only from a terminal",
              "compress": "its option for compression fails with a TypeError",
              "errors": "its batch mode prints nothing and continues",
              "listing": "its batch mode prints no output",
              "rename": "it requests a RENAME that must not overwrite, and "
                        "reports no error when that is refused "
                        "(with sshd, too)"}
    always_0 = True

    @property
    def own_steps(self):
        return {"password": None, "errors": None, "links": self.links}

    def links(self, visit):
        """Its targets are whole paths."""
        visit.put_there("real", DATA[:1000])
        clear(visit.there("link"))
        visit.do(("symlink", visit.remote("link"), visit.remote("real")))
        expect(os.path.islink(visit.there("link")), "no link was made")
        expect_same(os.path.basename(os.readlink(visit.there("link"))),
                    "real", "the target")
        visit.do(("get", visit.remote("link"), visit.here("link")))
        visit.here_is("link", DATA[:1000])

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

    def answer(self, _result):
        return set()


CLIENTS = (Cftp,)
