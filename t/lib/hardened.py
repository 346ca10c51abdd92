#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""hardened.py UNIT PROGRAM [ARGUMENT ...]

Runs a program with the capabilities, no_new_privs and the list of system calls
of a systemd unit, where systemd is not process 1."""

import ctypes
import errno
import os
import re
import struct
import subprocess
import sys

PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 22, 24, 38
SECCOMP_MODE_FILTER = 2
RET_ALLOW, RET_ERRNO = 0x7fff0000, 0x00050000


def values(unit, name):
    """The words of a setting, which may stand on several lines."""
    with open(unit) as file:
        return [word for line in re.findall(r"^%s=(.*)$" % name, file.read(),
                                            re.M) for word in line.split()]


def output(*words, **more):
    return subprocess.run(words, check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          **more).stdout


def capability_numbers():
    text = output("cc", "-E", "-dM", "-", input="#include "
                  "<linux/capability.h>\n")
    return {name: int(number) for name, number in re.findall(
        r"^#define (CAP_[A-Z_]+) (\d+)$", text, re.M)}


def call_numbers():
    text = output("cc", "-E", "-dM", "-", input="#include <sys/syscall.h>\n")
    return {name: int(number) for name, number in re.findall(
        r"^#define __NR_(\w+) (\d+)$", text, re.M)}


def groups():
    """What this systemd's groups of system calls contain."""
    found, words = {}, None
    for line in output("systemd-analyze", "syscall-filter",
                       "--no-pager").splitlines():
        if line.startswith("@"):
            words = found[line.strip()] = []
        elif words is not None and re.match(r" +[@\w]", line):
            words.append(line.strip())
    return found


def allowed_calls(unit):
    """Names; @default is always among them."""
    known, names = groups(), set()

    def add(word):
        if not word.startswith("@"):
            names.add(word)
        # A systemd that does not know a group ignores it.
        for inner in known.get(word, ()) if word.startswith("@") else ():
            add(inner)

    for word in ["@default"] + values(unit, "SystemCallFilter"):
        add(word)
    return names


def instruction(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


def program(numbers, error):
    """Of BPF: loads the call's number, compares it with each."""
    code = instruction(0x20, 0, 0, 0)
    for number in numbers:
        code += instruction(0x15, 0, 1, number)
        code += instruction(0x06, 0, 0, RET_ALLOW)
    return code + instruction(0x06, 0, 0, RET_ERRNO | error)


def prctl(*words):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(*words) != 0:
        raise OSError(ctypes.get_errno(), "prctl%r" % (words,))


def filter_calls(unit):
    numbers, error = call_numbers(), values(unit, "SystemCallErrorNumber")
    code = program(sorted(numbers[name] for name in allowed_calls(unit)
                          if name in numbers), getattr(errno, error[0]))
    buffer = ctypes.create_string_buffer(code, len(code))
    whole = ctypes.create_string_buffer(struct.pack(
        "HP", len(code) // 8, ctypes.addressof(buffer)))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, whole, 0, 0)


def confine(unit):
    keep = values(unit, "CapabilityBoundingSet")
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    known = capability_numbers()
    kept = {known[name] for name in keep}
    for number in range(last + 1):
        if number not in kept:
            prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    if values(unit, "NoNewPrivileges") == ["yes"]:
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_calls(unit)


if __name__ == "__main__":
    confine(sys.argv[1])
    # What root has after this is within the bounding set.
    os.execvp(sys.argv[2], sys.argv[2:])
