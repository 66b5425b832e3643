package org.invp.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;

/**
 * Finds a memory bank [N, D] and a neighbour graph [N, k] beside a network: under the names that
 * the published program gives them ({@code memory_banks}, {@code neigh}), else as the only tensors
 * of such types and shapes.
 */
final class BankFinder {
  private static final List<String> BANKS =
      List.of("memory_banks", "memory_bank", "points", "bank", "memory");
  private static final List<String> GRAPHS = List.of("neigh", "neighbours", "neighbors", "graph");

  private final Map<String, StridedTensor> candidates = new LinkedHashMap<>();
  private final int dimension;

  /**
   * @param dimension D of the network's embeddings
   */
  BankFinder(Map<String, StridedTensor> all, ForeignNetwork network, int dimension) {
    this.dimension = dimension;
    all.forEach(
        (name, tensor) -> {
          boolean networks = network.tensors().containsValue(tensor) || name.endsWith(".weight");
          if (!networks && !name.contains("optimizer.") && tensor.shape().length == 2) {
            candidates.put(name, tensor);
          }
        });
  }

  /**
   * The bank.
   *
   * @param key its name in the file; null to look for it
   * @return null if there is none
   */
  NamedTensor bank(String key, Arena arena) {
    String name = bankName(key);
    return name == null ? null : candidates.get(name).floats(name, arena);
  }

  /** Whether there is a bank that nobody has to name. */
  boolean hasBank() {
    return bankName(null) != null;
  }

  private String bankName(String key) {
    Predicate<StridedTensor> fits =
        tensor -> tensor.dtype().isFloating() && tensor.shape()[1] == dimension;
    return find(key, BANKS, fits, "memory bank of type float and shape [N, " + dimension + "]");
  }

  /**
   * The graph of a bank, as I32.
   *
   * @param key its name in the file; null to look for it
   * @param rows N of the bank
   * @return null if there is none
   */
  NamedTensor graph(String key, long rows, Arena arena) {
    Predicate<StridedTensor> fits =
        tensor -> !tensor.dtype().isFloating() && tensor.shape()[0] == rows;
    String name =
        find(key, GRAPHS, fits, "neighbour graph of whole numbers and shape [" + rows + ", k]");
    return name == null ? null : rowIds(candidates.get(name).longs(name, arena), rows, arena);
  }

  private String find(String key, List<String> usual, Predicate<StridedTensor> fits, String what) {
    if (key != null) {
      StridedTensor chosen = candidates.get(key);
      if (chosen == null || !fits.test(chosen)) {
        throw new InvalidDataException(
            Text.format(
                "%s is no %s; the tensors that could be one are %s",
                Keys.printable(key), what, Keys.list(candidates)));
      }
      return key;
    }
    List<String> fitting =
        candidates.keySet().stream().filter(name -> fits.test(candidates.get(name))).toList();
    for (String name : usual) {
      for (String candidate : fitting) {
        if (candidate.equals(name) || candidate.endsWith("." + name)) {
          return candidate;
        }
      }
    }
    return fitting.size() == 1 ? fitting.getFirst() : null;
  }

  private static NamedTensor rowIds(NamedTensor wide, long rows, Arena arena) {
    MemorySegment ids = arena.allocate(Math.max(1, wide.size()) * Integer.BYTES, Integer.BYTES);
    for (long i = 0; i < wide.size(); i++) {
      long id = wide.data().getAtIndex(ValueLayout.JAVA_LONG, i);
      if (id < 0 || id >= rows) {
        throw new InvalidDataException(
            Text.format("%s holds %d, not a row of a bank of %d", wide.name(), id, rows));
      }
      ids.setAtIndex(ValueLayout.JAVA_INT, i, (int) id);
    }
    return new NamedTensor(
        wide.name(), DType.I32, wide.shape(), ids.asSlice(0, wide.size() * Integer.BYTES));
  }
}
