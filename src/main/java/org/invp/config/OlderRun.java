package org.invp.config;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What older versions meant by the settings that they wrote into their runs. A run states every
 * setting of its version, so a key that it lacks is one that its version did not have, and the run
 * was trained as that version did without it. A user's file is another matter: there a key that is
 * missing has its default.
 */
final class OlderRun {
  private OlderRun() {}

  /**
   * Rewrites the settings of a run in the words of this version; those of this version stay.
   *
   * @param root of the run's own configuration, before anything is overridden
   */
  static void translate(ObjectNode root) {
    if (root.get("data") instanceof ObjectNode data && !data.has("draw")) {
      data.put("draw", "first"); // All that a limit could mean.
    }
    if (root.get("objective") instanceof ObjectNode objective && objective.has("hard")) {
      boolean hard = objective.remove("hard").asBoolean();
      objective.put("selection", hard ? "hard" : "easy");
    }
  }
}
