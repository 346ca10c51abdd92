/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* SFTP version 6: draft-ietf-secsh-filexfer-13. */

#include "forced.h"
#include "fxp-file-attrs.h"
#include "fxp-later.h"

static const struct later rows[] = {
  { SSH_FXP_OPEN, "s/new u6 u1 u0x8000fffd b1 q5 q4096 suser sgroup u0644 q1"
    " u2 q3 u4 q5 u6 q7 u8 s u0x20 u0x20 b1 stext/plain u1 sraw u1 sname"
    " svalue" },
  { SSH_FXP_OPEN, "s/a u1 u0x402 u0 b1" },
  { SSH_FXP_OPEN, "s/a u3 u0xfca u0 b1" },
  { SSH_FXP_CLOSE, "F" },
  { SSH_FXP_READ, "F q0 u4" },
  { SSH_FXP_WRITE, "F q0 sdata" },
  { SSH_FXP_LSTAT, "s/link | u0xfffd" },
  { SSH_FXP_FSTAT, "F | u0xfffd" },
  { SSH_FXP_STAT, "s/t.html | u0xfffd" },
  { SSH_FXP_SETSTAT, "s/a u0xbe20 b1 q1 q2 q3 u4 u5 b1 stext/plain u7" },
  { SSH_FXP_FSETSTAT, "F u0x8130 b1 q1 u2 q3 u4 q5 u6" },
  { SSH_FXP_OPENDIR, "s/d" },
  { SSH_FXP_READDIR, "D" },
  { SSH_FXP_REMOVE, "s/b" },
  { SSH_FXP_MKDIR, "s/newdir u4 b2 u0700" },
  { SSH_FXP_RMDIR, "s/empty" },
  { SSH_FXP_REALPATH, "s/d | b1 | s.. | sx" },
  { SSH_FXP_RENAME, "s/a s/z | u7" },
  { SSH_FXP_READLINK, "s/link" },
  { SSH_FXP_LINK, "s/new s/a b0" },
  { SSH_FXP_LINK, "s/new sa b1" },
  { SSH_FXP_BLOCK, "F q0 q0 u0x80" },
  { SSH_FXP_EXTENDED, "sfilename-translation-control b1" }
};

static void clean(struct fxc *x) {
  ok(fxc_free(x), "... and the session ends clean");
}

/* ---- Attributes */

static void attributes_are_as_asked(void) {
  static const struct {
    const char *path, *flags, *answer;
  } asked[] = {
    { "/a", "u0x400", "u0x400 b1 q0" },
    { "/a", "u0x8000", "u0x8000 b1 q0" },
    { "/a", "u0x8100", "u0x8100 b1 q0 u0" },
    { "/a", "u0x200", "u0x200 b1 u0x280 u0x3e0" },
    { "/d", "u0x200", "u0x200 b2 u0x200 u0x3e0" },
    { "/a", "u0x800", "u0 b1" },        /* nothing is known of it */
    { "/t.html", "u0x800", "u0x800 b1 b1" },
    { "/t.html", "u0x1800", "u0x1800 b1 b1 stext/html" },
    { "/a", "u0x2000", "u0x2000 b1 u1" },
    { "/a", "u0x4000", "u0 b1" },       /* the name is what it is */
    { "/a", "u0x7fff0002", "u0 b1" },
    { "/a", "u0", "u0x1ad b1 q10 suser sgroup u0644 q1700000000 u0"
      " q1700000000 u0" },
    { "/t.html", "u0xffffffff", "u0xbfbd b1 q3 q0 suser sgroup u0644"
      " q1700000000 u0 q1600000000 u5 q1700000000 u0 q0 u0 u0x280 u0x3e0 b1"
      " stext/html u1" }
  };
  struct fxc *x = later_new(6);
  char request[64];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(asked); i++) {
    snprintf(request, sizeof(request), "s%s %s", asked[i].path,
      asked[i].flags);
    ok(later_answers(x, SSH_FXP_STAT, request, SSH_FXP_ATTRS,
      asked[i].answer), "STAT of %s with %s", asked[i].path, asked[i].flags);
  }

  clean(x);
}

static void kinds_are_guessed_by_name(void) {
  static const struct {
    const char *name;
    mode_t mode;
    const char *mime;
    uint8_t hint;
  } tried[] = {
    { "a.txt", S_IFREG, "text/plain", 1 },
    { "A.B.TXT", S_IFREG, "text/plain", 1 },
    { "x.json", S_IFREG, "application/json", 1 },
    { "x.tar.gz", S_IFREG, "application/gzip", 3 },
    { "x.png", S_IFREG, "image/png", 3 },
    { ".txt", S_IFREG, NULL, 0 }, { "txt", S_IFREG, NULL, 0 },
    { "x.", S_IFREG, NULL, 0 }, { "x.txt2", S_IFREG, NULL, 0 },
    { "x.txt", S_IFDIR, NULL, 0 }, { "", S_IFREG, NULL, 0 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct fxp_attrs a;

    memset(&a, 0, sizeof(a));
    a.perms = tried[i].mode;
    fxp_attrs_guess(&a, tried[i].name);
    ok((a.mime == NULL && tried[i].mime == NULL && a.has == 0) ||
      (a.mime != NULL && tried[i].mime != NULL &&
       strcmp(a.mime, tried[i].mime) == 0 && a.hint == tried[i].hint),
      "'%s' is %s", tried[i].name, tried[i].mime != NULL ? tried[i].mime :
      "anything");
  }
}

/* ---- Ends */

static void ends_are_told(void) {
  struct fxc *x = later_new(6);

  ok(later_answers(x, SSH_FXP_READ, "F q0 u10", SSH_FXP_DATA, "s0123456789"),
    "a READ that gets all it wants says nothing of the end");
  ok(later_answers(x, SSH_FXP_READ, "F q4 u10", SSH_FXP_DATA, "s456789 b1"),
    "one that gets less does");
  ok(later_answers(x, SSH_FXP_READ, "F q9 u2", SSH_FXP_DATA, "s9 b1"),
    "... for a byte, too");
  is_int(later_status(x, SSH_FXP_READ, "F q10 u2"), SSH_FX_EOF, "then EOF");
  x->ch->no_reserve = true;
  ok(later_answers(x, SSH_FXP_READ, "F q4 u10", SSH_FXP_DATA, "s456789 b1"),
    "the same through bytes of our own");
  ok(later_answers(x, SSH_FXP_READDIR, "D", SSH_FXP_NAME, "u3"
    " s. u0x21ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0 u2"
    " s.. u0x21ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0 u2"
    " se u0x21ad b1 q0 suser sgroup u0644 q1700000000 u0 q1700000000 u0 u1"
    " b1"), "READDIR: with link counts, and the end behind them");
  is_int(later_status(x, SSH_FXP_READDIR, "D"), SSH_FX_EOF, "then EOF");
  clean(x);
}

/* ssh_sftp of Erlang, which asks for version 6. */
static void one_client_is_not_told_of_ends(void) {
  struct fxc *x = fxc_new_raw("Erlang/4.15.2");
  const char *h;

  fake_fs_put("/a", "0123456789", 10, 0644);
  fxc_init(x, 6);
  fake_channel_clear(x->ch);
  h = later_open(x, "/a");
  x->at = 0;
  fake_channel_clear(x->ch);
  fxc_read(x, h, 4, 10);
  fxc_send(x);
  is_int(x->ch->out_len, FXP_DATA_HEADER + 6, "DATA ends with its bytes");
  x->at = 0;
  fake_channel_clear(x->ch);
  fxc_handle(x, SSH_FXP_CLOSE, h);
  is_int(fxc_status(x), SSH_FX_OK, "... and the handle closes");
  clean(x);
}

static void ends_in_pieces(void) {
  size_t piece;

  for (piece = FXP_DATA_HEADER + 1; piece < 40; piece++) {
    struct fxc *x = later_new(6);

    x->ch->piece = piece;
    ok(later_answers(x, SSH_FXP_READ, "F q0 u300", SSH_FXP_DATA,
      "s0123456789 b1"), "the end's byte in pieces of %lu",
      (unsigned long) piece);
    (void) fxc_free(x);
  }
}

static void long_listings_end_once(void) {
  struct fxc *x = later_new(6);
  struct fxc_reply r;
  unsigned int ends = 0, answers = 0, names = 0;

  fake_fs_fill("/d", "some-longer-name", 2000);
  for (;;) {
    if (!later_ask(x, SSH_FXP_READDIR, "D", &r) || r.type != SSH_FXP_NAME) {
      break;
    }

    answers++;
    names += sftp_rd_u32(&r.in);
    ends += r.in.ptr[r.in.left - 1];
  }

  ok(answers > 2 && ends == 1 && names == 2003 && r.status == SSH_FX_EOF,
    "of %u answers with %u names one says that it is the last", answers,
    names);
  clean(x);
}

/* ---- Paths */

static void realpath_composes_and_looks(void) {
  static const struct {
    const char *request, *answer;
  } good[] = {
    { "s/d/../x", "u1 s/x u0 b5" },
    { "s/d b1 se", "u1 s/d/e u0 b5" },
    { "s/d b1 s/a", "u1 s/a u0 b5" },
    { "s b1 sx", "u1 s/home/user/x u0 b5" },
    { "s/d b1 s.. s.. sd s. se", "u1 s/d/e u0 b5" },
    { "s/d b2 sno", "u1 s/d/no u0 b5" },
    { "s/a b2", "u1 s/a u0x1ad b1 q10 suser sgroup u0644 q1700000000 u0"
      " q1700000000 u0" },
    { "s/empty b3", "u1 s/empty u0x1ad b2 q0 suser sgroup u0755 q1700000000"
      " u0 q1700000000 u0" }
  };
  static const struct {
    const char *request;
    uint32_t status;
  } wrong[] = {
    { "s/no b3", SSH_FX_NO_SUCH_FILE },
    { "s/a b0", SSH_FX_INVALID_PARAMETER },
    { "s/a b4", SSH_FX_INVALID_PARAMETER },
    { "s/a b255", SSH_FX_INVALID_PARAMETER },
    { "s/a b1 b0", SSH_FX_BAD_MESSAGE },
    { "s/a b1 x6100", SSH_FX_BAD_MESSAGE }
  };
  struct fxc *x = later_new(6);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    ok(later_answers(x, SSH_FXP_REALPATH, good[i].request, SSH_FXP_NAME,
      good[i].answer), "REALPATH %s", good[i].request);
  }

  for (i = 0; i < SFTP_NELEMS(wrong); i++) {
    is_int(later_status(x, SSH_FXP_REALPATH, wrong[i].request),
      wrong[i].status, "REALPATH %s", wrong[i].request);
  }

  fake_files.deny[FTPD_REALPATH] = true;
  is_int(later_status(x, SSH_FXP_REALPATH, "s/a b2"),
    SSH_FX_PERMISSION_DENIED, "what is refused is refused");
  clean(x);
}

static void composed_paths_are_bounded(void) {
  struct fxc *x = later_new(6);
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_REALPATH);
  char part[1024];
  int i;

  memset(part, 'p', sizeof(part));
  sftp_wr_text(w, "/");
  sftp_wr_u8(w, 1);
  for (i = 0; i < 500; i++) {
    sftp_wr_string(w, part, sizeof(part));
  }

  fxc_end(x);
  ok(fxc_status(x) == SSH_FX_INVALID_FILENAME,
    "half a megabyte of parts is refused");
  clean(x);
  x = later_new(6);
  w = fxc_begin(x, SSH_FXP_REALPATH);
  sftp_wr_text(w, "/");
  sftp_wr_u8(w, 1);
  for (i = 0; i < 100000; i++) {
    sftp_wr_text(w, i % 2 == 0 ? "d" : "");
  }

  fxc_end(x);
  ok(fxc_status(x) == SSH_FX_INVALID_FILENAME,
    "... and so are a hundred thousand short ones");
  clean(x);
}

/* ssh_sftp of Erlang knows no LINK. */
static void symlink_works_too(void) {
  struct fxc *x = later_new(6);

  is_int(later_status(x, SSH_FXP_SYMLINK, "s/there s/new"), SSH_FX_OK,
    "SYMLINK in version 6");
  is_int(fake_files.count[FTPD_SYMLINK], 1, "... makes a link");
  clean(x);
}

/* Apache MINA's LINK. */
static void some_name_the_link_last(void) {
  struct fxc *x = later_new(6);

  x->set.client.link_order = LINK_ORDER_LAST;
  is_int(later_status(x, SSH_FXP_LINK, "s../x s/soft b1"), 0,
    "LINK with the link last");
  ok(later_answers(x, SSH_FXP_READLINK, "s/soft", SSH_FXP_NAME,
    "u1 s../x u0 b5"), "... makes that one");
  is_int(later_status(x, SSH_FXP_LINK, "s/a s/hard b0"), 0,
    "... and a hard one");
  is_int(fake_fs_stat("/a").st_nlink, 2, "... of what was there");
  clean(x);
}

static void links_of_both_kinds(void) {
  struct fxc *x = later_new(6);

  is_int(later_status(x, SSH_FXP_LINK, "s/hard s/a b0"), 0, "a hard link");
  is_int(fake_fs_stat("/a").st_nlink, 2, "... is one");
  is_int(fake_files.count[FTPD_LINK], 1, "... and LINK to the gate");
  is_int(later_status(x, SSH_FXP_LINK, "s/soft s../x b1"), 0,
    "a symbolic one");
  ok(later_answers(x, SSH_FXP_READLINK, "s/soft", SSH_FXP_NAME,
    "u1 s../x u0 b5"), "... has the text that was given");
  is_int(fake_files.count[FTPD_SYMLINK], 1, "... and is SYMLINK to the gate");
  is_int(fake_files.count[FTPD_LINK], 2, "... and LINK in the log");
  is_int(later_status(x, SSH_FXP_LINK, "s/hard s/a b0"),
    SSH_FX_FILE_ALREADY_EXISTS, "a name that is taken");
  is_int(later_status(x, SSH_FXP_LINK, "s s/a b0"), SSH_FX_NO_SUCH_FILE,
    "no name");
  is_int(later_status(x, SSH_FXP_LINK, "s/x s b1"), SSH_FX_NO_SUCH_FILE,
    "no text");
  fake_files.deny[FTPD_LINK] = true;
  is_int(later_status(x, SSH_FXP_LINK, "s/h2 s/a b0"),
    SSH_FX_PERMISSION_DENIED, "the gate may refuse a hard link");
  fake_files.deny[FTPD_SYMLINK] = true;
  is_int(later_status(x, SSH_FXP_LINK, "s/h2 s/a b1"),
    SSH_FX_PERMISSION_DENIED, "... and a symbolic one");
  ok(!fake_fs_exists("/h2"), "... and nothing is made");
  clean(x);
}

static void nofollow_refuses_links(void) {
  struct fxc *x = later_new(6);

  is_int(later_status(x, SSH_FXP_OPEN, "s/link u1 u0x402 u0 b1"),
    SSH_FX_LINK_LOOP, "NOFOLLOW of a link");
  is_int(later_status(x, SSH_FXP_OPEN, "s/link u2 u0x401 u0 b1"),
    SSH_FX_LINK_LOOP, "... for writing");
  ok(fake_fs_is("/a", "0123456789", 10), "... which truncates nothing");
  is_int(later_status(x, SSH_FXP_OPEN, "s/link u1 u2 u0 b1"), 0xffffffffU,
    "without it the link is followed");
  fake_files.deny[FTPD_LSTAT] = true;
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u0x402 u0 b1"),
    SSH_FX_PERMISSION_DENIED, "who may not look is not told by OPEN");
  clean(x);
}

/* ---- Locks */

static void locks_are_passed_on(void) {
  static const struct {
    const char *words;
    uint32_t status;
  } tried[] = {
    { "F q0 q10 u0x40", SSH_FX_OK }, { "F q0 q0 u0x80", SSH_FX_OK },
    { "F q0 q0 u0xc0", SSH_FX_OK }, { "F q0 q0 u0x2c0", SSH_FX_OK },
    { "F q0 q0 u0x280", SSH_FX_OK },
    { "F q0 q0 u0", SSH_FX_OP_UNSUPPORTED },
    { "F q0 q0 u0x200", SSH_FX_OP_UNSUPPORTED },
    { "F q0 q0 u0x100", SSH_FX_OP_UNSUPPORTED },
    { "F q0 q0 u0x180", SSH_FX_OP_UNSUPPORTED },
    { "F q0 q0 u0x480", SSH_FX_OP_UNSUPPORTED },
    { "F q0x7fffffffffffffff q0 u0x80", SSH_FX_OK },
    { "F q0x8000000000000000 q0 u0x80", SSH_FX_INVALID_PARAMETER },
    { "F q1 q0x7fffffffffffffff u0x80", SSH_FX_INVALID_PARAMETER },
    { "F q0xffffffffffffffff q0xffffffffffffffff u0x80",
      SSH_FX_INVALID_PARAMETER },
    { "D q0 q0 u0x80", SSH_FX_INVALID_HANDLE },
    { "sx q0 q0 u0x80", SSH_FX_INVALID_HANDLE },
    { "F q0 q0", SSH_FX_BAD_MESSAGE },
    { "F q0 q0 u0x80 b0", SSH_FX_BAD_MESSAGE }
  };
  struct fxc *x = later_new(6);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    is_int(later_status(x, SSH_FXP_BLOCK, tried[i].words), tried[i].status,
      "BLOCK %s", tried[i].words);
  }

  is_int(fake_files.locks, 6, "those that were granted stand");
  ok(fake_files.last_exclusive, "who can write locks for himself");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0 q10"), SSH_FX_OK, "UNBLOCK");
  is_int(fake_files.locks, 5, "... takes one away");
  fake_files.locks = 0;
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0 q10"),
    SSH_FX_NO_MATCHING_BYTE_RANGE_LOCK, "UNBLOCK of nothing");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "D q0 q10"), SSH_FX_INVALID_HANDLE,
    "UNBLOCK of a directory");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0x8000000000000000 q1"),
    SSH_FX_INVALID_PARAMETER, "UNBLOCK beyond all files");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0"), SSH_FX_BAD_MESSAGE,
    "UNBLOCK without a length");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0 q10 b0"), SSH_FX_BAD_MESSAGE,
    "UNBLOCK with a byte too many");
  fake_files.lock_taken = true;
  is_int(later_status(x, SSH_FXP_BLOCK, "F q0 q10 u0x80"),
    SSH_FX_BYTE_RANGE_LOCK_CONFLICT, "BLOCK of what others have");
  fake_files.deny[FTPD_LOCK] = fake_files.deny[FTPD_UNLOCK] = true;
  is_int(later_status(x, SSH_FXP_BLOCK, "F q0 q10 u0x80"),
    SSH_FX_PERMISSION_DENIED, "the gate may refuse it");
  is_int(later_status(x, SSH_FXP_UNBLOCK, "F q0 q10"),
    SSH_FX_PERMISSION_DENIED, "... and its end");
  clean(x);
}

static void readers_share_locks(void) {
  struct fxc *x = later_new(6);
  struct fxc_reply r;
  char request[64];
  const char *h;

  later_send(x, SSH_FXP_OPEN, "s/a u1 u2 u0 b1");
  h = fxc_next(x, &r) ? sftp_rd_text(&r.in, x->pool) : "";
  snprintf(request, sizeof(request), "s%s q0 q0 u0x80", h);
  is_int(later_status(x, SSH_FXP_BLOCK, request), 0, "a reader's lock");
  ok(!fake_files.last_exclusive, "... is shared with other readers");
  snprintf(request, sizeof(request), "s%s q0 q0 u0xc0", h);
  is_int(later_status(x, SSH_FXP_BLOCK, request), 0, "unless it keeps them"
    " from reading");
  ok(fake_files.last_exclusive, "... then it is not");
  clean(x);
}

static void open_locks_all(void) {
  static const struct {
    const char *flags;
    uint32_t status, deny;
  } tried[] = {
    { "u0x042", 0xffffffffU, FTPD_USE_READ },
    { "u0x082", 0xffffffffU, FTPD_USE_WRITE },
    { "u0x0c2", 0xffffffffU, FTPD_USE_READ|FTPD_USE_WRITE },
    { "u0x282", 0xffffffffU, FTPD_USE_WRITE },
    { "u0x202", 0xffffffffU, 0 },
    { "u0x302", 0xffffffffU, FTPD_USE_DELETE },
    { "u0x3c2", 0xffffffffU, FTPD_USE_READ|FTPD_USE_WRITE|FTPD_USE_DELETE },
    { "u0x102", SSH_FX_OP_UNSUPPORTED, 0 },
    { "u0x182", SSH_FX_OP_UNSUPPORTED, 0 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct fxc *x = later_new(6);
    char request[64];

    snprintf(request, sizeof(request), "s/a u3 %s u0 b1", tried[i].flags);
    is_int(later_status(x, SSH_FXP_OPEN, request), tried[i].status,
      "OPEN with flags %s", tried[i].flags);
    is_int(fake_files.last_deny, tried[i].deny, "... keeps that from others");
    is_int(fake_files.count[FTPD_LOCK], tried[i].deny != 0,
      "... and the gate was asked for a lock");
    clean(x);
  }
}

static void locks_of_open_are_refused(void) {
  struct fxc *x = later_new(6);

  fake_files.lock_taken = true;
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u0x82 u0 b1"),
    SSH_FX_LOCK_CONFLICT, "a lock that others are in the way of");
  fake_files.lock_taken = false;
  fake_files.deny[FTPD_LOCK] = true;
  fake_files.refused = "<Limit LOCK>";
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u0x82 u0 b1"),
    SSH_FX_PERMISSION_DENIED, "the gate may refuse it");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u2 u0 b1"), 0xffffffffU,
    "... and then the file opens without");
  clean(x);
}

static void files_go_when_closed(void) {
  struct fxc *x = later_new(6);
  const char *h;
  char request[64];
  struct fxc_reply r;

  later_send(x, SSH_FXP_OPEN, "s/tmp u2 u0x800 u0 b1");
  h = fxc_next(x, &r) ? sftp_rd_text(&r.in, x->pool) : "";
  ok(fake_fs_exists("/tmp"), "DELETE_ON_CLOSE makes a file");
  snprintf(request, sizeof(request), "s%s", h);
  is_int(later_status(x, SSH_FXP_CLOSE, request), SSH_FX_OK, "... which CLOSE");
  ok(!fake_fs_exists("/tmp"), "... removes");
  later_send(x, SSH_FXP_OPEN, "s/a u1 u0x802 u0 b1");
  h = fxc_next(x, &r) ? sftp_rd_text(&r.in, x->pool) : "";
  fake_files.on_close_refused = "<Limit DELE>";
  snprintf(request, sizeof(request), "s%s", h);
  ok(later_ask(x, SSH_FXP_CLOSE, request, &r), "a removal that is refused");
  is_int(r.status, SSH_FX_PERMISSION_DENIED, "... says so");
  ok(fake_fs_exists("/a") && fake_files.files == 1, "... and the file is "
    "closed all the same");
  fake_files.on_close_refused = NULL;
  later_send(x, SSH_FXP_OPEN, "s/a u1 u0x802 u0 b1");
  clean(x);
  ok(!fake_fs_exists("/a"), "the end of the session closes, too");
}

/* ---- Errors, names, VERSION */

static void errors_are_those_of_version_6(void) {
  struct fxc *x = later_new(6);
  struct fxc_reply r;

  is_int(later_status(x, SSH_FXP_RMDIR, "s/d"), SSH_FX_DIR_NOT_EMPTY,
    "RMDIR of what is not empty");
  is_int(later_status(x, SSH_FXP_RMDIR, "s/a"), SSH_FX_NOT_A_DIRECTORY,
    "RMDIR of a file");
  is_int(later_status(x, SSH_FXP_REMOVE, "s/d"), SSH_FX_FILE_IS_A_DIRECTORY,
    "REMOVE of a directory");
  fake_files.close_errno = EROFS;
  is_int(later_status(x, SSH_FXP_CLOSE, "F"), SSH_FX_WRITE_PROTECT,
    "what cannot be written at all");
  clean(x);
  x = later_new(6);
  is_int(later_status(x, SSH_FXP_READLINK, "s/a"), SSH_FX_INVALID_PARAMETER,
    "READLINK of a file");
  is_int(later_status(x, SSH_FXP_READ, "F q0xffffffffffffffff u1"),
    SSH_FX_INVALID_PARAMETER, "READ beyond all files");
  is_int(later_status(x, SSH_FXP_WRITE, "F q0xffffffffffffffff sx"),
    SSH_FX_INVALID_PARAMETER, "WRITE beyond all files");
  is_int(later_status(x, SSH_FXP_OPEN, "s/a u1 u5 u0 b1"),
    SSH_FX_INVALID_PARAMETER, "a disposition that nobody knows");
  ok(later_ask(x, SSH_FXP_SETSTAT, "s/a u0x80 b1 snobody sgroup", &r) &&
    r.status == SSH_FX_UNKNOWN_PRINCIPAL, "an owner that is nobody");
  ok(sftp_str_is(sftp_rd_string(&r.in), "nobody") &&
    sftp_rd_end(&r.in) == SFTP_OK, "... is named behind the text");
  clean(x);
}

static void untranslated_names_are_told(void) {
  struct fxc *x = fxc_new_raw(NULL);
  struct sftp_str name, value;
  struct fxc_reply r;
  bool found = false;

  fake_files.charset = "X";
  fake_fs_dir("/dir");
  fake_fs_put("/dir/bAr", "", 0, 0644);
  fake_fs_put("/dir/z", "", 0, 0644);
  fxc_init(x, 6);
  ok(fxc_next(x, &r), "VERSION");
  while (r.in.left > 0) {
    name = sftp_rd_string(&r.in);
    value = sftp_rd_string(&r.in);
    found = found || (sftp_str_is(name, "filename-charset") &&
      sftp_str_is(value, "X"));
  }

  ok(found, "... has the charset of the names");
  fake_channel_clear(x->ch);
  later_send(x, SSH_FXP_OPENDIR, "s/dir");
  (void) fxc_next(x, &r);
  x->w.len = 0;
  {
    char request[64];

    snprintf(request, sizeof(request), "s%s",
      sftp_rd_text(&r.in, x->pool));
    ok(later_answers(x, SSH_FXP_READDIR, request, SSH_FXP_NAME, "u4"
      " s. u0x21ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0 u2"
      " s.. u0x21ad b2 q0 suser sgroup u0755 q1700000000 u0 q1700000000 u0 u2"
      " sbar u0x61ad b1 q0 suser sgroup u0644 q1700000000 u0 q1700000000 u0"
      " u1 sbAr"
      " sz u0x21ad b1 q0 suser sgroup u0644 q1700000000 u0 q1700000000 u0 u1"
      " b1"), "the name as it is stands beside the converted one");
  }

  clean(x);
}

static void version_says_what_is_supported(void) {
  struct fxc *x = fxc_new_raw(NULL);
  struct sftp_str name, value;
  struct fxc_reply r;
  struct sftp_rd s;
  uint32_t n;

  x->set.extensions |= sftp_switch_find(sftp_fxp_ext_switch, "vendorID") |
    sftp_switch_find(sftp_fxp_ext_switch, "xattr");
  fxc_init(x, 6);
  ok(fxc_next(x, &r) && r.type == SSH_FXP_VERSION && r.id == 6, "VERSION");
  name = sftp_rd_string(&r.in);
  sftp_rd_init_str(&s, sftp_rd_string(&r.in));
  ok(sftp_str_is(name, "vendor-id"), "vendor-id, when it is on");
  (void) sftp_rd_string(&s);
  ok(sftp_str_is(sftp_rd_string(&s), "mod_sftp"), "... has the product");
  (void) sftp_rd_string(&s);
  (void) sftp_rd_u64(&s);
  ok(sftp_rd_end(&s) == SFTP_OK, "... version and build");
  (void) sftp_rd_string(&r.in);
  (void) sftp_rd_string(&r.in);
  (void) sftp_rd_string(&r.in);
  (void) sftp_rd_string(&r.in);
  name = sftp_rd_string(&r.in);
  value = sftp_rd_string(&r.in);
  ok(sftp_str_is(name, "supported2"), "supported2 behind versions, newline");
  sftp_rd_init_str(&s, value);
  is_int(sftp_rd_u32(&s), 0x8000fffd, "... attributes");
  is_int(sftp_rd_u32(&s), 0x3e0, "... attribute bits");
  is_int(sftp_rd_u32(&s), 0xfff, "... flags of OPEN");
  is_int(sftp_rd_u32(&s), 0x1f01e7, "... access");
  is_int(sftp_rd_u32(&s), FXP_DATA_MAX, "... largest READ");
  is_int(sftp_rd_u32(&s), 0xff0f0e0f, "... kinds of locks");
  is_int(sftp_rd_u32(&s), 0, "... no attribute extensions");
  n = sftp_rd_u32(&s);
  while (n > 0 && sftp_rd_ok(&s) == SFTP_OK) {
    (void) sftp_rd_string(&s);
    n--;
  }

  ok(sftp_rd_end(&s) == SFTP_OK, "... and as many extensions as it says");
  clean(x);
}

/* The disposition of OPEN, for a file that is not there, and for one that is.
 */
static void dispositions_are_kept(void) {
  static const struct { uint32_t missing, there; size_t left; } t[] = {
    { 0xffffffffU, SSH_FX_FILE_ALREADY_EXISTS, 10 },    /* CREATE_NEW */
    { 0xffffffffU, 0xffffffffU, 0 },                    /* CREATE_TRUNCATE */
    { SSH_FX_NO_SUCH_FILE, 0xffffffffU, 10 },           /* OPEN_EXISTING */
    { 0xffffffffU, 0xffffffffU, 10 },                   /* OPEN_OR_CREATE */
    { SSH_FX_NO_SUCH_FILE, 0xffffffffU, 0 } };          /* TRUNCATE_EXISTING */
  char words[64];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct fxc *x = later_new(6);

    snprintf(words, sizeof(words), "s/new u2 u%lu u0 b1", (unsigned long) i);
    is_int(later_status(x, SSH_FXP_OPEN, words), t[i].missing,
      "disposition %lu: a new file", (unsigned long) i);
    is_int(fake_fs_exists("/new"), t[i].missing == 0xffffffffU, "... is there");
    snprintf(words, sizeof(words), "s/a u2 u%lu u0 b1", (unsigned long) i);
    is_int(later_status(x, SSH_FXP_OPEN, words), t[i].there, "... an old one");
    ok(fake_fs_is("/a", "0123456789", t[i].left), "... keeps what it should");
    clean(x);
  }
}

/* What a forced command denies of requests that do several things. */
static void forced_commands_deny_kinds(void) {
  static const struct {
    const char *denied;
    uint8_t type;
    const char *words;
    uint32_t status;
  } t[] = {
    { "symlink", SSH_FXP_LINK, "s/n sa b1", SSH_FX_PERMISSION_DENIED },
    { "symlink", SSH_FXP_LINK, "s/n s/a b0", SSH_FX_OK },
    { "hardlink", SSH_FXP_LINK, "s/n s/a b0", SSH_FX_PERMISSION_DENIED },
    { "hardlink", SSH_FXP_LINK, "s/n sa b1", SSH_FX_OK },
    { "stat", SSH_FXP_REALPATH, "s/a b2", SSH_FX_PERMISSION_DENIED },
    { "stat", SSH_FXP_REALPATH, "s/a b3", SSH_FX_PERMISSION_DENIED },
    { "stat", SSH_FXP_REALPATH, "s/a b1", 0xffffffffU },
    { "lstat", SSH_FXP_REALPATH, "s/a b3", 0xffffffffU },
    { "posix-rename", SSH_FXP_RENAME, "s/a s/b u1",
      SSH_FX_PERMISSION_DENIED },
    { "posix-rename", SSH_FXP_RENAME, "s/a s/n u0", SSH_FX_OK },
    { "remove", SSH_FXP_OPEN, "s/n u2 u0x800 u0 b1",
      SSH_FX_PERMISSION_DENIED },
    { "remove", SSH_FXP_OPEN, "s/n u2 u0 u0 b1", 0xffffffffU },
    { "lock", SSH_FXP_OPEN, "s/n u2 u0x40 u0 b1", SSH_FX_PERMISSION_DENIED },
    { "lock", SSH_FXP_OPEN, "s/n u2 u0 u0 b1", 0xffffffffU }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_forced forced = { .denied = t[i].denied, .umask = -1 };
    struct fxc *x = later_new(6);

    x->conn.services.forced = &forced;
    is_int(later_status(x, t[i].type, t[i].words), t[i].status,
      "-P %s, type %u: %s", t[i].denied, t[i].type, t[i].words);
    clean(x);
  }
}

/* Attributes at OPEN are those of FSETSTAT. */
static void forced_commands_keep_owners(void) {
  static const struct { const char *denied, *owner; } t[] = {
    { "readdir", "u0x80 b1 s7 s8" }, { "fsetstat", "u0x80 b1 suser sgroup" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_forced forced = { .denied = t[i].denied, .umask = -1 };
    struct fxc *x = later_new(6);

    x->conn.services.forced = &forced;
    is_int(later_status(x, SSH_FXP_OPEN, "s/n u2 u0 u0x80 b1 s7 s8"),
      0xffffffffU, "OPEN with an owner, -P %s", t[i].denied);
    ok(later_answers(x, SSH_FXP_STAT, "s/n u0x80", SSH_FXP_ATTRS, t[i].owner),
      "... gives the file to %s", t[i].owner);
    clean(x);
  }
}

int main(void) {
  static const uint8_t others[] = { 24, 25, 100, 106, 199,
    201 };

  later_good_ones_work(6, rows, SFTP_NELEMS(rows));
  later_cut_ones_are_refused(6, rows, SFTP_NELEMS(rows));
  later_flipped_ones_are_answered(6, rows, SFTP_NELEMS(rows));
  later_others_are_unknown(6, others, SFTP_NELEMS(others));
  attributes_are_as_asked();
  kinds_are_guessed_by_name();
  ends_are_told();
  one_client_is_not_told_of_ends();
  ends_in_pieces();
  long_listings_end_once();
  realpath_composes_and_looks();
  composed_paths_are_bounded();
  links_of_both_kinds();
  some_name_the_link_last();
  symlink_works_too();
  nofollow_refuses_links();
  locks_are_passed_on();
  readers_share_locks();
  open_locks_all();
  locks_of_open_are_refused();
  files_go_when_closed();
  errors_are_those_of_version_6();
  untranslated_names_are_told();
  version_says_what_is_supported();
  dispositions_are_kept();
  forced_commands_deny_kinds();
  forced_commands_keep_owners();
  return done_testing();
}
