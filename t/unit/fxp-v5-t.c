/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP version 5: draft-ietf-secsh-filexfer-05. */

#include "fxp-later.h"

static const struct later rows[] = {
  { SSH_FXP_OPEN, "s/new u6 u1 u0x3bd b1 q5 suser sgroup u0644 q1 u2 q3 u4 q5"
    " u6 u0x20" },
  { SSH_FXP_OPEN, "s/a u1 u2 u0 b1" },
  { SSH_FXP_CLOSE, "D" },
  { SSH_FXP_READ, "F q0 u4" },
  { SSH_FXP_WRITE, "F q0 sdata" },
  { SSH_FXP_LSTAT, "s/link | u0x3fd" },
  { SSH_FXP_FSTAT, "D | u0x3fd" },
  { SSH_FXP_STAT, "s/a | u0x3fd" },
  { SSH_FXP_SETSTAT, "s/a u0x200 b1 u0x20" },
  { SSH_FXP_FSETSTAT, "F u0x130 b1 q1 u2 q3 u4" },
  { SSH_FXP_OPENDIR, "s/d" },
  { SSH_FXP_READDIR, "D" },
  { SSH_FXP_MKDIR, "s/newdir u4 b2 u0700" },
  { SSH_FXP_REALPATH, "s/d/.." },
  { SSH_FXP_RENAME, "s/a s/z | u1" },
  { SSH_FXP_SYMLINK, "sa s/new" },
  { SSH_FXP_EXTENDED, "sposix-rename@openssh.com s/a s/b" }
};

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

/* ---- OPEN */

static const struct {
  unsigned int access, flags;
  const char *path;
  uint32_t status;              /* 5: OK and it can be read, 6: written,
                                 * 7: both */
  enum ftpd_request req;
  const char *after;            /* what is in the file then */
} opened[] = {
  /* dispositions: new, new or truncated, old, old or new, truncated */
  { 2, 0, "/new", 6, FTPD_OPEN_WRITE, "" },
  { 2, 0, "/a", 11, FTPD_OPEN_WRITE, "0123456789" },
  { 2, 1, "/new", 6, FTPD_OPEN_WRITE, "" },
  { 2, 1, "/a", 6, FTPD_OPEN_WRITE, "" },
  { 2, 2, "/new", 2, FTPD_OPEN_WRITE, NULL },
  { 2, 2, "/a", 6, FTPD_OPEN_WRITE, "0123456789" },
  { 2, 3, "/new", 6, FTPD_OPEN_WRITE, "" },
  { 2, 3, "/a", 6, FTPD_OPEN_WRITE, "0123456789" },
  { 2, 4, "/new", 2, FTPD_OPEN_WRITE, NULL },
  { 2, 4, "/a", 6, FTPD_OPEN_WRITE, "" },
  { 2, 5, "/a", 4, FTPD_OPEN_READ, "0123456789" },
  { 2, 7, "/a", 4, FTPD_OPEN_READ, "0123456789" },
  /* what it is opened for */
  { 1, 2, "/a", 5, FTPD_OPEN_READ, "0123456789" },
  { 3, 2, "/a", 7, FTPD_OPEN_WRITE, "0123456789" },
  { 0, 2, "/a", 5, FTPD_OPEN_READ, "0123456789" },
  { 0x80, 2, "/a", 5, FTPD_OPEN_READ, "0123456789" },
  { 0x1f0081, 2, "/a", 5, FTPD_OPEN_READ, "0123456789" },
  { 4, 2, "/a", 6, FTPD_OPEN_APPEND, "0123456789" },
  { 4, 0, "/new", 6, FTPD_OPEN_APPEND, "" },
  { 4, 1, "/a", 6, FTPD_OPEN_WRITE, "" },
  { 6, 10, "/a", 6, FTPD_OPEN_APPEND, "0123456789" },
  { 2, 0x12, "/a", 6, FTPD_OPEN_APPEND, "0123456789" },
  { 1, 0x0a, "/a", 7, FTPD_OPEN_APPEND, "0123456789" },
  /* who only reads and still creates or truncates, writes */
  { 1, 1, "/a", 7, FTPD_OPEN_WRITE, "" },
  { 1, 3, "/new", 7, FTPD_OPEN_WRITE, "" },
  { 1, 4, "/a", 7, FTPD_OPEN_WRITE, "" },
  /* locks */
  { 1, 0x42, "/a", 5, FTPD_OPEN_READ, "0123456789" },
  { 2, 0x81, "/a", 6, FTPD_OPEN_WRITE, "" },
  { 3, 0xc2, "/a", 7, FTPD_OPEN_WRITE, "0123456789" },
  /* what is not served */
  { 8, 2, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 0x12, 2, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 2, 0x104, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 2, 0x302, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 1, 0x202, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 1, 0x402, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 2, 0x801, "/a", 8, FTPD_OPEN_READ, "0123456789" },
  { 2, 0x80000001, "/a", 8, FTPD_OPEN_READ, "0123456789" }
};

static uint32_t how_opened(struct fxc *x, const char *h) {
  char request[64];
  uint32_t can = 4;

  snprintf(request, sizeof(request), "s%s q0 u4", h);
  can += later_status(x, SSH_FXP_READ, request) != SSH_FX_PERMISSION_DENIED;
  snprintf(request, sizeof(request), "s%s q0 s", h);
  can += later_status(x, SSH_FXP_WRITE, request) == SSH_FX_OK ? 2 : 0;
  return can;
}

static void access_and_flags_say_how(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(opened); i++) {
    struct fxc *x = later_new(5);
    char request[64];
    struct fxc_reply r;
    uint32_t got;

    snprintf(request, sizeof(request), "s%s u%u u%u u0 b1", opened[i].path,
      opened[i].access, opened[i].flags);
    memset(fake_files.count, 0, sizeof(fake_files.count));
    ok(later_ask(x, SSH_FXP_OPEN, request, &r), "OPEN of %s, access 0x%x,"
      " flags 0x%x", opened[i].path, opened[i].access, opened[i].flags);
    is_int(fake_files.count[opened[i].req], 1, "... asks the gate for that");
    got = r.type == SSH_FXP_HANDLE ?
      how_opened(x, sftp_rd_text(&r.in, x->pool)) : r.status;
    is_int(got, opened[i].status, "... with this result");
    ok(opened[i].after == NULL ? !fake_fs_exists(opened[i].path) :
      fake_fs_is(opened[i].path, opened[i].after, strlen(opened[i].after)),
      "... and this in the file");
    (void) fxc_free(x);
  }
}

static void the_gate_decides_about_opens(void) {
  struct fxc *x = later_new(5);

  fake_files.deny[FTPD_OPEN_WRITE] = true;
  fake_files.refused = "denied by a rule";
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u1 u0 b1"),
    SSH_FX_PERMISSION_DENIED, "reading with truncation asks as writing");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u2 u2 u0 b1"),
    SSH_FX_PERMISSION_DENIED, "writing");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u2 u0 b1"), 0xffffffffU,
    "reading is another thing");
  clean(x);
}

static void locks_conflict(void) {
  struct fxc *x = later_new(5);

  fake_files.lock_taken = true;
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u0x82 u0 b1"),
    SSH_FX_LOCK_CONFLICT, "what others use cannot be locked");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u2 u0x81 u0 b1"),
    SSH_FX_LOCK_CONFLICT, "... nor truncated with a lock");
  ok(fake_fs_is("/a", "0123456789", 10), "... and stays as it is");
  clean(x);
}

/* ---- RENAME */

static void flags_of_rename_replace(void) {
  static const struct {
    const char *flags;
    uint32_t status;
  } tried[] = {
    { "u0", SSH_FX_FILE_ALREADY_EXISTS }, { "", SSH_FX_FILE_ALREADY_EXISTS },
    { "u1", SSH_FX_OK }, { "u2", SSH_FX_OK }, { "u4", SSH_FX_OK },
    { "u7", SSH_FX_OK }, { "u8", SSH_FX_FILE_ALREADY_EXISTS },
    { "u1 u1", SSH_FX_BAD_MESSAGE }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct fxc *x = later_new(5);
    char request[64];

    snprintf(request, sizeof(request), "s/a s/b %s", tried[i].flags);
    is_int(later_status(x, SSH_FXP_RENAME, request), tried[i].status,
      "RENAME onto a file with flags '%s'", tried[i].flags);
    is_int(fake_fs_exists("/a"), tried[i].status != SSH_FX_OK,
      "... and the old name is there or not");
    clean(x);
  }
}

/* ---- Attributes and errors */

static void bits_are_one_word(void) {
  struct fxc *x = later_new(5);

  ok(later_answers(x, SSH_FXP_STAT, "s/a u0x200", SSH_FXP_ATTRS,
    "u0x200 b1 u0x280"), "bits are told, in one word");
  fake_files.no_extra_attrs = true;
  ok(later_answers(x, SSH_FXP_STAT, "s/a u0x210", SSH_FXP_ATTRS, "u0 b1"),
    "... and not told, like the time of birth, where the system is silent");
  fake_files.no_extra_attrs = false;
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x204 b1 u0600 u1"), 0,
    "bits to set are left");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x204 b1 u0600 u1 u1"), 0,
    "... also in the two words that some send");
  is_int(later_status(x, SSH_FXP_SETSTAT,
    "s/a u0x80000204 b1 u0600 u1 u1 sname svalue"), 0,
    "... which are not looked for before extended attributes");
  is_int(fake_fs_stat("/a").st_mode & 0777, 0600, "the rest is set");
  clean(x);
}

static uint32_t set_pair(struct fxc *x, const char *name, size_t len) {
  char request[4096];

  snprintf(request, sizeof(request), "s/a u0x80000000 b1 u1 s%s s%0*d", name,
    (int) len, 0);
  return later_status(x, SSH_FXP_SETSTAT, request);
}

static uint32_t set_pairs(struct fxc *x, unsigned int n) {
  char request[4096];
  size_t len;

  len = (size_t) snprintf(request, sizeof(request), "s/a u0x80000000 b1 u%u",
    n);
  while (n-- > 0) {
    len += (size_t) snprintf(request + len, sizeof(request) - len, " sk sv");
  }

  return later_status(x, SSH_FXP_SETSTAT, request);
}

static void pairs_are_extended_attributes(void) {
  struct fxc *x = later_new(5);

  is_int(set_pair(x, "system.x", 9), 0, "pairs are ignored by default");
  is_int(set_pair(x, "system.x", 1024), 0, "... up to this length");
  ok(set_pair(x, "system.x", 1025) != 0, "... and refused beyond it");
  is_int(set_pairs(x, 100), 0, "100 pairs are taken");
  ok(set_pairs(x, 101) != 0, "... and no more");
  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  is_int(set_pair(x, "system.x", 9), SSH_FX_PERMISSION_DENIED,
    "what is not the user's is refused where attributes are served");
  clean(x);
}

/* Whether a new file that comes with an attribute has it. */
static bool keeps_pair(const char *file, bool served) {
  struct fxc *x = later_new(5);
  unsigned long on = sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  struct fxc_reply r;
  char request[128];
  uint32_t status;

  x->set.extensions = served ? x->set.extensions|on : x->set.extensions & ~on;
  snprintf(request, sizeof(request), "s%s u2 u0 u0x80000000 b1 u1 suser.k sv",
    file);
  ok(later_ask(x, SSH_FXP_OPEN, request, &r) && r.type == SSH_FXP_HANDLE,
    "%s is opened", file);
  x->set.extensions |= on;
  snprintf(request, sizeof(request), "sgetxattr@proftpd.org s%s suser.k u9",
    file);
  status = later_status(x, SSH_FXP_EXTENDED, request);
  clean(x);
  return status != SSH_FX_NO_SUCH_FILE;
}

static void new_files_take_pairs(void) {
  ok(keeps_pair("/new", true), "... with its attribute");
  ok(!keeps_pair("/other", false), "... without, where none are served");
}

static void special_files_have_types(void) {
  struct fxp_attrs a;
  struct sftp_wr w;
  unsigned char bytes[64];
  static const struct {
    mode_t mode;
    uint8_t v4, v5;
  } types[] = {
    { S_IFREG, 1, 1 }, { S_IFDIR, 2, 2 }, { S_IFLNK, 3, 3 },
    { S_IFSOCK, 4, 6 }, { S_IFCHR, 4, 7 }, { S_IFBLK, 4, 8 },
    { S_IFIFO, 4, 9 }, { 0, 5, 5 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    memset(&a, 0, sizeof(a));
    a.perms = types[i].mode;
    sftp_wr_init_fixed(&w, bytes, sizeof(bytes));
    fxp_attrs_write(&w, 4, &a);
    fxp_attrs_write(&w, 5, &a);
    ok(w.len == 10 && bytes[4] == types[i].v4 && bytes[9] == types[i].v5,
      "mode 0%o is type %u and %u", (unsigned int) types[i].mode,
      types[i].v4, types[i].v5);
  }
}

static void errors_are_those_of_version_5(void) {
  struct fxc *x = later_new(5);

  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 snobody sgroup"),
    SSH_FX_UNKNOWN_PRINCIPAL, "an owner that is nobody");
  fake_files.write_errno = ENOSPC;
  is_int(later_status(x, SSH_FXP_WRITE, "F q0 sx"),
    SSH_FX_NO_SPACE_ON_FILESYSTEM, "no space");
  fake_files.write_errno = EDQUOT;
  is_int(later_status(x, SSH_FXP_WRITE, "F q0 sx"), SSH_FX_QUOTA_EXCEEDED,
    "no quota");
  is_int(later_status(x, SSH_FXP_RMDIR, "s/d"), SSH_FX_FAILURE,
    "what has no code yet is a failure");
  is_int(later_status(x, SSH_FXP_WRITE, "F q0x8000000000000000 sx"),
    SSH_FX_FAILURE, "an offset beyond all files");
  clean(x);
}

static bool has_name(struct sftp_str list, const char *name) {
  struct sftp_rd r;

  sftp_rd_init_str(&r, list);
  while (r.left > 0 && sftp_rd_ok(&r) == SFTP_OK) {
    if (sftp_str_is(sftp_rd_string(&r), name)) {
      return true;
    }
  }

  return false;
}

static void version_says_what_is_supported(void) {
  struct fxc *x = fxc_new_raw(NULL);
  struct sftp_str name, value, left;
  struct fxc_reply r;
  struct sftp_rd s;

  fxc_init(x, 5);
  ok(fxc_next(x, &r) && r.type == SSH_FXP_VERSION && r.id == 5, "VERSION");
  name = sftp_rd_string(&r.in);
  value = sftp_rd_string(&r.in);
  ok(sftp_str_is(name, "versions") && sftp_str_is(value, "2,3,4,5,6"),
    "versions comes first");
  name = sftp_rd_string(&r.in);
  value = sftp_rd_string(&r.in);
  ok(sftp_str_is(name, "newline") && sftp_str_is(value, "\n"), "newline");
  name = sftp_rd_string(&r.in);
  value = sftp_rd_string(&r.in);
  ok(sftp_str_is(name, "supported"), "supported");
  sftp_rd_init_str(&s, value);
  is_int(sftp_rd_u32(&s), 0x3fd, "... attributes");
  is_int(sftp_rd_u32(&s), 0x3e0, "... attribute bits");
  is_int(sftp_rd_u32(&s), 0xff, "... flags of OPEN, locks among them");
  is_int(sftp_rd_u32(&s), 0x1f01e7, "... access");
  is_int(sftp_rd_u32(&s), FXP_DATA_MAX, "... largest READ");
  left = sftp_rd_rest(&s);
  ok(has_name(left, "text-seek") && has_name(left, "version-select") &&
    !has_name(left, "xattr@proftpd.org"),
    "... names of extensions up to the end");
  clean(x);
}

int main(void) {
  static const uint8_t others[] = { SSH_FXP_LINK, SSH_FXP_BLOCK,
    SSH_FXP_UNBLOCK };

  later_good_ones_work(5, rows, SFTP_NELEMS(rows));
  later_cut_ones_are_refused(5, rows, SFTP_NELEMS(rows));
  later_flipped_ones_are_answered(5, rows, SFTP_NELEMS(rows));
  later_others_are_unknown(5, others, SFTP_NELEMS(others));
  access_and_flags_say_how();
  the_gate_decides_about_opens();
  locks_conflict();
  flags_of_rename_replace();
  bits_are_one_word();
  pairs_are_extended_attributes();
  new_files_take_pairs();
  special_files_have_types();
  errors_are_those_of_version_5();
  version_says_what_is_supported();
  return done_testing();
}
