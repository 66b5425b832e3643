package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.invp.config.OptimizerConfig;
import org.invp.config.OptimizerConfig.Per;
import org.invp.config.OptimizerConfig.Schedule;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  private static final double EXACT = 1e-15;

  @Test
  void cosinePerEpochIsThePublishedOne() {
    LearningRateSchedule schedule = schedule(0.03, Schedule.COSINE, Per.EPOCH, 0, 0, 0, 800, 10);
    for (int epoch = 1; epoch <= 800; epoch++) {
      double published = 0.03 * 0.5 * (1 + Math.cos(Math.PI * epoch / 800));
      assertEquals(published, schedule.rate(epoch, epoch * 10L), EXACT);
      assertEquals(published, schedule.rate(epoch, epoch * 10L + 9), EXACT);
    }
    assertEquals(0, schedule.rate(800, 0), EXACT);
  }

  @Test
  void cosinePerStepFallsFromTheFullRateToZero() {
    LearningRateSchedule schedule = schedule(1, Schedule.COSINE, Per.STEP, 0, 0, 0, 2, 5);
    assertEquals(1, schedule.rate(1, 0), EXACT);
    assertEquals(0.5, schedule.rate(2, 5), EXACT);
    assertEquals(0.5 * (1 + Math.cos(Math.PI * 0.9)), schedule.rate(2, 9), EXACT);
  }

  @Test
  void aRateThatChangesNothingIsSaid() {
    assertEquals(
        "the learning rate is 0 in 1 of 1 epochs, which changes no weight; optimizer.per: step or a"
            + " larger optimizer.schedule_epochs avoids that",
        schedule(0.03, Schedule.COSINE, Per.EPOCH, 0, 0, 0, 1, 10).oddity(1).orElseThrow());
    assertTrue(
        schedule(0.03, Schedule.COSINE, Per.EPOCH, 0, 0, 1, 3, 10)
            .oddity(3)
            .orElseThrow()
            .contains("0 in 3 of 3"));
    assertTrue(
        schedule(1, Schedule.CONSTANT, Per.EPOCH, 30, 0, 0, 3, 10)
            .oddity(3)
            .orElseThrow()
            .contains("still warms up when the run's 30 steps are over"));
    assertTrue(schedule(1, Schedule.CONSTANT, Per.EPOCH, 0, 3, 0, 3, 10).oddity(3).isPresent());
    assertEquals(
        Optional.empty(), schedule(1, Schedule.COSINE, Per.STEP, 29, 0, 0, 3, 10).oddity(3));
  }

  @Test
  void warmupStepsMultiplyTheSchedule() {
    LearningRateSchedule schedule = schedule(1, Schedule.COSINE, Per.STEP, 4, 0, 0, 2, 5);
    assertEquals(0.25, schedule.rate(1, 0), EXACT);
    assertEquals(0.5 * 0.5 * (1 + Math.cos(Math.PI / 10)), schedule.rate(1, 1), EXACT);
    assertEquals(0.5 * (1 + Math.cos(Math.PI * 0.4)), schedule.rate(1, 4), EXACT);
  }

  @Test
  void warmupEpochsRiseAndTheCosineTakesTheRest() {
    LearningRateSchedule schedule = schedule(1, Schedule.COSINE, Per.EPOCH, 0, 2, 0, 6, 5);
    assertEquals(0.5, schedule.rate(1, 0), EXACT);
    assertEquals(1, schedule.rate(2, 5), EXACT);
    assertEquals(0.5 * (1 + Math.cos(Math.PI / 4)), schedule.rate(3, 10), EXACT);
    assertEquals(0, schedule.rate(6, 25), EXACT);
  }

  @Test
  void warmupEpochsPerStepRiseAtEveryStep() {
    LearningRateSchedule schedule = schedule(1, Schedule.COSINE, Per.STEP, 0, 1, 0, 3, 4);
    assertEquals(0.25, schedule.rate(1, 0), EXACT);
    assertEquals(1, schedule.rate(1, 3), EXACT);
    assertEquals(1, schedule.rate(2, 4), EXACT);
    assertEquals(0.5, schedule.rate(3, 8), EXACT);
  }

  @Test
  void stepsMultiplyFromTheirMilestoneOn() {
    LearningRateSchedule schedule = schedule(1, Schedule.STEP, Per.EPOCH, 0, 0, 0, 800, 1);
    assertEquals(1, schedule.rate(399, 0), EXACT);
    assertEquals(0.1, schedule.rate(400, 0), EXACT);
    assertEquals(0.01, schedule.rate(600, 0), EXACT);
    assertEquals(0.001, schedule.rate(700, 0), EXACT);
  }

  @Test
  void aScheduleMayBeLongerThanTheRun() {
    LearningRateSchedule schedule = schedule(1, Schedule.COSINE, Per.EPOCH, 0, 0, 800, 799, 1);
    assertEquals(0.5 * (1 + Math.cos(Math.PI * 799 / 800)), schedule.rate(799, 0), EXACT);
  }

  @Test
  void aConstantStaysWhatItIs() {
    assertEquals(0.5, schedule(0.5, Schedule.CONSTANT, Per.STEP, 0, 0, 0, 3, 4).rate(3, 11), EXACT);
  }

  private static LearningRateSchedule schedule(
      double rate,
      Schedule schedule,
      Per per,
      int warmupSteps,
      int warmupEpochs,
      int scheduleEpochs,
      int epochs,
      int stepsPerEpoch) {
    OptimizerConfig options =
        new OptimizerConfig(
            rate,
            0.9,
            false,
            0,
            schedule,
            per,
            warmupSteps,
            warmupEpochs,
            scheduleEpochs,
            List.of(400, 600, 700),
            0.1);
    return new LearningRateSchedule(options, epochs, stepsPerEpoch);
  }
}
