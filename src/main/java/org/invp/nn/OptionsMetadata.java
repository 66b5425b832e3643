package org.invp.nn;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;

/** Network options as the strings that a weights file carries, under {@code network.<option>}. */
final class OptionsMetadata {
  private static final String PREFIX = "network.";

  private final Map<String, String> metadata;

  private OptionsMetadata(Map<String, String> metadata) {
    this.metadata = metadata;
  }

  static Map<String, String> write(NetworkOptions options) {
    Map<String, String> strings = new TreeMap<>();
    strings.put(PREFIX + "architecture", options.architecture().name());
    strings.put(PREFIX + "stem", options.stem().name());
    strings.put(PREFIX + "channels", Integer.toString(options.channels()));
    strings.put(PREFIX + "width", Integer.toString(options.width()));
    strings.put(PREFIX + "dimension", Integer.toString(options.dimension()));
    strings.put(PREFIX + "head", options.head().name());
    strings.put(PREFIX + "head_hidden", Integer.toString(options.headHidden()));
    strings.put(PREFIX + "head_batch_norm", Boolean.toString(options.headBatchNorm()));
    strings.put(PREFIX + "initialisation", options.initialisation().name());
    return strings;
  }

  static NetworkOptions read(Map<String, String> metadata) {
    OptionsMetadata options = new OptionsMetadata(metadata);
    try {
      return new NetworkOptions(
          options.value("architecture", Architecture::valueOf),
          options.value("stem", Stem::valueOf),
          options.value("channels", Integer::valueOf),
          options.value("width", Integer::valueOf),
          options.value("dimension", Integer::valueOf),
          options.value("head", Head::valueOf),
          options.value("head_hidden", Integer::valueOf),
          options.value("head_batch_norm", Boolean::valueOf),
          options.value("initialisation", Initialisation::valueOf));
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage(), e);
    }
  }

  private <T> T value(String option, Function<String, T> parse) {
    String text = metadata.get(PREFIX + option);
    if (text == null) {
      throw new InvalidDataException(
          Text.format(
              "the file's metadata lacks %s%s: it holds no network saved by invp", PREFIX, option));
    }
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(
          Text.format("the file's metadata has an unknown %s%s: %s", PREFIX, option, text), e);
    }
  }
}
