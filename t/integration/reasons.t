#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Refusals say why: the directive to the client, and in SFTPLog the path and
the section as well."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policydoors import Scp, Sftp
from policytable import Row
from server import Server
from tap import expect, expect_same, main, promise

srv = Server("""
MaxTransfersPerHost RETR 1
MaxStoreFileSize 1 Kb
<Directory ~/dir>
  <Limit STOR>
    DenyAll
  </Limit>
</Directory>
<Directory ~/kept>
  AllowOverwrite off
</Directory>
<Directory ~/hidden>
  HideFiles .
  <Limit ALL>
    IgnoreHidden on
  </Limit>
</Directory>
<Limit DELE>
  DenyAll
</Limit>
AllowOverride on
""", users=("alice",))
for name in ("dir", "kept", "hidden", "over"):
    srv.mkdir(name)
for name in ("a", "b", "kept/a", "hidden/a"):
    srv.put(name, b"data")
srv.put("over/.ftpaccess", b"<Limit MKD>\n  DenyAll\n</Limit>\n")


def refused(words, text, log, door=None):
    """The client gets the text, and SFTPLog the line."""
    mark = len(srv.log("sftp.log"))
    sftp = Sftp(srv, 3)
    try:
        one = Scp(sftp.raw.transport) if door == "scp" else sftp
        verdict, said = one.run(Row("?", words.split(), {}, ""))
    finally:
        sftp.close()
    expect(verdict != "ok", words + " was granted")
    expect(text in said, "%s: %r is not in %r" % (words, text, said))
    new = srv.log("sftp.log")[mark:]
    expect(log in new, "%s: %r is not in\n%s" % (words, log, new))


@promise("<Limit> is named with its section and the path")
def _():
    home = srv.home().rstrip("/")
    for door in ("sftp", "scp"):
        refused("put dir/new", "denied by <Limit STOR>",
                "'/dir/new' denied by <Limit STOR> in <Directory %s/dir>"
                % home, door)
    refused("del a", "denied by <Limit DELE>",
            "'/a' denied by <Limit DELE> in the server 'under test'")
    refused("mkdir over/new", "denied by <Limit MKD>",
            "'/over/new' denied by <Limit MKD> in '%s/over/.ftpaccess'"
            % home)


@promise("MaxTransfersPerHost is named")
def _():
    sftp = Sftp(srv, 3)
    try:
        handle = sftp._open("a", "r")
        refused_by = sftp.run(Row("?", ["get", "b"], {}, ""))
        sftp.raw.ask(4, len(handle).to_bytes(4, "big") + handle)
        expect("MaxTransfersPerHost is 1" in refused_by[1], refused_by[1])
        expect("RETR refused: MaxTransfersPerHost is 1" in
               srv.log("sftp.log"), srv.log("sftp.log"))
        expect_same(sftp.run(Row("?", ["get", "b"], {}, ""))[0], "ok",
                    "after the end of the first")
    finally:
        sftp.close()


@promise("MaxStoreFileSize is named, by SFTP and SCP")
def _():
    for door in ("sftp", "scp"):
        refused("put new 5000", "MaxStoreFileSize is 1024 bytes",
                "MaxStoreFileSize (1024 bytes) reached", door)


@promise("AllowOverwrite is named when a copy would replace a file")
def _():
    refused("copy a kept/a", "AllowOverwrite is off",
            "'/kept/a' denied: AllowOverwrite is off")


@promise("IgnoreHidden is named in SFTPLog alone")
def _():
    refused("get hidden/a", "No such file",
            "'/hidden/a' refused: hidden (IgnoreHidden)")


main(srv)
