package org.invp.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.nn.Network;

/**
 * A residual network from another program's file, and what else a run needs to go on if the file
 * has it: memory bank, neighbour graph, momentum. Owns all of it until {@link #close}.
 */
public final class WeightsImport implements AutoCloseable {
  private static final String IDENTITY = "fc.weight";
  private static final String COUNTER = ".num_batches_tracked";

  private final Arena arena = NativeObjects.sharedArena();
  private final ForeignNetwork found;
  private final HeadKind headKind;
  private final Network network;
  private final NamedTensor bank;
  private final NamedTensor graph;
  private final List<NamedTensor> momentum;
  private final long epoch;

  /**
   * Which of a file's tensors to take; null where the usual names and shapes decide.
   *
   * @param prefix of the network's tensors, where a file has several networks
   * @param head the name of the head, or {@code none} to leave it out
   * @param bank the name of the memory bank
   * @param graph the name of the neighbour graph
   */
  public record Choice(String prefix, String head, String bank, String graph) {
    /** Everything by usual names and shapes. */
    public static final Choice USUAL = new Choice(null, null, null, null);
  }

  private WeightsImport(ForeignFile file, Choice choice) {
    Network created = null;
    try {
      Map<String, StridedTensor> all = file.tensors();
      ForeignNetwork whole =
          ForeignNetwork.find(all, file.unread(), choice.prefix(), choice.head());
      headKind = HeadKind.of(whole, all, choice.head());
      found = headKind == HeadKind.CLASSIFIER ? whole.withoutHead() : whole;
      requireModest(file);
      created = Network.create(InferredOptions.of(found), 0);
      network = created;
      network.load(weights());
      FiniteOutputs.require(network);
      BankFinder finder = new BankFinder(all, found, network.embeddingDimension());
      bank = finder.bank(choice.bank(), arena);
      graph =
          bank == null && choice.graph() == null
              ? null
              : finder.graph(choice.graph(), bank == null ? 0 : bank.shape()[0], arena);
      momentum = momentum(all);
      epoch = file.numbers().getOrDefault("epoch", 1L);
    } catch (RuntimeException | Error e) {
      if (created != null) {
        created.close();
      }
      arena.close();
      throw e;
    }
  }

  /**
   * Reads a safetensors file or a checkpoint of PyTorch, zipped or of the format before 1.6.
   *
   * @throws InvalidDataException one line with the path and why the file cannot be used
   */
  public static WeightsImport read(Path path, Choice choice) {
    try (ForeignFile file = ForeignFile.open(path)) {
      return new WeightsImport(file, choice);
    } catch (InvalidDataException e) {
      String message = e.getMessage();
      throw message.contains(path.toString())
          ? e
          : new InvalidDataException(path + ": " + message, e);
    }
  }

  /** The network, with the file's weights. Without a head its embedding is the features. */
  public Network network() {
    return network;
  }

  /** What the network's names start with in the file. */
  public String prefix() {
    return found.prefix();
  }

  /** What the file calls the head; empty if it has none, or that is a classifier's. */
  public String head() {
    return found.head();
  }

  /** What the file's head was taken for. */
  public HeadKind headKind() {
    return headKind;
  }

  /** The memory bank, F32 [N, D]; null if the file has none. */
  public NamedTensor bank() {
    return bank;
  }

  /** The neighbour graph, I32 [N, k]; null if the file has none for the bank. */
  public NamedTensor graph() {
    return graph;
  }

  /** The optimizer's momentum under the parameters' names; empty if it is not that of SGD. */
  public List<NamedTensor> momentum() {
    return momentum;
  }

  /** The epoch that comes next, as the published program counts it; 1 if the file is silent. */
  public long epoch() {
    return epoch;
  }

  @Override
  public void close() {
    network.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** Tensors may share storage; together they must not become much more than the file is. */
  private void requireModest(ForeignFile file) {
    long elements = 0;
    for (StridedTensor tensor : found.tensors().values()) {
      elements += tensor.elements();
      if (elements > file.bytes()) {
        throw new InvalidDataException(
            "refused: its tensors claim more elements than it has bytes");
      }
    }
  }

  private List<NamedTensor> weights() {
    List<NamedTensor> weights = new ArrayList<>();
    found
        .tensors()
        .forEach(
            (name, tensor) ->
                weights.add(
                    name.endsWith(COUNTER)
                        ? counter(name, tensor)
                        : tensor.dtype().isFloating()
                            ? tensor.floats(name, arena)
                            : tensor.longs(name, arena)));
    for (NamedTensor own : network.state()) {
      if (!found.tensors().containsKey(own.name()) && mayLack(own.name())) {
        weights.add(filledIn(own));
      }
    }
    return weights;
  }

  /** A count of batches; averaged weights have it as a fraction, some programs as [1]. */
  private NamedTensor counter(String name, StridedTensor tensor) {
    if (tensor.elements() != 1) {
      throw new InvalidDataException(Text.format("%s is %s, needed is one number", name, tensor));
    }
    double count = ((Number) tensor.scalar()).doubleValue();
    if (!(count >= 0 && count <= Long.MAX_VALUE)) {
      throw new InvalidDataException(Text.format("%s is %s, not a count", name, count));
    }
    MemorySegment data = arena.allocate(Long.BYTES, Long.BYTES);
    data.set(ValueLayout.JAVA_LONG, 0, Math.round(count));
    return new NamedTensor(name, DType.I64, new long[0], data);
  }

  /** Counters came with PyTorch 0.4; linear layers need no bias; a backbone has no head. */
  private boolean mayLack(String name) {
    boolean head = name.startsWith(HeadNames.OWN);
    return name.endsWith(COUNTER)
        || (head && found.head().isEmpty())
        || (head && name.endsWith(".bias"));
  }

  private NamedTensor filledIn(NamedTensor own) {
    MemorySegment data = arena.allocate(own.data().byteSize(), Long.BYTES);
    if (own.name().equals(IDENTITY)) {
      long size = own.shape()[0];
      for (long i = 0; i < size; i++) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, i * size + i, 1);
      }
    }
    return new NamedTensor(own.name(), own.dtype(), own.shape(), data);
  }

  /** SGD's buffers are numbered in the order of the parameters. */
  private List<NamedTensor> momentum(Map<String, StridedTensor> all) {
    List<String> parameters = found.head().isEmpty() ? List.of() : found.parameters();
    List<NamedTensor> buffers = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      StridedTensor buffer = all.get(Text.format("optimizer.state.%d.momentum_buffer", i));
      String name = parameters.get(i);
      if (buffer == null
          || buffer.dtype() != DType.F32
          || !buffer.hasShape(found.tensors().get(name).shape())) {
        return List.of();
      }
      buffers.add(buffer.floats(name, arena));
    }
    return buffers;
  }
}
