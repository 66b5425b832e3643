package org.invp.eval;

import java.util.ArrayList;
import java.util.List;
import org.invp.data.ImageDataset;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * Linear classification on a frozen backbone: how well linear classifiers on its features do, whose
 * training leaves the backbone as it is, batch normalisation in evaluation mode.
 */
public final class LinearEvaluation {
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
                views.training(),
                settings.batchSize(),
                views.workers(),
                settings.seed());
        LabelledFeatures testing =
            new ComputedFeatures(
                network,
                layers,
                test,
                views.evaluation(),
                views.evaluationBatchSize(),
                views.workers(),
                0)) {
      linear.train(training);
      return scores(layers, linear.test(testing));
    }
  }

  /**
   * Faster: the last features of every image are computed once, or come from the cache, under the
   * evaluation's view.
   *
   * @param extractor of that network's features
   * @return top-1 and top-5 of the last layer
   */
  public List<Score> onKeptFeatures(
      Network network,
      FeatureExtractor extractor,
      FeatureCache cache,
      ImageDataset train,
      ImageDataset test) {
    int length = network.featureDimension();
    Pooled last = new Pooled(network.blocks().get(network.blocks().size() - 1), 1);
    try (FloatTensor trainRows = FloatTensor.allocate(train.size(), length);
        FloatTensor testRows = FloatTensor.allocate(test.size(), length);
        LinearClassification linear = linear(List.of(length), train.classes())) {
      progress.phase("features");
      cache.extract(extractor, train, trainRows, null, betweenBatches);
      cache.extract(extractor, test, testRows, null, betweenBatches);
      try (LabelledFeatures training =
              new CachedFeatures(trainRows, train.labels(), settings.batchSize(), settings.seed());
          LabelledFeatures testing =
              new CachedFeatures(testRows, test.labels(), views.evaluationBatchSize(), 0)) {
        linear.train(training);
        return scores(List.of(last), linear.test(testing));
      }
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
