/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-open-t.c -- opening the file of a transfer: who is asked, in which
 * order, and what is left when something fails.
 */

#include "daemon.h"
#include "effects.h"
#include "ftpd-check.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-openfile.h"
#include "ftpd-request.h"
#include "directives.h"
#include "tap.h"

#include <fcntl.h>

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set,
  .files = &daemon_files };
static struct op_state state;
static struct ftpd_op op;
static struct ftpd_file *uploading;
static int listens_to;          /* 1: data-read; 2: data-write */

struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return uploading;
}

int pr_event_listening(const char *event) {
  return strcmp(event, listens_to == 1 ? "mod_sftp.sftp.data-read" :
    listens_to == 2 ? "mod_sftp.sftp.data-write" : "") == 0;
}

static bool ends;               /* the session, when a name is given back */

void ftpd_quota_unname(struct ftpd *h, const char *path, off_t bytes) {
  (void) daemon_call("quota_unname %s %lld", path, (long long) bytes);
  if (ends) {
    ends = false;
    ftpd_open_abort(h);
  }
}

static void anew(const char *name, enum ftpd_request req) {
  daemon_calls_anew();
  memset(&state, 0, sizeof(state));
  memset(&op, 0, sizeof(op));
  memset(&daemon_files, 0, sizeof(daemon_files));
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  daemon_fstat.st_mode = S_IFREG|0644;
  daemon_fstat.st_ino = 5;
  daemon_fstat.st_dev = 6;
  daemon_check = NULL;
  daemon_refused = NULL;
  uploading = NULL;
  state.pool = op.pool = p;
  state.equivalent = pr_cmd_alloc(p, 2, name, "/f");
  state.path = "/f";
  op.ftpd = &ftpd;
  op.req = req;
  op.state = &state;
  errno = EBADE;
}

static void is_there(off_t size) {
  daemon_lstat.st_mode = S_IFREG|0640;
  daemon_lstat.st_size = daemon_fstat.st_size = size;
}

static void hidden(void) {
  state.xfer_type = STOR_HIDDEN;
  (void) pr_table_add(state.equivalent->notes, "mod_xfer.store-hidden-path",
    "/.in.f", 0);
}

#define READ   (O_RDONLY)
#define NEW    (O_WRONLY|O_CREAT)
#define STORE  (O_WRONLY|O_CREAT|O_TRUNC)
#define EXTRA  (O_NONBLOCK|O_NOCTTY|O_NOFOLLOW)

static void fails_with(struct ftpd_file *f, int err, const char *what) {
  int xerrno = errno;

  ok(f == NULL && daemon_files.open == NULL && daemon_files.nopen == 0 &&
    daemon_files.opening == NULL && !state.handed, "%s: not opened", what);
  is_int(xerrno, err, "%s: errno", what);
}

/* ---- A path */

static void paths_are_opened_as_they_were_checked(void) {
  pr_fh_t *fh;

  anew(C_STOR, FTPD_OPEN_WRITE);
  fh = ftpd_open_held("/f", O_RDONLY);
  ok(fh != NULL, "it is opened");
  is_str(daemon_calls(), text("hold /f; open /f 0%o; let_go; "
    "check_opened /f; ", O_NOFOLLOW), "while it is held, and no link");
  daemon_fails("hold", ENOENT);
  errno = EBADE;
  fh = ftpd_open_held("/f", O_RDONLY);
  ok(fh == NULL && errno == ENOENT, "not if it cannot be held");
  is_str(daemon_calls(), "hold /f; ", "and then nothing is done");
  daemon_calls_anew();
  daemon_fails("open", EACCES);
  fh = ftpd_open_held("/f", O_RDONLY);
  ok(fh == NULL && errno == EACCES, "not what cannot be opened");
  ok(strstr(daemon_calls(), "let_go; ") != NULL, "it is let go");
  daemon_calls_anew();
  daemon_fails("check_opened", ENOENT);
  ok(ftpd_open_held("/f", O_RDONLY) == NULL, "not another file");
  is_str(daemon_calls_of("check_opened drop"), "check_opened /f; drop /f; ",
    "which is closed");
}

static mode_t opened_with(mode_t mode, bool there, mode_t mask) {
  mode_t after;

  daemon_calls_anew();
  (void) umask(mask);
  (void) ftpd_open_new("/f", O_RDONLY, mode, there);
  after = umask(022);
  return after;
}

static mode_t mask_then;

pr_fh_t *pr_fsio_open(const char *path, int flags) {
  pr_fh_t *fh;

  mask_then = umask(0);
  (void) umask(mask_then);
  if (daemon_call("open %s 0%o", path, (unsigned int) flags) < 0) {
    return NULL;
  }

  fh = pcalloc(p, sizeof(*fh));
  fh->fh_path = pstrdup(p, path);
  fh->fh_fs = &daemon_fs;
  return fh;
}

static void modes_are_never_exceeded(void) {
  is_int(opened_with(0600, false, 022), 022, "the umask is restored");
  is_int(mask_then, 0177, "meanwhile it leaves what the mode has");
  is_str(daemon_calls_of("fchmod"), "", "which is all");
  (void) opened_with(0666, false, 022);
  is_int(mask_then, 0133, "the user's own umask stays in it");
  is_int(opened_with(0644, false, 077), 077, "a strict umask");
  is_int(mask_then, 0177, "is not weakened");
  (void) opened_with(0600, false, 0177);
  is_int(mask_then, 0177, "one that has all of it is kept");
  (void) opened_with(0755, false, 022);
  is_str(daemon_calls_of("fchmod"), "fchmod /f 755; ",
    "what FSIO does not create is set");
  (void) opened_with(0777, false, 027);
  is_str(daemon_calls_of("fchmod"), "fchmod /f 750; ", "within the umask");
  (void) opened_with(04644, false, 022);
  is_str(daemon_calls_of("fchmod"), "fchmod /f 4644; ", "and the set-id bit");
  (void) opened_with(0755, true, 022);
  is_str(daemon_calls_of("fchmod"), "", "an existing file keeps its mode");
  daemon_calls_anew();
  daemon_fails("open", EISDIR);
  ok(ftpd_open_new("/f", O_RDONLY, 0755, false) == NULL && errno == EISDIR,
    "a failure is one");
  is_str(daemon_calls_of("fchmod"), "", "of which nothing is set");
}

static void kinds_of_files(void) {
  struct stat st = { .st_mode = S_IFDIR };

  anew(C_RETR, FTPD_OPEN_READ);
  ok(ftpd_may_open(&op, &st) < 0 && errno == EISDIR, "no directory");
  st.st_mode = S_IFREG;
  is_int(ftpd_may_open(&op, &st), 0, "a file");
  st.st_mode = S_IFIFO;
  is_int(ftpd_may_open(&op, &st), 0, "a FIFO");
  set.opts = SFTP_OPT_IGNORE_FIFOS;
  ok(ftpd_may_open(&op, &st) < 0 && errno == EPERM, "not with IgnoreFIFOs");
  is_str(daemon_refused, "FIFOs are not served (SFTPOptions IgnoreFIFOs)",
    "which is named");
  st.st_mode = S_IFREG;
  is_int(ftpd_may_open(&op, &st), 0, "which is about FIFOs");
  set.opts = 0;
}

/* ---- Before it is opened */

static void it_must_be_permitted_first(void) {
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  op.state = NULL;
  fails_with(ftpd_open(&op, "/f", READ, 0), EINVAL, "no state");
  op.state = &state;
  state.handed = true;
  ok(ftpd_open(&op, "/f", READ, 0) == NULL && errno == EINVAL, "opened twice");
  state.handed = false;
  state.equivalent = NULL;
  fails_with(ftpd_open(&op, "/f", READ, 0), EINVAL, "no command");
  is_str(daemon_calls(), "", "nothing was done");
}

static void what_is_there_decides(void) {
  anew(C_RETR, FTPD_OPEN_READ);
  fails_with(ftpd_open(&op, "/f", READ, 0), ENOENT, "nothing to read");
  is_str(daemon_calls(), "stat /f; ", "links are followed");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  op.exclusive = true;
  fails_with(ftpd_open(&op, "/f", NEW|O_EXCL, 0600), EEXIST, "a name");
  is_str(daemon_calls(), "lstat /f; ", "a link counts as one");
  anew(C_RETR, FTPD_OPEN_READ);
  daemon_lstat.st_mode = S_IFDIR;
  fails_with(ftpd_open(&op, "/f", READ, 0), EISDIR, "a directory");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  daemon_max_handles = 2;
  daemon_files.nopen = 2;
  ok(ftpd_open(&op, "/f", READ, 0) == NULL && errno == EMFILE,
    "too many are open");
  is_str(daemon_refused, "too many open files", "which is said");
  daemon_files.nopen = 1;
  ok(ftpd_open(&op, "/f", READ, 0) != NULL, "the last one");
  is_int(daemon_files.nopen, 2, "counts");
  daemon_max_handles = 10;

  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  uploading = pcalloc(p, sizeof(*uploading));
  uploading->path = "/up";
  daemon_fails("file_fstat", EIO);
  fails_with(ftpd_open(&op, "/f", O_WRONLY, 0), ENOENT, "an upload");
  is_str(daemon_calls(), "file_fstat /up; ", "is looked at instead");
}

static const char *asked(int flags, bool deletes, unsigned int deny) {
  is_there(10);
  op.deletes = deletes;
  op.deny = deny;
  ok(ftpd_open(&op, "/f", flags, 0600) != NULL, "opened with %o", flags);
  return daemon_calls_of("may_replace may_overwrite may_keep limit "
    "onclose_check");
}

static void rules_are_asked_for_what_it_does(void) {
  const unsigned int stores = sftp_rules[FTPD_OPEN_WRITE].first.effects;
  const unsigned int reads = sftp_rules[FTPD_OPEN_READ].first.effects;

  anew(C_RETR, FTPD_OPEN_READ);
  is_str(asked(READ, false, 0), "", "reading: RETR's handlers were");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(asked(STORE, false, 0), "may_replace /f; ", "a file that STOR's "
    "handlers did not see");
  anew(C_STOR, FTPD_OPEN_WRITE);
  (void) pr_table_add(state.equivalent->notes, "mod_xfer.file-modified",
    "true", 0);
  is_str(asked(STORE, false, 0), "may_overwrite /f; ", "one that they saw");
  anew(C_APPE, FTPD_OPEN_APPEND);
  is_str(asked(O_WRONLY|O_CREAT|O_APPEND, false, 0), "", "appending");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(asked(O_RDWR|O_CREAT, false, 0), text("may_replace /f; limit /f 0x%x; "
    "limit /f 0x%x; ", SFTP_EFF_READ, stores), "both: reading as well");
  anew(C_RETR, FTPD_OPEN_READ);
  is_str(asked(READ, true, 0), "onclose_check /f; ", "deletion on close");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(asked(STORE, true, 0), text("may_replace /f; onclose_check /f; "
    "limit /f 0x%x; ", stores), "... of an upload: its umask again");
  anew(C_RETR, FTPD_OPEN_READ);
  is_str(asked(READ, false, FTPD_USE_WRITE), text("may_keep /f r; "
    "limit /f 0x%x; ", reads), "denying others");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(asked(O_WRONLY|O_CREAT, false, FTPD_USE_READ), text("may_replace /f; "
    "may_keep /f w; limit /f 0x%x; ", stores), "... who write");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(asked(O_RDWR|O_CREAT, false, FTPD_USE_READ), text("may_replace /f; "
    "may_keep /f r w; limit /f 0x%x; limit /f 0x%x; ", SFTP_EFF_READ, stores),
    "... who do both");
}

static void refusals_open_nothing(void) {
  static const struct {
    const char *call;
    unsigned int at;
    int flags;
  } rows[] = {
    { "may_replace", 0, STORE }, { "may_keep", 0, STORE },
    { "onclose_check", 0, STORE }, { "limit", 1, STORE },
    { "limit", 1, O_RDWR|O_CREAT }, { "limit", 2, O_RDWR|O_CREAT },
  };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    anew(C_STOR, FTPD_OPEN_WRITE);
    is_there(10);
    op.deny = FTPD_USE_READ;
    op.deletes = true;
    daemon_fails_at(rows[i].call, rows[i].at, EACCES);
    fails_with(ftpd_open(&op, "/f", rows[i].flags, 0600), EACCES,
      rows[i].call);
    is_str(daemon_calls_of("open new_mode quota_name"), "", "nor begun");
  }
}

/* ---- The opened file */

static void a_download(void) {
  struct ftpd_file *f;

  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  f = ftpd_open(&op, "/f", READ, 0);
  is_str(daemon_calls_of("new_mode quota_name open open_lock count_open "
    "max_retrieve ftruncate upload_note give_away"), text("open /f 0%o; "
    "open_lock /f 00; count_open RETR; max_retrieve /f 10; ", READ|EXTRA),
    "is locked, counted and measured");
  ok(f != NULL && f->rd && !f->wr && !f->append && !f->stream && !f->made &&
    f->replaces && !f->on_close && !f->scp && !f->modified, "what it is");
  ok(f->h == &ftpd && f->pool == p && f->cmd == state.equivalent &&
    f->req == FTPD_OPEN_READ && f->check == NULL && f->hidden == NULL,
    "whose it is");
  is_str(f->path, "/f", "its path");
  is_str(f->recorded, "/vroot/f", "and that in records");
  ok(f->size == 10 && f->is.ino == 5 && f->is.dev == 6 && f->max_size == 0,
    "and which file it is");
  ok(daemon_files.open == f && daemon_files.nopen == 1 && state.handed &&
    state.opened == f, "it is one of the open files");
}

static void all_are_told(void) {
  struct ftpd_file *f;

  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_max_store = 77;
  f = ftpd_open(&op, "/f", NEW, 0600);
  is_str(daemon_calls_of("restart_rules upload_note give_away rate_begin "
    "note_offset bottleneck_begin digest_begin live_opened record_opened "
    "stalled_hold tick score_open xfer_end quota_open"), "restart_rules made; "
    "upload_note 5; give_away /f /f; rate_begin /f; note_offset STOR 0; "
    "bottleneck_begin /f; digest_begin /f; live_opened /f; record_opened /f; "
    "stalled_hold; tick; score_open /f; xfer_end; quota_open /f fresh; ",
    "about a new file, in this order");
  ok(f->made && f->wr && !f->rd && f->max_size == 77 && !f->replaces,
    "which it is");
  daemon_max_store = 0;
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  state.own = pr_cmd_alloc(p, 1, "OPEN");
  f = ftpd_open(&op, "/f", READ, 0);
  is_str(daemon_calls_of("restart_rules upload_note give_away quota_open"),
    "restart_rules; quota_open /f; ", "of a download less");
  ok(state.own->cmd_class == 0, "its class stays");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  state.own = pr_cmd_alloc(p, 1, "OPEN");
  f = ftpd_open(&op, "/f", O_RDWR, 0);
  ok(f->rd && f->wr && !f->made && state.own->cmd_class == CL_READ,
    "a file open for both is also READ");
  is_str(daemon_calls_of("upload_note give_away max_retrieve"), "max_retrieve "
    "/f 10; give_away /f /f; ", "an owner's rules apply to what is written");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  state.own = pr_cmd_alloc(p, 1, "OPEN");
  (void) ftpd_open(&op, "/f", O_WRONLY, 0);
  ok(state.own->cmd_class == 0, "not one that is only written");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  op.state = &state;
  (void) ftpd_open(&op, "/f", O_RDWR, 0);
  ok(state.own == NULL, "without an own command none is made");
}

static void what_kind_of_transfer(void) {
  struct ftpd_file *f;

  anew(C_APPE, FTPD_OPEN_APPEND);
  is_there(10);
  f = ftpd_open(&op, "/f", O_WRONLY|O_CREAT|O_APPEND, 0600);
  ok(f->append && f->ways[WAY_WRITE].begun && f->ways[WAY_WRITE].begin == 10,
    "appending begins at the end");
  is_str(daemon_calls_of("note_offset"), "note_offset APPE 10; ", "as noted");
  anew(C_STOR, FTPD_SCP_RECV);
  f = ftpd_open(&op, "/f", STORE, 0600);
  ok(f->scp && !f->ways[WAY_WRITE].begun, "SCP's upload");
  anew(C_RETR, FTPD_SCP_SEND);
  is_there(10);
  ok(ftpd_open(&op, "/f", READ, 0)->scp, "and download");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  op.deletes = true;
  state.xfer_type = STOR_DEFAULT + 9;
  (void) pr_table_add(state.equivalent->notes, "mod_xfer.file-modified",
    "true", 0);
  f = ftpd_open(&op, "/f", READ, 0);
  ok(f->on_close && f->modified && f->xfer_type == STOR_DEFAULT + 9 &&
    f->begun_us > 0, "what the operation says");
}

static void functions_for_the_data(void) {
  pr_fh_t fh = { .fh_fs = &daemon_fs };
  struct ftpd_file f = { .fh = &fh };

  daemon_calls_anew();
  ftpd_choose_io(&f);
  ok(f.direct_rd && f.direct_wr && !f.listened, "the system's own");
#define HOOKED(member) \
  daemon_calls_anew(); \
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, member)); \
  ftpd_choose_io(&f)
  HOOKED(read);
  ok(!f.direct_rd && f.direct_wr, "not a module's read");
  HOOKED(pread);
  ok(!f.direct_rd && f.direct_wr, "or pread");
  HOOKED(write);
  ok(f.direct_rd && !f.direct_wr, "not a module's write");
  HOOKED(pwrite);
  ok(f.direct_rd && !f.direct_wr, "or pwrite");
  HOOKED(lseek);
  ok(f.direct_rd && !f.direct_wr, "or lseek");
  listens_to = 1;
  f.rd = true;
  ftpd_choose_io(&f);
  ok(!f.listened, "who wants uploads does not want downloads");
  f.wr = true;
  ftpd_choose_io(&f);
  ok(f.listened, "but uploads");
  listens_to = 2;
  ftpd_choose_io(&f);
  ok(f.listened, "who wants downloads gets them");
  f.rd = false;
  ftpd_choose_io(&f);
  ok(!f.listened, "not uploads");
  listens_to = 0;
}

static void open_files_are_a_list(void) {
  struct ftpd_file *f[3];
  unsigned int i;

  for (i = 0; i < 3; i++) {
    unsigned int n = daemon_files.nopen;
    struct ftpd_file *open = daemon_files.open;

    anew(C_STOR, FTPD_OPEN_WRITE);
    daemon_files.nopen = i > 0 ? n : 0;
    daemon_files.open = i > 0 ? open : NULL;
    f[i] = ftpd_open(&op, "/f", NEW, 0600);
  }

  ok(daemon_files.open == f[2] && f[2]->next == f[1] && f[1]->next == f[0] &&
    f[0]->prev == f[1] && f[1]->prev == f[2] && f[2]->prev == NULL,
    "the newest first");
  daemon_files.rate_of = f[0];
  (void) daemon_calls();
  ftpd_file_unlink(f[1]);
  is_str(daemon_calls(), "live_closed /f; score_closed; ", "all are told");
  ok(f[2]->next == f[0] && f[0]->prev == f[2] && daemon_files.nopen == 2 &&
    daemon_files.rate_of == f[0], "one in the middle goes");
  ftpd_file_unlink(f[0]);
  ok(f[2]->next == NULL && daemon_files.rate_of == NULL,
    "the last, with its rate");
  ftpd_file_unlink(f[2]);
  ok(daemon_files.open == NULL && daemon_files.nopen == 0, "the only one");
}

/* ---- The flags, the mode, and claims */

static const char *how_opened(int flags) {
  (void) ftpd_open(&op, "/f", flags, 0600);
  return daemon_calls_of("open");
}

static void flags_for_the_system(void) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_str(how_opened(STORE), text("open /f 0%o; ", O_WRONLY|O_CREAT|O_EXCL|
    EXTRA), "a new file replaces none");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  is_str(how_opened(STORE), text("open /f 0%o; ", O_WRONLY|O_CREAT|EXTRA),
    "an existing file is not truncated before it is locked");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  is_str(how_opened(STORE|O_EXCL), text("open /.in.f 0%o; ", O_WRONLY|O_CREAT|
    O_EXCL|EXTRA), "a temporary name is new");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  (void) pr_table_add(state.equivalent->notes, "mod_xfer.store-hidden-nfs",
    "1", 0);
  is_str(how_opened(O_WRONLY|O_CREAT|O_EXCL), text("open /.in.f 0%o; ",
    O_WRONLY|O_CREAT|EXTRA), "or not, on NFS");
}

static void modes_of_new_files(void) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  (void) ftpd_open(&op, "/f", NEW, 0755);
  is_str(daemon_calls_of("new_mode fchmod"), text("new_mode /f 755 666; "
    "fchmod /f %o; ", 0755), "what the user may set");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  (void) ftpd_open(&op, "/f", O_WRONLY, 0755);
  is_str(daemon_calls_of("new_mode fchmod"), "", "an existing one has its own");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  (void) ftpd_open(&op, "/f", STORE, 0755);
  is_str(daemon_calls_of("new_mode fchmod"), "new_mode /f 755 666; ",
    "and keeps it");
}

static void truncated_after_it_is_locked(void) {
  struct ftpd_file *f;

  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  f = ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("open_lock count_open ftruncate quota_cut"), text(
    "open_lock /f 0%o; count_open STOR; ftruncate /f 0; quota_cut /f 10; ",
    STORE), "in this order");
  ok(f->size == 0 && f->made, "then it is empty");
  anew(C_STOR, FTPD_OPEN_WRITE);
  f = ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("ftruncate count_open"), "count_open STOR; ",
    "a new one is");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fstat.st_size = 3;
  f = ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("ftruncate quota_cut"), "ftruncate /f 0; "
    "quota_cut /f 3; ", "unless others were faster");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  f = ftpd_open(&op, "/f", O_WRONLY|O_CREAT, 0600);
  is_str(daemon_calls_of("ftruncate"), "", "not without O_TRUNC");
  ok(f->size == 10 && !f->made, "and it is not made anew");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  (void) ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("count_open"), "", "nobody uses a temporary name");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(0);
  hidden();
  (void) ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("count_open"), "count_open STOR; ",
    "but the file that it will replace");
}

static void claims_that_fail(void) {
  static const char *const calls[] = { "fstat", "open_lock", "count_open",
    "ftruncate", "max_retrieve" };
  unsigned int i, there;

  for (i = 0; i < 2 * SFTP_NELEMS(calls); i++) {
    const char *name = calls[i / 2];

    there = i % 2;
    anew(C_STOR, FTPD_OPEN_WRITE);
    is_there(10);
    daemon_lstat.st_mode = there ? daemon_lstat.st_mode : 0;
    daemon_fails(name, EDOM);
    fails_with(ftpd_open(&op, "/f", O_RDWR|O_CREAT|O_TRUNC, 0600), EDOM,
      name);
    is_str(daemon_calls_of("drop hold unlink quota_unname"), there ?
      "hold /f; drop /f; " : "hold /f; drop /f; hold /f; unlink /f; "
      "quota_unname /f 0; ", "%s: only what is new is removed", name);
  }
}

static void other_kinds_than_files(void) {
  struct ftpd_file *f;

  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  daemon_fstat.st_mode = S_IFIFO;
  f = ftpd_open(&op, "/f", READ, 0);
  ok(f != NULL && f->stream, "a FIFO is a stream");
  is_str(daemon_calls_of("set_block open_lock count_open max_retrieve"),
    "set_block /f; ", "which blocks, and has no size");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  daemon_fstat.st_mode = S_IFIFO;
  op.deny = FTPD_USE_READ;
  fails_with(ftpd_open(&op, "/f", READ, 0), ENOTSUP, "nor can it be locked");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  daemon_fstat.st_mode = S_IFDIR;
  fails_with(ftpd_open(&op, "/f", READ, 0), EISDIR, "a directory by now");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  daemon_fstat.st_mode = S_IFIFO;
  (void) ftpd_open(&op, "/f", O_WRONLY, 0);
  is_str(daemon_calls_of("give_away set_block"), "set_block /f; ",
    "its owner stays");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  (void) ftpd_open(&op, "/f", READ, 0);
  is_str(daemon_calls_of("set_block"), "", "files do not block");
}

/* ---- A file that has turned up */

static void one_that_turned_up(void) {
  struct ftpd_file *f;

  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fails_at("open", 1, EEXIST);
  f = ftpd_open(&op, "/f", STORE, 0600);
  ok(f != NULL && f->replaces, "is used");
  is_str(daemon_calls_of("quota_name open quota_unname may_replace"), text(
    "quota_name /f 0; open /f 0%o; quota_unname /f 0; may_replace /f; "
    "open /f 0%o; ", O_WRONLY|O_CREAT|O_EXCL|EXTRA, O_WRONLY|O_CREAT|EXTRA),
    "if it may be replaced");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fails_at("open", 1, EEXIST);
  daemon_fails("may_replace", EACCES);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EACCES, "otherwise not");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fails_at("open", 1, EEXIST);
  fails_with(ftpd_open(&op, "/f", STORE|O_EXCL, 0600), EEXIST,
    "nor if it was to be new");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  daemon_fails_at("open", 1, EEXIST);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EEXIST,
    "nor under a temporary name");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  daemon_fails_at("open", 1, EEXIST);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EEXIST,
    "one that was there has not turned up");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fails_at("open", 1, EROFS);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EROFS, "another error");
  is_str(daemon_calls_of("quota_name open quota_unname"), text(
    "quota_name /f 0; open /f 0%o; quota_unname /f 0; ", O_WRONLY|O_CREAT|
    O_EXCL|EXTRA), "is final");
}

static void names_count(void) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_fails("quota_name", EDQUOT);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EDQUOT, "a full quota");
  is_str(daemon_calls_of("quota_refuse open"), "quota_refuse; ", "says so");
  anew(C_STOR, FTPD_OPEN_WRITE);
  is_there(10);
  daemon_fails("open", EROFS);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EROFS, "an existing file");
  is_str(daemon_calls_of("quota_name quota_unname"), "", "has its name");
}

/* ---- HiddenStores */

static void hidden_stores(void) {
  struct ftpd_file *f;

  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  state.mark = 7;
  f = ftpd_open(&op, "/f", STORE, 0600);
  ok(f != NULL && f->mark == 7 && state.mark == 0 && f->made,
    "the file has the name's lock");
  is_str(f->hidden, "/.in.f", "its name");
  is_str(f->path, "/f", "and what it will be");
  is_str(daemon_calls_of("open_lock_changed hidden_take quota_name "
    "quota_open check_begin"), "hidden_take /.in.f; quota_name /f 0; "
    "quota_open /f fresh; ",
    "both are taken");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  is_there(10);
  daemon_fstat.st_size = 0;
  f = ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("open_lock_changed hidden_take ftruncate"),
    "open_lock_changed /f; hidden_take /.in.f; ", "over an existing file");
  ok(f->replaces && f->made && f->hidden != NULL, "which it replaces");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  is_there(10);
  f = ftpd_open(&op, "/f", O_WRONLY, 0600);
  ok(f->hidden == NULL && f->xfer_type == STOR_DEFAULT && f->mark == 0,
    "one that is changed in place is not hidden");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  f = ftpd_open(&op, "/f", NEW, 0600);
  ok(f->hidden != NULL && f->xfer_type == STOR_HIDDEN, "a new one is");
  anew(C_STOR, FTPD_OPEN_WRITE);
  state.xfer_type = STOR_HIDDEN;
  f = ftpd_open(&op, "/f", NEW, 0600);
  ok(f->hidden == NULL && f->xfer_type == STOR_DEFAULT, "not without a name");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  state.xfer_type = STOR_DEFAULT;
  f = ftpd_open(&op, "/f", NEW, 0600);
  ok(f->hidden == NULL, "nor where mod_xfer does not");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  daemon_fails("hidden_take", EBUSY);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EBUSY, "another's name");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  is_there(10);
  daemon_fails("open_lock_changed", EAGAIN);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EAGAIN, "another's file");
  anew(C_STOR, FTPD_OPEN_WRITE);
  hidden();
  daemon_fails("open_lock", EAGAIN);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EAGAIN, "a failure");
  is_str(daemon_calls_of("unlink"), "unlink /.in.f; ", "leaves nothing");
}

/* ---- SFTPUploadCheck */

static const struct upload_check check = { .text = "prog" };

static struct ftpd_file *checked(off_t size, int flags) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  if (size >= 0) {
    is_there(size);
  }

  return ftpd_open(&op, "/f", flags, 0600);
}

static void uploads_that_will_be_checked(void) {
  struct ftpd_file *f = checked(-1, STORE);

  ok(f != NULL && f->check == &check && f->reader != NULL && f->made,
    "a new file is opened for the check");
  is_str(f->hidden, "/f.unchecked", "under a name of its own");
  is_str(daemon_calls_of("open check_begin copy_begin check_kind "
    "open_lock_changed hidden_take"), text("open /f.unchecked 0%o; "
    "check_begin /f.unchecked; ", O_WRONLY|O_CREAT|O_EXCL|EXTRA), "as new");
  ok(daemon_files.opening == NULL, "it is open");
  f = checked(10, STORE);
  ok(f != NULL && f->made && f->replaces, "one that replaces another");
  is_str(daemon_calls_of("check_kind open_lock_changed check_begin "
    "copy_begin"), "check_kind; open_lock_changed /f; check_begin "
    "/f.unchecked old; ", "gets its mode");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  is_there(10);
  uploading = pcalloc(p, sizeof(*uploading));
  uploading->path = "/f";
  f = ftpd_open(&op, "/f", STORE, 0600);
  is_str(daemon_calls_of("open_lock_changed"), "",
    "a second upload does not lock out itself");
  anew(C_RETR, FTPD_OPEN_READ);
  daemon_check = &check;
  is_there(10);
  f = ftpd_open(&op, "/f", READ, 0);
  ok(f->check == NULL && f->hidden == NULL, "downloads are not checked");
  anew(C_RETR, FTPD_OPEN_READ);
  is_there(10);
  uploading = pcalloc(p, sizeof(*uploading));
  uploading->path = "/f";
  uploading->hidden = "/f.u";
  (void) ftpd_open(&op, "/f", READ, 0);
  is_str(daemon_calls_of("open"), text("open /f.u 0%o; ", EXTRA),
    "but read what the session has written");
}

static void checks_that_cannot_begin(void) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  is_there(10);
  daemon_fails("check_kind", EPERM);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EPERM, "a kind");
  is_str(daemon_calls_of("open"), "", "is not opened");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  is_there(10);
  daemon_fails("open_lock_changed", EAGAIN);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EAGAIN, "a file in use");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  daemon_fails("check_begin", EACCES);
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EACCES, "without a reader");
  is_str(daemon_calls_of("drop unlink quota_unname"), "drop /f.unchecked; "
    "unlink /f.unchecked; quota_unname /f 0; ", "nothing is left");
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  is_there(10);
  daemon_fails("copy_begin", EACCES);
  fails_with(ftpd_open(&op, "/f", O_WRONLY, 0600), EACCES, "without a copy");
  is_str(daemon_calls_of("drop unlink quota_unname"), "drop reader; "
    "drop /f.unchecked; unlink /f.unchecked; quota_unname /f 0; ",
    "nothing is left");
}

static void copies_go_on_later(void) {
  struct ftpd_file *f = checked(10, O_WRONLY);

  ok(f == NULL && errno == EINPROGRESS, "an existing file is copied");
  ok(state.opening != NULL && daemon_files.opening == state.opening &&
    !state.handed, "first");
  is_str(daemon_calls_of("open copy_begin quota_open"), text("open "
    "/f.unchecked 0%o; copy_begin /f /f.unchecked; ", O_WRONLY|O_CREAT|
    O_EXCL|EXTRA), "from it to the new one");
  daemon_fails_at("copy_some", 1, EAGAIN);
  f = ftpd_open_go_on(&op);
  ok(f == NULL && errno == EINPROGRESS && state.opening != NULL,
    "there is more");
  is_str(daemon_calls(), "tick; copy_some /f.unchecked; ", "for the next time");
  f = ftpd_open_go_on(&op);
  ok(f != NULL && !f->made && f->hidden != NULL && state.opening == NULL &&
    daemon_files.opening == NULL && state.handed, "then it is open");
  is_str(daemon_calls_of("copy_some fstat copy_end stand_anew dir_match_path "
    "restart_rules upload_note quota_open"), "copy_some /f.unchecked; "
    "fstat /f.unchecked; copy_end done; stand_anew; dir_match_path /root/f; "
    "restart_rules; quota_open /f fresh; ", "by the rules of its directory");
}

static const char *dropped(void) {
  return daemon_calls_of("copy_end drop stand_anew hold unlink quota_unname");
}

#define ALL_GONE "copy_end; drop reader; drop /f.unchecked; stand_anew; " \
  "hold /f.unchecked; unlink /f.unchecked; quota_unname /f 0; "

static void copies_that_fail(void) {
  struct ftpd_file *f;

  (void) checked(10, O_WRONLY);
  (void) daemon_calls();
  daemon_fails("copy_some", ENOENT);
  f = ftpd_open_go_on(&op);
  fails_with(f, ENOENT, "a copy");
  is_str(dropped(), ALL_GONE, "leaves nothing");
  (void) checked(10, O_WRONLY);
  (void) daemon_calls();
  daemon_fails("fstat", EIO);
  fails_with(ftpd_open_go_on(&op), EIO, "its size");
  is_str(dropped(), ALL_GONE, "the same");

  (void) checked(10, O_WRONLY);
  (void) daemon_calls();
  errno = EBADE;
  ftpd_open_drop(&op);
  ok(errno == EBADE && state.opening == NULL && daemon_files.opening == NULL,
    "the operation ends");
  is_str(dropped(), ALL_GONE, "the same");
  ftpd_open_drop(&op);
  op.state = NULL;
  ftpd_open_drop(&op);
  is_str(daemon_calls(), "", "without one there is nothing to drop");
}

static void sessions_that_end(void) {
  struct opening *first;

  (void) checked(10, O_WRONLY);
  first = daemon_files.opening;
  memset(&state, 0, sizeof(state));
  state.pool = p;
  state.equivalent = pr_cmd_alloc(p, 2, C_STOR, "/f");
  (void) ftpd_open(&op, "/f", O_WRONLY, 0600);
  ok(daemon_files.opening != NULL && daemon_files.opening != first,
    "two are being copied");
  (void) daemon_calls();
  ftpd_open_abort(&ftpd);
  ok(daemon_files.opening == NULL, "the session ends");
  is_str(dropped(), "copy_end; stand_anew; hold /f.unchecked; "
    "unlink /f.unchecked; quota_unname /f 0; copy_end; stand_anew; "
    "hold /f.unchecked; unlink /f.unchecked; quota_unname /f 0; ",
    "nothing is left of both");
}

static void names_are_given_back_once(void) {
  anew(C_STOR, FTPD_OPEN_WRITE);
  daemon_check = &check;
  daemon_fails("open", EROFS);
  ends = true;
  fails_with(ftpd_open(&op, "/f", STORE, 0600), EROFS, "a disk for reading");
  is_str(daemon_calls_of("quota_unname"), "quota_unname /f 0; ",
    "if the session ends meanwhile");
}

/* The second one ends first, or last. */
static void each_leaves_the_list_alone(void) {
  struct op_state other;
  struct opening *first;

  (void) checked(10, O_WRONLY);
  other = state;
  first = state.opening;
  memset(&state, 0, sizeof(state));
  state.pool = p;
  state.equivalent = pr_cmd_alloc(p, 2, C_STOR, "/f");
  (void) ftpd_open(&op, "/f", O_WRONLY, 0600);
  op.state = &other;
  ftpd_open_drop(&op);
  ok(daemon_files.opening == state.opening && daemon_files.opening != first,
    "the older one ends");
  op.state = &state;
  ftpd_open_drop(&op);
  ok(daemon_files.opening == NULL, "then the other");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = daemon_files.pool = p;
  main_server = &server;
  paths_are_opened_as_they_were_checked();
  modes_are_never_exceeded();
  kinds_of_files();
  it_must_be_permitted_first();
  what_is_there_decides();
  rules_are_asked_for_what_it_does();
  refusals_open_nothing();
  a_download();
  all_are_told();
  what_kind_of_transfer();
  functions_for_the_data();
  open_files_are_a_list();
  flags_for_the_system();
  modes_of_new_files();
  truncated_after_it_is_locked();
  claims_that_fail();
  other_kinds_than_files();
  one_that_turned_up();
  names_count();
  hidden_stores();
  uploads_that_will_be_checked();
  checks_that_cannot_begin();
  copies_go_on_later();
  copies_that_fail();
  sessions_that_end();
  names_are_given_back_once();
  each_leaves_the_list_alone();
  destroy_pool(p);
  return done_testing();
}
