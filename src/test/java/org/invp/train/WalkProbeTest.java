package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.invp.bank.Simt;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.data.RelabelledDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The figures of a random bank and graph, against brute force. */
@Tag("slow")
class WalkProbeTest {
  /** More than are among an anchor's nearest, fewer than a sample. */
  private static final int IMAGES = 260;

  private static final IntUnaryOperator AS_THEY_ARE = IntUnaryOperator.identity();

  @TempDir static Path shared;
  private static Path data;

  @BeforeAll
  static void writeImages() {
    data = TinyRun.writeData(shared.resolve("data"), IMAGES);
  }

  @ParameterizedTest
  @CsvSource({
    "paper,hard,2,3,3",
    "paper,easy,3,2,4",
    "official,hard,2,3,3",
    "official,easy,2,2,5",
    "paper,random,1,1,300"
  })
  void theFiguresAreThoseOfBruteForce(
      String mode, String selection, int neighbours, int steps, int positives) throws Exception {
    TrainingConfig config =
        config(
            "objective.mode=" + mode,
            "objective.selection=" + selection,
            "objective.neighbours=" + neighbours,
            "objective.steps=" + steps,
            "objective.positives=" + positives);
    WalkFigures one = measure(config, AS_THEY_ARE);
    same(expected(config, AS_THEY_ARE), one, 1e-6);
    for (int ranks : new int[] {2, 3}) {
      for (WalkFigures figures : Ranks.run(ranks, group -> measure(config, AS_THEY_ARE, group))) {
        same(one, figures, 1e-6);
      }
    }
  }

  @Test
  void thoseOfADeviceAreThoseOfTheProcessor() throws Exception {
    Simt.require();
    TrainingConfig config = config("training.device=cuda-simt");
    WalkFigures expected = measure(config(), AS_THEY_ARE);
    same(expected, measure(config, AS_THEY_ARE), 1e-5);
    for (WalkFigures figures : Ranks.run(2, group -> measure(config, AS_THEY_ARE, group))) {
      same(expected, figures, 1e-5);
    }
  }

  @Test
  void imagesWithoutALabelDoNotCountAsWrong() {
    IntUnaryOperator some = label -> label % 3 == 0 ? ImageDataset.UNLABELLED : label;
    TrainingConfig config = config();
    same(expected(config, some), measure(config, some), 1e-6);
  }

  @Test
  void withoutLabelsNothingIsRightOrWrong() {
    WalkFigures figures = measure(config(), label -> ImageDataset.UNLABELLED);
    assertNull(figures.right());
    assertNull(figures.positivesRight());
    assertNull(figures.easiestRight());
    assertNull(figures.classCovered());
    WalkFigures labelled = measure(config(), AS_THEY_ARE);
    assertEquals(labelled.size(), figures.size());
    assertEquals(labelled.similarity(), figures.similarity());
    assertEquals(labelled.beyondNearest(), figures.beyondNearest());
    assertEquals(labelled.graphAgreement(), figures.graphAgreement());
    assertEquals(labelled.staleness(), figures.staleness());
  }

  @Test
  void anUpToDateBankAndItsGraphAgree() {
    TrainingConfig config = config();
    try (RunImages images = RunImages.open(config);
        TrainingState state = new TrainingState(config, IMAGES, 1, ProcessGroup.alone())) {
      new Evaluator(config, state, images, ProcessGroup.alone(), () -> {})
          .fillBank((done, total) -> {});
      state.graph().rebuild(state.bank(), (done, total) -> {});
      WalkFigures figures = probe(config, state, images.train(), ProcessGroup.alone()).measure();
      assertEquals(1, figures.staleness(), 1e-6);
      assertEquals(1, figures.graphAgreement());
    }
  }

  @Test
  void aGraphOfZerosFindsTheFirstImage() {
    TrainingConfig config = config();
    try (ImageDataset train = Setup.trainingImages(config);
        TrainingState state = new TrainingState(config, IMAGES, 1, ProcessGroup.alone())) {
      WalkProbe probe = probe(config, state, train, ProcessGroup.alone());
      assertTrue(probe.isDue());
      probe.run(new TrainingListener() {});
      assertFalse(probe.isDue());
      // The first image itself finds nothing.
      assertEquals((IMAGES - 1.0) / IMAGES, state.totals().walk().size(), 1e-12);
    }
  }

  @Test
  void aSampleIsThousandDifferentImagesThatTheSeedChooses() {
    int[] sample = WalkProbe.sample(3, 50_000);
    assertEquals(WalkProbe.ANCHORS, Arrays.stream(sample).distinct().count());
    assertArrayEquals(Arrays.stream(sample).sorted().toArray(), sample);
    assertTrue(sample[0] >= 0 && sample[sample.length - 1] < 50_000);
    assertArrayEquals(sample, WalkProbe.sample(3, 50_000));
    assertFalse(Arrays.equals(sample, WalkProbe.sample(4, 50_000)));
    assertArrayEquals(IntStream.range(0, 22).toArray(), WalkProbe.sample(3, 22));
  }

  @Test
  void figuresReadBackFromACheckpointToTheSameBits() {
    WalkFigures figures = new WalkFigures(1 / 3.0, null, 0.1, 0.2, -1e-9, 0.0, null, 0.7, 1.0);
    assertEquals(figures, WalkFigures.from(figures.toMetadata()));
    assertEquals(WalkFigures.NONE, WalkFigures.from(Map.of()));
    assertFalse(WalkFigures.NONE.measured());
    assertTrue(figures.measured());
  }

  private static TrainingConfig config(String... overrides) {
    return ConfigFile.parse("test", TinyRun.yaml(data), List.of(overrides));
  }

  private static WalkFigures measure(TrainingConfig config, IntUnaryOperator relabel) {
    return measure(config, relabel, ProcessGroup.alone());
  }

  /** One rank's figures of the bank and the graph that {@link WalkOracle} draws. */
  private static WalkFigures measure(
      TrainingConfig config, IntUnaryOperator relabel, ProcessGroup group) {
    WalkOracle oracle = new WalkOracle(config, IMAGES);
    try (ImageDataset train = images(config, relabel);
        TrainingState state = new TrainingState(config, IMAGES, 1, group)) {
      int k = config.objective().neighbours();
      int[] graph = new int[state.shard().localRows() * k];
      for (int local = 0; local < state.shard().localRows(); local++) {
        int image = state.shard().global(local);
        state.bank().set(local, oracle.row(image));
        System.arraycopy(oracle.neighbours(image), 0, graph, local * k, k);
      }
      try (IntTensor rows = IntTensor.of(graph, state.shard().localRows(), k)) {
        state.graph().neighbours().copyFrom(rows);
      }
      return probe(config, state, train, group).measure();
    }
  }

  private static WalkFigures expected(TrainingConfig config, IntUnaryOperator relabel) {
    WalkOracle oracle = new WalkOracle(config, IMAGES);
    try (ImageDataset train = images(config, relabel)) {
      return oracle.figures(train);
    }
  }

  private static ImageDataset images(TrainingConfig config, IntUnaryOperator relabel) {
    return new RelabelledDataset(Setup.trainingImages(config), relabel);
  }

  private static WalkProbe probe(
      TrainingConfig config, TrainingState state, ImageDataset train, ProcessGroup group) {
    return new WalkProbe(config, state, train, group, () -> {}, warning -> {});
  }

  private static void same(WalkFigures expected, WalkFigures actual, double tolerance) {
    assertEquals(expected.size(), actual.size(), tolerance, "size");
    assertEquals(expected.right(), actual.right(), tolerance, "right");
    assertEquals(expected.positivesRight(), actual.positivesRight(), tolerance, "positives");
    assertEquals(expected.easiestRight(), actual.easiestRight(), tolerance, "easiest");
    assertEquals(expected.similarity(), actual.similarity(), tolerance, "similarity");
    assertEquals(expected.beyondNearest(), actual.beyondNearest(), tolerance, "beyond");
    assertEquals(expected.classCovered(), actual.classCovered(), tolerance, "covered");
    assertEquals(expected.staleness(), actual.staleness(), tolerance, "staleness");
    assertEquals(expected.graphAgreement(), actual.graphAgreement(), tolerance, "agreement");
  }
}
