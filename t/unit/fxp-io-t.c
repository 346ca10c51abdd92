/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: OPEN, READ, WRITE, CLOSE and the way of the data. */

#include "fxp-client.h"
#include "ftpd-log.h"
#include "tap.h"

#define BIG (300 * 1024)

static unsigned char big[BIG];

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

/* ---- OPEN and CLOSE */

static void open_flags_mean_what_they_say(void) {
  static const struct {
    const char *what, *path;
    uint32_t pflags, status;    /* 0xffffffff: a handle */
    const char *content;        /* of the file afterwards */
    enum ftpd_request req;
  } rows[] = {
    { "READ of a file", "/a", FXC_READ, 0xffffffffU, "hello",
      FTPD_OPEN_READ },
    { "no flags at all", "/a", 0, 0xffffffffU, "hello", FTPD_OPEN_READ },
    { "READ of nothing", "/no", FXC_READ, SSH_FX_NO_SUCH_FILE, NULL,
      FTPD_OPEN_READ },
    { "READ of a directory", "/home", FXC_READ, SSH_FX_FAILURE, NULL,
      FTPD_OPEN_READ },
    { "WRITE without CREAT", "/no", FXC_WRITE, SSH_FX_NO_SUCH_FILE, NULL,
      FTPD_OPEN_WRITE },
    { "WRITE keeps the content", "/a", FXC_WRITE, 0xffffffffU, "hello",
      FTPD_OPEN_WRITE },
    { "WRITE, CREAT and TRUNC empties", "/a", FXC_WRITE|FXC_CREAT|FXC_TRUNC,
      0xffffffffU, "", FTPD_OPEN_WRITE },
    { "CREAT makes a file", "/no", FXC_WRITE|FXC_CREAT, 0xffffffffU, "",
      FTPD_OPEN_WRITE },
    { "CREAT and EXCL on a file", "/a", FXC_WRITE|FXC_CREAT|FXC_EXCL,
      SSH_FX_FAILURE, "hello", FTPD_OPEN_WRITE },
    { "EXCL alone", "/a", FXC_WRITE|FXC_EXCL, 0xffffffffU, "hello",
      FTPD_OPEN_WRITE },
    { "READ and CREAT counts as writing", "/no", FXC_READ|FXC_CREAT,
      0xffffffffU, "", FTPD_OPEN_WRITE },
    { "READ and TRUNC counts as writing", "/a", FXC_READ|FXC_TRUNC,
      0xffffffffU, "", FTPD_OPEN_WRITE },
    { "APPEND", "/a", FXC_WRITE|FXC_APPEND, 0xffffffffU, "hello",
      FTPD_OPEN_APPEND },
    { "APPEND of a file that is truncated", "/a", FXC_WRITE|FXC_APPEND|
      FXC_TRUNC, 0xffffffffU, "", FTPD_OPEN_WRITE },
    { "APPEND alone", "/a", FXC_APPEND, 0xffffffffU, "hello",
      FTPD_OPEN_APPEND }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new(NULL);

    fake_fs_put("/a", "hello", 5, 0644);
    fxc_open(x, rows[i].path, rows[i].pflags);
    is_int(fxc_status(x), rows[i].status, "%s", rows[i].what);
    ok(fake_files.count[rows[i].req] == 1 && fake_files.begun == 2,
      "... passes the gate as it should");
    ok(rows[i].content == NULL || fake_fs_is(rows[i].path, rows[i].content,
      strlen(rows[i].content)), "... and leaves the right content");
    clean(x);
  }
}

static void the_gate_names_the_rule(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  fake_fs_put("/a", "hello", 5, 0644);
  fake_files.deny[FTPD_OPEN_READ] = true;
  fake_files.refused = "denied by <Limit RETR>";
  fxc_open(x, "/a", FXC_READ);
  fxc_send(x);
  ok(fxc_next(x, &r) && r.status == SSH_FX_PERMISSION_DENIED &&
    sftp_str_is(r.text, "Permission denied: denied by <Limit RETR>"),
    "a refusal is PERMISSION_DENIED and says which rule it was");
  ok(fake_files.last_err == EACCES && fake_files.last_status == 3 &&
    strcmp(fake_files.last_arg, "/a") == 0,
    "the operation ends with the errno, the status and the path");
  clean(x);
}

static void modes_of_new_files(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;
  int i;

  for (i = 0; i < 2; i++) {
    x->set.opts = i == 1 ? SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS : 0;
    w = fxc_begin(x, SSH_FXP_OPEN);
    sftp_wr_text(w, i == 0 ? "/new" : "/new2");
    sftp_wr_u32(w, FXC_WRITE|FXC_CREAT);
    sftp_wr_u32(w, 6);
    sftp_wr_u32(w, 77);
    sftp_wr_u32(w, 88);
    sftp_wr_u32(w, 0100640);
    fxc_end(x);
    ok(fxc_take_handle(x)[0] != '\0', "a file is made");
  }

  is_int(fake_fs_stat("/new").st_mode & 07777, 0640,
    "with the mode that OPEN asks for");
  is_int(fake_fs_stat("/new").st_uid, 77, "and its owner");
  is_int(fake_fs_stat("/new2").st_mode & 07777, 0644,
    "IgnoreSFTPUploadPerms: the mode is the server's");

  w = fxc_begin(x, SSH_FXP_OPEN);
  sftp_wr_text(w, "/new");
  sftp_wr_u32(w, FXC_WRITE|FXC_CREAT);
  sftp_wr_u32(w, 0xf);
  sftp_wr_u64(w, 1234);
  sftp_wr_u32(w, 1);
  sftp_wr_u32(w, 2);
  sftp_wr_u32(w, 0777);
  sftp_wr_u32(w, 1);
  sftp_wr_u32(w, 2);
  fxc_end(x);
  ok(fxc_take_handle(x)[0] != '\0', "a file that exists is opened");
  ok((fake_fs_stat("/new").st_mode & 07777) == 0640 &&
    fake_fs_stat("/new").st_uid == 77 && fake_fs_stat("/new").st_size == 0,
    "... and none of the attributes change it");
  clean(x);
}

static void handles_cannot_be_forged(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h, *h2;
  char bad[32];
  unsigned int i, accepted = 0;

  fake_fs_put("/a", "hello", 5, 0644);
  h = fxc_opened(x, "/a", FXC_READ);
  is_int(strlen(h), 16, "a handle has 16 characters");
  ok(strspn(h, "0123456789abcdef") == 16, "... lower-case hexadecimal ones");
  for (i = 0; i < 16; i++) {
    snprintf(bad, sizeof(bad), "%s", h);
    bad[i] = bad[i] == '0' ? '1' : '0';
    fxc_handle(x, SSH_FXP_FSTAT, bad);
    accepted += fxc_status(x) != SSH_FX_FAILURE;
  }

  is_int(accepted, 0, "one other character makes another handle");
  {
    static const char *const others[] = {
      "", "0", "000000000000000", "0000000000000000", "000000000000000000",
      "ffffffffffffffff", "zzzzzzzzzzzzzzzz", "000000000000gggg"
    };

    for (i = 0; i < SFTP_NELEMS(others); i++) {
      fxc_handle(x, SSH_FXP_CLOSE, others[i]);
      accepted += fxc_status(x) != SSH_FX_FAILURE;
    }
  }

  is_int(accepted, 0, "texts of other lengths and kinds are no handles");
  fxc_handle(x, SSH_FXP_FSTAT, pstrcat(x->pool, h, "x", NULL));
  is_int(fxc_status(x), SSH_FX_FAILURE, "one more character is too many");
  for (i = 0; i < 16; i++) {
    bad[i] = h[i] >= 'a' ? (char) (h[i] - 'a' + 'A') : h[i];
  }

  bad[16] = '\0';
  fxc_handle(x, SSH_FXP_CLOSE, bad);
  ok(strcmp(bad, h) == 0 || fxc_status(x) == SSH_FX_FAILURE,
    "upper case is another handle");
  x->w.len = 0;
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "the right one closes");
  h2 = fxc_opened(x, "/a", FXC_READ);
  ok(strcmp(h, h2) != 0, "a new handle in the same place is another one");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_FAILURE, "and the old one is gone");
  clean(x);
}

static void handles_are_limited(void) {
  struct fxc *x;
  unsigned int i, opened = 0;

  x = fxc_new(NULL);
  fake_fs_put("/a", "hello", 5, 0644);
  for (i = 0; i < 101; i++) {
    fxc_open(x, "/a", FXC_READ);
    opened += fxc_status(x) == 0xffffffffU;
  }

  is_int(opened, 100, "no more handles than the host allows");
  is_int(fake_files.files, 100, "and no more open files");
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  is_int(fxc_status(x), SSH_FX_FAILURE, "directories count too");
  clean(x);
}

static void close_reports_what_the_file_says(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);

  fake_files.close_errno = EDQUOT;
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an error of close reaches the client");
  is_int(fake_files.aborted, 0, "the transfer was complete");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_FAILURE, "and the handle is gone all the same");
  clean(x);
}

static void open_files_are_aborted_at_the_end(void) {
  struct fxc *x = fxc_new(NULL);

  (void) fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  (void) fxc_opened(x, "/new2", FXC_WRITE|FXC_CREAT);
  fake_channel_close(x->ch);
  is_int(fake_files.files, 0, "files are closed when the channel goes");
  is_int(fake_files.aborted, 2, "as not complete");
  clean(x);
}

/* ---- READ */

static void expect_data(struct fxc *x, uint64_t at, size_t len,
    const char *what) {
  struct fxc_reply r;
  struct sftp_str s;

  if (!fxc_next(x, &r)) {
    ok(false, "%s: an answer", what);
    return;
  }

  s = sftp_rd_string(&r.in);
  ok(r.type == SSH_FXP_DATA && sftp_rd_end(&r.in) == SFTP_OK,
    "%s: DATA, exactly one string", what);
  is_mem(s.ptr, s.len, big + at, len, "%s: the bytes", what);
}

static void reads_are_exact(bool in_place) {
  const char *how = in_place ? "in place" : "copied";
  struct fxc *x = fxc_new(NULL);
  const char *h;

  x->ch->no_reserve = !in_place;
  fake_fs_put("/big", big, BIG, 0644);
  h = fxc_opened(x, "/big", FXC_READ);
  fxc_read(x, h, 0, 32768);
  fxc_read(x, h, 1, 1);
  fxc_read(x, h, 5000, 261120);
  fxc_read(x, h, BIG - 10, 4096);
  fxc_read(x, h, 7, 0xffffffffU);
  fxc_send(x);
  expect_data(x, 0, 32768, how);
  expect_data(x, 1, 1, how);
  expect_data(x, 5000, 261120, how);
  expect_data(x, BIG - 10, 10, how);
  expect_data(x, 7, BIG - 7, how);
  is_int(x->ch->nreserved, in_place ? 5 : 0, "%s: as intended", how);
  clean(x);
}

static uint32_t bytes_of_read(struct fxc *x, const char *h, uint32_t len) {
  struct fxc_reply r;

  fxc_read(x, h, 0, len);
  fxc_send(x);
  return fxc_next(x, &r) && r.type == SSH_FXP_DATA ? sftp_rd_u32(&r.in) : 0;
}

static void a_read_gives_what_was_asked(void) {
  static unsigned char huge[FXP_READ_MAX + 10];
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/huge", huge, sizeof(huge), 0644);
  h = fxc_opened(x, "/huge", FXC_READ);
  is_int(bytes_of_read(x, h, 262144), 262144, "256 KiB in one answer");
  is_int(bytes_of_read(x, h, FXP_READ_MAX), FXP_READ_MAX, "1 MiB in one");
  is_int(bytes_of_read(x, h, UINT32_MAX), FXP_READ_MAX, "no more than that");
  x->set.client.data_max = FXP_DATA_MAX;
  is_int(bytes_of_read(x, h, 262144), FXP_DATA_MAX, "less for those who break");
  clean(x);
}

static void the_end_of_a_file(bool in_place) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;
  const char *h;

  x->ch->no_reserve = !in_place;
  fake_fs_put("/a", "hello", 5, 0644);
  h = fxc_opened(x, "/a", FXC_READ);
  fxc_read(x, h, 5, 10);
  is_int(fxc_status(x), SSH_FX_EOF, "a READ at the end is EOF");
  is_int(fake_files.last_err, 0, "... which is no failure in logs");
  fxc_read(x, h, 1ULL << 40, 10);
  is_int(fxc_status(x), SSH_FX_EOF, "a READ far behind it too");
  fxc_read(x, h, 0, 0);
  fxc_send(x);
  expect_data(x, 0, 0, "nothing");
  fxc_read(x, h, 1ULL << 63, 10);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an offset that no file has fails");
  fxc_read(x, h, UINT64_MAX, 10);
  is_int(fxc_status(x), SSH_FX_FAILURE, "and so does the largest");
  fake_files.read_errno = EIO;
  fxc_read(x, h, 0, 10);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an error of the disk is FAILURE");
  is_int(fake_files.last_err, EIO, "... with its errno in logs");
  fake_files.set_refused = "denied by a rule";
  fxc_read(x, h, 0, 10);
  fxc_send(x);
  ok(fxc_next(x, &r) && r.status == SSH_FX_FAILURE &&
    memmem(r.text.ptr, r.text.len, "denied", 6) == NULL, "... which is no "
    "refusal");
  fake_files.read_errno = EACCES;
  fxc_read(x, h, 0, 10);
  fxc_send(x);
  ok(fxc_next(x, &r) && r.status == SSH_FX_PERMISSION_DENIED &&
    sftp_str_is(r.text, "Permission denied: denied by a rule"),
    "a refusal says why");
  clean(x);
}

static void read_and_write_need_the_right_handle(void) {
  struct fxc *x = fxc_new(NULL);
  const char *r, *w, *d;

  fake_fs_put("/a", "hello", 5, 0644);
  r = fxc_opened(x, "/a", FXC_READ);
  w = fxc_opened(x, "/a", FXC_WRITE);
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  d = fxc_take_handle(x);
  fxc_read(x, w, 0, 5);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "READ from a write handle");
  fxc_write(x, r, 0, "J", 1);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "WRITE to a read handle");
  fxc_read(x, d, 0, 5);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "READ from a directory");
  fxc_write(x, d, 0, "J", 1);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "WRITE to a directory");
  fxc_handle(x, SSH_FXP_READDIR, r);
  is_int(fxc_status(x), SSH_FX_FAILURE, "READDIR of a file");
  fxc_write(x, "0123456789abcdef", 0, "J", 1);
  is_int(fxc_status(x), SSH_FX_FAILURE, "WRITE to no handle");
  ok(fake_fs_is("/a", "hello", 5), "the file is as it was");
  clean(x);
}

/* ---- WRITE */

static unsigned int count_status(struct fxc *x, uint32_t first_id,
    unsigned int n, uint32_t status) {
  unsigned int i, good = 0;

  for (i = 0; i < n; i++) {
    struct fxc_reply r;

    good += fxc_next(x, &r) && r.id == first_id + i && r.status == status;
  }

  return good;
}

static void pipelines_are_gathered(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  unsigned int i, n = 300, piece = BIG / 300;
  struct fxc_reply r;

  for (i = 0; i < n; i++) {
    fxc_write(x, h, (uint64_t) i * piece, big + i * piece, piece);
  }

  fxc_send(x);
  is_int(count_status(x, 2, n, SSH_FX_OK), n,
    "300 WRITEs in flight are answered, in order");
  ok(!fxc_next(x, &r), "... once each");
  ok(fake_files.writes <= 3, "they reached the file as %u writes",
    fake_files.writes);
  ok(fake_fs_is("/new", big, (size_t) n * piece), "and each byte is there");
  is_int(fake_files.count[FTPD_WRITE], n, "each is an operation of its own");
  clean(x);
}

static void large_writes_stream(void) {
  static const size_t cuts[] = { 1, 7, 100, 4096, 32768, 40000, 200000 };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cuts); i++) {
    struct fxc *x = fxc_new(NULL);
    const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
    size_t at = 0, most_left = 0;

    fxc_write(x, h, 3, big, 261120);
    fxc_write(x, h, 3 + 261120, big + 261120, BIG - 261120);
    while (at < x->w.len) {
      size_t n = x->w.len - at < cuts[i] ? x->w.len - at : cuts[i];

      fxc_feed(x, x->w.ptr + at, n);
      at += n;
      if (fake_channel_left(x->ch) > most_left) {
        most_left = fake_channel_left(x->ch);
      }
    }

    is_int(count_status(x, 2, 2, SSH_FX_OK), 2,
      "two large WRITEs in pieces of %lu bytes", (unsigned long) cuts[i]);
    is_int(fake_fs_stat("/new").st_size, BIG + 3, "... give the right size");
    ok(most_left < 64, "... and data never waits for the rest");
    fxc_handle(x, SSH_FXP_CLOSE, h);
    x->w.len = 0;
    h = fxc_opened(x, "/new", FXC_READ);
    fxc_read(x, h, 3, BIG);
    fxc_send(x);
    expect_data(x, 0, BIG, "read again");
    clean(x);
  }
}

/* Requests of one session, fed as a whole, cut in two at every place, and
 * byte by byte: the answers must be the same.
 */
static void build_mix(struct fxc *x, const char *h) {
  unsigned int i;

  for (i = 0; i < 5; i++) {
    fxc_write(x, h, 10 * i, big + 10 * i, 10);
  }

  fxc_write(x, h, 500, big, 3);
  fxc_write(x, h, 503, big, 0);
  fxc_write(x, "0000000000000000", 0, big, 20);
  fxc_write(x, h, 503, big, 5);
  fxc_path(x, SSH_FXP_LSTAT, "/new");
  fxc_write(x, h, 1ULL << 63, big, 9);
  fxc_write(x, h, 50, big + 50, 11);
  fxc_read(x, h, 0, 61);
  fxc_path(x, SSH_FXP_REALPATH, ".");
  fxc_begin(x, 99);
  fxc_end(x);
  fxc_handle(x, SSH_FXP_CLOSE, h);
}

static void feed_cut(struct fxc *x, size_t cut) {
  const char *h = fxc_opened(x, "/new", FXC_READ|FXC_WRITE|FXC_CREAT);
  size_t i;

  fake_channel_clear(x->ch);
  build_mix(x, h);
  if (cut == SIZE_MAX) {
    for (i = 0; i < x->w.len; i++) {
      fxc_feed(x, x->w.ptr + i, 1);
    }

  } else {
    fxc_feed(x, x->w.ptr, cut);
    fxc_feed(x, x->w.ptr + cut, x->w.len - cut);
  }
}

static void cuts_change_nothing(void) {
  struct fxc *x = fxc_new(NULL);
  unsigned char *want;
  size_t want_len, cut, len, same = 0;

  feed_cut(x, 0);
  len = x->w.len;
  want_len = x->ch->out_len;
  want = t_exact_copy(x->ch->out, want_len);
  ok(want_len > 0 && fake_fs_stat("/new").st_size == 508, "the whole works");
  clean(x);

  for (cut = 1; cut < len; cut++) {
    x = fxc_new(NULL);
    feed_cut(x, cut);
    same += x->ch->out_len == want_len &&
      memcmp(x->ch->out, want, want_len) == 0 && fxc_free(x);
  }

  is_int(same, len - 1, "cut in two anywhere, the answers are the same");
  x = fxc_new(NULL);
  feed_cut(x, SIZE_MAX);
  is_mem(x->ch->out, x->ch->out_len, want, want_len, "byte by byte too");
  clean(x);
  free(want);
}

/* Several calls of input() before flush(), as from one receive buffer. */
static void pieces_from_several_places_are_one_write(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  size_t at = 0, used = 0, n;
  unsigned int calls = 0;

  fxc_write(x, h, 0, big, 10000);
  fxc_write(x, h, 10000, big + 10000, 10000);
  while (at < x->w.len) {
    ssize_t got;

    n = x->w.len - at < 5000 ? x->w.len - at : 5000;
    got = sftp_fxp_service.input(x->svc, x->w.ptr + at, n);
    used += (size_t) got;
    at += n;
    calls++;
  }

  ok(calls == 5 && used == x->w.len, "all five pieces are used");
  is_int(fake_files.writes, 0, "nothing is written before flush()");
  ok(sftp_fxp_service.flush(x->svc) == SFTP_OK, "flush() works");
  is_int(fake_files.writes, 1, "then everything at once");
  ok(fake_fs_is("/new", big, 20000), "in the right order");
  is_int(count_status(x, 2, 2, SSH_FX_OK), 2, "and both are answered");
  clean(x);
}

static void failed_writes_are_told_apart(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  struct fxc_reply r;
  unsigned int i;

  fake_files.write_errno = ENOSPC;
  fake_files.write_limit = 25;
  for (i = 0; i < 5; i++) {
    fxc_write(x, h, 10 * i, big + 10 * i, 10);
  }

  fxc_send(x);
  is_int(count_status(x, 2, 2, SSH_FX_OK), 2,
    "what was wholly written before the disk was full is OK");
  is_int(count_status(x, 4, 1, SSH_FX_FAILURE), 1,
    "the WRITE in which it happened fails");
  ok(fxc_next(x, &r) && r.status == SSH_FX_FAILURE &&
    sftp_str_is(r.text, "Out of disk space"), "and those behind it, with why");
  ok(fxc_next(x, &r) && r.status == SSH_FX_FAILURE, "all of them");
  is_int(fake_files.last_err, ENOSPC, "the log has the errno");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "the handle closes");
  is_int(fake_files.aborted, 1, "as an incomplete transfer");
  clean(x);

  x = fxc_new(NULL);
  h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  fake_files.write_errno = ENOSPC;
  fxc_write(x, h, 0, big, 10);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a WRITE fails");
  fake_files.write_errno = 0;
  fxc_write(x, h, 0, big, 10);
  is_int(fxc_status(x), SSH_FX_OK, "the same again works");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "the handle closes");
  is_int(fake_files.aborted, 0, "as a complete transfer");
  clean(x);
}

/* A WRITE that fails in its first part: the rest is swallowed, one answer. */
static void a_stream_that_fails_half_way(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  unsigned int writes;
  size_t half;

  fake_files.write_errno = EDQUOT;
  fake_files.write_limit = 50;
  fxc_write(x, h, 0, big, 1000);
  half = x->w.len / 2;
  fxc_feed(x, x->w.ptr, half);
  is_int(x->ch->out_len - x->at, 0, "no answer before the data is complete");
  writes = fake_files.writes;
  fxc_feed(x, x->w.ptr + half, x->w.len - half);
  is_int(count_status(x, 2, 1, SSH_FX_FAILURE), 1, "then the error");
  is_int(fake_files.writes, writes, "the rest is not written any more");
  x->w.len = 0;
  fxc_path(x, SSH_FXP_STAT, "/new");
  is_int(fxc_status(x), 0xffffffffU, "and the next request is found");
  clean(x);
}

/* An error belongs to the WRITE whose bytes were lost, also when the rest of
 * its data comes after the disk works again.
 */
static void an_error_stays_with_its_request(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  size_t first;

  fake_files.write_errno = EDQUOT;
  fxc_write(x, h, 0, big, 1000);
  fxc_feed(x, x->w.ptr, x->w.len / 2);
  fake_files.write_errno = 0;
  fxc_feed(x, x->w.ptr + x->w.len / 2, x->w.len - x->w.len / 2);
  x->w.len = 0;
  is_int(count_status(x, 2, 1, SSH_FX_FAILURE), 1,
    "half of the bytes were lost: the WRITE failed");

  fake_files.write_errno = EDQUOT;
  fxc_write(x, h, 1000, big, 1000);
  first = x->w.len;
  fxc_write(x, h, 2000, big, 1000);
  fxc_feed(x, x->w.ptr, x->w.len - 1000);
  fake_files.write_errno = 0;
  fxc_feed(x, x->w.ptr + x->w.len - 1000, 1000);
  ok(x->w.len > first + 1000, "two WRITEs, cut before the second one's data");
  x->w.len = 0;
  is_int(count_status(x, 3, 1, SSH_FX_FAILURE), 1, "the first one failed");
  is_int(count_status(x, 4, 1, SSH_FX_OK), 1, "the second one did not");
  clean(x);
}

static void handles_have_a_limit(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h[3], *dir;
  size_t i;

  ((struct fxp *) x->svc)->handles.max = 3;
  fake_fs_put("/a", "A", 1, 0644);
  for (i = 0; i < SFTP_NELEMS(h); i++) {
    h[i] = fxc_opened(x, "/a", FXC_READ);
  }

  ok(*h[2] != '\0', "as many handles as may be open");
  fxc_open(x, "/new", FXC_WRITE|FXC_CREAT);
  is_int(fxc_status(x), SSH_FX_FAILURE, "one more file is refused");
  ok(!fake_fs_exists("/new"), "... before it is created");
  is_int(fake_files.count[FTPD_OPEN_WRITE], 0, "... nor does the gate see it");
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  is_int(fxc_status(x), SSH_FX_FAILURE, "one more directory, too");
  is_int(fake_files.count[FTPD_OPENDIR], 0, "... which the gate does not see");
  fxc_handle(x, SSH_FXP_CLOSE, h[1]);
  is_int(fxc_status(x), SSH_FX_OK, "one is closed");
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  dir = fxc_take_handle(x);
  ok(*dir != '\0', "then there is room again");
  clean(x);
}

/* A file that is copied first. */
static void an_open_may_take_turns(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  fake_fs_put("/a", "A", 1, 0644);
  fake_files.open_turns = 5;
  x->turns = -1;
  fxc_open(x, "/a", FXC_WRITE);
  fxc_path(x, SSH_FXP_STAT, "/a");
  fxc_send(x);
  ok(!fxc_next(x, &r), "nothing is answered at once");
  ok(fake_channel_work(x->ch, 2) == 2 && !fxc_next(x, &r), "turn by turn");
  ok(fake_channel_work(x->ch, 100) > 1 && fxc_next(x, &r) &&
    r.type == SSH_FXP_HANDLE, "the handle comes in the end");
  ok(fxc_next(x, &r) && r.type == SSH_FXP_ATTRS, "... then the next answer");
  is_int(fake_files.files, 1, "a file is open");

  fake_files.open_errno = ENOSPC;
  fxc_open(x, "/a", FXC_WRITE);
  fxc_send(x);
  (void) fake_channel_work(x->ch, 100);
  ok(fxc_status(x) != SSH_FX_OK, "it may fail in the end");
  is_int(fake_files.last_err, ENOSPC, "... which the gate hears");

  fxc_open(x, "/a", FXC_WRITE);
  fxc_send(x);
  is_int(fake_files.begun, fake_files.ended + 1, "a client leaves meanwhile");
  clean(x);
  is_int(fake_files.begun, fake_files.ended, "the operation has an end");
}

/* As pkg/sftp of Go sends the end of a file. */
static void bytes_behind_the_data_are_swallowed(void) {
  static const size_t cuts[] = { 1, 30, 49, 500, 4000 };
  size_t i, at;

  for (i = 0; i < SFTP_NELEMS(cuts); i++) {
    struct fxc *x = fxc_new(NULL);
    const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
    struct sftp_wr *w;
    struct fxc_reply r;

    fxc_write(x, h, 0, big, 1000);
    w = fxc_begin(x, SSH_FXP_WRITE);
    sftp_wr_text(w, h);
    sftp_wr_u64(w, 1000);
    sftp_wr_u32(w, 1);
    sftp_wr_bytes(w, big + 1000, 1000);
    fxc_end(x);
    w = fxc_begin(x, SSH_FXP_WRITE);
    sftp_wr_text(w, h);
    sftp_wr_u64(w, 1001);
    sftp_wr_u32(w, 0);
    sftp_wr_bytes(w, big, 1000);
    fxc_end(x);
    fxc_write(x, h, 1001, big + 1001, 99);
    fxc_path(x, SSH_FXP_STAT, "/new");
    for (at = 0; at < x->w.len; at += cuts[i]) {
      fxc_feed(x, x->w.ptr + at,
        x->w.len - at < cuts[i] ? x->w.len - at : cuts[i]);
    }

    x->w.len = 0;
    is_int(count_status(x, 2, 4, SSH_FX_OK), 4,
      "four WRITEs, two with more than their data, in pieces of %lu bytes",
      (unsigned long) cuts[i]);
    ok(fxc_next(x, &r) && r.type == SSH_FXP_ATTRS,
      "the next request is found");
    ok(fake_fs_is("/new", big, 1100), "and the file holds the data alone");
    clean(x);
  }
}

static void malformed_writes_are_swallowed(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  struct fxc_reply r;
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_WRITE);

  sftp_wr_text(w, h);
  sftp_wr_u64(w, 0);
  sftp_wr_u32(w, 1000);         /* says more than there is */
  sftp_wr_bytes(w, big, 999);
  fxc_end(x);
  w = fxc_begin(x, SSH_FXP_WRITE);
  sftp_wr_u32(w, 0xffffffffU);  /* a handle of 4 GiB */
  sftp_wr_bytes(w, big, 100);
  fxc_end(x);
  fxc_path(x, SSH_FXP_STAT, "/new");
  fxc_send(x);
  is_int(count_status(x, 2, 2, SSH_FX_BAD_MESSAGE), 2,
    "lengths that do not fit are BAD_MESSAGE");
  ok(fxc_next(x, &r) && r.type == SSH_FXP_ATTRS,
    "and the next request is found");
  is_int(fake_files.writes, 0, "nothing is written");
  clean(x);
}

static void writes_at_large_offsets(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_READ|FXC_WRITE|FXC_CREAT);
  uint64_t at = 5ULL << 30;

  fxc_write(x, h, at, big, 10);
  is_int(fxc_status(x), SSH_FX_OK, "a WRITE beyond 4 GiB");
  is_int(fake_fs_stat("/new").st_size, at + 10, "gives a file that large");
  fxc_read(x, h, at, 10);
  fxc_send(x);
  expect_data(x, 0, 10, "beyond 4 GiB");
  fxc_write(x, h, INT64_MAX - 4, big, 5);
  ok(fxc_status(x) != 0xfffffffeU, "the last possible offset is answered");
  fxc_write(x, h, INT64_MAX - 4, big, 6);
  is_int(fxc_status(x), SSH_FX_FAILURE, "one more is refused");
  fxc_write(x, h, UINT64_MAX, big, 6);
  is_int(fxc_status(x), SSH_FX_FAILURE, "and so is what wraps");
  clean(x);
}

static void appends_ignore_the_offset(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/a", "one", 3, 0644);
  h = fxc_opened(x, "/a", FXC_WRITE|FXC_APPEND);
  fxc_write(x, h, 0, "two", 3);
  is_int(fxc_status(x), SSH_FX_OK, "a WRITE at 0 to an append handle");
  fxc_write(x, h, 0, "three", 5);
  is_int(fxc_status(x), SSH_FX_OK, "another one");
  ok(fake_fs_is("/a", "onetwothree", 11), "both go to the end");
  clean(x);
}

static void writes_of_nothing_are_ok(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);

  fxc_write(x, h, 12345, "", 0);
  is_int(fxc_status(x), SSH_FX_OK, "a WRITE of no bytes");
  ok(fake_fs_stat("/new").st_size == 0 && fake_files.writes == 0,
    "does not touch the file");
  clean(x);
}

static void the_log_shows_writes(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h = fxc_opened(x, "/new", FXC_WRITE|FXC_CREAT);
  char want[64];

  fxc_write(x, h, 5368709120ULL, big, 7);
  is_int(fxc_status(x), SSH_FX_OK, "a WRITE");
  snprintf(want, sizeof(want), "%s 5368709120 7", h);
  is_str(fake_files.last_arg, want, "is logged as handle, offset, length");
  clean(x);
}

/* ---- Order and back pressure */

static void order_holds_across_kinds(void) {
  struct fxc *x = fxc_new(NULL);
  const char *a = fxc_opened(x, "/a", FXC_READ|FXC_WRITE|FXC_CREAT);
  const char *b = fxc_opened(x, "/b", FXC_READ|FXC_WRITE|FXC_CREAT);
  uint32_t first = x->id + 1;
  struct fxc_reply r;
  unsigned int i, good = 0;

  for (i = 0; i < 50; i++) {
    fxc_write(x, i % 2 == 0 ? a : b, i * 8, big + i * 8, 8);
    fxc_read(x, i % 2 == 0 ? a : b, i * 8, 8);
  }

  fxc_send(x);
  for (i = 0; i < 50; i++) {
    good += fxc_next(x, &r) && r.id == first + 2 * i && r.status == SSH_FX_OK;
    good += fxc_next(x, &r) && r.id == first + 2 * i + 1 &&
      r.type == SSH_FXP_DATA && sftp_rd_u32(&r.in) == 8 &&
      memcmp(r.in.ptr, big + i * 8, 8) == 0;
  }

  is_int(good, 100, "a READ sees the WRITE before it, answers keep the order");
  clean(x);
}

static void a_closed_window_stops_requests(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;
  unsigned int i, before;

  fake_fs_put("/big", big, BIG, 0644);
  h = fxc_opened(x, "/big", FXC_READ);
  x->ch->window = 0;
  fake_channel_clear(x->ch);
  for (i = 0; i < 300; i++) {
    fxc_read(x, h, i, 32768);
  }

  fxc_send(x);
  before = fake_files.reads;
  ok(before < 10, "with a closed window %u of 300 READs are made", before);
  ok(x->ch->waiting < 200000, "and little waits to go out");
  for (i = 0; i < 400 && x->err == SFTP_OK; i++) {
    x->err = fake_channel_open_window(x->ch, 32768);
  }

  is_int(fake_files.reads, 300, "as the window opens all are made");
  x->at = 0;
  {
    struct fxc_reply r;
    unsigned int good = 0;

    while (fxc_next(x, &r)) {
      good += r.type == SSH_FXP_DATA && sftp_rd_u32(&r.in) == 32768 &&
        memcmp(r.in.ptr, big + good, 32768) == 0;
    }

    is_int(good, 300, "and every answer is whole and in order");
  }
  clean(x);
}

static void small_packets_of_the_client(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/big", big, BIG, 0644);
  h = fxc_opened(x, "/big", FXC_READ);
  x->ch->piece = 5;             /* no room for the header in one piece */
  fxc_read(x, h, 0, 100);
  fxc_send(x);
  expect_data(x, 0, 100, "pieces shorter than the header");
  x->ch->piece = 20;
  fxc_read(x, h, 0, 100);
  fxc_read(x, h, 50, 60000);
  fxc_send(x);
  expect_data(x, 0, 100, "pieces of 20 bytes");
  expect_data(x, 50, 60000, "too many pieces");
  clean(x);
}

static void memory_does_not_grow(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxp *f = x->svc;
  unsigned int i;

  for (i = 0; i < 2000; i++) {
    fxc_path(x, SSH_FXP_STAT, "/home/user");
  }

  fxc_send(x);
  ok(f->memory.requests <= 32 && f->memory.bytes <= 65536 + 64,
    "requests share a pool that is made anew");
  ok(f->out.pool == NULL || f->out.w.size <= 4096,
    "and the buffer of answers shrinks back");
  clean(x);
}

static unsigned int answers_there(struct fxc *x) {
  struct fxc_reply r;
  unsigned int n = 0;

  while (fxc_next(x, &r)) {
    n++;
  }

  return n;
}

static void many_requests_leave_time_for_others(void) {
  struct fxc *x = fxc_new(NULL);
  unsigned int i, n;

  fake_files.op_ms = 1;
  x->turns = -1;
  for (i = 0; i < 1000; i++) {
    fxc_path(x, SSH_FXP_STAT, "/none");
  }

  fxc_send(x);
  n = answers_there(x);
  ok(n > 0 && n < 100, "a turn answers some of 1000 requests (%u)", n);
  is_int(fake_channel_work(x->ch, 1), 1, "the next turn ...");
  i = answers_there(x);
  ok(i > 0 && i < 100, "... a few more (%u)", i);
  is_int(fake_channel_eof(x->ch), SFTP_OK, "the client's end waits");
  ok(fake_channel_work(x->ch, 1000) > 5, "the others ...");
  is_int(n + i + answers_there(x), 1000, "... answer them all");
  fake_files.op_ms = 0;
  clean(x);
}

int main(void) {
  t_fill(big, sizeof(big), 42);
  open_flags_mean_what_they_say();
  the_gate_names_the_rule();
  modes_of_new_files();
  handles_cannot_be_forged();
  handles_are_limited();
  close_reports_what_the_file_says();
  open_files_are_aborted_at_the_end();
  reads_are_exact(true);
  reads_are_exact(false);
  a_read_gives_what_was_asked();
  the_end_of_a_file(true);
  the_end_of_a_file(false);
  read_and_write_need_the_right_handle();
  pipelines_are_gathered();
  large_writes_stream();
  cuts_change_nothing();
  pieces_from_several_places_are_one_write();
  failed_writes_are_told_apart();
  a_stream_that_fails_half_way();
  an_error_stays_with_its_request();
  handles_have_a_limit();
  an_open_may_take_turns();
  bytes_behind_the_data_are_swallowed();
  malformed_writes_are_swallowed();
  writes_at_large_offsets();
  appends_ignore_the_offset();
  writes_of_nothing_are_ok();
  the_log_shows_writes();
  order_holds_across_kinds();
  a_closed_window_stops_requests();
  small_packets_of_the_client();
  memory_does_not_grow();
  many_requests_leave_time_for_others();
  return done_testing();
}
