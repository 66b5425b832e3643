package org.invp.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;

/**
 * The folder of one run: {@code config.yaml}, {@code metrics.jsonl}, its {@link CheckpointFiles},
 * {@code log.txt}, {@code tensorboard/}, at the end {@code weights.safetensors}. While it is open
 * for training no other trainer can open it; the lock is the operating system's and ends with the
 * process, however that ends.
 */
public final class RunFolder implements AutoCloseable {
  /** The name of the file with the run's settings. */
  public static final String CONFIG = "config.yaml";

  /** The name of the file with the network alone. */
  public static final String WEIGHTS = "weights.safetensors";

  /** The name of the file with a line for each epoch and a last one. */
  public static final String METRICS = "metrics.jsonl";

  private static final String LOCK = "run.lock";
  private static final Pattern RANK_LOG = Pattern.compile("log-rank\\d+\\.txt");

  /** What to do with a run that the folder already holds. */
  public enum Existing {
    /** Refuse to start. */
    REFUSE,
    /** Go on where it stopped. */
    RESUME,
    /** Delete it and start anew. */
    OVERWRITE
  }

  private final Path path;
  private final FileChannel lock;

  private RunFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Opens a folder for training, creating it if need be.
   *
   * @throws InvpException when another trainer has it open, when it holds a run and {@code
   *     existing} says to refuse, or when it cannot be written
   */
  public static RunFolder open(Path path, Existing existing) {
    RunFolder folder = new RunFolder(path, lock(path));
    try {
      folder.files().forEach(AtomicFile::removeLeftovers);
      if (existing == Existing.REFUSE && folder.holdsRun()) {
        throw new InvpException(
            Text.format(
                "%s already holds a run; --resume goes on with it, --overwrite deletes it,"
                    + " --run-dir names another folder",
                path));
      }
      if (existing == Existing.OVERWRITE) {
        folder.clear();
      }
      return folder;
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /**
   * The same folder as a rank other than 0 sees it: rank 0 has opened it, and writes all but what
   * each rank writes under a name of its own.
   */
  public static RunFolder ofRankZero(Path path) {
    return new RunFolder(path, null);
  }

  /** Where the folder is. */
  public Path path() {
    return path;
  }

  /** The settings of the run, with every value filled in. */
  public Path config() {
    return path.resolve(CONFIG);
  }

  /** One line per epoch. */
  public Path metrics() {
    return path.resolve(METRICS);
  }

  /** The event files for TensorBoard. */
  public Path tensorboard() {
    return path.resolve("tensorboard");
  }

  /** Everything that the run needs to go on. */
  public Path checkpoint() {
    return checkpoints().latest();
  }

  /** The checkpoints that are kept. */
  public CheckpointFiles checkpoints() {
    return new CheckpointFiles(path);
  }

  /** The network alone, once the run is complete; {@code Network.load} reads it. */
  public Path weights() {
    return path.resolve(WEIGHTS);
  }

  /** What the trainer said. */
  public Path log() {
    return path.resolve("log.txt");
  }

  /** What a rank of several said; rank 0's words are those of the run. */
  public Path log(int rank) {
    return rank == 0 ? log() : path.resolve(Text.format("log-rank%d.txt", rank));
  }

  /** Lets other trainers in; idempotent. */
  @Override
  public void close() {
    if (lock == null) {
      return;
    }
    try {
      lock.close();
    } catch (IOException e) {
      throw new InvpException(
          Text.format("could not release %s: %s", path.resolve(LOCK), IoErrors.reason(e)), e);
    }
  }

  private boolean holdsRun() {
    return checkpoints().any() || Stream.of(config(), metrics(), weights()).anyMatch(Files::exists);
  }

  private List<Path> files() {
    return Stream.concat(
            checkpoints().all().stream(), Stream.of(weights(), metrics(), config(), log()))
        .toList();
  }

  private void clear() {
    checkpoints().shards().delete();
    List<Path> run =
        Stream.of(files(), rankLogs(), TensorBoardLog.files(tensorboard()))
            .flatMap(List::stream)
            .toList();
    for (Path file : run) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new InvpException(
            Text.format("could not delete %s: %s", file, IoErrors.reason(e)), e);
      }
    }
  }

  private List<Path> rankLogs() {
    try (Stream<Path> all = Files.list(path)) {
      return all.filter(file -> RANK_LOG.matcher(file.getFileName().toString()).matches()).toList();
    } catch (IOException e) {
      throw new InvpException(Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    }
  }

  private static FileChannel lock(Path path) {
    Path file = path.resolve(LOCK);
    FileChannel channel = null;
    try {
      Files.createDirectories(path);
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (tryLock(channel) != null) {
        channel.truncate(0);
        channel.write(StandardCharsets.UTF_8.encode(ProcessHandle.current().pid() + "\n"), 0);
        FileChannel locked = channel;
        channel = null;
        return locked;
      }
      throw new InvpException(
          Text.format("%s is in use by another trainer (process %s)", path, holder(channel)));
    } catch (IOException e) {
      throw new InvpException(
          Text.format("could not open the run folder %s: %s", path, IoErrors.reason(e)), e);
    } finally {
      closeQuietly(channel);
    }
  }

  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(32);
    channel.read(text, 0);
    String holder = StandardCharsets.UTF_8.decode(text.flip()).toString().strip();
    return holder.matches("\\d+") ? holder : "unknown";
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new InvpException("could not close " + channel, e);
      }
    }
  }
}
