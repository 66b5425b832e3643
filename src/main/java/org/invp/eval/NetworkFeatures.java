package org.invp.eval;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;

/** A frozen network's outputs for all images of a data set, image i in row i; owns their memory. */
public final class NetworkFeatures implements AutoCloseable {
  private final Map<NetworkOutput, FloatTensor> rows;

  private NetworkFeatures(Map<NetworkOutput, FloatTensor> rows) {
    this.rows = rows;
  }

  /**
   * Computes outputs, or gets them from where they were kept.
   *
   * @param outputs which, at least one
   * @param betweenBatches called before every batch; it ends the extraction by throwing
   */
  public static NetworkFeatures of(
      ImageDataset images,
      FeatureExtractor extractor,
      FeatureCache cache,
      Set<NetworkOutput> outputs,
      Runnable betweenBatches) {
    NetworkFeatures features = new NetworkFeatures(new EnumMap<>(NetworkOutput.class));
    try {
      for (NetworkOutput output : outputs) {
        features.rows.put(
            output, FloatTensor.allocate(images.size(), output.width(extractor.network())));
      }
      cache.extract(
          extractor,
          images,
          features.rows.get(NetworkOutput.BACKBONE),
          features.rows.get(NetworkOutput.EMBEDDING),
          betweenBatches);
      return features;
    } catch (RuntimeException | Error e) {
      features.close();
      throw e;
    }
  }

  /**
   * One output of all images, not normalised.
   *
   * @return [N, D] or [N, F], owned by this object
   */
  public FloatTensor rows(NetworkOutput output) {
    FloatTensor found = rows.get(output);
    if (found == null) {
      throw new IllegalArgumentException(
          output + " was not computed, only " + Arrays.toString(rows.keySet().toArray()));
    }
    return found;
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    rows.values().forEach(FloatTensor::close);
  }
}
