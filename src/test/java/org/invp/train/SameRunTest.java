package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several ranks, as threads of this process over Gloo, of which one may be unlike the others. */
class SameRunTest {
  @TempDir Path temp;

  @BeforeEach
  void data() {
    TinyRun.writeData(temp.resolve("data"));
    TinyRun.writeData(temp.resolve("copy"));
  }

  @ParameterizedTest
  @CsvSource({
    "seed, 4, 3",
    "objective.negatives, 11, 12",
    "training.graph, epoch, lazy",
    "data.draw, first, sample",
    "evaluation.every, 3, 1"
  })
  void aSettingThatDiffersIsNamedOnEveryRank(String key, String odd, String common)
      throws Exception {
    String expected = "the ranks differ: %s is %s on rank 0 and %s on rank 2;";
    for (String line : failures("data", key + "=" + odd)) {
      assertTrue(line.startsWith(expected.formatted(key, common, odd)), line);
    }
  }

  @Test
  void imagesThatOneRankAloneHoldsOutAreNamed() throws Exception {
    for (String line : failures("data", "evaluation.split=held-out", "evaluation.held_out=4")) {
      assertTrue(line.contains("evaluation.held_out is 0 on rank 0 and 4 on rank 2;"), line);
    }
  }

  @Test
  void theFirstOfSeveralIsNamed() throws Exception {
    List<String> lines =
        failures("copy", "training.threads=2", "optimizer.momentum=0.8", "training.epochs=9");
    for (String line : lines) {
      assertTrue(line.contains("optimizer.momentum is 0.9 on rank 0 and 0.8 on rank 2"), line);
    }
  }

  @Test
  void aCopyOfTheDataAndOtherThreadsAreNoDifference() throws Exception {
    List<Integer> passed =
        Ranks.run(
            3,
            group -> {
              boolean odd = group.rank() == 2;
              require(
                  group,
                  config(
                      odd ? "copy" : "data",
                      "training.threads=" + (odd ? 2 : 1),
                      "data.workers=" + (odd ? 1 : 2)));
              return group.rank();
            });
    assertEquals(List.of(0, 1, 2), passed);
  }

  @ParameterizedTest
  @CsvSource({
    "train-images-idx3-ubyte, the training set",
    "train-labels-idx1-ubyte, the training set",
    "t10k-images-idx3-ubyte, the test set",
    "t10k-labels-idx1-ubyte, the test set"
  })
  void aByteThatDiffersInTheDataIsFound(String file, String named) throws Exception {
    Path path = temp.resolve("copy").resolve(file);
    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 1] ^= 1;
    Files.write(path, bytes);
    for (String line : failures("copy")) {
      assertTrue(line.contains(named + " is ") && line.contains(" on rank 2;"), line);
    }
  }

  /** What each of three ranks throws, of which the last has this data and these settings. */
  private List<String> failures(String data, String... overrides) throws Exception {
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    Ranks.run(
        3,
        group -> {
          TrainingConfig own = group.rank() == 2 ? config(data, overrides) : config("data");
          lines.add(assertThrows(ConfigException.class, () -> require(group, own)).getMessage());
          return null;
        });
    assertEquals(1, lines.stream().distinct().count(), lines::toString);
    assertEquals(3, lines.size());
    return lines;
  }

  private static void require(ProcessGroup group, TrainingConfig config) {
    try (RunImages images = RunImages.open(config)) {
      SameRun.require(group, config, images);
    }
  }

  private TrainingConfig config(String data, String... overrides) {
    return ConfigFile.parse("test", TinyRun.yaml(temp.resolve(data)), List.of(overrides));
  }
}
