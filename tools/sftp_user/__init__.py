# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""sftp-user adds, removes and lists users of an SFTP server.

All or nothing.  Everything is made under names that nobody uses, and is then
renamed.  The rename that counts comes last: that of the file of users, in
which a user is or is not (for users of the system, useradd).  A journal says
what was begun; the next run finishes it or takes it back, under a lock.

files.py     files on the disk, and whether a place is safe
system.py    accounts of this machine
store.py     the files of users, keys and rules, the lock and the journal
signals.py   when a run can be interrupted
given.py     what the administrator gives: names, homes, passwords
keys.py      files of public keys
keyblob.py   public keys
keyopts.py   options of keys
numbers.py   the number of a new user
add.py       add
remove.py    remove, list
daemon.py    the reload of ProFTPD
main.py      the command line
"""
