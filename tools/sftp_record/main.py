# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The command line of sftp-record."""

import argparse
import sys

from .extract import extract
from .keys import Unusable
from .signatures import Signers
from .verify import Limits, verify


def parser():
    top = argparse.ArgumentParser(
        prog="sftp-record", description="Checks the files of "
        "SFTPTransferRecord: sftp-record(8).", allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True,
                                  metavar="verify|extract")
    one = commands.add_parser("verify", help="look for what was changed, "
                              "removed or added", allow_abbrev=False)
    how = one.add_mutually_exclusive_group(required=True)
    how.add_argument("-k", dest="keys", action="append", metavar="FILE",
                     help="public host keys: a .pub file, known_hosts or "
                     "allowed_signers; several")
    how.add_argument("--chain-only", action="store_true",
                     help="do not check the signatures")
    one.add_argument("--records", type=int, metavar="N", help="a problem: more "
                     "records without a signature after them")
    one.add_argument("--minutes", type=int, metavar="N", help="a problem: more "
                     "minutes between a record and the signature")
    one.add_argument("files", nargs="+", metavar="FILE",
                     help="the oldest one first; .gz is read as well")
    two = commands.add_parser("extract", help="write a signature and what it "
                              "signs, for ssh-keygen", allow_abbrev=False)
    two.add_argument("-o", dest="prefix", default="record", metavar="PREFIX",
                     help="write PREFIX.msg and PREFIX.sig (default "
                     "%(default)s)")
    two.add_argument("file", metavar="FILE")
    two.add_argument("line", nargs="?", type=int, metavar="LINE",
                     help="the line of the signature (default: the last one)")
    return top


def main(words):
    """The exit status."""
    args = parser().parse_args(words)
    try:
        if args.command == "extract":
            extract(args.file, args.line, args.prefix, print)
            return 0
        signers = Signers(args.keys) if args.keys else None
        limits = Limits(args.records, args.minutes)
        return 1 if verify(args.files, signers, limits, print) > 0 else 0
    except Unusable as why:
        print("sftp-record: %s" % why, file=sys.stderr)
        return 2


def run(words):
    """The same; an interrupted run or a closed output is an error."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")
    try:
        status = main(words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except OSError as why:
        print("sftp-record: %s" % why.strerror, file=sys.stderr)
        return 2
