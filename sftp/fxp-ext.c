/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-ext.c -- EXTENDED: the table of extensions. */

#include "forced.h"
#include "fxp-ext.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-session.h"

struct ext_row {
  const char *name;
  unsigned long bit;            /* of SFTPExtensions */
  const char *announced;        /* its data in VERSION; NULL: not there */
  bool named;                   /* logged by a name of its own, and EXTENDED
                                 * around it; else as EXTENDED alone */
  uint32_t (*run)(struct fxp_req *req);
};

/* In the order of VERSION. */
static const struct ext_row ext_rows[] = {
  { "fsync@openssh.com",        FXP_EXT_FSYNC,          "1", true,
    fxp_do_fsync },
  { "posix-rename@openssh.com", FXP_EXT_POSIX_RENAME,   "1", true,
    fxp_do_posix_rename },
  { "statvfs@openssh.com",      FXP_EXT_STATVFS,        "2", false,
    fxp_do_statvfs },
  { "fstatvfs@openssh.com",     FXP_EXT_STATVFS,        "2", false,
    fxp_do_fstatvfs },
  { "hardlink@openssh.com",     FXP_EXT_HARDLINK,       "1", true,
    fxp_do_hardlink },
  { "home-directory",           FXP_EXT_HOME_DIRECTORY, "1", true,
    fxp_do_home_directory },
  { "limits@openssh.com",       FXP_EXT_LIMITS,         "1", true,
    fxp_do_limits },
  { "users-groups-by-id@openssh.com", FXP_EXT_USER_GROUP_NAMES, "1", true,
    fxp_do_names_by_id },
  { "copy-data",                FXP_EXT_COPY_DATA,      "1", false,
    fxp_do_copy_data },
  { "check-file",               FXP_EXT_CHECK_FILE,     "1", false,
    fxp_do_check_file },
  { "check-file-name",          FXP_EXT_CHECK_FILE,     NULL, false,
    fxp_do_check_file_name },
  { "check-file-handle",        FXP_EXT_CHECK_FILE,     NULL, false,
    fxp_do_check_file_handle },
  { "md5-hash",                 FXP_EXT_CHECK_FILE,     NULL, false,
    fxp_do_md5_hash },
  { "md5-hash-handle",          FXP_EXT_CHECK_FILE,     NULL, false,
    fxp_do_md5_hash_handle },
  { "copy-file",                FXP_EXT_COPY_FILE,      "1", false,
    fxp_do_copy_file },
  { "space-available",          FXP_EXT_SPACE_AVAILABLE, "1", false,
    fxp_do_space_available },
  { "vendor-id",                ~0UL,                   NULL, false,
    fxp_do_vendor_id },
  /* The name of all of these; it is no request. */
  { "xattr@proftpd.org",        FXP_EXT_XATTR,          "1", false, NULL },
  { "fgetxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_fgetxattr },
  { "flistxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_flistxattr },
  { "fremovexattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_fremovexattr },
  { "fsetxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_fsetxattr },
  { "getxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_getxattr },
  { "listxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_listxattr },
  { "removexattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_removexattr },
  { "setxattr@proftpd.org", FXP_EXT_XATTR, NULL, false,
    fxp_do_setxattr },
  { "lsetstat@openssh.com",     FXP_EXT_LSETSTAT,       "1", true,
    fxp_do_lsetstat },
  { "expand-path@openssh.com",  FXP_EXT_EXPAND_PATH,    "1", true,
    fxp_do_expand_path },
  { "version-select",           FXP_EXT_VERSION_SELECT, NULL, false,
    fxp_do_version_select },
  { "filename-translation-control", ~0UL,               NULL, false,
    fxp_do_translation_control },
  { "text-seek",                ~0UL,                   NULL, false,
    fxp_do_text_seek }
};

const struct sftp_fxp_ext_word sftp_fxp_ext_words[] = {
  { "checkFile",        FXP_EXT_CHECK_FILE },
  { "copyData",         FXP_EXT_COPY_DATA },
  { "copyFile",         FXP_EXT_COPY_FILE },
  { "expandPath",       FXP_EXT_EXPAND_PATH },
  { "fsync",            FXP_EXT_FSYNC },
  { "hardlink",         FXP_EXT_HARDLINK },
  { "homeDirectory",    FXP_EXT_HOME_DIRECTORY },
  { "limits",           FXP_EXT_LIMITS },
  { "lsetstat",         FXP_EXT_LSETSTAT },
  { "posixRename",      FXP_EXT_POSIX_RENAME },
  { "spaceAvailable",   FXP_EXT_SPACE_AVAILABLE },
  { "statvfs",          FXP_EXT_STATVFS },
  { "userGroupNames",   FXP_EXT_USER_GROUP_NAMES },
  { "vendorID",         FXP_EXT_VENDOR_ID },
  { "versionSelect",    FXP_EXT_VERSION_SELECT },
  { "xattr",            FXP_EXT_XATTR },
  { NULL, 0 }
};

/* What the key's command would refuse is not offered: clients believe the
 * offer (OpenSSH's sftp ends when "limits" is refused).
 */
static bool is_offered(const struct fxp *f, const struct ext_row *row) {
  return (f->conn->set->extensions & row->bit) != 0 &&
    (row->run == NULL || sftp_forced_allows(f->conn->forced, row->name, NULL));
}

void fxp_put_extensions(struct sftp_wr *w, const struct fxp *f) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    const struct ext_row *row = &ext_rows[i];

    if (is_offered(f, row) && row->announced != NULL) {
      sftp_wr_text(w, row->name);
      sftp_wr_text(w, row->announced);
    }
  }
}

unsigned int fxp_put_extension_names(struct sftp_wr *w, const struct fxp *f) {
  unsigned int n = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    const struct ext_row *row = &ext_rows[i];

    if (is_offered(f, row)) {
      sftp_wr_text(w, row->name);
      n++;
    }
  }

  return n;
}

static const struct ext_row *find_ext(const struct fxp *f, const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    const struct ext_row *row = &ext_rows[i];

    if (strcmp(row->name, name) == 0 && row->run != NULL) {
      return (f->conn->set->extensions & row->bit) != 0 ? row : NULL;
    }
  }

  return NULL;
}

_Static_assert(SFTP_NELEMS(ext_rows) <= 64, "a bit for each row");

/* Once each: what a client asks for tells what it is. */
static void note_asked(struct fxp *f, const struct ext_row *row) {
  uint64_t bit = row != NULL ? UINT64_C(1) << (row - ext_rows) : 0;

  if ((f->asked & bit) != bit) {
    f->asked |= bit;
    sftp_client_observed(f->conn, "asks", sftp_str_of(row->name));
  }
}

/* EXTENDED: string name, then what the name says
 * (draft-ietf-secsh-filexfer-02, section 8).
 */
uint32_t fxp_do_extended(struct fxp_req *req) {
  const char *name = sftp_rd_text(&req->in, req->pool);
  const struct ext_row *row;

  if (sftp_rd_ok(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  row = find_ext(req->fxp, name);
  note_asked(req->fxp, row);
  if (row == NULL || row->named) {
    ftpd_op_begin(req->ftpd, &req->outer, req->pool, FTPD_EXTENDED, name);
    req->outer_open = true;
  }

  if (row == NULL) {
    SFTP_TRACE(TRACE_SFTP, 7, "extension '%s' is not served", name);
    return SSH_FX_OP_UNSUPPORTED;
  }

  req->name = row->name;
  return fxp_is_allowed(req->fxp, row->name, NULL) ? row->run(req) :
    SSH_FX_PERMISSION_DENIED;
}
