package org.invp.io;

import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a safetensors file holds, in memory. The tensors' memory belongs to this object and is
 * released by {@link #close}; any thread may read and close it.
 */
public final class TensorFile implements AutoCloseable {
  private final Arena arena;
  private final Map<String, String> metadata;
  private final Map<String, NamedTensor> tensors;

  TensorFile(Arena arena, Map<String, String> metadata, List<NamedTensor> tensors) {
    this.arena = arena;
    this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    Map<String, NamedTensor> byName = new LinkedHashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    this.tensors = Collections.unmodifiableMap(byName);
  }

  /** The strings that travel with the tensors. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** All tensors in the order of their bytes in the file. */
  public List<NamedTensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** The tensor of that name, if the file has one. */
  public Optional<NamedTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** Releases the memory of all tensors; idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
