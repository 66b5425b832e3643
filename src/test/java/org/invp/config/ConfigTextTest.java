package org.invp.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.invp.data.FormatOptions.Lists;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Text stays text, and what stands in a file means what YAML 1.2 says. */
@Tag("slow")
class ConfigTextTest {
  private static final int DRAWN = 2000;
  private static final int LONGEST = 12;

  /** What has a meaning of its own somewhere; add what else might. */
  private static final List<String> PECULIAR =
      List.of(
          "1.10",
          "1.1",
          "010",
          "0x10",
          "0o10",
          "0b1",
          "1e3",
          "1_000",
          "12:30:45",
          "2024-01-01",
          "yes",
          "No",
          "on",
          "OFF",
          "y",
          "n",
          "true",
          "null",
          "~",
          ".inf",
          "-.INF",
          ".nan",
          "NaN",
          "set #2",
          "#",
          "a: b",
          "a:",
          ": a",
          "- a",
          "-",
          "---",
          "...",
          "? a",
          "& a",
          "*a",
          "!a",
          "!!str a",
          "|",
          ">",
          "%a",
          "@a",
          "`a`",
          "{a: b}",
          "[a, b]",
          "a, b",
          "<<",
          "=",
          "'",
          "\"",
          "it's",
          "say \"so\"",
          "\\",
          "\\n",
          " leading",
          "trailing ",
          "a\nb",
          "a\n",
          "\ta",
          "a\tb",
          "a\r\nb",
          "\u0085",
          "\u2028",
          "\ufeff",
          "\u0001",
          "\u007f",
          "ünïcödé",
          "日本",
          "😀",
          "İı",
          "a".repeat(300),
          "x y ".repeat(60) + "z",
          "/a/b.c",
          "C:\\data",
          "\ud83d\ude00 #");

  /** Parts of which texts are drawn. */
  private static final List<String> PARTS =
      List.of(
          "a", "Z", "0", "1", "9", ".", "-", "_", "+", " ", "  ", "#", " #", ":", ": ", ",", "'",
          "\"", "\\", "/", "{", "}", "[", "]", "&", "*", "!", "|", ">", "%", "@", "`", "~", "?",
          "=", "<<", "\n", "\r", "\t", "e", "x", "o", "\u0085", "\u00a0", "\u2029", "\ufeff", "é",
          "ı", "語", "😀", "\u0007", "\u009f", "\ufffe");

  @TempDir Path folder;

  static Stream<String> texts() {
    Random random = new Random(16);
    Stream<String> drawn =
        Stream.generate(
                () -> {
                  StringBuilder text = new StringBuilder();
                  for (int left = 1 + random.nextInt(LONGEST); left > 0; left--) {
                    text.append(PARTS.get(random.nextInt(PARTS.size())));
                  }
                  return text.toString();
                })
            .limit(DRAWN);
    return Stream.concat(PECULIAR.stream(), drawn);
  }

  /** One test for all: a line in the report for each would be thousands. */
  @Test
  void everyTextOfEverySettingComesBackFromWhatIsWritten() {
    texts()
        .forEach(
            text -> {
              TrainingConfig config = given(text);
              assertEquals(text, config.data().path());
              TrainingConfig back = ConfigFile.parse("x.yaml", ConfigFile.write(config), List.of());
              assertEquals(config, back, () -> ConfigFile.write(config));
              assertEquals(
                  config, ConfigFile.parseRun("x.yaml", ConfigFile.write(config), List.of()));
            });
  }

  @Test
  void anOptionGivesATextAsItIs() {
    texts()
        .filter(text -> !text.strip().startsWith("'") && !text.strip().startsWith("\""))
        .forEach(
            text -> {
              TrainingConfig config =
                  ConfigFile.parse("x.yaml", "data: {format: idx}", List.of("data.path=" + text));
              assertEquals(text, config.data().path());
            });
    assertEquals(
        "1.10",
        ConfigFile.parse("x.yaml", "data: {format: idx}", List.of("data.path=\"1.10\""))
            .data()
            .path());
  }

  /** The text in every text setting of a format that has several. */
  private static TrainingConfig given(String text) {
    String quoted = YamlWriter.write(new Lists(text, text, text, text));
    assertTrue(quoted.startsWith("list:"), quoted);
    String yaml = "data:\n  format: list\n  path: X\n" + quoted.indent(2);
    return ConfigFile.parse("x.yaml", yaml, List.of("data.path=" + inQuotes(text)));
  }

  private static String inQuotes(String text) {
    String line = YamlWriter.write(new Lists(text, "", "", null));
    return line.substring("list: ".length(), line.indexOf("\ntest_list"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.10", "010", "0x10", "1e3", "true", "12"})
  void whatIsNoTextIsRefusedWithTheQuotesToAdd(String value) {
    ConfigException failure =
        assertThrows(
            ConfigException.class, () -> parse("data: {format: idx, path: " + value + "}"));
    assertEquals(
        "x.yaml, line 1: data.path is %1$s, allowed: a text; if it is meant as one, \"%1$s\""
            .formatted(value),
        failure.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"010,10", "0x10,16", "0o10,8", "+7,7"})
  void numbersAreThoseOfYaml12(String written, int meant) {
    TrainingConfig config =
        parse("data: {format: idx, path: p}\ntraining: {epochs: " + written + "}");
    assertEquals(meant, config.training().epochs());
  }

  @Test
  void anAliasMeansWhatItsAnchorNames() {
    TrainingConfig config =
        parse(
            """
            data: {format: idx, path: &p "1.10"}
            training: {epochs: &n 12, batch_size: *n}
            augmentation: &a {mean: [0.5], std: [0.5]}
            """);
    assertEquals(12, config.training().batchSize());
    assertEquals("1.10", config.data().path());
  }

  @Test
  void aMergedMappingGivesTheKeysThatAreNotWritten() {
    TrainingConfig config =
        parse(
            """
            data: {format: idx, path: p}
            optimizer: &o {momentum: 0.5, learning_rate: 0.1}
            training:
              epochs: 7
              <<: {epochs: 9, batch_size: 11}
            """);
    assertEquals(7, config.training().epochs());
    assertEquals(11, config.training().batchSize());
  }

  @Test
  void aSectionThatAnOptionGivesSetsTheKeysThatItHas() {
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml",
            "data: {format: idx, path: p, limit: 7, workers: 3}",
            List.of("data={limit: 8, path: q}", "optimizer={momentum: 0.5}"));
    assertEquals("q", config.data().path());
    assertEquals(8, config.data().limit());
    assertEquals(3, config.data().workers());
    assertEquals(0.5, config.optimizer().momentum());
  }

  @Test
  void otherDialectsAreRefused() {
    assertEquals(
        "x.yaml: YAML 1.1 is asked for, allowed: 1.2",
        assertThrows(ConfigException.class, () -> parse("%YAML 1.1\n---\nseed: 1\n")).getMessage());
    assertEquals(3, parse("%YAML 1.2\n---\ndata: {format: idx, path: p}\nseed: 3").seed());
  }

  @ParameterizedTest
  @MethodSource("otherEncodings")
  void aFileThatIsNotUtf8IsNamedWithItsLine(byte[] bytes, int line) throws IOException {
    Path file = Files.write(folder.resolve("x.yaml"), bytes);
    assertEquals(
        "%s, line %d: not UTF-8; save the file in that encoding".formatted(file, line),
        assertThrows(ConfigException.class, () -> ConfigFile.read(file, List.of())).getMessage());
  }

  static Stream<Arguments> otherEncodings() {
    String text = "seed: 1\ndata: {format: idx, path: é}\n";
    return Stream.of(
        Arguments.of(text.getBytes(StandardCharsets.ISO_8859_1), 2),
        Arguments.of(text.getBytes(StandardCharsets.UTF_16), 1));
  }

  @Test
  void aByteOrderMarkIsNoPartOfTheFirstKey() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("x.yaml"), "\ufeffseed: 3\ndata: {format: idx, path: p}\n");
    assertEquals(3, ConfigFile.read(file, List.of()).seed());
  }

  private static TrainingConfig parse(String yaml) {
    return ConfigFile.parse("x.yaml", yaml, List.of());
  }
}
