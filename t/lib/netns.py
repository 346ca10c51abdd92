# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A network of the test's own, in which any address may be this machine's."""

import atexit
import ctypes
import subprocess

from server import must, run

CLONE_NEWNET = 0x40000000


def own_network(*addresses):
    """Moves this process into it, to be called before any server is started;
    servers and clients that it starts are there, too.  False if the system
    does not let it.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    must(run(["ip", "link", "set", "lo", "up"]))
    for address in addresses:
        bits = "128" if ":" in address else "32"
        # An IPv6 address that is not yet proved to be unique cannot be used.
        must(run(["ip", "addr", "add", "%s/%s" % (address, bits), "dev", "lo"]
                 + (["nodad"] if ":" in address else [])))
    return True


class Machine:
    """A network beside this one, as another machine has it, and a cable:
    here is this end's address, there the other's."""

    def __init__(self, name, here, there):
        self.address = there
        self.keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec sleep 1200"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        atexit.register(self.end)
        self.keeper.stdout.readline()
        must(run(["ip", "link", "add", name, "type", "veth", "peer", "name",
                  "eth0", "netns", str(self.keeper.pid)]))
        must(run(["ip", "addr", "add", here + "/24", "dev", name]))
        must(run(["ip", "link", "set", name, "up"]))
        for words in (["addr", "add", there + "/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"],
                      ["link", "set", "lo", "up"]):
            must(run(self.inside(["ip"] + words)))

    def inside(self, argv):
        """The command as it runs there."""
        return ["nsenter", "--net=/proc/%d/ns/net" % self.keeper.pid] + argv

    def end(self):
        self.keeper.kill()
        self.keeper.wait()
