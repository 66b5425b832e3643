package org.invp.nn;

import java.lang.foreign.Arena;
import java.util.List;
import org.invp.internal.NativeObjects;
import org.invp.io.NamedTensor;

/** Memory for a copy of a state, allocated once, so that saving at every epoch does not grow. */
final class StateSnapshot implements AutoCloseable {
  private final Arena arena = NativeObjects.sharedArena();
  private final List<TensorInfo> tensors;
  private List<NamedTensor> state;

  StateSnapshot(List<TensorInfo> tensors) {
    this.tensors = tensors;
  }

  /** Copies the state as it is now over the copy before. */
  List<NamedTensor> take(StateTensors.Copy copy) {
    if (state == null) {
      state = StateTensors.read(tensors, arena, copy);
    } else {
      for (int i = 0; i < state.size(); i++) {
        copy.apply(tensors.get(i), state.get(i).data());
      }
    }
    return state;
  }

  /** Idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
