package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.bank.Simt;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several ranks, as threads of this process over Gloo, train one run. */
@Tag("slow")
class RanksTrainerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;
  private Path run;

  @BeforeEach
  void data() {
    TinyRun.writeData(temp.resolve("data"));
    run = temp.resolve("run");
  }

  /** With 3 ranks the last batch of 2 images leaves two of them without any. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void theyTrainToTheEndAndReportTheWholeRun(int ranks) throws Exception {
    assertEquals(List.of(Outcome.COMPLETE), distinct(train(ranks, -1)));
    List<JsonNode> lines = metrics();
    assertEquals(4, lines.size());
    for (JsonNode line : lines.subList(0, 3)) {
      assertEquals(TinyRun.TRAIN_IMAGES, line.get("images").asInt());
      assertTrue(line.get("loss").asDouble() > 0);
      assertTrue(line.get("bank_knn").isNumber());
      assertTrue(line.get("walk_size").asDouble() > 0);
      assertTrue(line.get("staleness").isNumber());
    }
    assertTrue(lines.get(3).get("backbone_knn").isNumber());
    assertTrue(Files.exists(run.resolve("weights.safetensors")));
  }

  @Test
  void rowsOnADeviceGiveTheLossesOfTheCpuAndGoOnThere() throws Exception {
    Simt.require();
    train(2, -1);
    List<JsonNode> cpu = metrics();
    run = temp.resolve("device");
    train(2, 5, "training.device=cuda-simt");
    train(2, 9, "training.device=cpu");
    train(3, 0, "training.device=cuda-simt");
    train(2, -1, "training.device=cuda-simt");
    List<JsonNode> device = metrics();
    assertEquals(cpu.size(), device.size());
    for (int epoch = 0; epoch < 3; epoch++) {
      double expected = cpu.get(epoch).get("loss").asDouble();
      assertEquals(expected, device.get(epoch).get("loss").asDouble(), 1e-4 * (1 + expected));
      assertEquals(cpu.get(epoch).get("bank_knn"), device.get(epoch).get("bank_knn"));
    }
  }

  /**
   * With 3 ranks the order of a sum depends on the buckets; this network has several. Both runs
   * save at the same steps, since that is when statistics are averaged.
   */
  @Test
  void aRunThatGoesOnHasTheBitsOfOneThatWasNotStopped() throws Exception {
    String[] wide = {"network.width=16", "training.checkpoint_every_steps=5"};
    train(3, -1, wide);
    byte[] whole = Files.readAllBytes(run.resolve("weights.safetensors"));
    run = temp.resolve("stopped");
    train(3, 5, wide);
    train(3, -1, wide);
    assertArrayEquals(whole, Files.readAllBytes(run.resolve("weights.safetensors")));
  }

  @Test
  void aBankThatIsRefreshedHasTheBitsOfOneThatWasNotStopped() throws Exception {
    String[] fresh = {"training.graph=epoch", "training.bank_refresh=epoch"};
    train(3, -1, fresh);
    float[] whole = bank();
    int[] wholeGraph = graph();
    run = temp.resolve("stopped");
    train(3, TinyRun.BATCHES, fresh);
    train(3, 0, fresh);
    train(3, -1, fresh);
    assertArrayEquals(whole, bank());
    assertArrayEquals(wholeGraph, graph());
  }

  @Test
  void theGraphOfRawPixelsIsThatOfOneProcess() throws Exception {
    train(1, 1, "training.graph=pixels");
    int[] whole = graph();
    run = temp.resolve("ranks");
    train(3, 1, "training.graph=pixels");
    assertArrayEquals(whole, graph());
  }

  @Test
  void aCheckpointOfTwoGoesOnWithThree() throws Exception {
    train(2, 5);
    assertEquals(List.of(Outcome.COMPLETE), distinct(train(3, -1)));
  }

  @Test
  void anyNumberOfRanksReadsWhatAnyOtherWrote() throws Exception {
    train(1, 7);
    float[] bank = bank();
    int[] graph = graph();
    for (int ranks : new int[] {2, 3, 4, 6, 1, 3, 2, 2, 1}) {
      Ranks.run(
          ranks,
          group -> {
            try (TrainingState state = state(group)) {
              try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
                state.restore(checkpoint);
                group.barrier();
              }
              save(state);
              return null;
            }
          });
      assertArrayEquals(bank, bank(), "bank by " + ranks);
      assertArrayEquals(graph, graph(), "graph by " + ranks);
    }
  }

  /** Rank 1 sees the folder as it was some steps before. */
  @Test
  void ranksThatSeeDifferentCheckpointsDoNotGoOn() throws Exception {
    train(2, 2);
    Path old = temp.resolve("old");
    copy(run, old);
    train(2, 4);
    InvpException failure =
        assertThrows(
            InvpException.class,
            () ->
                Ranks.run(
                    2,
                    group -> {
                      Path seen = group.rank() == 0 ? run : old;
                      return train(group, -1, config(List.of()), Existing.RESUME, seen);
                    }));
    String line = "the ranks differ: the checkpoint is that of step [45] .* of step [23] .* rank 1";
    assertTrue(Pattern.compile(line).matcher(failure.getMessage()).find(), failure.getMessage());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }

  @Test
  void onlyFilesThatACheckpointNamesAreKept() throws Exception {
    train(2, -1, "training.checkpoint_every_steps=2");
    // Latest, previous and best, two ranks each; checkpoints of the same rows share their files.
    int kept = files("shards").size();
    assertTrue(kept >= 2 && kept <= 6, files("shards")::toString);
    new CheckpointFiles(temp.resolve("run"))
        .all().stream()
            .filter(Files::exists)
            .forEach(
                path -> {
                  try (Checkpoint checkpoint = Checkpoint.read(path)) {
                    checkpoint.requireWhole();
                  }
                });
  }

  @Test
  void aDamagedFileOfARankIsNamedWithTheWayOut() throws Exception {
    train(2, 3);
    train(2, 5);
    Path file = newestFileOfRank(1);
    byte[] damaged = Files.readAllBytes(file);
    damaged[damaged.length - 3] ^= 1;
    Files.write(file, damaged);
    assertNamed(
        file, "; to go on from checkpoint-previous.safetensors: --resume --checkpoint previous");
    Files.delete(file);
    assertNamed(
        file, "; to go on from checkpoint-previous.safetensors: --resume --checkpoint previous");

    for (Path path : files("shards")) {
      Files.write(path, new byte[3]);
    }
    assertNamed(
        newestFileOfRank(0),
        "; no other checkpoint here is whole, so begin again with --overwrite");
  }

  /** Of all damaged checkpoints the whole one is named, be it the newest. */
  @Test
  void goingBackToADamagedCheckpointNamesTheOneThatIsWhole() throws Exception {
    train(2, 3);
    train(2, 5);
    Set<String> newest = Set.of(newestFileOfRank(0).toString(), newestFileOfRank(1).toString());
    for (Path path : files("shards")) {
      if (!newest.contains(path.toString())) {
        Files.write(path, new byte[3]);
      }
    }
    CheckpointFiles files = new CheckpointFiles(run);
    InvalidDataException failure =
        assertThrows(
            InvalidDataException.class, () -> files.goBackTo(CheckpointFiles.Which.PREVIOUS));
    assertTrue(
        failure.getMessage().endsWith("; to go on from checkpoint.safetensors: --resume"),
        failure.getMessage());
  }

  private void assertNamed(Path file, String wayOut) {
    // One process reads the files of all ranks.
    String message = assertThrows(InvalidDataException.class, () -> train(1, -1)).getMessage();
    assertTrue(message.contains(file.getFileName().toString()), message);
    assertTrue(message.endsWith(wayOut), message);
  }

  private Path newestFileOfRank(int rank) {
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      return run.resolve("shards")
          .resolve(checkpoint.metadata().get("shards.%d.file".formatted(rank)));
    }
  }

  @Test
  void aStopOfOneRankStopsAllAtTheSameStep() throws Exception {
    List<Outcome> outcomes =
        Ranks.run(
            3,
            group -> train(group, group.rank() == 2 ? 4 : -1, config(List.of()), Existing.RESUME));
    assertEquals(List.of(Outcome.STOPPED), distinct(outcomes));
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      long step = checkpoint.position().step();
      assertTrue(step == 4 || step == 5, "stopped at step " + step);
    }
  }

  @Test
  void theyBeginWithTheBankOfOneProcessAndRebuildItsGraph() throws Exception {
    rebuild(1);
    float[] bank = bank();
    int[] graph = graph();
    rebuild(3);
    assertArrayEquals(bank, bank());
    assertArrayEquals(graph, graph());
  }

  private void rebuild(int ranks) throws Exception {
    Ranks.run(
        ranks,
        group -> {
          try (TrainingState state = state(group)) {
            new GraphRebuild(
                    config(List.of()), state, group, GraphBuilder.exact(), () -> null, () -> {})
                .run(new TrainingListener() {});
            save(state);
            return null;
          }
        });
  }

  private TrainingState state(ProcessGroup group) {
    return new TrainingState(config(List.of()), TinyRun.TRAIN_IMAGES, 1, group);
  }

  private void save(TrainingState state) throws IOException {
    Files.createDirectories(run);
    state.save(run.resolve("checkpoint.safetensors"));
  }

  private static List<Outcome> distinct(List<Outcome> outcomes) {
    return outcomes.stream().distinct().toList();
  }

  /** Goes on until {@code steps} steps in all are done, or to the end for -1. */
  private List<Outcome> train(int ranks, int steps, String... overrides) throws Exception {
    TrainingConfig config = config(List.of(overrides));
    if (ranks == 1) {
      return List.of(train(ProcessGroup.alone(), steps, config, Existing.RESUME));
    }
    return Ranks.run(ranks, group -> train(group, steps, config, Existing.RESUME));
  }

  private TrainingConfig config(List<String> overrides) {
    return ConfigFile.parse("test", TinyRun.yaml(temp.resolve("data")), overrides);
  }

  private Outcome train(ProcessGroup group, int steps, TrainingConfig config, Existing existing) {
    return train(group, steps, config, existing, run);
  }

  private static Outcome train(
      ProcessGroup group, int steps, TrainingConfig config, Existing existing, Path run) {
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochStarted(int epoch, int epochs, int firstBatch, int batches) {
            if (steps == 0) {
              stop.request();
            }
          }

          @Override
          public void stepDone(StepMetrics step, int images, double meanLoss) {
            if (step.step() == steps) {
              stop.request();
            }
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder =
            group.rank() == 0 ? RunFolder.open(run, existing) : RunFolder.ofRankZero(run)) {
      group.barrier();
      try (Trainer trainer = new Trainer(config, folder, images, group, stop, listener)) {
        return trainer.run();
      }
    }
  }

  private float[] bank() {
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"));
        FloatTensor bank = FloatTensor.allocate(TinyRun.TRAIN_IMAGES, 6)) {
      checkpoint.copyBank(bank);
      return bank.toArray();
    }
  }

  private int[] graph() {
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"));
        IntTensor graph = IntTensor.allocate(TinyRun.TRAIN_IMAGES, 2)) {
      checkpoint.copyGraph(graph);
      return graph.toArray();
    }
  }

  private List<Path> files(String name) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(run.resolve(name))) {
      found.forEach(files::add);
    }
    return files;
  }

  private List<JsonNode> metrics() throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    try (Stream<String> text = Files.lines(run.resolve("metrics.jsonl"))) {
      for (String line : text.toList()) {
        lines.add(JSON.readTree(line));
      }
    }
    return lines;
  }
}
