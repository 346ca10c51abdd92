/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* effects.c -- tables: effects and the names of <Limit> that apply to them, the
 * effects of each request, and OpenSSH's words for requests.
 */

#include <string.h>

#include "effects.h"

/* A name with '!' can deny, but cannot allow what a group denies: in FTP, too,
 * <Limit SITE> does not allow the commands after SITE.
 */
const struct sftp_effect sftp_effects[SFTP_NEFFECTS] = {
  { SFTP_EFF_READ,    "reads content",
    { "RETR" }, { "READ", NULL } },
  { SFTP_EFF_MAKE,    "writes content",
    { "STOR" }, { "WRITE", NULL } },
  { SFTP_EFF_APPEND,  "appends content",
    { "APPE" }, { "WRITE", NULL } },
  { SFTP_EFF_REPLACE, "replaces content",
    { "STOR" }, { "WRITE", NULL } },
  { SFTP_EFF_NAME,    "creates a name",
    { NULL }, { "WRITE", NULL } },
  { SFTP_EFF_UNNAME,  "removes a name",
    { NULL }, { "WRITE", NULL } },
  { SFTP_EFF_MODE,    "changes the mode",
    { "SITE_CHMOD", "SETSTAT", "FSETSTAT", "MFF", "!SITE" },
    { "WRITE", NULL } },
  { SFTP_EFF_OWNER,   "changes the owner",
    { "SITE_CHGRP", "SETSTAT", "FSETSTAT", "MFF", "!SITE" },
    { "WRITE", NULL } },
  { SFTP_EFF_TIME,    "changes times",
    { "MFMT", "SETSTAT", "FSETSTAT", "MFF", "SITE_UTIME" },
    { "WRITE", NULL } },
  { SFTP_EFF_ATTR,    "changes extended attributes",
    { "SETSTAT", "FSETSTAT" }, { "WRITE", NULL } },
  { SFTP_EFF_TELL,    "reveals existence",
    { "STAT", "LSTAT", "FSTAT", "SIZE", "MDTM", "MLST" },
    { "READ", "DIRS" } },
  { SFTP_EFF_SHOW,    "reads other metadata",
    { NULL }, { "READ", NULL } },
  { SFTP_EFF_LIST,    "lists names",
    { "OPENDIR", "READDIR", "MLSD", "LIST", "NLST" }, { "DIRS", NULL } },
  { SFTP_EFF_GO,      "enters a directory",
    { "CWD", "XCWD" }, { "DIRS", NULL } },
  { SFTP_EFF_UP,      "enters the parent",
    { "CDUP", "XCUP" }, { "DIRS", NULL } },
  { SFTP_EFF_HERE,    "reports the current directory",
    { "PWD", "XPWD" }, { "DIRS", NULL } },
  { SFTP_EFF_LOCK,    "locks",
    { "LOCK", "UNLOCK" }, { "WRITE", NULL } }
};

/* ---- By the gate's kinds of requests */

#define NAMES(...) { __VA_ARGS__, NULL }
#define NO_NAMES { NULL }
#define ON(n, e, m) { n, e, m }
#define NOTHING { NO_NAMES, 0, 0 }

const struct sftp_rules sftp_rules[FTPD_NREQUESTS] = {
  [FTPD_OPEN_READ] = { ON(NO_NAMES, SFTP_EFF_READ, 0), NOTHING },
  [FTPD_OPEN_WRITE] = { ON(NO_NAMES, SFTP_EFF_MAKE, SFTP_EFF_REPLACE|
    SFTP_EFF_READ|SFTP_EFF_MODE|SFTP_EFF_OWNER|SFTP_EFF_ATTR), NOTHING },
  [FTPD_OPEN_APPEND] = { ON(NO_NAMES, SFTP_EFF_APPEND,
    SFTP_EFF_READ|SFTP_EFF_MODE|SFTP_EFF_OWNER|SFTP_EFF_ATTR), NOTHING },
  [FTPD_SCP_RECV] = { ON(NO_NAMES, SFTP_EFF_MAKE,
    SFTP_EFF_REPLACE|SFTP_EFF_MODE|SFTP_EFF_TIME), NOTHING },
  [FTPD_SCP_SEND] = { ON(NO_NAMES, SFTP_EFF_READ, 0), NOTHING },

  [FTPD_LSTAT] = { ON(NO_NAMES, SFTP_EFF_TELL, 0), NOTHING },
  [FTPD_STAT] = { ON(NO_NAMES, SFTP_EFF_TELL, 0), NOTHING },
  [FTPD_FSTAT] = { ON(NO_NAMES, SFTP_EFF_TELL, 0), NOTHING },
  [FTPD_SETSTAT] = { ON(NO_NAMES, 0, SFTP_EFF_SETS), NOTHING },
  [FTPD_LSETSTAT] = { ON(NO_NAMES, 0, SFTP_EFF_SETS), NOTHING },
  [FTPD_FSETSTAT] = { ON(NO_NAMES, 0, SFTP_EFF_SETS), NOTHING },

  [FTPD_OPENDIR] = { ON(NO_NAMES, SFTP_EFF_LIST, 0), NOTHING },
  [FTPD_READDIR] = { ON(NO_NAMES, SFTP_EFF_LIST, 0), NOTHING },

  /* MKD first: DirUmask holds for it. */
  [FTPD_MKDIR] = { ON(NAMES("MKD", "XMKD", "MKDIR", "SITE_MKDIR"),
    SFTP_EFF_NAME, SFTP_EFF_MODE), NOTHING },
  [FTPD_SCP_MKDIR] = { ON(NAMES("MKD", "XMKD", "MKDIR", "SITE_MKDIR"),
    SFTP_EFF_NAME, SFTP_EFF_MODE|SFTP_EFF_TIME), NOTHING },
  [FTPD_RMDIR] = { ON(NAMES("RMD", "XRMD", "RMDIR", "SITE_RMDIR"),
    SFTP_EFF_UNNAME, 0), NOTHING },
  [FTPD_REMOVE] = { ON(NAMES("DELE", "REMOVE"), SFTP_EFF_UNNAME, 0),
    NOTHING },
  [FTPD_RENAME] = { ON(NAMES("RNFR", "RENAME"), SFTP_EFF_UNNAME, 0),
    ON(NAMES("RNTO", "RENAME"), SFTP_EFF_NAME, SFTP_EFF_REPLACE) },

  [FTPD_REALPATH] = { ON(NAMES("REALPATH"), SFTP_EFF_GO,
    SFTP_EFF_UP|SFTP_EFF_HERE), NOTHING },
  [FTPD_READLINK] = { ON(NAMES("READLINK"), SFTP_EFF_SHOW, 0), NOTHING },
  [FTPD_SYMLINK] = { ON(NAMES("SYMLINK", "SITE_SYMLINK", "!SITE",
    "!LINK"), SFTP_EFF_READ, 0), ON(NAMES("SYMLINK", "SITE_SYMLINK", "!SITE",
    "!LINK"),
    SFTP_EFF_NAME|SFTP_EFF_MAKE, 0) },
  /* A second name allows users to do with the file what the rules of that name
   * allow.
   */
  [FTPD_LINK] = { ON(NAMES("LINK", "HARDLINK"), SFTP_EFF_READ|
    SFTP_EFF_REPLACE, SFTP_EFF_APPEND|SFTP_EFF_MODE|SFTP_EFF_OWNER|
    SFTP_EFF_TIME|SFTP_EFF_ATTR), ON(NAMES("LINK", "HARDLINK"),
    SFTP_EFF_NAME|SFTP_EFF_MAKE, 0) },
  [FTPD_HARDLINK] = { ON(NAMES("HARDLINK", "LINK"), SFTP_EFF_READ|
    SFTP_EFF_REPLACE, SFTP_EFF_APPEND|SFTP_EFF_MODE|SFTP_EFF_OWNER|
    SFTP_EFF_TIME|SFTP_EFF_ATTR), ON(NAMES("HARDLINK", "LINK"),
    SFTP_EFF_NAME|SFTP_EFF_MAKE, 0) },

  [FTPD_LOCK] = { ON(NO_NAMES, SFTP_EFF_LOCK, SFTP_EFF_REPLACE|
    SFTP_EFF_READ), NOTHING },
  [FTPD_UNLOCK] = { ON(NO_NAMES, SFTP_EFF_LOCK, 0), NOTHING },

  [FTPD_STATVFS] = { ON(NAMES("STATVFS"), SFTP_EFF_SHOW, 0), NOTHING },
  [FTPD_COPY] = { ON(NAMES("SITE_COPY", "SITE_CPFR", "!SITE"), SFTP_EFF_READ,
    0), ON(NAMES("SITE_COPY", "SITE_CPTO", "!SITE"), SFTP_EFF_MAKE,
    SFTP_EFF_REPLACE|SFTP_EFF_MODE) },
  [FTPD_DIGEST] = { ON(NAMES("SITE_DIGEST", "XCRC", "XMD5", "XSHA1",
    "XSHA256", "XSHA512"), SFTP_EFF_READ, 0), NOTHING },
  [FTPD_XATTR_GET] = { ON(NAMES("STAT", "LSTAT", "FSTAT"), SFTP_EFF_SHOW, 0),
    NOTHING },
  [FTPD_XATTR_SET] = { ON(NO_NAMES, SFTP_EFF_ATTR, 0), NOTHING },
};

/* ---- Words for them, as in counters */

const char *const sftp_operations[FTPD_NREQUESTS] = {
  [FTPD_INIT] = "init", [FTPD_OPEN_READ] = "open_read",
  [FTPD_OPEN_WRITE] = "open_write", [FTPD_OPEN_APPEND] = "open_append",
  [FTPD_CLOSE] = "close", [FTPD_READ] = "read", [FTPD_WRITE] = "write",
  [FTPD_LSTAT] = "lstat", [FTPD_FSTAT] = "fstat", [FTPD_STAT] = "stat",
  [FTPD_SETSTAT] = "setstat", [FTPD_FSETSTAT] = "fsetstat",
  [FTPD_OPENDIR] = "opendir", [FTPD_READDIR] = "readdir",
  [FTPD_REMOVE] = "remove", [FTPD_MKDIR] = "mkdir", [FTPD_RMDIR] = "rmdir",
  [FTPD_REALPATH] = "realpath", [FTPD_RENAME] = "rename",
  [FTPD_READLINK] = "readlink", [FTPD_SYMLINK] = "symlink",
  [FTPD_LINK] = "link", [FTPD_LOCK] = "lock", [FTPD_UNLOCK] = "unlock",
  [FTPD_EXTENDED] = "extended", [FTPD_STATVFS] = "statvfs",
  [FTPD_FSYNC] = "fsync", [FTPD_HARDLINK] = "hardlink",
  [FTPD_HOMEDIR] = "home_directory", [FTPD_LIMITS] = "limits",
  [FTPD_COPY] = "copy", [FTPD_DIGEST] = "digest",
  [FTPD_XATTR_GET] = "xattr_get", [FTPD_XATTR_SET] = "xattr_set",
  [FTPD_SCP_RECV] = "scp_receive", [FTPD_SCP_SEND] = "scp_send",
  [FTPD_SCP_MKDIR] = "scp_mkdir", [FTPD_LSETSTAT] = "lsetstat"
};

/* ---- Requests by name */

#define XATTR "@proftpd.org"

const struct sftp_request sftp_requests[] = {
  { "OPEN", "to read", FTPD_OPEN_READ, "open", NULL },
  { "OPEN", "to write", FTPD_OPEN_WRITE, "open", NULL },
  { "OPEN", "to append", FTPD_OPEN_APPEND, "open", NULL },
  { "CLOSE", NULL, FTPD_CLOSE, NULL, NULL },
  { "READ", NULL, FTPD_READ, NULL, NULL },
  { "WRITE", NULL, FTPD_WRITE, NULL, NULL },
  { "LSTAT", NULL, FTPD_LSTAT, NULL, NULL },
  { "FSTAT", NULL, FTPD_FSTAT, NULL, NULL },
  { "STAT", NULL, FTPD_STAT, NULL, NULL },
  { "SETSTAT", NULL, FTPD_SETSTAT, NULL, NULL },
  { "FSETSTAT", NULL, FTPD_FSETSTAT, NULL, "setstat" },
  { "OPENDIR", NULL, FTPD_OPENDIR, NULL, NULL },
  { "READDIR", NULL, FTPD_READDIR, NULL, NULL },
  { "REMOVE", NULL, FTPD_REMOVE, NULL, NULL },
  { "MKDIR", NULL, FTPD_MKDIR, NULL, NULL },
  { "RMDIR", NULL, FTPD_RMDIR, NULL, NULL },
  { "REALPATH", NULL, FTPD_REALPATH, NULL, NULL },
  { "REALPATH", "with attributes", FTPD_REALPATH, "realpath+stat", NULL },
  { "RENAME", NULL, FTPD_RENAME, NULL, NULL },
  { "RENAME", "over a file", FTPD_RENAME, "rename+posix-rename", NULL },
  { "READLINK", NULL, FTPD_READLINK, NULL, NULL },
  { "SYMLINK", NULL, FTPD_SYMLINK, NULL, NULL },
  { "LINK", "symbolic", FTPD_SYMLINK, "link,symlink", NULL },
  { "LINK", "hard", FTPD_LINK, "link,hardlink", NULL },
  { "LOCK", NULL, FTPD_LOCK, "lock,block", NULL },
  { "UNLOCK", NULL, FTPD_UNLOCK, "unlock,unblock", NULL },

  { "fsync@openssh.com", NULL, FTPD_FSYNC, NULL, NULL },
  { "posix-rename@openssh.com", NULL, FTPD_RENAME, NULL, "rename" },
  { "statvfs@openssh.com", NULL, FTPD_STATVFS, NULL, NULL },
  { "fstatvfs@openssh.com", NULL, FTPD_STATVFS, NULL, "statvfs" },
  { "hardlink@openssh.com", NULL, FTPD_HARDLINK, NULL, NULL },
  { "home-directory", NULL, FTPD_HOMEDIR, NULL, NULL },
  { "limits@openssh.com", NULL, FTPD_LIMITS, NULL, NULL },
  { "users-groups-by-id@openssh.com", NULL, FTPD_EXTENDED, NULL, NULL },
  { "copy-data", NULL, FTPD_COPY, NULL, "read,write" },
  { "check-file", NULL, FTPD_DIGEST, NULL, "read" },
  { "check-file-name", NULL, FTPD_DIGEST, NULL, "open,read,check-file" },
  { "check-file-handle", NULL, FTPD_DIGEST, NULL, "read,check-file" },
  { "md5-hash", NULL, FTPD_DIGEST, NULL, "open,read,check-file" },
  { "md5-hash-handle", NULL, FTPD_DIGEST, NULL, "read,check-file" },
  { "copy-file", NULL, FTPD_COPY, NULL, "open,read,write,copy-data" },
  { "space-available", NULL, FTPD_STATVFS, NULL, "statvfs" },
  { "vendor-id", NULL, FTPD_EXTENDED, NULL, NULL },
  { "fgetxattr" XATTR, NULL, FTPD_XATTR_GET, NULL, "fstat,stat" },
  { "flistxattr" XATTR, NULL, FTPD_XATTR_GET, NULL, "fstat,stat" },
  { "fremovexattr" XATTR, NULL, FTPD_XATTR_SET, NULL, "fsetstat,setstat" },
  { "fsetxattr" XATTR, NULL, FTPD_XATTR_SET, NULL, "fsetstat,setstat" },
  { "getxattr" XATTR, NULL, FTPD_XATTR_GET, NULL, "stat,lstat" },
  { "listxattr" XATTR, NULL, FTPD_XATTR_GET, NULL, "stat,lstat" },
  { "removexattr" XATTR, NULL, FTPD_XATTR_SET, NULL, "setstat" },
  { "setxattr" XATTR, NULL, FTPD_XATTR_SET, NULL, "setstat" },
  { "lsetstat@openssh.com", NULL, FTPD_LSETSTAT, NULL, "setstat" },
  { "expand-path@openssh.com", NULL, FTPD_REALPATH, NULL, "realpath" },
  { "version-select", NULL, FTPD_EXTENDED, NULL, NULL },
  { "filename-translation-control", NULL, FTPD_EXTENDED, NULL, NULL },
  { "text-seek", NULL, FTPD_EXTENDED, NULL, "read" },

  { "scp -t", "a file", FTPD_SCP_RECV, "", NULL },
  { "scp -t", "a directory", FTPD_SCP_MKDIR, "", NULL },
  { "scp -f", "a file", FTPD_SCP_SEND, "", NULL },
  { "scp -f", "a directory", FTPD_OPENDIR, "", NULL },
  { "md5sum and its kin", NULL, FTPD_DIGEST, "", NULL },
  { "df", NULL, FTPD_STATVFS, "", NULL },
  { "cd", NULL, FTPD_REALPATH, "", NULL }
};

const unsigned int sftp_nrequests = SFTP_NELEMS(sftp_requests);

const struct sftp_request *sftp_request_find(const char *name,
    const char *how) {
  unsigned int i;

  for (i = 0; i < sftp_nrequests; i++) {
    const struct sftp_request *r = &sftp_requests[i];

    if (strcmp(r->name, name) == 0 && (how == NULL || (r->how != NULL &&
        strcmp(r->how, how) == 0))) {
      return r;
    }
  }

  return NULL;
}
