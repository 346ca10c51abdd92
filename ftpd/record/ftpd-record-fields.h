/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-fields.h -- what a session tells the recorder about one event,
 * and the members of the JSON object that this becomes.
 *
 * One table in ftpd-record-fields.c has a row for each field; the table in the
 * manual is the same.  A session may be in an attacker's hands: the recorder
 * takes its message as values, never as text of a record.
 */

#ifndef MOD_SFTP_FTPD_RECORD_FIELDS_H
#define MOD_SFTP_FTPD_RECORD_FIELDS_H

#include "json.h"

/* What has happened, from the session's point of view. */
enum record_what {
  RECORD_LOGIN, RECORD_LOGOUT, RECORD_UPLOAD, RECORD_DOWNLOAD, RECORD_REMOVE,
  RECORD_RMDIR, RECORD_MKDIR, RECORD_RENAME, RECORD_SYMLINK, RECORD_LINK,
  RECORD_COPY, RECORD_ATTRIBUTES, RECORD_REFUSAL,
  RECORD_NWHATS
};

/* In the order of the members.  Those of the login are fixed by the first login
 * that succeeds: the recorder repeats them in each record of the session.
 */
enum record_field {
  RECORD_USER, RECORD_METHOD, RECORD_KEY, RECORD_CA, RECORD_SERIAL,
  RECORD_KEY_ID,
  RECORD_NPINS,
  RECORD_PROTOCOL = RECORD_NPINS, RECORD_CLIENT, RECORD_REQUEST, RECORD_PATH,
  RECORD_TO, RECORD_DIRECTION, RECORD_BYTES, RECORD_OFFSET, RECORD_MS,
  RECORD_SHA256, RECORD_MODE, RECORD_SIZE, RECORD_OWNER, RECORD_GROUP,
  RECORD_XATTR, RECORD_XATTR_REMOVED, RECORD_DONE, RECORD_NOW, RECORD_END,
  RECORD_WHY, RECORD_SEQ, RECORD_UNSENT, RECORD_LEFT_OUT,
  RECORD_NFIELDS
};

struct record_row {
  const char *name;
  size_t max;                   /* bytes of a text; 0: a number */
};

extern const struct record_row ftpd_record_rows[RECORD_NFIELDS];
extern const char *const ftpd_record_whats[RECORD_NWHATS];

/* The longest message of a session. */
#define RECORD_MESSAGE_MAX 16384
/* The longest line, with its end. */
#define RECORD_LINE_MAX 65536

/* ---- In a session */

struct record_event {
  bool spare;                   /* of too many, it may be left out */
  struct sftp_wr message;
  unsigned char bytes[RECORD_MESSAGE_MAX];
};

void ftpd_record_begin(struct record_event *e, enum record_what what);
/* NULL: no such field.  Longer texts are cut, which the record says. */
void ftpd_record_text(struct record_event *e, enum record_field field,
  const char *text);
void ftpd_record_number(struct record_event *e, enum record_field field,
  uint64_t n);

/* ---- In the recorder */

/* The fields of the login; no pointers: another recorder may take them over. */
struct record_pins {
  unsigned char has[RECORD_NPINS];
  uint16_t len[RECORD_NPINS];
  uint64_t number[RECORD_NPINS];
  unsigned char text[RECORD_NPINS][256];
  unsigned char set;
};

/* Adds the members of a message, and fixes those of a login; how gets the
 * kind of event.  An error for a message that no session of ours sends: nothing
 * is written then.
 */
int ftpd_record_compose(struct sftp_json *j, struct sftp_str message,
  struct record_pins *pins, enum record_what *what) SFTP_MUST_CHECK;
/* The fixed fields alone. */
void ftpd_record_compose_pins(struct sftp_json *j,
  const struct record_pins *pins);

#endif /* MOD_SFTP_FTPD_RECORD_FIELDS_H */
