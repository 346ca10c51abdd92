/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-revoked.c -- SFTPRevokedKeys and SFTPKeyBlacklist.
 *
 * The files are read for each key, and queries made for each connection, so
 * that revocations apply at once.
 */

#include "ftpd-conf.h"
#include "ftpd-keyfile.h"
#include "ftpd-session.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"

#include "base64.h"
#include "crypto.h"
#include "krl.h"

/* Maximum size of a list of revoked keys. */
#define LIST_MAX (64 * 1024 * 1024)

/* Only root may own the list: users must not be able to remove a key from it.
 */
static struct ftpd_keyfile_rule rule_of(unsigned long opts) {
  return (struct ftpd_keyfile_rule) { NULL,
    (opts & SFTP_OPT_INSECURE_USERKEY_PERMS) != 0, LIST_MAX };
}

/* SFTP_OK, SFTP_ERR_DENIED: it is on the list, or another error: the list is
 * unusable.  *why is in p.
 */
static int look_up_file(pool *p, const char *path, unsigned long opts,
    struct sftp_str blob, const struct sftp_cert *cert, const char **why) {
  struct ftpd_keyfile_rule rule = rule_of(opts);
  pool *tmp = make_sub_pool(p);
  struct sftp_str text;
  int res = SFTP_ERR_IO;

  pr_pool_tag(tmp, "sftp revoked keys");
  if (ftpd_keyfile_text(tmp, path, &rule, &text, why) < 0) {
    *why = pstrdup(p, *why != NULL ? *why : strerror(errno));

  } else {
    res = sftp_krl_check(tmp, text, blob, cert, why);
    *why = res != SFTP_OK ? pstrdup(p, *why) : NULL;
  }

  destroy_pool(tmp);
  return res;
}

int ftpd_revoked_check(pool *p, server_rec *s, const char **path,
    const char **why) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPRevokedKeys", FALSE);
  struct sftp_str none = { NULL, 0 };
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    *path = c->argv[i];
    if (ftpd_source_info(*path, "sql") != NULL) {
      continue;
    }

    if (look_up_file(p, *path, ftpd_opts(s), none, NULL, why) != SFTP_OK) {
      return -1;
    }
  }

  return 0;
}

/* ---- What a query tells: keys and lists in base64, one a line */

/* The beginning of every KRL in base64. */
#define KRL_BASE64 "U1NIS1JMCg"

/* Checks the lists among the lines, and turns them into comments. */
static int check_lists(pool *p, char *text, struct sftp_str blob,
    const struct sftp_cert *cert, const char **why) {
  struct sftp_str list;
  char *line, *next;
  int res = SFTP_OK;

  for (line = text; line != NULL && res == SFTP_OK; line = next) {
    next = strchr(line, '\n');
    if (strncmp(line, KRL_BASE64, strlen(KRL_BASE64)) != 0) {
      next = next != NULL ? next + 1 : NULL;
      continue;
    }

    list.ptr = (unsigned char *) line;
    list.len = next != NULL ? (size_t) (next - line) : strlen(line);
    next = next != NULL ? next + 1 : NULL;
    res = sftp_base64_decode(p, list, &list);
    *why = "a list in base64 is damaged";
    if (res == SFTP_OK) {
      res = sftp_krl_check(p, list, blob, cert, why);
    }

    *line = '#';
  }

  return res;
}

static int look_up_query(struct ftpd *h, pool *p, const char *form,
    struct sftp_str blob, const struct sftp_cert *cert, const char **why) {
  struct ftpd_ask ask = { h, p, "revoked keys", blob, cert };
  struct ftpd_answer a;
  char *text;
  int res;

  if (ftpd_source_read(&ask, form, &a) < 0) {
    *why = a.why != NULL ? a.why : "it is not asked any more";
    return SFTP_ERR_IO;
  }

  text = sftp_str_dup(p, a.text);
  res = check_lists(p, text, blob, cert, why);
  return res != SFTP_OK ? res :
    sftp_krl_check(p, sftp_str_of(text), blob, cert, why);
}

static int look_up(struct ftpd *h, pool *p, const char *form,
    struct sftp_str blob, const struct sftp_cert *cert, const char **why) {
  return ftpd_source_info(form, "sql") != NULL ?
    look_up_query(h, p, form, blob, cert, why) :
    look_up_file(p, form, h->set->opts, blob, cert, why);
}

static bool is_revoked(struct ftpd *h, pool *p, struct sftp_str blob,
    const struct sftp_cert *cert, const char *what) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM, "SFTPRevokedKeys",
    FALSE);
  const char *why = NULL;
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    int res = look_up(h, p, c->argv[i], blob, cert, &why);

    if (res == SFTP_ERR_DENIED) {
      sftp_log_why(WHY_OBJECTION, "%s of user '%s' refused: %s "
        "(SFTPRevokedKeys '%s')", what, h->user, why, (char *) c->argv[i]);
      return true;
    }

    if (res != SFTP_OK) {
      sftp_log_why(WHY_OBJECTION, "%s of user '%s' refused: SFTPRevokedKeys "
        "'%s' cannot be used: %s", what, h->user, (char *) c->argv[i], why);
      return true;
    }
  }

  return false;
}

/* ---- SFTPKeyBlacklist: weak keys, by the beginning of their MD5 fingerprint.
 *
 * Header: "SSH-FP00", bits of the index (16), bits of an offset (16), bits of a
 * fingerprint that are kept, count (3 bytes), shift (2 bytes).  The index has
 * an entry of two bytes for each value of the fingerprint's first two: how far
 * the records with that value begin behind the place where they would if all
 * values were equally frequent, plus shift.  A record is what is kept of the
 * fingerprint behind the first two bytes.
 */

#define HEADER_LEN 16
#define INDEX_LEN 0x20000
#define MAX_RECORDS 300000U
#define MAX_RECORD_LEN 14       /* MD5 without the first two bytes */
#define DEFAULT_BLACKLIST PR_CONFIG_DIR "/blacklist.dat"

struct blacklist {
  int fd;
  uint32_t nrecords, shift;
  size_t record_len;
};

static int read_header(struct blacklist *b) {
  unsigned char hd[HEADER_LEN];

  if (ftpd_keyfile_at(b->fd, hd, sizeof(hd), 0) < 0) {
    return -1;
  }

  b->nrecords = (uint32_t) hd[11] << 16 | (uint32_t) hd[12] << 8 | hd[13];
  b->shift = (uint32_t) hd[14] << 8 | hd[15];
  b->record_len = hd[10] / 8U - 2U;
  errno = EINVAL;
  return memcmp(hd, "SSH-FP00", 8) == 0 && hd[8] == 16 && hd[9] == 16 &&
    hd[10] % 8 == 0 && hd[10] >= 24 && b->record_len <= MAX_RECORD_LEN &&
    b->nrecords > 0 && b->nrecords <= MAX_RECORDS ? 0 : -1;
}

/* The number of the first record whose fingerprints begin with that value; the
 * entry is the value's, or NULL after the last one.
 */
static uint32_t first_record(const struct blacklist *b, uint32_t value,
    const unsigned char *entry) {
  uint64_t expected = ((uint64_t) value * b->nrecords) >> 16;
  int64_t n = (int64_t) expected - b->shift;

  if (entry == NULL) {
    return b->nrecords;
  }

  n += (int64_t) entry[0] << 8 | entry[1];
  return n < 0 ? UINT32_MAX : (uint32_t) n;
}

/* 1: found, 0: not found, -1 with errno. */
static int has_fingerprint(const struct blacklist *b,
    const unsigned char *md5) {
  uint32_t value = (uint32_t) md5[0] << 8 | md5[1], from, to;
  bool last = value == 0xffff;
  unsigned char entries[4], record[MAX_RECORD_LEN];

  if (ftpd_keyfile_at(b->fd, entries, last ? 2 : 4, HEADER_LEN +
      (off_t) value * 2) < 0) {
    return -1;
  }

  from = first_record(b, value, entries);
  to = first_record(b, value + 1, last ? NULL : entries + 2);
  if (from > to || to > b->nrecords) {
    errno = EINVAL;
    return -1;
  }

  for (; from < to; from++) {
    if (ftpd_keyfile_at(b->fd, record, b->record_len, HEADER_LEN + INDEX_LEN +
        (off_t) from * (off_t) b->record_len) < 0) {
      return -1;
    }

    if (memcmp(record, md5 + 2, b->record_len) == 0) {
      return 1;
    }
  }

  return 0;
}

static bool md5_of(struct sftp_str blob, unsigned char *md) {
  size_t len = EVP_MAX_MD_SIZE;

  return sftp_crypto_fingerprint("MD5", blob, md, &len) == SFTP_OK;
}

/* Whether the list has the key: 1 or 0, or -1 with *why if it is unusable; *why
 * NULL if there is no list.
 */
static int look_up_weak(struct ftpd *h, pool *p, const char *path,
    struct sftp_str blob, const char **why) {
  struct ftpd_keyfile_rule rule = rule_of(h->set->opts);
  unsigned char md5[EVP_MAX_MD_SIZE];
  struct blacklist b;
  struct stat st;
  int res = -1;

  b.fd = ftpd_keyfile_open(p, path, &rule, &st, why);
  if (b.fd < 0) {
    *why = *why != NULL || errno == ENOENT ? *why : strerror(errno);
    return -1;
  }

  if (md5_of(blob, md5)) {
    res = read_header(&b) < 0 ? -1 : has_fingerprint(&b, md5);
    *why = strerror(errno);

  } else {
    *why = "its fingerprints are MD5, which this system does not have";
  }

  (void) close(b.fd);
  return res;
}

/* A list that the configuration names refuses all keys if it is unusable, as
 * SFTPRevokedKeys does; the default list does not.
 */
static bool is_blacklisted(struct ftpd *h, pool *p, struct sftp_str blob,
    const char *what, bool probe) {
  const char *named = get_param_ptr(h->server->conf, "SFTPKeyBlacklist",
    FALSE);
  const char *path = named != NULL ? named : DEFAULT_BLACKLIST, *why = NULL;
  int res;

  if (strcasecmp(path, "none") == 0) {
    return false;
  }

  res = look_up_weak(h, p, path, blob, &why);
  if (res < 0 && named == NULL) {
    if (why != NULL) {
      sftp_log("list of weak keys '%s' cannot be used: %s", path, why);
    }

    return false;
  }

  if (res < 0) {
    sftp_log_why(WHY_OBJECTION, "%s of user '%s' refused: SFTPKeyBlacklist "
      "'%s' cannot be used: %s", what, h->user, path,
      why != NULL ? why : strerror(ENOENT));
    return true;
  }

  if (res == 0) {
    return false;
  }

  sftp_log_why(WHY_OBJECTION, "%s of user '%s' refused: it is on the list of "
    "weak keys '%s'", what, h->user, path);
  if (!probe) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): requested %s is "
      "blacklisted", h->user, what);
  }

  return true;
}

bool ftpd_userkey_revoked(struct ftpd *h, pool *p, struct sftp_str blob,
    const struct sftp_cert *cert, const char *what, bool probe) {
  bool bad = is_revoked(h, p, blob, cert, what);

  bad |= is_blacklisted(h, p, blob, what, probe);
  if (cert != NULL) {
    bad |= is_blacklisted(h, p, cert->ca->blob,
      "key of a certificate authority", probe);
  }

  return bad;
}
