package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunVerdictTest {
  private static final String LOW =
      "{\"final\":true,\"pixel_knn\":0.8,\"untrained_knn\":0.6,\"embedding_knn\":0.7,"
          + "\"backbone_knn\":0.75}";

  @TempDir Path folder;

  @BeforeEach
  void writeSettings() throws IOException {
    Files.writeString(
        folder.resolve("config.yaml"), "data: {format: idx, path: d}\nevaluation: {k: 30}\n");
  }

  @Test
  void aRunThatIsNotCompleteHasNone() throws IOException {
    assertEquals(Optional.empty(), RunVerdict.read(folder));
    assertEquals(Optional.empty(), read("{\"epoch\":1,\"loss_ins\":2}", "{\"final\":tr"));
  }

  @Test
  void aRunOfAnOlderVersionIsJudgedAtItsOneK() throws IOException {
    assertEquals(
        List.of(
            "The trained embedding (70.0 % at k = 30) falls below raw pixels (80.0 % at k = 30) by"
                + " 10.0 points but beats the untrained network (60.0 % at k = 30) by 10.0 points;"
                + " the trained backbone (75.0 % at k = 30) falls below raw pixels by 5.0 points but"
                + " beats the untrained network by 15.0 points.",
            "Nothing that was measured while it trained says why."),
        read(LOW).orElseThrow().sentences());
  }

  @Test
  void accuraciesByKAndClassesAreTakenFromTheLastLine() throws IOException {
    String byK = "{\"1\":%s,\"30\":%s}";
    String last =
        "{\"final\":true,\"embedding_knn\":0.7,\"embedding_knn_by_k\":"
            + byK.formatted(0.9, 0.7)
            + ",\"backbone_knn_by_k\":"
            + byK.formatted(0.7, 0.8)
            + ",\"pixel_knn_by_k\":"
            + byK.formatted(0.5, 0.6)
            + ",\"untrained_knn_by_k\":"
            + byK.formatted(0.3, 0.2)
            + ",\"untrained_backbone_knn_by_k\":"
            + byK.formatted(0.4, 0.2)
            + ",\"classes\":%d}";
    assertEquals(
        "The trained embedding (90.0 % at k = 1) beats raw pixels (60.0 % at k = 30) by 30.0 points"
            + " and the untrained network (40.0 % at k = 1) by 50.0 points; the trained backbone"
            + " (80.0 % at k = 30) beats raw pixels by 20.0 points and the untrained network by 40.0"
            + " points.",
        read(last.formatted(10)).orElseThrow().sentences().get(0));
    assertTrue(read(last.formatted(1)).orElseThrow().text().startsWith("There is no verdict"));
  }

  @Test
  void theCausesAreThoseOfTheLastEpoch() throws IOException {
    String epoch =
        "{\"epoch\":%d,\"loss_ins\":5.0,\"invariance_weight\":%s,\"embedding_cosine\":%s,"
            + "\"staleness\":%s,\"positives_right\":%s}";
    String good = epoch.formatted(1, 0.6, 0.1, 0.9, 0.9);
    String bad = epoch.formatted(2, 0.6, 0.96, 0.2, 0.3);
    assertEquals(1 + 3, read(good, bad, LOW).orElseThrow().sentences().size());
    assertEquals(1 + 1, read(bad, good, LOW).orElseThrow().sentences().size());
    String weightless = epoch.formatted(2, 0.0, 0.1, 0.9, 0.3);
    assertTrue(read(weightless, LOW).orElseThrow().text().contains("Nothing that was measured"));
  }

  @Test
  void aLossFallsIfItDoesOverTheLastQuarter() throws IOException {
    assertTrue(falls(9, 8, 8, 8, 8, 8, 7.95, 7.9));
    assertFalse(falls(9, 8, 7, 7, 7, 7, 7, 6.98));
    assertFalse(falls(9, 8, 7, 7, 7, 7, 7, 7.5));
    assertTrue(falls(9, 8));
    assertFalse(falls(9));
  }

  private boolean falls(double... losses) throws IOException {
    String[] lines = new String[losses.length + 1];
    for (int i = 0; i < losses.length; i++) {
      lines[i] = "{\"epoch\":%d,\"loss_ins\":%s}".formatted(i + 1, losses[i]);
    }
    lines[losses.length] = LOW;
    return read(lines).orElseThrow().text().contains("the loss was still falling");
  }

  private Optional<Verdict> read(String... lines) throws IOException {
    Files.write(folder.resolve("metrics.jsonl"), List.of(lines));
    return RunVerdict.read(folder);
  }
}
