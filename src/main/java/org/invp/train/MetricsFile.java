package org.invp.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;

/** The file {@code metrics.jsonl}: one JSON object per line. */
public final class MetricsFile {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private final Path path;

  MetricsFile(Path path) {
    this.path = path;
  }

  /**
   * The lines of a file, none if there is no such file. A line that was cut off, such as the one
   * that is being written now, is left out.
   *
   * @throws InvalidDataException when the file cannot be read
   */
  public static List<JsonNode> read(Path path) {
    if (!Files.exists(path)) {
      return List.of();
    }
    try {
      return Files.readAllLines(path).stream()
          .map(MetricsFile::parse)
          .filter(JsonNode::isObject)
          .toList();
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    }
  }

  /** Whether a line is about a whole epoch. */
  public static boolean isEpoch(JsonNode line) {
    return line.has("epoch") && !line.has("step");
  }

  /** Whether a line is about the whole run. */
  public static boolean isLast(JsonNode line) {
    return line.has("final");
  }

  /**
   * Appends a record as one line, and returns when it is on the disk.
   *
   * @return the line
   */
  JsonNode append(Record metrics) {
    JsonNode node = JSON.valueToTree(metrics);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      ByteBuffer line =
          StandardCharsets.UTF_8.encode(JSON.writeValueAsString(node) + System.lineSeparator());
      while (line.hasRemaining()) {
        channel.write(line);
      }
      channel.force(false);
      return node;
    } catch (IOException e) {
      throw new InvpException(Text.format("could not write %s: %s", path, IoErrors.reason(e)), e);
    }
  }

  /**
   * Removes the lines that a run resumed at {@code position} will write again: later epochs and
   * steps, the final line, and a line that was cut off.
   *
   * @return the lines that stay
   */
  List<JsonNode> keepUpTo(Position position) {
    if (!Files.exists(path)) {
      return List.of();
    }
    List<String> kept = new ArrayList<>();
    List<JsonNode> nodes = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(path)) {
        JsonNode node = parse(line);
        if (precedes(node, position)) {
          kept.add(line + System.lineSeparator());
          nodes.add(node);
        }
      }
    } catch (IOException e) {
      throw new InvpException(Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    }
    AtomicFile.writeString(path, String.join("", kept));
    return nodes;
  }

  private static boolean precedes(JsonNode line, Position position) {
    if (line.has("step")) {
      return line.get("step").asLong() <= position.step();
    }
    return line.has("epoch") && line.get("epoch").asInt() < position.epoch();
  }

  /** A line that was cut off says nothing. */
  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }
}
