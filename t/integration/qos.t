#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko
# sanitizers: alone

"""SFTPQoS: the class that the server's packets carry, seen on the wire, in a
network of the test's own."""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from clients import paramiko_transport
from netns import own_network
from server import PATIENCE, Server, has_module, must, wait_for
from tap import expect_same, main, promise, skip

import paramiko

own = own_network()

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86dd
SYN = 2


class Watch:
    """The classes of packets that leave a port, in turn: whoever looks takes
    those since the last look."""

    def __init__(self, port):
        self.port = port
        self.seen = []
        self.count = 0
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                  socket.htons(ETH_P_ALL))
        self.sock.bind(("lo", ETH_P_ALL))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                self.note(*self.sock.recvfrom(100000))
        except OSError:
            pass

    def note(self, packet, come):
        if come[2] == socket.PACKET_OUTGOING:
            return              # on lo, each comes in as well
        if come[1] == ETH_P_IP:
            tos, tcp = packet[1], packet[(packet[0] & 15) * 4:]
        elif come[1] == ETH_P_IPV6:
            tos = (packet[0] & 15) << 4 | packet[1] >> 4
            tcp = packet[40:]
        else:
            return
        if int.from_bytes(tcp[:2], "big") != self.port or tcp[13] & SYN:
            return
        self.count += 1
        tos &= 0xfc             # the rest is ECN's
        if not self.seen or self.seen[-1] != tos:
            self.seen.append(tos)

    def look(self):
        """Once there are some, and no more follow."""
        wait_for(lambda: self.seen, "packets")
        count = None
        while count != self.count:
            count = self.count
            time.sleep(0.1)
        seen, self.seen = self.seen, []
        return seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class Six(Server):
    """It listens on [::], for IPv4 by the same socket."""

    address = "::1"

    def __init__(self, directives):
        super().__init__(directives, drop=("UseIPv6", "DefaultAddress"))

    def config(self):
        return "UseIPv6 on\nDefaultAddress ::1\n" + super().config()

    def connect(self):
        return socket.create_connection((self.address, self.port), PATIENCE)


def classes(server):
    """Of the last packets before a channel is open, while one is, and after."""
    with Watch(server.port) as watch, paramiko_transport(server) as transport:
        found = [watch.look()]
        sftp = paramiko.SFTPClient.from_transport(transport)
        sftp.listdir("/")
        found.append(watch.look())
        sftp.close()
        watch.look()
        transport.global_request("nothing@example.com", wait=True)
        found.append(watch.look())
        return [some[-1] for some in found]


def expect_classes(directives, before, during, after, make=Server, **more):
    if not own:
        skip("no network of our own")
    server = make(directives, **more).start()
    try:
        expect_same(classes(server), [before, during, after],
                    "classes with " + directives)
    finally:
        server.stop_clean()


AF21, CS1, EF = 0x48, 0x20, 0xb8
MOD_QOS = "QoSOptions ctrlqos af21\n"


@promise("without SFTPQoS the socket keeps what the daemon has set")
def _():
    expect_classes("", 0, 0, 0)


@promise("the login has the first class, open channels have the second")
def _():
    expect_classes("SFTPQoS ef cs1", EF, CS1, EF)


@promise("a single class applies to everything")
def _():
    expect_classes("SFTPQoS cs1", CS1, CS1, CS1)


@promise("none keeps the initial class of the socket")
def _():
    expect_classes("SFTPQoS none cs1", 0, CS1, 0)
    expect_classes("SFTPQoS ef none", EF, 0, EF)


@promise("IPv6 has the same classes, and so has IPv4 by a socket of IPv6")
def _():
    expect_classes("SFTPQoS ef cs1", EF, CS1, EF, make=Six)

    class Mapped(Six):
        address = "127.0.0.1"

    expect_classes("SFTPQoS ef cs1", EF, CS1, EF, make=Mapped)


@promise("mod_qos still sets the class if SFTPQoS does not")
def _():
    if not has_module("mod_qos.so"):
        skip("mod_qos is not here")
    for directives, wanted in (("", (AF21, AF21, AF21)),
                               ("SFTPQoS none cs1", (AF21, CS1, AF21)),
                               ("SFTPQoS ef cs1", (EF, CS1, EF))):
        expect_classes(MOD_QOS + directives, *wanted, modules=("mod_qos",))


@promise("<IfUser> gives a user's transfers another class")
def _():
    if not has_module("mod_ifsession.so"):
        skip("mod_ifsession is not here")
    expect_classes("SFTPQoS ef\n<IfUser alice>\nSFTPQoS ef cs1\n</IfUser>",
                   EF, CS1, EF, modules=("mod_ifsession",))


def ours(server, watch):
    """To the end of the session, and without what the kernel acknowledged
    before it began."""
    server.no_sessions()
    return [some for some in watch.look() if some != 0]


@promise("SCP and commands are transfers")
def _():
    if not own:
        skip("no network of our own")
    server = Server("SFTPQoS ef cs1").start()
    try:
        with Watch(server.port) as watch:
            sent = server.local("sent", b"x" * 100000)
            must(server.scp("-O", sent, "srv:file"))
            expect_same(ours(server, watch), [EF, CS1, EF], "with scp -O")
            must(server.sftp("get file /dev/null"))
            # It may be gone before the server has anything more to send.
            expect_same(ours(server, watch)[:2], [EF, CS1], "with sftp")
            must(server.ssh("srv", "sha256sum file"))
            expect_same(ours(server, watch), [EF, CS1, EF], "with a command")
    finally:
        server.stop_clean()


main()
