/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with JSch. */

import com.jcraft.jsch.*;
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class IoJsch {
  static Session session;
  static ChannelSftp sftp;

  static String quote(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8)
      .replace("+", "%20");
  }

  static String unquote(String word) {
    return URLDecoder.decode(word.replace("+", "%2B"),
      StandardCharsets.UTF_8);
  }

  /* JSch takes *, ? and backslashes in remote names for patterns. */
  static String plain(String path) {
    return path.replaceAll("([\\\\*?])", "\\\\$1");
  }

  static void login() throws Exception {
    JSch jsch = new JSch();
    String key = System.getenv("IO_KEY");

    if (key != null) {
      jsch.addIdentity(key);
    }
    session = jsch.getSession(System.getenv("IO_USER"),
      System.getenv("IO_HOST"), Integer.parseInt(System.getenv("IO_PORT")));
    session.setConfig("StrictHostKeyChecking", "no");
    session.setConfig("PreferredAuthentications",
      key != null ? "publickey" : "password");
    if (key == null) {
      session.setPassword(System.getenv("IO_PASSWORD"));
    }
    if (System.getenv("IO_COMPRESS") != null) {
      for (String way : new String[] { "s2c", "c2s" }) {
        session.setConfig("compression." + way, "zlib@openssh.com,zlib,none");
      }
    }
    session.connect(30000);
  }

  static ChannelSftp begin() throws Exception {
    ChannelSftp c = (ChannelSftp) session.openChannel("sftp");
    c.connect();
    return c;
  }

  static void channels(int count, String from, String to) throws Exception {
    List<Thread> all = new ArrayList<>();
    List<Exception> bad = Collections.synchronizedList(new ArrayList<>());

    for (int i = 0; i < count; i++) {
      ChannelSftp c = begin();
      String name = to + i;
      Thread one = new Thread(() -> {
        try {
          c.put(from, name);
        } catch (SftpException e) {
          bad.add(e);
        }
      });
      one.start();
      all.add(one);
    }
    for (Thread one : all) {
      one.join();
    }
    if (!bad.isEmpty()) {
      throw bad.get(0);
    }
  }

  /* Rekeys as often as IO_REKEY says; null: never.  For uploads: in a download
   * its thread that reads waits for the one that waits for the new keys.
   */
  static SftpProgressMonitor rekeying() {
    String each = System.getenv("IO_REKEY");

    return each == null ? null : new SftpProgressMonitor() {
      long seen;

      public void init(int op, String from, String to, long max) { }
      public void end() { }

      public boolean count(long n) {
        seen += n;
        if (seen >= Long.parseLong(each)) {
          seen = 0;
          try {
            session.rekey();
          } catch (Exception e) {
            return false;
          }
        }
        return true;
      }
    };
  }

  static void command(String[] w) throws Exception {
    switch (w[0]) {
      case "put": sftp.put(w[1], plain(w[2]), rekeying()); break;
      case "get": sftp.get(plain(w[1]), w[2]); break;
      case "reput": sftp.put(w[1], plain(w[2]), ChannelSftp.RESUME); break;
      case "reget":
        sftp.get(plain(w[1]), w[2], null, ChannelSftp.RESUME);
        break;
      case "ls":
        for (Object one : sftp.ls(plain(w[1]))) {
          System.out.println("NAME "
            + quote(((ChannelSftp.LsEntry) one).getFilename()));
        }
        break;
      case "stat":
        SftpATTRS st = sftp.stat(plain(w[1]));
        System.out.printf("STAT %d %o %d%n", st.getSize(),
          st.getPermissions() & 07777, st.getMTime());
        break;
      case "readlink":
        System.out.println("LINK " + quote(sftp.readlink(w[1])));
        break;
      case "symlink": sftp.symlink(w[1], w[2]); break;
      case "mkdir": sftp.mkdir(w[1]); break;
      case "rm": sftp.rm(plain(w[1])); break;
      case "rename": sftp.rename(plain(w[1]), plain(w[2])); break;
      case "chmod": sftp.chmod(Integer.parseInt(w[1], 8), w[2]); break;
      case "utime": sftp.setMtime(w[2], Integer.parseInt(w[1])); break;
      case "channels":
        channels(Integer.parseInt(w[1]), w[2], w[3]);
        break;
      default: throw new Exception("no command " + w[0]);
    }
  }

  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      System.out.println(new JSch().getSession("none").getClientVersion());
      return;
    }
    try {
      login();
      sftp = begin();
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        for (int i = 0; i < words.length; i++) {
          words[i] = unquote(words[i]);
        }
        command(words);
      }
      session.disconnect();
    } catch (Exception e) {
      System.err.println("ERROR: " + e);
      System.exit(1);
    }
    System.exit(0);
  }
}
