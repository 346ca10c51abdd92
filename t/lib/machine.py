# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A machine with files and a network of its own, as far as namespaces go: its
/etc, /srv, /run and logs may be changed, and it listens on any port."""

import os
import shutil
import signal
import subprocess
import tempfile

from server import (ASAN, MODULE, PRELOAD, PROFTPD, SOURCE, module_folder,
                    must, run, trusted_place, wait_for)

# What is on top of the real directories vanishes with the namespace.
MOUNTS = """
set -e
cd "$1"
mount -t tmpfs -o size=96m,mode=755 tmpfs top
mkdir -p top/up top/work top/srv top/run/proftpd top/log top/modules
cp -L "$2"/*.so top/modules/
cp "$3" top/modules/mod_sftp.so
cp "${3%/*}/sftp-cell" "${3%/*}/sftp-check" top/modules/
chmod 644 top/modules/*.so
mount -t overlay -o "lowerdir=/etc,upperdir=$1/top/up,workdir=$1/top/work" \
  overlay /etc
# As Debian's installer does: without that, ProFTPD has no main server.
name=$(uname -n)
getent hosts "$name" > top/name || echo "127.0.1.1 $name" >> /etc/hosts
mount --bind top/srv /srv
mount --bind top/log /var/log/proftpd
mount --bind top/modules "$2"
mount --bind top/run /run
ip link set lo up
shift 3
for address in "$@"; do
  ip addr add "$address/32" dev lo
done
echo ready
exec sleep infinity
"""


def without_propagation():
    how = ["unshare", "--mount", "--net"]
    if run(how + ["true"]).returncode != 0:
        # In a root that is no mount point the namespace is private as it is.
        how += ["--propagation", "unchanged"]
    return how


class Machine:
    def __init__(self, addresses=()):
        self.dir = tempfile.mkdtemp(prefix="mod_sftp-m-", dir=trusted_place())
        os.chmod(self.dir, 0o755)
        os.mkdir(self.path("top"))
        os.mkdir(self.path("work"))
        self.started = []
        self.holder = subprocess.Popen(
            without_propagation() + ["sh", "-c", MOUNTS, "machine", self.dir,
                                     module_folder(), MODULE]
            + list(addresses), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=open(self.path("holder.log"), "w"))
        self.up = self.holder.stdout.readline() == b"ready\n"

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def why(self):
        with open(self.path("holder.log")) as file:
            return file.read()

    def enter(self, argv):
        return ["nsenter", "-t", str(self.holder.pid), "-m", "-n", "-r",
                "--wd=" + self.path("work")] + argv

    def env(self):
        env = dict(os.environ, PATH=os.path.join(SOURCE, "tools") +
                   ":/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root")
        for name in ("TMPDIR", "MOD_SFTP_PRELOAD"):
            env.pop(name, None)
        return env

    def run(self, *argv, **more):
        more.setdefault("env", self.env())
        return run(self.enter(list(argv)), **more)

    def sh(self, script, **more):
        return must(self.run("sh", "-ec", script, **more)).stdout.decode()

    def put(self, path, text):
        """A file in the machine."""
        self.sh("mkdir -p \"$(dirname '%s')\" && cat > '%s'" % (path, path),
                input=text.encode())

    def read(self, path):
        return self.sh("cat '%s' 2>/dev/null || :" % path)

    def begin(self, *argv, **more):
        """A program that runs until the machine is switched off."""
        more.setdefault("env", self.env())
        log = open(self.path("%d.log" % len(self.started)), "wb")
        process = subprocess.Popen(self.enter(list(argv)),
                                   stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, **more)
        process.log = log.name
        self.started.append(process)
        return process

    def proftpd(self, *words, **more):
        env = self.env()
        if PRELOAD:
            env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
        return self.begin(PROFTPD, "-n", *words, env=env, **more)

    def output(self, process):
        with open(process.log, errors="replace") as file:
            return file.read()

    def listens(self, port, process, address="127.0.0.1"):
        def check():
            if process.poll() is not None:
                raise RuntimeError("it ended:\n" + self.output(process))
            script = ("exec 3<>/dev/tcp/%s/%d && head -c 4 <&3"
                      % (address, port))
            return self.run("bash", "-c", script, timeout=60).stdout
        return wait_for(check, "port %d" % port)

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.started = []

    def switch_off(self):
        self.stop()
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        if os.environ.get("MOD_SFTP_KEEP"):
            print("# kept " + self.dir)
            return
        shutil.rmtree(self.dir, ignore_errors=True)
