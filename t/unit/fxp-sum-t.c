/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: sums, copies by name, free space, extended attributes. */

#include <dlfcn.h>
#include <openssl/evp.h>

#include "fxp-client.h"
#include "tap.h"

/* libcrypto's own may fail here: without memory, or with a provider that is
 * gone.  Each runs as often as this says before it fails; -1: always.
 */
static int inits = -1, updates = -1, finals = -1;

static bool fails(int *left) {
  return *left >= 0 && (*left)-- == 0;
}

/* The library's function, which the one here hides. */
#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

int EVP_DigestInit_ex2(EVP_MD_CTX *ctx, const EVP_MD *md,
    const OSSL_PARAM params[]) {
  return fails(&inits) ? 0 : REAL(EVP_DigestInit_ex2)(ctx, md, params);
}

int EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *p, size_t n) {
  return fails(&updates) ? 0 : REAL(EVP_DigestUpdate)(ctx, p, n);
}

int EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *md, unsigned int *n) {
  return fails(&finals) ? 0 : REAL(EVP_DigestFinal_ex)(ctx, md, n);
}

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

static bool take_reply(struct fxc *x, struct fxc_reply *r) {
  fxc_send(x);
  return fxc_next(x, r) && r->type == SSH_FXP_EXTENDED_REPLY;
}

/* ---- check-file */

static void check(struct fxc *x, const char *ext, const char *what,
    const char *names, uint64_t off, uint64_t len, uint32_t block) {
  struct sftp_wr *w = fxc_begin_ext(x, ext);

  sftp_wr_text(w, what);
  sftp_wr_text(w, names);
  sftp_wr_u64(w, off);
  sftp_wr_u64(w, len);
  sftp_wr_u32(w, block);
  fxc_end(x);
}

/* The name in the answer and the sums behind it, in hex. */
static const char *sums_of(struct fxc *x, const char **name) {
  struct fxc_reply r;
  struct sftp_str rest;
  char *hex;
  size_t i;

  if (!take_reply(x, &r)) {
    return "(no answer)";
  }

  *name = sftp_rd_text(&r.in, x->pool);
  rest = sftp_rd_rest(&r.in);
  hex = palloc(x->pool, 2 * rest.len + 1);
  hex[0] = '\0';
  for (i = 0; i < rest.len; i++) {
    snprintf(hex + 2 * i, 3, "%02x", rest.ptr[i]);
  }

  return hex;
}

static void sums_are_those_of_the_file(void) {
  static const struct {
    const char *names, *used, *sum;
  } rows[] = {
    { "md5", "md5", "b1946ac92492d2347c6235b4d2611184" },
    { "sha1", "sha1", "f572d396fae9206628714fb2ce00f72e94f2258f" },
    { "sha224,md5", "sha224",
      "2d6d67d91d0badcdd06cbbba1fe11538a68a37ec9c2e26457ceff12b" },
    { "rot13,sha256,md5", "sha256", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc716"
      "3af34d08286a2e846f6be03" },
    { "crc32", "crc32", "363a3020" }
  };
  struct fxc *x = fxc_new(NULL);
  const char *name = "", *h;
  size_t i;

  fake_fs_put("/a", "hello\n", 6, 0644);
  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    check(x, "check-file-name", "/a", rows[i].names, 0, 0, 0);
    is_str(sums_of(x, &name), rows[i].sum, "sum by %s", rows[i].names);
    is_str(name, rows[i].used, "... named");
  }

  is_int(fake_files.count[FTPD_DIGEST], SFTP_NELEMS(rows), "the gate is asked");
  h = fxc_opened(x, "/a", FXC_READ);
  check(x, "check-file-handle", h, "md5", 1, 4, 0);
  is_str(sums_of(x, &name), "9ecb0b2f7994a8a3a2919212f764b81a",
    "a range of an open file");
  check(x, "check-file-handle", h, "md5", 6, 0, 0);
  is_str(sums_of(x, &name), "d41d8cd98f00b204e9800998ecf8427e",
    "an empty range");
  clean(x);
}

static void sums_that_are_known(void) {
  static const unsigned char known[33] = "0123456789abcdef0123456789abcdef";
  static const char *hex = "30313233343536373839616263646566"
    "30313233343536373839616263646566";
  static const char *read = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc716"
    "3af34d08286a2e846f6be03";
  static const struct {
    const char *what;
    uint64_t at, left;
    uint32_t block;
    bool known;
  } rows[] = {
    { "of the whole file", 0, 0, 0, true },
    { "... of all its bytes", 0, 6, 0, true },
    { "... and more", 0, 700, 0, true },
    { "... in one block", 0, 0, 256, true },
    { "not of a part", 1, 0, 0, false },
    { "nor of the beginning", 0, 5, 0, false }
  };
  struct fxc *x = fxc_new(NULL);
  const char *name = "", *h;
  size_t i;

  fake_fs_put("/a", "hello\n", 6, 0644);
  fake_files.known_sha256 = known;
  h = fxc_opened(x, "/a", FXC_READ);
  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    check(x, "check-file-handle", h, "sha256", rows[i].at, rows[i].left,
      rows[i].block);
    ok((strcmp(sums_of(x, &name), hex) == 0) == rows[i].known,
      "a known sum %s", rows[i].what);
  }

  check(x, "check-file-name", "/a", "md5,sha256", 0, 0, 0);
  is_str(sums_of(x, &name), "b1946ac92492d2347c6235b4d2611184",
    "no other sum is known");
  check(x, "check-file-name", "/a", "sha256", 0, 0, 0);
  is_str(sums_of(x, &name), hex, "by name");
  is_int(fake_files.count[FTPD_DIGEST], 8, "the gate is asked");
  fake_files.known_sha256 = NULL;
  check(x, "check-file-name", "/a", "sha256", 0, 0, 0);
  is_str(sums_of(x, &name), read, "unless it is not known");
  clean(x);
}

static unsigned char ramp[1000];

/* A file whose bytes differ from their neighbours. */
static void put_ramp(void) {
  size_t i;

  for (i = 0; i < sizeof(ramp); i++) {
    ramp[i] = (unsigned char) (i % 251);
  }

  fake_fs_put("/b", ramp, sizeof(ramp), 0644);
}

static void blocks_have_sums_of_their_own(void) {
  struct fxc *x = fxc_new(NULL);
  const char *name = "";

  put_ramp();
  fake_fs_put("/e", "", 0, 0644);
  check(x, "check-file-name", "/b", "md5", 0, 0, 256);
  is_str(sums_of(x, &name), "f37caf20c55a8b74b224b3164409ad2d"
    "8062167c11024422c326ca0039548fbc57628153e9927476a6517fd1c98e9ad0"
    "d0b26288955d806479f5f18a4eec7d9a", "four blocks, the last one short");
  check(x, "check-file-name", "/b", "md5", 100, 600, 300);
  is_str(sums_of(x, &name), "ced5fc4aa2aa46253041fc558e66866e"
    "7881fdf3e6dd0c139756d781abef8d83", "two blocks of a range");
  check(x, "check-file-name", "/b", "md5", 0, 5000, 1000);
  is_str(sums_of(x, &name), "a24f1e3ef66950e1327f210e3997ba2c",
    "a range beyond the end, and one block");
  check(x, "check-file-name", "/e", "md5", 0, 0, 256);
  is_str(sums_of(x, &name), "", "no blocks, no sums");
  clean(x);
}

/* paramiko's request, and MINA's answers, follow an earlier draft. */
static void older_drafts_are_spoken(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  fake_fs_put("/a", "hello\n", 6, 0644);
  check(x, "check-file", fxc_opened(x, "/a", FXC_READ), "md5", 0, 0, 0);
  ok(take_reply(x, &r) && sftp_str_is(sftp_rd_string(&r.in), "check-file") &&
    sftp_str_is(sftp_rd_string(&r.in), "md5") && r.in.left == 16,
    "check-file has its name in front");
  clean(x);
  x = fxc_new("APACHE-SSHD-2.9.2");
  fake_fs_put("/a", "hello\n", 6, 0644);
  check(x, "check-file-name", "/a", "md5", 0, 0, 0);
  ok(take_reply(x, &r) && sftp_str_is(sftp_rd_string(&r.in), "check-file") &&
    sftp_str_is(sftp_rd_string(&r.in), "md5") &&
    sftp_rd_string(&r.in).len == 16 && r.in.left == 0,
    "check-file-name has it for MINA, and each sum as a string");
  clean(x);
}

static void sums_are_refused(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/a", "hello\n", 6, 0644);
  fake_fs_dir("/d");
  check(x, "check-file-name", "/a", "md4,rot13", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "no sum that is known");
  check(x, "check-file-name", "/a", "", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "no sum at all");
  check(x, "check-file-name", "/a", "md5", 0, 0, 255);
  is_int(fxc_status(x), SSH_FX_FAILURE, "blocks that are too small");
  check(x, "check-file-name", "/a", "md5", 7, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an offset behind the end");
  check(x, "check-file-name", "/a", "md5", UINT64_MAX, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an offset that no file has");
  check(x, "check-file-name", "/no", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "no such file");
  check(x, "check-file-name", "/d", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a directory");
  check(x, "check-file-handle", fxc_opened(x, "/a", FXC_WRITE), "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "a handle not for reading");
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  h = fxc_take_handle(x);
  check(x, "check-file-handle", h, "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a directory's handle");
  check(x, "check-file-handle", "0123456701234567", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "no handle");
  fake_files.deny[FTPD_DIGEST] = true;
  check(x, "check-file-name", "/a", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "what the gate refuses");
  fake_files.deny[FTPD_DIGEST] = false;
  fake_files.read_errno = EIO;
  check(x, "check-file-name", "/a", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a file that cannot be read");
  fake_files.read_errno = 0;
  clean(x);
}

static void too_many_blocks_are_refused(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/big", FXC_READ|FXC_WRITE|FXC_CREAT);

  fxc_write(x, h, 8 * 1024 * 1024, "x", 1);
  (void) fxc_status(x);
  check(x, "check-file-handle", h, "sha512", 0, 0, 256);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an answer beyond all bounds");
  clean(x);
}

static void digests_that_fail(void) {
  struct fxc *x = fxc_new(NULL);
  const char *name = "";
  unsigned char b[1000] = { 1 };
  int i;

  fake_fs_put("/b", b, sizeof(b), 0644);
  fake_fs_put("/e", "", 0, 0644);
  for (i = 0; i < 4; i++) {
    inits = i;
    check(x, "check-file-name", "/b", "md5", 0, 0, 256);
    is_int(fxc_status(x), SSH_FX_FAILURE, "block %d cannot begin", i);
    inits = -1;
    updates = i;
    check(x, "check-file-name", "/b", "md5", 0, 0, 256);
    is_int(fxc_status(x), SSH_FX_FAILURE, "... or not take bytes");
    updates = -1;
    finals = i;
    check(x, "check-file-name", "/b", "md5", 0, 0, 256);
    is_int(fxc_status(x), SSH_FX_FAILURE, "... or not end");
    finals = -1;
  }

  inits = 0;
  check(x, "check-file-name", "/e", "md5", 0, 0, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "the sum of nothing");
  inits = -1;
  check(x, "check-file-name", "/e", "md5", 0, 0, 0);
  is_str(sums_of(x, &name), "d41d8cd98f00b204e9800998ecf8427e",
    "later it is there");
  clean(x);
}

static void large_files_take_turns(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/big", FXC_READ|FXC_WRITE|FXC_CREAT);
  struct fxc_reply r;

  fxc_write(x, h, 40 * 1024 * 1024, "x", 1);
  (void) fxc_status(x);
  x->turns = -1;
  check(x, "check-file-handle", h, "crc32", 0, 0, 0);
  fxc_path(x, SSH_FXP_REALPATH, "/");
  fxc_send(x);
  ok(!fxc_next(x, &r), "the answer takes its time");
  ok(fake_channel_work(x->ch, 2) == 2 && !fxc_next(x, &r), "turn by turn");
  ok(fake_channel_work(x->ch, 100) > 2 && fxc_next(x, &r) &&
    r.type == SSH_FXP_EXTENDED_REPLY, "it comes");
  ok(fxc_next(x, &r) && r.type == SSH_FXP_NAME,
    "and then that of the next request");
  check(x, "check-file-handle", h, "crc32", 0, 0, 0);
  fxc_send(x);
  clean(x);                     /* in the middle of it */
}

/* Where TransferRate holds a file back, others get their turn soon. */
static void slow_files_take_small_turns(void) {
  struct fxc *x = fxc_new(NULL);
  const char *name = "";

  put_ramp();
  fake_files.portion = 100;
  check(x, "check-file-name", "/b", "md5", 0, 0, 1000);
  is_str(sums_of(x, &name), "a24f1e3ef66950e1327f210e3997ba2c",
    "the sum is that of the file");
  check(x, "check-file-name", "/b", "md5", 0, 0, 256);
  ok(strncmp(sums_of(x, &name), "f37caf20c55a8b74b224b3164409ad2d", 32) == 0,
    "... and of its blocks");
  x->turns = -1;
  check(x, "check-file-name", "/b", "md5", 0, 0, 0);
  fxc_send(x);
  is_int(fake_channel_work(x->ch, 100), 9, "a turn for each portion");
  (void) sums_of(x, &name);
  sftp_wr_text(fxc_begin_ext(x, "copy-file"), "/b");
  sftp_wr_text(&x->w, "/c");
  sftp_wr_bool(&x->w, false);
  fxc_end(x);
  fxc_send(x);
  is_int(fake_channel_work(x->ch, 100), 9, "of a copy as well");
  ok(fake_fs_is("/c", ramp, sizeof(ramp)), "... which is complete");
  clean(x);
}

/* ---- md5-hash */

static void md5(struct fxc *x, const char *ext, const char *what,
    uint64_t off, uint64_t len, const void *quick, size_t nquick) {
  struct sftp_wr *w = fxc_begin_ext(x, ext);

  sftp_wr_text(w, what);
  sftp_wr_u64(w, off);
  sftp_wr_u64(w, len);
  sftp_wr_string(w, quick, nquick);
  fxc_end(x);
}

static const unsigned char hello_md5[] = { 0xb1, 0x94, 0x6a, 0xc9, 0x24, 0x92,
  0xd2, 0x34, 0x7c, 0x62, 0x35, 0xb4, 0xd2, 0x61, 0x11, 0x84 };

static bool md5_is(struct fxc *x, const void *want, size_t len) {
  struct fxc_reply r;
  struct sftp_str sum;

  if (!take_reply(x, &r) ||
      !sftp_str_is(sftp_rd_string(&r.in), "md5-hash")) {
    return false;
  }

  sum = sftp_rd_string(&r.in);
  return sftp_rd_end(&r.in) == SFTP_OK && sum.len == len &&
    (len == 0 || memcmp(sum.ptr, want, len) == 0);
}

static void md5_hashes(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/a", "hello\n", 6, 0644);
  h = fxc_opened(x, "/a", FXC_READ);
  md5(x, "md5-hash", "/a", 0, 0, "", 0);
  ok(md5_is(x, hello_md5, 16), "md5-hash of a file");
  md5(x, "md5-hash-handle", h, 0, 6, "", 0);
  ok(md5_is(x, hello_md5, 16), "md5-hash-handle");
  md5(x, "md5-hash-handle", h, 0, 0, hello_md5, 16);
  ok(md5_is(x, hello_md5, 16), "... with the right beginning");
  md5(x, "md5-hash-handle", h, 0, 0, hello_md5, 15);
  ok(md5_is(x, "", 0), "... with another, an empty answer");
  md5(x, "md5-hash", "/a", (uint64_t) INT64_MAX + 1, 0, "", 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "no such offset");
  md5(x, "md5-hash", "/no", 0, 0, "", 0);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "no such file");
  clean(x);
}

static void hashes_that_fail(void) {
  struct fxc *x = fxc_new(NULL);
  int *const counts[] = { &inits, &updates, &finals };
  size_t i;

  fake_fs_put("/a", "hello\n", 6, 0644);
  for (i = 0; i < SFTP_NELEMS(counts); i++) {
    *counts[i] = 0;
    md5(x, "md5-hash", "/a", 0, 0, hello_md5, 16);
    is_int(fxc_status(x), SSH_FX_FAILURE, "a first look that fails (%zu)", i);
    *counts[i] = 1;
    md5(x, "md5-hash", "/a", 0, 0, hello_md5, 16);
    is_int(fxc_status(x), SSH_FX_FAILURE, "... and the sum behind it");
    *counts[i] = -1;
  }

  clean(x);
}

/* ---- copy-file, copy-data */

static void copy_file(struct fxc *x, const char *from, const char *to,
    bool overwrite) {
  struct sftp_wr *w = fxc_begin_ext(x, "copy-file");

  sftp_wr_text(w, from);
  sftp_wr_text(w, to);
  sftp_wr_bool(w, overwrite);
  fxc_end(x);
}

static void files_are_copied(void) {
  struct fxc *x = fxc_new(NULL);

  fake_fs_put("/a", "0123456789", 10, 0640);
  fake_fs_put("/c", "a longer one", 12, 0644);
  fake_fs_put("/e", "", 0, 0644);
  fake_fs_link("/l", "a");
  fake_fs_dir("/d");
  copy_file(x, "/a", "/b", false);
  is_int(fxc_status(x), SSH_FX_OK, "a new file");
  ok(fake_fs_is("/b", "0123456789", 10) &&
    (fake_fs_stat("/b").st_mode & 0777) == 0640, "has data and mode");
  copy_file(x, "/a", "/c", false);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an existing one is kept");
  ok(fake_fs_is("/c", "a longer one", 12), "... as it was");
  copy_file(x, "/a", "/c", true);
  is_int(fxc_status(x), SSH_FX_OK, "... unless that is asked for");
  ok(fake_fs_is("/c", "0123456789", 10), "... and then it is replaced");
  copy_file(x, "/e", "/e2", false);
  ok(fxc_status(x) == SSH_FX_OK && fake_fs_is("/e2", "", 0), "nothing at all");
  copy_file(x, "/a", "/l", true);
  is_int(fxc_status(x), SSH_FX_FAILURE, "onto itself, by a link");
  ok(fake_fs_is("/a", "0123456789", 10), "... which costs nothing");
  copy_file(x, "/d", "/x", false);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a directory");
  copy_file(x, "/no", "/x", false);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "nothing there");
  fake_files.deny[FTPD_COPY] = true;
  copy_file(x, "/a", "/x", false);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "what the gate refuses");
  clean(x);
}

static uint32_t copy_data(struct fxc *x, const char *from, uint64_t at,
    uint64_t len, const char *to, uint64_t to_at) {
  struct sftp_wr *w = fxc_begin_ext(x, "copy-data");

  sftp_wr_text(w, from);
  sftp_wr_u64(w, at);
  sftp_wr_u64(w, len);
  sftp_wr_text(w, to);
  sftp_wr_u64(w, to_at);
  fxc_end(x);
  return fxc_status(x);
}

static void a_source_that_ends_early(void) {
  struct fxc *x = fxc_new(NULL);
  const char *from, *to;

  fake_fs_put("/a", "0123456789", 10, 0644);
  from = fxc_opened(x, "/a", FXC_READ);
  to = fxc_opened(x, "/b", FXC_WRITE|FXC_CREAT);
  is_int(copy_data(x, from, 4, 20, to, 0), SSH_FX_EOF,
    "copy-data says that the source ended");
  ok(fake_fs_is("/b", "456789", 6), "... and copies what there is");
  ok(fake_files.last_err != 0, "... which is no success in the logs");
  fxc_handle(x, SSH_FXP_CLOSE, to);
  is_int(fxc_status(x), SSH_FX_OK, "... but all that the source had");
  is_int(fake_files.aborted, 0, "... is complete");
  clean(x);
}

/* Offsets of files end with those of the system. */
static void copies_within_the_largest_file(void) {
  struct fxc *x = fxc_new(NULL);
  const uint64_t max = INT64_MAX;
  const char *from, *to;

  fake_fs_put("/a", "0123456789", 10, 0644);
  from = fxc_opened(x, "/a", FXC_READ);
  to = fxc_opened(x, "/b", FXC_WRITE|FXC_CREAT);
  is_int(copy_data(x, from, max - 20, 20, to, 0), SSH_FX_EOF,
    "the last bytes that a file can have are looked for");
  is_int(copy_data(x, from, max - 20, 21, to, 0), SSH_FX_FAILURE,
    "bytes beyond them are refused");
  is_int(copy_data(x, from, 0, 21, to, max - 20), SSH_FX_FAILURE,
    "... and as a target");
  is_int(copy_data(x, from, max + 1, 0, to, 0), SSH_FX_FAILURE,
    "... and as a begin");
  ok(fake_fs_is("/b", "", 0), "nothing was copied");
  clean(x);
}

static void copied_data_that_is_lost(void) {
  struct fxc *x = fxc_new(NULL);
  const char *from, *to;

  fake_fs_put("/a", "0123456789", 10, 0644);
  from = fxc_opened(x, "/a", FXC_READ);
  to = fxc_opened(x, "/b", FXC_WRITE|FXC_CREAT);
  fake_files.write_errno = ENOSPC;
  fake_files.write_limit = 4;
  is_int(copy_data(x, from, 0, 10, to, 0), SSH_FX_FAILURE,
    "copy-data says that the disk is full");
  is_int(fake_files.last_err, ENOSPC, "... which the logs get");
  fxc_handle(x, SSH_FXP_CLOSE, to);
  (void) fxc_status(x);
  is_int(fake_files.aborted, 1, "the file is closed as not complete");

  to = fxc_opened(x, "/c", FXC_WRITE|FXC_CREAT);
  (void) copy_data(x, from, 0, 10, to, 0);
  fake_files.write_errno = 0;
  is_int(copy_data(x, from, 0, 10, to, 0), SSH_FX_OK, "a second try works");
  fxc_handle(x, SSH_FXP_CLOSE, to);
  (void) fxc_status(x);
  is_int(fake_files.aborted, 1, "... and then it is complete");

  to = fxc_opened(x, "/d", FXC_WRITE|FXC_CREAT);
  fake_files.write_errno = ENOSPC;
  (void) copy_data(x, from, 0, 10, to, 10);
  fake_files.write_errno = 0;
  is_int(copy_data(x, from, 0, 3, to, 0), SSH_FX_OK, "a try that ends before "
    "what was lost");
  is_int(copy_data(x, from, 0, 10, to, 20), SSH_FX_OK, "... and one behind it");
  fxc_handle(x, SSH_FXP_CLOSE, to);
  (void) fxc_status(x);
  is_int(fake_files.aborted, 2, "... leave it incomplete");
  clean(x);
}

/* ---- space-available, vendor-id */

static void room_and_names(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;
  struct sftp_wr *w;

  sftp_wr_text(fxc_begin_ext(x, "space-available"), "/");
  fxc_end(x);
  ok(take_reply(x, &r) && sftp_rd_u64(&r.in) == 1000 * 4096 &&
    sftp_rd_u64(&r.in) == 500 * 4096 && sftp_rd_u64(&r.in) == 900 * 4096 &&
    sftp_rd_u64(&r.in) == 400 * 4096 && sftp_rd_u32(&r.in) == 4096 &&
    sftp_rd_end(&r.in) == SFTP_OK, "space-available");
  sftp_wr_text(fxc_begin_ext(x, "space-available"), "/no");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "... of nothing");
  x->set.extensions = sftp_switch_find(sftp_fxp_ext_switch, "fsync");
  w = fxc_begin_ext(x, "vendor-id");
  sftp_wr_text(w, "vendor");
  sftp_wr_text(w, "product");
  sftp_wr_text(w, "1.0\n");
  sftp_wr_u64(w, 7);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "vendor-id is taken in any case");
  clean(x);
}

/* ---- Extended attributes */

static struct sftp_wr *xattr(struct fxc *x, const char *ext,
    const char *what) {
  struct sftp_wr *w = fxc_begin_ext(x, ext);

  sftp_wr_text(w, what);
  return w;
}

static uint32_t set(struct fxc *x, const char *ext, const char *what,
    const char *name, const char *value, uint32_t flags) {
  struct sftp_wr *w = xattr(x, ext, what);

  sftp_wr_text(w, name);
  sftp_wr_text(w, value);
  sftp_wr_u32(w, flags);
  fxc_end(x);
  return fxc_status(x);
}

static void get(struct fxc *x, const char *ext, const char *what,
    const char *name, uint32_t max) {
  struct sftp_wr *w = xattr(x, ext, what);

  sftp_wr_text(w, name);
  sftp_wr_u32(w, max);
  fxc_end(x);
}

/* What may be read does not depend on what may be written. */
static void attributes_are_read_and_changed_by_their_own_rules(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  fake_fs_put("/a", "A", 1, 0644);
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "v", 0), SSH_FX_OK,
    "setxattr");
  fake_files.deny[FTPD_XATTR_SET] = true;
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "w", 0),
    SSH_FX_PERMISSION_DENIED, "setxattr where writing is refused");
  get(x, "getxattr@proftpd.org", "/a", "user.k", 9);
  ok(take_reply(x, &r) && sftp_str_is(sftp_rd_string(&r.in), "v"),
    "... and getxattr, which is not");
  sftp_wr_u32(xattr(x, "listxattr@proftpd.org", "/a"), 100);
  fxc_end(x);
  ok(take_reply(x, &r) && sftp_rd_u32(&r.in) == 1, "... nor is listxattr");
  fake_files.deny[FTPD_XATTR_SET] = false;
  fake_files.deny[FTPD_XATTR_GET] = true;
  get(x, "getxattr@proftpd.org", "/a", "user.k", 9);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED,
    "getxattr where reading is refused");
  sftp_wr_u32(xattr(x, "listxattr@proftpd.org", "/a"), 100);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "listxattr there");
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "w", 0), SSH_FX_OK,
    "... and setxattr, which is not");
  clean(x);
}

static void set_long(struct fxc *x, uint32_t len) {
  static const unsigned char value[70000];
  struct sftp_wr *w = xattr(x, "setxattr@proftpd.org", "/a");

  sftp_wr_text(w, "user.long");
  sftp_wr_string(w, value, len);
  sftp_wr_u32(w, 0);
  fxc_end(x);
  (void) fxc_status(x);
}

static void values_have_a_limit(void) {
  struct fxc *x = fxc_new(NULL);

  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  fake_fs_put("/a", "A", 1, 0644);
  get(x, "getxattr@proftpd.org", "/a", "user.long", UINT32_MAX);
  (void) fxc_status(x);
  is_int(fake_files.xattr_bytes, 65536, "no value longer than 64 KiB is read");
  fake_files.xattr_bytes = 0;
  set_long(x, 65537);
  is_int(fake_files.xattr_bytes, 0, "... nor set");
  set_long(x, 65536);
  is_int(fake_files.xattr_bytes, 65536, "64 KiB are left to the system");
  clean(x);
}

static void attributes_by_name_and_handle(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;
  const char *h;

  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  fake_fs_put("/a", "A", 1, 0644);
  fake_fs_link("/l", "a");
  h = fxc_opened(x, "/a", FXC_READ|FXC_WRITE);
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "v", 0), SSH_FX_OK,
    "setxattr");
  is_int(set(x, "fsetxattr@proftpd.org", h, "user.l", "", 1), SSH_FX_OK,
    "fsetxattr");
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "w", 1),
    SSH_FX_FAILURE, "CREATE of what is there");
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.z", "w", 2),
    SSH_FX_NO_SUCH_FILE, "REPLACE of what is not");
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.z", "w", 4),
    SSH_FX_FAILURE, "flags that nobody knows");
  is_int(set(x, "setxattr@proftpd.org", "/a", "", "w", 0), SSH_FX_FAILURE,
    "no name");
  is_int(set(x, "setxattr@proftpd.org", "/a", "system.posix_acl_access", "w",
    0), SSH_FX_PERMISSION_DENIED, "permissions are not set in this way");
  sftp_wr_text(xattr(x, "removexattr@proftpd.org", "/a"),
    "system.posix_acl_access");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "nor taken away");
  get(x, "getxattr@proftpd.org", "/a", "user.k", 1);
  ok(take_reply(x, &r) && sftp_str_is(sftp_rd_string(&r.in), "v") &&
    sftp_rd_end(&r.in) == SFTP_OK, "getxattr");
  get(x, "fgetxattr@proftpd.org", h, "user.l", 0);
  ok(take_reply(x, &r) && sftp_rd_string(&r.in).len == 0 &&
    sftp_rd_end(&r.in) == SFTP_OK, "fgetxattr of an empty one");
  get(x, "getxattr@proftpd.org", "/a", "user.k", 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "longer than the client takes");
  get(x, "getxattr@proftpd.org", "/l", "user.k", 100);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "a link's are its own");
  get(x, "getxattr@proftpd.org", "/a", "user.n", 100);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "one that is not there");
  get(x, "getxattr@proftpd.org", "/a", "", 100);
  is_int(fxc_status(x), SSH_FX_FAILURE, "one without a name");
  sftp_wr_u32(xattr(x, "listxattr@proftpd.org", "/a"), 14);
  fxc_end(x);
  ok(take_reply(x, &r) && sftp_rd_u32(&r.in) == 2 &&
    sftp_str_is(sftp_rd_string(&r.in), "user.k") &&
    sftp_str_is(sftp_rd_string(&r.in), "user.l") &&
    sftp_rd_end(&r.in) == SFTP_OK, "listxattr");
  sftp_wr_u32(xattr(x, "flistxattr@proftpd.org", h), 13);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "flistxattr, too long for the client");
  sftp_wr_text(xattr(x, "removexattr@proftpd.org", "/a"), "user.k");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "removexattr");
  sftp_wr_text(xattr(x, "fremovexattr@proftpd.org", h), "user.k");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "fremovexattr of what is gone");
  sftp_wr_text(xattr(x, "fremovexattr@proftpd.org", "0123456701234567"), "k");
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "no handle");
  fake_files.deny[FTPD_XATTR_SET] = true;
  is_int(set(x, "setxattr@proftpd.org", "/a", "user.k", "v", 0),
    SSH_FX_PERMISSION_DENIED, "what the gate refuses");
  clean(x);
}

static void setstat(struct fxc *x) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_SETSTAT);

  sftp_wr_text(w, "/a");
  sftp_wr_u32(w, 0x80000000U);
  sftp_wr_u32(w, 1);
  sftp_wr_text(w, "user.s");
  sftp_wr_text(w, "t");
  fxc_end(x);
}

static void attributes_that_come_along(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  fake_fs_put("/a", "A", 1, 0644);
  setstat(x);
  is_int(fxc_status(x), SSH_FX_OK, "without +xattr they are left alone");
  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  get(x, "getxattr@proftpd.org", "/a", "user.s", 100);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "... and not set");
  setstat(x);
  is_int(fxc_status(x), SSH_FX_OK, "with it");
  get(x, "getxattr@proftpd.org", "/a", "user.s", 100);
  ok(take_reply(x, &r) && sftp_str_is(sftp_rd_string(&r.in), "t"),
    "... they are set");
  clean(x);
}

/* ---- Requests cut short, and with a byte too many */

static void malformed_requests(void) {
  static const struct {
    const char *name, *fields;  /* s: string, 8, 4, b */
  } rows[] = {
    { "check-file", "ss884" }, { "check-file-name", "ss884" },
    { "check-file-handle", "ss884" }, { "md5-hash", "s88s" },
    { "md5-hash-handle", "s88s" }, { "copy-file", "ssb" },
    { "copy-data", "s88s8" }, { "text-seek", "s8" }, { "space-available", "s" },
    { "vendor-id", "sss8" }, { "getxattr@proftpd.org", "ss4" },
    { "fgetxattr@proftpd.org", "ss4" }, { "listxattr@proftpd.org", "s4" },
    { "flistxattr@proftpd.org", "s4" }, { "removexattr@proftpd.org", "ss" },
    { "fremovexattr@proftpd.org", "ss" }, { "setxattr@proftpd.org", "sss4" },
    { "fsetxattr@proftpd.org", "sss4" }
  };
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new(NULL);
    unsigned char body[128];
    struct sftp_wr b;
    size_t wrong = 0;
    const char *f;

    x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
    sftp_wr_init_fixed(&b, body, sizeof(body));
    for (f = rows[i].fields; *f != '\0'; f++) {
      switch (*f) {
        case 's':
          sftp_wr_text(&b, "/a");
          break;

        case '8':
          sftp_wr_u64(&b, 0);
          break;

        case '4':
          sftp_wr_u32(&b, 0);
          break;

        default:
          sftp_wr_bool(&b, true);
      }
    }

    for (n = 0; n <= b.len + 1; n++) {
      struct sftp_wr *w = fxc_begin_ext(x, rows[i].name);
      uint32_t status;

      sftp_wr_bytes(w, body, n);
      fxc_end(x);
      status = fxc_status(x);
      wrong += (status == SSH_FX_BAD_MESSAGE) == (n == b.len);
    }

    is_int(wrong, 0, "%s: every cut and one byte more", rows[i].name);
    clean(x);
  }
}

int main(void) {
  sums_are_those_of_the_file();
  sums_that_are_known();
  blocks_have_sums_of_their_own();
  older_drafts_are_spoken();
  sums_are_refused();
  too_many_blocks_are_refused();
  slow_files_take_small_turns();
  digests_that_fail();
  large_files_take_turns();
  md5_hashes();
  hashes_that_fail();
  files_are_copied();
  a_source_that_ends_early();
  copies_within_the_largest_file();
  copied_data_that_is_lost();
  room_and_names();
  attributes_are_read_and_changed_by_their_own_rules();
  values_have_a_limit();
  attributes_by_name_and_handle();
  attributes_that_come_along();
  malformed_requests();
  return done_testing();
}
