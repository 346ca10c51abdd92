# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The reload of ProFTPD."""

import os
import signal
import subprocess

from .files import warn


def reload_daemon(args, purpose):
    if not args.reload:
        print("reload ProFTPD (systemctl reload proftpd) " + purpose)
        return
    try:
        result = subprocess.run(["proftpd", "-t", "-c", args.config],
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        with open(args.pid_file) as file:
            pid = int(file.read())
        with open("/proc/%d/comm" % pid) as file:
            command = file.read().strip()
    except (OSError, ValueError) as why:
        warn("not reloaded: %s" % why)
        return
    if result.returncode != 0:
        lines = result.stdout.decode("utf-8", "replace").strip()
        warn("not reloaded, the configuration has an error:\n" + lines)
    elif command != "proftpd":
        warn("not reloaded: process %d is not ProFTPD" % pid)
    else:
        os.kill(pid, signal.SIGHUP)
        print("reloaded ProFTPD")
