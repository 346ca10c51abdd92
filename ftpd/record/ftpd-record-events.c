/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-events.c -- what sessions of this module do, as events for the
 * recorder.
 */

#include "ftpd-digest.h"
#include "ftpd-login.h"
#include "ftpd-path.h"
#include "ftpd-record-open.h"
#include "ftpd-record.h"
#include "ftpd-request.h"
#include "ftpd-vroot.h"

#include "cert.h"
#include "effects.h"
#include "ftpd-lines.h"
#include "keys.h"

/* ---- Logins */

/* What a key, or a certificate, has proved: of the current attempt, and of the
 * steps that have succeeded.
 */
struct proof {
  char key[64], ca[64], key_id[256];
  bool has_serial;
  uint64_t serial;
};

static struct {
  struct proof now, done;
  char methods[64];             /* that have succeeded */
} proved;

static void put_print(pool *p, char *to, size_t size, struct sftp_str blob) {
  const char *print = sftp_key_fingerprint(p, blob, "SHA256", false);

  snprintf(to, size, "SHA256:%s", print != NULL ? print : "?");
}

void ftpd_record_key(pool *p, struct sftp_str blob,
    const struct sftp_cert *cert) {
  struct proof *now = &proved.now;

  if (!ftpd_record_on()) {
    return;
  }

  memset(now, 0, sizeof(*now));
  now->has_serial = cert != NULL;
  put_print(p, now->key, sizeof(now->key), cert != NULL ? cert->key->blob :
    blob);
  if (cert != NULL) {
    put_print(p, now->ca, sizeof(now->ca), cert->ca->blob);
    sstrncpy(now->key_id, cert->key_id, sizeof(now->key_id));
    now->serial = cert->serial;
  }
}

static const char *or_null(const char *text) {
  return *text != '\0' ? text : NULL;
}

static void add_proof(const char *method) {
  size_t len = strlen(proved.methods);

  snprintf(proved.methods + len, sizeof(proved.methods) - len, "%s%s",
    len > 0 ? "+" : "", method);
  if (*proved.now.key != '\0') {
    proved.done = proved.now;
  }
}

static void put_proof(struct record_event *e, const struct proof *proof) {
  ftpd_record_text(e, RECORD_KEY, or_null(proof->key));
  ftpd_record_text(e, RECORD_CA, or_null(proof->ca));
  if (proof->has_serial) {
    ftpd_record_number(e, RECORD_SERIAL, proof->serial);
  }

  ftpd_record_text(e, RECORD_KEY_ID, or_null(proof->key_id));
}

static void begin_login(struct record_event *e, const char *user,
    const char *method, const struct proof *proof) {
  ftpd_record_begin(e, RECORD_LOGIN);
  ftpd_record_text(e, RECORD_USER, user);
  ftpd_record_text(e, RECORD_METHOD, method);
  put_proof(e, proof);
}

static void send_login(struct record_event *e, const char *protocol,
    const char *end, const char *why) {
  ftpd_record_text(e, RECORD_PROTOCOL, protocol);
  ftpd_record_text(e, RECORD_CLIENT, pr_table_get(session.notes,
    "SFTP_CLIENT_BANNER", NULL));
  ftpd_record_text(e, RECORD_END, end);
  ftpd_record_text(e, RECORD_WHY, why);
  ftpd_record_send(e);
}

void ftpd_record_login(struct ftpd *h, const char *method, const char *end) {
  bool failed = strcmp(end, "failed") == 0;
  struct record_event e;

  if (!ftpd_record_on()) {
    return;
  }

  if (!failed) {
    add_proof(method);
  }

  begin_login(&e, failed || session.user == NULL ? h->user : session.user,
    failed ? method : proved.methods, failed ? &proved.now : &proved.done);
  send_login(&e, "ssh", end, failed ? ftpd_log_reason(h) : NULL);
  memset(&proved.now, 0, sizeof(proved.now));
  if (strcmp(end, "ok") == 0) {
    ftpd_record_login_told(true);
  }
}

void ftpd_record_odd_login(const char *user, const char *why) {
  static const struct proof none;
  struct record_event e;

  if (ftpd_record_on()) {
    begin_login(&e, user, NULL, &none);
    send_login(&e, "ssh", "failed", why);
  }
}

void ftpd_record_turned_away(const char *why) {
  struct ftpd *h = ftpd_current();
  struct record_event e;

  if (h != NULL) {
    add_proof(h->login->method);
  }

  begin_login(&e, session.user, h != NULL ? proved.methods : "password",
    &proved.done);
  send_login(&e, h != NULL ? "ssh" : pr_session_get_protocol(0), "refused",
    why);
}

/* ---- Operations */

/* What SETSTAT sets. */
static struct {
  bool has_mode, has_owner, has_group, has_size;
  mode_t mode;
  off_t size;
  uid_t uid;
  gid_t gid;
  char xattr[256];              /* the name of an extended attribute ... */
  bool removed;                 /* ... that is not set, but removed */
  char done[64];                /* what was set */
  bool told;                    /* the mode has a record: SCP */
} attrs;

void ftpd_record_anew(void) {
  memset(&attrs, 0, sizeof(attrs));
}

int ftpd_record_did(const char *part, int res) {
  size_t len = strlen(attrs.done);

  if (res == 0 && strstr(attrs.done, part) == NULL) {
    snprintf(attrs.done + len, sizeof(attrs.done) - len, "%s%s",
      len > 0 ? ", " : "", part);
  }

  return res;
}

void ftpd_record_size(off_t size) {
  attrs.has_size = true;
  attrs.size = size;
}

void ftpd_record_mode(mode_t mode) {
  attrs.has_mode = true;
  attrs.mode = mode;
}

void ftpd_record_owner(uid_t uid, gid_t gid) {
  attrs.has_owner = uid != (uid_t) -1;
  attrs.has_group = gid != (gid_t) -1;
  attrs.uid = uid;
  attrs.gid = gid;
}

void ftpd_record_xattr(const char *name, bool removed) {
  sstrncpy(attrs.xattr, name, sizeof(attrs.xattr));
  attrs.removed = removed;
}

/* What becomes a record in any case, not only if a rule refuses it. */
static const unsigned char whats[FTPD_NREQUESTS] = {
  [FTPD_OPEN_READ] = RECORD_DOWNLOAD, [FTPD_OPEN_WRITE] = RECORD_UPLOAD,
  [FTPD_OPEN_APPEND] = RECORD_UPLOAD, [FTPD_SCP_RECV] = RECORD_UPLOAD,
  [FTPD_SCP_SEND] = RECORD_DOWNLOAD, [FTPD_REMOVE] = RECORD_REMOVE,
  [FTPD_RMDIR] = RECORD_RMDIR, [FTPD_MKDIR] = RECORD_MKDIR,
  [FTPD_SCP_MKDIR] = RECORD_MKDIR, [FTPD_RENAME] = RECORD_RENAME,
  [FTPD_SYMLINK] = RECORD_SYMLINK, [FTPD_LINK] = RECORD_LINK,
  [FTPD_HARDLINK] = RECORD_LINK, [FTPD_COPY] = RECORD_COPY,
  [FTPD_SETSTAT] = RECORD_ATTRIBUTES, [FTPD_LSETSTAT] = RECORD_ATTRIBUTES,
  [FTPD_FSETSTAT] = RECORD_ATTRIBUTES, [FTPD_XATTR_SET] = RECORD_ATTRIBUTES
};

/* Beyond times, which clients set after each transfer. */
#define WORTH_A_RECORD (SFTP_EFF_SETS & ~SFTP_EFF_TIME)

static bool is_worth(const struct ftpd_op *op, int err, bool refused) {
  const struct op_state *state = op->state;

  switch (op->req) {
    case FTPD_CLOSE:
    case FTPD_READ:
    case FTPD_WRITE:
      return false;             /* the transfer has a record */

    case FTPD_OPEN_READ:
    case FTPD_OPEN_WRITE:
    case FTPD_OPEN_APPEND:
    case FTPD_SCP_RECV:
    case FTPD_SCP_SEND:
      return err != 0 && (state == NULL || state->opened == NULL);

    case FTPD_SETSTAT:
    case FTPD_LSETSTAT:
    case FTPD_FSETSTAT:
      return refused || ((op->effects & WORTH_A_RECORD) != 0 &&
        (err != 0 || (!attrs.told && *attrs.done != '\0')));

    case FTPD_LINK:
      /* Without a state, it was a symbolic one: that has a record. */
      return err != 0 || state != NULL;

    default:
      return refused || whats[op->req] != 0;
  }
}

/* What its path names by now, if that is not this file. */
static const char *now_there(const struct ftpd_file *f) {
  struct stat st;

  if (ftpd_look(f->h, f->path, &st) < 0) {
    return errno == ENOENT || errno == ENOTDIR ? "nothing" : NULL;
  }

  return f->is.ino == 0 || (st.st_dev == f->is.dev && st.st_ino == f->is.ino) ?
    NULL : "another file";
}

static const char *shown(struct ftpd_op *op, const char *used,
    const char *sent) {
  if (used == NULL && sent != NULL) {
    used = ftpd_canon(op->ftpd, op->pool, sent);
  }

  return used == NULL ? NULL : ftpd_outside(op->pool,
    ftpd_vroot_outside(op->pool, used));
}

static const char *service_of(const struct ftpd *h) {
  return h->serving != NULL ? h->serving : "ssh";
}

static void put_paths(struct record_event *e, struct ftpd_op *op) {
  const struct op_state *state = op->state;
  const char *path, *to;

  if (op->file != NULL) {
    /* copy-data: from a file, which the rules were asked about, to this one. */
    bool copies = op->req == FTPD_COPY && state != NULL;

    ftpd_record_text(e, RECORD_PATH, !copies ? NULL :
      shown(op, state->path, state->sent));
    ftpd_record_text(e, copies ? RECORD_TO : RECORD_PATH,
      ftpd_outside(op->pool, op->file->recorded));
    ftpd_record_text(e, RECORD_NOW, now_there(op->file));
    return;
  }

  if (state == NULL) {
    ftpd_record_text(e, RECORD_PATH, strcmp(service_of(op->ftpd), "scp") != 0 ?
      op->arg : shown(op, NULL, op->arg));
    return;
  }

  path = state->path;
  to = state->path2;
  if (op->req == FTPD_SYMLINK) {
    ftpd_record_text(e, RECORD_PATH, shown(op, to, state->sent2));
    ftpd_record_text(e, RECORD_TO, path != NULL ? path : state->sent);
    return;
  }

  ftpd_record_text(e, RECORD_PATH, shown(op, path, state->sent));
  ftpd_record_text(e, RECORD_TO, shown(op, to, state->sent2));
}

static void put_mode(struct record_event *e, mode_t mode) {
  char text[16];

  snprintf(text, sizeof(text), "%04o", (unsigned int) mode & 07777);
  ftpd_record_text(e, RECORD_MODE, text);
}

static void put_attrs(struct record_event *e, int err) {
  if (err != 0 && *attrs.done != '\0') {
    ftpd_record_text(e, RECORD_DONE, attrs.done);
    e->spare = false;           /* something has changed */
  }

  if (attrs.has_mode) {
    put_mode(e, attrs.mode);
  }

  if (attrs.has_size) {
    ftpd_record_number(e, RECORD_SIZE, (uint64_t) attrs.size);
  }

  if (attrs.has_owner) {
    ftpd_record_number(e, RECORD_OWNER, attrs.uid);
  }

  if (attrs.has_group) {
    ftpd_record_number(e, RECORD_GROUP, attrs.gid);
  }

  ftpd_record_text(e, attrs.removed ? RECORD_XATTR_REMOVED : RECORD_XATTR,
    or_null(attrs.xattr));
}

void ftpd_record_operation(struct ftpd_op *op, int err) {
  const char *refused = op->rule != NULL ? op->rule : op->refused;
  enum record_what what = whats[op->req] != 0 ? whats[op->req] :
    RECORD_REFUSAL;
  struct record_event e;

  if (!ftpd_record_on() || !is_worth(op, err, err != 0 && refused != NULL)) {
    return;
  }

  ftpd_record_begin(&e, what);
  e.spare = err != 0;
  ftpd_record_text(&e, RECORD_PROTOCOL, service_of(op->ftpd));
  ftpd_record_text(&e, RECORD_REQUEST, sftp_operations[op->req]);
  put_paths(&e, op);
  if (what == RECORD_ATTRIBUTES || (what == RECORD_MKDIR && err == 0)) {
    put_attrs(&e, err);

  } else if (op->state != NULL && ((struct op_state *) op->state)->removed) {
    ftpd_record_number(&e, RECORD_BYTES,
      (uint64_t) ((struct op_state *) op->state)->size);
  }

  ftpd_record_text(&e, RECORD_END, err == 0 ? "ok" : refused != NULL ?
    "refused" : "failed");
  if (err != 0) {
    ftpd_record_text(&e, RECORD_WHY, refused != NULL ? refused :
      strerror(err));
  }

  ftpd_record_send(&e);
}

int ftpd_record_scp_mode(struct ftpd *h, const char *path, int res) {
  int xerrno = errno;
  struct record_event e;
  pool *p;

  if (!ftpd_record_on() || strcmp(service_of(h), "scp") != 0) {
    return res;
  }

  p = make_sub_pool(session.pool);
  ftpd_record_begin(&e, RECORD_ATTRIBUTES);
  ftpd_record_text(&e, RECORD_PROTOCOL, "scp");
  ftpd_record_text(&e, RECORD_PATH, ftpd_outside(p, ftpd_vroot_outside(p,
    path)));
  put_attrs(&e, 0);
  attrs.told = res == 0;
  ftpd_record_text(&e, RECORD_END, res == 0 ? "ok" : "failed");
  ftpd_record_text(&e, RECORD_WHY, res == 0 ? NULL : strerror(xerrno));
  ftpd_record_send(&e);
  destroy_pool(p);
  errno = xerrno;
  return res;
}

/* ---- Transfers */

static const char *end_of(const struct ftpd_file *f, int err) {
  return err == 0 ? "ok" : f->refused != NULL ? "refused" :
    err == ECONNABORTED || err == ECANCELED ? "incomplete" : "failed";
}

void ftpd_record_opened(struct ftpd_file *f) {
  if (ftpd_record_on()) {
    f->begun = ftpd_record_open_add(ftpd_outside(f->pool, f->recorded),
      f->scp ? "scp" : "sftp", (f->rd ? 1U << WAY_READ : 0) |
      (f->wr ? 1U << WAY_WRITE : 0), true);
  }
}

void ftpd_record_moved(const struct ftpd_file *f, enum ftpd_way way) {
  if (f->begun != NULL) {
    f->begun->offset[way] = (uint64_t) f->ways[way].begin;
    atomic_store_explicit(&f->begun->moved[way],
      (uint64_t) ftpd_file_moved(f, way), memory_order_relaxed);
  }
}

void ftpd_record_ended(struct ftpd_file *f, enum ftpd_way way) {
  ftpd_record_open_end(&f->begun, 1U << way);
}

void ftpd_record_transfer(const struct ftpd_file *f, enum ftpd_way way,
    cmd_rec *cmd, int err) {
  struct record_event e;

  if (!ftpd_record_on()) {
    return;
  }

  ftpd_record_begin(&e, way == WAY_WRITE ? RECORD_UPLOAD : RECORD_DOWNLOAD);
  ftpd_record_text(&e, RECORD_PROTOCOL, f->scp ? "scp" : "sftp");
  ftpd_record_text(&e, RECORD_PATH, ftpd_outside(cmd->pool, f->recorded));
  ftpd_record_text(&e, RECORD_DIRECTION, way == WAY_WRITE ? "in" : "out");
  ftpd_record_number(&e, RECORD_BYTES, (uint64_t) ftpd_file_moved(f, way));
  ftpd_record_number(&e, RECORD_OFFSET, f->ways[way].begun ?
    (uint64_t) f->ways[way].begin : 0);
  ftpd_record_number(&e, RECORD_MS, (sftp_now_us() - f->begun_us) / 1000);
  ftpd_record_text(&e, RECORD_SHA256, err == 0 ? ftpd_digest_of(f, way) : NULL);
  if (way == WAY_WRITE && f->fresh) {
    put_mode(&e, f->mode);
  }

  ftpd_record_text(&e, RECORD_NOW, now_there(f));
  ftpd_record_text(&e, RECORD_END, end_of(f, err));
  if (err != 0) {
    ftpd_record_text(&e, RECORD_WHY, ftpd_fault_why(err, f->refused));
  }

  ftpd_record_send(&e);
}
