package org.invp.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.invp.config.Setting.Fields;
import org.invp.config.Setting.Given;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/** Reads a {@link TrainingConfig} from YAML and writes it back with every value filled in. */
public final class ConfigFile {
  private static final long MAX_BYTES = 1 << 20;

  /** Settings of earlier versions, and what says the same now. */
  private static final Map<String, String> RENAMED =
      Map.of("objective.hard", "objective.selection: hard, easy or random");

  private ConfigFile() {}

  /**
   * Reads a file.
   *
   * @param overrides texts {@code section.key=value}, applied in order; what a text setting is
   *     given is taken as it is unless the whole is in quotes, every other value is YAML
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
      return Utf8.decode(path.toString(), Files.readAllBytes(path));
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
    Fields root = tree(source, yaml);
    OlderRun.translate(root);
    return parse(source, root, overrides);
  }

  private static TrainingConfig parse(String source, Fields root, List<String> overrides) {
    overrides.forEach(override -> apply(root, override));
    Section section = new Section(source, root);
    TrainingConfig config = TrainingConfig.read(section);
    section.refuseUnknownKeys(RENAMED);
    return config;
  }

  /** The configuration as YAML, with every value that was left to a default. */
  public static String write(TrainingConfig config) {
    return YamlWriter.write(config);
  }

  /** Every setting by its full name, for comparisons. */
  public static Map<String, String> flatten(TrainingConfig config) {
    Map<String, String> values = new TreeMap<>();
    flatten("", YamlWriter.tree(config), values);
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

  private static Fields tree(String source, String yaml) {
    if (Yaml.parse(source, yaml, true) instanceof Fields root) {
      return root;
    }
    throw new ConfigException(Text.format("%s: expected sections of keys and values", source));
  }

  private static void apply(Fields root, String override) {
    String place = "--set " + override;
    int equals = override.indexOf('=');
    if (equals <= 0) {
      throw new ConfigException(place + ": expected section.key=value");
    }
    String[] names = override.substring(0, equals).strip().split("\\.", -1);
    String value = override.substring(equals + 1);
    if (value.isEmpty()) {
      throw new ConfigException(place + ": the value is missing");
    }
    Fields section = root;
    for (String name : List.of(names).subList(0, names.length - 1)) {
      Setting child =
          section.entries().computeIfAbsent(name, key -> new Fields(new LinkedHashMap<>(), place));
      if (!(child instanceof Fields fields)) {
        throw new ConfigException(Text.format("%s: %s is a value, not a section", place, name));
      }
      section = fields;
    }
    set(section, names[names.length - 1], new Given(value, place));
  }

  /** A section that is given sets the keys that it has; the others stay. */
  private static void set(Fields section, String name, Given given) {
    if (section.entries().get(name) instanceof Fields old
        && given.parsed() instanceof Fields changes) {
      merge(old, changes);
    } else {
      section.entries().put(name, given);
    }
  }

  private static void merge(Fields old, Fields changes) {
    changes
        .entries()
        .forEach(
            (key, value) -> {
              if (value instanceof Fields inner && old.entries().get(key) instanceof Fields outer) {
                merge(outer, inner);
              } else {
                old.entries().put(key, value);
              }
            });
  }
}
