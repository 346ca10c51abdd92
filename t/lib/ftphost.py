# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The same users and files over FTP, beside those over SSH."""

import ftplib

from server import PATIENCE, Server, free_port

# Of the default lines, those that a virtual host has for itself.
OWN = ("AuthOrder", "AuthUserFile", "AuthGroupFile", "RequireValidShell",
       "DefaultRoot", "AllowOverwrite", "AllowStoreRestart", "Umask",
       "TransferLog", "WtmpLog")


class FtpServer(Server):
    """ftp: more lines for the virtual host that speaks FTP; they replace
    default lines of the same name.
    """

    def __init__(self, directives="", ftp="", **more):
        self.ftp_directives = ftp
        super().__init__(directives, **more)

    def choose_ports(self):
        super().choose_ports()
        self.ftp_port = free_port()

    def config(self):
        own = self.ftp_directives.replace("@DIR@", self.dir)
        named = {line.split()[0] for line in own.splitlines() if line.strip()}
        lines = ["%s %s" % (name, value)
                 for name, value in self._default_lines()
                 if name in OWN and name not in named]
        return "%s<VirtualHost 127.0.0.1>\nPort %d\n%s\n%s\n</VirtualHost>\n" \
            % (super().config(), self.ftp_port, "\n".join(lines), own)

    def ftp(self, source="127.0.0.1"):
        """A connection that is logged in."""
        client = ftplib.FTP()
        client.connect("127.0.0.1", self.ftp_port, PATIENCE, (source, 0))
        client.login(self.user, self.password)
        return client


def ftp_says(call, *args):
    """What FTP refuses the call with; None if it does not."""
    try:
        call(*args)
    except ftplib.Error as why:
        return str(why)
    return None
