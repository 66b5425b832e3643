package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.invp.bindings.cublas.Cublas;
import org.invp.bindings.cudart.CudaRuntimeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The committed bindings of CUDA's functions against NVIDIA's headers, where these are: g++ must
 * agree with every constant and with the kind of every parameter and result.
 */
class CudaBindingsTest {
  private static final Path TOOLKIT = Path.of(variable("CUDA_HOME", "/usr/local/cuda"), "include");

  /** One letter a type: what a call passes, not what a pointer points to. */
  private static final String KINDS =
      """
      #include <type_traits>
      template <typename T> constexpr char kind() {
        if (std::is_pointer_v<T>) return 'P';
        if (std::is_same_v<T, float>) return 'F';
        if (std::is_same_v<T, double>) return 'D';
        if (std::is_integral_v<T> || std::is_enum_v<T>)
          return sizeof(T) == 8 ? 'J' : sizeof(T) == 4 ? 'I' : '?';
        return '?';
      }
      template <typename R, typename... A> constexpr bool is(R (*)(A...), const char* kinds) {
        const char mine[] = {kind<R>(), kind<A>()..., 0};
        for (int i = 0; i < static_cast<int>(sizeof mine); ++i) if (mine[i] != kinds[i]) return false;
        return true;
      }
      """;

  /** In C++ the header overloads these with wrappers for old callers: which one the library has. */
  private static final Map<String, String> OVERLOADED =
      Map.of(
          "cublasGemmEx",
          """
          cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, \
          const void*, const void*, cudaDataType, int, const void*, cudaDataType, int, \
          const void*, void*, cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t)""");

  @TempDir Path temp;

  @Test
  void cudartsAreThoseOfCudaRuntimeApi() throws Exception {
    check(CudaRuntimeApi.class, "cudart", "cuda_runtime_api.h", TOOLKIT);
  }

  @Test
  void cublassAreThoseOfCublasV2() throws Exception {
    check(
        Cublas.class,
        "cublas",
        "cublas_v2.h",
        Path.of(variable("CUBLAS_INCLUDE", TOOLKIT.toString())));
  }

  private void check(Class<?> bindings, String name, String header, Path folder) throws Exception {
    assumeTrue(
        Files.exists(folder.resolve(header)),
        "no %s in %s: CUDA_HOME and CUBLAS_INCLUDE say where else".formatted(header, folder));
    assumeTrue(
        Files.exists(Path.of("build", "native", "lib", "libinvp_bank_simt.so")),
        "the emulated CUDA device, which has the functions, is not built");
    NativeLibraries.requireCuda(true);
    StringBuilder program = new StringBuilder("#include <%s>%n".formatted(header)).append(KINDS);
    for (String line : Files.readAllLines(Path.of("bindings", name + ".includes"))) {
      String symbol = line.substring(line.indexOf(' ') + 1);
      if (line.startsWith("--include-constant ")) {
        Object value = bindings.getMethod(symbol).invoke(null);
        program.append("static_assert(%s == %s, \"%s\");%n".formatted(symbol, value, symbol));
      } else if (line.startsWith("--include-function ")) {
        Method descriptor = bindings.getMethod(symbol + "$descriptor");
        String address =
            OVERLOADED.containsKey(symbol)
                ? "static_cast<%s>(&%s)".formatted(OVERLOADED.get(symbol), symbol)
                : "&" + symbol;
        program.append(
            "static_assert(is(%s, \"%s\"), \"%s\");%n"
                .formatted(address, kinds((FunctionDescriptor) descriptor.invoke(null)), symbol));
      }
    }
    assertEquals("", complaints(program.toString(), folder));
  }

  private static String kinds(FunctionDescriptor descriptor) {
    return Stream.concat(descriptor.returnLayout().stream(), descriptor.argumentLayouts().stream())
        .map(CudaBindingsTest::kind)
        .collect(Collectors.joining());
  }

  private static String kind(MemoryLayout layout) {
    return layout instanceof AddressLayout
        ? "P"
        : switch (((ValueLayout) layout).carrier().getSimpleName()) {
          case "int" -> "I";
          case "long" -> "J";
          case "float" -> "F";
          case "double" -> "D";
          default -> "?";
        };
  }

  private String complaints(String program, Path folder) throws IOException, InterruptedException {
    Path source = Files.writeString(temp.resolve("bindings.cpp"), program);
    List<String> command =
        List.of(
            "g++", "-std=c++20", "-fsyntax-only", "-I" + folder, "-I" + TOOLKIT, source.toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? "" : output;
  }

  private static String variable(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isBlank() ? otherwise : value;
  }
}
