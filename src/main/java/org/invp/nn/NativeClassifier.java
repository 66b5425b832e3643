package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.bindings.nn.InvpNn;
import org.invp.bindings.nn.invp_nn_classifier_options;
import org.invp.internal.NativeLibraries;

/** The native classifier. */
final class NativeClassifier extends NativeModel {
  NativeClassifier(ClassifierOptions options, long seed) {
    super("the classifier", out -> create(options, seed, out));
  }

  private static int create(ClassifierOptions options, long seed, MemorySegment out) {
    NativeLibraries.requireNetwork();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = invp_nn_classifier_options.allocate(arena);
      invp_nn_classifier_options.inputs(struct, options.inputs());
      invp_nn_classifier_options.classes(struct, options.classes());
      invp_nn_classifier_options.normalisation(
          struct,
          switch (options.normalisation()) {
            case NONE -> InvpNn.INVP_NN_INPUTS_NONE();
            case AFFINE -> InvpNn.INVP_NN_INPUTS_AFFINE();
            case BATCH -> InvpNn.INVP_NN_INPUTS_BATCH();
          });
      invp_nn_classifier_options.deviation(struct, options.deviation());
      return InvpNn.invp_nn_classifier_create(struct, seed, out);
    }
  }

  @Override
  int destroy(MemorySegment handle) {
    return InvpNn.invp_nn_classifier_destroy(handle);
  }

  @Override
  int tensorCount(MemorySegment handle, MemorySegment count) {
    return InvpNn.invp_nn_classifier_tensor_count(handle, count);
  }

  @Override
  int tensorInfo(
      MemorySegment handle,
      long index,
      MemorySegment name,
      long nameCapacity,
      MemorySegment dtype,
      MemorySegment rank,
      MemorySegment shape,
      MemorySegment trainable) {
    return InvpNn.invp_nn_classifier_tensor_info(
        handle, index, name, nameCapacity, dtype, rank, shape, trainable);
  }

  @Override
  int tensorRead(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_classifier_tensor_read(handle, index, data, bytes);
  }

  @Override
  int tensorWrite(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_classifier_tensor_write(handle, index, data, bytes);
  }

  @Override
  int gradientRead(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_classifier_gradient_read(handle, index, data, bytes);
  }
}
