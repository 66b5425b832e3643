package org.invp.config;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.invp.config.Setting.Fields;
import org.invp.config.Setting.Given;
import org.invp.config.Setting.Items;
import org.invp.config.Setting.Kind;
import org.invp.config.Setting.Scalar;
import org.invp.internal.Text;

/**
 * One level of a configuration while it is read. Every getter notes its key, so that {@link
 * #refuseUnknownKeys} can tell afterwards which keys nobody asked for. Messages begin with the
 * place where the value stands.
 */
final class Section {
  private static final int LONGEST_SHOWN = 80;
  private static final int LONGEST_KEY = 100;

  private final String source;
  private final String path;
  private final Map<String, Setting> entries;
  private final Map<String, Section> sections = new LinkedHashMap<>();
  private final List<String> keys = new ArrayList<>();

  /**
   * The whole of a configuration.
   *
   * @param source what messages call it where nothing in it is to blame
   */
  Section(String source, Fields root) {
    this(source, "", root.entries());
  }

  private Section(String source, String path, Map<String, Setting> entries) {
    this.source = source;
    this.path = path;
    this.entries = entries;
  }

  /** The section of that name; an empty one, all defaults, when there is none. */
  Section section(String key) {
    Setting value = value(key);
    Section section =
        new Section(
            source,
            name(key),
            switch (value) {
              case null -> Map.of();
              case Fields fields -> fields.entries();
              default -> throw wrong(key, "a section of keys and values");
            });
    sections.put(key, section);
    return section;
  }

  int integer(String key, int fallback, Range range) {
    return (int) whole(key, fallback, range);
  }

  long whole(String key, long fallback, Range range) {
    Setting value = value(key);
    return value == null ? fallback : whole(key, value, range);
  }

  private long whole(String key, Setting value, Range range) {
    if (value instanceof Scalar scalar && scalar.kind() == Kind.INTEGER) {
      BigInteger number = wholeNumber(scalar.text());
      if (number.bitLength() < Long.SIZE && range.contains(number.doubleValue())) {
        return number.longValue();
      }
    }
    throw wrong(key, range.text());
  }

  /** As YAML's core schema writes them: 12, 0o14 or 0xc. */
  private static BigInteger wholeNumber(String text) {
    if (text.startsWith("0o")) {
      return new BigInteger(text.substring(2), 8);
    }
    return text.startsWith("0x") ? new BigInteger(text.substring(2), 16) : new BigInteger(text);
  }

  double number(String key, double fallback, Range range) {
    Setting value = value(key);
    return value == null ? fallback : number(key, value, range);
  }

  private double number(String key, Setting value, Range range) {
    if (value instanceof Scalar scalar) {
      double number =
          switch (scalar.kind()) {
            case INTEGER -> wholeNumber(scalar.text()).doubleValue();
            case FLOAT -> floatingPoint(scalar.text());
            default -> Double.NaN;
          };
      if (range.contains(number)) {
        return number;
      }
    }
    throw wrong(key, range.text());
  }

  /** YAML writes .inf and .nan with a point; no setting may be either. */
  private static double floatingPoint(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  Interval interval(String key, Interval fallback, Range range) {
    Setting value = value(key);
    if (value == null) {
      return fallback;
    }
    String allowed = "[low, high] with low <= high, each " + range.text();
    if (!(value instanceof Items list) || list.items().size() != 2) {
      throw wrong(key, allowed);
    }
    double low = number(key, list.items().get(0), range);
    double high = number(key, list.items().get(1), range);
    if (low > high) {
      throw wrong(key, allowed);
    }
    return new Interval(low, high);
  }

  List<Double> numbers(String key, List<Double> fallback, Range range) {
    Setting value = value(key);
    if (value == null) {
      return fallback;
    }
    if (!(value instanceof Items list)) {
      throw wrong(key, "a list [a, b, ...] of numbers, each " + range.text());
    }
    return list.items().stream().map(item -> number(key, item, range)).toList();
  }

  List<Integer> ascending(String key, List<Integer> fallback) {
    Setting value = value(key);
    if (value == null) {
      return fallback;
    }
    String allowed = "a list [a, b, ...] of ascending whole numbers of at least 1";
    if (!(value instanceof Items list)) {
      throw wrong(key, allowed);
    }
    List<Integer> numbers = new ArrayList<>();
    for (Setting item : list.items()) {
      long least = numbers.isEmpty() ? 1 : numbers.get(numbers.size() - 1) + 1L;
      numbers.add((int) whole(key, item, new Range(least, false, Integer.MAX_VALUE, allowed)));
    }
    return List.copyOf(numbers);
  }

  boolean flag(String key, boolean fallback) {
    Setting value = value(key);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Scalar scalar && scalar.kind() == Kind.FLAG) {
      return Boolean.parseBoolean(scalar.text());
    }
    throw wrong(key, "true or false");
  }

  /** Whether the key has a value. */
  boolean has(String key) {
    return entries.containsKey(key);
  }

  /** A text, or null when there is none. */
  String optionalText(String key) {
    keys.add(key);
    return has(key) ? text(key) : null;
  }

  /** A text without a default, or a list of them, each another. */
  List<String> texts(String key) {
    if (!(listed(entries.get(key)) instanceof Items list)) {
      return List.of(text(key));
    }
    keys.add(key);
    List<String> texts = list.items().stream().map(item -> text(key, item)).toList();
    if (texts.isEmpty()) {
      throw noValue(key);
    }
    if (Set.copyOf(texts).size() < texts.size()) {
      throw wrong(key, "a text, or a list [a, b, ...] of different ones");
    }
    return texts;
  }

  /** What an option gives is a list if it stands in brackets and is one; otherwise it is a text. */
  private static Setting listed(Setting value) {
    if (!(value instanceof Given given)
        || !given.raw().strip().startsWith("[")
        || !given.raw().strip().endsWith("]")) {
      return value;
    }
    try {
      return given.parsed();
    } catch (ConfigException e) {
      return value;
    }
  }

  /** A text without a default. */
  String text(String key) {
    keys.add(key);
    return text(key, entries.get(key));
  }

  private String text(String key, Setting value) {
    String text =
        switch (value) {
          case null ->
              throw new ConfigException(Text.format("%s: %s is missing", source, name(key)));
          case Given given -> given.text();
          case Scalar scalar when scalar.kind() == Kind.TEXT -> scalar.text();
          case Scalar scalar when scalar.kind() == Kind.NOTHING -> "";
          case Scalar scalar ->
              throw wrong(key, Text.format("a text; if it is meant as one, \"%s\"", scalar.text()));
          default -> throw wrong(key, "a text");
        };
    if (text.isEmpty()) {
      throw noValue(key);
    }
    if (text.indexOf('\0') >= 0) {
      throw wrong(key, "a text");
    }
    return text;
  }

  /**
   * A text that {@code check} accepts, as it rewrites it.
   *
   * @param check throws {@link IllegalArgumentException} for a text that is wrong
   */
  String checked(String key, String fallback, UnaryOperator<String> check) {
    String text = optionalText(key);
    if (text == null) {
      return fallback;
    }
    try {
      return check.apply(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          Text.format("%s: %s: %s", place(key), name(key), e.getMessage()), e);
    }
  }

  /** One of an enum's constants, written as {@link ConstantNames} says. */
  <E extends Enum<E>> E choice(String key, E fallback, Class<E> type) {
    Setting value = value(key);
    if (value == null) {
      if (fallback == null) {
        throw new ConfigException(
            Text.format("%s: %s is missing, allowed: %s", source, name(key), choices(type)));
      }
      return fallback;
    }
    for (E constant : type.getEnumConstants()) {
      if (value instanceof Scalar scalar && ConstantNames.of(constant).equals(scalar.text())) {
        return constant;
      }
    }
    throw wrong(key, choices(type));
  }

  /**
   * Runs a constructor that checks its own arguments, and puts the place of the setting that its
   * words begin with before them.
   */
  <T> T build(Function<Section, T> constructor) {
    try {
      return constructor.apply(this);
    } catch (IllegalArgumentException e) {
      String name = e.getMessage().split(" ", 2)[0];
      String key = name.substring(name.lastIndexOf('.') + 1);
      throw new ConfigException(
          Text.format("%s: %s", name.equals(name(key)) ? place(key) : source, e.getMessage()), e);
    }
  }

  /**
   * Throws if there is a key that no getter asked for, here or in a section of this one.
   *
   * @param renamed keys of earlier versions, and what says the same now
   */
  void refuseUnknownKeys(Map<String, String> renamed) {
    List<String> known = knownKeys();
    refuseUnknownKeys(renamed, known);
  }

  private void refuseUnknownKeys(Map<String, String> renamed, List<String> known) {
    for (String key : entries.keySet()) {
      String name = name(key);
      if (renamed.containsKey(name)) {
        throw new ConfigException(
            Text.format("%s: %s is now %s", place(key), name, renamed.get(name)));
      }
      if (!keys.contains(key)) {
        throw unknown(key, known);
      }
    }
    sections.values().forEach(section -> section.refuseUnknownKeys(renamed, known));
  }

  private ConfigException unknown(String key, List<String> known) {
    if (path.isEmpty() && known.contains(key)) {
      int point = key.indexOf('.');
      return new ConfigException(
          Text.format(
              "%s: %s is written as two lines, \"%s:\" and below it, indented, \"%s: ...\"",
              place(key), key, key.substring(0, point), key.substring(point + 1)));
    }
    // Nobody mistypes a key into one far longer than any that exists.
    String name = name(key).substring(0, Math.min(name(key).length(), LONGEST_KEY));
    return new ConfigException(
        Text.format(
            "%s: unknown key %s, did you mean %s?",
            place(key), name, EditDistance.nearestKey(name, known)));
  }

  /** Full names of all keys that getters asked for, sections included. */
  private List<String> knownKeys() {
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

  /** What a key stands for, if anything; never a text as an option gives it. */
  private Setting value(String key) {
    keys.add(key);
    Setting value = entries.get(key);
    if (value instanceof Given given) {
      value = given.parsed();
    }
    if (value instanceof Scalar scalar
        && (scalar.text().isEmpty() || scalar.kind() == Kind.NOTHING)) {
      throw noValue(key);
    }
    return value;
  }

  private ConfigException noValue(String key) {
    return new ConfigException(Text.format("%s: %s has no value", place(key), name(key)));
  }

  private ConfigException wrong(String key, String allowed) {
    Setting setting = entries.get(key);
    String value = String.valueOf(setting instanceof Given given ? given.raw() : setting);
    String shown =
        value.length() <= LONGEST_SHOWN ? value : value.substring(0, LONGEST_SHOWN) + "...";
    return new ConfigException(
        Text.format(
            "%s: %s is %s, allowed: %s",
            place(key), name(key), shown.replaceAll("\\R", " "), allowed));
  }

  private String place(String key) {
    Setting value = entries.get(key);
    return value == null ? source : value.place();
  }

  private static <E extends Enum<E>> String choices(Class<E> type) {
    return String.join(
        ", ", Arrays.stream(type.getEnumConstants()).map(ConstantNames::of).toList());
  }

  private String name(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
