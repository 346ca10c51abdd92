# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The store: files of users, keys, drop-in files, lock and journal."""

import contextlib
import fcntl
import json
import os
import re
import shutil

from .files import (Refused, discard, is_same, must_be_safe, named, read_lines,
                    read_text, sync_directory, text_of_error, warn, write_new)
from .signals import Interrupted, ignore
from .system import account, delete_account, has_password

NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
NEW_KEY = ".new-key-"
UNFINISHED = (".journal.new", ".last-uid.new", ".passwd.new", ".group.new",
              ".leftovers.new")
SYSTEM_MARK = "# sftp-user: user of the system\n"


class Stuck(Refused):
    """What another run began can be neither finished nor taken back."""


class Store:
    def __init__(self, etc):
        self.etc = etc

    def path(self, *names):
        return os.path.join(self.etc, *names)

    def prepare(self):
        """Makes the directories that are missing."""
        parent = os.path.dirname(self.etc)
        must_be_safe(parent)
        for path in (self.etc, self.path("keys"), self.path("conf.d")):
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o755)
        must_be_safe(self.path("keys"))
        must_be_safe(self.path("conf.d"))

    @contextlib.contextmanager
    def locked(self, change=True):
        must_be_safe(self.etc)
        fd = os.open(self.path(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                     | os.O_NOFOLLOW, 0o600)
        try:
            with named(self.path(".lock")):
                fcntl.flock(fd, fcntl.LOCK_EX)
            try:
                self.recover()
                self.must_be_own()
            except Stuck as why:
                if change:
                    raise
                warn(str(why))
            yield
        finally:
            os.close(fd)

    def must_be_own(self):
        """A link would be replaced, and what it names stay as it is."""
        for name in ("passwd", "group"):
            if os.path.islink(self.path(name)):
                raise Stuck("%s is a link: name the directory of the file "
                              "with --etc" % self.path(name))

    def key(self, name):
        return self.path("keys", name)

    def dropin(self, name):
        return self.path("conf.d", name + ".conf")

    def users(self):
        """{name: fields} of the virtual users; lines that are none stay."""
        found = {}
        for line in read_lines(self.path("passwd")):
            fields = line.split(":")
            if len(fields) == 7 and not re.search("^#|\0|^[^:]*/", line):
                found[fields[0]] = fields
        return found

    def system_users(self):
        found = {}
        with contextlib.suppress(FileNotFoundError):
            for file in sorted(os.listdir(self.path("conf.d"))):
                name = file[:-len(".conf")]
                if file.endswith(".conf") and NAME.fullmatch(name) and \
                        self.is_system(name):
                    found[name] = account(name)
        return {name: entry for name, entry in found.items() if entry}

    def is_system(self, name):
        return SYSTEM_MARK.strip() in read_lines(self.dropin(name))[:3]

    def replace(self, file, lines):
        """The rename that makes a change of passwd or group."""
        path = self.path(file)
        write_new(self.path("." + file + ".new"),
                  "".join(line + "\n" for line in lines), 0o600, like=path)
        os.rename(self.path("." + file + ".new"), path)
        sync_directory(self.etc)

    def without(self, file, name):
        return [line for line in read_lines(self.path(file))
                if line.split(":")[0] != name]

    # The journal, and the list of what could not be deleted

    def write_state(self, name, text):
        write_new(self.path(name + ".new"), text, 0o600)
        os.rename(self.path(name + ".new"), self.path(name))
        sync_directory(self.etc)

    def begin(self, entry):
        self.write_state(".journal", json.dumps(entry) + "\n")

    def finish(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(".journal"))
        sync_directory(self.etc)

    def read_journal(self):
        """What another run began, or None."""
        text = read_text(self.path(".journal"))
        if not text:
            return None
        try:
            return checked(json.loads(text))
        except (ValueError, KeyError, TypeError, RecursionError) as why:
            raise Stuck("%s is damaged: look at it, and remove it"
                        % self.path(".journal")) from why

    def recover(self, delete=True):
        """Ends what another run began: forwards or backwards."""
        entry = self.read_journal()
        try:
            for name in os.listdir(self.etc):
                if name.startswith(NEW_KEY):
                    shutil.rmtree(self.path(name))
                elif name in UNFINISHED:
                    os.unlink(self.path(name))
            if entry:
                self.end(entry)
        except (OSError, Refused) as why:
            if not entry or isinstance(why, Interrupted):
                raise
            raise Stuck("%s: the run that began to %s %s cannot be ended (it "
                        "is in %s): remedy this, and run any command again" % (
                            text_of_error(why), entry["action"], entry["name"],
                            self.path(".journal"))) from why
        if delete:
            self.delete_leftovers()

    def outcome(self, entry, delete=True):
        """As recover(), behind a failure of the run that holds the lock: also
        where that cannot be ended, or the journal is gone already."""
        ignore()
        try:
            self.recover(delete)
        except Stuck as why:
            warn(str(why))
        return self.has(entry)

    def end(self, entry):
        there = self.has(entry)
        if entry["action"] == "add" and not there:
            self.take_back(entry)
        elif entry["action"] == "remove" and not there:
            self.clear(entry)
        for path in entry["temporary"]:
            discard(path)
        self.finish()

    def has(self, entry):
        """Whether the user of a journal's entry is there, and whole."""
        if not entry["system"]:
            return entry["name"] in self.users()
        if account(entry["name"]) is None:
            return False
        if entry.get("password") and has_password(entry["name"]) == "no":
            delete_account(entry["name"])
            return False
        return True

    def drop_group(self, entry):
        left = self.without("group", entry["name"])
        if not entry["system"] and left != read_lines(self.path("group")):
            self.replace("group", left)

    def take_back(self, entry):
        self.drop_group(entry)
        for path, wanted in reversed(entry["made"]):
            if is_same(path, wanted):
                discard(path)

    def clear(self, entry):
        """The rest of a removal, whose user is no longer there."""
        name = entry["name"]
        self.drop_group(entry)
        for path in (self.dropin(name), self.key(name)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        if entry.get("delete"):
            home, wanted, doomed = entry["delete"]
            if is_same(home, wanted):
                # From here on nobody takes it for the home of a new user.
                self.write_leftovers(self.leftovers() + [[doomed, wanted]])
                os.rename(home, doomed)

    def leftovers(self):
        """[[path, identity]] of what is still to be deleted."""
        found = []
        for line in read_lines(self.path(".leftovers")):
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                path, wanted = json.loads(line)
                found.append([str(path), wanted])
        return found

    def write_leftovers(self, entries):
        if entries:
            self.write_state(".leftovers", "".join(
                json.dumps(one) + "\n" for one in entries))
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(".leftovers"))

    def delete_leftovers(self):
        """What resists does not stop anybody: it is tried again each time."""
        before = self.leftovers()
        left = []
        for path, wanted in before:
            try:
                if is_same(path, wanted):
                    shutil.rmtree(path)
            except OSError as why:
                warn("%s, of a user who is removed, cannot be deleted (%s): "
                     "delete it, or the next run tries again"
                     % (path, text_of_error(why)))
                left.append([path, wanted])
        if left != before:
            self.write_leftovers(left)


def checked(entry):
    """The journal's entry, if it has all that it must have."""
    def need(good):
        if not good:
            raise ValueError("damaged")

    need(isinstance(entry, dict) and entry["action"] in ("add", "remove")
         and NAME.fullmatch(entry["name"])
         and isinstance(entry["system"], bool))
    need(all(isinstance(path, str) for path in entry["temporary"]))
    if entry["action"] == "add":
        need(all(isinstance(path, str) for path, _ in entry["made"]))
    elif entry.get("delete"):
        home, _, doomed = entry["delete"]
        need(isinstance(home, str) and isinstance(doomed, str))
    return entry
