package org.invp.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest states. */
final class VersionProvider implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"invp " + version()};
  }

  static String version() {
    String version = VersionProvider.class.getPackage().getImplementationVersion();
    return version == null ? "(development build)" : version;
  }
}
