package org.invp.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.invp.data.ImageDataset;
import org.invp.eval.ReadImages;
import org.invp.io.AtomicFile;
import org.invp.tensor.FloatTensor;

/**
 * Embeddings as a Parquet file, one row per image in the order of the data set:
 *
 * <ul>
 *   <li>{@code index}, int64: the image's index;
 *   <li>{@code image}, text: its file, or its place in one;
 *   <li>{@code label}, int32, and {@code class}, text: the position and the name of its class; null
 *       of an image that nobody labelled;
 *   <li>{@code labels}, list of int32, of data sets whose images show several classes: all that are
 *       present and not difficult;
 *   <li>{@code embedding}, list of float: as many in every row. Parquet has no list of fixed
 *       length; the file's metadata says {@code dimension}. Null of an image that could not be
 *       read.
 * </ul>
 *
 * <p>Not compressed: floats of embeddings hardly shrink, and every reader reads it.
 */
final class EmbeddingTable {
  private static final String COLUMN = "embedding";

  /** The writer holds one group of rows on the heap. */
  private static final long ROW_GROUP_BYTES = 32L << 20;

  private EmbeddingTable() {}

  /**
   * Writes the file, whole or not at all.
   *
   * @param rows [N, D], row i of image i
   * @param read the images that the rows are of; the others have none
   * @param metadata strings to travel along
   * @throws org.invp.InvpException when it cannot be written; an older one stays whole
   */
  static void write(
      Path target,
      FloatTensor rows,
      ImageDataset images,
      ReadImages read,
      Map<String, String> metadata) {
    AtomicFile.write(target, channel -> writeTo(channel, rows, images, read, metadata));
  }

  /** Writes to a channel, which stays open. */
  static void writeTo(
      FileChannel channel,
      FloatTensor rows,
      ImageDataset images,
      ReadImages read,
      Map<String, String> metadata)
      throws IOException {
    ImageRowWriter rowWriter = new ImageRowWriter(rows, images, read, metadata);
    try (ParquetWriter<Integer> writer =
        new Builder(new ParquetOutput(channel), rowWriter)
            .withConf(new PlainParquetConfiguration())
            .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
            .withDictionaryEncoding(COLUMN + ".list.element", false)
            .withRowGroupSize(ROW_GROUP_BYTES)
            .build()) {
      for (int image = 0; image < images.size(); image++) {
        writer.write(image);
      }
    }
  }

  private static final class Builder extends ParquetWriter.Builder<Integer, Builder> {
    private final ImageRowWriter rows;

    Builder(ParquetOutput file, ImageRowWriter rows) {
      super(file);
      this.rows = rows;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<Integer> getWriteSupport(ParquetConfiguration configuration) {
      return rows;
    }

    @Override
    protected WriteSupport<Integer> getWriteSupport(Configuration configuration) {
      return rows;
    }
  }
}
