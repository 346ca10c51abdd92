/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-work.c -- files that the server itself works on, for sums and copies:
 * see host.h.
 */

#include "host-files.h"

static int check_regular(pr_fh_t *fh, struct stat *st) {
  if (pr_fsio_fstat(fh, st) < 0) {
    return -1;
  }

  if (!S_ISREG(st->st_mode)) {
    errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
    return -1;
  }

  return 0;
}

static struct host_file *new_work(struct host_op *op, pr_fh_t *fh,
    const char *path, int flags, const struct stat *st) {
  pool *p = make_sub_pool(host_files_of(op->host)->pool);
  struct host_file *f = pcalloc(p, sizeof(*f));
  struct op_state *state = op->state;

  pr_pool_tag(p, "SFTP work file");
  f->h = op->host;
  f->pool = p;
  f->fh = fh;
  f->fd = PR_FH_FD(fh);
  f->path = pstrdup(p, path);
  f->cmd = state != NULL ? state->twin : NULL;
  f->req = op->req;
  f->rd = (flags & O_ACCMODE) != O_WRONLY;
  f->wr = (flags & O_ACCMODE) != O_RDONLY;
  f->size = st->st_size;
  gettimeofday(&f->start, NULL);
  host_choose_io(f);
  f->listened = false;
  return f;
}

struct host_file *host_open_work(struct host_op *op, const char *path,
    int flags, mode_t mode) {
  bool writes = (flags & O_ACCMODE) != O_RDONLY, exists;
  struct host_file *f;
  struct stat st;
  pr_fh_t *fh;
  int xerrno;

  exists = host_stat(op->host, path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) {
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return NULL;
  }

  if (!exists && (flags & O_CREAT) == 0) {
    errno = ENOENT;
    return NULL;
  }

  fh = host_open_new(path, (flags & ~O_TRUNC)|O_NONBLOCK|O_NOCTTY, mode,
    exists);
  if (fh == NULL) {
    return NULL;
  }

  if (check_regular(fh, &st) < 0 || host_share(op, fh, flags) < 0 ||
      ((flags & O_TRUNC) != 0 && pr_fsio_ftruncate(fh, 0) < 0)) {
    xerrno = errno;
    (void) pr_fsio_close(fh);
    errno = xerrno;
    return NULL;
  }

  (void) pr_fsio_set_block(fh);
  st.st_size = (flags & O_TRUNC) != 0 ? 0 : st.st_size;
  f = new_work(op, fh, path, flags, &st);
  if (writes) {
    f->max_size = host_max_store_size();
    f->made = !exists;
    if (f->made || (flags & O_TRUNC) != 0) {
      host_give_away(op->pool, fh, path);
    }
  }

  return f;
}

int host_close_work(struct host_file *f, bool complete) {
  int res = pr_fsio_close(f->fh), xerrno = errno;

  if (f->wr) {
    pr_fs_clear_cache2(f->path);
    if (f->made && (!complete || res < 0)) {
      (void) pr_fsio_unlink(f->path);
    }

    host_log_transfer(f, complete && res == 0 ? 'c' : 'i');
  }

  destroy_pool(f->pool);
  errno = xerrno;
  return res;
}

ssize_t host_peek(struct host_file *f, void *buf, size_t n, off_t offset) {
  size_t done = 0;

  if (!f->rd || f->stream) {
    errno = EBADF;
    return -1;
  }

  while (done < n) {
    void *at = (char *) buf + done;
    off_t from = offset + (off_t) done;
    ssize_t res = f->direct_rd ? pread(f->fd, at, n - done, from) :
      pr_fsio_pread(f->fh, at, n - done, from);

    if (res < 0 && errno == EINTR) {
      continue;
    }

    if (res < 0 && done == 0) {
      return -1;
    }

    if (res <= 0) {
      break;
    }

    done += (size_t) res;
  }

  return (ssize_t) done;
}
