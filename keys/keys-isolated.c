/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-isolated.c -- lets libcrypto handle private keys in a separate process.
 *
 * When libcrypto decodes a key or hands out its numbers, it leaves copies in
 * memory that it frees.  Here that is the memory of a process that ends at
 * once; the result comes back through a shared page.
 */

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "crypto.h"
#include "keys-int.h"
#include "params.h"

/* The numbers of a key: RSA with 16384 bits needs a fifth of this. */
#define NUMBERS_LEN 65536U

/* At the same address in both processes, because it contains pointers to
 * itself.
 */
struct page {
  int err;
  char why[256];
  char type[SFTP_KEY_EVP_LEN];
  _Alignas(16) unsigned char numbers[NUMBERS_LEN];
};

/* The job: a file to decode, or a key that libcrypto already has. */
struct job {
  pool *pool;
  struct sftp_str file;
  const char *passphrase;       /* or NULL */
  bool asked;                   /* for the passphrase */
  const EVP_PKEY *pkey;
};

static int set_failure(struct page *f, int err, const char *why) {
  snprintf(f->why, sizeof(f->why), "%s", why);
  return err;
}

/* ---- In the separate process */

static int on_passphrase(char *buf, int size, int writing SFTP_UNUSED,
    void *data) {
  struct job *job = data;
  size_t len = job->passphrase != NULL ? strlen(job->passphrase) : 0;

  job->asked = true;
  if (job->passphrase == NULL || size < 0 || len > (size_t) size) {
    return -1;
  }

  memcpy(buf, job->passphrase, len);
  return (int) len;
}

static int decode_key(struct job *job, struct page *f, EVP_PKEY **pkey) {
  BIO *bio = BIO_new_mem_buf(job->file.ptr, (int) job->file.len);

  *pkey = bio == NULL ? NULL :
    PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, job);
  BIO_free(bio);
  if (*pkey != NULL) {
    return SFTP_OK;
  }

  if (job->asked && sftp_crypto_digest("MD5") == NULL &&
      memmem(job->file.ptr, job->file.len, "\nDEK-Info:", 10) != NULL) {
    return set_failure(f, SFTP_ERR_FORMAT, "its old kind of encryption needs "
      "MD5, which this libcrypto refuses (FIPS); convert it elsewhere with "
      "`ssh-keygen -p -f FILE'");
  }

  if (job->asked) {
    return set_failure(f, SFTP_ERR_PASSPHRASE, job->passphrase == NULL ?
      "the key is encrypted and needs a passphrase" :
      "the passphrase is wrong");
  }

  return set_failure(f, SFTP_ERR_FORMAT, sftp_key_why(job->pool, "the file is "
    "damaged or of a kind that libcrypto does not read: %s",
    sftp_crypto_errors(job->pool)));
}

static int hand_over(const EVP_PKEY *pkey, struct page *f) {
  const char *type = EVP_PKEY_get0_type_name(pkey);
  OSSL_PARAM *list = NULL;
  int res = SFTP_OK;

  if (type == NULL || strlen(type) >= sizeof(f->type) ||
      EVP_PKEY_todata(pkey, EVP_PKEY_KEYPAIR, &list) != 1 ||
      sftp_params_room(list) > sizeof(f->numbers)) {
    res = set_failure(f, SFTP_ERR_UNSUPPORTED, "the numbers of the key are "
      "unknown");

  } else {
    memcpy(f->type, type, strlen(type) + 1);
    sftp_params_place(f->numbers, list);
  }

  OSSL_PARAM_free(list);
  return res;
}

static void work(struct job *job, struct page *f) {
  EVP_PKEY *decoded = NULL;
  int res = job->pkey != NULL ? SFTP_OK : decode_key(job, f, &decoded);

  f->err = res != SFTP_OK ? res :
    hand_over(job->pkey != NULL ? job->pkey : decoded, f);
  EVP_PKEY_free(decoded);
}

/* ---- Here */

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
/* A process for each input would be too slow for a fuzzer. */
static void run_job(struct job *job, struct page *f) {
  work(job, f);
}

#else
static void run_job(struct job *job, struct page *f) {
  static const struct rlimit none = { 0, 0 };
  pid_t pid;

  f->err = set_failure(f, SFTP_ERR_CRYPTO,
    "the process that decodes it has failed");
  pid = fork();
  if (pid == 0) {
    (void) setrlimit(RLIMIT_CORE, &none);
    work(job, f);
    _exit(0);
  }

  if (pid < 0) {
    f->err = set_failure(f, SFTP_ERR_CRYPTO, sftp_key_why(job->pool,
      "no process to decode it: %s", strerror(errno)));
  }

  /* Other errors mean that another part of the daemon has reaped it. */
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    ;
  }
}
#endif /* FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION */

static int take_key(const struct page *f, char *type, OSSL_PARAM **numbers) {
  const OSSL_PARAM *list = (const OSSL_PARAM *) (const void *) f->numbers;

  if (f->err != SFTP_OK) {
    return f->err;
  }

  *numbers = sodium_malloc(sftp_params_room(list));
  if (*numbers == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  sftp_params_place(*numbers, list);
  sodium_mprotect_noaccess(*numbers);
  memcpy(type, f->type, sizeof(f->type));
  return SFTP_OK;
}

static int do_aside(struct job *job, char *type, OSSL_PARAM **numbers,
    const char **why) {
  struct page *f = mmap(NULL, sizeof(*f), PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS, -1, 0);
  int res;

  *numbers = NULL;
  *why = "there is no memory for it";
  if (f == MAP_FAILED) {
    return SFTP_ERR_CRYPTO;
  }

  (void) madvise(f, sizeof(*f), MADV_DONTDUMP);
  (void) mlock(f, sizeof(*f));
  run_job(job, f);
  res = take_key(f, type, numbers);
  if (*f->why != '\0') {
    *why = pstrdup(job->pool, f->why);
  }

  sftp_wipe(f, sizeof(*f));
  (void) munmap(f, sizeof(*f));
  return res;
}

int sftp_key_read_pem(pool *p, struct sftp_str file, const char *passphrase,
    char *type, OSSL_PARAM **numbers, const char **why) {
  struct job job = { p, file, passphrase, false, NULL };

  if (file.len > INT32_MAX) {
    *why = "the file is too long";
    return SFTP_ERR_LIMIT;
  }

  return do_aside(&job, type, numbers, why);
}

int sftp_key_numbers(pool *p, const EVP_PKEY *pkey, OSSL_PARAM **numbers) {
  struct job job = { p, { NULL, 0 }, NULL, false, pkey };
  char type[SFTP_KEY_EVP_LEN];
  const char *why;

  return do_aside(&job, type, numbers, &why);
}
