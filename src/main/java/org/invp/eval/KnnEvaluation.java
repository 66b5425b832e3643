package org.invp.eval;

import java.util.List;
import java.util.stream.IntStream;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * How well kNN over the training images classifies the test images, for the several things that can
 * represent an image. Borrows engine, data sets and group.
 *
 * <p>Several ranks share the work: each computes the features of every R-th image and keeps those
 * of its training images, which are searched as {@link ShardedSearch} says. Every method is a
 * collective then, and so may {@code betweenBatches} be: all ranks call it equally often, before
 * pieces of several batches.
 */
public final class KnnEvaluation {
  /** How far a rank computes features before it looks at the others. */
  private static final int BATCHES_AT_ONCE = 16;

  private final BankEngine engine;
  private final ImageDataset train;
  private final ImageDataset test;
  private final ProcessGroup group;
  private final DividedImages trainParts;
  private final DividedImages testParts;
  private final Protocol protocol;
  private final FeatureCache cache;
  private final Runnable betweenBatches;
  private final int[] trainLabels;
  private final int[] testLabels;

  /**
   * The settings of an evaluation.
   *
   * @param k voters; 200 as published
   * @param alsoK further numbers of voters, each at least 1; the same search serves them
   * @param sigma 0.07 as published
   * @param view how images are prepared for the network
   * @param crops of each image, whose features are averaged: 1 or 10
   * @param rawView the same without normalisation, for the pixels
   * @param batchSize images per forward pass
   * @param workers threads that decode images
   */
  public record Protocol(
      int k,
      List<Integer> alsoK,
      double sigma,
      EvaluationTransform view,
      int crops,
      EvaluationTransform rawView,
      int batchSize,
      int workers) {
    /** The same protocol on so many crops of each image. */
    public Protocol withCrops(int number) {
      return new Protocol(k, alsoK, sigma, view, number, rawView, batchSize, workers);
    }

    /** The same protocol with other further numbers of voters. */
    public Protocol withAlsoK(List<Integer> others) {
      return new Protocol(k, others, sigma, view, crops, rawView, batchSize, workers);
    }
  }

  /** Results of a network's two outputs. */
  public record NetworkResults(KnnResult embedding, KnnResult backbone) {}

  /**
   * An evaluation of a network that still learns: its features are computed every time.
   *
   * @param group the ranks that train it
   * @param betweenBatches called now and then; it ends an evaluation by throwing
   */
  public KnnEvaluation(
      BankEngine engine,
      ImageDataset train,
      ImageDataset test,
      Protocol protocol,
      ProcessGroup group,
      Runnable betweenBatches) {
    this(engine, train, test, protocol, FeatureCache.none(), group, betweenBatches);
  }

  /**
   * An evaluation of a frozen network.
   *
   * @param cache where features are kept
   * @param betweenBatches called now and then; it ends an evaluation by throwing
   */
  public KnnEvaluation(
      BankEngine engine,
      ImageDataset train,
      ImageDataset test,
      Protocol protocol,
      FeatureCache cache,
      Runnable betweenBatches) {
    this(engine, train, test, protocol, cache, ProcessGroup.alone(), betweenBatches);
  }

  private KnnEvaluation(
      BankEngine engine,
      ImageDataset train,
      ImageDataset test,
      Protocol protocol,
      FeatureCache cache,
      ProcessGroup group,
      Runnable betweenBatches) {
    this.engine = engine;
    this.train = train;
    this.test = test;
    this.group = group;
    this.trainParts = new DividedImages(group, train);
    this.testParts = new DividedImages(group, test);
    this.protocol = protocol;
    this.cache = cache;
    this.betweenBatches = betweenBatches;
    this.trainLabels = train.labels();
    this.testLabels = test.labels();
  }

  /**
   * Against a memory bank, as published: the training images are not looked at.
   *
   * @param bank this rank's rows
   */
  public KnnResult againstBank(Network network, MemoryBank bank) {
    try (FloatTensor own = own(testParts, network.embeddingDimension())) {
      extract(network, testParts, null, own);
      return classify(bank, own);
    }
  }

  /** With embeddings of the training images computed anew. */
  public KnnResult recomputed(Network network) {
    int dimension = network.embeddingDimension();
    try (MemoryBank bank = ownBank(dimension)) {
      bank.fill(rows -> extract(network, trainParts, null, rows));
      return againstBank(network, bank);
    }
  }

  /** Embeddings and backbone features, all computed anew in one pass. */
  public NetworkResults bothOutputs(Network network) {
    int dimension = network.embeddingDimension();
    int width = network.featureDimension();
    try (MemoryBank embeddings = ownBank(dimension);
        MemoryBank backbone = ownBank(width);
        FloatTensor embeddingQueries = own(testParts, dimension);
        FloatTensor backboneQueries = own(testParts, width)) {
      backbone.fill(
          features -> embeddings.fill(rows -> extract(network, trainParts, features, rows)));
      extract(network, testParts, backboneQueries, embeddingQueries);
      return new NetworkResults(
          classify(embeddings, embeddingQueries), classify(backbone, backboneQueries));
    }
  }

  /** With the raw pixels: what any representation should beat. */
  public KnnResult pixels() {
    try (MemoryBank bank = pixelBank();
        FloatTensor queries = own(testParts, pixelDimension())) {
      pixels(testParts, queries);
      return classify(bank, queries);
    }
  }

  /**
   * The bank's rows become the network's embeddings of the training images, of length 1.
   *
   * @param bank this rank's rows
   * @param progress hears how many of them are done
   */
  public void fill(MemoryBank bank, Network network, NeighbourGraph.Progress progress) {
    bank.fill(
        rows -> {
          FeatureExtractor extractor = extractor(network);
          trainParts.inPieces(
              pieceSize(),
              betweenBatches,
              (piece, first) -> {
                extractor.extract(piece, null, part(rows, first, piece), betweenOwnBatches());
                progress.report(first + piece.size(), bank.rows());
              });
          UnitRows.scale(rows);
        });
  }

  /** Inside a piece nobody waits for the other ranks. */
  private Runnable betweenOwnBatches() {
    return group.size() == 1 ? betweenBatches : () -> {};
  }

  /**
   * How many classes both training and test images show. With fewer than 2 an accuracy says nothing
   * of what represents the images.
   */
  public int sharedClasses() {
    return (int)
        IntStream.of(testLabels)
            .distinct()
            .filter(label -> label != ImageDataset.UNLABELLED)
            .filter(label -> IntStream.of(trainLabels).anyMatch(other -> other == label))
            .count();
  }

  /** The raw pixels of this rank's training images, rows of length 1; the caller's to close. */
  public MemoryBank pixelBank() {
    MemoryBank bank = ownBank(pixelDimension());
    try {
      bank.fill(rows -> pixels(trainParts, rows));
      return bank;
    } catch (RuntimeException | Error e) {
      bank.close();
      throw e;
    }
  }

  /** Bytes that {@link #pixels} needs, on all ranks together. */
  public long pixelBytes() {
    return (long) Float.BYTES * pixelDimension() * ((long) train.size() + test.size());
  }

  /** Bytes that the features of {@link #bothOutputs} need, on all ranks together. */
  public long backboneBytes(Network network) {
    return Float.BYTES * (long) network.featureDimension() * ((long) train.size() + test.size());
  }

  private void extract(
      Network network, DividedImages images, FloatTensor features, FloatTensor embeddings) {
    FeatureExtractor extractor = extractor(network);
    if (group.size() == 1) {
      cache.extract(extractor, images.own(), features, embeddings, betweenBatches);
    } else {
      images.inPieces(
          pieceSize(),
          betweenBatches,
          (piece, first) ->
              extractor.extract(
                  piece, part(features, first, piece), part(embeddings, first, piece), () -> {}));
    }
    UnitRows.scale(embeddings);
    if (features != null) {
      UnitRows.scale(features);
    }
  }

  private void pixels(DividedImages images, FloatTensor pixels) {
    if (group.size() == 1) {
      pixels(images.own(), pixels, betweenBatches);
    } else {
      images.inPieces(
          pieceSize(),
          betweenBatches,
          (piece, first) -> pixels(piece, part(pixels, first, piece), () -> {}));
    }
    UnitRows.scale(pixels);
  }

  private void pixels(ImageDataset images, FloatTensor pixels, Runnable between) {
    FeatureExtractor.pixels(
        images, protocol.rawView(), protocol.batchSize(), protocol.workers(), pixels, between);
  }

  private int pieceSize() {
    return BATCHES_AT_ONCE * protocol.batchSize();
  }

  private static FloatTensor part(FloatTensor rows, int first, ImageDataset images) {
    return rows == null ? null : Rows.slice(rows, first, images.size());
  }

  private MemoryBank ownBank(int dimension) {
    return MemoryBank.create(trainParts.own().size(), dimension, engine);
  }

  private static FloatTensor own(DividedImages images, int dimension) {
    return FloatTensor.allocate(images.own().size(), dimension);
  }

  private int pixelDimension() {
    EvaluationTransform view = protocol.rawView();
    return train.channels() * view.height() * view.width();
  }

  /** Classifies the test images, of which this rank has its part of the queries. */
  private KnnResult classify(MemoryBank bank, FloatTensor own) {
    if (group.size() == 1) {
      return classify(RowSearch.over(bank), own);
    }
    try (FloatTensor queries = FloatTensor.allocate(test.size(), bank.dimension())) {
      testParts.gather(own, queries);
      Shard trainRows = new Shard(group.rank(), group.size(), train.size());
      return classify(new ShardedSearch(group, bank, trainRows), queries);
    }
  }

  private KnnResult classify(RowSearch search, FloatTensor queries) {
    return new KnnClassifier(
            search, trainLabels, train.classes(), protocol.k(), protocol.alsoK(), protocol.sigma())
        .evaluate(queries, testLabels, betweenBatches);
  }

  private FeatureExtractor extractor(Network network) {
    return new FeatureExtractor(
        network, protocol.view(), protocol.crops(), protocol.batchSize(), protocol.workers());
  }
}
