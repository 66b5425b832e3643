package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program of docs/embedding-in-your-program.md runs with the library and the bank's natives.
 */
@Tag("slow")
class EmbeddingGuideTest {
  private static final Path PROGRAM =
      Path.of("examples/src/main/java/org/invp/examples/EmbeddedBank.java");
  private static final List<String> BANK_FILES = List.of("libinvp_bank.so", "libhwy.so.1");

  @TempDir Path folder;

  @Test
  void theGuideShowsTheProgramAsItIs() throws IOException {
    String guide = Files.readString(Path.of("docs/embedding-in-your-program.md"));
    assertTrue(guide.contains("```java\n" + Files.readString(PROGRAM) + "```"));
  }

  @Test
  void theProgramNeedsNoLibTorchNoOtherNativesAndNoOtherJar() throws Exception {
    Path natives = Files.createDirectory(folder.resolve("natives"));
    for (String file : BANK_FILES) {
      Path library = NativeLibraries.folder(Room.BANK).resolve(file);
      if (Files.exists(library)) {
        Files.copy(library, natives.resolve(file));
      }
    }
    Path library = ExampleProgram.library();
    Path compiled = ExampleProgram.compile(PROGRAM, folder.resolve("classes"), library.toString());

    ProcessBuilder program =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Dinvp.native.dir=" + natives,
            "-Dinvp.libtorch=" + folder.resolve("nowhere"),
            "-cp",
            compiled + ":" + library,
            "org.invp.examples.EmbeddedBank");
    program.environment().remove("LIBTORCH");
    Path output = folder.resolve("output");
    Path errors = folder.resolve("errors");
    int status =
        program
            .redirectOutput(Redirect.to(output.toFile()))
            .redirectError(Redirect.to(errors.toFile()))
            .start()
            .waitFor();

    assertEquals("", Files.readString(errors));
    assertEquals(0, status);
    List<String> lines = Files.readAllLines(output);
    assertTrue(lines.get(0).startsWith("invp_bank "), lines::toString);
    assertEquals(
        List.of(
            "mapped 5000 rows of 64 numbers",
            "1152 of 1152 neighbours share the topic",
            "row 7 is nearest to 9 6 2 5",
            "refused: query 0 holds a NaN or an infinity"),
        lines.subList(1, lines.size()));
  }
}
