#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The package on a machine that systemd has booted: units, sockets, logs."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../pages")]
import blocks  # noqa: E402
from booted import Booted  # noqa: E402
from root import apt, at, expect, expect_same, inside, our_deb  # noqa: E402
from tap import main, promise  # noqa: E402
import tap  # noqa: E402

tap.LIMIT = 3600

EXAMPLES = "/usr/share/doc/proftpd-mod-sftp/examples"
HELPERS = r"""
answers() {
  local n
  for n in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}
# bash -e does not end at "! command".
fails() { if "$@"; then echo "worked: $*"; return 1; fi; }
typed='put upload files/'
sftp() {
  answers "$2"
  echo "$typed" | command sftp -b - -o StrictHostKeyChecking=accept-new "$@"
}
"""
machine = None


def sh(script, status=0):
    return machine.sh(HELPERS + script, status)


def commands_at_top(name):
    """The indented commands of a recipe's head."""
    with open(at(EXAMPLES + "/" + name)) as file:
        lines = re.findall(r"^#(?:   (.*))?$", file.read(), re.M)
    return re.sub(r"\\\n", "\\\n", "\n".join(line for line in lines if line))


@promise("a machine boots with the package, and its first steps work")
def _():
    global machine
    # As Debian's installer does.
    with open(at("/etc/hosts"), "a") as hosts:
        hosts.write("::1 localhost\n")
    inside("apt-get", "-qq", "update")
    apt("install", "systemd-sysv", "openssh-client", "openssh-server",
        "iproute2", "logrotate", our_deb())
    machine = Booted()
    text = [text for text, _ in blocks.blocks_of("doc/packages.md")
            if "\nsftp " in text][0]
    steps = [line for line in text.split("\n")
             if not line.startswith("apt-get")]
    expect(len(steps) == 5, steps)
    sh("head -c 100000 /dev/urandom > upload\n" + "\n".join(steps)
       + "\ncmp upload /srv/sftp/alice/files/upload\n"
       "systemctl is-active proftpd")


@promise("sftp-user reloads the service, unless its configuration is broken")
def _():
    sh("""
sftp-user add bob --new-key /root/bob.key --dir in --reload | grep reloaded
typed='put upload in/'
sftp -P 2222 -i bob.key bob@localhost
echo 'NoSuchDirective on' > /etc/proftpd/conf.d/broken.conf
sftp-user remove bob --delete-files --reload > removed 2>&1
rm /etc/proftpd/conf.d/broken.conf
grep 'not reloaded, the configuration has an error' removed
[ $(systemctl show -p NRestarts --value proftpd) = 0 ]
systemctl reload proftpd
typed=pwd
sftp -P 2222 -i alice.key alice@localhost
fails sftp -P 2222 -i bob.key bob@localhost""")


@promise("the log is rotated, and goes on in the new file")
def _():
    sh("""
log=/var/log/proftpd/sftp.log
grep -q "login of 'alice'" $log
logrotate -f /etc/logrotate.d/mod_sftp
typed=pwd
for n in $(seq 50); do
  sftp -P 2222 -i alice.key alice@localhost
  ! grep -qs "login of 'alice'" $log || break
done
grep "login of 'alice'" $log
grep -q "login of 'alice'" $log.1
[ "$(stat -c %a:%G $log)" = 640:adm ]""")


@promise("the hardened unit serves users of its own and those of the system, "
         "by key and by password")
def _():
    out = sh("truncate -s 0 /var/log/proftpd/*.log\ncd %s\n%s\n" % (
        EXAMPLES, commands_at_top("hardening.conf")) + r"""
cd /root
sftp -P 2222 -i alice.key alice@localhost
cmp upload /srv/sftp/alice/files/upload
for pid in $(systemctl show -p MainPID --value proftpd); do
  grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status
done
sed -i 's/^Define MOD_SFTP_USERS/#&/' /etc/proftpd/conf.d/mod_sftp.conf
useradd --create-home --home-dir /srv/sue --shell /bin/bash sue
echo sue:'long enough' | chpasswd
proftpd -t && systemctl restart proftpd
printf '#!/bin/sh\necho "long enough"\n' > askpass
chmod 755 askpass
answers 2222
echo 'put upload' | SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force \
  setsid sftp -o StrictHostKeyChecking=accept-new -P 2222 sue@localhost
cmp upload /srv/sue/upload
grep -q 'session confined: ' /var/log/proftpd/sftp.log
fails grep -h 'refuses: .*Operation not permitted' /var/log/proftpd/*.log
[ "$(stat -c %U /srv/sue/upload)" = sue ]
sed -i 's/^#Define/Define/' /etc/proftpd/conf.d/mod_sftp.conf
proftpd -t && systemctl restart proftpd
""")
    held = dict(re.findall(r"^(CapBnd|NoNewPrivs|Seccomp):\s*(\w+)", out,
                           re.M))
    expect_same((held["NoNewPrivs"], held["Seccomp"]), ("1", "2"), "status")
    with open(os.path.join(at(EXAMPLES), "hardening.conf")) as file:
        wanted = re.search("^CapabilityBoundingSet=(.*)$", file.read(), re.M)
    expect_same(bin(int(held["CapBnd"], 16)).count("1"),
                len(wanted.group(1).split()), "capabilities")


@promise("port 22 is taken over from sshd, also from its socket, as README "
         "says")
def _():
    page = [one.text for one in blocks.blocks_in("README.md")
            if one.heading == "First steps"]
    found = [text for text in page if re.match(
        "systemctl disable --now ssh.socket|echo 'Port 2200'|sshd -t", text)]
    expect_same(len(found), 3, "blocks")
    # Nobody has connected, so sshd has not run yet.
    sh("systemctl disable --now ssh.service\n"
       "systemctl enable --now ssh.socket\n"
       "[ $(systemctl is-active ssh.service) = inactive ]\n"
       + "\n".join(found) + "\nanswers 2200\n"
       "fails bash -c ': 3<>/dev/tcp/127.0.0.1/22' 2>/dev/null\n"
       "sed -i 's/Port 2222/Port 22/' /etc/proftpd/conf.d/mod_sftp.conf\n"
       "proftpd -t && systemctl restart proftpd\n"
       "sftp -P 22 -i alice.key alice@localhost\n"
       "ssh-keyscan -p 2200 127.0.0.1 2>&1 | grep OpenSSH\n")


@promise("a socket of systemd starts a session for each connection, as the "
         "recipe says, and bounds them")
def _():
    # The recipe has users of its own.
    sh("sftp-user remove alice --delete-files\ncd %s\n" % EXAMPLES
       + "cp /root/alice.key.pub alice.pub\n"
       + commands_at_top("sftp-inetd.conf") + r"""
rm alice.pub
cd /root
[ "$(systemctl is-active proftpd)" = inactive ]
[ -z "$(systemctl list-units --no-legend 'sftp@*')" ]
sftp -P 2222 -i alice.key alice@localhost
cmp upload /srv/sftp/alice/files/upload
sftp -P 2222 -i alice.key alice@127.0.0.1
grep "login of 'alice' .*127.0.0.1" /var/log/proftpd/sftp.log
greeted() { local line; exec 3<>/dev/tcp/127.0.0.1/2222
  read -r -t 60 line <&3 && [ "${line#SSH-2.0-}" != "$line" ] && sleep 60; }
for n in 1 2 3 4 5 6 7 8 9 10; do greeted & done
units() { systemctl list-units --no-legend 'sftp@*' | grep -c running; }
for n in $(seq 100); do [ "$(units)" = 10 ] && break; sleep 0.1; done
[ "$(units)" = 10 ]
# The eleventh of one source; another source is let in.
fails bash -c 'exec 3<>/dev/tcp/127.0.0.1/2222; read -r -t 20 line <&3'
kill $(jobs -p)
for n in $(seq 100); do [ "$(units)" = 0 ] && break; sleep 0.1; done
sftp -P 2222 -i alice.key alice@localhost
[ -z "$(systemctl --failed --no-legend | grep sftp)" ]""")


try:
    main()
finally:
    if machine:
        machine.off()
