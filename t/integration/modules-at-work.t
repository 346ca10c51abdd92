#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-autohost proftpd-mod-case proftpd-mod-counter
# needs: proftpd-mod-geoip2 proftpd-mod-msg proftpd-mod-statsd
# needs: proftpd-mod-tar python3-paramiko
# sanitizers: alone

"""Third-party modules that Debian packages do for SFTP and SCP what they do
for FTP."""

import contextlib
import io
import logging
import os
import socket
import struct
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise, skip
from server import Server, has_module, must, run, said, wait_for
from clients import paramiko_sftp, paramiko_transport
from controls import control
from rawsftp import Raw

import paramiko


class Host(Server):
    """Modules and directives change from start to start."""

    @contextlib.contextmanager
    def serving(self, module, lines, drop=()):
        if not has_module(module + ".so"):
            skip(module + " is not here")
        self.modules, self.directives, self.drop = (module,), lines, drop
        for name in ("sftp.log", "module.log"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        self.start()
        try:
            yield
        except Exception as why:
            raise Failed("%s\n%s%s" % (why or repr(why), self.logs_since(None),
                                       self.log("module.log")[-2000:]))
        finally:
            self.stop()
        self.stop_clean()


host = Host()


def refused(ask, *words):
    """It fails, and says why."""
    try:
        ask()
    except OSError as why:
        for word in words:
            expect(word in str(why), "%r is not in %r" % (word, str(why)))
        return
    expect(False, "it is done")


# ---- mod_statsd

@promise("mod_statsd sends what each command came to")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(20)
        with host.serving("mod_statsd", "StatsdEngine on\nStatsdServer "
                          "127.0.0.1:%d\n" % sock.getsockname()[1]):
            with paramiko_sftp(host) as sftp:
                with sftp.open("/up", "wb") as file:
                    file.write(b"up\n")
                with sftp.open("/up", "rb") as file:
                    file.read()
                sftp.listdir("/")
                sftp.mkdir("/dir")
                sftp.rename("/up", "/dir/up")
                sftp.remove("/dir/up")
                sftp.rmdir("/dir")
                refused(lambda: sftp.open("/nothing", "rb"))
            must(host.scp("-O", host.local("file", b"scp\n"), "srv:/scp"))
            wanted = set("command.%s:1|c" % name for name in (
                "PASS.230", "STOR.226", "OPEN.0", "CLOSE.0", "RETR.226",
                "MLSD.226", "MKD.257", "RNFR.350", "RNTO.250", "DELE.250",
                "RMD.250", "RETR.550", "OPEN.2"))
            wanted |= {"sftp.connection:1|c", "scp.connection:1|c"}
            while wanted:
                try:
                    wanted -= set(sock.recv(4096).decode().split("\n"))
                except socket.timeout:
                    expect_same(wanted, set(), "not sent")


# ---- mod_case

@promise("mod_case finds names whatever their case, from where they are "
         "meant")
def _():
    host.put("readme", b"top")
    host.put("Sub/Readme", b"in sub")
    host.put("Sub/Deep/File", b"deep")
    with host.serving("mod_case", "CaseEngine on\nCaseIgnore on\n"
                      "CaseLog @DIR@/module.log\n"):
        for base in ("/", ""):
            with paramiko_sftp(host) as sftp:
                # Relative ones, too, wherever the last file was.
                for name, data in (("README", b"top"),
                                   ("sub/README", b"in sub"),
                                   ("SUB/deep/FILE", b"deep"),
                                   ("readME", b"top"),
                                   ("SUB/readME", b"in sub")):
                    with sftp.open(base + name, "rb") as file:
                        expect_same(file.read(), data, base + name)
                    expect_same(sftp.stat(base + name).st_size, len(data),
                                "STAT of " + base + name)
                expect_same(sorted(sftp.listdir(base + "SUB")),
                            ["Deep", "Readme"], "the listing")
                with sftp.open(base + "SUB/README", "wb") as file:
                    file.write(b"new")
                expect_same(host.get("Sub/Readme"), b"new", "what was written")
                sftp.rename(base + "sub/readme", base + "sub/other")
                sftp.remove(base + "sub/OTHER")
                expect_same(os.listdir(host.home("Sub")), ["Deep"],
                            "what is there")
                host.put("Sub/Readme", b"in sub")


# ---- mod_counter

COUNTER = "CounterEngine on\nCounterFile @DIR@/counter.txt\n" \
    "CounterLog @DIR@/module.log\nCounterMaxReaders 1\n"
BUSY = "File busy"


@promise("mod_counter keeps a file that is used from others, until it is "
         "closed")
def _():
    for drop in ((), ("DefaultRoot",)):
        base = host.home() if drop else "/"
        host.put("old", b"old\n")
        with host.serving("mod_counter", COUNTER, drop):
            with paramiko_sftp(host) as one, paramiko_sftp(host) as two:
                for name, mode in (("old", "r+"), ("new", "w"),
                                   ("old", "rb")):
                    file = one.open(base + name, mode)
                    refused(lambda: two.open(base + name, mode), BUSY)
                    if name == "old":
                        expect_same(host.get("old"), b"old\n", "the file")
                    file.close()
                    two.open(base + name, mode).close()
                result = []
                with one.open(base + "old", "a"):
                    result.append(host.scp("-O", host.local("f", b"f\n"),
                                           "srv:%sold" % base))
                expect(result[0].returncode != 0 and BUSY in said(result[0]),
                       "scp: " + said(result[0]))
                expect_same(host.get("old"), b"old\n", "the file")


@promise("mod_counter keeps a file that is written from being removed and "
         "renamed")
def _():
    host.put("old", b"old\n")
    host.put("other", b"other\n")
    base = host.home()
    with host.serving("mod_counter", COUNTER, ("DefaultRoot",)):
        with paramiko_sftp(host) as one, paramiko_sftp(host) as two:
            with one.open(base + "old", "r+"):
                refused(lambda: two.remove(base + "old"), BUSY)
                refused(lambda: two.rename(base + "old", base + "x"), BUSY)
                refused(lambda: two.posix_rename(base + "other",
                                                 base + "old"), BUSY)
                # What one does with others is no end of it.
                one.rename(base + "other", base + "another")
                with one.open(base + "third", "w"):
                    pass
                one.remove(base + "third")
                refused(lambda: two.remove(base + "old"), BUSY)
                # It is one's own.
                one.rename(base + "old", base + "moved")
            two.posix_rename(base + "another", base + "moved")
            two.remove(base + "moved")
    log = host.log("module.log")
    expect_same(log.count(": added "), log.count(" removed "),
                "what is counted in the end")


@promise("a session that is cut off lets go of what mod_counter counted")
def _():
    with host.serving("mod_counter", COUNTER):
        with paramiko_transport(host) as transport:
            one = paramiko.SFTPClient.from_transport(transport)
            one.open("/cut", "w")
        host.no_sessions()
        with paramiko_sftp(host) as two:
            two.open("/cut", "w").close()


# ---- mod_geoip2

def mmdb(path, country):
    """A database in MaxMind's format 2.0 that knows 127.0.0.0/8."""
    def text(data):
        return bytes([0x40 | len(data)]) + data.encode()

    def table(*pairs):
        return bytes([0xe0 | len(pairs)]) + b"".join(
            text(name) + value for name, value in pairs)

    def count(value, kind):
        data = struct.pack(">I", value).lstrip(b"\0")
        return (bytes([kind << 5 | len(data)]) if kind < 8
                else bytes([len(data), kind - 7])) + data

    # A record of each bit: nothing, or the next node; in the end the data.
    nodes = b""
    for number in range(8):
        more = number + 1 if number < 7 else 8 + 16
        bit = 127 >> (7 - number) & 1
        pair = (8, more) if bit else (more, 8)
        nodes += b"".join(struct.pack(">I", one)[1:] for one in pair)
    data = table(("country", table(("iso_code", text(country)))))
    about = table(("node_count", count(8, 6)),
                  ("record_size", count(24, 5)),
                  ("ip_version", count(4, 5)),
                  ("database_type", text("Test-Country")),
                  ("languages", b"\x01\x04" + text("en")),
                  ("binary_format_major_version", count(2, 5)),
                  ("binary_format_minor_version", count(0, 5)),
                  ("build_epoch", count(1, 9)),
                  ("description", table(("en", text("test")))))
    with open(path, "wb") as out:
        out.write(nodes + bytes(16) + data + b"\xab\xcd\xefMaxMind.com"
                  + about)


GEOIP = "GeoIPEngine on\nGeoIPLog @DIR@/module.log\n" \
    "GeoIPTable @DIR@/country.mmdb\n"


@promise("mod_geoip2 lets countries in, or keeps them out")
def _():
    mmdb(host.path("country.mmdb"), "NZ")
    with host.serving("mod_geoip2", GEOIP + "GeoIPDenyFilter CountryCode "
                      "NL\n"):
        must(host.sftp("pwd"))
        expect("NZ" in host.log("module.log"), "the country is not known")
    host.directives = GEOIP + "GeoIPDenyFilter CountryCode NZ\n"
    host.launch()
    try:
        def answered():
            with contextlib.suppress(OSError):
                with host.connect() as sock:
                    return sock.recv(100) or b"nothing"

        expect(b"SSH-" not in wait_for(answered, "the daemon"), "let in")
    finally:
        host.stop()
    expect("denied" in host.log("module.log"), host.log("module.log"))


# ---- mod_autohost

@promise("a host of mod_autohost's files is served")
def _():
    host.put("here", b"here\n")
    os.makedirs(host.path("autohost"))
    with open(host.path("autohost/127.0.0.1.conf"), "w") as conf:
        conf.write("""
            AuthOrder mod_auth_file.c
            AuthUserFile %s/passwd
            AuthGroupFile %s/group
            RequireValidShell off
            DefaultRoot ~
            SFTPEngine on
            SFTPLog %s/auto.log
            SFTPHostKey %s/host_ed25519
            SFTPAuthorizedUserKeys file:%s/keys/%%u
            """ % ((host.dir,) * 5))
    with host.serving("mod_autohost", "AutoHostEngine on\n"
                      "AutoHostLog @DIR@/module.log\n"
                      "AutoHostConfig @DIR@/autohost/%0.conf\n"):
        with paramiko_sftp(host) as sftp:
            expect("here" in sftp.listdir("/"), "the listing")
        host.wait_log("auto.log", "login of 'alice'")


# ---- mod_tar

@promise("mod_tar makes an archive of a directory that is opened as one")
def _():
    host.put("tree/leaf", b"leaf\n")
    there = sorted(os.listdir(host.home()))
    with host.serving("mod_tar", "TarEngine on\nTarLog @DIR@/module.log\n"):
        with Raw(host, 3) as raw:
            data = raw.read_all("/tree.tar")
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            expect("tree/leaf" in archive.getnames() or
                   "/tree/leaf" in archive.getnames(), archive.getnames())
    expect_same(sorted(os.listdir(host.home())), there, "what is left")


# ---- mod_msg

@contextlib.contextmanager
def heard():
    """What paramiko tells its log."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    log = logging.getLogger("paramiko")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


@promise("mod_msg's messages reach the client at once, which shows them if it "
         "can")
def _():
    lines = "MessageEngine on\nMessageLog @DIR@/module.log\n" \
        "MessageQueue @DIR@/msg.queue\nMessageControlsACLs msg allow user *\n" \
        "ControlsEngine on\nControlsSocket @DIR@/ctrls.sock\n" \
        "ControlsACLs all allow user *\nControlsSocketACL allow user *\n"
    with host.serving("mod_msg", lines):
        with paramiko_sftp(host) as sftp, heard() as lines:
            sftp.listdir("/")
            told = control(host.path("ctrls.sock"), "msg", "user", "alice",
                           "we close at five")
            expect("message sent" in "\n".join(told), told)
            wait_for(lambda: "Debug msg: b'we close at five'" in lines or
                     "Debug msg: we close at five" in lines, "the message")
            host.wait_log("sftp.log", "message for user 'alice': we close at "
                                      "five")
            sftp.listdir("/")


main()
