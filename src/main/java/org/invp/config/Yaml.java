package org.invp.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.invp.config.Setting.Fields;
import org.invp.config.Setting.Items;
import org.invp.config.Setting.Kind;
import org.invp.config.Setting.Scalar;
import org.invp.internal.Text;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.common.SpecVersion;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlVersionException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * Reads YAML 1.2 by its core schema into {@link Setting}s. What stands in a text has the meaning
 * that the standard gives it, or is refused with its line; nothing is passed over.
 */
final class Yaml {
  /** More than any configuration has: what repeats itself through aliases ends here. */
  private static final int MOST = 10_000;

  private static final int DEEPEST = 20;

  private static final CoreSchema SCHEMA = new CoreSchema();

  private static final Map<Tag, Kind> KINDS =
      Map.of(
          Tag.STR, Kind.TEXT,
          Tag.INT, Kind.INTEGER,
          Tag.FLOAT, Kind.FLOAT,
          Tag.BOOL, Kind.FLAG,
          Tag.NULL, Kind.NOTHING);

  private final String source;
  private final boolean lines;
  private int count;

  private Yaml(String source, boolean lines) {
    this.source = source;
    this.lines = lines;
  }

  /**
   * Reads one document.
   *
   * @param source what messages call the text
   * @param lines whether messages name a line of it too
   * @return a value that is nothing for a text without any
   * @throws ConfigException if the text is not YAML, or has parts that this reader does not know
   */
  static Setting parse(String source, String text, boolean lines) {
    Yaml yaml = new Yaml(source, lines);
    LoadSettings settings =
        LoadSettings.builder()
            .setSchema(SCHEMA)
            .setAllowNonScalarKeys(true)
            .setVersionFunction(Yaml::requireVersion)
            .build();
    try {
      Optional<Node> root = new Compose(settings).composeString(text);
      return root.map(node -> yaml.convert(node, 0))
          .orElseGet(() -> new Scalar(Kind.NOTHING, "", source));
    } catch (MarkedYamlEngineException e) {
      throw new ConfigException(
          Text.format("%s: not YAML: %s", yaml.place(e.getProblemMark()), problem(e)), e);
    } catch (YamlVersionException e) {
      throw new ConfigException(
          Text.format("%s: YAML %s is asked for, allowed: 1.2", source, version(e)), e);
    } catch (YamlEngineException e) {
      throw new ConfigException(
          Text.format("%s: not YAML: %s", source, firstLine(e.getMessage())), e);
    } catch (StackOverflowError e) {
      throw new ConfigException(source + ": not YAML: nested too deeply", e);
    }
  }

  private static SpecVersion requireVersion(SpecVersion version) {
    if (version.getMajor() != 1 || version.getMinor() != 2) {
      throw new YamlVersionException(version);
    }
    return version;
  }

  private static String version(YamlVersionException e) {
    return e.getSpecVersion().getMajor() + "." + e.getSpecVersion().getMinor();
  }

  private static String problem(MarkedYamlEngineException e) {
    String problem = firstLine(e.getProblem());
    if (problem.contains("(TAB)")) {
      return "a tab where a blank is needed";
    }
    if (problem.contains("another document")) {
      return "more than one document (a second line of ---)";
    }
    return problem;
  }

  private static String firstLine(String text) {
    return text == null ? "" : text.lines().findFirst().orElse("").strip();
  }

  private Setting convert(Node node, int depth) {
    String place = place(node.getStartMark());
    if (depth > DEEPEST || ++count > MOST) {
      throw new ConfigException(place + ": more levels or values than any configuration has");
    }
    return switch (node) {
      case MappingNode mapping when node.getTag().equals(Tag.MAP) -> fields(mapping, place, depth);
      case SequenceNode sequence when node.getTag().equals(Tag.SEQ) -> {
        List<Setting> items = new ArrayList<>();
        sequence.getValue().forEach(item -> items.add(convert(item, depth + 1)));
        yield new Items(items, place);
      }
      case ScalarNode scalar when KINDS.containsKey(node.getTag()) -> scalar(scalar, place);
      default ->
          throw new ConfigException(
              Text.format("%s: unknown tag %s", place, node.getTag().getValue()));
    };
  }

  /** A tag may make a text of a number, and nothing else of what it is by itself. */
  private static Scalar scalar(ScalarNode node, String place) {
    boolean plain = node.getScalarStyle() == ScalarStyle.PLAIN;
    Tag own = SCHEMA.getScalarResolver().resolve(node.getValue(), plain);
    if (!node.getTag().equals(Tag.STR) && !node.getTag().equals(own)) {
      throw new ConfigException(
          Text.format("%s: \"%s\" is marked as %s", place, node.getValue(), node.getTag()));
    }
    return new Scalar(KINDS.get(node.getTag()), node.getValue(), place);
  }

  private Fields fields(MappingNode mapping, String place, int depth) {
    Map<String, Setting> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      String at = place(tuple.getKeyNode().getStartMark());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw new ConfigException(at + ": a key that is no word");
      }
      Setting value = convert(tuple.getValueNode(), depth + 1);
      if (entries.put(key.getValue(), at(value, at)) != null) {
        throw new ConfigException(Text.format("%s: %s stands here twice", at, key.getValue()));
      }
    }
    return new Fields(entries, place);
  }

  /** An alias stands where it is used, not where its anchor is. */
  private static Setting at(Setting value, String place) {
    return switch (value) {
      case Fields fields -> new Fields(fields.entries(), place);
      case Items items -> new Items(items.items(), place);
      case Scalar scalar -> new Scalar(scalar.kind(), scalar.text(), place);
      case Setting.Given given -> given;
    };
  }

  private String place(Optional<Mark> mark) {
    return lines && mark.isPresent()
        ? Text.format("%s, line %d", source, mark.get().getLine() + 1)
        : source;
  }
}
