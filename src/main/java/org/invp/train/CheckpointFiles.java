package org.invp.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;

/**
 * The checkpoints that a run folder keeps: {@code checkpoint.safetensors}, the one before it
 * ({@code checkpoint-previous}) and the one of the epoch with the highest kNN accuracy ({@code
 * checkpoint-best}); two names may be one file. Whenever the process or the machine stops, each
 * name is absent or a whole checkpoint.
 *
 * <p>Only the trainer that has the run folder open may write; anybody may read.
 */
public final class CheckpointFiles {
  private static final String LATEST = "checkpoint.safetensors";
  private static final WayOut RESUME =
      new WayOut(
          "to go on",
          "--resume",
          "; no other checkpoint here is whole, so begin again with --overwrite");
  private static final WayOut BEGIN =
      new WayOut("to begin", "", "; no other checkpoint of that run is whole");

  private final Path folder;

  /** One of the checkpoints. */
  public enum Which {
    /** The newest. */
    LATEST,
    /** The one before the newest. */
    PREVIOUS,
    /** That of the highest kNN accuracy. */
    BEST
  }

  /**
   * What to do instead of reading a checkpoint that is not whole.
   *
   * @param what in words
   * @param option that does it with the newest
   * @param none where no other is whole
   */
  private record WayOut(String what, String option, String none) {
    String options(Which other) {
      String choice = "--checkpoint " + lower(other);
      if (option.isEmpty()) {
        return choice;
      }
      return other == Which.LATEST ? option : option + " " + choice;
    }
  }

  CheckpointFiles(Path folder) {
    this.folder = folder;
  }

  /** Where a checkpoint is, or would be. */
  public Path path(Which which) {
    return which == Which.LATEST ? folder.resolve(LATEST) : named(lower(which));
  }

  /** Where the newest is, or would be. */
  public Path latest() {
    return path(Which.LATEST);
  }

  /** Every name that this object gives. */
  List<Path> all() {
    return List.of(latest(), path(Which.PREVIOUS), path(Which.BEST), setAside());
  }

  /** Whether there is any checkpoint. */
  boolean any() {
    return all().stream().anyMatch(Files::exists);
  }

  /**
   * Reads the newest.
   *
   * @throws InvalidDataException when it is missing or damaged; the message says how to go on from
   *     another one
   */
  Checkpoint read() {
    return naming(Which.LATEST, RESUME, () -> Checkpoint.read(latest()));
  }

  /**
   * Reads one for another run to begin from.
   *
   * @throws InvalidDataException when it is missing or damaged; the message says how to begin from
   *     another one
   */
  Checkpoint readOther(Which which) {
    return naming(which, BEGIN, () -> Checkpoint.read(path(which)));
  }

  /**
   * Reads more of what {@link #read} gave, the ranks' files too.
   *
   * @throws InvalidDataException as there
   */
  void readOn(Runnable work) {
    naming(Which.LATEST, RESUME, work);
  }

  /** Adds the way out to a failure that comes of a checkpoint which is not whole. */
  private <T> T naming(Which which, WayOut way, Supplier<T> work) {
    try {
      return work.get();
    } catch (InvalidDataException e) {
      throw isWhole(which) ? e : new InvalidDataException(e.getMessage() + wayOut(which, way), e);
    }
  }

  private void naming(Which which, WayOut way, Runnable work) {
    naming(
        which,
        way,
        () -> {
          work.run();
          return null;
        });
  }

  private boolean isWhole(Which which) {
    try {
      requireWhole(which);
      return true;
    } catch (InvalidDataException e) {
      return false;
    }
  }

  private void requireWhole(Which which) {
    try (Checkpoint checkpoint = Checkpoint.read(path(which))) {
      checkpoint.requireWhole();
    }
  }

  /**
   * Writes a new checkpoint.
   *
   * @param best whether the new one is also the best
   * @param keep whether the newest becomes the previous one, or is given up
   * @throws InvpException when that fails; the newest is unchanged then
   */
  void write(AtomicFile.Content content, boolean best, boolean keep) {
    AtomicFile.write(
        latest(),
        content,
        written -> {
          if (best) {
            AtomicFile.alias(written, path(Which.BEST));
          }
          if (keep && Files.exists(latest())) {
            AtomicFile.alias(latest(), path(Which.PREVIOUS));
          }
        });
    shards().sweep(all());
  }

  /**
   * Makes another checkpoint the newest, after reading all of it. The newest of before, damaged or
   * not, is kept as {@code checkpoint-set-aside.safetensors}.
   *
   * @throws InvalidDataException when the other one is missing or damaged; nothing has changed
   *     then, and the message says from which one the run can go on
   */
  public void goBackTo(Which which) {
    if (which == Which.LATEST) {
      return;
    }
    naming(which, RESUME, () -> requireWhole(which));
    try {
      if (Files.exists(latest())) {
        AtomicFile.alias(latest(), setAside());
      }
      AtomicFile.alias(path(which), latest());
    } catch (IOException e) {
      throw new InvpException(
          Text.format("could not go back to %s: %s", path(which), IoErrors.reason(e)), e);
    }
  }

  /** The files of runs by several ranks. */
  ShardFiles shards() {
    return new ShardFiles(folder);
  }

  private String wayOut(Which damaged, WayOut way) {
    return Stream.of(Which.values())
        .filter(other -> other != damaged && Files.exists(path(other)) && isWhole(other))
        .findFirst()
        .map(
            other ->
                Text.format(
                    "; %s from %s: %s", way.what(), path(other).getFileName(), way.options(other)))
        .orElse(way.none());
  }

  private Path setAside() {
    return named("set-aside");
  }

  private Path named(String kind) {
    return folder.resolve(LATEST.replace(".", "-" + kind + "."));
  }

  private static String lower(Which which) {
    return which.name().toLowerCase(Locale.ROOT);
  }
}
