# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Client libraries, each behind a small program in ../programs."""

import hashlib
import os

from base import Program, UTF8_NAMES, must, run
from tap import expect_same

NO_CHANNELS = tuple(name for name in Program.can if name != "channels")


class Libssh(Program):
    rekeys = True
    name = "libssh"
    title = "libssh"
    packages = ("libssh-dev", "gcc", "libc6-dev")
    argv = ("@BUILD@/io-libssh",)


class Libssh2(Program):
    name = "libssh2"
    title = "libssh2"
    packages = ("libssh2-1-dev", "gcc", "libc6-dev")
    argv = ("@BUILD@/io-libssh2",)


class Paramiko(Program):
    rekeys = True
    name = "paramiko"
    title = "paramiko"
    packages = ("python3-paramiko",)
    argv = ("/usr/bin/python3", "@PROGRAMS@/io_paramiko.py")
    names = UTF8_NAMES


class Asyncssh(Program):
    rekeys = True
    name = "asyncssh"
    title = "asyncssh"
    packages = ("python3-asyncssh",)
    argv = ("/usr/bin/python3", "@PROGRAMS@/io_asyncssh.py")
    can = Program.can + ("puttree", "gettree", "putp", "getp")

    @property
    def here(self):
        """Old ones speak version 3 alone."""
        wanted = self.env.get("IO_VERSION", "3")
        return wanted in must(run(self.command("") + ["--versions"])) \
            .stdout.decode().split()


class Asyncssh4(Asyncssh):
    name = "asyncssh-4"
    title = "asyncssh, SFTP 4"
    env = {"IO_VERSION": "4"}
    with_sshd = False


class Asyncssh5(Asyncssh):
    name = "asyncssh-5"
    title = "asyncssh, SFTP 5"
    env = {"IO_VERSION": "5"}
    with_sshd = False


class Asyncssh6(Asyncssh):
    name = "asyncssh-6"
    title = "asyncssh, SFTP 6"
    env = {"IO_VERSION": "6"}
    with_sshd = False


class Go(Program):
    rekeys = True
    name = "go"
    title = "Go pkg/sftp"
    packages = ("golang-github-pkg-sftp-dev", "golang-go")
    argv = ("@BUILD@/io-go",)
    compresses = False
    cannot = {"compress": "Go's SSH library has no compression"}


class NodeSsh2(Program):
    # Its rekey() in a transfer ends the program, with sshd, too.
    name = "node-ssh2"
    title = "Node.js ssh2"
    packages = ("nodejs",)
    argv = ("node", "@PROGRAMS@/io-node.js")
    names = UTF8_NAMES


    def version(self):
        env = dict(os.environ, **self.env)
        return must(run(self.command("") + ["--version"],
                        env=env)).stdout.decode().strip()


class NodeSftpClient(NodeSsh2):
    name = "node-ssh2-sftp-client"
    title = "Node.js ssh2-sftp-client"
    env = {"IO_LIBRARY": "ssh2-sftp-client"}
    can = ("put", "get", "reput", "reget", "puttree", "gettree", "ls",
           "stat", "mkdir", "rm", "rename", "chmod")
    cannot = {"links": "its API cannot create them",
              "channels": "it uses one channel per connection"}


class Jsch(Program):
    rekeys = True
    name = "jsch"
    title = "JSch"
    packages = ("libjsch-java", "libjzlib-java", "default-jdk-headless")
    argv = ("java", "-Dfile.encoding=UTF-8", "-cp",
            "/usr/share/java/jsch.jar:/usr/share/java/jzlib.jar:@BUILD@",
            "IoJsch")
    key = "ecdsa"
    # A backslash is a quote in its local names, too.
    names = tuple(name for name in UTF8_NAMES if "\\" not in name)


def jars(*names):
    return ":".join("/usr/share/java/%s.jar" % name for name in names)


class Mina(Program):
    """In the highest version of SFTP that both know: 6."""
    name = "mina"
    title = "Apache MINA SSHD"
    packages = ("libmina-sshd-java", "default-jdk-headless")
    since = 13
    argv = ("java", "-cp", jars("sshd-common", "sshd-core", "sshd-sftp",
                                "slf4j-api", "slf4j-nop", "eddsa")
            + ":@BUILD@", "IoMina")
    names = UTF8_NAMES

    def sums_and_copies(self, visit):
        """check-file and copy-file."""
        data = os.urandom(300000)
        visit.put_there("summed", data)
        for kind in ("md5", "sha1", "sha256", "sha512"):
            expect_same(visit.ask("sum", kind, visit.remote("summed")),
                        {hashlib.new(kind, data).hexdigest()}, kind)
        visit.do(("copy", visit.remote("summed"), visit.remote("copied")))
        visit.there_is("copied", data)

    @property
    def own_steps(self):
        return {"own": self.sums_and_copies}


class Mina3(Mina):
    name = "mina-3"
    title = "Apache MINA SSHD, SFTP 3"
    env = {"IO_VERSION": "3"}


class Mina4(Mina):
    name = "mina-4"
    title = "Apache MINA SSHD, SFTP 4"
    env = {"IO_VERSION": "4"}
    with_sshd = False


class Mina5(Mina):
    name = "mina-5"
    title = "Apache MINA SSHD, SFTP 5"
    env = {"IO_VERSION": "5"}
    with_sshd = False


class Ruby(Program):
    name = "ruby"
    title = "Ruby net-sftp"
    packages = ("ruby-net-sftp", "ruby-ed25519", "ruby-bcrypt-pbkdf")
    argv = ("ruby", "@PROGRAMS@/io-ruby.rb")


class Phpseclib3(Program):
    name = "phpseclib3"
    title = "PHP phpseclib 3"
    packages = ("php-phpseclib3", "php-cli")
    argv = ("php", "@PROGRAMS@/io-php.php")
    env = {"IO_LIBRARY": "phpseclib3"}
    can = NO_CHANNELS
    cannot = {"channels": "its class uses one SFTP channel per connection"}


class Phpseclib2(Phpseclib3):
    name = "phpseclib2"
    title = "PHP phpseclib 2"
    packages = ("php-phpseclib", "php-cli")
    env = {"IO_LIBRARY": "phpseclib2"}
    key = "rsa"


class PhpSsh2(Phpseclib3):
    name = "php-ssh2"
    title = "PHP ssh2 (libssh2)"
    packages = ("php-ssh2", "php-cli")
    env = {"IO_LIBRARY": "ssh2"}
    can = tuple(name for name in Program.can if name != "utime")
    compresses = False      # libssh2_session_flag() is out of its reach
    cannot = {"compress": "its API cannot enable libssh2's compression"}
    # Its URLs end at these.
    names = tuple(name for name in Program.names
                  if not set(name) & set("#?\t"))
    mute = "unable to open"


class PerlSsh2(Program):
    name = "perl-net-ssh2"
    title = "Perl Net::SSH2 (libssh2)"
    packages = ("libnet-ssh2-perl",)
    argv = ("perl", "@PROGRAMS@/io-netssh2.pl")


class PerlForeign(Program):
    name = "perl-sftp-foreign"
    title = "Perl Net::SFTP::Foreign"
    packages = ("libnet-sftp-foreign-perl", "openssh-client")
    argv = ("perl", "@PROGRAMS@/io-sftpforeign.pl")
    # rput() reads local names as Latin-1, whatever fs_encoding says.
    names = tuple(name for name in UTF8_NAMES if name.isascii())
    can = NO_CHANNELS + ("puttree", "gettree", "putp", "getp")
    cannot = {"channels": "each object starts a separate ssh"}

    def environment(self, login):
        from openssh import environment
        return dict(super().environment(login), **environment(login),
                    IO_CONFIG=login.server.path("ssh_config"))


class Erlang(Program):
    name = "erlang"
    title = "Erlang ssh_sftp"
    packages = ("erlang-ssh", "erlang-base")
    argv = ("escript", "@PROGRAMS@/io-erlang.escript")
    names = UTF8_NAMES

    def environment(self, login):
        return dict(super().environment(login), TZ="UTC")


CLIENTS = (Libssh, Libssh2, Paramiko, Asyncssh, Asyncssh4, Asyncssh5,
           Asyncssh6, Go, NodeSsh2, NodeSftpClient, Jsch, Mina, Mina3, Mina4,
           Mina5, Ruby, Phpseclib3, Phpseclib2, PhpSsh2, PerlSsh2,
           PerlForeign, Erlang)
