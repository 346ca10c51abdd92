#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""A companion module that is built against the public header alone finds all
that mod_sftp.h promises."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise
from server import Server, must
from clients import paramiko_transport
from companion import add_companion

import base64
import paramiko

srv = Server(directives="SFTPAuthMethods publickey keyboard-interactive:mate\n"
             "SFTPAuthorizedUserKeys mate:@DIR@/blob",
             drop=("SFTPAuthorizedUserKeys",))


add_companion(srv, "mod_mate")
with open(srv.key + ".pub") as pub, open(srv.path("blob"), "wb") as out:
    out.write(base64.b64decode(pub.read().split()[1]))


def login(answers):
    """A login by keyboard-interactive; the questions and the banner."""
    asked = []

    def answer(name, instruction, prompts):
        asked.append((name, instruction, list(prompts)))
        return answers

    transport = paramiko.Transport(srv.connect())
    transport.start_client(timeout=30)
    try:
        transport.auth_interactive(srv.user, answer)
        return asked, transport.auth_handler.banner
    finally:
        transport.close()


@promise("its driver asks, and the right answers log in")
def _():
    asked, banner = login(["", "xyzzy"])
    expect_same(asked, [("alice", "Two questions",
                         [("Name of the ship? ", True),
                          ("Word of the day? ", False)])], "questions")
    expect_same(banner, b"ahoy\r\n", "banner")


@promise("its driver refuses, and too few answers do not log in")
def _():
    for answers in (["", "plugh"], ["xyzzy"], []):
        try:
            login(answers)
            raise Failed("%r logged in" % answers)
        except (paramiko.SSHException, EOFError):
            pass


@promise("its store of keys is asked, and compares them")
def _():
    must(srv.sftp("pwd"))
    srv.wait_log("sftp.log", r"mod_mate/0\[\d+\]: compared: 1, errors: "
                 r"\(unknown\)")
    other = paramiko.RSAKey.generate(2048)
    transport = paramiko.Transport(srv.connect())
    transport.start_client(timeout=30)
    try:
        transport.auth_publickey(srv.user, other)
        raise Failed("another key logged in")
    except paramiko.AuthenticationException:
        pass
    finally:
        transport.close()
    srv.wait_log("sftp.log", r"compared: 0")


@promise("its command runs on a channel: words, data, exit status")
def _():
    with paramiko_transport(srv) as transport:
        channel = transport.open_session()
        channel.exec_command('count "two words" three')
        expect_same(channel.makefile().read(), b"3 words, 0 bytes\n", "words")
        expect_same(channel.recv_exit_status(), 0, "status")

        channel = transport.open_session()
        channel.exec_command("count")
        channel.sendall(b"x" * 100000)
        channel.sendall(b".")
        expect_same(channel.makefile().read(), b"1 words, 100001 bytes\n",
                    "data")
        expect_same(channel.recv_exit_status(), 0, "status")
    srv.wait_log("sftp.log", "mod_mate/0.*: finished 2")


@promise("its command refuses, with a status and a reason")
def _():
    result = srv.ssh("srv", "refuse me")
    expect(result.returncode != 0, "the status is 0")
    expect(b"Operation not permitted" in result.stderr, result.stderr)


main(srv)
