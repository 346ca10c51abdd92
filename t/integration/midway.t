#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Files that vanish or change their type in the middle of a transfer: SFTP and
SCP answer, record and leave behind what FTP does on the same daemon."""

import contextlib
import ftplib
import itertools
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect_same, main, promise
from ftphost import FtpServer
from policydoors import Session
from server import GID, UID, wait_for
from rawsftp import STATUS, Raw, num, quad, string

HIDDEN = ".in.%s."
HALF = 300000
# More than what a server sends before anybody reads.
SIZE = 12000000
LINES = "%sAllowOverwrite on\nTimeoutLinger 0\n"
OTHER = b"what the link leads to"


def place(directives):
    return FtpServer(LINES % directives, LINES % directives)


SERVERS = {"plain": place(""), "hidden": place("HiddenStores on\n")}


# ---- What happens to the file, or its directory, in the middle

def gone(path):
    os.unlink(path)


def folder_moved(path):
    os.rename(os.path.dirname(path), os.path.dirname(path) + "-moved")


def folder_gone(path):
    shutil.rmtree(os.path.dirname(path))


def replace_by(make):
    def happen(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        make(path)
        os.chown(path, UID, GID, follow_symlinks=False)
    return happen


def cut_short(path):
    os.truncate(path, 1000)


HAPPENS = {
    "gone": gone,
    "folder moved": folder_moved,
    "folder gone": folder_gone,
    "a directory": replace_by(os.mkdir),
    "a FIFO": replace_by(os.mkfifo),
    "a link": replace_by(lambda path: os.symlink("../other", path)),
    "a file": replace_by(lambda path: open(path, "wb").close()),
    "cut short": cut_short,
}


# ---- Transfers by each door: whether the client is told that it worked

def arrived(srv):
    """The first half is on the disk."""
    wait_for(lambda: any(
        os.path.getsize(os.path.join(folder, one)) == HALF
        for folder, _, names in os.walk(srv.home("in")) for one in names),
        "the first half")


def upload_ftp(srv, name, happen):
    ftp = srv.ftp()
    with contextlib.closing(ftp):
        data = ftp.transfercmd("STOR " + name)
        data.sendall(bytes(HALF))
        arrived(srv)
        happen()
        with contextlib.suppress(OSError):
            data.sendall(bytes(HALF))
        data.close()
        try:
            ftp.voidresp()
            return True
        except ftplib.Error:
            return False


def download_ftp(srv, name, happen):
    ftp = srv.ftp()
    with contextlib.closing(ftp):
        data = ftp.transfercmd("RETR " + name)
        size = len(data.recv(1))
        happen()
        while True:
            part = data.recv(1 << 16)
            if not part:
                break
            size += len(part)
        data.close()
        try:
            ftp.voidresp()
        except ftplib.Error:
            return False
        return size == SIZE


def upload_sftp(srv, name, happen):
    with Raw(srv, 3) as raw:
        handle = raw.open_with(name, num(0x1a))

        def write(begin):
            return all(raw.status(6, string(handle) + quad(at) + string(
                bytes(30000))) == 0 for at in range(begin, begin + HALF, 30000))
        done = write(0)
        happen()
        done = write(HALF) and done
        return raw.status(4, string(handle)) == 0 and done


def download_sftp(srv, name, happen):
    with Raw(srv, 3) as raw:
        handle, size = raw.open_with(name, num(1)), 0
        while True:
            kind, left = raw.ask(5, string(handle) + quad(size) + num(250000))
            if kind == STATUS:
                break
            size += len(left) - 4
            if size == 250000:
                happen()
        return raw.status(4, string(handle)) == 0 and size == SIZE


def upload_scp(srv, name, happen):
    with Raw(srv, None) as raw, Session(raw.transport,
                                        "scp -t " + name) as scp:
        scp.answered()
        scp.send(b"C0644 %d x\n" % (2 * HALF))
        scp.answered()
        scp.send(bytes(HALF))
        arrived(srv)
        happen()
        scp.send(bytes(HALF) + b"\0")
        answer = scp.take(1)
        scp.end()
        return answer == b"\0"


def download_scp(srv, name, happen):
    with Raw(srv, None) as raw, Session(raw.transport,
                                        "scp -f " + name) as scp:
        scp.send(b"\0")
        scp.line()
        scp.send(b"\0")
        scp.take(1)
        happen()
        scp.take(SIZE - 1)
        answer = scp.take(1)
        scp.send(b"\0")
        scp.end()
        return answer == b"\0"


UPLOADS = {"ftp": upload_ftp, "sftp": upload_sftp, "scp": upload_scp}
DOWNLOADS = {"ftp": download_ftp, "sftp": download_sftp, "scp": download_scp}


# ---- One of them

def kind_of(path):
    if os.path.islink(path):
        return "link to " + os.readlink(path)
    return "directory" if os.path.isdir(path) else \
        "%d bytes" % os.path.getsize(path) if os.path.isfile(path) else "FIFO"


def tree(top):
    return sorted((os.path.relpath(os.path.join(folder, name), top),
                   kind_of(os.path.join(folder, name)))
                  for folder, folders, names in os.walk(top)
                  for name in folders + names)


def last_record(srv, name):
    """Bytes, and whether it is complete."""
    def lines():
        return [line for line in srv.log("transfer.log").splitlines()
                if name in line]
    srv.no_sessions()
    return "".join(line.split()[-1] for line in lines())


serial = itertools.count(1000)


def one(srv, door, way, what):
    """Answer, result in the record, and what is there at the end."""
    shutil.rmtree(srv.home("in"), True)
    srv.mkdir("in/folder")
    srv.put("in/other", OTHER)
    name = "name%d" % next(serial)
    path = srv.home("in/folder/" + name)
    if way == "down":
        srv.put("in/folder/" + name, bytes(SIZE))
    hidden = srv is SERVERS["hidden"] and what in ("gone", "cut short")
    touched = srv.home("in/folder/" + HIDDEN % name) if hidden else path
    told = (DOWNLOADS if way == "down" else UPLOADS)[door](
        srv, "in/folder/" + name, lambda: HAPPENS[what](touched))
    record = last_record(srv, name)
    expect_same(srv.get("in/other"), OTHER, "the other file")
    return {"told": told, "record": record,
            "left": [(one.replace(name, "NAME"), kind)
                     for one, kind in tree(srv.home("in"))]}


# What differs from FTP on purpose: nothing of FTP records an upload that ends in
# a hidden file; and SCP knows how long a file should have been.
RECORDS = {("hidden", "gone"): "i", ("hidden", "folder moved"): "i",
           ("hidden", "folder gone"): "i", ("hidden", "a directory"): "i"}


def compare(place, way, what):
    ftp, *others = (dict(one(SERVERS[place], door, way, what), door=door)
                    for door in UPLOADS)
    record = RECORDS.get((place, what))
    if record is not None:
        expect_same((ftp["told"], ftp["record"]), (False, ""), "FTP's answer")
        ftp["record"] = record
    for found in others:
        wanted = dict(ftp, door=found["door"])
        if found["door"] == "scp" and (way, what) == ("down", "cut short"):
            wanted["record"] = "i"
        expect_same(found, wanted, "%s: %s" % (place, what))


for place_, way_ in (("plain", "up"), ("plain", "down"), ("hidden", "up")):
    for what_ in HAPPENS:
        @promise("%s, %s: %s" % (
            {"up": "an upload", "down": "a download"}[way_],
            {"plain": "in place", "hidden": "with HiddenStores"}[place_],
            what_))
        def _(place=place_, way=way_, what=what_):
            compare(place, way, what)


main(*SERVERS.values())
