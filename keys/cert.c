/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cert.c -- reading certificates (PROTOCOL.certkeys of OpenSSH). */

#include "cert.h"
#include "keys-int.h"
#include "namelist.h"

#define MAX_PRINCIPALS 256
#define MAX_OPTIONS 64

/* The number of fields behind the nonce that are the public key. */
static const struct cert_type {
  const char *name, *key_type;
  unsigned int nfields;
} types[] = {
  { "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1 },
  { "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2 },
  { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2 },
  { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2 },
  { "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2 },
  { "ssh-dss-cert-v01@openssh.com", "ssh-dss", 4 },
  { "sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2 },
  { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com", 3 }
};

static const struct cert_type *find_type(struct sftp_str name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    if (sftp_str_is(name, types[i].name)) {
      return &types[i];
    }
  }

  return NULL;
}

bool sftp_cert_is_type(struct sftp_str name) {
  return find_type(name) != NULL;
}

bool sftp_cert_is_blob(struct sftp_str blob) {
  struct sftp_rd r;
  struct sftp_str name;

  sftp_rd_init_str(&r, blob);
  name = sftp_rd_string(&r);
  return sftp_rd_ok(&r) == SFTP_OK && find_type(name) != NULL;
}

/* ---- Fields */

struct fields {
  struct sftp_str key;          /* the bare key's blob */
  struct sftp_str principals, critical, extensions, ca, sig;
  struct sftp_str signed_part;
};

static int read_fields(pool *p, const struct cert_type *t, struct sftp_rd *r,
    struct sftp_cert *cert, struct fields *f) {
  const unsigned char *begin = cert->blob.ptr;
  unsigned int i;
  struct sftp_wr w;
  int res;

  (void) sftp_rd_string(r);     /* nonce */
  sftp_wr_init(&w, p, 256, cert->blob.len + 64);
  sftp_wr_text(&w, t->key_type);
  for (i = 0; i < t->nfields; i++) {
    sftp_wr_str(&w, sftp_rd_string(r));
  }

  cert->serial = sftp_rd_u64(r);
  cert->kind = sftp_rd_u32(r);
  cert->key_id = sftp_rd_text(r, p);
  f->principals = sftp_rd_string(r);
  cert->valid_after = sftp_rd_u64(r);
  cert->valid_before = sftp_rd_u64(r);
  f->critical = sftp_rd_string(r);
  f->extensions = sftp_rd_string(r);
  (void) sftp_rd_string(r);     /* reserved */
  f->ca = sftp_rd_string(r);
  f->signed_part.ptr = begin;
  f->signed_part.len = (size_t) (r->ptr - begin);
  f->sig = sftp_rd_string(r);
  res = sftp_rd_end(r);
  f->key = sftp_wr_get(&w);
  return res != SFTP_OK ? res : sftp_wr_end(&w);
}

static int read_principals(pool *p, struct sftp_str list,
    struct sftp_cert *cert) {
  const char **names = pcalloc(p, (MAX_PRINCIPALS + 1) * sizeof(char *));
  struct sftp_rd r;

  cert->principals = names;
  sftp_rd_init_str(&r, list);
  while (sftp_rd_ok(&r) == SFTP_OK && r.left > 0) {
    if (cert->nprincipals == MAX_PRINCIPALS) {
      return SFTP_ERR_LIMIT;
    }

    names[cert->nprincipals++] = sftp_rd_text(&r, p);
  }

  return sftp_rd_end(&r);
}

/* ---- Options: name, and data that is empty or holds one string */

struct option {
  const char *name;
  struct sftp_str data;
};

static int has_no_value(struct sftp_str data) {
  return data.len == 0 ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int read_value(pool *p, struct sftp_str data, const char **value) {
  struct sftp_rd r;

  sftp_rd_init_str(&r, data);
  *value = sftp_rd_text(&r, p);
  return sftp_rd_end(&r);
}

static int take_critical(pool *p, struct sftp_cert *cert,
    const struct option *o) {
  if (cert->kind == CERT_USER) {
    if (strcmp(o->name, "force-command") == 0) {
      return read_value(p, o->data, &cert->force_command);
    }

    if (strcmp(o->name, "source-address") == 0) {
      return read_value(p, o->data, &cert->source_address);
    }

    if (strcmp(o->name, "verify-required") == 0) {
      cert->verify_required = true;
      return has_no_value(o->data);
    }
  }

  return SFTP_ERR_UNSUPPORTED;
}

/* Unknown extensions are ignored: an extension can only permit something. */
static int take_extension(pool *p SFTP_UNUSED, struct sftp_cert *cert,
    const struct option *o) {
  if (cert->kind == CERT_USER && strcmp(o->name, "no-touch-required") == 0) {
    cert->no_touch_required = true;
    return has_no_value(o->data);
  }

  return SFTP_OK;
}

static int read_options(pool *p, struct sftp_str list, struct sftp_cert *cert,
    int (*take)(pool *, struct sftp_cert *, const struct option *),
    const char **why) {
  const char *seen[MAX_OPTIONS];
  unsigned int nseen = 0, i;
  struct option o;
  struct sftp_rd r;
  int res;

  sftp_rd_init_str(&r, list);
  while (r.left > 0) {
    o.name = sftp_rd_text(&r, p);
    o.data = sftp_rd_string(&r);
    res = sftp_rd_ok(&r);
    if (res != SFTP_OK) {
      *why = "its options are damaged";
      return res;
    }

    for (i = 0; i < nseen && strcmp(seen[i], o.name) != 0; i++) {
    }

    res = i < nseen || nseen == MAX_OPTIONS ? SFTP_ERR_FORMAT :
      take(p, cert, &o);
    if (res != SFTP_OK) {
      *why = sftp_key_why(p, "its option '%s' %s", o.name,
        i < nseen ? "stands there twice" :
        res == SFTP_ERR_UNSUPPORTED ? "is critical and not known here" :
        "is damaged");
      return res;
    }

    seen[nseen++] = o.name;
  }

  return SFTP_OK;
}

/* ---- The signature of the authority */

static const struct sftp_sig_alg *ca_alg(struct sftp_str sig) {
  struct sftp_rd r;
  struct sftp_str name;

  sftp_rd_init_str(&r, sig);
  name = sftp_rd_string(&r);
  return sftp_rd_ok(&r) == SFTP_OK ? sftp_sig_alg_find(name) : NULL;
}

static int check_signature(pool *p, const struct fields *f,
    const char *ca_algs, struct sftp_cert *cert, const char **why) {
  const struct sftp_sig_alg *alg = ca_alg(f->sig);
  struct sftp_sig_info info;
  int res;

  /* An authority's key is never a certificate: those are no key types. */
  res = sftp_key_from_blob(p, f->ca, &cert->ca);
  if (res != SFTP_OK) {
    *why = "the key of its authority cannot be used";
    return res;
  }

  if (alg == NULL || alg->cert_type != NULL) {
    *why = "its signature has no algorithm that is known here";
    return SFTP_ERR_UNSUPPORTED;
  }

  cert->ca_alg = alg->alg.name;
  if (!sftp_names_have(sftp_str_of(ca_algs), alg->alg.name) ||
      !sftp_sig_is_usable(&alg->alg)) {
    *why = sftp_key_why(p, "its authority has signed with %s, which is not "
      "enabled (SFTPCASignatureAlgorithms)", alg->alg.name);
    return SFTP_ERR_DENIED;
  }

  res = sftp_key_verify_info(cert->ca, alg, f->sig, f->signed_part, &info);
  if (res != SFTP_OK) {
    *why = "the signature of its authority does not verify";
  }

  return res;
}

/* Reads its fields one by one. */
static int check_fields(pool *p, const struct fields *f, const char *ca_algs,
    struct sftp_cert *cert, const char **why) {
  int res;

  if (cert->kind != CERT_USER && cert->kind != CERT_HOST) {
    *why = "it is neither a user's nor a host's";
    return SFTP_ERR_FORMAT;
  }

  res = sftp_key_from_blob(p, f->key, &cert->key);
  if (res != SFTP_OK) {
    *why = "the key that it certifies cannot be used";
    return res;
  }

  res = read_principals(p, f->principals, cert);
  if (res != SFTP_OK) {
    *why = "its principals are damaged or too many";
    return res;
  }

  /* Before anything is computed for an unknown client. */
  res = read_options(p, f->critical, cert, take_critical, why);
  if (res == SFTP_OK) {
    res = read_options(p, f->extensions, cert, take_extension, why);
  }

  return res != SFTP_OK ? res : check_signature(p, f, ca_algs, cert, why);
}

/* Names the certificate, for the administrator who has issued it. */
static const char *name_it(pool *p, const char *why,
    const struct sftp_cert *cert, struct sftp_str ca) {
  const char *print = sftp_key_fingerprint(p, ca, "SHA256", false);

  return sftp_key_why(p, "%s (serial %llu, authority SHA256:%s, "
    "certificate '%s')", why, (unsigned long long) cert->serial,
    print != NULL ? print : "?", cert->key_id);
}

static int read_cert(pool *p, struct sftp_str blob, const char *ca_algs,
    struct sftp_cert *cert, const char **why) {
  const struct cert_type *t;
  struct fields f;
  struct sftp_rd r;
  int res;

  *why = "it is damaged";
  sftp_rd_init_str(&r, blob);
  t = find_type(sftp_rd_string(&r));
  if (sftp_rd_ok(&r) != SFTP_OK || t == NULL) {
    *why = "its type is not known here";
    return sftp_rd_ok(&r) != SFTP_OK ? r.err : SFTP_ERR_UNSUPPORTED;
  }

  cert->type = t->name;
  cert->blob = blob;
  res = read_fields(p, t, &r, cert, &f);
  if (res != SFTP_OK) {
    return res;
  }

  res = check_fields(p, &f, ca_algs, cert, why);
  if (res != SFTP_OK) {
    *why = name_it(p, *why, cert, f.ca);
  }

  return res;
}

int sftp_cert_read(pool *p, struct sftp_str blob, const char *ca_algs,
    struct sftp_cert **res, const char **why) {
  struct sftp_cert *cert = pcalloc(p, sizeof(*cert));
  int err = read_cert(p, sftp_str_copy(p, blob), ca_algs, cert, why);

  *res = err == SFTP_OK ? cert : NULL;
  return err;
}

/* ---- Validity */

const char *sftp_cert_objection(pool *p, const struct sftp_cert *cert,
    enum sftp_cert_kind kind, uint64_t now) {
  if (cert->kind != (unsigned int) kind) {
    return kind == CERT_USER ? "it is a host's certificate, not a user's" :
      "it is a user's certificate, not a host's";
  }

  if (now < cert->valid_after) {
    return sftp_key_why(p, "it is not valid yet, but in %llu s",
      (unsigned long long) (cert->valid_after - now));
  }

  if (now >= cert->valid_before) {
    return sftp_key_why(p, "it has expired, %llu s ago",
      (unsigned long long) (now - cert->valid_before));
  }

  return NULL;
}

bool sftp_cert_names(const struct sftp_cert *cert, const char *principal) {
  unsigned int i;

  for (i = 0; i < cert->nprincipals; i++) {
    if (strcmp(cert->principals[i], principal) == 0) {
      return true;
    }
  }

  return false;
}
