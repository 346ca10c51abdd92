/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "base64.h"
#include "keyfile.h"
#include "tap.h"

static pool *top;

/* An Ed25519 and a (shortened) RSA key, as blobs in base64. */
#define ED \
  "AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TKcJtoB5ZQhUfQBQrW+Q8Z"
#define RSA "AAAAB3NzaC1yc2EAAAADAQABAAAACQDEbCKptb5fVw=="
#define BEGIN "---- BEGIN SSH2 PUBLIC KEY ----"
#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define END "---- END SSH2 PUBLIC KEY ----"

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

/* What a text holds: entries as "line:type:options:comment:subject:flags;",
 * then "broken N at LINE: why".
 */
static const char *read_all(const char *text, size_t len) {
  char *copy = t_exact_copy(text, len), line[64];
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  const char *res = "";

  sftp_keyfile_init(&f, top, as_str(copy, len));
  while (sftp_keyfile_next(&f, &e)) {
    struct sftp_rd r;

    sftp_rd_init_str(&r, e.blob);
    snprintf(line, sizeof(line), "%u:", e.line);
    res = pstrcat(top, res, line, sftp_rd_text(&r, top), ":",
      e.options != NULL ? e.options : "-", ":",
      e.comment != NULL ? e.comment : "-", ":",
      e.subject != NULL ? e.subject : "-", ":", e.fido_touch ? "t" : "",
      e.fido_verify ? "v" : "", ";", NULL);
  }

  if (f.nbroken > 0) {
    snprintf(line, sizeof(line), "broken %u at %u: ", f.nbroken,
      f.broken_line);
    res = pstrcat(top, res, line, f.broken_why, NULL);
  }

  free(copy);
  return res;
}

#define NEITHER "it is neither `[options] type base64 [comment]' with a " \
  "whole key nor part of an RFC 4716 block"

static const struct {
  const char *promise, *text, *want;
} cases[] = {
  { "an empty file has no keys", "", "" },
  { "comments and blank lines are skipped", "# one\n\n   \n\t# two\n", "" },
  { "a plain line", "ssh-ed25519 " ED " me@here\n",
    "1:ssh-ed25519:-:me@here:-:;" },
  { "no comment", "ssh-ed25519 " ED "\n", "1:ssh-ed25519:-:-:-:;" },
  { "no last newline", "ssh-ed25519 " ED, "1:ssh-ed25519:-:-:-:;" },
  { "a comment of several words", "ssh-rsa " RSA " a b  c \n",
    "1:ssh-rsa:-:a b  c:-:;" },
  { "CR LF", "# x\r\nssh-rsa " RSA " c\r\n\r\nssh-ed25519 " ED "\r\n",
    "2:ssh-rsa:-:c:-:;4:ssh-ed25519:-:-:-:;" },
  { "CR alone", "# x\rssh-rsa " RSA " c\rssh-ed25519 " ED,
    "2:ssh-rsa:-:c:-:;3:ssh-ed25519:-:-:-:;" },
  { "a byte order mark", "\xef\xbb\xbfssh-rsa " RSA "\n",
    "1:ssh-rsa:-:-:-:;" },
  { "blanks in front, tabs between", " \tssh-rsa\t" RSA "\t\tc",
    "1:ssh-rsa:-:c:-:;" },
  { "options are kept whole", "restrict,from=\"a b,*.c\" ssh-rsa " RSA " c",
    "1:ssh-rsa:restrict,from=\"a b,*.c\":c:-:;" },
  { "an escaped quote does not end the quoting",
    "environment=\"A=\\\" b\",restrict ssh-rsa " RSA,
    "1:ssh-rsa:environment=\"A=\\\" b\",restrict:-:-:;" },
  { "a key inside quotes is no key",
    "command=\"ssh-rsa " RSA " x\" ssh-ed25519 " ED,
    "1:ssh-ed25519:command=\"ssh-rsa " RSA " x\":-:-:;" },
  { "a quote that is not closed swallows the line",
    "command=\"x ssh-rsa " RSA "\nssh-rsa " RSA,
    "2:ssh-rsa:-:-:-:;broken 1 at 1: " NEITHER },
  { "a type that is not the blob's", "ssh-ed25519 " RSA,
    "broken 1 at 1: " NEITHER },
  { "options before a type that is not the blob's",
    "restrict ssh-ed25519 " RSA, "broken 1 at 1: " NEITHER },
  { "a comment must not become a key", "restrict x ssh-rsa " RSA,
    "broken 1 at 1: " NEITHER },
  { "garbage is broken, the next line is read",
    "what is this?\nssh-rsa " RSA "\nand this", "2:ssh-rsa:-:-:-:;"
    "broken 2 at 3: " NEITHER },
  { "base64 cut short", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAACQDEbC",
    "broken 1 at 1: " NEITHER },
  { "a word alone", "ssh-rsa", "broken 1 at 1: " NEITHER },
  { "a private key's armour is broken lines",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n",
    "broken 2 at 2: " NEITHER },

  { "an RFC 4716 block", BEGIN "\n" ED "\n" END "\n",
    "1:ssh-ed25519:-:-:-:;" },
  { "a block without last newline", BEGIN "\n" ED "\n" END,
    "1:ssh-ed25519:-:-:-:;" },
  { "headers", BEGIN "\nSubject: joe\nComment: \"2048-bit RSA, joe: x\"\n"
    "x-private: 1\nAAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jD\n"
    "K2TKcJtoB5ZQhUfQBQrW+Q8Z\n" END,
    "1:ssh-ed25519:-:2048-bit RSA, joe: x:joe:;" },
  { "tags in any case", BEGIN "\nSUBJECT: joe\ncomment: c\n" ED "\n" END,
    "1:ssh-ed25519:-:c:joe:;" },
  { "a continued header", BEGIN "\nComment: one \\\ntwo \\\nthree\n" ED "\n"
    END, "1:ssh-ed25519:-:one two three:-:;" },
  { "FIDO headers", BEGIN "\nX-FIDO-Touch-Required: true\n"
    "X-FIDO-Verify-Required: YES\n" ED "\n" END,
    "1:ssh-ed25519:-:-:-:tv;" },
  { "FIDO headers that say no", BEGIN "\nX-FIDO-Touch-Required: false\n"
    "X-FIDO-Verify-Required: no\n" ED "\n" END, "1:ssh-ed25519:-:-:-:;" },
  { "a block with CR LF and blanks", BEGIN " \r\nComment: c\r\n" ED " \r\n"
    END "\t\r\n", "1:ssh-ed25519:-:c:-:;" },
  { "blocks and lines mixed", "ssh-rsa " RSA " a\n" BEGIN "\n" ED "\n" END
    "\n# x\n" BEGIN "\nComment: d\n" RSA "\n" END "\nrestrict ssh-ed25519 "
    ED, "1:ssh-rsa:-:a:-:;2:ssh-ed25519:-:-:-:;6:ssh-rsa:-:d:-:;"
    "10:ssh-ed25519:restrict:-:-:;" },
  { "a block that does not end", BEGIN "\n" ED "\n",
    "broken 1 at 1: the block has no END line" },
  { "a block that begins inside another", BEGIN "\nSubject: x\n" ED "\n" BEGIN
    "\n" RSA "\n" END, "4:ssh-rsa:-:-:-:;"
    "broken 1 at 1: the block has no END line" },
  { "a block without data", BEGIN "\n" END,
    "broken 1 at 1: the block's data is no public key" },
  { "a block of other data", BEGIN "\nQUJDREVGRw==\n" END,
    "broken 1 at 1: the block's data is no public key" },
  { "a block of no base64", BEGIN "\n" ED "\n?\n" END "\nssh-rsa " RSA,
    "5:ssh-rsa:-:-:-:;broken 1 at 1: the block's key data is not base64" },
  { "a header behind the data", BEGIN "\n" ED "\nComment: c\n" END
    "\nssh-rsa " RSA,
    "5:ssh-rsa:-:-:-:;broken 1 at 3: it is a header behind the key data" },
  { "types of any character that is one", "~ AAAAAX4A\n! AAAAASEA",
    "1:~:-:-:-:;2:!:-:-:-:;" },
  { "not of a control character", "\x7f AAAAAX8A", "broken 1 at 1: " NEITHER },
  { "not of a blank", BEGIN "\nAAAAASAA\n" END,
    "broken 1 at 1: the block's data is no public key" },
  { "not an empty one", BEGIN "\nAAAAAAA=\n" END,
    "broken 1 at 1: the block's data is no public key" },
  { "a type alone", "~ AAAAAX4=", "broken 1 at 1: " NEITHER },
  { "a tag is one word", BEGIN "\nSub ject: x\n" ED "\n" END,
    "broken 1 at 1: the block's key data is not base64" },
  { "... of characters", BEGIN "\nx\x7f: 1\n" ED "\n" END,
    "broken 1 at 1: the block's key data is not base64" },
  { "... any of them", BEGIN "\n!~: 1\n" ED "\n" END,
    "1:ssh-ed25519:-:-:-:;" },
  { "... at least one", BEGIN "\n: 1\n" ED "\n" END,
    "broken 1 at 1: the block's key data is not base64" },
  { "... 64 at most", BEGIN "\n" X32 X32 ": 1\n" ED "\n" END,
    "1:ssh-ed25519:-:-:-:;" },
  { "... not 65", BEGIN "\n" X32 X32 "x: 1\n" ED "\n" END,
    "broken 1 at 1: the block's key data is not base64" },
  { "a header that ends with the file", BEGIN "\nSubject: x\\",
    "broken 1 at 1: the block has no END line" },
  { "an empty comment in quotes", BEGIN "\nComment: \"\"\n" ED "\n" END,
    "1:ssh-ed25519:-::-:;" },
  { "a quote alone is a comment", BEGIN "\nComment: \"\n" ED "\n" END,
    "1:ssh-ed25519:-:\":-:;" },
  { "a comment with a quote at one end", BEGIN "\nComment: \"a\n" ED "\n" END
    "\n" BEGIN "\nComment: a\"\n" ED "\n" END,
    "1:ssh-ed25519:-:\"a:-:;5:ssh-ed25519:-:a\":-:;" },
  { "other words for yes", BEGIN "\nX-FIDO-Touch-Required: on\n"
    "X-FIDO-Verify-Required: 1\n" ED "\n" END "\n" BEGIN
    "\nX-FIDO-Touch-Required: yes\nX-FIDO-Verify-Required: 2\n" ED "\n" END,
    "1:ssh-ed25519:-:-:-:tv;6:ssh-ed25519:-:-:-:t;" },
  { "an END line alone", END "\nssh-rsa " RSA,
    "2:ssh-rsa:-:-:-:;broken 1 at 1: " NEITHER },
};

static void files_are_read_as_promised(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    is_str(read_all(cases[i].text, strlen(cases[i].text)), cases[i].want,
      "%s", cases[i].promise);
  }
}

static void nul_bytes_break_their_entry_only(void) {
  static const char line[] = "ssh-rsa " RSA " a\0b\nssh-rsa " RSA " c\n";
  static const char head[] = BEGIN "\nSubject: a\0b\n" ED "\n" END
    "\nssh-rsa " RSA;
  static const char more[] = BEGIN "\nSubject: a\\\n\0b\n" ED "\n" END;
  static const char body[] = BEGIN "\n" ED "\0\n" END;
  static const char option[] = "from=\"a\0b\" ssh-rsa " RSA;

  is_str(read_all(line, sizeof(line) - 1),
    "2:ssh-rsa:-:c:-:;broken 1 at 1: it holds a NUL byte", "in a line");
  is_str(read_all(head, sizeof(head) - 1),
    "5:ssh-rsa:-:-:-:;broken 1 at 2: it holds a NUL byte", "in a header");
  is_str(read_all(more, sizeof(more) - 1),
    "broken 1 at 2: it holds a NUL byte", "in a continued header");
  is_str(read_all(body, sizeof(body) - 1),
    "broken 1 at 2: it holds a NUL byte", "in the body");
  is_str(read_all(option, sizeof(option) - 1),
    "broken 1 at 1: it holds a NUL byte", "in options");
}

static void lines_may_be_very_long(void) {
  size_t n = 1 << 20;
  char *x = palloc(top, n + 1);
  const char *got;

  memset(x, 'x', n);
  x[n] = '\0';
  got = read_all(pstrcat(top, "ssh-rsa " RSA " ", x, NULL),
    strlen("ssh-rsa " RSA " ") + n);
  is_int(strlen(got), strlen("1:ssh-rsa:-::-:;") + n, "a comment of 1 MiB");
  got = read_all(pstrcat(top, "from=\"", x, "\" ssh-rsa " RSA, NULL),
    strlen("from=\"\" ssh-rsa " RSA) + n);
  is_int(strlen(got), strlen("1:ssh-rsa:from=\"\":-:-:;") + n,
    "options of 1 MiB");
  got = read_all(pstrcat(top, BEGIN "\nComment: ", x, "\n" ED "\n" END, NULL),
    strlen(BEGIN "\nComment: \n" ED "\n" END) + n);
  is_int(strlen(got), strlen("1:ssh-ed25519:-::-:;") + n,
    "a header of 1 MiB");
  is_str(read_all(x, n), "broken 1 at 1: " NEITHER, "garbage of 1 MiB");
}

static void no_prefix_or_flip_confuses_the_reader(void) {
  static const char text[] = "restrict,from=\"a b\" ssh-rsa " RSA " c d\r\n"
    BEGIN "\nSubject: joe\\\nx\nComment: \"c\"\n" ED "\n" END "\n# x\n";
  char *copy = t_exact_copy(text, sizeof(text) - 1);
  size_t n, good = 0;
  int bit;

  for (n = 0; n < sizeof(text); n++) {
    good += strlen(read_all(text, n)) < 4096;
    destroy_pool(top);
    top = make_sub_pool(permanent_pool);
  }

  for (n = 0; n < sizeof(text) - 1; n++) {
    for (bit = 0; bit < 8; bit++) {
      copy[n] ^= (char) (1 << bit);
      good += strlen(read_all(copy, sizeof(text) - 1)) < 4096;
      copy[n] ^= (char) (1 << bit);
      destroy_pool(top);
      top = make_sub_pool(permanent_pool);
    }
  }

  is_int(good, sizeof(text) + (sizeof(text) - 1) * 8,
    "every prefix and every flip is read to its end");
  free(copy);
}

/* ---- Base64 */

static void base64_has_the_vectors_of_rfc_4648(void) {
  static const char *const t[][3] = {
    { "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" }, { "foobar", "Zm9vYmFy", "Zm9vYmFy" }
  };
  struct sftp_str bytes;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    is_str(sftp_base64_encode(top, sftp_str_of(t[i][0]), true), t[i][1],
      "'%s' is encoded", t[i][0]);
    is_str(sftp_base64_encode(top, sftp_str_of(t[i][0]), false), t[i][2],
      "'%s' is encoded without padding", t[i][0]);
    ok(sftp_base64_decode(top, sftp_str_of(t[i][1]), &bytes) == SFTP_OK &&
      sftp_str_is(bytes, t[i][0]), "'%s' is decoded", t[i][1]);
  }
}

static void what_is_not_base64_is_refused(void) {
  static const char *const bad[] = { "Z", "Zg", "Zg=", "Zm9", "Zg==Zg==",
    "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm_v", "Zm-v",
    "Zm9v=", "Zg=a", "\xc3\xa9==" };
  unsigned char all[256];
  struct sftp_str bytes;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    is_int(sftp_base64_decode(top, sftp_str_of(bad[i]), &bytes),
      SFTP_ERR_FORMAT, "number %zu is refused", i);
  }

  for (i = 0; i < sizeof(all); i++) {
    all[i] = (unsigned char) (i * 7);
  }

  ok(sftp_base64_decode(top, sftp_str_of(sftp_base64_encode(top,
    as_str(all, sizeof(all)), true)), &bytes) == SFTP_OK &&
    sftp_str_same(bytes, as_str(all, sizeof(all))),
    "every byte value comes back");
}

/* "name;" or "name=value;" each, "!" for what is none. */
static const char *options_of(const char *text) {
  const char *res = "", *name, *value;
  int more;

  while ((more = sftp_keyopts_next(top, &text, &name, &value)) > 0) {
    res = pstrcat(top, res, name, value != NULL ? "=" : "",
      value != NULL ? value : "", ";", NULL);
  }

  return more < 0 ? pstrcat(top, res, "!", NULL) : res;
}

static void options_come_one_by_one(void) {
  static const struct {
    const char *text, *res;
  } t[] = {
    { "", "" },
    { "no-pty", "no-pty;" },
    { "no-pty,restrict", "no-pty;restrict;" },
    { "from=\"a,b c\",no-pty", "from=a,b c;no-pty;" },
    { "command=\"say \\\"hi\\\" \\ there\"",
      "command=say \"hi\" \\ there;" },
    { "from=a,no-pty", "from=a;no-pty;" },
    { "from=", "from=;" },
    { "from=\"\"", "from=;" },
    { ",,a,,b,", "a;b;" },
    { "a,=b", "a;!" },
    { "from=\"a", "!" },
    { "from=\"a\"b", "!" },
    { "a b", "!" },
    { "a=b c", "!" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    is_str(options_of(t[i].text), t[i].res, "options: %s", t[i].text);
  }
}

int main(void) {
  init_pools();
  top = make_sub_pool(permanent_pool);
  files_are_read_as_promised();
  nul_bytes_break_their_entry_only();
  lines_may_be_very_long();
  base64_has_the_vectors_of_rfc_4648();
  what_is_not_base64_is_refused();
  no_prefix_or_flip_confuses_the_reader();
  options_come_one_by_one();
  destroy_pool(top);
  free_pools();
  return done_testing();
}
