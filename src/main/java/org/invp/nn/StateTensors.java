package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;

/** Lists of named tensors out of, and checked against, what a network has. */
final class StateTensors {
  private static final String VARIANCE = "running_var";

  private StateTensors() {}

  /** Copies one tensor between the network and memory of its size. */
  @FunctionalInterface
  interface Copy {
    void apply(TensorInfo tensor, MemorySegment data);
  }

  /** Reads the tensors into memory of the arena. */
  static List<NamedTensor> read(List<TensorInfo> tensors, Arena arena, Copy copy) {
    List<NamedTensor> state = new ArrayList<>();
    for (TensorInfo tensor : tensors) {
      MemorySegment data = arena.allocate(tensor.bytes(), Long.BYTES);
      copy.apply(tensor, data);
      state.add(new NamedTensor(tensor.name(), tensor.dtype(), tensor.shape(), data));
    }
    return state;
  }

  /**
   * Writes all tensors, or none if the state does not fit.
   *
   * @param what how messages call the state
   * @throws InvalidDataException if one is missing, unknown, repeated, of another type or shape, or
   *     not finite, or a variance is negative
   */
  static void write(String what, List<TensorInfo> tensors, List<NamedTensor> state, Copy copy) {
    Map<String, NamedTensor> byName = new HashMap<>();
    for (NamedTensor tensor : state) {
      if (byName.put(tensor.name(), tensor) != null) {
        throw new InvalidDataException(what + " have " + tensor.name() + " twice");
      }
    }
    for (TensorInfo tensor : tensors) {
      check(what, tensor, byName.remove(tensor.name()));
    }
    if (!byName.isEmpty()) {
      String first = byName.keySet().stream().sorted().findFirst().orElseThrow();
      throw new InvalidDataException(
          Text.format(
              "%s have %s, which this network does not (%d such tensors)",
              what, first, byName.size()));
    }
    state.forEach(tensor -> byName.put(tensor.name(), tensor));
    try (Arena arena = Arena.ofConfined()) {
      for (TensorInfo tensor : tensors) {
        copy.apply(tensor, offHeap(byName.get(tensor.name()), arena));
      }
    }
  }

  private static void check(String what, TensorInfo expected, NamedTensor found) {
    if (found == null) {
      throw new InvalidDataException(
          Text.format("%s lack %s %s", what, expected.name(), expected.description()));
    }
    if (found.dtype() != expected.dtype() || !Arrays.equals(found.shape(), expected.shape())) {
      throw new InvalidDataException(
          Text.format(
              "%s have %s as %s%s, this network needs %s",
              what,
              expected.name(),
              found.dtype(),
              Arrays.toString(found.shape()),
              expected.description()));
    }
    if (expected.dtype() == DType.F32) {
      requireValues(what, expected.name(), found.data());
    }
  }

  /** Finite ones; and of a variance none below 0, whose root would not be. */
  private static void requireValues(String what, String name, MemorySegment data) {
    float least = name.endsWith(VARIANCE) ? 0 : -Float.MAX_VALUE;
    for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
      float value = data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      if (!Float.isFinite(value)) {
        throw new InvalidDataException(
            Text.format("%s have a value in %s that is not finite", what, name));
      }
      if (value < least) {
        throw new InvalidDataException(
            Text.format("%s have %s in %s, and a variance is at least 0", what, value, name));
      }
    }
  }

  // Native code takes no heap arrays, and reads whole elements.
  private static MemorySegment offHeap(NamedTensor tensor, Arena arena) {
    MemorySegment data = tensor.data();
    if (data.isNative() && data.address() % tensor.dtype().bytes() == 0) {
      return data;
    }
    return arena.allocate(data.byteSize(), Long.BYTES).copyFrom(data);
  }
}
