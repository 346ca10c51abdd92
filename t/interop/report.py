# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""doc/interop.md, out of what matrix.py found and what the page has.

The page is the one place where results last: rows of clients that were not
run, and steps that they were not asked for, are read from it again.
"""

import glob
import json
import os
import re

HEAD = """# Interoperability

Results of tests with client programs. The module has its default configuration: no `SFTPClientMatch`, no option for the sake
of a client. `t/interop/run --all` runs all tests and writes this page.

- **yes**: it works, and the transferred data is compared byte by byte.
- **–**: the client cannot do this; the notes say why. In the last column: the client has no further functions.
- **no**: it does not work; the notes say why.
- "With sshd, too" in the notes: the same client was tested with OpenSSH's server of the same release, with the same result.

"""

STEPS_TITLE = "The steps"
STEPS_HEAD = "## " + STEPS_TITLE + """

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
    if not lines:
        return ""
    ends = [number for number, line in enumerate(lines[:-1])
            if re.search(r": exit \d+$", line)]
    lines = lines[ends[0] + 1:] if ends else lines
    if lines[0].startswith("Traceback"):
        lines = lines[-1:]
    text = re.sub(r"/\S*/", "", lines[0].strip())
    return text if len(text) <= 120 else text[:117] + "..."


def notes(rows, steps):
    lines = []
    for row in rows.values():
        whys = {}           # steps with the same reason, together
        for name in steps:
            _, why = row["steps"].get(name, ("", ""))
            if why:
                whys.setdefault(cell(why), []).append(steps[name].title)
        said = [row["remarks"]] if row["remarks"] else []
        said += ["%s: %s" % (" + ".join(titles), why)
                 for why, titles in whys.items()]
        if said:
            lines.append("- **%s**: %s" % (row["title"],
                                           "; ".join(said).rstrip(".") + "."))
    return "\n".join(lines) + "\n"


# ---- The page, read again

VERDICTS = {"yes": "yes", "**no**": "no", "–": "-"}


def cells(line):
    return [one.replace("\\|", "|").strip()
            for one in re.split(r"(?<!\\)\|", line)[1:-1]]


def add_notes(row, text, steps):
    """Gives each step of a row its part of the row's note."""
    names = {func.title: name for name, func in steps.items()}
    one = "(?:%s)" % "|".join(map(re.escape, names))
    parts = re.split(r"(?:^|; )(%s(?: \+ %s)*): " % (one, one), text)
    row["remarks"] = parts[0]
    for titles, why in zip(parts[1::2], parts[2::2]):
        for title in titles.split(" + "):
            if names[title] in row["steps"]:
                row["steps"][names[title]][1] = why


def rows_of_section(text, steps):
    """{title: row} of a section of the page, in the form of the results."""
    names = {func.title: name for name, func in steps.items()}
    rows, columns = {}, []
    for line in text.splitlines():
        note = re.match(r"- \*\*(.+?)\*\*: (.*)$", line)
        if note and note.group(1) in rows:
            add_notes(rows[note.group(1)],
                      note.group(2).replace("\\|", "|").removesuffix("."),
                      steps)
        if not line.startswith("| ") or line.startswith("| ---"):
            continue
        title, version, *found = cells(line)
        if title == "client":
            columns = found
            continue
        rows[title] = {
            "title": title, "version": version, "remarks": "",
            "steps": {names[column]: [VERDICTS[one], ""]
                      for column, one in zip(columns, found)
                      if column in names and one in VERDICTS}}
    return rows


def read_doc(path, steps):
    """{release: {title: row}} of the page."""
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        head, *sections = re.split("^## ", file.read(), flags=re.M)
    found = {}
    for section in sections:
        name, _, text = section.partition("\n")
        if name != STEPS_TITLE:
            found[name] = rows_of_section(text, steps)
    return found


def merged(old, new):
    """A row of the page with what was found now."""
    if not old or not new:
        return new or old
    return dict(new, steps=dict(old["steps"], **new["steps"]))


def write_doc(results, path, steps, titles):
    """titles: those of all clients, in the order of the rows."""
    releases = read_doc(path, steps)
    for file in glob.glob(os.path.join(results, "*.json")):
        name = os.path.basename(file).rpartition(".")[0].replace("-", " ")
        rows = releases.setdefault(name, {})
        with open(file) as source:
            for row in json.load(source).values():
                title = row["title"]
                rows[title] = merged(rows.get(title), row)
    text = HEAD
    for name in sorted(releases):
        rows = {title: releases[name][title] for title in titles
                if title in releases[name]}
        text += "## %s\n\n%s\n" % (name, table(rows, steps))
        found = notes(rows, steps)
        if found.strip():
            text += found + "\n"
    text += STEPS_HEAD
    for func in steps.values():
        text += "| %s | %s |\n" % (func.title, func.about)
    with open(path, "w") as out:
        out.write(text)
