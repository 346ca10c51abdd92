/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-source-name.c -- the names of a download: words, patterns, and the names
 * in records.
 */

#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "scp-source.h"
#include "path.h"

/* Patterns are absolute, and so are their matches. */
static const char *absolute_pattern(struct scp *s, pool *p,
    const struct scp_word *w) {
  const char *slash = strchr(w->pattern, '/'), *dir;

  if (w->pattern[0] == '/') {
    return w->pattern;
  }

  if (w->tilde && slash != NULL) {
    struct scp_word home = { pstrndup(p, w->text, strcspn(w->text, "/")),
      NULL, true };

    dir = scp_word_path(s, p, &home);
    if (*dir == '/') {
      return sftp_path_join(p, sftp_escape_pattern(p, dir), slash + 1);
    }
  }

  return sftp_path_join(p, sftp_escape_pattern(p, ftpd_cwd(s->ftpd)),
    w->pattern);
}

/* A pattern without a match is the word itself, also if the host does not
 * expand patterns (it then returns its argument).
 */
static const char **matches_of(struct scp *s, const struct scp_word *w,
    const char **paths) {
  const char **word;

  if (paths[0] != NULL && (paths[1] != NULL ||
      strcmp(paths[0], absolute_pattern(s, s->pool, w)) != 0)) {
    return paths;
  }

  word = pcalloc(s->pool, 2 * sizeof(*word));
  word[0] = scp_word_path(s, s->pool, w);
  return word;
}

static int begin_pattern(struct scp *s, const struct scp_word *w) {
  s->source->glob = ftpd_glob_begin(s->ftpd, s->pool, absolute_pattern(s,
    s->pool, w));
  return s->source->glob != NULL ? 0 : -1;
}

static void end_pattern(struct scp_source *src) {
  if (src->glob != NULL) {
    ftpd_glob_end(src->glob);
  }

  src->glob = NULL;
  src->found = NULL;
  src->next_word++;
}

/* The next match of the current word; results as for scp_source_next(). */
static int next_match(struct scp *s, const struct scp_word *w,
    const char **path) {
  struct scp_source *src = s->source;
  int res = 1;

  if (src->found == NULL && src->matched) {
    src->later = true;
    return 0;
  }

  if (src->glob == NULL) {
    res = begin_pattern(s, w);
  }

  if (src->found == NULL && res >= 0) {
    const char **paths = NULL;

    res = ftpd_glob_step(src->glob, &paths);
    src->matched = res == 1;
    src->found = res == 1 ? matches_of(s, w, paths) : NULL;
  }

  if (res == 1) {
    *path = *src->found++;
    return *path != NULL ? 1 : 0;
  }

  src->later = res == 0;
  *path = w->text;
  return res;
}

int scp_source_next(struct scp *s, const char **path) {
  struct scp_source *src = s->source;

  while (src->next_word < src->nwords) {
    const struct scp_word *w = &src->words[src->next_word];
    int res;

    if (w->pattern == NULL) {
      src->next_word++;
      *path = scp_word_path(s, s->pool, w);
      return 1;
    }

    res = next_match(s, w, path);
    if (res > 0 || src->later) {
      return res;
    }

    end_pattern(src);
    if (res < 0) {
      return res;
    }
  }

  return 0;
}

bool scp_source_has_more(const struct scp_source *src) {
  if (src->found != NULL && *src->found == NULL) {
    return src->top != NULL || src->next_word + 1 < src->nwords;
  }

  return src->top != NULL || src->next_word < src->nwords;
}

/* The last component, without trailing slashes. */
static const char *last_component(pool *p, const char *path) {
  size_t end = strlen(path), start;

  while (end > 1 && path[end - 1] == '/') {
    end--;
  }

  for (start = end; start > 0 && path[start - 1] != '/'; start--) {
  }

  return pstrndup(p, path + start, end - start);
}

/* Graphic characters and spaces are unchanged, backslashes doubled; \^X stands
 * for control characters and \M precedes characters with the eighth bit set;
 * octal is used if the result would be a space or a slash.
 */
const char *scp_source_encoded(pool *p, const char *name) {
  char *text = palloc(p, 4 * strlen(name) + 1), *to = text;

  for (; *name != '\0'; name++) {
    unsigned char c = (unsigned char) *name, low = c & 0x7f;

    if (c == ' ' || c == '\t' || (c > ' ' && c < 0x7f)) {
      *to++ = (char) c;
      *to = '\\';
      to += c == '\\';

    } else if (low == ' ' || low == '/') {
      to += sprintf(to, "\\%03o", c);

    } else {
      to += sprintf(to, "\\%s%c%c", c != low ? "M" : "",
        low < ' ' || low == 0x7f ? '^' : '-', low == 0x7f ? '?' :
        low < ' ' ? low + '@' : low);
    }
  }

  *to = '\0';
  return text;
}

bool scp_is_dots(const char *name) {
  return *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

const char *scp_source_name(struct scp *s, pool *p, const char *path) {
  const char *name = last_component(p, path), *real;

  if (!scp_is_dots(name)) {
    return name;
  }

  real = ftpd_realpath(s->ftpd, p, scp_absolute(s, p, path));
  name = real != NULL ? last_component(p, real) : "";
  return scp_is_dots(name) ? ftpd_user(s->ftpd) : name;
}
