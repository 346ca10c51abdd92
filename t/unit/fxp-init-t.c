/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: INIT, the frame of requests, and what malformed ones get. */

#include "forced.h"
#include "fxp-client.h"
#include "ftpd-log.h"
#include "tap.h"

/* ---- INIT */

static void init_with(struct fxc *x, uint32_t version) {
  unsigned char init[] = { 0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0, 0 };

  sftp_put_u32(init + 5, version);
  fxc_feed(x, init, sizeof(init));
}

static void version_is_the_lower_of_both(void) {
  static const struct {
    uint32_t asked;
    unsigned int min, max, got;
  } rows[] = {
    { 1, 0, 0, 1 }, { 2, 0, 0, 2 }, { 3, 0, 0, 3 }, { 4, 0, 0, 4 },
    { 5, 0, 0, 5 }, { 6, 0, 0, 6 }, { 7, 0, 0, 6 }, { 0x7fffffff, 0, 0, 6 },
    { 0xffffffff, 0, 0, 6 }, { 6, 1, 3, 3 }, { 6, 3, 3, 3 }, { 4, 4, 5, 4 },
    { 9, 4, 5, 5 }, { 6, 9, 9, 6 }, { 6, 5, 2, 5 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new_raw(NULL);
    struct fxc_reply r;

    x->set.sftp.min_version = rows[i].min;
    x->set.sftp.max_version = rows[i].max;
    init_with(x, rows[i].asked);
    ok(fxc_next(x, &r) && r.type == SSH_FXP_VERSION && r.id == rows[i].got,
      "a client of version %lu gets version %u of %u-%u",
      (unsigned long) rows[i].asked, rows[i].got, rows[i].min, rows[i].max);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void lower_clients_are_told(void) {
  uint32_t v;

  for (v = 0; v < 3; v++) {
    struct fxc *x = fxc_new_raw(NULL);

    x->set.sftp.min_version = v + 1;
    init_with(x, v);
    ok(x->ch->out_len == 0 && x->ch->err_len > 0 && x->ch->finished &&
      x->ch->status == 1, "a client of version %lu is sent away with a text",
      (unsigned long) v);
    fxc_path(x, SSH_FXP_STAT, "/");
    fxc_send(x);
    ok(x->ch->out_len == 0 && x->err == SFTP_OK,
      "... and what it sends then is dropped");
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void version_names_extensions(void) {
  static const char *const names[] = {
    "versions", "fsync@openssh.com", "posix-rename@openssh.com",
    "statvfs@openssh.com", "fstatvfs@openssh.com", "hardlink@openssh.com",
    "home-directory", "limits@openssh.com", "users-groups-by-id@openssh.com",
    "copy-data", "check-file", "copy-file", "space-available",
    "lsetstat@openssh.com", "expand-path@openssh.com"
  };
  struct fxc *x = fxc_new_raw(NULL);
  struct fxc_reply r;
  size_t i, found = 0;

  init_with(x, 3);
  ok(fxc_next(x, &r), "VERSION is one whole message");
  for (i = 0; i < SFTP_NELEMS(names); i++) {
    struct sftp_str name = sftp_rd_string(&r.in), v = sftp_rd_string(&r.in);

    found += sftp_str_is(name, names[i]) && v.len == (i == 0 ? 9 : 1);
  }

  ok(sftp_rd_end(&r.in) == SFTP_OK && found == SFTP_NELEMS(names),
    "it has the extensions with their versions, in order, and nothing else");
  ok(fxc_free(x), "the session ends clean");
}

static void extensions_are_switched_off(void) {
  struct fxc *x = fxc_new_raw(NULL);
  struct fxc_reply r;

  x->set.extensions = 0;
  init_with(x, 3);
  ok(fxc_next(x, &r) && sftp_rd_end(&r.in) == SFTP_OK,
    "with all extensions off VERSION names none");
  sftp_wr_text(fxc_begin_ext(x, "statvfs@openssh.com"), "/");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "... and none is served");
  ok(fxc_free(x), "the session ends clean");
}

static void init_may_carry_pairs_and_come_again(void) {
  struct fxc *x = fxc_new_raw(NULL);
  struct fxc_reply r;
  struct sftp_wr *w;
  const char *h;

  fake_fs_put("/a", "x", 1, 0644);
  w = &x->w;
  x->mark = sftp_wr_begin(w);
  sftp_wr_u8(w, SSH_FXP_INIT);
  sftp_wr_u32(w, 3);
  sftp_wr_text(w, "name@example.com");
  sftp_wr_text(w, "data");
  fxc_end(x);
  fxc_send(x);
  ok(fxc_next(x, &r) && r.type == SSH_FXP_VERSION, "pairs in INIT are fine");
  h = fxc_opened(x, "/a", FXC_READ);
  init_with(x, 3);
  ok(fxc_next(x, &r) && r.type == SSH_FXP_VERSION, "INIT may come again");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "... and handles stay");
  ok(fxc_free(x), "the session ends clean");
}

static void login_message_comes_once(void) {
  struct fxc *x = fxc_new_raw(NULL);

  fake_files.login_message = "hello\r\n";
  init_with(x, 3);
  init_with(x, 3);
  is_mem(x->ch->err, x->ch->err_len, "hello\r\n", 7,
    "the login's message goes to stderr, once");
  ok(fxc_free(x), "the session ends clean");
}

/* ---- Frames */

static void nothing_comes_before_init(void) {
  unsigned int type, refused = 0;

  for (type = 0; type < 256; type++) {
    unsigned char msg[] = { 0, 0, 0, 5, 0, 0, 0, 0, 1 };
    struct fxc *x = fxc_new_raw(NULL);

    msg[4] = (unsigned char) type;
    fxc_feed(x, msg, sizeof(msg));
    refused += x->err == SFTP_ERR_ORDER && x->ch->out_len == 0;
    (void) fxc_free(x);
  }

  is_int(refused, 255, "before INIT every other type ends the channel");
}

static void lengths_are_bounded(void) {
  static const struct {
    uint32_t len;
    int err;
  } rows[] = {
    { 0, SFTP_ERR_SHORT }, { 1, SFTP_ERR_SHORT }, { 4, SFTP_ERR_SHORT },
    { 5, SFTP_OK }, { 524288, SFTP_OK }, { 524289, SFTP_ERR_LIMIT },
    { 0x7fffffff, SFTP_ERR_LIMIT }, { 0xffffffff, SFTP_ERR_LIMIT }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    unsigned char msg[] = { 0, 0, 0, 0, SSH_FXP_STAT };
    struct fxc *x = fxc_new(NULL);

    sftp_put_u32(msg, rows[i].len);
    fake_log_reset();
    fxc_feed(x, msg, sizeof(msg));
    is_int(x->err, rows[i].err, "a request said to have %lu bytes",
      (unsigned long) rows[i].len);
    ok((fake_log_lines > 0) == (rows[i].err != SFTP_OK),
      "... and a line in the log only when it is refused");
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void missing_is_exact(void) {
  struct fxc *x = fxc_new(NULL);
  unsigned char msg[13] = { 0, 0, 0, 9, SSH_FXP_STAT, 0, 0, 0, 1, 0, 0, 0, 0 };

  fxc_feed(x, msg, 3);
  is_int(sftp_fxp_service.missing(x->svc), 0, "unknown before the length");
  fxc_feed(x, msg + 3, 1);
  is_int(sftp_fxp_service.missing(x->svc), 1, "at least the type after it");
  fxc_feed(x, msg + 4, 5);
  is_int(sftp_fxp_service.missing(x->svc), 4, "then what is not there");
  fxc_feed(x, msg + 9, 4);
  is_int(sftp_fxp_service.missing(x->svc), 0, "nothing when it is complete");
  ok(fxc_free(x), "the session ends clean");
}

static void unknown_types_are_answered(void) {
  unsigned int type, good = 0, n = 0;

  for (type = 0; type < 256; type++) {
    struct fxc *x = fxc_new(NULL);

    if (type == 0 || type == 2 || (type > SSH_FXP_SYMLINK &&
        type != SSH_FXP_EXTENDED)) {
      n++;
      (void) fxc_begin(x, (uint8_t) type);
      fxc_end(x);
      good += fxc_status(x) == SSH_FX_OP_UNSUPPORTED;
    }

    (void) fxc_free(x);
  }

  is_int(good, n, "every type that is not a request gets OP_UNSUPPORTED");
}

/* ---- Each request: truncated, longer, flipped */

struct sample {
  const char *name;
  void (*build)(struct fxc *x, const char *file, const char *dir);
};

static void b_open(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_OPEN);

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/new");
  sftp_wr_u32(w, FXC_WRITE|FXC_CREAT);
  sftp_wr_u32(w, 0x8000000fU);
  sftp_wr_u64(w, 7);
  sftp_wr_u32(w, 1000);
  sftp_wr_u32(w, 1000);
  sftp_wr_u32(w, 0644);
  sftp_wr_u32(w, 1);
  sftp_wr_u32(w, 2);
  sftp_wr_u32(w, 1);
  sftp_wr_text(w, "ext");
  sftp_wr_text(w, "val");
}

static void b_close(struct fxc *x, const char *file, const char *dir) {
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_CLOSE), file);
}

static void b_read(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_READ);

  (void) dir;
  sftp_wr_text(w, file);
  sftp_wr_u64(w, 0);
  sftp_wr_u32(w, 4);
}

static void b_write(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_WRITE);

  (void) dir;
  sftp_wr_text(w, file);
  sftp_wr_u64(w, 0);
  sftp_wr_text(w, "data");
}

static void b_lstat(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_LSTAT), "/a");
}

static void b_fstat(struct fxc *x, const char *file, const char *dir) {
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_FSTAT), file);
}

static void b_setstat(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_SETSTAT);

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/a");
  sftp_wr_u32(w, 4);
  sftp_wr_u32(w, 0600);
}

static void b_fsetstat(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_FSETSTAT);

  (void) dir;
  sftp_wr_text(w, file);
  sftp_wr_u32(w, 8);
  sftp_wr_u32(w, 5);
  sftp_wr_u32(w, 6);
}

static void b_opendir(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_OPENDIR), "/home");
}

static void b_readdir(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  sftp_wr_text(fxc_begin(x, SSH_FXP_READDIR), dir);
}

static void b_remove(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_REMOVE), "/a");
}

static void b_mkdir(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_MKDIR);

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/newdir");
  sftp_wr_u32(w, 4);
  sftp_wr_u32(w, 0700);
}

static void b_rmdir(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_RMDIR), "/empty");
}

static void b_realpath(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_REALPATH), "/a/../b");
}

static void b_stat(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_STAT), "/link");
}

static void b_rename(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_RENAME);

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/a");
  sftp_wr_text(w, "/z");
}

static void b_readlink(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin(x, SSH_FXP_READLINK), "/link");
}

static void b_symlink(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_SYMLINK);

  (void) file;
  (void) dir;
  sftp_wr_text(w, "a");
  sftp_wr_text(w, "/link2");
}

static void b_fsync(struct fxc *x, const char *file, const char *dir) {
  (void) dir;
  sftp_wr_text(fxc_begin_ext(x, "fsync@openssh.com"), file);
}

static void b_statvfs(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin_ext(x, "statvfs@openssh.com"), "/");
}

static void b_fstatvfs(struct fxc *x, const char *file, const char *dir) {
  (void) dir;
  sftp_wr_text(fxc_begin_ext(x, "fstatvfs@openssh.com"), file);
}

static void b_posix_rename(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin_ext(x, "posix-rename@openssh.com");

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/a");
  sftp_wr_text(w, "/b");
}

static void b_hardlink(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin_ext(x, "hardlink@openssh.com");

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/a");
  sftp_wr_text(w, "/hard");
}

static void b_home(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin_ext(x, "home-directory"), "user");
}

static void b_limits(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  (void) fxc_begin_ext(x, "limits@openssh.com");
}

static void b_names(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin_ext(x, "users-groups-by-id@openssh.com");

  (void) file;
  (void) dir;
  sftp_wr_string(w, "\0\0\3\350\0\0\0\0", 8);
  sftp_wr_string(w, "\0\0\3\350", 4);
}

static void b_copy(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin_ext(x, "copy-data");

  (void) dir;
  sftp_wr_text(w, file);
  sftp_wr_u64(w, 0);
  sftp_wr_u64(w, 2);
  sftp_wr_text(w, file);
  sftp_wr_u64(w, 10);
}

static void b_lsetstat(struct fxc *x, const char *file, const char *dir) {
  struct sftp_wr *w = fxc_begin_ext(x, "lsetstat@openssh.com");

  (void) file;
  (void) dir;
  sftp_wr_text(w, "/link");
  sftp_wr_u32(w, 8);
  sftp_wr_u32(w, 5);
  sftp_wr_u32(w, 6);
}

static void b_expand(struct fxc *x, const char *file, const char *dir) {
  (void) file;
  (void) dir;
  sftp_wr_text(fxc_begin_ext(x, "expand-path@openssh.com"), "~/x");
}

static const struct sample samples[] = {
  { "OPEN", b_open }, { "CLOSE", b_close }, { "READ", b_read },
  { "WRITE", b_write }, { "LSTAT", b_lstat }, { "FSTAT", b_fstat },
  { "SETSTAT", b_setstat }, { "FSETSTAT", b_fsetstat },
  { "OPENDIR", b_opendir }, { "READDIR", b_readdir },
  { "REMOVE", b_remove }, { "MKDIR", b_mkdir }, { "RMDIR", b_rmdir },
  { "REALPATH", b_realpath }, { "STAT", b_stat }, { "RENAME", b_rename },
  { "READLINK", b_readlink }, { "SYMLINK", b_symlink },
  { "fsync", b_fsync }, { "statvfs", b_statvfs },
  { "fstatvfs", b_fstatvfs }, { "posix-rename", b_posix_rename },
  { "hardlink", b_hardlink }, { "home-directory", b_home },
  { "limits", b_limits }, { "users-groups-by-id", b_names },
  { "copy-data", b_copy }, { "lsetstat", b_lsetstat },
  { "expand-path", b_expand }
};

/* A session with something to work on, and the sample built in x->w. */
static struct fxc *with_sample(const struct sample *s) {
  struct fxc *x = fxc_new(NULL);
  const char *file, *dir;

  fake_fs_put("/a", "hello", 5, 0644);
  fake_fs_put("/b", "b", 1, 0644);
  fake_fs_link("/link", "a");
  fake_fs_dir("/empty");
  file = fxc_opened(x, "/a", FXC_READ|FXC_WRITE);
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  dir = fxc_take_handle(x);
  s->build(x, file, dir);
  fxc_end(x);
  return x;
}

static void samples_are_good(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct fxc *x = with_sample(&samples[i]);
    uint32_t status = fxc_status(x);

    ok(status == SSH_FX_OK || status == 0xffffffffU,
      "%s as it should be succeeds (status %ld)", samples[i].name,
      (long) (int32_t) status);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void truncations_are_refused(void) {
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct fxc *x = with_sample(&samples[i]);
    size_t len = x->w.len - 4, refused = 0, unclean = 0;

    unclean += !fxc_free(x);
    for (n = 5; n < len; n++) {
      unsigned int before;

      x = with_sample(&samples[i]);
      before = fake_files.writes;
      sftp_put_u32(x->w.ptr, (uint32_t) n);
      x->w.len = n + 4;
      refused += fxc_status(x) == SSH_FX_BAD_MESSAGE &&
        x->err == SFTP_OK && fake_files.writes == before &&
        fake_fs_exists("/a") && !fake_fs_exists("/z");
      unclean += !fxc_free(x);
    }

    is_int(refused, len - 5, "%s: every truncation is BAD_MESSAGE",
      samples[i].name);
    is_int(unclean, 0, "... and leaves nothing behind");
  }
}

static void answers_that_fail_end_it(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct fxc *x = with_sample(&samples[i]);

    x->ch->fail_at = x->ch->writes + 1;
    fxc_send(x);
    is_int(x->err, SFTP_ERR_IO, "%s: an answer that is not written",
      samples[i].name);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

/* As -P of a forced command has them. */
static void forced_commands_deny_each(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct sftp_forced forced = { .denied = samples[i].name, .umask = -1 };
    struct fxc *x = with_sample(&samples[i]);

    x->conn.services.forced = &forced;
    is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "-P %s denies it",
      samples[i].name);
    ok(fxc_free(x), "... and the session ends clean");

    x = with_sample(&samples[i]);
    forced.denied = strcmp(samples[i].name, "CLOSE") == 0 ? "READ" : "CLOSE";
    x->conn.services.forced = &forced;
    ok(fxc_status(x) != SSH_FX_PERMISSION_DENIED, "-P %s does not",
      forced.denied);
    (void) fxc_free(x);
  }
}

static void malformed_requests_are_recorded_as_such(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;

  fake_log_reset();
  fake_fs_put("/a", "A", 1, 0644);
  fxc_path(x, SSH_FXP_REMOVE, "/a");
  is_int(fxc_status(x), SSH_FX_OK, "a request");
  ok(!fake_log_has("malformed"), "nothing is said about it");
  w = fxc_begin_ext(x, "lsetstat@openssh.com");
  sftp_wr_text(w, "/a");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_BAD_MESSAGE, "one without its attributes");
  is_int(fake_files.last_req, FTPD_EXTENDED, "it has a record");
  is_int(fake_files.last_err, EBADMSG, "which has the error");
  is_int(fake_files.last_status, SSH_FX_BAD_MESSAGE, "and the status");
  ok(fake_log_has("malformed SFTP EXTENDED request"), "the log names it");
  ok(fxc_free(x), "the session ends clean");
}

/* But behind WRITE's data: see fxp_write_header(). */
static void an_extra_byte_is_refused(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct fxc *x = with_sample(&samples[i]);

    sftp_wr_u8(&x->w, 0);
    fxc_end(x);
    is_int(fxc_status(x), strcmp(samples[i].name, "WRITE") == 0 ? SSH_FX_OK :
      SSH_FX_BAD_MESSAGE, "%s with a byte too many", samples[i].name);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void flipped_bits_do_no_harm(void) {
  size_t i, bit;

  for (i = 0; i < SFTP_NELEMS(samples); i++) {
    struct fxc *x = with_sample(&samples[i]);
    size_t nbits = (x->w.len - 4) * 8, good = 0;

    (void) fxc_free(x);
    for (bit = 0; bit < nbits; bit++) {
      struct fxc_reply r, more;

      x = with_sample(&samples[i]);
      x->w.ptr[4 + bit / 8] ^= (unsigned char) (1U << bit % 8);
      fxc_send(x);
      good += fxc_next(x, &r) && !fxc_next(x, &more);
      good -= !fxc_free(x);
    }

    is_int(good, nbits, "%s: each flipped bit gets exactly one answer",
      samples[i].name);
  }
}

/* A NUL inside a text would be cut there by everything behind. */
static void nuls_are_refused(void) {
  static const uint8_t types[] = {
    SSH_FXP_LSTAT, SSH_FXP_STAT, SSH_FXP_OPENDIR, SSH_FXP_REMOVE,
    SSH_FXP_RMDIR, SSH_FXP_REALPATH, SSH_FXP_READLINK, SSH_FXP_EXTENDED
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    struct fxc *x = fxc_new(NULL);

    fake_fs_put("/a", "hello", 5, 0644);
    sftp_wr_string(fxc_begin(x, types[i]), "/a\0b", 4);
    fxc_end(x);
    is_int(fxc_status(x), SSH_FX_BAD_MESSAGE, "type %u: a NUL in its text",
      types[i]);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static void eof_ends_the_channel(void) {
  struct fxc *x = fxc_new(NULL);

  fake_log_reset();
  (void) fake_channel_eof(x->ch);
  ok(x->ch->finished && x->ch->status == 0 && fake_log_lines == 0,
    "EOF between requests ends with status 0");
  ok(fxc_free(x), "the session ends clean");

  x = fxc_new(NULL);
  fxc_feed(x, "\0\0\0\11\21", 5);
  (void) fake_channel_eof(x->ch);
  ok(x->ch->finished && fake_log_has("in the middle of a request"),
    "EOF inside a request is logged");
  ok(fxc_free(x), "the session ends clean");
}

int main(void) {
  version_is_the_lower_of_both();
  lower_clients_are_told();
  version_names_extensions();
  extensions_are_switched_off();
  init_may_carry_pairs_and_come_again();
  login_message_comes_once();
  nothing_comes_before_init();
  lengths_are_bounded();
  missing_is_exact();
  unknown_types_are_answered();
  samples_are_good();
  truncations_are_refused();
  answers_that_fail_end_it();
  forced_commands_deny_each();
  malformed_requests_are_recorded_as_such();
  an_extra_byte_is_refused();
  flipped_bits_do_no_harm();
  nuls_are_refused();
  eof_ends_the_channel();
  return done_testing();
}
