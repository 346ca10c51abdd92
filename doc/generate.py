#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Makes HTML and man pages of the Markdown pages: `make doc`.

cmark-gfm reads the pages; what is written depends only on its tree, on the
version, and on the date of the last release in CHANGELOG.md.
"""

import argparse
import glob
import html
import os
import posixpath
import re
import shutil
import subprocess
import sys
import textwrap
import xml.etree.ElementTree

NS = "{http://commonmark.org/xml/1.0}"
PARSER = "cmark-gfm"

# Pages whose HTML has another name than their Markdown.  The first is named
# like the pages of ProFTPD's own modules.
NAMES = {"doc/manual.md": "mod_sftp.html", "README.md": "index.html",
         "CHANGELOG.md": "changelog.html", "SECURITY.md": "reporting.html",
         "CONTRIBUTING.md": "contributing.html"}

# The page that is mod_sftp(5).
MANUAL = "doc/manual.md"
WHAT = "SSH-2, SFTP and SCP inside ProFTPD"

STYLE = """\
body { max-width: 52em; margin: 1em auto; padding: 0 1em;
  font: 16px/1.5 sans-serif; color: #222; background: #fff; }
nav { border-bottom: 1px solid #ccc; padding-bottom: .5em; }
nav a { margin-right: 1em; }
h1, h2, h3, h4 { line-height: 1.2; margin-top: 1.6em; }
h2 { border-bottom: 1px solid #ccc; }
a { color: #0645ad; }
code, pre { font: 14px/1.4 monospace; background: #f4f4f4; }
code { padding: 0 .2em; overflow-wrap: anywhere; }
pre { padding: .6em; overflow-x: auto; }
pre code { padding: 0; overflow-wrap: normal; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #ccc; padding: .2em .5em; text-align: left;
  vertical-align: top; }
ul.directives { columns: 18em; list-style: none; padding-left: 0; }
footer { border-top: 1px solid #ccc; margin-top: 2em; color: #666; }
"""


class Fault(Exception):
    """What the user should read."""


def tag(node):
    return node.tag[len(NS):]


def parse(path):
    """The tree of a page."""
    if shutil.which(PARSER) is None:
        raise Fault("%s is missing: apt-get install %s" % (PARSER, PARSER))
    done = subprocess.run([PARSER, "-e", "table", "-t", "xml", path],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Fault("%s cannot read %s" % (PARSER, path))
    return xml.etree.ElementTree.fromstring(done.stdout)


def plain(node):
    """The text below a node, without markup."""
    if tag(node) in ("text", "code", "html_inline", "code_block"):
        return node.text or ""
    if tag(node) in ("softbreak", "linebreak"):
        return " "
    return "".join(plain(child) for child in node)


def slug(text, seen):
    """The anchor of a heading, as the forges make it."""
    name = re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
    seen[name] = seen.get(name, -1) + 1
    return name if seen[name] == 0 else "%s-%d" % (name, seen[name])


def write(path, text):
    """Writes a file whole, or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(path + ".tmp", path)


# ---- HTML


class Html:
    """Writes one page; site says where the other pages are."""

    SIMPLE = {"strong": "strong", "emph": "em", "block_quote": "blockquote",
              "item": "li", "strikethrough": "del"}

    def __init__(self, site, source):
        self.site = site
        self.source = source
        self.seen = {}

    def children(self, node):
        return "".join(self.node(child) for child in node)

    def node(self, node):
        name = tag(node)
        if name in self.SIMPLE:
            return "<%s>%s</%s>" % (self.SIMPLE[name], self.children(node),
                                    self.SIMPLE[name]) + "\n" * (name == "item")
        return getattr(self, "on_" + name)(node)

    def on_document(self, node):
        return self.children(node)

    def on_text(self, node):
        return html.escape(node.text or "", quote=False)

    on_html_inline = on_html_block = on_text

    def on_code(self, node):
        return "<code>%s</code>" % html.escape(node.text or "", quote=False)

    def on_softbreak(self, _node):
        return "\n"

    def on_linebreak(self, _node):
        return "<br>\n"

    def on_thematic_break(self, _node):
        return "<hr>\n"

    def on_code_block(self, node):
        return "<pre><code>%s</code></pre>\n" % html.escape(node.text or "",
                                                            quote=False)

    def on_paragraph(self, node):
        return "<p>%s</p>\n" % self.children(node)

    def on_heading(self, node):
        level = int(node.get("level"))
        return '<h%d id="%s">%s</h%d>\n' % (
            level, slug(plain(node), self.seen), self.children(node), level)

    def on_list(self, node):
        name = "ol" if node.get("type") == "ordered" else "ul"
        body = self.children(node)
        if node.get("tight") == "true":
            body = re.sub(r"<p>(.*?)</p>\n", r"\1", body, flags=re.S)
        return "<%s>\n%s</%s>\n" % (name, body, name)

    def on_link(self, node):
        target = self.site.target(self.source, node.get("destination"))
        text = self.children(node)
        return text if target is None else '<a href="%s">%s</a>' % (
            html.escape(target), text)

    def on_image(self, node):
        return self.children(node)

    def on_table(self, node):
        rows = []
        for row in node:
            kind = "th" if tag(row) == "table_header" else "td"
            rows.append("<tr>%s</tr>\n" % "".join("<%s>%s</%s>" % (
                kind, self.children(cell), kind) for cell in row))
        return "<table>\n%s</table>\n" % "".join(rows)


def directives_of(tree):
    """The headings that name a directive."""
    return [plain(node) for node in tree if tag(node) == "heading"
            and re.fullmatch(r"SFTP\w+", plain(node))]


def with_directives(body, names):
    """The list of directives, before the first heading below the title."""
    links = "".join('<li><a href="#%s">%s</a></li>\n' % (name.lower(), name)
                    for name in sorted(names))
    head, _, rest = body.partition("<h2 ")
    return '%s<h2 id="directives">Directives</h2>\n<ul class="directives">\n' \
        "%s</ul>\n<h2 %s" % (head, links, rest)


class Site:
    """All pages, and where each of them is in the HTML."""

    MENU = ("README.md", "doc/manual.md", "doc/troubleshooting.md",
            "doc/faq.md", "CHANGELOG.md")

    def __init__(self, source, version):
        self.source = source
        self.version = version
        found = glob.glob(os.path.join(source, "*.md")) + glob.glob(
            os.path.join(source, "doc/**/*.md"), recursive=True)
        self.pages = sorted(os.path.relpath(path, source) for path in found)
        self.files = set()

    def place(self, page):
        """The HTML file of a page, or of a file that pages link to."""
        name = NAMES.get(page)
        if name is None:
            name = re.sub(r"^doc/", "", page)
            name = re.sub(r"\.md$", ".html", name)
        return name

    def target(self, page, link):
        """What a link of the page becomes; None if it leads nowhere."""
        if "://" in link or link.startswith(("#", "mailto:")):
            return link
        path, _, anchor = link.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page),
                                                 path))
        if path not in self.pages:
            full = os.path.join(self.source, path)
            if not os.path.isfile(full) or not (
                    path.startswith("doc/") or path == "LICENSE"):
                return None
            self.files.add(path)
        here = posixpath.dirname(self.place(page)) or "."
        return posixpath.relpath(self.place(path), here) + (
            "#" + anchor if anchor else "")

    def page(self, page):
        """The HTML of a page."""
        tree = parse(os.path.join(self.source, page))
        body = Html(self, page).node(tree)
        if page == MANUAL:
            body = with_directives(body, directives_of(tree))
        title = next((plain(node) for node in tree if tag(node) == "heading"),
                     page)
        if not title.startswith("mod_sftp"):
            title = "mod_sftp: " + title
        menu = "".join('<a href="%s">%s</a>\n' % (
            posixpath.relpath(self.place(other), posixpath.dirname(
                self.place(page)) or "."), words) for other, words in zip(
                    self.MENU, ("mod_sftp", "Manual", "Troubleshooting",
                                "Questions", "Changes"))
            if other in self.pages)
        return """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<nav>
%s</nav>
%s<footer>mod_sftp %s</footer>
</body>
</html>
""" % (html.escape(title), STYLE, menu, body, html.escape(self.version))

    def write(self, out):
        """All pages, and the files that they link to."""
        for page in self.pages:
            write(os.path.join(out, self.place(page)), self.page(page))
        for path in sorted(self.files):
            place = os.path.join(out, self.place(path))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copyfile(os.path.join(self.source, path), place)


# ---- Man pages

ROFF = {"\\": "\\e", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", "'": "\\(aq"}


def roff(text, code=False):
    text = "".join(ROFF.get(char, char) for char in text)
    return text.replace("-", "\\-") if code else text


class Man:
    """Writes one page in the macros of man(7)."""

    WIDTH = 66                  # of the widest table that is written as one

    def __init__(self):
        self.lines = []
        self.fresh = True       # no paragraph macro is wanted here
        self.inner = False      # below a heading of the third level

    def line(self, text):
        self.lines.append(text)

    def text(self, text):
        """Running text, wrapped; no line of it looks like a macro."""
        for line in textwrap.wrap(text, 78, break_long_words=False,
                                  break_on_hyphens=False) or [""]:
            self.line("\\&" + line if line.startswith((".", "'")) else line)
        self.fresh = False

    def inline(self, node, font="R"):
        name = tag(node)
        if name in ("text", "html_inline"):
            return roff(node.text or "")
        if name == "code":
            text = roff(node.text or "", code=True)
            return text if font == "B" else "\\fB%s\\f%s" % (text, font)
        if name in ("softbreak", "linebreak"):
            return " "
        inner = {"strong": "B", "emph": "I"}.get(name, font)
        text = "".join(self.inline(child, inner) for child in node)
        if inner != font:
            text = "\\f%s%s\\f%s" % (inner, text, font)
        link = node.get("destination", "")
        if name == "link" and "://" in link and link != plain(node):
            text += " <%s>" % roff(link, code=True)
        return text

    def inlines(self, node):
        return "".join(self.inline(child) for child in node)

    def block(self, node):
        getattr(self, "on_" + tag(node))(node)

    def blocks(self, nodes):
        for node in nodes:
            self.block(node)

    def macro(self, name, text=""):
        self.line(".%s %s" % (name, text) if text else "." + name)

    def begin(self, level, title):
        """A heading: section, subsection, or a paragraph with a body."""
        if self.inner:
            self.macro("RE")
        self.inner = level > 3
        if self.inner:
            if not self.fresh:
                self.macro("PP")
            self.macro("B", roff(title, code=True))
            self.macro("RS", "4")
        else:
            self.macro("SH" if level == 2 else "SS", '"%s"' % roff(
                title.upper() if level == 2 else title).replace('"', '\\(dq'))
        self.fresh = not self.inner

    def on_heading(self, node):
        self.begin(int(node.get("level")), plain(node))

    def on_paragraph(self, node):
        if not self.fresh:
            self.macro("PP")
        self.text(self.inlines(node))

    def on_html_block(self, node):
        pass

    def on_thematic_break(self, node):
        pass

    def on_block_quote(self, node):
        self.macro("RS", "4")
        self.fresh = True
        self.blocks(node)
        self.macro("RE")

    def on_code_block(self, node):
        if not self.fresh:
            self.macro("PP")
        self.macro("RS", "4")
        self.macro("nf")
        for line in (node.text or "").rstrip("\n").split("\n"):
            line = roff(line, code=True)
            self.line("\\&" + line if line.startswith((".", "'")) else line)
        self.macro("fi")
        self.macro("RE")
        self.fresh = False

    def on_list(self, node):
        tight = node.get("tight") == "true"
        for number, item in enumerate(node, int(node.get("start", "1"))):
            if tight and number == int(node.get("start", "1")) + 1:
                self.macro("PD", "0")
            mark = "%d." % number if node.get("type") == "ordered" else "\\(bu"
            width = len(str(number)) + 2 if mark != "\\(bu" else 2
            self.macro("IP", "%s %d" % (mark, width))
            self.fresh = True
            if tag(item[0]) == "paragraph":
                self.text(self.inlines(item[0]))
                rest = item[1:]
            else:
                rest = item
            if len(rest) > 0:
                self.macro("RS", "%d" % width)
                self.fresh = tag(rest[0]) != "paragraph"
                self.blocks(rest)
                self.macro("RE")
            self.fresh = False
        if tight and len(node) > 1:
            self.macro("PD")

    def on_table(self, node):
        rows = [[self.inlines(cell) for cell in row] for row in node]
        bare = [[plain(cell) for cell in row] for row in node]
        widths = [max(map(len, column)) for column in zip(*bare)]
        if len(rows) == 2:
            self.terms(zip(*rows))
        elif len(rows[0]) == 2:
            self.terms(rows[1:])
        elif sum(widths) + 3 * len(widths) <= self.WIDTH:
            self.table(rows)
        else:
            self.labelled(rows)
        self.fresh = False

    def terms(self, rows):
        for term, body in rows:
            self.macro("TP")
            self.line("\\&" + term)
            self.text(body or "\\&")

    def labelled(self, rows):
        """A wide table: the first column, and the others with their heads."""
        for row in rows[1:]:
            self.macro("TP")
            self.line("\\&" + row[0])
            self.text("; ".join("%s: %s" % pair for pair in zip(
                rows[0][1:], row[1:]) if pair[1]) or "\\&")

    def table(self, rows):
        if not self.fresh:
            self.macro("PP")
        self.macro("TS")
        self.line("tab(;);")
        self.line(" ".join("lb" for _ in rows[0]))
        self.line(" ".join("l" for _ in rows[0]) + ".")
        for row in rows:
            self.line(";".join(cell.replace(";", "\\[u003B]")
                               for cell in row))
        self.macro("TE")


def is_contents(node):
    """A list of links within the page: man(1) has no use for it."""
    return tag(node) == "list" and all(
        len(item) == 1 and len(item[0]) == 1 and tag(item[0][0]) == "link"
        and item[0][0].get("destination").startswith("#") for item in node)


def man_page(tree, name, section, what, stamp, also):
    """A tree as a man page; without a section NAME it gets one."""
    page = Man()
    nodes = [node for node in tree if not is_contents(node)]
    heads = [plain(node) for node in nodes if tag(node) == "heading"]
    if tag(nodes[0]) == "heading" and nodes[0].get("level") == "1":
        what = what or heads[0].partition(" - ")[2]
        nodes, heads = nodes[1:], heads[1:]
    page.line("'\\\" t")
    page.line(".\\\" Generated by make doc.")
    page.macro("TH", '%s %d %s "mod_sftp %s"' % (
        roff(name.upper(), True), section, stamp[1], stamp[0]))
    # Left-adjusted: groff 1.23 has the string, older ones obey the request.
    page.macro("ds", "AD l")
    page.macro("nh")
    page.macro("ad", "l")
    if heads[0].upper() != "NAME":
        page.begin(2, "Name")
        page.text("%s \\- %s" % (roff(name, True), roff(what)))
        if tag(nodes[0]) != "heading":
            page.begin(2, "Description")
    page.blocks(nodes)
    if also and "SEE ALSO" not in [head.upper() for head in heads]:
        page.begin(2, "See also")
        page.text(", ".join("\\fB%s\\fR(%d)" % (roff(other, True), number)
                            for other, number in also))
    elif page.inner:
        page.macro("RE")
    return "\n".join(page.lines) + "\n"


def write_man(source, out, stamp):
    """mod_sftp(5), and a page of section 8 for each tool."""
    tools = sorted(glob.glob(os.path.join(source, "doc/man/*.8.md")))
    names = [os.path.basename(path)[:-len(".8.md")] for path in tools]
    also = [(name, 8) for name in sorted(names + ["proftpd"])]
    write(os.path.join(out, "mod_sftp.5"), man_page(
        parse(os.path.join(source, MANUAL)), "mod_sftp", 5, WHAT, stamp,
        [("proftpd.conf", 5)] + also))
    for path, name in zip(tools, names):
        write(os.path.join(out, name + ".8"), man_page(
            parse(path), name, 8, "", stamp,
            [("mod_sftp", 5)] + [it for it in also if it[0] != name]))


def released(source):
    """The date of the last release."""
    with open(os.path.join(source, "CHANGELOG.md"), encoding="utf-8") as log:
        found = re.search(r"^## [\d.]+ - (\d{4}-\d\d-\d\d)$", log.read(), re.M)
    if found is None:
        raise Fault("CHANGELOG.md has no release")
    return found.group(1)


def main():
    parser = argparse.ArgumentParser(description="HTML and man pages.")
    parser.add_argument("--source", default=".", help="the source's top")
    parser.add_argument("--version", required=True)
    parser.add_argument("--html", help="directory for HTML")
    parser.add_argument("--man", help="directory for man pages")
    args = parser.parse_args()
    try:
        if args.html:
            Site(args.source, args.version).write(args.html)
        if args.man:
            write_man(args.source, args.man,
                      (args.version, released(args.source)))
    except (Fault, OSError) as error:
        sys.exit("make doc: %s" % error)


main()
