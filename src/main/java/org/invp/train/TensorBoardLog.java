package org.invp.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;
import org.invp.io.OwnFiles;

/**
 * Event files for TensorBoard, one per session of a run: a resumed run begins another, which tells
 * readers to forget what the earlier ones say from its first step on. Not thread-safe.
 */
final class TensorBoardLog implements AutoCloseable {
  private static final String PREFIX = "events.out.tfevents.";
  private static final String SUFFIX = ".invp";

  /** Of the names of these files. */
  static final Pattern FORM =
      Pattern.compile(Pattern.quote(PREFIX) + "\\d{10,18}" + Pattern.quote(SUFFIX));

  private static final double MILLI = 1e-3;

  private final Path path;
  private final FileChannel channel;
  private final InstantSource clock;

  private TensorBoardLog(Path path, FileChannel channel, InstantSource clock) {
    this.path = path;
    this.channel = channel;
    this.clock = clock;
  }

  /**
   * Begins a session's file.
   *
   * @param folder is created if need be
   * @param step what earlier sessions wrote about this step and later ones no longer counts
   */
  static TensorBoardLog begin(Path folder, long step, InstantSource clock) {
    Path path = folder;
    try {
      Files.createDirectories(folder);
      path = folder.resolve(nextName(folder, clock));
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      TensorBoardLog log = new TensorBoardLog(path, channel, clock);
      log.write(TensorBoardEvent.fileVersion(log.now()));
      log.write(TensorBoardEvent.start(log.now(), step));
      return log;
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  /** The event files in a folder, oldest first; none if there is no such folder. */
  static List<Path> files(Path folder) {
    try {
      return OwnFiles.list(folder, FORM).stream().sorted().toList();
    } catch (IOException e) {
      throw new InvpException(Text.format("could not read %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  /** Adds figures of one step. */
  void scalars(long step, Map<String, Double> values) {
    write(TensorBoardEvent.scalars(now(), step, values));
  }

  /** Adds a text in Markdown. */
  void text(long step, String tag, String markdown) {
    write(TensorBoardEvent.text(now(), step, tag, markdown));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private void write(byte[] event) {
    try {
      ByteBuffer frame = TfRecord.frame(event);
      while (frame.hasRemaining()) {
        channel.write(frame);
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private double now() {
    return clock.millis() * MILLI;
  }

  /**
   * TensorBoard reads a folder's files in the order of their names, so a later one must sort so.
   */
  private static String nextName(Path folder, InstantSource clock) {
    long second = clock.millis() / 1000;
    List<Path> before = files(folder);
    if (!before.isEmpty()) {
      String last = before.get(before.size() - 1).getFileName().toString();
      String number = last.substring(PREFIX.length(), last.length() - SUFFIX.length());
      second = Math.max(second, Long.parseLong(number) + 1);
    }
    return String.format(Locale.ROOT, "%s%010d%s", PREFIX, second, SUFFIX);
  }

  private static InvpException failure(Path path, IOException cause) {
    return new InvpException(
        Text.format("could not write %s: %s", path, IoErrors.reason(cause)), cause);
  }
}
