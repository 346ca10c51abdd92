/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* The commands of t/interop (see its README) with Apache MINA SSHD, in the
 * version of SFTP that IO_VERSION says, else in the highest of both; and
 * "sum ALGORITHM PATH" and "copy FROM TO", extensions of its own.
 */

import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.*;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.compression.BuiltinCompressions;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.sftp.client.*;
import org.apache.sshd.sftp.client.SftpClient.*;
import org.apache.sshd.sftp.client.extensions.*;

public class IoMina {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  static ClientSession session;
  static SftpClient sftp;

  static String quote(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8)
      .replace("+", "%20");
  }

  static String unquote(String word) {
    return URLDecoder.decode(word.replace("+", "%2B"),
      StandardCharsets.UTF_8);
  }

  static void login() throws Exception {
    SshClient client = SshClient.setUpDefaultClient();
    String key = System.getenv("IO_KEY");

    client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
    if (System.getenv("IO_COMPRESS") != null) {
      client.setCompressionFactories(List.of(BuiltinCompressions.delayedZlib));
    }
    if (key != null) {
      client.setKeyIdentityProvider(new FileKeyPairProvider(Paths.get(key)));
    }
    client.start();
    session = client.connect(System.getenv("IO_USER"),
      System.getenv("IO_HOST"), Integer.parseInt(System.getenv("IO_PORT")))
      .verify(PATIENCE).getSession();
    if (key == null) {
      session.addPasswordIdentity(System.getenv("IO_PASSWORD"));
    }
    session.auth().verify(PATIENCE);
  }

  static SftpClient begin() throws Exception {
    String version = System.getenv("IO_VERSION");

    return SftpClientFactory.instance().createSftpClient(session,
      version == null ? SftpVersionSelector.MAXIMUM
      : SftpVersionSelector.fixedVersionSelector(Integer.parseInt(version)));
  }

  static void put(SftpClient client, String from, String to)
      throws IOException {
    try (OutputStream out = client.write(to)) {
      Files.copy(Paths.get(from), out);
    }
  }

  static void reput(String from, String to) throws Exception {
    byte[] data = new byte[32768];

    try (RandomAccessFile in = new RandomAccessFile(from, "r");
        CloseableHandle out = sftp.open(to, EnumSet.of(OpenMode.Write))) {
      long at = sftp.stat(out).getSize();
      in.seek(at);
      for (int n = in.read(data); n > 0; n = in.read(data)) {
        sftp.write(out, at, data, 0, n);
        at += n;
      }
    }
  }

  static void reget(String from, String to) throws Exception {
    byte[] data = new byte[32768];

    try (RandomAccessFile out = new RandomAccessFile(to, "rw");
        CloseableHandle in = sftp.open(from, EnumSet.of(OpenMode.Read))) {
      long at = out.length();
      out.seek(at);
      for (int n = sftp.read(in, at, data, 0, data.length); n > 0;
          n = sftp.read(in, at, data, 0, data.length)) {
        out.write(data, 0, n);
        at += n;
      }
    }
  }

  static void channels(int count, String from, String to) throws Exception {
    List<Thread> all = new ArrayList<>();
    List<Exception> bad = Collections.synchronizedList(new ArrayList<>());

    for (int i = 0; i < count; i++) {
      SftpClient one = begin();
      String name = to + i;
      Thread thread = new Thread(() -> {
        try {
          put(one, from, name);
        } catch (IOException e) {
          bad.add(e);
        }
      });
      thread.start();
      all.add(thread);
    }
    for (Thread thread : all) {
      thread.join();
    }
    if (!bad.isEmpty()) {
      throw bad.get(0);
    }
  }

  static void sum(String algorithm, String path) throws Exception {
    for (byte[] one : sftp.getExtension(CheckFileNameExtension.class)
        .checkFileName(path, List.of(algorithm), 0, 0, 0).getValue()) {
      StringBuilder text = new StringBuilder();
      for (byte b : one) {
        text.append(String.format("%02x", b));
      }
      System.out.println("NAME " + text);
    }
  }

  static void rename(String from, String to) throws Exception {
    if (sftp.getVersion() >= 5) {
      sftp.rename(from, to, CopyMode.Overwrite);
    } else {
      sftp.rename(from, to);
    }
  }

  static void command(String[] w) throws Exception {
    switch (w[0]) {
      case "put": put(sftp, w[1], w[2]); break;
      case "get":
        try (InputStream in = sftp.read(w[1])) {
          Files.copy(in, Paths.get(w[2]), StandardCopyOption.REPLACE_EXISTING);
        }
        break;
      case "reput": reput(w[1], w[2]); break;
      case "reget": reget(w[1], w[2]); break;
      case "ls":
        for (DirEntry one : sftp.readDir(w[1])) {
          System.out.println("NAME " + quote(one.getFilename()));
        }
        break;
      case "stat":
        Attributes st = sftp.stat(w[1]);
        System.out.printf("STAT %d %o %d%n", st.getSize(),
          st.getPermissions() & 07777,
          st.getModifyTime().toMillis() / 1000);
        break;
      case "readlink":
        System.out.println("LINK " + quote(sftp.readLink(w[1])));
        break;
      case "symlink": sftp.symLink(w[2], w[1]); break;
      case "mkdir": sftp.mkdir(w[1]); break;
      case "rm": sftp.remove(w[1]); break;
      case "rename": rename(w[1], w[2]); break;
      case "chmod":
        sftp.setStat(w[2], new Attributes().perms(Integer.parseInt(w[1], 8)));
        break;
      case "utime":
        FileTime time = FileTime.fromMillis(Long.parseLong(w[1]) * 1000);
        sftp.setStat(w[2], new Attributes().accessTime(time)
          .modifyTime(time));
        break;
      case "channels":
        channels(Integer.parseInt(w[1]), w[2], w[3]);
        break;
      case "sum": sum(w[1], w[2]); break;
      case "copy":
        sftp.getExtension(CopyFileExtension.class).copyFile(w[1], w[2], true);
        break;
      default: throw new Exception("no command " + w[0]);
    }
  }

  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      System.out.println(SshClient.setUpDefaultClient().getVersion());
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
      sftp.close();
      session.close();
    } catch (Exception e) {
      System.err.println("ERROR: " + e);
      System.exit(1);
    }
    System.exit(0);
  }
}
