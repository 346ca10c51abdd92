# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Files on the disk, and whether a place is safe."""

import contextlib
import errno
import os
import stat
import sys


class Refused(Exception):
    """What the administrator is told; nothing has changed."""


def warn(text):
    print("sftp-user: " + text, file=sys.stderr)


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_new(path, text, mode):
    """A file that is on the disk, whole, when this returns."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW,
                 mode)
    with os.fdopen(fd, "w", errors="surrogateescape") as out:
        os.fchmod(fd, mode)
        out.write(text)
        out.flush()
        os.fsync(fd)


def read_lines(path):
    try:
        with open(path, errors="surrogateescape") as file:
            text = file.read()
            # A hand may have written the last line without its end.
            return text.removesuffix("\n").split("\n") if text else []
    except FileNotFoundError:
        return []


def identity(path):
    """What stays the same when a file is renamed."""
    st = os.lstat(path)
    return [st.st_dev, st.st_ino]


def is_same(path, wanted):
    try:
        return identity(path) == wanted
    except OSError:
        return False


def must_be_safe(path):
    """Nobody but root can replace what is below this directory."""
    at = path
    while True:
        try:
            st = os.lstat(at)
        except OSError as why:
            raise Refused("%s: %s" % (at, why.strerror)) from why
        if not stat.S_ISDIR(st.st_mode):
            raise Refused("%s: not a directory (links are not followed)" % at)
        sticky = at != path and st.st_mode & stat.S_ISVTX
        if st.st_uid != 0 or (st.st_mode & 0o022 and not sticky):
            raise Refused("%s: others than root may write there" % at)
        if at == "/":
            return
        at = os.path.dirname(at)


def discard(path):
    """Removes a file, or directories that hold nothing but directories: what
    a user has put there stays."""
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            for top, _, _ in os.walk(path, topdown=False):
                os.rmdir(top)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as why:
        if why.errno != errno.ENOTEMPTY:
            raise
        warn("%s is not empty, and stays" % path)
