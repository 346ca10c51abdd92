/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-conf-t.c -- the words of SFTPTransferDigest. */

#include "daemon.h"
#include "directives-int.h"
#include "directives-set.h"
#include "tap.h"

static pool *p;

/* ---- Of the other files of ftpd/ */

config_rec *ftpd_conf_add_value(cmd_rec *cmd, const void *value, size_t n) {
  config_rec *c = add_config_param(cmd->argv[0], 1, NULL);

  c->argv[0] = palloc(p, n);
  memcpy(c->argv[0], value, n);
  return c;
}

/* ---- The tests */

static const struct transfer_digest *set(const char *words) {
  modret_t *res;

  daemon_record = NULL;
  res = ftpd_set_transferdigest(daemon_directive(p, pstrcat(p,
    "SFTPTransferDigest", words, NULL)));
  return daemon_refusal(res) == NULL && daemon_record != NULL ?
    daemon_record->argv[0] : NULL;
}

static bool refuses(const char *words, const char *why) {
  const char *got = daemon_refusal(ftpd_set_transferdigest(daemon_directive(p,
    pstrcat(p, "SFTPTransferDigest", words, NULL))));

  if (got == NULL || strstr(got, why) == NULL) {
    printf("# %s: %s\n", words, got != NULL ? got : "accepted");
    return false;
  }

  return true;
}

int main(void) {
  const struct transfer_digest *d;

  p = make_sub_pool(NULL);
  d = set(" sha256");
  ok(d != NULL && d->on && !d->reads, "sha256: not read");
  ok((daemon_record->flags & CF_MERGEDOWN) != 0, "directories inherit it");
  d = set(" SHA256 omit");
  ok(d != NULL && d->on && !d->reads, "omit");
  d = set(" sha256 read");
  ok(d != NULL && d->reads && d->secs == 30, "read: 30 seconds");
  d = set(" sha256 read timeout 600");
  ok(d != NULL && d->reads && d->secs == 600, "a time");
  d = set(" none");
  ok(d != NULL && !d->on, "none");

  ok(refuses("", "expected none or sha256"), "no word");
  ok(refuses(" md5", "'md5': expected none, or sha256"), "another digest");
  ok(refuses(" none read", "'read': expected none, or sha256"),
    "none has no words");
  ok(refuses(" sha256 later", "unexpected word: 'later'"), "another word");
  ok(refuses(" sha256 read timeout", "unexpected word: 'timeout'"),
    "no time");
  ok(refuses(" sha256 read timeout 0", "1 to 600"), "no second");
  ok(refuses(" sha256 read timeout 601", "1 to 600"), "too many");
  ok(refuses(" sha256 timeout 5", "with read alone"), "a time for nothing");
  ok(refuses(" sha256 omit read", "'read' after 'omit': expected one of"),
    "both");
  ok(refuses(" sha256 read omit", "'omit' after 'read': expected one of"),
    "in any order");
  ok(refuses(" sha256 read read", "'read' after 'read'"), "one of them twice");
  ok(refuses(" sha256 read timeout 5 timeout 6",
    "timeout '6' after timeout '5': expected one"), "two times");
  return done_testing();
}
