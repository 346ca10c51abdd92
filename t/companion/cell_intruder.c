/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell_intruder.c -- an attacker who runs code inside a cell before the login,
 * for t/integration/intruder.t: `make intruders' links it with an
 * otherwise unchanged cell.
 *
 * The client's identification `SSH-2.0-intruder STAGE ORDER ARGUMENTS' says
 * when the process is taken over, and what it does; so does an IGNORE with
 * `intruder ORDER ARGUMENTS'.  Lines `@ name number' for the client say what
 * became of it: errno, or a count.  Then it ends.
 */

#include "../../cell/cell.h"

#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kex-elsewhere.h"

/* Functions that the linker wraps. */
const struct sftp_settings *__real_ftpd_client(struct ftpd *h,
  const char *software, const char *does);
const struct sftp_settings *__wrap_ftpd_client(struct ftpd *h,
  const char *software, const char *does);
void __real_sftp_transcript_write(const struct ssh_conn *c, struct sftp_wr *w);
void __wrap_sftp_transcript_write(const struct ssh_conn *c, struct sftp_wr *w);
void __real_ftpd_keyed(struct ftpd *h);
void __wrap_ftpd_keyed(struct ftpd *h);
int __wrap_sftp_on_ignore(struct ssh_conn *c, struct sftp_rd *r);
int __real_sftp_handover_write(const struct ssh_conn *c, struct sftp_wr *w);
int __wrap_sftp_handover_write(const struct ssh_conn *c, struct sftp_wr *w);

/* ---- Reports */

static char report[16384];
static size_t reported;

static void tell(const char *name, long value) {
  int n = snprintf(report + reported, sizeof(report) - reported, "@ %s %ld\n",
    name, value);

  reported += (size_t) n;
}

static void tell_errno(const char *name, long res) {
  tell(name, res < 0 ? errno : 0);
}

static void send_report(void) {
  (void) send(CELL_CLIENT, report, reported, MSG_NOSIGNAL);
  reported = 0;
}

#define TRY(name, call) errno = 0; tell_errno(name, (long) (call))
#define TRY_NR(nr, ...) TRY(#nr, syscall(SYS_##nr, __VA_ARGS__))

/* ---- The system: `system PID PORT' */

static void on_files(void) {
  TRY("open", open("/etc/passwd", O_RDONLY));
  TRY("open the root", open("/", O_RDONLY|O_DIRECTORY));
  TRY("openat", openat(AT_FDCWD, "/dev/null", O_RDWR));
  TRY("creat", creat("/dev/null", 0600));
  TRY_NR(openat2, AT_FDCWD, NULL, NULL, 0);
  TRY("stat", access("/", F_OK));
  TRY("mkdir", mkdir("/", 0700));
  TRY("unlink", unlink("/no-such-file"));
  TRY("rename", rename("/no-such-file", "/no-other-file"));
  TRY("link", link("/no-such-file", "/no-other-file"));
  TRY("chdir", chdir("/"));
  TRY("chroot", chroot("/"));
  TRY("memfd_create", memfd_create("x", 0));
  TRY("dup", dup(CELL_CLIENT));
  TRY_NR(open_by_handle_at, -1, NULL, 0);
}

static void on_network(in_port_t port) {
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port,
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  const struct sockaddr *sa = (const struct sockaddr *) &to;
  struct msghdr msg = { .msg_iov = NULL };
  int pair[2], on = 1;

  TRY("socket AF_INET", socket(AF_INET, SOCK_STREAM, 0));
  TRY("socket AF_UNIX", socket(AF_UNIX, SOCK_STREAM, 0));
  TRY("socket AF_NETLINK", socket(AF_NETLINK, SOCK_RAW, 0));
  TRY("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  TRY("sendto an address", sendto(CELL_CLIENT, "", 0, 0, sa, sizeof(to)));
  TRY("connect", connect(CELL_CLIENT, sa, sizeof(to)));
  TRY("bind", bind(CELL_CLIENT, sa, sizeof(to)));
  TRY("listen", listen(CELL_CLIENT, 1));
  TRY("accept", accept(CELL_CLIENT, NULL, NULL));
  TRY("sendmsg", sendmsg(CELL_PAIR, &msg, 0));
  TRY("recvmsg", recvmsg(CELL_PAIR, &msg, MSG_DONTWAIT|MSG_PEEK));
  TRY("setsockopt", setsockopt(CELL_CLIENT, SOL_SOCKET, SO_KEEPALIVE, &on,
    sizeof(on)));
}

static long run_program(void) {
  char *argv[] = { (char *) "true", NULL };
  pid_t pid = fork();
  int status = 0;

  if (pid <= 0) {
    (void) execve("/bin/true", argv, argv);
  }

  if (pid == 0) {
    _exit(errno);
  }

  if (pid > 0 && waitpid(pid, &status, 0) == pid) {
    errno = WEXITSTATUS(status);
  }

  return errno != 0 ? -1 : 0;
}

static void on_processes(pid_t other) {
  static char byte;
  struct iovec here = { &byte, 1 }, there = { &byte, 1 };
  struct rlimit lim;

  TRY("execve", run_program());
  TRY("kill", kill(other, 0));
  TRY("kill all", kill(-1, 0));
  TRY_NR(tgkill, other, other, 0);
  TRY_NR(pidfd_open, other, 0);
  TRY("ptrace", ptrace(PTRACE_SEIZE, other, 0, 0));
  TRY("read memory", process_vm_readv(other, &here, 1, &there, 1, 0));
  TRY("write memory", process_vm_writev(other, &here, 1, &there, 1, 0));
  TRY("prlimit", prlimit(other, RLIMIT_NOFILE, NULL, &lim));
  TRY("setpriority", setpriority(PRIO_PROCESS, (id_t) other, 10));
}

static long raise_capabilities(void) {
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2] = { { 1, 1, 0 }, { 0, 0, 0 } };

  return syscall(SYS_capset, &head, data);
}

static void on_identity(void) {
  struct rlimit lim = { 64, 64 };
  gid_t root = 0;

  TRY("setuid", setuid(0));
  TRY("setresuid", setresuid(0, 0, 0));
  TRY("setresgid", setresgid(0, 0, 0));
  TRY("setgroups", setgroups(1, &root));
  TRY("prctl", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  TRY("own limits", prlimit(0, RLIMIT_NOFILE, &lim, NULL));
  TRY("unshare", unshare(0));
  TRY("capset", raise_capabilities());
}

/* Code to execute, files to map, and as much memory as there is. */
static void on_memory(void) {
  static unsigned char page[8192];
  void *at = (void *) (((uintptr_t) page + 4095) & ~(uintptr_t) 4095);

  TRY("executable memory", mmap(NULL, 4096, PROT_READ|PROT_EXEC,
    MAP_PRIVATE|MAP_ANONYMOUS, -1, 0));
  TRY("make memory executable", mprotect(at, 4096, PROT_READ|PROT_EXEC));
  TRY("512 MiB", mmap(NULL, 512UL << 20, PROT_READ|PROT_WRITE,
    MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0));
}

/* What containers may refuse as well. */
static void on_kernel(void) {
  TRY_NR(bpf, -1, NULL, 0);
  TRY_NR(perf_event_open, NULL, 0, 0, 0, 0);
  TRY_NR(userfaultfd, 1);
  TRY_NR(io_uring_setup, 1, NULL);
  TRY_NR(keyctl, 0, -3, 0);
  TRY_NR(mount, "none", "/no-such-file", "tmpfs", 0, NULL);
  TRY_NR(clone3, NULL, 0);
#ifdef __x86_64__
  TRY("x32", syscall(0x40000000 | SYS_getpid));
#endif
}

static void attack_system(struct ftpd *h, char *args) {
  long pid = strtol(args, &args, 10);
  long port = strtol(args, &args, 10);

  (void) h;
  on_files();
  on_network(htons((uint16_t) port));
  on_processes((pid_t) pid);
  on_memory();
  on_kernel();
  on_identity();
}

/* `compat': the calls of 32-bit programs have other numbers. */
static void attack_by_compat(struct ftpd *h, char *args) {
  (void) h;
  (void) args;
#ifdef __x86_64__
  long res;

  __asm__ volatile ("int $0x80" : "=a" (res) : "a" (20L /* getpid */) :
    "memory", "r8", "r9", "r10", "r11");
  tell("compat", res);
#endif
}

/* ---- Memory: `memory HEX', each byte of a secret with its bits in MASK
 * turned, so that the order itself does not contain it
 */

#define MASK 0x5a
#define PAGE 4096UL

static unsigned char wanted[128];
static size_t nwanted;

static size_t read_hex(const char *text, unsigned char *to, size_t size) {
  size_t n = 0;
  unsigned int byte;

  while (n < size && isxdigit((unsigned char) text[2 * n]) &&
      sscanf(text + 2 * n, "%2x", &byte) == 1) {
    to[n++] = (unsigned char) byte;
  }

  return n;
}

/* Pages that follow each other and can be read. */
static struct {
  const unsigned char *from;
  size_t len;
} run;

static long npages, nfound;

static void search_run(void) {
  size_t i, k;

  for (i = 0; i + nwanted <= run.len; i++) {
    for (k = 0; k < nwanted && run.from[i + k] == (wanted[k] ^ MASK); k++) {
      ;
    }

    nfound += k == nwanted;
  }

  run.len = 0;
}

/* The kernel reads the set of signals before it refuses what to do with it. */
static bool is_readable(uintptr_t at) {
  return syscall(SYS_rt_sigprocmask, -1, at, NULL, 8) < 0 && errno == EINVAL;
}

static void look_at_page(uintptr_t at) {
  if (!is_readable(at) && (mprotect((void *) at, PAGE, PROT_READ) < 0 ||
      !is_readable(at))) {
    return;
  }

  if (run.len == 0 || (uintptr_t) run.from + run.len != at) {
    search_run();
    run.from = (const unsigned char *) at;
  }

  run.len += PAGE;
  npages++;
}

/* Whether nothing is there: then something can be put there. */
static bool is_free(uintptr_t at, size_t len) {
  void *p = mmap((void *) at, len, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|
    MAP_NORESERVE|MAP_FIXED_NOREPLACE, -1, 0);

  return p != MAP_FAILED && munmap(p, len) == 0;
}

static void walk(uintptr_t at, size_t len) {
  if (is_free(at, len)) {
    return;
  }

  if (len == PAGE) {
    look_at_page(at);
    return;
  }

  walk(at, len / 2);
  walk(at + len / 2, len / 2);
}

/* All addresses, up to beyond the stack. */
static void attack_memory(struct ftpd *h, char *args) {
  size_t len = PAGE;

  (void) h;
  nwanted = read_hex(args, wanted, sizeof(wanted));
  while (len <= (uintptr_t) __builtin_frame_address(0)) {
    len *= 2;
  }

  walk(0, len);
  search_run();
  tell("pages", npages);
  tell("found", nfound);
}

/* ---- The monitor */

static unsigned char bytes[65536];

static size_t any_length(uint8_t type) {
  (void) type;
  return SFTP_PAIR_MAX;
}

/* Until it has closed the pair; or until nothing is there.  Each answer is
 * reported at once: with the pair, the monitor ends the connection.
 */
static bool read_answers(struct ftpd *h, bool all) {
  struct pollfd pfd = { CELL_PAIR, POLLIN, 0 };
  struct sftp_rd r;
  uint8_t type;
  int res = 0;

  do {
    (void) poll(&pfd, 1, all ? -1 : 0);
    res = sftp_pair_fill(&h->pair);
    while (sftp_pair_next(&h->pair, any_length, &type, &r) == 1) {
      tell("answer", type);
      send_report();
    }
  } while (res > 0 || (res == 0 && all));

  return res >= 0;
}

static bool say(struct ftpd *h, unsigned int type, struct sftp_str fields) {
  return sftp_pair_send(&h->pair, (enum sftp_pair_type) type, fields) ==
    SFTP_OK && read_answers(h, false);
}

/* `say TYPE:HEX ...', `often TYPE:HEX' */
static struct sftp_str read_message(char **args, unsigned int *type) {
  struct sftp_str fields = { bytes, 0 };

  *type = (unsigned int) strtoul(*args, args, 10);
  if (**args == ':') {
    fields.len = read_hex(++*args, bytes, sizeof(bytes));
    *args += 2 * fields.len;
  }

  return fields;
}

static void attack_by_saying(struct ftpd *h, char *args) {
  struct sftp_str fields;
  unsigned int type;

  while (*args != '\0') {
    fields = read_message(&args, &type);
    if (!say(h, type, fields)) {
      break;
    }
  }

  (void) read_answers(h, true);
}

static void attack_often(struct ftpd *h, char *args) {
  unsigned int type;
  struct sftp_str fields = read_message(&args, &type);

  while (say(h, type, fields)) {
    ;
  }

  (void) read_answers(h, true);
}

/* `raw HEX': not even messages. */
static void attack_raw(struct ftpd *h, char *args) {
  size_t n = read_hex(args, bytes, sizeof(bytes));

  (void) send(CELL_PAIR, bytes, n, MSG_NOSIGNAL);
  (void) read_answers(h, true);
}

/* `noise SEED': messages of any type with any bytes. */
static void attack_with_noise(struct ftpd *h, char *args) {
  struct sftp_str fields = { bytes, 0 };
  size_t i;

  srandom((unsigned int) atoi(args));
  do {
    fields.len = (size_t) random() % (random() % 4 ? 64 : sizeof(bytes));
    for (i = 0; i < fields.len; i++) {
      bytes[i] = (unsigned char) (random() % 3 ? random() : 0);
    }
  } while (say(h, 1 + (unsigned int) random() % PAIR_LAST_OF_CELL, fields));

  (void) read_answers(h, true);
}

/* `sign': an honest transcript, again and again. */
static struct sftp_str transcript;

static void attack_by_signing(struct ftpd *h, char *args) {
  struct pollfd pfd = { CELL_PAIR, POLLIN, 0 };
  bool alive;

  (void) args;
  do {
    alive = sftp_pair_send(&h->pair, PAIR_TRANSCRIPT, transcript) == SFTP_OK &&
      poll(&pfd, 1, -1) > 0 && read_answers(h, false);
  } while (alive);
}

/* `spin': it never ends by itself. */
static void attack_time(struct ftpd *h, char *args) {
  (void) h;
  (void) args;
  for (;;) {
    __asm__ volatile ("");
  }
}

/* `stay': the session goes on in the monitor, and the cell does not end. */
static void attack_by_staying(struct ftpd *h, char *args) {
  struct sftp_wr state, w;

  sftp_handover_begin(&state, h->pool);
  if (__real_sftp_handover_write(h->conn, &state) == SFTP_OK) {
    sftp_wr_init(&w, h->pool, state.len + 16, SFTP_PAIR_MAX);
    sftp_wr_str(&w, sftp_wr_get(&state));
    (void) say(h, PAIR_STATE, sftp_wr_get(&w));
  }

  attack_time(h, args);
}

/* ---- The table */

static const struct {
  const char *name;
  void (*run)(struct ftpd *h, char *args);
} orders[] = {
  { "system", attack_system },
  { "compat", attack_by_compat },
  { "memory", attack_memory },
  { "say", attack_by_saying },
  { "often", attack_often },
  { "raw", attack_raw },
  { "noise", attack_with_noise },
  { "sign", attack_by_signing },
  { "spin", attack_time },
  { "stay", attack_by_staying }
};

/* Whether text begins with a word; then it is behind it. */
static bool take_word(const char **text, const char *word) {
  size_t len = strlen(word);

  if (strncmp(*text, word, len) != 0 || ((*text)[len] != ' ' &&
      (*text)[len] != '\0')) {
    return false;
  }

  *text += len + ((*text)[len] == ' ');
  return true;
}

static void obey(struct ftpd *h, const char *text) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(orders); i++) {
    if (take_word(&text, orders[i].name)) {
      orders[i].run(h, pstrdup(h->pool, text));
      send_report();
      _exit(0);
    }
  }
}

static void on_stage(struct ftpd *h, const char *stage) {
  const char *text = h->conn->peer.ident;

  if (take_word(&text, "SSH-2.0-intruder") && take_word(&text, stage)) {
    obey(h, text);
  }
}

/* ---- Where it gets in */

const struct sftp_settings *__wrap_ftpd_client(struct ftpd *h,
    const char *software, const char *does) {
  const struct sftp_settings *set;

  on_stage(h, "begun");
  set = __real_ftpd_client(h, software, does);
  on_stage(h, "known");
  return set;
}

void __wrap_sftp_transcript_write(const struct ssh_conn *c,
    struct sftp_wr *w) {
  __real_sftp_transcript_write(c, w);
  transcript = sftp_wr_get(w);
  on_stage(c->ftpd, "exchange");
}

void __wrap_ftpd_keyed(struct ftpd *h) {
  on_stage(h, "signed");
  __real_ftpd_keyed(h);
}

int __wrap_sftp_on_ignore(struct ssh_conn *c, struct sftp_rd *r) {
  const char *text = sftp_rd_text(r, c->pool);

  if (take_word(&text, "intruder")) {
    obey(c->ftpd, text);
  }

  return SFTP_OK;
}

int __wrap_sftp_handover_write(const struct ssh_conn *c, struct sftp_wr *w) {
  on_stage(c->ftpd, "released");
  return __real_sftp_handover_write(c, w);
}
