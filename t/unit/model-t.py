#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# needs: spin

"""Login, key exchanges and hand-over, in every order: t/model/login.pml, which
spin explores to the end.

The tables of the model are read from the C source.  Each property is also
checked with faults in the model, which it must find.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
sys.path.insert(0, os.path.join(SOURCE, "t", "lib"))
sys.dont_write_bytecode = True

from tap import (Failed, diag, expect, expect_same, main,  # noqa: E402
                 promise)

MODEL = os.path.join(SOURCE, "t", "model", "login.pml")

# The messages of the model, by the handlers of those who are logged in, and
# the handlers of strangers.
MESSAGES = {
    "M_DISCONNECT": ("sftp_on_disconnect", "sftp_on_disconnect"),
    "M_IGNORE": ("sftp_on_(ignore|debug|unimplemented)",
                 "sftp_on_(ignore|debug|unimplemented)"),
    "M_SERVICE": ("sftp_on_service_request", "on_request"),
    "M_EXT_INFO": ("sftp_on_ext_info", "sftp_on_ext_info"),
    "M_KEXINIT": ("sftp_on_kexinit", "sftp_on_kexinit"),
    "M_NEWKEYS": ("sftp_on_newkeys", "sftp_on_newkeys"),
    "M_KEX": ("sftp_on_kex_message", "sftp_on_kex_message"),
    "M_USERAUTH": ("on_userauth_request", "on_userauth_request"),
    "M_ANSWER": ("sftp_on_userauth_info_response", "on_request"),
    "M_CHANNEL": ("sftp_on_(global|channel)_\\w+|on_(request|channel)_answer",
                  "on_channel_message"),
    "M_PING": ("on_ping", "on_ping"),
}

# Of the questions of a cell, those that the model has, and those that change
# nothing in its monitor but records and settings.
QUESTIONS = ("CLIENT", "TRANSCRIPT", "AGREED", "REQUEST", "STATE")
REPORTS = ("HELLO", "OBSERVED", "GROUPS", "OFFER", "COMMAND", "EVENT",
           "INVALID", "BYTES", "LINE", "FAILED")
ANSWERS = ("SETTINGS", "SIGNATURE", "SEND", "GO", "RELEASE")


# ---- The tables of the source

def code_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
    return text.replace("\\\n", " ")


def numbers_of(text, names):
    """Constants: of an enum with values, or of #define with an expression."""
    found = {}
    for name, value in re.findall(r"\b(%s)\s*=\s*(\d+)" % names, text):
        found[name] = int(value)
    for name, value in re.findall(r"#define (%s) (\([A-Z_|]+\)|\d+)" % names,
                                  text):
        found[name] = value_of(value, found)
    return found


def value_of(expression, names):
    total = 0
    for word in expression.strip("() ").split("|"):
        word = word.strip()
        total |= int(word) if word.isdigit() else names[word]
    return total


def messages_of(name, types, phases):
    """{number: (phases, strict, handler)} of a table, macros replaced."""
    shared = code_of("transport/transport-msgs.h")
    text = code_of(name)
    for macro, body in re.findall(r"#define (SFTP_\w+_MSGS?) (.*)", shared):
        text = text.replace(macro, body)
    for macro, body in re.findall(r"#define (SFTP_\w+_MSG) (.*)", shared):
        text = re.sub(r"\b%s\b" % macro, body, text)
    later = re.search(r"#define LATER\(name\) \{ name(.*)\}", text)
    if later:
        text = re.sub(r'= LATER\(("\w+")\)', r"= { \1%s }" % later.group(1),
                      text)
    rows = {}
    for kind, allowed, strict, handler in re.findall(
            r'\[(\w+)\] = \{\s*"\w+",\s*([\w|]+),\s*([\w|]+),\s*(\w+)\s*\}',
            text):
        number = int(kind) if kind.isdigit() else types[kind]
        rows[number] = (value_of(allowed, phases), value_of(strict, phases),
                        handler)
    expect_same(len(rows), len(re.findall(r"\[(?!256)\w+\] =", text)),
                "rows of %s" % name)
    return rows


TYPES = numbers_of(code_of("base/ssh2.h"), r"SSH_MSG_\w+")
PHASES = numbers_of(code_of("transport/phase.h"), r"PH_\w+")
STAGES = numbers_of(code_of("server/monitor-int.h"), r"STAGE_\w+")


def classes_of(session, cell):
    """{name: (session's phases, strict; cell's phases, strict)}."""
    found, high = {}, {}
    expect_same(sorted(session), sorted(cell), "numbers in both tables")
    for number in sorted(session):
        names = [name for name, handlers in MESSAGES.items()
                 if re.fullmatch(handlers[0], session[number][2])
                 and re.fullmatch(handlers[1], cell[number][2])]
        expect_same(len(names), 1, "messages of the model for %d, %s, %s" % (
            number, session[number][2], cell[number][2]))
        row = session[number][:2] + cell[number][:2]
        expect_same(row, found.setdefault(names[0], row),
                    "rows of %s: %d" % (names[0], number))
        above = number >= TYPES["SSH_MSG_GLOBAL_REQUEST"]
        expect_same(above, high.setdefault(names[0], above),
                    "numbers of %s" % names[0])
    expect_same(sorted(found), sorted(MESSAGES), "messages of the model")
    return found, [name for name in found if high[name]]


def questions():
    text = code_of("server/monitor-questions.c")
    rows = dict(re.findall(r'\[PAIR_(\w+)\] = \{ "\w+", ([A-Z_|]+),', text))
    expect_same(sorted(rows), sorted(QUESTIONS + REPORTS),
                "questions that the model knows, or leaves out")
    return {name: value_of(rows[name], STAGES) for name in QUESTIONS}


def choice(what, column):
    """An expression over t."""
    text = "0"
    for name, value in column.items():
        text = "(%s == %s -> %d : %s)" % (what, name, value, text)
    return text


def table():
    """table.h"""
    rows, high = classes_of(
        messages_of("server/messages.c", TYPES, PHASES),
        messages_of("cell/cell-messages.c", TYPES, PHASES))
    names = list(MESSAGES) + ["M_UNKNOWN_LOW", "M_UNKNOWN_HIGH"]
    lines = ["#define %s %d" % one for one in PHASES.items()]
    lines += ["#define %s %d" % one for one in STAGES.items()]
    lines += ["#define KEX_LAST %d" % TYPES["SSH_MSG_KEX_LAST"]]
    lines += ["#define %s %d" % (name, i) for i, name in enumerate(names, 1)]
    for i, what in enumerate(("SESSION_PHASES", "SESSION_STRICT",
                              "CELL_PHASES", "CELL_STRICT")):
        lines.append("#define %s(t) %s" % (what, choice("t", {
            name: row[i] for name, row in rows.items() if row[i]})))
    lines.append("#define IS_CONNECTION(t) (%s)" % " || ".join(
        "t == " + name for name in high))
    stages = questions()
    lines += ["#define Q_%s %d" % (name, i)
              for i, name in enumerate(QUESTIONS, 1)]
    lines += ["#define A_%s %d" % (name, i)
              for i, name in enumerate(ANSWERS, 1)]
    lines.append("#define STAGES(q) " + choice("q", {
        "Q_" + name: value for name, value in stages.items()}))
    return "\n".join(lines) + "\n"


# ---- spin

WORK = tempfile.mkdtemp(prefix="mod_sftp-model-")
SETTINGS = {
    "cell": (),
    "alone": ("DIRECT",),
    "rogue": ("ROGUE",),
    "honest": ("HONEST",),
    "honest alone": ("HONEST", "DIRECT"),
    "claims": ("HONEST", "CLAIMS"),
}
MEGABYTES = 400


def command(argv, cwd, env=None):
    done = subprocess.run(argv, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def verifier(setting):
    """The directory with the verifier of a setting, made once."""
    place = os.path.join(WORK, setting.replace(" ", "-"))
    if os.path.exists(os.path.join(place, "pan")):
        return place
    os.makedirs(place, exist_ok=True)
    shutil.copy(MODEL, place)
    with open(os.path.join(place, "table.h"), "w") as file:
        file.write(table())
    defines = ["-D" + name for name in SETTINGS[setting]]
    how = ["-DNOFAIR" if setting == "claims" else "-DSAFETY"]
    for argv in (["spin", "-a"] + defines + ["login.pml"],
                 ["gcc", "-O0", "-w", "-DMEMLIM=%d" % MEGABYTES,
                  "-DNOBOUNDCHECK"] + how + ["-o", "pan", "pan.c"]):
        status, said = command(argv, place)
        expect(status == 0 and "rror" not in said, " ".join(argv) + ":\n" +
               said)
    return place


with open(MODEL, encoding="utf-8") as _file:
    FAULTS = {name: number for name, number in
              re.findall(r"^#define (F_\w+) (\d+)", _file.read(), re.M)}
SEEN = set()


def explore(setting, fault=None, *options):
    """What the verifier says, and what error it found, or None."""
    _, said = command(["./pan", "-m20000", "-w18", *options],
                      verifier(setting),
                      {"FAULT": FAULTS[fault] if fault else "0"})
    found = re.search(r"^pan:1: (.*?) \(at depth \d+\)", said, re.M)
    if not found:
        expect("errors: 0" in said and "not completed" not in said and
               "too small" not in said and "exceeded" not in said,
               "%s: not explored:\n%s" % (setting, said))
    return said, found.group(1) if found else None


def holds(setting, *options):
    said, found = explore(setting, None, *options)
    if found:
        raise Failed("%s %s: %s\n%s" % (setting, " ".join(options), found,
                                        trail(setting, *options)))
    if setting not in SEEN:
        SEEN.add(setting)
        diag("%s: %s states, depth %s, %s MB" % (setting, *(
            re.search(pattern, said).group(1) for pattern in (
                r"(\d+) states, stored", r"depth reached (\d+)",
                r"([\d.]+)\s+total actual"))))


def trail(setting, *options):
    """The way to an error: its last statements."""
    how = options[-2:] if "-N" in options else ()
    _, said = command(["./pan", "-r", *how], verifier(setting))
    return "\n".join(line for line in said.splitlines() if re.match(
        r" *\d+:", line))[-4000:]


USED = set()


def is_found(fault, setting, wanted, *options):
    """With the fault, that error is found."""
    USED.add(fault)
    _, found = explore(setting, fault, *options)
    expect(found is not None, "%s: nobody notices %s" % (setting, fault))
    expect(re.search(wanted, found), "%s: %s shows itself as %s" % (
        setting, fault, found))


# A line is a property: what holds where, and what fails with which fault.

LOST = r"assertion violated done"
STUCK = r"invalid end state"


@promise("the model has the phases and stages of the source")
def _():
    expect("SESSION_PHASES" in table(), "no table")
    expect_same(PHASES["PH_OPEN"] & PHASES["PH_KEYED"], PHASES["PH_OPEN"],
                "PH_OPEN of PH_KEYED")


@promise("whoever has proved nothing gets no channel, whatever they send")
def _():
    holds("cell")
    holds("alone")
    is_found("F_CHANNEL_EARLY", "alone", r"auth&&proved")
    is_found("F_RESUME_OPEN", "alone", r"auth&&proved")


@promise("nothing is taken with a key that NEWKEYS has replaced")
def _():
    is_found("F_OLD_KEY_IN", "cell", r"in_key==keys_in")
    is_found("F_OLD_KEY_IN", "alone", r"in_key==keys_in")


@promise("nothing is sent with such a key, behind a hand-over either")
def _():
    is_found("F_OLD_KEY_OUT", "cell", r"out_key==keys_out")
    is_found("F_OLD_KEY_OUT", "alone", r"out_key==keys_out")
    is_found("F_KEY_LOST", "cell", r"conn\[1\]\.out_key==keys_out")


@promise("between KEXINIT and NEWKEYS, only the exchange is sent")
def _():
    is_found("F_NO_HOLD", "cell", r"!\(exchanging\)")
    is_found("F_NO_HOLD", "alone", r"!\(exchanging\)")
    is_found("F_ACCEPT_NOW", "cell", r"!\(exchanging\)")
    is_found("F_ACCEPT_NOW", "alone", r"!\(exchanging\)")
    is_found("F_KEXINIT_TWICE", "alone", r"!\(exchanging\)")


@promise("under strict KEX, nothing else is taken before the first keys")
def _():
    is_found("F_LAX", "cell", r"strict")
    is_found("F_LATE_KEXINIT", "cell", r"seen")
    is_found("F_LATE_KEXINIT", "alone", r"seen")


@promise("nobody logs in a second time")
def _():
    is_found("F_LOGIN_AGAIN", "cell", r"!\(conn\[1\]\.auth\)")
    is_found("F_LOGIN_AGAIN", "alone", r"!\(conn\[1\]\.auth\)")


@promise("an answer counts only when a question waits for it")
def _():
    is_found("F_ANSWER_UNASKED", "cell", r"violated talk")
    is_found("F_ANSWER_UNASKED", "rogue", r"violated talk")


@promise("a login that is decided during an exchange waits for its end")
def _():
    is_found("F_ENTER_NOW", "alone", r"phase")


@promise("a cell that is told to hand over is between two exchanges")
def _():
    is_found("F_LOGIN_UNASKED", "cell", r"conn\[0\]\.keyed.*running.*hold")


@promise("an attacker inside the cell takes over nothing without a proof")
def _():
    holds("rogue")
    is_found("F_STATE_EARLY", "rogue", r"auth&&proved")


@promise("no proof counts before an exchange was signed")
def _():
    is_found("F_UNSIGNED", "rogue", r"has_signed")


@promise("no two sides wait for each other, whoever begins a rekey, and when")
def _():
    holds("honest")
    holds("honest alone")
    is_found("F_NO_GO", "honest", STUCK)
    is_found("F_NEVER_RELEASED", "honest", STUCK)
    is_found("F_NEVER_RELEASED", "honest alone", STUCK)


@promise("what was sent ahead of a hand-over is served behind it")
def _():
    is_found("F_INPUT_LOST", "honest", STUCK)


@promise("who keeps the rules never loses the connection")
def _():
    is_found("F_NOT_BOTH", "honest", LOST)
    is_found("F_NOT_BOTH", "honest alone", LOST)
    is_found("F_READ_ON", "honest", LOST)
    is_found("F_GUESS_KEPT", "honest", r"step==3")


@promise("they log in, are served, and each exchange ends")
def _():
    for claim, fault in (("logs_in", "F_NO_GO"), ("is_served", "F_INPUT_LOST"),
                         ("is_done", "F_NEVER_RELEASED"),
                         ("exchange_ends", "F_NOT_BOTH")):
        holds("claims", "-a", "-A", "-N", claim)
        is_found(fault, "claims", r"acceptance cycle", "-a", "-A", "-N", claim)


@promise("each fault of the model is looked for, and there is time for all")
def _():
    expect_same(sorted(USED), sorted(FAULTS), "faults")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    diag("%.1f s of CPU, at most %d MB" % (used.ru_utime + used.ru_stime,
                                           used.ru_maxrss // 1024))


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
