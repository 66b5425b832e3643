package org.invp.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A source file of ours: a C header, or what was generated from one. */
record Header(Path path) {

  /** The value of a {@code #define} with an integer. */
  int constant(String name) {
    Pattern define = Pattern.compile("(?m)^#define " + Pattern.quote(name) + " (-?\\d+)\\b");
    Matcher matcher = define.matcher(new String(bytes(), StandardCharsets.UTF_8));
    if (!matcher.find()) {
      throw new AssertionError(path + " defines no " + name);
    }
    return Integer.parseInt(matcher.group(1));
  }

  /** The SHA-256 of the file, in hexadecimal. */
  String sha256() {
    return sha256(bytes());
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private byte[] bytes() {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
