#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""OpenSSH's sftp does against us what it does against sshd."""

import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
from server import Server, client, must, said, wait_for, GID, UID
from trees import make_tree, same_tree, ODD_NAMES

srv = Server()


@promise("login with a key, upload and download of 5 MB unharmed")
def _():
    data = os.urandom(5000001)
    sent, got = srv.local("sent", data), srv.local("got")
    must(srv.sftp("put %s up\nget up %s" % (sent, got)))
    expect(srv.get("up") == data, "the upload differs")
    with open(got, "rb") as file:
        expect(file.read() == data, "the download differs")


@promise("login with the password")
def _():
    batch = srv.local("pwbatch", b"pwd\n")
    with open(batch, "rb") as file:
        result = client(["sftp", "-q", "-F", srv.ssh_config(),
                         "-o", "PubkeyAuthentication=no", "srv"],
                        stdin=file, env=srv.password_env())
    must(result)
    expect(b"working directory: /" in result.stdout, said(result))


@promise("a wrong password is refused, and the session ends")
def _():
    env = srv.password_env()
    env["SSH_ASKPASS"] = "/bin/false"
    result = srv.sftp("pwd", "-o", "BatchMode=no", "-o",
                      "PubkeyAuthentication=no", env=env)
    expect(result.returncode != 0, "logged in without the password")
    srv.no_sessions()


@promise("an empty file, and files around the size of a packet")
def _():
    for size in (0, 1, 32767, 32768, 32769, 261119, 261120, 261121, 524288):
        data = os.urandom(size)
        sent, got = srv.local("s%d" % size, data), srv.local("g%d" % size)
        must(srv.sftp("put %s f\nget f %s" % (sent, got)))
        expect(srv.get("f") == data, "upload of %d bytes differs" % size)
        with open(got, "rb") as file:
            expect(file.read() == data, "download of %d bytes" % size)


@promise("put -p and get -p keep mode and times")
def _():
    sent, got = srv.local("sp", b"x"), srv.local("gp")
    os.chmod(sent, 0o640)
    os.utime(sent, (1000000000, 1100000000))
    must(srv.sftp("put -p %s fp\nget -p fp %s" % (sent, got)))
    for path in (srv.home("fp"), got):
        info = os.stat(path)
        expect_same(stat.S_IMODE(info.st_mode), 0o640, "mode of " + path)
        expect_same(int(info.st_mtime), 1100000000, "mtime of " + path)


@promise("uploads belong to the user who logged in")
def _():
    must(srv.sftp("put %s mine" % srv.local("own", b"x")))
    info = os.stat(srv.home("mine"))
    expect_same((info.st_uid, info.st_gid), (UID, GID), "owner")


@promise("reput continues where an upload stopped")
def _():
    data = os.urandom(300000)
    srv.put("part", data[:100000])
    must(srv.sftp("reput %s part" % srv.local("part", data)))
    expect(srv.get("part") == data, "the file differs")


@promise("reget continues where a download stopped")
def _():
    data = os.urandom(300000)
    srv.put("rest", data)
    got = srv.local("rest", data[:100000])
    must(srv.sftp("reget rest %s" % got))
    with open(got, "rb") as file:
        expect(file.read() == data, "the file differs")


@promise("an upload onto a longer file shortens it")
def _():
    srv.put("long", b"x" * 100000)
    must(srv.sftp("put %s long" % srv.local("short", b"short")))
    expect_same(srv.get("long"), b"short", "content")


@promise("put -r and get -r of a tree with odd names")
def _():
    tree = srv.local("tree/.")
    make_tree(tree)
    must(srv.sftp("put -r %s up-tree" % os.path.dirname(tree)))
    same_tree(tree, srv.home("up-tree"))
    must(srv.sftp("get -r up-tree %s" % srv.local("down-tree")))
    same_tree(tree, srv.local("down-tree"))


@promise("every odd name can be uploaded, listed and removed by itself")
def _():
    srv.mkdir("odd")
    sent = srv.local("oddly", b"x")
    batch = []
    for name in ODD_NAMES:
        # What is a pattern for sftp itself has no way to be written there.
        if not re.search(r"[\\*?\[\]{}]", name):
            name = name.replace('"', '\\"')
            batch += ['put %s "odd/%s"' % (sent, name), 'ls "odd/%s"' % name,
                      'rm "odd/%s"' % name]
    must(srv.sftp("\n".join(batch)))
    expect_same(os.listdir(srv.home("odd")), [], "what is left")


@promise("ls shows every name; ls -l size, mode and time; ls -a dot files")
def _():
    srv.put("list/one", b"12345", 0o604)
    os.utime(srv.home("list/one"), (1000000000, 1000000000))
    srv.put("list/.hidden")
    srv.mkdir("list/sub")
    out = must(srv.sftp("ls -1 list")).stdout.decode()
    expect_same(sorted(re.findall(r"^list/(\S+)", out, re.M)),
                ["one", "sub"], "ls")
    out = must(srv.sftp("ls -la list")).stdout.decode()
    expect(re.search(r"^-rw----r-- .* 5 Sep +9 +2001 .*one$", out, re.M), out)
    expect(re.search(r"^drwxr-xr-x .*sub$", out, re.M), out)
    expect(re.search(r"^-rw-r--r-- .*\.hidden$", out, re.M), out)


@promise("a directory of 3,000 entries is listed without loss")
def _():
    srv.mkdir("many")
    names = ["entry-%05d-%s" % (n, "x" * (n % 50)) for n in range(3000)]
    for name in names:
        open(srv.home("many/" + name), "w").close()
    out = must(srv.sftp("ls -1 many")).stdout.decode()
    found = re.findall(r"^many/(\S+)", out, re.M)
    expect_same(len(found), 3000, "number of entries")
    expect_same(sorted(found), sorted(names), "names")


@promise("mkdir, cd, pwd, rmdir; rmdir of a full directory fails")
def _():
    result = must(srv.sftp("mkdir d\ncd d\npwd\nmkdir e\ncd ..\nrmdir d/e"))
    expect(b"/d" in result.stdout, said(result))
    expect(os.path.isdir(srv.home("d")), "no directory was made")
    srv.put("d/file")
    expect(srv.sftp("rmdir d").returncode != 0, "rmdir of a full directory")
    must(srv.sftp("rm d/file\nrmdir d"))
    expect(not os.path.exists(srv.home("d")), "the directory is still there")


@promise("mkdir of an existing name fails and changes nothing")
def _():
    srv.put("exists/file", b"x")
    expect(srv.sftp("mkdir exists").returncode != 0, "it did not fail")
    expect_same(srv.get("exists/file"), b"x", "content")


@promise("rename onto an existing file replaces it (posix-rename)")
def _():
    srv.put("old", b"old")
    srv.put("new", b"new")
    must(srv.sftp("rename old new"))
    expect_same(srv.get("new"), b"old", "content")
    expect(not os.path.exists(srv.home("old")), "the old name is there")


@promise("the plain rename of version 3 refuses an existing target")
def _():
    srv.put("src", b"src")
    srv.put("dst", b"dst")
    expect(srv.sftp("rename -l src dst").returncode != 0, "no refusal")
    expect_same(srv.get("dst"), b"dst", "content")
    must(srv.sftp("rename -l src fresh"))
    expect_same(srv.get("fresh"), b"src", "content")


@promise("chmod sets the mode, chgrp to a foreign group is refused")
def _():
    srv.put("perm", b"", 0o644)
    must(srv.sftp("chmod 600 perm"))
    expect_same(stat.S_IMODE(os.stat(srv.home("perm")).st_mode), 0o600,
                "mode")
    expect(srv.sftp("chgrp 0 perm").returncode != 0, "chgrp 0 worked")


@promise("symlinks are created as given, listed, followed and read back")
def _():
    srv.put("real", b"target")
    must(srv.sftp("ln -s real sym"))
    expect_same(os.readlink(srv.home("sym")), "real", "target")
    got = srv.local("sym")
    must(srv.sftp("get sym %s" % got))
    with open(got, "rb") as file:
        expect_same(file.read(), b"target", "content through the link")
    out = must(srv.sftp("ls -l")).stdout.decode()
    expect(re.search(r"^lrwx.* sym\b", out, re.M), out)


@promise("ln makes a hard link")
def _():
    srv.put("hard1", b"x")
    must(srv.sftp("ln hard1 hard2"))
    expect(os.path.samefile(srv.home("hard1"), srv.home("hard2")),
           "not one file")


@promise("rm removes a file but not a directory")
def _():
    srv.put("gone")
    srv.mkdir("stays")
    must(srv.sftp("rm gone"))
    expect(not os.path.exists(srv.home("gone")), "it is still there")
    expect(srv.sftp("rm stays").returncode != 0, "rm of a directory worked")
    expect(os.path.isdir(srv.home("stays")), "the directory is gone")


@promise("df agrees with the file system")
def _():
    out = must(srv.sftp("df")).stdout.decode().split()
    info = os.statvfs(srv.home())
    total = info.f_blocks * info.f_frsize // 1024
    expect(str(total) in out, "%d KiB not in %s" % (total, out))


@promise("cp copies on the server (copy-data)")
def _():
    data = os.urandom(700000)
    srv.put("cp-src", data)
    result = srv.sftp("cp cp-src cp-dst")
    if b"Invalid command" in result.stderr:
        skip("this sftp has no cp")
    must(result)
    expect(srv.get("cp-dst") == data, "the copy differs")


@promise("missing files, forbidden files and directories cause the right "
         "errors")
def _():
    result = srv.sftp("get nowhere")
    expect(b"not found" in result.stderr or b"No such file" in result.stderr,
           said(result))
    path = srv.put("secret", b"x", 0o600)
    os.chown(path, 0, 0)
    result = srv.sftp("get secret %s" % srv.local("secret"))
    expect(b"ermission denied" in result.stderr, said(result))
    expect(srv.sftp("put %s no/such/dir/f" % srv.local("x", b"x")).returncode
           != 0, "a file in a missing directory")


@promise("nothing outside the chroot can be reached")
def _():
    os.symlink("/etc/passwd", srv.home("escape"))
    got = srv.local("escape")
    for name in ("escape", "../../../../etc/passwd", "/etc/passwd"):
        srv.sftp("get %s %s" % (name, got))
        expect(not os.path.exists(got), "%s came through" % name)


@promise("a sparse file of more than 4 GiB: its end is read and written")
def _():
    size = 5 * 1024 * 1024 * 1024
    path = srv.put("big")
    os.truncate(path, size)
    got = srv.local("big")
    with open(got, "wb") as file:
        file.truncate(size - 100000)
    must(srv.sftp("reget big %s" % got))
    expect_same(os.path.getsize(got), size, "size")
    os.truncate(path, size - 5)
    with open(got, "r+b") as file:
        file.seek(size - 5)
        file.write(b"TAIL!")
    must(srv.sftp("reput %s big" % got))
    with open(path, "rb") as file:
        file.seek(size - 5)
        expect_same(file.read(), b"TAIL!", "the end of the file")
    os.unlink(got)
    os.unlink(path)


@promise("hundreds of requests in flight, and small ones, arrive in order")
def _():
    data = os.urandom(2000000)
    sent, got = srv.local("flight", data), srv.local("flown")
    must(srv.sftp("put %s flight\nget flight %s" % (sent, got),
                  "-R", "512", "-B", "4000"))
    with open(got, "rb") as file:
        expect(file.read() == data, "the file differs")


@promise("several sessions through one connection (ControlMaster)")
def _():
    data = os.urandom(400000)
    sent = srv.local("shared", data)
    path = srv.path("ctl")
    master = ["-o", "ControlPath=" + path]
    must(srv.ssh("-f", "-N", "-M", *master, "srv"))
    try:
        for number in range(4):
            must(srv.sftp("put %s shared%d" % (sent, number), *master))
            expect(srv.get("shared%d" % number) == data, "file differs")
    finally:
        srv.ssh("-O", "exit", *master, "srv")


@promise("clients that want no more sessions still get their first one")
def _():
    # OpenSSH's client asks servers for that which it takes for its own.
    likely = Server('ServerIdent on "OpenSSH_9.9"').start()
    sent = likely.local("alone", b"alone")
    try:
        for result in (likely.sftp("put %s alone" % sent, "-v"),
                       likely.scp("-v", sent, "srv:alone"),
                       likely.scp("-v", "-O", sent, "srv:alone"),
                       likely.ssh("-v", "srv", "sha256sum alone")):
            must(result)
            expect(b"no-more-sessions@openssh.com" in result.stderr,
                   "it was not asked for: " + said(result))
    finally:
        likely.stop_clean()


@promise("rename works to another file system, too")
def _():
    far = Server()
    far.mkdir("far")
    os.mkdir(far.path("elsewhere"))
    os.chown(far.path("elsewhere"), UID, GID)
    far.binds[far.home("far")] = far.path("elsewhere")
    far.start()
    try:
        data = os.urandom(300001)
        far.put("file", data, 0o640)
        os.utime(far.home("file"), (1000000000, 1100000000))
        os.symlink("file", far.home("link"))
        far.mkdir("folder")
        must(far.sftp("rename file far/file\nrename link far/link"))
        moved = os.path.join(far.path("elsewhere"), "file")
        with open(moved, "rb") as file:
            expect(file.read() == data, "the content differs")
        st = os.stat(moved)
        expect_same((stat.S_IMODE(st.st_mode), st.st_uid, int(st.st_mtime)),
                    (0o640, UID, 1100000000), "mode, owner, time")
        expect_same(os.readlink(os.path.join(far.path("elsewhere"), "link")),
                    "file", "the link")
        far.put("file", b"newer")
        must(far.sftp("rename file far/file"))
        with open(moved, "rb") as file:
            expect_same(file.read(), b"newer", "what was there before")
        expect(far.sftp("rename folder far/folder").returncode != 0,
               "a directory cannot be moved, and was")
        expect_same(sorted(os.listdir(far.path("elsewhere"))),
                    ["file", "link"], "what is there")
        expect_same(os.listdir(far.home()).count("folder"), 1, "the directory")
        expect(not os.path.lexists(far.home("file"))
               and not os.path.lexists(far.home("link")), "they stay")
    finally:
        far.stop_clean()


@promise("a shell and unknown commands are refused with a message, and do "
         "not hang")
def _():
    result = srv.ssh("-tt", "srv")
    expect(result.returncode != 0, "a shell was given")
    result = srv.ssh("srv", "whoami")
    expect(result.returncode != 0, "a command ran")
    expect(srv.user.encode() not in result.stdout, said(result))


@promise("forwarding is refused and the session continues")
def _():
    result = srv.sftp("pwd", "-o", "LocalForward=127.0.0.1:1 127.0.0.1:1",
                      "-o", "ExitOnForwardFailure=no")
    must(result)
    result = srv.ssh("-o", "ExitOnForwardFailure=yes", "-N", "-R",
                     "0:127.0.0.1:1", "srv")
    expect(result.returncode != 0, "remote forwarding was accepted")


main(srv)
