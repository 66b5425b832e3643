package org.invp.weights;

/**
 * Torchvision's names of a ResNet's tensors as Detectron2 knows them: {@code conv1} and {@code bn1}
 * before the first block go under {@code stem}, {@code layer1} to {@code layer4} are {@code res2}
 * to {@code res5}, {@code bnN} is {@code convN.norm}, {@code downsample.0} and {@code .1} are
 * {@code shortcut} and {@code shortcut.norm}. So do Detectron2's converter for torchvision and
 * MoCo's.
 */
final class Detectron2Names {
  private Detectron2Names() {}

  /** The name in a Detectron2 backbone of a tensor that is not the head's. */
  static String of(String torchvision) {
    String name =
        torchvision.startsWith("layer")
            ? "res" + (torchvision.charAt(5) - '0' + 1) + torchvision.substring(6)
            : "stem." + torchvision;
    return name.replaceAll("\\bbn(\\d)\\.", "conv$1.norm.")
        .replace("downsample.0.", "shortcut.")
        .replace("downsample.1.", "shortcut.norm.");
  }
}
