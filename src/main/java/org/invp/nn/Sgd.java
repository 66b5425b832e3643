package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.bindings.nn.InvpNn;
import org.invp.io.NamedTensor;

/**
 * Stochastic gradient descent on the parameters of a network or a classifier, as PyTorch's {@code
 * torch.optim.SGD} computes it: {@code g += weightDecay p}; the first step sets the momentum buffer
 * {@code b = g}, later ones {@code b = momentum b + g}; {@code p -= learningRate b}, or with
 * Nesterov's variant {@code p -= learningRate (g + momentum b)}.
 *
 * <p>Used by the thread that trains. Closed with what it trains, or before it; afterwards every
 * method throws {@link IllegalStateException}.
 */
public final class Sgd implements AutoCloseable {
  private static final String BUFFERS = "the momentum buffers";

  private final List<TensorInfo> parameters;
  private final NativeSgd sgd;
  private final StateSnapshot snapshot;

  /**
   * Makes an optimizer without momentum buffers yet.
   *
   * @param momentum 0 to 1; 0 keeps no buffers
   * @param weightDecay at least 0; applies to all parameters
   * @param nesterov needs a momentum above 0
   */
  public Sgd(Network network, double momentum, double weightDecay, boolean nesterov) {
    this(network.trainable(), network.newSgd(momentum, weightDecay, nesterov));
  }

  /** The same for a classifier. */
  public Sgd(Classifier classifier, double momentum, double weightDecay, boolean nesterov) {
    this(classifier.trainable(), classifier.newSgd(momentum, weightDecay, nesterov));
  }

  private Sgd(List<TensorInfo> parameters, NativeSgd sgd) {
    this.parameters = parameters;
    this.sgd = sgd;
    snapshot = new StateSnapshot(parameters);
  }

  /** The same for a network's backbone alone, without its head. */
  public static Sgd ofBackbone(
      Network network, double momentum, double weightDecay, boolean nesterov) {
    return new Sgd(
        network.backboneParameters(), network.newBackboneSgd(momentum, weightDecay, nesterov));
  }

  /**
   * Steps against the gradients of the last backward passes and clears them.
   *
   * @param learningRate finite, at least 0
   * @throws IllegalArgumentException if no backward came before
   */
  public void step(double learningRate) {
    sgd.call(handle -> InvpNn.invp_nn_sgd_step(handle, learningRate));
  }

  /**
   * The momentum buffers under their parameters' names: a copy in the arena's memory; empty before
   * the first step and without momentum.
   */
  public List<NamedTensor> state(Arena arena) {
    return hasMomentum() ? StateTensors.read(parameters, arena, this::read) : List.of();
  }

  /** As {@link #state(Arena)}, in the optimizer's own memory: the next call overwrites it. */
  public List<NamedTensor> state() {
    return hasMomentum() ? snapshot.take(this::read) : List.of();
  }

  /**
   * Replaces the momentum buffers, all of them or, on an error, none.
   *
   * @param state one per parameter, in any order; or nothing, as before the first step
   * @throws InvalidDataException naming the buffer that is missing, unknown, of another type or
   *     shape, or not finite
   */
  public void load(List<NamedTensor> state) {
    if (state.isEmpty()) {
      sgd.call(InvpNn::invp_nn_sgd_clear_momentum);
    } else {
      StateTensors.write(BUFFERS, parameters, state, this::write);
    }
  }

  /** Releases the native memory; idempotent. */
  @Override
  public void close() {
    sgd.close();
    snapshot.close();
  }

  private boolean hasMomentum() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment present = arena.allocate(ValueLayout.JAVA_INT);
      sgd.call(handle -> InvpNn.invp_nn_sgd_has_momentum(handle, present));
      return present.get(ValueLayout.JAVA_INT, 0) == 1;
    }
  }

  private void read(TensorInfo tensor, MemorySegment data) {
    sgd.call(
        handle -> InvpNn.invp_nn_sgd_momentum_read(handle, tensor.index(), data, data.byteSize()));
  }

  private void write(TensorInfo tensor, MemorySegment data) {
    sgd.call(
        handle -> InvpNn.invp_nn_sgd_momentum_write(handle, tensor.index(), data, data.byteSize()));
  }
}
