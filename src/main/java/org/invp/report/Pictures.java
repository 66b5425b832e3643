package org.invp.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.invp.eval.FeatureExtractor;
import org.invp.eval.KnnClassifier;
import org.invp.eval.KnnResult;
import org.invp.eval.UnitRows;
import org.invp.nn.Network;
import org.invp.objective.Walks;
import org.invp.tensor.FloatTensor;
import org.invp.train.Checkpoint;
import org.invp.train.Setup;

/**
 * What a trained network sees, as the page shows it: walks from some anchors, nearest neighbours of
 * some test images, a map of the test images, and which classes kNN confuses.
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

  /** An image shown: its thumbnail, number and class. */
  record Tile(int tile, int image, int label) {}

  /** A walk: the anchor, and what it found with the thumbnails of each. */
  record Discovery(Tile anchor, List<Walk.Found> found, List<Tile> tiles) {}

  Confusion confusion() {
    return confusion;
  }

  /** A test image, the class that kNN gives it if any, and the most similar training images. */
  record Query(Tile image, int predicted, List<Tile> nearest, List<Float> similarities) {}

  /** A test image on the map; its thumbnail's number is -1 where there is none. */
  record Place(double x, double y, Tile tile) {}

  final List<String> classNames;
  final Sprite sprite;
  final int tested;
  final int walks;
  final List<Discovery> discoveries = new ArrayList<>();
  final List<Query> queries = new ArrayList<>();
  final List<Place> map = new ArrayList<>();

  /** Of the test images that were classified. */
  private Confusion confusion;

  /** [hop - 1][found, of the anchor's class], over all walks; the last row is the positives. */
  final long[][] purity;

  private final TrainingConfig config;
  private final ImageDataset train;
  private final ImageDataset test;

  /** Training images. */
  private final int[] labelled;

  private Pictures(TrainingConfig config, ImageDataset train, ImageDataset test, int tested) {
    this.config = config;
    this.train = train;
    this.test = test;
    this.tested = tested;
    this.classNames = train.classNames();
    this.sprite = new Sprite(Setup.knnProtocol(config).rawView(), config.data().resolvedWorkers());
    this.labelled =
        IntStream.range(0, train.size())
            .filter(image -> train.label(image) != ImageDataset.UNLABELLED)
            .toArray();
    this.walks = Math.min(WALKS, labelled.length);
    this.purity = new long[config.objective().steps() + 1][2];
  }

  /**
   * Looks at a run; takes as long as embedding at most {@value #MAX_TESTED} test images.
   *
   * @param checkpoint has the bank and the graph of {@code train}
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
    Pictures pictures = new Pictures(config, train, test, chosen.length);
    int dimension = config.network().dimension();
    try (BankEngine engine = BankEngine.cpu(config.training().resolvedThreads());
        MemoryBank bank = MemoryBank.create(train.size(), dimension, engine);
        NeighbourGraph graph =
            NeighbourGraph.create(train.size(), config.objective().neighbours());
        FloatTensor embeddings = FloatTensor.allocate(chosen.length, dimension)) {
      checkpoint.compareImages(train, Path.of(config.data().path()));
      checkpoint.copyBank(bank.embeddings());
      checkpoint.copyGraph(graph.neighbours());
      EvaluationTransform view = Setup.evaluationView(config);
      new FeatureExtractor(
              network, view, config.evaluation().batchSize(), config.data().resolvedWorkers())
          .extract(new ChosenImages(test, chosen), null, embeddings, () -> {});
      UnitRows.scale(embeddings);
      pictures.walk(new Walk(Walks.over(bank, graph), config.objective()));
      pictures.classify(bank, embeddings, chosen, asked);
      pictures.place(embeddings, chosen);
    }
    return pictures;
  }

  /** The name of an image's class. */
  String className(int label) {
    return label == ImageDataset.UNLABELLED ? "without a label" : classNames.get(label);
  }

  private void walk(Walk walk) {
    for (int place : ChosenImages.spread(labelled.length, walks)) {
      int anchor = labelled[place];
      for (Walk.Found found : walk.from(anchor)) {
        if (train.label(found.image()) == ImageDataset.UNLABELLED) {
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
    for (int anchor : firstOfClasses(train, labelled, ANCHORS)) {
      List<Walk.Found> found = walk.from(anchor);
      int[] images = found.stream().mapToInt(Walk.Found::image).toArray();
      discoveries.add(new Discovery(tiles(train, anchor).get(0), found, tiles(train, images)));
    }
  }

  private void classify(MemoryBank bank, FloatTensor embeddings, int[] chosen, int... asked) {
    List<Integer> shown = new ArrayList<>();
    int[] truth = Arrays.stream(chosen).map(test::label).toArray();
    int[] predicted = predict(bank, embeddings, truth);
    confusion = new Confusion(truth, predicted);
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
    if (Arrays.equals(truth, none)) {
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
      Tile tile = i < pictured ? tiles.get(i) : new Tile(-1, images[i], test.label(images[i]));
      map.add(new Place(places[i][0], places[i][1], tile));
    }
  }

  private List<Tile> tiles(ImageDataset images, int... indices) {
    int first = sprite.add(images, indices);
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < indices.length; i++) {
      tiles.add(new Tile(first + i, indices[i], images.label(indices[i])));
    }
    return tiles;
  }

  /** The first image of each class, of at most so many classes that are evenly spread. */
  private static int[] firstOfClasses(ImageDataset images, int[] among, int classes) {
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
