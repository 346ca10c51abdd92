# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A server whose isolated processes can be told from those of others."""

import contextlib
import os
import shutil
import socket

from server import MODULE, PATIENCE, Server, wait_for
from rawauth import RawAuth
from clients import paramiko_sftp

BUILD = os.path.dirname(os.path.realpath(MODULE))


class Isolated(Server):
    """With a program of its own, so that its processes can be told.

    program: in the directory of the module; None: there is none.
    """

    def __init__(self, directives="", program="sftp-cell", **more):
        super().__init__(directives, **more)
        self.program = self.path("modules/sftp-cell")
        os.unlink(self.path("modules/mod_sftp.so"))
        shutil.copy(MODULE, self.path("modules/mod_sftp.so"))
        if program:
            shutil.copy(os.path.join(BUILD, program), self.program)

    def _programs(self):
        """{pid: "nursery", "single" (that supervises one cell) or "cell"} of
        the program.  A cell has closed standard descriptors."""
        found = {}
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                # Not by its path: that of another mount namespace differs.
                if os.path.samefile("/proc/%s/exe" % name, self.program):
                    how = "cell"
                    if os.path.lexists("/proc/%s/fd/0" % name):
                        with open("/proc/%s/cmdline" % name) as words:
                            how = words.read().split("\0")[1]
                    found[int(name)] = how
        return found

    def _all(self, how):
        return {pid for pid, its in self._programs().items() if its == how}

    def nurseries(self):
        return self._all("nursery")

    def cells(self):
        return self._all("cell")

    def supervisors(self):
        return self._all("single")

    def nursery(self):
        return wait_for(lambda: len(self.nurseries()) == 1
                        and self.nurseries(), "one nursery").pop()

    def cell(self):
        return wait_for(lambda: len(self.cells()) == 1 and self.cells(),
                        "one cell").pop()

    def no_cells(self):
        wait_for(lambda: not self.cells(), "the cells to end")

    def connect_from(self, source):
        return socket.create_connection(("127.0.0.1", self.port),
                                        timeout=PATIENCE,
                                        source_address=(source, 0))

    def stranger(self, source="127.0.0.1"):
        """Keys were exchanged, and nothing more is sent."""
        return RawAuth(self.connect_from(source), service=None)

    def works(self):
        with paramiko_sftp(self) as sftp:
            sftp.listdir(".")
            self.no_cells()
