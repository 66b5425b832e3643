package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.io.DType;

/**
 * The globals of a pickle that are read, and what stands for their results. Each is played by a few
 * lines here; no Python, and no Java class, is looked up by a name of the file's. All others are
 * {@link Opaque}: never built, never called.
 */
final class PickleConstructors {
  private static final Map<String, DType> STORAGES =
      Map.of(
          "FloatStorage", DType.F32,
          "DoubleStorage", DType.F64,
          "HalfStorage", DType.F16,
          "BFloat16Storage", DType.BF16,
          "LongStorage", DType.I64,
          "IntStorage", DType.I32,
          "ShortStorage", DType.I16,
          "CharStorage", DType.I8,
          "ByteStorage", DType.U8,
          "BoolStorage", DType.BOOL);

  /** What is on the list, and how many of its arguments decide the result. */
  private static final Map<String, Integer> ALLOWED =
      Map.ofEntries(
          Map.entry("collections.OrderedDict", 1),
          Map.entry("torch.Size", 1),
          Map.entry("torch._utils._rebuild_tensor", 4),
          Map.entry("torch._utils._rebuild_tensor_v2", 4),
          Map.entry("torch._utils._rebuild_parameter", 1),
          Map.entry("numpy.ndarray", 0),
          Map.entry("numpy.dtype", 1),
          Map.entry("numpy.core.multiarray._reconstruct", 1),
          Map.entry("numpy.core.multiarray.scalar", 2),
          Map.entry("numpy.core.numeric._frombuffer", 4),
          Map.entry("numpy._core.multiarray._reconstruct", 1),
          Map.entry("numpy._core.multiarray.scalar", 2),
          Map.entry("numpy._core.numeric._frombuffer", 4),
          Map.entry("_codecs.encode", 2));

  private static final String STORAGE = "storage";
  private static final int TENSOR_METADATA = 6;

  /** Finds the memory of a storage that lies outside the pickle. */
  @FunctionalInterface
  interface Storages {
    Storage find(String key, DType dtype, long elements);
  }

  private final Storages storages;

  PickleConstructors(Storages storages) {
    this.storages = storages;
  }

  /** A global by its name: a {@link PickleGlobal} if it is on the list, else {@link Opaque}. */
  static Object global(String module, String name) {
    PickleGlobal global = new PickleGlobal(module, name);
    boolean storage = module.equals("torch") && STORAGES.containsKey(name);
    return storage || ALLOWED.containsKey(global.toString())
        ? global
        : new Opaque(global.toString());
  }

  /** What calling a global would give; {@link Opaque} if that depends on something that is. */
  Object call(PickleGlobal global, PickleTuple arguments) {
    int deciding = Math.min(arguments.size(), ALLOWED.getOrDefault(global.toString(), 0));
    Opaque unknown = Opaque.in(arguments.values().subList(0, deciding));
    return unknown != null ? unknown : known(global, arguments);
  }

  private Object known(PickleGlobal global, PickleTuple arguments) {
    return switch (global.toString()) {
      case "collections.OrderedDict" ->
          arguments.size() == 0
              ? new PickleDict()
              : new Opaque("an OrderedDict with items, as Python 2 wrote it");
      case "torch.Size" -> arguments.get(0, PickleTuple.class);
      case "torch._utils._rebuild_tensor" -> tensor(arguments, false);
      case "torch._utils._rebuild_tensor_v2" -> tensorWithBits(arguments);
      case "torch._utils._rebuild_parameter" -> arguments.get(0, StridedTensor.class);
      case "numpy.dtype" -> NumpyDtype.of(arguments.get(0, String.class));
      case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct" ->
          new NumpyArray();
      case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" ->
          NumpyArray.scalar(
              arguments.get(0, NumpyDtype.class), arguments.get(1, MemorySegment.class));
      case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer" ->
          NumpyArray.of(arguments);
      case "_codecs.encode" -> latin1(arguments);
      default -> new Opaque("a call of " + global);
    };
  }

  /** {@code (storage, offset, size, stride, ...)}. */
  private static StridedTensor tensor(PickleTuple arguments, boolean negated) {
    return new StridedTensor(
        arguments.get(0, Storage.class),
        arguments.get(1, Long.class),
        arguments.longs(2),
        arguments.longs(3),
        negated);
  }

  /**
   * Since PyTorch 1.13 a last argument says what has been put off: that the elements are to be
   * negated or conjugated.
   */
  private static Object tensorWithBits(PickleTuple arguments) {
    Object metadata =
        arguments.size() > TENSOR_METADATA ? arguments.values().get(TENSOR_METADATA) : null;
    boolean negated = false;
    if (metadata instanceof PickleDict bits) {
      for (Map.Entry<Object, Object> bit : bits.entries().entrySet()) {
        if (bit.getKey() instanceof String name
            && bit.getValue() instanceof Boolean set
            && (name.equals("neg") || !set)) {
          negated |= set;
        } else {
          return new Opaque("a tensor with the property " + bit.getKey());
        }
      }
    } else if (metadata != null) {
      return new Opaque("a tensor with properties of its own");
    }
    return tensor(arguments, negated);
  }

  /** What {@code __setstate__} would do to an object. */
  static void build(Object object, Object state) {
    switch (object) {
      case PickleDict dict -> {
        // The attributes of an OrderedDict, such as a state dict's _metadata: of no use here.
      }
      case Opaque opaque -> {
        // Was not built, so that nothing can be done to it.
      }
      case NumpyDtype dtype when state instanceof PickleTuple tuple -> dtype.build(tuple);
      case NumpyArray array when state instanceof PickleTuple tuple -> array.build(tuple);
      case null, default ->
          throw new InvalidDataException("the pickle gives a state to what has none");
    }
  }

  /**
   * What lies outside the pickle: {@code ("storage", type, key, location, elements)}, and in old
   * files {@code None}. Of a type that is not on the list, or something else, {@link Opaque}.
   */
  Object storage(Object id) {
    if (!(id instanceof PickleTuple tuple)
        || tuple.size() < 5
        || !STORAGE.equals(tuple.values().get(0))) {
      return new Opaque("something outside the pickle that is no storage");
    }
    if (tuple.size() > 5 && tuple.values().get(5) != null) {
      return new Opaque("a view of a storage, as PyTorch before 0.4 wrote it");
    }
    if (tuple.values().get(1) instanceof Opaque type) {
      return type;
    }
    DType dtype = STORAGES.get(tuple.get(1, PickleGlobal.class).name());
    long elements = tuple.get(4, Long.class);
    if (dtype == null || elements < 0) {
      throw new InvalidDataException("the pickle refers to a storage of no known type");
    }
    return storages.find(tuple.get(2, String.class), dtype, elements);
  }

  /** Bytes as protocol 2 writes them: a text whose characters are the bytes. */
  private static Object latin1(PickleTuple arguments) {
    if (!arguments.get(1, String.class).equals("latin1")) {
      return new Opaque("bytes in the encoding " + arguments.get(1, String.class));
    }
    byte[] bytes = arguments.get(0, String.class).getBytes(StandardCharsets.ISO_8859_1);
    return MemorySegment.ofArray(bytes).asReadOnly();
  }
}
