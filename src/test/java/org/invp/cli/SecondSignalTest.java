package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.invp.cli.SecondSignal.Meaning;
import org.junit.jupiter.api.Test;

class SecondSignalTest {
  private static final int HUP = 1;
  private static final int INT = 2;
  private static final int TERM = 15;

  private long nanoseconds = Long.MAX_VALUE - 1; // A clock may begin anywhere, and wrap around.
  private final SecondSignal second = new SecondSignal(() -> nanoseconds);

  @Test
  void anotherOneInsistsUnlessItComesWithTheFirst() {
    assertEquals(Meaning.ASKS, second.meaning(TERM));
    assertEquals(Meaning.MAY_INSIST, second.meaning(TERM));
    pass(SecondSignal.COPIES.minusNanos(1));
    assertEquals(Meaning.MAY_INSIST, second.meaning(INT));
    pass(Duration.ofNanos(1));
    assertEquals(Meaning.INSISTS, second.meaning(INT));
    assertEquals(Meaning.INSISTS, second.meaning(TERM));
  }

  @Test
  void nobodyInsistsByClosingATerminal() {
    assertEquals(Meaning.ASKS, second.meaning(HUP));
    pass(Duration.ofMinutes(1));
    assertEquals(Meaning.ASKS, second.meaning(HUP));
    assertEquals(Meaning.ASKS, second.meaning(TERM));
    pass(Duration.ofMinutes(1));
    assertEquals(Meaning.ASKS, second.meaning(HUP));
    assertEquals(Meaning.INSISTS, second.meaning(TERM));
  }

  private void pass(Duration time) {
    nanoseconds += time.toNanos();
  }
}
