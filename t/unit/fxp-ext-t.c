/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: the extensions. */

#include "fxp-client.h"
#include "tap.h"

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

static bool take_reply(struct fxc *x, struct fxc_reply *r) {
  fxc_send(x);
  return fxc_next(x, r) && r->type == SSH_FXP_EXTENDED_REPLY;
}

static const char *take_name(struct fxc *x) {
  struct fxc_reply r;
  const char *name;

  fxc_send(x);
  if (!fxc_next(x, &r) || r.type != SSH_FXP_NAME ||
      sftp_rd_u32(&r.in) != 1) {
    return NULL;
  }

  name = sftp_rd_text(&r.in, x->pool);
  (void) sftp_rd_string(&r.in);
  return sftp_rd_u32(&r.in) == 0 && sftp_rd_end(&r.in) == SFTP_OK ? name :
    NULL;
}

static void ext_text(struct fxc *x, const char *name, const char *arg) {
  sftp_wr_text(fxc_begin_ext(x, name), arg);
  fxc_end(x);
}

static void unknown_extensions(void) {
  static const char *const names[] = {
    "", "x", "statvfs", "STATVFS@openssh.com", "check-files",
    "xattr@proftpd.org", "getxattr@proftpd.org", "limits@openssh.co",
    "limits@openssh.com."
  };
  struct fxc *x = fxc_new(NULL);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    ext_text(x, names[i], "whatever");
    is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "extension '%s'", names[i]);
  }

  is_int(fake_files.last_req, FTPD_EXTENDED, "they are logged as EXTENDED");
  is_int(fake_files.last_err, ENOSYS, "as a failure");
  clean(x);
}

static void every_extension_has_a_word(void) {
  static const struct {
    const char *word, *name;
  } rows[] = {
    { "fsync", "fsync@openssh.com" },
    { "posixRename", "posix-rename@openssh.com" },
    { "statvfs", "statvfs@openssh.com" },
    { "statvfs", "fstatvfs@openssh.com" },
    { "hardlink", "hardlink@openssh.com" },
    { "homeDirectory", "home-directory" },
    { "limits", "limits@openssh.com" },
    { "userGroupNames", "users-groups-by-id@openssh.com" },
    { "copyData", "copy-data" },
    { "copyFile", "copy-file" },
    { "checkFile", "check-file" },
    { "checkFile", "check-file-name" },
    { "checkFile", "check-file-handle" },
    { "checkFile", "md5-hash" },
    { "checkFile", "md5-hash-handle" },
    { "spaceAvailable", "space-available" },
    { "lsetstat", "lsetstat@openssh.com" },
    { "expandPath", "expand-path@openssh.com" }
  };
  unsigned long on = sftp_switch_defaults(sftp_fxp_ext_switch);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    unsigned long bit = sftp_switch_find(sftp_fxp_ext_switch, rows[i].word);
    struct fxc *x = fxc_new(NULL);

    ok(bit != 0, "SFTPExtensions knows %s", rows[i].word);
    ok((on & bit) != 0, "... on by default");
    x->set.extensions = ~bit;
    (void) fxc_begin_ext(x, rows[i].name);
    fxc_end(x);
    is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "... which switches %s off",
      rows[i].name);
    clean(x);
  }
}

/* A word is known by its row alone: it has a bit of its own, is found by name
 * in any case, and switches something that VERSION or a request shows.
 */
static void each_word_has_its_bit(void) {
  const char *words = ", ";
  struct sftp_switch s;
  unsigned long seen = 0, off = 0;
  pool *p = make_sub_pool(NULL);
  size_t i;

  words = pstrcat(p, words, sftp_switch_words(p, sftp_fxp_ext_switch), ", ",
    NULL);
  for (i = 0; sftp_fxp_ext_switch(i, &s); i++) {
    char *upper = pstrdup(p, s.word), *c;
    struct fxc *x = fxc_new(NULL);

    for (c = upper; *c != '\0'; c++) {
      *c = (char) (*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }

    ok(s.bit != 0 && (s.bit & (s.bit - 1)) == 0 && (seen & s.bit) == 0,
      "%s has a bit, which no other has", s.word);
    ok(sftp_switch_find(sftp_fxp_ext_switch, upper) == s.bit,
      "... and is found as %s", upper);
    ok(strstr(words, pstrcat(p, ", ", s.word, ", ", NULL)) != NULL,
      "... and an error names it");
    x->set.extensions = s.bit;
    ok(fxp_ext_is_on(&(struct fxp) { .conn = &x->conn }, s.word),
      "... and turns it on");
    x->set.extensions = ~s.bit;
    ok(!fxp_ext_is_on(&(struct fxp) { .conn = &x->conn }, s.word),
      "... or off");
    clean(x);
    seen |= s.bit;
    off |= s.off ? s.bit : 0;
  }

  ok(i > 10 && i <= 32, "%u words", (unsigned int) i);
  ok(sftp_switch_defaults(sftp_fxp_ext_switch) == (seen & ~off) && off != 0,
    "those that are off by default are off");
  ok(sftp_switch_find(sftp_fxp_ext_switch, "") == 0 &&
    sftp_switch_find(sftp_fxp_ext_switch, "nothing") == 0,
    "there is no other word");
  destroy_pool(p);
}

/* They are of the protocol, not of SFTPExtensions. */
static void some_are_always_served(void) {
  struct fxc *x = fxc_new_version(6);

  x->set.extensions = 0;
  sftp_wr_u8(fxc_begin_ext(x, "filename-translation-control"), 1);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "filename-translation-control");
  fxc_begin_ext(x, "vendor-id");
  sftp_wr_text(&x->w, "maker");
  sftp_wr_text(&x->w, "product");
  sftp_wr_text(&x->w, "1");
  sftp_wr_u64(&x->w, 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "vendor-id");
  fxc_begin_ext(x, "text-seek");
  sftp_wr_text(&x->w, "none");
  sftp_wr_u64(&x->w, 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_INVALID_HANDLE, "text-seek");
  ext_text(x, "statvfs@openssh.com", "/");
  is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "and nothing else");
  clean(x);
}

static void limits_are_those_that_hold(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  (void) fxc_begin_ext(x, "limits@openssh.com");
  fxc_end(x);
  ok(take_reply(x, &r), "limits is answered");
  is_int(sftp_rd_u64(&r.in), 262144, "the largest packet");
  is_int(sftp_rd_u64(&r.in), 261120, "the largest READ");
  is_int(sftp_rd_u64(&r.in), 261120, "the largest WRITE");
  is_int(sftp_rd_u64(&r.in), 100, "handles");
  ok(sftp_rd_end(&r.in) == SFTP_OK, "and nothing more");
  clean(x);
}

static void statvfs_has_eleven_numbers(void) {
  static const uint64_t want[] = { 4096, 4096, 1000, 500, 400, 300, 200, 100,
    77, 2, 255 };
  struct fxc *x = fxc_new(NULL);
  const char *h;
  size_t i, k, good;

  fake_fs_put("/a", "A", 1, 0644);
  for (i = 0; i < 3; i++) {
    struct fxc_reply r;

    if (i == 0) {
      ext_text(x, "statvfs@openssh.com", "/");

    } else {
      if (i == 1) {
        h = fxc_opened(x, "/a", FXC_READ);

      } else {
        fxc_path(x, SSH_FXP_OPENDIR, "/");
        h = fxc_take_handle(x);
      }

      ext_text(x, "fstatvfs@openssh.com", h);
    }

    good = take_reply(x, &r);
    for (k = 0; k < SFTP_NELEMS(want); k++) {
      good += sftp_rd_u64(&r.in) == want[k];
    }

    ok(good == 12 && sftp_rd_end(&r.in) == SFTP_OK,
      "%s", i == 0 ? "statvfs" : i == 1 ? "fstatvfs of a file" :
      "fstatvfs of a directory");
  }

  ext_text(x, "statvfs@openssh.com", "/no");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "statvfs of nothing");
  ext_text(x, "fstatvfs@openssh.com", "0123456701234567");
  is_int(fxc_status(x), SSH_FX_FAILURE, "fstatvfs of no handle");
  clean(x);
}

/* Logs show each extension once as EXTENDED, by its name. */
static void extended_is_logged_once(void) {
  struct fxc *x = fxc_new(NULL);
  unsigned int n;

  fake_fs_put("/a", "A", 1, 0644);
  n = fake_files.begun;
  ext_text(x, "statvfs@openssh.com", "/");
  (void) fxc_status(x);
  ok(fake_files.begun == n + 1 && fake_files.count[FTPD_STATVFS] == 1,
    "statvfs, which has no other name in logs, is one operation");
  is_str(fake_files.last_arg, "statvfs@openssh.com", "shown by that name");
  n = fake_files.begun;
  ext_text(x, "home-directory", "");
  (void) fxc_status(x);
  ok(fake_files.begun == n + 2 && fake_files.count[FTPD_HOMEDIR] == 1 &&
    fake_files.count[FTPD_EXTENDED] == 1,
    "home-directory is HOMEDIR within EXTENDED");
  is_str(fake_files.last_arg, "home-directory", "which ends last");
  clean(x);
}

static void names_of_ids(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w = fxc_begin_ext(x, "users-groups-by-id@openssh.com");
  struct fxc_reply r;
  struct sftp_str users, groups;

  sftp_wr_string(w, "\0\0\3\350\0\0\0\7\0\0\3\350", 12);
  sftp_wr_string(w, "\377\377\377\377", 4);
  fxc_end(x);
  ok(take_reply(x, &r), "ids are answered");
  users = sftp_rd_string(&r.in);
  groups = sftp_rd_string(&r.in);
  is_mem(users.ptr, users.len, "\0\0\0\4user\0\0\0\0\0\0\0\4user", 20,
    "names of users, empty for an id without");
  is_mem(groups.ptr, groups.len, "\0\0\0\0", 4, "names of groups");
  ok(sftp_rd_end(&r.in) == SFTP_OK, "and nothing more");

  w = fxc_begin_ext(x, "users-groups-by-id@openssh.com");
  sftp_wr_string(w, "\0\0\3", 3);
  sftp_wr_string(w, "", 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_BAD_MESSAGE, "half an id");
  w = fxc_begin_ext(x, "users-groups-by-id@openssh.com");
  sftp_wr_string(w, "", 0);
  sftp_wr_string(w, "\0\0\3\350\0\0\0", 7);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_BAD_MESSAGE, "one id and a half");
  clean(x);
}

static void ids_have_a_limit(void) {
  static const struct { size_t users, groups; uint32_t status; } rows[] = {
    { 1024, 1024, 0xffffffffU }, { 1025, 0, SSH_FX_FAILURE },
    { 0, 1025, SSH_FX_FAILURE } };
  static const unsigned char ids[1025 * 4];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new(NULL);
    struct sftp_wr *w = fxc_begin_ext(x, "users-groups-by-id@openssh.com");

    sftp_wr_string(w, ids, rows[i].users * 4);
    sftp_wr_string(w, ids, rows[i].groups * 4);
    fxc_end(x);
    is_int(fxc_status(x), rows[i].status, "%lu and %lu ids",
      (unsigned long) rows[i].users, (unsigned long) rows[i].groups);
    clean(x);
  }
}

static void homes(void) {
  struct fxc *x = fxc_new(NULL);

  ext_text(x, "home-directory", "");
  is_str(take_name(x), "/home/user", "home-directory of oneself");
  ext_text(x, "home-directory", "user");
  is_str(take_name(x), "/home/user", "home-directory by name");
  ext_text(x, "home-directory", "other");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "home-directory of nobody");
  ext_text(x, "expand-path@openssh.com", "~");
  is_str(take_name(x), "/home/user", "expand-path of ~");
  ext_text(x, "expand-path@openssh.com", "~/a/../b");
  is_str(take_name(x), "/home/user/b", "expand-path of ~/");
  ext_text(x, "expand-path@openssh.com", "~user/c");
  is_str(take_name(x), "/home/user/c", "expand-path of ~user/");
  ext_text(x, "expand-path@openssh.com", "d");
  is_str(take_name(x), "/home/user/d", "expand-path without ~");
  ext_text(x, "expand-path@openssh.com", "~other/c");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "expand-path of nobody");
  is_str(fake_files.last_text, "No such user", "... says so");
  clean(x);
}

static void fsyncs(void) {
  struct fxc *x = fxc_new(NULL);

  fake_fs_put("/a", "A", 1, 0644);
  ext_text(x, "fsync@openssh.com", fxc_opened(x, "/a", FXC_WRITE));
  is_int(fxc_status(x), SSH_FX_OK, "fsync of a file");
  is_int(fake_files.count[FTPD_FSYNC], 1, "passes the gate");
  fxc_path(x, SSH_FXP_OPENDIR, "/");
  ext_text(x, "fsync@openssh.com", fxc_take_handle(x));
  is_int(fxc_status(x), SSH_FX_FAILURE, "fsync of a directory");
  clean(x);
}

static void lsetstats(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;

  fake_fs_put("/a", "A", 1, 0644);
  fake_fs_link("/l", "a");
  w = fxc_begin_ext(x, "lsetstat@openssh.com");
  sftp_wr_text(w, "/l");
  sftp_wr_u32(w, 8|2);
  sftp_wr_u32(w, 5);
  sftp_wr_u32(w, 6);
  sftp_wr_u32(w, 10);
  sftp_wr_u32(w, 20);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "lsetstat of times and owner");
  ok(fake_fs_stat("/l").st_mtim.tv_sec == 20 && fake_fs_stat("/l").st_uid ==
    5 && fake_fs_stat("/a").st_mtim.tv_sec != 20 &&
    fake_fs_stat("/a").st_uid == 1000, "sets the link, not the file");
  w = fxc_begin_ext(x, "lsetstat@openssh.com");
  sftp_wr_text(w, "/l");
  sftp_wr_u32(w, 4);
  sftp_wr_u32(w, 0600);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OP_UNSUPPORTED, "a link's mode cannot be set");
  w = fxc_begin_ext(x, "lsetstat@openssh.com");
  sftp_wr_text(w, "/l");
  sftp_wr_u32(w, 1);
  sftp_wr_u64(w, 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "nor its size");
  ok(fake_fs_is("/a", "A", 1) && fake_fs_stat("/a").st_mode == 0100644,
    "and the file is as it was");
  clean(x);
}

static void copy(struct fxc *x, const char *from, uint64_t from_off,
    uint64_t len, const char *to, uint64_t to_off) {
  struct sftp_wr *w = fxc_begin_ext(x, "copy-data");

  sftp_wr_text(w, from);
  sftp_wr_u64(w, from_off);
  sftp_wr_u64(w, len);
  sftp_wr_text(w, to);
  sftp_wr_u64(w, to_off);
  fxc_end(x);
}

static void copies(void) {
  struct fxc *x = fxc_new(NULL);
  const char *a, *b, *rw;

  fake_fs_put("/a", "0123456789", 10, 0644);
  fake_fs_put("/c", "abcdef", 6, 0644);
  a = fxc_opened(x, "/a", FXC_READ);
  b = fxc_opened(x, "/b", FXC_WRITE|FXC_CREAT);
  rw = fxc_opened(x, "/c", FXC_READ|FXC_WRITE);
  copy(x, a, 2, 4, b, 1);
  is_int(fxc_status(x), SSH_FX_OK, "a part of a file");
  ok(fake_fs_is("/b", "\0002345", 5), "goes where it should");
  copy(x, a, 0, 0, b, 0);
  is_int(fxc_status(x), SSH_FX_OK, "length 0");
  ok(fake_fs_is("/b", "0123456789", 10), "is up to the end");
  copy(x, rw, 0, 3, rw, 3);
  is_int(fxc_status(x), SSH_FX_OK, "within one file, side by side");
  ok(fake_fs_is("/c", "abcabc", 6), "works");
  copy(x, rw, 0, 3, rw, 2);
  is_int(fxc_status(x), SSH_FX_FAILURE, "overlapping does not");
  copy(x, rw, 0, 0, rw, 100);
  is_int(fxc_status(x), SSH_FX_FAILURE, "nor a copy without end");
  copy(x, b, 0, 1, a, 0);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "handles the wrong way");
  copy(x, a, UINT64_MAX, 1, b, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an offset that no file has");
  copy(x, a, 1, UINT64_MAX, b, 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a length that wraps");
  copy(x, a, 0, 1, "0000000000000000", 0);
  is_int(fxc_status(x), SSH_FX_FAILURE, "no handle");
  fake_files.deny[FTPD_COPY] = true;
  copy(x, a, 0, 1, b, 0);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "a refused copy");
  clean(x);
}

int main(void) {
  unknown_extensions();
  every_extension_has_a_word();
  each_word_has_its_bit();
  some_are_always_served();
  limits_are_those_that_hold();
  statvfs_has_eleven_numbers();
  extended_is_logged_once();
  names_of_ids();
  ids_have_a_limit();
  homes();
  fsyncs();
  lsetstats();
  copies();
  return done_testing();
}
