package org.invp.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.invp.InvpException;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;

/** The file {@code metrics.jsonl}: one JSON object per line. */
final class MetricsFile {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private final Path path;

  MetricsFile(Path path) {
    this.path = path;
  }

  /** Appends a record as one line, and returns when it is on the disk. */
  void append(Record metrics) {
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      ByteBuffer line =
          StandardCharsets.UTF_8.encode(JSON.writeValueAsString(metrics) + System.lineSeparator());
      while (line.hasRemaining()) {
        channel.write(line);
      }
      channel.force(false);
    } catch (IOException e) {
      throw new InvpException("could not write %s: %s".formatted(path, IoErrors.reason(e)), e);
    }
  }

  /**
   * Removes the lines that a run resumed at {@code position} will write again: later epochs and
   * steps, the final line, and a line that was cut off.
   */
  void keepUpTo(Position position) {
    if (!Files.exists(path)) {
      return;
    }
    List<String> kept = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(path)) {
        if (precedes(line, position)) {
          kept.add(line + System.lineSeparator());
        }
      }
    } catch (IOException e) {
      throw new InvpException("could not read %s: %s".formatted(path, IoErrors.reason(e)), e);
    }
    AtomicFile.writeString(path, String.join("", kept));
  }

  private static boolean precedes(String line, Position position) {
    try {
      JsonNode node = JSON.readTree(line);
      if (node.has("step")) {
        return node.get("step").asLong() <= position.step();
      }
      return node.has("epoch") && node.get("epoch").asInt() < position.epoch();
    } catch (JsonProcessingException e) {
      return false;
    }
  }
}
