# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Sessions with chosen algorithms: a server that offers all that the module
knows, rows of names in which every two of them meet, and what log, notes and
environment said of each session."""

import os
import re
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

from server import PRELOAD, SOURCE, Server, keygen, must, run
from tap import expect, expect_same

KEX, KEY, CIPHER, MAC, COMP = range(5)
LISTS = ("SFTPKeyExchanges", "SFTPHostKeys", "SFTPCiphers", "SFTPDigests")
COMPRESSIONS = ["none", "zlib@openssh.com", "zlib"]
NOTES = ["SFTP_" + name for name in (
    "KEX_ALGO", "HOST_KEY_ALGO", "CLIENT_CIPHER_ALGO", "SERVER_CIPHER_ALGO",
    "CLIENT_MAC_ALGO", "SERVER_MAC_ALGO", "CLIENT_COMPRESSION_ALGO",
    "SERVER_COMPRESSION_ALGO")]
LINES = ("key exchange", "server hostkey", "client-to-server encryption",
         "server-to-client encryption", "client-to-server MAC",
         "server-to-client MAC", "client-to-server compression",
         "server-to-client compression")


def module_axes():
    """What the module knows: it lists that where it refuses a name."""
    axes = []
    for directive in LISTS:
        said = Server(directive + " rot13").refuses_to_start()
        axes.append(re.search(r"accepted: ([^)]+)\)", said).group(1)
                    .split(","))
    return axes + [COMPRESSIONS]


def shared(axes, *theirs):
    """What a client knows of it, in our order."""
    return [[name for name in ours if name in known]
            for ours, known in zip(axes, theirs)]


def is_aead(cipher):
    return "gcm" in cipher or "poly1305" in cipher


# ---- Rows in which all pairs occur

def pairs_of(row):
    return {((i, one), (j, two)) for i, one in enumerate(row)
            for j, two in enumerate(row) if i < j and one and two}


def all_pairs(axes):
    """AEAD ciphers have no MAC."""
    return {((i, one), (j, two)): True
            for i in range(len(axes)) for j in range(i + 1, len(axes))
            for one in axes[i] for two in axes[j]
            if not ((i, j) == (CIPHER, MAC) and is_aead(one))}


def fill(axes, row, left, used):
    """The names that, with those that stand, make most pairs of left."""
    for axis in (CIPHER, KEX, KEY, COMP, MAC):
        if row[axis] or axis == MAC and is_aead(row[CIPHER]):
            continue
        fit = [name for name in axes[axis]
               if not (axis == CIPHER and row[MAC] and is_aead(name))]
        row[axis] = max(fit, key=lambda name: (
            sum(pair in left for pair in pairs_of(
                [name if i == axis else one for i, one in enumerate(row)])),
            -used.get((axis, name), 0)))


def cover(axes):
    """Rows of (kex, key, cipher, MAC or None, compression): every two names
    of different axes are in one of them, so far as they can be."""
    left, used, rows = all_pairs(axes), {}, []
    while left:
        row = [None] * len(axes)
        for axis, name in next(iter(left)):
            row[axis] = name
        fill(axes, row, left, used)
        for axis, name in enumerate(row):
            used[axis, name] = used.get((axis, name), 0) + 1
        for pair in pairs_of(row):
            left.pop(pair, None)
        rows.append(tuple(row))
    return rows


def once(axes):
    """Rows in which each name occurs."""
    rows = []
    for number in range(max(map(len, axes))):
        row = [axis[number % len(axis)] for axis in axes]
        if is_aead(row[CIPHER]):
            row[MAC] = None
        rows.append(tuple(row))
    plain = [name for name in axes[CIPHER] if not is_aead(name)]
    met = {row[MAC] for row in rows}
    rows += [(rows[0][KEX], rows[0][KEY], plain[0], mac, rows[0][COMP])
             for mac in axes[MAC] if mac not in met]
    return rows


def rows_of(axes, slow=()):
    """Every two names meet, and each of those of the key exchanges that are
    slow has a session.  Sanitizers look at code and not at pairs: for them each
    name has one, too."""
    if PRELOAD:
        return once(axes)
    quick = [[name for name in axes[KEX] if name not in slow]] + axes[1:]
    rows = cover(quick)
    covers(rows, quick)
    return rows + [(name,) + rows[0][1:] for name in axes[KEX]
                   if name in slow]


def covers(rows, axes):
    """Says what is left out: a pair, or a name for want of pairs."""
    met = set().union(*map(pairs_of, rows))
    expect_same(sorted(set(all_pairs(axes)) - met), [], "pairs left out")
    for axis, names in enumerate(axes):
        expect_same(sorted(set(names) - {row[axis] for row in rows}), [],
                    "names left out")


# ---- A server that offers everything

def known_dsa(srv):
    """No ssh-keygen of today makes one."""
    for end in ("", ".pub"):
        shutil.copy(os.path.join(SOURCE, "t/data/keys/dsa" + end),
                    srv.path("host_dsa" + end))
    os.chmod(srv.path("host_dsa"), 0o600)


def certify(srv, names):
    """Those that this ssh-keygen can certify."""
    ca = keygen(srv.path("ca"), "-t", "ed25519")
    for name in names:
        result = run(["ssh-keygen", "-q", "-s", ca, "-I", name, "-h", "-n",
                      "127.0.0.1", srv.path(name + ".pub")])
        if result.returncode == 0:
            yield "SFTPHostCertificate %s-cert.pub" % srv.path(name)


def make_server(axes):
    srv = Server()
    lines = [" ".join([name] + words) for name, words in zip(LISTS, axes)]
    lines += ["SFTPCompression on", "SFTPOptions AllowWeakDH "
              "AllowInsecureLogin", "SFTPRekey required 3600 64KB",
              'LogFormat agreed "%%f %%P %s %s"'
              % (" ".join("%%{note:%s}" % name for name in NOTES),
                 " ".join("%%{%s}e" % name for name in NOTES)),
              "ExtendedLog %s WRITE agreed" % srv.path("agreed.log")]
    for name, bits in (("host_e384", "384"), ("host_e521", "521")):
        keygen(srv.path(name), "-t", "ecdsa", "-b", bits)
    known_dsa(srv)
    must(run(["openssl", "genpkey", "-algorithm", "ed448", "-out",
              srv.path("ed448.pem")]))
    names = ["host_ed25519", "host_ecdsa", "host_rsa", "host_e384",
             "host_e521", "host_dsa"]
    lines += ["SFTPHostKey " + srv.path(name)
              for name in names[3:] + ["ed448.pem"]]
    lines += certify(srv, names)
    srv.directives = "\n".join(lines)
    return srv


# ---- Sessions, several at a time

def name_of(number):
    return "s%d" % number


def all_sessions(srv, rows, session, jobs=4):
    """session(name, row) for each: transfers a file of that name.  Fails with
    those that failed, or that agreed on something else."""
    begin = len(srv.log("agreed.log"))

    def one(number):
        try:
            session(name_of(number), rows[number])
        except Exception as why:
            return "%s\n%s" % (rows[number], why or repr(why))
        return None

    with ThreadPoolExecutor(jobs) as pool:
        failed = [why for why in pool.map(one, range(len(rows))) if why]
    told = {}
    for line in srv.log("agreed.log")[begin:].splitlines():
        words = line.split()
        told[words[0].rpartition("/")[2]] = words[1:]
    by_pid = {}
    for pid, line in re.findall(r"\[(\d+)\]: ( \+ Session .*)",
                                srv.log("sftp.log")):
        by_pid.setdefault(pid, set()).add(line)
    for number, row in enumerate(rows):
        why = disagreed(row, told.get(name_of(number)), by_pid)
        if why:
            failed.append("%s\n%s" % (row, why))
    expect(not failed, "%d of %d failed\n%s" % (len(failed), len(rows),
                                                "\n".join(failed[:5])))


def disagreed(row, told, by_pid):
    """What log, notes or environment say other than the row; None: nothing."""
    mac = row[MAC] or "implicit"
    wanted = [row[KEX], row[KEY], row[CIPHER], row[CIPHER], mac, mac,
              row[COMP], row[COMP]]
    if told is None:
        return "ExtendedLog has nothing of it"
    if told[1:] != wanted + wanted:
        return "notes and environment: %r" % told[1:]
    lines = {" + Session %s: %s" % pair for pair in zip(LINES, wanted)}
    missing = lines - by_pid.get(told[0], set())
    return "SFTPLog lacks %r" % sorted(missing) if missing else None


# ---- What a client offers

def string(data, at):
    end = at + 4 + int.from_bytes(data[at:at + 4], "big")
    return data[at + 4:end], end


def offer_to(connect):
    """connect(port) has a client meet somebody who only listens to its
    KEXINIT: the names of kex, key, cipher, MAC and compression."""
    with socket.create_server(("127.0.0.1", 0)) as listener, \
            ThreadPoolExecutor(1) as pool:
        listener.settimeout(30)
        done = pool.submit(connect, listener.getsockname()[1])
        sock, _ = listener.accept()
        with sock, sock.makefile("rb") as stream:
            sock.settimeout(30)
            sock.sendall(b"SSH-2.0-listener\r\n")
            stream.readline()
            size = int.from_bytes(stream.read(4), "big")
            packet = stream.read(size)
        done.result()
    lists, at = [], 18
    for _ in range(7):
        names, at = string(packet, at)
        lists.append(names.decode().split(","))
    return [lists[0], lists[1], lists[2], lists[4], lists[6]]
