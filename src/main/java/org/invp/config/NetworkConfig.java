package org.invp.config;

import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.nn.Precision;

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
 * @param precision what convolutions compute in; {@code fp16} needs a GPU
 */
public record NetworkConfig(
    Architecture architecture,
    Stem stem,
    int width,
    int dimension,
    Head head,
    int headHidden,
    boolean headBatchNorm,
    Initialisation initialisation,
    Precision precision) {

  static NetworkConfig read(Section section) {
    return new NetworkConfig(
        section.choice("architecture", Architecture.RESNET50, Architecture.class),
        section.choice("stem", Stem.IMAGENET, Stem.class),
        section.integer("width", 64, Range.between(1, 4096)),
        section.integer("dimension", 128, Range.between(1, 65536)),
        section.choice("head", Head.MLP, Head.class),
        section.integer("head_hidden", 2048, Range.between(1, 65536)),
        section.flag("head_batch_norm", false),
        section.choice("initialisation", Initialisation.KAIMING, Initialisation.class),
        section.choice("precision", Precision.FP32, Precision.class));
  }
}
