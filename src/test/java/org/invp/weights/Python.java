package org.invp.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another opinion: Python's own libraries, where there is one with them. */
public final class Python {
  private static final String NETWORKS = "/weights/resnet50s.py";

  private Python() {}

  /** What a program printed, errors included, and returned. */
  public record Result(int code, String output) {}

  /**
   * INVP_PYTHON or python3, if it has a library to make networks with; else null.
   *
   * @param library torch, or torchvision for torchvision and timm
   * @param folder for scripts
   */
  static String withNetworks(String library, Path folder) throws IOException, InterruptedException {
    String python = with("import numpy, torch, safetensors.torch");
    if (python == null || library.equals("torch")) {
      return python;
    }
    return run(python, NETWORKS, folder).code() == 0 ? python : null;
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

  /**
   * Runs a script of the test resources; its first argument is the folder, and beside it lies the
   * module of networks.
   */
  public static Result run(String python, String resource, Path folder, String... arguments)
      throws IOException, InterruptedException {
    copy(NETWORKS, folder);
    List<String> command = new ArrayList<>();
    command.addAll(List.of(python, copy(resource, folder).toString(), folder.toString()));
    command.addAll(List.of(arguments));
    return start(command.toArray(String[]::new));
  }

  private static Path copy(String resource, Path folder) throws IOException {
    Path script = folder.resolve(resource.substring(resource.lastIndexOf('/') + 1));
    try (InputStream in = Python.class.getResourceAsStream(resource)) {
      Files.write(script, in.readAllBytes());
    }
    return script;
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
