# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The command line of sftp-migrate."""

import argparse
import os
import signal
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
    if os.path.lexists(path) and not os.path.isfile(path):
        # A device would be replaced, and a directory cannot be.
        raise ConfigError(printable(path), "this is not a file")
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


def interrupted(number, _frame):
    """The file that is being written is removed on the way out."""
    raise ConfigError("", "ended by signal %d; nothing was written" % number)


def run(args):
    if sys.stdout is None:
        raise ConfigError("", "standard output is closed")
    text, verdicts, notes = migrate(args.config)
    if args.check:
        explain(verdicts, notes)
    elif args.output is not None:
        replace(args.output, text)
    else:
        sys.stdout.write(text)
    sys.stdout.flush()
    if not args.check:
        for line, note in notes:
            print("sftp-migrate: different: " + note_text(line, note),
                  file=sys.stderr)


def main(argv=None):
    args = arguments(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        run(args)
        return 0
    except ConfigError as why:
        reason = str(why)
    except OSError as why:
        reason = "%s: %s" % (printable(
            args.output if args.output is not None and not args.check
            else "standard output"), why.strerror)
    print("sftp-migrate: " + reason, file=sys.stderr)
    # What standard output did not take is not tried again.
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 1)
    return 1
