package org.invp.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What gcc makes of our C headers. */
record Compiler(Path include) {
  /** A function as C declares it: {@code int32_t(float *, int64_t)}, spaces and const removed. */
  record Prototype(String returned, List<String> parameters) {}

  private static final Pattern DECLARATION =
      Pattern.compile("extern ([a-z0-9_]+) (invp_[a-z0-9_]+) \\((.*)\\);");

  /** The functions that a header of ours declares, by name. */
  Map<String, Prototype> prototypes(Path header) throws IOException, InterruptedException {
    Path declarations = Files.createTempFile("prototypes", ".txt");
    try {
      run("-aux-info", declarations.toString(), "-x", "c", header.toString());
      Map<String, Prototype> found = new LinkedHashMap<>();
      for (String line : Files.readAllLines(declarations)) {
        Matcher matcher = DECLARATION.matcher(line);
        if (line.contains(header.getFileName() + ":") && matcher.find()) {
          found.put(matcher.group(2), new Prototype(matcher.group(1), types(matcher.group(3))));
        }
      }
      return found;
    } finally {
      Files.delete(declarations);
    }
  }

  private static List<String> types(String parameters) {
    List<String> types = new ArrayList<>();
    for (String parameter : parameters.split(",", -1)) {
      String type = parameter.replaceAll("\\bconst\\b|\\s", "");
      if (!type.equals("void")) {
        types.add(type);
      }
    }
    return types;
  }

  /** Compiles a program without linking it; the failure's text is gcc's. */
  void accepts(String program) throws IOException, InterruptedException {
    Path source = Files.createTempFile("program", ".c");
    try {
      Files.writeString(source, program);
      run("-std=c11", source.toString());
    } finally {
      Files.delete(source);
    }
  }

  private void run(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("gcc", "-fsyntax-only", "-I", include.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new UncheckedIOException(new IOException(output));
    }
  }
}
