package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What we pass on comes with its license: NOTICE names the texts of the folder licenses. */
class LicensesTest {
  private static final Path TEXTS = Path.of("licenses");

  @Test
  void noticeNamesEveryTextAndNoOther() throws IOException {
    Set<String> named =
        Pattern.compile("\\S+\\.txt")
            .matcher(notice())
            .results()
            .map(MatchResult::group)
            .collect(Collectors.toCollection(TreeSet::new));
    try (Stream<Path> texts = Files.list(TEXTS)) {
      assertEquals(
          texts
              .map(text -> text.getFileName().toString())
              .collect(Collectors.toCollection(TreeSet::new)),
          named);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "oneDNN",
        "FBGEMM",
        "XNNPACK",
        "Kineto",
        "SLEEF",
        "protobuf",
        "libuv",
        "fmt",
        "Gloo",
        "TensorPipe",
        "ONNX",
        "FlatBuffers",
        "libgomp",
        "libquadmath",
        "libgfortran",
        "libjpeg-turbo",
        "Highway",
        "OpenBLAS",
        "Logback",
        "SLF4J",
        "JLine",
        "liblinear"
      })
  void theTextsOfALibrarysLicenseAreNamedBesideIt(String library) throws IOException {
    String entry =
        Stream.of(notice().split("\n(?=  \\S|\\S)"))
            .filter(part -> part.matches("(?s) *([^ \n]+, )?" + Pattern.quote(library) + "\\b.*"))
            .findFirst()
            .orElseThrow();
    Set<String> texts =
        Pattern.compile("\\S+\\.txt")
            .matcher(entry)
            .results()
            .map(MatchResult::group)
            .collect(Collectors.toSet());
    assertTrue(!texts.isEmpty(), entry);
    for (String text : texts) {
      assertTrue(Files.size(TEXTS.resolve(text)) > 400, text);
    }
  }

  /** The notice is in the jars as well, the texts beside it. */
  @Test
  void theJarsHaveNoticeAndTexts() {
    for (String resource : Set.of("NOTICE", "LICENSE", "licenses/pytorch.txt")) {
      assertTrue(getClass().getResource("/META-INF/" + resource) != null, resource);
    }
  }

  private static String notice() throws IOException {
    return Files.readString(Path.of("NOTICE"));
  }
}
