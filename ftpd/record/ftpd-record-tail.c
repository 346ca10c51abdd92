/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-tail.c -- a file of records that is not as it was left: what has
 * become of its end, and the lines that say so.
 */

#include "ftpd-record-file-int.h"
#include "ftpd-session.h"

/* At least two whole lines. */
#define TAIL_BYTES (2 * (size_t) RECORD_LINE_MAX)

/* ---- The end of the file */

struct tail {
  bool empty, torn;
  size_t torn_len;
  bool has_n;
  uint64_t n;
  unsigned char hash[RECORD_HASH_LEN];
};

static void read_lines(struct record_file *f, const char *text, size_t len,
    struct tail *t) {
  size_t at = ftpd_record_line_at(text, len);

  t->torn = text[len - 1] != '\n';
  t->torn_len = t->torn ? len - at : 0;
  ftpd_record_hash(f, text + at, len - at, !t->torn, t->hash);
  if (t->torn && at > 0) {
    len = at;
    at = ftpd_record_line_at(text, len);
  }

  t->has_n = ftpd_record_number_of(text + at, len - at, &t->n);
}

static int read_tail(struct record_file *f, off_t size, struct tail *t) {
  size_t len = size < (off_t) TAIL_BYTES ? (size_t) size : TAIL_BYTES;
  char *text;
  ssize_t n;

  memset(t, 0, sizeof(*t));
  t->empty = size == 0;
  if (t->empty) {
    return 0;
  }

  text = malloc(len);
  n = text != NULL ? pread(f->fd, text, len, size - (off_t) len) : -1;
  if (n == (ssize_t) len) {
    read_lines(f, text, len, t);

  } else if (n >= 0) {
    errno = EIO;
  }

  free(text);
  return n == (ssize_t) len ? 0 : -1;
}

bool ftpd_record_file_had(struct record_file *f, struct sftp_str members) {
  off_t at = f->found > (off_t) TAIL_BYTES ? f->found - (off_t) TAIL_BYTES : 0;
  size_t len = (size_t) (f->found - at);
  char *text = malloc(len + members.len + 3);
  ssize_t n = text != NULL && f->fd >= 0 ? pread(f->fd, text, len, at) : -1;
  bool had = false;

  if (n > 0) {
    /* A comma and the end of the line: it is all of that record. */
    text[n] = ',';
    memcpy(text + n + 1, members.ptr, members.len);
    memcpy(text + n + 1 + members.len, "}", 1);
    had = memmem(text, (size_t) n, text + n, members.len + 2) != NULL;
  }

  free(text);
  return had;
}

/* ---- Not as it was left */

void ftpd_record_state(const struct record_file *f, struct record_stated *s) {
  memset(s, 0, sizeof(*s));
  if (f->print != NULL) {
    sstrncpy(s->key, f->print, sizeof(s->key));
    s->records = f->max_records;
    s->secs = f->max_secs;
  }
}

int ftpd_record_write_begin(struct record_file *f, const char *why,
    bool first) {
  char host[256] = "";
  struct record_note n;

  (void) gethostname(host, sizeof(host) - 1);
  ftpd_record_note(&n, "begin");
  sftp_json_text(&n.j, "why", sftp_str_of(why));
  if (first) {
    sftp_json_true(&n.j, "first");
  }

  sftp_json_text(&n.j, "file", sftp_str_of(f->path));
  sftp_json_text(&n.j, "host", sftp_str_of(host));
  sftp_json_text(&n.j, "version", sftp_str_of(MOD_SFTP_VERSION));
  if (f->print != NULL) {
    sftp_json_text(&n.j, "key", sftp_str_of(f->print));
    sftp_json_number(&n.j, "records", f->max_records);
    sftp_json_number(&n.j, "minutes", f->max_secs / 60);
  }

  if (ftpd_record_note_write(f, &n) < 0) {
    return -1;
  }

  ftpd_record_state(f, &f->stated);
  return 0;
}

/* What the line that we wrote last has become. */
struct found {
  bool there;                   /* still where it was */
  uint64_t lines;               /* whole ones behind it: somebody else's */
};

static int is_ours(struct record_file *f, off_t size, bool *is) {
  size_t len = f->head.end < RECORD_LINE_MAX ? (size_t) f->head.end :
    RECORD_LINE_MAX, at;
  unsigned char hash[RECORD_HASH_LEN];

  *is = false;
  if (len == 0 || f->head.end > (uint64_t) size) {
    return 0;
  }

  if (pread(f->fd, f->line, len, (off_t) f->head.end - (off_t) len) !=
      (ssize_t) len) {
    return -1;
  }

  at = ftpd_record_line_at(f->line, len);
  ftpd_record_hash(f, f->line + at, len - at, true, hash);
  *is = memcmp(hash, f->head.hash, sizeof(hash)) == 0;
  return 0;
}

/* Another recorder has begun the file anew, after copytruncate. */
static bool begins_behind_ours(struct record_file *f) {
  ssize_t n = pread(f->fd, f->line, RECORD_LINE_MAX, 0);
  uint64_t first = 0;

  return n > 0 && ftpd_record_number_of(f->line, (size_t) n, &first) &&
    first > f->head.n;
}

static int look_for_ours(struct record_file *f, off_t size,
    struct found *found) {
  off_t at = (off_t) f->head.end;
  ssize_t n, i;

  memset(found, 0, sizeof(*found));
  if (is_ours(f, size, &found->there) < 0) {
    return -1;
  }

  if (!found->there && begins_behind_ours(f)) {
    found->there = true;        /* in the file before this one */
    at = 0;
  }

  while (found->there && at < size) {
    n = pread(f->fd, f->line, RECORD_LINE_MAX, at);
    if (n <= 0) {
      return -1;
    }

    at += n;
    for (i = 0; i < n; i++) {
      found->lines += f->line[i] == '\n' ? 1 : 0;
    }
  }

  return 0;
}

/* Lines that somebody else has written, and one that somebody did not end. */
static int write_others(struct record_file *f, const struct tail *t,
    uint64_t after, uint64_t lines) {
  struct record_note n;

  if (!t->torn && lines == 0) {
    return 0;
  }

  ftpd_record_note(&n, t->torn ? "torn" : "foreign");
  if (t->torn) {
    sftp_json_number(&n.j, "bytes", t->torn_len);
  }

  if (lines > 0) {
    sftp_json_number(&n.j, "after", after);
    sftp_json_number(&n.j, "lines", lines);
  }

  return ftpd_record_line(f, (struct sftp_str) { (unsigned char *) n.text,
    n.j.len }, t->torn);
}

/* The line that we wrote last is not there. */
static int write_missing(struct record_file *f, const struct tail *t,
    const struct record_head *ours) {
  char hex[HEX_LEN + 1];
  struct record_note n;

  ftpd_record_note(&n, t->has_n && t->n >= ours->n ? "changed" : "missing");
  sftp_json_number(&n.j, "after", ours->n);
  sftp_json_text(&n.j, "hash", sftp_str_of(ftpd_record_hex(ours->hash, hex)));
  return ftpd_record_note_write(f, &n);
}

static int write_state(struct record_file *f, const struct tail *t,
    const struct record_head *ours, const struct found *found) {
  if (t->empty) {
    return ftpd_record_write_begin(f, ours->known ?
      "the file before has ended" : "a new file", true);
  }

  memcpy(f->head.hash, t->hash, RECORD_HASH_LEN);
  if (t->has_n && (!ours->known || t->n > ours->n)) {
    f->head.n = t->n;
  }

  if (write_others(f, t, ours->n, found->lines) < 0) {
    return -1;
  }

  if (!ours->known) {
    return ftpd_record_write_begin(f, f->begin, false);
  }

  return found->there ? 0 : write_missing(f, t, ours);
}

int ftpd_record_catch_up(struct record_file *f, off_t size) {
  struct record_head ours = f->head;
  struct found found = { false, 0 };
  struct tail t;

  if (read_tail(f, size, &t) < 0 ||
      (ours.known && look_for_ours(f, size, &found) < 0)) {
    return -1;
  }

  f->found = ours.known ? f->found : size;
  f->size = size;
  if (write_state(f, &t, &ours, &found) < 0) {
    f->head = ours;
    f->size = -1;
    return -1;
  }

  f->sign_now = f->sign_now || !found.there || t.torn || found.lines > 0;
  return 0;
}
