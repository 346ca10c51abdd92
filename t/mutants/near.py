# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Which integration tests are about a source, by the words of both."""

import collections
import math
import re

WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")


def words_of(text):
    """{word: how often}; AllowStoreRestart is three words."""
    return collections.Counter(word.lower() for word in WORD.findall(text))


def rarity(counts):
    """{word: 0 where all have it}."""
    having = collections.Counter(word for count in counts for word in count)
    return {word: math.log(len(counts) / n) for word, n in having.items()}


class Nearness:
    """Of {test: text} and {source: text}: words that are rare in both, and
    that a source and a test share, make them near."""

    def __init__(self, tests, sources):
        tests, sources = [{name: words_of(text) for name, text in own.items()}
                          for own in (tests, sources)]
        one, other = [rarity(list(own.values())) for own in (tests, sources)]
        self.weight = {word: one[word] * other[word]
                       for word in one if word in other}
        self.tests, self.sources = [
            {name: self.vector(count) for name, count in own.items()}
            for own in (tests, sources)]

    def vector(self, count):
        found = {word: (1 + math.log(n)) * self.weight[word]
                 for word, n in count.items() if self.weight.get(word, 0) > 0}
        length = math.sqrt(sum(one * one for one in found.values())) or 1
        return {word: one / length for word, one in found.items()}

    def order(self, source):
        """The tests, the nearest one first."""
        own = self.sources[source]
        return sorted(self.tests, key=lambda test: (-sum(
            one * self.tests[test].get(word, 0)
            for word, one in own.items()), test))
