/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-transfer.h -- the daemon's data about transfers: session.xfer
 * (ftpd-xfer.c), timers (ftpd-stalled.c), the scoreboard (ftpd-scoreboard.c).
 */

#ifndef MOD_SFTP_FTPD_TRANSFER_H
#define MOD_SFTP_FTPD_TRANSFER_H

#include "ftpd-openfile.h"

struct ftpd_file;

/* ---- ftpd-xfer.c */

/* Makes session.xfer describe the file, and sets the current command to the
 * file's.
 */
void ftpd_xfer_load(const struct ftpd_file *f);
void ftpd_xfer_load_way(const struct ftpd_file *f, enum ftpd_way way);
void ftpd_xfer_command(const struct ftpd_file *f);
/* Corrects the daemon's own note of when the command began (%R): the clock may
 * have been set since.
 */
void ftpd_note_begin(const struct ftpd_file *f, cmd_rec *cmd);
/* As ftpd_xfer_load(), with the notes of cmd; moved: the offset of a READ or
 * WRITE.
 */
void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd,
  const off_t *moved);
/* %{file-offset} of the command. */
void ftpd_note_offset(cmd_rec *cmd, off_t value);
/* session.xfer for a phase of an operation on path; and its end. */
void ftpd_xfer_begin(const char *path, int direction);
void ftpd_xfer_end(void);

/* ---- ftpd-stalled.c */

/* Data was transferred: resets timers, not too often. */
void ftpd_tick(struct ftpd *h);
/* TimeoutStalled runs while a file is open. */
void ftpd_stalled_hold(struct ftpd *h);
void ftpd_stalled_release(struct ftpd *h);
/* Between two waits: TimeoutNoTransfer does not count meanwhile. */
void ftpd_stalled_renew(struct ftpd *h);

/* ---- ftpd-scoreboard.c */

/* The user of this session's entry for ftpwho, and the entry if there is none.
 */
void ftpd_score_login(void);
/* The entry for ftpwho: a command, unless it is shown already, because each
 * access locks the scoreboard; a file was opened; data was transferred.
 */
void ftpd_score_cmd(struct ftpd *h, const char *cmd);
/* The session waits; it is idle unless a file is open. */
void ftpd_score_idle(struct ftpd *h);
void ftpd_score_open(struct ftpd_file *f);
/* After the end of a transfer, if transfers are counted. */
void ftpd_score_closed(struct ftpd *h);
void ftpd_score_moved(struct ftpd_file *f);

#endif /* MOD_SFTP_FTPD_TRANSFER_H */
