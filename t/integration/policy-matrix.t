#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko

"""One policy for every door: the tables of t/policy, by FTP, SFTP and SCP."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policyrun import run_tables
from policytable import read_all
from tap import diag, expect, main, promise

result = {}


def run_once():
    if not result:
        tables = read_all()
        found, faults, seen, count = run_tables(tables)
        result.update(tables=tables, found=found, faults=faults, seen=seen)
        diag("%d comparisons with FTP" % count)
    return result


@promise("FTP does what the tables say, so each rule of theirs has an effect")
def _():
    faults = run_once()["faults"]
    expect(not faults, "\n".join(faults))


def promise_table(table):
    @promise("SFTP 3 and 6, SCP and the commands do as FTP does, and record "
             "it, but for what is meant to differ: " + table.name)
    def _():
        rows = {row.where for one in table.configurations for row in one.rows}
        found = [str(one) for one in run_once()["found"]
                 if one.reason is None and one.where in rows]
        expect(not found, "\n".join(sorted(found)))


for each in read_all():
    promise_table(each)


@promise("what is meant to differ does")
def _():
    seen = run_once()["seen"]
    stale = sorted({"%s: %s, %s" % (row.where, door, aspect)
                    for table in run_once()["tables"]
                    for one in table.configurations for row in one.rows
                    for door, aspect in row.meant
                    if (row.where, door, aspect) not in seen})
    expect(not stale, "\n".join(stale))


main()
