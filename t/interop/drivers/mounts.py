# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The server's files as a file system: sshfs, and rclone's mount."""

import contextlib
import os
import shlex
import shutil
import subprocess

from base import Client, must, run
from openssh import environment, options
from server import wait_for
from tap import Failed, skip


# Whose the files are is the server's business.
KEEP = ["cp", "-R", "--preserve=mode,timestamps"]


class Mount(Client):
    cannot = {"channels": "a mount uses one channel"}
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "putp",
           "getp", "ls", "readlink", "symlink", "rename", "mkdir", "rm",
           "chmod", "utime")

    def mount(self, login, point):
        """argv of a program that stays in the foreground."""
        raise NotImplementedError

    def settled(self, login, commands):
        """Waits until the server has it, where that takes longer."""

    @contextlib.contextmanager
    def mounted(self, login, log):
        if not os.path.exists("/dev/fuse"):
            skip("FUSE: there is no /dev/fuse here")
        point = os.path.join(login.server.dir, "mnt-%x" % id(login)
                             + os.urandom(4).hex())
        os.makedirs(point)
        before = os.stat(point).st_dev
        process = subprocess.Popen(
            self.mount(login, point), stdin=subprocess.DEVNULL,
            stdout=open(log, "wb"), stderr=subprocess.STDOUT,
            env=environment(login))
        try:
            wait_for(lambda: process.poll() is not None
                     or os.stat(point).st_dev != before, "the mount")
            if process.poll() is not None:
                raise OSError("the mount ended")
            yield point
        finally:
            run(["fusermount3", "-u", point])
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                run(["umount", "-l", point])
                process.kill()
                process.wait()

    def do(self, login, *commands, timeout=0):
        output = b""
        log = login.server.local("mount-" + os.urandom(4).hex())
        try:
            with self.mounted(login, log) as point:
                for words in commands:
                    output += command(point, *words) or b""
                    self.settled(login, (words,))
        except (OSError, Failed) as error:
            with open(log, "rb") as file:
                text = file.read() + str(error).encode()
            return subprocess.CompletedProcess(commands, 1, output, text)
        return subprocess.CompletedProcess(commands, 0, output, b"")

    def answer(self, result):
        lines = result.stdout.split(b"\0")[:-1]
        if lines and lines[0] == b"link":
            return os.fsdecode(lines[1])
        return {os.fsdecode(line) for line in lines}


def copy(source, target, mode, start=0):
    with open(source, "rb") as file, open(target, mode) as out:
        file.seek(start)
        shutil.copyfileobj(file, out, 1 << 20)


def command(point, name, *args):
    def there(path):
        return point + path

    if name in ("put", "get"):
        paths = (args[0], there(args[1])) if name == "put" \
            else (there(args[0]), args[1])
        copy(*paths, "wb")
    elif name in ("reput", "reget"):
        paths = (args[0], there(args[1])) if name == "reput" \
            else (there(args[0]), args[1])
        copy(*paths, "ab", os.stat(paths[1]).st_size)
    elif name in ("putp", "puttree"):
        must(run((KEEP if name == "putp" else ["cp", "-R"])
                 + [args[0], there(args[1])]))
    elif name in ("getp", "gettree"):
        must(run((KEEP if name == "getp" else ["cp", "-R"])
                 + [there(args[0]), args[1]]))
    elif name == "ls":
        return b"".join(os.fsencode(one) + b"\0"
                        for one in os.listdir(there(args[0])))
    elif name == "readlink":
        return b"link\0" + os.fsencode(os.readlink(there(args[0]))) + b"\0"
    elif name == "symlink":
        os.symlink(args[0], there(args[1]))
    elif name == "rename":
        os.rename(there(args[0]), there(args[1]))
    elif name == "mkdir":
        os.mkdir(there(args[0]))
    elif name == "rm":
        os.unlink(there(args[0]))
    elif name == "chmod":
        os.chmod(there(args[1]), int(args[0], 8))
    elif name == "utime":
        os.utime(there(args[1]), (int(args[0]), int(args[0])))
    return b""


class Sshfs(Mount):
    name = "sshfs"
    title = "sshfs"
    packages = ("sshfs", "fuse3")
    rekeys = True

    def version(self):
        return self.dpkg_version()

    def mount(self, login, point):
        server = login.server
        ssh = shlex.join(["ssh"] + [one for one in options(login)
                                    if one != "-C"])
        return ["sshfs", "-f", "srv:/", point, "-o", "ssh_command=" + ssh,
                "-o", "compression=" + ("yes" if login.compress else "no")]


CLIENTS = (Sshfs,)
