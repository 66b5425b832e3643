package org.invp.internal;

/**
 * What LibTorch's OpenMP reads from the environment when it is loaded, where the user has not said
 * otherwise.
 *
 * <p>Its threads wait for work by spinning, by default for milliseconds. The bank's threads and the
 * loader's workers want those cores meanwhile, and a spinning thread in their way makes everyone
 * wait for it: on two cores that other processes used as well, training steps took 0.25 s instead
 * of 0.7 to 3 s with a short spin.
 */
final class OpenMpSettings {
  private static final String VARIABLE = "GOMP_SPINCOUNT";
  private static final String SPINS = "3000";

  private OpenMpSettings() {}

  /** Sets the defaults; of use only before OpenMP is loaded. */
  static void apply() {
    if (System.getenv(VARIABLE) == null && System.getenv("OMP_WAIT_POLICY") == null) {
      try {
        ProcessEnvironment.set(VARIABLE, SPINS);
      } catch (IllegalCallerException e) {
        return; // The JVM denies native access: loading the libraries fails next, and says so.
      }
    }
  }
}
