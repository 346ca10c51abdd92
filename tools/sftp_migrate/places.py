# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Where ProFTPD listens, and classes for the addresses that lines name."""

import re

from . import patterns
from .blocks import Cell
from .policy import Local
from .sshd import ConfigError, printable

MAX_CELLS = 32


class Places:
    """Of a Writer: its config and policy."""

    # ---- Addresses

    def _cells(self):
        sets, hosts = [], []
        for match in self.config.matches:
            if not self.policy.dns:
                match.criteria = [
                    ("address", self._texts(match.line, names))
                    if kind == "host" else (kind, names)
                    for kind, names in match.criteria]
            for kind, names in match.criteria:
                if kind == "address":
                    self._check(match.line, names)
                    sets.append(names)
                elif kind == "host":
                    hosts.append(names)
        for line in self.config.every():
            if line.key in ("allowusers", "denyusers"):
                for arg in line.args:
                    host = tuple(arg.rpartition("@")[2].split(","))
                    if "@" in arg:
                        self._check_host(line, host)
                        sets.append(host)
        sets, hosts = list(dict.fromkeys(sets)), list(dict.fromkeys(hosts))
        if hosts:
            return self._cells_of_hosts(sets, hosts)
        if not sets:
            return [None]
        return self._cells_of_sets(sets)

    @staticmethod
    def _check(line, names):
        for name in names:
            try:
                patterns.ranges(name.lstrip("!"))
            except ValueError:
                line.fail("'%s' is no address, network, or pattern like "
                          "192.0.2.*" % printable(name, 60))

    def _texts(self, line, names):
        """Without UseDNS, Match Host is a pattern for the text of the client's
        address: what it is as a list of addresses."""
        found = []
        for name in names:
            text = name.lower()
            sign = "!" if text.startswith("!") else ""
            kept = patterns.of_text(text[len(sign):])
            if kept is None:
                line.fail("'%s': without UseDNS only addresses, and patterns "
                          "like 192.0.2.*, are possible here"
                          % printable(name, 60))
            if kept == "":
                self.policy.note(line, "'%s' is not the text of an address, "
                                 "and UseDNS is no: it matches nobody, as in "
                                 "sshd" % printable(name, 60))
            else:
                found.append(sign + kept)
        return tuple(found)

    def _check_host(self, line, names):
        """A name of a host in DenyUsers must not get lost."""
        for name in names:
            try:
                patterns.ranges(name.lstrip("!"))
            except ValueError:
                if line.key == "denyusers" or name.startswith("!") or \
                        name.strip("*?.0123456789:abcdefABCDEF/") == "":
                    line.fail("'%s' is no address, network, or pattern like "
                              "192.0.2.*" % printable(name, 60))
                self.policy.note(line, "'%s' is the name of a host: nobody "
                                 "is let in by it" % printable(name, 60))

    def _cells_of_sets(self, sets):
        family = self._family()
        families = {"inet": [4], "inet6": [6]}.get(family, [4, 6])
        spans = [patterns.address_set([n for n in names if self._known(n)])
                 for names in sets]
        found = patterns.cells(spans, families)
        if len(found) > MAX_CELLS:
            raise ConfigError("", "the addresses of Match, AllowUsers and "
                              "DenyUsers make more than %d classes"
                              % MAX_CELLS)
        result = []
        for n, (bits, cell) in enumerate(found, 1):
            nets = [net for f in families
                    for net in patterns.networks(f, cell[f])]
            if n == len(found):
                nets = ["ALL"]
            result.append(Cell("migrated-%d" % n, bits, sets,
                               ["From " + net for net in nets]))
        return result

    @staticmethod
    def _known(name):
        try:
            return bool(patterns.ranges(name.lstrip("!")))
        except ValueError:
            return False

    def _cells_of_hosts(self, sets, hosts):
        line = next(m.line for m in self.config.matches if m.of("host"))
        if sets or len(hosts) > 1:
            line.fail("names of hosts cannot be combined with other names or "
                      "with addresses here")
        for name in hosts[0]:
            if not name.replace("*", "").replace(".", "").replace(
                    "-", "").isalnum() or "?" in name or \
                    not any(c.isalpha() for c in name):
                line.fail("'%s': only names, and patterns like "
                          "*.example.com, are possible here"
                          % printable(name, 60))
        return [Cell("migrated-1", (True,), hosts,
                     ["From " + n for n in hosts[0]]),
                Cell("migrated-2", (False,), hosts, ["From ALL"])]

    # ---- Where it listens

    def _family(self):
        for line in self.config.lines:
            if line.key == "addressfamily":
                value = line.args[0].lower()
                if value not in ("any", "inet", "inet6"):
                    line.fail("takes any, inet or inet6")
                return value
        return "any"

    def _endpoints(self):
        ports = []
        for line in self.config.lines:
            if line.key == "port":
                ports.append(self._port(line, line.args[0]))
        ports = ports or [22]
        any_ = {"inet": ["0.0.0.0"], "inet6": ["::"]}.get(
            self._family(), ["0.0.0.0", "::"])
        found = []
        for line in self.config.lines:
            if line.key != "listenaddress":
                continue
            if len(line.args) > 1:
                line.fail("routing domains are not known here")
            host, port = self._split(line, line.args[0])
            for one in [port] if port else ports:
                found += [Local(a, one) for a in
                          (any_ if host in ("*", "") else [host])]
        found = found or [Local(a, p) for p in ports for a in any_]
        return list(dict.fromkeys(found + self._split_off(found)))

    @staticmethod
    def _port(line, text):
        if not re.fullmatch("[0-9]+", text) or \
                not 0 < int(text[:6]) < 65536:
            line.fail("'%s' is no port" % printable(text, 20))
        return int(text)

    def _split(self, line, text):
        host, port = text, ""
        if text.startswith("["):
            host, _, port = text[1:].partition("]")
            if port and not port.startswith(":"):
                line.fail("'%s' is no address" % printable(text, 60))
            port = port[1:]
        elif text.count(":") == 1:
            host, port = text.split(":")
        if text.endswith(":") and (text[0] == "[" or text.count(":") == 1):
            line.fail("'%s' has no port" % printable(text, 60))
        if host not in ("", "*", "::") and not host.replace(".", "").replace(
                ":", "").replace("-", "").isalnum():
            line.fail("'%s' is no address" % printable(text, 60))
        return host, self._port(line, port) if port else None

    def _split_off(self, endpoints):
        """Addresses of Match LocalAddress that a wildcard listens on."""
        found = []
        for match in self.config.matches:
            for names in match.of("localaddress"):
                self._check(match.line, names)
                for name in names:
                    bare = name.lstrip("!")
                    (family, first, last), *more = patterns.ranges(bare)
                    if more:
                        continue
                    for local in endpoints:
                        if local.address != ("0.0.0.0" if family == 4
                                             else "::"):
                            continue
                        if first != last:
                            match.line.fail(
                                "'%s' is a network; ListenAddress must name "
                                "the addresses of this machine in it"
                                % printable(name, 60))
                        found.append(Local(bare, local.port))
        return found

    def _fits(self, match, local):
        for names in match.of("localport"):
            if len(names) != 1:
                match.line.fail("sshd takes one port here")
            if self._port(match.line, names[0]) != local.port:
                return False
        for names in match.of("localaddress"):
            spans = patterns.address_set(names)
            try:
                (family, first, _), = patterns.ranges(local.address)
            except ValueError:
                match.line.fail("ListenAddress must be an address")
            wild = local.address in ("0.0.0.0", "::")
            full = [(0, (1 << patterns.WIDTHS[family]) - 1)]
            if wild:
                # What the lines name has an endpoint of its own.
                if not patterns.parts(names)[0].count("*"):
                    return False
                continue
            if not patterns.contains(spans[family], first) and \
                    spans[family] != full:
                return False
        return True

    def _hosts(self):
        """[(static, [Local ...])]: endpoints of one port that have the same
        settings share a virtual host."""
        found = {}
        for local in self._endpoints():
            static = tuple(self._fits(m, local) for m in self.config.matches)
            found.setdefault((local.port, static), []).append(local)
        return [(static, locals_) for (_, static), locals_ in found.items()]
