package binlogrelay.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.table.api.DataTypes;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Test;

/** Properties as RocketMQ's own code stores and reads them, with zeros from each of their bytes on. */
class TornMessageTest {
  private static byte[] stored(Map<String, String> properties) {
    Map<String, String> all = new HashMap<>(128);
    all.putAll(properties);
    all.putAll(Map.of("UNIQ_KEY", "0102FC00", "CLUSTER", "DefaultCluster", "TRACE_ON", "true", "MSG_REGION", "DefaultRegion"));
    return MessageDecoder.messageProperties2String(all).getBytes(StandardCharsets.UTF_8);
  }

  private static MessageExt read(byte[] properties, byte[] body) {
    String text = new String(properties, StandardCharsets.UTF_8);
    return Fixtures.message(MessageDecoder.string2messageProperties(text), body, 7);
  }

  private static byte[] cut(byte[] stored, int at) {
    return Arrays.copyOf(Arrays.copyOf(stored, at), stored.length);
  }

  @Test
  void everyCutShows() throws Exception {
    for (Fixtures.Line line : Fixtures.lines()) {
      byte[] stored = stored(line.message().getProperties());
      byte[] body = line.message().getBody();
      assertNull(TornMessage.why(read(stored, body)));
      for (int at = 0; at < stored.length; at++) assertNotNull(TornMessage.why(read(cut(stored, at), body)));
    }
  }

  @Test
  void bodiesOfTheOtherFormatsAreOfARelay() {
    for (String body :
        List.of(
            "{\"op\":\"c\",\"after\":{\"change\":\"x\"},\"source\":{\"db\":\"shop\",\"change\":\"u:1#0\"}}",
            "{\"database\":\"shop\",\"data\":{\"id\":1},\"change\":\"u:1#0\",\"primary_key_columns\":[\"id\"]}"))
      assertNotNull(TornMessage.why(Fixtures.message(Map.of(), body.getBytes(StandardCharsets.UTF_8), 0)), body);
  }

  @Test
  void thoseOfOtherProgramsAreNot() {
    for (String body :
        List.of(
            "text",
            "[]",
            "{",
            "{\"changes\":[\"1#0\"]",
            "{\"type\":\"INSERT\",\"database\":\"shop\",\"data\":[{\"change\":\"x\"}]}",
            "{\"changes\":[],\"source\":\"u\"}",
            "{\"op\":\"c\",\"after\":{\"change\":\"x\"},\"source\":{\"db\":\"shop\"}}"))
      assertNull(TornMessage.why(Fixtures.message(Map.of(), body.getBytes(StandardCharsets.UTF_8), 0)), body);
  }

  @Test
  void theyAreDroppedUnlessThereAreTooMany() throws Exception {
    MessageExt whole = Fixtures.lines().get(0).message();
    MessageExt torn = Fixtures.message(Map.of(), whole.getBody(), 8);
    MessageEmitter emitter =
        new MessageEmitter(
            Fixtures.settings(Set.of(), false, Set.of()),
            Fixtures.canalJson(DataTypes.ROW(DataTypes.FIELD("id", DataTypes.STRING()))),
            List.of(),
            Fixtures.metrics());
    Fixtures.Output output = new Fixtures.Output();
    QueueState queue = Fixtures.queue();
    for (int i = 0; i < TornMessage.MOST_IN_A_ROW; i++) emitter.emitRecord(new Pulled(torn, 9), output, queue);
    emitter.emitRecord(new Pulled(whole, 9), output, queue);
    assertEquals(5, output.rows.size());
    for (int i = 0; i < TornMessage.MOST_IN_A_ROW; i++) emitter.emitRecord(new Pulled(torn, 9), output, queue);
    String said =
        assertThrows(StopException.class, () -> emitter.emitRecord(new Pulled(torn, 9), output, queue)).getMessage();
    assertTrue(said.contains("as in the 16 messages before it"), said);
  }
}
