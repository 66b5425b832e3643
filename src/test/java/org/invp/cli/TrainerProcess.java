package org.invp.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program {@code invp} in a process of its own, as a user starts it. */
final class TrainerProcess {
  private static final int LIMIT_SECONDS = 120;

  private final Process process;
  private final BufferedReader output;
  private final List<String> lines = new ArrayList<>();

  private TrainerProcess(Process process) {
    this.process = process;
    this.output = process.inputReader();
  }

  /** The words that start the program. */
  static List<String> command(Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-Xmx256m", "-XX:ErrorFile=/dev/null", "-XX:ReplayDataFile=/dev/null"));
    // It lives for seconds, so that compiled code would come too late to pay.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    for (String property : List.of("invp.native.dir", "invp.libtorch")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return command;
  }

  /**
   * Starts the program; a test run in the background of a shell, or under nohup, would hand down
   * that SIGINT or SIGHUP is ignored.
   */
  static TrainerProcess start(Object... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of("env", "--default-signal=INT,HUP"));
    words.addAll(command(arguments));
    return run(words);
  }

  /**
   * As above, in a process group of its own, as a shell with a terminal or a scheduler does.
   *
   * @param variables of the environment, as {@code NAME=value}
   */
  static TrainerProcess startGroup(List<String> variables, Object... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT,HUP"));
    words.addAll(variables);
    words.addAll(command(arguments));
    return run(words);
  }

  /** Starts any command. */
  static TrainerProcess run(List<String> command) throws IOException {
    return new TrainerProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  long pid() {
    return process.pid();
  }

  /** Reads what it prints up to a line that begins so. */
  void awaitLine(String prefix) throws IOException {
    if (!comes(prefix)) {
      throw new AssertionError("no line begins with '" + prefix + "': " + lines);
    }
  }

  /** Likewise; false if it ends without such a line. */
  boolean comes(String prefix) throws IOException {
    String line;
    do {
      line = output.readLine();
      if (line == null) {
        return false;
      }
      lines.add(line);
    } while (!line.startsWith(prefix));
    return true;
  }

  /** The ranks that it has started. */
  List<ProcessHandle> children() {
    return process.children().toList();
  }

  /** Sends a signal, for example {@code TERM}. */
  void signal(String name) throws IOException, InterruptedException {
    signal(name, process.pid());
  }

  /** Sends a signal to all processes of the group that it was started in. */
  void signalGroup(String name) throws IOException, InterruptedException {
    signal(name, -process.pid());
  }

  /** Sends a signal to any process, or to a group if the number is negative. */
  static void signal(String name, long pid) throws IOException, InterruptedException {
    if (!trySignal(name, pid)) {
      throw new AssertionError("could not send " + name);
    }
  }

  /** Sends a signal as often as it takes to end the process. */
  void signalUntilItEnds(String name) throws IOException, InterruptedException {
    while (process.isAlive()) {
      trySignal(name, process.pid());
    }
  }

  /** Likewise; false if there is no such process any more. */
  static boolean trySignal(String name, long pid) throws IOException, InterruptedException {
    List<String> words = List.of("kill", "-" + name, "--", Long.toString(pid));
    return new ProcessBuilder(words).redirectErrorStream(true).start().waitFor() == 0;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for its end. */
  int exitCode() throws IOException, InterruptedException {
    output.lines().forEach(lines::add);
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("it does not end: " + lines);
    }
    return process.exitValue();
  }

  /** What it has printed so far, both streams. */
  List<String> lines() {
    return lines;
  }

  String lastLine() {
    return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
  }
}
