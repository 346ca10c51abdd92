# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Files of public keys, in OpenSSH's format and in RFC 4716, as keyfile.c reads
them; and new keys."""

import base64
import binascii
import os
import re
import subprocess

from .files import Refused, named
from .keyblob import Bad, Reader, type_of
from .keyopts import check

BEGIN = "---- BEGIN SSH2 PUBLIC KEY ----"
END = "---- END SSH2 PUBLIC KEY ----"
MAX_BYTES = 1 << 20


def decode(text):
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if not blob or base64.b64encode(blob).decode() != text:
        raise Bad("is not whole: its base64 is damaged or cut short")
    return blob


def cut_word(line):
    """The first word, with what is in quotes, and the rest."""
    word = re.match(r'(?:\\"|"(?:\\"|[^"])*(?:"|$)|[^ \t])*', line)[0]
    return word, line[len(word):].lstrip(" \t")


def names_type(word, text):
    """Whether the second word is the blob of a key of the first."""
    try:
        blob = base64.b64decode(text[:len(text) // 4 * 4])
        return Reader(blob).string().decode("ascii") == word
    except (Bad, ValueError):
        return False


class Key:
    def __init__(self, blob, options, lines):
        self.kind = type_of(blob)
        self.size = len(blob)
        self.options = check(options)
        self.lines = lines


def plain_key(line):
    options, rest = "", line
    word, after = cut_word(line)
    if not names_type(word, cut_word(after)[0]):
        options, rest = word, after
        word, after = cut_word(rest)
        if not names_type(word, cut_word(after)[0]):
            raise Bad("is not a public key")
    return Key(decode(cut_word(after)[0]), options, [line])


def block_key(lines):
    """Of the lines from BEGIN to END."""
    body, at = "", 1
    while at < len(lines) - 1:
        line = lines[at].strip(" \t")
        if not re.match(r"[!-9;-~]{1,64}:", line):
            body += line
        elif body:
            raise Bad("has a header behind the key data")
        else:
            # A backslash at its end continues a header.
            while lines[at].strip(" \t").endswith("\\"):
                at += 1
        at += 1
    return Key(decode(body), "", lines)


def split_entries(text):
    """(number of the line, lines) of each key; blocks may lack their END."""
    lines, at = re.split("\r\n|\r|\n", text), 0
    while at < len(lines):
        begin, line = at, lines[at].strip(" \t")
        at += 1
        if line == BEGIN:
            while at < len(lines) and lines[at].strip(" \t") not in (BEGIN,
                                                                     END):
                at += 1
            if at < len(lines) and lines[at].strip(" \t") == END:
                at += 1
        elif not line or line[0] == "#":
            continue
        yield begin + 1, [line] + lines[begin + 1:at]


def entry_key(lines):
    for line in lines:
        if re.search("[\0-\b\n-\x1f\x7f-\x9f]", line):
            raise Bad("holds a NUL byte" if "\0" in line
                      else "holds a control character")
    if lines[0] != BEGIN:
        return plain_key(lines[0])
    if len(lines) < 2 or lines[-1].strip(" \t") != END:
        raise Bad("is a block without its END line")
    return block_key(lines)


def without_mark(text):
    """Without the byte order mark that some editors write."""
    return text.removeprefix("\ufeff")


def read_file(path):
    with named(path), open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused("%s: more than 1 MiB, so not a file of keys" % path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused("%s: it is UTF-16, as Windows writes it: save it as "
                      "UTF-8" % path)
    return without_mark(data.decode("utf-8", "surrogateescape"))


def read_keys(path):
    """Those of a file; each is one that the server can use."""
    text = read_file(path)
    if re.search("BEGIN [A-Z0-9 ]*PRIVATE KEY", text) or \
            text.startswith("PuTTY-User-Key-File-"):
        raise Refused("%s: a private key; give the file with the public key"
                      % path)
    if "-----BEGIN " in text:
        raise Refused("%s: it is PEM; convert it: ssh-keygen -i -m PKCS8 -f %s"
                      % (path, path))
    keys = []
    for number, lines in split_entries(text):
        try:
            keys.append(entry_key(lines))
        except Bad as why:
            raise Refused("%s: the key in line %d %s" % (path, number, why)) \
                from why
    if not keys:
        raise Refused("%s: no key in it" % path)
    return keys


def text_of(keys):
    return "".join(line + "\n" for key in keys for line in key.lines)


def count_keys(text):
    """How many keys in it can be used; the others have been put there by
    hand."""
    count = 0
    for _, lines in split_entries(without_mark(text)):
        try:
            entry_key(lines)
            count += 1
        except Bad:
            pass
    return count


def remarks(name, keys):
    """What the administrator may not expect of these keys."""
    if any("cert-authority" in key.options for key in keys):
        yield ("a key of an authority: it lets in certificates for %s, not "
               "itself" % name)
    if any(key.kind == "ssh-dss" for key in keys):
        yield "a DSA key works only where SFTPAuthPublicKeys names ssh-dss"
    if any(key.kind == "ssh-rsa" and key.size < 256 for key in keys):
        yield ("an RSA key of less than 2048 bits works only where "
               "SFTPKeyLimits allows it")
    if any(key.kind == "ssh-mldsa44-ed25519@openssh.com" for key in keys):
        yield ("a key of ML-DSA works only where SFTPAuthPublicKeys names it, "
               "and OpenSSL has it")


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
