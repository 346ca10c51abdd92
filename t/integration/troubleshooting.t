#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: curl default-jdk-headless filezilla lftp libjsch-java libjzlib-java
# needs: putty-tools python3-paramiko
# sanitizers: no

"""doc/troubleshooting.md: what a client prints in each case, and what the logs
say then.  Each symptom is provoked with the clients that Debian packages.
"""

import concurrent.futures
import logging
import os
import re
import sys
import tempfile
import time

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(TESTS, name) for name in
                ("lib", "interop", "interop/drivers")]
import filezilla
import programs
from base import Login
from tap import expect, expect_same, main, promise
from server import (PATIENCE, SOURCE, Server, client, keygen, must, run,
                    wait_for)
from clients import Psftp, putty_home

import paramiko

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False

# The clients of the page that this test runs.
HERE = ("OpenSSH", "PuTTY", "paramiko", "curl", "lftp")
# Those of t/interop.
FOUND = {"FileZilla": filezilla.FileZilla, "JSch": programs.Jsch}
# Texts that no test sees, and why.
NOT_DRIVEN = {
    "WinSCP": "it runs on Windows alone",
    ("FileZilla", "The host key has changed"): "a window says it",
    ("JSch", "The host key has changed"): "its program here trusts every key",
    ("JSch", "This service is for file transfer only"):
        "its program here opens SFTP alone",
    ("FileZilla", "The connection ends after a while"):
        "its engine waits for no command in between",
    ("JSch", "The connection ends after a while"):
        "its program here does not wait",
}

# Whether a client still reads what was sent before the end, or only finds that
# the connection was reset, is a matter of time; the others, of its version.
MAYBE = {"Connection reset by peer", "Couldn't agree a ... (available: ...)",
         "does not correspond to any supported algorithm",
         "Unable to open channel.", "Authentication failed.",
         "Authentication failed: transport shut down or saw EOF",
         "kex_exchange_identification: ...",
         "Received disconnect from ... port ...:11: idle timeout reached",
         "Connection to ... port ...: Broken pipe",
         "Server connection dropped", "Socket is closed", "EOFError",
         "session is down", "SSH_MSG_DISCONNECT: 12",
         "java.net.SocketTimeoutException: Read timed out",
         "java.net.SocketException: Connection reset",
         "connection is closed by foreign host"}


def page_sections():
    with open(os.path.join(SOURCE, "doc/troubleshooting.md"),
              encoding="utf-8") as page:
        part = re.search(r"^## What the client prints\n(.*?)(?=^## )",
                         page.read(), re.S | re.M).group(1)
    parts = re.split(r"^### (.+)\n", part, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def pattern(text):
    return ".*".join(re.escape(part) for part in text.split("..."))


def texts(cell):
    return re.findall(r"`([^`]+)`", cell)


def is_there(text, where):
    return re.search(pattern(text), where) is not None


# ---- Clients: what each of them prints


def out(result):
    return (result.stdout + result.stderr).decode("utf-8", "replace")


def openssh(srv, *options, batch="ls -l", command="sftp"):
    if command == "sftp":
        name = srv.local("batch-%d" % time.monotonic_ns(),
                         batch.encode() + b"\n")
        return out(client(["sftp", "-F", srv.ssh_config(), *options, "-b",
                           name, "srv"]))
    return out(client([command, "-F", srv.ssh_config(), *options]))


def password(srv, *options, word="wrong"):
    """ssh, which types a password when it is asked for one."""
    return out(client(["ssh", "-F", srv.ssh_config(), "-o",
                       "PubkeyAuthentication=no", *options, "srv"],
                      env=srv.password_env(word)))


def putty(srv, batch="ls", **more):
    return out(Psftp(srv, **more).run(batch))


def with_paramiko(srv, act=lambda sftp: sftp.listdir(), word=None, key=None):
    transport = None
    try:
        transport = paramiko.Transport(srv.connect())
        transport.start_client(timeout=PATIENCE)
        if word is not None:
            transport.auth_password(srv.user, word, fallback=False)
        else:
            transport.auth_publickey(
                srv.user, paramiko.Ed25519Key.from_private_key_file(
                    key or srv.key))
        act(paramiko.SFTPClient.from_transport(transport))
        return "ok"
    except Exception as error:              # whatever it says
        return str(error) or type(error).__name__
    finally:
        if transport is not None:
            transport.close()


def curl(srv, *options, path="", word=None, trust=("--insecure",), **more):
    return out(client(["curl", "-sS", *trust, "--max-time", "30", "-u",
                       "%s:%s" % (srv.user, word or srv.password), *options,
                       "sftp://127.0.0.1:%d/%s" % (srv.port, path)], **more))


def lftp(srv, commands="ls", options=""):
    home = srv.path("lftp")
    os.makedirs(home, exist_ok=True)
    script = ("set cmd:fail-exit yes\nset net:max-retries 1\n"
              "set net:timeout 30\nset sftp:auto-confirm no\n"
              'set sftp:connect-program "ssh -a -x -F %s %s"\n'
              "open -u %s, sftp://srv\n%s\n"
              % (srv.ssh_config(), options, srv.user, commands))
    name = srv.local("script-%d" % time.monotonic_ns(), script.encode())
    return out(client(["lftp", "-f", name],
                      env=dict(os.environ, HOME=home, LFTP_HOME=home)))


LIST = ("ls", ".")
BUILD = tempfile.TemporaryDirectory()


def compiled():
    """JSch is a library: the program that uses it."""
    must(run(["javac", "-cp", "/usr/share/java/jsch.jar", "-d", BUILD.name,
              os.path.join(TESTS, "interop/programs/IoJsch.java")]))


def others(*cases):
    """{client: what it printed in each case}; a case: server, command,
    password or None."""
    COMPILED.result()
    seen = {}
    for name, program in FOUND.items():
        one = program()
        seen[name] = [out(one.do(Login(
            srv, password=word, key=None if word else one.key or "ed25519",
            build=BUILD.name), words)) for srv, words, word in cases]
    return seen


def all_clients(srv):
    return {"OpenSSH": [openssh(srv)], "PuTTY": [putty(srv)],
            "paramiko": [with_paramiko(srv)], "curl": [curl(srv)],
            "lftp": [lftp(srv)], **others((srv, LIST, None))}


def made(directives="", start=True, **more):
    srv = Server(directives, **more)
    return srv.start() if start else srv


# ---- Symptoms: {client: [what it printed in each case]}, and the logs


def refused():
    srv = made()
    srv.stop()
    return all_clients(srv), ""


def ends_at_once():
    penal = made("SFTPPerSourcePenalties authfail:10m")
    with_paramiko(penal, word="wrong")
    wait_for(lambda: not penal.greets(), "the penalty")
    ftp = made(drop=("SFTPEngine", "SFTPHostKey", "SFTPLog",
                     "SFTPAuthorizedUserKeys"), start=False)

    def answers():
        with ftp.connect() as sock:
            return sock.recv(4) == b"220 "

    ftp.launch()
    wait_for(lambda: "STARTUP" in ftp.log("system.log") and answers(), "FTP")
    seen = all_clients(penal)
    for name, texts_of in all_clients(ftp).items():
        seen[name] += texts_of
    logs = penal.log("system.log") + ftp.log("system.log")
    penal.stop()
    ftp.stop()
    return seen, logs


def too_many():
    srv = made("MaxClients 1")
    with srv.connect() as sock:
        transport = paramiko.Transport(sock)
        transport.start_client(timeout=PATIENCE)
        transport.auth_password(srv.user, srv.password)
        seen = all_clients(srv)
        transport.close()
    logs = srv.log("system.log")
    srv.stop()
    return seen, logs


def nothing_in_common():
    kex = made("SFTPKeyExchanges curve448-sha512")
    host = made("SFTPHostKeys ssh-rsa")
    cipher = made("SFTPCiphers cast128-cbc none")
    seen = {"OpenSSH": [openssh(kex), openssh(host), openssh(cipher)],
            "PuTTY": [putty(cipher)],
            "paramiko": [with_paramiko(kex), with_paramiko(cipher)],
            "curl": [curl(kex)], "lftp": [lftp(kex)],
            **others((cipher, LIST, None))}
    logs = "".join(srv.log("sftp.log") for srv in (kex, host, cipher))
    for srv in (kex, host, cipher):
        srv.stop()
    return seen, logs


def other_host_key():
    srv = made()
    other = keygen(srv.path("other"), "-t", "ed25519")
    with open(other + ".pub", "rb") as pub:
        line = b"[127.0.0.1]:%d %s" % (srv.port, pub.read())
    known = srv.local("other_hosts", line)
    home = srv.path("other_home")
    os.makedirs(home + "/.ssh")
    with open(home + "/.ssh/known_hosts", "wb") as out_file:
        out_file.write(line)
    cache = putty_home(srv)
    with open(os.path.join(cache["PUTTYDIR"], "sshhostkeys"), "w") as keys:
        keys.write("ssh-ed25519@%d:127.0.0.1 0x1,0x1\n" % srv.port)
    trust = ("-o", "UserKnownHostsFile=" + known, "-o",
             "HostKeyAlgorithms=ssh-ed25519")
    there = paramiko.SSHClient()
    there.load_host_keys(known)
    try:
        there.connect("127.0.0.1", srv.port, srv.user, srv.password)
        said = "ok"
    except Exception as error:
        said = str(error)
    there.close()
    seen = {"OpenSSH": [openssh(srv, *trust)],
            "PuTTY": [out(client(["psftp", "-batch", "-P", str(srv.port), "-l",
                                  srv.user, "127.0.0.1"], env=cache))],
            "paramiko": [said],
            "curl": [curl(srv, trust=(), env=dict(os.environ, HOME=home))],
            "lftp": [lftp(srv, options=" ".join(trust))]}
    srv.stop()
    return seen, ""


def refused_login():
    srv = made()
    only_keys = made("SFTPAuthMethods publickey")
    key = keygen(srv.path("unknown"), "-t", "ed25519")
    bad = Psftp(srv, password=True)
    bad.options[bad.options.index(srv.password)] = "wrong"
    no_key = made()
    os.unlink(no_key.path("keys/" + srv.user))
    seen = {"OpenSSH": [openssh(srv, "-o", "PubkeyAuthentication=no"),
                        openssh(no_key)],
            "PuTTY": [out(bad.run("ls")), putty(only_keys, password=True),
                      putty(no_key)],
            "paramiko": [with_paramiko(srv, word="wrong"),
                         with_paramiko(srv, key=key),
                         with_paramiko(only_keys, word=srv.password)],
            "curl": [curl(srv, word="wrong"), curl(only_keys)],
            "lftp": [lftp(no_key)],
            **others((srv, LIST, "wrong"))}
    logs = srv.log("sftp.log") + no_key.log("sftp.log")
    for server in (srv, only_keys, no_key):
        server.stop()
    return seen, logs


def too_many_attempts():
    srv = made("MaxLoginAttempts 2")
    seen = {"OpenSSH": [password(srv, "-o", "NumberOfPasswordPrompts=5")]}
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


def no_shell():
    srv = made()
    seen = {"OpenSSH": [openssh(srv, "srv", command="ssh"),
                        openssh(srv, "srv", "uname", command="ssh")],
            "PuTTY": [out(client(["plink"] + Psftp(srv).options
                                 + ["127.0.0.1"], env=putty_home(srv)))]}
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


def no_sftp():
    srv = made("Protocols scp")
    seen = all_clients(srv)
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


def denied():
    srv = made("AllowOverwrite off\n<Directory ~/kept>\n <Limit WRITE>\n"
               "  DenyAll\n </Limit>\n</Directory>", drop=("AllowOverwrite",))
    srv.put("old", b"x")
    srv.mkdir("kept")
    sent = srv.local("sent", b"y")
    seen = {name: [] for name in HERE}
    for name in ("old", "kept/new"):
        put = "put %s %s" % (sent, name)
        seen["OpenSSH"] += [openssh(srv, batch=put),
                            openssh(srv, "-O", sent, "srv:" + name,
                                    command="scp")]
        seen["PuTTY"].append(putty(srv, put))
        seen["paramiko"].append(with_paramiko(
            srv, lambda sftp, name=name: sftp.put(sent, name)))
        seen["curl"].append(curl(srv, "-T", sent, path=name))
        seen["lftp"].append(lftp(srv, "put %s -o %s" % (sent, name)))
        for client_name, texts_of in others(
                (srv, ("put", sent, name), None)).items():
            seen.setdefault(client_name, []).extend(texts_of)
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


def too_large():
    srv = made("MaxStoreFileSize 1000 B")
    sent = srv.local("sent", b"y" * 5000)
    seen = {"OpenSSH": [openssh(srv, batch="put %s a" % sent)],
            "PuTTY": [putty(srv, "put %s b" % sent)],
            "paramiko": [with_paramiko(srv, lambda sftp: sftp.put(sent, "c"))],
            "curl": [curl(srv, "-T", sent, path="d")],
            "lftp": [lftp(srv, "put %s -o e" % sent)],
            **others((srv, ("put", sent, "f"), None))}
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


def idle():
    srv = made("TimeoutIdle 4")

    def wait(sftp):
        transport = sftp.get_channel().get_transport()
        wait_for(lambda: not transport.is_active(), "the end")
        sftp.listdir()

    seen = {"paramiko": [with_paramiko(srv, wait)],
            # The client runs this command, while the server waits for it.
            "OpenSSH": [openssh(srv, batch="pwd\n!sleep 8\nls")]}
    logs = srv.log("sftp.log")
    srv.stop()
    return seen, logs


SYMPTOMS = {
    "Connection refused": refused,
    "The connection ends at once": ends_at_once,
    "Too many connections": too_many,
    "No algorithm in common": nothing_in_common,
    "The host key has changed": other_host_key,
    "The login is refused": refused_login,
    "Too many attempts": too_many_attempts,
    "This service is for file transfer only": no_shell,
    "SFTP does not start": no_sftp,
    "Permission denied": denied,
    "An upload fails with Failure": too_large,
    "The connection ends after a while": idle,
}
SECTIONS = page_sections()
POOL = concurrent.futures.ThreadPoolExecutor(max_workers=7)
COMPILED = POOL.submit(compiled)
JOBS = {name: POOL.submit(act) for name, act in SYMPTOMS.items()}


@promise("each symptom of the page is provoked here")
def _():
    expect_same(sorted(SECTIONS), sorted(SYMPTOMS), "headings")


def check_rows(symptom, rows, seen):
    known = [name for name in rows if name in NOT_DRIVEN
             or (name, symptom) in NOT_DRIVEN]
    driven = set(rows) - set(known)
    expect_same(sorted(driven - set(HERE) - {"FileZilla", "JSch"}), [],
                "unknown clients")
    expect_same(sorted(driven & {*HERE, *FOUND}), sorted(seen), "clients")
    for name, cases in seen.items():
        known = texts(rows[name])
        for said in cases:
            expect(any(is_there(text, said) for text in known),
                   "%s: the page has none of this:\n%s" % (name, said))
        for text in set(known) - MAYBE:
            expect(any(is_there(text, said) for said in cases),
                   "%s did not print '%s', but\n%s" % (
                       name, text, "\n--\n".join(cases)))


for symptom in SYMPTOMS:
    @promise("%s: clients print, and the log says, what the page has"
             % symptom)
    def _(symptom=symptom):
        seen, logs = JOBS[symptom].result()
        body = SECTIONS[symptom]
        check_rows(symptom, dict(re.findall(r"^\| ([\w, ]+) \| (.*`.*) \|$", body,
                                   re.M)), seen)
        log = re.search(r"^\*\*Log:\*\* (.*?)\n\n", body, re.S | re.M).group(1)
        for text in texts(log):
            if not text.startswith("SFTP") and text != "SystemLog":
                expect(is_there(text, logs), "no log has '%s'\n%s" % (
                    text, logs[-2000:]))


main()
