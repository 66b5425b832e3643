package org.invp.weights;

/** The name of a Python class or function that a pickle mentions. */
record PickleGlobal(String module, String name) {
  @Override
  public String toString() {
    return module + "." + name;
  }
}
