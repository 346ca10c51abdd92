# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A network beside that of the test, at the end of a long or narrow line: the
test carries each packet from one end to the other, after a while.  No part of
the kernel is needed that could be missing, as netem is in many."""

import concurrent.futures
import ctypes
import fcntl
import heapq
import itertools
import os
import struct
import threading
import time

from netns import CLONE_NEWNET
from server import must, run

TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 1, 0x1000
HERE, THERE = "10.77.0.1", "10.77.0.2"
MTU = 1500


def _tunnel(address, peer):
    """A device of this thread's network; its descriptor."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"line0",
                                           IFF_TUN | IFF_NO_PI))
    must(run(["ip", "addr", "add", address, "peer", peer, "dev", "line0"]))
    must(run(["ip", "link", "set", "line0", "up", "mtu", str(MTU)]))
    return fd


def _leave():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


class _Way:
    """One direction: packets leave in their order, each after its time."""

    def __init__(self, line, source, target):
        self.line, self.source, self.target = line, source, target
        self.waiting, self.numbers = [], itertools.count()
        self.free = 0
        self.ready = threading.Condition()
        for work in (self.take, self.give):
            threading.Thread(target=work, daemon=True).start()

    def take(self):
        while True:
            packet = os.read(self.source, 2 * MTU)
            now = time.monotonic()
            with self.ready:
                self.free = max(now, self.free)
                if self.line.rate:
                    self.free += len(packet) / self.line.rate
                heapq.heappush(self.waiting, (
                    self.free + self.line.delay, next(self.numbers), packet))
                self.ready.notify()

    def give(self):
        while True:
            with self.ready:
                while not self.waiting:
                    self.ready.wait()
                due, _, packet = heapq.heappop(self.waiting)
            left = due - time.monotonic()
            if left > 0:
                time.sleep(left)
            os.write(self.target, packet)


class LongLine:
    """delay: seconds in one direction; rate: bytes per second, 0: any.  Both
    may change.  The process must have a network of its own."""

    def __init__(self):
        self.delay, self.rate = 0, 0
        self._far = concurrent.futures.ThreadPoolExecutor(
            1, initializer=_leave)
        ours = _tunnel(HERE, THERE)
        theirs = self.there(_tunnel, THERE, HERE)
        _Way(self, ours, theirs)
        _Way(self, theirs, ours)

    def there(self, function, *args, **more):
        """Calls it at the other end: what it connects or starts is there."""
        return self._far.submit(function, *args, **more).result()

    def set(self, delay=0.0, rate=0):
        self.delay, self.rate = delay, rate
