package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * What scripts/make-weights-fixtures.py had PyTorch write and compute, and
 * scripts/make-opaque-fixture.py made of it.
 */
final class Fixtures {
  private static final double TOLERANCE = 1e-5;

  private Fixtures() {}

  /** A fixture as a file of its own. */
  static Path copy(String name, Path folder) {
    Path file = folder.resolve(name);
    try (InputStream in = Fixtures.class.getResourceAsStream("/weights/" + name)) {
      Files.write(file, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  /** The results that PyTorch computed; the caller closes it. */
  static TensorFile expected(Path folder) {
    return Safetensors.read(copy("expected.safetensors", folder));
  }

  /** Compares a network's outputs with those of a case. */
  static void assertOutputs(Network network, TensorFile expected, String name) {
    NamedTensor images = expected.tensor(name + ".images").orElseThrow();
    long batch = images.shape()[0];
    try (FloatTensor features = FloatTensor.allocate(batch, network.featureDimension());
        FloatTensor embeddings = FloatTensor.allocate(batch, network.embeddingDimension())) {
      network.embed(FloatTensor.view(images.data(), images.shape()), features, embeddings);
      assertClose(expected.tensor(name + ".features").orElseThrow(), features.toArray());
      assertClose(expected.tensor(name + ".embeddings").orElseThrow(), embeddings.toArray());
    }
  }

  static void assertClose(NamedTensor expected, float... actual) {
    float[] values = expected.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    assertEquals(values.length, actual.length, expected.name());
    for (int i = 0; i < values.length; i++) {
      double tolerance = TOLERANCE * Math.max(1, Math.abs(values[i]));
      assertEquals(values[i], actual[i], tolerance, expected.name() + " at " + i);
    }
  }
}
