#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: openssh-server proftpd-mod-crypto python3-paramiko
# sanitizers: no

"""What sftp-migrate writes does what sshd does: both run side by side with
each of these configurations.

Users log in with a key, and with a password, from several addresses.  Who gets
in, where they land and what they may do must be the same.  Where the module
cannot do the same, it refuses: `narrower' of a configuration names these
logins, and none may be open here that sshd refuses.
"""

import concurrent.futures
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True

from server import (SOURCE, Server, free_port, keygen,  # noqa: E402
                    must, run, said, trusted_place, wait_for)
import sshdvalues  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

TOOL = os.path.join(SOURCE, "tools", "sftp-migrate")
SSHD = "/usr/sbin/sshd"
PASSWORD = "correct horse 7"
NOLOGIN = "/usr/sbin/nologin"

# name: uid, primary group, shell.  dana and emil share a group.
USERS = {
    "alice": (21001, "alice", "/bin/sh"),
    "bob": (21002, "bob", NOLOGIN),
    "carol": (21003, "carol", "/bin/sh"),
    "dana": (21004, "crew", "/bin/sh"),
    "emil": (21005, "crew", "/bin/sh"),
    "web-one": (21006, "web-one", "/bin/sh"),
    "web-two": (21007, "web-two", "/bin/sh"),
    "root": (0, "root", "/bin/sh"),
}
# Accounts that sshd has its own mind on: the shell, and shadow's fields from the
# second to the eighth; @ is the hash, None a user without a line there.
GOOD = "@:19000:0:99999:7::"
ODD = {
    "lock-hash": ("/bin/sh", "!" + GOOD),
    "lock-passwd": ("/bin/sh", None),
    "star": ("/bin/sh", "*:19000:0:99999:7::"),
    "shell-gone": ("/bin/no-such-shell", GOOD),
    "shell-noexec": ("/etc/passwd", GOOD),
    "shell-none": ("", GOOD),
    "exp-one": ("/bin/sh", GOOD + "1"),
    "exp-zero": ("/bin/sh", GOOD + "0"),
    "pw-change": ("/bin/sh", "@:0:0:99999:7::"),
    "pw-aged": ("/bin/sh", "@:19000:0:1:7::"),
    "pw-inact": ("/bin/sh", "@:19000:0:1:7:1:"),
    "pw-empty": ("/bin/sh", ":19000:0:99999:7::"),
    "home-gone": ("/bin/sh", GOOD),
    "home-mode": ("/bin/sh", GOOD),
    "ssh-mode": ("/bin/sh", GOOD),
    "keys-mode": ("/bin/sh", GOOD),
    "keys-owner": ("/bin/sh", GOOD),
}
USERS.update({name: (21100 + n, "odd", shell)
              for n, (name, (shell, _)) in enumerate(ODD.items())})
GROUPS = {"alice": 21001, "bob": 21002, "carol": 21003, "crew": 21004,
          "web-one": 21006, "web-two": 21007, "odd": 21099}
MEMBERS = {"sftponly": (21050, "bob,carol"), "ro": (21051, "carol,dana"),
           "partners": (21052, "emil")}


def inside_of_namespace():
    """This program again, where it may have accounts of its own."""
    if os.environ.get("MIGRATE_T_INSIDE"):
        return
    how = ["unshare", "--mount"]
    if run(how + ["true"]).returncode != 0:
        how += ["--propagation", "unchanged"]
    os.environ["MIGRATE_T_INSIDE"] = "1"
    os.execvp("unshare", how + [sys.executable, os.path.abspath(__file__)])


class Place(Server):
    """The directory of this test: homes, keys, jails; and no daemon."""

    def __init__(self):
        super().__init__()
        must(run(["cp", "-a", "/etc", self.path("etc")]))
        must(run(["mount", "--bind", self.path("etc"), "/etc"]))
        self.accounts()
        self.jails()
        self.odd_jails()

    def _make_users(self):
        pass

    def _make_keys(self):
        for name in ("host", "user", "other", "ca", "certified", "revoked"):
            keygen(self.path(name), "-t", "ed25519")
        must(run(["ssh-keygen", "-q", "-s", self.path("ca"), "-I", "alice",
                  "-n", "alice,ops", self.path("certified.pub")]))

    def accounts(self):
        hashed = must(run(["openssl", "passwd", "-6", "-stdin"],
                          input=PASSWORD.encode() + b"\n"))
        hashed = hashed.stdout.decode().strip()
        texts = {}
        for name in ("passwd", "shadow", "group"):
            with open("/etc/" + name) as file:
                texts[name] = [line for line in file.read().splitlines()
                               if line.split(":")[0] not in USERS]
        texts["group"] += ["%s:x:%d:" % item for item in GROUPS.items()]
        texts["group"] += ["%s:x:%d:%s" % (name, gid, members) for
                           name, (gid, members) in MEMBERS.items()]
        texts["group"].append("root:x:0:")
        for name, (uid, group, shell) in USERS.items():
            gid = GROUPS.get(group, 0)
            home = self.path("home/" + name)
            fields = ODD.get(name, (shell, GOOD))[1]
            texts["passwd"].append("%s:%s:%d:%d::%s:%s" % (
                name, "x" if fields else "!", uid, gid, home, shell))
            if fields:
                texts["shadow"].append("%s:%s:" % (
                    name, fields.replace("@", hashed)))
            self.make_home(home, uid, gid)
        self.odd_homes()
        for name, lines in texts.items():
            with open("/etc/" + name, "w") as out:
                out.write("\n".join(lines) + "\n")

    def make_home(self, home, uid, gid):
        os.makedirs(home + "/.ssh")
        with open(self.path("user.pub")) as file:
            key = file.read()
        for path in (home + "/.ssh/authorized_keys",
                     self.path("keys/" + os.path.basename(home))):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as out:
                out.write(key)
        for path in (home, home + "/.ssh", home + "/.ssh/authorized_keys"):
            os.chown(path, uid, gid)
        os.chmod(os.path.dirname(home), 0o755)

    def odd_homes(self):
        home = self.path("home/")
        shutil.rmtree(home + "home-gone")
        os.chmod(home + "home-mode", 0o775)
        os.chmod(home + "ssh-mode/.ssh", 0o777)
        os.chmod(home + "keys-mode/.ssh/authorized_keys", 0o666)
        os.chown(home + "keys-owner/.ssh/authorized_keys", 21001, 21001)

    def odd_jails(self):
        """The odd jail of some is no place of root alone."""
        odd = self.path("odd/")
        for name in USERS:
            os.makedirs(odd + name + "/files")
        os.chmod(odd + "alice", 0o775)
        os.chmod(odd + "bob", 0o757)
        os.chown(odd + "carol", 21003, 0)
        for name, target in (("dana", "nowhere"), ("emil", "web-two"),
                             ("web-one", "alice")):
            shutil.rmtree(odd + name)
            os.symlink(odd + target, odd + name)
        os.makedirs(self.path("open/jail"))
        os.chmod(self.path("open"), 0o1777)

    def jails(self):
        """Each user has one with a directory to write to, and there is one
        for all."""
        for name, (uid, _, _) in USERS.items():
            os.makedirs(self.path("jail/%s/files" % name))
            os.chown(self.path("jail/%s/files" % name), uid, -1)
        os.makedirs(self.path("common/files"))
        os.chmod(self.path("common/files"), 0o1777)
        with open(self.path("keys-of"), "w") as out:
            out.write("#!/bin/sh\nexec cat '%s'/\"$1\"\n" % self.path("keys"))
        os.chmod(self.path("keys-of"), 0o755)
        with open(self.path("principals"), "w") as out:
            out.write("ops\n")


class Migrated(Server):
    """ProFTPD with what the tool wrote."""

    def __init__(self, place, late, config, port):
        self.wanted = port
        self.late = late
        self.source = config
        super().__init__()
        self.place = place

    def _make_keys(self):
        pass

    _make_users = _make_keys

    def choose_ports(self):
        self.port = self.wanted

    def migrate(self):
        result = run([TOOL, self.source, "-o", self.path("migrated.conf")])
        if result.returncode != 0:
            raise RuntimeError(said(result))
        with open(self.path("migrated.conf")) as file:
            text = file.read()
        with open(self.path("migrated.conf"), "w") as out:
            out.write(text.replace("/var/log/proftpd/sftp.log",
                                   self.path("sftp.log")))
        return text

    def config(self):
        lines = filter(str.strip, super().config().splitlines())
        keep = [line for line in lines if line.split()[0] in (
            "ModulePath", "LoadModule", "<IfModule", "</IfModule>",
            "ControlsEngine", "DelayEngine", "ServerName", "ServerType",
            "DefaultAddress", "User", "Group", "PidFile",
            "ScoreboardFile", "SystemLog", "TransferLog", "WtmpLog")]
        if self.late:
            # As in Debian's modules.conf, before a file of conf.d.
            keep.insert(1, "LoadModule mod_ifsession.c")
        return "\n".join(keep + ["Port 0", "Include "
                                 + self.path("migrated.conf")]) + "\n"


class Case:
    """head: lines outside of Match; blocks: the rest; who: the users to try;
    narrower: logins (user, address, method) that the tool may refuse."""

    def __init__(self, text, head="", blocks="", who=("alice", "bob", "root"),
                 sources=("127.0.0.1",), targets=("127.0.0.1",),
                 narrower=(), key="user", second=False, files=None,
                 subsystem="internal-sftp", methods=("key", "password"),
                 look=True):
        self.text = text
        self.head = head
        self.blocks = blocks
        self.who = who
        self.sources = sources
        self.targets = targets
        self.narrower = set(narrower)
        self.key = key
        self.second = second
        self.files = files or {}
        self.subsystem = subsystem
        self.methods = methods
        self.look = look            # around, or is it enough who gets in?


STAFF = ("alice", "bob", "carol", "dana", "root")
TWO = ("127.0.0.1", "127.0.0.2")

CASES = [
    Case("the defaults"),
    Case("PasswordAuthentication no", "PasswordAuthentication no"),
    Case("PubkeyAuthentication no", "PubkeyAuthentication no"),
    Case("AuthenticationMethods with two factors",
         "AuthenticationMethods publickey,password"),
    Case("AuthenticationMethods that differ for a group", "",
         "Match Group ro\n AuthenticationMethods publickey,password\n"
         "Match Group partners\n AuthenticationMethods publickey\n",
         who=("alice", "carol", "emil")),
    Case("PermitRootLogin no", "PermitRootLogin no", who=("alice", "root")),
    Case("PermitRootLogin yes", "PermitRootLogin yes", who=("alice", "root")),
    Case("PermitRootLogin from one address", "PermitRootLogin no",
         "Match Address 127.0.0.2\n PermitRootLogin yes\n",
         who=("alice", "root"), sources=TWO),
    Case("AllowUsers with a pattern", "AllowUsers alice web-*",
         who=("alice", "bob", "web-one", "root")),
    Case("AllowUsers with addresses",
         "AllowUsers alice@127.0.0.2 bob@127.0.0.0/31 dana",
         who=("alice", "bob", "dana", "root"), sources=TWO),
    Case("DenyUsers and DenyGroups",
         "DenyUsers web-t?o bob@127.0.0.2\nDenyGroups ro",
         who=("alice", "bob", "carol", "web-one", "web-two"), sources=TWO,
         methods=("key",)),
    Case("AllowGroups and AllowUsers",
         "AllowGroups sftponly partners crew\nAllowUsers bob dana emil alice",
         who=STAFF + ("emil",), methods=("key",)),
    Case("a jail for a group, whose users have no shell", "",
         "Match Group sftponly\n ChrootDirectory @DIR@/jail/%u\n"
         " ForceCommand internal-sftp\n AllowTcpForwarding no\n",
         who=STAFF, subsystem="/usr/lib/openssh/sftp-server"),
    Case("sftp-server needs a shell", who=("alice", "bob", "carol"),
         subsystem="/usr/lib/openssh/sftp-server"),
    Case("a common jail with a start directory", "",
         "Match Group sftponly\n ChrootDirectory @DIR@/common\n"
         " ForceCommand internal-sftp -d /files\n"
         "Match User alice\n ChrootDirectory @DIR@/jail/alice\n",
         who=("alice", "bob", "dana")),
    Case("a jail above the homes", "ChrootDirectory @DIR@",
         who=("alice", "bob")),
    Case("nobody but root has a jail of their own",
         "ChrootDirectory @DIR@/jail/%u",
         "Match User root\n ChrootDirectory none\n", who=("dana", "root")),
    Case("a jail for one of two users who share a group", "",
         "Match User dana\n ChrootDirectory @DIR@/jail/%u\n",
         who=("alice", "dana", "emil"),
         narrower={("dana", "127.0.0.1", "key"),
                   ("dana", "127.0.0.1", "password")}),
    Case("read-only for patterns of users", "",
         "Match User web-*,!web-two\n ForceCommand internal-sftp -R\n",
         who=("alice", "web-one", "web-two"), methods=("key",)),
    Case("read-only for a group, a umask for others", "",
         "Match Group ro\n ForceCommand internal-sftp -R\n"
         "Match User bob\n ForceCommand internal-sftp -u 077\n"
         "Match all\n ForceCommand internal-sftp -u 0027 -l INFO -f AUTH\n",
         who=STAFF, methods=("key",)),
    Case("denied requests", "",
         "Match User alice\n ForceCommand internal-sftp -P remove,mkdir\n"
         "Match User bob\n ForceCommand internal-sftp -p open,close,read,"
         "stat,lstat,fstat,realpath,opendir,readdir\n",
         who=("alice", "bob", "dana"), methods=("key",)),
    Case("addresses with a negation", "",
         "Match Address 127.0.0.0/24,!127.0.0.2\n"
         " PasswordAuthentication no\n",
         who=("alice",), sources=("127.0.0.1", "127.0.0.2", "127.1.0.1")),
    Case("an address and a group together", "",
         "Match Address 127.0.0.2 Group sftponly\n"
         " ForceCommand internal-sftp -R\n PubkeyAuthentication no\n"
         "Match Address 127.0.0.* User alice\n"
         " ForceCommand internal-sftp -u 007\n",
         who=("alice", "bob", "dana"), sources=TWO),
    Case("jails from one address", "",
         "Match Address 127.0.0.2 User carol\n"
         " ChrootDirectory @DIR@/jail/%u\n"
         "Match Address 127.0.0.2 Group sftponly\n"
         " ChrootDirectory @DIR@/common\n PasswordAuthentication no\n",
         who=("bob", "carol", "dana"), sources=TWO,
         narrower={("carol", "127.0.0.2", "key")}),
    Case("a port of its own", "",
         "Match LocalPort @SECOND@\n PasswordAuthentication no\n"
         " ChrootDirectory @DIR@/jail/%u\n",
         who=("alice", "bob"), second=True),
    Case("a local address of its own", "",
         "Match LocalAddress 127.0.0.9\n PubkeyAuthentication no\n"
         "Match LocalAddress 127.0.0.1 User bob\n"
         " PasswordAuthentication no\n",
         who=("alice", "bob"), targets=("127.0.0.1", "127.0.0.9")),
    Case("users with a negation", "",
         "Match User *,!alice,!root\n PasswordAuthentication no\n",
         who=("alice", "bob", "root")),
    Case("groups with a negation", "",
         "Match Group ro,!sftponly\n PasswordAuthentication no\n"
         " ForceCommand internal-sftp -R\n",
         who=STAFF),
    Case("the first block counts", "",
         "Match User carol\n PasswordAuthentication yes\n"
         "Match Group ro\n PasswordAuthentication no\n"
         " ForceCommand internal-sftp -R\n"
         "Match Group sftponly\n PasswordAuthentication yes\n"
         " ForceCommand internal-sftp -u 077\n",
         who=STAFF),
    Case("ForceCommand with a program", "",
         "Match Group crew\n ForceCommand /bin/false\n",
         who=("alice", "dana"), methods=("key",)),
    Case("a jail without sftp-server", "",
         "Match Group crew\n ChrootDirectory @DIR@/jail/%u\n",
         who=("alice", "dana"), methods=("key",),
         subsystem="/usr/lib/openssh/sftp-server"),
    Case("AuthorizedKeysFile elsewhere",
         "AuthorizedKeysFile @DIR@/nowhere/%u @DIR@/keys/%u",
         who=("alice", "bob")),
    Case("AuthorizedKeysFile of one user", "",
         "Match User alice\n AuthorizedKeysFile @DIR@/keys/%u\n",
         who=("alice", "dana", "keys-mode")),
    Case("AuthorizedKeysFile of groups and users",
         "AuthorizedKeysCommand @DIR@/keys-of %u\n"
         "AuthorizedKeysCommandUser nobody",
         "Match User keys-mode,bob\n AuthorizedKeysFile @DIR@/keys/%u\n"
         " AuthorizedKeysCommand none\n"
         "Match Group crew\n AuthorizedKeysFile @DIR@/nowhere/%u\n"
         " AuthorizedKeysCommand none\n"
         "Match Group sftponly\n AuthorizedKeysFile none\n"
         " AuthorizedKeysCommand none\n",
         who=("alice", "bob", "carol", "dana", "keys-mode", "keys-owner"),
         methods=("key",), look=False),
    Case("AuthorizedKeysFile by address", "",
         "Match Address 127.0.0.2 Group crew\n"
         " AuthorizedKeysFile @DIR@/nowhere/%u\n"
         "Match Address 127.0.0.2\n AuthorizedKeysFile @DIR@/keys/%u\n",
         who=("alice", "dana", "keys-mode"), sources=TWO, methods=("key",),
         look=False),
    Case("authorities for those without key files",
         "TrustedUserCAKeys @DIR@/ca.pub",
         "Match Group crew\n AuthorizedKeysFile none\n",
         who=("alice", "dana"), methods=("key",), look=False),
    Case("a certificate for those without key files",
         "TrustedUserCAKeys @DIR@/ca.pub",
         "Match User alice\n AuthorizedKeysFile none\n",
         who=("alice", "dana"), key="certified", methods=("key",),
         look=False),
    Case("a command for one user alone",
         "AuthorizedKeysFile none\nAuthorizedKeysCommandUser nobody",
         "Match User alice\n AuthorizedKeysCommand @DIR@/keys-of %u\n",
         who=("alice", "dana"), methods=("key",), look=False),
    Case("algorithms of the only ones who have keys",
         "AuthorizedKeysFile none",
         "Match User alice\n AuthorizedKeysFile @DIR@/keys/%u\n"
         " PubkeyAcceptedAlgorithms rsa-sha2-512\n"
         "Match User bob\n AuthorizedKeysFile @DIR@/keys/%u\n",
         who=("alice", "bob"), methods=("key",), look=False,
         narrower={("bob", "127.0.0.1", "key")}),
    Case("revoked keys of the only address where there are keys",
         "AuthorizedKeysFile none",
         "Match Address 127.0.0.2\n AuthorizedKeysFile @DIR@/keys/%u\n"
         " RevokedKeys @DIR@/user.pub\n",
         who=("alice", "dana"), methods=("key",), sources=TWO, look=False),
    Case("an authority of a group, who alone log in by key",
         "PubkeyAuthentication no",
         "Match Group crew\n PubkeyAuthentication yes\n"
         " AuthorizedKeysFile none\n TrustedUserCAKeys @DIR@/ca.pub\n"
         " AuthorizedPrincipalsFile @DIR@/principals\n",
         who=("alice", "dana"), key="certified", methods=("key",),
         look=False),
    Case("AuthorizedKeysFile none for a group", "",
         "Match Group crew\n AuthorizedKeysFile none\n",
         who=("alice", "dana")),
    Case("AuthorizedKeysCommand",
         "AuthorizedKeysFile none\nAuthorizedKeysCommand @DIR@/keys-of %u\n"
         "AuthorizedKeysCommandUser nobody", who=("alice", "bob")),
    Case("TrustedUserCAKeys",
         "AuthorizedKeysFile none\nTrustedUserCAKeys @DIR@/ca.pub",
         who=("alice", "dana"), key="certified", methods=("key",)),
    Case("AuthorizedPrincipalsFile",
         "AuthorizedKeysFile none\nTrustedUserCAKeys @DIR@/ca.pub\n"
         "AuthorizedPrincipalsFile @DIR@/principals",
         who=("alice", "dana"), key="certified", methods=("key",)),
    Case("RevokedKeys", "RevokedKeys @DIR@/user.pub", who=("alice",)),
    Case("an Include with a block before the rest",
         "Include @DIR@/included-*.conf\nPasswordAuthentication yes",
         "Match Group partners\n Include @DIR@/within.conf\n",
         who=("alice", "dana", "emil"), files={
             "included-1.conf": "MaxAuthTries 4\nMatch User dana\n"
                                "PasswordAuthentication no\n",
             "within.conf": "PasswordAuthentication no\n"}),
    Case("algorithms", "Ciphers +aes256-cbc\nMACs hmac-sha2-512\n"
         "KexAlgorithms ^curve25519-sha256\nHostKeyAlgorithms ssh-ed25519",
         who=("alice",), methods=("key",)),
    Case("names of hosts", "UseDNS yes",
         "Match Host localhost\n PasswordAuthentication no\n",
         who=("alice",)),
    Case("IPv6", "", "Match Address 2001:db8::/32,::1,!::2\n"
         " PasswordAuthentication no\nMatch LocalAddress ::1 User bob\n"
         " ForceCommand internal-sftp -R\n",
         who=("alice", "bob"), targets=("127.0.0.1", "::1"),
         sources=("127.0.0.1", "::1")),
    Case("UsePAM", "UsePAM yes", "Match User bob\n"
         " KbdInteractiveAuthentication no\n", who=("alice", "bob"),
         methods=("key", "password", "dialogue"),
         # Debian 13 sets one by pam_umask.
         subsystem="internal-sftp -u 022"),
    Case("UsePAM without passwords", "UsePAM yes\nPasswordAuthentication no",
         who=("alice",), methods=("key", "password", "dialogue"),
         subsystem="internal-sftp -u 022"),
    Case("accounts that sshd refuses by itself, by key", who=tuple(ODD),
         methods=("key",), look=False,
         # The days of grace are over, so ProFTPD refuses the account.
         narrower={("pw-inact", "127.0.0.1", "key")}),
    Case("accounts that sshd refuses by itself, by password",
         "AllowUsers alice shell-* exp-* pw-* home-*",
         who=("alice", "dana", "lock-hash", "shell-gone", "exp-one",
              "exp-zero", "pw-change", "pw-aged", "pw-empty", "home-gone"),
         methods=("password",), look=False,
         # ProFTPD needs a directory to be in.
         narrower={("home-gone", "127.0.0.1", "password")}),
    Case("accounts that sshd refuses by itself, with PAM", "UsePAM yes",
         who=tuple(ODD), methods=("key",), look=False),
    Case("sftp-server and odd shells", who=("shell-gone", "shell-none"),
         subsystem="/usr/lib/openssh/sftp-server", methods=("key",),
         look=False,
         # ProFTPD knows no shell by default.
         narrower={("shell-none", "127.0.0.1", "key")}),
    Case("jails that others than root may write to",
         "ChrootDirectory @DIR@/odd/%u",
         who=STAFF[:4] + ("emil", "web-one", "web-two", "shell-gone",
                          "lock-hash"), methods=("key",), look=False),
    Case("a jail in a directory that others may write to", "",
         "Match User alice\n ChrootDirectory none\n"
         "Match Group crew\n ChrootDirectory @DIR@/open/jail\n",
         who=("alice", "dana"), methods=("key",), look=False),
    Case("no SFTP", who=("alice",), subsystem="", methods=("key",)),
]


def config_of(place, case, number, port, second):
    """The sshd_config, in a file."""
    listen = ["ListenAddress %s:%d" % ("[%s]" % a if ":" in a else a, p)
              for a in case.targets
              for p in [port] + ([second] if case.second else [])]
    head = case.head.splitlines() + listen + [
        "HostKey " + place.path("host"), "UsePAM no", "PidFile none",
        "LogLevel ERROR"]
    if case.subsystem:
        head.append("Subsystem sftp " + case.subsystem)
    text = "\n".join(head) + "\n" + case.blocks
    for name, content in case.files.items():
        with open(place.path(name), "w") as out:
            out.write(content)
    path = place.path("sshd_config-%d" % number)
    with open(path, "w") as out:
        out.write(text.replace("@DIR@", place.dir).replace(
            "@SECOND@", str(second)))
    return path


class Sshd:
    def __init__(self, config, port):
        self.config = config
        self.port = port
        more = ["-o", "PerSourcePenalties=no"]
        if run([SSHD, "-t", "-f", config] + more).returncode != 0:
            more = []
        must(run([SSHD, "-t", "-f", config] + more))
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", config] + more,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 10) as s:
                return s.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self):
        """Its sessions are in its process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stderr.close()


# ---- What a login is like

def log_in(transport, user, method, key):
    """Authenticates, with the other method as the second factor."""
    import paramiko

    def by_key():
        return transport.auth_publickey(user, key)

    def by_password():
        return transport.auth_password(user, PASSWORD, fallback=False)

    def by_dialogue():
        return transport.auth_interactive(
            user, lambda title, text, asked: [PASSWORD for _ in asked])

    if method == "dialogue":
        by_password = by_dialogue
    steps = [by_key, by_password]
    if method != "key":
        steps.reverse()
    try:
        left = steps[0]()
        if not transport.is_authenticated() and left:
            steps[1]()
    except paramiko.SSHException:
        return False
    return transport.is_authenticated()


def attempt(function):
    try:
        return function() or "done"
    except OSError as why:
        return "no such file" if why.errno == 2 else "refused"


def mode_of(sftp, path):
    return oct(stat.S_IMODE(sftp.stat(path).st_mode))


def look_around(sftp, tag):
    """Where they are and what they may do."""
    found = {"pwd": sftp.normalize("."),
             "machine": attempt(lambda: sftp.stat("/etc/hostname") and "seen")}
    found["list"] = attempt(lambda: sftp.listdir(".") and None)
    place = "files/" if attempt(
        lambda: sftp.stat("files") and None) == "done" else ""
    found["files"] = place != ""
    name, other = place + tag, place + tag + "-new"

    def write():
        with sftp.open(name, "w") as file:
            file.write(b"text")
        return mode_of(sftp, name)

    def make():
        sftp.mkdir(other, 0o777)
        return mode_of(sftp, other)

    found["write"] = attempt(write)
    found["rename"] = attempt(lambda: sftp.rename(name, name + "x"))
    found["chmod"] = attempt(lambda: sftp.chmod(name + "x", 0o600))
    found["remove"] = attempt(lambda: sftp.remove(name + "x"))
    found["mkdir"] = attempt(make)
    found["rmdir"] = attempt(lambda: sftp.rmdir(other))
    return found


def copy(transport, path):
    """An upload by SCP."""
    import paramiko
    try:
        channel = transport.open_session(timeout=30)
        channel.settimeout(30)
        channel.exec_command("scp -t " + path)
        for sent in (b"", b"C0640 4 x\n", b"text\0"):
            channel.sendall(sent)
            if channel.recv(1) != b"\0":
                return "refused"
        return "done"
    except (paramiko.SSHException, EOFError, OSError):
        return "refused"


def probe(target, port, source, user, method, key, tag, look=True):
    """None if there is no SFTP for them, or what it is like."""
    import paramiko
    sock = socket.create_connection((target, port), 30, (source, 0))
    transport = paramiko.Transport(sock)
    try:
        transport.start_client(timeout=30)
        if not log_in(transport, user, method, key):
            return None
        try:
            sftp = paramiko.SFTPClient.from_transport(transport)
        except (paramiko.SSHException, EOFError, OSError,
                paramiko.SFTPError):
            return None
        sftp.get_channel().settimeout(30)
        if not look:
            return {"scp": "not tried", "pwd": sftp.normalize(".")}
        found = look_around(sftp, tag)
        place = "files/" if found["files"] else ""
        found["scp"] = copy(transport, place + tag + "-scp")
        return found
    except (paramiko.SSHException, EOFError, ConnectionError):
        return None
    finally:
        transport.close()


def key_of(place, case):
    import paramiko
    key = paramiko.Ed25519Key.from_private_key_file(place.path(case.key))
    if case.key == "certified":
        key.load_certificate(place.path("certified-cert.pub"))
    return key


def outcomes(place, case, number, port, second, which):
    """{(target, port's name, source, user, method): what it is like}."""
    key, found = key_of(place, case), {}
    for target in case.targets:
        for name, at in [("first", port)] + (
                [("second", second)] if case.second else []):
            for source in case.sources:
                if (":" in source) != (":" in target):
                    continue
                for user in case.who:
                    for method in case.methods:
                        found[target, name, source, user, method] = probe(
                            target, at, source, user, method, key,
                            "probe-%d-%s-%d" % (number, which,
                                                  len(found)), case.look)
    return found


def like_scp(login, one, other):
    """SCP takes a shell in sshd, and none here: whoever has SFTP without one
    gets no other files by it."""
    return USERS[login[3]][2] == NOLOGIN and None not in (one, other) and \
        (one["scp"], other["scp"]) == ("refused", "done") and \
        dict(one, scp="done") == other


def side_by_side(place, number):
    """(what differs, what is wider, log) for one configuration."""
    case = CASES[number]
    ports = [free_port() for _ in range(4)]
    wanted = config_of(place, case, number, *ports[:2])
    ours = config_of(place, case, number + 1000, *ports[2:])
    sshd = Sshd(wanted, ports[0])
    daemon = Migrated(place, number % 2 == 1, ours, ports[2])
    try:
        text = daemon.migrate()
        wait_for(sshd.answers, "sshd")
        daemon.start()
        text += daemon.log("start.log")
        for word in ("warning:", "error:", "fatal:", "has no effect"):
            expect(word not in daemon.log("start.log"), text)
        theirs = outcomes(place, case, number, ports[0], ports[1], "a")
        own = outcomes(place, case, number, ports[2], ports[3], "b")
        log = daemon.logs_since(None)
    finally:
        sshd.stop()
        daemon.clean_up()
    differ, wider = [], []
    for login, one in theirs.items():
        other = own[login]
        if one is None and other is not None:
            wider.append("%r: sshd refuses, here: %r" % (login, other))
        elif like_scp(login, one, other):
            continue
        elif one != other and not (
                other is None and (login[3], login[2], login[4])
                in case.narrower):
            differ.append("%r: sshd: %r\nhere: %r" % (login, one, other))
    narrow = sum(1 for login, one in theirs.items()
                 if one is not None and own[login] is None)
    entered = sum(1 for one in theirs.values() if one is not None)
    return differ, wider, narrow, (entered, len(theirs)), text + log


inside_of_namespace()
import paramiko  # noqa: E402,F401  (before the workers are forked)

PLACE = Place()
os.makedirs("/run/sshd", exist_ok=True)
POOL = concurrent.futures.ProcessPoolExecutor(4)
RESULTS = [POOL.submit(side_by_side, PLACE, n) for n in range(len(CASES))]


def check(number):
    case = CASES[number]
    differ, wider, narrow, logins, log = RESULTS[number].result()
    expect(not wider, "open here, and refused by sshd:\n%s\n%s"
           % ("\n".join(wider), log))
    expect(not differ, "different:\n%s\n%s" % ("\n".join(differ), log))
    expect_same(narrow, len(case.narrower), "logins that only sshd permits")
    print("# %d of %d logins" % logins)


for index, one_case in enumerate(CASES):
    promise("as with sshd: " + one_case.text)(lambda n=index: check(n))


def gets_in(port):
    key = key_of(PLACE, CASES[0])
    return {user: probe("127.0.0.1", port, "127.0.0.1", user, "key", key, "",
                        False) is not None for user in ("alice", "root")}


@promise("/etc/nologin, which has no effect here: ftpshut keeps everybody out")
def _():
    ports = [free_port() for _ in range(2)]
    sshd = Sshd(config_of(PLACE, CASES[0], 900, ports[0], 0), ports[0])
    daemon = Migrated(PLACE, False, config_of(PLACE, CASES[0], 901, ports[1],
                                              0), ports[1])
    try:
        text = daemon.migrate()
        expect("ftpshut(8) keeps everybody out" in text, text)
        wait_for(sshd.answers, "sshd")
        daemon.start()
        with open("/etc/nologin", "w") as out:
            out.write("closed\n")
        expect_same([gets_in(port) for port in ports],
                    [{"alice": False, "root": True},
                     {"alice": True, "root": True}], "with /etc/nologin")
        must(run(["ftpshut", "now"]))
        expect_same(gets_in(ports[1]), {"alice": False, "root": False},
                    "after ftpshut")
    finally:
        for name in ("/etc/nologin", "/etc/shutmsg"):
            if os.path.exists(name):
                os.unlink(name)
        sshd.stop()
        daemon.clean_up()


def refused_by_sshd(place, lines):
    """The indexes of the lines that sshd refuses; it names most of them at
    once, and ends at some."""
    path, found, left = place.path("values"), set(), list(range(len(lines)))
    while left:
        with open(path, "w") as out:
            out.write("\n".join(["HostKey " + place.path("host")] +
                                [lines[n] for n in left]) + "\n")
        text = run([SSHD, "-t", "-f", path]).stderr.decode()
        named = [int(n) - 2 for n in re.findall(r"line (\d+): (?!Deprecated|Unsupported option)",
                                                text)]
        named = [n for n in named if n < len(left)]
        if not named and text.strip() and len(left) == 1:
            named = [0]
        found.update(left[n] for n in named)
        if "terminating" in text or not text.strip():
            break
        left = left[max(named) + 1:] if named else left[1:]
    return found


@promise("values: what sftp-migrate refuses, sshd refuses as well")
def _():
    rows = [row for row in sshdvalues.rows() if row[0] != "ListenAddress"]
    wrong = ["%s %s" % (name, value) for name, values, _ in rows
             for value in values]
    refused = refused_by_sshd(PLACE, wrong)
    alone = [line for n, line in enumerate(wrong) if n not in refused]
    expect_same([line for line in alone
                 if not refused_by_sshd(PLACE, [line])], [],
                "sshd takes")
    right = ["%s %s" % (name, value) for name, _, values in rows
             for value in values if name not in sshdvalues.ONLY_13
             and (name, value) not in sshdvalues.NOT_12]
    refused = refused_by_sshd(PLACE, right)
    expect_same([right[n] for n in sorted(refused)], [], "sshd refuses")


@promise("there are at least 25 configurations")
def _():
    expect(len(CASES) >= 25, "only %d" % len(CASES))


main()
