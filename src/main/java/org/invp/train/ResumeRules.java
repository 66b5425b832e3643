package org.invp.train;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.LoopConfig;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;

/**
 * Which settings may change when a run goes on: those that say where data lies, how fast things are
 * done, what is reported and whether an unreadable image ends the run, and the number of epochs
 * where the learning rate does not depend on it. Which images judge a run may not change: they
 * choose its best checkpoint. Nor may the view that images are judged by where the bank is
 * refreshed from it.
 */
public final class ResumeRules {
  private static final String EPOCHS = "training.epochs";
  private static final String SCHEDULE_EPOCHS = "optimizer.schedule_epochs";
  private static final String LIMIT = "data.limit";
  private static final String DRAW = "data.draw";
  private static final Set<String> JUDGED = Set.of("evaluation.split", "evaluation.held_out");
  private static final Set<String> VIEW =
      Set.of("evaluation.resize", "evaluation.crop", "evaluation.decode");
  private static final Set<String> FREE =
      Set.of(
          "data.path",
          "data.workers",
          "data.on_corrupt",
          EPOCHS,
          "training.device",
          "training.threads",
          "training.checkpoint_every_epochs",
          "training.checkpoint_every_steps",
          "training.log_every",
          "training.tensorboard");

  private ResumeRules() {}

  /**
   * Refuses to go on with settings that would make it another run.
   *
   * @param folder of the run, for the message
   * @param before what the run was started with
   * @param now what it is to go on with
   * @throws ConfigException naming the first key that differs
   */
  public static void check(Path folder, TrainingConfig before, TrainingConfig now) {
    Map<String, String> old = comparable(before);
    Map<String, String> current = comparable(now);
    if (current.get(LIMIT).equals("0") || !current.get(LIMIT).equals(old.get(LIMIT))) {
      current.remove(DRAW); // Nothing is drawn, or the limit is what to name.
    }
    boolean refreshed = now.training().bankRefresh() == LoopConfig.BankRefresh.EPOCH;
    for (String key : new TreeSet<>(current.keySet())) {
      if (!current.get(key).equals(old.get(key)) && !isFree(key, refreshed)) {
        throw new ConfigException(
            Text.format(
                "%s is %s, but the run in %s was started with %s; allowed: the same"
                    + " (without CONFIG the run's own settings hold), or another --run-dir",
                key, current.get(key), folder, old.get(key)));
      }
    }
  }

  private static boolean isFree(String key, boolean refreshed) {
    if (key.startsWith("evaluation.")) {
      return !JUDGED.contains(key) && !(refreshed && VIEW.contains(key));
    }
    return FREE.contains(key);
  }

  private static Map<String, String> comparable(TrainingConfig config) {
    Map<String, String> values = ConfigFile.flatten(config);
    if (values.get("optimizer.schedule").equals("cosine")
        && values.get(SCHEDULE_EPOCHS).equals("0")) {
      values.put(SCHEDULE_EPOCHS, values.get(EPOCHS));
    }
    return values;
  }
}
