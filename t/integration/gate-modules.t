#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Modules of the host that watch commands and files do their work for SFTP."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, has_module, must, run, said, wait_for, GID, UID
from rawsftp import Raw, string


def available(*names):
    return [name for name in names if has_module(name + ".so")]


QUOTA = available("mod_quotatab", "mod_quotatab_file")
OTHERS = available("mod_rewrite", "mod_exec", "mod_statcache")

QUOTA_LINES = """
<IfModule mod_quotatab_file.c>
  QuotaEngine on
  QuotaLog @DIR@/quota.log
  QuotaLimitTable file:@DIR@/limit.tab
  QuotaTallyTable file:@DIR@/tally.tab
</IfModule>
"""

OTHER_LINES = """
<IfModule mod_rewrite.c>
  RewriteEngine on
  RewriteCondition %m !USER|PASS
  RewriteRule "^/(.*)alias(.*)$" "/$1real$2"
</IfModule>
<IfModule mod_exec.c>
  ExecEngine on
  ExecOptions logStderr
  ExecLog @DIR@/exec.log
  ExecOnCommand STOR /bin/sh -c "echo stored %f >> @DIR@/home/alice/exec.out"
</IfModule>
<IfModule mod_statcache.c>
  StatCacheEngine on
  StatCacheTable @DIR@/statcache.tab
</IfModule>
<Directory />
  GroupOwner spare
</Directory>
RootRevoke off
"""

quota = Server(QUOTA_LINES, modules=QUOTA)
others = Server(OTHER_LINES, modules=OTHERS, drop=("DefaultRoot",))


def make_tables():
    """A hard limit of 100,000 bytes for alice."""
    tools = (["ftpquota", "--create-table", "--type=limit",
              "--table-path=" + quota.path("limit.tab")],
             ["ftpquota", "--create-table", "--type=tally",
              "--table-path=" + quota.path("tally.tab")],
             ["ftpquota", "--add-record", "--type=limit", "--name=alice",
              "--quota-type=user", "--limit-type=hard",
              "--bytes-upload=100000", "--units=byte",
              "--table-path=" + quota.path("limit.tab")])
    for argv in tools:
        must(run(argv))


def needs(names, *wanted):
    for name in wanted:
        if name not in names:
            skip("the host has no " + name)


if len(QUOTA) == 2:
    make_tables()
with open(others.path("group"), "a") as groups:
    groups.write("spare:x:%d:\n" % (GID + 5))


@promise("a hard quota stops an upload on its way, with an error")
def _():
    needs(QUOTA, "mod_quotatab", "mod_quotatab_file")
    must(quota.sftp("put %s one" % quota.local("one", b"q" * 60000)))
    result = quota.sftp("put %s two" % quota.local("two", b"q" * 60000))
    expect(result.returncode != 0, "not stopped: " + said(result))
    expect(os.path.getsize(quota.home("two")) <= 40000, "beyond the limit")
    expect(re.search(r"/two b _ i r alice sftp 0 \* i",
                     quota.log("transfer.log")), "not logged as incomplete")


@promise("a full quota refuses the next upload before it begins")
def _():
    needs(QUOTA, "mod_quotatab", "mod_quotatab_file")
    must(quota.sftp("rm two\nput %s fill" % quota.local("fill",
                                                        b"q" * 40000)))
    result = quota.sftp("put %s three" % quota.local("one"))
    expect(result.returncode != 0, "not refused: " + said(result))
    expect(not os.path.exists(quota.home("three")), "the file was made")


@promise("removed files are given back to the quota")
def _():
    needs(QUOTA, "mod_quotatab", "mod_quotatab_file")
    must(quota.sftp("rm fill\nput %s four" % quota.local("four", b"q" * 900)))


@promise("a copy that exceeds the quota leaves the existing file unchanged")
def _():
    needs(QUOTA, "mod_quotatab", "mod_quotatab_file")
    with open(quota.home("big"), "wb") as out:
        out.write(b"q" * 500000)
    os.chown(quota.home("big"), UID, GID)
    with Raw(quota, 3) as raw:
        expect_same(raw.status(200, string(b"copy-file") + string(b"big") +
                               string(b"four") + b"\1"), 4, "status")
    with open(quota.home("four"), "rb") as file:
        expect(file.read() == b"q" * 900, "what was there has changed")
    expect_same(sorted(os.listdir(quota.home())), ["big", "four", "one"],
                "what is there")
    expect(re.search(r"/four b _ i r alice sftp 0 \* i",
                     quota.log("transfer.log")), "not logged as incomplete")


@promise("names that mod_rewrite has changed are used")
def _():
    needs(OTHERS, "mod_rewrite")
    home = others.home("")
    must(others.sftp("put %s %salias1\nmkdir %saliasdir\nls -l %salias1\n"
                     "rename %salias1 %salias2"
                     % (others.local("r", b"r"), home, home, home, home,
                        home)))
    names = sorted(os.listdir(others.home()))
    expect_same([name for name in names if name != "exec.out"],
                ["real2", "realdir"], "names")


@promise("GroupOwner gives new files and directories to its group")
def _():
    home = others.home("")
    must(others.sftp("put %s %sgiven\nmkdir %sgivendir"
                     % (others.local("r", b"r"), home, home)))
    for name in ("given", "givendir"):
        expect_same(os.stat(others.home(name)).st_gid, GID + 5,
                    "group of " + name)


@promise("mod_exec runs its command after an upload")
def _():
    needs(OTHERS, "mod_exec")
    must(others.sftp("put %s %sexecuted" % (others.local("r", b"r"),
                                            others.home(""))))
    wait_for(lambda: "executed" in others.log("home/alice/exec.out"),
             "the command", 20)


main(quota, others)
