#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Runs clients through steps, and writes what came of it as a table.

usage: matrix.py [--list] [--packages] [--build DIR] [--steps A,B] [--open]
                 [--sshd] [--results DIR] [--doc FILE] [client...]

--list prints the clients, --packages the Debian packages that they need.
--open leaves out what the page has a "yes" for.
--sshd has OpenSSH's server in the place of ours.  A step that does not work
with ours is tried with that one, too, and the result says what came of it.
--results keeps what was found, a file for this release of Debian; --merge
takes the results of another directory into that one; --doc brings a page up to
date with all such files, and --only-doc does nothing else.  The exit status
is 1 if a promise was broken.
"""

import argparse
import json
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "drivers"),
                os.path.join(HERE, "../lib")]
import curl         # noqa: E402
import dropbear     # noqa: E402
import filezilla    # noqa: E402
import lftp         # noqa: E402
import mounts       # noqa: E402
import openssh      # noqa: E402
import programs     # noqa: E402
import putty        # noqa: E402
import rclone       # noqa: E402
import restic       # noqa: E402
import twisted_conch    # noqa: E402
from reference import SSHD, Sshd                 # noqa: E402
from report import in_short, read_doc, release, write_doc   # noqa: E402
from server import Server                       # noqa: E402
from steps import STEPS, Site, Visit            # noqa: E402
from tap import Failed, Skipped                 # noqa: E402

MODULES = (openssh, mounts, putty, filezilla, rclone, restic, lftp, curl,
           dropbear, twisted_conch, programs)
CLIENTS = [client() for module in MODULES for client in module.CLIENTS]
TITLES = [client.title for client in CLIENTS]


def judge(client, site, name):
    """yes, no or -, and why."""
    func = client.own_steps.get(name, None if client.only_own
                                else STEPS[name])
    if func is None:
        return "-", client.cannot.get(name, STEPS[name].without)
    try:
        return "yes", func(Visit(site, client)) or ""
    except Skipped as why:
        return "-", str(why) or client.cannot.get(name, STEPS[name].without)
    except Failed as why:
        return "no", str(why)
    except Exception:
        return "no", traceback.format_exc()


def compared(client, reference, name, verdict, why):
    """What OpenSSH's server has to say of what is not a yes."""
    if reference is None or not client.with_sshd or not why.strip() \
            or name == "own":
        return in_short(why)
    if verdict == "no" or verdict == "-" and ":" in why:
        same = judge(client, reference, name)[0] == verdict
        return in_short(why) + (" (with sshd, too)" if same
                                else " (not so with sshd)")
    return in_short(why)


def indented(text):
    return "".join("    %s\n" % line for line in text[-4000:].splitlines())


def all_steps(client, site, reference, names):
    found = {}
    for name in names:
        marks = [(server, server.mark_logs())
                 for server in site.servers.values()]
        begun = time.monotonic()
        verdict, why = judge(client, site, name)
        took = time.monotonic() - begun
        found[name] = (verdict,
                       compared(client, reference, name, verdict, why))
        print("%-22s %-10s %-4s %5.1f s  %s"
              % (client.name, name, verdict, took, found[name][1][:110]),
              flush=True)
        if verdict == "no":
            print(indented(why), end="")
            for server, mark in marks:
                print(indented(server.logs_since(mark)), end="", flush=True)
    return found


def rows_of(path):
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def add_rows(folder, name, more):
    """Adds rows to the results of a release, or steps to its rows."""
    path = os.path.join(folder, name)
    rows = rows_of(path)
    for client, row in more.items():
        steps = dict(rows.get(client, {}).get("steps", {}), **row["steps"])
        rows[client] = dict(row, steps=steps)
    order = [one.name for one in CLIENTS]
    rows = {name: rows[name] for name in order if name in rows}
    os.makedirs(folder, exist_ok=True)
    with open(path, "w") as out:
        json.dump(rows, out, indent=1)


def keep(folder, client, found):
    add_rows(folder, release().replace(" ", "-") + ".json",
             {client.name: {"title": client.title, "steps": found,
                            "version": client.version(),
                            "remarks": client.remarks}})


def merge(source, folder):
    for name in sorted(os.listdir(source)):
        add_rows(folder, name, rows_of(os.path.join(source, name)))


def parsed():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--build", default=".")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--sshd", action="store_true")
    parser.add_argument("--results")
    parser.add_argument("--doc")
    parser.add_argument("--only-doc", action="store_true")
    parser.add_argument("--merge")
    parser.add_argument("client", nargs="*")
    wanted = parser.parse_args()
    wanted.steps = wanted.steps.split(",")
    known = {client.name for client in CLIENTS}
    for name in wanted.client:
        if name not in known:
            parser.error("no client %s, but %s"
                         % (name, ", ".join(sorted(known))))
    for name in wanted.steps:
        if name not in STEPS:
            parser.error("no step %s, but %s" % (name, ", ".join(STEPS)))
    return wanted


def done(client, wanted):
    """Steps that need not be tried."""
    if not wanted.open:
        return []
    page = read_doc(os.path.join(HERE, "../../doc/interop.md"), STEPS)
    row = page.get(release(), {}).get(client.title, {"steps": {}})
    return [name for name, (verdict, _) in row["steps"].items()
            if verdict == "yes"]


def can_be_run(client):
    try:
        client.version()
        return True
    except Failed as why:
        # Others are here, and keep what they do.
        print("%-22s cannot be run\n%s"
              % (client.name, indented(str(why))), flush=True)
        return False


def visits(wanted, chosen):
    site = Site(wanted.build, Sshd if wanted.sshd else Server)
    reference = Site(wanted.build, Sshd) \
        if os.path.exists(SSHD) and not wanted.sshd else None
    os.environ.setdefault("NODE_PATH",
                          os.path.join(wanted.build, "node_modules"))
    counts = {"yes": 0, "no": 0, "-": 0}
    try:
        for client in chosen:
            if not client.here:
                continue
            if not can_be_run(client):
                counts["no"] += 1
                continue
            found = all_steps(client, site, reference,
                              [name for name in wanted.steps
                               if name not in done(client, wanted)])
            for verdict, _ in found.values():
                counts[verdict] += 1
            if wanted.results:
                keep(wanted.results, client, found)
    finally:
        site.stop()
        if reference:
            reference.stop()
    return counts


def main():
    # However it ends, servers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = parsed()
    chosen = [client for client in CLIENTS
              if not wanted.client or client.name in wanted.client]
    if not wanted.list:
        number = int(release().split()[1])
        chosen = [client for client in chosen if client.since <= number]
    if wanted.list:
        for client in chosen:
            print("%-22s %s" % (client.name, client.title))
        return 0
    if wanted.packages:
        print(*sorted({name for client in chosen
                       for name in client.packages}))
        return 0
    if wanted.merge:
        merge(wanted.merge, wanted.results)
        return 0
    if wanted.only_doc:
        write_doc(wanted.results, wanted.doc, STEPS, TITLES)
        return 0
    counts = visits(wanted, chosen)
    if wanted.doc:
        write_doc(wanted.results, wanted.doc, STEPS, TITLES)
    print("%d passed, %d failed, %d skipped"
          % (counts["yes"], counts["no"], counts["-"]))
    return 1 if counts["no"] else 0


if __name__ == "__main__":
    sys.exit(main())
