# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A root of Debian that t/packages/run made and mounted, seen from outside."""

import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
from tap import Failed, expect, expect_same  # noqa: E402

ROOT = os.environ["MOD_SFTP_ROOT"]
SUITE = os.environ["MOD_SFTP_SUITE"]
SCRATCH = os.environ["MOD_SFTP_SCRATCH"]
PACKAGES = os.environ["MOD_SFTP_PACKAGES"]
PACKAGE = "proftpd-mod-sftp"
MODULE = "/usr/lib/proftpd/mod_sftp.so"
KEPT = MODULE + ".packaged"
PATIENCE = 1800

# The daemon's place.
PLACE = "/var/lib/mod_sftp-packages"

# What programs of the base system write as they run, and what is not theirs.
VOLATILE = (PLACE, "/proc", "/dev", "/sys", "/src", "/tmp", "/run", "/root",
            SCRATCH, "/var/log", "/var/cache", "/var/lib/dpkg", "/var/lib/apt",
            "/var/lib/systemd", "/etc/ld.so.cache", "/var/tmp",
            "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-")

# The account of isolated logins stays, as Debian's packages leave theirs.
ACCOUNT = "_sftp-cell"
ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")


def at(path):
    """A path of the root, from outside."""
    return ROOT + path


def inside(*argv, cwd="/", umask="022", status=0, **environment):
    """Runs a command in the root; what it printed.  status None: any."""
    words = ["chroot", ROOT, "/usr/bin/env", "-i", "HOME=/root", "TERM=dumb",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive"]
    words += ["%s=%s" % pair for pair in environment.items()]
    words += ["/bin/sh", "-c", 'umask "$1"; cd "$2"; shift 2; exec "$@"',
              "sh", umask, cwd] + list(argv)
    # All that it starts ends with it when it takes too long.
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", start_new_session=True) as process:
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if status is not None and process.returncode != status:
        raise Failed("%s: exit %d\n%s" % (" ".join(argv), process.returncode,
                                          out[-6000:]))
    return out


def apt(*words, **more):
    return inside("apt-get", "-qq", "-y", "-o", "Dpkg::Use-Pty=0", *words,
                  **more)


def debs():
    return sorted(os.path.join(PACKAGES, name) for name
                  in os.listdir(PACKAGES) if name.endswith(".deb"))


def our_deb():
    found = [path for path in debs()
             if os.path.basename(path).startswith(PACKAGE + "_")]
    expect_same(len(found), 1, "packages in %s" % os.listdir(PACKAGES))
    return found[0]


def sum_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def other_accounts(path):
    with open(path) as file:
        return "".join(line for line in file
                       if not line.startswith(ACCOUNT + ":"))


def described(path):
    info = os.lstat(path)
    mode = "%o %d:%d" % (info.st_mode, info.st_uid, info.st_gid)
    if path[len(ROOT):] in ACCOUNTS:
        return mode + " " + other_accounts(path)
    if stat.S_ISREG(info.st_mode):
        return mode + " " + sum_of(path)
    if stat.S_ISLNK(info.st_mode):
        return mode + " " + os.readlink(path)
    return mode


def snapshot():
    """{path: what is there} of all that is not volatile."""
    found = {}
    for top, directories, files in os.walk(ROOT):
        here = top[len(ROOT):]
        directories[:] = [name for name in directories
                          if here + "/" + name not in VOLATILE]
        for name in directories + files:
            path = here + "/" + name
            if path not in VOLATILE:
                found[path] = described(top + "/" + name)
    return found


def expect_unchanged(before, after):
    changed = sorted(path for path in set(before) | set(after)
                     if before.get(path) != after.get(path))
    expect_same(changed, [], "files that differ")


def diversion():
    return inside("dpkg-divert", "--list", MODULE).strip()


# ---- A daemon of the root

CONFIG = """ServerName "packages"
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
Port %(port)d
User nobody
Group nogroup
Include /etc/proftpd/modules.conf
LoadModule mod_sftp.c
PidFile %(place)s/pid
ScoreboardFile %(place)s/scoreboard
SystemLog %(place)s/log
TransferLog none
WtmpLog off
SFTPEngine on
SFTPHostKey %(place)s/host
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def make_host_key():
    os.makedirs(at(PLACE), exist_ok=True)
    if not os.path.exists(at(PLACE + "/host")):
        inside("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
               PLACE + "/host")


def start_daemon():
    """Starts it with LoadModule mod_sftp.c: its port."""
    port = free_port()
    with open(at(PLACE + "/proftpd.conf"), "w") as file:
        file.write(CONFIG % {"port": port, "place": PLACE})
    inside("/usr/sbin/proftpd", "-q", "-c", PLACE + "/proftpd.conf")
    # It goes to the background before it listens.
    wait_for(lambda: listens(port), "port %d" % port)
    return port


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
        return True
    except ConnectionRefusedError:
        return False


def wait_for(condition, what):
    end = time.time() + 60
    while not condition():
        expect(time.time() < end, "in vain waited for " + what)
        time.sleep(0.05)


def daemon():
    with open(at(PLACE + "/pid")) as file:
        return int(file.read())


def reload_daemon():
    os.kill(daemon(), signal.SIGHUP)


def stop_daemon():
    pid = daemon()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not runs(pid), "the daemon's end")


def runs(pid):
    """A zombie has ended, too."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False


class Connection:
    """A connection that has not logged in."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.sock.makefile("rb")
        self.banner = self.file.readline().decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def expect_alive(self):
        """The server's process of this connection starts the key exchange."""
        self.sock.sendall(b"SSH-2.0-test\r\n")
        head = self.file.read(6)
        expect(len(head) == 6 and head[5] == 20, "no KEXINIT: %r" % head)


def banner(port):
    try:
        with Connection(port) as connection:
            return connection.banner
    except OSError:
        return ""


def served():
    """The identification of the module that a new daemon loads."""
    port = start_daemon()
    try:
        return banner(port)
    finally:
        stop_daemon()


def expect_ours(version):
    expect_same(served(), "SSH-2.0-mod_sftp/" + version, "banner")
    expect(PACKAGE in diversion(), "no diversion: %r" % diversion())


def repack(deb, version, marker=None):
    """A package with another version, and with a marker in its module."""
    tree = os.path.join(SCRATCH, "repack")
    inside("rm", "-rf", tree)
    inside("dpkg-deb", "-R", deb, tree)
    inside("sed", "-i", "s/^Version: .*/Version: %s/" % version,
           tree + "/DEBIAN/control")
    if marker:
        with open(tree + MODULE, "ab") as file:
            file.write(marker)
    out = os.path.join(SCRATCH, "repacked-%s.deb" % version)
    inside("dpkg-deb", "--root-owner-group", "-b", tree, out)
    return out
