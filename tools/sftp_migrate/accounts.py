# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Who has an account on this machine, today."""

import functools
import grp
import pwd
import subprocess
import time


class Shadow:
    """Days since 1970, or None: when the password was changed, for how many
    days it is good, and when the account expires."""

    def __init__(self, changed=None, most=None, expires=None):
        self.changed = changed
        self.most = most
        self.expires = expires

    def must_change(self, today):
        if self.changed == 0:
            return True
        changed = -1 if self.changed is None else self.changed
        return self.most is not None and today > changed + self.most


class Account:
    """password: the field of shadow(5), or that of passwd(5)."""

    def __init__(self, name, uid, gid, home, shell, password="x", shadow=None):
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home
        self.shell = shell
        self.password = password
        self.shadow = shadow


class Accounts:
    """users: {name: Account}; groups: {name: (gid, {member ...})};
    shadow_read: whether their passwords could be looked at; today: in days
    since 1970."""

    def __init__(self, users, groups, shells, shadow_read=True):
        self.users = users
        self.groups = groups
        self.shells = shells
        self.shadow_read = shadow_read
        self.today = int(time.time()) // 86400

    @classmethod
    def of_system(cls):
        shadow = read_shadow()
        users = {}
        for p in pwd.getpwall():
            password, days = shadow.get(p.pw_name, (p.pw_passwd, None))
            # Of two lines with one name, libc finds the first.
            users.setdefault(p.pw_name, Account(
                p.pw_name, p.pw_uid, p.pw_gid, p.pw_dir,
                p.pw_shell or "/bin/sh", password, days))
        groups = {g.gr_name: (g.gr_gid, set(g.gr_mem))
                  for g in grp.getgrall()}
        return cls(users, groups, read_shells("/etc/shells"), bool(shadow))

    @functools.cached_property
    def _of_gid(self):
        found = {}
        for group, (gid, _) in self.groups.items():
            found.setdefault(gid, []).append(group)
        return found

    @functools.cached_property
    def _of_member(self):
        found = {}
        for group, (_, members) in self.groups.items():
            for name in members:
                found.setdefault(name, []).append(group)
        return found

    @functools.cached_property
    def _users_of_gid(self):
        found = {}
        for user in self.users.values():
            found.setdefault(user.gid, []).append(user.name)
        return found

    def groups_of(self, name):
        return self._of_gid.get(self.users[name].gid, []) + \
            self._of_member.get(name, [])

    def private_group(self, name):
        """A group that has this user as its only member, or None."""
        user = self.users.get(name)
        if user is None:
            return None
        for group in self._of_gid.get(user.gid, []):
            alone = self._users_of_gid[user.gid] == [name]
            return group if alone and self.groups[group][1] <= {name} \
                else None
        return None

    def with_shell(self):
        """The names whose shell is one that ProFTPD accepts."""
        return sorted(u.name for u in self.users.values()
                      if u.shell in self.shells)

    @functools.cached_property
    def superusers(self):
        return sorted(u.name for u in self.users.values() if u.uid == 0)


def read_shells(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return {line.strip() for line in file if line.startswith("/")}
    except OSError:
        return {"/bin/sh"}


def read_shadow():
    """{name: (password, Shadow)} of all databases; empty if that may not be
    read."""
    try:
        result = subprocess.run(["getent", "shadow"], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return {}
    found = {}
    for line in result.stdout.decode("utf-8", "surrogateescape").splitlines():
        fields = line.split(":")
        if len(fields) > 7:
            found.setdefault(fields[0], (fields[1], Shadow(
                *[int(f) if f.isascii() and f.isdigit() else None
                  for f in (fields[2], fields[4], fields[7])])))
    return found
