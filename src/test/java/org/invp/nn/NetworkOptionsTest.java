package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.junit.jupiter.api.Test;

class NetworkOptionsTest {
  @Test
  void metadataBringsOptionsBack() {
    NetworkOptions options = Networks.small(Head.MLP, true);
    assertEquals(options, NetworkOptions.fromMetadata(options.toMetadata()));
  }

  @Test
  void metadataThatLacksOrMisspellsAnOptionNamesIt() {
    Map<String, String> metadata = new HashMap<>(Networks.small().toMetadata());
    metadata.put("network.stem", "ROSE");
    assertEquals(
        "the file's metadata has an unknown network.stem: ROSE",
        assertThrows(InvalidDataException.class, () -> NetworkOptions.fromMetadata(metadata))
            .getMessage());
    assertThrows(InvalidDataException.class, () -> NetworkOptions.fromMetadata(Map.of()));
  }

  @Test
  void optionsOutOfRangeAreNamed() {
    assertEquals(
        "network option width is 0, allowed are 1 to 4096",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new NetworkOptions(
                        Architecture.RESNET18,
                        Stem.CIFAR,
                        1,
                        0,
                        6,
                        Head.LINEAR,
                        0,
                        false,
                        Initialisation.KAIMING))
            .getMessage());
  }

  @Test
  void featuresHaveThePublishedLengths() {
    assertEquals(32, Networks.small().featureDimension());
    NetworkOptions published =
        new NetworkOptions(
            Architecture.RESNET50,
            Stem.IMAGENET,
            3,
            64,
            128,
            Head.MLP,
            2048,
            false,
            Initialisation.KAIMING);
    assertEquals(2048, published.featureDimension());
  }
}
