package org.invp.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Neighbours;
import org.invp.config.TrainingConfig;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.eval.Confusion;
import org.invp.eval.FeatureCache;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.KnnClassifier;
import org.invp.eval.KnnResult;
import org.invp.eval.NetworkFeatures;
import org.invp.eval.NetworkOutput;
import org.invp.eval.UnitRows;
import org.invp.nn.Network;
import org.invp.objective.Walks;
import org.invp.tensor.FloatTensor;
import org.invp.train.Checkpoint;
import org.invp.train.Setup;

/**
 * What a trained network sees, as the page shows it: walks from some anchors, nearest neighbours of
 * some test images, a map of the test images, and which classes kNN confuses. Without a test set
 * there are walks alone; without labels nothing says what is right.
 */
public final class Pictures {
  private static final int ANCHORS = 10;
  private static final int WALKS = 1000;
  private static final int QUERIES = 10;
  private static final int MISTAKES = 6;
  private static final int SHOWN = 12;
  private static final int MAX_TESTED = 10_000;
  private static final int MAX_MAPPED = 1500;
  private static final long MAX_MAP_BYTES = 2_400_000;

  /** An image shown: its thumbnail, number and class, and whether it could be read. */
  record Tile(int tile, int image, int label, boolean read) {}

  /** A walk: the anchor, and what it found with the thumbnails of each. */
  record Discovery(Tile anchor, List<Walk.Found> found, List<Tile> tiles) {}

  /** Of the test images that were classified; null if none was. */
  Confusion confusion() {
    return confusion;
  }

  /** A test image, the class that kNN gives it if any, and the most similar training images. */
  record Query(Tile image, int predicted, List<Tile> nearest, List<Float> similarities) {}

  /** A test image on the map; its thumbnail's number is -1 where there is none. */
  record Place(double x, double y, Tile tile) {}

  final List<String> classNames;
  final Sprite sprite;
  final int walks;
  final List<Discovery> discoveries = new ArrayList<>();
  final List<Query> queries = new ArrayList<>();
  final List<Place> map = new ArrayList<>();

  private Confusion confusion;
  private int tested;

  /** [hop - 1][found, of the anchor's class], over all walks; the last row is the positives. */
  final long[][] purity;

  private final TrainingConfig config;
  private final ImageDataset train;
  private final ImageDataset test;

  /** Training images, with labels if any has one. */
  private final int[] anchors;

  private Pictures(TrainingConfig config, ImageDataset train, ImageDataset test) {
    this.config = config;
    this.train = train;
    this.test = test;
    this.classNames = train.classNames();
    this.sprite = new Sprite(Setup.knnProtocol(config).rawView(), config.data().resolvedWorkers());
    boolean labelled = train.hasLabels();
    this.anchors =
        IntStream.range(0, train.size())
            .filter(image -> !labelled || train.label(image) != ImageDataset.UNLABELLED)
            .toArray();
    this.walks = Math.min(WALKS, anchors.length);
    this.purity = new long[config.objective().steps() + 1][2];
  }

  /**
   * Looks at a run; takes as long as embedding at most {@value #MAX_TESTED} test images.
   *
   * @param checkpoint has the bank and the graph of {@code train}
   * @param test without images if there is no test set
   * @param asked the test images whose nearest neighbours to show; none for one of each class and
   *     some that kNN gets wrong
   * @throws org.invp.InvalidDataException when an image cannot be read, or the checkpoint is of
   *     other images
   */
  public static Pictures of(
      TrainingConfig config,
      Checkpoint checkpoint,
      Network network,
      ImageDataset train,
      ImageDataset test,
      int... asked) {
    int[] chosen =
        IntStream.concat(
                Arrays.stream(ChosenImages.spread(test.size(), MAX_TESTED)), Arrays.stream(asked))
            .sorted()
            .distinct()
            .toArray();
    Pictures pictures = new Pictures(config, train, test);
    int dimension = config.network().dimension();
    try (BankEngine engine = BankEngine.cpu(config.training().resolvedThreads());
        MemoryBank bank = MemoryBank.create(train.size(), dimension, engine);
        NeighbourGraph graph =
            NeighbourGraph.create(train.size(), config.objective().neighbours())) {
      checkpoint.compareImages(train, config.data().folders());
      checkpoint.copyBank(bank.embeddings());
      checkpoint.copyGraph(graph.neighbours());
      pictures.walk(new Walk(Walks.over(bank, graph), config.objective()));
      if (chosen.length > 0) {
        pictures.test(network, bank, chosen, asked);
      }
    }
    return pictures;
  }

  private void test(Network network, MemoryBank bank, int[] chosen, int... asked) {
    FeatureExtractor extractor =
        new FeatureExtractor(
            network,
            Setup.evaluationView(config),
            config.evaluation().batchSize(),
            config.data().resolvedWorkers());
    try (NetworkFeatures features =
        NetworkFeatures.of(
            new ChosenImages(test, chosen),
            extractor,
            FeatureCache.none(),
            EnumSet.of(NetworkOutput.EMBEDDING),
            () -> {})) {
      FloatTensor embeddings = features.rows(NetworkOutput.EMBEDDING);
      UnitRows.scale(embeddings);
      int[] read = Arrays.stream(features.read().indices()).map(row -> chosen[row]).toArray();
      classify(bank, embeddings, read, asked);
      place(embeddings, read);
    }
  }

  /** How many test images were classified. */
  int tested() {
    return tested;
  }

  /** Whether any training image has a label. */
  boolean hasLabels() {
    return train.hasLabels();
  }

  /** The name of an image's class; nothing to be read where no image has one. */
  String className(int label) {
    return label != ImageDataset.UNLABELLED
        ? classNames.get(label)
        : classNames.isEmpty() ? "" : "without a label";
  }

  /** What an image is called. */
  String name(Tile tile) {
    String cls = className(tile.label());
    return (cls.isEmpty() ? "" : cls + ", ")
        + ("image " + tile.image())
        + (tile.read() ? "" : ", could not be read");
  }

  private void walk(Walk walk) {
    for (int place : ChosenImages.spread(anchors.length, walks)) {
      int anchor = anchors[place];
      for (Walk.Found found : walk.from(anchor)) {
        if (train.label(found.image()) == ImageDataset.UNLABELLED
            || train.label(anchor) == ImageDataset.UNLABELLED) {
          continue;
        }
        int same = train.label(found.image()) == train.label(anchor) ? 1 : 0;
        purity[found.hop() - 1][0]++;
        purity[found.hop() - 1][1] += same;
        if (found.chosen()) {
          purity[purity.length - 1][0]++;
          purity[purity.length - 1][1] += same;
        }
      }
    }
    for (int anchor : firstOfClasses(train, anchors, ANCHORS)) {
      List<Walk.Found> found = walk.from(anchor);
      int[] images = found.stream().mapToInt(Walk.Found::image).toArray();
      discoveries.add(new Discovery(tiles(train, anchor).get(0), found, tiles(train, images)));
    }
  }

  private void classify(MemoryBank bank, FloatTensor embeddings, int[] chosen, int... asked) {
    List<Integer> shown = new ArrayList<>();
    int[] truth = Arrays.stream(chosen).map(test::label).toArray();
    int[] predicted = predict(bank, embeddings, truth);
    tested = (int) Arrays.stream(predicted).filter(cls -> cls != KnnResult.NO_CLASS).count();
    confusion = tested > 0 ? new Confusion(truth, predicted) : null;
    int mistakes = 0;
    int[] wanted = asked.length > 0 ? asked : firstOfClasses(test, chosen, QUERIES);
    int mostMistakes = asked.length > 0 ? 0 : MISTAKES;
    for (int row = 0; row < chosen.length; row++) {
      int image = chosen[row];
      boolean shows = Arrays.stream(wanted).anyMatch(index -> index == image);
      if (!shows && predicted[row] != truth[row] && mistakes < mostMistakes) {
        mistakes++;
        shown.add(row);
      } else if (shows) {
        shown.add(row);
      }
    }
    int count = Math.min(SHOWN, bank.rows());
    for (int row : shown) {
      Neighbours found = bank.nearest(embeddings.slice(row, row + 1), count);
      int[] nearest = new int[count];
      List<Float> similarities = new ArrayList<>();
      for (int rank = 0; rank < count; rank++) {
        nearest[rank] = found.id(0, rank);
        similarities.add(found.score(0, rank));
      }
      queries.add(
          new Query(
              tiles(test, chosen[row]).get(0),
              predicted[row],
              tiles(train, nearest),
              similarities));
    }
  }

  /** By the published vote; no class where there is nothing to compare with. */
  private int[] predict(MemoryBank bank, FloatTensor embeddings, int... truth) {
    int[] none = new int[truth.length];
    Arrays.fill(none, KnnResult.NO_CLASS);
    if (Arrays.equals(truth, none) || !train.hasLabels()) {
      return none;
    }
    return new KnnClassifier(
            bank,
            train.labels(),
            train.classes(),
            config.evaluation().k(),
            config.evaluation().sigma())
        .evaluate(embeddings, truth, () -> {})
        .predictions();
  }

  private void place(FloatTensor embeddings, int... chosen) {
    int[] rows = ChosenImages.spread(chosen.length, MAX_MAPPED);
    if (rows.length < 4) {
      return;
    }
    int dimension = (int) embeddings.shape(1);
    float[][] points = new float[rows.length][dimension];
    int[] images = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      images[i] = chosen[rows[i]];
      for (int d = 0; d < dimension; d++) {
        points[i][d] = embeddings.get((long) rows[i] * dimension + d);
      }
    }
    double[][] places = Tsne.map(points);
    EvaluationTransform view = Setup.knnProtocol(config).rawView();
    long side = Math.min(32, view.height());
    int pictured = (int) Math.min(rows.length, MAX_MAP_BYTES / (side * side * view.channels()));
    List<Tile> tiles = tiles(test, Arrays.copyOf(images, pictured));
    for (int i = 0; i < rows.length; i++) {
      Tile tile =
          i < pictured ? tiles.get(i) : new Tile(-1, images[i], test.label(images[i]), true);
      map.add(new Place(places[i][0], places[i][1], tile));
    }
  }

  private List<Tile> tiles(ImageDataset images, int... indices) {
    int first = sprite.add(images, indices);
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < indices.length; i++) {
      tiles.add(
          new Tile(
              first + i, indices[i], images.label(indices[i]), !images.isUnreadable(indices[i])));
    }
    return tiles;
  }

  /**
   * The first image of each class, of at most so many classes that are evenly spread; without
   * labels as many images, evenly spread.
   */
  private static int[] firstOfClasses(ImageDataset images, int[] among, int classes) {
    if (Arrays.stream(among).allMatch(index -> images.label(index) == ImageDataset.UNLABELLED)) {
      return Arrays.stream(ChosenImages.spread(among.length, classes))
          .map(place -> among[place])
          .toArray();
    }
    List<Integer> firsts = new ArrayList<>();
    for (int label : ChosenImages.spread(images.classes(), classes)) {
      Arrays.stream(among)
          .filter(index -> images.label(index) == label)
          .findFirst()
          .ifPresent(firsts::add);
    }
    return firsts.stream().mapToInt(Integer::intValue).toArray();
  }
}
