package org.invp.config;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A part of a configuration as it was written, and where. */
sealed interface Setting {
  /** Where it stands, to begin a message with: a file and a line, or an option. */
  String place();

  /** Names and what they stand for, in their order; may be changed. */
  record Fields(Map<String, Setting> entries, String place) implements Setting {
    @Override
    public String toString() {
      return entries.entrySet().stream()
          .map(entry -> entry.getKey() + ": " + entry.getValue())
          .collect(Collectors.joining(", ", "{", "}"));
    }
  }

  /** A list. */
  record Items(List<Setting> items, String place) implements Setting {
    @Override
    public String toString() {
      return items.stream().map(Setting::toString).collect(Collectors.joining(", ", "[", "]"));
    }
  }

  /** What a single value is by the rules of YAML 1.2's core schema. */
  enum Kind {
    /** A word, or whatever stands in quotes. */
    TEXT,
    /** A whole number. */
    INTEGER,
    /** Another number. */
    FLOAT,
    /** True or false. */
    FLAG,
    /** Nothing. */
    NOTHING
  }

  /**
   * A single value.
   *
   * @param text as it is written, without the quotes around it
   */
  record Scalar(Kind kind, String text, String place) implements Setting {
    @Override
    public String toString() {
      return switch (kind) {
        case TEXT -> '"' + text + '"';
        case NOTHING -> "null";
        default -> text;
      };
    }
  }

  /**
   * What an option gives a setting, of which only the reader knows whether it means a text, which
   * is taken as it is, or anything else, which is YAML.
   */
  record Given(String raw, String place) implements Setting {
    /** The text: what is between the quotes if the whole is a text in quotes, otherwise all. */
    String text() {
      boolean quoted = raw.strip().startsWith("\"") || raw.strip().startsWith("'");
      try {
        return quoted && parsed() instanceof Scalar scalar ? scalar.text() : raw;
      } catch (ConfigException e) {
        return raw;
      }
    }

    /** The same as YAML. */
    Setting parsed() {
      return Yaml.parse(place, raw, false);
    }
  }
}
