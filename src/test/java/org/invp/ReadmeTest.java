package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example compiles and does what it says. */
class ReadmeTest {
  private static final String WEIGHTS = "runs/demo/weights.safetensors";

  @Test
  void theLibraryExampleCompilesAndRuns(@TempDir Path folder) throws Exception {
    Path weights = folder.resolve("weights.safetensors");
    try (Network network = Network.create(smallNetwork(), 0)) {
      network.save(weights);
    }
    String example = javaBlock(Files.readString(Path.of("README.md")));
    assertTrue(example.contains(WEIGHTS), "the example loads the demo's weights");
    String printed = run(compile(folder, example.replace(WEIGHTS, weights.toString())));
    assertTrue(
        Pattern.matches("image 0 is most like row \\d+, score -?\\d.*\\R", printed), printed);
  }

  private static NetworkOptions smallNetwork() {
    return new NetworkOptions(
        NetworkOptions.Architecture.RESNET18,
        NetworkOptions.Stem.CIFAR,
        1,
        4,
        16,
        NetworkOptions.Head.LINEAR,
        512,
        true,
        NetworkOptions.Initialisation.KAIMING);
  }

  private static String javaBlock(String markdown) {
    Matcher block = Pattern.compile("```java\\R(.*?)```", Pattern.DOTALL).matcher(markdown);
    assertTrue(block.find(), "README.md has a java block");
    return block.group(1);
  }

  private static Method compile(Path folder, String example)
      throws IOException, ReflectiveOperationException {
    Path source = folder.resolve("Example.java");
    Files.writeString(
        source,
        """
        import java.nio.file.Path;
        import org.invp.bank.*;
        import org.invp.nn.*;
        import org.invp.tensor.*;

        public class Example {
          public static void main(String[] args) {
            %s
          }
        }
        """
            .formatted(example));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      boolean compiled =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path")),
                  null,
                  files.getJavaFileObjects(source))
              .call();
      assertEquals("", messages.toString());
      assertTrue(compiled);
    }
    URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, ReadmeTest.class.getClassLoader());
    return loader.loadClass("Example").getMethod("main", String[].class);
  }

  private static String run(Method main) throws ReflectiveOperationException {
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      main.invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(console);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }
}
