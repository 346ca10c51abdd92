# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The settings for one class of addresses in one virtual host."""

from . import decide
from .blocks import Block
from .keywords import TABLE
from .keys import NOWHERE, client_alive, key_base
from .logins import Logins
from .policy import KEY_ROWS, Env
from .refusals import Refusals
from .sshd import ConfigError

METHODS = ("authenticationmethods", "passwordauthentication",
           "pubkeyauthentication", "kbdinteractiveauthentication",
           "challengeresponseauthentication", "permitrootlogin")
KEYS = ("authorizedkeysfile", "authorizedkeyscommand",
        "authorizedkeyscommanduser", "trustedusercakeys",
        "authorizedprincipalsfile", "authorizedprincipalscommand",
        "authorizedprincipalscommanduser", "revokedkeys")


def common_base(policy, statics):
    """The settings of keys of a virtual host: those of the first who log in by
    key.  statics: of each class of addresses."""
    bases = []
    for static in statics:
        envs = [Env(policy, static)] + [Env(policy, static, None, {g: True})
                                        for g in policy.groups(static)]
        envs += [Env(policy, static, user)
                 for user in policy.mentioned(static)]
        bases += [key_base(policy, env) for env in envs]
    base = next((b for b in bases if (b.stores or b.authorities)
                 and b.env.is_on(True, "pubkeyauthentication")), bases[0])
    for key in KEY_ROWS:
        policy.once.update(base.env.all(key))
    return base


class Section(Logins, Refusals):
    """The settings for one class of addresses in one virtual host."""

    def __init__(self, writer, static, cell, base):
        """base: the settings of keys, which all classes share."""
        self.writer = writer
        self.policy = writer.policy
        self.static = static
        self.cell = cell
        self.groups = self.policy.groups(static)
        if len(self.groups) > decide.MAX_GROUPS:
            raise ConfigError("", "the blocks about groups name more than %d "
                              "groups" % decide.MAX_GROUPS)
        self.base = base
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
        found = {"keys": self.keys(), "stores": self.stores(),
                 "methods": self.methods()}
        found["directories"] = self.directories("root", "DefaultRoot", "/")
        found["start"] = self.starts()
        found["users"] = self.user_sections()
        found.update(self.rows())
        found["shells"] = self.shells()
        found["lists"] = self.lists()
        found.update(self.refusals())
        found["logins"] = self.logins()
        found["root"] = self.root_gets_in()
        return found

    def keys(self):
        return Block(self.writer.source(KEYS, "the default of sshd: "
                                        "AuthorizedKeysFile"),
                     self.base.directives) if self.base.directives else None

    # ---- Methods, and stores of keys

    def lines_for(self, part, directive, what, none):
        """A line for each user and group for whom this is not that of
        everybody else, and one for everybody else.  none: what those get who
        have nothing, and are refused elsewhere: the line keeps them from those
        of the next."""
        lines = []
        for user in self.differing(part):
            values = set(self.part(self.users[user], part).values())
            if len(values) > 1:
                self.deny(user, "their %s depend on their groups, and they "
                          "are named as well" % what)
                continue
            value = values.pop()
            if value:
                lines.append(("user %s " % user, value))
        rows = decide.peel(self.groups, self.part(self.rest, part))
        if rows is None:
            raise ConfigError("", "the %s of members of several groups (%s) "
                              "cannot be expressed; use one block for each"
                              % (what, " ".join(self.groups)))
        lines += [("group %s " % group, value or none)
                  for group, value in rows[0]]
        # With classes the line for everybody else is one about the class: it
        # counts whichever of mod_sftp and mod_ifsession is loaded first.
        lines.append(("class %s " % self.cell.name if self.cell else "",
                      rows[1] or none))
        return ["%s %s%s" % (directive, who, " ".join(value))
                for who, value in lines]

    def methods(self):
        return Block(self.writer.source(METHODS), self.lines_for(
            "methods", "SFTPAuthMethods", "methods", self._some()))

    def stores(self):
        made = self.lines_for("stores", "SFTPAuthorizedUserKeys", "keys",
                              (NOWHERE,))
        if all(line.split()[-1] == NOWHERE for line in made):
            return None
        return Block(self.writer.source(KEYS, "the default of sshd: "
                                        "AuthorizedKeysFile"), made)

    def _some(self):
        return ("publickey",) if self.base.stores or self.base.authorities \
            else ("password",)

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
        found = {}
        for key, row in TABLE.items():
            if row.place != "login":
                continue
            # Of those who log in by key, if that is only some.
            env = self.base.env if row.differs == "keys" else self.env()
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
        alive = client_alive(self.policy, self.env())
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
