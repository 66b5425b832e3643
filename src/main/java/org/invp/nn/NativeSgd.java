package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.invp.bindings.nn.InvpNn;
import org.invp.internal.NativeCall;
import org.invp.internal.Room;

/** The native optimizer's handle; the network's lock guards it too. */
final class NativeSgd implements AutoCloseable {
  private final NativeNetwork network;
  private MemorySegment handle;

  NativeSgd(
      NativeNetwork network,
      MemorySegment networkHandle,
      double momentum,
      double weightDecay,
      boolean nesterov) {
    this.network = network;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      NativeCall.check(
          Room.NN,
          () ->
              InvpNn.invp_nn_sgd_create(
                  networkHandle, momentum, weightDecay, nesterov ? 1 : 0, out));
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** One native call on the optimizer. */
  void call(ToIntFunction<MemorySegment> call) {
    network.locked(
        () -> {
          if (handle == null) {
            throw new IllegalStateException("the optimizer is closed");
          }
          NativeCall.check(Room.NN, () -> call.applyAsInt(handle));
        });
  }

  /** Idempotent; the network calls it under its lock. */
  void destroy() {
    if (handle != null) {
      MemorySegment ending = handle;
      handle = null;
      NativeCall.check(Room.NN, () -> InvpNn.invp_nn_sgd_destroy(ending));
    }
  }

  @Override
  public void close() {
    network.close(this);
  }
}
