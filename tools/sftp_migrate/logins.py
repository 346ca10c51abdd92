# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Who gets in: RequireValidShell and <Limit LOGIN>."""

from . import decide, patterns
from .blocks import Block

MOST = 900                      # ProFTPD reads lines of up to 1023 bytes


class Logins:
    """Of a Section: its tables of users and groups."""

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
        return any(may(u) for u in self.policy.accounts.superusers)
