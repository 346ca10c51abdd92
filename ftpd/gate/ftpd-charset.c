/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-charset.c -- converts names of files between the charset of UseEncoding
 * and UTF-8, which SFTP uses since version 4.
 */

#include "ftpd-charset.h"
#include "ftpd-session.h"

#include "ftpd-utf8.h"

#include <iconv.h>
#include <langinfo.h>

#define NAME_BYTES_MAX (4 * PR_TUNABLE_PATH_MAX)

struct ftpd_names {
  const char *charset;
  iconv_t in, out;
};

static const iconv_t none = (iconv_t) -1;

/* UseEncoding off: nothing is converted.  With two charsets the first is that
 * of the file names; otherwise it is that of the locale, and plain ASCII says
 * nothing about names.
 */
static const char *local_charset(struct ftpd *h) {
#ifdef PR_USE_NLS
  config_rec *c = find_config(h->server->conf, CONF_PARAM, "UseEncoding",
    FALSE);
  const char *charset;

  if (c != NULL && c->argc == 1 && *((int *) c->argv[0]) == FALSE) {
    return NULL;
  }

  charset = pr_encode_get_charset();
  if (charset == NULL) {
    charset = nl_langinfo(CODESET);
  }

  if (charset == NULL || *charset == '\0' ||
      pr_encode_is_utf8(charset) == TRUE ||
      strcasecmp(charset, "ANSI_X3.4-1968") == 0 ||
      strcasecmp(charset, "US-ASCII") == 0) {
    return NULL;
  }

  return charset;
#else
  (void) h;
  return NULL;
#endif /* PR_USE_NLS */
}

static void close_conv(iconv_t conv) {
  if (conv != none) {
    (void) iconv_close(conv);
  }
}

static void free_names(void *data) {
  struct ftpd_names *n = data;

  close_conv(n->in);
  close_conv(n->out);
}

void ftpd_charset_init(struct ftpd *h) {
  struct ftpd_names *n;
  const char *charset = local_charset(h);

  if (charset == NULL) {
    return;
  }

  n = pcalloc(h->pool, sizeof(*n));
  n->charset = pstrdup(h->pool, charset);
  n->in = iconv_open(charset, "UTF-8");
  n->out = iconv_open("UTF-8", charset);
  register_cleanup2(h->pool, n, free_names);
  if (n->in == none || n->out == none) {
    sftp_log("names of files are not converted: the charset '%s' is "
      "unknown", charset);
    return;
  }

  h->names = n;
}

const char *ftpd_charset(struct ftpd *h) {
  return h->names != NULL ? h->names->charset : NULL;
}

static const char *convert(iconv_t conv, pool *p, const char *name) {
  char *in = (char *) name, *buf, *out;
  size_t left = strlen(name), room;

  if (left > NAME_BYTES_MAX) {
    return NULL;
  }

  room = 4 * left + 16;
  buf = out = palloc(p, room + 1);
  (void) iconv(conv, NULL, NULL, NULL, NULL);
  if (iconv(conv, &in, &left, &out, &room) == (size_t) -1 || left > 0 ||
      iconv(conv, NULL, NULL, &out, &room) == (size_t) -1) {
    return NULL;
  }

  *out = '\0';

  /* A NUL inside would truncate the name. */
  return strlen(buf) == (size_t) (out - buf) ? buf : NULL;
}

const char *ftpd_from_utf8(struct ftpd *h, pool *p, const char *name) {
  return h->names != NULL ? convert(h->names->in, p, name) : name;
}

const char *ftpd_to_utf8(struct ftpd *h, pool *p, const char *name) {
  return h->names != NULL ? convert(h->names->out, p, name) : name;
}
