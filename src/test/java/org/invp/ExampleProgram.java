package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.invp.bank.MemoryBank;

/** The programs of examples/, compiled as a user compiles them: against the library alone. */
final class ExampleProgram {
  private ExampleProgram() {}

  /** Where the library's classes are. */
  static Path library() throws URISyntaxException {
    return Path.of(MemoryBank.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** Compiles a program without a warning; the folder of its classes. */
  static Path compile(Path program, Path classes, String classPath) throws IOException {
    Files.createDirectory(classes);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      List<String> options = List.of("-Xlint:all", "-d", classes.toString(), "-cp", classPath);
      boolean compiled =
          compiler
              .getTask(messages, files, null, options, null, files.getJavaFileObjects(program))
              .call();
      assertEquals("", messages.toString());
      assertTrue(compiled);
    }
    return classes;
  }
}
