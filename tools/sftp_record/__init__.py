# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""sftp-record checks the files of SFTPTransferRecord.

lines.py        lines, their hashes, and what is a record
keys.py         the keys that may sign, and when
signatures.py   signatures, which ssh-keygen checks
verify.py       verify: the chain
extract.py      extract: a signature, for ssh-keygen
main.py         the command line
"""
