package org.invp.distributed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Hosts of their own on one machine: a network namespace each, joined by a virtual switch in one
 * more. Nothing but the network is separate.
 */
public final class Hosts implements AutoCloseable {
  /** The name of each host's only interface besides loopback. */
  public static final String INTERFACE = "eth0";

  private final String prefix = "invp" + ProcessHandle.current().pid() + "-";
  private final int count;

  private Hosts(int count) {
    this.count = count;
  }

  /** Why there can be no such hosts here, if so. */
  public static Optional<String> obstacle() {
    try (Hosts hosts = new Hosts(1)) {
      hosts.connect();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * @param count 1 to 250
   */
  public static Hosts create(int count) throws IOException {
    Hosts hosts = new Hosts(count);
    try {
      hosts.connect();
      return hosts;
    } catch (IOException e) {
      hosts.close();
      throw e;
    }
  }

  private void connect() throws IOException {
    String hub = prefix + "switch";
    ip("netns", "add", hub);
    ip("-n", hub, "link", "add", "bridge", "type", "bridge");
    ip("-n", hub, "link", "set", "bridge", "up");
    for (int host = 0; host < count; host++) {
      String name = prefix + host;
      String port = "port" + host;
      ip("netns", "add", name);
      ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", INTERFACE, "netns", name);
      ip("-n", hub, "link", "set", port, "master", "bridge", "up");
      ip("-n", name, "addr", "add", address(host) + "/24", "dev", INTERFACE);
      ip("-n", name, "link", "set", INTERFACE, "up");
      ip("-n", name, "link", "set", "lo", "up");
    }
  }

  /** What to write before a command so that it runs on a host. */
  public List<String> command(int host) {
    return List.of("ip", "netns", "exec", prefix + host);
  }

  /** A host's address on the others' network. */
  public String address(int host) {
    return "10.250.0." + (host + 1);
  }

  private static void ip(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Takes the hosts down; their interfaces go with them. */
  @Override
  public void close() {
    for (String name : names()) {
      try {
        ip("netns", "del", name);
      } catch (IOException e) {
        // It was not made.
      }
    }
  }

  private List<String> names() {
    List<String> names = new ArrayList<>(List.of(prefix + "switch"));
    for (int host = 0; host < count; host++) {
      names.add(prefix + host);
    }
    return names;
  }
}
