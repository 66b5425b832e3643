package org.invp.train;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.Safetensors;

/**
 * What a run began from that did not begin with a fresh network. Every checkpoint of the run says
 * it.
 *
 * @param network the digest of the network, 64 hexadecimal digits: {@link Checkpoint#networkDigest}
 * @param epochs how many were behind it; null where only its weights were known
 * @param rows whether the memory bank and the graph came along
 * @param run where it was, as the user named it; on one line
 */
public record Origin(String network, Integer epochs, boolean rows, String run) {
  private static final String NETWORK = "from.network";
  private static final String EPOCHS = "from.epochs";
  private static final String ROWS = "from.rows";
  private static final String RUN = "from.run";
  private static final int SHOWN_DIGITS = 16;

  /** Keeps the run's name on one line. */
  public Origin {
    run = run.replaceAll("\\p{Cntrl}", "?");
  }

  /** What a checkpoint says; nothing if its run began with a fresh network. */
  static Optional<Origin> of(Map<String, String> metadata) {
    String network = metadata.get(NETWORK);
    if (network == null) {
      return Optional.empty();
    }
    String epochs = metadata.get(EPOCHS);
    try {
      return Optional.of(
          new Origin(
              network,
              epochs == null ? null : Integer.valueOf(epochs),
              Boolean.parseBoolean(metadata.get(ROWS)),
              metadata.getOrDefault(RUN, "another run")));
    } catch (NumberFormatException e) {
      throw new InvalidDataException(
          Text.format("the checkpoint's %s is %s, not a count", EPOCHS, epochs), e);
    }
  }

  /** As {@link #of}, of a file; nothing also if there is none that can be read. */
  public static Optional<Origin> read(Path checkpoint) {
    try {
      return of(Safetensors.metadata(checkpoint));
    } catch (InvalidDataException e) {
      return Optional.empty(); // Who needs the checkpoint says what is wrong with it.
    }
  }

  Map<String, String> toMetadata() {
    Map<String, String> metadata = new HashMap<>();
    metadata.put(NETWORK, network);
    metadata.put(ROWS, Boolean.toString(rows));
    metadata.put(RUN, run);
    if (epochs != null) {
      metadata.put(EPOCHS, epochs.toString());
    }
    return metadata;
  }

  /** What came from where, to stand after "began with". */
  @Override
  public String toString() {
    return Text.format(
        "%s of %s%s (network %s)",
        rows ? "the network, the memory bank and the graph" : "the network",
        run,
        epochs == null ? "" : Text.format(" after %d epochs", epochs),
        network.substring(0, Math.min(SHOWN_DIGITS, network.length())));
  }
}
