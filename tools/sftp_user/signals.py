# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Signals that end a run: they are obeyed until the step that counts, and not
behind it, so that the exit status tells what became of the user."""

import contextlib
import signal

from .files import Refused

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Refused):
    pass


def ignore():
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)


def stop(_signal, _frame):
    # What is begun is taken back without another interruption.
    ignore()
    raise Interrupted("interrupted")


def obey():
    for each in ENDING:
        signal.signal(each, stop)


@contextlib.contextmanager
def last_step():
    """In it, signals wait, also for the programs that it runs.  If it comes to
    its end, they are forgotten: what they should have prevented is done."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
        ignore()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
