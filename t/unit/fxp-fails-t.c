/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP: each call of the contract with the daemon fails once in each request.
 * The request is refused, or the call did not matter; nothing stays open.
 */

#include "fxp-client.h"
#include "tap.h"

/* A request: its fields in the notation of build(). */
struct row {
  const char *text;
  unsigned int version;
  uint8_t type;
  const char *ext;              /* of EXTENDED */
  const char *fields;
  unsigned int lax;             /* calls that do not matter to it */
};

#define R SSH_FXP_EXTENDED

static const struct row rows[] = {
  { "STAT", 3, SSH_FXP_STAT, NULL, "s/a", 0 },
  { "STAT, version 6", 6, SSH_FXP_STAT, NULL, "s/a u16", 1 },
  { "LSTAT", 3, SSH_FXP_LSTAT, NULL, "s/l", 0 },
  { "FSTAT", 3, SSH_FXP_FSTAT, NULL, "R", 0 },
  { "OPEN", 3, SSH_FXP_OPEN, NULL, "s/a u1 u0", 0 },
  { "OPEN of a new file", 3, SSH_FXP_OPEN, NULL, "s/new u26 u0", 0 },
  { "OPEN with a mode and a time", 3, SSH_FXP_OPEN, NULL,
    "s/new u26 u12 u384 u7 u7", 0 },
  { "OPEN, version 6", 6, SSH_FXP_OPEN, NULL, "s/new u2 u0 u0 b1", 0 },
  { "READ", 3, SSH_FXP_READ, NULL, "R q0 u100", 0 },
  { "WRITE", 3, SSH_FXP_WRITE, NULL, "W q0 sdata", 0 },
  { "CLOSE of a file", 3, SSH_FXP_CLOSE, NULL, "W", 0 },
  { "OPENDIR", 3, SSH_FXP_OPENDIR, NULL, "s/", 0 },
  { "READDIR", 3, SSH_FXP_READDIR, NULL, "D", 7 },
  { "REALPATH", 3, SSH_FXP_REALPATH, NULL, "s/d/../l", 0 },
  { "REALPATH, version 6", 6, SSH_FXP_REALPATH, NULL, "s/a b3", 0 },
  { "SETSTAT of a size", 3, SSH_FXP_SETSTAT, NULL, "s/a u1 q3", 0 },
  { "SETSTAT of all", 3, SSH_FXP_SETSTAT, NULL,
    "s/a u15 q3 u5 u6 u384 u7 u8", 0 },
  { "FSETSTAT of all", 3, SSH_FXP_FSETSTAT, NULL,
    "W u15 q3 u5 u6 u384 u7 u8", 0 },
  { "SETSTAT, version 6", 6, SSH_FXP_SETSTAT, NULL,
    "s/a u44 b1 u384 q7 q8", 0 },
  { "REMOVE", 3, SSH_FXP_REMOVE, NULL, "s/a", 0 },
  { "MKDIR", 3, SSH_FXP_MKDIR, NULL, "s/new u4 u448", 0 },
  { "RMDIR", 3, SSH_FXP_RMDIR, NULL, "s/d", 0 },
  { "RENAME", 3, SSH_FXP_RENAME, NULL, "s/a s/new", 0 },
  { "RENAME over a file, version 6", 6, SSH_FXP_RENAME, NULL, "s/a s/b u1", 0 },
  { "READLINK", 3, SSH_FXP_READLINK, NULL, "s/l", 0 },
  { "SYMLINK", 3, SSH_FXP_SYMLINK, NULL, "sa s/new", 0 },
  { "LINK", 6, SSH_FXP_LINK, NULL, "s/new s/a b0", 0 },
  { "BLOCK", 6, SSH_FXP_BLOCK, NULL, "W q0 q10 u192", 0 },
  { "statvfs", 3, R, "statvfs@openssh.com", "s/a", 0 },
  { "fstatvfs", 3, R, "fstatvfs@openssh.com", "R", 0 },
  { "posix-rename", 3, R, "posix-rename@openssh.com", "s/a s/b", 0 },
  { "hardlink", 3, R, "hardlink@openssh.com", "s/a s/new", 0 },
  { "fsync", 3, R, "fsync@openssh.com", "W", 0 },
  { "lsetstat", 3, R, "lsetstat@openssh.com", "s/l u8 u7 u8", 0 },
  { "expand-path", 3, R, "expand-path@openssh.com", "s~/x", 0 },
  { "copy-file", 3, R, "copy-file", "s/a s/new b0", 2 },
  { "copy-file over a file", 3, R, "copy-file", "s/a s/b b1", 2 },
  { "copy-data", 3, R, "copy-data", "R q0 q0 W q0", 0 },
  { "check-file by name", 3, R, "check-file-name", "s/a smd5 q0 q0 u0", 1 },
  { "check-file by handle", 3, R, "check-file-handle", "R smd5 q0 q0 u256", 0 },
  { "md5-hash", 3, R, "md5-hash", "s/a q0 q0 s", 1 },
  { "md5-hash with a quick check", 3, R, "md5-hash",
    "s/a q0 q0 s0123456789abcdef", 1 },
  { "space-available", 3, R, "space-available", "s/", 0 },
  { "getxattr", 3, R, "getxattr@proftpd.org", "s/a suser.x u100", 0 },
  { "setxattr", 3, R, "setxattr@proftpd.org", "s/a suser.y sv u0", 0 },
  { "removexattr", 3, R, "removexattr@proftpd.org", "s/a suser.x", 0 },
  { "listxattr", 3, R, "listxattr@proftpd.org", "s/a u1000", 0 },
  { "SETSTAT of an attribute", 3, SSH_FXP_SETSTAT, NULL,
    "s/a u2147483648 u1 suser.z st", 0 },
};

static void put_tree(struct fxc *x) {
  struct sftp_wr *w;

  fake_fs_put("/a", "0123456789", 10, 0644);
  fake_fs_put("/b", "bb", 2, 0600);
  fake_fs_dir("/d");
  fake_fs_link("/l", "a");
  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  w = fxc_begin_ext(x, "setxattr@proftpd.org");
  sftp_wr_text(w, "/a");
  sftp_wr_text(w, "user.x");
  sftp_wr_text(w, "value");
  sftp_wr_u32(w, 0);
  fxc_end(x);
  (void) fxc_status(x);
}

/* A handle: R of a file to read, W to write, D of a directory. */
static const char *handle(struct fxc *x, char what) {
  if (what == 'D') {
    fxc_path(x, SSH_FXP_OPENDIR, "/");
    return fxc_take_handle(x);
  }

  return fxc_opened(x, what == 'R' ? "/a" : "/b", what == 'R' ? FXC_READ :
    FXC_WRITE);
}

/* OPEN has other fields since version 5. */
static const char *opened_for(struct fxc *x, const struct row *row) {
  struct sftp_wr *w;

  if (row->version < 5) {
    return NULL;
  }

  w = fxc_begin(x, SSH_FXP_OPEN);
  sftp_wr_text(w, "/b");
  sftp_wr_u32(w, 3);            /* READ_DATA, WRITE_DATA */
  sftp_wr_u32(w, 2);            /* OPEN_EXISTING */
  sftp_wr_u32(w, 0);
  sftp_wr_u8(w, 1);
  fxc_end(x);
  return fxc_take_handle(x);
}

/* Words, separated by blanks: sTEXT, uNUMBER (32 bits), qNUMBER (64 bits),
 * bNUMBER (8 bits), or the letter of a handle.
 */
static void build(struct fxc *x, const struct row *row,
    const char *const handles[256], struct sftp_wr *w) {
  char *copy = pstrdup(x->pool, row->fields), *word;

  for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
    unsigned long long n = strtoull(word + 1, NULL, 10);

    switch (*word) {
      case 's':
        sftp_wr_text(w, word + 1);
        break;
      case 'u':
        sftp_wr_u32(w, (uint32_t) n);
        break;
      case 'q':
        sftp_wr_u64(w, n);
        break;
      case 'b':
        sftp_wr_u8(w, (uint8_t) n);
        break;
      default:
        sftp_wr_text(w, handles[(unsigned char) *word]);
    }
  }
}

/* What the names mean. */
static const char *state(pool *p) {
  static const char *const names[] = { "/a", "/b", "/d", "/l", "/new" };
  const char *found = "";
  char one[128];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (fake_fs_exists(names[i])) {
      struct stat st = fake_fs_stat(names[i]);

      snprintf(one, sizeof(one), "%s %o %ld %u %u; ", names[i], st.st_mode,
        (long) st.st_size, st.st_uid, (unsigned int) st.st_nlink);
      found = pstrcat(p, found, one, NULL);
    }
  }

  return found;
}

/* Asks with a fault at call n; the status, and the calls in *calls. */
static uint32_t ask(const struct row *row, unsigned int n, unsigned int *calls,
    char *after, size_t size) {
  struct fxc *x = row->version == 3 ? fxc_new(NULL) :
    fxc_new_version(row->version);
  const char *handles[256] = { NULL }, *c;
  uint32_t status;

  put_tree(x);
  for (c = "RWD"; *c != '\0'; c++) {
    if (strchr(row->fields, *c) != NULL) {
      const char *newer = opened_for(x, row);

      handles[(unsigned char) *c] = newer != NULL ? newer : handle(x, *c);
    }
  }

  build(x, row, handles, row->ext != NULL ? fxc_begin_ext(x, row->ext) :
    fxc_begin(x, row->type));
  fxc_end(x);
  fake_files.calls = 0;
  fake_files.fail_at = n;
  status = fxc_status(x);
  fake_files.fail_at = 0;
  *calls = fake_files.calls;
  snprintf(after, size, "%s", state(x->pool));
  if (!fxc_free(x)) {
    ok(false, "%s: nothing stays open when call %u fails", row->text, n);
  }

  return status;
}

static void every_call(const struct row *row) {
  char whole[600], now[600];
  unsigned int calls, n, count, lax = 0;
  uint32_t good = ask(row, 0, &calls, whole, sizeof(whole));

  ok(good == SSH_FX_OK || good == SSH_FX_EOF || good == 0xffffffffU,
    "%s is served: %u", row->text, good);
  for (n = 1; n <= calls; n++) {
    uint32_t status = ask(row, n, &count, now, sizeof(now));

    if (status == good && strcmp(now, whole) != 0) {
      is_str(now, whole, "%s: whole, though call %u fails", row->text, n);
    }

    lax += status == good;
  }

  is_int(lax, row->lax, "... and refused when one of its %u calls fails, but "
    "for %u", calls, row->lax);
}

int main(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    every_call(&rows[i]);
  }

  return done_testing();
}
