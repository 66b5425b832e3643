package org.invp.weights;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import org.invp.io.AtomicFile;
import org.invp.io.DType;
import org.invp.io.NamedTensor;

/**
 * Writes the pickle that Detectron2's {@code convert-torchvision-to-d2.py} makes: {@code {"model":
 * {name: numpy array}, "__author__": ..., "matching_heuristics": True}}, with a backbone under
 * {@link Detectron2Names}. Python's {@code pickle} and NumPy 1 or 2 read it.
 */
final class Detectron2Writer {
  private static final String AUTHOR = "invp";
  private static final String NUMPY = "numpy.core.multiarray";

  private Detectron2Writer() {}

  /**
   * Writes a file, whole or not at all.
   *
   * @param tensors of type F32 or I64, under the names that the file is to have
   */
  static void write(Path path, List<NamedTensor> tensors) {
    AtomicFile.write(
        path,
        channel -> {
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
          PickleWriter pickle = new PickleWriter(out, 3);
          pickle.emptyDict().mark().text("model").emptyDict().mark();
          for (NamedTensor tensor : tensors) {
            pickle.text(tensor.name());
            array(pickle, out, tensor);
          }
          pickle.setItems();
          pickle.text("__author__").text(AUTHOR).text("matching_heuristics").bool(true);
          pickle.setItems().stop();
          out.flush();
        });
  }

  /**
   * What {@code numpy.ndarray.__reduce__} says: an empty array, then its state (version, shape,
   * dtype, whether columns run fastest, bytes).
   */
  private static void array(PickleWriter pickle, OutputStream out, NamedTensor tensor)
      throws IOException {
    pickle.global(NUMPY, "_reconstruct");
    pickle.mark().global("numpy", "ndarray").tupleOf(0).bytes(1);
    out.write('b');
    pickle.tuple().reduce().mark().integer(1).tupleOf(tensor.shape());
    dtype(pickle, tensor.dtype());
    pickle.bool(false).bytes(tensor.data().byteSize());
    TensorBytes.write(out, tensor.data());
    pickle.tuple().build();
  }

  private static void dtype(PickleWriter pickle, DType dtype) throws IOException {
    String code =
        switch (dtype) {
          case F32 -> "f4";
          case I64 -> "i8";
          default -> throw new IllegalArgumentException("no arrays of type " + dtype);
        };
    pickle.global("numpy", "dtype").mark().text(code).bool(false).bool(true).tuple().reduce();
    pickle.mark().integer(3).text("<").none().none().none().integer(-1).integer(-1).integer(0);
    pickle.tuple().build();
  }
}
