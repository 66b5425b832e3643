package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.data.ImageBuffer;
import org.invp.data.ImageDataset;
import org.invp.data.MultiLabelDataset;
import org.invp.eval.ReadImages;
import org.invp.io.Npy;
import org.invp.tensor.FloatTensor;
import org.invp.weights.Python;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class EmbeddingTableTest {
  private static final int IMAGES = 7;
  private static final int DIMENSION = 5;

  private static final ReadImages ALL = ReadImages.all(IMAGES);

  @TempDir Path folder;

  /** Images of two classes; the last is unlabelled. */
  private static class Images implements ImageDataset {
    @Override
    public int size() {
      return IMAGES;
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int imageHeight() {
      return 0;
    }

    @Override
    public int imageWidth() {
      return 0;
    }

    @Override
    public List<String> classNames() {
      return List.of("Bär", "cow");
    }

    @Override
    public int label(int index) {
      return index == IMAGES - 1 ? UNLABELLED : index % 2;
    }

    @Override
    public String describe(int index) {
      return "/data/" + index + ".jpg";
    }

    @Override
    public void read(int index, ImageBuffer buffer) {
      throw new UnsupportedOperationException("no pixels");
    }

    @Override
    public void noteUnreadable(int index, String reason) {
      throw new UnsupportedOperationException("no pixels");
    }

    @Override
    public boolean isUnreadable(int index) {
      return false;
    }

    @Override
    public void close() {}
  }

  /** Images of both classes, of one, and of none but a difficult one. */
  private static final class SeveralLabels extends Images implements MultiLabelDataset {
    @Override
    public int classes() {
      return 2;
    }

    @Override
    public int label(int index) {
      return 0;
    }

    @Override
    public Target target(int image, int cls) {
      return switch (image) {
        case 0 -> Target.PRESENT;
        case 1 -> cls == 1 ? Target.PRESENT : Target.ABSENT;
        default -> cls == 0 ? Target.DIFFICULT : Target.ABSENT;
      };
    }

    @Override
    public MultiLabelDataset subset(int count) {
      return MultiLabelDataset.super.subset(count);
    }
  }

  private static FloatTensor rows() {
    FloatTensor rows = FloatTensor.allocate(IMAGES, DIMENSION);
    for (long i = 0; i < rows.size(); i++) {
      rows.set(i, (float) Math.sin(i) / (i + 1));
    }
    return rows;
  }

  @Test
  void anotherImplementationReadsEveryColumn() throws IOException {
    Path file = folder.resolve("x.parquet");
    try (FloatTensor rows = rows()) {
      EmbeddingTable.write(file, rows, new Images(), ALL, Map.of("layer", "embedding"));
      try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
          RowReader reader = parquet.rowReader()) {
        Map<String, String> metadata = parquet.getFileMetaData().keyValueMetadata();
        assertEquals("embedding", metadata.get("layer"));
        assertEquals("5", metadata.get("dimension"));
        for (int image = 0; image < IMAGES; image++) {
          assertTrue(reader.hasNext());
          reader.next();
          assertEquals(image, reader.getLong("index"));
          assertEquals("/data/" + image + ".jpg", reader.getString("image"));
          boolean labelled = image < IMAGES - 1;
          assertEquals(!labelled, reader.isNull("label"));
          assertEquals(!labelled, reader.isNull("class"));
          if (labelled) {
            assertEquals(image % 2, reader.getInt("label"));
            assertEquals(image % 2 == 0 ? "Bär" : "cow", reader.getString("class"));
          }
          assertRow(rows, image, reader.getList("embedding"));
        }
        assertFalse(reader.hasNext());
      }
    }
  }

  private static void assertRow(FloatTensor rows, int image, PqList found) {
    assertEquals(DIMENSION, found.size());
    for (int i = 0; i < DIMENSION; i++) {
      assertEquals(rows.get((long) image * DIMENSION + i), found.floats().get(i));
    }
  }

  @Test
  void imagesOfSeveralClassesHaveAllOfThem() throws IOException {
    Path file = folder.resolve("x.parquet");
    try (FloatTensor rows = rows()) {
      EmbeddingTable.write(file, rows, new SeveralLabels(), ALL, Map.of());
    }
    int[][] expected = {{0, 1}, {1}, {}, {}, {}, {}, {}};
    try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
        RowReader reader = parquet.rowReader()) {
      for (int[] labels : expected) {
        reader.next();
        PqList found = reader.getList("labels");
        assertArrayEquals(labels, found.isEmpty() ? new int[0] : found.ints().toArray());
      }
    }
  }

  @Test
  void pyarrowReadsIt() throws Exception {
    String python = Python.with("import numpy, pyarrow.parquet");
    assumeTrue(python != null, "no Python with numpy and pyarrow (INVP_PYTHON)");
    try (FloatTensor rows = rows()) {
      EmbeddingTable.write(
          folder.resolve("x.parquet"), rows, new Images(), ALL, Map.of("layer", "backbone"));
      EmbeddingTable.write(folder.resolve("s.parquet"), rows, new SeveralLabels(), ALL, Map.of());
      Npy.write(folder.resolve("x.npy"), rows);
    }
    Python.Result result = Python.run(python, "/org/invp/cli/check_parquet.py", folder);
    assertEquals(0, result.code(), result.output());
    assertTrue(result.output().contains("the tables agree"), result.output());
  }

  @Test
  void aDiskThatIsFullIsAnError() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "needs /dev/full");
    try (FloatTensor rows = rows();
        FileChannel channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
      IOException failure =
          assertThrows(
              IOException.class,
              () -> EmbeddingTable.writeTo(channel, rows, new Images(), ALL, Map.of()));
      assertTrue(failure.getMessage().contains("No space left on device"), failure.toString());
    }
  }

  @Test
  void whatFailsHalfWayLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("x.parquet"), "old");
    Images broken =
        new Images() {
          @Override
          public String describe(int index) {
            if (index == 3) {
              throw new InvpException("broken");
            }
            return super.describe(index);
          }
        };
    try (FloatTensor rows = rows()) {
      InvpException failure =
          assertThrows(
              InvpException.class, () -> EmbeddingTable.write(file, rows, broken, ALL, Map.of()));
      assertEquals("broken", failure.getMessage());
    }
    assertEquals("old", Files.readString(file));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }
}
