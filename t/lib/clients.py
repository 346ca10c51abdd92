# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Clients other than OpenSSH's, each told where the server is and whom to
trust.  OpenSSH's own are methods of Server."""

import contextlib
import os

from server import client, must, run


def fingerprint(server, name="host_ed25519.pub"):
    """SHA256:... of a host key."""
    out = must(run(["ssh-keygen", "-l", "-f", server.path(name)])).stdout
    return out.split()[1].decode()


def putty_home(server):
    """Where PuTTY's programs keep what they know; nothing, at first."""
    home = server.path("putty")
    os.makedirs(home, exist_ok=True)
    return dict(os.environ, HOME=home, PUTTYDIR=home)


def putty_key(server):
    path = server.path("id.ppk")
    if not os.path.exists(path):
        must(run(["puttygen", server.key, "-O", "private", "-o", path],
                 env=putty_home(server)))
    return path


def logs_in(server, user, password):
    """Whether that password lets paramiko in."""
    import paramiko
    conn = paramiko.Transport(server.connect())
    try:
        conn.start_client(timeout=60)
        conn.auth_password(user, password, fallback=False)
        return conn.is_authenticated()
    except paramiko.AuthenticationException:
        return False
    finally:
        conn.close()


class Psftp:
    """PuTTY's psftp and pscp."""

    def __init__(self, server, password=False):
        self.server = server
        self.options = ["-batch", "-P", str(server.port), "-l", server.user]
        for name in ("host_ed25519.pub", "host_ecdsa.pub", "host_rsa.pub"):
            self.options += ["-hostkey", fingerprint(server, name)]
        if password:
            self.options += ["-pw", server.password]
        else:
            self.options += ["-i", putty_key(server)]

    def run(self, batch, *options):
        path = self.server.local("psftp-batch", batch.encode() + b"\nquit\n")
        return client(["psftp"] + self.options + list(options)
                      + ["-b", path, "127.0.0.1"],
                      env=putty_home(self.server))

    def pscp(self, *args, more=()):
        return client(["pscp", "-q"] + self.options + list(args),
                      env=putty_home(self.server))


@contextlib.contextmanager
def paramiko_transport(server, password=False, user=None, software=None):
    """A logged-in connection; software: what the client calls itself."""
    import paramiko
    transport = paramiko.Transport(server.connect())
    try:
        transport.banner_timeout = 30
        if software is not None:
            transport.local_version = "SSH-2.0-" + software
        transport.start_client(timeout=30)
        name = user or server.user
        if password:
            transport.auth_password(name, server.password)
        else:
            key = paramiko.Ed25519Key.from_private_key_file(server.key)
            transport.auth_publickey(name, key)
        yield transport
    finally:
        transport.close()


@contextlib.contextmanager
def paramiko_sftp(server, **more):
    import paramiko
    with paramiko_transport(server, **more) as transport:
        yield paramiko.SFTPClient.from_transport(transport)
