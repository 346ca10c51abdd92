#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: clamav-daemon proftpd-mod-clamav proftpd-mod-vroot python3-paramiko
# sanitizers: alone

"""mod_clamav with a scanner: an infected upload is refused at its end, and
nothing is left of it."""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import (PRELOAD, Server, free_port, has_module, must, said,
                    wait_for)
from clients import paramiko_sftp
from rawsftp import Raw, num, quad, string

CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/bin")
HERE = has_module("mod_clamav.so") and CLAMD is not None

# The file that every scanner takes for infected, in two halves: this one is
# not.
EICAR = (rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" +
         rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
VIRUS = "Test.Eicar.UNOFFICIAL"
WHY = "virus found: " + VIRUS

OK, PERMISSION_DENIED = 0, 3
WRITE, CREAT, TRUNC = 2, 8, 16


class Scanned(Server):
    """Its scanner knows one virus; modules and directives change from start to
    start."""

    def __init__(self):
        super().__init__(modules=("mod_clamav",))
        self.scanner, self.scanner_port = None, free_port()
        self.unused_port = free_port()
        os.mkdir(self.path("virus"))
        with open(self.path("virus/test.hdb"), "w") as out:
            out.write("%s:%d:Test.Eicar\n" % (hashlib.md5(EICAR).hexdigest(),
                                              len(EICAR)))
        with open(self.path("clamd.conf"), "w") as out:
            out.write("DatabaseDirectory %s\nTCPSocket %d\n"
                      "TCPAddr 127.0.0.1\nForeground yes\nLogFile %s\n"
                      "User root\n" % (self.path("virus"), self.scanner_port,
                                       self.path("clamd.log")))

    def start_scanner(self):
        self.scanner = subprocess.Popen(
            [CLAMD, "-c", self.path("clamd.conf")], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.scans, "the scanner")

    def scans(self):
        try:
            with socket.create_connection(("127.0.0.1", self.scanner_port)):
                return True
        except OSError:
            return False

    def clean_up(self):
        if self.scanner is not None:
            self.scanner.terminate()
            self.scanner.wait()
            self.scanner = None
        super().clean_up()

    @contextlib.contextmanager
    def serving(self, lines="", modules=(), drop=(), port=None):
        self.modules = tuple(modules) + ("mod_clamav",)
        self.drop = drop
        self.directives = "ClamAV on\nClamServer 127.0.0.1\nClamPort %d\n" \
            % (port or self.scanner_port) + lines
        for name in os.listdir(self.home()):
            path = self.home(name)
            (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
        self.mkdir("dir/deep")
        with open(self.path("sftp.log"), "w"):
            pass
        with open(self.path("transfer.log"), "w"):
            pass
        self.start()
        try:
            yield
            self.no_sessions()
        finally:
            self.stop()
        self.stop_clean()

    def there(self, name):
        return os.path.lexists(self.home(name))


srv = Scanned() if HERE else None


def needs_scanner():
    if srv is None:
        skip("mod_clamav or its scanner is not here")
    if srv.scanner is None:
        srv.start_scanner()


def write(raw, path, data=EICAR, flags=WRITE | CREAT | TRUNC):
    """Opens and writes; the handle."""
    handle = raw.open_with(path, num(flags))
    expect_same(raw.status(6, string(handle) + quad(0) + string(data)), OK,
                "WRITE")
    return handle


def close(raw, handle):
    """Status and text of CLOSE."""
    _, left = raw.ask(4, string(handle))
    return left[3], raw.cut(left[4:])[0].decode()


def refused(raw, handle, why=WHY):
    status, text = close(raw, handle)
    expect_same(status, PERMISSION_DENIED, "CLOSE (%s)" % text)
    expect(why in text, "CLOSE does not say why: " + text)


CASES = {
    "a DefaultRoot": dict(),
    "a DefaultRoot, its bytes sent to the scanner":
        dict(lines="ClamStream on\n"),
    "no DefaultRoot": dict(drop=("DefaultRoot",)),
    "mod_vroot": dict(lines="VRootEngine on\n", modules=("mod_vroot",)),
    "HiddenStores": dict(lines="HiddenStores on\n"),
}


def in_case(name):
    @promise("with %s an infected upload is refused, and a clean one is not"
             % name)
    def _():
        needs_scanner()
        base = srv.home().rstrip("/") if name == "no DefaultRoot" else ""
        with srv.serving(**CASES[name]):
            for place in ("top", "dir/sub", "dir/deep/sub"):
                with Raw(srv, 3) as raw:
                    refused(raw, write(raw, base + "/" + place))
                expect(not srv.there(place), place + " is there")
            bad = srv.local("bad", EICAR)
            result = srv.scp("-O", bad, "srv:%s/dir/scp" % base)
            expect(result.returncode != 0 and WHY in said(result),
                   "scp: " + said(result))
            result = srv.sftp("put %s %s/dir/sftp" % (bad, base))
            expect(result.returncode != 0, "sftp: " + said(result))
            must(srv.scp("-O", srv.local("good", b"good\n"),
                         "srv:%s/dir/good" % base))
            with Raw(srv, 3) as raw:
                expect_same(close(raw, write(raw, base + "/dir/good2",
                                             b"good\n"))[0], OK, "CLOSE")
        expect_same(sorted(os.listdir(srv.home("dir"))),
                    ["deep", "good", "good2"], "what is there")
        expect_same(os.listdir(srv.home("dir/deep")), [], "what is there")
        expect_same(len(re.findall(r"error closing '\S+': %s$" % WHY,
                                   srv.log("sftp.log"), re.M)), 5,
                    "lines of SFTPLog")
        expect_same(re.findall(r"(\w+) b _ i r alice \w+ 0 \* ([ci])$",
                               srv.log("transfer.log"), re.M),
                    [("top", "i"), ("sub", "i"), ("sub", "i"), ("scp", "i"),
                     ("sftp", "i"), ("good", "c"), ("good2", "c")],
                    "TransferLog")


for one in CASES:
    in_case(one)


@promise("an existing file that becomes infected is removed, too")
def _():
    needs_scanner()
    with srv.serving():
        srv.put("old", EICAR[:20])
        with Raw(srv, 3) as raw:
            handle = raw.open_with("/old", num(WRITE))
            raw.ask(6, string(handle) + quad(20) + string(EICAR[20:]))
            refused(raw, handle)
        expect(not srv.there("old"), "it is there")


@promise("a file that is renamed meanwhile is scanned under its new name, or "
         "truncated")
def _():
    needs_scanner()
    with srv.serving():
        with Raw(srv, 3) as raw:
            handle = write(raw, "/bad")
            raw.status(18, string(b"/bad") + string(b"/dir/bad"))
            refused(raw, handle)
            handle = write(raw, "/dir/deep/bad")
            raw.status(18, string(b"/dir/deep") + string(b"/dir/deeper"))
            refused(raw, handle)
            handle = write(raw, "/good", b"good\n")
            raw.status(18, string(b"/good") + string(b"/dir/good"))
            expect_same(close(raw, handle)[0], OK, "a clean one")
            expect_same(srv.get("dir/good"), b"good\n", "a clean one")

            # By somebody else, with something clean in its place.
            handle = write(raw, "/bad")
            with paramiko_sftp(srv) as other:
                other.rename("/bad", "/moved")
                with other.open("/bad", "wb") as file:
                    file.write(b"clean\n")
            refused(raw, handle, "it was moved before it was scanned")
            expect_same(srv.get("moved"), b"", "what was moved")
            expect_same(srv.get("bad"), b"clean\n", "what took its place")
        for name in ("bad", "deeper/bad"):
            expect(not srv.there("dir/" + name), name + " is there")


@promise("further names and copies of an infected file are empty")
def _():
    needs_scanner()
    with srv.serving():
        with Raw(srv, 3) as raw:
            handle = write(raw, "/bad")
            expect_same(raw.status(200, string(b"hardlink@openssh.com") +
                                   string(b"/bad") + string(b"/dir/second")),
                        OK, "hardlink")
            expect_same(raw.status(200, string(b"copy-file") + string(b"/bad")
                                   + string(b"/dir/copy") + b"\0"),
                        PERMISSION_DENIED, "copy-file")
            refused(raw, handle)
        expect_same(srv.get("dir/second"), b"", "the second name")
        expect(not srv.there("bad"), "it is there")
        expect(not srv.there("dir/copy"), "its copy is there")


@promise("an interrupted upload is scanned as well")
def _():
    needs_scanner()
    with srv.serving():
        with Raw(srv, 3) as raw:
            write(raw, "/bad")
        srv.no_sessions()
        expect(not srv.there("bad"), "it is there")


@promise("if no scanner runs, uploads are refused, and files that are only "
         "opened remain")
def _():
    needs_scanner()
    with srv.serving("MaxRetrieveFileSize 10 B\n", port=srv.unused_port):
        srv.put("kept", b"more than ten bytes\n")
        with Raw(srv, 3) as raw:
            refused(raw, write(raw, "/up", b"good\n"),
                    "it could not be scanned for viruses")
            expect(not srv.there("up"), "the upload is there")
            kind, _ = raw.ask(3, string(b"/kept") + num(1 | WRITE) + num(0))
            expect(kind == 101, "OPEN is not refused")
            expect_same(srv.get("kept"), b"more than ten bytes\n",
                        "what was not opened")
    expect("it could not be scanned" in srv.log("sftp.log"), "no line")


@promise("uploads leave no descriptor open")
def _():
    needs_scanner()
    for case in (dict(), CASES["mod_vroot"]):
        with srv.serving(**case):
            with Raw(srv, 3) as raw:
                pid = srv.session()
                counts = []
                for number in range(3):
                    close(raw, write(raw, "/f%d" % number, b"good\n"))
                    counts.append(len(os.listdir("/proc/%d/fd" % pid)))
                expect_same(counts[1], counts[2], "open descriptors")


def scan_slowly(listener, meanwhile):
    """One scan, which finds something after meanwhile() is done."""
    while True:
        sock, _ = listener.accept()
        with sock:
            request = sock.recv(4096)
            while request and b"SCAN" not in request:
                sock.sendall(b"PONG\n")
                request = sock.recv(4096)
            if request:
                meanwhile()
                path = re.search(rb"SCAN ([^\0\n]*)", request).group(1)
                sock.sendall(path + b": Slow FOUND\n")
                return


@promise("no other file is removed, wherever its path leads during the scan")
def _():
    needs_scanner()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        slow = Server("ClamAV on\nClamServer 127.0.0.1\nClamPort %d\n"
                      "<Directory ~/keep>\n<Limit WRITE>\nDenyAll\n</Limit>\n"
                      "</Directory>\n" % listener.getsockname()[1],
                      modules=("mod_clamav",))
        slow.put("keep/file", b"precious")
        slow.mkdir("dir")
        slow.start()
        try:
            with Raw(slow, 3) as raw, Raw(slow, 3) as other:
                def swap():
                    for kind, words in ((18, (b"/dir", b"/aside")),
                                        (20, (b"keep", b"/dir"))):
                        expect_same(other.status(kind, b"".join(
                            string(word) for word in words)), OK, "the swap")

                handle = write(raw, "/dir/file")
                scan = threading.Thread(target=scan_slowly,
                                        args=(listener, swap), daemon=True)
                scan.start()
                expect(close(raw, handle)[0] != OK, "CLOSE")
                scan.join(30)
            expect_same(slow.get("keep/file"), b"precious", "the other file")
            expect_same(slow.get("aside/file"), b"", "what was found")
        finally:
            slow.stop_clean()


@promise("if ClamAV is off, nothing is scanned")
def _():
    needs_scanner()
    if PRELOAD:
        skip("the module reads more bytes of it than it sets; sanitizers fill "
             "these")
    with srv.serving("<Directory ~/dir>\n  ClamAV off\n</Directory>\n"):
        with Raw(srv, 3) as raw:
            expect_same(close(raw, write(raw, "/dir/bad"))[0], OK, "CLOSE")
        expect_same(srv.get("dir/bad"), EICAR, "the file")


main()
