#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: python3-paramiko

"""SFTPIsolation: who is not logged in speaks with a process that is nobody and
has nothing, and that ends with the login."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import diag, expect, expect_same, main, promise, skip
from server import (ASAN, NOBODY, PATIENCE, PRELOAD, PROFTPD, ByNobody,
                    wait_for)
from rawauth import RawAuth
from clients import paramiko_sftp
from isolated import Isolated

import paramiko
from paramiko.message import Message

with open("/etc/passwd") as accounts:
    OWN = next((tuple(map(int, line.split(":")[2:4])) for line in accounts
                if line.startswith("_sftp-cell:")), None)


# So many in place of 1,000 and 200, where they are counted.
SESSIONS = int(os.environ.get("MOD_SFTP_SESSIONS", 0))


def fields_of(pid):
    with open("/proc/%d/status" % pid) as status:
        return dict(line.rstrip("\n").split(":", 1) for line in status)


srv = Isolated("TimeoutLogin 200\nTimeoutIdle 200\nSFTPCompression delayed\n"
               "SFTPPerSourcePenalties crash:1h min:1s\n"
               "SFTPPerSourcePenaltyExemptList 127.0.0.1\n")
off = Isolated("SFTPIsolation off\n")


def must_be_nobody(pid, root=True):
    """As root, the ids of the account of cells, where the machine has it."""
    status = fields_of(pid)
    uid, gid = OWN if root and OWN else (NOBODY, NOBODY)
    expect_same(status["Uid"].split(), [str(uid)] * 4, "Uid")
    expect_same(status["Gid"].split(), [str(gid)] * 4, "Gid")
    expect_same(status["Groups"].split(), [], "Groups")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") + (
            ("CapBnd",) if root else ()):
        expect_same(int(status[name], 16), 0, name)
    expect_same(status["NoNewPrivs"].strip(), "1", "NoNewPrivs")
    if not PRELOAD:             # sanitizers need more calls
        expect_same(status["Seccomp"].strip(), "2", "Seccomp")
    if root:
        expect_same(os.listdir("/proc/%d/root" % pid), [], "its root")
        # Of a process that can be dumped, it is the process's.
        expect_same(os.stat("/proc/%d/environ" % pid).st_uid, 0, "dumpable")


def must_have_two_sockets(pid):
    folder = "/proc/%d/fd" % pid
    expect_same({name: os.readlink(os.path.join(folder, name)).split(":")[0]
                 for name in os.listdir(folder)},
                {"3": "socket", "4": "socket"}, "descriptors")


@promise("a client that is not logged in speaks with nobody, who has nothing")
def _():
    srv.no_cells()
    with srv.stranger():
        pid = srv.cell()
        must_be_nobody(pid)
        must_have_two_sockets(pid)
        expect_same(os.readlink("/proc/%d/exe" % pid), srv.program, "program")
        with open("/proc/%d/maps" % pid) as maps:
            expect("mod_sftp.so" not in maps.read(), "the module is there")
        with open("/proc/%d/environ" % pid) as environ:
            names = {word.split("=")[0] for word in environ.read().split("\0")}
        expect(not names & {"PATH", "HOME", "USER", "PWD"}, names)
        limits = {}
        with open("/proc/%d/limits" % pid) as file:
            for line in file:
                limits[line[:26].strip()] = line[26:].split()[:2]
        expect_same(limits["Max core file size"], ["0", "0"], "core")
        expect_same(limits["Max file size"], ["0", "0"], "files")
        expect_same(limits["Max open files"], ["5", "5"], "descriptors")
    srv.no_cells()


@promise("so is the process that makes it, which has no client's socket")
def _():
    srv.no_cells()
    pid = srv.nursery()
    must_be_nobody(pid)
    with srv.stranger():
        srv.cell()
        # The client's socket is not there for longer than a moment; the pipe
        # tells it of the session's end.
        def kinds():
            folder = "/proc/%d/fd" % pid
            return sorted(os.readlink(os.path.join(folder, name))
                          .split(":")[0] for name in os.listdir(folder))

        wait_for(lambda: kinds() == ["/dev/null"] * 3 + ["pipe", "socket"],
                 "null, a pipe and its control socket only")


@promise("no cell is left: after a login, a failed one, a client's end")
def _():
    srv.works()
    with srv.stranger() as raw:
        srv.cell()
        raw.conn.sock.shutdown(socket.SHUT_RDWR)
        srv.no_cells()
    srv.no_sessions()
    with RawAuth(srv.connect()) as raw:
        for _try in range(20):
            if raw.answer(raw.password("alice", "wrong")) == "gone":
                break
        srv.no_cells()
    sock = srv.connect()
    srv.cell()
    sock.close()
    srv.no_cells()
    srv.no_sessions()


@promise("a cell ends with its session")
def _():
    with srv.stranger():
        srv.cell()
        os.kill(srv.session(), signal.SIGKILL)
        srv.no_cells()
    srv.no_sessions()


@promise("a cell that is killed ends its connection: one line, a crash of its "
         "source, and nobody else notices")
def _():
    srv.no_sessions()
    with paramiko_sftp(srv) as sftp:
        handle = sftp.open("kept", "w")
        size = len(srv.log("sftp.log"))
        with srv.stranger("127.1.7.1") as raw:
            os.kill(srv.cell(), signal.SIGKILL)
            expect_same(raw.recv(), (None, None), "the connection")
        wait_for(lambda: len(srv.sessions()) == 1, "the session's end")
        lines = [line for line in srv.log("sftp.log")[size:].splitlines()
                 if "isolated process" in line]
        expect_same(len(lines), 1, lines)
        handle.write(b"whole")
        handle.close()
        with contextlib.closing(srv.connect_from("127.1.7.1")) as sock:
            expect(not sock.recv(4).startswith(b"SSH-"), "no penalty")
        expect_same(srv.get("kept"), b"whole", "file")
    srv.works()


@promise("after a cell that crashed, there is a nursery of another layout")
def _():
    first = srv.nursery()
    with srv.stranger() as other:
        stays = srv.cell()
        with srv.stranger("127.1.7.2"):
            both = wait_for(lambda: len(srv.cells()) == 2 and srv.cells(),
                            "two cells")
            # Sanitizers would catch SIGSEGV, and exit.
            os.kill((both - {stays}).pop(), signal.SIGQUIT)
            wait_for(lambda: srv.nurseries() - {first}, "another nursery")
        expect_same(srv.cells(), {stays}, "the other cell")
        other.conn.auth_handler = None
        other.conn.auth_password("alice", srv.password)
    wait_for(lambda: first not in srv.nurseries(), "the end of the first")
    srv.works()


@promise("without its nursery, clients log in, and there is another one soon")
def _():
    first = srv.nursery()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: first not in srv.nurseries(), "its end")
    srv.works()
    srv.wait_log("system.log", "nursery of isolated logins has ended")
    wait_for(lambda: srv.nurseries() - {first}, "another nursery")
    srv.works()


def pipes(pid):
    folder = "/proc/%d/fd" % pid
    found = []
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            link = os.readlink(os.path.join(folder, name))
            found += [link] if link.startswith("pipe:") else []
    return found


def has_asked(pid):
    """Whether a session has asked for a cell: of the pipe that its cell waits
    for, it has the one end left."""
    return len([pipe for pipe in pipes(pid)
                if pipe not in pipes(srv.process.pid)]) == 1


def used(pid):
    """Memory of its own in kB, and descriptors."""
    return (int(fields_of(pid)["RssAnon"].split()[0]),
            len(os.listdir("/proc/%d/fd" % pid)))


def leaves_nothing(serve, many):
    """`serve' serves so many clients and returns when they have left."""
    if PRELOAD:
        skip("sanitizers keep what was freed")

    def settled(n):
        serve(n)
        srv.no_sessions()
        srv.no_cells()
        wait_for(lambda: not srv.children(),
                 "the daemon to notice the end of its sessions")
        return [used(pid) for pid in pids]

    pids = srv.process.pid, srv.nursery()
    settled(100)
    before = settled(10)
    for who, old, new in zip(("daemon", "nursery"), before, settled(many)):
        diag("%s: %d kB and %d descriptors; %d clients later %d and %d"
             % (who, *old, many, *new))
        expect(new[0] - old[0] < 40, "%d kB more" % (new[0] - old[0]))
        expect_same(new[1], old[1], "descriptors")


@promise("1,000 connections leave nothing in the daemon and its nursery")
def _():
    def connect(n):
        for _ in range(n // 10):
            with contextlib.ExitStack() as stack:
                for sock in [stack.enter_context(srv.connect())
                             for _ in range(10)]:
                    expect_same(sock.recv(4), b"SSH-", "a server")

    leaves_nothing(connect, SESSIONS or 1000)


@promise("200 sessions that use files leave nothing there")
def _():
    def use(_number):
        with paramiko_sftp(srv) as sftp:
            with sftp.open("used", "w") as file:
                file.write(b"some bytes")
            sftp.listdir(".")

    def log_in(n):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(use, range(n)))

    leaves_nothing(log_in, SESSIONS or 200)


@promise("SIGHUP makes another nursery, while clients log in")
def _():
    first = srv.nursery()
    good, stop = [], threading.Event()

    def log_in():
        while not stop.is_set():
            try:
                with paramiko_sftp(srv) as sftp:
                    sftp.listdir(".")
                good.append(True)
            except (paramiko.SSHException, EOFError, OSError) as why:
                good.append(why)

    with srv.stranger() as raw:
        thread = threading.Thread(target=log_in)
        thread.start()
        try:
            wait_for(lambda: good, "a login")
            srv.process.send_signal(signal.SIGHUP)
            wait_for(lambda: srv.nurseries() - {first}, "another nursery")
            count = len(good)
            wait_for(lambda: len(good) > count + 1, "more logins")
        finally:
            stop.set()
            thread.join()
        expect(all(one is True for one in good), good)
        raw.conn.auth_handler = None
        raw.conn.auth_password("alice", srv.password)
    wait_for(lambda: first not in srv.nurseries(), "the end of the first")
    srv.works()


@promise("no two connections see the same random numbers")
def _():
    def cookie():
        with contextlib.closing(srv.connect()) as sock:
            file = sock.makefile("rb")
            line = file.readline()
            expect(line.startswith(b"SSH-2.0-"), line)
            sock.sendall(b"SSH-2.0-test\r\n")
            head = file.read(6)
            expect_same(head[5], 20, "KEXINIT")
            return file.read(16)

    seen = [cookie() for _ in range(40)]
    expect_same(len(set(seen)), len(seen), seen)
    srv.no_sessions()


@promise("a client that sends its whole script at once gets in")
def _():
    with RawAuth(srv.connect(), service=None) as raw:
        conn, service = raw.conn, Message()
        service.add_byte(b"\x05")
        service.add_string("ssh-userauth")
        conn._send_message(service)
        conn._send_message(raw.message("alice", "none"))
        conn._send_message(raw.password("alice", "wrong"))
        conn._send_message(raw.password("alice", srv.password))
        channel = Message()
        channel.add_byte(bytes([80]))
        channel.add_string("no-such-request@example.com")
        channel.add_boolean(True)
        conn._send_message(channel)
        expect_same([raw.recv()[0] for _ in range(4)], [6, 51, 51, 52],
                    "answers")
        srv.no_cells()
        # The answer to what stood behind the login.
        wait_for(lambda: not conn.is_active() or conn.global_response is None,
                 "the answer")


@promise("compression begins with the login, and keys change right after it")
def _():
    conn = paramiko.Transport(srv.connect())
    conn.use_compression(True)
    conn.start_client(timeout=PATIENCE)
    conn.auth_password("alice", srv.password)
    conn.renegotiate_keys()
    with conn.open_sftp_client() as sftp:
        with sftp.open("squeezed", "w") as file:
            file.write(b"many bytes " * 20000)
    expect_same(conn.remote_compression, "zlib@openssh.com", "compression")
    expect_same(srv.get("squeezed"), b"many bytes " * 20000, "file")
    conn.close()
    srv.no_sessions()


@promise("SFTPIsolation off: no cell, no nursery")
def _():
    with off.stranger():
        wait_for(off.sessions, "a session")
        expect_same(off._programs(), {}, "programs")
    off.works()


@promise("without its program the daemon does not start, and says why")
def _():
    text = Isolated(program=None).refuses_to_start()
    expect(re.search("SFTPIsolation: unable to run '.*/modules/sftp-cell': "
                     "No such file", text), text)


@promise("libcrypto's old algorithms are in a nursery only where they can be "
         "offered")
def _():
    def has_legacy(directives):
        one = Isolated(directives)
        one.start()
        with open("/proc/%d/maps" % one.nursery()) as maps:
            found = "/legacy.so" in maps.read()
        one.stop()
        return found

    if not has_legacy("SFTPCiphers +cast128-cbc\n"):
        skip("libcrypto's legacy provider is not installed")
    expect(has_legacy("SFTPAlgorithmProfile legacy\n"), "a profile")
    expect(has_legacy("SFTPClientMatch \"^Old\" sftpCiphers +cast128-cbc\n"),
           "a client")
    expect(not has_legacy(""), "by default")


@promise("behind inetd each session has a cell of its own")
def _():
    inetd = Isolated("ServerType inetd\n", drop=("ServerType",))
    inetd.write_config()
    env = {name: value for name, value in os.environ.items()
           if name not in ("TMPDIR", "MOD_SFTP_PRELOAD")}
    if PRELOAD:
        env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
    with socket.create_server(("127.0.0.1", inetd.port)) as listener:
        raw = []
        begin = threading.Thread(target=lambda: raw.append(inetd.stranger()))
        begin.start()
        sock, _ = listener.accept()
        with sock:
            process = subprocess.Popen(
                [PROFTPD, "-c", inetd.path("proftpd.conf")], stdin=sock,
                stdout=sock, stderr=subprocess.DEVNULL, env=env, cwd="/")
        begin.join()
        pid = inetd.cell()
        must_be_nobody(pid)
        must_have_two_sockets(pid)
        raw[0].conn.auth_handler = None
        raw[0].conn.auth_password("alice", inetd.password)
        inetd.no_cells()
        raw[0].conn.close()
        process.wait(PATIENCE)


@promise("a cell that no nursery made ends with its session, too")
def _():
    size = len(srv.log("system.log"))
    os.kill(srv.nursery(), signal.SIGKILL)
    with srv.stranger():
        cell = srv.cell()
        os.kill(srv.session(), signal.SIGKILL)
        wait_for(lambda: cell not in srv.cells(), "the end of the cell")
    srv.no_sessions()
    wait_for(lambda: not srv.supervisors(), "the end of its supervisor")
    wait_for(lambda: "starting another" in srv.log("system.log")[size:],
             "the daemon to start another nursery")
    srv.nursery()
    srv.works()


@promise("a nursery that ends before it makes a session's cell is no end of "
         "the session")
def _():
    srv.no_sessions()
    size = len(srv.log("sftp.log"))
    first = srv.nursery()
    os.kill(first, signal.SIGSTOP)
    with socket.create_connection(("127.0.0.1", srv.port), PATIENCE) as sock:
        wait_for(lambda: has_asked(srv.session()), "the question")
        os.kill(first, signal.SIGKILL)
        expect_same(sock.recv(4), b"SSH-", "a server")
    expect("made no cell" in srv.log("sftp.log")[size:], "no line")
    srv.no_sessions()
    wait_for(lambda: srv.nurseries() - {first}, "another nursery")
    srv.works()


@promise("a nursery that is stopped holds up no login, and another one follows")
def _():
    first = srv.nursery()
    size = len(srv.log("system.log"))
    os.kill(first, signal.SIGSTOP)
    srv.works()
    wait_for(lambda: "nursery of isolated logins does not answer: starting "
             "another" in srv.log("system.log")[size:], "another nursery",
             2 * PATIENCE)
    wait_for(lambda: srv.nurseries() - {first}, "another nursery")
    srv.works()
    os.kill(first, signal.SIGCONT)
    wait_for(lambda: first not in srv.nurseries(), "the end of the first")
    srv.no_cells()
    srv.works()


class Rootless(ByNobody, Isolated):
    pass


@promise("a daemon without root isolates logins, too")
def _():
    server = Rootless("RootLogin on\n", drop=("DefaultRoot",)).start()
    try:
        with server.stranger():
            pid = server.cell()
            must_be_nobody(pid, root=False)
            must_have_two_sockets(pid)
        server.works()
    finally:
        server.stop_clean()


@promise("when the daemon is killed, transfers go on, and another one serves")
def _():
    off.stop()
    first = srv.nursery()
    with paramiko_sftp(srv) as sftp, sftp.open("up", "wb") as up:
        up.write(b"x" * 1000)
        up.flush()
        srv.process.kill()
        srv.process.wait()
        up.write(b"y" * 1000)
        up.flush()
        srv.start()
        wait_for(lambda: srv.nurseries() and first not in srv.nurseries(),
                 "another nursery")
        with paramiko_sftp(srv) as other:
            other.listdir(".")
        up.write(b"z" * 1000)
    expect_same(srv.get("up"), b"x" * 1000 + b"y" * 1000 + b"z" * 1000, "up")
    expect(re.search(r" 3000 .*/up b _ i r alice sftp 0 \* c$",
                     srv.log("transfer.log"), re.M), "its record")
    srv.no_cells()


@promise("when the daemon ends, its nursery does")
def _():
    off.stop()
    srv.no_sessions()
    srv.nursery()


main(srv, off)
