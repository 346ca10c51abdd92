/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder-files.c -- the recorder's files: those of the configuration,
 * and those of the recorder before.
 */

#include "ftpd-conf.h"
#include "ftpd-record.h"
#include "ftpd-recorder-int.h"

#include "sshsig.h"

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

struct record_file *ftpd_recorder_find(const char *path) {
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    if (strcmp(ftpd_recorder.files[i]->path, path) == 0) {
      return ftpd_recorder.files[i];
    }
  }

  return NULL;
}

struct record_file *ftpd_recorder_file(const char *path) {
  struct recorder_state *r = &ftpd_recorder;
  struct record_file *f = ftpd_recorder_find(path), **all;

  if (f == NULL) {
    f = ftpd_record_file_new(r->pool, path);
    f->begin = r->is->crashed ? "the recorder was killed, or crashed" :
      "the daemon has started";
    all = pcalloc(r->pool, (r->nfiles + 1) * sizeof(struct record_file *));
    if (r->nfiles > 0) {
      memcpy(all, r->files, r->nfiles * sizeof(struct record_file *));
    }

    all[r->nfiles++] = f;
    r->files = all;
  }

  return f;
}

/* ---- The configuration */

/* The first host key that ssh-keygen knows. */
static void choose_key(struct record_file *f, server_rec *s) {
  const struct sftp_settings *set = ftpd_conf_settings(ftpd_recorder.pool, s);
  unsigned int i;

  for (i = 0; i < set->nhost_keys && f->key == NULL; i++) {
    if (sftp_sshsig_alg(set->host_keys[i]) != NULL) {
      const char *print = sftp_key_fingerprint(ftpd_recorder.pool,
        set->host_keys[i]->blob, "SHA256", false);

      f->key = set->host_keys[i];
      f->print = pstrcat(ftpd_recorder.pool, "SHA256:", print, NULL);
    }
  }
}

static void configure_file(server_rec *s) {
  const struct record_conf *conf = ftpd_record_conf(s);
  struct record_file *f;

  if (conf == NULL) {
    return;
  }

  f = ftpd_recorder_file(conf->path);
  f->wanted = true;
  f->max_records = conf->records;
  f->max_secs = conf->minutes * 60;
  if (f->key == NULL && ftpd_conf_engine(s)) {
    choose_key(f, s);
  }
}

/* Only virtual hosts of FTP have it: the keys of another one sign. */
static void borrow_key(struct record_file *f) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL && f->key == NULL;
      s = s->next) {
    if (ftpd_conf_engine(s)) {
      choose_key(f, s);
    }
  }
}

void ftpd_recorder_configure(void) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    configure_file(s);
  }
}

void ftpd_recorder_open_files(void) {
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    borrow_key(ftpd_recorder.files[i]);
  }

  /* Again: loading keys may have given them up. */
  PRIVS_ROOT
  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    ftpd_record_file_open(ftpd_recorder.files[i]);
    ftpd_recorder_keep_losses(ftpd_recorder.files[i]);
  }
}

bool ftpd_recorder_lacks_file(void) {
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    const struct record_file *f = ftpd_recorder.files[i];

    if (f->wanted && (f->fd < 0 || f->told_gone)) {
      return true;
    }
  }

  return false;
}

/* ---- Signatures */

void ftpd_recorder_sign(bool all) {
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    ftpd_record_file_sign(ftpd_recorder.files[i], all);
  }
}

int ftpd_recorder_due_ms(void) {
  int ms = -1, due;
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    due = ftpd_record_file_due_ms(ftpd_recorder.files[i]);
    ms = due >= 0 && (ms < 0 || due < ms) ? due : ms;
  }

  return ms;
}
