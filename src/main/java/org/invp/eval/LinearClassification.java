package org.invp.eval;

import java.util.ArrayList;
import java.util.List;
import org.invp.nn.Classifier;
import org.invp.nn.ClassifierOptions;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Linear classifiers on features of a frozen network, one per layer, trained together: each has its
 * own loss and sees the same batches. For one thread at a time.
 */
final class LinearClassification implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LinearClassification.class);

  private final LinearSettings settings;
  private final int classes;
  private final List<Classifier> classifiers = new ArrayList<>();
  private final List<Sgd> optimizers = new ArrayList<>();
  private final EvalProgress progress;
  private final Runnable betweenBatches;

  /**
   * @param lengths of the layers' features
   * @param betweenBatches called before every batch; it ends the work by throwing
   */
  LinearClassification(
      LinearSettings settings,
      List<Integer> lengths,
      int classes,
      EvalProgress progress,
      Runnable betweenBatches) {
    this.settings = settings;
    this.classes = classes;
    this.progress = progress;
    this.betweenBatches = betweenBatches;
    double deviation = settings.deviation() > 0 ? settings.deviation() : Math.sqrt(2.0 / classes);
    for (int length : lengths) {
      Classifier classifier =
          Classifier.create(
              new ClassifierOptions(length, classes, settings.normalisation(), deviation),
              settings.seed());
      classifiers.add(classifier);
      optimizers.add(new Sgd(classifier, settings.momentum(), settings.weightDecay(), false));
    }
  }

  /** The classifier of a layer, this object's. */
  Classifier classifier(int layer) {
    return classifiers.get(layer);
  }

  /** Trains all classifiers for all epochs. */
  void train(LabelledFeatures features) {
    for (int epoch = 1; epoch <= settings.epochs(); epoch++) {
      progress.epochStarted(epoch, settings.epochs(), features.batches());
      double rate = settings.schedule().rate(epoch);
      double sum = 0;
      int seen = 0;
      features.start(epoch);
      while (features.next()) {
        betweenBatches.run();
        int images = (int) features.truth().shape(0);
        double loss = 0;
        for (int layer = 0; layer < classifiers.size(); layer++) {
          double own =
              classifiers.get(layer).crossEntropy(features.features(layer), features.truth(), null);
          FineTuning.requireFinite(own, epoch);
          optimizers.get(layer).step(rate);
          loss += own;
        }
        sum += images * loss / classifiers.size();
        seen += images;
        progress.stepDone(images, sum / seen);
      }
      LOG.info("epoch {}/{}: mean loss {}, rate {}", epoch, settings.epochs(), sum / seen, rate);
    }
  }

  /** Judges all classifiers, layer by layer. */
  List<ClassScores> test(LabelledFeatures features) {
    progress.phase("testing");
    List<ClassScores> scores = new ArrayList<>();
    classifiers.forEach(classifier -> scores.add(new ClassScores(classes)));
    features.start(0);
    while (features.next()) {
      betweenBatches.run();
      try (FloatTensor logits = FloatTensor.allocate(features.truth().shape(0), classes)) {
        for (int layer = 0; layer < classifiers.size(); layer++) {
          classifiers.get(layer).logits(features.features(layer), logits);
          scores.get(layer).add(logits, features.truth());
        }
      }
    }
    return scores;
  }

  /** Idempotent. */
  @Override
  public void close() {
    optimizers.forEach(Sgd::close);
    classifiers.forEach(Classifier::close);
  }
}
