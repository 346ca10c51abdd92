# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""What the administrator gives: names, homes, keys, passwords."""

import base64
import binascii
import ctypes
import getpass
import os
import re
import secrets
import struct
import subprocess
import sys

from .files import Refused
from .store import NAME

PLACE = re.compile(r"/[A-Za-z0-9._@+/-]+")
DIRECTORY = re.compile(r"[A-Za-z0-9_@+][A-Za-z0-9._@+-]{0,99}")
SYSTEM_PLACES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc",
                 "/root", "/run", "/sbin", "/sys", "/usr")
KEY_TYPES = ("ssh-ed25519", "ssh-ed448", "ssh-rsa", "ssh-dss",
             "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
             "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
             "sk-ecdsa-sha2-nistp256@openssh.com",
             "ssh-mldsa44-ed25519@openssh.com")


def check_name(name):
    if not NAME.fullmatch(name):
        raise Refused("%r is not a name: a small letter or _, then at most 31 "
                      "of a-z 0-9 _ . -" % name)


def check_home(home):
    if not PLACE.fullmatch(home) or home != os.path.normpath(home):
        raise Refused("%r is not an absolute path of letters, digits and "
                      ". _ @ + -" % home)
    if home.count("/") < 2 or home.startswith(
            tuple(place + "/" for place in SYSTEM_PLACES)):
        raise Refused("%s: no place for a user" % home)


def check_apart(home, others):
    for name, other in others:
        if not other.startswith("/"):
            continue
        both = os.path.commonpath([home, other])
        if both in (home, other):
            raise Refused("%s: it overlaps with the home of %s, %s"
                          % (home, name, other))


def check_directories(names):
    for name in names:
        if not DIRECTORY.fullmatch(name):
            raise Refused("%r is not the name of a directory: letters, digits "
                          "and . _ @ + -, no / and no leading dot" % name)
    if len(set(names)) != len(names):
        raise Refused("--dir names a directory twice")


def key_of(line):
    """The type of a line of authorized_keys, or None."""
    for found in re.finditer(r"(?:^|\s)(\S+)\s+([A-Za-z0-9+/]+=*)(?=\s|$)",
                             line):
        if found.group(1) not in KEY_TYPES:
            continue
        try:
            blob = base64.b64decode(found.group(2), validate=True)
            size, = struct.unpack(">I", blob[:4])
        except (binascii.Error, struct.error):
            continue
        if blob[4:4 + size] == found.group(1).encode() and \
                len(blob) > 4 + size:
            return found.group(1)
    return None


def read_keys(path):
    """The public keys of a file, in OpenSSH's format or in RFC 4716."""
    try:
        with open(path) as file:
            text = file.read(1 << 20)
    except UnicodeDecodeError as why:
        raise Refused("%s: not a file of public keys" % path) from why
    except OSError as why:
        raise Refused("%s: %s" % (path, why.strerror)) from why
    if "PRIVATE KEY" in text:
        raise Refused("%s: a private key; give the file with the public key"
                      % path)
    if "BEGIN SSH2 PUBLIC KEY" in text:
        return text if text.endswith("\n") else text + "\n"
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for number, line in enumerate(lines, 1):
        if key_of(line) is None:
            raise Refused("%s: key %d is not a public key" % (path, number))
    if not lines:
        raise Refused("%s: no key in it" % path)
    return "".join(line + "\n" for line in lines)


def make_key(name, where):
    """A key pair in a directory of our own; the private file."""
    made = os.path.join(where, "key")
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                        name, "-f", made], check=True,
                       stdin=subprocess.DEVNULL)
    except FileNotFoundError as why:
        raise Refused("--new-key needs ssh-keygen (package openssh-client)") \
            from why
    except subprocess.CalledProcessError as why:
        raise Refused("ssh-keygen failed") from why
    return made


def hash_of(password):
    """SHA-512, as ftpasswd --sha512 makes it, by the system's crypt()."""
    try:
        lib = ctypes.CDLL("libcrypt.so.1")
    except OSError as why:
        raise Refused("passwords need libcrypt.so.1") from why
    lib.crypt.restype = ctypes.c_char_p
    lib.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    salt = "$6$" + "".join(secrets.choice(
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        for _ in range(16))
    found = lib.crypt(password.encode(), salt.encode())
    if found is None or not found.startswith(b"$6$"):
        raise Refused("crypt() does not know SHA-512")
    return found.decode()


def read_password():
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise Refused("the passwords differ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < 8:
        raise Refused("the password has less than 8 characters")
    return hash_of(password)
