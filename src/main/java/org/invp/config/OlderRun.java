package org.invp.config;

import java.util.List;
import org.invp.config.Setting.Fields;
import org.invp.config.Setting.Kind;
import org.invp.config.Setting.Scalar;

/**
 * What older versions meant by the settings that they wrote into their runs. A run states every
 * setting of its version, so a key that it lacks is one that its version did not have, and the run
 * was trained as that version did without it. A user's file is another matter: there a key that is
 * missing has its default.
 */
final class OlderRun {
  private OlderRun() {}

  /** Settings that are texts. */
  private static final List<String> TEXTS =
      List.of("path", "list", "test_list", "images", "classes_file");

  /**
   * Rewrites the settings of a run in the words of this version; those of this version stay.
   *
   * @param root of the run's own configuration, before anything is overridden
   */
  static void translate(Fields root) {
    if (root.entries().get("data") instanceof Fields data) {
      data.entries().putIfAbsent("draw", word("first", data)); // All that a limit could mean.
      TEXTS.forEach(key -> data.entries().computeIfPresent(key, (name, value) -> text(value)));
    }
    translateDecoding(root);
    if (root.entries().get("objective") instanceof Fields objective
        && objective.entries().remove("hard") instanceof Scalar hard) {
      boolean isHard = hard.text().equals("true");
      objective.entries().put("selection", word(isHard ? "hard" : "easy", hard));
    }
  }

  /**
   * Evaluation decoded as training did. It is exact now, but where the views that it decodes are
   * what the bank is refreshed from: there a run that goes on would become another.
   */
  private static void translateDecoding(Fields root) {
    if (root.entries().get("data") instanceof Fields data
        && root.entries().get("evaluation") instanceof Fields evaluation
        && root.entries().get("training") instanceof Fields training
        && training.entries().get("bank_refresh") instanceof Scalar refresh
        && refresh.text().equals("epoch")
        && data.entries().get("decode") instanceof Scalar decode) {
      evaluation.entries().putIfAbsent("decode", decode);
    }
  }

  /** Texts were written without quotes, also where they look like numbers. */
  private static Setting text(Setting value) {
    return value instanceof Scalar scalar && scalar.kind() != Kind.NOTHING
        ? word(scalar.text(), scalar)
        : value;
  }

  private static Scalar word(String text, Setting at) {
    return new Scalar(Kind.TEXT, text, at.place());
  }
}
