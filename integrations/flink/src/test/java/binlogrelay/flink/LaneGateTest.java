package binlogrelay.flink;

import static binlogrelay.flink.LaneGate.Verdict.GAP;
import static binlogrelay.flink.LaneGate.Verdict.NEW;
import static binlogrelay.flink.LaneGate.Verdict.REPEAT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LaneGateTest {
  private static final LanePosition KNOWN = new LanePosition(3, 10);

  private static LaneGate.Verdict all(long epoch, long sequence) {
    return LaneGate.judge(KNOWN, new LanePosition(epoch, sequence), true);
  }

  private static LaneGate.Verdict some(long epoch, long sequence) {
    return LaneGate.judge(KNOWN, new LanePosition(epoch, sequence), false);
  }

  @Test
  void takesWhatIsDue() {
    assertEquals(NEW, LaneGate.judge(null, new LanePosition(9, 77), true));
    assertEquals(NEW, all(3, 11));
    assertEquals(NEW, all(4, 1));
    assertEquals(NEW, all(7, 1));
  }

  @Test
  void dropsWhatCameBeforeAndRunsThatWereFollowed() {
    assertEquals(REPEAT, all(3, 10));
    assertEquals(REPEAT, all(3, 1));
    assertEquals(REPEAT, all(2, 11));
    assertEquals(REPEAT, some(2, 99));
  }

  @Test
  void seesGapsWhereAllMessagesCome() {
    assertEquals(GAP, all(3, 12));
    assertEquals(GAP, all(4, 2));
    assertEquals(NEW, some(3, 12));
    assertEquals(NEW, some(4, 2));
    assertEquals(11, LaneGate.due(KNOWN, new LanePosition(3, 12)));
    assertEquals(1, LaneGate.due(KNOWN, new LanePosition(4, 2)));
  }
}
