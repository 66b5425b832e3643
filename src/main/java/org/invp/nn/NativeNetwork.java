package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.invp.bindings.nn.InvpNn;
import org.invp.bindings.nn.invp_nn_network_options;
import org.invp.tensor.Memory;

/** The native network. */
final class NativeNetwork extends NativeModel {
  private static final int LONGEST_NAME = 256;

  NativeNetwork(NetworkOptions options, long seed, Execution execution) {
    super("the network", out -> create(options, seed, execution, out));
    if (execution.memory().access() instanceof Memory.Access.Cuda cuda) {
      MemorySegment stream = MemorySegment.ofAddress(cuda.stream());
      call(network -> InvpNn.invp_nn_network_set_stream(network, stream));
    }
  }

  private static int create(
      NetworkOptions options, long seed, Execution execution, MemorySegment out) {
    TorchRuntime.load(execution.memory());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = struct(options, arena);
      place(execution, struct);
      return InvpNn.invp_nn_network_create(struct, seed, out);
    }
  }

  private static void place(Execution execution, MemorySegment struct) {
    switch (execution.memory().access()) {
      case Memory.Access.Host host ->
          invp_nn_network_options.device(struct, InvpNn.INVP_NN_DEVICE_CPU());
      case Memory.Access.Cuda cuda -> {
        invp_nn_network_options.device(struct, InvpNn.INVP_NN_DEVICE_CUDA());
        invp_nn_network_options.device_index(struct, cuda.device());
      }
    }
    invp_nn_network_options.precision(
        struct,
        switch (execution.precision()) {
          case FP32 -> InvpNn.INVP_NN_PRECISION_FLOAT32();
          case BF16 -> InvpNn.INVP_NN_PRECISION_BFLOAT16();
          case FP16 -> InvpNn.INVP_NN_PRECISION_FLOAT16();
        });
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
    return struct;
  }

  LossScale lossScale() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scale = arena.allocate(ValueLayout.JAVA_FLOAT);
      MemorySegment goodSteps = arena.allocate(ValueLayout.JAVA_INT);
      call(network -> InvpNn.invp_nn_network_loss_scale(network, scale, goodSteps));
      return new LossScale(
          scale.get(ValueLayout.JAVA_FLOAT, 0), goodSteps.get(ValueLayout.JAVA_INT, 0));
    }
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
