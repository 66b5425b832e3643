package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/reliability.md is a list of promises, each with tests that there are. */
class ReliabilityTest {
  private static final Path PAGE = Path.of("docs", "reliability.md");
  private static final Path TESTS = Path.of("src", "test", "java");
  private static final Pattern HOLDER = Pattern.compile("`([^`]+)`");

  @Test
  void everyPromiseNamesTestsThatExist() throws IOException {
    Map<String, String> sources = sources();
    String makefile = Files.readString(Path.of("Makefile"));
    List<String> missing =
        promises().stream()
            .flatMap(promise -> holders(promise).stream())
            .distinct()
            .filter(holder -> !exists(holder, sources, makefile))
            .toList();
    assertEquals(List.of(), missing);
  }

  @Test
  void thereIsNothingButPromises() throws IOException {
    List<String> others =
        Files.readAllLines(PAGE).stream()
            .skip(4) // Its title and what it is.
            .filter(line -> !line.isBlank() && !line.startsWith("#") && !line.startsWith("|"))
            .toList();
    assertEquals(
        List.of("Each ends with one line and exit code 1, and the last checkpoint is whole."),
        others);
    for (String promise : promises()) {
      assertEquals(2, columns(promise).size(), promise);
      assertTrue(!holders(promise).isEmpty(), promise);
    }
  }

  /** The rows of all tables, without their heads. */
  private static List<String> promises() throws IOException {
    List<String> rows =
        Files.readAllLines(PAGE).stream()
            .filter(line -> line.startsWith("|"))
            .filter(line -> !line.equals("| promise | held by |") && !line.startsWith("| ---"))
            .toList();
    assertTrue(rows.size() > 20, rows::toString);
    return rows;
  }

  private static List<String> columns(String row) {
    return List.of(row.substring(1, row.lastIndexOf('|')).split("\\|"));
  }

  private static List<String> holders(String row) {
    return HOLDER.matcher(columns(row).getLast()).results().map(found -> found.group(1)).toList();
  }

  private static boolean exists(String holder, Map<String, String> sources, String makefile) {
    if (holder.startsWith("make ")) {
      return makefile.contains("\n" + holder.substring("make ".length()) + ":");
    }
    String[] words = holder.split("\\.");
    String source = sources.get(words[0]);
    return source != null && (words.length == 1 || source.contains("void " + words[1] + "("));
  }

  /** The tests by the names of their classes. */
  private static Map<String, String> sources() throws IOException {
    try (Stream<Path> files = Files.walk(TESTS)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .collect(
              Collectors.toMap(
                  file -> file.getFileName().toString().replace(".java", ""),
                  ReliabilityTest::read,
                  String::concat));
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
