# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Options in front of a key.  An option that the server does not know, or
cannot obey, makes the key useless there; so it is refused here."""

import ipaddress
import re
import shlex
import time

from .keyblob import Bad

# Those without an effect, as in ftpd-keyopts.c.
MOOT = ("agent-forwarding", "no-agent-forwarding", "port-forwarding",
        "no-port-forwarding", "pty", "no-pty", "user-rc", "no-user-rc",
        "x11-forwarding", "no-x11-forwarding", "restrict", "permitopen",
        "permitlisten", "tunnel")
OPTION = re.compile(r'[, \t]*([^,= \t]+)(=(?:"((?:\\"|\\(?!")|[^"\\])*)"|'
                    r'([^, \t"][^, \t]*|)))?(?=,|$)')


def no_value(_value):
    pass


def some_value(_value):
    pass


def command(value):
    try:
        words = shlex.split(value)
    except ValueError as why:
        raise Bad("has a quote without an end") from why
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name not in ("internal-sftp", "sftp-server", "scp"):
        raise Bad("is neither internal-sftp nor sftp-server nor scp, and no "
                  "others are run")
    if name == "scp" and words[1:] and not (
            any(word[:1] == "-" and set(word) & set("tf")
                for word in words[1:])
            and any(word[:1] != "-" for word in words[1:])):
        raise Bad("needs -t or -f, and a path, for scp")
    if name != "scp":
        sftp_words(words[1:])


def sftp_words(words):
    """The options of sftp-server(8) that forced.c knows."""
    words, lists = list(words), []
    while words:
        found = re.fullmatch(r"-([Re]*)(?:([dpPufl])(.*))?", words.pop(0))
        if not found or found[0] == "-":
            raise Bad("has an argument that is not known here")
        if not found[2]:
            continue
        if not found[3] and not words:
            raise Bad("has an argument without its value")
        value = found[3] or words.pop(0)
        if found[2] in lists:
            raise Bad("has -%s twice" % found[2])
        if found[2] in "pP":
            lists.append(found[2])
        if found[2] == "d" and not value:
            raise Bad("has -d without a directory")
        if found[2] == "u" and not (re.fullmatch("[0-7]+", value)
                                    and int(value, 8) <= 0o777):
            raise Bad("has a umask that is none")


def environment(value):
    if value.find("=") < 1:
        raise Bad("is not NAME=value")


def expiry(value):
    digits, utc = re.fullmatch(r"(.*?)([Zz]?)", value, re.S).groups()
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits))
    try:
        if not re.fullmatch("[0-9]+", digits):
            raise ValueError(digits)
        when = time.strptime(digits + (" UTC" if utc else ""),
                             form + (" %Z" if utc else ""))
    except (ValueError, TypeError) as why:
        raise Bad("is not YYYYMMDD[HHMM[SS]][Z]") from why
    now = time.gmtime() if utc else time.localtime()
    if when[:6] <= now[:6]:
        raise Bad("has passed: the key has expired")


def addresses(value):
    items = [item for item in re.split("[, ]+", value) if item]
    if not items:
        raise Bad("names no address")
    for item in items:
        item = item.removeprefix("!")
        if re.fullmatch(r"[0-9a-fA-F.:]*[:/][0-9a-fA-F.:/]*|\d+(\.\d+){3}", item):
            try:
                ipaddress.ip_network(item, strict=False)
            except ValueError as why:
                raise Bad("has an address that is none: %s" % item) from why


# As option_rows in ftpd-keyopts.c: whether it has a value, and what checks it.
OPTIONS = {
    "cert-authority": (False, no_value),
    "command": (True, command),
    "environment": (True, environment),
    "expiry-time": (True, expiry),
    "from": (True, addresses),
    "no-touch-required": (False, no_value),
    "principals": (True, some_value),
    "verify-required": (False, no_value),
}


def split(text):
    """[(name, value or None)]"""
    found = []
    while text.strip(", \t"):
        match = OPTION.match(text)
        if not match:
            raise Bad("has options that are damaged: %s" % text)
        name, has_value, quoted, plain = match.groups()
        value = quoted.replace('\\"', '"') if quoted is not None else plain
        found.append((name, value if has_value else None))
        text = text[match.end():]
    return found


def check(text):
    """The names of the options."""
    names = []
    for name, value in split(text):
        low = name.lower()
        has_value, take = OPTIONS.get(low, (None, None))
        try:
            if take is None:
                if low not in MOOT:
                    raise Bad("is not known to the server")
            elif has_value != (value is not None):
                raise Bad("lacks its value" if has_value else "takes no value")
            elif low in names and low in ("command", "principals"):
                raise Bad("stands there twice")
            else:
                take(value)
        except Bad as why:
            raise Bad("has an option %s that %s" % (name, why)) from why
        names.append(low)
    if "principals" in names and "cert-authority" not in names:
        raise Bad("has the option principals without cert-authority")
    return names
