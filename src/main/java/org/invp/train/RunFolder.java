package org.invp.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;
import org.invp.io.OwnFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  private static final Logger LOG = LoggerFactory.getLogger(RunFolder.class);
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

  /** Which file the lock is, whatever name it has by now; null where files have no such key. */
  private final Object lockKey;

  private RunFolder(Path path, FileChannel lock, Object lockKey) {
    this.path = path;
    this.lock = lock;
    this.lockKey = lockKey;
  }

  /**
   * Opens a folder for training, creating it if need be.
   *
   * @throws InvpException when another trainer has it open, when it holds a run and {@code
   *     existing} says to refuse, when it should be overwritten and holds files of such names that
   *     no run made, or when it cannot be written
   */
  public static RunFolder open(Path path, Existing existing) {
    boolean isRun = Files.isRegularFile(path.resolve(LOCK), LinkOption.NOFOLLOW_LINKS);
    FileChannel lock = lock(path);
    RunFolder folder = new RunFolder(path, lock, OwnFiles.identity(path.resolve(LOCK)));
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
        folder.requireRun(isRun);
        folder.clear();
      }
      return folder;
    } catch (RuntimeException e) {
      if (!isRun) {
        folder.removeLock(); // Else the folder would look like a run's.
      }
      folder.close();
      throw e;
    }
  }

  private void removeLock() {
    try {
      OwnFiles.delete(path.resolve(LOCK));
    } catch (IOException e) {
      LOG.warn("could not delete {}: {}", path.resolve(LOCK), IoErrors.reason(e));
    }
  }

  /**
   * The same folder as a rank other than 0 sees it: rank 0 has opened it, and writes all but what
   * each rank writes under a name of its own.
   */
  public static RunFolder ofRankZero(Path path) {
    return new RunFolder(path, null, null);
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

  /**
   * Throws if the folder, or its lock, is no longer the one that was opened: somebody has moved or
   * deleted it, and another trainer may have opened what is there now. To be called before a write
   * that would mix two runs.
   */
  void requireHeld() {
    if (lockKey != null && !lockKey.equals(OwnFiles.identity(path.resolve(LOCK)))) {
      throw new InvpException(
          Text.format(
              "%s was moved, deleted or replaced while the run was using it, and may be another"
                  + " trainer's now; nothing more is written there",
              path.resolve(LOCK)));
    }
  }

  /** What bears the names of a run's files is a run's if a lock or a checkpoint lies beside it. */
  private void requireRun(boolean hadLock) {
    if (hadLock || checkpoints().any()) {
      return;
    }
    for (Path file : own()) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new InvpException(
            Text.format(
                "%s is no run's: there is neither a lock nor a checkpoint beside it; move it, or"
                    + " name another folder with --run-dir",
                file));
      }
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
    for (Path file : own()) {
      try {
        OwnFiles.delete(file);
      } catch (IOException e) {
        throw new InvpException(
            Text.format("could not delete %s: %s", file, IoErrors.reason(e)), e);
      }
    }
  }

  /** All files of a run but those of its shards. */
  private List<Path> own() {
    try {
      return Stream.of(
              files(),
              OwnFiles.list(path, RANK_LOG),
              OwnFiles.list(tensorboard(), TensorBoardLog.FORM))
          .flatMap(List::stream)
          .toList();
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
