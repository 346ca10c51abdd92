#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""t/pages/run's script: the pages of blocks.FOLLOWED, line by line, with what
a line takes for granted, and how it is seen that it has worked."""

import sys

import blocks

# The state before and after a line: (the page, or None for all; how the line
# begins): commands.
BEFORE = {
    (None, "nft "): """
quietly apt-get install nftables
dropped() { local s=0; timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" || s=$?
  [ $s = 124 ]; }
if nft list ruleset >/dev/null 2>&1; then
  # A firewall that drops: by its last rule, and by its policy.
  nft -f /etc/nftables.conf
  nft add rule inet filter input ct state established,related accept
  nft add rule inet filter input drop
  nft add chain inet filter input '{ policy drop; }'
  dropped 2222
else
  nft() { echo 'no nftables in this kernel: not run'; }
  dropped() { true; }
fi""",
    (None, "systemctl disable --now ssh.socket"): """
quietly apt-get install openssh-server""",
    ("doc/first-server.md", "sftp -P 2222 -i alice_key"): """
grep -q server.example /etc/hosts || echo 127.0.0.1 server.example >> /etc/hosts
cd /root
BATCH='put /src/README.md'""",
    ("doc/first-server.md", "sftp -P 2222 bob"): """
cp /src/README.md /srv/sftp/bob/news
chown 2002:2000 /srv/sftp/bob/news
BATCH='get news /root/news' PASSWORD='another pass phrase'""",
    ("doc/manual.md", "ssh-keygen -t ed25519 -f ca"): """
cd /root
ssh-keygen -q -t ed25519 -N '' -f id_ed25519""",
    ("doc/recipes/README.md", "cp doc/recipes"): """
cd /src
cp /etc/proftpd/proftpd.conf /root/proftpd.conf
rm -f /etc/proftpd/conf.d/sftp.conf
# The page before this one has taken the directory of alice.
sftp-user remove alice; rm -rf /srv/sftp/alice /root/alice.key*
sftp-user add alice --new-key /root/alice.key
IDENTITY=/root/alice.key""",
    ("doc/recipes/README.md", "ftpwho"): """
: > /var/log/proftpd/sftp.log
BATCH=pwd; sftp -P 2222 alice@localhost
fails sftp -P 2222 nobody@localhost""",
    ("doc/man/sftp-migrate.8.md", "sftp-migrate --check"): """
cd /src
cp /root/proftpd.conf /etc/proftpd/proftpd.conf
grep -q '^UsePAM yes' /etc/ssh/sshd_config
quietly make uninstall
quietly apt-get install proftpd-mod-crypto
quietly make install""",
    ("doc/man/sftp-migrate.8.md", "systemctl restart proftpd"): """
kill $(cat /run/sshd.pid)
while answers 2200; do sleep 0.1; done""",
    # A server with the packaged module.
    ("doc/coming-from-packaged.md", "make install"): """
cd /src
quietly make uninstall
rm /etc/proftpd/conf.d/from-sshd.conf
cat > /etc/proftpd/conf.d/sftp.conf <<'END'
LoadModule mod_sftp.c
<VirtualHost 0.0.0.0>
  Port 2222
  SFTPEngine on
  SFTPLog /var/log/proftpd/sftp.log
  SFTPHostKey /etc/ssh/ssh_host_ed25519_key
  SFTPHostKey /etc/ssh/ssh_host_rsa_key
  AuthOrder mod_auth_file.c
  AuthUserFile /etc/proftpd/sftp-users/passwd
  AuthGroupFile /etc/proftpd/sftp-users/group
  SFTPAuthorizedUserKeys file:/etc/proftpd/sftp-users/keys/%u
  RequireValidShell off
  DefaultRoot ~
</VirtualHost>
END
sftp-user() { python3 /src/tools/sftp-user "$@"; }
quietly sftp-user add user --new-key /root/user.key
systemctl restart proftpd
answers 2222
host_keys > /root/keys.packaged
fails ours""",
    ("doc/coming-from-packaged.md", "sftp -P 2222 user@"): """
IDENTITY=/root/user.key BATCH='put README.md files/'""",
}
AFTER = {
    (None, "ssh-keygen -A"): "test -s /etc/ssh/ssh_host_rsa_key",
    # README: "and nothing else".
    (None, "proftpd -t"): """
[ "$(proftpd -t 2>&1)" = 'Checking syntax of configuration file' ]""",
    ("README.md", "sftp -P 2222"): """
cmp README.md /srv/sftp/alice/files/README.md
first_upload""",
    ("README.md", "sed -i 's/^Port"): "answers 21",
    (None, "nft "): """
answers 2222
dropped 2223
nft list ruleset
nft flush ruleset""",
    (None, "systemctl enable --now ssh"): "answers 22",
    (None, "sshd -T"): """
[ "$(sshd -T | grep -E '^(port|listenaddress) ' | grep -vc '2200$')" = 0 ]
# An administrator whose main file names a port as well.
echo 'Port 22' >> /etc/ssh/sshd_config
[ "$(sshd -T | grep -E '^(port|listenaddress) ' | grep -c ' 22$')" = 1 ]
[ "$(sshd -T | grep -E '^(port|listenaddress) ' | grep -c ':22$')" -gt 0 ]""",
    (None, "grep -niE '^ *(port"): """
grep -niE '^ *(port|listenaddress)' /etc/ssh/sshd_config \\
  /etc/ssh/sshd_config.d/* > /found
grep -x '/etc/ssh/sshd_config:[0-9]*:Port 22' /found
grep -x '/etc/ssh/sshd_config.d/port.conf:1:Port 2200' /found
sed -i 's/^Port 22$/#&/' /etc/ssh/sshd_config
[ "$(sshd -T | grep ^port)" = "port 2200" ]""",
    (None, "sshd -t"): "answers 2200\nfails answers 22",
    ("README.md", "sed -i 's/Port 2222/Port 22/'"): "answers 2222",
    ("doc/first-server.md", "sftp -P 2222 -i alice_key"): """
cmp /src/README.md /srv/sftp/alice/README.md""",
    ("doc/first-server.md", "sftp -P 2222 bob"): """
cmp /src/README.md /root/news
PASSWORD=""",
    ("doc/manual.md", "ssh-keygen -s ca"): """
ssh-keygen -L -f id_ed25519-cert.pub | grep '^ *alice$'""",
    ("doc/recipes/README.md", "proftpd -t"): "answers 2222",
    ("doc/man/sftp-migrate.8.md", "sftp-migrate -o"): """
test -s /etc/proftpd/conf.d/from-sshd.conf""",
    ("doc/man/sftp-migrate.8.md", "systemctl restart proftpd"): """
answers 2200
ssh-keyscan -p 2200 127.0.0.1 | grep -q ssh-ed25519""",
    ("doc/coming-from-packaged.md", "ssh-keyscan"): """
host_keys | cmp - /root/keys.packaged
ours""",
    ("doc/coming-from-packaged.md", "sftp -P 2222 user@"): """
cmp README.md /srv/sftp/user/files/README.md
IDENTITY=""",
}
# After a page, or a file that it writes.
DONE = {
    "README.md": """
fails answers 21
fails answers 2222
answers 2200
sftp -P 22 -i /root/alice.key alice@localhost
""",
    "/etc/proftpd/container.conf": """
answers 2222
host_keys | cmp - /root/keys.packaged
fails ours
quietly apt-get install proftpd-mod-vroot
groupadd files; useradd -g files files
install -d -o files /run/files
mkdir /etc/files; touch /etc/files/passwd /etc/files/group
chmod 600 /etc/files/passwd; chown -R files /etc/files
ssh-keygen -q -t ed25519 -N '' -f /etc/files/host_ed25519
chown files /etc/files/host_ed25519
quietly make install
proftpd -t -c /etc/proftpd/container.conf
systemctl stop proftpd
setpriv --reuid=files --regid=files --clear-groups proftpd -n \\
  -c /etc/proftpd/container.conf 9<&- & container=$!
answers 2222
ours
kill $container
""",
}


def words_for(table, page, line):
    return [text.strip("\n") for (where, begin), text in table.items()
            if where in (None, page) and line.startswith(begin)]


def follow(page):
    """Prints a page for bash -e.  Each line is shown, and noted with the time
    in the file $TIMES."""
    print("PAGE=%s" % page)
    for kind, text, place in blocks.plan(page):
        if kind == "write":
            assert place, "where does this go?\n" + text
            print("step 'write %s'" % place)
            print("cat > %s <<'END_OF_BLOCK'\n%s\nEND_OF_BLOCK" % (place,
                                                                   text))
            print(DONE.get(place, "").strip("\n"))
        elif kind == "run":
            for line in blocks.commands_of(text):
                print("\n".join(words_for(BEFORE, page, line)))
                print("step '%s'\n%s" % (
                    line.replace("\\\n", " ").replace("'", "'\\''"), line))
                print("\n".join(words_for(AFTER, page, line)))
    print("step end")
    print(DONE.get(page, "").strip("\n"))


if __name__ == "__main__":
    for page in sys.argv[1:] or blocks.FOLLOWED:
        follow(page)
