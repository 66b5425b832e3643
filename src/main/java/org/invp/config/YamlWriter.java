package org.invp.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.representer.StandardRepresenter;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Writes records as YAML that every reader, of version 1.1 too, reads as the same values. */
final class YamlWriter {
  private static final JsonMapper TREE =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enumNamingStrategy(new ConstantNames())
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .build();

  /** Words that are certainly no number, flag or nothing in any version of YAML. */
  private static final Pattern PLAIN =
      Pattern.compile("(?!(?i:y|n|yes|no|on|off|true|false|null)$)[A-Za-z/][A-Za-z0-9_./-]*");

  private static final DumpSettings SETTINGS =
      DumpSettings.builder()
          .setSchema(new CoreSchema())
          .setDefaultFlowStyle(FlowStyle.BLOCK)
          .setSplitLines(false)
          .build();

  private YamlWriter() {}

  /** A record as a tree of fields, lists and values, with the names that settings have. */
  static JsonNode tree(Record settings) {
    return TREE.valueToTree(settings);
  }

  /** A record as YAML. */
  static String write(Record settings) {
    Map<String, Object> values =
        TREE.convertValue(tree(settings), new TypeReference<LinkedHashMap<String, Object>>() {});
    return new Dump(SETTINGS, new Words()).dumpToString(values);
  }

  /** Puts every text in quotes but the plainest. */
  private static final class Words extends StandardRepresenter {
    Words() {
      super(SETTINGS);
      representers.put(
          String.class,
          text ->
              representScalar(
                  Tag.STR,
                  (String) text,
                  PLAIN.matcher((String) text).matches()
                      ? ScalarStyle.PLAIN
                      : ScalarStyle.DOUBLE_QUOTED));
    }
  }
}
