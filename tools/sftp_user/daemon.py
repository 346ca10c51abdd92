# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The reload of ProFTPD."""

import os
import re
import signal
import subprocess

from .files import Refused, say, text_of_error, warn
from .signals import ignore, obey


def reload_daemon(args, purpose):
    """The change is made; whatever happens here, it stays."""
    if not args.reload:
        say("reload ProFTPD (systemctl reload proftpd) " + purpose)
        return
    try:
        obey()
        reload_checked(args)
    except (OSError, ValueError, OverflowError, Refused) as why:
        warn("not reloaded: " + text_of_error(why))
    finally:
        ignore()


def reload_checked(args):
    result = subprocess.run(["proftpd", "-t", "-c", args.config],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    lines = result.stdout.decode("utf-8", "replace").strip()
    # Of a file that a pattern or a directory includes, it says that a line is
    # unknown, leaves out the line, and succeeds.
    if result.returncode != 0 or re.search("(^|: )(fatal|error): ", lines,
                                           re.M):
        warn("not reloaded, the configuration has an error:\n" + lines)
        return
    with open(args.pid_file) as file:
        text = file.read(100).strip()
    if not re.fullmatch("[1-9][0-9]{0,9}", text):
        raise Refused("%s: no number of a process" % args.pid_file)
    with open("/proc/%s/comm" % text) as file:
        if file.read().strip() != "proftpd":
            raise Refused("process %s is not ProFTPD" % text)
    os.kill(int(text), signal.SIGHUP)
    say("reloaded ProFTPD")
