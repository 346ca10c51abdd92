# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""rclone: its own commands, and its mount."""

import os
import re

from base import PATIENCE, UTF8_NAMES, Client, client, must, run
from mounts import Mount
from server import wait_for
from tap import expect, expect_same
from trees import make_tree, same_tree


NAMES = tuple(name for name in UTF8_NAMES if "\t" not in name)


def config(login):
    """A configuration file, in which the server is "srv:"."""
    server = login.server
    lines = ["[srv]", "type = sftp", "host = 127.0.0.1",
             "port = %d" % server.port, "user = " + server.user,
             "known_hosts_file = " + server.path("known_hosts")]
    if login.key:
        lines.append("key_file = " + login.keyfile)
    else:
        hidden = must(run(["rclone", "obscure", login.password])).stdout
        lines.append("pass = " + hidden.decode().strip())
    text = "\n".join(lines) + "\n"
    # Of its own: ten may come at once.
    return server.local("rclone-%s.conf" % os.urandom(6).hex(),
                        text.encode())


class Rclone(Client):
    name = "rclone"
    title = "rclone"
    packages = ("rclone",)
    can = ("put", "get", "puttree", "gettree", "putp", "getp", "ls",
           "rename", "mkdir", "rm")
    compresses = False
    keeps = ("time",)
    cannot = {"resume": "it copies incomplete files again",
              "links": "it follows links and cannot create them",
              "compress": "Go's SSH library has no compression",
              "channels": "it opens more connections instead"}
    # It writes what cannot be a name elsewhere in characters of its own.
    names = NAMES

    def version(self):
        text = must(run(["rclone", "version"])).stdout.decode()
        return re.search(r"rclone v([\d.]+)", text).group(1)

    def rclone(self, login, *args, timeout=PATIENCE):
        # Its hashes come from commands like md5sum on the server.
        return client(["rclone", "--config", config(login), "--retries", "1",
                       "--low-level-retries", "1", "--contimeout", "30s"]
                      + list(args), timeout=timeout)

    def do(self, login, *commands, timeout=PATIENCE):
        for name, *args in commands:
            paths = ["srv:" + arg for arg in args]
            if name.startswith("put"):
                paths[0] = args[0]
            elif name.startswith("get"):
                paths[1] = args[1]
            verb = {"put": "copyto", "get": "copyto", "putp": "copyto",
                    "getp": "copyto", "puttree": "copy", "gettree": "copy",
                    "ls": "lsf", "rename": "moveto",
                    "mkdir": "mkdir", "rm": "deletefile"}[name]
            more = ["--create-empty-src-dirs"] if verb == "copy" else []
            result = self.rclone(login, verb, *more, *paths,
                                 timeout=timeout)
            if result.returncode != 0:
                break
        return result

    def answer(self, result):
        text = result.stdout.decode("utf-8", "surrogateescape")
        return {line.rstrip("/") for line in text.splitlines()}

    def hashes_and_sync(self, visit):
        """check, hashsum, sync, about and times."""
        tree = visit.here("own")
        make_tree(tree, names=("a b", "c'd", "\u00e9", "e$f", "-g"))
        there = "srv:" + visit.remote("own")

        def rclone(*args):
            return must(self.rclone(visit.login, *args))

        rclone("sync", "--create-empty-src-dirs", tree, there)
        same_tree(tree, visit.there("own"))
        for folder, _, files in os.walk(tree):
            for name in files:
                path = os.path.join(folder, name)
                inner = os.path.relpath(path, tree)
                expect_same(int(os.stat(visit.there("own/" + inner))
                                .st_mtime), int(os.stat(path).st_mtime),
                            "time of " + inner)
        text = rclone("check", tree, there).stderr.decode()
        expect("0 differences found" in text
               and "hashes could not be checked" not in text, text)
        for kind in ("md5", "sha1"):
            found = [rclone("lsf", "-R", "--files-only", "--format", "hp",
                            "--hash", kind, top).stdout
                     for top in (there, tree)]
            expect_same(*[sorted(one.splitlines()) for one in found], kind)
            # hashsum asks before it has looked what the server can, unless
            # it is told.
            out = rclone("hashsum", kind, "--sftp-%ssum-command" % kind,
                         kind + "sum", there).stdout
            expect_same(sorted(out.splitlines()),
                        sorted(rclone("hashsum", kind, tree)
                               .stdout.splitlines()), kind + " of hashsum")
        with open(os.path.join(tree, "a b"), "wb") as out:
            out.write(b"changed")
        os.unlink(os.path.join(tree, "c'd"))
        expect(self.rclone(visit.login, "check", tree, there).returncode
               != 0, "check does not see a change")
        rclone("sync", tree, there)
        same_tree(tree, visit.there("own"))
        expect(b"Total:" in rclone("about", "srv:").stdout, "about")

    @property
    def own_steps(self):
        return {"own": self.hashes_and_sync}


def arrived(source, target):
    wait_for(lambda: os.path.exists(target) and os.stat(target).st_size
             == os.stat(source).st_size, "an upload", seconds=10)


class RcloneMount(Mount):
    name = "rclone-mount"
    title = "rclone mount"
    packages = ("rclone", "fuse3")
    compresses = False
    names = NAMES
    # Of a directory of this machine, too; `cp -p` looks for an ACL.
    remarks = ("mounts of rclone 1.60 return Input/output error for "
               "extended attributes (`cp -p`), with any backend")
    can = tuple(name for name in Mount.can
                if name not in ("chmod", "putp", "getp", "symlink",
                                "readlink"))
    resumes_anew = True
    cannot = dict(Mount.cannot, links="its mounts have no links",
                  compress=Rclone.cannot["compress"])

    version = Rclone.version

    def mount(self, login, point):
        return ["rclone", "--config", config(login), "--retries", "1",
                "--low-level-retries", "1", "--cache-dir",
                login.server.local("cache-" + os.urandom(6).hex()),
                "--vfs-cache-mode", "writes", "--vfs-write-back", "0s",
                "mount", "srv:/", point]

    def settled(self, login, commands):
        """It uploads when a file is closed, and tells nobody."""
        for name, *args in commands:
            if name == "put":
                arrived(args[0], login.server.home(args[1][1:]))
            elif name == "puttree":
                for folder, _, files in os.walk(args[0]):
                    inner = os.path.relpath(folder, args[0])
                    for one in files:
                        arrived(os.path.join(folder, one),
                                login.server.home(os.path.join(
                                    args[1][1:], inner, one)))


CLIENTS = (Rclone, RcloneMount)
