/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with libssh2. */

#include "io.h"

#include <arpa/inet.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static LIBSSH2_SESSION *ssh;
static LIBSSH2_SFTP *sftp;

__attribute__((noreturn))
static void fail_ssh(const char *what) {
  static const char *const texts[] = { "ok", "end of file", "no such file",
    "permission denied", "failure", "bad message", "no connection",
    "connection lost", "unsupported", "invalid handle", "no such path",
    "file already exists" };
  char *text = NULL;
  int res = libssh2_session_last_error(ssh, &text, NULL, 0);
  unsigned long code = 0;

  if (res == LIBSSH2_ERROR_SFTP_PROTOCOL) {
    code = libssh2_sftp_last_error(sftp);
  }
  fail("%s: %s (%s)", what, code > 0 && code < 12 ? texts[code] : "error",
    text);
}

static void login(void) {
  struct sockaddr_in addr = { .sin_family = AF_INET };
  int fd = socket(AF_INET, SOCK_STREAM, 0), res;

  addr.sin_port = htons((uint16_t) atoi(setting("IO_PORT")));
  addr.sin_addr.s_addr = inet_addr(setting("IO_HOST"));
  if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
    fail("cannot connect");
  }

  libssh2_init(0);
  ssh = libssh2_session_init();
  if (getenv("IO_COMPRESS") != NULL) {
    libssh2_session_flag(ssh, LIBSSH2_FLAG_COMPRESS, 1);
  }
  if (libssh2_session_handshake(ssh, fd) != 0) {
    fail_ssh("handshake");
  }

  if (getenv("IO_KEY") != NULL) {
    char pub[4096];

    snprintf(pub, sizeof(pub), "%s.pub", getenv("IO_KEY"));
    res = libssh2_userauth_publickey_fromfile(ssh, setting("IO_USER"), pub,
      getenv("IO_KEY"), NULL);
  } else {
    res = libssh2_userauth_password(ssh, setting("IO_USER"),
      setting("IO_PASSWORD"));
  }
  if (res != 0) {
    fail_ssh("login");
  }
}

static LIBSSH2_SFTP_HANDLE *open_remote(const char *path,
    unsigned long flags) {
  LIBSSH2_SFTP_HANDLE *file = libssh2_sftp_open(sftp, path, flags, 0644);

  if (file == NULL) {
    fail_ssh(path);
  }
  return file;
}

static void write_all(LIBSSH2_SFTP_HANDLE *out, size_t len) {
  char *from = io_buf;

  while (len > 0) {
    ssize_t n = libssh2_sftp_write(out, from, len);

    if (n < 0) {
      fail_ssh("write");
    }
    from += n;
    len -= (size_t) n;
  }
}

static void put(const char *from, const char *to, int resume) {
  FILE *in = open_local(from, "rb");
  LIBSSH2_SFTP_HANDLE *out = open_remote(to, LIBSSH2_FXF_WRITE|
    LIBSSH2_FXF_CREAT|(resume ? 0 : LIBSSH2_FXF_TRUNC));
  size_t n;

  if (resume) {
    LIBSSH2_SFTP_ATTRIBUTES st;

    if (libssh2_sftp_fstat(out, &st) != 0) {
      fail_ssh(to);
    }
    libssh2_sftp_seek64(out, st.filesize);
    fseeko(in, (off_t) st.filesize, SEEK_SET);
  }

  while ((n = fread(io_buf, 1, sizeof(io_buf), in)) > 0) {
    write_all(out, n);
  }
  fclose(in);
  if (libssh2_sftp_close(out) != 0) {
    fail_ssh(to);
  }
}

static void get(const char *from, const char *to, int resume) {
  FILE *out = open_local(to, resume ? "ab" : "wb");
  LIBSSH2_SFTP_HANDLE *in = open_remote(from, LIBSSH2_FXF_READ);
  ssize_t n;

  if (resume) {
    fseeko(out, 0, SEEK_END);
    libssh2_sftp_seek64(in, (libssh2_uint64_t) ftello(out));
  }
  while ((n = libssh2_sftp_read(in, io_buf, sizeof(io_buf))) > 0) {
    fwrite(io_buf, 1, (size_t) n, out);
  }
  if (n < 0) {
    fail_ssh(from);
  }
  libssh2_sftp_close(in);
  fclose(out);
}

static void ls(const char *path) {
  LIBSSH2_SFTP_HANDLE *dir = libssh2_sftp_opendir(sftp, path);
  LIBSSH2_SFTP_ATTRIBUTES st;
  int n;

  if (dir == NULL) {
    fail_ssh(path);
  }
  while ((n = libssh2_sftp_readdir(dir, io_buf, sizeof(io_buf) - 1,
      &st)) > 0) {
    io_buf[n] = '\0';
    say("NAME", io_buf);
  }
  if (n < 0) {
    fail_ssh(path);
  }
  libssh2_sftp_closedir(dir);
}

/* One file per channel, written in turns. */
static void channels(int count, const char *from, const char *to) {
  LIBSSH2_SFTP **all = calloc((size_t) count, sizeof(*all));
  LIBSSH2_SFTP_HANDLE **files = calloc((size_t) count, sizeof(*files));
  FILE *in = open_local(from, "rb");
  char name[4096];
  size_t n;
  int i;

  for (i = 0; i < count; i++) {
    all[i] = libssh2_sftp_init(ssh);
    if (all[i] == NULL) {
      fail_ssh("another channel");
    }
    snprintf(name, sizeof(name), "%s%d", to, i);
    files[i] = libssh2_sftp_open(all[i], name, LIBSSH2_FXF_WRITE|
      LIBSSH2_FXF_CREAT|LIBSSH2_FXF_TRUNC, 0644);
    if (files[i] == NULL) {
      fail_ssh(name);
    }
  }
  while ((n = fread(io_buf, 1, 16384, in)) > 0) {
    for (i = 0; i < count; i++) {
      write_all(files[i], n);
    }
  }
  for (i = 0; i < count; i++) {
    libssh2_sftp_close(files[i]);
    libssh2_sftp_shutdown(all[i]);
  }
  fclose(in);
}

static void set_attrs(const char *path, LIBSSH2_SFTP_ATTRIBUTES *st) {
  if (libssh2_sftp_setstat(sftp, path, st) != 0) {
    fail_ssh(path);
  }
}

static void links(char **w) {
  int n;

  if (is(w, "symlink")) {
    if (libssh2_sftp_symlink(sftp, w[1], w[2]) != 0) {
      fail_ssh(w[2]);
    }
    return;
  }
  n = libssh2_sftp_readlink(sftp, w[1], io_buf, sizeof(io_buf) - 1);
  if (n < 0) {
    fail_ssh(w[1]);
  }
  io_buf[n] = '\0';
  say("LINK", io_buf);
}

static void attributes(char **w) {
  LIBSSH2_SFTP_ATTRIBUTES st;

  memset(&st, 0, sizeof(st));
  if (is(w, "chmod")) {
    st.flags = LIBSSH2_SFTP_ATTR_PERMISSIONS;
    st.permissions = strtoul(w[1], NULL, 8);
    set_attrs(w[2], &st);
  } else if (is(w, "utime")) {
    st.flags = LIBSSH2_SFTP_ATTR_ACMODTIME;
    st.atime = st.mtime = strtoul(w[1], NULL, 10);
    set_attrs(w[2], &st);
  } else if (libssh2_sftp_stat(sftp, w[1], &st) != 0) {
    fail_ssh(w[1]);
  } else {
    printf("STAT %llu %lo %lu\n", (unsigned long long) st.filesize,
      st.permissions & 07777, st.mtime);
  }
}

static void command(char **w) {
  int res = 0;

  if (is(w, "put") || is(w, "reput")) {
    put(w[1], w[2], w[0][0] == 'r');
  } else if (is(w, "get") || is(w, "reget")) {
    get(w[1], w[2], w[0][0] == 'r');
  } else if (is(w, "ls")) {
    ls(w[1]);
  } else if (is(w, "channels")) {
    channels(atoi(w[1]), w[2], w[3]);
  } else if (is(w, "symlink") || is(w, "readlink")) {
    links(w);
  } else if (is(w, "chmod") || is(w, "utime") || is(w, "stat")) {
    attributes(w);
  } else if (is(w, "mkdir")) {
    res = libssh2_sftp_mkdir(sftp, w[1], 0755);
  } else if (is(w, "rm")) {
    res = libssh2_sftp_unlink(sftp, w[1]);
  } else if (is(w, "rename")) {
    res = libssh2_sftp_rename(sftp, w[1], w[2]);
  } else {
    fail("no command %s", w[0]);
  }

  if (res != 0) {
    fail_ssh(w[0]);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--version") == 0) {
    puts(libssh2_version(0));
    return 0;
  }

  login();
  sftp = libssh2_sftp_init(ssh);
  if (sftp == NULL) {
    fail_ssh("sftp");
  }
  commands(command);
  libssh2_sftp_shutdown(sftp);
  libssh2_session_disconnect(ssh, "done");
  libssh2_session_free(ssh);
  return 0;
}
