# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""PuTTY's psftp and pscp, which speaks both protocols."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from base import PATIENCE, UTF8_NAMES, Client, client, run
from clients import fingerprint, putty_home, putty_key
from server import wait_for


class PuTTY(Client):
    packages = ("putty-tools",)
    rekeys = True

    def channels(self, login, count, local, remote):
        """Through one connection that plink keeps."""
        env = dict(putty_home(login.server),
                   XDG_RUNTIME_DIR=login.server.path("putty"))
        plink = ["plink", "-share"] + self.options(login)
        exists = ["plink", "-shareexists"] + plink[2:] + ["127.0.0.1"]
        # Its stdin stays open: at its end, plink would go.
        with subprocess.Popen(plink + ["-N", "127.0.0.1"], env=env,
                              stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as first:
            try:
                wait_for(lambda: run(exists, env=env).returncode == 0,
                         "plink", seconds=20)
                with ThreadPoolExecutor(int(count)) as pool:
                    ends = list(pool.map(
                        lambda number: self.do(
                            login, ("put", local, "%s%d" % (remote, number)),
                            more=["-share"], env=env), range(int(count))))
            finally:
                first.terminate()
        bad = [one for one in ends if one.returncode != 0]
        return (bad or ends)[0]

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
        if login.rekey:
            found += ["-load", self.rekeying(server, login.rekey)]
        return found + (["-C"] if login.compress else [])

    @staticmethod
    def rekeying(server, count):
        """The name of a saved session that says so."""
        folder = os.path.join(putty_home(server)["PUTTYDIR"], "sessions")
        os.makedirs(folder, exist_ok=True)
        name = "rekey-%d" % count
        with open(os.path.join(folder, name), "w") as out:
            out.write("Protocol=ssh\nHostName=127.0.0.1\nPortNumber=%d\n"
                      "RekeyBytes=%d\n" % (server.port, count))
        return name


def quoted(word):
    return '"%s"' % word.replace('"', '""')


class Psftp(PuTTY):
    name = "psftp"
    title = "PuTTY psftp"
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "ls",
           "rename", "mkdir", "rm", "chmod", "channels")
    cannot = {"links": "it has no command for links"}
    words = {"puttree": "put -r", "gettree": "get -r", "rename": "mv"}
    # Names with * or ? are patterns to it, even where it found them itself.
    names = tuple(name for name in UTF8_NAMES
                  if not set(name) & set('*?[]\\"'))
    always_0 = True

    def do(self, login, *commands, timeout=PATIENCE, more=(), env=None):
        if commands[0][0] == "channels":
            return self.channels(login, *commands[0][1:])
        batch = "".join("%s %s\n" % (self.words.get(name, name),
                                     " ".join(map(quoted, args)))
                        for name, *args in commands) + "quit\n"
        path = login.server.local("psftp-batch-%d" % hash(batch),
                                  batch.encode("utf-8", "surrogateescape"))
        return client(["psftp"] + list(more) + self.options(login)
                      + ["-b", path, "127.0.0.1"],
                      env=env or putty_home(login.server), timeout=timeout)

    @staticmethod
    def answer(result):
        names = set()
        for line in result.stdout.decode("utf-8", "replace").splitlines():
            found = re.match(r"[-dl]\S{9,10}\s.*\d\d:?\d\d (.*)$", line)
            if found:
                names.add(found.group(1))
        return names - {".", ".."}


class Pscp(PuTTY):
    name = "pscp-sftp"
    title = "PuTTY pscp -sftp"
    can = ("put", "get", "puttree", "gettree", "putp", "getp", "ls",
           "channels")
    keeps = ("time",)
    cannot = {"resume": "it only copies whole files",
              "links": "it follows links and cannot create them",
              "rename": "it only copies"}
    flags = {"puttree": ["-r"], "gettree": ["-r"], "putp": ["-p"],
             "getp": ["-p"]}
    # It takes what is before a colon for a host or a drive.
    names = tuple(name for name in Psftp.names
                  if ":" not in name and not name.startswith(".."))
    mode = "-sftp"

    def do(self, login, *commands, timeout=PATIENCE, more=(), env=None):
        if commands[0][0] == "channels":
            return self.channels(login, *commands[0][1:])
        for name, *args in commands:
            words = ["127.0.0.1:" + args[-1]]
            if name == "ls":
                words = ["-ls", "127.0.0.1:" + args[0]]
            elif name == "puttree":     # into a directory that is there
                words = [args[0], "127.0.0.1:" + os.path.dirname(args[1])]
            elif name.startswith("get"):
                words = ["127.0.0.1:" + args[0], args[1]]
            else:
                words.insert(0, args[0])
            result = client(["pscp", "-q", self.mode] + list(more)
                            + self.flags.get(name, []) + self.options(login)
                            + words, env=env or putty_home(login.server),
                            timeout=timeout)
            if result.returncode != 0:
                break
        return result

    answer = staticmethod(Psftp.answer)


class PscpOld(Pscp):
    name = "pscp-scp"
    title = "PuTTY pscp -scp"
    # It lists by a command of a shell.
    can = tuple(name for name in Pscp.can if name != "ls")
    # It skips blanks in front of a name.
    names = tuple(name for name in Pscp.names if not name.startswith(" "))
    mode = "-scp"


CLIENTS = (Psftp, Pscp, PscpOld)
