package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The committed bindings are jextract's output for the committed headers. */
class BindingsTest {
  private static final Path INCLUDE = Path.of("native", "include");
  private static final Path BINDINGS = Path.of("bindings");
  private static final String DESCRIPTOR = "$descriptor";

  private static final Map<String, MemoryLayout> LAYOUTS =
      Map.of(
          "int8_t", ValueLayout.JAVA_BYTE,
          "uint8_t", ValueLayout.JAVA_BYTE,
          "int32_t", ValueLayout.JAVA_INT,
          "uint32_t", ValueLayout.JAVA_INT,
          "int64_t", ValueLayout.JAVA_LONG,
          "uint64_t", ValueLayout.JAVA_LONG,
          "float", ValueLayout.JAVA_FLOAT,
          "double", ValueLayout.JAVA_DOUBLE);

  @ParameterizedTest
  @ValueSource(strings = {"status.h", "bank.h", "bank_cuda.h", "group.h", "image.h", "nn.h"})
  void theBindingsWereGeneratedFromTheCommittedHeader(String header) throws IOException {
    assertEquals(
        new Header(INCLUDE.resolve("invp").resolve(header)).sha256(),
        recorded("sha256." + header),
        header + " changed since the bindings were generated: run 'make bindings'");
  }

  @Test
  void nobodyEditedTheGeneratedFiles() throws IOException {
    StringBuilder sums = new StringBuilder();
    try (Stream<Path> files = Files.walk(BINDINGS.resolve("org"))) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .map(file -> new Header(file).sha256() + "  " + BINDINGS.relativize(file) + "\n")
          .sorted(Comparator.comparing(line -> line.substring(line.indexOf(' '))))
          .forEach(sums::append);
    }
    assertEquals(
        Header.sha256(sums.toString().getBytes(StandardCharsets.UTF_8)),
        recorded("sha256.generated"),
        "a file under bindings/ is not what jextract wrote: run 'make bindings'");
  }

  @Test
  void theGeneratorsRevisionIsRecorded() throws IOException {
    assertTrue(recorded("jextract.revision").matches("[0-9a-f]{7,40}"));
  }

  /**
   * Of CUDA's headers no hash is recorded, since few machines have them: what was generated from
   * them is among the generated files, and {@link CudaBindingsTest} compares it with the headers
   * where they are.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cudart", "cublas"})
  void ofCudasHeadersOnlyTheNamedFunctionsAreBound(String folder) throws IOException {
    List<String> named =
        Files.readAllLines(BINDINGS.resolve(folder + ".includes")).stream()
            .filter(line -> line.startsWith("--include-function "))
            .map(line -> line.substring(line.indexOf(' ') + 1))
            .sorted()
            .toList();
    Path generated = BINDINGS.resolve("org/invp/bindings").resolve(folder);
    Pattern method = Pattern.compile("public static \\S+ (cu\\w+)\\$descriptor\\(");
    Set<String> bound = new TreeSet<>();
    try (Stream<Path> files = Files.list(generated)) {
      for (Path file : files.toList()) {
        method.matcher(Files.readString(file)).results().forEach(r -> bound.add(r.group(1)));
      }
    }
    assertEquals(named, List.copyOf(bound));
  }

  @ParameterizedTest
  @EnumSource(Room.class)
  void everyFunctionHasTheDescriptorThatGccSees(Room room)
      throws IOException, InterruptedException, ReflectiveOperationException {
    Map<String, String> expected = new TreeMap<>();
    new Compiler(INCLUDE)
        .prototypes(header(room))
        .forEach((name, prototype) -> expected.put(name, describe(descriptor(prototype))));

    // Asking for a descriptor also looks the function up, so this finds one that is not exported.
    if (room == Room.CUDA) {
      assumeTrue(
          Files.exists(Path.of("build", "native", "lib", "libinvp_bank_simt.so")),
          "the emulated CUDA device is not built");
      NativeLibraries.requireCuda(true);
    }
    NativeLibraries.buildInfo(room);
    Map<String, String> actual = new TreeMap<>();
    for (Method method : headerClass(room).getMethods()) {
      if (method.getName().endsWith(DESCRIPTOR)) {
        String name = method.getName().replace(DESCRIPTOR, "");
        actual.put(name, describe((FunctionDescriptor) method.invoke(null)));
      }
    }
    TreeSet<String> names = new TreeSet<>(expected.keySet());
    names.addAll(actual.keySet());
    List<String> drifted =
        names.stream()
            .filter(name -> !Objects.equals(expected.get(name), actual.get(name)))
            .map(name -> name + ": C " + expected.get(name) + ", Java " + actual.get(name))
            .toList();
    assertEquals(List.of(), drifted);
  }

  @ParameterizedTest
  @EnumSource(Room.class)
  void everyStructHasTheLayoutThatGccSees(Room room)
      throws IOException, InterruptedException, ReflectiveOperationException {
    StringBuilder program = new StringBuilder("#include <stddef.h>\n");
    program.append("#include \"invp/").append(room.header()).append("\"\n");
    for (String struct : structs(room)) {
      GroupLayout layout =
          (GroupLayout)
              Class.forName(packageOf(room) + "." + struct).getMethod("layout").invoke(null);
      check(program, "sizeof(" + struct + ")", layout.byteSize());
      for (MemoryLayout member : layout.memberLayouts()) {
        if (member.name().isPresent()) {
          String field = member.name().get();
          long offset = layout.byteOffset(PathElement.groupElement(field));
          check(program, "offsetof(" + struct + ", " + field + ")", offset);
          check(program, "sizeof(((" + struct + "*)0)->" + field + ")", member.byteSize());
        }
      }
    }
    new Compiler(INCLUDE).accepts(program.toString());
  }

  private static String recorded(String key) throws IOException {
    Properties recorded = new Properties();
    try (InputStream file = Files.newInputStream(BINDINGS.resolve("bindings.properties"))) {
      recorded.load(file);
    }
    return recorded.getProperty(key, "");
  }

  private static void check(StringBuilder program, String expression, long value) {
    program.append("_Static_assert(%s == %d, \"%s\");%n".formatted(expression, value, expression));
  }

  private static FunctionDescriptor descriptor(Compiler.Prototype prototype) {
    MemoryLayout[] parameters =
        prototype.parameters().stream().map(BindingsTest::layout).toArray(MemoryLayout[]::new);
    return FunctionDescriptor.of(layout(prototype.returned()), parameters);
  }

  private static MemoryLayout layout(String type) {
    MemoryLayout layout = type.endsWith("*") ? ValueLayout.ADDRESS : LAYOUTS.get(type);
    if (layout == null) {
      throw new AssertionError("our C interface has no place for the type " + type);
    }
    return layout;
  }

  /** Kinds of values only: what pointers point to does not matter to a call. */
  private static String describe(FunctionDescriptor descriptor) {
    List<String> parameters =
        descriptor.argumentLayouts().stream().map(BindingsTest::describe).toList();
    return describe(descriptor.returnLayout().orElseThrow()) + parameters;
  }

  private static String describe(MemoryLayout layout) {
    return ((ValueLayout) layout).carrier().getSimpleName();
  }

  /** The classes that describe structs: all of a room's but the header class. */
  private static Set<String> structs(Room room) throws IOException {
    Path folder = BINDINGS.resolve(packageOf(room).replace('.', '/'));
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(folder)) {
      files
          .map(file -> file.getFileName().toString().replace(".java", ""))
          .filter(name -> name.startsWith("invp_"))
          .forEach(names::add);
    }
    return names;
  }

  private static Path header(Room room) {
    return INCLUDE.resolve("invp").resolve(room.header());
  }

  private static String packageOf(Room room) {
    return "org.invp.bindings." + room.id();
  }

  private static Class<?> headerClass(Room room) throws ClassNotFoundException {
    String id = room.id();
    String name = "Invp" + Character.toUpperCase(id.charAt(0)) + id.substring(1);
    return Class.forName(packageOf(room) + "." + name);
  }
}
