# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Removes a user, and lists users."""

import os
import re
import stat
import sys

from .daemon import reload_daemon
from .files import (Refused, identity, must_be_safe, read_text, say,
                    text_of_error, warn)
from .given import check_apart, check_home, check_name
from .keys import count_keys
from .signals import Interrupted, ignore, last_step, obey
from .system import account, delete_account, has_password


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
            entry["delete"] = [home, identity(home),
                               free_name(home, args.name)]
        perform(store, args.name, entry)
        left = [path for path, _ in store.leftovers()
                if path == entry.get("delete", [None])[-1]]
    say("%s: removed%s" % (args.name, "" if args.delete_files
                             or not home else "; their files stay in " + home))
    reload_daemon(args, "so that their drop-in file is forgotten")
    if left:
        raise Refused("%s is removed, but some of their files are left in "
                      "%s: the next run deletes them" % (args.name, left[0]))


def free_name(home, name):
    """Where a home goes before it is deleted."""
    number, path = 1, os.path.join(os.path.dirname(home), ".%s.removed" % name)
    while os.path.lexists(path):
        number += 1
        path = os.path.join(os.path.dirname(home), ".%s.removed.%d"
                            % (name, number))
    return path


def perform(store, name, entry):
    try:
        with last_step():
            store.begin(entry)
            if not entry["system"]:
                store.replace("passwd", store.without("passwd", name))
            elif account(name):
                delete_account(name)
    except BaseException as why:
        if store.outcome(entry, delete=False):
            raise
        warn(text_of_error(why))
    else:
        store.recover(delete=False)
    # This may take long.
    try:
        obey()
        store.delete_leftovers()
    except Interrupted:
        pass
    finally:
        ignore()


def list_users(store, _args):
    if sys.stdout is None:
        raise Refused("standard output is closed")
    if not os.path.isdir(store.etc):
        return

    def count(name):
        return str(count_keys(read_text(store.key(name))))

    with store.locked(change=False):
        rows = [(name, fields[2], "virtual", count(name),
                 "no" if fields[1] in ("", "*", "!") else "yes", fields[5])
                for name, fields in store.users().items()]
        rows += [(name, str(entry.pw_uid), "system",
                  count(name), has_password(name), entry.pw_dir)
                 for name, entry in store.system_users().items()]
    if rows:
        rows = [("USER", "UID", "KIND", "KEYS", "PASSWORD", "HOME")] \
            + sorted(rows)
    if not all([say("%-16s %6s %-8s %4s %-8s %s" % row) for row in rows]):
        raise Refused("the list is not whole")
