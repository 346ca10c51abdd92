# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The command line of sftp-user."""

import argparse
import os
import sys

from .add import HOMES, add
from .files import Refused, text_of_error, warn
from .numbers import FIRST_UID
from .remove import list_users, remove
from .signals import obey
from .store import Store

ETC = "/etc/proftpd/sftp-users"
PID_FILE = "/run/proftpd.pid"
CONFIG = "/etc/proftpd/proftpd.conf"


def parser():
    top = argparse.ArgumentParser(
        prog="sftp-user", description="Adds, removes and lists users of an "
        "SFTP server: sftp-user(8).", allow_abbrev=False)
    top.add_argument("--etc", default=ETC, metavar="DIR",
                     help="the files of users (default %(default)s)")
    commands = top.add_subparsers(dest="command", required=True,
                                  metavar="add|remove|list")
    one = commands.add_parser("add", help="make a user", allow_abbrev=False)
    one.add_argument("name")
    one.add_argument("--key", metavar="FILE", help="file of public keys")
    one.add_argument("--new-key", metavar="FILE",
                     help="make a key, and write the private key there")
    one.add_argument("--password", action="store_true",
                     help="ask for a password, or read it from a pipe")
    one.add_argument("--home", metavar="DIR",
                     help="their home, and jail (default %s/NAME)" % HOMES)
    one.add_argument("--dir", action="append", metavar="NAME",
                     help="a directory in it where they may write; several "
                     "(default files)")
    one.add_argument("--read-only", action="store_true",
                     help="no directory where they may write")
    one.add_argument("--uid", type=int, metavar="N",
                     help="their number (default: the next from %d on)"
                     % FIRST_UID)
    one.add_argument("--system", action="store_true",
                     help="a user of the system, made by useradd")
    one.add_argument("--use-existing", action="store_true",
                     help="take a home that is there")
    one.set_defaults(run=add)
    gone = commands.add_parser("remove", help="remove a user",
                               allow_abbrev=False)
    gone.add_argument("name")
    gone.add_argument("--delete-files", action="store_true",
                      help="delete their home, too")
    gone.set_defaults(run=remove)
    for each in (one, gone):
        each.add_argument("--reload", action="store_true",
                          help="check the configuration, and reload ProFTPD")
        each.add_argument("--config", default=CONFIG, metavar="FILE",
                          help="its configuration (default %(default)s)")
        each.add_argument("--pid-file", default=PID_FILE, metavar="FILE",
                          help="its PidFile (default %(default)s)")
    commands.add_parser("list", help="print the users",
                        allow_abbrev=False).set_defaults(run=list_users)
    return top


def main(words):
    """The exit status."""
    args = parser().parse_args(words)
    try:
        if os.geteuid() != 0:
            raise Refused("root is needed")
        args.run(Store(os.path.abspath(args.etc)), args)
    except Refused as why:
        warn(str(why))
    except OSError as why:
        warn(text_of_error(why))
    except Exception as why:
        # A fault of this program is a line as well, and undone.
        warn("%s: %s" % (type(why).__name__, text_of_error(why)))
    else:
        return 0
    return 1


def run(words):
    """main() in a process of its own, which can be interrupted."""
    os.umask(0o022)
    obey()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")
    return main(words)
