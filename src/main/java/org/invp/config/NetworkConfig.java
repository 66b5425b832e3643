package org.invp.config;

/**
 * The network. The defaults are the published ImageNet settings (models/resnet.py).
 *
 * @param architecture how many layers
 * @param stem what comes before the first block
 * @param width channels of the first block; 64 is the published width
 * @param dimension D, numbers in an embedding
 * @param head what turns backbone features into embeddings
 * @param headHidden width of the hidden layer of an {@code mlp} head
 * @param headBatchNorm whether batch norm follows the head's linear layers
 * @param initialisation how weights start
 */
public record NetworkConfig(
    Architecture architecture,
    Stem stem,
    int width,
    int dimension,
    Head head,
    int headHidden,
    boolean headBatchNorm,
    Initialisation initialisation) {

  /** The residual networks of He et al. (CVPR 2016). */
  public enum Architecture {
    /** 18 layers of basic blocks. */
    RESNET18,
    /** 34 layers of basic blocks. */
    RESNET34,
    /** 50 layers of bottleneck blocks. */
    RESNET50,
    /** 101 layers of bottleneck blocks. */
    RESNET101,
    /** 152 layers of bottleneck blocks. */
    RESNET152
  }

  /** What comes before the first block. */
  public enum Stem {
    /** A 7x7 convolution of stride 2 and max pooling. */
    IMAGENET,
    /** A 3x3 convolution of stride 1, for small images. */
    CIFAR
  }

  /** What turns backbone features into embeddings. */
  public enum Head {
    /** One linear layer. */
    LINEAR,
    /** Linear, ReLU, linear. */
    MLP
  }

  /** How weights start. */
  public enum Initialisation {
    /** Convolutions Kaiming normal by fan-out, linear layers Xavier uniform, biases 0. */
    KAIMING,
    /** As PyTorch's layers do by themselves. */
    DEFAULT
  }

  static NetworkConfig read(Section section) {
    return new NetworkConfig(
        section.choice("architecture", Architecture.RESNET50, Architecture.class),
        section.choice("stem", Stem.IMAGENET, Stem.class),
        section.integer("width", 64, Range.between(1, 1024)),
        section.integer("dimension", 128, Range.between(1, 65536)),
        section.choice("head", Head.MLP, Head.class),
        section.integer("head_hidden", 2048, Range.between(1, 65536)),
        section.flag("head_batch_norm", false),
        section.choice("initialisation", Initialisation.KAIMING, Initialisation.class));
  }
}
