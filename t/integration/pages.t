#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The commands and configurations of README, of the page of recipes and of
sftp-user(8) work as they are written, as far as that is harmless here:
t/pages/run does all of README in clean roots."""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../pages"))
import blocks
from machine import Machine
from server import ASAN, PRELOAD, SOURCE, said
from tap import expect, expect_same, main, promise, skip

# Lines that need a clean root: they install, build, or move sshd.
NOT_HERE = re.compile(r"apt-get |autoconf |nft |echo 'Port 2200'|sshd -t|"
                      r"sed -i 's/Port 2222")

# In front of a page's lines; there is no systemd here.
PRELUDE = r"""
set -eu
systemctl() {
  [ "$1 $2" = "restart proftpd" ] || return 1
  if [ -s /run/proftpd.pid ]; then
    pid=$(cat /run/proftpd.pid)
    kill "$pid"
    while [ -d "/proc/$pid" ] && ! grep -q "^State:.Z" "/proc/$pid/status"; do
      sleep 0.1
    done
    rm -f /run/proftpd.pid
  fi
  proftpd
}
proftpd() {
  env ${PRELOAD:+LD_PRELOAD=$PRELOAD} /usr/sbin/proftpd "$@"
}
export -f proftpd
answers() {
  for n in 1 2 3 4 5 6 7 8 9 10; do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}
sftp() {
  answers 2222
  echo 'put upload files/' | command sftp -b - -F none -o \
    UserKnownHostsFile=/srv/known -o StrictHostKeyChecking=accept-new "$@"
}
trap '[ ! -s /run/proftpd.pid ] || kill "$(cat /run/proftpd.pid)"' EXIT
"""


class Place(Machine):
    """A machine with Debian's configuration and nothing of ours."""

    def __init__(self):
        super().__init__()
        if self.up:
            self.sh("rm -rf /etc/proftpd/conf.d/* /etc/ssh/ssh_host_* "
                    "/etc/proftpd/sftp-users; echo data > upload; "
                    "chmod 755 .")

    def follow(self, script):
        env = dict(self.env(), PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
        result = self.run("bash", "-c", PRELUDE + script, env=env)
        expect(result.returncode == 0, script + "\n" + said(result))
        return result.stdout.decode()


def in_place(func):
    place = Place()
    try:
        if not place.up:
            skip("no namespaces or no overlay here: " + place.why()[:200])
        func(place)
    finally:
        place.switch_off()


@promise("README's first steps lead to an upload, and turn FTP off")
def _():
    def follow(place):
        script, done = "", 0
        for kind, text, where in blocks.plan("README.md"):
            if kind == "write":
                script += "cat > %s <<'END'\n%s\nEND\n" % (where, text)
            elif kind == "run":
                for line in text.split("\n"):
                    if NOT_HERE.match(line):
                        continue
                    script += line + "\n"
                    done += 1
                    if line.startswith("sftp "):
                        script += ("cmp upload /srv/sftp/alice/files/upload\n"
                                   "answers 21\n")
        script += "! answers 21\nanswers 2222\necho all\n"
        expect(done >= 6, "only %d lines" % done)
        expect(place.follow(script).endswith("all\n"), "it did not end")

    in_place(follow)


@promise("every block of README is run, written or left for a reason")
def _():
    kinds = [kind for kind, _, _ in blocks.plan("README.md")]
    expect(kinds.count("run") >= 6 and kinds.count("write") >= 1, kinds)
    expect_same(kinds.count("leave"), len(blocks.NOT_RUN), "blocks that are "
                "left")
    for kind, text, place in blocks.plan("README.md"):
        expect(kind != "write" or place, "where does it go?\n" + text)


@promise("the commands of the page of recipes start one of them")
def _():
    def follow(place):
        first = blocks.blocks_of("doc/recipes/README.md")[0][0]
        place.follow("sftp-user add alice --new-key alice.key\ncd %s\n%s\n"
                     "answers 2222\n" % (SOURCE, first))

    in_place(follow)


@promise("the examples and the configuration of sftp-user(8) work")
def _():
    def follow(place):
        page = blocks.blocks_of("doc/man/sftp-user.8.md")
        config = [text for text, _ in page if text.startswith("AuthOrder")]
        examples = [text for text, _ in page if re.match("sftp-user add [a-z]",
                                                         text)]
        expect_same((len(config), len(examples)), (1, 3), "blocks")
        place.put("/etc/proftpd/conf.d/users.conf", config[0] + "\n")
        place.follow(
            "ssh-keygen -A; ssh-keygen -q -t ed25519 -N '' -f alice\n"
            "cp alice.pub shop.pub; mkdir /srv/www /srv/root\n"
            + "\n".join(examples).replace("/root/", "/srv/root/")
            + "\nsed -i 's/^AuthOrder/<IfModule !mod_sftp.c>\\nLoadModule "
            "mod_sftp.c\\n<\\/IfModule>\\n&/' /etc/proftpd/conf.d/users.conf\n"
            "proftpd -t\nsftp-user list | grep '^shop .*/srv/www/shop$'\n"
            "sftp-user remove bob --delete-files\n")

    in_place(follow)


@promise("a machine whose name has no address gets one clear line, not a "
         "crash")
def _():
    def follow(place):
        place.put("/etc/hosts", "127.0.0.1 localhost\n")
        place.put("/etc/proftpd/conf.d/sftp.conf", "LoadModule mod_sftp.c\n"
                  "<VirtualHost 127.0.0.1>\n  Port 2222\n</VirtualHost>\n")
        for words in ("-t", "-n"):
            out = place.follow(
                "unshare --uts bash -c 'hostname no-such-machine && ! proftpd "
                "%s -q -d 0' 2>&1\ncat /var/log/proftpd/proftpd.log || :"
                % words)
            expect("the main server has no address: set DefaultAddress" in out
                   and "STACK" not in out, out)

    in_place(follow)


@promise("each directive that a page of recipes names is in the manual")
def _():
    with open(os.path.join(SOURCE, "doc/manual.md")) as file:
        heads = set(re.findall(r"^#### (SFTP\w+)", file.read(), re.M))
    for path in glob.glob(os.path.join(SOURCE, "doc/recipes/*.conf")):
        with open(path) as file:
            names = set(re.findall(r"^\s*(SFTP\w+)", file.read(), re.M))
        expect_same(names - heads, set(), os.path.basename(path))


main()
