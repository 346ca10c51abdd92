#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# sanitizers: no

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
NOT_HERE = re.compile(r"apt-get |autoconf |nft |echo 'Port 2200'|sshd -[tT]|"
                      r"grep -niE|systemctl (disable|enable) --now |"
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
        script, done = "mkdir /srv/root\n", 0
        for kind, text, where in blocks.plan("README.md"):
            if kind == "write":
                script += "cat > %s <<'END'\n%s\nEND\n" % (where, text)
            elif kind == "run":
                for line in blocks.commands_of(text):
                    if NOT_HERE.match(line):
                        continue
                    script += line.replace("/root/", "/srv/root/") + "\n"
                    done += 1
                    if line.startswith("sftp "):
                        script += ("cmp upload /srv/sftp/alice/files/upload\n"
                                   "answers 21\n")
        script += "! answers 21\nanswers 2222\necho all\n"
        expect(done >= 6, "only %d lines" % done)
        expect(place.follow(script).endswith("all\n"), "it did not end")

    in_place(follow)


@promise("a wrong line of a file in conf.d is named and left out, as README says")
def _():
    def follow(place):
        for name, line in (("wrong", "DefaultRot ~"), ("right", "Umask 077")):
            place.put("/etc/proftpd/conf.d/one.conf",
                      "Umask 022\n%s\nTimeoutIdle 60\n" % line)
            place.follow("proftpd -t > %s 2>&1\n"
                         "grep -v '^Checking syntax of configuration file$' %s"
                         " > %s.more || :\n" % (name, name, name))
        out = place.sh("cat wrong.more")
        expect("fatal: unknown configuration directive 'DefaultRot' on line 2"
               in out and "unable to open parse file" in out, out)
        expect_same(place.sh("cat right.more"), "", "of a right file")

    in_place(follow)


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
        page = blocks.blocks_in("doc/man/sftp-user.8.md")
        config = [one.text for one in page if one.text.startswith("AuthOrder")]
        examples = [one.text for one in page if one.heading == "EXAMPLES"]
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


ARCHIVE = """Package: proftpd-mod-sftp
Version: %s
Architecture: all
Maintainer: nobody <root@localhost>
Description: a module
Filename: ./%s.deb
Size: 1
SHA256: %064d

"""
STATUS = """Package: proftpd-mod-sftp
Status: install ok installed
Version: 2.0.1
Architecture: all
Maintainer: nobody <root@localhost>
Description: a module

"""
# An archive with two versions, and the state of apt, below this directory.
APT = r"""
mkdir -p archive state/lists/partial cache/archives/partial dpkg/updates \
  dpkg/info dpkg/triggers preferences
echo "deb [trusted=yes] file:$PWD/archive ./" > list
for file in available diversions statoverride; do : > dpkg/$file; done
for word in Dir::State=$PWD/state Dir::State::status=$PWD/dpkg/status \
    Dir::Cache=$PWD/cache Dir::Etc::sourcelist=$PWD/list \
    Dir::Etc::sourceparts=/none Dir::Etc::preferences=$PWD/preferences/here \
    Dir::Etc::preferencesparts=/none Dir::Etc::main=/none Dir::Etc::parts=/none \
    APT::Sandbox::User=root DPKG::Options::=--admindir=$PWD/dpkg; do
  echo "${word%%=*} \"${word#*=}\";"
done > apt.conf
export APT_CONFIG=$PWD/apt.conf
apt-get -qq update
candidate() { apt-cache policy proftpd-mod-sftp | sed -n 's/.*Candidate: //p'; }
"""


@promise("the pins of the page on packages choose as it says, and a package is "
         "held")
def _():
    def follow(place):
        found = [one for one in blocks.blocks_in("doc/packages.md")
                 if one.heading == "Pin a choice"]
        pins = [one.text for one in found if one.text.startswith("Package")]
        hold = [one.text for one in found if one.text.startswith("apt-mark")]
        expect_same((len(pins), len(hold)), (2, 1), "blocks")
        place.sh("mkdir archive dpkg")
        for path, text in (
                ("archive/Packages", "".join(ARCHIVE % (v, v, 0) for v in
                                             ("2.0.2", "2.1.0"))),
                ("dpkg/status", STATUS), ("keep-out", pins[0] + "\n"),
                ("stay", pins[1] + "\n")):
            place.put(path, text)
        out = place.follow(APT + "echo first $(candidate)\n"
                           "cp keep-out preferences/here\n"
                           "echo second $(candidate)\n"
                           "cp stay preferences/here\n"
                           "echo third $(candidate)\nrm preferences/here\n"
                           + hold[0] + "\napt-mark showhold\n"
                           "apt-get -s upgrade")
        for words in ("first 2.1.0", "third 2.0.2", "set on hold"):
            expect(words in out, "no '%s' in\n%s" % (words, out))
        expect("second 2.1.0" not in out and "second 2.0.2" not in out, out)
        expect("Inst proftpd-mod-sftp" not in out, out)

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
