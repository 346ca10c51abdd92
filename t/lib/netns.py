# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A network of the test's own, in which any address may be this machine's."""

import ctypes

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
