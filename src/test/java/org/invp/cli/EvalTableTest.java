package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.invp.eval.EvalResult;
import org.invp.eval.Score;
import org.junit.jupiter.api.Test;

class EvalTableTest {
  @Test
  void hasALineForEachThingJudgedAndAColumnForEachMetric() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("k", 200);
    settings.put("training_images", 60000);
    EvalResult result =
        new EvalResult(
            "knn",
            settings,
            List.of(
                new Score("bank", "top1", 0.5),
                new Score("embedding", "top1", 0.123456),
                new Score("embedding", "mean_per_class", 1)));
    assertEquals(
        """
        knn: k 200, training images 60,000
                         top-1  mean per class
          bank         50.00 %
          embedding    12.35 %        100.00 %
        """
            .replace("\n", System.lineSeparator()),
        EvalTable.of(result));
  }

  @Test
  void manySettingsTakeSeveralLines() {
    Map<String, Object> settings = new LinkedHashMap<>();
    for (int i = 0; i < 20; i++) {
      settings.put("a_setting_" + i, "value");
    }
    String table = EvalTable.of(new EvalResult("x", settings, List.of()));
    assertTrue(table.lines().allMatch(line -> line.length() <= 100), table);
    assertEquals(20, table.split("value", -1).length - 1);
  }

  @Test
  void aScoreIsAShare() {
    assertThrows(IllegalArgumentException.class, () -> new Score("a", "top1", 1.01));
    assertThrows(IllegalArgumentException.class, () -> new Score("a", "top1", Double.NaN));
  }

  @Test
  void aProtocolIsAFileName() {
    assertThrows(IllegalArgumentException.class, () -> new EvalResult("a/b", Map.of(), List.of()));
  }
}
