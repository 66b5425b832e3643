package org.invp.train;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.DatasetIdentity;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.objective.GraphUpdate;
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

  private final TrainingConfig config;
  private final RunFolder folder;
  private final ImageDataset train;
  private final ProcessGroup group;
  private final Agreement agreement;
  private final TrainingListener listener;
  private final Cleanup cleanup = new Cleanup();
  private final UnreadableWarning unreadable;
  private final TrainingState state;
  private final Replicas replicas;
  private final DataLoader loader;
  private final TrainingStep step;
  private final LearningRateSchedule schedule;
  private final BankRefresh bankRefresh;
  private final GraphRebuild graphRebuild;
  private final WalkProbe walkProbe;
  private final Evaluator evaluator;
  private final MetricsRecorder metrics;
  private final StartingPoint from;
  private Position saved;

  /**
   * Prepares a run; if the folder holds a checkpoint, the run goes on from there.
   *
   * @param folder open for this trainer
   * @param images those that the settings name; stay the caller's
   * @throws ConfigException when the settings do not fit the data, or not the run that the folder
   *     holds
   */
  public Trainer(
      TrainingConfig config,
      RunFolder folder,
      RunImages images,
      StopRequest stop,
      TrainingListener listener) {
    this(config, folder, images, ProcessGroup.alone(), stop, listener);
  }

  /**
   * Prepares a run in one process that trains on a graph of the caller's. Several ranks cannot:
   * each holds a shard of the graph.
   *
   * @param builder writes the graph whenever {@code training.graph: epoch} rebuilds it
   * @throws ConfigException also if the settings say {@code training.graph: lazy}, where nothing
   *     would ask the builder
   */
  public Trainer(
      TrainingConfig config,
      RunFolder folder,
      RunImages images,
      GraphBuilder builder,
      StopRequest stop,
      TrainingListener listener) {
    this(
        config, folder, images, ProcessGroup.alone(), asked(config, builder), null, stop, listener);
  }

  /**
   * Prepares one rank of a run. All ranks have the same settings, data sets and folder, see {@link
   * SameRun}; rank 0 writes the folder.
   *
   * @param group the ranks; stays the caller's
   */
  public Trainer(
      TrainingConfig config,
      RunFolder folder,
      RunImages images,
      ProcessGroup group,
      StopRequest stop,
      TrainingListener listener) {
    this(config, folder, images, group, null, stop, listener);
  }

  /**
   * Prepares one rank of a new run that begins from another one's network.
   *
   * @param from what it begins from, the same on all ranks; closed once it is taken up. Null for a
   *     fresh network
   * @throws ConfigException also when the run does not fit that
   */
  public Trainer(
      TrainingConfig config,
      RunFolder folder,
      RunImages images,
      ProcessGroup group,
      StartingPoint from,
      StopRequest stop,
      TrainingListener listener) {
    this(config, folder, images, group, GraphBuilder.exact(), from, stop, listener);
  }

  private Trainer(
      TrainingConfig config,
      RunFolder folder,
      RunImages images,
      ProcessGroup group,
      GraphBuilder builder,
      StartingPoint from,
      StopRequest stop,
      TrainingListener listener) {
    this.config = config;
    this.folder = folder;
    this.from = from;
    this.group = group;
    this.agreement = new Agreement(group, stop);
    this.listener = listener;
    this.train = images.train();
    this.unreadable = new UnreadableWarning(images, this::warn);
    config.checkAgainst(train.size(), train.channels());
    if (from != null) {
      from.requireFits(config, train).ifPresent(this::warn);
    }
    try {
      metrics = cleanup.add(new MetricsRecorder(config, folder, group.rank() == 0));
      state = cleanup.add(new TrainingState(config, train.size(), train.channels(), group));
      if (group.rank() == 0) {
        state.setImages(DatasetIdentity.copy(train, config.data().folders()));
      }
      replicas = cleanup.add(new Replicas(group, state.network(), state.optimizer()));
      loader = cleanup.add(Setup.trainingLoader(config, train, group));
      step = cleanup.add(new TrainingStep(config, state, group));
      schedule =
          new LearningRateSchedule(
              config.optimizer(), config.training().epochs(), loader.batches());
      evaluator = new Evaluator(config, state, images, group, agreement::check);
      if (config.training().graph() == GraphUpdate.PIXELS) {
        evaluator.requireRoomForPixels();
      }
      bankRefresh = new BankRefresh(config, state, evaluator);
      graphRebuild =
          new GraphRebuild(config, state, group, builder, evaluator::pixelBank, agreement::check);
      walkProbe = new WalkProbe(config, state, images.train(), group, agreement::check, this::warn);
    } catch (RuntimeException | Error e) {
      cleanup.close();
      throw e;
    }
  }

  private static GraphBuilder asked(TrainingConfig config, GraphBuilder builder) {
    if (config.training().graph() != GraphUpdate.EPOCH) {
      throw new ConfigException(
          Text.format(
              "training.graph is %s, allowed with a graph of the caller's: epoch",
              config.training().graph().name().toLowerCase(Locale.ROOT)));
    }
    return builder;
  }

  /**
   * Trains until all epochs are done or somebody asks to stop.
   *
   * @throws InvalidDataException when the loss is no longer finite; the last checkpoint stays
   */
  public Outcome run() {
    try {
      return trainEpochs();
    } catch (DivergedException e) {
      throw new InvalidDataException(e.getMessage() + "; " + afterDivergence(), e);
    }
  }

  private Outcome trainEpochs() {
    begin();
    schedule.oddity(config.training().epochs()).ifPresent(this::warn);
    try {
      measureUntrained();
      while (state.position().epoch() <= config.training().epochs()) {
        if (bankRefresh.isDue()) {
          bankRefresh.run(listener);
          unreadable.afterRefresh();
        }
        if (graphRebuild.isDue()) {
          graphRebuild.run(listener);
        }
        if (walkProbe.isDue()) {
          walkProbe.run(listener);
        }
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

  private String afterDivergence() {
    double smaller = config.optimizer().learningRate() / 10;
    return folder.checkpoints().any()
        ? Text.format(
            "the last checkpoint is kept; a new run goes on from it with a smaller rate: invp train"
                + " --from %s --run-dir OTHER --set optimizer.learning_rate=%.4g",
            folder.path(), smaller)
        : Text.format(
            "no checkpoint was saved yet; begin again with a smaller rate: --overwrite --set"
                + " optimizer.learning_rate=%.4g",
            smaller);
  }

  /** Takes up a checkpoint if there is one; every rank reads it. */
  private void begin() {
    CheckpointFiles files = folder.checkpoints();
    try (Checkpoint checkpoint = files.any() ? files.read() : null) {
      requireSame(checkpoint);
      if (checkpoint != null) {
        takeUp(checkpoint);
      }
    }
    if (from != null) {
      from.giveTo(state, config);
      from.close();
    }
    replicas.begin();
    if (from != null) {
      save(); // Whoever resumes the run from here on needs the other one no more.
    }
    metrics.begin(state.position());
    if (group.rank() == 0) {
      String origin = state.origin() == null ? "" : "# The run began with " + state.origin() + "\n";
      AtomicFile.writeString(folder.config(), origin + ConfigFile.write(config));
    }
  }

  /** All ranks go on from one checkpoint: a file system may show some of them an older one. */
  private void requireSame(Checkpoint checkpoint) {
    String identity = checkpoint == null ? "none" : checkpoint.identity();
    if (from != null) {
      if (checkpoint != null) {
        throw new InvpException(
            folder.path() + " holds a run already, which cannot begin from another one");
      }
      identity = from.identity();
    }
    RankComparison.difference(group, Map.of("the checkpoint", identity))
        .ifPresent(
            line -> {
              throw new InvpException(
                  line
                      + "; all ranks need one run folder, on a file system that their hosts share");
            });
  }

  private void takeUp(Checkpoint checkpoint) {
    ResumeRules.check(folder.path(), checkpoint.config(List.of()), config);
    checkpoint.compareImages(train, config.data().folders()).ifPresent(this::warn);
    int ranks = ShardFiles.ranks(checkpoint.metadata());
    if (ranks != group.size()) {
      warn(
          Text.format(
              "the bits differ from an unbroken run: ranks were %d, are %d", ranks, group.size()));
    }
    for (String difference : state.environment().differences(checkpoint.metadata())) {
      warn("the bits may differ from an unbroken run: " + difference);
    }
    folder.checkpoints().readOn(() -> state.restore(checkpoint));
    saved = state.position();
  }

  /** The steps of the epoch in progress that are still to be done. */
  private void trainEpoch() {
    Position start = state.position();
    int epoch = start.epoch();
    double weight = config.objective().weight(epoch);
    listener.epochStarted(epoch, config.training().epochs(), start.batch(), loader.batches());
    loader.start(epoch, start.batch());
    Stopwatch watch = new Stopwatch(loader);
    for (Batch batch = next(); batch != null; batch = next()) {
      Agreement.Images images = agreement.before(batch);
      state.addCorrupt(images.corrupt());
      if (images.all() == 0) {
        state.moveTo(state.position().afterStep());
        watch.lap(state.totals());
      } else {
        StepMetrics metrics =
            step.take(batch, images, schedule.rate(epoch, state.position().step()), weight);
        watch.lap(state.totals());
        report(metrics, images.all());
      }
      if (isMultiple(state.position().step(), config.training().checkpointEverySteps())) {
        save();
      }
      agreement.checkAlone();
    }
  }

  private Batch next() {
    return loader.next(new Patience(agreement::checkAlone, this::warn));
  }

  private void report(StepMetrics step, int images) {
    if (isMultiple(step.step(), config.training().logEvery())) {
      metrics.append(step.step(), step);
    }
    listener.stepDone(step, images, state.totals().loss());
  }

  /** Evaluates the epoch in progress, reports it and saves. */
  private void finishEpoch() {
    int epoch = state.position().epoch();
    EpochTotals totals = state.totals();
    if (totals.images() == 0) {
      throw new InvalidDataException(
          Text.format(
              "no batch of epoch %d had %d readable images; the log names the files",
              epoch, Agreement.SMALLEST_BATCH));
    }
    replicas.averageStatistics();
    replicas.requireEqual("after epoch " + epoch);
    Evaluator.EpochAccuracy accuracy = evaluator.afterEpoch(epoch, listener);
    unreadable.afterEvaluation();
    folder.requireHeld();
    EpochMetrics line =
        totals.toMetrics(
            epoch,
            config.objective().weight(epoch),
            schedule.rate(epoch, state.position().step() - 1),
            accuracy);
    metrics.append(state.position().step(), line);
    if (line.embeddingCosine() > COLLAPSED) {
      warn(
          Text.format(
              "the embeddings have collapsed: mean cosine %.3f in epoch %d; batch norm in the head"
                  + " or a higher temperature may help",
              line.embeddingCosine(), epoch));
    }
    if (line.corruptImages() > 0) {
      warn(
          Text.format(
              "%d images could not be read in epoch %d and were left out; the log names each once",
              line.corruptImages(), epoch));
    }
    LOG.info("epoch {}: {}", epoch, line);
    listener.epochDone(line);
    state.moveTo(state.position().nextEpoch());
    totals.clear();
    if (isMultiple(epoch, config.training().checkpointEveryEpochs())
        || epoch == config.training().epochs()) {
      save(state.noteAccuracy(accuracy.measured()));
    }
  }

  private void measureUntrained() {
    if (state.position().step() == 0 && state.untrainedKnn() == null) {
      evaluator.untrained(listener).ifPresent(state::setUntrainedKnn);
      unreadable.afterEvaluation();
    }
  }

  private void finish() {
    FinalMetrics last = evaluator.last(listener);
    unreadable.afterEvaluation();
    folder.requireHeld();
    metrics.append(state.position().step(), last);
    if (group.rank() == 0) {
      state.network().save(folder.weights());
    }
    if (last.embeddingAbstained() != null) {
      warn(
          Text.format(
              "%d test images have no labelled neighbour, and count as wrong",
              last.embeddingAbstained()));
    }
    LOG.info("done: {}", last);
    listener.finished(last);
  }

  private static boolean isMultiple(long count, int every) {
    return every > 0 && count % every == 0;
  }

  private void save() {
    save(false);
  }

  /**
   * Saves; a checkpoint of the same position is replaced, so that the previous one is an earlier
   * one.
   */
  private void save(boolean best) {
    folder.requireHeld();
    replicas.averageStatistics();
    CheckpointFiles files = folder.checkpoints();
    boolean keep = !state.position().equals(saved);
    state.save(files.latest(), (path, content) -> files.write(content, best, keep));
    saved = state.position();
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
