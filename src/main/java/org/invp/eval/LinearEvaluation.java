package org.invp.eval;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.invp.InvalidDataException;
import org.invp.data.ImageDataset;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * Linear classification on a frozen backbone: how well linear classifiers on its features do, whose
 * training leaves the backbone as it is, batch normalisation in evaluation mode.
 */
public final class LinearEvaluation {
  private static final double GIB = 1L << 30;

  private final LinearSettings settings;
  private final LabelledViews views;
  private final EvalProgress progress;
  private final Runnable betweenBatches;

  /**
   * @param betweenBatches called before every batch; it ends the evaluation by throwing
   */
  public LinearEvaluation(
      LinearSettings settings,
      LabelledViews views,
      EvalProgress progress,
      Runnable betweenBatches) {
    this.settings = settings;
    this.views = views;
    this.progress = progress;
    this.betweenBatches = betweenBatches;
  }

  /**
   * As published: every epoch sees new views of the training images.
   *
   * @return top-1 and top-5 of every layer
   */
  public List<Score> onNewViews(Network network, ImageDataset train, ImageDataset test) {
    List<Pooled> layers = settings.layers(network.blocks(), views.evaluation().height());
    try (LinearClassification linear =
            linear(layers.stream().map(Pooled::length).toList(), train.classes());
        LabelledFeatures training =
            new ComputedFeatures(
                network,
                layers,
                train,
                Truth.labels(train.labels()),
                views.training(),
                settings.batchSize(),
                views.workers(),
                settings.seed(),
                betweenBatches);
        LabelledFeatures testing =
            new ComputedFeatures(
                network,
                layers,
                test,
                Truth.labels(test.labels()),
                views.evaluation(),
                views.evaluationBatchSize(),
                views.workers(),
                0,
                betweenBatches)) {
      linear.train(training);
      return scores(layers, linear.test(testing));
    }
  }

  /**
   * Faster: the features of every image are computed once, or come from the cache, under the
   * evaluation's view. Those of the last block alone are the ones that other evaluations keep too;
   * of several blocks they are files of the cache, mapped.
   *
   * @param extractor of that network's features
   * @return top-1 and top-5 of every layer
   * @throws InvalidDataException if the features of several blocks are more than the cache may hold
   */
  public List<Score> onKeptFeatures(
      Network network,
      FeatureExtractor extractor,
      FeatureCache cache,
      ImageDataset train,
      ImageDataset test) {
    List<Pooled> layers = settings.layers(network.blocks(), views.evaluation().height());
    progress.phase("features");
    if (layers.size() > 1) {
      requireRoom(layers, cache, (long) train.size() + test.size());
      try (BlockRows known = BlockRows.of(layers, train, extractor, cache, betweenBatches);
          BlockRows asked = BlockRows.of(layers, test, extractor, cache, betweenBatches)) {
        return onRows(layers, known.rows(), known.images(), asked.rows(), asked.images());
      }
    }
    Set<NetworkOutput> last = EnumSet.of(NetworkOutput.BACKBONE);
    try (NetworkFeatures known = NetworkFeatures.of(train, extractor, cache, last, betweenBatches);
        NetworkFeatures asked = NetworkFeatures.of(test, extractor, cache, last, betweenBatches)) {
      return onRows(
          layers,
          List.of(known.rows(NetworkOutput.BACKBONE)),
          known.images(),
          List.of(asked.rows(NetworkOutput.BACKBONE)),
          asked.images());
    }
  }

  private List<Score> onRows(
      List<Pooled> layers,
      List<FloatTensor> known,
      ImageDataset train,
      List<FloatTensor> asked,
      ImageDataset test) {
    try (LinearClassification linear =
            linear(layers.stream().map(Pooled::length).toList(), train.classes());
        LabelledFeatures training =
            new CachedFeatures(
                known, Truth.labels(train.labels()), settings.batchSize(), settings.seed());
        LabelledFeatures testing =
            new CachedFeatures(
                asked, Truth.labels(test.labels()), views.evaluationBatchSize(), 0)) {
      linear.train(training);
      return scores(layers, linear.test(testing));
    }
  }

  private static void requireRoom(List<Pooled> layers, FeatureCache cache, long images) {
    long bytes = Float.BYTES * images * layers.stream().mapToLong(Pooled::length).sum();
    if (cache.keeps() && bytes > cache.maxBytes()) {
      throw new InvalidDataException(
          String.format(
              Locale.ROOT,
              "the features of %d layers and %d images take %.1f GiB, the cache may take %.1f:"
                  + " raise --cache-limit, or choose --layers last or --views augmented",
              layers.size(),
              images,
              bytes / GIB,
              cache.maxBytes() / GIB));
    }
  }

  private LinearClassification linear(List<Integer> lengths, int classes) {
    return new LinearClassification(settings, lengths, classes, progress, betweenBatches);
  }

  private static List<Score> scores(List<Pooled> layers, List<ClassScores> found) {
    List<Score> scores = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      String name = layers.get(i).block().name();
      scores.add(new Score(name, "top1", found.get(i).accuracy().top1()));
      scores.add(new Score(name, "top5", found.get(i).accuracy().top5()));
    }
    return scores;
  }
}
