-- Users, keys and quotas for postgresql.conf.  mod_sftp, GPL-2.0-or-later.
CREATE USER proftpd PASSWORD 'change this';
CREATE DATABASE files OWNER proftpd;
\connect files
SET ROLE proftpd;

-- A password is what "openssl passwd -6" prints.
CREATE TABLE accounts (name TEXT PRIMARY KEY, password TEXT NOT NULL,
  uid INTEGER NOT NULL UNIQUE CHECK (uid >= 1000), gid INTEGER NOT NULL,
  home TEXT NOT NULL);

-- A key is the second word of an id_ed25519.pub, "AAAA..." alone.
CREATE TABLE keys (name TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key ~ '^[A-Za-z0-9+/]+=*$'));

CREATE TABLE quota_limits (name TEXT NOT NULL, quota_type TEXT NOT NULL,
  per_session TEXT NOT NULL DEFAULT 'false',
  limit_type TEXT NOT NULL DEFAULT 'hard',
  bytes_in FLOAT NOT NULL DEFAULT 0, bytes_out FLOAT NOT NULL DEFAULT 0,
  bytes_xfer FLOAT NOT NULL DEFAULT 0, files_in INTEGER NOT NULL DEFAULT 0,
  files_out INTEGER NOT NULL DEFAULT 0, files_xfer INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, quota_type));
CREATE TABLE quota_tallies (name TEXT NOT NULL, quota_type TEXT NOT NULL,
  bytes_in FLOAT NOT NULL, bytes_out FLOAT NOT NULL, bytes_xfer FLOAT NOT NULL,
  files_in INTEGER NOT NULL, files_out INTEGER NOT NULL,
  files_xfer INTEGER NOT NULL, PRIMARY KEY (name, quota_type));

-- A user without a password, and at most 10 MB.
INSERT INTO accounts VALUES ('alice', '*', 20001, 20001, '/srv/sftp/alice');
INSERT INTO quota_limits (name, quota_type, bytes_in)
  VALUES ('alice', 'user', 10000000);
