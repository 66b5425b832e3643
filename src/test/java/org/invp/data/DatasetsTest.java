package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.invp.InvalidDataException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DatasetsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(DataFormat.class)
  void everyFormatSaysInOneLineWhereItLookedForWhatIsMissing(DataFormat format) {
    Path nowhere = folder.resolve("nowhere");
    DataOptions options =
        format == DataFormat.LIST
            ? new DataOptions(
                format, nowhere, new FormatOptions.Lists("train.txt", "test.txt", null, null))
            : new DataOptions(format, nowhere);
    for (Split split : Split.values()) {
      InvalidDataException e =
          assertThrows(InvalidDataException.class, () -> Datasets.open(options, split));
      assertTrue(e.getMessage().startsWith(nowhere.toString()), e.getMessage());
      assertTrue(e.getMessage().contains("no such file"), e.getMessage());
      assertTrue(e.getMessage().lines().count() == 1, e.getMessage());
    }
  }
}
