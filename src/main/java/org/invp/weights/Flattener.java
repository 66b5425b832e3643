package org.invp.weights;

import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/** Turns dictionaries within dictionaries into one, whose keys are paths joined by dots. */
final class Flattener {
  private static final int DEEPEST = 32;
  private static final int MOST_ENTRIES = 1 << 20;
  private static final int LONGEST_NAME = 1 << 10;

  private final Map<String, StridedTensor> tensors = new LinkedHashMap<>();
  private final Map<String, Long> numbers = new LinkedHashMap<>();
  private final Map<String, String> unread = new LinkedHashMap<>();
  private int entries;

  Map<String, StridedTensor> tensors() {
    return tensors;
  }

  Map<String, Long> numbers() {
    return numbers;
  }

  /** What is not read, by its path: what it is. */
  Map<String, String> unread() {
    return unread;
  }

  /** Adds what a dictionary holds; of other values nothing. */
  void add(Object root) {
    if (root instanceof PickleDict dict) {
      add("", dict, 1);
    }
  }

  void add(String name, Object value) {
    add(name, value, 1);
  }

  private void add(String name, Object value, int depth) {
    if (name.length() > LONGEST_NAME) {
      throw new InvalidDataException(
          Text.format("refused: a name of more than %,d characters", LONGEST_NAME));
    }
    switch (value) {
      case PickleDict dict -> add(name + ".", dict, depth + 1);
      case StridedTensor tensor -> put(name, tensor);
      case NumpyArray array -> add(name, array.value(), depth);
      case Opaque opaque -> unread.putIfAbsent(name, opaque.what());
      case Long number -> numbers.putIfAbsent(name, number);
      case null, default -> {
        // Texts, lists and the like: of no use here.
      }
    }
  }

  private void add(String prefix, PickleDict dict, int depth) {
    if (depth > DEEPEST) {
      throw new InvalidDataException(
          Text.format("refused: dictionaries within more than %d others", DEEPEST));
    }
    for (Map.Entry<Object, Object> entry : dict.entries().entrySet()) {
      if (++entries > MOST_ENTRIES) {
        throw new InvalidDataException(
            Text.format("refused: the dictionaries have more than %,d entries", MOST_ENTRIES));
      }
      add(prefix + entry.getKey(), entry.getValue(), depth);
    }
  }

  private void put(String name, StridedTensor tensor) {
    if (tensors.put(name, tensor) != null) {
      throw new InvalidDataException("two tensors are called " + name);
    }
  }
}
