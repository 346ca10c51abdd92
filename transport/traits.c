/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* traits.c -- the table of client-specific settings. */

#include "traits.h"

#include "number.h"
#include "packet.h"

#include <strings.h>

/* ---- Kinds of values */

/* The width of all fields for numbers and choices. */
_Static_assert(sizeof(enum sftp_keepalive) == sizeof(uint32_t) &&
  sizeof(enum sftp_link_order) == sizeof(uint32_t) &&
  sizeof(unsigned int) == sizeof(uint32_t), "a field of four bytes");

static void *field(const struct sftp_trait *t, struct sftp_settings *set) {
  return (char *) set + t->at;
}

static void put_number(const struct sftp_trait *t, uint64_t n,
    struct sftp_settings *set) {
  uint32_t value = n > UINT32_MAX ? UINT32_MAX : (uint32_t) n;

  memcpy(field(t, set), &value, sizeof(value));
}

static bool read_number(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  uint64_t n;

  (void) p;
  if (!sftp_number(value, t->min, t->max, &n)) {
    return false;
  }

  put_number(t, n, set);
  return true;
}

static bool read_bytes(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  uint64_t n;

  if (!sftp_bytes(p, value, 0, t->max, &n) || n < t->min) {
    return false;
  }

  put_number(t, n, set);
  return true;
}

static bool read_switch(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  int on = sftp_boolean(value);

  (void) p;
  if (on < 0) {
    return false;
  }

  *((bool *) field(t, set)) = on == 1;
  return true;
}

/* For a field whose meaning is the opposite of its word. */
static bool read_off_switch(const struct sftp_trait *t, pool *p,
    const char *value, struct sftp_settings *set) {
  bool *never = field(t, set);

  if (!read_switch(t, p, value, set)) {
    return false;
  }

  *never = !*never;
  return true;
}

static bool read_choice(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  uint32_t i;

  (void) p;
  for (i = 0; t->choices[i] != NULL; i++) {
    if (strcasecmp(value, t->choices[i]) == 0) {
      put_number(t, i, set);
      return true;
    }
  }

  return false;
}

/* "3" or "3-6". */
static bool read_versions(const struct sftp_trait *t, pool *p,
    const char *value, struct sftp_settings *set) {
  size_t digits = strcspn(value, "-");
  uint64_t min, max;

  if (!sftp_number(pstrndup(p, value, digits), t->min, t->max, &min)) {
    return false;
  }

  max = min;
  if (value[digits] != '\0' &&
      !sftp_number(value + digits + 1, min, t->max, &max)) {
    return false;
  }

  set->sftp.min_version = (unsigned int) min;
  set->sftp.max_version = (unsigned int) max;
  return true;
}

/* The packaged module's, for "legacy": old partners have short keys. */
static const struct sftp_key_limits limits[] = {
  [PROFILE_DEFAULT] = { 2048, 1024, 160 },
  [PROFILE_MODERN] = { 2048, 1024, 160 },
  [PROFILE_LEGACY] = { 768, 384, 160 }
};

void sftp_settings_profile(pool *p, enum sftp_alg_profile profile,
    struct sftp_settings *set) {
  set->kex = sftp_alg_profile(p, ALGS_KEX, profile);
  set->hostkeys = sftp_alg_profile(p, ALGS_HOSTKEY, profile);
  set->ciphers = sftp_alg_profile(p, ALGS_CIPHER, profile);
  set->macs = sftp_alg_profile(p, ALGS_MAC, profile);
  set->userkeys = sftp_alg_profile(p, ALGS_SIGNATURE, profile);
  if (!set->min_bits_named) {
    set->min_bits = limits[profile];
  }
}

static bool read_profile(const struct sftp_trait *t, pool *p,
    const char *value, struct sftp_settings *set) {
  int profile = sftp_alg_profile_find(value);

  (void) t;
  if (profile < 0) {
    return false;
  }

  sftp_settings_profile(p, (enum sftp_alg_profile) profile, set);
  return true;
}

/* The directive checks the names (directives-algs.c). */
static bool read_list(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  const char **names = field(t, set);

  *names = sftp_alg_change(p, t->family, *names, value);
  return true;
}

/* ---- The table */

#define AT(member) .at = offsetof(struct sftp_settings, member)
#define ON_OFF .expected = "on or off"
#define SIZE_OF_DATA .read = read_bytes, .min = 4096, .max = 255 * 1024, \
  .expected = "4 KB to 255 KB"
#define LIST(which) .read = read_list, .family = which, \
  .expected = "names joined by commas"

static const char *const keepalives[] = { "channel", "global", "ignore", NULL };
static const char *const link_orders[] = { "target", "link", "last", NULL };

const struct sftp_trait sftp_traits[] = {
  { .word = "channelPacketSize", AT(max_packet), .read = read_bytes,
    .min = 1, .max = SFTP_PACKET_MAX,
    .expected = "1 to 262144, as number with B, KB or MB" },
  { .word = "channelWindowSize", AT(window), .read = read_bytes,
    .min = 1, .max = UINT64_C(1) << 32,
    .expected = "1 to 4 GB, as number with B, KB, MB or GB" },
  { .word = "keepalive", AT(client.keepalive), .read = read_choice,
    .choices = keepalives, .expected = "channel, global or ignore" },
  { .word = "pessimisticNewkeys", AT(pessimistic_newkeys),
    .read = read_switch, ON_OFF },
  { .word = "rekey", AT(client.never_rekey), .read = read_off_switch, ON_OFF },
  { .word = "sftpAlgorithmProfile", .read = read_profile,
    .expected = "modern, default or legacy" },
  { .word = "sftpCiphers", AT(ciphers), LIST(ALGS_CIPHER) },
  { .word = "sftpDataAlone", AT(client.data_alone), .read = read_switch,
    ON_OFF },
  { .word = "sftpDataSize", AT(client.data_max), SIZE_OF_DATA },
  { .word = "sftpDigests", AT(macs), LIST(ALGS_MAC) },
  { .word = "sftpHostKeys", AT(hostkeys), LIST(ALGS_HOSTKEY) },
  { .word = "sftpKeyExchanges", AT(kex), LIST(ALGS_KEX) },
  { .word = "sftpLinkOrder", AT(client.link_order), .read = read_choice,
    .choices = link_orders, .expected = "target, link or last" },
  { .word = "sftpOwnerNumbers", AT(client.owner_numbers),
    .read = read_switch, ON_OFF },
  { .word = "sftpProtocolVersion", AT(sftp.min_version),
    .read = read_versions, .min = 1, .max = 6,
    .expected = "N or N-M, from 1 to 6" },
  { .word = "sftpReaddirSize", AT(client.readdir_max), SIZE_OF_DATA },
  { .word = "sftpTaggedSums", AT(client.tagged_sums), .read = read_switch,
    ON_OFF },
  { .word = "sftpUTF8ProtocolVersion", AT(sftp.utf8_version),
    .read = read_number, .min = 1, .max = 6, .expected = "1 to 6" },
  { .word = NULL }
};

const struct sftp_trait *sftp_trait_find(const char *word, size_t n) {
  const struct sftp_trait *t;

  for (t = sftp_traits; t->word != NULL; t++) {
    if (strlen(t->word) == n && memcmp(t->word, word, n) == 0) {
      return t;
    }
  }

  return NULL;
}

bool sftp_trait_is_list(const struct sftp_trait *t) {
  return t->read == read_list;
}

bool sftp_trait_is_offer(const struct sftp_trait *t) {
  return t->read == read_list || t->read == read_profile;
}

bool sftp_trait_set(const struct sftp_trait *t, pool *p, const char *value,
    struct sftp_settings *set) {
  return t->read(t, p, value, set);
}

/* ---- Texts */

static const char *next_word(const char **text, size_t *n) {
  const char *word = *text + strspn(*text, " ");

  *n = strcspn(word, " ");
  *text = word + *n;
  return word;
}

bool sftp_traits_next(pool *p, const char **text,
    const struct sftp_trait **trait, const char **value) {
  size_t n;
  const char *word = next_word(text, &n);

  *trait = sftp_trait_find(word, n);
  word = next_word(text, &n);
  *value = pstrndup(p, word, n);
  return *trait != NULL;
}
