package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.invp.bindings.nn.InvpNn;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeObjects;
import org.invp.internal.Room;

/** The native optimizer's handle; the lock of what it trains guards it too. */
final class NativeSgd implements AutoCloseable {
  private static final String KIND = "optimizer";

  private final NativeModel model;
  private MemorySegment handle;

  /** One of the native functions that make an optimizer. */
  interface Maker {
    int make(
        MemorySegment model, double momentum, double weightDecay, int nesterov, MemorySegment out);
  }

  NativeSgd(
      NativeModel model,
      MemorySegment modelHandle,
      Maker maker,
      double momentum,
      double weightDecay,
      boolean nesterov) {
    this.model = model;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      NativeCall.check(
          Room.NN, () -> maker.make(modelHandle, momentum, weightDecay, nesterov ? 1 : 0, out));
      handle = out.get(ValueLayout.ADDRESS, 0);
      NativeObjects.opened(KIND);
    }
  }

  /** One native call on the optimizer. */
  void call(ToIntFunction<MemorySegment> call) {
    model.locked(
        () -> {
          if (handle == null) {
            throw new IllegalStateException("the optimizer is closed");
          }
          NativeCall.check(Room.NN, () -> call.applyAsInt(handle));
        });
  }

  /** Idempotent; the model calls it under its lock. */
  void destroy() {
    if (handle != null) {
      MemorySegment ending = handle;
      handle = null;
      NativeCall.check(Room.NN, () -> InvpNn.invp_nn_sgd_destroy(ending));
      NativeObjects.closed(KIND);
    }
  }

  @Override
  public void close() {
    model.close(this);
  }
}
