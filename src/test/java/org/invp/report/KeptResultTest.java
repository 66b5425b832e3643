package org.invp.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file in {@code eval/} is a result of ours, or somebody else's, which nothing replaces. */
class KeptResultTest {
  private static final String SCORES =
      "\"scores\": [{\"what\": \"a\", \"metric\": \"b\", \"value\": 1}]";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"protocol\": \"knn\"}",
        "{\"protocol\": \"../../x\", %s}",
        "{\"protocol\": \"a/b\", %s}",
        "{\"protocol\": 3, %s}",
        "{\"protocol\": \"other\", %s}",
      })
  void whatNoEvaluationWroteIsNotReplaced(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("knn.json"), text.formatted(SCORES));
    assertEquals(folder.resolve("knn-2.json"), KeptResult.place(folder, "knn", "knn"));
    Files.createDirectory(folder.resolve("knn-2.json"));
    assertEquals(folder.resolve("knn-3.json"), KeptResult.place(folder, "knn", "knn"));
    assertEquals(text.formatted(SCORES), Files.readString(file));
  }

  @Test
  void aResultOfTheProtocolIsReplacedAndANewNameTaken() throws IOException {
    assertEquals(folder.resolve("knn.json"), KeptResult.place(folder, "knn", "knn"));
    Files.writeString(folder.resolve("knn.json"), "{\"protocol\": \"knn\", %s}".formatted(SCORES));
    assertEquals(folder.resolve("knn.json"), KeptResult.place(folder, "knn", "knn"));
  }

  @Test
  void whatIsSetAsideTakesNobodysName() throws IOException {
    KeptResult kept = result("f".repeat(64));
    Path usual = folder.resolve("knn-network-ffffffff.json");
    assertEquals(usual, kept.setAsidePlace(folder));
    Files.writeString(usual, "mine");
    assertEquals(folder.resolve("knn-network-ffffffff-2.json"), kept.setAsidePlace(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abc", "../../../../../../../x"})
  void aDigestThatIsNoneIsNotKnown(String digest) throws IOException {
    KeptResult kept = result(digest);
    assertNull(kept.network());
    assertEquals(folder.resolve("knn-earlier-version.json"), kept.setAsidePlace(folder));
  }

  private KeptResult result(String digest) throws IOException {
    String text =
        "{\"protocol\": \"knn\", \"network\": {\"digest\": \"%s\"}, %s}".formatted(digest, SCORES);
    Path file = Files.writeString(folder.resolve("x.json"), text);
    assertTrue(KeptResult.read(file).isPresent());
    return KeptResult.read(file).orElseThrow();
  }
}
