# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Where keys, authorities and principals come from."""

import os
from collections import namedtuple

from . import patterns
from .keywords import MOST_SECS, absolute, number, seconds, word
from .sshd import printable

# Of everybody: settings that a virtual host has once.  env: the login that has
# them.
Base = namedtuple("Base", "stores authorities settings directives env")

# Where those have no keys whose login by key asks for authorities.
NOWHERE = "file:/nonexistent"


class Denied(Exception):
    """These users cannot be let in as sshd would; the text says why."""


def stores_of(policy, env):
    """The stores of keys that a login asks, as SFTPAuthorizedUserKeys has
    them."""
    stores = []
    files = env.first("authorizedkeysfile")
    names = files.args if files else [".ssh/authorized_keys",
                                      ".ssh/authorized_keys2"]
    for name in names:
        if name.lower() != "none":
            stores += _file_store(policy, files, name)
    found = _command(policy, env, "authorizedkeyscommand",
                     ["%" + t for t in "UuhktfC"])
    return tuple(stores + (['"%s"' % found[0]] if found else []))


def key_base(policy, env):
    """The settings of keys and authorities that are the same for all."""
    made, stores = [], stores_of(policy, env)
    user = env.first("authorizedkeyscommanduser")
    # The command may be that of a Match.
    if policy.has_commands(env.static) and _may_run(policy, user):
        made.append("SFTPAuthorizedKeysCommandUser " + user.args[0])
    authorities = env.first("trustedusercakeys")
    trusted = authorities is not None and \
        authorities.args[0].lower() != "none"
    if trusted:
        made += list(_authorities(policy, env, authorities, made))
    revoked = env.first("revokedkeys")
    if revoked is not None and revoked.args[0].lower() != "none":
        made.append("SFTPRevokedKeys " + absolute(revoked, revoked.args[0]))
        if not os.path.isfile(revoked.args[0]):
            policy.note(revoked, "%s is not there: ProFTPD does not start "
                        "without it" % printable(revoked.args[0], 200))
    return Base(stores, trusted, policy.key_settings(env), tuple(made), env)


def _file_store(policy, line, name):
    try:
        path = policy.path(line, name, True, "~/") if line else "~/" + name
    except Denied as why:
        policy.note(line, "%s; no keys are read from there" % why)
        return []
    return ['"file:%s' % path[1:] if path.startswith('"') else "file:" + path]


def _may_run(policy, user):
    """Whether commands can run as the user that a line names."""
    name = user.args[0] if user else ""
    account = policy.accounts.users.get(name)
    return patterns.is_name(name) and account is not None and account.uid != 0


def _command(policy, env, key, tokens):
    """exec:... of a command, and its user; None if it cannot be run."""
    line, user = env.first(key), env.first(key + "user")
    if line is None or line.args[0].lower() == "none":
        return None
    if not _may_run(policy, user):
        policy.note(line, "%sUser must be an account that is not root; the "
                    "command is not run" % line.name)
        return None
    for arg in line.args:
        rest = arg.replace("%%", "")
        if any("%" + t not in tokens for t in
               (p[:1] for p in rest.split("%")[1:])):
            policy.note(line, "a token of %s is not possible here; the "
                        "command is not run" % line.name)
            return None
        if any(c in arg for c in " '"):
            policy.note(line, "an argument with a blank or a quote is not "
                        "possible here; the command is not run")
            return None
        word(line, arg)
    if not line.args[0].startswith("/"):
        line.fail("the path must be absolute")
    return "exec:" + " ".join(line.args), user.args[0]


def _authorities(policy, env, line, made):
    yield "SFTPTrustedUserCAKeys " + absolute(line, line.args[0])
    names = env.first("authorizedprincipalsfile")
    if names is not None and names.args[0].lower() != "none":
        if env.first("authorizedprincipalscommand") is not None:
            policy.note(names, "principals come from one source here: the "
                        "command is not run")
        store = _file_store(policy, names, names.args[0])
        # Without its source nobody may be a principal.
        yield "SFTPAuthorizedPrincipals " + (
            store[0].replace("file:", "", 1) if store else "/nonexistent")
        return
    tokens = ["%" + t for t in "UuhktfCiFKTs"]
    command = env.first("authorizedprincipalscommand")
    if command is None or command.args[0].lower() == "none":
        return
    found = _command(policy, env, "authorizedprincipalscommand", tokens)
    other = [m for m in made if m.startswith("SFTPAuthorizedKeysCommandUser")]
    if found is None or other not in (
            [], ["SFTPAuthorizedKeysCommandUser " + found[1]]):
        policy.note(command, "commands run as one user here: no principals "
                    "are read")
        yield "SFTPAuthorizedPrincipals /nonexistent"
        return
    if not other:
        yield "SFTPAuthorizedKeysCommandUser " + found[1]
    yield 'SFTPAuthorizedPrincipals "%s"' % found[0]


def client_alive(policy, env):
    interval = env.first("clientaliveinterval")
    count = env.first("clientalivecountmax")
    time = seconds(interval, interval.args[0]) if interval else 0
    if time == 0:
        return []
    times = number(count) if count else 3
    if times == 0:
        policy.note(count, "ClientAliveCountMax 0 never disconnects in sshd; "
                    "no messages are sent here")
        return []
    return ["SFTPClientAlive %d %d" % (times, min(time, MOST_SECS))]
