# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Accounts of this machine."""

import pwd
import subprocess

from .files import Refused, read_lines


def account(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def failure(program, result):
    lines = result.stderr.decode("utf-8", "replace").split("\n")
    return Refused("%s: %s" % (program, " ".join(filter(None, lines))
                               or "it ended with %d" % result.returncode))


def create_account(args, uid):
    """The last step for a user of the system."""
    result = subprocess.run(
        ["useradd", "--uid", str(uid), "--user-group", "--no-create-home",
         "--home-dir", args.home, "--shell", "/usr/sbin/nologin", args.name],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    if result.returncode != 0:
        raise failure("useradd", result)
    if args.hash != "*":
        result = subprocess.run(["chpasswd", "-e"], stderr=subprocess.PIPE,
                                input=("%s:%s\n" % (args.name,
                                                    args.hash)).encode())
        if result.returncode != 0:
            raise failure("chpasswd", result)


def delete_account(name):
    result = subprocess.run(["userdel", name], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if result.returncode != 0:
        raise failure("userdel", result)


def has_password(name):
    for line in read_lines("/etc/shadow"):
        fields = line.split(":")
        if fields[0] == name:
            return "no" if fields[1][:1] in ("", "!", "*") else "yes"
    return "no"
