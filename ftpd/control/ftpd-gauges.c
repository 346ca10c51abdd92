/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-gauges.c -- what is in use now, and its limits: the table. */

#include "ftpd-board.h"
#include "ftpd-gauges.h"
#include "ftpd-penalty.h"
#include "ftpd-startups.h"

static bool read_sessions(unsigned int running, uint64_t *now, uint64_t *max) {
  *now = running;
  *max = BOARD_SLOTS;
  return true;
}

/* MaxInstances counts those of all protocols. */
static bool read_connections(unsigned int running, uint64_t *now,
    uint64_t *max) {
  (void) running;
  *now = child_count();
  *max = ServerMaxInstances > 0 ? (uint64_t) ServerMaxInstances : 0;
  return true;
}

static bool read_sources4(unsigned int running, uint64_t *now, uint64_t *max) {
  (void) running;
  return ftpd_penalty_usage(0, now, max);
}

static bool read_sources6(unsigned int running, uint64_t *now, uint64_t *max) {
  (void) running;
  return ftpd_penalty_usage(1, now, max);
}

static bool read_startups(unsigned int running, uint64_t *now, uint64_t *max) {
  (void) running;
  return ftpd_startups_usage(now, max);
}

static bool read_clients(unsigned int running, uint64_t *now, uint64_t *max) {
  struct book *b = ftpd_board_book();
  struct book_client_row row;
  unsigned int at = 0;

  (void) running;
  for (*now = 0; b != NULL && ftpd_book_client(b, &at, &row); ++*now) {
    ;
  }

  *max = BOOK_CLIENTS;
  return b != NULL;
}

static bool read_keys(unsigned int running, uint64_t *now, uint64_t *max) {
  struct book *b = ftpd_board_book();
  struct book_key_row row;
  unsigned int at = 0;

  (void) running;
  for (*now = 0; b != NULL && ftpd_book_key(b, &at, &row); ++*now) {
    ;
  }

  *max = BOOK_KEYS;
  return b != NULL;
}

const struct gauge ftpd_gauges[] = {
  { "current_connections", "processes of the daemon for all protocols, and "
    "MaxInstances", read_connections },
  { "current_sessions", "sessions of this module, and how many can be counted "
    "one by one", read_sessions },
  { "current_startups", "connections without a login, and the last number of "
    "SFTPMaxStartups", read_startups },
  { "penalized_sources4", "IPv4 sources with a penalty, and max-sources4",
    read_sources4 },
  { "penalized_sources6", "IPv6 sources with a penalty, and max-sources6",
    read_sources6 },
  { "remembered_clients", "clients and users that whatif knows, and how many "
    "it can know", read_clients },
  { "remembered_keys", "the same for keys", read_keys },
  { NULL, NULL, NULL }
};
