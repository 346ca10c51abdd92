/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cover.c -- marks in a shared file which places of the code a test reaches.
 *
 * It is linked into what gcc compiled with -fsanitize-coverage=trace-pc.  The
 * file is mapped when the program or the module is loaded: so it also counts
 * in sessions that have changed their root and their user. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAP_BYTES (16u << 20)

extern char __ehdr_start[] __attribute__((visibility("hidden")));

__attribute__((visibility("hidden"))) void __sanitizer_cov_trace_pc(void);

static unsigned char *map;

__attribute__((constructor)) static void open_map(void) {
  const char *path = getenv("MUTANTS_COVER");
  void *mem;
  int fd;

  /* Addresses of these programs mean other places than those of the module. */
  if (strncmp(program_invocation_short_name, "sftp-c", 6) == 0) {
    return;
  }

  fd = path != NULL ? open(path, O_RDWR|O_CREAT|O_CLOEXEC, 0600) : -1;
  if (fd < 0) {
    return;
  }

  if (ftruncate(fd, MAP_BYTES) == 0) {
    mem = mmap(NULL, MAP_BYTES, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    map = mem != MAP_FAILED ? mem : NULL;
  }

  close(fd);
}

void __sanitizer_cov_trace_pc(void) {
  uintptr_t at = (uintptr_t) __builtin_return_address(0) -
    (uintptr_t) __ehdr_start;

  if (map != NULL && at < MAP_BYTES) {
    map[at] = 1;
  }
}
