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
#include "ssh-version.h"

/* Flags of a row. */
#define EXT_NAMED       0x1     /* logged under its own name, within
                                 * EXTENDED; otherwise only as EXTENDED */
#define EXT_OFF         0x2     /* off unless SFTPExtensions turns it on */
#define EXT_ALWAYS      0x4     /* available even if its word is off */

struct ext_row {
  const char *name;             /* also for forced commands of keys */
  const char *word;             /* of SFTPExtensions; rows with the same word
                                 * are adjacent; NULL: always available */
  const char *announced;        /* its data in VERSION; NULL: not listed */
  unsigned int flags;           /* EXT_* */
  uint32_t (*run)(struct fxp_req *req);
};

/* In the order of VERSION. */
static const struct ext_row ext_rows[] = {
  { "fsync@openssh.com", "fsync", "1", EXT_NAMED, fxp_do_fsync },
  { "posix-rename@openssh.com", "posixRename", "1", EXT_NAMED,
    fxp_do_posix_rename },
  { "statvfs@openssh.com", "statvfs", "2", 0, fxp_do_statvfs },
  { "fstatvfs@openssh.com", "statvfs", "2", 0, fxp_do_fstatvfs },
  { "hardlink@openssh.com", "hardlink", "1", EXT_NAMED, fxp_do_hardlink },
  { "home-directory", "homeDirectory", "1", EXT_NAMED, fxp_do_home_directory },
  { "limits@openssh.com", "limits", "1", EXT_NAMED, fxp_do_limits },
  { "users-groups-by-id@openssh.com", "userGroupNames", "1", EXT_NAMED,
    fxp_do_names_by_id },
  { "copy-data", "copyData", "1", 0, fxp_do_copy_data },
  { "check-file", "checkFile", "1", 0, fxp_do_check_file },
  { "check-file-name", "checkFile", NULL, 0, fxp_do_check_file_name },
  { "check-file-handle", "checkFile", NULL, 0, fxp_do_check_file_handle },
  { "md5-hash", "checkFile", NULL, 0, fxp_do_md5_hash },
  { "md5-hash-handle", "checkFile", NULL, 0, fxp_do_md5_hash_handle },
  { "copy-file", "copyFile", "1", 0, fxp_do_copy_file },
  { "space-available", "spaceAvailable", "1", 0, fxp_do_space_available },
  /* The word controls our own pair in VERSION (fxp-version.c). */
  { "vendor-id", FXP_WORD_VENDOR_ID, NULL, EXT_OFF|EXT_ALWAYS,
    fxp_do_vendor_id },
  /* The name of all of these; not a request of its own. */
  { "xattr@proftpd.org", FXP_WORD_XATTR, "1", EXT_OFF, NULL },
  { "fgetxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_fgetxattr },
  { "flistxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_flistxattr },
  { "fremovexattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_fremovexattr },
  { "fsetxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_fsetxattr },
  { "getxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_getxattr },
  { "listxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_listxattr },
  { "removexattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_removexattr },
  { "setxattr@proftpd.org", FXP_WORD_XATTR, NULL, 0, fxp_do_setxattr },
  { "lsetstat@openssh.com", "lsetstat", "1", EXT_NAMED, fxp_do_lsetstat },
  { "expand-path@openssh.com", "expandPath", "1", EXT_NAMED,
    fxp_do_expand_path },
  { "version-select", FXP_WORD_VERSION_SELECT, NULL, 0, fxp_do_version_select },
  { "filename-translation-control", NULL, NULL, 0, fxp_do_translation_control },
  { "text-seek", NULL, NULL, 0, fxp_do_text_seek }
};

_Static_assert(SFTP_NELEMS(ext_rows) <= 64, "a bit for each row");

/* ---- Words */

/* Whether the row is the first one with its word. */
static bool begins_word(const struct ext_row *row) {
  return row->word != NULL && (row == ext_rows || row[-1].word == NULL ||
    strcmp(row[-1].word, row->word) != 0);
}

bool sftp_fxp_ext_switch(size_t n, struct sftp_switch *s) {
  size_t words = 0, i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    if (begins_word(&ext_rows[i]) && words++ == n) {
      s->word = ext_rows[i].word;
      s->bit = 1UL << n;
      s->off = (ext_rows[i].flags & EXT_OFF) != 0;
      return true;
    }
  }

  return false;
}

/* The same in one pass. */
static unsigned long bit_of(const char *word) {
  unsigned long bit = 1;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    if (begins_word(&ext_rows[i])) {
      if (strcmp(ext_rows[i].word, word) == 0) {
        return bit;
      }

      bit <<= 1;
    }
  }

  return 0;
}

bool fxp_ext_is_on(const struct fxp *f, const char *word) {
  return (f->conn->set->extensions & bit_of(word)) != 0;
}

static bool is_served(const struct fxp *f, const struct ext_row *row) {
  return row->word == NULL || (row->flags & EXT_ALWAYS) != 0 ||
    fxp_ext_is_on(f, row->word);
}

/* ---- VERSION */

/* Extensions that the forced command of the key refuses are not offered:
 * clients rely on the offer (OpenSSH's sftp ends if "limits" is refused).
 */
static bool is_offered(const struct fxp *f, const struct ext_row *row) {
  return is_served(f, row) &&
    (row->run == NULL ||
     sftp_forced_allows(f->conn->services.forced, row->name, NULL));
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

/* ---- Requests */

static const struct ext_row *find_ext(const struct fxp *f, const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ext_rows); i++) {
    const struct ext_row *row = &ext_rows[i];

    if (strcmp(row->name, name) == 0 && row->run != NULL) {
      return is_served(f, row) ? row : NULL;
    }
  }

  return NULL;
}

/* Reported once for each: the extensions that a client uses identify it. */
static void note_asked(struct fxp *f, const struct ext_row *row) {
  uint64_t bit = row != NULL ? UINT64_C(1) << (row - ext_rows) : 0;

  if ((f->asked & bit) != bit) {
    f->asked |= bit;
    sftp_client_observed(f->conn, "asks", sftp_str_of(row->name));
  }
}

/* EXTENDED: string name, then fields that depend on it
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
  if (row == NULL || (row->flags & EXT_NAMED) != 0) {
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
