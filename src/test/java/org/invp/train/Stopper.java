package org.invp.train;

/** Stops the run after a step, or the first time it says what it is doing in certain words. */
class Stopper implements TrainingListener {
  private final StopRequest stop = new StopRequest();
  private final int step;
  private final String phase;

  Stopper(int step, String phase) {
    this.step = step;
    this.phase = phase;
  }

  /** What it stops the run by. */
  StopRequest stop() {
    return stop;
  }

  @Override
  public void phase(String what) {
    if (phase != null && what.contains(phase)) {
      stop.request();
    }
  }

  @Override
  public void stepDone(StepMetrics metrics, int images, double meanLoss) {
    if (metrics.step() == step) {
      stop.request();
    }
  }
}
