package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.bank.BankEngine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that all measurements of a bank engine share. */
final class BenchOptions extends BenchRuns {
  @Mixin private DeviceOption device;

  @Option(names = "--dim", paramLabel = "D", description = "Numbers in an embedding.")
  private int dimension = 128;

  int dimension() {
    return dimension;
  }

  /** The engine to measure. */
  BankEngine engine() {
    return device.start(threads());
  }

  @Override
  void check() {
    device.check();
    atLeast("--dim", dimension, 1);
    super.check();
  }

  @Override
  void print(String part, Map<String, Object> sizes, Map<String, Object> measured)
      throws JsonProcessingException {
    Map<String, Object> all = new LinkedHashMap<>(sizes);
    all.put("dim", dimension);
    super.print(part, all, measured);
  }
}
