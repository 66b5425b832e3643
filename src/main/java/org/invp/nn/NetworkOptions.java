package org.invp.nn;

import java.util.Map;
import java.util.Objects;
import org.invp.internal.Text;

/**
 * What a network is made of.
 *
 * @param architecture how many layers
 * @param stem what comes before the first block
 * @param channels of the images, at least 1
 * @param width channels of the first stage, 1 to 4096; 64 is the published width
 * @param dimension D, numbers in an embedding, at least 1
 * @param head what turns backbone features into embeddings
 * @param headHidden width of the hidden layer of an {@link Head#MLP} head, then at least 1; ignored
 *     for {@link Head#LINEAR}
 * @param headBatchNorm whether batch normalisation (with weight and bias) follows each linear layer
 *     of the head, which then has no bias of its own
 * @param initialisation how weights start
 */
public record NetworkOptions(
    Architecture architecture,
    Stem stem,
    int channels,
    int width,
    int dimension,
    Head head,
    int headHidden,
    boolean headBatchNorm,
    Initialisation initialisation) {
  private static final int MOST = 1 << 20;

  /** The residual networks of He et al. (CVPR 2016), as torchvision builds them. */
  public enum Architecture {
    /** 18 layers of basic blocks. */
    RESNET18(18, false),
    /** 34 layers of basic blocks. */
    RESNET34(34, false),
    /** 50 layers of bottleneck blocks. */
    RESNET50(50, true),
    /** 101 layers of bottleneck blocks. */
    RESNET101(101, true),
    /** 152 layers of bottleneck blocks. */
    RESNET152(152, true);

    private final int layers;
    private final boolean bottleneck;

    Architecture(int layers, boolean bottleneck) {
      this.layers = layers;
      this.bottleneck = bottleneck;
    }

    /** The number in the name. */
    public int layers() {
      return layers;
    }
  }

  /** What comes before the first block. */
  public enum Stem {
    /** A 7x7 convolution of stride 2 and 3x3 max-pooling of stride 2. */
    IMAGENET,
    /** A 3x3 convolution of stride 1 and no pooling, for small images. */
    CIFAR
  }

  /** What turns backbone features into embeddings. */
  public enum Head {
    /** One linear layer: {@code fc}, or {@code fc.0} before batch normalisation. */
    LINEAR,
    /** Linear, ReLU, linear: {@code fc.0} and {@code fc.2} ({@code fc.3} with normalisation). */
    MLP
  }

  /** How weights start. */
  public enum Initialisation {
    /**
     * Convolutions normal with variance 2 / fan-out (Kaiming), linear layers uniform within sqrt(6
     * / (in + out)) (Xavier) with zero bias.
     */
    KAIMING,
    /** As PyTorch's layers do by themselves: uniform within 1 / sqrt(fan-in). */
    DEFAULT
  }

  /** Checks the ranges. */
  public NetworkOptions {
    Objects.requireNonNull(architecture, "architecture");
    Objects.requireNonNull(stem, "stem");
    Objects.requireNonNull(head, "head");
    Objects.requireNonNull(initialisation, "initialisation");
    requireWithin("channels", channels, MOST);
    requireWithin("width", width, 4096);
    requireWithin("dimension", dimension, MOST);
    if (head == Head.MLP) {
      requireWithin("headHidden", headHidden, MOST);
    }
  }

  /** F, the length of the backbone's features: 8 times the width, 32 times with bottlenecks. */
  public int featureDimension() {
    return (architecture.bottleneck ? 32 : 8) * width;
  }

  /** These options as strings, for the metadata of a weights file. */
  public Map<String, String> toMetadata() {
    return OptionsMetadata.write(this);
  }

  /**
   * The inverse of {@link #toMetadata}; other keys are ignored.
   *
   * @throws org.invp.InvalidDataException naming the key that is missing or out of its range
   */
  public static NetworkOptions fromMetadata(Map<String, String> metadata) {
    return OptionsMetadata.read(metadata);
  }

  private static void requireWithin(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          Text.format("network option %s is %d, allowed are 1 to %d", name, value, most));
    }
  }
}
