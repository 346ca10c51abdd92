/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-line.c -- a line of a file of records: its hash, its number, and
 * how it is written.
 */

#include "ftpd-record-file-int.h"
#include "ftpd-session.h"

#include "checksum.h"

void ftpd_record_hash(struct record_file *f, const void *line, size_t len,
    bool ends, unsigned char *hash) {
  if (sftp_sum_begin(f->sum) != SFTP_OK ||
      sftp_sum_add(f->sum, line, len) != SFTP_OK ||
      sftp_sum_add(f->sum, "\n", ends ? 0 : 1) != SFTP_OK ||
      sftp_sum_end(f->sum, hash) != SFTP_OK) {
    memset(hash, 0, RECORD_HASH_LEN);
  }
}

const char *ftpd_record_hex(const unsigned char *hash,
    char text[HEX_LEN + 1]) {
  static const char digits[] = "0123456789abcdef";
  size_t i;

  for (i = 0; i < RECORD_HASH_LEN; i++) {
    text[2 * i] = digits[hash[i] >> 4];
    text[2 * i + 1] = digits[hash[i] & 0x0f];
  }

  text[HEX_LEN] = '\0';
  return text;
}

static void put_time(struct sftp_json *j) {
  struct timespec now;
  struct tm tm;
  char text[64];
  size_t len;

  (void) clock_gettime(CLOCK_REALTIME, &now);
  (void) gmtime_r(&now.tv_sec, &tm);
  len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(text + len, sizeof(text) - len, ".%06ldZ", now.tv_nsec / 1000);
  sftp_json_text(j, "time", sftp_str_of(text));
}

/* All of it or nothing: a part is taken back. */
static int write_bytes(struct record_file *f, const char *bytes, size_t len) {
  ssize_t n;
  int xerrno;

  do {
    n = write(f->fd, bytes, len);
  } while (n < 0 && errno == EINTR);

  if (n == (ssize_t) len) {
    f->size += n;
    return 0;
  }

  xerrno = n < 0 ? errno : ENOSPC;
  if (n > 0 && ftruncate(f->fd, f->size) < 0) {
    f->size = -1;               /* a torn line remains */
  }

  errno = xerrno;
  return -1;
}

int ftpd_record_line(struct record_file *f, struct sftp_str members,
    bool torn) {
  char hex[HEX_LEN + 1], *line = f->line + 1;
  struct sftp_json j;

  memcpy(f->line, "\n{", 2);
  sftp_json_init(&j, line + 1, RECORD_LINE_MAX - 4);
  sftp_json_text(&j, "prev", sftp_str_of(ftpd_record_hex(f->head.hash, hex)));
  sftp_json_number(&j, "n", f->head.n + 1);
  put_time(&j);
  sftp_json_members(&j, members);
  if (j.full) {
    errno = EMSGSIZE;
    return -1;
  }

  memcpy(line + 1 + j.len, "}\n", 2);
  if (write_bytes(f, torn ? f->line : line, j.len + 3 + (torn ? 1 : 0)) < 0) {
    return -1;
  }

  ftpd_record_hash(f, line, j.len + 3, true, f->head.hash);
  f->head.end = (uint64_t) f->size;
  f->head.n++;
  f->head.known = 1;
  if (f->nunsigned++ == 0) {
    f->unsigned_ms = sftp_now_ms();
  }

  return 0;
}

int ftpd_record_write(struct record_file *f, struct sftp_str members) {
  return ftpd_record_line(f, members, false);
}

void ftpd_record_note(struct record_note *n, const char *what) {
  sftp_json_init(&n->j, n->text, sizeof(n->text));
  sftp_json_text(&n->j, "what", sftp_str_of(what));
}

int ftpd_record_note_write(struct record_file *f, struct record_note *n) {
  struct sftp_str members = { (unsigned char *) n->text, n->j.len };

  return ftpd_record_write(f, members);
}

/* ---- Lines that are there */

bool ftpd_record_number_of(const char *line, size_t len, uint64_t *n) {
  static const char begin[] = "{\"prev\":\"", middle[] = "\",\"n\":";
  size_t at = sizeof(begin) - 1 + HEX_LEN;
  char text[64];
  unsigned long long value;

  if (len < at + sizeof(middle) ||
      memcmp(line, begin, sizeof(begin) - 1) != 0 ||
      memcmp(line + at, middle, sizeof(middle) - 1) != 0) {
    return false;
  }

  at += sizeof(middle) - 1;
  len = len - at < sizeof(text) - 1 ? len - at : sizeof(text) - 1;
  memcpy(text, line + at, len);
  text[len] = '\0';
  if (sscanf(text, "%20llu,", &value) != 1) {
    return false;
  }

  *n = value;
  return true;
}

size_t ftpd_record_line_at(const char *text, size_t end) {
  const char *before = end > 0 ? memrchr(text, '\n', end - 1) : NULL;

  return before != NULL ? (size_t) (before - text) + 1 : 0;
}
