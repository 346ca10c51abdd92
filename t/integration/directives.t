#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-asyncssh python3-paramiko
# sanitizers: alone

"""What the directives do to a session, wherever they stand.

Wrong values are config.t's matter.
"""

import os
import re
import select
import shutil
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise, skip
from server import (PROFTPD, SOURCE, Server, free_port, has_module,
                    keygen, must, run, said, wait_for)
from clients import paramiko_transport

import paramiko

OURS = ("SFTPEngine", "SFTPLog", "SFTPHostKey", "SFTPAuthorizedUserKeys")

# One of each, as how-tos and manuals of the packaged module write them.
EVERYTHING = """
SFTPAcceptEnv LANG LC_*
SFTPAuthMethods publickey password publickey+password
SFTPAuthPublicKeys ssh-ed25519 rsa-sha2-512 rsa-sha2-256 ssh-rsa
SFTPAuthorizedHostKeys file:/etc/proftpd/hostkeys
SFTPCiphers aes256-ctr aes128-ctr aes256-cbc 3des-cbc arcfour256 blowfish-ctr
SFTPClientAlive 3 60
SFTPClientMatch ".*WS_FTP.*" channelWindowSize 1GB
SFTPClientMatch ".*ClientX.*" sftpProtocolVersion 3 channelPacketSize 16KB
SFTPClientMatch "^WinSCP" sftpProtocolVersion 3-5 sftpUTF8ProtocolVersion 3
SFTPCompression delayed
SFTPCryptoDevice none
SFTPDHParamFile /etc/proftpd/dhparams.pem
SFTPDigests hmac-sha2-512 hmac-sha2-256 hmac-sha1 hmac-md5 hmac-ripemd160
SFTPExtensions -vendorID +xattr -CopyFile
SFTPHostKey NoDSA
SFTPHostKeys ssh-ed25519 rsa-sha2-512 ssh-rsa ssh-dss
SFTPKeyBlacklist none
SFTPKeyExchanges curve25519-sha256@libssh.org ecdh-sha2-nistp256 \
diffie-hellman-group-exchange-sha256 rsa1024-sha1
SFTPKeyLimits MinimumRSASize 1024 MinimumDSASize 0 MinimumECSize 160
SFTPMaxChannels 5
SFTPOptions IgnoreSFTPUploadPerms IgnoreSCPUploadPerms PessimisticKexinit
SFTPOptions NoHostkeyRotation
SFTPQoS ef 0x20
SFTPRekey required 3600 1024 120
SFTPTrafficPolicy none
"""


def serving(**args):
    return Server(**args).start()


def log_of(srv, options=(), batch="pwd"):
    """What SFTPLog says of one session with these options of ssh."""
    mark = len(srv.log("sftp.log"))
    must(srv.sftp(batch, *options))
    srv.no_sessions()
    return srv.log("sftp.log")[mark:]


def server_version(srv):
    with srv.connect() as sock:
        return sock.recv(256).split(b"\r\n")[0].decode()


@promise("a configuration with every directive loads and serves")
def _():
    srv = Server(directives=EVERYTHING)
    srv.start()
    try:
        must(srv.sftp("pwd"))
    finally:
        srv.stop_clean()


@promise("everything may stand in <Global>")
def _():
    srv = Server(drop=OURS, directives="")
    lines = ["SFTPEngine on", "SFTPLog " + srv.path("sftp.log"),
             "SFTPHostKey " + srv.path("host_ecdsa"),
             "SFTPAuthorizedUserKeys file:" + srv.path("keys/%u"),
             "SFTPAuthMethods publickey",
             "SFTPCiphers aes192-ctr", "SFTPDigests hmac-sha2-512",
             "SFTPKeyExchanges ecdh-sha2-nistp384",
             "SFTPHostKeys ecdsa-sha2-nistp256",
             "SFTPCompression on", "SFTPOptions TerseRefusals"]
    srv.directives = "<Global>\n%s\n</Global>" % "\n".join(lines)
    srv.start()
    try:
        text = log_of(srv, ("-C",))
        for end in ("key exchange: ecdh-sha2-nistp384",
                    "server hostkey: ecdsa-sha2-nistp256",
                    "client-to-server encryption: aes192-ctr",
                    "server-to-client MAC: hmac-sha2-512",
                    r"server-to-client compression: zlib(@openssh\.com)?",
                    "userauth methods: publickey"):
            expect(re.search(end + "$", text, re.M),
                   "%r is not in\n%s" % (end, text))
    finally:
        srv.stop_clean()


@promise("a virtual host without the engine continues to speak FTP")
def _():
    port = free_port()
    srv = serving(directives="<VirtualHost 127.0.0.1>\n Port %d\n"
                  "</VirtualHost>" % port)
    try:
        must(srv.sftp("pwd"))
        with socket.create_connection(("127.0.0.1", port), 30) as sock:
            expect_same(sock.recv(4), b"220 ", "greeting")
    finally:
        srv.stop_clean()


@promise("the host key of a virtual host replaces that of <Global>")
def _():
    srv = Server(drop=("SFTPHostKey",))
    mine = keygen(srv.path("mine"), "-t", "ed25519")
    srv.directives = ("<Global>\n SFTPHostKey %s\n SFTPHostKey %s\n</Global>\n"
                      "SFTPHostKey %s\nSFTPHostKey noRSA\n"
                      % (srv.path("host_ed25519"), srv.path("host_rsa"),
                         mine))
    srv.start()
    try:
        with open(mine + ".pub") as pub:
            blob = pub.read().split()[1]
        transport = paramiko.Transport(srv.connect())
        transport.start_client(timeout=30)
        expect_same(transport.get_remote_server_key().get_base64(), blob,
                    "host key")
        transport.close()
        result = srv.ssh("-o", "HostKeyAlgorithms=rsa-sha2-512", "srv", "x")
        expect(b"no matching host key" in result.stderr, said(result))
    finally:
        srv.stop_clean()


@promise("faults of all virtual hosts are reported at once")
def _():
    srv = Server(drop=("SFTPHostKey",), directives="<VirtualHost 127.0.0.1>\n"
                 " ServerName other\n Port %d\n SFTPEngine on\n"
                 " SFTPAuthMethods publickey\n</VirtualHost>" % free_port())
    message = srv.refuses_to_start()
    expect(message.count("no usable host key") >= 2, message)
    expect("other" in message, message)
    expect("SFTPAuthorizedUserKeys" in message, message)


@promise("a short RSA host key is left out, and alone it is refused")
def _():
    srv = Server(drop=("SFTPHostKey",))
    short = keygen(srv.path("host_short"), "-t", "rsa", "-b", "1024")
    srv.directives = "SFTPHostKey " + short
    message = srv.refuses_to_start()
    expect("1024 bits" in message and "SFTPKeyLimits" in message, message)

    srv.directives += "\nSFTPHostKey " + srv.path("host_ed25519")
    srv.start()
    must(srv.sftp("pwd"))
    srv.stop_clean()

    srv.directives = ("SFTPKeyLimits MinimumRSASize 1024\nSFTPHostKey "
                      + short)
    srv.start()
    expect("rsa-sha2-" in log_of(srv, ("-o", "RequiredRSASize=1024")),
           "not served")
    srv.stop_clean()


@promise("so is a short DSA host key")
def _():
    srv = Server(drop=("SFTPHostKey",))
    shutil.copy(os.path.join(SOURCE, "t/data/keys/dsa"), srv.path("host_dsa"))
    os.chmod(srv.path("host_dsa"), 0o600)
    names = "SFTPHostKeys ssh-dss\nSFTPHostKey " + srv.path("host_dsa")
    srv.directives = "SFTPKeyLimits MinimumDSASize 2048\n" + names
    message = srv.refuses_to_start()
    expect("1024 bits" in message and "SFTPKeyLimits" in message, message)

    srv.directives = "SFTPKeyLimits MinimumRSASize 4096\n" + names
    srv.start()
    with srv.connect() as sock:
        sock.sendall(b"SSH-2.0-test\r\n")
        got = b""
        while b"ssh-dss" not in got:
            more = sock.recv(4096)
            expect(more, "not offered")
            got += more
    srv.stop_clean()


def version_with(line):
    srv = serving(directives=line)
    try:
        return server_version(srv)
    finally:
        srv.stop_clean()


@promise("the version line is the module's, or the text of ServerIdent")
def _():
    expect(re.match(r"SSH-2\.0-mod_sftp/[0-9.]+$", version_with("")),
           "the built-in one")
    expect_same(version_with("ServerIdent off"), "SSH-2.0-mod_sftp", "off")
    expect_same(version_with('ServerIdent on "Files 1.0"'),
                "SSH-2.0-Files 1.0", "a text")
    expect_same(version_with('ServerIdent on "%v_%L"'),
                "SSH-2.0-under test_127.0.0.1", "its name and address")
    host = must(run([PROFTPD, "-v"])).stdout.decode().split()[-1]
    expect_same(version_with('ServerIdent on "F-%{version}"'),
                "SSH-2.0-F-" + host, "ProFTPD's version")
    expect(re.match(r"SSH-2\.0-at [^ %]+$", version_with(
        'ServerIdent on "at %V"')), "the name of the machine")
    expect(version_with('ServerName "\u00fcml"\nServerIdent on %v'
                        ).startswith("SSH-2.0-mod_sftp/"), "no SSH version")
    expect(version_with('ServerIdent on "\u00fcml"').startswith(
        "SSH-2.0-mod_sftp/"), "no SSH version")


@promise("SFTPClientMatch applies to the programs that it names")
def _():
    srv = serving(directives='SFTPClientMatch "^OpenSSH" sftpCiphers '
                  'aes192-ctr\nSFTPClientMatch "^paramiko" sftpDigests '
                  'hmac-sha2-512')
    try:
        expect("encryption: aes192-ctr" in log_of(srv), "OpenSSH")
        with paramiko_transport(srv) as transport:
            expect(transport.remote_cipher != "aes192-ctr", "paramiko")
            expect_same(transport.remote_mac, "hmac-sha2-512", "digest")
    finally:
        srv.stop_clean()


@promise("SFTPClientMatch takes precedence over the table of clients")
def _():
    srv = serving(directives='SFTPClientMatch "^OpenSSH_" sftpLinkOrder link '
                  'sftpReaddirSize 8KB sftpDataSize 32KB rekey off '
                  'keepalive global sftpTaggedSums on '
                  'sftpOwnerNumbers on\n')
    try:
        srv.put("file", b"x")
        result = srv.sftp("ln -s link file")    # the other way round
        expect_same(os.readlink(srv.home("link")), "/file", said(result))
        expect("client is known as OpenSSH (OpenSSH_)" in log_of(srv), "log")
    finally:
        srv.stop_clean()


@promise("SFTPClientMatch does not change what it does not name")
def _():
    import asyncio
    import asyncssh

    async def link(port, key):
        async with asyncssh.connect("127.0.0.1", port, username="alice",
                                    client_keys=[key],
                                    known_hosts=None) as conn:
            async with conn.start_sftp_client() as sftp:
                await sftp.symlink("file", "link")

    srv = serving(directives='SFTPClientMatch "^AsyncSSH" channelWindowSize '
                  '1MB\n')
    try:
        srv.put("file", b"x")
        asyncio.run(link(srv.port, srv.key))
        expect_same(os.readlink(srv.home("link")), "file", "the link's text")
    finally:
        srv.stop_clean()


@promise("proftpd -t -d 5 shows the table of clients")
def _():
    text = Server().known_clients()
    for row in ("libssh (libssh_ libssh-): sftpLinkOrder link",
                "libssh2 before 1.11 (libssh2_1. !libssh2_1.11): "
                "sftpKeyExchanges +ecdh-sha2-nistp256,"):
        expect("known client: " + row in text, text)
    expect("sftpDigests +hmac-sha2-256,+hmac-sha2-512 unless configured" in
           text, text)


@promise("SFTPDisplayBanner and DisplayLogin are shown, with variables "
         "expanded")
def _():
    srv = Server(directives="SFTPDisplayBanner @DIR@/banner\n"
                 "DisplayLogin @DIR@/welcome\n")
    for name, text in (("banner", "Before %V\nand %{env:SSH_CONNECTION}\n"),
                       ("welcome", "Welcome, %U\n")):
        with open(srv.path(name), "w") as file:
            file.write(text)
    srv.start()
    try:
        with paramiko_transport(srv) as transport:
            banner = transport.auth_handler.banner.decode()
            expect(banner.startswith("Before under test\r\nand 127.0.0.1 "),
                   repr(banner))
            expect(banner.endswith(" %d\r\n" % srv.port), repr(banner))
        result = must(srv.sftp("pwd"))
        expect(b"Welcome, alice" in result.stderr, said(result))
    finally:
        srv.stop_clean()


PROVIDER = """#!/bin/sh
echo "$1|$2|$#" >> %s/asked
echo "noise" >&2
%s
"""


def provider(srv, action):
    path = srv.path("provider")
    with open(path, "w") as file:
        file.write(PROVIDER % (srv.dir, action))
    os.chmod(path, 0o700)
    srv.directives = ("SFTPPassPhraseProvider %s\nSFTPHostKey %s\n"
                      "SFTPHostKey %s\n" % (path, srv.path("enc"),
                                            srv.path("enc_pem")))


def encrypted():
    srv = Server(drop=("SFTPHostKey",))
    keygen(srv.path("enc"), "-t", "ed25519", "-N", "open sesame")
    keygen(srv.path("enc_pem"), "-t", "ecdsa", "-m", "PEM", "-N",
           "open sesame")
    return srv


@promise("SFTPPassPhraseProvider unlocks keys, asked once for each")
def _():
    srv = encrypted()
    provider(srv, "echo 'open sesame'")
    srv.start()
    try:
        transport = paramiko.Transport(srv.connect())
        transport.start_client(timeout=30)
        transport.close()
        expect_same(srv.log("asked").split("\n"),
                    ["under test:%d|%s|2" % (srv.port, srv.path("enc")),
                     "under test:%d|%s|2" % (srv.port, srv.path("enc_pem")), ""],
                    "the calls")
    finally:
        srv.stop_clean()


@promise("... also without a line end, with output beyond one buffer, and with "
         "any exit status")
def _():
    srv = encrypted()
    provider(srv, "printf 'open sesame'; head -c 200000 /dev/zero "
             ">&2; exit 3")
    srv.start()
    srv.stop_clean()


@promise("a wrong passphrase, or a provider that dies, is reported at the "
         "start")
def _():
    srv = encrypted()
    provider(srv, "echo wrong")
    message = srv.refuses_to_start()
    expect(srv.path("enc") in message and "passphrase" in message, message)
    expect_same(srv.log("asked").count(srv.path("enc") + "|"), 3, "tries")
    provider(srv, "printf 'open sesame\\000 or not'")
    message = srv.refuses_to_start()
    expect("NUL" in message, message)
    provider(srv, "echo 'open sesame'; kill -9 $$")
    message = srv.refuses_to_start()
    expect("SFTPPassPhraseProvider" in message, message)


@promise("an encrypted key without provider and terminal is reported at the "
         "start")
def _():
    srv = encrypted()
    srv.directives = "SFTPHostKey " + srv.path("enc")
    message = srv.refuses_to_start()
    expect("passphrase" in message, message)


@promise("a log that cannot be opened disables the log, not the service")
def _():
    srv = Server(drop=("SFTPLog",), directives="SFTPLog @DIR@/open/sftp.log")
    os.mkdir(srv.path("open"))
    os.chmod(srv.path("open"), 0o777)
    srv.start()
    try:
        must(srv.sftp("pwd"))
        expect(not os.path.exists(srv.path("open/sftp.log")), "it is there")
        srv.wait_log("system.log", "unable to open SFTPLog.*world-writable")
    finally:
        srv.stop_clean()


@promise("SFTPMaxChannels limits the channels of a session")
def _():
    srv = serving(directives="SFTPMaxChannels 2")
    try:
        with paramiko_transport(srv) as transport:
            held = [transport.open_session() for _ in range(2)]
            try:
                transport.open_session(timeout=30)
                raise Failed("a third channel was opened")
            except (paramiko.SSHException, EOFError):
                pass
            expect_same(len(held), 2, "channels")
    finally:
        srv.stop_clean()


@promise("mod_ifsession: settings for one user alone")
def _():
    if not has_module("mod_ifsession.so"):
        skip("mod_ifsession is not installed")
    srv = Server(users=("alice", "bob"), modules=("mod_ifsession",),
                 directives="<IfUser bob>\n SFTPMaxChannels 1\n"
                 " Protocols scp\n</IfUser>")
    srv.modules = ()
    srv.directives = "LoadModule mod_ifsession.c\n" + srv.directives
    srv.start()
    try:
        must(srv.sftp("pwd"))
        with paramiko_transport(srv, user="bob") as transport:
            channel = transport.open_session()
            try:
                channel.invoke_subsystem("sftp")
                raise Failed("SFTP was not refused")
            except paramiko.SSHException:
                pass
    finally:
        srv.stop_clean()


@promise("Protocols: a service that is not named is refused, the session "
         "continues")
def _():
    srv = serving(directives="Protocols sftp")
    try:
        must(srv.sftp("pwd"))
        with paramiko_transport(srv) as transport:
            channel = transport.open_session()
            channel.exec_command("scp -f x")
            expect(channel.recv_exit_status() != 0, "SCP was not refused")
            expect(transport.is_active(), "the session ended")
    finally:
        srv.stop_clean()


def disconnected(transport):
    wait_for(lambda: not transport.is_active(), "the end of the session")


def ends_with(directives, text, login=True):
    """A session that does nothing ends with that text."""
    srv = serving(directives=directives)
    try:
        if login:
            with paramiko_transport(srv) as transport:
                disconnected(transport)
        else:
            transport = paramiko.Transport(srv.connect())
            transport.start_client(timeout=30)
            disconnected(transport)
        srv.wait_log("sftp.log", r"disconnecting 127\.0\.0\.1 \(%s\)" % text)
    finally:
        srv.stop_clean()


@promise("TimeoutLogin ends a session that does not log in")
def _():
    ends_with("TimeoutLogin 2", "login timeout reached", login=False)


@promise("TimeoutIdle ends a session that does nothing")
def _():
    ends_with("TimeoutIdle 2", "idle timeout reached")


@promise("TimeoutNoTransfer ends a session that transfers nothing")
def _():
    ends_with("TimeoutNoTransfer 2", "no transfer timeout reached")


@promise("TimeoutSession ends a session in any case")
def _():
    ends_with("TimeoutSession 2", "session timeout reached")


@promise("a client that was silent before its version is dropped, too")
def _():
    srv = serving(directives="TimeoutLogin 2")
    try:
        with srv.connect() as sock:
            while sock.recv(4096):
                pass
        srv.no_sessions()
    finally:
        srv.stop_clean()


@promise("an idle session sleeps until the client or a signal wakes it")
def _():
    srv = serving()

    def switches(pid):
        with open("/proc/%d/status" % pid) as file:
            return [int(n) for n in
                    re.findall(r"ctxt_switches:\s+(\d+)", file.read())]

    def still(pid):
        """No wake-up for a second."""
        before = switches(pid)
        select.select([], [], [], 1)
        return switches(pid) == before

    try:
        with paramiko_transport(srv) as transport:
            sftp = paramiko.SFTPClient.from_transport(transport)
            sftp.listdir(".")
            pid = srv.session()
            wait_for(lambda: still(pid), "the long sleep")
            sftp.stat(".")
    finally:
        srv.stop_clean()


@promise("the client is told that the server goes down")
def _():
    srv = serving()
    try:
        with paramiko_transport(srv) as transport:
            srv.session()
            srv.process.terminate()
            disconnected(transport)
        srv.wait_log("sftp.log", r"disconnecting .*server is shutting down")
    finally:
        srv.stop_clean()


main()
