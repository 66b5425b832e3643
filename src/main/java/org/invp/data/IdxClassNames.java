package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * What the classes of an IDX data set are called, which its files do not say: the lines of {@code
 * classes.txt} beside them, in the order of the labels; else the names of a known data set, told by
 * the SHA-256 of a split's labels; else their numbers.
 */
final class IdxClassNames {
  private static final String FILE = "classes.txt";

  /** As Xiao, Rasul and Vollgraf, Fashion-MNIST (2017), list them. */
  private static final List<String> FASHION_MNIST =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  /** Names by the digest of the labels: Fashion-MNIST's training images and its test images. */
  private static final Map<String, List<String>> KNOWN =
      Map.of(
          "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
          FASHION_MNIST,
          "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
          FASHION_MNIST);

  private IdxClassNames() {}

  /**
   * The names.
   *
   * @param labelFile beside which {@code classes.txt} is looked for
   * @param labels the file's content
   * @param classes how many there are
   * @throws InvalidDataException if {@code classes.txt} has another number of names
   */
  static List<String> of(Path labelFile, byte[] labels, int classes) {
    Path file = labelFile.resolveSibling(FILE);
    if (Files.exists(file)) {
      return read(file, classes);
    }
    List<String> known = KNOWN.get(sha256(labels));
    return known != null && known.size() == classes
        ? known
        : IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }

  private static List<String> read(Path file, int classes) {
    List<String> names;
    try {
      names =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(name -> !name.isEmpty())
              .toList();
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", file, IoErrors.reason(e)), e);
    }
    if (names.size() != classes) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d names, one a line, but the data set has %d classes",
              file, names.size(), classes));
    }
    return names;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
