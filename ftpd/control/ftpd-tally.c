/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-tally.c -- counters: the table, and the places of their values. */

#include "directives.h"
#include "ftpd-board.h"
#include "ftpd-tally.h"

#include "alg-table.h"
#include "effects.h"
#include "ftpd-gate.h"
#include "userauth.h"

/* ---- Labels */

#define WORD_OF(table, i) ((i) < SFTP_NELEMS(table) ? (table)[i] : NULL)

static const char *method_at(unsigned int i) {
  static unsigned int n;        /* of the methods */

  if (n == 0) {
    while (sftp_auth_method_at(n) != NULL) {
      n++;
    }
  }

  return i < n ? sftp_auth_method_at(i) : i == n ? "other" : NULL;
}

static const char *outcome_at(unsigned int i) {
  static const char *const words[] = { "success", "partial", "failure",
    "error" };

  return WORD_OF(words, i);
}

static const char *way_at(unsigned int i) {
  static const char *const words[] = { "in", "out" };

  return WORD_OF(words, i);
}

static const char *protocol_at(unsigned int i) {
  static const char *const words[] = { "sftp", "scp" };

  return WORD_OF(words, i);
}

static const char *end_at(unsigned int i) {
  static const char *const words[] = { "complete", "incomplete" };

  return WORD_OF(words, i);
}

static const char *result_at(unsigned int i) {
  static const char *const words[] = { "ok", "refused", "failed" };

  return WORD_OF(words, i);
}

static const char *operation_at(unsigned int i) {
  return WORD_OF(sftp_operations, i);
}

/* Texts of refusals (ftpd_refuse()), and the rule. */
static const struct {
  const char *text, *word;
} rules[] = {
  { "<Limit ", "Limit" },
  { "PathAllowFilter", "PathAllowFilter" },
  { "PathDenyFilter", "PathDenyFilter" },
  { "AllowOverwrite", "AllowOverwrite" },
  { "AllowRetrieveRestart", "AllowRetrieveRestart" },
  { "AllowStoreRestart", "AllowStoreRestart" },
  { "MaxRetrieveFileSize", "MaxRetrieveFileSize" },
  { "MaxStoreFileSize", "MaxStoreFileSize" },
  { "MaxTransfersPerHost", "MaxTransfersPerHost" },
  { "MaxTransfersPerUser", "MaxTransfersPerUser" },
  { "quota of ", "quota" },
  { "the key, which is for reading only", "read_only_key" },
  { "IgnoreFIFOs", "IgnoreFIFOs" },
  { "too many open files", "open_files" },
  { "more is allowed with the new name", "rename" },
  { "others are kept only", "share_mode" },
};

static const char *rule_at(unsigned int i) {
  return i < SFTP_NELEMS(rules) ? rules[i].word : i == SFTP_NELEMS(rules) ?
    "other" : NULL;
}

static unsigned int find_rule(const char *refused) {
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rules); i++) {
    if (strstr(refused, rules[i].text) != NULL) {
      break;
    }
  }

  return i;
}

static const char *name_at(enum sftp_alg_family f, unsigned int i) {
  const struct sftp_alg *alg = sftp_alg_at(f, i);

  return alg != NULL ? alg->name : NULL;
}

static const char *kex_at(unsigned int i) {
  return name_at(ALGS_KEX, i);
}

static const char *hostkey_at(unsigned int i) {
  return name_at(ALGS_HOSTKEY, i);
}

static const char *cipher_at(unsigned int i) {
  return name_at(ALGS_CIPHER, i);
}

/* With an AEAD cipher there is no MAC. */
static const char *mac_at(unsigned int i) {
  return i == 0 ? "implicit" : name_at(ALGS_MAC, i - 1);
}

static const char *compression_at(unsigned int i) {
  return name_at(ALGS_COMPRESS, i);
}

static const char *penalty_at(unsigned int i) {
  return ftpd_penalty_name(PENALTY_CRASH + i);
}

/* In the order of enum sftp_err; then who else ends sessions: the daemon, which
 * an administrator or a time limit has told to; and what no session can count
 * itself.
 */
static const char *error_at(unsigned int i) {
  static const char *const words[] = { "message_short", "message_extra",
    "message_malformed", "limit", "crypto", "mac", "order", "no_match",
    "key_exchange", "client_gone", "connection", "denied", "unsupported",
    "timeout", "client_disconnected", "version", "service", "too_many",
    "budget", "passphrase", "key_size", "isolated_process", "server",
    "killed" };

  return WORD_OF(words, i);
}

static const struct tally_label
  by_method = { "method", method_at },
  by_outcome = { "outcome", outcome_at },
  by_way = { "direction", way_at },
  by_protocol = { "protocol", protocol_at },
  by_operation = { "operation", operation_at },
  by_result = { "result", result_at },
  by_rule = { "rule", rule_at },
  by_kex = { "algorithm", kex_at },
  by_hostkey = { "algorithm", hostkey_at },
  by_cipher = { "algorithm", cipher_at },
  by_mac = { "algorithm", mac_at },
  by_compression = { "algorithm", compression_at },
  by_reason = { "reason", penalty_at },
  by_kind = { "kind", error_at },
  by_end = { "end", end_at };

/* ---- The table */

const struct tally_row ftpd_tally_rows[TALLY_NCOUNTERS] = {
  [TALLY_SESSIONS] = { "sessions", "connections that this module has served",
    { NULL, NULL } },
  [TALLY_LOGINS] = { "logins", "attempts to log in",
    { &by_method, &by_outcome } },
  [TALLY_BYTES] = { "bytes", "bytes of files, from clients and to them",
    { &by_way, &by_protocol } },
  [TALLY_WIRE_BYTES] = { "wire_bytes", "bytes on the network",
    { &by_way, NULL } },
  [TALLY_TRANSFERS] = { "transfers", "files that were opened and closed",
    { &by_way, &by_end } },
  [TALLY_OPERATIONS] = { "operations", "requests on files",
    { &by_operation, &by_result } },
  [TALLY_REFUSALS] = { "refusals", "requests that a rule has refused",
    { &by_rule, NULL } },
  [TALLY_KEX] = { "key_exchanges", "key exchanges, rekeys included",
    { &by_kex, NULL } },
  [TALLY_HOSTKEYS] = { "host_keys", "signatures of host keys",
    { &by_hostkey, NULL } },
  [TALLY_CIPHERS] = { "ciphers", "ciphers that were negotiated",
    { &by_cipher, &by_way } },
  [TALLY_MACS] = { "macs", "MACs that were negotiated",
    { &by_mac, &by_way } },
  [TALLY_COMPRESSIONS] = { "compressions", "compressions that were negotiated",
    { &by_compression, &by_way } },
  [TALLY_REKEYS] = { "rekeys", "key exchanges after the first of a session",
    { NULL, NULL } },
  [TALLY_PENALTIES] = { "penalties", "penalties of SFTPPerSourcePenalties",
    { &by_reason, NULL } },
  [TALLY_BLOCKED] = { "blocked", "connections refused for a penalty",
    { NULL, NULL } },
  [TALLY_STARTUPS] = { "dropped_startups",
    "connections without a login that SFTPMaxStartups has ended",
    { NULL, NULL } },
  [TALLY_ENDS] = { "ends", "connections that have ended, and how",
    { &by_kind, NULL } },
  [TALLY_UNCOUNTED] = { "uncounted_sessions",
    "sessions for which there was no room here", { NULL, NULL } }
};

/* ---- Places */

static struct {
  unsigned int first, n[2];
} places[TALLY_NCOUNTERS];

static uint64_t mix(uint64_t hash, const char *text) {
  do {
    hash = (hash ^ (unsigned char) *text) * UINT64_C(0x100000001b3);
  } while (*text++ != '\0');

  return hash;
}

static unsigned int count_values(const struct tally_label *l, uint64_t *hash) {
  unsigned int n = 0;

  if (l == NULL) {
    return 1;
  }

  for (n = 0; l->value(n) != NULL; n++) {
    *hash = mix(*hash, l->value(n));
  }

  return n;
}

uint64_t ftpd_tally_init(void) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  unsigned int i, j, first = 0;

  for (i = 0; i < TALLY_NCOUNTERS; i++) {
    const struct tally_row *row = &ftpd_tally_rows[i];

    hash = mix(hash, row->name);
    for (j = 0; j < 2; j++) {
      places[i].n[j] = count_values(row->labels[j], &hash);
    }

    places[i].first = first;
    first += places[i].n[0] * places[i].n[1];
    if (first > BOARD_SERIES) {         /* neither counted nor told */
      places[i].n[0] = places[i].n[1] = 0;
    }
  }

  return mix(hash, MOD_SFTP_VERSION);
}

unsigned int ftpd_tally_values(enum tally what, unsigned int label) {
  return places[what].n[label];
}

unsigned int ftpd_tally_place(enum tally what, unsigned int i,
    unsigned int j) {
  return places[what].first + i * places[what].n[1] + j;
}

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  if (i < places[what].n[0] && j < places[what].n[1]) {
    ftpd_board_add(ftpd_tally_place(what, i, j), n);
  }
}

/* ---- What happened */

static unsigned int find_value(const struct tally_label *l, const char *word) {
  unsigned int i;

  for (i = 0; l->value(i) != NULL && strcmp(l->value(i), word) != 0; i++) {
    ;
  }

  return i;
}

/* The first end of a session counts: the daemon ends each after that. */
static bool has_ended;

void ftpd_tally_session(void) {
  bool has_slot = ftpd_board_enter();

  has_ended = false;
  ftpd_tally(TALLY_SESSIONS, 0, 0, 1);
  if (!has_slot) {
    ftpd_tally(TALLY_UNCOUNTED, 0, 0, 1);
    ftpd_board_close();
  }
}

void ftpd_tally_login(const char *method, enum tally_outcome outcome) {
  unsigned int i = find_value(&by_method, method),
    n = ftpd_tally_values(TALLY_LOGINS, 0);

  ftpd_tally(TALLY_LOGINS, i < n ? i : n - 1, outcome, 1);
}

void ftpd_tally_keyed(bool again) {
  static const struct {
    const char *note;
    enum tally what;
    unsigned int way;
  } agreed[] = {
    { "SFTP_KEX_ALGO", TALLY_KEX, 0 },
    { "SFTP_HOST_KEY_ALGO", TALLY_HOSTKEYS, 0 },
    { "SFTP_CLIENT_CIPHER_ALGO", TALLY_CIPHERS, TALLY_IN },
    { "SFTP_SERVER_CIPHER_ALGO", TALLY_CIPHERS, TALLY_OUT },
    { "SFTP_CLIENT_MAC_ALGO", TALLY_MACS, TALLY_IN },
    { "SFTP_SERVER_MAC_ALGO", TALLY_MACS, TALLY_OUT },
    { "SFTP_CLIENT_COMPRESSION_ALGO", TALLY_COMPRESSIONS, TALLY_IN },
    { "SFTP_SERVER_COMPRESSION_ALGO", TALLY_COMPRESSIONS, TALLY_OUT }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(agreed); i++) {
    const char *name = pr_table_get(session.notes, agreed[i].note, NULL);

    if (name != NULL) {
      ftpd_tally(agreed[i].what, find_value(
        ftpd_tally_rows[agreed[i].what].labels[0], name), agreed[i].way, 1);
    }
  }

  if (again) {
    ftpd_tally(TALLY_REKEYS, 0, 0, 1);
  }
}

void ftpd_tally_operation(unsigned int request, int err, const char *refused) {
  bool by_a_rule = err != 0 && refused != NULL;

  ftpd_tally(TALLY_OPERATIONS, request, err == 0 ? TALLY_DONE : by_a_rule ?
    TALLY_REFUSED : TALLY_FAULT, 1);
  if (by_a_rule) {
    ftpd_tally(TALLY_REFUSALS, find_rule(refused), 0, 1);
  }
}

void ftpd_tally_end(int err) {
  if (err < 0 && !has_ended) {
    has_ended = true;
    ftpd_tally(TALLY_ENDS, (unsigned int) -err - 1, 0, 1);
  }
}

void ftpd_tally_ended(void) {
  if (!has_ended) {
    has_ended = true;
    ftpd_tally(TALLY_ENDS, find_value(&by_kind, "server"), 0, 1);
  }
}

void ftpd_tally_killed(void) {
  ftpd_tally(TALLY_ENDS, find_value(&by_kind, "killed"), 0, 1);
}
