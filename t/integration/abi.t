#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: binutils python3-paramiko

"""What other modules see: exported names, events, records, HOOKs."""

import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from rawauth import INFO_RESPONSE, RawAuth
from server import MODULE, Server, keygen, must, run
from clients import paramiko_sftp, paramiko_transport
from companion import add_companion

import paramiko
from paramiko.message import Message

EXPORTS = """
sftp_auth_send_banner sftp_channel_register_exec_handler sftp_conn
sftp_crypto_get_errors sftp_kbdint_first_driver sftp_kbdint_get_driver
sftp_kbdint_have_drivers sftp_kbdint_next_driver sftp_kbdint_recv_response
sftp_kbdint_register_driver sftp_kbdint_send_challenge
sftp_kbdint_unregister_driver sftp_keys_compare_keys
sftp_keystore_register_store sftp_keystore_unregister_store sftp_logfd
sftp_logname sftp_module sftp_opts sftp_pool sftp_services sftp_sess_state
""".split()

COMMON = "SFTPCompression %s\nAllowEmptyPasswords off\n"

# Every method, and what the host has to say of a login.
METHODS = """
SFTPAuthMethods publickey password keyboard-interactive:asking hostbased
SFTPAuthorizedHostKeys file:@DIR@/hosts
TimeoutStalled 1
"""

srv = Server(COMMON % "on" + "SFTPAuthMethods publickey+password password\n"
             "SFTPOptions IgnoreFIFOs\nMaxLoginAttempts 2\n")
# A stream that begins before the login cannot be handed over.
early_zlib = Server(COMMON % "on" + "SFTPIsolation off\n")
other = Server(COMMON % "delayed", env={"WATCH_LOGIN": "1"})
methods = Server(METHODS, users=("alice", "root"))
for one in (srv, early_zlib, other, methods):
    add_companion(one, "mod_watch")
add_companion(methods, "mod_bad")

mark = {srv: 0, early_zlib: 0, other: 0, methods: 0}


def begin():
    for one in mark:
        mark[one] = len(one.log("sftp.log"))


def wait_event(text, server=srv):
    """Waits for an event after begin(); the rest of its line."""
    server.wait_log("sftp.log", r"(?s)\A.{%d}.*event %s" % (
        mark[server], re.escape(text)))


def happened(text, server=srv):
    return len(re.findall("event %s( NULL| data)?$" % re.escape(text),
                          server.log("sftp.log")[mark[server]:], re.M))


def refuse(method, *args):
    """One login that must fail, by a connection of its own."""
    transport = paramiko.Transport(srv.connect())
    transport.start_client(timeout=60)
    try:
        getattr(transport, method)("alice", *args)
    except (paramiko.SSHException, EOFError):
        return
    finally:
        transport.close()
        srv.no_sessions()
    expect(False, "%s logged in" % method)


class Raw:
    """A client before the first keys, who may say anything."""

    def __init__(self):
        self.sock = srv.connect()
        self.file = self.sock.makefile("rb")
        while not self.file.readline().startswith(b"SSH-2.0-"):
            pass
        self.sock.sendall(b"SSH-2.0-raw\r\n")

    def send(self, payload):
        pad = 16 - (5 + len(payload)) % 8
        self.sock.sendall(struct.pack(">IB", 1 + len(payload) + pad, pad)
                          + payload + bytes(pad))

    def kexinit(self):
        names = [b"curve25519-sha256", b"ssh-ed25519"] + \
            [b"aes128-ctr"] * 2 + [b"hmac-sha2-256-etm@openssh.com"] * 2 + \
            [b"none"] * 2 + [b""] * 2
        self.send(b"\x14" + bytes(16) + b"".join(
            struct.pack(">I", len(n)) + n for n in names) + bytes(5))

    def end(self):
        try:
            while self.file.read(65536):
                pass
        except OSError:
            pass
        self.sock.close()
        srv.no_sessions()


@promise("the module exports exactly the names of the interface")
def _():
    out = must(run(["nm", "-D", "--defined-only", MODULE])).stdout.decode()
    names = {line.split()[-1].partition("@")[0] for line in out.splitlines()}
    names = {name for name in names if "asan" not in name}
    expect_same(sorted(names), sorted(EXPORTS), "exported names")


@promise("other modules find the records of the configuration")
def _():
    system = srv.log("system.log")
    expect("mod_watch: SFTPEngine 1: 1" in system, system)
    for line in ("1/0.0: 1 publickey - 0 0", "1/0.1: 4 password - 0 0",
                 "1/1.0: 4 password - 0 0"):
        expect("mod_watch: SFTPAuthMethods " + line in system, system)
    expect("HOOK" not in system, system)


@promise("each method is reported when it succeeds and when it fails")
def _():
    begin()
    with paramiko_transport(srv, password=True):
        pass
    srv.no_sessions()
    expect_same(happened("mod_sftp.ssh2.auth-password"), 1, "successes")
    expect_same(happened("mod_sftp.ssh2.auth-password.failed"), 0, "failures")
    expect_same(happened("mod_sftp.ssh2.kex.completed"), 1, "exchanges")
    expect("event mod_auth.authentication-code 0" in srv.log("sftp.log"),
           "no code of success")

    begin()
    refuse("auth_password", "wrong")
    expect_same(happened("mod_sftp.ssh2.auth-password"), 0, "successes")
    expect_same(happened("mod_sftp.ssh2.auth-password.failed"), 1, "failures")
    expect_same(happened("mod_sftp.ssh2.no-authentication"), 0, "no attempt")

    begin()
    refuse("auth_publickey", paramiko.RSAKey.generate(2048))
    expect_same(happened("mod_sftp.ssh2.auth-publickey"), 0, "successes")

    begin()
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    left = conn.auth_publickey(
        "alice", paramiko.Ed25519Key.from_private_key_file(srv.key))
    conn.close()
    expect_same(left, ["password"], "methods left")
    wait_event("mod_sftp.ssh2.auth-publickey NULL")


@promise("a key with a wrong signature is a failure, a question about a key "
         "is not")
def _():
    begin()
    key = paramiko.Ed25519Key.from_private_key_file(srv.key)
    sign = key.sign_ssh_data
    key.sign_ssh_data = lambda data, *more: sign(b"another " + data, *more)
    refuse("auth_publickey", key)
    expect_same(happened("mod_sftp.ssh2.auth-publickey.failed"), 1,
                "failures")


@promise("keyboard-interactive and hostbased are reported, too")
def _():
    host = keygen(methods.path("client_host"), "-t", "ed25519")
    os.rename(host + ".pub", methods.path("hosts"))
    key = paramiko.Ed25519Key.from_private_key_file(host)
    right, wrong = Message(), Message()
    for m, second in ((right, "2"), (wrong, "3")):
        m.add_byte(bytes([INFO_RESPONSE]))
        m.add_int(2)
        m.add_string("1")
        m.add_string(second)
    for name, good, first, second in (
            ("kbdint", True, lambda c: c.kbdint("alice"), right),
            ("kbdint", False, lambda c: c.kbdint("alice"), wrong),
            ("hostbased", True, lambda c: c.hostbased(
                "alice", key, "client.test", "alice"), None),
            ("hostbased", False, lambda c: c.hostbased(
                "alice", key, "client.test", "bob"), None)):
        begin()
        with RawAuth(methods.connect()) as conn:
            answer = conn.answer(first(conn))
            if second:
                expect_same(answer, "ask", name)
                answer = conn.answer(second)
            expect_same(answer == "success", good, name)
        methods.no_sessions()
        event = "mod_sftp.ssh2.auth-" + name
        expect_same((happened(event, methods),
                     happened(event + ".failed", methods)),
                    (1, 0) if good else (0, 1), "events of " + name)


@promise("an attempt of root, a stalled upload, and new keys are reported")
def _():
    with open(methods.path("passwd")) as file:
        text = re.sub(r"^(root:[^:]*):\d+:\d+:", r"\1:0:0:", file.read(),
                      flags=re.M)
    with open(methods.path("passwd"), "w") as file:
        file.write(text)
    begin()
    with RawAuth(methods.connect()) as conn:
        conn.answer(conn.password("root", methods.password))
    methods.no_sessions()
    expect_same(happened("mod_auth.root-login", methods), 1, "root")

    begin()
    with paramiko_transport(methods, password=True) as conn:
        conn.renegotiate_keys()
    methods.no_sessions()
    expect_same(happened("mod_sftp.ssh2.kex.completed", methods), 2,
                "exchanges")

    begin()
    with paramiko_sftp(methods, password=True) as sftp:
        file = sftp.open("stalled", "wb")
        file.write(b"x")
        wait_event("core.timeout-stalled", methods)
        methods.no_sessions()
        try:
            file.close()
        except paramiko.SSHException:
            pass                # the connection may be known to be gone


@promise("an unknown user, an empty password and too many attempts are "
         "reported")
def _():
    begin()
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    for _ in range(2):
        try:
            conn.auth_password("nobody-here", "x")
        except (paramiko.SSHException, EOFError):
            pass
    conn.close()
    wait_event("mod_auth.max-login-attempts data")
    log = srv.log("sftp.log")[mark[srv]:]
    expect(log.count("authentication-code 4294967294") >= 2, log)
    begin()
    refuse("auth_password", "")
    expect_same(happened("mod_auth.empty-password"), 1, "empty passwords")


@promise("a client that leaves without an attempt to log in is reported")
def _():
    begin()
    conn = paramiko.Transport(srv.connect())
    conn.start_client(timeout=60)
    conn.close()
    wait_event("mod_sftp.ssh2.no-authentication NULL")


@promise("an SFTP session: opened, version, data either way, closed")
def _():
    data = bytes(range(256)) * 40
    begin()
    with paramiko_sftp(srv, password=True) as sftp:
        with sftp.open("data", "wb") as file:
            file.write(data)
        with sftp.open("data", "rb") as file:
            expect_same(file.read(), data, "data")
        try:
            sftp._request(222, "what?")
        except OSError:
            pass
    wait_event("mod_sftp.sftp.session-closed NULL")
    log = srv.log("sftp.log")[mark[srv]:]
    expect_same(happened("mod_sftp.sftp.session-opened"), 1, "opened")
    expect_same(happened("mod_sftp.sftp.session-closed"), 1, "closed")
    expect_same(happened("sftp.invalid-request"), 1, "invalid requests")
    expect("event mod_sftp.sftp.protocol-version 3\n" in log, log)
    for way in ("read", "write"):
        seen = re.findall(r"event mod_sftp.sftp.data-%s: (\d+) bytes, "
                          r"(\d+) remaining, sum (\d+), (.*)" % way, log)
        expect_same(sum(int(n[0]) for n in seen), len(data), "bytes, " + way)
        expect_same(sum(int(n[2]) for n in seen), sum(data), "sum, " + way)
        expect_same({(n[1], n[3]) for n in seen}, {("0", "from the start")},
                    "buffers, " + way)
    for name in ("ssh2.netio-read some", "ssh2.netio-write some",
                 "mod_sftp.ssh2.read-poll"):
        expect("event " + name in log, name)


@promise("an SCP session: opened, closed")
def _():
    begin()
    must(srv.scp("-O", "-o", "PreferredAuthentications=password", "srv:data",
                 srv.local("back"), env=srv.password_env()))
    wait_event("mod_sftp.scp.session-closed NULL")
    expect_same(happened("mod_sftp.scp.session-opened"), 1, "opened")
    expect_same(happened("mod_sftp.scp.session-closed"), 1, "closed")


@promise("compression is reported by both names, when it begins")
def _():
    for server in (early_zlib, other):
        begin()
        conn = paramiko.Transport(server.connect())
        conn.use_compression()
        if server is early_zlib:
            conn._preferred_compression = ("zlib", "none")
        conn.start_client(timeout=60)
        conn.auth_password("alice", server.password)
        conn.close()
        server.no_sessions()
        log = server.log("sftp.log")[mark[server]:]
        for name in ("ssh.client", "ssh.server", "ssh2.client",
                     "ssh2.server"):
            expect_same(happened("mod_sftp.%s-compression" % name, server), 1,
                        name)
        early = log.index("ssh.client-compression") < \
            log.index("login of" if server is other else "auth-password")
        expect_same(early, server is early_zlib, "before the login")
    begin()
    with paramiko_transport(srv, password=True):
        pass
    srv.no_sessions()
    expect_same(happened("mod_sftp.ssh.client-compression"), 0, "without")


@promise("a message in the wrong phase is shown unchanged")
def _():
    begin()
    raw = Raw()
    raw.send(b"\x5a" + b"abc\xfe")
    raw.end()
    wait_event("ssh2.invalid-packet: message 90, 5 bytes, last 0xfe, number 0, "
               "of sftp")


@promise("a client that speaks no SSH, or nonsense, is reported; others are "
         "not")
def _():
    for what in (b"GET / HTTP/1.0\r\n\r\n", b"SSH-1.5-old\r\n",
                 b"\x16\x03\x01\x02\x00" + bytes(600),
                 b"SSH-2.0-x\r\n\xff\xff\xff\xff" + bytes(64)):
        begin()
        with srv.connect() as sock:
            sock.sendall(what)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(65536):
                    pass
            except OSError:
                pass
        srv.no_sessions()
        expect_same(happened("core.bad-protocol"), 1, "%.20r" % what)
        expect_same(happened("mod_sftp.ssh2.no-authentication"), 1,
                    "no attempt, %.20r" % what)
    begin()
    refuse("auth_password", "wrong")
    expect_same(happened("core.bad-protocol"), 0, "a wrong password")


@promise("a failed key exchange is reported")
def _():
    begin()
    raw = Raw()
    raw.kexinit()
    raw.send(b"\x1e" + struct.pack(">I", 3) + b"abc")
    raw.end()
    wait_event("mod_sftp.ssh2.kex.failed NULL")


@promise("a module sees every message, takes one and answers it")
def _():
    begin()
    with paramiko_transport(srv, password=True) as conn:
        expect(conn.global_request("watch@example.org", wait=True) is not None,
               "the request was refused")
        expect(conn.global_request("other@example.org", wait=True) is None,
               "the other request was granted")
    log = srv.wait_log("sftp.log", "state (0x..), options (0x.*), services 3, "
                       "our connection, a pool, log " + srv.path("sftp.log"))
    expect_same(int(log.group(1), 16) & 15, 7, "state")
    expect_same(int(log.group(2), 16) & ~4, 0x1000, "options")


@promise("the daemon sees at once that nobody listens to its log")
def _():
    first = re.findall(r"known event: .*'(core\.log\.[a-z]+)'",
                       srv.log("sftp.log"))[:3]
    expect_same(first, ["core.log.tracelog", "core.log.systemlog",
                        "core.log.syslog"], "the first events it knows")


@promise("a module can replace the login")
def _():
    begin()
    with paramiko_transport(other, password=True) as conn:
        expect(conn.is_authenticated(), "not logged in")
    other.wait_log("sftp.log", "login of alice instead")


main(srv, early_zlib, other, methods)
