package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.invp.bindings.nn.InvpNn;
import org.invp.bindings.nn.invp_nn_network_options;
import org.invp.internal.NativeLibraries;

/** The native network. */
final class NativeNetwork extends NativeModel {
  private static final int LONGEST_NAME = 256;

  NativeNetwork(NetworkOptions options, long seed) {
    super("the network", out -> create(options, seed, out));
  }

  private static int create(NetworkOptions options, long seed, MemorySegment out) {
    NativeLibraries.requireNetwork();
    try (Arena arena = Arena.ofConfined()) {
      return InvpNn.invp_nn_network_create(struct(options, arena), seed, out);
    }
  }

  private static MemorySegment struct(NetworkOptions options, Arena arena) {
    MemorySegment struct = invp_nn_network_options.allocate(arena);
    invp_nn_network_options.architecture(struct, options.architecture().layers());
    invp_nn_network_options.stem(
        struct,
        switch (options.stem()) {
          case IMAGENET -> InvpNn.INVP_NN_STEM_IMAGENET();
          case CIFAR -> InvpNn.INVP_NN_STEM_CIFAR();
        });
    invp_nn_network_options.channels(struct, options.channels());
    invp_nn_network_options.width(struct, options.width());
    invp_nn_network_options.dimension(struct, options.dimension());
    invp_nn_network_options.head(
        struct,
        switch (options.head()) {
          case LINEAR -> InvpNn.INVP_NN_HEAD_LINEAR();
          case MLP -> InvpNn.INVP_NN_HEAD_MLP();
        });
    invp_nn_network_options.head_hidden(struct, options.headHidden());
    invp_nn_network_options.head_batch_norm(struct, options.headBatchNorm() ? 1 : 0);
    invp_nn_network_options.initialisation(
        struct,
        switch (options.initialisation()) {
          case KAIMING -> InvpNn.INVP_NN_INITIALISATION_KAIMING();
          case DEFAULT -> InvpNn.INVP_NN_INITIALISATION_DEFAULT();
        });
    invp_nn_network_options.device(struct, InvpNn.INVP_NN_DEVICE_CPU());
    return struct;
  }

  /** The stem and the residual blocks. */
  List<Block> blocks() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_LONG, 2);
      MemorySegment first = numbers;
      MemorySegment second = numbers.asSlice(Long.BYTES);
      MemorySegment name = arena.allocate(LONGEST_NAME);
      call(network -> InvpNn.invp_nn_network_block_count(network, first));
      int count = (int) first.get(ValueLayout.JAVA_LONG, 0);
      List<Block> blocks = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int index = i;
        call(
            network ->
                InvpNn.invp_nn_network_block_info(
                    network, index, name, LONGEST_NAME, first, second));
        blocks.add(
            new Block(
                index,
                name.getString(0),
                (int) first.get(ValueLayout.JAVA_LONG, 0),
                (int) second.get(ValueLayout.JAVA_LONG, 0)));
      }
      return List.copyOf(blocks);
    }
  }

  @Override
  int destroy(MemorySegment handle) {
    return InvpNn.invp_nn_network_destroy(handle);
  }

  @Override
  int tensorCount(MemorySegment handle, MemorySegment count) {
    return InvpNn.invp_nn_network_tensor_count(handle, count);
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
    return InvpNn.invp_nn_network_tensor_info(
        handle, index, name, nameCapacity, dtype, rank, shape, trainable);
  }

  @Override
  int tensorRead(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_network_tensor_read(handle, index, data, bytes);
  }

  @Override
  int tensorWrite(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_network_tensor_write(handle, index, data, bytes);
  }

  @Override
  int gradientRead(MemorySegment handle, long index, MemorySegment data, long bytes) {
    return InvpNn.invp_nn_network_gradient_read(handle, index, data, bytes);
  }
}
