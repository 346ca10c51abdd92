/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "cert.h"
#include "ftpd-auth.h"

struct fake_auth fake_auth;

static const struct fake_user *current;
static char current_name[512];

void fake_auth_reset(void) {
  memset(&fake_auth, 0, sizeof(fake_auth));
  current = NULL;
  current_name[0] = '\0';
}

static void called(const char *word) {
  size_t have = strlen(fake_auth.calls);

  snprintf(fake_auth.calls + have, sizeof(fake_auth.calls) - have, "%s%s",
    have > 0 ? " " : "", word);
}

static const struct fake_user *find(const char *name) {
  const struct fake_user *u;

  for (u = fake_auth.users; u != NULL && u->name != NULL; u++) {
    if (strcmp(u->name, name) == 0) {
      return u;
    }
  }

  return NULL;
}

int ftpd_auth_user(struct ftpd *h, pool *p, const char **user) {
  (void) h;
  called("USER");
  if (fake_auth.refuse_user) {
    return -1;
  }

  if (fake_auth.rewrite != NULL) {
    *user = pstrdup(p, fake_auth.rewrite);
  }

  snprintf(current_name, sizeof(current_name), "%s", *user);
  current = find(*user);
  return 0;
}

void ftpd_auth_methods(struct ftpd *h) {
  (void) h;
}

void ftpd_auth_user_end(struct ftpd *h, bool good) {
  (void) h;
  called(good ? "USER+" : "USER-");
}

void ftpd_auth_begin(struct ftpd *h, pool *p, const char *user,
    const char *method, bool known) {
  (void) h;
  (void) p;
  (void) user;
  called(known ? method : "(other)");
}

enum ftpd_verdict ftpd_auth_pass(struct ftpd *h) {
  (void) h;
  called("PASS");
  return fake_auth.block_pass ? FTPD_AUTH_BLOCKED : FTPD_AUTH_OK;
}

enum ftpd_verdict ftpd_auth_password(struct ftpd *h, const char *password) {
  if (ftpd_auth_pass(h) != FTPD_AUTH_OK) {
    return FTPD_AUTH_BLOCKED;
  }

  called("verify");
  snprintf(fake_auth.password, sizeof(fake_auth.password), "%s", password);
  if (current == NULL) {
    return FTPD_AUTH_NO_USER;
  }

  if (current->password == NULL ||
      strcmp(current->password, password) != 0) {
    return FTPD_AUTH_BAD;
  }

  return current->expired ? FTPD_AUTH_EXPIRED : FTPD_AUTH_OK;
}

enum ftpd_verdict ftpd_auth_user_key(struct ftpd *h, pool *p,
    struct sftp_str blob, const struct sftp_cert *cert, bool probe,
    struct ftpd_key_grant *grant) {
  size_t i;

  (void) h;
  (void) p;
  called(probe ? "lookup?" : "lookup");
  if (current == NULL) {
    return FTPD_AUTH_NO_USER;
  }

  *grant = fake_auth.grant;
  grant->id = "the fake";
  if (cert != NULL) {
    if (!sftp_cert_names(cert, current->name)) {
      return FTPD_AUTH_BAD;
    }

    grant->no_touch = cert->no_touch_required;
    grant->verify = cert->verify_required;
    blob = cert->ca->blob;
  }

  for (i = 0; i < FAKE_MAX_KEYS; i++) {
    if (current->keys[i].len > 0 && sftp_str_same(current->keys[i], blob)) {
      return FTPD_AUTH_OK;
    }
  }

  return FTPD_AUTH_BAD;
}

enum ftpd_verdict ftpd_auth_host_key(struct ftpd *h, pool *p,
    struct sftp_str blob, const char *host, const char *client_user,
    const char **id) {
  (void) h;
  (void) p;
  called("host-lookup");
  if (current == NULL) {
    return FTPD_AUTH_NO_USER;
  }

  *id = "the fake";
  return fake_auth.host_name != NULL &&
    strcmp(fake_auth.host_name, host) == 0 &&
    strcmp(current_name, client_user) == 0 &&
    sftp_str_same(fake_auth.host_key, blob) ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
}

enum ftpd_verdict ftpd_auth_authorize(struct ftpd *h) {
  (void) h;
  called("authorize");
  return current != NULL && !current->expired ? FTPD_AUTH_OK :
    FTPD_AUTH_EXPIRED;
}

void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
    int mask) {
  (void) h;
  fake_auth.read_only = read_only;
  fake_auth.dir = dir;
  fake_auth.mask = mask;
}

const char *ftpd_kbdint_driver(struct ftpd *h, unsigned int i) {
  unsigned int n;

  (void) h;
  for (n = 0; fake_auth.drivers != NULL && fake_auth.drivers[n].name != NULL;
      n++) {
    if (n == i) {
      return fake_auth.drivers[n].name;
    }
  }

  return NULL;
}

enum ftpd_verdict ftpd_auth_kbdint(struct ftpd *h, const char *driver) {
  unsigned int i;

  (void) h;
  called(driver);
  for (i = 0; fake_auth.drivers[i].name != NULL; i++) {
    if (strcmp(fake_auth.drivers[i].name, driver) == 0) {
      return fake_auth.drivers[i].run(fake_auth.conn);
    }
  }

  return FTPD_AUTH_ERROR;
}

uint64_t ftpd_login_due_ms(struct ftpd *h) {
  (void) h;
  return fake_auth.login_time_over ? 0 : UINT64_MAX;
}

void ftpd_auth_end(struct ftpd *h, enum ftpd_auth_result res) {
  static const char *const words[] = {
    [FTPD_REQ_LISTED] = "listed",
    [FTPD_REQ_UNKNOWN] = "unknown",
    [FTPD_REQ_PARTIAL] = "partial",
    [FTPD_REQ_PROBE] = "probe",
    [FTPD_REQ_FAILED] = "failed",
    [FTPD_REQ_BROKEN] = "broken"
  };

  (void) h;
  called(words[res]);
}

void ftpd_auth_pause(struct ftpd *h, uint64_t begin_us,
    unsigned int floor_ms) {
  uint64_t took_ms = (sftp_now_us() - begin_us) / 1000;

  (void) h;
  fake_auth.paused_ms += floor_ms - (unsigned int) (took_ms % floor_ms);
}

void ftpd_auth_odd(struct ftpd *h, const char *user, const char *why) {
  (void) h;
  (void) user;
  (void) why;
}

void ftpd_auth_max(struct ftpd *h, unsigned int max) {
  (void) h;
  fake_auth.max = max;
  called("max");
}

enum ftpd_login_result ftpd_login(struct ftpd *h, pool *p) {
  (void) h;
  (void) p;
  called("login");
  return fake_auth.login;
}

void ftpd_cell_over(struct ftpd *h) {
  (void) h;
}

const struct sftp_settings *ftpd_logged_in(struct ftpd *h) {
  (void) h;
  called("logged-in");
  return fake_auth.late;
}

const char *ftpd_banner(struct ftpd *h, pool *p) {
  (void) h;
  return fake_auth.banner != NULL ? pstrdup(p, fake_auth.banner) : NULL;
}

const char *ftpd_login_message(struct ftpd *h, pool *p) {
  (void) h;
  (void) p;
  return NULL;
}
