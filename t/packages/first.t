#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A newcomer's path with the package: the first steps of doc/packages.md, in a
root that has nothing, with apt as it comes.  The commands run in a network of
their own, except apt-get."""

import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../pages")]
import blocks  # noqa: E402
from root import (PACKAGES, PATIENCE, ROOT, at, expect,  # noqa: E402
                  expect_same)
from tap import diag, main, promise  # noqa: E402
import tap  # noqa: E402

tap.LIMIT = 3600

PAGE = "doc/packages.md"
FILE = "/srv/sftp/alice/files/report"
TIMES = "/root/times"

# Stands in for systemd, and for who types at sftp's prompt.
PRELUDE = r"""
cd /root
exec 8>%s
step() { printf '%%s\t%%s\n' "$(date +%%s.%%N)" "$1" >&8; }
apt-get() {
  command nsenter --net=/proc/self/fd/9 apt-get -q -y \
    -o APT::Install-Recommends=true \
    -o Dir::Cache::archives=/var/cache/apt/archives "$@" 8>&-
}
pid=/run/proftpd.pid
systemctl() {
  [ "$*" = "restart proftpd" ] || return 1
  [ ! -s $pid ] || kill "$(cat $pid)"
  mkdir -p /run/proftpd
  /usr/sbin/proftpd 8>&- 9<&-
}
sftp() {
  local n=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; do
    n=$((n + 1)); [ $n -lt 100 ] || return 1
    sleep 0.1
  done
  echo "$typed" |
    command sftp -b - -o StrictHostKeyChecking=accept-new "$@" 8>&- 9<&-
}
trap '[ ! -s $pid ] || kill "$(cat $pid)"' EXIT
cp %s/*.deb .
head -c 100000 /dev/urandom > report
"""


def commands():
    """The block of the page that ends with sftp, and what is typed there."""
    for text, _ in blocks.blocks_of(PAGE):
        lines = text.split("\n")
        if lines[-1].startswith("sftp "):
            return lines
    raise AssertionError("no first steps in " + PAGE)


def follow(lines):
    script = PRELUDE % (TIMES, shlex.quote(PACKAGES)) + "typed='put report " \
        "files/'\n"
    for line in lines:
        script += "step %s\n%s\n" % (shlex.quote(line), line)
    script += "step end\n"
    with open(at("/root/first-steps"), "w") as file:
        file.write(script)
    done = subprocess.run(
        ["bash", "-c", "exec 9</proc/self/ns/net; exec unshare --net sh -c "
         "'ip link set lo up && exec chroot \"$0\" /usr/bin/env -i HOME=/root "
         "TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
         "/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "
         "bash -eu /root/first-steps' " + shlex.quote(ROOT)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, errors="replace", timeout=PATIENCE)
    expect_same(done.returncode, 0, "status of the commands; they printed\n"
                + done.stdout[-4000:] + "\nstatus")


@promise("package, user, first upload: every command works as it is written")
def _():
    follow(commands())
    with open(at(FILE), "rb") as got, open(at("/root/report"), "rb") as sent:
        expect(got.read() == sent.read(), "the file has changed")
    expect_same(os.stat(at(FILE)).st_uid, 20000, "owner of the file")


@promise("the first upload is there within ten minutes")
def _():
    with open(at(TIMES)) as file:
        marks = [line.rstrip("\n").split("\t", 1) for line in file]
    took = [(float(after[0]) - float(mark[0]), mark[1])
            for mark, after in zip(marks, marks[1:])]
    whole = sum(seconds for seconds, _ in took)
    apt = sum(seconds for seconds, line in took if line.startswith("apt-get"))
    diag("first upload after %.1f minutes, %.0f s of them for apt-get; %d "
         "commands, and one line at sftp's prompt" % (whole / 60, apt,
                                                     len(took)))
    for seconds, line in took:
        diag("%6.1f s  %s" % (seconds, line))
    expect(whole < 600, "%d seconds" % whole)


@promise("the file in conf.d says the same commands as the page")
def _():
    with open(at("/etc/proftpd/conf.d/mod_sftp.conf")) as file:
        said = re.findall(r"^#   (.*)$", file.read(), re.M)
    expect_same(said, commands()[2:-1], "commands")


main()
