package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.tensor.IntTensor;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on a graph of the caller's. */
@Tag("slow")
class GraphBuilderTest {
  private static final int NEIGHBOURS = 2;
  private static final String HALF = "neighbour graph, 50 %";
  private static final String DONE = "neighbour graph, 100 %";

  @TempDir static Path shared;
  private static Path data;
  private static Path unbroken;

  @TempDir Path temp;

  @BeforeAll
  static void trainWithoutABreak() {
    data = TinyRun.writeData(shared.resolve("data"));
    unbroken = shared.resolve("unbroken");
    assertEquals(Outcome.COMPLETE, train(unbroken, new Ring(), new Stopper(-1, null)));
  }

  /** Images in a circle; with every epoch they see one farther. */
  private static final class Ring implements GraphBuilder {
    private final List<Integer> epochs = new ArrayList<>();

    @Override
    public void build(
        MemoryBank bank, NeighbourGraph graph, int epoch, NeighbourGraph.Progress progress) {
      epochs.add(epoch);
      progress.report(1, 2);
      try (IntTensor ids = IntTensor.allocate(graph.rows(), graph.degree())) {
        ids.copyFrom(ring(epoch));
        graph.neighbours().copyFrom(ids);
      }
      progress.report(2, 2);
    }
  }

  private static int[] ring(int epoch) {
    int[] ids = new int[TinyRun.TRAIN_IMAGES * NEIGHBOURS];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (i / NEIGHBOURS + i % NEIGHBOURS + epoch) % TinyRun.TRAIN_IMAGES;
    }
    return ids;
  }

  @Test
  void everyEpochWalksOverTheGraphThatWasBuiltForIt() {
    for (int epoch = 2; epoch <= 3; epoch++) {
      train(temp, new Ring(), new Stopper(epoch * TinyRun.BATCHES - 1, null));
      try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"));
          IntTensor graph = IntTensor.allocate(TinyRun.TRAIN_IMAGES, NEIGHBOURS)) {
        checkpoint.copyGraph(graph);
        assertArrayEquals(ring(epoch), graph.toArray(), "epoch " + epoch);
      }
    }
  }

  @Test
  void theBuilderIsAskedWheneverTheExactGraphWouldBe() {
    Ring every = new Ring();
    train(temp.resolve("every"), every, new Stopper(-1, null));
    assertEquals(List.of(2, 3), every.epochs);

    Ring second = new Ring();
    train(temp.resolve("second"), second, new Stopper(-1, null), "training.graph_every=2");
    assertEquals(List.of(2), second.epochs);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        1,
        TinyRun.BATCHES,
        TinyRun.BATCHES + 1,
        2 * TinyRun.BATCHES,
        3 * TinyRun.BATCHES - 1
      })
  void aRunThatIsStoppedAndResumedEndsWithTheSameBits(int step) throws IOException {
    assertEquals(Outcome.STOPPED, train(temp, new Ring(), new Stopper(step, null)));
    assertEquals(Outcome.COMPLETE, train(temp, new Ring(), new Stopper(-1, null)));
    assertArrayEquals(checkpoint(unbroken), checkpoint(temp));
  }

  @ParameterizedTest
  @ValueSource(strings = {HALF, DONE})
  void aRunThatIsStoppedWhileTheGraphIsBuiltEndsWithTheSameBits(String phase) throws IOException {
    assertEquals(Outcome.STOPPED, train(temp, new Ring(), new Stopper(-1, phase)));
    assertEquals(Outcome.COMPLETE, train(temp, new Ring(), new Stopper(-1, null)));
    assertArrayEquals(checkpoint(unbroken), checkpoint(temp));
  }

  @Test
  void theExactBuilderIsWhatATrainerUsesByItself() throws IOException {
    Path without = temp.resolve("without");
    TinyRun.train(without, config(), new Stopper(-1, null));
    Path with = temp.resolve("with");
    train(with, GraphBuilder.exact(), new Stopper(-1, null));

    assertArrayEquals(checkpoint(without), checkpoint(with));
    assertFalse(Arrays.equals(checkpoint(with), checkpoint(unbroken)), "the graph decides");
  }

  @Test
  void aLazyGraphIsRefusedSinceNothingWouldAskTheBuilder() {
    ConfigException refused =
        assertThrows(
            ConfigException.class,
            () -> train(temp, new Ring(), new Stopper(-1, null), "training.graph=lazy"));
    assertEquals(
        "training.graph is lazy, allowed with a graph of the caller's: epoch",
        refused.getMessage());
  }

  private static byte[] checkpoint(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("checkpoint.safetensors"));
  }

  private static Outcome train(
      Path path, GraphBuilder builder, Stopper stopper, String... overrides) {
    TrainingConfig config = config(overrides);
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(path, Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, builder, stopper.stop(), stopper)) {
      return trainer.run();
    }
  }

  private static TrainingConfig config(String... overrides) {
    List<String> all =
        new ArrayList<>(
            List.of("training.graph=epoch", "evaluation.every=0", "evaluation.baselines=false"));
    all.addAll(List.of(overrides));
    return ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), all);
  }
}
