<?php
/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with phpseclib 2 or 3, or with
 * libssh2's bindings: IO_LIBRARY is phpseclib2, phpseclib3 or ssh2. */

function fail($what) {
  fwrite(STDERR, "ERROR: $what\n");
  exit(1);
}

set_error_handler(function ($_, $text) {
  if (error_reporting() & E_WARNING) {
    fail($text);
  }
  return true;
}, E_WARNING | E_USER_NOTICE | E_USER_WARNING);

function secret() {
  global $library;
  $file = getenv('IO_KEY');
  if ($file === false) {
    return getenv('IO_PASSWORD');
  }
  $text = file_get_contents($file);
  if ($library === 'phpseclib3') {
    return \phpseclib3\Crypt\PublicKeyLoader::load($text);
  }
  $rsa = new \phpseclib\Crypt\RSA();
  $rsa->loadKey($text) or fail('no RSA key');
  return $rsa;
}

function connect() {
  global $library;
  $class = $library === 'phpseclib3' ? '\phpseclib3\Net\SFTP'
    : '\phpseclib\Net\SFTP';
  $sftp = new $class(getenv('IO_HOST'), (int) getenv('IO_PORT'), 30);
  if (getenv('IO_COMPRESS') !== false) {
    $methods = ['comp' => ['zlib@openssh.com', 'zlib']];
    $sftp->setPreferredAlgorithms(['client_to_server' => $methods,
      'server_to_client' => $methods]);
  }
  if (getenv('IO_VERSION') !== false) {
    $sftp->setPreferredVersion((int) getenv('IO_VERSION'));
  }
  if (!$sftp->login(getenv('IO_USER'), secret())) {
    fail('login: authentication failed');
  }
  return $sftp;
}

function command($sftp, $w) {
  $local = $sftp::SOURCE_LOCAL_FILE;
  switch ($w[0]) {
    case 'put': return $sftp->put($w[2], $w[1], $local);
    case 'reput': return $sftp->put($w[2], $w[1], $local | $sftp::RESUME,
      -1, $sftp->filesize($w[2]));
    case 'get': return $sftp->get($w[1], $w[2]);
    case 'reget':
      $file = fopen($w[2], 'ab');
      return $sftp->get($w[1], $file, filesize($w[2]));
    case 'ls':
      $list = $sftp->nlist($w[1]);
      foreach ($list ?: [] as $name) {
        echo 'NAME ', rawurlencode($name), "\n";
      }
      return $list !== false;
    case 'stat':
      $st = $sftp->stat($w[1]);
      $st === false or printf("STAT %d %o %d\n", $st['size'],
        ($st['mode'] ?? $st['permissions']) & 07777, $st['mtime']);
      return $st !== false;
    case 'readlink':
      $text = $sftp->readlink($w[1]);
      echo 'LINK ', rawurlencode($text), "\n";
      return $text !== false;
    case 'symlink': return $sftp->symlink($w[1], $w[2]);
    case 'mkdir': return $sftp->mkdir($w[1]);
    case 'rm': return $sftp->delete($w[1]);
    case 'rename': return $sftp->rename($w[1], $w[2]);
    case 'chmod': return $sftp->chmod(octdec($w[1]), $w[2]) !== false;
    case 'utime': return $sftp->touch($w[2], (int) $w[1], (int) $w[1]);
  }
  fail("no command $w[0]");
}

/* libssh2 through PHP's own stream wrapper. */
function copy_stream($from, $to, $mode, $start) {
  $in = fopen($from, 'rb');
  $out = fopen($to, $mode);
  if (!$in || !$out || fseek($in, $start) < 0) {
    return false;
  }
  $n = stream_copy_to_stream($in, $out);
  return fclose($out) && $n !== false;
}

/* All in one connection, a piece of each in turn. */
function ssh2_channels($count, $from, $to) {
  global $conn;
  $all = [];
  for ($i = 0; $i < $count; $i++) {
    $sftp = ssh2_sftp($conn);
    $out = fopen('ssh2.sftp://' . (int) $sftp . '/' . $to . $i, 'wb');
    $all[] = [fopen($from, 'rb'), $out, $sftp];
  }
  while ($all) {
    foreach ($all as $i => [$in, $out, $_]) {
      $data = fread($in, 30000);
      if ($data === '' || $data === false) {
        fclose($out);
        unset($all[$i]);
      } elseif (fwrite($out, $data) !== strlen($data)) {
        return false;
      }
    }
  }
  return true;
}

function ssh2_command($sftp, $w) {
  $url = 'ssh2.sftp://' . (int) $sftp . '/';
  switch ($w[0]) {
    case 'put': return copy_stream($w[1], $url . $w[2], 'wb', 0);
    case 'get': return copy_stream($url . $w[1], $w[2], 'wb', 0);
    case 'reput': return copy_stream($w[1], $url . $w[2], 'ab',
      filesize($url . $w[2]));
    case 'reget': return copy_stream($url . $w[1], $w[2], 'ab',
      filesize($w[2]));
    case 'ls':
      foreach (scandir($url . $w[1]) as $name) {
        echo 'NAME ', rawurlencode($name), "\n";
      }
      return true;
    case 'stat':
      $st = ssh2_sftp_stat($sftp, $w[1]);
      printf("STAT %d %o %d\n", $st['size'], $st['mode'] & 07777,
        $st['mtime']);
      return true;
    case 'readlink':
      echo 'LINK ', rawurlencode(ssh2_sftp_readlink($sftp, $w[1])), "\n";
      return true;
    case 'symlink': return ssh2_sftp_symlink($sftp, $w[1], $w[2]);
    case 'mkdir': return ssh2_sftp_mkdir($sftp, $w[1]);
    case 'rm': return ssh2_sftp_unlink($sftp, $w[1]);
    case 'rename': return ssh2_sftp_rename($sftp, $w[1], $w[2]);
    case 'chmod': return ssh2_sftp_chmod($sftp, $w[2], octdec($w[1]));
    case 'channels': return ssh2_channels((int) $w[1], $w[2], $w[3]);
  }
  fail("no command $w[0]");
}

function ssh2_login() {
  global $conn;
  $methods = [];
  if (getenv('IO_COMPRESS') !== false) {
    $comp = ['comp' => 'zlib@openssh.com,zlib'];
    $methods = ['client_to_server' => $comp, 'server_to_client' => $comp];
  }
  $conn = ssh2_connect(getenv('IO_HOST'), (int) getenv('IO_PORT'), $methods);
  $key = getenv('IO_KEY');
  $good = $key === false
    ? ssh2_auth_password($conn, getenv('IO_USER'), getenv('IO_PASSWORD'))
    : ssh2_auth_pubkey_file($conn, getenv('IO_USER'), "$key.pub", $key);
  $good or fail('login: authentication failed');
  return ssh2_sftp($conn);
}

$library = getenv('IO_LIBRARY');
if ($library === 'phpseclib3') {
  require_once 'phpseclib3/autoload.php';
} elseif ($library === 'phpseclib2') {
  require_once 'phpseclib/autoload.php';
}

try {
  $sftp = $library === 'ssh2' ? ssh2_login() : connect();
  while (($line = fgets(STDIN)) !== false) {
    $w = array_map('rawurldecode', explode(' ', rtrim($line, "\n")));
    $good = $library === 'ssh2' ? ssh2_command($sftp, $w)
      : command($sftp, $w);
    if (!$good) {
      fail("$w[0]: " . ($library === 'ssh2' ? 'failed'
        : $sftp->getLastSFTPError()));
    }
  }
} catch (\Throwable $e) {
  fail($e->getMessage());
}
