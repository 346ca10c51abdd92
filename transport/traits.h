/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* traits.h -- client-specific settings: one table, whose words are used by the
 * rows of clients.c and by SFTPClientMatch.
 */

#ifndef MOD_SFTP_TRAITS_H
#define MOD_SFTP_TRAITS_H

#include "alg-profile.h"
#include "settings.h"

struct sftp_trait {
  const char *word;             /* also the key of SFTPClientMatch */
  const char *expected;         /* allowed values, for messages */
  size_t at;                    /* offset of the value in struct
                                 * sftp_settings */
  /* Reads a value into set; lists are in p.  Returns false, and changes
   * nothing, if the trait has no such value.
   */
  bool (*read)(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set);
  uint64_t min, max;            /* of numbers */
  const char *const *choices;   /* in the order of the enum; NULL ends */
  enum sftp_alg_family family;  /* of lists */
};

/* Ends with a NULL word.  Traits are applied in this order: a profile before
 * the lists that change it.
 */
extern const struct sftp_trait sftp_traits[];

/* The trait of that word, which is n bytes long; NULL when there is none. */
const struct sftp_trait *sftp_trait_find(const char *word, size_t n);
bool sftp_trait_is_list(const struct sftp_trait *t);
/* Whether the offer of algorithms depends on the trait. */
bool sftp_trait_is_offer(const struct sftp_trait *t);
bool sftp_trait_set(const struct sftp_trait *t, pool *p, const char *value,
  struct sftp_settings *set);

/* Replaces all lists but ca_algs by those of the profile, in p; also the key
 * limits, unless the administrator has set some.
 */
void sftp_settings_profile(pool *p, enum sftp_alg_profile profile,
  struct sftp_settings *set);

/* Removes the next trait and its value, in p, from a text such as "rekey off
 * sftpLinkOrder link"; false at its end.
 */
bool sftp_traits_next(pool *p, const char **text,
  const struct sftp_trait **trait, const char **value);

#endif /* MOD_SFTP_TRAITS_H */
