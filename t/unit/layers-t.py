#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The layers (doc/architecture.md) are what the Makefile says they are: the
compiler refuses an include that runs up, and no object of a lower layer refers
to a symbol that a higher one defines.

Runs in the build directory, as `make unit' does; $srcdir is the source.
"""

import glob
import os
import re
import shlex
import subprocess
import sys

TOP = os.environ.get("srcdir", ".")
sys.path.insert(0, os.path.join(TOP, "t", "lib"))
sys.dont_write_bytecode = True

from tap import diag, expect, expect_same, main, promise, skip  # noqa: E402

# The make that may have started us has flags and a job server of its own.
ENV = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS",
                                                        "MAKELEVEL")}


def make(*args):
    return subprocess.run(["make", "-s", "--no-print-directory", *args],
                          env=ENV, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def read_layers():
    """The Makefile's tables: SEES_*, DOOR_*, the objects' names."""
    table = {"dir": {}, "door": {}, "object": {}, "daemon": {}}
    for line in make("layers").splitlines():
        kind, name, *rest = line.split()
        table[kind][name] = rest
    return table


LAYERS = read_layers()
FTPD = [d for d in LAYERS["dir"] if d.startswith("ftpd/")]
CORE = [d for d in LAYERS["dir"] if d not in FTPD]
OBJECTS = LAYERS["object"]


def place(name):
    """The directory whose rules a source keeps."""
    return os.path.dirname(name) or LAYERS["door"][name][0]


def headers(directory):
    return sorted(os.path.basename(path) for path in
                  glob.glob(os.path.join(TOP, directory, "*.h")))


def includes(source, header, how="-E"):
    """None if a source of that name may include it, else what was said."""
    if source not in includes.flags:
        includes.flags[source] = shlex.split(make("layer-flags",
                                                  "FILE=" + source))
    done = subprocess.run(includes.flags[source] + [how, "-x", "c", "-"],
                          input='#include "%s"\n' % header, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return None if done.returncode == 0 else done.stderr


includes.flags = {}


def is_refused(source, header):
    said = includes(source, header)
    return said is not None and ("No such file" in said or "not found" in said)


# ---- Includes

@promise("make without a target builds the module")
def _():
    expect("mod_sftp.so" in make("-n", "-W", "mod_sftp.h"),
           "it would not: " + make("-n"))


@promise("a header's name says which one it is")
def _():
    owners = {}
    for directory in LAYERS["dir"]:
        for header in headers(directory):
            owners.setdefault(header, []).append(directory)
    expect_same({h: d for h, d in owners.items() if len(d) > 1}, {},
                "headers of the same name")


@promise("a header stands on its own")
def _():
    for directory in LAYERS["dir"]:
        for header in headers(directory):
            said = includes(directory + "/probe", header, "-fsyntax-only")
            expect(said is None, "%s/%s: %s" % (directory, header, said))


@promise("each directory's sources see its own headers and lower ones")
def _():
    for directory in CORE:
        for seen in [directory] + LAYERS["dir"][directory]:
            if not headers(seen):
                continue
            header = headers(seen)[0]
            said = includes(directory + "/probe", header)
            expect(said is None, "%s/ cannot include %s of %s/: %s" % (
                directory, header, seen, said))


@promise("the compiler refuses an include that runs up")
def _():
    tried = 0
    for directory in CORE:
        for above in LAYERS["dir"]:
            if above == directory or above in LAYERS["dir"][directory]:
                continue
            for header in headers(above)[:1]:
                expect(is_refused(directory + "/probe", header),
                       "%s/ can include %s of %s/" % (directory, header,
                                                      above))
                tried += 1
    expect(tried > len(CORE), "only %d were tried" % tried)


@promise("a door at the top keeps the rules of its directory")
def _():
    for door, (directory,) in LAYERS["door"].items():
        for other in LAYERS["dir"]:
            if directory in FTPD or not headers(other):
                continue
            header = headers(other)[0]
            if other == directory or other in LAYERS["dir"][directory]:
                expect(includes(door, header) is None,
                       "%s.c cannot include %s" % (door, header))
            else:
                expect(is_refused(door, header),
                       "%s.c can include %s" % (door, header))


@promise("of ProFTPD's headers the core sees its pools and strings alone")
def _():
    for directory in CORE:
        for header in ("conf.h", "proftpd.h", "session.h", "modules.h",
                       "fsio.h", "cmd.h", "mod_sftp.h"):
            expect(is_refused(directory + "/probe", header),
                   "%s/ can include %s" % (directory, header))
        expect(includes(directory + "/probe", "base.h") is None,
               "%s/ cannot include base.h" % directory)
    expect(includes(FTPD[0] + "/probe", "conf.h") is None,
           "ftpd/ cannot include conf.h")


@promise("nor does it name the directory that they are in")
def _():
    found = []
    for name in OBJECTS:
        if place(name) in CORE:
            with open(os.path.join(TOP, name + ".c")) as text:
                found += [name for line in text if re.match(
                    r'\s*#\s*include\s*[<"]proftpd', line)]
    expect_same(found, [], "sources with #include <proftpd/...>")


# ---- Symbols

def read_symbols():
    """Per object: the symbols it defines for others, and those it needs."""
    defined, needed = {}, {}
    for name in OBJECTS:
        text = subprocess.run(["nm", "-P", "-g", "obj/%s.o" % name],
                              check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        defined[name], needed[name] = set(), set()
        for line in text.splitlines():
            symbol, kind = line.split()[:2]
            if kind == "U":
                needed[name].add(symbol)
            elif not symbol.startswith("__"):   # a sanitizer's
                defined[name].add(symbol)
    return defined, needed


DEFINED, NEEDED = read_symbols()
# The program sftp-cell has functions of its own instead of the daemon's, and
# each program has a main().
OWNER = {symbol: name for name in OBJECTS
         if place(name) not in ("cell", "check") for symbol in DEFINED[name]}


def contract():
    """The functions of base/ftpd-*.h, which ftpd/ implements for the core."""
    found = set()
    for path in glob.glob(os.path.join(TOP, "base", "ftpd-*.h")):
        with open(path) as text:
            code = re.sub(r"/\*.*?\*/", "", text.read(), flags=re.S)
            found |= set(re.findall(r"\b(ftpd_\w+)\s*\(", code))
    return found


CONTRACT = contract()


def upward(name):
    """What an object of the core refers to above it: (symbol, directory)."""
    may = [place(name)] + LAYERS["dir"][place(name)]
    for symbol in sorted(NEEDED[name]):
        if symbol in OWNER and place(OWNER[symbol]) not in may:
            if not (symbol in CONTRACT and place(OWNER[symbol]) in FTPD):
                yield symbol, place(OWNER[symbol])


@promise("no object refers to a symbol that a higher layer defines")
def _():
    bad = []
    for name in OBJECTS:
        if place(name) in CORE:
            bad += ["%s: %s of %s/" % (name, symbol, directory)
                    for symbol, directory in upward(name)]
    for line in bad:
        diag(line)
    expect(len(OWNER) > 500, "only %d symbols were found" % len(OWNER))
    expect_same(bad, [], "references to a higher layer")


def symbols_of(program):
    listed = subprocess.run(["nm", "-P", program], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return {line.split()[0] for line in listed.splitlines()}


@promise("the program sftp-check has nothing but what runs checks")
def _():
    names = symbols_of("sftp-check")
    expect("check_serve" in names, "no function of it")
    expect_same(sorted(OWNER[s] for s in names & set(OWNER)
                       if OWNER[s] != "base/program"), [], "files")


@promise("the program sftp-cell has nothing of a login, channels or files")
def _():
    names = symbols_of("sftp-cell")
    may = ["cell"] + LAYERS["dir"]["cell"]
    expect("sftp_conn_begin" in names, "no function of the transport in it")
    expect_same(sorted(s for s in names & set(OWNER) - CONTRACT
                       if place(OWNER[s]) not in may), [], "functions")


@promise("the program sftp-cell calls nothing of zlib")
def _():
    listed = subprocess.run(["nm", "-u", "-P", "sftp-cell"], check=True,
                            text=True, stdout=subprocess.PIPE).stdout
    expect("EVP_" in listed, "nothing of libcrypto, either")
    expect_same(re.findall(r"^\w*(?:deflate|inflate)\w*", listed, re.M), [],
                "calls")


@promise("ftpd/ implements all of base/ftpd-*.h, and the core uses all of it")
def _():
    needed = set().union(*(NEEDED[n] for n in OBJECTS if place(n) in CORE))
    expect(len(CONTRACT) > 50, "only %d were found" % len(CONTRACT))
    expect_same(sorted(s for s in CONTRACT
                       if place(OWNER.get(s, "base/")) not in FTPD),
                [], "functions that nobody implements")
    expect_same(sorted(CONTRACT - needed), [], "functions that nobody calls")


@promise("of the daemon's functions the core calls those of its pools alone")
def _():
    daemon = "".join(LAYERS["daemon"])
    if not os.path.exists(daemon):
        skip("there is no proftpd here")
    listed = subprocess.run(["nm", "-D", "-P", "--defined-only", daemon],
                            check=True, text=True, stdout=subprocess.PIPE)
    theirs = {line.split()[0] for line in listed.stdout.splitlines()}
    pools = ""
    for name in ("pool.h", "str.h"):
        with open("obj/pools/" + name) as text:
            with open(re.search(r'"(.*)"', text.read()).group(1)) as header:
                pools += header.read()
    allowed = set(re.findall(r"\b(\w+)\s*\(", pools))
    used = {symbol for name in OBJECTS if place(name) in CORE
            for symbol in NEEDED[name]} & theirs - set(OWNER)
    expect("palloc" in used, "no palloc() was found")
    expect_same(sorted(used - allowed), [], "functions of the daemon")


# ---- The page

@promise("doc/architecture.md has the Makefile's table")
def _():
    rows = {}
    with open(os.path.join(TOP, "doc", "architecture.md")) as page:
        for line in page:
            row = re.match(r"\| (\d+) \| `([\w/]+)/`[^|]* \| ([^|]*) \|", line)
            if row:
                rows[row.group(2)] = (int(row.group(1)), re.findall(
                    r"`([\w/]+)/`", row.group(3)))
    expect_same(sorted(rows), sorted(LAYERS["dir"]), "directories")
    for directory, (layer, named) in rows.items():
        # A directory that may be used may be used with all that it may use.
        may = set(named)
        for other in named:
            may |= set(LAYERS["dir"][other])
        expect_same(sorted(may), sorted(LAYERS["dir"][directory]),
                    "what %s/ may use" % directory)
        expect(all(rows[other][0] < layer for other in may),
               "%s/ is not above all that it may use" % directory)


main()
