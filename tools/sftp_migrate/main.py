# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The command line of sftp-migrate."""

import argparse
import os
import signal
import stat
import sys
import tempfile

from .accounts import Accounts
from .blocks import note_text
from .policy import Policy
from .sshd import ConfigError, Parser, printable
from .write import Writer

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def migrate(path, accounts=None, base="/etc/ssh"):
    """(text, verdicts, notes) for an sshd_config."""
    config = Parser(base).parse(path)
    policy = Policy(config, accounts or Accounts.of_system())
    writer = Writer(policy)
    text = writer.write()
    return text, writer.verdicts, policy.notes


def old_file(path, force):
    """The stat of the file that may be replaced, or None if there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise ConfigError(printable(path), "this is a link, which is not "
                          "followed")
    if not stat.S_ISREG(found.st_mode):
        # A device would be replaced, and a directory cannot be.
        raise ConfigError(printable(path), "this is not a file")
    if not force:
        raise ConfigError(printable(path), "the file exists; --force replaces "
                          "it")
    return found


def give_name(temporary, path, force):
    # What is complete is not taken back.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if not force:
        try:
            # Unlike a new name, a second name never replaces a file.
            os.link(temporary, path)
            os.unlink(temporary)
            return
        except FileExistsError:
            old_file(path, False)
        except OSError:
            pass                # a file system without second names
    old_file(path, force)
    os.rename(temporary, path)


def put(path, text, force):
    """Writes all of a file or nothing."""
    old = old_file(path, force)
    where = os.path.dirname(os.path.abspath(path))
    fd, temporary = tempfile.mkstemp(prefix=".sftp-migrate-", dir=where)
    try:
        with open(fd, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            if old is not None:
                os.fchown(out.fileno(), old.st_uid, old.st_gid)
            # It names accounts that are locked: not for everybody.
            os.fchmod(out.fileno(), stat.S_IMODE(old.st_mode) if old else
                      0o640)
            os.fsync(out.fileno())
        give_name(temporary, path, force)
    except BaseException:
        os.unlink(temporary)
        raise


def write_to(path, text, force):
    try:
        put(path, text, force)
    except OSError as why:
        raise ConfigError(printable(path), why.strerror)


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
                        help="write to this new file, not to standard output")
    parser.add_argument("-f", "--force", action="store_true",
                        help="replace the file of -o")
    parser.add_argument("-c", "--check", action="store_true",
                        help="explain what becomes of each line, and write "
                        "nothing")
    args = parser.parse_args(argv)
    if args.force and args.output is None:
        parser.error("--force needs -o")
    return args


def interrupted(number, _frame):
    """The file that is being written is removed on the way out."""
    raise ConfigError("", "ended by signal %d; nothing was written" % number)


def run(args):
    if sys.stdout is None:
        raise ConfigError("", "standard output is closed")
    # As in a file, whatever the locale is.
    sys.stdout.reconfigure(encoding="utf-8")
    text, verdicts, notes = migrate(args.config)
    if args.check:
        explain(verdicts, notes)
    elif args.output is not None:
        if os.path.exists(args.output) and \
                os.path.samefile(args.output, args.config):
            raise ConfigError(printable(args.output), "this is the file that "
                              "is read")
        write_to(args.output, text, args.force)
    else:
        sys.stdout.write(text)
    sys.stdout.flush()
    if not args.check:
        for line, note in notes:
            print("sftp-migrate: different: " + note_text(line, note),
                  file=sys.stderr)


def main(argv=None):
    args = arguments(argv)
    for number in SIGNALS:
        signal.signal(number, interrupted)
    try:
        run(args)
        return 0
    except ConfigError as why:
        reason = str(why)
    except OSError as why:
        reason = "standard output: %s" % why.strerror
    except Exception as why:    # pylint: disable=broad-except
        reason = "a fault of this program, and nothing was written: %s: %s" % (
            type(why).__name__, printable(str(why), 200))
    print("sftp-migrate: " + reason, file=sys.stderr)
    # What standard output did not take is not tried again.
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 1)
    return 1
