package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToIntFunction;
import org.invp.bindings.nn.InvpNn;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeObjects;
import org.invp.internal.Room;
import org.invp.io.DType;

/**
 * The handle of something native that has tensors and optimizers; its lock keeps it alive during a
 * call and orders calls.
 */
abstract class NativeModel implements AutoCloseable {
  private static final int LONGEST_NAME = 256;

  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<NativeSgd> optimizers = new ArrayList<>();
  private MemorySegment handle;

  /**
   * @param name how messages call it
   * @param create makes it and puts its handle where the argument points to
   */
  NativeModel(String name, ToIntFunction<MemorySegment> create) {
    this.name = name;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      NativeCall.check(Room.NN, () -> create.applyAsInt(out));
      handle = out.get(ValueLayout.ADDRESS, 0);
      NativeObjects.opened(name);
    }
  }

  abstract int destroy(MemorySegment handle);

  abstract int tensorCount(MemorySegment handle, MemorySegment count);

  abstract int tensorInfo(
      MemorySegment handle,
      long index,
      MemorySegment name,
      long nameCapacity,
      MemorySegment dtype,
      MemorySegment rank,
      MemorySegment shape,
      MemorySegment trainable);

  abstract int tensorRead(MemorySegment handle, long index, MemorySegment data, long bytes);

  abstract int tensorWrite(MemorySegment handle, long index, MemorySegment data, long bytes);

  abstract int gradientRead(MemorySegment handle, long index, MemorySegment data, long bytes);

  /** One native call. */
  void call(ToIntFunction<MemorySegment> call) {
    locked(() -> NativeCall.check(Room.NN, () -> call.applyAsInt(handle)));
  }

  /** One call whose status the caller checks. */
  int status(ToIntFunction<MemorySegment> call) {
    int[] status = new int[1];
    locked(() -> status[0] = call.applyAsInt(handle));
    return status[0];
  }

  /** Runs {@code body} while nobody else uses it and it is open. */
  void locked(Runnable body) {
    lock.lock();
    try {
      if (handle == null) {
        throw new IllegalStateException(name + " is closed");
      }
      body.run();
    } finally {
      lock.unlock();
    }
  }

  /** An optimizer to close before its model. */
  NativeSgd newSgd(NativeSgd.Maker maker, double momentum, double weightDecay, boolean nesterov) {
    NativeSgd[] made = new NativeSgd[1];
    locked(
        () -> {
          made[0] = new NativeSgd(this, handle, maker, momentum, weightDecay, nesterov);
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
      call(model -> tensorCount(model, count));
      List<TensorInfo> tensors = new ArrayList<>();
      for (int i = 0; i < count.get(ValueLayout.JAVA_LONG, 0); i++) {
        tensors.add(tensor(i, arena));
      }
      return tensors;
    }
  }

  void read(TensorInfo tensor, MemorySegment data) {
    call(model -> tensorRead(model, tensor.index(), data, data.byteSize()));
  }

  void write(TensorInfo tensor, MemorySegment data) {
    call(model -> tensorWrite(model, tensor.index(), data, data.byteSize()));
  }

  void readGradient(TensorInfo tensor, MemorySegment data) {
    call(model -> gradientRead(model, tensor.index(), data, data.byteSize()));
  }

  private TensorInfo tensor(int index, Arena arena) {
    MemorySegment text = arena.allocate(LONGEST_NAME);
    MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 3);
    MemorySegment shape = arena.allocate(ValueLayout.JAVA_LONG, InvpNn.INVP_NN_MAX_RANK());
    MemorySegment dtype = numbers;
    MemorySegment rank = numbers.asSlice(Integer.BYTES);
    MemorySegment trainable = numbers.asSlice(2 * Integer.BYTES);
    call(model -> tensorInfo(model, index, text, LONGEST_NAME, dtype, rank, shape, trainable));
    long[] extents =
        shape
            .asSlice(0, rank.get(ValueLayout.JAVA_INT, 0) * (long) Long.BYTES)
            .toArray(ValueLayout.JAVA_LONG);
    return new TensorInfo(
        index,
        text.getString(0),
        dtype.get(ValueLayout.JAVA_INT, 0) == InvpNn.INVP_NN_INT64() ? DType.I64 : DType.F32,
        extents,
        trainable.get(ValueLayout.JAVA_INT, 0) == 1);
  }

  /** Idempotent. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (handle != null) {
        optimizers.forEach(NativeSgd::destroy);
        optimizers.clear();
        MemorySegment ending = handle;
        handle = null;
        NativeCall.check(Room.NN, () -> destroy(ending));
        NativeObjects.closed(name);
      }
    } finally {
      lock.unlock();
    }
  }
}
