/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-file.c -- a file system in memory behind the file headers ftpd-*.h. */

#include <fcntl.h>
#include <fnmatch.h>

#include "ftpd-file.h"
#include "ftpd-io.h"
#include "ftpd-log.h"
#include "ftpd-owners.h"
#include "ftpd-report.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "ftpd-utf8.h"
#include "ftpd-wait.h"
#include "ftpd-xattr.h"

#define PAGE 16384
#define PAGES_MAX 8192          /* 128 MiB in all */
#define BUCKETS 64              /* of a file's pages */
#define NODES_MAX 200000
#define LINKS_MAX 16
#define SMALL 4096              /* longest path taken */

struct page {
  struct page *next;
  uint64_t index;
  unsigned char bytes[PAGE];
};

struct node;

struct entry {
  char *name;
  struct node *node;
};

struct node {
  unsigned int refs;            /* entries and open handles */
  struct stat st;
  struct page *pages[BUCKETS];  /* by index */
  char *target;                 /* of a link */
  struct entry *entries;        /* of a directory, without . and .. */
  struct fake_xattr {
    char name[64];
    unsigned char value[256];
    size_t len;
  } xattrs[8];                  /* extended attributes; "" is a free place */
  size_t nentries, size;
  struct node *parent;
};

struct ftpd_file {
  struct node *node;
  char *path;
  int flags;
  bool deletes;
};

struct ftpd_dir {
  struct node *node;
  char *path;
  size_t next;
  unsigned int hidden;
};

struct fake_files fake_files;

static struct node *root;
static unsigned int npages, nnodes;
static ino_t next_ino;

static void *must(void *p) {
  if (p == NULL) {
    abort();
  }

  return p;
}

/* ---- Nodes */

static void cut_pages(struct page **pp, uint64_t size) {
  while (*pp != NULL) {
    struct page *pg = *pp;

    if (pg->index * PAGE >= size) {
      *pp = pg->next;
      free(pg);
      npages--;
      continue;
    }

    if ((pg->index + 1) * PAGE > size) {
      memset(pg->bytes + size % PAGE, 0, PAGE - size % PAGE);
    }

    pp = &pg->next;
  }
}

static void node_truncate(struct node *n, uint64_t size) {
  size_t i;

  for (i = 0; i < BUCKETS; i++) {
    cut_pages(&n->pages[i], size);
  }

  n->st.st_size = (off_t) size;
}

static void node_unref(struct node *n) {
  size_t i;

  if (--n->refs > 0) {
    return;
  }

  node_truncate(n, 0);
  for (i = 0; i < n->nentries; i++) {
    free(n->entries[i].name);
    node_unref(n->entries[i].node);
  }

  free(n->entries);
  free(n->target);
  free(n);
  nnodes--;
}

static struct node *node_new(mode_t mode) {
  struct node *n;

  if (nnodes >= NODES_MAX) {
    errno = ENOSPC;
    return NULL;
  }

  nnodes++;
  n = must(calloc(1, sizeof(*n)));
  n->refs = 1;
  n->st.st_mode = mode;
  n->st.st_nlink = S_ISDIR(mode) ? 2 : 1;
  n->st.st_uid = n->st.st_gid = 1000;
  n->st.st_dev = 1;
  n->st.st_ino = ++next_ino;
  n->st.st_mtim.tv_sec = n->st.st_atim.tv_sec = 1700000000;
  return n;
}

static struct entry *dir_find(struct node *dir, const char *name) {
  size_t i;

  for (i = 0; i < dir->nentries; i++) {
    if (strcmp(dir->entries[i].name, name) == 0) {
      return &dir->entries[i];
    }
  }

  return NULL;
}

/* Takes over the caller's reference. */
static void dir_add(struct node *dir, const char *name, struct node *n) {
  if (dir->nentries == dir->size) {
    dir->size = dir->size > 0 ? 2 * dir->size : 8;
    dir->entries = must(realloc(dir->entries,
      dir->size * sizeof(dir->entries[0])));
  }

  dir->entries[dir->nentries].name = must(strdup(name));
  dir->entries[dir->nentries++].node = n;
  if (S_ISDIR(n->st.st_mode)) {
    n->parent = dir;
  }
}

static void dir_remove(struct node *dir, struct entry *e) {
  free(e->name);
  node_unref(e->node);
  *e = dir->entries[--dir->nentries];
}

/* ---- Paths */

struct place {
  struct node *dir;             /* holds the last name */
  struct node *node;            /* what is there, or NULL */
  char name[256];               /* "" for the root, and for . and .. */
};

static int walk(struct node *from, const char *path, bool follow,
  unsigned int links, struct place *at);

/* One more name; 0 or -1 with errno. */
static int step(struct place *at, const char *name, size_t len, bool last,
    bool follow, unsigned int links) {
  struct node *dir = at->node;
  struct entry *e;

  if (dir == NULL) {
    errno = ENOENT;
    return -1;
  }

  if (!S_ISDIR(dir->st.st_mode)) {
    errno = ENOTDIR;
    return -1;
  }

  if (len > 255) {
    errno = ENAMETOOLONG;
    return -1;
  }

  at->dir = dir;
  if (len == 1 && name[0] == '.') {
    at->name[0] = '\0';
    return 0;
  }

  if (len == 2 && name[0] == '.' && name[1] == '.') {
    at->node = dir->parent != NULL ? dir->parent : dir;
    at->name[0] = '\0';
    return 0;
  }

  memcpy(at->name, name, len);
  at->name[len] = '\0';
  e = dir_find(dir, at->name);
  at->node = e != NULL ? e->node : NULL;
  if (e != NULL && S_ISLNK(e->node->st.st_mode) && (!last || follow)) {
    return walk(dir, e->node->target, true, links + 1, at);
  }

  return 0;
}

static int walk(struct node *from, const char *path, bool follow,
    unsigned int links, struct place *at) {
  if (links > LINKS_MAX) {
    errno = ELOOP;
    return -1;
  }

  at->dir = at->node = path[0] == '/' ? root : from;
  at->name[0] = '\0';
  while (*path != '\0') {
    size_t len;

    path += strspn(path, "/");
    len = strcspn(path, "/");
    if (len > 0 && step(at, path, len,
        path[len + strspn(path + len, "/")] == '\0', follow, links) < 0) {
      return -1;
    }

    path += len;
  }

  return 0;
}

/* Counts the calls that may fail; whether this one does. */
static bool fails_now(void) {
  if (++fake_files.calls != fake_files.fail_at) {
    return false;
  }

  errno = EIO;
  return true;
}

static int find_place(const char *path, bool follow, struct place *at) {
  return walk(root, path, follow, 0, at);
}

static struct node *find(const char *path, bool follow) {
  struct place at;

  if (find_place(path, follow, &at) < 0) {
    return NULL;
  }

  if (at.node == NULL) {
    errno = ENOENT;
  }

  return at.node;
}

/* A place for something new. */
static int find_free(const char *path, struct place *at) {
  if (find_place(path, false, at) < 0) {
    return -1;
  }

  if (at->node != NULL) {
    errno = EEXIST;
    return -1;
  }

  return 0;
}

/* ---- Bytes */

static struct page *find_page(struct node *n, uint64_t index, bool make) {
  struct page **bucket = &n->pages[index % BUCKETS], **pp = bucket, *pg;

  while (*pp != NULL && (*pp)->index != index) {
    pp = &(*pp)->next;
  }

  pg = *pp;
  if (pg == NULL) {
    if (!make || npages >= PAGES_MAX) {
      return NULL;
    }

    npages++;
    pg = must(calloc(1, sizeof(*pg)));
    pg->index = index;

  } else {
    *pp = pg->next;
  }

  pg->next = *bucket;           /* the one used last comes first */
  *bucket = pg;
  return pg;
}

static ssize_t node_read(struct node *n, void *buf, size_t len, uint64_t off) {
  unsigned char *p = buf;
  size_t done = 0;

  if (off >= (uint64_t) n->st.st_size) {
    return 0;
  }

  if (len > (uint64_t) n->st.st_size - off) {
    len = (size_t) ((uint64_t) n->st.st_size - off);
  }

  while (done < len) {
    size_t at = (size_t) ((off + done) % PAGE), part = PAGE - at;
    struct page *pg = find_page(n, (off + done) / PAGE, false);

    part = part < len - done ? part : len - done;
    if (pg != NULL) {
      memcpy(p + done, pg->bytes + at, part);

    } else {
      memset(p + done, 0, part);
    }

    done += part;
  }

  return (ssize_t) done;
}

static int node_write(struct node *n, const void *buf, size_t len,
    uint64_t off) {
  const unsigned char *p = buf;
  size_t done = 0;

  while (done < len) {
    size_t at = (size_t) ((off + done) % PAGE), part = PAGE - at;
    struct page *pg = find_page(n, (off + done) / PAGE, true);

    if (pg == NULL) {
      errno = ENOSPC;
      return -1;
    }

    part = part < len - done ? part : len - done;
    memcpy(pg->bytes + at, p + done, part);
    done += part;
  }

  if (len > 0 && (uint64_t) n->st.st_size < off + len) {
    n->st.st_size = (off_t) (off + len);
  }

  return 0;
}

/* ---- For tests */

static void *forget_all(void) {
  if (root != NULL) {
    node_unref(root);
    root = NULL;
  }

  return NULL;
}

__attribute__((destructor)) static void at_end(void) {
  forget_all();
}

void fake_fs_reset(void) {
  forget_all();
  memset(&fake_files, 0, sizeof(fake_files));
  next_ino = 0;
  root = node_new(S_IFDIR|0755);
  fake_fs_dir("/home");
  fake_fs_dir("/home/user");
}

bool fake_fs_add(const char *path, const void *data, size_t len, mode_t mode) {
  struct node *n;
  struct place at;

  if (find_free(path, &at) < 0) {
    return false;
  }

  n = node_new((mode & S_IFMT) != 0 ? mode : S_IFREG|mode);
  if (node_write(n, data, len, 0) < 0) {
    abort();
  }

  dir_add(at.dir, at.name, n);
  return true;
}

void fake_fs_put(const char *path, const void *data, size_t len, mode_t mode) {
  if (!fake_fs_add(path, data, len, mode)) {
    abort();
  }
}

void fake_fs_dir(const char *path) {
  struct place at;

  if (find_free(path, &at) < 0) {
    abort();
  }

  dir_add(at.dir, at.name, node_new(S_IFDIR|0755));
}

void fake_fs_link(const char *path, const char *target) {
  struct place at;

  if (find_free(path, &at) < 0) {
    abort();
  }

  at.node = node_new(S_IFLNK|0777);
  at.node->target = must(strdup(target));
  dir_add(at.dir, at.name, at.node);
}

void fake_fs_fill(const char *path, const char *prefix, unsigned int n) {
  struct node *dir = must(find(path, true));
  unsigned int i;

  for (i = 0; i < n; i++) {
    char name[64];

    snprintf(name, sizeof(name), "%s%u", prefix, i);
    dir_add(dir, name, must(node_new(S_IFREG|0644)));
  }
}

bool fake_fs_exists(const char *path) {
  return find(path, false) != NULL;
}

bool fake_fs_is(const char *path, const void *data, size_t len) {
  struct node *n = find(path, true);
  unsigned char *buf;
  bool same;

  if (n == NULL || (uint64_t) n->st.st_size != len) {
    return false;
  }

  buf = must(malloc(len + 1));
  same = node_read(n, buf, len, 0) == (ssize_t) len &&
    (len == 0 || memcmp(buf, data, len) == 0);
  free(buf);
  return same;
}

struct stat fake_fs_stat(const char *path) {
  return ((struct node *) must(find(path, false)))->st;
}

/* ---- The gate */

void ftpd_op_begin(struct ftpd *h, struct ftpd_op *op, pool *p,
    enum ftpd_request req, const char *arg) {
  memset(op, 0, sizeof(*op));
  op->ftpd = h;
  op->pool = p;
  op->req = req;
  op->arg = arg;
  fake_files.begun++;
  fake_files.count[req]++;
  fake_now_ms += fake_files.op_ms;
}

static int refuse(struct ftpd_op *op) {
  if (fake_files.deny[op->req]) {
    op->refused = fake_files.refused;
    errno = fake_files.deny_errno != 0 ? fake_files.deny_errno : EACCES;
    return -1;
  }

  return 0;
}

static const char *absolute(pool *p, const char *path) {
  if (strlen(path) >= SMALL) {
    errno = ENAMETOOLONG;
    return NULL;
  }

  return path[0] == '/' ? path :
    pstrcat(p, ftpd_cwd(NULL), "/", path, (char *) NULL);
}

const char *ftpd_permit(struct ftpd_op *op, const char *path,
    const char **second) {
  if (fails_now()) {
    return NULL;
  }

  if (path[0] == '\0' || (second != NULL && (*second)[0] == '\0')) {
    errno = ENOENT;
    return NULL;
  }

  if (refuse(op) < 0) {
    return NULL;
  }

  if (second != NULL) {
    *second = absolute(op->pool, *second);
    if (*second == NULL) {
      return NULL;
    }
  }

  return op->req == FTPD_SYMLINK ? path : absolute(op->pool, path);
}

int ftpd_permit_handle(struct ftpd_op *op, const char *path) {
  if (fails_now()) {
    return -1;
  }

  (void) path;
  return refuse(op);
}

int ftpd_permit_effect(struct ftpd_op *op, const char *path,
    unsigned int effect) {
  if (fails_now()) {
    return -1;
  }

  (void) path;
  if ((fake_files.deny_effects & effect) != 0) {
    op->refused = fake_files.refused;
    errno = EACCES;
    return -1;
  }

  return 0;
}

bool ftpd_may_set_new(struct ftpd_op *op, const char *path,
    unsigned int effect) {
  (void) op;
  (void) path;
  return (fake_files.deny_effects & effect) == 0;
}

bool ftpd_may_look(struct ftpd *h, pool *p, const char **path) {
  (void) h;
  (void) p;
  (void) path;
  return !fake_files.may_not_look;
}

void ftpd_op_end(struct ftpd_op *op, int err, unsigned int status,
    const char *text) {
  fake_files.ended++;
  fake_files.last_req = op->req;
  snprintf(fake_files.last_arg, sizeof(fake_files.last_arg), "%s",
    op->arg != NULL ? op->arg : "");
  fake_files.last_err = err;
  fake_files.last_status = status;
  snprintf(fake_files.last_text, sizeof(fake_files.last_text), "%s",
    text != NULL ? text : "");
}

/* Removes an entry; directories if dir says so and they are empty. */
static int remove_node(const char *path, bool dir) {
  struct place at;

  if (find_place(path, false, &at) < 0) {
    return -1;
  }

  if (at.node == NULL || at.name[0] == '\0') {
    errno = at.node == NULL ? ENOENT : EBUSY;
    return -1;
  }

  if (S_ISDIR(at.node->st.st_mode) != dir) {
    errno = dir ? ENOTDIR : EISDIR;
    return -1;
  }

  if (at.node->nentries > 0) {
    errno = ENOTEMPTY;
    return -1;
  }

  if (dir) {
    at.node->parent = NULL;
  }

  dir_remove(at.dir, dir_find(at.dir, at.name));
  return 0;
}

/* ---- Open files */

static struct node *create(struct place *at, int flags, mode_t mode) {
  struct node *n;

  if ((flags & O_CREAT) == 0) {
    errno = ENOENT;
    return NULL;
  }

  n = node_new(S_IFREG|(mode & ~(mode_t) 022 & 07777));
  if (n != NULL) {
    dir_add(at->dir, at->name, n);
  }

  return n;
}

static struct node *existing(struct node *n, int flags) {
  if ((flags & (O_CREAT|O_EXCL)) == (O_CREAT|O_EXCL)) {
    errno = EEXIST;
    return NULL;
  }

  if (!S_ISREG(n->st.st_mode)) {
    errno = S_ISDIR(n->st.st_mode) ? EISDIR : ELOOP;
    return NULL;
  }

  if ((flags & O_TRUNC) != 0) {
    node_truncate(n, 0);
  }

  return n;
}

static struct ftpd_file *open_now(struct ftpd_op *op, const char *path,
    int flags, mode_t mode) {
  struct ftpd_file *f;
  struct place at;
  struct node *n;

  if (fails_now()) {
    return NULL;
  }

  if (op->deny != 0 && fake_files.lock_taken) {
    errno = EAGAIN;
    return NULL;
  }

  if (find_place(path, (flags & O_EXCL) == 0, &at) < 0) {
    return NULL;
  }

  n = at.node != NULL ? existing(at.node, flags) : create(&at, flags, mode);
  if (n == NULL) {
    return NULL;
  }

  f = must(calloc(1, sizeof(*f)));
  f->node = n;
  f->path = must(strdup(path));
  f->flags = flags;
  f->deletes = op->deletes;
  n->refs++;
  fake_files.files++;
  fake_files.last_deny = op->deny;
  return f;
}

/* What takes more turns. */
static struct {
  char path[256];
  int flags;
  mode_t mode;
  unsigned int turns;
} opening;

struct ftpd_file *ftpd_open_go_on(struct ftpd_op *op) {
  if (opening.turns-- > 1) {
    errno = EINPROGRESS;
    return NULL;
  }

  if (fake_files.open_errno != 0) {
    errno = fake_files.open_errno;
    return NULL;
  }

  return open_now(op, opening.path, opening.flags, opening.mode);
}

struct ftpd_file *ftpd_open(struct ftpd_op *op, const char *path, int flags,
    mode_t mode) {
  if (fake_files.open_turns == 0) {
    return open_now(op, path, flags, mode);
  }

  snprintf(opening.path, sizeof(opening.path), "%s", path);
  opening.flags = flags;
  opening.mode = mode;
  opening.turns = fake_files.open_turns;
  errno = EINPROGRESS;
  return NULL;
}

int ftpd_close(struct ftpd_op *op, struct ftpd_file *f, int why) {
  bool deletes = f->deletes, fails = fails_now();

  if (deletes && fake_files.on_close_refused == NULL) {
    fake_files.removed += remove_node(f->path, false) == 0;
  }

  node_unref(f->node);
  free(f->path);
  free(f);
  fake_files.files--;
  fake_files.aborted += why == 0 ? 0 : 1;
  if (deletes && fake_files.on_close_refused != NULL) {
    op->refused = fake_files.on_close_refused;
    errno = EACCES;
    return -1;
  }

  errno = fails ? EIO : fake_files.close_errno;
  return errno != 0 ? -1 : 0;
}

const char *ftpd_file_refused(const struct ftpd_file *f) {
  (void) f;
  return fake_files.set_refused;
}

/* 0, or -1 with the error that a test wants. */
static int may_set(void) {
  errno = fake_files.set_errno;
  return errno == 0 ? 0 : -1;
}

const char *ftpd_file_path(const struct ftpd_file *f) {
  return f->path;
}

ssize_t ftpd_preadv(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset) {
  ssize_t sum = 0;
  int i;

  if (fails_now()) {
    return -1;
  }

  fake_files.reads++;
  if (fake_files.read_errno != 0) {
    errno = fake_files.read_errno;
    return -1;
  }

  for (i = 0; i < n; i++) {
    ssize_t got = node_read(f->node, iov[i].iov_base, iov[i].iov_len,
      (uint64_t) offset + (uint64_t) sum);

    sum += got;
    if ((size_t) got < iov[i].iov_len) {
      break;
    }
  }

  return sum;
}

static int write_piece(struct ftpd_file *f, const unsigned char *p, size_t n,
    uint64_t off, size_t *done) {
  size_t part = n;

  if (fake_files.write_errno != 0 && off + n > fake_files.write_limit) {
    part = off < fake_files.write_limit ?
      (size_t) (fake_files.write_limit - off) : 0;
  }

  if (node_write(f->node, p, part, off) < 0) {
    return -1;
  }

  *done += part;
  if (part < n) {
    errno = fake_files.write_errno;
    return -1;
  }

  return 0;
}

int ftpd_pwritev(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset, size_t *done) {
  uint64_t off = (f->flags & O_APPEND) != 0 ? (uint64_t) f->node->st.st_size :
    (uint64_t) offset;
  int i;

  *done = 0;
  if (fails_now()) {
    return -1;
  }

  fake_files.writes++;
  for (i = 0; i < n; i++) {
    if (write_piece(f, iov[i].iov_base, iov[i].iov_len, off + *done, done) <
        0) {
      return -1;
    }
  }

  return 0;
}

/* ---- Attributes */

static void node_times(struct node *n, const struct timespec ts[2]) {
  if (ts[0].tv_nsec != UTIME_OMIT) {
    n->st.st_atim = ts[0];
  }

  if (ts[1].tv_nsec != UTIME_OMIT) {
    n->st.st_mtim = ts[1];
  }
}

static void node_mode(struct node *n, mode_t mode) {
  n->st.st_mode = (n->st.st_mode & S_IFMT) | (mode & 07777);
}

static void node_owner(struct node *n, uid_t uid, gid_t gid) {
  n->st.st_uid = uid != (uid_t) -1 ? uid : n->st.st_uid;
  n->st.st_gid = gid != (gid_t) -1 ? gid : n->st.st_gid;
}

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  if (fails_now()) {
    return -1;
  }

  *st = f->node->st;
  return 0;
}

int ftpd_ftruncate(struct ftpd_file *f, off_t size) {
  if (fails_now()) {
    return -1;
  }

  if (may_set() < 0) {
    return -1;
  }

  node_truncate(f->node, (uint64_t) size);
  return 0;
}

int ftpd_fchmod(struct ftpd_file *f, mode_t mode) {
  if (fails_now()) {
    return -1;
  }

  if (may_set() < 0) {
    return -1;
  }

  node_mode(f->node, mode);
  return 0;
}

int ftpd_fchown(struct ftpd_file *f, uid_t uid, gid_t gid) {
  if (fails_now()) {
    return -1;
  }

  if (may_set() < 0) {
    return -1;
  }

  node_owner(f->node, uid, gid);
  return 0;
}

int ftpd_futimes(struct ftpd_file *f, const struct timespec ts[2]) {
  if (fails_now()) {
    return -1;
  }

  if (may_set() < 0) {
    return -1;
  }

  node_times(f->node, ts);
  return 0;
}

int ftpd_fsync(struct ftpd_file *f) {
  if (fails_now()) {
    return -1;
  }

  (void) f;
  return may_set();
}

static int some_statvfs(struct statvfs *st) {
  if (fake_files.fs != NULL) {
    *st = *fake_files.fs;
    return 0;
  }

  memset(st, 0, sizeof(*st));
  st->f_bsize = st->f_frsize = 4096;
  st->f_blocks = 1000;
  st->f_bfree = 500;
  st->f_bavail = 400;
  st->f_files = 300;
  st->f_ffree = 200;
  st->f_favail = 100;
  st->f_fsid = 77;
  st->f_flag = ST_NOSUID;
  st->f_namemax = 255;
  return 0;
}

struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return NULL;
}

int ftpd_fstatvfs(struct ftpd_file *f, struct statvfs *st) {
  if (fails_now()) {
    return -1;
  }

  (void) f;
  return some_statvfs(st);
}

size_t ftpd_portion(const struct ftpd_file *f, size_t max) {
  (void) f;
  return fake_files.portion > 0 && fake_files.portion < max ?
    fake_files.portion : max;
}

int ftpd_copy_range(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done) {
  unsigned char buf[4096];

  *done = 0;
  if (fails_now()) {
    return -1;
  }

  while (len == 0 || *done < len) {
    size_t part = len == 0 || len - *done > sizeof(buf) ? sizeof(buf) :
      (size_t) (len - *done);
    ssize_t n = node_read(from->node, buf, part, (uint64_t) from_off + *done);

    if (n <= 0) {
      break;
    }

    if (fake_files.write_errno != 0 &&
        (uint64_t) to_off + *done + (uint64_t) n > fake_files.write_limit) {
      errno = fake_files.write_errno;
      return -1;
    }

    if (node_write(to->node, buf, (size_t) n, (uint64_t) to_off + *done) < 0) {
      return -1;
    }

    *done += (uint64_t) n;
  }

  return 0;
}

struct ftpd_file *ftpd_open_internal(struct ftpd_op *op, const char *path,
    int flags, mode_t mode, off_t size) {
  (void) size;
  return ftpd_open(op, path, flags, mode);
}

int ftpd_close_internal(struct ftpd_file *f, bool complete) {
  return ftpd_close(NULL, f, complete ? 0 : ECANCELED);
}

bool ftpd_known_digest(struct ftpd_file *f, const char *name,
    unsigned char *out) {
  (void) f;
  if (fake_files.known_sha256 == NULL || strcmp(name, "sha256") != 0) {
    return false;
  }

  memcpy(out, fake_files.known_sha256, 32);
  return true;
}

ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset) {
  struct iovec iov = { buf, n };

  return ftpd_preadv(f, &iov, 1, offset);
}

static int path_stat(const char *path, struct stat *st, bool follow) {
  struct node *n = find(path, follow);

  if (n == NULL) {
    return -1;
  }

  *st = n->st;
  return 0;
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return path_stat(path, st, true);
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return path_stat(path, st, false);
}

static struct node *xattrs_of(const struct ftpd_xattrs *x) {
  return x->file != NULL ? x->file->node : find(x->path, x->follow);
}

static struct fake_xattr *find_xattr(const struct ftpd_xattrs *x,
    const char *name) {
  struct node *n = xattrs_of(x);
  size_t i;

  for (i = 0; n != NULL && i < SFTP_NELEMS(n->xattrs); i++) {
    if (strcmp(n->xattrs[i].name, name) == 0) {
      return &n->xattrs[i];
    }
  }

  errno = n != NULL ? ENODATA : ENOENT;
  return NULL;
}

static void note_xattr_bytes(size_t n) {
  if (n > fake_files.xattr_bytes) {
    fake_files.xattr_bytes = n;
  }
}

ssize_t ftpd_getxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    void *value, size_t size) {
  struct fake_xattr *a = find_xattr(x, name);

  note_xattr_bytes(size);
  if (fails_now()) {
    return -1;
  }

  (void) p;
  if (a == NULL || a->len > size) {
    errno = a != NULL ? ERANGE : errno;
    return -1;
  }

  memcpy(value, a->value, a->len);
  return (ssize_t) a->len;
}

const char **ftpd_listxattr(const struct ftpd_xattrs *x, pool *p) {
  const struct node *n = xattrs_of(x);
  const char **names;
  size_t i, k = 0;

  if (fails_now()) {
    return NULL;
  }

  if (n == NULL) {
    errno = ENOENT;
    return NULL;
  }

  names = pcalloc(p, (SFTP_NELEMS(n->xattrs) + 1) * sizeof(*names));
  for (i = 0; i < SFTP_NELEMS(n->xattrs); i++) {
    if (n->xattrs[i].name[0] != '\0') {
      names[k++] = pstrdup(p, n->xattrs[i].name);
    }
  }

  return names;
}

int ftpd_setxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    const void *value, size_t len, int flags) {
  struct fake_xattr *a = find_xattr(x, name);

  note_xattr_bytes(len);
  if (fails_now()) {
    return -1;
  }

  (void) p;
  if (xattrs_of(x) == NULL) {
    return -1;
  }

  if (a != NULL ? (flags & FTPD_XATTR_CREATE) != 0 :
      (flags & FTPD_XATTR_REPLACE) != 0) {
    errno = a != NULL ? EEXIST : ENODATA;
    return -1;
  }

  a = a != NULL ? a : find_xattr(x, "");
  if (a == NULL || len > sizeof(a->value) || strlen(name) >= sizeof(a->name)) {
    errno = ENOSPC;
    return -1;
  }

  strcpy(a->name, name);
  if (len > 0) {
    memcpy(a->value, value, len);
  }

  a->len = len;
  return 0;
}

int ftpd_removexattr(const struct ftpd_xattrs *x, pool *p, const char *name) {
  struct fake_xattr *a = find_xattr(x, name);

  if (fails_now()) {
    return -1;
  }

  (void) p;
  if (a != NULL) {
    a->name[0] = '\0';
  }

  return a != NULL ? 0 : -1;
}

int ftpd_truncate(struct ftpd_op *op, const char *path, off_t size) {
  struct node *n = find(path, true);

  if (fails_now()) {
    return -1;
  }

  (void) op;
  if (n != NULL && !S_ISREG(n->st.st_mode)) {
    errno = EISDIR;
    return -1;
  }

  if (n == NULL || may_set() < 0) {
    return -1;
  }

  node_truncate(n, (uint64_t) size);
  return 0;
}

int ftpd_chmod(struct ftpd *h, const char *path, mode_t mode) {
  struct node *n = find(path, true);

  if (fails_now()) {
    return -1;
  }

  (void) h;
  if (n == NULL || may_set() < 0) {
    return -1;
  }

  node_mode(n, mode);
  return 0;
}

static int change_owner(const char *path, uid_t uid, gid_t gid, bool follow) {
  struct node *n = find(path, follow);

  if (n == NULL || may_set() < 0) {
    return -1;
  }

  node_owner(n, uid, gid);
  return 0;
}

int ftpd_chown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return change_owner(path, uid, gid, true);
}

int ftpd_lchown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return change_owner(path, uid, gid, false);
}

int ftpd_utimes(struct ftpd *h, const char *path, const struct timespec ts[2],
    bool follow) {
  struct node *n = find(path, follow);

  if (fails_now()) {
    return -1;
  }

  (void) h;
  if (n == NULL || may_set() < 0) {
    return -1;
  }

  node_times(n, ts);
  return 0;
}

int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return find(path, true) != NULL ? some_statvfs(st) : -1;
}

/* ---- Names */

int ftpd_mkdir(struct ftpd_op *op, const char *path, mode_t mode) {
  struct place at;

  if (fails_now()) {
    return -1;
  }

  (void) op;
  if (find_free(path, &at) < 0) {
    return -1;
  }

  at.node = node_new(S_IFDIR|(mode & ~(mode_t) 022 & 07777));
  if (at.node == NULL) {
    return -1;
  }

  dir_add(at.dir, at.name, at.node);
  return 0;
}

int ftpd_rmdir(struct ftpd *h, const char *path) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  return remove_node(path, true);
}

int ftpd_unlink(struct ftpd_op *op, const char *path) {
  if (fails_now()) {
    return -1;
  }

  (void) op;
  return remove_node(path, false);
}

static bool is_inside(const struct node *n, const struct node *dir) {
  while (n != NULL && n != dir) {
    n = n->parent;
  }

  return n != NULL;
}

int ftpd_rename_step(struct ftpd_op *op, struct ftpd_moving *m) {
  (void) op;
  (void) m;
  return 0;
}

void ftpd_rename_stop(struct ftpd_moving *m) {
  (void) m;
}

int ftpd_rename(struct ftpd_op *op, const char *from, const char *to,
    bool overwrite, struct ftpd_moving **moving) {
  struct place a, b;
  struct node *n;

  if (fails_now()) {
    return -1;
  }

  (void) op;
  *moving = NULL;
  if (find_place(from, false, &a) < 0 || find_place(to, false, &b) < 0) {
    return -1;
  }

  if (a.node == NULL || a.name[0] == '\0' || b.name[0] == '\0') {
    errno = a.node == NULL ? ENOENT : EBUSY;
    return -1;
  }

  if (a.node == b.node) {
    return 0;
  }

  if (b.node != NULL && (!overwrite || S_ISDIR(b.node->st.st_mode) ||
      S_ISDIR(a.node->st.st_mode))) {
    errno = EEXIST;
    return -1;
  }

  if (S_ISDIR(a.node->st.st_mode) && is_inside(b.dir, a.node)) {
    errno = EINVAL;
    return -1;
  }

  n = a.node;
  n->refs++;
  dir_remove(a.dir, dir_find(a.dir, a.name));
  if (b.node != NULL) {
    dir_remove(b.dir, dir_find(b.dir, b.name));
  }

  dir_add(b.dir, b.name, n);
  return 0;
}

int ftpd_link(struct ftpd_op *op, const char *from, const char *to) {
  struct node *n = find(from, false);
  struct place at;

  if (fails_now()) {
    return -1;
  }

  (void) op;
  if (n == NULL || find_free(to, &at) < 0) {
    return -1;
  }

  if (S_ISDIR(n->st.st_mode)) {
    errno = EPERM;
    return -1;
  }

  n->refs++;
  n->st.st_nlink++;
  dir_add(at.dir, at.name, n);
  return 0;
}

int ftpd_symlink(struct ftpd_op *op, const char *target, const char *path) {
  struct place at;

  if (fails_now()) {
    return -1;
  }

  (void) op;
  if (find_free(path, &at) < 0) {
    return -1;
  }

  at.node = node_new(S_IFLNK|0777);
  if (at.node == NULL) {
    return -1;
  }

  at.node->target = must(strdup(target));
  dir_add(at.dir, at.name, at.node);
  return 0;
}

int ftpd_readlink(struct ftpd *h, pool *p, const char *path,
    const char **target) {
  struct node *n = find(path, false);

  if (fails_now()) {
    return -1;
  }

  (void) h;
  if (n != NULL && !S_ISLNK(n->st.st_mode)) {
    errno = EINVAL;
    return -1;
  }

  if (n != NULL) {
    *target = pstrdup(p, n->target);
  }

  return n != NULL ? 0 : -1;
}

/* Names only: links are left as they are. */
const char *ftpd_realpath(struct ftpd *h, pool *p, const char *path) {
  char *out = palloc(p, strlen(path) + 2);
  size_t len = 0;

  if (fails_now()) {
    return NULL;
  }

  (void) h;
  while (*path != '\0') {
    size_t n;

    path += strspn(path, "/");
    n = strcspn(path, "/");
    if (n == 2 && path[0] == '.' && path[1] == '.') {
      while (len > 0 && out[--len] != '/') {
      }

    } else if (n > 0 && !(n == 1 && path[0] == '.')) {
      out[len++] = '/';
      memcpy(out + len, path, n);
      len += n;
    }

    path += n;
  }

  if (len == 0) {
    out[len++] = '/';
  }

  out[len] = '\0';
  return out;
}

/* ---- Directories */

struct ftpd_dir *ftpd_opendir(struct ftpd_op *op, const char *path) {
  struct node *n = find(path, true);
  struct ftpd_dir *d;

  if (fails_now()) {
    return NULL;
  }

  (void) op;
  if (n == NULL) {
    return NULL;
  }

  if (!S_ISDIR(n->st.st_mode)) {
    errno = ENOTDIR;
    return NULL;
  }

  d = must(calloc(1, sizeof(*d)));
  d->node = n;
  d->path = must(strdup(path));
  n->refs++;
  fake_files.dirs++;
  return d;
}

int ftpd_readdir(struct ftpd_dir *d, const char **name, struct stat *st) {
  if (fails_now()) {
    return -1;
  }

  if (d->hidden++ < fake_files.hidden) {
    return 2;
  }

  d->hidden = 0;
  if (fake_files.readdir_errno != 0) {
    errno = fake_files.readdir_errno;
    return -1;
  }

  if (d->next >= d->node->nentries + 2) {
    return 0;
  }

  if (d->next < 2) {
    *name = d->next == 0 ? "." : "..";
    *st = d->node->st;

  } else {
    *name = d->node->entries[d->next - 2].name;
    *st = d->node->entries[d->next - 2].node->st;
  }

  d->next++;
  return 1;
}

int ftpd_closedir(struct ftpd_op *op, struct ftpd_dir *d) {
  (void) op;
  node_unref(d->node);
  free(d->path);
  free(d);
  fake_files.dirs--;
  return 0;
}

const char *ftpd_dir_path(const struct ftpd_dir *d) {
  return d->path;
}

/* ---- The rest: user 1000 is "user", group 1000 is "group" */

const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid) {
  char text[16];

  (void) h;
  snprintf(text, sizeof(text), "%lu", (unsigned long) uid);
  return pstrdup(p, uid == 1000 ? "user" : text);
}

const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid) {
  char text[16];

  (void) h;
  snprintf(text, sizeof(text), "%lu", (unsigned long) gid);
  return pstrdup(p, gid == 1000 ? "group" : text);
}

int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid) {
  (void) h;
  *uid = 1000;
  fake_files.lookups++;
  errno = ENOENT;
  return strcmp(name, "user") == 0 ? 0 : -1;
}

int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid) {
  (void) h;
  *gid = 1000;
  fake_files.lookups++;
  errno = ENOENT;
  return strcmp(name, "group") == 0 ? 0 : -1;
}

void ftpd_fake_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) path;
  (void) st;
}

bool ftpd_times_gmt(struct ftpd *h) {
  (void) h;
  return true;
}

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return fake_files.cwd != NULL ? fake_files.cwd : "/home/user";
}

void ftpd_ids(struct ftpd *h, pool *p, struct ftpd_ids *ids) {
  static const struct ftpd_id groups[] = { { 100, "users" }, { 7, NULL } };

  (void) p;
  ids->user.number = 1000;
  ids->user.name = ftpd_user(h);
  ids->group = groups[0];
  ids->groups = groups;
  ids->ngroups = 2;
}

const char *ftpd_user(struct ftpd *h) {
  (void) h;
  return "user";
}

const char *ftpd_home(struct ftpd *h, pool *p, const char *user) {
  (void) h;
  if (user[0] != '\0' && strcmp(user, "user") != 0) {
    errno = ENOENT;
    return NULL;
  }

  return pstrdup(p, "/home/user");
}

/* Patterns in the last name only. */
static const char **match(struct ftpd *h, pool *p, const char *pattern) {
  const char *base = strrchr(pattern, '/'), **paths;
  const char *dir_path = base == NULL ? ftpd_cwd(h) :
    pstrndup(p, pattern, (size_t) (base - pattern) + 1);
  struct node *dir = find(dir_path, true);
  size_t i, n = 0;

  paths = pcalloc(p, ((dir != NULL ? dir->nentries : 0) + 1) *
    sizeof(*paths));
  if (dir == NULL) {
    return paths;
  }

  for (i = 0; i < dir->nentries; i++) {
    if (fnmatch(base != NULL ? base + 1 : pattern, dir->entries[i].name,
        FNM_PERIOD) == 0) {
      paths[n++] = base == NULL ? pstrdup(p, dir->entries[i].name) :
        pstrcat(p, dir_path, dir->entries[i].name, (char *) NULL);
    }
  }

  return paths;
}

struct ftpd_glob {
  const char **paths;
  int turns;
};

struct ftpd_glob *ftpd_glob_begin(struct ftpd *h, pool *p,
    const char *pattern) {
  struct ftpd_glob *g = pcalloc(p, sizeof(*g));

  g->paths = match(h, p, pattern);
  g->turns = fake_files.glob_turns;
  return g;
}

int ftpd_glob_step(struct ftpd_glob *g, const char ***paths) {
  *paths = g->paths;
  errno = E2BIG;
  return g->turns < 0 ? -1 : g->turns-- == 0;
}

void ftpd_glob_end(struct ftpd_glob *g) {
  g->paths = NULL;
}

unsigned int ftpd_max_handles(struct ftpd *h) {
  (void) h;
  return fake_files.max_handles > 0 ? fake_files.max_handles : 100;
}

/* Belongs to the whole session; another fake may have more of it. */
#define WEAK __attribute__((weak))

WEAK void ftpd_doing(struct ftpd *h, const char *cmd, const char *arg) {
  (void) h;
  (void) cmd;
  (void) arg;
}

WEAK void ftpd_poll(struct ftpd *h) {
  (void) h;
}

WEAK void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  (void) h;
  (void) what;
}

WEAK void ftpd_set_protocol(struct ftpd *h, const char *protocol) {
  (void) h;
  (void) protocol;
}

WEAK const char *ftpd_login_message(struct ftpd *h, pool *p) {
  (void) h;
  (void) p;
  return fake_files.login_message;
}

/* ---- What later versions of SFTP ask for */

int ftpd_extra_attrs(struct ftpd *h, struct ftpd_file *f, const char *path,
    bool follow, struct ftpd_extra_attrs *more) {
  struct stat st;

  if (fails_now()) {
    return -1;
  }

  (void) h;
  memset(more, 0, sizeof(*more));
  if (fake_files.no_extra_attrs ||
      (f == NULL && path_stat(path, &st, follow) < 0)) {
    return -1;
  }

  more->has_birth = true;
  more->birth.tv_sec = 1600000000;
  more->birth.tv_nsec = 5;
  more->immutable = true;
  return 0;
}

ssize_t ftpd_acl_get(struct ftpd *h, pool *p, struct ftpd_file *f,
    const char *path, void *buf, size_t size) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  (void) p;
  (void) f;
  (void) path;
  if (fake_files.no_acl || fake_files.acl_len == 0 ||
      fake_files.acl_len > size) {
    errno = fake_files.no_acl ? ENOTSUP : ENODATA;
    return -1;
  }

  memcpy(buf, fake_files.acl, fake_files.acl_len);
  return (ssize_t) fake_files.acl_len;
}

int ftpd_acl_set(struct ftpd *h, pool *p, struct ftpd_file *f,
    const char *path, const void *buf, size_t size) {
  if (fails_now()) {
    return -1;
  }

  (void) h;
  (void) p;
  (void) f;
  (void) path;
  if (fake_files.no_acl || size > sizeof(fake_files.acl)) {
    errno = ENOTSUP;
    return -1;
  }

  memcpy(fake_files.acl, buf, size);
  fake_files.acl_len = size;
  return 0;
}

int ftpd_lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive) {
  if (fails_now()) {
    return -1;
  }

  (void) f;
  (void) offset;
  (void) len;
  if (fake_files.lock_taken) {
    errno = EAGAIN;
    return -1;
  }

  fake_files.locks++;
  fake_files.last_exclusive = exclusive;
  return 0;
}

int ftpd_unlock(struct ftpd_file *f, off_t offset, off_t len) {
  if (fails_now()) {
    return -1;
  }

  (void) f;
  (void) offset;
  (void) len;
  if (fake_files.locks == 0) {
    errno = ENOENT;
    return -1;
  }

  fake_files.locks--;
  return 0;
}

const char *ftpd_charset(struct ftpd *h) {
  (void) h;
  return fake_files.charset;
}

static const char *swap_case(pool *p, const char *name) {
  char *out = pstrdup(p, name), *c;

  if (strchr(name, 'z') != NULL) {
    return NULL;
  }

  for (c = out; *c != '\0'; c++) {
    *c = *c == 'a' ? 'A' : *c == 'A' ? 'a' : *c;
  }

  return out;
}

const char *ftpd_from_utf8(struct ftpd *h, pool *p, const char *name) {
  (void) h;
  return swap_case(p, name);
}

const char *ftpd_to_utf8(struct ftpd *h, pool *p, const char *name) {
  (void) h;
  return swap_case(p, name);
}
