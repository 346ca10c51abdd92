#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Host keys: from files of every kind, from an agent, certified, told to
clients and proven."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import (PATIENCE, SOURCE, Server, keygen, must, run, said,
                    wait_for)


class Agent:
    """An ssh-agent with a socket of its own."""

    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", path], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(path), "the agent")

    def add(self, *keys):
        must(run(["ssh-add", "-q"] + list(keys),
                 env=dict(os.environ, SSH_AUTH_SOCK=self.path)))
        return self

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def pub(path):
    with open(path + ".pub") as file:
        return file.read().split()[:2]


def trusting(srv, lines, *options):
    """One session whose known_hosts has these lines only; the result and
    what the file has in the end."""
    known = srv.local("trusted")
    with open(known, "w") as out:
        for words in lines:
            out.write(" ".join(words) + "\n")
    result = srv.sftp("pwd", "-oUserKnownHostsFile=" + known,
                      "-oGlobalKnownHostsFile=none", *options)
    with open(known) as file:
        return result, file.read()


def name(srv):
    return "[127.0.0.1]:%d" % srv.port


def agreed(srv):
    """The host key algorithm of the last session."""
    log = srv.log("sftp.log")
    return log[log.rindex("server hostkey: "):].split("\n")[0].split()[-1]


@promise("a client learns the other host keys, and has them proven")
def _():
    srv = Server().start()
    try:
        first = pub(srv.path("host_ed25519"))
        result, known = trusting(srv, [[name(srv)] + first],
                                 "-oUpdateHostKeys=yes")
        must(result)
        for other in ("host_ecdsa", "host_rsa"):
            expect(pub(srv.path(other))[1] in known, other + "\n" + known)
    finally:
        srv.stop_clean()


@promise("NoHostkeyRotation announces nothing")
def _():
    srv = Server("SFTPOptions NoHostkeyRotation").start()
    try:
        first = pub(srv.path("host_ed25519"))
        result, known = trusting(srv, [[name(srv)] + first],
                                 "-oUpdateHostKeys=yes")
        must(result)
        expect(pub(srv.path("host_rsa"))[1] not in known, known)
    finally:
        srv.stop_clean()


@promise("of two keys of one type the last signs, the other is announced")
def _():
    srv = Server()
    new = keygen(srv.path("new"), "-t", "ed25519")
    srv.directives = "SFTPHostKey " + new
    srv.start()
    try:
        result, known = trusting(srv, [[name(srv)] + pub(new)],
                                 "-oUpdateHostKeys=yes",
                                 "-oHostKeyAlgorithms=ssh-ed25519")
        must(result)
        expect(pub(srv.path("host_ed25519"))[1] in known, known)
    finally:
        srv.stop_clean()


def certified(srv, key, *options):
    """The key's certificate by a new authority; the authority."""
    ca = srv.path("ca")
    if not os.path.exists(ca):
        keygen(ca, "-t", "ed25519")
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "host", "-h", "-n",
              "127.0.0.1"] + list(options) + [key + ".pub"]))
    return ca


@promise("a certified key is offered with its certificate, for every type")
def _():
    srv = Server()
    for key in ("host_ed25519", "host_ecdsa", "host_rsa"):
        ca = certified(srv, srv.path(key))
        srv.directives += "SFTPHostCertificate %s-cert.pub\n" % srv.path(key)
    srv.start()
    try:
        line = ["@cert-authority", "*"] + pub(ca)
        for algorithm in ("ssh-ed25519", "ecdsa-sha2-nistp256",
                          "rsa-sha2-512", "rsa-sha2-256"):
            result, _ = trusting(srv, [line], "-oHostKeyAlgorithms=%s"
                                 % (algorithm + "-cert-v01@openssh.com"))
            must(result)
            expect_same(agreed(srv), algorithm + "-cert-v01@openssh.com",
                        "agreed on")
        # Without an authority they work as they always did.
        must(trusting(srv, [[name(srv)] + pub(srv.path("host_rsa"))])[0])
        must(trusting(srv, [line], "-oRekeyLimit=1K")[0])
    finally:
        srv.stop_clean()


@promise("a certificate without a key prevents the start, an expired one "
         "does not")
def _():
    for options, text in ((("-V", "20200101:20200102"), "left out"),):
        srv = Server()
        certified(srv, srv.path("host_ed25519"), *options)
        srv.directives = ("SFTPHostCertificate %s-cert.pub"
                          % srv.path("host_ed25519"))
        srv.start()
        try:
            must(srv.sftp("pwd"))
            log = srv.log("start.log") + srv.log("system.log")
            expect(text in log, log)
        finally:
            srv.stop_clean()

    srv = Server()
    other = keygen(srv.path("other"), "-t", "ed25519")
    certified(srv, other)
    srv.directives = "SFTPHostCertificate %s-cert.pub" % other
    log = srv.refuses_to_start()
    expect("it certifies no SFTPHostKey" in log, log)

    srv = Server()
    ca = keygen(srv.path("ca"), "-t", "ed25519")
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "user", "-n", "alice",
              srv.path("host_ed25519.pub")]))
    srv.directives = ("SFTPHostCertificate %s-cert.pub"
                      % srv.path("host_ed25519"))
    log = srv.refuses_to_start()
    expect("certificate for users" in log, log)

    for path, text in ((srv.path("host_ed25519.pub"), "SFTPHostCertificate"),
                       (srv.path("no-such"), "No such file"),
                       ("relative", "absolute path")):
        log = Server("SFTPHostCertificate " + path).refuses_to_start()
        expect(text in log, log)


def offered(srv):
    """The names of the server's KEXINIT."""
    said_all = srv.sftp("pwd", "-vv").stderr.decode()
    peer = said_all[said_all.index("peer server KEXINIT"):]
    return re.search(r"host key algorithms: (\S+)", peer).group(1).split(",")


@promise("experimental keys are offered where they are named, and only there")
def _():
    experimental = "ssh-mldsa44-ed25519@openssh.com"
    has = b"ML-DSA-44" in run(["openssl", "list", "-key-managers"]).stdout
    for line in ("", "SFTPHostKeys +" + experimental):
        srv = Server(line + "\nSFTPHostKey @DIR@/host_mldsa44")
        shutil.copy(os.path.join(SOURCE, "t/data/keys/mldsa44-ed25519"),
                    srv.path("host_mldsa44"))
        os.chmod(srv.path("host_mldsa44"), 0o600)
        srv.start()
        try:
            names = offered(srv)
            expect_same(experimental in names, has and line != "", str(names))
            expect_same("a key of type %s is not supported here" % experimental
                        in srv.log("start.log"), not has, "a line in the log")
        finally:
            srv.stop_clean()


@promise("an agent signs with its keys, also for rekeys in a chroot")
def _():
    srv = Server(drop=("SFTPHostKey",))
    agent = Agent(srv.path("agent")).add(
        *[srv.path(key) for key in ("host_ed25519", "host_ecdsa",
                                    "host_rsa")])
    srv.directives = "SFTPHostKey agent:" + agent.path
    srv.start()
    try:
        sent = srv.local("sent", os.urandom(1000000))
        for algorithm in ("ssh-ed25519", "ecdsa-sha2-nistp256",
                          "rsa-sha2-512", "rsa-sha2-256"):
            must(srv.sftp("put %s f" % sent, "-oRekeyLimit=100K",
                          "-oHostKeyAlgorithms=" + algorithm))
            expect_same(agreed(srv), algorithm, "agreed on")
        expect_same(len(srv.get("f")), 1000000, "size")
        first = pub(srv.path("host_ed25519"))
        _, known = trusting(srv, [[name(srv)] + first],
                            "-oUpdateHostKeys=yes")
        expect(pub(srv.path("host_rsa"))[1] in known, known)
        agent.end()
        # Without it nobody gets in, and the log says why.
        expect(srv.sftp("pwd").returncode != 0, "it works without the agent")
        srv.wait_log("sftp.log", "no available host keys")
    finally:
        agent.end()
        srv.stop_clean()


@promise("an agent's key beside one of a file, and NoRSA for both")
def _():
    srv = Server(drop=("SFTPHostKey",))
    agent = Agent(srv.path("agent")).add(srv.path("host_ecdsa"),
                                         srv.path("host_rsa"))
    srv.directives = ("SFTPHostKey agent:%s\nSFTPHostKey %s\n"
                      "SFTPHostKey NoRSA\n"
                      % (agent.path, srv.path("host_ed25519")))
    srv.start()
    try:
        for algorithm, good in (("ssh-ed25519", True),
                                ("ecdsa-sha2-nistp256", True),
                                ("rsa-sha2-512", False)):
            result = srv.sftp("pwd", "-oHostKeyAlgorithms=" + algorithm)
            expect((result.returncode == 0) == good,
                   algorithm + " " + said(result))
    finally:
        agent.end()
        srv.stop_clean()


@promise("an agent that is missing, or has no keys, prevents the start")
def _():
    log = Server("SFTPHostKey agent:/no/such/agent").refuses_to_start()
    expect("agent:/no/such/agent" in log and "No such file" in log, log)
    srv = Server()
    agent = Agent(srv.path("agent"))
    try:
        srv.directives = "SFTPHostKey agent:" + agent.path
        log = srv.refuses_to_start()
        expect("no key that can be used" in log, log)
    finally:
        agent.end()


class HostileAgent:
    """Answers each request with the same bytes, as often as it is asked."""

    def __init__(self, path, answer):
        self.path, self.answer = path, answer
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                with conn, contextlib.suppress(OSError):
                    while conn.recv(65536):
                        conn.sendall(self.answer)

    def end(self):
        self.listener.close()


def agent_message(kind, body):
    return (1 + len(body)).to_bytes(4, "big") + bytes([kind]) + body


@promise("an agent that lies about lengths and numbers prevents the start, "
         "too")
def _():
    many = 1025
    for name, answer in (
            ("endless", b"\xff\xff\xff\xff\x0c"),
            ("long", (256 * 1024 + 1).to_bytes(4, "big") + b"\x0c"
             + b"\0" * (256 * 1024)),
            ("empty", bytes(4)),
            ("other", agent_message(5, b"")),
            ("many", agent_message(12, many.to_bytes(4, "big")
                                   + bytes(8) * many)),
            ("claims", agent_message(12, b"\xff\xff\xff\xff")),
            ("cut", agent_message(12, b"\0\0\0\1\0\0\1\0ssh"))):
        srv = Server()
        agent = HostileAgent(srv.path("agent"), answer)
        try:
            srv.directives = "SFTPHostKey agent:" + agent.path
            log = srv.refuses_to_start()
            expect("agent:" + agent.path in log, (name, log))
        finally:
            agent.end()


@promise("encrypted keys of every format open with the provider's passphrase")
def _():
    srv = Server(drop=("SFTPHostKey",))
    provider = srv.path("provider")
    with open(provider, "w") as out:
        out.write("#!/bin/sh\necho secret\n")
    os.chmod(provider, 0o700)
    lines = ["SFTPPassPhraseProvider " + provider]
    for number, args in enumerate((
            ("-t", "ed25519"), ("-t", "ed25519", "-Z", "aes256-cbc"),
            ("-t", "ecdsa", "-b", "384", "-Z", "aes256-gcm@openssh.com"),
            ("-t", "ecdsa", "-b", "521", "-Z",
             "chacha20-poly1305@openssh.com"),
            ("-t", "ecdsa", "-m", "PEM"), ("-t", "rsa", "-m", "PKCS8"))):
        path = srv.path("locked%d" % number)
        must(run(["ssh-keygen", "-q", "-N", "secret", "-C", "x", "-f", path]
                 + list(args)))
        lines.append("SFTPHostKey " + path)
    srv.directives = "\n".join(lines)
    srv.start()
    try:
        for number, algorithm in ((1, "ssh-ed25519"),
                                  (2, "ecdsa-sha2-nistp384"),
                                  (3, "ecdsa-sha2-nistp521"),
                                  (4, "ecdsa-sha2-nistp256"),
                                  (5, "rsa-sha2-512")):
            key = pub(srv.path("locked%d" % number))
            must(trusting(srv, [[name(srv)] + key],
                          "-oHostKeyAlgorithms=" + algorithm)[0])
    finally:
        srv.stop_clean()


@promise("a key file that others may read prevents the start, unless allowed")
def _():
    srv = Server()
    os.chmod(srv.path("host_rsa"), 0o640)
    log = srv.refuses_to_start()
    expect("group- or world-accessible" in log, log)
    srv.directives = "SFTPOptions InsecureHostKeyPerms"
    srv.start()
    try:
        must(srv.sftp("pwd", "-oHostKeyAlgorithms=rsa-sha2-512"))
    finally:
        srv.stop_clean()


main()
