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

from .files import (Refused, discard, is_same, must_be_safe, read_lines,
                    sync_directory, write_new)
from .system import account, delete_account, has_password

NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
NEW_KEY = ".new-key-"
UNFINISHED = (".journal.new", ".last-uid.new", ".passwd.new", ".group.new")
SYSTEM_MARK = "# sftp-user: user of the system\n"


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
    def locked(self):
        fd = os.open(self.path(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                     | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            self.recover()
            self.must_be_own()
            yield
        finally:
            os.close(fd)

    def must_be_own(self):
        """A link would be replaced, and what it names stay as it is."""
        for name in ("passwd", "group"):
            if os.path.islink(self.path(name)):
                raise Refused("%s is a link: name the directory of the file "
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
            if len(fields) == 7 and not line.startswith("#"):
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

    def replace(self, file, lines, mode):
        """The rename that makes a change of passwd or group."""
        path = self.path(file)
        write_new(self.path("." + file + ".new"),
                  "".join(line + "\n" for line in lines), mode)
        os.rename(self.path("." + file + ".new"), path)
        sync_directory(self.etc)

    def without(self, file, name):
        return [line for line in read_lines(self.path(file))
                if line.split(":")[0] != name]

    # The journal

    def begin(self, entry):
        write_new(self.path(".journal.new"), json.dumps(entry) + "\n",
                  0o600)
        os.rename(self.path(".journal.new"), self.path(".journal"))
        sync_directory(self.etc)

    def finish(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(".journal"))
        sync_directory(self.etc)

    def recover(self):
        """Ends what another run began: forwards or backwards."""
        for name in os.listdir(self.etc):
            if name.startswith(NEW_KEY):
                shutil.rmtree(self.path(name))
            elif name in UNFINISHED:
                os.unlink(self.path(name))
        lines = read_lines(self.path(".journal"))
        if not lines:
            return
        try:
            entry = json.loads(lines[0])
            name, action = entry["name"], entry["action"]
        except (ValueError, KeyError, TypeError) as why:
            raise Refused("%s is damaged: look at it, and remove it"
                          % self.path(".journal")) from why
        there = self.has(entry)
        if action == "add" and not there:
            self.take_back(entry)
        elif action == "remove" and not there:
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
            self.replace("group", left, 0o600)

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
            home, wanted = entry["delete"]
            doomed = os.path.join(os.path.dirname(home),
                                  ".%s.removed" % name)
            if is_same(home, wanted):
                os.rename(home, doomed)
            if is_same(doomed, wanted):
                shutil.rmtree(doomed)
