# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Modules of t/companion, built against the public header alone."""

import os
import re

from server import MODULE, SOURCE, must, run


def add_companion(srv, name):
    """Compiles t/companion/NAME.c into the server's module directory, and loads
    it behind ours."""
    makefile = os.path.join(os.path.dirname(MODULE), "Makefile")
    include = "/usr/include/proftpd"
    if os.path.exists(makefile):
        with open(makefile) as file:
            # ProFTPD's headers, not the pools that the core sees of them.
            found = re.search(r"-isystem (/\S+)", file.read())
            include = found.group(1) if found else include
    must(run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror",
              "-D_GNU_SOURCE", "-DPR_SHARED_MODULE", "-isystem", include,
              "-I", os.path.dirname(MODULE), "-o",
              srv.path("modules/%s.so" % name),
              os.path.join(SOURCE, "t/companion", name + ".c"),
              "-Wl,-z,now"]))
    srv.directives = "LoadModule %s.c\n" % name + srv.directives
