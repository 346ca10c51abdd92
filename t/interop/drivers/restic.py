# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""restic, which keeps its repository on the server, through ssh."""

import json
import os
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor

from base import PATIENCE, Client, client, must, run, said
from openssh import environment, options
from steps import TIME, is_kept
from tap import expect, expect_same
from trees import make_tree, same_tree


class Restic(Client):
    name = "restic"
    title = "restic"
    packages = ("restic", "openssh-client")
    only_own = True
    cannot = {
        "resume": "it starts a pack again",
        "links": "links are stored inside its packs",
        "listing": "its packs are spread over 256 directories",
        "rename": "it never overwrites a file",
    }

    def version(self):
        return must(run(["restic", "version"])).stdout.decode().split()[1]

    def restic(self, visit, *args):
        login = visit.login
        ssh = shlex.join(["ssh"] + options(login) + ["srv", "-s", "sftp"])
        env = dict(environment(login), RESTIC_PASSWORD="secret",
                   RESTIC_CACHE_DIR=login.server.path("restic-cache"))
        return client(["restic", "-o", "sftp.command=" + ssh, "-r",
                       "sftp:srv:" + visit.remote("repository")]
                      + list(args), env=env, timeout=PATIENCE)

    def cycle(self, visit):
        """init, backup, check, restore."""
        visit.server.mkdir(self.name)
        shutil.rmtree(visit.there("repository"), ignore_errors=True)
        tree, back = visit.here("tree"), visit.here("back")
        for path in (tree, back):
            shutil.rmtree(path, ignore_errors=True)
        make_tree(tree)
        with open(os.path.join(tree, "large"), "wb") as out:
            out.write(os.urandom(5000000))
        for args in (("init",), ("backup", tree), ("check", "--read-data"),
                     ("restore", "latest", "--target", back)):
            must(self.restic(visit, *args))
        same_tree(tree, back + tree)

    def times(self, visit):
        """Times and modes of what is restored."""
        self.cycle(visit)
        path = visit.here("tree/large")
        os.chmod(path, 0o640)
        os.utime(path, (TIME, TIME))
        back = visit.here("back-again")
        shutil.rmtree(back, ignore_errors=True)
        must(self.restic(visit, "backup", visit.here("tree")))
        must(self.restic(visit, "restore", "latest", "--target", back))
        is_kept(back + path, 0o640, TIME)

    def large(self, visit):
        visit.server.mkdir(self.name)
        shutil.rmtree(visit.there("repository"), ignore_errors=True)
        folder, back = visit.here("huge"), visit.here("huge-back")
        for path in (folder, back):
            shutil.rmtree(path, ignore_errors=True)
        os.makedirs(folder)
        with open(os.path.join(folder, "file"), "wb") as out:
            out.write(os.urandom(96 << 20))
        for args in (("init",), ("backup", folder),
                     ("restore", "latest", "--target", back)):
            must(self.restic(visit, *args))
        same_tree(folder, back + folder)
        shutil.rmtree(visit.there("repository"), ignore_errors=True)
        return "96 MiB"

    def ten(self, visit):
        """Ten backups into one repository at the same time."""
        self.cycle(visit)
        trees = [visit.here("ten-%d" % number) for number in range(10)]
        for tree in trees:
            shutil.rmtree(tree, ignore_errors=True)
            make_tree(tree, names=("a",))
        with ThreadPoolExecutor(10) as pool:
            for result in pool.map(lambda tree: self.restic(
                    visit, "backup", tree), trees):
                must(result)
        out = must(self.restic(visit, "snapshots", "--json")).stdout
        expect_same(len(json.loads(out)), 11, "snapshots")
        must(self.restic(visit, "check"))

    def by_password(self, visit):
        visit.use("plain", password=visit.server.password)
        self.cycle(visit)

    def rekeyed(self, visit):
        visit.use("rekey")
        self.cycle(visit)

    def compressed(self, visit):
        visit.use("zlib", compress=True)
        self.cycle(visit)

    def forget_and_prune(self, visit):
        """A second snapshot, the first forgotten and pruned, a check."""
        self.cycle(visit)
        tree = visit.here("tree")
        with open(os.path.join(tree, "large"), "wb") as out:
            out.write(os.urandom(2000000))
        for args in (("backup", tree),
                     ("forget", "--keep-last", "1", "--prune"),
                     ("check", "--read-data")):
            must(self.restic(visit, *args))

    def errors(self, visit):
        """It may end before what ssh says has come through: that is a race
        inside of restic, seen as often with sshd."""
        visit.use("plain", password="wrong")
        for attempt in range(12):
            result = self.restic(visit, "snapshots")
            expect(result.returncode != 0, "a wrong password worked")
            if "denied" in said(result):
                break
        expect("denied" in said(result), said(result))
        return "at times it ends before it has passed on what ssh says " \
            "(with sshd, too)" if attempt else ""

    @property
    def own_steps(self):
        return {"password": self.by_password, "key": self.cycle,
                "transfer": self.cycle, "tree": self.cycle,
                "times": self.times, "4gib": self.large, "ten": self.ten,
                "rekey": self.rekeyed, "compress": self.compressed,
                "errors": self.errors, "own": self.forget_and_prune}


CLIENTS = (Restic,)
