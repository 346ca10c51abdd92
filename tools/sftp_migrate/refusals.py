# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Whom sshd refuses whatever its configuration says.

sshd looks at each login; this looks once, at the accounts and directories of
today, so that the result can refuse the same users by their names.
"""

import os
import re
import stat

from . import patterns
from .blocks import Block
from .sshd import printable

# What Block is made for each reason.
LOCKED = "locked: the password field begins with !, and UsePAM is no"
EXPIRED = "the account has expired"
AGED = "the password must be changed first"
SHELL = "the shell is missing or cannot be run"
ROOT = "others than root may write to the ChrootDirectory"
REASONS = (LOCKED, EXPIRED, AGED, SHELL, ROOT)

# Modules of PAM's account management that refuse nothing but what is looked at
# here, or in a note of its own.
KNOWN_MODULES = {"pam_unix.so", "pam_permit.so", "pam_deny.so",
                 "pam_nologin.so"}
NAMES_IN_NOTE = 10


def of_shadow(policy, user):
    """A reason to refuse a user at any login, or None."""
    account, today = policy.accounts.users[user], policy.accounts.today
    if not policy.pam and account.password.startswith("!"):
        return LOCKED
    shadow = account.shadow
    if shadow is None:
        return None
    if shadow.expires is not None and \
            today >= shadow.expires + (0 if policy.pam else 1):
        return EXPIRED
    if shadow.must_change(today) and (
            policy.pam or not patterns.is_name(user)):
        return AGED
    return None


def no_password(policy, user):
    """Whether sshd lets a user in by key alone, until the password has been
    changed.  PAM refuses them altogether."""
    account = policy.accounts.users.get(user)
    return account is not None and not policy.pam and \
        patterns.is_name(user) and account.shadow is not None and \
        not account.password.startswith(("!", "*")) and \
        account.shadow.must_change(policy.accounts.today)


def cannot_run(path):
    try:
        found = os.stat(path)
    except OSError:
        return True
    return not stat.S_ISREG(found.st_mode) or not found.st_mode & 0o111


class Directories:
    """Of whom sshd accepts them as a ChrootDirectory."""

    def __init__(self, look=os.stat):
        self.look = look
        self.known = {}

    def _is_bad(self, path):
        if path not in self.known:
            try:
                found = self.look(path)
                self.known[path] = found.st_uid != 0 or \
                    bool(found.st_mode & 0o022)
            except (OSError, ValueError):
                # Nobody enters what is not there, here as well.
                self.known[path] = False
        return self.known[path]

    def bad(self, path):
        """The first part that others than root may write to, or None."""
        parts = [p for p in path.split("/") if p]
        for n in range(len(parts) + 1):
            part = "/" + "/".join(parts[:n])
            if self._is_bad(part):
                return part
        return None


def literal(text):
    """The part of a ChrootDirectory that is the same for everybody."""
    head, token, _ = text.replace("%%", "\0").partition("%")
    return (os.path.dirname(head) if token else head).replace("\0", "%")


def expanded(text, account):
    values = {"%h": account.home, "%u": account.name, "%U": str(account.uid),
              "%%": "%"}
    return re.sub("%[huU%]", lambda found: values[found.group()], text)


class Refusals:
    """Of a Section: Blocks for the users of each reason."""

    def refusals(self):
        accounts = self.policy.accounts
        found = {reason: [] for reason in REASONS}
        for user in sorted(accounts.users):
            reason = of_shadow(self.policy, user) or self._by_files(user)
            if reason is not None and self._let_in(user):
                found[reason].append(user)
        for reason, users in found.items():
            self._note(reason, users)
        return {"refused: " + reason: Block(
            "refused, as sshd does today: " + reason,
            ["<Limit LOGIN>"] + self._refused(users) + ["</Limit>"])
            if users else None for reason, users in found.items()}

    def _as(self, user):
        return self.env(user, {
            g: True for g in self.policy.accounts.groups_of(user)})

    def _by_files(self, user):
        account = self.policy.accounts.users[user]
        line = self._as(user).first("chrootdirectory")
        if line is None or line.args[0].lower() == "none":
            return SHELL if self.policy.cannot_run(account.shell) else None
        directories = self.policy.directories
        if directories.bad(literal(line.args[0])):
            return None                 # Policy.leaf() refuses everybody
        return ROOT if directories.bad(
            expanded(line.args[0], account)) else None

    def _let_in(self, user):
        """Names that the lists leave out anyway would only be noise."""
        return self.policy.by_lists(self._as(user), self.cell) is None

    def _refused(self, users):
        """What cannot be written in a name becomes a dot, or a star if it may
        be several bytes."""
        plain = [u for u in users if patterns.is_name(u)]
        odd = ["".join("*" if not c.isascii() else
                       c if c.isalnum() or c in "_-" else "?" for c in u)
               for u in users if not patterns.is_name(u)]
        return self._users("DenyUser", plain) + \
            self._users_of_patterns("DenyUser", odd)

    def _note(self, reason, users):
        if users:
            names = [printable(u, 60) for u in users[:NAMES_IN_NOTE]]
            if len(users) > len(names):
                names.append("and %d more" % (len(users) - len(names)))
            self.policy.note(None, "refused, as sshd does today: %s (%s)" % (
                " ".join(names), reason))


# ---- What only sshd looks at

def account_modules(service, where="/etc/pam.d", depth=0):
    """The modules that PAM asks whether an account may log in; OSError."""
    found = []
    with open(os.path.join(where, service), encoding="utf-8",
              errors="replace") as file:
        text = file.read(1 << 20).replace("\\\n", " ")
    for line in text.split("\n"):
        words = re.sub(r"\[[^]]*\]", "[]", line.partition("#")[0]).split()
        if len(words) > 1 and words[0] == "@include":
            more = words[1]
        elif len(words) > 2 and words[0].lstrip("-").lower() == "account":
            more = words[2] if words[1] in ("include", "substack") else None
            if more is None:
                found.append(os.path.basename(words[2]))
        else:
            more = None
        if more is not None and depth < 16:
            found += account_modules(more, where, depth + 1)
    return found


def notes(policy):
    """What no result can have, whoever the users are."""
    policy.note(None, "sshd looks at locks, dates, shells and directories at "
                "each login, sftp-migrate only now: run it again after such "
                "changes. `usermod -e 1' closes an account at once, here and "
                "in sshd")
    policy.note(None, "while /etc/nologin exists, sshd lets in root alone; "
                "here ftpshut(8) keeps everybody out")
    if not policy.accounts.shadow_read:
        policy.note(None, "the passwords' file cannot be read: locked and "
                    "expired accounts are not refused here. Run sftp-migrate "
                    "as root")
    if policy.pam:
        _note_pam(policy)


def _note_pam(policy):
    line = next((one for one in policy.config.lines if one.key == "usepam"),
                None)
    try:
        more = sorted(set(account_modules(policy.pam_service))
                      - KNOWN_MODULES)
    except OSError:
        return
    if more:
        policy.note(line, "a login by key does not ask PAM here, so it is not "
                    "refused by %s" % printable(" ".join(more)))
