# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The same operation by each door: FTP (ftplib), SFTP 3 and 6, SCP, and the
commands of exec requests.

An operation returns a verdict and what it learned.  The verdict is "ok", "no",
or "gone" where the answer is that there is no such file.  A door that cannot
do it has no method for it.
"""

import ftplib
import hashlib
import io
import socket
import stat
import struct
import time

from paramiko.ssh_exception import SSHException

from rawsftp import ATTRS, DATA, EXTENDED_REPLY, HANDLE, NAME, STATUS, Raw, \
    num, quad, string
from server import PATIENCE
from tap import Failed

TEXT = b"What is put there.\n"
OK, NO, GONE = "ok", "no", "gone"


def content(size=None):
    return TEXT if size is None else (TEXT * (int(size) // len(TEXT) + 1))[
        :int(size)]


def digest(data):
    return hashlib.md5(data).hexdigest()


class Refused(Exception):
    """verdict, and what was said."""


def login_of(who):
    """user@address"""
    user, _, address = who.partition("@")
    return user, address or "127.0.0.1"


def receives(read, seconds):
    """Reads until the server ends the session, at most for this time; whether
    it did."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        try:
            if not read(max(0.01, end - time.monotonic())):
                return True
        except socket.timeout:
            return False
        except (OSError, EOFError):
            return True
    return False


def repeats(call, seconds, failures):
    """Whether the server ended the session before this time."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        try:
            call()
        except failures:
            return True
        time.sleep(0.05)
    return False


def timed(call, args):
    """(what it returned, seconds)"""
    began = time.monotonic()
    found = call(*args)
    return found, time.monotonic() - began


def knock(host, seconds):
    """A client that connects and says nothing: (verdict, answer)."""
    with host.connect() as sock:
        def read(left):
            sock.settimeout(left)
            return sock.recv(4096)
        if receives(read, seconds):
            return NO, "the session has ended"
        return OK, None


# ---- FTP

class Ftp:
    name = "ftp"

    def __init__(self, port, user, password, source="127.0.0.1"):
        self.again = port, user, password
        self.ftp = ftplib.FTP()
        self.ftp.connect("127.0.0.1", port, PATIENCE, (source, 0))
        self.ftp.login(user, password)
        self.home = "/"
        try:
            self.home = self.ftp.pwd()
        except ftplib.error_perm:
            pass                # a rule denies that, too
        self.settle()

    def close(self):
        self.ftp.close()

    def settle(self):
        # Listings switch to the other one.  Some refusals come twice.
        self.ftp.putcmd("TYPE I")
        while not self.ftp.getmultiline().startswith("200"):
            pass

    def run(self, row):
        call = getattr(self, "do_" + row.op, None)
        if call is None:
            return None
        try:
            return OK, call(*row.args)
        except ftplib.Error as why:
            text = str(why)
            return (GONE if "No such file" in text else NO), text

    def _store(self, command, data, rest=None):
        self.ftp.storbinary(command, io.BytesIO(data), rest=rest)

    def do_put(self, name, size=None):
        self._store("STOR " + name, content(size))

    def do_during(self, name, op, *args):
        """While something is put there, by another login."""
        other = Ftp(*self.again)
        try:
            data = other.ftp.transfercmd("STOR " + name)
            try:
                data.sendall(TEXT)
                return getattr(self, "do_" + op)(*args)
            finally:
                data.close()
                other.ftp.voidresp()
        finally:
            # A refusal is answered before it is logged.
            other.settle()
            other.close()

    def do_beside(self, who, op, *args):
        """By another login, while this one stands."""
        user, source = login_of(who)
        try:
            other = Ftp(self.again[0], user, self.again[2], source)
        except (EOFError, OSError) as why:
            raise ftplib.error_temp("421 ended") from why
        try:
            return getattr(other, "do_" + op)(*args)
        finally:
            other.settle()
            other.close()

    def _ended(self, ended):
        if ended:
            raise ftplib.error_temp("421 the session has ended")

    def _read(self, left):
        self.ftp.sock.settimeout(left)
        return self.ftp.sock.recv(4096)

    def do_idle(self, seconds):
        self._ended(receives(self._read, seconds))

    def do_repeat(self, seconds, op, *args):
        self._ended(repeats(lambda: getattr(self, "do_" + op)(*args), seconds,
                            (EOFError, OSError, ftplib.error_temp)))

    def do_atleast(self, seconds, op, *args):
        found, took = timed(getattr(self, "do_" + op), args)
        if took < float(seconds):
            raise ftplib.error_perm("550 in %.2f s" % took)
        return found

    def do_stall(self, name, seconds):
        """An upload that does not go on."""
        with self.ftp.transfercmd("STOR " + name) as data:
            data.sendall(TEXT)
            self._ended(receives(self._read, seconds))

    def do_append(self, name, size=None):
        self._store("APPE " + name, content(size))

    def do_resume(self, name, offset):
        self._store("STOR " + name, TEXT, int(offset))

    def _get(self, name, rest=None):
        parts = []
        self.ftp.retrbinary("RETR " + name, parts.append, rest=rest)
        return digest(b"".join(parts))

    def do_get(self, name):
        return self._get(name)

    def do_getfrom(self, name, offset):
        return self._get(name, int(offset))

    def do_del(self, name):
        self.ftp.delete(name)

    def do_mkdir(self, name):
        self.ftp.voidcmd("MKD " + name)

    def do_rmdir(self, name):
        self.ftp.rmd(name)

    def do_rename(self, old, new):
        self.ftp.rename(old, new)

    def do_mlsd(self, name):
        return sorted(one for one, _ in self.ftp.mlsd(name)
                      if one not in (".", ".."))

    def _entries(self, name):
        lines = []
        self.ftp.retrlines("LIST -a " + name, lines.append)
        for line in lines:
            words = line.split(None, 8)
            if len(words) == 9:
                yield words[8].split(" -> ")[0], words

    def do_list(self, name):
        return sorted(one for one, _ in self._entries(name)
                      if one not in (".", ".."))

    def do_ls(self, name):
        """What a listing says about one file."""
        for one, words in self._entries("."):
            if one == name:
                return words[0], words[2], words[3], int(words[4])
        raise ftplib.error_perm("550 No such file")

    def do_cd(self, name):
        self.ftp.cwd(name)
        self.ftp.cwd(self.home)

    def do_size(self, name):
        return self.ftp.size(name)

    def do_mtime(self, name):
        return self.ftp.sendcmd("MDTM " + name).split()[1]

    def do_stat(self, name):
        self.ftp.sendcmd("MLST " + name)

    def do_chmod(self, name, mode):
        self.ftp.voidcmd("SITE CHMOD %s %s" % (mode, name))

    def do_chgrp(self, name, group):
        self.ftp.voidcmd("SITE CHGRP %s %s" % (group, name))

    def do_utime(self, name):
        self.ftp.sendcmd("MFMT 20010203040506 " + name)

    def do_symlink(self, old, new):
        self.ftp.voidcmd("SITE SYMLINK %s %s" % (old, new))

    def do_copy(self, old, new):
        self.ftp.voidcmd("SITE COPY %s %s" % (old, new))

    def do_sum(self, name):
        return self.ftp.sendcmd("XMD5 " + name).split()[-1].lower()


# ---- SFTP

def another(log_in, host, who):
    """The door of another login, while the first one stands."""
    try:
        return log_in(host.for_login(*login_of(who)))
    except Exception as why:    # whatever the client's library raises
        raise Refused(NO, "login: %r" % why) from why


def ended_by(ended):
    if ended:
        raise Refused(NO, "the session has ended")


UTIME = 981173106               # of do_utime() above


class Sftp:
    def __init__(self, server, version, beside=None):
        self.host, self.version = server, version
        self.raw = Raw(server, version, beside=beside)
        self.raw.__enter__()
        self.six = version >= 4
        self.name = "sftp%d" % version

    def close(self):
        self.raw.__exit__(None, None, None)

    def settle(self):
        self.raw.ask(16, string(b"/"))

    def run(self, row):
        call = getattr(self, "do_" + row.op, None)
        if call is None:
            return None
        try:
            return OK, call(*row.args)
        except Refused as why:
            return why.args

    # Requests that must be granted

    def _status(self, left):
        code = struct.unpack(">I", left[:4])[0]
        text = Raw.cut(left[4:])[0].decode() if len(left) > 4 else ""
        return code, "%d %s" % (code, text)

    def _refuse(self, left):
        code, text = self._status(left)
        raise Refused(GONE if code in (2, 10) else NO, text)

    def _done(self, kind, body):
        kind, left = self.raw.ask(kind, body)
        if kind != STATUS or left[:4] != num(0):
            self._refuse(left)

    def _gets(self, wanted, kind, body):
        kind, left = self.raw.ask(kind, body)
        if kind != wanted:
            self._refuse(left)
        return left

    def _open(self, name, how):
        three, access, flags = {
            "r": (1, 1, 2), "w": (0x1a, 2, 1), "a": (0xe, 6, 0xb),
            "in": (2, 2, 2)}[how]
        body = num(access) + num(flags) if self.six else num(three)
        return Raw.cut(self._gets(HANDLE, 3, string(name.encode()) + body +
                                  self._attrs()))[0]

    def _attrs(self, flags=0, body=b"", kind=5):
        return num(flags) + (bytes([kind]) if self.six else b"") + body

    def _write(self, handle, data, offset=0):
        try:
            for at in range(0, len(data), 32768):
                self._done(6, string(handle) + quad(offset + at) +
                           string(data[at:at + 32768]))
        finally:
            kind, left = self.raw.ask(4, string(handle))
        if left[:4] != num(0):
            self._refuse(left)

    # Operations

    def do_put(self, name, size=None):
        self._write(self._open(name, "w"), content(size))

    def do_during(self, name, op, *args):
        handle = self._open(name, "w")
        try:
            self._done(6, string(handle) + quad(0) + string(TEXT))
            return getattr(self, "do_" + op)(*args)
        finally:
            self.raw.ask(4, string(handle))

    def do_beside(self, who, op, *args):
        other = another(lambda host: Sftp(host, self.version), self.host, who)
        try:
            return getattr(other, "do_" + op)(*args)
        finally:
            other.settle()
            other.close()

    def _read_end(self, left):
        self.raw.channel.settimeout(left)
        return self.raw.channel.recv(4096)

    def do_idle(self, seconds):
        ended_by(receives(self._read_end, seconds))

    def do_repeat(self, seconds, op, *args):
        ended_by(repeats(lambda: getattr(self, "do_" + op)(*args), seconds,
                         (EOFError, OSError, Failed)))

    def do_atleast(self, seconds, op, *args):
        found, took = timed(getattr(self, "do_" + op), args)
        if took < float(seconds):
            raise Refused(NO, "in %.2f s" % took)
        return found

    def do_stall(self, name, seconds):
        handle = self._open(name, "w")
        self._done(6, string(handle) + quad(0) + string(TEXT))
        ended_by(receives(self._read_end, seconds))

    def do_append(self, name, size=None):
        self._write(self._open(name, "a"), content(size))

    def do_resume(self, name, offset):
        self._write(self._open(name, "in"), TEXT, int(offset))

    def _read(self, name, offset=0):
        handle, data = self._open(name, "r"), b""
        try:
            while True:
                kind, left = self.raw.ask(5, string(handle) + quad(
                    offset + len(data)) + num(32768))
                if kind == STATUS:
                    if left[:4] != num(1):
                        self._refuse(left)
                    return digest(data)
                data += Raw.cut(left)[0]
        finally:
            self.raw.ask(4, string(handle))

    def do_get(self, name):
        return self._read(name)

    def do_getfrom(self, name, offset):
        return self._read(name, int(offset))

    def do_del(self, name):
        self._done(13, string(name.encode()))

    def do_mkdir(self, name):
        self._done(14, string(name.encode()) + self._attrs(kind=2))

    def do_rmdir(self, name):
        self._done(15, string(name.encode()))

    def do_rename(self, old, new):
        names = string(old.encode()) + string(new.encode())
        if self.six:
            self._done(18, names + num(1))
        else:
            self._done(200, string(b"posix-rename@openssh.com") + names)

    def _entries(self, name):
        handle = Raw.cut(self._gets(HANDLE, 11, string(name.encode())))[0]
        found = {}
        try:
            while True:
                kind, left = self.raw.ask(12, string(handle))
                if kind == STATUS:
                    if left[:4] != num(1):
                        self._refuse(left)
                    return found
                self._take_names(left, found)
        finally:
            self.raw.ask(4, string(handle))

    def _take_names(self, left, found):
        count, left = struct.unpack(">I", left[:4])[0], left[4:]
        for _ in range(count):
            name, left = Raw.cut(left)
            words = None
            if not self.six:
                words, left = Raw.cut(left)
            attrs, left = self._parse(left)
            if words is not None:
                words = words.decode().split(None, 8)
                attrs["names"] = words[2], words[3]
            found[name.decode()] = attrs

    def _parse(self, left):
        attrs, flags = {}, struct.unpack(">I", left[:4])[0]
        if self.six:
            attrs["kind"] = left[4]
        left = left[5:] if self.six else left[4:]

        def take(form):
            nonlocal left
            size = struct.calcsize(form)
            value, left = struct.unpack(form, left[:size]), left[size:]
            return value[0]

        if flags & 1:
            attrs["size"] = take(">Q")
        if not self.six:
            if flags & 2:
                attrs["ids"] = take(">I"), take(">I")
            if flags & 4:
                attrs["mode"] = take(">I")
            if flags & 8:
                take(">I")
                attrs["mtime"] = take(">I")
            return attrs, left
        if flags & 0x400:
            take(">Q")
        if flags & 0x80:
            owner, left = Raw.cut(left)
            group, left = Raw.cut(left)
            attrs["names"] = owner.decode(), group.decode()
        if flags & 4:
            attrs["mode"] = take(">I")
        for bit, key in ((8, "atime"), (0x10, "made"), (0x20, "mtime"),
                         (0x8000, "ctime")):
            if flags & bit:
                attrs[key] = take(">Q")
                if flags & 0x100:
                    take(">I")
        if flags & 0x40:
            _, left = Raw.cut(left)
        if flags & 0x200:
            take(">Q")
        if flags & 0x800:
            take(">B")
        if flags & 0x1000:
            _, left = Raw.cut(left)
        if flags & 0x2000:
            take(">I")
        return attrs, left

    def do_list(self, name):
        return sorted(one for one in self._entries(name)
                      if one not in (".", ".."))

    do_mlsd = do_list

    def do_ls(self, name):
        entries = self._entries(".")
        if name not in entries:
            raise Refused(GONE, "not listed")
        one = entries[name]
        text = stat.filemode(one["mode"])
        if self.six:
            text = {2: "d", 3: "l"}.get(one["kind"], "-") + text[1:]
        return text, one["names"][0], one["names"][1], one["size"]

    def do_cd(self, name):
        self._gets(NAME, 16, string(name.encode()))
        handle = Raw.cut(self._gets(HANDLE, 11, string(name.encode())))[0]
        self.raw.ask(4, string(handle))

    def _stat(self, name):
        body = string(name.encode())
        return self._parse(self._gets(ATTRS, 17, body + (
            num(0xad) if self.six else b"")))[0]

    def do_size(self, name):
        return self._stat(name)["size"]

    def do_stat(self, name):
        self._stat(name)

    def _set(self, name, flags, body):
        self._done(9, string(name.encode()) + self._attrs(flags, body))

    def do_chmod(self, name, mode):
        self._set(name, 4, num(int(mode, 8)))

    def do_chgrp(self, name, group):
        if self.six:
            owner = self._stat(name)["names"][0]
            self._set(name, 0x80, string(owner.encode()) +
                      string(group.encode()))
        else:
            self._set(name, 2, num(self._stat(name)["ids"][0]) +
                      num(int(group)))

    def do_utime(self, name):
        self._set(name, *((0x20, quad(UTIME)) if self.six else
                          (8, num(UTIME) + num(UTIME))))

    def do_symlink(self, old, new):
        names = old.encode(), new.encode()
        if self.six:
            self._done(21, string(names[1]) + string(names[0]) + b"\1")
        else:
            self._done(20, string(names[0]) + string(names[1]))

    def do_copy(self, old, new):
        self._done(200, string(b"copy-file") + string(old.encode()) +
                   string(new.encode()) + b"\1")

    def do_sum(self, name):
        left = self._gets(EXTENDED_REPLY, 200, string(b"check-file-name") +
                          string(name.encode()) + string(b"md5") + quad(0) +
                          quad(0) + num(0))
        return left[-16:].hex()


# ---- SCP and commands

class Session:
    """A channel with a command."""

    def __init__(self, transport, command):
        self.channel = transport.open_session()
        self.channel.settimeout(PATIENCE)
        self.channel.exec_command(command)
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def send(self, data):
        try:
            self.channel.sendall(data)
        except OSError:
            pass                # it has given up

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.channel.recv(count - len(data))
            if not part:
                break
            data += part
        return data

    def more(self, seconds):
        """What comes next, in this time; nothing at the end."""
        self.channel.settimeout(seconds)
        return self.channel.recv(4096)

    def line(self):
        text = b""
        while not text.endswith(b"\n"):
            part = self.channel.recv(1)
            if not part:
                break
            text += part
        return text.decode("utf-8", "replace")

    def answered(self):
        """Waits for an answer; raises what it refuses with."""
        first = self.take(1)
        if first == b"\0":
            return
        refuse(self.line() if first in (b"\1", b"\2") else
               "no answer: %r" % first)

    def end(self):
        self.channel.shutdown_write()
        while self.channel.recv(4096):
            pass
        try:
            while self.channel.recv_stderr(4096):
                pass
        except socket.timeout:
            pass
        return self.channel.recv_exit_status()


def refuse(text):
    raise Refused(GONE if "No such file" in text else NO, text.strip())


class Scp:
    name = "scp"

    def __init__(self, transport, host=None):
        self.transport, self.host = transport, host

    def close(self):
        pass

    def settle(self):
        pass

    def run(self, row):
        call = getattr(self, "do_" + row.op, None)
        if call is None:
            return None
        try:
            return OK, call(*row.args)
        except Refused as why:
            return why.args

    def do_put(self, name, size=None):
        data = content(size)
        with Session(self.transport, "scp -t " + name) as scp:
            scp.answered()
            scp.send(b"C0666 %d x\n" % len(data))
            scp.answered()
            scp.send(data + b"\0")
            scp.answered()
            if scp.end() != 0:
                raise Refused(NO, "exit status")

    def do_during(self, name, op, *args):
        with Session(self.transport, "scp -t " + name) as scp:
            scp.answered()
            scp.send(b"C0666 %d x\n" % len(TEXT))
            scp.answered()
            try:
                return getattr(self, "do_" + op)(*args)
            finally:
                scp.send(TEXT + b"\0")
                scp.answered()
                scp.end()

    def do_beside(self, who, op, *args):
        raw = another(lambda host: Raw(host, 3).__enter__(), self.host, who)
        try:
            return getattr(Scp(raw.transport), "do_" + op)(*args)
        finally:
            raw.ask(16, string(b"/"))
            raw.__exit__()

    def do_atleast(self, seconds, op, *args):
        found, took = timed(getattr(self, "do_" + op), args)
        if took < float(seconds):
            raise Refused(NO, "in %.2f s" % took)
        return found

    def do_stall(self, name, seconds):
        with Session(self.transport, "scp -t " + name) as scp:
            scp.answered()
            scp.send(b"C0666 1000 x\n")
            scp.answered()
            scp.send(TEXT)
            ended_by(receives(scp.more, seconds))

    def do_idle(self, seconds):
        """An upload that never names a file."""
        with Session(self.transport, "scp -t .") as scp:
            scp.answered()
            ended_by(receives(scp.more, seconds))

    def do_repeat(self, seconds, op, *args):
        ended_by(repeats(lambda: getattr(self, "do_" + op)(*args), seconds,
                         (EOFError, OSError, SSHException)))

    def do_mkdir(self, name):
        folder, _, last = name.rpartition("/")
        with Session(self.transport, "scp -r -t " + (folder or ".")) as scp:
            scp.answered()
            scp.send(b"D0777 0 %s\n" % last.encode())
            scp.answered()
            scp.send(b"E\n")
            scp.answered()
            scp.end()

    def do_get(self, name):
        with Session(self.transport, "scp -f " + name) as scp:
            scp.send(b"\0")
            line = self._record(scp)
            size = int(line.split()[1])
            scp.send(b"\0")
            data = scp.take(size)
            scp.answered()
            scp.send(b"\0")
            scp.end()
            return digest(data)

    @staticmethod
    def _record(scp):
        line = scp.line()
        if not line or line[0] in "\1\2":
            refuse(line[1:] or "nothing")
        return line

    def do_list(self, name):
        """Names of a tree's first level."""
        with Session(self.transport, "scp -r -f " + name) as scp:
            scp.send(b"\0")
            self._record(scp)
            found, depth = [], 1
            scp.send(b"\0")
            while depth > 0:
                line = scp.line()
                if not line:
                    break
                if line[0] in "\1\2":
                    continue    # about one file; no answer is expected
                depth += {"E": -1, "D": 1}.get(line[0], 0)
                if line[0] in "DC" and depth == (2 if line[0] == "D" else 1):
                    found.append(line.split(None, 2)[2].rstrip("\n"))
                if line[0] == "C":
                    scp.send(b"\0")
                    scp.take(int(line.split()[1]) + 1)
                scp.send(b"\0")
            scp.end()
            return sorted(found)


class Exec(Scp):
    """md5sum, cd and test."""

    name = "exec"
    do_put = do_mkdir = do_get = do_list = do_during = do_idle = do_stall = None

    def _run(self, command):
        with Session(self.transport, command) as one:
            text = one.take(65536).decode("utf-8", "replace")
            errors = one.channel.recv_stderr(65536).decode()
            if one.channel.recv_exit_status() != 0:
                refuse(errors or "exit status")
            return text

    def run(self, row):
        return super().run(row) if getattr(self, "do_" + row.op, None) \
            else None

    def do_sum(self, name):
        return self._run("md5sum " + name).split()[0]

    def do_cd(self, name):
        self._run("cd " + name)

    def do_stat(self, name):
        self._run("test -e " + name)


DOORS_OF = {"ftp": Ftp, "sftp3": Sftp, "sftp6": Sftp, "scp": Scp,
            "exec": Exec}
# Operations around another one: where that is among their words.
AROUND = {"during": 1, "beside": 1, "repeat": 1, "atleast": 1, "new-home": 0}
# Behind these, a session may have ended, or another one may still end.
ENDING = ("beside", "idle", "repeat", "stall", "knock", "new-home")
WAITING = ("idle", "repeat", "stall", "knock")


def can(door, row):
    """Whether that door has the operation."""
    if row.op == "knock":
        return door in ("ftp", "sftp3")
    words = [row.op] + row.args
    while words[0] in AROUND:
        if words[0] != "new-home" and \
                not getattr(DOORS_OF[door], "do_" + words[0], None):
            return False
        words = words[AROUND[words[0]] + 1:]
    return bool(getattr(DOORS_OF[door], "do_" + words[0], None))
