# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The number of a new user."""

import grp
import pwd
import re

from .files import Refused, read_lines

FIRST_UID, LAST_UID = 20000, 29999


def is_number(text):
    return re.fullmatch("[0-9]{1,10}", text)


def used_uids(store):
    used = {int(fields[2]) for fields in store.users().values()
            if is_number(fields[2])}
    used |= {entry.pw_uid for entry in pwd.getpwall()}
    return used | {entry.gr_gid for entry in grp.getgrall()}


def choose_uid(store):
    """Never one that a removed user had: files of theirs may be left."""
    last = [int(line) for line in read_lines(store.path("last-uid"))[:1]
            if is_number(line)]
    used = used_uids(store)
    uid = max([FIRST_UID - 1] + last + [uid for uid in used
                                        if FIRST_UID <= uid <= LAST_UID]) + 1
    while uid in used:
        uid += 1
    if uid > LAST_UID:
        raise Refused("no number is left up to %d: give --uid" % LAST_UID)
    return uid


def check_uid(store, uid, system):
    if not 1000 <= uid < 65534 and not 65536 <= uid < 1 << 31:
        raise Refused("--uid %d: users have 1000 or more" % uid)
    taken = {int(fields[2]): name for name, fields in store.users().items()
             if is_number(fields[2])}
    if system and uid in used_uids(store):
        raise Refused("--uid %d: it is in use" % uid)
    if uid in taken:
        raise Refused("--uid %d: it is that of %s" % (uid, taken[uid]))
