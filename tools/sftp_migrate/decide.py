# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Decision tables over groups.

A function of groups is given for every combination of them; here it becomes
rows that a configuration can have.
"""

import itertools

MAX_GROUPS = 8


def table(groups, function):
    """{combination: value}; a combination says for each group whether the
    user is in it."""
    return {bits: function(dict(zip(groups, bits)))
            for bits in itertools.product((False, True), repeat=len(groups))}


def cubes(groups, values):
    """[((group, is member) ...), value]: exactly one fits each user."""
    def below(done, left):
        found = {v for bits, v in values.items() if all(
            bits[groups.index(g)] == yes for g, yes in done)}
        if len(found) == 1:
            return [(tuple(done), found.pop())]
        rows = []
        for yes in (True, False):
            rows += below(done + [(left[0], yes)], left[1:])
        return rows

    def relevant():
        used = []
        for n, group in enumerate(groups):
            for bits, value in values.items():
                other = bits[:n] + (not bits[n],) + bits[n + 1:]
                if values[other] != value:
                    used.append(group)
                    break
        return used

    return below([], relevant())


def peel(groups, values):
    """[(group, value) ...], value of everybody else: the first row whose
    group the user is in decides.  None if there is no such list."""
    def values_for(done):
        return {v for bits, v in values.items() if all(
            bits[groups.index(g)] == yes for g, yes in done)}

    def below(done, left):
        rest = values_for(done)
        if len(rest) == 1:
            return [], rest.pop()
        for group in left:
            inside = values_for(done + [(group, True)])
            if len(inside) != 1:
                continue
            found = below(done + [(group, False)],
                          [g for g in left if g != group])
            if found is not None:
                return [(group, inside.pop())] + found[0], found[1]
        return None

    return below([], list(groups))
