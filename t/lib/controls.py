# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A server that ftpdctl can ask."""

import re

from server import Server, must, run

CONTROLS = """
ControlsEngine on
ControlsInterval 1
ControlsMaxClients 64
ControlsSocket @DIR@/ctrls.sock
ControlsACLs all allow user *
ControlsSocketACL allow user *
SFTPControlsACLs all allow user root
"""


class Controlled(Server):
    def ctl(self, *words):
        """The lines of the answer.  ProFTPD looks once a second, and refuses
        to wait for a client that has connected and not asked yet."""
        while True:
            result = must(run(["ftpdctl", "-s", self.path("ctrls.sock"),
                               "sftp"] + list(words)))
            text = (result.stdout + result.stderr).decode()
            lines = [re.sub("^ftpdctl: ", "", line)
                     for line in text.splitlines()]
            if lines != ["blocked connection"]:
                return lines

    def counters(self, *words):
        """{name and labels: number}"""
        found = (re.fullmatch(r"(.*?) (\d+)(?: of \d+)?", line)
                 for line in self.ctl("counters", *words))
        return {one.group(1): int(one.group(2)) for one in found}
