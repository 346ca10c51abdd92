#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Users' certificates made by ssh-keygen, revoked keys, options of keys; with
OpenSSH's client and virtual users."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import expect, expect_same, main, promise
from server import Server, client, keygen, must, run, wait_for

USERS = ("alice", "bob", "carol")

srv = Server("""
SFTPTrustedUserCAKeys @DIR@/trusted
SFTPRevokedKeys @DIR@/revoked.krl @DIR@/revoked.txt
SFTPAcceptEnv LANG COLOUR
LogFormat cert "%u|%{note:SFTP_USER_CERT_ID}|%{note:SFTP_USER_CERT_SERIAL}|%{note:SFTP_USER_CERT_CA_FINGERPRINT}|%{note:SFTP_USER_PUBLICKEY_ALGO}"
ExtendedLog @DIR@/cert.log AUTH cert
""", users=USERS)

by_file = Server("""
SFTPAuthMethods publickey
SFTPTrustedUserCAKeys @DIR@/trusted
SFTPAuthorizedPrincipals @DIR@/principals/%u
SFTPCASignatureAlgorithms -ecdsa*
""", drop=("SFTPAuthorizedUserKeys",), users=USERS)

ca = keygen(srv.path("ca"), "-t", "ed25519")
rsa_ca = keygen(srv.path("rsa_ca"), "-t", "rsa", "-b", "2048")
ec_ca = keygen(srv.path("ec_ca"), "-t", "ecdsa", "-b", "384")
stranger = keygen(srv.path("stranger"), "-t", "ed25519")
line_ca = keygen(srv.path("line_ca"), "-t", "ed25519")


def text_of(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o644)


def pub(key):
    return text_of(key + ".pub")


for server in (srv, by_file):
    write(server.path("trusted"), "# who may name users\n" + pub(ca)
          + pub(rsa_ca) + pub(ec_ca))
write(srv.path("revoked.txt"), "# none yet\n")
must(run(["ssh-keygen", "-q", "-k", "-f", srv.path("revoked.krl"),
          "/dev/null"]))
for user in USERS:
    write(srv.path("keys/" + user), "")
write(by_file.path("principals/alice"), "# who is alice\nadmins\n"
      'from="192.0.2.1" elsewhere\ncommand="internal-sftp -R" readers\n')

count = [100]


def certificate(signer=None, principals="alice", options=(), validity=None,
                key=None, kind=("-t", "ed25519"), serial=None, sign_alg=None,
                key_id=None):
    """A new key with a certificate; the key's path."""
    count[0] += 1
    serial = serial if serial is not None else count[0]
    key = key or keygen(srv.path("user%d" % count[0]), *kind)
    argv = ["ssh-keygen", "-q", "-s", signer or ca, "-I",
            key_id or "id-%d" % serial, "-z", str(serial)]
    if principals:
        argv += ["-n", principals]
    if sign_alg:
        argv += ["-t", sign_alg]
    if validity:
        argv += ["-V", validity]
    for option in options:
        argv += ["-O", option]
    must(run(argv + [key + ".pub"]))
    return key


def sftp(server, key, user="alice", commands=("pwd",), options=(), cert=True):
    argv = ["sftp", "-q", "-b", "-", "-P", str(server.port), "-F", "none",
            "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
            "-o", "PreferredAuthentications=publickey",
            "-o", "IdentitiesOnly=yes", "-i", key]
    if cert:
        argv += ["-o", "CertificateFile=%s-cert.pub" % key]
    for option in options:
        argv += ["-o", option]
    return client(argv + [user + "@127.0.0.1"],
                  input="\n".join(commands).encode() + b"\n")


def mark(server):
    return len(server.log("sftp.log"))


def wait_log(server, begin, text):
    wait_for(lambda: text in server.log("sftp.log")[begin:],
             "%r in SFTPLog" % text)


def works(server, key, **more):
    got = sftp(server, key, **more)
    expect_same(got.returncode, 0, "exit of sftp (%s)"
                % got.stderr.decode(errors="replace"))
    server.no_sessions()
    return got


def refused(server, key, why=None, **more):
    begin = mark(server)
    got = sftp(server, key, **more)
    expect(got.returncode != 0, "the login succeeded")
    if why:
        wait_log(server, begin, why)
    server.no_sessions()


# ---- Certificates


@promise("a certificate that names the user logs in, whatever its key is")
def _():
    for kind in (("-t", "ed25519"), ("-t", "rsa", "-b", "2048"),
                 ("-t", "ecdsa", "-b", "256"), ("-t", "ecdsa", "-b", "521")):
        works(srv, certificate(kind=kind))


@promise("authorities of every type can sign it")
def _():
    for signer in (rsa_ca, ec_ca):
        works(srv, certificate(signer=signer))


@promise("the log and notes contain its id, its serial number and its "
         "authority")
def _():
    begin = mark(srv)
    works(srv, certificate(serial=4711, key_id="the key of alice"))
    print_ = must(run(["ssh-keygen", "-l", "-f", ca + ".pub"])).stdout
    print_ = print_.decode().split()[1]
    wait_log(srv, begin, "certificate 'the key of alice', serial 4711, signed "
             "with ssh-ed25519 by ssh-ed25519 key " + print_)
    wait_for(lambda: "alice|the key of alice|4711|%s|ssh-ed25519-cert-v01@"
             "openssh.com" % print_.split(":")[1] in srv.log("cert.log"),
             "the notes")


@promise("a certificate for other principals, or for none, is refused")
def _():
    refused(srv, certificate(principals="bob,carol"),
            "does not name user 'alice'")
    refused(srv, certificate(principals=None), "it names no principals")
    works(srv, certificate(principals="bob,carol"), user="carol")


@promise("an expired one is refused, and one that is not valid yet")
def _():
    refused(srv, certificate(validity="-2w:-1w"), "it has expired")
    refused(srv, certificate(validity="+1w:+2w"), "it is not valid yet")
    works(srv, certificate(validity="-1h:+1h"))


@promise("one of an untrusted authority is refused")
def _():
    refused(srv, certificate(signer=stranger), "its authority is not trusted")


@promise("source-address restricts the address of the client")
def _():
    works(srv, certificate(options=("source-address=127.0.0.0/8,::1",)))
    refused(srv, certificate(options=("source-address=192.0.2.0/24",)),
            "is not at its source-address")


@promise("force-command restricts its use")
def _():
    key = certificate(options=("force-command=internal-sftp -R",))
    srv.put("here", b"x", user="alice")
    works(srv, key, commands=("get here %s" % srv.local("got"),))
    expect_same(sftp(srv, key, commands=("put %s new" % key,)).returncode, 1,
                "exit of put")
    expect(not os.path.exists(srv.home("new", "alice")), "it wrote a file")
    expect_same(sftp(srv, key, commands=("rm here",)).returncode, 1,
                "exit of rm")
    srv.no_sessions()
    refused(srv, certificate(options=("force-command=/bin/sh",)),
            "its force-command '/bin/sh' cannot be obeyed")


@promise("an unknown critical option refuses it, an unknown extension does not")
def _():
    refused(srv, certificate(options=("critical:fun@example.org=1",)),
            "its option 'fun@example.org' is critical and not known here")
    works(srv, certificate(options=("extension:fun@example.org=1",)))


@promise("a signature of the authority with SHA-1 is refused")
def _():
    key = certificate(signer=rsa_ca, sign_alg="ssh-rsa")
    refused(srv, key, "SFTPCASignatureAlgorithms")


@promise("algorithms of authorities can be restricted")
def _():
    refused(by_file, certificate(signer=ec_ca, principals="admins"),
            "ecdsa-sha2-nistp384, which is not enabled")


@promise("principals of a user come from their file")
def _():
    works(by_file, certificate(principals="staff,admins"))
    refused(by_file, certificate(principals="alice"),
            "no principal of the certificate")
    refused(by_file, certificate(principals="elsewhere"),
            'option "from": it is not for this client\'s address')
    refused(by_file, certificate(principals="admins"), user="bob",
            why="unable to open key file")
    key = certificate(principals="readers")
    works(by_file, key, commands=("ls",))
    expect_same(sftp(by_file, key, commands=("mkdir made",)).returncode, 1,
                "exit of mkdir")
    by_file.no_sessions()


@promise("cert-authority lines name authorities for one user")
def _():
    write(srv.path("keys/alice"), "cert-authority " + pub(line_ca))
    works(srv, certificate(signer=line_ca))
    refused(srv, certificate(signer=line_ca, principals="bob"), user="bob",
            why="its authority is not trusted")
    refused(srv, certificate(signer=line_ca, principals="bob"),
            "the certificate does not name this user")
    write(srv.path("keys/alice"), 'cert-authority,principals="ops,admins" '
          + pub(line_ca))
    works(srv, certificate(signer=line_ca, principals="admins"))
    refused(srv, certificate(signer=line_ca),
            "the certificate has none of its principals")
    write(srv.path("keys/alice"), "")


@promise("the key of an authority is not a key of a user, nor the reverse")
def _():
    write(srv.path("keys/alice"), "cert-authority " + pub(line_ca))
    refused(srv, line_ca, "it is that of an authority", cert=False)
    write(srv.path("keys/alice"), pub(line_ca))
    works(srv, line_ca, cert=False)
    refused(srv, certificate(signer=line_ca), "it is not marked as that")
    write(srv.path("keys/alice"), "")


# ---- Revocation


def revoke(*specs, update=True):
    """Lines like "serial: 5", or files of keys, put on the KRL."""
    args = []
    for i, spec in enumerate(specs):
        if os.path.exists(spec):
            args.append(spec)
        else:
            write(srv.path("spec%d" % i), spec + "\n")
            args.append(srv.path("spec%d" % i))
    must(run(["ssh-keygen", "-q", "-k"] + (["-u"] if update else [])
             + ["-s", ca + ".pub", "-f", srv.path("revoked.krl")] + args))


@promise("a KRL revokes by serial number, range, key id, key and fingerprint")
def _():
    good = certificate(serial=50)
    cases = [(certificate(serial=5), "serial: 5"),
             (certificate(serial=77), "serial: 70-80"),
             (certificate(serial=1000), "serial: 1000"),
             (certificate(serial=6, key_id="lost laptop"), "id: lost laptop")]
    by_key = certificate(serial=7)
    by_hash = certificate(serial=8)
    for key, spec in cases:
        revoke(spec)
        refused(srv, key, "the certificate is revoked by its ")
    for key, spec in ((by_key, by_key + ".pub"),
                      (by_hash, "sha256: " + pub(by_hash)),):
        revoke(spec)
        refused(srv, key, "the key is revoked by its ")
    sha1 = certificate(serial=9)
    revoke("sha1: " + pub(sha1))
    refused(srv, sha1, "its SHA-1 fingerprint")
    revoke(*["serial: %d" % n for n in range(300, 400, 3)])
    refused(srv, certificate(serial=303), "its serial number")
    works(srv, certificate(serial=304))
    works(srv, good)
    works(srv, certificate(signer=rsa_ca, serial=303))


@promise("a revoked authority and a revoked bare key are refused")
def _():
    key = certificate(signer=ec_ca)
    plain = keygen(srv.path("plain"), "-t", "ed25519")
    write(srv.path("keys/alice"), pub(plain))
    works(srv, key)
    write(srv.path("revoked.txt"), "# gone\n" + pub(ec_ca) + pub(plain))
    refused(srv, key, "the authority is revoked by line 2")
    refused(srv, plain, "the key is revoked by line 3", cert=False)
    write(srv.path("revoked.txt"), "")
    works(srv, plain, cert=False)


@promise("a list that cannot be read refuses every key, and says so")
def _():
    key = certificate()
    for text in (b"SSHKRL\n", b"garbage\n", None):
        path = srv.path("revoked.txt")
        os.unlink(path)
        if text is not None:
            with open(path, "wb") as out:
                out.write(text)
        refused(srv, key, "cannot be used")
        write(path, "")
    works(srv, key)


@promise("an unusable list prevents the start")
def _():
    broken = Server("SFTPRevokedKeys @DIR@/id_ed25519")
    expect("SFTPRevokedKeys" in broken.refuses_to_start(), "no reason given")


# ---- Options of keys


@promise("command= and its -d, -u, -P and -p are obeyed")
def _():
    key = keygen(srv.path("forced"), "-t", "ed25519")
    srv.mkdir("inner", user="alice")
    write(srv.path("keys/alice"),
          'command="internal-sftp -d /inner -u 077 -P remove,rename,posix-rename" '
          + pub(key))
    got = works(srv, key, cert=False,
                commands=("pwd", "put %s kept" % key, "-rm kept",
                          "-rename kept other"))
    expect(b"/inner" in got.stdout, "%r" % got.stdout)
    kept = srv.home("inner/kept", "alice")
    expect_same(os.stat(kept).st_mode & 0o777, 0o600, "mode")
    write(srv.path("keys/alice"),
          'command="sftp-server -p realpath,stat,lstat,opendir,readdir,close" '
          + pub(key))
    works(srv, key, cert=False, commands=("ls -l",))
    expect_same(sftp(srv, key, cert=False,
                     commands=("get inner/kept %s" % srv.local("k"),)
                     ).returncode, 1, "exit of get")
    srv.no_sessions()
    write(srv.path("keys/alice"), 'command="/bin/false" ' + pub(key))
    refused(srv, key, 'option "command": \'/bin/false\'', cert=False)
    write(srv.path("keys/alice"), "")


@promise("command= with scp determines the copy, and refuses everything else")
def _():
    key = keygen(srv.path("scponly"), "-t", "ed25519")
    write(srv.path("keys/alice"), 'command="scp -t /inner" ' + pub(key))
    srv.mkdir("inner", user="alice")
    begin = mark(srv)
    expect(sftp(srv, key, cert=False).returncode != 0, "sftp works")
    wait_log(srv, begin, "forces the command 'scp -t /inner'")
    got = client(["scp", "-O", "-q", "-P", str(srv.port), "-F", "none",
                  "-o", "StrictHostKeyChecking=no",
                  "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
                  "-o", "IdentitiesOnly=yes", "-i", key, key + ".pub",
                  "alice@127.0.0.1:/elsewhere"])
    expect_same(got.returncode, 0, "exit of scp (%r)" % got.stderr)
    expect(os.path.exists(srv.home("inner/scponly.pub", "alice")),
           "not where the command says")
    srv.no_sessions()
    write(srv.path("keys/alice"), "")


@promise("environment= follows SFTPAcceptEnv, unknown options refuse the key")
def _():
    key = keygen(srv.path("env"), "-t", "ed25519")
    write(srv.path("keys/alice"), 'environment="COLOUR=red",'
          'environment="PATH=/tmp",restrict ' + pub(key))
    begin = mark(srv)
    works(srv, key, cert=False)
    wait_log(srv, begin, "environment variable 'PATH' of the key")
    expect("'COLOUR'" not in srv.log("sftp.log")[begin:], "COLOUR refused")
    write(srv.path("keys/alice"), "no-such-option " + pub(key))
    refused(srv, key, 'option "no-such-option": it is not known here',
            cert=False)
    write(srv.path("keys/alice"), "")


main(srv, by_file)
