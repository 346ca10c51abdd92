#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTPSandbox: what an attacker who runs code inside a session can do after
the login.  mod_intruder is the attacker.
"""

import ctypes
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise, skip
import bare_system
from companion import add_companion
from rawsftp import Raw, num, string
from server import GID, Server, has_module, must, wait_for

GROUP = GID + 30

libc = ctypes.CDLL(None, use_errno=True)
LANDLOCK = max(libc.syscall(444, None, ctypes.c_size_t(0), 1), 0)
with open("/proc/self/status") as own:
    FILTERS = "Seccomp_filters:" in own.read()


def prepare(lines, **more):
    server = Server(lines, **more)
    add_companion(server, "mod_intruder")
    secret = server.put("secret", b"of root", 0o600)
    os.chown(secret, 0, 0)
    return server


strict = prepare("SFTPSandbox strict\n")
off = prepare("SFTPSandbox off\n")
unknown = prepare("", drop=("DefaultRoot",))
rooted = prepare("SFTPSandbox strict\nRootLogin on\nUseFtpUsers off\n"
                 "CapabilitiesEngine off\n")
rooted.edit("passwd", lambda fields: fields.__setitem__(
    slice(2, 4), ("0", "0")))
plain = Server("", modules=("mod_exec",) if has_module("mod_exec.so") else ())
servers = [strict, off, unknown, rooted, plain]


def status(server):
    with open("/proc/%d/status" % server.session()) as file:
        return {key: value.strip() for key, value in
                (line.split(":", 1) for line in file)}


def attack(server, name="attack"):
    """What became of each attack: 0, or the name of errno."""
    with Raw(server, 3) as raw:
        raw.status(14, string(("/" + name).encode()) + num(0))
    with open(server.home("result")) as file:
        lines = [line.rsplit(" ", 1) for line in file.read().splitlines()]
    return {name: errno.errorcode.get(int(err), 0) for name, err in lines}


DENIED = ("setuid", "setresuid", "setresgid", "setgroups", "capset", "chown",
          "chroot", "mount", "umount", "pivot_root", "open_by_handle_at",
          "fork", "execve", "fexecve", "ptrace the daemon", "read the daemon",
          "kill the daemon", "kill another", "kill the group", "kill all",
          "pidfd another", "ptrace another", "read another", "limit another",
          "socket AF_INET", "socket AF_INET6", "socket AF_NETLINK",
          "socket AF_PACKET", "listen", "linger", "unshare", "setns", "keyctl",
          "bpf",
          "perf_event_open", "userfaultfd", "io_uring_setup", "personality",
          "clock_settime", "init_module", "kexec_load", "reboot", "syslog")
ALLOWED = ("own file", "socket AF_UNIX", "kill itself with 0")


@promise("an attacker inside a session cannot become root, take a file, run "
         "a program, touch another process, reach the network or the kernel")
def _():
    if not FILTERS:
        skip("this kernel has no filters")
    with Raw(strict, 3):
        other = strict.session()
        found = attack(strict, "attack-%d" % other)
        os.kill(other, 0)
    for name in DENIED:
        expect_same(found[name], "EPERM", name)
    for name in ALLOWED:
        expect_same(found[name], 0, name)
    expect_same(found["clone3"], "ENOSYS", "clone3")
    expect_same(found.get("x32", "ENOSYS"), "ENOSYS", "x32")
    info = os.stat(strict.home("secret"))
    expect_same((info.st_uid, info.st_gid), (0, 0), "owner of root's file")


@promise("a forgotten descriptor leads neither out of the root nor to the "
         "network")
def _():
    if LANDLOCK < 2:
        skip("this kernel has no Landlock, or an old one")
    found = attack(strict)
    for name in ("outside", "list outside", "up"):
        expect_same(found[name], "EACCES", name)
    if LANDLOCK >= 4:
        expect_same(found["connect an old socket"], "EACCES", "connect")


@promise("without the sandbox the same attacks get further")
def _():
    found = attack(off)
    for name in ("fork", "outside", "up", "socket AF_INET", "listen",
                 "personality", "own file"):
        expect_same(found[name], 0, name)
    expect_same(found["execve"], "ENOENT", "execve")
    off.wait_log("sftp.log", "session not confined: SFTPSandbox off")
    expect("SFTPSandbox off: sessions are not confined" in
           off.log("start.log"), "no line at the start")


@promise("the process has no privileges to gain and leaves no core dump")
def _():
    with Raw(strict, 3):
        pid = strict.session()
        found = status(strict)
        with open("/proc/%d/limits" % pid) as file:
            core = [line.split()[4:6] for line in file
                    if line.startswith("Max core")]
        expect_same(core, [["0", "0"]], "limit of core dumps")
        expect_same(os.stat("/proc/%d/mem" % pid).st_uid, 0, "not dumpable")
    expect_same(found["NoNewPrivs"], "1", "NoNewPrivs")
    if FILTERS:
        expect_same((found["Seccomp"], found["Seccomp_filters"]), ("2", "1"),
                    "filters")
    for field in ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"):
        expect_same(int(found[field], 16), 0, field)


@promise("one line in SFTPLog says how a session is confined")
def _():
    line = "session confined: no new privileges, no capabilities to gain"
    line += ", filtered system calls" if FILTERS else ""
    line += ", files below its root" if LANDLOCK >= 2 else ""
    line += ", no TCP" if LANDLOCK >= 4 else ""
    attack(strict)
    strict.wait_log("sftp.log", line + ", no core dump\n")


@promise("root, where they may log in, keeps the capabilities that files need, "
         "and nothing else")
def _():
    # CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SYS_RESOURCE
    caps = 0x0100001f
    with Raw(rooted, 3):
        found = status(rooted)
    for field in ("CapPrm", "CapEff"):
        expect_same(int(found[field], 16) & ~caps, 0, field)
    expect(int(found["CapEff"], 16) & 0x1f == 0x1f, found["CapEff"])
    expect_same(int(found["CapBnd"], 16), 0, "CapBnd")
    if FILTERS:
        found = attack(rooted)
        for name in DENIED:
            # These are rights to files, or need another session.
            if name not in ("capset", "chown") and name in found:
                expect_same(found[name], "EPERM", name)
    rooted.wait_log("sftp.log", r"; open: root's rights to files \(root's own "
                    r"login\)")


class Bare(Server):
    """In a container that refuses what a sandbox is made of."""

    def command(self):
        return ["/usr/bin/python3", bare_system.__file__] + super().command()


@promise("where the system refuses all of it, the login works, and the line "
         "says what is missing")
def _():
    if not FILTERS or not bare_system.known():
        skip("no filters, or an unknown machine")
    server = Bare("").start()
    servers.append(server)
    with Raw(server, 3) as raw:
        expect(raw.list("/") is not None, "no listing")
        found = status(server)
    expect_same((found["NoNewPrivs"], found["Seccomp_filters"]), ("0", "1"),
                "what is in force")
    expect_same(int(found["CapPrm"], 16), 0, "CapPrm")
    server.wait_log("sftp.log", r"session confined: no core dump; this system "
                    r"refuses: no_new_privs \(Operation not permitted\), an "
                    r"empty bounding set \(Operation not permitted\), "
                    r"Landlock \(Operation not permitted\), a filter of "
                    r"system calls \(Operation not permitted\)")


@promise("a module that nobody knows gets what modules may need, and the log "
         "says so at the start and at the login")
def _():
    expect("SFTPSandbox does not know mod_intruder, and leaves it programs, "
           "network sockets and signals" in unknown.log("start.log"),
           "no line at the start")
    with Raw(unknown, 3):
        found = status(unknown)
    expect_same(found["NoNewPrivs"], "0", "NoNewPrivs")
    unknown.wait_log("sftp.log", r"; open: programs \(mod_intruder\), network "
                     r"sockets \(mod_intruder\), signals \(mod_intruder\)")
    if FILTERS:
        expect_same(found["Seccomp"], "2", "Seccomp")


@promise("a module that is loaded but not configured opens nothing")
def _():
    with Raw(plain, 3):
        found = status(plain)
    expect_same(found["NoNewPrivs"], "1", "NoNewPrivs")
    expect("open:" not in plain.log("sftp.log"), plain.log("sftp.log"))


@promise("where other programs run, they are no more confined than before, "
         "set-id bits included")
def _():
    if not has_module("mod_exec.so"):
        skip("no mod_exec")
    server = Server("ExecEngine on\nExecLog @DIR@/exec.log\n"
                    "ExecOnCommand MKD @DIR@/note\n", modules=("mod_exec",),
                    drop=("DefaultRoot",))
    servers.append(server)
    must(server_copy(server))
    with open(server.path("note"), "w") as out:
        out.write("#!/bin/sh\n%s -g > %s\n" % (server.path("id"),
                                               server.home("group")))
    os.chmod(server.path("note"), 0o755)
    server.start()
    with Raw(server, 3) as raw:
        raw.status(14, string(server.home("new").encode()) + num(0))
        wait_for(lambda: os.path.exists(server.home("group"))
                 and server.get("group"), "the program")
    expect_same(server.get("group").strip(), b"%d" % GROUP, "its group")
    server.wait_log("sftp.log", r"session confined: .*; open: programs "
                    r"\(mod_exec\)")
    expect("sessions may run programs, for mod_exec" in
           server.log("start.log"), "no line at the start")


def server_copy(server):
    """A set-group-id copy of id(1)."""
    from server import run
    return run(["install", "-o", "0", "-g", str(GROUP), "-m", "2755",
                "/usr/bin/id", server.path("id")])


main(*servers)
