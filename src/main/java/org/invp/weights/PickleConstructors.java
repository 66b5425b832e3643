package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.DType;

/**
 * The globals that a pickle of tensors may mention, and what stands for their results. Each is
 * played by a few lines here; no Python, and no Java class, is looked up by a name of the file's.
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

  private static final Set<String> ALLOWED =
      Set.of(
          "collections.OrderedDict",
          "torch.Size",
          "torch._utils._rebuild_tensor",
          "torch._utils._rebuild_tensor_v2",
          "torch._utils._rebuild_parameter",
          "numpy.ndarray",
          "numpy.dtype",
          "numpy.core.multiarray._reconstruct",
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray._reconstruct",
          "numpy._core.multiarray.scalar",
          "_codecs.encode");

  private static final String STORAGE = "storage";

  /** Finds the memory of a storage that lies outside the pickle. */
  @FunctionalInterface
  interface Storages {
    Storage find(String key, DType dtype, long elements);
  }

  private final Storages storages;

  PickleConstructors(Storages storages) {
    this.storages = storages;
  }

  /** A global by its name, if it is on the list. */
  static PickleGlobal global(String module, String name) {
    PickleGlobal global = new PickleGlobal(module, name);
    boolean storage = module.equals("torch") && STORAGES.containsKey(name);
    if (!storage && !ALLOWED.contains(global.toString())) {
      throw refusal(global.toString());
    }
    return global;
  }

  static InvalidDataException refusal(String name) {
    String shown = name.replaceAll("[^\\p{Graph} ]", "?");
    return new InvalidDataException(
        Text.format(
            "refused: the pickle asks for %s; only tensors, NumPy arrays, dictionaries, lists, texts"
                + " and numbers are read, and nothing is executed",
            shown));
  }

  /** What calling a global would give. */
  Object call(PickleGlobal global, PickleTuple arguments) {
    return switch (global.toString()) {
      case "collections.OrderedDict" -> orderedDict(arguments);
      case "torch.Size" -> arguments.get(0, PickleTuple.class);
      case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
          new StridedTensor(
              arguments.get(0, Storage.class),
              arguments.get(1, Long.class),
              arguments.longs(2),
              arguments.longs(3));
      case "torch._utils._rebuild_parameter" -> arguments.get(0, StridedTensor.class);
      case "numpy.dtype" -> new NumpyDtype(arguments.get(0, String.class));
      case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct" ->
          new NumpyArray();
      case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" ->
          NumpyArray.scalar(
              arguments.get(0, NumpyDtype.class), arguments.get(1, MemorySegment.class));
      case "_codecs.encode" -> latin1(arguments);
      default -> throw refusal("a call of " + global);
    };
  }

  /** What {@code __setstate__} would do to an object. */
  static void build(Object object, Object state) {
    switch (object) {
      case PickleDict dict -> {
        // The attributes of an OrderedDict, such as a state dict's _metadata: of no use here.
      }
      case NumpyDtype dtype when state instanceof PickleTuple tuple -> dtype.build(tuple);
      case NumpyArray array when state instanceof PickleTuple tuple -> array.build(tuple);
      case null, default -> throw refusal("the state of an object");
    }
  }

  /** {@code ("storage", type, key, location, elements)}, and in old files {@code None}. */
  Storage storage(Object id) {
    if (!(id instanceof PickleTuple tuple)
        || tuple.size() < 5
        || !tuple.get(0, String.class).equals(STORAGE)) {
      throw new InvalidDataException("the pickle refers to something that is no storage");
    }
    if (tuple.size() > 5 && tuple.values().get(5) != null) {
      throw new InvalidDataException(
          "the pickle has views of storages, as PyTorch before 0.4 wrote them; load it there and"
              + " save it again");
    }
    DType dtype = STORAGES.get(tuple.get(1, PickleGlobal.class).name());
    long elements = tuple.get(4, Long.class);
    if (dtype == null || elements < 0) {
      throw new InvalidDataException("the pickle refers to a storage of no known type");
    }
    return storages.find(tuple.get(2, String.class), dtype, elements);
  }

  private static PickleDict orderedDict(PickleTuple arguments) {
    if (arguments.size() > 0) {
      throw refusal("an OrderedDict with items, as Python 2 wrote it");
    }
    return new PickleDict();
  }

  /** Bytes as protocol 2 writes them: a text whose characters are the bytes. */
  private static MemorySegment latin1(PickleTuple arguments) {
    if (!arguments.get(1, String.class).equals("latin1")) {
      throw refusal("the encoding " + arguments.get(1, String.class));
    }
    byte[] bytes = arguments.get(0, String.class).getBytes(StandardCharsets.ISO_8859_1);
    return MemorySegment.ofArray(bytes).asReadOnly();
  }
}
