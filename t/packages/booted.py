# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The root that t/packages/run made, booted: systemd is its process 1, in
namespaces of its own, with a network that has only lo."""

import contextlib
import os
import signal
import subprocess

from root import ROOT, SCRATCH, at, inside, wait_for
from tap import Failed, skip

# A group of processes of its own, which systemd takes for the root of all.
ENTER = r"""
set -e
mount --make-rprivate /
mkdir -p "$2"
mount -t cgroup2 cgroup2 "$2"
mkdir -p "$2/$3"
echo 0 > "$2/$3/cgroup.procs"
umount "$2"
exec unshare --mount --pid --fork --kill-child --net --ipc --uts --cgroup \
  bash -c "$4" boot "$1"
"""
LEAVE = r"""
mount -t cgroup2 cgroup2 "$1" || exit
# Until the last of its processes has ended.
for n in $(seq 100); do
  find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -d "$1/$2" ] || exit 0
  sleep 0.1
done
"""

# Everything below is mounted in these namespaces alone, and ends with them.
BOOT = r"""
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
  : > dev/$name
  mount --bind /dev/$name dev/$name
done
ln -s /proc/self/fd dev/fd
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t cgroup2 cgroup2 sys/fs/cgroup
ip link set lo up
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=journal
"""

# They wait for a network that does not come, or ask questions.
MASKED = ("systemd-networkd-wait-online.service", "systemd-firstboot.service",
          "systemd-networkd.service", "systemd-networkd.socket")


class Booted:
    def __init__(self):
        # Only from here on does a package start what it brings.
        os.unlink(at("/usr/sbin/policy-rc.d"))
        for name in MASKED:
            path = at("/etc/systemd/system/" + name)
            if not os.path.lexists(path):
                os.symlink("/dev/null", path)
        # Tests restart a service more often than people do.
        os.makedirs(at("/etc/systemd/system.conf.d"))
        with open(at("/etc/systemd/system.conf.d/test.conf"), "w") as file:
            file.write("[Manager]\nDefaultStartLimitBurst=1000\n")
        inside("systemd-machine-id-setup")
        self.group = "mod_sftp-%d" % os.getpid()
        self.mount = os.path.join(SCRATCH, "cgroup")
        self.log = os.path.join(SCRATCH, "boot.log")
        with open(self.log, "wb") as log:
            # It ends with this test, however that ends.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount",
                 "bash", "-c", ENTER, "enter", ROOT, self.mount, self.group,
                 BOOT], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = None
        try:
            self.wait()
        except BaseException:
            self.off()
            raise

    def wait(self):
        children = "/proc/%d/task/%d/children" % ((self.process.pid,) * 2)

        def started():
            if self.process.poll() is not None:
                with open(self.log) as log:
                    skip("systemd does not start here: " + log.read()[-300:])
            with open(children) as file:
                pid = file.read().strip()
            with contextlib.suppress(OSError):
                with open("/proc/%s/comm" % pid) as file:
                    if file.read() == "systemd\n":
                        self.pid = pid
                        return os.path.exists("/proc/%s/root/run/systemd/"
                                              "private" % pid)
            return False

        wait_for(started, "systemd")
        # "degraded" is enough: not all of a machine is here.
        self.sh("systemctl is-system-running --wait || true")

    def sh(self, script, status=0):
        """Runs it with bash -e, as root at its console; what it printed."""
        done = subprocess.run(
            ["nsenter", "--target", self.pid, "--all", "env", "-i",
             "HOME=/root", "TERM=dumb", "LC_ALL=C.UTF-8",
             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
             "/bin", "SYSTEMD_PAGER=cat", "bash", "-eu", "-c",
             "cd /root\n" + script], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            errors="replace", timeout=300)
        if status is not None and done.returncode != status:
            raise Failed("exit %d of\n%s\nIt printed\n%s\nThe journal\n%s" % (
                done.returncode, script, done.stdout[-3000:],
                self.sh("ss -ltnp; journalctl --no-pager -n 40", None)))
        return done.stdout

    def off(self):
        """The kernel ends all processes with process 1."""
        if self.pid:
            os.kill(int(self.pid), signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        subprocess.run(["unshare", "--mount", "bash", "-c", LEAVE, "leave",
                        self.mount, self.group])
