/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* constant-time-t.c -- no branch and no address depends on a secret, in the
 * code as it was compiled.
 *
 * Secrets are marked as undefined, and memcheck, under which the program runs
 * itself, counts the branches and the addresses that depend on them.  It does
 * not know that a division takes a time of its own: the disassembly is searched
 * for those.
 */

/* needs: binutils valgrind */

#include "alg-table.h"
#include "crypto.h"
#include "mac-int.h"
#include "mlkem.h"
#include "sntrup761.h"
#include "tap.h"

#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
# define WHY_NOT "sanitizers do not run under valgrind"
#elif !defined(__has_include)
# define WHY_NOT "the compiler does not say whether valgrind's headers are here"
#elif !__has_include(<valgrind/memcheck.h>)
# define WHY_NOT "valgrind's headers are not here"
#endif

#ifdef WHY_NOT

int main(void) {
  skip_all(WHY_NOT);
  return 0;
}

#else

#include <valgrind/memcheck.h>

static pool *p;

static void hide(void *secret, size_t n) {
  (void) VALGRIND_MAKE_MEM_UNDEFINED(secret, n);
}

/* What the other side learns, or a test looks at. */
static void show(void *result, size_t n) {
  (void) VALGRIND_MAKE_MEM_DEFINED(result, n);
}

/* In place of libc's. */
static bool random_is_secret;

ssize_t getrandom(void *buf, size_t n, unsigned int flags) {
  long got = syscall(SYS_getrandom, buf, n, flags);

  if (random_is_secret && got > 0) {
    hide(buf, (size_t) got);
  }

  return got;
}

static void hidden_bytes(unsigned char *secret, size_t n) {
  sftp_random(secret, n);
  hide(secret, n);
}

/* ---- Key exchange */

static void mlkem_encaps(const struct sftp_mlkem *kem) {
  unsigned char pub[SFTP_MLKEM_MAX_PUBLIC_LEN];
  unsigned char priv[SFTP_MLKEM_MAX_PRIVATE_LEN];
  unsigned char seeds[2][SFTP_MLKEM_SEED_LEN], m[SFTP_MLKEM_SEED_LEN];
  unsigned char sealed[SFTP_MLKEM_MAX_CIPHERTEXT_LEN];
  unsigned char secret[SFTP_MLKEM_SECRET_LEN];
  int res;

  sftp_random(seeds, sizeof(seeds));
  if (sftp_mlkem_keygen_with(kem, seeds[0], seeds[1], pub, priv) != SFTP_OK) {
    bail_out("no key");
  }

  hidden_bytes(m, sizeof(m));
  res = sftp_mlkem_encaps_with(kem, pub, m, sealed, secret);
  show(&res, sizeof(res));
  if (res != SFTP_OK) {
    bail_out("no encapsulation");
  }
}

static void mlkem768(void) {
  mlkem_encaps(&sftp_mlkem768);
}

static void mlkem1024(void) {
  mlkem_encaps(&sftp_mlkem1024);
}

/* With numbers that were made from secret ones. */
static void sntrup761(void) {
  unsigned char pub[SFTP_SNTRUP761_PUBLIC_LEN];
  unsigned char sealed[SFTP_SNTRUP761_CIPHERTEXT_LEN];
  unsigned char secret[SFTP_SNTRUP761_SECRET_LEN];

  sftp_random(pub, sizeof(pub));
  random_is_secret = true;
  sftp_sntrup761_encaps(pub, sealed, secret);
  random_is_secret = false;
}

/* ---- Codes and secrets that are compared */

static void comparison(void) {
  unsigned char a[64], b[64];
  bool same;

  hidden_bytes(a, sizeof(a));
  sftp_random(b, sizeof(b));
  same = sftp_same(a, b, sizeof(a));
  show(&same, sizeof(same));
  if (same) {
    bail_out("two random strings are the same");
  }
}

static void each_mac(void) {
  static const unsigned char message[100];
  unsigned char key[64], code[64];
  const struct sftp_mac_alg *alg;
  struct sftp_mac *m;
  int res;

  for (alg = sftp_macs; alg->alg.name != NULL; alg++) {
    if (!sftp_mac_is_usable(&alg->alg)) {
      continue;
    }

    hidden_bytes(key, sizeof(key));
    if (sftp_mac_new(p, alg, key, &m) != SFTP_OK) {
      bail_out("no %s", alg->alg.name);
    }

    res = sftp_mac_compute(m, 7, message, sizeof(message), code);
    show(&res, sizeof(res));
    if (res != SFTP_OK) {
      bail_out("no code of %s", alg->alg.name);
    }
  }
}

/* ---- Faults that must be noticed */

static volatile unsigned char sink;

static void branch(void) {
  unsigned char secret[1];

  hidden_bytes(secret, sizeof(secret));
  if (secret[0] > 100) {
    sink = 1;
  }
}

static void address(void) {
  static const volatile unsigned char table[256];
  unsigned char secret[1];

  hidden_bytes(secret, sizeof(secret));
  sink = table[secret[0]];
}

static const struct {
  const char *name;
  void (*run)(void);
  bool leaks;
} rows[] = {
  { "a branch is noticed", branch, true },
  { "an address is noticed", address, true },
  { "ML-KEM-768", mlkem768, false },
  { "ML-KEM-1024", mlkem1024, false },
  { "sntrup761", sntrup761, false },
  { "secrets are compared", comparison, false },
  { "codes of each MAC", each_mac, false }
};

static void run_rows(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    unsigned int before = VALGRIND_COUNT_ERRORS, n;

    rows[i].run();
    n = VALGRIND_COUNT_ERRORS - before;
    ok((n > 0) == rows[i].leaks, "%s: %u places depend on a secret",
      rows[i].name, n);
  }
}

/* Only these functions divide, and they have public numbers. */
static void no_division(const char *object) {
  static const char how[] = "objdump -d --no-show-raw-insn %s | awk '"
    "/^[0-9a-f]+ </ { name = $2 }"
    "/[[:space:]](u|s|i)?div[bwlq]?[[:space:]]/ &&"
    " name !~ /^<(decode|split)[.>]/ { n++ }"
    "END { print name == \"\" ? \"nothing\" : n + 0 }'";
  char command[512], line[32] = "";
  FILE *out;

  snprintf(command, sizeof(command), how, object);
  out = popen(command, "r");
  if (out == NULL || fgets(line, sizeof(line), out) == NULL) {
    bail_out("no disassembly of %s", object);
  }

  (void) pclose(out);
  is_str(line, "0\n", "%s divides no secret", object);
}

/* This program as valgrind's, without what the compiler says for debuggers:
 * not every valgrind can read that.
 */
static void run_again(const char *program) {
  char command[8192], stripped[4096];

  snprintf(stripped, sizeof(stripped), "%s.stripped", program);
  snprintf(command, sizeof(command), "objcopy --strip-debug '%s' '%s'", program,
    stripped);
  if (system(command) != 0) {
    bail_out("objcopy fails");
  }

  execlp("valgrind", "valgrind", "-q", stripped, (char *) NULL);
  bail_out("valgrind cannot be run");
}

int main(int argc, char **argv) {
  (void) argc;
  if (!RUNNING_ON_VALGRIND) {
    run_again(argv[0]);
  }

  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  p = make_sub_pool(NULL);
  run_rows();
  no_division("obj/crypto/mlkem.o");
  no_division("obj/crypto/sntrup761.o");
  destroy_pool(p);
  sftp_crypto_free();
  return done_testing();
}

#endif
