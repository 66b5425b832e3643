package org.invp.eval;

import java.util.ArrayList;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.nn.Classifier;
import org.invp.nn.ClassifierOptions;
import org.invp.nn.Network;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a whole network on labels, by cross entropy, with a linear classifier on its features;
 * from pre-trained weights or from fresh ones. The network's own head has no part in it.
 *
 * <p>Changes the network it is given, and borrows it; owns the classifier, until {@link #close}.
 * For one thread at a time.
 */
public final class FineTuning implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FineTuning.class);

  private final Network network;
  private final TuningLoop loop;
  private final TuningRates rates;
  private final LabelledViews views;
  private final EvalProgress progress;
  private final Runnable betweenBatches;
  private final int classes;
  private final Classifier classifier;

  /**
   * @param classes the number of classes
   * @param betweenBatches called before every batch; it ends the training by throwing
   */
  public FineTuning(
      Network network,
      int classes,
      TuningLoop loop,
      TuningRates rates,
      LabelledViews views,
      EvalProgress progress,
      Runnable betweenBatches) {
    this.network = network;
    this.loop = loop;
    this.rates = rates;
    this.views = views;
    this.progress = progress;
    this.betweenBatches = betweenBatches;
    this.classes = classes;
    this.classifier =
        Classifier.create(
            ClassifierOptions.plain(network.featureDimension(), classes), loop.seed());
  }

  /** The classifier, this object's. */
  public Classifier classifier() {
    return classifier;
  }

  /**
   * Trains on the one data set and judges by the other.
   *
   * @return one report per epoch; the last one has the test's results
   * @throws InvalidDataException when the loss is no longer finite, or no image can be read
   */
  public List<EpochReport> run(ImageDataset train, ImageDataset test) {
    List<EpochReport> reports = new ArrayList<>();
    int batchSize = Math.min(loop.batchSize(), train.size());
    try (Sgd backbone =
            Sgd.ofBackbone(network, loop.momentum(), loop.weightDecay(), loop.nesterov());
        Sgd head = new Sgd(classifier, loop.momentum(), loop.weightDecay(), loop.nesterov());
        DataLoader loader =
            new DataLoader(train, views.training(), batchSize, views.workers(), loop.seed(), true);
        LabelledBatch batch = new LabelledBatch(train.labels(), batchSize, classes)) {
      long step = 0;
      for (int epoch = 1; epoch <= loop.epochs(); epoch++) {
        progress.epochStarted(epoch, loop.epochs(), loader.batches());
        long began = System.nanoTime();
        ClassScores scores = new ClassScores(classes);
        double loss = 0;
        int seen = 0;
        loader.start(epoch, 0);
        for (Batch images = loader.next(betweenBatches);
            images != null;
            images = loader.next(betweenBatches)) {
          betweenBatches.run();
          if (images.size() == 0) { // None of its images could be read.
            continue;
          }
          batch.take(images);
          double mean =
              classifier.tune(
                  network, images.images(), batch.labels(), loop.statistics(), batch.logits());
          requireFinite(mean, epoch);
          backbone.step(rates.backbone(epoch, step));
          head.step(rates.classifier(epoch, step));
          step++;
          scores.add(batch.logits(), batch.labels());
          loss += mean * images.size();
          seen += images.size();
          progress.stepDone(images.size(), loss / seen);
        }
        if (seen == 0) {
          throw ReadImages.noneOf(train);
        }
        double seconds = (System.nanoTime() - began) * 1e-9;
        boolean judged =
            epoch == loop.epochs() || (loop.testEvery() > 0 && epoch % loop.testEvery() == 0);
        ClassScores tested = judged ? test(test) : null;
        EpochReport report =
            new EpochReport(
                epoch,
                loop.epochs(),
                rates.backbone(epoch, step - 1),
                loss / seen,
                scores.top1(),
                judged ? tested.top1() : null,
                judged ? tested.accuracy().top5() : null,
                judged ? tested.meanPerClass() : null,
                seconds,
                seen / seconds);
        LOG.info("{}", report);
        progress.epochDone(report);
        reports.add(report);
      }
    }
    return reports;
  }

  /** Judges network and classifier as they are now. */
  public ClassScores test(ImageDataset test) {
    progress.phase("testing");
    ClassScores scores = new ClassScores(classes);
    int batchSize = Math.min(views.evaluationBatchSize(), test.size());
    try (DataLoader loader =
            new DataLoader(test, views.evaluation(), batchSize, views.workers(), 0, true);
        LabelledBatch batch = new LabelledBatch(test.labels(), batchSize, classes);
        FloatTensor features = FloatTensor.allocate(batchSize, network.featureDimension())) {
      loader.forEach(
          0,
          betweenBatches,
          images -> {
            if (images.size() == 0) {
              return;
            }
            batch.take(images);
            FloatTensor rows = features.slice(images.size());
            network.embed(images.images(), rows, null);
            FiniteRows.require(rows, test, images.indices());
            classifier.logits(rows, batch.logits());
            scores.add(batch.logits(), batch.labels());
          });
    }
    if (scores.images() == 0) {
      throw ReadImages.noneOf(test);
    }
    return scores;
  }

  static void requireFinite(double loss, int epoch) {
    if (!Double.isFinite(loss)) {
      throw new InvalidDataException(
          Text.format(
              "the loss is %s in epoch %d: training has diverged, a lower learning rate may help",
              loss, epoch));
    }
  }

  /** Releases the classifier; idempotent. */
  @Override
  public void close() {
    classifier.close();
  }

  /** The labels of a batch, and room for its logits. */
  private static final class LabelledBatch implements AutoCloseable {
    private final int[] all;
    private final IntTensor labels;
    private final FloatTensor logits;
    private int size;

    LabelledBatch(int[] all, int batchSize, int classes) {
      this.all = all;
      labels = IntTensor.allocate(batchSize);
      logits = FloatTensor.allocate(batchSize, classes);
    }

    void take(Batch batch) {
      size = batch.size();
      for (int i = 0; i < size; i++) {
        labels.set(i, all[batch.indices().get(i)]);
      }
    }

    IntTensor labels() {
      return labels.slice(size);
    }

    FloatTensor logits() {
      return logits.slice(size);
    }

    @Override
    public void close() {
      labels.close();
      logits.close();
    }
  }
}
