# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""sftp-migrate reads the configuration of sshd and writes one of ProFTPD.

sshd.py      the parser: Include, Match, lines with their file and number
patterns.py  patterns of names, sets of addresses
accounts.py  who has an account on this machine
keywords.py  the table of keywords: what becomes of each
values.py    the table of values that sshd takes
policy.py    who may log in how, and what they may do: Match and the rest
decide.py    decision tables over groups
write.py     the sections of ProFTPD
main.py      the command line
"""
