# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The same login by FTP and by SFTP, on one configuration.

Pairs is one daemon with two virtual hosts for each topic, one for each
protocol, that have the topic's lines in common.  A Login is a connection to one
of them: what it sees is told in words that fit both protocols.
"""

import ftplib
import io
import logging
import socket

from ftphost import OWN
from server import PATIENCE, Server, free_port
from tap import skip

import paramiko

# Connections that are refused are what is tested here.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

FTP, SFTP = "FTP", "SFTP"
BOTH = (FTP, SFTP)


def need_ftpuser(name):
    """Skips where /etc/ftpusers does not name that user."""
    try:
        with open("/etc/ftpusers") as file:
            if name + "\n" not in file:
                skip("/etc/ftpusers does not name " + name)
    except OSError:
        skip("there is no /etc/ftpusers")


class Pairs(Server):
    """topics: names and the lines that both protocols get, which replace
    default lines of the same name.
    """

    def __init__(self, topics, directives="", **more):
        self.topics = topics
        super().__init__(directives, **more)

    def choose_ports(self):
        super().choose_ports()
        self.ports = {(topic, protocol): free_port()
                      for topic in self.topics for protocol in BOTH}

    def config(self):
        text = super().config()
        lines = [(name, str(value)) for name, value in self._default_lines()]
        for (topic, protocol), port in self.ports.items():
            own = self.topics[topic].replace("@DIR@", self.dir)
            named = {line.split()[0] for line in own.splitlines()
                     if line.split()}
            text += "<VirtualHost 127.0.0.1>\nServerName %s\nPort %d\n" % (
                topic, port)
            for name, value in lines:
                if name in named:
                    continue
                if name in OWN or (protocol == SFTP
                                   and name.startswith("SFTP")):
                    text += "%s %s\n" % (name, value)
            text += own + "\n</VirtualHost>\n"
        return text

    def login(self, topic, protocol, source="127.0.0.1"):
        kind = FtpLogin if protocol == FTP else SftpLogin
        return kind(self.ports[topic, protocol], source)


class FtpLogin:
    """A connection; greeted tells whether it was let in at all."""

    def __init__(self, port, source):
        self.ftp = ftplib.FTP()
        self.greeted = True
        try:
            self.ftp.connect("127.0.0.1", port, PATIENCE, (source, 0))
        except (ftplib.Error, EOFError, OSError):
            self.greeted = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ftp.close()

    def attempt(self, user, password):
        """"in", "refused" (and may try again), or "gone"."""
        try:
            if not self.greeted:
                return "gone"
            self.ftp.sendcmd("USER " + user)
            answer = self.ftp.sendcmd("PASS " + password)
            if not answer.startswith("230"):
                return "refused"
            self.ftp.pwd()
            return "in"
        except ftplib.Error:
            return "refused" if self.is_alive() else "gone"
        except (EOFError, OSError):
            return "gone"

    def is_alive(self):
        try:
            self.ftp.sendcmd("SYST")
            return True
        except ftplib.error_temp:
            return False
        except ftplib.Error:
            return True
        except (EOFError, OSError):
            return False

    def wait_end(self):
        self.ftp.sock.settimeout(PATIENCE)
        while self.ftp.sock.recv(4096):
            pass

    def pwd(self):
        return self.ftp.pwd()

    def names(self):
        return sorted(name for name in self.ftp.nlst())

    def write(self, name, data):
        try:
            self.ftp.storbinary("STOR " + name, io.BytesIO(data))
            return True
        except ftplib.Error:
            return False

    def read(self, name):
        parts = []
        try:
            self.ftp.retrbinary("RETR " + name, parts.append)
            return b"".join(parts)
        except ftplib.Error:
            return None


class SftpLogin:
    def __init__(self, port, source):
        self.greeted = True
        self.conn = self.sftp = None
        sock = socket.create_connection(("127.0.0.1", port), PATIENCE,
                                        (source, 0))
        try:
            self.conn = paramiko.Transport(sock)
            self.conn.start_client(timeout=PATIENCE)
        except (paramiko.SSHException, EOFError, OSError):
            self.greeted = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.conn is not None:
            self.conn.close()

    def attempt(self, user, password):
        try:
            if not self.greeted:
                return "gone"
            self.conn.auth_password(user, password, fallback=False)
            self.sftp = paramiko.SFTPClient.from_transport(self.conn)
            self.sftp.normalize(".")
            return "in"
        except (paramiko.SSHException, EOFError, OSError):
            self.conn.join(0.2)
            return "refused" if self.conn.is_active() else "gone"

    def is_alive(self):
        return self.conn.is_active()

    def wait_end(self):
        self.conn.join(PATIENCE)

    def pwd(self):
        return self.sftp.normalize(".")

    def names(self):
        return sorted(self.sftp.listdir())

    def write(self, name, data):
        try:
            with self.sftp.open(name, "w") as file:
                file.write(data)
            return True
        except OSError:
            return False

    def read(self, name):
        try:
            with self.sftp.open(name) as file:
                return file.read()
        except OSError:
            return None
