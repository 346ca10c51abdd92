#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: locales python3-paramiko
# sanitizers: alone

"""What went wrong in other servers (doc/pitfalls.md) and belongs to no other
test."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from clients import paramiko_transport
from companion import add_companion
from rawsftp import DATA, HANDLE, Raw, num, quad, string
from server import Server, keygen, must, run, wait_for

import paramiko

BIG = 6 << 20
PIECE = 256 * 1024

srv = Server("""
SFTPHostKey @DIR@/host_384
SFTPClientMatch "^Matched" sftpProtocolVersion 3
TimeoutStalled 4
LogFormat size "%m %f %{file-size}"
ExtendedLog @DIR@/size.log READ,WRITE size
""")
group = Server("MaxStoreFileSize 100 B group staff\n")
near = Server("<Class near>\n  From 127.0.0.0/8\n</Class>\n"
              "MaxStoreFileSize 100 B class near\n")
far = Server("<Class far>\n  From 192.0.2.0/24\n</Class>\n"
             "MaxStoreFileSize 100 B class far\n")
LINKED = "DefaultRoot @DIR@/link/sub\nAllowChrootSymlinks %s\n"
refuses = Server()
german = Server(env={"LC_ALL": "de_DE.UTF-8"})
linked = {word: Server(LINKED % word, drop=("DefaultRoot",))
          for word in ("on", "off")}

add_companion(refuses, "mod_refuse")
keygen(srv.path("host_384"), "-t", "ecdsa", "-b", "384")


@promise("two ECDSA host keys of different curves are both used")
def _():
    for name in ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"):
        conn = paramiko.Transport(srv.connect())
        try:
            conn._preferred_keys = (name,)
            conn.start_client(timeout=60)
            expect_same(conn.get_remote_server_key().get_name(), name, "key")
        finally:
            conn.close()


@promise("patterns of SFTPClientMatch apply after a reload, too")
def _():

    def version(software):
        with Raw(srv, 6, software=software) as raw:
            return raw.version
    for _ in range(2):
        expect_same((version("Matched_1"), version("Other_1")), (3, 6),
                    "versions")
        mark = len(srv.log("system.log"))
        srv.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "received SIGHUP" in srv.log("system.log")[mark:],
                 "the reload")
        wait_for(srv.greets, "the daemon")


@promise("attributes of an OPEN for reading change nothing")
def _():
    path = srv.put("read-only", b"content", 0o644)
    before = os.stat(path)
    with Raw(srv, 3) as raw:
        # SIZE, PERMISSIONS and ACMODTIME
        kind, _ = raw.ask(3, string(b"/read-only") + num(1) + num(13)
                          + quad(0) + num(0o600) + num(1) + num(1))
        expect_same(kind, HANDLE, "an open file")
    after = os.stat(path)
    expect_same((after.st_size, after.st_mode, after.st_mtime_ns),
                (before.st_size, before.st_mode, before.st_mtime_ns),
                "size, mode and time")


@promise("TimeoutStalled does not end a slow download by SCP")
def _():
    srv.put("slow", os.urandom(BIG))
    with paramiko_transport(srv) as conn:
        channel = conn.open_session()
        channel.settimeout(60)
        channel.exec_command("scp -f /slow")
        channel.sendall(b"\0")
        source = channel.makefile("rb")
        head = source.readline()
        expect_same(head.split()[1], b"%d" % BIG, "size in %r" % head)
        channel.sendall(b"\0")
        left = BIG
        while left > 0:
            got = len(source.read(min(PIECE, left)))
            expect(got > 0, "the download ended %d bytes early" % left)
            left -= got
            time.sleep(0.3)     # it is slow
        expect_same(source.read(1), b"\0", "the end")


@promise("%{file-size} has the size of files that SCP transfers")
def _():
    must(srv.scp("-O", srv.local("up", bytes(1234)), "srv:size-up"))
    must(srv.scp("-O", "srv:size-up", srv.local("down")))
    for line in ("STOR", "RETR"):
        srv.wait_log("size.log", "^%s .*size-up 1234$" % line)


@promise("without MatchKeySubject, a key's Subject does not matter")
def _():
    key = must(run(["ssh-keygen", "-e", "-f", srv.key + ".pub"])).stdout
    first, rest = key.split(b"\n", 1)
    with open(srv.path("keys/alice"), "wb") as file:
        file.write(first + b"\nSubject: somebody-else\n" + rest)
    must(srv.sftp("ls"))


@promise("MaxStoreFileSize of a group, and of a class, stops uploads")
def _():
    for server, good in ((group, False), (near, False), (far, True)):
        must(server.sftp("put %s small" % server.local("small", bytes(100))))
        result = server.sftp("put %s large" % server.local("large",
                                                           bytes(101)))
        expect_same(result.returncode == 0, good, "101 bytes")


@promise("AllowChrootSymlinks off: no name in the root's path may be a link")
def _():
    for word, good in (("on", True), ("off", False)):
        server = linked[word]
        os.makedirs(server.path("real/sub"))
        os.symlink(server.path("real"), server.path("link"))
        for name in ("real", "real/sub"):
            os.chmod(server.path(name), 0o755)
        expect_same(server.sftp("ls").returncode == 0, good, word)


@promise("other modules are asked before hard links are made")
def _():
    refuses.put("file", b"some")
    for version, kind, before, after in (
            (3, 200, string(b"hardlink@openssh.com") + string(b"/file"), b""),
            (6, 21, b"", string(b"/file") + b"\0")):
        with Raw(refuses, version) as raw:
            for name, made in (("refused-%d" % version, False),
                               ("made-%d" % version, True)):
                status = raw.status(kind, before + string(b"/" + name.encode())
                                    + after)
                expect_same((status == 0, os.path.exists(refuses.home(name))),
                            (made, made), "%s, status %s" % (name, status))
    log = refuses.log("sftp.log")
    expect("HARDLINK '" in log and " LINK '" in log, log)


@promise("a file that grows is read beyond the size that it had")
def _():
    path = srv.put("grows", b"first")
    with Raw(srv, 3) as raw:
        handle = string(raw.open_with("/grows", num(1)))

        def read(at):
            kind, left = raw.ask(5, handle + quad(at) + num(32768))
            return raw.cut(left)[0] if kind == DATA else left[:4]

        expect_same((read(0), read(5)), (b"first", num(1)), "to the end")
        with open(path, "ab") as file:
            file.write(b" and more")
        expect_same((read(5), read(14)), (b" and more", num(1)), "what is new")


@promise("listings are in English, whatever the server's language is")
def _():
    os.makedirs(german.path("locales"))
    must(run(["localedef", "-i", "de_DE", "-f", "UTF-8",
              german.path("locales/de_DE.UTF-8")]))
    german.env["LOCPATH"] = german.path("locales")
    german.start()
    try:
        os.utime(german.put("old"), (0, 1683000000))
        with Raw(german, 3) as raw:
            with open("/proc/%d/maps" % german.session()) as maps:
                expect("/LC_TIME" in maps.read(), "no German")
            expect(b" May  2  2023 old" in raw.list("/"), "no May")
        for options in ((), ("-O",)):
            must(german.scp("-p", *options, german.local("new", b"n"),
                            "srv:new"))
    finally:
        german.stop_clean()


main(srv, refuses, group, near, far, *linked.values())
