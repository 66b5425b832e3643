package org.invp.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Another opinion: Python's own libraries, where there is one with them. */
public final class Python {
  private static final String MODULES = "import numpy, torch, torchvision, timm, safetensors.torch";

  private Python() {}

  /** What a program printed, errors included, and returned. */
  public record Result(int code, String output) {}

  /** INVP_PYTHON or python3, if it has what the checks need; else null. */
  public static String withTorchvision() throws IOException, InterruptedException {
    return with(MODULES);
  }

  /** INVP_PYTHON or python3, if it can run these imports; else null. */
  public static String with(String imports) throws IOException, InterruptedException {
    String python = System.getenv().getOrDefault("INVP_PYTHON", "python3");
    try {
      return start(python, "-c", imports).code() == 0 ? python : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** Runs a script of the test resources in a folder. */
  public static Result run(String python, String resource, Path folder)
      throws IOException, InterruptedException {
    Path script = folder.resolve("check.py");
    try (InputStream in = Python.class.getResourceAsStream(resource)) {
      Files.write(script, in.readAllBytes());
    }
    return start(python, script.toString(), folder.toString());
  }

  private static Result start(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), output);
  }
}
