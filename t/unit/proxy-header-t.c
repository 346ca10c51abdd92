/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* proxy-header-t.c -- the PROXY protocol's header: valid, cut, changed, lying.
 */

#include <arpa/inet.h>
#include <sys/socket.h>

#include "proxy-header.h"
#include "tap.h"

#define SIG "0d0a0d0a000d0a515549540a"
#define ADDRS4 "c0000207 c6336401 c350 0016"
#define ADDRS6 "20010db8000000000000000000000007" \
  "20010db8000000000000000000000001 c350 0016"

/* A text, or, behind "hex:", bytes; malloc'd. */
static unsigned char *bytes_of(const char *text, size_t *len) {
  if (strncmp(text, "hex:", 4) == 0) {
    return t_hex(text + 4, len);
  }

  *len = strlen(text);
  return t_exact_copy(text, *len);
}

static int parse(const unsigned char *p, size_t n, struct sftp_proxy *out) {
  unsigned char *exact = t_exact_copy(p, n);
  const char *why = NULL;
  int res = sftp_proxy_parse(exact, n, out, &why);

  if ((res < 0) != (why != NULL)) {
    bail_out("a refusal, and only that, has a reason");
  }

  free(exact);
  return res;
}

static const char *address(const struct sftp_proxy *got) {
  static char text[INET6_ADDRSTRLEN];

  return inet_ntop(got->v6 ? AF_INET6 : AF_INET, got->addr, text,
    sizeof(text));
}

static const struct good {
  const char *header, *addr;
  enum sftp_proxy_kind kind;
} good[] = {
  { "PROXY TCP4 192.0.2.7 198.51.100.1 50000 22\r\n", "192.0.2.7",
    SFTP_PROXY_CLIENT },
  { "PROXY TCP6 2001:db8::7 2001:db8::1 50000 22\r\n", "2001:db8::7",
    SFTP_PROXY_CLIENT },
  { "PROXY TCP6 ::ffff:192.0.2.7 ::1 50000 22\r\n", "192.0.2.7",
    SFTP_PROXY_CLIENT },
  { "PROXY TCP6 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 50000 65535\r\n", NULL,
    SFTP_PROXY_CLIENT },
  { "PROXY UNKNOWN\r\n", NULL, SFTP_PROXY_UNKNOWN },
  { "PROXY UNKNOWN what ever 1 2\r\n", NULL, SFTP_PROXY_UNKNOWN },
  { "hex:" SIG "20000000", NULL, SFTP_PROXY_LOCAL },
  { "hex:" SIG "2011000c" ADDRS4, NULL, SFTP_PROXY_LOCAL },
  { "hex:" SIG "21000000", NULL, SFTP_PROXY_UNKNOWN },
  { "hex:" SIG "2111000c" ADDRS4, "192.0.2.7", SFTP_PROXY_CLIENT },
  { "hex:" SIG "21210024" ADDRS6, "2001:db8::7", SFTP_PROXY_CLIENT },
  { "hex:" SIG "21210024 00000000000000000000ffffc0000207"
    "20010db8000000000000000000000001 c350 0016", "192.0.2.7",
    SFTP_PROXY_CLIENT },
  /* NOOP, an unknown type, an empty one */
  { "hex:" SIG "21110018" ADDRS4 "040003000000" "e00000" "050000", "192.0.2.7",
    SFTP_PROXY_CLIENT },
  /* a checksum, computed independently */
  { "hex:" SIG "21110018" ADDRS4 "0500026964" "030004" "38d08949", "192.0.2.7",
    SFTP_PROXY_CLIENT }
};

static void valid_headers_are_taken(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    const struct good *g = &good[i];
    struct sftp_proxy got;
    size_t len;
    unsigned char *p = bytes_of(g->header, &len);

    is_int(parse(p, len, &got), 1, "%s", g->header);
    is_int(got.len, len, "... ends where it ends");
    is_int(got.kind, g->kind, "... its kind");
    if (g->kind == SFTP_PROXY_CLIENT && g->addr != NULL) {
      is_str(address(&got), g->addr, "... the client's address");
      is_int(got.port, 50000, "... and port");
    }

    free(p);
  }
}

static void every_truncation_waits_for_more(void) {
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    size_t len, waits = 0;
    unsigned char *p = bytes_of(good[i].header, &len);
    struct sftp_proxy got;

    for (n = 0; n < len; n++) {
      waits += parse(p, n, &got) == 0;
    }

    is_int(waits, len, "header %u: every prefix waits", (unsigned int) i);
    free(p);
  }
}

static void what_follows_is_the_clients(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    size_t len;
    unsigned char *p = bytes_of(good[i].header, &len),
      *more = malloc(len + 1);
    struct sftp_proxy got;

    memcpy(more, p, len);
    more[len] = 'S';
    ok(parse(more, len + 1, &got) == 1 && got.len == len,
      "header %u: one byte more is not its own", (unsigned int) i);
    free(more);
    free(p);
  }
}

/* Whatever is changed, the result keeps its bounds; and a header with a
 * checksum never gives another address, unless the TLV of the checksum itself
 * was renamed.
 */
static void flipped_bits_stay_in_bounds(void) {
  size_t i, n, bit;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    size_t len, bad = 0;
    unsigned char *p = bytes_of(good[i].header, &len);
    bool summed = i == SFTP_NELEMS(good) - 1;

    for (n = 0; n < len; n++) {
      for (bit = 0; bit < 8; bit++) {
        struct sftp_proxy got;
        int res;

        p[n] ^= (unsigned char) (1 << bit);
        res = parse(p, len, &got);
        bad += res == 1 && got.len > len;
        bad += res == 1 && summed && got.kind == SFTP_PROXY_CLIENT &&
          n != len - 7;
        p[n] ^= (unsigned char) (1 << bit);
      }
    }

    is_int(bad, 0, "header %u: single bits", (unsigned int) i);
    free(p);
  }
}

static void lies_are_refused(void) {
  static const char *const bad[] = {
    /* version 1 */
    "SSH-2.0-OpenSSH_9.2\r\n", "proxy TCP4 ", "PROXY\r\n", "PROXY \r\n",
    "PROXY  TCP4 192.0.2.7 198.51.100.1 50000 22\r\n",
    "PROXY TCP5 192.0.2.7 198.51.100.1 50000 22\r\n",
    "PROXY tcp4 192.0.2.7 198.51.100.1 50000 22\r\n",
    "PROXY UNKNOWNS\r\n",
    "PROXY TCP4\r\n",
    "PROXY TCP4 2001:db8::7 2001:db8::1 50000 22\r\n",
    "PROXY TCP6 192.0.2.7 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 192.0.2.7 2001:db8::1 50000 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 50000\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 50000 \r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 50000 22 \r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 50000 22 x\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1  50000 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 65536 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 050 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 +5 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 -1 22\r\n",
    "PROXY TCP4 192.0.2 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 192.0.2.256 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 192.0.2.7x 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 localhost 198.51.100.1 50000 22\r\n",
    "PROXY TCP6 fe80::1%lo ::1 50000 22\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 50000 22\n",
    "PROXY UNKNOWN\n",
    "PROXY TCP4 0.0.0.0 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 224.0.0.1 198.51.100.1 50000 22\r\n",
    "PROXY TCP4 255.255.255.255 198.51.100.1 50000 22\r\n",
    "PROXY TCP6 :: ::1 50000 22\r\n",
    "PROXY TCP6 ff02::1 ::1 50000 22\r\n",
    "PROXY TCP6 ::ffff:0.0.0.0 ::1 50000 22\r\n",
    "PROXY UNKNOWN 0123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901\r\n",
    /* a NUL within an address */
    "hex:50524f58592054435034203139322e302e322e370078 20"
      "3139382e35312e3130302e31 20 31 20 32 0d0a",
    /* version 2 */
    "hex:0d0a0d0a000d0a515549540d", "hex:" SIG "11", "hex:" SIG "31",
    "hex:" SIG "22", "hex:" SIG "2f",
    "hex:" SIG "2111000b c0000207 c6336401 c350 00",
    "hex:" SIG "21110000",
    "hex:" SIG "21210023 20010db8000000000000000000000007"
      "20010db8000000000000000000000001 c350 00",
    "hex:" SIG "2121000c" ADDRS4,
    "hex:" SIG "2112000c" ADDRS4, "hex:" SIG "2122000c" ADDRS4,
    "hex:" SIG "2131000c" ADDRS4, "hex:" SIG "2101000c" ADDRS4,
    "hex:" SIG "211107f1", "hex:" SIG "2111ffff", "hex:" SIG "20ffffff",
    /* TLVs: cut in the type, in the length, in the value; too long */
    "hex:" SIG "2111000d" ADDRS4 "04", "hex:" SIG "2111000e" ADDRS4 "0400",
    "hex:" SIG "2111000f" ADDRS4 "040001",
    "hex:" SIG "21110010" ADDRS4 "04ffff00",
    /* checksums: short, long, wrong */
    "hex:" SIG "21110012" ADDRS4 "030003 000000",
    "hex:" SIG "21110014" ADDRS4 "030005 0000000000",
    "hex:" SIG "21110013" ADDRS4 "030004 00000000",
    "hex:" SIG "2111000c 00000000 c6336401 c350 0016"
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    struct sftp_proxy got;
    size_t len;
    unsigned char *p = bytes_of(bad[i], &len);

    ok(parse(p, len, &got) < 0, "refused: %.70s", bad[i]);
    free(p);
  }
}

/* What never ends is refused as soon as it is too long. */
static void length_is_bounded(void) {
  unsigned char line[SFTP_PROXY_MAX_V1 + 1];
  struct sftp_proxy got;

  memset(line, 'x', sizeof(line));
  memcpy(line, "PROXY UNKNOWN ", 14);
  is_int(parse(line, SFTP_PROXY_MAX_V1 - 1, &got), 0, "106 bytes wait");
  is_int(parse(line, SFTP_PROXY_MAX_V1, &got), SFTP_ERR_LIMIT, "107 do not");
  memcpy(line + SFTP_PROXY_MAX_V1 - 2, "\r\n", 2);
  is_int(parse(line, SFTP_PROXY_MAX_V1, &got), 1, "107 with CR LF are a line");
  line[SFTP_PROXY_MAX_V1 - 2] = 'x';
  memcpy(line + SFTP_PROXY_MAX_V1 - 1, "\r\n", 2);
  is_int(parse(line, sizeof(line), &got), SFTP_ERR_LIMIT, "108 are not");
}

static void beginnings_are_recognized(void) {
  size_t i, len;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    unsigned char *p = bytes_of(good[i].header, &len);

    ok(sftp_proxy_begins(p, 12), "header %u", (unsigned int) i);
    free(p);
  }

  ok(!sftp_proxy_begins((const unsigned char *) "SSH-2.0-xxxx", 12), "SSH");
  ok(!sftp_proxy_begins((const unsigned char *) "PROXY", 5), "a part");
  ok(!sftp_proxy_begins((const unsigned char *) "\r\n\r\n", 4), "empty lines");
}

int main(void) {
  valid_headers_are_taken();
  every_truncation_waits_for_more();
  what_follows_is_the_clients();
  flipped_bits_stay_in_bounds();
  lies_are_refused();
  length_is_bounded();
  beginnings_are_recognized();
  return done_testing();
}
