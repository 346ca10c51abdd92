#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: geoip-database proftpd-mod-autohost proftpd-mod-case
# needs: proftpd-mod-clamav proftpd-mod-counter proftpd-mod-crypto
# needs: proftpd-mod-fsync proftpd-mod-geoip proftpd-mod-geoip2
# needs: proftpd-mod-kafka proftpd-mod-ldap proftpd-mod-msg
# needs: proftpd-mod-mysql proftpd-mod-odbc proftpd-mod-pgsql
# needs: proftpd-mod-proxy proftpd-mod-sftp-ldap proftpd-mod-snmp
# needs: proftpd-mod-sqlite proftpd-mod-statsd proftpd-mod-tar
# needs: proftpd-mod-vroot proftpd-mod-wrap python3-paramiko
# sanitizers: alone

"""Every module that Debian packages for ProFTPD is loaded beside ours, alone
and with the others, and a session does its work."""

import contextlib
import glob
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from tap import Failed, expect, expect_same, main, promise
from server import SOURCE, Server, free_port, module_folder
from clients import paramiko_transport

import paramiko

# Nobody listens there.
CLOSED = free_port()

# Part of the server under test already: a module of the daemon itself where
# Debian 12 has it built in, and the one that ours takes the place of.
OURS = ("mod_delay", "mod_ls", "mod_sftp", "mod_xfer")

# What uses ours is loaded behind it.
BEHIND = ("mod_auth_otp", "mod_sftp_ldap", "mod_sftp_pam", "mod_sftp_sql")

# Without a backend mod_sql ends each session.
SQL = "SQLEngine off\n"
SQLITE = ("mod_sql", "mod_sql_sqlite")
QUOTA = "QuotaEngine on\nQuotaLog @DIR@/quota.log\n"
TLS = "TLSEngine off\n"


class Row:
    """A module: what must be loaded before it, and its directives.  Its engine
    is on, as far as it has one, with the least that it asks for; a service
    that it wants listens nowhere, and the comment says what is off."""

    def __init__(self, lines="", needs=(), preload=None):
        self.lines, self.needs, self.preload = lines, needs, preload


ROWS = {
    # Codes: login-modules.t.
    "mod_auth_otp": Row(SQL + "AuthOTPEngine off\n", SQLITE),
    # No file for this address: the server is the one configured.
    "mod_autohost": Row("AutoHostEngine on\nAutoHostLog @DIR@/autohost.log\n"
                        "AutoHostConfig @DIR@/autohost/%0.conf\n"),
    "mod_ban": Row("BanEngine on\nBanLog @DIR@/ban.log\n"
                   "BanTable @DIR@/ban.tab\n"),
    "mod_case": Row("CaseEngine on\nCaseIgnore on\n"
                    "CaseLog @DIR@/case.log\n"),
    # With a scanner: clamav.t.
    "mod_clamav": Row("ClamServer 127.0.0.1\nClamPort %d\n" % CLOSED),
    "mod_copy": Row("CopyEngine on\n"),
    "mod_counter": Row("CounterEngine on\nCounterFile @DIR@/counter.txt\n"
                       "CounterLog @DIR@/counter.log\n"),
    "mod_ctrls_admin": Row("AdminControlsEngine on\n"),
    "mod_deflate": Row("DeflateEngine on\n"),
    "mod_digest": Row("DigestEngine on\n"),
    # Debian's was linked without a library that it calls.  No list.
    "mod_dnsbl": Row("DNSBLEngine on\nDNSBLLog @DIR@/dnsbl.log\n"
                     "DNSBLPolicy allow,deny\n", preload="libresolv.so.2"),
    "mod_dynmasq": Row("DynMasqRefresh 3600\n"),
    "mod_exec": Row("ExecEngine on\nExecLog @DIR@/exec.log\n"
                    "ExecOnCommand STOR /bin/true\n"),
    "mod_facl": Row("FACLEngine on\n"),
    "mod_fsync": Row("FsyncEngine on\nFsyncLog @DIR@/fsync.log\n"
                     "FsyncThreshold 4096\n"),
    "mod_geoip": Row("GeoIPEngine on\nGeoIPLog @DIR@/geoip.log\n"
                     "GeoIPTable /usr/share/GeoIP/GeoIP.dat\n"),
    # Its databases are not Debian's; below it has one.
    "mod_geoip2": Row("GeoIPEngine on\nGeoIPLog @DIR@/geoip.log\n"),
    "mod_ident": Row("IdentLookups on\n"),
    "mod_ifsession": Row("<IfUser alice>\n  Umask 022\n</IfUser>\n"),
    "mod_ifversion": Row("<IfVersion >= 1.3.8>\n  DenyFilter nothing-has\n"
                         "</IfVersion>\n"),
    # No broker: what it would send is dropped.
    "mod_kafka": Row("KafkaEngine on\nKafkaLog @DIR@/kafka.log\n"
                     "KafkaBroker 127.0.0.1:%d\n"
                     "LogFormat kafka \"%%m %%f\"\n"
                     "KafkaLogOnEvent ALL kafka\n" % CLOSED),
    # No directory, and users are not asked for there: ldap.t has one.
    "mod_ldap": Row("LDAPServer ldap://127.0.0.1:%d/??sub\n"
                    "LDAPLog @DIR@/ldap.log\n" % CLOSED),
    "mod_load": Row("MaxLoad 10000\n"),
    "mod_log_forensic": Row("ForensicLogEngine on\n"
                            "ForensicLogFile @DIR@/forensic.log\n"),
    # No cache.
    "mod_memcache": Row("MemcacheEngine on\nMemcacheLog @DIR@/memcache.log\n"
                        "MemcacheServers 127.0.0.1:%d\n" % CLOSED),
    "mod_msg": Row("MessageEngine on\nMessageLog @DIR@/msg.log\n"
                   "MessageQueue @DIR@/msg.queue\n"),
    # It would take the session over: a server is a proxy or serves files.
    "mod_proxy": Row("ProxyEngine off\n"),
    "mod_qos": Row("QoSOptions dataqos throughput ctrlqos lowdelay\n"),
    "mod_quotatab": Row(QUOTA),
    "mod_quotatab_file": Row(QUOTA, ("mod_quotatab",)),
    "mod_quotatab_ldap": Row(QUOTA, ("mod_ldap", "mod_quotatab")),
    "mod_quotatab_radius": Row(QUOTA, ("mod_radius", "mod_quotatab")),
    "mod_quotatab_sql": Row(QUOTA, SQLITE + ("mod_quotatab",)),
    # No server, and passwords are not asked for there.
    "mod_radius": Row("RadiusEngine on\nRadiusLog @DIR@/radius.log\n"
                      "RadiusAuthServer 127.0.0.1:%d secret 1\n" % CLOSED),
    "mod_ratio": Row("Ratios on\nUserRatio * 0 0 0 0\n"),
    "mod_readme": Row("DisplayReadme README\n"),
    # No server.
    "mod_redis": Row("RedisEngine on\nRedisLog @DIR@/redis.log\n"
                     "RedisServer 127.0.0.1:%d\n" % CLOSED),
    "mod_rewrite": Row("RewriteEngine on\nRewriteLog @DIR@/rewrite.log\n"
                       "RewriteRule ^(.*nothing-has-this.*)$ $1\n"),
    # Keys: ldap.t.
    "mod_sftp_ldap": Row(needs=("mod_ldap",)),
    # Passwords: pam.t.
    "mod_sftp_pam": Row("SFTPPAMEngine on\n"),
    # Keys: login-modules.t.
    "mod_sftp_sql": Row(SQL, SQLITE),
    "mod_shaper": Row("ShaperEngine on\nShaperLog @DIR@/shaper.log\n"
                      "ShaperTable @DIR@/shaper.tab\nShaperAll rate 100000\n"),
    "mod_site_misc": Row("SiteMiscEngine on\n"),
    # Counters: observers.t.
    "mod_snmp": Row("SNMPEngine off\n"),
    # Tables: sql.t.
    "mod_sql": Row(SQL),
    "mod_sql_mysql": Row(SQL, ("mod_sql",)),
    "mod_sql_odbc": Row(SQL, ("mod_sql",)),
    "mod_sql_passwd": Row(SQL + "SQLPasswordEngine on\n", SQLITE),
    "mod_sql_postgres": Row(SQL, ("mod_sql",)),
    "mod_sql_sqlite": Row(SQL, ("mod_sql",)),
    "mod_statcache": Row("StatCacheEngine on\n"
                         "StatCacheTable @DIR@/statcache.tab\n"),
    "mod_statsd": Row("StatsdEngine on\nStatsdServer 127.0.0.1:%d\n"
                      % CLOSED),
    "mod_tar": Row("TarEngine on\nTarLog @DIR@/tar.log\n"),
    # TLS is FTP's; beside it the two share OpenSSL.
    "mod_tls": Row(TLS),
    "mod_tls_fscache": Row(TLS, ("mod_tls",)),
    "mod_tls_memcache": Row(TLS, ("mod_tls",)),
    "mod_tls_redis": Row(TLS, ("mod_tls",)),
    "mod_tls_shmcache": Row(TLS, ("mod_tls",)),
    "mod_unique_id": Row("UniqueIDEngine on\n"),
    "mod_vroot": Row("VRootEngine on\nVRootLog @DIR@/vroot.log\n"),
    "mod_wrap": Row("TCPAccessFiles @DIR@/allow @DIR@/deny\n"),
    "mod_wrap2": Row("WrapEngine on\nWrapLog @DIR@/wrap.log\n"),
    "mod_wrap2_file": Row("WrapEngine on\nWrapLog @DIR@/wrap.log\n"
                          "WrapTables file:@DIR@/allow file:@DIR@/deny\n",
                          ("mod_wrap2",)),
    "mod_wrap2_redis": Row("WrapEngine on\n", ("mod_redis", "mod_wrap2")),
    "mod_wrap2_sql": Row("WrapEngine on\n", SQLITE + ("mod_wrap2",)),
}


# ---- The server

class Host(Server):
    """One directory for many daemons, each with modules of its own."""

    def config(self):
        ours = "LoadModule mod_sftp.c\n"
        behind = [name for name in self.modules if name in BEHIND]
        before = [name for name in self.modules if name not in behind]
        with before_only(self, before):
            return super().config().replace(ours, ours + "".join(
                "LoadModule %s.c\n" % name for name in behind), 1)


@contextlib.contextmanager
def before_only(host, names):
    every, host.modules = host.modules, names
    try:
        yield
    finally:
        host.modules = every


host = Host()
# mod_unique_id wants an address for the name of the machine, which a root or a
# container may not have.
with open("/etc/hosts") as known, open(host.path("hosts"), "w") as names:
    names.write(known.read() + "\n127.0.0.1 %s\n" % os.uname().nodename)
for name, text in (("allow", "ALL: ALL\n"), ("deny", "")):
    with open(host.path(name), "w") as table:
        table.write(text)
os.chmod(host.path("allow"), 0o644)


def run_with(modules, lines):
    preload = [ROWS[name].preload for name in modules if ROWS[name].preload]
    host.modules, host.directives = modules, lines
    host.env = {"LD_PRELOAD": " ".join(preload)} if preload else {}
    host.binds = {"/etc/hosts": host.path("hosts")} \
        if "mod_unique_id" in modules else {}
    for name in ("start.log", "system.log", "sftp.log"):
        if os.path.exists(host.path(name)):
            os.unlink(host.path(name))
    shutil.rmtree(host.home("dir"), ignore_errors=True)
    host.start()
    try:
        with paramiko_transport(host) as transport:
            by_sftp(paramiko.SFTPClient.from_transport(transport))
            by_scp(transport)
        host.no_sessions()
    except Exception as why:
        raise Failed("%s\n%s" % (why or repr(why), host.logs_since(None)))
    finally:
        host.stop()
    host.stop_clean()


# ---- What is done in each

def by_sftp(sftp):
    """Each kind of operation on files."""
    data = os.urandom(20000)
    expect_same(sftp.normalize("."), "/", "where it begins")
    sftp.mkdir("/dir")
    with sftp.open("/dir/up", "wb") as file:
        file.write(data)
    expect_same(host.get("dir/up"), data, "what arrived")
    with sftp.open("/dir/up", "rb") as file:
        expect_same(file.read(), data, "what came back")
    expect_same(sftp.listdir("/dir"), ["up"], "the listing")
    expect_same(sftp.stat("/dir/up").st_size, len(data), "STAT")
    sftp.chmod("/dir/up", 0o600)
    sftp.rename("/dir/up", "/dir/moved")
    expect_same(os.listdir(host.home("dir")), ["moved"], "the new name")
    sftp.remove("/dir/moved")
    sftp.rmdir("/dir")
    expect(not os.path.exists(host.home("dir")), "RMDIR")


def by_scp(transport):
    """An upload and a download, as scp -O does them."""
    with scp(transport, "-t /copied") as channel:
        expect_same(channel.recv(1), b"\0", "the greeting")
        for part in (b"C0644 5 copied\n", b"bytes\0"):
            channel.sendall(part)
            expect_same(channel.recv(200), b"\0", "the answer")
    expect_same(host.get("copied"), b"bytes", "what scp sent")
    with scp(transport, "-f /copied") as channel:
        channel.sendall(b"\0")
        expect(channel.recv(200).startswith(b"C0644 5 copied"), "head")
        channel.sendall(b"\0")
        expect_same(channel.makefile().read(6), b"bytes\0", "what scp got")
        channel.sendall(b"\0")
    os.unlink(host.home("copied"))


@contextlib.contextmanager
def scp(transport, arguments):
    channel = transport.open_session()
    channel.settimeout(30)
    channel.exec_command("scp " + arguments)
    try:
        yield channel
    finally:
        channel.close()


# ---- The modules

def packaged():
    names = [os.path.basename(path)[:-3] for path in
             glob.glob(os.path.join(module_folder(), "*.so"))]
    return sorted(set(names) - set(OURS))


def with_needed(name):
    """It, behind all that it needs."""
    if name == "mod_sql":
        return list(SQLITE)
    found = []
    for other in ROWS[name].needs:
        found += [one for one in with_needed(other) if one not in found]
    return found + [name]


def lines_of(names):
    """Their directives, each once."""
    found = []
    for name in names:
        for line in re.findall(r"<If[^$]*?</If\w+>\n|.+\n",
                               ROWS[name].lines):
            if line not in found:
                found.append(line)
    return "".join(found)


def usual():
    """What Debian's own configuration loads, in its order."""
    with open("/etc/proftpd/modules.conf") as conf:
        names = re.findall(r"^LoadModule (mod_\w+)\.c", conf.read(), re.M)
    return [name for name in names if name not in OURS]


def alone(name):
    @promise("%s is loaded, and a session works" % name)
    def _():
        needed = with_needed(name)
        run_with(needed, lines_of(needed))


@promise("each module that Debian packages has its row here and in the manual")
def _():
    expect_same(packaged(), sorted(ROWS), "modules")
    expect(len(ROWS) >= 65, "only %d" % len(ROWS))
    with open(os.path.join(SOURCE, "doc/manual.md")) as manual:
        part = manual.read().partition("### Other modules\n")[2]
    rows = "".join(re.findall(r"^\| (`mod_.*?) \|", part.partition("\n#")[0],
                              re.M))
    expect_same(sorted(re.findall(r"`(mod_\w+)`", rows)), sorted(ROWS),
                "the manual's table")


for one in sorted(ROWS):
    alone(one)


@promise("all that Debian's modules.conf loads work together")
def _():
    names = usual()
    expect(len(names) > 20, "only %r" % names)
    run_with(names, lines_of(names))


main()
