package org.invp.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.invp.NativeLibraryException;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code invp info}: what is installed and what it runs on. */
@Command(
    name = "info",
    description = "Show versions, native libraries and devices.",
    mixinStandardHelpOptions = true)
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    print(out, "invp", VersionProvider.version());
    print(out, "java", "%s (%s)".formatted(property("java.version"), property("java.home")));
    print(out, "system", "%s %s".formatted(property("os.name"), property("os.arch")));
    print(out, "processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    print(out, "devices", "cpu");
    boolean complete = true;
    for (Room room : Room.values()) {
      complete &= print(out, room);
    }
    out.flush();
    return complete ? 0 : Main.FAILED;
  }

  private static boolean print(PrintWriter out, Room room) {
    try {
      print(
          out,
          room.library(),
          "%s (%s)".formatted(NativeLibraries.buildInfo(room), NativeLibraries.folder(room)));
      return true;
    } catch (NativeLibraryException e) {
      print(out, room.library(), "not available: " + e.getMessage());
      return false;
    }
  }

  private static void print(PrintWriter out, String name, String value) {
    out.printf("%-18s %s%n", name, value);
  }

  private static String property(String name) {
    return System.getProperty(name);
  }
}
