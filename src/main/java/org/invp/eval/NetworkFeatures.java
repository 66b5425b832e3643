package org.invp.eval;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;

/**
 * A frozen network's outputs for those images of a data set that could be read, {@link #images},
 * image i of these in row i; owns their memory.
 */
public final class NetworkFeatures implements AutoCloseable {
  private final Map<NetworkOutput, FloatTensor> owned = new EnumMap<>(NetworkOutput.class);
  private final Map<NetworkOutput, FloatTensor> rows = new EnumMap<>(NetworkOutput.class);
  private ReadImages read;
  private ImageDataset images;

  private NetworkFeatures() {}

  /**
   * Computes outputs, or gets them from where they were kept.
   *
   * @param outputs which, at least one
   * @param betweenBatches called before every batch; it ends the extraction by throwing
   * @throws org.invp.InvalidDataException if no image could be read
   */
  public static NetworkFeatures of(
      ImageDataset images,
      FeatureExtractor extractor,
      FeatureCache cache,
      Set<NetworkOutput> outputs,
      Runnable betweenBatches) {
    NetworkFeatures features = new NetworkFeatures();
    try {
      for (NetworkOutput output : outputs) {
        features.owned.put(
            output, FloatTensor.allocate(images.size(), output.width(extractor.network())));
      }
      features.read =
          cache.extract(
              extractor,
              images,
              features.owned.get(NetworkOutput.BACKBONE),
              features.owned.get(NetworkOutput.EMBEDDING),
              betweenBatches);
      features.read.requireAny(images);
      features.images = features.read.of(images);
      features.owned.forEach(
          (output, all) -> features.rows.put(output, features.read.together(all)));
      return features;
    } catch (RuntimeException | Error e) {
      features.close();
      throw e;
    }
  }

  /** The images that the rows are of; shares the memory of the data set that was given. */
  public ImageDataset images() {
    return images;
  }

  /** Which images of the data set that was given these are. */
  public ReadImages read() {
    return read;
  }

  /**
   * One output of all {@link #images}, not normalised.
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
    owned.values().forEach(FloatTensor::close);
  }
}
