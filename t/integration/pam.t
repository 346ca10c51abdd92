#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: libpam0g-dev proftpd-mod-crypto python3-paramiko
# sanitizers: alone

"""Accounts of the system: by the host's own look-up and by PAM, whose
conversations go through keyboard-interactive.  The accounts and services are
there for the daemon under test alone."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise, skip
from server import GID, SOURCE, UID, has_module, must, run
from system import System

import paramiko

TALK = ["green", "42", "ja, n\u00fcn"]

unix = System("AuthOrder mod_auth_unix.c\nAuthPAM off\n")
plain = System("AuthOrder mod_auth_pam.c* mod_auth_unix.c\n"
               "AuthPAMConfig test-plain\n")
servers = [unix, plain]
talk = alone = None
if has_module("mod_sftp_pam.so"):
    talk = System("LoadModule mod_sftp_pam.c\nSFTPPAMEngine on\n"
                  "SFTPPAMServiceName test-talk\nTimeoutLogin 20\n"
                  "SFTPAuthMethods publickey+keyboard-interactive:pam "
                  "keyboard-interactive\nMaxLoginAttempts 6\n"
                  "AuthOrder mod_auth_unix.c\n")
    must(run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o",
              talk.path("pam_talk.so"),
              os.path.join(SOURCE, "t/companion/pam_talk.c"), "-lpam"]))
    talk.service("test-talk", "auth required %s\naccount required "
                 "pam_unix.so\n" % talk.path("pam_talk.so"))
    alone = System("LoadModule mod_sftp_pam.c\nSFTPPAMEngine on\n"
                   "SFTPPAMServiceName test-plain\nTimeoutLogin 3\n"
                   "AuthOrder mod_auth_unix.c\n",
                   drop=("SFTPAuthorizedUserKeys",))
    servers += [talk, alone]


def attempt(server, user, password, method="password"):
    """Whether that logs in."""
    conn = paramiko.Transport(server.connect())
    try:
        conn.start_client(timeout=60)
        if method == "password":
            conn.auth_password(user, password, fallback=False)
        else:
            conn.auth_interactive(user, lambda *_: [password])
        return conn.is_authenticated()
    except paramiko.AuthenticationException:
        return False
    finally:
        conn.close()


def converse(conn, user, answers):
    """The methods left, and all that was asked."""
    asked = []
    queue = list(answers)

    def answer(_name, _instruction, prompts):
        asked.append(list(prompts))
        return [queue.pop(0) for _ in prompts]

    return conn.auth_interactive(user, answer), asked


@promise("an account of the system logs in by its password")
def _():
    for server in (unix, plain):
        expect(attempt(server, "alice", server.password), "the right one")
        expect(not attempt(server, "alice", "wrong"), "a wrong one logged in")
        expect(not attempt(server, "locked", server.password),
               "a locked account logged in")
        expect(not attempt(server, "nobody-here", "x"), "nobody logged in")
    must(unix.sftp("put /etc/hostname up", "-o",
                   "PreferredAuthentications=publickey"))
    stat = os.stat(unix.home("up"))
    expect_same((stat.st_uid, stat.st_gid), (UID, GID), "owner")


@promise("an expired account does not log in, not even with its key")
def _():
    expect(not attempt(plain, "old", plain.password), "by password")
    plain.wait_log("system.log", r"USER old \(Login failed\)")
    for server in (unix, plain):
        server.user = "old"
        try:
            expect(server.sftp("pwd").returncode != 0, "by key")
        finally:
            server.user = "alice"
    unix.wait_log("system.log", r"USER old \(Login failed\)")


@promise("a conversation of PAM: a text, several prompts at once, one more")
def _():
    if talk is None:
        skip("mod_sftp_pam is not here")
    conn = paramiko.Transport(talk.connect())
    conn.start_client(timeout=60)
    left, asked = converse(conn, "alice", TALK)
    expect(conn.is_authenticated(), "left: %r" % left)
    # mod_sftp_pam asks for everything without echo.
    flat = [text for prompts in asked for text, _ in prompts]
    expect_same(flat, ["Colour: ", "Number: ", "And now? "], "prompts")
    expect(b"Mind the gap" in (conn.auth_handler.banner or b""),
           "the text did not come: %r" % conn.auth_handler.banner)
    sftp = paramiko.SFTPClient.from_transport(conn)
    expect_same(sftp.normalize("."), "/", "where it landed")
    conn.close()


@promise("a wrong answer, at any step, is a failed attempt")
def _():
    if talk is None:
        skip("mod_sftp_pam is not here")
    for wrong in range(3):
        answers = list(TALK)
        answers[wrong] = "nonsense"
        conn = paramiko.Transport(talk.connect())
        conn.start_client(timeout=60)
        try:
            converse(conn, "alice", answers)
            raise Failed("%r logged in" % answers)
        except paramiko.AuthenticationException:
            pass
        _, asked = converse(conn, "alice", TALK)
        expect(conn.is_authenticated(), "the right ones afterwards")
        conn.close()


@promise("a key and PAM together, and only together")
def _():
    if talk is None:
        skip("mod_sftp_pam is not here")
    conn = paramiko.Transport(talk.connect())
    conn.start_client(timeout=60)
    left = conn.auth_publickey(
        "alice", paramiko.Ed25519Key.from_private_key_file(talk.key))
    expect_same(left, ["keyboard-interactive"], "left after the key")
    converse(conn, "alice", TALK)
    expect(conn.is_authenticated(), "the key and PAM")
    conn.close()


@promise("PAM's account rules apply: an expired account is refused")
def _():
    if talk is None:
        skip("mod_sftp_pam is not here")
    conn = paramiko.Transport(talk.connect())
    conn.start_client(timeout=60)
    try:
        converse(conn, "old", TALK)
        raise Failed("logged in")
    except paramiko.AuthenticationException:
        pass
    finally:
        conn.close()


@promise("PAM by keyboard-interactive and by password, without a chain")
def _():
    if alone is None:
        skip("mod_sftp_pam is not here")
    for method in ("keyboard-interactive", "password"):
        expect(attempt(alone, "alice", alone.password, method), method)
        expect(not attempt(alone, "alice", "wrong", method),
               "a wrong one by " + method)
    for user in ("nobody-here", "locked"):
        expect(not attempt(alone, user, alone.password,
                           "keyboard-interactive"), user)


@promise("a text and prompts in one message of PAM do not crash the session")
def _():
    if talk is None:
        skip("mod_sftp_pam is not here")
    talk.service("test-talk", "auth required %s mixed\n"
                 % talk.path("pam_talk.so"))
    conn = paramiko.Transport(talk.connect())
    conn.start_client(timeout=60)
    try:
        converse(conn, "alice", TALK)
    except paramiko.AuthenticationException:
        pass
    expect(conn.is_active(), "the session is gone")
    conn.close()


@promise("a conversation that is not answered ends with TimeoutLogin")
def _():
    if alone is None:
        skip("mod_sftp_pam is not here")
    alone.no_sessions()
    conn = paramiko.Transport(alone.connect())
    conn.start_client(timeout=60)
    asked = []

    def answer(*_):
        asked.append(True)
        alone.no_sessions()
        return ["late"]

    try:
        conn.auth_interactive("alice", answer)
        raise Failed("logged in")
    except (paramiko.SSHException, EOFError):
        pass
    finally:
        conn.close()
    expect(asked, "nothing was asked")
    alone.no_sessions()


main(*servers)
