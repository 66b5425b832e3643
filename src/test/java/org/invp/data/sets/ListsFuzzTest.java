package org.invp.data.sets;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.invp.fuzz.Outside;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.MethodSource;

/** The small files beside the images: annotations, and lists that name images. */
class ListsFuzzTest {
  private static Outside outside;

  @BeforeAll
  static void makeFolder() {
    outside = new Outside();
  }

  @AfterAll
  static void removeFolder() {
    outside.close();
  }

  @MethodSource("org.invp.fuzz.Seeds#annotations")
  @FuzzTest
  void vocAnnotation(byte[] file) {
    Path path = outside.write("000001.xml", file);
    outside.holds(file.length, () -> VocAnnotation.read(path, List.of("cat", "dog")));
  }

  @MethodSource("org.invp.fuzz.Seeds#names")
  @FuzzTest
  void namesOfImages(byte[] file) {
    String name = new String(file, StandardCharsets.UTF_8);
    Path root = outside.folder().toAbsolutePath().normalize();
    LabelledFiles files = new LabelledFiles(outside.folder());
    outside.holds(
        file.length,
        () -> {
          files.add(name, 0, "list.txt, line 1");
          for (String accepted : files.files()) {
            Path path = root.resolve(accepted).normalize();
            assertTrue(path.startsWith(root) && !path.equals(root), () -> path + " escapes");
          }
        });
  }

  @MethodSource("org.invp.fuzz.Seeds#lines")
  @FuzzTest
  void lines(byte[] file) {
    Path path = outside.write("list.txt", file);
    outside.holds(
        file.length,
        () -> {
          for (TextLines.Line line : TextLines.read(path, "a list")) {
            line.integer(line.words(2, "a number and a name")[0], 1, 200, "the class");
          }
        });
  }
}
