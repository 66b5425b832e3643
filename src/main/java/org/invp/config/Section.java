package org.invp.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.invp.internal.Text;

/**
 * One level of a configuration file while it is read. Every getter notes its key, so that {@link
 * #unknownKeys} can tell afterwards which keys of the file nobody asked for.
 */
final class Section {
  private final String file;
  private final String path;
  private final JsonNode node;
  private final Map<String, Section> sections = new LinkedHashMap<>();
  private final List<String> keys = new ArrayList<>();

  Section(String file, String path, JsonNode node) {
    this.file = file;
    this.path = path;
    this.node = node;
  }

  /** The section of that name; an empty one, all defaults, when the file has none. */
  Section section(String key) {
    JsonNode child = value(key);
    if (!child.isMissingNode() && !child.isObject()) {
      throw wrong(key, "a section of keys and values");
    }
    Section section = new Section(file, name(key), child);
    sections.put(key, section);
    return section;
  }

  int integer(String key, int fallback, Range range) {
    return (int) whole(key, fallback, range);
  }

  long whole(String key, long fallback, Range range) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return fallback;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw wrong(key, range.text());
    }
    return checked(key, value.longValue(), range);
  }

  private long checked(String key, long value, Range range) {
    if (!range.contains((double) value)) {
      throw wrong(key, range.text());
    }
    return value;
  }

  double number(String key, double fallback, Range range) {
    JsonNode value = value(key);
    return value.isMissingNode() ? fallback : number(key, value, range);
  }

  Interval interval(String key, Interval fallback, Range range) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return fallback;
    }
    String allowed = "[low, high] with low <= high, each " + range.text();
    if (!value.isArray() || value.size() != 2) {
      throw wrong(key, allowed);
    }
    double low = number(key, value.get(0), range);
    double high = number(key, value.get(1), range);
    if (low > high) {
      throw wrong(key, allowed);
    }
    return new Interval(low, high);
  }

  List<Double> numbers(String key, List<Double> fallback, Range range) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return fallback;
    }
    if (!value.isArray()) {
      throw wrong(key, "a list [a, b, ...] of numbers, each " + range.text());
    }
    List<Double> numbers = new ArrayList<>();
    value.forEach(item -> numbers.add(number(key, item, range)));
    return List.copyOf(numbers);
  }

  List<Integer> ascending(String key, List<Integer> fallback) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return fallback;
    }
    String allowed = "a list [a, b, ...] of ascending whole numbers of at least 1";
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode item : value) {
      int last = numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
      if (!item.isInt() || item.intValue() <= last) {
        throw wrong(key, allowed);
      }
      numbers.add(item.intValue());
    }
    if (!value.isArray()) {
      throw wrong(key, allowed);
    }
    return List.copyOf(numbers);
  }

  boolean flag(String key, boolean fallback) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return fallback;
    }
    if (!value.isBoolean()) {
      throw wrong(key, "true or false");
    }
    return value.booleanValue();
  }

  /** Whether the file gives the key a value. */
  boolean has(String key) {
    return node.has(key);
  }

  /** A text, or null when the file has none. */
  String optionalText(String key) {
    return value(key).isMissingNode() ? null : text(key);
  }

  /** A text without a default. */
  String text(String key) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      throw new ConfigException(Text.format("%s: %s is missing", file, name(key)));
    }
    if (!value.isValueNode() || value.asText().isBlank()) {
      throw wrong(key, "a text");
    }
    return value.asText();
  }

  /**
   * A text that {@code check} accepts, as it rewrites it.
   *
   * @param check throws {@link IllegalArgumentException} for a text that is wrong
   */
  String checked(String key, String fallback, UnaryOperator<String> check) {
    if (!node.has(key)) {
      keys.add(key);
      return fallback;
    }
    String text = text(key);
    try {
      return check.apply(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(Text.format("%s: %s: %s", file, name(key), e.getMessage()), e);
    }
  }

  /** One of an enum's constants, written as {@link ConstantNames} says. */
  <E extends Enum<E>> E choice(String key, E fallback, Class<E> type) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      if (fallback == null) {
        throw new ConfigException(
            Text.format("%s: %s is missing, allowed: %s", file, name(key), choices(type)));
      }
      return fallback;
    }
    for (E constant : type.getEnumConstants()) {
      if (ConstantNames.of(constant).equals(value.asText())) {
        return constant;
      }
    }
    throw wrong(key, choices(type));
  }

  /**
   * Runs a constructor that checks its own arguments, and puts the file's name before its words.
   */
  <T> T build(Function<Section, T> constructor) {
    try {
      return constructor.apply(this);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  /** Keys of the file that no getter asked for, with this section's sections. */
  List<String> unknownKeys() {
    List<String> unknown = new ArrayList<>();
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!keys.contains(key)) {
                unknown.add(name(key));
              }
            });
    sections.values().forEach(section -> unknown.addAll(section.unknownKeys()));
    return unknown;
  }

  /** Full names of all keys that getters asked for, sections included. */
  List<String> knownKeys() {
    List<String> known = new ArrayList<>();
    for (String key : keys) {
      known.add(name(key));
      Section section = sections.get(key);
      if (section != null) {
        known.addAll(section.knownKeys());
      }
    }
    return known;
  }

  private JsonNode value(String key) {
    keys.add(key);
    JsonNode value = node.get(key);
    if (value == null) {
      return MissingNode.getInstance();
    }
    if (value.isNull() || (value.isTextual() && value.textValue().isEmpty())) {
      throw new ConfigException(Text.format("%s: %s has no value", file, name(key)));
    }
    return value;
  }

  /** YAML 1.1 reads 5e-4 as text, since it has no point; here it is a number. */
  private double number(String key, JsonNode value, Range range) {
    double number;
    try {
      number = value.isNumber() ? value.doubleValue() : Double.parseDouble(value.asText());
    } catch (NumberFormatException e) {
      throw wrong(key, range.text());
    }
    if (!range.contains(number)) {
      throw wrong(key, range.text());
    }
    return number;
  }

  private ConfigException wrong(String key, String allowed) {
    String value = String.valueOf(node.get(key));
    String shown = value.length() <= 80 ? value : value.substring(0, 80) + "...";
    return new ConfigException(
        Text.format("%s: %s is %s, allowed: %s", file, name(key), shown, allowed));
  }

  private static <E extends Enum<E>> String choices(Class<E> type) {
    return String.join(
        ", ", Arrays.stream(type.getEnumConstants()).map(ConstantNames::of).toList());
  }

  private String name(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
