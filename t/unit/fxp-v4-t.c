/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP version 4: draft-ietf-secsh-filexfer-04; and what 1 and 2 lack. */

#include "effects.h"
#include "fxp-later.h"

static const struct later rows[] = {
  { SSH_FXP_OPEN, "s/new u0x1a u0x1bd b1 q5 suser sgroup u0644 q1 u2 q3 u4 q5"
    " u6" },
  { SSH_FXP_OPEN, "s/a u0x41 u0 b1" },
  { SSH_FXP_CLOSE, "F" },
  { SSH_FXP_READ, "F q0 u4" },
  { SSH_FXP_WRITE, "F q0 sdata" },
  { SSH_FXP_LSTAT, "s/link | u0x1fd" },
  { SSH_FXP_FSTAT, "F | u1" },
  { SSH_FXP_STAT, "s/a | u0x1fd" },
  { SSH_FXP_SETSTAT, "s/a u0xad b1 q3 suser sgroup u0600 q1 q2" },
  { SSH_FXP_FSETSTAT, "F u0x130 b1 q1 u2 q3 u4" },
  { SSH_FXP_SETSTAT, "s/a u0x80000000 b1 u1 sname svalue" },
  { SSH_FXP_OPENDIR, "s/d" },
  { SSH_FXP_READDIR, "D" },
  { SSH_FXP_REMOVE, "s/b" },
  { SSH_FXP_MKDIR, "s/newdir u4 b2 u0700" },
  { SSH_FXP_RMDIR, "s/empty" },
  { SSH_FXP_REALPATH, "s/d/.." },
  { SSH_FXP_RENAME, "s/a s/z" },
  { SSH_FXP_READLINK, "s/link" },
  { SSH_FXP_SYMLINK, "sa s/new" },
  { SSH_FXP_EXTENDED, "sfilename-translation-control b0" }
};

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

/* ---- Attributes */

static void attributes_are_as_asked(void) {
  static const struct {
    const char *flags, *answer;
  } asked[] = {
    { "u1", "u1 b1 q10" },
    { "u4", "u4 b1 u0644" },
    { "u8", "u8 b1 q1700000000" },
    { "u0x10", "u0x10 b1 q1600000000" },
    { "u0x20", "u0x20 b1 q1700000000" },
    { "u0x80", "u0x80 b1 suser sgroup" },
    { "u0x100", "u0 b1" },
    { "u0x120", "u0x120 b1 q1700000000 u0" },
    { "u0x110", "u0x110 b1 q1600000000 u5" },
    { "u0x40", "u0 b1" },       /* there is no ACL */
    { "u0xfffffe00", "u0 b1" }, /* later ones are unknown */
    { "u0", "u0x1ad b1 q10 suser sgroup u0644 q1700000000 u0 q1700000000 u0" },
    { "", "u0x1ad b1 q10 suser sgroup u0644 q1700000000 u0 q1700000000 u0" }
  };
  struct fxc *x = later_new(4);
  char request[64];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(asked); i++) {
    snprintf(request, sizeof(request), "s/a %s", asked[i].flags);
    ok(later_answers(x, SSH_FXP_STAT, request, SSH_FXP_ATTRS,
      asked[i].answer), "STAT with '%s'", asked[i].flags);
    snprintf(request, sizeof(request), "F %s", asked[i].flags);
    ok(later_answers(x, SSH_FXP_FSTAT, request, SSH_FXP_ATTRS,
      asked[i].answer), "FSTAT with '%s'", asked[i].flags);
  }

  ok(later_answers(x, SSH_FXP_LSTAT, "s/link u4", SSH_FXP_ATTRS,
    "u4 b3 u0777"), "a link's type");
  ok(later_answers(x, SSH_FXP_STAT, "s/d u4", SSH_FXP_ATTRS, "u4 b2 u0755"),
    "a directory's type");
  clean(x);
}

static void times_are_included_when_told(void) {
  struct fxc *x = later_new(4);

  x->set.opts = SFTP_OPT_INCLUDE_SFTP_TIMES;
  ok(later_answers(x, SSH_FXP_STAT, "s/a u1", SSH_FXP_ATTRS,
    "u0x29 b1 q10 q1700000000 q1700000000"), "IncludeSFTPTimes adds times");
  clean(x);
}

static void attributes_are_set_one_by_one(void) {
  struct fxc *x = later_new(4);
  struct stat st;

  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x120 b1 q123 u456"), 0,
    "a modification time alone");
  st = fake_fs_stat("/a");
  ok(st.st_mtim.tv_sec == 123 && st.st_mtim.tv_nsec == 456 &&
    st.st_atim.tv_sec == 1700000000, "... is all that changes");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u8 b1 q77"), 0,
    "an access time alone");
  st = fake_fs_stat("/a");
  ok(st.st_mtim.tv_sec == 123 && st.st_atim.tv_sec == 77,
    "... is all that changes");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x28 b1 q-5 q6"), 0,
    "before 1970");
  is_int(fake_fs_stat("/a").st_atim.tv_sec, -5, "... is a time, too");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x120 b1 q1 u1000000000"),
    SSH_FX_BAD_MESSAGE, "more nanoseconds than a second has");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x120 b1 q1 u0x3fffffff"),
    SSH_FX_BAD_MESSAGE, "... also those that mean \"now\" to the system");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x10 b1 q1"), 0,
    "what cannot be set is left");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0 b0"), 0, "nothing at all");
  clean(x);
}

/* Programs that read no names: Erlang's ssh_sftp. */
static void owners_are_numbers_where_wanted(void) {
  struct fxc *x = later_new(4);

  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 s12 s13"), 0,
    "an owner of its own");
  x->set.client.owner_numbers = true;
  ok(later_answers(x, SSH_FXP_STAT, "s/a u0x80", SSH_FXP_ATTRS,
    "u0x80 b1 s12 s13"), "owner and group in digits");
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 s1000 s1000"), 0,
    "those of a user that has a name");
  ok(later_answers(x, SSH_FXP_STAT, "s/a u0x80", SSH_FXP_ATTRS,
    "u0x80 b1 s1000 s1000"), "... are told in digits, too");
  clean(x);
}

static void owners_have_names(void) {
  static const struct {
    const char *names;
    uint32_t status;
    uid_t uid;
    gid_t gid;
  } tried[] = {
    { "suser sgroup", SSH_FX_OK, 1000, 1000 },
    { "s s", SSH_FX_OK, 7, 7 },
    { "suser s", SSH_FX_OK, 1000, 7 },
    { "s sgroup", SSH_FX_OK, 7, 1000 },
    { "suser@example.com sgroup@x", SSH_FX_OK, 1000, 1000 },
    { "s12 s13", SSH_FX_OK, 12, 13 },
    { "s0000000012 s0000000013", SSH_FX_OK, 12, 13 },
    { "s00000000012 s13", SSH_FX_FAILURE, 7, 7 },
    { "s12 s00000000013", SSH_FX_FAILURE, 7, 7 },
    { "snobody sgroup", SSH_FX_FAILURE, 7, 7 },
    { "suser snogroup", SSH_FX_FAILURE, 7, 7 },
    { "s4294967295 s1", SSH_FX_FAILURE, 7, 7 },
    { "s99999999999 s1", SSH_FX_FAILURE, 7, 7 },
    { "s@ s@", SSH_FX_FAILURE, 7, 7 },
    { "x7500 sgroup", SSH_FX_BAD_MESSAGE, 7, 7 },
    { "x750a sgroup", SSH_FX_BAD_MESSAGE, 7, 7 },
    { "x757365720000 sgroup", SSH_FX_BAD_MESSAGE, 7, 7 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct fxc *x = later_new(4);
    char request[128];
    struct stat st;

    is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 s7 s7"), 0,
      "an owner that is a number");
    snprintf(request, sizeof(request), "s/a u0x84 b1 %s u0600",
      tried[i].names);
    is_int(later_status(x, SSH_FXP_SETSTAT, request), tried[i].status,
      "owner and group %s", tried[i].names);
    st = fake_fs_stat("/a");
    ok(st.st_uid == tried[i].uid && st.st_gid == tried[i].gid,
      "... are %lu and %lu then", (unsigned long) st.st_uid,
      (unsigned long) st.st_gid);
    is_int(st.st_mode & 0777, tried[i].status == SSH_FX_OK ? 0600 : 0644,
      "... and the mode changes only if they do");
    (void) fxc_free(x);
  }
}

static void names_of_owners_are_bounded(void) {
  static const struct {
    size_t len;
    uint32_t status;
  } tried[] = { { 256, SSH_FX_FAILURE }, { 257, SSH_FX_BAD_MESSAGE } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct fxc *x = later_new(4);
    char name[300], request[400];

    memset(name, 'n', tried[i].len);
    name[tried[i].len] = '\0';
    snprintf(request, sizeof(request), "s/a u0x80 b1 s%s sgroup", name);
    is_int(later_status(x, SSH_FXP_SETSTAT, request), tried[i].status,
      "an owner whose name has %lu bytes", (unsigned long) tried[i].len);
    (void) fxc_free(x);
  }
}

static void names_are_not_looked_up_before_permission(void) {
  struct fxc *x = later_new(4);

  fake_files.deny[FTPD_SETSTAT] = true;
  is_int(later_status(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 snobody sgroup"),
    SSH_FX_PERMISSION_DENIED, "a refusal comes before unknown names");
  clean(x);
}

/* ---- ACLs */

#define ACE(mask, who) " u0 u0 u" mask " s" who
#define GROUP_ACE(mask, who) " u0 u0x40 u" mask " s" who

static void acls_are_told_and_set(void) {
  static const unsigned char posix[] = {
    2, 0, 0, 0,
    1, 0, 6, 0, 255, 255, 255, 255,     /* user::rw- */
    2, 0, 7, 0, 0xe8, 3, 0, 0,          /* user:1000:rwx */
    4, 0, 4, 0, 255, 255, 255, 255,     /* group::r-- */
    8, 0, 5, 0, 0xe8, 3, 0, 0,          /* group:1000:r-x */
    16, 0, 6, 0, 255, 255, 255, 255,    /* mask::rw- */
    32, 0, 0, 0, 255, 255, 255, 255     /* other::--- */
  };
  struct fxc *x = later_new(4);
  struct fxc_reply r;
  struct sftp_rd acl;
  uint32_t n;

  memcpy(fake_files.acl, posix, sizeof(posix));
  fake_files.acl_len = sizeof(posix);
  ok(later_ask(x, SSH_FXP_STAT, "s/a u0x40", &r) &&
    sftp_rd_u32(&r.in) == 0x40 && sftp_rd_u8(&r.in) == 1,
    "the ACL is told when asked for");
  sftp_rd_init_str(&acl, sftp_rd_string(&r.in));
  ok(sftp_rd_end(&r.in) == SFTP_OK, "... and nothing else");
  n = sftp_rd_u32(&acl);
  is_int(n, 5, "the mask is no entry");
  (void) sftp_rd_u64(&acl);
  is_int(sftp_rd_u32(&acl), 0x20087, "the owner reads and writes");
  ok(sftp_str_is(sftp_rd_string(&acl), "OWNER@"), "... as OWNER@");
  (void) sftp_rd_u64(&acl);
  is_int(sftp_rd_u32(&acl), 0x20087, "the user has what the mask leaves");
  ok(sftp_str_is(sftp_rd_string(&acl), "user"), "... by name");

  if (later_ask(x, SSH_FXP_STAT, "s/a u0x40", &r)) {
    struct sftp_str told = sftp_str_copy(x->pool, sftp_rd_rest(&r.in));
    struct sftp_wr *w = fxc_begin(x, SSH_FXP_SETSTAT);

    sftp_wr_text(w, "/a");
    sftp_wr_bytes(w, told.ptr, told.len);
    fxc_end(x);
  }

  is_int(fxc_status(x), SSH_FX_OK, "what was told can be sent back");
  is_mem(fake_files.acl, fake_files.acl_len, posix, sizeof(posix),
    "... and leaves what the mask hides");
  clean(x);
}

/* Sends the request with that ACL, and gives the status. */
/* Version 2, and entries of 8 bytes. */
static void damaged_acls_are_not_told(void) {
  static const struct { size_t len; unsigned char first; bool told; } t[] = {
    { 4, 2, true }, { 12, 2, true }, { 3, 2, false }, { 11, 2, false },
    { 13, 2, false }, { 12, 1, false }, { 12, 3, false }, { 0, 2, false } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct fxc *x = later_new(4);
    struct fxc_reply r;

    memset(fake_files.acl, 0, 16);
    fake_files.acl[0] = t[i].first;
    fake_files.acl_len = t[i].len;
    ok(later_ask(x, SSH_FXP_STAT, "s/a u0x40", &r) &&
      r.type == SSH_FXP_ATTRS && (sftp_rd_u32(&r.in) == 0x40) == t[i].told,
      "an ACL of %lu bytes, version %u", (unsigned long) t[i].len,
      t[i].first);
    fake_files.acl_len = 0;
    clean(x);
  }
}

static uint32_t set_acl_by(struct fxc *x, uint8_t type, const char *path,
    const char *aces) {
  char request[4096], hex[2048];
  struct sftp_wr w;
  const char *p = aces;
  size_t i, n = 0;
  unsigned char bytes[1024];

  /* The ACL is a string within the message. */
  sftp_wr_init_fixed(&w, bytes, sizeof(bytes));
  while (*p != '\0') {
    size_t len = strcspn(p, " ");

    if (p[0] == 'u') {
      sftp_wr_u32(&w, (uint32_t) strtoul(p + 1, NULL, 0));

    } else if (p[0] == 's') {
      sftp_wr_string(&w, p + 1, len - 1);
    }

    p += len;
    p += strspn(p, " ");
  }

  for (i = 0; i < w.len; i++) {
    n += (size_t) snprintf(hex + n, sizeof(hex) - n, "%02x", bytes[i]);
  }

  hex[n] = '\0';
  snprintf(request, sizeof(request), "%s u0x40 b1 x%s", path, hex);
  return later_status(x, type, request);
}

static uint32_t set_acl(struct fxc *x, const char *aces) {
  return set_acl_by(x, SSH_FXP_SETSTAT, "s/a", aces);
}

/* 260 bytes, more than a name has. */
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG_NAME HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN

static void acls_of_everybody(void) {
  static const unsigned char wanted[] = {
    2, 0, 0, 0,
    1, 0, 6, 0, 255, 255, 255, 255,
    4, 0, 4, 0, 255, 255, 255, 255,
    32, 0, 1, 0, 255, 255, 255, 255
  };
  struct fxc *x = later_new(4);

  is_int(set_acl(x, "u3" ACE("3", "OWNER@") ACE("1", "GROUP@") ACE("0x20",
    "EVERYONE@")), SSH_FX_OK, "an ACL of owner, group and others");
  is_mem(fake_files.acl, fake_files.acl_len, wanted, sizeof(wanted),
    "... has no mask");
  clean(x);
}

static void acls_become_posix(void) {
  static const unsigned char wanted[] = {
    2, 0, 0, 0,
    1, 0, 6, 0, 255, 255, 255, 255,
    2, 0, 3, 0, 0xe8, 3, 0, 0,
    4, 0, 4, 0, 255, 255, 255, 255,
    8, 0, 5, 0, 9, 0, 0, 0,
    16, 0, 7, 0, 255, 255, 255, 255,
    32, 0, 4, 0, 255, 255, 255, 255
  };
  static const struct {
    const char *aces;
    uint32_t status;
  } wrong[] = {
    { "", SSH_FX_FAILURE }, { "u1", SSH_FX_FAILURE },
    { "u0xffffffff", SSH_FX_FAILURE }, { "u0 u0", SSH_FX_FAILURE },
    { "u1 u1 u0 u1 sOWNER@", SSH_FX_OP_UNSUPPORTED },
    { "u1 u0 u0 u1 snobody", SSH_FX_FAILURE },
    { "u2 u0 u0 u1 sOWNER@", SSH_FX_FAILURE },
    { "u2 u0 u0 u1 suser", SSH_FX_FAILURE },
    { "u2" ACE("1", "user") " u1 u0 u1 suser", SSH_FX_OP_UNSUPPORTED },
    { "u2" ACE("1", "user") ACE("1", "us\033er"), SSH_FX_FAILURE },
    { "u2" ACE("1", "user") ACE("1", LONG_NAME), SSH_FX_FAILURE }
  };
  struct fxc *x = later_new(4);
  uint32_t status;
  size_t i;

  status = set_acl(x, "u4" GROUP_ACE("0x21", "9") ACE("3", "OWNER@")
    ACE("2", "user") ACE("0x20", "user"));
  is_int(status, SSH_FX_OK, "an ACL in any order is set");
  is_mem(fake_files.acl, fake_files.acl_len, wanted, sizeof(wanted),
    "sorted, added up, with mask, and the mode's where it is silent");
  for (i = 0; i < SFTP_NELEMS(wrong); i++) {
    fake_files.acl_len = fake_files.lookups = 0;
    status = set_acl(x, wrong[i].aces);
    is_int(status, wrong[i].status, "ACL %s is refused", wrong[i].aces);
    ok(status != SSH_FX_OP_UNSUPPORTED ||
      strstr(fake_files.last_text, "an entry denies") != NULL,
      "... with these words: %s", fake_files.last_text);
    is_int(fake_files.acl_len, 0, "... and nothing is set");
    ok(fake_files.lookups == 0 || strstr(wrong[i].aces, "nobody") != NULL,
      "... nor is anybody looked up");
  }

  fake_files.acl_len = 0;
  status = set_acl_by(x, SSH_FXP_EXTENDED, "slsetstat@openssh.com s/link",
    "u1" ACE("1", "OWNER@"));
  is_int(status, SSH_FX_OP_UNSUPPORTED, "a link has no ACL");
  is_int(fake_files.acl_len, 0, "... and its target's is left alone");
  status = set_acl_by(x, SSH_FXP_EXTENDED, "slsetstat@openssh.com s/a",
    "u1" ACE("1", "OWNER@"));
  is_int(status, SSH_FX_OK, "lsetstat of a file sets the file's");
  ok(fake_files.acl_len > 0, "... indeed");
  fake_files.deny_effects = SFTP_EFF_MODE;
  status = set_acl(x, "u0");
  is_int(status, SSH_FX_PERMISSION_DENIED, "the gate is asked as for modes");
  fake_files.deny_effects = 0;
  fake_files.no_acl = true;
  status = set_acl(x, "u0");
  is_int(status, SSH_FX_OP_UNSUPPORTED, "a file system without ACLs");
  x->set.opts = SFTP_OPT_IGNORE_SFTP_SET_PERMS;
  status = set_acl(x, "u0");
  is_int(status, SSH_FX_OK, "IgnoreSFTPSetPerms leaves them out");
  clean(x);
}

static void too_many_aces_are_refused(void) {
  struct fxc *x = later_new(4);
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_SETSTAT);
  size_t mark;
  uint32_t i;

  sftp_wr_text(w, "/a");
  sftp_wr_u32(w, 0x40);
  sftp_wr_u8(w, 1);
  mark = sftp_wr_begin(w);
  sftp_wr_u32(w, 1000);
  for (i = 0; i < 1000; i++) {
    char name[16];

    sftp_wr_u64(w, 0);
    sftp_wr_u32(w, 1);
    snprintf(name, sizeof(name), "%lu", (unsigned long) i);
    sftp_wr_text(w, name);
  }

  sftp_wr_finish(w, mark);
  fxc_end(x);
  is_int(fxc_status(x), SSH_FX_FAILURE, "a thousand entries are too many");
  clean(x);
}

/* ---- Listings, names, errors */

static void listings_have_no_long_names(void) {
  struct fxc *x = later_new(4);

  ok(later_answers(x, SSH_FXP_READDIR, "D", SSH_FXP_NAME, "u3"
    " s. u0x1ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0"
    " s.. u0x1ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0"
    " se u0x1ad b1 q0 suser sgroup u0644 q1700000000 u0 q1700000000 u0"),
    "READDIR: names and attributes");
  is_int(later_status(x, SSH_FXP_READDIR, "D"), SSH_FX_EOF, "then the end");
  ok(later_answers(x, SSH_FXP_REALPATH, "s/d/../x", SSH_FXP_NAME,
    "u1 s/x u0 b5"), "REALPATH: one name of unknown type");
  ok(later_answers(x, SSH_FXP_READLINK, "s/link", SSH_FXP_NAME,
    "u1 s/a u0 b5"), "READLINK likewise");
  clean(x);
}

static void errors_are_those_of_version_4(void) {
  struct fxc *x = later_new(4);

  is_int(later_status(x, SSH_FXP_RENAME, "s/a s/b"),
    SSH_FX_FILE_ALREADY_EXISTS, "RENAME onto a file");
  is_int(later_status(x, SSH_FXP_RENAME, "s/a s/b u1"), SSH_FX_BAD_MESSAGE,
    "... with flags of version 5");
  is_int(later_status(x, SSH_FXP_MKDIR, "s/d u0 b2"),
    SSH_FX_FILE_ALREADY_EXISTS, "MKDIR of what is there");
  is_int(later_status(x, SSH_FXP_RMDIR, "s/d"), SSH_FX_FAILURE,
    "RMDIR of what is not empty");
  is_int(later_status(x, SSH_FXP_READ, "s0123456789abcdef q0 u1"),
    SSH_FX_INVALID_HANDLE, "READ with no handle");
  is_int(later_status(x, SSH_FXP_WRITE, "s0123456789abcdef q0 sx"),
    SSH_FX_INVALID_HANDLE, "WRITE with no handle");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u2 u0 b1"), SSH_FX_BAD_MESSAGE,
    "OPEN as in version 5");
  is_int(later_status(x, SSH_FXP_REALPATH, "s/a b1"), SSH_FX_BAD_MESSAGE,
    "REALPATH as in version 6");
  clean(x);
}

static void text_ignores_offsets(void) {
  struct fxc *x = later_new(4);
  struct fxc_reply r;
  const char *h;
  char request[64];

  later_send(x, SSH_FXP_OPEN, "s/a u0x43 u0 b1");
  h = fxc_next(x, &r) ? sftp_rd_text(&r.in, x->pool) : "";
  snprintf(request, sizeof(request), "s%s q7 u4", h);
  ok(later_answers(x, SSH_FXP_READ, request, SSH_FXP_DATA, "s0123"),
    "text is read from its beginning");
  ok(later_answers(x, SSH_FXP_READ, request, SSH_FXP_DATA, "s4567"),
    "... and on");
  snprintf(request, sizeof(request), "s%s q700 sAB", h);
  is_int(later_status(x, SSH_FXP_WRITE, request), 0, "and written likewise");
  is_int(later_status(x, SSH_FXP_WRITE, request), 0, "... twice");
  ok(fake_fs_is("/a", "ABAB456789", 10), "... one behind the other");
  snprintf(request, sizeof(request), "stext-seek s%s q1", h);
  is_int(later_status(x, SSH_FXP_EXTENDED, request), SSH_FX_EOF,
    "text-seek beyond the last line");
  snprintf(request, sizeof(request), "stext-seek s%s q0", h);
  is_int(later_status(x, SSH_FXP_EXTENDED, request), SSH_FX_OK,
    "text-seek to the first line");
  snprintf(request, sizeof(request), "s%s q7 u4", h);
  ok(later_answers(x, SSH_FXP_READ, request, SSH_FXP_DATA, "sABAB"),
    "... which is read again");
  is_int(later_status(x, SSH_FXP_EXTENDED, "stext-seek F q0"),
    SSH_FX_FAILURE, "text-seek in what is no text");
  clean(x);
}

static void far_lines_take_turns(void) {
  static const size_t size = 20 * 1024 * 1024, end = 19 * 1024 * 1024 + 7;
  struct fxc *x = later_new(4);
  struct fxc_reply r;
  char request[64], handle[32] = "", *text = malloc(size);

  memset(text, 'a', size);
  text[100] = text[end] = '\n';
  text[end + 1] = 'b';
  fake_fs_put("/far", text, size, 0644);
  free(text);
  later_send(x, SSH_FXP_OPEN, "s/far u0x41 u0 b1");
  if (fxc_next(x, &r)) {
    snprintf(handle, sizeof(handle), "%s", sftp_rd_text(&r.in, x->pool));
  }

  x->turns = -1;
  snprintf(request, sizeof(request), "stext-seek s%s q2", handle);
  later_send(x, SSH_FXP_EXTENDED, request);
  ok(!fxc_next(x, &r), "text-seek of a line that is far away pauses");
  ok(fake_channel_work(x->ch, 100) >= 2 && fxc_next(x, &r) &&
    r.status == SSH_FX_OK, "... and finds it");
  x->turns = 0;
  snprintf(request, sizeof(request), "s%s q0 u3", handle);
  ok(later_answers(x, SSH_FXP_READ, request, SSH_FXP_DATA, "sbaa"),
    "... where the next READ begins");
  clean(x);
}

static void names_are_converted(void) {
  struct fxc *x = fxc_new_raw(NULL);

  fake_files.charset = "X";
  fake_fs_put("/bAr", "1", 1, 0644);
  fake_fs_put("/z", "22", 2, 0644);
  fxc_init(x, 4);
  fake_channel_clear(x->ch);
  ok(later_answers(x, SSH_FXP_STAT, "s/bar u1", SSH_FXP_ATTRS, "u1 b1 q1"),
    "a name is converted");
  ok(later_answers(x, SSH_FXP_STAT, "s/z u1", SSH_FXP_ATTRS, "u1 b1 q2"),
    "... unless that cannot be done");
  ok(later_answers(x, SSH_FXP_REALPATH, "s/bar", SSH_FXP_NAME,
    "u1 s/bar u0 b5"), "and back");
  is_int(later_status(x, SSH_FXP_SYMLINK, "sbar s/sym"), 0,
    "the text of links");
  ok(later_answers(x, SSH_FXP_READLINK, "s/sym", SSH_FXP_NAME,
    "u1 sbar u0 b5"), "... in both directions");
  is_int(later_status(x, SSH_FXP_EXTENDED,
    "sfilename-translation-control b0"), 0, "conversion can be turned off");
  is_int(later_status(x, SSH_FXP_STAT, "s/bar u1"), SSH_FX_NO_SUCH_FILE,
    "... and is off then");
  clean(x);
}

static void early_versions_convert_nothing(void) {
  struct fxc *x = fxc_new_raw(NULL);

  fake_files.charset = "X";
  fake_fs_put("/bAr", "1", 1, 0644);
  fxc_init(x, 3);
  fake_channel_clear(x->ch);
  is_int(later_status(x, SSH_FXP_STAT, "s/bar"), SSH_FX_NO_SUCH_FILE,
    "version 3 has names as they are");
  clean(x);
  x = fxc_new_raw(NULL);
  fake_files.charset = "X";
  x->set.sftp.utf8_version = 3;
  fake_fs_put("/bAr", "1", 1, 0644);
  fxc_init(x, 3);
  fake_channel_clear(x->ch);
  ok(later_answers(x, SSH_FXP_REALPATH, "s/bar", SSH_FXP_NAME,
    "u1 s/bar s/bar u0"), "... unless sftpUTF8ProtocolVersion says so");
  clean(x);
}

/* ---- version-select */

static void versions_are_selected_first(void) {
  static const struct {
    const char *text;
    uint32_t status;
    unsigned int version;
  } tried[] = {
    { "s1", SSH_FX_OK, 1 }, { "s3", SSH_FX_OK, 3 }, { "s6", SSH_FX_OK, 6 },
    { "s0", SSH_FX_FAILURE, 3 }, { "s7", SSH_FX_FAILURE, 3 },
    { "s", SSH_FX_FAILURE, 3 }, { "s33", SSH_FX_FAILURE, 3 },
    { "x3300", SSH_FX_BAD_MESSAGE, 3 }, { "s5 b0", SSH_FX_BAD_MESSAGE, 3 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    static const char event[] = "mod_sftp.sftp.protocol-version";
    unsigned int told = fake_events(event);
    struct fxc *x = fxc_new_version(3);
    struct fxp *f = x->svc;
    char request[64];

    snprintf(request, sizeof(request), "sversion-select %s", tried[i].text);
    is_int(later_status(x, SSH_FXP_EXTENDED, request), tried[i].status,
      "version-select %s", tried[i].text);
    is_int(f->version, tried[i].version, "... is spoken then");
    is_int(fake_events(event) - told, tried[i].status == SSH_FX_OK ? 2 : 1,
      "... and observers are told what is spoken");
    is_int(x->ch->finished, tried[i].status == SSH_FX_FAILURE,
      "... and the session ends if it cannot be");
    clean(x);
  }
}

static void versions_are_not_selected_later(void) {
  struct fxc *x = fxc_new_version(3);

  is_int(later_status(x, SSH_FXP_STAT, "s/"), 0xffffffffU, "STAT");
  is_int(later_status(x, SSH_FXP_EXTENDED, "sversion-select s4"),
    SSH_FX_FAILURE, "version-select behind it is refused");
  ok(x->ch->finished, "... and the session ends");
  clean(x);
  x = fxc_new_raw(NULL);
  x->set.extensions = sftp_switch_defaults(sftp_fxp_ext_switch) &
    ~sftp_switch_find(sftp_fxp_ext_switch, "versionSelect");
  fxc_init(x, 3);
  fake_channel_clear(x->ch);
  is_int(later_status(x, SSH_FXP_EXTENDED, "sversion-select s4"),
    SSH_FX_OP_UNSUPPORTED, "-versionSelect turns it off");
  ok(!x->ch->finished, "... and nothing ends");
  clean(x);
}

/* ---- 1 and 2 */

static void old_versions_have_bare_status(void) {
  static const unsigned char wanted[] = { 0, 0, 0, 9, SSH_FXP_STATUS, 0, 0, 0,
    1, 0, 0, 0, 2 };
  unsigned int v;

  for (v = 1; v < 3; v++) {
    struct fxc *x = fxc_new_version(v);

    later_send(x, SSH_FXP_STAT, "s/no");
    is_mem(x->ch->out, x->ch->out_len, wanted, sizeof(wanted),
      "version %u: STATUS is a code alone", v);
    x->at = x->ch->out_len;
    fake_fs_put("/o", "1", 1, 0644);
    is_int(later_status(x, SSH_FXP_RENAME, "s/o s/p"), v == 1 ?
      SSH_FX_OP_UNSUPPORTED : SSH_FX_OK, "RENAME came with version 2");
    is_int(later_status(x, SSH_FXP_READLINK, "s/o"), SSH_FX_OP_UNSUPPORTED,
      "READLINK came later");
    is_int(later_status(x, SSH_FXP_SYMLINK, "s/o s/x"),
      SSH_FX_OP_UNSUPPORTED, "SYMLINK came later");
    is_int(later_status(x, SSH_FXP_EXTENDED, "sstatvfs@openssh.com s/"),
      SSH_FX_OP_UNSUPPORTED, "EXTENDED came later");
    ok(later_answers(x, SSH_FXP_STAT, v == 1 ? "s/o" : "s/p", SSH_FXP_ATTRS,
      "u15 q1 u1000 u1000 u0100644 u1700000000 u1700000000"),
      "attributes are those of version 3");
    clean(x);
  }
}

int main(void) {
  static const uint8_t others[] = { SSH_FXP_LINK, SSH_FXP_BLOCK,
    SSH_FXP_UNBLOCK, 24, 100, 199, 201, 255 };

  later_good_ones_work(4, rows, SFTP_NELEMS(rows));
  later_cut_ones_are_refused(4, rows, SFTP_NELEMS(rows));
  later_flipped_ones_are_answered(4, rows, SFTP_NELEMS(rows));
  later_others_are_unknown(4, others, SFTP_NELEMS(others));
  attributes_are_as_asked();
  times_are_included_when_told();
  attributes_are_set_one_by_one();
  owners_have_names();
  names_of_owners_are_bounded();
  owners_are_numbers_where_wanted();
  names_are_not_looked_up_before_permission();
  acls_are_told_and_set();
  damaged_acls_are_not_told();
  acls_of_everybody();
  acls_become_posix();
  too_many_aces_are_refused();
  listings_have_no_long_names();
  errors_are_those_of_version_4();
  text_ignores_offsets();
  far_lines_take_turns();
  names_are_converted();
  early_versions_convert_nothing();
  versions_are_selected_first();
  versions_are_not_selected_later();
  old_versions_have_bare_status();
  return done_testing();
}
