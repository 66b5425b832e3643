package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two class loaders of one process, with a jar that holds the natives, away from any build tree.
 */
@Tag("slow")
class SecondClassLoaderTest {
  @TempDir Path temporary;

  @Test
  void eachHasOurLibrariesAndBothHaveOneLibTorch() throws Exception {
    Path code =
        Path.of(NativeLibraries.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path jar = temporary.resolve("app").resolve("invp.jar");
    pack(code, jar);
    // What lies in the working directory is nobody's promise.
    Path natives = Files.createDirectories(temporary.resolve("work/build/native/lib"));
    Files.copy(
        Path.of(System.getProperty("invp.native.dir"), "libinvp_bank.so"),
        natives.resolve("libinvp_bank_simt.so"));

    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-Dinvp.libtorch=" + Path.of(System.getProperty("invp.libtorch")).toAbsolutePath(),
            "-Dinvp.cache.dir=" + temporary.resolve("cache"),
            "-cp",
            classPathWith(code, jar),
            SecondClassLoaderProgram.class.getName());
    Path output = temporary.resolve("output");
    int status =
        new ProcessBuilder(command)
            .directory(temporary.resolve("work").toFile())
            .redirectError(Redirect.to(temporary.resolve("errors").toFile()))
            .redirectOutput(Redirect.to(output.toFile()))
            .start()
            .waitFor();

    List<String> lines = Files.readAllLines(output);
    assertEquals(0, status, Files.readString(temporary.resolve("errors")));
    assertTrue(lines.get(0).matches("row \\d+, image.*, embedding -?[0-9.E-]+"), lines::toString);
    assertTrue(
        lines.get(1).startsWith("cannot load libinvp_bank_simt.so; tried nothing; "),
        lines::toString);
    assertEquals(lines.subList(0, 2), lines.subList(2, 4));
    assertEquals(
        List.of("libinvp_bank 2", "libinvp_image 2", "libinvp_nn 2", "libtorch_cpu 1", "libgomp 1"),
        lines.subList(4, lines.size()));
    try (var copies = Files.walk(temporary.resolve("cache"))) {
      assertEquals(List.of(), copies.filter(f -> f.toString().endsWith(".partial")).toList());
    }
  }

  /** The class path of this process with a jar in the place of our classes. */
  private static String classPathWith(Path code, Path jar) {
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path path = Path.of(entry).toAbsolutePath();
      entries.add(path.equals(code) ? jar.toString() : path.toString());
    }
    return String.join(File.pathSeparator, entries);
  }

  private static void pack(Path code, Path jar) throws IOException {
    Files.createDirectories(jar.getParent());
    if (Files.isRegularFile(code)) {
      Files.copy(code, jar);
      return;
    }
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
      out.setLevel(Deflater.NO_COMPRESSION);
      Files.walkFileTree(
          code,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              out.putNextEntry(new ZipEntry(code.relativize(file).toString()));
              Files.copy(file, out);
              out.closeEntry();
              return FileVisitResult.CONTINUE;
            }
          });
    }
  }
}
