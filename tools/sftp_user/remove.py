# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Removes a user, and lists users."""

import os
import re
import stat

from .daemon import reload_daemon
from .files import Refused, identity, must_be_safe, read_lines
from .given import check_apart, check_home, check_name, key_of
from .system import delete_account, has_password


def check_no_mounts(home):
    """What is mounted there belongs to somebody else."""
    with open("/proc/self/mountinfo", errors="surrogateescape") as mounts:
        for line in mounts:
            point = line.split(" ")[4].encode("utf-8", "surrogateescape")
            point = os.fsdecode(re.sub(
                rb"\\([0-7]{3})", lambda octal: bytes([int(octal.group(1), 8)]),
                point))
            if (point + "/").startswith(os.path.realpath(home) + "/"):
                raise Refused("%s: something is mounted there; unmount it "
                              "first" % point)


def check_deletable(store, name, home):
    check_home(home)
    must_be_safe(os.path.dirname(home))
    check_apart(home, [(other, fields[5]) for other, fields
                       in store.users().items() if other != name]
                + [(other, entry.pw_dir) for other, entry
                   in store.system_users().items() if other != name])
    if not stat.S_ISDIR(os.lstat(home).st_mode):
        raise Refused("%s: not a directory" % home)
    check_no_mounts(home)


def remove(store, args):
    check_name(args.name)
    if not os.path.isdir(store.etc):
        raise Refused("%s: there is no such user" % args.name)
    with store.locked():
        users, system = store.users(), store.system_users()
        if args.name in users:
            home = users[args.name][5]
        elif args.name in system:
            home = system[args.name].pw_dir
        elif store.is_system(args.name):
            home = None     # somebody has removed the account by hand
        else:
            raise Refused("%s: there is no such user" % args.name)
        entry = {"action": "remove", "name": args.name, "temporary": [],
                 "system": args.name not in users}
        if args.delete_files and home and os.path.lexists(home):
            check_deletable(store, args.name, home)
            entry["delete"] = [home, identity(home)]
        store.begin(entry)
        try:
            if args.name in system:
                delete_account(args.name)
            elif args.name in users:
                store.replace("passwd", store.without("passwd", args.name),
                              0o600)
        finally:
            store.recover()
    print("%s: removed%s" % (args.name, "" if args.delete_files
                             or not home else "; their files stay in " + home))
    reload_daemon(args, "so that their drop-in file is forgotten")


def count_keys(store, name):
    lines = read_lines(store.key(name))
    return sum(1 for line in lines if key_of(line)
               or "BEGIN SSH2 PUBLIC KEY" in line)


def list_users(store, _args):
    if not os.path.isdir(store.etc):
        return
    with store.locked():
        rows = [(name, fields[2], "virtual", str(count_keys(store, name)),
                 "no" if fields[1] in ("", "*", "!") else "yes", fields[5])
                for name, fields in store.users().items()]
        rows += [(name, str(entry.pw_uid), "system",
                  str(count_keys(store, name)), has_password(name),
                  entry.pw_dir)
                 for name, entry in store.system_users().items()]
    if rows:
        rows = [("USER", "UID", "KIND", "KEYS", "PASSWORD", "HOME")] \
            + sorted(rows)
    for row in rows:
        print("%-16s %6s %-8s %4s %-8s %s" % row)
