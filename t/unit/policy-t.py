#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The page of what differs from FTP, and the tables of t/policy that it shows.

This reads them and starts nothing.
"""

import os
import sys

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from policytable import page_rows, page_table, read_all, \
    reasons  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402


@promise("doc/policy.md has the table that t/policy/run --page prints")
def _():
    with open(os.path.join(SOURCE, "doc/policy.md")) as page:
        text = page.read()
    expect("\n\n" + page_table(read_all()) in text, "it has another one")


@promise("fewer than 60 rows are meant to differ, each with a reason")
def _():
    rows = page_rows(read_all())
    expect(len(rows) < 60, "%d" % len(rows))
    expect_same({row[-1] for row in rows}, set(reasons()), "reasons")


@promise("no two configurations of a table have the same name")
def _():
    for table in read_all():
        names = [one.name for one in table.configurations]
        expect_same(len(set(names)), len(names), table.name)
        for one in table.configurations:
            expect(one.rows, one.name + " has no rows")


# What restricts, shapes or records file access: a directive or a module.
SUBJECTS = """
Order AllowUser DenyGroup AllowClass AllowOverride .ftpaccess <Global>
<Anonymous <Directory <IfUser PathAllowFilter PathDenyFilter AllowFilter
DenyFilter AllowOverwrite AllowStoreRestart AllowRetrieveRestart
MaxStoreFileSize MaxRetrieveFileSize MaxTransfersPerHost MaxTransfersPerUser
HiddenStores DeleteAbortedStores Umask UserOwner GroupOwner CreateHome
HideFiles HideUser HideGroup HideNoAccess IgnoreHidden ShowSymlinks
DirFakeUser DirFakeGroup DirFakeMode DefaultRoot DefaultChdir
AllowChrootSymlinks TransferRate TimesGMT UseEncoding CopyEngine
DigestMaxSize RewriteEngine ExecEngine VRootEngine VRootAlias
StatCacheEngine ForensicLogEngine mod_facl mod_ifsession QuotaEngine
ShaperEngine TimeoutIdle TimeoutLogin TimeoutNoTransfer TimeoutSession
TimeoutStalled MaxClients MaxClientsPerClass MaxClientsPerHost
MaxClientsPerUser MaxHostsPerUser MaxConnectionsPerHost
""".split()
# Those of the login, or of time, or that need files of their own: each has a
# test elsewhere.
ELSEWHERE = {
    "QuotaEngine": "quota.t", "MaxClientsPerClass": "parity-limits.t",
}


def names_of(table):
    """All words of a table, without its comments."""
    with open(table.path) as file:
        return {word for line in file if not line.startswith("#")
                for word in line.replace("\\n", " ").replace(
                    ";", " ").replace("{", " ").split()}


@promise("every directive of this list has rows, or a test of its own")
def _():
    rows = set().union(*map(names_of, read_all()))
    rows |= {word.partition("/")[2] for word in rows}   # dir/.ftpaccess
    without = [one for one in SUBJECTS
               if one not in rows and one not in ELSEWHERE]
    expect_same(without, [], "without rows")
    for name, test in ELSEWHERE.items():
        with open(os.path.join(SOURCE, "t/integration", test)) as file:
            expect(name in file.read(), "%s is not in %s" % (name, test))


main()
