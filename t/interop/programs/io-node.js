/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with ssh2, the client for
 * Node.js, and with IO_LIBRARY=ssh2-sftp-client through that one. */

'use strict';

const fs = require('fs');
const readline = require('readline');
const ssh2 = require('ssh2');
const env = process.env;

const quote = (name) => encodeURIComponent(name);
const unquote = (word) => decodeURIComponent(word);

const settings = () => ({
  host: env.IO_HOST,
  port: Number(env.IO_PORT),
  username: env.IO_USER,
  password: env.IO_PASSWORD,
  privateKey: env.IO_KEY && fs.readFileSync(env.IO_KEY),
  readyTimeout: 30000,
  algorithms: env.IO_COMPRESS
    ? { compress: ['zlib@openssh.com', 'zlib'] } : undefined,
});

const call = (object, name, ...args) => new Promise((yes, no) => {
  object[name](...args, (error, value) => (error ? no(error) : yes(value)));
});

const finished = (stream) => new Promise((yes, no) => {
  stream.on('error', no);
  stream.on('close', yes);
});

const copy = async (source, target) => {
  source.on('error', (error) => target.destroy(error));
  source.pipe(target);
  await finished(target);
};

class Plain {
  async begin() {
    this.conn = new ssh2.Client();
    await new Promise((yes, no) => {
      this.conn.on('ready', yes).on('error', no).connect(settings());
    });
    this.sftp = await call(this.conn, 'sftp');
  }
  end() { this.conn.end(); }

  put(from, to) { return call(this.sftp, 'fastPut', from, to); }
  get(from, to) { return call(this.sftp, 'fastGet', from, to); }
  async reput(from, to) {
    const start = (await call(this.sftp, 'stat', to)).size;
    await copy(fs.createReadStream(from, { start }),
      this.sftp.createWriteStream(to, { flags: 'r+', start }));
  }
  async reget(from, to) {
    const start = fs.statSync(to).size;
    await copy(this.sftp.createReadStream(from, { start }),
      fs.createWriteStream(to, { flags: 'r+', start }));
  }
  async ls(path) {
    const list = await call(this.sftp, 'readdir', path);
    list.forEach((one) => console.log('NAME', quote(one.filename)));
  }
  async stat(path) {
    const st = await call(this.sftp, 'stat', path);
    console.log('STAT', st.size, (st.mode & 0o7777).toString(8), st.mtime);
  }
  async readlink(path) {
    console.log('LINK', quote(await call(this.sftp, 'readlink', path)));
  }
  symlink(target, link) { return call(this.sftp, 'symlink', target, link); }
  mkdir(path) { return call(this.sftp, 'mkdir', path); }
  rm(path) { return call(this.sftp, 'unlink', path); }
  rename(from, to) {
    return call(this.sftp, 'ext_openssh_rename', from, to);
  }
  chmod(mode, path) {
    return call(this.sftp, 'chmod', path, parseInt(mode, 8));
  }
  utime(secs, path) {
    return call(this.sftp, 'utimes', path, Number(secs), Number(secs));
  }
  async channels(count, from, to) {
    const all = [];
    for (let i = 0; i < Number(count); i++) {
      all.push(await call(this.conn, 'sftp'));
    }
    await Promise.all(all.map((one, i) =>
      call(one, 'fastPut', from, to + i)));
  }
}

class Comfortable {
  async begin() {
    this.sftp = new (require('ssh2-sftp-client'))();
    await this.sftp.connect(settings());
  }
  end() { return this.sftp.end(); }

  put(from, to) { return this.sftp.fastPut(from, to); }
  get(from, to) { return this.sftp.fastGet(from, to); }
  reput(from, to) {
    return this.sftp.stat(to).then((st) => this.sftp.put(
      fs.createReadStream(from, { start: st.size }), to,
      { writeStreamOptions: { flags: 'r+', start: st.size } }));
  }
  reget(from, to) {
    const start = fs.statSync(to).size;
    return this.sftp.get(from, fs.createWriteStream(to,
      { flags: 'r+', start }), { readStreamOptions: { start } });
  }
  puttree(from, to) { return this.sftp.uploadDir(from, to); }
  gettree(from, to) { return this.sftp.downloadDir(from, to); }
  async ls(path) {
    const list = await this.sftp.list(path);
    list.forEach((one) => console.log('NAME', quote(one.name)));
  }
  async stat(path) {
    const st = await this.sftp.stat(path);
    console.log('STAT', st.size, (st.mode & 0o7777).toString(8),
      Math.round(st.modifyTime / 1000));
  }
  mkdir(path) { return this.sftp.mkdir(path); }
  rm(path) { return this.sftp.delete(path); }
  rename(from, to) { return this.sftp.posixRename(from, to); }
  chmod(mode, path) { return this.sftp.chmod(path, parseInt(mode, 8)); }
}

const main = async () => {
  const library = env.IO_LIBRARY || 'ssh2';
  if (process.argv.includes('--version')) {
    const file = require.resolve(library).replace(
      new RegExp('(node_modules/' + library + ')/.*'), '$1/package.json');
    console.log(JSON.parse(fs.readFileSync(file)).version);
    return;
  }
  const client = library === 'ssh2' ? new Plain() : new Comfortable();
  await client.begin();
  for await (const line of readline.createInterface(process.stdin)) {
    const [name, ...args] = line.split(' ').map(unquote);
    if (typeof client[name] !== 'function') {
      throw new Error('no command ' + name);
    }
    await client[name](...args);
  }
  await client.end();
};

main().catch((error) => {
  console.error('ERROR:', error.message);
  process.exit(1);
});
