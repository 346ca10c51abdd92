# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""What the administrator gives: names, homes, passwords."""

import os
import re
import sys

from .files import Refused
from .store import NAME

PLACE = re.compile(r"/[A-Za-z0-9._@+/-]+")
DIRECTORY = re.compile(r"[A-Za-z0-9_@+][A-Za-z0-9._@+-]{0,99}")
SYSTEM_PLACES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc",
                 "/root", "/run", "/sbin", "/sys", "/usr", "/var/backups",
                 "/var/cache", "/var/log", "/var/mail", "/var/spool", "/var/tmp")
# They hold what belongs to others, but a directory in them may be a user's.
SHARED_PLACES = ("/var/lib", "/var/local", "/var/opt")
MAX_HOME = 512          # a line of the file of users has to hold it
MAX_PASSWORD = 511      # bytes: crypt(3)


def check_name(name):
    if not NAME.fullmatch(name):
        raise Refused("%r is not a name: a small letter or _, then at most 31 "
                      "of a-z 0-9 _ . -" % name)


def check_home(home):
    # normpath() keeps two slashes at the beginning.
    if not PLACE.fullmatch(home) or home.startswith("//") or \
            home != os.path.normpath(home):
        raise Refused("%r is not an absolute path of letters, digits and "
                      ". _ @ + -" % home)
    if len(home) > MAX_HOME:
        raise Refused("the home's path has more than %d characters" % MAX_HOME)
    if home.count("/") < 2 or home in SHARED_PLACES or \
            (home + "/").startswith(tuple(place + "/"
                                          for place in SYSTEM_PLACES)):
        raise Refused("%s: no place for a user" % home)


def check_apart(home, others):
    for name, other in others:
        if not other.startswith("/"):
            continue
        place = os.path.normpath(other)
        if os.path.commonpath([home, place]) in (home, place):
            raise Refused("%s: it overlaps with the home of %s, %s"
                          % (home, name, other))


def check_directories(names):
    for name in names:
        if not DIRECTORY.fullmatch(name):
            raise Refused("%r is not the name of a directory: letters, digits "
                          "and . _ @ + -, no / and no leading dot" % name)
    if len(set(names)) != len(names):
        raise Refused("--dir names a directory twice")


def hash_of(password):
    """SHA-512, as ftpasswd --sha512 makes it, by the system's crypt()."""
    import ctypes               # costs time, and is rarely needed
    try:
        lib = ctypes.CDLL("libcrypt.so.1")
    except OSError as why:
        raise Refused("passwords need libcrypt.so.1") from why
    lib.crypt.restype = ctypes.c_char_p
    lib.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    salt = "$6$" + "".join(
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        [byte & 63] for byte in os.urandom(16))
    found = lib.crypt(password, salt.encode())
    if found is None or not found.startswith(b"$6$"):
        raise Refused("crypt() does not know SHA-512")
    return found.decode()


def ask_password():
    """Its bytes."""
    import getpass              # the same
    if not sys.stdin.isatty():
        # One line; more than one password has is enough to refuse it.
        return sys.stdin.buffer.readline(4096).removesuffix(b"\n") \
            .removesuffix(b"\r")
    try:
        first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except UnicodeDecodeError:
        return b"\xff"
    except EOFError:
        raise Refused("no password was given") from None
    if first != second:
        raise Refused("the passwords differ")
    return first.encode("utf-8", "surrogateescape")


def read_password():
    password = ask_password()
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the password is not UTF-8, in which clients send "
                      "it") from None
    if len(text) < 8:
        raise Refused("the password has less than 8 characters")
    if len(password) > MAX_PASSWORD:
        raise Refused("the password has more than %d bytes, which crypt() does "
                      "not take" % MAX_PASSWORD)
    if re.search("[\0-\x1f\x7f]", text):
        raise Refused("the password holds a control character")
    return hash_of(password)
