#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The manual has what the code has: directives, their words, notes.

It reads the tables of the code, by their names.  A table that was renamed
fails here as well: see TABLES.
"""

import glob
import os
import re
import sys

SOURCE = os.environ.get("srcdir", ".")
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from tap import expect, expect_same, main, promise  # noqa: E402

# What is to be found in the manual: the file with the table, and its name.
TABLES = {
    "directives": ("ftpd/config/directives.c", "sftp_conftab"),
    "options": ("ftpd/config/directives.c", "options"),
    "keys": ("transport/traits.c", "sftp_traits"),
    "extensions": ("sftp/fxp-ext.c", "ext_rows"),
    "commands": ("exec/exec.c", "rows"),
    "reasons": ("ftpd/config/ftpd-penalty-conf.c", "names"),
    "policies": ("transport/traffic.c", "policies"),
}
PARTS = ("Syntax", "Default", "Context", "Since")


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def words_of(table):
    """The first text of each line of a table of the code."""
    name, array = TABLES[table]
    body = re.search(r"\b%s\[\w*\] = \{\n(.*?)\n\};" % array, text_of(name),
                     re.S)
    expect(body is not None, "%s: no table '%s'" % (name, array))
    found = re.findall(r'(?:^|\n) *(?:\{|\[\w+\] =) *(?:\.\w+ = )?"([^"]+)"',
                       body.group(1))
    expect(len(found) > 3, "%s: '%s' has only %r" % (name, array, found))
    return sorted(found)


def switches_of_extensions():
    """The words of SFTPExtensions: the second column of their table."""
    name, array = TABLES["extensions"]
    names = dict(re.findall(r'^#define (FXP_WORD_\w+) "(\w+)"$',
                            text_of("sftp/fxp-ext.h"), re.M))
    body = re.search(r"\b%s\[\] = \{\n(.*?)\n\};" % array, text_of(name),
                     re.S).group(1)
    found = re.findall(r'\{ "[^"]+", (?:"(\w+)"|(FXP_WORD_\w+))', body)
    expect(len(found) > 10, "only %r" % found)
    return sorted(set(word or names[macro] for word, macro in found))


def sources():
    """{name: text} of the module's C files."""
    names = (os.path.relpath(path, SOURCE) for path in glob.glob(
        os.path.join(SOURCE, "**/*.c"), recursive=True))
    return {name: text_of(name) for name in names
            if not name.startswith(("t/", "."))}


def sections_of(text, level):
    """{heading: text below it} of the headings of that level."""
    parts = re.split(r"^%s (.+)\n" % ("#" * level),
                     re.sub(r"^(#{1,%d} )" % (level - 1), r"\n\1", text,
                            flags=re.M), flags=re.M)
    return {head: re.split(r"^#{1,%d} " % level, body, flags=re.M)[0]
            for head, body in zip(parts[1::2], parts[2::2])}


MANUAL = text_of("doc/manual.md")
TROUBLE = text_of("doc/troubleshooting.md")
SOURCES = sources()
DIRECTIVES = {head: body for head, body in sections_of(MANUAL, 4).items()
              if head.startswith("SFTP")}


def first_cells(text):
    """The words in the first column of the tables in a text."""
    return sorted(word for line in re.findall(r"^\| (`.*?) \|", text, re.M)
                  for word in re.findall(r"`([\w./-]+)`", line))


def quoted(text):
    return set(re.findall(r"`([^`\s]+)`", text))


@promise("each directive of the code has a heading, and each heading one")
def _():
    heads = re.findall(r"^#### (SFTP.*)$", MANUAL, re.M)
    expect_same(sorted(heads), words_of("directives"), "headings")


@promise("each heading has its parts, in their order")
def _():
    for name, body in DIRECTIVES.items():
        found = re.findall(r"^- \*\*(\w+):\*\* ([^\n]+)", body, re.M)
        expect_same([part for part, _ in found], list(PARTS), name)
        parts = dict(found)
        expect(parts["Syntax"].startswith("`%s " % name), name
               + ": its syntax does not begin with it")
        expect(re.match(r"\d+\.\d+\.\d+(; packaged [\w.]+)?$",
                        parts["Since"]), "%s: since %s" % (name,
                                                           parts["Since"]))
        expect(re.match("everywhere|server config only", parts["Context"]),
               "%s: context %s" % (name, parts["Context"]))
        expect("\n**Works with:** " in body, name + ": works with what?")
        expect_same("\n**Packaged module:** " in body,
                    "packaged" in parts["Since"],
                    name + ": says how the packaged module differs")


@promise("each heading has an example, of directives that there are")
def _():
    for name, body in DIRECTIVES.items():
        lines = [line.strip() for line in re.findall(r"^    (.*)$", body,
                                                     re.M)]
        expect(any(name == line.split()[0] for line in lines) or any(
            re.search(r"\b%s\b" % name, line, re.I) for line in lines),
               name + ": no example")
        for line in lines:
            word = line.split()[0]
            expect(not word.startswith("SFTP") or word in DIRECTIVES,
                   "%s: the example has %s" % (name, word))


@promise("the context is what the code checks")
def _():
    only = sorted(name for name, body in DIRECTIVES.items()
                  if "**Context:** server config only" in body)
    code = "".join(text_of(os.path.relpath(path, SOURCE)) for path in
                   glob.glob(os.path.join(SOURCE, "ftpd/config/*.c")))
    rows = dict(re.findall(r'\{ "(SFTP\w+)", (\w+), NULL \}', code))
    found = []
    for name, handler in rows.items():
        body = re.search(r"%s\(cmd_rec \*cmd\) \{\n(.*?)\n\}" % handler, code,
                         re.S)
        expect(body is not None, "no handler of " + name)
        if "CHECK_CONF(cmd, CONF_ROOT);" in body.group(1):
            found.append(name)
    expect_same(only, sorted(found), "directives of the main server")


@promise("each directive that the packaged module has in another way is on the "
         "page about coming from there")
def _():
    page = text_of("doc/coming-from-packaged.md")
    for name, body in DIRECTIVES.items():
        differs = re.search(r"\*\*Packaged module:\*\* (?!the same)", body)
        expect(not differs or re.search(r"\b%s\b" % name, page),
               name + " is missing")


@promise("every flag of SFTPOptions is there, and no other")
def _():
    expect_same(first_cells(DIRECTIVES["SFTPOptions"]), words_of("options"),
                "flags")


@promise("every key of SFTPClientMatch is there, and no other")
def _():
    expect_same(first_cells(DIRECTIVES["SFTPClientMatch"]), words_of("keys"),
                "keys")


@promise("a key with words for values has each of them")
def _():
    seen = 0
    for key, words in re.findall(r'\.word = "(\w+)"[^{]*?\.choices = \w+,'
                                 r'\s*\.expected = "([^"]+)"',
                                 text_of(TABLES["keys"][0])):
        line = re.search(r"^\| `%s` \|.*$" % key,
                         DIRECTIVES["SFTPClientMatch"], re.M).group()
        wanted = set(re.split(", | or ", words))
        expect_same(sorted(wanted - quoted(line)), [], key)
        seen += 1
    expect(seen > 1, "only %d keys" % seen)


@promise("every name of SFTPExtensions is there, twice, and no other")
def _():
    wanted = switches_of_extensions()
    expect_same(first_cells(sections_of(MANUAL, 3)["Extensions"]), wanted,
                "names of the table")
    body = DIRECTIVES["SFTPExtensions"]
    names = re.search(r"each name switches: (.*?)\.\n", body, re.S).group(1)
    expect_same(sorted(quoted(names)), wanted, "names of the heading")


@promise("every request of SFTP's extensions is there with its switch, and no "
         "other")
def _():
    name, array = TABLES["extensions"]
    macros = dict(re.findall(r'^#define (FXP_WORD_\w+) "(\w+)"$',
                             text_of("sftp/fxp-ext.h"), re.M))
    body = re.search(r"\b%s\[\] = \{\n(.*?)\n\};" % array, text_of(name),
                     re.S).group(1)
    rows = {request: macros.get(word, word.strip('"')) for request, word in
            re.findall(r'\{ "([^"]+)", ("\w+"|\w+),', body)}
    # It is announced, but is no request.
    rows.pop("xattr@proftpd.org")
    found = {}
    for line in re.findall(r"^\| (`.*)$", sections_of(MANUAL, 3)[
            "Extension requests"], re.M):
        cells = line.split(" | ")
        for request in re.findall(r"`([^`]+)`", cells[0]):
            found[request] = cells[1].strip("`").replace("none", "NULL")
    expect_same(found, rows, "requests")


@promise("every extension of SSH that the code names is there, and no other")
def _():
    wanted = set()
    for name, text in SOURCES.items():
        if name.startswith(("transport/", "channel/", "login/", "kex.c",
                            "channel.c", "auth.c")):
            # Names of algorithms are in tables.
            wanted |= set(re.findall(
                r'(?:[(,=] |\(|= )"([a-z0-9-]+@(?:openssh\.com|proftpd\.org)|'
                r'ext-info-c|server-sig-algs)"', text))
    wanted.add("zlib@openssh.com")
    cells = re.findall(r"^\| (`.*?) \|", sections_of(MANUAL, 3)[
        "Extensions of SSH"], re.M)
    expect_same(sorted(re.findall(r"`([^`]+)`", " ".join(cells))),
                sorted(wanted), "extensions")


@promise("README leads to every page")
def _():
    readme = text_of("README.md")
    pages = glob.glob(os.path.join(SOURCE, "doc/*.md")) \
        + glob.glob(os.path.join(SOURCE, "doc/*/*.md"))
    for path in sorted(pages):
        name = os.path.relpath(path, SOURCE)
        expect("](%s)" % name in readme, "no link to " + name)


@promise("every command of SFTPExecCommands is there, twice, and no other")
def _():
    wanted = words_of("commands")
    body = DIRECTIVES["SFTPExecCommands"]
    names = re.search(r"Names: (.*?)\. Words", body, re.S).group(1)
    expect_same(sorted(quoted(names)), wanted, "names of the heading")
    missing = set(wanted) - quoted(sections_of(MANUAL, 3)["Commands"])
    expect_same(sorted(missing), [], "not in the section on commands")


@promise("every reason for a penalty and every traffic policy is there")
def _():
    cells = first_cells(DIRECTIVES["SFTPPerSourcePenalties"])
    expect_same(sorted(set(words_of("reasons")) - set(cells)), [], "reasons")
    expect_same(sorted(first_cells(DIRECTIVES["SFTPTrafficPolicy"])
                       + ["none"]), words_of("policies"), "policies")


@promise("every note that the code sets is there, and no other")
def _():
    found = set(re.findall(r'"(SFTP_\w+_ALGO)"',
                           SOURCES["transport/kex-init.c"]))
    for text in SOURCES.values():
        found |= set(re.findall(r'ftpd_note\([\w>.-]+, "(\w+)"', text))
    expect(len(found) > 15, "only %r" % found)
    expect_same(first_cells(sections_of(MANUAL, 3)["Notes"]), sorted(found),
                "notes")


@promise("every note for modules is there, and no other")
def _():
    found = set()
    for text in SOURCES.values():
        for names in re.findall(r"pr_table_(?:add|add_dup|set)\("
                                r"[\w.>-]*notes,\s*([^;]*);", text):
            found |= set(re.findall(r'"([\w-]+\.[\w-]+|protocol)"', names))
    expect(len(found) > 8, "only %r" % found)
    expect_same(first_cells(sections_of(MANUAL, 3)["Notes for modules"]),
                sorted(found), "notes")


@promise("every environment variable is there, and no other of ours")
def _():
    found = {name for text in SOURCES.values()
             for name in re.findall(r'^#define \w+_ENV "(\w+)"$', text, re.M)}
    read = {name for text in SOURCES.values()
            for name in re.findall(r'\b(?:get|set|unset)env\(([A-Z]\w+|")',
                                   text)}
    expect_same(sorted(name for name in read if not name.endswith("_ENV")),
                [], "variables that have no macro ..._ENV")
    cells = first_cells(sections_of(MANUAL, 3)["Environment variables"])
    expect_same([name for name in cells if name.startswith("MOD_")],
                sorted(found), "variables")


@promise("every name of -D is there, and no other")
def _():
    expect_same(first_cells(sections_of(MANUAL, 3)["Definitions"]),
                sorted({name for text in SOURCES.values() for name in
                        re.findall(r'pr_define_exists\("(\w+)"\)', text)}),
                "names")


@promise("every trace channel is there, and no other")
def _():
    found = {name for text in SOURCES.values()
             for name in re.findall(r'pr_trace_msg\("(\w+)"', text)}
    found |= set(re.findall(r'\[TRACE_\w+\] = "(\w+)"',
                            SOURCES["ftpd/session/ftpd-log.c"]))
    expect_same(first_cells(sections_of(MANUAL, 3)["Trace channels"]),
                sorted(found), "channels")


@promise("every event that the code generates is there, and no other")
def _():
    # Only the daemon generates those of its log.
    names = {name for text in SOURCES.values() for name in re.findall(
        r'"((?:mod_\w+|ssh2?|sftp|core(?!\.log))\.(?![ch]")[\w.-]+)"', text)}
    heard = set()
    for text in SOURCES.values():
        # What is registered, and notes, are not generated.
        heard |= set(re.findall(r'pr_event_register\([^"]*"([^"]+)"', text))
        for table in re.findall(r'\bconst char \*event\b.*?= \{\n(.*?)\n *\};',
                                text, re.S):
            heard |= set(re.findall(r'\{ "([\w.-]+)"', table))
    made = {name for text in SOURCES.values() for name in re.findall(
        r'(?:pr_event_generate|ftpd_event|io_event)\((?:[\w>-]+, )?"([^"]+)"',
        text)}
    made |= {name for name in names if re.match(
        r"mod_sftp\.ssh2\.auth-|mod_sftp\.ssh\.\w+-comp|"
        r"mod_sftp\.sftp\.data-", name)}
    expect(len(made) > 25, "only %r" % made)
    cells = [name for name in first_cells(sections_of(MANUAL, 3)["Events"])]
    expect_same(cells, sorted(made), "events")
    notes = first_cells(sections_of(MANUAL, 3)["Notes for modules"])
    read = {name for text in SOURCES.values() for name in re.findall(
        r'pr_table_(?:get|remove)\([^;"]*"([^"]+)"', text)}
    expect_same(sorted(names - made - heard - read - set(notes)), [],
                "neither events nor notes")


@promise("every HOOK is there, and no other")
def _():
    expect_same(first_cells(sections_of(MANUAL, 3)["HOOKs"]),
                sorted({name for text in SOURCES.values() for name in
                        re.findall(r'\{ HOOK, "(\w+)"', text)}), "HOOKs")


@promise("every exported symbol is there, and no other")
def _():
    names = re.search(r"global:(.*?)local:", text_of("mod_sftp.map"),
                      re.S).group(1)
    cells = first_cells(sections_of(MANUAL, 3)["Exported functions"])
    expect_same(cells, sorted(re.findall(r"(\w+);", names)), "symbols")


@promise("what troubleshooting finds in a log is a text of the code")
def _():
    code = "".join(re.sub(r'"\s*"', "", text) for text in SOURCES.values())
    tables = re.findall(r"^\| In the log .*\n\| --- .*\n((?:\|.*\n)+)", TROUBLE,
                        re.M)
    seen = 0
    for line in "".join(tables).splitlines():
        for text in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
            words = [re.escape(part) for part in text.split("...")]
            expect(re.search('"[^"\n]*' + '[^"\n]*'.join(words), code),
                   "no log line has '%s'" % text)
            seen += 1
    expect(seen > 25, "only %d texts" % seen)


@promise("links within the pages lead to a heading")
def _():
    pages = [os.path.relpath(path, SOURCE) for path in
             glob.glob(os.path.join(SOURCE, "*.md"))
             + glob.glob(os.path.join(SOURCE, "doc/*.md"))]
    anchors = {page: {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
                      for head in re.findall(r"^#+ (.*)$", text_of(page),
                                             re.M)} for page in pages}
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page),
                                                 path)) if path else page
            expect(os.path.exists(os.path.join(SOURCE, path)),
                   "%s: there is no %s" % (page, link))
            expect(not anchor or anchor in anchors.get(path, ()),
                   "%s: no heading for %s" % (page, link))


@promise("defaults are those of the table, and each directive has a row")
def _():
    rows = re.findall(r'\{ "(\w+)", ("[^"]*"|\w+), (true|false), '
                      r'(true|false) \}',
                      text_of("ftpd/config/ftpd-defaults.c"))
    expect_same(sorted(row[0] for row in rows), words_of("directives"), "rows")
    for name, words, main_only, repeats in rows:
        words = {"NONE": "none"}.get(words, words.strip('"'))
        section = re.search(r"\n#### %s\n(.*?)\n(?:#|\Z)" % name,
                            text_of("doc/manual.md"), re.S).group(1)
        said = re.search(r"\*\*Default:\*\* (.*)", section).group(1)
        if not re.fullmatch(r"\(.*\)|OF_PROFILE", words):
            expect(re.match(r"`?%s`?(\W|$)" % re.escape(words), said),
                   "%s: %s, but the manual says %s" % (name, words, said))
        context = re.search(r"\*\*Context:\*\* (.*)", section).group(1)
        expect_same("server config only" in context, main_only == "true",
                    "%s: the context" % name)
        expect_same("(several)" in section, repeats == "true",
                    "%s: several" % name)


main()
