/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with libssh. */

#include "io.h"

#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <sys/stat.h>
#include <sys/time.h>

static ssh_session ssh;
static sftp_session sftp;

static void fail_sftp(const char *what) {
  static const char *const texts[] = { "ok", "end of file", "no such file",
    "permission denied", "failure", "bad message", "no connection",
    "connection lost", "unsupported", "invalid handle", "no such path",
    "file already exists" };
  int code = sftp_get_error(sftp);

  fail("%s: %s (%s)", what,
    code > 0 && code < 12 ? texts[code] : "error", ssh_get_error(ssh));
}

/* Lists of names that are offered instead of the default ones. */
static void set_algorithms(void) {
  static const struct {
    const char *name;
    enum ssh_options_e c2s, s2c;
  } lists[] = {
    { "IO_KEX", SSH_OPTIONS_KEY_EXCHANGE, SSH_OPTIONS_KEY_EXCHANGE },
    { "IO_HOSTKEYS", SSH_OPTIONS_HOSTKEYS, SSH_OPTIONS_HOSTKEYS },
    { "IO_CIPHERS", SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C },
    { "IO_MACS", SSH_OPTIONS_HMAC_C_S, SSH_OPTIONS_HMAC_S_C },
    { "IO_COMP", SSH_OPTIONS_COMPRESSION_C_S, SSH_OPTIONS_COMPRESSION_S_C }
  };
  size_t i;

  for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    const char *names = getenv(lists[i].name);

    if (names != NULL &&
        (ssh_options_set(ssh, lists[i].c2s, names) < 0 ||
          ssh_options_set(ssh, lists[i].s2c, names) < 0)) {
      fail("%s: %s", names, ssh_get_error(ssh));
    }
  }
}

static void login(void) {
  int port = atoi(setting("IO_PORT"));
  ssh_key key = NULL;
  int res;

  ssh = ssh_new();
  ssh_options_set(ssh, SSH_OPTIONS_HOST, setting("IO_HOST"));
  ssh_options_set(ssh, SSH_OPTIONS_PORT, &port);
  ssh_options_set(ssh, SSH_OPTIONS_USER, setting("IO_USER"));
  ssh_options_set(ssh, SSH_OPTIONS_PROCESS_CONFIG, &(int) { 0 });
  if (getenv("IO_COMPRESS") != NULL) {
    ssh_options_set(ssh, SSH_OPTIONS_COMPRESSION, "yes");
  }

  set_algorithms();
  if (getenv("IO_REKEY") != NULL) {
    uint64_t bytes = strtoull(getenv("IO_REKEY"), NULL, 10);

    ssh_options_set(ssh, SSH_OPTIONS_REKEY_DATA, &bytes);
  }

  if (ssh_connect(ssh) != SSH_OK) {
    fail("connect: %s", ssh_get_error(ssh));
  }

  if (getenv("IO_KEY") != NULL) {
    if (ssh_pki_import_privkey_file(getenv("IO_KEY"), NULL, NULL, NULL,
        &key) != SSH_OK) {
      fail("%s is no key", getenv("IO_KEY"));
    }
    res = ssh_userauth_publickey(ssh, NULL, key);
  } else {
    res = ssh_userauth_password(ssh, NULL, setting("IO_PASSWORD"));
  }

  if (res != SSH_AUTH_SUCCESS) {
    fail("login: %s", ssh_get_error(ssh));
  }
}

static sftp_session begin(void) {
  sftp_session s = sftp_new(ssh);

  if (s == NULL || sftp_init(s) != SSH_OK) {
    fail("sftp: %s", ssh_get_error(ssh));
  }
  return s;
}

static void put(const char *from, const char *to, int resume) {
  FILE *in = open_local(from, "rb");
  sftp_attributes st;
  sftp_file out;
  size_t n;

  out = sftp_open(sftp, to, O_WRONLY|O_CREAT|(resume ? 0 : O_TRUNC), 0644);
  if (out == NULL) {
    fail_sftp(to);
  }

  if (resume) {
    st = sftp_fstat(out);
    if (st == NULL || sftp_seek64(out, st->size) < 0) {
      fail_sftp(to);
    }
    fseeko(in, (off_t) st->size, SEEK_SET);
    sftp_attributes_free(st);
  }

  while ((n = fread(io_buf, 1, 32768, in)) > 0) {
    if (sftp_write(out, io_buf, n) != (ssize_t) n) {
      fail_sftp(to);
    }
  }

  fclose(in);
  if (sftp_close(out) != SSH_OK) {
    fail_sftp(to);
  }
}

static void get(const char *from, const char *to, int resume) {
  FILE *out = open_local(to, resume ? "ab" : "wb");
  sftp_file in = sftp_open(sftp, from, O_RDONLY, 0);
  ssize_t n;

  if (in == NULL) {
    fail_sftp(from);
  }

  if (resume) {
    fseeko(out, 0, SEEK_END);
    sftp_seek64(in, (uint64_t) ftello(out));
  }

  while ((n = sftp_read(in, io_buf, 32768)) > 0) {
    fwrite(io_buf, 1, (size_t) n, out);
  }

  if (n < 0) {
    fail_sftp(from);
  }
  sftp_close(in);
  fclose(out);
}

static void ls(const char *path) {
  sftp_dir dir = sftp_opendir(sftp, path);
  sftp_attributes entry;

  if (dir == NULL) {
    fail_sftp(path);
  }
  while ((entry = sftp_readdir(sftp, dir)) != NULL) {
    say("NAME", entry->name);
    sftp_attributes_free(entry);
  }
  if (!sftp_dir_eof(dir)) {
    fail_sftp(path);
  }
  sftp_closedir(dir);
}

/* One file per channel, written and read in turns. */
static void channels(int count, const char *from, const char *to) {
  sftp_session *all = calloc((size_t) count, sizeof(*all));
  sftp_file *files = calloc((size_t) count, sizeof(*files));
  FILE *in = open_local(from, "rb");
  char name[4096];
  size_t n;
  int i;

  for (i = 0; i < count; i++) {
    all[i] = begin();
    snprintf(name, sizeof(name), "%s%d", to, i);
    files[i] = sftp_open(all[i], name, O_RDWR|O_CREAT|O_TRUNC, 0644);
    if (files[i] == NULL) {
      fail("%s: %s", name, ssh_get_error(ssh));
    }
  }

  while ((n = fread(io_buf, 1, 16384, in)) > 0) {
    for (i = 0; i < count; i++) {
      if (sftp_write(files[i], io_buf, n) != (ssize_t) n) {
        fail("channel %d: %s", i, ssh_get_error(ssh));
      }
    }
  }

  for (i = 0; i < count; i++) {
    sftp_close(files[i]);
    sftp_free(all[i]);
  }
  fclose(in);
}

static void stat_of(const char *path) {
  sftp_attributes st = sftp_stat(sftp, path);

  if (st == NULL) {
    fail_sftp(path);
  }
  printf("STAT %llu %o %llu\n", (unsigned long long) st->size,
    st->permissions & 07777,
    (unsigned long long) (st->mtime64 ? st->mtime64 : st->mtime));
  sftp_attributes_free(st);
}

static void command(char **w) {
  int res = 0;

  if (is(w, "put") || is(w, "reput")) {
    put(w[1], w[2], w[0][0] == 'r');
  } else if (is(w, "get") || is(w, "reget")) {
    get(w[1], w[2], w[0][0] == 'r');
  } else if (is(w, "ls")) {
    ls(w[1]);
  } else if (is(w, "stat")) {
    stat_of(w[1]);
  } else if (is(w, "channels")) {
    channels(atoi(w[1]), w[2], w[3]);
  } else if (is(w, "readlink")) {
    char *text = sftp_readlink(sftp, w[1]);

    if (text == NULL) {
      fail_sftp(w[1]);
    }
    say("LINK", text);
    ssh_string_free_char(text);
  } else if (is(w, "mkdir")) {
    res = sftp_mkdir(sftp, w[1], 0755);
  } else if (is(w, "rm")) {
    res = sftp_unlink(sftp, w[1]);
  } else if (is(w, "rename")) {
    res = sftp_rename(sftp, w[1], w[2]);
  } else if (is(w, "symlink")) {
    res = sftp_symlink(sftp, w[1], w[2]);
  } else if (is(w, "chmod")) {
    res = sftp_chmod(sftp, w[2], (mode_t) strtoul(w[1], NULL, 8));
  } else if (is(w, "utime")) {
    struct timeval times[2] = { { atol(w[1]), 0 }, { atol(w[1]), 0 } };

    res = sftp_utimes(sftp, w[2], times);
  } else {
    fail("no command %s", w[0]);
  }

  if (res < 0) {
    fail_sftp(w[0]);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--version") == 0) {
    puts(ssh_version(0));
    return 0;
  }

  login();
  sftp = begin();
  commands(command);
  sftp_free(sftp);
  ssh_disconnect(ssh);
  ssh_free(ssh);
  return 0;
}
