package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToIntFunction;
import org.invp.bindings.nn.InvpNn;
import org.invp.bindings.nn.invp_nn_network_options;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.io.DType;

/** The native network's handle; its lock keeps it alive during a call and orders calls. */
final class NativeNetwork implements AutoCloseable {
  private static final int LONGEST_NAME = 256;

  private final ReentrantLock lock = new ReentrantLock();
  private final List<NativeSgd> optimizers = new ArrayList<>();
  private MemorySegment handle;

  NativeNetwork(NetworkOptions options, long seed) {
    NativeLibraries.requireNetwork();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment struct = struct(options, arena);
      NativeCall.check(Room.NN, () -> InvpNn.invp_nn_network_create(struct, seed, out));
      handle = out.get(ValueLayout.ADDRESS, 0);
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

  /** One native call on the network. */
  void call(ToIntFunction<MemorySegment> call) {
    locked(() -> NativeCall.check(Room.NN, () -> call.applyAsInt(handle)));
  }

  /** Runs {@code body} while nobody else uses the network and it is open. */
  void locked(Runnable body) {
    lock.lock();
    try {
      if (handle == null) {
        throw new IllegalStateException("the network is closed");
      }
      body.run();
    } finally {
      lock.unlock();
    }
  }

  /** An optimizer to close before the network. */
  NativeSgd newSgd(double momentum, double weightDecay, boolean nesterov) {
    NativeSgd[] made = new NativeSgd[1];
    locked(
        () -> {
          made[0] = new NativeSgd(this, handle, momentum, weightDecay, nesterov);
          optimizers.add(made[0]);
        });
    return made[0];
  }

  void close(NativeSgd optimizer) {
    lock.lock();
    try {
      optimizers.remove(optimizer);
      optimizer.destroy();
    } finally {
      lock.unlock();
    }
  }

  List<TensorInfo> tensors() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      call(network -> InvpNn.invp_nn_network_tensor_count(network, count));
      List<TensorInfo> tensors = new ArrayList<>();
      for (int i = 0; i < count.get(ValueLayout.JAVA_LONG, 0); i++) {
        tensors.add(tensor(i, arena));
      }
      return tensors;
    }
  }

  private TensorInfo tensor(int index, Arena arena) {
    MemorySegment name = arena.allocate(LONGEST_NAME);
    MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 3);
    MemorySegment shape = arena.allocate(ValueLayout.JAVA_LONG, InvpNn.INVP_NN_MAX_RANK());
    MemorySegment dtype = numbers;
    MemorySegment rank = numbers.asSlice(Integer.BYTES);
    MemorySegment trainable = numbers.asSlice(2 * Integer.BYTES);
    call(
        network ->
            InvpNn.invp_nn_network_tensor_info(
                network, index, name, LONGEST_NAME, dtype, rank, shape, trainable));
    long[] extents =
        shape
            .asSlice(0, rank.get(ValueLayout.JAVA_INT, 0) * (long) Long.BYTES)
            .toArray(ValueLayout.JAVA_LONG);
    return new TensorInfo(
        index,
        name.getString(0),
        dtype.get(ValueLayout.JAVA_INT, 0) == InvpNn.INVP_NN_INT64() ? DType.I64 : DType.F32,
        extents,
        trainable.get(ValueLayout.JAVA_INT, 0) == 1);
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (handle != null) {
        optimizers.forEach(NativeSgd::destroy);
        optimizers.clear();
        MemorySegment ending = handle;
        handle = null;
        NativeCall.check(Room.NN, () -> InvpNn.invp_nn_network_destroy(ending));
      }
    } finally {
      lock.unlock();
    }
  }
}
