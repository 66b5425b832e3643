package org.invp.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.invp.InvalidDataException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.nn.NetworkOptions;
import org.invp.objective.GraphUpdate;

/**
 * What a new run begins from: another run's network, and its memory bank and graph where these are
 * wanted and there. The new run has a schedule, settings and figures of its own, and an optimizer
 * without momentum; its epochs count from 1. Holds the files' content until {@link #close}.
 */
public final class StartingPoint implements AutoCloseable {
  private static final String INITIALISATION = "network.initialisation";
  private static final String HIDDEN = "network.head_hidden";
  private static final String CHANNELS = "network.channels";
  private static final String WAY_OUT = "; --network-only takes the network alone";

  private final Path path;
  private final Path run;
  private final AutoCloseable file;
  private final Checkpoint checkpoint; // null for weights alone
  private final List<NamedTensor> weights;
  private final Map<String, String> metadata;
  private final boolean rows;

  private StartingPoint(Path run, Path path, Checkpoint checkpoint, boolean networkOnly) {
    this.run = run;
    this.path = path;
    this.file = checkpoint;
    this.checkpoint = checkpoint;
    this.weights = checkpoint.weights();
    this.metadata = checkpoint.metadata();
    this.rows = !networkOnly;
  }

  private StartingPoint(Path run, Path path, TensorFile file) {
    this.run = run;
    this.path = path;
    this.file = file;
    this.checkpoint = null;
    this.weights = file.tensors();
    this.metadata = file.metadata();
    this.rows = false;
  }

  /**
   * Reads what is to be begun from; the run may be training meanwhile.
   *
   * @param run a run folder, or a checkpoint; a folder may have weights only, such as one of an
   *     imported network
   * @param which of a folder's checkpoints
   * @param networkOnly leaves the memory bank and the graph behind
   * @throws InvalidDataException when there is none, or it is damaged
   */
  public static StartingPoint open(Path run, CheckpointFiles.Which which, boolean networkOnly) {
    CheckpointFiles files = RunFolder.ofRankZero(run).checkpoints();
    if (!Files.isDirectory(run)) {
      return new StartingPoint(run, run, Checkpoint.read(run), networkOnly);
    }
    if (hasWeightsOnly(run, which)) {
      Path path = run.resolve(RunFolder.WEIGHTS);
      return new StartingPoint(run, path, Safetensors.read(path));
    }
    return new StartingPoint(run, files.path(which), files.readOther(which), networkOnly);
  }

  /** The settings that such a run was trained with, for a new one that is not told others. */
  public static TrainingConfig settings(
      Path run, CheckpointFiles.Which which, List<String> overrides) {
    if (!Files.isDirectory(run)) {
      return Checkpoint.settings(run, overrides);
    }
    if (hasWeightsOnly(run, which)) {
      return ConfigFile.readRun(run.resolve(RunFolder.CONFIG), overrides);
    }
    return Checkpoint.settings(RunFolder.ofRankZero(run).checkpoints().path(which), overrides);
  }

  private static boolean hasWeightsOnly(Path run, CheckpointFiles.Which which) {
    return which == CheckpointFiles.Which.LATEST
        && !RunFolder.ofRankZero(run).checkpoints().any()
        && Files.exists(run.resolve(RunFolder.WEIGHTS));
  }

  /** What the new run's checkpoints say of it. */
  public Origin origin() {
    return new Origin(
        Fingerprint.of(weights),
        checkpoint == null ? null : Integer.valueOf(checkpoint.epochs()),
        rows,
        run.toString());
  }

  /** What tells it from others that another rank may see. */
  String identity() {
    return Text.format(
        "of %s with network %s, %s",
        run,
        Fingerprint.of(weights).substring(0, 16),
        checkpoint == null ? "weights alone" : checkpoint.identity());
  }

  /**
   * Refuses to begin a run that it does not fit: the network must have the same shape, and the
   * memory bank's rows must belong to the new run's images. Everything else may differ.
   *
   * @param images that the new run learns from
   * @return a sentence if it does not say of which images it is
   * @throws ConfigException naming the setting that differs
   * @throws InvalidDataException naming the image that is another
   */
  public Optional<String> requireFits(TrainingConfig config, ImageDataset images) {
    requireNetwork(config);
    if (!rows) {
      return Optional.empty();
    }
    if (checkpoint.rows() != images.size()) {
      throw new InvalidDataException(
          Text.format(
              "the memory bank of %s has %d rows, the training images here are %d%s%s",
              path, checkpoint.rows(), images.size(), division(config), WAY_OUT));
    }
    int before = checkpoint.config(List.of()).objective().neighbours();
    if (takesGraph(config) && before != config.objective().neighbours()) {
      throw new ConfigException(
          Text.format(
              "objective.neighbours is %d, but the graph of %s has %d per row; allowed: the same, or"
                  + " training.graph: epoch or pixels, which make a new one%s",
              config.objective().neighbours(), path, before, WAY_OUT));
    }
    try {
      return checkpoint.compareImages(images, config.data().folders());
    } catch (InvalidDataException e) {
      throw new InvalidDataException(e.getMessage() + division(config) + WAY_OUT, e);
    }
  }

  private void requireNetwork(TrainingConfig config) {
    Map<String, String> here =
        new TreeMap<>(
            Setup.networkOptions(config, config.augmentation().mean().size()).toMetadata());
    Map<String, String> there = NetworkOptions.fromMetadata(metadata).toMetadata();
    here.remove(INITIALISATION);
    if (config.network().head() == NetworkOptions.Head.LINEAR) {
      here.remove(HIDDEN);
    }
    here.forEach(
        (key, value) -> {
          if (!value.equals(there.get(key))) {
            throw new ConfigException(
                Text.format(
                    "%s is %s, but the network of %s has %s; allowed: the same",
                    key.equals(CHANNELS) ? "the number of values of augmentation.mean" : key,
                    lower(value),
                    path,
                    lower(there.get(key))));
          }
        });
  }

  /** Where other images were chosen, what chose them. */
  private String division(TrainingConfig config) {
    return Setup.division(config).equals(Setup.division(checkpoint.config(List.of())))
        ? ""
        : " (data.limit, data.draw, evaluation.held_out and the seed choose them, and one of these"
            + " is another)";
  }

  /** A graph that is built anew before the first step needs no other before. */
  private static boolean takesGraph(TrainingConfig config) {
    return config.training().graph() == GraphUpdate.LAZY;
  }

  /** Puts it into the state of the new run, which it must fit. */
  void giveTo(TrainingState state, TrainingConfig config) {
    state.network().load(weights);
    if (rows) {
      checkpoint.copyRows(
          state.shard(),
          state.bank().embeddings(),
          takesGraph(config) ? state.graph().neighbours() : null);
    }
    state.setOrigin(origin());
  }

  private static String lower(String value) {
    return value.toLowerCase(Locale.ROOT);
  }

  /** Releases the content; idempotent. */
  @Override
  public void close() {
    try {
      file.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("memory that could not be released", e);
    }
  }
}
