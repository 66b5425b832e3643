package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The figures of README.md and docs are those of the results files; the script that holds them. */
class FiguresTest {
  private static final String RESULTS =
      """
      {"commit": "%s", "command": "make demo", "processor": "one", "date": "2026-11-24",
       "depends_on": ["code.txt"], "share": 0.78024, "seconds": 296.2, "met": false,
       "rows": [{"what": "a", "n": 1200, "more": 1}, {"what": "b", "n": 3}],
       "arms": {"x": {"n": 5}, "y": {"n": 6}}}
      """;

  @TempDir Path tree;

  @BeforeEach
  void makeATree() throws IOException {
    write("code.txt", "old");
    write("docs/results/demo.json", RESULTS.formatted("0123abc"));
  }

  @Test
  void everyPageShowsWhatItsResultsFilesSay() throws Exception {
    assertEquals("", errors(Path.of("").toAbsolutePath(), "--check"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          {demo.share:.2%};            78.02 %
          {demo.share:.1p};            78.0
          {demo.seconds:min};          4 min 56 s
          {demo.rows.0.n:,};           1,200
          {demo.rows.what=b.n};        3
          {demo.rows.1.more?};         -
          {demo.met:yes/no};           no
          ended at {demo.arms.x.n};    ended at 5
          """)
  void aTemplateIsFilledFromTheResultsFile(String template, String text) throws Exception {
    write("README.md", "It says <!-- figures: " + template + " -->old<!-- end -->.\n");

    assertEquals("", errors(tree));

    assertEquals(
        "It says <!-- figures: " + template + " -->" + text + "<!-- end -->.\n",
        Files.readString(tree.resolve("README.md")));
    assertEquals("", errors(tree, "--check"));
  }

  @Test
  void aLineIsRepeatedForEachElementOfAListOrAnObject() throws Exception {
    String template =
        """
        <!-- figures:
        | what | n |
        for r in demo.rows: | {r.what} | {r.n} |
        for a in demo.arms: | arm | {a.n} |
        -->
        """;
    write("docs/a/page.md", template + "<!-- end -->\n");

    assertEquals("", errors(tree));

    assertEquals(
        template
            + """

            | what | n |
            | a | 1200 |
            | b | 3 |
            | arm | 5 |
            | arm | 6 |

            <!-- end -->
            """,
        Files.readString(tree.resolve("docs/a/page.md")));
  }

  @Test
  void aTableThatHasNoRowIsLeftOut() throws Exception {
    write(
        "docs/results/demo.json",
        RESULTS.formatted("0123abc").replace("\"met\"", "\"none\": [], \"met\""));
    String template =
        """
        <!-- figures:
        | what | n |
        | --- | ---: |
        for r in demo.none: | {r.what} | {r.n} |

        | what | n |
        | --- | --- |
        for r in demo.rows: | {r.what} | {r.n} |
        -->
        """;
    write("docs/page.md", template + "<!-- end -->\n");

    assertEquals("", errors(tree));

    assertEquals(
        template
            + """


            | what | n |
            | --- | --- |
            | a | 1200 |
            | b | 3 |

            <!-- end -->
            """,
        Files.readString(tree.resolve("docs/page.md")));
  }

  @Test
  void aTableThatDiffersFromItsFileIsRefusedWithItsLineAndNotTouched() throws Exception {
    write("README.md", "\nIt has <!-- figures: {demo.rows.0.n} -->1201<!-- end --> rows.\n");

    assertEquals(
        "figures: README.md:2: differs from its results file; \"make docs\" writes it anew\n",
        errors(tree, "--check"));
    assertTrue(Files.readString(tree.resolve("README.md")).contains("1201"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          It takes 3.2 ms.;                              "3.2 ms" stands outside
          It reaches 78.02 % of it.;                     "78.02 %" stands outside
          About 690 images/s are trained.;               "690 images/s" stands outside
          It is 1.6 points better.;                      "1.6 points" stands outside
          It is 5.4 times faster.;                       "5.4 times faster" stands outside
          A <!-- figures: {demo.share} -->0.7;           a marker without its <!-- end -->
          An <!-- end --> alone.;                        an end of no marker
          A <!-- figure: {demo.share} --> marker.<!-- end -->;     an end of no marker
          A <!--figures: {demo.share} -->x.;             a marker that is none
          <!-- figures: {demo.share} -->x<!-- end --> s; must not begin a line
          A <!-- figures: {other.share} -->x<!-- end -->;  no results file is called other.json
          A <!-- figures: {demo.shore} -->x<!-- end -->; {demo.shore}: there is no shore
          A <!-- figures: {demo.rows} -->x<!-- end -->;  {demo.rows} is a list
          A <!-- figures: 78.02 % -->x<!-- end -->;      the template reads no results file
          A <!-- figures: {demo.command:.2%} -->x<!-- end -->;  cannot be written as '.2%'
          """)
  void whatIsWrongInAPageIsNamedWithItsLine(String text, String message) throws Exception {
    write("README.md", "# Title\n\n" + text + "\n");

    String errors = errors(tree, "--check");

    assertTrue(errors.startsWith("figures: README.md:3: "), errors);
    assertTrue(errors.contains(message), errors);
  }

  @Test
  void whatIsDeclaredAsGivenOrIsCodeMayStandOutsideOfResultsFiles() throws Exception {
    write(
        "README.md",
        """
        It uses <!-- given: the protocol -->1 % of the labels<!-- end -->, `--wait 3 s`, version 1.2.

            make demo    # 5 minutes

        ```
        3 ms <!-- figures: {no.file} -->
        ```
        """);

    assertEquals("", errors(tree, "--check"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          "0123abc";       "measured";      commit is 'measured'
          "command";       "cmd";           command is None
          "processor";     "machine";       processor is None
          "2026-11-24";    "24 November";   date is '24 November'
          ["code.txt"];    [];              depends_on is []
          ["code.txt"];    ["gone.txt"];    depends_on names gone.txt
          {"commit";       "commit";        not JSON
          """)
  void aResultsFileThatDoesNotSayWhereItComesFromIsRefused(
      String part, String instead, String message) throws Exception {
    write("bench/results/bad.json", RESULTS.formatted("0123abc").replace(part, instead));

    String errors = errors(tree, "--check");

    assertTrue(errors.startsWith("figures: bench/results/bad.json: " + message), errors);
  }

  @Test
  void figuresOlderThanTheirCodeAreNotedAndNoCheckLooksAtTheNote() throws Exception {
    write("README.md", "It has <!-- figures: {demo.rows.0.n} -->1200<!-- end --> rows.\n");
    commit("first");
    write("docs/results/demo.json", RESULTS.formatted(git("rev-parse", "--short=7", "HEAD")));
    commit("results");
    assertEquals("", errors(tree));
    Path note = tree.resolve("docs/results/STALE.md");
    assertTrue(Files.readString(note).contains("There are none."));

    write("code.txt", "new");
    commit("another speed");

    assertEquals("", errors(tree, "--check"));
    assertFalse(Files.readString(note).contains("another speed"));
    assertEquals("", errors(tree));
    assertTrue(Files.readString(note).contains("| `demo.json` | README.md | "));
    assertTrue(Files.readString(note).contains("another speed"));
  }

  private void write(String name, String content) throws IOException {
    Path file = tree.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private void commit(String message) throws Exception {
    git("init", "--quiet");
    git("add", "--all");
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", message);
  }

  private String git(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("git", "-C", tree.toString()));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.strip();
  }

  /** What the script says on standard error; it must succeed just when that is nothing. */
  private static String errors(Path root, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("python3", "scripts/figures.py", "--root", root.toString()));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(errors.isEmpty() ? 0 : 1, process.waitFor(), errors);
    return errors;
  }
}
