#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: proftpd-mod-sqlite python3-paramiko
# sanitizers: no

"""SFTPIsolation: what an attacker who runs code inside a cell can do before
the login.  cell_intruder is the attacker; cell_unconfined shows that their
attempts work where nothing is confined.
"""

import contextlib
import errno
import os
import platform
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from clients import paramiko_sftp
from isolated import BUILD, Isolated
from server import PATIENCE, must, run, wait_for

import paramiko
from cryptography.hazmat.primitives import serialization
from paramiko.message import Message

MASK = 0x5a
DATABASE = "nobody-guesses-this-7"

# Questions: isolation/pair.h.
(HELLO, CLIENT, OBSERVED, TRANSCRIPT, GROUPS, AGREED, REQUEST, OFFER, COMMAND,
 EVENT, INVALID, BYTES, LINE, FAILED, STATE) = range(1, 16)
SIGNATURE, SEND, RELEASE = 65, 68, 70
SEEDS = 5
SPINNING = 3

MADE = os.path.dirname(os.path.realpath(os.path.join(BUILD, "Makefile")))
must(run(["make", "-C", MADE, "intruders"], timeout=300))
INTRUDER, UNFILTERED, UNCONFINED = (
    os.path.join(MADE, "obj/sftp-cell-" + name)
    for name in ("intruder", "unfiltered", "unconfined"))

LINES = ("TimeoutLogin 300\nTimeoutIdle 300\n"
         "SQLEngine off\nSQLConnectInfo @DIR@/db user %s\n"
         "SFTPPerSourcePenalties crash:1h min:1s\n"
         "SFTPPerSourcePenaltyExemptList 127.0.0.1\n" % DATABASE)
srv = Isolated(LINES, INTRUDER, modules=("mod_sql", "mod_sql_sqlite"))
unfiltered = Isolated("", UNFILTERED)
unconfined = Isolated("", UNCONFINED)
hasty = Isolated("TimeoutLogin 3\n", INTRUDER)


def message(*values):
    """int: a byte; (int,): uint32; the rest: strings."""
    m = Message()
    for value in values:
        if isinstance(value, int):
            m.add_byte(bytes([value]))
        elif isinstance(value, tuple):
            m.add_int(value[0])
        else:
            m.add_string(value)
    return m


def fields(*values):
    return message(*values).asbytes()


class Recorder:
    """A socket that remembers what the attacker reports."""

    def __init__(self, sock):
        self.sock = sock
        self.seen = self.waiting = b""

    def recv(self, size):
        if not self.waiting:
            self.waiting = self.sock.recv(65536)
            self.seen += self.waiting
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def close(self):
        """paramiko gives up where a report begins."""

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def report(self):
        """[(name, number)], until the connection ends."""
        with contextlib.suppress(ConnectionError), self.sock:
            self.sock.settimeout(PATIENCE)
            while data := self.sock.recv(65536):
                self.seen += data
        return [(name.decode(), int(value)) for name, value in
                re.findall(rb"@ (.+) (-?\d+)\n", self.seen)]


def attack(server, stage, *order, source="127.0.0.1", password=None):
    """What the attacker reports who takes the cell over at that stage."""
    sock = Recorder(server.connect_from(source))
    conn = paramiko.Transport(sock)
    order = " ".join(map(str, order))
    if stage != "keyed":
        conn.local_version = "SSH-2.0-intruder %s %s" % (stage, order)
        expect(len(conn.local_version) < 254, conn.local_version)
    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
        conn.start_client(timeout=PATIENCE)
        if stage == "keyed":
            conn._send_message(message(2, "intruder " + order))
        if password:
            conn.auth_password("alice", password, fallback=False)
    conn.close()
    return sock.report()


def log_of(server, run_attack):
    """What was reported, and what the log says until the session has ended."""
    server.no_sessions()
    size = len(server.log("sftp.log"))
    found = run_attack()
    server.no_sessions()
    return found, server.log("sftp.log")[size:]


# ---- The system

DENIED = (errno.EPERM, errno.ENOSYS)
# What may be refused to everybody, by a container or an old kernel.
REFUSED = ("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "keyctl",
           "mount", "clone3", "x32", "openat2", "open_by_handle_at", "prlimit")


def attack_system(server):
    return dict(attack(server, "known", "system", server.nursery(),
                       server.port))


@promise("an attacker inside a cell cannot open a file, reach the network, run "
         "a program, touch another process, become somebody, load code")
def _():
    found = attack_system(srv)
    expect(len(found) > 50, found)
    expect_same(found.pop("512 MiB"), errno.ENOMEM, "memory")
    expect_same({name: errno.errorcode.get(err, 0)
                 for name, err in found.items() if err not in DENIED}, {},
                "attempts that were not denied")


@promise("without a filter, there still is nothing to open, to run or to become, "
         "and no other process to look into")
def _():
    found = attack_system(unfiltered)
    expect_same({name: found[name] for name in
                 ("open", "open the root", "openat", "creat", "mkdir", "chroot",
                  "execve", "ptrace", "read memory", "write memory",
                  "512 MiB", "mount", "setuid", "setresuid", "setresgid",
                  "setgroups", "capset")
                 if found[name] == 0}, {}, "what works")


@promise("where nothing is confined, the same attempts work")
def _():
    found = attack_system(unconfined)
    expect_same({name: errno.errorcode[err] for name, err in found.items()
                 if err in DENIED and name not in REFUSED}, {},
                "attempts that were denied")


@promise("system calls of another architecture end the process, which is a crash")
def _():
    if platform.machine() != "x86_64":
        skip("one architecture")
    if not attack(unconfined, "known", "compat"):
        skip("this kernel has no calls of 32-bit programs")
    first = srv.nursery()
    found, log = log_of(srv, lambda: attack(srv, "known", "compat"))
    expect_same(found, [], "what it reports")
    expect("the isolated process has ended" in log, log)
    wait_for(lambda: srv.nurseries() - {first}, "another nursery")


# ---- Memory

RAW = serialization.Encoding.Raw


def host_key(name):
    with open(srv.path("host_" + name), "rb") as file:
        return serialization.load_ssh_private_key(file.read(), None)


def secrets():
    """Each in the order of bytes that libcrypto's numbers have, too."""
    seed = host_key("ed25519").private_bytes(
        RAW, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    number = host_key("ecdsa").private_numbers().private_value
    prime = host_key("rsa").private_numbers().p
    return {"SQLConnectInfo": [DATABASE.encode()], "Ed25519": [seed]} | {
        name: [value.to_bytes(size, order)[:48] for order in ("big", "little")]
        for name, value, size in (("ECDSA", number, 32), ("RSA", prime, 128))}


def public_key():
    return host_key("ed25519").public_key().public_bytes(
        RAW, serialization.PublicFormat.Raw)


def occurs(pid, what):
    """Whether the memory of a process contains it, as root sees that."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(start)
                if what in mem.read(end - start):
                    return True
    return False


def search(what):
    """How often an attacker finds it at any address of the cell."""
    hidden = bytes(byte ^ MASK for byte in what)
    found = dict(attack(srv, "known", "memory", hidden.hex()))
    expect(found["pages"] > 1000, found)
    return found["found"]


@promise("no host key and no configured password is anywhere in the memory of "
         "a cell; its monitor has them")
def _():
    expect(search(public_key()) > 0, "the attacker does not find what is there")
    for name, forms in secrets().items():
        for form in forms:
            expect_same(search(form), 0, name)
    with srv.stranger():
        expect(occurs(srv.cell(), public_key()), "no public key")
        for name, forms in secrets().items():
            expect(any(occurs(srv.session(), form) for form in forms),
                   "the monitor has no " + name)
            for pid in (srv.cell(), srv.nursery()):
                expect(not any(occurs(pid, form) for form in forms), name)


# ---- The monitor

def say(*messages):
    return ("say", *("%d:%s" % (kind, data.hex()) for kind, data in messages))


def request(*values):
    return REQUEST, fields((3,), *values)


def login(method, *values):
    return request(50, "alice", "ssh-connection", method, *values)


SERVICE = request(5, "ssh-userauth")
NO_STATE = STATE, fields(b"")
ALICE_KEY = paramiko.Ed25519Key.from_private_key_file(srv.key)


def signed(user="alice", session_id=bytes(32)):
    """A signature of alice's own key, in another connection."""
    head = fields(50, user, "ssh-connection", "publickey", 1, "ssh-ed25519",
                  ALICE_KEY.asbytes())
    signature = ALICE_KEY.sign_ssh_data(fields(session_id) + head)
    return REQUEST, fields((3,)) + head + fields(signature.asbytes())


NO_LOGIN = r"message 15 \(STATE\) out of order"

# What the attacker does, when, and what the log says of it.  Whoever is logged
# in by what came before could hand over a state.
FORGED = (
    ("a state for a login that never was", "keyed",
     say(SERVICE, NO_STATE), NO_LOGIN),
    ("a state after a wrong password", "keyed",
     say(SERVICE, login("password", 0, "wrong"), NO_STATE), NO_LOGIN),
    ("a state after the question for a key", "keyed",
     say(SERVICE, login("publickey", 0, "ssh-ed25519", ALICE_KEY.asbytes()),
         NO_STATE), NO_LOGIN),
    ("a signature for another connection", "keyed",
     say(SERVICE, signed(), NO_STATE), NO_LOGIN),
    ("the monitor's own words", "keyed", say((RELEASE, b"")),
     r"message 70 \(unknown\) out of order"),
    ("SUCCESS for the client", "keyed", say((SEND, fields(52))),
     "message 68 is too long"),
    ("SUCCESS from the client", "keyed", say(request(52)),
     "a request out of order"),
    ("a channel", "keyed", say(request(90, "session", (0,), (9,), (9,))),
     "a request out of order"),
    ("an offer of a request", "keyed", say((OFFER, fields((3,), 50))),
     "an offer out of order"),
    ("a password before there are keys", "known",
     say(login("password", 0, srv.password)),
     r"message 7 \(REQUEST\) out of order"),
    ("keys that nobody exchanged", "known", say((AGREED, b"")),
     r"message 6 \(AGREED\) out of order"),
    ("other algorithms", "signed", say((AGREED, fields(*["none"] * 9))),
     "malformed AGREED"),
    ("a hash to sign", "known", say((TRANSCRIPT, fields(bytes(32)))),
     "not an exchange to sign"),
    ("another identification", "begun", say((CLIENT, fields("SSH-1.5-x"))),
     "an impossible identification"),
    ("a second identification", "known", say((CLIENT, fields("SSH-2.0-x"))),
     r"message 2 \(CLIENT\) out of order"),
    ("a command for other modules", "known",
     say((COMMAND, fields("PASS", "", 0, 1))), "malformed COMMAND"),
    ("an event for other modules", "known",
     say((EVENT, fields("mod_sftp.ssh2.auth-none"))), "malformed EVENT"),
    ("a line in the log of logins", "known",
     say((LINE, fields(2, (0,), (0,), "alice"))), "malformed LINE"),
    ("bytes without measure", "known", say((BYTES, b"\xff" * 16)),
     "malformed BYTES"),
    ("an end for no reason", "known", say((FAILED, fields((0,), "x"))),
     "malformed FAILED"),
    ("a message without end", "known", ("raw", "ffffffff0d"),
     "message 13 is too long"),
    ("lines without end", "known",
     ("often", "%d:%s" % (LINE, fields(0, (0,), (0,), "").hex())),
     "too many lines for the log"),
    ("traces without end", "known",
     ("often", "%d:%s" % (LINE, fields(3, (0,), (0,), "").hex())),
     "too many LINE messages"),
    ("settings without end", "known",
     ("often", "%d:%s" % (OBSERVED, fields("x").hex())),
     "too many OBSERVED messages"),
    ("groups without end", "known", ("often", "%d:" % GROUPS),
     "too many GROUPS messages"),
    ("commands without end", "known",
     ("often", "%d:%s" % (COMMAND, fields("NEWKEYS", "", 0, 1).hex())),
     "too many COMMAND messages"),
    ("reports of bytes without end", "known",
     ("often", "%d:%s" % (BYTES, bytes(16).hex())),
     "too many BYTES messages"),
)


@promise("nothing that an attacker says to the monitor logs them in or makes it "
         "sign: the connection ends, as an attack and a crash")
def _():
    for i, (what, stage, order, why) in enumerate(FORGED):
        source = "127.9.0.%d" % (i + 1)
        found, log = log_of(srv, lambda: attack(srv, stage, *order,
                                                source=source))
        expect(re.search(r"disconnecting \S+ \(attack on the monitor: %s" % why, log),
               "%s: %s" % (what, log))
        gained = {value for _, value in found} & {SIGNATURE, RELEASE}
        expect_same(gained, set(), what)
        with contextlib.closing(srv.connect_from(source)) as sock:
            expect(not sock.recv(4).startswith(b"SSH-"), what + ": no penalty")
    srv.works()


NO_STATE_TO_TAKE = "attack on the monitor: not a state to take over"


@promise("a login with the right proof gets further than those attempts, and "
         "takes over no state but its own")
def _():
    right = say(SERVICE, login("password", 0, srv.password), NO_STATE)
    _, log = log_of(srv, lambda: attack(srv, "keyed", *right))
    expect(NO_STATE_TO_TAKE in log, log)
    _, log = log_of(srv, lambda: attack(
        srv, "released", *say((STATE, fields(bytes(90)))),
        password=srv.password))
    expect(NO_STATE_TO_TAKE in log, log)


@promise("an attacker gets signatures over exchanges of this connection only, "
         "and five of them")
def _():
    found, log = log_of(srv, lambda: attack(srv, "exchange", "sign"))
    expect_same(found.count(("answer", SIGNATURE)), 5, "signatures")
    expect("too many key exchanges before the login" in log, log)


@promise("a line that an attacker writes is one line of the log")
def _():
    _, log = log_of(srv, lambda: attack(
        srv, "known", *say((LINE, fields(0, (0,), (0,), "x\nUSER root\r\x1b[m")),
                           NO_STATE)))
    expect(r": x\x0aUSER root\x0d\x1b[m" in log, log)


@promise("no bytes crash the monitor: any messages, at any stage")
def _():
    for seed in range(SEEDS):
        for stage in ("begun", "known", "signed", "keyed"):
            found, log = log_of(srv, lambda: attack(srv, stage, "noise", seed))
            expect(("answer", RELEASE) not in found, (seed, found))
            # FAILED may be well formed, and a request refused.
            expect(re.search(r"disconnecting \S+ \(", log), (seed, stage, log))
    srv.works()


@promise("cells that never end keep nobody out, and end with their time")
def _():
    socks = [hasty.connect_from("127.0.0.1") for _ in range(SPINNING)]
    for sock in socks:
        sock.sendall(b"SSH-2.0-intruder known spin\r\n")
    wait_for(lambda: len(hasty.cells()) == SPINNING, "the cells")
    wait_for(lambda: hasty.log("sftp.log").count("'intruder'") == SPINNING,
             "the attacks")
    with paramiko_sftp(hasty) as sftp:
        sftp.listdir(".")
    hasty.no_cells()
    hasty.no_sessions()
    for sock in socks:
        sock.close()
    hasty.wait_log("sftp.log", "disconnecting .*login timeout reached")


@promise("a cell that stays when its client has logged in is ended")
def _():
    conn = paramiko.Transport(srv.connect())
    conn.local_version = "SSH-2.0-intruder released stay"
    conn.connect(username="alice", password=srv.password)
    with conn.open_sftp_client() as sftp:
        sftp.listdir(".")
        srv.no_cells()
        sftp.listdir(".")
    conn.close()


main(srv, unfiltered, unconfined, hasty)
