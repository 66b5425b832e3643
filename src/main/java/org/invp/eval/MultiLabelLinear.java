package org.invp.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.invp.data.MultiLabelDataset;
import org.invp.data.MultiLabelDataset.Target;
import org.invp.nn.Block;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Classifier;
import org.invp.nn.ClassifierOptions;
import org.invp.nn.Network;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recognises the classes of images that show several, by one linear layer on a frozen network's
 * features whose sigmoids learn by the binary cross entropy (the published program's
 * downstream/voc_linear.py, after that of Caron et al., Deep Clustering for Unsupervised Learning
 * of Visual Features, ECCV 2018). An image that shows only difficult objects of a class neither
 * trains nor judges that class.
 */
public final class MultiLabelLinear {
  private static final Logger LOG = LoggerFactory.getLogger(MultiLabelLinear.class);

  private final MultiLabelSettings settings;
  private final AveragePrecision rule;
  private final EvalProgress progress;
  private final Runnable betweenBatches;

  /**
   * @param rule judges the test images
   * @param betweenBatches called before every batch; it ends the evaluation by throwing
   */
  public MultiLabelLinear(
      MultiLabelSettings settings,
      AveragePrecision rule,
      EvalProgress progress,
      Runnable betweenBatches) {
    this.settings = settings;
    this.rule = rule;
    this.progress = progress;
    this.betweenBatches = betweenBatches;
  }

  /**
   * As published: the features of the block before the last, of new views of the training images in
   * every pass over them.
   *
   * @param views of the settings' crops and flips
   * @return in the order of the classes, without those that no test image shows
   */
  public List<ClassPrecision> onNewViews(
      Network network, LabelledViews views, MultiLabelDataset train, MultiLabelDataset test) {
    List<Pooled> layers = List.of(layer(network, views.evaluation().height()));
    try (LabelledFeatures training =
            new ComputedFeatures(
                network,
                layers,
                train,
                Truth.targets(train),
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
                Truth.targets(test),
                views.evaluation(),
                views.evaluationBatchSize(),
                views.workers(),
                0,
                betweenBatches)) {
      return evaluate(training, testing, layers.get(0).length(), train.classes());
    }
  }

  /**
   * The same on features that are there already.
   *
   * @param trainRows [N, D]
   * @param testRows [M, D]
   */
  public List<ClassPrecision> onKeptFeatures(
      FloatTensor trainRows,
      MultiLabelDataset train,
      FloatTensor testRows,
      MultiLabelDataset test) {
    int length = Math.toIntExact(trainRows.shape(1));
    try (LabelledFeatures training =
            new CachedFeatures(
                List.of(trainRows), Truth.targets(train), settings.batchSize(), settings.seed());
        LabelledFeatures testing =
            new CachedFeatures(List.of(testRows), Truth.targets(test), settings.batchSize(), 0)) {
      return evaluate(training, testing, length, train.classes());
    }
  }

  /** The published layer; of fewer cells where the block has no more pixels. */
  private Pooled layer(Network network, int imageSide) {
    List<Block> blocks = network.blocks();
    Block block = blocks.get(blocks.size() - 2);
    return new Pooled(block, Math.min(settings.pool(), block.side(imageSide)));
  }

  private List<ClassPrecision> evaluate(
      LabelledFeatures training, LabelledFeatures testing, int length, int classes) {
    try (Classifier classifier =
            Classifier.create(ClassifierOptions.plain(length, classes), settings.seed());
        Sgd optimizer = new Sgd(classifier, settings.momentum(), settings.weightDecay(), false)) {
      train(classifier, optimizer, training);
      return test(classifier, testing, classes);
    }
  }

  private void train(Classifier classifier, Sgd optimizer, LabelledFeatures features) {
    int epochs = Math.ceilDiv(settings.iterations(), features.batches());
    int step = 0;
    for (int epoch = 1; epoch <= epochs; epoch++) {
      progress.epochStarted(epoch, epochs, features.batches());
      double sum = 0;
      int seen = 0;
      features.start(epoch);
      while (step < settings.iterations() && features.next()) {
        betweenBatches.run();
        double loss = classifier.binaryCrossEntropy(features.features(0), features.truth(), null);
        FineTuning.requireFinite(loss, epoch);
        optimizer.step(settings.rate(step));
        step++;
        int images = (int) features.truth().shape(0);
        sum += images * loss;
        seen += images;
        progress.stepDone(images, sum / seen);
      }
      LOG.info("epoch {}/{}: mean loss {} after {} steps", epoch, epochs, sum / seen, step);
    }
  }

  private List<ClassPrecision> test(Classifier classifier, LabelledFeatures features, int classes) {
    progress.phase("testing");
    double[][] scores = new double[classes][features.images()];
    Target[][] targets = new Target[classes][features.images()];
    int image = 0;
    features.start(0);
    while (features.next()) {
      betweenBatches.run();
      IntTensor truth = features.truth();
      try (FloatTensor logits = FloatTensor.allocate(truth.shape(0), classes)) {
        classifier.logits(features.features(0), logits);
        for (int row = 0; row < truth.shape(0); row++, image++) {
          for (int cls = 0; cls < classes; cls++) {
            scores[cls][image] = logits.get((long) row * classes + cls);
            targets[cls][image] = Truth.target(truth.get((long) row * classes + cls));
          }
        }
      }
    }
    List<ClassPrecision> results = new ArrayList<>();
    for (int cls = 0; cls < classes; cls++) {
      scores[cls] = Arrays.copyOf(scores[cls], image);
      targets[cls] = Arrays.copyOf(targets[cls], image);
      if (Arrays.asList(targets[cls]).contains(Target.PRESENT)) {
        results.add(new ClassPrecision(cls, rule.of(scores[cls], targets[cls])));
      }
    }
    return results;
  }
}
