/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* namelist.c -- comma-separated lists of names (RFC 4251, sections 5 and 6). */

#include "namelist.h"

#define NAME_MAX_BYTES 64

bool sftp_names_next(struct sftp_str *list, struct sftp_str *name) {
  const unsigned char *comma;

  if (list->len == 0) {
    return false;
  }

  name->ptr = list->ptr;
  comma = memchr(list->ptr, ',', list->len);
  if (comma == NULL) {
    name->len = list->len;
    list->ptr += list->len;
    list->len = 0;
    return true;
  }

  name->len = (size_t) (comma - list->ptr);
  list->ptr = comma + 1;
  list->len -= name->len + 1;
  return true;
}

static bool have(struct sftp_str list, struct sftp_str wanted) {
  struct sftp_str name;

  while (sftp_names_next(&list, &name)) {
    if (sftp_str_same(name, wanted)) {
      return true;
    }
  }

  return false;
}

bool sftp_names_have(struct sftp_str list, const char *name) {
  return have(list, sftp_str_of(name));
}

struct sftp_str sftp_names_match(struct sftp_str client,
    struct sftp_str server) {
  struct sftp_str name;

  /* RFC 4253, section 7.1: the client's order decides. */
  while (sftp_names_next(&client, &name)) {
    if (name.len > 0 && have(server, name)) {
      return name;
    }
  }

  return sftp_str_of("");
}

bool sftp_names_valid(struct sftp_str list) {
  size_t i, len = 0;

  /* An empty name violates RFC 4251, section 5, and is harmless: it matches
   * nothing. libssh 0.10 ends its list of ciphers with a comma.
   */
  for (i = 0; i < list.len; i++) {
    unsigned char c = list.ptr[i];

    if (c == ',') {
      len = 0;
      continue;
    }

    if (c <= ' ' || c >= 0x7f || ++len > NAME_MAX_BYTES) {
      return false;
    }
  }

  return true;
}
