# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Patterns of names, and sets of addresses."""

import ipaddress
import re

WIDTHS = {4: 32, 6: 128}


def is_literal(pattern):
    return not any(c in pattern for c in "*?")


def glob_matches(name, pattern):
    """sshd's patterns know * and ?, and nothing else.  Many stars take no more
    time than one."""
    at = i = 0
    star = tried = None
    while i < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, tried = at, i
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[i]):
            at += 1
            i += 1
        elif star is not None:
            tried += 1
            at, i = star + 1, tried
        else:
            return False
    return not pattern[at:].strip("*")


def parts(patterns):
    """The positive patterns, and those with an exclamation mark."""
    return ([p for p in patterns if not p.startswith("!")],
            [p[1:] for p in patterns if p.startswith("!")])


def list_matches(name, patterns):
    positive, negative = parts(patterns)
    return any(glob_matches(name, p) for p in positive) and not any(
        glob_matches(name, p) for p in negative)


def ere(pattern):
    """A pattern as a POSIX extended expression without backslashes."""
    text = ""
    for c in re.sub(r"\*+", "*", pattern):
        if c == "*":
            text += ".*"
        elif c == "?":
            text += "."
        elif c.isalnum() or c in "_-@":
            text += c
        elif c in "^\\]\"%":
            raise ValueError("'%s' in a name" % c)
        else:
            text += "[%s]" % c
    return text


def anchored(patterns):
    return "^(%s)$" % "|".join(ere(p) for p in patterns)


def is_name(name):
    """A name that can be written into every directive."""
    return re.fullmatch(r"[\w.@+-]+[$]?", name) is not None and \
        not name.startswith("-")


# ---- Addresses: a set is {family: [(first, last) ...]}, sorted and apart.

def ranges(pattern):
    """(family, first, last) of a network, an address, or a pattern like
    192.0.2.*; ValueError if it is none of these."""
    if pattern in ("*", "*.*.*.*"):
        return [(f, 0, (1 << w) - 1) for f, w in WIDTHS.items()
                if f == 4 or pattern == "*"]
    if "*" in pattern or "?" in pattern:
        return [_octets(pattern)]
    if "/" in pattern:
        net = ipaddress.ip_network(pattern)     # host bits: ValueError
    else:
        net = ipaddress.ip_network(ipaddress.ip_address(pattern))
    return [(net.version, int(net.network_address),
             int(net.broadcast_address))]


def of_text(pattern):
    """The same pattern for addresses, where this one is for their texts: "" if
    no address has such a text, None if it cannot be said."""
    if any(c not in "0123456789abcdef:.*?" for c in pattern):
        return ""
    if is_literal(pattern):
        try:
            known = str(ipaddress.ip_address(pattern))
        except ValueError:
            return ""
        return pattern if known == pattern else ""
    octets = pattern.partition("*")[0].split(".")
    if any(len(o) > 1 and o.startswith("0") for o in octets):
        return None
    try:
        return pattern if ranges(pattern) else None
    except ValueError:
        return None


def _octets(pattern):
    octets = pattern.split(".")
    if len(octets) > 4 or "*" not in octets:
        raise ValueError("a pattern of addresses that no network is")
    stars = octets.index("*")
    known = octets[:stars]
    if any(o != "*" for o in octets[stars:]) or not all(
            o.isascii() and o.isdigit() and len(o) < 4 and int(o) < 256 for o in known):
        raise ValueError("a pattern of addresses that no network is")
    bits = 8 * (4 - len(known))
    first = sum(int(o) << (24 - 8 * n) for n, o in enumerate(known))
    return 4, first, first + (1 << bits) - 1


def merge(spans):
    found = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def minus(spans, others):
    found = []
    for first, last in spans:
        for begin, end in others:
            if end < first or begin > last:
                continue
            if begin > first:
                found.append((first, begin - 1))
            first = end + 1
        if first <= last:
            found.append((first, last))
    return found


def address_set(patterns):
    """The addresses that a list with negations matches."""
    sides = []
    for side in parts(patterns):
        spans = {4: [], 6: []}
        for pattern in side:
            for family, first, last in ranges(pattern):
                spans[family].append((first, last))
        sides.append({f: merge(s) for f, s in spans.items()})
    return {f: minus(sides[0][f], sides[1][f]) for f in WIDTHS}


def contains(spans, value):
    return any(first <= value <= last for first, last in spans)


def networks(family, spans):
    kind = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    found = []
    for first, last in spans:
        found += ipaddress.summarize_address_range(kind(first), kind(last))
    return [str(net) for net in found]


def cells(sets, families):
    """[(bits, {family: spans})]: a cell for each combination of the sets that
    addresses are in; bits[i] is true for those in sets[i]."""
    found = {}
    for family in families:
        edges = {0, 1 << WIDTHS[family]}
        for one in sets:
            for first, last in one[family]:
                edges |= {first, last + 1}
        edges = sorted(edges)
        for first, end in zip(edges, edges[1:]):
            bits = tuple(contains(one[family], first) for one in sets)
            cell = found.setdefault(bits, {4: [], 6: []})
            cell[family].append((first, end - 1))
    return sorted(((bits, {f: merge(s) for f, s in cell.items()})
                   for bits, cell in found.items()),
                  key=lambda item: (-sum(item[0]), item[0]))
