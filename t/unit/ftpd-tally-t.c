/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-tally-t.c -- what happened, in numbers: where each is, and which label
 * it has.
 */

#include "daemon.h"
#include "directives.h"
#include "effects.h"
#include "ftpd-board.h"
#include "ftpd-tally.h"
#include "tap.h"

static uint64_t board[BOARD_SERIES + 1];
static bool full;
static unsigned int nclosed;

void ftpd_board_add(unsigned int place, uint64_t n) {
  board[place < BOARD_SERIES ? place : BOARD_SERIES] += n;
}

bool ftpd_board_enter(void) {
  return !full;
}

void ftpd_board_close(void) {
  nclosed++;
}

const char *ftpd_penalty_name(unsigned int why) {
  return why == PENALTY_CRASH ? "crash" : why == PENALTY_CRASH + 1 ?
    "authfail" : NULL;
}

/* "logins password success", of all that is not 0, as "name labels n, ..." */
static const char *counted(pool *p) {
  const char *text = "";
  unsigned int what, i, j;

  for (what = 0; what < TALLY_NCOUNTERS; what++) {
    const struct tally_row *row = &ftpd_tally_rows[what];

    for (i = 0; i < ftpd_tally_values(what, 0); i++) {
      for (j = 0; j < ftpd_tally_values(what, 1); j++) {
        uint64_t n = board[ftpd_tally_place(what, i, j)];
        char number[32];

        if (n == 0) {
          continue;
        }

        snprintf(number, sizeof(number), " %lu", (unsigned long) n);
        text = pstrcat(p, text, *text != '\0' ? ", " : "", row->name,
          row->labels[0] != NULL ? " " : "", row->labels[0] != NULL ?
          row->labels[0]->value(i) : "", row->labels[1] != NULL ? " " : "",
          row->labels[1] != NULL ? row->labels[1]->value(j) : "", number, NULL);
      }
    }
  }

  memset(board, 0, sizeof(board));
  return text;
}

static pool *p;

static void every_value_has_its_place(void) {
  static bool taken[BOARD_SERIES];
  unsigned int what, i, j, bad = 0, n = 0;

  for (what = 0; what < TALLY_NCOUNTERS; what++) {
    for (i = 0; i < ftpd_tally_values(what, 0); i++) {
      for (j = 0; j < ftpd_tally_values(what, 1); j++) {
        unsigned int place = ftpd_tally_place(what, i, j);

        bad += place >= BOARD_SERIES || taken[place];
        taken[place < BOARD_SERIES ? place : 0] = true;
        n++;
      }
    }

    bad += ftpd_tally_values(what, 0) == 0;
  }

  is_int(bad, 0, "each of %u values has a place, which no other has", n);
  ok(n > 100 && taken[n - 1], "without gaps");
  is_int(ftpd_tally_values(TALLY_SESSIONS, 0), 1, "one, without a label");
  is_int(ftpd_tally_values(TALLY_OPERATIONS, 1), 3, "three results");
}

static void the_layout_has_a_number(void) {
  uint64_t first = ftpd_tally_init();

  ok(first != 0 && ftpd_tally_init() == first, "the same for the same layout");
}

static void sessions_and_logins(void) {
  ftpd_tally_session();
  is_str(counted(p), "sessions 1", "a session");
  is_int(nclosed, 0, "has a slot");
  full = true;
  ftpd_tally_session();
  is_str(counted(p), "sessions 1, uncounted_sessions 1", "one without a slot");
  is_int(nclosed, 1, "counts no more");
  ftpd_tally_login("password", TALLY_OK);
  ftpd_tally_login("publickey", TALLY_PARTIAL);
  ftpd_tally_login("gssapi", TALLY_FAILED);
  is_str(counted(p), "logins publickey partial 1, logins password success 1, "
    "logins other failure 1", "methods that are not here are others");
}

static void operations_and_refusals(void) {
  static const struct { const char *text, *is; } row[] = {
    { "denied by <Limit STOR>", "Limit" },
    { "PathDenyFilter", "PathDenyFilter" },
    { "denied by PathAllowFilter", "PathAllowFilter" },
    { "file exists and AllowOverwrite is off", "AllowOverwrite" },
    { "file exists and AllowStoreRestart is off", "AllowStoreRestart" },
    { "the quota of the user", "quota" },
    { "denied by the key, which is for reading only", "read_only_key" },
    { "too many open files", "open_files" }, { "something else", "other" } };
  const char *name = sftp_operations[FTPD_STAT];
  size_t i;

  ftpd_tally_operation(FTPD_STAT, 0, NULL);
  ftpd_tally_operation(FTPD_STAT, 0, "not refused at all");
  ftpd_tally_operation(FTPD_STAT, EACCES, NULL);
  is_str(counted(p), pstrcat(p, "operations ", name, " ok 2, operations ", name,
    " failed 1", NULL), "results");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ftpd_tally_operation(FTPD_STAT, EACCES, row[i].text);
    is_str(counted(p), pstrcat(p, "operations ", name, " refused 1, refusals ",
      row[i].is, " 1", NULL), "'%s'", row[i].text);
  }

  ftpd_tally_operation(9999, 0, NULL);
  is_str(counted(p), "", "what does not exist is not counted");
  ftpd_tally(TALLY_OPERATIONS, FTPD_STAT, 3, 1);
  is_str(counted(p), "", "nor is a result that does not exist");
}

static void exchanges_and_ends(void) {
  session.notes = pr_table_alloc(p, 0);
  ftpd_tally_keyed(false);
  is_str(counted(p), "", "nothing was agreed");
  pr_table_add(session.notes, "SFTP_KEX_ALGO", "curve25519-sha256", 0);
  pr_table_add(session.notes, "SFTP_HOST_KEY_ALGO", "ssh-ed25519", 0);
  pr_table_add(session.notes, "SFTP_CLIENT_CIPHER_ALGO", "aes128-ctr", 0);
  pr_table_add(session.notes, "SFTP_SERVER_CIPHER_ALGO",
    "aes256-gcm@openssh.com", 0);
  pr_table_add(session.notes, "SFTP_CLIENT_MAC_ALGO", "hmac-sha2-256", 0);
  pr_table_add(session.notes, "SFTP_SERVER_MAC_ALGO", "implicit", 0);
  pr_table_add(session.notes, "SFTP_CLIENT_COMPRESSION_ALGO", "none", 0);
  pr_table_add(session.notes, "SFTP_SERVER_COMPRESSION_ALGO", "odd", 0);
  ftpd_tally_keyed(true);
  is_str(counted(p), "key_exchanges curve25519-sha256 1, host_keys ssh-ed25519 "
    "1, ciphers aes256-gcm@openssh.com out 1, ciphers aes128-ctr in 1, macs "
    "implicit out 1, macs hmac-sha2-256 in 1, compressions none in 1, rekeys 1",
    "names, directions, and that it was a rekey");
  ftpd_tally_end(SFTP_OK);
  is_str(counted(p), "", "a connection that has not failed");
  ftpd_tally_end(SFTP_ERR_SHORT);
  ftpd_tally_end(SFTP_ERR_MAC);
  ftpd_tally_ended();
  is_str(counted(p), "ends message_short 1", "the first error counts");
  ftpd_tally_session();
  (void) counted(p);
  ftpd_tally_end(SFTP_OK);
  ftpd_tally_end(SFTP_ERR_MAC);
  is_str(counted(p), "ends mac 1", "another session");
  ftpd_tally_session();
  (void) counted(p);
  ftpd_tally_ended();
  ftpd_tally_ended();
  is_str(counted(p), "ends server 1", "one that the daemon ends");
  ftpd_tally_session();
  (void) counted(p);
  ftpd_tally_end(-1000);
  is_str(counted(p), "", "what is no error");
  ftpd_tally(TALLY_PENALTIES, 1, 0, 5);
  is_str(counted(p), "penalties authfail 5", "penalties");
}

int main(void) {
  p = make_sub_pool(NULL);
  (void) ftpd_tally_init();
  every_value_has_its_place();
  the_layout_has_a_number();
  sessions_and_logins();
  operations_and_refusals();
  exchanges_and_ends();
  destroy_pool(p);
  return done_testing();
}
