# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The keys that may sign: of a .pub file, known_hosts or allowed_signers."""

import collections
import datetime
import re

KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
         "ecdsa-sha2-nistp521", "ssh-rsa")
# A word of a line may have parts in quotes.
WORD = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^\s"])+)')
OPTION = re.compile(r'([^=,"]+)(?:="((?:[^"\\]|\\.)*)")?(?:,|$)')
OPTIONS = ("namespaces", "valid-after", "valid-before")
TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}

# options: those of allowed_signers, which ssh-keygen gets as they are.
Key = collections.namedtuple("Key", "options key")


class Unusable(Exception):
    """What was asked for cannot be done; the text says why."""


def time_in(name, value):
    """The time of an option of allowed_signers."""
    digits = value[:-1] if value.endswith("Z") else value
    try:
        if not digits.isdigit():
            raise ValueError
        time = datetime.datetime.strptime(digits, TIMES[len(digits)])
        return time.replace(tzinfo=datetime.timezone.utc
                            ) if value.endswith("Z") else time.astimezone()
    except (KeyError, OverflowError, ValueError):
        raise Unusable("%s '%s': expected YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]"
                       % (name, value)) from None


def check_options(text):
    """What ssh-keygen would ignore, with the key, is refused here."""
    found, at = {}, 0
    while at < len(text):
        match = OPTION.match(text, at)
        name = match.group(1).lower() if match else text[at:]
        value = match.group(2) if match else None
        if name == "cert-authority":
            raise Unusable("cert-authority: certificates do not sign records")
        if name not in OPTIONS:
            raise Unusable("unknown option '%s': expected namespaces, "
                           "valid-after or valid-before" % name)
        if name in found or not value:
            raise Unusable("%s: expected once, with a value in quotes" % name)
        found[name] = value
        at = match.end()
    times = [time_in(name, found[name])
             for name in ("valid-after", "valid-before") if name in found]
    if len(times) == 2 and times[0] >= times[1]:
        raise Unusable("valid-before is not later than valid-after")


def key_of(words):
    """The key of a line; None: it is of another kind."""
    if words[0].lower().split("=")[0] in OPTIONS + ("cert-authority",):
        raise Unusable("expected names before the options")
    at = next((at for at, word in enumerate(words[:-1]) if word in KINDS), 0)
    if words[at] not in KINDS:
        return None
    if at > 2:
        raise Unusable("expected one word of options before the key")
    options = words[1] if at == 2 else ""
    check_options(options)
    return Key(options, " ".join(words[at:at + 2]))


def add_key(words, found, revoked):
    """The key of a line of one of these files."""
    marker = words.pop(0) if words[0].startswith("@") else None
    if not words or marker not in (None, "@revoked"):
        return
    key = key_of(words)
    if key is not None and marker is None:
        found.append(key)
    elif key is not None:
        revoked.append(key.key)


def keys_of(path):
    """The keys, and those that known_hosts revokes."""
    found, revoked = [], []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                words = WORD.findall(line)
                if words and not words[0].startswith("#"):
                    try:
                        add_key(words, found, revoked)
                    except Unusable as why:
                        raise Unusable("%s:%d: %s" % (path, number,
                                                      why)) from why
    except OSError as why:
        raise Unusable("%s: %s" % (path, why.strerror)) from why
    if not found and not revoked:
        raise Unusable("%s: there is no key in it (Ed25519, ECDSA or RSA)"
                       % path)
    return found, revoked
