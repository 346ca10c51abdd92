# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Who has an account on this machine, today."""

import grp
import pwd


class Account:
    def __init__(self, name, uid, gid, home, shell):
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home
        self.shell = shell


class Accounts:
    """users: {name: Account}; groups: {name: (gid, {member ...})}."""

    def __init__(self, users, groups, shells):
        self.users = users
        self.groups = groups
        self.shells = shells

    @classmethod
    def of_system(cls):
        users = {p.pw_name: Account(p.pw_name, p.pw_uid, p.pw_gid, p.pw_dir,
                                    p.pw_shell or "/bin/sh")
                 for p in pwd.getpwall()}
        groups = {g.gr_name: (g.gr_gid, set(g.gr_mem))
                  for g in grp.getgrall()}
        return cls(users, groups, read_shells("/etc/shells"))

    def private_group(self, name):
        """A group that has this user as its only member, or None."""
        user = self.users.get(name)
        if user is None:
            return None
        for group, (gid, members) in self.groups.items():
            if gid == user.gid:
                others = [u for u in self.users.values()
                          if u.gid == gid and u.name != name]
                return group if not others and members <= {name} else None
        return None

    def with_shell(self):
        """The names whose shell is one that ProFTPD accepts."""
        return sorted(u.name for u in self.users.values()
                      if u.shell in self.shells)

    def superusers(self):
        return sorted(u.name for u in self.users.values() if u.uid == 0)


def read_shells(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return {line.strip() for line in file if line.startswith("/")}
    except OSError:
        return {"/bin/sh"}
