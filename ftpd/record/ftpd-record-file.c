/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-file.c -- a file of records: appends to its chain, and signs
 * it.
 */

#include "ftpd-record-file.h"
#include "ftpd-session.h"

#include "checksum.h"
#include "sshsig.h"

#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>

#define SPACE "sftp-record"
/* At least two whole lines. */
#define TAIL_BYTES (2 * (size_t) RECORD_LINE_MAX)
#define LOCK_STEPS 200
/* On the way to a file. */
#define LINKS 8
/* Far behind any record. */
#define PLACE ((off_t) 1 << 62)
#define HEX_LEN (2 * RECORD_HASH_LEN)
/* A step of the system's clock that gets a record. */
#define STEP_US 1000000
/* Until the next attempt to sign. */
#define SIGN_WAIT_MS 1000U
#define SIGN_WAIT_MS_MAX 60000U

/* ---- Lines */

static void hash_line(struct record_file *f, const void *line, size_t len,
    bool ends, unsigned char *hash) {
  if (sftp_sum_begin(f->sum) != SFTP_OK ||
      sftp_sum_add(f->sum, line, len) != SFTP_OK ||
      sftp_sum_add(f->sum, "\n", ends ? 0 : 1) != SFTP_OK ||
      sftp_sum_end(f->sum, hash) != SFTP_OK) {
    memset(hash, 0, RECORD_HASH_LEN);
  }
}

static const char *hex_of(const unsigned char *hash,
    char text[HEX_LEN + 1]) {
  static const char digits[] = "0123456789abcdef";
  size_t i;

  for (i = 0; i < RECORD_HASH_LEN; i++) {
    text[2 * i] = digits[hash[i] >> 4];
    text[2 * i + 1] = digits[hash[i] & 0x0f];
  }

  text[HEX_LEN] = '\0';
  return text;
}

static void put_time(struct sftp_json *j) {
  struct timespec now;
  struct tm tm;
  char text[64];
  size_t len;

  (void) clock_gettime(CLOCK_REALTIME, &now);
  (void) gmtime_r(&now.tv_sec, &tm);
  len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(text + len, sizeof(text) - len, ".%06ldZ", now.tv_nsec / 1000);
  sftp_json_text(j, "time", sftp_str_of(text));
}

/* All of it or nothing: a part is taken back. */
static int write_bytes(struct record_file *f, const char *bytes, size_t len) {
  ssize_t n;
  int xerrno;

  do {
    n = write(f->fd, bytes, len);
  } while (n < 0 && errno == EINTR);

  if (n == (ssize_t) len) {
    f->size += n;
    return 0;
  }

  xerrno = n < 0 ? errno : ENOSPC;
  if (n > 0 && ftruncate(f->fd, f->size) < 0) {
    f->size = -1;               /* a torn line remains */
  }

  errno = xerrno;
  return -1;
}

/* Writes a line behind the head, which is that of the file; torn: behind its
 * line break, which is missing.
 */
static int write_line(struct record_file *f, struct sftp_str members,
    bool torn) {
  char hex[HEX_LEN + 1], *line = f->line + 1;
  struct sftp_json j;

  memcpy(f->line, "\n{", 2);
  sftp_json_init(&j, line + 1, RECORD_LINE_MAX - 4);
  sftp_json_text(&j, "prev", sftp_str_of(hex_of(f->head.hash, hex)));
  sftp_json_number(&j, "n", f->head.n + 1);
  put_time(&j);
  sftp_json_members(&j, members);
  if (j.full) {
    errno = EMSGSIZE;
    return -1;
  }

  memcpy(line + 1 + j.len, "}\n", 2);
  if (write_bytes(f, torn ? f->line : line, j.len + 3 + (torn ? 1 : 0)) < 0) {
    return -1;
  }

  hash_line(f, line, j.len + 3, true, f->head.hash);
  f->head.end = (uint64_t) f->size;
  f->head.n++;
  f->head.known = 1;
  if (f->nunsigned++ == 0) {
    f->unsigned_ms = sftp_now_ms();
  }

  return 0;
}

static int write_record(struct record_file *f, struct sftp_str members) {
  return write_line(f, members, false);
}

/* A record of the recorder itself. */
struct note {
  struct sftp_json j;
  char text[16384];
};

static void note_begin(struct note *n, const char *what) {
  sftp_json_init(&n->j, n->text, sizeof(n->text));
  sftp_json_text(&n->j, "what", sftp_str_of(what));
}

static int note_write(struct record_file *f, struct note *n) {
  struct sftp_str members = { (unsigned char *) n->text, n->j.len };

  return write_record(f, members);
}

/* ---- The end of the file */

struct tail {
  bool empty, torn;
  size_t torn_len;
  bool has_n;
  uint64_t n;
  unsigned char hash[RECORD_HASH_LEN];
};

/* The number of a line that we have written. */
static bool number_of(const char *line, size_t len, uint64_t *n) {
  static const char begin[] = "{\"prev\":\"", middle[] = "\",\"n\":";
  size_t at = sizeof(begin) - 1 + HEX_LEN;
  char text[64];
  unsigned long long value;

  if (len < at + sizeof(middle) ||
      memcmp(line, begin, sizeof(begin) - 1) != 0 ||
      memcmp(line + at, middle, sizeof(middle) - 1) != 0) {
    return false;
  }

  at += sizeof(middle) - 1;
  len = len - at < sizeof(text) - 1 ? len - at : sizeof(text) - 1;
  memcpy(text, line + at, len);
  text[len] = '\0';
  if (sscanf(text, "%20llu,", &value) != 1) {
    return false;
  }

  *n = value;
  return true;
}

/* The beginning of the line that ends before `end'. */
static size_t line_at(const char *text, size_t end) {
  const char *before = end > 0 ? memrchr(text, '\n', end - 1) : NULL;

  return before != NULL ? (size_t) (before - text) + 1 : 0;
}

static void read_lines(struct record_file *f, const char *text, size_t len,
    struct tail *t) {
  size_t at = line_at(text, len);

  t->torn = text[len - 1] != '\n';
  t->torn_len = t->torn ? len - at : 0;
  hash_line(f, text + at, len - at, !t->torn, t->hash);
  if (t->torn && at > 0) {
    len = at;
    at = line_at(text, len);
  }

  t->has_n = number_of(text + at, len - at, &t->n);
}

static int read_tail(struct record_file *f, off_t size, struct tail *t) {
  size_t len = size < (off_t) TAIL_BYTES ? (size_t) size : TAIL_BYTES;
  char *text;
  ssize_t n;

  memset(t, 0, sizeof(*t));
  t->empty = size == 0;
  if (t->empty) {
    return 0;
  }

  text = malloc(len);
  n = text != NULL ? pread(f->fd, text, len, size - (off_t) len) : -1;
  if (n == (ssize_t) len) {
    read_lines(f, text, len, t);

  } else if (n >= 0) {
    errno = EIO;
  }

  free(text);
  return n == (ssize_t) len ? 0 : -1;
}

/* ---- Not as it was left */

static void get_stated(const struct record_file *f, struct record_stated *s) {
  memset(s, 0, sizeof(*s));
  if (f->print != NULL) {
    sstrncpy(s->key, f->print, sizeof(s->key));
    s->records = f->max_records;
    s->secs = f->max_secs;
  }
}

static int write_begin(struct record_file *f, const char *why, bool first) {
  char host[256] = "";
  struct note n;

  (void) gethostname(host, sizeof(host) - 1);
  note_begin(&n, "begin");
  sftp_json_text(&n.j, "why", sftp_str_of(why));
  if (first) {
    sftp_json_true(&n.j, "first");
  }

  sftp_json_text(&n.j, "file", sftp_str_of(f->path));
  sftp_json_text(&n.j, "host", sftp_str_of(host));
  sftp_json_text(&n.j, "version", sftp_str_of(MOD_SFTP_VERSION));
  if (f->print != NULL) {
    sftp_json_text(&n.j, "key", sftp_str_of(f->print));
    sftp_json_number(&n.j, "records", f->max_records);
    sftp_json_number(&n.j, "minutes", f->max_secs / 60);
  }

  if (note_write(f, &n) < 0) {
    return -1;
  }

  get_stated(f, &f->stated);
  return 0;
}

/* What the line that we wrote last has become. */
struct found {
  bool there;                   /* still where it was */
  uint64_t lines;               /* whole ones behind it: somebody else's */
};

static int is_ours(struct record_file *f, off_t size, bool *is) {
  size_t len = f->head.end < RECORD_LINE_MAX ? (size_t) f->head.end :
    RECORD_LINE_MAX, at;
  unsigned char hash[RECORD_HASH_LEN];

  *is = false;
  if (len == 0 || f->head.end > (uint64_t) size) {
    return 0;
  }

  if (pread(f->fd, f->line, len, (off_t) f->head.end - (off_t) len) !=
      (ssize_t) len) {
    return -1;
  }

  at = line_at(f->line, len);
  hash_line(f, f->line + at, len - at, true, hash);
  *is = memcmp(hash, f->head.hash, sizeof(hash)) == 0;
  return 0;
}

/* Another recorder has begun the file anew, after copytruncate. */
static bool begins_behind_ours(struct record_file *f) {
  ssize_t n = pread(f->fd, f->line, RECORD_LINE_MAX, 0);
  uint64_t first = 0;

  return n > 0 && number_of(f->line, (size_t) n, &first) && first > f->head.n;
}

static int look_for_ours(struct record_file *f, off_t size,
    struct found *found) {
  off_t at = (off_t) f->head.end;
  ssize_t n, i;

  memset(found, 0, sizeof(*found));
  if (is_ours(f, size, &found->there) < 0) {
    return -1;
  }

  if (!found->there && begins_behind_ours(f)) {
    found->there = true;        /* in the file before this one */
    at = 0;
  }

  while (found->there && at < size) {
    n = pread(f->fd, f->line, RECORD_LINE_MAX, at);
    if (n <= 0) {
      return -1;
    }

    at += n;
    for (i = 0; i < n; i++) {
      found->lines += f->line[i] == '\n' ? 1 : 0;
    }
  }

  return 0;
}

/* Lines that somebody else has written, and one that somebody did not end. */
static int write_others(struct record_file *f, const struct tail *t,
    uint64_t after, uint64_t lines) {
  struct note n;

  if (!t->torn && lines == 0) {
    return 0;
  }

  note_begin(&n, t->torn ? "torn" : "foreign");
  if (t->torn) {
    sftp_json_number(&n.j, "bytes", t->torn_len);
  }

  if (lines > 0) {
    sftp_json_number(&n.j, "after", after);
    sftp_json_number(&n.j, "lines", lines);
  }

  return write_line(f, (struct sftp_str) { (unsigned char *) n.text,
    n.j.len }, t->torn);
}

/* The line that we wrote last is not there. */
static int write_missing(struct record_file *f, const struct tail *t,
    const struct record_head *ours) {
  char hex[HEX_LEN + 1];
  struct note n;

  note_begin(&n, t->has_n && t->n >= ours->n ? "changed" : "missing");
  sftp_json_number(&n.j, "after", ours->n);
  sftp_json_text(&n.j, "hash", sftp_str_of(hex_of(ours->hash, hex)));
  return note_write(f, &n);
}

static int write_state(struct record_file *f, const struct tail *t,
    const struct record_head *ours, const struct found *found) {
  if (t->empty) {
    return write_begin(f, ours->known ? "the file before has ended" :
      "a new file", true);
  }

  memcpy(f->head.hash, t->hash, RECORD_HASH_LEN);
  if (t->has_n && (!ours->known || t->n > ours->n)) {
    f->head.n = t->n;
  }

  if (write_others(f, t, ours->n, found->lines) < 0) {
    return -1;
  }

  if (!ours->known) {
    return write_begin(f, f->begin, false);
  }

  return found->there ? 0 : write_missing(f, t, ours);
}

/* Continues the chain behind what is in the file now; what is not ours gets a
 * record before anything else, above all before a signature.
 */
static int catch_up(struct record_file *f, off_t size) {
  struct record_head ours = f->head;
  struct found found = { false, 0 };
  struct tail t;

  if (read_tail(f, size, &t) < 0 ||
      (ours.known && look_for_ours(f, size, &found) < 0)) {
    return -1;
  }

  f->size = size;
  if (write_state(f, &t, &ours, &found) < 0) {
    f->head = ours;
    f->size = -1;
    return -1;
  }

  f->sign_now = f->sign_now || !found.there || t.torn || found.lines > 0;
  return 0;
}

/* Whoever can read the file can lock it, and delays the first record only: what
 * cannot be locked is lost.
 */
static int lock_file(struct record_file *f) {
  static const struct timespec step = { 0, 5000000 };
  int i, steps = f->told_error == EWOULDBLOCK ? 1 : LOCK_STEPS;

  for (i = 0; i < steps; i++) {
    if (flock(f->fd, LOCK_EX|LOCK_NB) == 0) {
      return 0;
    }

    if (errno != EWOULDBLOCK && errno != EINTR) {
      return -1;
    }

    (void) nanosleep(&step, NULL);
  }

  errno = EWOULDBLOCK;
  return -1;
}

static void tell_gone(struct record_file *f) {
  if (!f->told_gone) {
    f->told_gone = true;
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "the file was removed: what is written until the next reload is lost",
      f->path);
  }
}

/* With the lock, the head is that of the file. */
static int begin_append(struct record_file *f) {
  struct stat st;
  int xerrno;

  if (f->fd < 0) {
    errno = f->open_error;
    return -1;
  }

  if (lock_file(f) < 0) {
    return -1;
  }

  if (fstat(f->fd, &st) == 0) {
    if (st.st_nlink == 0) {
      tell_gone(f);
    }

    if (st.st_size == f->size || catch_up(f, st.st_size) == 0) {
      return 0;
    }
  }

  xerrno = errno;
  f->size = -1;
  (void) flock(f->fd, LOCK_UN);
  errno = xerrno;
  return -1;
}

static void end_append(struct record_file *f) {
  int xerrno = errno;

  (void) flock(f->fd, LOCK_UN);
  errno = xerrno;
}

/* ---- Losses, and steps of the clock */

static void tell_result(struct record_file *f, int err) {
  if (err == f->told_error) {
    return;
  }

  f->told_error = err;
  if (err != 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "records cannot be written: %s", f->path, strerror(err));

  } else {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "records are written again", f->path);
  }
}

static int write_losses(struct record_file *f) {
  struct note n;

  if (f->nlost == 0) {
    return 0;
  }

  note_begin(&n, "lost");
  sftp_json_number(&n.j, "records", f->nlost);
  sftp_json_text(&n.j, "why", sftp_str_of(strerror(f->lost_error)));
  if (note_write(f, &n) < 0) {
    return -1;
  }

  f->nlost = 0;
  return 0;
}

/* The configuration may have changed since the last line about it. */
static int write_change(struct record_file *f) {
  struct record_stated now;

  get_stated(f, &now);
  return memcmp(&now, &f->stated, sizeof(now)) == 0 ? 0 :
    write_begin(f, "the configuration has changed", false);
}

static int64_t clock_now(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000 -
    (int64_t) sftp_now_us();
}

static int write_step(struct record_file *f) {
  int64_t now = clock_now(), step = now - f->clock_us;
  char text[32];
  struct note n;

  if (step > -STEP_US && step < STEP_US) {
    f->clock_us = now;
    return 0;
  }

  snprintf(text, sizeof(text), "%+lld", (long long) (step +
    (step < 0 ? -STEP_US / 2 : STEP_US / 2)) / STEP_US);
  note_begin(&n, "clock");
  sftp_json_text(&n.j, "seconds", sftp_str_of(text));
  if (note_write(f, &n) < 0) {
    return -1;
  }

  f->clock_us = now;
  return 0;
}

/* ---- Signatures */

static int write_signature(struct record_file *f, pool *p) {
  char hex[HEX_LEN + 2];
  const char *armored = NULL;
  struct note n;
  int res;

  (void) hex_of(f->head.hash, hex);
  hex[HEX_LEN] = '\n';
  res = sftp_sshsig(p, f->key, SPACE, (struct sftp_str) {
    (unsigned char *) hex, HEX_LEN + 1 }, &armored);
  if (res != SFTP_OK) {
    if (!f->told_unsigned) {
      f->told_unsigned = true;
      pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': the "
        "host key %s does not sign: %s", f->path, f->print,
        sftp_strerror(res));
    }

    return -1;
  }

  f->told_unsigned = false;
  note_begin(&n, "signature");
  sftp_json_text(&n.j, "key", sftp_str_of(f->print));
  sftp_json_text(&n.j, "signature", sftp_str_of(armored));
  if (note_write(f, &n) < 0) {
    return -1;
  }

  f->nunsigned = 0;
  return 0;
}

/* It cannot be signed: what waits for a signature goes on waiting, and so do
 * we, each time twice as long.
 */
static void wait_to_sign(struct record_file *f) {
  f->wait_ms = f->wait_ms == 0 ? SIGN_WAIT_MS : f->wait_ms >=
    SIGN_WAIT_MS_MAX / 2 ? SIGN_WAIT_MS_MAX : 2 * f->wait_ms;
  f->again_ms = sftp_now_ms() + f->wait_ms;
}

static void sign_file(struct record_file *f) {
  pool *p = make_sub_pool(f->pool);

  if (write_signature(f, p) == 0) {
    f->sign_now = false;
    f->again_ms = f->wait_ms = 0;

  } else {
    wait_to_sign(f);
  }

  destroy_pool(p);
}

/* Each recorder holds a lock of its own for others to see. */
static bool is_shared(const struct record_file *f) {
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
    .l_start = PLACE, .l_len = 1 };

  return fcntl(f->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void show_ourselves(const struct record_file *f) {
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET,
    .l_start = PLACE, .l_len = 1 };

  (void) fcntl(f->fd, F_OFD_SETLK, &lock);
}

/* ---- Records */

int ftpd_record_file_append(struct record_file *f, struct sftp_str members) {
  int err = 0;

  if (begin_append(f) < 0) {
    err = errno;

  } else {
    if (write_losses(f) < 0 || write_change(f) < 0 || write_step(f) < 0 ||
        (members.len > 0 && write_record(f, members) < 0)) {
      err = errno;
    }

    if (f->key != NULL && f->nunsigned > 0 && is_shared(f) &&
        sftp_now_ms() >= f->again_ms) {
      sign_file(f);
    }

    end_append(f);
  }

  if (err != 0 && members.len > 0) {
    f->nlost++;
    f->lost_error = err;
  }

  tell_result(f, err);
  return err;
}

int ftpd_record_file_due_ms(const struct record_file *f) {
  uint64_t due, now = sftp_now_ms();

  if (f->key == NULL || f->fd < 0 || f->nunsigned == 0) {
    return -1;
  }

  due = f->sign_now || f->nunsigned >= f->max_records ? 0 : f->unsigned_ms +
    (uint64_t) f->max_secs * 1000;
  due = due > f->again_ms ? due : f->again_ms;
  return due <= now ? 0 : (int) (due - now);
}

void ftpd_record_file_sign(struct record_file *f, bool all) {
  int due = ftpd_record_file_due_ms(f);

  if (due < 0 || (due > 0 && !all)) {
    return;
  }

  if (begin_append(f) == 0) {
    sign_file(f);
    end_append(f);

  } else {
    wait_to_sign(f);
  }
}

/* ---- The file */

struct record_file *ftpd_record_file_new(pool *p, const char *path) {
  struct record_file *f = pcalloc(p, sizeof(*f));

  f->pool = p;
  f->path = pstrdup(p, path);
  f->begin = "the daemon has started";
  f->fd = -1;
  f->open_error = ENOENT;
  f->size = -1;
  f->line = palloc(p, RECORD_LINE_MAX);
  f->sum = sftp_sum_new(p, "sha256");
  f->clock_us = clock_now();
  return f;
}

/* A daemon may have closed the standard descriptors, to which others print. */
static int open_high(const char *path) {
  int low = open(path, O_RDWR|O_APPEND|O_CREAT|O_NOFOLLOW|O_CLOEXEC|
    O_NONBLOCK|O_NOCTTY, 0600), fd, xerrno;

  if (low < 0 || low > 2) {
    return low;
  }

  fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
  xerrno = errno;
  (void) close(low);
  errno = xerrno;
  return fd;
}

void ftpd_record_file_open(struct record_file *f) {
  static const struct sftp_str nothing = { (const unsigned char *) "", 0 };
  struct stat st;

  f->fd = open_high(f->path);
  if (f->fd >= 0 && (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))) {
    (void) close(f->fd);
    f->fd = -1;
    errno = EINVAL;
  }

  f->open_error = f->fd < 0 ? errno : 0;
  if (f->sum == NULL && f->fd >= 0) {
    (void) close(f->fd);
    f->fd = -1;
    f->open_error = ENOSYS;
  }

  if (f->fd >= 0) {
    show_ourselves(f);
  }

  (void) ftpd_record_file_append(f, nothing);
  ftpd_record_file_sign(f, true);
}

/* Where a link leads. */
static const char *target_of(pool *p, const char *link) {
  char to[PATH_MAX];
  ssize_t n = readlink(link, to, sizeof(to) - 1);

  if (n < 0) {
    return NULL;
  }

  to[n] = '\0';
  return *to == '/' ? pstrdup(p, to) : pstrcat(p, pstrndup(p, link,
    (size_t) (strrchr(link, '/') - link) + 1), to, NULL);
}

/* Who could put another directory there: its owner, the owner of a link, and
 * who may write to the directory that has it, unless that is sticky.
 */
static const char *object_to_way(pool *p, const char *dir, int links) {
  char *part = pstrdup(p, dir), *end = part;
  const char *why = NULL, *to;
  struct stat st;
  char was;

  do {
    end += 1 + strcspn(end + 1, "/");
    was = *end;
    *end = '\0';
    if (lstat(part, &st) < 0) {
      return pstrcat(p, part, ": ", strerror(errno), NULL);
    }

    if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
      return pstrcat(p, part, " above it belongs to another user", NULL);
    }

    if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) == 0 &&
        ((st.st_mode & S_IWOTH) != 0 ||
         ((st.st_mode & S_IWGRP) != 0 && st.st_gid != PR_ROOT_GID))) {
      return pstrcat(p, "others may write to ", part, " above it", NULL);
    }

    if (S_ISLNK(st.st_mode)) {
      to = links > 0 ? target_of(p, part) : NULL;
      why = to != NULL ? object_to_way(p, to, links - 1) : strerror(ELOOP);
    }

    *end = was;
  } while (was != '\0' && why == NULL);

  return why;
}

/* Which have no files that somebody writes. */
static const char *object_to_system(pool *p, const char *dir) {
  static const struct { unsigned long type; const char *name; } systems[] = {
    { PROC_SUPER_MAGIC, "proc" }, { SYSFS_MAGIC, "sysfs" },
    { DEBUGFS_MAGIC, "debugfs" }, { TRACEFS_MAGIC, "tracefs" },
    { SECURITYFS_MAGIC, "securityfs" }, { CGROUP_SUPER_MAGIC, "cgroup" },
    { CGROUP2_SUPER_MAGIC, "cgroup2" }, { BPF_FS_MAGIC, "bpf" },
    { DEVPTS_SUPER_MAGIC, "devpts" }
  };
  struct statfs fs;
  size_t i;

  for (i = 0; statfs(dir, &fs) == 0 && i < SFTP_NELEMS(systems); i++) {
    if ((unsigned long) fs.f_type == systems[i].type) {
      return pstrcat(p, dir, " is a file system of type ", systems[i].name,
        ": expected one that keeps files", NULL);
    }
  }

  return NULL;
}

/* It would be written behind what somebody else needs. */
static const char *object_to_content(const char *path) {
  static const char begin[] = "{\"prev\":\"";
  char text[sizeof(begin) - 1];
  int fd = open(path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

  if (fd >= 0) {
    (void) close(fd);
  }

  return n > 0 && memcmp(text, begin, (size_t) n) != 0 ? "it does not begin "
    "with a record: expected a file of this server, or none yet" : NULL;
}

const char *ftpd_record_file_objection(pool *p, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *dir = pstrndup(p, path, slash == path ? 1 :
    (size_t) (slash - path));
  const char *why;
  struct stat st;

  if (stat(dir, &st) < 0) {
    return pstrcat(p, dir, ": ", strerror(errno), NULL);
  }

  if (!S_ISDIR(st.st_mode)) {
    return pstrcat(p, dir, ": ", strerror(ENOTDIR), NULL);
  }

  if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
    return "its directory belongs to another user";
  }

  if ((st.st_mode & S_IWOTH) != 0 ||
      ((st.st_mode & S_IWGRP) != 0 && st.st_gid != PR_ROOT_GID)) {
    return "others may write to its directory";
  }

  why = object_to_way(p, dir, LINKS);
  why = why != NULL ? why : object_to_system(p, dir);
  if (why != NULL) {
    return why;
  }

  if (lstat(path, &st) < 0) {
    return errno != ENOENT ? strerror(errno) : access(dir, W_OK|X_OK) < 0 ?
      pstrcat(p, dir, ": ", strerror(errno), NULL) : NULL;
  }

  if (S_ISLNK(st.st_mode)) {
    return "it is a symbolic link";
  }

  if (!S_ISREG(st.st_mode)) {
    return "it is not a regular file: expected one, or none yet";
  }

  if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
    return "it belongs to another user";
  }

  if ((st.st_mode & (S_IWGRP|S_IWOTH)) != 0) {
    return "others may write to it";
  }

  return access(path, R_OK|W_OK) < 0 ? strerror(errno) :
    object_to_content(path);
}
