#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""Refusals say why: the directive to the client, and in SFTPLog the path and
the section as well."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from policydoors import Scp, Sftp
from policytable import Row
from rawsftp import num, quad, string
from server import Server, wait_for
from tap import expect, expect_same, main, promise


class Defaults(Server):
    def _default_lines(self):
        return (line for line in super()._default_lines()
                if line[0] not in ("AllowOverwrite", "AllowStoreRestart"))


srv = Defaults("""
MaxTransfersPerHost RETR 1
MaxTransfersPerUser STOR,APPE 3
AllowStoreRestart off
AllowRetrieveRestart off
PathDenyFilter \\.deep$
MaxStoreFileSize 1 Kb
<Directory ~/dir>
  <Limit STOR>
    DenyAll
  </Limit>
</Directory>
<Directory ~/kept>
  AllowOverwrite off
  PathAllowFilter /a$
</Directory>
<Directory ~/free>
  AllowOverwrite on
</Directory>
<Directory ~/hidden>
  HideFiles .
  <Limit ALL>
    IgnoreHidden on
  </Limit>
</Directory>
<Directory ~/less>
  MaxRetrieveFileSize 3 b
</Directory>
<Limit DELE>
  DenyAll
</Limit>
AllowOverride on
""", users=("alice",))
for name in ("dir", "kept", "hidden", "over", "free", "less"):
    srv.mkdir(name)
for name in ("a", "b", "kept/a", "hidden/a", "free/b", "less/a"):
    srv.put(name, b"data")
srv.put("over/.ftpaccess", b"PathDenyFilter here$\n<Limit MKD>\n  DenyAll\n</Limit>\n")


def line_of(directive, after=""):
    """As a log line says where it stands, the first one behind that text."""
    with open(srv.path("proftpd.conf")) as conf:
        text = conf.read()
    at = text.index("\n" + directive, text.index(after)) + 1
    return ", line %d of '%s'" % (text[:at].count("\n") + 1,
                                  srv.path("proftpd.conf"))


def refused(words, text, log, door=None):
    """The client gets the text, and SFTPLog the line."""
    mark, others = len(srv.log("sftp.log")), srv.sessions()
    sftp = Sftp(srv, 3)
    try:
        one = Scp(sftp.raw.transport) if door == "scp" else sftp
        verdict, said = one.run(Row("?", words.split(), {}, ""))
    finally:
        sftp.close()
    # It would count for the limits of transfers.
    wait_for(lambda: set(srv.sessions()) <= set(others), "its end")
    expect(verdict != "ok", words + " was granted")
    expect(text in said, "%s: %r is not in %r" % (words, text, said))
    new = srv.log("sftp.log")[mark:]
    expect(log in new, "%s: %r is not in\n%s" % (words, log, new))


@promise("<Limit> is named with its section and the path")
def _():
    home = srv.home().rstrip("/")
    for door in ("sftp", "scp"):
        refused("put dir/new", "denied by <Limit STOR>",
                "'/dir/new' denied by <Limit STOR> in <Directory %s/dir>%s"
                % (home, line_of("  <Limit STOR>")), door)
    refused("del a", "denied by <Limit DELE>",
            "'/a' denied by <Limit DELE> in the server 'under test'"
            + line_of("<Limit DELE>"))
    refused("mkdir over/new", "denied by <Limit MKD>",
            "'/over/new' denied by <Limit MKD> in '%s/over/.ftpaccess', line 2"
            % home)


@promise("a filter is named with its place, in a section, above and by default")
def _():
    refused("put a.deep", "denied by PathDenyFilter", "'/a.deep' denied by "
            "PathDenyFilter" + line_of("PathDenyFilter"))
    home = srv.home().rstrip("/")
    refused("put kept/a.deep", "denied by PathAllowFilter", "'/kept/a.deep' "
            "denied by PathAllowFilter in <Directory ~/kept>"
            + line_of("  PathAllowFilter"))
    refused("put over/x.here", "denied by PathDenyFilter", "denied by "
            "PathDenyFilter in '%s/over/.ftpaccess', line 1\n" % home)
    refused("put b", "AllowOverwrite is off", "of '/b' denied: AllowOverwrite "
            "is off by default\n")


@promise("MaxTransfersPerHost is named")
def _():
    sftp = Sftp(srv, 3)
    try:
        handle = sftp._open("a", "r")
        refused_by = sftp.run(Row("?", ["get", "b"], {}, ""))
        sftp.raw.ask(4, len(handle).to_bytes(4, "big") + handle)
        expect("MaxTransfersPerHost is 1" in refused_by[1], refused_by[1])
        expect("RETR of '/b' refused: MaxTransfersPerHost is 1"
               + line_of("MaxTransfersPerHost") + "\n" in
               srv.log("sftp.log"), srv.log("sftp.log"))
        expect_same(sftp.run(Row("?", ["get", "b"], {}, ""))[0], "ok",
                    "after the end of the first")
    finally:
        sftp.close()
    srv.no_sessions()


@promise("MaxTransfersPerUser is named, by SFTP and SCP")
def _():
    log = "STOR of '/one-more' refused: MaxTransfersPerUser is 3" + \
        line_of("MaxTransfersPerUser") + "\n"
    # mod_xfer counts sessions, whatever they do.
    others = [Sftp(srv, 3) for _ in range(3)]
    try:
        for door in ("sftp", "scp"):
            refused("put one-more", "MaxTransfersPerUser is 3", log, door)
    finally:
        for sftp in others:
            sftp.close()
    srv.no_sessions()
    sftp = Sftp(srv, 3)
    try:
        handles = [sftp._open("new-%d" % number, "w") for number in range(3)]
        mark = len(srv.log("sftp.log"))
        said = sftp.run(Row("?", ["put", "one-more"], {}, ""))
        expect("MaxTransfersPerUser is 3" in said[1], said)
        expect(log in srv.log("sftp.log")[mark:], srv.log("sftp.log")[mark:])
        for handle in handles:
            sftp.raw.ask(4, string(handle))
    finally:
        sftp.close()
    srv.no_sessions()


@promise("MaxRetrieveFileSize is named with its section, by SFTP and SCP")
def _():
    for door in ("sftp", "scp"):
        refused("get less/a", "MaxRetrieveFileSize is 3 bytes",
                "'/less/a' (4 bytes) denied: MaxRetrieveFileSize is 3 bytes in "
                "<Directory ~/less>" + line_of("  MaxRetrieveFileSize"), door)


@promise("AllowStoreRestart and AllowRetrieveRestart are named")
def _():
    refused("resume free/b 2", "AllowStoreRestart is off", "AllowStoreRestart "
            "is off" + line_of("AllowStoreRestart"))
    refused("getfrom a 2", "AllowRetrieveRestart is off", "AllowRetrieveRestart "
            "is off" + line_of("AllowRetrieveRestart"))


@promise("MaxStoreFileSize is named, by SFTP and SCP")
def _():
    for door in ("sftp", "scp"):
        refused("put %s 5000" % door, "MaxStoreFileSize is 1024 bytes",
                "MaxStoreFileSize (1024 bytes) reached by '/%s'" % door
                + line_of("MaxStoreFileSize") + "\n", door)


@promise("... by a size that is set, by name or handle, and by copies")
def _():
    text = "MaxStoreFileSize is 1024 bytes"
    with open(srv.put("large"), "wb") as file:
        file.write(bytes(5000))
    refused("copy large new", text, "MaxStoreFileSize (1024 bytes) reached by "
            "'/new'" + line_of("MaxStoreFileSize") + "\n")
    sftp = Sftp(srv, 3)
    try:
        handle = sftp._open("free/b", "in")
        for kind, what in ((9, b"free/b"), (10, handle)):
            mark = len(srv.log("sftp.log"))
            said = sftp._status(sftp.raw.ask(
                kind, string(what) + num(1) + quad(5000))[1])[1]
            expect(text in said, said)
            new = srv.log("sftp.log")[mark:]
            expect("MaxStoreFileSize (1024 bytes) reached by '/free/b'"
                   + line_of("MaxStoreFileSize") in new, new)
    finally:
        sftp.close()
    srv.no_sessions()


@promise("AllowOverwrite is named when a copy would replace a file")
def _():
    refused("copy a kept/a", "AllowOverwrite is off",
            "'/kept/a' denied: AllowOverwrite is off in <Directory ~/kept>"
            + line_of("  AllowOverwrite off"))


@promise("IgnoreHidden is named in SFTPLog alone")
def _():
    refused("get hidden/a", "No such file",
            "'/hidden/a' refused: hidden (IgnoreHidden) by HideFiles in "
            "<Directory ~/hidden>" + line_of("  HideFiles"))


main(srv)
