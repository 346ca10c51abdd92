# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Accounts of the machine that are there for the daemon under test alone."""

import os
import shutil
import time

from server import GID, Server


class System(Server):
    """alice is an account of the machine, old's has expired, locked has no
    password that could be right."""

    def __init__(self, directives, drop=()):
        super().__init__(directives, drop=("AuthOrder", "AuthUserFile",
                                           "AuthGroupFile") + drop,
                         users=("alice", "old", "locked"))
        with open(self.path("passwd")) as file:
            lines = file.read().splitlines()
        accounts = self.copied("/etc/passwd")
        shadow = self.copied("/etc/shadow")
        today = int(time.time()) // 86400
        for line in lines:
            name, hashed, rest = line.split(":", 2)
            accounts += "%s:x:%s\n" % (name, rest)
            shadow += "%s:%s:%d:0:99999:7::%s:\n" % (
                name, "!" + hashed if name == "locked" else hashed, today,
                "1" if name == "old" else "")
        self.bound("/etc/passwd", accounts, 0o644)
        self.bound("/etc/shadow", shadow, 0o640)
        self.bound("/etc/group", self.copied("/etc/group") +
                   "staff-under-test:x:%d:\n" % GID, 0o644)
        shutil.copytree("/etc/pam.d", self.path("pam.d"), symlinks=True)
        self.binds["/etc/pam.d"] = self.path("pam.d")
        self.service("test-plain", "auth required pam_unix.so\n"
                     "account required pam_unix.so\n")

    @staticmethod
    def copied(path):
        with open(path) as file:
            return file.read()

    def bound(self, place, text, mode):
        path = self.path("system-" + os.path.basename(place))
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, mode)
        self.binds[place] = path

    def service(self, name, text):
        with open(self.path("pam.d/" + name), "w") as out:
            out.write(text)
