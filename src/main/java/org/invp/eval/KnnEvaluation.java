package org.invp.eval;

import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
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
 *
 * <p>Images that could not be read, where the settings say to skip them, neither vote nor are
 * judged; the data sets {@linkplain ImageDataset#unreadable know} how many they were, on every
 * rank.
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
      ReadImages asked = extract(network, test, testParts, null, own);
      return classify(bank, ReadImages.all(train.size()), own, asked);
    }
  }

  /** With embeddings of the training images computed anew. */
  public KnnResult recomputed(Network network) {
    int dimension = network.embeddingDimension();
    try (MemoryBank bank = ownBank(dimension);
        FloatTensor own = own(testParts, dimension)) {
      ReadImages known = fill(bank, rows -> extract(network, train, trainParts, null, rows));
      ReadImages asked = extract(network, test, testParts, null, own);
      return classify(bank, known, own, asked);
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
      ReadImages known =
          fill(
              backbone,
              features ->
                  fill(embeddings, rows -> extract(network, train, trainParts, features, rows)));
      ReadImages asked = extract(network, test, testParts, backboneQueries, embeddingQueries);
      return new NetworkResults(
          classify(embeddings, known, embeddingQueries, asked),
          classify(backbone, known, backboneQueries, asked));
    }
  }

  /** With the raw pixels: what any representation should beat. */
  public KnnResult pixels() {
    try (MemoryBank bank = ownBank(pixelDimension());
        FloatTensor queries = own(testParts, pixelDimension())) {
      ReadImages known = fill(bank, rows -> pixels(train, trainParts, rows));
      ReadImages asked = pixels(test, testParts, queries);
      return classify(bank, known, queries, asked);
    }
  }

  private static ReadImages fill(MemoryBank bank, Function<FloatTensor, ReadImages> writer) {
    AtomicReference<ReadImages> read = new AtomicReference<>();
    bank.fill(rows -> read.set(writer.apply(rows)));
    return read.get();
  }

  /**
   * The bank's rows become the network's embeddings of the training images, of length 1. The rows
   * of images that could not be read stay as they are: an embedding of nothing would make
   * neighbours of them.
   *
   * @param bank this rank's rows
   * @param progress hears how many of them are done
   * @throws org.invp.InvalidDataException if no image could be read
   */
  public void fill(MemoryBank bank, Network network, NeighbourGraph.Progress progress) {
    BitSet own = new BitSet();
    bank.fill(
        rows -> {
          FeatureExtractor extractor = extractor(network);
          trainParts.inPieces(
              pieceSize(),
              betweenBatches,
              (piece, first) -> {
                try (FloatTensor fresh = FloatTensor.allocate(piece.size(), bank.dimension())) {
                  ReadImages read = extractor.extract(piece, null, fresh, betweenOwnBatches());
                  UnitRows.scale(fresh);
                  for (int image : read.indices()) {
                    own.set(first + image);
                    rows.slice(first + image, first + image + 1L)
                        .copyFrom(fresh.slice(image, image + 1L));
                  }
                }
                progress.report(first + piece.size(), bank.rows());
              });
        });
    agree(train, trainParts, own);
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

  /**
   * The raw pixels of this rank's training images, rows of length 1, of zeros for images that could
   * not be read; the caller's to close.
   */
  public MemoryBank pixelBank() {
    MemoryBank bank = ownBank(pixelDimension());
    try {
      bank.fill(rows -> pixels(train, trainParts, rows));
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

  /** Rows of length 1, of zeros for images that could not be read. */
  private ReadImages extract(
      Network network,
      ImageDataset all,
      DividedImages parts,
      FloatTensor features,
      FloatTensor embeddings) {
    FeatureExtractor extractor = extractor(network);
    BitSet own = new BitSet();
    if (group.size() == 1) {
      ReadImages read = cache.extract(extractor, all, features, embeddings, betweenBatches);
      note(own, read, 0);
    } else {
      parts.inPieces(
          pieceSize(),
          betweenBatches,
          (piece, first) ->
              note(
                  own,
                  extractor.extract(
                      piece,
                      part(features, first, piece),
                      part(embeddings, first, piece),
                      () -> {}),
                  first));
    }
    finish(own, parts, features);
    finish(own, parts, embeddings);
    return agree(all, parts, own);
  }

  private ReadImages pixels(ImageDataset all, DividedImages parts, FloatTensor pixels) {
    BitSet own = new BitSet();
    if (group.size() == 1) {
      note(own, pixels(all, pixels, betweenBatches), 0);
    } else {
      parts.inPieces(
          pieceSize(),
          betweenBatches,
          (piece, first) -> note(own, pixels(piece, part(pixels, first, piece), () -> {}), first));
    }
    finish(own, parts, pixels);
    return agree(all, parts, own);
  }

  private ReadImages pixels(ImageDataset images, FloatTensor pixels, Runnable between) {
    return FeatureExtractor.pixels(
        images, protocol.rawView(), protocol.batchSize(), protocol.workers(), pixels, between);
  }

  private static void note(BitSet own, ReadImages read, int first) {
    for (int image : read.indices()) {
      own.set(first + image);
    }
  }

  private static void finish(BitSet own, DividedImages parts, FloatTensor rows) {
    if (rows != null) {
      new ReadImages(own, parts.own().size()).blankOthers(rows);
      UnitRows.scale(rows);
    }
  }

  /** All ranks learn which of all images could be read. */
  private ReadImages agree(ImageDataset all, DividedImages parts, BitSet own) {
    BitSet read = group.size() == 1 ? own : parts.gather(own);
    ReadImages found = new ReadImages(read, all.size());
    for (int image : found.others()) {
      if (!all.isUnreadable(image)) {
        all.noteUnreadable(image, "another rank could not read " + all.describe(image));
      }
    }
    found.requireAny(all);
    return found;
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

  /**
   * Classifies the test images, of which this rank has its part of the queries.
   *
   * @param known the training images that may vote
   * @param asked the test images that are judged
   */
  private KnnResult classify(MemoryBank bank, ReadImages known, FloatTensor own, ReadImages asked) {
    if (group.size() == 1) {
      return classify(RowSearch.over(bank), known, own, asked);
    }
    try (FloatTensor queries = FloatTensor.allocate(test.size(), bank.dimension())) {
      testParts.gather(own, queries);
      Shard trainRows = new Shard(group.rank(), group.size(), train.size());
      return classify(new ShardedSearch(group, bank, trainRows), known, queries, asked);
    }
  }

  private KnnResult classify(
      RowSearch search, ReadImages known, FloatTensor queries, ReadImages asked) {
    int[] voters = known.indices();
    int[] labels = IntStream.of(voters).map(image -> trainLabels[image]).toArray();
    int[] truth = testLabels.clone();
    for (int image : asked.others()) {
      truth[image] = ImageDataset.UNLABELLED; // Such an image is not judged.
    }
    return new KnnClassifier(
            search.only(voters),
            labels,
            train.classes(),
            protocol.k(),
            protocol.alsoK(),
            protocol.sigma())
        .evaluate(queries, truth, betweenBatches);
  }

  private FeatureExtractor extractor(Network network) {
    return new FeatureExtractor(
        network, protocol.view(), protocol.crops(), protocol.batchSize(), protocol.workers());
  }
}
