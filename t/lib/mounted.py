# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""sshfs mounts."""

import os
import subprocess

from server import run, wait_for
from tap import skip


class Mounted:
    """The server's root as a directory, for a with statement."""

    def __init__(self, server, *options):
        self.server, self.options = server, list(options)

    def __enter__(self):
        if not os.path.exists("/dev/fuse"):
            skip("no /dev/fuse here")
        self.point = self.server.path("mnt")
        os.makedirs(self.point, exist_ok=True)
        before = os.stat(self.point).st_dev
        with open(self.server.path("sshfs.log"), "ab") as out:
            self.process = subprocess.Popen(
                ["sshfs", "-f", "-F", self.server.ssh_config(), "srv:/",
                 self.point]
                + self.options, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out)
        wait_for(lambda: self.process.poll() is not None
                 or os.stat(self.point).st_dev != before, "the mount")
        if self.process.poll() is not None:
            text = self.server.log("sshfs.log")
            if "fuse" in text and "ermitted" in text:
                skip("FUSE is forbidden here")
            raise AssertionError("sshfs ended: " + text)
        return self.point

    def __exit__(self, *_):
        run(["fusermount3", "-u", self.point])
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            run(["umount", "-l", self.point])
            self.process.kill()
            self.process.wait()
