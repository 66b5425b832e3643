package org.invp.train;

import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.config.ConfigException;
import org.invp.config.EvaluationConfig;
import org.invp.config.EvaluationConfig.Features;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.KnnEvaluation;
import org.invp.eval.KnnResult;
import org.invp.internal.Text;
import org.invp.nn.Network;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The evaluations around a run: before it, after every epoch, at its end. All ranks share them.
 * Where images are held out of training they judge the epochs, and the test images are read at the
 * end only.
 */
final class Evaluator {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluator.class);
  private static final long MAX_BYTES = 4L << 30;
  private static final KnnEvaluation.NetworkResults NOT_MEASURED =
      new KnnEvaluation.NetworkResults(null, null);

  private final TrainingConfig config;
  private final TrainingState state;
  private final RunImages images;
  private final KnnEvaluation knn;
  private final KnnEvaluation judged;

  /** kNN accuracies after an epoch; null where not measured. */
  record EpochAccuracy(Double bank, Double embedding) {
    /** The one that was measured; null when none was. */
    Double measured() {
      return bank != null ? bank : embedding;
    }
  }

  /**
   * @param betweenBatches called now and then; it ends an evaluation by throwing
   */
  Evaluator(
      TrainingConfig config,
      TrainingState state,
      RunImages images,
      ProcessGroup group,
      Runnable betweenBatches) {
    this.config = config;
    this.state = state;
    this.images = images;
    this.knn =
        new KnnEvaluation(
            state.engine(),
            images.train(),
            images.test(),
            Setup.knnProtocol(config),
            group,
            betweenBatches);
    this.judged =
        images.holdOut()
            ? new KnnEvaluation(
                state.engine(),
                images.train(),
                images.judged(),
                Setup.knnProtocol(config),
                group,
                betweenBatches)
            : knn;
  }

  /** The network's accuracies before training, if they are asked for and the time has come. */
  Optional<UntrainedKnn> untrained(TrainingListener listener) {
    if (!config.evaluation().baselines() || holdsOut() || !tests()) {
      return Optional.empty();
    }
    return Optional.of(untrainedAnew(listener));
  }

  private UntrainedKnn untrained(Network network) {
    KnnEvaluation.NetworkResults outputs = outputs(knn, network);
    return new UntrainedKnn(
        outputs.embedding().top1ByK(),
        outputs.backbone() == null ? new TreeMap<>() : outputs.backbone().top1ByK());
  }

  /** As {@link KnnEvaluation#fill} says, for the run's bank. */
  void fillBank(NeighbourGraph.Progress progress) {
    knn.fill(state.bank(), state.network(), progress);
  }

  /**
   * Refuses a graph of the raw pixels of more images than fit into memory.
   *
   * @throws ConfigException naming the setting
   */
  void requireRoomForPixels() {
    if (knn.pixelBytes() > MAX_BYTES) {
      throw new ConfigException(
          Text.format(
              "training.graph is pixels, which needs %d bytes for the images' pixels, allowed: at"
                  + " most %d",
              knn.pixelBytes(), MAX_BYTES));
    }
  }

  /** The raw pixels of this rank's training images, rows of length 1; the caller's to close. */
  MemoryBank pixelBank() {
    return knn.pixelBank();
  }

  EpochAccuracy afterEpoch(int epoch, TrainingListener listener) {
    EvaluationConfig evaluation = config.evaluation();
    if (evaluation.every() == 0
        || epoch % evaluation.every() != 0
        || images.unjudgeable().isPresent()) {
      return new EpochAccuracy(null, null);
    }
    listener.phase("kNN");
    if (evaluation.features() == Features.BANK) {
      return new EpochAccuracy(
          judged.againstBank(state.network(), state.bank()).accuracy().top1(), null);
    }
    return new EpochAccuracy(null, judged.recomputed(state.network()).accuracy().top1());
  }

  FinalMetrics last(TrainingListener listener) {
    KnnEvaluation.NetworkResults trained = NOT_MEASURED;
    if (tests()) {
      listener.phase("kNN of the trained embedding and of the backbone's features");
      trained = outputs(knn, state.network());
    }
    KnnEvaluation.NetworkResults heldOut = NOT_MEASURED;
    if (holdsOut() && images.unjudgeable().isEmpty()) {
      listener.phase("kNN of both on the held-out images");
      heldOut = outputs(judged, state.network());
    }
    UntrainedKnn untrained = state.untrainedKnn();
    if (holdsOut() && tests()) {
      untrained = config.evaluation().baselines() ? untrainedAnew(listener) : null;
    }
    KnnResult pixels = null;
    if (config.evaluation().baselines() && tests()) {
      listener.phase("kNN of the raw pixels");
      pixels = pixels();
    }
    SortedMap<Integer, Double> before = untrained == null ? null : untrained.embedding();
    SortedMap<Integer, Double> backboneBefore =
        untrained == null || untrained.backbone().isEmpty() ? null : untrained.backbone();
    return new FinalMetrics(
        true,
        top1(pixels),
        before == null ? null : before.get(config.evaluation().k()),
        top1(trained.embedding()),
        top1(trained.backbone()),
        top5(trained.embedding()),
        top5(trained.backbone()),
        config.seed(),
        config.objective().mode().name().toLowerCase(Locale.ROOT),
        state.corruptImages(),
        byK(pixels),
        before,
        backboneBefore,
        byK(trained.embedding()),
        byK(trained.backbone()),
        top1(heldOut.embedding()),
        top1(heldOut.backbone()),
        byK(heldOut.embedding()),
        byK(heldOut.backbone()),
        knn.sharedClasses(),
        trained.embedding() == null ? null : orNull(trained.embedding().abstained()),
        orNull(images.test().unreadable()));
  }

  private static Integer orNull(int count) {
    return count == 0 ? null : Integer.valueOf(count);
  }

  private static Double top1(KnnResult result) {
    return result == null ? null : Double.valueOf(result.accuracy().top1());
  }

  private static Double top5(KnnResult result) {
    return result == null ? null : Double.valueOf(result.accuracy().top5());
  }

  private static SortedMap<Integer, Double> byK(KnnResult result) {
    return result == null ? null : result.top1ByK();
  }

  /** Whether the test images can be classified. */
  private boolean tests() {
    return images.untestable().isEmpty();
  }

  private boolean holdsOut() {
    return judged != knn;
  }

  /** Of the fresh network of the run's seed, whatever the run began from. */
  private UntrainedKnn untrainedAnew(TrainingListener listener) {
    listener.phase("kNN of the untrained network");
    Network now = state.network();
    if (state.position().step() == 0 && state.origin() == null) {
      return untrained(now);
    }
    try (Network untrained = Network.create(now.options(), config.seed(), now.execution())) {
      return untrained(untrained);
    }
  }

  /** Of both outputs; without the backbone's features where they are too large. */
  private static KnnEvaluation.NetworkResults outputs(KnnEvaluation over, Network network) {
    if (fits("the backbone's features", over.backboneBytes(network))) {
      return over.bothOutputs(network);
    }
    return new KnnEvaluation.NetworkResults(over.recomputed(network), null);
  }

  private KnnResult pixels() {
    return fits("the raw pixels", knn.pixelBytes()) ? knn.pixels() : null;
  }

  private static boolean fits(String what, long bytes) {
    if (bytes > MAX_BYTES) {
      LOG.info(
          "kNN of {} is left out: it would need {} bytes of memory, at most {} are used",
          what,
          bytes,
          MAX_BYTES);
    }
    return bytes <= MAX_BYTES;
  }
}
