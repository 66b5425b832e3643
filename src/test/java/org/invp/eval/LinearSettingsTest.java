package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.junit.jupiter.api.Test;

class LinearSettingsTest {
  /** The list of downstream/linear_classification/linear_classification.py. */
  @Test
  void resnet50HasThePublishedSeventeenPoolSizes() {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET50,
            Stem.IMAGENET,
            3,
            64,
            128,
            Head.LINEAR,
            0,
            false,
            Initialisation.KAIMING);
    try (Network network = Network.create(options, 1)) {
      List<Pooled> layers = LinearSettings.imagenet(0).layers(network.blocks(), 224);
      assertEquals(
          List.of(12, 6, 6, 6, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 1, 1, 1),
          layers.stream().map(Pooled::pool).toList());
      assertEquals(
          List.of(64, 256, 256, 256, 512, 512, 512, 512, 1024, 1024, 1024, 1024, 1024, 1024, 2048),
          layers.stream().limit(15).map(layer -> layer.block().channels()).toList());
    }
  }

  @Test
  void ratesFallAfterThePublishedEpochs() {
    StepDecay imagenet = LinearSettings.imagenet(0).schedule();
    assertEquals(1, imagenet.rate(50));
    assertEquals(0.1, imagenet.rate(51), 1e-12);
    assertEquals(0.01, imagenet.rate(81), 1e-12);
    assertEquals(0.001, imagenet.rate(120), 1e-12);
    StepDecay cifar = LinearSettings.cifar(0).schedule();
    assertEquals(30, cifar.rate(40));
    assertEquals(6, cifar.rate(41), 1e-12);
    assertEquals(30 * 0.2 * 0.2 * 0.2, cifar.rate(100), 1e-12);
    MultiLabelSettings voc = MultiLabelSettings.published(0);
    assertEquals(3, voc.rate(759));
    assertEquals(1.5, voc.rate(760));
    assertEquals(0.75, voc.rate(1899));
  }
}
