# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Who may log in how, where they land and what they may do.

The settings of a login are a function of where it arrives (address and port),
where it comes from, the user, and the groups of the user.  Here this function
is evaluated, as sshd would, for all of them: see Policy.leaf().
"""

import functools
import getopt
import os
import re
import shlex
from collections import namedtuple

from . import patterns, refusals, values
from .keywords import CANNOT, DEFAULT, TABLE, flag, number, row_of, word
from .keys import NOWHERE, Denied, key_base, stores_of
from .sshd import printable

# methods: chains as SFTPAuthMethods has them; deny: why nobody gets in, or
# None; root, start: directories or None; user: directives that work after the
# login; shell: whether sshd would need the user's shell; stores: of keys, those
# of everybody if nobody asks for any.
Leaf = namedtuple("Leaf", "methods deny root start user shell stores")

Local = namedtuple("Local", "address port")

METHODS = ("publickey", "password", "keyboard-interactive", "hostbased",
           "gssapi-with-mic", "none")
ACCESS = ("allowusers", "denyusers", "allowgroups", "denygroups")
KEY_ROWS = sorted(k for k, row in TABLE.items() if row.differs == "keys"
                  and k not in ("authorizedkeysfile",
                                "authorizedkeyscommand"))

# What the words of -p and -P deny: names of <Limit>, words of SFTPExtensions.
REQUESTS = {
    "open": (("RETR", "STOR", "APPE"), ()), "close": ((), ()),
    "read": (("RETR",), ()), "write": (("STOR", "APPE"), ()),
    "lstat": (("LSTAT", "STAT"), ()), "fstat": (("FSTAT", "STAT"), ()),
    "stat": (("STAT", "LSTAT"), ()),
    "setstat": (("SETSTAT", "FSETSTAT", "SITE_CHMOD", "SITE_CHGRP", "MFMT",
                 "MFF", "SITE_UTIME"), ("lsetstat",)),
    "fsetstat": (("SETSTAT", "FSETSTAT", "SITE_CHMOD", "SITE_CHGRP", "MFMT",
                  "MFF", "SITE_UTIME"), ()),
    "opendir": (("OPENDIR", "READDIR", "MLSD", "LIST", "NLST"), ()),
    "readdir": (("OPENDIR", "READDIR", "MLSD", "LIST", "NLST"), ()),
    "remove": (("DELE", "REMOVE"), ()),
    "mkdir": (("MKD", "XMKD", "MKDIR", "SITE_MKDIR"), ()),
    "rmdir": (("RMD", "XRMD", "RMDIR", "SITE_RMDIR"), ()),
    "realpath": (("REALPATH",), ("expandPath",)),
    "rename": (("RNFR", "RNTO", "RENAME"), ("posixRename",)),
    "readlink": (("READLINK",), ()),
    "symlink": (("SYMLINK", "SITE_SYMLINK", "LINK"), ()),
    "posix-rename": (("RNFR", "RNTO", "RENAME"), ("posixRename",)),
    "statvfs": (("STATVFS",), ("statvfs",)),
    "fstatvfs": (("STATVFS",), ("statvfs",)),
    "hardlink": (("HARDLINK", "LINK"), ("hardlink",)),
    "fsync": ((), ("fsync",)), "lsetstat": (("SETSTAT", "FSETSTAT"),
                                            ("lsetstat",)),
    "limits": ((), ("limits",)), "expand-path": ((), ("expandPath",)),
    "copy-data": (("SITE_COPY",), ("copyData", "copyFile")),
    "home-directory": ((), ("homeDirectory",)),
    "users-groups-by-id": ((), ("userGroupNames",)),
}


class Env:
    """A login: static[i] says whether the addresses and ports of the block i
    fit; user: a name, or None for everybody whom no line names; groups: of
    the groups that are named, whether the user is in each."""

    def __init__(self, policy, static, user=None, groups=None):
        self.policy = policy
        self.static = static
        self.user = user
        self.groups = groups or {}

    def applies(self, match):
        return self.static[match.index] and all(
            self._fits(kind, names) for kind, names in match.criteria)

    def _fits(self, kind, names):
        if kind == "invalid-user":
            return False
        if kind == "user":
            return self.user_fits(names)
        if kind == "group":
            return self.groups_fit(names)
        return True

    def user_fits(self, names):
        if self.user is not None:
            return patterns.list_matches(self.user, names)
        positive, negative = patterns.parts(names)
        return "*" in positive and "*" not in negative

    def groups_fit(self, names):
        positive, negative = patterns.parts(names)
        if "*" in negative or any(self.groups.get(g) for g in
                                  self.policy.group_names(negative)):
            return False
        return "*" in positive or any(
            self.groups.get(g) for g in self.policy.group_names(positive))

    @functools.cached_property
    def applying(self):
        return [match for match in self.policy.config.matches
                if self.applies(match)]

    def all(self, key):
        found = [line for match in self.applying
                 for line in match.lines if line.key == key]
        return found or [line for line in self.policy.config.lines
                         if line.key == key]

    def first(self, *keys):
        for match in self.applying:
            for line in match.lines:
                if line.key in keys:
                    return line
        for line in self.policy.config.lines:
            if line.key in keys:
                return line
        return None

    def is_on(self, default, *keys):
        line = self.first(*keys)
        return default if line is None else flag(line) == "yes"


class Policy:
    def __init__(self, config, accounts, exists=os.path.exists):
        self.config = config
        self.accounts = accounts
        self.exists = exists
        self.directories = refusals.Directories()
        self.cannot_run = functools.lru_cache(None)(refusals.cannot_run)
        self.notes = []             # (line or None, text)
        self.once = set()           # lines of settings that a host has once
        self.unlike = {}            # line: ({who: groups}, what others have)
        for line in config.every():
            row_of(line)
            values.check(line)
        self._check()
        values.check_all(config)
        self.pam = self._global_flag("usepam", False)
        self.pam_service = self._pam_service()
        self.dns = self._global_flag("usedns", False)

    def note(self, line, text):
        if (line, text) not in self.notes:
            self.notes.append((line, text))

    def _global_flag(self, key, default):
        for line in self.config.lines:
            if line.key == key:
                return flag(line) == "yes"
        return default

    def _pam_service(self):
        for line in self.config.lines:
            if line.key == "pamservicename":
                if not patterns.is_name(line.args[0]):
                    line.fail("this name cannot be written")
                return line.args[0]
        return "sshd"

    def _check(self):
        for line in self.config.every():
            if line.key == "authenticationmethods":
                self._check_methods(line)
            if line.key == "clientalivecountmax":
                number(line)
            if line.key == "subsystem" and len(line.args) < 2:
                line.fail("needs a name and a command")
        for match in self.config.matches:
            for kind, names in match.criteria:
                if kind == "rdomain":
                    match.line.fail("routing domains are not known here")
                if kind in ("user", "group"):
                    self._check_names(match.line, names)
        for line in self.config.every():
            if line.key in ACCESS:
                for arg in line.args:
                    self._check_names(line, [arg.rpartition("@")[0] or arg])

    @staticmethod
    def _check_methods(line):
        names = [m for arg in line.args for m in arg.split(",")]
        if line.args != ["any"] and any(
                m.partition(":")[0] not in METHODS for m in names):
            line.fail("takes any, or lists of " + ", ".join(METHODS))

    @staticmethod
    def _check_names(line, names):
        for name in names:
            bare = name.lstrip("!").replace("*", "x").replace("?", "x")
            if not patterns.is_name(bare):
                line.fail("the name '%s' cannot be written into ProFTPD's "
                          "configuration" % printable(name, 60))

    # ---- Names

    def group_names(self, names):
        """The groups that patterns mean, without `*' itself."""
        found = []
        for name in names:
            if name == "*":
                continue
            found += [name] if patterns.is_literal(name) else sorted(
                g for g in self.accounts.groups
                if patterns.glob_matches(g, name))
        return [g for g in dict.fromkeys(found) if patterns.is_name(g)]

    def user_names(self, names):
        found = []
        for name in names:
            name = name.lstrip("!")
            if name == "*":
                continue
            found += [name] if patterns.is_literal(name) else sorted(
                u for u in self.accounts.users
                if patterns.glob_matches(u, name))
        return [u for u in dict.fromkeys(found) if patterns.is_name(u)]

    def _lists(self, static, kind):
        return [names for match in self.config.matches
                if static[match.index] for names in match.of(kind)]

    def varies(self, static, keys):
        """Whether a block about users or groups has one of these keys."""
        return any(static[m.index] and m.of("user", "group") and any(
            line.key in keys for line in m.lines)
            for m in self.config.matches)

    def mentioned(self, static):
        """The users that lines name, and root."""
        found = []
        for names in self._lists(static, "user"):
            found += self.user_names(names)
        if self.varies(static, ACCESS):
            for line in self.config.every():
                if line.key in ("allowusers", "denyusers"):
                    found += self.user_names(
                        [a.rpartition("@")[0] or a for a in line.args])
        found += [u for u in self.accounts.users
                  if u in self.accounts.superusers and patterns.is_name(u)
                  or refusals.no_password(self, u)]
        return sorted(set(found))

    def groups(self, static):
        found = []
        for names in self._lists(static, "group"):
            found += self.group_names([n.lstrip("!") for n in names])
        if self.varies(static, ACCESS):
            for line in self.config.every():
                if line.key in ("allowgroups", "denygroups"):
                    found += self.group_names(line.args)
        return list(dict.fromkeys(found))

    def wild(self, static, kind):
        """Patterns of names: who comes later may match them."""
        found = [n.lstrip("!") for names in self._lists(static, kind)
                 for n in names]
        if self.varies(static, ACCESS):
            for line in self.config.every():
                if line.key == "denyusers" and kind == "user":
                    found += [a.rpartition("@")[0] or a for a in line.args]
                if line.key == "denygroups" and kind == "group":
                    found += line.args
        return sorted({n for n in found if n != "*"
                       and not patterns.is_literal(n)})

    # ---- Settings

    def leaf(self, env, cell, base):
        """base: the settings of keys that the section has."""
        shell, user, deny = False, (), self._refused(env, cell)
        root = start = None
        stores = stores_of(self, env)
        methods = self._methods(env, base, stores)
        if not any("publickey" in m.split("+") for m in methods):
            stores = base.stores
        try:
            root = self._root(env)
            shell, user, start = self._command(env, root)
        except Denied as why:
            deny = deny or str(why)
        if not methods:
            deny = deny or "no method is left to them"
        return Leaf(methods, deny, root, start, user, shell,
                    stores or (NOWHERE,))

    def _refused(self, env, cell):
        if env.is_on(False, "refuseconnection"):
            return "RefuseConnection"
        sessions = env.first("maxsessions")
        if sessions is not None and number(sessions) == 0:
            return "MaxSessions 0"
        if env.user in self.accounts.superusers:
            line = env.first("permitrootlogin")
            value = line.args[0].lower() if line else "prohibit-password"
            if value == "forced-commands-only":
                self.note(line, "root is refused: forced commands of keys "
                          "cannot be required here")
            if value in ("no", "forced-commands-only"):
                return "PermitRootLogin"
            if value not in ("yes", "prohibit-password", "without-password"):
                line.fail("takes yes, no, prohibit-password or "
                          "forced-commands-only")
        if self.varies(env.static, ACCESS):
            return self.by_lists(env, cell)
        return None

    def by_lists(self, env, cell):
        def user_in(key):
            return any(env.user_fits((name,)) for name, _ in
                       self.users_of(env, key, cell))

        def group_in(key):
            return any(env.groups_fit((a,)) for line in env.all(key)
                       for a in line.args)

        if user_in("denyusers"):
            return "DenyUsers"
        if env.all("allowusers") and not user_in("allowusers"):
            return "AllowUsers"
        if group_in("denygroups"):
            return "DenyGroups"
        if env.all("allowgroups") and not group_in("allowgroups"):
            return "AllowGroups"
        return None

    def users_of(self, env, key, cell):
        """[(pattern, line)] of AllowUsers or DenyUsers for that cell."""
        found = []
        for line in env.all(key):
            for arg in line.args:
                name, at, host = arg.rpartition("@")
                if not at:
                    found.append((arg, line))
                elif cell is None or cell.has(tuple(host.split(","))):
                    found.append((name, line))
        return found

    def key_settings(self, env):
        return tuple((k, tuple(tuple(line.args) for line in env.all(k)))
                     for k in KEY_ROWS)

    def has_commands(self, static):
        """Whether any login there asks an AuthorizedKeysCommand."""
        return any(line.key == "authorizedkeyscommand"
                   and line.args[0].lower() != "none"
                   and (line.match is None or static[line.match.index])
                   for line in self.config.every())

    def _unlike_base(self, env, base):
        """Remembers the lines by which these users differ from the only
        settings of keys that a virtual host can have."""
        own, common = self.key_settings(env), base.settings
        for (key, args), (_, other) in zip(own, common):
            if args == other:
                continue
            has = base.env.all(key)
            for line in env.all(key) or has:
                found = self.unlike.setdefault(line, ({}, has))
                found[0][self.who(env)] = frozenset(
                    g for g, yes in env.groups.items() if yes)

    def note_unlike(self):
        for line, (whom, has) in self.unlike.items():
            # Who is in two groups is in one of them.
            names = [who for who, groups in whom.items() if not any(
                one and one < groups for one in whom.values())]
            if line.match is not None and line not in has:
                names = ["those to whom it applies"]
            self.note(line, "%s: no login by key for %s%s: in a virtual host "
                      "all users have the same, here %s. A Match "
                      "LocalPort has a virtual host of its own" % (
                          line.name, ", ".join(names[:10]),
                          " and others" if len(names) > 10 else "",
                          "that of " + " ".join(one.short for one in has)
                          if has else "the default"))

    def verdict_on_keys(self, line):
        """What becomes of a line that a virtual host has once."""
        if line in self.unlike and line not in self.once:
            return CANNOT, "no login by key for those to whom it applies"
        if line.match is None or any(
                line.key == one.key and line.args == one.args
                for one in self.once):
            return None
        return DEFAULT, "nobody to whom it applies logs in by key"

    def _methods(self, env, base, stores):
        keys = env.is_on(True, "pubkeyauthentication")
        if keys and self.key_settings(env) != base.settings:
            keys = False
            if stores or key_base(self, env).authorities:
                self._unlike_base(env, base)
        keys = keys and bool(stores or base.authorities)
        password = env.is_on(True, "passwordauthentication") and \
            not refusals.no_password(self, env.user)
        dialogue = self.pam and env.is_on(
            True, "kbdinteractiveauthentication",
            "challengeresponseauthentication")
        if env.user in self.accounts.superusers:
            line = env.first("permitrootlogin")
            if line is None or line.args[0].lower() != "yes":
                password = dialogue = False
        on = [name for name, yes in (
            ("publickey", keys), ("password", password),
            ("keyboard-interactive", dialogue)) if yes]
        line = env.first("authenticationmethods")
        if line is None or [a.lower() for a in line.args] == ["any"]:
            return tuple(on)
        return self._chains(line, on)

    @staticmethod
    def _chains(line, on):
        found = []
        for arg in line.args:
            chain = [m.partition(":")[0] for m in arg.split(",")]
            others = [m for m in chain if m != "publickey"]
            if all(m in on for m in chain) and \
                    len(set(others)) == len(others):
                found.append("+".join(chain))
        return tuple(dict.fromkeys(found))

    def who(self, env):
        if env.user is not None:
            return "user " + env.user
        inside = [g for g, yes in env.groups.items() if yes]
        if inside:
            return "members of " + " and ".join(inside)
        return "users whom no Match names"

    def _root(self, env):
        line = env.first("chrootdirectory")
        if line is None or line.args[0].lower() == "none":
            return None
        path = self.path(line, line.args[0], home=True)
        if not path.startswith(("/", "~")):
            raise Denied("ChrootDirectory %s is no absolute path"
                         % printable(line.args[0]))
        bad = self.directories.bad(refusals.literal(line.args[0]))
        if bad is not None:
            raise Denied("sshd takes no ChrootDirectory (%s) if others than "
                         "root may write to %s" % (line.short,
                                                   printable(bad)))
        return path

    @staticmethod
    def path(line, text, home, relative=""):
        """sshd's tokens as ProFTPD's: ~ and %u.  relative: goes before a path
        that is not absolute."""
        bare = text.replace("%%", "\0")
        if home and re.match("%h(/|$)", bare):
            bare = "~" + bare[2:]
        elif bare.startswith("~"):
            raise Denied("%s %s: a path cannot begin with ~ here" % (
                line.name, printable(text)))
        elif not bare.startswith("/"):
            bare = relative + bare
        if "\0" in bare or "%" in bare.replace("%u", ""):
            raise Denied("%s %s has a token that is not possible here"
                         % (line.name, printable(line.args[0])))
        return word(line, bare)

    def _command(self, env, root):
        """(needs a shell, directives, start directory)."""
        forced = env.first("forcecommand")
        text = " ".join(forced.args) if forced else "none"
        subsystem = [line for line in env.all("subsystem")
                     if line.args[0] == "sftp"]
        line, forces = (forced, True) if text.lower() != "none" else (
            subsystem[0] if subsystem else None, False)
        if not forces:
            if line is None:
                return True, self._session(env, ["Protocols scp"], "022"), None
            text = " ".join(line.args[1:])
        words = self._words(line, text)
        server = words[0] if words else ""
        internal = server == "internal-sftp"
        if not internal and os.path.basename(server) != "sftp-server":
            if forces:
                raise Denied("ForceCommand %s (%s) runs a program, and here "
                             "none is run" % (printable(text), line.short))
            return True, self._session(env, ["Protocols scp"], "022"), None
        if not internal and root is not None and not self._inside(root, server):
            raise Denied("%s (%s): there is no %s inside of the "
                         "ChrootDirectory, so sshd serves nothing"
                         % (line.name, line.short, printable(server)))
        made, umask, start = self._arguments(line, words[1:], root)
        if forces or root is not None and not self._inside(root, "/bin/sh"):
            # sshd would need a shell inside of the root for SCP.
            made = ["Protocols sftp", "SFTPExecCommands none"] + made
        return (not internal, self._session(env, made, umask), start)

    def _inside(self, root, server):
        return "%" not in root and "~" not in root and \
            self.exists(root + server)

    @staticmethod
    def _words(line, text):
        try:
            return shlex.split(text)
        except ValueError:
            return line.fail("a quote without its end")

    def _session(self, env, made, umask):
        made = ["Umask %s %s" % (umask, umask)] + made
        sessions = env.first("maxsessions")
        # With none, nobody is let in.
        if sessions is not None and number(sessions) > 0:
            made.append("SFTPMaxChannels %d" % number(sessions))
        line = env.first("rekeylimit")
        if line is not None:
            made += TABLE["rekeylimit"].handler(line)[2]
        return tuple(made)

    def _arguments(self, line, args, root):
        """The directives, the umask and the start directory for the arguments
        of sftp-server."""
        try:
            options, rest = getopt.getopt(args, "d:f:l:P:p:u:ceR")
        except getopt.GetoptError as why:
            raise Denied("%s (%s): %s" % (line.name, line.short, why))
        if rest:
            raise Denied("%s (%s): '%s' is no option" % (
                line.name, line.short, printable(rest[0])))
        made, umask, start = [], "022", None
        for option, value in options:
            if option == "-R":
                made += ["<Limit WRITE>", "  DenyAll", "</Limit>"]
            elif option == "-u":
                if not value or value.strip("01234567") or \
                        int(value, 8) > 0o777:
                    raise Denied("%s (%s): -u %s is no umask" % (
                        line.name, line.short, printable(value)))
                umask = "%03o" % int(value, 8)
            elif option == "-d":
                start = self.path(line, value.replace("%d", "%h"), home=True)
                if root is not None and start[0] not in '/~"':
                    start = "/" + start
            elif option in ("-p", "-P"):
                made += self._requests(line, option, value)
        return made, umask, start

    @staticmethod
    def _requests(line, option, value):
        names = [n for n in value.split(",") if n]
        for name in names:
            if name not in REQUESTS:
                raise Denied("%s (%s): the request '%s' is not known here" % (
                    line.name, line.short, printable(name)))
        denied = names if option == "-P" else [
            n for n in REQUESTS if n not in names]
        if option == "-p":
            # What was named stays possible by that name.
            kept = {x for n in names for x in REQUESTS[n][0]}
            kept |= {x for n in names for x in REQUESTS[n][1]}
        else:
            kept = set()
        if option == "-p" and "open" in names:
            kept -= {x for n in ("read", "write") if n not in names
                     for x in REQUESTS[n][0]}
        limits = [x for n in denied for x in REQUESTS[n][0] if x not in kept]
        words = [x for n in denied for x in REQUESTS[n][1] if x not in kept]
        made = []
        if limits:
            made += ["<Limit %s>" % " ".join(dict.fromkeys(limits)),
                     "  DenyAll", "</Limit>"]
        if words:
            made.append("SFTPExtensions " + " ".join(
                "-" + w for w in dict.fromkeys(words)))
        return made
