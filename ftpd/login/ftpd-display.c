/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-display.c -- SFTPDisplayBanner and DisplayLogin.
 *
 * The host expands the variables of such files itself, into its list of pending
 * responses; the lines are taken from there, so that a file has the same text
 * as in FTP.
 */

#include "ftpd-cmd.h"
#include "ftpd-session.h"

#include "ftpd-user.h"

/* The lines of the file, each with CR LF at its end, or NULL. */
static const char *expand_lines(pool *p, pr_fh_t *fh) {
  pr_response_t *pending = resp_list, *at;
  pool *old = pr_response_get_pool();
  const char *text = NULL;
  array_header *lines;
  pool *tmp;

  tmp = make_sub_pool(p);
  pr_pool_tag(tmp, "SFTP display file");
  pr_response_set_pool(tmp);
  resp_list = NULL;

  if (pr_display_fh(fh, NULL, R_220, 0) == 0) {
    lines = make_array(tmp, 8, sizeof(char *));
    for (at = resp_list; at != NULL; at = at->next) {
      *((const char **) push_array(lines)) = at->msg;
    }

    if (lines->nelts > 0) {
      text = pstrcat(p, pr_str_array_to_text(tmp, lines, "\r\n"), "\r\n",
        NULL);
    }
  }

  resp_list = pending;
  pr_response_set_pool(old);
  destroy_pool(tmp);
  return text;
}

static const char *display_path(pool *p, const char *directive,
    const char *path) {
  const char *text = NULL;
  struct stat st;
  pr_fh_t *fh;

  fh = pr_fsio_open_canon(path, O_RDONLY|O_NONBLOCK);
  if (fh == NULL) {
    sftp_log("error opening %s '%s': %s", directive, path, strerror(errno));
    return NULL;
  }

  if (pr_fsio_fstat(fh, &st) == 0 && S_ISREG(st.st_mode)) {
    text = expand_lines(p, fh);

  } else {
    sftp_log("unable to use %s '%s': not a regular file", directive, path);
  }

  (void) pr_fsio_close(fh);
  return text;
}

const char *ftpd_banner(struct ftpd *h, pool *p) {
  const char *path = get_param_ptr(h->server->conf, "SFTPDisplayBanner",
    FALSE);

  return path != NULL ? display_path(p, "SFTPDisplayBanner", path) : NULL;
}

const char *ftpd_login_message(struct ftpd *h, pool *p) {
  const char *text = NULL, *path;

  if (session.anon_config != NULL) {
    path = get_param_ptr(session.anon_config->subset, "DisplayLogin", FALSE);
    return path != NULL && strcasecmp(path, "none") != 0 ?
      display_path(p, "DisplayLogin", path) : NULL;
  }

  if (h->display_login != NULL) {
    text = expand_lines(p, h->display_login);
    (void) pr_fsio_close(h->display_login);
    h->display_login = NULL;
    return text;
  }

  path = get_param_ptr(h->server->conf, "DisplayLogin", FALSE);
  if (path == NULL || *path == '/' || strcasecmp(path, "none") == 0) {
    return NULL;
  }

  return display_path(p, "DisplayLogin", path);
}
