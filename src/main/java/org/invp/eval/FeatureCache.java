package org.invp.eval;

import com.google.errorprone.annotations.CheckReturnValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.data.DatasetIdentity;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.Fingerprint;
import org.invp.io.IoErrors;
import org.invp.io.NamedTensor;
import org.invp.io.OwnFiles;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The features of frozen networks, computed once and kept on disk.
 *
 * <p>A file holds one output of one network, or what one of its blocks makes, for one data set and
 * view, and is found by a fingerprint of all that decides its numbers: the weights, the images, the
 * view, the versions of the libraries that compute. So nothing ever has to be declared stale. A
 * file that is damaged or holds something else is logged and computed anew. Files are written
 * whole; when they grow beyond the limit, those unused for longest are deleted.
 *
 * <p>For one thread at a time; several processes may share a folder.
 */
public final class FeatureCache {
  /** How many bytes of features are kept unless told otherwise: 16 GiB. */
  public static final long DEFAULT_BYTES = 16L << 30;

  private static final Logger LOG = LoggerFactory.getLogger(FeatureCache.class);
  private static final String SUFFIX = ".safetensors";
  private static final Pattern FORM =
      Pattern.compile("[0-9a-f]{32}-(backbone|embeddings|block\\.[\\w.]+)\\.safetensors");
  private static final String FORMAT = "invp.format";
  private static final String FORMAT_VALUE = "features 1";
  private static final String FINGERPRINT = "fingerprint";
  private static final String BACKBONE = "backbone";
  private static final String EMBEDDINGS = "embeddings";

  private final Path folder;
  private final long maxBytes;

  private FeatureCache(Path folder, long maxBytes) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** Keeps nothing: every extraction is a computation. */
  public static FeatureCache none() {
    return new FeatureCache(null, 0);
  }

  /**
   * Keeps features in a folder, which is created when it is needed.
   *
   * @param maxBytes the most that all files together may have
   */
  public static FeatureCache in(Path folder, long maxBytes) {
    return new FeatureCache(folder, maxBytes);
  }

  /**
   * The same as {@link FeatureExtractor#extract}, from the disk where it was computed before. Of
   * images that could not all be read nothing is kept: they may be readable the next time.
   *
   * @param backbone [N, F], out, or null
   * @param embeddings [N, D], out, or null; not normalised
   * @param betweenBatches called before every batch; it ends the extraction by throwing
   */
  @CheckReturnValue
  public ReadImages extract(
      FeatureExtractor extractor,
      ImageDataset images,
      FloatTensor backbone,
      FloatTensor embeddings,
      Runnable betweenBatches) {
    if (folder == null) {
      return extractor.extract(images, backbone, embeddings, betweenBatches);
    }
    String fingerprint = fingerprint(extractor, images);
    boolean firstFound = backbone == null || read(fingerprint, BACKBONE, backbone);
    boolean secondFound = embeddings == null || read(fingerprint, EMBEDDINGS, embeddings);
    if (firstFound && secondFound) {
      return ReadImages.all(images.size());
    }
    ReadImages read =
        extractor.extract(
            images, firstFound ? null : backbone, secondFound ? null : embeddings, betweenBatches);
    if (!read.all()) {
      LOG.info("the features are not kept: {} images could not be read", read.others().length);
      return read;
    }
    if (!firstFound) {
      keep(fingerprint, BACKBONE, backbone, extractor, images);
    }
    if (!secondFound) {
      keep(fingerprint, EMBEDDINGS, embeddings, extractor, images);
    }
    return read;
  }

  /** Deletes all features in the folder. */
  public void clear() {
    files().forEach(FeatureCache::delete);
  }

  /** Whether anything is kept at all. */
  boolean keeps() {
    return folder != null;
  }

  /** How many bytes all files together may have. */
  long maxBytes() {
    return maxBytes;
  }

  /** Where large files may lie that nobody keeps. */
  Path scratchFolder() {
    Path place = folder != null ? folder : Path.of(System.getProperty("java.io.tmpdir"));
    try {
      return Files.createDirectories(place);
    } catch (IOException e) {
      throw new InvpException(Text.format("could not create %s: %s", place, IoErrors.reason(e)), e);
    }
  }

  private Path file(String fingerprint, String output) {
    return folder.resolve(fingerprint.substring(0, 32) + "-" + output + SUFFIX);
  }

  /** Of all that decides the features of a data set. */
  static String fingerprint(FeatureExtractor extractor, ImageDataset images) {
    Fingerprint fingerprint = new Fingerprint();
    extractor.addTo(fingerprint);
    DatasetIdentity.addTo(fingerprint, images);
    return fingerprint.hex();
  }

  private boolean read(String fingerprint, String output, FloatTensor values) {
    try (TensorFile found = find(fingerprint, output, values.shape())) {
      if (found == null) {
        return false;
      }
      values.segment().copyFrom(found.tensor(output).orElseThrow().data());
      FiniteRows.require(values); // Earlier versions kept whatever a network gave.
      return true;
    }
  }

  /**
   * The file of an output, mapped, with one tensor of the output's name; null if there is none that
   * is sound.
   *
   * @param shape of the tensor
   */
  TensorFile find(String fingerprint, String output, long... shape) {
    if (folder == null || !Files.exists(file(fingerprint, output))) {
      return null;
    }
    Path file = file(fingerprint, output);
    TensorFile found;
    try {
      found = Safetensors.map(file);
    } catch (InvalidDataException e) {
      LOG.warn("{}; the features are computed anew", e.getMessage());
      return null;
    }
    NamedTensor tensor = found.tensor(output).orElse(null);
    if (!FORMAT_VALUE.equals(found.metadata().get(FORMAT))
        || !fingerprint.equals(found.metadata().get(FINGERPRINT))
        || found.metadata().get(Safetensors.CHECKSUM) == null
        || tensor == null
        || tensor.dtype() != DType.F32
        || !Arrays.equals(tensor.shape(), shape)) {
      LOG.warn("{} holds other features than expected; they are computed anew", file);
      found.close();
      return null;
    }
    LOG.info("features from {}", file);
    touch(file);
    return found;
  }

  /** Writes an output to its file; what prevents that is logged. */
  void keep(
      String fingerprint,
      String output,
      FloatTensor values,
      FeatureExtractor extractor,
      ImageDataset images) {
    if (folder == null) {
      return;
    }
    long bytes = values.segment().byteSize();
    Path file = file(fingerprint, output);
    if (bytes > maxBytes) {
      LOG.info("{} bytes of features are not kept, the limit is {}", bytes, maxBytes);
      return;
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(FORMAT, FORMAT_VALUE);
    metadata.put(FINGERPRINT, fingerprint);
    metadata.put("view", extractor.viewText());
    metadata.put("images", images.size() + ", the first: " + images.describe(0));
    try {
      Files.createDirectories(folder);
      makeRoom(maxBytes - bytes);
      Safetensors.write(file, metadata, List.of(NamedTensor.of(output, values)));
      LOG.info("features kept in {}", file);
    } catch (IOException e) {
      LOG.warn("features are not kept: {}: {}", folder, IoErrors.reason(e));
    } catch (InvpException e) {
      LOG.warn("features are not kept: {}", e.getMessage());
    }
  }

  /** Deletes the files unused for longest until the rest fits. */
  private void makeRoom(long allowed) {
    List<Path> files = files();
    long total = files.stream().mapToLong(FeatureCache::bytes).sum();
    for (Path file : files) {
      if (total <= allowed) {
        return;
      }
      LOG.info("{} makes room for other features", file);
      total -= bytes(file);
      delete(file);
    }
  }

  /** What this class has written, unused for longest first. */
  private List<Path> files() {
    if (folder == null) {
      return List.of();
    }
    try {
      return OwnFiles.list(folder, FORM).stream()
          .sorted(Comparator.comparing(FeatureCache::lastUse).thenComparing(file -> file))
          .toList();
    } catch (IOException e) {
      throw new InvpException(Text.format("could not list %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  private static FileTime lastUse(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Only the order of deletion depends on it. */
  private static void touch(Path file) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (IOException e) {
      LOG.debug("could not note the use of {}", file, e);
    }
  }

  private static void delete(Path file) {
    try {
      OwnFiles.delete(file);
    } catch (IOException e) {
      throw new InvpException(Text.format("could not delete %s: %s", file, IoErrors.reason(e)), e);
    }
  }
}
