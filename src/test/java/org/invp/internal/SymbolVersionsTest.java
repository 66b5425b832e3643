package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.invp.NativeLibraryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SymbolVersionsTest {
  private static final Path OURS = Path.of(System.getProperty("invp.native.dir"));
  private static final Path LIBTORCHS = Path.of(System.getProperty("invp.libtorch"));

  /** Of the C library that releases are built with, and so the newest whose versions they name. */
  private static final String BUILT_WITH = "GLIBC_2.36";

  @TempDir Path temporary;

  /** The libraries that pom.xml puts into the jar, as far as they were built. */
  static Stream<Path> ours() throws IOException {
    Matcher names =
        Pattern.compile("<include>(lib\\S+\\.so\\S*)</include>")
            .matcher(Files.readString(Path.of("pom.xml")));
    return names.results().map(name -> OURS.resolve(name.group(1))).filter(Files::exists);
  }

  static Stream<Path> libTorchs() {
    return LibrarySet.libTorch().members().stream()
        .map(member -> LIBTORCHS.resolve(member.file()))
        .filter(Files::exists);
  }

  static Stream<Path> shipped() throws IOException {
    return Stream.concat(ours(), libTorchs());
  }

  @ParameterizedTest
  @MethodSource("shipped")
  void versionsAreReadAsBinutilsReadThem(Path library) throws Exception {
    assertEquals(objdump(library), sorted(SymbolVersions.of(library).needed()));
  }

  @ParameterizedTest
  @MethodSource("ours")
  void ourLibrariesRunWithGlibc234AndTheLibstdcxxOfGcc11(Path library) throws IOException {
    assumeTrue(
        SymbolVersions.compare(newestOfThisMachine(), BUILT_WITH) <= 0,
        "a newer system builds for newer systems; releases are built on Debian 12");
    assertNoneAbove(library, Map.of("GLIBC", "GLIBC_2.34", "GLIBCXX", "GLIBCXX_3.4.29"));
  }

  @ParameterizedTest
  @MethodSource("libTorchs")
  void libTorchRunsWithWhatTheReadmeSays(Path library) throws IOException {
    assertTrue(Files.readString(Path.of("README.md")).contains("glibc 2.35 and GLIBCXX_3.4.30"));
    assertNoneAbove(library, Map.of("GLIBC", "GLIBC_2.35", "GLIBCXX", "GLIBCXX_3.4.30"));
  }

  @Test
  void theOldestLibrariesAreThoseOfTheReadme() throws IOException {
    assertTrue(Files.readString(Path.of("README.md")).contains("glibc 2.34 and GLIBCXX_3.4.29"));
    assertFalse(ours().toList().isEmpty());
  }

  @Test
  void whatThisMachinesLibrariesLackIsNamed() throws Exception {
    Path needy = needsGlibc(temporary, "GLIBC_2.999");
    List<String> missing = SymbolVersions.missing(List.of(needy));
    assertEquals(1, missing.size(), missing::toString);
    assertTrue(
        missing
            .getFirst()
            .matches(
                "GLIBC_2\\.999, but this machine's /.*/libc\\.so\\.6 goes up to GLIBC_2\\.\\d+"),
        missing::toString);
  }

  @Test
  void nothingIsMissingFromWhatLoads() throws IOException {
    assertEquals(List.of(), SymbolVersions.missing(shipped().toList()));
  }

  @Test
  void aLibraryThatDoesNotLoadSaysWhatItNeeds() throws Exception {
    needsGlibc(temporary, "GLIBC_2.999");
    LibrarySet set =
        new LibrarySet(
            "libneedy.so",
            "invp.needy",
            null,
            List.of(new LibrarySet.Member("libneedy.so", "libneedy.so", true)),
            LibrarySet.Opening.COPY,
            Path.of("nowhere"),
            "buy a newer machine");
    NativeLibraryException e =
        assertThrows(
            NativeLibraryException.class,
            () ->
                LibraryLoader.load(
                    set, List.of(new LibraryPlaces.Folder(temporary, "-Dinvp.needy"))));
    assertTrue(
        e.getMessage().contains("(-Dinvp.needy): it needs GLIBC_2.999, but this machine's "),
        e.getMessage());
  }

  @Test
  void versionsAreOrderedByTheirNumbers() {
    assertEquals(
        "GLIBC_2.34",
        SymbolVersions.newest(
            Set.of("GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_PRIVATE", "GLIBCXX_3.4.29"),
            "GLIBC"));
  }

  @Test
  void aDamagedFileIsAnErrorAndNoCrash() throws IOException {
    byte[] bytes = Files.readAllBytes(OURS.resolve("libhwy.so.1"));
    for (int i = 0; i < 64; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] = (byte) ~damaged[i];
      Path file = Files.write(temporary.resolve("damaged.so"), damaged);
      try {
        SymbolVersions.of(file);
      } catch (IOException e) {
        continue;
      }
    }
    Path cut = Files.write(temporary.resolve("cut.so"), Arrays.copyOf(bytes, 70));
    assertThrows(IOException.class, () -> SymbolVersions.of(cut));
  }

  private static void assertNoneAbove(Path library, Map<String, String> limits) throws IOException {
    Set<String> needed = new TreeSet<>();
    SymbolVersions.of(library).needed().values().forEach(needed::addAll);
    limits.forEach(
        (family, limit) -> {
          String newest = SymbolVersions.newest(needed, family);
          assertTrue(
              newest.equals("none") || SymbolVersions.compare(newest, limit) <= 0,
              () -> library + " needs " + newest + ", more than " + limit);
        });
  }

  private static String newestOfThisMachine() throws IOException {
    Path libc = OpenLibraries.find("libc.so.6").orElseThrow();
    return SymbolVersions.newest(SymbolVersions.of(libc).defined(), "GLIBC");
  }

  /** A library that needs a version of glibc: linked against a stand-in that has it. */
  private static Path needsGlibc(Path folder, String version)
      throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("future.c"), "void future(void) {}\n");
    Path map = Files.writeString(folder.resolve("future.map"), version + " { global: future; };\n");
    Path standIn = folder.resolve("future.so");
    run(
        "gcc",
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-Wl,-soname,libc.so.6",
        "-Wl,--version-script=" + map,
        "-o",
        standIn.toString(),
        source.toString());
    Path user =
        Files.writeString(
            folder.resolve("user.c"), "void future(void); void use(void) { future(); }\n");
    Path library = folder.resolve("libneedy.so");
    run(
        "gcc",
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-o",
        library.toString(),
        user.toString(),
        standIn.toString());
    return library;
  }

  /** The "Version References" of objdump. */
  private static Map<String, Set<String>> objdump(Path library)
      throws IOException, InterruptedException {
    Map<String, Set<String>> needed = new TreeMap<>();
    Set<String> versions = Set.of();
    for (String line : run("objdump", "-p", library.toString()).lines().toList()) {
      Matcher from = Pattern.compile("  required from (\\S+):").matcher(line);
      Matcher version =
          Pattern.compile("    0x[0-9a-f]{8} 0x[0-9a-f]{2} \\d+ (\\S+)").matcher(line);
      if (from.matches()) {
        versions = needed.computeIfAbsent(from.group(1), file -> new TreeSet<>());
      } else if (version.matches()) {
        versions.add(version.group(1));
      }
    }
    return needed;
  }

  private static Map<String, Set<String>> sorted(Map<String, Set<String>> needed) {
    Map<String, Set<String>> sorted = new TreeMap<>();
    needed.forEach((file, versions) -> sorted.put(file, new TreeSet<>(versions)));
    return sorted;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("env", "LC_ALL=C"));
    words.addAll(List.of(command));
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
