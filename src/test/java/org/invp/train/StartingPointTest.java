package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.train.CheckpointFiles.Which;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A new run begins from another one's network, bank and graph. */
@Tag("slow")
class StartingPointTest {
  private static final int NEVER = -1;
  private static final int AT_ONCE = 0;
  private static final String SLOWER = "optimizer.learning_rate=0.01";

  @TempDir Path temp;
  private Path data;
  private Path other;
  private Path run;

  @BeforeEach
  void trainTheOther() {
    data = TinyRun.writeData(temp.resolve("data"));
    other = temp.resolve("other");
    run = temp.resolve("run");
    TinyRun.train(
        other, config("training.epochs=1", "optimizer.schedule_epochs=3"), new Stopper(-1, null));
  }

  @Test
  void theNewRunStartsAtEpochOneWithTheOthersNetworkBankAndGraph() throws IOException {
    begin(run, AT_ONCE, config(SLOWER));
    try (Checkpoint before = read(other);
        Checkpoint begun = read(run)) {
      assertEquals(Position.START, begun.position());
      assertEquals(before.networkDigest(), begun.networkDigest());
      assertArrayEquals(bank(before), bank(begun));
      assertArrayEquals(graph(before), graph(begun));
      assertTrue(begun.optimizer().isEmpty());
      Origin origin = Origin.of(begun.metadata()).orElseThrow();
      assertEquals(new Origin(before.networkDigest(), 1, true, other.toString()), origin);
      String first = Files.readAllLines(run.resolve("config.yaml")).getFirst();
      assertEquals("# The run began with " + origin, first);
    }
    assertFalse(Files.exists(run.resolve("metrics.jsonl")) && !lines(run).isEmpty());
  }

  @Test
  void interruptedAnywhereItEndsWithTheSameBits() throws IOException {
    begin(run, NEVER, config(SLOWER));
    assertEquals(4, lines(run).size());
    for (int step : new int[] {AT_ONCE, 1, TinyRun.BATCHES, 9}) {
      Path stopped = temp.resolve("stopped" + step);
      begin(stopped, step, config(SLOWER));
      TinyRun.train(stopped, config(SLOWER), new Stopper(-1, null));
      assertArrayEquals(
          Files.readAllBytes(run.resolve("weights.safetensors")),
          Files.readAllBytes(stopped.resolve("weights.safetensors")),
          "stopped at step " + step);
      assertEquals(
          Origin.read(run.resolve("checkpoint.safetensors")),
          Origin.read(stopped.resolve("checkpoint.safetensors")));
      assertEquals(lines(run).size(), lines(stopped).size());
    }
  }

  @Test
  void theUntrainedNetworkIsAFreshOne() throws IOException {
    begin(run, AT_ONCE, config(SLOWER));
    try (Checkpoint before = read(other);
        Checkpoint begun = read(run)) {
      assertEquals(
          UntrainedKnn.fromMetadata(before.metadata(), 5),
          UntrainedKnn.fromMetadata(begun.metadata(), 5));
    }
  }

  @Test
  void rowsAreDealtOutToAnyNumberOfRanks() throws Exception {
    for (int ranks : new int[] {2, 3}) {
      Path folder = temp.resolve("ranks" + ranks);
      Ranks.run(ranks, group -> begin(folder, AT_ONCE, config(SLOWER), group, other));
      try (Checkpoint before = read(other);
          Checkpoint begun = read(folder)) {
        assertArrayEquals(bank(before), bank(begun));
        assertArrayEquals(graph(before), graph(begun));
        assertTrue(Origin.of(begun.metadata()).isPresent());
      }
      // And back: a single process begins from what several wrote, and one resumes it.
      Path alone = temp.resolve("from-ranks" + ranks);
      begin(alone, NEVER, config(SLOWER), ProcessGroup.alone(), folder);
      assertEquals(4, lines(alone).size());
      TinyRun.train(folder, config(SLOWER), new Stopper(-1, null));
      assertEquals(4, lines(folder).size());
    }
  }

  @Test
  void ranksThatSeeDifferentStartsDoNotBegin() {
    Path another = temp.resolve("another");
    TinyRun.train(
        another, config("training.epochs=2", "optimizer.schedule_epochs=3"), new Stopper(-1, null));
    InvpException failure =
        assertThrows(
            InvpException.class,
            () ->
                Ranks.run(
                    2,
                    group ->
                        begin(run, NEVER, config(), group, group.rank() == 0 ? other : another)));
    assertTrue(failure.getMessage().contains("the ranks differ"), failure.getMessage());
    assertFalse(Files.exists(run.resolve("checkpoint.safetensors")));
  }

  @Test
  void whatMustAgreeIsNamedInOneLine() {
    assertRefused("network.width is 8, but the network of", "network.width=8");
    assertRefused("network.head is mlp, but the network of", "network.head=mlp");
    assertRefused("network.dimension is 5, but", "network.dimension=5");
    assertRefused("objective.neighbours is 3, but the graph", "objective.neighbours=3");
    assertRefused("has 22 rows, the training images here are 20 (data.limit", "data.limit=20");
    Path others = TinyRun.writeData(temp.resolve("others"), TinyRun.TRAIN_IMAGES + 1);
    assertRefused("has 22 rows, the training images here are 23", "data.path=" + others);
  }

  @Test
  void otherImagesTakeTheNetworkAlone() throws IOException {
    Path images = data.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(images);
    bytes[bytes.length - 1] ^= 1;
    Files.write(images, bytes);
    assertRefused("they differ in image 21");
    assertRefused("; --network-only takes the network alone");
    try (StartingPoint from = StartingPoint.open(other, Which.LATEST, true);
        ImageDataset fewer = train("data.limit=20")) {
      assertTrue(from.requireFits(config("data.limit=20"), fewer).isEmpty());
      assertFalse(from.origin().rows());
    }
  }

  @Test
  void aGraphThatIsBuiltAnewMayHaveOtherNeighbours() {
    for (String graph : List.of("epoch", "pixels")) {
      TrainingConfig settings = config("objective.neighbours=3", "training.graph=" + graph);
      begin(temp.resolve(graph), NEVER, settings);
    }
  }

  @Test
  void anExactGraphIsThereFromTheFirstEpoch() {
    TrainingConfig exact = config("training.graph=epoch");
    assertFalse(GraphRebuild.isDue(exact, null, 1));
    assertTrue(GraphRebuild.isDue(exact, new Origin("x", 1, true, "y"), 1));
    assertFalse(GraphRebuild.isDue(exact, new Origin("x", 1, false, "y"), 1));
  }

  @Test
  void aRunThatHasBegunCannotBeginFromAnother() {
    begin(run, AT_ONCE, config());
    String message =
        assertThrows(
                InvpException.class,
                () -> {
                  try (RunFolder folder = RunFolder.open(run, Existing.RESUME)) {
                    begin(folder, AT_ONCE, config(), ProcessGroup.alone(), other);
                  }
                })
            .getMessage();
    assertTrue(message.contains("holds a run already"), message);
  }

  @Test
  void aDamagedCheckpointNamesTheOneToTake() throws IOException {
    Files.copy(
        other.resolve("checkpoint.safetensors"), other.resolve("checkpoint-previous.safetensors"));
    Files.writeString(other.resolve("checkpoint.safetensors"), "damaged");
    String message =
        assertThrows(
                InvalidDataException.class,
                () -> StartingPoint.open(other, Which.LATEST, false).close())
            .getMessage();
    assertTrue(message.endsWith("checkpoint-previous.safetensors: --checkpoint previous"), message);
    StartingPoint.open(other, Which.PREVIOUS, false).close();
  }

  @Test
  void divergingNamesTheCommandThatGoesOn() {
    String message =
        assertThrows(
                InvalidDataException.class,
                () -> begin(run, NEVER, config("optimizer.learning_rate=1e30")))
            .getMessage();
    assertTrue(message.contains("training has diverged"), message);
    assertTrue(
        message.endsWith(
            "invp train --from %s --run-dir OTHER --set optimizer.learning_rate=1.000e+29"
                .formatted(run)),
        message);
  }

  private void assertRefused(String expected, String... settings) {
    try (StartingPoint from = StartingPoint.open(other, Which.LATEST, false);
        ImageDataset images = train(settings)) {
      RuntimeException failure =
          assertThrows(
              RuntimeException.class, () -> from.requireFits(config(settings), images).isEmpty());
      assertTrue(
          failure instanceof ConfigException || failure instanceof InvalidDataException,
          failure::toString);
      assertTrue(failure.getMessage().contains(expected), failure.getMessage());
      assertTrue(failure.getMessage().contains(other.toString()), failure.getMessage());
    }
  }

  /** Begins from the other run, and stops after so many steps. */
  private void begin(Path folder, int steps, TrainingConfig config) {
    begin(folder, steps, config, ProcessGroup.alone(), other);
  }

  private static Outcome begin(
      Path folder, int steps, TrainingConfig config, ProcessGroup group, Path from) {
    try (RunFolder opened =
        group.rank() == 0
            ? RunFolder.open(folder, Existing.REFUSE)
            : RunFolder.ofRankZero(folder)) {
      return begin(opened, steps, config, group, from);
    }
  }

  private static Outcome begin(
      RunFolder folder, int steps, TrainingConfig config, ProcessGroup group, Path from) {
    Stopper stopper = new Stopper(steps, steps == AT_ONCE ? "what the walk finds" : null);
    if (group.size() > 1) {
      group.barrier();
    }
    try (RunImages images = RunImages.open(config);
        StartingPoint start = StartingPoint.open(from, Which.LATEST, false);
        Trainer trainer =
            new Trainer(config, folder, images, group, start, stopper.stop(), stopper)) {
      return trainer.run();
    }
  }

  private ImageDataset train(String... settings) {
    return Setup.trainingImages(config(settings));
  }

  private TrainingConfig config(String... settings) {
    return ConfigFile.parse("x", TinyRun.yaml(data), List.of(settings));
  }

  private static Checkpoint read(Path folder) {
    return Checkpoint.read(folder.resolve("checkpoint.safetensors"));
  }

  private static List<String> lines(Path folder) throws IOException {
    return Files.readAllLines(folder.resolve("metrics.jsonl"));
  }

  private static float[] bank(Checkpoint checkpoint) {
    try (FloatTensor bank = FloatTensor.allocate(TinyRun.TRAIN_IMAGES, 6)) {
      checkpoint.copyBank(bank);
      return bank.toArray();
    }
  }

  private static int[] graph(Checkpoint checkpoint) {
    try (IntTensor graph = IntTensor.allocate(TinyRun.TRAIN_IMAGES, 2)) {
      checkpoint.copyGraph(graph);
      return graph.toArray();
    }
  }
}
