# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The sections of ProFTPD."""

import os

from . import patterns, refusals
from .blocks import Block, note_text
from .keys import NOWHERE
from .keywords import DEFAULT, TABLE, row_of
from .places import Places
from .policy import KEY_ROWS
from .section import Section, common_base
from .sshd import ConfigError, printable

# Blocks in which the first line that fits counts.  mod_ifsession puts what is
# in <IfClass> in front of everything, line by line: the last becomes the first.
ORDERED = ("methods", "stores", "directories", "start")

# Directives that stand in one block with others: where each comes from.
SERVER = ("ForceCommand", "Subsystem")
SOURCES = {
    "SFTPAuthorizedUserKeys": ("AuthorizedKeysFile", "AuthorizedKeysCommand"),
    "SFTPAuthorizedKeysCommandUser": (
        "AuthorizedKeysCommandUser", "AuthorizedPrincipalsCommandUser"),
    "SFTPTrustedUserCAKeys": ("TrustedUserCAKeys",),
    "SFTPAuthorizedPrincipals": ("AuthorizedPrincipalsFile",
                                 "AuthorizedPrincipalsCommand"),
    "SFTPRevokedKeys": ("RevokedKeys",),
    "SFTPPAMServiceName": ("PAMServiceName", "UsePAM"),
    "AuthPAMConfig": ("PAMServiceName", "UsePAM"),
    "SFTPMaxChannels": ("MaxSessions",), "SFTPRekey": ("RekeyLimit",),
    "Umask": SERVER, "Protocols": SERVER, "SFTPExecCommands": SERVER,
    "SFTPExtensions": SERVER, "<Limit": SERVER,
}


class Writer(Places):
    def __init__(self, policy):
        self.policy = policy
        self.config = policy.config
        self.text = []
        self.verdicts = []          # (line, verdict, why)
        self.cells = self._cells()

    # ---- Comments

    def source(self, keys, default=""):
        lines = [line.short for line in self.config.every()
                 if line.key in keys and (line not in self.policy.unlike
                                          or line in self.policy.once)]
        if not lines:
            return default or "the default of sshd: " + TABLE[keys[0]].name
        if len(lines) > 8:
            lines = lines[:8] + ["..."]
        return "carried over: " + " ".join(dict.fromkeys(lines))

    # ---- The contents of a virtual host

    def contexts(self, static):
        """[{name: Block}]: of each class of addresses in a virtual host.  All
        have the same keys: those of the first that has any, from the class of
        all other addresses on."""
        statics = [self._static(static, cell) for cell in self.cells]
        base = common_base(self.policy, statics[::-1])
        sections = [Section(self, one, cell, base)
                    for one, cell in zip(statics, self.cells)]
        found = [section.blocks() for section in sections]
        if any(one["directories"] != found[0]["directories"]
               or one["start"] != found[0]["start"] for one in found):
            for section in sections:
                section.single = True
            found = [section.blocks() for section in sections]
        for key, row in TABLE.items():
            if row.differs == "least":
                for one in found[:-1]:
                    if key in one:
                        one[key] = found[-1][key]
        for name in ("methods", "stores"):
            plain = [one[name] and one[name].without_class() for one in found]
            if all(block == plain[0] for block in plain):
                for one in found:
                    one[name] = plain[0]
        if any(one["stores"] != found[0]["stores"] for one in found):
            # The start looks outside of <IfClass> for keys.
            for one in found:
                one["no keys"] = Block(
                    "each class of addresses has a line of its own below",
                    ["SFTPAuthorizedUserKeys " + NOWHERE])
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
        self.policy.note_unlike()
        refusals.notes(self.policy)
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
        """Each directive and section, below a comment on where it comes
        from."""
        within = outer = None
        for line in block.lines:
            word = line.split()[0]
            if within in (None, "<IfUser", "<IfGroup") and \
                    not word.startswith("</"):
                names = SOURCES.get(word, ()) if "login" not in line.lower() \
                    else ()
                indent = line[:len(line) - len(line.lstrip())]
                self.put(depth, "%s# %s" % (indent, self.source(
                    [name.lower() for name in names], "the default of sshd: "
                    + names[0]) if names else block.comment))
            self.put(depth, line)
            if word.startswith("</"):
                within = outer if word == "</Limit>" else None
            elif word.startswith("<"):
                outer, within = within, word

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
            elif line.key in KEY_ROWS:
                verdict, why = self.policy.verdict_on_keys(line) or (
                    verdict, why)
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
            self.put(0, "# %s; in Debian's package proftpd-mod-crypto"
                     % self.source(("usepam",)),
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
        name = self.policy.pam_service
        return ["AuthPAM on", "AuthPAMConfig " + name,
                "AuthOrder mod_auth_pam.c* mod_auth_unix.c",
                "SFTPPAMEngine on", "SFTPPAMServiceName " + name]

    @staticmethod
    def _host_keys():
        found = ["/etc/ssh/ssh_host_%s_key" % kind
                 for kind in ("rsa", "ecdsa", "ed25519")]
        return [path for path in found if os.path.exists(path)] or found[2:]
