#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""Files whose content decides a login: nobody but root and the user may be
able to write to them, or to put another in their place."""

import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawauth import RawAuth
from server import GID, UID, Server, client, keygen, must, run
from tap import expect, expect_same, main, promise

import paramiko

STRANGER = 4711

CONFIG = """
SFTPAuthMethods publickey hostbased
SFTPAuthorizedUserKeys file:@DIR@/central/%u file:~/.ssh/authorized_keys
SFTPAuthorizedHostKeys file:@DIR@/known
SFTPTrustedUserCAKeys @DIR@/trusted
SFTPAuthorizedPrincipals @DIR@/principals
SFTPRevokedKeys @DIR@/revoked
SFTPKeyBlacklist @DIR@/weak.dat
"""
USERS = ("alice", "bob", "root")
DROP = ("SFTPAuthorizedUserKeys",)

srv = Server(CONFIG, drop=DROP, users=USERS)
lax = Server(CONFIG + "SFTPOptions InsecureUserKeyPerms\n", drop=DROP,
             users=USERS)
ca = keygen(srv.path("ca"), "-t", "ed25519")
user_key = keygen(srv.path("certified"), "-t", "ed25519")
must(run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", "ops",
          user_key + ".pub"]))


def text_of(path):
    with open(path) as file:
        return file.read()


def write(path, text, owner=0):
    with open(path, "wb" if isinstance(text, bytes) else "w") as out:
        out.write(text)
    os.chmod(path, 0o644)
    os.chown(path, owner, 0)


# An empty index, then a record of zeros: Debian's list of weak keys.
WEAK = b"SSH-FP00" + struct.pack(">HBB", 0x1010, 80, 0) + \
    struct.pack(">HH", 1, 0x8000) + b"".join(
        struct.pack(">H", 0x8000 + (n > 0)) for n in range(0x10000)) + b"\0" * 8

for server in (srv, lax):
    server.key = srv.key
    shutil.rmtree(server.path("keys"))
    os.mkdir(server.path("central"))
    write(server.path("central/bob"), text_of(srv.key + ".pub"))
    server.mkdir(".ssh", 0o700)
    server.put(".ssh/authorized_keys", text_of(srv.key + ".pub").encode(),
               0o600)
    write(server.path("known"), text_of(srv.key + ".pub"))
    write(server.path("trusted"), text_of(ca + ".pub"))
    write(server.path("principals"), "ops\n")
    write(server.path("revoked"), "# none\n")
    write(server.path("weak.dat"), WEAK)


def private():
    return paramiko.Ed25519Key.from_private_key_file(srv.key)


def by_key(server, user="alice"):
    with RawAuth(server.connect()) as raw:
        return raw.answer(raw.key(user, private())) == "success"


def by_host(server):
    with RawAuth(server.connect()) as raw:
        return raw.answer(raw.hostbased("alice", private(), "client.example",
                                        "alice")) == "success"


def by_cert(server):
    """With a key that is in no file: the authority has to be believed."""
    return client(
        ["sftp", "-q", "-b", "-", "-P", str(server.port), "-F", "none",
         "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
         "-o", "PreferredAuthentications=publickey",
         "-i", user_key, "-o", "CertificateFile=%s-cert.pub" % user_key,
         "alice@127.0.0.1"], input=b"pwd\n").returncode == 0


def for_bob(server):
    return by_key(server, "bob")


class Changed:
    """A file or directory of another mode or owner, for a while."""

    def __init__(self, path, mode=None, owner=None):
        self.path, self.mode, self.owner = path, mode, owner

    def __enter__(self):
        self.before = os.stat(self.path)
        if self.owner is not None:
            os.chown(self.path, self.owner, -1)
        if self.mode is not None:
            os.chmod(self.path, self.mode)

    def __exit__(self, *_):
        os.chown(self.path, self.before.st_uid, -1)
        os.chmod(self.path, self.before.st_mode & 0o7777)


def refuses(login, path, mode=None, owner=None, said=()):
    """With the change no login, and the log says why; without it one."""
    with Changed(path, mode, owner):
        begin = len(srv.log("sftp.log"))
        expect(not login(srv), "a login with %s of mode %s, owner %s"
               % (path, mode and oct(mode), owner))
        log = srv.log("sftp.log")[begin:]
        for words in said:
            expect(words in log, "no %r in\n%s" % (words, log))
    expect(login(srv), "no login with %s as it should be" % path)


@promise("a file that its group or others may write to does not count")
def _():
    path = srv.path("central/bob")
    for mode, who in ((0o666, "anybody"), (0o646, "anybody"),
                      (0o664, "its group"), (0o620, "its group")):
        refuses(for_bob, path, mode, said=(
            "unable to use key file '%s': it has mode %04o: %s may write to "
            "it (accepted: write right for its owner alone, or SFTPOptions "
            "InsecureUserKeyPerms)" % (path, mode, who),))
    for mode in (0o644, 0o600, 0o400, 0o755, 0o000):
        with Changed(path, mode):
            expect(for_bob(srv), "mode %o" % mode)


@promise("a foreign owner's does not count; root's and the user's do")
def _():
    path = srv.path("central/bob")
    for owner in (STRANGER, 65534, 1):
        refuses(for_bob, path, owner=owner, said=(
            "'%s': it belongs to user %d (accepted: root, user %d, or "
            "SFTPOptions InsecureUserKeyPerms)" % (path, owner, UID),))
    with Changed(path, owner=UID):
        expect(for_bob(srv), "the user's own file")


@promise("every directory from the root to a central file is checked")
def _():
    # No log is written where anybody may write.
    for place, modes in ((srv.path("central"), (0o777, 0o775, 0o1777)),
                         (srv.dir, (0o775, 0o731))):
        for mode in modes:
            refuses(for_bob, place, mode, said=(
                "directory '%s' has mode %04o" % (place, mode),))
        refuses(for_bob, place, owner=STRANGER, said=(
            "directory '%s' belongs to user %d" % (place, STRANGER),))
    with Changed(srv.path("central"), owner=UID):
        expect(for_bob(srv), "the user's own directory")


@promise("for a file in the home directory, every directory from the home on "
         "is checked, and none above it")
def _():
    for place in (srv.home(), srv.home(".ssh"),
                  srv.home(".ssh/authorized_keys")):
        place = place.rstrip("/")
        for mode in (0o777, 0o775, 0o1777):
            refuses(by_key, place, mode,
                    said=(" has mode %04o: " % mode, "'%s'" % place))
        refuses(by_key, place, owner=STRANGER,
                said=("belongs to user %d" % STRANGER,))
        with Changed(place, owner=0):
            expect(by_key(srv), "root's %s" % place)
    for mode, owner in ((0o777, 0), (0o711, STRANGER)):
        with Changed(srv.path("home"), mode, owner):
            expect(by_key(srv), "what is above the home does not count")


@promise("links are resolved: the location of the file counts")
def _():
    path, place = srv.path("central/bob"), srv.path("open")
    os.mkdir(place, 0o777)
    os.chmod(place, 0o777)
    os.rename(path, place + "/bob")
    os.symlink(place + "/bob", path)
    expect(not for_bob(srv), "a link into a directory of all")
    os.chmod(place, 0o755)
    expect(for_bob(srv), "a link into root's directory")
    os.unlink(path)
    os.rename(place + "/bob", path)

    # A home that is a link, and a link within it to a central file.
    moved = srv.path("moved")
    os.rename(srv.path("home/alice"), moved)
    os.symlink(moved, srv.path("home/alice"))
    with Changed(srv.path("home"), 0o777):
        expect(by_key(srv), "the home that a link leads to")
    refuses(by_key, moved, 0o775, said=("directory '%s' has mode" % moved,))
    os.unlink(srv.path("home/alice"))
    os.rename(moved, srv.path("home/alice"))

    keys = srv.home(".ssh/authorized_keys")
    os.rename(keys, keys + ".own")
    os.symlink(path, keys)
    expect(by_key(srv), "a link in the home to a central file")
    refuses(by_key, srv.path("central"), 0o777,
            said=("directory '%s' has mode 0777" % srv.path("central"),))
    os.unlink(keys)
    os.rename(keys + ".own", keys)


@promise("a link counts only where nobody else could put another one")
def _():
    path, place = srv.path("central/bob"), srv.path("links")
    os.mkdir(place)
    os.rename(path, path + ".own")
    for target in (path + ".own", "../central/bob.own",
                   place + "/./../central/bob.own"):
        os.symlink(target, place + "/bob")
        os.symlink("../links/bob", path)
        expect(for_bob(srv), "two links, in root's directories")
        refuses(for_bob, place, 0o777,
                said=("directory '%s' has mode 0777" % place,))
        refuses(for_bob, place, owner=STRANGER,
                said=("directory '%s' belongs to" % place,))
        os.unlink(path)
        os.unlink(place + "/bob")
    os.symlink("bob", path)
    expect(not for_bob(srv), "a link to itself")
    os.unlink(path)
    os.rename(path + ".own", path)


@promise("another user's file does not count if a link leads to it")
def _():
    srv.edit("passwd", lambda fields: fields.__setitem__(
        2, str(STRANGER)) if fields[0] == "bob" else None)
    os.rename(srv.path("central/bob"), srv.path("central/bob.own"))
    os.symlink(srv.home(".ssh/authorized_keys"), srv.path("central/bob"))
    expect(not for_bob(srv), "the file of alice opens the account of bob")
    srv.wait_log("sftp.log", r"central/bob': directory '.*alice' belongs to "
                 r"user %d \(accepted: root, user %d, " % (UID, STRANGER))
    os.unlink(srv.path("central/bob"))
    os.rename(srv.path("central/bob.own"), srv.path("central/bob"))
    with Changed(srv.path("central/bob"), owner=UID):
        expect(not for_bob(srv), "nor does a copy that alice owns")
    expect(for_bob(srv), "root's")
    srv.edit("passwd", lambda fields: fields.__setitem__(
        2, str(UID)) if fields[0] == "bob" else None)


@promise("the same rule applies to every kind: hosts, authorities, "
         "principals, lists")
def _():
    for name, login, user_may in (
            ("known", by_host, True), ("trusted", by_cert, True),
            ("principals", by_cert, True), ("revoked", by_key, False),
            ("weak.dat", by_key, False)):
        path = srv.path(name)
        expect(login(srv), "%s as it should be" % name)
        for mode in (0o666, 0o664):
            refuses(login, path, mode, said=(
                "%s'" % path, "it has mode %04o" % mode))
        refuses(login, path, owner=STRANGER, said=(
            "%s'" % path, "it belongs to user %d" % STRANGER))
        with Changed(path, owner=UID):
            expect_same(login(srv), user_may, "the user's own %s" % name)


@promise("InsecureUserKeyPerms turns the check off for every kind")
def _():
    names = ("central/bob", "central", "known", "trusted", "principals",
             "revoked", "weak.dat", "home/alice", "home/alice/.ssh",
             "home/alice/.ssh/authorized_keys")
    for name in names:
        os.chown(lax.path(name), STRANGER, GID)
        os.chmod(lax.path(name), 0o777)
    for login in (for_bob, by_key, by_host, by_cert):
        expect(login(lax), login.__name__)
    os.rename(lax.path("central/bob"), lax.path("bob"))
    os.mkdir(lax.path("central/bob"))
    expect(not for_bob(lax), "a directory is no file of keys")
    lax.wait_log("sftp.log", "central/bob': not a regular file")


@promise("a fault of an authority or a list is reported at the start")
def _():
    server = Server("SFTPTrustedUserCAKeys @DIR@/trusted\n")
    write(server.path("trusted"), text_of(ca + ".pub"))
    os.chmod(server.path("trusted"), 0o666)
    server.start()
    server.wait_log("start.log", "SFTPTrustedUserCAKeys '.*trusted' cannot be "
                    "used: it has mode 0666")
    server.stop_clean()
    server = Server("SFTPRevokedKeys @DIR@/revoked\n")
    write(server.path("revoked"), "# none\n")
    os.chmod(server.path("revoked"), 0o666)
    expect("it has mode 0666" in server.refuses_to_start(), "no reason given")


main(srv, lax)
