package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.invp.bindings.nn.InvpNn;
import org.invp.tensor.FloatTensor;

/**
 * Features from inside a backbone in evaluation mode: outputs of blocks, averaged over a grid of
 * cells and flattened, channels first. One forward pass serves all blocks.
 *
 * <p>Owns the memory of its last result, until {@link #close}; borrows the network. For one thread
 * at a time.
 */
public final class BlockFeatures implements AutoCloseable {
  private final Network network;
  private final List<Pooled> layers;
  private final int[] pool;
  private final long perImage;
  private FloatTensor memory = FloatTensor.allocate(0);
  private long batch;

  /**
   * What to take of one block.
   *
   * @param pool the cells along each side of the grid, at least 1
   */
  public record Pooled(Block block, int pool) {
    /** Checks the range. */
    public Pooled {
      if (pool < 1) {
        throw new IllegalArgumentException("a pool size of " + pool + ", allowed: at least 1");
      }
    }

    /** The length of an image's features. */
    public int length() {
      return Math.multiplyExact(block.channels(), Math.multiplyExact(pool, pool));
    }
  }

  /**
   * @param layers blocks of that network, in ascending order
   */
  public BlockFeatures(Network network, List<Pooled> layers) {
    this.network = network;
    this.layers = List.copyOf(layers);
    this.pool = new int[network.blocks().size()];
    int before = -1;
    for (Pooled layer : layers) {
      if (layer.block().index() <= before) {
        throw new IllegalArgumentException("blocks that are not in ascending order");
      }
      before = layer.block().index();
      pool[before] = layer.pool();
    }
    this.perImage = layers.stream().mapToLong(Pooled::length).sum();
  }

  /** What is taken. */
  public List<Pooled> layers() {
    return layers;
  }

  /**
   * Computes the features of a batch.
   *
   * @param images [B, C, H, W]
   */
  public void compute(FloatTensor images) {
    batch = images.shape(0);
    if (memory.size() < batch * perImage) {
      memory.close();
      memory = FloatTensor.allocate(batch * perImage);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_INT, pool);
      network.call(
          images,
          handle ->
              InvpNn.invp_nn_network_block_features(
                  handle,
                  images.segment(),
                  batch,
                  images.shape(2),
                  images.shape(3),
                  sizes,
                  pool.length,
                  memory.segment(),
                  batch * perImage));
    }
  }

  /**
   * The features of one layer in the last batch.
   *
   * @param layer a position in {@link #layers}
   * @return [B, length], this object's memory, valid until the next batch
   */
  public FloatTensor features(int layer) {
    long first = 0;
    for (Pooled before : layers.subList(0, layer)) {
      first += before.length();
    }
    long length = layers.get(layer).length();
    return FloatTensor.view(
        memory.segment().asSlice(batch * first * Float.BYTES, batch * length * Float.BYTES),
        batch,
        length);
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    memory.close();
  }
}
