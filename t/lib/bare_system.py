#!/usr/bin/python3
# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""bare_system.py PROGRAM ARGS...: runs a program as in a container that
refuses filters of system calls, Landlock, no_new_privs and changes of the
bounding set, all with EPERM."""

import ctypes
import os
import struct
import sys

SECCOMP = {"x86_64": 317, "aarch64": 277}
PRCTL = {"x86_64": 157, "aarch64": 167}
LANDLOCK = 444
# PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS
OPTIONS = (22, 24, 38)
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7fff0000, 0x00050001


def code(machine):
    lines = [(LOAD, 0, 0, 0)]
    for number in (SECCOMP[machine], LANDLOCK):
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, EPERM)]
    lines += [(EQUAL, 1, 0, PRCTL[machine]), (RETURN, 0, 0, ALLOW),
              (LOAD, 0, 0, 16)]
    for option in OPTIONS:
        lines += [(EQUAL, 0, 1, option), (RETURN, 0, 0, EPERM)]
    return lines + [(RETURN, 0, 0, ALLOW)]


def known():
    return os.uname().machine in SECCOMP


def main():
    lines = code(os.uname().machine)
    text = b"".join(struct.pack("HBBI", *line) for line in lines)
    body = ctypes.create_string_buffer(text, len(text))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("body", ctypes.c_void_p)]

    program = Program(len(lines), ctypes.cast(body, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    # PR_SET_SECCOMP, SECCOMP_MODE_FILTER: root needs no no_new_privs.
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
