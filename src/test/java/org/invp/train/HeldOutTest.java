package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ForwardingDataset;
import org.invp.data.ImageBuffer;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.eval.KnnEvaluation;
import org.invp.io.Safetensors;
import org.invp.nn.Network;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose epochs are judged on training images that are held out of training. */
@Tag("slow")
class HeldOutTest {
  private static final String LIMIT = "data.limit=14";
  private static final String SPLIT = "evaluation.split=held-out";
  private static final String HELD_OUT = "evaluation.held_out=8";

  /** Batches of four of the 14 images. */
  private static final int BATCHES = 4;

  @TempDir static Path shared;
  private static Path data;
  private static Path heldOut;
  private static Path plain;

  @TempDir Path temp;

  @BeforeAll
  static void trainWithAndWithoutASplit() {
    data = TinyRun.writeData(shared.resolve("data"));
    heldOut = shared.resolve("held-out");
    plain = shared.resolve("plain");
    assertEquals(Outcome.COMPLETE, train(heldOut, split(), -1));
    assertEquals(Outcome.COMPLETE, train(plain, config(LIMIT), -1));
  }

  @Test
  void underALimitTheSplitChangesNoBitOfWhatIsLearned() {
    try (Checkpoint with = Checkpoint.read(heldOut.resolve("checkpoint.safetensors"));
        Checkpoint without = Checkpoint.read(plain.resolve("checkpoint.safetensors"))) {
      assertEquals(
          without.metadata().get(Safetensors.CHECKSUM), with.metadata().get(Safetensors.CHECKSUM));
    }
  }

  @Test
  void theTestScoresAtTheEndAreThoseOfARunWithoutASplit() throws IOException {
    JsonNode with = last(heldOut);
    JsonNode without = last(plain);
    for (String key :
        List.of("pixel_knn", "untrained_knn", "embedding_knn", "backbone_knn", "embedding_top5")) {
      assertTrue(with.get(key).isNumber(), key);
      assertEquals(without.get(key), with.get(key), key);
    }
    assertTrue(without.get("held_out_embedding_knn").isNull());
    assertTrue(without.get("held_out_backbone_knn").isNull());
  }

  @Test
  void theScoresOnHeldOutImagesAreThoseThatTheNetworkHasThere() throws IOException {
    TrainingConfig config = split();
    try (RunImages images = RunImages.open(config);
        BankEngine engine = BankEngine.cpu(1);
        Network network = Network.load(heldOut.resolve("weights.safetensors"));
        Checkpoint checkpoint = Checkpoint.read(heldOut.resolve("checkpoint.safetensors"));
        MemoryBank bank = MemoryBank.create(14, 6, engine)) {
      KnnEvaluation knn =
          new KnnEvaluation(
              engine,
              images.train(),
              images.judged(),
              Setup.knnProtocol(config),
              ProcessGroup.alone(),
              () -> {});
      KnnEvaluation.NetworkResults expected = knn.bothOutputs(network);
      assertEquals(
          expected.embedding().accuracy().top1(),
          last(heldOut).get("held_out_embedding_knn").asDouble());
      assertEquals(
          expected.backbone().accuracy().top1(),
          last(heldOut).get("held_out_backbone_knn").asDouble());
      checkpoint.copyBank(bank.embeddings());
      List<JsonNode> lines = metrics(heldOut);
      assertEquals(
          knn.againstBank(network, bank).accuracy().top1(),
          lines.get(lines.size() - 2).get("bank_knn").asDouble());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, BATCHES, BATCHES + 1, 3 * BATCHES})
  void aRunThatIsStoppedAndResumedEndsWithTheSameBits(int step) throws IOException {
    assertEquals(Outcome.STOPPED, train(temp, split(), step));
    assertEquals(Outcome.COMPLETE, train(temp, split(), -1));
    assertSameRun();
  }

  @Test
  void aRunThatIsStoppedWhileItEvaluatesEndsWithTheSameBits() throws IOException {
    for (String phase : List.of("kNN", "trained", "held-out", "untrained", "pixels")) {
      assertEquals(Outcome.STOPPED, TinyRun.train(temp, split(), new Stopper(-1, phase)), phase);
    }
    assertEquals(Outcome.COMPLETE, train(temp, split(), -1));
    assertSameRun();
  }

  @Test
  void theTestImagesAreReadAtTheEndOnly() {
    TrainingConfig config = split();
    AtomicInteger reads = new AtomicInteger();
    List<Integer> before = new ArrayList<>();
    Stopper listener =
        new Stopper(-1, null) {
          @Override
          public void epochDone(EpochMetrics metrics) {
            before.add(reads.get());
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(temp, Existing.REFUSE);
        Trainer trainer =
            new Trainer(
                config,
                folder,
                new RunImages(images.train(), images.judged(), counting(images.test(), reads)),
                listener.stop(),
                listener)) {
      assertEquals(Outcome.COMPLETE, trainer.run());
    }
    assertEquals(List.of(0, 0, 0), before);
    assertTrue(reads.get() > 0);
  }

  @Test
  void anotherSplitIsRefusedOnResume() {
    train(temp, split(), 2);
    assertThrows(ConfigException.class, () -> train(temp, config(LIMIT), -1));
  }

  @Test
  void ranksShareTheJudgingToo() throws Exception {
    TrainingConfig config = split();
    Ranks.run(
        2,
        group -> {
          Stopper listener = new Stopper(-1, null);
          try (RunImages images = RunImages.open(config);
              RunFolder folder =
                  group.rank() == 0
                      ? RunFolder.open(temp, Existing.REFUSE)
                      : RunFolder.ofRankZero(temp)) {
            group.barrier();
            try (Trainer trainer =
                new Trainer(config, folder, images, group, listener.stop(), listener)) {
              return trainer.run();
            }
          }
        });
    JsonNode last = last(temp);
    assertTrue(last.get("held_out_embedding_knn").isNumber());
    assertTrue(last.get("held_out_backbone_knn").isNumber());
    assertEquals(last(heldOut).get("untrained_knn"), last.get("untrained_knn"));
  }

  private void assertSameRun() throws IOException {
    assertArrayEquals(
        Files.readAllBytes(heldOut.resolve("checkpoint.safetensors")),
        Files.readAllBytes(temp.resolve("checkpoint.safetensors")));
    assertArrayEquals(
        Files.readAllBytes(heldOut.resolve("checkpoint-best.safetensors")),
        Files.readAllBytes(temp.resolve("checkpoint-best.safetensors")));
    assertEquals(last(heldOut), last(temp));
    assertFalse(last(temp).get("held_out_embedding_knn").isNull());
  }

  private static TrainingConfig split() {
    return config(LIMIT, SPLIT, HELD_OUT);
  }

  private static TrainingConfig config(String... overrides) {
    return ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), List.of(overrides));
  }

  /** Trains until a step is done, or to the end if there is no such step. */
  private static Outcome train(Path path, TrainingConfig config, int step) {
    return TinyRun.train(path, config, new Stopper(step, null));
  }

  private static ImageDataset counting(ImageDataset images, AtomicInteger reads) {
    return new ForwardingDataset(images) {
      @Override
      public void read(int index, ImageBuffer buffer) {
        reads.incrementAndGet();
        super.read(index, buffer);
      }
    };
  }

  private static JsonNode last(Path folder) throws IOException {
    List<JsonNode> lines = metrics(folder);
    return lines.get(lines.size() - 1);
  }

  private static List<JsonNode> metrics(Path folder) throws IOException {
    JsonMapper json = JsonMapper.builder().build();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
      lines.add(json.readTree(line));
    }
    return lines;
  }
}
