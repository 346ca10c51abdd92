# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The commands of t/interop (see its README) with asyncssh.

IO_VERSION asks for that version of SFTP, where asyncssh knows more than 3."""

import asyncio
import os
import sys
from urllib.parse import quote, unquote

import asyncssh


def connect():
    more = {}
    if "IO_KEY" in os.environ:
        more["client_keys"] = [os.environ["IO_KEY"]]
    else:
        more["client_keys"] = None
        more["password"] = os.environ["IO_PASSWORD"]
    if "IO_REKEY" in os.environ:
        more["rekey_bytes"] = int(os.environ["IO_REKEY"])
    if "IO_COMPRESS" in os.environ:
        more["compression_algs"] = ["zlib@openssh.com", "zlib"]
    return asyncssh.connect(os.environ["IO_HOST"],
                            int(os.environ["IO_PORT"]),
                            username=os.environ["IO_USER"], known_hosts=None,
                            agent_path=None, config=None, **more)


def start_sftp(conn):
    if "IO_VERSION" not in os.environ:
        return conn.start_sftp_client()
    version = int(os.environ["IO_VERSION"])
    return conn.start_sftp_client(sftp_version=version)


def check_version(sftp):
    if "IO_VERSION" in os.environ:
        wanted = int(os.environ["IO_VERSION"])
        if sftp.version != wanted:
            raise ValueError("version %d, wanted %d" % (sftp.version, wanted))


async def reput(sftp, source, target):
    with open(source, "rb") as file:
        start = await sftp.getsize(target)
        file.seek(start)
        async with sftp.open(target, "rb+") as out:
            while True:
                data = file.read(1048576)
                if not data:
                    break
                await out.write(data, start)
                start += len(data)


async def reget(sftp, source, target):
    with open(target, "ab") as out:
        start = out.tell()
        async with sftp.open(source, "rb") as file:
            while True:
                data = await file.read(1048576, start)
                if not data:
                    break
                out.write(data)
                start += len(data)


async def channels(conn, count, source, target):
    clients = [await start_sftp(conn) for _ in range(count)]
    await asyncio.gather(*(client.put(source, target + b"%d" % number)
                           for number, client in enumerate(clients)))


async def command(conn, sftp, name, *args):
    text = [arg.decode("utf-8", "surrogateescape") for arg in args]
    if name == "put":
        await sftp.put(args[0], args[1])
    elif name == "get":
        await sftp.get(args[0], args[1], follow_symlinks=True)
    elif name == "putp":
        await sftp.put(args[0], args[1], preserve=True)
    elif name == "getp":
        await sftp.get(args[0], args[1], preserve=True)
    elif name == "puttree":
        await sftp.put(args[0], args[1], recurse=True)
    elif name == "gettree":
        await sftp.get(args[0], args[1], recurse=True)
    elif name == "reput":
        await reput(sftp, args[0], args[1])
    elif name == "reget":
        await reget(sftp, args[0], args[1])
    elif name == "ls":
        for entry in await sftp.listdir(args[0]):
            print("NAME", quote(entry))
    elif name == "stat":
        info = await sftp.stat(args[0])
        print("STAT", info.size, "%o" % (info.permissions & 0o7777),
              info.mtime)
    elif name == "readlink":
        print("LINK", quote(await sftp.readlink(args[0])))
    elif name == "symlink":
        await sftp.symlink(args[0], args[1])
    elif name == "mkdir":
        await sftp.mkdir(args[0])
    elif name == "rm":
        await sftp.remove(args[0])
    elif name == "rename":
        await sftp.posix_rename(args[0], args[1])
    elif name == "chmod":
        await sftp.chmod(args[1], int(text[0], 8))
    elif name == "utime":
        await sftp.utime(args[1], (int(text[0]), int(text[0])))
    elif name == "channels":
        await channels(conn, int(text[0]), args[1], args[2])
    else:
        raise ValueError("no command " + name)


def unquoted(word):
    return os.fsencode(unquote(word, errors="surrogateescape"))


async def main():
    async with connect() as conn:
        async with start_sftp(conn) as sftp:
            check_version(sftp)
            for line in sys.stdin:
                words = line.split()
                await command(conn, sftp, words[0],
                              *[unquoted(word) for word in words[1:]])


if "--version" in sys.argv:
    print(asyncssh.__version__)
    sys.exit(0)
if "--versions" in sys.argv:
    import inspect
    known = inspect.signature(asyncssh.SSHClientConnection.start_sftp_client)
    print("3 4 5 6" if "sftp_version" in known.parameters else "3")
    sys.exit(0)
try:
    asyncio.run(main())
except Exception as error:
    sys.exit("ERROR: %s: %s" % (type(error).__name__, error))
