/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-attr-t.c -- attributes that stat(2) lacks, and ACLs. */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-xattr.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>

static pool *p;
static struct ftpd ftpd;
static struct statx shown;

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &daemon_fs;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return daemon_call("vroot_serves") < 0;
}

const char *ftpd_held_name(const char *path) {
  return path + 1;
}

int statx(int dir, const char *path, int flags, unsigned int mask,
    struct statx *st) {
  *st = shown;
  return daemon_call("statx %d '%s' 0x%x 0x%x", dir, path,
    (unsigned int) flags, mask);
}

static const char *where(const struct ftpd_xattrs *on) {
  return on->file != NULL ? on->file->path : on->path;
}

ssize_t ftpd_getxattr(const struct ftpd_xattrs *on, pool *in,
    const char *name, void *value, size_t size) {
  (void) in;
  (void) value;
  return daemon_call("get %s %s %zu %d", where(on), name, size, on->follow) <
    0 ? -1 : 28;
}

int ftpd_setxattr(const struct ftpd_xattrs *on, pool *in, const char *name,
    const void *value, size_t len, int flags) {
  (void) in;
  (void) value;
  return daemon_call("set %s %s %zu %d", where(on), name, len, flags);
}

int ftpd_removexattr(const struct ftpd_xattrs *on, pool *in,
    const char *name) {
  (void) in;
  return daemon_call("remove %s %s", where(on), name);
}

static void further_attributes(void) {
  struct ftpd_file f = { .path = "/open", .fd = 9 };
  struct ftpd_extra_attrs more;

  daemon_calls_anew();
  memset(&more, 1, sizeof(more));
  is_int(ftpd_extra_attrs(&ftpd, NULL, "/f", false, &more), 0, "a path");
  is_str(daemon_calls_of("hold statx let_go"), text("hold /f; "
    "statx %d 'f' 0x%x 0x%x; let_go; ", AT_FDCWD, (unsigned int)
    (AT_SYMLINK_NOFOLLOW|AT_STATX_DONT_SYNC), STATX_BTIME), "is held");
  ok(!more.has_birth && !more.encrypted && !more.compressed &&
    !more.append_only && !more.immutable, "it has none");
  shown.stx_mask = STATX_BTIME;
  shown.stx_btime.tv_sec = 7;
  shown.stx_btime.tv_nsec = 8;
  shown.stx_attributes = STATX_ATTR_ENCRYPTED|STATX_ATTR_APPEND;
  is_int(ftpd_extra_attrs(&ftpd, &f, NULL, true, &more), 0, "an open file");
  is_str(daemon_calls(), text("statx 9 '' 0x%x 0x%x; ", (unsigned int)
    (AT_EMPTY_PATH|AT_STATX_DONT_SYNC), STATX_BTIME), "by its descriptor");
  ok(more.has_birth && more.birth.tv_sec == 7 && more.birth.tv_nsec == 8 &&
    more.encrypted && !more.compressed && more.append_only &&
    !more.immutable, "which has some");
  shown.stx_attributes = STATX_ATTR_COMPRESSED|STATX_ATTR_IMMUTABLE;
  (void) ftpd_extra_attrs(&ftpd, &f, NULL, true, &more);
  ok(!more.encrypted && more.compressed && !more.append_only &&
    more.immutable, "or the others");
  daemon_fails("statx", ENOSYS);
  ok(ftpd_extra_attrs(&ftpd, &f, NULL, true, &more) < 0 && errno == ENOSYS &&
    !more.has_birth && !more.immutable, "an old kernel");
  daemon_calls_anew();
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, stat));
  ok(ftpd_extra_attrs(&ftpd, NULL, "/f", false, &more) < 0 &&
    errno == ENOSYS, "a module's file");
  is_str(daemon_calls_of("hold statx"), "", "is not asked");
}

#define ACL "system.posix_acl_access"

static void acls(void) {
  struct ftpd_file f = { .path = "/open", .fd = 9 };
  char buf[4] = "";

  daemon_calls_anew();
  is_int(ftpd_acl_get(&ftpd, p, NULL, "/f", buf, 4), 28, "an ACL");
  is_str(daemon_calls(), "get /f " ACL " 4 1; ", "is read");
  daemon_fstat.st_mode = S_IFREG|0640;
  daemon_lstat.st_mode = S_IFREG|0600;
  is_int(ftpd_acl_set(&ftpd, p, NULL, "/f", buf, 4), 0, "or set");
  is_str(daemon_calls(), text("set /f " ACL " 4 0; record_did acl 0; stat /f; "
    "record_mode %o; ", S_IFREG|0600), "with what the mode is then");
  is_int(ftpd_acl_set(&ftpd, p, &f, NULL, buf, 4), 0, "of an open file");
  is_str(daemon_calls(), text("set /open " ACL " 4 0; record_did acl 0; "
    "file_fstat /open; record_mode %o; ", S_IFREG|0640), "as well");
  is_int(ftpd_acl_set(&ftpd, p, NULL, "/f", buf, 0), 0, "an empty one");
  is_str(daemon_calls_of("set remove"), "remove /f " ACL "; ", "is removed");
  daemon_fails("file_fstat", EIO);
  is_int(ftpd_acl_set(&ftpd, p, &f, NULL, buf, 4), 0, "a mode that is not "
    "known");
  is_str(daemon_calls_of("record_mode"), "", "is not told");
  daemon_fails("set", EPERM);
  ok(ftpd_acl_set(&ftpd, p, NULL, "/f", buf, 4) < 0 && errno == EPERM,
    "a failure");
  is_str(daemon_calls_of("record_did record_mode"), "record_did acl -1; ",
    "is told");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  further_attributes();
  acls();
  destroy_pool(p);
  return done_testing();
}
