#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-vroot python3-paramiko
# sanitizers: alone

"""What users of the packaged module would notice on the day they change:
doc/coming-from-packaged.md says what still differs."""

import ftplib
import os
import re
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import paramiko_transport
from ftphost import FtpServer, ftp_says
from rawsftp import Raw, num, string
from server import (NOBODY, SOURCE, ByNobody, Server, has_module, keygen,
                    must, run, said, wait_for)
from tap import expect, expect_same, main, promise, skip

srv = Server()


def link(target, name):
    path = srv.home(name)
    if not os.path.lexists(path):
        os.symlink(target, path)
    return path


# ---- Directories over links

@promise("MKDIR onto a link fails and creates nothing, whatever the target is")
def _():
    srv.mkdir("there")
    link("there", "to-directory")
    link("nowhere", "to-nothing")
    link("there/nowhere", "to-nothing-inside")
    for version in (3, 6):
        with Raw(srv, version) as raw:
            for name in ("to-directory", "to-nothing", "to-nothing-inside"):
                attrs = num(0) + (b"\2" if version == 6 else b"")
                expect_same(raw.status(14, string(b"/" + name.encode())
                                       + attrs), 11 if version == 6 else 4,
                            "MKDIR %s in version %d" % (name, version))
    for name in ("nowhere", "there/nowhere"):
        expect(not os.path.lexists(srv.home(name)), "%s was made" % name)


@promise("scp -r onto a dangling link fails and creates nothing")
def _():
    link("unmade", "dangling")
    source = os.path.dirname(srv.local("dangling/file", b"x"))
    expect(srv.scp("-O", "-r", source, "srv:/").returncode != 0,
           "scp succeeded")
    expect(not os.path.lexists(srv.home("unmade")), "the target was made")
    expect(os.path.islink(srv.home("dangling")), "the link is gone")


@promise("scp -r into a link to a directory fills that directory")
def _():
    srv.mkdir("real")
    link("real", "tree")
    source = os.path.dirname(srv.local("tree/file", b"x"))
    must(srv.scp("-O", "-r", source, "srv:/"))
    expect_same(srv.get("real/file"), b"x", "the file")


# ---- As FTP does

def in_both(line, **more):
    """The same directive for SFTP and for FTP."""
    drop = ("DefaultRoot",) if line.startswith("DefaultRoot") else ()
    return FtpServer(directives=line, ftp=line, drop=drop, **more)


def listed_by_ftp(client, path):
    lines = []
    client.retrlines("MLSD " + path, lines.append)
    return sorted(line.split("; ", 1)[1] for line in lines)


def listed_by_sftp(server, *paths):
    """The names in each of them, by one session."""
    out = must(server.sftp("\n".join("ls -1a " + path for path in paths)))
    return [sorted(os.path.basename(line) for line in part.splitlines()[1:]
                   if line)
            for part in out.stdout.decode().split("sftp> ")[1:len(paths) + 1]]


@promise("HideFiles and similar directives hide . and .. in listings, as in "
         "FTP's MLSD")
def _():
    for line, hidden in (("HideFiles ^[.]", {".", ".."}),
                         ("HideFiles ^[.]$", {"."}),
                         ("HideFiles ^[.][.]$", {".."}),
                         ("HideFiles ^none", set()),
                         ("HideUser alice", {".", ".."})):
        server = in_both("<Directory />\n%s\n</Directory>" % line)
        server.put("sub/file")
        server.start()
        try:
            client = server.ftp()
            paths = ("/", "/sub")
            for path, got in zip(paths, listed_by_sftp(server, *paths),
                                 strict=True):
                expect_same(got, listed_by_ftp(client, path),
                            "%s of %s, against FTP" % (line, path))
                expect_same({".", ".."} - set(got), hidden,
                            "%s of %s" % (line, path))
            client.close()
        finally:
            server.stop_clean()


@promise("DirFakeUser and DirFakeGroup show what FTP shows")
def _():
    for line in ("DirFakeUser on", "DirFakeGroup on", "DirFakeUser off",
                 "DirFakeUser on nobody-here\nDirFakeGroup on none-here",
                 'DirFakeUser on "two words"', "DirFakeUser on 12345",
                 "DirFakeUser on ~\nDirFakeGroup on ~"):
        server = in_both(line)
        server.put("file")
        server.start()
        try:
            lines = []
            client = server.ftp()
            client.retrlines("LIST", lines.append)
            client.close()
            shown = re.sub(r"\d+ \w{3} +\d+ \S+ file$", "",
                           lines[0][11:]).split(None, 1)[1].split()
            with Raw(server, 3) as raw:
                name = re.search(rb"-rw-r--r-- [^\0]+ file", raw.list("/"))
                expect_same(name.group().decode().split()[2:2 + len(shown)],
                            shown, "long name with " + line)
            with Raw(server, 4) as raw:
                attrs = raw.ask(7, string(b"/file") + num(0x80))[1]
                for word in shown:
                    expect(word.encode() in attrs, "%s: %r is not in %r"
                           % (line, word, attrs))
        finally:
            server.stop_clean()


# Names of users and groups that nobody has.
NAMELESS = (
    "DefaultRoot ~ none-here", "DefaultRoot ~ !none-here",
    "DefaultChdir sub none-here", "DefaultChdir sub !none-here",
    "<Limit ALL>\nDenyUser nobody-here\n</Limit>",
    "<Limit ALL>\nDenyGroup none-here\n</Limit>",
    "<Limit ALL>\nAllowUser nobody-here\nDenyAll\n</Limit>",
    "<Limit LOGIN>\nAllowGroup none-here\nDenyAll\n</Limit>",
    "<Limit STOR>\nDenyUser !nobody-here\n</Limit>",
    "<Directory />\nGroupOwner none-here\n</Directory>",
    "<Directory />\nUserOwner nobody-here\n</Directory>",
    "<Directory />\nHideUser nobody-here\n</Directory>",
    "<Directory />\nHideUser !nobody-here\n</Directory>",
    "<Directory />\nHideGroup none-here\n</Directory>",
    "<Directory />\nHideGroup !none-here\n</Directory>",
    "<Directory ~nobody-here>\nHideFiles x\n</Directory>",
    "UserAlias x nobody-here", "DisplayLogin missing",
    "UserPassword nobody-here x", "CreateHome on 711 skel /none",
    "TransferRate RETR 10 user nobody-here",
    "MaxStoreFileSize 1 Kb user nobody-here",
    "MaxStoreFileSize 1 Kb user !nobody-here",
)


def made(server):
    """Where an upload is and whose; it is taken away again."""
    for path in (server.home("made"), server.home("sub/made")):
        if os.path.exists(path):
            owner = os.stat(path)
            os.unlink(path)
            return path, owner.st_uid, owner.st_gid
    return "refused"


def done_by_ftp(server):
    try:
        client = server.ftp()
    except ftplib.Error:
        return "no login"
    try:
        names = sorted(client.nlst())
    except ftplib.Error:
        names = "refused"
    with open(server.local("made", b"x" * 2000), "rb") as file:
        ftp_says(client.storbinary, "STOR made", file)
    client.close()
    return names, made(server)


def done_by_sftp(server):
    # What "-" precedes may fail.
    result = server.sftp("-ls -1\n-put %s made" % server.local(
        "made", b"x" * 2000))
    if result.returncode == 255:
        return "no login"
    out = [line for line in result.stdout.decode().split("sftp> ")[1]
           .splitlines()[1:] if line]
    # A listing that is denied may be empty.
    return sorted(out) or "refused", made(server)


@promise("names without a user or group have the same effect as in FTP")
def _():
    for line in NAMELESS:
        server = in_both(line)
        server.put("sub/file")
        server.launch()
        wait_for(lambda: server.greets() or server.process.poll() is not None,
                 "the daemon to answer")
        if server.process.poll() is not None:
            server.process = None
            expect("mod_sftp" not in server.log("system.log"),
                   "%s: not the host refused it" % line)
            continue
        try:
            expect_same(done_by_sftp(server), done_by_ftp(server), line)
        finally:
            server.stop_clean()


FORMAT = '''
LogFormat paths "%m|%r|%J|%f"
ExtendedLog @DIR@/paths.log READ,WRITE,DIRS,MISC,SFTP paths
'''

LOWER = '''
RewriteEngine on
RewriteMap lower int:tolower
RewriteCondition %m ^(STOR|MKD|RNTO)$
RewriteRule (.*) ${lower:$1}
'''


def sends_relative(server):
    """Requests with relative paths, some with capitals."""
    with Raw(server, 3) as raw:
        handle = raw.open_with("Upper.TXT", num(0x1a))
        raw.ask(4, string(handle))
        for kind, body in (
                (14, string(b"Made") + num(0)), (15, string(b"made")),
                (18, string(b"upper.txt") + string(b"./To/../New")),
                (13, string(b"new")), (20, string(b"x") + string(b"Link")),
                (13, string(b"Link"))):
            expect_same(raw.status(kind, body), 0, "request %d" % kind)


@promise("FTP commands contain the path as it was sent, for logs and "
         "mod_rewrite")
def _():
    if not has_module("mod_rewrite.so"):
        skip("mod_rewrite is not installed")
    server = Server(directives=FORMAT + LOWER, modules=("mod_rewrite",),
                    drop=("DefaultRoot",))
    inside = server.mkdir("Into") + "/"
    server.edit("passwd", lambda fields: fields.__setitem__(5, inside[:-1]))
    server.start()
    try:
        sends_relative(server)
        lines = server.log("paths.log").splitlines()
        for command, sent, path in (
                ("STOR", "upper.txt", "upper.txt"), ("MKD", "made", "made"),
                ("RMD", "made", "made"), ("RNFR", "upper.txt", "upper.txt"),
                ("RNTO", "./to/../new", "./to/../new"), ("DELE", "new", "new"),
                ("DELE", "Link", "Link")):
            line = "%s|%s %s|%s|%s%s" % (command, command, sent, sent, inside,
                                         path)
            expect(line in lines, "%r is not in\n%s" % (line,
                                                        "\n".join(lines)))
        expect_same(os.listdir(inside), [], "what is left")
    finally:
        server.stop_clean()


@promise("a group exchange logs its request once, and its number once")
def _():
    server = Server(directives='LogFormat name "%m"\n'
                    "ExtendedLog @DIR@/ssh.log SSH name\n"
                    "SFTPKeyExchanges +diffie-hellman-group-exchange-sha256"
                    ).start()
    try:
        must(server.sftp("pwd", "-o", "KexAlgorithms="
                         "diffie-hellman-group-exchange-sha256"))
        server.no_sessions()
        names = server.log("ssh.log").split()
        expect_same([name for name in names if name.startswith("DH_")],
                    ["DH_GEX_REQUEST", "DH_GEX_INIT"], "of the exchange")
    finally:
        server.stop_clean()


@promise("each reopening of a window is logged, with its channel and bytes")
def _():
    server = Server(directives='LogFormat what "%m %J"\n' + "\n".join(
        "ExtendedLog @DIR@/%s.log %s what" % (name, name)
        for name in ("SSH", "MISC", "INFO", "AUTH")))
    server.put("big", b"x" * (8 << 20))
    server.start()
    try:
        must(server.sftp("get big /dev/null"))
        server.no_sessions()
        for name in ("SSH", "MISC"):
            found = re.findall(r"^CHANNEL_WINDOW_ADJUST 0 (\d+)$",
                               server.log(name + ".log"), re.M)
            expect(sum(map(int, found)) > 4 << 20, "%s: %s" % (name, found))
        for name in ("SSH", "INFO"):
            expect("EXT_INFO" in server.log(name + ".log").split(),
                   "no EXT_INFO in " + name)
        expect(not re.search("WINDOW_ADJUST|EXT_INFO", server.log("AUTH.log")),
               server.log("AUTH.log"))
    finally:
        server.stop_clean()


@promise("frequent messages are dispatched only for logs whose class "
         "includes them")
def _():
    often = ("CHANNEL_WINDOW_ADJUST", "READ", "WRITE", "CLOSE")
    for classes, wanted in (("READ,WRITE,AUTH", ()), ("ALL,!SSH,!SFTP", ()),
                            ("MISC", often[:1]), ("SFTP", often[1:]),
                            ("SSH,SFTP", often)):
        server = Server(directives="ExtendedLog @DIR@/x.log %s\n"
                        "TraceLog @DIR@/trace.log\nTrace command:9" % classes)
        server.put("big", b"x" * (8 << 20))
        server.start()
        try:
            must(server.sftp("get big /dev/null\nput %s up"
                             % server.local("sent", b"y")))
            server.no_sessions()
            seen = set(re.findall(r"dispatching LOG_CMD command '(\w+)",
                                  server.log("trace.log")))
            expect("RETR" in seen, "no dispatch is traced")
            expect_same(seen & set(often), set(wanted), classes)
        finally:
            server.stop_clean()


CLASSES = ("READ", "WRITE", "DIRS", "MISC", "SFTP")


@promise("classes of ExtendedLog: a transfer is one line of READ or WRITE")
def _():
    server = Server(directives='LogFormat name "%m"\n' + "\n".join(
        "ExtendedLog @DIR@/%s.log %s name" % (name, name)
        for name in CLASSES))
    server.put("big", b"x" * (8 << 20))
    server.start()
    try:
        sent = server.local("sent", b"y" * (8 << 20))
        must(server.sftp("get big /dev/null\nput %s up\nls -l\nmkdir d\n"
                         "rename up d/up\nrm d/up\nrmdir d\nln -s big l\n"
                         "chmod 600 big" % sent))
        server.no_sessions()
        got = {name: set(server.log(name + ".log").split())
               for name in CLASSES}
        expect_same(got["READ"], {"STAT", "RETR"}, "READ")
        expect_same(server.log("READ.log").split().count("RETR"), 1, "RETR")
        expect_same(got["WRITE"], {"STOR", "MKD", "RNFR", "RNTO", "DELE",
                                   "RMD"}, "WRITE")
        expect_same(got["DIRS"], {"MLSD", "MKD", "RMD"}, "DIRS")
        own = {"INIT", "OPEN", "READ", "WRITE", "CLOSE", "STAT", "LSTAT",
               "OPENDIR", "READDIR", "MKDIR", "RENAME", "REMOVE", "RMDIR",
               "SYMLINK", "SETSTAT"}
        expect(own <= got["SFTP"], "SFTP lacks %s" % sorted(own - got["SFTP"]))
        expect(not own & got["MISC"], "MISC has %s" % sorted(got["MISC"]))
    finally:
        server.stop_clean()


# ---- A daemon without root

class Rootless(ByNobody, FtpServer):
    pass


def rootless(**more):
    """Users with any uid: that of the daemon, root's, one of their own."""
    server = Rootless(users=("same", "zero", "other"), **more)
    ids = {"same": NOBODY, "zero": 0}

    def change(fields):
        fields[2] = fields[3] = str(ids.get(fields[0], fields[2]))

    server.edit("passwd", change)
    return server


def serves_all(server):
    for server.user in server.users:
        sent = server.local("sent", b"from " + server.user.encode())
        got = server.local("got")
        must(server.sftp("put %s up\nls -l\nget up %s\nrename up kept"
                         % (sent, got)))
        with open(got, "rb") as file:
            expect_same(file.read(), b"from " + server.user.encode(), "bytes")
        must(server.scp("-O", sent, "srv:by-scp"))
        for name in ("kept", "by-scp"):
            expect_same(os.stat(server.home(name)).st_uid, NOBODY,
                        "owner of %s of %s" % (name, server.user))
        client = server.ftp()
        expect_same(sorted(client.nlst()), ["by-scp", "kept"], "FTP's list")
        client.close()
        expect_same(server.log("sftp.log").count(
            "the daemon runs without root: '%s' (uid " % server.user), 2,
            "lines on the two logins of " + server.user)


@promise("a daemon started by an ordinary user serves users of any uid")
def _():
    server = rootless(directives="RootLogin on", drop=("DefaultRoot",),
                      ftp="DefaultRoot /\nRootLogin on").start()
    try:
        serves_all(server)
    finally:
        server.stop_clean()


@promise("such a daemon confines users to their home directories by mod_vroot")
def _():
    if not has_module("mod_vroot.so"):
        skip("mod_vroot is not installed")
    engine = "RootLogin on\n<IfModule mod_vroot.c>\nVRootEngine on\n" \
        "</IfModule>\n"
    server = rootless(directives=engine, ftp=engine,
                      modules=("mod_vroot",)).start()
    try:
        serves_all(server)
        out = must(server.sftp("pwd\nls /")).stdout.decode()
        expect("directory: /\n" in out and "kept" in out, out)
    finally:
        server.stop_clean()


@promise("if a DefaultRoot is impossible, nobody can log in, and a line says "
         "why")
def _():
    server = rootless(directives="RootLogin on").start()
    try:
        server.user = "same"
        expect(server.sftp("pwd").returncode != 0, "a login without the root")
        server.wait_log("sftp.log", "unable to set DefaultRoot directory: a "
                        "daemon without root needs mod_vroot for that")
    finally:
        server.stop_clean()


# ---- The end of a session

@promise("a kicked client reads that the administrator disconnected it")
def _():
    def kick():
        with paramiko_transport(srv) as transport:
            os.kill(srv.session(), signal.SIGTERM)
            transport.join(30)
            expect(not transport.is_active(), "it is still there")

    logged(kick, r"disconnecting 127\.0\.0\.1 \(disconnected by the "
           r"administrator\)")


LIMITS = ("MaxClients 1", "MaxClientsPerHost 1", "MaxClientsPerUser 1",
          "MaxClientsPerClass near 1", "MaxHostsPerUser 1")


@promise("the client reads the administrator's text of a limit")
def _():
    for limit in LIMITS:
        server = Server(directives="<Class near>\nFrom 127.0.0.0/8\n</Class>\n"
                        '%s "No more than %%m of you."' % limit).start()
        try:
            with paramiko_transport(server):
                other = "127.0.0.2" if "Hosts" in limit else "127.0.0.1"
                result = server.ssh("-o", "BindAddress=" + other, "srv",
                                    "true")
            expect(result.returncode != 0 and b"No more than 1 of you." in
                   result.stderr, "%s: %s" % (limit, said(result)))
        finally:
            server.stop_clean()


@promise("the text of MaxConnectionsPerHost comes before the version")
def _():
    server = Server(directives='MaxConnectionsPerHost 1 "One (%m) for you."'
                    ).start()
    try:
        server.no_sessions()
        with paramiko_transport(server), server.connect() as sock:
            expect_same(sock.recv(100), b"One (1) for you.\r\n", "the line")
    finally:
        server.stop_clean()


# ---- Reloads

def reload(server):
    """SIGHUP; returns what the daemon has logged since."""
    mark = len(server.log("system.log"))
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "SIGHUP" in server.log("system.log")[mark:] or
             server.process.poll() is not None, "the reload")
    expect(server.process.poll() is None, "the daemon has ended\n"
           + server.log("system.log")[mark:])
    wait_for(server.greets, "an answer after the reload")
    return server.log("system.log")[mark:]


def with_host_key(server, kind):
    """A session that wants this type of host key, the known one."""
    return server.sftp("pwd", "-o", "HostKeyAlgorithms=" + kind)


RSA, ED25519 = "rsa-sha2-512", "ssh-ed25519"


def damage(path):
    with open(path, "w") as file:
        file.write("-----BEGIN OPENSSH PRIVATE KEY-----\nnothing\n")


def open_up(path):
    os.chmod(path, 0o644)


@promise("a reload with a damaged host key continues with the previous one")
def _():
    for harm in (damage, os.unlink, open_up):
        server = Server().start()
        try:
            server.known_hosts()
            path = server.path("host_rsa")
            with open(path) as file:
                good = file.read()
            for _ in range(2):
                harm(path)
                text = reload(server)
                expect("SFTPHostKey '%s': its previous key stays in use"
                       % path in text, text)
                must(with_host_key(server, RSA))
                must(with_host_key(server, ED25519))
                with open(path, "w") as file:
                    file.write(good)
                os.chmod(path, 0o600)
            expect("stays in use" not in reload(server), "it is whole again")
        finally:
            server.stop_clean()


@promise("a new host key that is damaged is left out by a reload")
def _():
    server = Server(drop=("SFTPHostKey",),
                    directives="SFTPHostKey @DIR@/host_ed25519").start()
    try:
        damage(server.path("host_rsa"))
        server.directives += "\nSFTPHostKey @DIR@/host_rsa"
        with open(server.path("proftpd.conf"), "w") as conf:
            conf.write(server.config())
        text = reload(server)
        expect("is left out until the next reload" in text, text)
        must(with_host_key(server, ED25519))
        server.stop()
        server.refuses_to_start()
    finally:
        server.stop()


@promise("a reload does not ask for the passphrase again")
def _():
    server = Server(directives="SFTPPassPhraseProvider @DIR@/provider\n"
                    "SFTPHostKey @DIR@/host_locked", drop=("SFTPHostKey",))
    secret = "kept by the daemon alone"
    must(run(["ssh-keygen", "-q", "-t", "ed25519", "-N", secret, "-C", "",
              "-f", server.path("host_locked")]))
    with open(server.path("provider"), "w") as file:
        file.write("#!/bin/sh\necho '%s'\n" % secret)
    os.chmod(server.path("provider"), 0o700)
    server.start()
    try:
        server.known_hosts()
        must(server.sftp("pwd"))
        os.unlink(server.path("provider"))
        text = reload(server)
        expect("stays in use" in text, text)
        must(server.sftp("pwd"))
        reload(server)
        must(server.sftp("pwd"))
        with paramiko_transport(server, password=True):
            expect(in_memory(server.process.pid, secret.encode()),
                   "this test does not find it")
            expect(not in_memory(server.session(), secret.encode()),
                   "the session has the passphrase")
    finally:
        server.stop_clean()


def in_memory(pid, text):
    """Whether it is in what the process has mapped for itself."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            begin, end = (int(word, 16) for word in
                          line.split()[0].split("-"))
            # A sanitizer reserves terabytes.
            if "[v" in line or line.split()[4] != "0" or \
                    end - begin > 1 << 30:
                continue
            try:
                mem.seek(begin)
                if text in mem.read(end - begin):
                    return True
            except (OSError, ValueError, OverflowError):
                pass
    return False


@promise("a reload without files of authorities and revocations continues")
def _():
    server = Server(directives="SFTPTrustedUserCAKeys @DIR@/cas\n"
                    "SFTPRevokedKeys @DIR@/revoked\n"
                    "SFTPHostCertificate @DIR@/host_ed25519-cert.pub\n"
                    "SFTPKeyBlacklist @DIR@/weak")
    names = ("cas", "revoked", "weak", "host_ed25519-cert.pub")
    keygen(server.path("ca"), "-t", "ed25519")
    must(run(["ssh-keygen", "-q", "-s", server.path("ca"), "-I", "host", "-h",
              server.path("host_ed25519.pub")]))
    with open(server.path("ca.pub")) as file:
        public = file.read()
    with open(server.path("cas"), "w") as file:
        file.write(public)
    with open(server.path("revoked"), "w") as file:
        file.write(public)
    shutil.copy(server.path("revoked"), server.path("weak"))
    server.start()
    try:
        for name in names:
            os.rename(server.path(name), server.path(name + ".away"))
            text = reload(server)
            expect(server.path(name) in text, text)
            with paramiko_transport(server, password=True):
                pass
            os.rename(server.path(name + ".away"), server.path(name))
        os.unlink(server.path("weak"))
        server.directives = server.directives.replace("SFTPKeyB", "#")
        with open(server.path("proftpd.conf"), "w") as conf:
            conf.write(server.config())
        reload(server)
        must(server.sftp("pwd"))
    finally:
        server.stop_clean()


# ---- SFTPLog

def logged(act, *lines):
    """The log has these lines once act() is done."""
    mark = len(srv.log("sftp.log"))
    act()
    srv.no_sessions()
    text = srv.log("sftp.log")[mark:]
    for line in lines:
        expect(re.search(r"mod_sftp/\S+\[\d+\]: %s$" % line, text, re.M),
               "%r is not in\n%s" % (line, text))


def send(data):
    with srv.connect() as sock:
        sock.sendall(data)
        while sock.recv(8192):
            pass


@promise("scanners and strangers leave the lines that parsers look for")
def _():
    logged(lambda: send(b"SSH-2.0-Probe-1.2 by me\r\n"),
           "received client version 'SSH-2.0-Probe-1.2 by me'",
           "handling connection from SSH2 client 'Probe-1.2'",
           "SSH2 probe from 'Probe-1.2', disconnecting")
    logged(lambda: send(b"SSH-2.0-SSH_Version_Mapper\r\n"),
           "SSH2 scan from 'SSH_Version_Mapper', disconnecting")
    logged(lambda: send(b"GET / HTTP/1.0\r\n"),
           r"Bad protocol version 'GET / HTTP/1\.0' from 127\.0\.0\.1")


@promise("a session leaves the lines that parsers look for")
def _():
    logged(lambda: must(srv.sftp("pwd")),
           "handling connection from SSH2 client 'OpenSSH_[^ ]*'",
           " \\+ Session host key algorithm: ssh-ed25519",
           " \\+ Session server hostkey: ssh-ed25519",
           r"using SFTP protocol version 3 for this session \(channel ID 0\)",
           r"client at 127\.0\.0\.1 sent SSH_DISCONNECT message: disconnected "
           r"by user \(Application disconnected\)")


@promise("a damaged packet leaves the line that parsers look for")
def _():
    def damage():
        with paramiko_transport(srv) as transport:
            transport.packetizer._Packetizer__mac_key_out = b"x" * 32
            try:
                transport.open_session(timeout=10)
            except Exception:
                pass

    logged(damage, r"unable to verify MAC on packet from socket \d+")


@promise("the reasons of DISCONNECT are logged by name")
def _():
    import paramiko
    for code, name in ((2, "Protocol error"), (14, "No other authentication "
                       "mechanisms available"), (15, "Illegal user name"),
                       (0, "Unknown reason code"), (4, "Unknown reason code"),
                       (2 ** 32 - 1, "Unknown reason code")):
        def leave(code=code):
            with paramiko_transport(srv) as transport:
                message = paramiko.Message()
                message.add_byte(b"\1")
                message.add_int(code)
                message.add_string("gone")
                message.add_string("")
                transport._send_message(message)
                srv.no_sessions()

        logged(leave, r"client at 127\.0\.0\.1 sent SSH_DISCONNECT message: "
               r"gone \(%s\)" % name)


@promise("SFTPLog syslog:level writes to the daemon's log")
def _():
    server = Server(drop=("SFTPLog",), directives="SFTPLog syslog:notice"
                    ).start()
    try:
        must(server.sftp("pwd"))
        server.wait_log("system.log", r"127\.0\.0\.1\]\): mod_sftp/.*: user "
                        "'alice' authenticated via 'publickey' method")
    finally:
        server.stop_clean()


class Container(Rootless):
    """The recipe of the page, with the files of a test."""

    def config(self):
        with open(os.path.join(SOURCE, "doc/coming-from-packaged.md")) as page:
            recipe = page.read().split("container.conf\n", 1)[1]
        lines = ["ModulePath " + self.path("modules")]
        for line in recipe.splitlines()[:recipe.splitlines().index("")]:
            lines.append(line.replace("/etc/files", self.dir)
                         .replace("/run/files", self.dir))
        changes = {"Port": self.port, "User": "nobody", "Group": "nogroup",
                   "DefaultAddress": "127.0.0.1"}
        return "".join(" ".join([words[0], str(changes[words[0]])]
                                if words[0] in changes else words) + "\n"
                       for words in map(str.split, lines))

    def command(self):
        return [word for word in super().command() if word != "-q"]


@promise("the example for containers works, and logs to standard error")
def _():
    if not has_module("mod_vroot.so"):
        skip("mod_vroot is not installed")
    server = Container().start()
    try:
        must(server.sftp("mkdir /made"))
        expect(os.path.isdir(server.home("made")), "it was made elsewhere")
        server.wait_log("start.log", "mod_sftp/.*: user 'alice' authenticated "
                        "via 'publickey' method")
    finally:
        server.stop_clean()


@promise("SFTPLog with a relative path or an unknown level prevents the start")
def _():
    for word in ("logs/sftp.log", "syslog:loud", "syslog:"):
        server = Server(drop=("SFTPLog",), directives="SFTPLog " + word)
        text = server.refuses_to_start()
        expect("expected an absolute path, syslog:level or none" in text, text)


main(srv)
