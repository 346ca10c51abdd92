/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keyfile.c -- lists of public keys: RFC 4716 and one key per line.
 *
 * Lines end with LF, CR LF or CR and have any length.  Blank lines and lines
 * that begin with # are skipped; all other lines that are not keys count as
 * broken.
 */

#include <strings.h>

#include "base64.h"
#include "keyfile.h"

#define BLOCK_BEGIN "---- BEGIN SSH2 PUBLIC KEY ----"
#define BLOCK_END "---- END SSH2 PUBLIC KEY ----"
#define TAG_MAX_LEN 64          /* RFC 4716, section 3.3 */

void sftp_keyfile_init(struct sftp_keyfile *f, pool *p,
    struct sftp_str text) {
  memset(f, 0, sizeof(*f));
  f->pool = p;
  f->left = text;

  /* The byte order mark that some editors write. */
  if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
    f->left.ptr += 3;
    f->left.len -= 3;
  }
}

static void broken(struct sftp_keyfile *f, unsigned int line,
    const char *why) {
  f->nbroken++;
  f->broken_line = line;
  f->broken_why = why;
}

/* ---- Lines and words */

static bool is_blank(unsigned char c) {
  return c == ' ' || c == '\t';
}

static struct sftp_str trim(struct sftp_str s) {
  while (s.len > 0 && is_blank(s.ptr[0])) {
    s.ptr++;
    s.len--;
  }

  while (s.len > 0 && is_blank(s.ptr[s.len - 1])) {
    s.len--;
  }

  return s;
}

/* The next line without its end and the blanks around it; false at the end. */
static bool next_line(struct sftp_keyfile *f, struct sftp_str *line) {
  size_t n = 0;

  if (f->left.len == 0) {
    return false;
  }

  while (n < f->left.len && f->left.ptr[n] != '\n' && f->left.ptr[n] != '\r') {
    n++;
  }

  line->ptr = f->left.ptr;
  line->len = n;
  if (n + 1 < f->left.len && f->left.ptr[n] == '\r' &&
      f->left.ptr[n + 1] == '\n') {
    n++;
  }

  n = n < f->left.len ? n + 1 : n;
  f->left.ptr += n;
  f->left.len -= n;
  f->line++;
  *line = trim(*line);
  return true;
}

/* Cuts a word off the line: up to a blank outside double quotes.  A quote
 * behind a backslash does not end the quoting.
 */
static struct sftp_str next_word(struct sftp_str *line) {
  struct sftp_str word = *line;
  bool quoted = false;
  size_t n;

  for (n = 0; n < line->len && (quoted || !is_blank(line->ptr[n])); n++) {
    if (line->ptr[n] == '\\' && n + 1 < line->len &&
        line->ptr[n + 1] == '"') {
      n++;
    } else if (line->ptr[n] == '"') {
      quoted = !quoted;
    }
  }

  word.len = n;
  line->ptr += n;
  line->len -= n;
  *line = trim(*line);
  return word;
}

static bool has_nul(struct sftp_str s) {
  return s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL;
}

/* The type name at the head of a public key blob; false when there is none. */
static bool blob_type(struct sftp_str blob, struct sftp_str *type) {
  struct sftp_rd r;
  size_t i;

  sftp_rd_init_str(&r, blob);
  *type = sftp_rd_string(&r);
  if (sftp_rd_ok(&r) != SFTP_OK || type->len == 0 || r.left == 0) {
    return false;
  }

  for (i = 0; i < type->len; i++) {
    if (type->ptr[i] <= ' ' || type->ptr[i] > '~') {
      return false;
    }
  }

  return true;
}

/* ---- OpenSSH: [options] type base64 [comment] */

/* Reads `type base64 [comment]'. */
static bool read_plain_line(struct sftp_keyfile *f, struct sftp_str line,
    struct sftp_keyfile_entry *e) {
  struct sftp_str name = next_word(&line), text = next_word(&line), type;

  if (sftp_base64_decode(f->pool, text, &e->blob) != SFTP_OK ||
      !blob_type(e->blob, &type) || !sftp_str_same(type, name)) {
    return false;
  }

  e->comment = line.len > 0 ? sftp_str_dup(f->pool, line) : NULL;
  return true;
}

static bool read_line(struct sftp_keyfile *f, struct sftp_str line,
    struct sftp_keyfile_entry *e) {
  struct sftp_str options;

  if (has_nul(line)) {
    broken(f, f->line, "it holds a NUL byte");
    return false;
  }

  /* The first word is the type if the blob names the same type; otherwise it is
   * options.  So no list of types is needed.
   */
  if (read_plain_line(f, line, e)) {
    return true;
  }

  options = next_word(&line);
  if (line.len > 0 && read_plain_line(f, line, e)) {
    e->options = sftp_str_dup(f->pool, options);
    return true;
  }

  broken(f, f->line, "it is neither `[options] type base64 [comment]' with a "
    "whole key nor part of an RFC 4716 block");
  return false;
}

/* ---- RFC 4716 */

struct block {
  struct sftp_wr body;          /* base64 so far */
  unsigned int line;            /* of its first line */
};

/* Splits `Tag: value' (section 3.3); false when the line is no header. */
static bool split_header(struct sftp_str line, struct sftp_str *tag,
    struct sftp_str *value) {
  size_t n;

  for (n = 0; n < line.len && line.ptr[n] != ':'; n++) {
    if (line.ptr[n] <= ' ' || line.ptr[n] > '~') {
      return false;
    }
  }

  if (n == 0 || n == line.len || n > TAG_MAX_LEN) {
    return false;
  }

  tag->ptr = line.ptr;
  tag->len = n;
  value->ptr = line.ptr + n + 1;
  value->len = line.len - n - 1;
  *value = trim(*value);
  return true;
}

static bool tag_is(struct sftp_str tag, const char *name) {
  /* Case does not matter: section 3.3. */
  return tag.len == strlen(name) &&
    strncasecmp((const char *) tag.ptr, name, tag.len) == 0;
}

static bool is_yes(const char *value) {
  return strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
    strcasecmp(value, "on") == 0 || strcmp(value, "1") == 0;
}

/* Appends the lines that follow a `\' at the end of one; NULL when they hold
 * a NUL byte.
 */
static const char *whole_value(struct sftp_keyfile *f,
    struct sftp_str value) {
  struct sftp_wr w;
  struct sftp_str line = value;

  sftp_wr_init(&w, f->pool, value.len + 64, SIZE_MAX / 2);
  while (line.len > 0 && line.ptr[line.len - 1] == '\\') {
    sftp_wr_bytes(&w, line.ptr, line.len - 1);
    line.len = 0;
    (void) next_line(f, &line);
  }

  sftp_wr_bytes(&w, line.ptr, line.len);
  line = sftp_wr_get(&w);
  return has_nul(line) ? NULL : sftp_str_dup(f->pool, line);
}

/* A comment may stand in quotes that are not part of it: section 3.3.2. */
static const char *unquote(pool *p, const char *text) {
  struct sftp_str s = sftp_str_of(text);

  if (s.len < 2 || s.ptr[0] != '"' || s.ptr[s.len - 1] != '"') {
    return text;
  }

  s.ptr++;
  s.len -= 2;
  return sftp_str_dup(p, s);
}

/* Reads a header; returns the reason when it cannot be used. */
static const char *take_header(struct sftp_keyfile *f, struct sftp_str tag,
    struct sftp_str value, struct sftp_keyfile_entry *e) {
  const char *text = whole_value(f, value);

  if (text == NULL) {
    return "it holds a NUL byte";
  }

  if (tag_is(tag, "Comment")) {
    e->comment = unquote(f->pool, text);
  } else if (tag_is(tag, "Subject")) {
    e->subject = text;
  } else if (tag_is(tag, "X-FIDO-Touch-Required")) {
    e->fido_touch = is_yes(text);
    e->fido_no_touch = !e->fido_touch;
  } else if (tag_is(tag, "X-FIDO-Verify-Required")) {
    e->fido_verify = is_yes(text);
  }

  return NULL;
}

/* Reads one line of a block; returns the reason when it does not belong there.
 */
static const char *take_block_line(struct sftp_keyfile *f,
    struct sftp_str line, struct block *b, struct sftp_keyfile_entry *e) {
  struct sftp_str tag, value;

  if (has_nul(line)) {
    return "it holds a NUL byte";
  }

  /* Base64 has no colon, so that no line of the body looks like a header. */
  if (split_header(line, &tag, &value)) {
    return b->body.len > 0 ? "it is a header behind the key data" :
      take_header(f, tag, value, e);
  }

  sftp_wr_bytes(&b->body, line.ptr, line.len);
  return NULL;
}

static bool finish_block(struct sftp_keyfile *f, const struct block *b,
    struct sftp_keyfile_entry *e) {
  struct sftp_str type;

  if (sftp_base64_decode(f->pool, sftp_wr_get(&b->body),
      &e->blob) != SFTP_OK) {
    broken(f, b->line, "the block's key data is not base64");
    return false;
  }

  if (!blob_type(e->blob, &type)) {
    broken(f, b->line, "the block's data is no public key");
    return false;
  }

  return true;
}

/* Reads from behind the BEGIN line to the END line.  A BEGIN line inside ends
 * the block as broken and begins the next.
 */
static bool read_block(struct sftp_keyfile *f, struct sftp_keyfile_entry *e) {
  struct block b;
  struct sftp_str line;
  const char *why = NULL, *bad;

  b.line = f->line;
  sftp_wr_init(&b.body, f->pool, 512, SIZE_MAX / 2);
  while (next_line(f, &line)) {
    unsigned int at = f->line;

    if (sftp_str_is(line, BLOCK_END)) {
      return why == NULL && finish_block(f, &b, e);
    }

    if (sftp_str_is(line, BLOCK_BEGIN)) {
      broken(f, b.line, "the block has no END line");
      memset(e, 0, sizeof(*e));
      e->line = b.line = f->line;
      b.body.len = 0;
      why = NULL;
      continue;
    }

    bad = take_block_line(f, line, &b, e);
    if (bad != NULL && why == NULL) {
      why = bad;
      broken(f, at, why);
    }
  }

  broken(f, b.line, "the block has no END line");
  return false;
}

bool sftp_keyfile_next(struct sftp_keyfile *f, struct sftp_keyfile_entry *e) {
  struct sftp_str line;

  while (next_line(f, &line)) {
    bool found;

    memset(e, 0, sizeof(*e));
    e->line = f->line;
    if (line.len == 0 || line.ptr[0] == '#') {
      continue;
    }

    found = sftp_str_is(line, BLOCK_BEGIN) ? read_block(f, e) :
      read_line(f, line, e);
    if (found) {
      return true;
    }
  }

  memset(e, 0, sizeof(*e));
  return false;
}
