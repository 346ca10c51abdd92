# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The sections of ProFTPD."""

import os
import re

from . import decide, patterns
from .keywords import CANNOT, CARRIED, DEFAULT, TABLE, row_of
from .policy import Env, Local, client_alive, key_base
from .sshd import ConfigError, printable

MOST = 900                      # ProFTPD reads lines of up to 1023 bytes
MAX_CELLS = 32

# Blocks in which the first line that fits counts.  mod_ifsession puts what is
# in <IfClass> in front of everything, line by line: the last becomes the first.
ORDERED = ("methods", "directories", "start")

METHODS = ("authenticationmethods", "passwordauthentication",
           "pubkeyauthentication", "kbdinteractiveauthentication",
           "challengeresponseauthentication", "permitrootlogin")
KEYS = ("authorizedkeysfile", "authorizedkeyscommand",
        "authorizedkeyscommanduser", "trustedusercakeys",
        "authorizedprincipalsfile", "authorizedprincipalscommand",
        "authorizedprincipalscommanduser", "revokedkeys")


class Block:
    """Directives that belong together, below a comment on where they come
    from."""

    def __init__(self, comment, lines):
        self.comment = comment
        self.lines = tuple(lines)

    def __eq__(self, other):
        return other is not None and \
            (self.comment, self.lines) == (other.comment, other.lines)

    def reversed(self):
        return Block(self.comment, reversed(self.lines))

    def without_class(self):
        return Block(self.comment, [re.sub(r"^(\w+) class \S+", r"\1", line)
                                    for line in self.lines])


class Cell:
    """A class of addresses; has(patterns) says whether they match it."""

    def __init__(self, name, bits, sets, lines):
        self.name = name
        self.bits = dict(zip(sets, bits))
        self.lines = lines

    def has(self, names):
        return self.bits.get(names, False)


class Writer:
    def __init__(self, policy):
        self.policy = policy
        self.config = policy.config
        self.text = []
        self.verdicts = []          # (line, verdict, why)
        self.cells = self._cells()

    # ---- Addresses

    def _cells(self):
        sets, hosts = [], []
        for match in self.config.matches:
            for kind, names in match.criteria:
                if kind == "address":
                    self._check(match.line, names)
                    sets.append(names)
                elif kind == "host":
                    (hosts if self.policy.dns else sets).append(names)
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
        if not text.isdigit() or not 0 < int(text[:6]) < 65536:
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
        if host and not host.replace(".", "").replace(":", "").replace(
                "-", "").isalnum() and host != "*":
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
            if len(names) != 1 or not names[0].isdigit():
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

    # ---- Comments

    def source(self, keys, default=""):
        lines = [line.short for line in self.config.every()
                 if line.key in keys]
        if not lines:
            return default or "the default of sshd"
        if len(lines) > 8:
            lines = lines[:8] + ["..."]
        return "carried over: " + " ".join(dict.fromkeys(lines))

    # ---- The contents of a virtual host

    def contexts(self, static):
        """[{name: Block}]: of each class of addresses in a virtual host.  All
        have the same keys: those of the first that has any, from the class of
        all other addresses on."""
        base = None
        sections = []
        for cell in reversed(self.cells):
            section = Section(self, self._static(static, cell), cell, base)
            if section.base.stores:
                base = section.base
            sections.insert(0, section)
        found = [section.blocks() for section in sections]
        if any(one["directories"] != found[0]["directories"]
               or one["start"] != found[0]["start"] for one in found):
            for section in sections:
                section.single = True
            found = [section.blocks() for section in sections]
        for key, row in TABLE.items():
            if row.differs == "keys" or row.differs == "least":
                for one in found[:-1]:
                    if key in one:
                        one[key] = found[-1][key]
        plain = [one["methods"].without_class() for one in found]
        for one in found:
            one["keys"] = found[-1]["keys"]
            if all(block == plain[0] for block in plain):
                one["methods"] = plain[0]
        return found

    def _static(self, static, cell):
        return tuple(
            yes and all(cell is None or cell.has(names) for kind, names in
                        m.criteria if kind in ("address", "host"))
            for m, yes in zip(self.config.matches, static))

    def write(self):
        """The whole configuration, as a text."""
        hosts = self._hosts()
        bodies = []
        for static, locals_ in hosts:
            bodies.append((locals_, self.contexts(static)))
        self._judge()
        self._header()
        self._main()
        for locals_, contexts in bodies:
            self._host(locals_, contexts)
        return "\n".join(self.text) + "\n"

    def put(self, depth, *lines):
        for line in lines:
            if len(line) > 1000:
                raise ConfigError("", "a line of the result would be too long "
                                  "for ProFTPD: %s..." % line[:60])
            self.text.append("  " * depth + line if line else "")

    def block(self, depth, block):
        self.put(depth, "# " + block.comment, *block.lines)

    def _judge(self):
        """What becomes of each line, and its directives."""
        self.made = {"main": [], "host": []}
        seen = set()
        for line in self.config.every():
            row = row_of(line)
            verdict, why, lines = row.handler(line)
            if not row.many and row.place != "policy" and line.match is None \
                    and line.key in seen:
                verdict, why, lines = DEFAULT, "an earlier line counts", []
            seen.add(line.key)
            self.verdicts.append((line, verdict, why))
            if row.place in self.made:
                self.made[row.place] += [
                    Block("%s: %s %s%s" % (
                        verdict, line.short, line.text[:80],
                        " (%s)" % why if why else ""), lines)] if lines else []

    def _header(self):
        self.put(0, "# Written by sftp-migrate.  Look through it before you "
                 "use it.", "#")
        self.put(0, "# What became of each line:")
        for line, verdict, why in self.verdicts:
            self.put(0, "#   %s: %s: %s%s" % (
                printable(line.where), line.text[:120], verdict,
                ": " + why if why else ""))
        for match in self.config.matches:
            self.put(0, "#   %s: %s: carried over" % (
                printable(match.line.where), match.line.text[:120]))
        if self.policy.notes:
            self.put(0, "#", "# What is different:")
        for line, text in self.policy.notes:
            self.put(0, "#   " + note_text(line, text))
        self.put(0, "")

    def _main(self):
        self.put(0, "# needed for all of the following",
                 "<IfModule !mod_sftp.c>", "  LoadModule mod_sftp.c",
                 "</IfModule>")
        self.put(0, "<IfModule !mod_ifsession.c>",
                 "  LoadModule mod_ifsession.c", "</IfModule>")
        if self.policy.pam:
            self.put(0, "# " + self.source(("usepam",)),
                     "<IfModule !mod_sftp_pam.c>",
                     "  LoadModule mod_sftp_pam.c", "</IfModule>")
        self.put(0, "# " + self.source(("usedns",)) + "; for all hosts",
                 "UseReverseDNS " + ("on" if self.policy.dns else "off"))
        for block in self.made["main"]:
            self.block(0, block)
        for cell in self.cells:
            if cell is not None:
                self.put(0, "# the addresses of Match, AllowUsers and "
                         "DenyUsers", "<Class %s>" % cell.name,
                         *["  " + line for line in cell.lines] + ["</Class>"])
        self.put(0, "")

    def _host(self, locals_, contexts):
        self.put(0, "<VirtualHost %s>" % " ".join(
            local.address for local in locals_))
        for block in self._fixed(locals_[0].port, contexts):
            self.block(1, block)
        shared, differing = {}, []
        for name, block in contexts[0].items():
            if all(c.get(name) == block for c in contexts):
                shared[name] = block
        for name, block in shared.items():
            if block is not None:
                self.block(1, block)
        for cell, context in zip(self.cells, contexts):
            differing = [b.reversed() if name in ORDERED else b
                         for name, b in context.items()
                         if name not in shared and b is not None]
            if differing:
                self.put(1, "<IfClass %s>" % cell.name)
                for block in differing:
                    self.block(2, block)
                self.put(1, "</IfClass>")
        # Last: a file of which ProFTPD reads only a part serves nothing.
        self.put(1, "# needed for SFTP", "SFTPEngine on")
        self.put(0, "</VirtualHost>", "")

    def _fixed(self, port, contexts):
        yield Block(self.source(("port", "listenaddress", "addressfamily")),
                    ["Port %d" % port])
        yield Block("here for you to change",
                    ["SFTPLog /var/log/proftpd/sftp.log"])
        if not any(b.lines[0].startswith("SFTPHostKey")
                   for b in self.made["host"]):
            yield Block("the default of sshd: HostKey", [
                "SFTPHostKey " + path for path in self._host_keys()])
        for block in self.made["host"]:
            yield block
        yield Block(self.source(("usepam",)), self._pam())
        if not self.config.has("logingracetime"):
            yield Block("the default of sshd: LoginGraceTime",
                        ["TimeoutLogin 120"])
        if not self.config.has("compression"):
            yield Block("the default of sshd: Compression",
                        ["SFTPCompression delayed"])
        root = any(c["root"] for c in contexts)
        for context in contexts:
            del context["root"]
        yield Block(self.source(("permitrootlogin",)),
                    ["RootLogin " + ("on" if root else "off")])
        yield Block("sshd has no such limits; ProFTPD's defaults differ", [
            "TimeoutIdle 0", "TimeoutNoTransfer 0", "TimeoutStalled 0",
            "UseFtpUsers off", "AllowOverwrite on", "AllowStoreRestart on"])
        yield Block(self.source(("permitemptypasswords",)),
                    ["AllowEmptyPasswords off"])

    def _pam(self):
        if not self.policy.pam:
            return ["AuthPAM off", "AuthOrder mod_auth_unix.c"]
        name = "sshd"
        for line in self.config.lines:
            if line.key == "pamservicename":
                name = line.args[0]
                if not patterns.is_name(name):
                    line.fail("this name cannot be written")
                break
        return ["AuthPAM on", "AuthPAMConfig " + name,
                "AuthOrder mod_auth_pam.c* mod_auth_unix.c",
                "SFTPPAMEngine on", "SFTPPAMServiceName " + name]

    @staticmethod
    def _host_keys():
        found = ["/etc/ssh/ssh_host_%s_key" % kind
                 for kind in ("rsa", "ecdsa", "ed25519")]
        return [path for path in found if os.path.exists(path)] or found[2:]


def note_text(line, text):
    return "%s: %s" % (printable(line.where), printable(text, 600)) \
        if line is not None else printable(text, 600)


class Section:
    """The settings for one class of addresses in one virtual host."""

    def __init__(self, writer, static, cell, base):
        self.writer = writer
        self.policy = writer.policy
        self.static = static
        self.cell = cell
        self.groups = self.policy.groups(static)
        if len(self.groups) > decide.MAX_GROUPS:
            raise ConfigError("", "the blocks about groups name more than %d "
                              "groups" % decide.MAX_GROUPS)
        self.base = base or self._base()
        self.rest = self._table(None)
        self.users = {}
        for name in self.policy.mentioned(static):
            table = self._table(name)
            if table != self.rest:
                self.users[name] = table
        self.denied = {}            # user: why
        self.unrooted = []          # literals of groups that are refused
        self.single = False         # only one DefaultRoot is possible

    def env(self, user=None, groups=None):
        return Env(self.policy, self.static, user, groups)

    def _base(self):
        envs = [self.env()] + [self.env(None, {g: True})
                               for g in self.groups]
        envs += [self.env(u) for u in self.policy.mentioned(self.static)]
        bases = [key_base(self.policy, env) for env in envs]
        return next((b for b in bases if b.stores), bases[0])

    def _table(self, user):
        return decide.table(self.groups, lambda groups: self.policy.leaf(
            self.env(user, groups), self.cell, self.base))

    def part(self, table, name):
        return {bits: getattr(leaf, name) for bits, leaf in table.items()}

    def differing(self, name):
        """The users for whom this setting is not that of everybody else."""
        rest = self.part(self.rest, name)
        return [u for u, table in self.users.items()
                if self.part(table, name) != rest]

    def deny(self, user, why):
        self.denied.setdefault(user, why)
        self.policy.note(None, "user %s is refused: %s" % (user, why))

    def blocks(self):
        """In the order of the configuration; the one on logins comes last,
        because the others may refuse somebody."""
        found = {"keys": self.keys(), "methods": self.methods()}
        found["directories"] = self.directories("root", "DefaultRoot", "/")
        found["start"] = self.starts()
        found["users"] = self.user_sections()
        found.update(self.rows())
        found["shells"] = self.shells()
        found["lists"] = self.lists()
        found["logins"] = self.logins()
        found["root"] = self.root_gets_in()
        return found

    def keys(self):
        return Block(self.writer.source(KEYS, "the default of sshd: "
                                        "AuthorizedKeysFile"),
                     self.base.directives) if self.base.directives else None

    # ---- Methods

    def methods(self):
        lines = []
        for user in self.differing("methods"):
            chains = set(self.part(self.users[user], "methods").values())
            if len(chains) > 1:
                self.deny(user, "their methods depend on their groups, and "
                          "they are named as well")
                continue
            chains = chains.pop()
            if chains:
                lines.append(("user", user, chains))
        rows = decide.peel(self.groups, self.part(self.rest, "methods"))
        if rows is None:
            raise ConfigError("", "the methods of members of several groups "
                              "(%s) cannot be expressed; use one block for "
                              "each" % " ".join(self.groups))
        for group, chains in rows[0]:
            # Those without a method are refused below; the line keeps them
            # from those of the next.
            lines.append(("group", group, chains or self._some()))
        made = ["SFTPAuthMethods %s %s %s" % (kind, name, " ".join(chains))
                for kind, name, chains in lines]
        # With classes the line for everybody else is one about the class: it
        # counts whichever of mod_sftp and mod_ifsession is loaded first.
        made.append("SFTPAuthMethods %s%s" % (
            "class %s " % self.cell.name if self.cell else "",
            " ".join(rows[1] or self._some())))
        return Block(self.writer.source(METHODS), made)

    def _some(self):
        return ("publickey",) if self.base.stores else ("password",)

    # ---- Directories

    def private(self, user):
        return self.policy.accounts.private_group(user)

    def directories(self, part, directive, none):
        users, lines = [], []
        for user in self.differing(part):
            group = self.private(user)
            if group is None:
                self.deny(user, "%s for a single user needs an account, and a "
                          "group with no other member" % directive)
                continue
            for literals, value in decide.cubes(
                    self.groups, self.part(self.users[user], part)):
                users.append((user, self._directed(
                    directive, value or none, ((group, True),) + literals)))
        for literals, value in decide.cubes(self.groups,
                                            self.part(self.rest, part)):
            if value is not None:
                lines.append((literals, self._directed(directive, value,
                                                       literals)))
        if self.single:
            users, lines = self._only_one(part, directive, users, lines)
        keys = ("chrootdirectory",) if part == "root" else (
            "forcecommand", "subsystem", "chrootdirectory")
        made = [line for _, line in users + lines]
        return Block(self.writer.source(keys), made) if made else None

    def _only_one(self, part, directive, users, lines):
        """mod_ifsession keeps one line of a section; who would need another
        one is refused."""
        kept = (lines or users)[:1]
        why = "only one %s is possible for a class of addresses" % directive
        for user, line in users:
            if (user, line) not in kept and part == "root":
                self.deny(user, why)
        for literals, line in lines[1:]:
            if part == "root" and literals not in self.unrooted:
                self.unrooted.append(literals)
        if part != "root" and len(users + lines) > 1:
            self.policy.note(None, why)
        return ([], kept) if lines else (kept, [])

    @staticmethod
    def expression(literals):
        return ",".join(("" if yes else "!") + g for g, yes in literals)

    def _directed(self, directive, value, literals):
        return " ".join(filter(None, (directive, value,
                                      self.expression(literals))))

    def starts(self):
        """sshd enters the home directory by its path inside of the root, or
        stays in the root; ProFTPD would find a home below its root."""
        def start(user, leaf):
            if leaf.start is not None or leaf.root is None:
                return leaf.start
            return "/" if self._home_below(user, leaf.root) else None

        def changed(user, table):
            return {bits: leaf._replace(start=start(user, leaf))
                    for bits, leaf in table.items()}

        rest, users = self.rest, self.users
        self.rest = changed(None, rest)
        self.users = {u: changed(u, t) for u, t in users.items()}
        try:
            return self.directories("start", "DefaultChdir", "~")
        finally:
            self.rest, self.users = rest, users

    def _home_below(self, user, root):
        known = self.policy.accounts.users
        people = [known[user]] if user in known else list(known.values())
        if root.startswith(("~", '"')):
            return False
        return any(one.home.startswith(root.replace("%u", one.name).rstrip(
            "/") + "/") for one in people)

    # ---- After the login

    def user_sections(self):
        keys = ("forcecommand", "subsystem", "maxsessions", "rekeylimit")
        source = self.writer.source(keys)
        cubes = decide.cubes(self.groups, self.part(self.rest, "user"))
        users = self.differing("user")
        if len(cubes) == 1 and not users:
            return Block(source, cubes[0][1])
        lines, apart = [], []
        for user in users:
            rows = decide.cubes(self.groups,
                                self.part(self.users[user], "user"))
            group = self.private(user)
            if group is None and (len(rows) > 1 or len(cubes) > 1):
                self.deny(user, "this needs a group with no other member")
                continue
            apart.append((user, group))
            for literals, made in rows:
                lines += self._section("IfUser", user, made) if len(
                    rows) == 1 else self._section(
                        "IfGroup", "AND " + self.expression(
                            ((group, True),) + literals), made)
        for literals, made in cubes:
            if len(cubes) == 1:
                lines += self._section("IfUser", "AND " + ",".join(
                    "!" + u for u, _ in apart) if apart else "regex .*", made)
                continue
            literals += tuple((group, False) for _, group in apart)
            lines += self._section("IfGroup", "AND "
                                   + self.expression(literals), made)
        return Block(source, lines)

    @staticmethod
    def _section(kind, condition, made):
        return ["<%s %s>" % (kind, condition)] + [
            "  " + line for line in made] + ["</%s>" % kind]

    # ---- Directives of the table

    def rows(self):
        found, env = {}, self.env()
        for key, row in TABLE.items():
            if row.place != "login":
                continue
            lines = env.all(key) if row.many else [env.first(key)]
            made, comment = [], ""
            for line in filter(None, lines):
                verdict, _, directives = row.handler(line)
                made += directives
                comment = "%s: %s" % (verdict, line.short)
            self._differs(key, row)
            if row.differs == "least":
                made = self._least(key, row, made)
            found[key] = Block(comment, made) if made else None
        alive = client_alive(self.policy, env)
        found["alive"] = Block(self.writer.source((
            "clientaliveinterval", "clientalivecountmax")), alive) \
            if alive else None
        return found

    def _least(self, key, row, made):
        lines = [line for m in self.writer.config.matches
                 for line in m.lines if line.key == key]
        values = [row.handler(line)[2][0] for line in lines] + made
        return sorted(values, key=lambda v: int(v.split()[-1]))[:1]

    def _differs(self, key, row):
        for match in self.writer.config.matches:
            if self.static[match.index] and match.of("user", "group") and \
                    row.differs != "keys":
                for line in match.lines:
                    if line.key == key:
                        self.policy.note(line, "%s cannot depend on the user "
                                         "here; %s" % (line.name, {
                                             "least": "the smallest number "
                                             "counts for everybody"}.get(
                                                 row.differs,
                                                 "it has no effect")))

    # ---- Who gets in

    def shells(self):
        """sshd starts sftp-server by the shell of the user: without a valid
        one there is no SFTP, unless internal-sftp serves it."""
        tables = [self.part(self.rest, "shell")] + [
            self.part(t, "shell") for t in self.users.values()]
        values = {v for t in tables for v in t.values()}
        source = self.writer.source(("subsystem", "forcecommand"))
        if len(values) == 1:
            return Block(source, ["RequireValidShell "
                                  + ("on" if values.pop() else "off")])
        lines = ["RequireValidShell off", "<Limit LOGIN>"]
        for literals, needs in decide.cubes(self.groups, tables[0]):
            if not needs:
                lines.append("  AllowGroup " + self.expression(literals)
                             if literals else "  AllowAll")
        names = self.policy.accounts.with_shell()
        free = [u for u in self.users
                if not any(self.part(self.users[u], "shell").values())]
        bound = [u for u in self.users
                 if u not in free and u not in names]
        lines += self._users("AllowUser", sorted(set(names + free)))
        lines += ["  DenyAll", "</Limit>"]
        if bound:
            lines += ["<Limit LOGIN>"] + self._users("DenyUser", bound) + [
                "</Limit>"]
        self.policy.note(None, "sftp-server needs a valid shell, "
                         "internal-sftp does not: accounts with a valid shell "
                         "are listed in <Limit LOGIN>; add new ones there")
        return Block(source, lines)

    @staticmethod
    def _users(directive, names):
        lines, some = [], []
        for name in names:
            if not patterns.is_name(name):
                continue
            if some and len(patterns.anchored(some + [name])) > MOST:
                lines.append(some)
                some = []
            some.append(name)
        if some:
            lines.append(some)
        return ["  %s regex %s" % (directive, patterns.anchored(some))
                for some in lines]

    def lists(self):
        """AllowUsers and its kin, where they do not depend on the user."""
        if self.policy.varies(self.static, ("allowusers", "denyusers",
                                            "allowgroups", "denygroups")):
            return None
        env, lines = self.env(), []
        for key, directive in (("denyusers", "DenyUser"),
                               ("denygroups", "DenyGroup"),
                               ("allowusers", "AllowUser"),
                               ("allowgroups", "AllowGroup")):
            if not env.all(key):
                continue
            names = [n for n, _ in self.policy.users_of(env, key, self.cell)] \
                if key.endswith("users") else [
                    a for line in env.all(key) for a in line.args]
            made = self._users_of_patterns(directive, names)
            if directive.startswith("Allow"):
                made.append("  DenyAll")
            if made:
                lines += ["<Limit LOGIN>"] + made + ["</Limit>"]
        return Block(self.writer.source(("allowusers", "denyusers",
                                         "allowgroups", "denygroups")),
                     lines) if lines else None

    @staticmethod
    def _users_of_patterns(directive, names):
        return ["  %s regex ^%s$" % (directive, patterns.ere(name))
                for name in dict.fromkeys(names)]

    def logins(self):
        """Those whom nobody else lets in, and names that may come later."""
        lines = []
        for user, table in self.users.items():
            why = set(self.part(table, "deny").values())
            if why != {None} and user not in self.denied:
                self._deny_named(user, table, why)
        ok = [u for u in self.users if u not in self.denied]
        rest = []
        for literals, why in decide.cubes(self.groups,
                                          self._reasons(self.rest)):
            if why is None:
                continue
            rest.append("  DenyGroup " + self.expression(literals)
                        if literals else "  DenyAll")
            self._note_reason(literals, why)
        for literals in self.unrooted:
            rest.append("  DenyGroup " + self.expression(literals))
            self._note_reason(literals, "only one DefaultRoot is possible for "
                              "a class of addresses")
        if rest:
            lines += ["<Limit LOGIN>"] + self._users("AllowUser", ok) + rest \
                + ["</Limit>"]
        if self.denied:
            lines += ["<Limit LOGIN>"] + self._users(
                "DenyUser", sorted(self.denied)) + ["</Limit>"]
        lines += self._later()
        return Block("refused, because sshd refuses them or because they "
                     "cannot be let in as sshd would", lines) \
            if lines else None

    def _reasons(self, table):
        return self.part(table, "deny")

    def _deny_named(self, user, table, why):
        if None in why:
            self.deny(user, "whether they get in depends on their groups, "
                      "and they are named as well")
        elif why != {"PermitRootLogin"} and \
                user in self.policy.accounts.users:
            self.deny(user, "; ".join(sorted(w for w in why if w)))
        else:
            self.denied[user] = "; ".join(sorted(w for w in why if w))

    def _note_reason(self, literals, why):
        who = "users in " + self.expression(literals) if literals \
            else "users whom no line names"
        self.policy.note(None, "%s are refused: %s" % (who, why))

    def _later(self):
        lines = []
        wild = self.policy.wild(self.static, "user")
        if wild:
            known = self.policy.user_names(wild)
            lines += ["<Limit LOGIN>"] + self._users("AllowUser", known) + \
                self._users_of_patterns("DenyUser", wild) + ["</Limit>"]
            self.policy.note(None, "users that match %s and get an account "
                             "later are refused: run sftp-migrate again"
                             % " ".join(wild))
        wild = self.policy.wild(self.static, "group")
        if wild:
            known = self.policy.group_names(wild)
            lines += ["<Limit LOGIN>"] + (
                ["  AllowGroup regex " + patterns.anchored(known)]
                if known else []) + \
                self._users_of_patterns("DenyGroup", wild) + ["</Limit>"]
            self.policy.note(None, "members of groups that match %s and are "
                             "made later are refused: run sftp-migrate again"
                             % " ".join(wild))
        return lines

    def root_gets_in(self):
        """Whether any account with uid 0 may log in: RootLogin."""
        def may(user):
            table = self.users.get(user, self.rest)
            return user not in self.denied and any(
                leaf.deny is None for leaf in table.values())
        return any(may(u) for u in self.policy.accounts.superusers())
