/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-display-t.c -- SFTPDisplayBanner and DisplayLogin: which file is shown,
 * and what of it.
 */

#include "../fake/ftpd-log.h"
#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-user.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server };
static config_rec anonymous;

/* The files of the daemon: name, type and text; an empty one has no lines. */
static const struct file {
  const char *path;
  mode_t mode;
  const char *lines[4];
} files[] = {
  { "/etc/banner", S_IFREG, { "Welcome to %V", "second line" } },
  { "/etc/motd", S_IFREG, { "today" } },
  { "motd", S_IFREG, { "relative" } },
  { "/etc/empty", S_IFREG, { NULL } },
  { "/etc/fifo", S_IFIFO, { "never" } },
  { "none", S_IFREG, { "a file of that name" } },
  { NULL, 0, { NULL } }
};

static unsigned int nopen;

static const struct file *file_of(const char *path) {
  const struct file *f;

  for (f = files; f->path != NULL && strcmp(f->path, path) != 0; f++) {
  }

  return f->path != NULL ? f : NULL;
}

pr_fh_t *pr_fsio_open_canon(const char *path, int flags) {
  const struct file *f = file_of(path);
  pr_fh_t *fh;

  if ((flags & O_NONBLOCK) == 0) {
    bail_out("opening '%s' may wait for ever", path);
  }

  if (f == NULL) {
    errno = ENOENT;
    return NULL;
  }

  fh = pcalloc(p, sizeof(*fh));
  fh->fh_path = pstrdup(p, path);
  nopen++;
  return fh;
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  memset(st, 0, sizeof(*st));
  st->st_mode = file_of(fh->fh_path)->mode;
  return 0;
}

int pr_fsio_close(pr_fh_t *fh) {
  (void) fh;
  nopen--;
  return 0;
}

int pr_display_fh(pr_fh_t *fh, const char *fs, const char *code, int flags) {
  const struct file *f = file_of(fh->fh_path);
  size_t i;

  (void) fs;
  (void) code;
  (void) flags;
  for (i = 0; i < SFTP_NELEMS(f->lines) && f->lines[i] != NULL; i++) {
    daemon_respond(f->lines[i]);
  }

  return 0;
}

char *pr_str_array_to_text(pool *in, const array_header *items,
    const char *delimiter) {
  char *text = pstrdup(in, "");
  int i;

  for (i = 0; i < (int) items->nelts; i++) {
    text = pstrcat(in, text, i > 0 ? delimiter : "",
      ((char **) items->elts)[i], NULL);
  }

  return text;
}

static void *text_of(const char *text) {
  return (void *) (uintptr_t) text;
}

static void set_directive(const char *name, const char *path) {
  daemon_forget_config();
  daemon_set_param(name, text_of(path));
}

static void banners_are_lines_of_their_file(void) {
  daemon_forget_config();
  is_str(ftpd_banner(&ftpd, p), NULL, "no directive");
  set_directive("SFTPDisplayBanner", "/etc/banner");
  is_str(ftpd_banner(&ftpd, p), "Welcome to %V\r\nsecond line\r\n",
    "every line ends in CR LF, and the daemon has expanded it");
  set_directive("SFTPDisplayBanner", "/etc/empty");
  is_str(ftpd_banner(&ftpd, p), NULL, "a file without a line");
}

static void what_is_no_file_is_not_shown(void) {
  set_directive("SFTPDisplayBanner", "/etc/missing");
  is_str(ftpd_banner(&ftpd, p), NULL, "a missing file");
  ok(fake_log_has("error opening SFTPDisplayBanner '/etc/missing'"),
    "the log says which");
  set_directive("SFTPDisplayBanner", "/etc/fifo");
  is_str(ftpd_banner(&ftpd, p), NULL, "a FIFO");
  ok(fake_log_has("'/etc/fifo': not a regular file"),
    "the log says what is wrong");
}

static void other_responses_stay_as_they_are(void) {
  pool *before = make_sub_pool(p);

  pr_response_set_pool(before);
  resp_list = NULL;
  daemon_respond("of another command");
  set_directive("SFTPDisplayBanner", "/etc/motd");
  is_str(ftpd_banner(&ftpd, p), "today\r\n", "the text has the file alone");
  ok(resp_list != NULL && resp_list->next == NULL &&
    strcmp(resp_list->msg, "of another command") == 0, "what waited waits");
  ok(pr_response_get_pool() == before, "in the pool that it was in");
  pr_response_set_pool(NULL);
  resp_list = NULL;
}

static void logins_show_one_file(void) {
  set_directive("DisplayLogin", "motd");
  is_str(ftpd_login_message(&ftpd, p), "relative\r\n",
    "one in the directory of the login");
  set_directive("DisplayLogin", "/etc/motd");
  is_str(ftpd_login_message(&ftpd, p), NULL,
    "one with an absolute path is opened before the chroot, or never");
  ftpd.display_login = pr_fsio_open_canon("/etc/banner", O_NONBLOCK);
  is_str(ftpd_login_message(&ftpd, p), "Welcome to %V\r\nsecond line\r\n",
    "what was opened is shown");
  ok(ftpd.display_login == NULL, "once");
  set_directive("DisplayLogin", "None");
  is_str(ftpd_login_message(&ftpd, p), NULL, "none");
}

static void anonymous_has_its_own(void) {
  session.anon_config = &anonymous;
  set_directive("DisplayLogin", "/etc/motd");
  is_str(ftpd_login_message(&ftpd, p), "today\r\n", "inside of its root");
  set_directive("DisplayLogin", "none");
  is_str(ftpd_login_message(&ftpd, p), NULL, "none");
  daemon_forget_config();
  is_str(ftpd_login_message(&ftpd, p), NULL, "no directive");
  session.anon_config = NULL;
}

int main(void) {
  p = make_sub_pool(NULL);
  banners_are_lines_of_their_file();
  what_is_no_file_is_not_shown();
  other_responses_stay_as_they_are();
  logins_show_one_file();
  anonymous_has_its_own();
  is_int(nopen, 0, "every file is closed again");
  destroy_pool(p);
  return done_testing();
}
