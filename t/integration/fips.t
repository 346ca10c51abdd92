#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: 13:openssl-provider-fips python3-paramiko
# sanitizers: alone

"""FIPS: OpenSSL's fips provider made the default by its configuration, and
-D SFTP_USE_FIPS without it.  MOD_SFTP_FIPS may name a provider's file."""

import base64
import hashlib
import os
import re
import subprocess
import sys

import paramiko

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../pages"))
import blocks
from tap import expect, expect_same, main, promise, skip
import server
from server import Server, keygen, must, run, said, wait_for
from clients import paramiko_sftp

# What nobody has approved of, beside everything by MD5 and RIPEMD160.
KEX = ["diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
       "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
       "diffie-hellman-group14-sha256"]
KEX_PQ = ["mlkem768nistp256-sha256", "mlkem1024nistp384-sha384"]
HOST_KEYS = ["ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]
CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr",
           "aes192-ctr", "aes256-ctr"]
MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"]
USER_KEYS = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
             "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
             "sk-ecdsa-sha2-nistp256@openssh.com",
             "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"]

# What doc/manual.md says to write.
CONFIG = "config_diagnostics = 1\n" + [
    block.text for block in blocks.blocks_in("doc/manual.md")
    if block.text.startswith("openssl_conf")][0] + "\n"


def provider():
    """The provider's file; skips where there is none."""
    path = os.environ.get("MOD_SFTP_FIPS")
    if not path:
        told = run(["openssl", "version", "-m"]).stdout.decode()
        found = re.search(r'"(.+)"', told)
        path = os.path.join(found.group(1) if found else "", "fips.so")
    if not os.path.exists(path):
        skip("OpenSSL's fips provider is not installed (%s)" % path)
    return path


def configure(srv):
    """OpenSSL's configuration for the daemon, as an administrator makes it."""
    module = provider()
    must(run(["openssl", "fipsinstall", "-quiet", "-module", module, "-out",
              srv.path("fips.cnf")]))
    with open(srv.path("openssl.cnf"), "w") as out:
        out.write(CONFIG.replace("/etc/ssl/fipsmodule.cnf",
                                 srv.path("fips.cnf")))
    srv.env = {"OPENSSL_CONF": srv.path("openssl.cnf"),
               "OPENSSL_MODULES": os.path.dirname(module)}
    return srv


def demand(srv):
    """The daemon is started with -D SFTP_USE_FIPS."""
    wrapper = srv.path("proftpd")
    with open(wrapper, "w") as out:
        out.write('#!/bin/sh\nexec "%s" -D SFTP_USE_FIPS "$@"\n'
                  % server.PROFTPD)
    os.chmod(wrapper, 0o755)
    daemon, server.PROFTPD = server.PROFTPD, wrapper
    try:
        srv.start()
    finally:
        server.PROFTPD = daemon
    return srv


def started_log(srv):
    return srv.log("start.log") + srv.log("system.log")


def with_keys(directives="", drop=(), **more):
    srv = Server(directives, drop=drop, **more)
    srv.rsa = keygen(srv.path("user_rsa"), "-t", "rsa", "-b", "2048")
    srv.ecdsa = keygen(srv.path("user_ecdsa"), "-t", "ecdsa", "-b", "384")
    srv.authorize(srv.rsa, srv.ecdsa, srv.key)
    return srv


def weak_list(path, mark):
    """A list of weak keys that has this MD5 sum only."""
    shift = 0x4000
    with open(path, "wb") as out:
        out.write(b"SSH-FP00" + bytes([16, 16, 48]) + b"\0\0\1"
                  + shift.to_bytes(2, "big"))
        for value in range(0x10000):
            first = int.from_bytes(mark[:2], "big") < value
            out.write((first - (value >> 16) + shift).to_bytes(2, "big"))
        out.write(mark[2:6])


fips = None


def under_fips():
    """The one daemon of most promises, started when first asked for."""
    global fips
    if fips is None:
        srv = configure(with_keys("SFTPKeyBlacklist @DIR@/weak.dat\n"
                                  "SFTPKeyFingerprints md5\n"))
        weak_list(srv.path("weak.dat"), b"\0" * 16)
        must(run(["openssl", "genpkey", "-genparam", "-algorithm", "DSA",
                  "-pkeyopt", "dsa_paramgen_bits:1024", "-pkeyopt",
                  "dsa_paramgen_q_bits:160", "-out", srv.path("dsa")]))
        for name, how in (("ed448", ["-algorithm", "ED448"]),
                          ("dsa", ["-paramfile", srv.path("dsa")])):
            path = srv.path("old_" + name)
            must(run(["openssl", "genpkey", "-out", path] + how))
            os.chmod(path, 0o600)
            srv.directives += "SFTPHostKey %s\n" % path
        fips = srv.start()
    return fips


def by_key(srv, key, *options):
    return srv.sftp("pwd", "-oIdentityFile=" + key,
                    "-oPreferredAuthentications=publickey", *options)


def offer(srv):
    """What the server proposes, by ssh's names of the lists."""
    text = srv.ssh("-vvv", "srv", "true").stderr.decode()
    text = text[text.index("peer server KEXINIT proposal"):]
    found = {}
    for name in ("KEX algorithms", "host key algorithms", "ciphers stoc",
                 "MACs stoc", "compression stoc"):
        words = re.search("%s: (.*)" % name, text).group(1).strip().split(",")
        found[name] = [word for word in words
                       if not word.startswith(("ext-info", "kex-strict"))]
    sigs = re.search(r"server-sig-algs=<(.*?)>", text)
    found["users"] = sigs.group(1).split(",") if sigs else []
    return found


def expect_approved(srv, kems):
    got = offer(srv)
    kex = got["KEX algorithms"]
    expect_same(sorted(kex), sorted(KEX + (KEX_PQ if kems else [])), "kex")
    expect_same(got["host key algorithms"], HOST_KEYS, "host keys")
    expect_same(sorted(got["ciphers stoc"]), sorted(CIPHERS), "ciphers")
    expect_same(sorted(got["MACs stoc"]), sorted(MACS), "MACs")
    plain = [name for name in got["users"] if "-cert-" not in name]
    expect_same(sorted(plain), sorted(USER_KEYS), "keys of users")


def libcrypto_has_kem(env=None):
    listed = run(["openssl", "list", "-kem-algorithms"],
                 env=dict(os.environ, **(env or {})))
    return b"ML-KEM" in listed.stdout


@promise("with the provider only approved algorithms are offered; the log "
         "says so")
def _():
    srv = under_fips()
    expect_approved(srv, libcrypto_has_kem(srv.env))
    log = started_log(srv)
    expect("only approved algorithms are offered (OpenSSL's configuration), "
           "implemented by OpenSSL's fips provider" in log, log)


@promise("host keys of other types are left out, with a line in the log")
def _():
    srv = under_fips()
    log = started_log(srv)
    for name, kind in (("host_ed25519", "ssh-ed25519"),
                       ("old_ed448", "ssh-ed448"), ("old_dsa", "ssh-dss")):
        expect("unable to use SFTPHostKey '%s': FIPS does not approve of "
               "keys of type %s" % (srv.path(name), kind) in log, log)
    # Once, not in each session.
    must(by_key(srv, srv.rsa))
    log = started_log(srv)
    expect_same(log.count("FIPS does not approve"), 3, "lines\n" + log)
    result = srv.ssh("-oHostKeyAlgorithms=ssh-ed25519", "srv", "x")
    expect(b"no matching host key type" in result.stderr, said(result))


@promise("certificates of host keys are, too, unless all of one is approved")
def _():
    srv = configure(with_keys())
    for name in ("ecdsa", "ed25519"):
        keygen(srv.path("ca_" + name), "-t", name)
    for key, ca in (("rsa", "ecdsa"), ("ecdsa", "ed25519"),
                    ("ed25519", "ecdsa")):
        must(run(["ssh-keygen", "-q", "-s", srv.path("ca_" + ca), "-I", "h",
                  "-h", "-n", "127.0.0.1", srv.path("host_%s.pub" % key)]))
        srv.directives += ("SFTPHostCertificate %s-cert.pub\n"
                           % srv.path("host_" + key))
    srv.start()
    try:
        names = offer(srv)["host key algorithms"]
        expect_same([name for name in names if "-cert-" in name],
                    ["rsa-sha2-512-cert-v01@openssh.com",
                     "rsa-sha2-256-cert-v01@openssh.com"], "certified keys")
        log = started_log(srv)
        for key, why in (("ecdsa", "signed with ssh-ed25519"),
                         ("ed25519", "so is its key")):
            expect(re.search("'%s-cert.pub' is left out: .*%s"
                             % (srv.path("host_" + key), why), log), log)
        must(by_key(srv, srv.rsa))
    finally:
        srv.stop_clean()


@promise("every approved method, cipher and MAC works")
def _():
    srv = under_fips()
    data = os.urandom(300000)
    sent, got = srv.local("sent", data), srv.local("got")
    for options in ([["KexAlgorithms=" + name] for name in KEX]
                    + [["HostKeyAlgorithms=" + name] for name in HOST_KEYS]
                    + [["Ciphers=" + name] for name in CIPHERS]
                    + [["Ciphers=aes128-ctr", "MACs=" + name]
                       for name in MACS]):
        must(by_key(srv, srv.ecdsa, *["-o" + one for one in options]))
    must(srv.sftp("put %s f\nget f %s" % (sent, got), "-oRekeyLimit=100K",
                  "-oIdentityFile=" + srv.rsa))
    with open(got, "rb") as file:
        expect(file.read() == data, "the file differs")


@promise("passwords, RSA and ECDSA keys log in, Ed25519 does not")
def _():
    srv = under_fips()
    must(srv.ssh("-oPreferredAuthentications=password", "srv", "true",
                 env=srv.password_env()))
    for key in (srv.rsa, srv.ecdsa):
        must(by_key(srv, key))
    result = by_key(srv, srv.key)
    expect(result.returncode != 0, "Ed25519 logs in")
    # OpenSSH does not even try a key that the server did not announce.
    try:
        with paramiko_sftp(srv):
            expect(False, "Ed25519 logs in from paramiko")
    except paramiko.AuthenticationException:
        srv.wait_log("sftp.log",
                     "public key algorithm 'ssh-ed25519' is not enabled")


@promise("certificates of approved authorities only")
def _():
    srv = configure(with_keys("SFTPTrustedUserCAKeys @DIR@/cas.pub\n"))
    good = keygen(srv.path("ca_ecdsa"), "-t", "ecdsa", "-b", "256")
    bad = keygen(srv.path("ca_ed25519"), "-t", "ed25519")
    with open(srv.path("cas.pub"), "w") as out:
        for ca in (good, bad):
            with open(ca + ".pub") as pub:
                out.write(pub.read())
    srv.authorize()
    srv.start()
    try:
        for ca, works in ((good, True), (bad, False)):
            must(run(["ssh-keygen", "-q", "-s", ca, "-I", "x", "-n", "alice",
                      srv.ecdsa + ".pub"]))
            result = by_key(srv, srv.ecdsa)
            expect((result.returncode == 0) == works, ca + said(result))
        srv.wait_log("sftp.log", "signed with ssh-ed25519, which is not "
                     "enabled")
    finally:
        srv.stop_clean()


@promise("checksums: SHA is available, MD5 is reported as missing")
def _():
    srv = under_fips()
    srv.put("sum", b"hello\n")
    identity = "-oIdentityFile=" + srv.ecdsa
    for tool in ("sha1sum", "sha256sum", "sha512sum"):
        got = must(srv.ssh(identity, "srv", tool + " sum"))
        want = hashlib.new(tool[:-3], b"hello\n").hexdigest()
        expect_same(got.stdout.decode().split()[0], want, tool)
    got = srv.ssh(identity, "srv", "md5sum sum")
    expect_same((got.returncode, got.stdout), (1, b""), "md5sum")
    expect(b"MD5 is not available on this server (FIPS)" in got.stderr,
           said(got))
    with paramiko_sftp(srv, password=True) as sftp:
        with sftp.open("sum") as file:
            expect_same(file.check("sha256"),
                        hashlib.sha256(b"hello\n").digest(), "sha256")
            expect_same(file.check("md5,sha1"),
                        hashlib.sha1(b"hello\n").digest(), "the second name")
            try:
                file.check("md5")
                expect(False, "check-file made an MD5")
            except OSError:
                pass


@promise("MD5 still names keys: in the log, and in the list of weak ones")
def _():
    srv = under_fips()
    with open(srv.ecdsa + ".pub", "rb") as pub:
        mark = hashlib.md5(base64.b64decode(pub.read().split()[1])).digest()
    must(by_key(srv, srv.ecdsa))
    text = ":".join("%02x" % byte for byte in mark)
    expect("key MD5 fingerprint: " + text in srv.log("sftp.log"), text)
    weak_list(srv.path("weak.dat"), mark)
    expect(by_key(srv, srv.ecdsa).returncode != 0, "a weak key logs in")
    srv.wait_log("sftp.log", "it is on the list of weak keys")
    weak_list(srv.path("weak.dat"), b"\0" * 16)
    must(by_key(srv, srv.ecdsa))


def locked_server(*files, directives=""):
    """A server whose host keys these are, with the passphrase "secret"."""
    srv = configure(with_keys(drop=("SFTPHostKey",)))
    program = srv.path("provider")
    with open(program, "w") as out:
        out.write("#!/bin/sh\necho secret\n")
    os.chmod(program, 0o700)
    srv.directives = directives + "SFTPPassPhraseProvider %s\n" % program
    for number, make in enumerate(files):
        path = srv.path("host_locked%d" % number)
        make(path)
        srv.directives += "SFTPHostKey %s\n" % path
    return srv


def locked(*args):
    return lambda path: must(run(["ssh-keygen", "-q", "-N", "secret", "-C",
                                  "x", "-f", path] + list(args)))


@promise("encrypted key files of every format that FIPS allows open")
def _():
    srv = locked_server(
        locked("-t", "rsa", "-b", "2048"),
        locked("-t", "ecdsa", "-b", "256", "-m", "PKCS8"),
        locked("-t", "ecdsa", "-b", "384", "-Z", "aes256-gcm@openssh.com"),
        locked("-t", "ecdsa", "-b", "521", "-Z", "aes128-cbc"))
    srv.start()
    try:
        for name in ("rsa-sha2-512", "ecdsa-sha2-nistp256",
                     "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"):
            must(by_key(srv, srv.rsa, "-oHostKeyAlgorithms=" + name))
    finally:
        srv.stop_clean()


@promise("one whose encryption needs MD5 prevents the start, with the reason")
def _():
    log = locked_server(locked("-t", "ecdsa", "-m", "PEM")).refuses_to_start()
    expect("its old kind of encryption needs MD5" in log, log)
    expect("passphrase is wrong" not in log, log)


@promise("without a key of an approved type the server does not start")
def _():
    srv = configure(Server(drop=("SFTPHostKey",)))
    srv.directives = "SFTPHostKey " + srv.path("host_ed25519")
    log = srv.refuses_to_start()
    expect("FIPS does not approve of keys of type ssh-ed25519" in log
           and "no usable host key" in log, log)


@promise("an agent's keys of other types are left out, too")
def _():
    srv = configure(with_keys(drop=("SFTPHostKey",)))
    path = srv.path("agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path],
                             stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists(path), "the agent")
        must(run(["ssh-add", "-q", srv.path("host_ed25519"),
                  srv.path("host_ecdsa")],
                 env=dict(os.environ, SSH_AUTH_SOCK=path)))
        srv.directives = "SFTPHostKey agent:" + path
        srv.start()
        expect_same(offer(srv)["host key algorithms"],
                    ["ecdsa-sha2-nistp256"], "host keys")
        must(by_key(srv, srv.rsa))
        log = started_log(srv)
        expect_same(log.count("FIPS does not approve of keys of type "
                              "ssh-ed25519"), 1, log)
    finally:
        agent.terminate()
        agent.wait()
        srv.stop_clean()


@promise("unapproved names in the lists are left out, and reported")
def _():
    srv = configure(with_keys(
        "SFTPCiphers chacha20-poly1305@openssh.com aes256-ctr 3des-cbc\n"
        "SFTPDigests +umac-128@openssh.com +hmac-md5\n"
        "SFTPKeyExchanges +curve25519-sha256 +mlkem768x25519-sha256\n"
        "SFTPAlgorithmProfile legacy\n"))
    srv.start()
    try:
        got = offer(srv)
        expect_same(got["ciphers stoc"], ["aes256-ctr"], "ciphers")
        for words in got.values():
            expect(not re.search("25519|chacha|umac|md5|ssh-|3des|group1-",
                                 re.sub("@openssh.com|sk-", "",
                                        " ".join(words))),
                   "%r" % words)
        log = started_log(srv)
        for name in ("chacha20-poly1305@openssh.com", "3des-cbc", "hmac-md5",
                     "umac-128@openssh.com", "curve25519-sha256",
                     "mlkem768x25519-sha256"):
            expect("'%s' is not available here and is left out" % name in log,
                   name + "\n" + log)
        must(by_key(srv, srv.rsa))
    finally:
        srv.stop_clean()


@promise("-D SFTP_USE_FIPS with the provider is reported, too")
def _():
    srv = demand(configure(with_keys()))
    try:
        log = started_log(srv)
        expect("only approved algorithms are offered (SFTP_USE_FIPS), "
               "implemented by OpenSSL's fips provider" in log, log)
        must(by_key(srv, srv.rsa))
    finally:
        srv.stop_clean()


@promise("-D SFTP_USE_FIPS without it offers the same, and warns")
def _():
    srv = demand(with_keys())
    try:
        expect_approved(srv, libcrypto_has_kem())
        log = started_log(srv)
        expect("only approved algorithms are offered, but OpenSSL's fips "
               "provider is not active" in log, log)
        must(by_key(srv, srv.rsa))
        must(by_key(srv, srv.ecdsa, "-oKexAlgorithms=ecdh-sha2-nistp256"))
        expect(by_key(srv, srv.key).returncode != 0, "Ed25519 logs in")
        got = srv.ssh("-oIdentityFile=" + srv.rsa, "srv", "md5sum x")
        expect(b"MD5 is not available" in got.stderr, said(got))
    finally:
        srv.stop_clean()


@promise("the daemon with the provider ran without a crash")
def _():
    under_fips().stop_clean()


main()
