# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""OpenSSH's sftp, scp and scp -O."""

import os
import re

from base import PATIENCE, Client, client, run


def options(login):
    """For ssh and what starts it; the host is "srv"."""
    server = login.server
    found = ["-F", server.path("ssh_config"), "-o", "ConnectTimeout=30"]
    if login.key:
        found += ["-o", "PasswordAuthentication=no"]
    else:
        found += ["-o", "PubkeyAuthentication=no", "-o", "BatchMode=no",
                  "-o", "NumberOfPasswordPrompts=1"]
    if login.compress:
        found.append("-C")
    if login.rekey:
        found += ["-o", "RekeyLimit=%d" % login.rekey]
    return found


def environment(login):
    if login.key:
        return dict(os.environ)
    return login.server.password_env(login.password)


class OpenSSH(Client):
    packages = ("openssh-client",)
    # One of those that run at the same time; $1 is a file here, $2 there.
    one = """printf 'put %%s %%s\\n' '%s' '%s' | sftp -b - "$@" srv"""
    rekeys = True

    def version(self):
        text = run(["ssh", "-V"]).stderr.decode()
        return re.match(r"OpenSSH_([^ ,]+)", text).group(1)

    def channels(self, login, count, local, remote):
        """Through one connection that ssh keeps."""
        control = ["-o", "ControlPath=" + login.server.path("control")]
        script = "\n".join(
            ["set -e"]
            + [self.one % (local, "%s%d" % (remote, number))
               + " & p%d=$!" % number for number in range(int(count))]
            + ["wait $p%d" % number for number in range(int(count))])
        master = ["ssh"] + options(login) + control + ["srv"]
        env = environment(login)
        run(master[:1] + ["-M", "-N", "-f"] + master[1:], env=env)
        try:
            return client(["sh", "-c", script, "sh"] + options(login)
                          + control + ["-o", "ControlMaster=no"], env=env)
        finally:
            run(master[:1] + ["-O", "exit"] + master[1:], env=env)


def quoted(path):
    """A word of sftp's command line that is no pattern."""
    return '"%s"' % re.sub(r'([\\"*?\[])', r"\\\1", path)


class Sftp(OpenSSH):
    name = "sftp"
    title = "OpenSSH sftp"
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "putp",
           "getp", "ls", "symlink", "rename", "mkdir", "rm",
           "chmod", "channels")

    words = {"puttree": "put -r", "gettree": "get -r", "putp": "put -p",
             "getp": "get -p", "ls": "ls -1a",
             "symlink": "ln -s"}

    def do(self, login, *commands, timeout=PATIENCE):
        if commands[0][0] == "channels":
            return self.channels(login, *commands[0][1:])
        return client(["sftp"] + options(login) + ["-b", "-", "srv"],
                      env=environment(login), timeout=timeout,
                      input=self.batch(commands))

    def batch(self, commands):
        text = "".join("%s %s\n" % (self.words.get(name, name),
                                    " ".join(map(quoted, args)))
                       for name, *args in commands)
        return text.encode("utf-8", "surrogateescape")

    def answer(self, result):
        lines = result.stdout.decode("utf-8",
                                     "surrogateescape").splitlines()
        lines = [line for line in lines if not line.startswith("sftp>")]
        names = {line.rpartition("/")[2] for line in lines}
        return names - {".", ".."}


class Scp(OpenSSH):
    name = "scp"
    one = """scp "$@" '%s' 'srv:%s'"""
    title = "OpenSSH scp"
    can = ("put", "get", "puttree", "gettree", "putp", "getp", "channels")
    cannot = {"resume": "it only copies whole files",
              "links": "it follows links and cannot create them",
              "rename": "it only copies"}
    more = ()
    whole_4g = True
    flags = {"puttree": ["-r"], "gettree": ["-r"], "putp": ["-p"],
             "getp": ["-p"]}

    def do(self, login, *commands, timeout=PATIENCE):
        if commands[0][0] == "channels":
            return self.channels(login, *commands[0][1:])
        for name, source, target in commands:
            up = name.startswith("put")
            words = [source, "srv:" + target] if up else \
                ["srv:" + self.remote(source), target]
            result = client(["scp"] + list(self.more)
                            + self.flags.get(name, []) + options(login)
                            + words, env=environment(login),
                            timeout=timeout)
            if result.returncode != 0:
                break
        return result

    def remote(self, path):
        return path


class ScpOld(Scp):
    name = "scp-O"
    one = """scp -O "$@" '%s' 'srv:%s'"""
    title = "OpenSSH scp -O"
    more = ("-O",)


CLIENTS = (Sftp, Scp, ScpOld)
