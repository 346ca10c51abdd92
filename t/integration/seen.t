#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto python3-paramiko

"""ftpdctl sftp whatif and keys: who would no longer get in, which keys are
used."""

import base64
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from controls import CONTROLS, Controlled
from manualpage import expect_shown, inline, page
from rawsftp import HANDLE, Raw, num, string
from server import keygen, must, run, wait_for

import paramiko

srv = Controlled(CONTROLS + "SFTPMetricsFile @DIR@/sftp.prom 1\n"
                 "SFTPCiphers aes128-ctr aes256-ctr aes128-gcm@openssh.com\n"
                 "SFTPDigests hmac-sha2-256 hmac-sha2-512\n"
                 "SFTPTrustedUserCAKeys @DIR@/trusted\n"
                 "SFTPMaxStartups 20\nMaxClients 30\nMaxClientsPerHost 25\n"
                 "MaxClientsPerUser 20\nMaxHostsPerUser 10\n"
                 "MaxTransfersPerUser STOR,RETR 5\nMaxInstances 40\n",
                 users=("alice", "bob"))
OLD = "Old_1.0"
HOSTILE = 'x"y\\z\'%n Comment'


def login(software, user="alice", ciphers=None, digests=None):
    with paramiko.Transport(srv.connect()) as conn:
        conn.local_version = "SSH-2.0-" + software
        options = conn.get_security_options()
        options.ciphers = ciphers or options.ciphers
        options.digests = digests or options.digests
        conn.start_client(timeout=60)
        conn.auth_password(user, srv.password)


def fail(software):
    with paramiko.Transport(srv.connect()) as conn:
        conn.local_version = "SSH-2.0-" + software
        conn.start_client(timeout=60)
        try:
            conn.auth_password("alice", "wrong")
        except paramiko.AuthenticationException:
            return
    expect(False, "a wrong password logs in")


def make_keys():
    """A trusted authority, a certificate of it for alice, and in her file, and
    in bob's, a key that nobody uses."""
    ca, other, old = (keygen(srv.path(name), "-t", "ed25519")
                      for name in ("ca", "certified", "old"))
    must(run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", "alice", "-V",
              "20200101000000:20991231235959", other + ".pub"]))
    with open(srv.path("trusted"), "w") as out, open(ca + ".pub") as pub:
        out.write(pub.read())
    srv.authorize(srv.key, form="openssh", user="alice")
    srv.authorize(old, form="openssh", user="bob")
    with open(srv.path("keys/alice"), "a") as out, open(old + ".pub") as pub:
        out.write(" ".join(pub.read().split()[:2] + ["old laptop"]) + "\n")
    os.chmod(srv.path("trusted"), 0o644)
    with open(srv.path("keys/nobody"), "w"):
        os.chmod(srv.path("keys/nobody"), 0o666)


def ask(*questions):
    """The answers; the daemon gives all of them at its next look."""
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(lambda words: srv.ctl(*words.split()), questions))


def manual(heading):
    """The indented lines of a section, block by block; what is indented
    further continues a line."""
    section = page().split("\n#### %s\n" % heading)[1]
    section = re.split(r"\n##+ ", section)[0]
    blocks = [[line[4:] for line in re.sub(r"\n {8}", " ", block)
               .splitlines()] for block in
              re.findall(r"(?m)(?:^    .*\n)+", section)]
    return blocks


answers = {}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
PLACES = (r"server 127\.0\.0\.1:\d+", "server 192.0.2.1:22"), (
    r"expires [-\d]+ [:\d]+", "EXPIRES"), (
    TIME, "2026-11-30 08:30:00"), (
    "EXPIRES", "expires 2099-12-31 23:59:59"), (
    r"SHA256:\S{43}\b", "SHA256:..."), ("from 127.0.0.1", "from 192.0.2.7"), (
    re.escape(srv.path("keys/")), "/etc/proftpd/keys/"), (
    r"'under test' \(127\.0\.0\.1:\d+\)", "'ftp.example.org' (192.0.2.1:22)")


def masked(lines):
    text = "\n".join(lines)
    for pattern, words in PLACES:
        text = re.sub(pattern, words, text)
    return text.splitlines()


@promise("whatif names the clients and users that would have nothing in common "
         "with the server, and the manual has its answer")
def _():
    login(OLD, ciphers=["aes128-ctr"])
    login(OLD, ciphers=["aes128-ctr"])
    login("New_2.0")
    login("New_2.0", user="bob")
    login("Two_1.0", user="bob", ciphers=["aes128-ctr", "aes256-ctr"],
          digests=["hmac-sha2-256"])
    fail("Stranger_1.0")
    srv.no_sessions()
    one, none, some, mac, implied, host, glob, unknown = ask(
        "whatif -aes128-ctr", "whatif -arcfour256",
        "whatif -aes*-ctr aes*-gcm*", "whatif -hmac-sha2-256",
        "whatif -hmac-sha2-256 -hmac-sha2-512", "whatif -ssh-ed25519",
        "whatif -*25519* -ecdh-* -diffie-*", "whatif -no-such")
    expect_same(masked(one), manual("whatif")[0], "the manual's")
    expect(len(none) == 1 and none[0].startswith(
        "cut off: 0 of 3 clients, 0 of 2 users, since "), "%r" % none)
    expect(some[-1].startswith("cut off: 3 of 3 clients, 2 of 2 users"),
           "%r" % some)
    expect_same([line for line in some if line.startswith("user ")], [
        line.replace("alice", user) for user in ("alice", "bob")
        for line in inline("user alice has")], "users, as the manual says")
    expect(len(mac) == 2 and mac[0].startswith(
        "no digest left: client Two_1.0, user bob, server "), "%r" % mac)
    # paramiko prefers aes128-ctr, which needs a digest.
    expect(implied[-1].startswith("cut off: 3 of 3 clients"), "%r" % implied)
    expect(host[-1].startswith("cut off: 0 of 3 clients"), "%r" % host)
    expect(any(line.startswith("no key exchange left: ") for line in glob),
           "%r" % glob)
    expect_same(unknown, ["'-no-such': there is no algorithm of that name"],
                "unknown")


@promise("whatif sees running sessions, a digest that no cipher needs, and the "
         "user's key")
def _():
    proc = subprocess.Popen(
        ["sftp", "-F", srv.ssh_config(), "-c", "aes128-gcm@openssh.com,"
         "aes128-ctr", "srv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    try:
        line = proc.stderr.readline()
        expect(line.startswith(b"Connected to "), "%r" % line)
        macs, both, key = ask("whatif -hmac-*", "whatif -hmac-* -aes128-gcm*",
                              "whatif ssh-ed25519")
    finally:
        proc.communicate()
    expect(not any("OpenSSH_" in line for line in macs), "%r" % macs)
    expect(any("no digest left: client OpenSSH_" in line for line in both),
           "%r" % both)
    expect(any(line.startswith(inline("no user key")[0] + ": client OpenSSH_")
               for line in key), "%r" % key)
    srv.no_sessions()


@promise("algorithms count by the client's name, whatever that is, here and in "
         "the file of metrics")
def _():
    login(HOSTILE, ciphers=["aes256-ctr"])
    lines, answers["none"], answers["many"] = ask(
        "counters client_algorithms", "whatif", "whatif" + 17 * " -a")
    expect("client_algorithms client='%s' kind=cipher algorithm=aes128-ctr 2" %
           OLD in lines, "%r" % lines)
    expect("client_algorithms client='%s' kind=cipher algorithm=aes256-ctr 1" %
           HOSTILE in lines, "%r" % lines)
    for kind in ("key_exchange", "host_key", "mac", "compression"):
        expect(any("client='%s' kind=%s " % (OLD, kind) in line
                   for line in lines), "%s: %r" % (kind, lines))
    expect(not any("Stranger" in line for line in lines), "%r" % lines)
    wanted = 'mod_sftp_client_algorithms_total{client="%s",kind="cipher",' \
        'algorithm="aes256-ctr"} 1\n' % HOSTILE.replace("\\", "\\\\").replace(
            '"', '\\"')
    wait_for(lambda: wanted in srv.log("sftp.prom"), "the file")


@promise("keys lists the keys and certificates that were used, and those in key "
         "files that were not; the manual has its answers")
def _():
    for key in srv.key, srv.path("certified"):
        must(run(["sftp", "-q", "-b", "/dev/null", "-F", srv.ssh_config(),
                  "-o", "IdentityFile=" + key, "srv"]))
    srv.no_sessions()
    used, unused, *odd = ask("keys", "keys 90", "keys 0", "keys x", "keys 1 2",
                             "keys 36501")
    expect_same(sorted(masked(used)), sorted(manual("keys")[0]), "keys")
    expect_same(masked(unused)[:-1], manual("keys")[1], "keys 90")
    expect(unused[-1].startswith("  unable to use key file '%s': " % srv.path(
        "keys/nobody")), "%r" % unused)
    for lines in odd:
        expect_same(lines, ["usage: ftpdctl sftp keys [days]"], "odd words")
    print_ = must(run(["ssh-keygen", "-l", "-f", srv.path("ca.pub")])).stdout
    expect("signed by " + print_.decode().split()[1] in "\n".join(used),
           "%r" % used)


@promise("one user's many keys do not hide those of others")
def _():
    with open(srv.path("keys/alice")) as file:
        before = file.read()
    try:
        with open(srv.path("keys/alice"), "a") as out:
            for number in range(500):
                blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"%032d" % number
                out.write("ssh-ed25519 %s\n" % base64.b64encode(blob).decode())
        lines = srv.ctl("keys", "90")
    finally:
        with open(srv.path("keys/alice"), "w") as out:
            out.write(before)
    expect_same(sum(", user alice, " in line for line in lines), 32, "lines")
    expect("  and 469 more of user alice" in lines, "%r" % lines[-5:])
    expect(any(", user bob, " in line for line in lines), "%r" % lines[-5:])


@promise("counters has each limit with what is used of it, and so has the file of "
         "metrics")
def _():
    with Raw(srv, 3) as first, Raw(srv, 3), paramiko.Transport(
            srv.connect()) as waiting:
        waiting.start_client(timeout=60)
        expect_same(first.ask(3, string(b"/up") + num(0x1a) + num(0))[0],
                    HANDLE, "an open file")
        lines, answers["before"] = ask("counters", "whatif -aes128-ctr")
        server = "127.0.0.1:%d" % srv.port
        for limit, used, most in (
                ("MaxClients", 3, 30), ("MaxClientsPerHost", 3, 25),
                ("MaxClientsPerUser", 2, 20), ("MaxHostsPerUser", 1, 10),
                ("MaxTransfersPerUser STOR,RETR", 1, 5)):
            line = "limit_used limit='%s' server=%s %d of %d" % (
                limit, server, used, most)
            expect(line in lines, "%s in %r" % (
                line, [line for line in lines if "limit" in line]))
            labels = '{limit="%s",server="%s"} ' % (limit, server)
            for name, number in (("used", used), ("maximum", most)):
                line = "mod_sftp_limit_%s%s%d\n" % (name, labels, number)
                wait_for(lambda line=line: line in srv.log("sftp.prom"), line)
        for line in "current_startups 1 of 20", "current_connections 3 of 40":
            expect(line in lines, "%s in %r" % (line, lines))
        expect(any(re.fullmatch(r"remembered_clients \d+ of 1024", line)
                   for line in lines), "%r" % lines)
        expect_shown(inline("current_connections ") + inline("limit_used l"),
                     lines)
        expect(any(re.fullmatch(r"remembered_keys \d+ of 2048", line)
                   for line in lines), "%r" % lines)
    srv.no_sessions()


@promise("what was seen survives a reload")
def _():
    srv.process.send_signal(signal.SIGHUP)
    srv.wait_log("system.log", "received SIGHUP")
    wait_for(srv.greets, "the daemon")
    whatif, keys = ask("whatif -aes128-ctr", "keys")
    expect_same(whatif, answers["before"], "whatif")
    expect(keys[-1].startswith("2 keys since "), "%r" % keys)


@promise("one user cannot fill the table, and the answer says what is missing")
def _():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: login("Many_%02d" % number, "bob"),
                      range(33)))
    lines, = ask("whatif -aes*")
    expect_same(lines[-1:], inline("not looked at: "), "the manual's")
    expect(any("client " + OLD in line for line in lines), "%r" % lines)


@promise("odd words get a usage line")
def _():
    for words in ("none", "many"):
        expect_same(answers[words], ["usage: ftpdctl sftp whatif -algorithm "
                                     "..."], words)


make_keys()
main(srv)
