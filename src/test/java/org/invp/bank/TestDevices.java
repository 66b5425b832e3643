package org.invp.bank;

import java.util.ArrayList;
import java.util.List;

/** The devices that tests run on: the one that the variable INVP_DEVICE names, or all. */
public final class TestDevices {
  private TestDevices() {}

  /** The CPU, and the emulated CUDA device where it was built. */
  public static List<Device> all() {
    String asked = System.getenv("INVP_DEVICE");
    if (asked != null && !asked.isBlank()) {
      return List.of(Device.parse(asked));
    }
    List<Device> devices = new ArrayList<>(List.of(Device.CPU));
    if (Simt.isBuilt()) {
      devices.add(Simt.DEVICE);
    }
    return devices;
  }

  /** The device asked for, else the CPU. */
  public static Device first() {
    return all().getFirst();
  }
}
