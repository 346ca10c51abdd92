#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-crypto proftpd-mod-sqlite proftpd-mod-vroot prometheus
# needs: prometheus-node-exporter python3-paramiko python3-prometheus-client

"""ftpdctl sftp: what the daemon has done, and what it does now."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from controls import CONTROLS, Controlled
from manualpage import example, expect_shown, inline, page
from rawsftp import HANDLE, Raw, num, quad, string
from server import GID, UID, Server, free_port, has_module, must, run
from server import preload, wait_for

import paramiko
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families)

METRICS = """
SFTPMetricsFile @DIR@/metrics/sftp.prom 1
<Directory ~/shut>
  <Limit WRITE>
    DenyAll
  </Limit>
</Directory>
"""
RULES = """
<Class near>
  From 192.0.2.0/24
</Class>
<Directory ~/explained>
  PathDenyFilter "\\\\.exe$"
  AllowOverwrite off
  <Limit DELE>
    AllowClass near
    DenyAll
  </Limit>
  <Limit STOR>
    AllowUser alice
    DenyAll
  </Limit>
</Directory>
<Directory ~/hides>
  HiddenStores on
  SFTPTransferDigest none
</Directory>
<Directory ~/shut-itself>
  DenyAll
</Directory>
<Directory ~/closed>
  <Limit STOR>
    AllowUser bob
    DenyAll
  </Limit>
</Directory>
"""
OTHER_PORT = free_port()
OTHER = """
<VirtualHost 127.0.0.2>
ServerName other
Port %d
SFTPEngine on
SFTPHostKey @DIR@/host_rsa
SFTPAuthorizedUserKeys file:@DIR@/keys/%%u
SFTPMaxChannels 4
SFTPCiphers aes128-ctr aes256-ctr
SFTPDigests -*sha1*
SFTPAuthMethods password
SFTPAuthMethods user bob publickey
</VirtualHost>
""" % OTHER_PORT


REST_PORTS = free_port(), free_port()
REST = """
LoadModule mod_quotatab.c
LoadModule mod_exec.c
LoadModule mod_ifsession.c
LoadModule mod_vroot.c
LoadModule mod_sql.c
LoadModule mod_sql_sqlite.c
QuotaEngine on
ExecEngine on
<IfUser bob>
<Directory ~/a>
<Limit STOR>
DenyAll
</Limit>
</Directory>
</IfUser>
<Anonymous @DIR@/pub>
User guest
UserAlias anonymous guest
<Limit WRITE>
DenyAll
</Limit>
</Anonymous>
<VirtualHost 127.0.0.2>
ServerName vroot
Port %d
SFTPEngine on
SFTPHostKey @DIR@/host_rsa
AuthOrder mod_auth_file.c
AuthUserFile @DIR@/passwd
AuthGroupFile @DIR@/group
RequireValidShell off
DefaultRoot ~
VRootEngine on
</VirtualHost>
<VirtualHost 127.0.0.2>
ServerName sql
Port %d
SFTPEngine on
SFTPHostKey @DIR@/host_rsa
AuthOrder mod_sql.c
SQLEngine on
SQLBackend sqlite3
SQLConnectInfo @DIR@/sql/db
SQLAuthTypes Crypt
SQLAuthenticate users groups
SQLUserInfo accounts name passwd uid gid home shell
SQLGroupInfo groups name gid members
SQLNamedQuery seen INSERT "'%%u'" seen
SQLLog PASS,STOR seen
RequireValidShell off
DefaultRoot ~
<Directory ~/a>
<Limit STOR>
AllowGroup dbgroup
DenyAll
</Limit>
</Directory>
</VirtualHost>
""" % REST_PORTS
SLOW = """
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

int faccessat(int dir, const char *path, int mode, int flags) {
  int (*next)(int, const char *, int, int) = dlsym(RTLD_NEXT, "faccessat");

  return strstr(path, "sleepy") != NULL ? (int) sleep(600) :
    next(dir, path, mode, flags);
}
"""
# The daemon is slow to start: seconds pass between its configuration and its
# work.
LATE = """
#include <dlfcn.h>
#include <time.h>

int listen(int fd, int backlog) {
  int (*next)(int, int) = dlsym(RTLD_NEXT, "listen");
  struct timespec left = { 2, 100000000 };

  while (nanosleep(&left, &left) < 0) {
  }

  return next(fd, backlog);
}
"""


CONTROLS += METRICS
srv = Controlled(CONTROLS + RULES + OTHER)
srv.mkdir("shut")
others = Controlled(CONTROLS + REST, users=("alice", "bob", "guest"))
unwritable = Controlled(CONTROLS)
again = Controlled(CONTROLS)
shut = Controlled(CONTROLS.replace("SFTPControlsACLs all allow user root",
                                   "SFTPControlsACLs counters allow user "
                                   "nobody"))
SIZE = 300000
known = {}                      # counters

# Lines that are refused, and what is said.
BAD = {
    "SFTPControlsACLs all allow user": "wrong number of parameters",
    "SFTPControlsACLs all may user root": "'may': expected allow or deny",
    "SFTPControlsACLs all allow host root": "'host': expected user or group",
    "SFTPControlsACLs nothing allow user root": "unknown command: 'nothing' "
    "(accepted: all, config, counters, end, explain, keys, sessions, "
    "whatif)",
    "SFTPMetricsFile": "wrong number of parameters",
    "SFTPMetricsFile relative": "'relative': expected an absolute path",
    "SFTPMetricsFile /a 0":
    "interval '0' must be a number of seconds, 1 to 86400",
    "SFTPMetricsFile /a b": "interval 'b' must be"}


def make_rest():
    preload(others, "slow", SLOW)
    for user in ("alice", "bob"):
        others.mkdir("a", user=user)
    for name in ("there", "sleepy"):
        others.put(name, b"x")
    os.mkdir(others.path("pub"))
    os.mkdir(others.path("sql"))
    with sqlite3.connect(others.path("sql/db")) as db:
        db.executescript("CREATE TABLE accounts(name,passwd,uid,gid,home,shell);"
                         "CREATE TABLE groups(name,gid,members);"
                         "CREATE TABLE seen(name);")
        for name, gid in (("carol", GID), ("dave", GID + 1)):
            db.execute("INSERT INTO accounts VALUES(?,'x',?,?,?,'')", (
                name, UID, gid, others.home().rstrip("/")))
        db.executemany("INSERT INTO groups VALUES(?,?,?)", (
            ("prime", GID, ""), ("dbgroup", GID + 10, "carol")))


def asked(server, *questions):
    """The answers; the daemon gives all of them at its next look."""
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(lambda words: server.ctl(
            "explain", *words.split()), questions))


def root_of(user):
    return "root '%s'" % others.home(user=user).rstrip("/")


# What others answers to each question.
WITH_MODULES = {
    "alice sftp open-write /x": (
        "allowed", "handlers that were not asked: ", "mod_quotatab",
        "mod_exec"),
    "bob sftp open-write /a/x": (
        "refused: denied by <Limit STOR>", root_of("bob")),
    "alice sftp open-write /a/x": ("allowed",),
    "anonymous sftp mkdir /x": (
        "refused: denied by <Limit WRITE>", "user 'guest'",
        "root '%s'" % others.path("pub")),
    "anonymous sftp open-read ../passwd": (
        "refused: No such file", "'../passwd' leads to '/passwd'"),
    "alice sftp open-read /there server vroot": (
        "allowed", root_of("alice")),
    "alice sftp open-read ../../passwd server vroot": (
        "refused: No such file", "leads to '/passwd'"),
    "carol sftp open-write /a/x server sql": (
        "allowed", "with the groups prime, dbgroup",
        "(AllowGroup, DenyAll) allows"),
    "dave sftp open-write /a/x server sql": (
        "refused: denied by <Limit STOR>",),
    "o'neil';-- sftp stat / server sql": (
        "refused: no login: no such user",),
    "alice sftp open-read /sleepy": (
        "'/sleepy' leads to '/sleepy'",
        "unknown: the look has failed: it took too long")}


def ask_others():
    if not all(map(has_module, ("mod_quotatab.so", "mod_vroot.so",
                                "mod_sql_sqlite.so"))):
        skip("ProFTPD's other modules are not here")
    make_rest()
    others.start()
    return dict(zip(WITH_MODULES, asked(others, *WITH_MODULES)))


def ask_shut():
    shut.start()
    lines = shut.ctl("counters")
    shut.stop_clean()
    return lines


def write_metrics():
    preload(unwritable, "late", LATE)
    unwritable.start()
    line = "unable to write SFTPMetricsFile '%s': No such file" % \
        unwritable.path("metrics/sftp.prom")
    wait_for(lambda: line in unwritable.log("system.log"), "the line")
    must(unwritable.sftp("ls"))
    unwritable.ctl("counters", "sessions")
    # In the way of its temporary file and of itself.  Each is put there at
    # once: the daemon writes meanwhile.
    os.makedirs(unwritable.path("new/sftp.prom/x"))
    os.rename(unwritable.path("new"), unwritable.path("metrics"))
    wait_for(lambda: "sftp.prom': Is a directory" in
             unwritable.log("system.log"), "another line")
    shutil.rmtree(unwritable.path("metrics/sftp.prom"))
    os.symlink(unwritable.path("passwd"), unwritable.path("link"))
    os.rename(unwritable.path("link"),
              unwritable.path("metrics/sftp.prom.tmp"))
    wait_for(lambda: "is written again" in unwritable.log("system.log"),
             "the file")
    expect("alice" in unwritable.log("passwd"), "written through a link")
    expect_same(unwritable.log("system.log").count(line), 1, "lines")
    unwritable.stop_clean()


def reload():
    again.start()
    must(again.sftp("put %s up\nget up %s" % (
        again.local("file", bytes(SIZE)), again.local("file2"))))
    again.no_sessions()
    before = again.counters("bytes")
    again.process.send_signal(signal.SIGHUP)
    again.wait_log("system.log", "received SIGHUP")
    wait_for(again.greets, "the daemon")
    expect_same(again.counters("bytes"), before, "counters")
    os.mkdir(again.path("metrics"))
    wait_for(lambda: os.path.exists(again.path("metrics/sftp.prom")),
             "metrics after a reload")
    must(again.sftp("get up " + again.local("file3")))
    name = "bytes direction=out protocol=sftp"
    expect_same(again.counters("bytes")[name] - before[name], SIZE, name)
    again.stop_clean()


def refusals_of_start():
    def refused(server):
        return server.refuses_to_start()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(refused, (Server(line + "\n") for line in BAD)))


def start_sftp():
    """OpenSSH's client, which waits for commands."""
    return subprocess.Popen(["sftp", "-F", srv.ssh_config(), "srv"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def transfer():
    local = srv.local("file", os.urandom(SIZE))
    must(srv.sftp("put %s up\nget up %s.2\n-put %s shut/no" %
                  (local, local, local)))
    must(srv.scp("-O", local, "srv:scp"))


@promise("counters have logins, bytes, requests, refusals and algorithms")
def _():
    before = srv.counters()
    transfer()
    with paramiko.Transport(srv.connect()) as conn:
        conn.start_client(timeout=60)
        try:
            conn.auth_password("alice", "wrong", fallback=False)
        except paramiko.AuthenticationException:
            pass
        conn.renegotiate_keys()
    srv.no_sessions()
    after = srv.counters()
    known.update(after)
    gained = {name: number - before.get(name, 0) for name, number in
              after.items() if number != before.get(name, 0)}
    for name, number in {
            "sessions": 3,
            "logins method=publickey outcome=success": 2,
            "logins method=password outcome=failure": 1,
            "bytes direction=in protocol=sftp": SIZE,
            "bytes direction=in protocol=scp": SIZE,
            "bytes direction=out protocol=sftp": SIZE,
            "transfers direction=in end=complete": 2,
            "transfers direction=out end=complete": 1,
            "operations operation=open_write result=ok": 1,
            "operations operation=open_write result=refused": 1,
            "operations operation=open_read result=ok": 1,
            "operations operation=scp_receive result=ok": 1,
            "refusals rule=Limit": 1,
            "host_keys algorithm=ssh-ed25519": 4,
            "rekeys": 1}.items():
        expect_same(gained.get(name), number, name)
    expect(gained["wire_bytes direction=in"] > 2 * SIZE, "%r" % gained)
    expect(gained["wire_bytes direction=out"] > SIZE, "%r" % gained)
    for name in ("key_exchanges", "ciphers", "macs", "compressions"):
        expect(sum(number for what, number in gained.items()
                   if what.startswith(name + " ")) in (4, 8), name)
    expect(sum(number for what, number in gained.items()
               if what.startswith("ends ")) == 3, "%r" % gained)


@promise("one counter can be asked for, by each name that the manual has")
def _():
    section = page().split("\n### Counters\n")[1].split("\n### ")[0]
    names = re.findall(r"^\| `(\w+)` \|", section, re.M)
    expect(len(names) > 15, "%r" % names)
    for line in known:
        expect(line.split()[0] in names, "not in the manual: " + line)


def metrics():
    """{name and labels: number} of the file."""
    return dict(line.rsplit(" ", 1) for line in
                srv.log("metrics/sftp.prom").splitlines()
                if not line.startswith("#"))


def collected(directory):
    """What node_exporter makes of the files there."""
    port = free_port()
    with subprocess.Popen(
            ["prometheus-node-exporter", "--collector.disable-defaults",
             "--collector.textfile", "--collector.textfile.directory",
             directory, "--web.listen-address", "127.0.0.1:%d" % port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as exporter:
        try:
            def answer():
                try:
                    with urllib.request.urlopen(
                            "http://127.0.0.1:%d/metrics" % port,
                            timeout=30) as page_:
                        return page_.read().decode()
                except OSError:
                    return None
            return wait_for(answer, "node_exporter")
        finally:
            exporter.terminate()


@promise("SFTPMetricsFile is OpenMetrics text with the counters; promtool finds "
         "no fault, node_exporter reads it, and the manual shows lines of it")
def _():
    path = srv.path("metrics/sftp.prom")
    os.mkdir(os.path.dirname(path))
    counters = srv.counters()

    def written():
        found = metrics()
        return found.get("mod_sftp_sessions_total") == \
            str(counters["sessions"]) and found
    found = wait_for(written, "the file")
    expect_same(os.stat(path).st_mode & 0o7777, 0o644, "mode")
    expect_same(os.listdir(os.path.dirname(path)), ["sftp.prom"], "files")
    for name, number in counters.items():
        if name.startswith("client_"):
            continue            # seen.t
        words = name.split(" ")
        labels = ",".join('%s="%s"' % tuple(word.split("=", 1))
                          for word in words[1:])
        name = "mod_sftp_" + words[0] + (
            "" if words[0].startswith(
                ("current", "penalized", "remembered")) else "_total")
        name += labels and "{%s}" % labels
        if "current" not in name:
            expect_same(found[name], str(number), name)
    expect_same(found["mod_sftp_current_sessions_limit"], "4096", "limit")
    expect(len(found) > 250, "%d" % len(found))
    text = srv.log("metrics/sftp.prom")
    families = {family.name: family for family in
                text_string_to_metric_families(text)}
    expect_same(families["mod_sftp_current_sessions"].type, "gauge", "gauges")
    expect(families["mod_sftp_sessions_total"].samples, "OpenMetrics")
    with open(path, "rb") as file:
        must(run(["promtool", "check", "metrics"], stdin=file))
    lines = collected(os.path.dirname(path)).splitlines()
    expect("node_textfile_scrape_error 0" in lines, "%r" % lines[:20])
    expect(any(line.startswith("mod_sftp_logins_total{") for line in lines),
           "%r" % lines[:20])
    expect_shown(example("# HELP mod_sftp_"), text.splitlines())


@promise("a file of metrics that cannot be written harms nobody, and is told "
         "once")
def _():
    unwritable_told.result()


@promise("a killed session leaves nothing, and what it did counts")
def _():
    before = srv.counters()
    with Raw(srv, 3) as raw:
        kind, left = raw.ask(3, string(b"/cut") + num(0x1a) + num(0))
        expect_same(kind, HANDLE, "an open file")
        handle, _ = raw.cut(left)
        raw.ask(6, string(handle) + quad(0) + string(b"x" * 1000))
        expect_same(srv.ctl("counters", "current_sessions"),
                    ["current_sessions 1 of 4096"], "sessions")
        os.kill(srv.session(), signal.SIGKILL)
        srv.no_sessions()
    after = srv.counters()
    expect_same(after["current_sessions"], 0, "sessions")
    for name in ("ends kind=killed", "transfers direction=in end=incomplete"):
        expect_same(after.get(name, 0) - before.get(name, 0), 1, name)
    name = "bytes direction=in protocol=sftp"
    expect_same(after[name] - before[name], 1000, name)


@promise("the system log says whose session was killed, and what was lost")
def _():
    with Raw(srv, 3) as raw:
        kind, left = raw.ask(3, string(b"/half") + num(0x1a) + num(0))
        expect_same(kind, HANDLE, "an open file")
        handle, _ = raw.cut(left)
        raw.ask(6, string(handle) + quad(0) + string(b"x" * 700))
        pid = srv.session()
        os.kill(pid, signal.SIGKILL)
        srv.wait_log("system.log", r"session %d of 'alice' from 127\.0\.0\.1 was "
                     "killed, or crashed" % pid)
        srv.wait_log("system.log", "session %d: upload of '/half' is lost after "
                     "700 bytes" % pid)
    expect_shown(inline("session 4711 of ") + inline("session 4711: upload"),
                 [re.sub("^.*?(session )", r"\1", line) for line in
                  srv.log("system.log").splitlines() if "session" in line])
    # Those that end by themselves, or by a signal of the administrator, are
    # not lost.
    must(srv.sftp("ls"))
    with Raw(srv, 3):
        last = srv.session()
        os.kill(last, signal.SIGTERM)
        srv.no_sessions()
    srv.counters()
    told = re.findall("session (\\d+) of .* was killed", srv.log("system.log"))
    expect(str(last) not in told and len(told) == 2, told)


def shown(words):
    """The lines of sessions, once they have all of these words."""
    def lines():
        text = "\n".join(srv.ctl("sessions"))
        return all(word in text for word in words) and text
    return wait_for(lines, "%r" % (words,))


@promise("sessions shows user, client, algorithms, files and their progress")
def _():
    srv.put("down", b"d" * 4000)
    with Raw(srv, 3, software="Shown_1.0") as raw:
        handles = []
        for name, flags in ((b"/in", 0x1a), (b"/down", 1)) + tuple(
                (b"/many%d" % number, 0x1a) for number in range(8)):
            kind, left = raw.ask(3, string(name) + num(flags) + num(0))
            expect_same(kind, HANDLE, "an open file")
            handles.append(raw.cut(left)[0])
        raw.ask(6, string(handles[0]) + quad(0) + string(b"x" * 500))
        raw.ask(5, string(handles[1]) + quad(0) + num(1000))
        text = shown(["client"])
        pid = srv.session()
        for pattern in (
                r"user alice from 127\.0\.0\.1 for \d+ s, sftp 3, client "
                r"Shown_1\.0", r"kex \S+, host key ssh-ed25519",
                r"ciphers \S+ \S+, MACs \S+ \S+, compression none none",
                r"upload '/in', 500 bytes, \d+ per second, limited by "
                r"[a-z]+ \d+%.*",
                r"download '/down', 1000 of 4000 \(25%\) bytes, \d+ per "
                r"second, limited by [a-z]+ \d+%.*",
                r"and 2 more"):
            expect(re.search("^%d %s$" % (pid, pattern), text, re.M),
                   "no %s in %s" % (pattern, text))
        expect_shown(example("4711 user alice"), text.splitlines())
        for handle in handles:
            raw.ask(4, string(handle))
        expect_same(len(srv.ctl("sessions")), 3, "lines without open files")
    srv.no_sessions()
    expect_same(srv.ctl("sessions"), ["no sessions"], "nobody")


@promise("end ends a session; the client and the log get the reason")
def _():
    with paramiko.Transport(srv.connect()) as conn:
        conn.start_client(timeout=60)
        conn.auth_password("alice", srv.password)
        pid = srv.session()
        with ThreadPoolExecutor(2) as pool:
            expect_same(list(pool.map(lambda words: srv.ctl("end", *words), (
                ("1", "no"), (str(pid), "back", "at", "five")))), [
                    ["there is no session 1"], ["session %d ends" % pid]],
                "the answers")
        wait_for(lambda: not conn.is_active(), "the end")
    srv.no_sessions()
    srv.wait_log("sftp.log", "ended by ftpdctl: back at five")
    proc = start_sftp()
    try:
        pid = srv.session()
        wait_for(lambda: "user alice" in "".join(srv.ctl("sessions")), "login")
        # The words of the manual.
        said, why = re.search('"(disconnected by the administrator: (.*?))"',
                              page()).groups()
        before = srv.counters()
        srv.ctl("end", str(pid), why)
        text = proc.communicate(timeout=60)[1].decode()
        expect(said in text, text)
        srv.no_sessions()
        expect_same(srv.counters()["ends kind=server"],
                    before["ends kind=server"] + 1, "ends")
    finally:
        proc.kill()
        proc.wait()


def line_of(text):
    """Where a line stands in the server's configuration."""
    with open(srv.path("proftpd.conf")) as conf:
        return "line %d of '%s'" % (
            [line.strip() for line in conf].index(text) + 1,
            srv.path("proftpd.conf"))


@promise("config tells what is in force in each virtual host, and from where")
def _():
    names = (), ("other",), ("127.0.0.2",), (str(OTHER_PORT),), (
        "127.0.0.2:%d" % OTHER_PORT,), ("no-such",)
    with ThreadPoolExecutor(len(names)) as pool:
        lines, *one, wrong = pool.map(lambda words: srv.ctl("config", *words),
                                      names)
    heads = [line for line in lines if not line.startswith("  ")]
    expect_same(heads, ["under test (127.0.0.1:%d)" % srv.port,
                        "other (127.0.0.2:%d)" % OTHER_PORT], "servers")
    at = lines.index(heads[1])
    here, other = lines[1:at], lines[at + 1:]
    for line in ("SFTPMaxChannels 10  # default",
                 "SFTPEngine on  # " + line_of("SFTPEngine on"),
                 "SFTPLog %s  # %s" % (srv.path("sftp.log"), line_of(
                     "SFTPLog " + srv.path("sftp.log"))),
                 "SFTPRekey required 3600 2GB  # default",
                 "SFTPTransferDigest none  # in <Directory ~/hides>, " +
                 line_of("SFTPTransferDigest none"),
                 "SFTPControlsACLs all allow user root  # " + line_of(
                     "SFTPControlsACLs all allow user root")):
        expect("  " + line in here, "no %r in %s" % (line, "\n".join(here)))
    expect(sum(line.startswith("  SFTPHostKey ") for line in here) == 3,
           "all keys: %r" % here)
    for line in ("SFTPMaxChannels 4  # " + line_of("SFTPMaxChannels 4"),
                 "SFTPCiphers aes128-ctr aes256-ctr  # " + line_of(
                     "SFTPCiphers aes128-ctr aes256-ctr"),
                 "SFTPAuthMethods password  # " + line_of(
                     "SFTPAuthMethods password"),
                 "SFTPAuthMethods user bob publickey  # " + line_of(
                     "SFTPAuthMethods user bob publickey")):
        expect("  " + line in other, "no %r in %s" % (line, "\n".join(other)))
    digests = [line for line in other if line.startswith("  SFTPDigests ")]
    expect(len(digests) == 1 and "hmac-sha1" not in digests[0] and
           "hmac-sha2-256" in digests[0] and line_of("SFTPDigests -*sha1*") in
           digests[0], "%r" % digests)
    for words, answer in zip(names[1:], one):
        expect_same(answer, lines[at:], words)
    expect(len(wrong) == 1 and "no such server" in wrong[0], "%r" % wrong)
    expect_shown(example(r"ftp\.example\.org \(192\.0\.2\.1:22\)\n"), lines)


answers = {}


def traces():
    """Everything that an operation would change."""
    found = [srv.log(name) for name in ("system.log", "sftp.log")]
    found.append(srv.counters())
    for where in ("home", "explained-logs"):
        for folder, _, files in sorted(os.walk(srv.path(where))):
            found += [(folder, name, os.lstat(os.path.join(folder, name)))
                      for name in sorted(files)]
    return found


@promise("explain says what a session would be told, and leaves no trace")
def _():
    srv.mkdir("explained/own")
    srv.put("explained/own/.ftpaccess", b"<Limit MKD>\nDenyAll\n</Limit>\n")
    srv.put("explained/there", b"x")
    srv.mkdir("empty")
    srv.put("sticky/own", b"x")
    with open(srv.home("sticky/root"), "wb"):
        os.chown(srv.home("sticky"), 0, 0)
        os.chmod(srv.home("sticky"), 0o1777)
    srv.put("theirs", b"x")
    os.chown(srv.home("theirs"), 0, 0)
    srv.mkdir("hides")
    srv.put("hides/theirs", b"x")
    os.chown(srv.home("hides/theirs"), 0, 0)
    srv.mkdir("shut-itself")
    srv.put("shut-itself/there", b"x")
    os.symlink("nowhere", srv.home("dangling"))
    must(srv.sftp("-put %s explained/there\n-put %s explained/a.exe\n"
                  "-mkdir explained/own/x\n-rm explained/there" % (
                      (srv.local("tiny", b"x"),) * 2)))
    srv.no_sessions()
    before = traces()
    wanted = {
        "alice sftp open-write /explained/new": (
            "allowed", "<Limit STOR>", "(AllowUser, DenyAll) allows what",
            "FTP command: STOR"),
        "alice sftp write explained/there": (
            "refused: file exists and AllowOverwrite is off",
            "in <Directory ~/explained>, line "),
        "alice scp open_write /explained/a.exe": (
            "refused: denied by PathDenyFilter", "FTP command: STOR"),
        "alice sftp mkdir /explained/own/x": (
            "refused: denied by <Limit MKD>", "explained/own/.ftpaccess'",
            "FTP command: MKD"),
        "alice sftp remove /explained/there": (
            "refused: denied by <Limit DELE>", "class none, from 127.0.0.1"),
        "alice sftp remove /explained/there from 192.0.2.9": (
            "allowed", "class near, from 192.0.2.9", "FTP command: DELE"),
        "alice sftp rename /explained/there /shut/x": (
            "refused: denied by <Limit WRITE>", "RNFR and RNTO"),
        "alice sftp rename /explained/there /moved": ("allowed",),
        "alice sftp open-read /none": (
            "refused: No such file or directory", "the file system refuses",
            "FTP command: RETR"),
        "alice sftp stat /": ("allowed", "modules see STAT"),
        "alice sftp setstat /explained/there": ("allowed", "SETSTAT"),
        "alice sftp chgrp /explained/there": ("allowed", "SETSTAT"),
        "alice sftp setstat /sticky/root": (
            "refused: Operation not permitted",
            "what changes the mode is refused: Operation not permitted"),
        "alice sftp symlink .. /link": ("allowed", "modules see SYMLINK"),
        "alice sftp stat ../../../passwd": ("refused: No such file",
                                            " leads to '/passwd'"),
        "alice sftp rmdir /explained": ("refused: Directory not empty",),
        "alice sftp rmdir /empty": ("allowed", "FTP command: RMD"),
        "alice sftp opendir /explained/there": ("refused: Not a directory",),
        "alice sftp remove /sticky/root": ("refused: Operation not permitted",),
        "alice sftp remove /sticky/own": ("allowed",),
        "%s%n sftp stat /%n": ("refused: no login: no such user",),
        "alice sftp copy /explained/there /shut/x": (
            "refused: denied by <Limit ", "SITE COPY"),
        "nobody-at-all sftp stat /": ("refused: no login: no such user",),
        "root sftp stat /": ("refused: no login: ", "Root login"),
        "alice sftp stat / server other": (
            "in 'other' (127.0.0.2:%d):" % OTHER_PORT, "no such user"),
        "alice sftp setstat /theirs": ("refused: Operation not permitted",),
        "alice sftp open-write /theirs": ("refused: Permission denied",),
        "alice sftp open-write /hides/theirs": ("allowed",),
        "alice sftp open-append /hides/theirs": ("refused: Permission denied",),
        "alice sftp open-write /shut-itself/new": ("allowed",),
        "alice sftp open-write /shut-itself/there": ("refused: denied by ",),
        "alice sftp remove /dangling": ("allowed",),
        "alice sftp readlink /dangling": ("allowed",),
        "alice sftp readlink /theirs": ("refused: Invalid argument",),
        "alice sftp rename /empty /empty/x": ("refused: Invalid argument",),
        "alice scp mkdir /empty": ("allowed",),
        SHOWN: ("refused: denied by <Limit STOR>",)}
    answers.update(zip(wanted, asked(srv, *wanted)))
    for question, lines in answers.items():
        text = "\n".join(lines)
        for words in wanted[question]:
            expect(words in text, "%s: no %r in %s" % (question, words, text))
        verdicts = [line for line in lines if
                    line.startswith(("allowed", "refused", "unknown"))]
        expect(len(verdicts) == 1, "%s: %s" % (question, text))
    expect(traces() == before, "traces")
    denied = srv.log("sftp.log")
    for words in ("AllowOverwrite is off", "denied by PathDenyFilter",
                  "denied by <Limit MKD>", "denied by <Limit DELE>"):
        expect(words in denied, "the session was told otherwise: " + words)


SHOWN = "alice sftp open-write /closed/x from 192.0.2.7"


@promise("explain's answer in the manual is what the daemon says")
def _():
    section = page().split("\n#### explain\n")[1].split("\n###")[0]
    wanted = [line[4:] for line in section.splitlines()
              if line.startswith("    ")]
    text = "\n".join(answers[SHOWN]).replace(srv.path("home"), "/home").replace(
        srv.path("proftpd.conf"), "/etc/proftpd/proftpd.conf").replace(
            "class near", "class none").replace(
                "'under test' (127.0.0.1:%d)" % srv.port,
                "'ftp.example.org' (192.0.2.1:22)")
    # Long lines are broken in the manual.
    wanted = re.sub(r"\n {8,}", " ", "\n".join(wanted))
    expect_same(re.sub(r"line \d+ of", "line N of", text),
                re.sub(r"line \d+ of", "line N of", wanted), "the answer")


@promise("explain knows roots of mod_vroot, users of SQL, <Anonymous> and what "
         "mod_ifsession adds, names the modules that it can not ask, and "
         "gives up after some seconds")
def _():
    for question, lines in others_told.result().items():
        text = "\n".join(lines)
        for words in WITH_MODULES[question]:
            expect(words in text, "%s: no %r in %s" % (question, words, text))
    with sqlite3.connect(others.path("sql/db")) as db:
        expect_same(db.execute("SELECT * FROM seen").fetchall(), [], "SQLLog")
    wait_for(lambda: not others.children(), "the processes to end")
    must(others.sftp("ls"))
    others.stop_clean()


@promise("explain bounds its words, and says which one it does not know")
def _():
    usage = "usage: ftpdctl sftp explain user sftp|scp operation path " \
        "[path2] [from address] [server server]"
    wanted = {
        "": usage, "alice sftp stat": usage, "alice sftp rename /a": usage,
        "alice sftp stat /a b": usage, "alice sftp stat /a from": usage,
        "alice ftp stat /": "protocol 'ftp': expected sftp or scp",
        "alice sftp stor /": "operation 'stor': expected open-read, ",
        "alice sftp scp-send /": "operation 'scp-send': expected open-read, ",
        "alice scp rename /a /b": "operation 'rename': expected open-read, ",
        "alice sftp stat /a from host.example": "from 'host.example': "
        "expected an address",
        "alice sftp stat /a server none": "there is no such server"}
    wanted["alice sftp stat /" + "a" * 240] = wanted[" ".join("a" * 10)] = \
        "too many words, or one that is empty or longer than 240 bytes"
    for question, lines in zip(wanted, asked(srv, *wanted)):
        expect(len(lines) == 1 and lines[0].startswith(wanted[question]),
               "%r: %r" % (question, lines))
    must(srv.sftp("ls"))


@promise("counters survive a reload")
def _():
    reload_told.result()


@promise("odd words get a usage line")
def _():
    usage = {"config": "config [server]", "counters": "counters [name]", "end": "end id [reason]",
             "explain": "explain user sftp|scp operation path [path2] "
             "[from address] [server server]",
             "keys": "keys [days]", "sessions": "sessions",
             "whatif": "whatif -algorithm ..."}
    odd = ((), ("no-such",), ("counters", "a", "b"), ("config", "a", "b"), ("%s%n",), ("end",),
           ("end", "x"), ("end", "-1"), ("end", "0"), ("sessions", "1"),
           ("counters", "%s%n"))
    # The daemon answers all of them at its next look.
    with ThreadPoolExecutor(len(odd)) as pool:
        answers = list(pool.map(lambda words: srv.ctl(*words), odd))
    for words, lines in zip(odd[:-1], answers):
        wanted = [usage[words[0]]] if words and words[0] in usage else \
            list(usage.values())
        expect_same(lines, ["usage: ftpdctl sftp " + one for one in wanted],
                    "%r" % (words,))
    expect_same(answers[-1], ["there is no counter of that name"], "a name")


@promise("only those whom SFTPControlsACLs allows get an answer")
def _():
    expect_same(shut_told.result(), ["access denied (SFTPControlsACLs)"],
                "root")
    for (line, words), text in zip(BAD.items(), refusals.result()):
        expect(words in text, "%s: %s" % (line, text))


background = ThreadPoolExecutor(5)
others_told = background.submit(ask_others)
unwritable_told = background.submit(write_metrics)
reload_told = background.submit(reload)
shut_told = background.submit(ask_shut)
refusals = background.submit(refusals_of_start)
main(srv)
