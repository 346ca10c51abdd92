/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_mate.c -- a companion that uses everything in mod_sftp.h, for
 * t/integration/companion.t.  It is built against the installed headers of
 * the host and the public header alone, like those of third parties.
 */

#include "mod_sftp.h"

module mate_module;

/* ---- keyboard-interactive: two questions, one of them shown */

static int mate_open(sftp_kbdint_driver_t *driver, const char *user) {
  driver->driver_pool = make_sub_pool(permanent_pool);
  driver->driver_data = pstrdup(driver->driver_pool, user);
  return 0;
}

static int mate_authenticate(sftp_kbdint_driver_t *driver, const char *user) {
  sftp_kbdint_challenge_t ask[2] = {
    { "Name of the ship? ", TRUE },
    { "Word of the day? ", FALSE }
  };
  const char **answers = NULL;
  uint32_t n = 0;

  if (strcmp(driver->driver_data, user) != 0) {
    errno = EINVAL;
    return -1;
  }

  if (sftp_auth_send_banner("") < 0 || sftp_auth_send_banner("x") < 0 ||
      sftp_auth_send_banner("ahoy") < 0) {
    return -1;
  }

  if (sftp_kbdint_send_challenge(user, "Two questions", 2, ask) < 0 ||
      sftp_kbdint_recv_response(driver->driver_pool, 2, &n, &answers) < 0) {
    return -1;
  }

  if (n == 2 && strcmp(answers[0], "") == 0 &&
      strcmp(answers[1], "xyzzy") == 0) {
    return 0;
  }

  errno = EPERM;
  return -1;
}

static int mate_close(sftp_kbdint_driver_t *driver) {
  destroy_pool(driver->driver_pool);
  driver->driver_pool = NULL;
  return 0;
}

static sftp_kbdint_driver_t driver = {
  NULL, NULL, NULL, mate_open, mate_authenticate, mate_close
};

/* ---- A store: info names a file with one key as on the wire */

static int mate_verify(sftp_keystore_t *store, pool *p, const char *user,
    unsigned char *key, uint32_t len SFTP_KEYSTORE_HEADERS) {
  unsigned char blob[8192];
  ssize_t n;
  int fd, res;

  (void) user;
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  (void) headers;
#endif
  fd = open(store->keystore_data, O_RDONLY);
  if (fd < 0) {
    return -1;
  }

  n = read(fd, blob, sizeof(blob));
  (void) close(fd);
  if (n < 0) {
    return -1;
  }

  /* What is no key at all, on either side, and a key of another type. */
  if (sftp_keys_compare_keys(p, NULL, 0, blob, (uint32_t) n) != -1 ||
      sftp_keys_compare_keys(p, key, len, key, len / 2) != -1) {
    return -1;
  }

  if (sftp_keys_compare_keys(p, key, len, NULL, 0) != -1) {
    return -1;
  }

  res = sftp_keys_compare_keys(p, key, len, blob, (uint32_t) n);
  (void) pr_log_writefile(sftp_logfd, "mod_mate/0", "compared: %d, errors: %s",
    res, sftp_crypto_get_errors());
  errno = EACCES;
  return res == 1 ? 0 : -1;
}

static int mate_store_close(sftp_keystore_t *store) {
  destroy_pool(store->keystore_pool);
  return 0;
}

static sftp_keystore_t *mate_store_open(pool *parent, int ktype,
    const char *info, const char *user) {
  pool *p = make_sub_pool(parent);
  sftp_keystore_t *store = pcalloc(p, sizeof(sftp_keystore_t));

  (void) user;
  store->keystore_pool = p;
  store->keystore_data = pstrdup(p, info);
  store->store_ktypes = (unsigned int) ktype;
  store->verify_user_key = mate_verify;
  store->store_close = mate_store_close;
  return store;
}

/* ---- A command: "count", which says how many bytes came */

static int (*send_data)(pool *, uint32_t, unsigned char *, uint32_t);
static unsigned long total, nwords;
static int finished;

static int count_params(pool *p, uint32_t id, array_header *words) {
  (void) p;
  (void) id;
  nwords = words->nelts;
  return strcmp(((char **) words->elts)[0], "count") == 0 ? 0 : -1;
}

static int count_prepare(uint32_t id) {
  (void) id;
  total = 0;
  return 0;
}

static int count_say(uint32_t id) {
  char text[64];

  /* RFC 4252, section 5.4: not after the login; that is no error. */
  if (sftp_auth_send_banner("too late") != 0) {
    return -1;
  }

  snprintf(text, sizeof(text), "%lu words, %lu bytes\n", nwords, total);
  return send_data(session.pool, id, (unsigned char *) text,
    (uint32_t) strlen(text));
}

static int count_postopen(uint32_t id) {
  return nwords > 1 && count_say(id) == 0 ? 1 : 0;
}

static int count_data(pool *p, void *pkt, uint32_t id, unsigned char *data,
    uint32_t len) {
  (void) p;
  (void) pkt;
  total += len;

  if (len > 0 && data[len - 1] == '.') {
    return count_say(id) == 0 ? 1 : -1;
  }

  return 0;
}

static int count_finish(uint32_t id) {
  (void) id;
  (void) pr_log_writefile(sftp_logfd, "mod_mate/0", "finished %d",
    ++finished);
  return 0;
}

static int refuse_params(pool *p, uint32_t id, array_header *words) {
  (void) p;
  (void) id;
  (void) words;
  errno = EPERM;
  return -1;
}

/* What a call must answer before any session: -1 and this errno. */
static int refused(int res, int xerrno) {
  return res == -1 && errno == xerrno;
}

static int mate_sess_init(void) {
  int res;

  res = sftp_channel_register_exec_handler(&mate_module, "count",
    count_params, count_prepare, count_postopen, count_data, count_finish,
    &send_data);
  if (res == 0) {
    res = sftp_channel_register_exec_handler(&mate_module, "refuse",
      refuse_params, count_prepare, count_postopen, count_data, count_finish,
      &send_data);
  }

  if (!refused(sftp_channel_register_exec_handler(&mate_module, "count",
        count_params, count_prepare, count_postopen, count_data, count_finish,
        &send_data), EEXIST) ||
      !refused(sftp_channel_register_exec_handler(&mate_module, NULL,
        count_params, count_prepare, count_postopen, count_data, count_finish,
        &send_data), EINVAL)) {
    pr_log_pri(PR_LOG_ERR, "mod_mate: an answer to a handler is wrong");
    return -1;
  }

  return res;
}

static int mate_init(void) {
  sftp_kbdint_challenge_t ask = { "?", FALSE };
  const char **answers = NULL;

  if (sftp_kbdint_have_drivers() != 0 || sftp_kbdint_first_driver() != NULL ||
      sftp_kbdint_get_driver("mate") != NULL || errno != ENOENT ||
      !refused(sftp_kbdint_unregister_driver(NULL), EINVAL) ||
      !refused(sftp_kbdint_send_challenge("u", NULL, 1, NULL), EINVAL) ||
      !refused(sftp_kbdint_recv_response(permanent_pool, 1, NULL, &answers),
        EINVAL) ||
      !refused(sftp_keystore_register_store(NULL, mate_store_open,
        SFTP_SSH2_USER_KEY_STORE), EINVAL)) {
    pr_log_pri(PR_LOG_ERR, "mod_mate: an early answer is wrong");
    return -1;
  }

  if (!refused(sftp_kbdint_unregister_driver("mate"), ENOENT) ||
      !refused(sftp_kbdint_register_driver(NULL, &driver), EINVAL) ||
      sftp_kbdint_register_driver("mate", &driver) < 0 ||
      !refused(sftp_kbdint_register_driver("mate", &driver), EEXIST) ||
      !refused(sftp_kbdint_send_challenge("u", NULL, 0, &ask), EINVAL) ||
      !refused(sftp_auth_send_banner(NULL), EINVAL) ||
      sftp_kbdint_get_driver("mate") != &driver ||
      sftp_kbdint_first_driver() != &driver ||
      sftp_kbdint_next_driver() != NULL || sftp_kbdint_have_drivers() != 1 ||
      !refused(sftp_keystore_unregister_store("mate",
        SFTP_SSH2_USER_KEY_STORE), ENOENT) ||
      sftp_keystore_register_store("mate", mate_store_open,
        SFTP_SSH2_USER_KEY_STORE) < 0 ||
      !refused(sftp_keystore_register_store("mate", mate_store_open,
        SFTP_SSH2_USER_KEY_STORE), EEXIST)) {
    pr_log_pri(PR_LOG_ERR, "mod_mate: an answer is wrong");
    return -1;
  }

  return 0;
}

module mate_module = {
  NULL, NULL, 0x20, "mate", NULL, NULL, NULL, mate_init, mate_sess_init,
  "mod_mate/0", NULL, 0
};
