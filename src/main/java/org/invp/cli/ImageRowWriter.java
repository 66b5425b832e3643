package org.invp.cli;

import static org.apache.parquet.schema.LogicalTypeAnnotation.stringType;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.FLOAT;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Types;
import org.invp.data.ImageDataset;
import org.invp.data.MultiLabelDataset;
import org.invp.data.MultiLabelDataset.Target;
import org.invp.eval.ReadImages;
import org.invp.tensor.FloatTensor;

/** Writes the row of an image, given by its index, of an {@link EmbeddingTable}. */
final class ImageRowWriter extends WriteSupport<Integer> {
  private final FloatTensor rows;
  private final ImageDataset images;
  private final ReadImages read;
  private final List<String> classNames;
  private final Map<String, String> metadata;
  private final MessageType schema;
  private RecordConsumer out;

  ImageRowWriter(
      FloatTensor rows, ImageDataset images, ReadImages read, Map<String, String> metadata) {
    this.rows = rows;
    this.read = read;
    this.images = images;
    this.classNames = images.classNames();
    this.metadata = new LinkedHashMap<>(metadata);
    this.metadata.put("dimension", Long.toString(rows.shape(1)));
    this.schema = schema(images instanceof MultiLabelDataset, read.all());
  }

  private static MessageType schema(boolean severalClasses, boolean allRead) {
    Types.GroupBuilder<MessageType> schema =
        Types.buildMessage()
            .required(INT64)
            .named("index")
            .required(BINARY)
            .as(stringType())
            .named("image")
            .optional(INT32)
            .named("label")
            .optional(BINARY)
            .as(stringType())
            .named("class");
    if (severalClasses) {
      schema.requiredList().requiredElement(INT32).named("labels");
    }
    return (allRead ? schema.requiredList() : schema.optionalList())
        .requiredElement(FLOAT)
        .named("embedding")
        .named("embeddings");
  }

  @Override
  public WriteContext init(ParquetConfiguration configuration) {
    return new WriteContext(schema, metadata);
  }

  @Override
  public WriteContext init(Configuration configuration) {
    return new WriteContext(schema, metadata);
  }

  @Override
  public void prepareForWrite(RecordConsumer consumer) {
    out = consumer;
  }

  @Override
  public void write(Integer image) {
    out.startMessage();
    field("index", () -> out.addLong(image));
    field("image", () -> text(images.describe(image)));
    int label = images.label(image);
    if (label != ImageDataset.UNLABELLED) {
      field("label", () -> out.addInteger(label));
      field("class", () -> text(classNames.get(label)));
    }
    if (images instanceof MultiLabelDataset several) {
      int[] present = present(several, image);
      list("labels", present.length, at -> out.addInteger(present[at]));
    }
    if (read.contains(image)) {
      long start = image * rows.shape(1);
      list("embedding", (int) rows.shape(1), at -> out.addFloat(rows.get(start + at)));
    }
    out.endMessage();
  }

  private static int[] present(MultiLabelDataset images, int image) {
    return IntStream.range(0, images.classes())
        .filter(cls -> images.target(image, cls) == Target.PRESENT)
        .toArray();
  }

  private void text(String value) {
    out.addBinary(Binary.fromString(value));
  }

  /** Parquet's list of three levels; what is empty has no inner field. */
  private void list(String name, int length, IntConsumer element) {
    field(
        name,
        () -> {
          out.startGroup();
          if (length > 0) {
            out.startField("list", 0);
            for (int at = 0; at < length; at++) {
              out.startGroup();
              out.startField("element", 0);
              element.accept(at);
              out.endField("element", 0);
              out.endGroup();
            }
            out.endField("list", 0);
          }
          out.endGroup();
        });
  }

  private void field(String name, Runnable value) {
    int index = schema.getFieldIndex(name);
    out.startField(name, index);
    value.run();
    out.endField(name, index);
  }
}
