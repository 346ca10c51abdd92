# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A HAProxy of the test's own."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile

from server import wait_for

HAPROXY = "/usr/sbin/haproxy"

HEAD = """global
  maxconn 400
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
"""


class Haproxy:
    """sections: the configuration's frontends, backends and listeners."""

    def __init__(self, sections):
        self.sections = sections
        self.process = None
        self.dir = tempfile.mkdtemp(prefix="mod_sftp-haproxy-")
        atexit.register(self.clean_up)

    def start(self, *ports, address="127.0.0.1"):
        """Returns when it listens to these ports."""
        path = os.path.join(self.dir, "haproxy.cfg")
        with open(path, "w") as out:
            out.write(HEAD + self.sections)
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                [HAPROXY, "-q", "-db", "-f", path], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True)
        for port in ports:
            wait_for(lambda: self.listens(address, port), "HAProxy", 20)
        return self

    def listens(self, address, port):
        if self.process.poll() is not None:
            with open(self.log) as log:
                raise RuntimeError("HAProxy ended: " + log.read())
        try:
            socket.create_connection((address, port), 5).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def clean_up(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
