/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* needs: openssh-client */

/* Lists of revoked keys: every section, damaged lists, lists of ssh-keygen. */

#include <unistd.h>

#include "base64.h"
#include "crypto.h"
#include "keyfile.h"
#include "krl.h"
#include "tap.h"

static pool *top;
static struct sftp_key *ed, *ec, *rsa;
static struct sftp_cert cert;   /* of ec, by ed */
static const char *why;

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

static struct sftp_str slurp(const char *path) {
  unsigned char *bytes = palloc(top, 65536);
  FILE *f = fopen(path, "rb");
  size_t n;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  n = fread(bytes, 1, 65536, f);
  fclose(f);
  return as_str(bytes, n);
}

static struct sftp_key *load(const char *name) {
  const char *dir = getenv("srcdir");
  struct sftp_key *key;

  if (sftp_key_from_file(top, slurp(pstrcat(top, dir != NULL ? dir : ".",
      "/t/data/keys/", name, NULL)), NULL, &key, &why) != SFTP_OK) {
    bail_out("cannot load %s: %s", name, why);
  }

  return key;
}

static int check_in(pool *p, struct sftp_str list, const struct sftp_key *key,
    const struct sftp_cert *c) {
  unsigned char *copy = t_exact_copy(list.ptr, list.len);
  struct sftp_str blob = { NULL, 0 };
  int res;

  if (key != NULL) {
    blob = key->blob;
  }

  why = NULL;
  res = sftp_krl_check(p, as_str(copy, list.len), blob, c, &why);
  free(copy);
  return res;
}

static int check(struct sftp_str list, const struct sftp_key *key,
    const struct sftp_cert *c) {
  return check_in(top, list, key, c);
}

/* ---- Lists of the test */

static struct sftp_wr list;
static size_t marks[2];

static void begin_list(void) {
  sftp_wr_init(&list, top, 1024, 65536);
  sftp_wr_u64(&list, 0x5353484b524c0a00ULL);
  sftp_wr_u32(&list, 1);
  sftp_wr_u64(&list, 3);
  sftp_wr_u64(&list, 1700000000);
  sftp_wr_u64(&list, 0);
  sftp_wr_text(&list, "");
  sftp_wr_text(&list, "a comment");
}

static void begin_section(unsigned int type) {
  sftp_wr_u8(&list, (uint8_t) type);
  marks[0] = sftp_wr_begin(&list);
}

static void end_section(void) {
  sftp_wr_finish(&list, marks[0]);
}

static void begin_certs(struct sftp_str ca, unsigned int type) {
  begin_section(1);
  sftp_wr_str(&list, ca);
  sftp_wr_text(&list, "");
  sftp_wr_u8(&list, (uint8_t) type);
  marks[1] = sftp_wr_begin(&list);
}

static void end_certs(void) {
  sftp_wr_finish(&list, marks[1]);
  end_section();
}

/* What the list says of the certificate with that serial number. */
static int of_serial(uint64_t serial) {
  struct sftp_cert c = cert;

  c.serial = serial;
  return check(sftp_wr_get(&list), ec, &c);
}

static void serials_are_revoked(void) {
  begin_list();
  begin_certs(ed->blob, 0x20);
  sftp_wr_u64(&list, 5);
  sftp_wr_u64(&list, 7);
  end_certs();
  ok(of_serial(5) == SFTP_ERR_DENIED && of_serial(7) == SFTP_ERR_DENIED,
    "listed serial numbers are revoked");
  ok(why != NULL && strstr(why, "its serial number") != NULL, "%s", why);
  ok(of_serial(6) == SFTP_OK && of_serial(0) == SFTP_OK, "others are not");
  is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_OK,
    "nor is the bare key");

  begin_list();
  begin_certs(ed->blob, 0x21);
  sftp_wr_u64(&list, 10);
  sftp_wr_u64(&list, UINT64_MAX);
  end_certs();
  ok(of_serial(10) == SFTP_ERR_DENIED && of_serial(UINT64_MAX) ==
    SFTP_ERR_DENIED && of_serial(9) == SFTP_OK, "a range has its ends");

  begin_list();
  begin_certs(rsa->blob, 0x21);
  sftp_wr_u64(&list, 0);
  sftp_wr_u64(&list, UINT64_MAX);
  end_certs();
  is_int(of_serial(10), SFTP_OK, "another authority's are no concern");
  begin_list();
  begin_certs(sftp_str_of(""), 0x21);
  sftp_wr_u64(&list, 0);
  sftp_wr_u64(&list, UINT64_MAX);
  end_certs();
  is_int(of_serial(10), SFTP_ERR_DENIED, "no authority is every authority");
}

static void bitmaps_are_read(void) {
  size_t n, wrong = 0;

  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, 100);
  sftp_wr_string(&list, "\0\x80\x01\x05", 4);
  end_certs();
  for (n = 0; n < 140; n++) {
    bool revoked = n == 100 || n == 102 || n == 108 || n == 123;

    wrong += of_serial(n) != (revoked ? SFTP_ERR_DENIED : SFTP_OK);
  }

  is_int(wrong, 0, "each bit is a serial number");

  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, UINT64_MAX - 2);
  sftp_wr_string(&list, "\x05", 1);
  end_certs();
  ok(of_serial(UINT64_MAX) == SFTP_ERR_DENIED &&
    of_serial(UINT64_MAX - 1) == SFTP_OK && of_serial(1) == SFTP_OK,
    "up to the last one");

  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, 5);
  sftp_wr_text(&list, "");
  end_certs();
  is_int(of_serial(5), SFTP_OK, "an empty one has none");

  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, 5);
  sftp_wr_string(&list, "\x80", 1);
  end_certs();
  is_int(of_serial(1), SFTP_ERR_FORMAT, "a negative one is damage");
  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, UINT64_MAX);
  sftp_wr_string(&list, "\x01\0\0", 3);
  end_certs();
  is_int(of_serial(1), SFTP_ERR_FORMAT, "so is one beyond the last number");
  begin_list();
  begin_certs(ed->blob, 0x22);
  sftp_wr_u64(&list, 5);
  sftp_wr_string(&list, "\x01x", 1);
  sftp_wr_u8(&list, 0);
  end_certs();
  is_int(of_serial(1), SFTP_ERR_EXTRA, "and one with more behind it");
}

static void key_ids_are_revoked(void) {
  begin_list();
  begin_certs(sftp_str_of(""), 0x23);
  sftp_wr_text(&list, "somebody");
  sftp_wr_text(&list, "the id");
  end_certs();
  is_int(of_serial(1), SFTP_ERR_DENIED, "the key id is revoked");
  ok(why != NULL && strstr(why, "its key id") != NULL, "%s", why);
  begin_list();
  begin_certs(sftp_str_of(""), 0x23);
  sftp_wr_text(&list, "the i");
  sftp_wr_text(&list, "the id.");
  end_certs();
  is_int(of_serial(1), SFTP_OK, "others are others");
}

static void keys_are_revoked(void) {
  static const struct {
    unsigned int type;
    const char *digest, *text;
  } t[] = {
    { 2, NULL, "its key" }, { 3, "SHA1", "its SHA-1 fingerprint" },
    { 5, "SHA256", "its SHA-256 fingerprint" }
  };
  unsigned char md[64];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_str mark = ec->blob;

    if (t[i].digest != NULL) {
      mark = as_str(md, sizeof(md));
      if (EVP_Q_digest(NULL, t[i].digest, NULL, ec->blob.ptr, ec->blob.len, md,
          &mark.len) != 1) {
        bail_out("no %s", t[i].digest);
      }
    }

    begin_list();
    begin_section(t[i].type);
    sftp_wr_str(&list, mark);
    end_section();
    is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_ERR_DENIED,
      "a key is revoked by %s", t[i].text);
    ok(why != NULL && strstr(why, t[i].text) != NULL, "%s", why);
    is_int(check(sftp_wr_get(&list), ed, NULL), SFTP_OK, "another is not");
    is_int(check(sftp_wr_get(&list), ec, &cert), SFTP_ERR_DENIED,
      "nor is its certificate good");
    ok(strstr(why, "the key is") != NULL, "%s", why);
    is_int(check(sftp_wr_get(&list), NULL, NULL), SFTP_OK,
      "the list as such can be used");

    if (t[i].digest != NULL) {
      mark.len--;
      begin_list();
      begin_section(t[i].type);
      sftp_wr_str(&list, mark);
      end_section();
      is_int(check(sftp_wr_get(&list), ed, NULL), SFTP_ERR_FORMAT,
        "no fingerprint is shorter");
    }
  }

  begin_list();
  begin_section(2);
  sftp_wr_str(&list, ed->blob);
  end_section();
  is_int(check(sftp_wr_get(&list), ec, &cert), SFTP_ERR_DENIED,
    "what a revoked authority says is no good");
  ok(strstr(why, "the authority") != NULL, "%s", why);
}

static void extensions_are_skipped_unless_critical(void) {
  int critical;

  for (critical = 0; critical < 2; critical++) {
    int wanted = critical ? SFTP_ERR_UNSUPPORTED : SFTP_OK;

    begin_list();
    begin_section(255);
    sftp_wr_text(&list, "new@here");
    sftp_wr_bool(&list, critical);
    sftp_wr_text(&list, "contents");
    end_section();
    is_int(check(sftp_wr_get(&list), ec, NULL), wanted, "an extension %s",
      critical ? "that is critical makes the list useless" : "is skipped");

    begin_list();
    begin_certs(rsa->blob, 0x39);
    sftp_wr_text(&list, "new@here");
    sftp_wr_bool(&list, critical);
    sftp_wr_text(&list, "contents");
    end_certs();
    is_int(check(sftp_wr_get(&list), ec, NULL), wanted, "also inside");
  }

  ok(why != NULL && strstr(why, "new@here") != NULL, "by its name");
}

static void unknown_sections_make_it_useless(void) {
  begin_list();
  begin_section(77);
  end_section();
  is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_ERR_UNSUPPORTED,
    "an unknown section");
  begin_list();
  begin_certs(ed->blob, 0x77);
  end_certs();
  is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_ERR_UNSUPPORTED,
    "an unknown section of certificates");
  begin_list();
  list.ptr[11] = 2;
  is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_ERR_FORMAT,
    "another version of the format");
}

static void sign_list(const struct sftp_key *key, const char *alg) {
  struct sftp_wr sig;

  sftp_wr_u8(&list, 4);
  sftp_wr_str(&list, key->blob);
  sftp_wr_init(&sig, top, 512, 8192);
  if (sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(alg)),
      sftp_wr_get(&list), &sig) != SFTP_OK) {
    bail_out("cannot sign");
  }

  sftp_wr_str(&list, sftp_wr_get(&sig));
}

static void signatures_are_checked(void) {
  begin_list();
  begin_section(2);
  sftp_wr_str(&list, ec->blob);
  end_section();
  sign_list(ed, "ssh-ed25519");
  sign_list(rsa, "rsa-sha2-256");
  is_int(check(sftp_wr_get(&list), ec, NULL), SFTP_ERR_DENIED,
    "a signed list revokes");
  is_int(check(sftp_wr_get(&list), ed, NULL), SFTP_OK, "and can be used");
  list.ptr[15] ^= 1;
  ok(check(sftp_wr_get(&list), ed, NULL) == SFTP_ERR_MAC,
    "one that was changed cannot");
  list.ptr[15] ^= 1;
  begin_section(255);
  sftp_wr_text(&list, "a");
  sftp_wr_bool(&list, false);
  sftp_wr_text(&list, "");
  end_section();
  is_int(check(sftp_wr_get(&list), ed, NULL), SFTP_ERR_FORMAT,
    "nothing may follow the signatures");
  begin_list();
  sign_list(rsa, "ssh-rsa");
  is_int(check(sftp_wr_get(&list), ed, NULL), SFTP_ERR_UNSUPPORTED,
    "SHA-1 signs nothing");
}

/* Whatever a flipped bit or a lost end makes of it, what was revoked by it is
 * found or the list refused; a flip may only hit the one mark itself.
 */
static void damaged_lists_do_not_forget(void) {
  struct sftp_str whole;
  size_t n, good = 0, silent = 0, header;
  unsigned char *copy;

  begin_list();
  header = list.len;
  begin_section(2);
  sftp_wr_str(&list, ec->blob);
  end_section();
  begin_certs(ed->blob, 0x21);
  sftp_wr_u64(&list, 1);
  sftp_wr_u64(&list, 50);
  end_certs();
  whole = sftp_wr_get(&list);
  for (n = 0; n < whole.len; n++) {
    pool *p = make_sub_pool(top);
    int res = check_in(p, as_str(whole.ptr, n), ec, &cert);

    /* The list may end behind any section, or in front of all of them. */
    good += res == SFTP_OK && n != header && n != 0;
    silent += res != SFTP_OK && why == NULL;
    destroy_pool(p);
  }

  is_int(good, 0, "no prefix forgets what it has");
  copy = palloc(top, whole.len + 1);
  memcpy(copy, whole.ptr, whole.len);
  copy[whole.len] = 0;
  ok(check(as_str(copy, whole.len + 1), rsa, NULL) != SFTP_OK,
    "a byte more is damage");
  for (n = 0; n < 8 * whole.len; n++) {
    pool *p = make_sub_pool(top);
    int res;

    copy[n / 8] ^= (unsigned char) (1 << n % 8);
    res = check_in(p, as_str(copy, whole.len), ec, &cert);
    /* Two places revoke it: one flip hits only one of them. */
    good += res == SFTP_OK;
    silent += res != SFTP_OK && why == NULL;
    copy[n / 8] ^= (unsigned char) (1 << n % 8);
    destroy_pool(p);
  }

  is_int(good, 0, "no flipped bit makes it forget");
  is_int(silent, 0, "and each refusal has its reason");
}

static void plain_lists_are_read(void) {
  const char *ed64 = sftp_base64_encode(top, ed->blob, true),
    *ec64 = sftp_base64_encode(top, ec->blob, true);
  struct sftp_str text = sftp_str_of(pstrcat(top, "# gone\n\nssh-ed25519 ",
    ed64, " her laptop\r\n", NULL));

  is_int(check(text, ed, NULL), SFTP_ERR_DENIED, "a listed key is revoked");
  ok(why != NULL && strstr(why, "line 3") != NULL, "%s", why);
  is_int(check(text, ec, NULL), SFTP_OK, "another is not");
  is_int(check(text, ec, &cert), SFTP_ERR_DENIED, "an authority is");
  text = sftp_str_of(pstrcat(top, "---- BEGIN SSH2 PUBLIC KEY ----\n", ec64,
    "\n---- END SSH2 PUBLIC KEY ----\n", NULL));
  is_int(check(text, ec, NULL), SFTP_ERR_DENIED, "in the other format, too");
  is_int(check(sftp_str_of(""), ec, NULL), SFTP_OK, "an empty list has none");
  is_int(check(sftp_str_of("# none\n"), ec, NULL), SFTP_OK,
    "nor has a comment");
  is_int(check(sftp_str_of(pstrcat(top, "ssh-ed25519 ", ed64, "\nrubbish\n",
    NULL)), ec, NULL), SFTP_ERR_FORMAT, "what is no key is damage");
  ok(why != NULL && strstr(why, "line 2") != NULL, "%s", why);
  is_int(check(as_str("SSHKRL\n", 7), ec, NULL), SFTP_ERR_FORMAT,
    "and so is half a KRL");
}

static void lists_of_ssh_keygen_are_read(void) {
  char dir[] = "/tmp/krl-t.XXXXXX";
  const char *cmd;
  struct sftp_cert c = cert;

  if (system("ssh-keygen -Q sig >/dev/null 2>&1; test $? -ne 127") != 0 ||
      mkdtemp(dir) == NULL) {
    skip("no ssh-keygen here");
    return;
  }

  cmd = pstrcat(top, "cd ", dir, " && printf '%s\\n' 'ssh-ed25519 ",
    sftp_base64_encode(top, ed->blob, true), "' > ca.pub && "
    "printf 'serial: 1\\nserial: 4-90\\nserial: 1000\\nserial: 1003\\n"
    "serial: 1004\\nserial: 1010\\nid: lost\\nsha256: ssh-rsa ",
    sftp_base64_encode(top, rsa->blob, true), "\\n' > spec && "
    "ssh-keygen -q -k -f krl -s ca.pub spec", NULL);
  if (system(cmd) == 0) {
    static const uint64_t revoked[] = { 1, 4, 50, 90, 1000, 1003, 1004, 1010 },
      good[] = { 0, 2, 3, 91, 999, 1001, 1002, 1005, 1011, 5000 };
    struct sftp_str krl = slurp(pstrcat(top, dir, "/krl", NULL));
    size_t i, wrong = 0;

    for (i = 0; i < SFTP_NELEMS(revoked); i++) {
      c.serial = revoked[i];
      wrong += check(krl, ec, &c) != SFTP_ERR_DENIED;
    }

    for (i = 0; i < SFTP_NELEMS(good); i++) {
      c.serial = good[i];
      wrong += check(krl, ec, &c) != SFTP_OK;
    }

    is_int(wrong, 0, "its serial numbers are found");
    c.key_id = "lost";
    is_int(check(krl, ec, &c), SFTP_ERR_DENIED, "and its key id");
    is_int(check(krl, rsa, NULL), SFTP_ERR_DENIED, "and its fingerprint");

  } else {
    ok(false, "ssh-keygen makes a KRL");
  }

  if (system(pstrcat(top, "rm -r ", dir, NULL)) != 0) {
    diag("%s stays", dir);
  }
}

int main(void) {
  init_pools();
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  ed = load("ed25519");
  ec = load("ecdsa256");
  rsa = load("rsa");
  cert.type = "ecdsa-sha2-nistp256-cert-v01@openssh.com";
  cert.blob = sftp_str_of("the bytes of a certificate");
  cert.key = ec;
  cert.ca = ed;
  cert.serial = 5;
  cert.key_id = "the id";

  serials_are_revoked();
  bitmaps_are_read();
  key_ids_are_revoked();
  keys_are_revoked();
  extensions_are_skipped_unless_critical();
  unknown_sections_make_it_useless();
  signatures_are_checked();
  damaged_lists_do_not_forget();
  plain_lists_are_read();
  lists_of_ssh_keygen_are_read();

  destroy_pool(top);
  sftp_crypto_free();
  free_pools();
  return done_testing();
}
