package org.invp.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/** Reads a {@link TrainingConfig} from YAML and writes it back with every value filled in. */
public final class ConfigFile {
  private static final long MAX_BYTES = 1 << 20;
  private static final int LONGEST_KEY = 100;

  /** Settings of earlier versions, and what says the same now. */
  private static final Map<String, String> RENAMED =
      Map.of("objective.hard", "objective.selection: hard, easy or random");

  private static final YAMLMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .build())
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enumNamingStrategy(new ConstantNames())
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .build();

  private ConfigFile() {}

  /**
   * Reads a file.
   *
   * @param overrides texts {@code section.key=value}, applied in order; values are YAML
   * @throws ConfigException when the file cannot be read, or a key or value is wrong
   */
  public static TrainingConfig read(Path path, List<String> overrides) {
    return parse(path.toString(), text(path), overrides);
  }

  /**
   * Reads what a run wrote of its own settings, with the meaning that they had in its version;
   * otherwise as {@link #read}.
   */
  public static TrainingConfig readRun(Path path, List<String> overrides) {
    return parseRun(path.toString(), text(path), overrides);
  }

  private static String text(Path path) {
    try {
      long bytes = Files.size(path);
      if (bytes > MAX_BYTES) {
        throw new ConfigException(
            Text.format("%s has %d bytes, a configuration has at most %d", path, bytes, MAX_BYTES));
      }
      return Files.readString(path);
    } catch (IOException e) {
      throw new ConfigException(Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    }
  }

  /**
   * Reads a text.
   *
   * @param source what messages call the text, for example its file's name
   */
  public static TrainingConfig parse(String source, String yaml, List<String> overrides) {
    return parse(source, tree(source, yaml), overrides);
  }

  /** As {@link #parse}, of a text that a run wrote of its own settings: see {@link #readRun}. */
  public static TrainingConfig parseRun(String source, String yaml, List<String> overrides) {
    ObjectNode root = tree(source, yaml);
    OlderRun.translate(root);
    return parse(source, root, overrides);
  }

  private static TrainingConfig parse(String source, ObjectNode root, List<String> overrides) {
    overrides.forEach(override -> apply(root, override));
    Section section = new Section(source, "", root);
    TrainingConfig config = TrainingConfig.read(section);
    refuseUnknownKeys(source, section);
    return config;
  }

  /** The configuration as YAML, with every value that was left to a default. */
  public static String write(TrainingConfig config) {
    try {
      return YAML.writeValueAsString(config);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a configuration could not be written", e);
    }
  }

  /** Every setting by its full name, for comparisons. */
  public static Map<String, String> flatten(TrainingConfig config) {
    Map<String, String> values = new TreeMap<>();
    flatten("", YAML.valueToTree(config), values);
    return values;
  }

  private static void flatten(String path, JsonNode node, Map<String, String> values) {
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        flatten(
            path.isEmpty() ? field.getKey() : path + "." + field.getKey(),
            field.getValue(),
            values);
      }
    } else {
      values.put(path, node.isTextual() ? node.textValue() : node.toString());
    }
  }

  private static ObjectNode tree(String source, String yaml) {
    try {
      JsonNode root = YAML.readTree(yaml);
      if (root instanceof ObjectNode object) {
        return object;
      }
      throw new ConfigException(Text.format("%s: expected sections of keys and values", source));
    } catch (JsonProcessingException e) {
      String place =
          e.getLocation() == null ? "" : ", line " + Math.max(1, e.getLocation().getLineNr());
      String reason = e.getOriginalMessage().lines().findFirst().orElse("").strip();
      throw new ConfigException(Text.format("%s%s: not YAML: %s", source, place, reason), e);
    }
  }

  private static void apply(ObjectNode root, String override) {
    int equals = override.indexOf('=');
    if (equals <= 0) {
      throw new ConfigException(Text.format("--set %s: expected section.key=value", override));
    }
    String[] names = override.substring(0, equals).strip().split("\\.", -1);
    JsonNode value;
    try {
      value = YAML.readTree(override.substring(equals + 1));
    } catch (JsonProcessingException e) {
      throw new ConfigException(Text.format("--set %s: the value is not YAML", override), e);
    }
    ObjectNode node = root;
    for (int i = 0; i < names.length - 1; i++) {
      JsonNode child = node.get(names[i]);
      if (child != null && !child.isObject()) {
        throw new ConfigException(
            Text.format("--set %s: %s is a value, not a section", override, names[i]));
      }
      node = child == null ? node.putObject(names[i]) : (ObjectNode) child;
    }
    if (value == null || value.isMissingNode() || value.isNull()) {
      throw new ConfigException(Text.format("--set %s: the value is missing", override));
    }
    node.set(names[names.length - 1], value);
  }

  private static void refuseUnknownKeys(String source, Section section) {
    List<String> unknown = section.unknownKeys();
    for (String key : unknown) {
      if (RENAMED.containsKey(key)) {
        throw new ConfigException(Text.format("%s: %s is now %s", source, key, RENAMED.get(key)));
      }
    }
    if (!unknown.isEmpty()) {
      // Nobody mistypes a key into one far longer than any that exists.
      String whole = unknown.get(0);
      String key = whole.substring(0, Math.min(whole.length(), LONGEST_KEY));
      throw new ConfigException(
          Text.format(
              "%s: unknown key %s, did you mean %s?",
              source, key, nearest(key, section.knownKeys())));
    }
  }

  private static String nearest(String key, List<String> known) {
    return Collections.min(known, Comparator.comparingInt(candidate -> distance(key, candidate)));
  }

  /** A right name in the wrong section is nearer than a wrong name in the right one. */
  private static int distance(String key, String candidate) {
    return 2 * EditDistance.between(lastName(key), lastName(candidate))
        + EditDistance.between(key, candidate);
  }

  private static String lastName(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }
}
