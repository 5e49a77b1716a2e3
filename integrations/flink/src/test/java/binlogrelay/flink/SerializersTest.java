package binlogrelay.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SerializersTest {
  private final QueueSplitSerializer queues = new QueueSplitSerializer();
  private final EnumeratorStateSerializer enumerators = new EnumeratorStateSerializer();
  private final QueueSplit split =
      new QueueSplit(
          "order-binlog",
          "broker-a",
          7,
          4711,
          QueueSplit.NO_END,
          Map.of(
              new QueueSplit.LaneKey("0000abcd", "lane-3"), new LanePosition(4, 9_007_199_254_740_993L),
              new QueueSplit.LaneKey("é", "通道"), new LanePosition(1, 1)));

  @Test
  void aQueueComesBackAsItWas() throws IOException {
    assertEquals(split, queues.deserialize(1, queues.serialize(split)));
  }

  /** Checkpoints of jobs that run have these bytes. */
  @Test
  void theBytesOfVersion1StayReadable() throws IOException {
    String bytes =
        "00017400016200000002" + "0000000000000005" + "7fffffffffffffff" + "00000001" + "000173" + "00016c"
            + "0000000000000003" + "0000000000000009";
    QueueSplit small =
        new QueueSplit(
            "t", "b", 2, 5, QueueSplit.NO_END, Map.of(new QueueSplit.LaneKey("s", "l"), new LanePosition(3, 9)));
    assertEquals(small, queues.deserialize(1, HexFormat.of().parseHex(bytes)));
    assertArrayEquals(HexFormat.of().parseHex(bytes), queues.serialize(small));
    String state = "01" + "00000001" + "0003623a31" + "00000001" + "00000001" + "00000034" + bytes;
    EnumeratorState known = new EnumeratorState(true, Set.of("b:1"), List.of(small));
    assertEquals(known, enumerators.deserialize(1, HexFormat.of().parseHex(state)));
    assertArrayEquals(HexFormat.of().parseHex(state), enumerators.serialize(known));
  }

  @Test
  void theListOfQueuesComesBackAsItWas() throws IOException {
    for (EnumeratorState state :
        List.of(
            new EnumeratorState(false, Set.of(), List.of()),
            new EnumeratorState(true, Set.of("broker-a:1", "broker-b:0"), List.of(split, split))))
      assertEquals(state, enumerators.deserialize(1, enumerators.serialize(state)));
  }

  @Test
  void anotherVersionAndDamageAreRefused() throws IOException {
    byte[] bytes = queues.serialize(split);
    String said = assertThrows(IOException.class, () -> queues.deserialize(2, bytes)).getMessage();
    assertTrue(said.contains("version 2"), said);
    assertThrows(IOException.class, () -> queues.deserialize(1, Arrays.copyOf(bytes, bytes.length + 1)));
    assertThrows(IOException.class, () -> queues.deserialize(1, Arrays.copyOf(bytes, bytes.length - 1)));
    assertThrows(IOException.class, () -> enumerators.deserialize(9, new byte[0]));
  }
}
