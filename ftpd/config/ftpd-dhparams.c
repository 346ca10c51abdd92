/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-dhparams.c -- SFTPDHParamFile: the groups of group exchange. */

#include "ftpd-hostkeys.h"
#include "ftpd-log.h"
#include "ftpd-parent-files.h"

#define DH_DEFAULT_FILE PR_CONFIG_DIR "/dhparams.pem"
#define DH_FILE_MAX (4 * 1024 * 1024)

/* NULL if there is none. */
static struct ftpd_parent_file *read_params(pool *p, server_rec *s,
    const char *path, bool named) {
  struct ftpd_parent_text text;
  const char *why = NULL;

  if (ftpd_parent_file_read(p, path, DH_FILE_MAX, &text, &why) == 0) {
    return ftpd_parent_file_add_text(path, &text.st,
      (const char *) text.bytes.ptr);
  }

  if (named) {
    ftpd_log_server(s, PR_LOG_WARNING, "unable to read SFTPDHParamFile '%s': "
      "%s; built-in groups are used", path, why);
  }

  return NULL;
}

void ftpd_dh_params(pool *p, server_rec *s, struct sftp_settings *set,
    bool starting) {
  const char *named = get_param_ptr(s->conf, "SFTPDHParamFile", FALSE);
  const char *path = named != NULL ? named : DH_DEFAULT_FILE;
  struct ftpd_parent_file *f = ftpd_parent_file_find(path);

  if (f != NULL && starting && !f->used) {
    ftpd_parent_file_drop(f);
    f = NULL;
  }

  if (f == NULL && starting) {
    f = read_params(p, s, path, named != NULL);
  }

  if (f != NULL && f->text != NULL) {
    f->used = true;
    set->dh_param_file = f->text;
    set->dh_param_len = f->len;
  }
}
