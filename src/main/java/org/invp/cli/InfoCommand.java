package org.invp.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.invp.InvpException;
import org.invp.NativeLibraryException;
import org.invp.bank.Device;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.internal.Text;
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
    print(out, "java", Text.format("%s (%s)", property("java.version"), property("java.home")));
    print(out, "system", Text.format("%s %s", property("os.name"), property("os.arch")));
    print(out, "processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    boolean complete = true;
    for (Room room : List.of(Room.BANK, Room.IMAGE, Room.NN)) {
      complete &= print(out, room);
    }
    devices(out);
    out.flush();
    return complete ? 0 : Main.FAILED;
  }

  /** The CPU always; of CUDA what there is, or why there is nothing. */
  private static void devices(PrintWriter out) {
    print(out, "device cpu", property("os.arch"));
    try {
      List<String> found = Device.cudaDevices();
      print(
          out,
          "cuda",
          Text.format(
              "%s (%s), kernels %s (%s)",
              Device.cudaVersions(),
              NativeLibraries.cudaRuntimeFolder(),
              NativeLibraries.buildInfo(Room.CUDA),
              NativeLibraries.folder(Room.CUDA)));
      found.forEach(device -> print(out, "device " + device.split(" ")[0], device));
    } catch (InvpException e) {
      print(out, "cuda", "not available: " + e.getMessage());
    }
  }

  private static boolean print(PrintWriter out, Room room) {
    try {
      print(
          out,
          room.library(),
          Text.format("%s (%s)", NativeLibraries.buildInfo(room), NativeLibraries.folder(room)));
      return true;
    } catch (NativeLibraryException e) {
      print(out, room.library(), "not available: " + e.getMessage());
      return false;
    }
  }

  private static void print(PrintWriter out, String name, String value) {
    out.printf(Locale.ROOT, "%-18s %s%n", name, value);
  }

  private static String property(String name) {
    return System.getProperty(name);
  }
}
