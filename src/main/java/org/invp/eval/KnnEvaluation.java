package org.invp.eval;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * How well kNN over the training images classifies the test images, for the several things that can
 * represent an image. Borrows engine and data sets.
 */
public final class KnnEvaluation {
  private final BankEngine engine;
  private final ImageDataset train;
  private final ImageDataset test;
  private final Protocol protocol;
  private final FeatureCache cache;
  private final Runnable betweenBatches;
  private final int[] trainLabels;
  private final int[] testLabels;

  /**
   * The settings of an evaluation.
   *
   * @param k voters; 200 as published
   * @param sigma 0.07 as published
   * @param view how images are prepared for the network
   * @param crops of each image, whose features are averaged: 1 or 10
   * @param rawView the same without normalisation, for the pixels
   * @param batchSize images per forward pass
   * @param workers threads that decode images
   */
  public record Protocol(
      int k,
      double sigma,
      EvaluationTransform view,
      int crops,
      EvaluationTransform rawView,
      int batchSize,
      int workers) {
    /** The same protocol on so many crops of each image. */
    public Protocol withCrops(int number) {
      return new Protocol(k, sigma, view, number, rawView, batchSize, workers);
    }
  }

  /** Results of a network's two outputs. */
  public record NetworkResults(KnnResult embedding, KnnResult backbone) {}

  /**
   * An evaluation of a network that still learns: its features are computed every time.
   *
   * @param betweenBatches called now and then; it ends an evaluation by throwing
   */
  public KnnEvaluation(
      BankEngine engine,
      ImageDataset train,
      ImageDataset test,
      Protocol protocol,
      Runnable betweenBatches) {
    this(engine, train, test, protocol, FeatureCache.none(), betweenBatches);
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
    this.engine = engine;
    this.train = train;
    this.test = test;
    this.protocol = protocol;
    this.cache = cache;
    this.betweenBatches = betweenBatches;
    this.trainLabels = train.labels();
    this.testLabels = test.labels();
  }

  /** Against a memory bank, as published: the training images are not looked at. */
  public KnnResult againstBank(Network network, MemoryBank bank) {
    try (FloatTensor queries = FloatTensor.allocate(test.size(), network.embeddingDimension())) {
      cache.extract(extractor(network), test, null, queries, betweenBatches);
      UnitRows.scale(queries);
      return classify(bank, queries);
    }
  }

  /** With embeddings of the training images computed anew. */
  public KnnResult recomputed(Network network) {
    int dimension = network.embeddingDimension();
    try (MemoryBank bank = MemoryBank.create(train.size(), dimension, engine)) {
      bank.fill(
          rows -> {
            cache.extract(extractor(network), train, null, rows, betweenBatches);
            UnitRows.scale(rows);
          });
      return againstBank(network, bank);
    }
  }

  /** Embeddings and backbone features, all computed anew in one pass. */
  public NetworkResults bothOutputs(Network network) {
    int dimension = network.embeddingDimension();
    int width = network.featureDimension();
    try (MemoryBank embeddings = MemoryBank.create(train.size(), dimension, engine);
        MemoryBank backbone = MemoryBank.create(train.size(), width, engine);
        FloatTensor embeddingQueries = FloatTensor.allocate(test.size(), dimension);
        FloatTensor backboneQueries = FloatTensor.allocate(test.size(), width)) {
      FeatureExtractor extractor = extractor(network);
      backbone.fill(
          features ->
              embeddings.fill(
                  rows -> {
                    cache.extract(extractor, train, features, rows, betweenBatches);
                    UnitRows.scale(rows);
                    UnitRows.scale(features);
                  }));
      cache.extract(extractor, test, backboneQueries, embeddingQueries, betweenBatches);
      UnitRows.scale(embeddingQueries);
      UnitRows.scale(backboneQueries);
      return new NetworkResults(
          classify(embeddings, embeddingQueries), classify(backbone, backboneQueries));
    }
  }

  /** With the raw pixels: what any representation should beat. */
  public KnnResult pixels() {
    int dimension = pixelDimension();
    try (MemoryBank bank = MemoryBank.create(train.size(), dimension, engine);
        FloatTensor queries = FloatTensor.allocate(test.size(), dimension)) {
      bank.fill(
          rows -> {
            pixels(train, rows);
            UnitRows.scale(rows);
          });
      pixels(test, queries);
      UnitRows.scale(queries);
      return classify(bank, queries);
    }
  }

  /** Bytes that {@link #pixels} needs. */
  public long pixelBytes() {
    return (long) Float.BYTES * pixelDimension() * ((long) train.size() + test.size());
  }

  /** Bytes that the features of {@link #bothOutputs} need. */
  public long backboneBytes(Network network) {
    return Float.BYTES * (long) network.featureDimension() * ((long) train.size() + test.size());
  }

  private void pixels(ImageDataset images, FloatTensor pixels) {
    FeatureExtractor.pixels(
        images,
        protocol.rawView(),
        protocol.batchSize(),
        protocol.workers(),
        pixels,
        betweenBatches);
  }

  private int pixelDimension() {
    EvaluationTransform view = protocol.rawView();
    return train.channels() * view.height() * view.width();
  }

  private KnnResult classify(MemoryBank bank, FloatTensor queries) {
    return new KnnClassifier(bank, trainLabels, train.classes(), protocol.k(), protocol.sigma())
        .evaluate(queries, testLabels, betweenBatches);
  }

  private FeatureExtractor extractor(Network network) {
    return new FeatureExtractor(
        network, protocol.view(), protocol.crops(), protocol.batchSize(), protocol.workers());
  }
}
