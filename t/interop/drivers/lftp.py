# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""lftp, which speaks SFTP itself through a pipe to ssh."""

import os
import re
import shlex

from base import PATIENCE, Client, client, run
from openssh import environment, options


def quoted(word):
    return '"%s"' % re.sub(r'(["\\])', r"\\\1", word)


class Lftp(Client):
    name = "lftp"
    title = "lftp"
    packages = ("lftp",)
    rekeys = True
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "ls",
           "symlink", "rename", "mkdir", "rm", "chmod")

    cannot = {"channels": "each connection starts a separate ssh"}

    def version(self):
        text = run(["lftp", "--version"]).stdout.decode()
        return re.search(r"Version ([\d.]+)", text).group(1)

    @staticmethod
    def line(name, *args):
        one, two = (list(map(quoted, args)) + [""])[:2]
        return {
            "put": "put %s -o %s", "get": "get %s -o %s",
            "reput": "put -c %s -o %s", "reget": "get -c %s -o %s",
            "puttree": "mirror -R %s %s", "gettree": "mirror %s %s",
            "ls": "cls -1a %s%s", "symlink": "ln -s %s %s",
            "rename": "mv %s %s", "mkdir": "mkdir %s%s", "rm": "rm %s%s",
            "chmod": "chmod %s %s",
        }[name] % (one, two)

    def do(self, login, *commands, timeout=PATIENCE):
        home = login.server.path("lftp")
        os.makedirs(home, exist_ok=True)
        ssh = ["ssh", "-a", "-x"] + options(login)
        lines = ["set cmd:fail-exit yes", "set net:max-retries 1",
                 "set net:timeout 30", "set sftp:auto-confirm no",
                 "set xfer:clobber yes", "set cmd:interactive no",
                 "set sftp:connect-program " + quoted(shlex.join(ssh)),
                 # A password is for lftp itself, which answers ssh with it.
                 "open -u %s,%s sftp://srv"
                 % (login.server.user, quoted(login.password or ""))]
        lines += [self.line(*words) for words in commands]
        text = "\n".join(lines) + "\n"
        script = login.server.local("lftp-%d" % hash(text),
                                    text.encode("utf-8", "surrogateescape"))
        env = dict(os.environ, HOME=home, LFTP_HOME=home)
        if not login.key:
            env = dict(environment(login), HOME=home, LFTP_HOME=home)
        return client(["lftp", "-f", script], env=env, timeout=timeout)

    def answer(self, result):
        text = result.stdout.decode("utf-8", "surrogateescape")
        names = {line.rpartition("/")[2] for line in text.splitlines()}
        return names - {".", "..", ""}


CLIENTS = (Lftp,)
