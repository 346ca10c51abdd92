#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The style of the source, as far as a program can tell: CONTRIBUTING.md.

This reads the source and starts nothing.  .clang-format is for new code; it
cannot keep tables and wrapped conditions as people write them, so this is the
check.
"""

import glob
import os
import re
import sys

SOURCE = os.environ.get("srcdir", ".")
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from tap import expect, expect_same, main, promise  # noqa: E402

COLUMNS = 80
SCREEN = 60
LICENCE = """/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */
"""


def names(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(os.path.join(SOURCE, pattern), recursive=True)
    return sorted(set(os.path.relpath(path, SOURCE) for path in found))


C = names("*.c", "*.h.in", "[!.]*/*.[ch]", "ftpd/*/*.[ch]", "t/*/*.[ch]")
MODULE = [name for name in C if not name.startswith("t/")]
PAGES = names("*.md", "doc/*.md", "doc/*/*.md")
SCRIPTS = names("t/run", "quickstart", "t/lib/*", "t/integration/*.t",
                "t/unit/*.py", "t/pages/*", "t/mutants/run",
                "t/mutants/*.py", "tools/*-*", "tools/*/*.py",
                "doc/recipes/*-start")


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def lines_where(found, files):
    """Lines of the files, as "name:number", for which found(line) is true."""
    return ["%s:%d" % (name, number) for name in files
            for number, line in enumerate(text_of(name).split("\n"), 1)
            if found(line)]


def code_of(text):
    """Without comments and directives of the preprocessor, and with empty
    strings: lines keep their numbers."""
    def blank(match):
        lines = "\n" * match.group().count("\n")
        return '""' + lines if match.group()[0] in "\"'" else " " + lines
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', blank,
                  text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)


def closing(text, at):
    """Where the parenthesis that opens at `at' is closed."""
    depth = 0
    for at in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def without_braces(text):
    """Numbers of the lines with an if, else or loop whose body has none."""
    code, bad = code_of(text), []
    for word in re.finditer(r"\b(if|for|while|else|do)\b", code):
        end = word.end()
        if word.group() in ("if", "for", "while"):
            end = closing(code, code.index("(", end)) + 1
        rest = code[end:].lstrip()
        if word.group() == "while" and rest.startswith(";"):
            # The end of a do.
            if code[:word.start()].rstrip().endswith("}"):
                continue
        if word.group() == "else" and re.match(r"if\b", rest):
            continue
        if not rest.startswith("{"):
            bad.append(code.count("\n", 0, word.start()) + 1)
    return bad


@promise("the check of braces knows a body with them from one without")
def _():
    expect_same(without_braces("if (a) {\n}\nelse if (b(c)) {\n} else {\n}\n"
                               "do {\n  f();\n} while (g(1));\n"
                               "/* if (x) y; */ \"while (1);\"\n"
                               "#define if_not(a) if (a) b\n"), [], "good")
    expect_same(without_braces("if (a)\n  b;\nelse\n  c;\nfor (;;) d;\n"
                               "while (e(1))\n  ;\n"), [1, 3, 5, 6], "bad")


@promise("there is source to look at")
def _():
    expect(len(MODULE) > 200 and len(C) > len(MODULE) and len(PAGES) > 5
           and len(SCRIPTS) > 50, "%d files of the module, %d in C, %d pages, "
           "%d scripts" % (len(MODULE), len(C), len(PAGES), len(SCRIPTS)))


@promise("no line of C has more than 80 columns")
def _():
    expect_same(lines_where(lambda line: len(line) > COLUMNS, C), [], "lines")


@promise("no tabs, no blanks at the end of a line, one line feed at the end")
def _():
    expect_same(lines_where(lambda line: "\t" in line, C), [], "tabs")
    expect_same(lines_where(lambda line: line != line.rstrip(),
                            C + PAGES + SCRIPTS), [], "blanks")
    expect_same([name for name in C + PAGES + SCRIPTS
                 if not re.search(r"[^\n]\n\Z", text_of(name))], [],
                "ends of files")


@promise("every body of an if, else or loop has braces")
def _():
    expect_same(["%s:%d" % (name, number) for name in C
                 for number in without_braces(text_of(name))], [], "lines")


@promise("the phase of a connection is set in transport/phase.c alone")
def _():
    setter = re.compile(r"(?:->|\.)\s*(?:phase|resume)\s*(?:[-+|&^*/%]|<<|>>)?="
                        r"(?!=)")
    found = {name for name in MODULE if setter.search(code_of(text_of(name)))}
    expect_same(found, {"transport/phase.c"}, "files")


@promise("doc/security.md lists every source that raises privileges")
def _():
    raising = re.compile(r"\bPRIVS_(?:ROOT|USER)\b|\bftpd_privs_chown_begin\b")
    found = {os.path.basename(name) for name in MODULE if name.endswith(".c")
             and raising.search(code_of(text_of(name)))}
    section = re.search(r"### Privileged calls\n(.*?)\n## ",
                        text_of("doc/security.md"), re.S).group(1)
    told = {name for line in section.split("\n") if line.startswith("| `")
            for name in re.findall(r"`([\w-]+\.c)`", line)}
    expect_same(found, told, "sources")


@promise("no bytes of a client reach the host's parser of FTP, nor functions "
         "of <ctype.h> with a sign")
def _():
    # Commands are made by pr_cmd_alloc(), from fields.
    parser = re.compile(r"\b(pr_cmd_read|make_ftp_cmd|pr_netio_telnet_gets2?|"
                        r"pr_ascii_\w+|pr_parser_parse_\w+)\s*\(")
    signed = re.compile(r"\b(is(alnum|alpha|blank|cntrl|digit|graph|lower|print|"
                        r"punct|space|upper|xdigit)|to(lower|upper))\("
                        r"(?!\(unsigned char\))")
    own = [name for name in MODULE if name.endswith(".c")]
    expect_same(lines_where(parser.search, own), [], "the parser of FTP")
    expect_same(lines_where(signed.search, own), [], "signed characters")
    expect(signed.search("if (isdigit(*text))") and
           parser.search("res = pr_cmd_read(&cmd);"), "nothing is found")


@promise("every file begins with the licence")
def _():
    expect_same([name for name in C
                 if not text_of(name).startswith(LICENCE)], [], "C")
    expect_same([name for name in SCRIPTS
                 if "SPDX-License-Identifier" not in text_of(name)[:400]], [],
                "scripts")


@promise("every source of the module says in its first line what it is")
def _():
    expect_same([name for name in MODULE if name.endswith(".c") and not
                 text_of(name)[len(LICENCE):].startswith(
                     "\n/* %s -- " % os.path.basename(name))], [], "sources")


@promise("every header has its guard, which no other has")
def _():
    seen = {}
    for name in C:
        if name.endswith((".h", ".h.in")):
            guard = re.match(r"(?:\s|/\*.*?\*/)*#ifndef (\w+)\n#define \1\n",
                             text_of(name), re.S)
            expect(guard is not None, name + " has none")
            expect(re.search(r"\n#endif(?: /\*.*\*/)?\n\Z", text_of(name)),
                   name + ": the guard does not end it")
            expect_same(seen.setdefault(guard.group(1), name), name,
                        guard.group(1))


def functions_of(text):
    """(first line, number of lines) of each function, from its head on."""
    return [(text.count("\n", 0, found.start()) + 1,
             found.group().count("\n") + 1) for found in re.finditer(
                 r"^[A-Za-z][^\n;={}]*\((?:[^\n]|\n    )*?\) \{\n.*?^\}$", text,
                 re.M | re.S)]


@promise("a function of the module fits a screen")
def _():
    seen, long = 0, []
    for name in MODULE:
        for line, count in functions_of(text_of(name)):
            seen += 1
            if count > SCREEN:
                long.append("%s:%d has %d lines" % (name, line, count))
    expect(seen > 1500, "only %d functions found" % seen)
    expect_same(long, [], "functions of more than %d lines" % SCREEN)


# Interfaces with other modules are as they are.
PUBLIC = ("mod_sftp.h.in: sftp_channel_register_exec_handler",
          "ftpd/session/ftpd-exec.c: sftp_channel_register_exec_handler",
          "mod_sftp.h.in: verify_host_key",
          "ftpd/gate/ftpd-bottom.c: on_setxattr",
          "ftpd/gate/ftpd-bottom.c: on_lsetxattr",
          "ftpd/gate/ftpd-quotatab.c: write")


def parameters_of(code):
    """(name, number of parameters) of functions and of pointers to them."""
    for found in re.finditer(r"^(?:[A-Za-z_][\w *]*?[ *])?(\w+)\(|"
                             r"\(\*(\w+)\)\(", code, re.M):
        end = closing(code, found.end() - 1)
        if found.group(2) or re.match(r"\s*(?:\{|;|SFTP_\w+)", code[end + 1:]):
            # A pointer to a function counts as one.
            own = re.sub(r"\([^()]*\)", "", code[found.end():end])
            yield found.group(1) or found.group(2), own.count(",") + 1


@promise("a function takes at most six parameters")
def _():
    seen, many = 0, []
    for name in MODULE:
        for function, count in parameters_of(code_of(text_of(name))):
            seen += 1
            place = "%s: %s" % (name, function)
            if count > 6 and place not in PUBLIC:
                many.append("%s takes %d" % (place, count))
    expect(seen > 2000, "only %d functions found" % seen)
    expect_same(many, [], "functions of more than six")


@promise("nothing is left to do")
def _():
    expect_same(lines_where(re.compile(r"\b(TODO|FIXME|XXX)\b(?!\.)").search,
                            C), [], "lines")


@promise("a directory is not called a folder")
def _():
    expect_same(lines_where(re.compile(r"\bfolders?\b", re.I).search,
                            C + PAGES), [], "lines")


@promise("users are they")
def _():
    expect_same(lines_where(re.compile(r"\b(he|him|his|she|her)\b").search,
                            MODULE + PAGES), [], "lines")


@promise("the files that a page on the source names are there")
def _():
    missing = []
    for page in ("doc/architecture.md", "CONTRIBUTING.md"):
        for name in re.findall(r"`([\w./*-]*\w\*?\.(?:c|h|h\.in|py|t|map|in)"
                               r"|[\w./]+/)`", text_of(page)):
            if not names(name, "*/" + name, "ftpd/*/" + name):
                missing.append("%s: %s" % (page, name))
    expect_same(missing, [], "names of no file")


main()
