#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""SCP and the host: rules, logs, options, aborted copies; and what clients
write besides OpenSSH's scp."""

import os
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import PATIENCE, Server, must, said, wait_for

srv = Server("""
PathDenyFilter "\\\\.denied$"
LogFormat all "%m|%f|%s|%b|%{transfer-status}"
ExtendedLog @DIR@/ext.log READ,WRITE,DIRS all
<Directory />
  HideFiles ^hidden
  <Limit READ>
    IgnoreHidden on
  </Limit>
</Directory>
<Directory ~/readonly>
  <Limit WRITE>
    DenyAll
  </Limit>
</Directory>
<Directory ~/noread>
  <Limit READ DIRS>
    DenyAll
  </Limit>
</Directory>
<Directory ~/small>
  MaxStoreFileSize 1000 B
</Directory>
<Directory ~/once>
  AllowOverwrite off
</Directory>
<Directory ~/masked>
  Umask 077 027
</Directory>
""")
strict = Server("SFTPOptions IgnoreSCPUploadPerms IgnoreSCPUploadTimes\n"
                "HiddenStores on\nUseGlobbing off\n")


def old(*args, server=srv):
    return server.scp("-O", *args)


def transfers(name, server=srv):
    """The lines of the TransferLog about a file."""
    return [line for line in server.log("transfer.log").splitlines()
            if name in line]


def sink(data, *args, server=srv):
    return server.ssh("srv", "scp", *args, input=data)


def begin(*args, server=srv):
    """A copy that a promise talks to by hand."""
    return subprocess.Popen(
        ["ssh", "-F", server.ssh_config(), "srv", "scp"] + list(args),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, bufsize=0)


def end(copy):
    for pipe in (copy.stdin, copy.stdout):
        pipe.close()
    copy.kill()
    copy.wait(PATIENCE)


@promise("<Limit WRITE>: no file, no directory, and the rest of the copy "
         "arrives")
def _():
    srv.mkdir("readonly")
    result = sink(b"C0644 1 f\n", "-t", "readonly")
    expect(b"\x01scp: readonly/f: Permission denied" in result.stdout,
           repr(result.stdout))
    expect_same(result.returncode, 1, "exit status")
    result = sink(b"D0755 0 d\n", "-r", "-t", "readonly")
    expect(b"\x01scp: readonly/d: Permission denied" in result.stdout,
           repr(result.stdout))
    expect_same(os.listdir(srv.home("readonly")), [], "what is there")


@promise("<Limit READ DIRS>: no file is sent, no directory is listed")
def _():
    srv.put("noread/f", b"secret")
    result = sink(b"\0\0\0", "-f", "noread/f")
    expect(b"\x01scp: noread/f: Permission denied" in result.stdout,
           repr(result.stdout))
    result = sink(b"\0\0\0", "-r", "-f", "noread")
    expect(b"\x01scp: noread: Permission denied" in result.stdout,
           repr(result.stdout))
    expect(b"secret" not in result.stdout, "the file left")


@promise("PathDenyFilter applies to files and directories")
def _():
    srv.mkdir("filter")
    result = sink(b"C0644 1 a.denied\nC0644 1 good\nx\0"
                  b"D0755 0 d.denied\n", "-r", "-t", "filter")
    expect_same(os.listdir(srv.home("filter")), ["good"], "what is there")
    expect(result.stdout.count(b"\x01scp: ") == 2, repr(result.stdout))


@promise("AllowOverwrite off: an existing file is not changed")
def _():
    srv.put("once/f", b"first")
    result = old(srv.local("second", b"second"), "srv:once/f")
    expect(result.returncode != 0, "no error")
    expect_same(srv.get("once/f"), b"first", "content")
    must(old(srv.local("second"), "srv:once/g"))
    expect_same(srv.get("once/g"), b"second", "content of a new one")


@promise("MaxStoreFileSize: the file is refused, the next one arrives")
def _():
    srv.mkdir("small")
    result = sink(b"C0644 5000 big\n" + b"x" * 5000 + b"\0"
                  b"C0644 10 fits\n" + b"y" * 10 + b"\0", "-t", "small")
    expect(b"\x01scp: small/big: " in result.stdout, repr(result.stdout))
    expect_same(result.returncode, 1, "exit status")
    expect_same(srv.get("small/fits"), b"y" * 10, "content")
    expect(not os.path.exists(srv.home("small/big")) or
           len(srv.get("small/big")) <= 1000, "the large file is there")


@promise("Umask applies without -p")
def _():
    srv.mkdir("masked")
    must(sink(b"C0666 1 f\nx\0D0777 0 d\nE\n", "-r", "-t", "masked"))
    expect_same(stat.S_IMODE(os.stat(srv.home("masked/f")).st_mode), 0o600,
                "mode of the file")
    expect_same(stat.S_IMODE(os.stat(srv.home("masked/d")).st_mode), 0o750,
                "mode of the directory")


@promise("hidden files are not part of a tree, nor there by name")
def _():
    srv.put("show/hidden.txt", b"h")
    srv.put("show/seen", b"s")
    result = sink(b"\0" * 9, "-r", "-f", "show")
    expect(b" seen\n" in result.stdout and b"hidden" not in result.stdout,
           repr(result.stdout))


@promise("the logs have RETR, STOR and MKD with sizes and status")
def _():
    data = os.urandom(70000)
    must(old(srv.local("logged", data), "srv:logged"))
    must(old("srv:logged", srv.local("logged-back")))
    srv.mkdir("log-tree")
    must(sink(b"D0755 0 made\nE\n", "-r", "-t", "log-tree"))
    srv.no_sessions()
    text = srv.log("ext.log")
    for line in (r"^STOR\|.*logged\|226\|70000\|success$",
                 r"^RETR\|.*logged\|226\|70000\|success$",
                 r"^MKD\|.*log-tree/made\|257\|"):
        expect(re.search(line, text, re.M), "%s is not in\n%s" % (line, text))
    lines = transfers("/logged ")
    expect(len(lines) == 2, "TransferLog: %r" % lines)
    expect(re.search(r" 70000 \S+/logged b _ i r alice \S+ 0 \* c$",
                     lines[0]), lines[0])
    expect(re.search(r" 70000 \S+/logged b _ o r alice \S+ 0 \* c$",
                     lines[1]), lines[1])


@promise("a refused upload is logged as an error")
def _():
    srv.mkdir("readonly")
    sink(b"C0644 1 refused\n", "-t", "readonly")
    srv.no_sessions()
    expect(re.search(r"^STOR\|.*\|550\|", srv.log("ext.log"), re.M),
           srv.log("ext.log")[-500:])


@promise("an interrupted upload keeps its data and is logged as incomplete")
def _():
    copy = begin("-t", "broken")
    expect_same(copy.stdout.read(1), b"\0", "the first answer")
    copy.stdin.write(b"C0644 100000 broken\n" + b"x" * 40000)
    wait_for(lambda: os.path.exists(srv.home("broken")) and
             len(srv.get("broken")) == 40000, "the bytes to arrive")
    end(copy)
    srv.no_sessions()
    lines = transfers("/broken ")
    expect(len(lines) == 1 and lines[0].endswith(" i"), repr(lines))


@promise("an interrupted download is logged as incomplete")
def _():
    srv.put("half", os.urandom(20000000))
    copy = begin("-f", "half")
    copy.stdin.write(b"\0\0")
    expect(copy.stdout.read(100).startswith(b"C0644 20000000 half\n"),
           "the record")
    end(copy)
    srv.no_sessions()
    lines = transfers("/half ")
    expect(len(lines) == 1 and lines[0].endswith(" i"), repr(lines))


@promise("HiddenStores: an interrupted upload leaves nothing")
def _():
    copy = begin("-t", "gone", server=strict)
    copy.stdout.read(1)
    copy.stdin.write(b"C0644 100000 gone\n" + b"x" * 40000)
    wait_for(lambda: os.listdir(strict.home()), "the hidden file")
    expect("gone" not in os.listdir(strict.home()), "the name is there early")
    end(copy)
    strict.no_sessions()
    expect_same([name for name in os.listdir(strict.home())
                 if "gone" in name], [], "what is left")
    must(old(strict.local("whole", b"w" * 50000), "srv:whole", server=strict))
    expect_same(strict.get("whole"), b"w" * 50000, "a complete upload")


@promise("IgnoreSCPUploadPerms and IgnoreSCPUploadTimes")
def _():
    must(sink(b"T1000000000 0 1000000000 0\nC0777 1 plain\nx\0"
              b"T1000000000 0 1000000000 0\nD0700 0 folder\nE\n",
              "-r", "-p", "-t", ".", server=strict))
    info = os.stat(strict.home("plain"))
    expect_same(stat.S_IMODE(info.st_mode), 0o644, "mode of the file")
    expect(info.st_mtime > 1500000000, "time of the file was set")
    info = os.stat(strict.home("folder"))
    expect_same(stat.S_IMODE(info.st_mode), 0o755, "mode of the directory")
    expect(info.st_mtime > 1500000000, "time of the directory was set")


@promise("UseGlobbing off: a pattern is a name")
def _():
    strict.put("star*", b"1")
    strict.put("starfish", b"2")
    result = sink(b"\0" * 9, "-f", "star*", server=strict)
    expect_same(result.stdout, b"C0644 1 star*\n1\0", "what came")


@promise("patterns: only without quotes, no dot files, no parents")
def _():
    for name in ("a.c", "b.c", ".c", "c d.c", "[x].c"):
        srv.put("pat/" + name, name.encode())

    def names(*words):
        result = srv.ssh("srv", "scp -r -f " + " ".join(words),
                         input=b"\0" * 40)
        return sorted(re.findall(rb"[CD]0[0-7]{3} \d+ ([^\n]+)\n",
                                 result.stdout))

    expect_same(names("pat/*"), [b"[x].c", b"a.c", b"b.c", b"c d.c"], "*")
    expect_same(names("pat/{a,b}.c"), [b"a.c", b"b.c"], "braces")
    expect_same(names("pat/.*c"), [b".c"], "dot files by name")
    expect_same(names("'pat/[x].c'"), [b"[x].c"], "quoted")
    expect_same(names("pat/c\\ *"), [b"c d.c"], "a quoted blank")
    expect_same(names("*/pat/../a.c"), [], "no match")
    expect_same(names("p*t/a.c"), [b"a.c"], "a pattern in the middle")
    expect_same(names("pat/c d.c"), [b"c d.c"], "an open blank")
    expect_same(names("pat/a.c", "pat/b.c"), [b"a.c", b"b.c"], "two names")


@promise("a pattern reveals no name that a listing would not show")
def _():
    srv.put("noread/f", b"secret")
    srv.put("show/hidden.txt", b"h")
    srv.put("show/seen", b"s")
    for pattern, secret in (("noread/*", b"noread/f"), ("*/f*", b"noread/f"),
                            ("show/*", b"hidden"), ("show/{hid*,s*}", b"hidden.")):
        result = srv.ssh("srv", "scp -f " + pattern, input=b"\0" * 40)
        expect(secret not in result.stdout,
               "%s: %r" % (pattern, result.stdout))
    expect(b" seen\n" in result.stdout, repr(result.stdout))


@promise("a tree with links: followed once, a loop is an error")
def _():
    srv.put("links/real/f", b"f")
    os.symlink("real", srv.home("links/again"))
    os.symlink("..", srv.home("links/real/up"))
    result = sink(b"\0" * 30, "-r", "-f", "links")
    expect_same(result.stdout.count(b"C0644 1 f\n"), 2, "the file's records")
    expect_same(result.stdout.count(b"contains it\n"), 2, "the loop's errors")
    expect_same(result.returncode, 1, "exit status")


@promise("a link that is named is sent by its own name")
def _():
    srv.put("named/target", b"t")
    os.symlink("target", srv.home("named/alias"))
    os.symlink("named", srv.home("also-named"))
    result = sink(b"\0" * 9, "-f", "named/alias")
    expect_same(result.stdout, b"C0644 1 alias\nt\0", "a file")
    result = sink(b"\0" * 9, "-r", "-f", "also-named")
    expect(re.match(rb"D0[0-7]{3} 0 also-named\n", result.stdout),
           repr(result.stdout))


@promise("a FIFO causes an error record and does not block")
def _():
    srv.put("pipes/f", b"f")
    os.mkfifo(srv.home("pipes/fifo"))
    result = sink(b"\0" * 30, "-r", "-f", "pipes")
    expect(b"C0644 1 f\n" in result.stdout and
           b"\x01scp: pipes/fifo: is not a regular file\n" in result.stdout,
           repr(result.stdout))


@promise("a name with a line feed is sent as by OpenSSH's scp")
def _():
    names = [b"line\nfeed", b"\n", b"b\\s\nlash \t x", b"\xc3\xa9\n",
             bytes(range(1, 47)), bytes(range(48, 160)) + b"\n",
             b"\n" + bytes(range(160, 175)) + bytes(range(176, 256))]
    for name in names:
        folder = os.path.dirname(srv.put("feeds/x")).encode()
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"1")
        wanted = subprocess.run(["scp", "-f", "--", os.path.join(folder, name)],
                                input=b"\0" * 4, capture_output=True,
                                timeout=PATIENCE, check=False).stdout
        expect(wanted.startswith(b"C0644 1 "), repr(wanted))
        os.unlink(os.path.join(folder, b"x"))
        got = sink(b"\0" * 8, "-r", "-f", "feeds").stdout
        expect(wanted in got, "%r is not in %r" % (wanted, got))
        os.unlink(os.path.join(folder, name))


@promise("the directory after the login can be downloaded as a tree")
def _():
    one = Server()
    one.start()
    try:
        one.put("d/f", b"x")
        os.makedirs(one.local("into"))
        must(one.scp("-O", "-r", "srv:.", one.local("into")))
        found = [os.path.relpath(os.path.join(top, name), one.local("into"))
                 for top, _, files in os.walk(one.local("into"))
                 for name in files]
        expect_same(found, ["alice/d/f"], "what came")
    finally:
        one.stop()


@promise("the exec request: refusals, and their form")
def _():
    for command, why in (("scp", b"-f and -t"), ("scp -t", b"no path"),
                         ("  scp", b"-f and -t"),
                         ("scp -f -t x", b"-f and -t"),
                         ("scp -r x", b"-f and -t"),
                         ("scpx -t x", b"file transfer only"),
                         ("/usr/bin/scp -t x", b"file transfer only"),
                         ("ls", b"file transfer only")):
        result = srv.ssh("srv", command)
        expect(result.returncode != 0, "%s: exit status 0" % command)
        expect(why in result.stderr, "%s: %s" % (command, said(result)))


@promise("several copies in one connection do not disturb each other")
def _():
    control = ["-o", "ControlPath=" + srv.path("control")]
    data = [os.urandom(1000000 + n) for n in range(3)]
    master = subprocess.Popen(["ssh", "-F", srv.ssh_config(), "-M", "-N"]
                              + control + ["srv"], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists(srv.path("control")), "the master")
        for way in ("up", "down"):
            copies = []
            for n in range(3):
                here, there = srv.local("multi%d" % n, data[n]), "srv:m%d" % n
                if way == "down":
                    here += ".back"
                pair = [here, there] if way == "up" else [there, here]
                copies.append(subprocess.Popen(
                    ["scp", "-q", "-O", "-F", srv.ssh_config()] + control
                    + pair))
            for n, copy in enumerate(copies):
                expect_same(copy.wait(PATIENCE), 0, "exit status of %d" % n)
        for n in range(3):
            expect(srv.get("m%d" % n) == data[n], "upload %d differs" % n)
            with open(srv.local("multi%d.back" % n), "rb") as back:
                expect(back.read() == data[n], "download %d differs" % n)
    finally:
        master.terminate()
        master.wait(PATIENCE)


@promise("a download beyond 4 GiB: the size is right and all bytes come")
def _():
    size = (1 << 32) + 5
    path = srv.put("huge")
    os.truncate(path, size)
    copy = begin("-f", "huge")
    copy.stdin.write(b"\0\0")
    record = b"C0644 %d huge\n" % size
    expect_same(copy.stdout.read(len(record)), record, "the record")
    end(copy)
    os.unlink(path)


main(srv, strict)
