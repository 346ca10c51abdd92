/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-handlers.h -- the handlers of requests and of extensions. */

#ifndef MOD_SFTP_FXP_HANDLERS_H
#define MOD_SFTP_FXP_HANDLERS_H

#include "fxp-request.h"

uint32_t fxp_do_open(struct fxp_req *req);
uint32_t fxp_do_close(struct fxp_req *req);
uint32_t fxp_do_read(struct fxp_req *req);
uint32_t fxp_do_stat(struct fxp_req *req);
uint32_t fxp_do_lstat(struct fxp_req *req);
uint32_t fxp_do_fstat(struct fxp_req *req);
uint32_t fxp_do_setstat(struct fxp_req *req);
uint32_t fxp_do_fsetstat(struct fxp_req *req);
uint32_t fxp_do_lsetstat(struct fxp_req *req);
uint32_t fxp_do_opendir(struct fxp_req *req);
uint32_t fxp_do_readdir(struct fxp_req *req);
uint32_t fxp_do_mkdir(struct fxp_req *req);
uint32_t fxp_do_rmdir(struct fxp_req *req);
uint32_t fxp_do_remove(struct fxp_req *req);
uint32_t fxp_do_realpath(struct fxp_req *req);
uint32_t fxp_do_rename(struct fxp_req *req);
uint32_t fxp_do_posix_rename(struct fxp_req *req);
uint32_t fxp_do_readlink(struct fxp_req *req);
uint32_t fxp_do_symlink(struct fxp_req *req);
uint32_t fxp_do_hardlink(struct fxp_req *req);
uint32_t fxp_do_expand_path(struct fxp_req *req);
uint32_t fxp_do_home_directory(struct fxp_req *req);
uint32_t fxp_do_fsync(struct fxp_req *req);
uint32_t fxp_do_copy_data(struct fxp_req *req);
uint32_t fxp_do_copy_file(struct fxp_req *req);
uint32_t fxp_do_check_file(struct fxp_req *req);
uint32_t fxp_do_check_file_name(struct fxp_req *req);
uint32_t fxp_do_check_file_handle(struct fxp_req *req);
uint32_t fxp_do_md5_hash(struct fxp_req *req);
uint32_t fxp_do_md5_hash_handle(struct fxp_req *req);
uint32_t fxp_do_space_available(struct fxp_req *req);
uint32_t fxp_do_vendor_id(struct fxp_req *req);
uint32_t fxp_do_getxattr(struct fxp_req *req);
uint32_t fxp_do_fgetxattr(struct fxp_req *req);
uint32_t fxp_do_listxattr(struct fxp_req *req);
uint32_t fxp_do_flistxattr(struct fxp_req *req);
uint32_t fxp_do_removexattr(struct fxp_req *req);
uint32_t fxp_do_fremovexattr(struct fxp_req *req);
uint32_t fxp_do_setxattr(struct fxp_req *req);
uint32_t fxp_do_fsetxattr(struct fxp_req *req);
uint32_t fxp_do_statvfs(struct fxp_req *req);
uint32_t fxp_do_fstatvfs(struct fxp_req *req);
uint32_t fxp_do_limits(struct fxp_req *req);
uint32_t fxp_do_names_by_id(struct fxp_req *req);
uint32_t fxp_do_extended(struct fxp_req *req);
uint32_t fxp_do_link(struct fxp_req *req);
uint32_t fxp_do_block(struct fxp_req *req);
uint32_t fxp_do_unblock(struct fxp_req *req);
uint32_t fxp_do_version_select(struct fxp_req *req);
uint32_t fxp_do_translation_control(struct fxp_req *req);
uint32_t fxp_do_text_seek(struct fxp_req *req);

#endif /* MOD_SFTP_FXP_HANDLERS_H */
