# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""The small faults that `make mutants' puts into a source, one at a time."""

import collections
import random
import re

# `kind' is what is wrong, at byte `at' of the text: `old' becomes `new'.
Fault = collections.namedtuple("Fault", "kind line at old new")

# Constants that a hand or an eye mistakes for each other.
SWAPPED = (
    ("true", "false"),
    ("SSH_FX_FAILURE", "SSH_FX_OK"),
    ("SSH_FX_OK", "SSH_FX_FAILURE"),
    ("SSH_FX_NO_SUCH_FILE", "SSH_FX_PERMISSION_DENIED"),
    ("SSH_FX_PERMISSION_DENIED", "SSH_FX_NO_SUCH_FILE"),
    ("SSH_FX_BAD_MESSAGE", "SSH_FX_OP_UNSUPPORTED"),
    ("SSH_FX_OP_UNSUPPORTED", "SSH_FX_BAD_MESSAGE"),
    ("SFTP_ERR_LIMIT", "SFTP_OK"),
    ("ENOENT", "EACCES"), ("EACCES", "ENOENT"), ("EPERM", "EINVAL"),
    ("EINVAL", "EPERM"), ("EEXIST", "ENOTDIR"), ("ENOTDIR", "EEXIST"),
    ("O_EXCL", "O_TRUNC"), ("O_TRUNC", "O_EXCL"), ("O_CREAT", "O_EXCL"),
    ("O_WRONLY", "O_RDWR"), ("O_NOFOLLOW", "O_CLOEXEC"),
    ("LOCK_EX", "LOCK_SH"), ("LOCK_SH", "LOCK_EX"),
    ("SEEK_SET", "SEEK_CUR"), ("SEEK_CUR", "SEEK_SET"),
    ("S_ISREG", "S_ISDIR"), ("S_ISDIR", "S_ISREG"), ("S_ISLNK", "S_ISREG"),
)
SWAP = dict(SWAPPED, **{"false": "true"})

# What these say is for people: a fault in it is no fault of behaviour.
SAID = re.compile(r"\b(?:sftp_log\w*|sftp_trace\w*|pr_log_\w+|pr_trace_\w+|"
                  r"SFTP_TRACE|SFTP_PRINTF|sftp_build_assert)\s*\(")
# How much memory is asked for: one more byte is no fault.  Of sftp_wr_init(),
# the last argument is a limit, which matters.
ROOM = re.compile(r"\b(?:p?c?alloc|malloc|calloc|make_array|sftp_packet_begin|"
                  r"sftp_wr_init)\(")
TEXT = re.compile(r"(?:(?<!unsigned )\bchar|\bOSSL_PARAM) \w+\[[^\]]*\]")
JUMP = re.compile(r"\b(?:return\b[^;{}]*|goto \w+|break|continue);\s*\Z")
FAILED = re.compile(r"\)\s*(?:<\s*0|==\s*(?:NULL|-1)|!=\s*(?:SFTP_OK|"
                    r"SSH_FX_OK|0|1)|!=\s*\w+_OK)\b|\A!\s*\w+\(|<=\s*0")


def code_of(text):
    """The text with blanks for comments, strings, the preprocessor's lines
    and what is said to people: every byte keeps its place."""
    def blank(found):
        return re.sub(r"[^\n]", " ", found.group())
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank,
                  text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)
    at = 0
    while True:
        found = SAID.search(text, at)
        if found is None:
            return text
        at = closing(text, found.end() - 1)
        text = text[:found.end()] + re.sub(
            r"[^\n]", " ", text[found.end():at]) + text[at:]


def closing(code, at):
    """Where the bracket that opens at `at' is closed."""
    depth = 0
    for at in range(at, len(code)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def functions(code):
    """(name, head, start, end) of each function, in the project's layout: the
    body is from start to end."""
    for found in re.finditer(r"^[A-Za-z][^\n;={}]*\((?:[^\n]|\n    )*?\) \{\n",
                             code, re.M):
        end = code.find("\n}", found.end() - 1)
        if end >= 0:
            name = re.search(r"(\w+)\(", found.group()).group(1)
            yield name, found.start(), found.end(), end


def bodies(code):
    return [(start, end) for _, _, start, end in functions(code)]


def conditions(text, code, start, end):
    """Negated conditions, and checks whose body is never entered."""
    for word in re.finditer(r"\b(if|while) \(", code[start:end]):
        first = start + word.end()
        last = closing(code, first - 1)
        old = text[first:last]
        yield "negated condition", first, old, "!(%s)" % old
        if word.group(1) == "if" and code[last + 1:last + 3] == " {" and \
                JUMP.search(code[last + 2:closing(code, last + 2)]):
            kind = "ignored error" if FAILED.search(
                code[first:last].strip()) else "dropped check"
            yield kind, first, old, "(%s) && 0" % old


# `a < b ? a : b' is the same with <=, `n > 0 ? n : 0' with >=, and so is
# `a > b ? a - b : 0'.
OPERAND = r"([\w.>-]+(?:\([\w.>-]*\))?)"
CAST = r"(?:\([\w ]+\) ?)?"
SAME = re.compile(OPERAND + r" [<>]=? " + OPERAND + r" \?\s+" + CAST +
                  r"(?=(?:\1 :\s+" + CAST + r"\2|\2 :\s+" + CAST +
                  r"\1|\1 - \2 :\s+0)[;,)])")
# A descriptor that was opened is not 0, for the standard ones are open.
OPENED = re.compile(r"fd (?=(?:<|>=) 0\b)")


def comparisons(text, code, start, end):
    body = code[start:end]
    same = {body.index(" ", found.end(1)) for found in SAME.finditer(body)} | {
        found.end() - 1 for found in OPENED.finditer(body)}
    for found in re.finditer(r" (<=|>=|<|>) ", body):
        old = found.group(1)
        if found.start() in same:
            continue
        new = old[0] if len(old) == 2 else old + "="
        yield "off by one", start + found.start(1), old, new


def operands(text, code, start, end):
    for found in re.finditer(r"(?<= )(&&|\|\|)(?=[ \n])", code[start:end]):
        old = found.group(1)
        yield "swapped operator", start + found.start(1), old, \
            "||" if old == "&&" else "&&"


def rooms(code):
    """The code with blanks for sizes of memory."""
    code = TEXT.sub(lambda found: re.sub(r"\d", " ", found.group()), code)
    for found in ROOM.finditer(code):
        last = closing(code, found.end() - 1)
        if found.group() == "sftp_wr_init(":
            last = code.rfind(",", found.end(), last)
        code = code[:found.end()] + re.sub(
            r"[^\n]", " ", code[found.end():last]) + code[last:]
    return code


def constants(text, code, start, end):
    """Numbers from 2 on, and the names above."""
    for found in re.finditer(r"(?<![\w.])([2-9]|[1-9]\d+)(?![\w.])",
                             rooms(code[start:end])):
        old = found.group(1)
        yield "off by one", start + found.start(1), old, str(int(old) + 1)
    for found in re.finditer(r"\b\w+\b", code[start:end]):
        if found.group() in SWAP:
            yield "swapped constant", start + found.start(), found.group(), \
                SWAP[found.group()]
    for found in re.finditer(r"\breturn (-1|0);", code[start:end]):
        yield "swapped constant", start + found.start(1), found.group(1), \
            "0" if found.group(1) == "-1" else "-1"


def faults_of(text):
    """All faults of a source, in the order of their places."""
    code, found = code_of(text), set()
    for start, end in bodies(code):
        for maker in (conditions, comparisons, operands, constants):
            for kind, at, old, new in maker(text, code, start, end):
                found.add(Fault(kind, text.count("\n", 0, at) + 1, at, old,
                                new))
    return sorted(found, key=lambda one: (one.at, one.kind, one.new))


def with_fault(text, fault):
    end = fault.at + len(fault.old)
    assert text[fault.at:end] == fault.old
    return text[:fault.at] + fault.new + text[end:]


def chosen(sources, count, seed):
    """`count' faults of {name: text} by chance: [(name, fault)].  The kind is
    drawn first, so that a common one does not crowd out the others."""
    kinds = collections.defaultdict(list)
    for name in sorted(sources):
        for fault in faults_of(sources[name]):
            kinds[fault.kind].append((name, fault))
    chance, found = random.Random(seed), []
    for kind in sorted(kinds):
        chance.shuffle(kinds[kind])
    while len(found) < count and any(kinds.values()):
        kind = chance.choice(sorted(one for one in kinds if kinds[one]))
        found.append(kinds[kind].pop())
    return found
