package org.invp.train;

import java.util.Map;

/**
 * The events that a TensorBoard file holds, as the bytes of {@code tensorflow.Event}; the numbers
 * are the fields of TensorFlow's {@code event.proto}, {@code summary.proto} and {@code
 * tensor.proto}.
 */
final class TensorBoardEvent {
  /** From this version on a reader obeys {@link #start}. */
  private static final String VERSION = "brain.Event:2";

  private static final int WALL_TIME = 1;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;

  private static final int SESSION_STATUS = 1;
  private static final int SESSION_START = 1;

  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;
  private static final int VALUE_TENSOR = 8;
  private static final int VALUE_METADATA = 9;

  private static final int METADATA_PLUGIN = 1;
  private static final int PLUGIN_NAME = 1;

  private static final int TENSOR_DTYPE = 1;
  private static final int TENSOR_SHAPE = 2;
  private static final int TENSOR_STRING = 8;
  private static final int SHAPE_DIMENSION = 2;
  private static final int DIMENSION_SIZE = 1;
  private static final int DTYPE_STRING = 7;

  private TensorBoardEvent() {}

  /** The first event of every file. */
  static byte[] fileVersion(double wallTime) {
    return new ProtobufMessage().real(WALL_TIME, wallTime).text(FILE_VERSION, VERSION).toBytes();
  }

  /** A session begins: readers forget what earlier files of the folder say from this step on. */
  static byte[] start(double wallTime, long step) {
    return new ProtobufMessage()
        .real(WALL_TIME, wallTime)
        .integer(STEP, step)
        .message(SESSION_LOG, new ProtobufMessage().integer(SESSION_STATUS, SESSION_START))
        .toBytes();
  }

  /** Figures of one step, by their names. */
  static byte[] scalars(double wallTime, long step, Map<String, Double> values) {
    ProtobufMessage summary = new ProtobufMessage();
    values.forEach(
        (tag, value) ->
            summary.message(
                SUMMARY_VALUE,
                new ProtobufMessage().text(VALUE_TAG, tag).real(VALUE_SIMPLE, value.floatValue())));
    return event(wallTime, step, summary);
  }

  /** A text in Markdown, for the tab "Text". */
  static byte[] text(double wallTime, long step, String tag, String markdown) {
    ProtobufMessage shape =
        new ProtobufMessage()
            .message(SHAPE_DIMENSION, new ProtobufMessage().integer(DIMENSION_SIZE, 1));
    ProtobufMessage value =
        new ProtobufMessage()
            .text(VALUE_TAG, tag)
            .message(
                VALUE_TENSOR,
                new ProtobufMessage()
                    .integer(TENSOR_DTYPE, DTYPE_STRING)
                    .message(TENSOR_SHAPE, shape)
                    .text(TENSOR_STRING, markdown))
            .message(
                VALUE_METADATA,
                new ProtobufMessage()
                    .message(METADATA_PLUGIN, new ProtobufMessage().text(PLUGIN_NAME, "text")));
    return event(wallTime, step, new ProtobufMessage().message(SUMMARY_VALUE, value));
  }

  private static byte[] event(double wallTime, long step, ProtobufMessage summary) {
    return new ProtobufMessage()
        .real(WALL_TIME, wallTime)
        .integer(STEP, step)
        .message(SUMMARY, summary)
        .toBytes();
  }
}
