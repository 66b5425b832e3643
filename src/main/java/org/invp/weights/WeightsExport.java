package org.invp.weights;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.nn.Network;

/**
 * Writes a network's weights for other programs, each file whole or not at all; of a network whose
 * outputs are not finite none.
 */
public final class WeightsExport {
  private WeightsExport() {}

  /**
   * Safetensors under torchvision's names, with the network's options as metadata. {@code
   * safetensors.torch.load_file} reads it.
   */
  public static void safetensors(Path path, Network network, HeadNames head) {
    FiniteOutputs.require(network);
    Map<String, String> metadata = new HashMap<>(network.options().toMetadata());
    metadata.put("format", "pt");
    Safetensors.write(path, metadata, head.apply(network.state()));
  }

  /** A PyTorch checkpoint of a state dict; {@code torch.load(weights_only=True)} reads it. */
  public static void torchvision(Path path, Network network, HeadNames head) {
    FiniteOutputs.require(network);
    TorchWriter.write(path, head.apply(network.state()));
  }

  /** A pickle of the backbone for Detectron2; it has no head. */
  public static void detectron2(Path path, Network network) {
    FiniteOutputs.require(network);
    List<NamedTensor> backbone =
        HeadNames.NONE.apply(network.state()).stream()
            .map(tensor -> tensor.renamed(Detectron2Names.of(tensor.name())))
            .toList();
    Detectron2Writer.write(path, backbone);
  }
}
