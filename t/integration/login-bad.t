#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Logins with what no good client sends, and drivers that misbehave: each has
an outcome, and the next client notices nothing of it.
"""

import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from companion import add_companion
from pairs import SFTP, Pairs
from rawauth import INFO_RESPONSE, RawAuth
from server import Server, must, run
from tap import expect, expect_same, main, promise

import paramiko
from paramiko.message import Message

BYTES = b"\xff\xfe caf\xe9"

srv = Pairs({
    "plain": "MaxLoginAttempts 20",
    "closed": "SFTPAuthMethods keyboard-interactive:closed password",
    "broken": "SFTPAuthMethods keyboard-interactive:broken password",
    "hanging": "SFTPAuthMethods keyboard-interactive:hanging\nTimeoutLogin 2",
    "asking": "SFTPAuthMethods keyboard-interactive:asking password\n"
              "MaxLoginAttempts 20",
}, users=("alice", "bytes"))
add_companion(srv, "mod_bad")
PW = srv.password


def set_bytes():
    hashed = must(run(["perl", "-e", 'print crypt("%s", q($6$salty$))'
                       % "".join("\\x%02x" % b for b in BYTES)])).stdout
    with open(srv.path("passwd"), "rb") as file:
        lines = [line.split(b":") for line in file.read().splitlines()]
    for fields in lines:
        if fields[0] == b"bytes":
            fields[1] = hashed
    with open(srv.path("passwd"), "wb") as file:
        file.write(b"".join(b":".join(line) + b"\n" for line in lines))


set_bytes()
KEY = paramiko.Ed25519Key.from_private_key_file(srv.key)


def raw(topic="plain", **more):
    return RawAuth(socket.create_connection(
        ("127.0.0.1", srv.ports[topic, SFTP]), 60), **more)


def still_serves(topic="plain"):
    with raw(topic) as conn:
        expect_same(conn.answer(conn.password("alice", PW)), "success",
                    "the next client")


REFUSED = "refused: publickey,keyboard-interactive,password"


@promise("user names: an impossible one ends the connection, others are "
         "refused")
def _():
    for name, outcome in ((b"", REFUSED), (b"x" * 256, REFUSED),
                          (BYTES, REFUSED), (b"\xc3\x28", REFUSED),
                          (b"alice ", REFUSED), (b"../alice", REFUSED),
                          (b"%u%s%n", REFUSED), (b"a'; DROP TABLE", REFUSED),
                          (b"alice\0", "gone"), (b"\0", "gone"),
                          (b"al\nice", "gone"), (b"x" * 257, "gone"),
                          (b"x" * 30000, "gone"), (b"x" * 200000, "gone")):
        with raw() as conn:
            expect_same(conn.answer(conn.password(name, PW)), outcome,
                        "%.20r of %d bytes" % (name, len(name)))
    still_serves()


@promise("passwords: any bytes are refused in the same way, and the right "
         "one may follow")
def _():
    with raw() as conn:
        for password in (b"", PW.encode() + b"\0", b"\0" * 100, BYTES,
                         b"\xff" * 1024, b"x" * 1025, b"x" * 30000,
                         PW.encode() + b"\n", b" " + PW.encode(),
                         b"%s%n%s"):
            expect_same(conn.answer(conn.password("alice", password)),
                        REFUSED, "%.20r of %d bytes" % (password,
                                                        len(password)))
        expect_same(conn.answer(conn.password("alice", PW)), "success",
                    "the right one")
    with raw() as conn:
        expect_same(conn.answer(conn.password("bytes", BYTES)), "success",
                    "one that is not UTF-8 and right")
    with raw() as conn:
        expect_same(conn.answer(conn.password("alice", b"x" * 500000)),
                    "gone", "one larger than a packet")
    still_serves()


@promise("changes of password are refused in the same way, whatever the old "
         "one is")
def _():
    for user, old in (("alice", PW), ("alice", "wrong"), ("nobody", PW),
                      ("alice", ""), ("alice", b"x" * 2000)):
        with raw() as conn:
            expect_same(conn.answer(conn.change(user, old, "brand-new")),
                        REFUSED, "%s, %.10r" % (user, old))
            expect_same(conn.answer(conn.password("alice", PW)),
                        "success" if user == "alice" else "gone",
                        "and what follows")
    srv.wait_log("sftp.log", "password of user 'alice' is to be changed")
    expect("brand-new" not in srv.log("sftp.log"), "the log has no password")


@promise("neither user nor service may change between requests")
def _():
    for change in (("bob", b"ssh-connection"), ("Alice", b"ssh-connection"),
                   ("alice\0", b"ssh-connection"), ("", b"ssh-connection"),
                   ("alice", b"ssh-userauth"), ("alice", b"nonsense")):
        with raw() as conn:
            conn.answer(conn.message("alice", "none"))
            expect_same(conn.answer(conn.message(change[0], "none",
                                                 change[1])), "gone", change)
    with raw() as conn:
        conn.answer(conn.key("alice", KEY, sign=False))
        expect_same(conn.answer(conn.key("bob", KEY)), "gone",
                    "between probe and signature")
    srv.wait_log("sftp.log", "user or service changed from 'alice'")
    still_serves()


@promise("unknown methods are refused, and requests for them are limited")
def _():
    with raw() as conn:
        m = conn.message("alice", "gssapi-with-mic")
        m.add_int(1)
        expect_same(conn.answer(m), REFUSED, "an unknown one")
        expect_same(conn.answer(conn.message("alice", "x" * 65)), "gone",
                    "a long name")
    with raw() as conn:
        answers = [conn.answer(conn.message("alice", "none"))
                   for _ in range(101)]
        expect_same((answers[99], answers[100]), (REFUSED, "gone"),
                    "a hundred questions, and one more")
    still_serves()


def response(*answers, count=None):
    m = Message()
    m.add_byte(bytes([INFO_RESPONSE]))
    m.add_int(len(answers) if count is None else count)
    for answer in answers:
        m.add_string(answer)
    return m


ASKED = "refused: keyboard-interactive,password"


@promise("answers that do not match the questions are a failed attempt")
def _():
    with raw("asking") as conn:
        for m in (response(), response("1"), response("1", "2", "3"),
                  response("1", "2", count=1),
                  response(count=0x7fffffff), response(count=0xffffffff),
                  response(b"\xff\xfe", "2"), response("1", "x" * 20000)):
            expect_same(conn.answer(conn.kbdint("alice")), "ask", "question")
            expect_same(conn.answer(m), ASKED, m.asbytes()[:12])
        expect_same(conn.answer(conn.kbdint("alice")), "ask", "question")
        expect_same(conn.answer(response("1", "2")), "success", "good ones")
    for m in (response("1\0", "2"), response("1", count=2),
              response("1", "2", "3", count=2)):
        with raw("asking") as conn:
            conn.answer(conn.kbdint("alice"))
            expect_same(conn.answer(m), "gone", "malformed")
    with raw("asking") as conn:
        expect_same(conn.answer(response("1", "2")), "gone",
                    "an answer to no question")
    still_serves("asking")


@promise("a request during a conversation ends that, and is processed")
def _():
    with raw("asking") as conn:
        expect_same(conn.answer(conn.kbdint("alice")), "ask", "question")
        expect_same(conn.answer(conn.kbdint("alice")), "ask", "another")
        expect_same(conn.answer(conn.password("alice", "wrong")), ASKED,
                    "a wrong password")
        expect_same(conn.answer(conn.kbdint("alice")), "ask", "once more")
        expect_same(conn.answer(conn.password("alice", PW)), "success",
                    "the right one")
    with raw("asking") as conn:
        conn.answer(conn.kbdint("alice"))
        expect_same(conn.answer(conn.password("bob", PW)), "gone",
                    "of another user")


@promise("requests after success are ignored, and the session continues")
def _():
    with raw() as conn:
        expect_same(conn.answer(conn.password("alice", PW)), "success",
                    "login")
        conn.send(conn.password("alice", "wrong"))
        conn.send(conn.password("root", PW))
        conn.send(conn.message("bob", "none"))
        conn.conn.auth_handler.is_authenticated = lambda: True
        sftp = paramiko.SFTPClient.from_transport(conn.conn)
        expect_same(sftp.normalize("."), "/", "folder")
        expect(conn.inbox.empty(), "it was answered")
    with raw() as conn:
        conn.answer(conn.password("alice", PW))
        expect_same(conn.answer(response("1", "2")), "gone",
                    "an answer to no question")


@promise("a driver that cannot begin, or fails, is a failed attempt")
def _():
    for topic in ("closed", "broken"):
        with raw(topic) as conn:
            left = conn.answer(conn.kbdint("alice"))
            expect(left.startswith("refused: ") and "password" in left, left)
            expect_same(conn.answer(conn.password("alice", PW)), "success",
                        topic)
    srv.wait_log("sftp.log", "driver 'closed' cannot be used: No such file")
    srv.wait_log("sftp.log", "driver 'broken' refused user 'alice'")


@promise("a driver that hangs, with signals blocked, is ended after "
         "TimeoutLogin")
def _():
    with raw("hanging") as conn:
        hanging = srv.session()
        expect_same(conn.answer(conn.kbdint("alice")), "gone", "the session")
    srv.no_sessions()
    srv.wait_log("sftp.log", "login timeout reached by a login from "
                 "127.0.0.1 that hangs in another module: ended")
    with open(srv.path("scoreboard"), "rb") as board:
        expect(b"127.0.0.1" not in board.read(), "it is counted as if it were "
               "still there")
    with raw():
        killed = srv.session()
        os.kill(killed, signal.SIGKILL)
        srv.wait_log("system.log", "session %d of nobody from 127.0.0.1 was "
                     "killed" % killed)
    expect("session %d of" % hanging not in srv.log("system.log"),
           "it is told as killed")


@promise("unknown users learn nothing: replies, attempts and time are the "
         "same")
def _():
    took = {}
    for user in ("alice", "nobody-here"):
        with raw("asking") as conn:
            seen, times = [], []
            for m in (lambda: conn.key(user, KEY, sign=False),
                      lambda: conn.password(user, "wrong"),
                      lambda: conn.password(user, ""),
                      lambda: conn.kbdint(user)):
                begin = time.monotonic()
                seen.append(conn.answer(m()))
                times.append(time.monotonic() - begin)
            seen.append(conn.answer(response("x", "y")))
        took[user] = seen
        for spent in times[1:3]:
            # Refusals come on the beat of a quarter of a second.
            expect(spent > 0.2, "%s: refused after %.3f s" % (user, spent))
    expect_same(took["nobody-here"], took["alice"], "answers")


@promise("each outcome is one line: who, from where, by what, and why not")
def _():
    before = len(srv.log("sftp.log"))
    other = paramiko.RSAKey.generate(2048)
    with raw() as conn:
        conn.answer(conn.key("alice", other, sign=False, alg="rsa-sha2-256"))
        conn.answer(conn.key("alice", KEY, sign=False))
        conn.answer(conn.password("alice", "wrong"))
        conn.answer(conn.message("alice", "gssapi-with-mic"))
        conn.answer(conn.key("alice", KEY))
    srv.no_sessions()
    lines = [line.split("]: ", 1)[1] for line in
             srv.log("sftp.log")[before:].splitlines() if "login of" in line]
    finger = must(run(["ssh-keygen", "-l", "-f", srv.key])).stdout.split()[1]
    key = "ssh-ed25519 key " + finger.decode()
    begin = "login of 'alice' from 127.0.0.1 by "
    expect(lines[0].startswith(begin + "publickey, ssh-rsa key SHA256:") and
           ": refused: no matching public key found" in lines[0], lines[0])
    expect_same(lines[1:], [
        begin + "publickey, " + key + ": key would be accepted",
        begin + "password: refused: Incorrect password",
        begin + "gssapi-with-mic: refused: userauth method "
        "'gssapi-with-mic' is unknown",
        begin + "publickey, " + key + ": accepted"], "lines")


@promise("a right password whose user has no directory is refused like a wrong "
         "one, after as long a time")
def _():
    for drop in ((), ("DefaultRoot",)):
        host = Server("MaxLoginAttempts 20\n", drop=drop).start()
        os.rmdir(host.home())
        try:
            for password in ("wrong", host.password):
                with RawAuth(host.connect()) as auth:
                    message = auth.password("alice", password)
                    begin = time.monotonic()
                    answer = auth.answer(message)
                    took = time.monotonic() - begin
                    # Refusals come on the beat of a quarter of a second.
                    expect(took > 0.2, "%s: refused after %.3f s"
                           % (password, took))
                    expect(answer.startswith("refused: "), "%s: %s"
                           % (password, answer))
                    expect_same(auth.answer(auth.password("alice", "wrong")),
                                answer, "the next attempt")
        finally:
            host.stop_clean()


main(srv)
