# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Adds a user."""

import contextlib
import grp
import os
import stat
import tempfile

from .daemon import reload_daemon
from .files import (Refused, identity, must_be_safe, read_lines, say,
                    sync_directory, text_of_error, warn, write_new)
from .given import (check_apart, check_directories, check_home, check_name,
                    read_password)
from .keys import make_key, read_keys, remarks, text_of
from .numbers import check_uid, choose_uid
from .signals import last_step
from .store import NEW_KEY, SYSTEM_MARK
from .system import account, create_account

HOMES = "/srv/sftp"


def check_new(store, name):
    if name in store.users() or name in store.system_users():
        raise Refused("%s: there is such a user" % name)
    if account(name):
        raise Refused("%s: an account of this system has that name" % name)
    with contextlib.suppress(KeyError):
        grp.getgrnam(name)
        raise Refused("%s: a group of this system has that name" % name)
    for path in (store.key(name), store.dropin(name)):
        if os.path.lexists(path):
            raise Refused("%s: it is there already" % path)


def check_new_key(store, path):
    """A place where only root comes between the key and its user: others could
    put a key of their own there, or lead it elsewhere."""
    try:
        must_be_safe(os.path.dirname(path))
    except Refused as why:
        raise Refused("--new-key: %s: name a file in a directory of root's, "
                      "such as /root" % why) from why
    if os.path.realpath(path).startswith(os.path.realpath(store.etc) + "/"):
        raise Refused("%s: no place for a private key: %s has the files "
                      "of users" % (path, store.etc))
    for each in (path, path + ".pub"):
        if os.path.lexists(each):
            raise Refused("%s: it is there already" % each)


def dropin_text(name, home, directories, methods, system):
    text = "# %s\n%s\n" % (name, SYSTEM_MARK if system else "")
    text += ("<Directory %s>\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n"
             "</Directory>\n" % home)
    for one in directories:
        text += ("<Directory %s/%s>\n  <Limit WRITE>\n    AllowAll\n"
                 "  </Limit>\n</Directory>\n" % (home, one))
    if methods != ["publickey"]:
        text += "\nSFTPAuthMethods user %s %s\n" % (name, " ".join(methods))
    return text


class Adding:
    """What is made first under hidden names, and where it goes."""

    def __init__(self, store, args, private):
        self.store = store
        self.args = args
        self.private = private
        self.new_keys = [args.new_key, args.new_key + ".pub"] \
            if private else []
        self.moves = []
        self.temporary = []

    def stage(self, hidden, final):
        self.temporary.append(hidden)
        self.moves.append((hidden, final))
        return hidden

    def plan(self):
        name, home, store = self.args.name, self.args.home, self.store
        if not os.path.lexists(home):
            self.stage(os.path.join(os.path.dirname(home),
                                    ".%s.new" % name), home)
        else:
            for one in self.args.dir:
                if not os.path.lexists(os.path.join(home, one)):
                    self.stage(os.path.join(home, ".%s.new" % one),
                               os.path.join(home, one))
        self.stage(store.path("conf.d", ".%s.new" % name), store.dropin(name))
        if self.args.keys:
            self.stage(store.path("keys", ".%s.new" % name), store.key(name))
        for final in self.new_keys:
            self.stage(os.path.join(os.path.dirname(final), ".%s.%s.new" % (
                os.path.basename(final), name)), final)

    def make(self, uid):
        args, home = self.args, self.args.home
        for hidden, final in self.moves:
            if final == home:
                os.mkdir(hidden, 0o755)
                for one in args.dir:
                    make_owned(os.path.join(hidden, one), uid)
            elif os.path.dirname(final) == home:
                make_owned(hidden, uid)
            elif final == self.store.key(args.name):
                write_new(hidden, text_of(args.keys), 0o644)
            elif final in self.new_keys:
                # The new key goes to where the administrator wants it.
                with open(self.private + final[len(args.new_key):]) as file:
                    write_new(hidden, file.read(),
                              0o644 if final.endswith(".pub") else 0o600)
            else:
                write_new(hidden, dropin_text(
                    args.name, home, args.dir, args.methods, args.system),
                    0o644)

    def entry(self):
        return {"action": "add", "name": self.args.name,
                "system": self.args.system, "temporary": self.temporary,
                "password": self.args.password,
                "made": [[final, identity(hidden)] for hidden, final
                         in self.moves if os.path.lexists(hidden)]}

    def move(self):
        for hidden, final in self.moves:
            if os.path.lexists(final):
                raise Refused("%s: it is there already" % final)
            os.rename(hidden, final)
            sync_directory(os.path.dirname(final))


def make_owned(path, uid):
    os.mkdir(path, 0o755)
    os.chown(path, uid, uid)


def check_existing(home, directories, uid):
    """A home that is there is taken over only on request."""
    must_be_safe(home)
    for one in directories:
        path = os.path.join(home, one)
        if not os.path.lexists(path):
            continue
        st = os.lstat(path)
        if not stat.S_ISDIR(st.st_mode):
            raise Refused("%s: not a directory" % path)
        if st.st_uid != uid:
            raise Refused("%s: it belongs to the user id %d: chown it, or give "
                          "--uid" % (path, st.st_uid))


def prepare_parent(home):
    parent = os.path.dirname(home)
    if parent == HOMES:
        must_be_safe(os.path.dirname(HOMES))
        with contextlib.suppress(FileExistsError):
            os.mkdir(HOMES, 0o755)
    must_be_safe(parent)


def create_line(store, args, uid):
    """The last step for a virtual user."""
    store.replace("group", store.without("group", args.name)
                  + ["%s:x:%d:%s" % (args.name, uid, args.name)])
    store.replace("passwd", read_lines(store.path("passwd"))
                  + [":".join((args.name, args.hash, str(uid), str(uid), "",
                               args.home, "/bin/sh"))])


def add(store, args):
    check_name(args.name)
    # A shell that completes the name of a directory adds a slash.
    args.home = (args.home or os.path.join(HOMES, args.name)).rstrip(
        "/") or "/"
    check_home(args.home)
    if args.read_only and args.dir:
        raise Refused("--read-only leaves no place for --dir")
    args.dir = [] if args.read_only else args.dir or ["files"]
    check_directories(args.dir)
    if not (args.key or args.new_key or args.password):
        raise Refused("a user needs --key, --new-key or --password")
    if args.new_key:
        args.new_key = os.path.abspath(args.new_key)
        check_new_key(store, args.new_key)
    args.keys = read_keys(args.key) if args.key else []
    args.hash = read_password() if args.password else "*"
    store.prepare()
    with store.locked(), tempfile.TemporaryDirectory(
            prefix=NEW_KEY, dir=store.etc) as own:
        check_new(store, args.name)
        others = [(name, fields[5]) for name, fields in store.users().items()]
        others += [(name, entry.pw_dir) for name, entry
                   in store.system_users().items()]
        check_apart(args.home, others)
        uid = choose_uid(store) if args.uid is None else args.uid
        check_uid(store, uid, args.system)
        if os.path.lexists(args.home):
            if not args.use_existing:
                raise Refused("%s: it is there already (--use-existing takes "
                              "it)" % args.home)
            check_existing(args.home, args.dir, uid)
        else:
            prepare_parent(args.home)
        private = None
        if args.new_key:
            private = make_key(args.name, own)
            args.keys += read_keys(private + ".pub")
        args.methods = (["publickey"] if args.keys else []) + \
            (["password"] if args.password else [])
        if args.uid is None:
            write_new(store.path(".last-uid.new"), "%d\n" % uid, 0o600)
            os.rename(store.path(".last-uid.new"), store.path("last-uid"))
        perform(store, args, uid, private)
    say("%s: added, with the home %s" % (args.name, args.home))
    for remark in remarks(args.name, args.keys):
        say("%s: %s" % (args.name, remark))
    reload_daemon(args, "so that the rules of %s are in force" % args.name)


def perform(store, args, uid, private):
    job = Adding(store, args, private)
    job.plan()
    try:
        store.begin(job.entry())
        job.make(uid)
        store.begin(job.entry())
        job.move()
        with last_step():
            if args.system:
                create_account(args, uid)
            else:
                create_line(store, args, uid)
            store.finish()
    except BaseException as why:
        if not store.outcome(job.entry()):
            raise
        warn(text_of_error(why))
