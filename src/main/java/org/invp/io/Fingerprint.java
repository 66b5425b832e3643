package org.invp.io;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;

/**
 * A SHA-256 over a sequence of texts, numbers and memory, each with its length before it, so that
 * different sequences give different digests. For one thread.
 */
public final class Fingerprint {
  private final MessageDigest digest;

  /** Begins with nothing. */
  public Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Adds a text. */
  public Fingerprint add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    add(bytes.length);
    digest.update(bytes);
    return this;
  }

  /** Adds a number. */
  public Fingerprint add(long number) {
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
    return this;
  }

  /** Adds the bytes of a piece of memory. */
  public Fingerprint add(MemorySegment memory) {
    add(memory.byteSize());
    for (long at = 0; at < memory.byteSize(); at += Channels.chunkSize()) {
      digest.update(Channels.chunk(memory, at));
    }
    return this;
  }

  /** Adds a tensor: name, element type, shape and elements. */
  public Fingerprint add(NamedTensor tensor) {
    return add(tensor.name())
        .add(tensor.dtype().name())
        .add(Arrays.toString(tensor.shape()))
        .add(tensor.data());
  }

  /** The digest of tensors, whatever their order. */
  public static String of(Collection<NamedTensor> tensors) {
    Fingerprint fingerprint = new Fingerprint();
    tensors.stream().sorted(Comparator.comparing(NamedTensor::name)).forEach(fingerprint::add);
    return fingerprint.hex();
  }

  /** The digest of everything added, 64 hexadecimal digits; ends this object. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
