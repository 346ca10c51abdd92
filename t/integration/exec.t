#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Commands on exec channels: answered by the server, never by a shell."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import UID, Server, run, said

srv = Server("""
<Directory @DIR@/home/alice/secret>
  <Limit SITE_DIGEST>
    DenyAll
  </Limit>
</Directory>
<Directory @DIR@/home/alice/closed>
  <Limit STAT>
    DenyAll
  </Limit>
</Directory>
ExtendedLog @DIR@/ext.log ALL exts
LogFormat exts "%m %J %s"
""")
few = Server("SFTPExecCommands none +md5sum +echo\n")
none = Server("SFTPExecCommands none\n")


def ask(line, server=srv, data=b""):
    return server.ssh("-T", "srv", line, input=data)


def gives(line, status, out, err=b"", **more):
    result = ask(line, **more)
    expect_same((result.returncode, result.stdout, result.stderr),
                (status, out, err), repr(line))


def as_gnu(*args):
    """What the tools of this machine say in the user's home."""
    return run(list(args), cwd=srv.home(), env={"LC_ALL": "C"})


@promise("checksums have the output of the GNU tools, byte for byte")
def _():
    srv.put("a", b"hello\n")
    srv.put("empty", b"")
    srv.put("sp ace/it's", os.urandom(70000))
    srv.put("new\nline", b"1")
    srv.put("back\\slash", b"2")
    names = ["a", "empty", "sp ace/it's", "new\nline", "back\\slash", "no",
             "no pe", "sp ace"]
    quoted = " ".join("'%s'" % name.replace("'", "'\\''") for name in names)
    for tool in ("md5sum", "sha1sum", "sha256sum", "sha512sum"):
        for option in ("", "-b", "--tag", "-z"):
            want = as_gnu(tool, *([option] if option else []), *names)
            gives("%s %s %s" % (tool, option, quoted), 1, want.stdout,
                  want.stderr)


@promise("checksums of the input: the client's, another command's, none")
def _():
    big = os.urandom(5000000)
    gives("md5sum", 0, hashlib.md5(big).hexdigest().encode() + b"  -\n",
          data=big)
    gives("sha1sum -", 0, hashlib.sha1(b"").hexdigest().encode() + b"  -\n")
    gives("echo 'abc' | md5sum", 0,
          hashlib.md5(b"abc\n").hexdigest().encode() + b"  -\n")
    gives("echo -n | sha256sum -b </dev/null", 0,
          hashlib.sha256(b"").hexdigest().encode() + b" *-\n")


@promise("a large file has its checksum, and its name may be a pattern")
def _():
    data = os.urandom(40000000)
    srv.put("big/one.bin", data)
    gives("cd /big && md5sum *.bin", 0,
          hashlib.md5(data).hexdigest().encode() + b"  one.bin\n")


@promise("paths pass the rules: <Limit>, and the user's root")
def _():
    srv.put("secret/x", b"x")
    result = ask("md5sum /secret/x ../../../../etc/passwd")
    expect_same(result.returncode, 1, said(result))
    expect_same(result.stdout, b"", "output")
    lines = result.stderr.decode().splitlines()
    expect("Permission denied" in lines[0] and "SITE_DIGEST" in lines[0],
           said(result))
    expect("No such file" in lines[1], said(result))
    expect("EXTENDED /secret/x" in srv.log("ext.log"), srv.log("ext.log"))


@promise("df in the forms that clients ask for")
def _():
    for line, words, head in (
            ("df -k", 6, "1K-blocks"), ("df -k '/sp ace'", 6, "1K-blocks"),
            (" df -Pk  /", 6, "1024-blocks"), ("df -h", 6, "Size"),
            ("df --block-size=1 .", 6, "1B-blocks")):
        result = ask(line)
        expect_same(result.returncode, 0, said(result))
        lines = result.stdout.decode().splitlines()
        expect_same(len(lines), 2, "lines of %r" % line)
        expect(lines[0].startswith("Filesystem") and head in lines[0],
               lines[0])
        expect_same(len(lines[1].split()), words, lines[1])
        expect(lines[1].split()[4].endswith("%"), lines[1])
    stat = os.statvfs(srv.home())
    total = int(ask("df -k").stdout.split()[-5])
    expect_same(total, stat.f_blocks * stat.f_frsize // 1024, "total")


@promise("pwd, cd, echo, true, date")
def _():
    gives("pwd", 0, b"/\n")
    gives("cd 'sp ace' && pwd; echo $?x", 0, b"/sp ace\nx\n")
    gives("cd /none || echo 'none there'", 0, b"none there\n",
          b"cd: /none: No such file or directory\n")
    gives("true", 0, b"")
    gives("echo ${ShellId}%ComSpec%", 0, b"%ComSpec%\n")
    gives('echo -n "$HOME" $USER \'$USER\' a\\ b', 0, b"/ alice $USER a b")
    result = ask("date -u +%Y")
    expect(result.returncode == 0 and len(result.stdout) == 5, said(result))


@promise("id, test -e, -d and -f: under the rules of STAT")
def _():
    srv.put("there/f", b"f")
    srv.put("closed/f", b"f")
    for line, status in (("test -e there", 0), ("test -d there", 0),
                         ("test -f there", 1), ("test -f there/f", 0),
                         ("test -d there/f", 1), ("test -e none", 1),
                         ("test -e closed/f", 1), ("test -f closed/f", 1),
                         ("test -e closed/none", 1),
                         ("test -e /etc/passwd", 1)):
        gives(line, status, b"")
    gives("id -u", 0, b"%d\n" % UID)
    gives("id -un", 0, b"alice\n")
    result = ask("id")
    expect(result.stdout.startswith(b"uid=%d(alice) gid=" % UID),
           said(result))
    expect_same(ask("id root").returncode, 1, "somebody else")


@promise("everything else: one line on stderr, status 127 or 1")
def _():
    for line in ("ls", "sh", "bash -c 'touch /x'", "/bin/true", "rsync --server",
                 "true; rm -rf /", "git-upload-pack '/x'", "$(id)", "`id`",
                 "python3 - <<EOF\nx\nEOF"):
        result = ask(line)
        expect_same(result.returncode, 127, said(result))
        expect_same(len(result.stderr.splitlines()), 1, said(result))
        expect(b"not found" in result.stderr, said(result))
    for line in ("echo $(id)", "echo x > /x", "echo `id`", "echo 'open",
                 "echo x &", "true < /etc/passwd", "echo ${x:-y}",
                 "md5sum -c x", "md5sum --check x", "df -i", "date -s 12:00",
                 "cd a"):
        result = ask(line)
        expect_same(result.returncode, 1, line + ": " + said(result))
        expect_same(len(result.stderr.splitlines()), 1, said(result))
    expect(not os.path.exists(srv.home("x")), "something was written")


@promise("SFTPExecCommands selects commands")
def _():
    few.put("a", b"hello\n")
    gives("md5sum a", 0, b"b1946ac92492d2347c6235b4d2611184  a\n",
          server=few)
    expect_same(ask("sha1sum a", server=few).returncode, 127, "sha1sum")
    expect_same(ask("echo x | sha1sum", server=few).returncode, 127, "pipe")
    for line in ("md5sum a", "echo x", "true"):
        expect_same(ask(line, server=none).returncode, 127, line)


main(srv, few, none)
