# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Files on the disk, and whether a place is safe."""

import contextlib
import errno
import os
import re
import stat
import sys


class Refused(Exception):
    """What the administrator is told; nothing has changed."""


def warn(text):
    with contextlib.suppress(OSError):
        print("sftp-user: " + text, file=sys.stderr)


def say(text):
    """To the output; what nobody can read is no failure of what was done, so
    this only says whether it went there."""
    try:
        print(text, flush=True)
        return True
    except OSError as why:
        warn("output: " + text_of_error(why))
        # Python would try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return False


def text_of_error(why):
    """Names the file, and fits on a line."""
    if isinstance(why, OSError) and why.strerror:
        # Of a rename, what should have become of it.
        path = why.filename2 or why.filename
        text = "%s%s" % ("" if path is None else "%s: " % os.fsdecode(path),
                         why.strerror)
    else:
        text = str(why) or type(why).__name__
    return re.sub("[\0-\x1f\x7f-\x9f]", lambda found: "\\x%02x" % ord(found[0]),
                  text)


@contextlib.contextmanager
def named(path):
    """Errors that say nothing of a file, such as that of a full disk, are those
    of this one."""
    try:
        yield
    except OSError as why:
        if why.filename is None and why.errno is not None:
            raise OSError(why.errno, why.strerror, path) from why
        raise


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with named(path):
            os.fsync(fd)
    finally:
        os.close(fd)


def write_new(path, text, mode, like=None):
    """A file that is on the disk, whole, when this returns; with the owner and
    the permissions of another one, if that is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with named(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL
                     | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(fd, "wb") as out:
                out.write(text.encode("utf-8", "surrogateescape"))
                out.flush()
                if like is None or not copy_permissions(like, fd):
                    os.fchmod(fd, mode)
                os.fsync(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise


def copy_permissions(path, fd):
    """Owner, group, mode, and what is beside them (lists of access, labels);
    False if there is no such file."""
    try:
        st = os.stat(path)
    except FileNotFoundError:
        return False
    os.fchown(fd, st.st_uid, st.st_gid)
    os.fchmod(fd, stat.S_IMODE(st.st_mode))
    try:
        there = os.listxattr(fd)
        for name in os.listxattr(path):
            value = os.getxattr(path, name)
            if name not in there or os.getxattr(fd, name) != value:
                os.setxattr(fd, name, value)
    except OSError as why:
        if why.errno != errno.ENOTSUP:
            warn("%s: its attributes are not kept: %s" % (path, why.strerror))
    return True


def read_text(path):
    """Byte for byte; "" if there is no such file."""
    try:
        with named(path), open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def read_lines(path):
    # A hand may have written the last line without its end.
    text = read_text(path)
    return text.removesuffix("\n").split("\n") if text else []


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
