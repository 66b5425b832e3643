package org.invp.train;

import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.invp.bank.Mode;
import org.invp.bank.Neighbours;
import org.invp.config.LoopConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.DividedImages;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.RowSearch;
import org.invp.eval.ShardedSearch;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.Walks;
import org.invp.tensor.FloatTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the start of every epoch at what the walk finds from a sample of anchors, and warns once
 * if the invariance loss starts on noise. Costs an evaluation of the sampled images, a search and a
 * walk for each; changes nothing that trains. Borrows the state and the images. All ranks take part
 * and find the same.
 *
 * <p>The sample comes from the run's seed and is the same in every epoch, so that figures of two
 * epochs differ by what was learnt. An epoch that is resumed has its figures from the checkpoint.
 */
final class WalkProbe {
  /** The most anchors. */
  static final int ANCHORS = 1000;

  /** An image that is not among so many nearest is one that the walk alone brings. */
  static final int NEAREST = 200;

  private static final int ANCHORS_AT_ONCE = 256;
  private static final double NANOS = 1e-9;
  private static final Logger LOG = LoggerFactory.getLogger(WalkProbe.class);

  private final TrainingConfig config;
  private final TrainingState state;
  private final ProcessGroup group;
  private final Runnable betweenParts;
  private final Consumer<String> warn;
  private final int[] sample;
  private final DividedImages images;
  private final int[] labels;
  private final int classes;

  /**
   * @param train the training images; stays the caller's
   * @param betweenParts called now and then, on all ranks equally often; it ends a look by throwing
   * @param warn hears of what deserves attention
   */
  WalkProbe(
      TrainingConfig config,
      TrainingState state,
      ImageDataset train,
      ProcessGroup group,
      Runnable betweenParts,
      Consumer<String> warn) {
    this.config = config;
    this.state = state;
    this.group = group;
    this.betweenParts = betweenParts;
    this.warn = warn;
    sample = sample(config.seed(), train.size());
    images = new DividedImages(group, train.select(sample));
    labels = labels(train);
    classes = train.classes();
  }

  /** Where there is one class everything has it, which says as little as no label. */
  private static int[] labels(ImageDataset images) {
    int[] labels = images.labels();
    return images.classes() > 1
        ? labels
        : IntStream.generate(() -> ImageDataset.UNLABELLED).limit(labels.length).toArray();
  }

  /** The anchors of a run, ascending: every image with the same chance, by Floyd's algorithm. */
  static int[] sample(long seed, int images) {
    Random random = new Random(seed);
    TreeSet<Integer> drawn = new TreeSet<>();
    for (int last = Math.max(0, images - ANCHORS); last < images; last++) {
      int image = random.nextInt(last + 1);
      drawn.add(drawn.contains(image) ? last : image);
    }
    return drawn.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Whether the run stands at the start of an epoch that was not looked at. */
  boolean isDue() {
    return state.position().batch() == 0 && !state.totals().walk().measured();
  }

  /** Adds the figures to the totals of the epoch in progress. */
  void run(TrainingListener listener) {
    long start = System.nanoTime();
    listener.phase("what the walk finds");
    WalkFigures figures = measure();
    state.totals().noteWalk(figures, (System.nanoTime() - start) * NANOS);
    int epoch = state.position().epoch();
    LOG.info("epoch {} starts with {}", epoch, figures);
    boolean refreshed = config.training().bankRefresh() == LoopConfig.BankRefresh.EPOCH;
    WalkWarning.of(config.objective(), refreshed, epoch, figures).ifPresent(warn);
  }

  /** The figures of the present bank, graph and network. */
  WalkFigures measure() {
    Walks walks = Walks.over(group, state.shard(), state.bank(), state.graph());
    WalkTally tally = new WalkTally(labels, classes);
    try (FloatTensor rows = walks.rows(sample)) {
      for (int first = 0; first < sample.length; first += ANCHORS_AT_ONCE) {
        betweenParts.run();
        int end = Math.min(first + ANCHORS_AT_ONCE, sample.length);
        count(walks, Arrays.copyOfRange(sample, first, end), rows.slice(first, end), tally);
      }
      return tally.figures(staleness(rows));
    }
  }

  private void count(Walks walks, int[] anchors, FloatTensor rows, WalkTally tally) {
    ObjectiveOptions options = config.objective();
    int k = options.neighbours();
    Walks.Found all = walks.walk(anchors, rows, options.steps(), Mode.PAPER);
    Walks.Found loss =
        options.mode() == Mode.PAPER
            ? all
            : walks.walk(anchors, rows, options.steps(), options.mode());
    int[] selected = walks.selected(loss, options);
    int[] easiest = walks.easiest(loss, options.positives());
    int[] graph = walks.neighbours(anchors);
    RowSearch search =
        group.size() == 1
            ? RowSearch.over(state.bank())
            : new ShardedSearch(group, state.bank(), state.shard());
    Neighbours nearest = search.nearest(rows, Math.min(search.rows(), Math.max(NEAREST, k) + 1));
    for (int a = 0; a < anchors.length; a++) {
      int[] others = others(nearest, a, anchors[a]);
      tally.addWalk(
          anchors[a],
          part(all.images(), a, all.width()),
          Arrays.copyOfRange(all.similarities(), a * all.width(), (a + 1) * all.width()),
          Arrays.copyOf(others, Math.min(others.length, NEAREST)));
      tally.addPositives(anchors[a], part(selected, a, options.positives()));
      tally.addEasiest(anchors[a], part(easiest, a, options.positives()));
      tally.addGraphRow(part(graph, a, k), Arrays.copyOf(others, k));
    }
  }

  private static int[] part(int[] rows, int row, int width) {
    return Arrays.copyOfRange(rows, row * width, (row + 1) * width);
  }

  /** A row need not be its own nearest: rows of a random start have different norms. */
  private static int[] others(Neighbours nearest, int query, int anchor) {
    return IntStream.range(0, nearest.count())
        .map(rank -> nearest.id(query, rank))
        .filter(id -> id != anchor)
        .toArray();
  }

  /**
   * The mean cosine of the sampled images' rows and their present embeddings; null if none of them
   * could be read.
   */
  private Double staleness(FloatTensor rows) {
    FeatureExtractor extractor =
        new FeatureExtractor(
            state.network(),
            Setup.evaluationView(config),
            config.evaluation().batchSize(),
            config.data().resolvedWorkers());
    long dimension = rows.shape(1);
    int own = images.own().size();
    betweenParts.run();
    try (FloatTensor mine = FloatTensor.allocate(own, dimension);
        FloatTensor all = FloatTensor.allocate(rows.shape())) {
      if (own > 0) {
        extractor
            .extract(images.own(), null, mine, group.size() == 1 ? betweenParts : () -> {})
            .blankOthers(mine);
      }
      images.gather(mine, all);
      return meanCosine(rows, all);
    }
  }

  /**
   * Of two matrices' rows, pair by pair, without pairs with a row of zeros; null if none is left.
   */
  private static Double meanCosine(FloatTensor a, FloatTensor b) {
    long dimension = a.shape(1);
    double sum = 0;
    int count = 0;
    for (long row = 0; row < a.shape(0); row++) {
      double product = 0;
      double squaresA = 0;
      double squaresB = 0;
      for (long at = row * dimension; at < (row + 1) * dimension; at++) {
        product += (double) a.get(at) * b.get(at);
        squaresA += (double) a.get(at) * a.get(at);
        squaresB += (double) b.get(at) * b.get(at);
      }
      double norms = Math.sqrt(squaresA) * Math.sqrt(squaresB);
      if (norms > 0) {
        sum += product / norms;
        count++;
      }
    }
    return count == 0 ? null : Double.valueOf(sum / count);
  }
}
