package org.invp.train;

import java.nio.file.Files;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.ImageDataset;
import org.invp.io.AtomicFile;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.StepResult;
import org.invp.tensor.FloatTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a network by Invariance Propagation (Wang et al., NeurIPS 2020).
 *
 * <p>One thread calls {@link #run}; any thread may ask it to stop through the {@link StopRequest}.
 * With the same settings, LibTorch build, CPU capability and number of threads, a run that was
 * stopped and resumed ends with the same bits as one that never stopped.
 */
public final class Trainer implements AutoCloseable {
  /** Above this mean cosine the embeddings of a batch are practically one direction. */
  static final double COLLAPSED = 0.95;

  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);
  private static final double NANOS = 1e-9;

  private final TrainingConfig config;
  private final RunFolder folder;
  private final StopRequest stop;
  private final TrainingListener listener;
  private final Environment environment;
  private final Cleanup cleanup = new Cleanup();
  private final TrainingState state;
  private final DataLoader loader;
  private final InvariancePropagation objective;
  private final FloatTensor gradient;
  private final LearningRateSchedule schedule;
  private final Evaluator evaluator;
  private final MetricsFile metrics;

  /**
   * Prepares a run; if the folder holds a checkpoint, the run goes on from there.
   *
   * @param folder open for this trainer
   * @param train the training images; stays the caller's
   * @param test the images that kNN classifies; stays the caller's
   * @throws org.invp.config.ConfigException when the settings do not fit the data, or not the run
   *     that the folder holds
   */
  public Trainer(
      TrainingConfig config,
      RunFolder folder,
      ImageDataset train,
      ImageDataset test,
      StopRequest stop,
      TrainingListener listener) {
    this.config = config;
    this.folder = folder;
    this.stop = stop;
    this.listener = listener;
    this.metrics = new MetricsFile(folder.metrics());
    config.checkAgainst(train.size(), train.channels());
    try {
      environment = Setup.environment(config.training().resolvedThreads());
      state = cleanup.add(new TrainingState(config, train.size(), train.channels()));
      loader = cleanup.add(Setup.trainingLoader(config, train));
      objective =
          cleanup.add(new InvariancePropagation(state.bank(), state.graph(), config.objective()));
      gradient =
          cleanup.add(
              FloatTensor.allocate(config.training().batchSize(), config.network().dimension()));
      schedule =
          new LearningRateSchedule(
              config.optimizer(), config.training().epochs(), loader.batches());
      evaluator = new Evaluator(config, state, train, test, stop::check);
    } catch (RuntimeException | Error e) {
      cleanup.close();
      throw e;
    }
  }

  /**
   * Trains until all epochs are done or somebody asks to stop.
   *
   * @throws InvalidDataException when the loss is no longer finite; the last checkpoint stays
   */
  public Outcome run() {
    begin();
    try {
      measureUntrained();
      fillBankWithFeatures();
      while (state.position().epoch() <= config.training().epochs()) {
        trainEpoch();
        finishEpoch();
      }
      finish();
      return Outcome.COMPLETE;
    } catch (StopRequest.Stopped stopped) {
      save();
      return Outcome.STOPPED;
    }
  }

  /** Takes up a checkpoint if there is one. */
  private void begin() {
    if (Files.exists(folder.checkpoint())) {
      try (Checkpoint checkpoint = Checkpoint.read(folder.checkpoint())) {
        ResumeRules.check(folder.path(), checkpoint.config(List.of()), config);
        for (String difference : environment.differences(checkpoint.metadata())) {
          warn("the bits may differ from an unbroken run: " + difference);
        }
        state.restore(checkpoint);
      }
    }
    metrics.keepUpTo(state.position());
    AtomicFile.writeString(folder.config(), ConfigFile.write(config));
  }

  /** The steps of the epoch in progress that are still to be done. */
  private void trainEpoch() {
    Position start = state.position();
    int epoch = start.epoch();
    double weight = config.objective().weight(epoch);
    listener.epochStarted(epoch, config.training().epochs(), start.batch(), loader.batches());
    loader.start(epoch, start.batch());
    double waited = loader.waitSeconds();
    long before = System.nanoTime();
    for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
      StepTimes times = trainStep(batch, epoch, weight);
      long now = System.nanoTime();
      state
          .totals()
          .addSeconds(
              (now - before) * NANOS, times.bank(), times.network(), loader.waitSeconds() - waited);
      before = now;
      waited = loader.waitSeconds();
      int every = config.training().checkpointEverySteps();
      if (every > 0 && state.position().step() % every == 0) {
        save();
      }
      stop.check();
    }
  }

  /** Seconds that one step spent in the objective and in the network. */
  private record StepTimes(double bank, double network) {}

  /** Forward, objective, backward, optimizer. */
  private StepTimes trainStep(Batch batch, int epoch, double weight) {
    double rate = schedule.rate(epoch, state.position().step());
    FloatTensor slope = gradient.slice(batch.size());

    long started = System.nanoTime();
    FloatTensor embeddings = state.network().forward(batch.images());
    long embedded = System.nanoTime();
    StepResult result = objectiveStep(batch, embeddings, weight, slope, rate);
    long judged = System.nanoTime();
    state.network().backward(slope);
    state.optimizer().step(rate);
    long done = System.nanoTime();

    state.moveTo(state.position().afterStep());
    report(batch.size(), epoch, rate, weight, result);
    return new StepTimes((judged - embedded) * NANOS, (embedded - started + done - judged) * NANOS);
  }

  private StepResult objectiveStep(
      Batch batch, FloatTensor embeddings, double weight, FloatTensor slope, double rate) {
    StepResult result;
    try {
      result = objective.step(batch.indices(), embeddings, weight, slope);
    } catch (InvalidDataException e) {
      throw diverged(e.getMessage(), rate, e);
    }
    double loss = result.lossIns() + weight * result.lossInv();
    if (!Double.isFinite(loss)) {
      throw diverged("the loss is " + loss, rate, null);
    }
    return result;
  }

  private InvalidDataException diverged(String what, double rate, Throwable cause) {
    Position position = state.position();
    return new InvalidDataException(
        ("training has diverged in epoch %d, batch %d at learning rate %.4g: %s; "
                + "the last checkpoint is kept, try a smaller optimizer.learning_rate")
            .formatted(position.epoch(), position.batch() + 1, rate, what),
        cause);
  }

  private void report(int images, int epoch, double rate, double weight, StepResult result) {
    double loss = result.lossIns() + weight * result.lossInv();
    state.totals().add(images, loss, result);
    long step = state.position().step();
    StepMetrics line =
        new StepMetrics(
            epoch, step, loss, result.lossIns(), result.lossInv(), rate, result.meanCosine());
    int every = config.training().logEvery();
    if (every > 0 && step % every == 0) {
      metrics.append(line);
    }
    listener.stepDone(line, images, state.totals().loss());
  }

  /** Evaluates the epoch in progress, reports it and saves. */
  private void finishEpoch() {
    int epoch = state.position().epoch();
    EpochTotals totals = state.totals();
    Evaluator.EpochAccuracy accuracy = evaluator.afterEpoch(epoch, listener);
    EpochMetrics line =
        new EpochMetrics(
            epoch,
            totals.loss(),
            totals.lossIns(),
            totals.lossInv(),
            config.objective().weight(epoch),
            schedule.rate(epoch, state.position().step() - 1),
            (int) totals.images(),
            totals.seconds(),
            totals.images() / totals.seconds(),
            totals.bankSeconds(),
            totals.networkSeconds(),
            totals.waitSeconds(),
            accuracy.bank(),
            accuracy.embedding(),
            totals.cosine());
    metrics.append(line);
    if (line.embeddingCosine() > COLLAPSED) {
      warn(
          "the embeddings have collapsed: mean cosine %.3f in epoch %d; batch norm in the head or a higher temperature may help"
              .formatted(line.embeddingCosine(), epoch));
    }
    LOG.info("epoch {}: {}", epoch, line);
    listener.epochDone(line);
    state.moveTo(state.position().nextEpoch());
    totals.clear();
    if (epoch % config.training().checkpointEveryEpochs() == 0
        || epoch == config.training().epochs()) {
      save();
    }
  }

  private void measureUntrained() {
    if (state.position().step() == 0 && state.untrainedKnn() == null) {
      evaluator.untrained(listener).ifPresent(state::setUntrainedKnn);
    }
  }

  private void fillBankWithFeatures() {
    if (state.position().step() == 0 && config.objective().bankStart() == BankStart.FEATURES) {
      listener.phase("filling the memory bank with the network's first embeddings");
      evaluator.fillBank();
    }
  }

  private void finish() {
    FinalMetrics last = evaluator.last(listener);
    metrics.append(last);
    state.network().save(folder.weights());
    LOG.info("done: {}", last);
    listener.finished(last);
  }

  private void save() {
    state.save(folder.checkpoint(), environment);
  }

  private void warn(String message) {
    LOG.warn(message);
    listener.warning(message);
  }

  /** Releases everything but the folder and the data sets; idempotent. */
  @Override
  public void close() {
    cleanup.close();
  }
}
