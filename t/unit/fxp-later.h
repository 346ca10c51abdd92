/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-later.h -- what the tests of SFTP 4, 5 and 6 have in common: requests
 * written as text, sent whole, cut short, too long and with a bit turned.
 *
 * A request is a row of words: sTEXT a string, bN a byte, uN a word, qN a
 * quad (decimal, or 0x...), xHEX bytes of a string, F the handle of an open
 * file, D that of a directory, and | where the request may end.
 */

#ifndef MOD_SFTP_T_FXP_LATER_H
#define MOD_SFTP_T_FXP_LATER_H

#include "../fake/fxp-client.h"
#include "../fake/ftpd-session.h"
#include "tap.h"

struct later {
  uint8_t type;
  const char *words;
};

/* A session of that version among the files that the requests name: /a, /b,
 * /t.html, /link to /a, the directories /d with an entry and /empty.
 */
struct fxc *later_new(unsigned int version);
/* Builds and sends one; later_ask() takes its only answer, false when there
 * is not exactly one.
 */
void later_send(struct fxc *x, uint8_t type, const char *words);
bool later_ask(struct fxc *x, uint8_t type, const char *words,
  struct fxc_reply *r);
/* The status of the answer, 0xffffffff when that is no STATUS. */
uint32_t later_status(struct fxc *x, uint8_t type, const char *words);
/* The fields of an ATTRS, DATA, NAME ... are those of the words. */
bool later_answers(struct fxc *x, uint8_t type, const char *request,
  uint8_t answer, const char *words);
/* Opens for reading and writing; version 5 and later have other flags. */
const char *later_open(struct fxc *x, const char *path);
const char *later_opendir(struct fxc *x, const char *path);

/* Promises about a whole table. */
void later_good_ones_work(unsigned int version, const struct later *rows,
  size_t n);
void later_cut_ones_are_refused(unsigned int version, const struct later *rows,
  size_t n);
void later_flipped_ones_are_answered(unsigned int version,
  const struct later *rows, size_t n);
void later_others_are_unknown(unsigned int version, const uint8_t *types,
  size_t n);

#endif /* MOD_SFTP_T_FXP_LATER_H */
