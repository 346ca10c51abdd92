# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""OpenSSH's server in the place of ours: what a client does not do with it,
either, is the client's own."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from server import GID, UID, Server             # noqa: E402

SSHD = "/usr/sbin/sshd"

LINES = {
    "": "",
    "SFTPRekey required 3600 256KB": "RekeyLimit 256K",
    "SFTPRekey none": "",
    "SFTPCompression delayed": "Compression yes",
}

# Of the messages that the steps look for in our log.
WORDS = {"SSH2_MSG_NEWKEYS sent": " + Session key exchange:"}


class Sshd(Server):
    """Users exist for this daemon alone, in files that only it sees; their
    home is its root, with what a shell needs in it."""

    def __init__(self, directives=""):
        super().__init__(LINES[directives.partition("\n")[0]])
        place = "/mnt"                  # /tmp is no place for a root
        home = self.home()
        os.chown(home, 0, 0)
        for name in ("usr", "dev"):
            os.makedirs(os.path.join(home, name))
        for name in ("bin", "lib", "lib64"):
            os.symlink("usr/" + name, os.path.join(home, name))
        os.makedirs("/run/sshd", exist_ok=True)
        self.binds = {os.path.join(home, "usr"): "/usr",
                      os.path.join(home, "dev"): "/dev"}
        with open(self.path("passwd")) as file:
            hashed = file.read().split(":")[1]
        self._add("passwd", "%s:x:%d:%d::/:/bin/sh" % (self.user, UID, GID))
        self._add("shadow", "%s:%s:19000:0:99999:7:::" % (self.user, hashed))
        self._root = place

    def _add(self, name, line):
        path = self.path("sshd-" + name)
        with open("/etc/" + name) as file:
            text = file.read().rstrip("\n") + "\n" + line + "\n"
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644), "w") as out:
            out.write(text)
        self.binds["/etc/" + name] = path

    def authorize(self, *keys, form="openssh", user=None):
        super().authorize(*keys, form=form, user=user)

    def config(self):
        lines = ["Port %d" % self.port, "ListenAddress 127.0.0.1",
                 "PidFile none", "LogLevel DEBUG1", "UsePAM no",
                 "StrictModes no", "PasswordAuthentication yes",
                 "KbdInteractiveAuthentication no", "UseDNS no",
                 "MaxStartups 100", "MaxSessions 20",
                 "AuthorizedKeysFile " + self.path("keys/%u"),
                 "ChrootDirectory " + self._root,
                 "Subsystem sftp internal-sftp -u 022"]
        lines += ["HostKey " + self.path("host_" + kind)
                  for kind in ("ed25519", "ecdsa", "rsa")]
        return "\n".join(lines + [self.directives]) + "\n"

    def launch(self):
        with open(self.path("sshd_config"), "w") as conf:
            conf.write(self.config())
        argv = self._bound([SSHD, "-D", "-e", "-f",
                            self.path("sshd_config")])
        # The home with all that is mounted in it.
        script = argv.index("-c") + 1
        argv[script] = argv[script].replace(
            'exec "$@"', "mount --rbind '%s' '%s' && exec \"$@\""
            % (self.home(), self._root))
        with open(self.path("sftp.log"), "ab") as out:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd="/", start_new_session=True)

    def log(self, name):
        text = super().log(name)
        for word, ours in WORDS.items():
            text = text.replace(word, ours)
        return text
