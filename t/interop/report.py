# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""doc/interop.md, out of what matrix.py found."""

import glob
import json
import os
import re

HEAD = """# Interoperability

Clients and what they were seen to do with this module, in its default configuration: no `SFTPClientMatch`, no option for
the sake of a client. `t/interop/run --all` runs all of it and writes this page.

**yes**: works, and what arrived is compared byte for byte. **–**: the client has no means for it. **no**: it does not
work; the notes say why.

"""

STEPS_HEAD = """## The steps

| step | what is tried |
| --- | --- |
"""


def release():
    """"Debian 12" """
    with open("/etc/os-release") as file:
        text = file.read()
    words = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.M))
    return "%s %s" % (words["NAME"].partition(" ")[0], words["VERSION_ID"])


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ").strip()


def table(rows, steps):
    names = list(steps)
    lines = ["| client | version | %s |"
             % " | ".join(steps[name].title for name in names),
             "| --- | --- |" + " --- |" * len(names)]
    for row in rows.values():
        found = [row["steps"].get(name, ("", ""))[0] for name in names]
        found = [{"-": "–", "no": "**no**"}.get(one, one) for one in found]
        lines.append("| %s | %s | %s |" % (row["title"], row["version"],
                                           " | ".join(found)))
    return "\n".join(lines) + "\n"


def in_short(why):
    """What a client said, without where it was run."""
    lines = [line for line in why.strip().splitlines() if line.strip()]
    if len(lines) > 1 and re.search(r": exit \d+$", lines[0]):
        lines = lines[1:]
    if lines[0].startswith("Traceback"):
        lines = lines[-1:]
    text = re.sub(r"/\S*/", "", cell(lines[0]))
    return text if len(text) <= 120 else text[:117] + "..."


def notes(rows, steps):
    lines = []
    for row in rows.values():
        said = [row["remarks"]] if row["remarks"] else []
        for name, (verdict, why) in row["steps"].items():
            if verdict == "no" or (verdict == "-" and ":" in why):
                said.append("%s: %s" % (steps[name].title, in_short(why)))
        if said:
            lines.append("- **%s**: %s" % (row["title"],
                                           "; ".join(said).rstrip(".") + "."))
    return "\n".join(lines) + "\n"


def write_doc(results, path, steps):
    text = HEAD
    for file in sorted(glob.glob(os.path.join(results, "*.json"))):
        with open(file) as source:
            rows = json.load(source)
        name = os.path.basename(file).rpartition(".")[0].replace("-", " ")
        text += "## %s\n\n%s\n" % (name, table(rows, steps))
        found = notes(rows, steps)
        if found.strip():
            text += found + "\n"
    text += STEPS_HEAD
    for func in steps.values():
        text += "| %s | %s |\n" % (func.title, func.about)
    with open(path, "w") as out:
        out.write(text)
