package org.invp.train;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.io.IoErrors;
import org.invp.io.NamedTensor;
import org.invp.io.OwnFiles;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.IntTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bank and the graph of a run by several ranks: in the folder {@code shards} a file per rank
 * with its rows. They are part of a checkpoint only once that names them, with the SHA-256 of their
 * tensors, which rank 0 writes last. A file's name has part of the digest in it, so that a later
 * file never takes the place of one that a checkpoint names.
 */
final class ShardFiles {
  private static final String FOLDER = "shards";
  private static final String FORMAT = "invp.format";
  private static final String FORMAT_VALUE = "checkpoint shard 1";
  private static final String RANKS = "shards.ranks";
  private static final String ROWS = "shards.rows";
  private static final Logger LOG = LoggerFactory.getLogger(ShardFiles.class);

  /** As {@link #name} makes them. */
  private static final Pattern NAME =
      Pattern.compile("step-\\d+-rank-\\d+-of-\\d+-[0-9a-f]{16}\\.safetensors");

  /** Of one that a killed process was writing. */
  private static final Pattern LEFTOVER =
      Pattern.compile("\\." + NAME.pattern() + "\\.[0-9a-f]{1,16}\\.tmp");

  private static final int DIGEST_WORDS = 8;

  private final Path folder;

  /**
   * @param run the folder that the checkpoints are in
   */
  ShardFiles(Path run) {
    folder = run.resolve(FOLDER);
  }

  /** Whether a checkpoint with this metadata has its rows in such files. */
  static boolean are(Map<String, String> metadata) {
    return metadata.containsKey(RANKS);
  }

  /** How many ranks wrote a checkpoint with this metadata. */
  static int ranks(Map<String, String> metadata) {
    return are(metadata) ? number(metadata, RANKS) : 1;
  }

  /** How many rows the files of such a checkpoint have together. */
  static int rows(Map<String, String> metadata) {
    return number(metadata, ROWS);
  }

  /**
   * Writes this rank's file, and returns when all have theirs on the disk.
   *
   * @param position goes into the file too
   * @param rows the tensors
   * @return what a checkpoint says of the files
   * @throws InvpException on every rank when one could not write
   */
  Map<String, String> write(
      ProcessGroup group, Shard shard, Map<String, String> position, List<NamedTensor> rows) {
    String digest = Fingerprint.of(rows);
    InvpException failure = null;
    try {
      rows.forEach(Checkpoint::requireFinite);
      Files.createDirectories(folder);
      Map<String, String> metadata = new HashMap<>(position);
      metadata.put(FORMAT, FORMAT_VALUE);
      metadata.put("rank", Integer.toString(shard.rank()));
      metadata.put(RANKS, Integer.toString(shard.size()));
      metadata.put(ROWS, Integer.toString(shard.rows()));
      Safetensors.write(folder.resolve(name(position, shard, digest)), metadata, rows);
    } catch (IOException e) {
      failure =
          new InvpException(Text.format("could not make %s: %s", folder, IoErrors.reason(e)), e);
    } catch (InvpException e) {
      failure = e;
    }
    String[] digests = exchange(group, failure == null ? digest : null);
    if (failure != null) {
      throw failure;
    }
    return describe(shard, position, digests);
  }

  /** Every rank's digest, null for one that failed. */
  private static String[] exchange(ProcessGroup group, String digest) {
    int[] own = new int[1 + DIGEST_WORDS];
    if (digest != null) {
      own[0] = 1;
      ByteBuffer.wrap(HexFormat.of().parseHex(digest)).asIntBuffer().get(own, 1, DIGEST_WORDS);
    }
    String[] digests = new String[group.size()];
    try (IntTensor mine = IntTensor.of(own, own.length);
        IntTensor all = IntTensor.allocate(group.size(), own.length)) {
      group.allGather(mine, all);
      for (int rank = 0; rank < digests.length; rank++) {
        long first = (long) rank * own.length;
        if (all.get(first) == 1) {
          ByteBuffer bytes = ByteBuffer.allocate(DIGEST_WORDS * Integer.BYTES);
          for (int word = 1; word <= DIGEST_WORDS; word++) {
            bytes.putInt(all.get(first + word));
          }
          digests[rank] = HexFormat.of().formatHex(bytes.array());
        }
      }
    }
    return digests;
  }

  private Map<String, String> describe(
      Shard shard, Map<String, String> position, String[] digests) {
    Map<String, String> metadata = new HashMap<>();
    metadata.put(RANKS, Integer.toString(shard.size()));
    metadata.put(ROWS, Integer.toString(shard.rows()));
    for (int rank = 0; rank < digests.length; rank++) {
      if (digests[rank] == null) {
        throw new InvpException(
            Text.format(
                "rank %d could not write its part of the checkpoint; the one before is whole",
                rank));
      }
      String name = name(position, shard.of(rank), digests[rank]);
      metadata.put(key(rank, "file"), name);
      metadata.put(key(rank, "sha256"), digests[rank]);
      if (shard.rank() == 0 && !Files.exists(folder.resolve(name))) {
        throw new InvpException(
            Text.format(
                "rank 0 does not see what rank %d wrote, %s: all ranks need one run folder, on a file system that their hosts share",
                rank, folder.resolve(name)));
      }
    }
    return metadata;
  }

  /**
   * Gives rows to who wants them, from the files that have some.
   *
   * @param metadata of the checkpoint
   * @throws InvalidDataException when a file is missing, damaged or another than was written
   */
  void read(Map<String, String> metadata, ShardRows wanted) {
    int stored = number(metadata, ROWS);
    if (stored != wanted.shard().rows()) {
      throw new InvalidDataException(
          Text.format(
              "the checkpoint in %s is of %d images, the run needs %d: the data set has changed",
              folder.getParent(), stored, wanted.shard().rows()));
    }
    int ranks = ranks(metadata);
    int common = gcd(ranks, wanted.shard().size());
    for (int rank = 0; rank < ranks; rank++) {
      // Others have no row in common: g = a mod m and g = b mod n needs a = b mod gcd(m, n).
      if ((rank - wanted.shard().rank()) % common == 0) {
        Path path = path(metadata, rank);
        try (TensorFile file = open(metadata, rank)) {
          wanted.take(path, file, new Shard(rank, ranks, stored));
        }
      }
    }
  }

  /** Reads all files of a checkpoint; throws as {@link #read}. */
  void verify(Map<String, String> metadata) {
    for (int rank = 0; rank < ranks(metadata); rank++) {
      open(metadata, rank).close();
    }
  }

  private TensorFile open(Map<String, String> metadata, int rank) {
    Path path = path(metadata, rank);
    TensorFile file = Safetensors.map(path);
    String expected = text(metadata, key(rank, "sha256"));
    String actual = Fingerprint.of(file.tensors());
    if (!actual.equals(expected)) {
      file.close();
      throw new InvalidDataException(
          Text.format(
              "%s is not what rank %d wrote for this checkpoint: its digest is %s, expected %s",
              path, rank, actual, expected));
    }
    return file;
  }

  /**
   * Deletes the files that no checkpoint names. If one of the checkpoints cannot be read, nothing
   * is deleted; what cannot be deleted is logged.
   */
  void sweep(List<Path> checkpoints) {
    Set<String> named = new HashSet<>();
    try {
      for (Path checkpoint : checkpoints) {
        if (Files.exists(checkpoint)) {
          Map<String, String> metadata = Safetensors.metadata(checkpoint);
          for (int rank = 0; are(metadata) && rank < ranks(metadata); rank++) {
            named.add(path(metadata, rank).getFileName().toString());
          }
        }
      }
      OwnFiles.delete(folder, NAME, name -> !named.contains(name));
    } catch (InvalidDataException e) {
      LOG.warn("{} is not tidied: {}", folder, e.getMessage());
    } catch (IOException e) {
      LOG.warn("{} is not tidied: {}", folder, IoErrors.reason(e));
    }
  }

  /** Deletes all files, and the folder if nothing else is in it. */
  void delete() {
    try {
      OwnFiles.delete(folder, NAME, name -> true);
      OwnFiles.delete(folder, LEFTOVER, name -> true);
      OwnFiles.deleteIfEmpty(folder);
    } catch (IOException e) {
      throw new InvpException(Text.format("could not clear %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  private static String name(Map<String, String> position, Shard shard, String digest) {
    return Text.format(
        "step-%s-rank-%d-of-%d-%s.safetensors",
        position.get("step"), shard.rank(), shard.size(), digest.substring(0, 16));
  }

  private Path path(Map<String, String> metadata, int rank) {
    String name = text(metadata, key(rank, "file"));
    if (!NAME.matcher(name).matches()) {
      throw new InvalidDataException(
          Text.format(
              "the checkpoint names %s as rank %d's file, which is no name of one",
              name.strip().replaceAll("\\s+", " "), rank));
    }
    return folder.resolve(name);
  }

  private static String key(int rank, String what) {
    return Text.format("shards.%d.%s", rank, what);
  }

  private static String text(Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw new InvalidDataException("the checkpoint does not say " + key);
    }
    return value;
  }

  private static int number(Map<String, String> metadata, String key) {
    String value = text(metadata, key);
    if (!value.matches("[1-9][0-9]{0,8}")) {
      throw new InvalidDataException(
          Text.format("the checkpoint's %s is %s, not a count", key, value));
    }
    return Integer.parseInt(value);
  }

  private static int gcd(int a, int b) {
    return BigInteger.valueOf(a).gcd(BigInteger.valueOf(b)).intValue();
  }
}
