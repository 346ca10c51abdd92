# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The command line of sftp-migrate."""

import argparse
import os
import sys
import tempfile

from .accounts import Accounts
from .blocks import note_text
from .policy import Policy
from .sshd import ConfigError, Parser, printable
from .write import Writer


def migrate(path, accounts=None, base="/etc/ssh"):
    """(text, verdicts, notes) for an sshd_config."""
    config = Parser(base).parse(path)
    policy = Policy(config, accounts or Accounts.of_system())
    writer = Writer(policy)
    text = writer.write()
    return text, writer.verdicts, policy.notes


def replace(path, text):
    """Writes all of a file or nothing."""
    where = os.path.dirname(os.path.abspath(path))
    fd, temporary = tempfile.mkstemp(prefix=".sftp-migrate-", dir=where)
    try:
        with open(fd, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fchmod(out.fileno(), 0o644)
            os.fsync(out.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def explain(verdicts, notes):
    for line, verdict, why in verdicts:
        print("%s: %s: %s%s" % (printable(line.where), line.text, verdict,
                                ": " + why if why else ""))
    for line, text in notes:
        print("different: " + note_text(line, text))


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="sftp-migrate", description="Writes a configuration of ProFTPD "
        "with mod_sftp that behaves like an sshd_config.")
    parser.add_argument("config", nargs="?", default="/etc/ssh/sshd_config",
                        help="what sshd reads (default %(default)s)")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="write to this file, not to standard output")
    parser.add_argument("-c", "--check", action="store_true",
                        help="explain what becomes of each line, and write "
                        "nothing")
    return parser.parse_args(argv)


def main(argv=None):
    args = arguments(argv)
    try:
        text, verdicts, notes = migrate(
            args.config, base="/etc/ssh")
        if args.check:
            explain(verdicts, notes)
        elif args.output:
            replace(args.output, text)
        else:
            sys.stdout.write(text)
        if not args.check:
            for line, note in notes:
                print("sftp-migrate: different: " + note_text(line, note),
                      file=sys.stderr)
        sys.stdout.flush()
    except ConfigError as why:
        print("sftp-migrate: %s" % why, file=sys.stderr)
        return 1
    except OSError as why:
        print("sftp-migrate: %s: %s" % (
            why.filename or args.output or "standard output", why.strerror),
            file=sys.stderr)
        return 1
    return 0
