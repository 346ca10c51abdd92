/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: paths, directories, attributes. */

#include "effects.h"
#include "fxp-client.h"
#include "ftpd-session.h"
#include "tap.h"

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

/* ---- Attributes */

struct v3_attrs {
  uint32_t flags, uid, gid, perms, atime, mtime;
  uint64_t size;
};

static bool read_attrs(struct sftp_rd *r, struct v3_attrs *a) {
  a->flags = sftp_rd_u32(r);
  a->size = sftp_rd_u64(r);
  a->uid = sftp_rd_u32(r);
  a->gid = sftp_rd_u32(r);
  a->perms = sftp_rd_u32(r);
  a->atime = sftp_rd_u32(r);
  a->mtime = sftp_rd_u32(r);
  return sftp_rd_ok(r) == SFTP_OK && a->flags == 0xf;
}

static bool take_attrs(struct fxc *x, struct v3_attrs *a) {
  struct fxc_reply r;

  fxc_send(x);
  return fxc_next(x, &r) && r.type == SSH_FXP_ATTRS &&
    read_attrs(&r.in, a) && sftp_rd_end(&r.in) == SFTP_OK;
}

static void stats_tell_links_from_targets(void) {
  struct fxc *x = fxc_new(NULL);
  struct v3_attrs a;
  const char *h;

  fake_fs_put("/a", "hello", 5, 0640);
  fake_fs_link("/link", "a");
  fxc_path(x, SSH_FXP_STAT, "/link");
  ok(take_attrs(x, &a) && a.size == 5 && a.perms == 0100640 &&
    a.uid == 1000 && a.gid == 1000 && a.mtime == 1700000000,
    "STAT of a link: the file's attributes, all of them, with type bits");
  fxc_path(x, SSH_FXP_LSTAT, "/link");
  ok(take_attrs(x, &a) && a.perms == 0120777, "LSTAT: the link's");
  h = fxc_opened(x, "/link", FXC_READ);
  fxc_handle(x, SSH_FXP_FSTAT, h);
  ok(take_attrs(x, &a) && a.size == 5, "FSTAT: the open file's");
  fxc_path(x, SSH_FXP_OPENDIR, "/home");
  h = fxc_take_handle(x);
  fxc_handle(x, SSH_FXP_FSTAT, h);
  ok(take_attrs(x, &a) && (a.perms & S_IFMT) == S_IFDIR,
    "FSTAT of a directory's handle works");
  fxc_path(x, SSH_FXP_STAT, "/no");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "STAT of nothing");
  fxc_path(x, SSH_FXP_STAT, "");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "the empty path is nothing");
  fxc_path(x, SSH_FXP_STAT, "../user");
  ok(take_attrs(x, &a), "relative paths begin there");
  clean(x);
}

static struct sftp_wr *setstat(struct fxc *x, const char *path,
    uint32_t flags) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_SETSTAT);

  sftp_wr_text(w, path);
  sftp_wr_u32(w, flags);
  return w;
}

static void setstat_sets_each_attribute(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;
  struct stat st;

  fake_fs_put("/a", "hello", 5, 0644);
  sftp_wr_u64(setstat(x, "/a", 1), 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "a size of 0");
  is_int(fake_fs_stat("/a").st_size, 0, "... empties the file");
  sftp_wr_u64(setstat(x, "/a", 1), 100);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "a larger size");
  is_int(fake_fs_stat("/a").st_size, 100, "... makes it longer");
  sftp_wr_u32(setstat(x, "/a", 4), 0100000);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "mode 0");
  is_int(fake_fs_stat("/a").st_mode, 0100000, "... is set like any other");

  w = setstat(x, "/a", 0xf);
  sftp_wr_u64(w, 7);
  sftp_wr_u32(w, 5);
  sftp_wr_u32(w, 6);
  sftp_wr_u32(w, 04755);
  sftp_wr_u32(w, 111);
  sftp_wr_u32(w, 0xfffffff0U);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "all at once");
  st = fake_fs_stat("/a");
  ok(st.st_size == 7 && st.st_uid == 5 && st.st_gid == 6 &&
    st.st_mode == 0104755 && st.st_atim.tv_sec == 111 &&
    st.st_mtim.tv_sec == 0xfffffff0LL,
    "... sets all, times beyond 2038 included");
  sftp_wr_u64(setstat(x, "/a", 1), 1ULL << 63);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a size that no file has");
  (void) setstat(x, "/no", 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "SETSTAT of nothing");
  clean(x);
}

static void options_drop_attributes(void) {
  static const struct {
    unsigned long opt;
    unsigned int changed;       /* 1 mode, 2 times, 4 owner */
  } rows[] = {
    { SFTP_OPT_IGNORE_SFTP_SET_PERMS, 2|4 },
    { SFTP_OPT_IGNORE_SFTP_SET_TIMES, 1|4 },
    { SFTP_OPT_IGNORE_SFTP_SET_OWNERS, 1|2 },
    { SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS, 1|2|4 }
  };
  size_t i;

  for (i = 0; i < 2 * SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new(NULL);
    unsigned int changed = 0;
    struct sftp_wr *w;
    struct stat st;

    x->set.opts = rows[i / 2].opt;
    fake_fs_put("/a", "hello", 5, 0644);
    fake_files.deny_effects = (rows[i / 2].opt &
      SFTP_OPT_IGNORE_SFTP_SET_PERMS) != 0 ? SFTP_EFF_MODE : 0;
    if (i % 2 == 0) {
      w = setstat(x, "/a", 0xe);

    } else {
      const char *h = fxc_opened(x, "/a", FXC_READ);

      w = fxc_begin(x, SSH_FXP_FSETSTAT);
      sftp_wr_text(w, h);
      sftp_wr_u32(w, 0xe);
    }

    sftp_wr_u32(w, 5);
    sftp_wr_u32(w, 6);
    sftp_wr_u32(w, 0600);
    sftp_wr_u32(w, 1);
    sftp_wr_u32(w, 2);
    fxc_end(x);
    is_int(fxc_status(x), SSH_FX_OK, "%s with SFTPOptions %lx",
      i % 2 == 0 ? "SETSTAT" : "FSETSTAT", rows[i / 2].opt);
    st = fake_fs_stat("/a");
    changed |= (st.st_mode & 07777) == 0600 ? 1 : 0;
    changed |= st.st_mtim.tv_sec == 2 ? 2 : 0;
    changed |= st.st_uid == 5 ? 4 : 0;
    is_int(changed, rows[i / 2].changed, "... changes what is left");
    clean(x);
  }
}

static void attributes_have_limits_of_their_own(void) {
  struct fxc *x = fxc_new(NULL);

  fake_fs_put("/a", "hello", 5, 0644);
  fake_files.deny_effects = SFTP_EFF_MODE;
  fake_files.refused = "denied by <Limit SITE_CHMOD>";
  sftp_wr_u32(setstat(x, "/a", 4), 0600);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "<Limit SITE_CHMOD> acts");
  is_str(fake_files.last_text,
    "Permission denied: denied by <Limit SITE_CHMOD>", "and says so");
  sftp_wr_u32(setstat(x, "/a", 4), 0644);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "a mode that is the same needs nothing");
  fake_files.deny_effects |= SFTP_EFF_OWNER;
  sftp_wr_u32(setstat(x, "/a", 2), 1000);
  sftp_wr_u32(&x->w, 1000);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "an owner that is the same neither");
  sftp_wr_u32(setstat(x, "/a", 2), 1000);
  sftp_wr_u32(&x->w, 5);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "another group does");
  clean(x);
}

/* A request with one attribute, by name or by handle; 0: size, 1: mode, 2:
 * times, 3: owner.
 */
static uint32_t set_one(struct fxc *x, const char *handle, int what) {
  static const uint32_t flags[] = { 1, 4, 8, 2 };
  struct sftp_wr *w = fxc_begin(x, handle != NULL ? SSH_FXP_FSETSTAT :
    SSH_FXP_SETSTAT);

  sftp_wr_text(w, handle != NULL ? handle : "/a");
  sftp_wr_u32(w, flags[what]);
  if (what == 0) {
    sftp_wr_u64(w, 3);

  } else {
    sftp_wr_u32(w, 0600);
  }

  if (what > 1) {
    sftp_wr_u32(w, 5);
  }

  fxc_end(x);
  return fxc_status(x);
}

static void attributes_that_cannot_be_set(void) {
  static const unsigned int effects[] = { SFTP_EFF_REPLACE, SFTP_EFF_MODE,
    SFTP_EFF_TIME, SFTP_EFF_OWNER };
  static const char *const names[] = { "size", "mode", "times", "owner" };
  struct fxc *x = fxc_new(NULL);
  int i;

  fake_fs_put("/a", "hello", 5, 0644);
  for (i = 0; i < 8; i++) {
    const char *h = i % 2 == 0 ? NULL : fxc_opened(x, "/a", FXC_WRITE);
    struct stat was = fake_fs_stat("/a"), st;

    fake_files.set_errno = EPERM;
    is_int(set_one(x, h, i / 2), SSH_FX_PERMISSION_DENIED,
      "%s, %s: an error of the system", names[i / 2],
      h != NULL ? "FSETSTAT" : "SETSTAT");
    fake_files.set_errno = 0;
    fake_files.deny_effects = effects[i / 2];
    is_int(set_one(x, h, i / 2), SSH_FX_PERMISSION_DENIED, "... a rule");
    fake_files.deny_effects = 0;
    st = fake_fs_stat("/a");
    ok(st.st_size == was.st_size && st.st_mode == was.st_mode &&
      st.st_uid == was.st_uid && st.st_mtime == was.st_mtime,
      "... and nothing has changed");
    if (h != NULL) {
      fxc_handle(x, SSH_FXP_CLOSE, h);
      (void) fxc_status(x);
    }
  }

  is_int(set_one(x, NULL, 0), SSH_FX_OK, "later it can be");
  fake_files.deny_effects = SFTP_EFF_REPLACE;
  is_int(set_one(x, NULL, 0), SSH_FX_OK, "a size that is the same needs "
    "nothing");
  clean(x);
}

static void sizes_above_a_quota(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/a", "hello", 5, 0644);
  h = fxc_opened(x, "/a", FXC_WRITE);
  fake_files.set_refused = "quota";
  fake_files.set_errno = EDQUOT;
  ok(set_one(x, h, 0) != SSH_FX_OK && strstr(fake_files.last_text, "quota")
    != NULL, "the reason is that of the file: %s", fake_files.last_text);
  fake_files.set_refused = "MaxStoreFileSize";
  fake_files.set_errno = EFBIG;
  ok(set_one(x, h, 0) != SSH_FX_OK && strstr(fake_files.last_text,
    "MaxStoreFileSize") != NULL, "... also of a limit: %s",
    fake_files.last_text);
  fake_files.set_refused = "quota";
  fake_files.set_errno = EIO;
  ok(set_one(x, h, 0) != SSH_FX_OK && strstr(fake_files.last_text, "quota")
    == NULL, "... and no other error's: %s", fake_files.last_text);
  clean(x);
}

/* ---- Directories */

struct listed {
  unsigned int n, good;         /* entries, and those of the right form */
  bool eof;
  unsigned int answers;
  size_t longest;
};

static void list(struct fxc *x, const char *handle, struct listed *l) {
  struct fxc_reply r;

  memset(l, 0, sizeof(*l));
  for (;;) {
    uint32_t i, n;

    fxc_handle(x, SSH_FXP_READDIR, handle);
    fxc_send(x);
    if (!fxc_next(x, &r)) {
      return;
    }

    if (r.type != SSH_FXP_NAME) {
      l->eof = r.status == SSH_FX_EOF;
      return;
    }

    l->answers++;
    l->longest = r.in.left > l->longest ? r.in.left : l->longest;
    n = sftp_rd_u32(&r.in);
    for (i = 0; i < n; i++) {
      struct sftp_str name = sftp_rd_string(&r.in);
      struct sftp_str text = sftp_rd_string(&r.in);
      struct v3_attrs a;

      l->n++;
      l->good += read_attrs(&r.in, &a) && name.len > 0 &&
        text.len > name.len && memcmp(text.ptr + text.len - name.len,
        name.ptr, name.len) == 0;
    }

    l->good -= sftp_rd_end(&r.in) != SFTP_OK;
    fake_channel_clear(x->ch);
    x->at = 0;
  }
}

static void folders_are_listed_whole(unsigned int n, const char *software,
    size_t limit) {
  struct fxc *x = fxc_new(software);
  struct listed l;
  const char *h;

  fake_fs_dir("/d");
  fake_fs_fill("/d", "entry-with-a-name-of-some-length-", n);
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  h = fxc_take_handle(x);
  list(x, h, &l);
  is_int(l.n, n + 2, "a directory of %u entries is listed, with . and ..", n);
  is_int(l.good, l.n, "... each with a long form and all attributes");
  ok(l.eof, "... then EOF");
  ok(l.longest <= limit, "... in answers of at most %lu bytes (%lu)",
    (unsigned long) limit, (unsigned long) l.longest);
  ok(n < 1000 || l.longest > limit - 2048, "... which are full");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "the handle closes");
  clean(x);
}

static void hidden_entries_take_turns(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;
  struct listed l;
  const char *h;

  fake_fs_dir("/d");
  fake_fs_fill("/d", "entry", 5);
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  h = fxc_take_handle(x);
  fake_files.hidden = 3;
  x->turns = -1;
  fxc_handle(x, SSH_FXP_READDIR, h);
  fxc_send(x);
  ok(!fxc_next(x, &r), "no entry in the first turn");
  is_int(fake_channel_work(x->ch, 2), 2, "... nor in the next two");
  ok(!fxc_next(x, &r), "... without an answer");
  ok(fake_channel_work(x->ch, 1) == 1 && fxc_next(x, &r) &&
    r.type == SSH_FXP_NAME, "then there is one");
  x->turns = 0;
  fake_channel_clear(x->ch);
  x->at = 0;
  list(x, h, &l);
  is_int(l.n, 6, "... and all the others, with ..");
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "the handle closes");
  clean(x);
}

/* Its name says nothing. */
static void who_asks_for_limits_gets_more(void) {
  struct fxc *x = fxc_new("something");
  struct fxc_reply r;
  struct listed l;

  fake_fs_dir("/d");
  fake_fs_fill("/d", "entry-with-a-name-of-some-length-", 3000);
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  list(x, fxc_take_handle(x), &l);
  ok(l.n == 3002 && l.longest <= 32768, "listings come in small answers");
  sftp_wr_text(fxc_begin(x, SSH_FXP_EXTENDED), "limits@openssh.com");
  fxc_end(x);
  fxc_send(x);
  ok(fxc_next(x, &r) && r.type == SSH_FXP_EXTENDED_REPLY, "until limits are "
    "asked for");
  is_str(fake_note("does"), "asks limits@openssh.com", "... which is noted");
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  list(x, fxc_take_handle(x), &l);
  ok(l.n == 3002 && l.longest > 32768 && l.longest <= 65536,
    "... then in large ones");
  (void) fxc_free(x);
}

static void long_names_fit(void) {
  struct fxc *x = fxc_new(NULL);
  char prefix[252];
  struct listed l;

  memset(prefix, 'n', sizeof(prefix) - 1);
  prefix[sizeof(prefix) - 1] = '\0';
  fake_fs_dir("/d");
  snprintf(prefix + 245, 7, "%s", "prefix");
  fake_fs_fill("/d", "x", 1);
  {
    char path[300];

    snprintf(path, sizeof(path), "/d/%s1234", prefix);
    fake_fs_put(path, "", 0, 0644);
  }

  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  list(x, fxc_take_handle(x), &l);
  ok(l.n == 4 && l.good == 4, "names of 255 bytes fit");
  clean(x);
}

static void the_long_form(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;
  struct sftp_str name, text;

  fake_fs_dir("/d");
  fake_fs_put("/d/file", "12345", 5, 04754);
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  fxc_handle(x, SSH_FXP_READDIR, fxc_take_handle(x));
  fxc_send(x);
  ok(fxc_next(x, &r) && sftp_rd_u32(&r.in) == 3, "three entries");
  {
    unsigned int i;
    struct v3_attrs a;

    for (i = 0; i < 3; i++) {
      name = sftp_rd_string(&r.in);
      text = sftp_rd_string(&r.in);
      (void) read_attrs(&r.in, &a);
    }
  }

  ok(sftp_str_is(name, "file"), "the last is the file");
  /* 1700000000 is 14 November 2023, longer than half a year ago. */
  is_mem(text.ptr, text.len,
    "-rwsr-xr--   1 user     group           5 Nov 14  2023 file", 59,
    "as `ls -l' has it, in GMT and English");
  clean(x);
}

/* The clock that a listing reads. */
static time_t now_is;

time_t time(time_t *at) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_REALTIME, &ts);
  ts.tv_sec = now_is != 0 ? now_is : ts.tv_sec;
  if (at != NULL) {
    *at = ts.tv_sec;
  }

  return ts.tv_sec;
}

/* The date of a file in the long form. */
static void date_is(time_t t, const char *want) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;
  struct fxc_reply r;
  struct sftp_str text;

  fake_fs_dir("/d");
  fake_fs_put("/d/x", "", 0, 0644);
  w = fxc_begin(x, SSH_FXP_SETSTAT);
  sftp_wr_text(w, "/d/x");
  sftp_wr_u32(w, 8);
  sftp_wr_u32(w, 0);
  sftp_wr_u32(w, (uint32_t) t);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_OK, "a file of %ld", (long) t);
  fxc_path(x, SSH_FXP_OPENDIR, "/d");
  fxc_handle(x, SSH_FXP_READDIR, fxc_take_handle(x));
  fxc_send(x);
  ok(fxc_next(x, &r) && sftp_rd_u32(&r.in) == 3, "is listed");
  do {
    struct v3_attrs a;

    (void) sftp_rd_string(&r.in);
    text = sftp_rd_string(&r.in);
    (void) read_attrs(&r.in, &a);
  } while (r.in.left > 0 && text.ptr[text.len - 1] != 'x');

  ok(text.len > 14, "in the long form");
  is_mem(text.ptr + text.len - 14, 12, want, 12, "'%s'", want);
  clean(x);
}

static void dates_are_those_of_ls(void) {
  static const time_t half = 180 * 24 * 60 * 60;

  now_is = 1700000000;
  date_is(now_is, "Nov 14 22:13");
  date_is(now_is - half, "May 18 22:13");
  date_is(now_is - half - 1, "May 18  2023");
  date_is(now_is + half, "May 12 22:13");
  date_is(now_is + half + 1, "May 12  2024");
  date_is(1 << 30, "Jan 10  2004");
  now_is = 0;
}

static void folders_that_cannot_be_read(void) {
  struct fxc *x = fxc_new(NULL);
  const char *h;

  fake_fs_put("/a", "", 0, 0644);
  fxc_path(x, SSH_FXP_OPENDIR, "/no");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "OPENDIR of nothing");
  fxc_path(x, SSH_FXP_OPENDIR, "/a");
  is_int(fxc_status(x), SSH_FX_FAILURE, "OPENDIR of a file");
  fxc_path(x, SSH_FXP_OPENDIR, "/home");
  h = fxc_take_handle(x);
  fake_files.deny[FTPD_READDIR] = true;
  fxc_handle(x, SSH_FXP_READDIR, h);
  is_int(fxc_status(x), SSH_FX_EOF, "a refused READDIR shows nothing");
  fake_files.deny[FTPD_READDIR] = false;
  fake_files.readdir_errno = EIO;
  fxc_handle(x, SSH_FXP_READDIR, h);
  is_int(fxc_status(x), SSH_FX_FAILURE, "an error of the disk is one");
  is_int(fake_files.last_err, EIO, "with its errno in logs");
  fake_files.deny[FTPD_OPENDIR] = true;
  fxc_path(x, SSH_FXP_OPENDIR, "/home");
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "a refused OPENDIR");
  clean(x);
}

static void mkdir_and_rmdir(void) {
  struct fxc *x = fxc_new(NULL);
  struct sftp_wr *w;
  unsigned int i;

  for (i = 0; i < 3; i++) {
    static const char *const paths[] = { "/d1", "/d2", "/d3" };

    x->set.opts = i == 2 ? SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS : 0;
    w = fxc_begin(x, SSH_FXP_MKDIR);
    sftp_wr_text(w, paths[i]);
    sftp_wr_u32(w, i == 0 ? 0 : 4);
    if (i > 0) {
      sftp_wr_u32(w, 040700);
    }

    fxc_end(x);
    is_int(fxc_status(x), SSH_FX_OK, "MKDIR %s", paths[i]);
  }

  is_int(fake_fs_stat("/d1").st_mode & 07777, 0755, "the server's mode");
  is_int(fake_fs_stat("/d2").st_mode & 07777, 0700, "the client's");
  is_int(fake_fs_stat("/d3").st_mode & 07777, 0755, "IgnoreSFTPUploadPerms");
  w = fxc_begin(x, SSH_FXP_MKDIR);
  sftp_wr_text(w, "/d1");
  sftp_wr_u32(w, 0);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "MKDIR of what exists");
  fake_fs_put("/d1/f", "", 0, 0644);
  fxc_path(x, SSH_FXP_RMDIR, "/d1");
  is_int(fxc_status(x), SSH_FX_FAILURE, "RMDIR of a directory with content");
  fxc_path(x, SSH_FXP_RMDIR, "/d1/f");
  is_int(fxc_status(x), SSH_FX_FAILURE, "RMDIR of a file");
  fxc_path(x, SSH_FXP_REMOVE, "/d1");
  is_int(fxc_status(x), SSH_FX_FAILURE, "REMOVE of a directory");
  fxc_path(x, SSH_FXP_REMOVE, "/d1/f");
  is_int(fxc_status(x), SSH_FX_OK, "REMOVE of a file");
  fxc_path(x, SSH_FXP_RMDIR, "/d1");
  is_int(fxc_status(x), SSH_FX_OK, "RMDIR of an empty directory");
  fxc_path(x, SSH_FXP_REMOVE, "/d1");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "REMOVE of nothing");
  clean(x);
}

/* ---- Paths */

static const char *name_of(struct fxc *x) {
  struct fxc_reply r;
  const char *name, *text;

  fxc_send(x);
  if (!fxc_next(x, &r) || r.type != SSH_FXP_NAME ||
      sftp_rd_u32(&r.in) != 1) {
    return NULL;
  }

  name = sftp_rd_text(&r.in, x->pool);
  text = sftp_rd_text(&r.in, x->pool);
  return sftp_rd_u32(&r.in) == 0 && sftp_rd_end(&r.in) == SFTP_OK &&
    strcmp(name, text) == 0 ? name : NULL;
}

static void realpath_answers_what_is_missing(void) {
  static const char *const rows[][2] = {
    { ".", "/home/user" }, { "", "/home/user" }, { "/", "/" },
    { "..", "/home" }, { "new/sub", "/home/user/new/sub" },
    { "/../..", "/" }, { "/no/such", "/no/such" }
  };
  struct fxc *x = fxc_new(NULL);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    fxc_path(x, SSH_FXP_REALPATH, rows[i][0]);
    is_str(name_of(x), rows[i][1], "REALPATH of '%s'", rows[i][0]);
  }

  clean(x);
}

static void two_paths(struct fxc *x, struct sftp_wr *w, const char *a,
    const char *b) {
  sftp_wr_text(w, a);
  sftp_wr_text(w, b);
  fxc_end(x);
}

static void renames(void) {
  struct fxc *x = fxc_new(NULL);
  struct fxc_reply r;

  fake_fs_put("/a", "A", 1, 0644);
  fake_fs_put("/b", "B", 1, 0644);
  two_paths(x, fxc_begin(x, SSH_FXP_RENAME), "/a", "/b");
  fxc_send(x);
  ok(fxc_next(x, &r) && r.status == SSH_FX_FAILURE &&
    sftp_str_is(r.text, "File already exists"),
    "RENAME onto a file: FAILURE, no status that version 3 does not have");
  ok(fake_fs_is("/b", "B", 1), "... and it is as it was");
  is_str(fake_files.last_arg, "/a /b", "the log has both paths");
  two_paths(x, fxc_begin(x, SSH_FXP_RENAME), "/a", "/c");
  is_int(fxc_status(x), SSH_FX_OK, "RENAME to a new name");
  two_paths(x, fxc_begin_ext(x, "posix-rename@openssh.com"), "/c", "/b");
  is_int(fxc_status(x), SSH_FX_OK, "posix-rename onto a file");
  ok(fake_fs_is("/b", "A", 1) && !fake_fs_exists("/c"), "... replaces it");
  two_paths(x, fxc_begin(x, SSH_FXP_RENAME), "/no", "/c");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "RENAME of nothing");
  fake_files.deny[FTPD_RENAME] = true;
  two_paths(x, fxc_begin_ext(x, "posix-rename@openssh.com"), "/b", "/d");
  is_int(fxc_status(x), SSH_FX_PERMISSION_DENIED, "a refused rename");
  clean(x);
}

static void links_by_client(void) {
  static const struct {
    const char *software;
    bool link_first;
  } rows[] = {
    { NULL, false }, { "OpenSSH_9.2p1", false }, { "paramiko_2.12.0", false },
    { "libssh2_1.10.0", false }, { "JSCH-0.1.54", false }, { "Go", false },
    { "libssh_0.10.6", true }, { "libssh-0.5.2", true },
    { "AsyncSSH_2.10.1", true }, { "ssh2js1.11.0", true },
    { "Ruby/Net::SSH_6.1.0", true }, { "phpseclib_3.0", true },
    { "Erlang/4.15.2", true }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct fxc *x = fxc_new(rows[i].software);

    two_paths(x, fxc_begin(x, SSH_FXP_SYMLINK),
      rows[i].link_first ? "/link" : "some/where",
      rows[i].link_first ? "some/where" : "/link");
    is_int(fxc_status(x), SSH_FX_OK, "SYMLINK of %s",
      rows[i].software != NULL ? rows[i].software : "an unnamed client");
    fxc_path(x, SSH_FXP_READLINK, "/link");
    is_str(name_of(x), "some/where", "... makes the link, with its text kept");
    clean(x);
  }
}

static void links_that_fail(void) {
  struct fxc *x = fxc_new(NULL);

  fake_fs_put("/a", "A", 1, 0644);
  two_paths(x, fxc_begin(x, SSH_FXP_SYMLINK), "x", "/a");
  is_int(fxc_status(x), SSH_FX_FAILURE, "SYMLINK onto a file");
  two_paths(x, fxc_begin(x, SSH_FXP_SYMLINK), "", "/l");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "SYMLINK to nothing");
  fxc_path(x, SSH_FXP_READLINK, "/a");
  is_int(fxc_status(x), SSH_FX_FAILURE, "READLINK of a file");
  fxc_path(x, SSH_FXP_READLINK, "/no");
  is_int(fxc_status(x), SSH_FX_NO_SUCH_FILE, "READLINK of nothing");
  two_paths(x, fxc_begin_ext(x, "hardlink@openssh.com"), "/a", "/h");
  is_int(fxc_status(x), SSH_FX_OK, "hardlink");
  is_int(fake_fs_stat("/a").st_nlink, 2, "... makes a second name");
  two_paths(x, fxc_begin_ext(x, "hardlink@openssh.com"), "/a", "/h");
  is_int(fxc_status(x), SSH_FX_FAILURE, "hardlink onto a file");
  clean(x);
}

/* ---- errno to status */

static void no_status_above_8_in_version_3(void) {
  int err, high = 0;

  for (err = 0; err < 200; err++) {
    const char *text = NULL;
    uint32_t status = fxp_status_of(3, err, &text);

    high += status > SSH_FX_OP_UNSUPPORTED || text == NULL ||
      text[0] == '\0' || (err != 0) != (status != SSH_FX_OK);
  }

  is_int(high, 0, "every errno has a status that version 3 has, and a text");
}

int main(void) {
  stats_tell_links_from_targets();
  setstat_sets_each_attribute();
  options_drop_attributes();
  attributes_have_limits_of_their_own();
  attributes_that_cannot_be_set();
  sizes_above_a_quota();
  folders_are_listed_whole(0, NULL, 32768);
  folders_are_listed_whole(3, NULL, 32768);
  folders_are_listed_whole(5000, NULL, 32768);
  folders_are_listed_whole(100000, "OpenSSH_9.2p1", 65536);
  hidden_entries_take_turns();
  who_asks_for_limits_gets_more();
  long_names_fit();
  the_long_form();
  dates_are_those_of_ls();
  folders_that_cannot_be_read();
  mkdir_and_rmdir();
  realpath_answers_what_is_missing();
  renames();
  links_by_client();
  links_that_fail();
  no_status_above_8_in_version_3();
  return done_testing();
}
