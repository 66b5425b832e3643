package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.invp.InvalidDataException;
import org.invp.bindings.group.InvpGroup;
import org.invp.bindings.nn.InvpNn;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.NativeGroup;
import org.invp.internal.Text;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;

/**
 * A residual network that turns images [batch, channels, height, width] into embeddings [batch,
 * dimension].
 *
 * <p>Training: {@link #forward}, then {@link #backward} with the loss's gradient, then {@link
 * Sgd#step}. Using: {@link #embed}. Pixels that are NaN or infinite give outputs that are; nothing
 * checks them here.
 *
 * <p>Calls of several threads run one after the other, but a training step is several calls, so one
 * thread at a time should train a network; a long-lived platform thread, since LibTorch keeps its
 * workers per calling thread. The network owns native memory until {@link #close}; afterwards every
 * method throws {@link IllegalStateException}. The bits of a result depend on the number of threads
 * ({@link TorchRuntime#setThreads}) and the instruction set, and repeat under the same.
 */
public final class Network implements AutoCloseable {
  private static final String WEIGHTS = "the weights";
  private static final String HEAD = "fc.";

  private final NetworkOptions options;
  private final Execution execution;
  private final NativeNetwork network;
  private final List<TensorInfo> tensors;
  private final List<Block> blocks;
  private final StateSnapshot snapshot;
  private FloatTensor output = FloatTensor.allocate(0, 0);
  private NativeGroup group; // null where gradients stay this process's own

  private Network(NetworkOptions options, long seed, Execution execution) {
    this.options = options;
    this.execution = execution;
    network = new NativeNetwork(options, seed, execution);
    tensors = network.tensors();
    blocks = network.blocks();
    snapshot = new StateSnapshot(tensors);
  }

  /**
   * Makes a network with fresh weights.
   *
   * @param seed decides the weights, alone: equal seeds give equal weights
   * @throws org.invp.NativeLibraryException if LibTorch or the network library cannot be loaded
   */
  public static Network create(NetworkOptions options, long seed) {
    return create(options, seed, Execution.DEFAULT);
  }

  /**
   * Makes a network with fresh weights, the same ones on every device.
   *
   * @param execution where and in what precision it computes
   * @throws org.invp.NativeLibraryException if LibTorch or the network library cannot be loaded
   */
  public static Network create(NetworkOptions options, long seed, Execution execution) {
    return new Network(options, seed, execution);
  }

  /**
   * Makes the network that {@link #save} or a training run wrote. Tensors that are not the
   * network's, such as a checkpoint's memory bank, are ignored.
   *
   * @throws InvalidDataException if the file is missing or damaged, or lacks options or a tensor
   */
  public static Network load(Path path) {
    return load(path, Execution.DEFAULT);
  }

  /** As {@link #load(Path)}, to compute where and as {@code execution} says. */
  public static Network load(Path path, Execution execution) {
    try (TensorFile file = Safetensors.read(path)) {
      Network network = create(NetworkOptions.fromMetadata(file.metadata()), 0, execution);
      try {
        network.load(network.ownOf(file.tensors()));
      } catch (RuntimeException | Error e) {
        network.close();
        throw e;
      }
      return network;
    } catch (InvalidDataException e) {
      throw new InvalidDataException(withPath(path, e.getMessage()), e);
    }
  }

  private static String withPath(Path path, String message) {
    return message.contains(path.toString()) ? message : path + ": " + message;
  }

  private List<NamedTensor> ownOf(List<NamedTensor> all) {
    Set<String> names = new HashSet<>();
    tensors.forEach(tensor -> names.add(tensor.name()));
    return all.stream().filter(tensor -> names.contains(tensor.name())).toList();
  }

  /** Writes weights, running statistics and options, whole or not at all. */
  public void save(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors.write(path, options.toMetadata(), state(arena));
    }
  }

  /** What the network is made of. */
  public NetworkOptions options() {
    return options;
  }

  /** Where and in what precision it computes. */
  public Execution execution() {
    return execution;
  }

  /** D, the length of an embedding. */
  public int embeddingDimension() {
    return options.dimension();
  }

  /** F, the length of the backbone's features after global average pooling. */
  public int featureDimension() {
    return options.featureDimension();
  }

  /** Where features can be taken inside the backbone: the stem and the residual blocks. */
  public List<Block> blocks() {
    return blocks;
  }

  /**
   * Embeds a batch in training mode: batch normalisation uses the batch's statistics and updates
   * the running ones, and what {@link #backward} needs is kept.
   *
   * @param images [B, C, H, W], on the host, copied; B at least 2
   * @return [B, D], not normalised; in the memory of the network's {@link #execution}, valid until
   *     the next forward or close. On a CUDA device the call queues work and does not wait
   */
  public FloatTensor forward(FloatTensor images) {
    requireImages(images);
    network.locked(() -> reserveOutput(images.shape(0)));
    FloatTensor embeddings = output.slice(images.shape(0));
    execution.join();
    network.call(
        handle ->
            InvpNn.invp_nn_network_forward(
                handle,
                images.segment(),
                images.shape(0),
                images.shape(2),
                images.shape(3),
                embeddings.segment(execution.memory())));
    return embeddings;
  }

  private void reserveOutput(long batch) {
    if (output.shape(0) < batch) {
      output.close();
      output = FloatTensor.allocate(execution.memory(), batch, options.dimension());
    }
  }

  /**
   * Adds the gradients of all parameters, given the loss's gradient with respect to the embeddings
   * of the last {@link #forward}; of all ranks' where {@link #sumGradientsOver} says so.
   *
   * @param gradient [B, D], in the memory of the embeddings
   * @throws IllegalArgumentException if no forward came just before, or the shape is another
   */
  public void backward(FloatTensor gradient) {
    requireRows("gradient", gradient, gradient.shape(0), options.dimension());
    MemorySegment slope = gradient.segment(execution.memory());
    long batch = gradient.shape(0);
    execution.join();
    if (group == null) {
      network.call(handle -> InvpNn.invp_nn_network_backward(handle, slope, batch));
    } else {
      group.collective(
          members ->
              network.status(handle -> InvpNn.invp_nn_network_backward(handle, slope, batch)));
    }
  }

  /**
   * From now on every {@link #backward} is a collective of the group and leaves each parameter with
   * the sum of the ranks' gradients, which c10d exchanges in buckets while backward still runs. The
   * sum, not the mean: a rank's gradient is its share of the whole batch's.
   *
   * <p>All ranks call backward equally often, each on its own replica of the network, and clear the
   * gradients between. A rank that has no images calls it with a gradient [0, D] and no forward
   * before.
   *
   * @param ranks joined and open as long as backward is called; null to leave it
   */
  public void sumGradientsOver(ProcessGroup ranks) {
    group = ranks instanceof NativeGroup members ? members : null;
    if (group == null) {
      network.call(handle -> InvpGroup.invp_nn_network_set_group(handle, MemorySegment.NULL));
    } else {
      group.collective(
          members ->
              network.status(handle -> InvpGroup.invp_nn_network_set_group(handle, members)));
    }
  }

  /**
   * Embeds a batch in evaluation mode: batch normalisation uses its running statistics, nothing is
   * kept or changed, and an image's result does not depend on its neighbours.
   *
   * @param images [B, C, H, W], on the host
   * @param features [B, F], out, on the host; null if not wanted
   * @param embeddings [B, D], out, on the host, not normalised; null if not wanted
   */
  public void embed(FloatTensor images, FloatTensor features, FloatTensor embeddings) {
    requireImages(images);
    long batch = images.shape(0);
    if (features != null) {
      requireRows("features", features, batch, featureDimension());
    }
    if (embeddings != null) {
      requireRows("embeddings", embeddings, batch, options.dimension());
    }
    network.call(
        handle ->
            InvpNn.invp_nn_network_embed(
                handle,
                images.segment(),
                batch,
                images.shape(2),
                images.shape(3),
                output(features, images),
                output(embeddings, images)));
  }

  /**
   * Parameters and buffers under torchvision's names, in PyTorch's order: a copy in the arena's
   * memory.
   */
  public List<NamedTensor> state(Arena arena) {
    return StateTensors.read(tensors, arena, network::read);
  }

  /** As {@link #state(Arena)}, in the network's own memory: the next call overwrites it. */
  public List<NamedTensor> state() {
    return snapshot.take(network::read);
  }

  /**
   * Replaces parameters and buffers, all of them or, on an error, none.
   *
   * @param state exactly the network's tensors, in any order
   * @throws InvalidDataException naming the tensor that is missing, unknown, of another type or
   *     shape, or not finite
   */
  public void load(List<NamedTensor> state) {
    StateTensors.write(WEIGHTS, tensors, state, network::write);
  }

  /** The parameters' gradients, as {@link #state(Arena)}; zeros where there are none. */
  public List<NamedTensor> gradients(Arena arena) {
    return StateTensors.read(trainable(), arena, network::readGradient);
  }

  /** The loss scale, for a checkpoint; 1 unless the precision is {@link Precision#FP16}. */
  public LossScale lossScale() {
    return network.lossScale();
  }

  /**
   * Goes on with a loss scale from a checkpoint.
   *
   * @throws IllegalArgumentException if the precision is another, or no run can have the value
   */
  public void setLossScale(LossScale scale) {
    network.call(
        handle -> InvpNn.invp_nn_network_set_loss_scale(handle, scale.scale(), scale.goodSteps()));
  }

  /** Forgets the gradients that {@link #backward} added. */
  public void clearGradients() {
    network.call(InvpNn::invp_nn_network_clear_gradients);
  }

  /** Releases the native memory, and its optimizers' with it; idempotent. */
  @Override
  public void close() {
    network.close();
    snapshot.close();
    output.close();
  }

  List<TensorInfo> trainable() {
    return tensors.stream().filter(TensorInfo::trainable).toList();
  }

  List<TensorInfo> backboneParameters() {
    return trainable().stream().filter(tensor -> !tensor.name().startsWith(HEAD)).toList();
  }

  NativeSgd newSgd(double momentum, double weightDecay, boolean nesterov) {
    return network.newSgd(InvpNn::invp_nn_sgd_create, momentum, weightDecay, nesterov);
  }

  NativeSgd newBackboneSgd(double momentum, double weightDecay, boolean nesterov) {
    return network.newSgd(InvpNn::invp_nn_sgd_create_backbone, momentum, weightDecay, nesterov);
  }

  /** A native call on the network and images for it. */
  void call(FloatTensor images, ToIntFunction<MemorySegment> call) {
    requireImages(images);
    network.call(call);
  }

  private void requireImages(FloatTensor images) {
    long[] shape = images.shape();
    if (shape.length != 4 || shape[1] != options.channels()) {
      throw new IllegalArgumentException(
          Text.format(
              "images of shape %s, needed is [batch, %d, height, width]",
              Arrays.toString(shape), options.channels()));
    }
  }

  private static void requireRows(String name, FloatTensor rows, long batch, long columns) {
    if (!Arrays.equals(rows.shape(), new long[] {batch, columns})) {
      throw new IllegalArgumentException(
          Text.format(
              "%s of shape %s, needed is [%d, %d]",
              name, Arrays.toString(rows.shape()), batch, columns));
    }
  }

  private static MemorySegment output(FloatTensor tensor, FloatTensor images) {
    return tensor == null ? MemorySegment.NULL : tensor.output(images.segment());
  }
}
