# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The commands of t/interop (see its README) with paramiko."""

import os
import sys
import threading
from urllib.parse import quote, unquote

import paramiko

KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def login():
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(os.environ["IO_HOST"], int(os.environ["IO_PORT"]),
                   os.environ["IO_USER"], allow_agent=False,
                   look_for_keys=False,
                   password=os.environ.get("IO_PASSWORD"),
                   key_filename=os.environ.get("IO_KEY"),
                   compress="IO_COMPRESS" in os.environ)
    if "IO_REKEY" in os.environ:
        client.get_transport().packetizer.REKEY_BYTES = \
            int(os.environ["IO_REKEY"])
    return client


def encoded(name):
    return quote(name.encode("utf-8", "surrogateescape"))


def resume(source, target, size, mode):
    source.seek(size)
    while True:
        data = source.read(262144)
        if not data:
            break
        target.write(data)


def command(client, sftp, name, *args):
    if name == "put":
        sftp.put(*args)
    elif name == "get":
        sftp.get(*args)
    elif name == "reput":
        with open(args[0], "rb") as source, sftp.open(args[1], "ab") as out:
            out.set_pipelined(True)
            resume(source, out, sftp.stat(args[1]).st_size, "ab")
    elif name == "reget":
        with sftp.open(args[0], "rb") as source, open(args[1], "ab") as out:
            resume(source, out, os.stat(args[1]).st_size, "ab")
    elif name == "ls":
        for entry in sftp.listdir(args[0]):
            print("NAME", encoded(entry))
    elif name == "stat":
        info = sftp.stat(args[0])
        print("STAT", info.st_size, "%o" % (info.st_mode & 0o7777),
              info.st_mtime)
    elif name == "readlink":
        print("LINK", encoded(sftp.readlink(args[0])))
    elif name == "symlink":
        sftp.symlink(*args)
    elif name == "mkdir":
        sftp.mkdir(args[0])
    elif name == "rm":
        sftp.remove(args[0])
    elif name == "rename":
        sftp.posix_rename(*args)
    elif name == "chmod":
        sftp.chmod(args[1], int(args[0], 8))
    elif name == "utime":
        sftp.utime(args[1], (int(args[0]), int(args[0])))
    elif name == "channels":
        threads = []
        for number in range(int(args[0])):
            one = client.open_sftp()
            threads.append(threading.Thread(
                target=one.put, args=(args[1], args[2] + str(number))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        raise ValueError("no command " + name)


def main():
    if "--version" in sys.argv:
        print(paramiko.__version__)
        return
    client = login()
    sftp = client.open_sftp()
    for line in sys.stdin:
        command(client, sftp, *[unquote(word, errors="surrogateescape")
                                for word in line.split()])
    client.close()


try:
    main()
except Exception as error:
    sys.exit("ERROR: %s: %s" % (type(error).__name__, error))
