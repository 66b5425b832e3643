package org.invp.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.InvpException;
import org.invp.nn.Execution;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.Precision;
import org.invp.nn.TorchRuntime;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.Memory;

/**
 * Loads LibTorch's CUDA build and the network library for it where there is no driver, trains a
 * step on the CPU with them, and then asks for a network on a GPU: {@link CudaNetworkTest} reads
 * what comes of each. A process of its own, since one has one LibTorch.
 */
final class CudaNetworkProgram {
  private static final int BATCH = 4;
  private static final int SIDE = 8;

  private CudaNetworkProgram() {}

  public static void main(String[] arguments) {
    NativeLibraries.loadCudaNetwork();
    System.out.println("loaded " + TorchRuntime.info().version());
    NetworkOptions options =
        new NetworkOptions(
            NetworkOptions.Architecture.RESNET18,
            NetworkOptions.Stem.CIFAR,
            1,
            4,
            6,
            NetworkOptions.Head.LINEAR,
            1,
            false,
            NetworkOptions.Initialisation.KAIMING);
    try (Network network = Network.create(options, 1);
        FloatTensor images = FloatTensor.allocate(BATCH, 1, SIDE, SIDE);
        FloatTensor slope = FloatTensor.allocate(BATCH, 6)) {
      for (long i = 0; i < images.size(); i++) {
        images.set(i, (float) Math.sin(i));
      }
      for (long i = 0; i < slope.size(); i++) {
        slope.set(i, 1);
      }
      FloatTensor embeddings = network.forward(images);
      network.backward(slope);
      System.out.println("cpu " + Float.isFinite(embeddings.get(0)));
    }
    try (Network network =
        Network.create(options, 1, new Execution(new NoDevice(), Precision.FP16))) {
      System.out.println("a network on " + network.execution());
    } catch (InvpException e) {
      System.out.println("refused: " + e.getMessage());
    }
  }

  /** The memory of a device that is not there. */
  private static final class NoDevice implements Memory {
    @Override
    public String name() {
      return "cuda:0";
    }

    @Override
    public Access access() {
      return new Access.Cuda(0, 0);
    }

    @Override
    public MemorySegment allocate(long bytes, Arena arena) {
      throw new UnsupportedOperationException();
    }

    @Override
    public MemorySegment part(MemorySegment memory, long offset, long bytes, Arena arena) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void copyIn(MemorySegment host, MemorySegment target) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void copyOut(MemorySegment source, MemorySegment host) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void copyWithin(MemorySegment source, MemorySegment target, long bytes) {
      throw new UnsupportedOperationException();
    }
  }
}
