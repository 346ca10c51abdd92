#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""What a test needs is named in its head, so that t/run installs that alone.

This reads the tests and starts nothing.
"""

import ast
import functools
import glob
import os
import re
import sys

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
LIB = os.path.join(SOURCE, "t", "lib")
INTEROP = os.path.join(SOURCE, "t", "interop")
sys.path[:0] = [LIB, INTEROP, os.path.join(INTEROP, "drivers")]
sys.dont_write_bytecode = True

from server import must, run  # noqa: E402
from tap import expect, expect_same, main, promise  # noqa: E402

# A sign of use in a test's text, and the packages that it stands for.
SIGNS = (
    (r"^ *(import|from) paramiko", "python3-paramiko"),
    (r"^ *(import|from) asyncssh", "python3-asyncssh"),
    (r'\["(psftp|pscp|plink|puttygen)"', "putty-tools"),
    (r'\["lftp"', "lftp"),
    (r'\["rclone"', "rclone"),
    (r'\["curl"', "curl"),
    (r'\["(sshfs|fusermount3)",', "sshfs fuse3"),
    (r'\["strace"', "strace"),
    (r'\["(nm|readelf|objdump)"', "binutils"),
    (r'\["ssh-audit"', "ssh-audit"),
    (r'\["[gs]etfacl"', "acl"),
    (r'"fail2ban-regex"', "fail2ban"),
    (r'"(slapd|slapadd)"', "slapd"),
    (r'"snmp(walk|get)"', "snmp"),
    (r'PROGRAMS, "build"\)[^)]*"libssh"', "libssh-dev"),
    (r'PROGRAMS, "build"\)[^)]*"libssh2"', "libssh2-1-dev"),
    (r"\bfips\.so|\bfips_sect\b", "13:openssl-provider-fips"),
    (r"/usr/lib/postgresql", "postgresql"),
    (r'"clamd"', "clamav-daemon"),
    (r'\["mandoc"', "mandoc"),
    (r'\["man"', "man-db"),
    (r"\bpam_talk\b", "libpam0g-dev"),
    (r'module_folder\(\), "mod_sftp.so"', "proftpd-mod-crypto"),
)

# ProFTPD's modules that are not in proftpd-core.
MODULES = {
    "mod_sftp_pam": "proftpd-mod-crypto",
    "mod_sftp_sql": "proftpd-mod-crypto",
    "mod_sql_passwd": "proftpd-mod-crypto",
    "mod_tls": "proftpd-mod-crypto",
    "mod_sql_sqlite": "proftpd-mod-sqlite",
    "mod_sql_postgres": "proftpd-mod-pgsql",
    "mod_geoip": "proftpd-mod-geoip geoip-database",
    "mod_sftp_ldap": "proftpd-mod-sftp-ldap",
    "mod_sql_mysql": "proftpd-mod-mysql",
    "mod_sql_odbc": "proftpd-mod-odbc",
}
MODULES.update(("mod_" + name, "proftpd-mod-" + name) for name in (
    "autohost", "case", "clamav", "counter", "fsync", "geoip2", "kafka",
    "ldap", "msg", "proxy", "snmp", "statsd", "tar", "vroot", "wrap"))

TESTS = sorted(glob.glob(os.path.join(SOURCE, "t", "integration", "*.t")))
C_TESTS = sorted(glob.glob(os.path.join(SOURCE, "t", "unit", "*-t.c")))


def text_of(path):
    with open(path) as file:
        return file.read()


def imported(tree):
    """What a module takes from others: {name: its module}."""
    return {alias.name: node.module for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) for alias in node.names}


@functools.lru_cache(maxsize=None)
def lib(module):
    """A module of t/lib: its import lines, and what it defines by name."""
    path = os.path.join(LIB, module + ".py")
    if module == "server" or not os.path.exists(path):
        return "", {}, {}
    text = text_of(path)
    tree = ast.parse(text)
    defines = {}
    for node in tree.body:
        source = ast.get_source_segment(text, node)
        for name in names_of(node):
            defines[name] = (source, {one.id for one in ast.walk(node)
                                      if isinstance(one, ast.Name)})
    lines = "\n".join(re.findall(r"^(?:import|from) .*$", text, re.M))
    return lines, defines, imported(tree)


def names_of(node):
    """What a statement of a module defines."""
    if isinstance(node, ast.Assign):
        return [one.id for target in node.targets
                for one in ast.walk(target) if isinstance(one, ast.Name)]
    return [node.name] if hasattr(node, "name") else []


def parts_of_lib(tree):
    """The text of what a test takes out of t/lib, and of what that uses."""
    modules = {alias.name for node in ast.walk(tree)
               if isinstance(node, ast.Import) for alias in node.names}
    todo = [(module, name) for name, module in imported(tree).items()] \
        + [(module, name) for module in modules for name in lib(module)[1]]
    seen, parts = set(), []
    while todo:
        module, name = todo.pop()
        if (module, name) in seen:
            continue
        seen.add((module, name))
        lines, defines, takes = lib(module)
        text, uses = defines.get(name, ("", ()))
        parts += [lines, text]
        todo += [(takes.get(one, module), one) for one in uses]
    return "\n".join(parts)


def used_by(path):
    """The packages that a test's text shows it to use."""
    text = text_of(path)
    if path.endswith(".c"):
        return set(re.findall(r'system\("(ssh-keygen)', text)
                   and ["openssh-client"])
    tree = ast.parse(text)
    packages = set()
    for found in re.finditer(r"\b([a-z_]+)\.([A-Z]\w+)\b", text):
        if os.path.exists(os.path.join(INTEROP, "drivers",
                                       found.group(1) + ".py")) and \
                re.search("^import %s$" % found.group(1), text, re.M):
            driver = getattr(__import__(found.group(1)), found.group(2))
            packages.update(driver.packages)
    text += parts_of_lib(tree)
    for sign, names in SIGNS:
        if re.search(sign, text, re.M):
            packages.update(names.split())
    for name in re.findall(r'\b(mod_\w+)\.(?:c|so)\b|"(mod_\w+)"', text):
        packages.update(MODULES.get(name[0] or name[1], "").split())
    return packages


def named_in(path):
    """The packages of its head, as they stand there."""
    lines = re.findall(r"^(?:# needs: (.+)|/\* needs: (.+) \*/)$",
                       text_of(path), re.M)
    return [name for line in lines for name in " ".join(line).split()]


def by_name(name):
    """Without the release from which on a package is there."""
    return name.rpartition(":")[2]


def shell(words):
    """What t/lib/packages.sh says."""
    return must(run(["sh", "-c", ". %s/packages.sh; %s" % (LIB, words)])) \
        .stdout.decode().split()


ALWAYS_BUILD = set(shell("echo $build_packages"))
ALWAYS = ALWAYS_BUILD | set(shell("echo $test_packages"))


@promise("every test names in its head what its text shows it to use")
def _():
    missing = {}
    for path in TESTS + C_TESTS:
        there = ALWAYS_BUILD if path in C_TESTS else ALWAYS
        lacks = used_by(path) - set(named_in(path)) - there
        if lacks:
            missing[os.path.basename(path)] = sorted(lacks)
    expect(len(TESTS) > 50, "only %d tests" % len(TESTS))
    expect_same(missing, {}, "used and not named")


@promise("every test in Python can be run as a program")
def _():
    expect_same([path for path in TESTS if not os.access(path, os.X_OK)], [],
                "without the right to execute it")


@promise("a head names no package twice, nor one that every test has")
def _():
    for path in TESTS:
        names = named_in(path)
        expect_same(names, sorted(set(names) - ALWAYS, key=by_name),
                    "%s: sorted names" % os.path.basename(path))


@promise("a head's packages are read by t/run")
def _():
    for path in TESTS + C_TESTS:
        expect_same(shell("VERSION_ID=99 named_needs '%s'" % path),
                    [by_name(name) for name in named_in(path)],
                    os.path.basename(path))


@promise("a package of a later release is not asked for before")
def _():
    fips = os.path.join(SOURCE, "t/integration/fips.t")
    later = "openssl-provider-fips"
    for release, there in (("12", False), ("13", True), ("14", True)):
        expect_same(later in shell("VERSION_ID=%s named_needs '%s'"
                                   % (release, fips)), there,
                    "%s on Debian %s" % (later, release))


@promise("a test in C needs what a build needs, others what they name")
def _():
    wire, keys, scp, lftp = ("'%s/t/%s'" % (SOURCE, name) for name in (
        "unit/wire-t.c", "unit/keys-t.c", "integration/scp.t",
        "integration/lftp.t"))
    expect_same(set(shell("packages_of " + wire)), ALWAYS_BUILD, "wire-t.c")
    expect_same(set(shell("packages_of " + keys)) - ALWAYS_BUILD,
                {"openssh-client"}, "keys-t.c")
    expect_same(set(shell("packages_of " + scp)), ALWAYS, "scp.t")
    expect_same(set(shell("packages_of %s %s" % (wire, lftp))) - ALWAYS,
                {"lftp"}, "wire-t.c and lftp.t")


main()
