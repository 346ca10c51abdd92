# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""What every client of the interoperability matrix is made of.

A client says what it can do (`can`, names of commands) and does lists of
them; steps.py makes promises out of that.  The commands:

  put LOCAL REMOTE       get REMOTE LOCAL        one file
  reput LOCAL REMOTE     reget REMOTE LOCAL      go on where it stopped
  puttree LOCAL REMOTE   gettree REMOTE LOCAL    a directory that is new there
  putp LOCAL REMOTE      getp REMOTE LOCAL       with mode and times
  ls PATH   stat PATH   readlink PATH            answers, see answer()
  symlink TARGET LINK    rename OLD NEW          mkdir PATH    rm PATH
  chmod MODE PATH        utime SECONDS PATH
  channels COUNT LOCAL REMOTE    puts REMOTE0, REMOTE1 ... at the same time,
                                 through channels of one connection
"""

import os
import sys
from urllib.parse import quote, unquote

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
from server import client, keygen, must, run, said    # noqa: E402,F401
from trees import ODD_NAMES                     # noqa: E402

PROGRAMS = os.path.join(HERE, "programs")

# Seconds that one run of a client may take.
PATIENCE = 120

UTF8_NAMES = tuple(name for name in ODD_NAMES
                   if not any("\udc80" <= c <= "\udcff" for c in name))


class Login:
    """Whom a client is to log in as, where and how."""

    def __init__(self, server, password=None, key=None, compress=False,
                 rekey=None, build="."):
        self.server = server
        self.password = password
        self.key = key              # the type, "ed25519"
        self.compress = compress
        self.rekey = rekey          # after so many bytes, by the client
        self.build = build          # where run puts compiled programs

    @property
    def keyfile(self):
        return key_of(self.server, self.key)


def key_of(server, kind):
    """A key that the server takes: ed25519, or old PEM files."""
    if kind == "ed25519":
        return server.key
    path = server.path("interop_" + kind)
    if not os.path.exists(path):
        bits = {"rsa": "2048", "ecdsa": "256"}[kind]
        keygen(path, "-t", kind, "-b", bits, "-m", "PEM")
        server.interop_keys = getattr(server, "interop_keys",
                                      [server.key]) + [path]
        server.authorize(*server.interop_keys)
    return path


class Client:
    name = ""               # for the command line
    title = ""              # for people
    packages = ()
    key = "ed25519"         # the kind of key it is given
    can = ()
    names = ODD_NAMES       # of files; those that it can be told
    compresses = True
    always_0 = False        # its exit status tells nothing
    rekeys = False          # it can be told when to
    mute = None             # what it says of any error, if it knows no more
    whole_4g = False        # it can't go on, but is fast: the whole file
    resumes_anew = False    # it goes on by copying all of the file
    keeps = ("time", "mode")    # what putp and getp take along
    cannot = {}             # why it has no way for a step
    remarks = ""            # what a reader of the table should know
    with_sshd = True        # OpenSSH's server can be asked the same
    since = 12              # the first release of Debian that has it
    here = True             # exists on this release
    own_steps = {}          # steps that it goes another way
    only_own = False        # it has a way for none of the others

    def version(self):
        raise NotImplementedError

    def do(self, login, *commands, timeout=PATIENCE):
        """Runs commands; a finished process."""
        raise NotImplementedError

    def answer(self, result):
        """What ls, stat and readlink said: a set of names; a tuple of size,
        mode and time; the text of a link."""
        raise NotImplementedError

    def dpkg_version(self, package=None):
        out = must(run(["dpkg-query", "-W", "-f", "${Version}",
                        package or self.packages[0]])).stdout.decode()
        return plain_version(out)


def plain_version(text):
    """The upstream part of a package's version."""
    text = text.partition(":")[2] or text
    text = text.rpartition("-")[0] or text
    for mark in ("+dfsg", "+deb", "+svn", "+b"):
        text = text.partition(mark)[0]
    return text


class Program(Client):
    """A client library behind one of our programs: a command per line of
    stdin, its words percent-encoded, who and where in the environment."""

    argv = ()
    can = ("put", "get", "reput", "reget", "ls", "stat", "mkdir", "rm",
           "rename", "symlink", "readlink", "chmod", "utime", "channels")
    env = {}

    def command(self, build):
        """The program's argv."""
        return [word.replace("@PROGRAMS@", PROGRAMS)
                .replace("@BUILD@", build) for word in self.argv]

    def version(self):
        return self.dpkg_version()

    def environment(self, login):
        env = dict(os.environ, IO_HOST="127.0.0.1",
                   IO_PORT=str(login.server.port),
                   IO_USER=login.server.user, HOME=login.server.dir,
                   **self.env)
        if login.key:
            env["IO_KEY"] = login.keyfile
        else:
            env["IO_PASSWORD"] = login.password
        if login.compress:
            env["IO_COMPRESS"] = "1"
        if login.rekey:
            env["IO_REKEY"] = str(login.rekey)
        return env

    def do(self, login, *commands, timeout=PATIENCE):
        text = "".join(" ".join(quote(os.fsencode(str(word)), safe="/")
                                for word in words) + "\n"
                       for words in commands)
        return client(self.command(login.build), input=text.encode(),
                      env=self.environment(login), timeout=timeout)

    def answer(self, result):
        names = set()
        for line in must(result).stdout.decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "STAT":
                size, mode, mtime = rest.split()
                return int(size), int(mode, 8), int(mtime)
            text = unquote(rest, errors="surrogateescape")
            if kind == "LINK":
                return text
            names.add(text)
        return names - {".", ".."}
