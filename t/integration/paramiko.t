#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""paramiko: calls that no command-line client makes."""

import os
import stat
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, UID
from clients import paramiko_sftp, paramiko_transport

import paramiko

srv = Server()
DATA = os.urandom(2000001)


def refused(code, call, *args):
    try:
        call(*args)
    except IOError as error:
        if code is not None:
            expect_same(error.errno, code, str(error))
        return
    expect(False, "%s%r worked" % (call.__name__, args))


@promise("login with the password and with a key; transfers unharmed")
def _():
    for password in (True, False):
        with paramiko_sftp(srv, password=password) as sftp:
            with sftp.open("f", "wb") as file:
                file.set_pipelined(True)
                file.write(DATA)
            with sftp.open("f", "rb") as file:
                file.prefetch()
                expect(file.read() == DATA, "the download differs")
        expect(srv.get("f") == DATA, "the upload differs")


@promise("stat follows links, lstat does not, attributes are the file's")
def _():
    srv.put("real", b"12345", 0o604)
    os.symlink("real", srv.home("sym"))
    with paramiko_sftp(srv) as sftp:
        info = sftp.stat("sym")
        expect_same(info.st_size, 5, "size")
        expect(stat.S_ISREG(info.st_mode), "stat of a link")
        expect_same(stat.S_IMODE(info.st_mode), 0o604, "mode")
        expect_same(info.st_uid, UID, "owner")
        expect(stat.S_ISLNK(sftp.lstat("sym").st_mode), "lstat of a link")
        expect_same(sftp.readlink("sym"), "real", "target")


@promise("every open mode does what POSIX says")
def _():
    with paramiko_sftp(srv) as sftp:
        with sftp.open("m", "w") as file:
            file.write("abc")
        with sftp.open("m", "a") as file:
            file.write("def")
        expect_same(srv.get("m"), b"abcdef", "append")
        with sftp.open("m", "r+") as file:
            file.write("X")
        expect_same(srv.get("m"), b"Xbcdef", "update")
        refused(None, sftp.open, "m", "wx")
        with sftp.open("m2", "wx") as file:
            file.write("new")
        expect_same(srv.get("m2"), b"new", "exclusive")
        refused(2, sftp.open, "nowhere", "r")
        refused(2, sftp.open, "nowhere", "r+")


@promise("truncate, chmod, utime by name and by handle")
def _():
    srv.put("t", b"0123456789")
    with paramiko_sftp(srv) as sftp:
        sftp.truncate("t", 5)
        expect_same(srv.get("t"), b"01234", "truncated")
        sftp.chmod("t", 0o600)
        sftp.utime("t", (1000000000, 1100000000))
        info = os.stat(srv.home("t"))
        expect_same(stat.S_IMODE(info.st_mode), 0o600, "mode")
        expect_same(int(info.st_mtime), 1100000000, "time")
        with sftp.open("t", "r+") as file:
            file.truncate(2)
            file.chmod(0o640)
            file.utime((1000000000, 1200000000))
            expect_same(file.stat().st_size, 2, "fstat")
        info = os.stat(srv.home("t"))
        expect_same(stat.S_IMODE(info.st_mode), 0o640, "mode")
        expect_same(int(info.st_mtime), 1200000000, "time")


@promise("reading at and beyond the end, in the middle, nothing")
def _():
    srv.put("r", b"0123456789")
    with paramiko_sftp(srv) as sftp:
        with sftp.open("r", "rb") as file:
            file.seek(8)
            expect_same(file.read(100), b"89", "at the end")
            expect_same(file.read(100), b"", "beyond the end")
            file.seek(10 ** 12)
            expect_same(file.read(1), b"", "far beyond the end")
            file.seek(3)
            expect_same(file.read(2), b"34", "in the middle")


@promise("a hole is made by writing beyond the end")
def _():
    with paramiko_sftp(srv) as sftp:
        with sftp.open("hole", "wb") as file:
            file.seek(5 * 2 ** 30)
            file.write(b"end")
        expect_same(sftp.stat("hole").st_size, 5 * 2 ** 30 + 3, "size")
    os.unlink(srv.home("hole"))


@promise("listdir_attr and listdir_iter give every entry once")
def _():
    srv.mkdir("dir")
    for number in range(500):
        open(srv.home("dir/%d" % number), "w").close()
    names = sorted(str(n) for n in range(500))
    with paramiko_sftp(srv) as sftp:
        expect_same(sorted(a.filename for a in sftp.listdir_attr("dir")),
                    names, "listdir_attr")
        expect_same(sorted(a.filename for a in sftp.listdir_iter("dir")),
                    names, "listdir_iter")


@promise("normalize: of what exists, of what does not, of dots")
def _():
    srv.mkdir("n/m")
    with paramiko_sftp(srv) as sftp:
        expect_same(sftp.normalize("."), "/", ".")
        expect_same(sftp.normalize("n/m/.."), "/n", "n/m/..")
        expect_same(sftp.normalize("n/new"), "/n/new", "a new name")
        expect_same(sftp.normalize("/../.."), "/", "above the root")


@promise("rename, posix_rename, remove, mkdir, rmdir and their refusals")
def _():
    with paramiko_sftp(srv) as sftp:
        srv.put("ra", b"a")
        srv.put("rb", b"b")
        refused(None, sftp.rename, "ra", "rb")
        sftp.posix_rename("ra", "rb")
        expect_same(srv.get("rb"), b"a", "posix_rename")
        sftp.mkdir("rd", 0o700)
        expect_same(stat.S_IMODE(os.stat(srv.home("rd")).st_mode), 0o700,
                    "mode of the directory")
        refused(None, sftp.mkdir, "rd")
        refused(None, sftp.remove, "rd")
        refused(None, sftp.rmdir, "rb")
        sftp.rmdir("rd")
        sftp.remove("rb")
        refused(2, sftp.remove, "rb")
        refused(2, sftp.stat, "rb")


@promise("a hundred files open at once")
def _():
    with paramiko_sftp(srv) as sftp:
        files = [sftp.open("open%d" % n, "w+b") for n in range(100)]
        for number, file in enumerate(files):
            file.write(b"%d" % number)
        for file in files:
            file.close()
    for number in range(100):
        expect_same(srv.get("open%d" % number), b"%d" % number, "content")


@promise("ten channels at once, each with its own transfer")
def _():
    with paramiko_transport(srv) as transport:
        errors = []

        def work(number):
            try:
                sftp = paramiko.SFTPClient.from_transport(transport)
                name = "chan%d" % number
                with sftp.open(name, "wb") as file:
                    file.set_pipelined(True)
                    file.write(DATA[:500000])
                with sftp.open(name, "rb") as file:
                    file.prefetch()
                    if file.read() != DATA[:500000]:
                        errors.append(name)
                sftp.close()
            except Exception as error:
                errors.append(repr(error))

        threads = [threading.Thread(target=work, args=(n,))
                   for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect_same(errors, [], "errors")


@promise("more channels than SFTPMaxChannels are refused, the others continue")
def _():
    few = Server("SFTPMaxChannels 2").start()
    try:
        with paramiko_transport(few) as transport:
            one = paramiko.SFTPClient.from_transport(transport)
            paramiko.SFTPClient.from_transport(transport)
            try:
                transport.open_session(timeout=20)
                expect(False, "a third channel was opened")
            except paramiko.ChannelException:
                pass
            one.listdir(".")
    finally:
        few.stop_clean()


@promise("after no-more-sessions@openssh.com another session ends the "
         "connection")
def _():
    with paramiko_transport(srv) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        expect(transport.global_request("no-more-sessions@openssh.com"),
               "the request is refused")
        sftp.listdir("/")
        try:
            transport.open_session(timeout=60)
            expect(False, "another session was opened")
        except (paramiko.SSHException, EOFError):
            pass
    srv.wait_log("sftp.log", "possible attack: a session is opened after "
                 "no-more-sessions@openssh.com")


@promise("the window is respected: a client that reads nothing stops the "
         "server")
def _():
    srv.put("flood", bytes(20000000))
    with paramiko_transport(srv) as transport:
        channel = transport.open_session(window_size=65536)
        channel.invoke_subsystem("sftp")
        sftp = paramiko.SFTPClient(channel)
        file = sftp.open("flood", "rb")
        file.prefetch()
        # The answers fill the window and the rest waits for our reading.
        total = 0
        while True:
            data = file.read(1000000)
            if not data:
                break
            total += len(data)
        expect_same(total, 20000000, "bytes")


@promise("unusual packet and window sizes of the client")
def _():
    for window, packet in ((1000000, 4096), (40000, 35000),
                           (2 ** 31, 262144)):
        with paramiko_transport(srv) as transport:
            channel = transport.open_session(window_size=window,
                                             max_packet_size=packet)
            channel.invoke_subsystem("sftp")
            sftp = paramiko.SFTPClient(channel)
            with sftp.open("sizes", "wb") as file:
                file.set_pipelined(True)
                file.write(DATA[:1000000])
            with sftp.open("sizes", "rb") as file:
                file.prefetch()
                expect(file.read() == DATA[:1000000],
                       "window %d, packet %d" % (window, packet))


main(srv)
