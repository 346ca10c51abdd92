/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-fields.c -- the fields of a record: the table, a message about
 * them, and the members of the JSON object.
 */

#include "ftpd-record-fields.h"

#define PATH_BYTES 4096
/* Of a request that did nothing: nothing has that path. */
#define PATH_BYTES_FAILED 512

const struct record_row ftpd_record_rows[RECORD_NFIELDS] = {
  [RECORD_USER] = { "user", 256 },
  [RECORD_METHOD] = { "method", 64 },
  [RECORD_KEY] = { "key", 128 },
  [RECORD_CA] = { "ca", 128 },
  [RECORD_SERIAL] = { "serial", 0 },
  [RECORD_KEY_ID] = { "key_id", 256 },
  [RECORD_PROTOCOL] = { "protocol", 16 },
  [RECORD_CLIENT] = { "client", 256 },
  [RECORD_REQUEST] = { "request", 32 },
  [RECORD_PATH] = { "path", PATH_BYTES },
  [RECORD_TO] = { "to", PATH_BYTES },
  [RECORD_DIRECTION] = { "direction", 8 },
  [RECORD_BYTES] = { "bytes", 0 },
  [RECORD_OFFSET] = { "offset", 0 },
  [RECORD_MS] = { "ms", 0 },
  [RECORD_SHA256] = { "sha256", 64 },
  [RECORD_MODE] = { "mode", 64 },
  [RECORD_SIZE] = { "size", 0 },
  [RECORD_OWNER] = { "owner", 0 },
  [RECORD_GROUP] = { "group", 0 },
  [RECORD_XATTR] = { "xattr", 255 },
  [RECORD_XATTR_REMOVED] = { "xattr_removed", 255 },
  [RECORD_DONE] = { "done", 64 },
  [RECORD_NOW] = { "now", 16 },
  [RECORD_END] = { "end", 16 },
  [RECORD_WHY] = { "why", 512 },
  [RECORD_SEQ] = { "seq", 0 },
  [RECORD_UNSENT] = { "unsent", 0 },
  [RECORD_LEFT_OUT] = { "left_out", 0 }
};

const char *const ftpd_record_whats[RECORD_NWHATS] = {
  [RECORD_LOGIN] = "login", [RECORD_LOGOUT] = "logout",
  [RECORD_UPLOAD] = "upload", [RECORD_DOWNLOAD] = "download",
  [RECORD_REMOVE] = "remove", [RECORD_RMDIR] = "rmdir",
  [RECORD_MKDIR] = "mkdir", [RECORD_RENAME] = "rename",
  [RECORD_SYMLINK] = "symlink", [RECORD_LINK] = "link",
  [RECORD_COPY] = "copy", [RECORD_ATTRIBUTES] = "attributes",
  [RECORD_REFUSAL] = "refusal"
};

/* ---- In a session: the kind, then a number and a string for each field */

void ftpd_record_begin(struct record_event *e, enum record_what what) {
  e->spare = false;
  sftp_wr_init_fixed(&e->message, e->bytes, sizeof(e->bytes));
  sftp_wr_u8(&e->message, (uint8_t) what);
}

/* The recorder sees that it was cut: it is one byte longer than the field. */
void ftpd_record_text(struct record_event *e, enum record_field field,
    const char *text) {
  if (text != NULL) {
    sftp_wr_u8(&e->message, (uint8_t) field);
    sftp_wr_string(&e->message, text, strnlen(text,
      ftpd_record_rows[field].max + 1));
  }
}

void ftpd_record_number(struct record_event *e, enum record_field field,
    uint64_t n) {
  sftp_wr_u8(&e->message, (uint8_t) field);
  sftp_wr_u64(&e->message, n);
}

/* ---- In the recorder */

struct values {
  bool has[RECORD_NFIELDS];
  struct sftp_str text[RECORD_NFIELDS];
  uint64_t number[RECORD_NFIELDS];
  bool cut;
};

static int read_values(struct sftp_rd *r, struct values *v) {
  while (r->err == SFTP_OK && r->left > 0) {
    uint8_t field = sftp_rd_u8(r);

    if (field >= RECORD_NFIELDS || v->has[field]) {
      return SFTP_ERR_FORMAT;
    }

    v->has[field] = true;
    if (ftpd_record_rows[field].max == 0) {
      v->number[field] = sftp_rd_u64(r);
      continue;
    }

    v->text[field] = sftp_rd_string(r);
    if (v->text[field].len > ftpd_record_rows[field].max) {
      v->text[field].len = ftpd_record_rows[field].max;
      v->cut = true;
    }
  }

  return sftp_rd_end(r);
}

static void cut_path(struct sftp_str *path, bool *cut) {
  if (path->len > PATH_BYTES_FAILED) {
    path->len = PATH_BYTES_FAILED;
    *cut = true;
  }
}

static void cut_failed(struct values *v) {
  if (v->has[RECORD_END] && !sftp_str_is(v->text[RECORD_END], "ok") &&
      !v->has[RECORD_BYTES] && !v->has[RECORD_DONE]) {
    cut_path(&v->text[RECORD_PATH], &v->cut);
    cut_path(&v->text[RECORD_TO], &v->cut);
  }
}

static void pin(struct record_pins *pins, const struct values *v) {
  unsigned int i;

  for (i = 0; i < RECORD_NPINS; i++) {
    pins->has[i] = v->has[i];
    pins->number[i] = v->number[i];
    if (v->has[i] && ftpd_record_rows[i].max > 0) {
      pins->len[i] = (uint16_t) v->text[i].len;
      memcpy(pins->text[i], v->text[i].ptr, v->text[i].len);
    }
  }

  pins->set = 1;
}

static void use_pins(struct values *v, const struct record_pins *pins) {
  unsigned int i;

  for (i = 0; i < RECORD_NPINS; i++) {
    v->has[i] = pins->has[i] != 0;
    v->number[i] = pins->number[i];
    v->text[i].ptr = pins->text[i];
    v->text[i].len = pins->len[i] <= sizeof(pins->text[i]) ? pins->len[i] : 0;
  }
}

static void put_values(struct sftp_json *j, const struct values *v,
    unsigned int n) {
  unsigned int i;

  for (i = 0; i < n; i++) {
    if (v->has[i] && ftpd_record_rows[i].max == 0) {
      sftp_json_number(j, ftpd_record_rows[i].name, v->number[i]);

    } else if (v->has[i]) {
      sftp_json_text(j, ftpd_record_rows[i].name, v->text[i]);
    }
  }

  if (v->cut) {
    sftp_json_true(j, "cut");
  }
}

int ftpd_record_compose(struct sftp_json *j, struct sftp_str message,
    struct record_pins *pins, enum record_what *what) {
  struct values v;
  struct sftp_rd r;
  uint8_t kind;
  int res;

  memset(&v, 0, sizeof(v));
  sftp_rd_init_str(&r, message);
  kind = sftp_rd_u8(&r);
  res = read_values(&r, &v);
  if (res != SFTP_OK || kind >= RECORD_NWHATS) {
    return res != SFTP_OK ? res : SFTP_ERR_FORMAT;
  }

  cut_failed(&v);
  *what = (enum record_what) kind;
  if (pins->set == 0 && *what == RECORD_LOGIN && v.has[RECORD_END] &&
      sftp_str_is(v.text[RECORD_END], "ok")) {
    pin(pins, &v);

  } else if (pins->set != 0) {
    use_pins(&v, pins);
  }

  sftp_json_text(j, "what", sftp_str_of(ftpd_record_whats[kind]));
  put_values(j, &v, RECORD_NFIELDS);
  return SFTP_OK;
}

void ftpd_record_compose_pins(struct sftp_json *j,
    const struct record_pins *pins) {
  struct values v;

  memset(&v, 0, sizeof(v));
  if (pins->set != 0) {
    use_pins(&v, pins);
    put_values(j, &v, RECORD_NPINS);
  }
}
